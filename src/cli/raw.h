/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 'record --raw': what it takes and what it says. */
#ifndef CLI_RAW_H
#define CLI_RAW_H

#include "cli/options/option.h"
#include "damon.h"

/* Refuses options of 'record' that nothing is decoded for; names the output if none was given. 0 or
 * -EINVAL. */
int raw_check_options(const struct option_row *rows, const struct option_line *line,
		      const char **output, struct damon_fail *fail);

/* Says what the file has. */
void raw_say(const struct damon_stats *s, const char *output);

#endif
