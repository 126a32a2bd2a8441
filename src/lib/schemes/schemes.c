/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Schemes of a context: core/schemes/scheme.h plans, lib/schemes/applier.h applies, this brings
 * them together. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "action/filter.h"
#include "damos.h"
#include "lib/ctx.h"
#include "lib/out.h"
#include "os/proc.h"

#define MAX_PROCS 256 /* that are acted upon at once; two descriptors each */

void damos_init(struct damos *s)
{
	*s = (struct damos){
		.size = sizeof(*s),
		.action = "stat",
		.sz = {0, UINT64_MAX},
		.access_max = 1,
		.age_ns = {0, UINT64_MAX},
		.quota = {.reset_ns = NS_PER_SEC},
		.target_nid = -1,
		.refault_max_bp = 2000,
	};
}

const char *damos_state_name(enum damos_state s)
{
	static const char *const names[DAMOS_NR_STATES] = {
		"on", "switched off", "off by watermarks", "slowed", "paused", "ended",
	};

	return (unsigned)s < DAMOS_NR_STATES ? names[s] : "unknown";
}

/* ---- setting up ---- */

static struct schemes *schemes_of(struct damon_ctx *ctx)
{
	if (!ctx->schemes)
		ctx->schemes = calloc(1, sizeof(*ctx->schemes));
	return ctx->schemes;
}

bool schemes_may_pause(const struct damon_ctx *ctx)
{
	return ctx->schemes != NULL;
}

/* Does any of them change what it is about? */
static bool any_acts(const struct scheme_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		if (set->actions[i]->apply)
			return true;
	}
	return false;
}

bool schemes_may_act(const struct damon_ctx *ctx)
{
	return ctx->schemes && ctx->schemes->set && !ctx->dry_run && any_acts(ctx->schemes->set);
}

/* What looks at pages, or acts upon them, finds them by virtual addresses of a process. */
static int check_addresses(struct damon_ctx *ctx, const struct scheme_set *set)
{
	const struct ops_row *ops = ops_of(ctx);

	if (ops_is_virtual(ctx))
		return 0;
	for (size_t i = 0; i < set->n; i++) {
		bool acts = set->actions[i]->apply;

		if (!acts && !damon_has_page_filters(&set->s[i]))
			continue;
		damon_fail(&ctx->fail, EINVAL,
			   "%s '%s' needs addresses of processes, and those of operations set '%s' "
			   "are not",
			   acts ? "action" : "a page filter of", set->actions[i]->name, ops->name);
		damon_fail_remedy(&ctx->fail, "take 'vaddr' or 'fvaddr', or %s",
				  acts ? "count only, with action 'stat'" : "leave the filter out");
		return -EINVAL;
	}
	return 0;
}

/* Tells the engine. */
static int plan_for(struct damon_schemes *engine, const struct scheme_set *set)
{
	_cleanup_(freep) struct damos_kind *kinds = calloc(MAX(set->n, (size_t)1), sizeof(*kinds));

	if (!kinds)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++) {
		const struct damon_action *a = set->actions[i];

		kinds[i] = (struct damos_kind){
			.heat = a->heat,
			.acts = a->apply != NULL,
			.grain_bytes = a->grain_bytes,
			.bytes_per_sec = a->bytes_per_sec,
		};
	}
	return damon_schemes_set(engine, set->s, kinds, set->n);
}

/* Holds the processes that were asked for by number: another damon-perf that acts upon one of them
 * is a reason to refuse. Others are looked at when they are wanted. */
static int hold_asked(struct damon_ctx *ctx, struct acted *a)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	struct damon_fail why;

	for (size_t i = 0; i < ctx->nr_pids; i++) {
		const struct damon_proc *p = damon_targets_find(ts, ctx->pids[i].pid);

		if (p && acted_want(a, p, &why) == -EBUSY) {
			ctx->fail = why;
			return -EBUSY;
		}
	}
	return 0;
}

/* Room for the ranges of all jobs that there may be. */
static int reserve_cold(struct schemes_cold *c, size_t n)
{
	if (c->cap)
		return 0;
	c->r = calloc(n, sizeof(*c->r));
	c->max_end = calloc(n, sizeof(*c->max_end));
	c->hit = calloc(n, sizeof(*c->hit));
	if (!c->r || !c->max_end || !c->hit)
		return -ENOMEM;
	c->cap = n;
	return 0;
}

/* What goes with a set, and is made before the one in use is given up. */
struct parts {
	struct schemes_world world;
	struct acted acted;
	bool new_acted; /* else the one in use stays */
	struct applier *applier;
};

static void drop_parts(struct parts *p)
{
	schemes_world_release(&p->world);
	acted_release(&p->acted);
	applier_free(p->applier);
}

static int make_worker(struct damon_ctx *ctx, struct parts *p)
{
	struct applier_params params = applier_defaults;
	int err;

	params.dry_run = ctx->dry_run;
	if (reserve_cold(&ctx->schemes->cold, params.queue))
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	err = applier_new(ctx->sys, &params, &p->applier, &ctx->fail);
	if (err || ctx->by_hand)
		return err;
	err = applier_start(p->applier);
	return err ? damon_fail(&ctx->fail, -err, "cannot start a thread: %s", strerror(-err)) : 0;
}

static int make_parts(struct damon_ctx *ctx, const struct scheme_set *set, struct parts *p)
{
	struct schemes *s = ctx->schemes;
	bool lock = any_acts(set) && !ctx->dry_run;
	int err = schemes_world_init(&p->world, ctx->sys, set, &ctx->fail);

	if (err || ctx->replay)
		return err;
	err = make_worker(ctx, p);
	if (err)
		return err;
	p->new_acted = !s->acted.p || lock != s->acted.with_lock;
	if (!p->new_acted)
		return 0;
	err = acted_init(&p->acted, ctx->sys, MAX_PROCS, lock);
	if (err)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	return lock ? hold_asked(ctx, &p->acted) : 0;
}

/* Its results have been taken. What it paged out last it does not look at again. */
static void end_worker(struct schemes *s)
{
	if (s->applier) {
		applier_stop(s->applier);
		s->cpu_ns += applier_cpu_ns(s->applier);
	}
	applier_free(steal(&s->applier));
}

static void use_parts(struct schemes *s, struct parts *p)
{
	p->world.looked = s->world.looked;
	p->world.back = s->world.back;
	schemes_world_release(&s->world);
	s->world = p->world;
	end_worker(s); /* it counts schemes as they were */
	s->applier = p->applier;
	if (!p->new_acted)
		return;
	acted_release(&s->acted);
	s->acted = p->acted;
}

/* Brings the engine to a new set. Everything that can fail comes first. */
static int replace(struct damon_ctx *ctx, struct scheme_set *set)
{
	struct schemes *s = ctx->schemes;
	struct parts p = {0};
	int err = check_addresses(ctx, set);

	if (!err)
		err = make_parts(ctx, set, &p);
	if (!err) {
		schemes_quiet(ctx);
		err = plan_for(s->engine, set);
		if (err)
			damon_fail(&ctx->fail, -err, "out of memory");
	}
	if (err) {
		drop_parts(&p);
		return err;
	}
	use_parts(s, &p);
	s->next_watch_ns = 0;
	return 0;
}

int schemes_open(struct damon_ctx *ctx)
{
	struct schemes *s = ctx->schemes;
	int err;

	if (!s || !s->set)
		return 0;
	if (ctx->replay && any_acts(s->set) && !ctx->dry_run) {
		damon_fail(&ctx->fail, EINVAL, "schemes cannot act upon a recording");
		damon_fail_remedy(&ctx->fail, "plan only, with --dry-run");
		return -EINVAL;
	}
	damon_proc_need_fds(2 * MAX_PROCS, NULL); /* with fewer, fewer processes are held */
	s->engine = damon_schemes_new(ctx->attrs.aggr_ns);
	if (!s->engine)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	err = replace(ctx, s->set);
	for (size_t i = 0; !err && i < s->set->n; i++)
		damon_schemes_switch(s->engine, i, !s->set->off[i]);
	return err;
}

uint64_t schemes_cpu_ns(const struct damon_ctx *ctx)
{
	const struct schemes *s = ctx->schemes;

	if (!s)
		return 0;
	return s->cpu_ns + (s->applier ? applier_cpu_ns(s->applier) : 0);
}

void schemes_totals(struct damon_ctx *ctx, struct damon_scheme_totals *t)
{
	struct schemes *s = ctx->schemes;
	uint64_t now_ns = ctx->sys->clock_ns(ctx->sys);

	*t = (struct damon_scheme_totals){0};
	if (!s || !s->engine)
		return;
	*t = (struct damon_scheme_totals){
		.s = s->set->s,
		.stats = s->set->told,
		.n = s->set->n,
		.dry_run = ctx->dry_run,
		.actions_ns = schemes_cpu_ns(ctx),
		.paused_ns = s->paused_ns + (s->paused ? now_ns - s->paused_from_ns : 0),
	};
	for (size_t i = 0; i < s->set->n; i++) {
		s->set->told[i] = (struct damos_stats){.size = sizeof(s->set->told[i])};
		damon_scheme_stats(ctx, i, &s->set->told[i]);
	}
}

void schemes_close(struct damon_ctx *ctx)
{
	struct schemes *s = ctx->schemes;

	if (!s)
		return;
	if (s->applier) {
		applier_stop(s->applier); /* waits for the slice under way */
		schemes_take(ctx);
	}
	end_worker(s);
	acted_release(&s->acted);
}

void schemes_free(struct damon_ctx *ctx)
{
	struct schemes *s = ctx->schemes;

	if (!s)
		return;
	schemes_close(ctx);
	damon_schemes_free(s->engine);
	schemes_world_release(&s->world);
	scheme_set_free(s->set);
	free(s->flights);
	free(s->cold.r);
	free(s->cold.max_end);
	free(s->cold.hit);
	free(s->homes);
	free(s);
	ctx->schemes = NULL;
}

/* ---- the public functions ---- */

int damon_set_schemes(struct damon_ctx *ctx, const struct damos *in, size_t n)
{
	struct schemes *s = schemes_of(ctx);
	struct scheme_set *set;
	int err;

	if (!s)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	if (ctx->state == CTX_CLOSED)
		return damon_fail(&ctx->fail, EBUSY, "the context was closed");
	err = scheme_set_new(ctx->sys, in, n, ctx->dry_run, &set, &ctx->fail);
	if (err)
		return err;
	err = s->engine ? replace(ctx, set) : 0;
	if (err) {
		scheme_set_free(set);
		return err;
	}
	scheme_set_free(s->set);
	s->set = set;
	err = ctx->state == CTX_OPEN && !s->engine ? schemes_open(ctx) : 0;
	if (err)
		schemes_free(ctx);
	return err;
}

int damon_set_dry_run(struct damon_ctx *ctx, int on)
{
	if (ctx->state != CTX_SETUP)
		return damon_fail(&ctx->fail, EBUSY, "the context was opened before");
	ctx->dry_run = on;
	return 0;
}

size_t damon_nr_schemes(const struct damon_ctx *ctx)
{
	return ctx->schemes && ctx->schemes->set ? ctx->schemes->set->n : 0;
}

static int no_scheme(struct damon_ctx *ctx, size_t i)
{
	return damon_fail(&ctx->fail, EINVAL, "there is no scheme %zu", i);
}

int damon_scheme_switch(struct damon_ctx *ctx, size_t i, int on)
{
	if (i >= damon_nr_schemes(ctx))
		return no_scheme(ctx, i);
	ctx->schemes->set->off[i] = !on;
	if (ctx->schemes->engine) {
		damon_schemes_switch(ctx->schemes->engine, i, on);
		ctx->schemes->next_watch_ns = 0;
	}
	if (!on)
		schemes_cancel(ctx, i);
	return 0;
}

int damon_scheme_feedback(struct damon_ctx *ctx, size_t i, size_t goal, uint64_t current)
{
	struct damos_quota *q;

	if (i >= damon_nr_schemes(ctx))
		return no_scheme(ctx, i);
	q = &ctx->schemes->set->s[i].quota;
	if (goal >= q->nr_goals || q->goals[goal].metric != DAMOS_GOAL_USER_INPUT)
		return damon_fail(&ctx->fail, EINVAL, "scheme %zu has no goal %zu of user input", i,
				  goal);
	if (ctx->schemes->engine)
		damon_schemes_feedback(ctx->schemes->engine, i, goal, current);
	else
		q->goals[goal].current = current;
	return 0;
}

/* A dry run plans what could not be done as things are, and says so. */
static void tell_refused(const struct damon_fail *why, struct damos_stats *s)
{
	if (why->text[0])
		snprintf(s->state_reason, sizeof(s->state_reason),
			 "acting would be refused: %.130s%s%.90s", why->text,
			 why->remedy[0] ? "; " : "", why->remedy);
}

int damon_scheme_stats(const struct damon_ctx *ctx, size_t i, struct damos_stats *out)
{
	struct damos_stats s = {.quota_bytes = UINT64_MAX, .refault_bp = -1};

	if (i >= damon_nr_schemes(ctx))
		return -EINVAL;
	if (ctx->schemes->engine)
		damon_schemes_stats(ctx->schemes->engine, i, &s);
	s.action = ctx->schemes->set->s[i].action;
	if (!s.state_reason[0])
		tell_refused(&ctx->schemes->set->refused[i], &s);
	out_copy(out, s);
	return 0;
}

int damon_scheme_tried(const struct damon_ctx *ctx, size_t i, size_t at, struct damos_tried *out)
{
	const struct damos_step *steps;
	struct damos_tried t = {0};
	size_t n;

	if (i >= damon_nr_schemes(ctx) || !ctx->schemes->engine)
		return -ENOENT;
	steps = damon_schemes_tried(ctx->schemes->engine, i, &n);
	if (at >= n)
		return -ENOENT;
	t.target_id = steps[at].target_id;
	t.start = steps[at].start;
	t.end = steps[at].end;
	t.nr_accesses = steps[at].nr_accesses;
	t.age_ns = steps[at].age_aggrs * ctx->attrs.aggr_ns;
	out_copy(out, t);
	return 0;
}
