/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often a target may be interrupted for what was asked. */
#include <unistd.h>

#include "lib/ctx.h"

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
 * The rate that the overhead allows, for a target that keeps one CPU busy. Each tick interrupts it
 * for tick_cost_ns and takes decode_ns of our own and the reads of memory; each aggregation takes
 * aggr_work_ns whatever the rate; starting is spread over ten seconds. What all of it came to is
 * measured and told by the statistics. Only ticks of CPU time can be rationed that way, and the
 * period of an event that children have inherited cannot be changed later.
 */
static double affordable_rate(struct damon_ctx *ctx)
{
	const double unknown_tick_ns = 25000, decode_ns = 4000, aggr_work_ns = 150e3,
		     start_ns = 10e6, min_hz = 10, max_hz = 10000;
	double tick_ns = (ctx->tick_cost_ns > 0 ? ctx->tick_cost_ns : unknown_tick_ns) + decode_ns +
			 ctx->sampling.mem_reads * read_cost(ctx);
	double budget_ns = ctx->sampling.overhead_percent / 100 * NS_PER_SEC; /* a second */
	double fixed_ns = aggr_work_ns * NS_PER_SEC / (double)ctx->attrs.aggr_ns + start_ns / 10;
	double left_ns = MAX(budget_ns - fixed_ns, budget_ns / 4);

	return MIN(MAX(left_ns / tick_ns, min_hz), max_hz);
}

void rate_choose(struct damon_ctx *ctx)
{
	const struct damon_sampling *s = &ctx->sampling;
	double hz[DAMON_NR_BOUNDS] = {[DAMON_BOUND_ASKED] = s->rate_hz};
	long long most;

	if (ctx->source->sees & DAMON_SEES_TIME) {
		hz[DAMON_BOUND_RESOLUTION] =
			damon_resolution_hz(s->resolution_share, s->resolution_ns);
		if (s->rate_hz <= 0)
			hz[DAMON_BOUND_OVERHEAD] = affordable_rate(ctx);
		if (!damon_sys_read_int(ctx->sys, "/proc/sys/kernel/perf_event_max_sample_rate",
					&most) &&
		    most > 0)
			hz[DAMON_BOUND_KERNEL] = (double)most;
	}
	ctx->rate_hz = damon_least_hz(hz, &ctx->rate_bound);
}
