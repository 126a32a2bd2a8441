/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What actions were applied to, and when: ranges of addresses by target. Where it is later than the
 * last change of a region's rate it is the age of that part of the region.
 *
 * Bounded: a target has at most so many ranges. Beyond it the neighbours are joined that make the
 * fewest bytes look younger than they are; what looks young is left alone, so that is the safe
 * side. What no region is older than, or no region holds, is dropped.
 */
#ifndef CORE_APPLIED_H
#define CORE_APPLIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/snapshot.h"

struct damos_applied_range {
	uint64_t start, end;
	uint64_t at_ns;
};

struct damos_applied_target {
	uint32_t target_id, space_id;
	struct damos_applied_range *r; /* sorted, never overlapping */
	size_t n, cap;
	bool seen; /* while it is pruned */
};

struct damos_applied {
	struct damos_applied_target *t; /* sorted by id */
	size_t n, cap, max_ranges;
	struct damos_applied_range *spare; /* for merges */
	size_t spare_cap;
	double *cost;
	size_t cost_cap;
};
/* At most 'max_ranges' of a target; 0: 4096, four times the regions that one has by default. */
void damos_applied_init(struct damos_applied *a, size_t max_ranges);
void damos_applied_release(struct damos_applied *a);

/* r[0, n), sorted, were applied to at their times, later ones than what is there. Another space
 * forgets the target first. 0, or -ENOMEM with nothing changed but that. */
int damos_applied_mark(struct damos_applied *a, uint32_t target_id, uint32_t space_id,
		       const struct damos_applied_range *r, size_t n);

/* What of [r->start, r->end) was marked at r->at_ns was so at 'before_ns' instead. 0 or -ENOMEM. */
int damos_applied_undo(struct damos_applied *a, uint32_t target_id,
		       const struct damos_applied_range *r, uint64_t before_ns);

/* The ranges of a target in a space. */
const struct damos_applied_range *
damos_applied_of(const struct damos_applied *a, uint32_t target_id, uint32_t space_id, size_t *n);

/* Whole aggregations from 'at_ns' to 'now_ns', to the nearest. */
uint32_t damos_applied_age(uint64_t at_ns, uint64_t now_ns, uint64_t aggr_ns);

/* Drops targets that are not in the snapshot, and ranges that matter to none of its regions. */
void damos_applied_prune(struct damos_applied *a, const struct damon_snapshot *s, uint64_t aggr_ns);

void damos_applied_forget(struct damos_applied *a, uint32_t target_id);

#endif
