/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "perf/bytes.h"
#include "perf/file_head.h"
#include "perf/file_stream.h"

enum { EVENT_UPDATE_NAME = 2 };

/* PERF_RECORD_MISC_LOST_SAMPLES_BPF: dropped on demand. */
#define LOST_BY_FILTER (1 << 15)

/* Files of records that a folder may hold, and what of each is buffered: its largest record. */
enum { MAX_PARTS = 1024, PART_BYTES = 1 << 16 };

struct damon_perf_file {
	struct damon_perf_head head;
	struct damon_perf_stream main;	/* the only one, but for folders */
	struct damon_perf_stream *part; /* data.0, data.1, .. */
	size_t nr_parts, cap_parts;
	struct damon_perf_stream *from; /* the one that is read now */
	uint64_t until_ns;		/* up to which it has the oldest records */
	struct damon_perf_file_stats stats;
	uint64_t ring_lost, ring_lost_asked; /* as rings told, and as perf asked in the end */
	bool one_layout; /* the samples of all events have their id in the same place */
	uint32_t id_at;	 /* that place in 8-byte words, UINT32_MAX: they have none */
	size_t seen_events;
	struct damon_perf_copy copy;
};

/* The file form has its features behind the records: from a pipe it is read from a copy. */
static int spool(struct damon_bytes *b)
{
	FILE *copy = tmpfile();
	bool good = copy != NULL;
	int fd = -1;

	while (good) {
		size_t n;
		const uint8_t *p = damon_bytes_some(b, DAMON_BYTES_MAX, &n);

		if (!n)
			break;
		good = fwrite(p, 1, n, copy) == n;
		damon_bytes_skip(b, n);
	}
	if (good && !b->err && !fflush(copy))
		fd = fcntl(fileno(copy), F_DUPFD_CLOEXEC, 0);
	if (copy)
		fclose(copy);
	if (fd < 0)
		return b->err ? b->err : -EIO;
	lseek(fd, 0, SEEK_SET);
	damon_bytes_close(b);
	return damon_bytes_open_fd(b, fd, DAMON_BYTES_MAX);
}

static int open_bytes(struct damon_perf_file *p, struct damon_fail *f)
{
	struct damon_bytes *in = &p->main.in;
	uint64_t header[2];
	const uint8_t *head = damon_bytes_peek(in, sizeof(header));
	int err = 0;

	if (head && in->length == UINT64_MAX && damon_perf_file_is(head, sizeof(header))) {
		memcpy(header, head, sizeof(header));
		if (header[1] != sizeof(header))
			err = spool(in);
	}
	if (err)
		return damon_fail(f, -err, "cannot copy the recording from the pipe: %s",
				  strerror(-err));
	return damon_perf_head_read(&p->head, in, f);
}

/* Takes 'fd' over. */
static int add_part(struct damon_perf_file *p, int fd)
{
	struct damon_perf_stream *s;
	int err = p->nr_parts == MAX_PARTS
			  ? -E2BIG
			  : vec_reserve(&p->part, &p->cap_parts, p->nr_parts + 1, sizeof(*p->part));

	if (err) {
		close(fd);
		return err;
	}
	s = &p->part[p->nr_parts++];
	*s = (struct damon_perf_stream){.ended = false};
	err = damon_bytes_open_fd(&s->in, fd, PART_BYTES);
	if (err)
		return err;
	s->data_end = s->in.length;
	p->head.info.bytes_total += s->data_end;
	return s->data_end == UINT64_MAX ? -EINVAL : 0; /* something else than a file */
}

/* The files that threads of perf wrote beside the first one: records and nothing else. */
static int open_parts(struct damon_perf_file *p, int folder, struct damon_fail *f)
{
	char name[32];
	int err = 0;

	for (size_t i = 0; !err; i++) {
		int fd;

		snprintf(name, sizeof(name), "data.%zu", i);
		fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 && errno == ENOENT)
			return 0;
		err = fd < 0 ? -errno : add_part(p, fd);
	}
	return damon_fail(f, -err, "cannot read '%.200s/%s': %s", p->head.path, name,
			  strerror(-err));
}

/* 'folder': -1, or one with more files. Takes 'p' over. */
static int start(struct damon_perf_file *p, const char *path, int folder,
		 struct damon_perf_file **out, struct damon_fail *f)
{
	int err;

	p->from = &p->main;
	p->head.path = path;
	err = open_bytes(p, f);
	if (!err && folder >= 0)
		err = open_parts(p, folder, f);
	if (!err && p->head.is_one_of_several && folder < 0) {
		err = damon_fail(f, ENOTSUP, "'%.200s' is one file of several", path);
		damon_fail_remedy(f, "name the folder that perf made");
	}
	p->head.path = NULL;
	if (err) {
		damon_perf_file_close(p);
		return err;
	}
	p->main.data_end = p->head.data_end;
	p->stats.truncated = p->head.cut;
	*out = p;
	return 0;
}

/* The first file of the folder '*fd', which becomes that file; returns the folder, to be closed.
 * -1: it is none. */
static int enter_folder(int *fd)
{
	struct stat st;
	int folder = *fd;

	if (fstat(folder, &st) || !S_ISDIR(st.st_mode))
		return -1;
	*fd = openat(folder, "data", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd >= 0 && !fstat(*fd, &st) && !S_ISREG(st.st_mode)) {
		close(*fd);
		*fd = -1;
		errno = EINVAL;
	}
	return folder;
}

int damon_perf_file_open(const char *path, struct damon_perf_file **out, struct damon_fail *f)
{
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
			  : open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(closep) int folder = fd >= 0 ? enter_folder(&fd) : -1;
	struct damon_perf_file *p;
	int err;

	if (fd < 0)
		return damon_fail(f, errno, "cannot open '%.200s%s': %s", path,
				  folder >= 0 ? "/data" : "", strerror(errno));
	p = calloc(1, sizeof(*p));
	if (!p) {
		close(fd);
		return damon_fail(f, ENOMEM, "out of memory");
	}
	err = damon_bytes_open_fd(&p->main.in, fd, DAMON_BYTES_MAX);
	if (err) {
		free(p);
		return damon_fail(f, -err, "cannot read '%.200s': %s", path, strerror(-err));
	}
	return start(p, path, folder, out, f);
}

int damon_perf_file_open_mem(const void *bytes, size_t len, struct damon_perf_file **out,
			     struct damon_fail *f)
{
	struct damon_perf_file *p = calloc(1, sizeof(*p));

	if (!p)
		return damon_fail(f, ENOMEM, "out of memory");
	damon_bytes_open_mem(&p->main.in, bytes, len);
	return start(p, "memory", -1, out, f);
}

void damon_perf_file_close(struct damon_perf_file *p)
{
	if (!p)
		return;
	damon_perf_stream_release(&p->main);
	for (size_t i = 0; i < p->nr_parts; i++)
		damon_perf_stream_release(&p->part[i]);
	free(p->part);
	damon_perf_head_release(&p->head);
	free(p);
}

const struct damon_perf_event *damon_perf_file_events(const struct damon_perf_file *p, size_t *n)
{
	*n = p->head.nr_events;
	return p->head.events;
}

size_t damon_perf_file_build_id(const struct damon_perf_file *p, const char *path,
				const uint8_t **id)
{
	return damon_file_build_ids_find(&p->head.build_ids, path, id);
}

const struct damon_perf_file_info *damon_perf_file_info(const struct damon_perf_file *p)
{
	return &p->head.info;
}

const struct damon_perf_file_stats *damon_perf_file_stats(const struct damon_perf_file *p)
{
	return &p->stats;
}

/* ---- which event a record belongs to ---- */

/* The words of a sample before its id; UINT32_MAX: it has none. */
static uint32_t id_place(uint64_t type)
{
	if (type & PERF_SAMPLE_IDENTIFIER)
		return 0;
	if (!(type & PERF_SAMPLE_ID))
		return UINT32_MAX;
	return (uint32_t)__builtin_popcountll(
		type & (PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR));
}

static void learn_layout(struct damon_perf_file *p)
{
	const struct damon_perf_event *e = p->head.events;

	p->seen_events = p->head.nr_events;
	p->one_layout = p->seen_events > 0;
	for (size_t i = 0; i < p->seen_events; i++)
		p->one_layout = p->one_layout &&
				id_place(e[i].attr.sample_type) == id_place(e[0].attr.sample_type);
	p->id_at = p->one_layout ? id_place(e[0].attr.sample_type) : UINT32_MAX;
}

/* Files of one event need no ids, and old ones have none. */
static int event_of(struct damon_perf_file *p, const struct perf_event_header *h)
{
	const uint64_t *words = (const uint64_t *)(h + 1);
	size_t n = (h->size - sizeof(*h)) / 8;
	uint64_t type;

	if (p->seen_events != p->head.nr_events)
		learn_layout(p);
	if (!p->seen_events)
		return -1;
	type = p->head.events[0].attr.sample_type;
	if (h->type == PERF_RECORD_SAMPLE) {
		if (p->id_at != UINT32_MAX && p->id_at < n && p->head.nr_ids)
			return damon_perf_head_find(&p->head, words[p->id_at]);
		return p->seen_events == 1 || (p->one_layout && p->id_at == UINT32_MAX) ? 0 : -1;
	}
	if ((type & PERF_SAMPLE_IDENTIFIER) && p->one_layout && n) {
		int event = damon_perf_head_find(&p->head, words[n - 1]);

		return event < 0 ? 0 : event;
	}
	return 0;
}

/* ---- records that perf added ---- */

static int user_attr(struct damon_perf_file *p, const uint8_t *body, size_t len)
{
	uint32_t size;
	int err;

	if (len < PERF_ATTR_SIZE_VER0)
		return -EBADMSG;
	memcpy(&size, body + offsetof(struct perf_event_attr, size), sizeof(size));
	if (!size)
		size = PERF_ATTR_SIZE_VER0;
	if (size > len)
		return -EBADMSG;
	err = damon_perf_head_add_event(&p->head, body, size, body + size, (len - size) / 8);
	return err;
}

static void user_update(struct damon_perf_file *p, const uint8_t *body, size_t len)
{
	uint64_t w[2];

	if (len <= sizeof(w))
		return;
	memcpy(w, body, sizeof(w));
	if (w[0] == EVENT_UPDATE_NAME)
		damon_perf_head_name(&p->head, w[1], (const char *)body + sizeof(w),
				     len - sizeof(w));
}

static void user_time_conv(struct damon_perf_file *p, const uint8_t *body, size_t len)
{
	struct damon_perf_time_conv *c = &p->head.info.conv;
	uint64_t w[5];

	if (len < 24)
		return;
	memcpy(w, body, MIN(len, sizeof(w)));
	*c = (struct damon_perf_time_conv){.shift = w[0], .mult = w[1], .zero = w[2]};
	if (len <= sizeof(w))
		return;
	c->cycles = w[3];
	c->mask = w[4];
	c->is_capped = body[sizeof(w)];
}

static void user_feature(struct damon_perf_file *p, const uint8_t *body, size_t len)
{
	uint64_t feature;

	if (len < sizeof(feature))
		return;
	memcpy(&feature, body, sizeof(feature));
	if (feature < 256)
		damon_perf_head_feature(&p->head, (unsigned int)feature, body + 8, len - 8);
}

static int user_aux_info(const uint8_t *body, size_t len, struct damon_perf_item *out)
{
	if (len < 8)
		return -EBADMSG;
	*out = (struct damon_perf_item){.type = DAMON_PERF_AUX_INFO};
	memcpy(&out->aux_info.kind, body, sizeof(out->aux_info.kind));
	out->aux_info.priv = (const uint64_t *)(body + 8);
	out->aux_info.nr_priv = (len - 8) / 8;
	return 1;
}

/* The payload follows the record. */
static int user_aux(struct damon_perf_file *p, const uint8_t *body, size_t len)
{
	uint64_t w[5];
	uint32_t words[4];

	if (len < sizeof(w))
		return -EBADMSG;
	memcpy(w, body, sizeof(w));
	memcpy(words, &w[3], sizeof(words));
	p->from->aux = (struct damon_perf_item){.type = DAMON_PERF_AUX_DATA};
	p->from->aux.aux.offset = w[1];
	p->from->aux.aux.reference = w[2];
	p->from->aux.aux.idx = words[0];
	p->from->aux.aux.tid = (int)words[1];
	p->from->aux.aux.cpu = (int)words[2];
	p->from->aux_left = w[0];
	return 0;
}

/* The payload of 'size' bytes that follows, from malloc; NULL: there is less, or no memory. */
static uint8_t *take_payload(struct damon_bytes *in, size_t size)
{
	_cleanup_(freep) uint8_t *all = NULL;
	size_t at = 0, cap = 0, n;

	while (at < size) {
		const uint8_t *some = damon_bytes_some(in, size - at, &n);

		if (!n || vec_reserve(&all, &cap, at + n, 1))
			return NULL;
		memcpy(all + at, some, n);
		damon_bytes_skip(in, n);
		at += n;
	}
	return steal(&all);
}

/* Formats that are larger than any are left out. */
static int user_tracing(struct damon_perf_file *p, const uint8_t *body, size_t len)
{
	uint8_t *formats;
	uint32_t size;

	if (len < sizeof(size))
		return -EBADMSG;
	memcpy(&size, body, sizeof(size));
	if (size > DAMON_PERF_FEATURE_MAX)
		return damon_bytes_skip(&p->from->in, size) ? 0
							    : damon_perf_stream_end(p->from, true);
	formats = take_payload(&p->from->in, size);
	if (!formats)
		return size ? damon_perf_stream_end(p->from, true) : 0;
	damon_perf_head_tracing(&p->head, formats, size);
	return 0;
}

static int user_record(struct damon_perf_file *p, const struct perf_event_header *h,
		       struct damon_perf_item *out)
{
	const uint8_t *body = (const uint8_t *)(h + 1);
	size_t len = h->size - sizeof(*h);

	switch (h->type) {
	case USER_ATTR:
		return user_attr(p, body, len);
	case USER_BUILD_ID:
		damon_file_build_ids_add(&p->head.build_ids, (const uint8_t *)h, h->size);
		return 0;
	case USER_EVENT_UPDATE:
		user_update(p, body, len);
		return 0;
	case USER_TRACING_DATA:
		return user_tracing(p, body, len);
	case USER_TIME_CONV:
		user_time_conv(p, body, len);
		return 0;
	case USER_FEATURE:
		user_feature(p, body, len);
		return 0;
	case USER_FINISHED_ROUND:
		if (p->nr_parts) /* of one of the files */
			return 0;
		*out = (struct damon_perf_item){.type = DAMON_PERF_ROUND};
		return 1;
	case USER_AUXTRACE_INFO:
		return user_aux_info(body, len, out);
	case USER_AUXTRACE:
		return user_aux(p, body, len);
	default:
		p->stats.skipped++;
		return 0;
	}
}

/* ---- records of the kernel ---- */

/*
 * Rings tell what they lost when there is room again (LOST). Since 6.1 perf asks each event for the
 * same in the end, and writes that as LOST_SAMPLES without a time: only what is beyond counts.
 * Those with a time are of PMUs that lost samples before the ring, and come on top.
 */
static void count_lost(struct damon_perf_file *p, const struct perf_event_header *h,
		       const struct perf_event_attr *a, struct damon_perf_record *r)
{
	uint64_t now, before = MAX(p->ring_lost, p->ring_lost_asked);

	if (r->type == PERF_RECORD_LOST) {
		p->ring_lost += r->lost;
	} else if (h->misc & LOST_BY_FILTER) {
		r->lost = 0;
		p->stats.skipped++;
	} else if (a->read_format & DAMON_PERF_FORMAT_LOST && !r->time_ns) {
		p->ring_lost_asked += r->lost;
	} else {
		p->stats.lost += r->lost;
		return;
	}
	now = MAX(p->ring_lost, p->ring_lost_asked);
	r->lost = now - MIN(before, now); /* of damaged files the sum may be beyond all numbers */
	p->stats.lost += r->lost;
}

static void count(struct damon_perf_file *p, const struct damon_perf_record *r)
{
	if (r->type == PERF_RECORD_SAMPLE)
		p->stats.samples++;
	else if (r->type == PERF_RECORD_THROTTLE)
		p->stats.throttled++;
}

static int kernel_record(struct damon_perf_file *p, const struct perf_event_header *h,
			 struct damon_perf_item *out)
{
	int event = event_of(p, h);

	if (event < 0) {
		p->stats.no_event++;
		return 0;
	}
	out->type = DAMON_PERF_RECORD;
	if (damon_perf_parse(h, &p->head.events[event].attr, &out->record)) {
		p->stats.malformed++;
		return 0;
	}
	if (h->type == PERF_RECORD_SAMPLE)
		out->record.sample.event = (uint32_t)event;
	if (h->type == PERF_RECORD_LOST || h->type == PERF_RECORD_LOST_SAMPLES)
		count_lost(p, h, &p->head.events[event].attr, &out->record);
	count(p, &out->record);
	return 1;
}

/* ---- one after another ---- */

/* Of a hardware trace that is delivered in pieces. */
static int next_aux(struct damon_perf_stream *s, struct damon_perf_item *out)
{
	uint64_t left = MIN(s->aux_left, damon_perf_stream_left(s));
	size_t n;
	const uint8_t *bytes =
		damon_bytes_some(&s->in, (size_t)MIN(left, (uint64_t)DAMON_BYTES_MAX), &n);

	if (!n)
		return damon_perf_stream_end(s, true);
	*out = s->aux;
	out->aux.bytes = bytes;
	out->aux.len = n;
	s->aux.aux.offset += n;
	s->aux_left -= n;
	out->aux.is_last = !s->aux_left;
	damon_bytes_skip(&s->in, n);
	return 1;
}

/*
 * The file to be read on: the first one until it ends, then of its parts the one that is the
 * furthest behind, until it has overtaken the next one. NULL: all have ended.
 */
static struct damon_perf_stream *next_stream(struct damon_perf_file *p)
{
	struct damon_perf_stream *s = p->from;

	if (!s->ended && (s == &p->main || s->newest_ns <= p->until_ns))
		return s;
	s = NULL;
	p->until_ns = UINT64_MAX;
	for (size_t i = 0; i < p->nr_parts; i++) {
		struct damon_perf_stream *other = &p->part[i];

		if (other->ended)
			continue;
		if (s)
			p->until_ns = MIN(p->until_ns, MAX(s->newest_ns, other->newest_ns));
		if (!s || other->newest_ns < s->newest_ns)
			s = other;
	}
	return s;
}

/* 1: an item; 0: go on; or -errno. */
static int step(struct damon_perf_file *p, struct damon_perf_stream *s, struct damon_perf_item *out)
{
	const struct perf_event_header *h;
	int got;

	if (s->aux_left)
		return next_aux(s, out);
	got = damon_perf_stream_next(s, &p->copy, &h);
	if (got <= 0)
		return got;
	p->stats.records++;
	if (h->type >= USER_TYPES)
		return user_record(p, h, out);
	got = kernel_record(p, h, out);
	if (got > 0)
		s->newest_ns = MAX(s->newest_ns, out->record.time_ns);
	return got;
}

int damon_perf_file_next(struct damon_perf_file *p, struct damon_perf_item *out,
			 struct damon_fail *f)
{
	struct damon_perf_stream *s;

	while ((s = next_stream(p))) {
		uint64_t pos = s->in.pos;
		int got;

		p->from = s;
		got = step(p, s, out);
		p->head.info.bytes_read += s->in.pos - pos;
		p->stats.truncated |= s->cut;
		if (s->in.err)
			return damon_fail(f, -s->in.err, "cannot read the recording: %s",
					  strerror(-s->in.err));
		if (got == -ENOMEM)
			return damon_fail(f, ENOMEM, "out of memory");
		if (got > 0)
			return 1;
		p->stats.malformed += got < 0;
	}
	return 0;
}
