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

/* The same of samples made by hardware. The first is what an interruption with a record of 100
 * bytes is taken to cost the program: an estimate from elsewhere, as no machine that this is built
 * on has a PMU; it is told as one. */
static const double hardware_sample_ns = 3000, hardware_own_ns = 1500;

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

/* As the kernel says at present; 0: it does not tell. */
static double kernel_hz(const struct damon_ctx *ctx)
{
	long long most;

	if (damon_sys_read_int(ctx->sys, "/proc/sys/kernel/perf_event_max_sample_rate", &most))
		return 0;
	return (double)MAX(most, 0ll);
}

static double fixed_work_ns(const struct damon_ctx *ctx)
{
	return aggr_work_ns * NS_PER_SEC / (double)ctx->attrs.aggr_ns;
}

/*
 * The ladder begins where calibrated costs say that the overhead will be what was asked for, for a
 * target that keeps one CPU busy; what it really comes to is measured, and moves it.
 */
static void ration(struct damon_ctx *ctx, double max_hz)
{
	struct ctx_rate *r = &ctx->rate;
	double each_ns = decode_ns + ctx->sampling.mem_reads * r->read_cost_ns;

	if (!(r->tick_cost_ns > 0)) {
		r->tick_cost_ns = unknown_tick_ns;
		r->tick_cost_assumed = true;
	}
	damon_budget_init(&r->budget, ctx->sampling.overhead_percent, r->tick_cost_ns, each_ns,
			  fixed_work_ns(ctx), max_hz);
	r->ladder = true;
	r->hz = r->budget.rung_hz[r->budget.rung];
}

/* Ticks of time. */
static void choose_by_time(struct damon_ctx *ctx)
{
	const struct damon_sampling *s = &ctx->sampling;
	struct ctx_rate *r = &ctx->rate;
	double hz[DAMON_NR_BOUNDS] = {[DAMON_BOUND_ASKED] = s->rate_hz}, limit_hz;

	r->read_cost_ns = read_cost(ctx);
	hz[DAMON_BOUND_RESOLUTION] = damon_resolution_hz(s->resolution_share, s->resolution_ns);
	hz[DAMON_BOUND_KERNEL] = kernel_hz(ctx);
	limit_hz = damon_least_hz(hz, &r->bound);
	if (s->rate_hz <= 0)
		ration(ctx, limit_hz > 0 ? limit_hz : MAX_HZ);
	if (r->ladder && (limit_hz <= 0 || r->hz < limit_hz))
		hz[DAMON_BOUND_OVERHEAD] = r->hz;
	r->hz = damon_least_hz(hz, &r->bound);
}

/* Samples of accesses that hardware counts: the ladder is one of periods, and how many samples
 * these are is measured. */
static void choose_by_accesses(struct damon_ctx *ctx, bool fixed)
{
	const struct damon_sampling *s = &ctx->sampling;
	struct ctx_rate *r = &ctx->rate;

	r->by_accesses = true;
	r->tick_cost_ns = hardware_sample_ns;
	r->tick_cost_assumed = true;
	if (s->rate_hz > 0 || s->period)
		return;
	r->bound = DAMON_BOUND_OVERHEAD;
	if (fixed)
		return;
	damon_budget_init_accesses(&r->budget, s->overhead_percent, r->tick_cost_ns,
				   hardware_own_ns, fixed_work_ns(ctx), kernel_hz(ctx));
	r->ladder = true;
	r->hz = NS_PER_SEC / r->budget.period[r->budget.rung];
}

void rate_choose(struct damon_ctx *ctx, bool fixed)
{
	struct ctx_rate *r = &ctx->rate;

	r->hz = 0; /* where samples are neither, whatever was asked for */
	if (ctx->source->sees & DAMON_SEES_TIME)
		choose_by_time(ctx);
	else if (source_is_hardware(ctx->source))
		choose_by_accesses(ctx, fixed);
	r->first_hz = r->before_hz = r->hz;
}

/* ---- the events ---- */

/* Carries what tells of tasks and mappings, whichever rung is on: nothing else, or the CPU time of
 * the targets. It takes no samples. */
static struct damon_event follower(uint64_t config)
{
	return (struct damon_event){.attr = {
					    .type = PERF_TYPE_SOFTWARE,
					    .config = config,
					    .size = sizeof(struct perf_event_attr),
					    .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
					    .exclude_kernel = 1,
					    .exclude_hv = 1,
				    }};
}

static bool is_follower(const struct damon_event *e)
{
	return e->attr.type == PERF_TYPE_SOFTWARE && e->attr.config == PERF_COUNT_SW_DUMMY;
}

/* Appends the source's events at one rate, as rung 'rung'. What it has to follow tasks by is not
 * needed beside our own. Returns how many events there are then, or -errno. */
static int add_rung(struct damon_ctx *ctx, const struct damon_source_options *o, uint32_t rung,
		    struct damon_event *e, int n)
{
	struct damon_event own[DAMON_SOURCE_MAX_EVENTS];
	int nr = ctx->source->events(ctx->sys, o, own, &ctx->fail);
	int from = nr > 0 && is_follower(&own[0]);

	for (int i = from; i < nr; i++, n++) {
		e[n] = own[i];
		e[n].rung = rung;
		if (own[i].leader > 0)
			e[n].leader = own[i].leader + n - i;
		ctx->whole_cpus = ctx->whole_cpus || own[i].whole_cpus;
	}
	return nr < 0 ? nr : n;
}

/* The periods that the source has made of those that were wanted. */
static void take_period(struct damon_ctx *ctx, size_t rung, const struct damon_event *e, int n)
{
	for (int i = 0; i < n && ctx->rate.by_accesses; i++)
		if (e[i].attr.sample_period)
			ctx->rate.budget.period[rung] = (double)e[i].attr.sample_period;
}

static int ladder_events(struct damon_ctx *ctx, const struct damon_source_options *o,
			 struct damon_event *e)
{
	const struct damon_budget *b = &ctx->rate.budget;
	struct damon_source_options at = *o;
	int n = 1;

	for (uint32_t i = 0; i < DAMON_RUNGS && n > 0; i++) {
		int was = n;

		at.rate_hz = b->period[i] > 0 ? NS_PER_SEC / b->period[i] : b->rung_hz[i];
		n = add_rung(ctx, &at, 1 + i, e, was);
		take_period(ctx, i, e + was, n - was);
	}
	return n;
}

int rate_events(struct damon_ctx *ctx, const struct damon_source_options *o, struct damon_event *e)
{
	struct ctx_rate *r = &ctx->rate;
	int n;

	ctx->whole_cpus = false;
	ctx->first_event = r->ladder || r->by_accesses || schemes_may_pause(ctx);
	if (!ctx->first_event)
		return ctx->source->events(ctx->sys, o, e, &ctx->fail);
	e[0] = follower(r->by_accesses ? PERF_COUNT_SW_TASK_CLOCK : PERF_COUNT_SW_DUMMY);
	n = r->ladder ? ladder_events(ctx, o, e) : add_rung(ctx, o, 0, e, 1);
	if (n > 0 && r->ladder && r->by_accesses)
		r->hz = r->first_hz = r->before_hz = NS_PER_SEC / r->budget.period[r->budget.rung];
	return n;
}

void rate_start(struct damon_ctx *ctx)
{
	struct ctx_rate *r = &ctx->rate;

	r->since_ns = ctx->start_ns;
	/* what the targets did while they were attached to is no part of the recording */
	if (r->by_accesses && damon_session_count(ctx->session, 0, &r->cpu_base_ns))
		r->cpu_base_ns = 0;
	if (ctx->all)
		rate_count(ctx); /* what was used before is none of ours */
	rate_step(ctx);
}

static bool is_rung(const struct ctx_rate *r, const struct damon_perf_sample *s)
{
	return r->ladder && s->rung && s->rung <= DAMON_RUNGS;
}

void rate_sampled(struct damon_ctx *ctx, const struct damon_perf_sample *s)
{
	struct ctx_rate *r = &ctx->rate;

	if (!r->by_accesses || !is_rung(r, s))
		return;
	r->rung_samples[s->rung - 1]++;
	r->accesses += r->budget.period[s->rung - 1];
}

double rate_sample_ns(struct damon_ctx *ctx, const struct damon_perf_sample *s)
{
	const struct ctx_rate *r = &ctx->rate;
	double hz = r->hz;

	if (r->by_accesses) /* it weighs its period */
		return 0;
	if (is_rung(r, s)) {
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

/* Own CPU time for what is seen: what is done about it is counted apart. */
static uint64_t own_cpu_ns(const struct damon_ctx *ctx)
{
	uint64_t actions_ns = schemes_cpu_ns(ctx);

	return MAX(ctx->sys->own_cpu_ns(ctx->sys) - actions_ns, ctx->rate.work_from_ns);
}

enum damon_work rate_work(struct damon_ctx *ctx, enum damon_work w)
{
	struct ctx_rate *r = &ctx->rate;
	uint64_t now_ns = own_cpu_ns(ctx);
	enum damon_work was = r->work;

	r->work_ns[was] += (double)(now_ns - r->work_from_ns);
	r->work_from_ns = now_ns;
	r->work = w;
	return was;
}

/* What clocks of whole CPUs count is time, idle or not: the CPU time of all processes the kernel's
 * sums tell, without our own. */
static int count_all(struct damon_ctx *ctx, size_t rung)
{
	struct ctx_rate *r = &ctx->rate;
	uint64_t busy, own = ctx->sys->own_cpu_ns(ctx->sys), was = r->busy_ns;
	int err = damon_proc_busy_ns(ctx->sys, &busy);

	if (err)
		return err;
	busy -= MIN(busy, own);
	r->busy_ns = MAX(busy, was);
	if (was) /* else it is the start */
		r->rung_cpu_ns[rung] += (double)(r->busy_ns - was);
	return 0;
}

/* The CPU time of the targets under the current rung, the other ones' being known. Returns 0 or
 * -errno. */
static int count_rung(struct damon_ctx *ctx, size_t rung)
{
	struct ctx_rate *r = &ctx->rate;
	uint64_t ns;
	/* the first event counts for all, or it only follows */
	int own = r->by_accesses ? 0 : (int)ctx->first_event, err;

	if (ctx->all)
		return count_all(ctx, rung);
	err = damon_session_count(ctx->session, r->by_accesses ? 0 : own + (int)rung, &ns);
	if (err)
		return err;
	if (r->by_accesses) { /* it is counted for all rungs together */
		ns -= MIN(ns, r->cpu_base_ns);
		for (size_t i = 0; i < DAMON_RUNGS; i++)
			ns -= i == rung ? 0 : MIN(ns, (uint64_t)r->rung_cpu_ns[i]);
	}
	r->rung_cpu_ns[rung] = (double)ns;
	return 0;
}

uint64_t rate_count(struct damon_ctx *ctx)
{
	struct ctx_rate *r = &ctx->rate;
	bool by_time = ctx->source->sees & DAMON_SEES_TIME;
	double cpu = 0, ticks = 0;

	if (!ctx->session || !(by_time || r->by_accesses) || count_rung(ctx, r->budget.rung))
		return 0;
	for (size_t i = 0; i < DAMON_RUNGS; i++) {
		double hz = r->ladder ? r->budget.rung_hz[i] : r->hz;

		cpu += r->rung_cpu_ns[i];
		ticks += r->rung_cpu_ns[i] / NS_PER_SEC * hz;
	}
	ctx->target_cpu_ns = MAX(ctx->target_cpu_ns, cpu);
	r->ticks = by_time ? (uint64_t)ticks : 0;
	return r->ticks;
}

/* Interruptions so far, of whomever, and what they stood for. The samples that were lost since the
 * last time were probably of the rung that is on. */
static double count_samples(struct damon_ctx *ctx)
{
	struct ctx_rate *r = &ctx->rate;
	struct damon_session_stats s;
	double all = 0;

	damon_session_stats(ctx->session, &s);
	r->rung_samples[r->budget.rung] += (double)(s.lost - r->seen_lost);
	r->accesses += (double)(s.lost - r->seen_lost) * r->budget.period[r->budget.rung];
	if (s.throttled > r->seen_throttled) /* the kernel lowers its limit where they take long */
		r->budget.max_hz = kernel_hz(ctx);
	r->seen_lost = s.lost;
	r->seen_throttled = s.throttled;
	for (size_t i = 0; i < DAMON_RUNGS; i++)
		all += r->rung_samples[i];
	return all;
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

/* Samples per second of the targets' CPU time, as they were. */
static double seen_hz(const struct ctx_rate *r, size_t rung)
{
	double ns = r->rung_cpu_ns[rung];

	return ns > 0 ? r->rung_samples[rung] / ns * NS_PER_SEC : 0;
}

void rate_totals(struct damon_ctx *ctx, struct damon_totals *t)
{
	struct ctx_rate *r = &ctx->rate;
	uint64_t now_ns = ctx->sys->clock_ns(ctx->sys);

	rate_work(ctx, r->work);
	memcpy(t->work_ns, r->work_ns, sizeof(t->work_ns));
	t->nr_rungs = r->ladder ? DAMON_RUNGS : 0;
	for (size_t i = 0; i < t->nr_rungs; i++)
		t->rungs[i] = (struct damon_rung_time){
			.rate_hz = r->by_accesses ? seen_hz(r, i) : r->budget.rung_hz[i],
			.ns = r->rung_ns[i],
			.period = (uint64_t)r->budget.period[i],
		};
	if (t->nr_rungs && now_ns > r->since_ns)
		t->rungs[r->budget.rung].ns += (double)(now_ns - r->since_ns);
}

/* The rung has changed from 'old': its count is complete now. */
static int change_rung(struct damon_ctx *ctx, uint32_t old, uint64_t now_ns)
{
	struct ctx_rate *r = &ctx->rate;
	int err = damon_session_step(ctx->session, 1 + r->budget.rung);

	if (!err)
		err = count_rung(ctx, old);
	if (err)
		return damon_fail(&ctx->fail, -err, "cannot change the rate: %s", strerror(-err));
	r->rung_ns[old] += (double)(now_ns - r->since_ns);
	r->before_hz = r->hz;
	r->hz = r->by_accesses ? NS_PER_SEC / r->budget.period[r->budget.rung]
			       : r->budget.rung_hz[r->budget.rung];
	r->since_ns = now_ns;
	r->left_behind = true;
	return 0;
}

/* Sums so far. */
static void count_spent(struct damon_ctx *ctx, uint64_t now_ns, struct damon_spent *s)
{
	struct ctx_rate *r = &ctx->rate;
	struct damon_check_totals checks;

	*s = (struct damon_spent){
		.now_ns = now_ns,
		.ticks = (double)rate_count(ctx),
	};
	if (r->by_accesses)
		s->ticks = count_samples(ctx);
	s->accesses = r->accesses;
	rate_work(ctx, r->work);
	s->target_ns = ctx->target_cpu_ns;
	checks_totals(ctx, &checks); /* what they cost the targets goes with no rate either */
	s->own_ns = (double)(r->work_from_ns - r->own_start_ns + checks.target_ns);
	s->samples_ns = r->work_ns[DAMON_WORK_SAMPLES];
}

void rate_resume(struct damon_ctx *ctx)
{
	struct ctx_rate *r = &ctx->rate;
	uint64_t now_ns = ctx->sys->clock_ns(ctx->sys);

	if (!r->ladder)
		return;
	count_spent(ctx, now_ns, &r->budget.seen);
	r->next_ns = now_ns + STEP_NS;
}

int rate_step(struct damon_ctx *ctx)
{
	struct ctx_rate *r = &ctx->rate;
	uint64_t now_ns = ctx->sys->clock_ns(ctx->sys), own_ns;
	uint32_t old = r->budget.rung;
	struct damon_spent s;

	if (!r->ladder || now_ns < r->next_ns || schemes_are_paused(ctx))
		return 0;
	rate_work(ctx, r->work);
	own_ns = r->work_from_ns;
	count_spent(ctx, now_ns, &s);
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
