/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes that schemes act upon: each is held by a descriptor (pidfd) that is proven to be of the
 * process that was monitored.
 *
 * A number may be used again. So a descriptor that was opened is believed only at the end of an
 * aggregation that began after: if the process had gone before it was opened, its exit was read by
 * then, and if the number is another's, that one started later than the process appeared. Until the
 * descriptor is closed it is of the same process, whatever happens.
 *
 * Never acted upon: this process, init, threads of the kernel, and what another damon-perf acts
 * upon. That is told by a lock (flock) on the folder /proc/PID, which holds for other users as
 * well, and goes with the process, and with its holder.
 */
#ifndef LIB_ACTED_H
#define LIB_ACTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "core/target.h"
#include "os/sys.h"

struct acted_proc {
	int pid, fd, lock_fd;
	uint64_t from_ns;   /* of the process as it is known: tells it from another of its number */
	uint64_t opened_ns; /* believed at the end of an interval that ends after this */
	bool proven, gone;
	int err; /* why it must not be acted upon, positive; with the reason */
	char reason[128];
	uint32_t nr_jobs;   /* that use 'fd': until then it stays open */
	uint32_t target_id; /* of which it is, */
	uint32_t space_id;  /* and where it lives; as of the last acted_prove() */
};

struct acted {
	const struct damon_sys *sys;
	struct acted_proc *p; /* the first 'nr' of 'max'; moved only by acted_prove() */
	size_t nr, max;
	bool with_lock;
};

/* 'max' processes at once. 'with_lock': others keep away, and so do we from theirs. 0 or -ENOMEM.
 */
int acted_init(struct acted *a, const struct damon_sys *sys, size_t max, bool with_lock);
void acted_release(struct acted *a); /* no job is left */

/*
 * This process is wanted: opens it, if that was not done. Returns 0 (it may have to be proven yet),
 * -EBUSY: another damon-perf acts upon it, or -errno, with the reason in 'why' (may be NULL), and
 * in the entry if there is room for one.
 */
int acted_want(struct acted *a, const struct damon_proc *p, struct damon_fail *why);

/* At the end of an aggregation: closes those that have gone, proves those that can be by now, and
 * notes where each lives. Those that are refused are forgotten after a while: asked anew. */
void acted_prove(struct acted *a, struct damon_targets *ts, uint64_t end_ns);

/* The entry of a process, or NULL. */
struct acted_proc *acted_find(struct acted *a, int pid);

/* Entry 'pid' lost a job; the last one of a process that has gone closes it. */
void acted_job_done(struct acted *a, int pid, int fd);

#endif
