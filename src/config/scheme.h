/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of a scheme are called, and whether they fit together. For files and options. */
#ifndef CONFIG_SCHEME_H
#define CONFIG_SCHEME_H

#include "config/value.h"

/* DAMON's names; those that cannot work here have the reason. Values: of actions the index of
 * their row, of others the enums of damos.h. */
extern const struct word scheme_actions[], scheme_filters[], scheme_metrics[], scheme_tuners[],
	scheme_wmarks[], scheme_compares[];

/* A goal's target, in the unit of its metric: "10 ms", "99.7 %", "1 GiB". */
int scheme_goal_target(const struct issues *is, const struct place *at, const char *text,
		       struct damos_goal *g);
bool scheme_metric_has_node(enum damos_goal_metric m);
bool scheme_metric_has_memcg(enum damos_goal_metric m);
bool scheme_metric_is_part(enum damos_goal_metric m); /* a share, in 1/10000 */

bool scheme_migrates(const struct damos *s);

/* Room for one more. NULL: there is none, refused. */
struct damos_filter *scheme_add_filter(const struct issues *is, const struct place *at,
				       struct damos *s);
struct damos_goal *scheme_add_goal(const struct issues *is, const struct place *at,
				   struct damos *s);
struct damos_dest *scheme_add_dest(const struct issues *is, const struct place *at,
				   struct damos *s);

/* A scheme that was read as a whole. */
int scheme_check(const struct issues *is, const struct place *at, const struct damos *s);

#endif
