/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <zstd.h>

#include "tests/truth/trace.h"
#include "tests/truth/trace_code.h"

#define ZSTD_LEVEL 1

struct trace_writer {
	int fd;	 /* not a FILE: a forked child must not write what is buffered */
	int err; /* the first failure */
	struct trace_head head;
	struct trace_block block;
	struct trace_run run; /* not written yet; none if its count is 0 */
	struct trace_recent recent;
	ZSTD_CCtx *zstd;
	uint8_t raw[TRACE_BLOCK], stored[TRACE_BLOCK];
};

static int failed(struct trace_writer *w, int err)
{
	if (!w->err)
		w->err = -err;
	return w->err;
}

static void put(struct trace_writer *w, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n && !w->err) {
		ssize_t done = write(w->fd, at, n);

		if (done < 0 && errno != EINTR)
			failed(w, errno);
		at += done > 0 ? done : 0;
		n -= done > 0 ? done : 0;
	}
}

int trace_create(const char *path, uint32_t page_shift, struct trace_writer **out)
{
	struct trace_writer *w;
	int err;

	if (page_shift < TRACE_MIN_SHIFT || page_shift > TRACE_MAX_SHIFT)
		return -EINVAL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->zstd = ZSTD_createCCtx();
	w->fd = w->zstd ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	if (w->fd < 0) {
		err = w->zstd ? -errno : -ENOMEM;
		ZSTD_freeCCtx(w->zstd);
		free(w);
		return err;
	}
	memcpy(w->head.magic, TRACE_MAGIC, sizeof(w->head.magic));
	w->head.version = TRACE_VERSION;
	w->head.page_shift = page_shift;
	put(w, &w->head, sizeof(w->head));
	*out = w;
	return 0;
}

static void end_block(struct trace_writer *w)
{
	struct trace_block *b = &w->block;
	size_t n;

	if (!b->runs && !b->instructions)
		return;
	/* what does not become smaller does not fit, and is stored as it is */
	n = b->raw_bytes ? ZSTD_compressCCtx(w->zstd, w->stored, b->raw_bytes - 1, w->raw,
					     b->raw_bytes, ZSTD_LEVEL)
			 : 0;
	b->stored_bytes = ZSTD_isError(n) ? b->raw_bytes : n;
	put(w, b, sizeof(*b));
	put(w, ZSTD_isError(n) ? w->raw : w->stored, b->stored_bytes);
	memset(b, 0, sizeof(*b));
	memset(&w->recent, 0, sizeof(w->recent));
}

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = v | 0x80;
	*p++ = v;
	return p;
}

static void put_run(struct trace_writer *w)
{
	const struct trace_run *r = &w->run;
	unsigned int at = trace_recent_find(&w->recent, r->page);
	int64_t far = r->page - w->recent.page[0];
	uint8_t *p;

	if (!r->count)
		return;
	if (w->block.raw_bytes > TRACE_BLOCK - TRACE_RUN_MAX) {
		end_block(w);
		at = trace_recent_find(&w->recent, r->page);
		far = r->page;
	}
	p = w->raw + w->block.raw_bytes;
	*p++ = at | (r->count < 8 ? r->count << 4 : 0) | (r->stores ? 0x80 : 0);
	if (at == TRACE_FAR)
		p = put_varint(p, (uint64_t)far << 1 ^ far >> 63);
	if (r->count >= 8)
		p = put_varint(p, r->count - 8);
	if (r->stores && r->count > 1)
		p = put_varint(p, r->stores - 1);
	trace_recent_use(&w->recent, at, r->page);
	w->block.raw_bytes = p - w->raw;
	w->block.accesses += r->count;
	w->block.runs++;
	w->head.accesses += r->count;
	w->head.stores += r->stores;
	w->head.runs++;
}

int trace_add(struct trace_writer *w, uint64_t page, uint64_t count, uint64_t stores)
{
	if (stores > count || page > UINT64_MAX >> w->head.page_shift)
		return -EINVAL;
	if (w->run.page == page) {
		w->run.count += count;
		w->run.stores += stores;
	} else if (count) {
		put_run(w);
		w->run = (struct trace_run){page, count, stores};
	}
	return w->err;
}

void trace_add_instructions(struct trace_writer *w, uint64_t n)
{
	w->block.instructions += n;
	w->head.instructions += n;
}

int trace_finish(struct trace_writer *w)
{
	int err;

	if (!w)
		return 0;
	put_run(w);
	end_block(w);
	w->head.finished = 1;
	if (lseek(w->fd, 0, SEEK_SET))
		failed(w, errno);
	put(w, &w->head, sizeof(w->head));
	if (close(w->fd))
		failed(w, errno);
	err = w->err;
	ZSTD_freeCCtx(w->zstd);
	free(w);
	return err;
}
