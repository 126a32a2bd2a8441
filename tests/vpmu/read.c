/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vpmu/read.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "perf/order.h"
#include "pmu/memory.h"
#include "pmu/source.h"

enum { MAX_EVENTS = 16, MAX_TASKS = 4096 };

struct reader {
	const struct vpmu_read_ops *ops;
	void *priv;
	struct vpmu_read_stats *stats;
	struct damon_perf_file *file;
	struct damon_order *order;
	struct damon_space *space; /* of no mapping: hardware needs none */
	struct {
		const struct damon_source_ops *source;
		void *state;
	} of[MAX_EVENTS];      /* of events */
	size_t nr_events;      /* of them known */
	uint32_t traced;       /* the event that writes hardware traces */
	int pid_of[MAX_TASKS]; /* of threads */
	int err;
};

static void emit(void *priv, const struct damon_obs *o)
{
	struct reader *r = priv;

	r->stats->observations++;
	r->ops->obs(r->priv, o);
}

/* ---- sources ---- */

static const struct damon_source_ops *claimed_by(const struct damon_perf_event *e)
{
	for (size_t i = 0; damon_sources[i]; i++) {
		if (damon_sources[i]->claims && damon_sources[i]->claims(e))
			return damon_sources[i];
	}
	return NULL;
}

static int meet_event(struct reader *r, const struct damon_perf_event *e, size_t i)
{
	const struct damon_source_options options = {.period = e->attr.sample_period};
	const struct damon_peek none = {0};

	r->of[i].source = claimed_by(e);
	if (!r->of[i].source)
		return 0;
	if (r->of[i].source->decode_trace)
		r->traced = (uint32_t)i;
	return r->of[i].source->open(&options, &none, &r->of[i].state);
}

static int meet_events(struct reader *r)
{
	size_t n;
	const struct damon_perf_event *e = damon_perf_file_events(r->file, &n);
	int err = 0;

	if (r->nr_events == n)
		return 0;
	for (; r->nr_events < MIN(n, (size_t)MAX_EVENTS) && !err; r->nr_events++)
		err = meet_event(r, &e[r->nr_events], r->nr_events);
	for (size_t i = 0; i < r->nr_events && !err; i++)
		if (r->of[i].source && r->of[i].source->begin)
			err = r->of[i].source->begin(r->of[i].state, e, n);
	return err;
}

static void decode(struct reader *r, const struct damon_perf_sample *s)
{
	const struct damon_source_ops *source = r->of[s->event].source;
	size_t n;
	const struct damon_perf_event *e = damon_perf_file_events(r->file, &n);
	struct damon_obs o;

	if (source)
		source->decode(r->of[s->event].state, s, r->space, emit, r);
	else if (!(e[s->event].attr.sample_type & PERF_SAMPLE_DATA_SRC))
		r->stats->unclaimed++;
	else if (damon_memory_obs(s, 0, (float)s->period, &o) && o.access[0].flags)
		emit(r, &o);
}

/* ---- in the order of time ---- */

static int deliver(void *priv, const struct damon_perf_record *p)
{
	struct reader *r = priv;

	if (p->type == PERF_RECORD_SAMPLE && p->sample.event < r->nr_events) {
		struct damon_perf_sample s = p->sample;

		/* hardware traces tell threads */
		if (s.pid <= 0 && s.tid > 0)
			s.pid = r->pid_of[s.tid % MAX_TASKS];
		decode(r, &s);
		return 0;
	}
	if (p->type == PERF_RECORD_FORK && p->task.tid > 0)
		r->pid_of[p->task.tid % MAX_TASKS] = p->task.pid;
	if (r->ops->record && p->type != PERF_RECORD_SAMPLE)
		r->ops->record(r->priv, p);
	return 0;
}

static void take_traced(void *priv, const struct damon_perf_sample *s)
{
	struct reader *r = priv;
	struct damon_perf_record p = {.type = PERF_RECORD_SAMPLE, .time_ns = s->time_ns};

	p.sample = *s;
	p.sample.event = r->traced;
	if (!r->err)
		r->err = damon_order_add(r->order, &p);
}

static int take_trace(struct reader *r, const struct damon_perf_item *i)
{
	const struct damon_perf_file_info *info = damon_perf_file_info(r->file);
	struct damon_trace t = {.buffer = i->aux.idx,
				.offset = i->aux.offset,
				.bytes = i->aux.bytes,
				.len = i->aux.len,
				.cpu = i->aux.cpu,
				.pid = -1,
				.tid = i->aux.tid,
				.midr = strtoull(info->cpuid, NULL, 16),
				.conv = info->conv};
	const struct damon_source_ops *source = r->nr_events ? r->of[r->traced].source : NULL;

	if (source && source->decode_trace)
		source->decode_trace(r->of[r->traced].state, &t, take_traced, r);
	else
		r->stats->unclaimed++;
	return r->err;
}

static int take_item(struct reader *r, const struct damon_perf_item *i)
{
	switch (i->type) {
	case DAMON_PERF_RECORD:
		return damon_order_add(r->order, &i->record);
	case DAMON_PERF_ROUND:
		return damon_order_round(r->order);
	case DAMON_PERF_AUX_DATA:
		return take_trace(r, i);
	case DAMON_PERF_AUX_INFO:
		break;
	}
	return 0;
}

static int read_items(struct reader *r, struct damon_fail *f)
{
	struct damon_perf_item item;
	int got, err = 0;

	while (!err && (got = damon_perf_file_next(r->file, &item, f)) == 1) {
		err = meet_events(r);
		if (!err)
			err = take_item(r, &item);
	}
	if (!err && got < 0)
		return got;
	if (!err)
		err = damon_order_flush(r->order);
	return err ? damon_fail(f, -err, "cannot read the recording: %s", strerror(-err)) : 0;
}

static void note_stats(struct reader *r)
{
	const struct damon_perf_file_stats *s = damon_perf_file_stats(r->file);
	struct damon_order_stats order;

	damon_order_stats(r->order, &order);
	r->stats->records = s->records;
	r->stats->malformed = s->malformed + s->no_event + s->truncated + s->aux_lost;
	r->stats->lost = s->lost;
	r->stats->late = order.late;
}

static void release(struct reader *r)
{
	for (size_t i = 0; i < r->nr_events; i++) {
		if (r->of[i].source)
			r->of[i].source->close(r->of[i].state);
	}
	damon_order_free(r->order);
	damon_perf_file_close(r->file);
	damon_space_unref(r->space);
}

int vpmu_read(const char *path, const struct vpmu_read_ops *ops, void *priv,
	      struct vpmu_read_stats *stats, struct damon_fail *f)
{
	struct damon_order_options options = {0};
	struct reader r = {.ops = ops, .priv = priv, .stats = stats};
	int err = damon_perf_file_open(path, &r.file, f);

	*stats = (struct vpmu_read_stats){0};
	if (err)
		return err;
	r.space = damon_space_new();
	if (!r.space || damon_order_new(&options, deliver, &r, &r.order))
		err = damon_fail(f, ENOMEM, "out of memory");
	if (!err)
		err = read_items(&r, f);
	if (!err)
		note_stats(&r);
	release(&r);
	return err;
}
