/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Working sets against worlds whose truth is known: what damon_wset_derive() says of them, from the
 * core's own snapshots. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/core.h"

enum { PAGES = 16384, ACCESSES = 1000 };
#define BASE	0x10000000ull
#define AGGR_NS (100 * NS_PER_MS)

/* A process with PAGES pages. A hit stands for ACCESSES accesses. */
struct world {
	struct damon_core *core;
	struct damon_proc *proc;
	struct rng rng;
	unsigned int aggr;
	double share[PAGES], sum[PAGES + 1]; /* of the accesses; sums of those before */
	double untouched[10]
			[PAGES]; /* chance that no access went there, of the last aggregations */
};

static struct world *world_new(void)
{
	struct damon_mapping m = {.start = BASE,
				  .end = BASE + PAGES * DAMON_PAGE_SIZE,
				  .prot = DAMON_PROT_READ | DAMON_PROT_WRITE,
				  .name = ""};
	struct world *w = calloc(1, sizeof(*w));

	cr_assert(w);
	rng_seed(&w->rng, 7);
	w->core = damon_core_new(&damon_core_defaults);
	cr_assert(w->core);
	w->proc = damon_targets_add(damon_core_targets(w->core), 1, "world", 0);
	cr_assert(w->proc);
	cr_assert_eq(damon_space_map(w->proc->space, &m, 0), 0);
	return w;
}

static void world_free(struct world *w)
{
	damon_core_free(w->core);
	free(w);
}

/* From now on, pages [start, start + n) are accessed alike, and no other. */
static void use_part(struct world *w, size_t start, size_t n)
{
	for (size_t i = 0; i < PAGES; i++)
		w->share[i] = i >= start && i < start + n ? 1. / n : 0;
}

/* Lets an aggregation pass, of 'hits' observations. Returns what the core says of it. */
static const struct damon_target_snapshot *pass(struct world *w, unsigned int hits)
{
	const struct damon_snapshot *s;
	uint64_t start = w->aggr * AGGR_NS;

	for (size_t i = 0; i < PAGES; i++) {
		w->sum[i + 1] = w->sum[i] + w->share[i];
		w->untouched[w->aggr % 10][i] = exp(-w->share[i] * hits * ACCESSES);
	}
	for (unsigned int k = 0; k < hits; k++) {
		double u = rng_unit(&w->rng) * w->sum[PAGES];
		size_t lo = 0, hi = PAGES;
		struct damon_obs o = {.pid = 1, .tid = 1, .weight = ACCESSES, .nr = 1};

		while (hi - lo > 1) {
			size_t mid = (lo + hi) / 2;

			if (w->sum[mid] <= u)
				lo = mid;
			else
				hi = mid;
		}
		o.access[0].addr = BASE + lo * DAMON_PAGE_SIZE;
		damon_core_observe(w->core, w->proc, &o);
	}
	w->aggr++;
	s = damon_core_aggregate(w->core, start, start + AGGR_NS, 0);
	cr_assert(s);
	return s->nr_targets ? &s->targets[0] : NULL;
}

/* In pages. */
static struct damon_wset_size size_of(const struct damon_target_snapshot *t, enum damon_window w)
{
	struct damon_view v = {5 * NS_PER_MS, AGGR_NS, {1, 1, 1}};
	struct damon_wset_size s;

	damon_wset_derive(t, w, &v, &s);
	s.bytes /= DAMON_PAGE_SIZE;
	s.lo /= DAMON_PAGE_SIZE;
	s.hi /= DAMON_PAGE_SIZE;
	return s;
}

/* Pages touched in the last second, as expected. */
static double touched_1s(const struct world *w)
{
	double sum = 0;

	for (size_t i = 0; i < PAGES; i++) {
		double none = 1;

		for (unsigned int k = 0; k < 10 && k < w->aggr; k++)
			none *= w->untouched[k][i];
		sum += 1 - none;
	}
	return sum;
}

static void check_inside(struct damon_wset_size s, double truth, const char *what)
{
	cr_assert(s.lo <= truth * 1.001 && truth * .999 <= s.hi, "%s: %g not in [%g, %g]", what,
		  truth, s.lo, s.hi);
	cr_assert(s.lo <= s.bytes && s.bytes <= s.hi, "%s", what);
}

/* While a window reaches back into another phase, it holds the pages of both. */
Test(wset_size, change_of_phase)
{
	static const struct {
		const char *name;
		unsigned int hits; /* an aggregation */
	} rows[] = {{"few hits", 30}, {"many", 100}, {"each page more than once", 1000}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_new();

		use_part(w, 0, 2048);
		for (int a = 0; a < 40; a++)
			pass(w, rows[i].hits);
		use_part(w, 8192, 2048);
		for (int a = 1; a <= 9; a++) {
			struct damon_wset_size s = size_of(pass(w, rows[i].hits), DAMON_WINDOW_1S);

			check_inside(s, touched_1s(w), rows[i].name);
			cr_assert_lt(s.lo, s.hi, "%s: nothing is that certain", rows[i].name);
			if (a >= 3 && a <= 7)
				cr_assert_gt(s.bytes, 1.25 * 2048, "%s, %d: %g", rows[i].name, a,
					     s.bytes);
		}
		for (int a = 0; a < 4; a++)
			cr_assert_lt(size_of(pass(w, rows[i].hits), DAMON_WINDOW_1S).bytes,
				     1.25 * 2048, "%s", rows[i].name);
		world_free(w);
	}
}

/* What was filled once, before the work, is no part of it. */
Test(wset_size, preparation)
{
	struct world *w = world_new();

	use_part(w, 0, PAGES);
	pass(w, 40);
	pass(w, 40);
	use_part(w, 4096, 2048);
	for (int a = 0; a < 60; a++) {
		struct damon_wset_size s = size_of(pass(w, 40), DAMON_WINDOW_1S);

		if (a < 12)
			continue;
		check_inside(s, touched_1s(w), "prepared");
		cr_assert_lt(s.bytes, 1.3 * 2048, "%d: %g", a, s.bytes);
	}
	world_free(w);
}

/* Rates of all degrees, in the order of the pages or not. */
static void use_zipf(struct world *w, bool shuffled)
{
	for (size_t i = 0; i < PAGES; i++)
		w->share[i] = 1. / (i + 1) / log(PAGES);
	for (size_t i = PAGES - 1; shuffled && i > 0; i--) {
		size_t j = rng_below(&w->rng, i + 1);
		double share = w->share[i];

		w->share[i] = w->share[j];
		w->share[j] = share;
	}
}

Test(wset_size, zipf)
{
	for (int shuffled = 0; shuffled < 2; shuffled++) {
		struct world *w = world_new();

		use_zipf(w, shuffled);
		for (int a = 0; a < 150; a++) {
			const struct damon_target_snapshot *t = pass(w, 100);

			if (a >= 50)
				check_inside(size_of(t, DAMON_WINDOW_1S), touched_1s(w), "1 s");
		}
		world_free(w);
	}
}

/* A scan leaves no rates behind that would tell of it: the counts must. */
Test(wset_size, scan)
{
	struct world *w = world_new();

	for (int a = 0; a < 60; a++) {
		const struct damon_target_snapshot *t;

		use_part(w, a * 200, 200);
		t = pass(w, 100);
		if (a < 15)
			continue;
		check_inside(size_of(t, DAMON_WINDOW_1S), 10 * 200, "1 s");
		check_inside(size_of(t, DAMON_WINDOW_10S), (a + 1) * 200, "10 s");
	}
	world_free(w);
}

/*
 * Rates evenly spread over the orders of magnitude, as in programs: a part of the pages is hit all
 * the time, a part hardly ever, all of them are touched.
 */
static void use_tail(struct world *w, size_t pages, double decades)
{
	double sum = 0;

	for (size_t i = 0; i < PAGES; i++)
		w->share[i] = 0;
	for (size_t i = 0; i < pages; i++) {
		double share = pow(10, -decades * rng_unit(&w->rng));

		w->share[rng_below(&w->rng, PAGES / 2)] += share;
		sum += share;
	}
	for (size_t i = 0; i < PAGES; i++)
		w->share[i] /= sum;
}

Test(wset_size, tail_of_rare_pages)
{
	static const struct {
		const char *name;
		size_t pages;
		double decades, most; /* mean error */
	} rows[] = {
		/* it ends where no program's does */
		{"short", 300, 2, .35},
		{"long", 500, 4, .2},
		{"very long", 800, 5, .2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_new();
		double error = 0;

		use_tail(w, rows[i].pages, rows[i].decades);
		for (int a = 0; a < 100; a++) {
			const struct damon_target_snapshot *t = pass(w, 400);
			struct damon_wset_size s;

			if (a < 40)
				continue;
			s = size_of(t, DAMON_WINDOW_1S);
			check_inside(s, touched_1s(w), rows[i].name);
			error += fabs(s.bytes / touched_1s(w) - 1) / 60;
		}
		cr_assert_lt(error, rows[i].most, "%s: %g", rows[i].name, error);
		world_free(w);
	}
}

/* Over ten seconds of short phases, the sum of them all. */
Test(wset_size, many_phases)
{
	struct world *w = world_new();

	for (int a = 0; a < 200; a++) {
		const struct damon_target_snapshot *t;

		use_part(w, a / 10 % 10 * 150, 150);
		t = pass(w, 100);
		if (a >= 100)
			check_inside(size_of(t, DAMON_WINDOW_10S), 1500, "10 s");
	}
	world_free(w);
}
