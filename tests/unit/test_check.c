/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/check.h"
#include "core/core.h"
#include "core/region_merge.h"
#include "core/region_split.h"
#include "core/stats.h"

#define BASE   0x10000000ull
#define AGGR   (100 * NS_PER_MS)
#define SAMPLE (5 * NS_PER_MS)

static const struct damon_view plain = {SAMPLE, AGGR, {1, 1, 1}};

struct kit {
	struct damon_core *c;
	struct damon_proc *p;
	uint64_t now;
	struct rng rng;
};

static struct damon_mapping pages(uint64_t from, uint64_t n)
{
	return (struct damon_mapping){.start = BASE + from * DAMON_PAGE_SIZE,
				      .end = BASE + (from + n) * DAMON_PAGE_SIZE,
				      .prot = DAMON_PROT_READ | DAMON_PROT_WRITE,
				      .name = ""};
}

static void setup(struct kit *k, uint32_t batch, uint64_t seed)
{
	struct damon_core_params p = damon_core_defaults;
	struct damon_mapping m = pages(0, 1000);

	*k = (struct kit){0};
	p.batch_hits = batch;
	p.seed = seed;
	rng_seed(&k->rng, 3);
	k->c = damon_core_new(&p);
	cr_assert(k->c);
	k->p = damon_targets_add(damon_core_targets(k->c), 1, "one", 0);
	cr_assert(k->p && k->p->target);
	cr_assert_eq(damon_space_map(k->p->space, &m, 0), 0);
}

static void observe(struct kit *k, uint64_t page, float weight)
{
	struct damon_obs o = {.weight = weight, .nr = 1};

	o.access[0].addr = BASE + page * DAMON_PAGE_SIZE;
	damon_core_observe(k->c, k->p, &o);
}

static void look(struct kit *k, uint64_t page, uint64_t span_ns, bool touched)
{
	struct damon_check c = {.time_ns = k->now,
				.span_ns = span_ns,
				.start = BASE + page * DAMON_PAGE_SIZE,
				.end = BASE + (page + 1) * DAMON_PAGE_SIZE,
				.nr = 1,
				.touched = touched};

	damon_core_check(k->c, k->p, &c);
}

static void look_at_map(struct kit *k, uint64_t page, uint64_t n, uint64_t span_ns, uint32_t nr,
			uint32_t touched)
{
	struct damon_check c = {.time_ns = k->now,
				.span_ns = span_ns,
				.start = BASE + page * DAMON_PAGE_SIZE,
				.end = BASE + (page + n) * DAMON_PAGE_SIZE,
				.nr = nr,
				.touched = touched};

	damon_core_check(k->c, k->p, &c);
}

static const struct damon_snapshot *aggregate(struct kit *k)
{
	const struct damon_snapshot *s = damon_core_aggregate(k->c, k->now, k->now + AGGR, 0);

	k->now += AGGR;
	cr_assert(s);
	return s;
}

static struct damon_check_sum all_checks(const struct damon_target_snapshot *t)
{
	struct damon_check_sum s = {0};

	for (size_t i = 0; i < t->nr_regions; i++) {
		s.nr += t->regions[i].nr_checks;
		s.touched += t->regions[i].nr_touched;
	}
	return s;
}

/* ---- sums ---- */

Test(check, looks_back_over_more_or_less_than_a_sampling_interval)
{
	static const struct {
		const char *name;
		double intervals, f; /* the share so far, over 1000 looks */
		bool touched;
		double more, more_touched;
	} rows[] = {
		{"one, idle", 1, .5, false, 1, 0},
		{"one, touched", 1, .5, true, 1, 1},
		{"two, idle", 2, .5, false, 2, 0},
		{"two, touched: one of them, rarely both", 2, .001, true, 2, 1},
		{"two, touched: both, nearly always", 2, .999, true, 2, 2},
		{"a half, idle", .5, .001, false, .5, 0},
		{"a half, touched: counts whole", .5, .001, true, .5, .5},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_check_sum s = {1000, 1000 * rows[i].f};

		damon_check_sum_add(&s, rows[i].intervals, rows[i].touched);
		cr_expect_float_eq(s.nr - 1000, rows[i].more, 1e-3, "%s", rows[i].name);
		if (rows[i].intervals >= 1)
			cr_expect_float_eq(s.touched - 1000 * rows[i].f, rows[i].more_touched, .01,
					   "%s: %g", rows[i].name, s.touched - 1000 * rows[i].f);
	}
}

/* Never more touched than looked at, whatever comes. */
Test(check, sums_stay_sound)
{
	struct damon_check_sum s = {0};
	struct rng rng;

	rng_seed(&rng, 1);
	for (int i = 0; i < 10000; i++) {
		damon_check_sum_add(&s, .5 + 1.5 * rng_unit(&rng), rng_below(&rng, 10));
		if (!rng_below(&rng, 50))
			damon_check_sum_age(&s);
		cr_assert(s.touched >= 0 && s.touched <= s.nr, "%g of %g", s.touched, s.nr);
	}
	for (int i = 0; i < 200; i++)
		damon_check_sum_age(&s);
	cr_expect_eq(s.nr, 0, "what is long ago is forgotten");
	cr_expect_eq(s.touched, 0);
}

Test(check, joining_weighs_by_size)
{
	static const struct {
		const char *name;
		struct damon_check_sum a;
		double pages_a;
		struct damon_check_sum b;
		double pages_b, share, least, most; /* of nr */
	} rows[] = {
		{"alike", {10, 5}, 100, {10, 5}, 100, .5, 19, 20},
		{"nothing", {0, 0}, 1, {0, 0}, 1, 0, 0, 0},
		{"a hot page, looked at often, and an idle range",
		 {30, 30},
		 1,
		 {30, 0},
		 999,
		 .017,
		 25,
		 60},
		{"half is not known", {100, 50}, 100, {0, 0}, 100, .5, 1, 5},
		{"what is not known is small", {100, 50}, 1000, {0, 0}, 10, .5, 90, 100},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_check_sum s = damon_check_sum_join(rows[i].a, rows[i].pages_a,
								rows[i].b, rows[i].pages_b);

		cr_expect(s.nr >= rows[i].least && s.nr <= rows[i].most, "%s: %g", rows[i].name,
			  s.nr);
		if (s.nr > 0)
			cr_expect_float_eq(s.touched / s.nr, rows[i].share, .02, "%s: %g",
					   rows[i].name, s.touched / s.nr);
	}
}

/* Wilson's intervals, but no bound on the side where next to nothing was seen. */
Test(check, bounds)
{
	static const struct {
		struct damon_check_sum s;
		double lo, hi;
	} rows[] = {
		{{0, 0}, 0, 1},		{{10, 5}, .2366, .7634}, {{20, 0}, 0, .1611},
		{{100, 100}, .9630, 1}, {{100, 1.5}, 0, .0612},	 {{1, 0}, 0, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double lo, hi;

		damon_check_bounds(rows[i].s, &lo, &hi);
		cr_expect_float_eq(lo, rows[i].lo, .0005, "row %zu: %g", i, lo);
		cr_expect_float_eq(hi, rows[i].hi, .0015, "row %zu: %g", i, hi);
	}
}

/* ---- into regions ---- */

Test(check, looks_are_counted_or_it_is_said_why_not)
{
	struct damon_check one = {.span_ns = SAMPLE, .start = BASE, .end = BASE + 4096, .nr = 1};
	struct damon_check bad = {.span_ns = SAMPLE, .start = BASE, .end = BASE, .nr = 1};
	const struct damon_snapshot *s;
	struct kit k;

	setup(&k, 8, 1);
	damon_core_check(k.c, NULL, &one);
	damon_core_check(k.c, k.p, &bad);
	bad = (struct damon_check){.start = BASE, .end = BASE + 4096, .nr = 1};
	damon_core_check(k.c, k.p, &bad);
	for (int i = 0; i < 12; i++)
		look(&k, i < 3 ? 5000 : i, SAMPLE, true);
	s = aggregate(&k);
	cr_expect_eq(s->counts.check_no_target, 1);
	cr_expect_eq(s->counts.checks, 12);
	cr_expect_eq(s->counts.check_thinned, 4);
	cr_expect_float_eq(all_checks(&s->targets[0]).nr + s->counts.check_no_region, 8, 1e-5);
	s = aggregate(&k);
	cr_expect_eq(s->counts.checks, 0, "of this interval");
	damon_core_free(k.c);
}

Test(check, they_fade_and_end_with_what_they_told_of)
{
	static const struct {
		const char *name;
		bool changes; /* the rate does */
	} rows[] = {{"steady", false}, {"the rate changes", true}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damon_snapshot *s = NULL;
		struct damon_check_sum before, after;
		struct kit k;

		setup(&k, 8192, 1);
		for (int a = 0; a < 30; a++) {
			for (int j = 0; j < 100; j++) {
				observe(&k, rng_below(&k.rng, 1000), 1);
				look(&k, rng_below(&k.rng, 1000), SAMPLE, j % 4 == 0);
			}
			s = aggregate(&k);
		}
		before = all_checks(&s->targets[0]);
		cr_expect(before.nr > 500, "%s: %g", rows[i].name, before.nr);
		cr_expect_float_eq(before.touched / before.nr, .25, .01, "%s", rows[i].name);
		for (int j = 0; j < (rows[i].changes ? 1000 : 100); j++)
			observe(&k, rng_below(&k.rng, 1000), 1);
		after = all_checks(&aggregate(&k)->targets[0]);
		if (rows[i].changes)
			cr_expect_eq(after.nr, 0, "%s: %g", rows[i].name, after.nr);
		else
			cr_expect(after.nr < before.nr && after.nr > .8 * before.nr, "%s: %g of %g",
				  rows[i].name, after.nr, before.nr);
		damon_core_free(k.c);
	}
}

Test(check, splits_share_them)
{
	struct damon_hit hits[40] = {0};
	struct damon_est_region in = {
		.start = 0, .end = 1000, .epoch = 1, .nr = 40, .ticks = 40, .fresh = 40};
	struct damon_est_region out[10];
	struct damon_tick_set ticks = {0};
	struct damon_split split = {
		.window = hits, .ticks = &ticks, .max_regions = 10, .budget = 10000};
	struct damon_check_sum sum = {0};
	size_t n;

	for (uint32_t i = 0; i < 40; i++) /* a hot tenth */
		hits[i] = (struct damon_hit){
			.page = 500 + i * 100 / 40, .tick = i, .aggr = 1, .weight = 1};
	in.checks = (struct damon_check_sum){200, 50};
	cr_assert_eq(damon_tick_set_reserve(&ticks, 40), 0);
	n = damon_regions_split(&split, &in, 1, out);
	cr_assert_gt(n, 1);
	for (size_t i = 0; i < n; i++) {
		double part = (out[i].end - out[i].start) / 1000.;

		cr_expect_float_eq(out[i].checks.nr, part * 200, 1e-3, "%zu", i);
		cr_expect_float_eq(out[i].checks.touched, part * 50, 1e-3, "%zu", i);
		sum.nr += out[i].checks.nr;
	}
	cr_expect_float_eq(sum.nr, 200, 1e-3);
	damon_tick_set_release(&ticks);
}

Test(check, unmapping_takes_a_part)
{
	struct damon_check_sum before, after;
	struct kit k;

	setup(&k, 8192, 1);
	for (int j = 0; j < 200; j++)
		look(&k, rng_below(&k.rng, 1000), SAMPLE, false);
	before = all_checks(&aggregate(&k)->targets[0]);
	cr_expect_float_eq(before.nr, 200, 1e-3);
	damon_space_unmap(k.p->space, BASE, BASE + 400 * DAMON_PAGE_SIZE, k.now);
	after = all_checks(&aggregate(&k)->targets[0]);
	cr_expect_float_eq(after.nr, .6 * .9 * before.nr, 1, "%g, then %g", before.nr, after.nr);
	damon_core_free(k.c);
}

Test(check, merging_regions_joins_them)
{
	struct damon_est_region r[2] = {
		{.start = 0, .end = 100, .epoch = 1, .checks = {40, 40}},
		{.start = 100, .end = 1000, .epoch = 1, .checks = {60, 0}},
	};

	cr_assert_eq(damon_regions_merge(r, 2, 7, 10, 20), 1);
	cr_expect_float_eq(r->checks.touched / r->checks.nr, .1, .01, "%g of %g", r->checks.touched,
			   r->checks.nr);
}

/* ---- what is picked ---- */

/* Regions: [0, 800) idle and known to be, [800, 1000) hot, in a state that looks do not settle. */
static void train(struct kit *k, unsigned int aggrs)
{
	for (unsigned int a = 0; a < aggrs; a++) {
		for (int j = 0; j < 200; j++) {
			uint64_t page = rng_below(&k->rng, 1000);

			observe(k, 800 + rng_below(&k->rng, 200), 1);
			look(k, page, SAMPLE, page >= 800 && rng_below(&k->rng, 2));
		}
		aggregate(k);
	}
}

Test(check, picks_what_is_not_known_and_all_regions_now_and_then)
{
	uint64_t addr[100], hot = 0, idle = 0, low = 0;
	struct kit k;

	setup(&k, 8192, 1);
	cr_expect_eq(damon_core_pick_pages(k.c, k.p->target, addr, 100), 0, "no regions yet");
	train(&k, 20);
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(damon_core_pick_pages(k.c, k.p->target, addr, 100), 100);
		for (size_t j = 0; j < 100; j++) {
			uint64_t page = (addr[j] - BASE) / DAMON_PAGE_SIZE;

			cr_assert(addr[j] >= BASE && page < 1000 && addr[j] % 4096 == 0);
			hot += page >= 800;
			idle += page < 800;
			low += page >= 800 && page < 900;
		}
	}
	cr_expect(hot > 2 * idle, "%lu hot, %lu idle", hot, idle);
	cr_expect(idle > 300, "%lu", idle);
	cr_expect(low > .45 * hot && low < .55 * hot, "evenly over a region: %lu of %lu", low, hot);
	cr_expect_eq(damon_core_pick_pages(k.c, k.p->target, addr, 0), 0);
	damon_core_free(k.c);
}

Test(check, picks_are_repeatable)
{
	uint64_t addr[3][50];

	for (size_t i = 0; i < 3; i++) {
		struct kit k;

		setup(&k, 8192, i < 2 ? 7 : 8);
		train(&k, 5);
		cr_assert_eq(damon_core_pick_pages(k.c, k.p->target, addr[i], 50), 50);
		damon_core_free(k.c);
	}
	cr_expect(!memcmp(addr[0], addr[1], sizeof(addr[0])), "the same seed");
	cr_expect(memcmp(addr[0], addr[2], sizeof(addr[0])), "another seed");
}

/* ---- visits ---- */

/*
 * A page is visited so often that a share f of sampling intervals sees it, by Poisson's law; each
 * visit weighs 'visit'. 100 observations an aggregation carry all of that weight.
 */
Test(check, weight_of_a_visit)
{
	static const struct {
		const char *name;
		double f, visit;
		uint64_t span_ns; /* of looks */
		double tolerance;
	} rows[] = {
		{"rare", .05, 20, SAMPLE, .2},
		{"often", .5, 20, SAMPLE, .15},
		{"another unit", .3, 5e6, SAMPLE, .15},
		{"an access each", .3, 1, SAMPLE, .15},
		{"over a longer time", .03, 20, 8 * SAMPLE, .25},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double rate = -log1p(-rows[i].f); /* visits per page and sampling interval */
		double weight = rate * rows[i].visit * 1000 * 20 / 100;
		double seen = -expm1(-rate * rows[i].span_ns / SAMPLE), sum = 0;
		struct kit k;

		setup(&k, 8192, 1);
		for (int a = 0; a < 60; a++) {
			const struct damon_target_snapshot *t;

			for (int j = 0; j < 100; j++) {
				observe(&k, rng_below(&k.rng, 1000), weight);
				look(&k, rng_below(&k.rng, 1000), rows[i].span_ns,
				     rng_unit(&k.rng) < seen);
			}
			t = &aggregate(&k)->targets[0];
			sum += a >= 30 ? t->visit_weight / 30 : 0;
		}
		cr_expect_float_eq(sum / rows[i].visit, 1, rows[i].tolerance, "%s: %g",
				   rows[i].name, sum);
		damon_core_free(k.c);
	}
}

/* Without enough looks it is not known, and mappings over a second do not tell: see ESTIMATOR.md.
 */
Test(check, weight_of_a_visit_is_not_guessed)
{
	struct kit k;

	setup(&k, 8192, 1);
	for (int a = 0; a < 20; a++) {
		for (int j = 0; j < 100; j++)
			observe(&k, rng_below(&k.rng, 1000), 1);
		if (a % 10 == 0) {
			look(&k, 5, SAMPLE, true);
			look_at_map(&k, 0, 1000, NS_PER_SEC, 900, 300);
		}
		cr_expect_eq(aggregate(&k)->targets[0].visit_weight, 0);
	}
	damon_core_free(k.c);
}

/* ---- nr_accesses and heat ---- */

static struct damon_region region(uint64_t n, uint32_t hits, float nr, float touched)
{
	return (struct damon_region){.start = BASE,
				     .end = BASE + n * DAMON_PAGE_SIZE,
				     .nr_obs = hits,
				     .nr_ticks = hits,
				     .span_aggrs = 20,
				     .idle_aggrs = hits ? 0 : 20,
				     .weight = hits,
				     .evenness = 1,
				     .nr_checks = nr,
				     .nr_touched = touched};
}

Test(check, nr_accesses_and_heat)
{
	static const struct {
		const char *name;
		uint32_t hits;
		float nr, touched, visit;
		double least, most; /* nr_accesses, of 20 */
		double hi;	    /* at most */
		bool idle;	    /* looks lower the bound of heat */
	} rows[] = {
		{"samples alone", 100, 0, 0, 0, .9, 1.1, 1.3, false},
		{"touched more often", 100, 100, 50, 0, 9.5, 10.1, 12, false},
		{"always", 100, 100, 100, 0, 19.5, 20, 20, false},
		{"never", 100, 1000, 0, 0, 0, .01, .1, false},
		{"no hit, and nothing looked at", 0, 0, 0, 1, 0, 0, .2, false},
		{"no hit, looked at in vain", 0, 1000, 0, .001, 0, 0, .08, true},
		{"no hit, yet touched", 0, 100, 20, 1, 3.8, 4.1, 6, false},
		{"a visit is longer than burst says", 1000, 0, 0, 10, .9, 1.1, 1.3, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_region r[2] = {
			region(5, rows[i].hits, rows[i].nr, rows[i].touched),
			region(5, rows[i].hits, 0, 0),
		};
		struct damon_target_snapshot t[2];
		struct damon_region_rate rate[2];
		struct damon_target_sum sum;
		struct damon_nr_accesses nr;

		for (size_t j = 0; j < 2; j++) {
			t[j] = (struct damon_target_snapshot){.burst = 1,
							      .clumping = 1,
							      .visit_weight = rows[i].visit,
							      .regions = &r[j],
							      .nr_regions = 1};
			sum = damon_target_sum(&t[j], &plain);
			damon_region_derive(&t[j], 0, &plain, &sum, &rate[j]);
		}
		damon_region_nr_accesses(&t[0], 0, &plain, &rate[0], &nr);
		cr_expect(nr.nr >= rows[i].least && nr.nr <= rows[i].most, "%s: %g", rows[i].name,
			  nr.nr);
		cr_expect(nr.lo <= nr.nr && nr.nr <= nr.hi && nr.hi <= rows[i].hi,
			  "%s: %g [%g, %g]", rows[i].name, nr.nr, nr.lo, nr.hi);
		cr_expect_eq(rate[0].heat, rate[1].heat, "%s: heat is the samples'", rows[i].name);
		cr_expect_eq(rate[0].lo, rate[1].lo, "%s", rows[i].name);
		if (rows[i].idle)
			cr_expect(rate[0].hi < .8 * rate[1].hi, "%s", rows[i].name);
		else
			cr_expect_eq(rate[0].hi, rate[1].hi, "%s", rows[i].name);
	}
}

/* A visit's weight is in the source's unit: what that unit is does not matter for nr_accesses. */
Test(check, nr_accesses_needs_no_scale_then)
{
	static const struct damon_scale scales[] = {{1, 1, 1}, {7, 1, 50}, {.1, .01, 1}};
	struct damon_region r = region(5, 100, 0, 0);
	struct damon_target_snapshot t = {
		.burst = 3, .clumping = 1, .visit_weight = 2, .regions = &r, .nr_regions = 1};
	struct damon_nr_accesses first = {0};

	for (size_t i = 0; i < ARRAY_SIZE(scales); i++) {
		struct damon_view v = {SAMPLE, AGGR, scales[i]};
		struct damon_target_sum sum = damon_target_sum(&t, &v);
		struct damon_region_rate rate;
		struct damon_nr_accesses nr;

		damon_region_derive(&t, 0, &v, &sum, &rate);
		damon_region_nr_accesses(&t, 0, &v, &rate, &nr);
		if (!i)
			first = nr;
		cr_expect_float_eq(nr.nr, first.nr, 1e-9, "scale %zu: %g", i, nr.nr);
		cr_expect_float_eq(nr.lo, first.lo, 1e-9, "scale %zu: %g", i, nr.lo);
		cr_expect_float_eq(nr.hi, first.hi, 1e-9, "scale %zu: %g", i, nr.hi);
	}
}

/* ---- working sets ---- */

Test(check, working_set_of_a_checked_window)
{
	static const struct {
		const char *name;
		struct damon_wset_check k;
		enum damon_window w;
		double pages, lo, hi; /* pages < 0: as without checks */
	} rows[] = {
		{"exact at the end of the window",
		 {300, 1000, 50, 0},
		 DAMON_WINDOW_1S,
		 300,
		 300,
		 300},
		{"half a second ago", {300, 1000, 50, 5e8}, DAMON_WINDOW_1S, 300, 168, 534},
		{"then samples saw four times as much",
		 {100, 1000, 12.5, 1e8},
		 DAMON_WINDOW_1S,
		 400,
		 240,
		 670},
		{"half of it was checked", {100, 500, 50, 0}, DAMON_WINDOW_1S, -1, 100, 600},
		{"nothing was checked", {0, 0, 0, 0}, DAMON_WINDOW_1S, -1, 0, 1000},
		{"a longer one holds it", {300, 1000, 50, 0}, DAMON_WINDOW_10S, -1, 300, 1000},
		{"a shorter one is held by it", {300, 1000, 50, 0}, DAMON_WINDOW_AGGR, -1, 0, 300},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_region r = region(1000, 50, 0, 0);
		struct damon_target_snapshot t = {
			.burst = 1, .clumping = 1, .regions = &r, .nr_regions = 1};
		struct damon_wset_size with, without;

		for (int w = 0; w < DAMON_NR_WINDOWS; w++)
			t.wset[w] = (struct damon_wset){80, 50, 30, 10, w ? 1e9 : 1e8};
		t.wset[DAMON_WINDOW_10S].span_ns = 1e10;
		t.wset[DAMON_WINDOW_60S].span_ns = 6e10;
		damon_wset_derive(&t, rows[i].w, &plain, &without);
		t.checked[DAMON_WINDOW_1S] = rows[i].k;
		damon_wset_checked(&t, rows[i].w, &plain, &with);
		cr_expect(with.lo <= with.bytes && with.bytes <= with.hi, "%s", rows[i].name);
		cr_expect(with.lo / DAMON_PAGE_SIZE >= rows[i].lo - 1, "%s: lo %g", rows[i].name,
			  with.lo / DAMON_PAGE_SIZE);
		cr_expect(with.hi / DAMON_PAGE_SIZE <= rows[i].hi + 1, "%s: hi %g", rows[i].name,
			  with.hi / DAMON_PAGE_SIZE);
		if (rows[i].pages >= 0)
			cr_expect_float_eq(with.bytes / DAMON_PAGE_SIZE, rows[i].pages, .5,
					   "%s: %g", rows[i].name, with.bytes / DAMON_PAGE_SIZE);
		if (!(rows[i].k.pages > 0))
			cr_expect_eq(with.bytes, without.bytes, "%s", rows[i].name);
	}
}

/* Mappings looked at together are one look at their window; the next round begins anew. */
Test(check, rounds_of_mappings)
{
	const struct damon_target_snapshot *t = NULL;
	struct damon_wset_check c;
	struct kit k;

	setup(&k, 8192, 1);
	for (int a = 0; a < 25; a++) {
		observe(&k, 5, 1);
		if (a % 10 == 9) {
			look_at_map(&k, 0, 400, NS_PER_SEC, 400, 100 + a);
			k.now += NS_PER_MS;
			look_at_map(&k, 400, 600, NS_PER_SEC, 0, 0);
			k.now -= NS_PER_MS;
			look_at_map(&k, 0, 1000, 3 * NS_PER_SEC, 1, 1); /* of no window */
		}
		t = &aggregate(&k)->targets[0];
		if (a < 9)
			cr_expect_eq(t->checked[DAMON_WINDOW_1S].pages, 0);
	}
	c = t->checked[DAMON_WINDOW_1S];
	cr_expect_eq(c.touched, 119);
	cr_expect_eq(c.pages, 1000);
	cr_expect_eq(c.seen, 1);
	cr_expect_eq(c.late_ns, 6 * AGGR, "%g", c.late_ns);
	cr_expect_eq(t->checked[DAMON_WINDOW_10S].pages, 0);
	for (int a = 0; a < 12; a++)
		t = &aggregate(&k)->targets[0];
	cr_expect_eq(t->checked[DAMON_WINDOW_1S].pages, 0, "no longer true");
	damon_core_free(k.c);
}

/* Another program takes the target over: nothing of the old one is kept. */
Test(check, another_program_starts_anew)
{
	struct damon_mapping m = pages(0, 1000);
	const struct damon_target_snapshot *t;
	uint64_t addr;
	struct kit k;

	setup(&k, 8192, 1);
	train(&k, 10);
	look_at_map(&k, 0, 1000, NS_PER_SEC, 1000, 100);
	cr_assert(aggregate(&k)->targets[0].visit_weight > 0);
	k.p->target->generation++;
	cr_expect_eq(damon_core_pick_pages(k.c, k.p->target, &addr, 1), 0);
	damon_space_map(k.p->space, &m, k.now);
	t = &aggregate(&k)->targets[0];
	cr_expect_eq(t->visit_weight, 0);
	cr_expect_eq(t->checked[DAMON_WINDOW_1S].pages, 0);
	cr_expect_eq(all_checks(t).nr, 0);
	damon_core_free(k.c);
}
