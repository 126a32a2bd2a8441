/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/replay/infer.h"
#include "lib/replay/kdamon.h"
#include "lib/replay/replay.h"
#include "lib/replay/room.h"
#include "lib/replay/threads.h"
#include "perf/file.h"
#include "perf/order.h"
#include "record/chunk.h"

#define ITEMS_PER_STEP	  4096 /* of the file, between two looks at the world */
#define PERF_AUXTRACE_SPE 4
#define MAX_TIME_NS	  (1ull << 62) /* nothing is as late: sums cannot overflow */
#define KERNEL_HALF	  (1ull << 63)

/* What an event of the file is to us. */
struct replay_event {
	const struct damon_source_ops *ops; /* NULL: nobody decodes it */
	void *state;			    /* shared by all events of a source */
	uint64_t period;		    /* of its samples, if they do not tell */
	bool is_kdamon;
	bool is_stalls; /* periods are ns that were waited, not accesses */
	uint64_t nr;	/* samples */
};

struct replay {
	struct damon_perf_file *file;
	struct damon_order *order;
	struct replay_event *events;
	size_t nr_events, cap_events;
	void **states;	       /* by row of damon_sources, NULL: not used */
	struct kdamon *kdamon; /* NULL: samples of memory */
	struct infer infer;
	struct room room;
	bool in_stall; /* what is being decoded is of such an event */
	bool begun, ended;
	int err;	  /* from the callbacks of 'order' and of traces */
	uint64_t last_ns; /* the latest time of what was delivered */
	/* Hardware traces. */
	size_t trace_event; /* index + 1 of the event whose source decodes them */
	struct threads threads;
	bool has_trace;
	uint64_t aux_flags;	  /* of the pieces since the last one that was read */
	bool piece_by_piece;	  /* each piece follows the record that announced it, and is of that
				     record's thread: recordings of our own */
	int piece_pid, piece_tid; /* of the piece at hand; 0: not told */
	struct damon_origin origin;
};

/* ---- which source decodes what ---- */

static size_t nr_sources(void)
{
	size_t n = 0;

	while (damon_sources[n])
		n++;
	return n;
}

static int open_state(struct damon_ctx *ctx, struct replay *r, size_t row)
{
	struct damon_source_options o = {.seed = 1};
	int err;

	if (r->states[row])
		return 0;
	err = damon_sources[row]->open(&o, &ctx->peek, &r->states[row]);
	return err ? damon_fail(&ctx->fail, -err, "cannot open source '%s': %s",
				damon_sources[row]->name, strerror(-err))
		   : 0;
}

/* Without times nothing can be put into intervals. */
static int check_times(struct damon_ctx *ctx, const struct damon_perf_event *e)
{
	if (e->attr.sample_type & PERF_SAMPLE_TIME)
		return 0;
	damon_fail(&ctx->fail, EINVAL, "the samples of '%.200s' have no times", ctx->replay_path);
	damon_fail_remedy(&ctx->fail, "record with -T (--timestamp)");
	return -EINVAL;
}

static void tell_event(struct replay *r, const struct damon_perf_event *e)
{
	size_t len = strlen(r->origin.events), room = sizeof(r->origin.events) - len;
	const char *name = e->name[0] ? e->name : e->pmu[0] ? e->pmu : "an event without a name";

	snprintf(r->origin.events + len, room, "%s%s", len ? ", " : "", name);
}

/* As 'convert --to perf' names it: "damon-perf/soft,stalls/". */
static bool is_stalls(const struct damon_perf_event *e)
{
	static const char ours[] = "damon-perf/";

	return !strncmp(e->name, ours, sizeof(ours) - 1) && strstr(e->name, ",stalls/");
}

static int choose_for(struct damon_ctx *ctx, struct replay *r, const struct damon_perf_event *e,
		      struct replay_event *out)
{
	int err = 0;

	*out = (struct replay_event){.period = e->attr.freq ? 0 : e->attr.sample_period};
	if (!e->attr.sample_period) /* it leads others, or counts: nothing of it will come */
		return 0;
	for (size_t i = 0; damon_sources[i] && !out->ops; i++) {
		if (!damon_sources[i]->claims || !damon_sources[i]->claims(e))
			continue;
		if (!damon_sources[i]->decode_trace) /* traces have times of their own */
			err = check_times(ctx, e);
		if (!err)
			err = open_state(ctx, r, i);
		if (err)
			return err;
		out->ops = damon_sources[i];
		out->state = r->states[i];
		out->is_stalls = is_stalls(e);
		if (out->ops->decode_trace && !r->trace_event)
			r->trace_event = r->nr_events + 1;
	}
	return 0;
}

/* Tells the sources in use of all events. */
static int begin_sources(struct damon_ctx *ctx, struct replay *r, const struct damon_perf_event *e,
			 size_t n)
{
	int err = 0;

	for (size_t i = 0; damon_sources[i] && !err; i++)
		if (r->states[i] && damon_sources[i]->begin)
			err = damon_sources[i]->begin(r->states[i], e, n);
	return err ? damon_fail(&ctx->fail, -err, "out of memory") : 0;
}

/* Those that came since the last time: a pipe tells them one by one. */
static int choose_sources(struct damon_ctx *ctx, struct replay *r)
{
	const struct damon_perf_event *events;
	size_t n, was;
	int err = 0;

	events = damon_perf_file_events(r->file, &n);
	if (vec_reserve(&r->events, &r->cap_events, n, sizeof(*r->events)))
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	was = r->nr_events;
	for (; r->nr_events < n && !err; r->nr_events += !err)
		err = choose_for(ctx, r, &events[r->nr_events], &r->events[r->nr_events]);
	if (!err && n > was)
		err = begin_sources(ctx, r, events, n);
	return err;
}

/* Samples as the source 'soft' takes them. */
static bool needs_program(const struct damon_perf_event *e)
{
	const uint64_t both = PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;

	return (e->attr.sample_type & both) == both && !(e->attr.sample_type & PERF_SAMPLE_ADDR);
}

static int refuse_registers(struct damon_ctx *ctx)
{
	damon_fail(&ctx->fail, ENODATA,
		   "the samples of '%.200s' are registers and stack: accesses are computed from "
		   "these with the code and memory of the program while it runs",
		   ctx->replay_path);
	damon_fail_remedy(&ctx->fail, "to see accesses, record without --raw");
	return -ENODATA;
}

static bool is_counted(const struct damon_perf_event *e)
{
	return (e->attr.sample_type & PERF_SAMPLE_ADDR) && !e->attr.sample_period;
}

static int refuse_counts(struct damon_ctx *ctx)
{
	damon_fail(&ctx->fail, ENODATA, "the events of '%.200s' were counted and not sampled",
		   ctx->replay_path);
	damon_fail_remedy(&ctx->fail, "record without -n (--no-samples)");
	return -ENODATA;
}

/* No event of it can be used: says which ones there are. */
static int refuse_events(struct damon_ctx *ctx, struct replay *r)
{
	const struct damon_perf_event *events;
	struct replay all = {.nr_events = 0};
	size_t n;

	events = damon_perf_file_events(r->file, &n);
	for (size_t i = 0; i < n; i++)
		if (needs_program(&events[i]))
			return refuse_registers(ctx);
	for (size_t i = 0; i < n; i++)
		if (is_counted(&events[i]))
			return refuse_counts(ctx);
	for (size_t i = 0; i < n && i < 8; i++)
		tell_event(&all, &events[i]);
	damon_fail(&ctx->fail, ENODATA, "no event of '%.200s' tells addresses of memory: %.120s",
		   ctx->replay_path, n ? all.origin.events : "there are none");
	damon_fail_remedy(&ctx->fail, "record with 'perf mem record', or with 'perf record -d'");
	return -ENODATA;
}

/* 'perf record -d' asks clocks and switches for addresses, too. */
static bool is_software(const struct damon_perf_event *e)
{
	const struct perf_event_attr *a = &e->attr;

	return a->type == PERF_TYPE_SOFTWARE && a->config != PERF_COUNT_SW_PAGE_FAULTS &&
	       a->config != PERF_COUNT_SW_PAGE_FAULTS_MIN &&
	       a->config != PERF_COUNT_SW_PAGE_FAULTS_MAJ;
}

/* What the record says of the sources as one: the name of the first one that is likely to tell
 * addresses, and all that they see. */
static int choose_all(struct damon_ctx *ctx, struct replay *r)
{
	const struct damon_source_ops *unlikely = NULL;
	const struct damon_perf_event *events;
	size_t n;
	int err = choose_sources(ctx, r);

	events = damon_perf_file_events(r->file, &n);
	for (size_t i = 0; i < r->nr_events && !err; i++) {
		if (!r->events[i].ops)
			continue;
		tell_event(r, &events[i]);
		if (is_software(&events[i]))
			unlikely = unlikely ? unlikely : r->events[i].ops;
		else
			ctx->source = ctx->source ? ctx->source : r->events[i].ops;
	}
	if (err)
		return err;
	ctx->source = ctx->source ? ctx->source : unlikely;
	if (ctx->source) { /* samples tell more than the kernel's regions */
		kdamon_free(steal(&r->kdamon));
		return 0;
	}
	for (size_t i = 0; i < r->nr_events; i++) {
		if (!kdamon_is_event(r->kdamon, &events[i], damon_perf_file_info(r->file)))
			continue;
		r->events[i].is_kdamon = true;
		tell_event(r, &events[i]);
		ctx->source = &kdamon_source;
		return check_times(ctx, &events[i]);
	}
	return refuse_events(ctx, r);
}

/* ---- the beginning ---- */

static void tell_origin(struct replay *r)
{
	const struct damon_perf_file_info *i = damon_perf_file_info(r->file);
	struct damon_origin *o = &r->origin;

	snprintf(o->kind, sizeof(o->kind), "perf.data");
	memcpy(o->host, i->hostname, sizeof(o->host));
	memcpy(o->perf_version, i->perf_version, sizeof(o->perf_version));
	memcpy(o->cpu, i->cpu, sizeof(o->cpu));
}

static int begin(struct damon_ctx *ctx, uint64_t time_ns)
{
	const struct damon_perf_file_info *i = damon_perf_file_info(ctx->replay->file);

	tell_origin(ctx->replay);
	ctx->start_ns = ctx->aggr_start_ns = time_ns;
	ctx->epoch_offset_ns = ctx->view.epoch_offset_ns = i->epoch_offset_ns;
	ctx->next_flush_ns = time_ns + NS_PER_SEC;
	ctx->next_update_ns = time_ns + ctx->attrs.update_ns;
	ctx->replay->last_ns = time_ns;
	ctx->replay->begun = true;
	if (ops_bounds(ctx, true, time_ns))
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	return ctx->replay->kdamon ? 0 : ctx_open_record(ctx);
}

/* The processes of such a recording are not what it is about. */
static int on_kdamon(struct damon_ctx *ctx, const struct damon_perf_record *rec)
{
	if (rec->type == PERF_RECORD_LOST || rec->type == PERF_RECORD_LOST_SAMPLES)
		ctx->counts.lost += rec->lost;
	return rec->type == PERF_RECORD_SAMPLE ? replay_on_sample(ctx, rec) : 0;
}

static void note_thread(struct replay *r, const struct damon_perf_record *rec)
{
	if (rec->type == PERF_RECORD_COMM)
		threads_note(&r->threads, rec->comm.tid, rec->comm.pid);
	else if (rec->type == PERF_RECORD_FORK)
		threads_note(&r->threads, rec->task.tid, rec->task.pid);
}

/* Records are delivered here, in the order of time. Those that perf made up for what was there
 * before have no time: they come first, and before the recording begins. */
static int on_record(void *priv, const struct damon_perf_record *rec)
{
	struct damon_ctx *ctx = priv;
	struct replay *r = ctx->replay;
	int err = 0;

	if (!ctx->source)
		err = choose_all(ctx, r);
	if (!err && !ctx->core)
		err = ctx_open_core(ctx);
	if (!err && !r->begun && rec->time_ns)
		err = begin(ctx, rec->time_ns);
	r->last_ns = MAX(r->last_ns, rec->time_ns);
	if (r->trace_event)
		note_thread(r, rec);
	if (!err)
		err = r->kdamon ? on_kdamon(ctx, rec) : events_on_record(ctx, rec);
	if (!err && ctx->ended)
		err = 1;
	return err;
}

bool replay_has_room(struct damon_ctx *ctx, const struct damon_perf_record *rec)
{
	return room_for_record(&ctx->replay->room, damon_core_targets(ctx->core), rec);
}

/* ---- samples ---- */

/* The access that was waited for was one at most, which the log has told or not. */
static void observe_stall(struct damon_ctx *ctx, struct damon_proc *p, const struct damon_obs *o)
{
	const struct damon_obs stall = {
		.time_ns = o->time_ns,
		.ip = o->ip,
		.pid = o->pid,
		.tid = o->tid,
		.stall_weight = o->weight / (float)NS_PER_SEC,
		.has_stall = o->nr > 0,
		.stall = o->access[0],
	};

	ops_observe(ctx, p, &stall);
}

static void emit(void *priv, const struct damon_obs *o)
{
	struct damon_ctx *ctx = priv;
	struct replay *r = ctx->replay;
	struct damon_proc *p = ctx->proc;

	for (size_t i = 0; p->space && i < o->nr && !r->err; i++)
		r->err = infer_cover(&r->infer, p->space, o->access[i].addr, o->time_ns);
	if (r->in_stall)
		observe_stall(ctx, p, o);
	else
		ops_observe(ctx, p, o);
}

/* Guests have addresses of their own. */
static bool is_guest(const struct damon_perf_sample *s)
{
	unsigned int mode = s->misc & PERF_RECORD_MISC_CPUMODE_MASK;

	return mode == PERF_RECORD_MISC_GUEST_USER || mode == PERF_RECORD_MISC_GUEST_KERNEL;
}

/* The process of a sample, with a target if there is room for it. NULL: there is none. */
static struct damon_proc *proc_of(struct damon_ctx *ctx, const struct damon_perf_sample *s)
{
	struct damon_targets *ts = damon_core_targets(ctx->core);
	int pid = s->pid > 0 ? s->pid : threads_find(&ctx->replay->threads, s->tid);
	struct damon_proc *p;

	if (pid < 0) /* nothing told of the thread: the first one has its process's number */
		pid = s->tid;
	p = pid > 0 ? damon_targets_find(ts, pid) : NULL;
	if (!p && pid > 0 && room_for_process(ts)) /* nothing told of it */
		p = damon_targets_know(ts, pid, "?", s->time_ns);
	if (p && !p->target && damon_targets_admit(ts, p, s->time_ns))
		ctx->replay->err = -ENOMEM;
	return p && p->target ? p : NULL;
}

int replay_on_sample(struct damon_ctx *ctx, const struct damon_perf_record *rec)
{
	const struct damon_perf_sample *s = &rec->sample;
	struct replay *r = ctx->replay;
	struct replay_event *e = s->event < r->nr_events ? &r->events[s->event] : NULL;

	if (e && e->is_kdamon)
		return kdamon_take(r->kdamon, ctx, s);
	if (!e || !e->ops) {
		r->origin.unclaimed++;
		return 0;
	}
	e->nr++;
	ctx->user_ticks++;
	if (s->addr >= KERNEL_HALF) {
		ctx->counts.kernel_ticks++;
		return 0;
	}
	ctx->proc = is_guest(s) ? NULL : proc_of(ctx, s);
	if (!ctx->proc) {
		ctx->counts.no_target++;
		return r->err;
	}
	ctx->proc->nr_obs++;
	r->in_stall = e->is_stalls;
	e->ops->decode(e->state, s, ctx->proc->space, emit, ctx);
	return r->err;
}

void replay_tell_file(const struct damon_ctx *ctx, struct damon_mapping *m)
{
	const uint8_t *id;

	if (m->build_id_len)
		return;
	m->build_id_len = (uint8_t)damon_perf_file_build_id(ctx->replay->file, m->name, &id);
	if (m->build_id_len)
		memcpy(m->build_id, id, m->build_id_len);
}

/* ---- hardware traces ---- */

static void on_trace_sample(void *priv, const struct damon_perf_sample *s)
{
	struct damon_ctx *ctx = priv;
	struct replay *r = ctx->replay;
	struct damon_perf_record rec = {
		.type = PERF_RECORD_SAMPLE, .time_ns = s->time_ns, .sample = *s};

	rec.sample.event = (uint32_t)r->trace_event - 1;
	if (r->piece_pid > 0) { /* the trace's own number may be of another namespace */
		rec.sample.pid = r->piece_pid;
		rec.sample.tid = r->piece_tid;
	}
	if (!r->err)
		r->err = damon_order_add(r->order, &rec);
}

/* Samples of a trace are as old as its buffer: rounds do not hold for them. */
static int on_trace(struct damon_ctx *ctx, const struct damon_perf_item *item)
{
	struct replay *r = ctx->replay;
	struct replay_event *e = r->trace_event ? &r->events[r->trace_event - 1] : NULL;
	const struct damon_perf_file_info *info = damon_perf_file_info(r->file);
	struct damon_trace t = {
		.buffer = item->aux.idx,
		.offset = item->aux.offset,
		.bytes = item->aux.bytes,
		.len = item->aux.len,
		.cpu = item->aux.cpu,
		.pid = -1,
		.tid = item->aux.tid,
		.time_ns = r->last_ns,
		.midr = strtoull(info->cpuid, NULL, 16), /* on Arm, where traces are read */
		.conv = info->conv,
	};

	if (item->aux.is_last) { /* losses are told of what ends here */
		t.truncated = r->aux_flags & PERF_AUX_FLAG_TRUNCATED;
		t.collided = r->aux_flags & PERF_AUX_FLAG_COLLISION;
		r->aux_flags = 0;
	}
	if (e && e->ops)
		e->ops->decode_trace(e->state, &t, on_trace_sample, ctx);
	else
		r->origin.aux_lost++;
	return r->err;
}

static void on_aux(struct replay *r, const struct damon_perf_record *rec)
{
	r->aux_flags |= rec->aux.flags;
	r->origin.aux_lost += !!(rec->aux.flags & PERF_AUX_FLAG_TRUNCATED);
	r->piece_pid = r->piece_by_piece ? rec->aux.pid : 0;
	r->piece_tid = rec->aux.tid;
}

/* ---- reading ---- */

static int on_item(struct damon_ctx *ctx, struct damon_perf_item *item)
{
	struct replay *r = ctx->replay;
	struct damon_perf_sample *s = &item->record.sample;

	switch (item->type) {
	case DAMON_PERF_RECORD:
		if (item->record.time_ns > MAX_TIME_NS)
			item->record.time_ns = 0;
		if (item->record.type == PERF_RECORD_AUX)
			on_aux(r, &item->record);
		if (item->record.type == PERF_RECORD_SAMPLE && !s->period &&
		    s->event < r->nr_events)
			s->period = r->events[s->event].period;
		return damon_order_add(r->order, &item->record);
	case DAMON_PERF_ROUND:
		return r->has_trace ? 0 : damon_order_round(r->order);
	case DAMON_PERF_AUX_INFO:
		r->has_trace |= item->aux_info.kind == PERF_AUXTRACE_SPE;
		return 0;
	case DAMON_PERF_AUX_DATA:
		return on_trace(ctx, item);
	}
	return 0;
}

/* Returns 1, 0 at the end, or -errno; 'ended' is set if there is nothing more to read. */
static int read_some(struct damon_ctx *ctx, struct replay *r)
{
	struct damon_perf_item item;
	size_t known = 0;
	int got = 1, err = 0;

	for (size_t i = 0; i < ITEMS_PER_STEP && !err; i++) {
		got = damon_perf_file_next(r->file, &item, &ctx->fail);
		if (got <= 0)
			break;
		damon_perf_file_events(r->file, &known);
		if (known != r->nr_events)
			err = choose_sources(ctx, r);
		if (!err)
			err = on_item(ctx, &item);
	}
	if (!err && !got)
		err = damon_order_flush(r->order);
	r->ended = got <= 0 || err;
	if (got < 0)
		return got;
	if (err < 0 && !ctx->fail.text[0])
		damon_fail(&ctx->fail, -err, "cannot replay '%.200s': %s", ctx->replay_path,
			   strerror(-err));
	return err < 0 ? err : !r->ended;
}

int replay_step(struct damon_ctx *ctx)
{
	const struct damon_perf_file_info *i = damon_perf_file_info(ctx->replay->file);
	int got;

	if (ctx->replay->ended)
		return 0;
	got = read_some(ctx, ctx->replay);
	if (got <= 0 || !ctx->progress)
		return got;
	if (!ctx->progress(ctx->progress_priv, i->bytes_read, i->bytes_total))
		return got;
	ctx->replay->ended = true;
	return damon_fail(&ctx->fail, EINTR, "reading '%.200s' was interrupted", ctx->replay_path);
}

/* ---- opening and closing ---- */

/* A record of ours in the place of a recording: says what it lacks. */
static int refuse_record(struct damon_ctx *ctx, int err)
{
	_cleanup_(closep) int fd = open(ctx->replay_path, O_RDONLY | O_CLOEXEC);
	char magic[sizeof(RECORD_MAGIC) - 1];

	if (fd < 0 || read(fd, magic, sizeof(magic)) != (ssize_t)sizeof(magic) ||
	    memcmp(magic, RECORD_MAGIC, sizeof(magic)))
		return err;
	damon_fail(&ctx->fail, EINVAL,
		   "'%.200s' is a record: its samples are summed up, and only some are kept",
		   ctx->replay_path);
	damon_fail_remedy(&ctx->fail, "replay the recording of perf that it was made of, or record "
				      "again with other intervals");
	return -EINVAL;
}

static int open_file(struct damon_ctx *ctx, struct replay *r)
{
	struct damon_order_options o = {0};
	const struct damon_perf_file_info *i;
	int err = damon_perf_file_open(ctx->replay_path, &r->file, &ctx->fail);

	if (err)
		return err == -EINVAL ? refuse_record(ctx, err) : err;
	r->states = calloc(nr_sources(), sizeof(*r->states));
	err = r->states ? damon_order_new(&o, on_record, ctx, &r->order) : -ENOMEM;
	if (!err)
		err = kdamon_new(&r->kdamon);
	if (err)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	i = damon_perf_file_info(r->file);
	r->piece_by_piece = !strncmp(i->perf_version, "damon-perf ", 11);
	/* where features do not stand behind the records, names of events come before them */
	return i->is_pipe || damon_perf_file_stats(r->file)->truncated ? 0 : choose_all(ctx, r);
}

/* Nothing was delivered: says why. */
static int refuse_empty(struct damon_ctx *ctx)
{
	const struct damon_perf_file_stats *s = damon_perf_file_stats(ctx->replay->file);

	if (s->no_event && !s->samples) {
		damon_fail(&ctx->fail, ENODATA,
			   "'%.200s' tells of its events behind their samples, if at all",
			   ctx->replay_path);
		damon_fail_remedy(&ctx->fail, "record without --tail-synthesize, or to a file");
		return -ENODATA;
	}
	damon_fail(&ctx->fail, ENODATA, "'%.200s' holds no record of any time%s", ctx->replay_path,
		   s->truncated ? ": it ends in the middle" : "");
	damon_fail_remedy(&ctx->fail, "record it again, for longer");
	return -ENODATA;
}

int replay_open(struct damon_ctx *ctx)
{
	int err;

	ctx->replay = calloc(1, sizeof(*ctx->replay));
	if (!ctx->replay)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	err = open_file(ctx, ctx->replay);
	while (!err && !ctx->replay->begun) {
		int got = replay_step(ctx);

		err = got < 0 ? got : 0;
		if (!got && !ctx->replay->begun)
			err = refuse_empty(ctx);
	}
	return err;
}

int replay_finish(struct damon_ctx *ctx)
{
	struct replay *r = ctx->replay;

	return r->kdamon ? kdamon_finish(r->kdamon, ctx) : monitor_finish(ctx);
}

uint64_t replay_end_ns(const struct damon_ctx *ctx)
{
	return ctx->replay->last_ns + 1;
}

const void *replay_state(const struct damon_ctx *ctx)
{
	for (size_t i = 0; damon_sources[i]; i++)
		if (damon_sources[i] == ctx->source)
			return ctx->replay->states[i];
	return NULL;
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	damon_perf_file_close(r->file);
	damon_order_free(r->order);
	for (size_t i = 0; r->states && damon_sources[i]; i++) {
		if (r->states[i])
			damon_sources[i]->close(r->states[i]);
	}
	kdamon_free(r->kdamon);
	threads_release(&r->threads);
	free(r->states);
	free(r->events);
	free(r);
}

/* ---- what it came to ---- */

void replay_meta(const struct damon_ctx *ctx, struct damon_meta *m)
{
	const struct damon_perf_file_info *i;

	m->nr_cpus = 0;
	m->kernel[0] = '\0';
	if (!ctx->replay) /* closed */
		return;
	for (size_t k = 0; k < ctx->replay->nr_events; k++) {
		const struct replay_event *e = &ctx->replay->events[k];

		m->sees |= e->ops ? e->ops->sees : 0;
		m->sees |= e->is_stalls ? DAMON_SEES_STALLS : 0;
	}
	i = damon_perf_file_info(ctx->replay->file);
	snprintf(m->command, sizeof(m->command), "%s", i->command);
	if (i->release[0])
		snprintf(m->kernel, sizeof(m->kernel), "%.40s %.20s", i->release, i->arch);
}

void replay_source_stats(const struct damon_ctx *ctx, struct damon_source_stats *sum)
{
	for (size_t i = 0; damon_sources[i]; i++) {
		struct damon_source_stats s = {0};

		if (ctx->replay->states[i] && damon_sources[i]->stats)
			damon_sources[i]->stats(ctx->replay->states[i], &s);
		sum->no_access += s.no_access;
		sum->in_kernel += s.in_kernel;
		sum->unwanted += s.unwanted;
		sum->truncated += s.truncated;
		sum->collided += s.collided;
		sum->broken += s.broken;
		sum->skipped += s.skipped;
	}
}

void replay_totals(const struct damon_ctx *ctx, struct damon_totals *t)
{
	struct replay *r = ctx->replay;
	const struct damon_perf_file_stats *s = damon_perf_file_stats(r->file);
	struct damon_order_stats order;

	damon_order_stats(r->order, &order);
	t->origin = r->origin;
	t->origin.malformed = s->malformed;
	t->origin.no_event = s->no_event;
	t->origin.truncated = s->truncated;
	t->origin.aux_lost += s->aux_lost;
	t->origin.late = order.late;
	t->origin.inferred = r->infer.made;
	if (r->kdamon)
		kdamon_totals(r->kdamon, &t->origin);
	/* what it costs to read a recording is no part of it */
	t->own_cpu_ns = 0;
	memset(t->work_ns, 0, sizeof(t->work_ns));
}
