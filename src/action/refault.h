/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages that were paged out and come back: the price of a wrong guess. Of what is paged out some
 * pages are noted, evenly by bytes, and looked at again 10 s later: those in memory again came
 * back, as did those that are found in memory when they are about to be paged out again. One that
 * came and was reclaimed in between by the kernel is taken as not needed.
 *
 * How many bytes a noted page stands for follows from the rate of paging out, so that what waits to
 * be looked at is bounded. Descriptors of pagemaps are kept as long as pages of them wait: a page
 * of a process that has ended, or executes something else, tells nothing and is forgotten.
 */
#ifndef ACTION_REFAULT_H
#define ACTION_REFAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action/action.h"
#include "os/pagemap.h"
#include "os/sys.h"

#define DAMON_REFAULT_NS (10ull * 1000 * 1000 * 1000)

struct damon_refault;

/* Room for 'cap' pages that wait, at most. NULL: no memory. */
struct damon_refault *damon_refault_new(const struct damon_sys *sys, size_t cap);
void damon_refault_free(struct damon_refault *f); /* NULL is fine */

/* Before ranges of process 'pid' are paged out at 'now_ns': some pages of them that are in memory.
 */
#define DAMON_REFAULT_PICKS 8
struct damon_refault_pick {
	uint64_t addr[DAMON_REFAULT_PICKS];
	size_t nr;
};
void damon_refault_pick(struct damon_refault *f, int pid, struct damon_pagemap *pages,
			const struct damon_action_range *r, size_t n, uint64_t now_ns,
			struct damon_refault_pick *out);

/* Afterwards: 'bytes' of them left memory at 'now_ns'. Those picked that are among these are noted.
 */
void damon_refault_note(struct damon_refault *f, size_t scheme, int pid,
			const struct damon_refault_pick *p, uint64_t bytes, uint64_t now_ns);

/* When the next one is due; UINT64_MAX: none waits. */
uint64_t damon_refault_due_ns(const struct damon_refault *f);

/* Looks at those that are due, at most 'most'; 'fn' is told of each the bytes it stands for. */
typedef void (*damon_refault_fn)(void *priv, size_t scheme, double bytes, bool back);
void damon_refault_look(struct damon_refault *f, uint64_t now_ns, size_t most, damon_refault_fn fn,
			void *priv);

#endif
