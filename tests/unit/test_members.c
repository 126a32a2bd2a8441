/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes of a cgroup as they come and go, on a fake kernel. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "damon.h"
#include "lib/ctx.h"
#include "tests/kit/fake_perf.h"
#include "tests/kit/machines.h"
#include "tests/kit/perf_build.h"

#define DIR   "/sys/fs/cgroup/app"
#define CPUS  2
#define PAIRS (CPUS * 2) /* events of a thread: a clock, and IBS */

static const struct fake_file machine[] = {
	{PMU_DIR, "ibs_op\n", 0},
	{PMU_DIR "/ibs_op/type", "11\n", 0},
	{PMU_DIR "/ibs_op/format/cnt_ctl", "config:19\n", 0},
	{"/proc/self/mountinfo", "33 30 0:29 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", 0},
	{DIR "/cgroup.stat", "nr_descendants 0\n", 0},
	{"/proc/sys/kernel/perf_event_paranoid", "2\n", 0},
	{"/proc/self/status", "Name:\tx\nUid:\t1\t1\t1\t1\nCapEff:\t0\nSeccomp:\t0\n", 0},
	{"/proc/104/stat", "104 (kswapd0) S 2 0 0 0 -1 2238528 0 0\n", 0},
	{"/proc/104/task", "104\n", 0},
	{0}};

struct group {
	struct fake_perf perf;
	struct damon_ctx *ctx;
	char paths[8][3][32];
	size_t nr;
	int closed, over; /* pids: opening its events is refused; its events are over */
	int tries;	  /* to open the closed one's */
	int nr_snapshots;
};

static int on_snapshot(void *priv, const struct damon_snapshot *s)
{
	((struct group *)priv)->nr_snapshots++;
	return 0;
}

static int on_open(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	struct group *g = f->priv;

	g->tries += pid == g->closed;
	return pid == g->closed ? -EACCES : 0;
}

static int group_poll(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms)
{
	struct group *g = ((struct fake_perf *)s->priv)->priv;
	int got = 0;

	for (size_t i = 0; i < n; i++) {
		const struct fake_event *e = &g->perf.event[MAX(fds[i].fd - FAKE_FD, 0)];

		fds[i].revents = fds[i].fd >= FAKE_FD && g->over && e->pid == g->over ? POLLHUP : 0;
		got += fds[i].revents != 0;
	}
	if (timeout_ms > 0)
		g->perf.now_ns += (uint64_t)timeout_ms * NS_PER_MS;
	return got;
}

/* A process that could be attached to. */
static void exists(struct group *g, int pid)
{
	static const char *const names[] = {"task", "comm", "maps"};
	static char tid[8][16];
	char(*path)[32] = g->paths[g->nr];

	cr_assert_lt(g->nr, ARRAY_SIZE(g->paths));
	snprintf(tid[g->nr], sizeof(tid[0]), "%d\n", pid);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path[i], sizeof(path[i]), "/proc/%d/%s", pid, names[i]);
		fake_perf_file(&g->perf, path[i],
			       i == 0	? tid[g->nr]
			       : i == 1 ? "worker\n"
					: "10000000-10400000 rw-p 00000000 00:00 0 \n");
	}
	g->nr++;
}

static void members(struct group *g, const char *pids)
{
	fake_perf_file(&g->perf, DIR "/cgroup.procs", pids);
}

static void group_init(struct group *g)
{
	struct damon_sampling s;

	memset(g, 0, sizeof(*g));
	fake_perf_init(&g->perf, CPUS);
	g->perf.machine = machine;
	g->perf.priv = g;
	g->perf.on_open = on_open;
	g->perf.sys.poll = group_poll;
	g->perf.now_ns = 5 * NS_PER_SEC;
	g->closed = -2;
	cr_assert_eq(damon_ctx_new(&g->ctx), 0);
	g->ctx->sys = &g->perf.sys;
	damon_set_callback(g->ctx, on_snapshot, g);
	damon_sampling_init(&s);
	s.source = "ibs";
	s.period = 100000;
	cr_assert_eq(damon_set_sampling(g->ctx, &s), 0);
	cr_assert_eq(damon_add_cgroup(g->ctx, "/app"), 0);
}

/* Until the members have been looked at once more. */
static int look(struct group *g)
{
	uint64_t next_ns = g->ctx->members.next_ns;
	int rc = 1;

	for (int i = 0; i < 100 && rc == 1 && g->ctx->members.next_ns == next_ns; i++)
		rc = damon_dispatch(g->ctx, -1);
	return rc;
}

static int nr_targets(struct group *g)
{
	struct damon_targets *ts = damon_core_targets(g->ctx->core);

	return (int)damon_targets_nr_procs(ts);
}

/* PERF_RECORD_FORK: pid, ppid, tid, ptid, time; then what sample_id_all says. */
static void forked(struct group *g, int pid, int ppid)
{
	static struct perf_build build;

	perf_build_start(&build, PERF_RECORD_FORK, 0);
	perf_build_u32(&build, (uint32_t)pid);
	perf_build_u32(&build, (uint32_t)ppid);
	perf_build_u32(&build, (uint32_t)pid);
	perf_build_u32(&build, (uint32_t)ppid);
	perf_build_u64(&build, g->perf.now_ns);
	perf_build_u32(&build, (uint32_t)ppid);
	perf_build_u32(&build, (uint32_t)ppid);
	perf_build_u64(&build, g->perf.now_ns);
	perf_build_u64(&build, g->perf.event[0].id); /* several events: it is told whose it is */
	cr_assert(fake_perf_write(&g->perf, 0, perf_build_end(&build)));
}

Test(members, come_and_go)
{
	static struct group g;
	struct damon_stats stats = {.size = sizeof(stats)};

	group_init(&g);
	exists(&g, 101);
	exists(&g, 102);
	exists(&g, 103);
	exists(&g, 105);
	members(&g, "101\n");
	g.closed = 103;
	cr_assert_eq(damon_open(g.ctx), 0, "%s", damon_error(g.ctx));
	cr_expect_eq(fake_perf_nr_open(&g.perf, 101), PAIRS, "%d", fake_perf_nr_open(&g.perf, 101));
	members(&g, "101\n102\n103\n104\n777\n"); /* 104: a kernel thread; 777 has gone again */
	cr_assert_eq(look(&g), 1);
	cr_expect_eq(fake_perf_nr_open(&g.perf, 102), PAIRS);
	for (int i = 0; i < FAKE_FDS; i++)
		cr_expect(!g.perf.event[i].open || g.perf.event[i].pid != 102 ||
				  g.perf.event[i].enables == 1,
			  "what comes later is on at once");
	cr_expect_eq(fake_perf_nr_open(&g.perf, 104), 0);
	cr_expect_eq(nr_targets(&g), 2);
	cr_expect_eq(g.tries, 1);
	cr_assert_eq(look(&g), 1);
	cr_assert_eq(look(&g), 1);
	cr_expect_eq(g.tries, 1, "the closed one is not tried again and again: %d", g.tries);
	cr_expect_eq(fake_perf_nr_open(&g.perf, 102), PAIRS, "nor is anyone attached to twice");

	forked(&g, 105, 101); /* has its parent's events */
	members(&g, "101\n102\n105\n");
	cr_assert_eq(look(&g), 1);
	cr_expect_eq(fake_perf_nr_open(&g.perf, 105), 0);
	cr_expect_eq(nr_targets(&g), 3);

	g.over = 101;
	members(&g, "");
	cr_assert_eq(look(&g), 1, "an empty group goes on");
	cr_expect_eq(fake_perf_nr_open(&g.perf, 101), PAIRS, "there may be something to read");
	cr_assert_eq(look(&g), 1);
	cr_expect_eq(fake_perf_nr_open(&g.perf, 101), 0, "nothing piles up");
	cr_expect_eq(fake_perf_nr_open(&g.perf, 102), PAIRS, "who leaves stays monitored");

	members(&g, NULL); /* removed */
	look(&g);
	cr_expect_eq(damon_dispatch(g.ctx, -1), 0, "over");
	cr_assert_eq(damon_close(g.ctx), 0);
	damon_ctx_stats(g.ctx, &stats);
	cr_expect_eq(stats.closed_procs, 1);
	cr_expect(strstr(stats.closed_reason, "103"), "%s", stats.closed_reason);
	cr_expect_str_eq(damon_error(g.ctx), "", "%s", damon_error(g.ctx));
	damon_ctx_free(g.ctx);
	fake_perf_release(&g.perf);
}

Test(members, an_empty_group_waits)
{
	static struct group g;

	group_init(&g);
	members(&g, "");
	exists(&g, 101);
	cr_assert_eq(damon_open(g.ctx), 0, "%s", damon_error(g.ctx));
	cr_assert_eq(look(&g), 1);
	cr_expect_eq(nr_targets(&g), 0);
	members(&g, "101\n");
	cr_assert_eq(look(&g), 1);
	cr_expect_eq(nr_targets(&g), 1);
	cr_expect_gt(g.nr_snapshots, 10);
	cr_assert_eq(damon_close(g.ctx), 0);
	damon_ctx_free(g.ctx);
	fake_perf_release(&g.perf);
}

Test(members, refusals)
{
	static struct group g;
	static const struct {
		const char *name, *path, *pids;
		int err;
		const char *text;
	} rows[] = {
		{"no such group", "/other", "", -ENOENT, "no cgroup '/other'"},
		{"closed processes only", NULL, "103\n", -EACCES, "103"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		group_init(&g);
		exists(&g, 103);
		g.closed = 103;
		members(&g, rows[i].pids);
		if (rows[i].path)
			cr_assert_eq(damon_add_cgroup(g.ctx, rows[i].path), 0);
		cr_expect_eq(damon_open(g.ctx), rows[i].err, "%s", rows[i].name);
		cr_expect(strstr(damon_error(g.ctx), rows[i].text), "%s: %s", rows[i].name,
			  damon_error(g.ctx));
		damon_ctx_free(g.ctx);
		fake_perf_release(&g.perf);
	}
}

Test(members, not_with_all_processes)
{
	static struct group g;

	group_init(&g);
	cr_assert_eq(damon_set_all(g.ctx), 0);
	cr_expect_eq(damon_open(g.ctx), -EINVAL);
	cr_expect(strstr(damon_error(g.ctx), "not both"), "%s", damon_error(g.ctx));
	for (int i = 0; i < 15; i++)
		cr_assert_eq(damon_add_cgroup(g.ctx, "/app"), 0);
	cr_expect_eq(damon_add_cgroup(g.ctx, "/app"), -E2BIG);
	damon_ctx_free(g.ctx);
	fake_perf_release(&g.perf);
}
