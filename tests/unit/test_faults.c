/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"
#include "perf/session.h"
#include "pmu/faults.h"
#include "tests/kit/fake_perf.h"

#define EVENTS "/sys/kernel/tracing/events/exceptions/page_fault_user/"
#define HEAD                                                                                       \
	"name: page_fault_user\nID: 190\nformat:\n"                                                \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"                     \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define TAIL  "\nprint fmt: \"address=0x%lx\", REC->address\n"
#define FIELD "\tfield:unsigned long "

static const char usual[] = HEAD FIELD "address;\toffset:8;\tsize:8;\tsigned:0;\n" FIELD
				       "ip;\toffset:16;\tsize:8;\tsigned:0;\n" FIELD
				       "error_code;\toffset:24;\tsize:8;\tsigned:0;\n" TAIL;

static const struct {
	const char *name, *format;
	int want;
	struct damon_faults_layout l;
} formats[] = {
	{"the usual one", usual, 0, {{8, 8}, {16, 8}, {24, 8}}},
	{"moved, and of 32 bits",
	 HEAD FIELD "ip;\toffset:20;\tsize:4;\tsigned:0;\n" FIELD
		    "address;\toffset:12;\tsize:4;\tsigned:0;\n" FIELD
		    "error_code;\toffset:16;\tsize:4;\tsigned:0;\n" TAIL,
	 0,
	 {{12, 4}, {20, 4}, {16, 4}}},
	{"a field is missing",
	 HEAD FIELD "address;\toffset:8;\tsize:8;\tsigned:0;\n" FIELD
		    "ip;\toffset:16;\tsize:8;\tsigned:0;\n" TAIL,
	 -EBADMSG,
	 {{0, 0}, {0, 0}, {0, 0}}},
	{"a field of a size that is none",
	 HEAD FIELD "address;\toffset:8;\tsize:2;\tsigned:0;\n" FIELD
		    "ip;\toffset:16;\tsize:8;\tsigned:0;\n" FIELD
		    "error_code;\toffset:24;\tsize:8;\tsigned:0;\n" TAIL,
	 -EBADMSG,
	 {{0, 0}, {0, 0}, {0, 0}}},
	{"another event", "name: sched_switch\nID: 3\nformat:\n" TAIL, -EBADMSG, {{0, 0}}},
	{"noise", "hello", -EBADMSG, {{0, 0}}},
	{"nothing", "", -EBADMSG, {{0, 0}}},
};

Test(faults, reads_the_format)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct damon_faults_layout l = {{1, 2}, {3, 4}, {5, 6}}, was = l;
		int err =
			damon_faults_layout_parse(formats[i].format, strlen(formats[i].format), &l);

		cr_expect_eq(err, formats[i].want, "%s: %d", formats[i].name, err);
		cr_expect_eq(memcmp(&l, err ? &was : &formats[i].l, sizeof(l)), 0, "%s",
			     formats[i].name);
	}
}

struct seen {
	struct damon_obs last;
	int nr;
};

static void note(void *priv, const struct damon_obs *o)
{
	struct seen *s = priv;

	s->last = *o;
	s->nr++;
}

Test(faults, decodes)
{
	static const uint64_t raw[] = {0x0004deadbeef00be, 0x7f0000001234, 0x401000, 6};
	static const uint64_t raw_read[] = {0, 0x7f0000005678, 0x401004, 4};
	static const struct {
		const char *name;
		struct damon_perf_sample s;
		uint64_t addr, ip;
		uint8_t flags;
	} rows[] = {
		{"software", {.ip = 0x401000, .addr = 0x7f0000001234}, 0x7f0000001234, 0x401000, 0},
		{"software with a payload of something else",
		 {.ip = 5, .addr = 0x7f0000001234, .raw = (const uint8_t *)raw, .raw_len = 4},
		 0x7f0000001234,
		 5,
		 0},
		{"software without address", {.ip = 0x401000}, 0, 0x401000, 0},
		{"a write",
		 {.raw = (const uint8_t *)raw, .raw_len = 32},
		 0x7f0000001234,
		 0x401000,
		 DAMON_ACCESS_STORE},
		{"a read",
		 {.raw = (const uint8_t *)raw_read, .raw_len = 36},
		 0x7f0000005678,
		 0x401004,
		 DAMON_ACCESS_LOAD},
		{"cut", {.ip = 5, .raw = (const uint8_t *)raw, .raw_len = 31}, 0, 5, 0},
		{"cut to nothing", {.ip = 5, .raw = (const uint8_t *)raw, .raw_len = 0}, 0, 5, 0},
	};
	struct damon_source_stats st;
	void *state = NULL;

	cr_assert_eq(damon_faults_source.open(NULL, NULL, &state), 0);
	damon_faults_layout_set(state, &formats[0].l);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_perf_sample s = rows[i].s;
		struct seen seen = {0};

		s.pid = 7;
		s.tid = 8;
		s.time_ns = 99;
		cr_expect_eq(damon_faults_source.decode(state, &s, NULL, note, &seen), 1);
		cr_assert_eq(seen.nr, 1);
		cr_expect_eq(seen.last.nr, rows[i].addr != 0, "%s", rows[i].name);
		cr_expect_eq(seen.last.nr_unknown, rows[i].addr == 0, "%s", rows[i].name);
		cr_expect(seen.last.pid == 7 && seen.last.tid == 8 && seen.last.time_ns == 99);
		cr_expect_eq(seen.last.weight, 1);
		cr_expect_eq(seen.last.ip, rows[i].ip, "%s", rows[i].name);
		if (!rows[i].addr)
			continue;
		cr_expect_eq(seen.last.access[0].addr, rows[i].addr, "%s", rows[i].name);
		cr_expect_eq(seen.last.access[0].ip, rows[i].ip, "%s", rows[i].name);
		cr_expect_eq(seen.last.access[0].flags, rows[i].flags, "%s", rows[i].name);
	}
	damon_faults_source.stats(state, &st);
	cr_expect_eq(st.samples, 7);
	cr_expect_eq(st.accesses, 4);
	cr_expect_eq(st.no_address, 3);
	damon_faults_source.close(state);
	damon_faults_source.close(NULL);
}

static int no_tracepoints(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	return a->type == PERF_TYPE_TRACEPOINT ? -EACCES : 0;
}

static int nothing(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	return -EACCES;
}

Test(faults, prefers_the_tracepoint)
{
	static const struct {
		const char *name, *id, *format;
		int (*on_open)(struct fake_perf *f, const struct perf_event_attr *a, int pid,
			       int cpu);
		uint32_t type;
		uint64_t config;
	} rows[] = {
		{"no file system of tracing", NULL, NULL, NULL, PERF_TYPE_SOFTWARE,
		 PERF_COUNT_SW_PAGE_FAULTS},
		{"usable", "190\n", usual, NULL, PERF_TYPE_TRACEPOINT, 190},
		{"unreadable format", "190\n", "noise", NULL, PERF_TYPE_SOFTWARE,
		 PERF_COUNT_SW_PAGE_FAULTS},
		{"refused", "190\n", usual, no_tracepoints, PERF_TYPE_SOFTWARE,
		 PERF_COUNT_SW_PAGE_FAULTS},
	};
	static struct fake_perf world;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
		struct damon_source_options o = {0};

		fake_perf_init(&world, 1);
		fake_perf_file(&world, EVENTS "id", rows[i].id);
		fake_perf_file(&world, EVENTS "format", rows[i].format);
		world.on_open = rows[i].on_open;
		cr_assert_eq(damon_faults_source.events(&world.sys, &o, e, NULL), 1);
		cr_expect_eq(e[0].attr.type, rows[i].type, "%s", rows[i].name);
		cr_expect_eq(e[0].attr.config, rows[i].config, "%s", rows[i].name);
		cr_expect_eq(e[0].attr.sample_period, 1);
		cr_expect_eq(e[0].attr.exclude_kernel, e[0].attr.type == PERF_TYPE_SOFTWARE);
		fake_perf_release(&world);
	}
}

Test(faults, probes)
{
	static struct fake_perf world;
	struct damon_fail why = {0};

	fake_perf_init(&world, 1);
	cr_expect_eq(damon_faults_source.probe(&world.sys, &why), 0);
	fake_perf_release(&world);
	fake_perf_file(&world, "/proc/sys/kernel/perf_event_paranoid", "3\n");
	world.on_open = nothing;
	cr_expect_eq(damon_faults_source.probe(&world.sys, &why), -EACCES);
	cr_expect(strstr(why.text, "perf_event_paranoid is 3"), "%s", why.text);
	cr_expect(*why.remedy);
	fake_perf_release(&world);
}

/* ---- the real kernel ---- */

#define PAGES 512

struct touched {
	void *state;
	uint64_t start, end;
	int times[PAGES];
};

static void note_touch(void *priv, const struct damon_obs *o)
{
	struct touched *t = priv;

	if (o->nr && o->access[0].addr >= t->start && o->access[0].addr < t->end)
		t->times[(o->access[0].addr - t->start) / DAMON_PAGE_SIZE]++;
}

static int decode(void *priv, const struct damon_perf_record *r)
{
	struct touched *t = priv;

	if (r->type == PERF_RECORD_SAMPLE)
		damon_faults_source.decode(t->state, &r->sample, NULL, note_touch, t);
	return 0;
}

Test(faults, sees_every_first_touch)
{
	struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
	struct damon_session *s = NULL;
	struct damon_fail f = {0};
	static struct touched t;
	char *p;

	if (damon_faults_source.probe(&damon_sys_real, &f))
		cr_skip("no perf events here: %s", f.text);
	p = mmap(NULL, PAGES * DAMON_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		 -1, 0);
	cr_assert_neq(p, MAP_FAILED);
	madvise(p, PAGES * DAMON_PAGE_SIZE, MADV_NOHUGEPAGE);
	t.start = (uintptr_t)p;
	t.end = t.start + PAGES * DAMON_PAGE_SIZE;
	cr_assert_eq(damon_faults_source.open(NULL, NULL, &t.state), 0);
	cr_assert_eq(damon_faults_source.events(&damon_sys_real, NULL, e, &f), 1);
	cr_assert_eq(damon_session_new(&damon_sys_real, e, 1, NULL, &s, &f), 0, "%s", f.text);
	cr_assert_eq(damon_session_attach(s, getpid(), &f), 0, "%s", f.text);
	cr_assert_eq(damon_session_enable(s), 0);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < PAGES; i += 2)
			((volatile char *)p)[(size_t)i * DAMON_PAGE_SIZE + 5]++;
	damon_session_disable(s);
	cr_expect_gt(damon_session_read(s, decode, &t), 0);
	for (int i = 0; i < PAGES; i++)
		cr_expect_eq(!!t.times[i], !(i & 1), "page %d: %d faults", i, t.times[i]);
	damon_session_free(s);
	damon_faults_source.close(t.state);
	munmap(p, PAGES * DAMON_PAGE_SIZE);
}
