/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the estimator says of the present: of rates that do not hold, of pages that stand out, and
 * of accesses that come together. */
#include "tests/kit/est_kit.h"

/* Visits of 'visit' accesses, of which each 'period'-th is a hit, to pages at random. */
static double clumping_of(unsigned int visit, unsigned int period)
{
	struct kit k;
	unsigned int skip = 0;
	double c;

	setup(&k);
	k.max_regions = 1;
	map(&k, "0-4000");
	for (int a = 0; a < 100; a++) {
		for (unsigned int i = 0; i < 4000 / visit; i++) {
			uint64_t page = rng_below(&k.rng, 4000);

			for (unsigned int j = 0; j < visit; j++) {
				if (skip++ % period)
					continue;
				hit(&k, page);
				k.hits[k.nr - 1].weight = period;
			}
		}
		run(&k);
	}
	c = damon_est_clumping(k.e);
	check_sound(&k);
	teardown(&k);
	return c;
}

Test(present, clumping_is_the_length_of_visits)
{
	static const struct {
		const char *name;
		unsigned int visit, period;
		double least, most;
	} rows[] = {{"single accesses", 1, 5, 1, 1.3},
		    {"of all accesses each second", 16, 2, 5, 25},
		    {"each seventh", 16, 7, 5, 25},
		    {"fewer than a visit has", 40, 21, 12, 60}};

	/* a page gets 4000 / 4000 / 20 accesses in a slot of time: as together() has it, visits of
	 * one that gets 1 are 20^.3 = 2.5 times as long */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double c = clumping_of(rows[i].visit, rows[i].period);

		cr_expect(c >= rows[i].least && c <= rows[i].most, "%s: %f", rows[i].name, c);
	}
}

Test(present, ticks_over_many_pages_are_no_visits)
{
	for (int seed = 1; seed <= 6; seed++) {
		struct kit k;

		setup(&k);
		rng_seed(&k.rng, seed);
		k.max_regions = 1;
		map(&k, "0-100000");
		for (int a = 0; a < 12; a++) {
			for (int i = 0; i < 400; i++) { /* two that overlap share many pages */
				uint64_t page = rng_below(&k.rng, 100000 - 16);

				burst(&k, page, page + 16);
			}
			for (size_t i = 0; i < k.nr; i++)
				k.hits[i].weight = 1e6;
			run(&k);
			cr_assert_lt(damon_est_clumping(k.e), 1.5, "%d: %f", a,
				     damon_est_clumping(k.e));
		}
		teardown(&k);
	}
}

/* ---- the present ---- */

Test(present, the_past_counts_as_far_as_rates_hold)
{
	static const struct {
		const char *name;
		unsigned int low, high;
	} rows[] = {{"steady", 6, 6}, {"restless", 2, 10}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool steady = rows[i].low == rows[i].high;
		double mean, now[2];
		struct kit k;

		setup(&k);
		k.max_regions = 1;
		map(&k, "0-1000");
		for (int a = 0; a < 62; a++) {
			bool is_high = a < 60 ? rng_below(&k.rng, 2) : a == 60;

			spread(&k, 0, 1000, is_high ? rows[i].high : rows[i].low);
			run(&k);
			if (a >= 60)
				now[a - 60] = at(&k, 0).now_weight;
		}
		mean = at(&k, 0).weight / at(&k, 0).span_aggrs;
		if (steady) { /* nothing to tell */
			cr_expect_eq(at(&k, 0).now_ticks, 0);
			cr_expect_float_eq(mean, 6, 1e-3);
		} else {
			cr_expect(at(&k, 0).nr_ticks > 100 && at(&k, 0).now_ticks < 10);
			cr_expect(now[0] > 1.2 * mean && now[1] < .8 * mean, "%f %f of %f", now[0],
				  now[1], mean);
		}
		check_sound(&k);
		teardown(&k);
	}
}

/* Each aggregation ten hits anywhere in 1000 pages, and three each in five pages of its own, which
 * are 'page'. */
static void uneven(struct kit *k, uint64_t page[5])
{
	for (int p = 0; p < 5; p++) {
		page[p] = p * 200 + rng_below(&k->rng, 200);
		for (int j = 0; j < 3; j++)
			hit(k, page[p]);
	}
	spread(k, 0, 1000, 10);
	run(k);
}

static bool is_alone(struct kit *k, uint64_t page)
{
	struct damon_region r = at(k, page);

	return r.end - r.start == DAMON_PAGE_SIZE;
}

Test(present, pages_that_stand_out_are_shown)
{
	const struct damon_region *r;
	double weight = 0, now = 0;
	unsigned int obs = 0;
	uint64_t page[5], before[5];
	struct kit k;
	size_t n;

	setup(&k);
	map(&k, "0-1000");
	for (int a = 0; a < 30; a++)
		uneven(&k, page);
	for (int p = 0; p < 5; p++) {
		struct damon_region x = at(&k, page[p]);

		cr_assert(is_alone(&k, page[p]), "%lu in %s", (unsigned long)page[p], state(&k));
		cr_expect(x.now_weight > 1 && x.now_weight <= 3.5, "%f", x.now_weight);
		cr_expect_geq(x.now_ticks, 3);
		cr_expect_geq(x.nr_obs, 3);
	}
	r = damon_est_regions(k.e, &n);
	for (size_t i = 0; i < n; i++) { /* in parts, but nothing more or less */
		weight += r[i].weight;
		obs += r[i].nr_obs;
		now += r[i].now_ticks > 0 ? r[i].now_weight : r[i].weight / r[i].span_aggrs;
	}
	cr_expect(obs > 300 && obs <= 30 * 25, "%u", obs);
	cr_expect_float_eq(weight, obs, .1);
	cr_expect(now > 18 && now < 32, "%f", now);
	check_sound(&k);
	memcpy(before, page, sizeof(before));
	uneven(&k, page);
	for (int p = 0; p < 5; p++)
		cr_expect(before[p] == page[p] || !is_alone(&k, before[p]),
			  "shown for an interval, %lu", (unsigned long)before[p]);
	teardown(&k);
}

Test(present, pages_of_even_regions_do_not_stand_out)
{
	struct kit k;

	setup(&k);
	map(&k, "0-1000");
	for (int a = 0; a < 60; a++) {
		spread(&k, 0, 1000, 40);
		run(&k);
		cr_expect_leq(nr_regions(&k), 2, "%s", state(&k));
	}
	teardown(&k);
}

Test(present, the_hottest_pages_are_shown_where_there_is_room)
{
	struct kit k;
	uint64_t page[5];

	setup(&k);
	map(&k, "0-1000");
	for (int a = 0; a < 30; a++) {
		k.max_regions = a < 29 ? 5 : 7;
		for (int j = 0; a == 29 && j < 9; j++)
			hit(&k, 555);
		uneven(&k, page);
		cr_assert_leq(nr_regions(&k), k.max_regions);
	}
	cr_expect(is_alone(&k, 555), "%s", state(&k));
	teardown(&k);
}
