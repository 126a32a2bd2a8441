/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does memory that has been idle for a while stay idle? Of a small region samples tell that late:
 * none in five seconds may be chance. Of all such memory together they tell it soon, but those that
 * had no hit must not be counted for having had none. So memory goes on trial when it has been
 * idle for as long as a scheme asks, and what comes is counted: regions that are hit
 * where they were on trial, against pages x aggregations. What lies near a neighbour in use is not
 * on trial: a hit there tells of the border. The rate of that is what a page gets, on
 * the average, that is acted upon for having been idle for so long.
 *
 * The longer memory has been idle the less is it touched, so what has been idle for long must not
 * speak for what has just become so. It is counted in bands: until three times the age that is
 * asked for, until three times that, and so on. Of a band those before it may speak as well.
 */
#ifndef CORE_TRIAL_H
#define CORE_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/snapshot.h"

#define DAMOS_TRIAL_BANDS 5 /* the last one has no end */

struct damos_trial_range {
	uint64_t start, end;
	int band;
};

struct damos_trial_band {
	double hits;	 /* regions hit while on trial; */
	double exposure; /* pages x aggregations over the weight of a hit. Both fade */
};

struct damos_trial_target {
	uint32_t target_id, space_id;
	uint64_t at_ns; /* of the last snapshot */
	struct damos_trial_band band[DAMOS_TRIAL_BANDS];
	double weight, nr_obs;	     /* of all observations lately */
	struct damos_trial_range *r; /* on trial, sorted */
	size_t n, cap;
	bool seen; /* since it was pruned */
};

struct damos_trial {		      /* zeroed is empty */
	struct damos_trial_target *t; /* by id */
	size_t n, cap;
};

void damos_trial_release(struct damos_trial *x);

/* The band of memory that has been idle for 'idle_ns' where 'least_ns' are asked for; -1: none. */
int damos_trial_band(uint64_t idle_ns, uint64_t least_ns);

/*
 * The next snapshot of a target: what became of the memory on trial is counted, and none is on
 * trial any more. Another space forgets all. damos_trial_add() then puts ranges on trial, in order
 * of address, which are there until the next one. 0 or -ENOMEM.
 */
int damos_trial_count(struct damos_trial *x, const struct damon_target_snapshot *t, uint64_t end_ns,
		      uint64_t aggr_ns, uint64_t least_ns);
int damos_trial_add(struct damos_trial *x, uint32_t target_id,
		    const struct damos_trial_range *range);

/* Upper bound (97.5 %) of the weight that a page of a band gets in an aggregation; INFINITY where
 * nothing was on trial. */
double damos_trial_bound(const struct damos_trial *x, uint32_t target_id, int band);

/* Targets that were not counted since the last time are dropped. */
void damos_trial_prune(struct damos_trial *x);

#endif
