/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The estimator's steps, each by itself. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/hit_window.h"
#include "core/region.h"
#include "core/region_count.h"
#include "core/region_merge.h"
#include "core/region_split.h"

/* Region [start, end) with hits window[at, at + nr), each of a tick of its own. */
static struct damon_est_region region(uint64_t start, uint64_t end, uint32_t at, uint32_t nr)
{
	return (struct damon_est_region){.start = start,
					 .end = end,
					 .epoch = 91,
					 .last_hit = nr ? 100 : 10,
					 .at = at,
					 .nr = nr,
					 .ticks = nr,
					 .age = 10};
}

Test(region, exposure_of_empty_regions_outlives_the_span)
{
	struct damon_est_region r = region(0, 10, 0, 0);

	cr_assert_eq(damon_est_region_span(&r, 100), 10);
	cr_assert_eq(damon_est_region_exposure(&r, 100), 10 * 90);
	r.nr = 1;
	cr_assert_eq(damon_est_region_exposure(&r, 100), 10 * 10);
}

Test(region, ticks_are_told_apart)
{
	struct damon_tick_set s = {0};
	struct damon_hit h[] = {{.tick = 1}, {.tick = 5}, {.tick = 1}, {.tick = 1025}};

	cr_assert_eq(damon_tick_set_reserve(&s, 2000), 0);
	cr_assert_eq(damon_tick_set_count(&s, h, ARRAY_SIZE(h)), 3);
	cr_assert_eq(damon_tick_set_count(&s, h, 0), 0);
	s.gen = UINT32_MAX; /* wraps */
	cr_assert_eq(damon_tick_set_count(&s, h, ARRAY_SIZE(h)), 3);
	damon_tick_set_release(&s);
}

Test(region, best_cut)
{
	static const struct {
		const char *name;
		uint64_t pages[24];
		size_t nr;
		uint32_t same_tick; /* the first so many hits are of one tick */
		bool cut;
		uint64_t from, to;
	} rows[] = {
		{"too few", {1, 2, 3, 4}, 4, 0, false, 0, 0},
		{"even", {50, 150, 250, 350, 450, 550, 650, 750, 850, 950}, 10, 0, false, 0, 0},
		{"left end", {0, 1, 2, 3, 4, 5, 6, 7}, 8, 0, true, 0, 8},
		{"right end", {992, 993, 994, 995, 996, 997, 998, 999}, 8, 0, true, 0, 992},
		{"one page", {500, 500, 500, 500, 500, 500, 500, 500}, 8, 0, true, 500, 501},
		{"one tick", {500, 501, 502, 503, 504, 505, 506, 507}, 8, 8, false, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_tick_set s = {0};
		struct damon_hit h[24];
		struct damon_cut cut = {0};
		bool found;

		cr_assert_eq(damon_tick_set_reserve(&s, 100), 0);
		for (size_t k = 0; k < rows[i].nr; k++)
			h[k] = (struct damon_hit){.page = rows[i].pages[k],
						  .tick = k < rows[i].same_tick ? 0 : k};
		found = damon_region_best_cut(
			h, rows[i].nr, damon_tick_set_count(&s, h, rows[i].nr), 0, 1000, &s, &cut);
		cr_assert_eq(found, rows[i].cut, "%s", rows[i].name);
		cr_assert(!found || (cut.from == rows[i].from && cut.to == rows[i].to),
			  "%s: %lu-%lu", rows[i].name, (unsigned long)cut.from,
			  (unsigned long)cut.to);
		damon_tick_set_release(&s);
	}
}

Test(region, least_different_neighbours_merge_first)
{
	/* 100 pages each; hits that tell who is like whom */
	static const uint32_t hits[] = {400, 100, 130, 500, 20, 25};
	struct damon_est_region r[ARRAY_SIZE(hits)];
	size_t n;

	for (size_t i = 0, at = 0; i < ARRAY_SIZE(hits); at += hits[i++])
		r[i] = region(i * 100, i * 100 + 100, at, hits[i]);
	n = damon_regions_merge(r, ARRAY_SIZE(hits), 1e-3, 4, 100);
	cr_assert_eq(n, 4);
	cr_assert_eq(r[1].end, 300);
	cr_assert_eq(r[1].nr, 230);
	cr_assert_eq(r[3].end, 600);
	cr_assert_eq(r[3].nr, 45);
	cr_assert_eq(damon_regions_merge(r, 4, 1e-3, 1, 100), 1);
	cr_assert_eq(r[0].nr, 1175);
	cr_assert_eq(damon_regions_merge(r, 0, 7, 1, 100), 0);
}

Test(region, merging_waits_for_histories)
{
	struct damon_est_region r[] = {region(0, 100, 0, 100), region(100, 200, 100, 20)};

	r[1].epoch = 99; /* as hot, but for two aggregations only */
	cr_assert_eq(damon_regions_merge(r, 2, 7, 2, 100), 2);
	cr_assert_eq(damon_regions_merge(r, 2, 7, 1, 100), 1, "unless it must");
	cr_assert_eq(r[0].epoch, 99, "then the shorter one counts");
}

/* Pages that were hit lately must not become provably cold because a border moved over them. */
Test(region, pages_taken_over_do_not_inherit_idle_time)
{
	static const struct {
		const char *name;
		uint64_t cold;
		bool keeps;
	} rows[] = {{"small part", 100000, true}, {"large part", 1000, false}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_hit h[60];
		struct damon_est_region r[] = {region(0, 500, 0, 60),
					       region(500, 500 + rows[i].cold, 60, 0)};

		for (size_t k = 0; k < ARRAY_SIZE(h); k++)
			h[k] = (struct damon_hit){.page = k * 5, .tick = k, .aggr = 95};
		damon_regions_refine(r, 2, h, 7, 100);
		cr_assert_eq(r[0].end, 296, "%s: %lu", rows[i].name, (unsigned long)r[0].end);
		cr_assert_eq(r[1].start, 296);
		cr_assert_eq(r[1].last_hit, rows[i].keeps ? 10 : 90, "%s: %u", rows[i].name,
			     r[1].last_hit);
	}
}

/* ---- counting as hits come, against counting them anew ---- */

static void expect_same_counts(const struct damon_est_region *a, const struct damon_est_region *b)
{
	cr_expect_eq(a->nr, b->nr);
	cr_expect_eq(a->ticks, b->ticks);
	cr_expect_eq(a->last_hit, b->last_hit);
	cr_expect_eq(a->same, b->same);
	for (size_t i = 0; i < ARRAY_SIZE(a->recent); i++)
		cr_expect_eq(a->recent[i], b->recent[i]);
	cr_expect_float_eq(a->weight, b->weight, 1e-3);
	cr_expect_float_eq(a->store_weight, b->store_weight, 1e-3);
	cr_expect_float_eq(a->stall_weight, b->stall_weight, 1e-3);
}

Test(region, counts_of_new_hits_are_those_of_all)
{
	enum { AGGRS = 12, PER_AGGR = 60 };
	static struct damon_hit new[PER_AGGR], tmp[PER_AGGR];
	struct damon_est_region r = {.start = 100, .end = 140, .epoch = 1, .counted = true}, all;
	struct damon_hit_window w = {0};
	struct damon_tick_set ticks = {0};
	uint32_t place[PER_AGGR];
	struct rng rng;

	rng_seed(&rng, 7);
	cr_assert_eq(damon_tick_set_reserve(&ticks, AGGRS * PER_AGGR), 0);
	for (uint32_t now = 1; now <= AGGRS; now++) {
		struct damon_count c = {.now = now, .ticks = &ticks};

		for (int i = 0; i < PER_AGGR; i++)
			new[i] = (struct damon_hit){
				.page = 100 + rng_below(&rng, rng_below(&rng, 40) + 1),
				.tick = now * PER_AGGR + i * 2 / 3,
				.aggr = now,
				.weight = 1 + i % 3,
				.store_weight = i % 2,
				.stall_weight = i % 5};
		damon_hits_sort(new, PER_AGGR, tmp);
		cr_assert_eq(damon_hit_window_reserve(&w, w.nr + PER_AGGR), 0);
		c.window = w.hit;
		memmove(&r.recent[1], r.recent, 3 * sizeof(r.recent[0]));
		r.recent[0] = 0;
		damon_region_add(&c, &r, new, PER_AGGR, place);
		damon_hit_window_insert(&w, new, PER_AGGR, now % 2 ? place : NULL);
		r.nr += PER_AGGR;
		cr_assert_eq(w.nr, r.nr);
		for (size_t i = 1; i < w.nr; i++)
			cr_assert(w.hit[i - 1].page < w.hit[i].page ||
				  (w.hit[i - 1].page == w.hit[i].page &&
				   w.hit[i - 1].tick <= w.hit[i].tick));
		all = r;
		all.ticks_known = false;
		damon_region_recount(&c, &all);
		expect_same_counts(&r, &all);
	}
	/* what is older than the epoch leaves */
	r.epoch = AGGRS;
	damon_region_recount(&(struct damon_count){.now = AGGRS, .window = w.hit, .ticks = &ticks},
			     &r);
	cr_expect_eq(r.nr, PER_AGGR);
	damon_hit_window_squeeze(&w, &r, 1);
	cr_expect_eq(w.nr, PER_AGGR);
	damon_hit_window_release(&w);
	damon_tick_set_release(&ticks);
}
