/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SNAPSHOT: all snapshots since the last flush. Makes integers of them and back; how those are
 * written: snapshot_code.c, region_code.c. */
#include <float.h>
#include <math.h>

#include "base/util.h"
#include "record/chunk.h"

/* ---- to integers ---- */

static double per_obs(double weight, uint32_t obs)
{
	return weight / (obs ? obs : 1);
}

/* A share of 'whole' in 1/255. 0 and 255 say none and all exactly. */
static uint8_t share(double part, double whole)
{
	if (!(part > 0) || !(whole > 0))
		return 0;
	if (part >= whole)
		return 255;
	return (uint8_t)MIN(MAX(lround(part / whole * 255), 1l), 254l);
}

static struct region_code region_to_code(const struct damon_region *r)
{
	return (struct region_code){
		.start = r->start >> DAMON_PAGE_SHIFT,
		.end = r->end >> DAMON_PAGE_SHIFT,
		.obs = r->nr_obs,
		.ticks = r->nr_ticks,
		.age = r->age_aggrs,
		.span = r->span_aggrs,
		.idle = r->idle_aggrs,
		.weight = (uint16_t)quant(per_obs(r->weight, r->nr_obs), QUANT_WEIGHT),
		.stall = (uint16_t)quant(per_obs(r->stall_weight, r->nr_obs), QUANT_STALL),
		.evenness = (uint16_t)quant(r->evenness, QUANT_EVENNESS),
		.store = share(r->store_weight, r->weight),
		.checks = (uint16_t)quant(r->nr_checks, QUANT_CHECKS),
		.touched = (uint16_t)quant(MIN(r->nr_touched, r->nr_checks), QUANT_CHECKS),
		.now_ticks = (uint16_t)quant(r->now_ticks, QUANT_NOW),
		.now_weight = r->now_ticks > 0
				      ? (uint16_t)quant(r->now_weight / r->now_ticks, QUANT_NOW)
				      : 0,
	};
}

static struct wset_code wset_to_code(const struct damon_wset *w)
{
	return (struct wset_code){
		.n = quant(w->n, QUANT_WSET),
		.d = quant(w->d, QUANT_WSET),
		.f1 = quant(w->f1, QUANT_WSET),
		.f2 = quant(w->f2, QUANT_WSET),
		.span = quant(w->span_ns, QUANT_TARGET),
	};
}

static void checks_to_code(const struct damon_target_snapshot *s, struct target_code *t)
{
	t->visit = quant(s->visit_weight, QUANT_BURST);
	t->checks = t->visit ? CHECKED_VISIT : 0;
	for (size_t i = 0; i < DAMON_NR_WINDOWS; i++) {
		const struct damon_wset_check *w = &s->checked[i];

		t->checked[i] = (struct wset_check_code){
			.touched = quant(w->touched, QUANT_TARGET),
			.pages = quant(w->pages, QUANT_TARGET),
			.seen = quant(w->seen, QUANT_TARGET),
			.late = quant(w->late_ns, QUANT_TARGET),
		};
		if (t->checked[i].pages)
			t->checks |= CHECKED_WINDOW << i;
	}
	for (size_t i = 0; i < s->nr_regions; i++)
		if (s->regions[i].nr_checks > 0)
			t->checks |= CHECKED_REGIONS;
}

/* False: not what a snapshot may be. */
static bool target_to_code(const struct damon_target_snapshot *s, struct target_code *t,
			   struct region_code *regions)
{
	uint64_t end = 0;

	t->id = s->target_id;
	t->space = s->space_id;
	t->weight = quant(s->weight, QUANT_TARGET);
	t->cpu = quant(s->cpu_ns, QUANT_TARGET);
	t->burst = quant(s->burst, QUANT_BURST);
	t->clumping = quant(s->clumping, QUANT_BURST);
	t->obs = s->nr_obs;
	t->nr = s->nr_regions;
	t->max_span = 0;
	t->is_now = 0;
	for (size_t i = 0; i < DAMON_NR_WINDOWS; i++)
		t->wset[i] = wset_to_code(&s->wset[i]);
	checks_to_code(s, t);
	for (size_t i = 0; i < s->nr_regions; i++) {
		struct region_code r = regions[i] = region_to_code(&s->regions[i]);

		if (r.start < end || r.start >= r.end || r.end > SNAPSHOT_MAX_PAGE || !r.span)
			return false;
		end = r.end;
		t->max_span = MAX(t->max_span, r.span);
		t->is_now |= r.now_ticks > 0;
	}
	return true;
}

static int frame_to_code(const struct damon_snapshot *s, struct frame_code *f)
{
	size_t nr_regions = 0;

	if (s->nr_targets > SNAPSHOT_MAX_TARGETS)
		return -EINVAL;
	for (size_t i = 0; i < s->nr_targets; i++)
		nr_regions += s->targets[i].nr_regions;
	if (nr_regions > SNAPSHOT_MAX_REGIONS)
		return -EINVAL;
	if (vec_reserve(&f->targets, &f->cap_targets, s->nr_targets, sizeof(*f->targets)) ||
	    vec_reserve(&f->regions, &f->cap_regions, nr_regions + 1, sizeof(*f->regions)))
		return -ENOMEM;
	f->start_ns = s->start_ns;
	f->end_ns = s->end_ns;
	f->rate = quant(s->rate_hz, QUANT_RATE);
	f->counts = s->counts;
	f->nr_targets = s->nr_targets;
	f->nr_regions = 0;
	for (size_t i = 0; i < s->nr_targets; i++) {
		struct target_code *t = &f->targets[i];

		t->first = f->nr_regions;
		if (!target_to_code(&s->targets[i], t, f->regions + t->first))
			return -EINVAL;
		f->nr_regions += t->nr;
	}
	return 0;
}

int damon_out_snapshot(struct record_out *o, const struct damon_snapshot *s)
{
	struct damon_snapshot_code *c = &o->snapshots;
	int err;

	if (!c->nr)
		damon_snapshot_code_clear(c, true);
	err = frame_to_code(s, &c->cur);
	return err ? err : damon_snapshot_code_next(c);
}

static int encode(struct record_out *o, struct record_payload *p)
{
	struct damon_snapshot_code *c = &o->snapshots;

	if (!c->nr)
		return 0;
	pack_var(&p->raw, c->nr);
	c->nr = 0;
	return damon_streams_write(p, c->stream, SNAPSHOT_NR_STREAMS);
}

/* ---- from integers ---- */

static struct damon_region region_from_code(const struct region_code *r)
{
	float n = r->obs ? (float)r->obs : 1.0f;
	float weight = MIN(unquant(r->weight, QUANT_WEIGHT) * n, FLT_MAX);
	float now_ticks = unquant(r->now_ticks, QUANT_NOW);

	return (struct damon_region){
		.start = r->start << DAMON_PAGE_SHIFT,
		.end = r->end << DAMON_PAGE_SHIFT,
		.nr_obs = r->obs,
		.nr_ticks = r->ticks,
		.span_aggrs = r->span,
		.age_aggrs = r->age,
		.idle_aggrs = r->idle,
		.weight = weight,
		.store_weight = r->store == 255 ? weight : weight * ((float)r->store / 255.0f),
		.stall_weight = MIN(unquant(r->stall, QUANT_STALL) * n, FLT_MAX),
		.evenness = unquant(r->evenness, QUANT_EVENNESS),
		.nr_checks = unquant(r->checks, QUANT_CHECKS),
		.nr_touched = unquant(MIN(r->touched, r->checks), QUANT_CHECKS),
		.now_ticks = now_ticks,
		.now_weight = MIN(unquant(r->now_weight, QUANT_NOW) * now_ticks, FLT_MAX),
	};
}

static struct damon_wset wset_from_code(const struct wset_code *w)
{
	return (struct damon_wset){
		.n = unquant(w->n, QUANT_WSET),
		.d = unquant(w->d, QUANT_WSET),
		.f1 = unquant(w->f1, QUANT_WSET),
		.f2 = unquant(w->f2, QUANT_WSET),
		.span_ns = unquant(w->span, QUANT_TARGET),
	};
}

static struct damon_wset_check wset_check_from_code(const struct wset_check_code *w)
{
	return (struct damon_wset_check){
		.touched = unquant(w->touched, QUANT_TARGET),
		.pages = unquant(w->pages, QUANT_TARGET),
		.seen = unquant(w->seen, QUANT_TARGET),
		.late_ns = unquant(w->late, QUANT_TARGET),
	};
}

static void target_from_code(const struct target_code *t, struct damon_region *regions,
			     struct damon_target_snapshot *out)
{
	*out = (struct damon_target_snapshot){
		.target_id = t->id,
		.space_id = t->space,
		.nr_obs = t->obs,
		.weight = unquant(t->weight, QUANT_TARGET),
		.cpu_ns = unquant(t->cpu, QUANT_TARGET),
		.burst = unquant(t->burst, QUANT_BURST),
		.clumping = unquant(t->clumping, QUANT_BURST),
		.visit_weight = unquant(t->visit, QUANT_BURST),
		.regions = regions + t->first,
		.nr_regions = t->nr,
	};
	for (size_t i = 0; i < DAMON_NR_WINDOWS; i++) {
		out->wset[i] = wset_from_code(&t->wset[i]);
		out->checked[i] = wset_check_from_code(&t->checked[i]);
	}
}

static int frame_from_code(const struct frame_code *f, struct record_in *in)
{
	struct damon_snapshot *s = &in->snapshot;

	if (vec_reserve(&s->targets, &in->cap_snapshot_targets, f->nr_targets,
			sizeof(*s->targets)) ||
	    vec_reserve(&in->regions, &in->cap_regions, f->nr_regions + 1, sizeof(*in->regions)))
		return -ENOMEM;
	s->start_ns = f->start_ns;
	s->end_ns = f->end_ns;
	s->rate_hz = unquant(f->rate, QUANT_RATE);
	s->sample_ns = damon_in_sample_ns(in, f->start_ns);
	s->counts = f->counts;
	s->nr_targets = f->nr_targets;
	for (size_t i = 0; i < f->nr_regions; i++)
		in->regions[i] = region_from_code(&f->regions[i]);
	for (size_t i = 0; i < f->nr_targets; i++)
		target_from_code(&f->targets[i], in->regions, &s->targets[i]);
	return 0;
}

static int decode(struct record_in *in, struct damon_pack *p, bool first, struct damon_item *item)
{
	struct damon_snapshot_code *c = &in->snapshots;
	int err;

	if (first) {
		damon_snapshot_code_clear(c, false);
		c->nr = pack_max(p, 0, pack_left(p));
		err = damon_streams_read(p, c->stream, SNAPSHOT_NR_STREAMS, SNAPSHOT_NR_STREAMS);
		if (err)
			return err;
	}
	if (!c->nr)
		return 0;
	err = damon_snapshot_code_next(c);
	if (!err)
		err = frame_from_code(&c->base, in);
	*item = (struct damon_item){.type = DAMON_ITEM_SNAPSHOT, .snapshot = &in->snapshot};
	return err ? err : 1;
}

const struct chunk_kind damon_chunk_snapshot = {4, "SNAPSHOT", encode, decode};
