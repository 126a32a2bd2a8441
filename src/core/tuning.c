/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdbool.h>

#include "base/util.h"
#include "core/tuning.h"

double damon_access_ratio(const struct damon_snapshot *s, const struct damon_view *v,
			  uint64_t sample_ns)
{
	double events = 0, most = 0, nr_samples = (double)v->aggr_ns / v->sample_ns;
	static const struct damon_target_sum no_shares = {0, 1};
	struct damon_view tuned = *v;

	tuned.tuned_ns = sample_ns;
	for (size_t i = 0; i < s->nr_targets; i++) {
		const struct damon_target_snapshot *t = &s->targets[i];

		for (size_t j = 0; j < t->nr_regions; j++) {
			double bytes = (double)(t->regions[j].end - t->regions[j].start);
			struct damon_region_rate rate;
			struct damon_nr_accesses n;

			damon_region_derive(t, j, &tuned, &no_shares, &rate);
			rate.lo = rate.hi = 0; /* bounds cost twice the time, and are not needed */
			damon_region_nr_accesses(t, j, &tuned, &rate, &n);
			events += bytes * n.nr;
			most += bytes * nr_samples;
		}
	}
	return most > 0 ? MIN(events / most, 1.0) : 0;
}

static uint64_t whole_us(double ns)
{
	return MAX((uint64_t)llround(ns / NS_PER_US), (uint64_t)1) * NS_PER_US;
}

/* The range [*lo, *hi] that holds the solution: from the present interval on, in steps that grow.
 */
static void bracket(const struct damon_snapshot *s, const struct damon_view *v, double goal,
		    double now, bool above, double *lo, double *hi)
{
	double min = *lo, max = *hi, step = above ? .5 : 2, last = MIN(MAX(now, min), max);

	for (double at = last; above ? at > min : at < max; step *= step) {
		at = MIN(MAX(at * step, min), max);
		if ((damon_access_ratio(s, v, (uint64_t)at) > goal) != above) {
			*lo = MIN(at, last);
			*hi = MAX(at, last);
			return;
		}
		last = at;
	}
	*lo = *hi = above ? min : max;
}

uint64_t damon_goal_sample(const struct damon_goal *g, const struct damon_snapshot *s,
			   const struct damon_view *v, uint64_t now_ns)
{
	double goal = g->access_bp / 10000., ratio = damon_access_ratio(s, v, now_ns);
	double lo = (double)g->min_sample_ns, hi = (double)g->max_sample_ns;

	if (!(ratio > 0))
		return 0;
	if (fabs(ratio - goal) <= goal / 10)
		return MIN(MAX(now_ns, g->min_sample_ns), g->max_sample_ns);
	bracket(s, v, goal, (double)now_ns, ratio > goal, &lo, &hi);
	while (hi > lo * 1.005) {
		double mid = sqrt(lo * hi);

		ratio = damon_access_ratio(s, v, (uint64_t)mid);
		if (fabs(ratio - goal) <= goal / 50)
			lo = hi = mid;
		else if (ratio > goal)
			hi = mid;
		else
			lo = mid;
	}
	return MIN(MAX(whole_us(sqrt(lo * hi)), g->min_sample_ns), g->max_sample_ns);
}

void damon_tuner_init(struct damon_tuner *t, const struct damon_goal *g, uint64_t sample_ns)
{
	*t = (struct damon_tuner){.goal = *g};
	if (g->access_bp)
		t->sample_ns = MIN(MAX(sample_ns, g->min_sample_ns), g->max_sample_ns);
}

uint64_t damon_tuner_next(struct damon_tuner *t, const struct damon_snapshot *s,
			  const struct damon_view *v)
{
	uint64_t sample_ns;

	if (t->left)
		t->left--;
	if (!t->goal.access_bp || t->left)
		return t->sample_ns;
	sample_ns = damon_goal_sample(&t->goal, s, v, t->sample_ns);
	if (!sample_ns)
		return t->sample_ns;
	t->left = t->goal.aggrs;
	return t->sample_ns = sample_ns;
}

double damon_resolution_hz(double share, uint64_t time_ns)
{
	const double seen = 12;

	return share > 0 && time_ns ? seen / (share * ((double)time_ns / NS_PER_SEC)) : 0;
}

double damon_least_hz(const double hz[DAMON_NR_BOUNDS], enum damon_bound *which)
{
	enum damon_bound least = DAMON_BOUND_ASKED;

	for (int i = 0; i < DAMON_NR_BOUNDS; i++)
		if (hz[i] > 0 && (!(hz[least] > 0) || hz[i] < hz[least]))
			least = (enum damon_bound)i;
	*which = least;
	return MAX(hz[least], 0.0);
}
