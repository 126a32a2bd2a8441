/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options/record_options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/raw.h"
#include "cli/replay.h"
#include "cli/options/tuning.h"

#define AT(field) offsetof(struct record_options, field)

const struct option_row record_rows[] = {
	TARGET_ROWS(AT(targets), "What to record, and where to", BY_WHO),
	{
		.name = "replay",
		.type = OPT_STR,
		.offset = AT(replay),
		.arg = "FILE",
		.help = "record nothing, and make a record of a recording that perf made ('perf "
			"mem record', 'perf record -d', or of the kernel's DAMON): with other "
			"intervals, or to keep; '-' is standard input",
	},
	{
		.name = "output",
		.letter = 'o',
		.type = OPT_STR,
		.offset = AT(output),
		.arg = "FILE",
		.def = RECORD_OUTPUT,
		.aliases = "out",
		.help = "the record; one that is there becomes FILE.old; without a command, '-' is "
			"standard "
			"output; with --raw, " RAW_OUTPUT " if not given",
	},
	{
		.name = "raw",
		.type = OPT_FLAG,
		.offset = AT(raw),
		.help = "write what the kernel says as it is, as perf.data, instead of a record: "
			"samples, hardware traces, mappings; to be decoded elsewhere, or shown by "
			"perf. It holds addresses, and with source soft registers and stack",
	},
	{
		.name = "duration",
		.type = OPT_TIME,
		.offset = AT(duration_ns),
		.arg = "TIME",
		.range = "1 ms..365 d",
		.base_ns = NS_PER_SEC,
		.help = "end the recording after this time; a command that is still running goes "
			"on, and is waited for; a bare number is seconds",
	},
	SAMPLING_ROWS(AT(how)),
	{
		.section = "Other",
		.name = "quiet",
		.letter = 'q',
		.type = OPT_FLAG,
		.offset = AT(quiet),
		.help = "say nothing but errors: no live line, no summary",
	},
	{0},
};

/* ---- what was asked for ---- */

static int check_what(struct record_options *o, const struct option_line *line,
		      struct damon_fail *fail)
{
	int err = target_options_check(&o->targets, record_rows, line, fail);

	if (err || o->replay)
		return err ? err : replay_check(record_rows, line, fail);
	if (!target_options_any(&o->targets) && !line->nr_operands) {
		damon_fail(fail, EINVAL, "nothing to record");
		damon_fail_remedy(fail, "give a command, or processes with '-p'; examples are in "
					"'damon-perf record --help'");
		return -EINVAL;
	}
	if (line->nr_operands && !*line->operands[0]) {
		damon_fail(fail, EINVAL, "the command is an empty word");
		damon_fail_remedy(fail, "give the name of a program");
		return -EINVAL;
	}
	return 0;
}

int record_check_options(struct record_options *o, const struct option_line *line,
			 struct damon_fail *fail)
{
	bool to_stdout = !strcmp(o->output, "-");

	if (check_what(o, line, fail) || sampling_check(&o->how, record_rows, line, fail))
		return -EINVAL;
	if (o->raw)
		return raw_check_options(record_rows, line, &o->output, fail);
	if (to_stdout && line->nr_operands) {
		damon_fail(fail, EINVAL, "the record and the command's output would mix");
		damon_fail_remedy(fail, "name a file with '-o'");
		return -EINVAL;
	}
	if (to_stdout && isatty(STDOUT_FILENO)) {
		damon_fail(fail, EINVAL, "standard output is a terminal, which shows no records");
		damon_fail_remedy(fail, "redirect it, or name a file with '-o'");
		return -EINVAL;
	}
	return 0;
}
