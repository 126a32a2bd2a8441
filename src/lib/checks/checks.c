/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checkers beside the source. At the end of each aggregation interval the core is given what they
 * saw in it, and picks what they look at next; their threads do the rest (checker.h).
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/ctx.h"

#define MAX_PICKS 1024 /* pages asked for at once */
#define MAX_PROCS 64   /* processes wanted at once */

/* ---- life ---- */

/* Half of what recording may cost at most: the rest is the source's. */
static struct checker_params params(const struct damon_ctx *ctx)
{
	const double least = .001, most = 25;
	double per_sec = ctx->sampling.checks_per_sec;
	double per_aggr = per_sec * (double)ctx->attrs.aggr_ns / NS_PER_SEC;

	return (struct checker_params){
		.span_ns = ctx->attrs.sample_ns,
		.per_sec = per_sec,
		.queue = (size_t)ceil(MIN(2 * per_aggr, 1e6)),
		.touch_ns = damon_checker_touch_ns(ctx->sys),
		.max_percent = MIN(MAX(ctx->sampling.overhead_percent / 2, least), most),
	};
}

static int open_one(struct damon_ctx *ctx, const char *name, size_t len)
{
	const struct damon_checker_ops *ops = damon_checker_find(name, len);
	struct ctx_checker *k = &ctx->checkers[ctx->nr_checkers];
	struct checker_params p;
	int err;

	if (!ops) {
		damon_fail(&ctx->fail, EINVAL, "there is no checker '%.*s'", (int)MIN(len, 40ul),
			   name);
		damon_fail_remedy(&ctx->fail, "'damon-perf check' lists them");
		return -EINVAL;
	}
	for (size_t i = 0; i < ctx->nr_checkers; i++)
		if (ctx->checkers[i].ops == ops)
			return 0;
	if (ctx->nr_checkers == CTX_MAX_CHECKERS)
		return damon_fail(&ctx->fail, E2BIG, "more than %d checkers", CTX_MAX_CHECKERS);
	err = ops->probe(ctx->sys, &ctx->fail);
	if (err)
		return err;
	p = params(ctx);
	err = checker_new(ops, ctx->sys, &p, &k->checker, &ctx->fail);
	if (err)
		return err;
	k->ops = ops;
	ctx->nr_checkers++;
	return 0;
}

int checks_open(struct damon_ctx *ctx)
{
	const char *names = ctx->sampling.check;
	int err = 0;

	if (!names || !strcmp(names, "none"))
		return 0;
	for (const char *p = names; !err; p++) {
		size_t len = strcspn(p, ",");

		err = open_one(ctx, p, len);
		p += len;
		if (!*p)
			break;
	}
	return err;
}

int checks_start(struct damon_ctx *ctx)
{
	for (size_t i = 0; i < ctx->nr_checkers; i++) {
		int err = checker_start(ctx->checkers[i].checker);

		if (err)
			return damon_fail(&ctx->fail, -err, "cannot start a thread: %s",
					  strerror(-err));
	}
	return 0;
}

void checks_stop(struct damon_ctx *ctx)
{
	for (size_t i = 0; i < ctx->nr_checkers; i++)
		checker_stop(ctx->checkers[i].checker);
}

void checks_release(struct damon_ctx *ctx)
{
	for (size_t i = 0; i < ctx->nr_checkers; i++) {
		checker_free(ctx->checkers[i].checker);
		free(ctx->checkers[i].seen);
	}
	ctx->nr_checkers = 0;
}

/* ---- what was seen ---- */

/* Of a process that still executes what it did then. */
static void give(struct damon_ctx *ctx, struct ctx_checker *k, const struct checker_seen *s)
{
	struct damon_proc *p = damon_targets_find(damon_core_targets(ctx->core), s->pid);

	if (p && p->space && p->space->id == s->space_id)
		damon_core_check(ctx->core, p, &s->check);
	else
		k->stale++;
}

int checks_take(struct damon_ctx *ctx, uint64_t until_ns)
{
	for (size_t i = 0; i < ctx->nr_checkers; i++) {
		struct ctx_checker *k = &ctx->checkers[i];
		int err = checker_take(k->checker, &k->seen, &k->nr_seen, &k->cap_seen);
		size_t kept = 0;

		if (err)
			return err;
		for (size_t j = 0; j < k->nr_seen; j++) {
			/* A reader that is late ends intervals that these came after. */
			if (k->seen[j].check.time_ns >= until_ns)
				k->seen[kept++] = k->seen[j];
			else
				give(ctx, k, &k->seen[j]);
		}
		k->nr_seen = kept;
	}
	return 0;
}

/* ---- what to look at ---- */

/* A process that drives the target and has a space to look at. */
static const struct damon_proc *process_of(struct damon_ctx *ctx, const struct damon_target *t)
{
	struct damon_proc *p = t ? damon_targets_find(damon_core_targets(ctx->core), t->pid) : NULL;

	return p && p->target == t && t->space && p->space == t->space ? p : NULL;
}

static void want_pages(struct damon_ctx *ctx, struct ctx_checker *k, struct damon_target *t,
		       size_t n)
{
	const struct damon_proc *p = process_of(ctx, t);
	struct checker_want wants[MAX_PICKS];
	uint64_t addr[MAX_PICKS];

	if (!p)
		return;
	n = damon_core_pick_pages(ctx->core, t, addr, MIN(n, (size_t)MAX_PICKS));
	for (size_t i = 0; i < n; i++)
		wants[i] = (struct checker_want){p->pid, p->space->id, addr[i]};
	checker_want(k->checker, wants, n);
}

/* Live targets take turns: where there are more of them than pages, each has its own in the end. */
static void feed_pages(struct damon_ctx *ctx, struct ctx_checker *k)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	size_t room = checker_room(k->checker), all = damon_targets_count(ts), live = 0, each;

	for (size_t i = 0; i < all; i++)
		live += process_of(ctx, damon_targets_at(ts, i)) != NULL;
	if (!room || !live)
		return;
	each = MAX(room / live, (size_t)1);
	for (size_t i = 0; i < all && room; i++) {
		struct damon_target *t = damon_targets_at(ts, k->pos++ % all);

		if (!process_of(ctx, t))
			continue;
		want_pages(ctx, k, t, MIN(each, room));
		room -= MIN(each, room);
	}
}

/* Processes take turns, too. */
static void feed_procs(struct damon_ctx *ctx, struct ctx_checker *k)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	struct checker_want wants[MAX_PROCS];
	size_t room = MIN(checker_room(k->checker), (size_t)MAX_PROCS), n = 0;
	const struct damon_proc *p = NULL;

	while (n < room && (p = damon_targets_next_proc(ts, &k->pos))) {
		if (p->target && p->space && p->target->space == p->space && p->space->nr_live)
			wants[n++] = (struct checker_want){p->pid, p->space->id, 0};
	}
	if (room && !p)
		k->pos = 0;
	if (n)
		checker_want(k->checker, wants, n);
}

void checks_feed(struct damon_ctx *ctx)
{
	for (size_t i = 0; i < ctx->nr_checkers; i++) {
		struct ctx_checker *k = &ctx->checkers[i];

		if (checker_wants_pages(k->ops))
			feed_pages(ctx, k);
		else
			feed_procs(ctx, k);
	}
}

/* ---- sums ---- */

static void add(struct damon_check_totals *t, const struct ctx_checker *k)
{
	struct checker_stats s;
	size_t len = strlen(t->names);

	checker_stats(k->checker, &s);
	snprintf(t->names + len, sizeof(t->names) - len, "%s%s", len ? "," : "", k->ops->name);
	t->checks += s.checks;
	t->pages += s.pages;
	t->touched += s.touched;
	t->coarse += s.coarse;
	t->lost += s.lost + s.dropped + k->stale;
	t->failed += s.failed;
	t->busy_ns += s.busy_ns;
	t->target_ns += s.target_ns;
	if (!t->reason[0])
		memcpy(t->reason, s.reason, sizeof(t->reason));
}

void checks_totals(const struct damon_ctx *ctx, struct damon_check_totals *t)
{
	struct damon_check_totals sum = {.checks = 0};

	for (size_t i = 0; i < ctx->nr_checkers; i++)
		add(&sum, &ctx->checkers[i]);
	*t = sum;
}
