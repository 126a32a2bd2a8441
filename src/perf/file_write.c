/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/file_write.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"
#include "perf/file_head.h"

#define HEADER_WORDS 13
enum { BUFFER = 1 << 16, MAX_BODY = 65528, TYPE_FINISHED_ROUND = 68, TYPE_AUXTRACE = 71 };

/* Sample fields that damon_perf_writer_sample() can fill. */
#define FILLED                                                                                     \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |            \
	 PERF_SAMPLE_ADDR | PERF_SAMPLE_ID | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD |                \
	 PERF_SAMPLE_RAW | PERF_SAMPLE_WEIGHT | PERF_SAMPLE_WEIGHT_STRUCT | PERF_SAMPLE_DATA_SRC | \
	 PERF_SAMPLE_PHYS_ADDR)

struct damon_perf_writer {
	int fd, err;
	const struct damon_perf_event *events;
	size_t nr_events;
	struct damon_perf_writer_options options;
	uint64_t at;	     /* in the file, of what comes next */
	uint64_t data_start; /* of the records */
	uint64_t attrs_start;
	struct trace_place { /* a record AUXTRACE in the file */
		uint64_t at, size;
	} * traces;
	size_t nr_traces, cap_traces;
	uint8_t buf[BUFFER];
	size_t len;
};

static int flush(struct damon_perf_writer *w)
{
	for (size_t at = 0; at < w->len && !w->err;) {
		ssize_t n = write(w->fd, w->buf + at, w->len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			w->err = n ? -errno : -ENOSPC;
		else
			at += (size_t)n;
	}
	w->len = 0;
	return w->err;
}

static void add(struct damon_perf_writer *w, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	w->at += len;
	while (len && !w->err) {
		size_t n = MIN(len, BUFFER - w->len);

		memcpy(w->buf + w->len, p, n);
		w->len += n;
		p += n;
		len -= n;
		if (w->len == BUFFER)
			flush(w);
	}
}

static void add_u32(struct damon_perf_writer *w, uint32_t v)
{
	add(w, &v, sizeof(v));
}

static void add_u64(struct damon_perf_writer *w, uint64_t v)
{
	add(w, &v, sizeof(v));
}

static void add_zeros(struct damon_perf_writer *w, size_t n)
{
	static const uint8_t zeros[64];

	add(w, zeros, n);
}

/* u32 length and the text with its NUL, padded to 64 bytes as perf does. */
static void add_text(struct damon_perf_writer *w, const char *s)
{
	size_t len = strlen(s) + 1, room = (len + 63) & ~(size_t)63;

	add_u32(w, (uint32_t)room);
	add(w, s, len);
	add_zeros(w, room - len);
}

static void write_header(struct damon_perf_writer *w, uint64_t data_size, uint64_t features)
{
	uint64_t entry = sizeof(struct perf_event_attr) + 16,
		 head[HEADER_WORDS] = {
			 [1] = 8 * HEADER_WORDS, [2] = entry,
			 [3] = w->attrs_start,	 [4] = w->nr_events * entry,
			 [5] = w->data_start,	 [6] = data_size,
			 [9] = features,
		 };

	memcpy(head, "PERFILE2", 8);
	add(w, head, sizeof(head));
}

int damon_perf_writer_new(int fd, const struct damon_perf_event *events, size_t n,
			  const struct damon_perf_writer_options *o, struct damon_perf_writer **out,
			  struct damon_fail *f)
{
	struct damon_perf_writer *w = calloc(1, sizeof(*w));
	uint64_t ids_at = 8 * HEADER_WORDS, nr_ids = 0;

	if (!w)
		return damon_fail(f, ENOMEM, "out of memory");
	w->fd = fd;
	w->events = events;
	w->nr_events = n;
	w->options = *o;
	for (size_t i = 0; i < n; i++)
		nr_ids += events[i].nr_ids;
	w->attrs_start = ids_at + 8 * nr_ids;
	w->data_start = w->attrs_start + n * (sizeof(struct perf_event_attr) + 16);
	write_header(w, 0, 0);
	for (size_t i = 0; i < n; i++)
		add(w, events[i].ids, 8 * events[i].nr_ids);
	for (size_t i = 0; i < n; i++) {
		struct perf_event_attr attr = events[i].attr;

		attr.size = sizeof(attr);
		add(w, &attr, sizeof(attr));
		add_u64(w, ids_at);
		add_u64(w, 8 * events[i].nr_ids);
		ids_at += 8 * events[i].nr_ids;
	}
	if (lseek(fd, 0, SEEK_CUR) != 0 || flush(w)) {
		int err = w->err ? -w->err : ESPIPE;

		free(w);
		return damon_fail(f, err, "cannot write the recording: %s", strerror(err));
	}
	*out = w;
	return 0;
}

int damon_perf_writer_record(struct damon_perf_writer *w, uint32_t type, uint16_t misc,
			     const void *body, size_t len)
{
	size_t room = (len + 7) & ~(size_t)7;
	struct perf_event_header h = {type, misc, (uint16_t)(sizeof(h) + room)};

	if (room > MAX_BODY - sizeof(h))
		return -EINVAL;
	add(w, &h, sizeof(h));
	add(w, body, len);
	add_zeros(w, room - len);
	return w->err;
}

/* The fields of a sample, in their order; 'raw' comes with its size before it. */
static size_t put_sample(uint8_t *to, uint64_t type, const struct damon_perf_sample *s)
{
	const struct {
		uint64_t field, value;
	} fields[] = {
		{PERF_SAMPLE_IDENTIFIER, s->id},
		{PERF_SAMPLE_IP, s->ip},
		{PERF_SAMPLE_TID, (uint32_t)s->pid | (uint64_t)(uint32_t)s->tid << 32},
		{PERF_SAMPLE_TIME, s->time_ns},
		{PERF_SAMPLE_ADDR, s->addr},
		{PERF_SAMPLE_ID, s->id},
		{PERF_SAMPLE_CPU, s->cpu},
		{PERF_SAMPLE_PERIOD, s->period},
		{PERF_SAMPLE_RAW, 0},
		{PERF_SAMPLE_WEIGHT | PERF_SAMPLE_WEIGHT_STRUCT, s->weight},
		{PERF_SAMPLE_DATA_SRC, s->data_src},
		{PERF_SAMPLE_PHYS_ADDR, s->phys_addr},
	};
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		size_t room = ((s->raw_len + 4 + 7ull) & ~7ull) - 4;
		uint32_t len = (uint32_t)room;

		if (!(type & fields[i].field))
			continue;
		if (fields[i].field != PERF_SAMPLE_RAW) {
			memcpy(to + at, &fields[i].value, 8);
			at += 8;
			continue;
		}
		memcpy(to + at, &len, 4);
		memset(to + at + 4, 0, room);
		if (s->raw_len)
			memcpy(to + at + 4, s->raw, s->raw_len);
		at += 4 + room;
	}
	return at;
}

int damon_perf_writer_sample(struct damon_perf_writer *w, uint32_t event, uint16_t misc,
			     const struct damon_perf_sample *s)
{
	uint8_t body[4096];
	uint64_t type;

	if (event >= w->nr_events || s->raw_len > sizeof(body) / 2)
		return -EINVAL;
	type = w->events[event].attr.sample_type;
	if (type & ~(uint64_t)FILLED)
		return -EINVAL;
	return damon_perf_writer_record(w, PERF_RECORD_SAMPLE, misc, body,
					put_sample(body, type, s));
}

/* ---- tasks and mappings ---- */

#define NAME_MAX_BYTES 4096
#define TRAILER_WORDS  6

/* A body of fixed fields, a name padded to 8, and what sample_id_all puts behind. */
struct body {
	uint8_t bytes[96 + NAME_MAX_BYTES + 8 * TRAILER_WORDS];
	size_t len;
};

static void body_add(struct body *b, const void *p, size_t n)
{
	memcpy(b->bytes + b->len, p, n);
	b->len += n;
}

static void body_name(struct body *b, const char *name)
{
	size_t len = strnlen(name, NAME_MAX_BYTES - 1), room = (len + 8) & ~(size_t)7;

	memcpy(b->bytes + b->len, name, len);
	memset(b->bytes + b->len + len, 0, room - len);
	b->len += room;
}

static void body_trailer(const struct damon_perf_writer *w, struct body *b, int pid, int tid,
			 uint64_t time_ns)
{
	const struct damon_perf_event *e = &w->events[0];
	uint64_t id = e->nr_ids ? e->ids[0] : 0;
	const struct {
		uint64_t field, value;
	} fields[TRAILER_WORDS] = {
		{PERF_SAMPLE_TID, (uint32_t)pid | (uint64_t)(uint32_t)tid << 32},
		{PERF_SAMPLE_TIME, time_ns},
		{PERF_SAMPLE_ID, id},
		{PERF_SAMPLE_STREAM_ID, id},
		{PERF_SAMPLE_CPU, 0},
		{PERF_SAMPLE_IDENTIFIER, id},
	};

	for (size_t i = 0; i < TRAILER_WORDS && e->attr.sample_id_all; i++)
		if (e->attr.sample_type & fields[i].field)
			body_add(b, &fields[i].value, 8);
}

int damon_perf_writer_comm(struct damon_perf_writer *w, const struct damon_perf_comm *c,
			   uint64_t time_ns)
{
	const int who[2] = {c->pid, c->tid};
	struct body b = {.len = 0};

	body_add(&b, who, sizeof(who));
	body_name(&b, c->comm);
	body_trailer(w, &b, c->pid, c->tid, time_ns);
	return damon_perf_writer_record(w, PERF_RECORD_COMM,
					c->exec ? PERF_RECORD_MISC_COMM_EXEC : 0, b.bytes, b.len);
}

int damon_perf_writer_mapping(struct damon_perf_writer *w, int pid, const struct damon_mapping *m,
			      uint64_t time_ns)
{
	const int who[2] = {pid, pid};
	const uint64_t place[3] = {m->start, m->end - m->start, m->offset};
	const uint32_t dev[2] = {(uint32_t)(m->dev >> 32), (uint32_t)m->dev};
	const uint64_t inode[2] = {m->inode, 0};
	const uint32_t rights[2] = {m->prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
				    m->prot & DAMON_PROT_SHARED ? MAP_SHARED : MAP_PRIVATE};
	uint8_t build_id[24] = {MIN(m->build_id_len, (uint8_t)DAMON_BUILD_ID_MAX)};
	uint16_t misc = PERF_RECORD_MISC_USER;
	struct body b = {.len = 0};

	if (!(m->prot & PROT_EXEC))
		misc |= PERF_RECORD_MISC_MMAP_DATA;
	body_add(&b, who, sizeof(who));
	body_add(&b, place, sizeof(place));
	if (build_id[0]) {
		memcpy(build_id + 4, m->build_id, sizeof(m->build_id));
		body_add(&b, build_id, sizeof(build_id));
		misc |= PERF_RECORD_MISC_MMAP_BUILD_ID;
	} else {
		body_add(&b, dev, sizeof(dev));
		body_add(&b, inode, sizeof(inode));
	}
	body_add(&b, rights, sizeof(rights));
	body_name(&b, m->name && m->name[0] ? m->name : "//anon"); /* as the kernel has it */
	body_trailer(w, &b, pid, pid, time_ns);
	return damon_perf_writer_record(w, PERF_RECORD_MMAP2, misc, b.bytes, b.len);
}

int damon_perf_writer_exit(struct damon_perf_writer *w, const struct damon_perf_task *t,
			   uint64_t time_ns)
{
	const int who[4] = {t->pid, t->ppid, t->tid, t->ptid};
	struct body b = {.len = 0};

	body_add(&b, who, sizeof(who));
	body_add(&b, &time_ns, sizeof(time_ns));
	body_trailer(w, &b, t->pid, t->tid, time_ns);
	return damon_perf_writer_record(w, PERF_RECORD_EXIT, 0, b.bytes, b.len);
}

/* ---- rounds and traces ---- */

int damon_perf_writer_round(struct damon_perf_writer *w)
{
	return damon_perf_writer_record(w, TYPE_FINISHED_ROUND, 0, NULL, 0);
}

int damon_perf_writer_aux(struct damon_perf_writer *w, uint32_t idx, int tid, int cpu,
			  uint64_t offset, const void *bytes, size_t len)
{
	const struct damon_perf_part part[2] = {{bytes, len}};

	return damon_perf_writer_aux_parts(w, idx, tid, cpu, offset, part);
}

int damon_perf_writer_aux_parts(struct damon_perf_writer *w, uint32_t idx, int tid, int cpu,
				uint64_t offset, const struct damon_perf_part part[2])
{
	size_t len = part[0].len + part[1].len;
	uint64_t body[5] = {(len + 7) & ~7ull, offset, 0, idx | (uint64_t)(uint32_t)tid << 32,
			    (uint32_t)cpu};

	if (vec_reserve(&w->traces, &w->cap_traces, w->nr_traces + 1, sizeof(*w->traces)))
		return w->err = -ENOMEM;
	w->traces[w->nr_traces++] =
		(struct trace_place){w->at, sizeof(struct perf_event_header) + sizeof(body)};
	damon_perf_writer_record(w, TYPE_AUXTRACE, 0, body, sizeof(body));
	add(w, part[0].bytes, part[0].len);
	add(w, part[1].bytes, part[1].len);
	add_zeros(w, (size_t)body[0] - len);
	return w->err;
}

int damon_perf_writer_flush(struct damon_perf_writer *w)
{
	return flush(w);
}

uint64_t damon_perf_writer_bytes(const struct damon_perf_writer *w)
{
	return w->at;
}

/* ---- features ---- */

static void add_events(struct damon_perf_writer *w)
{
	add_u32(w, (uint32_t)w->nr_events);
	add_u32(w, sizeof(struct perf_event_attr));
	for (size_t i = 0; i < w->nr_events; i++) {
		const struct damon_perf_event *e = &w->events[i];
		struct perf_event_attr attr = e->attr;

		attr.size = sizeof(attr);
		add(w, &attr, sizeof(attr));
		add_u32(w, (uint32_t)e->nr_ids);
		add_text(w, e->name ? e->name : "");
		add(w, e->ids, 8 * e->nr_ids);
	}
}

static void add_pmus(struct damon_perf_writer *w)
{
	add_u32(w, (uint32_t)w->options.nr_pmus);
	for (size_t i = 0; i < w->options.nr_pmus; i++) {
		add_u32(w, w->options.pmu_types[i]);
		add_text(w, w->options.pmu_names[i]);
	}
}

static void add_command(struct damon_perf_writer *w)
{
	add_u32(w, 1);
	add_text(w, w->options.command);
}

/* What the events' clock and the time of day were at one moment. */
static void add_clock(struct damon_perf_writer *w)
{
	const struct damon_perf_writer_options *o = &w->options;

	add_u32(w, 1);
	add_u32(w, (uint32_t)o->clockid);
	add_u64(w, (uint64_t)o->epoch_offset_ns); /* when the clock was 0 */
	add_u64(w, 0);
}

/* Without it, perf loses what comes after a buffer ran dry. */
static void add_traces(struct damon_perf_writer *w)
{
	add_u64(w, w->nr_traces);
	add(w, w->traces, w->nr_traces * sizeof(*w->traces));
}

static void add_feature(struct damon_perf_writer *w, unsigned int feature)
{
	const struct damon_perf_writer_options *o = &w->options;

	switch (feature) {
	case PERF_FEATURE_HOSTNAME:
		add_text(w, o->hostname);
		break;
	case PERF_FEATURE_OSRELEASE:
		add_text(w, o->release);
		break;
	case PERF_FEATURE_VERSION:
		add_text(w, o->version);
		break;
	case PERF_FEATURE_ARCH:
		add_text(w, o->arch);
		break;
	case PERF_FEATURE_CPUDESC:
		add_text(w, o->cpu);
		break;
	case PERF_FEATURE_CPUID:
		add_text(w, o->cpuid);
		break;
	case PERF_FEATURE_CMDLINE:
		add_command(w);
		break;
	case PERF_FEATURE_EVENT_DESC:
		add_events(w);
		break;
	case PERF_FEATURE_PMU_MAPPINGS:
		add_pmus(w);
		break;
	case PERF_FEATURE_AUXTRACE:
		add_traces(w);
		break;
	case PERF_FEATURE_CLOCK_DATA:
		add_clock(w);
		break;
	}
}

static uint64_t bit(unsigned int feature, bool told)
{
	return told ? 1ull << feature : 0;
}

static bool is_told(const char *s)
{
	return s && *s;
}

static uint64_t features_of(const struct damon_perf_writer *w)
{
	const struct damon_perf_writer_options *o = &w->options;

	return bit(PERF_FEATURE_HOSTNAME, is_told(o->hostname)) |
	       bit(PERF_FEATURE_OSRELEASE, is_told(o->release)) |
	       bit(PERF_FEATURE_VERSION, is_told(o->version)) |
	       bit(PERF_FEATURE_ARCH, is_told(o->arch)) |
	       bit(PERF_FEATURE_CPUDESC, is_told(o->cpu)) |
	       bit(PERF_FEATURE_CPUID, is_told(o->cpuid)) |
	       bit(PERF_FEATURE_CMDLINE, is_told(o->command)) | bit(PERF_FEATURE_EVENT_DESC, true) |
	       bit(PERF_FEATURE_PMU_MAPPINGS, o->nr_pmus > 0) |
	       bit(PERF_FEATURE_AUXTRACE, w->nr_traces > 0) |
	       bit(PERF_FEATURE_CLOCK_DATA, o->epoch_offset_ns != 0);
}

/* Room for the table, the features, then the table that says where they are. */
static void write_features(struct damon_perf_writer *w, uint64_t features)
{
	uint64_t table[64][2], table_at = w->at;
	size_t n = 0;

	for (int i = 0; i < __builtin_popcountll(features); i++)
		add_zeros(w, 16);
	for (unsigned int i = 0; i < 64; i++) {
		if (!(features >> i & 1))
			continue;
		table[n][0] = w->at;
		add_feature(w, i);
		table[n][1] = w->at - table[n][0];
		n++;
	}
	if (flush(w))
		return;
	if (lseek(w->fd, (off_t)table_at, SEEK_SET) < 0)
		w->err = -errno;
	add(w, table, n * sizeof(table[0]));
}

int damon_perf_writer_close(struct damon_perf_writer *w)
{
	uint64_t features, data_size;
	int err;

	if (!w)
		return 0;
	features = features_of(w);
	data_size = w->at - w->data_start;
	write_features(w, features);
	flush(w);
	if (!w->err && lseek(w->fd, 0, SEEK_SET) < 0)
		w->err = -errno;
	write_header(w, data_size, features);
	err = flush(w);
	free(w->traces);
	free(w);
	return err;
}
