/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/trace_area.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"

int damon_trace_area_map(struct damon_trace_area *a, const struct damon_sys *sys, int fd,
			 void *ring, size_t ring_len, size_t size)
{
	struct perf_event_mmap_page *page = ring;
	size_t room = 2 * (size_t)sysconf(_SC_PAGESIZE);
	void *p;

	while (room < size && room < SIZE_MAX / 4)
		room *= 2;
	page->aux_offset = ring_len;
	page->aux_size = room;
	p = sys->mmap(sys, room, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)ring_len);
	if (!p)
		return -errno;
	*a = (struct damon_trace_area){.page = page, .bytes = p, .size = room};
	return 0;
}

void damon_trace_area_unmap(struct damon_trace_area *a, const struct damon_sys *sys)
{
	if (a->bytes)
		sys->munmap(sys, a->bytes, a->size);
	*a = (struct damon_trace_area){.bytes = NULL};
}

bool damon_trace_area_has(const struct damon_trace_area *a, uint64_t offset, uint64_t len)
{
	uint64_t tail = a->page->aux_tail; /* only we write it */

	return offset >= tail && len <= a->size && offset - tail <= a->size - len;
}

const uint8_t *damon_trace_area_at(const struct damon_trace_area *a, uint64_t offset, uint64_t len,
				   size_t *n)
{
	size_t at = (size_t)(offset & (a->size - 1));

	*n = (size_t)MIN(len, (uint64_t)(a->size - at));
	return a->bytes + at;
}

/* What lies between 'tail' and where the kernel is. SPE pads what is left of less than a page. */
static bool is_full_from(const struct damon_trace_area *a, uint64_t tail)
{
	uint64_t used = __atomic_load_n(&a->page->aux_head, __ATOMIC_ACQUIRE) - tail;

	return used > a->size - (size_t)sysconf(_SC_PAGESIZE);
}

bool damon_trace_area_is_full(const struct damon_trace_area *a)
{
	return is_full_from(a, a->page->aux_tail);
}

/* The kernel writes its head and then looks at our tail: the other way round here, so that one of
 * both sees what the other did. */
bool damon_trace_area_free(struct damon_trace_area *a, uint64_t offset)
{
	uint64_t tail = a->page->aux_tail;

	__atomic_store_n(&a->page->aux_tail, offset, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return is_full_from(a, tail);
}

void damon_trace_area_skip(struct damon_trace_area *a)
{
	damon_trace_area_free(a, __atomic_load_n(&a->page->aux_head, __ATOMIC_ACQUIRE));
}
