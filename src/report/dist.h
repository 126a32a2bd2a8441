/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A weighted distribution of sizes in constant memory: a histogram of 64 equal steps per power of
 * two. Percentiles are within 0.8 % of the exact ones, below 4 KiB within 32 bytes, below 1 they
 * are 0; extremes and mean are exact.
 */
#ifndef REPORT_DIST_H
#define REPORT_DIST_H

#include <stdbool.h>

#include "report/known.h"

#define DIST_STEPS   64
#define DIST_OCTAVES 37 /* [0, 4 KiB), then up to 2^48; what is larger counts as that */

struct dist {
	double weight[DIST_OCTAVES * DIST_STEPS];
	double none; /* weight of what is below 1 */
	double total, sum, min, max;
};

void dist_clear(struct dist *d);
void dist_add(struct dist *d, double v, double weight);
/* 'p' in [0, 1]: the value below which this part of the weight lies. 0 if nothing was added. */
double dist_percentile(const struct dist *d, double p);
double dist_mean(const struct dist *d);

/* The same of a figure and its bounds: as lo <= v <= hi each time, percentiles of lo and hi bound
 * that of v. */
struct dist_known {
	struct dist v, lo, hi;
};
void dist_known_add(struct dist_known *d, const struct known *k, double weight);
struct known dist_known_percentile(const struct dist_known *d, double p);

#endif
