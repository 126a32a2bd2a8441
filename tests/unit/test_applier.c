/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The worker, step by step, on a fake process and a clock that stands still between calls. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>

#include "base/util.h"
#include "lib/schemes/applier.h"
#include "tests/kit/fake_pages.h"

#define PAGE DAMON_PAGE_SIZE
#define US   1000ull

static struct fake_pages w;
static struct damos plain;

static const struct fake_file *files;

static ssize_t read_file(const struct damon_sys *s, const char *path, void *buf, size_t cap)
{
	for (const struct fake_file *f = files; f && f->path; f++) {
		if (strcmp(f->path, path) == 0)
			return (ssize_t)strlen(strncpy(buf, f->text, cap));
	}
	return -ENOENT;
}

static struct applier *start(const char *pages, const struct applier_params *p)
{
	static const struct fake_file swap[] = {{"/proc/swaps", "x\n/dev/a p 100 10 1\n"}, {0}};
	struct damon_fail why;
	struct applier *a;

	fake_pages_init(&w, pages);
	w.fake.sys.read_file = read_file;
	w.fake.clock_ns = NS_PER_SEC;
	files = swap;
	plain = (struct damos){.size = sizeof(plain)};
	cr_assert_eq(applier_new(&w.fake.sys, p ? p : &applier_defaults, &a, &why), 0);
	return a;
}

static struct applier_job job(const char *action, uint64_t id, uint32_t scheme, int from, int to)
{
	return (struct applier_job){
		.step = {.id = id,
			 .scheme = scheme,
			 .target_id = 5,
			 .start = FAKE_ADDR(from),
			 .end = FAKE_ADDR(to)},
		.action = damon_action_find(action),
		.scheme = &plain,
		.pid = FAKE_PID,
		.pid_fd = FAKE_PID_FD,
	};
}

static void submit(struct applier *a, struct applier_job j)
{
	cr_assert_eq(applier_submit(a, &j, 1), 1);
}

static void run_all(struct applier *a)
{
	for (int i = 0; applier_step(a); i++)
		cr_assert_lt(i, 100000, "it never ends");
	cr_expect(applier_idle(a));
}

static struct damos_result result(struct applier *a)
{
	struct damos_result r;

	cr_assert_eq(applier_take(a, &r, 1), 1, "no result");
	return r;
}

/* Pages of a result. */
#define PAGES(bytes) ((int)((bytes) / PAGE))

Test(applier, a_job_in_slices)
{
	struct applier *a = start("2000p48s", NULL);
	struct applier_stats s;
	struct damos_result r;

	w.ns_per_page = 8 * US; /* 0.5 GiB/s */
	submit(a, job("pageout", 42, 0, 0, 2048));
	cr_expect_not(applier_idle(a));
	run_all(a);
	r = result(a);
	cr_expect_eq(r.id, 42);
	cr_expect_eq(PAGES(r.tried), 2048);
	cr_expect_eq(PAGES(r.filter_passed), 2048);
	cr_expect_eq(PAGES(r.applied), 2000);
	cr_expect_eq(PAGES(r.skipped), 48);
	cr_expect_eq(r.failed + r.dropped, 0);
	cr_expect_eq(r.verified, 1);
	cr_expect_eq(r.busy_ns, 2000 * 8 * US);
	cr_expect_eq(r.err, 0);
	cr_expect_str_eq(r.reason, "");
	applier_stats(a, &s);
	cr_expect_leq(s.longest_ns, NS_PER_MS);
	cr_expect_eq(s.over, 0);
	cr_expect_leq(s.slices, 40, "%llu slices for 16 ms", (unsigned long long)s.slices);
	cr_expect_eq(w.nr_opens, 2, "pagemap: once for the job, once for refaults: %d", w.nr_opens);
	applier_free(a);
	cr_expect_eq(w.fake.nr_open, 0);
}

/* However slow or quick an action turns out, its slices soon fit. */
Test(applier, slices_follow_the_throughput)
{
	static const struct {
		const char *name, *action;
		uint64_t ns_per_page;
		int over; /* slices that may be too long */
		int slices;
	} rows[] = {
		{"as thought", "pageout", 16 * US, 0, 100},
		{"ten times slower", "pageout", 160 * US, 1, 1000},
		{"a hundred times slower", "pageout", 1600 * US, 2048, 2048},
		{"quicker", "pageout", 1 * US, 0, 12},
		{"much quicker", "pageout", 10, 0, 10},
		{"cold as thought", "cold", 136, 0, 2},
		{"cold twenty times slower", "cold", 8 * US, 1, 40},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct applier *a = start("2048p", NULL);
		struct applier_stats s;

		w.ns_per_page = rows[i].ns_per_page;
		submit(a, job(rows[i].action, 1, 0, 0, 2048));
		run_all(a);
		cr_expect_eq(PAGES(result(a).applied), 2048, "%s", rows[i].name);
		applier_stats(a, &s);
		cr_expect_leq((int)s.over, rows[i].over, "%s: %d over", rows[i].name, (int)s.over);
		cr_expect_leq((int)s.slices, rows[i].slices, "%s: %d slices", rows[i].name,
			      (int)s.slices);
		applier_free(a);
	}
}

/* Quick memory, where nothing is to be done, does not make slices of slow memory long. */
Test(applier, nothing_to_do_teaches_nothing)
{
	struct applier *a = start("1024-1024p", NULL);
	struct applier_stats s;

	w.ns_per_page = 8 * US;
	submit(a, job("pageout", 1, 0, 0, 2048));
	run_all(a);
	applier_stats(a, &s);
	cr_expect_eq(s.over, 0);
	cr_expect_eq(PAGES(result(a).applied), 1024);
	applier_free(a);
}

Test(applier, cancelled)
{
	static const struct {
		const char *name, *action;
		size_t scheme;
		uint32_t target;
		int from, to;
		bool cold_only, hit;
	} rows[] = {
		{"a hit", "pageout", SIZE_MAX, 5, 1000, 1001, true, true},
		{"beside it", "pageout", SIZE_MAX, 5, 2000, 2001, true, false},
		{"another target", "pageout", SIZE_MAX, 6, 1000, 1001, true, false},
		{"a hot action", "lru_prio", SIZE_MAX, 5, 1000, 1001, true, false},
		{"hot ones, too", "lru_prio", SIZE_MAX, 5, 1000, 1001, false, true},
		{"of this scheme", "pageout", 2, 5, 1000, 1001, true, true},
		{"of another scheme", "pageout", 1, 5, 1000, 1001, true, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct applier *a = start("2048p", NULL);
		struct damos_result r;

		w.ns_per_page = 8 * US;
		submit(a, job(rows[i].action, 7, 2, 0, 2000));
		cr_assert(applier_step(a));
		applier_cancel(a, rows[i].scheme, rows[i].target, FAKE_ADDR(rows[i].from),
			       FAKE_ADDR(rows[i].to), rows[i].cold_only);
		run_all(a);
		r = result(a);
		cr_expect_eq(PAGES(r.tried + r.dropped), 2000, "%s", rows[i].name);
		cr_expect_gt(PAGES(r.tried), 0, "%s", rows[i].name);
		cr_expect_eq(r.dropped > 0, rows[i].hit, "%s: %d dropped", rows[i].name,
			     PAGES(r.dropped));
		cr_expect_eq(r.tried, r.applied, "%s", rows[i].name);
		cr_expect_str_eq(r.reason, "");
		applier_free(a);
	}
}

static void cancel_now(struct fake_pages *world);
static struct applier *cancel_of;

static void cancel_now(struct fake_pages *world)
{
	applier_cancel(cancel_of, SIZE_MAX, 5, 0, UINT64_MAX, false);
}

/* Nothing is held during a call: a hit that comes then is taken, and ends the job after it. */
Test(applier, cancelled_during_a_call)
{
	struct applier *a = start("2048p", NULL);
	struct damos_result r;

	w.ns_per_page = 8 * US;
	w.before = cancel_now;
	cancel_of = a;
	submit(a, job("pageout", 7, 0, 0, 2048));
	run_all(a);
	r = result(a);
	cr_expect(r.tried && r.dropped, "%d %d", PAGES(r.tried), PAGES(r.dropped));
	cr_expect_eq(w.nr_calls, 1);
	applier_free(a);
}

Test(applier, time_of_the_scheme)
{
	struct applier *a = start("2048p", NULL);
	struct damos_result r;

	w.ns_per_page = 8 * US;
	submit(a, job("pageout", 1, 0, 0, 1024));
	submit(a, job("pageout", 2, 0, 1024, 2048));
	submit(a, job("lru_prio", 3, 1, 0, 8));
	applier_allow(a, 0, 2 * NS_PER_MS);
	run_all(a);
	r = result(a);
	cr_expect_eq(r.id, 3);
	cr_expect_eq(PAGES(r.dropped), 0);
	r = result(a);
	cr_expect_eq(r.id, 1);
	cr_expect(r.busy_ns >= 1800 * US && r.busy_ns <= 2100 * US, "%d us", (int)(r.busy_ns / US));
	cr_expect_gt(PAGES(r.dropped), 700);
	r = result(a);
	cr_expect_eq(r.id, 2);
	cr_expect_eq(PAGES(r.dropped), 1024);
	cr_expect_eq(r.tried, 0);
	applier_free(a);
}

static void exit_at_2(struct fake_pages *world)
{
	world->exited = world->nr_calls >= 2;
}

static void exec_at_2(struct fake_pages *world)
{
	world->executed = world->nr_calls >= 2;
}

Test(applier, process_goes)
{
	static const struct {
		const char *name, *action;
		void (*before)(struct fake_pages *w);
		int pid_fd;
	} rows[] = {
		{"exits", "pageout", exit_at_2, FAKE_PID_FD},
		{"exits", "cold", exit_at_2, FAKE_PID_FD},
		{"executes", "pageout", exec_at_2, FAKE_PID_FD},
		{"no descriptor", "pageout", NULL, -1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct applier *a = start("2048p", NULL);
		struct applier_job j = job(rows[i].action, 7, 0, 0, 2048);
		struct damos_result r;

		w.ns_per_page = 80 * US;
		w.before = rows[i].before;
		j.pid_fd = rows[i].pid_fd;
		submit(a, j);
		run_all(a);
		r = result(a);
		cr_expect_eq(PAGES(r.tried + r.dropped), 2048, "%s", rows[i].name);
		cr_expect_gt(r.dropped, 0, "%s: %s", rows[i].name, rows[i].action);
		cr_expect_eq(r.err, 0, "that is no failure: %s", r.reason);
		cr_expect_eq(r.applied + r.skipped + r.failed, r.tried, "%s: %s", rows[i].name,
			     rows[i].action);
		if (rows[i].pid_fd < 0)
			cr_expect_eq(w.nr_calls, 0);
		applier_free(a);
	}
}

Test(applier, failures)
{
	static const struct fake_file full[] = {{"/proc/swaps", "x\n/dev/a p 100 100 1\n"}, {0}};
	static const struct {
		const char *name, *action;
		int fail_err, fail_times;
		bool swap_full, no_pagemap;
		int calls; /* at most */
		int err;
		bool second_dropped; /* the second job is not tried */
		const char *reason;
	} rows[] = {
		{"not allowed", "pageout", EPERM, 99, .calls = 2, .err = EPERM,
		 .reason = "not permitted"},
		{"swap is full", "pageout", .swap_full = true, .calls = 1, .err = ENOSPC,
		 .second_dropped = true, .reason = "swap is full"},
		{"an old kernel", "cold", ENOSYS, 99, .calls = 1, .err = ENOSYS,
		 .second_dropped = true, .reason = "not implemented"},
		{"pages cannot be told", "lru_prio", .no_pagemap = true, .err = EACCES,
		 .reason = "cannot be told: Permission denied; add cap_sys_ptrace,cap_dac_read_"},
		{"invalid", "cold", EINVAL, 10000, .calls = 1000, .err = EINVAL,
		 .reason = "Invalid"},
		{"busy", "cold", EAGAIN, 10000, .calls = 1000, .err = EAGAIN,
		 .reason = "temporarily"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct applier *a = start("16p", NULL);
		struct damos_result r;

		w.fail_err = rows[i].fail_err;
		w.fail_times = rows[i].fail_times;
		w.swap_full = rows[i].swap_full;
		w.no_pagemap = rows[i].no_pagemap;
		files = rows[i].swap_full ? full : files;
		submit(a, job(rows[i].action, 1, 0, 0, 8));
		submit(a, job(rows[i].action, 2, 0, 8, 16));
		run_all(a);
		cr_expect_leq(w.nr_calls, rows[i].calls, "%s: %d calls", rows[i].name, w.nr_calls);
		for (int k = 0; k < 2; k++) {
			r = result(a);
			cr_expect_eq(PAGES(r.tried + r.dropped), 8, "%s", rows[i].name);
			cr_expect_eq(r.applied, 0, "%s", rows[i].name);
			cr_expect_eq(r.skipped + r.failed, r.tried, "%s", rows[i].name);
			cr_expect_eq(r.err, rows[i].err, "%s: %d", rows[i].name, r.err);
			cr_expect(strstr(r.reason, rows[i].reason), "%s: %s", rows[i].name,
				  r.reason);
		}
		if (rows[i].second_dropped)
			cr_expect_eq(r.tried, 0, "%s", rows[i].name);
		applier_free(a);
	}
}

Test(applier, page_filters)
{
	static const struct {
		const char *name, *action;
		bool allowed;
		int passed, applied;
		const char *after;
	} rows[] = {
		{"anon", "pageout", false, 6, 4, "6s2f"},
		{"allowed by a core filter", "pageout", true, 8, 6, "6s2-"},
		{"of stat", "stat", false, 6, 0, "4p2s2f"},
		{"of collapse, no whole unit", "collapse", false, 0, 0, "4p2s2f"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct applier *a = start("4p2s2f", NULL);
		struct applier_job j = job(rows[i].action, 1, 0, 0, 8);
		struct damos_result r;

		plain.filters[0] =
			(struct damos_filter){.type = DAMOS_FILTER_ANON, .matching = 1, .allow = 1};
		plain.nr_filters = 1;
		j.step.allowed = rows[i].allowed;
		submit(a, j);
		run_all(a);
		r = result(a);
		cr_expect_eq(PAGES(r.tried), 8, "%s", rows[i].name);
		cr_expect_eq(PAGES(r.filter_passed), rows[i].passed, "%s: %d", rows[i].name,
			     PAGES(r.filter_passed));
		cr_expect_eq(PAGES(r.applied), rows[i].applied, "%s", rows[i].name);
		cr_expect_str_eq(fake_pages_text(&w, 8), rows[i].after, "%s", rows[i].name);
		if (strcmp(rows[i].action, "stat") != 0)
			cr_expect_eq(r.applied + r.skipped + r.failed, r.filter_passed, "%s",
				     rows[i].name);
		applier_free(a);
	}
}

Test(applier, dry_run_calls_nothing)
{
	struct applier_params p = applier_defaults;
	struct applier *a;
	struct damos_result r;

	p.dry_run = true;
	a = start("2048p", &p);
	submit(a, job("pageout", 1, 0, 0, 2048));
	run_all(a);
	r = result(a);
	cr_expect_eq(PAGES(r.tried), 2048);
	cr_expect_eq(PAGES(r.filter_passed), 2048);
	cr_expect_eq(r.applied + r.dropped + r.failed, 0);
	cr_expect_eq(w.nr_calls + w.nr_opens, 0);
	cr_expect_str_eq(fake_pages_text(&w, 2048), "2048p");
	applier_free(a);
}

Test(applier, queue_is_bounded)
{
	struct applier_params p = applier_defaults;
	struct applier_job jobs[6];
	struct damos_result r[8];
	struct applier *a;

	p.queue = 4;
	a = start("16p", &p);
	for (int i = 0; i < 6; i++)
		jobs[i] = job("cold", (uint64_t)i + 1, 0, i, i + 1);
	cr_expect_eq(applier_submit(a, jobs, 6), 4);
	run_all(a);
	cr_expect_eq(applier_submit(a, jobs + 4, 2), 0, "results were not taken");
	cr_expect_eq(applier_take(a, r, 3), 3);
	cr_expect_eq(applier_submit(a, jobs + 4, 2), 2);
	run_all(a);
	cr_expect_eq(applier_take(a, r, 8), 3);
	cr_expect_eq(r[0].id, 4);
	cr_expect_eq(r[2].id, 6);
	applier_free(a);
}

/* A scheme with much to do does not keep the others waiting. */
Test(applier, schemes_take_turns)
{
	struct applier *a = start("2048p", NULL);
	struct damos_result r;
	int steps = 0;

	w.ns_per_page = 8 * US;
	submit(a, job("pageout", 1, 0, 0, 2048));
	submit(a, job("lru_prio", 2, 3, 0, 16));
	while (applier_take(a, &r, 1) == 0) {
		cr_assert(applier_step(a));
		steps++;
	}
	cr_expect_eq(r.id, 2);
	cr_expect_leq(steps, 2, "%d", steps);
	applier_free(a);
}

Test(applier, pending)
{
	struct applier *a = start("2048p", NULL);
	struct applier_pending p[8];
	struct applier_job other = job("cold", 4, 1, 5, 6);

	other.step.target_id = 2;
	submit(a, job("pageout", 1, 0, 100, 200));
	submit(a, job("lru_prio", 2, 1, 0, 50)); /* hot */
	submit(a, job("cold", 3, 1, 10, 20));
	submit(a, other);
	cr_assert_eq(applier_pending(a, p, 8), 3);
	cr_expect_eq(p[0].target_id, 2);
	cr_expect(p[1].target_id == 5 && p[1].start == FAKE_ADDR(10) && p[1].end == FAKE_ADDR(20));
	cr_expect_eq(p[2].start, FAKE_ADDR(100));
	cr_expect_eq(applier_pending(a, p, 2), 2);
	applier_cancel(a, 0, 5, 0, UINT64_MAX, true);
	cr_expect_eq(applier_pending(a, p, 8), 2);
	run_all(a);
	cr_expect_eq(applier_pending(a, p, 8), 0);
	applier_free(a);
}

Test(applier, refaults)
{
	struct applier *a = start("2048p", NULL);
	double looked = -1, back = -1;

	w.ns_per_page = 8 * US;
	submit(a, job("pageout", 1, 3, 0, 2048));
	run_all(a);
	cr_expect_not(applier_refaults(a, 3, &looked, &back));
	cr_expect_eq(looked, -1);
	for (int i = 0; i < 1024; i++)
		w.page[i].present = true;
	w.fake.clock_ns += 10 * NS_PER_SEC;
	run_all(a);
	cr_expect_not(applier_refaults(a, 2, &looked, &back));
	cr_assert(applier_refaults(a, 3, &looked, &back));
	cr_expect_float_eq(looked, 2048. * PAGE, 1);
	cr_expect(back > .3 * looked && back < .7 * looked, "%g of %g", back, looked);
	cr_expect_not(applier_refaults(a, 3, &looked, &back), "counted once");
	applier_free(a);
}

Test(applier, stopped)
{
	struct applier *a = start("2048p", NULL);
	struct damos_result r;

	w.ns_per_page = 8 * US;
	submit(a, job("pageout", 1, 0, 0, 1024));
	submit(a, job("pageout", 2, 0, 1024, 2048));
	cr_assert(applier_step(a));
	applier_stop(a);
	r = result(a);
	cr_expect(r.id == 1 && r.tried && r.dropped);
	cr_expect_eq(PAGES(r.tried + r.dropped), 1024);
	r = result(a);
	cr_expect(r.id == 2 && !r.tried);
	cr_expect_eq(PAGES(r.dropped), 1024);
	cr_expect(applier_idle(a));
	applier_free(a);
}

static sem_t in_call, may_return;

static void hold(struct fake_pages *world)
{
	sem_post(&in_call);
	sem_wait(&may_return);
}

/* In its thread: it wakes up for jobs, and stopping it waits for the call under way alone. */
Test(applier, thread, .timeout = 60)
{
	struct applier *a = start("2048p", NULL);
	struct damos_result r;

	sem_init(&in_call, 0, 0);
	sem_init(&may_return, 0, 0);
	w.ns_per_page = 8 * US;
	cr_assert_eq(applier_start(a), 0);
	submit(a, job("cold", 1, 0, 0, 8));
	while (applier_take(a, &r, 1) == 0)
		sched_yield();
	cr_expect_eq(r.id, 1);
	w.before = hold; /* the worker waits for jobs */
	submit(a, job("pageout", 2, 0, 0, 2048));
	sem_wait(&in_call);
	/* the worker is in a call: nothing of this waits for it */
	submit(a, job("pageout", 3, 0, 0, 2048));
	applier_allow(a, 1, 5);
	applier_cancel(a, SIZE_MAX, 5, 0, UINT64_MAX, true);
	cr_expect_not(applier_idle(a));
	cr_expect_eq(applier_take(a, &r, 1), 0);
	sem_post(&may_return);
	applier_stop(a);
	r = result(a);
	cr_expect(r.id == 2 && r.tried && r.dropped);
	r = result(a);
	cr_expect(r.id == 3 && !r.tried);
	cr_expect_eq(w.nr_calls, 2);
	applier_free(a);
}
