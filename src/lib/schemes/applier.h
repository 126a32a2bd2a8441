/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Applies what schemes plan, in a thread of its own: a process's memory of a gigabyte takes seconds
 * to page out, and rings cannot wait. Jobs are done in slices of at most a millisecond, by the
 * throughput that the action has shown; before each slice the job is looked at again: is it
 * cancelled, is its scheme's time used up, does its process live?
 *
 *	context  -> applier_submit(), applier_cancel()		bounded queue
 *	worker	 -> page filters (action/filter.h) -> action->apply() -> result
 *	context  <- applier_take()
 */
#ifndef LIB_APPLIER_H
#define LIB_APPLIER_H

#include <stdbool.h>

#include "action/action.h"
#include "core/schemes/scheme.h"
#include "os/sys.h"

struct applier;

struct applier_params {
	uint64_t slice_ns; /* 1 ms; longer only where one page, or one huge page, takes longer */
	size_t queue;	   /* jobs whose results were not taken: 8192 */
	size_t refaults;   /* pages paged out that may wait to be looked at again: 4096 */
	bool dry_run;	   /* results say 'applied' 0, tried all; nothing is called */
};
extern const struct applier_params applier_defaults;

int applier_new(const struct damon_sys *sys, const struct applier_params *p, struct applier **out,
		struct damon_fail *why);
void applier_free(struct applier *a); /* stops it first; NULL is fine */
int applier_start(struct applier *a);
/* Waits for the slice under way; jobs that are left come back as dropped. */
void applier_stop(struct applier *a);

/*
 * What is on process 'pid', whose descriptor is 'pid_fd' (borrowed until the result was taken;
 * without one, -1, the job is dropped). Jobs of a scheme are done in the order they came, schemes
 * take turns. What is left when its process has ended, its scheme's time is up, or the action gives
 * up is dropped, with the reason in the last case.
 */
struct applier_job {
	struct damos_step step;
	const struct damon_action *action;
	const struct damos *scheme; /* must live until the result was taken */
	int pid, pid_fd;
};
/* Returns how many were taken, the first ones: those beyond find the queue full. */
size_t applier_submit(struct applier *a, const struct applier_job *j, size_t n);

/* Time that scheme 'i' may still spend until its next reset, as far as results were taken: what
 * went into jobs since then is taken off it. UINT64_MAX: no limit. */
void applier_allow(struct applier *a, size_t scheme, uint64_t time_ns);

/* Jobs of cold actions on [start, end) of this target end before their next slice; what is left of
 * them is dropped. 'scheme' SIZE_MAX: of all. With start 0, end UINT64_MAX: all of the target. */
void applier_cancel(struct applier *a, size_t scheme, uint32_t target_id, uint64_t start,
		    uint64_t end, bool cold_only);

/* Ranges of cold jobs that wait or are under way, sorted by target and start: what a hit is looked
 * up in. Returns their number, at most 'cap'. */
struct applier_pending {
	uint32_t target_id;
	uint64_t start, end;
};
size_t applier_pending(struct applier *a, struct applier_pending *out, size_t cap);

/* Results that are ready, at most 'cap'. Returns their number. One result per job. */
size_t applier_take(struct applier *a, struct damos_result *out, size_t cap);

/*
 * Of what scheme 'i' paged out 10 s ago or more: bytes that pages stand for which were looked at
 * again 10 s later (action/refault.h), and of these those that were back in memory. Counted since
 * the last call; false if none were due.
 */
bool applier_refaults(struct applier *a, size_t scheme, double *looked, double *back);

/* CPU time of its thread so far, to the last slice. */
uint64_t applier_cpu_ns(struct applier *a);

/* True if nothing waits or is under way. */
bool applier_idle(struct applier *a);

/* Does the next slice, or looks at pages that are due; the thread calls it, and tests. Returns
 * false if there is nothing to do now. */
bool applier_step(struct applier *a);

/* How slices went, for those who want to know. */
struct applier_stats {
	uint64_t slices, busy_ns, longest_ns;
	uint64_t over; /* slices that took longer than slice_ns */
};
void applier_stats(struct applier *a, struct applier_stats *s);

#endif
