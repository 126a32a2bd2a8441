/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core_cost SIZE_MIB RATE PAGES [LOG]: what the core costs per observation. A target of that size
 * gets RATE observations a second of PAGES pages each; nine tenths go to 64 hot chunks, a twentieth
 * of it in all, the rest anywhere. 20 s of it for settling, then 10 s are timed. Prints ns per
 * observation, and the part that damon_core_observe() has. LOG: accesses that are kept of each
 * second, instead of the default.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/core.h"

enum { CHUNKS = 64, AGGRS = 300, SETTLED = 200, AGGRS_PER_S = 10, MAX_OBS = 10000 };

static struct damon_obs batch[MAX_OBS]; /* of an aggregation */

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static uint64_t some_page(struct rng *rng, uint64_t pages)
{
	uint64_t chunk = pages / 20 / CHUNKS + 1, every = pages / CHUNKS;

	if (!rng_below(rng, 10))
		return rng_below(rng, pages);
	return MIN(rng_below(rng, CHUNKS) * every + rng_below(rng, chunk), pages - 1);
}

static void fill(struct rng *rng, uint64_t pages, size_t n, unsigned int nr)
{
	for (size_t i = 0; i < n; i++) {
		batch[i] = (struct damon_obs){.weight = 1000, .nr = nr};
		for (unsigned int k = 0; k < nr; k++)
			batch[i].access[k].addr = (some_page(rng, pages) + (1 << 20))
						  << DAMON_PAGE_SHIFT;
	}
}

int main(int argc, char **argv)
{
	uint64_t pages =
		argc == 4 || argc == 5 ? strtoull(argv[1], NULL, 10) << (20 - DAMON_PAGE_SHIFT) : 0;
	size_t n = pages ? strtoull(argv[2], NULL, 10) / AGGRS_PER_S : 0;
	unsigned int nr = n ? strtoul(argv[3], NULL, 10) : 0;
	struct damon_core_params params = damon_core_defaults;
	struct damon_mapping m = {.start = 1ull << 32, .prot = DAMON_PROT_READ, .name = ""};
	struct damon_core *c;
	struct damon_proc *p;
	double observe = 0, all = 0;
	struct rng rng;

	if (argc == 5)
		params.log_per_sec = strtoul(argv[4], NULL, 10);
	c = damon_core_new(&params);
	p = c ? damon_targets_add(damon_core_targets(c), 1, "bench", 0) : NULL;
	m.end = m.start + (pages << DAMON_PAGE_SHIFT);
	if (!n || n > MAX_OBS || !nr || nr > DAMON_BURST_MAX || !p ||
	    damon_space_map(p->space, &m, 0)) {
		fprintf(stderr, "usage: core_cost SIZE_MIB RATE PAGES [LOG]\n");
		return 1;
	}
	rng_seed(&rng, 1);
	for (uint64_t a = 0; a < AGGRS; a++) {
		double from, seen;

		fill(&rng, pages, n, nr);
		from = cpu_ns();
		for (size_t i = 0; i < n; i++)
			damon_core_observe(c, p, &batch[i]);
		seen = cpu_ns();
		if (!damon_core_aggregate(c, a * params.aggr_ns, (a + 1) * params.aggr_ns,
					  (double)n * AGGRS_PER_S))
			return 1;
		if (a >= SETTLED) {
			observe += seen - from;
			all += cpu_ns() - from;
		}
	}
	printf("%.1f %.1f\n", all / n / (AGGRS - SETTLED), observe / n / (AGGRS - SETTLED));
	damon_core_free(c);
	return 0;
}
