/* SPDX-License-Identifier: GPL-2.0-or-later */
/* willneed, cold, pageout and collapse: on a fake process whose calls fail in every way, and on a
 * child of the real kernel. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/util.h"
#include "os/features.h"
#include "os/smaps.h"
#include "tests/kit/fake_pages.h"

#define PAGE DAMON_PAGE_SIZE

/* One apply() on pages [from, to), and what it must come to, in pages. */
struct row {
	const char *name, *action, *pages;
	int from, to;
	int fail_err, fail_from, fail_times;
	bool no_pagemap, exited, swap_full, no_scan, hide_frames;
	int err;
	int applied, skipped, failed, verified;
	const char *after, *reason; /* NULL: not looked at, nothing failed */
	int calls;		    /* 0: any */
};

static const struct fake_file swap_with_room[] = {{"/proc/swaps", "x\n/dev/a p 100 10 1\n"}, {0}};
static const struct fake_file swap_full[] = {{"/proc/swaps", "x\n/dev/a p 100 100 1\n"}, {0}};

static ssize_t files_read(const struct damon_sys *s, const char *path, void *buf, size_t cap)
{
	const struct fake_file *f = ((struct fake_sys *)s->priv)->files;

	for (; f && f->path; f++) {
		if (strcmp(f->path, path) == 0) {
			size_t n = MIN(strlen(f->text), cap);

			memcpy(buf, f->text, n);
			return (ssize_t)n;
		}
	}
	return -ENOENT;
}

static void check_row(const struct row *r)
{
	const struct damon_action *act = damon_action_find(r->action);
	static struct fake_pages w;
	static struct fake_run run;
	struct damon_action_range range = {FAKE_ADDR(r->from), FAKE_ADDR(r->to)};
	struct damon_action_done done = {0};
	int err;

	fake_pages_init(&w, r->pages);
	w.fake.files = r->swap_full ? swap_full : swap_with_room;
	w.fake.sys.read_file = files_read;
	w.fail_err = r->fail_err;
	w.fail_from = r->fail_from;
	w.fail_times = r->fail_times;
	w.no_pagemap = r->no_pagemap;
	w.swap_full = r->swap_full;
	w.no_scan = r->no_scan;
	w.hide_frames = r->hide_frames;
	fake_run_init(&run, &w);
	w.exited = r->exited;
	err = act->apply(&run.run, &range, 1, &done);
	cr_expect_eq(err, r->err, "%s: %d %s", r->name, err, run.why.text);
	cr_expect_eq(done.applied, r->applied * PAGE, "%s: applied %g", r->name,
		     (double)done.applied / PAGE);
	cr_expect_eq(done.skipped, r->skipped * PAGE, "%s: skipped %g", r->name,
		     (double)done.skipped / PAGE);
	cr_expect_eq(done.failed, r->failed * PAGE, "%s: failed %g", r->name,
		     (double)done.failed / PAGE);
	cr_expect_eq(done.verified, r->verified, "%s: %d", r->name, done.verified);
	if (!err)
		cr_expect_eq(done.applied + done.skipped + done.failed, range.end - range.start,
			     "%s", r->name);
	if (r->after)
		cr_expect_str_eq(fake_pages_text(&w, (size_t)r->to), r->after, "%s", r->name);
	cr_expect(r->reason ? strstr(run.why.text, r->reason) != NULL : !run.why.text[0],
		  "%s: '%s'", r->name, run.why.text);
	cr_expect(strlen(run.why.text) < 128, "%s: too long for a result", r->name);
	if (r->calls)
		cr_expect_eq(w.nr_calls, r->calls, "%s: %d calls", r->name, w.nr_calls);
}

Test(advise, pageout)
{
	static const struct row rows[] = {
		{"all", "pageout", "8p", 0, 8, .applied = 8, .verified = 1, .after = "8s",
		 .calls = 1},
		{"of a file", "pageout", "8f", 0, 8, .applied = 8, .verified = 1, .after = "8-"},
		{"some of it, the rest is left alone", "pageout", "8p", 2, 4, .applied = 2,
		 .verified = 1, .after = "2p2s"},
		{"what is out already, or never was in", "pageout", "2p3s3-", 0, 8, .applied = 2,
		 .skipped = 6, .verified = 1, .after = "5s3-"},
		{"nothing in memory: no call", "pageout", "4s4-", 0, 8, .skipped = 8,
		 .verified = 1},
		{"kept", "pageout", "4p4k", 0, 8, .applied = 4, .failed = 4, .verified = 1,
		 .reason = "kept"},
		{"a hole in the middle", "pageout", "3p2h3p", 0, 8, .applied = 6, .skipped = 2,
		 .verified = 1, .after = "3s2h3s"},
		{"a hole first", "pageout", "2h6p", 0, 8, .applied = 6, .skipped = 2,
		 .verified = 1},
		{"holes alone", "pageout", "8h", 0, 8, .skipped = 8, .verified = 1},
		{"locked memory does not stop what follows", "pageout", "3p2l3p", 0, 8,
		 .applied = 6, .failed = 2, .verified = 1, .after = "3s2l3s", .reason = "Invalid"},
		{"swap is full", "pageout", "8p", 0, 8, .swap_full = true, .err = -ENOSPC,
		 .failed = 8, .verified = 1, .after = "8p", .reason = "swap is full"},
		{"gone before", "pageout", "8p", 0, 8, .exited = true, .err = -ESRCH,
		 .reason = "has ended"},
		{"gone in the call", "pageout", "8p", 0, 8, ESRCH, 0, 9, .err = -ESRCH,
		 .reason = "has ended"},
		{"not allowed", "pageout", "8p", 0, 8, EPERM, 0, 9, .err = -EPERM,
		 .reason = "not permitted", .calls = 1},
		{"interrupted twice", "pageout", "8p", 0, 8, EINTR, 0, 2, .applied = 8,
		 .verified = 1, .calls = 3},
		{"again and again", "pageout", "2p", 0, 2, EAGAIN, 0, 1000, .failed = 2,
		 .verified = 1, .reason = "temporarily", .calls = 12},
		{"no memory once", "pageout", "8p", 0, 8, ENOMEM, 0, 1, .applied = 8,
		 .verified = 1},
		{"pagemap may not be read", "pageout", "8p", 0, 8, .no_pagemap = true, .applied = 8,
		 .after = "8s"},
		{"neither, and the call fails", "pageout", "8p", 0, 8, EINVAL, 0, 1000,
		 .no_pagemap = true, .failed = 8, .reason = "Invalid"},
		{"neither, and a hole", "pageout", "4p4h", 0, 8, .no_pagemap = true, .applied = 4,
		 .skipped = 4},
		{"before PAGEMAP_SCAN", "pageout", "4p4s", 0, 8, .no_scan = true, .applied = 4,
		 .skipped = 4, .verified = 1},
		{"before it, as a user", "pageout", "4p4s", 0, 8, .no_scan = true,
		 .hide_frames = true, .applied = 4, .skipped = 4, .verified = 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

Test(advise, cold_and_willneed)
{
	static const struct row rows[] = {
		{"in memory", "cold", "8p", 0, 8, .applied = 8, .verified = -1, .calls = 1},
		{"some", "cold", "4p4s", 0, 8, .applied = 4, .skipped = 4, .verified = -1},
		{"a hole", "cold", "2p4h2p", 0, 8, .applied = 4, .skipped = 4, .verified = -1},
		{"locked", "cold", "2p4l2p", 0, 8, .applied = 4, .failed = 4, .verified = -1,
		 .reason = "Invalid"},
		{"believed", "cold", "4p4s", 0, 8, .no_pagemap = true, .applied = 8},
		{"gone", "cold", "8p", 0, 8, ESRCH, 0, 9, .no_pagemap = true, .err = -ESRCH,
		 .reason = "ended"},
		{"not allowed", "cold", "8p", 0, 8, EPERM, 0, 9, .err = -EPERM,
		 .reason = "not permitted"},
		{"an old kernel", "cold", "8p", 0, 8, ENOSYS, 0, 9, .err = -ENOSYS,
		 .reason = "not implemented"},
		{"as cold", "lru_deprio", "8p", 0, 8, .applied = 8, .verified = -1},
		{"in swap", "willneed", "4p4s", 0, 8, .applied = 4, .skipped = 4, .verified = -1},
		{"a hole", "willneed", "4s4h", 0, 8, .applied = 4, .skipped = 4, .verified = -1},
		{"again and again", "willneed", "4s", 0, 4, EAGAIN, 0, 1000, .failed = 4,
		 .verified = -1, .reason = "temporarily"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

Test(advise, collapse)
{
	static const struct row rows[] = {
		{"a unit", "collapse", "512p", 0, 512, .applied = 512, .verified = 1,
		 .after = "512H", .calls = 1},
		{"also from swap", "hugepage", "256p256s", 0, 512, .applied = 512, .verified = 1,
		 .after = "512H"},
		{"whole units alone", "collapse", "1536p", 100, 1100, .applied = 512,
		 .skipped = 488, .verified = 1, .after = "512p512H76p"},
		{"less than one", "collapse", "512p", 1, 512, .skipped = 511, .verified = 1},
		{"huge already", "collapse", "512H512p", 0, 1024, .applied = 512, .skipped = 512,
		 .verified = 1},
		{"nothing in it", "collapse", "512-", 0, 512, .skipped = 512, .verified = 1},
		{"one of two cannot be", "collapse", "512p100k412p", 0, 1024, .applied = 512,
		 .failed = 512, .verified = 1, .reason = "Invalid"},
		{"no huge page is free", "collapse", "512p", 0, 512, ENOMEM, 0, 100, .failed = 512,
		 .verified = 1, .reason = "allocate memory"},
		{"as the call says", "collapse", "512p", 0, 512, .no_pagemap = true,
		 .applied = 512},
		{"by kpageflags", "collapse", "512p", 0, 512, .no_scan = true, .applied = 512,
		 .verified = 1},
		{"which are root's", "collapse", "512p", 0, 512, .no_scan = true,
		 .hide_frames = true, .applied = 512, .verified = 0},
		{"gone", "collapse", "512p", 0, 512, .exited = true, .err = -ESRCH,
		 .reason = "ended"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

Test(advise, many_ranges_are_few_calls)
{
	static struct fake_pages w;
	static struct fake_run run;
	static struct damon_action_range r[DAMON_ACTION_RANGES];
	struct damon_action_done done = {0};

	fake_pages_init(&w, "2048p");
	for (int i = 0; i < DAMON_ACTION_RANGES; i++)
		r[i] = (struct damon_action_range){FAKE_ADDR(2 * i), FAKE_ADDR(2 * i + 1)};
	w.page[1000].hole = true; /* of range 500 */
	w.page[1000].present = false;
	fake_run_init(&run, &w);
	cr_assert_eq(damon_apply_cold(&run.run, r, DAMON_ACTION_RANGES, &done), 0);
	cr_expect_eq(done.applied, (DAMON_ACTION_RANGES - 1) * PAGE);
	cr_expect_eq(done.skipped, PAGE);
	cr_expect_leq(w.nr_calls, 4, "%d calls", w.nr_calls);
	for (int i = 0; i < FAKE_PAGES; i++)
		cr_assert_eq(w.page[i].marks, i % 2 || i == 1000 ? 0 : -1, "page %d", i);
}

/* However torn the memory is, what is spent on it is bounded. */
Test(advise, calls_are_bounded)
{
	static struct fake_pages w;
	static struct fake_run run;
	struct damon_action_range r = {FAKE_ADDR(0), FAKE_ADDR(FAKE_PAGES)};
	struct damon_action_done done = {0};

	fake_pages_init(&w, "2048p");
	for (int i = 0; i < FAKE_PAGES; i += 2)
		w.page[i].locked = true;
	fake_run_init(&run, &w);
	cr_assert_eq(damon_apply_cold(&run.run, &r, 1, &done), 0);
	cr_expect_leq(w.nr_calls, 80, "%d calls", w.nr_calls);
	cr_expect_eq(done.applied + done.skipped + done.failed, r.end - r.start);
	cr_expect_gt(done.failed, 0);
}

/* Of a hundred calls one is looked at, and stands for the others. */
Test(advise, a_sample_stands_for_all)
{
	static struct fake_pages w;
	static struct fake_run run;
	struct damon_action_range r = {FAKE_ADDR(0), FAKE_ADDR(8)};
	struct damon_action_done done = {0};

	fake_pages_init(&w, "2p6s");
	fake_run_init(&run, &w);
	for (int i = 0; i < DAMON_ACTION_LOOK; i++)
		cr_assert_eq(damon_apply_cold(&run.run, &r, 1, &done), 0);
	cr_expect_eq(done.applied, 2 * DAMON_ACTION_LOOK * PAGE, "%g", (double)done.applied / PAGE);
	cr_expect_eq(done.applied + done.skipped, 8 * DAMON_ACTION_LOOK * PAGE);
	cr_expect_eq(done.verified, -1);
	/* all is in memory from now on: the next look tells */
	for (int i = 0; i < 8; i++)
		w.page[i].present = true;
	for (int i = 0; i < 20 * DAMON_ACTION_LOOK; i++)
		cr_assert_eq(damon_apply_cold(&run.run, &r, 1, &done), 0);
	done = (struct damon_action_done){0};
	cr_assert_eq(damon_apply_cold(&run.run, &r, 1, &done), 0);
	cr_expect_geq(done.applied, 7 * PAGE);
}

/* ---- the kernel's own ---- */

#define CHILD_BYTES (16ull << 20)

struct child {
	char *mem; /* huge-page aligned */
	struct fake_run run;
	struct damon_pagemap pages;
	int pid, pid_fd;
};

/* A child that has touched 16 MiB and sleeps. */
static void child_start(struct child *c)
{
	const struct damon_sys *sys = &damon_sys_real;
	char *all = mmap(NULL, CHILD_BYTES + DAMON_HUGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	     byte;
	int ready[2];

	memset(c, 0, sizeof(*c));
	cr_assert_neq(all, MAP_FAILED);
	c->mem = all + (-(uintptr_t)all & (DAMON_HUGE_SIZE - 1));
	cr_assert_eq(madvise(c->mem, CHILD_BYTES, MADV_NOHUGEPAGE), 0);
	cr_assert_eq(pipe(ready), 0);
	c->pid = fork();
	if (c->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (size_t i = 0; i < CHILD_BYTES; i += PAGE)
			c->mem[i] = (char)i;
		madvise(c->mem, CHILD_BYTES, MADV_HUGEPAGE); /* small pages, that may be huge */
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	cr_assert_gt(c->pid, 0);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	c->pid_fd = sys->pidfd_open(sys, c->pid);
	cr_assert_geq(c->pid_fd, 0);
	cr_assert_eq(damon_pagemap_open(sys, c->pid, &c->pages), 0);
	c->run.scheme.target_nid = 0;
	c->run.run = (struct damon_action_run){.sys = sys,
					       .pid = c->pid,
					       .pid_fd = c->pid_fd,
					       .pages = &c->pages,
					       .scheme = &c->run.scheme,
					       .memo = &c->run.memo,
					       .scratch = c->run.scratch,
					       .why = &c->run.why};
}

static void child_end(struct child *c)
{
	damon_pagemap_close(&c->pages);
	close(c->pid_fd);
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
}

static bool may_advise(const char *action)
{
	struct damon_fail why;

	if (damon_action_find(action)->probe(&damon_sys_real, &why) == 0)
		return true;
	cr_log_warn("%s: %s", action, why.text);
	return false;
}

struct referenced {
	uint64_t start, bytes;
};

static void on_mapping(void *priv, const struct damon_smaps_entry *e)
{
	struct referenced *r = priv;

	if (e->start <= r->start && r->start < e->end)
		r->bytes = e->referenced;
}

static uint64_t referenced(const struct child *c)
{
	struct referenced r = {(uintptr_t)c->mem, 0};

	cr_assert_eq(damon_smaps_read(&damon_sys_real, c->pid, on_mapping, &r), 0);
	return r.bytes;
}

static struct damon_action_done apply_all(struct child *c, const char *action)
{
	struct damon_action_range r = {(uintptr_t)c->mem, (uintptr_t)c->mem + CHILD_BYTES};
	struct damon_action_done done = {0};
	int err = damon_action_find(action)->apply(&c->run.run, &r, 1, &done);

	cr_expect_eq(err, 0, "%s: %s", action, c->run.why.text);
	return done;
}

Test(advise, real_cold_is_not_referenced_any_more, .timeout = 60)
{
	static struct child c;
	struct damon_action_done done;

	if (!may_advise("cold"))
		cr_skip("this user may not advise");
	child_start(&c);
	cr_expect_gt(referenced(&c), CHILD_BYTES / 2);
	done = apply_all(&c, "cold");
	cr_expect_eq(done.applied, CHILD_BYTES, "%g MiB", (double)done.applied / (1 << 20));
	cr_expect_eq(done.verified, -1);
	cr_expect_lt(referenced(&c), CHILD_BYTES / 8);
	child_end(&c);
}

Test(advise, real_willneed_of_what_is_there_changes_nothing, .timeout = 60)
{
	static struct child c;
	struct damon_action_done done;

	if (!may_advise("willneed"))
		cr_skip("this user may not advise");
	child_start(&c);
	done = apply_all(&c, "willneed");
	cr_expect_eq(done.skipped, CHILD_BYTES);
	cr_expect_eq(done.failed, 0, "%s", c.run.why.text);
	child_end(&c);
}

Test(advise, real_collapse_makes_huge_pages, .timeout = 60)
{
	static struct child c;
	struct damon_action_done done;
	struct damon_page_sums sums = {0};

	if (!may_advise("collapse"))
		cr_skip("this user may not advise, or there are no huge pages");
	child_start(&c);
	done = apply_all(&c, "collapse");
	cr_assert_eq(damon_pagemap_sum(&c.pages, (uintptr_t)c.mem, (uintptr_t)c.mem + CHILD_BYTES,
				       &sums),
		     0);
	if (!done.applied && (done.err == ENOMEM || done.err == EBUSY))
		cr_skip("no huge page is free: %s", c.run.why.text);
	/* khugepaged may have been there before */
	cr_expect_lt(done.failed, CHILD_BYTES, "%s", c.run.why.text);
	cr_expect_eq(done.applied + done.skipped + done.failed, CHILD_BYTES);
	if (done.verified == 1)
		cr_expect_geq(sums.huge, CHILD_BYTES - done.failed);
	/* again: those are there */
	cr_expect_geq(apply_all(&c, "collapse").skipped, CHILD_BYTES - done.failed);
	child_end(&c);
}

Test(advise, real_pageout_needs_swap, .timeout = 60)
{
	static struct child c;
	struct damon_action_done done;
	struct damon_fail why;

	if (damon_need_swap(&damon_sys_real, &why) || !may_advise("pageout"))
		cr_skip("no swap, or no right to");
	child_start(&c);
	done = apply_all(&c, "pageout");
	cr_expect_gt(done.applied, CHILD_BYTES / 2, "%s", c.run.why.text);
	cr_expect_eq(done.verified, 1);
	child_end(&c);
}

/* The process ends and is waited for: its pid may be another's by now. */
Test(advise, real_process_that_has_ended, .timeout = 60)
{
	static const char *const actions[] = {"cold",	  "willneed", "pageout",
					      "collapse", "lru_prio", "migrate_hot"};
	static struct child c;

	if (!damon_has_cap(&damon_sys_real, CAP_SYS_NICE))
		cr_skip("no CAP_SYS_NICE");
	child_start(&c);
	kill(c.pid, SIGKILL);
	waitpid(c.pid, NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		struct damon_action_range r = {(uintptr_t)c.mem, (uintptr_t)c.mem + CHILD_BYTES};
		struct damon_action_done done = {0};
		int err = damon_action_find(actions[i])->apply(&c.run.run, &r, 1, &done);

		cr_expect_eq(err, -ESRCH, "%s: %d %s", actions[i], err, c.run.why.text);
		cr_expect_eq(done.applied, 0);
	}
	damon_pagemap_close(&c.pages);
	close(c.pid_fd);
}
