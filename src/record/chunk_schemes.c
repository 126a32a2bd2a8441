/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SCHEMES: what was done to memory of which access pattern, and what came of it so far, before the
 * TOTALS of a flush. */
#include <stdlib.h>

#include "base/util.h"
#include "record/chunk.h"

#define MAX_SCHEMES 256
#define MAX_NAME    256

/* A string that the record's names keep. */
static const char *code_name(struct damon_pack *p, struct damon_names *names, const char *s)
{
	char buf[MAX_NAME] = "";

	if (p->writing) {
		damon_pack_str(p, (char *)(s ? s : ""), MAX_NAME);
		return s;
	}
	damon_pack_str(p, buf, sizeof(buf));
	if (p->err || names->bytes > RECORD_MAX_NAMES)
		return NULL;
	s = damon_names_add(names, buf);
	if (!s)
		p->err = -ENOMEM;
	return s;
}

static uint32_t code_u32(struct damon_pack *p, uint32_t v)
{
	return (uint32_t)pack_max(p, v, UINT32_MAX);
}

/* Small numbers that may be negative: nodes. */
static int code_int(struct damon_pack *p, int v)
{
	return (int)(int64_t)pack_delta(p, (uint64_t)(int64_t)v, 0);
}

static void code_range(struct damon_pack *p, struct damos_range *r)
{
	r->min = pack_var(p, r->min);
	r->max = pack_var(p, r->max);
}

static void code_quota(struct damon_pack *p, struct damon_names *names, struct damos_quota *q)
{
	q->time_ns = pack_var(p, q->time_ns);
	q->bytes = pack_var(p, q->bytes);
	q->reset_ns = pack_var(p, q->reset_ns);
	q->weight_size = code_u32(p, q->weight_size);
	q->weight_accesses = code_u32(p, q->weight_accesses);
	q->weight_age = code_u32(p, q->weight_age);
	q->tuner = (enum damos_tuner)code_u32(p, q->tuner);
	q->nr_goals = pack_max(p, q->nr_goals, DAMOS_MAX_GOALS);
	for (size_t i = 0; i < q->nr_goals; i++) {
		struct damos_goal *g = &q->goals[i];

		g->metric = (enum damos_goal_metric)code_u32(p, g->metric);
		g->target = pack_var(p, g->target);
		g->current = pack_var(p, g->current);
		g->nid = code_int(p, g->nid);
		if (damos_goal_has_memcg(g->metric))
			g->memcg = code_name(p, names, g->memcg);
	}
}

static void code_filter(struct damon_pack *p, struct damon_names *names, struct damos_filter *f)
{
	f->type = (enum damos_filter_type)code_u32(p, f->type);
	f->matching = (int)pack_max(p, f->matching != 0, 1);
	f->allow = (int)pack_max(p, f->allow != 0, 1);
	f->start = pack_var(p, f->start);
	f->end = pack_var(p, f->end);
	f->target = code_u32(p, f->target);
	code_range(p, &f->size);
	f->memcg = code_name(p, names, f->memcg);
}

static void code_scheme(struct damon_pack *p, struct damon_names *names, struct damos *s)
{
	s->size = sizeof(*s);
	s->action = code_name(p, names, s->action);
	code_range(p, &s->sz);
	s->access_min = damon_pack_f64(p, s->access_min);
	s->access_max = damon_pack_f64(p, s->access_max);
	code_range(p, &s->age_ns);
	s->apply_ns = pack_var(p, s->apply_ns);
	code_quota(p, names, &s->quota);
	s->watermarks.metric = (enum damos_wmark_metric)code_u32(p, s->watermarks.metric);
	s->watermarks.interval_ns = pack_var(p, s->watermarks.interval_ns);
	s->watermarks.high = code_u32(p, s->watermarks.high);
	s->watermarks.mid = code_u32(p, s->watermarks.mid);
	s->watermarks.low = code_u32(p, s->watermarks.low);
	s->nr_filters = pack_max(p, s->nr_filters, DAMOS_MAX_FILTERS);
	for (size_t i = 0; i < s->nr_filters; i++)
		code_filter(p, names, &s->filters[i]);
	s->target_nid = code_int(p, s->target_nid);
	s->nr_dests = pack_max(p, s->nr_dests, DAMOS_MAX_DESTS);
	for (size_t i = 0; i < s->nr_dests; i++) {
		s->dests[i].nid = code_int(p, s->dests[i].nid);
		s->dests[i].weight = code_u32(p, s->dests[i].weight);
	}
	s->max_nr_snapshots = pack_var(p, s->max_nr_snapshots);
	s->compare = (enum damos_compare)code_u32(p, s->compare);
	s->refault_max_bp = code_u32(p, s->refault_max_bp);
}

static void code_stats(struct damon_pack *p, const struct damos *d, struct damos_stats *s)
{
	s->size = sizeof(*s);
	s->action = d->action;
	s->nr_tried = pack_var(p, s->nr_tried);
	s->sz_tried = pack_var(p, s->sz_tried);
	s->nr_applied = pack_var(p, s->nr_applied);
	s->sz_applied = pack_var(p, s->sz_applied);
	s->sz_filter_passed = pack_var(p, s->sz_filter_passed);
	s->qt_exceeds = pack_var(p, s->qt_exceeds);
	s->nr_snapshots = pack_var(p, s->nr_snapshots);
	s->sz_skipped = pack_var(p, s->sz_skipped);
	s->sz_failed = pack_var(p, s->sz_failed);
	damon_pack_str(p, s->reason, sizeof(s->reason));
	s->sz_dropped = pack_var(p, s->sz_dropped);
	s->verified = code_int(p, s->verified);
	s->busy_ns = pack_var(p, s->busy_ns);
	s->state = (enum damos_state)code_u32(p, s->state);
	damon_pack_str(p, s->state_reason, sizeof(s->state_reason));
	s->quota_bytes = pack_var(p, s->quota_bytes);
	s->quota_used = pack_var(p, s->quota_used);
	for (size_t i = 0; i < d->quota.nr_goals; i++)
		s->goal_current[i] = pack_var(p, s->goal_current[i]);
	s->refault_bp = damon_pack_f64(p, s->refault_bp);
	s->sz_now = pack_var(p, s->sz_now);
}

static void code_charge(struct damon_pack *p, struct damos_quota *q)
{
	q->fail_charge_num = code_u32(p, q->fail_charge_num);
	q->fail_charge_denom = code_u32(p, q->fail_charge_denom);
}

static void code_head(struct damon_pack *p, struct damon_scheme_totals *t)
{
	t->dry_run = (uint32_t)pack_max(p, t->dry_run, 1);
	t->actions_ns = pack_var(p, t->actions_ns);
	t->paused_ns = pack_var(p, t->paused_ns);
	t->n = pack_max(p, t->n, MAX_SCHEMES);
}

/* What is written does not change: copies are. */
static int encode(struct record_out *o, struct record_payload *p)
{
	struct damon_scheme_totals t = o->totals.schemes;

	if (!o->has_schemes)
		return 0;
	o->has_schemes = false;
	code_head(&p->raw, &t);
	for (size_t i = 0; i < t.n; i++) {
		struct damos s = t.s[i];
		struct damos_stats stats = t.stats[i];

		code_scheme(&p->raw, NULL, &s);
		code_stats(&p->raw, &s, &stats);
	}
	for (size_t i = 0; i < t.n; i++) {
		struct damos_quota q = t.s[i].quota;

		code_charge(&p->raw, &q);
	}
	return p->raw.err ? p->raw.err : 1;
}

/* Nothing to show by itself: it comes with the totals. */
static int decode(struct record_in *in, struct damon_pack *p, bool first, struct damon_item *item)
{
	struct damon_scheme_totals t = {0};
	_cleanup_(freep) struct damos *s = NULL;
	_cleanup_(freep) struct damos_stats *stats = NULL;

	if (!first)
		return 0;
	code_head(p, &t);
	if (p->err)
		return p->err;
	s = calloc(MAX(t.n, (size_t)1), sizeof(*s));
	stats = calloc(MAX(t.n, (size_t)1), sizeof(*stats));
	if (!s || !stats)
		return -ENOMEM;
	for (size_t i = 0; !p->err && i < t.n; i++) {
		code_scheme(p, &in->names, &s[i]);
		code_stats(p, &s[i], &stats[i]);
		if (!(s[i].access_min >= 0 && s[i].access_max <= 1) ||
		    (unsigned)stats[i].state >= DAMOS_NR_STATES)
			pack_bad(p);
	}
	for (size_t i = 0; !p->err && i < t.n && pack_left(p); i++)
		code_charge(p, &s[i].quota);
	if (p->err)
		return p->err;
	free(in->schemes);
	free(in->scheme_stats);
	t.s = in->schemes = steal(&s);
	t.stats = in->scheme_stats = steal(&stats);
	in->totals.schemes = t;
	return 0;
}

const struct chunk_kind damon_chunk_schemes = {10, "SCHEMES", encode, decode};
