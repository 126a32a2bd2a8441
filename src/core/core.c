/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/check.h"
#include "core/core.h"
#include "core/wset.h"

enum { PAGES_PER_OBS = 4 }; /* that the window is made for */

const struct damon_core_params damon_core_defaults = {
	.sample_ns = 5 * NS_PER_MS,
	.aggr_ns = 100 * NS_PER_MS,
	.update_ns = NS_PER_SEC,
	.min_nr_regions = 10,
	.max_nr_regions = 1000,
	.max_targets = 64,
	.batch_hits = 8192,
	.log_per_sec = 200,
	.wset_entries = 32768,
	.est = {.window_obs = 16384,
		.window_aggrs = 100,
		.change_threshold = 18,
		.merge_threshold = 7},
	.seed = 1,
};

/* A batch of which a random subset of at most 'max' is kept: reservoir sampling (Vitter 1985). */
struct reservoir {
	uint64_t seen;
	size_t nr, max;
};

/* Where the next one goes; SIZE_MAX: nowhere. */
static size_t reservoir_place(struct reservoir *r, struct rng *rng)
{
	uint64_t at = r->seen++;

	if (at < r->max) {
		r->nr = at + 1;
		return at;
	}
	at = r->max ? rng_below(rng, r->seen) : 0;
	return at < r->max ? at : SIZE_MAX;
}

/* What the kept ones stand for. */
static double reservoir_scale(const struct reservoir *r)
{
	return r->nr ? (double)r->seen / r->nr : 1;
}

static void reservoir_clear(struct reservoir *r, size_t max)
{
	*r = (struct reservoir){.max = max};
}

/* What the core keeps of a target beside its estimator and working set. */
struct slot {
	uint32_t generation;
	size_t nr_extents, room; /* extents set, regions allowed when they were taken */
	double load;		 /* hits an aggregation, smoothed: what limits are shared by */
	double accesses, visits; /* decaying sums: their ratio is the burst length */
	double cpu_ns, weight;	 /* of this aggregation */
	uint64_t nr_obs;
	size_t at, nr;	    /* its hits: sorted[at, at + nr) */
	size_t max_regions; /* its share of the limit; 0: it has none */
};

struct damon_core {
	struct damon_core_params params;
	struct damon_targets *targets;
	struct rng rng;
	uint32_t tick, first_tick; /* next one; first one of this aggregation */
	struct reservoir batch_fill, log_fill;
	struct damon_hit *batch, *sorted;
	struct damon_log_entry *log, *old_log;
	size_t nr_old_log;
	double log_carry; /* entries earned but not yet allowed */
	double hits_hz;	  /* of this aggregation: the rate of the hits that were kept */
	double weigh;	  /* what weights are multiplied by */
	struct damon_counts counts;
	struct slot *slots;
	uint32_t *aggr_obs; /* of the last window_aggrs aggregations, a ring */
	uint64_t nr_aggrs;
	uint64_t *tick_seen; /* a bit per tick of this aggregation */
	size_t cap_tick_seen;
	struct damon_extent *extents;
	struct damon_checks *checks;
	struct damon_snapshot snapshot;
};

static size_t log_room(const struct damon_core_params *p)
{
	return (size_t)ceil((double)p->log_per_sec * p->aggr_ns / NS_PER_SEC) + 1;
}

/* How many log entries the coming interval may keep: fractions are carried over. */
static size_t log_share(struct damon_core *c)
{
	double earned = (double)c->params.log_per_sec * c->params.aggr_ns / NS_PER_SEC;
	size_t n;

	c->log_carry += earned;
	n = MIN((size_t)c->log_carry, log_room(&c->params));
	c->log_carry -= n;
	return n;
}

struct damon_core *damon_core_new(const struct damon_core_params *p)
{
	struct damon_core *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->params = *p;
	c->params.max_targets = MIN(MAX(p->max_targets, 1u), (uint32_t)UINT16_MAX);
	c->params.batch_hits = MAX(p->batch_hits, 1u);
	c->params.max_nr_regions = MAX(p->max_nr_regions, 1u);
	c->params.est.window_aggrs = MAX(p->est.window_aggrs, 1u);
	c->weigh = 1;
	rng_seed(&c->rng, p->seed);
	c->targets = damon_targets_new(c->params.max_targets);
	c->batch = calloc(c->params.batch_hits, sizeof(*c->batch));
	c->sorted = calloc(c->params.batch_hits, sizeof(*c->sorted));
	c->log = calloc(log_room(p), sizeof(*c->log));
	c->old_log = calloc(log_room(p), sizeof(*c->old_log));
	c->slots = calloc(c->params.max_targets, sizeof(*c->slots));
	c->aggr_obs = calloc(c->params.est.window_aggrs, sizeof(*c->aggr_obs));
	c->extents = calloc(c->params.max_nr_regions, sizeof(*c->extents));
	c->checks = damon_checks_new(&c->params);
	c->snapshot.targets = calloc(c->params.max_targets, sizeof(*c->snapshot.targets));
	if (!c->targets || !c->batch || !c->sorted || !c->log || !c->old_log || !c->slots ||
	    !c->aggr_obs || !c->extents || !c->checks || !c->snapshot.targets) {
		damon_core_free(c);
		return NULL;
	}
	reservoir_clear(&c->batch_fill, c->params.batch_hits);
	reservoir_clear(&c->log_fill, log_share(c));
	return c;
}

static void forget_target(struct damon_target *t)
{
	damon_est_free(t->est);
	damon_wset_log_free(t->wset);
	t->est = NULL;
	t->wset = NULL;
}

void damon_core_free(struct damon_core *c)
{
	struct damon_target *t;

	if (!c)
		return;
	for (size_t i = 0; c->targets && (t = damon_targets_at(c->targets, i)); i++)
		forget_target(t);
	damon_targets_free(c->targets);
	free(c->batch);
	free(c->sorted);
	free(c->log);
	free(c->old_log);
	free(c->slots);
	free(c->aggr_obs);
	free(c->tick_seen);
	free(c->extents);
	damon_checks_free(c->checks);
	free(c->snapshot.targets);
	free(c);
}

struct damon_targets *damon_core_targets(struct damon_core *c)
{
	return c->targets;
}

void damon_core_count(struct damon_core *c, const struct damon_counts *add)
{
	struct damon_counts *n = &c->counts;

	n->obs += add->obs;
	n->accesses += add->accesses;
	n->unknown += add->unknown;
	n->lost += add->lost;
	n->throttled += add->throttled;
	n->no_address += add->no_address;
	n->no_region += add->no_region;
	n->no_target += add->no_target;
	n->kernel_ticks += add->kernel_ticks;
	n->thinned += add->thinned;
	n->checks += add->checks;
	n->check_no_target += add->check_no_target;
	n->check_no_region += add->check_no_region;
	n->check_thinned += add->check_thinned;
}

void damon_core_cpu(struct damon_core *c, struct damon_target *t, double cpu_ns)
{
	if (t && t->slot < c->params.max_targets && cpu_ns > 0)
		c->slots[t->slot].cpu_ns += cpu_ns;
}

void damon_core_weigh(struct damon_core *c, double factor)
{
	c->weigh = factor;
}

/* ---- observations ---- */

/* The hit of 'addr' among those of this observation, made if there is none. Neighbours in time are
 * often neighbours in space: looks at the last ones first. */
static struct damon_hit *hit_of(struct damon_hit *hits, size_t *n, uint64_t addr, uint32_t tick,
				uint32_t slot)
{
	uint64_t page = addr >> DAMON_PAGE_SHIFT;

	for (size_t i = *n; i > 0; i--)
		if (hits[i - 1].page == page)
			return &hits[i - 1];
	hits[*n] = (struct damon_hit){.page = page, .tick = tick, .target = slot};
	return &hits[(*n)++];
}

static void log_access(struct damon_core *c, const struct damon_proc *p, const struct damon_obs *o,
		       const struct damon_access *a, double weight, bool stall)
{
	static const struct damon_hw not_told;
	const struct damon_hw *hw = a == &o->access[0] ? &o->hw : &not_told;
	size_t at = reservoir_place(&c->log_fill, &c->rng);

	if (at == SIZE_MAX)
		return;
	c->log[at] = (struct damon_log_entry){
		.time_ns = o->time_ns,
		.addr = a->addr,
		.ip = a->ip,
		.pid = o->pid,
		.tid = o->tid,
		.target_id = p->target->id,
		.space_id = p->space ? p->space->id : 0,
		.weight = weight,
		.size = a->size,
		.flags = a->flags,
		.stall = stall,
		.latency = (uint16_t)MIN(hw->latency_cycles, (uint32_t)UINT16_MAX),
		.level = hw->level,
		.hw_flags = hw->flags,
	};
}

void damon_core_observe(struct damon_core *c, struct damon_proc *p, const struct damon_obs *o)
{
	struct damon_hit hits[DAMON_BURST_MAX + 1];
	size_t n = 0, nr = MIN(o->nr, DAMON_BURST_MAX), at;
	float weight = o->weight > 0 && isfinite(o->weight) ? o->weight * (float)c->weigh : 0;
	float stall_weight = o->stall_weight * (float)c->weigh;
	float each = weight / MAX((int)nr + o->nr_carried + o->nr_unknown, 1);
	uint32_t slot;

	c->counts.unknown += o->nr_unknown + o->nr_carried;
	if (!nr && !o->has_stall) {
		c->counts.no_address++;
		return;
	}
	if (!p || !p->target || p->target->slot >= c->params.max_targets) {
		c->counts.no_target++;
		return;
	}
	c->counts.obs++;
	c->counts.accesses += nr;
	slot = p->target->slot;
	for (size_t i = 0; i < nr; i++) {
		struct damon_hit *h = hit_of(hits, &n, o->access[i].addr, c->tick, slot);

		float w = each * (1 + o->access[i].carries);

		h->weight += w;
		h->store_weight += o->access[i].flags & DAMON_ACCESS_STORE ? w : 0;
		h->nr++;
		log_access(c, p, o, &o->access[i], w, false);
	}
	if (o->has_stall) {
		hit_of(hits, &n, o->stall.addr, c->tick, slot)->stall_weight += stall_weight;
		log_access(c, p, o, &o->stall, stall_weight, true);
	}
	for (size_t i = 0; i < n; i++) {
		at = reservoir_place(&c->batch_fill, &c->rng);
		if (at != SIZE_MAX)
			c->batch[at] = hits[i];
	}
	c->tick++;
}

void damon_core_seen_since(const struct damon_core *c, uint32_t *mark, damon_seen_fn fn, void *priv)
{
	bool thinned = c->batch_fill.seen > c->batch_fill.nr;

	for (size_t i = c->batch_fill.nr; i > 0; i--) {
		const struct damon_hit *h = &c->batch[i - 1];

		if ((int32_t)(h->tick - *mark) >= 0)
			fn(priv, damon_targets_at(c->targets, h->target),
			   h->page << DAMON_PAGE_SHIFT);
		else if (!thinned) /* they lie in order of time */
			break;
	}
	*mark = c->tick;
}

/* ---- checks ---- */

void damon_core_check(struct damon_core *c, struct damon_proc *p, const struct damon_check *k)
{
	damon_checks_take(c->checks, p, k);
}

size_t damon_core_pick_pages(struct damon_core *c, struct damon_target *t, uint64_t *addr, size_t n)
{
	return damon_checks_pick(c->checks, t, addr, n);
}

/* ---- the end of an interval ---- */

/* Multiplies the weight of what was thinned by 'scale', and sorts the batch by target. Returns how
 * many were dropped. */
static uint64_t sort_batch(struct damon_core *c, float scale)
{
	size_t n = c->batch_fill.nr, at = 0;
	uint64_t thinned = c->batch_fill.seen - n;

	for (size_t i = 0; i < c->params.max_targets; i++)
		c->slots[i].nr = 0;
	for (size_t i = 0; i < n; i++)
		c->slots[c->batch[i].target].nr++;
	for (size_t i = 0; i < c->params.max_targets; i++) {
		c->slots[i].at = at;
		at += c->slots[i].nr;
		c->slots[i].nr = 0;
	}
	for (size_t i = 0; i < n; i++) {
		struct slot *s = &c->slots[c->batch[i].target];
		struct damon_hit *h = &c->sorted[s->at + s->nr++];

		*h = c->batch[i];
		h->weight *= scale;
		h->store_weight *= scale;
		h->stall_weight *= scale;
	}
	reservoir_clear(&c->batch_fill, c->params.batch_hits);
	return thinned;
}

/*
 * The most aggregations that together hold no more observations than the window may. Where these
 * bring many pages, up to PAGES_PER_OBS of each are free: evidence is counted in observations.
 */
static uint32_t horizon(struct damon_core *c, size_t nr_hits)
{
	uint32_t max = c->params.est.window_aggrs, h = 0;
	uint32_t ticks = c->tick - c->first_tick, hits = nr_hits;
	uint64_t sum = 0;

	c->aggr_obs[c->nr_aggrs++ % max] = MAX(MIN(ticks, hits), hits / PAGES_PER_OBS);
	while (h < max && h < c->nr_aggrs) {
		sum += c->aggr_obs[(c->nr_aggrs - 1 - h) % max];
		if (sum > c->params.est.window_obs)
			break;
		h++;
	}
	return MAX(h, 1u);
}

/* A target that lives, or that was seen in this interval. */
static bool is_active(const struct damon_target *t, const struct slot *s)
{
	return t->nr_procs || s->nr;
}

/*
 * Shares the limit of regions: each active target gets the minimum, the rest goes by the square
 * root of the load, between equal shares and shares by load.
 */
static size_t share_regions(struct damon_core *c)
{
	const struct damon_target *t;
	double all = 0, free_regions;
	size_t nr = 0, least;

	for (size_t i = 0; (t = damon_targets_at(c->targets, i)); i++) {
		struct slot *s = &c->slots[t->slot];

		s->load = s->load ? s->load + .1 * (s->nr - s->load) : s->nr;
		s->max_regions = 0;
		if (!is_active(t, s))
			continue;
		all += sqrt(s->load + 1);
		nr++;
	}
	if (!nr)
		return 0;
	least = MAX(MIN(c->params.min_nr_regions, c->params.max_nr_regions), 1u);
	free_regions = MAX((double)c->params.max_nr_regions - (double)least * nr, 0.0);
	for (size_t i = 0; (t = damon_targets_at(c->targets, i)); i++) {
		struct slot *s = &c->slots[t->slot];

		if (is_active(t, s))
			s->max_regions = least + (size_t)(free_regions * sqrt(s->load + 1) / all);
	}
	return nr;
}

/* Takes the extents from where the target's regions may be if that changed, or if the target's
 * share of regions did by much. */
static int update_extents(struct damon_core *c, struct damon_target *t, struct slot *s)
{
	size_t room = MIN(MAX(s->max_regions / 2, (size_t)1), c->params.max_nr_regions), n = 0;
	const struct damon_space *where = t->bounds ? t->bounds : t->space;
	bool same_space = where ? s->room && t->space && t->space_id == t->space->id &&
					  t->space_version == where->version
				: !s->nr_extents;
	int err;

	if (same_space && s->nr_extents <= s->max_regions * 3 / 4 &&
	    (s->nr_extents < s->room || room <= s->room * 2))
		return 0;
	if (where)
		n = damon_space_extents(where, c->extents, room);
	err = damon_est_set_extents(t->est, c->extents, n);
	if (err)
		return err;
	s->nr_extents = n;
	s->room = room;
	t->space_id = t->space ? t->space->id : 0;
	t->space_version = where ? where->version : 0;
	return 0;
}

/* Makes what the core keeps of a target, or starts it anew if another program took it over. */
static int open_target(struct damon_core *c, struct damon_target *t, struct slot *s,
		       size_t wset_entries)
{
	if (t->est && t->wset && s->generation == t->generation) {
		damon_wset_log_limit(t->wset, wset_entries);
		return 0;
	}
	forget_target(t);
	t->est = damon_est_new(&c->params.est);
	t->wset = damon_wset_log_new(wset_entries);
	s->generation = t->generation;
	s->nr_extents = s->room = 0;
	s->accesses = s->visits = 0;
	if (t->est && t->wset)
		return 0;
	forget_target(t);
	return -ENOMEM;
}

/* Observations of this interval with a hit in a region, their weight, and the burst length. */
static void sum_hits(struct damon_core *c, struct slot *s)
{
	double accesses = 0, visits = 0;

	s->nr_obs = 0;
	s->weight = 0;
	for (size_t i = s->at; i < s->at + s->nr; i++) {
		const struct damon_hit *h = &c->sorted[i];
		uint32_t tick = h->tick - c->first_tick;

		if (!(h->weight > 0))
			continue;
		s->weight += h->weight;
		accesses += h->nr;
		visits++;
		s->nr_obs += !(c->tick_seen[tick / 64] >> tick % 64 & 1);
		c->tick_seen[tick / 64] |= 1ull << tick % 64;
	}
	s->accesses = .9 * s->accesses + accesses;
	s->visits = .9 * s->visits + visits;
}

static int run_target(struct damon_core *c, struct damon_target *t, uint32_t span, uint64_t start,
		      uint64_t end, size_t wset_entries)
{
	struct slot *s = &c->slots[t->slot];
	struct damon_hit *hits = c->sorted + s->at;
	int err = open_target(c, t, s, wset_entries);

	if (!err)
		err = update_extents(c, t, s);
	if (!err)
		damon_est_set_rate(t->est, c->hits_hz);
	if (!err)
		err = damon_est_aggregate(t->est, hits, s->nr, span, s->max_regions,
					  &c->counts.no_region);
	if (!err)
		err = damon_wset_log_add(t->wset, hits, s->nr, start, end);
	if (!err)
		sum_hits(c, s);
	return err;
}

static void show_target(struct damon_core *c, const struct damon_target *t, uint64_t end)
{
	struct damon_snapshot *snap = &c->snapshot;
	struct slot *s = &c->slots[t->slot];
	struct damon_target_snapshot *out = &snap->targets[snap->nr_targets];
	size_t n;
	/* The estimator's regions are ours until the next aggregation. */
	struct damon_region *regions = (struct damon_region *)damon_est_regions(t->est, &n);

	if (!n && !s->nr)
		return;
	*out = (struct damon_target_snapshot){
		.target_id = t->id,
		.space_id = t->space_id,
		.nr_obs = s->nr_obs,
		.weight = s->weight,
		.cpu_ns = s->cpu_ns,
		.burst = s->visits > 0 ? MAX(s->accesses / s->visits, 1.0) : 1,
		.clumping = damon_est_clumping(t->est),
		.regions = regions,
		.nr_regions = n,
	};
	damon_wset_log_counts(t->wset, end, out->wset);
	damon_checks_enter(c->checks, t, end, out);
	snap->nr_targets++;
}

static void turn_log(struct damon_core *c)
{
	float scale = reservoir_scale(&c->log_fill);
	struct damon_log_entry *log = c->log;

	c->nr_old_log = c->log_fill.nr;
	for (size_t i = 0; i < c->nr_old_log; i++)
		log[i].weight *= scale;
	c->log = c->old_log;
	c->old_log = log;
	reservoir_clear(&c->log_fill, log_share(c));
}

const struct damon_log_entry *damon_core_log(const struct damon_core *c, size_t *n)
{
	*n = c->nr_old_log;
	return c->old_log;
}

/* Room for a bit per tick of this interval, all clear. */
static int clear_ticks(struct damon_core *c)
{
	size_t words = (c->tick - c->first_tick) / 64 + 1;

	if (vec_reserve(&c->tick_seen, &c->cap_tick_seen, words, sizeof(*c->tick_seen)))
		return -ENOMEM;
	memset(c->tick_seen, 0, words * sizeof(*c->tick_seen));
	return 0;
}

static int run_targets(struct damon_core *c, uint64_t start, uint64_t end, size_t nr_hits)
{
	size_t nr_active = share_regions(c);
	size_t entries = c->params.wset_entries / MAX(nr_active, (size_t)1);
	uint32_t span = horizon(c, nr_hits);
	struct damon_target *t;
	int err = clear_ticks(c);

	for (size_t i = 0; !err && (t = damon_targets_at(c->targets, i)); i++) {
		struct slot *s = &c->slots[t->slot];

		if (is_active(t, s)) {
			err = run_target(c, t, span, start, end, entries);
			if (!err)
				show_target(c, t, end);
		} else {
			forget_target(t);
		}
		s->cpu_ns = 0;
	}
	return err;
}

const struct damon_snapshot *damon_core_aggregate(struct damon_core *c, uint64_t start_ns,
						  uint64_t end_ns, double rate_hz)
{
	struct damon_snapshot *s = &c->snapshot;
	float scale = reservoir_scale(&c->batch_fill);
	size_t nr_hits = c->batch_fill.nr;
	struct damon_counts checked;
	int err;

	c->hits_hz = (rate_hz > 0 ? rate_hz : 1) / scale;
	c->counts.thinned += sort_batch(c, scale);
	damon_checks_begin(c->checks);
	turn_log(c);
	s->start_ns = start_ns;
	s->end_ns = end_ns;
	s->rate_hz = rate_hz;
	s->nr_targets = 0;
	err = run_targets(c, start_ns, end_ns, nr_hits);
	c->first_tick = c->tick;
	damon_checks_end(c->checks, &checked);
	damon_core_count(c, &checked);
	s->counts = c->counts;
	if (err)
		return NULL;
	c->counts = (struct damon_counts){0};
	return s;
}
