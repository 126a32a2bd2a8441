/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vpmu/chain.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "tests/vpmu/list.h"
#include "tests/vpmu/read.h"

static const uint64_t sample_ns = 5 * NS_PER_MS, aggr_ns = INTERVALS * 5 * NS_PER_MS;
enum { SECONDS = 20, PID = 1000 };

/* What happens next: an observation or a mapping. */
struct moment {
	struct damon_obs obs;
	struct damon_mapping map;
	bool is_map;
	uint64_t time_ns;
};

struct chain {
	const struct world *w;
	struct damon_core *core;
	struct damon_proc *proc;
	struct moment *moments; /* in the order of time */
	size_t nr, cap, next;
	uint64_t nr_obs;
	uint32_t aggr;
	double interval_ns; /* of the file, of an aggregation */
	bool no_memory;
};

/* ---- reading ---- */

static struct moment *add_moment(struct chain *c, uint64_t time_ns)
{
	struct moment *m;

	if (vec_reserve(&c->moments, &c->cap, c->nr + 1, sizeof(*c->moments))) {
		c->no_memory = true;
		return NULL;
	}
	m = &c->moments[c->nr++];
	*m = (struct moment){.time_ns = time_ns};
	return m;
}

static void take_obs(void *priv, const struct damon_obs *o)
{
	struct chain *c = priv;
	struct moment *m = add_moment(c, o->time_ns);

	if (!m)
		return;
	m->obs = *o;
	c->nr_obs += o->nr > 0;
}

static void take_record(void *priv, const struct damon_perf_record *r)
{
	struct moment *m;

	if (r->type != PERF_RECORD_MMAP2)
		return;
	m = add_moment(priv, r->time_ns);
	if (!m)
		return;
	m->is_map = true;
	m->map = (struct damon_mapping){
		.start = r->mmap.map.start,
		.end = r->mmap.map.start +
		       ((r->mmap.map.len + DAMON_PAGE_SIZE - 1) & ~(DAMON_PAGE_SIZE - 1)),
		.offset = r->mmap.map.offset,
		.dev = r->mmap.map.dev,
		.inode = r->mmap.map.inode,
		.prot = (uint8_t)r->mmap.map.prot,
		.name = "", /* borders are kept by address */
	};
}

static int start(struct chain *c, const char *path, const struct damon_core_params *p,
		 struct damon_fail *f)
{
	static const struct vpmu_read_ops ops = {.obs = take_obs, .record = take_record};
	struct vpmu_read_stats stats;
	int err = vpmu_read(path, &ops, c, &stats, f);

	if (err)
		return err;
	if (stats.unclaimed)
		return damon_fail(f, ENOTSUP, "no source decodes '%s'", path);
	c->core = damon_core_new(p);
	if (c->core)
		c->proc = damon_targets_add(damon_core_targets(c->core), PID, c->w->name, 0);
	return c->proc && !c->no_memory ? 0 : damon_fail(f, ENOMEM, "out of memory");
}

struct chain *chain_new(const char *path, const struct world *w, const struct damon_est_params *est,
			uint64_t seed, struct damon_fail *f)
{
	struct damon_core_params params = damon_core_defaults;
	struct chain *c = calloc(1, sizeof(*c));

	if (!c || !w->origins) {
		damon_fail(f, c ? EINVAL : ENOMEM,
			   c ? "a recording needs the trace of its run" : "out of memory");
		free(c);
		return NULL;
	}
	c->w = w;
	/* the world's intervals have whole numbers of accesses */
	c->interval_ns = INTERVALS * w->per_interval * SECONDS * NS_PER_SEC / w->accesses;
	params.seed = seed;
	params.est = *est;
	if (start(c, path, &params, f)) {
		chain_free(c);
		return NULL;
	}
	return c;
}

void chain_free(struct chain *c)
{
	if (!c)
		return;
	damon_core_free(c->core);
	free(c->moments);
	free(c);
}

double chain_rate(const struct chain *c)
{
	return c->nr_obs / (double)SECONDS;
}

/* ---- judging ---- */

/* In pages of the trace, as far as the world has them; 'map' is where to look on from. */
static void add_region(const struct chain *c, size_t *map, struct guess_region r, struct guess *g)
{
	const struct world *w = c->w;
	uint64_t start = r.start, end = r.end;

	while (*map < w->nr_maps &&
	       w->origins[*map] + (w->maps[*map].end - w->maps[*map].start) <= start)
		++*map;
	for (size_t i = *map; i < w->nr_maps && w->origins[i] < end; i++) {
		uint64_t origin = w->origins[i], pages = w->maps[i].end - w->maps[i].start;

		r.start = w->maps[i].start + MAX(start, origin) - origin;
		r.end = w->maps[i].start + MIN(end, origin + pages) - origin;
		guess_add(g, r);
	}
}

static void add_regions(const struct chain *c, const struct damon_target_snapshot *t,
			const struct damon_view *v, struct guess *g)
{
	struct damon_target_sum sum = damon_target_sum(t, v);
	double to_rate = sample_ns / (double)NS_PER_SEC;
	size_t map = 0;

	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];
		struct damon_region_rate rate;
		struct damon_nr_accesses nr;
		struct guess_region x;

		damon_region_derive(t, i, v, &sum, &rate);
		damon_region_nr_accesses(t, i, v, &rate, &nr);
		x = (struct guess_region){.start = r->start >> DAMON_PAGE_SHIFT,
					  .end = r->end >> DAMON_PAGE_SHIFT,
					  .fraction = nr.nr / INTERVALS,
					  .fraction_lo = nr.lo / INTERVALS,
					  .fraction_hi = nr.hi / INTERVALS,
					  .heat = rate.heat * to_rate,
					  .lo = rate.lo * to_rate,
					  .hi = rate.hi * to_rate,
					  .edge = rate.edge_bytes >> DAMON_PAGE_SHIFT,
					  .age = r->age_aggrs};
		add_region(c, &map, x, g);
	}
}

static void add_wsets(const struct damon_target_snapshot *t, const struct damon_view *v,
		      struct guess *g)
{
	static const enum damon_window windows[NR_FACT_WINDOWS] = {
		DAMON_WINDOW_AGGR, DAMON_WINDOW_1S, DAMON_WINDOW_10S};

	for (int i = 0; i < NR_FACT_WINDOWS; i++) {
		struct damon_wset_size s;

		damon_wset_checked(t, windows[i], v, &s);
		g->wset[i] = (struct guess_wset){s.bytes / DAMON_PAGE_SIZE, s.lo / DAMON_PAGE_SIZE,
						 s.hi / DAMON_PAGE_SIZE};
	}
}

/* What happened before the end of the interval. */
static void feed(struct chain *c, double end_ns)
{
	for (; c->next < c->nr && c->moments[c->next].time_ns < end_ns; c->next++) {
		struct moment *m = &c->moments[c->next];

		if (!m->is_map)
			damon_core_observe(c->core, c->proc, &m->obs);
		else if (damon_space_map(c->proc->space, &m->map, m->time_ns))
			abort();
	}
}

void chain_aggregate(struct chain *c, struct guess *guess)
{
	struct damon_view v = {sample_ns, aggr_ns, {1, 1, 1}};
	uint64_t start_ns = c->aggr++ * aggr_ns;
	const struct damon_snapshot *snap;

	feed(c, VPMU_START_NS + c->aggr * c->interval_ns);
	snap = damon_core_aggregate(c->core, start_ns, start_ns + aggr_ns, 0);
	if (!snap)
		abort();
	guess_clear(guess);
	if (!snap->nr_targets)
		return;
	guess->bounds = true;
	add_regions(c, &snap->targets[0], &v, guess);
	add_wsets(&snap->targets[0], &v, guess);
}
