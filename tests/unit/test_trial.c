/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does idle memory stay idle? */
#include "core/stats.h"
#include "core/schemes/trial.h"
#include "tests/kit/scheme_kit.h"

/* Target 7, whose hits weigh 10 each; regions as "FROM-TO!IDLE", or "FROM-TO!0@PAGE" where the
 * hit's page is known. */
struct world {
	struct damos_trial x;
	struct damon_region r[16];
	struct damon_target_snapshot t;
	uint64_t now_ns;
};

#define LEAST_NS (5 * NS_PER_SEC)

static int add_range(struct damos_trial *x, uint32_t id, uint64_t start, uint64_t end, int band)
{
	return damos_trial_add(x, id, &(struct damos_trial_range){start, end, band});
}

static void look(struct world *w, const char *text)
{
	unsigned int from, to, idle, page;
	int used = 0, more;

	w->t.regions = w->r;
	w->t.nr_regions = 0;
	w->t.target_id = 7;
	w->t.nr_obs = 5;
	w->t.weight = 50;
	for (; sscanf(text, " %u-%u!%u%n", &from, &to, &idle, &used) == 3; text += used) {
		struct damon_region *r = &w->r[w->t.nr_regions++];

		*r = (struct damon_region){
			.start = PAGE(from), .end = PAGE(to), .idle_aggrs = idle};
		if (sscanf(text + used, "@%u%n", &page, &more) != 1)
			continue;
		r->hit_start = PAGE(page);
		r->hit_end = PAGE(page + 1);
		used += more;
	}
	w->now_ns += AGGR_NS;
	cr_assert_eq(damos_trial_count(&w->x, &w->t, w->now_ns, AGGR_NS, LEAST_NS), 0);
}

static void add(struct world *w, unsigned int from, unsigned int to)
{
	cr_assert_eq(add_range(&w->x, 7, PAGE(from), PAGE(to), 0), 0);
}

/* hits under pages x aggregations of exposure; what fades in a few aggregations is allowed for. */
static void expect_bound(struct world *w, double hits, double exposure, const char *what)
{
	double want = damon_poisson_hi(hits) * 10 / exposure, got = damos_trial_bound(&w->x, 7, 0);

	cr_expect_float_eq(got / want, 1, .01, "%s: %g instead of %g", what, got, want);
}

Test(trial, nothing_is_known_before)
{
	struct world w = {0};

	cr_expect(isinf(damos_trial_bound(&w.x, 7, 0)));
	look(&w, "0-100!9");
	cr_expect(isinf(damos_trial_bound(&w.x, 7, 0)));
	look(&w, "0-100!10"); /* nothing was on trial */
	cr_expect(isinf(damos_trial_bound(&w.x, 7, 0)));
	damos_trial_release(&w.x);
}

Test(trial, only_what_comes_on_trial_counts)
{
	static const struct {
		const char *name, *now;
		double hits, pages;
	} rows[] = {
		{"idle still", "0-100!51 100-200!51 200-300!0", 0, 150},
		{"one was hit", "0-100!0 100-200!51 200-300!0", 1, 150},
		{"both", "0-100!0@7 100-200!0@149", 2, 150},
		{"beside what was on trial", "0-100!0@7 100-200!0@150", 1, 150},
		{"both, nobody knows where", "0-100!0 100-200!0", 1.5, 150},
		{"a part of one", "0-30!51 30-32!0 32-100!51 100-200!51", 1, 150},
		{"beside it", "0-100!51 100-150!51 150-200!0", 0, 150},
		{"joined with others", "0-300!51", 0, 150},
		{"unmapped in part", "0-50!51 100-200!51", 0, 100},
		{"a neighbour in use that grew", "0-100!51 100-140!51 140-200!0", 10. / 60, 150},
		{"hit, in what is left", "120-130!0@125", 1, 10},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w = {0};

		look(&w, "0-100!50 100-200!50");
		add(&w, 0, 100);
		add(&w, 100, 150);
		look(&w, rows[i].now);
		expect_bound(&w, rows[i].hits, rows[i].pages, rows[i].name);
		look(&w, "0-300!0"); /* none is on trial any more */
		expect_bound(&w, rows[i].hits, rows[i].pages, rows[i].name);
		damos_trial_release(&w.x);
	}
}

Test(trial, longer_is_surer)
{
	struct world w = {0};
	double before;

	look(&w, "0-100!50");
	for (int i = 0; i < 4; i++) {
		add(&w, 0, 100);
		look(&w, "0-100!51");
	}
	expect_bound(&w, 0, 400, "four aggregations");
	before = damos_trial_bound(&w.x, 7, 0);
	w.now_ns += 60 * NS_PER_SEC;
	look(&w, "0-100!51");
	cr_expect_float_eq(damos_trial_bound(&w.x, 7, 0) / before, exp(1), .05, "a minute later");
	damos_trial_release(&w.x);
}

Test(trial, late_looks_count_for_all_that_passed)
{
	struct world w = {0};

	look(&w, "0-100!50");
	add(&w, 0, 100);
	w.now_ns += 9 * AGGR_NS;
	look(&w, "0-100!9"); /* hit nine aggregations ago, one after it went on trial */
	cr_expect_float_eq(damos_trial_bound(&w.x, 7, 0), damon_poisson_hi(1) * 10 / 1000, .002);
	damos_trial_release(&w.x);
}

Test(trial, bands)
{
	static const struct {
		uint64_t idle_ms;
		int band;
	} rows[] = {{0, -1},	{4999, -1}, {5000, 0},	 {14999, 0},  {15000, 1},
		    {44999, 1}, {45000, 2}, {135000, 3}, {405000, 4}, {100000000, 4}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_eq(damos_trial_band(rows[i].idle_ms * NS_PER_MS, LEAST_NS), rows[i].band,
			     "%llu", (unsigned long long)rows[i].idle_ms);
}

/* A band may be judged with those before it, but not by what has been idle for longer. */
Test(trial, what_was_idle_for_longer_does_not_speak_for_the_others)
{
	struct world w = {0};
	double first;

	look(&w, "0-100!50 100-200!200 200-210!500");
	add(&w, 0, 100);
	add_range(&w.x, 7, PAGE(100), PAGE(200), 1);
	add_range(&w.x, 7, PAGE(200), PAGE(210), 2);
	look(&w, "0-20!0 20-40!0 40-60!0 60-80!0 80-100!0 100-200!201 200-210!0");
	expect_bound(&w, 5, 100, "the first");
	first = damos_trial_bound(&w.x, 7, 0);
	cr_expect_float_eq(damos_trial_bound(&w.x, 7, 1) / (damon_poisson_hi(0) * 10 / 100), 1, .01,
			   "the second alone is best");
	cr_expect_float_eq(damos_trial_bound(&w.x, 7, 2) / (damon_poisson_hi(1) * 10 / 110), 1, .01,
			   "the third with the second");
	cr_expect_lt(damos_trial_bound(&w.x, 7, 1), first);
	cr_expect_eq(damos_trial_bound(&w.x, 7, 3), damos_trial_bound(&w.x, 7, 2));
	damos_trial_release(&w.x);
}

Test(trial, forgets)
{
	struct world w = {0};

	look(&w, "0-100!50");
	add(&w, 0, 100);
	look(&w, "0-100!51");
	expect_bound(&w, 0, 100, "before");
	add(&w, 0, 100);
	w.t.space_id = 1;
	look(&w, "0-100!52");
	cr_expect(isinf(damos_trial_bound(&w.x, 7, 0)), "another space");
	damos_trial_prune(&w.x);
	cr_expect_eq(w.x.n, 1u, "it was there");
	damos_trial_prune(&w.x);
	cr_expect_eq(w.x.n, 0u, "gone");
	damos_trial_release(&w.x);
}

Test(trial, targets_are_apart)
{
	static const uint32_t ids[] = {7, 3, 9, 1, 8};
	struct damos_trial x = {0};
	struct damon_region r = {.end = PAGE(100), .idle_aggrs = 50};

	for (int look = 1; look <= 2; look++) {
		for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
			struct damon_target_snapshot t = {.target_id = ids[i],
							  .nr_obs = 1,
							  .weight = 10,
							  .regions = &r,
							  .nr_regions = 1};

			cr_assert_eq(damos_trial_count(&x, &t, look * AGGR_NS, AGGR_NS, LEAST_NS),
				     0);
			cr_assert_eq(add_range(&x, ids[i], 0, PAGE(10 * ids[i]), 0), 0);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		cr_expect_float_eq(damos_trial_bound(&x, ids[i], 0) * ids[i], damon_poisson_hi(0),
				   .01, "%u", ids[i]);
	cr_expect(isinf(damos_trial_bound(&x, 2, 0)));
	damos_trial_release(&x);
}

/* ---- through the engine ---- */

enum { COLD = 20, SMALL = COLD + 1, REGIONS };

/* Memory in use, cold regions of 500 pages and one of 4 that samples alone hardly tell of. */
struct engine {
	struct kit k;
	struct damon_view view;
};

static void engine_setup(struct engine *g)
{
	struct damos s = kit_scheme("pageout");

	s.access_max = 0;
	s.age_ns.min = 5 * NS_PER_SEC;
	kit_setup(&g->k);
	kit_set(&g->k, &s, &kit_cold, 1);
	g->view = (struct damon_view){
		.sample_ns = 5 * NS_PER_MS, .aggr_ns = AGGR_NS, .scale = {1000, 1000, 1000}};
	g->k.targets[0] = (struct damon_target_snapshot){.regions = g->k.regions,
							 .nr_regions = REGIONS,
							 .nr_obs = 80,
							 .weight = 80 * 50,
							 .burst = 1,
							 .clumping = 1};
	g->k.s.nr_targets = 1;
	g->k.regions[0] = (struct damon_region){.end = PAGE(2000),
						.nr_obs = 4000,
						.nr_ticks = 4000,
						.weight = 4000 * 50,
						.span_aggrs = 50,
						.age_aggrs = 50,
						.evenness = 1};
	for (int i = 1; i < REGIONS; i++)
		g->k.regions[i] = (struct damon_region){.start = PAGE(i * 10000),
							.end = PAGE(i * 10000 + 500),
							.span_aggrs = 50,
							.age_aggrs = 50,
							.idle_aggrs = 50,
							.evenness = 1};
	g->k.regions[SMALL].end = g->k.regions[SMALL].start + PAGE(4);
}

/* The next snapshot, in which region 'hit' (0: none) had a hit. Returns how many steps follow. */
static size_t engine_look(struct engine *g, int hit)
{
	size_t n;

	for (int i = 1; i < REGIONS; i++) {
		struct damon_region *r = &g->k.regions[i];

		r->idle_aggrs = i == hit ? 0 : r->idle_aggrs + 1;
		r->age_aggrs++;
		r->span_aggrs++;
	}
	g->k.s.start_ns = g->k.w.now_ns;
	g->k.s.end_ns = g->k.w.now_ns += AGGR_NS;
	cr_assert_eq(damon_schemes_plan(g->k.e, &g->k.s, &g->view, &g->k.w), 0);
	damon_schemes_steps(g->k.e, &n);
	return n;
}

Test(trial, all_that_stays_idle_is_acted_upon_but_what_is_small)
{
	struct engine g;
	size_t n = 0, looks = 0;
	const struct damos_step *s;

	engine_setup(&g);
	while (!n && looks++ < 90)
		n = engine_look(&g, 0);
	cr_expect_gt(looks, 20u, "not before it is sure");
	cr_expect_eq(n, (size_t)COLD);
	s = damon_schemes_steps(g.k.e, &n);
	for (size_t i = 0; i < n; i++)
		cr_expect_eq(s[i].end - s[i].start, PAGE(500));
	kit_teardown(&g.k);
}

/* Few samples: for as long as the scheme asks three times over they do not tell. */
Test(trial, evidence_grows_for_as_long_as_memory_stays_idle)
{
	struct engine g;
	size_t n = 0, looks = 0;

	engine_setup(&g);
	g.k.targets[0].nr_obs = 16; /* of the same accesses */
	g.k.regions[0].nr_obs = g.k.regions[0].nr_ticks = 800;
	while (!n && looks++ < 800)
		n = engine_look(&g, 0);
	cr_expect(looks > 100 && looks < 400, "%zu", looks);
	cr_expect_eq(n, (size_t)COLD);
	kit_teardown(&g.k);
}

Test(trial, where_some_is_hit_again_nothing_is_acted_upon)
{
	struct engine g;

	engine_setup(&g);
	for (int i = 0; i < 90; i++)
		cr_assert_eq(engine_look(&g, i % 10 ? 0 : 1 + i / 10), 0u, "%d", i);
	kit_teardown(&g.k);
}
