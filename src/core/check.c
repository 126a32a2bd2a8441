/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/rng.h"
#include "base/util.h"
#include "core/check.h"
#include "core/core.h"

void damon_core_check(struct damon_core *c, struct damon_proc *p, const struct damon_check *k)
{
}

size_t damon_core_pick_pages(struct damon_core *c, struct damon_target *t, uint64_t *addr, size_t n)
{
	const struct damon_space *s = t->space;
	struct rng rng;

	if (!s || !s->nr_live)
		return 0;
	rng_seed(&rng, (uint64_t)(uintptr_t)addr + t->id);
	for (size_t i = 0; i < n; i++) {
		const struct damon_mapping *m = &s->live[rng_below(&rng, s->nr_live)];
		uint64_t pages = (m->end - m->start) >> DAMON_PAGE_SHIFT;

		addr[i] = m->start + (rng_below(&rng, pages) << DAMON_PAGE_SHIFT);
	}
	return n;
}
