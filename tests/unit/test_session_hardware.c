/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What events of hardware need of a session: groups, CPUs, whole CPUs, traces. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "perf/session.h"
#include "tests/kit/fake_perf.h"

#define DUMMY                                                                                      \
	{                                                                                          \
		.attr = {.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_DUMMY }               \
	}
#define CORE(number, ...)                                                                          \
	{                                                                                          \
		.attr = {.type = PERF_TYPE_RAW, .config = number}, __VA_ARGS__                     \
	}
#define TRACER	     8
#define TRACE_CONFIG 0x10001
#define TRACE(...)                                                                                 \
	{                                                                                          \
		.attr = {.type = TRACER, .config = TRACE_CONFIG}, __VA_ARGS__                      \
	}

static struct fake_perf world;

/* Pieces of traces as text: "buffer:offset+length", the thread, flags if there are any. */
static struct {
	char text[2048];
	uint8_t bytes[1 << 16];
	size_t len, nr_bytes;
} traced;

static void note_trace(void *priv, const struct damon_session_trace *t)
{
	traced.len += (size_t)snprintf(traced.text + traced.len, sizeof(traced.text) - traced.len,
				       "%u:%llu+%zu/%d", t->buffer, (unsigned long long)t->offset,
				       t->len, t->tid);
	traced.len += (size_t)snprintf(traced.text + traced.len, sizeof(traced.text) - traced.len,
				       t->flags ? "!%llx " : " ", (unsigned long long)t->flags);
	cr_assert_leq(traced.nr_bytes + t->len, sizeof(traced.bytes));
	cr_expect_eq(t->event, 0, "counted from the source's first");
	memcpy(traced.bytes + traced.nr_bytes, t->bytes, t->len);
	traced.nr_bytes += t->len;
}

static const struct damon_session_options options = {.first_event = 1, .trace = note_trace};

static struct damon_session *new_session(const struct damon_event *e, int n, int nr_cpus)
{
	struct damon_session *s = NULL;
	struct damon_fail f = {0};

	fake_perf_init(&world, nr_cpus);
	memset(&traced, 0, sizeof(traced));
	cr_assert_eq(damon_session_new(&world.sys, e, n, &options, &s, &f), 0, "%s", f.text);
	return s;
}

static int fd_of(const struct fake_event *e)
{
	return FAKE_FD + (int)(e - world.event);
}

static int nothing(void *priv, const struct damon_perf_record *r)
{
	return 0;
}

Test(session_hardware, groups_lead_and_follow)
{
	static const struct damon_event events[] = {DUMMY, CORE(0x8203), CORE(0x1cd, .leader = 2),
						    CORE(0x2cd)};
	static const struct {
		uint64_t config;
		uint64_t leader; /* 0: it leads itself */
		bool disabled[2], enable_on_exec[2];
	} rows[] = {
		/* of a process that runs, of a command */
		{PERF_COUNT_SW_DUMMY, 0, {false, true}, {false, true}},
		{0x8203, 0, {true, true}, {false, true}},
		{0x1cd, 0x8203, {false, false}, {false, false}},
		{0x2cd, 0, {true, true}, {false, true}},
	};

	for (int exec = 0; exec < 2; exec++) {
		struct damon_session *s = new_session(events, 4, 2);

		fake_perf_file(&world, "/proc/7/task", "7\n");
		cr_assert_eq(exec ? damon_session_attach_on_exec(s, 7, NULL)
				  : damon_session_attach(s, 7, NULL),
			     0);
		for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
			int cpu = (int)i % 2;
			struct fake_event *e = fake_perf_event(&world, 7, cpu, rows[i / 2].config),
					  *l = fake_perf_event(&world, 7, cpu, rows[i / 2].leader);

			cr_assert(e, "row %zu", i);
			cr_expect_eq(e->group, l ? fd_of(l) : -1, "row %zu", i);
			cr_expect_eq(e->attr.disabled, rows[i / 2].disabled[exec], "row %zu", i);
			cr_expect_eq(e->attr.enable_on_exec, rows[i / 2].enable_on_exec[exec],
				     "row %zu", i);
		}
		damon_session_free(s);
		fake_perf_release(&world);
	}
}

Test(session_hardware, events_are_on_the_cpus_of_their_pmu)
{
	static const struct {
		const char *cpus;
		int err;
		unsigned on; /* a bit for each CPU of four */
	} rows[] = {
		{"", 0, 0xf},	      {"0-1,3", 0, 0xb},    {"2", 0, 0x4},
		{"0-3", 0, 0xf},      {"16-23", 0, 0},	    {"0,2-99", 0, 0xd},
		{"0-1x", -EINVAL, 0}, {"abc", -EINVAL, 0},  {"1-", -EINVAL, 0},
		{"-3", -EINVAL, 0},   {"3-1", -EINVAL, 0},  {"1,,2", -EINVAL, 0},
		{"1,", -EINVAL, 0},   {" 0-3", -EINVAL, 0}, {"1-2-3", -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_event events[] = {DUMMY, CORE(0x1cd)};
		struct damon_session *s = NULL;
		struct damon_fail f = {0};
		unsigned on = 0;
		int err;

		fake_perf_init(&world, 4);
		snprintf(events[1].cpus, sizeof(events[1].cpus), "%s", rows[i].cpus);
		err = damon_session_new(&world.sys, events, 2, NULL, &s, &f);
		cr_expect_eq(err, rows[i].err, "'%s': %d", rows[i].cpus, err);
		cr_expect_eq(strstr(f.text, "list of CPUs") != NULL, err != 0, "'%s'", f.text);
		if (!err)
			cr_assert_eq(damon_session_attach_on_exec(s, 7, &f), 0, "%s", f.text);
		for (int cpu = 0; cpu < 4 && !err; cpu++) {
			on |= (fake_perf_event(&world, 7, cpu, 0x1cd) != NULL) << cpu;
			cr_expect(fake_perf_event(&world, 7, cpu, PERF_COUNT_SW_DUMMY),
				  "'%s': tasks are followed everywhere", rows[i].cpus);
		}
		cr_expect_eq(on, rows[i].on, "'%s': %x", rows[i].cpus, on);
		damon_session_free(s);
		fake_perf_release(&world);
	}
}

Test(session_hardware, what_makes_no_sense_is_refused)
{
	static const struct {
		struct damon_event e[2];
		int n;
		const char *text;
	} rows[] = {
		{{DUMMY}, 0, "no events"},
		{{CORE(1, .whole_cpus = true)}, 1, "the first event"},
		{{TRACE(.aux_bytes = 4096)}, 1, "the first event"},
		{{CORE(1, .cpus = "0")}, 1, "the first event"},
		{{DUMMY, CORE(1, .leader = 3)}, 2, "its leader"},
		{{DUMMY, CORE(1, .leader = -1)}, 2, "its leader"},
		{{DUMMY, CORE(1, .leader = 1, .rung = 1)}, 2, "another rung"},
		{{CORE(1, .rung = 1)}, 1, "the first event"},
		{{DUMMY, CORE(1, .leader = 2)}, 2, "its leader"},
		{{DUMMY, TRACE(.aux_bytes = 4096, .whole_cpus = true)}, 2, "whole CPUs"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_session *s = NULL;
		struct damon_fail f = {0};

		fake_perf_init(&world, 2);
		cr_expect_eq(damon_session_new(&world.sys, rows[i].e, rows[i].n, NULL, &s, &f),
			     -EINVAL, "row %zu", i);
		cr_expect(strstr(f.text, rows[i].text), "row %zu: %s", i, f.text);
		cr_expect_null(s);
		fake_perf_release(&world);
	}
}

static int goes_offline(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	if (pid != -1 || cpu != 1)
		return 0;
	f->offline[1] = true;
	return -ENODEV;
}

Test(session_hardware, whole_cpus_are_opened_once)
{
	static const struct damon_event events[] = {DUMMY, CORE(0x76, .whole_cpus = true)};
	static const struct {
		const char *name;
		bool exec, goes_offline;
		int disabled, nr;
	} rows[] = {
		{"processes that run", false, false, 1, 3},
		{"a command", true, false, 0, 3},
		{"a CPU goes", false, true, 1, 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_session *s = new_session(events, 2, 3);
		struct fake_event *e;

		fake_perf_file(&world, "/proc/7/task", "7\n");
		fake_perf_file(&world, "/proc/8/task", "8\n");
		world.on_open = rows[i].goes_offline ? goes_offline : NULL;
		if (rows[i].exec)
			cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
		else
			cr_assert_eq(damon_session_attach(s, 7, NULL), 0);
		cr_assert_eq(damon_session_attach(s, 8, NULL), 0);
		cr_expect_eq(fake_perf_nr_open(&world, -1), rows[i].nr, "%s", rows[i].name);
		cr_expect_null(fake_perf_event(&world, 7, 0, 0x76), "%s", rows[i].name);
		e = fake_perf_event(&world, -1, 0, 0x76);
		cr_assert(e);
		cr_expect_eq(e->attr.disabled, rows[i].disabled, "%s", rows[i].name);
		cr_expect_eq(e->attr.inherit, 0, "%s", rows[i].name);
		cr_expect_neq(e->output, 0, "%s: into the ring of its CPU", rows[i].name);
		cr_assert_eq(damon_session_enable(s), 0);
		cr_expect_eq(e->enables, 1, "%s", rows[i].name);
		damon_session_disable(s);
		cr_expect_eq(e->disables, 1, "%s", rows[i].name);
		damon_session_free(s);
		fake_perf_release(&world);
	}
}

/* ---- rungs ---- */

/* The order of enabling and disabling, as configs: "+1cd -2cd ". */
static char switched[256];
static int (*fake_ioctl)(const struct damon_sys *s, int fd, unsigned long req, unsigned long arg);

static int note_switch(const struct damon_sys *s, int fd, unsigned long req, unsigned long arg)
{
	size_t len = strlen(switched);

	if (req == PERF_EVENT_IOC_ENABLE || req == PERF_EVENT_IOC_DISABLE)
		snprintf(switched + len, sizeof(switched) - len, "%c%llx ",
			 req == PERF_EVENT_IOC_ENABLE ? '+' : '-',
			 (unsigned long long)world.event[fd - FAKE_FD].attr.config);
	return fake_ioctl(s, fd, req, arg);
}

/* Counters of hardware are few: what is on goes before what comes. A group follows its leader. */
Test(session_hardware, rungs_take_turns)
{
	static const struct damon_event groups[] = {
		DUMMY,
		CORE(0x18203, .rung = 1),
		CORE(0x101cd, .leader = 2, .rung = 1),
		CORE(0x102cd, .rung = 1),
		CORE(0x28203, .rung = 2),
		CORE(0x201cd, .leader = 5, .rung = 2),
		CORE(0x202cd, .rung = 2),
	};
	static const struct damon_event cpus[] = {
		DUMMY,
		CORE(0x176, .whole_cpus = true, .rung = 1),
		CORE(0x276, .whole_cpus = true, .rung = 2),
	};
	static const struct {
		const char *name;
		const struct damon_event *events;
		int n;
		bool exec;
		const char *start, *step;
	} rows[] = {
		{"groups", groups, 7, false, "+102cd +101cd +18203 +9 ",
		 "-102cd -18203 +202cd +28203 "},
		{"groups of a command", groups, 7, true, "+101cd ", "-102cd -18203 +202cd +28203 "},
		{"whole CPUs", cpus, 3, false, "+176 +9 ", "-176 +276 "},
		{"whole CPUs and a command", cpus, 3, true, "+176 ", "-176 +276 "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static const struct damon_session_options o = {.first_event = 1, .first_rung = 1};
		const char *name = rows[i].name;
		struct damon_fail f = {0};
		struct damon_session *s;

		fake_perf_init(&world, 1);
		fake_ioctl = world.sys.ioctl;
		world.sys.ioctl = note_switch;
		fake_perf_file(&world, "/proc/7/task", "7\n");
		cr_assert_eq(damon_session_new(&world.sys, rows[i].events, rows[i].n, &o, &s, &f),
			     0, "%s: %s", name, f.text);
		cr_assert_eq(rows[i].exec ? damon_session_attach_on_exec(s, 7, &f)
					  : damon_session_attach(s, 7, &f),
			     0);
		for (int e = 1; e < rows[i].n; e++) {
			const struct damon_event *d = &rows[i].events[e];
			int pid = d->whole_cpus ? -1 : 7;
			struct fake_event *k = fake_perf_event(&world, pid, 0, d->attr.config);

			cr_assert(k, "%s: %d", name, e);
			cr_expect_eq(k->attr.enable_on_exec,
				     rows[i].exec && d->rung == 1 && !d->leader && !d->whole_cpus,
				     "%s: %d", name, e);
			cr_expect_eq(k->on,
				     d->leader > 0 ||
					     (d->whole_cpus && rows[i].exec && d->rung == 1),
				     "%s: %d", name, e);
		}
		switched[0] = '\0';
		cr_assert_eq(damon_session_enable(s), 0);
		cr_expect_str_eq(switched, rows[i].start, "%s: '%s'", name, switched);
		switched[0] = '\0';
		cr_assert_eq(damon_session_step(s, 2), 0);
		cr_expect_str_eq(switched, rows[i].step, "%s: '%s'", name, switched);
		cr_expect_eq(damon_session_step(s, 3), -EINVAL, "%s", name);
		damon_session_free(s);
		fake_perf_release(&world);
	}
}

/* ---- times ---- */

/* As the kernel tells them of a thread that ran for 100 ms on each of its CPUs: enabled for all of
 * it everywhere, running where it ran and had a counter. */
static void set_times(struct fake_event *e, unsigned cpus, double turns)
{
	bool here = cpus >> e->cpu & 1;

	e->enabled_ns = (uint64_t)__builtin_popcount(cpus) * 100000000;
	e->running_ns = here ? (uint64_t)(turns * 100000000) : 0;
}

Test(session_hardware, events_without_a_counter_are_noticed)
{
#define SAMPLES(what, number, ...)                                                                 \
	{                                                                                          \
		.attr = {.type = PERF_TYPE_RAW, .config = number, .sample_period = 7},             \
		.name = what, __VA_ARGS__                                                          \
	}
	static const struct {
		const char *name;
		struct damon_event e[3];
		int n;
		unsigned cpus;	 /* where it ran: a bit for each of four */
		double turns[3]; /* of each event */
		double want;	 /* < 0: not told */
		double uncovered;
	} rows[] = {
		{"always", {DUMMY, SAMPLES("cpu/a/", 1)}, 2, 0xf, {1, 1}, 1},
		{"on one CPU", {DUMMY, SAMPLES("cpu/a/", 1)}, 2, 0x4, {1, 1}, 1},
		{"half", {DUMMY, SAMPLES("cpu/a/", 1)}, 2, 0x5, {1, .5}, .5},
		{"never", {DUMMY, SAMPLES("cpu/a/", 1)}, 2, 0x5, {1, 0}, 0},
		{"one of two",
		 {DUMMY, SAMPLES("cpu/a/", 1), SAMPLES("cpu/b/", 2)},
		 3,
		 0x3,
		 {1, 1, .25},
		 .25},
		{"the same on two kinds of cores",
		 {DUMMY, SAMPLES("p/a/", 1, .cpus = "0-1"), SAMPLES("q/a/", 2, .cpus = "2-3")},
		 3,
		 0x7,
		 {1, 1, 1},
		 1},
		{"on one kind of core alone",
		 {DUMMY, SAMPLES("p/a/", 1, .cpus = "0-1")},
		 2,
		 0x7,
		 {1, 1},
		 1,
		 1 / 3.},
		{"the same, half",
		 {DUMMY, SAMPLES("p/a/", 1, .cpus = "0-1")},
		 2,
		 0x7,
		 {1, .5},
		 .5,
		 1 / 3.},
		{"where it ran", {DUMMY, SAMPLES("p/a/", 1, .cpus = "0-1")}, 2, 0x3, {1, 1}, 1},
		{"one of two on a kind of core",
		 {DUMMY, SAMPLES("cpu/a/", 1), SAMPLES("p/b/", 2, .cpus = "0")},
		 3,
		 0xf,
		 {1, 1, 1},
		 1,
		 .75},
		{"traces",
		 {DUMMY,
		  TRACE(.name = "t//", .attr.sample_period = 7, .aux_bytes = 8192, .cpus = "1-3")},
		 2,
		 0x3,
		 {1, 1},
		 -1,
		 .5},
		{"nothing ran", {DUMMY, SAMPLES("cpu/a/", 1)}, 2, 0, {1, 1}, 1},
		{"no hardware", {DUMMY, DUMMY}, 2, 0xf, {1, 1}, -1},
		{"a leader, which takes no samples", {DUMMY, CORE(1)}, 2, 0xf, {1, .5}, -1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_session *s = new_session(rows[i].e, rows[i].n, 4);
		double share = -1, uncovered;

		fake_perf_file(&world, "/proc/7/task", "7\n");
		cr_assert_eq(damon_session_attach(s, 7, NULL), 0);
		for (int k = 0; k < FAKE_FDS; k++) {
			struct fake_event *e = &world.event[k];

			for (int j = 0; j < rows[i].n && e->open && !e->map; j++)
				if (e->attr.config == rows[i].e[j].attr.config)
					set_times(e, rows[i].cpus, rows[i].turns[j]);
		}
		cr_expect_eq(damon_session_ran(s, &share), rows[i].want < 0 ? -ENOENT : 0, "%s",
			     rows[i].name);
		cr_expect_float_eq(share, rows[i].want, .01, "%s: %g", rows[i].name, share);
		uncovered = damon_session_uncovered(s);
		cr_expect_float_eq(uncovered, rows[i].uncovered, .01, "%s: %g", rows[i].name,
				   uncovered);
		damon_session_free(s);
		fake_perf_release(&world);
	}
}

/* ---- traces ---- */

static const struct damon_event tracing[] = {DUMMY, TRACE(.aux_bytes = 12000, .cpus = "1-2")};

static void trace(int cpu, int tid, uint64_t time, size_t len, uint64_t flags)
{
	static uint8_t bytes[1 << 16];
	struct fake_event *e = fake_perf_event(&world, 7, cpu, TRACE_CONFIG);
	struct fake_trace t = {cpu, TRACE_CONFIG, e->id, tid, time, flags, bytes, len};

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(time + i);
	cr_assert(fake_perf_trace(&world, &t));
}

Test(session_hardware, traces_have_a_ring_and_an_area_per_cpu)
{
	struct damon_session *s = new_session(tracing, 2, 4);
	struct damon_session_stats st;
	struct pollfd fds[8];

	fake_perf_file(&world, "/proc/7/task", "7\n9\n");
	cr_assert_eq(damon_session_attach(s, 7, NULL), 0);
	for (int cpu = 0; cpu < 4; cpu++) {
		struct fake_event *area = fake_perf_area(&world, cpu, TRACE_CONFIG), *e;

		cr_expect_eq(area != NULL, cpu == 1 || cpu == 2, "CPU %d", cpu);
		if (!area)
			continue;
		cr_expect_eq(area->aux_len, 16384, "the next power of two");
		cr_expect_eq(area->pid, getpid(), "it outlives every thread of the target");
		cr_expect_eq(area->attr.type, TRACER);
		cr_expect(area->attr.disabled && !area->attr.inherit && !area->enables);
		for (int tid = 7; tid <= 9; tid += 2) {
			e = fake_perf_event(&world, tid, cpu, TRACE_CONFIG);
			cr_assert(e);
			cr_expect_eq(e->output, fd_of(area), "thread %d, CPU %d", tid, cpu);
			e = fake_perf_event(&world, tid, cpu, PERF_COUNT_SW_DUMMY);
			cr_expect_neq(e->output, fd_of(area));
		}
	}
	damon_session_stats(s, &st);
	cr_expect_eq(st.nr_rings, 6);
	cr_expect_eq(st.nr_fds, 6 + 2 * (4 + 2));
	cr_expect_eq(damon_session_pollfds(s, fds, 8), 6);
	for (int i = 0; i < 6; i++)
		cr_expect_geq(fds[i].fd, FAKE_FD, "each can be waited for");
	damon_session_free(s);
	fake_perf_release(&world);
}

static uint64_t tail_of(int cpu)
{
	const struct perf_event_mmap_page *p = fake_perf_area(&world, cpu, TRACE_CONFIG)->map;

	return p->aux_tail;
}

static void expect_traces(struct damon_session *s, const char *want, int line)
{
	traced.len = traced.nr_bytes = 0;
	traced.text[0] = '\0';
	cr_assert_geq(damon_session_read(s, nothing, NULL), 0);
	cr_expect_str_eq(traced.text, want, "line %d: '%s'", line, traced.text);
}
#define EXPECT_TRACES(s, want) expect_traces(s, want, __LINE__)

/* Four CPUs have rings 0 to 3, the traces of CPUs 1 and 2 come behind them. */
Test(session_hardware, pieces_come_in_order_whole_and_once)
{
	struct damon_session *s = new_session(tracing, 2, 4);

	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	EXPECT_TRACES(s, "");
	trace(2, 8, 20, 64, 0);
	trace(1, 7, 10, 10000, 0);
	trace(1, 7, 30, 128, PERF_AUX_FLAG_COLLISION);
	EXPECT_TRACES(s, "4:0+10000/7 5:0+64/8 4:10000+128/7!8 ");
	cr_expect_eq(tail_of(1), 10128, "given back");
	cr_expect_eq(tail_of(2), 64);
	trace(1, 7, 40, 10000, PERF_AUX_FLAG_TRUNCATED); /* 6256 to the end */
	EXPECT_TRACES(s, "4:10128+6256/7 4:16384+3744/7!1 ");
	cr_expect_eq(traced.nr_bytes, 10000);
	for (size_t i = 0; i < 10000; i++)
		cr_assert_eq(traced.bytes[i], (uint8_t)(40 + i), "byte %zu", i);
	trace(1, 7, 50, 0, PERF_AUX_FLAG_TRUNCATED);
	EXPECT_TRACES(s, "4:20128+0/7!1 ");
	trace(1, 7, 60, 16384, 0); /* all there is */
	EXPECT_TRACES(s, "4:20128+12640/7 4:32768+3744/7 ");
	cr_expect_eq(tail_of(1), 20128 + 16384);
	EXPECT_TRACES(s, "");
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session_hardware, pieces_that_cannot_be_are_counted)
{
	static const struct {
		const char *name;
		uint64_t skip, lie;
		bool fine;
	} rows[] = {
		{"a gap", 4096, 0, true},
		{"more than there is room for", 0, 16384, false},
		{"as much as there are numbers", 0, UINT64_MAX - 64, false},
		{"a gap with a lie", 8192, 16384 - 8192, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_session *s = new_session(tracing, 2, 4);
		static const uint8_t bytes[64];
		struct fake_trace t = {1, TRACE_CONFIG, 0, 7, 10, 0, bytes, sizeof(bytes)};
		struct damon_session_stats st;

		cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
		t.id = fake_perf_event(&world, 7, 1, TRACE_CONFIG)->id;
		t.skip = rows[i].skip;
		t.lie = rows[i].lie;
		cr_assert(fake_perf_trace(&world, &t));
		cr_assert_eq(damon_session_read(s, nothing, NULL), 1);
		cr_expect_eq(traced.nr_bytes, rows[i].fine ? 64 : 0, "%s: %s", rows[i].name,
			     traced.text);
		damon_session_stats(s, &st);
		cr_expect_eq(st.malformed, !rows[i].fine, "%s", rows[i].name);
		cr_expect_eq(tail_of(1), rows[i].skip + 64, "%s: the kernel goes on", rows[i].name);
		trace(1, 7, 20, 64, 0);
		cr_assert_eq(damon_session_read(s, nothing, NULL), 1);
		cr_expect_eq(traced.nr_bytes, rows[i].fine ? 128 : 64, "%s: so do we",
			     rows[i].name);
		damon_session_free(s);
		fake_perf_release(&world);
	}
}

static bool is_on(int cpu)
{
	return fake_perf_event(&world, 7, cpu, TRACE_CONFIG)->on;
}

static void trace_unannounced(int cpu, size_t len)
{
	static const uint8_t bytes[1 << 16];
	struct fake_trace t = {.cpu = cpu,
			       .config = TRACE_CONFIG,
			       .id = fake_perf_event(&world, 7, cpu, TRACE_CONFIG)->id,
			       .bytes = bytes,
			       .len = len,
			       .unannounced = true};

	cr_assert(fake_perf_trace(&world, &t));
}

/* The kernel disables what finds no room, and nobody else enables it again. */
Test(session_hardware, what_ran_out_of_room_goes_on)
{
	static const struct {
		const char *name;
		size_t len; /* of 16384 */
		uint64_t flags;
		bool unannounced, paused, over;
		bool on; /* after the next read */
		uint64_t stalled, malformed;
	} rows[] = {
		{"truncated", 100, PERF_AUX_FLAG_TRUNCATED, .on = true},
		{"truncated, with nothing", 0, PERF_AUX_FLAG_TRUNCATED, .on = true},
		{"truncated, and full", 16384, PERF_AUX_FLAG_TRUNCATED, .on = true},
		{"full, and nothing says so", 16384, 0, .on = true, .stalled = 1},
		{"full but for less than a page", 16384 - 4000, 0, .on = true, .stalled = 1},
		{"full, and its record was lost", 16384, 0, .unannounced = true, .on = true,
		 .malformed = 1},
		{"truncated in a pause", 100, PERF_AUX_FLAG_TRUNCATED, .paused = true},
		{"truncated at the end", 100, PERF_AUX_FLAG_TRUNCATED, .over = true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_session *s = new_session(tracing, 2, 4);
		struct damon_session_stats st;
		struct fake_event *other;

		fake_perf_file(&world, "/proc/7/task", "7\n");
		cr_assert_eq(damon_session_attach(s, 7, NULL), 0);
		cr_assert_eq(damon_session_enable(s), 0);
		other = fake_perf_event(&world, 7, 2, TRACE_CONFIG);
		cr_assert(is_on(1) && is_on(2));
		if (rows[i].unannounced)
			trace_unannounced(1, rows[i].len);
		else
			trace(1, 7, 10, rows[i].len, rows[i].flags);
		cr_assert_not(is_on(1), "%s: the kernel stops it", rows[i].name);
		if (rows[i].paused)
			damon_session_pause(s);
		if (rows[i].over)
			damon_session_disable(s);
		cr_assert_geq(damon_session_read(s, nothing, NULL), 0);
		cr_expect_eq(is_on(1), rows[i].on, "%s", rows[i].name);
		cr_expect_eq(other->enables, 1, "%s: the others are left alone", rows[i].name);
		cr_expect_eq(tail_of(1), rows[i].len, "%s", rows[i].name);
		if (rows[i].on)
			trace(1, 7, 20, 64, 0);
		cr_assert_geq(damon_session_read(s, nothing, NULL), 0);
		damon_session_stats(s, &st);
		cr_expect_eq(st.stalled, rows[i].stalled, "%s: it is told", rows[i].name);
		cr_expect_eq(st.malformed, rows[i].malformed, "%s", rows[i].name);
		damon_session_free(s);
		fake_perf_release(&world);
	}
}

static int forks_in_between(void *priv, const struct damon_perf_record *r)
{
	size_t *at = priv;

	if (r->type == PERF_RECORD_AUX)
		cr_expect_eq(traced.nr_bytes, *at, "its record is told first");
	*at = traced.nr_bytes + (r->type == PERF_RECORD_AUX ? r->aux.size : 0);
	return r->type == PERF_RECORD_AUX && r->time_ns == 30 ? 1 : 0;
}

Test(session_hardware, a_reader_that_stops_loses_no_piece)
{
	struct damon_session *s = new_session(tracing, 2, 4);
	size_t at = 0;

	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	for (uint64_t time = 10; time <= 50; time += 10)
		trace(1, 7, time, 64, 0);
	cr_expect_eq(damon_session_read(s, forks_in_between, &at), 1);
	cr_expect_eq(traced.nr_bytes, 3 * 64);
	cr_expect_eq(damon_session_read(s, forks_in_between, &at), 2);
	cr_expect_eq(traced.nr_bytes, 5 * 64);
	damon_session_free(s);
	fake_perf_release(&world);
}

/* KiB; each ring has a page besides. */
Test(session_hardware, traces_fit_into_locked_memory)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	static const struct {
		const char *name;
		size_t asked, allowed; /* of each CPU; 0: anything */
		int err;
		size_t area, ring;
	} rows[] = {
		{"enough", 4096, 0, 0, 4096, 512},
		{"what a user may lock", 256, 516, 0, 256, 128},
		{"halved", 4096, 516, 0, 256, 128},
		{"more, and no room for rings beside half of it", 4096, 560, 0, 256, 256},
		{"hardly any", 4096, 64, 0, 8, 16},
		{"no area", 4096, 40, -EPERM, 0, 0},
		{"an area, no ring", 4096, 50, -EPERM, 0, 0},
	};

	if (page != 4096)
		cr_skip("the table is of pages of 4 KiB");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_event events[] = {DUMMY, TRACE(.aux_bytes = rows[i].asked << 10)};
		struct damon_session_stats st;
		struct damon_session *s = NULL;
		struct damon_fail f = {0};
		int err;

		fake_perf_init(&world, 2);
		fake_perf_file(&world, "/proc/sys/kernel/perf_event_mlock_kb", "516\n");
		world.locked_max = 2 * rows[i].allowed << 10;
		err = damon_session_new(&world.sys, events, 2, NULL, &s, &f);
		cr_expect_eq(err, rows[i].err, "%s: %d, %s", rows[i].name, err, f.text);
		if (!err) {
			damon_session_stats(s, &st);
			cr_expect_eq(st.ring_bytes, rows[i].ring << 10, "%s: rings of %zu",
				     rows[i].name, st.ring_bytes);
			for (int cpu = 0; cpu < 2; cpu++)
				cr_expect_eq(fake_perf_area(&world, cpu, TRACE_CONFIG)->aux_len,
					     rows[i].area << 10, "%s: %zu", rows[i].name,
					     fake_perf_area(&world, cpu, TRACE_CONFIG)->aux_len);
		} else {
			cr_expect(strstr(f.text, "locked memory"), "%s: %s", rows[i].name, f.text);
			cr_expect(strstr(f.remedy, "perf_event_mlock_kb="), "%s: %s", rows[i].name,
				  f.remedy);
		}
		damon_session_free(s);
		fake_perf_release(&world);
		cr_expect_eq(world.locked, 0);
	}
}

static int no_tracer(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	return a->type == TRACER && cpu == 2 ? -EBUSY : 0;
}

Test(session_hardware, a_pmu_that_is_taken_is_told)
{
	struct damon_session *s = NULL;
	struct damon_fail f = {0};

	fake_perf_init(&world, 4);
	world.on_open = no_tracer;
	cr_expect_eq(damon_session_new(&world.sys, tracing, 2, &options, &s, &f), -EBUSY);
	cr_expect(strstr(f.text, "another user"), "%s", f.text);
	cr_expect_null(s);
	fake_perf_release(&world);
}

static int before_5_12(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	return a->build_id ? -EINVAL : 0;
}

Test(session_hardware, build_ids_are_asked_for_where_they_are_known)
{
	static const struct {
		const char *name;
		bool asked;
		int (*on_open)(struct fake_perf *f, const struct perf_event_attr *a, int pid,
			       int cpu);
		bool are_told;
	} rows[] = {
		{"known", true, NULL, true},
		{"unknown", true, before_5_12, false},
		{"not wanted", false, NULL, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damon_session_options o = {.build_ids = rows[i].asked};
		struct damon_session *s = NULL;
		struct damon_fail f = {0};

		fake_perf_init(&world, 4);
		world.on_open = rows[i].on_open;
		cr_assert_eq(damon_session_new(&world.sys, tracing, 2, &o, &s, &f), 0, "%s: %s",
			     rows[i].name, f.text);
		cr_expect_eq(damon_session_event(s, 0)->attr.build_id, rows[i].are_told, "%s",
			     rows[i].name);
		cr_expect_eq(damon_session_event(s, 1)->attr.build_id, 0, "%s", rows[i].name);
		damon_session_free(s);
		fake_perf_release(&world);
	}
}
