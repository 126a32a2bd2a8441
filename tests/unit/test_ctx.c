/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contexts end to end in a fake world: the synthetic source, a clock that polling moves on. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "damon.h"
#include "tests/kit/fake_sys.h"
#include "lib/ctx.h"

#define MIB 0x100000ull

/* Where the synthetic source's default ranges lie. */
static const char maps_text[] = "10000000-10400000 rw-p 00000000 00:00 0 \n"
				"20000000-21000000 rw-p 00000000 00:00 0 \n"
				"30000000-34000000 rw-p 00000000 00:00 0 \n";

struct world {
	struct fake_sys fake;
	struct fake_file files[4];
	char maps[64], comm[64];
	struct damon_ctx *ctx;
	int nr_snapshots, stop_after;
	double share[3];
	uint64_t obs, no_region, last_end_ns;
};

static int on_snapshot(void *priv, const struct damon_snapshot *s)
{
	struct world *w = priv;
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_target_info t = {.size = sizeof(t)};
	struct damon_region_info r = {.size = sizeof(r)};

	damon_snapshot_info(s, &info);
	cr_assert(info.start_ns == w->last_end_ns || !w->nr_snapshots, "intervals touch");
	w->last_end_ns = info.end_ns;
	w->obs += info.obs;
	w->no_region += info.no_region;
	w->nr_snapshots++;
	memset(w->share, 0, sizeof(w->share));
	if (info.nr_targets) {
		damon_snapshot_target(s, 0, &t);
		for (size_t i = 0; i < t.nr_regions; i++) {
			damon_snapshot_region(s, 0, i, &r);
			w->share[(r.start >> 28) - 1] += r.share;
		}
	}
	return w->stop_after && w->nr_snapshots == w->stop_after;
}

static void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	snprintf(w->maps, sizeof(w->maps), "/proc/%d/maps", getpid());
	snprintf(w->comm, sizeof(w->comm), "/proc/%d/comm", getpid());
	w->files[0] = (struct fake_file){w->maps, maps_text, 0};
	w->files[1] = (struct fake_file){w->comm, "toy\n", 0};
	fake_sys_init(&w->fake, w->files);
	w->fake.clock_ns = 5 * NS_PER_SEC;
	w->fake.realtime_ns = 1700000000 * NS_PER_SEC;
	w->fake.sys.poll = fake_sys_poll;
	cr_assert_eq(damon_ctx_new(&w->ctx), 0);
	w->ctx->sys = &w->fake.sys;
	damon_set_callback(w->ctx, on_snapshot, w);
}

static int use_synth(struct world *w, double rate_hz)
{
	struct damon_sampling s;

	damon_sampling_init(&s);
	s.source = "synth";
	s.rate_hz = rate_hz;
	return damon_set_sampling(w->ctx, &s);
}

static void run(struct world *w)
{
	int rc, rounds = 0;

	while ((rc = damon_dispatch(w->ctx, -1)) == 1)
		cr_assert_lt(rounds++, 1000, "it ends");
	cr_assert_eq(rc, 0, "%s", damon_error(w->ctx));
}

Test(ctx, shares_are_found_and_recorded)
{
	static const double truth[] = {.70, .20, .10};
	char path[] = "/tmp/test_ctx.XXXXXX";
	struct damon_stats stats = {.size = sizeof(stats)};
	const struct damon_snapshot *s;
	struct damon_record *rec;
	struct world w, back = {0};

	close(mkstemp(path));
	unlink(path);
	world_init(&w);
	w.stop_after = 30;
	cr_assert_eq(use_synth(&w, 5000), 0);
	cr_assert_eq(damon_add_pid(w.ctx, getpid()), 0);
	cr_assert_eq(damon_set_record(w.ctx, path), 0);
	cr_assert_eq(damon_open(w.ctx), 0, "%s", damon_error(w.ctx));
	run(&w);
	for (size_t i = 0; i < 3; i++)
		cr_expect(fabs(w.share[i] - truth[i]) < .03, "range %zu: %g", i, w.share[i]);
	cr_assert_eq(damon_close(w.ctx), 0, "%s", damon_error(w.ctx));
	cr_assert_eq(damon_ctx_stats(w.ctx, &stats), 0);
	cr_expect_eq(stats.nr_snapshots, 30);
	cr_expect_eq(stats.obs, w.obs);
	cr_expect_eq(w.no_region, 0);

	cr_assert_eq(damon_record_open(path, &rec), 0, "%s", damon_record_error(NULL));
	while (damon_record_next(rec, &s) == 1)
		on_snapshot(&back, s);
	cr_expect_eq(back.nr_snapshots, 30);
	cr_expect_eq(back.obs, w.obs);
	for (size_t i = 0; i < 3; i++)
		cr_expect(fabs(back.share[i] - w.share[i]) < .01, "range %zu", i);
	damon_record_stats(rec, &stats);
	cr_expect_eq(stats.complete, 1);
	cr_expect_eq(stats.obs, w.obs);
	damon_record_close(rec);
	damon_ctx_free(w.ctx);
	unlink(path);
}

Test(ctx, a_late_reader_changes_nothing_but_the_number_of_calls)
{
	struct world w;

	world_init(&w);
	cr_assert_eq(use_synth(&w, 1000), 0);
	cr_assert_eq(damon_add_pid(w.ctx, getpid()), 0);
	cr_assert_eq(damon_open(w.ctx), 0, "%s", damon_error(w.ctx));
	w.fake.clock_ns += 2550 * NS_PER_MS;
	cr_assert_eq(damon_dispatch(w.ctx, 0), 1);
	cr_expect_eq(w.nr_snapshots, 25, "one per interval that passed, not %d", w.nr_snapshots);
	w.fake.clock_ns += 3600 * NS_PER_SEC; /* the machine slept */
	cr_assert_eq(damon_dispatch(w.ctx, 0), 1);
	cr_expect_eq(w.nr_snapshots, 26, "one for all the time that was slept");
	cr_assert_eq(damon_close(w.ctx), 0);
	damon_ctx_free(w.ctx);
}

Test(ctx, refusals)
{
	static const struct {
		const char *name, *source, *record;
		int pid, err;
		const char *says, *raw, *replay;
	} rows[] = {
		{"nothing to monitor", "synth", NULL, 0, -EINVAL, "nothing to monitor"},
		{"no such source", "magic", NULL, 1, -EINVAL, "'magic'"},
		{"no such process", "synth", NULL, 0x3fffffff, -ESRCH, "1073741823"},
		{"record in a missing folder", "synth", "/proc/nonexistent/x", 1, -ENOENT,
		 "/proc/nonexistent/x"},
		{"record is a folder", "synth", "/tmp", 1, -EISDIR, "/tmp"},
		{"both raw and a record", "synth", "/tmp/x", 1, -EINVAL, "not both", "/tmp/y"},
		{"both raw and replayed", "synth", NULL, 0, -EINVAL, "not both", "/tmp/y",
		 "/tmp/x"},
		{"raw, and no events", "synth", NULL, 1, -EINVAL, "no samples", "/tmp/y"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_sampling s;
		struct world w;
		int err = 0;

		world_init(&w);
		damon_sampling_init(&s);
		s.source = rows[i].source;
		damon_set_sampling(w.ctx, &s);
		if (rows[i].pid)
			damon_add_pid(w.ctx, rows[i].pid == 1 ? getpid() : rows[i].pid);
		if (rows[i].record)
			damon_set_record(w.ctx, rows[i].record);
		if (rows[i].raw)
			damon_set_raw(w.ctx, rows[i].raw);
		if (rows[i].replay)
			damon_set_replay(w.ctx, rows[i].replay);
		err = damon_open(w.ctx);
		cr_expect_eq(err, rows[i].err, "%s: %d", rows[i].name, err);
		cr_expect(strstr(damon_error(w.ctx), rows[i].says), "%s: '%s'", rows[i].name,
			  damon_error(w.ctx));
		damon_ctx_free(w.ctx);
	}
}

Test(ctx, attributes_are_checked)
{
	static const struct {
		const char *name;
		uint64_t sample_ms, aggr_ms, update_ms;
		uint32_t min, max;
		int err;
	} rows[] = {
		{"defaults", 5, 100, 1000, 10, 1000, 0},
		{"all equal", 100, 100, 100, 3, 3, 0},
		{"aggregation below sampling", 200, 100, 1000, 10, 1000, -EINVAL},
		{"update below aggregation", 5, 100, 50, 10, 1000, -EINVAL},
		{"no sampling interval", 0, 100, 1000, 10, 1000, -EINVAL},
		{"two regions", 5, 100, 1000, 2, 1000, -EINVAL},
		{"max below min", 5, 100, 1000, 20, 10, -EINVAL},
		{"a million regions", 5, 100, 1000, 10, 1000000, -EINVAL},
	};
	struct damon_ctx *ctx;

	cr_assert_eq(damon_ctx_new(&ctx), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_attrs a = {
			.size = sizeof(a),
			.sample_ns = rows[i].sample_ms * NS_PER_MS,
			.aggr_ns = rows[i].aggr_ms * NS_PER_MS,
			.update_ns = rows[i].update_ms * NS_PER_MS,
			.min_nr_regions = rows[i].min,
			.max_nr_regions = rows[i].max,
		};

		cr_expect_eq(damon_set_attrs(ctx, &a), rows[i].err, "%s", rows[i].name);
	}
	damon_ctx_free(ctx);
}

Test(ctx, in_a_thread)
{
	struct world w;

	world_init(&w);
	w.stop_after = 20;
	cr_assert_eq(use_synth(&w, 1000), 0);
	cr_expect_eq(damon_start(w.ctx), -EBUSY, "not open yet");
	cr_assert_eq(damon_add_pid(w.ctx, getpid()), 0);
	cr_assert_eq(damon_open(w.ctx), 0, "%s", damon_error(w.ctx));
	cr_assert_eq(damon_start(w.ctx), 0, "%s", damon_error(w.ctx));
	cr_expect_eq(damon_start(w.ctx), -EBUSY, "runs already");
	while (damon_nr_running_ctxs())
		usleep(1000);
	cr_assert_eq(damon_stop(w.ctx), 0, "%s", damon_error(w.ctx));
	cr_expect_eq(w.nr_snapshots, 20);
	cr_expect_eq(damon_stop(w.ctx), 0, "twice is fine");
	damon_ctx_free(w.ctx);
}

static int count_snapshot(void *priv, const struct damon_snapshot *s)
{
	((struct world *)priv)->nr_snapshots++;
	return 0;
}

/* The descriptor wakes a host once per interval, or per latency, on the real clock. */
static void run_in_event_loop(uint64_t latency_ns, int per_wakeup)
{
	struct damon_attrs a;
	struct world w;
	struct pollfd p = {.events = POLLIN};
	int wakeups = 0;

	world_init(&w);
	w.ctx->sys = &damon_sys_real;
	damon_set_callback(w.ctx, count_snapshot, &w);
	damon_set_latency(w.ctx, latency_ns);
	damon_attrs_init(&a);
	a.aggr_ns = 20 * NS_PER_MS;
	cr_assert_eq(damon_set_attrs(w.ctx, &a), 0);
	cr_assert_eq(use_synth(&w, 1000), 0);
	cr_assert_eq(damon_add_pid(w.ctx, getpid()), 0);
	cr_assert_eq(damon_open(w.ctx), 0, "%s", damon_error(w.ctx));
	p.fd = damon_fd(w.ctx);
	cr_assert_geq(p.fd, 0, "%s", damon_error(w.ctx));
	cr_expect_eq(damon_fd(w.ctx), p.fd);
	while (w.nr_snapshots < 12 && wakeups < 100) {
		cr_assert_eq(poll(&p, 1, 10000), 1);
		cr_assert_eq(damon_dispatch(w.ctx, 0), 1);
		wakeups++;
	}
	cr_expect_geq(w.nr_snapshots, 12);
	cr_expect_leq(wakeups, w.nr_snapshots / per_wakeup + 2, "%d for %d", wakeups,
		      w.nr_snapshots);
	cr_assert_eq(damon_close(w.ctx), 0);
	damon_ctx_free(w.ctx);
}

Test(ctx, in_a_hosts_event_loop)
{
	static const struct {
		uint64_t latency_ns;
		int per_wakeup;
	} rows[] = {
		{0, 1},
		{19 * NS_PER_MS, 1}, /* less than an interval */
		{80 * NS_PER_MS, 4},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		run_in_event_loop(rows[i].latency_ns, rows[i].per_wakeup);
}

/* One that ended stays readable, and is not looked at again. */
Test(ctx, a_host_is_not_woken_for_what_has_ended)
{
	struct damon_attrs a;
	struct world w;
	struct pollfd p = {.events = POLLIN};
	int wakeups = 0, child = fork();

	cr_assert_geq(child, 0);
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	world_init(&w);
	w.ctx->sys = &damon_sys_real;
	damon_set_callback(w.ctx, count_snapshot, &w);
	damon_attrs_init(&a);
	a.aggr_ns = 20 * NS_PER_MS;
	cr_assert_eq(damon_set_attrs(w.ctx, &a), 0);
	cr_assert_eq(use_synth(&w, 1000), 0);
	cr_assert_eq(damon_add_pid(w.ctx, getpid()), 0);
	cr_assert_eq(damon_add_pid(w.ctx, child), 0);
	cr_assert_eq(damon_open(w.ctx), 0, "%s", damon_error(w.ctx));
	p.fd = damon_fd(w.ctx);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	while (w.nr_snapshots < 5 && wakeups < 100) {
		cr_assert_eq(poll(&p, 1, 10000), 1);
		cr_assert_eq(damon_dispatch(w.ctx, 0), 1);
		wakeups++;
	}
	cr_expect_leq(wakeups, w.nr_snapshots + 3, "%d for %d", wakeups, w.nr_snapshots);
	cr_assert_eq(damon_close(w.ctx), 0);
	damon_ctx_free(w.ctx);
}

/* ---- time ---- */

static void fork_at(struct world *w, int pid, uint64_t time_ns)
{
	struct damon_perf_record r = {
		.type = PERF_RECORD_FORK,
		.time_ns = time_ns,
		.task = {.pid = pid, .ppid = getpid(), .tid = pid, .ptid = getpid()},
	};

	cr_assert_eq(events_on_record(w->ctx, &r), 0);
}

/* A record ends the intervals before it, but never more than have passed. */
Test(ctx, records_out_of_time_change_no_interval)
{
	static const struct {
		const char *name;
		uint64_t clock_ms, time_ns; /* since the start; from 'absolute' on as it is */
		bool absolute;
		int nr_snapshots;
	} steps[] = {
		{"in the first interval", 250, 50 * NS_PER_MS, false, 0},
		{"in the second", 250, 150 * NS_PER_MS, false, 1},
		{"older than its interval", 250, 20 * NS_PER_MS, false, 1},
		{"before the start", 250, NS_PER_SEC, true, 1},
		{"without time", 250, 0, true, 1},
		{"at an edge", 250, 200 * NS_PER_MS, false, 2},
		{"an hour ahead", 260, 3600 * NS_PER_SEC, false, 2},
		{"at the end of time", 260, UINT64_MAX, true, 2},
		{"ahead again, an edge passed", 310, 3600 * NS_PER_SEC, false, 3},
		{"as if nothing had been", 420, 410 * NS_PER_MS, false, 4},
	};
	struct world w;

	world_init(&w);
	cr_assert_eq(use_synth(&w, 1000), 0);
	cr_assert_eq(damon_add_pid(w.ctx, getpid()), 0);
	cr_assert_eq(damon_open(w.ctx), 0, "%s", damon_error(w.ctx));
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		w.fake.clock_ns = 5 * NS_PER_SEC + steps[i].clock_ms * NS_PER_MS;
		fork_at(&w, 4000 + (int)i,
			steps[i].absolute ? steps[i].time_ns : 5 * NS_PER_SEC + steps[i].time_ns);
		cr_expect_eq(w.nr_snapshots, steps[i].nr_snapshots, "%s: %d", steps[i].name,
			     w.nr_snapshots);
		cr_expect_leq(w.last_end_ns, w.fake.clock_ns, "%s", steps[i].name);
	}
	cr_assert_eq(damon_close(w.ctx), 0);
	cr_expect_eq(w.last_end_ns, w.fake.clock_ns);
	damon_ctx_free(w.ctx);
}

/* ---- intervals that are tuned ---- */

struct tuned {
	uint64_t sample_ns[40], aggr_ns[40];
	double nr[40]; /* of the first region */
	size_t n;
	double ratio;
};

static int note_tuned(void *priv, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_target_info target = {.size = sizeof(target)};
	struct damon_region_info r = {.size = sizeof(r)};
	double events = 0, most = 0;
	struct tuned *t = priv;

	damon_snapshot_info(s, &info);
	if (info.nr_targets)
		damon_snapshot_target(s, 0, &target);
	for (size_t i = 0; i < target.nr_regions; i++) {
		damon_snapshot_region(s, 0, i, &r);
		events += (double)(r.end - r.start) *
			  damon_region_nr_accesses_of(s, 0, i, NULL, NULL);
		most += (double)(r.end - r.start) * 20;
	}
	t->ratio = most > 0 ? events / most : 0;
	t->sample_ns[t->n] = info.sample_ns;
	t->aggr_ns[t->n] = info.aggr_ns;
	t->nr[t->n] = target.nr_regions ? damon_region_nr_accesses_of(s, 0, 0, NULL, NULL) : -1;
	return ++t->n == ARRAY_SIZE(t->nr);
}

Test(ctx, tuned_intervals_meet_their_goal_live_and_recorded)
{
	char path[] = "/tmp/test_ctx.XXXXXX";
	struct damon_record_info info = {.size = sizeof(info)};
	struct damon_intervals_goal goal;
	struct tuned live = {.n = 0}, back = {.n = 0};
	const struct damon_snapshot *s;
	struct damon_record *rec;
	size_t longer = 0;
	struct world w;

	close(mkstemp(path));
	unlink(path);
	world_init(&w);
	damon_set_callback(w.ctx, note_tuned, &live);
	damon_intervals_goal_init(&goal);
	goal.max_sample_ns = 1000 * NS_PER_SEC;
	cr_assert_eq(damon_set_intervals_goal(w.ctx, &goal), 0);
	cr_assert_eq(use_synth(&w, 2000), 0);
	cr_assert_eq(damon_add_pid(w.ctx, getpid()), 0);
	cr_assert_eq(damon_set_record(w.ctx, path), 0);
	cr_assert_eq(damon_open(w.ctx), 0, "%s", damon_error(w.ctx));
	run(&w);
	cr_assert_eq(damon_close(w.ctx), 0, "%s", damon_error(w.ctx));
	damon_ctx_free(w.ctx);
	cr_expect_float_eq(live.ratio, .04, .008, "%g", live.ratio);

	cr_assert_eq(damon_record_open(path, &rec), 0, "%s", damon_record_error(NULL));
	for (int pass = 0; pass < 2; pass++) {
		back.n = 0;
		while (damon_record_next(rec, &s) == 1)
			note_tuned(&back, s);
		cr_assert_eq(damon_record_rewind(rec), 0);
		cr_assert_eq(back.n, live.n);
		for (size_t i = 0; i < live.n; i++) {
			cr_expect_eq(back.sample_ns[i], live.sample_ns[i], "snapshot %zu", i);
			cr_expect_eq(back.aggr_ns[i], 20 * back.sample_ns[i], "snapshot %zu", i);
			cr_expect_float_eq(back.nr[i], live.nr[i], .1, "snapshot %zu", i);
			longer += live.sample_ns[i] > 5 * NS_PER_MS;
		}
	}
	cr_expect_eq(longer, 2 * live.n, "known from the first snapshot on");
	damon_record_info(rec, &info);
	cr_expect_eq(info.goal.access_bp, 400);
	cr_expect_eq(info.goal.max_sample_ns, 1000 * NS_PER_SEC);
	cr_expect_eq(info.attrs.sample_ns, 5 * NS_PER_MS);
	damon_record_close(rec);
	unlink(path);
}

Test(ctx, goals_and_resolutions_are_checked)
{
	static const struct {
		struct damon_intervals_goal g;
		int err;
	} goals[] = {
		{{sizeof(goals[0].g), 400, 3, 5000000, 10000000000}, 0},
		{{sizeof(goals[0].g), 10000, 1, 1000, 1000}, 0},
		{{sizeof(goals[0].g), 0, 0, 0, 0}, 0}, /* none */
		{{sizeof(goals[0].g), 10001, 3, 5000000, 10000000000}, -EINVAL},
		{{sizeof(goals[0].g), 400, 0, 5000000, 10000000000}, -EINVAL},
		{{sizeof(goals[0].g), 400, 3, 999, 10000000000}, -EINVAL},
		{{sizeof(goals[0].g), 400, 3, 5000000, 4000000}, -EINVAL},
		{{sizeof(goals[0].g), 400, 3, 5000000, 86400000000001}, -EINVAL},
		{{sizeof(size_t)}, 0}, /* an older caller: the defaults */
	};
	static const struct {
		double share, rate_hz;
		uint64_t ns;
		int err;
	} resolutions[] = {
		{.01, 0, NS_PER_SEC, 0},
		{1, 0, 1, 0},
		{0, 0, NS_PER_SEC, -EINVAL},
		{1.1, 0, NS_PER_SEC, -EINVAL},
		{NAN, 0, NS_PER_SEC, -EINVAL},
		{.01, 100, NS_PER_SEC, -EINVAL},
		{7, 100, 0, 0}, /* none */
	};
	struct damon_ctx *ctx;

	cr_assert_eq(damon_ctx_new(&ctx), 0);
	for (size_t i = 0; i < ARRAY_SIZE(goals); i++)
		cr_expect_eq(damon_set_intervals_goal(ctx, &goals[i].g), goals[i].err, "goal %zu",
			     i);
	for (size_t i = 0; i < ARRAY_SIZE(resolutions); i++) {
		struct damon_sampling s;

		damon_sampling_init(&s);
		s.resolution_share = resolutions[i].share;
		s.resolution_ns = resolutions[i].ns;
		s.rate_hz = resolutions[i].rate_hz;
		cr_expect_eq(damon_set_sampling(ctx, &s), resolutions[i].err, "resolution %zu", i);
	}
	damon_ctx_free(ctx);
}
