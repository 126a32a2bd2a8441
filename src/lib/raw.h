/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recording as perf makes them, in the place of a record: what the kernel writes into the rings,
 * and into the areas of hardware traces, goes to a perf.data as it is; nothing is decoded. Before
 * it stands what was there already: names of threads, mappings.
 */
#ifndef LIB_RAW_H
#define LIB_RAW_H

#include <stdint.h>

struct damon_ctx;
struct raw;

struct raw_counts {
	uint64_t records, samples, trace_bytes, file_bytes;
};

/* Each returns 0 or -errno with the reason in ctx->fail. */
int raw_check(struct damon_ctx *ctx); /* can this source, with what was asked for, be recorded? */
int raw_open(struct damon_ctx *ctx);  /* once all events are open: makes the file */
int raw_read(struct damon_ctx *ctx);  /* what the rings hold goes to the file */
int raw_close(struct damon_ctx *ctx); /* completes the file, if there is one */
void raw_discard(struct raw *raw);    /* as if it had never been opened; NULL is fine */
void raw_counts(const struct raw *raw, struct raw_counts *out);

#endif
