/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /proc/PID: mappings, threads, names. */
#ifndef OS_PROC_H
#define OS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "core/space.h"
#include "os/sys.h"

struct damon_maps {
	struct damon_mapping *m; /* sorted by start; names point into 'text' */
	size_t nr;
	char *text;
};

/* Reads /proc/PID/maps. Returns 0, -ESRCH (gone), or -errno. */
int damon_maps_read(const struct damon_sys *sys, int pid, struct damon_maps *out);
void damon_maps_release(struct damon_maps *m);

/* Parses the text of a maps file in place ('text' is written to and kept; taken over on success).
 * Malformed lines are passed over. */
int damon_maps_parse(char *text, struct damon_maps *out);

/* Thread ids of a process. Returns their number with a list that the caller frees, or -errno. */
int damon_proc_tids(const struct damon_sys *sys, int pid, int **tids);

/* All processes that can be seen, threads of the kernel included. Likewise. */
int damon_proc_all(const struct damon_sys *sys, int **pids);

/* The process's name (comm, 16 bytes with NUL). Returns 0 or -errno. */
int damon_proc_comm(const struct damon_sys *sys, int pid, char comm[16]);

/* Is it a thread of the kernel, which has no address space? False if that cannot be told. */
bool damon_proc_is_kernel(const struct damon_sys *sys, int pid);

/* When it started, by CLOCK_MONOTONIC, to about 10 ms. Returns 0, -ESRCH (gone) or -errno. */
int damon_proc_started(const struct damon_sys *sys, int pid, uint64_t *ns);

/* CPU time of all processes and the kernel since the machine started, interrupts included, idle
 * time not; in steps of 10 ms. Returns 0 or -errno. */
int damon_proc_busy_ns(const struct damon_sys *sys, uint64_t *ns);

/* Raises RLIMIT_NOFILE so that 'need' more descriptors can be open. Returns 0, or -EMFILE with the
 * numbers in 'f'. */
int damon_proc_need_fds(size_t need, struct damon_fail *f);

#endif
