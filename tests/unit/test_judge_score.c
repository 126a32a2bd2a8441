/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <math.h>

#include "base/util.h"
#include "tests/judge/facts.h"
#include "tests/judge/score.h"

#define NEAR(a, b)                                                                                 \
	cr_expect(fabs((a) - (b)) < 1e-9, "%s = %g, not %g", #a, (double)(a), (double)(b))

/* 100 pages: [10, 20) at rate 8, [20, 40) at rate 1; 80 of 100 accesses are in the first. */
static void small_world(struct facts *f)
{
	facts_clear(f);
	facts_add(f, 10, 20, 8, .5);
	facts_add(f, 20, 40, 1, .1);
	facts_finish(f);
}

Test(judge_facts, the_hot_set_carries_nine_tenths)
{
	static const struct {
		const char *name;
		double rate[3], hot_pages;
	} rows[] = {
		{"the first ten alone have 89.9 %", {90, 5, 5}, 10},
		{"ties come in together", {80, 10, 10}, 30},
		{"two of three", {80, 15, 5}, 20},
		{"all are alike", {1, 1, 1}, 30},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct facts f = {0};

		facts_clear(&f);
		for (int k = 0; k < 3; k++)
			facts_add(&f, 100 * k, 100 * k + 10, rows[i].rate[k], .5);
		facts_finish(&f);
		cr_expect(f.hot_pages == rows[i].hot_pages, "%s: %g", rows[i].name, f.hot_pages);
		facts_release(&f);
	}
}

Test(judge_facts, sums_cut_through_facts)
{
	static const struct {
		uint64_t start, end;
		double rate, hot;
	} rows[] = {
		{0, 100, 100, 30}, {0, 10, 0, 0},  {15, 25, 45, 10},
		{39, 90, 1, 1},	   {12, 13, 8, 1}, {40, 41, 0, 0},
	};
	struct facts f = {0};

	small_world(&f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct facts_sum s = facts_sum(&f, rows[i].start, rows[i].end);

		NEAR(s.rate, rows[i].rate);
		NEAR(s.hot, rows[i].hot);
	}
	cr_expect(facts_find(&f, 9) == NULL);
	cr_expect(facts_find(&f, 10) == &f.fact[0]);
	cr_expect(facts_find(&f, 20) == &f.fact[1]);
	cr_expect(facts_find(&f, 40) == NULL);
	facts_release(&f);
}

/* By hand: [0, 15) says .5: 10 x .5 off, 5 right. [15, 30) says .2: 5 x .3, 10 x .1. Nothing is
 * said of [30, 40): 10 x .1. Sum 8.5. */
Test(judge_score, mean_error_of_nr_accesses)
{
	struct facts f = {0};
	struct guess g = {0};

	small_world(&f);
	guess_clear(&g);
	guess_add(&g, (struct guess_region){.start = 0, .end = 15, .fraction = .5});
	guess_add(&g, (struct guess_region){.start = 15, .end = 30, .fraction = .2});
	NEAR(score_mae(&g, &f, 100), .085);
	guess_clear(&g);
	NEAR(score_mae(&g, &f, 100), .07); /* nothing: 10 x .5 + 20 x .1 */
	guess_release(&g);
	facts_release(&f);
}

Test(judge_score, hot_set)
{
	static const struct {
		const char *name;
		struct guess_region r[3];
		double f1, caught;
	} rows[] = {
		/* the 30 hot pages are [10, 40), with 100 accesses */
		{"exact", {{.start = 10, .end = 40, .heat = 5}, {.start = 40, .end = 99}}, 1, 1},
		{"half of the pages",
		 {{.start = 10, .end = 25, .heat = 5}, {.start = 50, .end = 99, .heat = 1}},
		 .5,
		 .85},
		{"of a region too large, a part", {{.start = 10, .end = 70, .heat = 5}}, .5, .5},
		{"ties are shared",
		 {{.start = 0, .end = 10, .heat = 2},
		  {.start = 10, .end = 20, .heat = 2},
		  {.start = 20, .end = 40, .heat = 2}},
		 .75,
		 .75},
		{"nowhere near", {{.start = 60, .end = 99, .heat = 2}}, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct facts f = {0};
		struct guess g = {0};
		double f1, caught;

		small_world(&f);
		guess_clear(&g);
		for (int k = 0; k < 3 && rows[i].r[k].end; k++)
			guess_add(&g, rows[i].r[k]);
		score_hot(&g, &f, &f1, &caught);
		cr_expect(fabs(f1 - rows[i].f1) < 1e-9, "%s: f1 %g", rows[i].name, f1);
		cr_expect(fabs(caught - rows[i].caught) < 1e-9, "%s: caught %g", rows[i].name,
			  caught);
		guess_release(&g);
		facts_release(&f);
	}
}

/* 20 pages in bounds, 10 out; the third region is right but for its edges. */
Test(judge_score, bounds_hold_outside_of_edges)
{
	struct facts f = {0};
	struct guess g = {0};

	small_world(&f);
	guess_clear(&g);
	guess_add(&g, (struct guess_region){.start = 0, .end = 10, .lo = 0, .hi = .1});
	guess_add(&g, (struct guess_region){.start = 10, .end = 20, .lo = 8.1, .hi = 9});
	guess_add(&g, (struct guess_region){.start = 35, .end = 45, .lo = 0, .hi = .6, .edge = 1});
	NEAR(score_cover(&g, &f), 20. / 30);
	guess_release(&g);
	facts_release(&f);
}

Test(judge_score, age_is_capped_by_the_run)
{
	struct guess g = {0};

	guess_add(&g, (struct guess_region){.start = 0, .end = 10, .age = 300});
	guess_add(&g, (struct guess_region){.start = 10, .end = 40, .age = 50});
	NEAR(score_age(&g, 100), (10 + 30 * .5) / 40);
	guess_release(&g);
}

Test(judge_score, working_sets_are_medians_and_others_means)
{
	static const double values[] = {3, 1, 2, 10};
	struct figures f = {0};

	cr_expect(isnan(figures_get(&f, FIGURE_MAE)));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		figures_add(&f, FIGURE_MAE, values[i]);
		figures_add(&f, FIGURE_WSET + 1, values[i]);
	}
	NEAR(figures_get(&f, FIGURE_MAE), 4);
	NEAR(figures_get(&f, FIGURE_WSET + 1), 2.5);
	figures_release(&f);
}

Test(judge_score, an_interval_adds_what_is_known)
{
	struct facts f = {0};
	struct guess g = {0};
	struct figures x = {0};

	small_world(&f);
	f.touched[0] = 20;
	guess_clear(&g);
	guess_add(&g, (struct guess_region){.start = 10, .end = 40, .heat = 1});
	g.wset[0] = (struct guess_wset){25, 21, 30};
	NEAR(score_add(&g, &f, 100, &x), 1);
	NEAR(figures_get(&x, FIGURE_WSET), .25);
	cr_expect(isnan(figures_get(&x, FIGURE_INSIDE)), "without bounds");
	cr_expect(isnan(figures_get(&x, FIGURE_WSET + 1)), "without truth");
	g.bounds = true;
	score_add(&g, &f, 100, &x);
	NEAR(figures_get(&x, FIGURE_INSIDE), 0);
	NEAR(figures_get(&x, FIGURE_WIDTH), .45);
	NEAR(figures_get(&x, FIGURE_REGIONS), 1);
	figures_release(&x);
	guess_release(&g);
	facts_release(&f);
}
