/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 'record --replay': what it takes and what it says. */
#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

#include <stdbool.h>
#include <string.h>

#include "cli/options/option.h"
#include "damon.h"

/* Refuses options of 'record' that a recording leaves nothing to do for, and a command. 0 or
 * -EINVAL. */
int replay_check(const struct option_row *rows, const struct option_line *line,
		 struct damon_fail *fail);

/* Snapshots of the kernel's DAMON hold checks, and no samples. */
static inline bool replayed_checks(const struct damon_stats *s)
{
	return !strcmp(s->source, "kdamon");
}

/* Says which options counted for nothing. */
void replay_say_unused(const struct damon_ctx *ctx, const struct option_row *rows,
		       const struct option_line *line);

/* Says what of the recording came to nothing, if anything did. */
void replay_say(const struct damon_stats *s);

#endif
