/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Build ids of the files that targets execute, read from their own memory: that is the file that
 * was mapped, whatever its path means here, or by now. The kernel could tell them with each
 * mapping, but in the place of device and inode (perf/session.c).
 */
#include <errno.h>

#include "lib/ctx.h"
#include "os/build_id.h"

#define READS_PER_INTERVAL 64 /* files */

struct memory {
	const struct damon_sys *sys;
	int pid;
	uint64_t start;
};

static ssize_t read_memory(void *priv, uint64_t offset, void *buf, size_t len)
{
	const struct memory *m = priv;

	return m->sys->read_mem(m->sys, m->pid, m->start + offset, buf, len);
}

ssize_t build_ids_of(struct damon_ctx *ctx, int pid, const struct damon_mapping *m,
		     uint8_t id[DAMON_BUILD_ID_MAX])
{
	struct memory memory = {ctx->sys, pid, m->start};

	return damon_build_id_read(read_memory, &memory, m->end - m->start, id);
}

/* Asks about files as long as there are any and may be; returns how many may still be. What cannot
 * be read stays unknown: nobody asks again. */
static int read_space(struct damon_ctx *ctx, struct damon_space *s, int pid, int left)
{
	const struct damon_mapping *m;

	while (left > 0 && (m = damon_space_ask(s))) {
		uint8_t id[DAMON_BUILD_ID_MAX];
		ssize_t n = build_ids_of(ctx, pid, m, id);

		if (n > 0)
			damon_space_tell(s, m, id, (size_t)n);
		left--;
	}
	return left;
}

void build_ids_read(struct damon_ctx *ctx)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	int left = READS_PER_INTERVAL;

	if (!ctx->writer || ctx->replay)
		return;
	for (size_t i = 0, n = damon_targets_count(ts); i < n && left > 0; i++) {
		const struct damon_target *t = damon_targets_at(ts, i);
		const struct damon_proc *p;
		enum damon_work was;

		if (!t || t->common || !t->space || t->space->asked_id == t->space->next_id)
			continue;
		p = damon_targets_find(ts, t->pid);
		if (!p || p->space != t->space)
			continue;
		was = rate_work(ctx, DAMON_WORK_MAPS);
		left = read_space(ctx, p->space, p->pid, left);
		rate_work(ctx, was);
	}
}
