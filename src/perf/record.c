/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "perf/cursor.h"
#include "perf/record.h"

/* Newer than the headers of some distributions: PERF_SAMPLE_BRANCH_COUNTERS, Linux 6.8. */
#define BRANCH_COUNTERS (1ull << 19)

static void skip_u64s(struct cursor *c, uint64_t n)
{
	if (n > UINT64_MAX / 8)
		c->bad = true;
	else
		take(c, n * 8);
}

/* The text up to a NUL before 'end'. */
static const char *take_string(struct cursor *c)
{
	const char *s = (const char *)c->p;

	if (c->bad || !memchr(s, '\0', (size_t)(c->end - c->p))) {
		c->bad = true;
		return NULL;
	}
	c->p = c->end;
	return s;
}

static void skip_read(struct cursor *c, uint64_t format)
{
	uint64_t times = !!(format & PERF_FORMAT_TOTAL_TIME_ENABLED) +
			 !!(format & PERF_FORMAT_TOTAL_TIME_RUNNING);
	uint64_t each = 1 + !!(format & PERF_FORMAT_ID) + !!(format & DAMON_PERF_FORMAT_LOST);
	uint64_t n = 1;

	if (format & PERF_FORMAT_GROUP)
		n = take_u64(c);
	if (n > UINT16_MAX) /* more than a record can hold, and a product that cannot overflow */
		c->bad = true;
	else
		skip_u64s(c, times + n * each);
}

static void skip_branches(struct cursor *c, uint64_t type)
{
	uint64_t n = take_u64(c);

	if (type & PERF_SAMPLE_BRANCH_HW_INDEX)
		take_u64(c);
	if (n > UINT16_MAX) {
		c->bad = true;
		return;
	}
	skip_u64s(c, 3 * n);
	if (type & BRANCH_COUNTERS)
		skip_u64s(c, n);
}

/* u32 size and that many bytes, together a multiple of 8. */
static void take_raw(struct cursor *c, struct damon_perf_sample *s)
{
	uint32_t len = take_u32(c);

	s->raw = take(c, len);
	s->raw_len = s->raw ? len : 0;
	take(c, -(4ull + len) & 7);
}

static const uint64_t *take_regs(struct cursor *c, uint64_t mask, uint64_t *abi, uint32_t *nr)
{
	const void *p;

	*nr = 0;
	*abi = take_u64(c);
	if (*abi == PERF_SAMPLE_REGS_ABI_NONE)
		return NULL;
	p = take(c, 8ull * (unsigned)__builtin_popcountll(mask));
	if (p)
		*nr = (uint32_t)__builtin_popcountll(mask);
	return p;
}

static void take_stack(struct cursor *c, struct damon_perf_sample *s)
{
	uint64_t room = take_u64(c), used;
	const uint8_t *p;

	if (!room)
		return;
	p = take(c, room);
	used = take_u64(c);
	if (used > room)
		c->bad = true;
	if (c->bad)
		return;
	s->stack = p;
	s->stack_len = (uint32_t)used;
}

/* The fields whose size varies, in the middle of a sample. */
static void take_payloads(struct cursor *c, const struct perf_event_attr *a,
			  struct damon_perf_sample *s)
{
	uint64_t type = a->sample_type;

	if (type & PERF_SAMPLE_READ)
		skip_read(c, a->read_format);
	if (type & PERF_SAMPLE_CALLCHAIN)
		skip_u64s(c, take_u64(c));
	if (type & PERF_SAMPLE_RAW)
		take_raw(c, s);
	if (type & PERF_SAMPLE_BRANCH_STACK)
		skip_branches(c, a->branch_sample_type);
	if (type & PERF_SAMPLE_REGS_USER)
		s->regs = take_regs(c, a->sample_regs_user, &s->regs_abi, &s->nr_regs);
	if (type & PERF_SAMPLE_STACK_USER)
		take_stack(c, s);
}

static void take_tail(struct cursor *c, const struct perf_event_attr *a,
		      struct damon_perf_sample *s)
{
	uint64_t type = a->sample_type, abi;
	uint32_t nr;

	if (type & (PERF_SAMPLE_WEIGHT | PERF_SAMPLE_WEIGHT_STRUCT))
		s->weight = take_u64(c);
	if (type & PERF_SAMPLE_DATA_SRC)
		s->data_src = take_u64(c);
	if (type & PERF_SAMPLE_TRANSACTION)
		take_u64(c);
	if (type & PERF_SAMPLE_REGS_INTR)
		take_regs(c, a->sample_regs_intr, &abi, &nr);
	if (type & PERF_SAMPLE_PHYS_ADDR)
		s->phys_addr = take_u64(c);
	if (type & PERF_SAMPLE_AUX)
		take(c, take_u64(c));
	if (type & PERF_SAMPLE_CGROUP)
		take_u64(c);
	if (type & PERF_SAMPLE_DATA_PAGE_SIZE)
		take_u64(c);
	if (type & PERF_SAMPLE_CODE_PAGE_SIZE)
		take_u64(c);
}

/* Fields of 8 bytes that are read, and the only ones of nearly all samples of memory. */
#define FIXED_FIELDS                                                                               \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |            \
	 PERF_SAMPLE_ADDR | PERF_SAMPLE_ID | PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_CPU |             \
	 PERF_SAMPLE_PERIOD | PERF_SAMPLE_WEIGHT | PERF_SAMPLE_WEIGHT_STRUCT |                     \
	 PERF_SAMPLE_DATA_SRC | PERF_SAMPLE_PHYS_ADDR)

/* What a sample has of fixed fields alone, of which all are there. */
static void take_fixed(const uint64_t *w, uint64_t type, struct damon_perf_sample *s)
{
	uint32_t half[2];

	if (type & PERF_SAMPLE_IDENTIFIER)
		s->id = *w++;
	if (type & PERF_SAMPLE_IP)
		s->ip = *w++;
	if (type & PERF_SAMPLE_TID) {
		memcpy(half, w++, sizeof(half));
		s->pid = (int)half[0];
		s->tid = (int)half[1];
	}
	if (type & PERF_SAMPLE_TIME)
		s->time_ns = *w++;
	if (type & PERF_SAMPLE_ADDR)
		s->addr = *w++;
	if (type & PERF_SAMPLE_ID)
		s->id = *w++;
	w += !!(type & PERF_SAMPLE_STREAM_ID);
	if (type & PERF_SAMPLE_CPU) {
		memcpy(half, w++, sizeof(half));
		s->cpu = half[0];
	}
	if (type & PERF_SAMPLE_PERIOD)
		s->period = *w++;
	if (type & (PERF_SAMPLE_WEIGHT | PERF_SAMPLE_WEIGHT_STRUCT))
		s->weight = *w++;
	if (type & PERF_SAMPLE_DATA_SRC)
		s->data_src = *w++;
	if (type & PERF_SAMPLE_PHYS_ADDR)
		s->phys_addr = *w++;
}

static void take_sample(struct cursor *c, const struct perf_event_attr *a,
			struct damon_perf_sample *s)
{
	uint64_t type = a->sample_type;

	if (!(type & ~(uint64_t)FIXED_FIELDS) &&
	    8 * (size_t)__builtin_popcountll(type) <= (size_t)(c->end - c->p)) {
		take_fixed((const uint64_t *)c->p, type, s);
		return;
	}
	if (type & PERF_SAMPLE_IDENTIFIER)
		s->id = take_u64(c);
	if (type & PERF_SAMPLE_IP)
		s->ip = take_u64(c);
	if (type & PERF_SAMPLE_TID) {
		s->pid = (int)take_u32(c);
		s->tid = (int)take_u32(c);
	}
	if (type & PERF_SAMPLE_TIME)
		s->time_ns = take_u64(c);
	if (type & PERF_SAMPLE_ADDR)
		s->addr = take_u64(c);
	if (type & PERF_SAMPLE_ID)
		s->id = take_u64(c);
	if (type & PERF_SAMPLE_STREAM_ID)
		take_u64(c);
	if (type & PERF_SAMPLE_CPU) {
		s->cpu = take_u32(c);
		take_u32(c);
	}
	if (type & PERF_SAMPLE_PERIOD)
		s->period = take_u64(c);
	take_payloads(c, a, s);
	take_tail(c, a, s);
}

/* The fields that sample_id_all puts at the end of every record but samples; takes them off 'c'. */
static uint64_t take_trailer(struct cursor *c, const struct perf_event_attr *a, int task[2])
{
	static const uint64_t fields = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ID |
				       PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_CPU |
				       PERF_SAMPLE_IDENTIFIER;
	uint64_t bytes = 8ull * (unsigned)__builtin_popcountll(a->sample_type & fields), time = 0;

	if (!a->sample_id_all)
		return 0;
	if (bytes > (uint64_t)(c->end - c->p)) {
		c->bad = true;
		return 0;
	}
	c->end -= bytes;
	if (a->sample_type & PERF_SAMPLE_TID)
		memcpy(task, c->end, 8);
	if (a->sample_type & PERF_SAMPLE_TIME)
		memcpy(&time, c->end + (a->sample_type & PERF_SAMPLE_TID ? 8 : 0), 8);
	return time;
}

/* What MMAP2 adds: device and inode or, in their place, the build id; and the protection. */
static void take_mmap2(struct cursor *c, const struct perf_event_header *h,
		       struct damon_mapping_bytes *m)
{
	const uint8_t *file = take(c, 24);
	uint32_t dev[2];

	m->prot = take_u32(c);
	m->flags = take_u32(c);
	if (!file)
		return;
	if (!(h->misc & PERF_RECORD_MISC_MMAP_BUILD_ID)) {
		memcpy(dev, file, sizeof(dev));
		m->dev = (uint64_t)dev[0] << 32 | dev[1];
		memcpy(&m->inode, file + 8, sizeof(m->inode));
	} else if (file[0] <= sizeof(m->build_id)) {
		m->build_id_len = file[0];
		memcpy(m->build_id, file + 4, file[0]);
	} else {
		c->bad = true;
	}
}

static void take_mmap(struct cursor *c, const struct perf_event_header *h,
		      struct damon_perf_mmap *m)
{
	m->pid = (int)take_u32(c);
	m->tid = (int)take_u32(c);
	m->map.start = take_u64(c);
	m->map.len = take_u64(c);
	m->map.offset = take_u64(c);
	if (h->type == PERF_RECORD_MMAP2)
		take_mmap2(c, h, &m->map);
	else if (!(h->misc & PERF_RECORD_MISC_MMAP_DATA))
		m->map.prot = PROT_EXEC;
	m->name = take_string(c);
}

static void take_task(struct cursor *c, struct damon_perf_record *r)
{
	uint64_t time;

	r->task.pid = (int)take_u32(c);
	r->task.ppid = (int)take_u32(c);
	r->task.tid = (int)take_u32(c);
	r->task.ptid = (int)take_u32(c);
	time = take_u64(c);
	if (!r->time_ns)
		r->time_ns = time;
}

static void take_comm(struct cursor *c, const struct perf_event_header *h,
		      struct damon_perf_comm *m)
{
	m->pid = (int)take_u32(c);
	m->tid = (int)take_u32(c);
	m->exec = h->misc & PERF_RECORD_MISC_COMM_EXEC;
	m->comm = take_string(c);
}

static void take_other(struct cursor *c, const struct perf_event_header *h,
		       struct damon_perf_record *r)
{
	switch (h->type) {
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		take_mmap(c, h, &r->mmap);
		break;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		take_task(c, r);
		break;
	case PERF_RECORD_COMM:
		take_comm(c, h, &r->comm);
		break;
	case PERF_RECORD_LOST:
		take_u64(c); /* id */
		r->lost = take_u64(c);
		break;
	case PERF_RECORD_LOST_SAMPLES:
		r->lost = take_u64(c);
		break;
	case PERF_RECORD_AUX:
		r->aux.offset = take_u64(c);
		r->aux.size = take_u64(c);
		r->aux.flags = take_u64(c);
		break;
	case PERF_RECORD_THROTTLE:
	case PERF_RECORD_UNTHROTTLE:
		if (!r->time_ns)
			r->time_ns = take_u64(c);
		break;
	}
}

int damon_perf_parse(const struct perf_event_header *h, const struct perf_event_attr *attr,
		     struct damon_perf_record *out)
{
	struct damon_perf_record r = {.type = h->type};
	struct cursor c = {.p = (const uint8_t *)(h + 1), .end = (const uint8_t *)h + h->size};
	int task[2] = {0, 0}; /* process and thread */

	if (h->size < sizeof(*h))
		return -EBADMSG;
	if (h->type == PERF_RECORD_SAMPLE) {
		r.sample.misc = h->misc;
		take_sample(&c, attr, &r.sample);
		r.time_ns = r.sample.time_ns;
	} else {
		r.time_ns = take_trailer(&c, attr, task);
		r.was_there =
			!r.time_ns && attr->sample_id_all && attr->sample_type & PERF_SAMPLE_TIME;
		take_other(&c, h, &r);
		if (r.type == PERF_RECORD_AUX) {
			r.aux.pid = task[0];
			r.aux.tid = task[1];
		}
	}
	if (c.bad)
		return -EBADMSG;
	*out = r;
	return 0;
}
