/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of metrics: OpenMetrics 1.0, or Prometheus's text format 0.0.4. Pure. */
#ifndef LIVE_METRICS_TEXT_H
#define LIVE_METRICS_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "damon.h"
#include "damos.h"
#include "report/known.h"
#include "report/names.h"

#define METRICS_TARGETS 64 /* with figures of their own; the rest is 'others' */

enum { METRICS_WINDOWS = DAMON_WSS_60S + 1 };

struct metrics_target {
	uint32_t id;
	int pid;
	char comm[NAME_MAX_LEN];
	uint32_t nr_procs;
	struct known share; /* of the accesses; v < 0: not known */
	struct known wss[METRICS_WINDOWS];
	uint64_t rss_bytes; /* 0: not known */
};

struct metrics_world {
	const char *version;
	struct damon_stats stats;
	int64_t snapshot_epoch_ns; /* end of the latest; 0: there is none yet */
	const struct metrics_target *targets;
	size_t nr_targets;
	struct metrics_target others; /* sums of those beyond */
	size_t nr_others;
	const struct damos_stats *schemes;
	size_t nr_schemes;
};

void metrics_text(FILE *out, const struct metrics_world *w, bool openmetrics);

#endif
