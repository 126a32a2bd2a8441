/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A checker at work: rounds of arming and looking, in a thread of its own, since a walk of a large
 * process takes longer than rings can wait. The context hands over what to look at and takes what
 * was seen; both wait in bounded queues, and neither side waits for the other.
 *
 * A round arms what is wanted, waits for the checker's span, and looks. How many pages a round has
 * follows from the rate asked for; the next round begins so late that all of them together cost no
 * more than they may: the time spent in them, and what they cost the processes, whose next access
 * to each page sets its bit again.
 */
#ifndef LIB_CHECKER_H
#define LIB_CHECKER_H

#include <pthread.h>
#include <stdbool.h>

#include "pmu/checker.h"

struct checker_params {
	uint64_t span_ns; /* between arm and look, unless the checker has its own */
	double per_sec;	  /* pages, for those that look at single ones */
	size_t queue;	  /* pages that may wait to be looked at: later they would be out of date */
	double touch_ns;  /* what a page that is touched again costs its process */
	double max_percent; /* of time, at most, that both take together */
};

/* To be looked at: a page of a process, or all of it. */
struct checker_want {
	int pid;
	uint32_t space_id; /* of what the process executes: comes back with what was seen */
	uint64_t addr;	   /* unless the checker looks at mappings */
};

struct checker_seen {
	int pid;
	uint32_t space_id;
	struct damon_check check;
};

struct checker_stats {
	uint64_t checks;	 /* looks that told something: pages, or mappings */
	uint64_t pages, touched; /* pages that they told of; of these touched */
	uint64_t coarse, lost;	 /* struct damon_checker_tally */
	uint64_t failed;	 /* processes that could not be looked at */
	uint64_t dropped;	 /* seen and not taken in time */
	uint64_t busy_ns;	 /* spent in checks, by the clock */
	uint64_t target_ns;	 /* what they cost the processes, estimated */
	char reason[128];	 /* of the first failure; "" if there is none */
};

struct checker;

/* Opens the checker; nothing runs yet. Returns 0 or -errno with the reason. */
int checker_new(const struct damon_checker_ops *ops, const struct damon_sys *sys,
		const struct checker_params *p, struct checker **out, struct damon_fail *why);
void checker_free(struct checker *c); /* stops it first; NULL is fine */

/* The thread, which calls checker_step(). It takes no signals. */
int checker_start(struct checker *c);
void checker_stop(struct checker *c); /* waits for the walk under way, if there is one */

/* How many wants it can take now: pages, or processes once the last ones are taken. */
size_t checker_room(struct checker *c);
void checker_want(struct checker *c, const struct checker_want *w, size_t n);

/* Moves what was seen behind the 'nr' of '*seen', and updates 'nr'. Returns 0 or -ENOMEM. */
int checker_take(struct checker *c, struct checker_seen **seen, size_t *nr, size_t *cap);

void checker_stats(struct checker *c, struct checker_stats *s);

/* Does what is due. Returns the time to come again, UINT64_MAX: when there is something wanted. */
uint64_t checker_step(struct checker *c);

static inline bool checker_wants_pages(const struct damon_checker_ops *ops)
{
	return ops->grain == DAMON_CHECK_PAGES;
}

#endif
