/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What live shows, fed by snapshots and by the figures of schemes, in bounded memory. It knows
 * nothing of screens.
 *
 * Snapshots come often and are unsure each by itself: shares and CPU time are those of the last
 * LIVE_SPAN columns, everything else is as it is when a column of the history ends, every
 * LIVE_FIGURES-th one.
 */
#ifndef LIVE_MODEL_H
#define LIVE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "damon.h"
#include "damos.h"
#include "live/history.h"
#include "report/known.h"
#include "report/names.h"

#define LIVE_MAX_PROCS	  1024
#define LIVE_MAX_RSS	  64 /* processes whose memory is asked for */
#define LIVE_MAX_LISTED	  16 /* hottest and coldest regions */
#define LIVE_MAX_MAPPINGS 512
#define LIVE_MAX_SCHEMES  64
#define LIVE_SPAN	  4 /* columns */
#define LIVE_FIGURES	  2 /* columns, after which figures are new */

struct live_proc {
	uint32_t id; /* of the target */
	int pid;
	uint32_t nr_procs;
	char comm[NAME_MAX_LEN]; /* safe for a terminal */
	struct known share;	 /* of all accesses, 0..1; v < 0: nobody accessed anything */
	struct known wss;	 /* bytes within the last second */
	double cpus;		 /* used; < 0: not known */
	uint64_t rss_bytes;	 /* 0: not known */
	/* What the shares are made of: accesses and CPU time of the last columns. */
	double seen[LIVE_SPAN], cpu_ns[LIVE_SPAN];
	bool here; /* in the latest snapshot */
};

/* A region of the chosen process; cold ones that lie side by side are one. */
struct live_region {
	uint64_t start, end;
	struct known heat, share;
	double write_share;
	uint64_t age_ns, idle_ns; /* in its rate; without an access */
	char name[NAME_MAX_LEN];  /* of its mapping */
};

struct live_mapping {
	uint64_t start, end;
	char name[NAME_MAX_LEN];
};

struct live_scheme {
	struct damos_stats stats;
	size_t nr_goals; /* 0: none, or they are not known; only the first is kept */
	enum damos_goal_metric metric;
	uint64_t target;
};

struct live_model {
	uint64_t column_ns;			    /* of the history's first level */
	uint64_t (*rss_of)(int pid);		    /* NULL: nobody can be asked */
	uint64_t start_ns, now_ns, column_start_ns; /* CLOCK_MONOTONIC */
	uint64_t aggr_ns;
	size_t nr_snapshots, nr_targets; /* of the latest snapshot, those beyond the limit too */

	struct live_proc *procs; /* in no order */
	size_t nr_procs;
	double obs[LIVE_SPAN], seconds[LIVE_SPAN]; /* of the columns that shares are of */
	size_t at;				   /* the one that is being filled */

	uint32_t chosen; /* target whose regions are kept; UINT32_MAX: none */
	struct live_region hottest[LIVE_MAX_LISTED], coldest[LIVE_MAX_LISTED];
	size_t nr_hottest, nr_coldest;
	struct live_mapping *mappings; /* sorted by address */
	size_t nr_mappings;
	uint64_t touched_bytes, mapped_bytes; /* of the chosen one's regions */

	struct live_scheme *schemes;
	size_t nr_schemes;
	bool dry_run;
	struct damon_stats stats; /* of the context */
	double rate_hz;		  /* now: observations of the last columns, per second */
	uint64_t recent_lost;	  /* of the last column, throttling included */

	struct history history;
	struct history_maker maker;
	unsigned nr_columns; /* ended so far; what is shown changes with it */
};

/* 'column_ns': of the history; not less than the aggregation interval. 0 or -ENOMEM. */
int live_model_init(struct live_model *m, uint64_t column_ns);
void live_model_release(struct live_model *m);

/* Takes a snapshot in. Returns 1 if a column ended with it, 0, or -ENOMEM. */
int live_model_snapshot(struct live_model *m, const struct damon_snapshot *s);

/* From the next column on the regions of another target are kept. */
void live_model_choose(struct live_model *m, uint32_t id);

void live_model_stats(struct live_model *m, const struct damon_stats *s);
/* Scheme 'i' of 'n', and what it was asked for, NULL if that is not known. What is beyond
 * LIVE_MAX_SCHEMES is not kept. */
void live_model_scheme(struct live_model *m, size_t i, size_t n, const struct damos_stats *s,
		       const struct damos *asked);

/* NULL: there is none such. */
const struct live_proc *live_model_proc(const struct live_model *m, uint32_t id);

/* The mapping that has most of [start, end), or NULL. */
const struct live_mapping *live_model_mapping(const struct live_model *m, uint64_t start,
					      uint64_t end);

#endif
