/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/stats.h"
#include "core/schemes/trial.h"

/* Phases of programs end: a minute ago counts e times less, or what a band takes, if that is
 * longer. Rates change sooner. */
static const double fade_ns = 60. * NS_PER_SEC, rate_fade_ns = 2. * NS_PER_SEC;

void damos_trial_release(struct damos_trial *x)
{
	for (size_t i = 0; i < x->n; i++)
		free(x->t[i].r);
	free(x->t);
	*x = (struct damos_trial){0};
}

int damos_trial_band(uint64_t idle_ns, uint64_t least_ns)
{
	int band = 0;

	if (idle_ns < least_ns)
		return -1;
	for (; idle_ns / 3 >= least_ns && band < DAMOS_TRIAL_BANDS - 1; idle_ns /= 3)
		band++;
	return band;
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
		memset(y->band, 0, sizeof(y->band));
	}
	return y;
}

static uint64_t overlap(const struct damon_region *r, const struct damos_trial_range *on)
{
	uint64_t start = MAX(r->start, on->start), end = MIN(r->end, on->end);

	return start < end ? end - start : 0;
}

/*
 * Was a range hit, which is a part of 'r' or overlaps it? Where it is not known in which place 'r'
 * was hit, as much as it has of it: the rest may be a neighbour that grew.
 */
static double hit(const struct damon_region *r, const struct damos_trial_range *on, double passed)
{
	if (r->idle_aggrs >= passed)
		return 0;
	if (r->hit_start < r->hit_end)
		return r->hit_start < on->end && on->start < r->hit_end;
	return (double)overlap(r, on) / (double)(r->end - r->start);
}

/* What became of the memory on trial in the last 'passed' aggregations. */
static void count(struct damos_trial_target *y, const struct damon_target_snapshot *t,
		  double passed)
{
	double hit_weight = y->nr_obs > 0 ? y->weight / y->nr_obs : 0;
	size_t k = 0;

	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];

		while (k < y->n && y->r[k].end <= r->start)
			k++;
		for (size_t j = k; j < y->n && y->r[j].start < r->end; j++) {
			struct damos_trial_band *b = &y->band[y->r[j].band];
			double pages = (double)(overlap(r, &y->r[j]) / DAMON_PAGE_SIZE);

			b->hits += hit(r, &y->r[j], passed);
			if (hit_weight > 0)
				b->exposure += pages * passed / hit_weight;
		}
	}
}

static void fade(struct damos_trial_target *y, double past_ns, double least_ns)
{
	for (int i = 0; i < DAMOS_TRIAL_BANDS; i++, least_ns *= 3) {
		double left = exp(-past_ns / MAX(fade_ns, 3 * least_ns));

		y->band[i].hits *= left;
		y->band[i].exposure *= left;
	}
}

int damos_trial_count(struct damos_trial *x, const struct damon_target_snapshot *t, uint64_t end_ns,
		      uint64_t aggr_ns, uint64_t least_ns)
{
	struct damos_trial_target *y = find_or_add(x, t);
	double past_ns;

	if (!y)
		return -ENOMEM;
	past_ns = y->at_ns && end_ns > y->at_ns ? (double)(end_ns - y->at_ns) : 0;
	fade(y, past_ns, (double)least_ns);
	y->weight = y->weight * exp(-past_ns / rate_fade_ns) + t->weight;
	y->nr_obs = y->nr_obs * exp(-past_ns / rate_fade_ns) + (double)t->nr_obs;
	if (past_ns > 0)
		count(y, t, MAX(round(past_ns / (double)aggr_ns), 1.));
	y->at_ns = end_ns;
	y->n = 0;
	return 0;
}

int damos_trial_add(struct damos_trial *x, uint32_t target_id,
		    const struct damos_trial_range *range)
{
	struct damos_trial_target *y = find(x, target_id);
	struct damos_trial_range *last = y && y->n ? &y->r[y->n - 1] : NULL;

	if (!y || range->start >= range->end)
		return 0;
	if (last && last->end == range->start && last->band == range->band) {
		last->end = range->end;
		return 0;
	}
	if (vec_reserve(&y->r, &y->cap, y->n + 1, sizeof(*y->r)))
		return -ENOMEM;
	y->r[y->n++] = *range;
	return 0;
}

double damos_trial_bound(const struct damos_trial *x, uint32_t target_id, int band)
{
	const struct damos_trial_target *y = find(x, target_id);
	double hits = 0, exposure = 0, best = INFINITY;

	for (int i = band; y && i >= 0; i--) { /* alone, and with those before it */
		hits += y->band[i].hits;
		exposure += y->band[i].exposure;
		if (exposure > 0)
			best = MIN(best, damon_poisson_hi(hits) / exposure);
	}
	return best;
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
