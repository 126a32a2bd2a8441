/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <endian.h>
#include <zlib.h>
#include <zstd.h>

#include "base/util.h"
#include "record/chunk.h"

#define ZSTD_FROM_BYTES 256  /* smaller payloads are left as they are */
#define BLOCK_BYTES	1000 /* shorter stretches are not worth a block of their own */

static void put16(uint8_t *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, sizeof(v));
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

uint32_t damon_frame_crc(const void *bytes, size_t n)
{
	return (uint32_t)crc32_z(0, bytes, n);
}

void damon_frame_head(uint8_t head[RECORD_HEAD_BYTES], uint32_t version)
{
	memcpy(head, RECORD_MAGIC, 8);
	put32(head + 8, version);
	put32(head + 12, damon_frame_crc(head, 12));
}

int damon_frame_check_head(const uint8_t head[RECORD_HEAD_BYTES], uint32_t *version)
{
	if (memcmp(head, RECORD_MAGIC, 8) || get32(head + 12) != damon_frame_crc(head, 12))
		return -EBADMSG;
	*version = get32(head + 8);
	return 0;
}

int damon_frame_parse(const uint8_t bytes[RECORD_CHUNK_BYTES], struct record_frame *f)
{
	if (memcmp(bytes, RECORD_CHUNK_MAGIC, 4) || get32(bytes + 20) != damon_frame_crc(bytes, 20))
		return -EBADMSG;
	*f = (struct record_frame){
		.type = get16(bytes + 4),
		.flags = get16(bytes + 6),
		.stored_bytes = get32(bytes + 8),
		.raw_bytes = get32(bytes + 12),
		.crc = get32(bytes + 16),
	};
	return 0;
}

/* Compresses into [to, to + room), beginning a block with each cut. Returns the bytes, 0 if they
 * would not be fewer. */
static size_t squeeze(ZSTD_CCtx *zstd, const struct record_payload *p, uint8_t *to, size_t room)
{
	ZSTD_inBuffer in = {.src = p->raw.data};
	ZSTD_outBuffer out = {.dst = to, .size = room};
	size_t left;

	ZSTD_CCtx_reset(zstd, ZSTD_reset_session_only);
	ZSTD_CCtx_setPledgedSrcSize(zstd, p->raw.len);
	for (size_t i = 0; i < p->nr_cuts; i++) {
		if (p->cut[i] < in.pos + BLOCK_BYTES || p->raw.len < p->cut[i] + BLOCK_BYTES)
			continue;
		in.size = p->cut[i];
		left = ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_flush);
		if (ZSTD_isError(left) || left)
			return 0;
	}
	in.size = p->raw.len;
	left = ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_end);
	return ZSTD_isError(left) || left || out.pos >= p->raw.len ? 0 : out.pos;
}

int damon_frame_append(struct damon_pack *out, ZSTD_CCtx *zstd, uint16_t type,
		       const struct record_payload *p)
{
	size_t room = ZSTD_compressBound(p->raw.len) + 8 * p->nr_cuts, n = 0;
	uint8_t *frame;

	if (!damon_pack_grow(out, RECORD_CHUNK_BYTES + room))
		return -ENOMEM;
	frame = out->data + out->len;
	if (zstd && p->raw.len >= ZSTD_FROM_BYTES)
		n = squeeze(zstd, p, frame + RECORD_CHUNK_BYTES, room);
	put16(frame + 6, n ? RECORD_CHUNK_ZSTD : 0);
	if (!n) {
		n = p->raw.len;
		memcpy(frame + RECORD_CHUNK_BYTES, p->raw.data, n);
	}
	memcpy(frame, RECORD_CHUNK_MAGIC, 4);
	put16(frame + 4, type);
	put32(frame + 8, (uint32_t)n);
	put32(frame + 12, (uint32_t)p->raw.len);
	put32(frame + 16, damon_frame_crc(frame + RECORD_CHUNK_BYTES, n));
	put32(frame + 20, damon_frame_crc(frame, 20));
	out->len += RECORD_CHUNK_BYTES + n;
	return 0;
}
