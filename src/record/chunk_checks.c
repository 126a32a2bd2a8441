/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CHECKS: the sums so far of what checkers did, before the TOTALS of a flush. */
#include "base/util.h"
#include "record/chunk.h"

static void code(struct damon_pack *p, struct damon_check_totals *t)
{
	damon_pack_str(p, t->names, sizeof(t->names));
	t->checks = pack_var(p, t->checks);
	t->pages = pack_var(p, t->pages);
	t->touched = pack_var(p, t->touched);
	t->coarse = pack_var(p, t->coarse);
	t->lost = pack_var(p, t->lost);
	t->failed = pack_var(p, t->failed);
	t->busy_ns = pack_var(p, t->busy_ns);
	t->target_ns = pack_var(p, t->target_ns);
	damon_pack_str(p, t->reason, sizeof(t->reason));
}

static int encode(struct record_out *o, struct record_payload *p)
{
	if (!o->has_checks)
		return 0;
	o->has_checks = false;
	code(&p->raw, &o->totals.checks);
	return p->raw.err ? p->raw.err : 1;
}

/* Nothing to show by itself: it comes with the totals. */
static int decode(struct record_in *in, struct damon_pack *p, bool first, struct damon_item *item)
{
	struct damon_check_totals t = {.checks = 0};

	if (!first)
		return 0;
	code(p, &t);
	if (!p->err)
		in->totals.checks = t;
	return p->err;
}

const struct chunk_kind damon_chunk_checks = {8, "CHECKS", encode, decode};
