/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot in two figures, as the kernel's module DAMON_STAT tells them (Linux 6.18:
 * Documentation/admin-guide/mm/damon/stat.rst, mm/damon/stat.c): how long memory has been idle, and
 * how many bytes a second are accessed. There of physical memory, here of what is mapped in the
 * targets.
 */
#ifndef LIVE_STAT_H
#define LIVE_STAT_H

#include <stdint.h>
#include <stdio.h>

#include "damon.h"
#include "report/known.h"

#define LIVE_STAT_PERCENTILES 101

struct live_stat {
	uint64_t start_ns, end_ns, aggr_ns; /* of the snapshot, CLOCK_MONOTONIC */
	uint64_t counted_ns; /* the aggregation interval that nr_accesses counts in */
	int64_t epoch_offset_ns;
	uint64_t bytes; /* of all regions */
	/* estimated_memory_bandwidth, bytes per second: the sum of size * nr_accesses, by the
	 * aggregation interval. */
	struct known bandwidth;
	/* memory_idle_ms_percentiles, by byte, sorted: for so long without an access; negative: for
	 * so long accessed at about today's rate. */
	int64_t idle_ms[LIVE_STAT_PERCENTILES];
};

/* 'aggr_ns' of the context. 0, or -ENOMEM. */
int live_stat_take(struct live_stat *st, const struct damon_snapshot *s, uint64_t aggr_ns);

/* A line. 'first_ns': when it all began. 0, or -errno if it could not be written. */
int live_stat_text(const struct live_stat *st, uint64_t first_ns, FILE *out);
int live_stat_json(const struct live_stat *st, FILE *out);

#endif
