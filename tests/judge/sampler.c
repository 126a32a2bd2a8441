/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/util.h"
#include "core/check.h"
#include "tests/judge/sampler.h"

static const uint64_t sample_ns = 5 * NS_PER_MS, aggr_ns = INTERVALS * 5 * NS_PER_MS;
static const uint64_t base_page = 0x7f0000000ull; /* of page 0 */

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

uint64_t sampler_addr(uint64_t page)
{
	return (base_page + page) << DAMON_PAGE_SHIFT;
}

uint64_t sampler_page(uint64_t addr)
{
	return (addr >> DAMON_PAGE_SHIFT) - base_page;
}

static void map(struct damon_proc *p, const struct kernel_range *r)
{
	struct damon_mapping m = {.start = sampler_addr(r->start),
				  .end = sampler_addr(r->end),
				  .prot = DAMON_PROT_READ | DAMON_PROT_WRITE,
				  .name = ""};

	if (damon_space_map(p->space, &m, 0))
		abort();
}

void sampler_init(struct sampler *s, enum source source, double rate_hz, uint64_t seed,
		  const struct world *w, const struct damon_est_params *est)
{
	struct damon_core_params params = damon_core_defaults;

	*s = (struct sampler){.source = source, .rate_hz = rate_hz};
	s->period = w->per_interval * NS_PER_SEC / sample_ns / rate_hz;
	params.seed = seed;
	params.est = *est;
	rng_seed(&s->rng, 1000 + seed);
	s->core = damon_core_new(&params);
	if (!s->core)
		abort();
	s->proc = damon_targets_add(damon_core_targets(s->core), 1, w->name, 0);
	if (!s->proc)
		abort();
	for (size_t i = 0; i < w->nr_maps; i++)
		map(s->proc, &w->maps[i]);
	s->next = s->period * rng_unit(&s->rng);
}

void sampler_release(struct sampler *s)
{
	damon_core_free(s->core);
	free(s->reads);
	*s = (struct sampler){0};
}

static unsigned int burst_length(struct sampler *s)
{
	if (s->source == SOURCE_EVERY)
		return 1;
	return rng_below(&s->rng, 2) ? DAMON_BURST_MAX
				     : 1 + rng_below(&s->rng, DAMON_BURST_MAX - 1);
}

/* In batches, so that the clock does not count as the core's cost. */
static void hand_over(struct sampler *s)
{
	double from = cpu_now();

	for (size_t i = 0; i < s->nr; i++)
		damon_core_observe(s->core, s->proc, &s->obs[i]);
	s->cpu_ns += cpu_now() - from;
	s->nr = 0;
}

void sampler_begin(struct sampler *s)
{
	if (s->nr == ARRAY_SIZE(s->obs))
		hand_over(s);
	s->obs[s->nr].nr = 0;
	s->obs[s->nr++].weight = s->period;
	s->nr_obs++;
	s->left = burst_length(s);
}

/* The soft source reads a little of the target's memory to learn the addresses behind it. */
static void note_read(struct sampler *s, uint64_t page)
{
	if (!s->is_checked)
		return;
	if (vec_reserve(&s->reads, &s->cap_reads, s->nr_reads + 1, sizeof(*s->reads)))
		abort();
	s->reads[s->nr_reads++] = page;
}

void sampler_take(struct sampler *s, uint64_t page)
{
	struct damon_obs *o = &s->obs[s->nr - 1];

	o->access[o->nr++] =
		(struct damon_access){.addr = sampler_addr(page), .flags = DAMON_ACCESS_LOAD};
	s->left--;
	if (s->source == SOURCE_SOFT && o->nr == 1)
		note_read(s, page);
}

uint64_t sampler_see(struct sampler *s, uint64_t page, uint64_t pos, uint64_t n)
{
	uint64_t end = pos + n;

	for (;;) {
		for (; s->left && s->at < end; s->at++)
			sampler_take(s, page);
		if (s->left)
			return s->at;
		if (s->next >= end)
			return s->next;
		s->at = MAX((uint64_t)s->next, pos);
		s->next += s->period * (.875 + .25 * rng_unit(&s->rng));
		sampler_begin(s);
	}
}

/* Of one target: the snapshot's, in pages of the trace and accesses per sampling interval. */
static void add_regions(const struct damon_target_snapshot *t, const struct damon_view *v,
			struct guess *g)
{
	struct damon_target_sum sum = damon_target_sum(t, v);
	double to_rate = sample_ns / (double)NS_PER_SEC;

	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];
		struct damon_region_rate rate;
		struct damon_nr_accesses nr;

		damon_region_derive(t, i, v, &sum, &rate);
		damon_region_nr_accesses(t, i, v, &rate, &nr);
		guess_add(g, (struct guess_region){
				     .start = sampler_page(r->start),
				     .end = sampler_page(r->end),
				     .fraction = nr.nr / INTERVALS,
				     .fraction_lo = nr.lo / INTERVALS,
				     .fraction_hi = nr.hi / INTERVALS,
				     .heat = rate.heat * to_rate,
				     .lo = rate.lo * to_rate,
				     .hi = rate.hi * to_rate,
				     .edge = rate.edge_bytes >> DAMON_PAGE_SHIFT,
				     .age = r->age_aggrs,
			     });
	}
}

void sampler_aggregate(struct sampler *s, struct guess *guess)
{
	static const enum damon_window windows[NR_FACT_WINDOWS] = {
		DAMON_WINDOW_AGGR, DAMON_WINDOW_1S, DAMON_WINDOW_10S};
	struct damon_view v = {sample_ns, aggr_ns, {1, 1, 1}};
	const struct damon_snapshot *snap;
	uint64_t start_ns = s->aggr++ * aggr_ns;
	double from;

	if (s->left) { /* a burst goes on: its observation belongs to the next interval */
		struct damon_obs last = s->obs[--s->nr];

		hand_over(s);
		s->obs[s->nr++] = last;
	} else {
		hand_over(s);
	}
	from = cpu_now();
	snap = damon_core_aggregate(s->core, start_ns, start_ns + aggr_ns, s->rate_hz);
	s->cpu_ns += cpu_now() - from;
	if (!snap)
		abort();
	guess_clear(guess);
	if (!snap->nr_targets)
		return;
	guess->bounds = true;
	add_regions(&snap->targets[0], &v, guess);
	for (int i = 0; i < NR_FACT_WINDOWS; i++) {
		struct damon_wset_size size;

		damon_wset_checked(&snap->targets[0], windows[i], &v, &size);
		guess->wset[i] =
			(struct guess_wset){size.bytes / DAMON_PAGE_SIZE, size.lo / DAMON_PAGE_SIZE,
					    size.hi / DAMON_PAGE_SIZE};
	}
}
