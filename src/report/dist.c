/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "report/dist.h"

#define LINEAR_SHIFT DAMON_PAGE_SHIFT /* below 2^12 steps are equal */

void dist_clear(struct dist *d)
{
	memset(d, 0, sizeof(*d));
}

static int bucket_of(double v)
{
	int exp;
	double part;

	if (v < (1 << LINEAR_SHIFT))
		return (int)(v / ((1 << LINEAR_SHIFT) / DIST_STEPS));
	if (v >= ldexp(1, LINEAR_SHIFT + DIST_OCTAVES - 1))
		return DIST_OCTAVES * DIST_STEPS - 1;
	part = frexp(v, &exp); /* v = part * 2^exp, part in [0.5, 1) */
	return (exp - LINEAR_SHIFT) * DIST_STEPS + (int)((2 * part - 1) * DIST_STEPS);
}

static double middle_of(int bucket)
{
	int octave = bucket / DIST_STEPS;
	double step = bucket % DIST_STEPS + 0.5;

	if (!octave)
		return step * ((1 << LINEAR_SHIFT) / DIST_STEPS);
	return ldexp(1 + step / DIST_STEPS, octave + LINEAR_SHIFT - 1);
}

void dist_add(struct dist *d, double v, double weight)
{
	if (!(weight > 0) || !(v >= 0))
		return;
	if (v < 1)
		d->none += weight;
	else
		d->weight[bucket_of(v)] += weight;
	d->min = d->total > 0 ? MIN(d->min, v) : v;
	d->max = d->total > 0 ? MAX(d->max, v) : v;
	d->total += weight;
	d->sum += v * weight;
}

double dist_percentile(const struct dist *d, double p)
{
	double below = d->none;

	if (!(d->total > 0))
		return 0;
	if (p <= 0)
		return d->min;
	if (d->none >= p * d->total)
		return 0;
	for (int i = 0; i < DIST_OCTAVES * DIST_STEPS; i++) {
		below += d->weight[i];
		if (d->weight[i] > 0 && below >= p * d->total)
			return fmin(fmax(middle_of(i), d->min), d->max);
	}
	return d->max;
}

double dist_mean(const struct dist *d)
{
	return d->total > 0 ? d->sum / d->total : 0;
}

void dist_known_add(struct dist_known *d, const struct known *k, double weight)
{
	dist_add(&d->v, k->v, weight);
	dist_add(&d->lo, k->lo, weight);
	dist_add(&d->hi, k->hi, weight);
}

struct known dist_known_percentile(const struct dist_known *d, double p)
{
	return (struct known){dist_percentile(&d->v, p), dist_percentile(&d->lo, p),
			      dist_percentile(&d->hi, p)};
}
