/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "perf/bytes.h"
#include "perf/file_head.h"
#include "perf/file_zstd.h"

/* Records that perf adds to the kernel's: enum perf_user_event_type, tools/lib/perf. */
enum user_type {
	USER_ATTR = 64,
	USER_TRACING_DATA = 66,
	USER_FINISHED_ROUND = 68,
	USER_AUXTRACE_INFO = 70,
	USER_AUXTRACE = 71,
	USER_EVENT_UPDATE = 78,
	USER_TIME_CONV = 79,
	USER_FEATURE = 80,
	USER_COMPRESSED = 81,
	USER_COMPRESSED2 = 83,
	USER_TYPES = 64, /* they begin here */
};
enum { EVENT_UPDATE_NAME = 2 };

/* PERF_RECORD_MISC_LOST_SAMPLES_BPF: dropped on demand. */
#define LOST_BY_FILTER (1 << 15)

struct damon_perf_file {
	struct damon_bytes in;
	struct damon_perf_head head;
	struct damon_unzip unzip;
	struct damon_perf_file_stats stats;
	uint64_t ring_lost, ring_lost_asked; /* as rings told, and as perf asked in the end */
	bool one_layout; /* the samples of all events have their id in the same place */
	uint32_t id_at;	 /* that place in 8-byte words, UINT32_MAX: they have none */
	size_t seen_events;
	uint64_t aux_left;	    /* of the trace payload at hand */
	struct damon_perf_item aux; /* its head */
	bool ended;
	const uint64_t *record;	      /* the one at hand, aligned */
	uint64_t copy[(1 << 16) / 8]; /* of one that is not where it is */
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
	return damon_bytes_open_fd(b, fd);
}

static int open_bytes(struct damon_perf_file *p, struct damon_fail *f)
{
	uint64_t header[2];
	const uint8_t *head = damon_bytes_peek(&p->in, sizeof(header));
	int err = 0;

	if (head && p->in.length == UINT64_MAX && damon_perf_file_is(head, sizeof(header))) {
		memcpy(header, head, sizeof(header));
		if (header[1] != sizeof(header))
			err = spool(&p->in);
	}
	if (err)
		return damon_fail(f, -err, "cannot copy the recording from the pipe: %s",
				  strerror(-err));
	return damon_perf_head_read(&p->head, &p->in, f);
}

/* Takes 'p' over. */
static int start(struct damon_perf_file *p, const char *path, struct damon_perf_file **out,
		 struct damon_fail *f)
{
	int err;

	p->head.path = path;
	err = open_bytes(p, f);
	p->head.path = NULL;

	if (err) {
		damon_perf_file_close(p);
		return err;
	}
	p->stats.truncated = p->head.cut;
	*out = p;
	return 0;
}

int damon_perf_file_open(const char *path, struct damon_perf_file **out, struct damon_fail *f)
{
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
			  : open(path, O_RDONLY | O_CLOEXEC);
	struct damon_perf_file *p;
	int err;

	if (fd < 0)
		return damon_fail(f, errno, "cannot open '%s': %s", path, strerror(errno));
	p = calloc(1, sizeof(*p));
	if (!p) {
		close(fd);
		return damon_fail(f, ENOMEM, "out of memory");
	}
	err = damon_bytes_open_fd(&p->in, fd);
	if (err) {
		free(p);
		return damon_fail(f, -err, "cannot read '%s': %s", path, strerror(-err));
	}
	return start(p, path, out, f);
}

int damon_perf_file_open_mem(const void *bytes, size_t len, struct damon_perf_file **out,
			     struct damon_fail *f)
{
	struct damon_perf_file *p = calloc(1, sizeof(*p));

	if (!p)
		return damon_fail(f, ENOMEM, "out of memory");
	damon_bytes_open_mem(&p->in, bytes, len);
	return start(p, "memory", out, f);
}

void damon_perf_file_close(struct damon_perf_file *p)
{
	if (!p)
		return;
	damon_bytes_close(&p->in);
	damon_unzip_release(&p->unzip);
	damon_perf_head_release(&p->head);
	free(p);
}

const struct damon_perf_event *damon_perf_file_events(const struct damon_perf_file *p, size_t *n)
{
	*n = p->head.nr_events;
	return p->head.events;
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
	p->aux = (struct damon_perf_item){.type = DAMON_PERF_AUX_DATA};
	p->aux.aux.offset = w[1];
	p->aux.aux.reference = w[2];
	p->aux.aux.idx = words[0];
	p->aux.aux.tid = (int)words[1];
	p->aux.aux.cpu = (int)words[2];
	p->aux_left = w[0];
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
	case USER_EVENT_UPDATE:
		user_update(p, body, len);
		return 0;
	case USER_TIME_CONV:
		user_time_conv(p, body, len);
		return 0;
	case USER_FEATURE:
		user_feature(p, body, len);
		return 0;
	case USER_FINISHED_ROUND:
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
	uint64_t of_rings = MAX(p->ring_lost, p->ring_lost_asked);

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
	r->lost = MAX(p->ring_lost, p->ring_lost_asked) - of_rings;
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

/* The end of what can be read, before its time: 1 if the file said there was more. */
static int end(struct damon_perf_file *p, bool cut)
{
	p->ended = true;
	p->stats.truncated |= cut;
	return 0;
}

/* Of a hardware trace that is delivered in pieces. */
static int next_aux(struct damon_perf_file *p, struct damon_perf_item *out)
{
	uint64_t room = p->head.data_end - MIN(p->in.pos, p->head.data_end);
	uint64_t left = MIN(p->aux_left, room);
	size_t n;
	const uint8_t *bytes =
		damon_bytes_some(&p->in, (size_t)MIN(left, (uint64_t)DAMON_BYTES_MAX), &n);

	if (!n)
		return end(p, true);
	*out = p->aux;
	out->aux.bytes = bytes;
	out->aux.len = n;
	p->aux.aux.offset += n;
	p->aux_left -= n;
	out->aux.is_last = !p->aux_left;
	damon_bytes_skip(&p->in, n);
	return 1;
}

/* Records are looked at where they lie, until the next one is asked for. */
static void set_record(struct damon_perf_file *p, const uint8_t *bytes, size_t len)
{
	p->record = (const uint64_t *)bytes;
	if ((uintptr_t)bytes % 8 == 0)
		return;
	memcpy(p->copy, bytes, len);
	p->record = p->copy;
}

/* Copies the record at the head of unpacked bytes: 1, or 0 if they have to be fed. */
static int next_unzipped(struct damon_perf_file *p)
{
	struct perf_event_header h;
	const uint8_t *bytes = damon_unzip_peek(&p->unzip, sizeof(h));

	if (!bytes)
		return 0;
	memcpy(&h, bytes, sizeof(h));
	if (h.size < sizeof(h) || h.type == USER_COMPRESSED || h.type == USER_COMPRESSED2 ||
	    h.type == USER_AUXTRACE || h.type == USER_TRACING_DATA) {
		p->unzip.broken = true; /* nothing that perf compresses */
		return 0;
	}
	bytes = damon_unzip_peek(&p->unzip, h.size);
	if (!bytes)
		return 0;
	set_record(p, bytes, h.size);
	damon_unzip_skip(&p->unzip, h.size);
	return 1;
}

static int take_compressed(struct damon_perf_file *p, const uint8_t *bytes,
			   const struct perf_event_header *h)
{
	size_t head = sizeof(*h) + (h->type == USER_COMPRESSED2 ? 8 : 0);
	uint64_t len = h->size - MIN(head, (size_t)h->size);

	if (h->type == USER_COMPRESSED2 && h->size >= head) {
		memcpy(&len, bytes + sizeof(*h), sizeof(len));
		if (len > h->size - head)
			return -EBADMSG;
	}
	if (p->unzip.broken) {
		p->stats.malformed++;
		return 0;
	}
	return damon_unzip_feed(&p->unzip, bytes + head, (size_t)len);
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
static int take_tracing(struct damon_perf_file *p, const uint8_t *body, size_t len)
{
	uint8_t *formats;
	uint32_t size;

	if (len < sizeof(size))
		return -EBADMSG;
	memcpy(&size, body, sizeof(size));
	if (size > DAMON_PERF_FEATURE_MAX)
		return damon_bytes_skip(&p->in, size) ? 0 : end(p, true);
	formats = take_payload(&p->in, size);
	if (!formats)
		return size ? end(p, true) : 0;
	damon_perf_head_tracing(&p->head, formats, size);
	return 0;
}

/* The next record of the file itself into p->record: 1; 0: it was dealt with, or it is the end. */
static int next_raw(struct damon_perf_file *p)
{
	struct perf_event_header h;
	uint64_t room = p->head.data_end - MIN(p->in.pos, p->head.data_end);
	const uint8_t *bytes = room >= sizeof(h) ? damon_bytes_peek(&p->in, sizeof(h)) : NULL;
	size_t rest;

	if (!bytes) {
		damon_bytes_some(&p->in, 1, &rest);
		return end(p, damon_unzip_left(&p->unzip) || (room && rest) ||
				      (room && p->head.data_end != UINT64_MAX));
	}
	memcpy(&h, bytes, sizeof(h));
	bytes = h.size >= sizeof(h) && h.size <= room ? damon_bytes_peek(&p->in, h.size) : NULL;
	if (!bytes)
		return end(p, true);
	damon_bytes_skip(&p->in, h.size);
	if (h.type == USER_COMPRESSED || h.type == USER_COMPRESSED2)
		return take_compressed(p, bytes, &h);
	set_record(p, bytes, h.size);
	if (h.type == USER_TRACING_DATA)
		return take_tracing(p, bytes + sizeof(h), h.size - sizeof(h));
	return 1;
}

static int next_record(struct damon_perf_file *p)
{
	bool was_broken = p->unzip.broken;
	int got = next_unzipped(p);

	if (!was_broken && p->unzip.broken)
		p->stats.malformed++;
	return got ? got : next_raw(p);
}

/* 1: an item; 0: go on; or -errno. */
static int step(struct damon_perf_file *p, struct damon_perf_item *out)
{
	const struct perf_event_header *h;
	int got;

	if (p->aux_left)
		return next_aux(p, out);
	got = next_record(p);
	if (got <= 0)
		return got;
	h = (const struct perf_event_header *)p->record;
	p->stats.records++;
	return h->type >= USER_TYPES ? user_record(p, h, out) : kernel_record(p, h, out);
}

int damon_perf_file_next(struct damon_perf_file *p, struct damon_perf_item *out,
			 struct damon_fail *f)
{
	while (!p->ended) {
		int got = step(p, out);

		p->head.info.bytes_read = p->in.pos;
		if (p->in.err)
			return damon_fail(f, -p->in.err, "cannot read the recording: %s",
					  strerror(-p->in.err));
		if (got == -ENOMEM)
			return damon_fail(f, ENOMEM, "out of memory");
		if (got > 0)
			return 1;
		p->stats.malformed += got < 0;
	}
	return 0;
}
