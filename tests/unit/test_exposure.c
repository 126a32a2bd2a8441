/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change of the rate of observations is no change of the program. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/core.h"

#define BASE	   0x10000000ull
#define AGGR	   (100 * NS_PER_MS)
#define PAGES	   4096
#define HOT_PAGES  64 /* get half of the accesses */
#define NR_TARGETS 1

struct kit {
	struct damon_core *core;
	struct damon_proc *p;
	struct rng rng;
	uint64_t now;
};

static void setup(struct kit *k)
{
	struct damon_mapping m = {
		.start = BASE, .end = BASE + PAGES * DAMON_PAGE_SIZE, .prot = 3, .name = ""};

	memset(k, 0, sizeof(*k));
	rng_seed(&k->rng, 7);
	k->core = damon_core_new(&damon_core_defaults);
	cr_assert(k->core);
	k->p = damon_targets_add(damon_core_targets(k->core), 1, "one", 0);
	cr_assert(k->p && k->p->space);
	cr_assert_eq(damon_space_map(k->p->space, &m, 0), 0);
}

/* An aggregation of a program that never changes, observed 'hz' times a second. */
static const struct damon_snapshot *run(struct kit *k, double hz)
{
	const struct damon_snapshot *s;

	for (int i = 0; i < hz / 10; i++) {
		struct damon_obs o = {.pid = 1, .tid = 1, .weight = (float)(1 / hz), .nr = 1};
		uint64_t page = rng_below(&k->rng, 2) ? rng_below(&k->rng, HOT_PAGES)
						      : rng_below(&k->rng, PAGES);

		o.time_ns = k->now + (uint64_t)i;
		o.access[0].addr = BASE + page * DAMON_PAGE_SIZE;
		damon_core_observe(k->core, k->p, &o);
	}
	s = damon_core_aggregate(k->core, k->now, k->now + AGGR, hz);
	cr_assert(s && s->nr_targets == NR_TARGETS);
	k->now += AGGR;
	return s;
}

/* Share of the weight per aggregation in the hot pages, and the least age and span. */
static double look(const struct damon_snapshot *s, uint32_t *age, uint32_t *span)
{
	const struct damon_target_snapshot *t = &s->targets[0];
	double hot = 0, all = 0;

	*age = *span = UINT32_MAX;
	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];
		double rate = r->weight / r->span_aggrs;

		all += rate;
		if (r->end <= BASE + (HOT_PAGES + 4) * DAMON_PAGE_SIZE)
			hot += rate;
		if (!r->nr_obs)
			continue;
		*age = MIN(*age, r->age_aggrs);
		*span = MIN(*span, r->span_aggrs);
	}
	cr_assert_gt(all, 0);
	return hot / all;
}

static const struct {
	const char *name;
	double hz[4]; /* for 40 aggregations each */
} changes[] = {
	{"stays", {1000, 1000, 1000, 1000}},	    {"down to a quarter", {2000, 500, 500, 500}},
	{"up by four", {500, 500, 500, 2000}},	    {"to and fro", {1000, 447, 1000, 447}},
	{"down a long way", {4000, 500, 250, 250}}, {"up a long way", {250, 250, 500, 2000}},
};

Test(exposure, a_change_of_rate_moves_no_age_no_epoch_and_no_heat)
{
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		const struct damon_snapshot *s = NULL;
		uint32_t age, span;
		struct kit k;
		double share;

		setup(&k);
		for (int n = 0; n < 160; n++)
			s = run(&k, changes[i].hz[n / 40]);
		share = look(s, &age, &span);
		cr_expect_geq(age, 110, "%s: age %u", changes[i].name, age);
		cr_expect_geq(span, 60, "%s: span %u", changes[i].name, span);
		cr_expect(fabs(share - .508) < .05, "%s: share %g", changes[i].name, share);
		damon_core_free(k.core);
	}
}

/* Of all ticks, the part that speaks for the present: all of the past does where rates hold. */
static double part_at_present(const struct damon_snapshot *s)
{
	const struct damon_target_snapshot *t = &s->targets[0];
	double now = 0, all = 0;

	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];

		all += r->nr_ticks;
		now += r->now_ticks > 0 ? r->now_ticks : r->nr_ticks;
	}
	cr_assert_gt(all, 0);
	return now / all;
}

Test(exposure, a_change_of_rate_is_no_unrest)
{
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		double least = 1;
		struct kit k;

		setup(&k);
		for (int n = 0; n < 160; n++) {
			const struct damon_snapshot *s = run(&k, changes[i].hz[n / 40]);

			if (n >= 40)
				least = MIN(least, part_at_present(s));
		}
		cr_expect_gt(least, .5, "%s: %.2f", changes[i].name, least);
		damon_core_free(k.core);
	}
}

/* The true mean of the weight lies within the bounds that ticks give, as often as they claim. */
Test(exposure, bounds_count_what_mixed_weights_are_worth)
{
	static const double hz[] = {2000, 200};
	int inside = 0, runs = 200;

	for (int seed = 0; seed < runs; seed++) {
		const struct damon_snapshot *s = NULL;
		struct damon_view v = {
			.sample_ns = 5 * NS_PER_MS, .aggr_ns = AGGR, .scale = {1, 1, 1}};
		struct damon_region_rate r;
		struct damon_target_sum sum;
		struct kit k;

		setup(&k);
		rng_seed(&k.rng, 100 + (uint64_t)seed);
		for (int n = 0; n < 20; n++) {
			const double rate = hz[n / 10];
			int pages = 0;

			for (int j = 0; j < rate / 10; j++) { /* every tenth access is to page 0 */
				struct damon_obs o = {
					.pid = 1, .weight = (float)(1 / rate), .nr = 1};

				pages += o.nr;
				o.access[0].addr =
					rng_below(&k.rng, 10)
						? BASE + DAMON_PAGE_SIZE *
								  (2048 + rng_below(&k.rng, 2048))
						: BASE;
				damon_core_observe(k.core, k.p, &o);
			}
			s = damon_core_aggregate(k.core, k.now, k.now + AGGR, rate);
			k.now += AGGR;
			cr_assert(s && pages);
		}
		sum = damon_target_sum(&s->targets[0], &v);
		damon_region_derive(&s->targets[0], 0, &v, &sum, &r);
		if (s->targets[0].regions[0].nr_obs)
			inside += r.share_lo <= .1 && .1 <= r.share_hi;
		damon_core_free(k.core);
	}
	cr_expect_geq(inside, runs * 9 / 10, "%d of %d", inside, runs);
}
