/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <malloc.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/core.h"

#define BASE 0x10000000ull
#define AGGR (100 * NS_PER_MS)

struct kit {
	struct damon_core *c;
	struct damon_core_params params;
	struct damon_proc *p;
	uint64_t now;
	struct rng rng;
};

static struct damon_proc *process(struct kit *k, int pid, const char *comm, uint64_t pages)
{
	struct damon_proc *p = damon_targets_add(damon_core_targets(k->c), pid, comm, k->now);
	struct damon_mapping m = {.start = BASE,
				  .end = BASE + pages * DAMON_PAGE_SIZE,
				  .prot = DAMON_PROT_READ | DAMON_PROT_WRITE,
				  .name = ""};

	cr_assert(p && p->target && p->space);
	cr_assert_eq(damon_space_map(p->space, &m, k->now), 0);
	return p;
}

static void setup_with(struct kit *k, const struct damon_core_params *p)
{
	memset(k, 0, sizeof(*k));
	rng_seed(&k->rng, 3);
	k->params = *p;
	k->c = damon_core_new(&k->params);
	cr_assert(k->c);
	k->p = process(k, 1, "one", 1000);
}

static void setup(struct kit *k)
{
	setup_with(k, &damon_core_defaults);
}

static void teardown(struct kit *k)
{
	damon_core_free(k->c);
}

static uint64_t addr(uint64_t page)
{
	return BASE + page * DAMON_PAGE_SIZE + 8;
}

/* An observation of weight 1 with 'n' accesses, from 'page' on, 'per_page' to each. */
static struct damon_obs obs(uint64_t page, unsigned int n, unsigned int per_page)
{
	struct damon_obs o = {.pid = 1, .tid = 1, .weight = 1, .nr = n};

	for (unsigned int i = 0; i < n; i++)
		o.access[i] = (struct damon_access){.addr = addr(page + i / per_page),
						    .ip = 0x400000 + i,
						    .size = 8,
						    .flags = i % 2 ? DAMON_ACCESS_STORE
								   : DAMON_ACCESS_LOAD};
	return o;
}

static void one(struct kit *k, struct damon_proc *p, uint64_t page)
{
	struct damon_obs o = obs(page, 1, 1);

	damon_core_observe(k->c, p, &o);
}

static const struct damon_snapshot *run(struct kit *k)
{
	const struct damon_snapshot *s = damon_core_aggregate(k->c, k->now, k->now + AGGR, 1000);

	cr_assert(s);
	k->now += AGGR;
	return s;
}

static struct damon_region sum(const struct damon_target_snapshot *t)
{
	struct damon_region all = {0};

	for (size_t i = 0; i < t->nr_regions; i++) {
		all.nr_obs += t->regions[i].nr_obs;
		all.nr_ticks += t->regions[i].nr_ticks;
		all.weight += t->regions[i].weight;
		all.store_weight += t->regions[i].store_weight;
		all.stall_weight += t->regions[i].stall_weight;
	}
	return all;
}

Test(core, nothing_happened)
{
	struct kit k;
	const struct damon_snapshot *s;
	size_t n;

	setup(&k);
	s = run(&k);
	cr_assert_eq(s->start_ns, 0);
	cr_assert_eq(s->end_ns, AGGR);
	cr_assert_eq(s->rate_hz, 1000);
	cr_assert_eq(s->nr_targets, 1);
	cr_assert_eq(s->targets[0].nr_regions, 1);
	cr_assert_eq(s->targets[0].nr_obs, 0);
	cr_assert_eq(s->targets[0].burst, 1);
	cr_assert_eq(s->targets[0].regions[0].idle_aggrs, 1);
	cr_assert_eq(damon_core_log(k.c, &n) ? n : 0, 0);
	damon_core_free(NULL);
	teardown(&k);
}

Test(core, an_observation_is_one_hit_per_page)
{
	static const struct {
		const char *name;
		unsigned int n, per_page, nr_obs;
		float burst;
	} rows[] = {{"one access", 1, 1, 1, 1},
		    {"sixteen to one page", 16, 16, 1, 16},
		    {"four to each of four", 16, 4, 4, 4},
		    {"sixteen pages", 16, 1, 16, 1}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit k;
		struct damon_obs o = obs(100, rows[i].n, rows[i].per_page);
		const struct damon_snapshot *s;
		struct damon_region all;

		setup(&k);
		damon_core_observe(k.c, k.p, &o);
		s = run(&k);
		all = sum(&s->targets[0]);
		cr_assert_eq(s->targets[0].nr_obs, 1, "%s", rows[i].name);
		cr_assert_eq(all.nr_obs, rows[i].nr_obs, "%s", rows[i].name);
		cr_assert_eq(all.nr_ticks, 1, "%s", rows[i].name);
		cr_assert_float_eq(all.weight, 1, 1e-5, "%s", rows[i].name);
		cr_assert_float_eq(all.store_weight, rows[i].n > 1 ? .5 : 0, 1e-5, "%s",
				   rows[i].name);
		cr_assert_float_eq(s->targets[0].burst, rows[i].burst, 1e-5, "%s", rows[i].name);
		cr_assert_eq(s->targets[0].wset[DAMON_WINDOW_AGGR].n, rows[i].nr_obs);
		cr_assert_eq(s->counts.obs, 1);
		cr_assert_eq(s->counts.accesses, rows[i].n);
		teardown(&k);
	}
}

/* Bursts of 16 to one page are 1 observation each: fed as 16 they would look like hot spots. */
Test(core, bursts_to_one_page_make_no_hot_spots)
{
	struct kit k;
	const struct damon_snapshot *s = NULL;

	setup(&k);
	for (int a = 0; a < 60; a++) {
		for (int i = 0; i < 20; i++) {
			struct damon_obs o = obs(rng_below(&k.rng, 1000), 16, 16);

			damon_core_observe(k.c, k.p, &o);
		}
		s = run(&k);
	}
	cr_assert_eq(s->targets[0].nr_regions, 1);
	cr_assert_eq(s->targets[0].regions[0].age_aggrs, 60);
	cr_assert_eq(s->targets[0].regions[0].nr_obs, 1200);
	cr_assert_lt(s->targets[0].regions[0].evenness, 1.3);
	teardown(&k);
}

Test(core, unknown_addresses_keep_their_part_of_the_weight)
{
	struct kit k;
	struct damon_obs o = obs(5, 3, 3);
	const struct damon_snapshot *s;

	setup(&k);
	o.nr_unknown = 9;
	damon_core_observe(k.c, k.p, &o);
	s = run(&k);
	cr_assert_float_eq(sum(&s->targets[0]).weight, .25, 1e-6);
	cr_assert_eq(s->counts.unknown, 9);
	teardown(&k);
}

Test(core, accesses_without_an_address_are_carried_by_their_like)
{
	struct kit k;
	struct damon_obs o = obs(5, 2, 8);
	const struct damon_snapshot *s;

	setup(&k);
	o.nr_carried = 6;
	o.access[1].addr = addr(900);
	o.access[1].carries = 6; /* it and six others: 7 of 8 */
	damon_core_observe(k.c, k.p, &o);
	s = run(&k);
	cr_assert_float_eq(sum(&s->targets[0]).weight, o.weight, 1e-5);
	cr_assert_eq(s->counts.unknown, 6);
	cr_assert_eq(s->counts.accesses, 2);
	cr_assert_eq(sum(&s->targets[0]).nr_obs, 2);
	teardown(&k);
}

Test(core, stalls_weigh_but_are_no_observations)
{
	struct kit k;
	struct damon_obs o = obs(5, 2, 2);
	const struct damon_snapshot *s;
	struct damon_region all;

	setup(&k);
	o.has_stall = true;
	o.stall_weight = 1;
	o.stall = (struct damon_access){.addr = addr(5)};
	damon_core_observe(k.c, k.p, &o);
	o.stall.addr = addr(700); /* a page of its own */
	damon_core_observe(k.c, k.p, &o);
	o.nr = 0; /* nothing but a stall */
	damon_core_observe(k.c, k.p, &o);
	s = run(&k);
	all = sum(&s->targets[0]);
	cr_assert_eq(all.nr_obs, 2);
	cr_assert_float_eq(all.weight, 2, 1e-6);
	cr_assert_float_eq(all.stall_weight, 3, 1e-6);
	cr_assert_eq(s->targets[0].nr_obs, 2);
	cr_assert_eq(s->targets[0].wset[DAMON_WINDOW_AGGR].n, 2);
	cr_assert_eq(s->counts.no_address, 0);
	teardown(&k);
}

Test(core, what_is_not_seen_is_counted)
{
	struct kit k;
	struct damon_obs none = obs(0, 0, 1), some = obs(1, 2, 2), far = obs(5000, 1, 1);
	struct damon_counts add = {.lost = 3, .kernel_ticks = 7, .throttled = 1, .obs = 1};
	const struct damon_snapshot *s;

	setup(&k);
	none.nr_unknown = 4;
	damon_core_observe(k.c, k.p, &none);
	damon_core_observe(k.c, NULL, &some);
	damon_core_observe(k.c, k.p, &far);
	damon_core_count(k.c, &add);
	damon_core_count(k.c, &add);
	s = run(&k);
	cr_assert_eq(s->counts.no_address, 1);
	cr_assert_eq(s->counts.no_target, 1);
	cr_assert_eq(s->counts.no_region, 1);
	cr_assert_eq(s->counts.unknown, 4);
	cr_assert_eq(s->counts.lost, 6);
	cr_assert_eq(s->counts.kernel_ticks, 14);
	cr_assert_eq(s->counts.throttled, 2);
	cr_assert_eq(s->counts.obs, 3);
	cr_assert_eq(s->targets[0].nr_obs, 0);
	cr_assert_eq(s->targets[0].wset[DAMON_WINDOW_AGGR].n, 0);
	s = run(&k);
	cr_assert_eq(s->counts.lost + s->counts.obs + s->counts.no_region, 0, "they start anew");
	teardown(&k);
}

Test(core, overflowing_batch_keeps_the_weight)
{
	struct damon_core_params p = damon_core_defaults;
	struct kit k;
	const struct damon_snapshot *s;
	struct damon_region all;

	p.batch_hits = 1000;
	setup_with(&k, &p);
	for (int i = 0; i < 25000; i++)
		one(&k, k.p, i % 10 ? rng_below(&k.rng, 100) : 100 + rng_below(&k.rng, 900));
	s = run(&k);
	all = sum(&s->targets[0]);
	cr_assert_eq(s->counts.thinned, 24000);
	cr_assert_eq(all.nr_obs, 1000);
	cr_assert_float_eq(all.weight, 25000, 1);
	/* the subset is drawn evenly */
	cr_assert_float_eq(s->targets[0].regions[0].weight, 22500, 1500, "%g",
			   s->targets[0].regions[0].weight);
	one(&k, k.p, 1);
	s = run(&k);
	cr_assert_eq(s->counts.thinned, 0);
	cr_assert_float_eq(s->targets[0].weight, 1, 1e-6);
	teardown(&k);
}

Test(core, window_is_bounded_and_history_shrinks_with_load)
{
	struct kit k;
	const struct damon_snapshot *s = NULL;

	setup(&k);
	for (int a = 0; a < 40; a++) {
		for (int i = 0; i < 2000; i++)
			one(&k, k.p, rng_below(&k.rng, 1000));
		s = run(&k);
		cr_assert_leq(sum(&s->targets[0]).nr_obs, k.params.est.window_obs);
	}
	cr_assert_eq(s->targets[0].regions[0].span_aggrs, 8);
	cr_assert_eq(s->targets[0].regions[0].age_aggrs, 40);
	teardown(&k);
}

Test(core, targets_share_the_limit_of_regions)
{
	static const struct {
		uint32_t min, max;
		size_t limit;
	} rows[] = {{10, 100, 100}, {3, 7, 7}, {10, 12, 20} /* the minimum forces it */};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_core_params p = damon_core_defaults;
		struct kit k;
		struct damon_proc *two;

		p.min_nr_regions = rows[i].min;
		p.max_nr_regions = rows[i].max;
		setup_with(&k, &p);
		k.p = process(&k, 2, "two", 100000);
		two = process(&k, 3, "three", 100000);
		damon_targets_exit(damon_core_targets(k.c), 1, 0);
		for (int a = 0; a < 40; a++) {
			const struct damon_snapshot *s;
			size_t n = 0;

			for (int j = 0; j < 300; j++) { /* 60 hot chunks in each */
				one(&k, k.p, j % 60 * 1600 + rng_below(&k.rng, 20));
				one(&k, two, j % 60 * 1600 + rng_below(&k.rng, 20));
			}
			s = run(&k);
			for (size_t t = 0; t < s->nr_targets; t++) {
				n += s->targets[t].nr_regions;
				cr_assert(a || s->targets[t].nr_regions);
			}
			cr_assert_leq(n, rows[i].limit, "row %zu: %zu", i, n);
			cr_assert(a < 39 || n >= rows[i].limit / 2, "row %zu: %zu", i, n);
		}
		teardown(&k);
	}
}

Test(core, targets_are_told_apart)
{
	struct kit k;
	struct damon_proc *two;
	const struct damon_snapshot *s;

	setup(&k);
	two = process(&k, 2, "two", 500);
	for (int i = 0; i < 30; i++) {
		one(&k, k.p, 5);
		if (i % 3 == 0)
			one(&k, two, 5);
	}
	damon_core_cpu(k.c, two->target, 5e6);
	damon_core_cpu(k.c, two->target, 2e6);
	s = run(&k);
	cr_assert_eq(s->nr_targets, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct damon_target_snapshot *t = &s->targets[i];
		bool is_two = t->target_id == two->target->id;

		cr_assert_eq(t->nr_obs, is_two ? 10 : 30);
		cr_assert_eq(sum(t).nr_obs, is_two ? 10 : 30);
		cr_assert_eq(t->cpu_ns, is_two ? 7e6 : 0);
	}
	s = run(&k);
	cr_assert_eq(s->targets[1].cpu_ns, 0);
	teardown(&k);
}

Test(core, retired_targets_are_shown_once_more_and_then_left_out)
{
	struct kit k;
	const struct damon_snapshot *s;

	setup(&k);
	one(&k, k.p, 1);
	run(&k);
	one(&k, k.p, 1);
	damon_targets_exit(damon_core_targets(k.c), 1, k.now);
	s = run(&k);
	cr_assert_eq(s->nr_targets, 1);
	cr_assert_eq(s->targets[0].nr_obs, 1);
	s = run(&k);
	cr_assert_eq(s->nr_targets, 0);
	teardown(&k);
}

Test(core, exec_starts_regions_anew)
{
	struct kit k;
	const struct damon_snapshot *s;
	struct damon_mapping m = {
		.start = BASE, .end = BASE + (8 << DAMON_PAGE_SHIFT), .prot = 1, .name = ""};

	setup(&k);
	for (int a = 0; a < 10; a++) {
		one(&k, k.p, 1);
		run(&k);
	}
	cr_assert_eq(damon_targets_exec(damon_core_targets(k.c), 1, "one", k.now), 0);
	k.p = damon_targets_find(damon_core_targets(k.c), 1);
	cr_assert(k.p && k.p->target && k.p->space);
	cr_assert_eq(damon_space_map(k.p->space, &m, k.now), 0);
	one(&k, k.p, 1);
	s = run(&k);
	cr_assert_eq(s->nr_targets, 1);
	cr_assert_eq(s->targets[0].nr_regions, 1);
	cr_assert_eq(s->targets[0].regions[0].nr_obs, 1);
	cr_assert_eq(s->targets[0].regions[0].age_aggrs, 1);
	cr_assert_eq(s->targets[0].regions[0].end, m.end);
	teardown(&k);
}

Test(core, mapping_churn)
{
	struct kit k;

	setup(&k);
	for (int a = 0; a < 100; a++) {
		uint64_t from = BASE + (1000 + rng_below(&k.rng, 1000)) * DAMON_PAGE_SIZE;
		struct damon_mapping m = {.start = from,
					  .end = from +
						 (1 + rng_below(&k.rng, 300)) * DAMON_PAGE_SIZE,
					  .prot = DAMON_PROT_READ,
					  .inode = 1 + rng_below(&k.rng, 3),
					  .name = "/x"};
		const struct damon_snapshot *s;

		cr_assert_eq(damon_space_map(k.p->space, &m, k.now), 0);
		if (a % 3 == 0)
			damon_space_unmap(k.p->space, from, from + 100 * DAMON_PAGE_SIZE, k.now);
		for (int i = 0; i < 100; i++)
			one(&k, k.p, rng_below(&k.rng, 2500));
		s = run(&k);
		cr_assert_leq(s->targets[0].nr_regions, 1000);
		for (size_t i = 0; i < s->targets[0].nr_regions; i++) {
			const struct damon_region *r = &s->targets[0].regions[i];

			cr_assert(r->start < r->end && (!i || r[-1].end <= r->start));
			cr_assert(damon_space_find(k.p->space, r->start));
			cr_assert(damon_space_find(k.p->space, r->end - 1));
		}
	}
	teardown(&k);
}

Test(core, cold_becomes_provable_with_time)
{
	struct kit k;
	double last = INFINITY;

	setup(&k);
	for (int a = 1; a <= 400; a++) {
		struct damon_view v = {5 * NS_PER_MS, AGGR, {1, 1, 1}};
		struct damon_region_rate rate;
		struct damon_target_sum sum;
		const struct damon_target_snapshot *t;
		const struct damon_snapshot *s;

		for (int i = 0; i < 20; i++)
			one(&k, k.p, rng_below(&k.rng, 20));
		s = run(&k);
		t = &s->targets[0];
		if (a % 100)
			continue;
		sum = damon_target_sum(t, &v);
		damon_region_derive(t, t->nr_regions - 1, &v, &sum, &rate);
		cr_assert_eq(t->regions[t->nr_regions - 1].idle_aggrs, a);
		cr_assert(rate.hi > 0 && rate.hi < last * .8, "%d: %g after %g", a, rate.hi, last);
		last = rate.hi;
	}
	teardown(&k);
}

/* Five minutes without an access: ages and idle times go on, nothing grows. */
Test(core, a_target_that_stops_for_minutes)
{
	size_t bytes_after_window = 0;
	double last_age = 0;
	struct kit k;

	setup(&k);
	for (int a = 0; a < 60; a++) {
		for (int i = 0; i < 50; i++)
			one(&k, k.p, rng_below(&k.rng, i % 5 ? 20 : 1000));
		run(&k);
	}
	for (uint32_t stopped = 1; stopped <= 3000; stopped++) {
		const struct damon_snapshot *s = run(&k);
		const struct damon_target_snapshot *t = &s->targets[0];
		double pages = 0, age = 0;

		cr_assert_eq(s->nr_targets, 1);
		cr_assert(t->nr_regions && t->nr_regions <= k.params.max_nr_regions);
		cr_assert_eq(t->nr_obs, 0);
		for (size_t i = 0; i < t->nr_regions; i++) {
			const struct damon_region *r = &t->regions[i];

			cr_assert_geq(r->idle_aggrs, stopped, "%u: %u", stopped, r->idle_aggrs);
			age += (double)(r->end - r->start) * r->age_aggrs;
			pages += (double)(r->end - r->start);
		}
		age /= pages;
		if (stopped > 2 * k.params.est.window_aggrs)
			cr_assert_gt(age, last_age, "%u: %g after %g", stopped, age, last_age);
		last_age = age;
		if (stopped == 200)
			bytes_after_window = mallinfo2().uordblks;
	}
	cr_expect_gt(last_age, 2700);
	cr_expect_leq(mallinfo2().uordblks, bytes_after_window);
	for (int i = 0; i < 50; i++) /* and on it goes, at another place */
		one(&k, k.p, 500 + rng_below(&k.rng, 20));
	cr_expect_eq(sum(&run(&k)->targets[0]).nr_obs, 50);
	teardown(&k);
}

Test(core, log_is_thinned_to_its_rate_and_keeps_the_weight)
{
	static const struct {
		const char *name;
		int accesses;
		size_t entries;
	} rows[] = {{"few", 8, 8}, {"many", 5000, 20}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit k;
		const struct damon_log_entry *log;
		double weight = 0;
		size_t n;

		setup(&k);
		for (int j = 0; j < rows[i].accesses; j++)
			one(&k, k.p, j % 1000);
		run(&k);
		log = damon_core_log(k.c, &n);
		cr_assert_eq(n, rows[i].entries, "%s: %zu", rows[i].name, n);
		for (size_t j = 0; j < n; j++) {
			weight += log[j].weight;
			cr_assert_eq(log[j].target_id, k.p->target->id);
			cr_assert_eq(log[j].space_id, k.p->space->id);
			cr_assert_eq(log[j].ip, 0x400000);
			cr_assert_eq(log[j].size, 8);
			cr_assert_eq(log[j].stall, 0);
		}
		cr_assert_float_eq(weight, rows[i].accesses, .01 * rows[i].accesses);
		run(&k);
		damon_core_log(k.c, &n);
		cr_assert_eq(n, 0);
		teardown(&k);
	}
}

/* What hardware tells is told of the first access. */
Test(core, log_keeps_what_hardware_told)
{
	struct damon_obs o = {
		.weight = 1,
		.nr = 2,
		.access = {{.addr = 0x10000008}, {.addr = 0x10001000}},
		.hw = {.latency_cycles = 70000,
		       .level = DAMON_LEVEL_DRAM,
		       .flags = DAMON_HW_REMOTE | DAMON_HW_TLB_MISS},
	};
	const struct damon_log_entry *log;
	struct kit k;
	size_t n;

	setup(&k);
	o.pid = o.tid = k.p->pid;
	damon_core_observe(k.c, k.p, &o);
	run(&k);
	log = damon_core_log(k.c, &n);
	cr_assert_eq(n, 2);
	cr_expect_eq(log[0].latency, UINT16_MAX, "as much as it holds");
	cr_expect_eq(log[0].level, DAMON_LEVEL_DRAM);
	cr_expect_eq(log[0].hw_flags, DAMON_HW_REMOTE | DAMON_HW_TLB_MISS);
	cr_expect_eq(log[1].latency + log[1].level + log[1].hw_flags, 0);
	teardown(&k);
}

Test(core, log_of_short_intervals_keeps_its_rate)
{
	struct damon_core_params p = damon_core_defaults;
	struct kit k;
	size_t n, all = 0;

	p.aggr_ns = 2 * NS_PER_MS; /* 0.4 entries each */
	p.log_per_sec = 200;
	setup_with(&k, &p);
	for (int a = 0; a < 500; a++) {
		one(&k, k.p, 1);
		one(&k, k.p, 2);
		run(&k);
		damon_core_log(k.c, &n);
		all += n;
	}
	cr_assert_float_eq((double)all, 200, 2);
	teardown(&k);
}

Test(core, odd_weights_do_no_harm)
{
	static const float odd[] = {NAN, INFINITY, -INFINITY, -1, 0, 1e38f};
	struct kit k;

	setup(&k);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		struct damon_obs o = obs(i, 16, 1);
		const struct damon_snapshot *s;
		struct damon_region all;

		o.weight = odd[i];
		o.has_stall = true;
		o.stall.addr = addr(999);
		damon_core_observe(k.c, k.p, &o);
		s = run(&k);
		all = sum(&s->targets[0]);
		cr_assert(isfinite(all.weight) && isfinite(all.stall_weight), "%zu", i);
	}
	teardown(&k);
}

static bool same_region(const struct damon_region *a, const struct damon_region *b)
{
	return a->start == b->start && a->end == b->end && a->nr_obs == b->nr_obs &&
	       a->nr_ticks == b->nr_ticks && a->span_aggrs == b->span_aggrs &&
	       a->age_aggrs == b->age_aggrs && a->idle_aggrs == b->idle_aggrs &&
	       a->weight == b->weight && a->store_weight == b->store_weight &&
	       a->stall_weight == b->stall_weight && a->evenness == b->evenness &&
	       a->now_weight == b->now_weight && a->now_ticks == b->now_ticks;
}

Test(core, same_input_gives_the_same_output)
{
	struct damon_core_params p = damon_core_defaults;
	struct kit k[2];

	p.batch_hits = 100; /* the random subset, too */
	setup_with(&k[0], &p);
	setup_with(&k[1], &p);
	for (int a = 0; a < 20; a++) {
		const struct damon_snapshot *s[2];

		for (int i = 0; i < 2; i++) {
			for (int j = 0; j < 300; j++)
				one(&k[i], k[i].p, rng_below(&k[i].rng, j % 2 ? 1000 : 50));
			s[i] = run(&k[i]);
		}
		cr_assert_eq(s[0]->targets[0].nr_regions, s[1]->targets[0].nr_regions);
		for (size_t i = 0; i < s[0]->targets[0].nr_regions; i++)
			cr_assert(same_region(&s[0]->targets[0].regions[i],
					      &s[1]->targets[0].regions[i]));
	}
	teardown(&k[0]);
	teardown(&k[1]);
}
