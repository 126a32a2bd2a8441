/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which target a report is about: the one asked for, or the hottest, and then the report says so.
 */
#ifndef REPORT_SELECT_H
#define REPORT_SELECT_H

#include "report/known.h"
#include "report/scan.h"

/* Returns 1 with the target in '*t', 0 if the record has no target at all, or -ENOENT with a->fail
 * listing what there is. */
int select_target(struct report_args *a, const struct scan *sc, const struct scan_target **t);

/* True if the user named a target. */
bool select_is_named(const struct report_args *a);

/* True if a listing of several targets shows 't': all, or the one that the user named. 'chosen' is
 * what select_target() gave. */
bool select_shows(const struct report_args *a, const struct scan_target *t,
		  const struct scan_target *chosen);

/* Calls 'fn' with each snapshot of the time that is asked for and each target in it that is listed.
 * Returns 0, or what reading returned. */
typedef void (*select_fn)(void *priv, const struct scan_cursor *c);
int select_each(struct report_args *a, const struct scan *sc, const struct scan_target *chosen,
		select_fn fn, void *priv);

/* Observations of the whole record, and the share of a target in them. */
uint64_t select_total(const struct scan *sc);
struct known select_share(const struct scan *sc, const struct scan_target *t);

/* Beyond doubt: no other one's share may be as large. */
bool select_is_hottest(const struct scan *sc, const struct scan_target *t);

/* "<what> of python3 (pid 12)" and, if the user named none, a line that says that it is the hottest
 * and how to see the others. */
void select_say(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		const char *what);

#endif
