/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a region is of a scheme's pattern, and which addresses its core filters let pass.
 *
 * nr_accesses is known within bounds. A cold action takes what is surely cold: its upper bound is
 * within the maximum. A hot one takes what is surely hot. Counts are whole, so half of one is
 * allowed either way; but of a minimum below one at least half must be there, or else memory
 * without any access would be of it. The other sides, and all of DAMOS_COMPARE_PLAIN, hold the
 * rounded estimate against limits rounded down, as DAMON and damo do.
 */
#ifndef CORE_SCHEME_MATCH_H
#define CORE_SCHEME_MATCH_H

#include "core/schemes/scheme.h"

/* Does the region's number of accesses fit? 'most' is that of sampling intervals. */
bool damos_match_accesses(const struct damos *s, enum damos_heat heat,
			  const struct damon_nr_accesses *nr, double most);

/*
 * The age that counts, in aggregations: that of the rate. For a cold action on memory without
 * accesses at most the time since the last hit: a rate too low to be told from none may have had
 * one just now.
 */
uint32_t damos_match_age(const struct damos *s, enum damos_heat heat, const struct damon_region *r,
			 double most);

/* Does a cold action want memory without any access, and by bounds? */
bool damos_match_wants_idle(const struct damos *s, enum damos_heat heat, double most);

/*
 * The part of region 'i' of 'n' that is surely its own. A border lies at the last hit of a
 * neighbour that is in use, and some of its mean distances between ticks beyond it may be the
 * neighbour's: a cold action leaves those pages alone. Empty if nothing is left.
 */
#define DAMOS_BORDER	   5 /* distances: a border in 150 lies beyond. What is acted upon */
#define DAMOS_BORDER_TRIAL 8 /* one in three thousand. What is judged: core/schemes/trial.h */
struct damos_range damos_match_part(const struct damos *s, enum damos_heat heat,
				    const struct damon_region *r, size_t i, size_t n,
				    int distances);

/* Closed ranges. */
static inline bool damos_within(const struct damos_range *range, uint64_t x)
{
	return range->min <= x && x <= range->max;
}

/* From 'start' to the next one's. */
struct damos_pass {
	uint64_t start;
	bool pass;
	bool allowed; /* by a filter, not for want of one */
};

#define DAMOS_MAX_PASSES (2 * DAMOS_MAX_FILTERS + 1)
struct damos_passes {
	struct damos_pass at[DAMOS_MAX_PASSES]; /* the first starts at 0 */
	size_t n;
};

/*
 * What core filters make of a target's addresses. The first that applies decides. What none decides
 * passes, unless the last of all filters is a core filter that allows. A page that a border cuts
 * through is kept out.
 */
void damos_passes_of(const struct damos *s, uint32_t target_id, struct damos_passes *out);

#endif
