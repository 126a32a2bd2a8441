/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/file_stream.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"

int damon_perf_stream_end(struct damon_perf_stream *s, bool cut)
{
	s->ended = true;
	s->cut |= cut;
	return 0;
}

uint64_t damon_perf_stream_left(const struct damon_perf_stream *s)
{
	return s->data_end - MIN(s->in.pos, s->data_end);
}

void damon_perf_stream_release(struct damon_perf_stream *s)
{
	damon_bytes_close(&s->in);
	damon_unzip_release(&s->unzip);
}

static const struct perf_event_header *aligned(const uint8_t *bytes, size_t len,
					       struct damon_perf_copy *copy)
{
	if ((uintptr_t)bytes % 8 == 0)
		return (const struct perf_event_header *)bytes;
	memcpy(copy->words, bytes, len);
	return (const struct perf_event_header *)copy->words;
}

/* What perf never compresses: it brings a payload, or is compressed itself. */
static bool is_outer(uint32_t type)
{
	return type == USER_COMPRESSED || type == USER_COMPRESSED2 || type == USER_AUXTRACE ||
	       type == USER_TRACING_DATA;
}

/* The record at the head of unpacked bytes: 1, or 0 if they have to be fed. */
static int next_unzipped(struct damon_perf_stream *s, struct damon_perf_copy *copy,
			 const struct perf_event_header **out)
{
	struct perf_event_header h;
	const uint8_t *bytes = s->unzip.stream ? damon_unzip_peek(&s->unzip, sizeof(h)) : NULL;

	if (!bytes)
		return 0;
	memcpy(&h, bytes, sizeof(h));
	if (h.size < sizeof(h) || is_outer(h.type)) {
		s->unzip.broken = true;
		return 0;
	}
	bytes = damon_unzip_peek(&s->unzip, h.size);
	if (!bytes)
		return 0;
	*out = aligned(bytes, h.size, copy);
	damon_unzip_skip(&s->unzip, h.size);
	return 1;
}

static int take_compressed(struct damon_perf_stream *s, const uint8_t *bytes,
			   const struct perf_event_header *h)
{
	size_t head = sizeof(*h) + (h->type == USER_COMPRESSED2 ? 8 : 0);
	uint64_t len = h->size - MIN(head, (size_t)h->size);

	if (h->type == USER_COMPRESSED2 && h->size >= head) {
		memcpy(&len, bytes + sizeof(*h), sizeof(len));
		if (len > h->size - head)
			return -EBADMSG;
	}
	if (s->unzip.broken)
		return -EBADMSG;
	return damon_unzip_feed(&s->unzip, bytes + head, (size_t)len);
}

/* The header of the next record of the file itself. False: there is none. */
static bool next_header(struct damon_perf_stream *s, struct perf_event_header *h)
{
	uint64_t left = damon_perf_stream_left(s);
	const uint8_t *bytes = left >= sizeof(*h) ? damon_bytes_peek(&s->in, sizeof(*h)) : NULL;
	bool has_end = s->data_end != UINT64_MAX;
	size_t n;

	if (bytes) {
		memcpy(h, bytes, sizeof(*h));
		return true;
	}
	damon_bytes_some(&s->in, (size_t)MIN(left, sizeof(*h)), &n);
	damon_perf_stream_end(s, n || damon_unzip_left(&s->unzip) || (has_end && left));
	return false;
}

/* The next record of the file itself: 1; 0: it was dealt with, or it is the end. */
static int next_raw(struct damon_perf_stream *s, struct damon_perf_copy *copy,
		    const struct perf_event_header **out)
{
	struct perf_event_header h;
	const uint8_t *bytes = NULL;

	if (!next_header(s, &h))
		return 0;
	if (h.size >= sizeof(h) && h.size <= damon_perf_stream_left(s))
		bytes = damon_bytes_peek(&s->in, h.size);
	if (!bytes)
		return damon_perf_stream_end(s, true);
	damon_bytes_skip(&s->in, h.size);
	if (h.type == USER_COMPRESSED || h.type == USER_COMPRESSED2)
		return take_compressed(s, bytes, &h);
	*out = aligned(bytes, h.size, copy);
	return 1;
}

int damon_perf_stream_next(struct damon_perf_stream *s, struct damon_perf_copy *copy,
			   const struct perf_event_header **out)
{
	bool was_broken = s->unzip.broken;
	int got = next_unzipped(s, copy, out);

	if (got)
		return got;
	if (!was_broken && s->unzip.broken)
		return -EBADMSG;
	return next_raw(s, copy, out);
}
