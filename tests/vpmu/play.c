/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"
#include "perf/file.h"
#include "tests/kit/perf_build.h"
#include "tests/vpmu/play.h"

#define FIRST_PID 1000 /* of the recorded program */
#define LEAD_NS	  (50 * NS_PER_MS)
#define TAIL_NS	  (500 * NS_PER_MS)

/* A record of the file; of a trace also the piece that it announced. */
struct played {
	struct damon_perf_record r;
	int cpu;
	uint8_t *piece;
	size_t len;
};

struct vpmu_play {
	struct played *of; /* by time */
	size_t nr, cap, at;
	struct perf_event_attr attrs[2];	/* of the file */
	uint64_t counted[VPMU_MACHINE_CPUS][2]; /* by its events, since the last sample */
};

static struct perf_build build;

static void die(const char *what, const char *of)
{
	fprintf(stderr, "virtual machine: %s: %s\n", of, what);
	exit(2);
}

/* ---- the file ---- */

static void *copy_of(const void *p, size_t n)
{
	void *copy = malloc(MAX(n, (size_t)1));

	if (!copy)
		die("out of memory", "play");
	return n ? memcpy(copy, p, n) : copy;
}

static void keep(struct vpmu_play *p, const struct damon_perf_record *r)
{
	struct played *k;

	if (vec_reserve(&p->of, &p->cap, p->nr + 1, sizeof(*p->of)))
		die("out of memory", "play");
	k = &p->of[p->nr++];
	*k = (struct played){.r = *r};
	if (r->type == PERF_RECORD_SAMPLE) {
		k->cpu = (int)r->sample.cpu;
		if (r->sample.raw)
			k->r.sample.raw = copy_of(r->sample.raw, r->sample.raw_len);
	} else if (r->type == PERF_RECORD_MMAP2) {
		k->r.mmap.name = copy_of(r->mmap.name, strlen(r->mmap.name) + 1);
	} else if (r->type == PERF_RECORD_COMM) {
		k->r.comm.comm = copy_of(r->comm.comm, strlen(r->comm.comm) + 1);
	}
}

/* Pieces of traces follow the records that announce them. */
static void keep_item(struct vpmu_play *p, const struct damon_perf_item *i)
{
	struct played *last = p->nr ? &p->of[p->nr - 1] : NULL;

	if (i->type == DAMON_PERF_RECORD)
		keep(p, &i->record);
	if (i->type != DAMON_PERF_AUX_DATA || !last)
		return;
	last->cpu = i->aux.cpu;
	last->piece = realloc(last->piece, last->len + i->aux.len);
	if (!last->piece)
		die("out of memory", "play");
	memcpy(last->piece + last->len, i->aux.bytes, i->aux.len);
	last->len += i->aux.len;
}

/* Context packets (Arm ARM, D10.2.4) hold the thread's number: here it is another one. */
static void set_context(uint8_t *piece, size_t len, uint32_t tid)
{
	for (size_t at = 0; at < len;) {
		uint8_t head = piece[at++];

		if (!head) /* padding */
			continue;
		if ((head & 0xfc) == 0x20 && at < len) /* of two bytes */
			head = piece[at++];
		if ((head & 0xfc) == 0x64 && at + sizeof(tid) <= len)
			memcpy(piece + at, &tid, sizeof(tid));
		at += (size_t)1 << (head >> 4 & 3);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct played *x = a, *y = b;

	return (x->r.time_ns > y->r.time_ns) - (x->r.time_ns < y->r.time_ns);
}

static void set_map(struct vpmu_machine *m, const struct damon_perf_mmap *map)
{
	struct damon_mapping of = {.start = map->map.start,
				   .end = map->map.start + map->map.len,
				   .offset = map->map.offset,
				   .dev = map->map.dev,
				   .inode = map->map.inode,
				   .prot = map->map.prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
				   .name = map->name};

	if (damon_space_map(m->space, &of, m->perf.now_ns))
		die("a mapping that cannot be", map->name);
}

static void set_machine(struct vpmu_play *p, struct vpmu_machine *m, struct damon_perf_file *f,
			const char *path)
{
	const struct damon_perf_file_info *i = damon_perf_file_info(f);
	size_t n;
	const struct damon_perf_event *e = damon_perf_file_events(f, &n);

	for (size_t k = 0; k < p->nr; k++)
		if (p->of[k].cpu < 0 || p->of[k].cpu >= VPMU_MACHINE_CPUS)
			die("more CPUs than there are", path);
	if (!n || n > ARRAY_SIZE(p->attrs) || !p->nr)
		die("no file of the virtual PMU", path);
	for (size_t k = 0; k < n; k++)
		p->attrs[k] = e[k].attr;
	m->source = strstr(e[0].name, "mem-") ? "pebs" : strstr(e[0].name, "ibs") ? "ibs" : "spe";
	m->perf.time_shift = (uint16_t)i->conv.shift;
	m->perf.time_mult = (uint32_t)i->conv.mult;
	m->perf.time_zero = i->conv.zero;
}

struct vpmu_play *vpmu_play_open(struct vpmu_machine *m, const char *path)
{
	struct vpmu_play *p = calloc(1, sizeof(*p));
	struct damon_fail why = {.text = ""};
	struct damon_perf_item item;
	struct damon_perf_file *f;

	if (!p || damon_perf_file_open(path, &f, &why))
		die(why.text, path);
	while (damon_perf_file_next(f, &item, &why) == 1)
		keep_item(p, &item);
	set_machine(p, m, f, path);
	damon_perf_file_close(f);
	qsort(p->of, p->nr, sizeof(*p->of), by_time); /* glibc's is stable */
	m->perf.now_ns = p->of[0].r.time_ns - LEAD_NS;
	for (size_t i = 0; i < p->nr; i++)
		set_context(p->of[i].piece, p->of[i].len, (uint32_t)m->pid);
	for (; p->at < p->nr && p->of[p->at].r.type != PERF_RECORD_SAMPLE &&
	       p->of[p->at].r.type != PERF_RECORD_AUX;
	     p->at++) {
		const struct damon_perf_record *r = &p->of[p->at].r;

		if (r->type == PERF_RECORD_MMAP2)
			set_map(m, &r->mmap);
		else if (r->type == PERF_RECORD_COMM)
			snprintf(m->comm, sizeof(m->comm), "%s", r->comm.comm);
	}
	return p;
}

/* ---- what the kernel writes ---- */

static uint32_t number(const struct vpmu_machine *m, int task)
{
	return (uint32_t)(m->pid + task - FIRST_PID);
}

/* The event that a sample of attr 'of' would be of; NULL: none is on. */
static struct fake_event *event_of(struct vpmu_machine *m, int cpu,
				   const struct perf_event_attr *of)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *e = &m->perf.event[i];
		bool on = e->group < 0 ? e->on : e->on && m->perf.event[e->group - FAKE_FD].on;

		if (!e->open || !on || e->cpu != cpu || e->attr.type != m->type)
			continue;
		if (of && (e->attr.config & 0xffff) != (of->config & 0xffff))
			continue;
		return e;
	}
	return NULL;
}

/* What follows tasks on a CPU. */
static struct fake_event *follower(struct vpmu_machine *m, int cpu)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *e = &m->perf.event[i];

		if (e->open && e->cpu == cpu && e->attr.mmap)
			return e;
	}
	return NULL;
}

/* perf_event_open(2), struct sample_id. */
static void put_trailer(const struct vpmu_machine *m, const struct fake_event *e, uint64_t time_ns)
{
	uint64_t type = e->attr.sample_type;

	if (type & PERF_SAMPLE_TID) {
		perf_build_u32(&build, (uint32_t)m->pid);
		perf_build_u32(&build, (uint32_t)m->pid);
	}
	if (type & PERF_SAMPLE_TIME)
		perf_build_u64(&build, time_ns);
	if (type & PERF_SAMPLE_CPU)
		perf_build_u64(&build, (uint64_t)e->cpu);
	if (type & PERF_SAMPLE_IDENTIFIER)
		perf_build_u64(&build, e->id);
}

/* As the kernel does: what was lost is told before the next record that finds room. */
static bool tell_lost(struct vpmu_machine *m, const struct fake_event *e, uint64_t time_ns)
{
	if (!m->lost[e->cpu])
		return true;
	perf_build_start(&build, PERF_RECORD_LOST, 0);
	perf_build_u64(&build, e->id);
	perf_build_u64(&build, m->lost[e->cpu]);
	put_trailer(m, e, time_ns);
	if (!fake_perf_write(&m->perf, e->cpu, perf_build_end(&build)))
		return false;
	m->lost[e->cpu] = 0;
	return true;
}

/* PERF_RECORD_SAMPLE, in the order of perf_event_open(2). */
static void build_sample(const struct vpmu_machine *m, const struct fake_event *e,
			 const struct damon_perf_sample *s)
{
	uint64_t type = e->attr.sample_type;

	perf_build_start(&build, PERF_RECORD_SAMPLE, s->misc);
	if (type & PERF_SAMPLE_IDENTIFIER)
		perf_build_u64(&build, e->id);
	if (type & PERF_SAMPLE_IP)
		perf_build_u64(&build, s->ip);
	if (type & PERF_SAMPLE_TID) {
		perf_build_u32(&build, number(m, s->pid));
		perf_build_u32(&build, number(m, s->tid));
	}
	if (type & PERF_SAMPLE_TIME)
		perf_build_u64(&build, s->time_ns);
	if (type & PERF_SAMPLE_ADDR)
		perf_build_u64(&build, s->addr);
	if (type & PERF_SAMPLE_CPU)
		perf_build_u64(&build, s->cpu);
	if (type & PERF_SAMPLE_PERIOD)
		perf_build_u64(&build, e->attr.sample_period);
	if (type & PERF_SAMPLE_RAW) {
		perf_build_u32(&build, s->raw_len);
		perf_build_bytes(&build, s->raw, s->raw_len);
	}
	if (type & (PERF_SAMPLE_WEIGHT | PERF_SAMPLE_WEIGHT_STRUCT))
		perf_build_u64(&build, s->weight);
	if (type & PERF_SAMPLE_DATA_SRC)
		perf_build_u64(&build, s->data_src ? s->data_src : PERF_MEM_S(OP, NA));
	if (type & PERF_SAMPLE_PHYS_ADDR)
		perf_build_u64(&build, s->phys_addr);
}

static void play_sample(struct vpmu_play *p, struct vpmu_machine *m,
			const struct damon_perf_sample *s)
{
	const struct perf_event_attr *of = &p->attrs[s->event];
	struct fake_event *e = event_of(m, (int)s->cpu, strcmp(m->source, "pebs") ? NULL : of);
	uint64_t *counted = &p->counted[s->cpu][s->event];
	const uint64_t known = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |
			       PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR | PERF_SAMPLE_CPU |
			       PERF_SAMPLE_PERIOD | PERF_SAMPLE_RAW | PERF_SAMPLE_WEIGHT |
			       PERF_SAMPLE_WEIGHT_STRUCT | PERF_SAMPLE_DATA_SRC |
			       PERF_SAMPLE_PHYS_ADDR;

	if (!e)
		return;
	if (e->attr.sample_period < of->sample_period)
		die("the file has a longer period: give it with --period", "play");
	if (e->attr.sample_type & ~known)
		die("an event asks for what the file has not", "play");
	*counted += of->sample_period;
	if (*counted < e->attr.sample_period)
		return;
	*counted -= e->attr.sample_period;
	if (!tell_lost(m, e, s->time_ns)) {
		m->lost[e->cpu]++;
		return;
	}
	build_sample(m, e, s);
	m->lost[e->cpu] += !fake_perf_write(&m->perf, e->cpu, perf_build_end(&build));
}

static void play_map(struct vpmu_machine *m, const struct damon_perf_record *r)
{
	const struct damon_mapping_bytes *map = &r->mmap.map;
	const struct fake_event *e = follower(m, 0);

	set_map(m, &r->mmap);
	if (!e)
		return;
	perf_build_start(&build, PERF_RECORD_MMAP2, PERF_RECORD_MISC_USER);
	perf_build_u32(&build, number(m, r->mmap.pid));
	perf_build_u32(&build, number(m, r->mmap.tid));
	perf_build_u64(&build, map->start);
	perf_build_u64(&build, map->len);
	perf_build_u64(&build, map->offset);
	perf_build_u32(&build, (uint32_t)(map->dev >> 32));
	perf_build_u32(&build, (uint32_t)map->dev);
	perf_build_u64(&build, map->inode);
	perf_build_u64(&build, 0);
	perf_build_u32(&build, map->prot);
	perf_build_u32(&build, map->flags);
	perf_build_string(&build, r->mmap.name);
	put_trailer(m, e, r->time_ns);
	fake_perf_write(&m->perf, 0, perf_build_end(&build));
}

/* Bytes that find no room are lost, with what follows until there is some: the kernel stops the
 * event until the area was read. */
static void play_piece(struct vpmu_machine *m, const struct played *k)
{
	struct fake_event *e = event_of(m, k->cpu, NULL);
	struct fake_event *area = e ? fake_perf_area(&m->perf, k->cpu, e->attr.config) : NULL;
	const struct perf_event_mmap_page *page = area ? area->map : NULL;
	struct fake_trace t = {.cpu = k->cpu, .tid = m->pid, .time = k->r.time_ns};
	uint64_t room;

	if (!area)
		return;
	room = area->aux_len - (area->aux_head - page->aux_tail);
	t.config = area->attr.config;
	t.id = e->attr.sample_type & PERF_SAMPLE_IDENTIFIER ? e->id : 0;
	t.bytes = k->piece;
	t.len = MIN(k->len, (size_t)room);
	t.flags = k->r.aux.flags | (t.len < k->len ? PERF_AUX_FLAG_TRUNCATED : 0);
	if (t.len || !m->cut[k->cpu])
		fake_perf_trace(&m->perf, &t);
	m->cut[k->cpu] = t.len < k->len;
}

bool vpmu_play_on(struct vpmu_play *p, struct vpmu_machine *m)
{
	for (; p->at < p->nr && p->of[p->at].r.time_ns <= m->perf.now_ns; p->at++) {
		const struct played *k = &p->of[p->at];

		if (k->r.type == PERF_RECORD_SAMPLE)
			play_sample(p, m, &k->r.sample);
		else if (k->r.type == PERF_RECORD_MMAP2)
			play_map(m, &k->r);
		else if (k->r.type == PERF_RECORD_AUX)
			play_piece(m, k);
	}
	return p->at < p->nr || m->perf.now_ns < p->of[p->nr - 1].r.time_ns + TAIL_NS;
}
