/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a region's hits say: sums, and statistics of pairs of hits on one page. docs/ESTIMATOR.md,
 * "Evenness". */
#ifndef CORE_REGION_COUNT_H
#define CORE_REGION_COUNT_H

#include "core/region.h"

struct damon_count {
	uint32_t now;
	struct damon_hit *window;
	const struct damon_hit *stalls;
	size_t nr_stalls;
	struct damon_tick_set *ticks;
};

/* Counts all hits of a region anew. Those older than its epoch, which came over a border from an
 * older neighbour, leave it: its places behind the last one are free then. */
void damon_region_recount(const struct damon_count *c, struct damon_est_region *r);

/* Adds the hits of this aggregation that are about to be inserted: new[0, n), all in pages of the
 * region, which has been counted. Tells for each before which hit of the window it goes. */
void damon_region_add(const struct damon_count *c, struct damon_est_region *r,
		      const struct damon_hit *new, size_t n, uint32_t *place);

/* When all regions have been counted: idle time, pure stalls, evenness. 'unevenness' is that of a
 * typical region, the prior of each; returns where it has moved. */
double damon_regions_sum_up(const struct damon_count *c, struct damon_est_region *r, size_t n,
			    double unevenness);

#endif
