/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Targets, and which process belongs to which. Pure: fed by fork, exec, comm and exit events.
 *
 * Policy. A process that executes a program gets a target: a retired one of the same program (comm)
 * if there is one, else a new one, else (limit reached, none retired long ago) it shares the live
 * target of its program, else it has none and its observations are counted as 'no target'. A target
 * that it had alone and that nothing was seen of is not left behind: it is renamed (a command's
 * own, before its exec). A forked child shares its parent's target and space until it executes, or
 * until it has outlived one update interval (damon_targets_update): then it gets a target of its
 * own, if there is room, with a clone of the space. A target retires when its last process exits;
 * its number and history stay.
 *
 * Two other ways: all processes in one target that stays (damon_targets_unite()), and targets for
 * those processes only that something is seen of (damon_targets_lazy()).
 */
#ifndef CORE_TARGET_H
#define CORE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/space.h"

struct damon_est;
struct damon_wset_log;

#define DAMON_COMM_MAX 16

struct damon_target {
	uint32_t id;		   /* 0, 1, ... in order of appearance, never reused */
	uint32_t slot;		   /* place in the table, below max_targets */
	int pid;		   /* of the latest process that drives it */
	char comm[DAMON_COMM_MAX]; /* of its program */
	struct damon_space *space; /* of the latest process; counted reference */
	/* Where its regions are, instead of in all of 'space': NULL, or a counted reference */
	struct damon_space *bounds;
	bool common;		 /* it is everyone's: 'space' is no process's, 'pid' is 0 */
	uint32_t nr_procs;	 /* alive now */
	uint32_t nr_procs_total; /* that ever shared it */
	uint32_t generation;	 /* grows when another exec takes it over: regions start anew */
	uint64_t from_ns, to_ns; /* first process seen, last one gone (UINT64_MAX while alive) */
	uint32_t space_version;	 /* of 'space' when the extents were last taken: core's own */
	uint32_t space_id;
	struct damon_est *est;	     /* core's own */
	struct damon_wset_log *wset; /* core's own */
};

/* A process (thread group). */
struct damon_proc {
	int pid, ppid;
	char comm[DAMON_COMM_MAX];
	struct damon_target *target; /* NULL: none */
	struct damon_space *space;   /* its own or its parent's; counted reference */
	bool forked;		     /* since its last exec, and not yet told apart */
	bool executed;		     /* a program while it was watched: its space begins empty */
	uint64_t from_ns;
	uint64_t nr_obs;	/* observations since it appeared: its reader counts them */
	uint64_t nr_obs_mapped; /* of these those before its mappings were last re-read: the
				   reader's own */
};

struct damon_targets;

struct damon_targets *damon_targets_new(size_t max_targets);
void damon_targets_free(struct damon_targets *t);

/* The process 'pid', or NULL. O(1): called for every sample. */
struct damon_proc *damon_targets_find(struct damon_targets *t, int pid);

/* Starts with a process as it is: an attached pid or the command itself. Returns it, or NULL
 * without memory. */
struct damon_proc *damon_targets_add(struct damon_targets *t, int pid, const char *comm,
				     uint64_t now_ns);

/* A process that is known and not monitored: it has a space and no target. Returns it, as it was if
 * it was there before, or NULL without memory. */
struct damon_proc *damon_targets_know(struct damon_targets *t, int pid, const char *comm,
				      uint64_t now_ns);

/*
 * From now on every process shares one target, which never retires and has the name 'comm' and an
 * address space of its own, 'space' (the reference is taken over). Before any process is there.
 * Returns it, or NULL without memory.
 */
struct damon_target *damon_targets_unite(struct damon_targets *t, const char *comm,
					 struct damon_space *space, uint64_t now_ns);

/* From now on processes that appear, execute or are told apart get no target, until
 * damon_targets_admit() gives them one. Their address spaces are kept up to date meanwhile. */
void damon_targets_lazy(struct damon_targets *t);

/* Gives a process that has none a target, as if it had executed. Returns 0, also beyond the limit
 * of targets, or -ENOMEM. */
int damon_targets_admit(struct damon_targets *t, struct damon_proc *p, uint64_t now_ns);

/* Events, in order of time. Each returns 0 or -ENOMEM; unknown pids are fine. */
int damon_targets_fork(struct damon_targets *t, int pid, int ppid, uint64_t now_ns);
int damon_targets_exec(struct damon_targets *t, int pid, const char *comm, uint64_t now_ns);
void damon_targets_comm(struct damon_targets *t, int pid,
			const char *comm); /* renamed without exec: the program of its target keeps
					      its name, but for "?" */
void damon_targets_exit(struct damon_targets *t, int pid,
			uint64_t now_ns); /* the thread group ended */

/* Once per update interval: gives forked children that were alive at the last one targets of their
 * own. Returns how many. */
int damon_targets_update(struct damon_targets *t, uint64_t now_ns);

/* Live and retired targets by slot; NULL beyond the last. */
struct damon_target *damon_targets_at(struct damon_targets *t, size_t slot);
size_t damon_targets_count(const struct damon_targets *t);

/* Processes alive, for those who walk them (re-reading maps). Returns NULL at the end; '*pos'
 * starts at 0. Do not add or remove meanwhile. */
struct damon_proc *damon_targets_next_proc(struct damon_targets *t, size_t *pos);
size_t damon_targets_nr_procs(const struct damon_targets *t);

#endif
