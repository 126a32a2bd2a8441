/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An estimator on toy numbers. Pages are small numbers; regions are written as text: "0-100:5@2"
 * is pages 0 to 100 with 5 page observations and an age of 2. */
#ifndef KIT_EST_KIT_H
#define KIT_EST_KIT_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/estimator.h"

#define PAGE(n) ((uint64_t)(n) << DAMON_PAGE_SHIFT)
#define MANY	(1 << 16)

/* An estimator under test and the batch that the next run() hands to it. */
struct kit {
	struct damon_est *e;
	struct damon_hit *hits;
	size_t nr;
	uint32_t tick, horizon;
	size_t max_regions;
	uint64_t outside;
	struct rng rng;
	char text[4096];
};

static inline void setup(struct kit *k)
{
	memset(k, 0, sizeof(*k));
	k->e = damon_est_new(&damon_est_defaults);
	k->hits = calloc(MANY, sizeof(*k->hits));
	k->horizon = 100;
	k->max_regions = 100;
	rng_seed(&k->rng, 1);
	cr_assert(k->e && k->hits);
}

static inline void teardown(struct kit *k)
{
	damon_est_free(k->e);
	free(k->hits);
}

/* "0-100 200-300" */
static inline void map(struct kit *k, const char *text)
{
	struct damon_extent x[64];
	size_t n = 0;
	unsigned int from, to;
	int used;

	while (sscanf(text, " %u-%u%n", &from, &to, &used) == 2) {
		x[n++] = (struct damon_extent){PAGE(from), PAGE(to)};
		text += used;
	}
	cr_assert_eq(damon_est_set_extents(k->e, x, n), 0);
}

/* A hit of a tick of its own. */
static inline void hit(struct kit *k, uint64_t page)
{
	cr_assert_lt(k->nr, MANY);
	k->hits[k->nr++] = (struct damon_hit){
		.page = page, .tick = k->tick++, .weight = 1, .store_weight = .25, .nr = 1};
}

/* 'n' hits, spread at random over [from, to). */
static inline void spread(struct kit *k, uint64_t from, uint64_t to, size_t n)
{
	while (n--)
		hit(k, from + rng_below(&k->rng, to - from));
}

/* One tick that touches each page of [from, to). */
static inline void burst(struct kit *k, uint64_t from, uint64_t to)
{
	uint32_t tick = k->tick;

	for (; from < to; from++) {
		hit(k, from);
		k->hits[k->nr - 1].tick = tick;
	}
	k->tick = tick + 1;
}

static inline void run(struct kit *k)
{
	cr_assert_eq(
		damon_est_aggregate(k->e, k->hits, k->nr, k->horizon, k->max_regions, &k->outside),
		0);
	k->nr = 0;
}

static inline void idle(struct kit *k, unsigned int aggrs)
{
	while (aggrs--)
		run(k);
}

static inline const char *state(struct kit *k)
{
	size_t n, at = 0;
	const struct damon_region *r = damon_est_regions(k->e, &n);

	k->text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += snprintf(k->text + at, sizeof(k->text) - at, "%s%lu-%lu:%u@%u", i ? " " : "",
			       (unsigned long)(r[i].start >> DAMON_PAGE_SHIFT),
			       (unsigned long)(r[i].end >> DAMON_PAGE_SHIFT), r[i].nr_obs,
			       r[i].age_aggrs);
	return k->text;
}

/* The region that holds 'page'. */
static inline struct damon_region at(struct kit *k, uint64_t page)
{
	size_t n;
	const struct damon_region *r = damon_est_regions(k->e, &n);

	for (size_t i = 0; i < n; i++)
		if (r[i].start <= PAGE(page) && PAGE(page) < r[i].end)
			return r[i];
	cr_assert(false, "no region at page %lu of %s", (unsigned long)page, state(k));
	return (struct damon_region){0};
}

static inline size_t nr_regions(struct kit *k)
{
	size_t n;

	damon_est_regions(k->e, &n);
	return n;
}

/* Whatever happened: regions are sorted, within extents, finite, and counts fit each other. */
static inline void check_sound(struct kit *k)
{
	size_t n;
	const struct damon_region *r = damon_est_regions(k->e, &n);

	for (size_t i = 0; i < n; i++) {
		cr_assert_lt(r[i].start, r[i].end);
		cr_assert(!i || r[i - 1].end <= r[i].start);
		cr_assert_leq(r[i].nr_ticks, r[i].nr_obs);
		cr_assert((r[i].nr_ticks > 0) == (r[i].nr_obs > 0));
		cr_assert_geq(r[i].span_aggrs, 1);
		cr_assert(isfinite(r[i].weight) && isfinite(r[i].evenness));
		cr_assert_geq(r[i].evenness, 1);
		cr_assert(r[i].nr_obs || r[i].weight == 0);
		cr_assert(r[i].nr_obs || r[i].idle_aggrs >= r[i].span_aggrs);
	}
	cr_assert(damon_est_clumping(k->e) >= 1 && damon_est_clumping(k->e) <= 1000);
}

#endif
