/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few formulas that the estimator and the snapshots share. Pure functions of finite arguments.
 */
#ifndef CORE_STATS_H
#define CORE_STATS_H

/*
 * Twice the log-likelihood ratio of "two Poisson rates" against "one rate" for counts ca and cb
 * seen under exposures ea and eb. Chi-squared with one degree of freedom if the rates are equal; 0
 * where an exposure is not positive.
 */
double damon_lr2(double ca, double ea, double cb, double eb);

/* One term of such a ratio: c ln(c / e), 0 for c = 0. */
double damon_lr_term(double c, double e);

/*
 * Two-sided 95 % bounds of a Poisson mean of which 'n' events were seen, by the cube-root
 * approximation of Wilson and Hilferty (1931). The lower one is 0 below 4 events, where it says
 * little; the upper one at 0 events is 3.69 = -ln .025.
 */
double damon_poisson_lo(double n);
double damon_poisson_hi(double n);

/*
 * How much longer visits of a page are than those of one that gets one access in a sampling
 * interval, if it gets 'rate' of them: rate^.3.
 */
double damon_together(double rate);

/*
 * A sum of Poisson counts of different weights, such as the accesses of several regions. {0} is the
 * empty sum.
 */
struct damon_poisson_sum {
	double value, var; /* of all events */
	double most;	   /* the largest weight that one event may have */
};

/* Adds what 'events' events of equal weight came to; where there were none, 'one' is what one would
 * have been. */
void damon_poisson_sum_add(struct damon_poisson_sum *s, double value, double events, double one);

/*
 * Two-sided 95 % bounds of its mean: Fay and Feuer's gamma interval (1997), which is that of one
 * count if all weights are equal. 'lo' is 0 below 4 events' worth of evidence.
 */
void damon_poisson_sum_bounds(const struct damon_poisson_sum *s, double *lo, double *hi);

#endif
