/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Control groups, of version 2 and 1: found by path, with the processes in them and below them. */
#ifndef OS_CGROUP_H
#define OS_CGROUP_H

#include <stddef.h>

#include "base/fail.h"
#include "os/sys.h"

#define DAMON_CGROUP_PATH 1024

/*
 * The folder of the group 'path': a folder that is there ("/sys/fs/cgroup/app.slice"), or a path
 * within a hierarchy ("app.slice", or "/app.slice" as /proc/PID/cgroup has it), which is looked for
 * in version 2 first, then in those of version 1, memory before others. Returns 0, or -errno with
 * the reason.
 */
int damon_cgroup_find(const struct damon_sys *sys, const char *path, char dir[DAMON_CGROUP_PATH],
		      struct damon_fail *why);

/* Is 'path', as /proc/PID/cgroup has it, a group of a hierarchy that is mounted? 1 or 0; -ENOENT:
 * none is mounted. */
int damon_cgroup_exists(const struct damon_sys *sys, const char *path);

struct damon_pids {
	int *v; /* sorted, each once */
	size_t nr, cap;
};
void damon_pids_release(struct damon_pids *p);

/*
 * The processes in a group and below it: of at most 1024 groups, and 65536 of them; what is beyond
 * is left out. Replaces what 'out' holds. Returns 0; -ENOENT: the group is gone; -EOPNOTSUPP: it
 * has threads, not processes; or -errno.
 */
int damon_cgroup_procs(const struct damon_sys *sys, const char *dir, struct damon_pids *out);

#endif
