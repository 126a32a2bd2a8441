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
#include "core/scheme.h"
#include "os/sys.h"

/* On whom, and what every action may need. Owned by the worker; buffers live as long as it. */
struct damon_action_run {
	const struct damon_sys *sys;
	int pid, pid_fd;	    /* proven to be the one */
	const struct damos *scheme; /* destinations */
	uint64_t calls;		    /* of this scheme so far: every how many one is verified */
	void *scratch; /* of the worker, DAMON_ACTION_SCRATCH bytes: pagemap entries, lists */
	struct damon_fail *why; /* the last failure's reason */
};
#define DAMON_ACTION_SCRATCH (256 * 1024)

/* A range of pages, bytes, half open. */
struct damon_action_range {
	uint64_t start, end;
};

/* Bytes: applied + skipped + failed = what was given. */
struct damon_action_done {
	uint64_t applied; /* changed, or believed to where not verified */
	uint64_t skipped; /* holes, not in memory, there already */
	uint64_t failed;
	bool verified;
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
	/*
	 * Does it to r[0, n), sorted, of one process; at most 1024, all of them together about a
	 * slice. Adds to 'done'. Returns 0; -ESRCH: the process has gone; -errno: no more of it
	 * makes sense now (EPERM, swap is full), with the reason in run->why. A range that fails
	 * alone is counted and passed over. NULL: there is nothing to do (stat), or it is always
	 * refused.
	 */
	int (*apply)(const struct damon_action_run *run, const struct damon_action_range *r,
		     size_t n, struct damon_action_done *done);
};

extern const struct damon_action damon_actions[]; /* ends with a row without a name */

/* By name, or NULL. */
const struct damon_action *damon_action_find(const char *name);

#endif
