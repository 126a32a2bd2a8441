/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in its address space a target was seen to touch memory: disjoint ranges with the weight
 * that fell into each, in bounded memory. Ranges only grow; when there are too many, those with the
 * smallest gaps are joined.
 */
#ifndef REPORT_EXTENTS_H
#define REPORT_EXTENTS_H

#include <stddef.h>
#include <stdint.h>

#include "damon.h"

struct extent {
	uint64_t start, end;
	double weight;
};

struct extents {
	struct extent *x; /* sorted, disjoint */
	size_t n, cap;
	uint64_t join_bytes; /* ranges not farther apart are one; doubles as it must */
};

void extents_release(struct extents *e);

/* Adds the touched regions of target 't', each with its share of 'weight'. Returns 0 or -ENOMEM. */
int extents_add(struct extents *e, const struct damon_snapshot *s, size_t t, size_t nr_regions,
		double weight);

/* Joins ranges at most 'gap_bytes' apart. */
void extents_join(struct extents *e, uint64_t gap_bytes);

/* Keeps what lies in [start, end). */
void extents_clip(struct extents *e, uint64_t start, uint64_t end);

#endif
