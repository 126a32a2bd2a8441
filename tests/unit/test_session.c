/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/rng.h"
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

static struct damon_session *new_session(int nr_events, int nr_cpus)
{
	struct damon_session *s = NULL;
	struct damon_fail f = {0};

	fake_perf_init(&world, nr_cpus);
	cr_assert_eq(damon_session_new(&world.sys, two_events, nr_events, NULL, &s, &f), 0, "%s",
		     f.text);
	return s;
}

/* Records as text: "tid@time" of samples, with "#event" or "#event^rung" where that is not 0,
 * "type@time" of others. */
struct log {
	char text[4096];
	size_t len;
	int stop_after; /* 0: never */
};

static int note(void *priv, const struct damon_perf_record *r)
{
	struct log *l = priv;
	unsigned long long time = r->time_ns;

	cr_assert_lt(l->len + 64, sizeof(l->text));
	if (r->type == PERF_RECORD_SAMPLE && r->sample.rung)
		l->len += (size_t)sprintf(l->text + l->len, "%d@%llu#%u^%u ", r->sample.tid, time,
					  r->sample.event, r->sample.rung);
	else if (r->type == PERF_RECORD_SAMPLE && r->sample.event)
		l->len += (size_t)sprintf(l->text + l->len, "%d@%llu#%u ", r->sample.tid, time,
					  r->sample.event);
	else if (r->type == PERF_RECORD_SAMPLE)
		l->len += (size_t)sprintf(l->text + l->len, "%d@%llu ", r->sample.tid, time);
	else
		l->len += (size_t)sprintf(l->text + l->len, "type%u@%llu ", r->type, time);
	return l->stop_after && --l->stop_after == 0 ? 1 : 0;
}

static void expect_read(struct damon_session *s, const char *want, int line)
{
	struct log l = {0};
	int n = damon_session_read(s, note, &l), spaces = 0;

	for (const char *p = l.text; *p; p++)
		spaces += *p == ' ';
	cr_expect_eq(n, spaces, "line %d: %d records", line, n);
	cr_expect_str_eq(l.text, want, "line %d: '%s'", line, l.text);
}
#define EXPECT_READ(s, want) expect_read(s, want, __LINE__)

static void sample(int cpu, int tid, uint64_t time)
{
	cr_assert(fake_perf_write(&world, cpu, perf_build_sample(&build, 0, tid, time)));
}

Test(session, merges_rings_by_time)
{
	struct damon_session *s = new_session(1, 3);

	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	EXPECT_READ(s, "");
	sample(0, 1, 10);
	sample(0, 1, 40);
	sample(0, 1, 41);
	sample(2, 3, 20);
	sample(2, 3, 50);
	sample(1, 2, 30);
	EXPECT_READ(s, "1@10 3@20 2@30 1@40 1@41 3@50 ");
	EXPECT_READ(s, "");
	sample(1, 2, 60); /* only one ring has anything */
	EXPECT_READ(s, "2@60 ");
	sample(1, 2, 80); /* a ring keeps its own order, even if times step back */
	sample(1, 2, 70);
	sample(0, 1, 75);
	EXPECT_READ(s, "1@75 2@80 2@70 ");
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, merges_many_records_in_order)
{
	struct damon_session *s = new_session(1, 4);
	struct damon_session_stats st;
	struct rng rng;
	uint64_t time = 1, written = 0, read = 0;

	rng_seed(&rng, 3);
	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	for (int round = 0; round < 400; round++) { /* the rings wrap several times */
		struct log l = {0};
		char want[4096];
		size_t len = 0;

		want[0] = '\0';
		for (uint64_t n = rng_below(&rng, 250); n; n--, time++) {
			int cpu = (int)rng_below(&rng, 4);
			size_t extra = 8 * rng_below(&rng, 30);
			static const uint8_t zeros[240];

			perf_build_sample(&build, 0, cpu, time);
			perf_build_bytes(&build, zeros, extra);
			cr_assert(fake_perf_write(&world, cpu, perf_build_end(&build)));
			len += (size_t)sprintf(want + len, "%d@%llu ", cpu,
					       (unsigned long long)time);
			written += build.len;
		}
		read += (uint64_t)damon_session_read(s, note, &l);
		cr_assert_str_eq(l.text, want);
	}
	damon_session_stats(s, &st);
	cr_expect_eq(read, time - 1);
	cr_expect_eq(st.records, time - 1);
	cr_expect_eq(st.bytes, written);
	cr_expect_gt(st.bytes, 4 * st.ring_bytes);
	cr_expect_eq(st.malformed, 0);
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, stops_and_goes_on)
{
	struct damon_session *s = new_session(1, 2);
	struct log l = {.stop_after = 3};

	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	for (int i = 0; i < 6; i++)
		sample(i & 1, i, (uint64_t)(i + 1));
	cr_expect_eq(damon_session_read(s, note, &l), 1);
	cr_expect_str_eq(l.text, "0@1 1@2 2@3 ");
	EXPECT_READ(s, "3@4 4@5 5@6 ");
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, tells_events_apart)
{
	struct damon_session *s = new_session(2, 2);
	struct damon_session_stats st;
	uint64_t clock, faults;

	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	clock = fake_perf_event(&world, 7, 1, PERF_COUNT_SW_CPU_CLOCK)->id;
	faults = fake_perf_event(&world, 7, 1, PERF_COUNT_SW_PAGE_FAULTS)->id;
	fake_perf_write(&world, 1, perf_build_sample(&build, faults, 5, 10));
	fake_perf_write(&world, 1, perf_build_sample(&build, clock, 5, 11));
	fake_perf_write(&world, 1, perf_build_fork(&build, clock, 7, 8, 12));
	fake_perf_write(&world, 1, perf_build_lost(&build, faults, 3, 13));
	fake_perf_write(&world, 1, perf_build_sample(&build, 12345678, 5, 14)); /* of nobody */
	fake_perf_write(&world, 1, perf_build_sample(&build, clock, 5, 15));
	EXPECT_READ(s, "5@10#1 5@11 type7@12 type2@13 5@15 ");
	damon_session_stats(s, &st);
	cr_expect_eq(st.malformed, 1, "what it has is not known");
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, counts_what_went_wrong)
{
	struct damon_session *s = new_session(1, 2);
	struct damon_session_stats st;

	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	fake_perf_write(&world, 0, perf_build_lost(&build, 0, 5, 1));
	fake_perf_write(&world, 1, perf_build_lost(&build, 0, 6, 2));
	perf_build_start(&build, PERF_RECORD_LOST_SAMPLES, 0);
	for (int i = 0; i < 3; i++)
		perf_build_u64(&build, 4);
	fake_perf_write(&world, 0, perf_build_end(&build));
	perf_build_start(&build, PERF_RECORD_THROTTLE, 0);
	for (int i = 0; i < 5; i++)
		perf_build_u64(&build, 9);
	fake_perf_write(&world, 0, perf_build_end(&build));
	perf_build_start(&build, PERF_RECORD_SAMPLE, 0); /* too short */
	perf_build_u64(&build, 9);
	fake_perf_write(&world, 0, perf_build_end(&build));
	sample(0, 1, 10);
	EXPECT_READ(s, "type2@1 type2@2 type13@4 type5@9 1@10 ");
	damon_session_stats(s, &st);
	cr_expect_eq(st.lost, 15);
	cr_expect_eq(st.throttled, 1);
	cr_expect_eq(st.malformed, 1);
	cr_expect_eq(st.records, 5);
	cr_expect_eq(st.nr_rings, 2);
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, sets_the_events_up)
{
	struct damon_session *s = new_session(2, 2);
	struct damon_fail f;

	fake_perf_file(&world, "/proc/5/task", "5\n");
	cr_assert_eq(damon_session_attach(s, 5, &f), 0);
	cr_assert_eq(damon_session_attach_on_exec(s, 7, &f), 0);
	for (int i = 0; i < 8; i++) {
		int pid = i & 1 ? 5 : 7, cpu = i >> 1 & 1, second = i >> 2 & 1;
		const struct fake_event *e =
			fake_perf_event(&world, pid, cpu, two_events[second].attr.config);

		cr_assert(e);
		cr_expect_eq(e->attr.size, sizeof(e->attr));
		cr_expect(e->attr.inherit && e->attr.sample_id_all && e->attr.use_clockid);
		cr_expect_eq(e->attr.clockid, 1, "CLOCK_MONOTONIC");
		cr_expect_eq(e->attr.sample_type & ~(uint64_t)PERF_SAMPLE_IDENTIFIER,
			     PERF_SAMPLE_TID | PERF_SAMPLE_TIME);
		cr_expect(e->attr.sample_type & PERF_SAMPLE_IDENTIFIER);
		cr_expect_eq(e->attr.mmap2, !second);
		cr_expect_eq(e->attr.mmap_data, !second);
		cr_expect_eq(e->attr.comm_exec, !second);
		cr_expect_eq(e->attr.task, !second);
		cr_expect_eq(e->attr.enable_on_exec, pid == 7);
		cr_expect_eq(e->attr.disabled, pid == 7 || second);
		cr_expect_eq(world.event[e->output - FAKE_FD].cpu, cpu);
		cr_expect(world.event[e->output - FAKE_FD].map);
	}
	cr_assert_eq(damon_session_enable(s), 0);
	cr_expect_eq(fake_perf_event(&world, 5, 0, PERF_COUNT_SW_PAGE_FAULTS)->enables, 1);
	cr_expect_eq(fake_perf_event(&world, 7, 0, PERF_COUNT_SW_PAGE_FAULTS)->enables, 0,
		     "exec enables it");
	damon_session_disable(s);
	cr_expect_eq(fake_perf_event(&world, 7, 0, PERF_COUNT_SW_PAGE_FAULTS)->disables, 1);
	damon_session_free(s);
	fake_perf_release(&world);
}

/* A dummy and three rungs, of which the second is on at first. */
static struct damon_session *new_ladder(int nr_cpus)
{
	static const struct damon_session_options o = {.first_rung = 2};
	struct damon_event events[4] = {
		{.attr = {.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_DUMMY}}};
	struct damon_session *s = NULL;

	for (unsigned i = 1; i < 4; i++)
		events[i] = (struct damon_event){.attr = {.type = PERF_TYPE_SOFTWARE,
							  .config = 100 + i,
							  .sample_period = 1000u * i},
						 .rung = i};
	fake_perf_init(&world, nr_cpus);
	cr_assert_eq(damon_session_new(&world.sys, events, 4, &o, &s, NULL), 0);
	return s;
}

static struct fake_event *rung(int pid, int cpu, int i)
{
	struct fake_event *e =
		fake_perf_event(&world, pid, cpu, i ? 100 + (unsigned)i : PERF_COUNT_SW_DUMMY);

	cr_assert(e, "rung %d of %d on CPU %d", i, pid, cpu);
	return e;
}

Test(session, one_rung_of_a_ladder_is_on)
{
	struct damon_session *s = new_ladder(2);

	fake_perf_file(&world, "/proc/5/task", "5\n6\n");
	cr_assert_eq(damon_session_attach(s, 5, NULL), 0);
	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	cr_assert_eq(damon_session_enable(s), 0);
	for (int i = 0; i < 4; i++)
		for (int cpu = 0; cpu < 2; cpu++) {
			const struct fake_event *e = rung(6, cpu, i), *x = rung(7, cpu, i);

			cr_expect_eq(e->attr.task, i == 0, "the dummy tells of tasks");
			cr_expect_eq(e->attr.mmap2, i == 0);
			cr_expect(x->attr.inherit);
			cr_expect_eq(e->enables, i == 0 || i == 2, "rung %d", i);
			cr_expect_eq(x->attr.enable_on_exec, i == 0 || i == 2, "rung %d", i);
			cr_expect_eq(x->enables, 0, "exec enables it");
		}
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, steps_reach_everything_and_each_sample_tells_its_rung)
{
	struct damon_session *s = new_ladder(2);

	fake_perf_file(&world, "/proc/5/task", "5\n");
	cr_assert_eq(damon_session_attach(s, 5, NULL), 0);
	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	cr_assert_eq(damon_session_enable(s), 0);
	cr_assert_eq(damon_session_step(s, 1), 0);
	for (int cpu = 0; cpu < 2; cpu++)
		for (int pid = 5; pid <= 7; pid += 2) {
			cr_expect_eq(rung(pid, cpu, 1)->enables, 1);
			cr_expect_eq(rung(pid, cpu, 1)->disables, 0);
			cr_expect_eq(rung(pid, cpu, 2)->disables, 1);
			cr_expect_eq(rung(pid, cpu, 0)->disables, 0, "the dummy stays on");
		}
	cr_assert_eq(damon_session_step(s, 1), 0, "again, for children left behind");
	cr_expect_eq(rung(5, 0, 1)->disables, 0);
	cr_assert(fake_perf_write(&world, 0, perf_build_sample(&build, rung(5, 0, 2)->id, 5, 10)));
	cr_assert(fake_perf_write(&world, 1, perf_build_sample(&build, rung(5, 1, 1)->id, 5, 20)));
	cr_assert(fake_perf_write(&world, 1, perf_build_sample(&build, rung(7, 1, 1)->id, 7, 30)));
	EXPECT_READ(s, "5@10#2^2 5@20#1^1 7@30#1^1 ");
	cr_expect_eq(damon_session_step(s, 0), -EINVAL);
	cr_expect_eq(damon_session_step(s, 4), -EINVAL);
	damon_session_free(s);
	fake_perf_release(&world);
	s = new_session(2, 1);
	cr_expect_eq(damon_session_step(s, 1), -EINVAL, "no ladder");
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, a_pause_stops_all_but_the_first_event)
{
	struct damon_session *s = new_ladder(1);

	fake_perf_file(&world, "/proc/5/task", "5\n");
	cr_assert_eq(damon_session_attach(s, 5, NULL), 0);
	cr_assert_eq(damon_session_enable(s), 0);
	damon_session_pause(s);
	cr_expect_eq(rung(5, 0, 0)->disables, 0, "what tells of tasks stays on");
	cr_expect_eq(rung(5, 0, 2)->disables, 1);
	cr_assert_eq(damon_session_step(s, 3), 0);
	cr_expect_eq(rung(5, 0, 3)->enables, 0, "a step does not end it");
	damon_session_pause(s); /* again, for children left behind */
	cr_expect_eq(rung(5, 0, 3)->disables, 2);
	fake_perf_file(&world, "/proc/8/task", "8\n");
	cr_assert_eq(damon_session_attach(s, 8, NULL), 0);
	cr_expect_eq(rung(8, 0, 3)->enables, 0, "nor does another process");
	cr_assert_eq(damon_session_resume(s), 0);
	cr_expect_eq(rung(5, 0, 3)->enables, 1, "the rung of now goes on");
	cr_expect_eq(rung(8, 0, 3)->enables, 1);
	cr_expect_eq(rung(5, 0, 2)->enables, 1, "the one of before does not");
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, cpus_that_come_online_later_are_told)
{
	struct damon_session *s;

	fake_perf_init(&world, 4);
	world.offline[2] = world.offline[3] = true;
	cr_assert_eq(damon_session_new(&world.sys, two_events, 1, NULL, &s, NULL), 0);
	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	cr_expect_eq(damon_session_unseen_cpus(s), 0);
	world.offline[1] = true; /* one that goes and comes back keeps its events */
	cr_expect_eq(damon_session_unseen_cpus(s), 0);
	world.offline[1] = false;
	world.offline[3] = false;
	cr_expect_eq(damon_session_unseen_cpus(s), 1);
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, one_event_needs_no_id)
{
	struct damon_session *s = new_session(1, 1);

	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	cr_expect_not(fake_perf_event(&world, 7, 0, 0)->attr.sample_type & PERF_SAMPLE_IDENTIFIER);
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, counts_per_event)
{
	struct damon_session *s = new_session(2, 2);
	uint64_t value = 0;

	fake_perf_file(&world, "/proc/7/task", "7\n8\n");
	cr_assert_eq(damon_session_attach(s, 7, NULL), 0);
	fake_perf_event(&world, 7, 0, 0)->count = 1;
	fake_perf_event(&world, 7, 1, 0)->count = 20;
	fake_perf_event(&world, 8, 1, 0)->count = 300;
	fake_perf_event(&world, 8, 1, PERF_COUNT_SW_PAGE_FAULTS)->count = 4000;
	cr_assert_eq(damon_session_count(s, 0, &value), 0);
	cr_expect_eq(value, 321);
	cr_assert_eq(damon_session_count(s, 1, &value), 0);
	cr_expect_eq(value, 4000);
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, polls_the_rings)
{
	struct damon_session *s = new_session(2, 3);
	struct pollfd fds[2];

	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	cr_expect_eq(damon_session_pollfds(s, fds, 2), 3);
	for (int i = 0; i < 2; i++) {
		cr_expect(world.event[fds[i].fd - FAKE_FD].map);
		cr_expect_eq(fds[i].events, POLLIN);
		cr_expect(world.event[fds[i].fd - FAKE_FD].attr.watermark);
		cr_expect_eq(world.event[fds[i].fd - FAKE_FD].attr.wakeup_watermark, 256 << 10);
	}
	damon_session_free(s);
	fake_perf_release(&world);
}

/* ---- attaching to what moves ---- */

static void new_thread_by(int tid)
{
	fake_perf_write(&world, 1, perf_build_fork(&build, 0, 7, tid, 100));
}

/* While thread 8 is opened, 7, which has been opened, makes 9, and 8 makes 10. */
static int threads_appear(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	if (pid == 8 && cpu == 0)
		new_thread_by(9);
	return 0;
}

Test(session, attaches_to_threads_that_appear)
{
	struct damon_session *s = new_session(1, 2);
	struct fake_perf_file *task = fake_perf_file(&world, "/proc/7/task", "7\n8\n9\n10\n");

	task->turn[0] = "7\n8\n";
	world.on_open = threads_appear;
	cr_assert_eq(damon_session_attach(s, 7, NULL), 0);
	cr_expect_eq(task->reads, 3);
	cr_expect_eq(fake_perf_nr_open(&world, 7), 2);
	cr_expect_eq(fake_perf_nr_open(&world, 8), 2);
	cr_expect_eq(fake_perf_nr_open(&world, 9), 0, "it has inherited 7's");
	cr_expect_eq(fake_perf_nr_open(&world, 10), 2);
	sample(0, 7, 200); /* before the start */
	cr_assert_eq(damon_session_enable(s), 0);
	sample(0, 7, 300);
	EXPECT_READ(s, "type7@100 7@300 ");
	damon_session_free(s);
	fake_perf_release(&world);
}

static int eight_ends(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	return pid == 8 ? -ESRCH : 0;
}

static int all_end(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	return pid == 7 || pid == 8 ? -ESRCH : 0;
}

static int all_end_midway(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	return cpu == 1 && (pid == 7 || pid == 8) ? -ESRCH : 0;
}

static int cpu_1_goes_offline(struct fake_perf *f, const struct perf_event_attr *a, int pid,
			      int cpu)
{
	f->offline[1] |= pid == 7;
	return cpu == 1 && pid == 7 ? -ENODEV : 0;
}

static int refuse(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	return pid == 8 && cpu == 1 ? -EPERM : 0;
}

Test(session, attaches_to_what_ends)
{
	static const struct {
		const char *name, *list, *later; /* /proc/7/task at first, and then */
		int (*on_open)(struct fake_perf *f, const struct perf_event_attr *a, int pid,
			       int cpu);
		int max_open, want, nr_open;
	} rows[] = {
		{"all is well", "7\n8\n", "7\n8\n", NULL, 0, 0, 4},
		{"one thread ends", "7\n8\n", "7\n", eight_ends, 0, 0, 2},
		{"no such process", NULL, NULL, NULL, 0, -ESRCH, 0},
		{"ended, not waited for", "", "", NULL, 0, -ESRCH, 0},
		{"ends after the list", "7\n8\n", NULL, all_end, 0, -ESRCH, 0},
		{"ends when it is half open", "7\n8\n", NULL, all_end_midway, 0, 0, 2},
		{"ends when it is open", "7\n8\n", NULL, NULL, 0, 0, 4},
		{"a CPU goes offline", "7\n", "7\n", cpu_1_goes_offline, 0, 0, 1},
		{"one thread is refused", "7\n8\n", "7\n8\n", refuse, 0, -EPERM, 0},
		{"too many files", "7\n8\n", "7\n8\n", NULL, 5, -EMFILE, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_session *s = new_session(1, 2);
		struct damon_fail f = {0};
		int err;

		fake_perf_file(&world, "/proc/7/task", rows[i].later)->turn[0] = rows[i].list;
		world.on_open = rows[i].on_open;
		world.max_open = rows[i].max_open;
		err = damon_session_attach(s, 7, &f);
		cr_expect_eq(err, rows[i].want, "%s: %d", rows[i].name, err);
		cr_expect_eq(fake_perf_nr_open(&world, 7) + fake_perf_nr_open(&world, 8),
			     rows[i].nr_open, "%s", rows[i].name);
		cr_expect_eq(!!*f.text, rows[i].want != 0, "%s: '%s'", rows[i].name, f.text);
		damon_session_free(s);
		fake_perf_release(&world);
	}
}

/* Counts down; 0 is 'stop'. */
static int countdown(void *priv)
{
	return --*(int *)priv < 0;
}

Test(session, attaching_can_be_stopped_before_each_thread)
{
	static const struct {
		int left, want, nr_open; /* threads until it stops */
	} rows[] = {{0, -EINTR, 0}, {1, -EINTR, 0}, {2, -EINTR, 0}, {3, 0, 6}, {9, 0, 6}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_session *s = new_session(1, 2);
		struct damon_fail f = {0};
		int left = rows[i].left, err, nr_open = 0;

		fake_perf_file(&world, "/proc/7/task", "7\n8\n9\n");
		damon_session_stop_if(s, countdown, &left);
		err = damon_session_attach(s, 7, &f);
		for (int tid = 7; tid <= 9; tid++)
			nr_open += fake_perf_nr_open(&world, tid);
		cr_expect_eq(err, rows[i].want, "row %zu: %d", i, err);
		cr_expect_eq(nr_open, rows[i].nr_open, "row %zu: %d", i, nr_open);
		cr_expect_eq(world.nr_opened, 3 + 2 * MIN(rows[i].left, 3), "row %zu", i);
		cr_expect_eq(!!strstr(f.text, "interrupted"), err != 0, "row %zu: %s", i, f.text);
		damon_session_free(s);
		fake_perf_release(&world);
	}
}

Test(session, leaves_offline_cpus_alone)
{
	struct damon_session_stats st;
	struct damon_session *s;

	fake_perf_init(&world, 4);
	world.offline[0] = world.offline[2] = true;
	cr_assert_eq(damon_session_new(&world.sys, two_events, 1, NULL, &s, NULL), 0);
	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	cr_expect_eq(fake_perf_nr_open(&world, 7), 2);
	damon_session_stats(s, &st);
	cr_expect_eq(st.nr_rings, 2);
	cr_expect_eq(st.nr_fds, 4);
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, fits_rings_into_locked_memory)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const struct {
		const char *name;
		size_t asked, allowed; /* KiB; allowed 0: anything */
		int err, want;
		size_t got; /* KiB */
	} rows[] = {
		{"default", 0, 0, EPERM, 0, 512},
		{"not a power of two", 100, 0, EPERM, 0, 128},
		{"tiny", 1, 0, EPERM, 0, 16},
		{"halved", 0, 140, EPERM, 0, 128},
		{"halved to the least", 0, 16, EPERM, 0, 16},
		{"no memory", 1024, 512, ENOMEM, 0, 512},
		{"too little", 0, 8, EPERM, -EPERM, 0},
		{"another error is not tried again", 0, 128, EINVAL, -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_session_options o = {.ring_bytes = rows[i].asked << 10};
		struct damon_session_stats st;
		struct damon_session *s = NULL;
		struct damon_fail f = {0};
		int err;

		fake_perf_init(&world, 2);
		world.mmap_max = rows[i].allowed ? (rows[i].allowed << 10) + page : 0;
		world.mmap_err = rows[i].err;
		err = damon_session_new(&world.sys, two_events, 1, &o, &s, &f);
		cr_expect_eq(err, rows[i].want, "%s: %d", rows[i].name, err);
		if (!err) {
			damon_session_stats(s, &st);
			cr_expect_eq(st.ring_bytes, rows[i].got << 10, "%s: %zu", rows[i].name,
				     st.ring_bytes);
		} else {
			cr_expect_null(s);
			cr_expect(*f.text);
		}
		damon_session_free(s);
		fake_perf_release(&world);
	}
	damon_session_free(NULL);
}

/* ---- all processes, and those that come later ---- */

static int no_cpu_events(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	return pid == -1 ? -EACCES : 0;
}

Test(session, all_processes_on_each_cpu)
{
	struct damon_session *s = new_session(2, 3);
	struct fake_event *e;

	cr_assert_eq(damon_session_attach_all(s, NULL), 0);
	cr_expect_eq(fake_perf_nr_open(&world, -1), 6);
	e = fake_perf_event(&world, -1, 1, PERF_COUNT_SW_CPU_CLOCK);
	cr_assert_not_null(e);
	cr_expect(e->attr.mmap && e->attr.task && e->attr.comm_exec && !e->attr.inherit);
	cr_expect_eq(e->attr.disabled, 0, "tasks are told of before the start");
	cr_assert(fake_perf_write(&world, 1, perf_build_sample(&build, e->id, 5, 10)));
	cr_assert_eq(damon_session_enable(s), 0);
	cr_expect_eq(e->enables, 1);
	cr_assert(fake_perf_write(&world, 1, perf_build_sample(&build, e->id, 6, 20)));
	EXPECT_READ(s, "6@20 "); /* what came before the start is left out */
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, all_processes_refused)
{
	static const struct {
		const char *level;
		int err;
		const char *text, *remedy;
	} rows[] = {
		{"1\n", -EACCES, "all processes: perf_event_paranoid is 1",
		 "perf_event_paranoid=0"},
		{"2\n", -EACCES, "all processes: perf_event_paranoid is 2",
		 "perf_event_paranoid=0"},
		{"4\n", -EACCES, "all processes: perf_event_paranoid is 4",
		 "perf_event_paranoid=0"},
		{"-1\n", -EACCES, "cannot sample all processes", "privileges"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_session *s = new_session(1, 2);
		struct damon_fail f = {0};

		fake_perf_file(&world, "/proc/sys/kernel/perf_event_paranoid", rows[i].level);
		fake_perf_file(&world, "/proc/self/status",
			       "Name:\tx\nUid:\t1\t1\t1\t1\nCapEff:\t0\nSeccomp:\t0\n");
		world.on_open = no_cpu_events;
		cr_expect_eq(damon_session_attach_all(s, &f), rows[i].err);
		cr_expect(strstr(f.text, rows[i].text), "%s", f.text);
		cr_expect(strstr(f.remedy, rows[i].remedy), "%s", f.remedy);
		cr_expect_eq(fake_perf_nr_open(&world, -1), 0);
		damon_session_free(s);
		fake_perf_release(&world);
	}
}

Test(session, a_trace_of_all_processes_is_refused)
{
	struct damon_event events[] = {two_events[0], two_events[1]};
	struct damon_session *s = NULL;
	struct damon_fail f = {0};

	fake_perf_init(&world, 2);
	events[1].aux_bytes = 8192;
	cr_assert_eq(damon_session_new(&world.sys, events, 2, NULL, &s, &f), 0, "%s", f.text);
	cr_expect_eq(damon_session_attach_all(s, &f), -ENOTSUP);
	cr_expect(strstr(f.text, "does not tell them apart"), "%s", f.text);
	cr_expect_eq(fake_perf_nr_open(&world, -1), 0);
	damon_session_free(s);
	fake_perf_release(&world);
}

Test(session, what_is_attached_later_is_on_at_once)
{
	struct damon_session *s = new_session(2, 2);
	struct fake_event *first, *later;

	fake_perf_file(&world, "/proc/7/task", "7\n");
	fake_perf_file(&world, "/proc/8/task", "8\n");
	cr_assert_eq(damon_session_attach(s, 7, NULL), 0);
	cr_assert_eq(damon_session_enable(s), 0);
	first = fake_perf_event(&world, 7, 0, PERF_COUNT_SW_PAGE_FAULTS);
	cr_assert_eq(damon_session_attach(s, 8, NULL), 0);
	later = fake_perf_event(&world, 8, 1, PERF_COUNT_SW_PAGE_FAULTS);
	cr_expect_eq(first->enables, 1);
	cr_expect_eq(later->enables, 1);
	damon_session_free(s);
	fake_perf_release(&world);
}

/* A record of 8 bytes whose size says otherwise. */
static void write_broken(int cpu)
{
	struct perf_event_header h = {.type = PERF_RECORD_SAMPLE, .size = sizeof(h)};
	struct perf_event_mmap_page *p = NULL;

	cr_assert(fake_perf_write(&world, cpu, &h));
	for (int i = 0; i < FAKE_FDS && !p; i++)
		if (world.event[i].open && world.event[i].cpu == cpu)
			p = world.event[i].map;
	cr_assert(p && p->data_head < p->data_size);
	h.size = 4;
	memcpy((uint8_t *)p + p->data_offset + p->data_head - sizeof(h), &h, sizeof(h));
}

/* A size that cannot be costs what was there, not what comes. */
Test(session, goes_on_after_what_has_no_end)
{
	struct damon_session *s = new_session(1, 2);
	struct damon_session_stats st;

	cr_assert_eq(damon_session_attach_on_exec(s, 7, NULL), 0);
	sample(0, 1, 10);
	write_broken(0);
	EXPECT_READ(s, "1@10 ");
	sample(0, 1, 20);
	EXPECT_READ(s, "1@20 ");
	EXPECT_READ(s, "");
	damon_session_stats(s, &st);
	cr_expect_eq(st.malformed, 1);
	damon_session_free(s);
	fake_perf_release(&world);
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

Test(session, the_events_of_those_that_ended_are_closed_and_counted)
{
	struct damon_session *s = new_session(2, 2);
	uint64_t value, id;

	world.sys.poll = over_poll;
	fake_perf_file(&world, "/proc/7/task", "7\n70\n");
	fake_perf_file(&world, "/proc/8/task", "8\n");
	cr_assert_eq(damon_session_attach(s, 7, NULL), 0);
	cr_assert_eq(damon_session_attach(s, 8, NULL), 0);
	cr_assert_eq(damon_session_enable(s), 0);
	fake_perf_event(&world, 7, 1, PERF_COUNT_SW_CPU_CLOCK)->count = 500;
	fake_perf_event(&world, 8, 0, PERF_COUNT_SW_CPU_CLOCK)->count = 30;
	fake_perf_event(&world, 7, 0, PERF_COUNT_SW_PAGE_FAULTS)->count = 4;
	id = fake_perf_event(&world, 7, 0, PERF_COUNT_SW_PAGE_FAULTS)->id;
	cr_assert(fake_perf_write(&world, 0, perf_build_sample(&build, id, 7, 5)));
	cr_expect_eq(damon_session_trim(s), 0, "it has left something to be read");
	EXPECT_READ(s, "7@5#1 ");
	cr_expect_eq(damon_session_trim(s), 4);
	cr_expect_eq(fake_perf_nr_open(&world, 7), 0);
	cr_expect_eq(fake_perf_nr_open(&world, 8), 4);
	cr_expect_eq(fake_perf_nr_open(&world, 70), 4);
	cr_assert_eq(damon_session_count(s, 0, &value), 0);
	cr_expect_eq(value, 530);
	cr_assert_eq(damon_session_count(s, 1, &value), 0);
	cr_expect_eq(value, 4);
	cr_expect_eq(damon_session_trim(s), 0);
	cr_assert(fake_perf_write(
		&world, 0,
		perf_build_sample(&build,
				  fake_perf_event(&world, 8, 0, PERF_COUNT_SW_PAGE_FAULTS)->id, 8,
				  10)));
	EXPECT_READ(s, "8@10#1 "); /* ids are still found */
	damon_session_free(s);
	fake_perf_release(&world);
}
