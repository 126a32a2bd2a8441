/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "core/region_now.h"

static const double fade = .95;	       /* evidence lasts some twenty aggregations */
static const double most_unrest = 100; /* a region that is hit in one aggregation of a hundred */
static const double most_unevenness = 1e4;
static const double stands_out = 1.02; /* times its region's mean, a page is shown by itself */

/* The new hits of one region, new[from, to). */
struct part {
	size_t from, to;
	uint32_t ticks;
	double weight;
};

/* Goes on to the hits of 'r' from where the last part ended. */
static struct part next_part(const struct damon_est_region *r, const struct damon_hit *new,
			     size_t n, size_t at, struct damon_tick_set *ticks)
{
	struct part p;

	while (at < n && new[at].page < r->start)
		at++;
	p = (struct part){at, at, 0, 0};
	for (; p.to < n && new[p.to].page < r->end; p.to++)
		p.weight += new[p.to].weight;
	p.ticks = damon_tick_set_count(ticks, new + p.from, p.to - p.from);
	return p;
}

static size_t end_of_page(const struct damon_hit *h, size_t at, size_t end)
{
	uint64_t page = h[at].page;

	while (at < end && h[at].page == page)
		at++;
	return at;
}

/* ---- evidence ---- */

static void excess_add(struct damon_excess *x, const struct damon_excess *more, double keep)
{
	x->seen = keep * x->seen + more->seen;
	x->expected = keep * x->expected + more->expected;
	x->noise = keep * x->noise + more->noise;
}

/* The excess variance over the squared mean: what evidence shows beyond noise, and 'prior' as if
 * 'expected' had been 'heed'. */
static double excess_of(const struct damon_excess *x, double sigmas, double prior, double heed,
			double most)
{
	double seen = MAX(x->seen - sigmas * sqrt(x->noise), 0.0);

	return MIN((seen + heed * prior) / (x->expected + heed), most);
}

/*
 * Ticks of this aggregation against the mean m of those before since the epoch: the squared error,
 * less what chance gives it, is m^2 times the unrest. The weight keeps single wild ones from
 * speaking for all.
 */
static struct damon_excess error_in_time(const struct damon_est_region *r, const struct part *p,
					 uint32_t now)
{
	double span = damon_est_region_span(r, now), old = MAX((double)r->ticks - p->ticks, 0.0);
	double mean, off, heed;

	if (span < 2 || old <= 0)
		return (struct damon_excess){0};
	mean = old / (span - 1);
	off = p->ticks - mean;
	heed = 1 / (1 + mean * mean);
	return (struct damon_excess){
		.seen = (off * off - p->ticks - mean / (span - 1)) * heed,
		.expected = mean * mean * heed,
		.noise = 2 * mean * (mean + 1 / (span - 1)) * heed * heed,
	};
}

/* Pairs of this aggregation's hits that share a page, against those of even pages. */
static struct damon_excess error_in_space(const struct damon_est_region *r, const struct part *p,
					  const struct damon_hit *new)
{
	double n = p->to - p->from, pages = r->end - r->start, same = 0, even;

	if (p->ticks < 2 || pages < 2)
		return (struct damon_excess){0};
	for (size_t i = p->from, j; i < p->to; i = j) {
		j = end_of_page(new, i, p->to);
		same += (double)(j - i) * (j - i - 1) / 2;
	}
	even = n * (n - n / p->ticks) / 2 / pages;
	return (struct damon_excess){
		.seen = same - even, .expected = even, .noise = MAX(same, even) * n / p->ticks};
}

void damon_now_clear(struct damon_now *s)
{
	s->time = s->space = (struct damon_excess){0};
	s->unrest = s->unevenness = 0;
	s->hits = s->weight = s->mates = s->chance = 0;
	s->nr_pages = 0;
}

void damon_now_release(struct damon_now *s)
{
	free(s->pages);
	s->pages = NULL;
}

int damon_now_reserve(struct damon_now *s, size_t n)
{
	return vec_reserve(&s->pages, &s->cap_pages, n, sizeof(*s->pages));
}

/* Adds the hits of a region whose pages are hit less than once an aggregation. */
static void watch_visits(struct damon_now *s, const struct damon_est_region *r,
			 const struct part *p, const struct damon_hit *new,
			 const struct damon_tick_range *range, uint32_t now)
{
	double span = damon_est_region_span(r, now), old = MAX((double)r->ticks - p->ticks, 0.0);

	if (span < 2 || old >= (span - 1) * (r->end - r->start))
		return;
	s->hits += p->to - p->from;
	s->weight += p->weight;
	for (size_t i = p->from, j; i < p->to; i = j) {
		double n;

		j = end_of_page(new, i, p->to);
		n = j - i;
		if (n < 2)
			continue;
		s->chance += n * (n - 1) / 2 / 20;
		for (size_t a = i; a < j; a++)
			for (size_t b = a + 1; b < j && b < a + 40; b++) {
				double all = (double)(range->last - range->first) + 1;
				s->mates += (int)((new[a].tick - range->first) * 20 / all) == (int)((new[b].tick - range->first) * 20 / all);
			}
	}
}

double damon_now_burst(const struct damon_now *s)
{
	double more = s->mates - 1.5 * sqrt(s->mates) - s->chance;

	return s->hits > 0 ? MAX(more * s->weight / (s->hits * s->hits), 1.0) : 1;
}

void damon_now_watch(struct damon_now *s, struct damon_est_region *r, size_t nr,
		     const struct damon_hit *new, size_t n, struct damon_tick_set *ticks,
		     const struct damon_tick_range *range, uint32_t now)
{
	struct damon_excess time = {0};
	struct part p = {0};

	s->hits *= fade;
	s->weight *= fade;
	s->mates *= fade;
	s->chance *= fade;

	for (size_t q = 0; q < nr; q++) {
		struct damon_excess x;

		p = next_part(&r[q], new, n, p.to, ticks);
		x = error_in_time(&r[q], &p, now);
		excess_add(&r[q].time, &x, fade);
		excess_add(&time, &x, 1);
		watch_visits(s, &r[q], &p, new, range, now);
	}
	excess_add(&s->time, &time, fade);
	s->unrest = excess_of(&s->time, 2, 0, 1e-3, most_unrest);
}

/* ---- what is shown ---- */

/* A region's counts as they speak for now: 'keep' of the past. */
struct view {
	double obs, ticks, span, weight;
	double mean; /* hits per page and aggregation */
};

static struct view view_of(const struct damon_now *s, const struct damon_est_region *r,
			   const struct part *p, uint32_t now)
{
	double span = damon_est_region_span(r, now), n = p->to - p->from;
	double old = MAX((double)r->ticks - p->ticks, 0.0), old_obs = r->nr - n, keep, ticks;
	double unrest = excess_of(&r->time, 1.5, s->unrest, 1, most_unrest);
	struct view v;

	keep = 1 / (1 + unrest * MAX(old, .5));
	ticks = round(p->ticks + keep * old);
	if (ticks < 1 && r->nr)
		ticks = 1;
	if (old > 0)
		keep = (ticks - p->ticks) / old;
	v.ticks = ticks;
	v.obs = round(n + keep * old_obs);
	v.span = 1 + keep * (span - 1);
	v.weight = p->weight + keep * MAX(r->weight - p->weight, 0.0);
	v.mean = v.obs / v.span / (r->end - r->start);
	return v;
}

static int rarer(const void *a, const void *b)
{
	const struct damon_page_now *x = a, *y = b;

	return (x->hits < y->hits) - (x->hits > y->hits);
}

static int by_page(const void *a, const void *b)
{
	const struct damon_page_now *x = a, *y = b;

	return (x->page > y->page) - (x->page < y->page);
}

/*
 * Pages of region 'q' that are thought to get more than its mean: if pages' rates follow a gamma
 * law of squared variation coefficient u, a page with c hits gets (c + k) / (1 + k / mean), k = 1/u.
 */
static void find_pages(struct damon_now *s, const struct damon_est_region *r, uint32_t q,
		       const struct part *p, const struct damon_hit *new, const struct view *v)
{
	double uneven = excess_of(&r->space, 1.5, s->unevenness * 3, 100, most_unevenness), k;
	double each = v->obs > 0 ? v->weight / v->obs : 0;

	if (uneven < .01 || r->end - r->start < 2 || v->mean <= 0)
		return;
	k = 1 / uneven;
	for (size_t i = p->from, j; i < p->to; i = j) {
		double weight = 0, hits;

		for (j = i; j < p->to && new[j].page == new[i].page; j++)
			weight += new[j].weight;
		hits = (weight / each + k) / (1 + k / v->mean);
		if (hits > stands_out * v->mean)
			s->pages[s->nr_pages++] = (struct damon_page_now){
				new[i].page, q, j - i, hits, hits * each};
	}
}

static void put(const struct damon_est_region *r, uint64_t start, uint64_t end,
		const struct view *v, uint32_t now, struct damon_region *out, size_t *n)
{
	double part = (double)(end - start) / (r->end - r->start), span = MAX(round(v->span), 1.0);
	double weight = v->weight * span / v->span * part;
	double all = MAX(r->weight, 1e-30);

	if (start == end)
		return;
	out[(*n)++] = (struct damon_region){
		.start = start << DAMON_PAGE_SHIFT,
		.end = end << DAMON_PAGE_SHIFT,
		.nr_obs = lround(v->obs * part),
		.nr_ticks = lround(v->ticks * part),
		.span_aggrs = span,
		.age_aggrs = lroundf(r->age),
		.idle_aggrs = now - r->last_hit,
		.weight = weight,
		.store_weight = weight * (r->store_weight / all),
		.stall_weight = r->stall_weight + r->pure_stall_weight,
		.evenness = r->evenness,
	};
}

size_t damon_now_show(struct damon_now *s, struct damon_est_region *r, size_t nr,
		      const struct damon_hit *new, size_t n, struct damon_tick_set *ticks,
		      uint32_t now, size_t max, struct damon_region *out)
{
	struct damon_excess space = {0};
	struct part p = {0};
	size_t nr_out = 0, at = 0, most = max > nr ? (max - nr) / 2 : 0;

	s->nr_pages = 0;
	for (size_t q = 0; q < nr; q++) {
		struct damon_excess x;
		struct view v;
		double heed;

		p = next_part(&r[q], new, n, p.to, ticks);
		x = error_in_space(&r[q], &p, new);
		excess_add(&r[q].space, &x, fade);
		heed = 1 / (1 + x.expected);
		space.seen += x.seen * heed;
		space.expected += x.expected * heed;
		space.noise += x.noise * heed * heed;
		v = view_of(s, &r[q], &p, now);
		find_pages(s, &r[q], q, &p, new, &v);
	}
	excess_add(&s->space, &space, fade);
	s->unevenness = excess_of(&s->space, 2, 0, 1e-3, most_unevenness);
	if (s->nr_pages > most) {
		qsort(s->pages, s->nr_pages, sizeof(*s->pages), rarer);
		s->nr_pages = most;
		qsort(s->pages, s->nr_pages, sizeof(*s->pages), by_page);
	}
	p = (struct part){0};
	for (size_t q = 0; q < nr; q++) {
		struct view v, page;
		double hits = 0, weight = 0, pages = r[q].end - r[q].start, left;
		size_t to = at;
		uint64_t start = r[q].start;

		p = next_part(&r[q], new, n, p.to, ticks);
		v = view_of(s, &r[q], &p, now);
		for (; to < s->nr_pages && s->pages[to].region == q; to++) {
			hits += s->pages[to].hits;
			weight += s->pages[to].weight;
		}
		if (to > at) {
			double all = v.mean * pages;
			left = MAX(1 - hits / all, .02) * pages / MAX(pages - (to - at), 1.0);
			v.weight *= left;
			v.obs *= left;
			v.ticks *= left;
		}
		for (; at < to; at++) {
			const struct damon_page_now *x = &s->pages[at];
			double share = pages;
			put(&r[q], start, x->page, &v, now, out, &nr_out);
			page = (struct view){x->nr * share, x->nr * share, 1, x->weight * share, 0};
			put(&r[q], x->page, x->page + 1, &page, now, out, &nr_out);
			out[nr_out - 1].evenness = 1;
			start = x->page + 1;
		}
		put(&r[q], start, r[q].end, &v, now, out, &nr_out);
	}
	return nr_out;
}
