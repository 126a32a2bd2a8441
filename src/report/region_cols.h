/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that is known of a region, as columns of a table: the same in CSV and in JSON. */
#ifndef REPORT_REGION_COLS_H
#define REPORT_REGION_COLS_H

#include "report/scan.h"
#include "report/table.h"

#define REGION_COLS                                                                                \
	{.key = "start"}, {.key = "end"}, {.key = "nr_accesses"}, {.key = "nr_accesses_lo"},       \
		{.key = "nr_accesses_hi"}, {.key = "age"}, {.key = "idle"}, {.key = "heat"},       \
		{.key = "heat_lo"}, {.key = "heat_hi"}, {.key = "share"}, {.key = "share_lo"},     \
		{.key = "share_hi"}, {.key = "write_share"}, {.key = "write_share_lo"},            \
		{.key = "write_share_hi"}, {.key = "nr_ticks"}, {.key = "nr_checks"},              \
	{                                                                                          \
		.key = "checked_share"                                                             \
	}

/* The cells of region 'i' of the target that 'c' is at. */
void region_cols_put(struct table *t, const struct scan_cursor *c, size_t i);

#endif
