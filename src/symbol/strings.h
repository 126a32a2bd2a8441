/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings that live as long as their set, each kept once. */
#ifndef SYMBOL_STRINGS_H
#define SYMBOL_STRINGS_H

#include <stddef.h>
#include <stdint.h>

struct strings {
	char **slots; /* open addressing; a power of two */
	size_t nr, cap;
	size_t bytes; /* of all of them */
};

void strings_release(struct strings *s);

/* The kept copy of text[0, len); NULL without memory. */
const char *strings_keep(struct strings *s, const char *text, size_t len);

#endif
