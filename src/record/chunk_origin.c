/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ORIGIN: the recording of another program that a record was made of, before the TOTALS of a flush.
 */
#include "base/util.h"
#include "record/chunk.h"

static void code(struct damon_pack *p, struct damon_origin *o)
{
	damon_pack_str(p, o->kind, sizeof(o->kind));
	damon_pack_str(p, o->host, sizeof(o->host));
	damon_pack_str(p, o->perf_version, sizeof(o->perf_version));
	damon_pack_str(p, o->cpu, sizeof(o->cpu));
	damon_pack_str(p, o->events, sizeof(o->events));
	o->malformed = pack_var(p, o->malformed);
	o->no_event = pack_var(p, o->no_event);
	o->unclaimed = pack_var(p, o->unclaimed);
	o->late = pack_var(p, o->late);
	o->truncated = pack_max(p, o->truncated, 1);
	o->aux_lost = pack_var(p, o->aux_lost);
	o->inferred = pack_var(p, o->inferred);
	o->assumed = (uint32_t)pack_max(p, o->assumed, 1);
}

static int encode(struct record_out *o, struct record_payload *p)
{
	if (!o->has_origin)
		return 0;
	o->has_origin = false;
	code(&p->raw, &o->totals.origin);
	return p->raw.err ? p->raw.err : 1;
}

/* Nothing to show by itself: it comes with the totals. */
static int decode(struct record_in *in, struct damon_pack *p, bool first, struct damon_item *item)
{
	struct damon_origin o = {.kind = ""};

	if (!first)
		return 0;
	code(p, &o);
	if (!p->err)
		in->totals.origin = o;
	return p->err;
}

const struct chunk_kind damon_chunk_origin = {9, "ORIGIN", encode, decode};
