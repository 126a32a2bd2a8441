/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a region should be cut, and cutting. The scores and penalties: docs/ESTIMATOR.md, "Split".
 */
#ifndef CORE_REGION_SPLIT_H
#define CORE_REGION_SPLIT_H

#include "core/region.h"

/* Pages [from, to) stand out: one cut if they begin or end the region, else two. */
struct damon_cut {
	uint64_t from, to;
	double score; /* log-likelihood gain, clusters allowed for, less the penalty; > 0: cut */
};

/* The best cut of pages [start, end) with hits h[0, n), sorted by page, of 'nr_ticks' distinct
 * ticks. Returns false if none is worth it. */
bool damon_region_best_cut(const struct damon_hit *h, size_t n, uint32_t nr_ticks, uint64_t start,
			   uint64_t end, struct damon_tick_set *ticks, struct damon_cut *out);

struct damon_split {
	const struct damon_hit *window;
	struct damon_tick_set *ticks;
	size_t max_regions;
	uint64_t budget; /* hits that may be looked at */
};

/*
 * Cuts in[0, n) where enough new hits came, and the pieces again, and copies all to 'out', which
 * has room for max(n, max_regions). Returns their number. Pieces inherit age, epoch and idle time.
 */
size_t damon_regions_split(const struct damon_split *s, const struct damon_est_region *in, size_t n,
			   struct damon_est_region *out);

#endif
