/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes JSON as a stream: nothing is kept but the nesting. Commas and quoting are done here;
 * strings that are not UTF-8 have their bad bytes replaced. Numbers that are not finite become
 * null.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_MAX_DEPTH 16

struct json {
	FILE *out;
	int depth;
	bool first[JSON_MAX_DEPTH];  /* nothing written yet at this level */
	bool object[JSON_MAX_DEPTH]; /* this level is an object, else an array */
};

void json_init(struct json *j, FILE *out);
/* 'key' is NULL within arrays and at the top. */
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
/* Ends the innermost object or array; the outermost one with a newline. */
void json_end(struct json *j);
void json_str(struct json *j, const char *key, const char *v); /* NULL is null */
void json_u64(struct json *j, const char *key, uint64_t v);
void json_i64(struct json *j, const char *key, int64_t v);
void json_double(struct json *j, const char *key, double v, int digits); /* significant digits */
void json_bool(struct json *j, const char *key, bool v);
void json_null(struct json *j, const char *key);

#endif
