/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of 'record', and what of them makes sense together. */
#ifndef CLI_RECORD_OPTIONS_H
#define CLI_RECORD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/hardware.h"
#include "cli/option.h"
#include "damon.h"

#define RECORD_OUTPUT "damon-perf.data"
#define RAW_OUTPUT    "damon-perf.raw.data"

struct record_options {
	struct option_pids pids;
	const char *replay, *output, *source, *resolution, *goal, *goal_words[4], *check;
	uint64_t duration_ns, mem_reads, checks_per_sec;
	double overhead_percent, rate_hz;
	uint64_t intervals_ns[3];		    /* sampling, aggregation, update */
	uint64_t nr_regions[2];			    /* minimum, maximum */
	struct damon_intervals_goal intervals_goal; /* of 'goal' or 'goal_words', once checked */
	struct hardware_options hardware;
	struct damon_sampling sampling;
	bool quiet, raw;
};

extern const struct option_row record_rows[];

/* Completes 'o' after parsing; refuses what contradicts itself. Returns 0 or -EINVAL with the
 * sentence. */
int record_check_options(struct record_options *o, const struct option_line *line,
			 struct damon_fail *fail);

#endif
