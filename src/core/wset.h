/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts behind the working set: page observations, distinct pages, pages seen once and twice in
 * trailing windows of up to 60 s. Memory is bounded: when the ring is full of hits younger than the
 * longest window, pages are thinned by a hash (whole pages are kept or dropped, so that d, f1 and
 * f2 stay comparable) and counts scaled up.
 */
#ifndef CORE_WSET_H
#define CORE_WSET_H

#include <stddef.h>
#include <stdint.h>

#include "core/snapshot.h"

struct damon_hit;
struct damon_wset_log;

struct damon_wset_log *damon_wset_log_new(size_t max_entries);
void damon_wset_log_free(struct damon_wset_log *l);
void damon_wset_log_clear(struct damon_wset_log *l);

/* Another limit from now on: as targets come and go, each one's share of the entries changes. */
void damon_wset_log_limit(struct damon_wset_log *l, size_t max_entries);

/* Adds the hits of an aggregation that ends at 'end_ns', sorted by page as damon_est_aggregate()
 * leaves them; those of weight 0 are passed over. Returns 0 or -ENOMEM. */
int damon_wset_log_add(struct damon_wset_log *l, const struct damon_hit *hits, size_t n,
		       uint64_t start_ns, uint64_t end_ns);

/* Counts for each window at 'end_ns'. Those of 60 s may be .6 s old, all others are exact every
 * time. What it costs was paid by damon_wset_log_add(). */
void damon_wset_log_counts(struct damon_wset_log *l, uint64_t end_ns,
			   struct damon_wset out[DAMON_NR_WINDOWS]);

#endif
