/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hot sets against worlds whose rates are known: drawn counts, and how often the truth is within.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/snapshot.h"
#include "core/stats.h"

#define MAX_REGIONS 400
#define WORLDS	    200

/* A Poisson variate: by gaps for small means, else by the normal distribution. */
static double poisson(struct rng *rng, double mean)
{
	double n = 0, sum = 0;

	if (mean > 200) {
		for (int i = 0; i < 12; i++)
			sum += rng_unit(rng);
		return fmax(rint(mean + (sum - 6) * sqrt(mean)), 0);
	}
	while ((sum -= log(1 - rng_unit(rng))) < mean)
		n++;
	return n;
}

struct truth_page {
	double rate, pages;
};

static int hotter(const void *a, const void *b)
{
	const struct truth_page *x = a, *y = b;

	return (x->rate < y->rate) - (x->rate > y->rate);
}

/* Bytes of the hottest pages with 'part' of the accesses. */
static double true_size(struct truth_page *p, size_t n, double part)
{
	double all = 0, sum = 0, pages = 0;

	for (size_t i = 0; i < n; i++)
		all += p[i].rate * p[i].pages;
	qsort(p, n, sizeof(*p), hotter);
	for (size_t i = 0; i < n && sum < part * all; i++) {
		double more = fmin(p[i].pages, (part * all - sum) / p[i].rate);

		pages += more;
		sum += more * p[i].rate;
	}
	return pages * DAMON_PAGE_SIZE;
}

struct world {
	const char *name;
	size_t regions;
	double pages, falls; /* of a region; its rate against that of the one before */
	double ticks;	     /* expected in all */
	double least;	     /* coverage */
};

/* One drawing. Returns the error as a factor, and whether the truth is within. */
static double draw(const struct world *w, struct rng *rng, bool *within, double *width)
{
	static struct damon_region r[MAX_REGIONS];
	static struct truth_page p[MAX_REGIONS];
	struct damon_target_snapshot t = {.burst = 1, .clumping = 1, .regions = r};
	struct damon_hot_set_size got;
	double all = 0, truth;
	uint64_t at = 1 << 20;

	for (size_t i = 0; i < w->regions; i++) {
		p[i] = (struct truth_page){pow(w->falls, i), w->pages};
		all += p[i].rate * w->pages;
	}
	for (size_t i = 0; i < w->regions; i++) {
		double n = poisson(rng, w->ticks * p[i].rate * w->pages / all);

		r[i] = (struct damon_region){.start = at,
					     .nr_obs = (uint32_t)n,
					     .nr_ticks = (uint32_t)n,
					     .span_aggrs = 100,
					     .idle_aggrs = n > 0 ? 0 : 100,
					     .weight = (float)n,
					     .evenness = 1};
		r[i].end = at += (uint64_t)w->pages << DAMON_PAGE_SHIFT;
	}
	t.nr_regions = w->regions;
	truth = true_size(p, w->regions, .9);
	cr_assert_eq(damon_hot_set_derive(&t, .9, &got), 0);
	cr_assert(got.lo <= got.bytes && got.bytes <= got.hi);
	*within = got.lo <= truth && truth <= got.hi;
	*width = got.hi / got.lo;
	return got.bytes / truth;
}

/* One page in eight of a region is used. Pairs of hits tell that pages differ, not how: the bounds
 * hold, and the estimate is well below that of a region that is used evenly. */
Test(hot_set, pages_that_are_not_used_are_allowed_for)
{
	struct damon_region r = {.start = 1 << 20,
				 .end = (1 << 20) + (800 << DAMON_PAGE_SHIFT),
				 .nr_obs = 2000,
				 .nr_ticks = 2000,
				 .span_aggrs = 100,
				 .weight = 2000,
				 .evenness = 7.6f};
	struct damon_target_snapshot t = {
		.burst = 1, .clumping = 1, .regions = &r, .nr_regions = 1, .nr_obs = 20};
	struct damon_hot_set_size got;
	double truth = 90 * DAMON_PAGE_SIZE;

	cr_assert_eq(damon_hot_set_derive(&t, .9, &got), 0);
	cr_expect(got.lo <= truth && truth <= got.hi, "[%g, %g]", got.lo, got.hi);
	cr_expect(got.bytes < .6 * 8 * truth && got.lo > .8 * truth, "%g, %g", got.bytes, got.lo);
}

Test(hot_set, strange_targets_do_no_harm)
{
	struct damon_region none = {.start = 4096, .end = 8 * 4096, .span_aggrs = 10},
			    one = {.start = 4096,
				   .end = 8192,
				   .nr_obs = 1,
				   .nr_ticks = 1,
				   .span_aggrs = 1,
				   .weight = 1,
				   .evenness = 1};
	static const struct {
		const char *name;
		size_t nr;
		double part, bytes, lo, hi; /* bytes < 0: whatever */
		bool hit;
	} rows[] = {
		{"no regions", 0, .9, 0, 0, 0, false},
		{"no hits", 1, .9, 0, 0, 7 * 4096, false},
		{"one hit", 1, .9, .9 * 4096, 0, 4096, true},
		{"everything", 1, 1, -1, 0, 4096, true},
		{"nothing", 1, 0, -1, 0, 4096, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_target_snapshot t = {.burst = 1, .clumping = 1};
		struct damon_hot_set_size got;

		t.regions = rows[i].hit ? &one : &none;
		t.nr_regions = rows[i].nr;
		cr_assert_eq(damon_hot_set_derive(&t, rows[i].part, &got), 0);
		cr_expect(got.lo >= rows[i].lo && got.lo <= got.bytes && got.bytes <= got.hi &&
				  got.hi <= rows[i].hi,
			  "%s: %g [%g, %g]", rows[i].name, got.bytes, got.lo, got.hi);
		cr_expect(rows[i].bytes < 0 || fabs(got.bytes - rows[i].bytes) < 500, "%s: %g",
			  rows[i].name, got.bytes);
	}
}

/* A tick that hits many regions is one piece of evidence, not many. */
Test(hot_set, ticks_in_many_regions_are_one_piece_of_evidence)
{
	struct damon_region r[40];
	struct damon_target_snapshot t = {.burst = 16, .regions = r, .nr_regions = 40};
	struct damon_hot_set_size alone, together;

	for (size_t i = 0; i < 40; i++)
		r[i] = (struct damon_region){.start = (i + 1) << 20,
					     .end = ((i + 1) << 20) + (64 << DAMON_PAGE_SHIFT),
					     .nr_obs = 100 - 2 * (uint32_t)i,
					     .nr_ticks = 100 - 2 * (uint32_t)i,
					     .span_aggrs = 100,
					     .weight = 100 - 2.f * i,
					     .evenness = 1};
	t.nr_obs = 25;
	t.wset[0].n = 25;
	cr_assert_eq(damon_hot_set_derive(&t, .9, &alone), 0);
	t.wset[0].n = 25 * 12;
	cr_assert_eq(damon_hot_set_derive(&t, .9, &together), 0);
	cr_expect_float_eq(alone.bytes, together.bytes, .02 * alone.bytes);
	cr_expect(together.hi > alone.hi && together.lo < alone.lo, "[%g, %g] [%g, %g]", alone.lo,
		  alone.hi, together.lo, together.hi);
}

Test(hot_set, the_truth_is_within_its_bounds)
{
	static const struct world worlds[] = {
		{"all alike, few ticks", 20, 100, 1, 200, .93},
		{"all alike, many ticks", 20, 100, 1, 20000, .93},
		{"more regions than ticks tell", 300, 10, 1, 1000, .93},
		{"falling slowly", 100, 50, .97, 1000, .93},
		{"falling fast", 50, 50, .7, 1000, .93},
		{"falling fast, few ticks", 50, 50, .7, 60, .93},
		{"two of them", 2, 1000, .05, 300, .93},
	};

	for (size_t i = 0; i < ARRAY_SIZE(worlds); i++) {
		double inside = 0, off = 0, wide = 0;
		struct rng rng;

		rng_seed(&rng, i);
		for (int k = 0; k < WORLDS; k++) {
			bool within;
			double width;

			off += fabs(log(draw(&worlds[i], &rng, &within, &width)));
			inside += within;
			wide += log(width);
		}
		if (getenv("HOT_SET_SHOW"))
			printf("%-30s inside %.3f error %.3f width %.2f\n", worlds[i].name,
			       inside / WORLDS, exp(off / WORLDS) - 1, exp(wide / WORLDS));
		cr_expect(inside / WORLDS >= worlds[i].least, "%s: %g", worlds[i].name,
			  inside / WORLDS);
	}
}
