/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "live/regions.h"

#define SAME_IDLE 1.25 /* cold neighbours that are idle for about as long are listed as one */

/* ---- mappings ---- */

/* Pieces of one file are one, and so is what grew. */
static void add_mapping(struct live_model *m, const struct live_mapping *map)
{
	struct live_mapping *last = &m->mappings[m->nr_mappings ? m->nr_mappings - 1 : 0];

	if (m->nr_mappings && !strcmp(last->name, map->name) && map->start <= last->end) {
		last->end = map->end;
		return;
	}
	if (m->nr_mappings < LIVE_MAX_MAPPINGS)
		m->mappings[m->nr_mappings++] = *map;
}

/* The mapping of a region: that of the one before, or a new one. */
static void find_mapping(const struct damon_snapshot *s, size_t at,
			 const struct damon_region_info *r, struct live_mapping *now)
{
	struct damon_mapping_info info = {.size = sizeof(info)};

	if (r->start >= now->start && r->start < now->end)
		return;
	*now = (struct live_mapping){r->start, r->end, ""};
	if (damon_snapshot_mapping(s, at, r->start, &info) <= 0)
		return;
	*now = (struct live_mapping){info.start, info.end, ""};
	name_short(now->name, &info);
}

/* ---- lists ---- */

/* How cold: bytes times the time without an access. */
static double coldness(const struct live_region *r)
{
	return (double)(r->end - r->start) * (double)r->idle_ns;
}

static double hotness(const struct live_region *r)
{
	return r->heat.lo > 0 ? r->heat.lo : r->heat.v * 1e-9; /* what is sure comes first */
}

/* Into a sorted list of limited length. */
static void list(struct live_region *all, size_t *nr, const struct live_region *r,
		 double (*rank)(const struct live_region *r))
{
	double mine = rank(r);
	size_t at = *nr;

	while (at && rank(&all[at - 1]) < mine)
		at--;
	if (at == LIVE_MAX_LISTED)
		return;
	if (*nr < LIVE_MAX_LISTED)
		++*nr;
	memmove(&all[at + 1], &all[at], (*nr - 1 - at) * sizeof(*all));
	all[at] = *r;
}

static bool goes_on(const struct live_region *cold, const struct live_region *r)
{
	double a = (double)cold->idle_ns, b = (double)r->idle_ns;

	return cold->end == r->start && fmax(a, b) <= SAME_IDLE * fmin(a, b) &&
	       !strcmp(cold->name, r->name);
}

/* 'cold' is the run of cold regions so far, empty at first; NULL ends it. */
static void add_cold(struct live_model *m, struct live_region *cold, const struct live_region *r)
{
	if (r && cold->end && goes_on(cold, r)) {
		cold->end = r->end;
		cold->idle_ns = MIN(cold->idle_ns, r->idle_ns);
		cold->heat.hi = MAX(cold->heat.hi, r->heat.hi);
		return;
	}
	if (cold->end)
		list(m->coldest, &m->nr_coldest, cold, coldness);
	*cold = r ? *r : (struct live_region){0};
}

static void describe(const struct live_model *m, const struct damon_region_info *r,
		     const struct live_mapping *map, struct live_region *out)
{
	*out = (struct live_region){
		.start = r->start,
		.end = r->end,
		.heat = {r->heat, r->heat_lo, r->heat_hi},
		.share = {r->share, r->share_lo, r->share_hi},
		.write_share = r->write_share,
		.age_ns = r->age_aggrs * m->aggr_ns,
		.idle_ns = r->idle_aggrs * m->aggr_ns,
	};
	strcpy(out->name, map->name);
}

/* ---- all of them ---- */

/* Bounds without the scale, which is the same for all: those of shares. */
static struct history_region for_history(const struct damon_region_info *r)
{
	double lo = r->share > 0 ? r->share_lo / r->share : 0;
	double hi = r->share > 0 ? r->share_hi / r->share * r->heat : r->heat_hi;

	return (struct history_region){r->start, r->end, (float)r->heat, (float)(r->heat * lo),
				       (float)hi};
}

static void take_chosen(struct live_model *m, const struct damon_snapshot *s, size_t at,
			const struct damon_region_info *r, struct live_mapping *map,
			struct live_region *cold)
{
	struct live_region region;
	uint64_t old = map->start;

	find_mapping(s, at, r, map);
	if (map->start != old || !m->nr_mappings)
		add_mapping(m, map);
	describe(m, r, map, &region);
	m->mapped_bytes += r->end - r->start;
	if (r->heat > 0) {
		m->touched_bytes += r->end - r->start;
		list(m->hottest, &m->nr_hottest, &region, hotness);
	}
	if (r->idle_aggrs)
		add_cold(m, cold, &region);
}

int live_regions_take(struct live_model *m, const struct damon_snapshot *s, size_t at,
		      const struct damon_target_info *t, bool lists)
{
	struct damon_region_info r = {.size = sizeof(r)};
	struct live_mapping map = {0};
	struct live_region cold = {0};
	bool chosen = lists && t->id == m->chosen;
	int err = 0;

	if (chosen) {
		m->nr_hottest = m->nr_coldest = m->nr_mappings = 0;
		m->touched_bytes = m->mapped_bytes = 0;
	}
	for (size_t i = 0; i < t->nr_regions && !err; i++) {
		struct history_region h;

		damon_snapshot_region(s, at, i, &r);
		h = for_history(&r);
		err = history_maker_region(&m->maker, &h);
		if (chosen)
			take_chosen(m, s, at, &r, &map, &cold);
	}
	if (chosen)
		add_cold(m, &cold, NULL);
	return err;
}
