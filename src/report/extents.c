/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/extents.h"

#define MAX_EXTENTS 4096
#define FIRST_JOIN  (16 * DAMON_PAGE_SIZE)

void extents_release(struct extents *e)
{
	free(e->x);
	*e = (struct extents){0};
}

void extents_join(struct extents *e, uint64_t gap_bytes)
{
	size_t kept = 0;

	for (size_t i = 1; i < e->n; i++) {
		struct extent *last = &e->x[kept], *x = &e->x[i];

		if (x->start > last->end && x->start - last->end > gap_bytes) {
			e->x[++kept] = *x;
			continue;
		}
		last->end = MAX(last->end, x->end);
		last->weight += x->weight;
	}
	e->n = e->n ? kept + 1 : 0;
}

void extents_clip(struct extents *e, uint64_t start, uint64_t end)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->n; i++) {
		struct extent x = e->x[i];
		uint64_t size = x.end - x.start;

		x.start = MAX(x.start, start);
		x.end = MIN(x.end, end);
		if (x.start >= x.end)
			continue;
		x.weight *= (double)(x.end - x.start) / (double)size;
		e->x[kept++] = x;
	}
	e->n = kept;
}

static int insert_at(struct extents *e, size_t at, const struct extent *x)
{
	int err = vec_reserve(&e->x, &e->cap, e->n + 1, sizeof(*e->x));

	if (err)
		return err;
	memmove(&e->x[at + 1], &e->x[at], (e->n - at) * sizeof(*e->x));
	e->x[at] = *x;
	e->n++;
	return 0;
}

/* [*at] is the first range that ends at or after x->start, less the join distance. */
static int merge_at(struct extents *e, size_t at, const struct extent *x)
{
	struct extent *into = &e->x[at];
	size_t last = at;

	if (at == e->n || into->start > x->end + e->join_bytes)
		return insert_at(e, at, x);
	into->start = MIN(into->start, x->start);
	into->end = MAX(into->end, x->end);
	into->weight += x->weight;
	while (last + 1 < e->n && e->x[last + 1].start <= into->end + e->join_bytes)
		last++;
	for (size_t i = at + 1; i <= last; i++) {
		into->end = MAX(into->end, e->x[i].end);
		into->weight += e->x[i].weight;
	}
	memmove(&e->x[at + 1], &e->x[last + 1], (e->n - last - 1) * sizeof(*e->x));
	e->n -= last - at;
	return 0;
}

int extents_add(struct extents *e, const struct damon_snapshot *s, size_t t, size_t nr_regions,
		double weight)
{
	struct damon_region_info r = {.size = sizeof(r)};
	size_t at = 0;
	int err;

	if (!e->join_bytes)
		e->join_bytes = FIRST_JOIN;
	for (size_t i = 0; i < nr_regions; i++) {
		struct extent x;

		damon_snapshot_region(s, t, i, &r);
		if (!(r.share > 0))
			continue;
		while (at < e->n && e->x[at].end + e->join_bytes < r.start)
			at++;
		if (at < e->n && e->x[at].start <= r.start && e->x[at].end >= r.end) {
			e->x[at].weight += r.share * weight;
			continue;
		}
		x = (struct extent){r.start, r.end, r.share * weight};
		err = merge_at(e, at, &x);
		if (err)
			return err;
	}
	while (e->n > MAX_EXTENTS) {
		e->join_bytes *= 2;
		extents_join(e, e->join_bytes);
	}
	return 0;
}
