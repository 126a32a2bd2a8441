/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"

void json_init(struct json *j, FILE *out)
{
	*j = (struct json){.out = out, .first = {true}};
}

/* Length of the UTF-8 sequence at 's', 0 if it is not one (RFC 3629: no surrogates, no overlong
 * forms, nothing above U+10FFFF). */
static int utf8_len(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	int n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (int i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void write_escaped(FILE *out, unsigned char c)
{
	static const char short_forms[] = "b\bf\fn\nr\rt\t\"\"\\\\";

	for (const char *p = short_forms; *p; p += 2) {
		if (p[1] == c) {
			fprintf(out, "\\%c", p[0]);
			return;
		}
	}
	fprintf(out, "\\u%04x", c);
}

static void write_string(FILE *out, const char *v)
{
	const unsigned char *s = (const unsigned char *)v;

	fputc('"', out);
	while (*s) {
		int n = utf8_len(s);

		if (!n)
			fputs("\\ufffd", out);
		else if (*s < 0x20 || *s == 0x7f || *s == '"' || *s == '\\')
			write_escaped(out, *s);
		else
			fwrite(s, 1, (size_t)n, out);
		s += MAX(n, 1);
	}
	fputc('"', out);
}

static void begin(struct json *j, const char *key)
{
	if (!j->first[j->depth])
		fputc(',', j->out);
	j->first[j->depth] = false;
	if (key) {
		write_string(j->out, key);
		fputc(':', j->out);
	}
}

/* What ends at the top ends its line; another value may follow on a line of its own. */
static void finish(struct json *j)
{
	if (j->depth)
		return;
	fputc('\n', j->out);
	j->first[0] = true;
}

static void open_level(struct json *j, const char *key, char bracket)
{
	assert(j->depth + 1 < JSON_MAX_DEPTH);
	begin(j, key);
	fputc(bracket, j->out);
	j->depth++;
	j->first[j->depth] = true;
	j->object[j->depth] = bracket == '{';
}

void json_object(struct json *j, const char *key)
{
	open_level(j, key, '{');
}

void json_array(struct json *j, const char *key)
{
	open_level(j, key, '[');
}

void json_end(struct json *j)
{
	assert(j->depth > 0);
	fputc(j->object[j->depth] ? '}' : ']', j->out);
	j->depth--;
	finish(j);
}

void json_str(struct json *j, const char *key, const char *v)
{
	if (!v) {
		json_null(j, key);
		return;
	}
	begin(j, key);
	write_string(j->out, v);
	finish(j);
}

/* Digits by hand: exports write millions of integers. */
static void write_u64(FILE *out, uint64_t v)
{
	char buf[20], *p = buf + sizeof(buf);

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	fwrite(p, 1, (size_t)(buf + sizeof(buf) - p), out);
}

void json_u64(struct json *j, const char *key, uint64_t v)
{
	begin(j, key);
	write_u64(j->out, v);
	finish(j);
}

void json_i64(struct json *j, const char *key, int64_t v)
{
	begin(j, key);
	if (v < 0)
		fputc('-', j->out);
	write_u64(j->out, v < 0 ? -(uint64_t)v : (uint64_t)v);
	finish(j);
}

void json_double(struct json *j, const char *key, double v, int digits)
{
	char buf[64];

	if (!isfinite(v)) {
		json_null(j, key);
		return;
	}
	begin(j, key);
	snprintf(buf, sizeof(buf), "%.*g", digits, v == 0 ? 0.0 : v);
	for (char *p = buf; *p; p++) /* the decimal point of the host's locale */
		if (!strchr("+-.e0123456789", *p))
			*p = '.';
	fputs(buf, j->out);
	finish(j);
}

void json_bool(struct json *j, const char *key, bool v)
{
	begin(j, key);
	fputs(v ? "true" : "false", j->out);
	finish(j);
}

void json_null(struct json *j, const char *key)
{
	begin(j, key);
	fputs("null", j->out);
	finish(j);
}
