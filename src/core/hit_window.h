/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hits of the last aggregations, sorted by page, then time. Internal to the estimator. */
#ifndef CORE_HIT_WINDOW_H
#define CORE_HIT_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "core/estimator.h"

struct damon_hit_window {
	struct damon_hit *hit;	 /* [0, nr) */
	struct damon_hit *spare; /* the next window is made here: room for what was reserved */
	size_t nr, cap, spare_cap;
};

/* Makes room for a next window of 'need' hits. Returns 0 or -ENOMEM. */
int damon_hit_window_reserve(struct damon_hit_window *w, size_t need);
/* The spare one, with 'nr' hits, becomes the window. */
void damon_hit_window_flip(struct damon_hit_window *w, size_t nr);
void damon_hit_window_release(struct damon_hit_window *w);

/* Sorts by page, then tick. 'tmp' has room for 'n'. O(n) times the bytes in which pages differ. */
void damon_hits_sort(struct damon_hit *h, size_t n, struct damon_hit *tmp);

/* Merges the old window and a sorted batch, a range of pages after the other. */
struct damon_hit_sweep {
	struct damon_hit_window *w;
	struct damon_hit *batch;
	size_t nr_batch;
	bool stalls;	   /* takes pure stall hits; else all others */
	size_t i, j;	   /* next of the window, of the batch */
	size_t nr;	   /* in the spare window so far */
	size_t nr_new;	   /* of the batch among them */
	size_t nr_outside; /* of the batch, in no range. Their weights are cleared */
};

/* Appends the hits in pages [start, end): old ones since aggregation 'epoch', all new ones. Ranges
 * come in order; what lies between two is dropped. */
void damon_hit_sweep_range(struct damon_hit_sweep *s, uint64_t start, uint64_t end, uint32_t epoch);
/* Drops the rest, and makes the result the window. */
void damon_hit_sweep_end(struct damon_hit_sweep *s);

#endif
