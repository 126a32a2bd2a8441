/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kit/pipe_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ATTR = 64, TRACING = 66 };

#define COMMON                                                                                     \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"             \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"                               \
	"\tfield:unsigned long target_id;\toffset:8;\tsize:8;\tsigned:0;\n"                        \
	"\tfield:unsigned int nr_regions;\toffset:16;\tsize:4;\tsigned:0;\n"                       \
	"\tfield:unsigned long start;\toffset:24;\tsize:8;\tsigned:0;\n"                           \
	"\tfield:unsigned long end;\toffset:32;\tsize:8;\tsigned:0;\n"                             \
	"\tfield:unsigned int nr_accesses;\toffset:40;\tsize:4;\tsigned:0;\n"
#define PRINT "\nprint fmt: \"target_id=%lu\", REC->target_id\n"

const char kdamon_old_format[] = "name: damon_aggregated\nID: 77\nformat:\n" COMMON PRINT;
const char kdamon_format[] = "name: damon_aggregated\nID: 77\nformat:\n" COMMON
			     "\tfield:unsigned int age;\toffset:44;\tsize:4;\tsigned:0;\n" PRINT;

static void append(struct pipe_build *p, const void *bytes, size_t n)
{
	if (vec_reserve(&p->bytes, &p->cap, p->len + n, 1))
		abort();
	memcpy(p->bytes + p->len, bytes, n);
	p->len += n;
}

void pipe_start(struct pipe_build *p)
{
	const uint64_t size = 16;

	memset(p, 0, sizeof(*p));
	append(p, "PERFILE2", 8);
	append(p, &size, sizeof(size));
}

void pipe_release(struct pipe_build *p)
{
	free(p->bytes);
}

void pipe_add(struct pipe_build *p, const struct perf_event_header *h)
{
	append(p, h, h->size);
}

void pipe_event(struct pipe_build *p, const struct perf_event_attr *a, uint64_t id)
{
	struct perf_event_attr copy = *a;

	copy.size = PERF_ATTR_SIZE_VER5;
	perf_build_start(&p->rec, ATTR, 0);
	perf_build_bytes(&p->rec, &copy, copy.size);
	perf_build_u64(&p->rec, id);
	pipe_add(p, perf_build_end(&p->rec));
}

void pipe_tracing(struct pipe_build *p, const void *bytes, size_t len)
{
	static const uint8_t zeros[8];

	perf_build_start(&p->rec, TRACING, 0);
	perf_build_u32(&p->rec, (uint32_t)((len + 7) & ~7ul));
	perf_build_u32(&p->rec, 0);
	pipe_add(p, perf_build_end(&p->rec));
	append(p, bytes, len);
	append(p, zeros, -len & 7);
}

static size_t put(uint8_t *out, size_t at, size_t cap, const void *bytes, size_t n)
{
	if (at + n > cap)
		abort();
	memcpy(out + at, bytes, n);
	return at + n;
}

size_t pipe_make_tracing(uint8_t *out, size_t cap, const char *format)
{
	static const uint8_t head[] = "\x17\x08\x44tracing0.6"; /* with its NUL */
	const uint32_t none = 0, one = 1, page = 4096;
	const uint64_t len = strlen(format), no_bytes = 0;
	size_t at = put(out, 0, cap, head, sizeof(head));

	at = put(out, at, cap, "\0\x08", 2);
	at = put(out, at, cap, &page, 4);
	at = put(out, at, cap, "header_page", 12);
	at = put(out, at, cap, &no_bytes, 8);
	at = put(out, at, cap, "header_event", 13);
	at = put(out, at, cap, &no_bytes, 8);
	at = put(out, at, cap, &none, 4);
	at = put(out, at, cap, &one, 4);
	at = put(out, at, cap, "damon", 6);
	at = put(out, at, cap, &one, 4);
	at = put(out, at, cap, &len, 8);
	return put(out, at, cap, format, len);
}

void kdamon_raw(uint8_t raw[KDAMON_RAW], const struct kdamon_region *r)
{
	const uint16_t type = KDAMON_ID;

	memset(raw, 0, KDAMON_RAW);
	memcpy(raw, &type, 2);
	memcpy(raw + 8, &r->target, 8);
	memcpy(raw + 16, &r->nr_regions, 4);
	memcpy(raw + 24, &r->start, 8);
	memcpy(raw + 32, &r->end, 8);
	memcpy(raw + 40, &r->nr_accesses, 4);
	memcpy(raw + 44, &r->age, 4);
}

void pipe_kdamon(struct pipe_build *p, const char *format)
{
	static const struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.config = KDAMON_ID,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
	};
	uint8_t tracing[4096];

	pipe_event(p, &attr, 1);
	pipe_tracing(p, tracing, pipe_make_tracing(tracing, sizeof(tracing), format));
}

void pipe_kdamon_region(struct pipe_build *p, int tid, uint64_t time_ns,
			const struct kdamon_region *r)
{
	uint8_t raw[KDAMON_RAW + 4] = {0};

	kdamon_raw(raw, r);
	perf_build_start(&p->rec, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_KERNEL);
	perf_build_u32(&p->rec, (uint32_t)tid);
	perf_build_u32(&p->rec, (uint32_t)tid);
	perf_build_u64(&p->rec, time_ns);
	perf_build_u32(&p->rec, sizeof(raw));
	perf_build_bytes(&p->rec, raw, sizeof(raw));
	pipe_add(p, perf_build_end(&p->rec));
}

const char *pipe_path(const struct pipe_build *p)
{
	static char path[64];
	static int fd = -1;

	if (fd >= 0)
		close(fd);
	fd = memfd_create("perf.data", MFD_CLOEXEC);
	if (fd < 0 || write(fd, p->bytes, p->len) != (ssize_t)p->len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}
