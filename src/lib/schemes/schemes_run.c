/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The work of an interval: results are charged, a plan is made, the worker gets its jobs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "action/filter.h"
#include "lib/ctx.h"

#define TAKE_AT_ONCE 64

/* ---- results ---- */

static struct schemes_flight *find_flight(struct schemes *s, uint64_t id)
{
	size_t lo = 0, hi = s->nr_flights;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->flights[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->nr_flights && s->flights[lo].id == id ? &s->flights[lo] : NULL;
}

static void add_result(struct damos_result *sum, const struct damos_result *r)
{
	sum->tried += r->tried;
	sum->applied += r->applied;
	sum->filter_passed += r->filter_passed;
	sum->skipped += r->skipped;
	sum->failed += r->failed;
	sum->busy_ns += r->busy_ns;
	if (r->tried && (!sum->verified || r->verified < sum->verified))
		sum->verified = r->verified;
	if (r->reason[0]) {
		sum->err = r->err;
		memcpy(sum->reason, r->reason, sizeof(sum->reason));
	}
}

/* All jobs of a step have come back. */
static void charge_flight(struct schemes *s, struct schemes_flight *f)
{
	struct damos_result r = f->sum;

	r.id = f->id;
	r.tried /= f->nr_jobs;
	r.applied /= f->nr_jobs;
	r.filter_passed /= f->nr_jobs;
	r.skipped /= f->nr_jobs;
	r.failed /= f->nr_jobs;
	r.dropped = f->bytes - MIN(r.tried, f->bytes);
	damon_schemes_charge(s->engine, &r);
	for (uint32_t i = 0; i < f->nr_jobs; i++)
		acted_job_done(&s->acted, f->proc[i].pid, f->proc[i].fd);
}

static void forget_done(struct schemes *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->nr_flights; i++) {
		if (s->flights[i].nr_left)
			s->flights[kept++] = s->flights[i];
	}
	s->nr_flights = kept;
}

void schemes_take(struct damon_ctx *ctx)
{
	struct damos_result r[TAKE_AT_ONCE];
	struct schemes *s = ctx->schemes;
	bool some = false;
	size_t n;

	while (s->nr_flights && (n = applier_take(s->applier, r, ARRAY_SIZE(r)))) {
		for (size_t i = 0; i < n; i++) {
			struct schemes_flight *f = find_flight(s, r[i].id);

			if (!f || !f->nr_left)
				continue;
			add_result(&f->sum, &r[i]);
			if (!--f->nr_left)
				charge_flight(s, f);
		}
		some = true;
	}
	if (some)
		forget_done(s);
}

/* ---- ending jobs ---- */

bool schemes_are_busy(const struct damon_ctx *ctx)
{
	return ctx->schemes && ctx->schemes->nr_flights;
}

void schemes_moved(struct damon_ctx *ctx, int pid, uint64_t start, uint64_t end)
{
	const struct damon_proc *p;

	if (!schemes_are_busy(ctx))
		return;
	p = damon_targets_find(damon_core_targets(ctx->core), pid);
	if (p && p->target)
		applier_cancel(ctx->schemes->applier, SIZE_MAX, p->target->id, start, end, false);
}

void schemes_cancel(struct damon_ctx *ctx, size_t scheme)
{
	struct schemes *s = ctx->schemes;

	if (!schemes_are_busy(ctx))
		return;
	for (size_t i = 0; i < s->nr_homes; i++)
		applier_cancel(s->applier, scheme, s->homes[i].target_id, 0, UINT64_MAX, false);
}

void schemes_quiet(struct damon_ctx *ctx)
{
	struct schemes *s = ctx->schemes;

	if (!schemes_are_busy(ctx))
		return;
	schemes_cancel(ctx, SIZE_MAX);
	while (!applier_idle(s->applier)) {
		if (ctx->by_hand)
			applier_step(s->applier);
		else /* a slice is left, of a millisecond at most */
			ctx->sys->poll(ctx->sys, NULL, 0, 1);
	}
	schemes_take(ctx);
}

/* ---- hits on cold memory ---- */

/* The ranges as they now are, from the worker. */
static void load_cold(struct schemes *s)
{
	struct schemes_cold *c = &s->cold;

	c->nr = applier_pending(s->applier, c->r, c->cap);
	for (size_t i = 0; i < c->nr; i++) {
		bool same = i && c->r[i - 1].target_id == c->r[i].target_id;

		c->max_end[i] = same ? MAX(c->max_end[i - 1], c->r[i].end) : c->r[i].end;
		c->hit[i] = false;
	}
}

/* How many ranges of those before this target, or of it and not behind 'addr'. */
static size_t count_before(const struct schemes_cold *c, uint32_t target_id, uint64_t addr)
{
	size_t lo = 0, hi = c->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct applier_pending *r = &c->r[mid];

		if (r->target_id < target_id || (r->target_id == target_id && r->start <= addr))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void on_seen(void *priv, const struct damon_target *t, uint64_t addr)
{
	struct schemes_cold *c = priv;

	for (size_t i = count_before(c, t->id, addr); i > 0; i--) {
		const struct applier_pending *r = &c->r[i - 1];

		if (r->target_id != t->id || c->max_end[i - 1] <= addr)
			return;
		c->hit[i - 1] |= addr < r->end;
	}
}

void schemes_seen(struct damon_ctx *ctx)
{
	struct schemes_cold *c;

	if (!schemes_are_busy(ctx))
		return;
	c = &ctx->schemes->cold;
	load_cold(ctx->schemes);
	damon_core_seen_since(ctx->core, &c->mark, on_seen, c);
	for (size_t i = 0; i < c->nr; i++) {
		if (c->hit[i])
			applier_cancel(ctx->schemes->applier, SIZE_MAX, c->r[i].target_id,
				       c->r[i].start, c->r[i].end, true);
	}
}

/* ---- the plan ---- */

/* What became of all of a step without the worker. */
static void charge_all(struct schemes *s, const struct damos_step *step, bool tried, int err,
		       const char *reason)
{
	uint64_t bytes = step->end - step->start;
	struct damos_result r = {.id = step->id, .err = err};

	*(tried ? &r.tried : &r.dropped) = bytes;
	r.filter_passed = tried ? bytes : 0;
	snprintf(r.reason, sizeof(r.reason), "%.*s", (int)sizeof(r.reason) - 1, reason);
	damon_schemes_charge(s->engine, &r);
}

/* Processes that live where the step is. Those that are not held yet are wanted from now on. */
static uint32_t find_procs(struct damon_ctx *ctx, const struct damos_step *step,
			   struct schemes_flight *f, struct damon_fail *why)
{
	struct acted *a = &ctx->schemes->acted;
	uint32_t n = 0;

	for (size_t i = 0; i < a->nr && n < SCHEMES_MAX_PROCS; i++) {
		struct acted_proc *p = &a->p[i];

		if (p->gone || p->target_id != step->target_id || p->space_id != step->space_id)
			continue;
		if (p->err)
			damon_fail(why, p->err, "%s", p->reason);
		if (p->err || !p->proven)
			continue;
		f->proc[n].pid = p->pid;
		f->proc[n].fd = p->fd;
		p->nr_jobs++;
		n++;
	}
	return n;
}

/* Gives a step to the worker. */
static void submit(struct damon_ctx *ctx, const struct damos_step *step)
{
	struct schemes *s = ctx->schemes;
	struct schemes_flight f = {.id = step->id, .bytes = step->end - step->start};
	struct damon_fail why = {0};
	uint32_t n, taken = 0;

	if (vec_reserve(&s->flights, &s->cap_flights, s->nr_flights + 1, sizeof(*s->flights))) {
		charge_all(s, step, false, ENOMEM, "out of memory");
		return;
	}
	n = find_procs(ctx, step, &f, &why);
	for (uint32_t i = 0; i < n; i++) {
		struct applier_job j = {
			.step = *step,
			.action = s->set->actions[step->scheme],
			.scheme = &s->set->s[step->scheme],
			.pid = f.proc[i].pid,
			.pid_fd = f.proc[i].fd,
		};

		if (applier_submit(s->applier, &j, 1))
			f.proc[taken++] = f.proc[i];
		else
			acted_job_done(&s->acted, f.proc[i].pid, f.proc[i].fd);
	}
	if (!taken) {
		charge_all(s, step, false, 0, why.text);
		return;
	}
	f.nr_jobs = f.nr_left = taken;
	s->flights[s->nr_flights++] = f;
}

/* Without page filters there is nothing to look at for 'stat'; of a recording, for nobody. */
static bool is_counted_only(const struct damon_ctx *ctx, const struct damos_step *step)
{
	const struct damos *d = &ctx->schemes->set->s[step->scheme];

	if (ctx->replay)
		return true;
	if (ctx->schemes->set->actions[step->scheme]->apply)
		return false;
	return step->allowed || !damon_has_page_filters(d);
}

/* Processes of targets that steps are for, and that are not held yet. */
static void want_procs(struct damon_ctx *ctx, const struct damos_step *steps, size_t n)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	uint32_t most = 0;
	_cleanup_(freep) bool *wanted = NULL;
	const struct damon_proc *p;
	size_t pos = 0;

	for (size_t i = 0; i < n; i++)
		most = MAX(most, steps[i].target_id + 1);
	wanted = calloc(MAX(most, 1u), sizeof(*wanted));
	for (size_t i = 0; wanted && i < n; i++)
		wanted[steps[i].target_id] |= !is_counted_only(ctx, &steps[i]);
	while (wanted && (p = damon_targets_next_proc(ts, &pos))) {
		if (p->target && p->target->id < most && wanted[p->target->id])
			acted_want(&ctx->schemes->acted, p, NULL);
	}
}

static void submit_all(struct damon_ctx *ctx)
{
	struct schemes *s = ctx->schemes;
	const struct damos_step *steps;
	size_t n;

	for (size_t i = 0; s->applier && i < s->set->n; i++)
		applier_allow(s->applier, i, damon_schemes_time_left(s->engine, i));
	steps = damon_schemes_steps(s->engine, &n);
	if (s->applier)
		want_procs(ctx, steps, n);
	for (size_t i = 0; i < n; i++) {
		if (is_counted_only(ctx, &steps[i]))
			charge_all(s, &steps[i], true, 0, "");
		else
			submit(ctx, &steps[i]);
	}
}

/* ---- an interval ---- */

/* Targets that live elsewhere than at the last snapshot, or are others. */
static int follow_homes(struct damon_ctx *ctx)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	struct schemes *s = ctx->schemes;
	size_t n = damon_targets_count(ts);

	if (vec_reserve(&s->homes, &s->cap_homes, n, sizeof(*s->homes)))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct damon_target *t = damon_targets_at(ts, i);
		struct schemes_home now = {t->id, t->space_id}, was = s->homes[i];

		s->homes[i] = now;
		if (i >= s->nr_homes || !memcmp(&now, &was, sizeof(now)))
			continue;
		damon_schemes_forget(s->engine, was.target_id);
		if (schemes_are_busy(ctx))
			applier_cancel(s->applier, SIZE_MAX, was.target_id, 0, UINT64_MAX, false);
	}
	s->nr_homes = n;
	return 0;
}

/* What was paged out some time ago: is it back? */
static void take_refaults(struct damon_ctx *ctx, uint64_t now_ns)
{
	struct schemes *s = ctx->schemes;
	double looked, back;

	for (size_t i = 0; i < s->set->n; i++) {
		if (!applier_refaults(s->applier, i, &looked, &back))
			continue;
		damon_schemes_refault(s->engine, i, looked, back, now_ns);
		s->world.looked = .5 * s->world.looked + looked;
		s->world.back = .5 * s->world.back + back;
	}
}

int schemes_run(struct damon_ctx *ctx, struct damon_snapshot *snap, uint64_t end_ns)
{
	struct damon_view view = ctx->view.units;
	struct schemes *s = ctx->schemes;
	uint64_t next_ns;
	int err;

	if (!s || !s->engine || !s->set->n)
		return 0;
	if (!s->applier && !ctx->replay) { /* it ends: nothing new is begun */
		damon_schemes_age(s->engine, snap);
		return 0;
	}
	if (s->applier) {
		schemes_take(ctx);
		take_refaults(ctx, end_ns);
		acted_prove(&s->acted, damon_core_targets(ctx->core), end_ns);
	}
	err = follow_homes(ctx);
	if (err)
		return err;
	schemes_measure(ctx, end_ns);
	if (!s->next_watch_ns) /* an interval has ended before watermarks were looked at */
		damon_schemes_watch(s->engine, &s->world.now, &next_ns);
	view.tuned_ns = snap->sample_ns;
	err = damon_schemes_plan(s->engine, snap, &view, &s->world.now);
	if (err)
		return err;
	submit_all(ctx);
	damon_schemes_age(s->engine, snap);
	return 0;
}
