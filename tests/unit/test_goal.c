/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <math.h>

#include "base/util.h"
#include "core/schemes/goal.h"

#define PAGE 4096

static struct damos_quota quota(enum damos_goal_metric metric, uint64_t target)
{
	return (struct damos_quota){
		.reset_ns = NS_PER_SEC, .nr_goals = 1, .goals[0] = {metric, target, 0, 1, "/a"}};
}

Test(goal, scores)
{
	static const double used[] = {100, 2500}, freed[] = {9900, 7500};
	static const struct damos_world_memcg memcgs[] = {
		{"/a", 0, 1}, {"/b", 1, 2}, {"/a", 1, 4000}};
	static const struct damos_world known = {.target_rss = 2000,
						 .active_bp = 8000,
						 .memcgs = memcgs,
						 .nr_memcgs = 3,
						 .refault_bp = 50,
						 .node_used_bp = used,
						 .node_free_bp = freed,
						 .nr_nodes = 2};
	static const struct {
		const char *name;
		enum damos_goal_metric metric;
		uint64_t target;
		double own_bp, want;
	} rows[] = {
		{"used", DAMOS_GOAL_NODE_MEM_USED_BP, 5000, NAN, .5},
		{"free", DAMOS_GOAL_NODE_MEM_FREE_BP, 5000, NAN, 1.5},
		{"rss is to fall", DAMOS_GOAL_TARGET_RSS, 1000, NAN, .5},
		{"rss has fallen", DAMOS_GOAL_TARGET_RSS, 4000, NAN, 2},
		{"used by a cgroup", DAMOS_GOAL_NODE_MEMCG_USED_BP, 5000, NAN, .8},
		{"not used by it", DAMOS_GOAL_NODE_MEMCG_FREE_BP, 5000, NAN, 1.2},
		{"active", DAMOS_GOAL_ACTIVE_MEM_BP, 5000, NAN, 1.6},
		{"inactive", DAMOS_GOAL_INACTIVE_MEM_BP, 5000, NAN, .4},
		{"refault of all", DAMOS_GOAL_REFAULT_BP, 100, NAN, .5},
		{"refault of its own", DAMOS_GOAL_REFAULT_BP, 100, 200, 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos_quota q = quota(rows[i].metric, rows[i].target);
		struct damos_tuning t;

		damos_tuning_init(&t, &q);
		cr_expect_float_eq(damos_tuning_score(&t, &q, &known, rows[i].own_bp), rows[i].want,
				   1e-9, "%s", rows[i].name);
	}
}

Test(goal, what_cannot_be_measured_changes_nothing)
{
	static const struct damos_world unknown = {
		.target_rss = NAN, .refault_bp = NAN, .psi_some_us = NAN, .active_bp = NAN};

	for (int m = DAMOS_GOAL_SOME_MEM_PSI_US; m < DAMOS_NR_GOAL_METRICS; m++) {
		struct damos_quota q = quota(m, 100);
		struct damos_tuning t;
		double score;

		damos_tuning_init(&t, &q);
		t.bytes = 12345;
		score = damos_tuning_score(&t, &q, &unknown, NAN);
		cr_expect(isnan(score), "%d", m);
		damos_tuning_step(&t, &q, score, 1, PAGE);
		cr_expect_eq(t.bytes, 12345);
	}
}

Test(goal, the_highest_score_counts)
{
	struct damos_quota q = {.reset_ns = NS_PER_SEC,
				.nr_goals = 3,
				.goals = {{DAMOS_GOAL_USER_INPUT, 100, 50, 0},
					  {DAMOS_GOAL_USER_INPUT, 100, 80, 0},
					  {DAMOS_GOAL_TARGET_RSS, 100, 0, 0}}};
	const struct damos_world w = {.target_rss = NAN};
	struct damos_tuning t;

	damos_tuning_init(&t, &q);
	cr_expect_float_eq(damos_tuning_score(&t, &q, &w, NAN), .8, 1e-9);
	damos_tuning_feedback(&t, 0, 120);
	cr_expect_float_eq(damos_tuning_score(&t, &q, &w, NAN), 1.2, 1e-9);
}

Test(goal, psi_is_per_reset_interval)
{
	struct damos_quota q = quota(DAMOS_GOAL_SOME_MEM_PSI_US, 1000);
	struct damos_world w = {.now_ns = 5 * NS_PER_SEC, .psi_some_us = 123456};
	struct damos_tuning t;
	double score;

	damos_tuning_init(&t, &q);
	cr_expect(isnan(damos_tuning_score(&t, &q, &w, NAN)), "all since boot is no delta");
	w.now_ns += NS_PER_SEC;
	w.psi_some_us += 500;
	score = damos_tuning_score(&t, &q, &w, NAN);
	cr_expect_float_eq(score, .5, 1e-9);
	w.now_ns += 4 * NS_PER_SEC;
	w.psi_some_us += 4000;
	score = damos_tuning_score(&t, &q, &w, NAN);
	cr_expect_float_eq(score, 1, 1e-9, "a late look");
	cr_expect_float_eq(t.current[0], 1000, 1e-9);
	w.psi_some_us = 3;
	cr_expect(isnan(damos_tuning_score(&t, &q, &w, NAN)), "the counter went back");
}

Test(goal, one_step)
{
	static const struct {
		const char *name;
		enum damos_tuner tuner;
		uint64_t limit;
		double bytes, score;
		uint64_t used;
		double want;
	} rows[] = {
		{"grows", DAMOS_TUNER_CONSIST, 0, 1000000, .75, 1000000, 1250000},
		{"doubles at most", DAMOS_TUNER_CONSIST, 0, 1000000, 0, 1000000, 2000000},
		{"shrinks", DAMOS_TUNER_CONSIST, 0, 1000000, 1.25, 1000000, 750000},
		{"is kept", DAMOS_TUNER_CONSIST, 0, 1000000, 1, 1000000, 1000000},
		{"to the floor", DAMOS_TUNER_CONSIST, 0, 1000000, 2, 1000000, PAGE},
		{"not below", DAMOS_TUNER_CONSIST, 0, PAGE, 9, 0, PAGE},
		{"begins there", DAMOS_TUNER_CONSIST, 0, 0, .5, 0, PAGE},
		{"not used: does not grow", DAMOS_TUNER_CONSIST, 0, 1000000, 0, 400000, 1000000},
		{"not used: shrinks", DAMOS_TUNER_CONSIST, 0, 1000000, 1.5, 0, 500000},
		{"not above the quota", DAMOS_TUNER_CONSIST, 1500000, 1000000, 0, 1000000, 1500000},
		{"all that is allowed", DAMOS_TUNER_TEMPORAL, 1500000, 0, .99, 0, 1500000},
		{"all there is", DAMOS_TUNER_TEMPORAL, 0, 0, .99, 0, INFINITY},
		{"then nothing", DAMOS_TUNER_TEMPORAL, 1500000, 1500000, 1, 1500000, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos_quota q = quota(DAMOS_GOAL_USER_INPUT, 1);
		struct damos_tuning t;

		q.tuner = rows[i].tuner;
		q.bytes = rows[i].limit;
		damos_tuning_init(&t, &q);
		t.bytes = rows[i].bytes;
		damos_tuning_step(&t, &q, rows[i].score, rows[i].used, PAGE);
		cr_expect_eq(t.bytes, rows[i].want, "%s: %g", rows[i].name, t.bytes);
	}
}

Test(goal, none_are_no_limit)
{
	struct damos_quota q = {.reset_ns = NS_PER_SEC};
	struct damos_tuning t;

	damos_tuning_init(&t, &q);
	damos_tuning_step(&t, &q, damos_tuning_score(&t, &q, &(struct damos_world){0}, NAN), 0,
			  PAGE);
	cr_expect(isinf(t.bytes));
}

/* A program whose pages come back at 10 MiB a second; its memory is to be 256 MiB of 1 GiB. */
static double run(struct damos_tuning *t, const struct damos_quota *q, double rss, int intervals)
{
	for (int i = 0; i < intervals; i++) {
		double taken = MIN(t->bytes, rss);
		struct damos_world w = {0};

		rss = w.target_rss = MIN(rss - taken + 10 * 0x1p20, 0x1p30);
		damos_tuning_step(t, q, damos_tuning_score(t, q, &w, NAN), (uint64_t)taken, PAGE);
	}
	return rss;
}

Test(goal, consist_finds_what_keeps_the_goal)
{
	struct damos_quota q = quota(DAMOS_GOAL_TARGET_RSS, 256 << 20);
	struct damos_tuning t;
	double rss;

	damos_tuning_init(&t, &q);
	rss = run(&t, &q, 0x1p30, 300);
	for (int i = 0; i < 100; i++) {
		rss = run(&t, &q, rss, 1);
		cr_expect(rss > .8 * 256 * 0x1p20 && rss < 1.25 * 256 * 0x1p20, "%g MiB",
			  rss / 0x1p20);
	}
}

Test(goal, consist_recovers_from_the_floor)
{
	struct damos_quota q = quota(DAMOS_GOAL_TARGET_RSS, 256 << 20);
	struct damos_tuning t;

	damos_tuning_init(&t, &q);
	run(&t, &q, 0x1p20, 5);
	cr_expect_eq(t.bytes, PAGE);
	run(&t, &q, 0x1p30, 15);
	cr_expect_gt(t.bytes, 0x1p20, "%g", t.bytes);
}

Test(goal, temporal_switches)
{
	struct damos_quota q = quota(DAMOS_GOAL_TARGET_RSS, 256 << 20);
	struct damos_tuning t;
	double rss;

	q.tuner = DAMOS_TUNER_TEMPORAL;
	q.bytes = 100 << 20;
	damos_tuning_init(&t, &q);
	rss = run(&t, &q, 0x1p30, 20);
	for (int i = 0; i < 30; i++) {
		rss = run(&t, &q, rss, 1);
		cr_expect(rss > 150 * 0x1p20 && rss < 270 * 0x1p20, "%g MiB", rss / 0x1p20);
		cr_expect(t.bytes == 0 || t.bytes == 100 * 0x1p20);
	}
}
