/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes of cgroups. Those that are forked have their parent's events; what is started from
 * elsewhere, or moved in, is found by looking. Looking takes a twentieth of the time at most.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"

#define MAX_GROUPS    16
#define NEW_PER_LOOK  64 /* processes attached to at one look: rings wait meanwhile */
#define PART_OF_LOOKS 20

int damon_add_cgroup(struct damon_ctx *ctx, const char *path)
{
	struct ctx_members *m = &ctx->members;
	struct ctx_cgroup g = {.path = strdup(path)};

	if (m->nr_groups == MAX_GROUPS || !g.path ||
	    vec_reserve(&m->groups, &m->cap_groups, m->nr_groups + 1, sizeof(*m->groups))) {
		free(g.path);
		return m->nr_groups == MAX_GROUPS
			       ? damon_fail(&ctx->fail, E2BIG, "more than %d cgroups", MAX_GROUPS)
			       : damon_fail(&ctx->fail, ENOMEM, "out of memory");
	}
	m->groups[m->nr_groups++] = g;
	return 0;
}

int members_open(struct damon_ctx *ctx)
{
	struct ctx_members *m = &ctx->members;
	int err = 0;

	for (size_t i = 0; i < m->nr_groups && !err; i++)
		err = damon_cgroup_find(ctx->sys, m->groups[i].path, m->groups[i].dir, &ctx->fail);
	if (!err && m->nr_groups && !ctx->source->events)
		return damon_fail(&ctx->fail, EINVAL,
				  "source '%s' has no events, which processes are seen by",
				  ctx->source->name);
	return err;
}

static bool has(const struct damon_pids *p, int pid)
{
	size_t lo = 0, hi = p->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->v[mid] < pid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < p->nr && p->v[lo] == pid;
}

/* Keeps it sorted. Out of memory it is not kept, and tried again. */
static void add(struct damon_pids *p, int pid)
{
	size_t at = p->nr;

	if (vec_reserve(&p->v, &p->cap, p->nr + 1, sizeof(*p->v)))
		return;
	for (; at > 0 && p->v[at - 1] > pid; at--)
		p->v[at] = p->v[at - 1];
	p->v[at] = pid;
	p->nr++;
}

/* Those of them that still exist: a number may be another process's by now. */
static void forget_closed(struct damon_ctx *ctx)
{
	struct damon_pids *p = &ctx->members.closed;
	char comm[DAMON_COMM_MAX];
	size_t kept = 0;

	for (size_t i = 0; i < p->nr; i++)
		if (!damon_proc_comm(ctx->sys, p->v[i], comm))
			p->v[kept++] = p->v[i];
	p->nr = kept;
}

/* Returns 1 if it was attached to, 0 if it need not be or could not, -EINTR. */
static int meet(struct damon_ctx *ctx, int pid)
{
	struct ctx_members *m = &ctx->members;
	struct damon_fail was = ctx->fail;
	int err;

	if (pid == getpid() || damon_targets_find(damon_core_targets(ctx->core), pid) ||
	    has(&m->closed, pid))
		return 0;
	if (damon_proc_is_kernel(ctx->sys, pid)) {
		add(&m->closed, pid);
		return 0;
	}
	err = ctx_attach(ctx, pid);
	if (err == -EINTR)
		return err;
	if (err && err != -ESRCH) {
		events_closed(ctx, &ctx->fail);
		add(&m->closed, pid);
	}
	if (err)
		ctx->fail = was;
	return !err;
}

/* Attaches to at most 'max' processes of group 'g' that are new. Returns how many there were, or
 * -errno. */
static int look(struct damon_ctx *ctx, struct ctx_cgroup *g, size_t max)
{
	struct ctx_members *m = &ctx->members;
	int err = damon_cgroup_procs(ctx->sys, g->dir, &m->now);
	size_t n = 0;

	for (size_t i = 0; i < m->now.nr && n < max && err >= 0; i++) {
		err = meet(ctx, m->now.v[i]);
		n += err > 0;
	}
	return err < 0 ? err : (int)n;
}

int members_attach(struct damon_ctx *ctx)
{
	struct ctx_members *m = &ctx->members;
	size_t n = 0;

	for (size_t i = 0; i < m->nr_groups; i++) {
		int got = look(ctx, &m->groups[i], SIZE_MAX);

		if (got == -EINTR)
			return got;
		if (got == -EOPNOTSUPP) {
			damon_fail(&ctx->fail, EOPNOTSUPP,
				   "cgroup '%.200s' has threads, not processes", m->groups[i].path);
			damon_fail_remedy(&ctx->fail,
					  "give the one above it that is no threaded one");
			return got;
		}
		if (got < 0)
			return damon_fail(&ctx->fail, -got,
					  "cannot list the processes of cgroup '%.200s': %s",
					  m->groups[i].path, strerror(-got));
		n += (size_t)got;
	}
	if (m->nr_groups && !n && ctx->nr_closed) { /* there are some, and all are refused */
		ctx->fail = ctx->closed_reason;
		return -EACCES;
	}
	return 0;
}

void members_update(struct damon_ctx *ctx)
{
	struct ctx_members *m = &ctx->members;
	uint64_t now_ns = ctx->sys->clock_ns(ctx->sys), took_ns;
	enum damon_work was;

	if (!m->nr_groups || now_ns < m->next_ns)
		return;
	was = rate_work(ctx, DAMON_WORK_MAPS);
	forget_closed(ctx);
	for (size_t i = 0; i < m->nr_groups; i++) {
		struct ctx_cgroup *g = &m->groups[i];

		if (!g->gone && look(ctx, g, NEW_PER_LOOK) == -ENOENT)
			g->gone = true;
	}
	if (ctx->session)
		damon_session_trim(ctx->session);
	rate_work(ctx, was);
	took_ns = ctx->sys->clock_ns(ctx->sys) - now_ns;
	m->next_ns = now_ns + MAX(ctx->attrs.update_ns, PART_OF_LOOKS * took_ns);
}

bool members_gone(const struct damon_ctx *ctx)
{
	for (size_t i = 0; i < ctx->members.nr_groups; i++)
		if (!ctx->members.groups[i].gone)
			return false;
	return true;
}

void members_release(struct damon_ctx *ctx)
{
	struct ctx_members *m = &ctx->members;

	for (size_t i = 0; i < m->nr_groups; i++)
		free(m->groups[i].path);
	free(m->groups);
	damon_pids_release(&m->now);
	damon_pids_release(&m->closed);
}
