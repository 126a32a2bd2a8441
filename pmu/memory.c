/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pmu/memory.h"

#include <linux/perf_event.h>
#include <stddef.h>
#include <string.h>

#include "base/util.h"

/* Newer than the headers of some distributions: L2 miss handling buffer, memory-side cache, the
 * nearest of three caches that a core has, memory that is not cached. */
#define LVLNUM_L2_MHB 0x05
#define LVLNUM_MSC    0x06
#define LVLNUM_L0     0x07
#define LVLNUM_UNC    0x08

/* User space ends below this on every 64-bit architecture with 57-bit addresses at most. */
#define USER_END (1ull << 56)

static const uint8_t by_number[16] = {
	[PERF_MEM_LVLNUM_L1] = DAMON_LEVEL_L1,
	[PERF_MEM_LVLNUM_L2] = DAMON_LEVEL_L2,
	[PERF_MEM_LVLNUM_L3] = DAMON_LEVEL_L3,
	[PERF_MEM_LVLNUM_L4] = DAMON_LEVEL_L3,
	[LVLNUM_L2_MHB] = DAMON_LEVEL_LFB,
	[LVLNUM_MSC] = DAMON_LEVEL_L3,
	[LVLNUM_L0] = DAMON_LEVEL_L1,
	[LVLNUM_UNC] = DAMON_LEVEL_IO,
	[PERF_MEM_LVLNUM_CXL] = DAMON_LEVEL_CXL,
	[PERF_MEM_LVLNUM_IO] = DAMON_LEVEL_IO,
	[PERF_MEM_LVLNUM_ANY_CACHE] = DAMON_LEVEL_PEER,
	[PERF_MEM_LVLNUM_LFB] = DAMON_LEVEL_LFB,
	[PERF_MEM_LVLNUM_RAM] = DAMON_LEVEL_DRAM,
	[PERF_MEM_LVLNUM_PMEM] = DAMON_LEVEL_PMEM,
};

/* The older way to say it, the farthest first. */
struct place {
	uint16_t bit;
	uint8_t level, flags;
};
#define BEYOND_CACHES                                                                              \
	(PERF_MEM_LVL_UNC | PERF_MEM_LVL_IO | PERF_MEM_LVL_REM_RAM2 | PERF_MEM_LVL_REM_RAM1 |      \
	 PERF_MEM_LVL_LOC_RAM | PERF_MEM_LVL_REM_CCE2 | PERF_MEM_LVL_REM_CCE1)
static const struct place by_bit[] = {
	{PERF_MEM_LVL_UNC, DAMON_LEVEL_IO, 0},
	{PERF_MEM_LVL_IO, DAMON_LEVEL_IO, 0},
	{PERF_MEM_LVL_REM_RAM2, DAMON_LEVEL_DRAM, DAMON_HW_REMOTE},
	{PERF_MEM_LVL_REM_RAM1, DAMON_LEVEL_DRAM, DAMON_HW_REMOTE},
	{PERF_MEM_LVL_LOC_RAM, DAMON_LEVEL_DRAM, DAMON_HW_LOCAL},
	{PERF_MEM_LVL_REM_CCE2, DAMON_LEVEL_PEER, DAMON_HW_REMOTE},
	{PERF_MEM_LVL_REM_CCE1, DAMON_LEVEL_PEER, DAMON_HW_REMOTE},
	{PERF_MEM_LVL_L3, DAMON_LEVEL_L3, 0},
	{PERF_MEM_LVL_L2, DAMON_LEVEL_L2, 0},
	{PERF_MEM_LVL_LFB, DAMON_LEVEL_LFB, 0},
	{PERF_MEM_LVL_L1, DAMON_LEVEL_L1, 0},
};

/*
 * REM_CCE1 is a cache of another node in words from before there were numbers. AMD's kernels since
 * 6.1 say so of another core's cache in the same node, too, and tell nodes apart by REMOTE and
 * hops, or by REM_CCE2.
 */
static struct place place_by_bits(union perf_mem_data_src d)
{
	struct place p = {0};

	for (size_t i = 0; i < ARRAY_SIZE(by_bit) && !p.bit; i++)
		if (d.mem_lvl & by_bit[i].bit)
			p = by_bit[i];
	if (p.bit == PERF_MEM_LVL_REM_CCE1 && d.mem_lvl_num)
		p.flags = 0;
	return p;
}

static bool is_cache(uint8_t level)
{
	return level >= DAMON_LEVEL_L1 && level <= DAMON_LEVEL_L3;
}

/*
 * Numbers before bits, but for a cache where the bits tell of something beyond it: Intel's kernels
 * have the number of L3 on what another socket's cache or memory served (pebs_data_source[] in
 * arch/x86/events/intel/ds.c, 8, 9 and 11 of processors before Skylake).
 */
static void take_level(union perf_mem_data_src d, struct damon_hw *hw)
{
	uint8_t level = by_number[d.mem_lvl_num];
	struct place p;

	if (is_cache(level) && !(d.mem_lvl & BEYOND_CACHES)) { /* nearly all */
		hw->level = level;
		return;
	}
	p = place_by_bits(d);
	if (level && !(is_cache(level) && p.level > DAMON_LEVEL_L3)) {
		hw->level = level;
		if (level == DAMON_LEVEL_DRAM)
			hw->flags |= p.flags & DAMON_HW_LOCAL;
		return;
	}
	hw->level = p.level;
	hw->flags |= p.flags;
}

/* That a level was missed does not tell which one served it, whether it is told by number (entry 0
 * of the same table, an unknown miss of L3) or by bits. "Remote" with no hop but to another core
 * stays in the node. */
static void decode_level(union perf_mem_data_src d, struct damon_hw *hw)
{
	bool missed = (d.mem_lvl & PERF_MEM_LVL_MISS) && !(d.mem_lvl & PERF_MEM_LVL_HIT);

	if (!missed)
		take_level(d, hw);
	if ((d.mem_snoopx & PERF_MEM_SNOOPX_PEER) && is_cache(hw->level))
		hw->level = DAMON_LEVEL_PEER;
	if (d.mem_remote && d.mem_hops != PERF_MEM_HOPS_0)
		hw->flags = (hw->flags & (uint8_t)~DAMON_HW_LOCAL) | DAMON_HW_REMOTE;
}

static void decode_tlb(unsigned int tlb, struct damon_hw *hw)
{
	if (tlb & (PERF_MEM_TLB_MISS | PERF_MEM_TLB_WK | PERF_MEM_TLB_OS))
		hw->flags |= DAMON_HW_TLB_MISS;
	else if (tlb & PERF_MEM_TLB_HIT)
		hw->flags |= DAMON_HW_TLB_HIT;
}

void damon_data_src_decode(uint64_t data_src, uint8_t *access_flags, struct damon_hw *hw)
{
	union perf_mem_data_src d = {.val = data_src};

	if (d.mem_op & PERF_MEM_OP_LOAD)
		*access_flags |= DAMON_ACCESS_LOAD;
	if (d.mem_op & PERF_MEM_OP_STORE)
		*access_flags |= DAMON_ACCESS_STORE;
	decode_level(d, hw);
	decode_tlb(d.mem_dtlb, hw);
	if (d.mem_snoop & PERF_MEM_SNOOP_HITM)
		hw->flags |= DAMON_HW_HITM;
	if (d.mem_lock & PERF_MEM_LOCK_LOCKED)
		hw->flags |= DAMON_HW_LOCKED;
}

static const struct {
	uint16_t lvl;
	uint8_t number;
} by_level[DAMON_NR_LEVELS] = {
	[DAMON_LEVEL_UNKNOWN] = {PERF_MEM_LVL_NA, PERF_MEM_LVLNUM_NA},
	[DAMON_LEVEL_L1] = {PERF_MEM_LVL_HIT | PERF_MEM_LVL_L1, PERF_MEM_LVLNUM_L1},
	[DAMON_LEVEL_LFB] = {PERF_MEM_LVL_HIT | PERF_MEM_LVL_LFB, PERF_MEM_LVLNUM_LFB},
	[DAMON_LEVEL_L2] = {PERF_MEM_LVL_HIT | PERF_MEM_LVL_L2, PERF_MEM_LVLNUM_L2},
	[DAMON_LEVEL_L3] = {PERF_MEM_LVL_HIT | PERF_MEM_LVL_L3, PERF_MEM_LVLNUM_L3},
	[DAMON_LEVEL_PEER] = {PERF_MEM_LVL_HIT | PERF_MEM_LVL_REM_CCE1, PERF_MEM_LVLNUM_ANY_CACHE},
	[DAMON_LEVEL_DRAM] = {PERF_MEM_LVL_HIT | PERF_MEM_LVL_LOC_RAM, PERF_MEM_LVLNUM_RAM},
	[DAMON_LEVEL_PMEM] = {PERF_MEM_LVL_NA, PERF_MEM_LVLNUM_PMEM},
	[DAMON_LEVEL_CXL] = {PERF_MEM_LVL_NA, PERF_MEM_LVLNUM_CXL},
	[DAMON_LEVEL_IO] = {PERF_MEM_LVL_HIT | PERF_MEM_LVL_IO, PERF_MEM_LVLNUM_IO},
};

/* The older bits know local and remote memory only. */
static void encode_level(const struct damon_hw *hw, union perf_mem_data_src *d)
{
	bool remote = hw->flags & DAMON_HW_REMOTE, local = hw->flags & DAMON_HW_LOCAL;

	d->mem_lvl = by_level[hw->level].lvl;
	d->mem_lvl_num = by_level[hw->level].number;
	if (hw->level == DAMON_LEVEL_DRAM && remote)
		d->mem_lvl = PERF_MEM_LVL_HIT | PERF_MEM_LVL_REM_RAM1;
	else if (hw->level == DAMON_LEVEL_DRAM && !local)
		d->mem_lvl = PERF_MEM_LVL_NA;
	else if (hw->level == DAMON_LEVEL_PEER && !remote)
		d->mem_lvl = PERF_MEM_LVL_NA;
	d->mem_remote = remote;
}

uint64_t damon_data_src_encode(uint8_t access_flags, const struct damon_hw *hw)
{
	union perf_mem_data_src d = {
		.mem_snoop = PERF_MEM_SNOOP_NA,
		.mem_lock = PERF_MEM_LOCK_NA,
		.mem_dtlb = PERF_MEM_TLB_NA,
	};

	if (access_flags & DAMON_ACCESS_LOAD)
		d.mem_op |= PERF_MEM_OP_LOAD;
	if (access_flags & DAMON_ACCESS_STORE)
		d.mem_op |= PERF_MEM_OP_STORE;
	if (!d.mem_op)
		d.mem_op = PERF_MEM_OP_NA;
	encode_level(hw, &d);
	if (hw->flags & DAMON_HW_TLB_MISS)
		d.mem_dtlb = PERF_MEM_TLB_MISS | PERF_MEM_TLB_L2;
	else if (hw->flags & DAMON_HW_TLB_HIT)
		d.mem_dtlb = PERF_MEM_TLB_HIT | PERF_MEM_TLB_L1 | PERF_MEM_TLB_L2;
	if (hw->flags & DAMON_HW_HITM)
		d.mem_snoop = PERF_MEM_SNOOP_HITM;
	if (hw->flags & DAMON_HW_LOCKED)
		d.mem_lock = PERF_MEM_LOCK_LOCKED;
	return d.val;
}

bool damon_memory_obs(const struct damon_perf_sample *s, uint8_t flags, float weight,
		      struct damon_obs *o)
{
	bool known = s->addr && s->addr < USER_END;
	struct damon_access *a = &o->access[0];

	/* what lies behind the first access is not looked at */
	memset(o, 0, offsetof(struct damon_obs, access[1]));
	o->hw = (struct damon_hw){0};
	o->time_ns = s->time_ns;
	o->ip = s->ip;
	o->pid = s->pid;
	o->tid = s->tid;
	o->weight = weight;
	o->nr = known;
	o->nr_unknown = !known;
	if (!known)
		return false;
	*a = (struct damon_access){.addr = s->addr, .ip = s->ip, .flags = flags};
	damon_data_src_decode(s->data_src, &a->flags, &o->hw);
	o->hw.phys = s->phys_addr;
	o->hw.latency_cycles = (uint32_t)s->weight;
	return true;
}
