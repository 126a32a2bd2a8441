/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <math.h>

#include "base/rng.h"
#include "base/util.h"
#include "report/dist.h"

static struct dist d;

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

Test(dist, percentiles_are_within_the_stated_precision)
{
	static const struct {
		const char *name;
		double low, high; /* powers of two */
	} rows[] = {{"pages", 12, 20},
		    {"below a page", 0, 12},
		    {"all sizes", 0, 46},
		    {"narrow", 30, 30.1}};
	static const double percents[] = {.01, .25, .5, .75, .95, .99};
	static double v[10001];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rng rng;

		rng_seed(&rng, i);
		dist_clear(&d);
		for (size_t k = 0; k < ARRAY_SIZE(v); k++) {
			v[k] = exp2(rows[i].low + (rows[i].high - rows[i].low) * rng_unit(&rng));
			dist_add(&d, v[k], 1);
		}
		qsort(v, ARRAY_SIZE(v), sizeof(*v), compare);
		for (size_t k = 0; k < ARRAY_SIZE(percents); k++) {
			double want = v[(size_t)ceil(percents[k] * ARRAY_SIZE(v)) - 1];
			double got = dist_percentile(&d, percents[k]);

			cr_expect(fabs(got - want) <= fmax(.008 * want, 32), "%s %g: %g, not %g",
				  rows[i].name, percents[k], got, want);
		}
		cr_expect_float_eq(dist_percentile(&d, 0), v[0], 0);
		cr_expect_float_eq(d.max, v[ARRAY_SIZE(v) - 1], 0);
	}
}

Test(dist, weights_count)
{
	dist_clear(&d);
	dist_add(&d, 100e6, 1);
	dist_add(&d, 200e6, 3);
	dist_add(&d, 1e9, 0);
	cr_expect_float_eq(dist_mean(&d), 175e6, 1e-3);
	cr_expect_float_eq(dist_percentile(&d, .2), 100e6, .8e6);
	cr_expect_float_eq(dist_percentile(&d, .3), 200e6, 1.6e6);
	cr_expect_float_eq(d.max, 200e6, 0);
}

Test(dist, nothing_is_nothing)
{
	dist_clear(&d);
	dist_add(&d, 0, 3);
	dist_add(&d, 4096, 1);
	cr_expect_float_eq(dist_percentile(&d, .5), 0, 0);
	cr_expect_float_eq(dist_percentile(&d, .8), 4096, 32);
}

Test(dist, strange_values_do_no_harm)
{
	dist_clear(&d);
	cr_expect_float_eq(dist_percentile(&d, .5), 0, 0);
	cr_expect_float_eq(dist_mean(&d), 0, 0);
	dist_add(&d, NAN, 1);
	dist_add(&d, -1, 1);
	dist_add(&d, 1, NAN);
	cr_expect_float_eq(d.total, 0, 0);
	dist_add(&d, 0, 1);
	dist_add(&d, INFINITY, 1);
	dist_add(&d, 1e300, 1);
	cr_expect_float_eq(dist_percentile(&d, .1), 0, 32);
	cr_expect(dist_percentile(&d, .9) >= exp2(47));
}
