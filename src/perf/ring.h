/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reading side of one mapped ring of perf events: perf_event_open(2), 'MMAP layout'.
 *
 *	damon_ring_begin()	sees how far the kernel has written
 *	damon_ring_next()	the records up to there, one after another
 *	damon_ring_commit()	gives the room of what was read back to the kernel
 */
#ifndef PERF_RING_H
#define PERF_RING_H

#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>

struct damon_ring {
	struct perf_event_mmap_page *page;
	const uint8_t *data;
	uint64_t size;	    /* bytes of 'data', a power of two */
	uint64_t pos, head; /* read up to here; written up to here when damon_ring_begin() looked */
	uint64_t freed;	    /* given back up to here */
	uint64_t malformed; /* times that the rest up to 'head' had to be dropped */
	uint64_t bounce[(1 << 16) / 8]; /* the latest record that wrapped around the end */
};

/*
 * Takes a mapping of 'len' bytes that begins with the control page; a data area that the page tells
 * is used if it lies in the mapping. Returns 0, or -EINVAL if the data would not be a power of two.
 */
int damon_ring_init(struct damon_ring *r, void *mapping, size_t len);

void damon_ring_begin(struct damon_ring *r);

/*
 * The next record, 8-byte aligned, or NULL at the head. It is valid until it is given back. A size
 * that cannot be true costs everything up to the head.
 */
const struct perf_event_header *damon_ring_next(struct damon_ring *r);

/* Gives back all records before 'pos', which is at most r->pos. */
void damon_ring_commit(struct damon_ring *r, uint64_t pos);

#endif
