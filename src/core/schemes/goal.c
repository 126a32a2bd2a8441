/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/util.h"
#include "core/schemes/goal.h"

void damos_tuning_init(struct damos_tuning *t, const struct damos_quota *q)
{
	*t = (struct damos_tuning){.bytes = q->nr_goals ? 0 : INFINITY};
	for (size_t i = 0; i < DAMOS_MAX_GOALS; i++)
		t->current[i] = t->psi_us[i] = t->score[i] = NAN;
	for (size_t i = 0; i < q->nr_goals; i++)
		if (q->goals[i].metric == DAMOS_GOAL_USER_INPUT)
			t->current[i] = (double)q->goals[i].current;
}

void damos_tuning_feedback(struct damos_tuning *t, size_t goal, double current)
{
	t->current[goal] = current;
}

/* Stalls since the last look, per reset interval: looks are late at times. */
static double psi_delta(struct damos_tuning *t, size_t i, const struct damos_quota *q,
			const struct damos_world *w)
{
	double last = t->psi_us[i], us = w->psi_some_us, passed;

	t->psi_us[i] = us;
	if (isnan(last) || isnan(us) || us < last)
		return NAN;
	passed = (double)(w->now_ns - t->at_ns);
	return q->reset_ns && passed > 0 ? (us - last) * q->reset_ns / passed : us - last;
}

static double of_node(const double *bp, int nr, int nid)
{
	return bp && nid >= 0 && nid < nr ? bp[nid] : NAN;
}

static double of_memcg(const struct damos_world *w, const struct damos_goal *g)
{
	for (size_t i = 0; i < w->nr_memcgs; i++) {
		const struct damos_world_memcg *m = &w->memcgs[i];

		if (m->nid == g->nid && g->memcg && !strcmp(m->memcg, g->memcg))
			return m->used_bp;
	}
	return NAN;
}

/* NAN: could not be measured. */
static double measure(struct damos_tuning *t, size_t i, const struct damos_quota *q,
		      const struct damos_world *w, double refault_bp)
{
	switch (q->goals[i].metric) {
	case DAMOS_GOAL_USER_INPUT:
		return t->current[i];
	case DAMOS_GOAL_SOME_MEM_PSI_US:
		return psi_delta(t, i, q, w);
	case DAMOS_GOAL_NODE_MEM_USED_BP:
		return of_node(w->node_used_bp, w->nr_nodes, q->goals[i].nid);
	case DAMOS_GOAL_NODE_MEM_FREE_BP:
		return of_node(w->node_free_bp, w->nr_nodes, q->goals[i].nid);
	case DAMOS_GOAL_TARGET_RSS:
		return w->target_rss;
	case DAMOS_GOAL_REFAULT_BP:
		return isnan(refault_bp) ? w->refault_bp : refault_bp;
	case DAMOS_GOAL_NODE_MEMCG_USED_BP:
		return of_memcg(w, &q->goals[i]);
	case DAMOS_GOAL_NODE_MEMCG_FREE_BP:
		return 10000 - of_memcg(w, &q->goals[i]);
	case DAMOS_GOAL_ACTIVE_MEM_BP:
		return w->active_bp;
	case DAMOS_GOAL_INACTIVE_MEM_BP:
		return 10000 - w->active_bp;
	case DAMOS_NR_GOAL_METRICS:
		break;
	}
	return NAN;
}

static double score_of(const struct damos_goal *g, double current)
{
	double target = (double)g->target;

	if (g->metric != DAMOS_GOAL_TARGET_RSS)
		return current / target;
	return current > 0 ? target / current : INFINITY;
}

static bool adds_up(enum damos_goal_metric m)
{
	return damos_goal_has_node(m) || m == DAMOS_GOAL_TARGET_RSS ||
	       m == DAMOS_GOAL_ACTIVE_MEM_BP || m == DAMOS_GOAL_INACTIVE_MEM_BP;
}

/*
 * The score that a goal goes to. Four intervals damp a swing whose quota is a hundredth of the goal
 * or more, and are stable up to a quarter of it. Far from the goal it is the score that counts.
 */
static double foresee(struct damos_tuning *t, size_t i, const struct damos_quota *q, double score)
{
	static const double intervals = 4, most = .5;
	double last = t->score[i];

	t->score[i] = score;
	if (q->tuner != DAMOS_TUNER_CONSIST || !adds_up(q->goals[i].metric) || !isfinite(last) ||
	    !isfinite(score))
		return score;
	return score + fmin(fmax(intervals * (score - last), -most), most);
}

double damos_tuning_score(struct damos_tuning *t, const struct damos_quota *q,
			  const struct damos_world *w, double refault_bp)
{
	double score = NAN;

	for (size_t i = 0; i < q->nr_goals; i++) {
		double current = measure(t, i, q, w, refault_bp);

		if (isnan(current))
			continue;
		t->current[i] = current;
		current = score_of(&q->goals[i], current);
		score = fmax(score, foresee(t, i, q, current)); /* passes NAN over */
	}
	t->at_ns = w->now_ns;
	return score;
}

void damos_tuning_step(struct damos_tuning *t, const struct damos_quota *q, double score,
		       uint64_t used, uint64_t floor_bytes)
{
	double most = q->bytes ? (double)q->bytes : INFINITY, floor = (double)floor_bytes, next;

	if (!q->nr_goals || isnan(score))
		return;
	if (q->tuner == DAMOS_TUNER_TEMPORAL) {
		t->bytes = score < 1 ? most : 0;
		return;
	}
	next = t->bytes * fmin(fmax(2 - score, 0), 2);
	if (score < 1 && (double)used < t->bytes / 2)
		next = t->bytes;
	t->bytes = fmin(fmax(next, floor), most);
}
