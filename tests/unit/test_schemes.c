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

#define MIB   0x100000ull
#define MS    NS_PER_MS
#define PIDFD 800
#define PAGEMAP_FD 900

/* The synthetic source's ranges, and one that it never touches. */
#define IDLE	 0x40000000ull
#define IDLE_END 0x44000000ull
static const char maps_text[] = "10000000-10400000 rw-p 00000000 00:00 0 \n"
				"20000000-21000000 rw-p 00000000 00:00 0 \n"
				"30000000-34000000 rw-p 00000000 00:00 0 \n"
				"40000000-44000000 rw-p 00000000 00:00 0 \n";

#define MAX_ADVICE 4096

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
	void (*on_advice)(struct world *w);
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
		fds[i].revents = fds[i].fd >= PIDFD && fds[i].fd < PAGEMAP_FD && w->exited ? POLLIN
											    : 0;
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
			w->swapped[(a - IDLE) >> DAMON_PAGE_SHIFT] |= advice == MADV_PAGEOUT;
	}
	if (w->on_advice)
		w->on_advice(w);
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
