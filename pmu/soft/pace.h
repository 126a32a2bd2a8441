/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instructions per second without a PMU, tick by tick.
 *
 * A tick is a time. What it stands for in instructions, and so in accesses, depends on how fast the
 * program ran. Most code runs at one to three instructions per cycle, whatever it does; what is far
 * slower is memory that no cache holds, and that can be seen in two ways:
 *
 *	a chain		a load whose address was loaded by the step before (a list, a tree): each
 *step waits for the whole way to memory and back far waits	the tick fell behind a load of an
 *instruction whose addresses lie scattered over more than the caches of a CPU hold: such waits
 *overlap
 *
 * Which memory an instruction ranges over is learnt from the pages that its ticks showed.
 */
#ifndef PMU_SOFT_PACE_H
#define PMU_SOFT_PACE_H

#include "perf/pace.h"
#include "pmu/soft/soft.h"

#define SOFT_PACE_SITES	 256
#define SOFT_SITE_BITS	 1024
#define SOFT_NR_VERDICTS 4

enum soft_reach { SOFT_REACH_L1, SOFT_REACH_L2, SOFT_REACH_FAR, SOFT_NR_REACHES };

/* An instruction that loads: what pages it was seen at. */
struct soft_site {
	uint64_t ip; /* 0: free */
	uint8_t n;   /* pages entered into 'seen' */
	bool sure;   /* it was full once: no more early verdicts */
	uint8_t credit;
	uint8_t reach;	      /* enum soft_reach, the last verdict */
	uint16_t chain_insns; /* from step to step, if it was seen to follow a chain */
	uint64_t seen[SOFT_SITE_BITS / 64];
};

struct soft_pace {
	struct damon_pace machine;
	double usual_ips;		 /* instructions per second of most code */
	double step_ns[SOFT_NR_REACHES]; /* of a chain */
	/* bits in 'seen' after 8, 16, 32, 64 pages, if what they come from fits the cache */
	unsigned most_bits[SOFT_NR_VERDICTS][SOFT_NR_REACHES - 1];
	struct soft_site site[SOFT_PACE_SITES];
};

/* 'machine' NULL: damon_pace_default. */
void soft_pace_init(struct soft_pace *p, const struct damon_pace *machine);

/* How fast the code of a tick runs, in parts of 'usual_ips': 1, or less where it waits for memory.
 * 'stall' may be NULL. Constant time. */
double soft_pace_of(struct soft_pace *p, const struct soft_burst *b,
		    const struct damon_access *stall);

/* Instructions per second that a weight of 1 stands for, and between which limits they lie. */
struct damon_scale soft_pace_scale(const struct soft_pace *p);

#endif
