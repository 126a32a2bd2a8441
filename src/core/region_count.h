/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a region's hits say: sums, and statistics of pairs of hits on one page. docs/ESTIMATOR.md,
 * "Evenness and clumping". */
#ifndef CORE_REGION_COUNT_H
#define CORE_REGION_COUNT_H

#include "core/region.h"

/* Which ticks an aggregation had, by the target's own hits. */
struct damon_tick_range {
	uint32_t first, last;
};

/* Of a whole target, smoothed over aggregations. */
struct damon_spread {
	double unevenness; /* of a typical region: the prior of each */
	double clumping;
};

struct damon_count {
	uint32_t now;
	const struct damon_hit *window, *stalls;
	size_t nr_stalls;
	const struct damon_tick_range *ranges; /* of aggregation a: ranges[a % nr_ranges] */
	uint32_t nr_ranges;
	struct damon_tick_set *ticks;
};

/* Sums up each region's hits since its epoch, sets idle time, weights and evenness, and moves
 * 'spread' on. */
void damon_regions_count(const struct damon_count *c, struct damon_est_region *r, size_t n,
			 struct damon_spread *spread);

#endif
