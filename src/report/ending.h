/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The regions of a target in one snapshot, kept: the last one of the time asked for tells how old
 * and how hot an object is, of which the sample log knows only the accesses.
 */
#ifndef REPORT_ENDING_H
#define REPORT_ENDING_H

#include <stdbool.h>

#include "report/known.h"
#include "report/scan.h"

struct ending {
	struct damon_region_info *regions; /* sorted by address */
	size_t n;
	uint64_t aggr_ns; /* what ages count */
	/* The hot set: regions at least as hot as that have 90 % of the accesses. 0: none has. */
	double hot_from;
};

void ending_release(struct ending *e);

/* Keeps the regions of target 't' of a snapshot, instead of those that it has. 0 or -ENOMEM. */
int ending_keep(struct ending *e, const struct damon_snapshot *s, size_t t, uint64_t aggr_ns);

/* The region that holds an address, or NULL. */
const struct damon_region_info *ending_at(const struct ending *e, uint64_t addr);

/* What the regions tell of [start, end). */
struct ending_range {
	uint64_t bytes;	  /* of it in regions; 0: none, and nothing else is told */
	struct known hot; /* part of these bytes that is of the hot set */
	uint64_t age_ns;  /* of the region that has most of its accesses, or else of its bytes */
	uint64_t idle_ns; /* since its last access was seen */
};
void ending_range(const struct ending *e, uint64_t start, uint64_t end, struct ending_range *out);

#endif
