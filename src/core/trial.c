/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/stats.h"
#include "core/trial.h"

/* Phases of programs end: a minute ago counts e times less. Rates change sooner. */
static const double fade_ns = 60. * NS_PER_SEC, rate_fade_ns = 2. * NS_PER_SEC;

void damos_trial_release(struct damos_trial *x)
{
	for (size_t i = 0; i < x->n; i++)
		free(x->t[i].r);
	free(x->t);
	*x = (struct damos_trial){0};
}

/* The place of a target, or where it belongs. */
static size_t place_of(const struct damos_trial *x, uint32_t target_id)
{
	size_t lo = 0, hi = x->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (x->t[mid].target_id < target_id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct damos_trial_target *find(const struct damos_trial *x, uint32_t target_id)
{
	size_t at = place_of(x, target_id);

	return at < x->n && x->t[at].target_id == target_id ? &x->t[at] : NULL;
}

static struct damos_trial_target *find_or_add(struct damos_trial *x,
					      const struct damon_target_snapshot *t)
{
	struct damos_trial_target *y = find(x, t->target_id);

	if (!y) {
		size_t at = place_of(x, t->target_id);

		if (vec_reserve(&x->t, &x->cap, x->n + 1, sizeof(*x->t)))
			return NULL;
		y = &x->t[at];
		memmove(y + 1, y, (x->n++ - at) * sizeof(*y));
		*y = (struct damos_trial_target){.target_id = t->target_id,
						 .space_id = t->space_id};
	}
	y->seen = true;
	if (y->space_id != t->space_id) {
		y->space_id = t->space_id;
		y->n = 0;
		y->hits = y->exposure = 0;
	}
	return y;
}

static uint64_t overlap(const struct damon_region *r, const struct damos_trial_range *on)
{
	uint64_t start = MAX(r->start, on->start), end = MIN(r->end, on->end);

	return start < end ? end - start : 0;
}

/* What became of the memory on trial in the last 'passed' aggregations. */
static void count(struct damos_trial_target *y, const struct damon_target_snapshot *t,
		  double passed)
{
	double pages = 0, hit_weight = y->nr_obs > 0 ? y->weight / y->nr_obs : 0;
	size_t k = 0;

	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];
		uint64_t bytes = 0;

		while (k < y->n && y->r[k].end <= r->start)
			k++;
		for (size_t j = k; j < y->n && y->r[j].start < r->end; j++)
			bytes += overlap(r, &y->r[j]);
		pages += (double)(bytes / DAMON_PAGE_SIZE);
		y->hits += bytes && r->idle_aggrs < passed;
	}
	if (hit_weight > 0)
		y->exposure += pages * passed / hit_weight;
}

int damos_trial_count(struct damos_trial *x, const struct damon_target_snapshot *t, uint64_t end_ns,
		      uint64_t aggr_ns)
{
	struct damos_trial_target *y = find_or_add(x, t);
	double past_ns;

	if (!y)
		return -ENOMEM;
	past_ns = y->at_ns && end_ns > y->at_ns ? (double)(end_ns - y->at_ns) : 0;
	y->hits *= exp(-past_ns / fade_ns);
	y->exposure *= exp(-past_ns / fade_ns);
	y->weight = y->weight * exp(-past_ns / rate_fade_ns) + t->weight;
	y->nr_obs = y->nr_obs * exp(-past_ns / rate_fade_ns) + (double)t->nr_obs;
	if (past_ns > 0)
		count(y, t, MAX(round(past_ns / (double)aggr_ns), 1.));
	y->at_ns = end_ns;
	y->n = 0;
	return 0;
}

int damos_trial_add(struct damos_trial *x, uint32_t target_id, uint64_t start, uint64_t end)
{
	struct damos_trial_target *y = find(x, target_id);

	if (!y || start >= end)
		return 0;
	if (y->n && y->r[y->n - 1].end == start) {
		y->r[y->n - 1].end = end;
		return 0;
	}
	if (vec_reserve(&y->r, &y->cap, y->n + 1, sizeof(*y->r)))
		return -ENOMEM;
	y->r[y->n++] = (struct damos_trial_range){start, end};
	return 0;
}

double damos_trial_bound(const struct damos_trial *x, uint32_t target_id)
{
	const struct damos_trial_target *y = find(x, target_id);

	return y && y->exposure > 0 ? damon_poisson_hi(y->hits) / y->exposure : INFINITY;
}

void damos_trial_prune(struct damos_trial *x)
{
	size_t kept = 0;

	for (size_t i = 0; i < x->n; i++) {
		if (!x->t[i].seen) {
			free(x->t[i].r);
			continue;
		}
		x->t[kept] = x->t[i];
		x->t[kept++].seen = false;
	}
	x->n = kept;
}
