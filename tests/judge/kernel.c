/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/util.h"
#include "tests/judge/kernel.h"

static void add_region(struct kernel *k, struct kernel_region r)
{
	if (vec_reserve(&k->regions, &k->cap, k->nr + 1, sizeof(r)))
		abort();
	k->regions[k->nr++] = r;
}

void kernel_init(struct kernel *k, const struct kernel_range *r, size_t n, size_t min, size_t max,
		 unsigned int most, uint64_t seed)
{
	uint64_t total = 0;

	*k = (struct kernel){.min = min, .max = max, .most = most};
	rng_seed(&k->rng, seed);
	for (size_t i = 0; i < n; i++)
		total += r[i].end - r[i].start;
	k->limit = MAX(total / min, (uint64_t)1);
	for (size_t i = 0; i < n; i++) {
		uint64_t pages = r[i].end - r[i].start, at = r[i].start;
		uint64_t pieces = MAX(pages * min / total, (uint64_t)1);

		for (uint64_t p = 1; p <= pieces; p++) {
			uint64_t end = r[i].start + pages * p / pieces;

			if (end > at)
				add_region(k, (struct kernel_region){.start = at, .end = end});
			at = end;
		}
	}
}

void kernel_release(struct kernel *k)
{
	free(k->regions);
}

void kernel_check(struct kernel *k, kernel_accessed accessed, void *priv)
{
	for (size_t i = 0; i < k->nr; i++) {
		struct kernel_region *r = &k->regions[i];
		uint64_t page = r->start + rng_below(&k->rng, r->end - r->start);

		r->nr_accesses += accessed(priv, page, &k->rng);
	}
	k->nr_checks += k->nr;
}

static unsigned int diff(unsigned int a, unsigned int b)
{
	return a > b ? a - b : b - a;
}

static void count_age(struct kernel_region *r, unsigned int threshold)
{
	if (diff(r->nr_accesses, r->last_nr_accesses) > threshold ||
	    !r->nr_accesses != !r->last_nr_accesses)
		r->age = 0;
	else
		r->age++;
}

/* 'b' into 'a': means by size. */
static void join(struct kernel_region *a, const struct kernel_region *b)
{
	uint64_t na = a->end - a->start, nb = b->end - b->start;

	a->nr_accesses = (a->nr_accesses * na + b->nr_accesses * nb) / (na + nb);
	a->age = (a->age * na + b->age * nb) / (na + nb);
	a->end = b->end;
}

/* One pass over all regions. */
static void merge_by(struct kernel *k, unsigned int threshold)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->nr; i++) {
		struct kernel_region *r = &k->regions[i], *last;

		count_age(r, threshold);
		last = kept ? &k->regions[kept - 1] : NULL;
		if (last && last->end == r->start &&
		    diff(last->nr_accesses, r->nr_accesses) <= threshold &&
		    r->end - last->start <= k->limit)
			join(last, r);
		else
			k->regions[kept++] = *r;
	}
	k->nr = kept;
}

void kernel_merge(struct kernel *k)
{
	unsigned int top = 0, threshold;

	for (size_t i = 0; i < k->nr; i++)
		top = MAX(top, k->regions[i].nr_accesses);
	threshold = top / 10; /* a tenth of the highest count */
	/* with more regions than allowed, less alike ones are merged, too */
	do {
		merge_by(k, threshold);
		threshold = MAX(1u, threshold * 2);
	} while (k->nr > k->max && threshold / 2 < k->most);
}

/* In up to 'pieces', each cut at a random tenth of what is left. */
static void split_region(struct kernel *k, struct kernel_region r, unsigned int pieces)
{
	while (--pieces) {
		uint64_t pages = r.end - r.start;
		uint64_t cut = pages * (1 + rng_below(&k->rng, 9)) / 10;
		struct kernel_region left = r;

		if (pages < 3 || !cut || cut >= pages)
			break;
		left.end = r.start + cut;
		add_region(k, left);
		r.start = left.end;
	}
	add_region(k, r);
}

void kernel_split(struct kernel *k)
{
	_cleanup_(freep) struct kernel_region *old = NULL;
	size_t nr = k->nr;

	for (size_t i = 0; i < nr; i++) {
		k->regions[i].last_nr_accesses = k->regions[i].nr_accesses;
		k->regions[i].nr_accesses = 0;
	}
	if (nr > k->max / 2)
		return;
	old = k->regions;
	k->regions = NULL;
	k->nr = k->cap = 0;
	for (size_t i = 0; i < nr; i++)
		split_region(k, old[i], k->last_nr == nr && nr < k->max / 3 ? 3 : 2);
	k->last_nr = nr;
}
