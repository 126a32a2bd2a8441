/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"

static char *text;
static size_t len;

static void open_text(struct json *j)
{
	json_init(j, open_memstream(&text, &len));
}

static const char *close_text(struct json *j)
{
	fclose(j->out);
	return text;
}

static void clear(void)
{
	free(text);
	text = NULL;
}

Test(json, nests_and_separates, .fini = clear)
{
	struct json j;

	open_text(&j);
	json_object(&j, NULL);
	json_array(&j, "empty");
	json_end(&j);
	json_array(&j, "list");
	json_u64(&j, NULL, UINT64_MAX);
	json_i64(&j, NULL, INT64_MIN);
	json_object(&j, NULL);
	json_end(&j);
	json_null(&j, NULL);
	json_end(&j);
	json_bool(&j, "yes", true);
	json_bool(&j, "no", false);
	json_end(&j);
	cr_assert_str_eq(close_text(&j),
			 "{\"empty\":[],\"list\":[18446744073709551615,"
			 "-9223372036854775808,{},null],\"yes\":true,\"no\":false}\n");
}

Test(json, top_values_stand_on_lines_of_their_own, .fini = clear)
{
	struct json j;

	open_text(&j);
	json_u64(&j, NULL, 0);
	json_array(&j, NULL);
	json_end(&j);
	json_str(&j, NULL, NULL);
	cr_assert_str_eq(close_text(&j), "0\n[]\nnull\n");
}

Test(json, strings_are_quoted_and_made_utf8, .fini = clear)
{
	static const struct {
		const char *name, *in, *out;
	} rows[] = {
		{"plain", "libc.so.6", "\"libc.so.6\""},
		{"empty", "", "\"\""},
		{"quotes", "a\"b\\c/", "\"a\\\"b\\\\c/\""},
		{"controls", "\b\f\n\r\t\001\037\177", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\""},
		{"two bytes", "\xc3\xa9", "\"\xc3\xa9\""},
		{"three bytes", "\xe2\x82\xac", "\"\xe2\x82\xac\""},
		{"four bytes", "\xf0\x9f\x94\xa5", "\"\xf0\x9f\x94\xa5\""},
		{"lone continuation", "a\x80z", "\"a\\ufffdz\""},
		{"overlong slash", "\xc0\xaf", "\"\\ufffd\\ufffd\""},
		{"overlong three", "\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\""},
		{"surrogate", "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
		{"beyond unicode", "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
		{"cut short", "x\xe2\x82", "\"x\\ufffd\\ufffd\""},
		{"cut by ascii", "\xe2\x82z", "\"\\ufffd\\ufffdz\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json j;

		open_text(&j);
		json_str(&j, NULL, rows[i].in);
		close_text(&j);
		cr_assert_eq(text[len - 1], '\n');
		text[len - 1] = '\0';
		cr_expect_str_eq(text, rows[i].out, "%s: %s", rows[i].name, text);
		clear();
	}
}

Test(json, doubles_have_the_digits_asked_for, .fini = clear)
{
	static const struct {
		double v;
		int digits;
		const char *out;
	} rows[] = {
		{0, 6, "0\n"},
		{-0.0, 6, "0\n"},
		{1.5, 6, "1.5\n"},
		{1234567, 3, "1.23e+06\n"},
		{1.0 / 3, 4, "0.3333\n"},
		{NAN, 6, "null\n"},
		{INFINITY, 6, "null\n"},
		{-INFINITY, 6, "null\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json j;

		open_text(&j);
		json_double(&j, NULL, rows[i].v, rows[i].digits);
		cr_expect_str_eq(close_text(&j), rows[i].out, "row %zu: %s", i, text);
		clear();
	}
}
