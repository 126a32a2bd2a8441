/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources of hardware, by physical addresses and of all processes, on a fake kernel. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "lib/ctx.h"
#include "tests/kit/hardware_stage.h"
#include "tests/kit/record_kit.h"

struct seen {
	struct hw_stage line; /* first: the kernel's own */
	struct damon_target_info target;
	double share[2];
	int nr_snapshots;
};

/* Of the two buffers, moved by 'by'. */
static int note_snapshot(struct seen *n, const struct damon_snapshot *s, uint64_t by)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_region_info r = {.size = sizeof(r)};

	damon_snapshot_info(s, &info);
	cr_assert_eq(info.nr_targets, 1);
	n->target.size = sizeof(n->target);
	damon_snapshot_target(s, 0, &n->target);
	n->share[0] = n->share[1] = 0;
	for (size_t i = 0; i < n->target.nr_regions; i++) {
		damon_snapshot_region(s, 0, i, &r);
		if (r.end > LOADED + by - 0x10000 && r.start < STORED + by + BUFFER + 0x10000)
			n->share[r.start >= 0x20000000 + by] += r.share;
	}
	return ++n->nr_snapshots == 30;
}

static int note_physical(void *priv, const struct damon_snapshot *s)
{
	return note_snapshot(priv, s, TO_PHYS);
}

static int note_virtual(void *priv, const struct damon_snapshot *s)
{
	return note_snapshot(priv, s, 0);
}

/* A user without CAP_SYS_ADMIN: what the hardware tells is enough, if ranges are given. */
Test(hardware_all, physical_addresses_are_the_hardwares)
{
	static struct seen n;
	struct damon_stats stats = {.size = sizeof(stats)};
	struct hw_stage *l = &n.line;

	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
	hw_init(l, &hw_plans[0]);
	fake_perf_file(&l->perf, "/proc/self/status", STATUS);
	fake_perf_file(&l->perf, "/proc/self/pagemap", "");
	damon_set_callback(l->ctx, note_physical, &n);
	cr_assert_eq(damon_select_ops(l->ctx, "paddr"), 0);
	cr_assert_eq(damon_add_region(l->ctx, TO_PHYS, TO_PHYS + 0x40000000), 0);
	hw_run(l);
	cr_expect_str_eq(n.target.comm, "physical memory");
	cr_expect_eq(n.target.pid, 0);
	cr_expect_float_eq(n.share[0], .8, .04, "%g", n.share[0]);
	cr_expect_float_eq(n.share[1], .2, .04, "%g", n.share[1]);
	cr_assert_eq(damon_close(l->ctx), 0);
	cr_assert_eq(damon_ctx_stats(l->ctx, &stats), 0);
	cr_expect_eq(stats.obs, l->written);
	cr_expect_eq(stats.left_out + stats.untranslated, 0);
	damon_ctx_free(l->ctx);
	fake_perf_release(&l->perf);
}

/* Ourselves we do not see; the other one was there before, and its mappings are read when it is
 * seen first. */
Test(hardware_all, all_processes)
{
	static struct seen n;
	static const struct hw_plan plan = {"Zen, all", "ibs", hw_zen, 11, 0, 0, true, false};
	struct damon_stats stats = {.size = sizeof(stats)};
	struct hw_stage *l = &n.line;
	struct fake_perf_file *maps;

	hw_init(l, &plan);
	maps = fake_perf_file(&l->perf, "/proc/4242/maps", hw_maps);
	fake_perf_file(&l->perf, "/proc/4242/comm", "stranger\n");
	damon_set_callback(l->ctx, note_virtual, &n);
	l->ctx->nr_pids = 0; /* not itself by number */
	cr_assert_eq(damon_set_all(l->ctx), 0);
	cr_assert_eq(damon_open(l->ctx), 0, "%s", damon_error(l->ctx));
	cr_expect_eq(maps->reads, 0);
	cr_expect_eq(fake_perf_nr_open(&l->perf, -1), 16, "a clock and three periods on each CPU");
	hw_run_on(l);
	cr_expect_eq(n.target.pid, STRANGER);
	cr_expect_str_eq(n.target.comm, "stranger");
	cr_expect_float_eq(n.share[0], .8, .04, "%g", n.share[0]);
	cr_expect_float_eq(n.share[1], .2, .04, "%g", n.share[1]);
	cr_assert_eq(damon_close(l->ctx), 0);
	cr_assert_eq(damon_ctx_stats(l->ctx, &stats), 0);
	cr_expect_eq(stats.obs, l->strangers, "%llu", (unsigned long long)stats.obs);
	cr_expect_geq(maps->reads, 1);
	cr_expect_leq(maps->reads, 10, "at updates");
	damon_ctx_free(l->ctx);
	fake_perf_release(&l->perf);
}

static ssize_t (*fake_read)(const struct damon_sys *s, const char *path, void *buf, size_t cap);

static ssize_t read_but_one(const struct damon_sys *s, const char *path, void *buf, size_t cap)
{
	return strcmp(path, "/proc/6/maps") ? fake_read(s, path, buf, cap) : -EACCES;
}

/* The stranger, and the sums. */
static void read_back(const char *path, struct damon_target_info *target, struct damon_stats *stats)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	const struct damon_snapshot *s;
	struct damon_record *r;

	cr_assert_eq(damon_record_open(path, &r), 0, "%s", damon_record_error(NULL));
	while (damon_record_next(r, &s) > 0) {
		damon_snapshot_info(s, &info);
		for (size_t i = 0; i < info.nr_targets && target->pid != STRANGER; i++)
			damon_snapshot_target(s, i, target);
	}
	damon_record_stats(r, stats);
	damon_record_close(r);
}

/* Who was there before has a name and mappings in the file: none are made up when it is read.
 * Threads of the kernel have none, and who is closed to us is told. */
Test(hardware_all, raw_recordings_name_who_was_there, .fini = kit_remove)
{
	static const struct hw_plan plan = {"Zen, all", "ibs", hw_zen, 11, 0, 0, true, false};
	static const char *const files[][2] = {
		{"/proc/6/task", "6\n"},
		{"/proc/6/comm", "vault\n"},
		{"/proc/104/stat", "104 (kswapd0) S 2 0 0 0 -1 2238528 0 0\n"},
		{"/proc/4242/task", "4242\n"},
		{"/proc/4242/comm", "stranger\n"},
	};
	struct damon_stats made = {.size = sizeof(made)}, read = made;
	struct damon_target_info target = {.size = sizeof(target)};
	const char *path = kit_path("raw");
	struct fake_perf_file *kernels;
	struct hw_stage l;
	char names[64];

	hw_init(&l, &plan);
	snprintf(names, sizeof(names), "6\nself\n104\n777\n4242\n%d\n", getpid());
	fake_perf_file(&l.perf, "/proc", names);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		fake_perf_file(&l.perf, files[i][0], files[i][1]);
	fake_perf_file(&l.perf, "/proc/4242/maps", hw_maps);
	kernels = fake_perf_file(&l.perf, "/proc/104/task", "104\n");
	fake_read = l.perf.sys.read_file;
	l.perf.sys.read_file = read_but_one;
	l.ctx->nr_pids = 0;
	cr_assert_eq(damon_set_all(l.ctx), 0);
	cr_assert_eq(damon_set_raw(l.ctx, path), 0);
	cr_assert_eq(damon_open(l.ctx), 0, "%s", damon_error(l.ctx));
	for (int i = 0; i < 10; i++)
		cr_assert_eq(damon_dispatch(l.ctx, -1), 1, "%s", damon_error(l.ctx));
	cr_assert_eq(damon_close(l.ctx), 0, "%s", damon_error(l.ctx));
	cr_assert_eq(damon_ctx_stats(l.ctx, &made), 0);
	cr_expect_eq(made.closed_procs, 1, "%llu", (unsigned long long)made.closed_procs);
	cr_expect(strstr(made.closed_reason, "process 6 (vault)"), "%s", made.closed_reason);
	cr_expect_eq(kernels->reads, 0);
	read_back(path, &target, &read);
	cr_expect_eq(target.pid, STRANGER);
	cr_expect_str_eq(target.comm, "stranger");
	cr_expect_eq(read.inferred_mappings, 0, "%llu", (unsigned long long)read.inferred_mappings);
	cr_expect_gt(read.obs, 0);
	damon_ctx_free(l.ctx);
	fake_perf_release(&l.perf);
}
