/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first pass over a record: which targets it has, how long it is, where memory was touched.
 */
#ifndef REPORT_SCAN_H
#define REPORT_SCAN_H

#include <stdbool.h>

#include "report/extents.h"
#include "report/report.h"
#include "report/tuned.h"

struct scan_target {
	struct damon_target_info info; /* obs and share are of the whole record; nr_regions of the
					  last snapshot that had regions */
	double cpu_ns;		       /* 0: not known */
	uint64_t first_ns, last_ns;    /* first start and last end among its snapshots */
	uint64_t nr_snapshots;
	int64_t last_snapshot; /* number of the last one in which it has regions; -1: none */
	int64_t last_in_range; /* the same of those within the time asked for */
	bool has_pid;	       /* it once stood for the pid that was asked for */
	struct extents ext;    /* of the snapshots within the time asked for */
};

struct scan {
	struct damon_record_info info;
	uint64_t start_ns, end_ns; /* of all snapshots; equal if there are none */
	uint64_t from_ns, to_ns;   /* the part of it that was asked for */
	uint64_t nr_snapshots;
	struct tuned tuned;
	struct scan_target *targets;
	size_t nr_targets, cap;
};

/* Reads the whole record; 'with_extents' fills 'ext' too. Returns 0 or -errno with a->fail set:
 * -ERANGE if the time asked for lies outside of the record. */
int scan_record(struct report_args *a, bool with_extents, struct scan *sc);
void scan_release(struct scan *sc);

/* Goes back to the start of the record. The next snapshot of a pass, as damon_record_next(). Both
 * set a->fail. */
int scan_rewind(struct report_args *a);
int scan_next(struct report_args *a, const struct damon_snapshot **s);

/* The same for the snapshots of one target: passes over those without it, fills 'si' and 'ti', and
 * leaves its place in the snapshot in '*at' (start a pass with 0). */
struct scan_cursor {
	const struct damon_snapshot *s;
	struct damon_snapshot_info si;
	struct damon_target_info ti;
	size_t at;	/* of the target in 's' */
	int64_t number; /* of the snapshot in the record */
};
void scan_start(struct scan_cursor *c);
int scan_next_of(struct report_args *a, uint32_t id, struct scan_cursor *c);

#endif
