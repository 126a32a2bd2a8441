/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes as the page holds them: filtered so that they compress well, deflated (zlib), and in
 * base64.
 */
#ifndef REPORT_HTML_PACK_H
#define REPORT_HTML_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

/* A table of bytes is written as what differs from a neighbour, modulo 256. */
enum pack_filter {
	PACK_PLAIN,
	PACK_UP,   /* from the row above */
	PACK_LEFT, /* from the column before */
	PACK_NR_FILTERS
};

struct pack {
	char *base64; /* NUL-ended; NULL: empty */
	size_t len;
	enum pack_filter filter;
};

/* Packs a table by the filter that makes it smallest. Returns 0 or -ENOMEM. */
int pack_table(struct pack *p, const uint8_t *bytes, size_t rows, size_t cols);
/* The same without a filter. */
int pack_bytes(struct pack *p, const void *bytes, size_t n);
void pack_release(struct pack *p);

/* {"filter": 1, "data": "..."} */
void pack_json(const struct pack *p, struct json *j, const char *key);

#endif
