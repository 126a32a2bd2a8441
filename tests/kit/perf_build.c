/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/kit/perf_build.h"

void perf_build_start(struct perf_build *b, uint32_t type, uint16_t misc)
{
	struct perf_event_header h = {.type = type, .misc = misc};

	b->len = 0;
	perf_build_bytes(b, &h, sizeof(h));
}

void perf_build_bytes(struct perf_build *b, const void *p, size_t n)
{
	cr_assert_leq(b->len + n, sizeof(b->words), "a record of the test is too long");
	memcpy((uint8_t *)b->words + b->len, p, n);
	b->len += n;
}

void perf_build_u32(struct perf_build *b, uint32_t v)
{
	perf_build_bytes(b, &v, sizeof(v));
}

void perf_build_u64(struct perf_build *b, uint64_t v)
{
	perf_build_bytes(b, &v, sizeof(v));
}

void perf_build_string(struct perf_build *b, const char *s)
{
	static const uint8_t zeros[8];

	perf_build_bytes(b, s, strlen(s) + 1);
	perf_build_bytes(b, zeros, -b->len & 7);
}

const struct perf_event_header *perf_build_end(struct perf_build *b)
{
	struct perf_event_header *h = (struct perf_event_header *)b->words;

	h->size = (uint16_t)b->len;
	return h;
}

static const struct perf_event_header *finish(struct perf_build *b, uint64_t id, int tid,
					      uint64_t time)
{
	perf_build_u32(b, (uint32_t)tid);
	perf_build_u32(b, (uint32_t)tid);
	perf_build_u64(b, time);
	if (id)
		perf_build_u64(b, id);
	return perf_build_end(b);
}

const struct perf_event_header *perf_build_sample(struct perf_build *b, uint64_t id, int tid,
						  uint64_t time)
{
	perf_build_start(b, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER);
	if (id)
		perf_build_u64(b, id);
	return finish(b, 0, tid, time);
}

const struct perf_event_header *perf_build_fork(struct perf_build *b, uint64_t id, int pid, int tid,
						uint64_t time)
{
	perf_build_start(b, PERF_RECORD_FORK, 0);
	perf_build_u32(b, (uint32_t)pid);
	perf_build_u32(b, (uint32_t)pid);
	perf_build_u32(b, (uint32_t)tid);
	perf_build_u32(b, (uint32_t)pid);
	perf_build_u64(b, time);
	return finish(b, id, pid, time);
}

const struct perf_event_header *perf_build_lost(struct perf_build *b, uint64_t id, uint64_t lost,
						uint64_t time)
{
	perf_build_start(b, PERF_RECORD_LOST, 0);
	perf_build_u64(b, id);
	perf_build_u64(b, lost);
	return finish(b, id, 1, time);
}
