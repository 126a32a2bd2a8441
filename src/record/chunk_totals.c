/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TOTALS, the last chunk of every flush: the sums so far. */
#include "base/util.h"
#include "record/chunk.h"

static void code_counts(struct damon_pack *p, struct damon_counts *c)
{
	c->obs = pack_var(p, c->obs);
	c->accesses = pack_var(p, c->accesses);
	c->unknown = pack_var(p, c->unknown);
	c->lost = pack_var(p, c->lost);
	c->throttled = pack_var(p, c->throttled);
	c->no_address = pack_var(p, c->no_address);
	c->no_region = pack_var(p, c->no_region);
	c->no_target = pack_var(p, c->no_target);
	c->kernel_ticks = pack_var(p, c->kernel_ticks);
	c->thinned = pack_var(p, c->thinned);
	c->checks = pack_var(p, c->checks);
	c->check_no_target = pack_var(p, c->check_no_target);
	c->check_no_region = pack_var(p, c->check_no_region);
	c->check_thinned = pack_var(p, c->check_thinned);
}

/* Whole ones of what are doubles elsewhere. */
static double code_whole(struct damon_pack *p, double v)
{
	return (double)pack_var(p, (uint64_t)v);
}

/* What own work and rates were. Records from before these were told end here. */
static void code_work(struct damon_pack *p, struct damon_totals *t)
{
	if (!p->writing && !pack_left(p))
		return;
	for (size_t i = 0; i < DAMON_NR_WORKS; i++)
		t->work_ns[i] = code_whole(p, t->work_ns[i]);
	t->mem_read_ns = code_whole(p, t->mem_read_ns);
	t->unseen_cpus = (uint32_t)pack_max(p, t->unseen_cpus, UINT32_MAX);
	t->nr_rungs = (uint32_t)pack_max(p, t->nr_rungs, DAMON_RUNGS);
	for (size_t i = 0; i < t->nr_rungs; i++) {
		t->rungs[i].rate_hz = code_whole(p, t->rungs[i].rate_hz * 1e3) / 1e3;
		t->rungs[i].ns = code_whole(p, t->rungs[i].ns);
	}
}

static bool has_counter(const struct damon_totals *t)
{
	return t->counter_percent > 0 || t->uncovered_percent > 0;
}

/* What operations sets left out, and who was closed; or what comes behind it. */
static bool has_ops(const struct damon_totals *t)
{
	return t->left_out || t->untranslated || t->closed_procs || has_counter(t);
}

static void code_ops(struct damon_pack *p, struct damon_totals *t)
{
	if (p->writing ? !has_ops(t) : !pack_left(p))
		return;
	t->left_out = pack_var(p, t->left_out);
	t->untranslated = pack_var(p, t->untranslated);
	t->closed_procs = pack_var(p, t->closed_procs);
	damon_pack_str(p, t->closed_reason, sizeof(t->closed_reason));
}

/* In hundredths of a percent. */
static void code_counter(struct damon_pack *p, struct damon_totals *t)
{
	if (p->writing ? !has_counter(t) : !pack_left(p))
		return;
	t->counter_percent = code_whole(p, t->counter_percent * 100) / 100;
	if (p->writing ? t->uncovered_percent > 0 : pack_left(p))
		t->uncovered_percent = code_whole(p, t->uncovered_percent * 100) / 100;
}

/* What of the samples of hardware was left out, and what its traces lost. Likewise. */
static void code_hardware(struct damon_pack *p, struct damon_totals *t)
{
	if (!p->writing && !pack_left(p))
		return;
	for (size_t i = 0; i < t->nr_rungs; i++)
		t->rungs[i].period = pack_var(p, t->rungs[i].period);
	t->no_access = pack_var(p, t->no_access);
	t->in_kernel = pack_var(p, t->in_kernel);
	t->unwanted = pack_var(p, t->unwanted);
	t->strangers = pack_var(p, t->strangers);
	t->traces_truncated = pack_var(p, t->traces_truncated);
	t->traces_collided = pack_var(p, t->traces_collided);
	t->traces_broken = pack_var(p, t->traces_broken);
	t->traces_skipped = pack_var(p, t->traces_skipped);
}

static void code(struct damon_pack *p, struct damon_totals *t)
{
	code_counts(p, &t->counts);
	t->nr_snapshots = pack_var(p, t->nr_snapshots);
	t->duration_ns = pack_var(p, t->duration_ns);
	t->own_cpu_ns = damon_pack_f64(p, t->own_cpu_ns);
	t->target_cpu_ns = damon_pack_f64(p, t->target_cpu_ns);
	t->ticks = pack_var(p, t->ticks);
	t->likely = pack_var(p, t->likely);
	t->mem_reads = pack_var(p, t->mem_reads);
	t->code_insns = pack_var(p, t->code_insns);
	t->no_code = pack_var(p, t->no_code);
	t->foreign = pack_var(p, t->foreign);
	t->forgotten_mappings = pack_var(p, t->forgotten_mappings);
	t->complete = (uint32_t)pack_max(p, t->complete, 1);
	code_work(p, t);
	code_hardware(p, t);
	code_ops(p, t);
	code_counter(p, t);
}

static int encode(struct record_out *o, struct record_payload *p)
{
	if (!o->has_totals)
		return 0;
	o->has_totals = false;
	code(&p->raw, &o->totals);
	return p->raw.err ? p->raw.err : 1;
}

static int decode(struct record_in *in, struct damon_pack *p, bool first, struct damon_item *item)
{
	struct damon_totals t = {0};

	if (!first)
		return 0;
	code(p, &t);
	if (p->err)
		return p->err;
	t.checks = in->totals.checks;
	t.origin = in->totals.origin;
	t.schemes = in->totals.schemes;
	in->totals = t;
	*item = (struct damon_item){.type = DAMON_ITEM_TOTALS, .totals = &in->totals};
	return 1;
}

const struct chunk_kind damon_chunk_totals = {6, "TOTALS", encode, decode};
