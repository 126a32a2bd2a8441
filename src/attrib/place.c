/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attrib/place.h"

void place_table_release(struct place_table *t)
{
	free(t->slots);
	*t = (struct place_table){0};
}

/* A step of splitmix64 per word. */
static size_t slot_of(const struct place_table *t, const struct place *key)
{
	uint64_t h = 0;
	size_t at;

	for (int i = 0; i < 4; i++) {
		h = (h ^ key->word[i]) * 0xbf58476d1ce4e5b9ull;
		h ^= h >> 29;
	}
	at = h & (t->cap - 1);
	while (t->slots[at].id && memcmp(&t->slots[at].key, key, sizeof(*key)))
		at = (at + 1) & (t->cap - 1);
	return at;
}

bool place_find(const struct place_table *t, const struct place *key, uint32_t *id)
{
	const struct place_slot *s = t->cap ? &t->slots[slot_of(t, key)] : NULL;

	if (!s || !s->id)
		return false;
	*id = s->id - 1;
	return true;
}

int place_add(struct place_table *t, const struct place *key, uint32_t id)
{
	if (t->nr * 2 >= t->cap) {
		struct place_table bigger = {.cap = t->cap ? 2 * t->cap : 256, .nr = t->nr};

		bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
		if (!bigger.slots)
			return -ENOMEM;
		for (size_t i = 0; i < t->cap; i++) {
			if (t->slots[i].id)
				bigger.slots[slot_of(&bigger, &t->slots[i].key)] = t->slots[i];
		}
		free(t->slots);
		*t = bigger;
	}
	t->slots[slot_of(t, key)] = (struct place_slot){*key, id + 1};
	t->nr++;
	return 0;
}

void place_trim(struct place_table *t, size_t max)
{
	if (t->nr > max)
		place_table_release(t);
}
