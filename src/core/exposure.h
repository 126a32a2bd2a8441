/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How closely each aggregation of the window was looked at: its exposure, 1 at the rate at which a
 * target was first observed, more where observations came more often. Counts are compared under
 * their exposures, so that a change of the rate of observations is no change of the program.
 * Weights need none of it: an observation weighs the time that it stands for.
 */
#ifndef CORE_EXPOSURE_H
#define CORE_EXPOSURE_H

#include <stdbool.h>
#include <stdint.h>

struct damon_exposure {
	double *sum, *inverse; /* running sums of x and 1/x, by aggregation modulo nr */
	uint32_t nr;
	double usual_hz, next; /* the rate that is 1; exposure of the aggregation to come */
	bool varies;	       /* has it ever been anything but 1? */
};

/* For windows of 'aggrs' aggregations. Returns 0 or -ENOMEM. */
int damon_exposure_init(struct damon_exposure *x, uint32_t aggrs);
void damon_exposure_release(struct damon_exposure *x);

/* The rate of the aggregation to come; 0 where it is not known: as before. */
void damon_exposure_rate(struct damon_exposure *x, double rate_hz);

/* Aggregation 'now' has ended. */
void damon_exposure_add(struct damon_exposure *x, uint32_t now);

/* Of the last 'aggrs' aggregations, as of 'now'; at most those that the window holds. */
double damon_exposure_of(const struct damon_exposure *x, uint32_t now, uint32_t aggrs);

/*
 * What n observations of these aggregations are worth in bounds, relative to n of equal weight:
 * their variance is that of the sum of unequal weights. At most 1.
 */
double damon_exposure_worth(const struct damon_exposure *x, uint32_t now, uint32_t aggrs);

#endif
