/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* META, the first chunk: what was recorded, how, and with which units. */
#include "base/util.h"
#include "record/chunk.h"

static void code(struct damon_pack *p, struct damon_meta *m)
{
	m->start_ns = pack_var(p, m->start_ns);
	m->epoch_offset_ns = (int64_t)pack_delta(p, (uint64_t)m->epoch_offset_ns, 0);
	m->sample_ns = pack_var(p, m->sample_ns);
	m->aggr_ns = pack_var(p, m->aggr_ns);
	m->update_ns = pack_var(p, m->update_ns);
	m->min_nr_regions = (uint32_t)pack_max(p, m->min_nr_regions, UINT32_MAX);
	m->max_nr_regions = (uint32_t)pack_max(p, m->max_nr_regions, UINT32_MAX);
	m->scale.accesses = damon_pack_f64(p, m->scale.accesses);
	m->scale.lo = damon_pack_f64(p, m->scale.lo);
	m->scale.hi = damon_pack_f64(p, m->scale.hi);
	m->sees = (uint32_t)pack_max(p, m->sees, UINT32_MAX);
	m->rate_hz = damon_pack_f64(p, m->rate_hz);
	m->overhead_asked = damon_pack_f64(p, m->overhead_asked);
	m->tick_cost_ns = damon_pack_f64(p, m->tick_cost_ns);
	m->nr_cpus = (uint32_t)pack_max(p, m->nr_cpus, UINT32_MAX);
	damon_pack_str(p, m->source, sizeof(m->source));
	damon_pack_str(p, m->version, sizeof(m->version));
	damon_pack_str(p, m->kernel, sizeof(m->kernel));
	damon_pack_str(p, m->command, sizeof(m->command));
	if (p->writing || pack_left(p)) /* not told by the first records */
		m->rate_asked = damon_pack_f64(p, m->rate_asked);
	if (p->writing || pack_left(p)) {
		m->period = pack_var(p, m->period);
		m->tick_cost_assumed = (uint32_t)pack_max(p, m->tick_cost_assumed, 1);
		damon_pack_str(p, m->ops, sizeof(m->ops));
		damon_pack_str(p, m->addresses, sizeof(m->addresses));
		damon_pack_str(p, m->scope, sizeof(m->scope));
	}
}

static int encode(struct record_out *o, struct record_payload *p)
{
	if (!o->has_meta)
		return 0;
	o->has_meta = false;
	code(&p->raw, &o->meta);
	return p->raw.err ? p->raw.err : 1;
}

/* Yields no item: asked for by name. A second one is ignored. */
static int decode(struct record_in *in, struct damon_pack *p, bool first, struct damon_item *item)
{
	struct damon_meta m = {0};

	if (!first)
		return 0;
	code(p, &m);
	if (p->err)
		return p->err;
	if (!in->has_meta)
		in->meta = m;
	in->has_meta = true;
	return 0;
}

const struct chunk_kind damon_chunk_meta = {1, "META", encode, decode};
