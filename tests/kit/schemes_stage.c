/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kit/schemes_stage.h"

#define PAGEMAP_FD 900

const char stage_maps[] = "10000000-10400000 rw-p 00000000 00:00 0 \n"
			  "20000000-21000000 rw-p 00000000 00:00 0 \n"
			  "30000000-34000000 rw-p 00000000 00:00 0 \n"
			  "40000000-44000000 rw-p 00000000 00:00 0 \n";

static struct stage *stage_of(const struct damon_sys *s)
{
	return s->priv;
}

static int fake_poll(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms)
{
	struct stage *w = stage_of(s);
	int ready = 0;

	w->fake.clock_ns += (uint64_t)MAX(timeout_ms, 0) * MS;
	for (size_t i = 0; i < n; i++) {
		fds[i].revents = fds[i].fd >= STAGE_PIDFD && fds[i].fd < PAGEMAP_FD && w->exited
					 ? POLLIN
					 : 0;
		ready += fds[i].revents != 0;
	}
	return ready;
}

static int fake_pidfd_open(const struct damon_sys *s, int pid)
{
	struct stage *w = stage_of(s);

	if (w->to_attach && w->to_attach--)
		return -ENOSYS;
	return STAGE_PIDFD + w->pidfds++;
}

static int fake_flock(const struct damon_sys *s, int fd, int op)
{
	cr_expect_eq(op, LOCK_EX | LOCK_NB);
	return stage_of(s)->locked ? -EWOULDBLOCK : 0;
}

static int (*open_file)(const struct damon_sys *s, const char *path, int flags);
static int (*close_file)(const struct damon_sys *s, int fd);
static ssize_t (*pread_file)(const struct damon_sys *s, int fd, void *buf, size_t len,
			     uint64_t off);

static int fake_open(const struct damon_sys *s, const char *path, int flags)
{
	char pagemap[64];

	snprintf(pagemap, sizeof(pagemap), "/proc/%d/pagemap", stage_of(s)->pid);
	return strcmp(path, pagemap) ? open_file(s, path, flags) : PAGEMAP_FD;
}

static int fake_close(const struct damon_sys *s, int fd)
{
	if (fd == PAGEMAP_FD)
		return 0;
	if (fd >= STAGE_PIDFD && fd < PAGEMAP_FD) {
		stage_of(s)->pidfds--;
		return 0;
	}
	return close_file(s, fd);
}

/* Everything is in memory, but for what was paged out. */
static ssize_t fake_pread(const struct damon_sys *s, int fd, void *buf, size_t len, uint64_t off)
{
	const struct stage *w = stage_of(s);
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
	struct stage *w = stage_of(s);
	ssize_t bytes = 0;

	if (w->madvise_err)
		return -w->madvise_err;
	w->fake.clock_ns += w->advise_ns;
	for (size_t i = 0; i < n; i++) {
		uint64_t start = (uintptr_t)r[i].iov_base, end = start + r[i].iov_len;

		cr_assert_lt(w->nr_advice, STAGE_MAX_ADVICE);
		w->advice[w->nr_advice++] = (struct advice){start, end, advice, pid_fd};
		bytes += (ssize_t)r[i].iov_len;
		for (uint64_t a = MAX(start, IDLE); a < MIN(end, IDLE_END); a += DAMON_PAGE_SIZE)
			w->swapped[(a - IDLE) >> DAMON_PAGE_SHIFT] |=
				advice == MADV_PAGEOUT && !w->keeps;
	}
	return bytes;
}

void stage_add_file(struct stage *w, const char *path, const char *text)
{
	cr_assert_lt(w->nr_files + 1, ARRAY_SIZE(w->files));
	w->files[w->nr_files++] = (struct fake_file){path, text, 0};
}

void stage_add_proc_file(struct stage *w, const char *name, const char *text)
{
	char *path = w->paths[w->nr_paths++];

	cr_assert_leq(w->nr_paths, ARRAY_SIZE(w->paths));
	snprintf(path, sizeof(w->paths[0]), "/proc/%d%s", w->pid, name);
	stage_add_file(w, path, text);
}

static int on_snapshot(void *priv, const struct damon_snapshot *s)
{
	struct stage *w = priv;
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
int stage_sleeper(void)
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

void stage_init_for(struct stage *w, int pid)
{
	struct damon_sampling s;

	memset(w, 0, sizeof(*w));
	w->pid = pid;
	w->to_attach = 1;
	w->advise_ns = 100 * NS_PER_US;
	/* It started 100 s after the boot, 50 s ago. */
	snprintf(w->stat, sizeof(w->stat),
		 "%d (a (b) c) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 10000 0 0 0", pid);
	stage_add_proc_file(w, "/maps", stage_maps);
	stage_add_proc_file(w, "/comm", "toy\n");
	stage_add_proc_file(w, "/stat", w->stat);
	stage_add_proc_file(w, "", "");
	stage_add_file(w, "/proc/uptime", "150.00 100.00\n");
	stage_add_file(w, "/proc/self/status", "x\nCapEff:\t000001ffffffffff\n");
	stage_add_file(w, "/proc/sys/kernel/osrelease", "6.12.0\n");
	stage_add_file(w, "/proc/swaps",
		       "Filename Type Size Used Priority\n/dev/zram0 partition 1000000 0 1\n");
	snprintf(w->meminfo, sizeof(w->meminfo), "MemTotal: 1000 kB\nMemFree: 300 kB\n");
	stage_add_file(w, "/proc/meminfo", w->meminfo);
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
	w->ctx->by_hand = true;
	damon_set_callback(w->ctx, on_snapshot, w);
	damon_sampling_init(&s);
	s.source = "synth";
	s.rate_hz = 5000;
	cr_assert_eq(damon_set_sampling(w->ctx, &s), 0);
	cr_assert_eq(damon_add_pid(w->ctx, w->pid), 0);
}

void stage_init(struct stage *w)
{
	stage_init_for(w, stage_sleeper());
}

void stage_free(struct stage *w)
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
struct damos stage_pageout(void)
{
	struct damos s;

	damos_init(&s);
	s.action = "pageout";
	s.access_max = 2e-5; /* the coldest range that is accessed has seven times that */
	s.age_ns.min = 500 * MS;
	return s;
}

void stage_set(struct stage *w, const struct damos *s, size_t n)
{
	int err = damon_set_schemes(w->ctx, s, n);

	cr_assert_eq(err, 0, "%s", damon_error(w->ctx));
}

void stage_open(struct stage *w, const struct damos *s, size_t n)
{
	stage_set(w, s, n);
	cr_assert_eq(damon_open(w->ctx), 0, "%s", damon_error(w->ctx));
}

void stage_work(struct stage *w)
{
	size_t slices = 0;

	while (w->ctx->schemes->applier && applier_step(w->ctx->schemes->applier))
		cr_assert_lt(slices++, 100000, "it ends");
}

/* Lets time pass, at least; the worker does all it has to after each wake-up. */
void stage_run(struct stage *w, uint64_t ns)
{
	uint64_t end_ns = w->fake.clock_ns + ns;

	while (w->fake.clock_ns < end_ns) {
		cr_assert_eq(damon_dispatch(w->ctx, 100), 1, "%s", damon_error(w->ctx));
		stage_work(w);
	}
	cr_assert_eq(damon_dispatch(w->ctx, 0), 1);
}

struct damos_stats stage_stats(struct stage *w, size_t i)
{
	struct damos_stats s = {.size = sizeof(s)};

	cr_assert_eq(damon_scheme_stats(w->ctx, i, &s), 0);
	return s;
}

size_t stage_nr_swapped(const struct stage *w)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(w->swapped); i++)
		n += w->swapped[i];
	return n;
}

/* Until the worker has jobs that it has not begun. */
void stage_run_to_plan(struct stage *w)
{
	for (int i = 0; i < 100 && applier_idle(w->ctx->schemes->applier); i++)
		cr_assert_eq(damon_dispatch(w->ctx, 100), 1, "%s", damon_error(w->ctx));
	cr_assert_not(applier_idle(w->ctx->schemes->applier), "something is to be done");
}

void stage_hit(struct stage *w, uint64_t addr)
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

uint64_t stage_advised_since(const struct stage *w, size_t from)
{
	uint64_t bytes = 0;

	for (size_t i = from; i < w->nr_advice; i++)
		bytes += w->advice[i].end - w->advice[i].start;
	return bytes;
}
