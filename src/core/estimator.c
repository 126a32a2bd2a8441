/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/exposure.h"
#include "core/region.h"
#include "core/region_count.h"
#include "core/region_merge.h"
#include "core/region_now.h"
#include "core/region_split.h"
#include "core/stats.h"
#include "core/hit_window.h"

const struct damon_est_params damon_est_defaults = {
	.window_obs = 16384,
	.window_aggrs = 100,
	.change_threshold = 18,
	.merge_threshold = 7,
};

/* Which ticks an aggregation had, by the target's own hits. */
struct tick_range {
	uint32_t first, last;
};

struct damon_est {
	struct damon_est_params params;
	uint32_t now;  /* the aggregation that ended last; the first is 1 */
	uint32_t from; /* the first that the window holds */
	bool moved;    /* extents changed: regions have lost their places in the window */
	struct damon_extent *extents;
	size_t nr_extents, cap_extents;
	struct damon_est_region *regions, *spare; /* sorted; together they cover the extents */
	size_t nr_regions, cap_regions, cap_spare;
	struct damon_hit_window hits, stalls; /* stalls: those whose page no access of the
					     observation was in: weight without evidence */
	struct damon_hit *tmp;
	uint32_t *place; /* in the window, of each new hit */
	size_t cap_tmp, cap_place;
	struct damon_region *out;
	size_t nr_out, cap_out;
	struct tick_range *ranges; /* of the aggregations of the window */
	struct damon_tick_set ticks;
	struct damon_exposure exposure;
	double unevenness; /* of a typical region */
	struct damon_now present;
};

struct damon_est *damon_est_new(const struct damon_est_params *p)
{
	struct damon_est *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->params = *p;
	e->params.window_aggrs = MAX(p->window_aggrs, 1u);
	e->params.merge_threshold = MAX(p->merge_threshold, .01); /* 0 would let nothing merge */
	e->ranges = calloc((size_t)e->params.window_aggrs + 1, sizeof(*e->ranges));
	if (!e->ranges || damon_tick_set_reserve(&e->ticks, 0) ||
	    damon_exposure_init(&e->exposure, e->params.window_aggrs)) {
		damon_est_free(e);
		return NULL;
	}
	damon_est_clear(e);
	return e;
}

void damon_est_free(struct damon_est *e)
{
	if (!e)
		return;
	free(e->extents);
	free(e->regions);
	free(e->spare);
	damon_hit_window_release(&e->hits);
	damon_hit_window_release(&e->stalls);
	free(e->tmp);
	free(e->place);
	free(e->out);
	free(e->ranges);
	damon_tick_set_release(&e->ticks);
	damon_exposure_release(&e->exposure);
	damon_now_release(&e->present);
	free(e);
}

void damon_est_clear(struct damon_est *e)
{
	e->nr_extents = 0;
	e->nr_regions = 0;
	e->nr_out = 0;
	e->hits.nr = 0;
	e->stalls.nr = 0;
	e->from = e->now + 1;
	damon_now_clear(&e->present);
	e->unevenness = 1;
}

const struct damon_region *damon_est_regions(const struct damon_est *e, size_t *n)
{
	*n = e->nr_out;
	return e->out;
}

double damon_est_clumping(const struct damon_est *e)
{
	return damon_now_together(&e->present);
}

size_t damon_est_window(const struct damon_est *e)
{
	return e->hits.nr;
}

/* ---- exposure: how closely was it looked at? ---- */

void damon_est_set_rate(struct damon_est *e, double rate_hz)
{
	damon_exposure_rate(&e->exposure, rate_hz);
}

/* Exposure of a region's last 'aggrs' aggregations. */
static double exposure(const struct damon_est *e, uint32_t aggrs)
{
	return damon_exposure_of(&e->exposure, e->now, aggrs);
}

static void look_at(const struct damon_est *e, struct damon_est_region *r)
{
	uint32_t span = damon_est_region_span(r, e->now);

	r->excess = span && e->exposure.varies ? exposure(e, span) / span - 1 : 0;
}

/* ---- extents ---- */

/* Appends to the spare regions: the part [start, end) of 'old', or a fresh region if that is NULL.
 */
static int put_region(struct damon_est *e, size_t *n, const struct damon_est_region *old,
		      uint64_t start, uint64_t end, uint32_t extent)
{
	struct damon_est_region *r;

	if (start >= end)
		return 0;
	if (vec_reserve(&e->spare, &e->cap_spare, *n + 1, sizeof(*e->spare)))
		return -ENOMEM;
	r = &e->spare[(*n)++];
	if (old)
		*r = *old;
	else
		*r = (struct damon_est_region){
			.epoch = e->now + 1, .last_hit = e->now, .evenness = 1};
	if (old)
		r->checks = damon_check_sum_part(old->checks,
						 (double)(end - start) / (old->end - old->start));
	r->start = start;
	r->end = end;
	r->extent = extent;
	return 0;
}

static void flip_regions(struct damon_est *e, size_t nr)
{
	struct damon_est_region *r = e->regions;
	size_t cap = e->cap_regions;

	e->regions = e->spare;
	e->cap_regions = e->cap_spare;
	e->spare = r;
	e->cap_spare = cap;
	e->nr_regions = nr;
}

int damon_est_set_extents(struct damon_est *e, const struct damon_extent *x, size_t n)
{
	size_t nr = 0, q = 0;

	if (vec_reserve(&e->extents, &e->cap_extents, n, sizeof(*x)))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		uint64_t at = x[i].start >> DAMON_PAGE_SHIFT, end = x[i].end >> DAMON_PAGE_SHIFT;

		while (q < e->nr_regions && e->regions[q].end <= at)
			q++;
		for (size_t k = q; k < e->nr_regions && e->regions[k].start < end; k++) {
			const struct damon_est_region *r = &e->regions[k];
			uint64_t from = MAX(r->start, at), to = MIN(r->end, end);

			if (put_region(e, &nr, NULL, at, from, i) ||
			    put_region(e, &nr, r, from, to, i))
				return -ENOMEM;
			at = to;
		}
		if (put_region(e, &nr, NULL, at, end, i))
			return -ENOMEM;
	}
	if (n)
		memcpy(e->extents, x, n * sizeof(*x));
	e->nr_extents = n;
	e->moved = true;
	flip_regions(e, nr);
	return 0;
}

/* ---- the end of an aggregation ---- */

/* The last 'span' aggregations of a region, against what came before them. */
struct recent {
	uint32_t span, nr, ticks;
	double exposure;
	double heed; /* how much its likelihood ratio counts */
};

static const double half_heed = 1.5;

/* How much speaks for a change of rate 'p->span' aggregations ago, under the exposure 'all' since
 * its epoch. Hits of one tick are one cluster, on the side where they are more so. */
static double change(const struct damon_est_region *r, const struct recent *p, double all)
{
	uint32_t old = r->nr - p->nr, old_ticks = r->ticks - p->ticks;
	double v = damon_lr2(p->nr, p->exposure, old, all - p->exposure) * p->heed;
	double cluster = 1;

	if (p->nr)
		cluster = (double)p->ticks / p->nr;
	if (old)
		cluster = MIN(cluster, (double)old_ticks / old);
	return v * cluster;
}

/* Takes up a change 'p->span' aggregations ago: the older hits are of the past. */
static void take_change(struct damon_est *e, const struct damon_count *c,
			struct damon_est_region *r, const struct recent *p)
{
	uint32_t span = damon_est_region_span(r, e->now);
	double before = (r->nr - p->nr) / (exposure(e, span) - p->exposure);
	double after = p->nr / p->exposure;

	r->epoch = e->now + 1 - p->span;
	r->ticks_known = false;
	r->checks = (struct damon_check_sum){0};
	look_at(e, r);
	damon_region_recount(c, r);
	if (fabs(after - before) > .1 * (after + before)) /* a fifth of their mean */
		r->age = p->span;
}

/* The last 1, 2, 4 and span / 2 aggregations, as far as 'span' goes. A hit is counted in the
 * shortest part that holds it; sums make the parts nest. */
static uint32_t split_time(struct damon_est *e, const struct damon_est_region *r,
			   struct recent part[4])
{
	uint32_t span = damon_est_region_span(r, e->now), nr[5] = {0}, ticks[5] = {0}, n = 0;
	uint32_t half = span >= 10 ? span / 2 : UINT32_MAX;
	const struct damon_hit *h = e->hits.hit + r->at;

	damon_tick_set_next(&e->ticks);
	for (uint32_t i = 0; i < r->nr; i++) {
		uint32_t ago = e->now - h[i].aggr;
		uint32_t k = (ago >= 1) + (ago >= 2) + (ago >= 4) + (ago >= half);

		nr[k]++;
		ticks[k] += damon_tick_set_add(&e->ticks, h[i].tick);
	}
	for (uint32_t k = 1; k < 4; k++) {
		nr[k] += nr[k - 1];
		ticks[k] += ticks[k - 1];
	}
	for (uint32_t k = 0; k < 3 && 1u << k < span; k++)
		part[n++] = (struct recent){1u << k, nr[k], ticks[k], exposure(e, 1u << k), 1};
	if (span >= 10)
		part[n++] = (struct recent){half, nr[3], ticks[3], exposure(e, half), half_heed};
	return n;
}

/*
 * May 'nr' hits in the last 'part' aggregations be a change? As ln x <= x - 1, a likelihood ratio
 * is at most twice the chi-squared statistic: that is asked first. Clusters make it only smaller.
 */
static bool may_differ(const struct damon_est *e, const struct damon_est_region *r, uint32_t nr,
		       uint32_t part, double heed)
{
	uint32_t span = damon_est_region_span(r, e->now);
	double all = exposure(e, span), recent = exposure(e, part), least;
	double expected = r->nr * recent / all, off = nr - expected;

	least = e->params.change_threshold / heed;
	if (part >= span || !(2 * off * off * r->nr > least * expected * (r->nr - expected)))
		return false;
	return damon_lr2(nr, recent, r->nr - nr, all - recent) * heed > e->params.change_threshold;
}

/* Is the test of changes worth its pass over the region's hits? The slow ones, by halves, are
 * looked for once in a tenth of the time. */
static bool may_have_changed(const struct damon_est *e, const struct damon_est_region *r)
{
	uint32_t span = damon_est_region_span(r, e->now), late = 0;
	const struct damon_hit *h = e->hits.hit + r->at;
	uint32_t two = r->recent[0] + r->recent[1], four = two + r->recent[2] + r->recent[3];

	if (r->ticks < 6)
		return false;
	if (may_differ(e, r, r->recent[0], 1, 1) || may_differ(e, r, two, 2, 1) ||
	    may_differ(e, r, four, 4, 1))
		return true;
	if (span < 10 || span % (span / 10))
		return false;
	for (uint32_t i = 0; i < r->nr; i++)
		late += e->now - h[i].aggr < span / 2;
	return may_differ(e, r, late, span / 2, half_heed);
}

/* Takes up the likeliest change of rate, if one is likely enough. */
static bool test_change(struct damon_est *e, const struct damon_count *c,
			struct damon_est_region *r)
{
	uint32_t span = damon_est_region_span(r, e->now), n;
	struct recent part[4];
	double most = e->params.change_threshold, v;
	const struct recent *best = NULL;

	if (!may_have_changed(e, r))
		return false;
	n = split_time(e, r, part);
	for (uint32_t k = 0; k < n; k++) {
		v = change(r, &part[k], exposure(e, span));
		if (v > most) {
			most = v;
			best = &part[k];
		}
	}
	if (best)
		take_change(e, c, r, best);
	return best;
}

/* Another aggregation has passed. */
static void grow_older(struct damon_est *e)
{
	for (size_t q = 0; q < e->nr_regions; q++) {
		struct damon_est_region *r = &e->regions[q];

		memmove(&r->recent[1], r->recent, sizeof(r->recent) - sizeof(r->recent[0]));
		r->recent[0] = 0;
		r->age++;
		damon_check_sum_age(&r->checks);
	}
}

/* Drops what is too old. It goes in steps of an eighth of the window, so that most aggregations
 * have nothing to do here. */
static void forget(struct damon_est *e, const struct damon_count *c, uint32_t from)
{
	if (from <= e->from && !e->moved)
		return;
	if (from > e->from)
		e->from = from + (e->now + 1 - from) / 8;
	e->moved = false;
	for (size_t q = 0; q < e->nr_regions; q++)
		e->regions[q].epoch = MAX(e->regions[q].epoch, e->from);
	damon_hit_window_prune(&e->hits, e->regions, e->nr_regions, true);
	damon_hit_window_prune(&e->stalls, e->regions, e->nr_regions, false);
	for (size_t q = 0; q < e->nr_regions; q++)
		if (!e->regions[q].counted)
			damon_region_recount(c, &e->regions[q]);
}

/* 'h' lies in no region. */
static void drop_new(struct damon_hit *h, uint64_t *nr_outside)
{
	*nr_outside += !damon_hit_is_none(h);
	h->weight = 0;
	h->stall_weight = 0;
}

/* Counts the new hits, which are sorted, into their regions, and puts them into the window. */
static void enter_hits(struct damon_est *e, const struct damon_count *c, struct damon_hit *h,
		       size_t n, uint64_t *nr_outside)
{
	size_t j = 0, shift = 0;

	for (size_t q = 0; q < e->nr_regions; q++) {
		struct damon_est_region *r = &e->regions[q];
		size_t from;

		for (; j < n && h[j].page < r->start; j++)
			drop_new(&h[j], nr_outside);
		for (from = j; j < n && h[j].page < r->end;)
			j++;
		if (from < j)
			damon_region_add(c, r, &h[from], j - from, &e->place[from]);
		r->at += shift;
		r->nr += j - from;
		shift += j - from;
	}
	for (; j < n; j++)
		drop_new(&h[j], nr_outside);
	damon_hit_window_insert(&e->hits, h, n, e->place);
}

static void enter_stalls(struct damon_est *e, struct damon_hit *h, size_t n, uint64_t *nr_outside)
{
	size_t j = 0;

	for (size_t q = 0; q < e->nr_regions && j < n; q++) {
		for (; j < n && h[j].page < e->regions[q].start; j++)
			drop_new(&h[j], nr_outside);
		while (j < n && h[j].page < e->regions[q].end)
			j++;
	}
	for (; j < n; j++)
		drop_new(&h[j], nr_outside);
	damon_hit_window_insert(&e->stalls, h, n, NULL);
}

static void test_changes(struct damon_est *e, const struct damon_count *c)
{
	bool changed = false;

	for (size_t q = 0; q < e->nr_regions; q++)
		changed |= test_change(e, c, &e->regions[q]);
	if (changed)
		damon_hit_window_squeeze(&e->hits, e->regions, e->nr_regions);
}

/* Counts the regions whose hits have changed hands. */
static void recount(struct damon_est *e, const struct damon_count *c)
{
	bool fewer = false;

	for (size_t q = 0; q < e->nr_regions; q++) {
		struct damon_est_region *r = &e->regions[q];
		uint32_t nr = r->nr;

		if (!r->counted)
			damon_region_recount(c, r);
		fewer |= r->nr < nr;
	}
	if (fewer)
		damon_hit_window_squeeze(&e->hits, e->regions, e->nr_regions);
}

/* Notes when the batch happened. Sets aggregations. */
static int enter_batch(struct damon_est *e, struct damon_hit *h, size_t n, uint32_t from)
{
	uint32_t nr_ranges = e->params.window_aggrs + 1, spread = 0;
	struct tick_range *now = &e->ranges[e->now % nr_ranges];

	*now = e->ranges[(e->now - 1) % nr_ranges];
	now->first = now->last;
	for (uint32_t a = 0; n && !e->hits.nr && a < nr_ranges; a++) /* the past is empty */
		e->ranges[a] = (struct tick_range){h[0].tick, h[0].tick};
	for (size_t i = 0; i < n; i++) {
		h[i].aggr = e->now;
		if (!i)
			*now = (struct tick_range){h[i].tick, h[i].tick};
		if ((int32_t)(h[i].tick - now->first) < 0)
			now->first = h[i].tick;
		if ((int32_t)(h[i].tick - now->last) > 0)
			now->last = h[i].tick;
	}
	if (e->hits.nr + n)
		spread = now->last - e->ranges[from % nr_ranges].first + 1;
	return damon_tick_set_reserve(&e->ticks, spread);
}

/* Moves accesses before pure stalls, in their order; returns how many there are. */
static size_t part_stalls(struct damon_hit *h, size_t n, struct damon_hit *tmp)
{
	size_t nr = 0, nr_stalls = 0;

	for (size_t i = 0; i < n; i++) {
		if (!(h[i].weight > 0))
			tmp[nr_stalls++] = h[i];
		else if (nr++ != i)
			h[nr - 1] = h[i];
	}
	memcpy(h + nr, tmp, nr_stalls * sizeof(*h));
	return nr;
}

/* All memory that the aggregation needs, so that nothing can fail half-way. */
static int reserve(struct damon_est *e, size_t n, size_t max_regions)
{
	size_t regions = MAX(e->nr_regions, max_regions);

	if (damon_hit_window_reserve(&e->hits, e->hits.nr + n) ||
	    damon_hit_window_reserve(&e->stalls, e->stalls.nr + n) ||
	    vec_reserve(&e->tmp, &e->cap_tmp, MAX(n, (size_t)1), sizeof(*e->tmp)) ||
	    vec_reserve(&e->place, &e->cap_place, n, sizeof(*e->place)) ||
	    damon_now_reserve(&e->present, n) ||
	    vec_reserve(&e->spare, &e->cap_spare, regions, sizeof(*e->spare)) ||
	    vec_reserve(&e->out, &e->cap_out, regions, sizeof(*e->out)))
		return -ENOMEM;
	return 0;
}

static void split_and_merge(struct damon_est *e, size_t max_regions)
{
	struct damon_split split = {
		.window = e->hits.hit,
		.ticks = &e->ticks,
		.max_regions = max_regions,
		.budget = 8ull * e->params.window_obs,
	};
	size_t target = MAX(max_regions * 3 / 4, MIN(e->nr_extents, max_regions));

	flip_regions(e, damon_regions_split(&split, e->regions, e->nr_regions, e->spare));
	e->nr_regions = damon_regions_merge(e->regions, e->nr_regions, e->params.merge_threshold,
					    target, e->now);
	damon_regions_refine(e->regions, e->nr_regions, e->hits.hit, e->params.merge_threshold,
			     e->now);
}

static struct damon_count counting(struct damon_est *e)
{
	return (struct damon_count){
		.now = e->now,
		.window = e->hits.hit,
		.stalls = e->stalls.hit,
		.nr_stalls = e->stalls.nr,
		.ticks = &e->ticks,
	};
}

static struct damon_fresh fresh_hits(struct damon_est *e, const struct damon_hit *h, size_t n)
{
	const struct tick_range *r = &e->ranges[e->now % (e->params.window_aggrs + 1)];

	return (struct damon_fresh){.hit = h,
				    .nr = n,
				    .now = e->now,
				    .first_tick = r->first,
				    .last_tick = r->last,
				    .single = damon_tick_set_count(&e->ticks, h, n) == n,
				    .ticks = &e->ticks,
				    .exposure = &e->exposure};
}

int damon_est_aggregate(struct damon_est *e, struct damon_hit *hits, size_t n, uint32_t horizon,
			size_t max_regions, uint64_t *nr_outside)
{
	struct damon_count c;
	struct damon_fresh fresh;
	size_t nr;
	uint32_t from;

	if (reserve(e, n, max_regions))
		return -ENOMEM;
	horizon = MIN(MAX(horizon, 1u), e->params.window_aggrs);
	e->now++;
	from = e->now >= horizon ? e->now + 1 - horizon : 1;
	if (enter_batch(e, hits, n, from)) {
		e->now--;
		return -ENOMEM;
	}
	nr = part_stalls(hits, n, e->tmp);
	damon_hits_sort(hits, nr, e->tmp);
	damon_hits_sort(hits + nr, n - nr, e->tmp);
	c = counting(e);
	damon_exposure_add(&e->exposure, e->now);
	fresh = fresh_hits(e, hits, nr);
	grow_older(e);
	forget(e, &c, from);
	for (size_t q = 0; q < e->nr_regions; q++)
		look_at(e, &e->regions[q]);
	enter_hits(e, &c, hits, nr, nr_outside);
	enter_stalls(e, hits + nr, n - nr, nr_outside);
	damon_now_watch(&e->present, &fresh, e->regions, e->nr_regions);
	test_changes(e, &c);
	split_and_merge(e, max_regions);
	recount(e, &c);
	c.nr_stalls = e->stalls.nr;
	e->unevenness = damon_regions_sum_up(&c, e->regions, e->nr_regions, e->unevenness);
	e->nr_out = damon_now_show(&e->present, &fresh, e->regions, e->nr_regions, e->hits.hit,
				   max_regions, e->out);
	return 0;
}

size_t damon_est_check(struct damon_est *e, const struct damon_page_check *k, size_t n)
{
	size_t j = 0, outside = 0;

	for (size_t q = 0; q < e->nr_regions && j < n; q++) {
		struct damon_est_region *r = &e->regions[q];

		for (; j < n && k[j].page < r->start; j++)
			outside++;
		for (; j < n && k[j].page < r->end; j++)
			damon_check_sum_add(&r->checks, k[j].intervals, k[j].touched);
	}
	damon_now_show_checks(e->regions, e->nr_regions, e->out, e->nr_out);
	return outside + (n - j);
}
