/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joining neighbours that do not differ, and moving borders to where the rate changes. The tests:
 * docs/ESTIMATOR.md, "Merge" and "Refine". */
#ifndef CORE_REGION_MERGE_H
#define CORE_REGION_MERGE_H

#include "core/region.h"

/*
 * Joins touching regions of one extent in place where their rates do not differ by 'threshold'. If
 * more than 'target' are left, those that differ least go on, down to 'target' (or one for each
 * extent). 'now' is the aggregation that has just ended. Returns how many are left.
 */
size_t damon_regions_merge(struct damon_est_region *r, size_t n, double threshold, size_t target,
			   uint32_t now);

/*
 * Moves each border between regions of one extent that differ by 'threshold' to its likeliest place
 * among the nearest hits of 'window'. Borders of extents stay, and those that only wait for
 * histories to grow alike.
 */
void damon_regions_refine(struct damon_est_region *r, size_t n, const struct damon_hit *window,
			  double threshold, uint32_t now);

#endif
