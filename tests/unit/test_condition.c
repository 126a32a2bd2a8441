/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditions on the difference of two records: their grammar, and when they hold. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "report/condition.h"

Test(condition, grammar)
{
	static const struct {
		const char *text;
		enum condition_metric metric;
		const char *name;
		bool above, change, relative, likely;
		double limit;
	} rows[] = {
		{"wss>+5%", CONDITION_WSS, "", true, true, true, false, .05},
		{"wss<-12.5%?", CONDITION_WSS, "", false, true, true, true, -.125},
		{"hot>100MiB", CONDITION_HOT, "", true, false, false, false, 100 << 20},
		{"hot>+4K", CONDITION_HOT, "", true, true, false, false, 4096},
		{"object:[heap]>+2pt", CONDITION_OBJECT, "[heap]", true, true, false, false, .02},
		{"object:a>b>3%", CONDITION_OBJECT, "a>b", true, false, false, false, .03},
		{"function:x::operator<(y)<-1%", CONDITION_FUNCTION, "x::operator<(y)", false, true,
		 true, false, -.01},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct damon_fail fail = {0};
		struct condition c;

		cr_assert_eq(condition_parse(rows[i].text, &c, &fail), 0, "%s: %s", rows[i].text,
			     fail.text);
		cr_expect_eq(c.metric, rows[i].metric, "%s", rows[i].text);
		cr_expect_str_eq(c.name, rows[i].name);
		cr_expect(c.above == rows[i].above && c.change == rows[i].change &&
				  c.relative == rows[i].relative && c.likely == rows[i].likely,
			  "%s", rows[i].text);
		cr_expect_float_eq(c.limit, rows[i].limit, 1e-12, "%s: %g", rows[i].text, c.limit);
	}
}

Test(condition, what_is_no_condition)
{
	static const char *const rows[] = {
		"",	    "wss",	">",	   "wss>",	 "wss>+",	 "wss>?",
		"wss>5%",   "wss>+5pt", "vss>+5%", "object:>1%", "object:a>5",	 "object:a>5pt",
		"wss>--5%", "wss>+x%",	"hot=5",   "wss>+nan%",	 "wss>1.5.5MiB",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct damon_fail fail = {0};
		struct condition c;

		cr_expect_eq(condition_parse(rows[i], &c, &fail), -EINVAL, "%s", rows[i]);
		cr_expect(fail.text[0] && fail.remedy[0], "%s", rows[i]);
	}
}

Test(condition, holds_only_beyond_doubt)
{
	static const struct {
		const char *text;
		struct known before, after;
		enum condition_answer answer;
	} rows[] = {
		{"wss>+5%", {100, 90, 110}, {120, 112, 130}, CONDITION_YES},
		{"wss>+5%", {100, 90, 110}, {120, 108, 130}, CONDITION_UNSURE},
		{"wss>+5%?", {100, 90, 110}, {120, 108, 130}, CONDITION_YES},
		{"wss>+25%", {100, 90, 110}, {120, 112, 130}, CONDITION_NO},
		{"wss<-5%", {100, 90, 110}, {80, 70, 85}, CONDITION_YES},
		{"wss>+5%", {100, 90, 110}, {80, 70, 85}, CONDITION_NO},
		{"wss>+5%", {0, 0, 1}, {80, 70, 85}, CONDITION_YES},
		{"wss>+5%", {0, 0, 0}, {0, 0, 0}, CONDITION_NO},
		{"wss>50B", {0, 0, 0}, {80, 70, 85}, CONDITION_YES},
		{"wss>75B", {0, 0, 0}, {80, 70, 85}, CONDITION_UNSURE},
		{"wss<100B", {0, 0, 0}, {80, 70, 85}, CONDITION_YES},
		{"object:a>+2pt", {.1, .09, .11}, {.13, .12, .14}, CONDITION_YES},
		{"object:a>+4pt", {.1, .09, .11}, {.13, .12, .14}, CONDITION_NO},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct damon_fail fail = {0};
		struct condition c;

		cr_assert_eq(condition_parse(rows[i].text, &c, &fail), 0, "%s", fail.text);
		cr_expect_eq(condition_ask(&c, &rows[i].before, &rows[i].after), rows[i].answer,
			     "row %zu: %s", i, rows[i].text);
	}
}
