/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record that is being read, from the inside. record_api.c reads snapshots, record_log.c the
 * sample log. */
#ifndef LIB_RECORD_H
#define LIB_RECORD_H

#include "base/fail.h"
#include "damon.h"
#include "lib/view.h"
#include "record/reader.h"

/* What was seen of a target so far. */
struct record_seen {
	uint64_t obs;
	double weight, cpu_ns;
	size_t nr_regions; /* in its latest snapshot */
};

struct damon_record {
	struct damon_reader *reader;
	struct damon_fail fail;
	struct view view;
	struct damon_totals totals;
	struct damon_counts
		counts; /* summed over snapshots: what a record without totals still tells */
	uint64_t nr_snapshots, last_end_ns;
	bool has_totals;
	bool begun; /* items were read */
	uint64_t damaged_bytes, file_bytes;
	struct record_seen *seen; /* by target id */
	size_t nr_seen, cap_seen;
	double weight; /* of all targets */
	damon_access_fn on_access;
	void *on_access_priv;
};

/* record_log.c: shows the accesses of an item. Nonzero: the callback wants no more. */
int record_show_log(struct damon_record *r, const struct damon_item *item);

#endif
