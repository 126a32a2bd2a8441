/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "base/util.h"
#include "core/region_merge.h"
#include "core/stats.h"

enum { MAX_PASSES = 8 };	    /* one or two are enough, nearly always */
enum { STEPS = 8, MAX_STEP = 160 }; /* thresholds to choose from: STEPS to a factor of 2 */
enum { MAX_STEPS = 64 };	    /* hits that a border may move over at a time */
static const double give_up = -12;  /* log-likelihood lost on the way to a better place */

/*
 * Regions of different history do not describe one thing: counts since different epochs cannot be
 * added without bias, and a long idle time is evidence that a short one would wipe out. Such
 * neighbours wait until their histories have grown alike, or regions are short.
 */
static bool histories_differ(const struct damon_est_region *a, const struct damon_est_region *b,
			     uint32_t now)
{
	double pages_a = a->end - a->start, pages_b = b->end - b->start;
	uint32_t x, y;

	if (MIN(pages_a, pages_b) * 8 < MAX(pages_a, pages_b) && (a->nr || b->nr))
		return false; /* the small one hardly counts */
	if (!a->nr && !b->nr) {
		x = now - a->last_hit;
		y = now - b->last_hit;
		return MAX(x, y) > 2 * MIN(x, y) + 8;
	}
	x = damon_est_region_span(a, now);
	y = damon_est_region_span(b, now);
	return 4 * MAX(x, y) > 5 * MIN(x, y) + 4;
}

/* How much speaks for two rates. Hits of one tick are one cluster. */
static double difference(const struct damon_est_region *a, const struct damon_est_region *b,
			 uint32_t now)
{
	uint32_t hits = a->nr + b->nr, ticks = a->ticks + b->ticks;

	if (!hits)
		return 0;
	return damon_lr2(a->nr, damon_est_region_exposure(a, now), b->nr,
			 damon_est_region_exposure(b, now)) *
	       MIN(ticks, hits) / hits;
}

/*
 * Is their difference at least 'limit'? Two bounds of the likelihood ratio G spare most logarithms:
 * with N hits of which one region has 'off' more than expected, G >= 4 off^2 / N (Pinsker), and as
 * ln x <= x - 1, G is at most twice the chi-squared statistic.
 */
static bool differ(const struct damon_est_region *a, const struct damon_est_region *b, double limit,
		   uint32_t now)
{
	double wa = damon_est_region_exposure(a, now), wb = damon_est_region_exposure(b, now);
	uint32_t hits = a->nr + b->nr, ticks = MIN(a->ticks + b->ticks, hits);
	double n = hits, ea = n * wa / (wa + wb), off = a->nr - ea;

	if (!hits)
		return limit <= 0;
	limit *= n / ticks;
	if (4 * off * off >= limit * n * 1.000001) /* rounding is left to the exact test */
		return true;
	if (2 * off * off * n < limit * ea * (n - ea) * .999999)
		return false;
	return damon_lr2(a->nr, wa, b->nr, wb) >= limit;
}

static bool touch(const struct damon_est_region *a, const struct damon_est_region *b)
{
	return a->extent == b->extent && a->end == b->start;
}

/* Joins 'b' to 'a'. */
static void join(struct damon_est_region *a, const struct damon_est_region *b)
{
	double pages_a = a->end - a->start, pages_b = b->end - b->start;

	a->age = (a->age * pages_a + b->age * pages_b) / (pages_a + pages_b);
	/* the epoch of the larger one, unless both count: then the later, which is unbiased */
	if (MIN(pages_a, pages_b) * 8 >= MAX(pages_a, pages_b) ? b->epoch > a->epoch
							       : pages_b > pages_a) {
		a->epoch = b->epoch;
		a->excess = b->excess;
	}
	damon_excess_join(&a->time, &b->time, pages_b / (pages_a + pages_b));
	damon_excess_join(&a->space, &b->space, pages_b / (pages_a + pages_b));
	a->last_hit = MAX(a->last_hit, b->last_hit);
	a->checks = damon_check_sum_join(a->checks, pages_a, b->checks, pages_b);
	a->taken += b->taken;
	a->taken_hit = MAX(a->taken_hit, b->taken_hit);
	a->end = b->end;
	a->nr += b->nr;
	a->ticks += b->ticks;
	a->ticks_known = a->counted = false;
	a->fresh = a->nr;
}

/* Joins neighbours that differ by less than 'limit', at most 'max_joins' of them. */
static size_t merge_pass(struct damon_est_region *r, size_t n, double limit, bool heed_history,
			 size_t max_joins, uint32_t now)
{
	size_t m = 0, joins = 0;

	for (size_t i = 1; i < n; i++) {
		if (joins < max_joins && touch(&r[m], &r[i]) && !differ(&r[m], &r[i], limit, now) &&
		    !(heed_history && histories_differ(&r[m], &r[i], now))) {
			join(&r[m], &r[i]);
			joins++;
		} else {
			r[++m] = r[i];
		}
	}
	return m + 1;
}

static int step_of(double difference, double threshold)
{
	double step = difference > threshold ? STEPS * log2(difference / threshold) : 0;

	return MIN(step, (double)MAX_STEP);
}

/* The least threshold that lets at least 'wanted' pairs merge, or all that touch. */
static double raise_threshold(const struct damon_est_region *r, size_t n, double threshold,
			      size_t wanted, uint32_t now)
{
	size_t pairs[MAX_STEP + 1] = {0}, sum = 0;
	int step = 0;

	for (size_t i = 1; i < n; i++)
		if (touch(&r[i - 1], &r[i]))
			pairs[step_of(difference(&r[i - 1], &r[i], now), threshold)]++;
	for (; step < MAX_STEP && sum + pairs[step] < wanted; step++)
		sum += pairs[step];
	return threshold * exp2((step + 1.) / STEPS);
}

size_t damon_regions_merge(struct damon_est_region *r, size_t n, double threshold, size_t target,
			   uint32_t now)
{
	if (!n)
		return 0;
	n = merge_pass(r, n, threshold, true, n, now);
	for (int pass = 0; n > target && pass < MAX_PASSES; pass++) {
		double limit = raise_threshold(r, n, threshold, n - target, now);

		n = merge_pass(r, n, limit, false, n - target, now);
	}
	return n;
}

/* A border between two regions, and the walk that looks for a better place. */
struct border {
	const struct damon_hit *window;
	const struct damon_est_region *a, *b;
	size_t at;	       /* first hit of 'b' */
	double log_ratio;      /* of the denser rate to the other */
	double diff_a, diff_b; /* difference of the rates over a's and b's span: hits per page */
	double best;
	uint64_t cut;
	size_t cut_at;
};

static void propose(struct border *w, double v, uint64_t cut, size_t at)
{
	if (v <= w->best || cut <= w->a->start || cut >= w->b->end)
		return;
	w->best = v;
	w->cut = cut;
	w->cut_at = at;
}

/* The left region is denser: takes hits of the right one in, up to behind each of them. */
static void grow_right(struct border *w)
{
	size_t end = w->b->at + w->b->nr;

	for (size_t z = w->at; z < end && z - w->at < MAX_STEPS; z++) {
		uint64_t cut = w->window[z].page + 1;
		double v = (z - w->at + 1) * w->log_ratio - w->diff_b * (cut - w->b->start);

		propose(w, v, cut, z + 1);
		if (v < give_up)
			break;
	}
}

/* The left region is denser: gives up empty pages, and hits, at its end. */
static void shrink_left(struct border *w)
{
	size_t begin = w->a->at;

	for (size_t z = w->at, k = 0; k < MAX_STEPS; k++) {
		uint64_t cut = z > begin ? w->window[z - 1].page + 1 : w->a->start + 1;
		double v = w->diff_a * (w->a->end - cut) - (w->at - z) * w->log_ratio;

		propose(w, v, cut, z);
		if (z == begin || v < give_up)
			break;
		z--;
	}
}

/* The right region is denser: takes hits of the left one in. */
static void grow_left(struct border *w)
{
	size_t begin = w->a->at;

	for (size_t z = w->at; z > begin && w->at - z < MAX_STEPS; z--) {
		uint64_t cut = w->window[z - 1].page;
		double v = (w->at - z + 1) * w->log_ratio - w->diff_a * (w->a->end - cut);

		propose(w, v, cut, z - 1);
		if (v < give_up)
			break;
	}
}

/* The right region is denser: gives up empty pages, and hits, at its start. */
static void shrink_right(struct border *w)
{
	size_t end = w->b->at + w->b->nr;

	for (size_t z = w->at, k = 0; k < MAX_STEPS; k++) {
		uint64_t cut = z < end ? w->window[z].page : w->b->end - 1;
		double v = w->diff_b * ((double)cut - w->b->start) - (z - w->at) * w->log_ratio;

		propose(w, v, cut, z);
		if (z == end || v < give_up)
			break;
		z++;
	}
}

/* 'r' takes over 'pages' from 'from', or gives them up. */
static void take_pages(struct damon_est_region *r, const struct damon_est_region *from,
		       double pages)
{
	r->taken = MAX(r->taken + pages, 0.0);
	if (pages > 0)
		r->taken_hit = MAX(r->taken_hit, from->epoch - 1);
	damon_est_region_settle(r);
}

/* 'pages' go from one region to the other, with what is known of them. */
static void move_checks(struct damon_est_region *from, struct damon_est_region *to, double pages)
{
	double all = from->end - from->start;
	struct damon_check_sum moved = damon_check_sum_part(from->checks, pages / all);

	from->checks = damon_check_sum_part(from->checks, 1 - pages / all);
	to->checks = damon_check_sum_join(to->checks, to->end - to->start, moved, pages);
}

/* Moves the border between touching 'a' and 'b' to where the two rates explain the hits best. */
static void refine(struct damon_est_region *a, struct damon_est_region *b,
		   const struct damon_hit *window, uint32_t now)
{
	double span_a = damon_est_region_span(a, now) * (1 + a->excess);
	double span_b = damon_est_region_span(b, now) * (1 + b->excess);
	double rate_a = (a->nr + .1) / ((a->end - a->start) * span_a);
	double rate_b = (b->nr + .1) / ((b->end - b->start) * span_b);
	struct border w = {.window = window,
			   .a = a,
			   .b = b,
			   .at = b->at,
			   .log_ratio = fabs(log(rate_a / rate_b)),
			   .diff_a = fabs(rate_a - rate_b) * span_a,
			   .diff_b = fabs(rate_a - rate_b) * span_b};
	double moved;

	if (rate_a > rate_b) {
		grow_right(&w);
		if (w.best <= 0)
			shrink_left(&w);
	} else {
		grow_left(&w);
		if (w.best <= 0)
			shrink_right(&w);
	}
	if (w.best <= 0)
		return;
	/* hits of one page stay together, even where the walk ended amid them */
	while (w.cut_at < b->at + b->nr && window[w.cut_at].page < w.cut)
		w.cut_at++;
	while (w.cut_at > a->at && window[w.cut_at - 1].page >= w.cut)
		w.cut_at--;
	moved = (double)w.cut - b->start;
	if (moved > 0)
		move_checks(b, a, moved);
	else
		move_checks(a, b, -moved);
	if (w.cut_at != b->at) {
		a->ticks_known = b->ticks_known = false;
		a->counted = b->counted = false;
	}
	b->nr = b->at + b->nr - w.cut_at;
	b->at = w.cut_at;
	b->start = w.cut;
	a->nr = w.cut_at - a->at;
	a->end = w.cut;
	take_pages(a, b, moved);
	take_pages(b, a, -moved);
}

void damon_regions_refine(struct damon_est_region *r, size_t n, const struct damon_hit *window,
			  double threshold, uint32_t now)
{
	for (size_t i = 0; i + 1 < n; i++)
		if (touch(&r[i], &r[i + 1]) && differ(&r[i], &r[i + 1], threshold, now))
			refine(&r[i], &r[i + 1], window, now);
}
