/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds a perf.data of the form that perf writes to pipes, and tracing data for it. */
#ifndef KIT_PIPE_BUILD_H
#define KIT_PIPE_BUILD_H

#include "base/util.h"
#include "tests/kit/perf_build.h"

struct pipe_build {
	uint8_t *bytes;
	size_t len, cap;
	struct perf_build rec; /* for pipe_add(perf_build_end(&rec)) */
};

void pipe_start(struct pipe_build *p);
void pipe_release(struct pipe_build *p);
void pipe_add(struct pipe_build *p, const struct perf_event_header *h);
void pipe_event(struct pipe_build *p, const struct perf_event_attr *a, uint64_t id);
void pipe_tracing(struct pipe_build *p, const void *bytes, size_t len);

/* Tracing data with one system "damon" and one event of that format. Returns its length; 'out' has
 * room for 'cap' bytes. */
size_t pipe_make_tracing(uint8_t *out, size_t cap, const char *format);

/* Formats of damon_aggregated with and without an age, and bytes of their raw data. */
extern const char kdamon_format[], kdamon_old_format[];
enum { KDAMON_ID = 77, KDAMON_RAW = 48 };
struct kdamon_region {
	uint64_t target, start, end;
	uint32_t nr_regions, nr_accesses, age;
};
void kdamon_raw(uint8_t raw[KDAMON_RAW], const struct kdamon_region *r);

/* An event damon:damon_aggregated, its tracing data, and records of it. */
void pipe_kdamon(struct pipe_build *p, const char *format);
void pipe_kdamon_region(struct pipe_build *p, int tid, uint64_t time_ns,
			const struct kdamon_region *r);

/* A path under which the bytes can be opened until the next call. */
const char *pipe_path(const struct pipe_build *p);

#endif
