/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table from keys of four words to ids. Internal to attribution. */
#ifndef ATTRIB_PLACE_H
#define ATTRIB_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct place {
	uint64_t word[4];
};

struct place_table {
	struct place_slot {
		struct place key;
		uint32_t id; /* + 1; 0: empty */
	} * slots;
	size_t nr, cap;
};

void place_table_release(struct place_table *t);

/* True with the id, if the key is there. */
bool place_find(const struct place_table *t, const struct place *key, uint32_t *id);
/* Adds a key that is not there. 0 or -ENOMEM. */
int place_add(struct place_table *t, const struct place *key, uint32_t id);
/* Forgets all, if there are more than 'max': of what is only remembered. */
void place_trim(struct place_table *t, size_t max);

#endif
