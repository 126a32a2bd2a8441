/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came to nothing, of the sums of a run: for whoever has a line, a figure or a table for it.
 */
#ifndef REPORT_LOSSES_H
#define REPORT_LOSSES_H

#include <stdbool.h>
#include <stddef.h>

#include "damon.h"

/* Samples, records and pieces of traces that did not get here whole. How often the kernel throttled
 * is none of them: it tells not how many. */
uint64_t losses_count(const struct damon_stats *s);

/* The same by kind, and how often the kernel throttled: " (5 lost, throttled 2 times)"; "" if
 * nothing was lost. */
#define LOSSES_TEXT_MAX 224
char *losses_text(char buf[LOSSES_TEXT_MAX], const struct damon_stats *s);

/* Did events of hardware take turns with others' for so long that samples are too few? */
bool losses_by_turns(const struct damon_stats *s);

/* Why samples told of no access, what was lost included: for programs. A NULL ends them. */
struct loss {
	const char *reason;
	size_t at; /* of its count in struct damon_stats */
};
extern const struct loss losses[];
uint64_t loss_of(const struct loss *l, const struct damon_stats *s);

/* 'out': what the sums of losses have grown by from 'before' to 'now'; all else is 0. */
void losses_since(const struct damon_stats *before, const struct damon_stats *now,
		  struct damon_stats *out);

#endif
