/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "core/schemes/scheme_match.h"

/* What is left of a count that was written as a part of the most: 0.35 * 20 is 7, not 6.99. */
static double whole(double count)
{
	return floor(count + 1e-6);
}

bool damos_match_accesses(const struct damos *s, enum damos_heat heat,
			  const struct damon_nr_accesses *nr, double most)
{
	double min = s->access_min * most, max = s->access_max * most;

	if (round(nr->nr) < whole(min) || round(nr->nr) > whole(max))
		return false;
	if (s->compare == DAMOS_COMPARE_PLAIN)
		return true;
	if (heat == DAMOS_HEAT_COLD)
		return nr->hi <= whole(max) + .5;
	if (heat == DAMOS_HEAT_HOT)
		return nr->lo >= MAX(min - .5, min / 2);
	return true;
}

bool damos_match_wants_idle(const struct damos *s, enum damos_heat heat, double most)
{
	return s->compare == DAMOS_COMPARE_BOUNDS && heat == DAMOS_HEAT_COLD &&
	       whole(s->access_max * most) < 1;
}

uint32_t damos_match_age(const struct damos *s, enum damos_heat heat, const struct damon_region *r,
			 double most)
{
	if (damos_match_wants_idle(s, heat, most))
		return MIN(r->age_aggrs, r->idle_aggrs);
	return r->age_aggrs;
}

/* Pages behind the border of 'r' that may be those of 'next', which touches it. */
static uint64_t band_bytes(const struct damon_region *r, const struct damon_region *next,
			   int distances)
{
	uint64_t bytes = next->end - next->start, most = r->end - r->start;
	double band;

	if (!next->nr_ticks || next->idle_aggrs >= r->idle_aggrs)
		return 0;
	band = ceil(distances * (double)(bytes / DAMON_PAGE_SIZE) / next->nr_ticks) *
	       DAMON_PAGE_SIZE;
	return band < (double)most ? (uint64_t)band : most;
}

struct damos_range damos_match_part(const struct damos *s, enum damos_heat heat,
				    const struct damon_region *r, size_t i, size_t n, int distances)
{
	struct damos_range part = {r[i].start, r[i].end};

	if (s->compare == DAMOS_COMPARE_PLAIN || heat != DAMOS_HEAT_COLD)
		return part;
	if (i > 0 && r[i - 1].end == r[i].start)
		part.min += band_bytes(&r[i], &r[i - 1], distances);
	if (i + 1 < n && r[i + 1].start == r[i].end)
		part.max -= band_bytes(&r[i], &r[i + 1], distances);
	part.max = MAX(part.min, part.max);
	return part;
}

static uint64_t page_down(uint64_t x)
{
	return x & ~(DAMON_PAGE_SIZE - 1);
}

static uint64_t page_up(uint64_t x)
{
	return x > UINT64_MAX - DAMON_PAGE_SIZE ? page_down(UINT64_MAX)
						: page_down(x + DAMON_PAGE_SIZE - 1);
}

/* The pages that an address filter calls inside: where inside is what is let pass, whole pages
 * only, else all that it touches. */
static void inside_of(const struct damos_filter *f, uint64_t *start, uint64_t *end)
{
	if (!f->matching == !f->allow) {
		*start = page_up(f->start);
		*end = MAX(page_down(f->end), *start);
	} else {
		*start = page_down(f->start);
		*end = page_up(f->end);
	}
}

static bool is_core(const struct damos_filter *f)
{
	return f->type == DAMOS_FILTER_ADDR || f->type == DAMOS_FILTER_TARGET;
}

static bool applies(const struct damos_filter *f, uint32_t target_id, uint64_t addr)
{
	uint64_t start, end;

	if (!is_core(f))
		return false;
	if (f->type == DAMOS_FILTER_TARGET)
		return (f->target == target_id) == !!f->matching;
	inside_of(f, &start, &end);
	return (start <= addr && addr < end) == !!f->matching;
}

/* Page filters come after core ones, so where there are any the last of them has the say. */
static bool passes_by_default(const struct damos *s)
{
	for (size_t i = 0; i < s->nr_filters; i++)
		if (!is_core(&s->filters[i]))
			return true;
	return !s->nr_filters || !s->filters[s->nr_filters - 1].allow;
}

static struct damos_pass decide(const struct damos *s, uint32_t target_id, uint64_t addr)
{
	for (size_t i = 0; i < s->nr_filters; i++)
		if (applies(&s->filters[i], target_id, addr))
			return (struct damos_pass){addr, s->filters[i].allow, s->filters[i].allow};
	return (struct damos_pass){addr, passes_by_default(s), false};
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void damos_passes_of(const struct damos *s, uint32_t target_id, struct damos_passes *out)
{
	uint64_t borders[DAMOS_MAX_PASSES] = {0};
	size_t n = 1;

	for (size_t i = 0; i < s->nr_filters; i++) {
		if (s->filters[i].type != DAMOS_FILTER_ADDR)
			continue;
		inside_of(&s->filters[i], &borders[n], &borders[n + 1]);
		n += 2;
	}
	qsort(borders, n, sizeof(*borders), by_address);
	out->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct damos_pass p = decide(s, target_id, borders[i]), *last;

		last = out->n ? &out->at[out->n - 1] : NULL;
		if (!last || last->pass != p.pass || last->allowed != p.allowed)
			out->at[out->n++] = p;
	}
}
