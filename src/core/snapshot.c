/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdbool.h>

#include "base/util.h"
#include "core/snapshot.h"
#include "core/stats.h"

static inline double pages_of(const struct damon_region *r)
{
	return r->end > r->start ? (double)((r->end - r->start) >> DAMON_PAGE_SHIFT) : 0;
}

static inline double span_of(const struct damon_region *r)
{
	return MAX(r->span_aggrs, 1u);
}

/* Weight per aggregation at present, and how many ticks speak for it. */
static inline double weight_now(const struct damon_region *r)
{
	return r->now_ticks > 0 ? r->now_weight : r->weight / span_of(r);
}

static inline double ticks_now(const struct damon_region *r)
{
	return r->now_ticks > 0 ? r->now_ticks : r->nr_ticks;
}

double damon_target_weight_rate(const struct damon_target_snapshot *t)
{
	double sum = 0;

	for (size_t i = 0; i < t->nr_regions; i++)
		sum += weight_now(&t->regions[i]);
	return sum;
}

/*
 * Weight of one hit of the target, for regions that have none: of this aggregation if it had any,
 * else over all regions, else 1.
 */
static double mean_hit_weight(const struct damon_target_snapshot *t, double total)
{
	double hits = MAX(t->wset[DAMON_WINDOW_AGGR].n, (double)t->nr_obs), weight = t->weight;

	if (hits > 0 && weight > 0)
		return weight / hits;
	if (!(total > 0))
		return 1;
	hits = weight = 0;
	for (size_t i = 0; i < t->nr_regions; i++) {
		hits += t->regions[i].nr_obs;
		weight += t->regions[i].weight;
	}
	return hits > 0 && weight > 0 ? weight / hits : 1;
}

/*
 * How far the border between touching 'a' and 'b' may be off: three times the distance of ticks in
 * the denser one. The border of an extent is exact.
 */
static inline double edge_pages(const struct damon_region *a, const struct damon_region *b)
{
	double pages_a = MAX(pages_of(a), 1.0), pages_b = MAX(pages_of(b), 1.0);

	if (a->end != b->start)
		return 0;
	if (a->nr_ticks * pages_b < b->nr_ticks * pages_a)
		return 3 * pages_b / b->nr_ticks;
	return a->nr_ticks ? 3 * pages_a / a->nr_ticks : INFINITY;
}

static inline uint64_t edge_bytes(const struct damon_target_snapshot *t, size_t i)
{
	const struct damon_region *r = &t->regions[i];
	double pages = pages_of(r), edge = 0;
	uint64_t whole;

	if (i > 0)
		edge = edge_pages(r - 1, r);
	if (i + 1 < t->nr_regions)
		edge = MAX(edge, edge_pages(r, r + 1));
	if (edge >= pages)
		return (uint64_t)pages * DAMON_PAGE_SIZE;
	whole = (uint64_t)edge;
	return (whole + (whole < edge)) * DAMON_PAGE_SIZE;
}

/* Weight per aggregation: the estimate and its bounds. */
struct weight_rate {
	double mid, lo, hi;
};

static struct weight_rate weight_rate(const struct damon_target_snapshot *t,
				      const struct damon_region *r, double total)
{
	double mid = weight_now(r), n = ticks_now(r), exposure;

	if (n > 0 && mid > 0)
		return (struct weight_rate){mid, mid * damon_poisson_lo(n) / n,
					    mid * damon_poisson_hi(n) / n};
	exposure = MAX(span_of(r), (double)r->idle_aggrs);
	return (struct weight_rate){0, 0,
				    damon_poisson_hi(0) * mean_hit_weight(t, total) / exposure};
}

void damon_region_derive(const struct damon_target_snapshot *t, size_t i,
			 const struct damon_view *v, double total, struct damon_region_rate *out)
{
	const struct damon_region *r = &t->regions[i];
	struct weight_rate w = weight_rate(t, r, total);
	double per_page_second = NS_PER_SEC / (MAX(pages_of(r), 1.0) * v->aggr_ns);
	double part = total > 0 ? 1 / total : 0;

	out->heat = w.mid * v->scale.accesses * per_page_second;
	out->lo = w.lo * v->scale.lo * per_page_second;
	out->hi = w.hi * v->scale.hi * per_page_second;
	out->share = MIN(w.mid * part, 1.0);
	out->share_lo = MIN(w.lo * part, 1.0);
	out->share_hi = total > 0 ? MIN(w.hi * part, 1.0) : 1;
	out->edge_bytes = edge_bytes(t, i);
}

/* Visits of a page in a sampling interval, if it gets 'heat' accesses a second. */
static double visits(const struct damon_target_snapshot *t, const struct damon_view *v, double heat)
{
	double rate = heat * v->sample_ns / NS_PER_SEC, more = MAX(t->clumping, 1.f) - 1;
	double burst = MAX(t->burst, 1.f);

	return rate / MAX(burst, 1 + more * damon_together(rate));
}

void damon_region_nr_accesses(const struct damon_target_snapshot *t, size_t i,
			      const struct damon_view *v, const struct damon_region_rate *rate,
			      struct damon_nr_accesses *out)
{
	double h = MAX(t->regions[i].evenness, 1.f);
	double most = (double)v->aggr_ns / v->sample_ns;

	out->nr = most * damon_touched(visits(t, v, rate->heat), h);
	out->lo = most * damon_touched(visits(t, v, rate->lo), h);
	out->hi = most * damon_touched(visits(t, v, rate->hi), h);
}

/* ---- working set ---- */

/* Chao's estimate of how many distinct pages there are at least, with its 95 % interval
 * (log-normal, Chao 1987). */
struct chao {
	double mid, lo, hi;
};

/*
 * 'cluster' is how many hits a tick brings to one region: neighbouring pages that are seen together
 * are one piece of evidence, so the counts are taken in clusters.
 */
static struct chao chao1(const struct damon_wset *c, double cluster)
{
	double f1 = c->f1 / cluster, f2 = c->f2 / cluster,
	       unseen = f1 * MAX(f1 - 1, 0.0) / (2 * (f2 + 1)), var, k;
	double r = f1 / MAX(f2, 1.0);

	if (!(unseen > 0))
		return (struct chao){c->d, c->d, c->d};
	if (f2 >= 1)
		var = f2 * (r * r / 2 + r * r * r + r * r * r * r / 4);
	else
		var = f1 * (f1 - 1) / 2 + f1 * (2 * f1 - 1) * (2 * f1 - 1) / 4 -
		      f1 * f1 * f1 * f1 / (4 * (c->d / cluster + unseen));
	k = exp(1.96 * sqrt(log1p(MAX(var, 0.0) / (unseen * unseen))));
	unseen *= cluster;
	return (struct chao){c->d + unseen, c->d + unseen / k, c->d + unseen * k};
}

/* Pages touched if the regions' rates hold. */
struct expected {
	double mapped;
	double cluster; /* hits of a tick in one region */
	double mid; /* each region has pages that are never touched, the others are equally hot */
	double hi;  /* its pages are of all degrees, and the rates are as high as they may be */
};

/*
 * How likely a region's rate still holds that had no hit for the last 'idle' of its 'span'
 * aggregations: at a constant rate all of its n hits came before with (1 - idle / span)^n, against
 * a fifth if it had ended at any time. What a program prepared once and never touched again would
 * else count until it leaves the window, as few hits stand for many accesses.
 */
static double still_holds(const struct damon_region *r)
{
	double ended = .2, u;

	if (!r->idle_aggrs || !r->nr_ticks)
		return 1;
	u = pow(MAX(1 - r->idle_aggrs / span_of(r), 0.0), r->nr_ticks);
	return u * (1 + ended) / (u + ended);
}

/*
 * Expected pages of window of 'aggrs' aggregations. A region's unevenness h is told by pairs only,
 * and two worlds explain it alike: one page in h is used (a sparse heap), or all are, by a
 * lognormal law. The first gives the estimate, the second the bound, to which is added what the
 * noise of rates and of borders may hide, as independent errors.
 */
static struct expected expected_pages(const struct damon_target_snapshot *t,
				      const struct damon_view *v, double aggrs)
{
	struct expected e = {0};
	double var = 0, before = 0, hits = 0, ticks = 0;

	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];
		double pages = MAX(pages_of(r), 1.0), n = r->nr_ticks, f, up, edge;
		double h = MAX((double)r->evenness, 1.0);
		double visits = r->weight / span_of(r) * aggrs / MAX(t->burst, 1.f) / pages;

		f = damon_touched(visits * v->scale.hi, h);
		e.mapped += pages;
		e.mid += pages * -expm1(-visits * v->scale.accesses * h) / h * still_holds(r);
		e.hi += pages * f;
		up = n > 0 ? f * (damon_poisson_hi(n) / n - 1) : 0;
		up = pages * MIN(up, 1 - f);
		edge = i > 0 ? edge_pages(r - 1, r) : 0;
		edge = MIN(edge, pages) * fabs(f - before);
		var += up * up + edge * edge;
		e.hi += edge / 3; /* a border is drawn at the outermost hit: a third of the band */
		before = f;
		hits += r->nr_obs;
		ticks += r->nr_ticks;
	}
	e.hi += sqrt(var);
	e.cluster = ticks > 0 ? MAX(hits / ticks, 1.0) : 1;
	return e;
}

/*
 * How much the counts alone are trusted: by Good and Turing's coverage, the share of visits that
 * went to pages seen before. Below nine tenths a hot minority may hide a majority that was hardly
 * seen, and Chao's bound is far too low.
 */
static double trust(const struct damon_wset *c)
{
	double coverage = c->n > 0 ? 1 - c->f1 / c->n : 0;

	return MIN(MAX((coverage - .9) / .09, 0.0), 1.0);
}

/*
 * Pages that are touched so seldom that no sample of this window showed them: the next longer one
 * had more time for them, and all that this window touched that one touched, too.
 */
static double longer_hi(const struct damon_target_snapshot *t, enum damon_window w, double cluster)
{
	if (w + 1 == DAMON_NR_WINDOWS || t->wset[w + 1].span_ns <= t->wset[w].span_ns)
		return 0;
	return chao1(&t->wset[w + 1], cluster).hi;
}

void damon_wset_derive(const struct damon_target_snapshot *t, enum damon_window w,
		       const struct damon_view *v, struct damon_wset_size *out)
{
	const struct damon_wset *c = &t->wset[w];
	double g = trust(c), aggrs = v->aggr_ns ? c->span_ns / v->aggr_ns : 1, mid, hi, mapped;
	struct expected e = expected_pages(t, v, aggrs);
	struct chao l = chao1(c, e.cluster);
	bool moved; /* more was seen than today's rates explain: they did not hold all the time */

	mapped = MAX(e.mapped, c->d); /* what was unmapped since had been mapped */
	l.mid = MIN(l.mid, mapped);
	l.lo = MIN(l.lo, l.mid);
	moved = l.lo > e.mid;
	mid = MIN(moved ? l.mid : e.mid, mapped);
	if (l.mid > 0)
		mid = exp(g * log(l.mid) + (1 - g) * log(mid));
	hi = moved || g > 0 ? MAX(e.hi, l.hi) : e.hi;
	if (g > 0)
		hi = MAX(hi, longer_hi(t, w, e.cluster));
	out->bytes = mid * DAMON_PAGE_SIZE;
	out->lo = MIN(l.lo, mid) * DAMON_PAGE_SIZE;
	out->hi = MAX(MIN(hi, mapped), mid) * DAMON_PAGE_SIZE;
}
