/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What schemes did in a record, for 'report info': nothing where there were none. */
#ifndef REPORT_INFO_SCHEMES_H
#define REPORT_INFO_SCHEMES_H

#include "base/json.h"
#include "report/reports.h"

/* The record has been read to its end. */
void info_schemes_text(struct report_args *a, const struct damon_stats *st);
void info_schemes_json(const struct damon_record *rec, const struct damon_stats *st,
		       struct json *j);

#endif
