/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums of a run: for the record's end, and for people. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib/ctx.h"
#include "lib/replay/kdamon.h"
#include "lib/out.h"
#include "lib/replay/replay.h"

/* Appends 'word' to 'buf' so that a shell would read it back. */
static void quote(char *buf, size_t size, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_./=,:+@%^";
	size_t len = strlen(buf);
	int bare = word[0] && word[strspn(word, plain)] == '\0';

	if (len && len + 1 < size)
		buf[len++] = ' ';
	if (!bare && len + 1 < size)
		buf[len++] = '\'';
	for (; *word && len + 5 < size; word++) {
		if (*word == '\'') {
			memcpy(buf + len, "'\\''", 4);
			len += 4;
		} else {
			buf[len++] = *word;
		}
	}
	if (!bare && len + 1 < size)
		buf[len++] = '\'';
	buf[len] = '\0';
}

void meta_fill(const struct damon_ctx *ctx, struct damon_meta *m)
{
	bool by_time = ctx->source->sees & DAMON_SEES_TIME;
	bool by_overhead = (by_time || (ctx->rate.by_accesses && !ctx->sampling.period)) &&
			   ctx->sampling.rate_hz <= 0;
	struct utsname u;

	*m = (struct damon_meta){
		.start_ns = ctx->start_ns,
		.epoch_offset_ns = ctx->epoch_offset_ns,
		.sample_ns = ctx->attrs.sample_ns,
		.aggr_ns = ctx->attrs.aggr_ns,
		.update_ns = ctx->attrs.update_ns,
		.min_nr_regions = ctx->attrs.min_nr_regions,
		.max_nr_regions = ctx->attrs.max_nr_regions,
		.scale = ctx->scale,
		.sees = ctx->source->sees,
		.rate_hz = by_time ? ctx->rate.hz : 0,
		.rate_asked = by_time ? ctx->sampling.rate_hz : 0,
		.overhead_asked = by_overhead ? ctx->sampling.overhead_percent : 0,
		.tick_cost_ns = ctx->rate.tick_cost_ns,
		.tick_cost_assumed = ctx->rate.tick_cost_assumed,
		.period = ctx->period,
		.nr_cpus = ctx->sys->nr_cpus(ctx->sys),
	};
	snprintf(m->source, sizeof(m->source), "%s", ctx->source->name);
	snprintf(m->version, sizeof(m->version), "%s", damon_version());
	if (!uname(&u))
		snprintf(m->kernel, sizeof(m->kernel), "%.40s %.20s", u.release, u.machine);
	for (char **a = ctx->cmd.argv; a && *a; a++)
		quote(m->command, sizeof(m->command), *a);
	/* the kernel's DAMON does not tell what it monitored */
	snprintf(m->ops, sizeof(m->ops), "%s",
		 ctx->source == &kdamon_source ? "not known" : ops_of(ctx)->name);
	snprintf(m->addresses, sizeof(m->addresses), "%s", ops_of(ctx)->addresses);
	if (ctx->all)
		snprintf(m->scope, sizeof(m->scope), "all processes");
	else if (ctx->members.nr_groups)
		snprintf(m->scope, sizeof(m->scope), "cgroup %.120s%s", ctx->members.groups[0].path,
			 ctx->members.nr_groups > 1 ? " and others" : "");
	if (ctx->replay_path)
		replay_meta(ctx, m);
}

void tuning_fill(const struct damon_ctx *ctx, struct damon_tuning *t)
{
	*t = (struct damon_tuning){
		.goal = ctx->goal,
		.resolution_share =
			ctx->sampling.resolution_ns ? ctx->sampling.resolution_share : 0,
		.resolution_ns = ctx->sampling.resolution_ns,
		.bound = ctx->rate.bound,
	};
}

void stats_tuning(const struct damon_tuning *t, struct damon_stats *s)
{
	s->rate_bound = (int)t->bound;
	s->resolution_hz = damon_resolution_hz(t->resolution_share, t->resolution_ns);
}

void counts_add(struct damon_counts *sum, const struct damon_counts *c)
{
	sum->obs += c->obs;
	sum->accesses += c->accesses;
	sum->unknown += c->unknown;
	sum->lost += c->lost;
	sum->throttled += c->throttled;
	sum->no_address += c->no_address;
	sum->no_region += c->no_region;
	sum->no_target += c->no_target;
	sum->kernel_ticks += c->kernel_ticks;
	sum->thinned += c->thinned;
	sum->checks += c->checks;
	sum->check_no_target += c->check_no_target;
	sum->check_no_region += c->check_no_region;
	sum->check_thinned += c->check_thinned;
}

/* What the sources have counted themselves. */
static void total_sources(const struct damon_ctx *ctx, struct damon_totals *t)
{
	struct damon_source_stats s = {0};

	if (ctx->replay)
		replay_source_stats(ctx, &s);
	else if (ctx->source->stats && ctx->source_state)
		ctx->source->stats(ctx->source_state, &s);
	if (ctx->raw_path) { /* no source was shown the pieces */
		s.truncated = ctx->seen_truncated;
		s.collided = ctx->seen_collided;
	}
	t->likely = s.likely;
	t->mem_reads = s.mem_reads;
	t->mem_read_ns = (double)s.mem_reads * ctx->rate.read_cost_ns;
	t->code_insns = s.code_insns;
	t->no_code = s.no_code;
	t->foreign = s.foreign;
	t->no_access = s.no_access;
	t->in_kernel = s.in_kernel;
	t->unwanted = s.unwanted;
	t->traces_truncated = s.truncated + ctx->seen_stalled;
	t->traces_collided = s.collided;
	t->traces_broken = s.broken;
	t->traces_skipped = s.skipped;
}

void stats_totals(struct damon_ctx *ctx)
{
	struct damon_totals *t = &ctx->totals;
	struct damon_targets *ts = damon_core_targets(ctx->core);
	t->duration_ns = ctx->aggr_start_ns - ctx->start_ns;
	t->own_cpu_ns = (double)(ctx->sys->own_cpu_ns(ctx->sys) - ctx->rate.own_start_ns);
	rate_totals(ctx, t);
	t->target_cpu_ns = ctx->target_cpu_ns;
	t->ticks = ctx->user_ticks + ctx->kernel_ticks + ctx->seen_lost;
	t->strangers = ctx->strangers;
	t->origin.malformed = ctx->seen_malformed;
	total_sources(ctx, t);
	t->left_out = ctx->ops.left_out;
	t->untranslated = ctx->ops.untranslated;
	t->closed_procs = ctx->nr_closed;
	t->counter_percent = ctx->counter_percent;
	t->uncovered_percent = ctx->uncovered_percent;
	snprintf(t->closed_reason, sizeof(t->closed_reason), "%.159s", ctx->closed_reason.text);
	checks_totals(ctx, &t->checks);
	schemes_totals(ctx, &t->schemes);
	if (ctx->replay)
		replay_totals(ctx, t);
	t->forgotten_mappings = 0;
	for (size_t i = 0, n = damon_targets_count(ts); i < n; i++) {
		const struct damon_target *target = damon_targets_at(ts, i);

		if (target && target->space)
			t->forgotten_mappings += target->space->nr_forgotten;
	}
}

/* What own CPU time went into, per 'all_ns' of wall time. */
static void fill_work(const struct damon_totals *t, double all_ns, struct damon_stats *s)
{
	double part = all_ns > 0 ? 100 / all_ns : 0;

	s->own_cpu_percent = part * t->own_cpu_ns;
	s->own_samples_percent = part * t->work_ns[DAMON_WORK_SAMPLES];
	s->own_mem_reads_percent = part * MIN(t->mem_read_ns, t->work_ns[DAMON_WORK_SAMPLES]);
	s->own_regions_percent = part * t->work_ns[DAMON_WORK_REGIONS];
	s->own_record_percent = part * t->work_ns[DAMON_WORK_RECORD];
	s->own_maps_percent = part * t->work_ns[DAMON_WORK_MAPS];
	s->own_other_percent = part * t->work_ns[DAMON_WORK_OTHER];
	s->own_actions_percent = part * (double)t->schemes.actions_ns;
}

/* The rungs, and the rate that they came to; that of hardware, whatever it was, came to one. */
static void fill_rungs(const struct damon_totals *t, struct damon_stats *s)
{
	uint64_t nr = s->period ? t->counts.obs + t->counts.no_address : t->ticks;

	_Static_assert(DAMON_RUNGS <= DAMON_MAX_RUNGS, "damon.h has room for all");
	for (size_t i = 0; i < t->nr_rungs && i < DAMON_RUNGS; i++)
		s->rungs[i] = (struct damon_rung){t->rungs[i].rate_hz, t->rungs[i].ns / NS_PER_SEC,
						  t->rungs[i].period};
	if ((t->nr_rungs || s->period) && t->target_cpu_ns > 0 && nr)
		s->rate_hz = (double)nr * NS_PER_SEC / t->target_cpu_ns;
}

static void fill_origin(const struct damon_origin *o, struct damon_stats *s)
{
	s->malformed = o->malformed;
	s->no_event = o->no_event;
	s->unclaimed = o->unclaimed;
	s->late = o->late;
	s->truncated = o->truncated;
	s->aux_lost = o->aux_lost;
	s->inferred_mappings = o->inferred;
}

void stats_fill(const struct damon_totals *t, const struct damon_meta *m, struct damon_stats *s)
{
	const struct damon_check_totals *k = &t->checks;
	const struct damon_counts *c = &t->counts;
	double interruption_ns = (double)t->ticks * m->tick_cost_ns + (double)k->target_ns;
	double others_ns = (double)t->strangers * m->tick_cost_ns; /* for these targets' sake */
	double own_ns = t->own_cpu_ns - MIN((double)t->schemes.actions_ns, t->own_cpu_ns);
	bool known = m->tick_cost_ns > 0 && t->target_cpu_ns > 0;

	*s = (struct damon_stats){
		.rate_hz = m->rate_hz,
		.rate_asked_hz = m->rate_asked,
		.overhead_asked_percent = m->overhead_asked,
		.interruptions = t->ticks,
		.obs = c->obs,
		.accesses = c->accesses,
		.unknown = c->unknown,
		.lost = c->lost,
		.throttled = c->throttled,
		.no_address = c->no_address,
		.no_region = c->no_region,
		.no_target = c->no_target,
		.kernel_ticks = c->kernel_ticks,
		.thinned = c->thinned,
		.checks = c->checks,
		.check_no_target = c->check_no_target,
		.check_no_region = c->check_no_region,
		.check_thinned = c->check_thinned,
		.nr_snapshots = t->nr_snapshots,
		.duration_ns = t->duration_ns,
		.target_cpu_ns = t->target_cpu_ns,
		.tick_cost_ns = m->tick_cost_ns,
		.tick_cost_assumed = (int)m->tick_cost_assumed,
		.period = m->period,
		.slowdown_percent = -1,
		.overhead_percent = -1,
		.complete = (int)t->complete,
		.likely = t->likely,
		.no_code = t->no_code,
		.foreign = t->foreign,
		.forgotten_mappings = t->forgotten_mappings,
		.unseen_cpus = t->unseen_cpus,
		.traces_truncated = t->traces_truncated,
		.traces_collided = t->traces_collided,
		.traces_broken = t->traces_broken,
		.traces_skipped = t->traces_skipped,
		.filtered = t->no_access + t->in_kernel + t->unwanted,
		.filtered_no_access = t->no_access,
		.filtered_kernel = t->in_kernel,
		.filtered_unwanted = t->unwanted,
		.strangers = t->strangers,
		.checks_made = k->checks,
		.check_pages = k->pages,
		.check_touched = k->touched,
		.check_coarse = k->coarse,
		.check_lost = k->lost,
		.check_failed = k->failed,
		.check_ns = k->busy_ns,
		.check_target_ns = k->target_ns,
		.paused_ns = t->schemes.paused_ns,
		.dry_run = (int)t->schemes.dry_run,
		.left_out = t->left_out,
		.untranslated = t->untranslated,
		.closed_procs = t->closed_procs,
		.counter_percent = t->counter_percent,
		.uncovered_percent = t->uncovered_percent,
	};
	fill_origin(&t->origin, s);
	memcpy(s->closed_reason, t->closed_reason, sizeof(s->closed_reason));
	memcpy(s->checkers, k->names, sizeof(s->checkers));
	memcpy(s->check_reason, k->reason, sizeof(s->check_reason));
	snprintf(s->source, sizeof(s->source), "%s", m->source);
	fill_work(t, (double)t->duration_ns, s);
	fill_rungs(t, s);
	if (known) {
		s->slowdown_percent = 100 * interruption_ns / t->target_cpu_ns;
		s->overhead_percent =
			100 * (interruption_ns + others_ns + own_ns) / t->target_cpu_ns;
	}
}

/* An EXIT record may have been lost: the world is asked as well. */
static uint64_t count_alive(const struct damon_ctx *ctx)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	struct damon_proc *p;
	char comm[DAMON_COMM_MAX];
	size_t pos = 0;
	uint64_t n = 0;

	while ((p = damon_targets_next_proc(ts, &pos)))
		n += !damon_proc_comm(ctx->sys, p->pid, comm);
	return n;
}

static void fill_raw(const struct damon_ctx *ctx, struct damon_stats *s)
{
	struct raw_counts c = ctx->raw_counts;

	if (ctx->raw)
		raw_counts(ctx->raw, &c);
	s->raw_records = c.records;
	s->raw_samples = c.samples;
	s->raw_trace_bytes = c.trace_bytes;
	s->record_bytes += c.file_bytes;
}

int damon_ctx_stats(const struct damon_ctx *ctx, struct damon_stats *out)
{
	struct damon_tuning tuning;
	struct damon_stats s;
	struct damon_meta m;

	if (!ctx->core)
		return -EINVAL;
	if (ctx->state == CTX_OPEN)
		stats_totals((struct damon_ctx *)ctx);
	meta_fill(ctx, &m);
	stats_fill(&ctx->totals, &m, &s);
	tuning_fill(ctx, &tuning);
	stats_tuning(&tuning, &s);
	s.record_bytes = ctx->writer ? damon_writer_bytes(ctx->writer) : ctx->record_bytes;
	fill_raw(ctx, &s);
	s.complete = 1;
	snprintf(s.source_reason, sizeof(s.source_reason), "%s", ctx->source_reason.text);
	s.nr_alive = ctx->state == CTX_CLOSED && !ctx->replay_path ? count_alive(ctx) : 0;
	out_copy(out, s);
	return 0;
}
