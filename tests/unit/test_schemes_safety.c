/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Schemes: never the wrong process, and what happens to one in the middle. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kit/schemes_stage.h"

/* ---- never the wrong process ---- */

Test(schemes_safety, a_number_that_is_used_again)
{
	struct damos s = stage_pageout();
	struct stage w;

	stage_init(&w);
	cr_assert_eq(damon_open(w.ctx), 0);
	while (w.nr_snapshots < 50)
		cr_assert_eq(damon_dispatch(w.ctx, 100), 1);
	/* Its exit was lost, and another process has its number since 3 s. */
	snprintf(w.stat, sizeof(w.stat),
		 "%d (x) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 15200 0 0 0", w.pid);
	stage_add_file(&w, "/proc/uptime", "155.00 100.00\n");
	stage_set(&w, &s, 1);
	stage_run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(w.nr_advice, 0);
	cr_expect(strstr(stage_stats(&w, 0).reason, "another one"), "%s",
		  stage_stats(&w, 0).reason);
	cr_expect_gt(stage_stats(&w, 0).sz_dropped, 0);
	cr_expect_eq(w.pidfds, 0);
	stage_free(&w);
}

Test(schemes_safety, never_on_itself)
{
	struct damos s[2] = {stage_pageout(), stage_pageout()};
	struct stage w;

	stage_init_for(&w, getpid());
	s[1].action = "stat";
	stage_open(&w, s, 2);
	stage_run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(w.nr_advice, 0);
	cr_expect_eq(w.pidfds, 0);
	cr_expect(strstr(stage_stats(&w, 0).reason, "itself"), "%s", stage_stats(&w, 0).reason);
	cr_expect_eq(stage_stats(&w, 0).sz_tried, 0);
	cr_expect_gt(stage_stats(&w, 1).sz_tried, 0, "it may be counted");
	stage_free(&w);
}

Test(schemes_safety, two_at_once)
{
	static const struct {
		const char *name, *action;
		bool dry_run;
		int err;
	} rows[] = {
		{"both act", "pageout", false, -EBUSY},
		{"one only counts", "stat", false, 0},
		{"one only plans", "pageout", true, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = stage_pageout();
		struct stage w;

		stage_init(&w);
		s.action = rows[i].action;
		w.locked = true;
		damon_set_dry_run(w.ctx, rows[i].dry_run);
		stage_set(&w, &s, 1);
		cr_expect_eq(damon_open(w.ctx), rows[i].err, "%s", rows[i].name);
		if (rows[i].err) {
			cr_expect(strstr(damon_error(w.ctx), "another damon-perf"), "%s",
				  damon_error(w.ctx));
			cr_expect(strstr(damon_remedy(w.ctx), "--dry-run"), "%s",
				  damon_remedy(w.ctx));
		}
		stage_free(&w);
	}
}

/* ---- what happens to a process in the middle ---- */

static void record(struct stage *w, const struct damon_perf_record *r)
{
	struct damon_perf_record own = *r;

	own.time_ns = w->fake.clock_ns;
	cr_assert_eq(events_on_record(w->ctx, &own), 0);
}

static void it_exits(struct stage *w)
{
	w->exited = true;
	record(w, &(struct damon_perf_record){.type = PERF_RECORD_EXIT,
					      .task = {.pid = w->pid, .tid = w->pid}});
}

static void it_executes(struct stage *w)
{
	struct damon_perf_record r = {.type = PERF_RECORD_COMM};

	r.comm.pid = r.comm.tid = w->pid;
	r.comm.exec = true;
	r.comm.comm = "other";
	record(w, &r);
}

static void it_maps_anew(struct stage *w)
{
	struct damon_perf_record r = {.type = PERF_RECORD_MMAP2};

	r.mmap.pid = r.mmap.tid = w->pid;
	r.mmap.name = "//anon";
	r.mmap.map = (struct damon_mapping_bytes){
		.start = IDLE, .len = IDLE_END - IDLE, .prot = 3, .flags = MAP_PRIVATE};
	record(w, &r);
}

static void it_is_switched_off(struct stage *w)
{
	cr_assert_eq(damon_scheme_switch(w->ctx, 0, 0), 0);
}

Test(schemes_safety, what_ends_a_job)
{
	static const struct {
		const char *name;
		void (*happens)(struct stage *w);
		bool again; /* what is left may be planned anew */
	} rows[] = {
		{"its process exits", it_exits, false},
		{"it executes another program", it_executes, false},
		{"its memory is another mapping", it_maps_anew, true},
		{"its scheme is switched off", it_is_switched_off, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = stage_pageout();
		struct damos_stats st;
		struct stage w;
		size_t done;

		stage_init(&w);
		w.advise_ns = MS;
		stage_open(&w, &s, 1);
		stage_run_to_plan(&w);
		for (int k = 0; k < 3; k++)
			cr_assert(applier_step(w.ctx->schemes->applier));
		done = w.nr_advice;
		rows[i].happens(&w);
		stage_work(&w);
		cr_expect_eq(w.nr_advice, done, "%s", rows[i].name);
		while (!stage_stats(&w, 0).sz_dropped) /* until the end of the interval */
			cr_assert_eq(damon_dispatch(w.ctx, 100), 1);
		st = stage_stats(&w, 0);
		cr_expect_lt(st.sz_applied, IDLE_END - IDLE, "%s", rows[i].name);
		w.advise_ns = 10 * NS_PER_US;
		stage_run(&w, 300 * MS);
		cr_expect_eq(w.nr_advice > done, rows[i].again, "%s", rows[i].name);
		cr_expect_eq(w.pidfds, !w.exited, "%s", rows[i].name);
		stage_free(&w);
	}
}

/* A child shares its parent's memory and target until the next updates. */
Test(schemes_safety, children_that_share_a_target)
{
	struct damos s = stage_pageout();
	struct damon_perf_record r = {.type = PERF_RECORD_FORK};
	struct stage w;
	size_t by_child = 0;

	stage_init(&w);
	stage_open(&w, &s, 1);
	stage_run(&w, 300 * MS);
	r.task.pid = r.task.tid = w.pid + 1;
	r.task.ppid = r.task.ptid = w.pid;
	stage_add_file(&w, "/proc/uptime", "150.30 1.00\n");
	record(&w, &r);
	w.nr_files--;
	stage_run(&w, 500 * MS);
	for (size_t i = 0; i < w.nr_advice; i++)
		by_child += w.advice[i].pid_fd != STAGE_PIDFD;
	cr_expect_eq(by_child, 0, "its /proc cannot be read, so it is left alone");
	cr_expect_gt(w.nr_advice, 0, "which keeps nobody from the parent");
	stage_free(&w);
}

Test(schemes_safety, errors_of_the_kernel_are_told)
{
	static const struct {
		const char *name;
		int err;
		const char *says;
	} rows[] = {
		{"no rights any more", EPERM, "not permitted"},
		{"no memory", ENOMEM, ""},
		{"no such call", ENOSYS, "not implemented"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = stage_pageout();
		struct damos_stats st;
		struct stage w;

		stage_init(&w);
		w.madvise_err = rows[i].err;
		stage_open(&w, &s, 1);
		stage_run(&w, 2 * NS_PER_SEC);
		st = stage_stats(&w, 0);
		cr_expect_eq(st.sz_applied, 0, "%s", rows[i].name);
		cr_expect_gt(st.sz_tried + st.sz_dropped, 0, "%s", rows[i].name);
		cr_expect(strstr(st.reason, rows[i].says), "%s: '%s'", rows[i].name, st.reason);
		cr_assert_eq(damon_close(w.ctx), 0);
		stage_free(&w);
	}
}

Test(schemes_safety, swap_is_full)
{
	struct damos s = stage_pageout();
	struct damos_stats st;
	struct stage w;

	stage_init(&w);
	stage_open(&w, &s, 1);
	stage_add_file(
		&w, "/proc/swaps",
		"Filename Type Size Used Priority\n/dev/zram0 partition 1000000 1000000 1\n");
	w.keeps = true; /* success is reported all the same */
	stage_run(&w, 2 * NS_PER_SEC);
	st = stage_stats(&w, 0);
	cr_expect_eq(st.sz_applied, 0);
	cr_expect(strstr(st.reason, "swap"), "%s", st.reason);
	stage_free(&w);
}

Test(schemes_safety, the_end_comes_in_the_middle)
{
	char path[] = "/tmp/test_schemes.XXXXXX";
	struct damos_stats st, told = {.size = sizeof(told)};
	struct damos s = stage_pageout();
	const struct damon_snapshot *snap;
	struct damon_record *rec;
	struct stage w;
	size_t done;

	close(mkstemp(path));
	unlink(path);
	stage_init(&w);
	w.advise_ns = MS;
	cr_assert_eq(damon_set_record(w.ctx, path), 0);
	stage_open(&w, &s, 1);
	stage_run_to_plan(&w);
	cr_assert(applier_step(w.ctx->schemes->applier));
	done = w.nr_advice;
	w.fake.clock_ns += 300 * MS; /* intervals that end with it */
	cr_assert_eq(damon_close(w.ctx), 0);
	cr_expect_eq(w.nr_advice, done, "nothing more is begun");
	st = stage_stats(&w, 0);
	cr_expect_eq(st.sz_applied, stage_advised_since(&w, 0), "what was done is told");
	cr_expect_geq(st.sz_tried + st.sz_dropped, IDLE_END - IDLE);
	stage_free(&w);
	cr_assert_eq(damon_record_open(path, &rec), 0);
	while (damon_record_next(rec, &snap) == 1)
		;
	cr_assert_eq(damon_record_scheme(rec, 0, NULL, &told), 0);
	cr_expect_eq(told.sz_applied, st.sz_applied, "and the record tells it");
	cr_expect_eq(told.sz_dropped, st.sz_dropped);
	damon_record_close(rec);
	unlink(path);
}

/* Addresses that are not those of the processes: 'offsets' of something. */
static int some_range(void *priv, int pid, struct damon_range *r, size_t max)
{
	r[0] = (struct damon_range){IDLE, IDLE_END, NULL};
	return 1;
}

Test(schemes_safety, addresses_that_are_nobodys)
{
	static const struct damon_ops united = {.size = sizeof(united),
						.name = "united",
						.target = "all",
						.regions = some_range},
				      offsets = {.size = sizeof(offsets),
						 .name = "offsets",
						 .addresses = "file offsets",
						 .regions = some_range},
				      own = {.size = sizeof(own),
					     .name = "own",
					     .regions = some_range};
	static const struct damos_filter page = {.type = DAMOS_FILTER_ANON, .matching = 1},
					 core = {.type = DAMOS_FILTER_ADDR,
						 .matching = 1,
						 .start = 4096,
						 .end = 8192};
	static const struct {
		const char *name, *ops, *action;
		const struct damos_filter *filter;
		bool dry_run, later, refused;
	} rows[] = {
		{"an action on offsets", "offsets", "pageout", NULL, .refused = true},
		{"on what all share", "united", "pageout", NULL, .refused = true},
		{"only planned", "offsets", "cold", NULL, .dry_run = true, .refused = true},
		{"set while it runs", "offsets", "pageout", NULL, .later = true, .refused = true},
		{"a look at pages", "offsets", "stat", &page, .refused = true},
		{"counted", "offsets", "stat", NULL},
		{"counted in a range", "united", "stat", &core},
		{"virtual ones in ranges", "own", "pageout", NULL},
	};

	cr_assert_eq(damon_register_ops(&united), 0);
	cr_assert_eq(damon_register_ops(&offsets), 0);
	cr_assert_eq(damon_register_ops(&own), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = stage_pageout();
		struct stage w;
		int err = 0;

		s.action = rows[i].action;
		if (rows[i].filter)
			s.filters[s.nr_filters++] = *rows[i].filter;
		stage_init(&w);
		cr_assert_eq(damon_select_ops(w.ctx, rows[i].ops), 0);
		damon_set_dry_run(w.ctx, rows[i].dry_run);
		if (!rows[i].later)
			err = damon_set_schemes(w.ctx, &s, 1);
		if (!err)
			err = damon_open(w.ctx);
		if (!err && rows[i].later)
			err = damon_set_schemes(w.ctx, &s, 1);
		cr_expect_eq(err, rows[i].refused ? -EINVAL : 0, "%s: %d", rows[i].name, err);
		if (rows[i].refused) {
			cr_expect(strstr(damon_error(w.ctx), "addresses"), "%s: '%s'", rows[i].name,
				  damon_error(w.ctx));
			cr_expect(strstr(damon_remedy(w.ctx), "vaddr"), "%s: '%s'", rows[i].name,
				  damon_remedy(w.ctx));
		}
		stage_free(&w);
	}
}
