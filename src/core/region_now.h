/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What regions are like at the end of an aggregation: how much of their past still speaks for them,
 * and which of their pages stand out just now. docs/ESTIMATOR.md, "Now and before".
 */
#ifndef CORE_REGION_NOW_H
#define CORE_REGION_NOW_H

#include "core/region.h"
#include "core/region_count.h"

/* A page that stands out: cut out of its region in what is shown, not in the region itself. */
struct damon_page_now {
	uint64_t page;
	uint32_t region, nr; /* index of its region, hits in this aggregation */
	float hits;	     /* hits an aggregation that it is thought to get */
	float weight;	     /* of its hits, as one of them is thought to weigh */
};

/* Of a whole target. */
struct damon_now {
	struct damon_excess time, space; /* evidence of all regions, that of the past decayed */
	double unrest, unevenness;	/* what it says of a typical region */
	double hits, weight;		/* in pages that are hit less than once an aggregation, */
	double mates, chance;		/* pairs of them on one page and in one slot of time, and those
					   that chance brings there */
	struct damon_page_now *pages;
	size_t nr_pages, cap_pages;
};

void damon_now_clear(struct damon_now *s);
void damon_now_release(struct damon_now *s);

/* Makes room for 'n' new hits. Returns 0 or -ENOMEM. */
int damon_now_reserve(struct damon_now *s, size_t n);

/*
 * The aggregation's hits new[0, n), sorted by page and already counted into the regions, against
 * what those had before: do their rates hold, do their pages share them evenly?
 */
void damon_now_watch(struct damon_now *s, struct damon_est_region *r, size_t nr,
		     const struct damon_hit *new, size_t n, struct damon_tick_set *ticks,
		     const struct damon_tick_range *range, uint32_t now);

/* Accesses that a visit of a page makes within a slot of time, as pairs of hits tell: >= 1. */
double damon_now_burst(const struct damon_now *s);

/*
 * Writes what is to be shown of the regions, at most MAX(max, nr) for which 'out' has room. Returns
 * how many they are.
 */
size_t damon_now_show(struct damon_now *s, struct damon_est_region *r, size_t nr,
		      const struct damon_hit *new, size_t n, struct damon_tick_set *ticks,
		      uint32_t now, size_t max, struct damon_region *out);

#endif
