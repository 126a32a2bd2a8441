/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public handle of a snapshot: the core's snapshot with what is needed to read it, whether it
 * comes from a running context or from a record.
 */
#ifndef LIB_VIEW_H
#define LIB_VIEW_H

#include "core/snapshot.h"
#include "core/target.h"

/* Find a target, or an address space, by id in whatever owns the snapshot; NULL if unknown. */
typedef const struct damon_target *(*view_target_fn)(const void *owner, uint32_t id);
typedef const struct damon_space *(*view_space_fn)(const void *owner, uint32_t id);

struct view {
	struct damon_snapshot snap; /* what the public pointer points to; a shallow copy */
	struct damon_view units;
	int64_t epoch_offset_ns;
	view_target_fn target;
	view_space_fn space;
	const void *owner;
	double weight; /* of all targets in this interval */
	struct view_total {
		struct damon_target_sum sum;
		double stall; /* per aggregation, over all regions */
	} * totals;	      /* of each target */
	size_t cap_totals;
};

/* Points 'v' at snapshot 's'. Returns 0 or -ENOMEM. */
int view_set(struct view *v, const struct damon_snapshot *s);
void view_release(struct view *v);

#endif
