/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures that are known only so far: an estimate and where the truth lies with 95 %. Here alone is
 * decided how many digits of one are shown.
 *
 * The last digit shown is that in which half the interval begins, and no more than the third: "12
 * MiB [9, 16]", "12.3 MiB". Bounds are rounded outwards, to the same digit, or where that would
 * move one by more than an eighth, to a finer one: "20 MiB [0.57, 30]". They are in the unit of the
 * value unless that makes them too long. Of what was not seen there is only a limit: "<30 k"; what
 * has no lower bound is "~30 k". A share whose bounds are [0, 100] is not known: "?".
 */
#ifndef REPORT_KNOWN_H
#define REPORT_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

struct known {
	double v, lo, hi; /* lo <= v <= hi; all the same: exact */
};

/* How a figure is written. */
enum known_kind {
	KNOWN_COUNT,   /* powers of 1000: "12.3 k" */
	KNOWN_BYTES,   /* powers of 1024: "12.3 MiB" */
	KNOWN_PERCENT, /* of a share of 1: "12.3 %" */
	KNOWN_PLAIN,   /* "9.53", "12", however large: of some that were counted */
};

#define KNOWN_MAX      48 /* bytes of a value */
#define KNOWN_TEXT_MAX (3 * KNOWN_MAX)

/* Each returns 'buf': "12 MiB"; "[9, 16]", "" where bounds tell nothing more; "12 MiB [9, 16]". */
char *known_value(char *buf, const struct known *k, enum known_kind kind);
char *known_bounds(char *buf, const struct known *k, enum known_kind kind);
char *known_text(char *buf, const struct known *k, enum known_kind kind);

/* How far off it may be: the square root of hi / lo, 1 if exact, INFINITY if lo is 0. */
double known_factor(const struct known *k);

/* True if 'a' is larger than 'b' beyond doubt: the intervals do not meet. */
bool known_above(const struct known *a, const struct known *b);

/* A share that 'n' independent observations tell: Wilson's interval (1927), 95 %; of fewer than
 * four that have it there is no lower bound. */
struct known known_share(double share, double n);

/* Widened by a factor that is known to be within [lo, hi] itself. */
struct known known_times(struct known k, struct known factor);

#endif
