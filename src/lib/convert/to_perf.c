/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/convert/to_perf.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "lib/replay/threads.h"
#include "perf/file_write.h"
#include "pmu/memory.h"
#include "pmu/source.h"

enum { MAX_PROCS = 1 << 16, MAX_TOLD = 1 << 20, MAX_ENDS = 1 << 16, MAX_TIDS = (1 << 16) - 1 };
/* Mappings that are looked at for one chunk of the log: many more than any real one needs. */
#define MAX_LOOKS (1u << 22)

/* A mapping that was told of a process, as it was then. */
struct told {
	uint32_t id, edits;
};

struct proc {
	int pid; /* 0: a free place */
	char comm[DAMON_COMM_MAX];
	const struct damon_space *space; /* that it was last seen in; NULL: not known */
	uint32_t space_id, version;
	struct told *told; /* sorted by id */
	size_t nr_told, cap_told;
	const struct damon_mapping **untold; /* to be told, by from_ns; of this version of the space
					      */
	size_t nr_untold, at;
	/* By its targets: the latest beginning, and the one that it lives in, UINT32_MAX: none. */
	uint64_t born_ns;
	uint32_t lives_in;
};

struct ending { /* of a target, and so perhaps of its last process */
	uint64_t time_ns;
	int pid;
};

struct to_perf {
	struct damon_reader *reader;
	struct damon_perf_writer *out;
	const struct damon_meta *meta;
	struct damon_perf_event event[2]; /* accesses, stalls */
	uint32_t nr_events;
	char name[2][64], host[64], cpu[128], release[64], arch[64], version[48];
	struct proc *procs; /* a hash table with 'nr_places', a power of two */
	size_t nr_procs, nr_places, nr_told;
	struct threads threads; /* whose names were told */
	struct ending *ends;	/* not yet told, sorted before use */
	size_t nr_ends, cap_ends;
	struct damon_log_entry *log; /* a chunk, sorted by time */
	size_t cap_log;
	uint64_t last_ns; /* the latest time that was written */
	uint64_t nr_samples;
	size_t looks; /* left, for this chunk */
};

static const uint64_t ids[2] = {1, 2};

/* ---- what was told of processes ---- */

static void forget_proc(struct to_perf *t, struct proc *p)
{
	t->nr_told -= p->nr_told;
	free(p->told);
	free(p->untold);
	*p = (struct proc){.pid = p->pid,
			   .space_id = UINT32_MAX,
			   .born_ns = p->born_ns,
			   .lives_in = p->lives_in};
}

static void forget_all(struct to_perf *t)
{
	for (size_t i = 0; i < t->nr_places; i++)
		forget_proc(t, &t->procs[i]);
	memset(t->procs, 0, t->nr_places * sizeof(*t->procs));
	t->nr_procs = 0;
	threads_release(&t->threads);
}

static struct proc *place_of(const struct to_perf *t, int pid)
{
	size_t at = (uint32_t)pid * 0x9e3779b1u;

	for (at &= t->nr_places - 1; t->procs[at].pid && t->procs[at].pid != pid;)
		at = (at + 1) & (t->nr_places - 1);
	return &t->procs[at];
}

static int grow(struct to_perf *t)
{
	struct to_perf more = {.nr_places = MAX(2 * t->nr_places, (size_t)64)};

	if (2 * t->nr_procs < t->nr_places)
		return 0;
	more.procs = calloc(more.nr_places, sizeof(*more.procs));
	if (!more.procs)
		return -ENOMEM;
	for (size_t i = 0; i < t->nr_places; i++)
		if (t->procs[i].pid)
			*place_of(&more, t->procs[i].pid) = t->procs[i];
	free(t->procs);
	t->procs = more.procs;
	t->nr_places = more.nr_places;
	return 0;
}

/* The process 'pid', as a new one if nothing was told of it. NULL: no memory. */
static struct proc *know(struct to_perf *t, int pid)
{
	struct proc *p;

	if (t->nr_procs >= MAX_PROCS || t->nr_told >= MAX_TOLD || t->threads.nr >= MAX_TIDS)
		forget_all(t);
	if (grow(t))
		return NULL;
	p = place_of(t, pid);
	if (p->pid)
		return p;
	*p = (struct proc){.pid = pid, .space_id = UINT32_MAX, .lives_in = UINT32_MAX};
	t->nr_procs++;
	return p;
}

static size_t told_place(const struct proc *p, uint32_t id)
{
	size_t lo = 0, hi = p->nr_told;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->told[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool was_told(const struct proc *p, const struct damon_mapping *m)
{
	size_t i = told_place(p, m->id);

	if (i == p->nr_told || p->told[i].id != m->id)
		return false;
	/* of one that has ended there is nothing to be told again */
	return p->told[i].edits == m->edits || m->to_ns != UINT64_MAX;
}

static int note_told(struct to_perf *t, struct proc *p, const struct damon_mapping *m)
{
	size_t i = told_place(p, m->id);

	if (i == p->nr_told || p->told[i].id != m->id) {
		if (vec_reserve(&p->told, &p->cap_told, p->nr_told + 1, sizeof(*p->told)))
			return -ENOMEM;
		memmove(p->told + i + 1, p->told + i, (p->nr_told - i) * sizeof(*p->told));
		p->nr_told++;
		t->nr_told++;
	}
	p->told[i] = (struct told){m->id, m->edits};
	return 0;
}

/* ---- records ---- */

/* Times never go back, whatever the record says. */
static uint64_t at_time(struct to_perf *t, uint64_t time_ns)
{
	t->last_ns = MAX(t->last_ns, time_ns);
	return t->last_ns;
}

static int put_comm(struct to_perf *t, int pid, int tid, const char *comm, bool exec)
{
	const struct damon_perf_comm c = {.pid = pid, .tid = tid, .exec = exec, .comm = comm};

	return damon_perf_writer_comm(t->out, &c, t->last_ns);
}

static int by_birth(const void *a, const void *b)
{
	const struct damon_mapping *x = *(const struct damon_mapping *const *)a,
				   *y = *(const struct damon_mapping *const *)b;

	return x->from_ns != y->from_ns ? (x->from_ns > y->from_ns) - (x->from_ns < y->from_ns)
					: (x->id > y->id) - (x->id < y->id);
}

/* Lists what is to be told of the space of 'p': what lives after 'from_ns' and is new or changed.
 */
static int list_mappings(struct to_perf *t, struct proc *p, uint64_t from_ns)
{
	const struct damon_space *s = p->space;
	size_t dead = s->nr_dead, n;

	while (dead && s->dead[dead - 1].to_ns > from_ns) /* they are sorted by their end */
		dead--;
	n = s->nr_live + s->nr_dead - dead;
	free(steal(&p->untold));
	p->nr_untold = p->at = 0;
	if (n > t->looks)
		return 0;
	t->looks -= n;
	p->untold = calloc(MAX(n, (size_t)1), sizeof(*p->untold));
	if (!p->untold)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct damon_mapping *m =
			i < s->nr_live ? &s->live[i] : &s->dead[dead + i - s->nr_live];

		if (!was_told(p, m))
			p->untold[p->nr_untold++] = m;
	}
	qsort(p->untold, p->nr_untold, sizeof(*p->untold), by_birth);
	p->version = s->version;
	return 0;
}

/* The mappings of a process that were there at 'time_ns', as far as they were not told. */
static int put_mappings(struct to_perf *t, struct proc *p, uint64_t from_ns, uint64_t time_ns)
{
	int err = 0;

	if (!p->space || (!p->untold && p->version == p->space->version))
		return 0;
	if (!p->untold || p->version != p->space->version)
		err = list_mappings(t, p, from_ns);
	while (!err && p->at < p->nr_untold && p->untold[p->at]->from_ns <= time_ns) {
		const struct damon_mapping *m = p->untold[p->at++];

		err = damon_perf_writer_mapping(t->out, p->pid, m, at_time(t, m->from_ns));
		if (!err)
			err = note_told(t, p, m);
	}
	if (p->at == p->nr_untold)
		free(steal(&p->untold));
	return err;
}

/* When the oldest of what it holds appeared. */
static uint64_t born_ns(const struct damon_space *s)
{
	uint64_t ns = UINT64_MAX;

	for (size_t i = 0; i < s->nr_live; i++)
		ns = MIN(ns, s->live[i].from_ns);
	return ns;
}

/* Another address space is that of another program: all mappings are told anew. */
static int enter_space(struct to_perf *t, struct proc *p, const struct damon_log_entry *e)
{
	const struct damon_space *s = damon_reader_space(t->reader, e->space_id);
	const struct damon_target *target = damon_reader_target(t->reader, e->target_id);
	const char *comm = target ? target->comm : "?";
	bool first = p->space_id == UINT32_MAX;
	int err = 0;

	if (first || p->space_id != e->space_id) {
		forget_proc(t, p);
		snprintf(p->comm, sizeof(p->comm), "%s", comm);
		p->space_id = e->space_id;
		threads_note(&t->threads, p->pid, p->pid);
		if (s && !first && s->nr_live <= t->looks)
			at_time(t, MIN(born_ns(s), e->time_ns));
		err = put_comm(t, p->pid, p->pid, comm, !first);
	}
	if (s && p->space != s) { /* it may come later than the first sample */
		p->space = s;
		p->version = s->version - 1;
	}
	return err;
}

/* What the record knows of the process of an entry. */
static int put_process(struct to_perf *t, const struct damon_log_entry *e, uint64_t from_ns)
{
	struct proc *p = know(t, e->pid);
	int err;

	if (!p)
		return -ENOMEM;
	err = enter_space(t, p, e);
	if (!err)
		err = put_mappings(t, p, from_ns, e->time_ns);
	if (err || threads_find(&t->threads, e->tid) == e->pid)
		return err;
	threads_note(&t->threads, e->tid, e->pid);
	return put_comm(t, e->pid, e->tid, p->comm, false);
}

/* In accesses, or nanoseconds of stalls: at least one, as perf has no parts. */
static uint64_t period_of(const struct to_perf *t, const struct damon_log_entry *e)
{
	double each = e->stall ? NS_PER_SEC : t->meta->scale.accesses;
	double n = (double)e->weight * (each > 0 ? each : 1);

	return n >= 1 && n < 0x1p63 ? (uint64_t)llround(n) : n >= 1 ? UINT64_MAX : 1;
}

static int put_sample(struct to_perf *t, const struct damon_log_entry *e)
{
	struct damon_hw hw = {
		.level = e->level < DAMON_NR_LEVELS ? e->level : DAMON_LEVEL_UNKNOWN,
		.flags = e->hw_flags,
	};
	uint32_t event = e->stall && t->nr_events > 1;
	struct damon_perf_sample s = {
		.id = ids[event],
		.ip = e->ip,
		.pid = e->pid,
		.tid = e->tid,
		.time_ns = at_time(t, e->time_ns),
		.addr = e->addr,
		.period = period_of(t, e),
		.weight = e->latency,
		.data_src = damon_data_src_encode(e->flags, &hw),
	};

	t->nr_samples++;
	return damon_perf_writer_sample(t->out, event, PERF_RECORD_MISC_USER, &s);
}

/* ---- the ends of processes ---- */

static int by_time(const void *a, const void *b)
{
	const struct ending *x = a, *y = b;

	return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

/* A target ends with its last process, or when that executes another program: then it has another
 * target, which may be told later. */
static int note_target(struct to_perf *t, const struct damon_target *target)
{
	bool lives = target->to_ns == UINT64_MAX;
	struct proc *p;

	if (target->pid <= 0)
		return 0;
	p = know(t, target->pid);
	if (!p)
		return -ENOMEM;
	p->born_ns = MAX(p->born_ns, target->from_ns);
	if (lives)
		p->lives_in = target->id;
	else if (p->lives_in == target->id)
		p->lives_in = UINT32_MAX;
	if (lives || t->nr_ends >= MAX_ENDS)
		return 0;
	if (vec_reserve(&t->ends, &t->cap_ends, t->nr_ends + 1, sizeof(*t->ends)))
		return -ENOMEM;
	t->ends[t->nr_ends++] = (struct ending){target->to_ns, target->pid};
	return 0;
}

static int put_end(struct to_perf *t, const struct ending *end)
{
	const struct damon_perf_task task = {
		.pid = end->pid, .tid = end->pid, .ppid = -1, .ptid = -1};
	struct proc *p = t->nr_places ? place_of(t, end->pid) : NULL;

	if (!p || !p->pid || p->space_id == UINT32_MAX || p->born_ns >= end->time_ns ||
	    p->lives_in != UINT32_MAX)
		return 0; /* nothing was told of it, or it goes on */
	forget_proc(t, p);
	return damon_perf_writer_exit(t->out, &task, at_time(t, end->time_ns));
}

/* Those up to 'time_ns'. */
static int put_ends(struct to_perf *t, size_t *at, uint64_t time_ns)
{
	int err = 0;

	for (; !err && *at < t->nr_ends && t->ends[*at].time_ns <= time_ns; ++*at)
		err = put_end(t, &t->ends[*at]);
	return err;
}

static void drop_ends(struct to_perf *t, size_t n)
{
	t->nr_ends -= n;
	if (n && t->nr_ends)
		memmove(t->ends, t->ends + n, t->nr_ends * sizeof(*t->ends));
}

/* ---- the log ---- */

static int by_entry_time(const void *a, const void *b)
{
	const struct damon_log_entry *x = a, *y = b;

	return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

/* The entries of an interval are a random choice in no order. */
static int sort_log(struct to_perf *t, const struct damon_log_entry *e, size_t n)
{
	if (vec_reserve(&t->log, &t->cap_log, n, sizeof(*t->log)))
		return -ENOMEM;
	memcpy(t->log, e, n * sizeof(*e));
	qsort(t->log, n, sizeof(*t->log), by_entry_time);
	if (t->nr_ends)
		qsort(t->ends, t->nr_ends, sizeof(*t->ends), by_time);
	return 0;
}

static int on_log(struct to_perf *t, const struct damon_log_entry *entries, size_t n)
{
	uint64_t from_ns;
	size_t ends = 0;
	int err = n ? sort_log(t, entries, n) : 0;

	if (err || !n)
		return err;
	from_ns = t->log[0].time_ns;
	if (!t->nr_samples) /* perf's time begins where the recording did */
		t->last_ns = MIN(t->meta->start_ns, from_ns);
	t->looks = MAX_LOOKS;
	for (size_t i = 0; i < n && !err; i++) {
		const struct damon_log_entry *e = &t->log[i];

		err = put_ends(t, &ends, e->time_ns);
		if (!err && e->pid > 0)
			err = put_process(t, e, from_ns);
		if (!err)
			err = put_sample(t, e);
	}
	drop_ends(t, ends);
	return err ? err : damon_perf_writer_round(t->out);
}

/* ---- the file ---- */

/* Events that say what they are: of no PMU, but named after the source. Where true counts are not
 * known, the name says so. */
static void make_events(struct to_perf *t)
{
	const struct damon_meta *m = t->meta;
	const struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK, /* of dummies perf shows no ip */
		.size = sizeof(attr),
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |
			       PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR | PERF_SAMPLE_PERIOD |
			       PERF_SAMPLE_WEIGHT | PERF_SAMPLE_DATA_SRC,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.sample_id_all = 1,
		.mmap = 1,
		.mmap2 = 1,
		.mmap_data = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		/* of a recording that was replayed, the clock is not known */
		.use_clockid = m->epoch_offset_ns != 0,
		.clockid = m->epoch_offset_ns ? CLOCK_MONOTONIC : 0,
	};

	t->nr_events = m->sees & DAMON_SEES_STALLS ? 2 : 1;
	snprintf(t->name[0], sizeof(t->name[0]), "damon-perf/%s%s/", m->source,
		 m->scale.lo < m->scale.hi ? ",relative" : "");
	snprintf(t->name[1], sizeof(t->name[1]), "damon-perf/%s,stalls/", m->source);
	for (uint32_t i = 0; i < 2; i++)
		t->event[i] = (struct damon_perf_event){attr, &ids[i], 1, t->name[i], ""};
}

/* "RELEASE MACHINE" */
static void split_kernel(struct to_perf *t)
{
	char *blank;

	snprintf(t->release, sizeof(t->release), "%s", t->meta->kernel);
	blank = strrchr(t->release, ' ');
	if (!blank)
		return;
	*blank = '\0';
	snprintf(t->arch, sizeof(t->arch), "%s", blank + 1);
}

static int begin(struct to_perf *t, int fd, struct damon_fail *f)
{
	const struct damon_perf_writer_options o = {
		.command = t->meta->command,
		.hostname = t->host, /* totals tell it, in the end */
		.cpu = t->cpu,
		.release = t->release,
		.arch = t->arch,
		.version = t->version,
		.epoch_offset_ns = t->meta->epoch_offset_ns,
		.clockid = CLOCK_MONOTONIC,
	};

	make_events(t);
	split_kernel(t);
	snprintf(t->version, sizeof(t->version), "damon-perf %s", t->meta->version);
	return damon_perf_writer_new(fd, t->event, t->nr_events, &o, &t->out, f);
}

static int on_item(struct to_perf *t, const struct damon_item *item)
{
	switch (item->type) {
	case DAMON_ITEM_TARGET:
		return note_target(t, item->target);
	case DAMON_ITEM_LOG:
		return on_log(t, item->log.entries, item->log.n);
	case DAMON_ITEM_TOTALS:
		memcpy(t->host, item->totals->origin.host, sizeof(t->host));
		memcpy(t->cpu, item->totals->origin.cpu, sizeof(t->cpu));
		return 0;
	default:
		return 0;
	}
}

static int read_all(struct to_perf *t, struct damon_fail *f)
{
	struct damon_item item;
	int got, err = 0;
	size_t ends = 0;

	while (!err && (got = damon_reader_next(t->reader, &item)) > 0)
		err = on_item(t, &item);
	if (!err && got < 0)
		return damon_fail(f, -got, "cannot read the record: %s", strerror(-got));
	if (!err && t->nr_ends) {
		qsort(t->ends, t->nr_ends, sizeof(*t->ends), by_time);
		err = put_ends(t, &ends, UINT64_MAX);
	}
	if (err)
		return damon_fail(f, -err, "cannot write the recording: %s", strerror(-err));
	if (t->nr_samples)
		return 0;
	damon_fail(f, ENODATA, "the record has no log of samples, which is all that perf can read");
	damon_fail_remedy(f, "record it again; those of the kernel's DAMON have no samples");
	return -ENODATA;
}

int to_perf(struct damon_reader *r, int fd, struct damon_fail *f)
{
	struct to_perf t = {.reader = r, .meta = damon_reader_meta(r)};
	int err = begin(&t, fd, f), closed;

	if (err)
		return err;
	err = read_all(&t, f);
	closed = damon_perf_writer_close(t.out);
	if (!err && closed)
		err = damon_fail(f, -closed, "cannot write the recording: %s", strerror(-closed));
	if (t.nr_places)
		forget_all(&t);
	free(t.procs);
	free(t.ends);
	free(t.log);
	threads_release(&t.threads);
	return err;
}
