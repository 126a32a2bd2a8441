/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations sets from damon_open() to snapshots, in a fake world with the synthetic source. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "damon.h"
#include "lib/ctx.h"
#include "tests/kit/fake_sys.h"

/* Where the synthetic source's ranges lie, of 70, 20 and 10 percent of the accesses. */
#define A    0x10000000ull
#define B    0x20000000ull
#define C    0x30000000ull
#define MIB  0x100000ull
#define FILE "/data/shared"
static const char maps_text[] = "10000000-10400000 rw-p 00000000 00:00 0 \n"
				"20000000-21000000 rw-s 00800000 08:01 77 " FILE "\n"
				"30000000-34000000 rw-p 00000000 00:00 0 \n";

struct world {
	struct fake_sys fake;
	struct fake_file files[8];
	char maps[64], comm[64];
	struct damon_ctx *ctx;
	int nr_snapshots, stop_after;
	struct damon_target_info target;
	struct damon_region_info first, last;
	double share; /* of the accesses in [share_from, share_to) */
	uint64_t share_from, share_to;
	char name[64]; /* of the mapping of the first region */
};

static int on_snapshot(void *priv, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_mapping_info m = {.size = sizeof(m)};
	struct world *w = priv;

	damon_snapshot_info(s, &info);
	cr_assert_eq(info.nr_targets, 1);
	w->target.size = sizeof(w->target);
	w->first.size = w->last.size = sizeof(w->first);
	damon_snapshot_target(s, 0, &w->target);
	cr_assert_gt(w->target.nr_regions, 0);
	damon_snapshot_region(s, 0, 0, &w->first);
	w->share = 0;
	for (size_t i = 0; i < w->target.nr_regions; i++) {
		damon_snapshot_region(s, 0, i, &w->last);
		if (w->last.start >= w->share_from && w->last.end <= w->share_to)
			w->share += w->last.share;
	}
	w->name[0] = '\0';
	if (damon_snapshot_mapping(s, 0, w->first.start, &m))
		snprintf(w->name, sizeof(w->name), "%s", m.name);
	return ++w->nr_snapshots == w->stop_after;
}

static void world_init(struct world *w)
{
	struct damon_sampling s;

	memset(w, 0, sizeof(*w));
	snprintf(w->maps, sizeof(w->maps), "/proc/%d/maps", getpid());
	snprintf(w->comm, sizeof(w->comm), "/proc/%d/comm", getpid());
	w->files[0] = (struct fake_file){w->maps, maps_text, 0};
	w->files[1] = (struct fake_file){w->comm, "toy\n", 0};
	fake_sys_init(&w->fake, w->files);
	w->fake.clock_ns = 5 * NS_PER_SEC;
	w->fake.sys.poll = fake_sys_poll;
	w->stop_after = 20;
	cr_assert_eq(damon_ctx_new(&w->ctx), 0);
	w->ctx->sys = &w->fake.sys;
	damon_set_callback(w->ctx, on_snapshot, w);
	damon_sampling_init(&s);
	s.source = "synth";
	s.rate_hz = 5000;
	cr_assert_eq(damon_set_sampling(w->ctx, &s), 0);
	cr_assert_eq(damon_add_pid(w->ctx, getpid()), 0);
}

static void run(struct world *w)
{
	int rc, rounds = 0;

	cr_assert_eq(damon_open(w->ctx), 0, "%s", damon_error(w->ctx));
	while ((rc = damon_dispatch(w->ctx, -1)) == 1)
		cr_assert_lt(rounds++, 1000, "it ends");
	cr_assert_eq(rc, 0, "%s", damon_error(w->ctx));
}

/* ---- fvaddr ---- */

Test(ops, fvaddr_keeps_to_its_ranges)
{
	char path[] = "/tmp/test_ops.XXXXXX";
	struct damon_record_info info = {.size = sizeof(info)};
	struct damon_stats stats = {.size = sizeof(stats)};
	struct damon_record *rec;
	struct world w;

	close(mkstemp(path));
	unlink(path);
	world_init(&w);
	w.share_from = A;
	w.share_to = A + 4 * MIB;
	cr_assert_eq(damon_select_ops(w.ctx, "fvaddr"), 0);
	cr_assert_eq(damon_add_region(w.ctx, B + 1, B + 16 * MIB - 1), 0, "widened to pages");
	cr_assert_eq(damon_add_region(w.ctx, A, A + 2 * MIB), 0);
	cr_assert_eq(damon_add_region(w.ctx, A + MIB, A + 4 * MIB), 0, "they may overlap");
	cr_assert_eq(damon_set_record(w.ctx, path), 0);
	run(&w);
	cr_expect_eq(w.first.start, A);
	cr_expect_eq(w.last.end, B + 16 * MIB);
	cr_expect_float_eq(w.share, .7 / .9, .03, "%g: shares are of what is monitored", w.share);
	cr_expect_eq(w.target.pid, getpid());
	cr_assert_eq(damon_close(w.ctx), 0);
	damon_ctx_stats(w.ctx, &stats);
	cr_expect_float_eq((double)stats.left_out / (double)(stats.left_out + stats.accesses), .1,
			   .02);
	cr_expect_eq(stats.no_region, 0, "%llu", (unsigned long long)stats.no_region);
	damon_ctx_free(w.ctx);

	cr_assert_eq(damon_record_open(path, &rec), 0, "%s", damon_record_error(NULL));
	damon_record_info(rec, &info);
	cr_expect_str_eq(info.ops, "fvaddr");
	cr_expect_str_eq(info.addresses, "");
	damon_record_close(rec);
	unlink(path);
}

/* ---- one's own ---- */

/* Offsets of FILE, wherever it is mapped. */
static int file_regions(void *priv, int pid, struct damon_range *r, size_t max)
{
	int *calls = priv;

	cr_expect_eq(pid, 0, "it is everyone's");
	cr_assert_gt(max, 1);
	++*calls;
	r[0] = (struct damon_range){*calls > 1 ? 32 * MIB : 8 * MIB, 64 * MIB, "later"};
	r[1] = (struct damon_range){8 * MIB, 24 * MIB, FILE};
	return *calls > 1 ? 2 : 1; /* the first one reaches over both */
}

static int file_offset(void *priv, const struct damon_ops_access *a, uint64_t *addr)
{
	cr_assert_eq(a->pid, getpid());
	if (!a->mapping || strcmp(a->mapping->name, FILE) != 0)
		return 0;
	*addr = a->addr - a->mapping->start + a->mapping->offset;
	return 1;
}

Test(ops, ones_own_address_space)
{
	static int calls;
	static const struct damon_ops ops = {
		.size = sizeof(ops),
		.name = "offsets",
		.addresses = "file offsets",
		.target = "shared",
		.priv = &calls,
		.regions = file_regions,
		.translate = file_offset,
	};
	struct damon_stats stats = {.size = sizeof(stats)};
	struct world w;

	cr_expect_eq(damon_is_registered_ops("offsets"), 0);
	cr_assert_eq(damon_register_ops(&ops), 0);
	cr_expect_eq(damon_is_registered_ops("offsets"), 1);
	cr_expect_eq(damon_register_ops(&ops), -EEXIST);
	world_init(&w);
	w.share_from = 8 * MIB;
	w.share_to = 24 * MIB;
	cr_assert_eq(damon_select_ops(w.ctx, "offsets"), 0);
	run(&w);
	cr_expect_str_eq(w.target.comm, "shared");
	cr_expect_eq(w.target.pid, 0);
	cr_expect_eq(w.target.nr_procs, 1);
	cr_expect_eq(w.first.start, 8 * MIB);
	cr_expect_eq(w.last.end, 64 * MIB, "ranges are asked for again at the update");
	cr_expect_str_eq(w.name, FILE);
	cr_expect_float_eq(w.share, 1, .001, "%g", w.share);
	cr_expect_geq(calls, 2);
	cr_expect_leq(calls, 4, "%d: not at every interval", calls);
	damon_ctx_stats(w.ctx, &stats);
	cr_expect_float_eq((double)stats.accesses / (double)(stats.accesses + stats.left_out), .2,
			   .03);
	cr_expect(!ops_is_virtual(w.ctx), "actions have no business there");
	cr_assert_eq(damon_close(w.ctx), 0);
	damon_ctx_free(w.ctx);
}

/* Without a target of its own it is as fvaddr is, with ranges that it finds itself. */
static int own_ranges(void *priv, int pid, struct damon_range *r, size_t max)
{
	cr_expect_eq(pid, getpid());
	r[0] = (struct damon_range){C, C + 64 * MIB};
	return 1;
}

Test(ops, ones_own_ranges_of_each_process)
{
	static const struct damon_ops ops = {
		.size = sizeof(ops), .name = "third", .regions = own_ranges};
	struct damon_stats stats = {.size = sizeof(stats)};
	struct world w;

	cr_assert_eq(damon_register_ops(&ops), 0);
	world_init(&w);
	cr_assert_eq(damon_select_ops(w.ctx, "third"), 0);
	run(&w);
	cr_expect_str_eq(w.target.comm, "toy");
	cr_expect_eq(w.first.start, C);
	cr_expect_eq(w.last.end, C + 64 * MIB);
	damon_ctx_stats(w.ctx, &stats);
	cr_expect_gt(stats.no_region, stats.obs / 2, "it does not say that they are left out");
	cr_expect(ops_is_virtual(w.ctx));
	cr_assert_eq(damon_close(w.ctx), 0);
	damon_ctx_free(w.ctx);
}

Test(ops, registering_is_checked)
{
	static const struct {
		struct damon_ops ops;
		int err;
	} rows[] = {
		{{.name = NULL}, -EINVAL},
		{{.name = ""}, -EINVAL},
		{{.name = "sixteen characters"}, -EINVAL},
		{{.name = "vaddr"}, -EEXIST},
		{{.name = "paddr"}, -EEXIST},
		{{.name = "a", .addresses = ""}, -EINVAL},
		{{.name = "a", .addresses = "more than the thirty-one characters"}, -EINVAL},
		{{.name = "a", .target = "x"}, -EINVAL}, /* where are its regions? */
		{{.name = "a", .target = "a name of 16 ...", .regions = own_ranges}, -EINVAL},
		{{.name = "a"}, 0},
		{{.name = "fifteen chars.."}, 0},
	};
	char name[16];
	struct damon_ops more = {.size = sizeof(more), .name = name};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_ops ops = rows[i].ops;

		ops.size = sizeof(ops);
		cr_expect_eq(damon_register_ops(&ops), rows[i].err, "%zu", i);
	}
	for (int i = 0; i < 20 && !err; i++) {
		snprintf(name, sizeof(name), "more-%d", i);
		err = damon_register_ops(&more);
	}
	cr_expect_eq(err, -ENOSPC, "there is an end to it");
}

/* ---- weights ---- */

/* Addresses below 0x1000 are left out, those below 0x2000 not known. */
static int sieve(void *priv, const struct damon_ops_access *a, uint64_t *addr)
{
	*addr = a->addr + 0x100000;
	return a->addr < 0x1000 ? 0 : a->addr < 0x2000 ? -1 : 1;
}

/* An access weighs the same, whatever becomes of those beside it. */
Test(ops, accesses_keep_their_weight)
{
	static const struct damon_ops ops = {
		.size = sizeof(ops), .name = "sieve", .addresses = "moved", .translate = sieve};
	static const struct {
		const char *name;
		uint64_t addr[4];
		uint8_t nr, carried, unknown;
		bool stall;
		uint64_t obs, accesses, is_unknown, no_address;
		float weight; /* of the region's, of 12 in all; each access weighs 3 at least */
		uint16_t latency;
	} rows[] = {
		{"all", {0x3000, 0x4000, 0x5000, 0x6000}, 4, 0, 0, false, 1, 4, 0, 0, 12, 7},
		{"one out", {0x3000, 0x10, 0x5000, 0x6000}, 4, 0, 0, false, 1, 3, 0, 0, 9, 7},
		{"the first out: the hardware told of it",
		 {0x10, 0x3000, 0x5000, 0x6000},
		 4,
		 0,
		 0,
		 false,
		 1,
		 3,
		 0,
		 0,
		 9,
		 0},
		{"one not known",
		 {0x3000, 0x1000, 0x5000, 0x6000},
		 4,
		 0,
		 0,
		 false,
		 1,
		 3,
		 1,
		 0,
		 9,
		 7},
		{"one of each, and one more",
		 {0x3000, 0x10, 0x1000},
		 3,
		 0,
		 1,
		 false,
		 1,
		 1,
		 2,
		 0,
		 3,
		 7},
		{"all out", {0x10, 0x20}, 2, 0, 0, false, 0, 0, 0, 0, 0, 0},
		{"all out or unknown", {0x10, 0x1000}, 2, 0, 0, false, 0, 0, 1, 1, 0, 0},
		{"all out but where it waited", {0x10}, 1, 0, 0, true, 1, 0, 0, 0, 0, 0},
		{"nothing from the start", {0}, 0, 0, 0, false, 0, 0, 0, 1, 0, 0},
	};

	cr_assert_eq(damon_register_ops(&ops), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_obs o = {
			.pid = getpid(),
			.nr = rows[i].nr,
			.nr_carried = rows[i].carried,
			.nr_unknown = rows[i].unknown,
			.weight = 12,
			.has_stall = rows[i].stall,
			.stall = {.addr = 0x3000},
			.hw = {.latency_cycles = 7},
		};
		const struct damon_log_entry *log;
		const struct damon_snapshot *s;
		struct world w;
		float sum = 0;
		size_t n;

		for (size_t k = 0; k < o.nr; k++)
			o.access[k].addr = rows[i].addr[k];
		world_init(&w);
		cr_assert_eq(damon_select_ops(w.ctx, "sieve"), 0);
		cr_assert_eq(damon_open(w.ctx), 0, "%s", damon_error(w.ctx));
		w.ctx->proc = damon_targets_find(damon_core_targets(w.ctx->core), getpid());
		cr_assert_not_null(w.ctx->proc);
		events_emit(w.ctx, &o);
		s = damon_core_aggregate(w.ctx->core, 0, NS_PER_SEC, 0);
		cr_expect_eq(s->counts.obs, rows[i].obs, "%s", rows[i].name);
		cr_expect_eq(s->counts.accesses, rows[i].accesses, "%s", rows[i].name);
		cr_expect_eq(s->counts.unknown, rows[i].is_unknown, "%s: %llu", rows[i].name,
			     (unsigned long long)s->counts.unknown);
		cr_expect_eq(s->counts.no_address, rows[i].no_address, "%s", rows[i].name);
		log = damon_core_log(w.ctx->core, &n);
		for (size_t k = 0; k < n; k++) {
			cr_expect_geq(log[k].addr, 0x102000, "%s", rows[i].name);
			sum += log[k].stall ? 0 : log[k].weight;
		}
		cr_expect_float_eq(sum, rows[i].weight, 1e-4, "%s: %g", rows[i].name, sum);
		if (rows[i].accesses)
			cr_expect_eq(log[0].latency, rows[i].latency, "%s", rows[i].name);
		damon_ctx_free(w.ctx);
	}
}

/* ---- refusals ---- */

Test(ops, what_cannot_work_is_refused)
{
	static const struct {
		const char *name, *ops, *check;
		bool range;
		int err;
		const char *text, *remedy;
	} rows[] = {
		{"fvaddr without ranges", "fvaddr", NULL, false, -EINVAL, "ranges that are given",
		 "--regions"},
		{"vaddr with ranges", "vaddr", NULL, true, -EINVAL, "knows itself", "fvaddr"},
		{"checkers", "fvaddr", "smaps", true, -EINVAL, "checkers", "--check"},
		{"paddr as a user", "paddr", NULL, false, -EPERM, "no physical addresses", "root"},
		{"paddr as a user, with ranges", "paddr", NULL, true, -EPERM,
		 "no physical addresses", "root"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_sampling s;
		struct world w;

		world_init(&w);
		w.files[2] = (struct fake_file){"/proc/self/status", "Name:\tx\nCapEff:\t0\n", 0};
		w.files[3] = (struct fake_file){"/proc/self/pagemap", "", 0};
		damon_sampling_init(&s);
		s.source = "synth";
		s.rate_hz = 1000;
		s.check = rows[i].check;
		cr_assert_eq(damon_set_sampling(w.ctx, &s), 0);
		cr_assert_eq(damon_select_ops(w.ctx, rows[i].ops), 0);
		if (rows[i].range)
			cr_assert_eq(damon_add_region(w.ctx, A, B), 0);
		cr_expect_eq(damon_open(w.ctx), rows[i].err, "%s", rows[i].name);
		cr_expect(strstr(damon_error(w.ctx), rows[i].text), "%s: %s", rows[i].name,
			  damon_error(w.ctx));
		cr_expect(strstr(damon_remedy(w.ctx), rows[i].remedy), "%s: %s", rows[i].name,
			  damon_remedy(w.ctx));
		damon_ctx_free(w.ctx);
		cr_expect_eq(w.fake.nr_open, 0, "%s", rows[i].name);
	}
}

Test(ops, ranges_and_names_are_checked)
{
	struct damon_ctx *ctx;

	cr_assert_eq(damon_ctx_new(&ctx), 0);
	cr_expect_eq(damon_select_ops(ctx, "qaddr"), -EINVAL);
	cr_expect(strstr(damon_error(ctx), "'qaddr'"));
	cr_expect_eq(damon_add_region(ctx, 5, 5), -EINVAL);
	cr_expect_eq(damon_add_region(ctx, 6, 5), -EINVAL);
	cr_expect_eq(damon_add_region(ctx, 6, UINT64_MAX), -EINVAL);
	for (uint64_t i = 0; i < DAMON_MAX_RANGES; i++)
		cr_assert_eq(damon_add_region(ctx, i << 20, (i << 20) + 1), 0);
	cr_expect_eq(damon_add_region(ctx, 1, 2), -E2BIG);
	damon_ctx_free(ctx);
}
