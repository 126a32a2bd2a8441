/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filters of schemes that look at pages: which parts of a range pass to the action. Those that look
 * at addresses and targets are the engine's (core). The rules of both are in damos.h: the first
 * filter that applies to a page decides; what none decides passes, unless the last filter allows.
 *
 *	anon		no file behind it, nor shared memory: pagemap
 *	hugepage_size	2 MiB where huge, else 4 KiB; sizes between are not told apart: pagemap
 *	memcg		the process is in this memory cgroup, or below: /proc/PID/cgroup
 *	unmapped	no page of a process is
 *	active		on the active list: kpageflags
 *
 * Memory without pages (never touched, or of a file and not in memory) passes no page filter,
 * whatever they say, as DAMON asks filters of pages only.
 */
#ifndef ACTION_FILTER_H
#define ACTION_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action/action.h"
#include "base/fail.h"
#include "damos.h"
#include "os/pagemap.h"

/* Why a filter that DAMON has cannot be here ("young"), or NULL: for those that parse names. */
const char *damon_filter_refusal(const char *name);

bool damon_filter_is_core(enum damos_filter_type type);
/* Has this scheme any that look at pages? */
bool damon_has_page_filters(const struct damos *s);

/* Can the page filters of this scheme be told here? 0, or -errno with the reason and the remedy. */
int damon_page_filters_check(const struct damon_sys *sys, const struct damos *s,
			     struct damon_fail *why);

/* What filters need to know of a process, and of a scheme. */
struct damon_page_filters {
	const struct damos *scheme;
	struct damon_pagemap *pages; /* NULL: cannot be read */
	bool off;		     /* all passes: a core filter has decided (struct damos_step) */
	uint64_t in_memcg;	     /* bit i: the process is in that of filter i */
};

/* Reads which memory cgroup a process is in, if a filter asks. Returns 0 or -errno. */
int damon_page_filters_init(struct damon_page_filters *f, const struct damon_sys *sys, int pid,
			    const struct damos *s, struct damon_pagemap *pages);

/*
 * Parts of [start, end) that pass and are work for an action: at most 'cap' (1 or more) into out[],
 * whole units, sorted. Stops when it has found 'most' bytes of work, when out[] is full, or when it
 * has looked at enough for once; '*result' says how far it got, which is past 'start' always.
 * Returns 0, -EACCES if the pages cannot be read and need be, -ESRCH or another -errno.
 */
struct damon_walk_params {
	enum damon_action_work work;
	uint64_t grain;	 /* bytes of a unit */
	bool whole_huge; /* huge pages are not cut, whatever 'most' says */
	uint64_t most;
};
struct damon_filtered {
	size_t nr;	 /* of out[] */
	uint64_t work;	 /* bytes in them that cost the action time */
	uint64_t passed; /* bytes that passed the filters, work or not */
	uint64_t walked; /* address */
};
int damon_page_filters_walk(const struct damon_page_filters *f, const struct damon_walk_params *p,
			    uint64_t start, uint64_t end, struct damon_action_range *out,
			    size_t cap, struct damon_filtered *result);

#endif
