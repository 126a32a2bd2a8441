/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Perf records become observations, address spaces and processes. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/ctx.h"
#include "lib/replay/replay.h"
#include "os/proc.h"

void events_closed(struct damon_ctx *ctx, const struct damon_fail *why)
{
	if (!ctx->nr_closed++)
		ctx->closed_reason = *why;
}

void events_hidden(struct damon_ctx *ctx, int pid, const char *comm)
{
	struct damon_fail why = {0};

	damon_fail(&why, EACCES, "process %d (%s) cannot be looked into", pid, comm);
	damon_fail_remedy(&why, "run as root");
	events_closed(ctx, &why);
}

/* The space of a process as /proc tells it. */
static int sync_maps(struct damon_ctx *ctx, struct damon_proc *p, uint64_t now_ns)
{
	struct damon_maps maps = {0};
	int err = damon_maps_read(ctx->sys, p->pid, &maps);

	if (err)
		return err;
	if (maps.nr) /* a zombie's list is empty */
		err = damon_space_sync(p->space, maps.m, maps.nr, now_ns);
	damon_maps_release(&maps);
	return err;
}

/* One that ended, or closed itself to us (PR_SET_DUMPABLE), keeps what it had. */
int events_read_maps(struct damon_ctx *ctx, struct damon_proc *p, uint64_t now_ns)
{
	int err = sync_maps(ctx, p, now_ns);

	if (err == -ESRCH || err == -ENOENT)
		return 0;
	return err == -EPERM ? -EACCES : err;
}

/* A process that no event announced: its FORK or COMM was lost, or it is older than its events. */
static struct damon_proc *adopt(struct damon_ctx *ctx, int pid, uint64_t now_ns)
{
	struct damon_proc *p;
	char comm[DAMON_COMM_MAX] = "?";

	damon_proc_comm(ctx->sys, pid, comm);
	p = damon_targets_add(damon_core_targets(ctx->core), pid, comm, now_ns);
	if (p)
		events_read_maps(ctx, p, now_ns);
	return p;
}

/* Its mappings when it is seen first: none can be read of those that are closed to us. */
static void meet(struct damon_ctx *ctx, struct damon_proc *p, uint64_t now_ns)
{
	int err;

	if (!p->comm[0] || p->comm[0] == '?')
		damon_proc_comm(ctx->sys, p->pid, p->comm);
	err = sync_maps(ctx, p, now_ns);
	if (err == -EACCES || err == -EPERM)
		events_hidden(ctx, p->pid, p->comm);
}

/*
 * Of all processes: the one of a sample, with a target if there is room for it. It may be known
 * from its exec, or not at all, as it is older than our events. NULL: it has no target, or is
 * nobody's, as we ourselves and threads of the kernel are.
 */
static struct damon_proc *anyone(struct damon_ctx *ctx, int pid, uint64_t now_ns)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	struct damon_proc *p;

	p = damon_targets_find(ts, pid);
	if (p && p->target)
		return p;
	if (pid <= 0 || pid == ctx->own_pid || (!p && damon_proc_is_kernel(ctx->sys, pid))) {
		ctx->strangers++;
		return NULL;
	}
	if (!p)
		p = damon_targets_know(ts, pid, "?", now_ns);
	if (p && !p->nr_obs)
		meet(ctx, p, now_ns);
	if (p && p->space->nr_live)
		damon_targets_admit(ts, p, now_ns);
	if (p && p->target)
		return p;
	ctx->counts.no_target++;
	ctx->user_ticks++;
	if (p)
		p->nr_obs++;
	return NULL;
}

void events_emit(void *priv, const struct damon_obs *o)
{
	struct damon_ctx *ctx = priv;

	ops_observe(ctx, ctx->proc, o);
}

static void on_sample(struct damon_ctx *ctx, const struct damon_perf_record *r)
{
	const struct damon_perf_sample *s = &r->sample;
	struct damon_proc *p = ctx->all ? anyone(ctx, s->pid, r->time_ns)
					: damon_targets_find(damon_core_targets(ctx->core), s->pid);
	double sample_ns;

	if (!p && !ctx->whole_cpus && !ctx->all)
		p = adopt(ctx, s->pid, r->time_ns);
	if (!p) {
		ctx->strangers += ctx->whole_cpus && !ctx->all;
		return;
	}
	p->nr_obs++;
	ctx->user_ticks += !ctx->source->decode_trace; /* of traces, pieces interrupt */
	ctx->proc = p;
	sample_ns = rate_sample_ns(ctx, s);
	if (p->target)
		ctx->target_ns[p->target->slot] += sample_ns;
	ctx->source->decode(ctx->source_state, s, p->space, events_emit, ctx);
}

/*
 * The process that a recording tells something of. perf tells of every process that there is,
 * before anything happens: those get a target when they are seen. Live, what is not known is none
 * of ours.
 */
static struct damon_proc *known(struct damon_ctx *ctx, int pid, const char *comm, uint64_t now_ns)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);

	if (ctx->replay && pid > 0)
		return damon_targets_know(ts, pid, comm, now_ns);
	return damon_targets_find(ts, pid);
}

/* Before MMAP2 there were no protections: what is not said to be code is data. */
static uint32_t protection(const struct damon_perf_record *r)
{
	const struct damon_mapping_bytes *m = &r->mmap.map;
	uint32_t prot = m->prot & (PROT_READ | PROT_WRITE | PROT_EXEC);

	if (r->type == PERF_RECORD_MMAP)
		return PROT_READ | (prot & PROT_EXEC ? PROT_EXEC : PROT_WRITE);
	if ((m->flags & MAP_TYPE) != MAP_PRIVATE)
		prot |= DAMON_PROT_SHARED;
	return prot;
}

static int on_mmap(struct damon_ctx *ctx, const struct damon_perf_record *r)
{
	const struct damon_perf_mmap *e = &r->mmap;
	struct damon_proc *p = known(ctx, e->pid, "?", r->time_ns);
	struct damon_mapping m = {
		.start = e->map.start,
		.end = e->map.start + e->map.len,
		.offset = e->map.offset,
		.dev = e->map.dev,
		.inode = e->map.inode,
		.build_id_len = e->map.build_id_len,
		.name = e->name,
	};
	int err;

	if (!p || m.end < m.start)
		return 0;
	schemes_moved(ctx, e->pid, m.start, m.end);
	memcpy(m.build_id, e->map.build_id, sizeof(m.build_id));
	m.prot = protection(r);
	if (ctx->replay)
		replay_tell_file(ctx, &m);
	err = damon_space_map(p->space, &m, r->time_ns);
	return err == -EINVAL ? 0 : err; /* hugetlb and odd ranges are not ours to refuse */
}

static int on_comm(struct damon_ctx *ctx, const struct damon_perf_record *r)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	const struct damon_perf_comm *c = &r->comm;

	if (c->exec)
		schemes_moved(ctx, c->pid, 0, UINT64_MAX);
	if (c->exec)
		return damon_targets_exec(ts, c->pid, c->comm, r->time_ns);
	if (c->pid != c->tid)
		return 0;
	if (ctx->replay && !known(ctx, c->pid, c->comm, r->time_ns))
		return c->pid > 0 ? -ENOMEM : 0;
	damon_targets_comm(ts, c->pid, c->comm);
	return 0;
}

static int on_fork(struct damon_ctx *ctx, const struct damon_perf_record *r)
{
	if (r->task.pid == r->task.ppid) /* a thread */
		return 0;
	return damon_targets_fork(damon_core_targets(ctx->core), r->task.pid, r->task.ppid,
				  r->time_ns);
}

/*
 * The kernel ends the events of a program that raises its privileges, or may not be read, as it is
 * executed (begin_new_exec() in its fs/exec.c): before anything is mapped, and it lives on.
 */
static void tell_raised(struct damon_ctx *ctx, const struct damon_proc *p)
{
	struct damon_fail why = {0};

	damon_fail(&why, EACCES,
		   "process %d (%s) has raised its privileges, which ended its events", p->pid,
		   p->comm);
	damon_fail_remedy(&why, "monitor it by its number, as root");
	events_closed(ctx, &why);
}

static int on_exit_of(struct damon_ctx *ctx, const struct damon_perf_record *r)
{
	const struct damon_proc *p;

	if (r->task.pid != r->task.tid) /* a thread */
		return 0;
	p = ctx->replay ? NULL : damon_targets_find(damon_core_targets(ctx->core), r->task.pid);
	if (p && p->executed && !p->space->nr_live)
		tell_raised(ctx, p);
	schemes_moved(ctx, r->task.pid, 0, UINT64_MAX);
	damon_targets_exit(damon_core_targets(ctx->core), r->task.pid, r->time_ns);
	return 0;
}

int events_on_record(void *priv, const struct damon_perf_record *r)
{
	struct damon_ctx *ctx = priv;
	int err = monitor_until(ctx, r->time_ns);

	if (err)
		return err;
	if (ctx->replay && !replay_has_room(ctx, r))
		return 0;
	switch (r->type) {
	case PERF_RECORD_SAMPLE:
		if (ctx->replay)
			return replay_on_sample(ctx, r);
		rate_sampled(ctx, &r->sample);
		on_sample(ctx, r);
		return 0;
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		return on_mmap(ctx, r);
	case PERF_RECORD_COMM:
		return on_comm(ctx, r);
	case PERF_RECORD_FORK:
		return on_fork(ctx, r);
	case PERF_RECORD_EXIT:
		return on_exit_of(ctx, r);
	case PERF_RECORD_AUX: /* what interrupts where traces are written */
		ctx->user_ticks += !ctx->replay;
		return 0;
	case PERF_RECORD_LOST: /* live, the session has counted them */
	case PERF_RECORD_LOST_SAMPLES:
		ctx->counts.lost += ctx->replay ? r->lost : 0;
		return 0;
	case PERF_RECORD_THROTTLE:
		ctx->counts.throttled += ctx->replay != NULL;
		return 0;
	default:
		return 0;
	}
}

struct traced {
	struct damon_ctx *ctx;
	const struct damon_session_trace *trace;
};

/*
 * A sample that was found in a trace. A piece is of one thread, as the kernel ends it when another
 * one runs; what the trace itself says of the thread may be a number of another namespace.
 */
static void on_traced(void *priv, const struct damon_perf_sample *s)
{
	const struct traced *t = priv;
	struct damon_perf_record r = {
		.type = PERF_RECORD_SAMPLE,
		.time_ns = s->time_ns,
		.sample = *s,
	};

	r.sample.event = t->trace->event;
	if (t->trace->pid > 0) {
		r.sample.pid = t->trace->pid;
		r.sample.tid = t->trace->tid;
	}
	if (r.sample.pid > 0)
		on_sample(t->ctx, &r);
	else
		t->ctx->counts.no_target++;
}

/* The clock of the trace is not ours, so its samples get the time at which their piece was
 * announced: some ten of them are, at once. */
void events_on_trace(void *priv, const struct damon_session_trace *t)
{
	struct damon_ctx *ctx = priv;
	struct traced traced = {ctx, t};
	struct damon_trace piece = {
		.buffer = t->buffer,
		.offset = t->offset,
		.bytes = t->bytes,
		.len = t->len,
		.cpu = t->cpu,
		.pid = t->pid > 0 ? t->pid : -1,
		.tid = t->tid > 0 ? t->tid : -1,
		.time_ns = t->time_ns,
		.midr = t->cpu >= 0 && t->cpu < ctx->nr_midr ? ctx->midr[t->cpu] : 0,
		.truncated = t->flags & PERF_AUX_FLAG_TRUNCATED,
		.collided = t->flags & PERF_AUX_FLAG_COLLISION,
	};

	ctx->source->decode_trace(ctx->source_state, &piece, on_traced, &traced);
}
