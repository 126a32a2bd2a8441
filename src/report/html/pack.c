/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/util.h"
#include "report/html/pack.h"

#define LEVEL 7 /* of zlib: 9 takes four times as long for two percent */

static void filter(uint8_t *out, const uint8_t *in, size_t rows, size_t cols, enum pack_filter how)
{
	for (size_t i = 0; i < rows * cols; i++) {
		uint8_t from = 0;

		if (how == PACK_UP && i >= cols)
			from = in[i - cols];
		else if (how == PACK_LEFT && i % cols)
			from = in[i - 1];
		out[i] = (uint8_t)(in[i] - from);
	}
}

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

static int deflate_all(const void *in, size_t n, uint8_t **out, size_t *len)
{
	uLongf room = compressBound(n);

	*out = malloc(room);
	if (!*out)
		return -ENOMEM;
	if (compress2(*out, &room, in, n, LEVEL) != Z_OK) {
		free(steal(out));
		return -ENOMEM;
	}
	*len = room;
	return 0;
}

static int set_base64(struct pack *p, const uint8_t *bytes, size_t n)
{
	p->base64 = to_base64(bytes, n, &p->len);
	return p->base64 ? 0 : -ENOMEM;
}

int pack_bytes(struct pack *p, const void *bytes, size_t n)
{
	_cleanup_(freep) uint8_t *packed = NULL;
	size_t len;
	int err = deflate_all(bytes, n, &packed, &len);

	pack_release(p);
	return err ? err : set_base64(p, packed, len);
}

int pack_table(struct pack *p, const uint8_t *bytes, size_t rows, size_t cols)
{
	_cleanup_(freep) uint8_t *filtered = malloc(MAX(rows * cols, (size_t)1));
	_cleanup_(freep) uint8_t *best = NULL;
	enum pack_filter best_filter = PACK_PLAIN;
	size_t best_len = SIZE_MAX;

	pack_release(p);
	if (!filtered)
		return -ENOMEM;
	for (int how = 0; how < PACK_NR_FILTERS; how++) {
		uint8_t *packed;
		size_t len;

		filter(filtered, bytes, rows, cols, (enum pack_filter)how);
		if (deflate_all(filtered, rows * cols, &packed, &len))
			return -ENOMEM;
		if (len < best_len) {
			free(best);
			best = steal(&packed);
			best_len = len;
			best_filter = (enum pack_filter)how;
		}
		free(packed);
	}
	p->filter = best_filter;
	return set_base64(p, best, best_len);
}

void pack_release(struct pack *p)
{
	free(p->base64);
	*p = (struct pack){0};
}

void pack_json(const struct pack *p, struct json *j, const char *key)
{
	json_object(j, key);
	json_u64(j, "filter", p->filter);
	json_str(j, "data", p->base64 ? p->base64 : "");
	json_end(j);
}
