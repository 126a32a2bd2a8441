/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_REPORT_SCENARIOS_H
#define TESTS_REPORT_SCENARIOS_H

#include "tests/report/fake_record.h"

struct scenario {
	const char *name;
	void (*fill)(struct damon_record *r);
};

extern const struct scenario scenarios[]; /* NULL-named at the end */

#endif
