/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings kept once each, until the end. Zero is a good start. */
#ifndef RECORD_NAMES_H
#define RECORD_NAMES_H

#include <stddef.h>

struct damon_names {
	char **slot; /* hash table, open addressing; a power of two */
	size_t nr, cap, bytes;
};

void damon_names_release(struct damon_names *n);

/* The one copy of 's'. NULL: no memory. */
const char *damon_names_add(struct damon_names *n, const char *s);

#endif
