/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "core/hit_window.h"
#include "core/region_split.h"
#include "core/stats.h"

enum { MIN_TICKS = 5 };	  /* less evidence cannot outweigh any penalty */
enum { STACK_SIZE = 64 }; /* pieces that wait to be looked at */

/* A region under the knife: n hits over [start, end), 'density' hits a page. */
struct slab {
	const struct damon_hit *h;
	size_t n;
	uint64_t start, end;
	double density;
	double log_ticks; /* of the distinct observations behind the hits: what penalties grow by */
	struct damon_tick_set *ticks;
};

/* Twice the log-likelihood gain of giving 'c' hits on 'pages' pages a rate of their own. */
static double gain(const struct slab *s, double c, double pages)
{
	double e = pages * s->density;

	return 2 * (damon_lr_term(c, e) + damon_lr_term(s->n - c, s->n - e));
}

/*
 * Keeps the better one of 'best' and the piece [from, to). Hits [i, i + c) speak for it; those of
 * one tick are one cluster, so the gain shrinks by ticks / hits before the penalty is taken off.
 */
static void offer(const struct slab *s, uint64_t from, uint64_t to, double score, double penalty,
		  size_t i, size_t c, struct damon_cut *best)
{
	if (score - penalty <= best->score || from >= to || (from == s->start && to == s->end))
		return;
	if (c)
		score *= (double)damon_tick_set_count(s->ticks, s->h + i, c) / c;
	if (score - penalty <= best->score)
		return;
	*best = (struct damon_cut){from, to, score - penalty};
}

/*
 * The best single cut, before or behind any hit. The screen is a chi-squared statistic, damped
 * where few are expected; only its winner pays for logarithms.
 */
static void best_single(const struct slab *s, struct damon_cut *best)
{
	double top = 0, n = s->n, d = s->density, penalty = 10 + 2 * s->log_ticks;
	uint64_t cut = s->start;
	size_t left = 0;

	for (size_t i = 0; i < s->n; i++) {
		double ea = (s->h[i].page - s->start) * d, eb = ea + d;
		double few = ea - i, many = i + 1 - eb;

		/* few^2 / (ea (1 - ea / n)), without a division for those that lose */
		if (few > 0 && few * few * n > top * ea * (n - ea)) {
			top = few * few * n / MAX(ea * (n - ea), 1e-9);
			cut = s->h[i].page;
			left = i;
		}
		/* many^2 / (eb (1 - eb / n)) / (1 + many / 3 eb) */
		if (many > 0 && 3 * n * many * many > top * (n - eb) * (3 * eb + many)) {
			top = 3 * n * many * many / MAX((n - eb) * (3 * eb + many), 1e-9);
			cut = s->h[i].page + 1;
			left = i + 1;
		}
	}
	if (top <= 0 || cut <= s->start || cut >= s->end)
		return;
	/* the denser side speaks */
	if (left > (cut - s->start) * d)
		offer(s, s->start, cut, gain(s, left, cut - s->start), penalty, 0, left, best);
	else
		offer(s, s->start, cut, gain(s, left, cut - s->start), penalty, left, s->n - left,
		      best);
}

/*
 * The densest window of 4, 16, 64, .. hits. It must hold twice what is expected: without that bound
 * a region so hot that all of its pages are hit would be cut up for ever.
 */
static void best_window(const struct slab *s, struct damon_cut *best)
{
	double pages = s->end - s->start, penalty = 16 + 4 * s->log_ticks;

	for (size_t j = 4; j <= s->n / 2; j *= 4) {
		uint64_t least = UINT64_MAX;
		size_t at = 0;

		/* not even if they were all on one page? */
		if (j < 2 * s->density || gain(s, j, 1) - penalty <= best->score)
			continue;
		for (size_t i = 0; i + j <= s->n; i++) {
			uint64_t width = s->h[i + j - 1].page - s->h[i].page;

			if (width < least) {
				least = width;
				at = i;
			}
		}
		if (least + 1 >= pages / 2 || j < 2 * (least + 1) * s->density)
			continue;
		offer(s, s->h[at].page, s->h[at].page + least + 1, gain(s, j, least + 1), penalty,
		      at, j, best);
	}
}

/* The longest stretch without a hit. */
static void best_gap(const struct slab *s, struct damon_cut *best)
{
	uint64_t from = s->start, gap_from = 0, gap_to = 0;

	for (size_t i = 0; i <= s->n; i++) {
		uint64_t to = i < s->n ? s->h[i].page : s->end;

		if (to > from && to - from > gap_to - gap_from) {
			gap_from = from;
			gap_to = to;
		}
		from = to + 1;
	}
	if (gap_to == gap_from)
		return;
	offer(s, gap_from, gap_to, gain(s, 0, gap_to - gap_from), 14 + 2 * s->log_ticks, 0, s->n,
	      best);
}

bool damon_region_best_cut(const struct damon_hit *h, size_t n, uint32_t nr_ticks, uint64_t start,
			   uint64_t end, struct damon_tick_set *ticks, struct damon_cut *out)
{
	struct slab s = {h, n, start, end, (double)n / (end - start), log(nr_ticks), ticks};
	struct damon_cut best = {0};

	if (nr_ticks < MIN_TICKS || end - start < 2)
		return false;
	best_single(&s, &best);
	best_window(&s, &best);
	best_gap(&s, &best);
	if (best.score <= 0)
		return false;
	*out = best;
	return true;
}

/* Pushes the part [start, end) of 'r', whose hits are [from, to); nothing if it is empty. */
static void push_piece(const struct damon_split *s, struct damon_est_region *stack, size_t *top,
		       const struct damon_est_region *r, uint64_t start, uint64_t end, size_t from,
		       size_t to)
{
	struct damon_est_region *piece = &stack[*top];

	if (start == end)
		return;
	*piece = *r;
	piece->start = start;
	piece->end = end;
	piece->at = from;
	piece->nr = to - from;
	piece->ticks = damon_tick_set_count(s->ticks, s->window + from, piece->nr);
	piece->ticks_known = true;
	piece->counted = false;
	piece->fresh = piece->nr; /* look at it at once */
	piece->checks =
		damon_check_sum_part(r->checks, (double)(end - start) / (r->end - r->start));
	piece->space = (struct damon_excess){0}; /* it is more even */
	damon_est_region_settle(piece);
	++*top;
}

/* Cuts 'r' in two or three, pushed with the leftmost on top, if that is worth it. */
static bool cut_up(const struct damon_split *s, const struct damon_est_region *r,
		   struct damon_est_region *stack, size_t *top)
{
	size_t end = r->at + r->nr, a, b;
	struct damon_cut cut;

	if (!damon_region_best_cut(s->window + r->at, r->nr, r->ticks, r->start, r->end, s->ticks,
				   &cut))
		return false;
	a = damon_hits_find(s->window, r->at, end, cut.from);
	b = damon_hits_find(s->window, a, end, cut.to);
	push_piece(s, stack, top, r, cut.to, r->end, b, end);
	push_piece(s, stack, top, r, cut.from, cut.to, a, b);
	push_piece(s, stack, top, r, r->start, cut.from, r->at, a);
	return true;
}

size_t damon_regions_split(const struct damon_split *s, const struct damon_est_region *in, size_t n,
			   struct damon_est_region *out)
{
	struct damon_est_region stack[STACK_SIZE];
	uint64_t budget = s->budget;
	size_t total = n, nr_out = 0, top = 0;

	for (size_t i = 0; i < n; i++) {
		stack[top++] = in[i];
		while (top) {
			struct damon_est_region r = stack[--top];
			size_t below = top;

			if (r.ticks >= MIN_TICKS && r.fresh >= (r.nr + 3) / 4 && r.nr <= budget &&
			    total + 2 <= s->max_regions && top + 3 <= STACK_SIZE) {
				budget -= r.nr;
				r.fresh = 0;
				if (cut_up(s, &r, stack, &top)) {
					total += top - below - 1;
					continue;
				}
			}
			out[nr_out++] = r;
		}
	}
	return nr_out;
}
