/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/util.h"
#include "cli/command.h"
#include "cli/render.h"
#include "cli/say.h"
#include "report/condition.h"
#include "report/reports.h"

struct diff_options {
	struct render_options io;
	int format, window, sort;
	const char *comm;
	uint64_t top, time_ns[2];
	struct option_words fail_if;
};

#define AT(field) offsetof(struct diff_options, field)

static const struct option_row options[] = {
	{
		.section = "Of what",
		.name = "comm",
		.type = OPT_STR,
		.offset = AT(comm),
		.arg = "NAME",
		.help = "the hottest process of this name in each record, instead of the hottest "
			"of all",
	},
	{
		.name = "time-range",
		.type = OPT_TIME_RANGE,
		.offset = AT(time_ns),
		.arg = "FROM-TO",
		.base_ns = NS_PER_SEC,
		.help = "only this part of each, since its start: 1s-2.5s; a bare number is "
			"seconds",
	},
	{
		.name = "window",
		.type = OPT_CHOICE,
		.offset = AT(window),
		.choices = "aggr 1s 10s 60s",
		.def = "1s",
		.help = "memory that was accessed within such a time counts as the working set; "
			"aggr is the aggregation interval",
	},
	{
		.name = "sort",
		.type = OPT_CHOICE,
		.offset = AT(sort),
		.choices = "accesses stores stall latency",
		.def = "accesses",
		.help = "what shares of objects and functions are of; stall and latency where the "
			"source tells them",
	},
	{
		.section = "What it is for",
		.name = "fail-if",
		.type = OPT_WORDS,
		.offset = AT(fail_if),
		.arg = "CONDITION",
		.help = "end with status 3 if this holds; may be given several times",
	},
	{
		.section = "To where, and how it looks",
		.name = "output",
		.letter = 'o',
		.type = OPT_STR,
		.offset = AT(io.output),
		.arg = "FILE",
		.def = "-",
		.help = "write there; the file appears when it is complete; '-' is standard output",
	},
	{
		.name = "format",
		.type = OPT_CHOICE,
		.offset = AT(format),
		.choices = "text json csv",
		.def = "text",
		.help = "for people, for programs, for tables",
	},
	{
		.name = "top",
		.type = OPT_COUNT,
		.offset = AT(top),
		.arg = "N",
		.def = "20",
		.range = "1..1000000",
		.help = "rows of objects, and of functions, in text; JSON and CSV have all",
	},
	{
		.name = "width",
		.type = OPT_COUNT,
		.offset = AT(io.width),
		.arg = "COLUMNS",
		.range = "40..10000",
		.help = "instead of the terminal's",
	},
	{0},
};

static const struct command_pair examples[] = {
	{"damon-perf diff old.data new.data", "what moved"},
	{"damon-perf diff old.data new.data --fail-if 'wss>+5%'",
	 "in CI: status 3 if the working set grew by more than 5 %, beyond doubt"},
	{"damon-perf diff old.data new.data --fail-if 'object:[heap]>+2pt' --fail-if 'hot>64MiB'",
	 "or if the heap's share rose by more than 2 points, or the hot set is above 64 MiB"},
	{0},
};

static const struct command_pair statuses[] = {
	{"0", "the report is complete, and no condition holds"},
	{"1",
	 "a record cannot be read, what a condition names is in neither, or the output cannot be "
	 "written"},
	{"2", "wrong usage"},
	{"3", "a condition of --fail-if holds"},
	{0},
};

static const struct report_row row = {"diff", "what moved between two records", report_diff};

static int parse_conditions(const struct option_words *w, struct condition *c,
			    struct damon_fail *fail)
{
	int err = 0;

	for (size_t i = 0; i < w->nr && !err; i++)
		err = condition_parse(w->uses[i].words[0], &c[i], fail);
	return err;
}

static int run(struct diff_options *o, const struct option_line *line)
{
	_cleanup_(freep) struct condition *c = calloc(o->fail_if.nr + 1, sizeof(*c));
	struct damon_fail fail = {0};
	struct report_args args = {
		.format = (enum report_format)o->format,
		.comm = o->comm,
		.time_from_ns = o->time_ns[0],
		.time_to_ns = o->time_ns[1],
		.window = o->window,
		.sort = (enum report_sort)o->sort,
		.top = (unsigned)o->top,
		.snapshot = -1,
		.fail_if = c,
		.nr_fail_if = o->fail_if.nr,
	};

	if (line->nr_operands != 2) {
		damon_fail(&fail, EINVAL, "%d record%s named, 2 are compared", line->nr_operands,
			   line->nr_operands == 1 ? " is" : "s are");
		damon_fail_remedy(&fail, "write 'damon-perf diff BEFORE AFTER'");
		return command_usage(&command_diff, &fail);
	}
	if (!c || parse_conditions(&o->fail_if, c, &fail))
		return command_usage(&command_diff, &fail);
	o->io.input = line->operands[0];
	o->io.other = line->operands[1];
	o->io.color = REPORT_ASCII;
	return render(&row, &args, &o->io);
}

static int cmd_diff(char **argv)
{
	struct diff_options o = {0};
	struct option_line line;
	int status = command_parse(&command_diff, &o, argv, false, &line);

	if (status < 0)
		status = run(&o, &line);
	option_words_release(&o.fail_if);
	return status;
}

const struct command command_diff = {
	.name = "diff",
	.summary = "show what moved between two records",
	.synopsis = "[OPTION...] BEFORE AFTER",
	.about =
		"Compares a process of two records: its working set and hot set (medians over "
		"time), and the shares that objects and functions have in the accesses of the "
		"logs. That something moved is told only if both intervals, within which the truth "
		"lies with 95 %, do not meet. "
		"Anonymous mappings, malloc arenas and threads' stacks have other addresses in "
		"each run, and are compared as one each.\n\n"
		"A CONDITION is a figure (wss, hot, object:NAME, function:NAME), '>' or '<', and a "
		"limit. With a sign the limit is one of the change: '+5%' of what it was, '-2pt' "
		"(points of a share), '+10MiB'. Without, it is of the second record: '100MiB', "
		"'5%' of the accesses. A condition on a change holds only if the change is beyond "
		"doubt as well, one on a figure only if all of its interval is across the limit; "
		"with '?' at the end the estimates are enough.",
	.options = options,
	.examples = examples,
	.statuses = statuses,
	.usage_status = 2,
	.run = cmd_diff,
};
