/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"
#include "tests/kit/fake_pages.h"

#define PAGE DAMON_PAGE_SIZE

static void vanish(struct fake_pages *w) /* before the second pass */
{
	if (w->nr_calls == 2)
		w->page[3] = (struct fake_page){.hole = true};
}

Test(lru_prio, rows)
{
	static const struct {
		const char *name, *pages;
		int to, fail_err, fail_from, fail_times;
		bool no_pagemap, exited;
		void (*before)(struct fake_pages *w);
		int err, applied, skipped, failed, verified;
		const char *reason;
	} rows[] = {
		{"each twice", "8p", 8, .applied = 8, .verified = 1},
		{"not what would be brought in", "2p3s3-", 8, .applied = 2, .skipped = 6,
		 .verified = 1},
		{"a huge page by one byte", "512H", 512, .applied = 512, .verified = 1},
		{"more than a call takes", "1500p", 1500, .applied = 1500, .verified = 1},
		{"unmapped in between", "8p", 8, .before = vanish, .applied = 7, .failed = 1,
		 .verified = 1, .reason = "went away"},
		{"nothing", "8s", 8, .skipped = 8, .verified = 1},
		{"gone", "8p", 8, .exited = true, .err = -ESRCH, .verified = 1, .reason = "ended"},
		{"gone in the call", "8p", 8, ESRCH, 1, 9, .err = -ESRCH, .verified = 1,
		 .reason = "ended"},
		{"not allowed", "8p", 8, EPERM, 0, 9, .err = -EPERM, .verified = 1,
		 .reason = "not permitted"},
		{"no memory", "8p", 8, ENOMEM, 0, 9, .err = -ENOMEM, .verified = 1,
		 .reason = "allocate"},
		{"pagemap may not be read", "8p", 8, .no_pagemap = true, .err = -EACCES,
		 .reason = "cannot be read"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_action_range r = {FAKE_ADDR(0), FAKE_ADDR(rows[i].to)};
		struct damon_action_done done = {0};
		static struct fake_pages w;
		static struct fake_run run;
		int err;

		fake_pages_init(&w, rows[i].pages);
		w.fail_err = rows[i].fail_err;
		w.fail_from = rows[i].fail_from;
		w.fail_times = rows[i].fail_times;
		w.no_pagemap = rows[i].no_pagemap;
		w.before = rows[i].before;
		fake_run_init(&run, &w);
		w.exited = rows[i].exited;
		err = damon_apply_lru_prio(&run.run, &r, 1, &done);
		cr_expect_eq(err, rows[i].err, "%s: %d", rows[i].name, err);
		cr_expect_eq(done.applied, rows[i].applied * PAGE, "%s", rows[i].name);
		cr_expect_eq(done.skipped, rows[i].skipped * PAGE, "%s", rows[i].name);
		cr_expect_eq(done.failed, rows[i].failed * PAGE, "%s", rows[i].name);
		cr_expect_eq(done.verified, rows[i].verified, "%s", rows[i].name);
		cr_expect_eq(w.brought_in, 0, "%s", rows[i].name);
		cr_expect(rows[i].reason ? strstr(run.why.text, rows[i].reason) != NULL
					 : !run.why.text[0],
			  "%s: %s", rows[i].name, run.why.text);
		for (int k = 0; !err && k < rows[i].to; k++)
			cr_assert_eq(w.page[k].marks,
				     !w.page[k].present || (w.page[k].huge && k) ? 0 : 2,
				     "%s: page %d", rows[i].name, k);
	}
}

/* Of this process itself: inactive pages become active, if the flags may be seen. */
Test(lru_prio, real)
{
	static struct fake_run run;
	const size_t bytes = 64 * PAGE;
	char *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct damon_action_range r = {(uintptr_t)mem, (uintptr_t)mem + bytes};
	struct damon_action_done done = {0};
	struct damon_pagemap m;
	uint64_t flags[64];
	int active = 0;

	cr_assert_neq(mem, MAP_FAILED);
	madvise(mem, bytes, MADV_NOHUGEPAGE); /* of a huge page only the accessed bit is set */
	memset(mem, 1, bytes);
	cr_assert_eq(damon_pagemap_open(&damon_sys_real, getpid(), &m), 0);
	run.run = (struct damon_action_run){.sys = &damon_sys_real,
					    .pid = getpid(),
					    .pid_fd = -1,
					    .pages = &m,
					    .scheme = &run.scheme,
					    .memo = &run.memo,
					    .scratch = run.scratch,
					    .why = &run.why};
	cr_assert_eq(damon_apply_lru_prio(&run.run, &r, 1, &done), 0, "%s", run.why.text);
	cr_expect_eq(done.applied, bytes);
	cr_expect_eq(done.failed + done.skipped, 0);
	if (damon_pagemap_can_kpageflags(&damon_sys_real) &&
	    damon_pagemap_kpageflags(&m, r.start, r.end, flags) == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
			active += (flags[i] & (DAMON_KPF_ACTIVE | 1ull << 2)) != 0;
		cr_expect_gt(active, 32, "%d of 64 active or referenced", active);
	}
	damon_pagemap_close(&m);
}
