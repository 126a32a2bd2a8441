/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Schemes of a context, end to end in a made-up world. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kit/schemes_stage.h"

Test(schemes, idle_memory_is_paged_out_and_nothing_else)
{
	struct damos s = stage_pageout();
	struct damos_stats st;
	struct damos_tried t = {.size = sizeof(t)};
	struct stage w;

	stage_init(&w);
	stage_open(&w, &s, 1);
	stage_run(&w, 400 * MS);
	cr_expect_eq(w.nr_advice, 0, "it is not old enough");
	stage_run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(stage_nr_swapped(&w), ARRAY_SIZE(w.swapped));
	for (size_t i = 0; i < w.nr_advice; i++) {
		cr_expect_eq(w.advice[i].advice, MADV_PAGEOUT);
		cr_expect(w.advice[i].start >= IDLE && w.advice[i].end <= IDLE_END, "%llx",
			  (unsigned long long)w.advice[i].start);
		cr_expect_eq(w.advice[i].pid_fd, STAGE_PIDFD);
	}
	cr_expect_lt(w.idle_age, 20, "what was acted upon is young: %u", w.idle_age);
	cr_expect_geq(w.idle_idle, 20, "and as idle as it is: %u", w.idle_idle);
	st = stage_stats(&w, 0);
	cr_expect_eq(st.sz_applied, IDLE_END - IDLE);
	cr_expect_geq(st.sz_tried, st.sz_applied);
	cr_expect_eq(st.verified, 1);
	cr_expect_eq(st.state, DAMOS_ON);
	cr_expect_str_eq(st.action, "pageout");
	cr_expect_eq(damon_scheme_tried(w.ctx, 0, 0, &t), 0);
	cr_expect(t.start >= IDLE && t.end <= IDLE_END && t.target_id == 0);
	cr_expect_geq(t.age_ns, 500 * MS);
	cr_expect_eq(damon_scheme_tried(w.ctx, 0, 100000, &t), -ENOENT);
	cr_expect_eq(w.pidfds, 1);
	cr_assert_eq(damon_close(w.ctx), 0);
	cr_expect_eq(stage_stats(&w, 0).sz_applied, IDLE_END - IDLE,
		     "it can be read after the end");
	stage_free(&w);
}

Test(schemes, a_hit_stops_what_was_thought_cold)
{
	struct damos s = stage_pageout();
	struct stage w;
	size_t done;

	stage_init(&w);
	w.advise_ns = MS; /* slices are small */
	stage_open(&w, &s, 1);
	stage_run_to_plan(&w);
	for (int i = 0; i < 5; i++)
		cr_assert(applier_step(w.ctx->schemes->applier));
	done = w.nr_advice;
	cr_expect_gt(done, 0);
	for (uint64_t a = IDLE; a < IDLE_END; a += MIB) /* every region of it */
		stage_hit(&w, a);
	cr_assert_eq(damon_dispatch(w.ctx, 0), 1);
	stage_work(&w);
	cr_expect_eq(w.nr_advice, done, "nothing after the hit");
	stage_run(&w, 200 * MS); /* it is charged, and not planned at once again */
	cr_expect_eq(w.nr_advice, done);
	cr_expect_gt(stage_stats(&w, 0).sz_dropped, 0);
	w.advise_ns = 10 * NS_PER_US;
	stage_run(&w, 3 * NS_PER_SEC);
	cr_expect_eq(stage_nr_swapped(&w), ARRAY_SIZE(w.swapped), "idle again");
	stage_free(&w);
}

Test(schemes, a_hit_elsewhere_stops_nothing)
{
	struct damos s = stage_pageout();
	struct stage w;

	stage_init(&w);
	stage_open(&w, &s, 1);
	stage_run_to_plan(&w);
	stage_hit(&w, 0x10000000);
	stage_hit(&w, IDLE_END);
	cr_assert_eq(damon_dispatch(w.ctx, 0), 1);
	stage_work(&w);
	stage_run(&w, 100 * MS);
	cr_expect_eq(stage_nr_swapped(&w), ARRAY_SIZE(w.swapped));
	cr_expect_eq(stage_stats(&w, 0).sz_dropped, 0);
	stage_free(&w);
}

Test(schemes, quotas_hold)
{
	struct damos s = stage_pageout();
	struct stage w;

	stage_init(&w);
	s.quota.bytes = 4 * MIB;
	stage_open(&w, &s, 1);
	stage_run(&w, 700 * MS);
	for (int second = 0; second < 5; second++) {
		size_t from = w.nr_advice;
		uint64_t bytes;

		stage_run(&w, NS_PER_SEC);
		bytes = stage_advised_since(&w, from);
		cr_expect_geq(bytes, 4 * MIB, "in second %d: %llu", second,
			      (unsigned long long)bytes);
		cr_expect_leq(bytes, 8 * MIB, "a second holds parts of two intervals");
	}
	cr_expect_leq(stage_advised_since(&w, 0), 7 * 4 * MIB);
	cr_expect_geq(stage_stats(&w, 0).qt_exceeds, 4);
	cr_expect_eq(stage_stats(&w, 0).quota_bytes, 4 * MIB);
	stage_free(&w);
}

Test(schemes, time_is_not_spent_twice_by_a_job_that_takes_long)
{
	struct damos s = stage_pageout();
	uint64_t begin_ns, busy_ns;
	struct stage w;

	stage_init(&w);
	w.advise_ns = 4 * MS; /* of any size: 0.2 MiB at first, less and less then */
	s.quota.time_ns = 100 * MS;
	stage_open(&w, &s, 1);
	stage_run_to_plan(&w);
	begin_ns = w.fake.clock_ns;
	while (w.fake.clock_ns < begin_ns + 10 * NS_PER_SEC) {
		/* the clock goes on by what the worker does */
		if (!applier_step(w.ctx->schemes->applier))
			w.fake.clock_ns += 10 * MS;
		cr_assert_eq(damon_dispatch(w.ctx, 0), 1);
	}
	busy_ns = w.nr_advice * w.advise_ns;
	cr_expect_leq(busy_ns, 11 * 110 * MS, "%llu ms in 10 s",
		      (unsigned long long)(busy_ns / MS));
	cr_expect_geq(busy_ns, 800 * MS, "%llu ms in 10 s", (unsigned long long)(busy_ns / MS));
	stage_free(&w);
}

Test(schemes, nothing_is_sampled_while_all_are_off)
{
	struct damos s = stage_pageout();
	struct damon_stats total = {.size = sizeof(total)};
	uint32_t age;
	struct stage w;
	int before;

	stage_init(&w);
	s.age_ns.min = 3600 * NS_PER_SEC; /* it never acts */
	s.watermarks =
		(struct damos_watermarks){DAMOS_WMARK_FREE_MEM_RATE, NS_PER_SEC, 500, 400, 200};
	stage_open(&w, &s, 1);
	stage_run(&w, 1500 * MS); /* 30 % are free */
	cr_expect_eq(stage_stats(&w, 0).state, DAMOS_ON);
	age = w.idle_idle;
	cr_expect_geq(age, 13);
	snprintf(w.meminfo, sizeof(w.meminfo), "MemTotal: 1000 kB\nMemFree: 600 kB\n");
	stage_run(&w, 1100 * MS);
	cr_expect_eq(stage_stats(&w, 0).state, DAMOS_WMARK_OFF);
	before = w.nr_snapshots;
	age = w.idle_idle;
	stage_run(&w, 60 * NS_PER_SEC);
	cr_expect_eq(w.nr_snapshots, before, "no snapshot");
	snprintf(w.meminfo, sizeof(w.meminfo), "MemTotal: 1000 kB\nMemFree: 450 kB\n");
	stage_run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(w.nr_snapshots, before, "as it was, between high and mid");
	snprintf(w.meminfo, sizeof(w.meminfo), "MemTotal: 1000 kB\nMemFree: 300 kB\n");
	stage_run(&w, 2 * NS_PER_SEC);
	cr_expect_gt(w.nr_snapshots, before);
	cr_expect_leq(w.nr_snapshots, before + 20);
	cr_expect_eq(stage_stats(&w, 0).state, DAMOS_ON);
	cr_expect_leq(w.idle_idle, age + 20, "the pause is no idleness: %u, %u", age, w.idle_idle);
	cr_expect_leq(w.last_end_ns - w.last_start_ns, 100 * MS);
	damon_ctx_stats(w.ctx, &total);
	cr_expect(total.paused_ns >= 62 * NS_PER_SEC && total.paused_ns <= 65 * NS_PER_SEC, "%llu",
		  (unsigned long long)total.paused_ns);
	stage_free(&w);
}

Test(schemes, what_was_seen_before_a_pause_is_shown)
{
	struct damos s = stage_pageout();
	struct stage w;

	stage_init(&w);
	s.age_ns.min = 3600 * NS_PER_SEC;
	s.watermarks =
		(struct damos_watermarks){DAMOS_WMARK_FREE_MEM_RATE, 1030 * MS, 500, 400, 200};
	stage_open(&w, &s, 1); /* 30 % are free */
	stage_run(&w, 500 * MS);
	snprintf(w.meminfo, sizeof(w.meminfo), "MemTotal: 1000 kB\nMemFree: 600 kB\n");
	stage_run(&w, 2000 * MS);
	cr_expect(w.ctx->schemes->paused);
	cr_expect_eq(w.last_end_ns, w.ctx->schemes->paused_from_ns);
	cr_expect_lt(w.last_end_ns - w.last_start_ns, 100 * MS, "it is a shorter interval");
	stage_free(&w);
}

Test(schemes, a_pause_lasts_to_the_end)
{
	struct damos s = stage_pageout();
	struct stage w;
	int before;

	stage_init(&w);
	s.watermarks =
		(struct damos_watermarks){DAMOS_WMARK_FREE_MEM_RATE, NS_PER_SEC, 200, 150, 50};
	stage_open(&w, &s, 1); /* 30 % are free */
	stage_run(&w, 5 * NS_PER_SEC);
	before = w.nr_snapshots;
	cr_expect_leq(before, 1);
	cr_assert_eq(damon_close(w.ctx), 0);
	cr_expect_eq(w.nr_snapshots, before);
	stage_free(&w);
}

/* On a slow machine intervals end before it is asked for the first time. */
Test(schemes, watermarks_are_looked_at_before_the_first_plan)
{
	struct damos s = stage_pageout();
	struct stage w;

	stage_init(&w);
	s.age_ns.min = 0;
	s.watermarks =
		(struct damos_watermarks){DAMOS_WMARK_FREE_MEM_RATE, NS_PER_SEC, 200, 150, 50};
	stage_open(&w, &s, 1); /* 30 % are free */
	w.fake.clock_ns += NS_PER_SEC;
	stage_run(&w, 5 * NS_PER_SEC);
	cr_expect_eq(stage_stats(&w, 0).sz_tried, 0);
	cr_expect_eq(stage_stats(&w, 0).state, DAMOS_WMARK_OFF);
	cr_expect_eq(w.nr_advice, 0);
	stage_free(&w);
}

Test(schemes, a_process_whose_mappings_are_closed_is_refused)
{
	struct damos s = stage_pageout();
	struct stage w;

	stage_init(&w);
	stage_set(&w, &s, 1);
	stage_add_file(&w, w.paths[0], "");
	w.files[w.nr_files - 1].err = EACCES;
	cr_expect_eq(damon_open(w.ctx), -EACCES);
	cr_expect(strstr(damon_error(w.ctx), "cannot read the mappings of process"), "%s",
		  damon_error(w.ctx));
	stage_free(&w);
}

Test(schemes, a_dry_run_plans_and_does_nothing)
{
	struct damos s = stage_pageout();
	struct stage w;

	stage_init(&w);
	stage_add_file(&w, "/proc/self/status", "x\nCapEff:\t0000000000000000\n");
	cr_assert_eq(damon_set_schemes(w.ctx, &s, 1), -EPERM, "rights are needed to act");
	cr_assert_eq(damon_set_dry_run(w.ctx, 1), 0);
	w.locked = true;
	stage_open(&w, &s, 1);
	stage_run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(w.nr_advice, 0);
	cr_expect_geq(stage_stats(&w, 0).sz_tried, IDLE_END - IDLE);
	cr_expect_eq(stage_stats(&w, 0).sz_applied, 0);
	cr_expect_eq(damon_set_dry_run(w.ctx, 0), -EBUSY);
	stage_free(&w);
}

Test(schemes, a_dry_run_plans_what_would_be_refused)
{
	static const struct {
		const char *name, *path, *text, *action;
		int err; /* where it is to act */
		const char *reason, *remedy;
	} rows[] = {
		{"no swap", "/proc/swaps", "Filename Type Size Used Priority\n", "pageout", -ENOSPC,
		 "there is no swap", "add swap with swapon"},
		{"no right", "/proc/self/status", "x\nCapEff:\t0000000000000000\n", "cold", -EPERM,
		 "needs the capability CAP_SYS_NICE", "setcap cap_sys_nice"},
		{"one node", "/sys/devices/system/node/has_memory", "0\n", "migrate_cold", -ENODEV,
		 "all memory is on one NUMA node", ""},
		{"an old kernel", "/proc/sys/kernel/osrelease", "5.9.0\n", "hugepage", -ENOSYS,
		 "needs Linux 6.1", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = stage_pageout();
		struct damos_stats st;
		struct stage w;

		stage_init(&w);
		s.action = rows[i].action;
		s.target_nid = 0;
		stage_add_file(&w, rows[i].path, rows[i].text);
		cr_expect_eq(damon_set_schemes(w.ctx, &s, 1), rows[i].err, "%s", rows[i].name);
		cr_expect(strstr(damon_error(w.ctx), rows[i].reason), "%s", damon_error(w.ctx));
		cr_assert_eq(damon_set_dry_run(w.ctx, 1), 0);
		stage_set(&w, &s, 1);
		cr_expect(strstr(stage_stats(&w, 0).state_reason, rows[i].reason),
			  "it is known from the start: %s", stage_stats(&w, 0).state_reason);
		cr_assert_eq(damon_open(w.ctx), 0, "%s: %s", rows[i].name, damon_error(w.ctx));
		stage_run(&w, 2 * NS_PER_SEC);
		st = stage_stats(&w, 0);
		cr_expect_geq(st.sz_tried, IDLE_END - IDLE, "%s", rows[i].name);
		cr_expect_eq(st.sz_applied + st.sz_failed, 0, "%s", rows[i].name);
		cr_expect_eq(w.nr_advice, 0, "%s", rows[i].name);
		cr_expect_eq(st.state, DAMOS_ON, "%s", rows[i].name);
		cr_expect(strstr(st.state_reason, "would be refused") &&
				  strstr(st.state_reason, rows[i].reason) &&
				  strstr(st.state_reason, rows[i].remedy),
			  "%s: %s", rows[i].name, st.state_reason);
		stage_free(&w);
	}
}

Test(schemes, a_dry_run_refuses_what_can_never_be)
{
	static const struct {
		const char *name, *action;
		int err;
	} rows[] = {
		{"no such action", "compress", -EINVAL},
		{"only for the process itself", "nohugepage", -ENOTSUP},
		{"nowhere to move it to", "migrate_cold", -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = stage_pageout();
		struct stage w;

		stage_init(&w);
		s.action = rows[i].action;
		stage_add_file(&w, "/sys/devices/system/node/has_memory", "0\n");
		cr_assert_eq(damon_set_dry_run(w.ctx, 1), 0);
		cr_expect_eq(damon_set_schemes(w.ctx, &s, 1), rows[i].err, "%s", rows[i].name);
		stage_free(&w);
	}
}

Test(schemes, other_schemes_are_set_while_it_runs)
{
	struct damos s[2] = {stage_pageout(), stage_pageout()}, bad;
	struct damos_stats before;
	struct stage w;
	size_t done;

	stage_init(&w);
	s[1].action = "cold";
	s[1].age_ns.min = 3600 * NS_PER_SEC;
	stage_open(&w, s, 1);
	stage_run_to_plan(&w);
	cr_assert(applier_step(w.ctx->schemes->applier));
	done = w.nr_advice;
	/* refused: nothing changes */
	bad = s[0];
	bad.action = "nohugepage";
	cr_expect_eq(damon_set_schemes(w.ctx, &bad, 1), -ENOTSUP);
	cr_expect(strstr(damon_error(w.ctx), "nohugepage"), "%s", damon_error(w.ctx));
	cr_expect_eq(damon_nr_schemes(w.ctx), 1);
	cr_expect_not(applier_idle(w.ctx->schemes->applier), "its jobs go on");
	w.locked = true; /* by ourselves: it is not locked again */
	/* the same one beside another keeps what it has done */
	cr_assert_eq(damon_set_schemes(w.ctx, s, 2), 0, "%s", damon_error(w.ctx));
	cr_expect(applier_idle(w.ctx->schemes->applier), "jobs are ended and waited for");
	cr_expect_eq(w.nr_advice, done);
	before = stage_stats(&w, 0);
	cr_expect_gt(before.sz_tried, 0);
	cr_expect_gt(before.sz_dropped, 0);
	cr_expect_eq(stage_stats(&w, 1).sz_tried, 0);
	stage_run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(stage_nr_swapped(&w), ARRAY_SIZE(w.swapped), "and it goes on");
	/* another one begins anew; the pointer that was given is not kept */
	s[0].age_ns.min = NS_PER_SEC;
	cr_assert_eq(damon_set_schemes(w.ctx, s, 1), 0);
	memset(s, 0xff, sizeof(s));
	cr_expect_eq(stage_stats(&w, 0).sz_tried, 0);
	stage_run(&w, NS_PER_SEC);
	cr_assert_eq(damon_set_schemes(w.ctx, NULL, 0), 0);
	cr_expect_eq(damon_nr_schemes(w.ctx), 0);
	cr_expect_eq(w.pidfds, 0, "nothing is held any more");
	stage_run(&w, NS_PER_SEC);
	stage_free(&w);
}

Test(schemes, none_at_first)
{
	struct damos s = stage_pageout();
	struct stage w;

	stage_init(&w);
	cr_assert_eq(damon_open(w.ctx), 0);
	while (w.nr_snapshots < 10)
		cr_assert_eq(damon_dispatch(w.ctx, 100), 1);
	w.locked = true;
	cr_expect_eq(damon_set_schemes(w.ctx, &s, 1), -EBUSY);
	cr_expect_eq(damon_nr_schemes(w.ctx), 0);
	w.locked = false;
	cr_assert_eq(damon_set_schemes(w.ctx, NULL, 0), 0);
	stage_set(&w, &s, 1);
	stage_run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(stage_nr_swapped(&w), ARRAY_SIZE(w.swapped));
	stage_free(&w);
}

/* ---- what goes with them ---- */

Test(schemes, pages_that_come_back_are_told)
{
	struct damos s = stage_pageout();
	struct damos_stats st;
	double worst_bp = -1;
	bool slowed = false;
	struct stage w;

	stage_init(&w);
	s.quota.bytes = 4 * MIB;
	stage_open(&w, &s, 1);
	stage_run(&w, 5 * NS_PER_SEC);
	cr_expect_lt(stage_stats(&w, 0).refault_bp, 0, "not known yet");
	memset(w.swapped, 0, sizeof(w.swapped)); /* all of it */
	for (int second = 0; second < 15; second++) {
		stage_run(&w, NS_PER_SEC);
		st = stage_stats(&w, 0);
		worst_bp = MAX(worst_bp, st.refault_bp);
		if (st.state == DAMOS_ON)
			continue;
		slowed = true;
		cr_expect(st.state == DAMOS_SLOWED || st.state == DAMOS_PAUSED, "%s",
			  damos_state_name(st.state));
		cr_expect_neq(st.state_reason[0], '\0');
	}
	cr_expect_gt(worst_bp, 5000, "%g", worst_bp);
	cr_expect(slowed);
	stage_free(&w);
}

Test(schemes, switches_and_feedback)
{
	struct damos s = stage_pageout();
	struct stage w;

	stage_init(&w);
	s.quota.bytes = 64 * MIB;
	s.quota.goals[0] = (struct damos_goal){DAMOS_GOAL_USER_INPUT, 100, 0, 0};
	s.quota.nr_goals = 1;
	stage_set(&w, &s, 1);
	cr_expect_eq(damon_scheme_switch(w.ctx, 1, 0), -EINVAL);
	cr_expect_eq(damon_scheme_feedback(w.ctx, 0, 1, 5), -EINVAL);
	cr_expect_eq(damon_scheme_feedback(w.ctx, 1, 0, 5), -EINVAL);
	cr_expect_eq(damon_scheme_switch(w.ctx, 0, 0), 0, "before it is opened");
	cr_expect_eq(damon_scheme_feedback(w.ctx, 0, 0, 5), 0);
	cr_assert_eq(damon_open(w.ctx), 0);
	stage_run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(w.nr_advice, 0);
	cr_expect_eq(stage_stats(&w, 0).state, DAMOS_SWITCHED_OFF);
	cr_expect_gt(w.nr_snapshots, 15, "what is monitored is still shown");
	cr_expect_eq(damon_scheme_switch(w.ctx, 0, 1), 0);
	stage_run(&w, 3 * NS_PER_SEC);
	cr_expect_gt(w.nr_advice, 0);
	cr_expect_eq(stage_stats(&w, 0).goal_current[0], 5);
	stage_free(&w);
}

Test(schemes, goals_are_measured)
{
	static const struct {
		const char *name;
		struct damos_goal goal;
		uint64_t current;
	} rows[] = {
		{"RSS", {DAMOS_GOAL_TARGET_RSS, 100, 0, 0}, 500 * 4096},
		{"used of a node", {DAMOS_GOAL_NODE_MEM_USED_BP, 100, 0, 1}, 7500},
		{"free of a node", {DAMOS_GOAL_NODE_MEM_FREE_BP, 100, 0, 1}, 2500},
		{"of a cgroup", {DAMOS_GOAL_NODE_MEMCG_USED_BP, 100, 0, 1, "/app"}, 4000},
		{"all but a cgroup", {DAMOS_GOAL_NODE_MEMCG_FREE_BP, 100, 0, 1, "/app"}, 6000},
		{"active", {DAMOS_GOAL_ACTIVE_MEM_BP, 100, 0, 0}, 2000},
		{"inactive", {DAMOS_GOAL_INACTIVE_MEM_BP, 100, 0, 0}, 8000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = stage_pageout();
		struct stage w;

		stage_init(&w);
		stage_add_proc_file(&w, "/statm", "1000 500 1 1 1 1 1\n");
		stage_add_file(&w, "/sys/devices/system/node/online", "0-1\n");
		stage_add_file(&w, "/sys/devices/system/node/node1/meminfo",
			       "Node 1 MemTotal: 1000 kB\nNode 1 MemFree: 250 kB\n");
		stage_add_file(&w, "/proc/self/mountinfo",
			       "30 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n");
		stage_add_file(&w, "/cg/app/cgroup.procs", "");
		stage_add_file(&w, "/cg/app/memory.numa_stat",
			       "active_anon N0=1 N1=102400\ninactive_anon N0=1 N1=102400\n"
			       "active_file N0=1 N1=102400\ninactive_file N0=1 N1=102400\n");
		snprintf(w.meminfo, sizeof(w.meminfo),
			 "MemTotal: 1000 kB\nMemFree: 300 kB\nActive: 20 kB\nInactive: 80 kB\n");
		s.quota.bytes = 64 * MIB;
		s.quota.goals[0] = rows[i].goal;
		s.quota.nr_goals = 1;
		stage_open(&w, &s, 1);
		stage_run(&w, 3 * NS_PER_SEC);
		cr_expect_eq(stage_stats(&w, 0).goal_current[0], rows[i].current, "%s: %llu",
			     rows[i].name, (unsigned long long)stage_stats(&w, 0).goal_current[0]);
		stage_free(&w);
	}
}

Test(schemes, refusals)
{
	static const struct {
		const char *name;
		struct damos s;
		int err;
		const char *says;
	} rows[] = {
		{"no such action", {.action = "evict"}, -EINVAL, "'evict'"},
		{"no action", {.action = NULL}, -EINVAL, ""},
		{"refused for others", {.action = "nohugepage"}, -ENOTSUP, "itself"},
		{"one node", {.action = "migrate_cold", .target_nid = 1}, -ENODEV, "NUMA"},
		{"an unknown filter",
		 {.action = "stat", .nr_filters = 1, .filters = {{.type = DAMOS_NR_FILTER_TYPES}}},
		 -EINVAL,
		 "filter"},
		{"too many filters", {.action = "stat", .nr_filters = 1000}, -EINVAL, "filters"},
		{"a cgroup that is not there",
		 {.action = "stat",
		  .nr_filters = 1,
		  .filters = {{.type = DAMOS_FILTER_MEMCG, .memcg = "/none"}}},
		 0,
		 "cgroup"},
		{"a goal of a node that is not there",
		 {.action = "stat",
		  .quota = {.bytes = 4096,
			    .reset_ns = NS_PER_SEC,
			    .nr_goals = 1,
			    .goals = {{DAMOS_GOAL_NODE_MEM_USED_BP, 5000, 0, 7}}}},
		 -ENODEV,
		 "node 7"},
		{"a goal of a cgroup that is not there",
		 {.action = "stat",
		  .quota = {.bytes = 4096,
			    .reset_ns = NS_PER_SEC,
			    .nr_goals = 1,
			    .goals = {{DAMOS_GOAL_NODE_MEMCG_USED_BP, 5000, 0, 0, "/none"}}}},
		 -ENOENT,
		 "no cgroup '/none'"},
		{"a goal of active memory, not told here",
		 {.action = "stat",
		  .quota = {.bytes = 4096,
			    .reset_ns = NS_PER_SEC,
			    .nr_goals = 1,
			    .goals = {{DAMOS_GOAL_ACTIVE_MEM_BP, 5000, 0, 0}}}},
		 -EINVAL,
		 "active"},
		{"a goal of pressure, not told here",
		 {.action = "stat",
		  .quota = {.bytes = 4096,
			    .reset_ns = NS_PER_SEC,
			    .nr_goals = 1,
			    .goals = {{DAMOS_GOAL_SOME_MEM_PSI_US, 5000, 0, 0}}}},
		 -ENOENT,
		 "pressure"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s;
		struct stage w;
		int err;

		stage_init(&w);
		damos_init(&s);
		s.action = rows[i].s.action;
		s.nr_filters = rows[i].s.nr_filters;
		s.filters[0] = rows[i].s.filters[0];
		s.target_nid = rows[i].s.target_nid;
		if (rows[i].s.quota.nr_goals)
			s.quota = rows[i].s.quota;
		err = damon_set_schemes(w.ctx, &s, 1);
		if (!err)
			err = damon_open(w.ctx);
		cr_expect(rows[i].err ? err == rows[i].err : err < 0, "%s: %d", rows[i].name, err);
		cr_expect(strstr(damon_error(w.ctx), rows[i].says), "%s: '%s'", rows[i].name,
			  damon_error(w.ctx));
		stage_free(&w);
	}
}

Test(schemes, targets_count_as_they_were_given)
{
	struct damos s = stage_pageout();
	struct stage w;
	struct damos_tried t = {.size = sizeof(t)};
	int other = stage_sleeper();
	char paths[3][64];

	stage_init(&w);
	snprintf(paths[0], 64, "/proc/%d/maps", other);
	snprintf(paths[1], 64, "/proc/%d/comm", other);
	stage_add_file(&w, paths[0], stage_maps);
	stage_add_file(&w, paths[1], "abc\n"); /* before the other one by name */
	cr_assert_eq(damon_add_pid(w.ctx, other), 0);
	w.to_attach++;
	s.action = "stat";
	s.access_max = 1;
	s.age_ns.min = 0;
	s.filters[0] =
		(struct damos_filter){.type = DAMOS_FILTER_TARGET, .matching = 1, .target = 1};
	s.nr_filters = 1; /* rejects the second one */
	stage_open(&w, &s, 1);
	stage_run(&w, NS_PER_SEC);
	for (size_t i = 0; !damon_scheme_tried(w.ctx, 0, i, &t); i++)
		cr_expect_eq(t.target_id, 0);
	cr_expect_gt(stage_stats(&w, 0).nr_tried, 0);
	stage_free(&w);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
}

Test(schemes, a_record_tells_them)
{
	char path[] = "/tmp/test_schemes.XXXXXX";
	struct damos s = stage_pageout(), back = {.size = sizeof(back)};
	struct damos_stats st, told = {.size = sizeof(told)};
	struct damon_stats total = {.size = sizeof(total)};
	const struct damon_snapshot *snap;
	struct damon_record *rec;
	struct stage w;

	close(mkstemp(path));
	unlink(path);
	stage_init(&w);
	s.quota.goals[0] = (struct damos_goal){DAMOS_GOAL_TARGET_RSS, 12345, 0, 0};
	s.quota.nr_goals = 1;
	s.quota.bytes = 64 * MIB;
	s.filters[0] = (struct damos_filter){.type = DAMOS_FILTER_ADDR,
					     .matching = 1,
					     .allow = 1,
					     .start = IDLE,
					     .end = IDLE_END};
	s.nr_filters = 1;
	s.target_nid = -1;
	s.age_ns.max = UINT64_MAX;
	cr_assert_eq(damon_set_record(w.ctx, path), 0);
	stage_open(&w, &s, 1);
	stage_run(&w, 3 * NS_PER_SEC);
	cr_assert_eq(damon_close(w.ctx), 0);
	st = stage_stats(&w, 0);
	stage_free(&w);
	cr_assert_eq(damon_record_open(path, &rec), 0);
	cr_expect_eq(damon_record_scheme(rec, 0, &back, NULL), -ENOENT, "not read yet");
	while (damon_record_next(rec, &snap) == 1)
		;
	cr_assert_eq(damon_record_scheme(rec, 0, &back, &told), 0);
	cr_expect_eq(damon_record_scheme(rec, 1, NULL, NULL), -ENOENT);
	cr_expect_str_eq(back.action, "pageout");
	cr_expect_eq(back.age_ns.min, s.age_ns.min);
	cr_expect_eq(back.age_ns.max, UINT64_MAX);
	cr_expect_eq(back.access_max, s.access_max);
	cr_expect_eq(back.quota.bytes, s.quota.bytes);
	cr_expect_eq(back.quota.nr_goals, 1);
	cr_expect_eq(back.quota.goals[0].target, 12345);
	cr_expect_eq(back.nr_filters, 1);
	cr_expect_eq(back.filters[0].end, IDLE_END);
	cr_expect_eq(back.target_nid, -1);
	cr_expect_gt(told.sz_applied, 0);
	cr_expect_eq(told.sz_applied, st.sz_applied);
	cr_expect_eq(told.sz_tried, st.sz_tried);
	cr_expect_eq(told.nr_snapshots, st.nr_snapshots);
	cr_expect_str_eq(told.action, "pageout");
	damon_record_stats(rec, &total);
	cr_expect_eq(total.paused_ns, 0);
	damon_record_close(rec);
	unlink(path);
}
