/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "symbol/strings.h"

/* FNV-1a, 64 bit. */
static uint64_t hash_of(const char *text, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3ull;
	return h;
}

void strings_release(struct strings *s)
{
	for (size_t i = 0; i < s->cap; i++)
		free(s->slots[i]);
	free(s->slots);
	*s = (struct strings){0};
}

static char **find(char **slots, size_t cap, const char *text, size_t len)
{
	size_t at = hash_of(text, len) & (cap - 1);

	while (slots[at] && (strncmp(slots[at], text, len) || slots[at][len]))
		at = (at + 1) & (cap - 1);
	return &slots[at];
}

static int grow(struct strings *s)
{
	size_t cap = s->cap ? 2 * s->cap : 256;
	char **slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return -1;
	for (size_t i = 0; i < s->cap; i++) {
		if (s->slots[i])
			*find(slots, cap, s->slots[i], strlen(s->slots[i])) = s->slots[i];
	}
	free(s->slots);
	s->slots = slots;
	s->cap = cap;
	return 0;
}

const char *strings_keep(struct strings *s, const char *text, size_t len)
{
	char **slot;

	len = strnlen(text, len);
	if (s->nr * 2 >= s->cap && grow(s))
		return NULL;
	slot = find(s->slots, s->cap, text, len);
	if (!*slot) {
		*slot = strndup(text, len);
		if (!*slot)
			return NULL;
		s->nr++;
		s->bytes += len + 1;
	}
	return *slot;
}
