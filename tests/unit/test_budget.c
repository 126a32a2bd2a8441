/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller of overhead in worlds whose costs are known: some are what was expected, some are
 * not. */
#include <criterion/criterion.h>
#include <math.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/budget.h"

struct world {
	const char *name;
	double percent;		     /* asked for */
	double use;		     /* CPUs that the target keeps busy */
	double tick_us;		     /* as calibrated, and true */
	double expected_us, true_us; /* own work of an observation */
	double fixed_ms;	     /* own work per second besides; 'wake_ms' of it per wake-up */
	double wake_ms;
	double start_ms; /* own work before the start */
	double seconds;
	double least, most; /* of what was asked for, at the end */
};

static const struct world worlds[] = {
	{"as expected", 1, 1, 16, 8, 8, 1, 0, 10, 10, .85, 1.15},
	{"own work dearer", 1, 1, 16, 8, 16, 2, 0, 10, 10, .85, 1.15},
	{"own work cheaper", 1, 1, 16, 8, 3, .5, 0, 10, 10, .85, 1.15},
	{"a long run", 1, 1, 16, 8, 12, 1, 0, 10, 300, .95, 1.05},
	{"little was asked for", .3, 1, 16, 8, 10, 1, 0, 10, 10, .85, 1.2},
	{"much was asked for", 3, 1, 16, 8, 10, 1, 0, 10, 10, .85, 1.15},
	{"ticks are dear", 3, 1, 40, 8, 10, 1, 0, 10, 10, .85, 1.15},
	{"many threads", 1, 8, 16, 8, 10, 1, 0, 10, 10, .8, 1.15},
	{"idles", 1, .1, 16, 8, 10, 1.5, .14, 10, 60, .8, 1.2},
	{"idles, and intervals cost too much", 1, .02, 16, 8, 10, 1.5, .05, 10, 60, 1.2, 20},
	{"does next to nothing", 1, 1e-6, 16, 8, 10, 1, .05, 10, 10, 1.2, 1e9},
};

struct outcome {
	double ratio; /* measured over asked */
	int changes;
	uint32_t rung, wake;
};

static struct outcome run(const struct world *w)
{
	struct damon_spent s = {.now_ns = 5 * NS_PER_SEC, .own_ns = w->start_ms * 1e6};
	struct damon_budget b;
	struct outcome o = {0};
	struct rng rng;

	rng_seed(&rng, 1);
	damon_budget_init(&b, w->percent, w->tick_us * 1e3, w->expected_us * 1e3, 1e6, 1e5);
	damon_budget_step(&b, &s);
	for (double t = 0; t < w->seconds; t += .5) {
		double noise = .9 + .2 * (double)rng_below(&rng, 1001) / 1000;
		double target = w->use * .5 * NS_PER_SEC, ticks = target / 1e9 * b.rung_hz[b.rung];
		uint32_t was = b.rung;

		s.now_ns += NS_PER_SEC / 2;
		s.target_ns += target;
		s.ticks += ticks;
		s.samples_ns += ticks * w->true_us * 1e3 * noise;
		s.own_ns +=
			ticks * w->true_us * 1e3 * noise +
			.5e6 * (w->fixed_ms - w->wake_ms * 10 * (1 - 1. / b.wake_aggrs)) * noise;
		damon_budget_step(&b, &s);
		o.changes += b.rung != was;
	}
	o.ratio = (s.own_ns + s.ticks * w->tick_us * 1e3) / s.target_ns / (w->percent / 100);
	o.rung = b.rung;
	o.wake = b.wake_aggrs;
	return o;
}

Test(budget, what_was_asked_for_is_kept)
{
	for (size_t i = 0; i < ARRAY_SIZE(worlds); i++) {
		const struct world *w = &worlds[i];
		struct outcome o = run(w);

		cr_expect(o.ratio >= w->least && o.ratio <= w->most, "%s: %.3f of what was asked",
			  w->name, o.ratio);
		cr_expect_leq(o.changes, 1 + w->seconds / 1.5, "%s: %d changes", w->name,
			      o.changes);
	}
}

Test(budget, a_target_that_idles_is_woken_up_for_less_often)
{
	struct world busy = worlds[0], idle = worlds[8];

	cr_expect_eq(run(&busy).wake, 1);
	cr_expect_eq(run(&idle).wake, 10);
	idle.use = .3;
	cr_expect_eq(run(&idle).wake, 3);
}

/* What is out of reach costs as little as can be. */
Test(budget, out_of_reach_is_the_lowest_rung)
{
	cr_expect_eq(run(&worlds[9]).rung, DAMON_RUNGS - 1);
}

Test(budget, the_ladder)
{
	static const struct {
		const char *name;
		double percent, tick_us, fixed_ms, max_hz;
		uint32_t rung;
		double top_hz;
	} rows[] = {
		{"default", 1, 16, 1, 1e5, 0, 10e6 / 24e3},
		{"intervals take half", 1, 16, 5, 1e5, 1, 10e6 / 24e3},
		{"intervals take all", 1, 16, 12, 1e5, 2, 10e6 / 24e3},
		{"the kernel allows less", 50, 16, 1, 500, 0, 500},
		{"next to nothing", .001, 16, 1, 1e5, 2, 5},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_budget b;

		damon_budget_init(&b, rows[i].percent, rows[i].tick_us * 1e3, 8e3,
				  rows[i].fixed_ms * 1e6, rows[i].max_hz);
		cr_expect_eq(b.rung, rows[i].rung, "%s: %u", rows[i].name, b.rung);
		cr_expect_float_eq(b.rung_hz[0], rows[i].top_hz, .01, "%s: %g", rows[i].name,
				   b.rung_hz[0]);
		for (int r = 1; r < DAMON_RUNGS; r++)
			cr_expect(b.rung_hz[r] >= 1 && b.rung_hz[r] < b.rung_hz[r - 1]);
	}
}

/* A debt from a busy time is not held against a target for ever, nor saved-up time spent at once.
 */
Test(budget, what_was_long_ago_counts_little)
{
	struct damon_spent s = {.now_ns = NS_PER_SEC};
	struct damon_budget b;
	double before;

	damon_budget_init(&b, 1, 16e3, 8e3, 1e6, 1e5);
	damon_budget_step(&b, &s);
	s.now_ns += NS_PER_SEC; /* a second in which all went wrong */
	s.target_ns += 1e9;
	s.own_ns += 5e8;
	damon_budget_step(&b, &s);
	before = b.debt_ns;
	cr_expect_gt(before, 4e8);
	for (int i = 0; i < 600; i++) { /* five minutes in which nothing is done */
		s.now_ns += NS_PER_SEC / 2;
		damon_budget_step(&b, &s);
	}
	cr_expect_lt(b.debt_ns, before / 100);
	s.target_ns -= 1; /* nonsense is passed over */
	s.now_ns += 1;
	before = b.debt_ns;
	damon_budget_step(&b, &s);
	s.now_ns -= NS_PER_SEC;
	damon_budget_step(&b, &s);
	cr_expect_eq(b.debt_ns, before);
}

/* Rungs are periods in accesses; how many of these a program makes is found out. */
struct accesses_world {
	const char *name;
	double percent, use;
	double hz; /* accesses in a second of CPU time */
	double max_hz;
	double seconds;
	double least, most; /* of what was asked for */
	int rung;	    /* at the end; -1: any */
};

static void run_accesses(const struct accesses_world *w, struct outcome *o, double *sampled_hz)
{
	const double tick_ns = 3000, own_ns = 2500;
	struct damon_spent s = {.now_ns = 5 * NS_PER_SEC, .own_ns = 5e6};
	struct damon_budget b;

	*o = (struct outcome){0};
	damon_budget_init_accesses(&b, w->percent, tick_ns, 1500, .8e6, w->max_hz);
	damon_budget_step(&b, &s);
	for (double t = 0; t < w->seconds; t += .5) {
		double target = w->use * .5 * NS_PER_SEC;
		double ticks = target / NS_PER_SEC * w->hz / b.period[b.rung];
		uint32_t was = b.rung;

		s.now_ns += NS_PER_SEC / 2;
		s.target_ns += target;
		s.ticks += ticks;
		s.accesses += ticks * b.period[b.rung];
		s.samples_ns += ticks * own_ns;
		s.own_ns += ticks * own_ns + .5 * .8e6;
		damon_budget_step(&b, &s);
		o->changes += b.rung != was;
	}
	o->ratio = (s.own_ns + s.ticks * tick_ns) / s.target_ns / (w->percent / 100);
	o->rung = b.rung;
	*sampled_hz = w->hz / b.period[b.rung];
}

Test(budget, accesses_are_counted_not_guessed)
{
	static const struct accesses_world rows[] = {
		{"as guessed, but dearer", 1, 1, 1e9, 1e5, 30, .9, 1.2, -1},
		{"a tenth", 1, 1, 1e8, 1e5, 30, .9, 1.2, -1},
		{"four times as many", 1, 1, 4e9, 1e5, 30, .9, 1.3, 2},
		{"few: no denser than the densest", 1, 1, 1e7, 1e5, 30, .1, .3, 0},
		{"none at all", 1, 1, 0, 1e5, 30, .05, .2, 0},
		{"between, nearer to the denser one", 1, 1, 2.2e8, 1e5, 120, .8, 1.15, -1},
		{"between, nearer to the sparser one", 1, 1, 5e8, 1e5, 120, .5, 1.15, -1},
		{"between the sparser two", 1, 1, 2e9, 1e5, 120, .8, 1.15, -1},
		{"more than all periods are for", 1, 1, 4e10, 1e5, 30, 8, 14, 2},
		{"much may be spent", 20, 1, 1e9, 1e5, 30, .8, 1.2, -1},
		{"many threads", 1, 16, 1e9, 1e5, 30, .8, 1.2, 1},
		{"idles", 1, .2, 1e9, 1e5, 60, .8, 1.3, -1},
		{"the kernel allows less", 20, 1, 1e9, 8000, 30, .1, .4, 2},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct accesses_world *w = &rows[i];
		struct outcome o;
		double hz;

		run_accesses(w, &o, &hz);
		cr_expect(o.ratio >= w->least && o.ratio <= w->most, "%s: %.3f of what was asked",
			  w->name, o.ratio);
		cr_expect(w->rung < 0 || (int)o.rung == w->rung, "%s: %u", w->name, o.rung);
		cr_expect_leq(o.changes, 1 + w->seconds / 1.5, "%s: %d", w->name, o.changes);
		cr_expect(hz <= w->max_hz || o.rung == DAMON_RUNGS - 1, "%s: %g Hz", w->name, hz);
	}
}

Test(budget, periods_to_begin_with)
{
	static const struct {
		double percent, max_hz;
		double period[DAMON_RUNGS];
		uint32_t rung;
	} rows[] = {
		{1, 1e5, {48913, 489130, 1956522}, 1}, {.1, 1e5, {2.25e6, 2.25e7, 9e7}, 1},
		{50, 1e5, {20000, 40000, 160000}, 0}, /* denser ones tell little more */
		{50, 500, {200000, 2e6, 8e6}, 1},      {1, 0, {48913, 489130, 1956522}, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct damon_budget b;

		damon_budget_init_accesses(&b, rows[i].percent, 3000, 1500, .8e6, rows[i].max_hz);
		for (int k = 0; k < DAMON_RUNGS; k++)
			cr_expect_float_eq(b.period[k] / rows[i].period[k], 1, .001, "%g %%: %g",
					   rows[i].percent, b.period[k]);
		cr_expect_eq(b.rung, rows[i].rung, "%g %%: %u", rows[i].percent, b.rung);
	}
}
