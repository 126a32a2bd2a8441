/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions: what only the events themselves tell. */
#include <criterion/criterion.h>

#include "base/util.h"
#include "perf/session.h"
#include "tests/kit/fake_perf.h"
#include "tests/kit/perf_build.h"

static const struct damon_event two_events[] = {
	{.attr = {.type = PERF_TYPE_SOFTWARE,
		  .config = PERF_COUNT_SW_CPU_CLOCK,
		  .exclude_kernel = 1}},
	{.attr = {.type = PERF_TYPE_SOFTWARE,
		  .config = PERF_COUNT_SW_PAGE_FAULTS,
		  .exclude_kernel = 1}},
};

static struct fake_perf world;
static struct perf_build build;

static int nothing(void *priv, const struct damon_perf_record *r)
{
	return 0;
}

/* Threads of process 7 have ended, with all that they forked. */
static int over_poll(const struct damon_sys *sys, struct pollfd *fds, size_t n, int timeout_ms)
{
	int got = 0;

	for (size_t i = 0; i < n; i++) {
		fds[i].revents = world.event[fds[i].fd - FAKE_FD].pid == 7 ? POLLHUP : 0;
		got += fds[i].revents != 0;
	}
	return got;
}

static void write_losses(uint64_t record, uint64_t samples)
{
	uint64_t id = fake_perf_event(&world, 8, 0, PERF_COUNT_SW_CPU_CLOCK)->id;

	cr_assert(fake_perf_write(&world, 0, perf_build_lost(&build, id, record, 10)));
	perf_build_start(&build, PERF_RECORD_LOST_SAMPLES, 0);
	perf_build_u64(&build, samples);
	perf_build_u64(&build, 0);
	perf_build_u64(&build, 11);
	perf_build_u64(&build, id);
	cr_assert(fake_perf_write(&world, 0, perf_build_end(&build)));
}

/* The record of a loss comes with the next one that fits; of the last loss the events know. */
Test(session_end, what_rings_lose_last_is_told)
{
	static const struct {
		const char *name;
		bool before_6_0;
		uint64_t record, samples;      /* LOST, LOST_SAMPLES: before the ring */
		uint64_t ended, clock, faults; /* of a thread that is gone; of the events of one */
		uint64_t before, want;	       /* disabling */
	} rows[] = {
		{"nothing", false, 0, 0, 0, 0, 0, 0, 0},
		{"all has a record", false, 9, 0, 2, 4, 3, 9, 9},
		{"the last has none", false, 9, 0, 2, 14, 3, 9, 19},
		{"records come from elsewhere, too", false, 9, 100, 2, 14, 3, 109, 119},
		{"no record at all", false, 0, 0, 0, 0, 5, 0, 5},
		{"of a thread that is gone", false, 0, 0, 6, 0, 0, 0, 6},
		{"the kernel does not tell", true, 9, 0, 2, 14, 3, 9, 9},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *name = rows[i].name;
		struct damon_session_stats st;
		struct damon_session *s = NULL;

		fake_perf_init(&world, 2);
		world.before_6_0 = rows[i].before_6_0;
		world.sys.poll = over_poll;
		cr_assert_eq(damon_session_new(&world.sys, two_events, 2, NULL, &s, NULL), 0);
		cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
		cr_assert_eq(damon_session_attach_on_exec(s, 8, NULL), 0);
		fake_perf_event(&world, 7, 0, PERF_COUNT_SW_CPU_CLOCK)->lost = rows[i].ended;
		damon_session_trim(s); /* the second time closes it */
		damon_session_trim(s);
		fake_perf_event(&world, 8, 0, PERF_COUNT_SW_CPU_CLOCK)->lost = rows[i].clock;
		fake_perf_event(&world, 8, 1, PERF_COUNT_SW_PAGE_FAULTS)->lost = rows[i].faults;
		if (rows[i].record)
			write_losses(rows[i].record, rows[i].samples);
		damon_session_read(s, nothing, NULL);
		damon_session_stats(s, &st);
		cr_expect_eq(st.lost, rows[i].before, "%s: %llu", name,
			     (unsigned long long)st.lost);
		world.nr_reads = 0;
		damon_session_disable(s);
		damon_session_stats(s, &st);
		cr_expect_eq(st.lost, rows[i].want, "%s: %llu", name, (unsigned long long)st.lost);
		cr_expect_eq(world.nr_reads, rows[i].before_6_0 ? 0 : 4, "%s: %d", name,
			     world.nr_reads);
		damon_session_free(s);
		fake_perf_release(&world);
	}
}

/* What does not change any more is read once. */
Test(session_end, events_that_are_over_are_read_once)
{
	struct damon_session *s = NULL;
	uint64_t value;

	fake_perf_init(&world, 2);
	cr_assert_eq(damon_session_new(&world.sys, two_events, 2, NULL, &s, NULL), 0);
	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	fake_perf_event(&world, 7, 1, PERF_COUNT_SW_PAGE_FAULTS)->count = 5;
	damon_session_disable(s);
	cr_expect_eq(world.nr_reads, 4);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(damon_session_count(s, 1, &value), 0);
		cr_expect_eq(value, 5);
	}
	cr_expect_eq(world.nr_reads, 4, "%d", world.nr_reads);
	damon_session_free(s);
	fake_perf_release(&world);
}

static void pass_time(const struct damon_event *e, unsigned cpus)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *k = &world.event[i];

		if (k->open && !k->map && k->attr.config == e->attr.config && cpus >> k->cpu & 1)
			k->enabled_ns += NS_PER_SEC;
	}
}

/* The kernel removes a CPU's events with the CPU: they do not come back, and nothing says so. */
Test(session_end, cpus_that_lost_their_events_are_told)
{
	struct damon_event whole[] = {two_events[0], two_events[1]};
	const struct {
		const char *name;
		const struct damon_event *e;
		bool all;
		int event;	     /* whose time passes, */
		unsigned cpus[4];    /* on these, before each look */
		unsigned offline[4]; /* at each look */
		size_t want[4];
	} rows[] = {
		{"none", two_events, true, 0, {7, 7, 7, 7}, {0}, {0}},
		{"away", two_events, true, 0, {7, 7, 5, 5}, {0, 0, 2, 2}, {0}},
		{"away and back", two_events, true, 0, {7, 7, 5, 5}, {0, 0, 2, 0}, {0, 0, 0, 1}},
		{"back before we look", two_events, true, 0, {7, 5, 5, 5}, {0}, {0, 1, 1, 1}},
		{"back and away again",
		 two_events,
		 true,
		 0,
		 {7, 5, 5, 5},
		 {0, 0, 2, 0},
		 {0, 1, 0, 1}},
		{"two of them", two_events, true, 0, {7, 5, 1, 1}, {0}, {0, 1, 2, 2}},
		{"all stand still: a pause", two_events, true, 0, {7, 0, 0, 7}, {0}, {0}},
		{"the events of threads come back", two_events, false, 0, {7, 5, 5, 5}, {0}, {0}},
		{"one event of whole CPUs", whole, false, 1, {7, 5, 5, 5}, {0}, {0, 1, 1, 1}},
		{"event 0 is one of threads there", whole, false, 0, {7, 5, 5, 5}, {0}, {0}},
	};

	whole[1].whole_cpus = true;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_session *s = NULL;

		fake_perf_init(&world, 3);
		cr_assert_eq(damon_session_new(&world.sys, rows[i].e, 2, NULL, &s, NULL), 0);
		cr_assert_eq(rows[i].all ? damon_session_attach_all(s, NULL)
					 : damon_session_attach_on_exec(s, 7, NULL),
			     0);
		for (int k = 0; k < 4; k++) {
			size_t got;

			pass_time(&rows[i].e[rows[i].event], rows[i].cpus[k]);
			for (int cpu = 0; cpu < 3; cpu++)
				world.offline[cpu] = rows[i].offline[k] >> cpu & 1;
			got = damon_session_unseen_cpus(s);
			cr_expect_eq(got, rows[i].want[k], "%s, look %d: %zu", rows[i].name, k,
				     got);
		}
		damon_session_free(s);
		fake_perf_release(&world);
	}
}
