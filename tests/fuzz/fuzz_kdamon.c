/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings of the kernel's DAMON: tracing data and raw records. Two bytes say how long the
 * tracing data is; behind it come records of 48 bytes, the first two of which say whose kdamond's
 * they are, until whole snapshots have been shown.
 */
#include <stdint.h>
#include <string.h>

#include "lib/replay/kdamon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAW = 48 };

static volatile double sink;

static int use(void *priv, const struct damon_snapshot *s)
{
	struct damon_snapshot_info si = {.size = sizeof(si)};
	struct damon_target_info ti = {.size = sizeof(ti)};
	struct damon_region_info ri = {.size = sizeof(ri)};
	struct damon_wss w;

	damon_snapshot_info(s, &si);
	for (size_t t = 0; t < si.nr_targets; t++) {
		damon_snapshot_target(s, t, &ti);
		damon_snapshot_wss(s, t, DAMON_WSS_1S, &w);
		sink += w.bytes + w.lo + w.hi;
		for (size_t i = 0; i < ti.nr_regions; i++) {
			damon_snapshot_region(s, t, i, &ri);
			sink += ri.heat + damon_region_nr_accesses_of(s, t, i, NULL, NULL);
		}
	}
	return 0;
}

static void take_all(struct kdamon *k, struct damon_ctx *ctx, const uint8_t *data, size_t size)
{
	struct damon_perf_sample s = {.time_ns = NS_PER_SEC, .raw_len = RAW};
	int err = 0;

	for (; size >= RAW && !err; size -= RAW, data += RAW) {
		s.raw = data;
		s.tid = data[0] % 4;
		s.time_ns += data[1] * NS_PER_MS;
		err = kdamon_take(k, ctx, &s);
	}
	if (!err)
		kdamon_finish(k, ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct damon_perf_event e = {.attr = {.type = PERF_TYPE_TRACEPOINT,
					      .config = 77,
					      .sample_type = PERF_SAMPLE_RAW}};
	struct damon_perf_file_info i = {.tracing = data + 2};
	struct damon_ctx *ctx = NULL;
	struct kdamon *k = NULL;

	if (size < 2)
		return 0;
	i.tracing_len = MIN((size_t)data[0] | (size_t)data[1] << 8, size - 2);
	if (!damon_ctx_new(&ctx) && !kdamon_new(&k) && kdamon_is_event(k, &e, &i)) {
		ctx->source = &kdamon_source;
		damon_set_callback(ctx, use, NULL);
		if (!ctx_open_core(ctx))
			take_all(k, ctx, data + 2 + i.tracing_len, size - 2 - i.tracing_len);
	}
	kdamon_free(k);
	damon_ctx_free(ctx);
	return 0;
}
