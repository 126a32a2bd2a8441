/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where an operation was served from.
 *
 * The numbers of data source packets are each CPU's own. Arm's cores share one set (technical
 * reference manuals of Neoverse N1, N2, V1, V2 and of Cortex-A720 and later, "Data source packet");
 * AmpereOne and HiSilicon HIP12 have theirs, which perf's decoder knows. Numbers of other makers
 * are not guessed. Of stores no CPU tells it so.
 */
#include "base/util.h"
#include "pmu/spe/trace.h"

#define LOCAL  DAMON_HW_LOCAL
#define REMOTE DAMON_HW_REMOTE
#define HITM   DAMON_HW_HITM

struct place {
	uint8_t source, level, flags;
};

/* 0xd is the other socket, which may be its caches or its memory. */
static const struct place arm_cores[] = {
	{0x0, DAMON_LEVEL_L1, 0},	    {0x8, DAMON_LEVEL_L2, 0},
	{0x9, DAMON_LEVEL_PEER, 0},	    {0xa, DAMON_LEVEL_PEER, 0},
	{0xb, DAMON_LEVEL_L3, 0},	    {0xc, DAMON_LEVEL_PEER, 0},
	{0xd, DAMON_LEVEL_UNKNOWN, REMOTE}, {0xe, DAMON_LEVEL_DRAM, LOCAL},
};

/* 0 is a cache of this chip or a device. */
static const struct place ampere_one[] = {
	{0x0, DAMON_LEVEL_UNKNOWN, 0}, {0x3, DAMON_LEVEL_L3, 0}, {0x5, DAMON_LEVEL_PEER, REMOTE},
	{0x7, DAMON_LEVEL_DRAM, 0},    {0x8, DAMON_LEVEL_L1, 0}, {0x9, DAMON_LEVEL_L2, 0},
};

static const struct place hip12[] = {
	{0, DAMON_LEVEL_PEER, 0},      {1, DAMON_LEVEL_PEER, HITM},
	{2, DAMON_LEVEL_L3, 0},	       {3, DAMON_LEVEL_L3, HITM},
	{4, DAMON_LEVEL_PEER, 0},      {5, DAMON_LEVEL_PEER, HITM},
	{6, DAMON_LEVEL_PEER, REMOTE}, {7, DAMON_LEVEL_PEER, REMOTE | HITM},
	{8, DAMON_LEVEL_DRAM, LOCAL},  {9, DAMON_LEVEL_DRAM, REMOTE},
	{13, DAMON_LEVEL_IO, 0},       {16, DAMON_LEVEL_L2, 0},
	{17, DAMON_LEVEL_L2, HITM},    {18, DAMON_LEVEL_L1, 0},
};

/* By implementer and part of MIDR_EL1; part 0: all of theirs. */
static const struct cpu {
	uint8_t implementer;
	uint16_t part;
	const struct place *places;
	size_t nr;
} cpus[] = {
	{0x41, 0, arm_cores, ARRAY_SIZE(arm_cores)},
	{0x6d, 0xd49, arm_cores, ARRAY_SIZE(arm_cores)}, /* Azure Cobalt 100: a Neoverse N2 */
	{0xc0, 0xac4, ampere_one, ARRAY_SIZE(ampere_one)},
	{0x48, 0xd06, hip12, ARRAY_SIZE(hip12)},
};

static const struct cpu *cpu_of(uint64_t midr)
{
	for (size_t i = 0; i < ARRAY_SIZE(cpus); i++) {
		if ((midr >> 24 & 0xff) == cpus[i].implementer &&
		    (!cpus[i].part || (midr >> 4 & 0xfff) == cpus[i].part))
			return &cpus[i];
	}
	return midr ? NULL : &cpus[0];
}

/* An unknown CPU is taken for one of Arm's, unless that makes no sense: an L1 hit with a refill. */
static bool contradicts(const struct damon_spe_record *r, uint64_t midr)
{
	return !midr && r->source == 0 && (r->events & DAMON_SPE_L1_REFILL);
}

static bool by_source(const struct damon_spe_record *r, uint64_t midr, struct damon_hw *hw)
{
	const struct cpu *c = cpu_of(midr);

	if (!(r->has & DAMON_SPE_HAS_SOURCE) || !c || contradicts(r, midr))
		return false;
	for (size_t i = 0; i < c->nr; i++) {
		if (c->places[i].source != r->source)
			continue;
		hw->level = c->places[i].level;
		hw->flags |= c->places[i].flags;
		return true;
	}
	return false;
}

/* The nearest that was asked and did not miss. Misses alone do not tell who had it. */
static uint8_t level_by_events(uint64_t e)
{
	if ((e & DAMON_SPE_L1_ACCESS) && !(e & DAMON_SPE_L1_REFILL))
		return DAMON_LEVEL_L1;
	if (e & DAMON_SPE_UNDER_WAY)
		return DAMON_LEVEL_LFB;
	if ((e & DAMON_SPE_L2_ACCESS) && !(e & DAMON_SPE_L2_MISS))
		return DAMON_LEVEL_L2;
	if (e & DAMON_SPE_SNOOPED)
		return DAMON_LEVEL_PEER;
	if ((e & DAMON_SPE_LLC_ACCESS) && !(e & DAMON_SPE_LLC_MISS))
		return DAMON_LEVEL_L3;
	return DAMON_LEVEL_UNKNOWN;
}

void damon_spe_level(const struct damon_spe_record *r, uint64_t midr, struct damon_hw *hw)
{
	uint64_t e = r->events;
	bool is_load = damon_spe_access(r) & DAMON_ACCESS_LOAD;

	if (!is_load || !by_source(r, midr, hw)) {
		hw->level = level_by_events(e);
		hw->flags |= e & DAMON_SPE_REMOTE ? DAMON_HW_REMOTE : 0;
		hw->flags |= e & DAMON_SPE_MODIFIED ? DAMON_HW_HITM : 0;
	}
	if (e & DAMON_SPE_TLB_WALK)
		hw->flags |= DAMON_HW_TLB_MISS;
	else if (e & DAMON_SPE_TLB_ACCESS)
		hw->flags |= DAMON_HW_TLB_HIT;
}
