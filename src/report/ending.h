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
	/* Of ending_load() only: */
	int64_t number; /* of the snapshot */
	uint64_t start_ns, end_ns;
	uint64_t lived_ns;    /* since the first snapshot that the target was in */
	uint64_t bytes;	      /* of all regions */
	struct known wss[4];  /* by enum damon_wss_window */
	double hot_rate;      /* least nr_accesses of the hot set, of the most; 0: there is none */
	struct known hot_set; /* bytes */
	double nr_ticks;      /* samples behind the regions' figures */
};

void ending_release(struct ending *e);

/* Keeps the regions of target 't' of a snapshot, instead of those that it has. 0 or -ENOMEM. */
int ending_keep(struct ending *e, const struct damon_snapshot *s, size_t t, uint64_t aggr_ns);

/* Reads the record: scans it, selects the target, and keeps the regions of the snapshot that was
 * asked for, or the last of the time. Returns 1; 0 if there is nothing, what was to be said of that
 * in text said; or -errno with a->fail set. */
int ending_load(struct report_args *a, struct scan *sc, const struct scan_target **t,
		struct ending *e);

/* "<what> of sqlite3 (pid 12)", and which snapshot that is. */
void ending_say(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		const struct ending *e, const char *what);

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
