/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of instructions to places in programs. Internal to attribution. */
#ifndef ATTRIB_CODE_H
#define ATTRIB_CODE_H

#include "attrib/attrib.h"
#include "attrib/place.h"
#include "symbol/strings.h"

struct attrib_codes {
	struct damon_record *rec;
	struct symbols *symbols; /* NULL: modules only */
	struct strings *names;
	bool lines, of_all; /* 'of_all': the same code of several targets is one */
	bool addresses;
	int64_t epoch_offset_ns;
	struct attrib_code *c;
	size_t nr, cap;
	struct place_table by_place, by_key;
};

int attrib_codes_init(struct attrib_codes *t);
void attrib_codes_release(struct attrib_codes *t);

/* The code that made an access: its id, or -ENOMEM. */
int64_t attrib_codes_find(struct attrib_codes *t, const struct damon_access_info *i);

/* The file that holds the instruction, and its offset there. */
struct symbol_file *attrib_codes_file(struct attrib_codes *t, const struct damon_access_info *i,
				      uint64_t *offset);

/* The file behind the mapping 'm' that access 'i' is about, as symbols are asked for it; NULL: it
 * has none, or no memory. */
struct symbol_file *attrib_file(struct symbols *s, struct damon_record *rec,
				const struct damon_access_info *i,
				const struct damon_mapping_info *m, int64_t epoch_offset_ns);
/* The last part of a path. */
const char *attrib_base(const char *path);

#endif
