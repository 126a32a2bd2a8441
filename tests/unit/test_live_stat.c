/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Idle times and bandwidth as DAMON_STAT tells them, of a context in a fake world: the synthetic
 * source. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "lib/ctx.h"
#include "live/stat.h"
#include "tests/kit/fake_sys.h"

#define MIB   0x100000ull
#define AGGRS 50
#define AGGR  (100 * NS_PER_MS)

/* Three ranges that are accessed, and one of 60 % of the bytes that never is. */
static const char maps_text[] = "10000000-10400000 rw-p 00000000 00:00 0 \n"
				"20000000-21000000 rw-p 00000000 00:00 0 \n"
				"30000000-34000000 rw-p 00000000 00:00 0 \n"
				"40000000-48000000 rw-p 00000000 00:00 0 \n";

struct world {
	struct fake_sys fake;
	struct fake_file files[4];
	char maps[64], comm[64];
	struct damon_ctx *ctx;
	struct live_stat st;
	double bandwidth; /* summed up by hand */
	int nr_snapshots;
};

static int on_snapshot(void *priv, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_target_info t = {.size = sizeof(t)};
	struct world *w = priv;

	cr_assert_eq(live_stat_take(&w->st, s, AGGR), 0);
	damon_snapshot_info(s, &info);
	cr_assert_eq(info.nr_targets, 1);
	damon_snapshot_target(s, 0, &t);
	w->bandwidth = 0;
	for (size_t i = 0; i < t.nr_regions; i++) {
		struct damon_region_info r = {.size = sizeof(r)};

		damon_snapshot_region(s, 0, i, &r);
		w->bandwidth += (double)(r.end - r.start) *
				damon_region_nr_accesses_of(s, 0, i, NULL, NULL) /
				((double)info.aggr_ns / NS_PER_SEC);
	}
	return ++w->nr_snapshots == AGGRS;
}

static void run(struct world *w)
{
	struct damon_sampling s;
	int more;

	*w = (struct world){0};
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
	damon_sampling_init(&s);
	s.source = "synth";
	s.rate_hz = 5000;
	cr_assert_eq(damon_set_sampling(w->ctx, &s), 0);
	cr_assert_eq(damon_add_pid(w->ctx, getpid()), 0);
	cr_assert_eq(damon_open(w->ctx), 0, "%s", damon_error(w->ctx));
	while ((more = damon_dispatch(w->ctx, 100)) > 0)
		;
	cr_assert_eq(more, 0);
	damon_ctx_free(w->ctx);
}

Test(live_stat, idle_times_and_bandwidth)
{
	const int64_t all_ms = AGGRS * 100;
	struct world w;

	run(&w);
	cr_expect_eq(w.st.bytes, 212 * MIB);
	cr_expect_lt(w.st.idle_ms[0], 0, "the hottest is accessed");
	cr_expect_geq(w.st.idle_ms[0], -all_ms);
	for (size_t i = 1; i < LIVE_STAT_PERCENTILES; i++) {
		cr_expect_geq(w.st.idle_ms[i], w.st.idle_ms[i - 1], "%zu", i);
		cr_expect_neq(w.st.idle_ms[i], 0);
	}
	/* 84 of 212 MiB are accessed: up to the 39.6th percentile. */
	cr_expect_lt(w.st.idle_ms[38], all_ms / 2, "%lld", (long long)w.st.idle_ms[38]);
	cr_expect_geq(w.st.idle_ms[41], all_ms - 200, "%lld", (long long)w.st.idle_ms[41]);
	cr_expect_eq(w.st.idle_ms[100], w.st.idle_ms[41]);
	cr_expect_float_eq(w.st.bandwidth.v, w.bandwidth, w.bandwidth * 1e-9);
	cr_expect_gt(w.st.bandwidth.v, 0);
	cr_expect_leq(w.st.bandwidth.lo, w.st.bandwidth.v);
	cr_expect_geq(w.st.bandwidth.hi, w.st.bandwidth.v);
}

Test(live_stat, lines)
{
	_cleanup_(freep) char *text = NULL;
	struct live_stat st = {
		.start_ns = 7 * NS_PER_SEC,
		.end_ns = 8 * NS_PER_SEC,
		.aggr_ns = NS_PER_SEC,
		.counted_ns = 2 * NS_PER_SEC,
		.epoch_offset_ns = 1000 * (int64_t)NS_PER_SEC,
		.bytes = 64 * MIB,
		.bandwidth = {2e9, 1.9e9, 2.1e9},
	};
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *json;
	json_t *j;

	for (int i = 0; i < LIVE_STAT_PERCENTILES; i++)
		st.idle_ms[i] = (i - 30) * 100;
	cr_expect_eq(live_stat_text(&st, 5 * NS_PER_SEC, out), 0);
	cr_expect_eq(live_stat_json(&st, out), 0);
	fclose(out);
	json = strchr(text, '\n') + 1;
	cr_expect_eq(
		strncmp(text,
			"3.0 s  64.0 MiB mapped  accessed per second 1.86 GiB [1.76, 1.96]  idle "
			"0%: -3.00 s 25%: -500 ms 50%: 2.00 s 75%: 4.50 s 90%: 6.00 s 99%: "
			"6.90 s 100%: 7.00 s\n",
			(size_t)(json - text)),
		0, "%s", text);
	j = json_loads(json, 0, NULL);
	cr_assert(j, "%s", json);
	cr_expect_eq(json_integer_value(json_object_get(j, "time")), 1008 * (json_int_t)NS_PER_SEC);
	cr_expect_eq(json_integer_value(json_object_get(j, "aggr_interval_us")), 2000000);
	cr_expect_eq(json_array_size(json_object_get(j, "memory_idle_ms_percentiles")), 101);
	json_decref(j);
}
