/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which pages of a process are in memory, swapped out, of a file, or huge: /proc/PID/pagemap, by
 * its ioctl PAGEMAP_SCAN where the kernel has it (Linux 6.7), else by its words of 64 bits, a page
 * each. For root, /proc/kpageflags tells more of those in memory. Linux's
 * Documentation/admin-guide/mm/pagemap.rst is where the facts are from.
 *
 * An open pagemap is of one address space: after an exec, or when the process has gone, it reads as
 * -ESRCH, whoever has the pid by then.
 */
#ifndef OS_PAGEMAP_H
#define OS_PAGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/sys.h"

#define DAMON_HUGE_SIZE (2ull << 20) /* of a huge page */

/* What is known of a page; the kernel's own numbers (PAGE_IS_* of linux/fs.h). */
enum {
	DAMON_PAGE_FILE = 1 << 2, /* of a file, or shared memory */
	DAMON_PAGE_PRESENT = 1 << 3,
	DAMON_PAGE_SWAPPED = 1 << 4,
	DAMON_PAGE_ZERO = 1 << 5, /* the page of zeroes that all processes share */
	DAMON_PAGE_HUGE = 1 << 6, /* mapped as one of 2 MiB or more */
};

/* Pages that follow each other with the same flags: as the kernel's struct page_region. */
struct damon_page_run {
	uint64_t start, end; /* bytes */
	uint64_t flags;	     /* never 0: what is neither present nor swapped has no run */
};

struct damon_pagemap {
	const struct damon_sys *sys;
	int fd;	    /* -1: not open */
	int kpf_fd; /* /proc/kpageflags; -1: not for this user */
	unsigned int page_shift;
	bool scan;	 /* has PAGEMAP_SCAN, as far as was tried */
	bool knows_huge; /* DAMON_PAGE_HUGE can be told */
	bool files;	 /* set by the caller: DAMON_PAGE_FILE is told, for which the kernel has to
			    look at each page's frame: three times the work */
};

/* Returns 0, -ESRCH (gone), -EACCES or another -errno. Closed by damon_pagemap_close(), which takes
 * one that is not open (DAMON_PAGEMAP_NONE) as well. */
int damon_pagemap_open(const struct damon_sys *sys, int pid, struct damon_pagemap *m);
void damon_pagemap_close(struct damon_pagemap *m);
#define DAMON_PAGEMAP_NONE                                                                         \
	{                                                                                          \
		.fd = -1, .kpf_fd = -1                                                             \
	}

/* Would HUGE be told, would the flags of kpageflags, of processes of this user? */
bool damon_pagemap_can_huge(const struct damon_sys *sys);
bool damon_pagemap_can_kpageflags(const struct damon_sys *sys);

/*
 * Runs of [start, end), sorted, at most 'cap' (2 or more); '*walked' is how far they tell. Returns
 * their number, -ESRCH if the address space has gone, or -errno.
 */
ssize_t damon_pagemap_runs(struct damon_pagemap *m, uint64_t start, uint64_t end,
			   struct damon_page_run *runs, size_t cap, uint64_t *walked);

/* Bytes of a range; what is huge or of a file is present or swapped, too. */
struct damon_page_sums {
	uint64_t present, swapped;
	uint64_t huge; /* of those present */
};
/* Adds to 'out'. Returns 0 or -errno. */
int damon_pagemap_sum(struct damon_pagemap *m, uint64_t start, uint64_t end,
		      struct damon_page_sums *out);

/* Flags of /proc/kpageflags (KPF_* of linux/kernel-page-flags.h) of each page of [start, end) into
 * flags[]; 0 for those that are not present. Returns 0, -EPERM if this user cannot know, or
 * -errno. At most 512 pages. */
#define DAMON_KPF_ACTIVE (1ull << 6)
#define DAMON_KPF_TAIL	 (1ull << 16)
#define DAMON_KPF_THP	 (1ull << 22)
int damon_pagemap_kpageflags(struct damon_pagemap *m, uint64_t start, uint64_t end,
			     uint64_t *flags);

#endif
