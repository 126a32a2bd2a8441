/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pmu/soft/pace.h"

#include <math.h>
#include <string.h>

#include "base/util.h"

/*
 * Measured over programs and loops (docs/SOFT.md has the table): the middle of what real programs
 * do per cycle, how much of it is left where loads go far but do not wait for each other, and the
 * limits that held.
 */
#define USUAL_IPC  1.7
#define FAR_PART   .45
#define SCALE_LO   .2
#define SCALE_HI   2.75
#define L1_CYCLES  5.
#define L2_CYCLES  16.
#define FIRST	   8 /* pages that decide where an instruction's memory is, at first */
#define FULL	   (FIRST << (SOFT_NR_VERDICTS - 1))
#define CREDIT_MAX 8
#define LOOK_BACK  4u  /* accesses that may be the step of a chain */
#define NEAR_BYTES 256 /* steps up to here are fetched ahead */

/* How many bits are expected to be set by 'n' pages drawn evenly from 'bytes' of memory. */
static unsigned expected_bits(unsigned n, double bytes)
{
	double each = n * DAMON_PAGE_SIZE / bytes, distinct = n * -expm1(-each) / each;

	return (unsigned)(SOFT_SITE_BITS * -expm1(-distinct / SOFT_SITE_BITS));
}

void soft_pace_init(struct soft_pace *p, const struct damon_pace *machine)
{
	memset(p, 0, sizeof(*p));
	p->machine = machine ? *machine : damon_pace_default;
	p->usual_ips = USUAL_IPC * p->machine.hz;
	p->step_ns[SOFT_REACH_L1] = L1_CYCLES * NS_PER_SEC / p->machine.hz;
	p->step_ns[SOFT_REACH_L2] = L2_CYCLES * NS_PER_SEC / p->machine.hz;
	p->step_ns[SOFT_REACH_FAR] = MAX(p->machine.far_ns, p->step_ns[SOFT_REACH_L2]);
	for (unsigned i = 0; i < SOFT_NR_VERDICTS; i++) {
		p->most_bits[i][SOFT_REACH_L1] = expected_bits(FIRST << i, p->machine.l1_bytes);
		p->most_bits[i][SOFT_REACH_L2] = expected_bits(FIRST << i, p->machine.l2_bytes);
	}
}

static struct soft_site *slot(struct soft_pace *p, uint64_t ip)
{
	_Static_assert(SOFT_PACE_SITES == 256, "the hash has 8 bits");
	return &p->site[ip * 0x9e3779b97f4a7c15ull >> 56];
}

/* The place of an instruction; another one there gives way once it is seen less often. */
static struct soft_site *find_site(struct soft_pace *p, uint64_t ip)
{
	struct soft_site *s = slot(p, ip);

	if (s->ip != ip && s->credit) {
		s->credit--;
		return NULL;
	}
	if (s->ip != ip)
		*s = (struct soft_site){.ip = ip, .reach = SOFT_REACH_L2};
	s->credit = MIN(s->credit + 1, CREDIT_MAX);
	return s;
}

/* Where the pages of 's' lie, after FIRST << 'verdict' of them. */
static enum soft_reach judge(const struct soft_pace *p, const struct soft_site *s, unsigned verdict)
{
	unsigned bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(s->seen); i++)
		bits += (unsigned)__builtin_popcountll(s->seen[i]);
	if (bits > p->most_bits[verdict][SOFT_REACH_L2])
		return SOFT_REACH_FAR;
	return bits > p->most_bits[verdict][SOFT_REACH_L1] ? SOFT_REACH_L2 : SOFT_REACH_L1;
}

/*
 * Enters an access of an instruction: now and then there is a verdict. The first
 * verdicts are early and rough: to take a walk through memory for a quick one makes each of its
 * ticks count a hundredfold, the other way around some ticks are lost.
 */
static void enter(const struct soft_pace *p, struct soft_site *s, uint64_t addr)
{
	uint64_t bit = (addr >> DAMON_PAGE_SHIFT) * 0x9e3779b97f4a7c15ull >> 54;

	_Static_assert(SOFT_SITE_BITS == 1 << 10, "the hash has 10 bits");
	s->seen[bit / 64] |= 1ull << bit % 64;
	s->n++;
	for (unsigned i = s->sure ? SOFT_NR_VERDICTS - 1 : 0; i < SOFT_NR_VERDICTS; i++)
		if (s->n == FIRST << i)
			s->reach = judge(p, s, i);
	if (s->n == FULL) {
		s->sure = true;
		s->n = 0;
		memset(s->seen, 0, sizeof(s->seen));
	}
}

static bool near(uint64_t a, uint64_t b)
{
	return a - b + NEAR_BYTES <= 2 * NEAR_BYTES;
}

/* Does an instruction walk through memory in small steps? It shows two accesses of it then. */
static bool walks(const struct soft_burst *b, uint64_t ip)
{
	const struct damon_access *first = NULL;

	for (uint32_t i = 0; i < b->nr; i++) {
		if (b->access[i].ip != ip)
			continue;
		if (first)
			return near(b->access[i].addr, first->addr);
		first = &b->access[i];
	}
	return false;
}

/* What is known of the instruction that the tick waited for. */
struct waits {
	enum soft_reach reach;
	uint32_t chain_insns; /* 0: no chain */
};

static struct waits look(struct soft_pace *p, const struct soft_burst *b,
			 const struct damon_access *a, uint32_t chain_insns)
{
	struct soft_site *s = find_site(p, a->ip);
	struct waits w = {SOFT_REACH_L2, chain_insns};

	if (s) {
		enter(p, s, a->addr);
		w.reach = s->reach;
		if (chain_insns)
			s->chain_insns = (uint16_t)chain_insns;
	}
	if (w.reach == SOFT_REACH_FAR && walks(b, a->ip))
		w.reach = SOFT_REACH_L1;
	return w;
}

/*
 * A chain is seen by reading the target's memory. Where that was not possible (the process has
 * ended) the burst comes to accesses that it does not know, and has passed the chain's first step.
 */
static struct waits look_back(struct soft_pace *p, const struct soft_burst *b)
{
	for (uint32_t i = 0; b->nr_unknown && i < MIN(b->nr, LOOK_BACK); i++) {
		const struct soft_site *s = slot(p, b->access[i].ip);

		if (s->ip == b->access[i].ip && s->chain_insns)
			return (struct waits){s->reach, s->chain_insns};
	}
	return (struct waits){SOFT_REACH_L1, 0};
}

double soft_pace_of(struct soft_pace *p, const struct soft_burst *b,
		    const struct damon_access *stall)
{
	struct waits w;

	if (b->chain_insns)
		w = look(p, b, &b->access[b->chain], b->chain_insns);
	else
		w = look_back(p, b);
	if (w.chain_insns)
		return MIN(w.chain_insns * NS_PER_SEC / (p->step_ns[w.reach] * p->usual_ips), 1.0);
	if (!stall || !(stall->flags & DAMON_ACCESS_LOAD))
		return 1;
	return look(p, b, stall, 0).reach == SOFT_REACH_FAR ? FAR_PART : 1;
}

struct damon_scale soft_pace_scale(const struct soft_pace *p)
{
	return (struct damon_scale){
		.accesses = p->usual_ips,
		.lo = SCALE_LO * p->usual_ips,
		.hi = SCALE_HI * p->usual_ips,
	};
}
