/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "live/model.h"
#include "live/regions.h"
#include "report/losses.h"
#include "report/print.h"

int live_model_init(struct live_model *m, uint64_t column_ns)
{
	*m = (struct live_model){.column_ns = column_ns, .chosen = UINT32_MAX};
	history_init(&m->history);
	m->procs = calloc(LIVE_MAX_PROCS, sizeof(*m->procs));
	m->mappings = calloc(LIVE_MAX_MAPPINGS, sizeof(*m->mappings));
	m->schemes = calloc(LIVE_MAX_SCHEMES, sizeof(*m->schemes));
	if (m->procs && m->mappings && m->schemes)
		return 0;
	live_model_release(m);
	return -ENOMEM;
}

void live_model_release(struct live_model *m)
{
	free(m->procs);
	free(m->mappings);
	free(m->schemes);
	history_release(&m->history);
	history_maker_release(&m->maker);
	*m = (struct live_model){0};
}

void live_model_choose(struct live_model *m, uint32_t id)
{
	if (m->chosen == id)
		return;
	m->chosen = id;
	m->nr_hottest = m->nr_coldest = m->nr_mappings = 0;
	m->touched_bytes = m->mapped_bytes = 0;
}

/* ---- processes ---- */

static struct live_proc *find_proc(const struct live_model *m, uint32_t id)
{
	for (size_t i = 0; i < m->nr_procs; i++)
		if (m->procs[i].id == id)
			return &m->procs[i];
	return NULL;
}

const struct live_proc *live_model_proc(const struct live_model *m, uint32_t id)
{
	return find_proc(m, id);
}

/* NULL beyond the limit. */
static struct live_proc *take_proc(struct live_model *m, const struct damon_target_info *t)
{
	struct live_proc *p = find_proc(m, t->id);
	char comm[sizeof(t->comm) + 1];

	if (!p && m->nr_procs < LIVE_MAX_PROCS) {
		p = &m->procs[m->nr_procs++];
		*p = (struct live_proc){.id = t->id, .share.v = -1, .cpus = -1};
	}
	if (!p)
		return NULL;
	p->pid = t->pid;
	p->nr_procs = t->nr_procs;
	memcpy(comm, t->comm, sizeof(t->comm));
	comm[sizeof(t->comm)] = '\0';
	print_clean(p->comm, sizeof(p->comm), comm);
	p->here = true;
	return p;
}

static void forget_gone(struct live_model *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->nr_procs; i++)
		if (m->procs[i].here)
			m->procs[kept++] = m->procs[i];
	m->nr_procs = kept;
}

static double sum(const double v[LIVE_SPAN])
{
	double all = 0;

	for (size_t i = 0; i < LIVE_SPAN; i++)
		all += v[i];
	return all;
}

/* Over the last columns. */
static void derive_share(const struct live_model *m, struct live_proc *p)
{
	double obs = sum(m->obs), seconds = sum(m->seconds), cpu_ns = sum(p->cpu_ns);

	p->share = obs > 0 ? known_share(sum(p->seen) / obs, obs) : (struct known){-1, -1, -1};
	p->cpus = cpu_ns > 0 && seconds > 0 ? cpu_ns / NS_PER_SEC / seconds : -1;
}

static void next_span(struct live_model *m)
{
	m->at = (m->at + 1) % LIVE_SPAN;
	m->obs[m->at] = m->seconds[m->at] = 0;
	for (size_t i = 0; i < m->nr_procs; i++)
		m->procs[i].seen[m->at] = m->procs[i].cpu_ns[m->at] = 0;
}

static int by_share(const void *a, const void *b)
{
	const struct live_proc *x = a, *y = b;

	if (x->share.v != y->share.v)
		return x->share.v < y->share.v ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Of the hottest: each is a file to read. */
static void ask_rss(struct live_model *m)
{
	if (!m->rss_of)
		return;
	if (m->nr_procs > LIVE_MAX_RSS)
		qsort(m->procs, m->nr_procs, sizeof(*m->procs), by_share);
	for (size_t i = 0; i < m->nr_procs; i++)
		m->procs[i].rss_bytes = i < LIVE_MAX_RSS ? m->rss_of(m->procs[i].pid) : 0;
}

/* ---- columns ---- */

/* Figures that change twice a second cannot be read. */
static bool figures_are_due(const struct live_model *m)
{
	return m->nr_columns % LIVE_FIGURES == 0;
}

static int add_target(struct live_model *m, const struct damon_snapshot *s, size_t at,
		      const struct damon_target_info *t, struct live_proc *p)
{
	struct damon_wss w;
	struct history_target h = {.id = t->id};
	int err;

	damon_snapshot_wss(s, at, DAMON_WSS_1S, &w);
	h.wss = (struct known){w.bytes, w.lo, w.hi};
	h.share = (float)t->share;
	if (p && (figures_are_due(m) || p->share.v < 0)) {
		derive_share(m, p);
		p->wss = h.wss;
	}
	if (p)
		h.share = (float)MAX(p->share.v, 0.0);
	err = history_maker_target(&m->maker, &h);
	if (err)
		return err;
	return live_regions_take(m, s, at, t, figures_are_due(m) || !m->nr_mappings);
}

static int end_column(struct live_model *m, const struct damon_snapshot *s,
		      const struct damon_snapshot_info *info)
{
	struct damon_target_info t = {.size = sizeof(t)};
	struct history_column *c;
	int err = 0;

	m->rate_hz = sum(m->obs) / MAX(sum(m->seconds), 1e-9);
	history_maker_clear(&m->maker);
	for (size_t i = 0; i < info->nr_targets && !err; i++) {
		damon_snapshot_target(s, i, &t);
		err = add_target(m, s, i, &t, find_proc(m, t.id));
	}
	if (err)
		return err;
	c = history_maker_column(&m->maker, m->column_start_ns, info->end_ns);
	if (!c)
		return -ENOMEM;
	history_add(&m->history, c);
	forget_gone(m);
	if (figures_are_due(m))
		ask_rss(m);
	next_span(m);
	m->column_start_ns = info->end_ns;
	m->nr_columns++;
	return 1;
}

static void take_info(struct live_model *m, const struct damon_snapshot_info *info)
{
	if (!m->nr_snapshots++)
		m->start_ns = m->column_start_ns = info->start_ns;
	/* nothing was taken in for a while */
	if (info->start_ns > m->now_ns + m->column_ns)
		m->column_start_ns = info->start_ns;
	m->now_ns = info->end_ns;
	m->aggr_ns = info->end_ns - info->start_ns;
	m->nr_targets = info->nr_targets;
	m->obs[m->at] += (double)info->obs;
	m->seconds[m->at] += (double)m->aggr_ns / NS_PER_SEC;
}

int live_model_snapshot(struct live_model *m, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_target_info t = {.size = sizeof(t)};

	damon_snapshot_info(s, &info);
	take_info(m, &info);
	for (size_t i = 0; i < m->nr_procs; i++)
		m->procs[i].here = false;
	for (size_t i = 0; i < info.nr_targets; i++) {
		struct live_proc *p;

		damon_snapshot_target(s, i, &t);
		p = take_proc(m, &t);
		if (!p)
			continue;
		p->seen[m->at] += t.share * (double)info.obs;
		p->cpu_ns[m->at] += t.cpu_ns;
	}
	if (info.end_ns - m->column_start_ns < m->column_ns)
		return 0;
	return end_column(m, s, &info);
}

/* ---- figures from elsewhere ---- */

void live_model_stats(struct live_model *m, const struct damon_stats *s)
{
	struct damon_stats since;

	losses_since(&m->stats, s, &since);
	m->recent_lost = losses_count(&since) + since.throttled;
	m->stats = *s;
}

void live_model_scheme(struct live_model *m, size_t i, size_t n, const struct damos_stats *s,
		       const struct damos *asked)
{
	struct live_scheme *mine = &m->schemes[MIN(i, (size_t)LIVE_MAX_SCHEMES - 1)];

	m->nr_schemes = MIN(n, (size_t)LIVE_MAX_SCHEMES);
	if (i >= m->nr_schemes)
		return;
	*mine = (struct live_scheme){.stats = *s, .nr_goals = asked ? asked->quota.nr_goals : 0};
	if (mine->nr_goals) {
		mine->metric = asked->quota.goals[0].metric;
		mine->target = asked->quota.goals[0].target;
	}
}

/* ---- mappings ---- */

const struct live_mapping *live_model_mapping(const struct live_model *m, uint64_t start,
					      uint64_t end)
{
	const struct live_mapping *best = NULL;
	uint64_t most = 0;

	for (size_t i = 0; i < m->nr_mappings; i++) {
		const struct live_mapping *map = &m->mappings[i];
		uint64_t from = MAX(start, map->start), to = MIN(end, map->end);

		if (map->start >= end)
			break;
		if (from < to && to - from > most) {
			most = to - from;
			best = map;
		}
	}
	return best;
}
