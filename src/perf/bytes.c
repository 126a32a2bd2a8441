/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

int damon_bytes_open_fd(struct damon_bytes *b, int fd, size_t cap)
{
	struct stat st;

	*b = (struct damon_bytes){.fd = fd, .cap = cap, .length = UINT64_MAX};
	b->buf = malloc(cap);
	if (!b->buf || fstat(fd, &st)) {
		int err = b->buf ? errno : ENOMEM;

		damon_bytes_close(b);
		return -err;
	}
	if (S_ISREG(st.st_mode))
		b->length = (uint64_t)st.st_size;
	return 0;
}

void damon_bytes_open_mem(struct damon_bytes *b, const void *bytes, size_t len)
{
	*b = (struct damon_bytes){
		.fd = -1, .mem = bytes, .cap = DAMON_BYTES_MAX, .length = len, .len = len};
}

void damon_bytes_close(struct damon_bytes *b)
{
	if (b->fd >= 0)
		close(b->fd);
	free(b->buf);
	b->buf = NULL;
	b->fd = -1;
}

/* Reads until 'want' bytes are buffered or no more come. */
static void fill(struct damon_bytes *b, size_t want)
{
	if (b->mem || b->len - b->at >= want)
		return;
	memmove(b->buf, b->buf + b->at, b->len - b->at);
	b->len -= b->at;
	b->at = 0;
	while (b->len < want) {
		ssize_t n = read(b->fd, b->buf + b->len, b->cap - b->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			b->err = -errno;
		if (n <= 0)
			return;
		b->len += (size_t)n;
	}
}

const uint8_t *damon_bytes_some(struct damon_bytes *b, size_t want, size_t *n)
{
	want = MIN(want, b->cap);
	fill(b, want);
	*n = MIN(want, b->len - b->at);
	return (b->mem ? b->mem : b->buf) + b->at;
}

const uint8_t *damon_bytes_peek_slow(struct damon_bytes *b, size_t n)
{
	size_t have;
	const uint8_t *p = damon_bytes_some(b, n, &have);

	return have == n ? p : NULL;
}

bool damon_bytes_skip_slow(struct damon_bytes *b, uint64_t n)
{
	while (n) {
		size_t have;

		if (b->at == b->len && b->length != UINT64_MAX && !b->mem)
			return damon_bytes_seek(b,
						n > UINT64_MAX - b->pos ? UINT64_MAX : b->pos + n);
		damon_bytes_some(b, (size_t)MIN(n, (uint64_t)b->cap), &have);
		if (!have)
			return false;
		b->at += have;
		b->pos += have;
		n -= have;
	}
	return true;
}

bool damon_bytes_seek(struct damon_bytes *b, uint64_t pos)
{
	if (b->length == UINT64_MAX || pos > b->length)
		return false;
	if (b->mem) {
		b->at = (size_t)pos;
	} else {
		if (lseek(b->fd, (off_t)pos, SEEK_SET) < 0)
			return false;
		b->at = b->len = 0;
	}
	b->pos = pos;
	return true;
}
