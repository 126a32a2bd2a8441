/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdbool.h>

#include "base/util.h"
#include "core/check.h"
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

/* Checks are all that is known. */
static inline bool only_checks(const struct damon_view *v)
{
	return !(v->scale.accesses > 0);
}

/* The share of sampling intervals in which a page was touched. */
static inline double checked_share(const struct damon_region *r)
{
	return r->nr_checks > 0 ? (double)r->nr_touched / r->nr_checks : 0;
}

static double checked_total(const struct damon_target_snapshot *t)
{
	double sum = 0;

	for (size_t i = 0; i < t->nr_regions; i++)
		sum += checked_share(&t->regions[i]) * pages_of(&t->regions[i]);
	return sum;
}

/* Weight of one hit: of this aggregation if it had any, else over all regions, else 1. */
static double mean_hit_weight(const struct damon_target_snapshot *t)
{
	double hits = MAX(t->wset[DAMON_WINDOW_AGGR].n, (double)t->nr_obs), weight = t->weight;

	if (hits > 0 && weight > 0)
		return weight / hits;
	hits = weight = 0;
	for (size_t i = 0; i < t->nr_regions; i++) {
		hits += t->regions[i].nr_obs;
		weight += t->regions[i].weight;
	}
	return hits > 0 && weight > 0 ? weight / hits : 1;
}

struct damon_target_sum damon_target_sum(const struct damon_target_snapshot *t,
					 const struct damon_view *v)
{
	return (struct damon_target_sum){
		.weight = only_checks(v) ? checked_total(t) : damon_target_weight_rate(t),
		.per_hit = mean_hit_weight(t),
	};
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

/*
 * The most that a region without hits may weigh by checks that found it idle, at a visit's usual
 * weight. Samples hardly tell anything of a small region; a few looks at its pages do.
 */
static double idle_hi(const struct damon_target_snapshot *t, const struct damon_region *r,
		      const struct damon_view *v)
{
	double lo, hi;

	if (r->nr_touched > 0 || !(r->nr_checks > 0) || !(t->visit_weight > 0) || !v->sample_ns)
		return INFINITY;
	damon_check_bounds((struct damon_check_sum){r->nr_checks, 0}, &lo, &hi);
	return hi / MAX(1 - hi, 1e-9) * pages_of(r) * t->visit_weight * v->aggr_ns / v->sample_ns;
}

static struct weight_rate weight_rate(const struct damon_target_snapshot *t,
				      const struct damon_region *r, const struct damon_view *v,
				      double per_hit)
{
	double mid = weight_now(r), n = ticks_now(r), exposure, hi;

	if (n > 0 && mid > 0)
		return (struct weight_rate){mid, mid * damon_poisson_lo(n) / n,
					    mid * damon_poisson_hi(n) / n};
	exposure = MAX(span_of(r), (double)r->idle_aggrs);
	hi = damon_poisson_hi(0) * per_hit / exposure;
	return (struct weight_rate){0, 0, MIN(hi, idle_hi(t, r, v))};
}

static void derive_checked(const struct damon_region *r, const struct damon_view *v, double total,
			   struct damon_region_rate *out)
{
	double f = checked_share(r), share = total > 0 ? MIN(f * pages_of(r) / total, 1.0) : 0;

	out->heat = v->sample_ns ? f * NS_PER_SEC / v->sample_ns : 0;
	out->lo = out->hi = out->heat;
	out->share = out->share_lo = out->share_hi = share;
	out->edge_bytes = 0;
}

void damon_region_derive(const struct damon_target_snapshot *t, size_t i,
			 const struct damon_view *v, const struct damon_target_sum *sum,
			 struct damon_region_rate *out)
{
	const struct damon_region *r = &t->regions[i];
	struct weight_rate w;
	double per_page_second = NS_PER_SEC / (MAX(pages_of(r), 1.0) * v->aggr_ns);
	double part = sum->weight > 0 ? 1 / sum->weight : 0;

	if (only_checks(v)) {
		derive_checked(r, v, sum->weight, out);
		return;
	}
	w = weight_rate(t, r, v, sum->per_hit);
	out->heat = w.mid * v->scale.accesses * per_page_second;
	out->lo = w.lo * v->scale.lo * per_page_second;
	out->hi = w.hi * v->scale.hi * per_page_second;
	out->share = MIN(w.mid * part, 1.0);
	out->share_lo = MIN(w.lo * part, 1.0);
	out->share_hi = sum->weight > 0 ? MIN(w.hi * part, 1.0) : 1;
	out->edge_bytes = edge_bytes(t, i);
}

/*
 * Visits of a page within 'sample_s', if it gets 'heat' accesses a second, 'scale' being what they
 * were scaled by: where checks tell a visit's weight, the scale falls out.
 */
static double visits(const struct damon_target_snapshot *t, double heat, double scale,
		     double sample_s)
{
	double rate = heat * sample_s, more = MAX(t->clumping, 1.f) - 1;
	double burst = MAX(t->burst, 1.f);

	if (t->visit_weight > 0 && scale > 0)
		return rate / scale / t->visit_weight;
	return rate / MAX(burst, 1 + more * damon_together(rate));
}

/*
 * Puts what checks of the region tell to what samples do, both of 1. Checks and samples err
 * independently of each other, so the nearer of two bounds errs in at most the sum of their 2.5 %.
 * Where they contradict each other, the samples' model of visits is wrong, and checks need none.
 */
static void weigh_checks(const struct damon_region *r, struct damon_nr_accesses *f)
{
	double lo, hi, n = r->nr_checks + damon_check_prior;

	if (!(r->nr_checks > 0))
		return;
	f->nr = (r->nr_touched + damon_check_prior * f->nr) / n;
	damon_check_bounds((struct damon_check_sum){r->nr_checks, r->nr_touched}, &lo, &hi);
	if (f->lo <= hi && f->hi >= lo) {
		lo = MAX(lo, f->lo);
		hi = MIN(hi, f->hi);
	}
	f->lo = MIN(lo, f->nr);
	f->hi = MAX(hi, f->nr);
}

/* What checks counted, as they did: no rounding but of one division. */
static void nr_checked(const struct damon_region *r, double most, struct damon_nr_accesses *out)
{
	struct damon_check_sum sum = {r->nr_checks, r->nr_touched};
	double lo, hi;

	damon_check_bounds(sum, &lo, &hi);
	out->nr = r->nr_checks > 0 ? most * r->nr_touched / r->nr_checks : 0;
	out->lo = MIN(most * lo, out->nr);
	out->hi = MAX(most * hi, out->nr);
}

void damon_region_nr_accesses(const struct damon_target_snapshot *t, size_t i,
			      const struct damon_view *v, const struct damon_region_rate *rate,
			      struct damon_nr_accesses *out)
{
	const struct damon_region *r = &t->regions[i];
	uint64_t sample_ns = v->tuned_ns ? v->tuned_ns : v->sample_ns;
	double sample_s = (double)sample_ns / (double)NS_PER_SEC;
	double h = MAX(r->evenness, 1.f);
	double most = (double)v->aggr_ns / v->sample_ns;
	struct damon_nr_accesses f;

	if (only_checks(v)) {
		nr_checked(r, most, out);
		return;
	}
	f.nr = damon_touched(visits(t, rate->heat, v->scale.accesses, sample_s), h);
	f.lo = damon_touched(visits(t, rate->lo, v->scale.lo, sample_s), h);
	f.hi = damon_touched(visits(t, rate->hi, v->scale.hi, sample_s), h);
	if (sample_ns == v->sample_ns) /* what one interval showed does not tell of another */
		weigh_checks(r, &f);
	out->nr = most * f.nr;
	out->lo = most * f.lo;
	out->hi = most * f.hi;
}

/* ---- working set ---- */

/* Chao's estimate of how many distinct pages there are at least, and its lower 95 % limit
 * (log-normal, Chao 1987). */
struct chao {
	double mid, lo;
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
		return (struct chao){c->d, c->d};
	if (f2 >= 1)
		var = f2 * (r * r / 2 + r * r * r + r * r * r * r / 4);
	else
		var = f1 * (f1 - 1) / 2 + f1 * (2 * f1 - 1) * (2 * f1 - 1) / 4 -
		      f1 * f1 * f1 * f1 / (4 * (c->d / cluster + unseen));
	k = exp(1.96 * sqrt(log1p(MAX(var, 0.0) / (unseen * unseen))));
	unseen *= cluster;
	return (struct chao){c->d + unseen, c->d + unseen / k};
}

/* What a window's counts say by themselves. */
struct counted {
	struct chao chao;
	double mid, hi; /* pages at the effort of all visits instead of the observed ones */
	double most;	/* the estimate's own limit */
	double trust;	/* 0..1: whether what was seen tells of what was not */
};

/* Pages touched if the regions' rates hold. */
struct expected {
	double mapped;
	double cluster; /* hits of a tick in one region */
	double visits;	/* of a page, that a hit stands for; >= 1 */
	double span;	/* aggregations that the oldest rates rest on, */
	double age;	/* and for how long any has held */
	double mid; /* each region has pages that are never touched, the others are equally hot */
	double hi;  /* as many pages as there are visits, and the rates as high as they may be */
	double sure, sure_hi; /* the parts of both that many ticks speak for, */
	double sure_seen;     /* and the pages of it that should have been seen */
	double hits;	      /* in the window */
	double left;	      /* pages of regions hit in the window, which have no hits now */
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

/* Sums over all regions: what the window does not matter for. */
static struct expected expected_of(const struct damon_target_snapshot *t,
				   const struct damon_view *v)
{
	struct expected e = {.cluster = 1, .visits = 1};
	double hits = 0, ticks = 0, weight = 0;

	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];

		e.mapped += MAX(pages_of(r), 1.0);
		e.span = MAX(e.span, span_of(r));
		e.age = r->nr_ticks ? MAX(e.age, (double)r->age_aggrs) : e.age;
		hits += r->nr_obs;
		ticks += r->nr_ticks;
		weight += r->weight;
	}
	if (ticks > 0) {
		double burst = MAX(t->burst, 1.f);

		e.cluster = MAX(hits / ticks, 1.0);
		e.visits = MAX(weight / hits * v->scale.accesses / burst, 1.0);
	}
	return e;
}

/*
 * The regions that touch each other from 'first' on, as if they were one: the largest gap, in pages
 * and aggregations, that chance leaves between the places of m ticks is 3 + ln m mean distances, of
 * the seldom used pages, which see one h-th of the hits.
 */
static double longest_gap(const struct damon_target_snapshot *t, size_t first)
{
	double ticks = 0, rate = 0, pages = 0;

	for (size_t i = first; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];

		if (i > first && r->start != r[-1].end)
			break;
		ticks += r->nr_ticks;
		rate += r->nr_ticks / span_of(r);
		pages += MAX(pages_of(r), 1.0) * MAX((double)r->evenness, 1.0);
	}
	return rate > 0 ? (3 + log(ticks)) * pages / rate : 0;
}

/*
 * Hits that a window of 'aggrs' has of a region, and its pages if it had all of them before. Spans
 * end with the history as well as with a change of rate: what is as old as any span did not change,
 * unless no region is as old as the window.
 */
static void expect_hits(const struct damon_region *r, double aggrs, struct expected *e)
{
	double span = span_of(r), oldest = e->age < aggrs ? aggrs : .8 * e->span;
	bool changed = span < MIN(aggrs, oldest);

	e->hits += r->nr_obs * (changed ? 1 : aggrs / span);
	if (changed && !r->nr_obs && r->idle_aggrs < aggrs)
		e->left += MAX(pages_of(r), 1.0);
}

/* Pages of a region that as many hits should have shown as it has in 'aggrs' aggregations. */
static double seen_pages(const struct damon_region *r, double aggrs)
{
	double used = MAX(pages_of(r), 1.0) / MAX((double)r->evenness, 1.0);

	return used * -expm1(-aggrs * r->nr_obs / (span_of(r) * used));
}

/*
 * Expected pages of a window of 'aggrs' aggregations. A region's unevenness h is told by pairs
 * only, and many worlds explain it alike. One page in h is used (a sparse heap): the estimate. As
 * many as there are visits: the bound, to which is added what the noise of rates and of borders may
 * hide, as independent errors.
 */
static struct expected expected_pages(const struct damon_target_snapshot *t,
				      const struct damon_view *v, double aggrs)
{
	static const double many_ticks = 30;
	struct expected e = expected_of(t, v);
	double var = 0, before = 0, gap = 0;

	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];
		double pages = MAX(pages_of(r), 1.0), n = r->nr_ticks, mid, most, up, edge;
		double h = MAX((double)r->evenness, 1.0), sure = MIN(n / many_ticks, 1.0);
		double visits = r->weight / span_of(r) * aggrs / MAX(t->burst, 1.f) / pages;

		mid = pages * -expm1(-visits * v->scale.accesses * h) / h * still_holds(r);
		most = MIN(visits * v->scale.hi, 1.0);
		e.mid += mid;
		e.sure += sure * mid;
		e.sure_seen += sure * seen_pages(r, aggrs);
		if (!i || r->start != r[-1].end)
			gap = longest_gap(t, i);
		if (!r->nr_ticks && pages * MAX(span_of(r), r->idle_aggrs) < gap)
			most = 1; /* too small to be told from those about it */
		e.hi += pages * most;
		e.sure_hi += sure * pages * most;
		up = n > 0 ? most * (damon_poisson_hi(n) / n - 1) : 0;
		up = pages * MIN(up, 1 - most);
		edge = i > 0 ? edge_pages(r - 1, r) : 0;
		edge = MIN(edge, pages) * fabs(most - before);
		var += up * up + edge * edge;
		e.hi += edge / 3; /* a border is drawn at the outermost hit: a third of the band */
		before = most;
		expect_hits(r, aggrs, &e);
	}
	e.hi += sqrt(var);
	return e;
}

static double ramp(double x, double from, double to)
{
	return MIN(MAX((x - from) / (to - from), 0.0), 1.0);
}

/*
 * Pages not yet seen that 'folds' times e as many observations would show: f1 more per fold of
 * effort (Good and Toulmin 1956), where f1 itself grows by a part of it per fold, which is
 * 1 - 2 f2/f1 now.
 */
static double unseen(double f1, double grows, double folds)
{
	return fabs(grows) < 1e-6 ? f1 * folds : f1 * expm1(grows * folds) / grows;
}

/*
 * The counts, extrapolated from the hits to all visits: a hit stands for e.visits of them. If pages
 * were spread evenly over all rates down to one visit in the window, each fold of the effort would
 * bring f1 more: the bound. In programs there are fewer of the rarest: the estimate goes two fifths
 * of the way, fitted to six programs (docs/ESTIMATOR.md).
 *
 * Good and Turing's coverage 1 - f1/n is the share of visits that went to pages seen before, and
 * 2 f2/f1 the mean hits of pages like those that were seen once (Chao 1984). Where either is low,
 * a hot minority may hide a majority that was hardly seen, and counts are not to be trusted.
 */
static struct counted counted_pages(const struct damon_wset *c, const struct expected *e,
				    const struct damon_scale *scale)
{
	double k = e->cluster, folds = log(e->visits), once = c->f1 + 2 * sqrt(c->f1 * k) + 2 * k;
	double grows = (c->f1 - 2 * c->f2) / (c->f1 + 2);
	double wider = scale->accesses > 0 ? MAX(scale->hi / scale->accesses, 1.0) : 1;
	struct counted x = {.chao = chao1(c, k)};

	x.hi = c->d + once * (folds + log(wider));
	x.mid = c->d + unseen(c->f1, MIN(grows, .25), .4 * folds);
	x.most = c->d + unseen(c->f1, MIN(grows + .25, 0.0), folds);
	if (c->n > 0)
		x.trust = ramp(1 - c->f1 / c->n, .7, .9) *
			  ramp(2 * (c->f2 + 2 * k) / (c->f1 + 4 * k), .3, .6);
	return x;
}

/* x^(1 - g) y^g */
static double between(double x, double y, double g)
{
	double least = 1e-9;

	return exp((1 - g) * log(MAX(x, least)) + g * log(MAX(y, least)));
}

/*
 * What the pages of a change of phase add to an estimate from today's rates: if hits of the window
 * are left that these do not explain, another part as large as today's, as far as there are pages
 * that were hit before.
 */
static double left_pages(const struct damon_wset *c, const struct expected *e)
{
	double left = MAX(c->n - e->hits, 0.0), noise = 2 * sqrt(c->n * e->cluster) + e->cluster;

	return MIN(e->left, e->mid) * left / (left + noise);
}

void damon_wset_derive(const struct damon_target_snapshot *t, enum damon_window w,
		       const struct damon_view *v, struct damon_wset_size *out)
{
	const struct damon_wset *c = &t->wset[w];
	double aggrs = v->aggr_ns ? c->span_ns / v->aggr_ns : 1;
	struct expected e = expected_pages(t, v, aggrs);
	struct counted k = counted_pages(c, &e, &v->scale);
	double mapped = MAX(e.mapped, c->d); /* what was unmapped since had been mapped */
	double regions = e.mid + left_pages(c, &e), regions_hi = e.hi + e.left;
	double mid, hi, lo, sure;
	/* The longer the history beside the window, the more the regions know that it does not. */
	double more = e.span / (e.span + aggrs), much_more = e.span / (e.span + 20 * aggrs);

	mid = between(k.mid, MIN(MAX(e.mid, c->d), k.most), .6 * more);
	hi = between(k.hi, MAX(k.hi, regions_hi), much_more);
	/* More pages than seen, and no doubt about them, unless more should have been seen. */
	sure = ramp(c->d / MAX(e.sure_seen, 1e-9), .5, 1);
	if (e.sure * sure > mid) {
		mid = e.sure * sure;
		hi = MAX(hi, regions_hi);
	}
	if (k.chao.lo > regions) { /* more was seen than today's rates explain */
		regions = MAX(k.chao.mid, k.mid);
		regions_hi = mapped;
	}
	mid = MIN(MAX(between(regions, mid, k.trust), c->d), mapped);
	hi = between(k.trust > 0 ? MAX(regions_hi, k.hi) : regions_hi, MAX(hi, e.sure_hi * sure),
		     k.trust);
	/* Few visits come at random moments where nearly all pages were seen before: pages that are
	 * read through are hit in turn, not by chance, and none may be missing. */
	lo = c->d;
	if (c->n > 0)
		lo += (k.chao.lo - c->d) * c->f1 / c->n;
	out->bytes = mid * DAMON_PAGE_SIZE;
	out->lo = MIN(lo, mid) * DAMON_PAGE_SIZE;
	out->hi = MAX(MIN(hi, mapped), mid) * DAMON_PAGE_SIZE;
}
