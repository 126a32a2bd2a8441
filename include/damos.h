/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * damos.h - schemes: what is done to memory of which access pattern.
 *
 * The words are DAMOS's (Documentation/mm/damon/design.rst, "Operation Schemes"). At the end of
 * each of its apply intervals a scheme looks at the regions of the snapshot; those of its pattern
 * are given to its action, the best first, as far as its quota goes, while its watermarks let it.
 * docs/SCHEMES.md tells where user space differs from the kernel.
 *
 * The structs are data only: the library copies what it is given. Ranges of patterns are closed, as
 * DAMOS has them; ranges of addresses are half open. Zero is a usable default but where said:
 * start with damos_init().
 */
#ifndef DAMOS_H
#define DAMOS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct damon_ctx;

struct damos_range {
	uint64_t min, max; /* closed */
};

/* How a region is held against the pattern's nr_accesses. */
enum damos_compare {
	/* Cold actions (pageout, cold, lru_deprio, migrate_cold) want the upper bound of
	 * nr_accesses below the pattern's maximum, hot ones the lower bound above its minimum:
	 * memory that may be of the pattern, but is not surely, is left alone. 'stat' compares the
	 * estimate. */
	DAMOS_COMPARE_BOUNDS,
	DAMOS_COMPARE_PLAIN, /* the estimate, rounded, as DAMON compares */
};

enum damos_goal_metric {
	DAMOS_GOAL_USER_INPUT,	    /* damon_scheme_feedback() tells the current value */
	DAMOS_GOAL_SOME_MEM_PSI_US, /* microseconds per reset interval in which some task waited for
				       memory: /proc/pressure/memory */
	DAMOS_GOAL_NODE_MEM_USED_BP, /* of a node's memory, in 1/10000 */
	DAMOS_GOAL_NODE_MEM_FREE_BP,
	DAMOS_GOAL_TARGET_RSS, /* bytes of all targets in memory; not DAMOS's */
	DAMOS_GOAL_REFAULT_BP, /* of the bytes paged out those that came back within 10 s, in
				  1/10000; not DAMOS's */
	DAMOS_GOAL_NODE_MEMCG_USED_BP, /* of a node's memory what a cgroup has there, in 1/10000 */
	DAMOS_GOAL_NODE_MEMCG_FREE_BP, /* all else of that node: not what is free */
	DAMOS_GOAL_ACTIVE_MEM_BP,      /* active of active and inactive memory, in 1/10000 */
	DAMOS_GOAL_INACTIVE_MEM_BP,
	DAMOS_NR_GOAL_METRICS
};

/* A quota grows while its goals are not reached, and shrinks beyond them. */
struct damos_goal {
	enum damos_goal_metric metric;
	uint64_t target, current; /* in the metric's unit; 'current' is user_input's */
	int nid;		  /* of node metrics */
	const char *memcg;	  /* of memcg metrics, as a filter's */
};

enum damos_tuner {
	DAMOS_TUNER_CONSIST,  /* finds the quota that keeps the goal */
	DAMOS_TUNER_TEMPORAL, /* all that is allowed until the goal is reached, then nothing */
};

#define DAMOS_MAX_GOALS 4

struct damos_quota {
	uint64_t time_ns;  /* per reset interval; 0: no limit */
	uint64_t bytes;	   /* per reset interval; 0: no limit. The smaller one is effective */
	uint64_t reset_ns; /* 1 s by damos_init() */
	/* Of a region's size, nr_accesses and age in its priority, permil; all 0: 0, 1000, 1000 */
	uint32_t weight_size, weight_accesses, weight_age;
	struct damos_goal goals[DAMOS_MAX_GOALS];
	size_t nr_goals;
	enum damos_tuner tuner;
	/* Bytes that were tried and did not change count num / denom of theirs; denom 0: in full */
	uint32_t fail_charge_num, fail_charge_denom;
};

enum damos_wmark_metric { DAMOS_WMARK_NONE, DAMOS_WMARK_FREE_MEM_RATE };

/* On between mid and low; off above high and below low; between high and mid as it was. When all
 * schemes are off nothing is sampled. */
struct damos_watermarks {
	enum damos_wmark_metric metric;
	uint64_t interval_ns;	 /* looked at this often */
	uint32_t high, mid, low; /* permil; high >= mid >= low */
};

enum damos_filter_type {
	DAMOS_FILTER_ADDR,	    /* core: [start, end) */
	DAMOS_FILTER_TARGET,	    /* core: targets by the order they were given in */
	DAMOS_FILTER_ANON,	    /* pages of no file */
	DAMOS_FILTER_MEMCG,	    /* of processes in this memory cgroup or below */
	DAMOS_FILTER_HUGEPAGE_SIZE, /* pages of a size in the range */
	DAMOS_FILTER_UNMAPPED,	    /* pages that no process maps: none, as processes are watched */
	DAMOS_FILTER_ACTIVE, /* on the active list: needs /proc/kpageflags, which is root's */
	DAMOS_NR_FILTER_TYPES
};

/*
 * Memory that matches ('matching') or does not is let pass ('allow') or kept out. Filters are asked
 * in order, the first that applies decides; what none decides passes unless the last filter allows.
 * Core filters come first: what they keep out is not counted as tried.
 */
struct damos_filter {
	enum damos_filter_type type;
	int matching, allow;
	uint64_t start, end;	 /* addr */
	uint32_t target;	 /* target */
	struct damos_range size; /* hugepage_size, bytes */
	const char *memcg;	 /* path below the mount of the memory cgroups: "/user.slice" */
};

struct damos_dest {
	int nid;
	uint32_t weight;
};

#define DAMOS_MAX_FILTERS 16
#define DAMOS_MAX_DESTS	  16

struct damos {
	size_t size;
	const char *action;	       /* a name that damon_check() lists */
	struct damos_range sz;	       /* bytes; {0, UINT64_MAX} by damos_init() */
	double access_min, access_max; /* 0..1 of the most that nr_accesses can be; 0, 1 by
					  damos_init() */
	struct damos_range age_ns;     /* {0, UINT64_MAX} by damos_init() */
	uint64_t apply_ns;	       /* 0: the aggregation interval */
	struct damos_quota quota;
	struct damos_watermarks watermarks;
	struct damos_filter filters[DAMOS_MAX_FILTERS];
	size_t nr_filters;
	int target_nid;				  /* of migrations; -1 by damos_init(): none */
	struct damos_dest dests[DAMOS_MAX_DESTS]; /* instead of target_nid, by weight */
	size_t nr_dests;
	uint64_t max_nr_snapshots; /* ends after so many; 0: never */
	enum damos_compare compare;
	/* Refault guard: where more than this of what was paged out comes back within 10 s, in
	 * 1/10000, the scheme is slowed, then paused. 2000 by damos_init(); 0: no guard. */
	uint32_t refault_max_bp;
};
void damos_init(struct damos *s); /* stat of everything */

/*
 * Replaces the schemes, before damon_open() or while it runs: schemes that stay as they were keep
 * their statistics. Refused with the reason, and nothing changed: what is malformed, and what
 * cannot work here (-EPERM, -ENOTSUP, -ENOSPC, ...).
 */
int damon_set_schemes(struct damon_ctx *ctx, const struct damos *s, size_t n);
/* 1: plans and counts, and acts on nothing. What would be refused as things are (no right, no swap,
 * no second node, ...) is planned all the same, and its state_reason says so. Before
 * damon_set_schemes(). */
int damon_set_dry_run(struct damon_ctx *ctx, int on);
/* By hand, as from a key: an off scheme neither plans nor acts. 0, -EINVAL: no such scheme. */
int damon_scheme_switch(struct damon_ctx *ctx, size_t i, int on);
/* The current value of goal 'goal' of scheme 'i', which must be user_input. 0 or -EINVAL. */
int damon_scheme_feedback(struct damon_ctx *ctx, size_t i, size_t goal, uint64_t current);

/* Why a scheme does nothing, or less than it could. */
enum damos_state {
	DAMOS_ON,
	DAMOS_SWITCHED_OFF,
	DAMOS_WMARK_OFF, /* its watermarks keep it off */
	DAMOS_SLOWED,	 /* by the refault guard */
	DAMOS_PAUSED,	 /* by the refault guard */
	DAMOS_ENDED,	 /* max_nr_snapshots reached */
	DAMOS_NR_STATES
};
const char *damos_state_name(enum damos_state s); /* "on", "switched off", ... */

struct damos_stats {
	size_t size;
	const char *action;		 /* of the library */
	uint64_t nr_tried, sz_tried;	 /* regions and bytes of the pattern given to the action */
	uint64_t nr_applied, sz_applied; /* of these those that changed, as far as it can be told */
	uint64_t sz_filter_passed; /* sz_ops_filter_passed: of sz_tried past the page filters */
	uint64_t qt_exceeds;	   /* reset intervals in which the quota was used up */
	uint64_t nr_snapshots;	   /* that it looked at */
	uint64_t sz_skipped;	   /* of sz_tried: not mapped, not in memory, or there already */
	uint64_t sz_failed;	   /* of sz_tried: the call failed; the last reason is */
	char reason[128];
	uint64_t sz_dropped; /* planned, and stopped before it was tried: it had become hot, its
				process or mapping had gone, or time was up */
	int verified;	     /* sz_applied was looked at page by page, not believed; -1: sampled */
	uint64_t busy_ns;    /* spent in the action */
	enum damos_state state;
	char state_reason[256];
	uint64_t quota_bytes; /* effective in this reset interval; UINT64_MAX: no limit */
	uint64_t quota_used;  /* bytes of it */
	uint64_t goal_current[DAMOS_MAX_GOALS]; /* as measured last */
	double refault_bp;			/* latest, -1: not known */
	uint64_t sz_now; /* bytes of the pattern in the last snapshot, tried or not */
};
int damon_scheme_stats(const struct damon_ctx *ctx, size_t i, struct damos_stats *s);
/* How many there are. */
size_t damon_nr_schemes(const struct damon_ctx *ctx);

/* A region that the last snapshot's plan of a scheme had tried: DAMOS's tried regions. */
struct damos_tried {
	size_t size;
	uint32_t target_id;
	uint64_t start, end;
	double nr_accesses;
	uint64_t age_ns;
};
/* [0, n) of scheme 'i'. 0 or -ENOENT beyond the last. */
int damon_scheme_tried(const struct damon_ctx *ctx, size_t i, size_t at, struct damos_tried *t);

/* Scheme 'i' of a record that was made with schemes, and its statistics, as far as it has been
 * read: read to the end for all of them. Either may be NULL; both have 'size' set. Strings live as
 * long as the record. 0, or -ENOENT beyond the last. */
struct damon_record;
int damon_record_scheme(const struct damon_record *r, size_t i, struct damos *s,
			struct damos_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
