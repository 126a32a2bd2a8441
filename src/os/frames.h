/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Physical memory: what of it there is (/proc/iomem), and where the pages of a process lie
 * (/proc/PID/pagemap). Both tell the truth to CAP_SYS_ADMIN only, and zeros to others.
 *
 * Pages are looked up 512 at a time, and what was read is believed for a while: a page that was
 * accessed has neighbours that will be, so that most lookups make no system call. A page that moves
 * meanwhile (reclaim, compaction, migration) is where it was for that long.
 */
#ifndef OS_FRAMES_H
#define OS_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "core/space.h"
#include "os/sys.h"

/* The ranges of System RAM, sorted as the kernel has them, at most 'max'. Returns their number, or
 * -errno with the reason; -EPERM: the kernel does not tell this user. */
int damon_ram_read(const struct damon_sys *sys, struct damon_extent *out, size_t max,
		   struct damon_fail *why);

struct damon_frames;

/* 4 MiB at most, and 32 descriptors. 'stale_ns': how long what was read is believed. Returns 0 or
 * -ENOMEM. */
int damon_frames_new(const struct damon_sys *sys, uint64_t stale_ns, struct damon_frames **out);
void damon_frames_free(struct damon_frames *f); /* NULL is fine */

/* The physical address of 'addr' in process 'pid', whose address space is 'space_id' (a new one
 * with each exec). Returns 1, or 0 if there is no page, or nothing can be told of it. */
int damon_frames_find(struct damon_frames *f, int pid, uint32_t space_id, uint64_t addr,
		      uint64_t now_ns, uint64_t *phys);

#endif
