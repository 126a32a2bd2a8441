/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <zstd.h>

#include "tests/truth/trace.h"
#include "tests/truth/trace_code.h"

struct trace {
	FILE *file;
	int err;
	struct trace_info info;
	struct trace_info left;	  /* of the file, after the current block */
	struct trace_block block; /* what is left of the current block */
	struct trace_recent recent;
	uint64_t last_page, stores_left;
	const uint8_t *at, *end;
	ZSTD_DCtx *zstd;
	uint8_t raw[TRACE_BLOCK], stored[TRACE_BLOCK];
};

static int get(struct trace *t, void *bytes, size_t n)
{
	if (fread(bytes, n, 1, t->file) == 1)
		return 0;
	return ferror(t->file) ? -EIO : -EBADMSG;
}

static int read_head(struct trace *t)
{
	struct trace_head h;
	int err = get(t, &h, sizeof(h));

	if (err)
		return err;
	if (memcmp(h.magic, TRACE_MAGIC, sizeof(h.magic)) || h.version != TRACE_VERSION ||
	    h.page_shift < TRACE_MIN_SHIFT || h.page_shift > TRACE_MAX_SHIFT || h.finished != 1 ||
	    h.stores > h.accesses || h.runs > h.accesses)
		return -EBADMSG;
	t->info = (struct trace_info){h.page_shift, h.accesses, h.stores, h.instructions, h.runs};
	return 0;
}

int trace_open(const char *path, struct trace **out)
{
	struct trace *t = calloc(1, sizeof(*t));
	int err = -ENOMEM;

	if (!t)
		return -ENOMEM;
	t->zstd = ZSTD_createDCtx();
	if (t->zstd) {
		t->file = fopen(path, "rbe");
		err = t->file ? read_head(t) : -errno;
	}
	if (!err)
		err = trace_rewind(t);
	if (err) {
		trace_close(t);
		return err;
	}
	*out = t;
	return 0;
}

void trace_close(struct trace *t)
{
	if (!t)
		return;
	if (t->file)
		fclose(t->file);
	ZSTD_freeDCtx(t->zstd);
	free(t);
}

const struct trace_info *trace_info(const struct trace *t)
{
	return &t->info;
}

int trace_rewind(struct trace *t)
{
	t->at = t->end = t->raw;
	t->left = t->info;
	t->stores_left = t->info.stores;
	t->last_page = UINT64_MAX;
	memset(&t->block, 0, sizeof(t->block));
	t->err = fseek(t->file, sizeof(struct trace_head), SEEK_SET) ? -EIO : 0;
	return t->err;
}

/* The next block into t->raw. Whatever it claims to hold, the head has promised. */
static int read_block(struct trace *t)
{
	struct trace_block *b = &t->block;
	int err = get(t, b, sizeof(*b));

	if (err)
		return err;
	if (b->raw_bytes > TRACE_BLOCK || b->stored_bytes > b->raw_bytes ||
	    b->runs > b->raw_bytes || b->runs > t->left.runs || b->accesses > t->left.accesses ||
	    b->instructions > t->left.instructions || (!b->runs && !b->instructions))
		return -EBADMSG;
	t->left.runs -= b->runs;
	t->left.accesses -= b->accesses;
	t->left.instructions -= b->instructions;
	if (b->raw_bytes)
		err = get(t, b->stored_bytes < b->raw_bytes ? t->stored : t->raw, b->stored_bytes);
	if (!err && b->stored_bytes < b->raw_bytes &&
	    ZSTD_decompressDCtx(t->zstd, t->raw, b->raw_bytes, t->stored, b->stored_bytes) !=
		    b->raw_bytes)
		err = -EBADMSG;
	t->at = t->raw;
	t->end = t->raw + b->raw_bytes;
	memset(&t->recent, 0, sizeof(t->recent));
	return err;
}

/* The file's end, and nothing is missing. */
static int check_end(const struct trace *t)
{
	return t->left.accesses || t->left.instructions || t->stores_left || fgetc(t->file) != EOF
		       ? -EBADMSG
		       : 0;
}

static bool get_varint(struct trace *t, uint64_t *v)
{
	uint64_t n = 0;

	for (int shift = 0; shift < 64 && t->at < t->end; shift += 7) {
		uint8_t byte = *t->at++;

		if (shift == 63 && byte > 1)
			return false;
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*v = n;
			return true;
		}
	}
	return false;
}

static bool get_run(struct trace *t, struct trace_run *r)
{
	uint8_t head = *t->at++;
	unsigned int at = head & 15;
	uint64_t v;

	if (at == TRACE_FAR) {
		if (!get_varint(t, &v))
			return false;
		r->page = t->recent.page[0] + (v >> 1 ^ -(v & 1));
	} else {
		r->page = t->recent.page[at];
	}
	trace_recent_use(&t->recent, at, r->page);
	r->count = head >> 4 & 7;
	if (!r->count) {
		if (!get_varint(t, &v) || v > UINT64_MAX - 8)
			return false;
		r->count = v + 8;
	}
	r->stores = head >> 7;
	if (r->stores && r->count > 1) {
		if (!get_varint(t, &v) || v >= r->count)
			return false;
		r->stores = v + 1;
	}
	return true;
}

/* A run that the block has promised. */
static int next_run(struct trace *t, struct trace_run *r)
{
	struct trace_block *b = &t->block;

	if (t->at == t->end || !get_run(t, r) || r->count > b->accesses ||
	    r->stores > t->stores_left || r->page > UINT64_MAX >> t->info.page_shift ||
	    r->page == t->last_page)
		return -EBADMSG;
	t->last_page = r->page;
	t->stores_left -= r->stores;
	b->accesses -= r->count;
	b->runs--;
	if (!b->runs && (b->accesses || t->at != t->end))
		return -EBADMSG;
	return 1;
}

int trace_next(struct trace *t, struct trace_run *run)
{
	struct trace_run r;
	int ret = t->err;

	while (!ret && !t->block.runs) {
		if (!t->left.runs && !t->left.instructions)
			return t->err = check_end(t);
		ret = read_block(t);
	}
	if (!ret)
		ret = next_run(t, &r);
	if (ret < 0)
		return t->err = ret;
	*run = r;
	return 1;
}
