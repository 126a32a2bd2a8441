/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DAMOS actions: DAMON's names for what a scheme does to a region, whether it can be done here to
 * other processes' memory, and doing it. What cannot is refused when it is asked for, never skipped
 * silently. A row each; those that advise share advise.c, others have a file of their own.
 *
 * process_madvise(2) takes COLD, PAGEOUT, WILLNEED and COLLAPSE for other processes, from those
 * with CAP_SYS_NICE; every other advice is EINVAL.
 */
#ifndef ACTION_ACTION_H
#define ACTION_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "core/schemes/scheme.h"
#include "os/pagemap.h"
#include "os/sys.h"

/*
 * What calls of one scheme have shown. 'cold' and 'willneed' are so quick that to look at each
 * call's pages would cost more than the call: one of DAMON_ACTION_LOOK is looked at, and what
 * changed of it, as a share, stands for the others. {0} at first.
 */
struct damon_action_memo {
	uint64_t calls;
	double given, changed; /* bytes of calls looked at, older ones count less */
};
#define DAMON_ACTION_LOOK 100

/* On whom, and what every action may need. Owned by the worker. */
struct damon_action_run {
	const struct damon_sys *sys;
	int pid, pid_fd;	     /* proven to be the one */
	struct damon_pagemap *pages; /* of its address space; NULL: this user may not read it */
	const struct damos *scheme;  /* destinations */
	struct damon_action_memo *memo;
	void *scratch;		/* DAMON_ACTION_SCRATCH bytes: lists */
	struct damon_fail *why; /* the last failure's reason; untouched where nothing failed */
};
#define DAMON_ACTION_SCRATCH (128 * 1024)

/* A range of pages, bytes, half open. */
struct damon_action_range {
	uint64_t start, end;
};

/* Bytes: applied + skipped + failed = what was given; less if the action gave up. */
struct damon_action_done {
	uint64_t applied; /* changed, or believed to where not verified */
	uint64_t skipped; /* holes, not in memory, there already */
	uint64_t failed;
	/* As of struct damos_result: 1 each page was looked at, -1 by the share of calls that were,
	 * 0 as the kernel said. Of the last call. */
	int8_t verified;
	int err; /* positive errno of the last that failed; its reason is in run->why */
};

/* Which pages an action costs time for: what a slice is measured in. Others are passed over
 * without a call. */
enum damon_action_work {
	DAMON_WORK_ALL,	    /* every page of the range, as it is quicker than looking */
	DAMON_WORK_PRESENT, /* in memory */
	DAMON_WORK_ABSENT,  /* not in memory */
	DAMON_WORK_ANY,	    /* in memory or in swap, and not huge yet */
};

struct damon_action {
	const char *name;    /* as DAMON has it */
	const char *summary; /* one line */
	/* 0 if it can work here, else -errno with the reason and what would help in 'why' (may be
	 * NULL). Changes nothing. */
	int (*probe)(const struct damon_sys *sys, struct damon_fail *why);
	enum damos_heat heat; /* which memory it is meant for */
	double bytes_per_sec; /* a first guess, for the size of the first slice */
	uint64_t grain_bytes; /* whole units only: 2 MiB of huge pages; 4 KiB */
	enum damon_action_work work;
	bool whole_huge; /* a huge page is done at once, whatever a slice is */
	/* Does what it needs of the scheme make sense here (nodes exist)? NULL: it needs nothing.
	 * As probe(). */
	int (*check)(const struct damon_sys *sys, const struct damos *s, struct damon_fail *why);
	/*
	 * Does it to r[0, n), sorted, of one process; at most DAMON_ACTION_RANGES, all of them
	 * together about a slice. Adds to 'done'. Returns 0; -ESRCH: the process has gone; -errno:
	 * no more of it makes sense now (EPERM, swap is full), with the reason in run->why. A range
	 * that fails alone is counted and passed over. NULL: there is nothing to do (stat), or it
	 * is always refused.
	 */
	int (*apply)(const struct damon_action_run *run, const struct damon_action_range *r,
		     size_t n, struct damon_action_done *done);
};

#define DAMON_ACTION_RANGES 1024 /* what a call takes: UIO_MAXIOV */

extern const struct damon_action damon_actions[]; /* ends with a row without a name */

/* By name, or NULL. */
const struct damon_action *damon_action_find(const char *name);

/*
 * Can this scheme be applied here: its action, what that needs, its page filters? 0 with the
 * action, or -errno with the reason: -EINVAL no such action, else as probe(). '*out' is set
 * wherever the action is known, and may be NULL.
 */
int damon_action_check(const struct damon_sys *sys, const struct damos *s,
		       const struct damon_action **out, struct damon_fail *why);

/* apply() of the rows. advise.c, lru_prio.c, migrate.c */
typedef int damon_action_fn(const struct damon_action_run *run, const struct damon_action_range *r,
			    size_t n, struct damon_action_done *done);
damon_action_fn damon_apply_willneed, damon_apply_cold, damon_apply_pageout, damon_apply_collapse,
	damon_apply_lru_prio, damon_apply_migrate;
int damon_check_migrate(const struct damon_sys *sys, const struct damos *s, struct damon_fail *why);

#endif
