/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON objects as tables of keys: what each holds, and where it goes. Keys are read in the order of
 * the table, whatever their order in the file. A key that is null counts as not there. Keys of no
 * row are warned of, with the nearest that is known.
 */
#ifndef CONFIG_OBJECT_H
#define CONFIG_OBJECT_H

#include <jansson.h>

#include "config/value.h"

struct reader {
	struct issues is;
	struct config *c; /* intervals that other values depend on, and what was given */
};

struct key;
typedef int (*key_fn)(struct reader *r, const struct place *at, const json_t *v, void *into);

enum key_type {
	KEY_FN,	    /* fn, shown 'into' plus the offset */
	KEY_OBJECT, /* an object of 'keys', into the struct at the offset */
	KEY_TIME,   /* uint64_t ns; 'arg': ns of a bare number */
	KEY_BYTES,  /* uint64_t */
	KEY_COUNT,  /* uint64_t; 'arg': the most, 0: any */
	KEY_U32,    /* uint32_t; 'arg': the most */
	KEY_INT,    /* int; 'arg': the most */
	KEY_PART,   /* uint32_t; 'arg': in 1/arg */
	KEY_FLAG,   /* int */
	KEY_RATE,   /* double, of nr_accesses */
	KEY_AGE,    /* uint64_t ns */
	KEY_WORD,   /* int; 'words', and 'what' they are */
	KEY_IGNORE, /* state, not configuration: whatever it is */
	KEY_ABSENT, /* cannot work here: refused unless it is empty, zero or false. 'what': why */
};

struct key {
	const char *name; /* NULL ends a table */
	enum key_type type;
	size_t offset;
	uint64_t arg;
	const struct key *keys;
	const struct word *words;
	const char *what;
	key_fn fn;
	unsigned given; /* enum config_given */
	bool required;
};

int read_object(struct reader *r, const struct place *at, const json_t *v, const struct key *keys,
		void *into);

/* fn for each element. */
int read_array(struct reader *r, const struct place *at, const json_t *v, key_fn fn, void *into);

/* A string or a number as text: itself, or in 'buf'. NULL: refused. */
#define OBJECT_TEXT_MAX 400
const char *text_of(struct reader *r, const struct place *at, const json_t *v, char *buf);

#endif
