/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kit/est_kit.h"

Test(estimator, nothing_in_gives_nothing_out)
{
	struct kit k;

	setup(&k);
	run(&k);
	cr_assert_str_eq(state(&k), "");
	map(&k, "0-100 200-300");
	run(&k);
	cr_assert_str_eq(state(&k), "0-100:0@1 200-300:0@1");
	map(&k, "");
	run(&k);
	cr_assert_str_eq(state(&k), "");
	damon_est_free(NULL);
	teardown(&k);
}

Test(estimator, one_region_counts_what_it_is_given)
{
	struct kit k;
	struct damon_region r;

	setup(&k);
	map(&k, "0-10");
	for (int i = 0; i < 3; i++) {
		hit(&k, 4);
		hit(&k, 9);
		run(&k);
	}
	cr_assert_str_eq(state(&k), "0-10:6@3");
	r = at(&k, 0);
	cr_assert_eq(r.nr_ticks, 6);
	cr_assert_eq(r.span_aggrs, 3);
	cr_assert_eq(r.idle_aggrs, 0);
	cr_assert(r.hit_start == 4 * 4096 && r.hit_end == 10 * 4096, "first to last");
	cr_assert_float_eq(r.weight, 6, 1e-6);
	cr_assert_float_eq(r.store_weight, 1.5, 1e-6);
	cr_assert_eq(damon_est_window(k.e), 6);
	teardown(&k);
}

Test(estimator, hits_outside_of_extents_are_counted_and_lose_their_weight)
{
	struct kit k;

	setup(&k);
	map(&k, "10-20 30-40");
	hit(&k, 5);
	hit(&k, 15);
	hit(&k, 25);
	hit(&k, 35);
	hit(&k, 45);
	k.hits[2].weight = 0; /* a pure stall */
	k.hits[2].stall_weight = 1;
	run(&k);
	cr_assert_eq(k.outside, 3);
	cr_assert_eq(damon_est_window(k.e), 2);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(k.hits[i].weight > 0, k.hits[i].page == 15 || k.hits[i].page == 35,
			     "page %lu", (unsigned long)k.hits[i].page);
	cr_assert_eq(k.hits[4].page, 25, "accesses first");
	teardown(&k);
}

static bool near(uint64_t addr, uint64_t page)
{
	return llabs((long long)(addr >> DAMON_PAGE_SHIFT) - (long long)page) < 3;
}

Test(estimator, hot_part_is_cut_out_at_its_borders)
{
	static const struct {
		const char *name;
		uint64_t from, to;
	} rows[] = {{"middle", 400, 440}, {"start", 0, 40}, {"end", 960, 1000}, {"page", 500, 501}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit k;
		struct damon_region hot;

		setup(&k);
		map(&k, "0-1000");
		for (int a = 0; a < 30; a++) {
			spread(&k, rows[i].from, rows[i].to, 40);
			spread(&k, 0, 1000, 10);
			run(&k);
		}
		check_sound(&k);
		hot = at(&k, rows[i].from);
		cr_assert(near(hot.start, rows[i].from) && near(hot.end, rows[i].to), "%s: %s",
			  rows[i].name, state(&k));
		cr_assert_geq(hot.age_aggrs, 29, "%s: a split keeps the age", rows[i].name);
		cr_assert_leq(nr_regions(&k), 4, "%s: %s", rows[i].name, state(&k));
		teardown(&k);
	}
}

Test(estimator, even_regions_stay_whole)
{
	static const struct {
		const char *name;
		unsigned int pages, hits;
	} rows[] = {{"sparse", 60000, 20}, {"dense", 1000, 160}, {"saturated", 64, 160}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit k;
		char extent[32];

		setup(&k);
		snprintf(extent, sizeof(extent), "0-%u", rows[i].pages);
		map(&k, extent);
		for (int a = 0; a < 60; a++) {
			spread(&k, 0, rows[i].pages, rows[i].hits);
			run(&k);
		}
		cr_assert_eq(nr_regions(&k), 1, "%s: %s", rows[i].name, state(&k));
		cr_assert_eq(at(&k, 0).age_aggrs, 60, "%s", rows[i].name);
		cr_assert_lt(at(&k, 0).evenness, 1.2, "%s", rows[i].name);
		teardown(&k);
	}
}

Test(estimator, single_page_region_is_never_cut)
{
	struct kit k;

	setup(&k);
	map(&k, "7-8");
	for (int a = 0; a < 20; a++, run(&k))
		spread(&k, 7, 8, 100);
	check_sound(&k);
	cr_assert_str_eq(state(&k), "7-8:2000@20");
	teardown(&k);
}

Test(estimator, change_of_rate_starts_a_new_age)
{
	static const struct {
		const char *name;
		size_t before, after;
		bool changes;
	} rows[] = {{"none", 40, 40, false}, {"a tenth", 40, 44, false}, {"rise", 10, 60, true},
		    {"fall", 60, 10, true},  {"end", 40, 0, true},	 {"begin", 0, 40, true}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit k;
		struct damon_region r;

		setup(&k);
		map(&k, "0-100");
		for (int a = 0; a < 25; a++) {
			spread(&k, 0, 100, a < 20 ? rows[i].before : rows[i].after);
			run(&k);
		}
		r = at(&k, 50);
		cr_assert_eq(nr_regions(&k), 1, "%s: %s", rows[i].name, state(&k));
		if (rows[i].changes)
			cr_assert(r.age_aggrs <= 6 && r.span_aggrs <= 6, "%s: %s", rows[i].name,
				  state(&k));
		else
			cr_assert_eq(r.age_aggrs, 25, "%s: %s", rows[i].name, state(&k));
		teardown(&k);
	}
}

/* The trap of thresholds too low: a steady pattern must not lose its age by chance. */
Test(estimator, steady_pattern_keeps_its_age)
{
	struct kit k;

	setup(&k);
	map(&k, "0-4000");
	for (int a = 0; a < 300; a++) {
		spread(&k, 1000, 1200, 100);
		spread(&k, 0, 4000, 30);
		run(&k);
	}
	cr_assert_geq(at(&k, 1100).age_aggrs, 290, "%s", state(&k));
	cr_assert_geq(at(&k, 3000).age_aggrs, 290, "%s", state(&k));
	teardown(&k);
}

Test(estimator, neighbours_of_one_rate_merge_and_others_do_not)
{
	struct kit k;

	setup(&k);
	map(&k, "0-1000");
	for (int a = 0; a < 20; a++) {
		spread(&k, 0, 500, 60);
		spread(&k, 500, 1000, 4);
		run(&k);
	}
	cr_assert_eq(nr_regions(&k), 2, "%s", state(&k));
	for (int a = 0; a < 60; a++, run(&k))
		spread(&k, 0, 1000, 64);
	cr_assert_eq(nr_regions(&k), 1, "%s", state(&k));
	teardown(&k);
}

Test(estimator, extents_are_borders_that_merging_keeps)
{
	struct kit k;

	setup(&k);
	map(&k, "0-50 50-100 200-250");
	for (int a = 0; a < 10; a++, run(&k))
		spread(&k, 0, 100, 50);
	cr_assert_eq(nr_regions(&k), 3, "%s", state(&k));
	cr_assert_eq(at(&k, 49).end, PAGE(50));
	map(&k, "0-100 200-250"); /* given joined: now they may */
	for (int a = 0; a < 10; a++, run(&k))
		spread(&k, 0, 100, 50);
	cr_assert_eq(nr_regions(&k), 2, "%s", state(&k));
	teardown(&k);
}

Test(estimator, mapping_changes_keep_what_stays_mapped)
{
	static const struct {
		const char *name, *extents, *state;
	} rows[] = {
		{"same", "0-100", "0-100:4@5"},
		{"grown", "0-120", "0-100:4@5 100-120:0@1"},
		{"grown down", "0-100 100-120", "0-100:4@5 100-120:0@1"},
		{"shrunk", "0-40", "0-40:2@5"},
		{"hole", "0-40 60-100", "0-40:2@5 60-100:2@5"},
		{"gone", "500-600", "500-600:0@1"},
		{"split in two", "0-50 50-100", "0-50:2@5 50-100:2@5"},
		{"moved", "50-150", "50-100:2@5 100-150:0@1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit k;

		setup(&k);
		k.max_regions = 4;
		map(&k, "0-100");
		for (int a = 0; a < 4; a++) {
			if (a % 2) {
				hit(&k, 10);
				hit(&k, 90);
			}
			run(&k);
		}
		map(&k, rows[i].extents);
		run(&k);
		cr_assert_str_eq(state(&k), rows[i].state, "%s: %s", rows[i].name, state(&k));
		check_sound(&k);
		teardown(&k);
	}
}

Test(estimator, hits_of_an_unmapped_range_do_not_come_back)
{
	struct kit k;

	setup(&k);
	map(&k, "0-100");
	spread(&k, 40, 60, 50);
	run(&k);
	map(&k, "0-40 60-100");
	map(&k, "0-100");
	run(&k);
	cr_assert_eq(at(&k, 50).nr_obs, 0, "%s", state(&k));
	cr_assert_eq(damon_est_window(k.e), 0);
	teardown(&k);
}

Test(estimator, mapping_churn_stays_sound_and_bounded)
{
	struct kit k;
	struct damon_extent x[40];

	setup(&k);
	k.max_regions = 50;
	for (int a = 0; a < 200; a++) {
		uint64_t page = 0;
		size_t n = rng_below(&k.rng, ARRAY_SIZE(x) + 1);

		for (size_t i = 0; i < n; i++) {
			x[i].start = PAGE(page += rng_below(&k.rng, 50));
			x[i].end = PAGE(page += 1 + rng_below(&k.rng, 100));
		}
		cr_assert_eq(damon_est_set_extents(k.e, x, n), 0);
		spread(&k, 0, 4000, 100);
		run(&k);
		check_sound(&k);
		cr_assert_leq(nr_regions(&k), MAX(n, k.max_regions));
		cr_assert_geq(nr_regions(&k), n);
	}
	teardown(&k);
}

Test(estimator, limit_of_regions_holds)
{
	static const size_t limits[] = {1, 3, 10, 64, 1000};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct kit k;

		setup(&k);
		k.max_regions = limits[i];
		map(&k, "0-100000");
		for (int a = 0; a < 30; a++) {
			for (int c = 0; c < 80; c++) /* 80 hot chunks */
				spread(&k, c * 1000, c * 1000 + 20, 5);
			run(&k);
			cr_assert_leq(nr_regions(&k), limits[i]);
			check_sound(&k);
		}
		if (limits[i] == 1000)
			cr_assert_geq(nr_regions(&k), 160, "%zu", nr_regions(&k));
		teardown(&k);
	}
}

Test(estimator, limit_that_falls_is_met_at_once)
{
	struct kit k;

	setup(&k);
	k.max_regions = 500;
	map(&k, "0-100000");
	for (int a = 0; a < 30; a++) {
		for (int c = 0; c < 80; c++)
			spread(&k, c * 1000, c * 1000 + 20, 5);
		run(&k);
	}
	cr_assert_geq(nr_regions(&k), 100);
	k.max_regions = 8;
	run(&k);
	cr_assert_leq(nr_regions(&k), 8, "%s", state(&k));
	teardown(&k);
}

/* ---- the observation is the unit ---- */

Test(estimator, ticks_are_counted_once_per_region)
{
	struct kit k;

	setup(&k);
	map(&k, "0-100 100-200");
	burst(&k, 90, 106); /* 10 pages here, 6 there */
	burst(&k, 20, 24);
	run(&k);
	cr_assert_eq(at(&k, 0).nr_obs, 14);
	cr_assert_eq(at(&k, 0).nr_ticks, 2);
	cr_assert_eq(at(&k, 150).nr_obs, 6);
	cr_assert_eq(at(&k, 150).nr_ticks, 1);
	teardown(&k);
}

Test(estimator, burst_over_neighbouring_pages_is_no_hot_spot)
{
	for (int separate = 0; separate < 2; separate++) {
		struct kit k;
		size_t most = 0;

		setup(&k);
		map(&k, "0-100000");
		for (int a = 0; a < 40; a++) {
			spread(&k, 0, 100000, 10);
			if (a == 20 && separate) /* the same hits, each of a tick of its own */
				for (int i = 0; i < 16; i++)
					hit(&k, 5000 + i);
			else if (a == 20)
				burst(&k, 5000, 5016);
			run(&k);
			most = MAX(most, nr_regions(&k));
		}
		if (separate)
			cr_assert_gt(most, 1);
		else
			cr_assert_eq(most, 1);
		teardown(&k);
	}
}

Test(estimator, burst_is_no_change_of_rate)
{
	for (int separate = 0; separate < 2; separate++) {
		struct kit k;

		setup(&k);
		map(&k, "0-64");
		for (int a = 0; a < 40; a++) {
			if (a % 4 == 0)
				spread(&k, 0, 64, 1);
			run(&k);
		}
		if (separate)
			spread(&k, 0, 16, 16);
		else
			burst(&k, 0, 16);
		run(&k);
		if (separate)
			cr_assert_eq(at(&k, 5).age_aggrs, 1, "%s", state(&k));
		else
			cr_assert_eq(at(&k, 5).age_aggrs, 41, "%s", state(&k));
		teardown(&k);
	}
}

Test(estimator, sixteen_pages_a_tick_do_not_shred_an_even_region)
{
	struct kit k;

	setup(&k);
	map(&k, "0-50000");
	for (int a = 0; a < 60; a++) {
		for (int t = 0; t < 20; t++) {
			uint64_t page = rng_below(&k.rng, 50000 - 16);

			burst(&k, page, page + 16);
		}
		run(&k);
		cr_assert_leq(nr_regions(&k), 2, "%s", state(&k));
	}
	cr_assert_geq(at(&k, 25000).age_aggrs, 55, "%s", state(&k));
	cr_assert_lt(at(&k, 25000).evenness, 1.5);
	teardown(&k);
}

/* ---- time ---- */

Test(estimator, horizon_forgets_what_is_older)
{
	struct kit k;

	setup(&k);
	k.horizon = 5;
	map(&k, "0-10");
	for (int a = 0; a < 20; a++) {
		hit(&k, 3);
		run(&k);
	}
	cr_assert_str_eq(state(&k), "0-10:5@20");
	cr_assert_eq(at(&k, 0).span_aggrs, 5);
	k.horizon = 0; /* at least 1 */
	hit(&k, 3);
	run(&k);
	cr_assert_str_eq(state(&k), "0-10:1@21");
	teardown(&k);
}

Test(estimator, idle_time_outlives_the_window_and_any_hit_resets_it)
{
	struct kit k;

	setup(&k);
	k.horizon = 10;
	map(&k, "0-10");
	hit(&k, 3);
	run(&k);
	cr_assert_eq(at(&k, 0).idle_aggrs, 0);
	idle(&k, 250);
	cr_assert_eq(at(&k, 0).idle_aggrs, 250);
	cr_assert_eq(at(&k, 0).hit_start, at(&k, 0).hit_end, "none is fresh");
	cr_assert(at(&k, 0).span_aggrs >= 9 && at(&k, 0).span_aggrs <= 10);
	hit(&k, 9);
	run(&k);
	cr_assert_eq(at(&k, 0).idle_aggrs, 0);
	teardown(&k);
}

Test(estimator, merged_idle_times_are_the_least)
{
	struct kit k;

	setup(&k);
	k.horizon = 3;
	map(&k, "0-10");
	idle(&k, 30);
	map(&k, "0-20"); /* the new part was mapped just now */
	idle(&k, 5);
	cr_assert_eq(nr_regions(&k), 2, "thirty idle aggregations are not thrown away: %s",
		     state(&k));
	idle(&k, 60);
	cr_assert_eq(nr_regions(&k), 1, "%s", state(&k));
	cr_assert_eq(at(&k, 0).idle_aggrs, 65, "%u", at(&k, 0).idle_aggrs);
	teardown(&k);
}

Test(estimator, pieces_have_idle_times_of_their_own)
{
	struct kit k;

	setup(&k);
	map(&k, "0-1000");
	for (int a = 0; a < 40; a++, run(&k))
		spread(&k, 0, 20, 10);
	cr_assert_eq(nr_regions(&k), 2, "%s", state(&k));
	cr_assert_eq(at(&k, 10).idle_aggrs, 0);
	cr_assert_eq(at(&k, 500).idle_aggrs, 40);
	teardown(&k);
}

/* ---- stalls ---- */

Test(estimator, pure_stalls_are_weight_without_evidence)
{
	struct kit k;

	setup(&k);
	k.horizon = 4;
	map(&k, "0-100 100-200");
	for (int a = 0; a < 8; a++) {
		hit(&k, 50);
		for (int i = 0; i < 20; i++) {
			hit(&k, 150);
			k.hits[k.nr - 1].weight = 0;
			k.hits[k.nr - 1].nr = 0;
			k.hits[k.nr - 1].stall_weight = .5;
		}
		run(&k);
	}
	cr_assert_str_eq(state(&k), "0-100:4@8 100-200:0@8");
	cr_assert_float_eq(at(&k, 150).stall_weight, 40, 1e-4, "%f", at(&k, 150).stall_weight);
	cr_assert_eq(at(&k, 150).idle_aggrs, 8);
	cr_assert_eq(damon_est_window(k.e), 4);
	idle(&k, 4);
	cr_assert_eq(at(&k, 150).stall_weight, 0);
	teardown(&k);
}

/* ---- unevenness ---- */

Test(estimator, unevenness_is_told_from_pairs)
{
	static const struct {
		const char *name;
		uint64_t every;
		double least, most;
	} rows[] = {{"even", 1, 1, 1.3}, {"every 4th page", 4, 2, 5}, {"every 16th", 16, 8, 20}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit k;
		double h;

		setup(&k);
		k.max_regions = 1;
		map(&k, "0-1600");
		for (int a = 0; a < 40; a++) {
			for (int j = 0; j < 40; j++)
				hit(&k, rng_below(&k.rng, 1600 / rows[i].every) * rows[i].every);
			run(&k);
		}
		h = at(&k, 0).evenness;
		cr_assert(h >= rows[i].least && h <= rows[i].most, "%s: %f", rows[i].name, h);
		teardown(&k);
	}
}

/* ---- order, extremes ---- */

Test(estimator, order_of_the_batch_does_not_matter)
{
	struct kit a, b;

	setup(&a), map(&a, "0-100000");
	setup(&b), map(&b, "0-100000");
	for (int g = 0; g < 20; g++) {
		spread(&a, 300, 350, 200);
		spread(&a, 0, 100000, 200);
		b.nr = a.nr;
		for (size_t i = 0; i < a.nr; i++) /* 7 and 400 have no common factor */
			b.hits[i] = a.hits[i * 7 % a.nr];
		run(&a);
		run(&b);
	}
	state(&a);
	cr_assert_str_eq(a.text, state(&b));
	teardown(&a);
	teardown(&b);
}

Test(estimator, far_addresses_and_large_weights_stay_finite)
{
	struct kit k;
	uint64_t top = 1ull << 52;
	struct damon_extent x[] = {
		{0, PAGE(1)}, {PAGE(5), PAGE(1ull << 35)}, {PAGE(top - 8), PAGE(top - 1)}};

	setup(&k);
	cr_assert_eq(damon_est_set_extents(k.e, x, 3), 0);
	for (int a = 0; a < 30; a++) {
		spread(&k, 0, 1, 50);
		spread(&k, 5, 1ull << 35, 50);
		spread(&k, top - 8, top - 1, 50);
		for (size_t i = 0; i < k.nr; i++)
			k.hits[i].weight = 1e30f;
		run(&k);
		check_sound(&k);
	}
	cr_assert_eq(k.outside, 0);
	teardown(&k);
}

Test(estimator, clear_forgets_all)
{
	struct kit k;

	setup(&k);
	map(&k, "0-100");
	spread(&k, 0, 50, 100);
	run(&k);
	damon_est_clear(k.e);
	cr_assert_eq(nr_regions(&k), 0);
	cr_assert_eq(damon_est_window(k.e), 0);
	map(&k, "0-100");
	run(&k);
	cr_assert_str_eq(state(&k), "0-100:0@1");
	teardown(&k);
}
