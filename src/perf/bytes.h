/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes of a file, a pipe or memory, looked at in order through a buffer that does not grow with
 * what the bytes claim.
 */
#ifndef PERF_BYTES_H
#define PERF_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAMON_BYTES_MAX (256u << 10) /* that may be asked for at once */

struct damon_bytes {
	int fd;		    /* -1: memory */
	const uint8_t *mem; /* NULL: of 'fd' */
	uint8_t *buf;
	size_t cap;	      /* of 'buf' */
	size_t at, len;	      /* what is buffered: buf[at, len) */
	uint64_t pos, length; /* where buf[at] lies; of all, UINT64_MAX: a pipe */
	int err;	      /* of a read that failed */
};

/* Takes 'fd' over, also when it fails. 'cap' bytes may be asked for at once, at most
 * DAMON_BYTES_MAX. Returns 0 or -errno. */
int damon_bytes_open_fd(struct damon_bytes *b, int fd, size_t cap);
void damon_bytes_open_mem(struct damon_bytes *b, const void *bytes, size_t len);
void damon_bytes_close(struct damon_bytes *b);

/*
 * The next 'n' bytes, at most 'cap' of them, valid until the next call but damon_bytes_skip().
 * NULL: there are fewer, or reading failed ('err').
 */
const uint8_t *damon_bytes_peek_slow(struct damon_bytes *b, size_t n);
static inline const uint8_t *damon_bytes_peek(struct damon_bytes *b, size_t n)
{
	if (n > b->len - b->at)
		return damon_bytes_peek_slow(b, n);
	return (b->mem ? b->mem : b->buf) + b->at;
}
/* The same, but fewer are fine: '*n' is set to what there is, at most 'want'. */
const uint8_t *damon_bytes_some(struct damon_bytes *b, size_t want, size_t *n);
/* Goes 'n' bytes on. False: it ends before. */
bool damon_bytes_skip_slow(struct damon_bytes *b, uint64_t n);
static inline bool damon_bytes_skip(struct damon_bytes *b, uint64_t n)
{
	if (n > b->len - b->at)
		return damon_bytes_skip_slow(b, n);
	b->at += (size_t)n;
	b->pos += n;
	return true;
}
/* Goes to 'pos'; false for a pipe, and beyond the end. */
bool damon_bytes_seek(struct damon_bytes *b, uint64_t pos);

#endif
