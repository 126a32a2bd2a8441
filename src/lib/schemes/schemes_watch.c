/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What schemes ask of the world: measured no more often than it is used. And their watermarks:
 * while all are off nothing is sampled. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "lib/ctx.h"
#include "os/memstat.h"

#define RSS_NS	  (NS_PER_SEC / 2) /* a process costs some microseconds */
#define RSS_PROCS 256		   /* beyond, the mean of so many counts for all */

/* ---- the world ---- */

static int want_node(struct schemes_world *w, const struct damon_sys *sys, int nid,
		     struct damon_fail *why)
{
	double used, free;

	if (nid < 0 || nid >= w->nr_nodes || damon_memstat_node_bp(sys, nid, &used, &free)) {
		damon_fail(why, ENODEV, "a goal is of NUMA node %d, which has no memory here", nid);
		damon_fail_remedy(why, "/sys/devices/system/node/has_memory lists those that have");
		return -ENODEV;
	}
	w->node[nid] = true;
	return 0;
}

static int want_memcg(struct schemes_world *w, const struct damon_sys *sys,
		      const struct damos_goal *g, struct damon_fail *why)
{
	struct damos_world_memcg *m = &w->memcgs[w->nr_memcgs];
	char *dir = w->memcg_dir[w->nr_memcgs];
	int err = damon_cgroup_find(sys, g->memcg, dir, why);

	if (err)
		return err;
	err = damon_memstat_memcg_node_bp(sys, dir, g->nid, &m->used_bp);
	if (err == -ENODEV)
		return want_node(w, sys, g->nid, why);
	if (err) {
		damon_fail(why, ENOTSUP,
			   "cannot tell how much memory of node %d cgroup '%s' uses: %s", g->nid,
			   g->memcg, strerror(-err));
		damon_fail_remedy(why, "goals of cgroups need version 2, with the memory "
				       "controller, and its memory.numa_stat");
		return -ENOTSUP;
	}
	m->memcg = strdup(g->memcg);
	m->nid = g->nid;
	if (!m->memcg)
		return damon_fail(why, ENOMEM, "out of memory");
	w->nr_memcgs++;
	return 0;
}

static int want_active(struct schemes_world *w, const struct damon_sys *sys, struct damon_fail *why)
{
	int err = damon_memstat_active_bp(sys, &w->now.active_bp);

	w->active = true;
	return err ? damon_fail(why, -err, "cannot tell how much memory is active: %s",
				strerror(-err))
		   : 0;
}

static int want_goal(struct schemes_world *w, const struct damon_sys *sys,
		     const struct damos_goal *g, struct damon_fail *why)
{
	double us;
	int err;

	switch (g->metric) {
	case DAMOS_GOAL_SOME_MEM_PSI_US:
		w->psi = true;
		err = damon_memstat_psi_some_us(sys, &us);
		if (!err)
			return 0;
		damon_fail(why, -err, "this kernel does not tell of pressure on memory: %s",
			   strerror(-err));
		damon_fail_remedy(why, "boot it with psi=1");
		return err;
	case DAMOS_GOAL_NODE_MEM_USED_BP:
	case DAMOS_GOAL_NODE_MEM_FREE_BP:
		return want_node(w, sys, g->nid, why);
	case DAMOS_GOAL_TARGET_RSS:
		w->rss = true;
		return 0;
	case DAMOS_GOAL_NODE_MEMCG_USED_BP:
	case DAMOS_GOAL_NODE_MEMCG_FREE_BP:
		return want_memcg(w, sys, g, why);
	case DAMOS_GOAL_ACTIVE_MEM_BP:
	case DAMOS_GOAL_INACTIVE_MEM_BP:
		return want_active(w, sys, why);
	default:
		return 0;
	}
}

static int want(struct schemes_world *w, const struct damon_sys *sys, const struct damos *s,
		struct damon_fail *why)
{
	double permil;
	int err = 0;

	for (size_t i = 0; !err && i < s->quota.nr_goals; i++)
		err = want_goal(w, sys, &s->quota.goals[i], why);
	if (err || s->watermarks.metric != DAMOS_WMARK_FREE_MEM_RATE)
		return err;
	w->free_mem = true;
	err = damon_memstat_free_permil(sys, &permil);
	return err ? damon_fail(why, -err, "cannot tell how much memory is free: %s",
				strerror(-err))
		   : 0;
}

int schemes_world_init(struct schemes_world *w, const struct damon_sys *sys,
		       const struct scheme_set *set, struct damon_fail *why)
{
	int n = MAX(damon_memstat_nr_nodes(sys), 1), err = 0;
	size_t nr_goals = 1;

	*w = (struct schemes_world){.nr_nodes = n};
	w->node = calloc((size_t)n, sizeof(*w->node));
	w->used_bp = calloc((size_t)n, sizeof(*w->used_bp));
	w->free_bp = calloc((size_t)n, sizeof(*w->free_bp));
	for (size_t i = 0; i < set->n; i++)
		nr_goals += set->s[i].quota.nr_goals;
	w->memcgs = calloc(nr_goals, sizeof(*w->memcgs));
	w->memcg_dir = calloc(nr_goals, sizeof(*w->memcg_dir));
	if (!w->node || !w->used_bp || !w->free_bp || !w->memcgs || !w->memcg_dir)
		err = damon_fail(why, ENOMEM, "out of memory");
	for (int i = 0; !err && i < n; i++)
		w->used_bp[i] = w->free_bp[i] = NAN;
	for (size_t i = 0; !err && i < set->n; i++)
		err = want(w, sys, &set->s[i], why);
	if (err) {
		schemes_world_release(w);
		return err;
	}
	w->now = (struct damos_world){
		.free_mem_permil = NAN,
		.psi_some_us = NAN,
		.target_rss = NAN,
		.refault_bp = NAN,
		.node_used_bp = w->used_bp,
		.node_free_bp = w->free_bp,
		.nr_nodes = n,
		.active_bp = NAN,
		.memcgs = w->memcgs,
		.nr_memcgs = w->nr_memcgs,
	};
	return 0;
}

void schemes_world_release(struct schemes_world *w)
{
	free(w->node);
	free(w->used_bp);
	free(w->free_bp);
	for (size_t i = 0; i < w->nr_memcgs; i++)
		free((char *)w->memcgs[i].memcg);
	free(w->memcgs);
	free(w->memcg_dir);
	*w = (struct schemes_world){0};
}

static void measure_memcgs(struct schemes_world *w, const struct damon_sys *sys)
{
	for (size_t i = 0; i < w->nr_memcgs; i++) {
		struct damos_world_memcg *m = &w->memcgs[i];

		if (damon_memstat_memcg_node_bp(sys, w->memcg_dir[i], m->nid, &m->used_bp))
			m->used_bp = NAN;
	}
}

/* Of all processes that have a target. */
static double measure_rss(struct damon_ctx *ctx)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	const struct damon_proc *p;
	double sum = 0;
	size_t pos = 0, n = 0, all = 0;
	uint64_t bytes;

	while ((p = damon_targets_next_proc(ts, &pos))) {
		all += p->target != NULL;
		if (!p->target || n >= RSS_PROCS || damon_memstat_rss(ctx->sys, p->pid, &bytes))
			continue;
		sum += (double)bytes;
		n++;
	}
	return n == RSS_PROCS ? sum * (double)all / (double)n : sum;
}

void schemes_measure(struct damon_ctx *ctx, uint64_t now_ns)
{
	struct schemes_world *w = &ctx->schemes->world;
	const struct damon_sys *sys = ctx->sys;

	w->now.now_ns = now_ns;
	if (ctx->replay) /* the world is another one */
		return;
	if (w->free_mem && damon_memstat_free_permil(sys, &w->now.free_mem_permil))
		w->now.free_mem_permil = NAN;
	if (w->psi && damon_memstat_psi_some_us(sys, &w->now.psi_some_us))
		w->now.psi_some_us = NAN;
	if (w->active && damon_memstat_active_bp(sys, &w->now.active_bp))
		w->now.active_bp = NAN;
	measure_memcgs(w, sys);
	if (w->rss && now_ns >= w->rss_next_ns) {
		w->now.target_rss = measure_rss(ctx);
		w->rss_next_ns = now_ns + RSS_NS;
	}
	for (int i = 0; i < w->nr_nodes; i++) {
		if (w->node[i] && damon_memstat_node_bp(sys, i, &w->used_bp[i], &w->free_bp[i]))
			w->used_bp[i] = w->free_bp[i] = NAN;
	}
	w->now.refault_bp = w->looked > 0 ? 1e4 * w->back / w->looked : NAN;
}

/* ---- watermarks ---- */

bool schemes_are_paused(const struct damon_ctx *ctx)
{
	return ctx->schemes && ctx->schemes->paused;
}

uint64_t schemes_edge_ns(const struct damon_ctx *ctx, uint64_t ns)
{
	const struct schemes *s = ctx->schemes;

	if (!s || !s->engine)
		return ns;
	return s->paused ? s->next_watch_ns : MIN(ns, s->next_watch_ns);
}

/* Tasks and mappings must be followed meanwhile: an event of its own does that. */
static bool can_pause(const struct damon_ctx *ctx)
{
	return !ctx->replay && (!ctx->session || ctx->rate.ladder || ctx->first_event);
}

/* Again as long as it lasts, for children that were being forked. What was seen before it is shown,
 * if there was time to see anything. */
static int pause_sampling(struct damon_ctx *ctx, uint64_t now_ns)
{
	struct schemes *s = ctx->schemes;
	int err = 0;

	if (!s->paused && now_ns >= ctx->aggr_start_ns + ctx->attrs.sample_ns)
		err = monitor_cut(ctx, now_ns);
	if (!s->paused)
		s->paused_from_ns = now_ns;
	s->paused = true;
	if (ctx->session)
		damon_session_pause(ctx->session);
	return err;
}

/* Time goes on where it was left: the next interval begins now. */
static int resume_sampling(struct damon_ctx *ctx, uint64_t now_ns)
{
	struct schemes *s = ctx->schemes;
	int err = ctx->session ? damon_session_resume(ctx->session) : 0;

	s->paused = false;
	s->paused_ns += now_ns - s->paused_from_ns;
	ctx->aggr_start_ns = now_ns;
	ctx->next_update_ns = now_ns;
	rate_resume(ctx);
	return err ? damon_fail(&ctx->fail, -err, "cannot go on sampling: %s", strerror(-err)) : 0;
}

int schemes_watch(struct damon_ctx *ctx)
{
	struct schemes *s = ctx->schemes;
	uint64_t now_ns = ctx->sys->clock_ns(ctx->sys);
	bool on;

	if (!s || !s->engine || now_ns < s->next_watch_ns)
		return 0;
	schemes_measure(ctx, now_ns);
	on = damon_schemes_watch(s->engine, &s->world.now, &s->next_watch_ns);
	/* Switched off by hand, and nothing to wait for: what is monitored is still of interest. */
	if (!on && s->next_watch_ns != UINT64_MAX && can_pause(ctx))
		return pause_sampling(ctx, now_ns);
	if (s->paused)
		return resume_sampling(ctx, now_ns);
	return 0;
}
