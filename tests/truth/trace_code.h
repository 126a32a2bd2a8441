/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a trace: what its reader and its writer share. A file is a head and blocks, each of
 * them complete in itself; all numbers are little endian. A run is
 *	head byte	bits 0-3: the page's place among the last pages, or TRACE_FAR
 *			bits 4-6: count, or 0 if it is above 7
 *			bit 7: there are stores
 *	if far		varint: zigzag of the page minus the last page
 *	if count is 0	varint: count - 8
 *	if stores	and count > 1: varint: stores - 1
 */
#ifndef TRUTH_TRACE_CODE_H
#define TRUTH_TRACE_CODE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define TRACE_MAGIC   "\x89TRACE\r\n"
#define TRACE_VERSION 1

#define TRACE_FAR     15	 /* as many pages are remembered */
#define TRACE_BLOCK   (1u << 20) /* bytes of a block, uncompressed, at most */
#define TRACE_RUN_MAX (1 + 30)	 /* bytes of the longest run: three varints */

struct trace_head {
	char magic[8];
	uint32_t version;
	uint32_t page_shift;
	uint64_t accesses, stores, instructions, runs;
	uint64_t finished; /* 1 */
	uint64_t zero;
};

struct trace_block {
	uint32_t raw_bytes;
	uint32_t stored_bytes; /* less than raw_bytes: compressed by zstd */
	uint64_t accesses, instructions, runs;
};

_Static_assert(sizeof(struct trace_head) == 64 && sizeof(struct trace_block) == 32,
	       "as docs have them");
_Static_assert(__BYTE_ORDER == __LITTLE_ENDIAN, "structures are written as they are");

/* The last pages, latest first. Page 0 stands for none. */
struct trace_recent {
	uint64_t page[TRACE_FAR];
};

/* Makes page[at] the first; TRACE_FAR: takes a new one in. */
static inline void trace_recent_use(struct trace_recent *r, unsigned int at, uint64_t page)
{
	for (unsigned int i = at < TRACE_FAR ? at : TRACE_FAR - 1; i > 0; i--)
		r->page[i] = r->page[i - 1];
	r->page[0] = page;
}

static inline unsigned int trace_recent_find(const struct trace_recent *r, uint64_t page)
{
	unsigned int i = 0;

	while (i < TRACE_FAR && r->page[i] != page)
		i++;
	return i;
}

#endif
