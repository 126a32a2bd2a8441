/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registers of IBS. Layout: AMD's Processor Programming References (55898 for family 19h, model
 * 01h; 55901 for model 11h), "IBS Execution Control", "IBS Op Data" 1 to 3; the kernel's
 * arch/x86/include/asm/amd/ibs.h names the same bits. Their order in PERF_SAMPLE_RAW is that of
 * their numbers, MSRC001_1033 on.
 */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "pmu/ibs.h"

enum { OP_CTL, OP_RIP, OP_DATA, OP_DATA2, OP_DATA3, DC_LIN_AD, DC_PHYS_AD, NR_REGS };

static bool bit(uint64_t reg, unsigned int nr)
{
	return reg >> nr & 1;
}

static uint64_t bits(uint64_t reg, unsigned int low, unsigned int nr)
{
	return reg >> low & ((1ull << nr) - 1);
}

/* The counter's lowest 4 bits are always 0; the upper 7 of the 27 lie apart. */
static uint64_t period_of(uint64_t ctl, uint32_t caps)
{
	uint64_t period = bits(ctl, 0, 16) << 4;

	return caps & DAMON_IBS_LONG_COUNTS ? period | bits(ctl, 20, 7) << 20 : period;
}

static void take_data3(uint64_t r, struct damon_ibs_op *op)
{
	uint64_t width = bits(r, 22, 4);

	op->load = bit(r, 0);
	op->store = bit(r, 1);
	op->l1_tlb_miss = bit(r, 2);
	op->l2_tlb_miss = bit(r, 3);
	op->l1_miss = bit(r, 7);
	op->misaligned = bit(r, 8);
	op->write_combining = bit(r, 13);
	op->uncached = bit(r, 14);
	op->locked = bit(r, 15);
	op->in_flight = bit(r, 16);
	op->addr_valid = bit(r, 17);
	op->phys_valid = bit(r, 18);
	op->l2_miss = bit(r, 20);
	op->prefetch = bit(r, 21);
	op->bytes = width && width <= 7 ? (uint8_t)(1 << (width - 1)) : 0;
	op->miss_cycles = (uint16_t)bits(r, 32, 16);
	op->tlb_cycles = (uint16_t)bits(r, 48, 16);
}

int damon_ibs_raw(const uint8_t *raw, size_t len, struct damon_ibs_op *out)
{
	uint64_t r[NR_REGS];
	uint32_t caps;

	if (len < sizeof(caps) + sizeof(r))
		return -EBADMSG;
	memcpy(&caps, raw, sizeof(caps));
	memcpy(r, raw + sizeof(caps), sizeof(r)); /* not aligned to 8 bytes */
	out->caps = caps;
	out->period = period_of(r[OP_CTL], caps);
	out->counts_ops = bit(r[OP_CTL], 19);
	out->ip = r[OP_RIP];
	out->ip_invalid = bit(r[OP_DATA], 38);
	out->source = (uint8_t)bits(r[OP_DATA2], 0, 3);
	if (caps & DAMON_IBS_ZEN4)
		out->source |= (uint8_t)(bits(r[OP_DATA2], 6, 2) << 3);
	out->remote = bit(r[OP_DATA2], 4);
	out->owned = bit(r[OP_DATA2], 5);
	take_data3(r[OP_DATA3], out);
	out->addr = r[DC_LIN_AD];
	out->phys = r[DC_PHYS_AD];
	return 0;
}

/* ---- what they mean ---- */

struct place {
	uint8_t level, flags;
};

/* By IbsOpData2.DataSrc; a source that is not here is not known. */
static const struct place coarse[] = {
	[DAMON_IBS_SRC_LOCAL_CACHE] = {DAMON_LEVEL_PEER, 0},
	[DAMON_IBS_SRC_DRAM] = {DAMON_LEVEL_DRAM, 0},
	[DAMON_IBS_SRC_REMOTE_CACHE] = {DAMON_LEVEL_PEER, DAMON_HW_REMOTE},
	[DAMON_IBS_SRC_IO] = {DAMON_LEVEL_IO, 0},
};

static const struct place fine[] = {
	[DAMON_IBS_SRC4_L3] = {DAMON_LEVEL_L3, 0},
	[DAMON_IBS_SRC4_NEAR_CACHE] = {DAMON_LEVEL_PEER, 0},
	[DAMON_IBS_SRC4_DRAM] = {DAMON_LEVEL_DRAM, 0},
	[DAMON_IBS_SRC4_FAR_CACHE] = {DAMON_LEVEL_PEER, DAMON_HW_REMOTE},
	[DAMON_IBS_SRC4_PMEM] = {DAMON_LEVEL_PMEM, 0},
	[DAMON_IBS_SRC4_IO] = {DAMON_LEVEL_IO, 0},
	[DAMON_IBS_SRC4_CXL] = {DAMON_LEVEL_CXL, 0},
};

/* Of memory, the node is told apart; only of DRAM it is ever told that it is the near one. */
static struct place node_of(struct place p, bool remote)
{
	if (p.level != DAMON_LEVEL_DRAM && p.level != DAMON_LEVEL_PMEM &&
	    p.level != DAMON_LEVEL_CXL)
		return p;
	if (remote)
		p.flags |= DAMON_HW_REMOTE;
	else if (p.level == DAMON_LEVEL_DRAM)
		p.flags |= DAMON_HW_LOCAL;
	return p;
}

/* What came from beyond the L2 cache. The state of the line in a cache is there from Zen 4 on only:
 * Zen 3 lacks it, and nothing but its model tells it from Zen 2. */
static struct place beyond_l2(const struct damon_ibs_op *op)
{
	struct place p = {0};

	if (!(op->caps & DAMON_IBS_ZEN4))
		return node_of(op->source < ARRAY_SIZE(coarse) ? coarse[op->source] : p,
			       op->remote);
	if (op->source < ARRAY_SIZE(fine))
		p = fine[op->source];
	if ((p.level == DAMON_LEVEL_L3 || p.level == DAMON_LEVEL_PEER) && !op->owned)
		p.flags |= DAMON_HW_HITM;
	return node_of(p, op->remote);
}

/*
 * Of Zen 3, L2Miss and DataSrc are wrong for prefetches and for misses that were under way (erratum
 * 1293). The capabilities do not tell it from older ones, so neither is believed of any before
 * Zen 4. DataSrc is about loads alone.
 */
static struct place place_of(const struct damon_ibs_op *op)
{
	bool sure = op->caps & DAMON_IBS_ZEN4 || !(op->prefetch || op->in_flight);
	struct place p = {0};

	if (op->uncached) /* nothing else is valid then */
		return (struct place){DAMON_LEVEL_IO, 0};
	if (!op->l1_miss)
		return (struct place){DAMON_LEVEL_L1, 0};
	if (!op->l2_miss && sure)
		return (struct place){DAMON_LEVEL_L2, 0};
	if (op->load && sure)
		p = beyond_l2(op);
	if (!p.level && op->in_flight)
		p.level = DAMON_LEVEL_LFB;
	return p;
}

static uint8_t tlb_of(const struct damon_ibs_op *op)
{
	if (!op->addr_valid || (op->caps & DAMON_IBS_TLB_BY_PHYS && !op->phys_valid))
		return 0;
	return op->l1_tlb_miss && op->l2_tlb_miss ? DAMON_HW_TLB_MISS : DAMON_HW_TLB_HIT;
}

void damon_ibs_hw(const struct damon_ibs_op *op, struct damon_hw *out)
{
	struct place p = place_of(op);

	*out = (struct damon_hw){
		.phys = op->phys_valid ? op->phys : 0,
		.latency_cycles = op->load && op->l1_miss ? op->miss_cycles : 0,
		.level = p.level,
		.flags = p.flags | tlb_of(op) | (op->locked ? DAMON_HW_LOCKED : 0),
	};
}
