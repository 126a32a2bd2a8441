/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes as the page holds them: deflated (zlib) and in base64. */
#ifndef REPORT_HTML_PACK_H
#define REPORT_HTML_PACK_H

#include <stddef.h>
#include <stdint.h>

struct pack {
	char *base64; /* NUL-ended; NULL: empty */
	size_t len;
};

/* Returns 0 or -ENOMEM. */
int pack_bytes(struct pack *p, const void *bytes, size_t n);
void pack_release(struct pack *p);

#endif
