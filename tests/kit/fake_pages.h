/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fake process of some pages for tests of actions: its pagemap, and what process_madvise(),
 * move_pages() and process_vm_readv() make of it, as the kernel's own do. Calls take time by the
 * page, and fail when they are told to.
 */
#ifndef KIT_FAKE_PAGES_H
#define KIT_FAKE_PAGES_H

#include <stdbool.h>

#include "action/action.h"
#include "tests/kit/fake_sys.h"

#define FAKE_PID     7
#define FAKE_PID_FD  70
#define FAKE_BASE    0x40000000ull
#define FAKE_PAGES   2048
#define FAKE_ADDR(n) (FAKE_BASE + (uint64_t)(n)*4096)

struct fake_page {
	bool hole;   /* not mapped */
	bool locked; /* advice is EINVAL */
	bool stuck;  /* stays in memory, on its node, and small, whatever is said */
	bool busy;   /* ends move_pages() early */
	bool present, swapped, file, huge, zero;
	int node;
	int marks;  /* times it was read from outside, or -1: made cold */
	bool asked; /* willneed */
	bool active;
};

struct fake_pages {
	struct fake_sys fake; /* its files, its clock */
	struct fake_page page[FAKE_PAGES];
	uint64_t ns_per_page; /* of each call, per page that it works on */
	bool no_scan;	      /* before Linux 6.7 */
	bool hide_frames;     /* not root */
	bool no_kpageflags;
	bool no_pagemap; /* EACCES */
	bool exited;	 /* a zombie */
	bool executed;	 /* pagemaps opened before are of another address space */
	bool swap_full;
	int max_node; /* nodes beyond are ENODEV */

	/* Calls from the 'fail_from'th on (0 is the first), 'fail_times' of them, fail. */
	int fail_err, fail_from, fail_times;
	int nr_calls;	/* of process_madvise, move_pages that move, read_ranges */
	int nr_ranges;	/* of them */
	int nr_asks;	/* move_pages that asks */
	int brought_in; /* pages read from outside that were not in memory */
	int nr_opens;	/* of pagemap */
	void (*before)(struct fake_pages *w); /* called before each call, may be NULL */
	uint64_t largest;		      /* bytes of one call */
};

/* Pages by a text, one letter each, a number before it repeats it; the rest are holes:
 *	p present anonymous, f present file, H present huge, z present zeroes, s swapped,
 *	S swapped shared memory, - nothing there yet, h a hole, l locked (present), k kept, b busy,
 *	a present and active */
void fake_pages_init(struct fake_pages *w, const char *pages);
/* Their text now, of 'n' pages, repeats as numbers: "3p5s". */
const char *fake_pages_text(const struct fake_pages *w, size_t n);

struct fake_run {
	struct damon_action_run run;
	struct damon_pagemap pages;
	struct damon_action_memo memo;
	struct damon_fail why;
	struct damos scheme;
	_Alignas(16) char scratch[DAMON_ACTION_SCRATCH];
};
void fake_run_init(struct fake_run *r, struct fake_pages *w);

#endif
