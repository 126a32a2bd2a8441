/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that people write: hyphens and underscores are the same, and what is written wrongly has
 * one that is near. */
#ifndef BASE_NAME_H
#define BASE_NAME_H

#include <stdbool.h>

/* Hyphens and underscores are the same. */
bool name_equal(const char *a, const char *b);

/* Finds what someone who wrote 'wrong' may have meant. */
struct name_near {
	const char *wrong;
	const char *best; /* NULL: nothing is near */
	int distance;
};
void name_near_init(struct name_near *n, const char *wrong);
void name_near_add(struct name_near *n, const char *known);

#endif
