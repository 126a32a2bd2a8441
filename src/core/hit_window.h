/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hits of the last aggregations, sorted by page, then time. Internal to the estimator. */
#ifndef CORE_HIT_WINDOW_H
#define CORE_HIT_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "core/region.h"

struct damon_hit_window {
	struct damon_hit *hit; /* [0, nr) */
	size_t nr, cap;
};

/* Makes room for 'need' hits. Returns 0 or -ENOMEM. */
int damon_hit_window_reserve(struct damon_hit_window *w, size_t need);
void damon_hit_window_release(struct damon_hit_window *w);

/* Sorts by page, then tick. 'tmp' has room for 'n'. O(n) times the bytes in which pages differ. */
void damon_hits_sort(struct damon_hit *h, size_t n, struct damon_hit *tmp);

/* First hit of h[lo, hi) at or behind 'page'. */
size_t damon_hits_find(const struct damon_hit *h, size_t lo, size_t hi, uint64_t page);

/* Nothing: it lies in no region, or weighs nothing. */
static inline bool damon_hit_is_none(const struct damon_hit *h)
{
	return !(h->weight > 0) && !(h->stall_weight > 0);
}

/*
 * Drops what lies in none of the regions r[0, n), or is older than its region's epoch. With 'own',
 * the regions' places in the window are set; those whose hits are fewer now are no longer counted.
 */
void damon_hit_window_prune(struct damon_hit_window *w, struct damon_est_region *r, size_t n,
			    bool own);

/* Closes the gaps behind regions that hold fewer hits than they have places. */
void damon_hit_window_squeeze(struct damon_hit_window *w, struct damon_est_region *r, size_t n);

/* Puts new hits h[0, n), sorted, into their places, for which there is room. Only what lies behind
 * the first of them is moved. 'place' tells before which of the old ones each goes; NULL: not
 * known. */
void damon_hit_window_insert(struct damon_hit_window *w, const struct damon_hit *h, size_t n,
			     const uint32_t *place);

#endif
