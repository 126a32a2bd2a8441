/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an aggregation interval was really like: runs of pages that were accessed alike. Pages of no
 * fact were not accessed. Numbers of pages are those of the trace, not bytes.
 */
#ifndef JUDGE_FACTS_H
#define JUDGE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The windows whose working sets are judged: an aggregation, 1 s, 10 s. */
enum { NR_FACT_WINDOWS = 3 };

struct fact {
	uint64_t start, end; /* half open */
	double rate;	     /* accesses per page and sampling interval */
	double fraction;     /* of the sampling intervals in which a page of it was touched */
	bool hot;	     /* set by facts_finish() */
};

struct facts {
	struct fact *fact; /* sorted, not overlapping */
	size_t nr, cap;
	double touched[NR_FACT_WINDOWS]; /* pages touched in each window; < 0: not known */
	/* set by facts_finish() */
	double rate, hot_rate, hot_pages; /* sums: of all pages, of the hot ones, their number */
	double *sum_rate, *sum_hot, *sum_hot_rate; /* of fact[0, i), i in [0, nr] */
	size_t sum_cap;
};

void facts_clear(struct facts *f);
void facts_release(struct facts *f);

/* Appends; 'start' must not lie before the end of the last. Aborts without memory. */
void facts_add(struct facts *f, uint64_t start, uint64_t end, double rate, double fraction);

/*
 * Marks the hot set: the pages of the highest rates that together carry 90 % of the accesses (pages
 * as hot as the least of them included). Then facts_sum() may be asked.
 */
void facts_finish(struct facts *f);

struct facts_sum {
	double rate, hot, hot_rate; /* accesses, hot pages, accesses to hot pages */
};
struct facts_sum facts_sum(const struct facts *f, uint64_t start, uint64_t end);

/* The fact that holds 'page', or NULL. */
const struct fact *facts_find(const struct facts *f, uint64_t page);

/* Sum over the pages of [start, end) of |fraction - true fraction|. */
double facts_distance(const struct facts *f, uint64_t start, uint64_t end, double fraction);

#endif
