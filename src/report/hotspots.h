/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of code that touches memory, for reports that show it beside something else. */
#ifndef REPORT_HOTSPOTS_H
#define REPORT_HOTSPOTS_H

#include "report/touch.h"

/* 'within' and 'key' place it inside of JSON, as of table_init(). 0 or -ENOMEM. */
int hotspots_write(struct report_args *a, const struct touch *x, struct json *within,
		   const char *key);

#endif
