/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/PID/smaps, proc_pid_smaps(5): what of each mapping is in memory, and what was accessed.
 * Read in pieces, with a line of memory: a process of ten thousand mappings has megabytes of it.
 */
#ifndef OS_SMAPS_H
#define OS_SMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/sys.h"

struct damon_smaps_entry {
	uint64_t start, end; /* bytes, as all that follows */
	uint64_t rss;	     /* in memory */
	uint64_t referenced; /* of it: accessed since the bits were cleared */
	uint64_t huge;	     /* of it: mapped by huge pages, which have one accessed bit each */
};

/* Shown each mapping, in order of addresses. Valid during the call. */
typedef void (*damon_smaps_fn)(void *priv, const struct damon_smaps_entry *e);

/* Text as it comes: zero it, give it all pieces, then end it. Lines that make no sense are passed
 * over, and mappings that do not: out of order, empty, larger in memory than they are. */
struct damon_smaps {
	char line[96]; /* the start of the line at hand: no more is looked at */
	size_t len;
	struct damon_smaps_entry e;
	bool open; /* 'e' is being read */
	uint64_t last_end;
};
void damon_smaps_feed(struct damon_smaps *s, const char *text, size_t len, damon_smaps_fn fn,
		      void *priv);
void damon_smaps_end(struct damon_smaps *s, damon_smaps_fn fn, void *priv);

/* Reads that of a process: takes a walk of its page tables. Returns 0, -ESRCH (gone, maybe in the
 * middle) or -errno. */
int damon_smaps_read(const struct damon_sys *sys, int pid, damon_smaps_fn fn, void *priv);

#endif
