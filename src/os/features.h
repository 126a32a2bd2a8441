/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this kernel lets this user do: the rows of 'damon-perf check', and the questions that they
 * and the actions ask. Looking changes nothing: files below /proc and /sys are read, and one event
 * is opened and closed.
 */
#ifndef OS_FEATURES_H
#define OS_FEATURES_H

#include <stdbool.h>

#include "base/fail.h"
#include "os/sys.h"

struct damon_feature {
	const char *name;
	const char *summary; /* one line: what it is good for */
	/* 0 if it is there for this user, else -errno with the reason, and the remedy if there is
	 * one, in 'why' (may be NULL). */
	int (*probe)(const struct damon_sys *sys, struct damon_fail *why);
};

extern const struct damon_feature damon_features[]; /* ends with a row without a name */

/* By name, or NULL. */
const struct damon_feature *damon_feature_find(const char *name);

/* Has this process the capability (CAP_* of linux/capability.h) over the whole machine? That of a
 * container's own user namespace counts for nothing here. */
bool damon_has_cap(const struct damon_sys *sys, int cap);

/* 0 if the kernel is this release or a later one (or cannot be told), else -ENOSYS with the reason:
 * "'what' needs Linux 6.1, this is 5.10". */
int damon_need_kernel(const struct damon_sys *sys, int major, int minor, const char *what,
		      struct damon_fail *why);

/* 0 if there is swap with room, else -ENOSPC or -errno with the reason. */
int damon_need_swap(const struct damon_sys *sys, struct damon_fail *why);

/* 0 if memory is on two NUMA nodes or more, else -ENODEV with the reason. */
int damon_need_nodes(const struct damon_sys *sys, struct damon_fail *why);

/*
 * 0 if memory of other processes may be read (process_vm_readv): of 'any' process of this user, or
 * else at least of those that damon-perf starts. Else -EPERM with the reason: yama's ptrace_scope.
 */
int damon_need_ptrace(const struct damon_sys *sys, bool any, struct damon_fail *why);

#endif
