/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Schemes as they were asked for: checked, copied, each with its action. They stay where they are
 * until the set is freed, as jobs point to them.
 */
#ifndef LIB_SCHEME_SET_H
#define LIB_SCHEME_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "action/action.h"
#include "base/fail.h"
#include "damos.h"
#include "os/sys.h"

#define SCHEMES_MAX 256 /* each of them looks at every region of a snapshot */

struct scheme_set {
	struct damos *s;
	const struct damon_action **actions;
	size_t n;
	/* the owner's, by scheme */
	bool *off;		    /* switched off before there was an engine */
	struct damon_fail *refused; /* why acting would be, in a dry run; "": it would not */
	struct damos_stats *told;   /* to a record */
};

/*
 * Copies s[0, n), whose elements are s->size bytes apart, to a new set. Refused, with the reason:
 * what is no scheme (-EINVAL), and what cannot work here (as the action's probe says); with
 * 'dry_run' the latter is noted instead, unless it can work nowhere. 'sys' is asked, nothing is
 * changed.
 */
int scheme_set_new(const struct damon_sys *sys, const struct damos *s, size_t n, bool dry_run,
		   struct scheme_set **out, struct damon_fail *why);
void scheme_set_free(struct scheme_set *set); /* NULL is fine */

#endif
