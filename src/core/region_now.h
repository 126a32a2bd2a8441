/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What regions are like at present: how much of their past still speaks for their rates, which of
 * their pages stand out, and how accesses of a page come together in time. docs/ESTIMATOR.md, "Now
 * and before".
 */
#ifndef CORE_REGION_NOW_H
#define CORE_REGION_NOW_H

#include "core/exposure.h"
#include "core/region.h"

/* The hits of an aggregation: those in regions, sorted by page. */
struct damon_fresh {
	const struct damon_hit *hit; /* [0, nr) */
	size_t nr;
	uint32_t now, first_tick, last_tick; /* the aggregation, and which ticks it had */
	bool single;			     /* each hit is of a tick of its own */
	struct damon_tick_set *ticks;
	const struct damon_exposure *exposure; /* of the aggregations */
};

/* A page that stands out: it is shown by itself, and stays a part of its region. */
struct damon_page_now {
	uint64_t page;
	uint32_t region; /* index */
	uint32_t nr;	 /* hits in this aggregation */
	float hits;	 /* that it is thought to get in each */
};

/*
 * Slots of time in which pages were hit, in pages that are seldom hit. 'many' and 'further' are
 * those beyond chance; 'one' and 'any' are each over the accesses that a hit stands for, and times
 * damon_together().
 */
struct damon_visits {
	double one, many;    /* slots with one hit, with more */
	double any, further; /* slots with hits, hits beyond the first of each */
	double noise;	     /* variance of 'many' and, at least, of 'further' */
};

/* Of a whole target. */
struct damon_now {
	struct damon_excess time, space; /* evidence of all regions */
	double unrest, unevenness;	 /* what it says of a typical one */
	struct damon_visits visits;
	struct damon_page_now *pages;
	size_t nr_pages, cap_pages;
};

void damon_now_clear(struct damon_now *s);
void damon_now_release(struct damon_now *s);

/* Makes room for 'n' hits. Returns 0 or -ENOMEM. */
int damon_now_reserve(struct damon_now *s, size_t n);

/* Before anything is changed: the fresh hits, which have been counted, against what the regions had
 * before. Do their rates hold, how do hits come together? */
void damon_now_watch(struct damon_now *s, const struct damon_fresh *f, struct damon_est_region *r,
		     size_t nr);

/* Accesses of a page in a sampling interval that has any, if it gets one in the mean: >= 1. */
double damon_now_together(const struct damon_now *s);

/* The regions as they are shown, with the pages that stand out: at most MAX(max, nr), for which
 * 'out' has room. Returns how many. */
size_t damon_now_show(struct damon_now *s, const struct damon_fresh *f, struct damon_est_region *r,
		      size_t nr, const struct damon_hit *window, size_t max,
		      struct damon_region *out);

/* Puts what checks told of regions to what is shown of them. A page that stands out has none: they
 * tell of a random page of its region, and it was chosen. */
void damon_now_show_checks(const struct damon_est_region *r, size_t nr, struct damon_region *out,
			   size_t nr_out);

#endif
