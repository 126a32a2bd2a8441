/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "perf/ring.h"

int damon_ring_init(struct damon_ring *r, void *mapping, size_t len)
{
	struct perf_event_mmap_page *page = mapping;
	uint64_t offset = page->data_offset, size = page->data_size;

	if (!offset) { /* before Linux 4.1 the data follow the first page */
		offset = (uint64_t)sysconf(_SC_PAGESIZE);
		size = len > offset ? len - offset : 0;
	}
	if (offset > len || size > len - offset || !size || size & (size - 1))
		return -EINVAL;
	r->page = page;
	r->data = (const uint8_t *)mapping + offset;
	r->size = size;
	r->pos = r->head = r->freed = page->data_tail;
	r->malformed = 0;
	return 0;
}

void damon_ring_begin(struct damon_ring *r)
{
	r->head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	if (r->head - r->freed <= r->size && r->head - r->pos <= r->size)
		return;
	r->malformed++; /* no kernel writes more than it was given room for */
	r->pos = r->head;
}

static const struct perf_event_header *malformed(struct damon_ring *r)
{
	r->malformed++;
	r->pos = r->head;
	return NULL;
}

const struct perf_event_header *damon_ring_next(struct damon_ring *r)
{
	uint64_t at = r->pos & (r->size - 1), left = r->head - r->pos, first;
	struct perf_event_header h;

	if (!left)
		return NULL;
	if (left < sizeof(h) || r->pos & 7)
		return malformed(r);
	memcpy(&h, r->data + at, sizeof(h)); /* 8 bytes at a multiple of 8 never wrap */
	if (h.size < sizeof(h) || h.size & 7 || h.size > left)
		return malformed(r);
	r->pos += h.size;
	if (at + h.size <= r->size)
		return (const struct perf_event_header *)(r->data + at);
	first = r->size - at;
	memcpy(r->bounce, r->data + at, first);
	memcpy((uint8_t *)r->bounce + first, r->data, h.size - first);
	return (const struct perf_event_header *)r->bounce;
}

void damon_ring_commit(struct damon_ring *r, uint64_t pos)
{
	r->freed = pos;
	__atomic_store_n(&r->page->data_tail, pos, __ATOMIC_RELEASE);
}
