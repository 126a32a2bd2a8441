/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Schemes of a context, end to end in a fake world: memory that is advised, a clock that polling
 * moves on, a worker whose steps the tests do. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "damon.h"
#include "damos.h"
#include "lib/ctx.h"
#include "tests/kit/fake_sys.h"

#define MIB	   0x100000ull
#define MS	   NS_PER_MS
#define PIDFD	   800
#define PAGEMAP_FD 900

/* The synthetic source's ranges, and one that it never touches. */
#define IDLE	 0x40000000ull
#define IDLE_END 0x44000000ull
static const char maps_text[] = "10000000-10400000 rw-p 00000000 00:00 0 \n"
				"20000000-21000000 rw-p 00000000 00:00 0 \n"
				"30000000-34000000 rw-p 00000000 00:00 0 \n"
				"40000000-44000000 rw-p 00000000 00:00 0 \n";

#define MAX_ADVICE 32768

struct advice {
	uint64_t start, end;
	int advice, pid_fd;
};

struct world {
	struct fake_sys fake; /* first: the sys's priv */
	struct fake_file files[16];
	size_t nr_files;
	char paths[8][64], stat[128], meminfo[64];
	struct damon_ctx *ctx;
	int pid; /* the target */
	struct advice advice[MAX_ADVICE];
	size_t nr_advice;
	uint64_t advise_ns;
	bool swapped[(IDLE_END - IDLE) / DAMON_PAGE_SIZE];
	bool exited; /* as its pidfd says */
	bool locked; /* by somebody else */
	int pidfds;  /* open */
	int madvise_err;
	bool keeps; /* pages, whatever the advice */
	int nr_snapshots;
	uint64_t last_start_ns, last_end_ns;
	uint32_t idle_age; /* of the idle mapping in the last snapshot: the least of its regions */
	uint32_t idle_idle;
};

static struct world *world_of(const struct damon_sys *s)
{
	return s->priv;
}

static int fake_poll(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms)
{
	struct world *w = world_of(s);
	int ready = 0;

	w->fake.clock_ns += (uint64_t)MAX(timeout_ms, 0) * MS;
	for (size_t i = 0; i < n; i++) {
		fds[i].revents =
			fds[i].fd >= PIDFD && fds[i].fd < PAGEMAP_FD && w->exited ? POLLIN : 0;
		ready += fds[i].revents != 0;
	}
	return ready;
}

static int fake_pidfd_open(const struct damon_sys *s, int pid)
{
	struct world *w = world_of(s);

	return PIDFD + w->pidfds++;
}

static int fake_flock(const struct damon_sys *s, int fd, int op)
{
	cr_expect_eq(op, LOCK_EX | LOCK_NB);
	return world_of(s)->locked ? -EWOULDBLOCK : 0;
}

static int (*open_file)(const struct damon_sys *s, const char *path, int flags);
static int (*close_file)(const struct damon_sys *s, int fd);
static ssize_t (*pread_file)(const struct damon_sys *s, int fd, void *buf, size_t len,
			     uint64_t off);

static int fake_open(const struct damon_sys *s, const char *path, int flags)
{
	char pagemap[64];

	snprintf(pagemap, sizeof(pagemap), "/proc/%d/pagemap", world_of(s)->pid);
	return strcmp(path, pagemap) ? open_file(s, path, flags) : PAGEMAP_FD;
}

static int fake_close(const struct damon_sys *s, int fd)
{
	if (fd == PAGEMAP_FD)
		return 0;
	if (fd >= PIDFD && fd < PAGEMAP_FD) {
		world_of(s)->pidfds--;
		return 0;
	}
	return close_file(s, fd);
}

/* Everything is in memory, but for what was paged out. */
static ssize_t fake_pread(const struct damon_sys *s, int fd, void *buf, size_t len, uint64_t off)
{
	const struct world *w = world_of(s);
	uint64_t *words = buf;

	if (fd != PAGEMAP_FD)
		return pread_file(s, fd, buf, len, off);
	for (size_t i = 0; i < len / 8; i++) {
		uint64_t addr = (off / 8 + i) << DAMON_PAGE_SHIFT;
		bool out = addr >= IDLE && addr < IDLE_END &&
			   w->swapped[(addr - IDLE) >> DAMON_PAGE_SHIFT];

		words[i] = out ? 1ull << 62 : 1ull << 63;
	}
	return (ssize_t)len;
}

static ssize_t fake_process_madvise(const struct damon_sys *s, int pid_fd, const struct iovec *r,
				    size_t n, int advice)
{
	struct world *w = world_of(s);
	ssize_t bytes = 0;

	if (w->madvise_err)
		return -w->madvise_err;
	w->fake.clock_ns += w->advise_ns;
	for (size_t i = 0; i < n; i++) {
		uint64_t start = (uintptr_t)r[i].iov_base, end = start + r[i].iov_len;

		cr_assert_lt(w->nr_advice, MAX_ADVICE);
		w->advice[w->nr_advice++] = (struct advice){start, end, advice, pid_fd};
		bytes += (ssize_t)r[i].iov_len;
		for (uint64_t a = MAX(start, IDLE); a < MIN(end, IDLE_END); a += DAMON_PAGE_SIZE)
			w->swapped[(a - IDLE) >> DAMON_PAGE_SHIFT] |=
				advice == MADV_PAGEOUT && !w->keeps;
	}
	return bytes;
}

static void add_file(struct world *w, const char *path, const char *text)
{
	cr_assert_lt(w->nr_files + 1, ARRAY_SIZE(w->files));
	w->files[w->nr_files++] = (struct fake_file){path, text, 0};
}

static void add_proc_file(struct world *w, size_t i, const char *name, const char *text)
{
	snprintf(w->paths[i], sizeof(w->paths[i]), "/proc/%d%s", w->pid, name);
	add_file(w, w->paths[i], text);
}

static int on_snapshot(void *priv, const struct damon_snapshot *s)
{
	struct world *w = priv;
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_region_info r = {.size = sizeof(r)};
	struct damon_target_info t = {.size = sizeof(t)};

	damon_snapshot_info(s, &info);
	w->nr_snapshots++;
	w->last_start_ns = info.start_ns;
	w->last_end_ns = info.end_ns;
	w->idle_age = w->idle_idle = UINT32_MAX;
	for (size_t i = 0; i < info.nr_targets; i++) {
		damon_snapshot_target(s, i, &t);
		for (size_t k = 0; k < t.nr_regions; k++) {
			damon_snapshot_region(s, i, k, &r);
			if (r.start < IDLE)
				continue;
			w->idle_age = MIN(w->idle_age, r.age_aggrs);
			w->idle_idle = MIN(w->idle_idle, r.idle_aggrs);
		}
	}
	return 0;
}

/* Its pid must be one, as processes are attached to for real; all else of it is made up. */
static int start_sleeper(void)
{
	int pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static void world_init_for(struct world *w, int pid)
{
	struct damon_sampling s;

	memset(w, 0, sizeof(*w));
	w->pid = pid;
	w->advise_ns = 100 * NS_PER_US;
	/* It started 100 s after the boot, 50 s ago. */
	snprintf(w->stat, sizeof(w->stat),
		 "%d (a (b) c) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 10000 0 0 0", pid);
	add_proc_file(w, 0, "/maps", maps_text);
	add_proc_file(w, 1, "/comm", "toy\n");
	add_proc_file(w, 2, "/stat", w->stat);
	add_proc_file(w, 3, "", "");
	add_file(w, "/proc/uptime", "150.00 100.00\n");
	add_file(w, "/proc/self/status", "x\nCapEff:\t000001ffffffffff\n");
	add_file(w, "/proc/sys/kernel/osrelease", "6.12.0\n");
	add_file(w, "/proc/swaps",
		 "Filename Type Size Used Priority\n/dev/zram0 partition 1000000 0 1\n");
	snprintf(w->meminfo, sizeof(w->meminfo), "MemTotal: 1000 kB\nMemFree: 300 kB\n");
	add_file(w, "/proc/meminfo", w->meminfo);
	fake_sys_init(&w->fake, w->files);
	open_file = w->fake.sys.open;
	close_file = w->fake.sys.close;
	pread_file = w->fake.sys.pread;
	w->fake.clock_ns = 150 * NS_PER_SEC;
	w->fake.realtime_ns = 1700000000 * NS_PER_SEC;
	w->fake.sys.poll = fake_poll;
	w->fake.sys.open = fake_open;
	w->fake.sys.close = fake_close;
	w->fake.sys.pread = fake_pread;
	w->fake.sys.pidfd_open = fake_pidfd_open;
	w->fake.sys.flock = fake_flock;
	w->fake.sys.process_madvise = fake_process_madvise;
	cr_assert_eq(damon_ctx_new(&w->ctx), 0);
	w->ctx->sys = &w->fake.sys;
	damon_set_callback(w->ctx, on_snapshot, w);
	damon_sampling_init(&s);
	s.source = "synth";
	s.rate_hz = 5000;
	cr_assert_eq(damon_set_sampling(w->ctx, &s), 0);
	cr_assert_eq(damon_add_pid(w->ctx, w->pid), 0);
}

static void world_init(struct world *w)
{
	world_init_for(w, start_sleeper());
}

static void world_free(struct world *w)
{
	damon_ctx_free(w->ctx);
	cr_expect_eq(w->pidfds, 0, "%d pidfds are left open", w->pidfds);
	cr_expect_eq(w->fake.nr_open, 0, "%d files are left open", w->fake.nr_open);
	if (w->pid != getpid()) {
		kill(w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
	}
}

/* Pages out what was idle for half a second. */
static struct damos pageout(void)
{
	struct damos s;

	damos_init(&s);
	s.action = "pageout";
	s.access_max = 2e-5; /* the coldest range that is accessed has seven times that */
	s.age_ns.min = 500 * MS;
	return s;
}

static void set(struct world *w, const struct damos *s, size_t n)
{
	int err = damon_set_schemes(w->ctx, s, n);

	cr_assert_eq(err, 0, "%s", damon_error(w->ctx));
	w->ctx->schemes->by_hand = true;
}

static void open_with(struct world *w, const struct damos *s, size_t n)
{
	set(w, s, n);
	cr_assert_eq(damon_open(w->ctx), 0, "%s", damon_error(w->ctx));
}

static void work(struct world *w)
{
	size_t slices = 0;

	while (w->ctx->schemes->applier && applier_step(w->ctx->schemes->applier))
		cr_assert_lt(slices++, 100000, "it ends");
}

/* Lets time pass, at least; the worker does all it has to after each wake-up. */
static void run(struct world *w, uint64_t ns)
{
	uint64_t end_ns = w->fake.clock_ns + ns;

	while (w->fake.clock_ns < end_ns) {
		cr_assert_eq(damon_dispatch(w->ctx, 100), 1, "%s", damon_error(w->ctx));
		work(w);
	}
	cr_assert_eq(damon_dispatch(w->ctx, 0), 1);
}

static struct damos_stats stats(struct world *w, size_t i)
{
	struct damos_stats s = {.size = sizeof(s)};

	cr_assert_eq(damon_scheme_stats(w->ctx, i, &s), 0);
	return s;
}

static size_t nr_swapped(const struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(w->swapped); i++)
		n += w->swapped[i];
	return n;
}

Test(schemes, idle_memory_is_paged_out_and_nothing_else)
{
	struct damos s = pageout();
	struct damos_stats st;
	struct damos_tried t = {.size = sizeof(t)};
	struct world w;

	world_init(&w);
	open_with(&w, &s, 1);
	run(&w, 400 * MS);
	cr_expect_eq(w.nr_advice, 0, "it is not old enough");
	run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(nr_swapped(&w), ARRAY_SIZE(w.swapped));
	for (size_t i = 0; i < w.nr_advice; i++) {
		cr_expect_eq(w.advice[i].advice, MADV_PAGEOUT);
		cr_expect(w.advice[i].start >= IDLE && w.advice[i].end <= IDLE_END, "%llx",
			  (unsigned long long)w.advice[i].start);
		cr_expect_eq(w.advice[i].pid_fd, PIDFD);
	}
	cr_expect_lt(w.idle_age, 20, "what was acted upon is young: %u", w.idle_age);
	cr_expect_geq(w.idle_idle, 20, "and as idle as it is: %u", w.idle_idle);
	st = stats(&w, 0);
	cr_expect_eq(st.sz_applied, IDLE_END - IDLE);
	cr_expect_geq(st.sz_tried, st.sz_applied);
	cr_expect_eq(st.verified, 1);
	cr_expect_eq(st.state, DAMOS_ON);
	cr_expect_str_eq(st.action, "pageout");
	cr_expect_eq(damon_scheme_tried(w.ctx, 0, 0, &t), 0);
	cr_expect(t.start >= IDLE && t.end <= IDLE_END && t.target_id == 0);
	cr_expect_geq(t.age_ns, 500 * MS);
	cr_expect_eq(damon_scheme_tried(w.ctx, 0, 100000, &t), -ENOENT);
	cr_expect_eq(w.pidfds, 1);
	cr_assert_eq(damon_close(w.ctx), 0);
	cr_expect_eq(stats(&w, 0).sz_applied, IDLE_END - IDLE, "it can be read after the end");
	world_free(&w);
}

/* Until the worker has jobs that it has not begun. */
static void run_to_plan(struct world *w)
{
	for (int i = 0; i < 100 && applier_idle(w->ctx->schemes->applier); i++)
		cr_assert_eq(damon_dispatch(w->ctx, 100), 1, "%s", damon_error(w->ctx));
	cr_assert_not(applier_idle(w->ctx->schemes->applier), "something is to be done");
}

static void hit(struct world *w, uint64_t addr)
{
	struct damon_obs o = {
		.time_ns = w->fake.clock_ns,
		.pid = w->pid,
		.tid = w->pid,
		.nr = 1,
		.weight = 1,
		.access = {{.addr = addr, .size = 8}},
	};

	w->ctx->proc = damon_targets_find(damon_core_targets(w->ctx->core), w->pid);
	events_emit(w->ctx, &o);
}

static uint64_t advised_since(const struct world *w, size_t from)
{
	uint64_t bytes = 0;

	for (size_t i = from; i < w->nr_advice; i++)
		bytes += w->advice[i].end - w->advice[i].start;
	return bytes;
}

Test(schemes, a_hit_stops_what_was_thought_cold)
{
	struct damos s = pageout();
	struct world w;
	size_t done;

	world_init(&w);
	w.advise_ns = MS; /* slices are small */
	open_with(&w, &s, 1);
	run_to_plan(&w);
	for (int i = 0; i < 5; i++)
		cr_assert(applier_step(w.ctx->schemes->applier));
	done = w.nr_advice;
	cr_expect_gt(done, 0);
	for (uint64_t a = IDLE; a < IDLE_END; a += MIB) /* every region of it */
		hit(&w, a);
	cr_assert_eq(damon_dispatch(w.ctx, 0), 1);
	work(&w);
	cr_expect_eq(w.nr_advice, done, "nothing after the hit");
	run(&w, 200 * MS); /* it is charged, and not planned at once again */
	cr_expect_eq(w.nr_advice, done);
	cr_expect_gt(stats(&w, 0).sz_dropped, 0);
	w.advise_ns = 10 * NS_PER_US;
	run(&w, 3 * NS_PER_SEC);
	cr_expect_eq(nr_swapped(&w), ARRAY_SIZE(w.swapped), "idle again");
	world_free(&w);
}

Test(schemes, a_hit_elsewhere_stops_nothing)
{
	struct damos s = pageout();
	struct world w;

	world_init(&w);
	open_with(&w, &s, 1);
	run_to_plan(&w);
	hit(&w, 0x10000000);
	hit(&w, IDLE_END);
	cr_assert_eq(damon_dispatch(w.ctx, 0), 1);
	work(&w);
	run(&w, 100 * MS);
	cr_expect_eq(nr_swapped(&w), ARRAY_SIZE(w.swapped));
	cr_expect_eq(stats(&w, 0).sz_dropped, 0);
	world_free(&w);
}

Test(schemes, quotas_hold)
{
	struct damos s = pageout();
	struct world w;

	world_init(&w);
	s.quota.bytes = 4 * MIB;
	open_with(&w, &s, 1);
	run(&w, 700 * MS);
	for (int second = 0; second < 5; second++) {
		size_t from = w.nr_advice;
		uint64_t bytes;

		run(&w, NS_PER_SEC);
		bytes = advised_since(&w, from);
		cr_expect_geq(bytes, 4 * MIB, "in second %d: %llu", second,
			      (unsigned long long)bytes);
		cr_expect_leq(bytes, 8 * MIB, "a second holds parts of two intervals");
	}
	cr_expect_leq(advised_since(&w, 0), 7 * 4 * MIB);
	cr_expect_geq(stats(&w, 0).qt_exceeds, 4);
	cr_expect_eq(stats(&w, 0).quota_bytes, 4 * MIB);
	world_free(&w);
}

Test(schemes, time_is_not_spent_twice_by_a_job_that_takes_long)
{
	struct damos s = pageout();
	uint64_t begin_ns, busy_ns;
	struct world w;

	world_init(&w);
	w.advise_ns = 4 * MS; /* of any size: 0.2 MiB at first, less and less then */
	s.quota.time_ns = 100 * MS;
	open_with(&w, &s, 1);
	run_to_plan(&w);
	begin_ns = w.fake.clock_ns;
	while (w.fake.clock_ns < begin_ns + 10 * NS_PER_SEC) {
		/* the clock goes on by what the worker does */
		if (!applier_step(w.ctx->schemes->applier))
			w.fake.clock_ns += 10 * MS;
		cr_assert_eq(damon_dispatch(w.ctx, 0), 1);
	}
	busy_ns = w.nr_advice * w.advise_ns;
	cr_expect_leq(busy_ns, 11 * 110 * MS, "%llu ms in 10 s",
		      (unsigned long long)(busy_ns / MS));
	cr_expect_geq(busy_ns, 800 * MS, "%llu ms in 10 s", (unsigned long long)(busy_ns / MS));
	world_free(&w);
}

Test(schemes, nothing_is_sampled_while_all_are_off)
{
	struct damos s = pageout();
	struct damon_stats total = {.size = sizeof(total)};
	uint32_t age;
	struct world w;
	int before;

	world_init(&w);
	s.age_ns.min = 3600 * NS_PER_SEC; /* it never acts */
	s.watermarks =
		(struct damos_watermarks){DAMOS_WMARK_FREE_MEM_RATE, NS_PER_SEC, 500, 400, 200};
	open_with(&w, &s, 1);
	run(&w, 1500 * MS); /* 30 % are free */
	cr_expect_eq(stats(&w, 0).state, DAMOS_ON);
	age = w.idle_idle;
	cr_expect_geq(age, 13);
	snprintf(w.meminfo, sizeof(w.meminfo), "MemTotal: 1000 kB\nMemFree: 600 kB\n");
	run(&w, 1100 * MS);
	cr_expect_eq(stats(&w, 0).state, DAMOS_WMARK_OFF);
	before = w.nr_snapshots;
	age = w.idle_idle;
	run(&w, 60 * NS_PER_SEC);
	cr_expect_eq(w.nr_snapshots, before, "no snapshot");
	snprintf(w.meminfo, sizeof(w.meminfo), "MemTotal: 1000 kB\nMemFree: 450 kB\n");
	run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(w.nr_snapshots, before, "as it was, between high and mid");
	snprintf(w.meminfo, sizeof(w.meminfo), "MemTotal: 1000 kB\nMemFree: 300 kB\n");
	run(&w, 2 * NS_PER_SEC);
	cr_expect_gt(w.nr_snapshots, before);
	cr_expect_leq(w.nr_snapshots, before + 20);
	cr_expect_eq(stats(&w, 0).state, DAMOS_ON);
	cr_expect_leq(w.idle_idle, age + 20, "the pause is no idleness: %u, %u", age, w.idle_idle);
	cr_expect_leq(w.last_end_ns - w.last_start_ns, 100 * MS);
	damon_ctx_stats(w.ctx, &total);
	cr_expect(total.paused_ns >= 62 * NS_PER_SEC && total.paused_ns <= 65 * NS_PER_SEC, "%llu",
		  (unsigned long long)total.paused_ns);
	world_free(&w);
}

Test(schemes, a_pause_lasts_to_the_end)
{
	struct damos s = pageout();
	struct world w;
	int before;

	world_init(&w);
	s.watermarks =
		(struct damos_watermarks){DAMOS_WMARK_FREE_MEM_RATE, NS_PER_SEC, 200, 150, 50};
	open_with(&w, &s, 1); /* 30 % are free */
	run(&w, 5 * NS_PER_SEC);
	before = w.nr_snapshots;
	cr_expect_leq(before, 1);
	cr_assert_eq(damon_close(w.ctx), 0);
	cr_expect_eq(w.nr_snapshots, before);
	world_free(&w);
}

Test(schemes, a_dry_run_plans_and_does_nothing)
{
	struct damos s = pageout();
	struct world w;

	world_init(&w);
	add_file(&w, "/proc/self/status", "x\nCapEff:\t0000000000000000\n");
	cr_assert_eq(damon_set_schemes(w.ctx, &s, 1), -EPERM, "rights are needed to act");
	cr_assert_eq(damon_set_dry_run(w.ctx, 1), 0);
	w.locked = true;
	open_with(&w, &s, 1);
	run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(w.nr_advice, 0);
	cr_expect_geq(stats(&w, 0).sz_tried, IDLE_END - IDLE);
	cr_expect_eq(stats(&w, 0).sz_applied, 0);
	cr_expect_eq(damon_set_dry_run(w.ctx, 0), -EBUSY);
	world_free(&w);
}

Test(schemes, other_schemes_are_set_while_it_runs)
{
	struct damos s[2] = {pageout(), pageout()}, bad;
	struct damos_stats before;
	struct world w;
	size_t done;

	world_init(&w);
	s[1].action = "cold";
	s[1].age_ns.min = 3600 * NS_PER_SEC;
	open_with(&w, s, 1);
	run_to_plan(&w);
	cr_assert(applier_step(w.ctx->schemes->applier));
	done = w.nr_advice;
	/* refused: nothing changes */
	bad = s[0];
	bad.action = "nohugepage";
	cr_expect_eq(damon_set_schemes(w.ctx, &bad, 1), -ENOTSUP);
	cr_expect(strstr(damon_error(w.ctx), "nohugepage"), "%s", damon_error(w.ctx));
	cr_expect_eq(damon_nr_schemes(w.ctx), 1);
	cr_expect_not(applier_idle(w.ctx->schemes->applier), "its jobs go on");
	w.locked = true; /* by ourselves: it is not locked again */
	/* the same one beside another keeps what it has done */
	cr_assert_eq(damon_set_schemes(w.ctx, s, 2), 0, "%s", damon_error(w.ctx));
	cr_expect(applier_idle(w.ctx->schemes->applier), "jobs are ended and waited for");
	cr_expect_eq(w.nr_advice, done);
	before = stats(&w, 0);
	cr_expect_gt(before.sz_tried, 0);
	cr_expect_gt(before.sz_dropped, 0);
	cr_expect_eq(stats(&w, 1).sz_tried, 0);
	run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(nr_swapped(&w), ARRAY_SIZE(w.swapped), "and it goes on");
	/* another one begins anew; the pointer that was given is not kept */
	s[0].age_ns.min = NS_PER_SEC;
	cr_assert_eq(damon_set_schemes(w.ctx, s, 1), 0);
	memset(s, 0xff, sizeof(s));
	cr_expect_eq(stats(&w, 0).sz_tried, 0);
	run(&w, NS_PER_SEC);
	cr_assert_eq(damon_set_schemes(w.ctx, NULL, 0), 0);
	cr_expect_eq(damon_nr_schemes(w.ctx), 0);
	cr_expect_eq(w.pidfds, 0, "nothing is held any more");
	run(&w, NS_PER_SEC);
	world_free(&w);
}

Test(schemes, none_at_first)
{
	struct damos s = pageout();
	struct world w;

	world_init(&w);
	cr_assert_eq(damon_open(w.ctx), 0);
	while (w.nr_snapshots < 10)
		cr_assert_eq(damon_dispatch(w.ctx, 100), 1);
	w.locked = true;
	cr_expect_eq(damon_set_schemes(w.ctx, &s, 1), -EBUSY);
	cr_expect_eq(damon_nr_schemes(w.ctx), 0);
	w.locked = false;
	cr_assert_eq(damon_set_schemes(w.ctx, NULL, 0), 0);
	set(&w, &s, 1);
	run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(nr_swapped(&w), ARRAY_SIZE(w.swapped));
	world_free(&w);
}

/* ---- never the wrong process ---- */

Test(schemes, a_number_that_is_used_again)
{
	struct damos s = pageout();
	struct world w;

	world_init(&w);
	cr_assert_eq(damon_open(w.ctx), 0);
	while (w.nr_snapshots < 50)
		cr_assert_eq(damon_dispatch(w.ctx, 100), 1);
	/* Its exit was lost, and another process has its number since 3 s. */
	snprintf(w.stat, sizeof(w.stat),
		 "%d (x) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 15200 0 0 0", w.pid);
	add_file(&w, "/proc/uptime", "155.00 100.00\n");
	set(&w, &s, 1);
	run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(w.nr_advice, 0);
	cr_expect(strstr(stats(&w, 0).reason, "another one"), "%s", stats(&w, 0).reason);
	cr_expect_gt(stats(&w, 0).sz_dropped, 0);
	cr_expect_eq(w.pidfds, 0);
	world_free(&w);
}

Test(schemes, never_on_itself)
{
	struct damos s[2] = {pageout(), pageout()};
	struct world w;

	world_init_for(&w, getpid());
	s[1].action = "stat";
	open_with(&w, s, 2);
	run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(w.nr_advice, 0);
	cr_expect_eq(w.pidfds, 0);
	cr_expect(strstr(stats(&w, 0).reason, "itself"), "%s", stats(&w, 0).reason);
	cr_expect_eq(stats(&w, 0).sz_tried, 0);
	cr_expect_gt(stats(&w, 1).sz_tried, 0, "it may be counted");
	world_free(&w);
}

Test(schemes, two_at_once)
{
	static const struct {
		const char *name, *action;
		bool dry_run;
		int err;
	} rows[] = {
		{"both act", "pageout", false, -EBUSY},
		{"one only counts", "stat", false, 0},
		{"one only plans", "pageout", true, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = pageout();
		struct world w;

		world_init(&w);
		s.action = rows[i].action;
		w.locked = true;
		damon_set_dry_run(w.ctx, rows[i].dry_run);
		set(&w, &s, 1);
		cr_expect_eq(damon_open(w.ctx), rows[i].err, "%s", rows[i].name);
		if (rows[i].err) {
			cr_expect(strstr(damon_error(w.ctx), "another damon-perf"), "%s",
				  damon_error(w.ctx));
			cr_expect(strstr(damon_remedy(w.ctx), "--dry-run"), "%s",
				  damon_remedy(w.ctx));
		}
		world_free(&w);
	}
}

/* ---- what happens to a process in the middle ---- */

static void record(struct world *w, const struct damon_perf_record *r)
{
	struct damon_perf_record own = *r;

	own.time_ns = w->fake.clock_ns;
	cr_assert_eq(events_on_record(w->ctx, &own), 0);
}

static void it_exits(struct world *w)
{
	w->exited = true;
	record(w, &(struct damon_perf_record){.type = PERF_RECORD_EXIT,
					      .task = {.pid = w->pid, .tid = w->pid}});
}

static void it_executes(struct world *w)
{
	struct damon_perf_record r = {.type = PERF_RECORD_COMM};

	r.comm.pid = r.comm.tid = w->pid;
	r.comm.exec = true;
	r.comm.comm = "other";
	record(w, &r);
}

static void it_maps_anew(struct world *w)
{
	struct damon_perf_record r = {.type = PERF_RECORD_MMAP2};

	r.mmap.pid = r.mmap.tid = w->pid;
	r.mmap.name = "//anon";
	r.mmap.map = (struct damon_mapping_bytes){
		.start = IDLE, .len = IDLE_END - IDLE, .prot = 3, .flags = MAP_PRIVATE};
	record(w, &r);
}

static void it_is_switched_off(struct world *w)
{
	cr_assert_eq(damon_scheme_switch(w->ctx, 0, 0), 0);
}

Test(schemes, what_ends_a_job)
{
	static const struct {
		const char *name;
		void (*happens)(struct world *w);
		bool again; /* what is left may be planned anew */
	} rows[] = {
		{"its process exits", it_exits, false},
		{"it executes another program", it_executes, false},
		{"its memory is another mapping", it_maps_anew, true},
		{"its scheme is switched off", it_is_switched_off, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = pageout();
		struct damos_stats st;
		struct world w;
		size_t done;

		world_init(&w);
		w.advise_ns = MS;
		open_with(&w, &s, 1);
		run_to_plan(&w);
		for (int k = 0; k < 3; k++)
			cr_assert(applier_step(w.ctx->schemes->applier));
		done = w.nr_advice;
		rows[i].happens(&w);
		work(&w);
		cr_expect_eq(w.nr_advice, done, "%s", rows[i].name);
		while (!stats(&w, 0).sz_dropped) /* until the end of the interval */
			cr_assert_eq(damon_dispatch(w.ctx, 100), 1);
		st = stats(&w, 0);
		cr_expect_lt(st.sz_applied, IDLE_END - IDLE, "%s", rows[i].name);
		w.advise_ns = 10 * NS_PER_US;
		run(&w, 300 * MS);
		cr_expect_eq(w.nr_advice > done, rows[i].again, "%s", rows[i].name);
		cr_expect_eq(w.pidfds, !w.exited, "%s", rows[i].name);
		world_free(&w);
	}
}

/* A child shares its parent's memory and target until the next updates. */
Test(schemes, children_that_share_a_target)
{
	struct damos s = pageout();
	struct damon_perf_record r = {.type = PERF_RECORD_FORK};
	struct world w;
	size_t by_child = 0;

	world_init(&w);
	open_with(&w, &s, 1);
	run(&w, 300 * MS);
	r.task.pid = r.task.tid = w.pid + 1;
	r.task.ppid = r.task.ptid = w.pid;
	add_file(&w, "/proc/uptime", "150.30 1.00\n");
	record(&w, &r);
	w.nr_files--;
	run(&w, 500 * MS);
	for (size_t i = 0; i < w.nr_advice; i++)
		by_child += w.advice[i].pid_fd != PIDFD;
	cr_expect_eq(by_child, 0, "its /proc cannot be read, so it is left alone");
	cr_expect_gt(w.nr_advice, 0, "which keeps nobody from the parent");
	world_free(&w);
}

Test(schemes, errors_of_the_kernel_are_told)
{
	static const struct {
		const char *name;
		int err;
		const char *says;
	} rows[] = {
		{"no rights any more", EPERM, "not permitted"},
		{"no memory", ENOMEM, ""},
		{"no such call", ENOSYS, "not implemented"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = pageout();
		struct damos_stats st;
		struct world w;

		world_init(&w);
		w.madvise_err = rows[i].err;
		open_with(&w, &s, 1);
		run(&w, 2 * NS_PER_SEC);
		st = stats(&w, 0);
		cr_expect_eq(st.sz_applied, 0, "%s", rows[i].name);
		cr_expect_gt(st.sz_tried + st.sz_dropped, 0, "%s", rows[i].name);
		cr_expect(strstr(st.reason, rows[i].says), "%s: '%s'", rows[i].name, st.reason);
		cr_assert_eq(damon_close(w.ctx), 0);
		world_free(&w);
	}
}

Test(schemes, swap_is_full)
{
	struct damos s = pageout();
	struct damos_stats st;
	struct world w;

	world_init(&w);
	open_with(&w, &s, 1);
	add_file(&w, "/proc/swaps",
		 "Filename Type Size Used Priority\n/dev/zram0 partition 1000000 1000000 1\n");
	w.keeps = true; /* success is reported all the same */
	run(&w, 2 * NS_PER_SEC);
	st = stats(&w, 0);
	cr_expect_eq(st.sz_applied, 0);
	cr_expect(strstr(st.reason, "swap"), "%s", st.reason);
	world_free(&w);
}

Test(schemes, the_end_comes_in_the_middle)
{
	struct damos s = pageout();
	struct damos_stats st;
	struct world w;
	size_t done;

	world_init(&w);
	w.advise_ns = MS;
	open_with(&w, &s, 1);
	run_to_plan(&w);
	cr_assert(applier_step(w.ctx->schemes->applier));
	done = w.nr_advice;
	cr_assert_eq(damon_close(w.ctx), 0);
	cr_expect_eq(w.nr_advice, done, "nothing more is begun");
	st = stats(&w, 0);
	cr_expect_eq(st.sz_applied, advised_since(&w, 0), "what was done is told");
	cr_expect_geq(st.sz_tried + st.sz_dropped, IDLE_END - IDLE);
	world_free(&w);
}

/* ---- what goes with them ---- */

Test(schemes, pages_that_come_back_are_told)
{
	struct damos s = pageout();
	struct damos_stats st;
	double worst_bp = -1;
	bool slowed = false;
	struct world w;

	world_init(&w);
	s.quota.bytes = 4 * MIB;
	open_with(&w, &s, 1);
	run(&w, 5 * NS_PER_SEC);
	cr_expect_lt(stats(&w, 0).refault_bp, 0, "not known yet");
	memset(w.swapped, 0, sizeof(w.swapped)); /* all of it */
	for (int second = 0; second < 15; second++) {
		run(&w, NS_PER_SEC);
		st = stats(&w, 0);
		worst_bp = MAX(worst_bp, st.refault_bp);
		if (st.state == DAMOS_ON)
			continue;
		slowed = true;
		cr_expect(st.state == DAMOS_SLOWED || st.state == DAMOS_PAUSED, "%s",
			  damos_state_name(st.state));
		cr_expect_neq(st.state_reason[0], '\0');
	}
	cr_expect_gt(worst_bp, 5000, "%g", worst_bp);
	cr_expect(slowed);
	world_free(&w);
}

Test(schemes, switches_and_feedback)
{
	struct damos s = pageout();
	struct world w;

	world_init(&w);
	s.quota.bytes = 64 * MIB;
	s.quota.goals[0] = (struct damos_goal){DAMOS_GOAL_USER_INPUT, 100, 0, 0};
	s.quota.nr_goals = 1;
	set(&w, &s, 1);
	cr_expect_eq(damon_scheme_switch(w.ctx, 1, 0), -EINVAL);
	cr_expect_eq(damon_scheme_feedback(w.ctx, 0, 1, 5), -EINVAL);
	cr_expect_eq(damon_scheme_feedback(w.ctx, 1, 0, 5), -EINVAL);
	cr_expect_eq(damon_scheme_switch(w.ctx, 0, 0), 0, "before it is opened");
	cr_expect_eq(damon_scheme_feedback(w.ctx, 0, 0, 5), 0);
	cr_assert_eq(damon_open(w.ctx), 0);
	run(&w, 2 * NS_PER_SEC);
	cr_expect_eq(w.nr_advice, 0);
	cr_expect_eq(stats(&w, 0).state, DAMOS_SWITCHED_OFF);
	cr_expect_gt(w.nr_snapshots, 15, "what is monitored is still shown");
	cr_expect_eq(damon_scheme_switch(w.ctx, 0, 1), 0);
	run(&w, 3 * NS_PER_SEC);
	cr_expect_gt(w.nr_advice, 0);
	cr_expect_eq(stats(&w, 0).goal_current[0], 5);
	world_free(&w);
}

Test(schemes, refusals)
{
	static const struct {
		const char *name;
		struct damos s;
		int err;
		const char *says;
	} rows[] = {
		{"no such action", {.action = "evict"}, -EINVAL, "'evict'"},
		{"no action", {.action = NULL}, -EINVAL, ""},
		{"refused for others", {.action = "nohugepage"}, -ENOTSUP, "itself"},
		{"one node", {.action = "migrate_cold", .target_nid = 1}, -ENODEV, "NUMA"},
		{"an unknown filter",
		 {.action = "stat", .nr_filters = 1, .filters = {{.type = DAMOS_NR_FILTER_TYPES}}},
		 -EINVAL,
		 "filter"},
		{"too many filters", {.action = "stat", .nr_filters = 1000}, -EINVAL, "filters"},
		{"a cgroup that is not there",
		 {.action = "stat",
		  .nr_filters = 1,
		  .filters = {{.type = DAMOS_FILTER_MEMCG, .memcg = "/none"}}},
		 0,
		 "cgroup"},
		{"a goal of a node that is not there",
		 {.action = "stat",
		  .quota = {.bytes = 4096,
			    .reset_ns = NS_PER_SEC,
			    .nr_goals = 1,
			    .goals = {{DAMOS_GOAL_NODE_MEM_USED_BP, 5000, 0, 7}}}},
		 -ENODEV,
		 "node 7"},
		{"a goal of pressure, not told here",
		 {.action = "stat",
		  .quota = {.bytes = 4096,
			    .reset_ns = NS_PER_SEC,
			    .nr_goals = 1,
			    .goals = {{DAMOS_GOAL_SOME_MEM_PSI_US, 5000, 0, 0}}}},
		 -ENOENT,
		 "pressure"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s;
		struct world w;
		int err;

		world_init(&w);
		damos_init(&s);
		s.action = rows[i].s.action;
		s.nr_filters = rows[i].s.nr_filters;
		s.filters[0] = rows[i].s.filters[0];
		s.target_nid = rows[i].s.target_nid;
		if (rows[i].s.quota.nr_goals)
			s.quota = rows[i].s.quota;
		err = damon_set_schemes(w.ctx, &s, 1);
		if (!err)
			err = damon_open(w.ctx);
		cr_expect(rows[i].err ? err == rows[i].err : err < 0, "%s: %d", rows[i].name, err);
		cr_expect(strstr(damon_error(w.ctx), rows[i].says), "%s: '%s'", rows[i].name,
			  damon_error(w.ctx));
		world_free(&w);
	}
}

Test(schemes, targets_count_as_they_were_given)
{
	struct damos s = pageout();
	struct world w;
	struct damos_tried t = {.size = sizeof(t)};
	int other = start_sleeper();
	char paths[3][64];

	world_init(&w);
	snprintf(paths[0], 64, "/proc/%d/maps", other);
	snprintf(paths[1], 64, "/proc/%d/comm", other);
	add_file(&w, paths[0], maps_text);
	add_file(&w, paths[1], "abc\n"); /* before the other one by name */
	cr_assert_eq(damon_add_pid(w.ctx, other), 0);
	s.action = "stat";
	s.access_max = 1;
	s.age_ns.min = 0;
	s.filters[0] =
		(struct damos_filter){.type = DAMOS_FILTER_TARGET, .matching = 1, .target = 1};
	s.nr_filters = 1; /* rejects the second one */
	open_with(&w, &s, 1);
	run(&w, NS_PER_SEC);
	for (size_t i = 0; !damon_scheme_tried(w.ctx, 0, i, &t); i++)
		cr_expect_eq(t.target_id, 0);
	cr_expect_gt(stats(&w, 0).nr_tried, 0);
	world_free(&w);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
}

Test(schemes, a_record_tells_them)
{
	char path[] = "/tmp/test_schemes.XXXXXX";
	struct damos s = pageout(), back = {.size = sizeof(back)};
	struct damos_stats st, told = {.size = sizeof(told)};
	struct damon_stats total = {.size = sizeof(total)};
	const struct damon_snapshot *snap;
	struct damon_record *rec;
	struct world w;

	close(mkstemp(path));
	unlink(path);
	world_init(&w);
	s.quota.goals[0] = (struct damos_goal){DAMOS_GOAL_TARGET_RSS, 12345, 0, 0};
	s.quota.nr_goals = 1;
	s.quota.bytes = 64 * MIB;
	s.filters[0] = (struct damos_filter){.type = DAMOS_FILTER_ADDR,
					     .matching = 1,
					     .allow = 1,
					     .start = IDLE,
					     .end = IDLE_END};
	s.nr_filters = 1;
	s.target_nid = -1;
	s.age_ns.max = UINT64_MAX;
	cr_assert_eq(damon_set_record(w.ctx, path), 0);
	open_with(&w, &s, 1);
	run(&w, 3 * NS_PER_SEC);
	cr_assert_eq(damon_close(w.ctx), 0);
	st = stats(&w, 0);
	world_free(&w);
	cr_assert_eq(damon_record_open(path, &rec), 0);
	cr_expect_eq(damon_record_scheme(rec, 0, &back, NULL), -ENOENT, "not read yet");
	while (damon_record_next(rec, &snap) == 1)
		;
	cr_assert_eq(damon_record_scheme(rec, 0, &back, &told), 0);
	cr_expect_eq(damon_record_scheme(rec, 1, NULL, NULL), -ENOENT);
	cr_expect_str_eq(back.action, "pageout");
	cr_expect_eq(back.age_ns.min, s.age_ns.min);
	cr_expect_eq(back.age_ns.max, UINT64_MAX);
	cr_expect_eq(back.access_max, s.access_max);
	cr_expect_eq(back.quota.bytes, s.quota.bytes);
	cr_expect_eq(back.quota.nr_goals, 1);
	cr_expect_eq(back.quota.goals[0].target, 12345);
	cr_expect_eq(back.nr_filters, 1);
	cr_expect_eq(back.filters[0].end, IDLE_END);
	cr_expect_eq(back.target_nid, -1);
	cr_expect_gt(told.sz_applied, 0);
	cr_expect_eq(told.sz_applied, st.sz_applied);
	cr_expect_eq(told.sz_tried, st.sz_tried);
	cr_expect_eq(told.nr_snapshots, st.nr_snapshots);
	cr_expect_str_eq(told.action, "pageout");
	damon_record_stats(rec, &total);
	cr_expect_eq(total.paused_ns, 0);
	damon_record_close(rec);
	unlink(path);
}
