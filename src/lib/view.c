/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/check.h"
#include "core/stats.h"
#include "damon.h"
#include "lib/out.h"
#include "lib/view.h"

/* Stall weight per aggregation over all regions. */
static double stall_rate(const struct damon_target_snapshot *t)
{
	double sum = 0;

	for (size_t i = 0; i < t->nr_regions; i++)
		sum += (double)t->regions[i].stall_weight / t->regions[i].span_aggrs;
	return sum;
}

int view_set(struct view *v, const struct damon_snapshot *s)
{
	int err = vec_reserve(&v->totals, &v->cap_totals, s->nr_targets, sizeof(*v->totals));

	if (err)
		return err;
	v->snap = *s;
	v->units.tuned_ns = s->sample_ns;
	v->weight = 0;
	for (size_t i = 0; i < s->nr_targets; i++) {
		v->totals[i].sum = damon_target_sum(&s->targets[i], &v->units);
		v->totals[i].stall = stall_rate(&s->targets[i]);
		v->weight += s->targets[i].weight;
	}
	return 0;
}

void view_release(struct view *v)
{
	free(v->totals);
	v->totals = NULL;
	v->cap_totals = 0;
}

/* The public pointer is to the first member. */
static const struct view *view_of(const struct damon_snapshot *s)
{
	return (const struct view *)s;
}

void damon_snapshot_info(const struct damon_snapshot *s, struct damon_snapshot_info *out)
{
	const struct damon_counts *c = &s->counts;
	const struct damon_view *u = &view_of(s)->units;
	struct damon_snapshot_info i = {
		.start_ns = s->start_ns,
		.end_ns = s->end_ns,
		.epoch_offset_ns = view_of(s)->epoch_offset_ns,
		.nr_targets = s->nr_targets,
		.obs = c->obs,
		.lost = c->lost,
		.throttled = c->throttled,
		.no_address = c->no_address,
		.no_region = c->no_region,
		.kernel_ticks = c->kernel_ticks,
		.sample_ns = u->tuned_ns ? u->tuned_ns : u->sample_ns,
		.aggr_ns = u->aggr_ns,
		.checks = c->checks,
	};

	if (u->tuned_ns)
		i.aggr_ns = (uint64_t)((double)u->tuned_ns * u->aggr_ns / u->sample_ns);

	out_copy(out, i);
}

void damon_snapshot_target(const struct damon_snapshot *s, size_t t, struct damon_target_info *out)
{
	const struct view *v = view_of(s);
	const struct damon_target_snapshot *ts = &s->targets[t];
	const struct damon_target *target = v->target(v->owner, ts->target_id);
	struct damon_target_info i = {
		.id = ts->target_id,
		.nr_regions = ts->nr_regions,
		.obs = ts->nr_obs,
		.share = v->weight > 0 ? ts->weight / v->weight : 0,
		.cpu_ns = ts->cpu_ns,
	};

	if (target) {
		i.pid = target->pid;
		i.nr_procs = target->nr_procs_total;
		memcpy(i.comm, target->comm, sizeof(i.comm));
	}
	out_copy(out, i);
}

static double ratio(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

void damon_snapshot_region(const struct damon_snapshot *s, size_t t, size_t r,
			   struct damon_region_info *out)
{
	const struct view *v = view_of(s);
	const struct damon_target_snapshot *ts = &s->targets[t];
	const struct damon_region *reg = &ts->regions[r];
	struct damon_region_rate rate;
	struct damon_region_info i = {
		.start = reg->start,
		.end = reg->end,
		.write_share = ratio(reg->store_weight, reg->weight),
		.age_aggrs = reg->age_aggrs,
		.idle_aggrs = reg->idle_aggrs,
		.nr_obs = reg->nr_obs,
		.nr_checks = reg->nr_checks,
		.checked_share = ratio(reg->nr_touched, reg->nr_checks),
		.nr_ticks = reg->nr_ticks,
	};

	damon_region_derive(ts, r, &v->units, &v->totals[t].sum, &rate);
	i.heat = rate.heat;
	i.heat_lo = rate.lo;
	i.heat_hi = rate.hi;
	i.share = rate.share;
	i.share_lo = rate.share_lo;
	i.share_hi = rate.share_hi;
	i.edge_bytes = rate.edge_bytes;
	i.stall_share = ratio((double)reg->stall_weight / reg->span_aggrs, v->totals[t].stall);
	out_copy(out, i);
}

double damon_region_nr_accesses_of(const struct damon_snapshot *s, size_t t, size_t r, double *lo,
				   double *hi)
{
	const struct view *v = view_of(s);
	const struct damon_target_snapshot *ts = &s->targets[t];
	struct damon_region_rate rate;
	struct damon_nr_accesses nr;

	damon_region_derive(ts, r, &v->units, &v->totals[t].sum, &rate);
	damon_region_nr_accesses(ts, r, &v->units, &rate, &nr);
	if (lo)
		*lo = nr.lo;
	if (hi)
		*hi = nr.hi;
	return nr.nr;
}

void damon_sum_add(struct damon_sum *sum, double value, double nr_ticks, double hi)
{
	struct damon_poisson_sum p = {sum->value, sum->variance, sum->most};

	damon_poisson_sum_add(&p, value, nr_ticks, hi / damon_poisson_hi(0));
	*sum = (struct damon_sum){p.value, p.var, p.most};
}

void damon_sum_bounds(const struct damon_sum *sum, double *lo, double *hi)
{
	struct damon_poisson_sum p = {sum->value, sum->variance, sum->most};

	damon_poisson_sum_bounds(&p, lo, hi);
}

int damon_snapshot_hot_set(const struct damon_snapshot *s, size_t t, double part,
			   struct damon_hot_set *out)
{
	struct damon_hot_set_size size;
	int err = damon_hot_set_derive(&s->targets[t], part, &size);

	if (!err)
		*out = (struct damon_hot_set){size.bytes, size.lo, size.hi};
	return err;
}

void damon_snapshot_wss(const struct damon_snapshot *s, size_t t, enum damon_wss_window w,
			struct damon_wss *out)
{
	struct damon_wset_size size;

	damon_wset_checked(&s->targets[t], (enum damon_window)w, &view_of(s)->units, &size);
	*out = (struct damon_wss){.bytes = size.bytes, .lo = size.lo, .hi = size.hi};
}

void mapping_info(struct damon_mapping_info *out, const struct damon_mapping *m)
{
	struct damon_mapping_info i = {
		.start = m->start,
		.end = m->end,
		.offset = m->offset,
		.inode = m->inode,
		.from_ns = m->from_ns,
		.to_ns = m->to_ns,
		.prot = m->prot,
		.name = m->name ? m->name : "",
		.dev = m->dev,
		.build_id = m->build_id,
		.build_id_len = m->build_id_len,
	};

	out_copy(out, i);
}

int damon_snapshot_mapping(const struct damon_snapshot *s, size_t t, uint64_t addr,
			   struct damon_mapping_info *out)
{
	const struct view *v = view_of(s);
	const struct damon_space *space = v->space(v->owner, s->targets[t].space_id);
	const struct damon_mapping *m;

	if (!space)
		return 0;
	m = damon_space_find_at(space, addr, s->end_ns - 1);
	if (!m)
		return 0;
	mapping_info(out, m);
	return 1;
}
