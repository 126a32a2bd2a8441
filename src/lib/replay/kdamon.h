/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Recordings of the kernel's DAMON: perf record -e damon:damon_aggregated. Each of its records is a
 * region with its nr_accesses, those of an aggregation follow each other. They become snapshots as
 * they are: the kernel's DAMON looks at accessed bits, so a region's nr_accesses of N become N
 * checks that found it touched, of as many as an aggregation has (core/check.h), and
 * damon_region_nr_accesses() gives N again.
 *
 * The intervals are not in the recording. The aggregation interval is the median distance of
 * aggregations; the sampling interval is that of the context's attributes, shortened where a region
 * has more accesses than fit. So that this is known before the first snapshot is shown, the first 8
 * MiB of regions wait; a region of later ones with more accesses than that has as many as fit.
 */
#ifndef LIB_KDAMON_H
#define LIB_KDAMON_H

#include <stdbool.h>

#include "lib/ctx.h"
#include "perf/file.h"

struct kdamon;

/* Its row for the record: name and scale. No events, and nothing to decode for the core. */
extern const struct damon_source_ops kdamon_source;

int kdamon_new(struct kdamon **out); /* -ENOMEM */
void kdamon_free(struct kdamon *k);  /* NULL is fine */

/* Is this its event? Looks into the tracing data of the file; damaged ones have none. */
bool kdamon_is_event(struct kdamon *k, const struct damon_perf_event *e,
		     const struct damon_perf_file_info *i);

/* A record of its, in the order of time. Returns 0, or -errno with the reason. */
int kdamon_take(struct kdamon *k, struct damon_ctx *ctx, const struct damon_perf_sample *s);

/* The end: shows what waits. Returns 0, or -errno with the reason. */
int kdamon_finish(struct kdamon *k, struct damon_ctx *ctx);

/* Adds what was malformed or cut off. */
void kdamon_totals(const struct kdamon *k, struct damon_origin *o);

#endif
