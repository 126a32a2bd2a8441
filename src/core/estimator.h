/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The region estimator of one target: a window of page observations, and regions that follow it by
 * likelihood-ratio tests. The method: docs/ESTIMATOR.md. Pure and single threaded.
 */
#ifndef CORE_ESTIMATOR_H
#define CORE_ESTIMATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/snapshot.h"
#include "core/space.h"

/* One page observation: a distinct page of one observation. */
struct damon_hit {
	uint64_t page; /* address >> DAMON_PAGE_SHIFT */
	uint32_t tick; /* running number of the observation in its context */
	uint32_t aggr; /* aggregation it fell into; set by damon_est_aggregate() */
	float weight, store_weight, stall_weight; /* struct damon_region has the meanings; a pure
						     stall hit has weight 0 */
	uint16_t target; /* slot in the context's batch; the estimator ignores it */
	uint16_t nr;	 /* accesses in this page within the observation */
};

struct damon_est_params {
	uint32_t window_obs;	 /* 16384: observations kept in all, of up to 4 pages each */
	uint32_t window_aggrs;	 /* 100: and no older than this */
	double change_threshold; /* 18 */
	double merge_threshold;	 /* 7 */
};
extern const struct damon_est_params damon_est_defaults;

struct damon_est;

struct damon_est *damon_est_new(const struct damon_est_params *p);
void damon_est_free(struct damon_est *e);

/* Forgets regions, window and ages: the process executed another program. */
void damon_est_clear(struct damon_est *e);

/* Observations per second of CPU time from now on, as far as known (0: as before). Only ratios
 * matter: hits of different rates are compared under their exposures. */
void damon_est_set_rate(struct damon_est *e, double rate_hz);

/*
 * The mapped extents changed: regions and hits outside are dropped, new extents get regions of
 * their own (no hits, age 0, epoch now), regions keep their statistics where they stay mapped.
 * Sorted, not overlapping. Returns 0 or -ENOMEM (nothing changed).
 */
int damon_est_set_extents(struct damon_est *e, const struct damon_extent *x, size_t n);

/*
 * Ends an aggregation interval. 'hits' are those of this interval in any order; afterwards those
 * with a weight come first, sorted by page, and those outside of every extent have weight 0 (the
 * working set does not count them). 'horizon' is how many aggregations the window may span
 * (1..window_aggrs), 'max_regions' the limit of regions. Hits outside of every extent are counted
 * in '*nr_outside'. Work is bounded by the window and the limit. Returns 0 or -ENOMEM (the interval
 * is lost, the state stays sound).
 */
int damon_est_aggregate(struct damon_est *e, struct damon_hit *hits, size_t n, uint32_t horizon,
			size_t max_regions, uint64_t *nr_outside);

/* A look at a page: whether it was touched within the last so many sampling intervals. */
struct damon_page_check {
	uint64_t page;
	float intervals;
	bool touched;
};

/* Counts k[0, n), sorted by page, in the regions as they now are. Returns how many lie outside. */
size_t damon_est_check(struct damon_est *e, const struct damon_page_check *k, size_t n);

/* The regions after the last damon_est_aggregate() and damon_est_check(), valid until the next call
 * on 'e'. */
const struct damon_region *damon_est_regions(const struct damon_est *e, size_t *n);

/* The target's temporal clumping: struct damon_target_snapshot. */
double damon_est_clumping(const struct damon_est *e);

/* Page observations in the window: what the horizon is chosen by. */
size_t damon_est_window(const struct damon_est *e);

#endif
