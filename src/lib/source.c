/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where accesses come from: the source, what was asked of it, and whether it can do that. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"

/*
 * What a record of a hardware trace is taken to cost, with a share in the interrupt of its piece
 * and own work. Only where the rate cannot be changed later (rate.c) and no period is asked for.
 */
#define TRACE_RECORD_NS 2000
#define HARDWARE_MAX_HZ 50000

bool source_is_hardware(const struct damon_source_ops *s)
{
	return s->events && !(s->sees & (DAMON_SEES_TIME | DAMON_SEES_FIRST_TOUCH));
}

static int refuse(struct damon_ctx *ctx, const char *what)
{
	const char *reason = ctx->source_reason.text;

	damon_fail(&ctx->fail, EINVAL, "source '%s' %s", ctx->source->name, what);
	if (reason[0])
		damon_fail_remedy(&ctx->fail, "it was chosen as %s", reason);
	else
		damon_fail_remedy(&ctx->fail, "leave that out, or choose a source of hardware: "
					      "'damon-perf check' lists them");
	return -EINVAL;
}

/* What was asked for that this source cannot do. */
static int check_asked(struct damon_ctx *ctx)
{
	const struct damon_sampling *s = &ctx->sampling;
	uint32_t sees = ctx->source->sees;
	bool hardware = source_is_hardware(ctx->source);

	if (s->period && !hardware)
		return refuse(ctx, sees & DAMON_SEES_TIME
					   ? "has no period: its samples are ticks of time"
					   : "has no period: it sees each first touch");
	if (s->latency_cycles && !(sees & DAMON_SEES_LATENCY))
		return refuse(ctx, "cannot tell how long a load takes");
	if ((s->no_loads || s->no_stores) && !hardware)
		return refuse(ctx, "cannot leave out loads or stores");
	if (s->phys && !(sees & DAMON_SEES_PHYS))
		return refuse(ctx, "does not see physical addresses");
	if (s->event && !(sees & DAMON_SEES_EVENTS))
		return refuse(ctx, "has no events to choose from");
	return 0;
}

int source_choose(struct damon_ctx *ctx)
{
	const char *name = ctx->sampling.source;
	struct damon_fail why = {0};
	int err = 0;

	if (!strcmp(name, "auto")) {
		ctx->source = damon_source_auto(ctx->sys, &why);
		*(ctx->source ? &ctx->source_reason : &ctx->fail) = why;
		return ctx->source ? check_asked(ctx) : -EACCES;
	}
	ctx->source = damon_source_find(name);
	if (!ctx->source) {
		damon_fail(&ctx->fail, EINVAL, "there is no source '%s'", name);
		damon_fail_remedy(&ctx->fail, "'damon-perf check' lists them");
		return -EINVAL;
	}
	err = check_asked(ctx);
	if (err)
		return err;
	err = ctx->source->probe(ctx->sys, &why);
	if (!err)
		return 0;
	ctx->fail = why;
	if (err == -ENODEV) { /* told as a clause */
		damon_fail(&ctx->fail, ENODEV, "there is no source '%s' here: %s", name, why.text);
		damon_fail_remedy(&ctx->fail, "%s", why.remedy);
	}
	return err;
}

/* Of hardware: what was asked for, or what about keeps to the overhead. */
static double hardware_hz(const struct damon_sampling *s)
{
	double hz = s->overhead_percent / 100 * NS_PER_SEC / TRACE_RECORD_NS;

	return s->rate_hz > 0 ? s->rate_hz : MIN(hz, (double)HARDWARE_MAX_HZ);
}

struct damon_source_options source_options(const struct damon_ctx *ctx)
{
	const struct damon_sampling *s = &ctx->sampling;
	double hz = ctx->rate.hz > 0 ? ctx->rate.hz : 1000;

	return (struct damon_source_options){
		.rate_hz = source_is_hardware(ctx->source) ? hardware_hz(s) : hz,
		.mem_reads = s->mem_reads,
		.stack_bytes = 512,
		.period = s->period,
		.latency_cycles = s->latency_cycles,
		.no_loads = s->no_loads,
		.no_stores = s->no_stores,
		.phys = s->phys,
		.event = s->event,
		.seed = 1,
		.pace = ctx->source->scale_of && (ctx->source->sees & DAMON_SEES_TIME) ? &ctx->pace
										       : NULL,
	};
}

int source_begin(struct damon_ctx *ctx, const struct damon_event *e, int n)
{
	struct damon_perf_event events[CTX_MAX_EVENTS];
	uint32_t on = 1 + ctx->rate.budget.rung;
	int err = 0;

	for (int i = 0; i < n; i++) {
		events[i] =
			(struct damon_perf_event){.attr = e[i].attr, .name = e[i].name, .pmu = ""};
		if (source_is_hardware(ctx->source) && !e[i].attr.freq &&
		    (!e[i].rung || e[i].rung == on))
			ctx->period = MAX(ctx->period, e[i].attr.sample_period);
	}
	if (ctx->source->begin)
		err = ctx->source->begin(ctx->source_state, events, (size_t)n);
	return err ? damon_fail(&ctx->fail, -err, "out of memory") : 0;
}

int source_read_cpus(struct damon_ctx *ctx)
{
	int n = ctx->sys->nr_cpus(ctx->sys);
	char path[96];
	long long midr;

	ctx->midr = calloc((size_t)MAX(n, 1), sizeof(*ctx->midr));
	if (!ctx->midr)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	ctx->nr_midr = n;
	for (int cpu = 0; cpu < n; cpu++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%d/regs/identification/midr_el1", cpu);
		if (!damon_sys_read_int(ctx->sys, path, &midr))
			ctx->midr[cpu] = (uint64_t)midr;
	}
	return 0;
}
