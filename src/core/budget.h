/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which rung of a ladder of rates keeps to the overhead that was asked for: a controller, told from
 * time to time what was spent so far. Pure.
 *
 * Overhead is the interruption of the targets and own work, relative to their CPU time. What
 * observations cost goes with the rate; the rest, the work of intervals, does not. Of what remains
 * of the budget the controller buys observations. Where no rung fits, it goes to and fro between
 * two of them, some seconds on each, so that the mean fits: what was overspent is saved later, and
 * the start, too, is paid for that way.
 *
 * A rung is a period: every so many events the target is interrupted. Where the event is a ns of
 * its CPU time, the rates of the rungs are known. Where it is an access, how many of these there
 * are in a second is the program's own: it is measured all the time, and the rates follow.
 */
#ifndef CORE_BUDGET_H
#define CORE_BUDGET_H

#include <stdint.h>

#define DAMON_RUNGS 3

/* Accesses that are expected of a program in a second of its CPU time before any were counted. */
#define DAMON_BUDGET_ACCESSES_HZ 1e9

/* Sums since the start. CPU times in ns. */
struct damon_spent {
	uint64_t now_ns;   /* wall clock */
	double target_ns;  /* CPU time of the targets */
	double ticks;	   /* interruptions, those that brought no observation included */
	double own_ns;	   /* CPU time of our own, all of it */
	double samples_ns; /* the part of it that grows with the rate */
	double accesses;   /* that the interruptions stood for: their periods; 0: ticks of time */
};

struct damon_budget {
	double percent, tick_cost_ns;
	double rung_hz[DAMON_RUNGS]; /* highest first; per second of the targets' CPU time */
	double period[DAMON_RUNGS];  /* accesses for each of these, fixed; 0: ticks of time */
	double max_hz;		     /* what the kernel allows; 0: more than any rung has */
	double most_spent;	     /* of the budget, of what was saved */
	uint32_t rung;		     /* the current one */
	uint32_t wake_aggrs;	     /* wake up once in so many aggregations, 1..10 */
	struct damon_spent seen;     /* as of the last step */
	struct damon_spent recent;   /* decaying sums of what came since; now_ns: time */
	double debt_ns;		     /* overspent so far, what is long ago counting less */
	uint64_t changed_ns;	     /* when 'rung' changed last */
	double samples_cost_ns;	     /* own work of an observation as known beforehand */
};

/*
 * 'tick_cost_ns': what an interruption costs the target; 'sample_cost_ns': own work of an
 * observation as far as known beforehand; 'fixed_ns': own work per second that is expected besides.
 * Makes the ladder and chooses the first rung, for a target that keeps one CPU busy. The highest
 * rung is at most 'max_hz'.
 */
void damon_budget_init(struct damon_budget *b, double percent, double tick_cost_ns,
		       double sample_cost_ns, double fixed_ns, double max_hz);

/*
 * The same with rungs that are periods in accesses: the middle one as above, for a program that
 * makes DAMON_BUDGET_ACCESSES_HZ of them, the others for those that make a tenth or four times as
 * many; but never a sample for less than 20,000 accesses. The caller may round them: see 'period'.
 * 'max_hz' is never exceeded by the rate that is measured, if there is a rung that allows it.
 */
void damon_budget_init_accesses(struct damon_budget *b, double percent, double tick_cost_ns,
				double sample_cost_ns, double fixed_ns, double max_hz);

/* Sets 'rung' and 'wake_aggrs' by what was spent since the last step. Meant to be called about
 * twice a second; a rung is kept for a second at least, the first one for two. */
void damon_budget_step(struct damon_budget *b, const struct damon_spent *s);

#endif
