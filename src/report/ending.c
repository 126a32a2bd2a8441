/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "report/ending.h"

#define HOT_PART .9 /* of the accesses: the hot set of other reports */

void ending_release(struct ending *e)
{
	free(e->regions);
	*e = (struct ending){0};
}

static int by_heat(const void *a, const void *b)
{
	const struct damon_region_info *x = a, *y = b;

	return x->heat > y->heat ? -1 : x->heat < y->heat;
}

static int find_hot(struct ending *e)
{
	_cleanup_(freep) struct damon_region_info *r = malloc((e->n + 1) * sizeof(*r));
	double all = 0, sum = 0;

	if (!r)
		return -ENOMEM;
	for (size_t i = 0; i < e->n; i++) {
		r[i] = e->regions[i];
		all += r[i].share;
	}
	qsort(r, e->n, sizeof(*r), by_heat);
	for (size_t i = 0; i < e->n && sum < HOT_PART * all; i++) {
		sum += r[i].share;
		e->hot_from = r[i].heat;
	}
	return 0;
}

int ending_keep(struct ending *e, const struct damon_snapshot *s, size_t t, uint64_t aggr_ns)
{
	struct damon_target_info ti = {.size = sizeof(ti)};

	ending_release(e);
	damon_snapshot_target(s, t, &ti);
	e->regions = calloc(ti.nr_regions + 1, sizeof(*e->regions));
	if (!e->regions)
		return -ENOMEM;
	e->aggr_ns = aggr_ns;
	for (e->n = 0; e->n < ti.nr_regions; e->n++) {
		e->regions[e->n].size = sizeof(*e->regions);
		damon_snapshot_region(s, t, e->n, &e->regions[e->n]);
	}
	return find_hot(e);
}

/* The first region that ends behind an address. */
static size_t first_behind(const struct ending *e, uint64_t addr)
{
	size_t lo = 0, hi = e->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (e->regions[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct damon_region_info *ending_at(const struct ending *e, uint64_t addr)
{
	size_t i = first_behind(e, addr);

	return i < e->n && e->regions[i].start <= addr ? &e->regions[i] : NULL;
}

void ending_range(const struct ending *e, uint64_t start, uint64_t end, struct ending_range *out)
{
	double hot[3] = {0, 0, 0}, most = -1;

	*out = (struct ending_range){.idle_ns = UINT64_MAX};
	for (size_t i = first_behind(e, start); i < e->n && e->regions[i].start < end; i++) {
		const struct damon_region_info *r = &e->regions[i];
		uint64_t bytes = MIN(r->end, end) - MAX(r->start, start);
		double much = (r->heat + 1e-9) * (double)bytes; /* if nothing was seen, bytes */

		out->bytes += bytes;
		out->idle_ns = MIN(out->idle_ns, r->idle_aggrs * e->aggr_ns);
		if (e->hot_from > 0) {
			hot[0] += r->heat_lo >= e->hot_from ? (double)bytes : 0;
			hot[1] += r->heat >= e->hot_from ? (double)bytes : 0;
			hot[2] += r->heat_hi >= e->hot_from ? (double)bytes : 0;
		}
		if (much > most) {
			most = much;
			out->age_ns = r->age_aggrs * e->aggr_ns;
		}
	}
	if (out->bytes)
		out->hot = (struct known){hot[1] / (double)out->bytes, hot[0] / (double)out->bytes,
					  hot[2] / (double)out->bytes};
}
