/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes of a file or pipe, some of them at hand in one piece. No more is kept than was asked for.
 */
#ifndef RECORD_FEED_H
#define RECORD_FEED_H

#include <stddef.h>
#include <stdint.h>

struct damon_feed {
	int fd;
	uint8_t *buf;
	size_t pos, len, cap; /* [pos, len) are at hand */
	uint64_t offset;      /* of buf[pos], since the beginning */
	uint64_t origin;      /* of the beginning in the file */
};

void damon_feed_init(struct damon_feed *f, int fd); /* takes the fd */
void damon_feed_release(struct damon_feed *f);

/* Tries to have 'n' bytes at hand. Returns how many there are: fewer at the end only. -errno. */
int64_t damon_feed_want(struct damon_feed *f, size_t n);

/* The bytes at hand. */
static inline const uint8_t *feed_at(const struct damon_feed *f)
{
	return f->buf + f->pos;
}

/* Passes over 'n' bytes. Returns how many there were: fewer at the end only. -errno. */
int64_t damon_feed_skip(struct damon_feed *f, uint64_t n);

/* Goes to an offset. Returns 0 or -ESPIPE. */
int damon_feed_seek(struct damon_feed *f, uint64_t offset);

#endif
