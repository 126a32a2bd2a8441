/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vpmu/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"

const struct vpmu_format *const vpmu_formats[] = {&vpmu_pebs,	 &vpmu_pebs_phys, &vpmu_ibs,
						  &vpmu_ibs_raw, &vpmu_spe,	  NULL};

enum { ROUNDS = 24 };

const struct vpmu_format *vpmu_format_find(const char *name)
{
	for (size_t i = 0; vpmu_formats[i]; i++) {
		if (!strcmp(vpmu_formats[i]->name, name))
			return vpmu_formats[i];
	}
	return NULL;
}

bool vpmu_is_in(const struct vpmu_format *format, uint64_t period, const struct vpmu_pmu *p)
{
	return format->kinds >> p->kind & 1 && p->period == period;
}

/* ---- records ---- */

/* sample_id: of the fields of the first event's samples those that all records have
 * (perf_event_open(2), sample_id_all). */
static size_t put_id(const struct vpmu_encoder *e, const struct damon_perf_sample *s, uint64_t *to)
{
	uint64_t type = e->events[0].attr.sample_type;
	size_t n = 0;

	if (type & PERF_SAMPLE_TID)
		to[n++] = (uint32_t)s->pid | (uint64_t)(uint32_t)s->tid << 32;
	if (type & PERF_SAMPLE_TIME)
		to[n++] = s->time_ns;
	if (type & PERF_SAMPLE_ID)
		to[n++] = s->id;
	if (type & PERF_SAMPLE_CPU)
		to[n++] = s->cpu;
	if (type & PERF_SAMPLE_IDENTIFIER)
		to[n++] = s->id;
	return n * sizeof(*to);
}

void vpmu_record(struct vpmu_encoder *e, uint32_t type, uint16_t misc, const void *body, size_t len,
		 const struct damon_perf_sample *id)
{
	uint64_t words[64] = {0};
	size_t room = (len + 7) & ~(size_t)7;

	memcpy(words, body, len);
	room += put_id(e, id, words + room / 8);
	damon_perf_writer_record(e->out, type, misc, words, room);
}

struct damon_perf_sample vpmu_basics(const struct vpmu_encoder *e, const struct vpmu_sample *s)
{
	uint32_t event = e->of_pmu[s->pmu] - 1;

	return (struct damon_perf_sample){.event = event,
					  .misc = PERF_RECORD_MISC_USER,
					  .ip = s->ip,
					  .time_ns = s->time_ns,
					  .period = e->events[event].attr.sample_period,
					  .id = e->ids[event][s->cpu],
					  .pid = s->pid,
					  .tid = s->tid,
					  .cpu = s->cpu};
}

static void write_map(struct vpmu_encoder *e, const struct vpmu_event *x,
		      const struct damon_perf_sample *id)
{
	struct {
		uint32_t pid, tid;
		uint64_t addr, len, pgoff;
		uint32_t major, minor;
		uint64_t inode, generation;
		uint32_t prot, flags;
		char name[256];
	} body = {(uint32_t)x->pid, (uint32_t)x->tid, x->start, x->len,	 x->offset,    x->major,
		  x->minor,	    x->inode,	      0,	x->prot, x->map_flags, ""};
	uint16_t misc = PERF_RECORD_MISC_USER;

	strcpy(body.name, x->name);
	if (!(x->prot & PROT_EXEC))
		misc |= PERF_RECORD_MISC_MMAP_DATA;
	vpmu_record(e, PERF_RECORD_MMAP2, misc, &body,
		    offsetof(__typeof__(body), name) + strlen(x->name) + 1, id);
}

static void write_task(struct vpmu_encoder *e, const struct vpmu_event *x,
		       const struct damon_perf_sample *id)
{
	struct {
		uint32_t pid, ppid, tid, ptid;
		uint64_t time;
	} body = {(uint32_t)x->pid, (uint32_t)x->ppid, (uint32_t)x->tid, (uint32_t)x->ptid,
		  x->time_ns};

	vpmu_record(e, x->type == VPMU_FORK ? PERF_RECORD_FORK : PERF_RECORD_EXIT, 0, &body,
		    sizeof(body), id);
}

static void write_comm(struct vpmu_encoder *e, const struct vpmu_event *x,
		       const struct damon_perf_sample *id)
{
	struct {
		uint32_t pid, tid;
		char comm[16];
	} body = {(uint32_t)x->pid, (uint32_t)x->tid, ""};

	snprintf(body.comm, sizeof(body.comm), "%.15s", x->name);
	vpmu_record(e, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC, &body,
		    8 + ((strlen(body.comm) + 8) & ~7ull), id);
}

static void write_event(struct vpmu_encoder *e, const struct vpmu_event *x)
{
	size_t tracker = e->nr_events - 1;
	struct damon_perf_sample id = {.pid = x->pid,
				       .tid = x->tid,
				       .time_ns = x->time_ns,
				       .cpu = x->cpu,
				       .id = e->ids[tracker][x->cpu]};

	if (x->type == VPMU_MAP)
		write_map(e, x, &id);
	else if (x->type == VPMU_COMM)
		write_comm(e, x, &id);
	else
		write_task(e, x, &id);
}

/* ---- rounds ---- */

/* How far each CPU's buffer has been drained. */
struct drain {
	size_t event[VPMU_NR_CPUS], sample[VPMU_NR_CPUS];
};

/* All of one CPU before 'until_ns', in the order of time. */
static void drain(struct vpmu_encoder *e, struct drain *d, unsigned int cpu, uint64_t until_ns)
{
	const struct vpmu_list *l = e->list;
	size_t i = d->event[cpu], k = d->sample[cpu];

	for (;;) {
		const struct vpmu_event *x = &l->events[i];
		const struct vpmu_sample *s = &l->samples[k];
		bool has_event = i < l->head.nr_events && x->time_ns < until_ns;
		bool has_sample = k < l->head.nr_samples && s->time_ns < until_ns;

		if (!has_event && !has_sample)
			break;
		if (has_event && (!has_sample || x->time_ns <= s->time_ns)) {
			if (x->cpu == cpu)
				write_event(e, x);
			i++;
			continue;
		}
		if (s->cpu == cpu && e->of_pmu[s->pmu])
			e->format->sample(e, s);
		k++;
	}
	d->event[cpu] = i;
	d->sample[cpu] = k;
	if (e->format->drained)
		e->format->drained(e, cpu, until_ns);
}

static void drain_all(struct vpmu_encoder *e)
{
	const struct vpmu_list *l = e->list;
	uint64_t end = VPMU_START_NS, step;
	struct drain d = {.event = {0}};

	if (l->head.nr_samples)
		end = l->samples[l->head.nr_samples - 1].time_ns;
	if (l->head.nr_events)
		end = MAX(end, l->events[l->head.nr_events - 1].time_ns);
	step = (end - VPMU_START_NS) / ROUNDS + 1;
	for (unsigned int r = 1; r <= ROUNDS; r++) {
		for (unsigned int cpu = 0; cpu < VPMU_NR_CPUS; cpu++) {
			uint64_t until = VPMU_START_NS + r * step + cpu * step / 8;

			drain(e, &d, cpu, r == ROUNDS ? UINT64_MAX : until);
		}
		damon_perf_writer_round(e->out);
	}
}

/* ---- files ---- */

static void add_event(struct vpmu_encoder *e)
{
	size_t i = e->nr_events++;

	for (unsigned int cpu = 0; cpu < VPMU_NR_CPUS; cpu++)
		e->ids[i][cpu] = 100 + VPMU_NR_CPUS * i + cpu;
	e->events[i].ids = e->ids[i];
	e->events[i].nr_ids = VPMU_NR_CPUS;
	e->events[i].name = e->names[i];
	e->events[i].attr.sample_id_all = 1;
	e->events[i].attr.disabled = 1;
	e->events[i].attr.inherit = 1;
	e->events[i].attr.exclude_kernel = 1;
}

/* Who announces mappings and tasks: the last event. */
static void announce(struct perf_event_attr *attr)
{
	attr->mmap = attr->mmap2 = attr->mmap_data = 1;
	attr->comm = attr->comm_exec = attr->task = 1;
}

static int set_up(struct vpmu_encoder *e, uint64_t period)
{
	const struct vpmu_head *h = &e->list->head;

	for (uint32_t i = 0; i < h->nr_pmus && e->nr_events < VPMU_MAX_EVENTS; i++) {
		if (!vpmu_is_in(e->format, period, &h->pmus[i]))
			continue;
		e->format->event(&h->pmus[i], &e->events[e->nr_events].attr,
				 e->names[e->nr_events]);
		e->of_pmu[i] = (uint32_t)e->nr_events + 1;
		add_event(e);
	}
	if (!e->nr_events)
		return -ENOENT;
	if (e->format->tracking) {
		e->format->tracking(&e->events[e->nr_events].attr, e->names[e->nr_events]);
		add_event(e);
	}
	announce(&e->events[e->nr_events - 1].attr);
	return 0;
}

static int write_file(struct vpmu_encoder *e, int fd, struct damon_fail *f)
{
	struct damon_perf_writer_options o = e->format->options;
	int err;

	o.command = "vpmu record";
	o.hostname = "virtual";
	o.release = "6.1.0";
	err = damon_perf_writer_new(fd, e->events, e->nr_events, &o, &e->out, f);
	if (err)
		return err;
	err = e->format->begin ? e->format->begin(e) : 0;
	if (!err)
		drain_all(e);
	free(e->state);
	if (damon_perf_writer_close(e->out) && !err)
		err = -EIO;
	return err ? damon_fail(f, -err, "cannot write the recording: %s", strerror(-err)) : 0;
}

int vpmu_encode(const struct vpmu_list *l, const struct vpmu_format *format, uint64_t period,
		const char *path, struct damon_fail *f)
{
	struct vpmu_encoder e = {.format = format, .list = l};
	_cleanup_(closep) int fd = -1;

	if (set_up(&e, period))
		return damon_fail(f, ENOENT, "the list has no samples of '%s' with period %llu",
				  format->name, (unsigned long long)period);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return damon_fail(f, errno, "cannot create '%s': %s", path, strerror(errno));
	return write_file(&e, fd, f);
}
