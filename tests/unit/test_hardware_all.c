/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources of hardware, by physical addresses and of all processes, on a fake kernel. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/util.h"
#include "lib/ctx.h"
#include "tests/kit/hardware_stage.h"

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
