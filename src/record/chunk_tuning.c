/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TUNING, before the snapshots of a flush that it speaks of: what intervals and rate were to
 * achieve, and the sampling intervals that came of it. Only where there is something to tell. */
#include "base/util.h"
#include "record/chunk.h"

#define MAX_SAMPLE_NS (86400 * NS_PER_SEC)

static void code(struct damon_pack *p, struct damon_tuning *t)
{
	t->goal.access_bp = (uint32_t)pack_max(p, t->goal.access_bp, 10000);
	t->goal.aggrs = (uint32_t)pack_max(p, t->goal.aggrs, UINT32_MAX);
	t->goal.min_sample_ns = pack_max(p, t->goal.min_sample_ns, MAX_SAMPLE_NS);
	t->goal.max_sample_ns = pack_max(p, t->goal.max_sample_ns, MAX_SAMPLE_NS);
	t->resolution_share = damon_pack_f64(p, t->resolution_share);
	t->resolution_ns = pack_var(p, t->resolution_ns);
	t->bound = (uint32_t)pack_max(p, t->bound, UINT32_MAX);
	if (!(t->resolution_share >= 0 && t->resolution_share <= 1))
		pack_bad(p);
}

/* From a time on, 'e' after 'prev'. */
static void code_from(struct damon_pack *p, struct tuned_from *e, const struct tuned_from *prev)
{
	e->from_ns = pack_delta(p, e->from_ns, prev->from_ns);
	e->sample_ns = pack_delta(p, e->sample_ns, prev->sample_ns);
}

int damon_out_tuned(struct record_out *o, const struct damon_snapshot *s)
{
	const struct damon_tuning *t = &o->tuning;

	o->has_tuning |= t->goal.access_bp || t->resolution_ns || t->bound == DAMON_BOUND_KERNEL;
	if (s->sample_ns == (o->nr_tuned ? o->tuned[o->nr_tuned - 1].sample_ns : 0))
		return 0;
	if (vec_reserve(&o->tuned, &o->cap_tuned, o->nr_tuned + 1, sizeof(*o->tuned)))
		return -ENOMEM;
	o->tuned[o->nr_tuned++] = (struct tuned_from){s->start_ns, s->sample_ns};
	o->has_tuning = true;
	return 0;
}

static int encode(struct record_out *o, struct record_payload *p)
{
	struct tuned_from prev = {0};
	size_t n = o->nr_tuned;

	if (!o->has_tuning)
		return 0;
	o->has_tuning = false;
	o->nr_tuned = 0;
	code(&p->raw, &o->tuning);
	pack_var(&p->raw, n);
	for (size_t i = 0; i < n; i++) {
		code_from(&p->raw, &o->tuned[i], &prev);
		prev = o->tuned[i];
	}
	return p->raw.err ? p->raw.err : 1;
}

uint64_t damon_in_sample_ns(const struct record_in *in, uint64_t start_ns)
{
	size_t n = in->nr_tuned;

	while (n && in->tuned[n - 1].from_ns > start_ns)
		n--;
	return n ? in->tuned[n - 1].sample_ns : 0;
}

/* Yields no item: snapshots carry what it tells of them. */
static int decode(struct record_in *in, struct damon_pack *p, bool first, struct damon_item *item)
{
	struct tuned_from prev = {0};
	struct damon_tuning t = {0};
	uint64_t n;

	if (!first)
		return 0;
	code(p, &t);
	n = pack_max(p, 0, pack_left(p));
	if (p->err)
		return p->err;
	in->tuning = t;
	in->nr_tuned = 0;
	for (uint64_t i = 0; i < n; i++) {
		struct tuned_from e = {0};

		code_from(p, &e, &prev);
		if (p->err || e.from_ns < prev.from_ns || e.sample_ns > MAX_SAMPLE_NS)
			return -EBADMSG;
		if (vec_reserve(&in->tuned, &in->cap_tuned, in->nr_tuned + 1, sizeof(e)))
			return -ENOMEM;
		in->tuned[in->nr_tuned++] = prev = e;
	}
	return 0;
}

const struct chunk_kind damon_chunk_tuning = {7, "TUNING", encode, decode};
