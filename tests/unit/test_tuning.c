/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intervals that meet a goal, and rates that several limits bound. */
#include <criterion/criterion.h>
#include <math.h>

#include "base/util.h"
#include "core/tuning.h"

static const struct damon_view view = {5 * NS_PER_MS, 100 * NS_PER_MS, {1, 1, 1}};
static const struct damon_goal recommended = {400, 3, 5 * NS_PER_MS, 10 * NS_PER_SEC};

/* A snapshot of a few regions: pages, and accesses per page and second. */
struct world {
	struct damon_region r[4];
	struct damon_target_snapshot t[2];
	struct damon_snapshot s;
};

struct spec {
	uint64_t pages;
	double heat;
	double evenness; /* 0: 1 */
};

static void build(struct world *w, const struct spec *spec)
{
	uint64_t page = 16;

	*w = (struct world){.t = {{.burst = 1, .clumping = 1, .regions = w->r}},
			    .s = {.targets = w->t, .nr_targets = 1}};
	for (; w->t->nr_regions < ARRAY_SIZE(w->r) && spec->pages; spec++) {
		struct damon_region *r = &w->r[w->t->nr_regions++];

		*r = (struct damon_region){
			.start = page << DAMON_PAGE_SHIFT,
			.end = (page + spec->pages) << DAMON_PAGE_SHIFT,
			.span_aggrs = 10,
			.nr_obs = spec->heat > 0 ? 100 : 0,
			.nr_ticks = spec->heat > 0 ? 100 : 0,
			.weight = (float)(spec->heat * (double)spec->pages), /* in its 1 s */
			.evenness = (float)MAX(spec->evenness, 1.0),
		};
		page += spec->pages;
	}
}

Test(tuning, the_ratio_is_that_of_access_events)
{
	static const struct {
		const char *name;
		struct spec spec[4];
		uint64_t sample_ns;
		double want;
	} rows[] = {
		{"nothing mapped", {{0}}, NS_PER_SEC, 0},
		{"nothing accessed", {{100, 0}}, NS_PER_SEC, 0},
		{"one access in an interval", {{100, 1}}, NS_PER_SEC, 1 - 0.36787944},
		{"a tenth of one", {{100, 1}}, 100 * NS_PER_MS, 1 - 0.90483742},
		{"always", {{100, 1000}}, NS_PER_SEC, 1},
		{"a quarter of the bytes", {{100, 1000}, {300, 0}}, NS_PER_SEC, .25},
		{"by bytes, not by regions", {{10, 0}, {90, 1000}}, NS_PER_SEC, .9},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;
		double got;

		build(&w, rows[i].spec);
		got = damon_access_ratio(&w.s, &view, rows[i].sample_ns);
		cr_expect_float_eq(got, rows[i].want, 1e-6, "%s: %g", rows[i].name, got);
	}
}

/* As the kernel sums it up: sizes times nr_accesses, over sizes times N, of all targets. */
Test(tuning, the_ratio_is_summed_over_targets)
{
	struct damon_view tuned = view;
	double events = 0, most = 0;
	struct world a, b;

	build(&a, (struct spec[]){{100, 3, 4}, {1000, .1}, {0}});
	build(&b, (struct spec[]){{50, 20}, {0}});
	a.t[1] = b.t[0];
	a.t[1].burst = 3;
	a.s.nr_targets = 2;
	tuned.tuned_ns = 40 * NS_PER_MS;
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < a.t[i].nr_regions; j++) {
			const struct damon_region *r = &a.t[i].regions[j];
			struct damon_target_sum sum = damon_target_sum(&a.t[i], &tuned);
			struct damon_region_rate rate;
			struct damon_nr_accesses n;

			damon_region_derive(&a.t[i], j, &tuned, &sum, &rate);
			damon_region_nr_accesses(&a.t[i], j, &tuned, &rate, &n);
			cr_expect_leq(n.nr, 20, "N stays");
			events += (double)(r->end - r->start) * n.nr;
			most += (double)(r->end - r->start) * 20;
		}
	cr_expect_float_eq(damon_access_ratio(&a.s, &view, 40 * NS_PER_MS), events / most, 1e-9);
}

Test(tuning, a_goal_is_met_at_once)
{
	static const struct {
		const char *name;
		struct spec spec[4];
		uint64_t now_ns;
	} rows[] = {
		{"one rate", {{1000, .5}}, 5 * NS_PER_MS},
		{"coming from above", {{1000, .5}}, 10 * NS_PER_SEC},
		{"a hot part", {{30, 100}, {970, .01}}, 5 * NS_PER_MS},
		{"uneven", {{1000, 2, 50}}, 5 * NS_PER_MS},
		{"barely used", {{1000, .006}}, 5 * NS_PER_MS},
		{"busy", {{1000, 8}}, NS_PER_SEC},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;
		uint64_t ns;
		double got;

		build(&w, rows[i].spec);
		ns = damon_goal_sample(&recommended, &w.s, &view, rows[i].now_ns);
		got = damon_access_ratio(&w.s, &view, ns);
		cr_expect_float_eq(got, .04, .0009, "%s: %g with %llu ns", rows[i].name, got,
				   (unsigned long long)ns);
		cr_expect_eq(ns % NS_PER_US, 0, "%s", rows[i].name);
		cr_expect_eq(damon_goal_sample(&recommended, &w.s, &view, ns), ns, "%s: stays",
			     rows[i].name);
	}
}

Test(tuning, what_cannot_be_met_ends_at_the_nearer_end)
{
	static const struct {
		const char *name;
		struct spec spec[4];
		struct damon_goal goal;
		uint64_t now_ns, want_ns;
	} rows[] = {
		{"too hot", {{100, 1e6}}, {400, 3, 5000000, 10000000000}, 1000000000, 5000000},
		{"too hot, at it", {{100, 1e6}}, {400, 3, 5000000, 10000000000}, 5000000, 5000000},
		{"too cold", {{100, 1e-6}}, {400, 3, 5000000, 10000000000}, 5000000, 10000000000},
		{"most never used",
		 {{100, 1e6}, {100000, 0}},
		 {400, 3, 5000000, 10000000000},
		 5000000,
		 10000000000},
		{"no choice", {{100, 1}}, {400, 3, 7777000, 7777000}, 5000000, 7777000},
		{"all of them", {{100, 1}}, {10000, 3, 5000000, 1000000000}, 5000000, 1000000000},
		{"nothing seen", {{100, 0}}, {400, 3, 5000000, 10000000000}, 6000000, 0},
		{"nothing there", {{0}}, {400, 3, 5000000, 10000000000}, 6000000, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;
		uint64_t got;

		build(&w, rows[i].spec);
		got = damon_goal_sample(&rows[i].goal, &w.s, &view, rows[i].now_ns);
		cr_expect_eq(got, rows[i].want_ns, "%s: %llu", rows[i].name,
			     (unsigned long long)got);
	}
}

Test(tuning, an_interval_that_nearly_meets_the_goal_stays)
{
	static const struct {
		double heat; /* at 5 ms, 8.16 meets 4 % */
		bool stays;
	} rows[] = {{8.16, true}, {8.7, true}, {7.6, true}, {9.3, false}, {7, false}};
	const struct damon_goal g = {400, 3, NS_PER_MS, NS_PER_SEC};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;

		build(&w, (struct spec[]){{1000, rows[i].heat}, {0}});
		cr_expect_eq(damon_goal_sample(&g, &w.s, &view, 5 * NS_PER_MS) == 5 * NS_PER_MS,
			     rows[i].stays, "heat %g", rows[i].heat);
	}
}

/* An unknown scale of heat is that of the interval: nothing else depends on it. */
Test(tuning, the_interval_is_inverse_to_the_scale)
{
	const struct damon_goal g = {400, 3, NS_PER_US, 1000 * NS_PER_SEC};
	struct damon_view other = view;
	double a, b;
	struct world w;

	other.scale = (struct damon_scale){10, 10, 10};
	build(&w, (struct spec[]){{1000, .5, 3}, {500, 3}, {0}});
	a = (double)damon_goal_sample(&g, &w.s, &view, NS_PER_SEC);
	b = (double)damon_goal_sample(&g, &w.s, &other, NS_PER_SEC);
	cr_expect_float_eq(a / b, 10, .4, "%g", a / b);
}

Test(tuning, a_tuner_looks_every_few_aggregations)
{
	static const struct {
		const char *name;
		double heat;
		bool changes;
	} steps[] = {
		{"nothing seen yet", 0, false},
		{"seen: at once", 1, true},
		{"not looked at", 4, false},
		{"nor here", 4, false},
		{"again", 4, true},
		{"not looked at", .1, false},
		{"stopped", 0, false},
		{"nothing seen: as it was", 0, false},
		{"until something is", .1, true},
	};
	struct damon_tuner t;

	damon_tuner_init(&t, &recommended, NS_PER_MS);
	cr_assert_eq(t.sample_ns, 5 * NS_PER_MS, "within the limits from the start");
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		uint64_t before = t.sample_ns, got;
		struct world w;

		build(&w, (struct spec[]){{1000, steps[i].heat}, {0}});
		got = damon_tuner_next(&t, &w.s, &view);
		cr_expect_eq(got, t.sample_ns, "step %zu", i);
		cr_expect_eq(got != before, steps[i].changes, "step %zu, %s", i, steps[i].name);
		if (steps[i].changes)
			cr_expect_float_eq(damon_access_ratio(&w.s, &view, got), .04, .0009,
					   "step %zu, %s", i, steps[i].name);
	}
}

Test(tuning, without_a_goal_nothing_is_tuned)
{
	struct damon_tuner t;
	struct world w;

	damon_tuner_init(&t, &(struct damon_goal){0}, 5 * NS_PER_MS);
	build(&w, (struct spec[]){{1000, 1}, {0}});
	cr_expect_eq(damon_tuner_next(&t, &w.s, &view), 0);
}

Test(tuning, resolution_needs_a_rate)
{
	static const struct {
		double share;
		uint64_t time_ns;
		double hz;
	} rows[] = {
		{.01, NS_PER_SEC, 1200},
		{.01, 10 * NS_PER_SEC, 120},
		{1, NS_PER_SEC, 12},
		{.1, 100 * NS_PER_MS, 1200},
		{.001, NS_PER_SEC, 12000},
		{0, NS_PER_SEC, 0},
		{.01, 0, 0},
		{-1, NS_PER_SEC, 0},
		{1, 86400 * NS_PER_SEC, 12. / 86400},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_float_eq(damon_resolution_hz(rows[i].share, rows[i].time_ns), rows[i].hz,
				   1e-9, "row %zu", i);
}

Test(tuning, the_least_of_several_limits_binds)
{
	static const struct {
		const char *name;
		double asked, overhead, resolution, kernel;
		enum damon_bound which;
		double hz;
	} rows[] = {
		{"a rate", 1000, 0, 0, 50000, DAMON_BOUND_ASKED, 1000},
		{"a rate above the kernel's", 1000, 0, 0, 500, DAMON_BOUND_KERNEL, 500},
		{"equal: as asked", 1000, 0, 0, 1000, DAMON_BOUND_ASKED, 1000},
		{"overhead", 0, 400, 0, 50000, DAMON_BOUND_OVERHEAD, 400},
		{"overhead allows less", 0, 400, 1200, 50000, DAMON_BOUND_OVERHEAD, 400},
		{"overhead allows more", 0, 4000, 1200, 50000, DAMON_BOUND_RESOLUTION, 1200},
		{"the kernel allows less", 0, 4000, 1200, 300, DAMON_BOUND_KERNEL, 300},
		{"the kernel's is not known", 0, 4000, 1200, 0, DAMON_BOUND_RESOLUTION, 1200},
		{"none", 0, 0, 0, 0, DAMON_BOUND_ASKED, 0},
		{"only the kernel's", 0, 0, 0, 300, DAMON_BOUND_KERNEL, 300},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const double hz[DAMON_NR_BOUNDS] = {
			[DAMON_BOUND_ASKED] = rows[i].asked,
			[DAMON_BOUND_OVERHEAD] = rows[i].overhead,
			[DAMON_BOUND_RESOLUTION] = rows[i].resolution,
			[DAMON_BOUND_KERNEL] = rows[i].kernel,
		};
		enum damon_bound which;

		cr_expect_eq(damon_least_hz(hz, &which), rows[i].hz, "%s", rows[i].name);
		cr_expect_eq(which, rows[i].which, "%s", rows[i].name);
	}
}
