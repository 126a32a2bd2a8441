/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A region as the estimator works on it, and the set that counts distinct ticks. Internal to the
 * estimator: everyone else sees struct damon_region.
 */
#ifndef CORE_REGION_H
#define CORE_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/check.h"
#include "core/estimator.h"

/* Evidence of a variance beyond that of chance; decays, so that it is of the recent past. */
struct damon_excess {
	float seen;	/* squares beyond what chance brings, */
	float expected; /* in units of this: the square of the mean */
	float noise;	/* variance of 'seen' if there is no excess */
};

struct damon_est_region {
	uint64_t start, end; /* pages, half open */
	uint32_t extent;     /* index of the extent that it lies in: never merged across */
	uint32_t epoch;	     /* first aggregation whose hits count */
	uint32_t last_hit;   /* latest aggregation known to have hit it; if never, the one before it
				was mapped. An earlier one may be meant, never a later one */
	uint32_t taken_hit;  /* the same for the pages below */
	float taken;	  /* pages that its borders took over, net: too few to spoil 'last_hit' */
	uint32_t fresh;	  /* hits that came since a split was last tried */
	uint32_t at, nr;  /* its hits: window[at, at + nr) */
	uint32_t ticks;	  /* distinct observations behind them; an upper bound unless */
	bool ticks_known; /* its hits are still those that were counted */
	bool counted;	  /* what follows is of these hits too */
	float age;	  /* aggregations; a mean over what was merged */
	double excess;	  /* of the mean exposure since its epoch over 1; follows from that */
	float weight, store_weight, stall_weight; /* the last without pure stalls */
	float pure_stall_weight, evenness;
	struct damon_check_sum checks;	 /* since a change */
	uint32_t recent[4];		 /* hits of this aggregation and of the three before it */
	uint64_t same;			 /* pairs of hits on one page */
	struct damon_excess time, space; /* of its rate over time, of its pages' rates */
};

/* 'part' of it is now b's. */
static inline void damon_excess_join(struct damon_excess *a, const struct damon_excess *b,
				     float part)
{
	a->seen += part * (b->seen - a->seen);
	a->expected += part * (b->expected - a->expected);
	a->noise += part * (b->noise - a->noise);
}

/* Aggregations that count for 'r' when 'now' has just ended. */
static inline uint32_t damon_est_region_span(const struct damon_est_region *r, uint32_t now)
{
	return now + 1 - r->epoch;
}

/* Page-aggregations in which a hit would have been seen: for an empty region also those that the
 * window forgot, at the same mean exposure. */
static inline double damon_est_region_exposure(const struct damon_est_region *r, uint32_t now)
{
	uint32_t span = damon_est_region_span(r, now), idle = now - r->last_hit;

	return (double)(r->end - r->start) * (r->nr || idle < span ? span : idle) * (1 + r->excess);
}

/*
 * Pages that a border took over were idle since their former region's epoch only. As long as they
 * are a small part, the edge band speaks for them; then 'last_hit' does.
 */
static inline void damon_est_region_settle(struct damon_est_region *r)
{
	if (r->taken * 32 < r->end - r->start)
		return;
	if (!r->nr && r->last_hit < r->taken_hit)
		r->last_hit = r->taken_hit;
	r->taken = 0;
	r->taken_hit = 0;
}

/*
 * Which ticks were seen since damon_tick_set_next(): a stamp per tick, modulo a power of two that
 * is at least the spread of ticks in the window (beyond its limit two ticks may count as one, which
 * errs to the safe side).
 */
struct damon_tick_set {
	uint32_t *stamp;
	uint32_t mask; /* places - 1 */
	uint32_t gen;
};

/* Makes room for ticks that spread over 'spread'. Returns 0 or -ENOMEM. */
int damon_tick_set_reserve(struct damon_tick_set *s, uint64_t spread);
void damon_tick_set_release(struct damon_tick_set *s);
void damon_tick_set_next(struct damon_tick_set *s);

/* True if 'tick' is new since the last damon_tick_set_next(). */
static inline bool damon_tick_set_add(struct damon_tick_set *s, uint32_t tick)
{
	uint32_t *p = &s->stamp[tick & s->mask];
	bool is_new = *p != s->gen;

	*p = s->gen;
	return is_new;
}

/* Distinct ticks of h[0, n). */
uint32_t damon_tick_set_count(struct damon_tick_set *s, const struct damon_hit *h, size_t n);

#endif
