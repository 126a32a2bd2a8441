/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much memory is free or used, and how long tasks waited for it: what goals and watermarks of
 * schemes go by. proc_meminfo(5), Documentation/accounting/psi.rst, statm of proc(5).
 *
 * Each returns 0 or -errno: -ENOENT where this kernel has no such file, -ENODEV without such a
 * node, -ESRCH without such a process, -EINVAL where a file makes no sense.
 */
#ifndef OS_MEMSTAT_H
#define OS_MEMSTAT_H

#include <stdint.h>

#include "os/sys.h"

/* MemFree of MemTotal, in 1/1000: DAMON's free_mem_rate. */
int damon_memstat_free_permil(const struct damon_sys *sys, double *permil);

/* Time in which some task waited for memory, since boot. */
int damon_memstat_psi_some_us(const struct damon_sys *sys, double *us);

/* Of a NUMA node's memory, in 1/10000. */
int damon_memstat_node_bp(const struct damon_sys *sys, int nid, double *used_bp, double *free_bp);

/* Nodes are numbered below this. 1 where the kernel knows none. */
#define DAMON_MAX_NODES 1024
int damon_memstat_nr_nodes(const struct damon_sys *sys);

/* What a process has in memory. */
int damon_memstat_rss(const struct damon_sys *sys, int pid, uint64_t *bytes);

#endif
