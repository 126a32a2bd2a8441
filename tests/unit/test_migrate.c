/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tests/kit/fake_pages.h"

#define PAGE DAMON_PAGE_SIZE

Test(migrate, rows)
{
	static const struct {
		const char *name, *pages;
		int to, there; /* pages at the start that are on the node already */
		int nid, fail_err, fail_from, fail_times;
		bool no_pagemap, exited;
		int err, applied, skipped, failed;
		const char *reason;
		int asks, calls; /* 0: any */
	} rows[] = {
		{"all", "64p", 64, .nid = 1, .applied = 64, .asks = 1, .calls = 1},
		{"all there already", "64p", 64, 64, .nid = 1, .skipped = 64, .asks = 2},
		{"some there already", "64p", 64, 20, .nid = 1, .applied = 44, .skipped = 20},
		{"not what is out", "8p8s8-", 24, .nid = 1, .applied = 8, .skipped = 16},
		{"nor the page of zeroes", "8p8z", 16, .nid = 1, .applied = 8, .skipped = 8},
		{"nothing", "8s", 8, .nid = 1, .skipped = 8},
		{"a huge page by one address", "512H", 512, .nid = 1, .applied = 512, .asks = 1},
		{"shared pages", "8p4k", 12, .nid = 1, .applied = 8, .failed = 4,
		 .reason = "several processes"},
		{"one that is in use ends the call early", "8p1b8p", 17, .nid = 1, .applied = 17},
		{"more of them than tries", "8p2b2b2b2b8p", 24, .nid = 1, .applied = 11,
		 .failed = 13, .reason = "in use"},
		{"more than a batch", "2048p", 2048, .nid = 2, .applied = 2048},
		{"no such node", "8p", 8, .nid = 9, .err = -ENODEV, .reason = "node 9"},
		{"full node", "8p", 8, .nid = 1, ENOMEM, 0, 99, .err = -ENOMEM,
		 .reason = "no room"},
		{"node not allowed", "8p", 8, .nid = 1, EACCES, 0, 99, .err = -EACCES,
		 .reason = "may not use"},
		{"not allowed", "8p", 8, .nid = 1, EPERM, 0, 99, .err = -EPERM,
		 .reason = "not permitted"},
		{"interrupted twice", "8p", 8, .nid = 1, EINTR, 0, 2, .applied = 8},
		{"interrupted always", "8p", 8, .nid = 1, EAGAIN, 0, 99, .failed = 8,
		 .reason = "in use"},
		{"gone", "8p", 8, .nid = 1, .exited = true, .err = -ESRCH, .reason = "ended"},
		{"gone in the call", "8p", 8, .nid = 1, ESRCH, 0, 99, .err = -ESRCH,
		 .reason = "ended"},
		{"pagemap may not be read", "8p", 8, .nid = 1, .no_pagemap = true, .err = -EACCES,
		 .reason = "cannot be read"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_action_range r = {FAKE_ADDR(0), FAKE_ADDR(rows[i].to)};
		struct damon_action_done done = {0};
		static struct fake_pages w;
		static struct fake_run run;
		int err;

		fake_pages_init(&w, rows[i].pages);
		for (int k = 0; k < rows[i].there; k++)
			w.page[k].node = rows[i].nid;
		w.fail_err = rows[i].fail_err;
		w.fail_from = rows[i].fail_from;
		w.fail_times = rows[i].fail_times;
		w.no_pagemap = rows[i].no_pagemap;
		fake_run_init(&run, &w);
		w.exited = rows[i].exited;
		run.scheme.target_nid = rows[i].nid;
		err = damon_apply_migrate(&run.run, &r, 1, &done);
		cr_expect_eq(err, rows[i].err, "%s: %d %s", rows[i].name, err, run.why.text);
		cr_expect_eq(done.applied, rows[i].applied * PAGE, "%s: %g", rows[i].name,
			     (double)done.applied / PAGE);
		cr_expect_eq(done.skipped, rows[i].skipped * PAGE, "%s: %g", rows[i].name,
			     (double)done.skipped / PAGE);
		cr_expect_eq(done.failed, rows[i].failed * PAGE, "%s: %g", rows[i].name,
			     (double)done.failed / PAGE);
		cr_expect(rows[i].reason ? strstr(run.why.text, rows[i].reason) != NULL
					 : !run.why.text[0],
			  "%s: %s", rows[i].name, run.why.text);
		if (rows[i].asks)
			cr_expect_eq(w.nr_asks, rows[i].asks, "%s: %d", rows[i].name, w.nr_asks);
		if (rows[i].calls)
			cr_expect_eq(w.nr_calls, rows[i].calls, "%s", rows[i].name);
	}
}

/* Weights are kept page by page, and a second time nothing moves. */
Test(migrate, weights)
{
	struct damon_action_range r = {FAKE_ADDR(0), FAKE_ADDR(400)};
	struct damon_action_done done = {0};
	static struct fake_pages w;
	static struct fake_run run;
	int at[4] = {0};

	fake_pages_init(&w, "400p");
	for (int i = 0; i < 400; i++)
		w.page[i].node = 3;
	fake_run_init(&run, &w);
	run.scheme.dests[0] = (struct damos_dest){0, 3};
	run.scheme.dests[1] = (struct damos_dest){2, 1};
	run.scheme.nr_dests = 2;
	cr_assert_eq(damon_apply_migrate(&run.run, &r, 1, &done), 0, "%s", run.why.text);
	for (int i = 0; i < 400; i++)
		at[w.page[i].node]++;
	cr_expect(at[0] == 300 && at[2] == 100, "%d %d %d %d", at[0], at[1], at[2], at[3]);
	cr_expect_eq(done.applied, 400 * PAGE);
	done = (struct damon_action_done){0};
	cr_assert_eq(damon_apply_migrate(&run.run, &r, 1, &done), 0);
	cr_expect_eq(done.skipped, 400 * PAGE);
	cr_expect_eq(done.applied, 0);
}

/* Every other page is at its destination already: none of those counts as moved. */
Test(migrate, weights_of_which_one_is_where_they_are)
{
	struct damon_action_range r = {FAKE_ADDR(0), FAKE_ADDR(2048)};
	struct damon_action_done done = {0};
	static struct fake_pages w;
	static struct fake_run run;

	fake_pages_init(&w, "2048p");
	for (int i = 0; i < 2048; i++)
		w.page[i].node = 1;
	fake_run_init(&run, &w);
	run.scheme.dests[0] = (struct damos_dest){0, 1};
	run.scheme.dests[1] = (struct damos_dest){1, 1};
	run.scheme.nr_dests = 2;
	cr_assert_eq(damon_apply_migrate(&run.run, &r, 1, &done), 0, "%s", run.why.text);
	cr_expect_eq(done.applied, 1024 * PAGE, "%g", (double)done.applied / PAGE);
	cr_expect_eq(done.skipped, 1024 * PAGE);
}

Test(migrate, destinations_are_checked)
{
	static const struct {
		const char *name;
		int nid;
		struct damos_dest dests[2];
		size_t nr_dests;
		int err;
		const char *reason;
	} rows[] = {
		{"a node", 1, {{0}}, 0, 0, NULL},
		{"none", -1, {{0}}, 0, -EINVAL, "needs a node"},
		{"not there", 5, {{0}}, 0, -ENODEV, "node 5"},
		{"of processors alone", 2, {{0}}, 0, -ENODEV, "node 2"},
		{"two", -1, {{0, 1}, {1, 2}}, 2, 0, NULL},
		{"the second is not there", -1, {{0, 1}, {7, 2}}, 2, -ENODEV, "node 7"},
	};
	static const struct fake_file files[] = {{"/sys/devices/system/node/has_memory", "0-1\n"},
						 {"/sys/devices/system/node/node0/meminfo",
						  "Node 0 MemTotal: 9 kB\nNode 0 MemFree: 1 kB\n"},
						 {"/sys/devices/system/node/node1/meminfo",
						  "Node 1 MemTotal: 9 kB\nNode 1 MemFree: 1 kB\n"},
						 {"/sys/devices/system/node/node2/meminfo",
						  "Node 2 MemTotal: 0 kB\nNode 2 MemFree: 0 kB\n"},
						 {0}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = {.action = "migrate_cold",
				  .target_nid = rows[i].nid,
				  .nr_dests = rows[i].nr_dests};
		const struct damon_action *act = NULL;
		struct damon_fail why = {0};
		struct fake_sys world;

		memcpy(s.dests, rows[i].dests, sizeof(rows[i].dests));
		fake_sys_init(&world, files);
		cr_expect_eq(damon_action_check(&world.sys, &s, &act, &why), rows[i].err, "%s: %s",
			     rows[i].name, why.text);
		cr_expect_str_eq(act->name, "migrate_cold");
		if (rows[i].reason)
			cr_expect(strstr(why.text, rows[i].reason), "%s: %s", rows[i].name,
				  why.text);
	}
}

/* The kernel's own: to the node where it is, as there may be no other; and to none. */
Test(migrate, real)
{
	static struct fake_run run;
	static char mem[64 * 4096] __attribute__((aligned(4096)));
	struct damon_action_range r = {(uintptr_t)mem, (uintptr_t)mem + sizeof(mem)};
	struct damon_action_done done = {0};
	struct damon_pagemap m;
	int err;

	memset(mem, 1, sizeof(mem));
	cr_assert_eq(damon_pagemap_open(&damon_sys_real, getpid(), &m), 0);
	run.run = (struct damon_action_run){.sys = &damon_sys_real,
					    .pid = getpid(),
					    .pages = &m,
					    .scheme = &run.scheme,
					    .memo = &run.memo,
					    .scratch = run.scratch,
					    .why = &run.why};
	run.scheme.target_nid = 0;
	err = damon_apply_migrate(&run.run, &r, 1, &done);
	if (err == -ENOSYS || err == -EPERM)
		cr_skip("no move_pages: %s", run.why.text);
	cr_expect_eq(err, 0, "%s", run.why.text);
	cr_expect_eq(done.applied + done.skipped + done.failed, sizeof(mem));
	cr_expect_eq(done.failed, 0, "%s", run.why.text);
	run.scheme.target_nid = 1000;
	cr_expect_eq(damon_apply_migrate(&run.run, &r, 1, &done), -ENODEV, "%s", run.why.text);
	damon_pagemap_close(&m);
}
