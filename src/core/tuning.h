/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Intervals and rates by calculation, where others try and look.
 *
 * DAMON's goal for its intervals (Documentation/mm/damon/design.rst, "Monitoring Intervals
 * Auto-tuning"): of the most access events that are possible, N sampling intervals times all bytes,
 * 'access_bp' / 10000 are to be seen; too few, and nearly all regions look alike at 0, too many,
 * and they look alike at N. The kernel approaches that by steps, and its sampling and aggregation
 * interval keep their ratio N. Here nr_accesses is derived from rates, so the sampling interval
 * that meets the goal is found by bisection, for the snapshot at hand already.
 */
#ifndef CORE_TUNING_H
#define CORE_TUNING_H

#include <stdint.h>

#include "core/snapshot.h"

struct damon_goal {
	uint32_t access_bp; /* 1..10000; 0: no goal */
	uint32_t aggrs;	    /* looked at every this many aggregations */
	uint64_t min_sample_ns, max_sample_ns;
};

/* Access events over the most that are possible, over all regions, if the sampling interval were
 * 'sample_ns'. In [0, 1], grows with 'sample_ns'; 0 without regions. */
double damon_access_ratio(const struct damon_snapshot *s, const struct damon_view *v,
			  uint64_t sample_ns);

/*
 * The sampling interval that meets the goal within 2 %, in whole microseconds; the nearer end
 * of [min_sample_ns, max_sample_ns] where none does. 'now_ns', the present one, stays if it meets
 * the goal within a tenth: it would else change at random all the time. 0: no access was seen,
 * which tells nothing.
 */
uint64_t damon_goal_sample(const struct damon_goal *g, const struct damon_snapshot *s,
			   const struct damon_view *v, uint64_t now_ns);

struct damon_tuner {
	struct damon_goal goal;
	uint64_t sample_ns; /* the present one */
	uint32_t left;	    /* aggregations until the next look */
};
void damon_tuner_init(struct damon_tuner *t, const struct damon_goal *g, uint64_t sample_ns);

/* The sampling interval for 's', the next snapshot in time; 0: there is no goal. */
uint64_t damon_tuner_next(struct damon_tuner *t, const struct damon_snapshot *s,
			  const struct damon_view *v);

/*
 * Samples per second that show what has 'share' (0..1) of the accesses within 'time_ns': twelve of
 * them are expected to fall there. With 99 % probability there are then at least five, the fewest
 * that a region is split off for.
 */
double damon_resolution_hz(double share, uint64_t time_ns);

/* What bounds a rate. */
enum damon_bound {
	DAMON_BOUND_ASKED, /* nothing: it is as asked for */
	DAMON_BOUND_OVERHEAD,
	DAMON_BOUND_RESOLUTION,
	DAMON_BOUND_KERNEL, /* perf_event_max_sample_rate */
	DAMON_NR_BOUNDS
};

/* The least of 'hz', by what bounds it; 0: no bound of that kind. Of equal ones the first counts.
 * Returns 0 and DAMON_BOUND_ASKED where all are 0. */
double damon_least_hz(const double hz[DAMON_NR_BOUNDS], enum damon_bound *which);

#endif
