/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory a target has, touches and needs, over time. */
#ifndef REPORT_USAGE_H
#define REPORT_USAGE_H

#include "report/dist.h"
#include "report/scan.h"

struct usage {
	struct dist_known mapped, hot_set; /* bytes in regions; of 90 % of accesses */
	struct dist_known wss[4];	   /* by enum damon_wss_window */
};

/* Goes through the snapshots of a target, within the time asked for. */
int usage_read(struct report_args *a, const struct scan *sc, const struct scan_target *t,
	       struct usage *u);

#endif
