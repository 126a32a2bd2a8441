/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that ask for a result, from which intervals and rates are calculated. */
#ifndef CLI_TUNING_H
#define CLI_TUNING_H

#include "base/fail.h"
#include "damon.h"

/* "auto", or "ACCESS_BP,AGGRS,MIN,MAX" ("4%,3,5ms,10s"; bare numbers are basis points and
 * microseconds). Returns 0 or -EINVAL with the sentence. */
int tuning_parse_goal(const char *s, struct damon_intervals_goal *g, struct damon_fail *fail);

/* The same as four words: damo's way. */
int tuning_parse_goal_words(const char *const word[4], struct damon_intervals_goal *g,
			    struct damon_fail *fail);

/* "SHARE/TIME": "1%/1s". */
int tuning_parse_resolution(const char *s, struct damon_sampling *sampling,
			    struct damon_fail *fail);

/* One line about a rate that is not simply what was asked for: what bounds it. */
void tuning_say_rate(const struct damon_ctx *ctx, const struct damon_sampling *asked);

#endif
