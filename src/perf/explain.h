/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why the kernel refuses perf events, in a sentence with a remedy. perf_event_open(2) has few error
 * numbers for many reasons: what else matters (the sysctls, privileges, owner of the process) is
 * looked up when it is needed.
 */
#ifndef PERF_EXPLAIN_H
#define PERF_EXPLAIN_H

#include <linux/perf_event.h>
#include <stddef.h>

#include "base/fail.h"
#include "os/sys.h"

/* Does the kernel take 'attr' for process 'pid' (0: the caller's own) on a CPU (-1: any)? It is
 * opened, without a buffer, and closed again. Returns 0 or -errno. */
int damon_perf_try(const struct damon_sys *sys, const struct perf_event_attr *attr, int pid,
		   int cpu);

/*
 * perf_event_open() of 'attr' for process 'pid' (0: the caller's own, -1: all) failed with 'err' >
 * 0 after 'nr_open' events of the same session. Returns -err.
 */
int damon_perf_explain_open(const struct damon_sys *sys, const struct perf_event_attr *attr,
			    int pid, size_t nr_open, int err, struct damon_fail *f);

/* mmap() of one of 'nr' rings (or 'what' else) of 'bytes' failed with 'err' > 0. Returns -err. */
int damon_perf_explain_mmap(const struct damon_sys *sys, const char *what, size_t bytes, size_t nr,
			    int err, struct damon_fail *f);

#endif
