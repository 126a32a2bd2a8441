/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may be kept of the processes that a recording tells of, with samples or without. It may tell
 * of any number.
 */
#ifndef LIB_REPLAY_ROOM_H
#define LIB_REPLAY_ROOM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/target.h"
#include "perf/record.h"

/* {0} is empty. */
struct room {
	size_t nr_mappings; /* of all processes, when they were counted */
	size_t uncounted;   /* that came since */
};

/* For one more process that lives now? */
bool room_for_process(const struct damon_targets *ts);

/* For what a record tells of a process? A mapping that there is none for is counted as forgotten.
 */
bool room_for_record(struct room *r, struct damon_targets *ts, const struct damon_perf_record *rec);

#endif
