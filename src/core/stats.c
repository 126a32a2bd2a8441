/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "base/util.h"
#include "core/snapshot.h"
#include "core/stats.h"

static const double z95 = 1.959964; /* of the normal distribution, two-sided 95 % */

double damon_lr_term(double c, double e)
{
	return c > 0 && e > 0 ? c * log(c / e) : 0;
}

double damon_lr2(double ca, double ea, double cb, double eb)
{
	double rate, v;

	if (!(ea > 0) || !(eb > 0) || ca + cb <= 0)
		return 0;
	rate = (ca + cb) / (ea + eb);
	v = 2 * (damon_lr_term(ca, ea * rate) + damon_lr_term(cb, eb * rate));
	return MAX(v, 0.0);
}

double damon_poisson_lo(double n)
{
	double root;

	if (!(n >= 4))
		return 0;
	root = 1 - 1 / (9 * n) - z95 / (3 * sqrt(n));
	return n * root * root * root;
}

double damon_poisson_hi(double n)
{
	double m = n + 1, root = 1 - 1 / (9 * m) + z95 / (3 * sqrt(m));

	if (!(n > 0))
		return 3.6888794541139363; /* exact */
	return m * root * root * root;
}

double damon_together(double rate)
{
	return pow(rate, .3);
}

void damon_poisson_sum_add(struct damon_poisson_sum *s, double value, double events, double one)
{
	if (events > 0 && value > 0) {
		one = value / events;
		s->value += value;
		s->var += value * one;
	}
	s->most = MAX(s->most, one);
}

/* One more event of the largest weight makes the upper bound hold whatever the weights are. */
void damon_poisson_sum_bounds(const struct damon_poisson_sum *s, double *lo, double *hi)
{
	double n = s->var > 0 ? s->value * s->value / s->var : 0;
	double value = s->value + s->most, var = s->var + s->most * s->most;

	*lo = n > 0 ? s->value * damon_poisson_lo(n) / n : 0;
	*hi = value > 0 ? var / value * damon_poisson_hi(value * value / var - 1) : 0;
}

double damon_touched(double mean, double h)
{
	static const double node[] = {0, 1.3556261799742659, -1.3556261799742659, 2.8569700138728,
				      -2.8569700138728};
	static const double part[] = {.53333333333333333, .2220759220056126, .2220759220056126,
				      .0112574113277207, .0112574113277207};
	double sigma, log_median, sum = 0;

	if (!(mean > 0))
		return 0;
	if (!(h > 1 + 1e-9) || !isfinite(h))
		return -expm1(-mean);
	sigma = sqrt(log(h));
	log_median = log(mean) - sigma * sigma / 2;
	for (size_t i = 0; i < ARRAY_SIZE(node); i++)
		sum += part[i] * -expm1(-exp(log_median + sigma * node[i]));
	return MIN(sum, 1.0);
}
