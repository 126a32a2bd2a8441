/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/hit_window.h"
#include "core/region_now.h"
#include "core/stats.h"

enum { SLOTS = 20 }; /* of time, of an aggregation: sampling intervals by default */

static const double fade = .95;	     /* evidence lasts some twenty aggregations, */
static const double slow_fade = .99; /* that of how a program visits pages a hundred */
static const double worth_telling = .03;
static const double usual_visit = .4; /* of those that are seen: fitted to six programs */
static const double most_excess = 1e4, most_together = 1e3;

/* The fresh hits of one region, [from, to). */
struct part {
	size_t from, to;
	uint32_t ticks;
	double weight;
};

/* Goes on to the hits of 'r' from where the last part ended. */
static struct part next_part(const struct damon_fresh *f, const struct damon_est_region *r,
			     size_t at)
{
	struct part p;

	while (at < f->nr && f->hit[at].page < r->start)
		at++;
	p = (struct part){at, at, 0, 0};
	for (; p.to < f->nr && f->hit[p.to].page < r->end; p.to++)
		p.weight += f->hit[p.to].weight;
	p.ticks = p.to - p.from;
	if (!f->single && p.ticks > 1)
		p.ticks = damon_tick_set_count(f->ticks, f->hit + p.from, p.ticks);
	return p;
}

static size_t end_of_page(const struct damon_hit *h, size_t at, size_t end)
{
	uint64_t page = h[at].page;

	while (at < end && h[at].page == page)
		at++;
	return at;
}

/* Aggregations before this one, since the epoch, */
static double old_aggrs(const struct damon_fresh *f, const struct damon_est_region *r)
{
	return (double)damon_est_region_span(r, f->now) - 1;
}

/* how many such as this one they come to, as closely as they were looked at, */
static double old_span(const struct damon_fresh *f, const struct damon_est_region *r)
{
	double this = damon_exposure_of(f->exposure, f->now, 1);
	uint32_t span = damon_est_region_span(r, f->now);

	if (!f->exposure->varies || !(this > 0))
		return old_aggrs(f, r);
	return damon_exposure_of(f->exposure, f->now, span) / this - 1;
}

/* and the ticks that they had. */

static double old_ticks(const struct damon_est_region *r, const struct part *p)
{
	return MAX((double)r->ticks - p->ticks, 0.0);
}

/* ---- evidence ---- */

static void excess_add(struct damon_excess *x, const struct damon_excess *more, double heed)
{
	x->seen += more->seen * heed;
	x->expected += more->expected * heed;
	x->noise += more->noise * heed * heed;
}

static void excess_fade(struct damon_excess *x)
{
	x->seen *= fade;
	x->expected *= fade;
	x->noise *= fade;
}

/* The variance beyond chance over the squared mean, that the evidence shows beyond its noise; and
 * 'prior', as if 'heed' had been expected. */
static double excess_of(const struct damon_excess *x, double sigmas, double prior, double heed)
{
	double seen = MAX(x->seen - sigmas * sqrt(x->noise), 0.0);

	return MIN((seen + heed * prior) / (x->expected + heed), most_excess);
}

/*
 * Fresh ticks against the mean m of those before: the squared error, less what chance brings, is
 * m^2 times the unrest. The heed for it keeps single wild regions from speaking for all.
 */
static struct damon_excess error_in_time(const struct damon_fresh *f,
					 const struct damon_est_region *r, const struct part *p)
{
	double span = old_span(f, r), mean = old_ticks(r, p) / MAX(span, 1.0);
	double off = p->ticks - mean, heed = 1 / (1 + mean * mean);

	if (span < 1 || mean <= 0)
		return (struct damon_excess){0};
	return (struct damon_excess){
		.seen = (off * off - p->ticks - mean / span) * heed,
		.expected = mean * mean * heed,
		.noise = 2 * mean * (mean + 1 / span) * heed * heed,
	};
}

/* Pairs of fresh hits that share a page, against those of even pages. */
static struct damon_excess error_in_space(const struct damon_fresh *f,
					  const struct damon_est_region *r, const struct part *p)
{
	double n = p->to - p->from, pages = r->end - r->start, same = 0, even;

	if (p->ticks < 2 || pages < 2)
		return (struct damon_excess){0};
	for (size_t i = p->from, j; i < p->to; i = j) {
		j = end_of_page(f->hit, i, p->to);
		same += (double)(j - i) * (j - i - 1) / 2;
	}
	even = n * (n - n / p->ticks) / 2 / pages;
	return (struct damon_excess){
		.seen = same - even, .expected = even, .noise = MAX(same, even) * n / p->ticks};
}

/* ---- visits ---- */

static uint32_t slot_of(const struct damon_fresh *f, const struct damon_hit *h)
{
	uint64_t all = (uint64_t)(f->last_tick - f->first_tick) + 1;

	return MIN((uint64_t)(h->tick - f->first_tick) * SLOTS / all, SLOTS - 1);
}

/* The chance that two ticks fall into one slot, over that of two. Slots have equally many. */
static double slot_chance(const struct damon_fresh *f)
{
	double all = (double)(f->last_tick - f->first_tick) + 1, one;

	if (all <= SLOTS)
		return 0;
	one = (all / SLOTS - 1) / (all - 1);
	return one / (1 - one);
}

/*
 * Counts the hits [from, to) of a page, in order of time, by slots: how many slots have one, have
 * any. Chance brings pairs of visits together; as the d that are seen are apart, it is told by how
 * many more there would be for one that is not (exact for two).
 */
static void count_slots(struct damon_visits *v, const struct damon_fresh *f, size_t from, size_t to,
			double cluster, double *one, double *any)
{
	double many = 0, d = 0, chance;

	for (size_t i = from, j; i < to; i = j, d++) {
		for (j = i + 1; j < to && slot_of(f, &f->hit[j]) == slot_of(f, &f->hit[i]);)
			j++;
		many += j - i > 1;
	}
	chance = d * (d - 1) / 2 * slot_chance(f);
	*one += d - many;
	*any += d;
	v->many += many - chance;
	v->further += to - from - d - chance;
	v->noise += many * cluster;
}

static void watch_visits(struct damon_now *s, const struct damon_fresh *f,
			 const struct damon_est_region *r, const struct part *p)
{
	double span = old_span(f, r), pages = r->end - r->start, old = old_ticks(r, p);
	double n = p->to - p->from, cluster, each, one = 0, any = 0, scale;

	if (p->from == p->to || span < 1 || old >= span * pages || p->weight <= 0)
		return;
	each = p->weight / n;
	cluster = n / p->ticks; /* ticks that meet in one page meet in its neighbours, too */
	scale = damon_together(MAX(old, .5) * each / (span * pages * SLOTS)) / each;
	for (size_t i = p->from, j; i < p->to; i = j) {
		j = end_of_page(f->hit, i, p->to);
		count_slots(&s->visits, f, i, j, cluster, &one, &any);
	}
	s->visits.one += one * scale;
	s->visits.any += any * scale;
}

static void visits_fade(struct damon_visits *v)
{
	v->one *= slow_fade;
	v->many *= slow_fade;
	v->any *= slow_fade;
	v->further *= slow_fade;
	v->noise *= slow_fade;
}

/* What is left of an excess 'x' of variance 'noise': nothing up to 2.6 standard deviations. */
static double surely(double x, double noise)
{
	return x > 0 ? MAX(x - 7 * noise / x, 0.0) : 0;
}

/*
 * If accesses of a page come b at a time, and a hit stands for w of them, b / w is how much oftener
 * a slot with hits has more than one than only one, if b is spread geometrically; and by how much
 * the mean of them is more than one. Where lengths of visits are mixed, the second is much too
 * large, where they are all alike the first: so the lesser counts. Longer visits are seen more
 * often than others, and the usual ones are shorter.
 */
double damon_now_together(const struct damon_now *s)
{
	const struct damon_visits *v = &s->visits;
	double many = surely(v->many, v->noise), b;

	if (!(v->any > 0))
		return 1;
	b = surely(v->further, v->noise) / v->any;
	if (many < b * v->one)
		b = many / v->one;
	return MIN(MAX(usual_visit * b, 1.0), most_together);
}

/* ---- watching ---- */

void damon_now_clear(struct damon_now *s)
{
	s->time = s->space = (struct damon_excess){0};
	s->visits = (struct damon_visits){0};
	s->unrest = s->unevenness = 0;
	s->nr_pages = 0;
}

void damon_now_release(struct damon_now *s)
{
	free(s->pages);
	s->pages = NULL;
}

int damon_now_reserve(struct damon_now *s, size_t n)
{
	/* one more: a region's pages begin somewhere, also where there are none */
	return vec_reserve(&s->pages, &s->cap_pages, n + 1, sizeof(*s->pages));
}

void damon_now_watch(struct damon_now *s, const struct damon_fresh *f, struct damon_est_region *r,
		     size_t nr)
{
	struct part p = {0};

	excess_fade(&s->time);
	visits_fade(&s->visits);
	for (size_t q = 0; q < nr; q++) {
		struct damon_excess x;

		p = next_part(f, &r[q], p.to);
		x = error_in_time(f, &r[q], &p);
		excess_fade(&r[q].time);
		excess_add(&r[q].time, &x, 1);
		excess_add(&s->time, &x, 1);
		watch_visits(s, f, &r[q], &p);
	}
	s->unrest = excess_of(&s->time, 2, 0, 1e-3);
}

/* Are the pages of a region alike now? */
static void watch_pages(struct damon_now *s, const struct damon_fresh *f,
			struct damon_est_region *r, const struct part *p)
{
	struct damon_excess x = error_in_space(f, r, p);

	excess_fade(&r->space);
	excess_add(&r->space, &x, 1);
	excess_add(&s->space, &x, 1 / (1 + x.expected));
}

/* ---- what is shown ---- */

/* What a region is thought to get at present. */
struct rate {
	bool is_mean;  /* as since the epoch */
	double ticks;  /* that speak for it */
	double hits;   /* an aggregation */
	double weight; /* likewise */
};

/* The past counts as far as rates hold: with an unrest u, n old ticks tell as much as
 * 1 / (u + 1/n) that were never wrong. */
static struct rate rate_of(const struct damon_now *s, const struct damon_fresh *f,
			   const struct damon_est_region *r, const struct part *p)
{
	double old = old_ticks(r, p), n = p->to - p->from, span;
	double unrest = excess_of(&r->time, 1.5, s->unrest, .2);
	double keep = 1 / (1 + unrest * MAX(old, .5));

	if (keep > .98)
		keep = 1;
	span = 1 + keep * old_span(f, r);
	return (struct rate){
		.is_mean = keep == 1,
		.ticks = p->ticks + keep * old,
		.hits = (n + keep * (r->nr - n)) / span,
		.weight = (p->weight + keep * MAX(r->weight - p->weight, 0.0)) /
			  (1 + keep * old_aggrs(f, r)),
	};
}

/*
 * Finds the pages that are thought to get more than their region's mean. If the rates of pages
 * follow a gamma law of squared variation coefficient u, one with c hits is thought to get (c + k)
 * / (1 + k / mean), k = 1/u.
 */
static void find_pages(struct damon_now *s, const struct damon_fresh *f,
		       const struct damon_est_region *r, uint32_t q, const struct part *p)
{
	double uneven = excess_of(&r->space, 1.5, 3 * s->unevenness, 100);
	struct rate now = rate_of(s, f, r, p);
	double mean = now.hits / (r->end - r->start), each = now.weight / now.hits, k;

	if (p->from == p->to || uneven < worth_telling || r->end - r->start < 2 ||
	    !(now.weight > 0))
		return;
	k = 1 / uneven;
	for (size_t i = p->from, j; i < p->to; i = j) {
		double weight = 0, hits;

		j = end_of_page(f->hit, i, p->to);
		for (size_t h = i; h < j; h++)
			weight += f->hit[h].weight;
		hits = (weight / each + k) / (1 + k / mean);
		if (hits > 1.02 * mean)
			s->pages[s->nr_pages++] = (struct damon_page_now){
				.page = f->hit[i].page, .region = q, .nr = j - i, .hits = hits};
	}
}

/* Orders positive floats, in steps of an eighth: their exponent and first bits. */
static uint32_t step_of(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits >> 20;
}

/* Keeps the 'most' hottest, in their order. Among those of the step where it ends the first stay.
 */
static void choose_pages(struct damon_now *s, size_t most)
{
	uint32_t of_step[1 << 12] = {0}, least = ARRAY_SIZE(of_step);
	size_t room = most, nr = 0;

	if (s->nr_pages <= most)
		return;
	for (size_t i = 0; i < s->nr_pages; i++)
		of_step[step_of(s->pages[i].hits)]++;
	while (least && room >= of_step[least - 1])
		room -= of_step[--least];
	for (size_t i = 0; i < s->nr_pages; i++) {
		uint32_t step = step_of(s->pages[i].hits);

		if (step + 1 < least || (step < least && !room))
			continue;
		room -= step < least;
		s->pages[nr++] = s->pages[i];
	}
	s->nr_pages = nr;
}

/* A region while its parts are shown. */
struct showing {
	const struct damon_est_region *r;
	const struct damon_hit *window;
	uint64_t start; /* pages from here on are still to be shown, */
	size_t at;	/* and hits */
	uint32_t now;
	double worth; /* of ticks, as they are of unequal weight */
};

/* The next part, up to 'end': what its hits are of the region's. */
static struct damon_region next_shown(struct showing *w, uint64_t end)
{
	const struct damon_est_region *r = w->r;
	size_t last = r->at + r->nr;
	size_t at = end == r->end ? last : damon_hits_find(w->window, w->at, last, end);
	uint32_t nr = at - w->at;
	double part = r->nr ? (double)nr / r->nr : 0;
	struct damon_region x = {
		.start = w->start << DAMON_PAGE_SHIFT,
		.end = end << DAMON_PAGE_SHIFT,
		.nr_obs = nr,
		.nr_ticks = MIN(lround(ceil(r->ticks * part * w->worth)), (long)nr),
		.span_aggrs = damon_est_region_span(r, w->now),
		.age_aggrs = lroundf(r->age),
		.idle_aggrs = w->now - r->last_hit,
		.weight = r->weight * part,
		.store_weight = r->store_weight * part,
		.stall_weight = (r->stall_weight + r->pure_stall_weight) * (end - w->start) /
				(r->end - r->start),
		.evenness = r->evenness,
	};

	if (!nr) /* not since the epoch, at least */
		x.idle_aggrs = MAX(x.idle_aggrs, x.span_aggrs);
	w->start = end;
	w->at = at;
	return x;
}

/* Shows a region and its pages x[0, n). Returns in how many parts. */
static size_t show_region(const struct damon_fresh *f, const struct damon_est_region *r,
			  const struct rate *now, const struct damon_hit *window,
			  const struct damon_page_now *x, size_t n, struct damon_region *out)
{
	struct showing w = {
		.r = r,
		.window = window,
		.start = r->start,
		.at = r->at,
		.now = f->now,
		.worth =
			damon_exposure_worth(f->exposure, f->now, damon_est_region_span(r, f->now)),
	};
	double pages = (double)(r->end - r->start) - n, rest = 1;
	double each = now->hits > 0 ? now->weight / now->hits : 0;
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		rest -= x[i].hits / now->hits;
	rest = MAX(rest, .02);
	for (size_t i = 0; i <= n; i++) {
		uint64_t end = i < n ? x[i].page : r->end;

		if (w.start < end) {
			double part = rest * (end - w.start) / pages;
			out[m] = next_shown(&w, end);
			if (n || !now->is_mean) {
				out[m].now_ticks = now->ticks * part;
				out[m].now_weight = now->weight * part;
			}
			m++;
		}
		if (i < n) {
			out[m] = next_shown(&w, end + 1);
			out[m].now_ticks = x[i].nr;
			out[m].now_weight = x[i].hits * each;
			out[m++].evenness = 1;
		}
	}
	return m;
}

/* Where in the regions this aggregation's hits lie. */
static void show_fresh(const struct damon_fresh *f, struct damon_region *out, size_t nr_out)
{
	for (size_t i = 0, at = 0; i < nr_out && at < f->nr; i++) {
		uint64_t end = out[i].end >> DAMON_PAGE_SHIFT;

		while (at < f->nr && f->hit[at].page < out[i].start >> DAMON_PAGE_SHIFT)
			at++;
		if (at == f->nr || f->hit[at].page >= end)
			continue;
		out[i].hit_start = f->hit[at].page << DAMON_PAGE_SHIFT;
		while (at < f->nr && f->hit[at].page < end)
			out[i].hit_end = (f->hit[at++].page + 1) << DAMON_PAGE_SHIFT;
	}
}

size_t damon_now_show(struct damon_now *s, const struct damon_fresh *f, struct damon_est_region *r,
		      size_t nr, const struct damon_hit *window, size_t max,
		      struct damon_region *out)
{
	struct part p = {0};
	size_t nr_out = 0;

	s->nr_pages = 0;
	excess_fade(&s->space);
	for (size_t q = 0; q < nr; q++) {
		p = next_part(f, &r[q], p.to);
		watch_pages(s, f, &r[q], &p);
		find_pages(s, f, &r[q], q, &p);
	}
	s->unevenness = excess_of(&s->space, 2.5, 0, 1e-3);
	choose_pages(s, max > nr ? (max - nr) / 2 : 0);
	p = (struct part){0};
	for (size_t q = 0, x = 0, n; q < nr; q++, x += n) {
		struct rate now;

		p = next_part(f, &r[q], p.to);
		now = rate_of(s, f, &r[q], &p);
		for (n = 0; x + n < s->nr_pages && s->pages[x + n].region == q;)
			n++;
		nr_out += show_region(f, &r[q], &now, window, s->pages + x, n, out + nr_out);
	}
	show_fresh(f, out, nr_out);
	return nr_out;
}

void damon_now_show_checks(const struct damon_est_region *r, size_t nr, struct damon_region *out,
			   size_t nr_out)
{
	for (size_t i = 0, q = 0; i < nr_out && q < nr; i++) {
		uint64_t start = out[i].start >> DAMON_PAGE_SHIFT;
		uint64_t end = out[i].end >> DAMON_PAGE_SHIFT;

		while (q < nr && r[q].end <= start)
			q++;
		if (q == nr || (end - start == 1 && r[q].end - r[q].start > 1))
			continue;
		out[i].nr_checks = r[q].checks.nr;
		out[i].nr_touched = r[q].checks.touched;
	}
}
