/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The buffer that hardware writes a trace into (AUX area: perf_event_open(2), 'MMAP layout'). It
 * belongs to a mapped ring, in which PERF_RECORD_AUX tells what was written.
 */
#ifndef PERF_TRACE_AREA_H
#define PERF_TRACE_AREA_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/sys.h"

struct damon_trace_area {
	struct perf_event_mmap_page *page; /* of the ring */
	uint8_t *bytes;			   /* NULL: there is none */
	size_t size;			   /* a power of two */
};

/* Maps an area of 'size' bytes (rounded up to a power of two) behind the ring of event 'fd', whose
 * mapping is 'ring' of 'ring_len' bytes. Returns 0 or -errno. */
int damon_trace_area_map(struct damon_trace_area *a, const struct damon_sys *sys, int fd,
			 void *ring, size_t ring_len, size_t size);
void damon_trace_area_unmap(struct damon_trace_area *a, const struct damon_sys *sys);

/* May 'len' bytes lie at 'offset': no more than there is room for, nothing that was given back? */
bool damon_trace_area_has(const struct damon_trace_area *a, uint64_t offset, uint64_t len);

/* What lies at 'offset', which counts on beyond the area's end: fills '*n' with how many of the
 * 'len' bytes follow each other there; the rest is at 'offset + *n'. */
const uint8_t *damon_trace_area_at(const struct damon_trace_area *a, uint64_t offset, uint64_t len,
				   size_t *n);

/* Is there less room than the kernel needs? Then it has disabled what wanted to write here
 * (perf_aux_output_begin() in kernel/events/ring_buffer.c). */
bool damon_trace_area_is_full(const struct damon_trace_area *a);

/* Gives everything before 'offset' back to the kernel. Returns whether it may have found no room
 * until then. */
bool damon_trace_area_free(struct damon_trace_area *a, uint64_t offset);
/* Gives all back that was written so far. */
void damon_trace_area_skip(struct damon_trace_area *a);

#endif
