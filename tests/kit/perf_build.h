/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds PERF_RECORD_* byte by byte: start, fields in their order, end. */
#ifndef KIT_PERF_BUILD_H
#define KIT_PERF_BUILD_H

#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>

struct perf_build {
	uint64_t words[(1 << 16) / 8];
	size_t len;
};

void perf_build_start(struct perf_build *b, uint32_t type, uint16_t misc);
void perf_build_u32(struct perf_build *b, uint32_t v);
void perf_build_u64(struct perf_build *b, uint64_t v);
void perf_build_bytes(struct perf_build *b, const void *p, size_t n);
void perf_build_string(struct perf_build *b, const char *s); /* with NUL, padded to 8 bytes */
/* Sets the size. The record is valid until the next start. */
const struct perf_event_header *perf_build_end(struct perf_build *b);

/* Whole records, with the trailer of sample_type TID | TIME (as 'tid', 'time') and, if 'id' is not
 * 0, IDENTIFIER. */
const struct perf_event_header *perf_build_sample(struct perf_build *b, uint64_t id, int tid,
						  uint64_t time);
const struct perf_event_header *perf_build_fork(struct perf_build *b, uint64_t id, int pid, int tid,
						uint64_t time);
const struct perf_event_header *perf_build_lost(struct perf_build *b, uint64_t id, uint64_t lost,
						uint64_t time);

#endif
