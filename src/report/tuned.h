/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The intervals that were chosen over the time of a record. */
#ifndef REPORT_TUNED_H
#define REPORT_TUNED_H

#include "base/json.h"
#include "damon.h"

struct tuned_from {
	uint64_t from_ns, sample_ns, aggr_ns;
};

struct tuned {
	struct tuned_from *v; /* changes, thinned out where there are too many */
	size_t nr, cap;
	uint64_t nr_changes, min_ns, max_ns; /* of all sampling intervals */
};

/* Notes the intervals of the next snapshot. Returns 0 or -ENOMEM. */
int tuned_add(struct tuned *t, const struct damon_snapshot_info *si);
void tuned_release(struct tuned *t);

/* "5.00 ms from 0 s, 48.0 ms from 1.20 s": at most 8 of them. */
void tuned_text(const struct tuned *t, uint64_t start_ns, char *buf, size_t size);
/* An array of all that is kept. */
void tuned_json(const struct tuned *t, uint64_t start_ns, struct json *j);

#endif
