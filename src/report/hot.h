/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mappings by the accesses that they carry, over a whole pass. Files and named areas count by name,
 * anonymous memory by place: ranges that overlap at different times are one.
 */
#ifndef REPORT_HOT_H
#define REPORT_HOT_H

#include "report/scan.h"

#include <stdbool.h>

#define HOT_MAX 512

struct hot_mapping {
	const char *name; /* the record's; "" if anonymous, NULL: not known */
	uint32_t prot;
	uint64_t start, end;	/* from the first to the last byte that ever belonged to it */
	double weight, writes;	/* observations; those that stored */
	double heat_sum, cover; /* over byte-seconds of its touched regions */
};

struct hot {
	struct hot_mapping m[HOT_MAX];
	size_t n, last;
	bool by_checks;		 /* there are no observations: weights are seconds */
	double weight, left_out; /* of all; of mappings beyond the limit */
};

/* Adds a snapshot of a target. */
void hot_add(struct hot *h, const struct scan_cursor *c);

/* Sorts, the hottest first. */
void hot_sort(struct hot *h);

#endif
