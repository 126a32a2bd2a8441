/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The intervals: what happens at the end of each aggregation, update and flush. */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/ctx.h"
#include "lib/replay/replay.h"

#define FLUSH_NS NS_PER_SEC
#define MAPS_PER_UPDATE                                                                            \
	256 /* processes whose maps are re-read at one update: bounds the work of a fork storm */

/* What the rings lost since the last aggregation. */
static void count_rings(struct damon_ctx *ctx)
{
	struct damon_session_stats s;

	if (!ctx->session)
		return;
	damon_session_stats(ctx->session, &s);
	ctx->counts.lost += s.lost - ctx->seen_lost;
	ctx->counts.throttled += s.throttled - ctx->seen_throttled;
	ctx->seen_lost = s.lost;
	ctx->seen_throttled = s.throttled;
	ctx->seen_malformed = s.malformed;
	ctx->seen_stalled = s.stalled;
	ctx->seen_truncated = s.truncated;
	ctx->seen_collided = s.collided;
}

/*
 * Ticks that fell into the kernel are not delivered (exclude_kernel): the clock event's count is
 * all CPU time, what is missing in samples was spent there.
 */
static void count_kernel(struct damon_ctx *ctx, uint64_t all)
{
	uint64_t seen = ctx->user_ticks + ctx->seen_lost + ctx->kernel_ticks;

	if (all > seen) {
		ctx->counts.kernel_ticks += all - seen;
		ctx->kernel_ticks += all - seen;
	}
}

/*
 * Processes that were seen since the last time have their mappings read again: nothing announces
 * munmap and mremap. '*changed' tells whether that brought anything new. Those of a recording are
 * not of this machine.
 */
static int read_maps(struct damon_ctx *ctx, uint64_t now_ns, bool *changed)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	size_t pos = 0, left = MAPS_PER_UPDATE;
	struct damon_proc *p;
	int err = 0;

	*changed = false;
	while (!ctx->replay && !err && left && (p = damon_targets_next_proc(ts, &pos))) {
		uint32_t version = p->space->version;

		if (!p->target || !(p->target->common || p->target->space == p->space) ||
		    p->nr_obs == p->nr_obs_mapped)
			continue;
		err = events_read_maps(ctx, p, now_ns);
		err = err == -EACCES ? 0 : err; /* it was open when it was attached to */
		*changed |= p->space->version != version;
		p->nr_obs_mapped = p->nr_obs;
		left--;
	}
	return err;
}

void monitor_cpus(struct damon_ctx *ctx)
{
	if (ctx->session)
		ctx->totals.unseen_cpus = MAX(ctx->totals.unseen_cpus,
					      (uint32_t)damon_session_unseen_cpus(ctx->session));
}

static int update(struct damon_ctx *ctx, uint64_t now_ns)
{
	int err = damon_targets_update(damon_core_targets(ctx->core), now_ns);

	ctx->next_update_ns = now_ns + ctx->attrs.update_ns;
	if (err < 0)
		return err;
	count_kernel(ctx, rate_counted(ctx));
	monitor_cpus(ctx);
	err = read_maps(ctx, now_ns, &ctx->maps_move);
	ctx->maps_move = true;
	return err ? err : ops_bounds(ctx, true, now_ns);
}

/*
 * Accesses outside of every mapping: mremap, most often. The maps are read before their time then,
 * as long as that helps; once in vain, and it waits for the next update.
 */
static int update_early(struct damon_ctx *ctx, uint64_t now_ns, uint64_t nr_outside)
{
	if (!nr_outside || !ctx->maps_move)
		return 0;
	return read_maps(ctx, now_ns, &ctx->maps_move);
}

static int write_record(struct damon_ctx *ctx, const struct damon_snapshot *s, uint64_t now_ns)
{
	const struct damon_log_entry *log;
	struct damon_tuning tuning;
	size_t n;
	int err;

	if (!ctx->writer)
		return 0;
	log = damon_core_log(ctx->core, &n);
	tuning_fill(ctx, &tuning);
	damon_writer_tuning(ctx->writer, &tuning);
	err = damon_writer_targets(ctx->writer, damon_core_targets(ctx->core));
	if (!err)
		err = damon_writer_snapshot(ctx->writer, s);
	if (!err)
		err = damon_writer_log(ctx->writer, log, n);
	if (err || now_ns < ctx->next_flush_ns)
		return err;
	ctx->next_flush_ns = now_ns + FLUSH_NS;
	stats_totals(ctx);
	err = marks_write(&ctx->marks, ctx->writer, false);
	return err ? err : damon_writer_flush(ctx->writer, &ctx->totals);
}

/* Hands the interval's CPU times and counts to the core. */
static void feed_core(struct damon_ctx *ctx)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	size_t n = damon_targets_count(ts);

	count_rings(ctx);
	damon_core_count(ctx->core, &ctx->counts);
	memset(&ctx->counts, 0, sizeof(ctx->counts));
	for (size_t i = 0; i < n; i++) {
		if (ctx->target_ns[i] > 0)
			damon_core_cpu(ctx->core, damon_targets_at(ts, i), ctx->target_ns[i]);
		ctx->target_ns[i] = 0;
	}
}

int monitor_show(struct damon_ctx *ctx, const struct damon_snapshot *s, uint64_t end_ns)
{
	int err;

	counts_add(&ctx->totals.counts, &s->counts);
	ctx->totals.nr_snapshots++;
	rate_work(ctx, DAMON_WORK_RECORD);
	err = write_record(ctx, s, end_ns);
	rate_work(ctx, DAMON_WORK_OTHER);
	if (err)
		return damon_place_explain(&ctx->fail, -err, record_name(ctx));
	if (!ctx->callback)
		return 0;
	err = view_set(&ctx->view, s);
	if (!err && ctx->callback(ctx->callback_priv, &ctx->view.snap))
		ctx->ended = true;
	return err;
}

/* Ends the aggregation interval at 'end_ns'. */
static int aggregate(struct damon_ctx *ctx, uint64_t end_ns)
{
	const struct damon_snapshot *s;
	struct damon_snapshot snap;
	enum damon_work was = rate_work(ctx, DAMON_WORK_REGIONS);
	int err;

	if (ctx->source->pull) {
		ctx->proc = ctx->nr_pids ? damon_targets_find(damon_core_targets(ctx->core),
							      ctx->pids[0].pid)
					 : NULL;
		ctx->source->pull(ctx->source_state, ctx->aggr_start_ns, end_ns, events_emit, ctx);
	}
	feed_core(ctx);
	schemes_seen(ctx);
	err = checks_take(ctx, end_ns);
	if (err)
		return damon_fail(&ctx->fail, -err, "cannot take checks: %s", strerror(-err));
	if (ops_bounds(ctx, false, end_ns))
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	s = damon_core_aggregate(ctx->core, ctx->aggr_start_ns, end_ns,
				 rate_mean(ctx, ctx->aggr_start_ns, end_ns));
	ctx->aggr_start_ns = end_ns;
	if (!s)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	snap = *s;
	snap.sample_ns = damon_tuner_next(&ctx->tuner, &snap, &ctx->view.units);
	s = &snap;
	checks_feed(ctx);
	err = schemes_run(ctx, &snap, end_ns);
	if (err)
		return damon_fail(&ctx->fail, -err, "cannot plan schemes: %s", strerror(-err));
	build_ids_read(ctx);
	err = monitor_show(ctx, s, end_ns);
	if (err)
		return err;
	rate_work(ctx, DAMON_WORK_MAPS);
	if (end_ns < ctx->next_update_ns)
		err = update_early(ctx, end_ns, s->counts.no_region);
	else
		err = update(ctx, end_ns);
	rate_work(ctx, was);
	return err;
}

int monitor_until(struct damon_ctx *ctx, uint64_t time_ns)
{
	uint64_t aggr_ns = ctx->attrs.aggr_ns, behind;
	int err = 0;

	if (time_ns < ctx->aggr_start_ns + aggr_ns || schemes_are_paused(ctx))
		return 0;
	/* nothing comes from the future: a time that says so would end all intervals to come */
	if (!ctx->replay)
		time_ns = MIN(time_ns, ctx->sys->clock_ns(ctx->sys));
	behind = time_ns > ctx->aggr_start_ns ? (time_ns - ctx->aggr_start_ns) / aggr_ns : 0;
	if (behind >
	    600) /* the machine slept, or we were stopped: one long interval instead of thousands */
		return aggregate(ctx, time_ns);
	while (!err && ctx->aggr_start_ns + aggr_ns <= time_ns)
		err = aggregate(ctx, ctx->aggr_start_ns + aggr_ns);
	return err;
}

int monitor_cut(struct damon_ctx *ctx, uint64_t now_ns)
{
	return now_ns > ctx->aggr_start_ns ? aggregate(ctx, now_ns) : 0;
}

/* What was counted since the last interval, where none follows. */
static void count_rest(struct damon_ctx *ctx)
{
	count_rings(ctx);
	counts_add(&ctx->totals.counts, &ctx->counts);
	memset(&ctx->counts, 0, sizeof(ctx->counts));
}

void monitor_count(struct damon_ctx *ctx)
{
	if (ctx->raw) {
		struct raw_counts c;

		raw_counts(ctx->raw, &c);
		ctx->user_ticks = c.samples;
		count_rest(ctx);
	} else {
		count_rings(ctx); /* what is lost was not spent in the kernel */
	}
	count_kernel(ctx, rate_count(ctx));
	monitor_cpus(ctx);
}

int monitor_finish(struct damon_ctx *ctx)
{
	uint64_t now_ns = ctx->replay ? replay_end_ns(ctx) : ctx->sys->clock_ns(ctx->sys);
	int err = monitor_until(ctx, now_ns);

	monitor_count(ctx);
	if (!err && !schemes_are_paused(ctx))
		err = monitor_cut(ctx, now_ns);
	count_rest(ctx);
	return err;
}
