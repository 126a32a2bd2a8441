/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often a target may be interrupted for what was asked, and what it costs. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "lib/ctx.h"

#define STEP_NS	    (NS_PER_SEC / 2)
#define STEP_NS_MAX (4 * NS_PER_SEC)
#define MAX_HZ	    100000 /* the kernel's own limit where it does not tell */

/* What is expected of own work before any was done; docs/BENCH.md measures it. */
static const double unknown_tick_ns = 20000, decode_ns = 6000, aggr_work_ns = 80e3;

/* ---- the choice ---- */

/* What a read of a target's memory costs, in ns: the quickest third of some reads of our own. */
static double read_cost(struct damon_ctx *ctx)
{
	enum { READS = 9 };
	double cost[READS];
	char from[256] = {0}, to[256];

	for (size_t i = 0; i < READS; i++) {
		uint64_t start = ctx->sys->clock_ns(ctx->sys);
		size_t at = i;

		ctx->sys->read_mem(ctx->sys, getpid(), (uintptr_t)from, to, sizeof(to));
		cost[i] = (double)(ctx->sys->clock_ns(ctx->sys) - start);
		for (; at > 0 && cost[at - 1] > cost[at]; at--) { /* sorted by insertion */
			double less = cost[at];

			cost[at] = cost[at - 1];
			cost[at - 1] = less;
		}
	}
	return cost[READS / 3];
}

/*
 * Only ticks of CPU time can be rationed. The ladder begins where calibrated costs say that the
 * overhead will be what was asked for, for a target that keeps one CPU busy; what it really comes
 * to is measured, and moves it.
 */
static void ration(struct damon_ctx *ctx, double max_hz)
{
	struct ctx_rate *r = &ctx->rate;
	double each_ns = decode_ns + ctx->sampling.mem_reads * r->read_cost_ns;
	double fixed_ns = aggr_work_ns * NS_PER_SEC / (double)ctx->attrs.aggr_ns;

	if (!(r->tick_cost_ns > 0))
		r->tick_cost_ns = unknown_tick_ns;
	damon_budget_init(&r->budget, ctx->sampling.overhead_percent, r->tick_cost_ns, each_ns,
			  fixed_ns, max_hz);
	r->ladder = true;
	r->hz = r->budget.rung_hz[r->budget.rung];
}

void rate_choose(struct damon_ctx *ctx)
{
	const struct damon_sampling *s = &ctx->sampling;
	struct ctx_rate *r = &ctx->rate;
	double hz[DAMON_NR_BOUNDS] = {[DAMON_BOUND_ASKED] = s->rate_hz};
	long long most;

	if (ctx->source->sees & DAMON_SEES_TIME) {
		double limit_hz;

		r->read_cost_ns = read_cost(ctx);
		hz[DAMON_BOUND_RESOLUTION] =
			damon_resolution_hz(s->resolution_share, s->resolution_ns);
		if (!damon_sys_read_int(ctx->sys, "/proc/sys/kernel/perf_event_max_sample_rate",
					&most) &&
		    most > 0)
			hz[DAMON_BOUND_KERNEL] = (double)most;
		limit_hz = damon_least_hz(hz, &r->bound);
		if (s->rate_hz <= 0)
			ration(ctx, limit_hz > 0 ? limit_hz : MAX_HZ);
		if (r->ladder && (limit_hz <= 0 || r->hz < limit_hz))
			hz[DAMON_BOUND_OVERHEAD] = r->hz;
	}
	r->hz = damon_least_hz(hz, &r->bound);
	if (!(ctx->source->sees & DAMON_SEES_TIME))
		r->hz = 0; /* its samples are no ticks, whatever was asked for */
	r->first_hz = r->before_hz = r->hz;
}

/* ---- the events ---- */

/* Carries what tells of tasks and mappings, whichever rung is on. */
static struct perf_event_attr dummy(void)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.size = sizeof(struct perf_event_attr),
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
}

/* The source's own events. Where the first one cannot tell of tasks and mappings, a dummy does. */
static int hardware_events(struct damon_ctx *ctx, const struct damon_source_options *o,
			   struct damon_event *e)
{
	int n = ctx->source->events(ctx->sys, o, e, &ctx->fail);

	ctx->whole_cpus = false;
	for (int i = 0; i < n; i++)
		ctx->whole_cpus = ctx->whole_cpus || e[i].whole_cpus;
	ctx->first_event = n > 0 && (e[0].whole_cpus || e[0].aux_bytes || *e[0].cpus);
	if (!ctx->first_event)
		return n;
	if (n == DAMON_SOURCE_MAX_EVENTS)
		return damon_fail(&ctx->fail, E2BIG, "source '%s' has too many events",
				  ctx->source->name);
	memmove(e + 1, e, (size_t)n * sizeof(*e));
	for (int i = 1; i <= n; i++)
		e[i].leader += e[i].leader > 0;
	e[0] = (struct damon_event){.attr = dummy()};
	return n + 1;
}

int rate_events(struct damon_ctx *ctx, const struct damon_source_options *o, struct damon_event *e)
{
	struct damon_event own[DAMON_SOURCE_MAX_EVENTS];
	struct damon_source_options at = *o;
	int n;

	_Static_assert(DAMON_RUNGS < DAMON_SOURCE_MAX_EVENTS, "the dummy and all rungs");
	if (!ctx->rate.ladder)
		return hardware_events(ctx, o, e);
	e[0] = (struct damon_event){.attr = dummy()};
	for (size_t i = 0; i < DAMON_RUNGS; i++) {
		at.rate_hz = ctx->rate.budget.rung_hz[i];
		n = ctx->source->events(ctx->sys, &at, own, &ctx->fail);
		if (n < 0)
			return n;
		e[1 + i] = own[0];
	}
	return 1 + DAMON_RUNGS;
}

void rate_start(struct damon_ctx *ctx)
{
	ctx->rate.since_ns = ctx->start_ns;
	if (ctx->all)
		rate_count(ctx); /* what was used before is none of ours */
	rate_step(ctx);
}

double rate_sample_ns(struct damon_ctx *ctx, const struct damon_perf_sample *s)
{
	const struct ctx_rate *r = &ctx->rate;
	double hz = r->hz;

	if (s->rung && s->rung <= DAMON_RUNGS) {
		hz = r->budget.rung_hz[s->rung - 1];
		damon_core_weigh(ctx->core, r->first_hz / hz);
	}
	return hz > 0 ? NS_PER_SEC / hz : 0;
}

double rate_mean(const struct damon_ctx *ctx, uint64_t start_ns, uint64_t end_ns)
{
	const struct ctx_rate *r = &ctx->rate;
	double before;

	if (r->since_ns <= start_ns || end_ns <= start_ns)
		return r->hz;
	before = (double)(MIN(r->since_ns, end_ns) - start_ns) / (double)(end_ns - start_ns);
	return before * r->before_hz + (1 - before) * r->hz;
}

/* ---- what it costs ---- */

enum damon_work rate_work(struct damon_ctx *ctx, enum damon_work w)
{
	struct ctx_rate *r = &ctx->rate;
	uint64_t now_ns = ctx->sys->own_cpu_ns(ctx->sys);
	enum damon_work was = r->work;

	r->work_ns[was] += (double)(now_ns - r->work_from_ns);
	r->work_from_ns = now_ns;
	r->work = w;
	return was;
}

/*
 * CPU time of the targets under the event of now, in all. What clocks of whole CPUs count is time,
 * idle or not: of all processes the kernel's sums tell, without our own.
 */
static int count_cpu(struct damon_ctx *ctx, uint64_t *ns)
{
	struct ctx_rate *r = &ctx->rate;
	uint64_t busy, own = ctx->sys->own_cpu_ns(ctx->sys), was = r->busy_ns;
	int err;

	if (!ctx->all)
		return damon_session_count(ctx->session, r->ladder ? 1 + (int)r->budget.rung : 0,
					   ns);
	err = damon_proc_busy_ns(ctx->sys, &busy);
	if (err)
		return err;
	busy -= MIN(busy, own);
	r->busy_ns = MAX(busy, was);
	if (!was) /* the start */
		was = r->busy_ns;
	*ns = (uint64_t)r->rung_cpu_ns[r->ladder ? r->budget.rung : 0] + r->busy_ns - was;
	if (!r->ladder)
		r->rung_cpu_ns[0] = (double)*ns;
	return 0;
}

uint64_t rate_count(struct damon_ctx *ctx)
{
	struct ctx_rate *r = &ctx->rate;
	double cpu = 0, ticks = 0;
	uint64_t ns;

	if (!ctx->session || !(ctx->source->sees & DAMON_SEES_TIME) || count_cpu(ctx, &ns))
		return 0;
	if (!r->ladder) {
		cpu = (double)ns;
		ticks = cpu / NS_PER_SEC * r->hz;
	} else {
		r->rung_cpu_ns[r->budget.rung] = (double)ns;
		for (size_t i = 0; i < DAMON_RUNGS; i++) {
			cpu += r->rung_cpu_ns[i];
			ticks += r->rung_cpu_ns[i] / NS_PER_SEC * r->budget.rung_hz[i];
		}
	}
	ctx->target_cpu_ns = MAX(ctx->target_cpu_ns, cpu);
	r->ticks = (uint64_t)ticks;
	return r->ticks;
}

uint64_t rate_counted(struct damon_ctx *ctx)
{
	return ctx->rate.ladder ? ctx->rate.ticks : rate_count(ctx);
}

/* When to look again. To read the counters of hundreds of threads is work, too: it may take a
 * twentieth of the budget. */
static uint64_t next_look(const struct ctx_rate *r, double took_ns)
{
	double use = (double)r->budget.recent.target_ns / MAX((double)r->budget.recent.now_ns, 1.0);
	double spare = .05 * r->budget.percent / 100 * use; /* ns per ns */

	if (!(spare > 0))
		return STEP_NS;
	return (uint64_t)MIN(MAX(took_ns / spare, (double)STEP_NS), (double)STEP_NS_MAX);
}

void rate_totals(struct damon_ctx *ctx, struct damon_totals *t)
{
	struct ctx_rate *r = &ctx->rate;
	uint64_t now_ns = ctx->sys->clock_ns(ctx->sys);

	rate_work(ctx, r->work);
	memcpy(t->work_ns, r->work_ns, sizeof(t->work_ns));
	t->nr_rungs = r->ladder ? DAMON_RUNGS : 0;
	for (size_t i = 0; i < t->nr_rungs; i++)
		t->rungs[i] = (struct damon_rung_time){r->budget.rung_hz[i], r->rung_ns[i]};
	if (t->nr_rungs && now_ns > r->since_ns)
		t->rungs[r->budget.rung].ns += (double)(now_ns - r->since_ns);
}

/* The rung has changed from 'old': its count is complete now. */
static int change_rung(struct damon_ctx *ctx, uint32_t old, uint64_t now_ns)
{
	struct ctx_rate *r = &ctx->rate;
	int err = damon_session_step(ctx->session, 1 + r->budget.rung);
	uint64_t ns;

	if (!err && !ctx->all) /* that of all processes is counted up to now already */
		err = damon_session_count(ctx->session, 1 + (int)old, &ns);
	if (err)
		return damon_fail(&ctx->fail, -err, "cannot change the rate: %s", strerror(-err));
	if (!ctx->all)
		r->rung_cpu_ns[old] = (double)ns;
	r->rung_ns[old] += (double)(now_ns - r->since_ns);
	r->before_hz = r->hz;
	r->hz = r->budget.rung_hz[r->budget.rung];
	r->since_ns = now_ns;
	r->left_behind = true;
	return 0;
}

int rate_step(struct damon_ctx *ctx)
{
	struct ctx_rate *r = &ctx->rate;
	uint64_t now_ns = ctx->sys->clock_ns(ctx->sys), own_ns;
	uint32_t old = r->budget.rung;
	struct damon_check_totals checks;
	struct damon_spent s;

	if (!r->ladder || now_ns < r->next_ns)
		return 0;
	rate_work(ctx, r->work);
	own_ns = r->work_from_ns;
	s.ticks = (double)rate_count(ctx);
	rate_work(ctx, r->work);
	s.now_ns = now_ns;
	s.target_ns = ctx->target_cpu_ns;
	checks_totals(ctx, &checks); /* what they cost the targets goes with no rate either */
	s.own_ns = (double)(r->work_from_ns - r->own_start_ns + checks.target_ns);
	s.samples_ns = r->work_ns[DAMON_WORK_SAMPLES];
	damon_budget_step(&r->budget, &s);
	r->next_ns = now_ns + next_look(r, (double)(r->work_from_ns - own_ns));
	if (r->budget.rung != old)
		return change_rung(ctx, old, now_ns);
	/* Children that were being forked during the last change follow now. */
	if (!r->left_behind)
		return 0;
	r->left_behind = false;
	return damon_session_step(ctx->session, 1 + r->budget.rung);
}
