/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tracing data of a perf.data: the formats of tracepoints as the kernel that was recorded had
 * them. The container: tools/perf/util/trace-event-read.c; a format is the text of
 * /sys/kernel/tracing/events/SYSTEM/EVENT/format.
 */
#ifndef PERF_TRACING_H
#define PERF_TRACING_H

#include <stddef.h>
#include <stdint.h>

/* A field of a tracepoint's raw data. */
struct damon_trace_field {
	uint32_t offset, size; /* bytes; size 0: the format has no such field */
};

/* A tracepoint as some machine knows it. */
struct damon_trace_event {
	uint64_t id; /* config of its events */
	const char *system, *name;
	const char *const *fields; /* names, [0, nr_fields) */
	size_t nr_fields;
	struct damon_trace_field *found; /* filled: [0, nr_fields) */
};

/*
 * Looks for e->system and e->name in tracing data: fills 'id' and 'found'. Returns 1, 0 if it is
 * not there, -EBADMSG if the data or the format is damaged, -ENOTSUP for those of machines of the
 * other byte order or of 32 bits, or -ENOMEM.
 */
int damon_tracing_find(const uint8_t *data, size_t len, struct damon_trace_event *e);

/* A field of 'raw' as a number; 0 where it lies outside, or there is none. */
uint64_t damon_trace_number(const uint8_t *raw, uint32_t raw_len,
			    const struct damon_trace_field *f);

#endif
