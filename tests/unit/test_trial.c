/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does idle memory stay idle? */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "base/util.h"
#include "core/stats.h"
#include "core/trial.h"

#define PAGE(n) ((uint64_t)(n) << DAMON_PAGE_SHIFT)
#define AGGR_NS (100 * NS_PER_MS)

/* Target 7, whose hits weigh 10 each; regions as "FROM-TO!IDLE". */
struct world {
	struct damos_trial x;
	struct damon_region r[16];
	struct damon_target_snapshot t;
	uint64_t now_ns;
};

static void look(struct world *w, const char *text)
{
	unsigned int from, to, idle;
	int used = 0;

	w->t.regions = w->r;
	w->t.nr_regions = 0;
	w->t.target_id = 7;
	w->t.nr_obs = 5;
	w->t.weight = 50;
	for (; sscanf(text, " %u-%u!%u%n", &from, &to, &idle, &used) == 3; text += used)
		w->r[w->t.nr_regions++] = (struct damon_region){
			.start = PAGE(from), .end = PAGE(to), .idle_aggrs = idle};
	w->now_ns += AGGR_NS;
	cr_assert_eq(damos_trial_count(&w->x, &w->t, w->now_ns, AGGR_NS), 0);
}

static void add(struct world *w, unsigned int from, unsigned int to)
{
	cr_assert_eq(damos_trial_add(&w->x, 7, PAGE(from), PAGE(to)), 0);
}

/* hits under pages x aggregations of exposure; what fades in a few aggregations is allowed for. */
static void expect_bound(struct world *w, double hits, double exposure, const char *what)
{
	double want = damon_poisson_hi(hits) * 10 / exposure, got = damos_trial_bound(&w->x, 7);

	cr_expect_float_eq(got / want, 1, .01, "%s: %g instead of %g", what, got, want);
}

Test(trial, nothing_is_known_before)
{
	struct world w = {0};

	cr_expect(isinf(damos_trial_bound(&w.x, 7)));
	look(&w, "0-100!9");
	cr_expect(isinf(damos_trial_bound(&w.x, 7)));
	look(&w, "0-100!10"); /* nothing was on trial */
	cr_expect(isinf(damos_trial_bound(&w.x, 7)));
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
		{"both", "0-100!0 100-200!0", 2, 150},
		{"a part of one", "0-30!51 30-32!0 32-100!51 100-200!51", 1, 150},
		{"beside it", "0-100!51 100-150!51 150-200!0", 0, 150},
		{"joined with others", "0-300!51", 0, 150},
		{"unmapped in part", "0-50!51 100-200!51", 0, 100},
		{"hit, in what is left", "120-130!0", 1, 10},
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
	before = damos_trial_bound(&w.x, 7);
	w.now_ns += 60 * NS_PER_SEC;
	look(&w, "0-100!51");
	cr_expect_float_eq(damos_trial_bound(&w.x, 7) / before, exp(1), .05, "a minute later");
	damos_trial_release(&w.x);
}

Test(trial, late_looks_count_for_all_that_passed)
{
	struct world w = {0};

	look(&w, "0-100!50");
	add(&w, 0, 100);
	w.now_ns += 9 * AGGR_NS;
	look(&w, "0-100!9"); /* hit nine aggregations ago, one after it went on trial */
	cr_expect_float_eq(damos_trial_bound(&w.x, 7), damon_poisson_hi(1) * 10 / 1000, .002);
	damos_trial_release(&w.x);
}

Test(trial, forgets)
{
	struct world w = {0};
	struct damon_snapshot none = {0};

	look(&w, "0-100!50");
	add(&w, 0, 100);
	look(&w, "0-100!51");
	expect_bound(&w, 0, 100, "before");
	add(&w, 0, 100);
	w.t.space_id = 1;
	look(&w, "0-100!52");
	cr_expect(isinf(damos_trial_bound(&w.x, 7)), "another space");
	damos_trial_prune(&w.x, &none);
	cr_expect_eq(w.x.n, 0u, "gone");
	damos_trial_release(&w.x);
}
