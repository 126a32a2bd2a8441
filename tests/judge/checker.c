/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/check.h"
#include "tests/judge/checker.h"

static const uint64_t sample_ns = 5 * NS_PER_MS;
enum { INTERVALS_PER_S = AGGRS_PER_S * INTERVALS };

void checker_init(struct checker *c, struct sampler *s, double pages_per_s, bool maps,
		  uint64_t seed)
{
	*c = (struct checker){
		.sampler = s, .per_interval = pages_per_s / INTERVALS_PER_S, .maps = maps};
	c->armed = calloc((size_t)c->per_interval + 1, sizeof(*c->armed));
	if (!c->armed)
		abort();
	s->is_checked = true;
	rng_seed(&c->rng, 2000 + seed);
}

void checker_release(struct checker *c)
{
	free(c->armed);
	free(c->read);
	*c = (struct checker){0};
}

static bool is_read(const struct checker *c, uint64_t page)
{
	for (size_t i = 0; i < c->nr_read; i++)
		if (c->read[i] == page)
			return true;
	return false;
}

/* What was sampled in the interval that has passed is read in the next one. */
static void turn_reads(struct checker *c)
{
	struct sampler *s = c->sampler;

	if (vec_reserve(&c->read, &c->cap_read, s->nr_reads, sizeof(*c->read)))
		abort();
	if (s->nr_reads)
		memcpy(c->read, s->reads, s->nr_reads * sizeof(*c->read));
	c->nr_read = s->nr_reads;
	s->nr_reads = 0;
}

static void look_at_pages(struct checker *c, struct world *w)
{
	struct sampler *s = c->sampler;

	for (size_t i = 0; i < c->nr_armed; i++) {
		struct damon_check k = {.time_ns = w->interval * sample_ns,
					.span_ns = sample_ns,
					.start = c->armed[i],
					.end = c->armed[i] + DAMON_PAGE_SIZE,
					.nr = 1};

		k.touched = is_read(c, sampler_page(k.start)) ||
			    w->accessed(w, sampler_page(k.start), &c->rng);
		damon_core_check(s->core, s->proc, &k);
	}
	c->nr_checks += c->nr_armed;
}

static void arm_pages(struct checker *c)
{
	struct sampler *s = c->sampler;
	size_t n;

	c->carry += c->per_interval;
	n = (size_t)c->carry;
	c->carry -= n;
	c->nr_armed = damon_core_pick_pages(s->core, s->proc->target, c->armed, n);
}

static void look_at_maps(struct checker *c, struct world *w)
{
	struct sampler *s = c->sampler;

	for (size_t i = 0; i < w->nr_maps; i++) {
		const struct kernel_range *m = &w->maps[i];
		struct world_touched t = w->touched(w, m->start, m->end, INTERVALS_PER_S);
		struct damon_check k = {.time_ns = w->interval * sample_ns,
					.span_ns = NS_PER_SEC,
					.start = sampler_addr(m->start),
					.end = sampler_addr(m->end),
					.nr = t.resident,
					.touched = t.pages};

		damon_core_check(s->core, s->proc, &k);
	}
}

void checker_look(struct checker *c, struct world *w)
{
	if (c->per_interval > 0) {
		look_at_pages(c, w);
		arm_pages(c);
	}
	turn_reads(c);
	if (c->maps && w->interval % INTERVALS_PER_S == 0)
		look_at_maps(c, w);
}
