/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures for Prometheus and what else reads OpenMetrics: taken from snapshots, from the context
 * and its schemes, written once a second, and served from memory. Who asks is answered by a thread
 * that knows nothing but the text, so nobody's request delays or reaches what is monitored.
 */
#ifndef LIVE_METRICS_H
#define LIVE_METRICS_H

#include "base/fail.h"
#include "damon.h"

struct metrics;

/* Is it a "[ADDR:]PORT"? -EINVAL with the sentence. */
int metrics_check(const char *where, struct damon_fail *fail);

/* Listens, and serves at once; 'rss_of': NULL: nobody can be asked. 0, or -errno with the sentence:
 * the port is taken, it is no address of this machine, ... */
int metrics_new(const char *where, const struct damon_ctx *ctx, uint64_t (*rss_of)(int pid),
		struct metrics **out, struct damon_fail *fail);
void metrics_free(struct metrics *m); /* NULL is fine, below as well */

/* By the thread that the context is of: every snapshot, and now and then, whether there are
 * snapshots or not. */
void metrics_take(struct metrics *m, const struct damon_snapshot *s);
void metrics_publish(struct metrics *m, uint64_t now_ns);

#endif
