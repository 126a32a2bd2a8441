/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/file_zstd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* perf's window is 2^21 at most; a stream that asks for more than this is refused. */
#define WINDOW_LOG_MAX 23

int damon_unzip_feed(struct damon_unzip *z, const uint8_t *src, size_t len)
{
	if (!z->stream) {
		z->stream = ZSTD_createDStream();
		z->buf = malloc(DAMON_BYTES_MAX);
		if (!z->stream || !z->buf)
			return -ENOMEM;
		ZSTD_initDStream(z->stream);
		ZSTD_DCtx_setParameter(z->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	}
	z->src = src;
	z->src_len = len;
	z->more = true;
	return 0;
}

static void unpack(struct damon_unzip *z)
{
	ZSTD_outBuffer out = {z->buf, DAMON_BYTES_MAX, z->len};
	ZSTD_inBuffer in = {z->src, z->src_len, 0};
	size_t left;

	while (in.pos < in.size || z->more) {
		left = ZSTD_decompressStream(z->stream, &out, &in);
		z->more = out.pos == out.size;
		if (ZSTD_isError(left)) {
			z->broken = true;
			in.pos = in.size;
			z->more = false;
		}
		if (out.pos == out.size)
			break;
	}
	z->src += in.pos;
	z->src_len -= in.pos;
	z->len = out.pos;
}

const uint8_t *damon_unzip_peek(struct damon_unzip *z, size_t n)
{
	while (z->len - z->at < n && !z->broken && (z->src_len || z->more)) {
		memmove(z->buf, z->buf + z->at, z->len - z->at);
		z->len -= z->at;
		z->at = 0;
		unpack(z);
	}
	return z->len - z->at >= n ? z->buf + z->at : NULL;
}

void damon_unzip_release(struct damon_unzip *z)
{
	ZSTD_freeDStream(z->stream);
	free(z->buf);
	memset(z, 0, sizeof(*z));
}
