/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <math.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/snapshot.h"
#include "core/stats.h"

static const struct damon_view plain = {5 * NS_PER_MS, 100 * NS_PER_MS, {1, 1, 1}};

/* 'pages' pages at 'from' with 'n' observations of weight 10 over 20 aggregations. */
static struct damon_region region(uint64_t from, uint64_t pages, uint32_t n)
{
	return (struct damon_region){
		.start = from << DAMON_PAGE_SHIFT,
		.end = (from + pages) << DAMON_PAGE_SHIFT,
		.nr_obs = n,
		.nr_ticks = n,
		.span_aggrs = 20,
		.age_aggrs = 20,
		.idle_aggrs = n ? 0 : 20,
		.weight = 10.f * n,
		.evenness = 1,
	};
}

static struct damon_target_snapshot target(struct damon_region *r, size_t n)
{
	return (struct damon_target_snapshot){
		.burst = 1, .clumping = 1, .regions = r, .nr_regions = n};
}

static struct damon_region_rate rate_of(const struct damon_target_snapshot *t, size_t i,
					const struct damon_view *v)
{
	struct damon_target_sum sum = damon_target_sum(t, v);
	struct damon_region_rate out;

	damon_region_derive(t, i, v, &sum, &out);
	return out;
}

Test(stats, poisson_bounds)
{
	/* exact two-sided 95 % limits, from tables of chi-squared quantiles */
	static const struct {
		double n, lo, hi;
	} rows[] = {{0, 0, 3.689},	   {1, 0, 5.572},      {3, 0, 8.767},
		    {4, 1.090, 10.24},	   {10, 4.795, 18.39}, {100, 81.36, 121.6},
		    {10000, 9804.9, 10198}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_assert_float_eq(damon_poisson_lo(rows[i].n), rows[i].lo, .02 * rows[i].lo + 1e-9,
				   "%g: %g", rows[i].n, damon_poisson_lo(rows[i].n));
		cr_assert_float_eq(damon_poisson_hi(rows[i].n), rows[i].hi, .01 * rows[i].hi,
				   "%g: %g", rows[i].n, damon_poisson_hi(rows[i].n));
	}
}

Test(stats, bounds_of_a_sum)
{
	static const struct {
		const char *name;
		struct {
			double value, events, one;
		} of[3];
		double lo, hi;
	} rows[] = {
		/* equal weights: one count */
		{"one count", {{10, 10, 0}}, 4.795, 18.39},
		{"three parts of one count", {{2, 2, 0}, {3, 3, 0}, {5, 5, 0}}, 4.795, 18.39},
		{"of weight 7", {{28, 4, 0}, {42, 6, 0}}, 7 * 4.795, 7 * 18.39},
		{"nothing seen", {{0, 0, 2}, {0, 0, 1}}, 0, 2 * 3.689},
		{"a few", {{3, 3, 0}}, 0, 8.767},
		/* a heavy count alone says as much as the sum */
		{"one that outweighs the other", {{1e6, 10, 0}, {10, 10, 0}}, 479.5e3, 1.839e6},
		/* 100 events do not outweigh what one of the other may bring: the 97.5 % quantile
		   of a gamma distribution of shape 1.21 and scale 909 */
		{"one that was not seen", {{100, 100, 0}, {0, 0, 1000}}, 81.36, 3743},
		{"none", {{0, 0, 0}}, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_poisson_sum sum = {0};
		double lo, hi;

		for (size_t k = 0; k < 3; k++)
			damon_poisson_sum_add(&sum, rows[i].of[k].value, rows[i].of[k].events,
					      rows[i].of[k].one);
		damon_poisson_sum_bounds(&sum, &lo, &hi);
		cr_expect(fabs(lo - rows[i].lo) <= .02 * rows[i].lo + 1e-9, "%s: lo %g",
			  rows[i].name, lo);
		cr_expect(fabs(hi - rows[i].hi) <= .02 * rows[i].hi, "%s: hi %g", rows[i].name, hi);
	}
}

/* Counts of different weights, drawn over and over: the mean is within in 95 % or more. */
Test(stats, bounds_of_a_sum_hold)
{
	static const double mean[] = {.5, 2, 10, 40}, weight[] = {30, 5, 2, 1};
	double inside = 0, runs = 4000, truth = 0;
	struct rng rng;

	rng_seed(&rng, 7);
	for (int i = 0; i < 4; i++)
		truth += mean[i] * weight[i];
	for (int k = 0; k < runs; k++) {
		struct damon_poisson_sum sum = {0};
		double lo, hi;

		for (int i = 0; i < 4; i++) {
			double n = 0, at = 0;

			while ((at -= log(1 - rng_unit(&rng))) < mean[i])
				n++;
			damon_poisson_sum_add(&sum, n * weight[i], n, weight[i]);
		}
		damon_poisson_sum_bounds(&sum, &lo, &hi);
		inside += lo <= truth && truth <= hi;
	}
	cr_expect(inside / runs >= .95, "%g", inside / runs);
}

Test(stats, likelihood_ratio)
{
	static const struct {
		double ca, ea, cb, eb, v;
	} rows[] = {
		{10, 1, 10, 1, 0},    {5, 1, 50, 10, 0},     {0, 1, 0, 1, 0}, {10, 1, 0, 1, 13.863},
		{0, 3, 8, 1, 22.181}, {20, 1, 10, 1, 3.398}, {5, 0, 5, 1, 0}, {5, 1, 5, -1, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_assert_float_eq(damon_lr2(rows[i].ca, rows[i].ea, rows[i].cb, rows[i].eb),
				   rows[i].v, .001, "row %zu: %g", i,
				   damon_lr2(rows[i].ca, rows[i].ea, rows[i].cb, rows[i].eb));
}

Test(stats, touched_is_a_share_that_grows_with_the_mean_and_falls_with_unevenness)
{
	static const double hs[] = {0, 1, 1.0000001, 1.5, 4, 100, 1e4};

	cr_assert_eq(damon_touched(0, 1), 0);
	cr_assert_eq(damon_touched(-1, 2), 0);
	cr_assert_eq(damon_touched(NAN, 2), 0);
	cr_assert_float_eq(damon_touched(1, 1), 1 - exp(-1), 1e-12);
	cr_assert_float_eq(damon_touched(.7, 1), damon_touched(.7, 1.00001), 1e-5);
	cr_assert_float_eq(damon_touched(1e-6, 2), 1e-6, 1e-8);
	for (size_t i = 0; i < ARRAY_SIZE(hs); i++) {
		double last = 0;

		for (double mean = 1e-6; mean < 1e9; mean *= 1.5) {
			double f = damon_touched(mean, hs[i]);

			cr_assert(f >= last && f <= 1, "mean %g h %g: %g", mean, hs[i], f);
			cr_assert(i < 2 || f <= damon_touched(mean, hs[i - 1]) + 1e-9,
				  "mean %g h %g", mean, hs[i]);
			last = f;
		}
		cr_assert_gt(last, .99);
	}
	cr_assert_eq(damon_touched(INFINITY, 1), 1);
}

Test(snapshot, rates_of_a_region)
{
	struct damon_region r[] = {region(0, 100, 300), region(100, 400, 100)};
	struct damon_target_snapshot t = target(r, 2);
	struct damon_region_rate a = rate_of(&t, 0, &plain), b = rate_of(&t, 1, &plain);

	cr_assert_float_eq(damon_target_weight_rate(&t), 200, 1e-9);
	/* 3000 accesses / 100 pages / 2 s */
	cr_assert_float_eq(a.heat, 15, 1e-9);
	cr_assert_float_eq(b.heat, 1.25, 1e-9);
	cr_assert_float_eq(a.share, .75, 1e-9);
	cr_assert_float_eq(a.share + b.share, 1, 1e-9);
	cr_assert_float_eq(a.lo, 15 * damon_poisson_lo(300) / 300, 1e-9);
	cr_assert_float_eq(a.hi, 15 * damon_poisson_hi(300) / 300, 1e-9);
	cr_assert(a.share_lo < a.share && a.share < a.share_hi && a.share_hi <= 1);
	/* 3 / (300 ticks / 100 pages) = 1 page, on either side of the border */
	cr_assert_eq(a.edge_bytes, DAMON_PAGE_SIZE);
	cr_assert_eq(b.edge_bytes, DAMON_PAGE_SIZE);
}

Test(snapshot, bounds_count_ticks_not_observations)
{
	struct damon_region r[] = {region(0, 100, 320)};
	struct damon_target_snapshot t = target(r, 1);
	struct damon_region_rate alone = rate_of(&t, 0, &plain), burst;

	r[0].nr_ticks = 20;
	burst = rate_of(&t, 0, &plain);
	cr_assert_eq(alone.heat, burst.heat);
	cr_assert_float_eq(burst.hi / burst.heat, damon_poisson_hi(20) / 20, 1e-9);
	cr_assert_lt(burst.lo, alone.lo);
	r[0].nr_ticks = 3;
	cr_assert_eq(rate_of(&t, 0, &plain).lo, 0);
	r[0].nr_ticks = 4;
	cr_assert_gt(rate_of(&t, 0, &plain).lo, 0);
}

Test(snapshot, scale_widens_heat_and_leaves_shares)
{
	struct damon_region r[] = {region(0, 100, 300), region(100, 400, 100)};
	struct damon_target_snapshot t = target(r, 2);
	struct damon_view scaled = plain;
	struct damon_region_rate a = rate_of(&t, 0, &plain), b;

	scaled.scale = (struct damon_scale){2, .5, 8};
	b = rate_of(&t, 0, &scaled);
	cr_assert_float_eq(b.heat, 2 * a.heat, 1e-9);
	cr_assert_float_eq(b.lo, .5 * a.lo, 1e-9);
	cr_assert_float_eq(b.hi, 8 * a.hi, 1e-9);
	cr_assert(b.share == a.share && b.share_lo == a.share_lo && b.share_hi == a.share_hi);
}

Test(snapshot, bound_of_an_idle_region_falls_with_idle_time)
{
	struct damon_region r[] = {region(0, 100, 0), region(200, 100, 200)};
	struct damon_target_snapshot t = target(r, 2);
	struct damon_region_rate last = {.hi = INFINITY};
	struct damon_region_rate one;

	for (uint32_t idle = 20; idle < 100000; idle *= 3) {
		r[0].idle_aggrs = idle;
		one = rate_of(&t, 0, &plain);
		cr_assert_eq(one.heat, 0);
		cr_assert_eq(one.lo, 0);
		cr_assert(one.hi > 0 && one.hi < last.hi);
		/* 3.69 hits of weight 10 on 100 pages within the idle time */
		cr_assert_float_eq(one.hi, 3.689 * 10 / (100 * idle * .1), 1e-3 * one.hi);
		last = one;
	}
	r[1].nr_obs = r[1].nr_ticks = 0; /* nothing known at all: a hit stands for 1 */
	r[1].weight = 0;
	one = rate_of(&t, 0, &plain);
	cr_assert(isfinite(one.hi) && one.hi > 0);
	cr_assert_eq(one.share_hi, 1);
}

Test(snapshot, nr_accesses_are_of_the_sampling_intervals)
{
	struct damon_region r[] = {region(0, 100, 300)};
	struct damon_target_snapshot t = target(r, 1);
	struct damon_region_rate rate = rate_of(&t, 0, &plain);
	struct damon_nr_accesses nr, more;

	damon_region_nr_accesses(&t, 0, &plain, &rate, &nr);
	cr_assert_float_eq(nr.nr, 20 * -expm1(-15 * .005), 1e-9);
	cr_assert(nr.lo < nr.nr && nr.nr < nr.hi && nr.hi <= 20);
	t.burst = 16; /* a visit is 16 accesses long */
	damon_region_nr_accesses(&t, 0, &plain, &rate, &more);
	cr_assert_float_eq(more.nr, 20 * -expm1(-15 * .005 / 16), 1e-9);
	t.burst = 1;
	rate.heat *= 1e9;
	damon_region_nr_accesses(&t, 0, &plain, &rate, &more);
	cr_assert_float_eq(more.nr, 20, 1e-9);
	r[0].evenness = 3;
	rate = rate_of(&t, 0, &plain);
	damon_region_nr_accesses(&t, 0, &plain, &rate, &more);
	cr_assert_lt(more.nr, nr.nr);
}

Test(snapshot, the_present_has_its_own_rate_and_bounds)
{
	struct damon_region r[] = {region(0, 100, 300), region(100, 100, 300)};
	struct damon_target_snapshot t = target(r, 2);
	struct damon_region_rate as_ever = rate_of(&t, 0, &plain), now;

	r[0].now_weight = 600; /* an aggregation; four times its mean */
	r[0].now_ticks = 16;
	now = rate_of(&t, 0, &plain);
	cr_expect_float_eq(now.heat, 4 * as_ever.heat, 1e-6 * now.heat);
	cr_expect_float_eq(now.lo, now.heat * damon_poisson_lo(16) / 16, 1e-6 * now.heat);
	cr_expect_float_eq(now.hi, now.heat * damon_poisson_hi(16) / 16, 1e-6 * now.heat);
	cr_expect_float_eq(now.share, .8, 1e-6);
	cr_expect_float_eq(rate_of(&t, 1, &plain).heat, as_ever.heat, 1e-6);
	r[0].now_ticks = .5; /* hardly anything speaks for it */
	now = rate_of(&t, 0, &plain);
	cr_expect_eq(now.lo, 0);
	cr_expect_gt(now.hi, 4 * now.heat);
}

Test(snapshot, accesses_that_come_together_touch_fewer_intervals)
{
	static const struct {
		float burst, clumping;
		double heat, visits; /* the latter in a sampling interval of 5 ms */
	} rows[] = {
		{1, 1, 200, 1},
		{1, 21, 200, 1 / 21.}, /* 1 access in the mean: 21 where there is any */
		{1, 21, 200 * 1024, 1024 / (1 + 20 * 8.)}, /* the more the hotter: 1024^.3 = 8 */
		{4, 21, 200, 1 / 21.},			   /* a burst is not told twice */
		{30, 21, 200, 1 / 30.},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_region r[] = {region(0, 100, 300)};
		struct damon_target_snapshot t = target(r, 1);
		struct damon_region_rate rate = {.heat = rows[i].heat};
		struct damon_nr_accesses nr;

		t.burst = rows[i].burst;
		t.clumping = rows[i].clumping;
		damon_region_nr_accesses(&t, 0, &plain, &rate, &nr);
		cr_expect_float_eq(nr.nr, 20 * -expm1(-rows[i].visits), 1e-6, "row %zu: %f", i,
				   nr.nr);
	}
}

Test(snapshot, edges_are_where_regions_touch)
{
	struct damon_region r[] = {region(0, 1000, 20), region(1000, 1000, 2),
				   region(5000, 1000, 9)};
	struct damon_target_snapshot t = target(r, 3);

	cr_assert_eq(rate_of(&t, 0, &plain).edge_bytes, 150 * DAMON_PAGE_SIZE);
	cr_assert_eq(rate_of(&t, 1, &plain).edge_bytes, 150 * DAMON_PAGE_SIZE);
	cr_assert_eq(rate_of(&t, 2, &plain).edge_bytes, 0, "an extent's border is exact");
	r[0].nr_ticks = r[1].nr_ticks = 0;
	cr_assert_eq(rate_of(&t, 1, &plain).edge_bytes, 1000 * DAMON_PAGE_SIZE, "no evidence");
}

Test(snapshot, working_set)
{
	static const struct {
		const char *name;
		struct damon_wset c;
		uint64_t pages;
		uint32_t hits;
		float evenness;
		double least, most; /* of the estimate, pages */
	} rows[] = {
		{"nothing", {0}, 1000, 0, 1, 0, 0},
		{"saturated", {5000, 200, 0, 0, 1e8}, 200, 4000, 1, 200, 200},
		/* 10 visits a page and aggregation, of which few were seen */
		{"dense", {100, 95, 90, 5, 1e8}, 1000, 20000, 1, 990, 1000},
		/* one page in ten is used: the rate alone would say 1000 */
		{"sparse", {100, 60, 40, 12, 1e8}, 1000, 20000, 10, 90, 130},
		/* all pages were seen: counts are believed, whatever the rates say */
		{"counted", {9000, 150, 10, 20, 1e8}, 1000, 20000, 1, 150, 175},
		{"unmapped since", {500, 300, 100, 100, 1e8}, 10, 100, 1, 300, 300},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_region r[] = {region(0, rows[i].pages, rows[i].hits)};
		struct damon_target_snapshot t = target(r, 1);
		struct damon_wset_size s;

		r[0].evenness = rows[i].evenness;
		t.wset[DAMON_WINDOW_AGGR] = rows[i].c;
		damon_wset_derive(&t, DAMON_WINDOW_AGGR, &plain, &s);
		cr_assert(s.bytes >= rows[i].least * DAMON_PAGE_SIZE - .5 &&
				  s.bytes <= rows[i].most * DAMON_PAGE_SIZE + .5,
			  "%s: %g pages", rows[i].name, s.bytes / DAMON_PAGE_SIZE);
		cr_assert(s.lo <= s.bytes && s.bytes <= s.hi, "%s", rows[i].name);
		cr_assert_leq(s.hi, MAX(rows[i].pages, rows[i].c.d) * DAMON_PAGE_SIZE, "%s",
			      rows[i].name);
	}
}

Test(snapshot, longer_windows_hold_more)
{
	struct damon_region r[] = {region(0, 10000, 200)};
	struct damon_target_snapshot t = target(r, 1);
	struct damon_wset_size s;
	double last = 0;

	for (int w = 0; w < DAMON_NR_WINDOWS; w++) {
		t.wset[w] = (struct damon_wset){10, 10, 10, 0, pow(10, w) * 1e8};
		damon_wset_derive(&t, w, &plain, &s);
		cr_assert_gt(s.bytes, last);
		last = s.bytes;
	}
}

/* Whatever a damaged record may hold: no trap, no NaN. */
Test(snapshot, odd_counts_stay_finite)
{
	static const struct damon_region odd[] = {
		{0},
		{.start = 0, .end = 4096, .weight = 5},
		{.start = 4096, .end = 4096, .nr_ticks = 5, .nr_obs = 5, .weight = 1},
		{.start = 8192, .end = 4096, .nr_ticks = 9},
		{.start = 0, .end = UINT64_MAX, .nr_ticks = UINT32_MAX, .weight = 1e38f},
	};
	static const struct damon_wset counts[] = {
		{0}, {1, 1, 1, 0, 0}, {5, 5, 5, 5, 1e18}, {0, 5, 9, 0, 1e8}, {1e15, 1, 0, 0, 1}};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		struct damon_region r[] = {odd[i], odd[i]};
		struct damon_target_snapshot t = {.regions = r, .nr_regions = 2};
		struct damon_region_rate rate = rate_of(&t, 1, &plain);
		struct damon_nr_accesses nr;
		struct damon_wset_size s;

		damon_region_nr_accesses(&t, 1, &plain, &rate, &nr);
		cr_assert(isfinite(rate.heat) && isfinite(rate.lo) && isfinite(rate.hi), "%zu", i);
		cr_assert(isfinite(rate.share) && isfinite(rate.share_lo) &&
			  isfinite(rate.share_hi));
		cr_assert(isfinite(nr.nr) && isfinite(nr.lo) && isfinite(nr.hi), "%zu", i);
		for (size_t k = 0; k < ARRAY_SIZE(counts); k++) {
			t.wset[0] = counts[k];
			damon_wset_derive(&t, 0, &plain, &s);
			cr_assert(isfinite(s.bytes) && isfinite(s.lo) && isfinite(s.hi), "%zu %zu",
				  i, k);
			cr_assert(s.lo <= s.bytes && s.bytes <= s.hi, "%zu %zu", i, k);
		}
	}
}
