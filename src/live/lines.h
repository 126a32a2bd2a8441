/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots as lines: for people and logs, and as JSON for programs. One for each snapshot. */
#ifndef LIVE_LINES_H
#define LIVE_LINES_H

#include <stdbool.h>
#include <stdio.h>

#include "damon.h"
#include "damos.h"

struct live_lines {
	FILE *out;
	const struct damon_ctx *ctx;
	uint64_t start_ns;	     /* of the first snapshot; 0: none yet */
	uint64_t (*rss_of)(int pid); /* NULL: nobody can be asked */
	struct damon_stats before;   /* at the last line */
};

/* Each writes a line about a snapshot, with the schemes and the sums of the context as they are
 * now, and flushes it. Returns 0, or -errno if it could not be written. */
int live_lines_text(struct live_lines *l, const struct damon_snapshot *s);
int live_lines_json(struct live_lines *l, const struct damon_snapshot *s);

#endif
