/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/util.h"
#include "report/picture/png.h"

#define LEVEL	   6 /* of compression */
#define MAX_COLORS 256
#define NR_SLOTS   1024 /* of the table that finds a colour; a power of two */
#define TYPE_RGB   2
#define TYPE_INDEX 3
#define NO_COLOR   UINT32_MAX
#define RGB(pixel) ((pixel)&0xffffff)

struct palette {
	uint32_t colors[MAX_COLORS];
	unsigned n;
	uint32_t slots[NR_SLOTS];
	uint8_t index[NR_SLOTS];
};

/* The slot of a colour, or the free one where it belongs. */
static unsigned slot_of(const struct palette *p, uint32_t rgb)
{
	unsigned slot = (rgb * 0x9e3779b1u) >> 22;

	while (p->slots[slot] != rgb && p->slots[slot] != NO_COLOR)
		slot = (slot + 1) % NR_SLOTS;
	return slot;
}

/* 0 if there are too many. */
static unsigned find_palette(struct palette *p, const uint32_t *pixels, size_t n)
{
	memset(p->slots, 0xff, sizeof(p->slots));
	p->n = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t rgb = RGB(pixels[i]);
		unsigned slot;

		if (i && rgb == RGB(pixels[i - 1]))
			continue;
		slot = slot_of(p, rgb);
		if (p->slots[slot] == rgb)
			continue;
		if (p->n == MAX_COLORS)
			return 0;
		p->slots[slot] = rgb;
		p->index[slot] = (uint8_t)p->n;
		p->colors[p->n++] = rgb;
	}
	return p->n;
}

static void put_be32(unsigned char *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(v >> (24 - 8 * i));
}

static unsigned char *put_rgb(unsigned char *to, uint32_t rgb)
{
	*to++ = (unsigned char)(rgb >> 16);
	*to++ = (unsigned char)(rgb >> 8);
	*to++ = (unsigned char)rgb;
	return to;
}

static void put_chunk(png_put put, void *priv, const char *type, const unsigned char *data,
		      size_t n)
{
	unsigned char word[4];
	uint32_t crc = (uint32_t)crc32(crc32(0, (const unsigned char *)type, 4), data, (uInt)n);

	put_be32(word, (uint32_t)n);
	put(priv, word, 4);
	put(priv, (const unsigned char *)type, 4);
	put(priv, data, n);
	put_be32(word, crc);
	put(priv, word, 4);
}

/* Lines, each behind a byte that says that it has no filter. */
static void pack_lines(unsigned char *to, const struct palette *p, const uint32_t *pixels,
		       unsigned width, unsigned height)
{
	for (unsigned y = 0; y < height; y++) {
		*to++ = 0;
		for (unsigned x = 0; x < width; x++, pixels++) {
			if (p->n)
				*to++ = p->index[slot_of(p, RGB(*pixels))];
			else
				to = put_rgb(to, *pixels);
		}
	}
}

static void put_head(png_put put, void *priv, const struct palette *p, unsigned width,
		     unsigned height)
{
	static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
	unsigned char head[13] = {[8] = 8, [9] = p->n ? TYPE_INDEX : TYPE_RGB};
	unsigned char colors[3 * MAX_COLORS];

	put_be32(head, width);
	put_be32(head + 4, height);
	put(priv, signature, sizeof(signature));
	put_chunk(put, priv, "IHDR", head, sizeof(head));
	for (unsigned i = 0; i < p->n; i++)
		put_rgb(colors + (size_t)3 * i, p->colors[i]);
	if (p->n)
		put_chunk(put, priv, "PLTE", colors, (size_t)3 * p->n);
}

int png_write(const uint32_t *pixels, unsigned width, unsigned height, png_put put, void *priv)
{
	_cleanup_(freep) struct palette *p = malloc(sizeof(*p));
	size_t colors = p ? find_palette(p, pixels, (size_t)width * height) : 0;
	size_t raw = (size_t)height * (1 + (size_t)width * (colors ? 1 : 3));
	uLongf packed = compressBound(raw);
	_cleanup_(freep) unsigned char *lines = malloc(raw), *data = malloc(packed);

	if (!p || !lines || !data)
		return -ENOMEM;
	p->n = (unsigned)colors;
	pack_lines(lines, p, pixels, width, height);
	if (compress2(data, &packed, lines, raw, LEVEL) != Z_OK)
		return -ENOMEM;
	put_head(put, priv, p, width, height);
	put_chunk(put, priv, "IDAT", data, packed);
	put_chunk(put, priv, "IEND", data, 0); /* NULL would start the sum again */
	return 0;
}
