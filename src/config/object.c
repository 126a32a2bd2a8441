/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "base/util.h"
#include "config/object.h"

static const char *type_name(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_NULL:
		return "null";
	default:
		return "true or false";
	}
}

/* 2^64 stands for 2^64 - 1, which no double is. */
static const char *print_real(char *buf, double d)
{
	if (d == 18446744073709551616.0)
		return "max";
	if (d == floor(d))
		snprintf(buf, OBJECT_TEXT_MAX, "%.0f", d);
	else
		snprintf(buf, OBJECT_TEXT_MAX, "%.17f", d);
	for (char *p = buf; *p; p++) /* the decimal point of the host's locale */
		if (!strchr("-0123456789", *p))
			*p = '.';
	return buf;
}

const char *text_of(struct reader *r, const struct place *at, const json_t *v, char *buf)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return json_string_value(v);
	case JSON_INTEGER:
		snprintf(buf, OBJECT_TEXT_MAX, "%lld", (long long)json_integer_value(v));
		return buf;
	case JSON_REAL:
		return print_real(buf, json_real_value(v));
	case JSON_TRUE:
	case JSON_FALSE:
		return json_is_true(v) ? "true" : "false";
	default:
		refuse(&r->is, at, "this is %s, not a value", type_name(v));
		return NULL;
	}
}

/* Values that say nothing: 0, "0", "", false, [], {}. */
static bool is_empty(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return !json_object_size(v);
	case JSON_ARRAY:
		return !json_array_size(v);
	case JSON_STRING:
		return !*json_string_value(v) || !strcmp(json_string_value(v), "0");
	case JSON_INTEGER:
		return !json_integer_value(v);
	case JSON_REAL:
		return json_real_value(v) == 0;
	default:
		return !json_is_true(v);
	}
}

/* Of the types that are of one word or number. */
static int read_value(const struct issues *is, const struct place *at, const char *text,
		      const struct key *k, const struct damon_attrs *a, void *field)
{
	uint64_t n = 0;
	int err;

	switch (k->type) {
	case KEY_TIME:
		return value_time(is, at, text, k->arg, field);
	case KEY_BYTES:
		return value_bytes(is, at, text, field);
	case KEY_COUNT:
		return value_count(is, at, text, k->arg ? k->arg : UINT64_MAX, field);
	case KEY_U32:
	case KEY_INT:
		err = value_count(is, at, text, k->arg, &n);
		if (!err)
			*(uint32_t *)field = (uint32_t)n;
		return err;
	case KEY_PART:
		return value_part(is, at, text, (uint32_t)k->arg, field);
	case KEY_FLAG:
		return value_flag(is, at, text, field);
	case KEY_RATE:
		return value_rate(is, at, text, a, field);
	case KEY_AGE:
		return value_age(is, at, text, a, field);
	case KEY_WORD:
		return value_word(is, at, text, k->what, k->words, field);
	default:
		return -EINVAL;
	}
}

static int read_key(struct reader *r, const struct place *at, const json_t *v, const struct key *k,
		    void *into)
{
	void *field = (char *)into + k->offset;
	char buf[OBJECT_TEXT_MAX];
	const char *text;

	switch (k->type) {
	case KEY_FN:
		return k->fn(r, at, v, field);
	case KEY_OBJECT:
		return read_object(r, at, v, k->keys, field);
	case KEY_IGNORE:
		return 0;
	case KEY_ABSENT:
		return is_empty(v) ? 0 : refuse(&r->is, at, "this cannot work here: %s", k->what);
	default:
		text = text_of(r, at, v, buf);
		return text ? read_value(&r->is, at, text, k, &r->c->attrs, field) : -EINVAL;
	}
}

static int warn_unknown(struct reader *r, const struct place *at, const struct key *keys)
{
	struct name_near near;

	name_near_init(&near, at->key);
	for (const struct key *k = keys; k->name; k++) {
		if (!strcmp(k->name, at->key))
			return 0;
		name_near_add(&near, k->name);
	}
	if (near.best)
		return warn(&r->is, at, "unknown key; did you mean '%s'?", near.best);
	return warn(&r->is, at, "unknown key");
}

int read_object(struct reader *r, const struct place *at, const json_t *v, const struct key *keys,
		void *into)
{
	const char *name;
	json_t *sub;
	int err = 0;

	if (!json_is_object(v))
		return refuse(&r->is, at, "this is %s, not an object", type_name(v));
	json_object_foreach((json_t *)v, name, sub)
	{
		struct place p = {at, name, 0};

		err = warn_unknown(r, &p, keys);
		if (err)
			return err;
	}
	for (const struct key *k = keys; k->name; k++) {
		struct place p = {at, k->name, 0};

		sub = json_object_get(v, k->name);
		if (!sub || json_is_null(sub)) {
			if (k->required)
				return refuse(&r->is, &p, "this is missing");
			continue;
		}
		err = read_key(r, &p, sub, k, into);
		if (err)
			return err;
		r->c->given |= k->given;
	}
	return 0;
}

int read_array(struct reader *r, const struct place *at, const json_t *v, key_fn fn, void *into)
{
	int err = 0;

	if (!json_is_array(v))
		return refuse(&r->is, at, "this is %s, not a list", type_name(v));
	for (size_t i = 0; i < json_array_size(v) && !err; i++) {
		struct place p = {at, NULL, i};

		err = fn(r, &p, json_array_get(v, i), into);
	}
	return err;
}
