/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why something failed, in one sentence, and what would help.
 *
 * The layer that fails first says what failed; layers above pass the sentence on untouched. Only
 * the program prints it, once:	damon-perf: <text>; <remedy> Sentences are lower case, put names in
 * single quotes and end without a full stop.
 */
#ifndef BASE_FAIL_H
#define BASE_FAIL_H

#include "base/util.h"

struct damon_fail {
	char text[320];
	char remedy[320]; /* empty where nothing is known to help */
};

/* Sets the sentence, clears the remedy. Returns -err, so that 'return damon_fail(f, EINVAL, ...)'
 * works. 'f' may be NULL. */
int damon_fail(struct damon_fail *f, int err, const char *fmt, ...) _printf_(3, 4);

/* Adds what would help. 'f' may be NULL. */
void damon_fail_remedy(struct damon_fail *f, const char *fmt, ...) _printf_(2, 3);

#endif
