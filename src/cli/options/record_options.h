/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of 'record', and what of them makes sense together. */
#ifndef CLI_RECORD_OPTIONS_H
#define CLI_RECORD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options/option.h"
#include "cli/options/sampling.h"
#include "cli/options/target_options.h"
#include "damon.h"

#define RECORD_OUTPUT "damon-perf.data"
#define RAW_OUTPUT    "damon-perf.raw.data"

struct record_options {
	struct target_options targets;
	const char *replay, *output;
	uint64_t duration_ns;
	struct sampling_options how;
	bool quiet, raw;
};

extern const struct option_row record_rows[];

/* Completes 'o' after parsing; refuses what contradicts itself. Returns 0 or -EINVAL with the
 * sentence. */
int record_check_options(struct record_options *o, const struct option_line *line,
			 struct damon_fail *fail);

#endif
