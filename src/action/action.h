/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DAMOS actions: DAMON's names for what a scheme does to a region, and whether it can be done here
 * to other processes' memory. What cannot is refused when it is asked for, never skipped silently.
 *
 * process_madvise(2) takes COLD, PAGEOUT, WILLNEED and COLLAPSE for other processes, from those
 * with CAP_SYS_NICE; every other advice is EINVAL.
 */
#ifndef ACTION_ACTION_H
#define ACTION_ACTION_H

#include "base/fail.h"
#include "os/sys.h"

struct damon_action {
	const char *name;    /* as DAMON has it */
	const char *summary; /* one line */
	/* 0 if it can work here, else -errno with the reason and what would help in 'why' (may be
	 * NULL). Changes nothing. */
	int (*probe)(const struct damon_sys *sys, struct damon_fail *why);
};

extern const struct damon_action damon_actions[]; /* ends with a row without a name */

/* By name, or NULL. */
const struct damon_action *damon_action_find(const char *name);

#endif
