/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"
#include "os/pagemap.h"
#include "tests/kit/fake_pages.h"

/* Runs as a text: "0-3p 5-9ps": pages, and p present, s swapped, f file, h huge, z zero. */
static const char *text_of(const struct damon_page_run *r, ssize_t n)
{
	static char text[512];
	size_t len = 0;

	text[0] = '\0';
	for (ssize_t i = 0; i < n && len + 64 < sizeof(text); i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s%llu-%llu%s%s%s%s%s", i ? " " : "",
			(unsigned long long)(r[i].start - FAKE_BASE) / DAMON_PAGE_SIZE,
			(unsigned long long)(r[i].end - FAKE_BASE) / DAMON_PAGE_SIZE,
			r[i].flags & DAMON_PAGE_PRESENT ? "p" : "",
			r[i].flags & DAMON_PAGE_SWAPPED ? "s" : "",
			r[i].flags & DAMON_PAGE_FILE ? "f" : "",
			r[i].flags & DAMON_PAGE_HUGE ? "h" : "",
			r[i].flags & DAMON_PAGE_ZERO ? "z" : "");
	return text;
}

Test(pagemap, runs)
{
	static const struct {
		const char *name, *pages;
		int from, to;
		bool no_scan, hide, no_kpageflags, no_files;
		size_t cap;
		const char *runs;
		int walked;
	} rows[] = {
		{"of a kind", "3p2s2f-S", 0, 9, .runs = "0-3p 3-5s 5-7pf 8-9sf", .walked = 9},
		{"words tell the same", "3p2s2f-S", 0, 9, .no_scan = true,
		 .runs = "0-3p 3-5s 5-7pf 8-9sf", .walked = 9},
		{"files are not asked for", "3p2s2f-S", 0, 9, .no_files = true,
		 .runs = "0-3p 3-5s 5-7p 8-9s", .walked = 9},
		{"nor of words", "3p2s2f-S", 0, 9, .no_scan = true, .no_files = true,
		 .runs = "0-3p 3-5s 5-7p 8-9s", .walked = 9},
		{"a part", "3p2s2f-S", 2, 4, .runs = "2-3p 3-4s", .walked = 4},
		{"nothing there", "8-", 0, 8, .runs = "", .walked = 8},
		{"nothing mapped", "8h", 0, 8, .no_scan = true, .runs = "", .walked = 8},
		{"no room", "psps", 0, 4, .cap = 2, .runs = "0-1p 1-2s", .walked = 2},
		{"no room for words", "psps", 0, 4, .no_scan = true, .cap = 2, .runs = "0-1p 1-2s",
		 .walked = 2},
		{"huge", "512H8p", 0, 520, .runs = "0-512ph 512-520p", .walked = 520},
		{"huge by kpageflags", "512H8p", 0, 520, .no_scan = true,
		 .runs = "0-512ph 512-520p", .walked = 520},
		{"frames are hidden", "512H8p", 0, 520, .no_scan = true, .hide = true,
		 .runs = "0-520p", .walked = 520},
		{"no kpageflags", "512H8p", 0, 520, .no_scan = true, .no_kpageflags = true,
		 .runs = "0-520p", .walked = 520},
		{"half of a huge page", "512H8p", 256, 520, .no_scan = true, .runs = "256-520p",
		 .walked = 520},
		{"zeroes", "2z2p", 0, 4, .runs = "0-2pz 2-4p", .walked = 4},
		{"nothing asked for", "4p", 2, 2, .runs = "", .walked = 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static struct fake_pages w;
		struct damon_page_run runs[16];
		struct damon_pagemap m;
		uint64_t walked = 0;
		ssize_t n;

		fake_pages_init(&w, rows[i].pages);
		w.no_scan = rows[i].no_scan;
		w.hide_frames = rows[i].hide;
		w.no_kpageflags = rows[i].no_kpageflags;
		cr_assert_eq(damon_pagemap_open(&w.fake.sys, FAKE_PID, &m), 0);
		m.files = !rows[i].no_files;
		n = damon_pagemap_runs(&m, FAKE_ADDR(rows[i].from), FAKE_ADDR(rows[i].to), runs,
				       rows[i].cap ? rows[i].cap : ARRAY_SIZE(runs), &walked);
		cr_expect_str_eq(text_of(runs, n), rows[i].runs, "%s: %s", rows[i].name,
				 text_of(runs, n));
		cr_expect_eq(walked, FAKE_ADDR(rows[i].walked), "%s", rows[i].name);
		cr_expect_eq(m.knows_huge,
			     !rows[i].no_scan || (!rows[i].hide && !rows[i].no_kpageflags) ||
				     n == 0,
			     "%s", rows[i].name);
		damon_pagemap_close(&m);
		damon_pagemap_close(&m); /* harmless */
		cr_expect_eq(w.fake.nr_open, 0, "%s", rows[i].name);
	}
}

Test(pagemap, sums_of_many_runs)
{
	for (int no_scan = 0; no_scan < 2; no_scan++) {
		static struct fake_pages w;
		struct damon_page_sums sums = {.present = 5};
		struct damon_pagemap m;

		fake_pages_init(&w, "1024p");
		for (int i = 0; i < 1024; i += 2)
			w.page[i] = (struct fake_page){.swapped = i % 4 == 0};
		w.no_scan = no_scan;
		cr_assert_eq(damon_pagemap_open(&w.fake.sys, FAKE_PID, &m), 0);
		cr_assert_eq(damon_pagemap_sum(&m, FAKE_ADDR(0), FAKE_ADDR(FAKE_PAGES), &sums), 0);
		cr_expect_eq(sums.present, 512 * DAMON_PAGE_SIZE + 5);
		cr_expect_eq(sums.swapped, 256 * DAMON_PAGE_SIZE);
		damon_pagemap_close(&m);
	}
}

/* After an exec, or the end, an open pagemap tells nothing. */
Test(pagemap, of_one_address_space)
{
	for (int no_scan = 0; no_scan < 2; no_scan++) {
		static struct fake_pages w;
		struct damon_page_sums sums = {0};
		struct damon_pagemap m;

		fake_pages_init(&w, "8p");
		w.no_scan = no_scan;
		cr_assert_eq(damon_pagemap_open(&w.fake.sys, FAKE_PID, &m), 0);
		w.executed = true;
		cr_expect_eq(damon_pagemap_sum(&m, FAKE_ADDR(0), FAKE_ADDR(8), &sums), -ESRCH);
		cr_expect_eq(sums.present, 0);
		damon_pagemap_close(&m);
		cr_assert_eq(damon_pagemap_open(&w.fake.sys, FAKE_PID, &m), 0);
		cr_expect_eq(damon_pagemap_sum(&m, FAKE_ADDR(0), FAKE_ADDR(8), &sums), 0);
		cr_expect_eq(sums.present, 8 * DAMON_PAGE_SIZE);
		damon_pagemap_close(&m);
	}
}

Test(pagemap, opening)
{
	static struct fake_pages w;
	struct damon_pagemap m;

	fake_pages_init(&w, "");
	cr_expect_eq(damon_pagemap_open(&w.fake.sys, FAKE_PID + 1, &m), -ESRCH);
	w.no_pagemap = true;
	cr_expect_eq(damon_pagemap_open(&w.fake.sys, FAKE_PID, &m), -EACCES);
}

Test(pagemap, kpageflags)
{
	static struct fake_pages w;
	struct damon_pagemap m;
	uint64_t flags[4];

	fake_pages_init(&w, "apsa");
	cr_assert_eq(damon_pagemap_open(&w.fake.sys, FAKE_PID, &m), 0);
	cr_assert_eq(damon_pagemap_kpageflags(&m, FAKE_ADDR(0), FAKE_ADDR(4), flags), 0);
	cr_expect(flags[0] & DAMON_KPF_ACTIVE && !flags[1] && !flags[2] &&
		  flags[3] & DAMON_KPF_ACTIVE);
	cr_expect_eq(damon_pagemap_kpageflags(&m, FAKE_ADDR(0), FAKE_ADDR(513), flags), -EINVAL);
	w.hide_frames = true;
	cr_expect_eq(damon_pagemap_kpageflags(&m, FAKE_ADDR(0), FAKE_ADDR(4), flags), -EPERM);
	damon_pagemap_close(&m);
}

/* What the kernel answers is checked: one that is none of its kind breaks nothing. */
static struct {
	long ret;
	struct damon_page_run runs[2];
	uint64_t walk_end;
} answer;

static int odd_ioctl(const struct damon_sys *s, int fd, unsigned long req, unsigned long arg)
{
	uint64_t *a = (uint64_t *)(uintptr_t)arg;

	memcpy((void *)(uintptr_t)a[5], answer.runs, sizeof(answer.runs));
	a[4] = answer.walk_end;
	return (int)answer.ret;
}

Test(pagemap, odd_answers)
{
	const uint64_t a = FAKE_ADDR(0), b = FAKE_ADDR(4), p = DAMON_PAGE_SIZE;
	const struct {
		const char *name;
		long ret;
		struct damon_page_run runs[2];
		uint64_t walk_end;
		ssize_t want;
		uint64_t walked;
	} rows[] = {
		{"good", 1, {{a, b, 8}}, b, 1, b},
		{"more than asked for", 17, {{a, b, 8}}, b, -EIO, 0},
		{"before the range", 1, {{a - p, b, 8}}, b, -EIO, 0},
		{"behind the range", 1, {{a, b + p, 8}}, b, -EIO, 0},
		{"ends before it starts", 1, {{b, a, 8}}, b, -EIO, 0},
		{"empty", 1, {{a, a, 8}}, b, -EIO, 0},
		{"overlap", 2, {{a, a + 2 * p, 8}, {a + p, b, 8}}, b, -EIO, 0},
		{"got nowhere", 0, {{0}}, a, 0, b},
		{"got too far", 0, {{0}}, b + p, 0, b},
		{"interrupted", -EINTR, {{0}}, b, -EINTR, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static struct fake_pages w;
		struct damon_page_run runs[16];
		struct damon_pagemap m;
		uint64_t walked = 0;

		fake_pages_init(&w, "4-");
		w.fake.sys.ioctl = odd_ioctl;
		answer.ret = rows[i].ret;
		memcpy(answer.runs, rows[i].runs, sizeof(answer.runs));
		answer.walk_end = rows[i].walk_end;
		cr_assert_eq(damon_pagemap_open(&w.fake.sys, FAKE_PID, &m), 0);
		cr_expect_eq(damon_pagemap_runs(&m, a, b, runs, 16, &walked), rows[i].want, "%s",
			     rows[i].name);
		cr_expect_eq(walked, rows[i].walked, "%s", rows[i].name);
		damon_pagemap_close(&m);
	}
}

/* Both ways tell the same of this process's own memory. */
Test(pagemap, real)
{
	const size_t bytes = 64 * DAMON_PAGE_SIZE;
	char *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct damon_pagemap m;

	cr_assert_neq(mem, MAP_FAILED);
	madvise(mem, bytes, MADV_NOHUGEPAGE);
	for (int i = 10; i < 20; i++)
		mem[(size_t)i * DAMON_PAGE_SIZE] = 1;
	cr_assert_eq(damon_pagemap_open(&damon_sys_real, getpid(), &m), 0);
	for (int scan = 1; scan >= 0; scan--) {
		struct damon_page_run runs[8];
		uint64_t walked = 0, start = (uintptr_t)mem;
		ssize_t n;

		m.scan = scan;
		n = damon_pagemap_runs(&m, start, start + bytes, runs, 8, &walked);
		cr_assert_eq(n, 1, "scan %d: %zd", scan, n);
		cr_expect_eq(runs[0].start, start + 10 * DAMON_PAGE_SIZE);
		cr_expect_eq(runs[0].end, start + 20 * DAMON_PAGE_SIZE);
		cr_expect_eq(runs[0].flags, DAMON_PAGE_PRESENT);
		cr_expect_eq(walked, start + bytes);
	}
	damon_pagemap_close(&m);
}
