/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recording of perf instead of a session: damon_set_replay(). Its records go the way of live ones
 * (events.c, monitor.c), but for what only a living process can be asked: nothing of /proc is read,
 * as its pids are not of this machine.
 */
#ifndef LIB_REPLAY_H
#define LIB_REPLAY_H

#include <stdbool.h>

#include "lib/ctx.h"

struct replay;

/* Opens the recording, chooses the sources that decode its events, and reads on until the first
 * record has a time: then the recording has begun. Returns 0 or -errno with the reason. */
int replay_open(struct damon_ctx *ctx);

/* Reads some more of it. Returns 1, 0 at its end, or -errno. */
int replay_step(struct damon_ctx *ctx);

/* What is left to do at the end of it, or where reading was stopped. Returns 0 or -errno. */
int replay_finish(struct damon_ctx *ctx);
uint64_t replay_end_ns(const struct damon_ctx *ctx); /* behind what was read so far */
void replay_free(struct replay *r);		     /* NULL is fine */

/* From events.c: is there room for what a record tells of a process? Samples of processes that
 * there was none for are counted as of no target. */
bool replay_has_room(struct damon_ctx *ctx, const struct damon_perf_record *r);

/* From events.c: a sample, in the order of time. Returns 0 or -ENOMEM. */
int replay_on_sample(struct damon_ctx *ctx, const struct damon_perf_record *r);

/* From events.c: gives a mapping the build id of its file, where the recording tells it. */
void replay_tell_file(const struct damon_ctx *ctx, struct damon_mapping *m);

/* What the source that was chosen knows of the recording; NULL: nothing. */
const void *replay_state(const struct damon_ctx *ctx);

void replay_meta(const struct damon_ctx *ctx, struct damon_meta *m);
void replay_totals(const struct damon_ctx *ctx, struct damon_totals *t);
/* Of all its sources. What the kernel cut off their traces is among the totals already. */
void replay_source_stats(const struct damon_ctx *ctx, struct damon_source_stats *sum);

#endif
