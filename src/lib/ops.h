/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operations sets: which addresses are monitored, where they may be, and what becomes of an access.
 * A row each in ops.c; sets that were registered share one row. Used at one place on an access's
 * way, before the core, and before each aggregation, where targets get their bounds.
 */
#ifndef LIB_OPS_H
#define LIB_OPS_H

#include <stdbool.h>

#include "core/sample.h"
#include "core/target.h"
#include "damon.h"
#include "os/frames.h"

struct damon_ctx;

struct ops_row {
	const char *name;
	const char *addresses; /* what they are: "physical"; "": virtual ones of each process */
	const char *target;    /* the one of all processes; NULL: each program has its own */
	bool takes_ranges;     /* damon_add_region() is for it */
	/* What it needs is there? -errno with the reason. May be NULL. */
	int (*open)(struct damon_ctx *ctx);
	/* As of struct damon_ops. */
	int (*regions)(struct damon_ctx *ctx, int pid, struct damon_range *r, size_t max);
	int (*translate)(struct damon_ctx *ctx, const struct damon_obs *o,
			 const struct damon_access *a, bool first, uint64_t *addr);
};

/* A set that was registered, with what it points to. */
struct ops_own {
	struct ops_row row;
	struct damon_ops ops;
	char name[16], addresses[32], target[16];
};

struct ctx_ops {
	const struct ops_row *row; /* NULL: vaddr */
	const struct ops_own *own; /* of a registered set */
	struct damon_range *ranges;
	size_t nr_ranges, cap_ranges;
	struct damon_frames *frames; /* paddr: NULL where only the source tells addresses */
	struct damon_target *common; /* of all processes; the core's */
	/* By slot: the target that has bounds. */
	struct ops_bound {
		uint32_t id, generation;
		bool set;
	} * bound;
	uint64_t left_out, untranslated;
};

const struct ops_row *ops_of(const struct damon_ctx *ctx);

/* Are its addresses those of the processes, so that actions can be applied to them? */
bool ops_is_virtual(const struct damon_ctx *ctx);

/* Refuses what cannot work: before the source is opened, once it is known. */
int ops_open(struct damon_ctx *ctx);
/* Before the first process; the core is there. */
int ops_start(struct damon_ctx *ctx, uint64_t now_ns);
void ops_release(struct damon_ctx *ctx);

/* Gives the core an observation of the process 'p', with the addresses that count. */
void ops_observe(struct damon_ctx *ctx, struct damon_proc *p, const struct damon_obs *o);

/* Where regions of targets may be: of all of them, or of those that have none yet. Returns 0 or
 * -ENOMEM. */
int ops_bounds(struct damon_ctx *ctx, bool all, uint64_t now_ns);

#endif
