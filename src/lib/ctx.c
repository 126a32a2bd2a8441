/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A context's life: what was asked for, opening, closing. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/out.h"
#include "lib/replay/replay.h"

const char *damon_version(void)
{
	return DAMON_VERSION;
}

const char *damon_error(const struct damon_ctx *ctx)
{
	return ctx->fail.text;
}

const char *damon_remedy(const struct damon_ctx *ctx)
{
	return ctx->fail.remedy;
}

void damon_attrs_init(struct damon_attrs *a)
{
	*a = (struct damon_attrs){
		.size = sizeof(*a),
		.sample_ns = 5 * NS_PER_MS,
		.aggr_ns = 100 * NS_PER_MS,
		.update_ns = NS_PER_SEC,
		.min_nr_regions = 10,
		.max_nr_regions = 1000,
	};
}

void damon_sampling_init(struct damon_sampling *s)
{
	*s = (struct damon_sampling){
		.size = sizeof(*s),
		.source = "auto",
		.overhead_percent = 1,
		.mem_reads = 1,
		.checks_per_sec = 1000,
	};
}

void damon_intervals_goal_init(struct damon_intervals_goal *g)
{
	*g = (struct damon_intervals_goal){
		.size = sizeof(*g),
		.access_bp = 400,
		.aggrs = 3,
		.min_sample_ns = 5 * NS_PER_MS,
		.max_sample_ns = 10 * NS_PER_SEC,
	};
}

int damon_ctx_new(struct damon_ctx **out)
{
	struct damon_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return -ENOMEM;
	ctx->sys = &damon_sys_real;
	ctx->cmd.go_fd = ctx->cmd.hold_fd = ctx->cmd.err_fd = ctx->cmd.pid_fd = -1;
	ctx->epoll_fd = ctx->timer_fd = ctx->record_fd = -1;
	damon_attrs_init(&ctx->attrs);
	damon_sampling_init(&ctx->sampling);
	marks_init(&ctx->marks);
	*out = ctx;
	return 0;
}

int damon_set_attrs(struct damon_ctx *ctx, const struct damon_attrs *in)
{
	struct damon_attrs a;

	damon_attrs_init(&a);
	in_copy(a, in);
	if (!a.sample_ns)
		return damon_fail(&ctx->fail, EINVAL, "the sampling interval is 0");
	if (a.aggr_ns < a.sample_ns)
		return damon_fail(&ctx->fail, EINVAL,
				  "the aggregation interval is shorter than the sampling interval");
	if (a.update_ns < a.aggr_ns)
		return damon_fail(&ctx->fail, EINVAL,
				  "the update interval is shorter than the aggregation interval");
	if (a.aggr_ns < NS_PER_MS || a.update_ns > 86400 * NS_PER_SEC)
		return damon_fail(&ctx->fail, EINVAL,
				  "the aggregation interval must be at least 1 ms, the update "
				  "interval at most 1 day");
	if (a.min_nr_regions < 3)
		return damon_fail(&ctx->fail, EINVAL, "the minimum number of regions is below 3");
	if (a.max_nr_regions < a.min_nr_regions)
		return damon_fail(&ctx->fail, EINVAL,
				  "the maximum number of regions is below the minimum");
	if (a.max_nr_regions > 100000)
		return damon_fail(&ctx->fail, EINVAL, "more than 100000 regions");
	ctx->attrs = a;
	return 0;
}

int damon_set_intervals_goal(struct damon_ctx *ctx, const struct damon_intervals_goal *in)
{
	struct damon_intervals_goal g;

	damon_intervals_goal_init(&g);
	in_copy(g, in);
	if (g.access_bp > 10000)
		return damon_fail(&ctx->fail, EINVAL, "more than all access events: %u bp",
				  g.access_bp);
	if (g.access_bp && !g.aggrs)
		return damon_fail(&ctx->fail, EINVAL,
				  "the intervals' goal is looked at every 0 aggregations");
	if (g.access_bp && (g.min_sample_ns < NS_PER_US || g.max_sample_ns < g.min_sample_ns ||
			    g.max_sample_ns > 86400 * NS_PER_SEC))
		return damon_fail(
			&ctx->fail, EINVAL,
			"the tuned sampling interval must lie between 1 us and 1 day, its "
			"minimum not above its maximum");
	ctx->goal = (struct damon_goal){g.access_bp, g.aggrs, g.min_sample_ns, g.max_sample_ns};
	return 0;
}

int damon_set_sampling(struct damon_ctx *ctx, const struct damon_sampling *in)
{
	struct damon_sampling s;
	char *name, *check, *event;

	damon_sampling_init(&s);
	in_copy(s, in);
	if (!(s.rate_hz >= 0 && s.rate_hz <= 100000) || (s.rate_hz > 0 && s.rate_hz < 1))
		return damon_fail(&ctx->fail, EINVAL,
				  "the rate must lie between 1 and 100000 ticks per second");
	if (s.rate_hz <= 0 && !(s.overhead_percent >= 0.001 && s.overhead_percent <= 50))
		return damon_fail(&ctx->fail, EINVAL,
				  "the overhead must lie between 0.001 and 50 percent");
	if (s.resolution_ns && !(s.resolution_share > 0 && s.resolution_share <= 1))
		return damon_fail(&ctx->fail, EINVAL,
				  "the share of a resolution must lie between 0 and 1");
	if (s.resolution_ns && s.rate_hz > 0)
		return damon_fail(&ctx->fail, EINVAL, "both a rate and a resolution are asked for");
	if (s.mem_reads > DAMON_BURST_MAX)
		return damon_fail(&ctx->fail, EINVAL, "more than %d reads of memory per tick",
				  DAMON_BURST_MAX);
	if (s.period && s.rate_hz > 0)
		return damon_fail(&ctx->fail, EINVAL, "both a rate and a period are asked for");
	if (s.no_loads && s.no_stores)
		return damon_fail(&ctx->fail, EINVAL, "neither loads nor stores are asked for");
	if (s.event && (s.no_loads || s.no_stores || s.latency_cycles))
		return damon_fail(&ctx->fail, EINVAL,
				  "an event by name says itself which accesses it samples");
	if (!(s.checks_per_sec >= 1 && s.checks_per_sec <= 100000))
		return damon_fail(&ctx->fail, EINVAL,
				  "the rate must lie between 1 and 100000 checks per second");
	name = strdup(s.source ? s.source : "auto");
	check = strdup(s.check ? s.check : "none");
	event = s.event ? strdup(s.event) : NULL;
	if (!name || !check || (s.event && !event)) {
		free(name);
		free(check);
		free(event);
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	}
	free(ctx->source_name);
	free(ctx->check_names);
	free(ctx->event_name);
	ctx->source_name = name;
	ctx->check_names = check;
	ctx->event_name = event;
	ctx->sampling = s;
	ctx->sampling.source = name;
	ctx->sampling.check = check;
	ctx->sampling.event = event;
	return 0;
}

int damon_add_pid(struct damon_ctx *ctx, int pid)
{
	if (pid <= 0)
		return damon_fail(&ctx->fail, EINVAL, "'%d' is no process id", pid);
	for (size_t i = 0; i < ctx->nr_pids; i++) {
		if (ctx->pids[i].pid == pid)
			return 0;
	}
	if (vec_reserve(&ctx->pids, &ctx->cap_pids, ctx->nr_pids + 1, sizeof(*ctx->pids)))
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	ctx->pids[ctx->nr_pids++] = (struct ctx_pid){.pid = pid, .pid_fd = -1};
	return 0;
}

int damon_set_all(struct damon_ctx *ctx)
{
	ctx->all = true;
	return 0;
}

static void free_argv(char **argv)
{
	for (char **p = argv; p && *p; p++)
		free(*p);
	free(argv);
}

int damon_set_command(struct damon_ctx *ctx, char *const argv[])
{
	size_t n = 0;
	char **copy;

	while (argv[n])
		n++;
	if (!n || !argv[0][0])
		return damon_fail(&ctx->fail, EINVAL, "the command is empty");
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = strdup(argv[i]);
		if (!copy[i]) {
			free_argv(copy);
			copy = NULL;
		}
	}
	if (!copy)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	free_argv(ctx->cmd.argv);
	ctx->cmd.argv = copy;
	return 0;
}

int damon_set_record(struct damon_ctx *ctx, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	free(ctx->record_path);
	ctx->record_path = copy;
	return 0;
}

int damon_set_replay(struct damon_ctx *ctx, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	free(ctx->replay_path);
	ctx->replay_path = copy;
	return 0;
}

int damon_set_raw(struct damon_ctx *ctx, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	free(ctx->raw_path);
	ctx->raw_path = copy;
	return 0;
}

void damon_set_progress(struct damon_ctx *ctx, damon_progress_fn fn, void *priv)
{
	ctx->progress = fn;
	ctx->progress_priv = priv;
}

void damon_set_callback(struct damon_ctx *ctx, damon_snapshot_fn fn, void *priv)
{
	ctx->callback = fn;
	ctx->callback_priv = priv;
}

void damon_set_latency(struct damon_ctx *ctx, uint64_t latency_ns)
{
	ctx->latency_ns = latency_ns;
}

void damon_set_stop(struct damon_ctx *ctx, damon_stop_fn asked, void *priv)
{
	ctx->stop_asked = asked;
	ctx->stop_priv = priv;
}

static const struct damon_target *find_target(const void *owner, uint32_t id)
{
	struct damon_targets *ts = damon_core_targets(((const struct damon_ctx *)owner)->core);

	for (size_t i = 0, n = damon_targets_count(ts); i < n; i++) {
		const struct damon_target *t = damon_targets_at(ts, i);

		if (t && t->id == id)
			return t;
	}
	return NULL;
}

static const struct damon_space *find_space(const void *owner, uint32_t id)
{
	struct damon_targets *ts = damon_core_targets(((const struct damon_ctx *)owner)->core);

	for (size_t i = 0, n = damon_targets_count(ts); i < n; i++) {
		const struct damon_target *t = damon_targets_at(ts, i);

		if (t && t->space && t->space->id == id)
			return t->space;
	}
	return NULL;
}

static bool has_trace(const struct damon_event *e, int n)
{
	for (int i = 0; i < n; i++)
		if (e[i].aux_bytes)
			return true;
	return false;
}

/* Source, its rate and its events; the session is made but nothing is attached. */
static int open_source(struct damon_ctx *ctx)
{
	struct damon_event events[CTX_MAX_EVENTS];
	struct damon_source_options o = source_options(ctx);
	struct damon_session_options so = {0};
	int n, err;

	if (ctx->sampling.resolution_ns && !(ctx->source->sees & DAMON_SEES_TIME))
		return damon_fail(
			&ctx->fail, EINVAL,
			"no resolution can be asked of source '%s': it does not sample by "
			"time",
			ctx->source->name);
	if (!ctx->source->events)
		return ctx->source->open(&o, &ctx->peek, &ctx->source_state);
	n = ctx->source->events(ctx->sys, &o, events, &ctx->fail);
	if (n < 0)
		return n;
	if (ctx->source->sees & DAMON_SEES_TIME) {
		err = damon_session_calibrate(ctx->sys, &events[0].attr, &ctx->rate.tick_cost_ns);
		if (err)
			ctx->rate.tick_cost_ns =
				0; /* not known: the events' own error comes from attaching */
	}
	rate_choose(ctx, has_trace(events, n));
	if (ctx->source->scale_of && (ctx->source->sees & DAMON_SEES_TIME))
		damon_pace_measure(ctx->sys, &ctx->pace);
	o = source_options(ctx);
	n = rate_events(ctx, &o, events);
	if (n < 0)
		return n;
	err = ctx->source->open(&o, &ctx->peek, &ctx->source_state);
	if (err)
		return damon_fail(&ctx->fail, -err, "cannot open source '%s': %s",
				  ctx->source->name, strerror(-err));
	err = source_begin(ctx, events + ctx->first_event, n - (int)ctx->first_event);
	if (err)
		return err;
	if (ctx->rate.ladder)
		so.first_rung = 1 + ctx->rate.budget.rung;
	so.first_event = ctx->first_event;
	so.ids = so.build_ids = ctx->raw_path != NULL;
	so.kernel_clock = ctx->raw_path && ctx->source->decode_trace;
	if (ctx->source->decode_trace) {
		err = source_read_cpus(ctx);
		so.trace = events_on_trace;
		so.trace_priv = ctx;
	}
	if (err)
		return err;
	return damon_session_new(ctx->sys, events, n, &so, &ctx->session, &ctx->fail);
}

/* Of a recording nearly all is kept: it costs nobody anything while it is read. Intervals are
 * bounded by what they may hold. */
static uint32_t log_of_recording(uint64_t aggr_ns)
{
	const uint64_t in_interval = 1 << 16, per_sec = 10000;

	return (uint32_t)MIN(per_sec, MAX(in_interval * NS_PER_SEC / aggr_ns, (uint64_t)1));
}

int ctx_open_core(struct damon_ctx *ctx)
{
	const void *state = ctx->replay ? replay_state(ctx) : ctx->source_state;
	struct damon_core_params p = damon_core_defaults;

	p.sample_ns = ctx->attrs.sample_ns;
	p.aggr_ns = ctx->attrs.aggr_ns;
	p.update_ns = ctx->attrs.update_ns;
	p.min_nr_regions = ctx->attrs.min_nr_regions;
	p.max_nr_regions = ctx->attrs.max_nr_regions;
	if (ctx->replay)
		p.log_per_sec = log_of_recording(p.aggr_ns);
	ctx->core = damon_core_new(&p);
	ctx->target_ns = calloc(p.max_targets, sizeof(*ctx->target_ns));
	ctx->scale = ctx->source->scale;
	if (ctx->source->scale_of && state)
		ctx->source->scale_of(state, &ctx->scale);
	if (!ctx->core || !ctx->target_ns)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	ctx->view.units = (struct damon_view){
		.sample_ns = p.sample_ns,
		.aggr_ns = p.aggr_ns,
		.scale = ctx->scale,
	};
	damon_tuner_init(&ctx->tuner, &ctx->goal, p.sample_ns);
	ctx->view.target = find_target;
	ctx->view.space = find_space;
	ctx->view.owner = ctx;
	return ops_start(ctx, ctx->replay_path ? 0 : ctx->sys->clock_ns(ctx->sys));
}

static int take_fd(int *fd)
{
	int was = *fd;

	*fd = -1;
	return was;
}

int ctx_open_record(struct damon_ctx *ctx)
{
	struct damon_meta m;

	if (!ctx->record_path && ctx->record_fd < 0)
		return 0;
	meta_fill(ctx, &m);
	if (ctx->record_fd >= 0)
		return damon_writer_open_fd(take_fd(&ctx->record_fd), &m, &ctx->writer, &ctx->fail);
	return damon_writer_open(ctx->record_path, &m, &ctx->writer, &ctx->fail);
}

/* A running process: its events, its mappings. */
static int attach_pid(struct damon_ctx *ctx, struct ctx_pid *p)
{
	p->pid_fd = pidfd_open_of(ctx->sys, p->pid);
	if (p->pid_fd == -ESRCH)
		return damon_fail(&ctx->fail, ESRCH, "there is no process %d", p->pid);
	if (p->pid_fd == -EINVAL || p->pid_fd == -ENOENT) {
		damon_fail(&ctx->fail, EINVAL, "%d is a thread, not a process", p->pid);
		damon_fail_remedy(&ctx->fail,
				  "give the id of its process: all threads are monitored");
		return -EINVAL;
	}
	if (p->pid_fd < 0 && p->pid_fd != -ENOSYS)
		return damon_fail(&ctx->fail, -p->pid_fd, "cannot watch process %d: %s", p->pid,
				  strerror(-p->pid_fd));
	if (damon_proc_is_kernel(ctx->sys, p->pid))
		return damon_fail(&ctx->fail, EINVAL,
				  "process %d is a thread of the kernel: it has no memory of its "
				  "own to monitor",
				  p->pid);
	return ctx_attach(ctx, p->pid);
}

int ctx_attach(struct damon_ctx *ctx, int pid)
{
	uint64_t now_ns = ctx->sys->clock_ns(ctx->sys);
	struct damon_proc *proc;
	char comm[DAMON_COMM_MAX] = "?";
	int err;

	if (ctx->session) {
		err = damon_session_attach(ctx->session, pid, &ctx->fail);
		if (err)
			return err;
	}
	damon_proc_comm(ctx->sys, pid, comm);
	proc = damon_targets_add(damon_core_targets(ctx->core), pid, comm, now_ns);
	if (!proc)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	err = events_read_maps(ctx, proc, now_ns);
	if (err) {
		damon_fail(&ctx->fail, -err, "cannot read the mappings of process %d: %s", pid,
			   strerror(-err));
		damon_fail_remedy(&ctx->fail, "%s",
				  geteuid() ? "run as its user, or as root, or add "
					      "cap_sys_ptrace to the program's capabilities "
					      "(setcap)"
					    : "this root lacks CAP_SYS_PTRACE: run it outside of "
					      "the container, or grant that (docker: --cap-add "
					      "SYS_PTRACE)");
	}
	return err;
}

/* All processes: each gets a target when it is seen first. */
static int attach_all(struct damon_ctx *ctx)
{
	if (!ctx->session)
		return damon_fail(&ctx->fail, EINVAL,
				  "source '%s' has no events, which all processes are seen by",
				  ctx->source->name);
	ctx->own_pid = getpid();
	damon_targets_lazy(damon_core_targets(ctx->core));
	return damon_session_attach_all(ctx->session, &ctx->fail);
}

/* Everything that can be refused; the command is held back. */
static int attach(struct damon_ctx *ctx)
{
	int err = 0;

	if (ctx->session)
		damon_session_stop_if(ctx->session, ctx->stop_asked, ctx->stop_priv);
	for (size_t i = 0; !err && i < ctx->nr_pids; i++)
		err = attach_pid(ctx, &ctx->pids[i]);
	if (!err)
		err = members_attach(ctx);
	if (!err && ctx->all)
		err = attach_all(ctx);
	if (!err && ctx->cmd.argv)
		err = command_start(ctx);
	if (!err && ctx->cmd.argv && ctx->session)
		err = damon_session_attach_on_exec(ctx->session, ctx->cmd.pid, &ctx->fail);
	return err;
}

/* The recording begins. To attach may have taken long, where there are many threads: that is no
 * part of it. */
static int start(struct damon_ctx *ctx)
{
	int err;

	ctx->start_ns = ctx->sys->clock_ns(ctx->sys);
	ctx->epoch_offset_ns = (int64_t)(ctx->sys->realtime_ns(ctx->sys) - ctx->start_ns);
	ctx->view.epoch_offset_ns = ctx->epoch_offset_ns;
	ctx->aggr_start_ns = ctx->start_ns;
	ctx->next_flush_ns = ctx->start_ns + NS_PER_SEC;
	ctx->next_update_ns = ctx->start_ns + ctx->attrs.update_ns;
	ctx->members.next_ns = ctx->next_update_ns;
	ctx->maps_move = true;
	rate_start(ctx);
	err = ops_bounds(ctx, true, ctx->start_ns);
	if (!err)
		err = ctx->raw_path ? raw_open(ctx) : ctx_open_record(ctx);
	if (!err && ctx->writer)
		marks_open(&ctx->marks, ctx->start_ns);
	if (!err && ctx->session)
		err = damon_session_enable(ctx->session);
	if (!err && ctx->cmd.argv)
		err = command_go(ctx);
	return err ? err : checks_start(ctx);
}

static int open_all(struct damon_ctx *ctx)
{
	int err;

	if (ctx->replay_path) {
		err = ops_open(ctx);
		if (!err)
			err = damon_peek_init(&ctx->peek, ctx->sys);
		return err ? err : replay_open(ctx);
	}
	err = source_choose(ctx);
	if (!err && ctx->raw_path)
		err = raw_check(ctx);
	if (!err)
		err = ops_open(ctx);
	if (!err)
		err = members_open(ctx);
	if (!err)
		err = damon_peek_init(&ctx->peek, ctx->sys);
	if (!err)
		err = open_source(ctx);
	if (!err)
		err = ctx_open_core(ctx);
	if (!err)
		err = checks_open(ctx);
	if (!err)
		err = attach(ctx);
	if (!err)
		err = schemes_open(ctx);
	return err ? err : start(ctx);
}

static void release_world(struct damon_ctx *ctx)
{
	schemes_close(ctx);
	checks_release(ctx);
	damon_session_free(steal(&ctx->session));
	replay_free(steal(&ctx->replay));
	if (ctx->source && ctx->source_state)
		ctx->source->close(ctx->source_state);
	ctx->source_state = NULL;
	damon_peek_release(&ctx->peek);
	ops_release(ctx);
	for (size_t i = 0; i < ctx->nr_pids; i++) {
		closep(&ctx->pids[i].pid_fd);
		ctx->pids[i].pid_fd = -1;
	}
	closep(&ctx->epoll_fd);
	closep(&ctx->timer_fd);
	ctx->epoll_fd = ctx->timer_fd = -1;
}

/* Contradictions in what is to be monitored. */
static int check_what(struct damon_ctx *ctx)
{
	bool some = ctx->nr_pids || ctx->members.nr_groups || ctx->cmd.argv;

	if (ctx->replay_path && (some || ctx->all))
		return damon_fail(&ctx->fail, EINVAL,
				  "a recording is replayed, or processes are monitored: not both");
	if (ctx->raw_path && (ctx->replay_path || ctx->record_path || ctx->record_fd >= 0))
		return damon_fail(&ctx->fail, EINVAL,
				  "a raw recording is made, or a record: not both");
	if (ctx->all && some)
		return damon_fail(&ctx->fail, EINVAL,
				  "all processes are monitored, or given ones: not both");
	if (!some && !ctx->all && !ctx->replay_path)
		return damon_fail(&ctx->fail, EINVAL, "there is nothing to monitor");
	return 0;
}

int damon_open(struct damon_ctx *ctx)
{
	int err;

	if (ctx->state != CTX_SETUP)
		return damon_fail(&ctx->fail, EBUSY, "the context was opened before");
	err = check_what(ctx);
	if (err)
		return err;
	ctx->rate.own_start_ns = ctx->rate.work_from_ns = ctx->sys->own_cpu_ns(ctx->sys);
	err = open_all(ctx);
	if (!err) {
		ctx->state = CTX_OPEN;
		return 0;
	}
	if (!ctx->fail.text[0])
		damon_fail(&ctx->fail, -err, "cannot start: %s", strerror(-err));
	command_abandon(ctx);
	damon_writer_discard(steal(&ctx->writer));
	raw_discard(steal(&ctx->raw));
	release_world(ctx);
	ctx->state = CTX_CLOSED;
	return err;
}

/* Returns 'err', or else what went wrong here. */
static int close_record(struct damon_ctx *ctx, int err)
{
	int werr = damon_writer_targets(ctx->writer, damon_core_targets(ctx->core));
	int closed;

	if (!werr)
		werr = marks_write(&ctx->marks, ctx->writer, true);
	if (!werr)
		ctx->totals.complete = 1;
	closed = damon_writer_complete(ctx->writer, &ctx->totals);
	werr = werr ? werr : closed;
	ctx->record_bytes = damon_writer_bytes(ctx->writer);
	closed = damon_writer_close(steal(&ctx->writer), NULL);
	werr = werr ? werr : closed;
	if (werr && err >= 0)
		return damon_place_explain(&ctx->fail, -werr, record_name(ctx));
	return err;
}

/* How much of their time events of hardware had a counter, and how much they were not for. Only at
 * the end: to read events that are on interrupts the CPUs that they are on. */
static void ask_counters(struct damon_ctx *ctx)
{
	double share;

	if (!source_is_hardware(ctx->source))
		return;
	if (!damon_session_ran(ctx->session, &share))
		ctx->counter_percent = MAX(share * 100, .01);
	ctx->uncovered_percent = damon_session_uncovered(ctx->session) * 100;
}

/* What the rings still hold, and the last interval. */
static int finish(struct damon_ctx *ctx)
{
	int err = 0;

	if (ctx->session) {
		damon_session_disable(ctx->session);
		ask_counters(ctx);
		rate_work(ctx, DAMON_WORK_SAMPLES);
		err = ctx->raw ? raw_read(ctx)
			       : damon_session_read(ctx->session, events_on_record, ctx);
		rate_work(ctx, DAMON_WORK_OTHER);
	}
	if (err < 0)
		return err;
	if (ctx->replay)
		return replay_finish(ctx);
	if (!ctx->raw)
		return monitor_finish(ctx);
	monitor_count(ctx);
	return 0;
}

int damon_close(struct damon_ctx *ctx)
{
	int err, closed;

	if (ctx->state != CTX_OPEN)
		return 0;
	ctx->state = CTX_CLOSED;
	schemes_close(ctx);
	checks_stop(ctx);
	err = finish(ctx);
	stats_totals(ctx);
	if (ctx->writer)
		err = close_record(ctx, err);
	closed = raw_close(ctx);
	release_world(ctx);
	return err < 0 ? err : closed;
}

void damon_ctx_free(struct damon_ctx *ctx)
{
	if (!ctx)
		return;
	if (ctx->threaded)
		damon_stop(ctx);
	damon_close(ctx);
	closep(&ctx->cmd.pid_fd);
	free_argv(ctx->cmd.argv);
	schemes_free(ctx);
	damon_core_free(ctx->core);
	view_release(&ctx->view);
	free(ctx->target_ns);
	free(ctx->midr);
	free(ctx->pollfds);
	free(ctx->pids);
	members_release(ctx);
	free(ctx->ops.ranges);
	free(ctx->source_name);
	free(ctx->check_names);
	free(ctx->event_name);
	free(ctx->record_path);
	free(ctx->replay_path);
	free(ctx->raw_path);
	closep(&ctx->record_fd);
	marks_release(&ctx->marks);
	free(ctx);
}
