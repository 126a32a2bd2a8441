/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records in the order of time, from a file that holds them in the order of its writer's buffers.
 *
 * perf drains the buffers of all CPUs in rounds: whatever comes after the end of a round is younger
 * than all that came before the round before it. Between two such marks records wait here, copied.
 * The room is bounded: when it is full the older half goes out, and what then comes too late is
 * delivered at once, out of order, and counted.
 */
#ifndef PERF_ORDER_H
#define PERF_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "perf/record.h"

struct damon_order;

struct damon_order_options {
	size_t max_bytes; /* of copies; 0: 16 MiB, at least 256 KiB */
};

/* Given each record, in order of time; return nonzero to stop. */
typedef int (*damon_order_fn)(void *priv, const struct damon_perf_record *r);

int damon_order_new(const struct damon_order_options *o, damon_order_fn fn, void *priv,
		    struct damon_order **out);
void damon_order_free(struct damon_order *o); /* what waits is dropped; NULL is fine */

/* Takes a copy of 'r' with all it points to. Records without a time go with the latest one,
 * those of what was there before with the first. Returns 0, -ENOMEM, or what the callback returned.
 */
int damon_order_add(struct damon_order *o, const struct damon_perf_record *r);
/* The end of a round: delivers what is older than the youngest of the round before. */
int damon_order_round(struct damon_order *o);
/* The end: delivers all. */
int damon_order_flush(struct damon_order *o);

struct damon_order_stats {
	uint64_t late; /* delivered out of order */
	size_t peak_bytes;
};
void damon_order_stats(const struct damon_order *o, struct damon_order_stats *out);

#endif
