/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/out.h"
#include "os/features.h"

#define MAX_OWN	  16
#define PAGE_MASK (DAMON_PAGE_SIZE - 1)

/* ---- the built-in ones ---- */

/* The ranges that were asked for. */
static int asked_ranges(struct damon_ctx *ctx, int pid, struct damon_range *r, size_t max)
{
	size_t n = MIN(ctx->ops.nr_ranges, max);

	if (n)
		memcpy(r, ctx->ops.ranges, n * sizeof(*r));
	return (int)n;
}

static int by_start(const void *a, const void *b)
{
	const struct damon_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static int holds(const void *key, const void *range)
{
	const uint64_t *addr = key;
	const struct damon_range *r = range;

	return *addr < r->start ? -1 : *addr >= r->end;
}

/* Ranges that were asked for are sorted and apart, once the context is open. */
static bool is_asked(const struct damon_ctx *ctx, uint64_t addr)
{
	const struct ctx_ops *o = &ctx->ops;

	return o->nr_ranges && bsearch(&addr, o->ranges, o->nr_ranges, sizeof(*o->ranges), holds);
}

static void sort_asked(struct ctx_ops *o)
{
	size_t kept = 0;

	if (o->nr_ranges)
		qsort(o->ranges, o->nr_ranges, sizeof(*o->ranges), by_start);
	for (size_t i = 0; i < o->nr_ranges; i++) {
		struct damon_range *last = kept ? &o->ranges[kept - 1] : NULL;

		if (last && o->ranges[i].start < last->end)
			last->end = MAX(last->end, o->ranges[i].end);
		else
			o->ranges[kept++] = o->ranges[i];
	}
	o->nr_ranges = kept;
}

static int add_range(struct damon_ctx *ctx, uint64_t start, uint64_t end, const char *name)
{
	struct ctx_ops *o = &ctx->ops;

	if (start >= end || end > UINT64_MAX - PAGE_MASK)
		return damon_fail(&ctx->fail, EINVAL, "%#llx-%#llx is no range of addresses",
				  (unsigned long long)start, (unsigned long long)end);
	if (o->nr_ranges == DAMON_MAX_RANGES)
		return damon_fail(&ctx->fail, E2BIG, "more than %d ranges", DAMON_MAX_RANGES);
	if (vec_reserve(&o->ranges, &o->cap_ranges, o->nr_ranges + 1, sizeof(*o->ranges)))
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	o->ranges[o->nr_ranges++] =
		(struct damon_range){start & ~PAGE_MASK, (end + PAGE_MASK) & ~PAGE_MASK, name};
	return 0;
}

static int fvaddr_open(struct damon_ctx *ctx)
{
	if (ctx->ops.nr_ranges)
		return 0;
	damon_fail(&ctx->fail, EINVAL, "operations set 'fvaddr' is for ranges that are given");
	damon_fail_remedy(&ctx->fail, "give them with '--regions'");
	return -EINVAL;
}

static int fvaddr_translate(struct damon_ctx *ctx, const struct damon_obs *o,
			    const struct damon_access *a, bool first, uint64_t *addr)
{
	*addr = a->addr;
	return is_asked(ctx, a->addr);
}

/* Where memory is: once, as it hardly ever changes. */
static int read_ram(struct damon_ctx *ctx)
{
	_cleanup_(freep) struct damon_extent *ram = calloc(DAMON_MAX_RANGES, sizeof(*ram));
	int n = ram ? damon_ram_read(ctx->sys, ram, DAMON_MAX_RANGES, &ctx->fail) : -ENOMEM;
	int err = MIN(n, 0);

	for (int i = 0; i < n && !err; i++)
		err = add_range(ctx, ram[i].start, ram[i].end, "System RAM");
	return err;
}

/* Addresses come from the source, or else from pagemap, which needs privilege. */
static int paddr_open(struct damon_ctx *ctx)
{
	bool told = ctx->replay_path || ctx->source->sees & DAMON_SEES_PHYS;
	struct damon_fail why = {0};
	int err = ctx->replay_path ? -ENOENT : damon_feature_find("pagemap")->probe(ctx->sys, &why);

	if (err && !told) {
		damon_fail(&ctx->fail, -err,
			   "no physical addresses: %s, and source '%s' tells none", why.text,
			   ctx->source->name);
		damon_fail_remedy(&ctx->fail, "%s", why.remedy);
		return err;
	}
	if (!err && damon_frames_new(ctx->sys, ctx->attrs.update_ns, &ctx->ops.frames))
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	if (told && !ctx->replay_path)
		ctx->sampling.phys = 1;
	if (ctx->ops.nr_ranges)
		return 0;
	if (!ctx->replay_path)
		return read_ram(ctx);
	damon_fail(&ctx->fail, EINVAL, "a recording does not tell where physical memory was");
	damon_fail_remedy(&ctx->fail, "give its ranges with '--regions'");
	return -EINVAL;
}

/* What only hardware tells is of the first access of an observation. */
static int paddr_translate(struct damon_ctx *ctx, const struct damon_obs *o,
			   const struct damon_access *a, bool first, uint64_t *addr)
{
	uint64_t phys = first ? o->hw.phys : 0;
	const struct damon_proc *p = ctx->proc;

	if (!phys &&
	    (!ctx->ops.frames || !p || !p->space ||
	     !damon_frames_find(ctx->ops.frames, p->pid, p->space->id, a->addr, o->time_ns, &phys)))
		return -ENOENT;
	*addr = phys;
	return is_asked(ctx, phys);
}

static const struct ops_row rows[] = {
	{.name = "vaddr", .addresses = ""},
	{
		.name = "fvaddr",
		.addresses = "",
		.takes_ranges = true,
		.open = fvaddr_open,
		.regions = asked_ranges,
		.translate = fvaddr_translate,
	},
	{
		.name = "paddr",
		.addresses = "physical",
		.target = "physical memory",
		.takes_ranges = true,
		.open = paddr_open,
		.regions = asked_ranges,
		.translate = paddr_translate,
	},
};

/* ---- one's own ---- */

static pthread_mutex_t own_lock = PTHREAD_MUTEX_INITIALIZER;
static struct ops_own owns[MAX_OWN]; /* only ever added to */
static size_t nr_owns;

static int own_regions(struct damon_ctx *ctx, int pid, struct damon_range *r, size_t max)
{
	const struct damon_ops *ops = &ctx->ops.own->ops;

	return ops->regions(ops->priv, pid, r, max);
}

static int own_translate(struct damon_ctx *ctx, const struct damon_obs *o,
			 const struct damon_access *a, bool first, uint64_t *addr)
{
	const struct damon_ops *ops = &ctx->ops.own->ops;
	struct damon_mapping_info info = {.size = sizeof(info)};
	const struct damon_mapping *m =
		ctx->proc ? damon_space_find(ctx->proc->space, a->addr) : NULL;
	struct damon_ops_access access = {
		.size = sizeof(access),
		.pid = ctx->proc ? ctx->proc->pid : o->pid,
		.tid = o->tid,
		.time_ns = o->time_ns,
		.addr = a->addr,
		.phys = first ? o->hw.phys : 0,
		.mapping = m ? &info : NULL,
	};

	if (m)
		mapping_info(&info, m);
	return ops->translate(ops->priv, &access, addr);
}

static const struct ops_row *find_builtin(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

static const struct ops_own *find_own(const char *name)
{
	const struct ops_own *found = NULL;

	pthread_mutex_lock(&own_lock);
	for (size_t i = 0; i < nr_owns && !found; i++)
		if (!strcmp(owns[i].name, name))
			found = &owns[i];
	pthread_mutex_unlock(&own_lock);
	return found;
}

static bool fits(const char *text, size_t size)
{
	return text && *text && strlen(text) < size;
}

static void add_own(const struct damon_ops *ops)
{
	struct ops_own *o = &owns[nr_owns];

	*o = (struct ops_own){.ops = *ops};
	snprintf(o->name, sizeof(o->name), "%s", ops->name);
	snprintf(o->addresses, sizeof(o->addresses), "%s", ops->addresses ? ops->addresses : "");
	snprintf(o->target, sizeof(o->target), "%s", ops->target ? ops->target : "");
	o->row = (struct ops_row){
		.name = o->name,
		.addresses = o->addresses,
		.target = ops->target ? o->target : NULL,
		.regions = ops->regions ? own_regions : NULL,
		.translate = ops->translate ? own_translate : NULL,
	};
	nr_owns++;
}

int damon_register_ops(const struct damon_ops *in)
{
	struct damon_ops ops = {.size = sizeof(ops)};
	int err = 0;

	in_copy(ops, in);
	if (!fits(ops.name, sizeof(owns->name)) ||
	    (ops.addresses && !fits(ops.addresses, sizeof(owns->addresses))) ||
	    (ops.target && (!fits(ops.target, sizeof(owns->target)) || !ops.regions)))
		return -EINVAL;
	if (damon_is_registered_ops(ops.name))
		return -EEXIST;
	pthread_mutex_lock(&own_lock);
	if (nr_owns == MAX_OWN)
		err = -ENOSPC;
	else
		add_own(&ops);
	pthread_mutex_unlock(&own_lock);
	return err;
}

int damon_is_registered_ops(const char *name)
{
	return find_builtin(name) || find_own(name);
}

/* ---- what was asked for ---- */

const struct ops_row *ops_of(const struct damon_ctx *ctx)
{
	return ctx->ops.row ? ctx->ops.row : &rows[0];
}

bool ops_is_virtual(const struct damon_ctx *ctx)
{
	return !ops_of(ctx)->addresses[0] && !ops_of(ctx)->target;
}

int damon_select_ops(struct damon_ctx *ctx, const char *name)
{
	const struct ops_row *row = find_builtin(name);
	const struct ops_own *own = row ? NULL : find_own(name);

	if (!row && !own) {
		damon_fail(&ctx->fail, EINVAL, "there is no operations set '%.40s'", name);
		damon_fail_remedy(&ctx->fail, "there are vaddr, fvaddr and paddr");
		return -EINVAL;
	}
	ctx->ops.row = own ? &own->row : row;
	ctx->ops.own = own;
	return 0;
}

int damon_add_region(struct damon_ctx *ctx, uint64_t start, uint64_t end)
{
	return add_range(ctx, start, end, NULL);
}

int ops_open(struct damon_ctx *ctx)
{
	const struct ops_row *row = ops_of(ctx);
	const char *check = ctx->sampling.check;

	if (ctx->ops.nr_ranges && !row->takes_ranges) {
		damon_fail(
			&ctx->fail, EINVAL,
			"operations set '%s' knows itself where regions are, and ranges are given",
			row->name);
		damon_fail_remedy(&ctx->fail, "leave '--regions' out, or take '--ops fvaddr'");
		return -EINVAL;
	}
	if (check && strcmp(check, "none") && row != &rows[0]) {
		damon_fail(&ctx->fail, EINVAL,
			   "checkers look at the mappings of processes, which operations set '%s' "
			   "does not monitor",
			   row->name);
		damon_fail_remedy(&ctx->fail, "leave '--check' out");
		return -EINVAL;
	}
	if (row->open) {
		int err = row->open(ctx);

		if (err)
			return err;
	}
	sort_asked(&ctx->ops);
	return 0;
}

/* ---- where regions may be ---- */

/* Brings the mappings of 'space' to what the set says of 'pid'. A set that fails keeps them. */
static int sync_ranges(struct damon_ctx *ctx, int pid, struct damon_space *space, uint64_t now_ns)
{
	_cleanup_(freep) struct damon_range *r = calloc(DAMON_MAX_RANGES, sizeof(*r));
	_cleanup_(freep) struct damon_mapping *m = NULL;
	size_t kept = 0;
	int n, err;

	if (!r)
		return -ENOMEM;
	n = MIN(ops_of(ctx)->regions(ctx, pid, r, DAMON_MAX_RANGES), DAMON_MAX_RANGES);
	if (n < 0)
		return 0;
	m = calloc((size_t)n + 1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	qsort(r, (size_t)n, sizeof(*r), by_start);
	for (int i = 0; i < n; i++) {
		uint64_t end = MIN(r[i].end, UINT64_MAX - PAGE_MASK);

		m[kept] = (struct damon_mapping){
			.start = r[i].start & ~PAGE_MASK,
			.end = (end + PAGE_MASK) & ~PAGE_MASK,
			.prot = DAMON_PROT_READ | DAMON_PROT_WRITE,
			.name = r[i].name ? r[i].name : "",
		};
		kept += m[kept].start < m[kept].end;
	}
	err = damon_space_sync(space, m, kept, now_ns);
	return err == -EINVAL ? 0 : err;
}

int ops_start(struct damon_ctx *ctx, uint64_t now_ns)
{
	const struct ops_row *row = ops_of(ctx);
	struct damon_space *space;

	if (!row->regions)
		return 0;
	ctx->ops.bound = calloc(damon_core_defaults.max_targets, sizeof(*ctx->ops.bound));
	space = row->target ? damon_space_new() : NULL;
	if (!ctx->ops.bound || (row->target && !space)) {
		damon_space_unref(space);
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	}
	if (!row->target)
		return 0;
	ctx->ops.common =
		damon_targets_unite(damon_core_targets(ctx->core), row->target, space, now_ns);
	return ctx->ops.common ? 0 : damon_fail(&ctx->fail, ENOMEM, "out of memory");
}

static int bound_target(struct damon_ctx *ctx, struct damon_target *t, uint64_t now_ns)
{
	if (t->common)
		return sync_ranges(ctx, 0, t->space, now_ns);
	if (!t->bounds)
		t->bounds = damon_space_new();
	return t->bounds ? sync_ranges(ctx, t->pid, t->bounds, now_ns) : -ENOMEM;
}

int ops_bounds(struct damon_ctx *ctx, bool all, uint64_t now_ns)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	int err = 0;

	for (size_t i = 0, n = damon_targets_count(ts); i < n && ctx->ops.bound && !err; i++) {
		struct damon_target *t = damon_targets_at(ts, i);
		struct ops_bound *b = &ctx->ops.bound[t->slot];
		bool same = b->set && b->id == t->id && b->generation == t->generation;

		if (!t->nr_procs || (same && !all))
			continue;
		err = bound_target(ctx, t, now_ns);
		*b = (struct ops_bound){t->id, t->generation, true};
	}
	return err;
}

void ops_release(struct damon_ctx *ctx)
{
	damon_frames_free(steal(&ctx->ops.frames));
	free(steal(&ctx->ops.bound));
	ctx->ops.common = NULL;
}

/* ---- an access's way ---- */

/*
 * 'o' with the addresses that count, in 'to'. An access weighs as much as before: what is left out
 * takes its weight along, what is not known has its own. Returns whether anything is left.
 */
static bool translate(struct damon_ctx *ctx, const struct damon_obs *o, struct damon_obs *to)
{
	const struct ops_row *row = ops_of(ctx);
	size_t nr = MIN(o->nr, DAMON_BURST_MAX);
	int was = (int)nr + o->nr_carried + o->nr_unknown, unknown = o->nr_unknown, is;

	*to = *o;
	to->nr = 0;
	for (size_t i = 0; i < nr; i++) {
		struct damon_access *a = &to->access[to->nr];
		uint64_t addr = 0;
		int got = row->translate(ctx, o, &o->access[i], !i, &addr);

		*a = o->access[i];
		a->addr = addr;
		if (got > 0 && i && !to->nr) /* it told of an access that is left out */
			to->hw = (struct damon_hw){0};
		to->nr += got > 0;
		unknown += got < 0;
		ctx->ops.untranslated += got < 0;
		ctx->ops.left_out += !got;
	}
	to->nr_unknown = (uint8_t)MIN(unknown, UINT8_MAX);
	is = to->nr + to->nr_carried + to->nr_unknown;
	to->weight = was ? o->weight * (float)is / (float)was : o->weight;
	if (o->has_stall)
		to->has_stall = row->translate(ctx, o, &o->stall, false, &to->stall.addr) > 0;
	return to->nr || to->has_stall || unknown > o->nr_unknown || !nr;
}

void ops_observe(struct damon_ctx *ctx, struct damon_proc *p, const struct damon_obs *o)
{
	struct damon_obs own;

	if (ops_of(ctx)->translate) {
		if (!translate(ctx, o, &own))
			return;
		o = &own;
	}
	damon_core_observe(ctx->core, p, o);
}
