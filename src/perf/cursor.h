/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes from outside, read from their start on. Reading past the end makes a cursor 'bad' for good
 * and yields zeros, so that a parser may read on and ask once, at its end.
 */
#ifndef PERF_CURSOR_H
#define PERF_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

/* The next 'n' bytes, NULL if there are fewer. */
static inline const void *take(struct cursor *c, uint64_t n)
{
	const uint8_t *p = c->p;

	if (c->bad || n > (uint64_t)(c->end - c->p)) {
		c->bad = true;
		return NULL;
	}
	c->p += n;
	return p;
}

static inline uint64_t take_u64(struct cursor *c)
{
	const void *p = take(c, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, 8);
	return v;
}

static inline uint32_t take_u32(struct cursor *c)
{
	const void *p = take(c, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, 4);
	return v;
}

#endif
