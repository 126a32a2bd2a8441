/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vpmu/cache.h"

#include <stdbool.h>
#include <string.h>

#include "base/util.h"

enum { LINE_SHIFT = 6, PAGE_SHIFT = 12 };

/* Cycles to the data, and what the memory adds as its banks are busy. */
static const uint16_t latency_of[VPMU_NR_LEVELS] = {
	[VPMU_L1] = 5, [VPMU_L2] = 14, [VPMU_L3] = 50, [VPMU_DRAM] = 250};
enum { BUSY = 32, TLB2_CYCLES = 7, WALK_CYCLES = 30 };

/* Is 'key' in the set? It is its most recent one then. Places hold key + 1; 0 is free. */
static bool look(uint64_t *set, unsigned int ways, uint64_t key)
{
	unsigned int i = 0;

	while (i < ways && set[i] != key + 1)
		i++;
	if (i == 0)
		return true;
	memmove(set + 1, set, MIN(i, ways - 1) * sizeof(*set));
	set[0] = key + 1;
	return i < ways;
}

static void translate(struct vpmu_core *c, uint64_t page, struct vpmu_service *s)
{
	if (look(c->tlb1[page % ARRAY_SIZE(c->tlb1)], ARRAY_SIZE(c->tlb1[0]), page))
		return;
	s->flags |= VPMU_TLB1_MISS;
	s->walk = TLB2_CYCLES;
	if (look(c->tlb2[page % ARRAY_SIZE(c->tlb2)], ARRAY_SIZE(c->tlb2[0]), page))
		return;
	s->flags |= VPMU_TLB_MISS;
	s->walk = WALK_CYCLES;
}

/* An access to a line that L1 has, or will have. */
static void hit(const struct vpmu_core *c, uint64_t line, uint64_t now, struct vpmu_service *s)
{
	s->level = s->from = VPMU_L1;
	s->latency = latency_of[VPMU_L1];
	if (now >= c->last_ready)
		return;
	for (size_t i = 0; i < VPMU_FILLS; i++) {
		if (c->fills[i].line != line || c->fills[i].ready <= now)
			continue;
		s->level = VPMU_LFB;
		s->from = c->fills[i].from;
		s->latency += (uint16_t)(c->fills[i].ready - now);
	}
}

static void miss(struct vpmu_core *c, uint64_t line, uint64_t now, struct vpmu_service *s)
{
	struct vpmu_shared *l3 = c->shared;

	if (look(c->l2[line % ARRAY_SIZE(c->l2)], ARRAY_SIZE(c->l2[0]), line))
		s->level = VPMU_L2;
	else if (look(l3->l3[line % ARRAY_SIZE(l3->l3)], ARRAY_SIZE(l3->l3[0]), line))
		s->level = VPMU_L3;
	else
		s->level = VPMU_DRAM;
	s->from = s->level;
	s->latency = latency_of[s->level];
	if (s->level == VPMU_DRAM)
		s->latency += (uint16_t)((line * 0x9e3779b97f4a7c15ull + now) >> 32) % BUSY;
	c->fills[c->next_fill].line = line;
	c->fills[c->next_fill].ready = now + s->latency;
	c->fills[c->next_fill].from = s->level;
	c->next_fill = (c->next_fill + 1) % VPMU_FILLS;
	c->last_ready = MAX(c->last_ready, now + s->latency);
}

struct vpmu_service vpmu_core_access(struct vpmu_core *c, uint64_t addr, uint64_t now_cycles)
{
	struct vpmu_service s = {.level = VPMU_NO_LEVEL};
	uint64_t line = addr >> LINE_SHIFT;

	translate(c, addr >> PAGE_SHIFT, &s);
	if (look(c->l1[line % ARRAY_SIZE(c->l1)], ARRAY_SIZE(c->l1[0]), line))
		hit(c, line, now_cycles, &s);
	else
		miss(c, line, now_cycles, &s);
	s.latency += s.walk;
	return s;
}
