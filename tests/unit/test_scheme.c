/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine of schemes: what it plans, and what comes of results. */
#include "core/schemes/scheme_state.h"
#include "tests/kit/scheme_kit.h"

static struct damos cold_scheme(uint64_t min_age_aggrs)
{
	struct damos s = kit_scheme("pageout");

	s.access_max = 0;
	s.age_ns.min = min_age_aggrs * AGGR_NS;
	return s;
}

Test(scheme, patterns)
{
	static const struct {
		const char *name;
		struct damos_range sz_pages;
		double min, max;
		struct damos_range age_aggrs;
		const char *in, *out;
	} rows[] = {
		{"all", {0, 1 << 20}, 0, 1, {0, 1 << 20}, "0-9:0@5 9-20:20@0", "0-9 9-20"},
		{"nothing mapped", {0, 1 << 20}, 0, 1, {0, 1 << 20}, "", ""},
		{"size, closed",
		 {4, 8},
		 0,
		 1,
		 {0, 99},
		 "0-3:0@1 10-14:0@1 20-28:0@1 30-39:0@1",
		 "10-14 20-28"},
		{"accesses, closed",
		 {0, 99},
		 .25,
		 .5,
		 {0, 99},
		 "0-1:4@1 2-3:5@1 4-5:10@1 6-7:11@1",
		 "2-3 4-5"},
		{"accesses, rounded",
		 {0, 99},
		 .25,
		 .5,
		 {0, 99},
		 "0-1:4.4@1 2-3:4.6@1 4-5:10.4@1 6-7:10.6@1",
		 "2-3 4-5"},
		{"age, closed",
		 {0, 99},
		 0,
		 1,
		 {2, 3},
		 "0-1:0@1 2-3:0@2 4-5:0@3 6-7:0@4",
		 "2-3 4-5"},
		{"two targets", {0, 99}, 0, 0, {2, 99}, "0-1:0@2 | 0-1:0@1 3-5:0@2 |", "0-1 1/3-5"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = kit_scheme("stat");
		struct kit k;

		kit_setup(&k);
		s.sz = (struct damos_range){PAGE(rows[i].sz_pages.min), PAGE(rows[i].sz_pages.max)};
		s.access_min = rows[i].min;
		s.access_max = rows[i].max;
		s.age_ns = (struct damos_range){rows[i].age_aggrs.min * AGGR_NS,
						rows[i].age_aggrs.max * AGGR_NS};
		kit_set(&k, &s, &kit_any, 1);
		cr_expect_str_eq(kit_plan(&k, rows[i].in), rows[i].out, "%s: %s", rows[i].name,
				 k.text);
		kit_teardown(&k);
	}
}

Test(scheme, what_was_acted_upon_is_young)
{
	struct damos s[] = {cold_scheme(3), cold_scheme(2)};
	const struct damos_kind kinds[] = {kit_cold, kit_cold};
	struct kit k;

	s[1].age_ns.max = 2 * AGGR_NS;
	s[1].max_nr_snapshots = 3; /* then it is out of the way */
	kit_setup(&k);
	kit_set(&k, s, kinds, 2);
	cr_expect_str_eq(kit_plan(&k, "0-100:0@9"), "0-100");
	cr_expect_str_eq(kit_steps(&k, 1), "", "it is young to the next scheme at once");
	kit_done(&k, 0, 1);
	cr_expect_str_eq(kit_plan(&k, "0-100:0@10"), "");
	cr_expect_str_eq(kit_plan(&k, "0-100:0@11"), "");
	cr_expect_str_eq(kit_steps(&k, 1), "0-100", "two aggregations old again");
	kit_done(&k, 0, 1);
	cr_expect_str_eq(kit_plan(&k, "0-100:0@12"), "");
	cr_expect_str_eq(kit_plan(&k, "0-100:0@13"), "");
	cr_expect_str_eq(kit_plan(&k, "0-100:0@14"), "0-100");
	kit_teardown(&k);
}

Test(scheme, parts_that_were_acted_upon_are_planned_apart)
{
	struct damos s = cold_scheme(3);
	struct kit k;

	kit_setup(&k);
	kit_set(&k, &s, &kit_cold, 1);
	cr_expect_str_eq(kit_plan(&k, "20-40:0@9"), "20-40");
	kit_done(&k, 0, 1);
	cr_expect_str_eq(kit_plan(&k, "0-100:0@9"), "0-20 40-100");
	kit_done(&k, 0, 1);
	kit_plan(&k, "0-100:0@10");
	cr_expect_str_eq(kit_plan(&k, "0-100:0@11"), "20-40");
	kit_teardown(&k);
}

Test(scheme, what_was_dropped_is_as_old_as_it_was)
{
	struct damos s = cold_scheme(3);
	struct kit k;
	size_t n;

	s.age_ns.max = 6 * AGGR_NS;
	kit_setup(&k);
	kit_set(&k, &s, &kit_cold, 1);
	kit_plan(&k, "0-100:0@6");
	kit_done(&k, PAGE(40), 1);
	kit_plan(&k, "0-100:0@4");
	cr_expect_str_eq(kit_steps(&k, 0), "60-100", "not older than 6, as the region was");
	kit_done(&k, PAGE(1000), 1);
	kit_snapshot(&k, "0-100:0@99");
	cr_assert_eq(damon_schemes_plan(k.e, &k.s, &kit_view, &k.w), 0);
	damon_schemes_steps(k.e, &n);
	cr_expect_str_eq(kit_steps(&k, 0), "60-100", "6: 4, and two aggregations");
	kit_teardown(&k);
}

Test(scheme, what_is_pending_is_not_planned_again)
{
	struct damos s[] = {cold_scheme(0), cold_scheme(0)};
	const struct damos_kind kinds[] = {kit_cold, kit_cold};
	struct damos_result none = {.id = 12345, .tried = 4096};
	struct kit k;

	kit_setup(&k);
	s[1].sz.max = PAGE(100);
	kit_set(&k, s, kinds, 2);
	cr_expect_str_eq(kit_plan(&k, "0-100:0@9"), "0-100");
	cr_expect_str_eq(kit_steps(&k, 1), "0-100", "each for itself");
	cr_expect_str_eq(kit_plan(&k, "0-120:0@9 | 0-100:0@9"), "100-120 1/0-100");
	damon_schemes_charge(k.e, &none);
	kit_done(&k, 0, 1);
	kit_done(&k, 0, 1); /* twice charged is once */
	cr_expect_eq(kit_stats(&k, 0).sz_tried, PAGE(120));
	cr_expect_str_eq(kit_plan(&k, "0-120:0@9 | 0-100:0@9"), "100-120 1/0-100",
			 "0-100 is still pending");
	kit_teardown(&k);
}

Test(scheme, stat_ages_nothing)
{
	struct damos s = cold_scheme(3);
	struct kit k;

	kit_setup(&k);
	kit_set(&k, &s, &kit_any, 1);
	for (int i = 0; i < 3; i++) {
		cr_expect_str_eq(kit_plan(&k, "0-100:0@9"), "0-100");
		kit_done(&k, 0, 0);
	}
	damon_schemes_age(k.e, &k.s);
	cr_expect_eq(k.regions[0].age_aggrs, 9);
	cr_expect_eq(kit_stats(&k, 0).nr_tried, 3);
	cr_expect_eq(kit_stats(&k, 0).nr_snapshots, 3);
	kit_teardown(&k);
}

Test(scheme, apply_intervals)
{
	static const struct {
		uint64_t apply_ns;
		const char *plans; /* of ten aggregations */
	} rows[] = {
		{0, "1111111111"},
		{AGGR_NS / 2, "1111111111"},
		{AGGR_NS, "1111111111"},
		{3 * AGGR_NS, "0010010010"},
		{250 * NS_PER_MS, "0010100101"},
		{10 * AGGR_NS, "0000000001"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = cold_scheme(0);
		char plans[11] = "";
		struct kit k;

		kit_setup(&k);
		s.apply_ns = rows[i].apply_ns;
		kit_set(&k, &s, &kit_any, 1);
		for (int j = 0; j < 10; j++) {
			plans[j] = kit_plan(&k, "0-1:0@1")[0] ? '1' : '0';
			kit_done(&k, 0, 0);
		}
		cr_expect_str_eq(plans, rows[i].plans, "%lu: %s", (unsigned long)rows[i].apply_ns,
				 plans);
		kit_teardown(&k);
	}
}

Test(scheme, core_filters_split_regions)
{
	struct damos s = cold_scheme(0);
	const struct damos_step *steps;
	struct kit k;
	size_t n;

	kit_setup(&k);
	s.nr_filters = 3;
	s.filters[0] = (struct damos_filter){
		.type = DAMOS_FILTER_TARGET, .matching = 1, .allow = 0, .target = 1};
	s.filters[1] = (struct damos_filter){.type = DAMOS_FILTER_ADDR,
					     .matching = 1,
					     .allow = 1,
					     .start = PAGE(10),
					     .end = PAGE(20)};
	s.filters[2] = (struct damos_filter){.type = DAMOS_FILTER_ADDR,
					     .matching = 1,
					     .allow = 0,
					     .start = PAGE(15),
					     .end = PAGE(40)};
	kit_set(&k, &s, &kit_any, 1);
	cr_expect_str_eq(kit_plan(&k, "0-50:0@1 | 0-50:0@1 | 18-60:0@1"),
			 "0-10 10-20 40-50 2/18-20 2/40-60");
	steps = damon_schemes_steps(k.e, &n);
	for (size_t i = 0; i < n; i++)
		cr_expect_eq(steps[i].allowed, steps[i].start < PAGE(20) && steps[i].start > 0);
	cr_expect_eq(kit_stats(&k, 0).sz_now, PAGE(52), "what is kept out does not count");
	kit_teardown(&k);
}

Test(scheme, a_quota_splits_and_goes_on)
{
	struct damos s = cold_scheme(0);
	struct kit k;

	kit_setup(&k);
	s.quota.bytes = PAGE(60);
	s.quota.reset_ns = 2 * AGGR_NS;
	kit_set(&k, &s, &kit_any, 1);
	cr_expect_str_eq(kit_plan(&k, "0-50:0@1 | 0-50:0@1"), "0-50 1/0-10");
	kit_done(&k, 0, 1);
	cr_expect_str_eq(kit_plan(&k, "0-50:0@1 | 0-50:0@1"), "", "used up");
	cr_expect_str_eq(kit_plan(&k, "0-50:0@1 | 0-50:0@1"), "1/10-50 0-20");
	kit_done(&k, 0, 1);
	kit_plan(&k, "0-50:0@1 | 0-50:0@1");
	cr_expect_eq(kit_stats(&k, 0).qt_exceeds, 1, "the first interval");
	cr_expect_str_eq(kit_plan(&k, "0-50:0@1 | 0-50:0@1"), "20-50 1/0-30");
	kit_done(&k, 0, 1);
	kit_plan(&k, "0-50:0@1");
	cr_expect_str_eq(kit_plan(&k, "0-50:0@1"), "0-50", "all of it fits");
	cr_expect_eq(kit_stats(&k, 0).quota_bytes, PAGE(60));
	cr_expect_eq(kit_stats(&k, 0).quota_used, PAGE(50));
	cr_expect_eq(kit_stats(&k, 0).qt_exceeds, 3);
	kit_teardown(&k);
}

Test(scheme, a_quota_that_sufficed_begins_at_the_start)
{
	struct damos s = cold_scheme(0);
	struct kit k;

	kit_setup(&k);
	s.quota.bytes = PAGE(60);
	s.quota.reset_ns = AGGR_NS;
	kit_set(&k, &s, &kit_any, 1);
	cr_expect_str_eq(kit_plan(&k, "0-50:0@1 | 0-50:0@1"), "0-50 1/0-10");
	kit_done(&k, 0, 1);
	cr_expect_str_eq(kit_plan(&k, "0-50:0@1"), "0-50");
	kit_done(&k, 0, 1);
	cr_expect_str_eq(kit_plan(&k, "0-50:0@1 | 0-50:0@1"), "0-50 1/0-10");
	kit_teardown(&k);
}

Test(scheme, a_quota_that_is_used_up_keeps_its_place)
{
	struct damos s = kit_scheme("collapse");
	const struct damos_kind hot = {DAMOS_HEAT_HOT, false, 0, 0};
	struct kit k;

	kit_setup(&k);
	s.quota.bytes = PAGE(60);
	s.quota.reset_ns = 2 * AGGR_NS;
	kit_set(&k, &s, &hot, 1);
	cr_expect_str_eq(kit_plan(&k, "0-100:10@1"), "0-60");
	kit_done(&k, 0, 1);
	cr_expect_str_eq(kit_plan(&k, "0-100:10@1 100-200:20@1"), "", "the better one is too late");
	cr_expect_str_eq(kit_plan(&k, "0-100:10@1"), "60-100 0-20");
	kit_teardown(&k);
}

Test(scheme, a_quota_splits_at_the_grain)
{
	const struct damos_kind huge = {DAMOS_HEAT_HOT, true, PAGE(512), 0};
	struct damos s = kit_scheme("collapse");
	struct kit k;

	kit_setup(&k);
	s.quota.bytes = PAGE(1500);
	kit_set(&k, &s, &huge, 1);
	cr_expect_str_eq(kit_plan(&k, "100-4000:20@9"), "100-1536");
	kit_teardown(&k);
	kit_setup(&k);
	s.quota.bytes = PAGE(400);
	kit_set(&k, &s, &huge, 1);
	cr_expect_str_eq(kit_plan(&k, "512-4000:20@9"), "");
	cr_expect_str_eq(kit_stats(&k, 0).state_reason,
			 "a quota of 1.56 MiB is less than the 2.00 MiB that it works on at once");
	kit_teardown(&k);
}

Test(scheme, the_best_come_first)
{
	static const struct {
		const char *name;
		enum damos_heat heat;
		uint32_t size, accesses, age;
		const char *in, *out;
	} rows[] = {
		{"cold wants the least accessed", DAMOS_HEAT_COLD, 0, 0, 0,
		 "0-10:10@20 10-20:0@20 20-30:5@20", "10-20 20-30 0-10"},
		{"and of these the oldest", DAMOS_HEAT_COLD, 0, 0, 0,
		 "0-10:0@20 10-20:0@900 20-30:0@90", "10-20 20-30 0-10"},
		{"hot wants the most accessed", DAMOS_HEAT_HOT, 0, 0, 0,
		 "0-10:10@20 10-20:0@20 20-30:20@20", "20-30 0-10 10-20"},
		{"by age alone, what is accessed longest", DAMOS_HEAT_HOT, 0, 0, 1000,
		 "0-10:20@20 10-20:1@900 20-30:0@900", "10-20 0-10 20-30"},
		{"by size alone", DAMOS_HEAT_COLD, 1000, 0, 0, "0-10:0@9 10-90:0@9 90-94:0@9",
		 "10-90 0-10 90-94"},
		{"stat finds all alike", DAMOS_HEAT_ANY, 0, 0, 0, "0-10:0@9 10-20:9@9 20-30:3@1",
		 "0-10 10-20 20-30"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damos_kind kind = {rows[i].heat, true, 0, 0};
		struct damos s = kit_scheme("any");
		struct kit k;

		kit_setup(&k);
		s.quota.weight_size = rows[i].size;
		s.quota.weight_accesses = rows[i].accesses;
		s.quota.weight_age = rows[i].age;
		kit_set(&k, &s, &kind, 1);
		cr_expect_str_eq(kit_plan(&k, rows[i].in), rows[i].out, "%s: %s", rows[i].name,
				 k.text);
		kit_teardown(&k);
	}
}

Test(scheme, a_quota_takes_the_best)
{
	struct damos s = cold_scheme(0);
	struct kit k;

	kit_setup(&k);
	s.access_max = 1;
	s.quota.bytes = PAGE(15);
	kit_set(&k, &s, &kit_cold, 1);
	cr_expect_str_eq(kit_plan(&k, "0-10:10@20 10-20:0@20 20-30:5@20"), "10-20 20-25");
	kit_teardown(&k);
}

Test(scheme, results_are_counted)
{
	struct damos s = cold_scheme(0);
	struct damos_result r = {.id = 1,
				 .tried = PAGE(90),
				 .applied = PAGE(50),
				 .filter_passed = PAGE(80),
				 .skipped = PAGE(25),
				 .failed = PAGE(5),
				 .dropped = PAGE(10),
				 .busy_ns = 777,
				 .err = 12,
				 .reason = "no memory",
				 .verified = 1};
	struct damos_stats st;
	struct kit k;

	kit_setup(&k);
	s.quota.bytes = PAGE(1000);
	kit_set(&k, &s, &kit_cold, 1);
	kit_plan(&k, "0-100:0@9 200-300:0@9");
	damon_schemes_charge(k.e, &r);
	r = (struct damos_result){.id = 2, .dropped = PAGE(100)};
	damon_schemes_charge(k.e, &r);
	st = kit_stats(&k, 0);
	cr_expect_eq(st.nr_tried, 1);
	cr_expect_eq(st.nr_applied, 1);
	cr_expect_eq(st.sz_tried, PAGE(90));
	cr_expect_eq(st.sz_applied, PAGE(50));
	cr_expect_eq(st.sz_filter_passed, PAGE(80));
	cr_expect_eq(st.sz_skipped, PAGE(25));
	cr_expect_eq(st.sz_failed, PAGE(5));
	cr_expect_eq(st.sz_dropped, PAGE(110));
	cr_expect_eq(st.busy_ns, 777);
	cr_expect_eq(st.verified, 1);
	cr_expect_str_eq(st.reason, "no memory");
	cr_expect_eq(st.quota_used, PAGE(90), "what was dropped is given back");
	cr_expect_eq(st.sz_now, PAGE(200));
	kit_teardown(&k);
}

Test(scheme, late_drops_belong_to_the_old_interval)
{
	struct damos s = cold_scheme(0);
	struct kit k;

	kit_setup(&k);
	s.quota.bytes = PAGE(60);
	s.quota.reset_ns = AGGR_NS;
	kit_set(&k, &s, &kit_any, 1);
	kit_plan(&k, "0-100:0@9");
	kit_plan(&k, "0-100:0@9");
	cr_expect_eq(kit_stats(&k, 0).quota_used, PAGE(40), "60-100: 0-60 is pending");
	damon_schemes_charge(k.e, &(struct damos_result){.id = 1, .dropped = PAGE(60)});
	cr_expect_eq(kit_stats(&k, 0).quota_used, PAGE(40));
	damon_schemes_charge(k.e, &(struct damos_result){.id = 2, .dropped = PAGE(40)});
	cr_expect_eq(kit_stats(&k, 0).quota_used, 0);
	kit_teardown(&k);
}

Test(scheme, those_that_stay_keep_their_state)
{
	struct damos s[3] = {cold_scheme(0), cold_scheme(5), kit_scheme("cold")};
	const struct damos_kind kinds[3] = {kit_cold, kit_cold, kit_cold};
	const struct damos_kind changed = {DAMOS_HEAT_COLD, true, PAGE(512), 0};
	const struct damos *first;
	struct kit k;

	kit_setup(&k);
	s[1].nr_filters = 1;
	s[1].filters[0] = (struct damos_filter){.type = DAMOS_FILTER_MEMCG, .memcg = "/a"};
	kit_set(&k, s, kinds, 2);
	first = damon_schemes_at(k.e, 0);
	kit_plan(&k, "0-100:0@9");
	kit_set(&k, (struct damos[]){s[1], s[0], s[2]}, kinds, 3);
	cr_expect_eq(damon_schemes_count(k.e), 3);
	cr_expect_eq(damon_schemes_at(k.e, 1), first);
	cr_expect_eq(kit_stats(&k, 1).nr_snapshots, 1);
	damon_schemes_charge(k.e, &(struct damos_result){.id = 1, .tried = PAGE(100)});
	cr_expect_eq(kit_stats(&k, 1).sz_tried, PAGE(100));
	kit_set(&k, &s[0], &changed, 1);
	cr_expect_eq(kit_stats(&k, 0).nr_snapshots, 0, "its action means another thing now");
	s[1].filters[0].memcg = "/b";
	kit_set(&k, s, kinds, 2);
	kit_set(&k, (struct damos[]){s[1], s[1]}, kinds, 2);
	cr_expect_neq(damon_schemes_at(k.e, 0), damon_schemes_at(k.e, 1));
	kit_set(&k, NULL, NULL, 0);
	cr_expect_eq(damon_schemes_count(k.e), 0);
	kit_teardown(&k);
}

Test(scheme, results_of_schemes_that_went_are_ignored)
{
	struct damos s[] = {cold_scheme(0), cold_scheme(1)};
	struct kit k;

	kit_setup(&k);
	kit_set(&k, s, &kit_cold, 1);
	kit_plan(&k, "0-100:0@9");
	kit_set(&k, s + 1, &kit_cold, 1);
	damon_schemes_charge(k.e, &(struct damos_result){.id = 1, .tried = PAGE(100)});
	cr_expect_eq(kit_stats(&k, 0).sz_tried, 0);
	kit_teardown(&k);
}

Test(scheme, why_a_scheme_is_off)
{
	struct damos s = cold_scheme(0);
	struct damos_stats st;
	uint64_t next;
	struct kit k;

	kit_setup(&k);
	s.watermarks =
		(struct damos_watermarks){DAMOS_WMARK_FREE_MEM_RATE, NS_PER_SEC, 500, 400, 200};
	s.max_nr_snapshots = 2;
	kit_set(&k, &s, &kit_any, 1);
	k.w.free_mem_permil = 600;
	cr_expect_not(damon_schemes_watch(k.e, &k.w, &next));
	cr_expect_eq(next, k.w.now_ns + NS_PER_SEC);
	cr_expect_str_eq(kit_plan(&k, "0-100:0@9"), "");
	st = kit_stats(&k, 0);
	cr_expect_eq(st.state, DAMOS_WMARK_OFF);
	cr_expect_str_eq(st.state_reason, "free memory is 60.0 %, above 50.0 %");
	cr_expect_eq(st.sz_now, PAGE(100), "counted all the same");
	cr_expect_eq(st.nr_snapshots, 0);
	k.w.free_mem_permil = 300;
	k.w.now_ns += NS_PER_SEC;
	cr_expect(damon_schemes_watch(k.e, &k.w, &next));
	cr_expect_str_eq(kit_plan(&k, "0-100:0@9"), "0-100");
	kit_done(&k, 0, 1);
	damon_schemes_switch(k.e, 0, false);
	cr_expect_str_eq(kit_plan(&k, "0-100:0@9"), "");
	cr_expect_eq(kit_stats(&k, 0).state, DAMOS_SWITCHED_OFF);
	damon_schemes_switch(k.e, 0, true);
	cr_expect_eq(kit_stats(&k, 0).state, DAMOS_ON);
	cr_expect_str_eq(kit_stats(&k, 0).state_reason, "");
	cr_expect_str_eq(kit_plan(&k, "0-100:0@9"), "0-100");
	kit_done(&k, 0, 1);
	cr_expect_str_eq(kit_plan(&k, "0-100:0@9"), "");
	cr_expect_eq(kit_stats(&k, 0).state, DAMOS_ENDED);
	cr_expect(damon_schemes_watch(k.e, &k.w, &next), "monitoring goes on");
	kit_set(&k, NULL, NULL, 0);
	cr_expect(damon_schemes_watch(k.e, &k.w, &next), "and without schemes");
	cr_expect_eq(next, UINT64_MAX);
	kit_teardown(&k);
}

Test(scheme, the_guard_slows_and_pauses)
{
	struct damos s = cold_scheme(0);
	struct kit k;

	kit_setup(&k);
	kit_set(&k, &s, &kit_cold, 1);
	cr_expect_str_eq(kit_plan(&k, "0-20480:0@9"), "0-20480");
	kit_done(&k, 0, 1); /* 80 MiB: 4 MiB a second of the last 20 */
	damon_schemes_refault(k.e, 0, PAGE(100), PAGE(50), k.w.now_ns);
	cr_expect_eq(kit_stats(&k, 0).state, DAMOS_SLOWED);
	cr_expect_eq(kit_stats(&k, 0).quota_bytes, PAGE(512));
	cr_expect_float_eq(kit_stats(&k, 0).refault_bp, 5000, 1e-9);
	k.w.now_ns += NS_PER_SEC;
	cr_expect_str_eq(kit_plan(&k, "0-20480:0@9"), "0-512");
	kit_done(&k, 0, 1);
	for (int i = 0; i < 2; i++) {
		k.w.now_ns += 10 * NS_PER_SEC;
		damon_schemes_refault(k.e, 0, PAGE(100), PAGE(50), k.w.now_ns);
	}
	cr_expect_eq(kit_stats(&k, 0).state, DAMOS_PAUSED);
	cr_expect_str_eq(kit_stats(&k, 0).state_reason,
			 "50 % of what was paged out came back soon; goes on in 60.0 s");
	cr_expect_str_eq(kit_plan(&k, "0-20480:0@9"), "");
	k.w.now_ns += 60 * NS_PER_SEC;
	cr_expect_str_eq(kit_plan(&k, "0-20480:0@9"), "512-768", "slowly");
	cr_expect_eq(kit_stats(&k, 0).state, DAMOS_SLOWED);
	kit_teardown(&k);
}

Test(scheme, ages_are_lowered)
{
	struct damos s = cold_scheme(5);
	struct kit k;

	kit_setup(&k);
	kit_set(&k, &s, &kit_cold, 1);
	kit_plan(&k, "0-100:0@9 200-300:0@9 | 0-100:0@9");
	kit_done(&k, 0, 1);
	kit_plan(&k, "0-150:0@4 150-210:0@3 210-260:0@1 260-400:0@4 | 0-100:0@4 | 0-9:0@4");
	damon_schemes_age(k.e, &k.s);
	cr_expect_eq(k.regions[0].age_aggrs, 1, "most of it");
	cr_expect_eq(k.regions[1].age_aggrs, 3, "a small part");
	cr_expect_eq(k.regions[2].age_aggrs, 1, "all of it");
	cr_expect_eq(k.regions[3].age_aggrs, 4, "less than half");
	cr_expect_eq(k.regions[4].age_aggrs, 1, "of the other target");
	cr_expect_eq(k.regions[5].age_aggrs, 4);
	damon_schemes_forget(k.e, 1);
	k.regions[4].age_aggrs = 4;
	damon_schemes_age(k.e, &k.s);
	cr_expect_eq(k.regions[4].age_aggrs, 4);
	kit_teardown(&k);
}

Test(scheme, another_space_was_not_acted_upon)
{
	struct damos s = cold_scheme(5);
	struct kit k;

	kit_setup(&k);
	kit_set(&k, &s, &kit_cold, 1);
	kit_plan(&k, "0-100:0@9");
	kit_done(&k, 0, 1);
	cr_expect_str_eq(kit_plan(&k, "0-100:0@9"), "");
	kit_snapshot(&k, "0-100:0@9");
	k.targets[0].space_id = 7;
	cr_assert_eq(damon_schemes_plan(k.e, &k.s, &kit_view, &k.w), 0);
	cr_expect_str_eq(kit_steps(&k, 0), "0-100");
	kit_teardown(&k);
}

Test(scheme, tried_regions_are_of_the_last_plan_that_had_any)
{
	struct damos s = cold_scheme(3);
	const struct damos_step *tried;
	struct kit k;
	size_t n;

	kit_setup(&k);
	kit_set(&k, &s, &kit_cold, 1);
	kit_plan(&k, "0-100:0@9 200-210:0@5");
	kit_done(&k, 0, 1);
	kit_plan(&k, "0-100:0@9");
	tried = damon_schemes_tried(k.e, 0, &n);
	cr_expect_str_eq(kit_write(&k, tried, n, 0), "0-100 200-210");
	cr_expect_eq(tried[1].age_aggrs, 5);
	kit_teardown(&k);
}

Test(scheme, steps_of_a_plan_are_bounded)
{
	struct damos s = cold_scheme(0);
	struct kit k;

	kit_setup(&k);
	kit_set(&k, &s, &kit_any, 1);
	k.e->max_steps = 2;
	cr_expect_str_eq(kit_plan(&k, "0-1:0@1 2-3:0@1 4-5:0@1"), "0-1 2-3");
	kit_done(&k, 0, 1);
	cr_expect_str_eq(kit_plan(&k, "0-1:0@1 2-3:0@1 4-5:0@1"), "4-5 0-1", "and goes on");
	cr_expect_eq(kit_stats(&k, 0).qt_exceeds, 0);
	kit_teardown(&k);
}
