/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions on the difference of two records, for scripts: "wss>+5%".
 *
 *	CONDITION  METRIC (">" | "<") LIMIT ["?"]
 *	METRIC     "wss" | "hot" | "object:" NAME | "function:" NAME
 *	LIMIT      ["+" | "-"] NUMBER ["%" | "pt" | a unit of bytes]
 *
 * A limit with a sign is one of the change from the first record to the second: in percent of the
 * first, in points (of shares: "+2pt"), or in bytes. One without is of the second record's own
 * figure: bytes, or percent of a share. Conditions hold only beyond doubt: of a change, if the
 * intervals of both figures do not meet, of a figure, if its whole interval is across the limit;
 * with "?" behind, already if the estimates say so.
 */
#ifndef REPORT_CONDITION_H
#define REPORT_CONDITION_H

#include <stdbool.h>

#include "base/fail.h"
#include "report/known.h"

enum condition_metric { CONDITION_WSS, CONDITION_HOT, CONDITION_OBJECT, CONDITION_FUNCTION };

struct condition {
	const char *text; /* as it was written */
	enum condition_metric metric;
	char name[256]; /* of an object or function */
	bool above;	/* ">" */
	bool change;	/* of the change; else of the second figure */
	bool relative;	/* 'limit' is a ratio of the first figure, 1 is 100 % */
	bool likely;	/* "?": estimates are enough */
	double limit;	/* bytes, or 1 for 100 % or 100 points */
};

/* 'text' is kept. Returns 0 or -EINVAL with the sentence in 'fail'. */
int condition_parse(const char *text, struct condition *c, struct damon_fail *fail);

enum condition_answer {
	CONDITION_NO,
	CONDITION_YES,
	CONDITION_UNSURE, /* the estimates say yes, the bounds leave doubt */
};
enum condition_answer condition_ask(const struct condition *c, const struct known *before,
				    const struct known *after);

#endif
