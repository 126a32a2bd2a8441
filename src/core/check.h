/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Accessed bits, looked at beside the samples: whether a page was touched in a span of time, which
 * samples tell of often accessed pages only.
 */
#ifndef CORE_CHECK_H
#define CORE_CHECK_H

#include <stddef.h>
#include <stdint.h>

struct damon_core;
struct damon_proc;
struct damon_target;

/* What a look at accessed bits told: of 'nr' pages of [start, end), 'touched' were accessed within
 * the 'span_ns' that ended at 'time_ns'. One page: nr 1. A whole mapping (smaps): nr its resident
 * pages. */
struct damon_check {
	uint64_t time_ns, span_ns;
	uint64_t start, end; /* bytes */
	uint32_t nr, touched;
};

/* Takes one look at process 'p', which may be NULL. 'k' is not kept. */
void damon_core_check(struct damon_core *c, struct damon_proc *p, const struct damon_check *k);

/* Picks at most 'n' pages of 't' to look at next: their addresses go to 'addr'. Returns how
 * many. */
size_t damon_core_pick_pages(struct damon_core *c, struct damon_target *t, uint64_t *addr,
			     size_t n);

#endif
