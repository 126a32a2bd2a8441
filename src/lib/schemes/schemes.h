/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Schemes of a context, from the inside: core/schemes/scheme.h plans, lib/schemes/applier.h
 *applies, this brings them together. schemes.c has the public functions, opens and closes;
 *schemes_run.c does the work of an interval; schemes_watch.c measures what they ask of the world,
 *and stops sampling.
 *
 *	ring was read	schemes_seen()	cold jobs on what was hit end
 *	interval's end	schemes_run()	results are charged, the next plan is given to the worker
 *	wake-up		schemes_watch()	watermarks; nothing is sampled while all are off
 */
#ifndef LIB_SCHEMES_H
#define LIB_SCHEMES_H

#include <stdbool.h>

#include "core/schemes/scheme.h"
#include "lib/schemes/acted.h"
#include "lib/schemes/applier.h"
#include "lib/schemes/scheme_set.h"
#include "os/cgroup.h"
#include "record/format.h"

#define SCHEMES_MAX_PROCS 8 /* that share a target, and that a step is done to */

/* A step that jobs are under way for: one for each process that lives there. Forked children share
 * most of their memory, so bytes count once: as the mean. */
struct schemes_flight {
	uint64_t id, bytes;
	uint32_t nr_jobs, nr_left;
	struct {
		int pid, fd;
	} proc[SCHEMES_MAX_PROCS];
	struct damos_result sum;
};

/* Ranges with cold work before them, for hits to be looked up in. */
struct schemes_cold {
	struct applier_pending *r; /* sorted by target and start; they may overlap */
	uint64_t *max_end;	   /* of those of its target up to here */
	bool *hit;
	size_t nr, cap;
	uint32_t mark; /* hits before it were looked up */
};

/* What schemes ask of the world, and what was measured last. */
struct schemes_world {
	bool free_mem, psi, rss, active; /* is wanted */
	bool *node;			 /* likewise, by node */
	struct damos_world now;
	double *used_bp, *free_bp; /* by node */
	int nr_nodes;
	struct damos_world_memcg *memcgs;     /* that are wanted */
	char (*memcg_dir)[DAMON_CGROUP_PATH]; /* where each is */
	size_t nr_memcgs;
	uint64_t rss_next_ns;
	double looked, back; /* of pages that were paged out, lately: fading */
};

/* Who had a target's place at the last snapshot, and where it lived. */
struct schemes_home {
	uint32_t target_id, space_id;
};

struct schemes {
	struct scheme_set *set;

	/* from damon_open() on */
	struct damon_schemes *engine;
	struct applier *applier; /* NULL: of a recording, or closed */
	struct acted acted;
	struct schemes_world world;
	struct schemes_flight *flights; /* by id, which grows */
	size_t nr_flights, cap_flights;
	struct schemes_cold cold;
	struct schemes_home *homes; /* by slot */
	size_t nr_homes, cap_homes;
	uint64_t next_watch_ns;
	bool paused;
	uint64_t paused_from_ns, paused_ns; /* since; in all before */
	uint64_t cpu_ns;		    /* of the worker, once it has ended */
};

struct damon_ctx;

/* schemes.c */
int schemes_open(struct damon_ctx *ctx);   /* after attaching; -errno with the reason */
void schemes_close(struct damon_ctx *ctx); /* ends the work; statistics stay. Idempotent */
void schemes_free(struct damon_ctx *ctx);
/* Are there schemes, so that sampling may have to pause? */
bool schemes_may_pause(const struct damon_ctx *ctx);
/* Are there any that change what they are about, and is that not planned only? */
bool schemes_may_act(const struct damon_ctx *ctx);
uint64_t schemes_cpu_ns(const struct damon_ctx *ctx); /* CPU time of the worker */
/* What a record tells of them; valid until the next call. */
void schemes_totals(struct damon_ctx *ctx, struct damon_scheme_totals *t);

/* schemes_run.c */
int schemes_run(struct damon_ctx *ctx, struct damon_snapshot *s, uint64_t end_ns);
void schemes_seen(struct damon_ctx *ctx);
/* Is there work under way, which hits may end: every interval then? */
bool schemes_are_busy(const struct damon_ctx *ctx);
/* [start, end) of a process is another mapping, or its program another, or it has ended. */
void schemes_moved(struct damon_ctx *ctx, int pid, uint64_t start, uint64_t end);
void schemes_take(struct damon_ctx *ctx);		   /* results that are ready are charged */
void schemes_cancel(struct damon_ctx *ctx, size_t scheme); /* all work of it; SIZE_MAX: of all */
void schemes_quiet(struct damon_ctx *ctx);		   /* ends all work, and waits for that */

/* schemes_watch.c */
/* What 'set' wants to know of the world: -errno, with the reason, if that cannot be told here. */
int schemes_world_init(struct schemes_world *w, const struct damon_sys *sys,
		       const struct scheme_set *set, struct damon_fail *why);
void schemes_world_release(struct schemes_world *w);
void schemes_measure(struct damon_ctx *ctx, uint64_t now_ns);
int schemes_watch(struct damon_ctx *ctx);
/* When to wake up, if nothing else is to be done before 'ns'. */
uint64_t schemes_edge_ns(const struct damon_ctx *ctx, uint64_t ns);
bool schemes_are_paused(const struct damon_ctx *ctx);

#endif
