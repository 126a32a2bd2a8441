/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of data to objects. Internal to attribution. */
#ifndef ATTRIB_OBJECT_H
#define ATTRIB_OBJECT_H

#include "attrib/attrib.h"
#include "attrib/place.h"
#include "symbol/strings.h"

struct attrib_objects {
	struct damon_record *rec;
	struct symbols *symbols; /* NULL: variables are not looked up */
	struct strings *names;
	bool members;
	int64_t epoch_offset_ns;
	struct attrib_object *o;
	size_t nr, cap;
	struct place_table by_place; /* where an access fell -> object */
	struct place_table by_key;   /* what an object is -> object */
	/* anonymous mapping -> does it go on from a file's? (0 in the last word), its object (1) */
	struct place_table by_mapping;
};

int attrib_objects_init(struct attrib_objects *t);
void attrib_objects_release(struct attrib_objects *t);

/* The object that an access touched: its id, or -ENOMEM. */
int64_t attrib_objects_find(struct attrib_objects *t, const struct damon_access_info *i);

#endif
