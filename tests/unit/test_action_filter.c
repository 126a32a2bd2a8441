/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "action/filter.h"
#include "base/util.h"
#include "tests/kit/fake_pages.h"

#define PAGE DAMON_PAGE_SIZE
#define ANON(m, a)                                                                                 \
	{                                                                                          \
		.type = DAMOS_FILTER_ANON, .matching = m, .allow = a                               \
	}
#define ACTIVE(m, a)                                                                               \
	{                                                                                          \
		.type = DAMOS_FILTER_ACTIVE, .matching = m, .allow = a                             \
	}
#define UNMAPPED(m, a)                                                                             \
	{                                                                                          \
		.type = DAMOS_FILTER_UNMAPPED, .matching = m, .allow = a                           \
	}
#define SIZE(m, a, lo, hi)                                                                         \
	{                                                                                          \
		.type = DAMOS_FILTER_HUGEPAGE_SIZE, .matching = m, .allow = a, .size = { lo, hi }  \
	}
#define MEMCG(m, a, path)                                                                          \
	{                                                                                          \
		.type = DAMOS_FILTER_MEMCG, .matching = m, .allow = a, .memcg = path               \
	}
#define ADDR(m, a)                                                                                 \
	{                                                                                          \
		.type = DAMOS_FILTER_ADDR, .matching = m, .allow = a, .end = UINT64_MAX            \
	}
#define MIB (1ull << 20)

static const char *ranges_text(const struct damon_action_range *r, size_t n)
{
	static char text[256];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n && len + 32 < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d-%d", i ? " " : "",
					(int)((r[i].start - FAKE_BASE) / PAGE),
					(int)((r[i].end - FAKE_BASE) / PAGE));
	return text;
}

static const char *cgroup_text;

static ssize_t read_cgroup(const struct damon_sys *s, const char *path, void *buf, size_t cap)
{
	size_t n;

	if (strcmp(path, "/proc/7/cgroup") != 0 || !cgroup_text)
		return -ENOENT;
	n = MIN(strlen(cgroup_text), cap);
	memcpy(buf, cgroup_text, n);
	return (ssize_t)n;
}

struct row {
	const char *name, *pages;
	int from, to;
	struct damos_filter filters[3];
	size_t nr_filters;
	enum damon_action_work work;
	uint64_t grain, most; /* pages; 0: 1, all */
	bool whole_huge, off, no_pagemap;
	size_t cap;
	int err;
	const char *ranges;
	int passed, work_pages, walked;
};

static void check_row(const struct row *r)
{
	static struct fake_pages w;
	struct damos s = {.nr_filters = r->nr_filters};
	struct damon_pagemap m = DAMON_PAGEMAP_NONE;
	struct damon_page_filters f;
	struct damon_action_range out[64];
	struct damon_filtered got = {0};
	const struct damon_walk_params p = {.work = r->work,
					    .grain = r->grain ? r->grain * PAGE : PAGE,
					    .whole_huge = r->whole_huge,
					    .most = r->most ? r->most * PAGE : UINT64_MAX};
	int err;

	memcpy(s.filters, r->filters, sizeof(r->filters));
	fake_pages_init(&w, r->pages);
	w.fake.sys.read_file = read_cgroup;
	cgroup_text = "0::/user.slice/a\n";
	if (!r->no_pagemap)
		cr_assert_eq(damon_pagemap_open(&w.fake.sys, FAKE_PID, &m), 0);
	cr_assert_eq(
		damon_page_filters_init(&f, &w.fake.sys, FAKE_PID, &s, r->no_pagemap ? NULL : &m),
		0);
	f.off = r->off;
	err = damon_page_filters_walk(&f, &p, FAKE_ADDR(r->from), FAKE_ADDR(r->to), out,
				      r->cap ? r->cap : ARRAY_SIZE(out), &got);
	cr_expect_eq(err, r->err, "%s: %d", r->name, err);
	damon_pagemap_close(&m);
	if (err)
		return;
	cr_expect_str_eq(ranges_text(out, got.nr), r->ranges, "%s: %s", r->name,
			 ranges_text(out, got.nr));
	cr_expect_eq(got.passed, r->passed * PAGE, "%s: passed %g", r->name,
		     (double)got.passed / PAGE);
	cr_expect_eq(got.work, r->work_pages * PAGE, "%s: work %g", r->name,
		     (double)got.work / PAGE);
	cr_expect_eq(got.walked, FAKE_ADDR(r->walked), "%s: walked %g", r->name,
		     (double)(got.walked - FAKE_BASE) / PAGE);
}

Test(action_filter, what_passes)
{
	static const struct row rows[] = {
		{"allow anon",
		 "2p2f2s2S-p",
		 0,
		 10,
		 {ANON(1, 1)},
		 1,
		 .ranges = "0-2 4-6 9-10",
		 .passed = 5,
		 .work_pages = 5,
		 .walked = 10},
		{"reject anon",
		 "2p2f2s2S-p",
		 0,
		 10,
		 {ANON(1, 0)},
		 1,
		 .ranges = "2-4 6-8",
		 .passed = 4,
		 .work_pages = 4,
		 .walked = 10},
		{"allow what is not anon",
		 "2p2f",
		 0,
		 4,
		 {ANON(0, 1)},
		 1,
		 .ranges = "2-4",
		 .passed = 2,
		 .work_pages = 2,
		 .walked = 4},
		{"reject what is not anon",
		 "2p2f",
		 0,
		 4,
		 {ANON(0, 0)},
		 1,
		 .ranges = "0-2",
		 .passed = 2,
		 .work_pages = 2,
		 .walked = 4},
		{"the first that applies decides",
		 "2a2p2f",
		 0,
		 6,
		 {ACTIVE(1, 0), ANON(1, 1)},
		 2,
		 .ranges = "2-4",
		 .passed = 2,
		 .work_pages = 2,
		 .walked = 6},
		{"what none decides passes",
		 "2a2p2f",
		 0,
		 6,
		 {ANON(0, 1), ACTIVE(1, 0)},
		 2,
		 .ranges = "2-6",
		 .passed = 4,
		 .work_pages = 4,
		 .walked = 6},
		{"unless the last allows",
		 "2a2p2f",
		 0,
		 6,
		 {ANON(0, 0), ACTIVE(1, 1)},
		 2,
		 .ranges = "0-2",
		 .passed = 2,
		 .work_pages = 2,
		 .walked = 6},
		{"active",
		 "2a2p",
		 0,
		 4,
		 {ACTIVE(1, 1)},
		 1,
		 .ranges = "0-2",
		 .passed = 2,
		 .work_pages = 2,
		 .walked = 4},
		{"no page of a process is unmapped",
		 "4p",
		 0,
		 4,
		 {UNMAPPED(1, 1)},
		 1,
		 .ranges = "",
		 .walked = 4},
		{"all are mapped",
		 "4p",
		 0,
		 4,
		 {UNMAPPED(0, 1)},
		 1,
		 .ranges = "0-4",
		 .passed = 4,
		 .work_pages = 4,
		 .walked = 4},
		{"huge",
		 "512H4p",
		 0,
		 516,
		 {SIZE(1, 1, 2 * MIB, 2 * MIB)},
		 1,
		 .ranges = "0-512",
		 .passed = 512,
		 .work_pages = 512,
		 .walked = 516},
		{"small",
		 "512H4p",
		 0,
		 516,
		 {SIZE(1, 1, 0, 4096)},
		 1,
		 .ranges = "512-516",
		 .passed = 4,
		 .work_pages = 4,
		 .walked = 516},
		{"memcg",
		 "4p",
		 0,
		 4,
		 {MEMCG(1, 1, "/user.slice")},
		 1,
		 .ranges = "0-4",
		 .passed = 4,
		 .work_pages = 4,
		 .walked = 4},
		{"another",
		 "4p",
		 0,
		 4,
		 {MEMCG(1, 1, "/user.slice/b")},
		 1,
		 .ranges = "",
		 .walked = 4},
		{"a core filter decided",
		 "2p2f",
		 0,
		 4,
		 {ADDR(1, 1), ANON(1, 0)},
		 2,
		 .off = true,
		 .ranges = "0-4",
		 .passed = 4,
		 .work_pages = 4,
		 .walked = 4},
		{"a core filter is not asked again",
		 "2p2f",
		 0,
		 4,
		 {ADDR(1, 1), ANON(1, 0)},
		 2,
		 .ranges = "2-4",
		 .passed = 2,
		 .work_pages = 2,
		 .walked = 4},
		{"filters without pagemap",
		 "4p",
		 0,
		 4,
		 {ANON(1, 1)},
		 1,
		 .no_pagemap = true,
		 .err = -EACCES},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

Test(action_filter, what_is_work)
{
	static const struct row rows[] = {
		{"all, without looking", "4p4h", 0, 8, .no_pagemap = true, .ranges = "0-8",
		 .passed = 8, .work_pages = 8, .walked = 8},
		{"present", "2-2p2s2p2-", 0, 10, .work = DAMON_WORK_PRESENT, .ranges = "2-8",
		 .passed = 10, .work_pages = 4, .walked = 10},
		{"nothing of it", "8s", 0, 8, .work = DAMON_WORK_PRESENT, .ranges = "", .passed = 8,
		 .walked = 8},
		{"far apart", "2p1020-2p", 0, 1024, .work = DAMON_WORK_PRESENT,
		 .ranges = "0-2 1022-1024", .passed = 1024, .work_pages = 4, .walked = 1024},
		{"absent", "2p2s2-2p", 0, 8, .work = DAMON_WORK_ABSENT, .ranges = "2-6",
		 .passed = 8, .work_pages = 4, .walked = 8},
		{"some of the work", "2-8p", 0, 10, .work = DAMON_WORK_PRESENT, .most = 3,
		 .ranges = "2-5", .passed = 5, .work_pages = 3, .walked = 5},
		{"exactly the work", "3p2-", 0, 5, .work = DAMON_WORK_PRESENT, .most = 3,
		 .ranges = "0-3", .passed = 3, .work_pages = 3, .walked = 3},
		{"no room for more",
		 "p-p-p",
		 0,
		 5,
		 {ANON(1, 1)},
		 1,
		 .work = DAMON_WORK_PRESENT,
		 .cap = 2,
		 .ranges = "0-1 2-3",
		 .passed = 2,
		 .work_pages = 2,
		 .walked = 4},
		{"huge pages are cut", "512H", 0, 512, .work = DAMON_WORK_PRESENT, .most = 100,
		 .ranges = "0-100", .passed = 100, .work_pages = 100, .walked = 100},
		{"or not", "1024H", 0, 1024, .work = DAMON_WORK_PRESENT, .most = 100,
		 .whole_huge = true, .ranges = "0-512", .passed = 512, .work_pages = 512,
		 .walked = 512},
		{"large slices end at huge pages", "2048p", 100, 2048, .no_pagemap = true,
		 .most = 1500, .ranges = "100-1536", .passed = 1436, .work_pages = 1436,
		 .walked = 1536},
		{"units", "1000p512H24-", 100, 1536, .work = DAMON_WORK_ANY, .grain = 512,
		 .ranges = "512-1024", .passed = 1436, .work_pages = 512, .walked = 1536},
		{"an empty unit", "512-512p", 0, 1024, .work = DAMON_WORK_ANY, .grain = 512,
		 .ranges = "512-1024", .passed = 1024, .work_pages = 512, .walked = 1024},
		{"a unit from swap", "512s", 0, 512, .work = DAMON_WORK_ANY, .grain = 512,
		 .ranges = "0-512", .passed = 512, .work_pages = 512, .walked = 512},
		{"a unit at once", "2048p", 0, 2048, .work = DAMON_WORK_ANY, .grain = 512,
		 .most = 1, .ranges = "0-512", .passed = 512, .work_pages = 512, .walked = 512},
		{"not one whole", "600p", 100, 600, .work = DAMON_WORK_ANY, .grain = 512,
		 .ranges = "", .passed = 500, .walked = 600},
		{"a unit with a page that does not pass",
		 "511p1f512p",
		 0,
		 1024,
		 {ANON(1, 1)},
		 1,
		 .work = DAMON_WORK_ANY,
		 .grain = 512,
		 .ranges = "512-1024",
		 .passed = 512,
		 .work_pages = 512,
		 .walked = 1024},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

/* However large a range of nothing is, a walk ends soon, and the next one goes on. */
Test(action_filter, walks_are_bounded)
{
	static struct fake_pages w;
	struct damos s = {0};
	struct damon_pagemap m;
	struct damon_page_filters f;
	struct damon_action_range out[4];
	struct damon_filtered got;
	uint64_t at = FAKE_BASE, end = FAKE_BASE + (200ull << 20);
	int walks = 0;
	const struct damon_walk_params p = {DAMON_WORK_PRESENT, PAGE, false, UINT64_MAX};

	fake_pages_init(&w, "");
	cr_assert_eq(damon_pagemap_open(&w.fake.sys, FAKE_PID, &m), 0);
	cr_assert_eq(damon_page_filters_init(&f, &w.fake.sys, FAKE_PID, &s, &m), 0);
	for (; at < end; at = got.walked, walks++) {
		cr_assert_eq(damon_page_filters_walk(&f, &p, at, end, out, 4, &got), 0);
		cr_assert_gt(got.walked, at);
		cr_assert_leq(got.walked - at, 64 << 20);
	}
	cr_expect_eq(walks, 4);
	damon_pagemap_close(&m);
}

Test(action_filter, memory_cgroups)
{
	static const struct {
		const char *text, *group;
		bool in;
	} rows[] = {
		{"0::/user.slice/a.scope\n", "/user.slice/a.scope", true},
		{"0::/user.slice/a.scope\n", "/user.slice", true},
		{"0::/user.slice/a.scope\n", "/user.slice/", true},
		{"0::/user.slice/a.scope\n", "/", true},
		{"0::/\n", "/", true},
		{"0::/user.slicer\n", "/user.slice", false},
		{"0::/user.slice\n", "/user.slice/a", false},
		{"0::/\n", "/a", false},
		{"4:cpu,memory:/a\n3:cpu:/b\n0::/c\n", "/a", true},
		{"4:cpu,memory:/a\n3:cpu:/b\n0::/c\n", "/b", false},
		{"4:cpu,memory:/a\n3:cpu:/b\n0::/c\n", "/c", false},
		{"4:memory_x:/a\n0::/c\n", "/a", false},
		{"4:memory_x:/a\n0::/c\n", "/c", true},
		{"9:name=systemd:/memory\n0::/c\n", "/memory", false},
		{"", "/a", false},
		{"\n\n::\n:", "/a", false},
		{"4:memory", "/a", false},
		{"4:memory\n:/a", "/a", false},
		{"0::/a", "/a", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = {.filters = {MEMCG(1, 1, rows[i].group)}, .nr_filters = 1};
		struct damon_page_filters f;
		struct fake_sys world;

		fake_sys_init(&world, NULL);
		world.sys.read_file = read_cgroup;
		cgroup_text = rows[i].text;
		cr_assert_eq(damon_page_filters_init(&f, &world.sys, FAKE_PID, &s, NULL), 0);
		cr_expect_eq(f.in_memcg, rows[i].in, "row %zu", i);
		cgroup_text = NULL;
		cr_expect_eq(damon_page_filters_init(&f, &world.sys, FAKE_PID, &s, NULL), -ESRCH);
	}
}

Test(action_filter, refusals)
{
#define STATUS(caps)                                                                               \
	{                                                                                          \
		"/proc/self/status", "x\nCapEff:\t" caps "\n"                                      \
	}
#define ROOT STATUS("000001ffffffffff")
#define USER STATUS("0000000000800000")
#define LINUX(v)                                                                                   \
	{                                                                                          \
		"/proc/sys/kernel/osrelease", v                                                    \
	}
#define KPF                                                                                        \
	{                                                                                          \
		"/proc/kpageflags", ""                                                             \
	}
#define CGROUP                                                                                     \
	{                                                                                          \
		"/proc/self/cgroup", "0::/\n"                                                      \
	}
#define MOUNT                                                                                      \
	{                                                                                          \
		"/proc/self/mountinfo", "30 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n"               \
	}
#define GROUP                                                                                      \
	{                                                                                          \
		"/cg/a/cgroup.procs", ""                                                           \
	}
	static const struct {
		const char *name;
		struct damos_filter filter;
		struct fake_file files[5];
		int err;
		const char *reason;
	} rows[] = {
		{"active as root", ACTIVE(1, 1), {ROOT, KPF}, 0, NULL},
		{"active as a user", ACTIVE(1, 1), {USER, KPF}, -EPERM, "root's"},
		{"active without kpageflags", ACTIVE(1, 1), {ROOT}, -EPERM, "kpageflags"},
		{"size on a new kernel", SIZE(1, 1, 0, 1), {USER, LINUX("6.12")}, 0, NULL},
		{"size on an old one", SIZE(1, 1, 0, 1), {USER, LINUX("6.1")}, -ENOTSUP, "6.7"},
		{"size on an old one as root",
		 SIZE(1, 1, 0, 1),
		 {ROOT, KPF, LINUX("6.1")},
		 0,
		 NULL},
		{"memcg", MEMCG(1, 1, "/a"), {USER, CGROUP}, 0, NULL},
		{"memcg without", MEMCG(1, 1, "/a"), {USER}, -ENOTSUP, "no cgroups"},
		{"one that is mounted", MEMCG(1, 1, "/a"), {USER, CGROUP, MOUNT, GROUP}, 0, NULL},
		{"one that is not there",
		 MEMCG(1, 0, "/b"),
		 {USER, CGROUP, MOUNT, GROUP},
		 -ENOENT,
		 "no cgroup '/b'"},
		{"a folder, not a path",
		 MEMCG(1, 0, "/cg/a"),
		 {USER, CGROUP, MOUNT, GROUP},
		 -ENOENT,
		 "no cgroup '/cg/a'"},
		{"its own, mounted elsewhere",
		 MEMCG(1, 1, "/docker/1"),
		 {USER, {"/proc/self/cgroup", "0::/docker/1\n"}, MOUNT},
		 0,
		 NULL},
		{"a path that is none", MEMCG(1, 1, "a"), {USER, CGROUP}, -EINVAL, "'a'"},
		{"no path", MEMCG(1, 1, NULL), {USER, CGROUP}, -EINVAL, "''"},
		{"anon", ANON(1, 1), {USER}, 0, NULL},
		{"unmapped", UNMAPPED(1, 1), {USER}, 0, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = {.action = "stat", .filters = {rows[i].filter}, .nr_filters = 1};
		struct damon_fail why = {0};
		struct fake_sys world;

		fake_sys_init(&world, rows[i].files);
		cr_expect_eq(damon_action_check(&world.sys, &s, NULL, &why), rows[i].err, "%s: %s",
			     rows[i].name, why.text);
		if (rows[i].reason)
			cr_expect(strstr(why.text, rows[i].reason), "%s: %s", rows[i].name,
				  why.text);
		cr_expect_eq(world.nr_open, 0);
	}
	cr_expect(strstr(damon_filter_refusal("young"), "accessed bits"));
	cr_expect_null(damon_filter_refusal("anon"));
}
