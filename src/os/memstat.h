/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much memory is free or used, and how long tasks waited for it: what goals and watermarks of
 * schemes go by. proc_meminfo(5), Documentation/accounting/psi.rst, statm of proc(5),
 * memory.numa_stat of Documentation/admin-guide/cgroup-v2.rst.
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

/* Active of active and inactive memory, in 1/10000. */
int damon_memstat_active_bp(const struct damon_sys *sys, double *bp);

/* Time in which some task waited for memory, since boot. */
int damon_memstat_psi_some_us(const struct damon_sys *sys, double *us);

/* Of a NUMA node's memory, in 1/10000. */
int damon_memstat_node_bp(const struct damon_sys *sys, int nid, double *used_bp, double *free_bp);

/* What a memory cgroup of version 2 in the folder 'dir', with those below it, has on a node's lists
 * of pages, of that node's memory, in 1/10000: as mm/damon/core.c counts. */
int damon_memstat_memcg_node_bp(const struct damon_sys *sys, const char *dir, int nid, double *bp);

/* Nodes are numbered below this. 1 where the kernel knows none. */
#define DAMON_MAX_NODES 1024
int damon_memstat_nr_nodes(const struct damon_sys *sys);

/* What a process has in memory. */
int damon_memstat_rss(const struct damon_sys *sys, int pid, uint64_t *bytes);

#endif
