/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The records within PERF_RECORD_COMPRESSED and COMPRESSED2: one zstd stream over all of them, in
 * which records may straddle. Internal to the reader.
 */
#ifndef PERF_FILE_ZSTD_H
#define PERF_FILE_ZSTD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perf/bytes.h"

struct damon_unzip {
	void *stream;	    /* of zstd; NULL: nothing was compressed so far */
	const uint8_t *src; /* what is left of the latest record */
	size_t src_len;
	bool more;   /* it may have more to give than the buffer took */
	bool broken; /* the stream is damaged: nothing of it can be read any more */
	uint8_t *buf;
	size_t at, len; /* what was unpacked: buf[at, len) */
};

/* Gives it the payload of a record, to stay until damon_unzip_peek() says NULL. Returns 0 or
 * -ENOMEM. */
int damon_unzip_feed(struct damon_unzip *z, const uint8_t *src, size_t len);

/* The next 'n' unpacked bytes, at most DAMON_BYTES_MAX; NULL: it has to be fed first. */
const uint8_t *damon_unzip_peek(struct damon_unzip *z, size_t n);
static inline void damon_unzip_skip(struct damon_unzip *z, size_t n)
{
	z->at += n;
}
/* Unpacked bytes that wait for the rest of their record. */
static inline size_t damon_unzip_left(const struct damon_unzip *z)
{
	return z->len - z->at;
}
void damon_unzip_release(struct damon_unzip *z);

#endif
