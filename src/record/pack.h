/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream of bytes that the same code writes and reads.
 *
 * Every pack_*() call takes the value to write and returns the value that now stands in the stream:
 * writing appends it and returns it, reading ignores the argument and returns what was read. One
 * routine per structure thus walks both ways and the two cannot drift apart. Bounds are checked
 * here and nowhere else; after the first error ('err') reading yields zeros.
 */
#ifndef RECORD_PACK_H
#define RECORD_PACK_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PACK_VAR_MAX 10 /* bytes of the longest varint */

struct damon_pack {
	uint8_t *data;
	size_t pos, len; /* next byte to read; bytes that are there */
	size_t cap;	 /* 0: the bytes are somebody else's */
	bool writing;
	int err; /* -ENOMEM while writing, -EBADMSG while reading: too short or out of range */
};

#define PACK_WRITER	      ((struct damon_pack){.writing = true})
#define PACK_READER(bytes, n) ((struct damon_pack){.data = (bytes), .len = (n)})

void damon_pack_release(struct damon_pack *p); /* frees what was written */

/* Makes room for 'n' more bytes. False, and 'err' set, without memory. */
bool damon_pack_grow(struct damon_pack *p, size_t n);

/* A string of at most cap - 1 bytes: length, bytes. Reading cuts what does not fit. */
void damon_pack_str(struct damon_pack *p, char *s, size_t cap);

/* 'n' bytes as they are. */
void damon_pack_bytes(struct damon_pack *p, void *bytes, size_t n);

/* The next 'n' bytes of 'p' as a stream of their own to read; they are passed over in 'p'. */
struct damon_pack damon_pack_sub(struct damon_pack *p, size_t n);

/* IEEE 754 double, 8 bytes, little endian; nothing is lost. */
double damon_pack_f64(struct damon_pack *p, double v);

static inline size_t pack_left(const struct damon_pack *p)
{
	return p->len - p->pos;
}

static inline void pack_bad(struct damon_pack *p)
{
	if (!p->err)
		p->err = -EBADMSG;
	p->pos = p->len;
}

static inline void pack_put(struct damon_pack *p, uint64_t v)
{
	if (p->cap - p->len < PACK_VAR_MAX && !damon_pack_grow(p, PACK_VAR_MAX))
		return;
	for (; v >= 0x80; v >>= 7)
		p->data[p->len++] = (uint8_t)(v | 0x80);
	p->data[p->len++] = (uint8_t)v;
}

static inline uint64_t pack_get(struct damon_pack *p)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64 && p->pos < p->len; shift += 7) {
		uint8_t b = p->data[p->pos++];

		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return v;
	}
	pack_bad(p);
	return 0;
}

/* Varint: seven bits per byte, lowest first, the top bit of all bytes but the last is set. */
static inline uint64_t pack_var(struct damon_pack *p, uint64_t v)
{
	if (!p->writing)
		return pack_get(p);
	pack_put(p, v);
	return v;
}

/* A varint of at most 'max'. */
static inline uint64_t pack_max(struct damon_pack *p, uint64_t v, uint64_t max)
{
	v = pack_var(p, v);
	if (v <= max)
		return v;
	pack_bad(p);
	return 0;
}

static inline uint64_t zigzag(uint64_t delta)
{
	return delta << 1 ^ -(delta >> 63);
}

static inline uint64_t unzigzag(uint64_t z)
{
	return z >> 1 ^ -(z & 1);
}

/* The difference to 'pred' modulo 2^64, small ones of either sign being short. */
static inline uint64_t pack_delta(struct damon_pack *p, uint64_t v, uint64_t pred)
{
	if (!p->writing)
		return pred + unzigzag(pack_get(p));
	pack_put(p, zigzag(v - pred));
	return v;
}

/* The same, of a value of at most 'max'. */
static inline uint64_t pack_delta_max(struct damon_pack *p, uint64_t v, uint64_t pred, uint64_t max)
{
	v = pack_delta(p, v, pred);
	if (v <= max)
		return v;
	pack_bad(p);
	return 0;
}

static inline uint32_t pack_delta32(struct damon_pack *p, uint32_t v, uint32_t pred)
{
	return (uint32_t)pack_delta_max(p, v, pred, UINT32_MAX);
}

static inline uint8_t pack_u8(struct damon_pack *p, uint8_t v)
{
	if (p->writing) {
		if (p->cap == p->len && !damon_pack_grow(p, 1))
			return v;
		p->data[p->len++] = v;
		return v;
	}
	if (p->pos < p->len)
		return p->data[p->pos++];
	pack_bad(p);
	return 0;
}

/*
 * Quantised floats: the bits of an IEEE 754 float without its sign, rounded to 'bits' bits of
 * mantissa. Codes are ordered as their values; 0 is 0. The error is at most 2^-(bits + 1) of the
 * value; whole numbers up to 2^(bits + 1) are exact. Negative values and NaN become 0.
 */
static inline uint32_t quant(double v, unsigned int bits)
{
	const uint32_t max = 0x7f7fffffu >> (23 - bits);
	unsigned int shift = 23 - bits;
	float f = v > 0 ? (float)v : 0.0f;
	uint32_t u;

	memcpy(&u, &f, sizeof(u));
	if (shift)
		u = (u + (1u << (shift - 1))) >> shift;
	return u < max ? u : max;
}

static inline float unquant(uint32_t code, unsigned int bits)
{
	uint32_t u = code << (23 - bits);
	float f;

	memcpy(&f, &u, sizeof(f));
	return f;
}

/* A quantised float as the difference of its code to 'pred'. */
static inline uint32_t pack_quant(struct damon_pack *p, uint32_t code, uint32_t pred,
				  unsigned int bits)
{
	return (uint32_t)pack_delta_max(p, code, pred, 0x7f7fffffu >> (23 - bits));
}

#endif
