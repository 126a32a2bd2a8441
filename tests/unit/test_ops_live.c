/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations sets and all processes on the real kernel, where it allows them: processes whose
 * accesses are known. Nothing depends on time but a limit for what takes a second.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "damon.h"
#include "os/features.h"

#define PAGES	 64
#define BYTES	 (PAGES * 4096ul)
#define ENOUGH	 300 /* accesses */
#define LIMIT_NS (30 * NS_PER_SEC)

/* A process that follows pointers in 'hot', which lie in memory and are read by the source. */
struct runner {
	int pid;
	void **hot;  /* in both processes: shared memory, so that its pages stay */
	char *other; /* touched, and then left alone */
};

/* A ring of pointers through all pages, in an order that 'step' (odd) gives. */
static void link_pages(char *at, size_t step)
{
	size_t page = 0;

	for (size_t i = 0; i < PAGES; i++) {
		size_t next = (page + step) % PAGES;

		*(void **)(at + page * 4096) = at + next * 4096;
		page = next;
	}
}

static void *share(void)
{
	void *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(p, MAP_FAILED);
	memset(p, 1, BYTES);
	mlock(p, BYTES);
	return p;
}

/* A sanitizer's own accesses would be seen, too. */
__attribute__((noreturn, noinline, no_sanitize("address", "undefined"))) static void
follow(void **p)
{
	for (;;)
		p = *(void **volatile *)p;
}

static void runner_start(struct runner *r, size_t step)
{
	r->hot = share();
	r->other = share();
	link_pages((char *)r->hot, step);
	r->pid = fork();
	if (!r->pid) { /* not to outlive a test that fails */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		follow(r->hot);
	}
	cr_assert_gt(r->pid, 0);
}

static void runner_stop(struct runner *r)
{
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
}

/* The frame of a page of our own. */
static uint64_t frame(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	cr_assert_eq(pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)p / 4096 * 8)), 8);
	close(fd);
	cr_assert(entry >> 63);
	return (entry & ((1ull << 55) - 1)) * 4096;
}

static struct damon_ctx *new_ctx(damon_snapshot_fn fn, void *priv)
{
	struct damon_sampling s;
	struct damon_ctx *ctx;

	cr_assert_eq(damon_ctx_new(&ctx), 0);
	damon_sampling_init(&s);
	s.source = "soft";
	s.rate_hz = 1000;
	cr_assert_eq(damon_set_sampling(ctx, &s), 0);
	damon_set_callback(ctx, fn, priv);
	return ctx;
}

/* Until so many accesses were seen, left out or not. */
static void run(struct damon_ctx *ctx, struct damon_stats *stats, uint64_t accesses)
{
	int err = damon_open(ctx);

	if (err)
		cr_skip("refused here: %s", damon_error(ctx));
	do {
		cr_assert_eq(damon_dispatch(ctx, -1), 1, "%s", damon_error(ctx));
		*stats = (struct damon_stats){.size = sizeof(*stats)};
		cr_assert_eq(damon_ctx_stats(ctx, stats), 0);
	} while (stats->accesses + stats->left_out < accesses && stats->duration_ns < LIMIT_NS);
	cr_assert_geq(stats->accesses + stats->left_out, accesses, "within the limit");
}

static int ignore(void *priv, const struct damon_snapshot *s)
{
	return 0;
}

/* Of the frames of a buffer nearly all accesses are, and of those of another one none. */
Test(ops_live, physical_addresses_are_the_pages_that_are_accessed)
{
	struct damon_fail why;
	struct runner r;

	if (damon_feature_find("pagemap")->probe(&damon_sys_real, &why))
		cr_skip("%s", why.text);
	runner_start(&r, 37);
	for (int hot = 1; hot >= 0; hot--) {
		struct damon_ctx *ctx = new_ctx(ignore, NULL);
		struct damon_stats stats;
		uint64_t all;

		cr_assert_eq(damon_select_ops(ctx, "paddr"), 0);
		cr_assert_eq(damon_add_pid(ctx, r.pid), 0);
		for (size_t i = 0; i < PAGES; i++) {
			uint64_t at = frame((hot ? (char *)r.hot : r.other) + i * 4096);

			cr_assert_eq(damon_add_region(ctx, at, at + 4096), 0);
		}
		run(ctx, &stats, ENOUGH);
		all = stats.accesses + stats.left_out + stats.untranslated;
		cr_expect(hot ? stats.accesses > all * 9 / 10 : stats.accesses < all / 50,
			  "%s: %llu of %llu, %llu not translated", hot ? "hot" : "other",
			  (unsigned long long)stats.accesses, (unsigned long long)all,
			  (unsigned long long)stats.untranslated);
		damon_close(ctx);
		damon_ctx_free(ctx);
	}
	runner_stop(&r);
}

Test(ops_live, given_ranges_of_a_process)
{
	struct damon_stats stats;
	struct damon_ctx *ctx;
	struct runner r;

	runner_start(&r, 37);
	ctx = new_ctx(ignore, NULL);
	cr_assert_eq(damon_select_ops(ctx, "fvaddr"), 0);
	cr_assert_eq(damon_add_pid(ctx, r.pid), 0);
	cr_assert_eq(damon_add_region(ctx, (uintptr_t)r.hot, (uintptr_t)r.hot + BYTES / 4), 0);
	run(ctx, &stats, 4 * ENOUGH);
	cr_expect_float_eq((double)stats.accesses / (double)(stats.accesses + stats.left_out), .25,
			   .08, "%llu, %llu left out", (unsigned long long)stats.accesses,
			   (unsigned long long)stats.left_out);
	damon_close(ctx);
	damon_ctx_free(ctx);
	runner_stop(&r);
}

/* ---- all processes ---- */

struct both {
	struct runner r[2];
	double own[2], all[2]; /* accesses of each: in its own buffer, anywhere */
	bool saw_us;
};

/* How much of a region lies in the buffer at 'from'. */
static double part_in(const struct damon_region_info *g, uint64_t from)
{
	uint64_t start = MAX(g->start, from), end = MIN(g->end, from + BYTES);

	return start < end ? (double)(end - start) / (double)(g->end - g->start) : 0;
}

static int note_both(void *priv, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_target_info t = {.size = sizeof(t)};
	struct damon_region_info g = {.size = sizeof(g)};
	struct both *b = priv;

	damon_snapshot_info(s, &info);
	for (size_t i = 0; i < info.nr_targets; i++) {
		damon_snapshot_target(s, i, &t);
		b->saw_us = b->saw_us || t.pid == getpid();
		for (int k = 0; k < 2; k++) {
			uint64_t from = (uintptr_t)b->r[k].hot;

			if (t.pid != b->r[k].pid || !t.obs)
				continue;
			b->all[k] += (double)t.obs;
			for (size_t j = 0; j < t.nr_regions; j++) {
				damon_snapshot_region(s, i, j, &g);
				b->own[k] += g.share * (double)t.obs * part_in(&g, from);
			}
		}
	}
	return b->all[0] > 200 && b->all[1] > 200;
}

/* The same program twice, with pointers of its own in each: memory is read of the right one. */
Test(ops_live, all_processes_each_with_its_own_memory)
{
	struct both b = {.saw_us = false};
	struct damon_attrs attrs;
	struct damon_ctx *ctx;
	uint64_t end_ns;
	int err;

	for (int k = 0; k < 2; k++)
		runner_start(&b.r[k], k ? 37 : 11);
	ctx = new_ctx(note_both, &b);
	damon_attrs_init(&attrs);
	attrs.max_nr_regions =
		100000; /* mappings are not joined, however many processes there are */
	cr_assert_eq(damon_set_attrs(ctx, &attrs), 0);
	cr_assert_eq(damon_set_all(ctx), 0);
	err = damon_open(ctx);
	if (err) {
		runner_stop(&b.r[0]);
		runner_stop(&b.r[1]);
		cr_skip("refused here: %s", damon_error(ctx));
	}
	end_ns = damon_sys_real.clock_ns(&damon_sys_real) + LIMIT_NS;
	do
		err = damon_dispatch(ctx, -1);
	while (err == 1 && damon_sys_real.clock_ns(&damon_sys_real) < end_ns);
	cr_expect_eq(err, 0, "both are seen: %g, %g; %s", b.all[0], b.all[1], damon_error(ctx));
	for (int k = 0; k < 2; k++)
		cr_expect_gt(b.own[k], .9 * b.all[k], "process %d: %g of %g", k, b.own[k],
			     b.all[k]);
	cr_expect_not(b.saw_us);
	damon_close(ctx);
	damon_ctx_free(ctx);
	runner_stop(&b.r[0]);
	runner_stop(&b.r[1]);
}
