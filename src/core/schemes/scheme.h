/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine of schemes. Pure: it plans; a worker applies (lib/schemes/applier.h); what came of it
 *is charged. One interval:
 *
 *	damon_schemes_plan(snapshot)	matches, filters (core/schemes/scheme_match.h), ranks,
 *splits at the quota (core/schemes/quota.h): steps damon_schemes_charge(step)	what the worker made
 *of each, whenever it is done
 *	damon_schemes_age(snapshot)	regions that were acted upon are young again
 *
 * Ages: every action but stat makes what it was applied to young. The engine remembers which
 * addresses that were, and since when (core/schemes/applied.h); the estimator's regions are left
 *alone. A planned step makes young at once; what of it is dropped is as old again as it was. What a
 *scheme has planned and was not charged for yet is not planned by it again.
 */
#ifndef CORE_SCHEME_H
#define CORE_SCHEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "core/snapshot.h"
#include "damos.h"

/* Which memory an action is meant for. */
enum damos_heat { DAMOS_HEAT_ANY, DAMOS_HEAT_COLD, DAMOS_HEAT_HOT };

/* What an action means to the engine. */
struct damos_kind {
	enum damos_heat heat;
	bool acts;	      /* makes what it was applied to young: all but stat */
	uint64_t grain_bytes; /* where a quota splits, it splits at multiples; 0: a page */
	double bytes_per_sec; /* a guess until it was measured; 0: 4 GiB/s, as DAMON guesses */
};

/* Which of a goal's fields its metric reads. */
static inline bool damos_goal_has_memcg(enum damos_goal_metric m)
{
	return m == DAMOS_GOAL_NODE_MEMCG_USED_BP || m == DAMOS_GOAL_NODE_MEMCG_FREE_BP;
}

static inline bool damos_goal_has_node(enum damos_goal_metric m)
{
	return m == DAMOS_GOAL_NODE_MEM_USED_BP || m == DAMOS_GOAL_NODE_MEM_FREE_BP ||
	       damos_goal_has_memcg(m);
}

/* Is it a scheme at all? -EINVAL with the reason: ranges that hold nothing, permils that are none,
 * watermarks out of order, ... Whether it can work here is the action's to tell. */
int damos_validate(const struct damos *s, struct damon_fail *why);

/* One range of one target for one scheme. */
struct damos_step {
	uint64_t id; /* grows; never 0 */
	uint32_t scheme, target_id, space_id;
	uint64_t start, end; /* bytes, page aligned */
	double nr_accesses;
	uint32_t age_aggrs; /* as held against the pattern */
	bool allowed;	    /* a core filter allowed it: page filters are not asked any more */
};

/* What became of a step; bytes of its range, tried + dropped = end - start. It is tried from its
 * start on: what is dropped is its end. */
struct damos_result {
	uint64_t id; /* of the step */
	uint64_t tried, applied, filter_passed, skipped, failed, dropped;
	uint64_t busy_ns;
	int err;	  /* of the last failure, positive errno */
	char reason[128]; /* "" if nothing failed */
	int8_t verified;  /* 1 all looked at, -1 a sample, 0 believed */
};

/* A goal's memory cgroup on a node. */
struct damos_world_memcg {
	const char *memcg;
	int nid;
	double used_bp;
};

/* What the engine asks of the world, measured by the caller before each plan. A value that could
 * not be measured is NAN. */
struct damos_world {
	uint64_t now_ns;
	double free_mem_permil;
	double psi_some_us; /* total since boot */
	double target_rss;
	double refault_bp; /* of all schemes; for goals of one that damon_schemes_refault() told
			      nothing of yet */
	const double *node_used_bp, *node_free_bp; /* by node */
	int nr_nodes;
	double active_bp; /* of active and inactive memory */
	const struct damos_world_memcg *memcgs;
	size_t nr_memcgs;
};

struct damon_schemes;

struct damon_schemes *damon_schemes_new(uint64_t aggr_ns);
void damon_schemes_free(struct damon_schemes *e); /* NULL is fine */

/*
 * Copies 's', which damos_validate() let pass, and what each one's action means. Schemes equal to
 * one that is there keep their state, and damon_schemes_at() the pointer to them; the others'
 * pointers end, and results of their steps are ignored. Steps of the latest plan must be taken
 * before. Returns 0 or -ENOMEM with nothing changed.
 */
int damon_schemes_set(struct damon_schemes *e, const struct damos *s, const struct damos_kind *kind,
		      size_t n);
size_t damon_schemes_count(const struct damon_schemes *e);
const struct damos *damon_schemes_at(const struct damon_schemes *e, size_t i);

/* Which schemes are on by their watermarks; looks at those whose interval has passed. Returns
 * whether any scheme is on, or there is none: else nothing need be sampled until '*next_ns', when
 * the next look is due (UINT64_MAX: never). */
bool damon_schemes_watch(struct damon_schemes *e, const struct damos_world *w, uint64_t *next_ns);

/*
 * Plans for a snapshot: steps of all schemes whose apply interval ended, best first within each.
 * They are the engine's, valid until the next plan. Each must be charged, also those that nobody
 * takes: as dropped. Target filters count targets by their ids. Returns 0, or -ENOMEM with the
 * steps of the schemes before.
 */
int damon_schemes_plan(struct damon_schemes *e, const struct damon_snapshot *s,
		       const struct damon_view *v, const struct damos_world *w);
const struct damos_step *damon_schemes_steps(const struct damon_schemes *e, size_t *n);

/* Time left for a scheme in its reset interval, UINT64_MAX: no limit. The worker stops there. What
 * it overshoots is taken from the next interval. */
uint64_t damon_schemes_time_left(const struct damon_schemes *e, size_t i);

void damon_schemes_charge(struct damon_schemes *e, const struct damos_result *r);

/* Of the bytes that scheme 'i' paged out, how many a look found back in memory. Both of the same
 * sample. Feeds the guard (core/schemes/guard.h). */
void damon_schemes_refault(struct damon_schemes *e, size_t i, double looked, double back,
			   uint64_t now_ns);

/* Lowers ages of a snapshot's regions to what the actions left: of regions that were acted upon as
 * a whole, or mostly. After the plan for it, for those who are shown it. */
void damon_schemes_age(const struct damon_schemes *e, struct damon_snapshot *s);

/* A target's address space is another now: nothing of it was acted upon. */
void damon_schemes_forget(struct damon_schemes *e, uint32_t target_id);

void damon_schemes_switch(struct damon_schemes *e, size_t i, bool on);
void damon_schemes_feedback(struct damon_schemes *e, size_t i, size_t goal, uint64_t current);
void damon_schemes_stats(const struct damon_schemes *e, size_t i, struct damos_stats *s);
/* The steps of scheme 'i' in its last plan that made any. */
const struct damos_step *damon_schemes_tried(const struct damon_schemes *e, size_t i, size_t *n);

#endif
