/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "record/feed.h"

#define READ_BYTES (64u << 10)

void damon_feed_init(struct damon_feed *f, int fd)
{
	off_t at = lseek(fd, 0, SEEK_CUR);

	*f = (struct damon_feed){.fd = fd, .origin = at > 0 ? (uint64_t)at : 0};
}

void damon_feed_release(struct damon_feed *f)
{
	closep(&f->fd);
	free(f->buf);
}

/* Reads what comes next behind the bytes at hand. Returns how many, 0 at the end. */
static int64_t more(struct damon_feed *f)
{
	ssize_t n;

	if (f->pos) {
		memmove(f->buf, f->buf + f->pos, f->len - f->pos);
		f->len -= f->pos;
		f->pos = 0;
	}
	/* as it comes: a size that a file claims takes no memory before its bytes are there */
	if (vec_reserve(&f->buf, &f->cap, f->len + READ_BYTES, 1))
		return -ENOMEM;
	do
		n = read(f->fd, f->buf + f->len, f->cap - f->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	f->len += (size_t)n;
	return n;
}

int64_t damon_feed_want(struct damon_feed *f, size_t n)
{
	while (f->len - f->pos < n) {
		int64_t got = more(f);

		if (got < 0)
			return got;
		if (!got)
			break;
	}
	return (int64_t)(f->len - f->pos);
}

int64_t damon_feed_skip(struct damon_feed *f, uint64_t n)
{
	uint64_t left = n;

	while (left) {
		size_t step = MIN(left, (uint64_t)(f->len - f->pos));
		int64_t got = 0;

		f->pos += step;
		f->offset += step;
		left -= step;
		if (left)
			got = more(f);
		if (got < 0)
			return got;
		if (left && !got)
			break;
	}
	return (int64_t)(n - left);
}

int damon_feed_seek(struct damon_feed *f, uint64_t offset)
{
	if (lseek(f->fd, (off_t)(f->origin + offset), SEEK_SET) < 0)
		return -ESPIPE;
	f->pos = f->len = 0;
	f->offset = offset;
	return 0;
}
