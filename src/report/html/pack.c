/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/util.h"
#include "report/html/pack.h"

#define LEVEL 7 /* of zlib: 9 takes four times as long for two percent */

static char *to_base64(const uint8_t *in, size_t n, size_t *len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = malloc((n + 2) / 3 * 4 + 1), *p = out;

	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i += 3) {
		size_t have = MIN(n - i, (size_t)3);
		uint32_t v = (uint32_t)in[i] << 16;

		v |= have > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		v |= have > 2 ? in[i + 2] : 0;
		*p++ = digits[v >> 18];
		*p++ = digits[v >> 12 & 63];
		*p++ = have > 1 ? digits[v >> 6 & 63] : '=';
		*p++ = have > 2 ? digits[v & 63] : '=';
	}
	*p = '\0';
	*len = (size_t)(p - out);
	return out;
}

int pack_bytes(struct pack *p, const void *bytes, size_t n)
{
	uLongf room = compressBound(n);
	_cleanup_(freep) uint8_t *packed = malloc(room);

	pack_release(p);
	if (!packed || compress2(packed, &room, bytes, n, LEVEL) != Z_OK)
		return -ENOMEM;
	p->base64 = to_base64(packed, room, &p->len);
	return p->base64 ? 0 : -ENOMEM;
}

void pack_release(struct pack *p)
{
	free(p->base64);
	*p = (struct pack){0};
}
