/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The quota of a scheme: how many bytes it may plan in this reset interval, and which regions come
 * first (Documentation/mm/damon/design.rst, "Quotas").
 *
 * Of four limits the smallest counts: bytes, what goals tune (core/schemes/goal.h), what the
 * refault guard leaves (core/schemes/guard.h), and time, which becomes bytes by the throughput that
 * was measured. Planned bytes count at once; those that are dropped are given back, to the interval
 * that planned them, and so is, where the quota charges it less, what was tried and did not change.
 * Intervals follow each other without gaps, however late they are looked at.
 *
 * Time is charged when results come. The worker stops where it is used up, by damos_quota_time();
 * what it overshot is taken from the next interval, so that the mean is kept. Throughput is the
 * mean of intervals, each of which counts half of the next one.
 */
#ifndef CORE_QUOTA_H
#define CORE_QUOTA_H

#include "base/util.h"
#include "core/schemes/goal.h"

/* The least that an action works with. */
static inline uint64_t damos_grain(const struct damos_kind *kind)
{
	return kind->grain_bytes > DAMON_PAGE_SIZE ? kind->grain_bytes : DAMON_PAGE_SIZE;
}

struct damos_budget {
	bool begun;
	uint64_t from_ns;	    /* the interval began */
	uint32_t window;	    /* counts them */
	uint64_t used;		    /* planned in it, less what was dropped of it */
	uint64_t pending;	    /* planned at any time, not charged yet */
	uint64_t busy_ns;	    /* charged in it */
	uint64_t debt_ns;	    /* what the intervals before overshot */
	double bytes, ns;	    /* throughput: of this interval, */
	double past_bytes, past_ns; /* and of those before */
	bool cut;		    /* there was more to do than it allowed */
	uint64_t exceeds;	    /* intervals in which it was used up */
	struct damos_tuning tuning;
};
void damos_budget_init(struct damos_budget *b, const struct damos_quota *q);

/* Begins the next interval if this one has ended, or if 'reset_ns' is 0, as each plan then is one.
 * 'refault_bp' NAN: not known. */
void damos_budget_roll(struct damos_budget *b, const struct damos_quota *q,
		       const struct damos_kind *kind, const struct damos_world *w,
		       double refault_bp);

/* Bytes that may be planned now, UINT64_MAX: no limit. 'guard' is that of the refault guard. */
uint64_t damos_budget_room(const struct damos_budget *b, const struct damos_quota *q,
			   const struct damos_kind *kind, uint64_t guard);

/* The effective quota of this interval in bytes, as it is known now; UINT64_MAX: no limit. */
uint64_t damos_budget_effective(const struct damos_budget *b, const struct damos_quota *q,
				const struct damos_kind *kind, uint64_t guard);

void damos_budget_plan(struct damos_budget *b, uint64_t bytes);

/* A result of what 'window' planned. */
void damos_budget_charge(struct damos_budget *b, const struct damos_quota *q, uint32_t window,
			 const struct damos_result *r);

/* Time left in this interval, UINT64_MAX: no limit. */
uint64_t damos_budget_time(const struct damos_budget *b, const struct damos_quota *q);

/*
 * Priority of a region, 0..99, by DAMON's rule: accesses in percent of the most, and the binary
 * logarithm of the age in seconds, which makes what is accessed hotter and what is not colder.
 * Cold actions want the opposite. The kernel lets the size weigh nothing; here it is the binary
 * logarithm of the pages, larger first for both kinds. All weights 0: 0, 1000, 1000. Actions that
 * want neither kind find all alike.
 */
#define DAMOS_MAX_PRIORITY 99
struct damos_rank {
	uint64_t bytes, age_ns;
	double nr, most; /* nr_accesses, and the most that it can be */
};
unsigned int damos_priority(const struct damos_quota *q, enum damos_heat heat,
			    const struct damos_rank *r);

#endif
