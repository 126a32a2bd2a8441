/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the engine of schemes: scheme.c keeps the state, scheme_plan.c plans. */
#ifndef CORE_SCHEME_STATE_H
#define CORE_SCHEME_STATE_H

#include "core/schemes/applied.h"
#include "core/schemes/guard.h"
#include "core/schemes/quota.h"
#include "core/schemes/scheme.h"
#include "core/schemes/trial.h"
#include "core/schemes/watermark.h"

struct scheme {
	struct damos s; /* strings are owned */
	struct damos_kind kind;
	bool off; /* by hand */
	struct damos_wmark wmark;
	struct damos_budget budget;
	struct damos_guard guard;
	struct damos_trial trial;
	struct damos_stats stats; /* what is counted */
	bool planned;		  /* ever */
	uint64_t next_ns;	  /* the next apply interval ends, in time of snapshots */
	/* Where the quota was used up: among regions of the same priority, the next plan begins
	 * here. */
	bool goes_on;
	uint32_t on_target;
	uint64_t on_addr;
	struct damos_step *tried;
	size_t nr_tried, tried_cap;
};

/* A step that was not charged for yet. */
struct pending {
	uint64_t id;
	struct scheme *s; /* NULL: charged for, or gone */
	uint32_t target_id, window;
	uint64_t start, end;
	uint64_t at_ns, before_ns; /* young since; as it was before */
};

/* A part of a region that a scheme may act upon. */
struct candidate {
	uint64_t start, end;
	uint32_t target, region; /* indices in the snapshot */
	uint32_t age, before;	 /* as held against the pattern; of all that is known */
	double nr_accesses;
	bool allowed;
	uint8_t priority;
};

/* What follows of a region's counts. */
struct derived {
	struct damon_nr_accesses nr;
	double share_hi;
};

struct damon_schemes {
	uint64_t aggr_ns, now_ns, next_id;
	size_t max_steps;
	struct scheme **s;
	size_t n;
	struct damos_applied applied;
	struct damos_step *steps;
	size_t nr_steps, steps_cap;
	struct pending *pending; /* by id */
	size_t nr_pending, pending_cap;
	/* of a plan: all regions, one target after the other; */
	struct derived *nr;
	size_t nr_cap;
	/* of one scheme in it: candidates, in order of address and by priority; what it has
	 * pending; what becomes young */
	struct candidate *cand;
	size_t nr_cand, cand_cap;
	uint32_t *ranked;
	size_t ranked_cap;
	struct damos_step *own, *young;
	size_t nr_own, own_cap, young_cap;
	struct damos_applied_range *marks;
	size_t marks_cap;
};

/* Is anything but its time against it? */
bool damon_scheme_is_on(const struct scheme *x, uint64_t now_ns);

static inline bool damon_scheme_has_ended(const struct scheme *x)
{
	return x->s.max_nr_snapshots && x->stats.nr_snapshots >= x->s.max_nr_snapshots;
}

#endif
