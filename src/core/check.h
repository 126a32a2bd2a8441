/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks: what accessed bits tell, the second kind of evidence beside observations.
 *
 * A sample tells how often a page is accessed, and hardly ever meets a cold one. A check tells
 * whether a page was accessed at all within some time, of whatever page one likes to know. Checks
 * sharpen nr_accesses, its bounds and working sets; how hot memory is (accesses per page and
 * second) stays with the samples. The method: docs/ESTIMATOR.md, "Checks".
 *
 *	a checker	damon_core_pick_pages() -> arms the pages, waits a sampling interval, looks
 *			-> damon_core_check() for each, and from time to time for whole mappings
 *	the core	counts them when the aggregation interval ends
 *
 * Pure and single threaded, as all of the core.
 */
#ifndef CORE_CHECK_H
#define CORE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/snapshot.h"

struct damon_core;
struct damon_core_params;
struct damon_proc;
struct damon_target;

/*
 * A look at accessed bits: of 'nr' pages within [start, end), 'touched' had been accessed in the
 * 'span_ns' that ended at 'time_ns'.
 *
 * One page: nr is 1 and [start, end) that page; it has to be one of damon_core_pick_pages(), or
 * else chosen at random, whatever is known of it. A whole mapping: nr is how many of its pages are
 * resident, those that are not were not accessed.
 */
struct damon_check {
	uint64_t time_ns, span_ns; /* CLOCK_MONOTONIC */
	uint64_t start, end;	   /* bytes */
	uint32_t nr, touched;
};

/*
 * Takes what a look at the memory of a process told (NULL: counted as 'check_no_target'). 'k' is
 * not kept; one without pages, span or range is not counted. No allocation, lock or lookup in
 * regions.
 */
void damon_core_check(struct damon_core *c, struct damon_proc *p, const struct damon_check *k);

/*
 * The pages that are most worth looking at next: fills addr[0, n) with addresses of pages in the
 * regions of 't' and returns how many, 0 while it has no regions. A region's share grows with its
 * size and with how little is known of its nr_accesses; each gets one now and then. Within a region
 * pages are drawn at random, so that what they tell holds for it. A page may be drawn twice. The
 * same seed (struct damon_core_params) and input give the same pages.
 */
size_t damon_core_pick_pages(struct damon_core *c, struct damon_target *t, uint64_t *addr,
			     size_t n);

/* ---- sums of page checks: what regions carry ---- */

/* Sampling intervals in which pages drawn at random were looked at, and were touched. */
struct damon_check_sum {
	float nr, touched; /* touched <= nr */
};

/* Adds a look back over 'intervals' sampling intervals. */
void damon_check_sum_add(struct damon_check_sum *s, double intervals, bool touched);

/* An aggregation interval has passed: what was seen counts less. */
void damon_check_sum_age(struct damon_check_sum *s);

/* What is known of 'part' of the pages. */
struct damon_check_sum damon_check_sum_part(struct damon_check_sum s, double part);

/* What is known of the pages of both: a mean by size, however often each was looked at. */
struct damon_check_sum damon_check_sum_join(struct damon_check_sum a, double pages_a,
					    struct damon_check_sum b, double pages_b);

/* What the samples' expectation counts for, in looks. */
extern const double damon_check_prior;

/* ---- what is derived from them, live and offline alike ---- */

/* Share of the sampling intervals in which a random page of 'r' is touched, by samples alone:
 * 'intervals' is how many of them the time in question has. Needs t->visit_weight. */
double damon_check_expected(const struct damon_target_snapshot *t, const struct damon_region *r,
			    const struct damon_view *v, double intervals);

/* Two-sided 95 % bounds of a probability of which 's' was seen (Wilson 1927). */
void damon_check_bounds(struct damon_check_sum s, double *lo, double *hi);

/*
 * The working set of a window as damon_wset_derive() has it, with what checks of whole mappings
 * tell: exact where they looked at that window, and bounds for longer and shorter ones.
 */
void damon_wset_checked(const struct damon_target_snapshot *t, enum damon_window w,
			const struct damon_view *v, struct damon_wset_size *out);

/* ---- the core's own ---- */

struct damon_checks;

struct damon_checks *damon_checks_new(const struct damon_core_params *p); /* NULL: no memory */
void damon_checks_free(struct damon_checks *s);

/* Takes 'k' of the process 'p'. damon_core_check() is this. */
void damon_checks_take(struct damon_checks *s, const struct damon_proc *p,
		       const struct damon_check *k);
size_t damon_checks_pick(struct damon_checks *s, const struct damon_target *t, uint64_t *addr,
			 size_t n);

/* The end of an aggregation interval: before all targets, for each after its estimator, behind all.
 * 'out' has all but what is told by checks, which is set, in its regions too. */
void damon_checks_begin(struct damon_checks *s);
void damon_checks_enter(struct damon_checks *s, const struct damon_target *t, uint64_t end_ns,
			struct damon_target_snapshot *out);
void damon_checks_end(struct damon_checks *s, struct damon_counts *add);

#endif
