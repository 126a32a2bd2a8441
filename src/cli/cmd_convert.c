/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/render.h"
#include "cli/say.h"

struct convert_options {
	struct render_options io;
	int to;
	bool anonymize;
};

#define AT(field) offsetof(struct convert_options, field)

static const char *format_name(size_t i)
{
	return export_rows[i].name;
}

static const struct option_row options[] = {
	{
		.name = "input",
		.letter = 'i',
		.type = OPT_STR,
		.offset = AT(io.input),
		.arg = "FILE",
		.def = "damon-perf.data",
		.aliases = "input-file",
		.help = "the record, or a recording that perf made of memory samples or of the "
			"kernel's DAMON (perf.data); '-' is standard input",
	},
	{
		.name = "output",
		.letter = 'o',
		.type = OPT_STR,
		.offset = AT(io.output),
		.arg = "FILE",
		.required = true,
		.help = "write there; the file appears when it is complete; '-' is standard output",
	},
	{
		.name = "to",
		.type = OPT_CHOICE,
		.offset = AT(to),
		.arg = "FORMAT",
		.word = format_name,
		.required = true,
		.help = "one of the formats above",
	},
	{
		.name = "anonymize",
		.type = OPT_FLAG,
		.offset = AT(anonymize),
		.help = "with --to record: names and paths become hashes, addresses move, the "
			"command "
			"line goes; figures stay",
	},
	{0},
};

static const struct command_pair examples[] = {
	{"damon-perf convert --to damo -o damon.data", "for damo, DAMON's own tool"},
	{"damon-perf convert -i sort.data --to csv -o - | head", "a look at the regions"},
	{"damon-perf convert --to perf -o perf.data && perf report --mem-mode",
	 "the samples in perf's own reports"},
	{"damon-perf convert --to pprof -o mem.pb.gz && pprof -http : mem.pb.gz",
	 "graphs and flame graphs of who touches the memory"},
	{"damon-perf convert --to folded -o - | flamegraph.pl > mem.svg", "one flame graph"},
	{"damon-perf convert --to record --anonymize -o mail.data", "a record to give away"},
	{"damon-perf convert --to perfetto -o mem.pftrace", "then open it in ui.perfetto.dev"},
	{0},
};

static const struct command_pair statuses[] = {
	{"0", "the file is complete"},
	{"1", "the record cannot be read, or the output cannot be written"},
	{"2", "wrong usage"},
	{0},
};

static int cmd_convert(char **argv)
{
	struct report_args args = {.window = -1, .snapshot = -1};
	struct command_dirs dirs;
	struct convert_options o = {0};
	struct damon_fail fail = {0};
	struct option_line line;
	int status = command_parse(&command_convert, &o, argv, false, &line);

	if (status >= 0)
		return status;
	if (line.nr_operands) {
		damon_fail(&fail, EINVAL, "'%.80s' is one word too many", line.operands[0]);
		damon_fail_remedy(&fail, "name the input with '-i' and the output with '-o'");
		return command_usage(&command_convert, &fail);
	}
	if (o.anonymize && strcmp(export_rows[o.to].name, "record")) {
		damon_fail(&fail, EINVAL, "'--anonymize' is for records");
		damon_fail_remedy(&fail, "write one with '--to record', and convert that");
		return command_usage(&command_convert, &fail);
	}
	o.io.color = REPORT_ASCII;
	args.anonymize = o.anonymize;
	command_symbols(&dirs, &args.symbols);
	return render(&export_rows[o.to], &args, &o.io);
}

const struct command command_convert = {
	.name = "convert",
	.summary = "write a record in a format of other programs",
	.synopsis = "[OPTION...] --to FORMAT -o FILE",
	.about =
		"Reads a record and writes what it holds in another format.\n\n"
		"CSV has the 95 % bounds of heat, share, write_share and nr_accesses in columns "
		"that end in _lo and _hi, the samples behind them in nr_ticks, and what looks at "
		"accessed bits found in nr_checks and checked_share. damo's formats have no room "
		"for bounds; damo-json has those of heat as keys that damo passes over.\n\n"
		"perf.data holds no snapshots but the log of samples: some 200 a second, chosen at "
		"random; up to 10,000 of a recording of perf. Each is of an event named after "
		"its source, with the number of accesses that it stands for as its period "
		"('relative' in the event's name: only in "
		"proportion to the others) and its latency as its weight. Names, mappings, "
		"exec and exit of their processes are with them, as far as the record knows.\n\n"
		"pprof and folded are of that log, too, by code and by what it touches: inlined "
		"frames, where debug information tells them, but no call chains, which a record "
		"does not have. pprof has samples, accesses, bytes, latency and stall, and labels "
		"of pid, tid, comm, object, kind (of object), access and level. A line of folded "
		"is comm;object;module;function;inlined and a number of accesses.\n\n"
		"perfetto has counters over time: accesses a second and the working set of 1 s "
		"with "
		"their bounds, by process, accesses a second of the 16 hottest mappings of each of "
		"the 256 hottest processes, and marks as instants.\n\n"
		"record is the record again, without what was damaged. With --anonymize it tells "
		"nothing of whose it is: hashes stand for paths, names of processes, mappings and "
		"marks, under a key that nobody keeps, so that equal names stay equal in it and "
		"nowhere else; [heap], .so and their like stay. Addresses of each process move by "
		"a "
		"distance of its own. What stays: figures, times, process ids, the processor, "
		"the number of the kernel.\n\n"
		"json is one object: version, record, targets, marks, and snapshots, whose regions "
		"have the columns of CSV as keys. Times are ns since the epoch, or on the "
		"recording's own clock where perf was not told to note the time of day.",
	.options = options,
	.rows_title = "Formats",
	.rows = export_rows,
	.examples = examples,
	.statuses = statuses,
	.usage_status = 2,
	.run = cmd_convert,
};
