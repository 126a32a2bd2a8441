/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/command.h"
#include "cli/render.h"
#include "cli/say.h"
#include "report/picture/picture.h"

struct report_options {
	struct render_options io;
	int format, color, window, sort, by;
	bool members, percentiles;
	uint64_t top, idle_ns;
	const char *comm, *why;
	uint64_t pid, snapshot;
	uint64_t addr[2], grid[2], pixels[2];
	struct option_time_range time;
	int scale;
	bool dark;
};

#define AT(field) offsetof(struct report_options, field)

static const struct option_row options[] = {
	{
		.section = "From where, to where",
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
		.def = "-",
		.help = "write there; the file appears when it is complete; '-' is standard output",
	},
	{
		.name = "format",
		.type = OPT_CHOICE,
		.offset = AT(format),
		.choices = "text json csv png svg",
		.def = "text",
		.help = "for people, for programs, for tables; report heatmap, wss: pictures, "
			"which "
			"a name of the output that ends with '.png' or '.svg' asks for, too",
	},
	{
		.section = "Of what",
		.name = "pid",
		.letter = 'p',
		.type = OPT_COUNT,
		.offset = AT(pid),
		.arg = "PID",
		.range = "1..4194304",
		.group = 1,
		.help = "this process; if neither this nor --comm is given, the hottest one is "
			"shown and named; report hotspots, objects and levels then show all",
	},
	{
		.name = "comm",
		.type = OPT_STR,
		.offset = AT(comm),
		.arg = "NAME",
		.group = 1,
		.help = "the hottest process of this name",
	},
	{
		.name = "address-range",
		.type = OPT_ADDR_RANGE,
		.offset = AT(addr),
		.arg = "START-END",
		.help = "only these addresses: 0x7f0000000000-0x7f0040000000 (as reports show "
			"them, with 0x in front), 4G-5G",
	},
	{
		.name = "time-range",
		.type = OPT_TIME_RANGE,
		.offset = AT(time),
		.arg = "FROM-TO",
		.base_ns = NS_PER_SEC,
		.help = "only this part, since the start of the record: 1s-2.5s; a bare number is "
			"seconds. mark:NAME is from that mark to the next one, NAME..NAME from one "
			"to another, each of which may be a time, or left out: 'load..', '..10s'",
	},
	{
		.name = "snapshot",
		.type = OPT_COUNT,
		.offset = AT(snapshot),
		.arg = "N",
		.help = "report access, advice, recency, temperature: this snapshot, counted from "
			"0, instead of the last",
	},
	{
		.name = "why",
		.type = OPT_STR,
		.offset = AT(why),
		.arg = "ADDR",
		.help = "report access: the region that holds this address, in hex as reports show "
			"it: how hot it was and is, since when, which object it is, and which code "
			"touches it",
	},
	{
		.name = "idle",
		.type = OPT_TIME,
		.offset = AT(idle_ns),
		.arg = "TIME",
		.base_ns = NS_PER_SEC,
		.def = "10s",
		.range = "1ms..365d",
		.help = "report advice: memory that was not accessed for so long; a bare number is "
			"seconds",
	},
	{
		.name = "window",
		.type = OPT_CHOICE,
		.offset = AT(window),
		.choices = "aggr 1s 10s 60s",
		.help = "report wss: memory that was accessed within such a time counts as the "
			"working set; aggr is the aggregation interval",
	},
	{
		.name = "by",
		.type = OPT_CHOICE,
		.offset = AT(by),
		.choices = "function line module",
		.def = "function",
		.help = "report hotspots, levels, html: how finely code is told apart; 'line' "
			"needs debug information, and tells inlined functions, too",
	},
	{
		.name = "members",
		.type = OPT_FLAG,
		.offset = AT(members),
		.help = "report objects, html: variables by their members, where debug information "
			"tells them",
	},
	{
		.name = "sort",
		.type = OPT_CHOICE,
		.offset = AT(sort),
		.choices = "accesses stores stall latency",
		.def = "accesses",
		.help = "report hotspots, objects, levels: what shares are of, and rows of code "
			"and objects are sorted by; stall and latency where the source tells them",
	},
	{
		.name = "top",
		.type = OPT_COUNT,
		.offset = AT(top),
		.arg = "N",
		.def = "20",
		.range = "1..1000000",
		.help = "report hotspots, objects: rows in text; JSON and CSV have all",
	},
	{
		.name = "percentiles",
		.type = OPT_FLAG,
		.offset = AT(percentiles),
		.help = "report hotspots, objects: of latencies, where the source tells them",
	},
	{
		.section = "How it looks",
		.name = "resol",
		.type = OPT_GRID,
		.offset = AT(grid),
		.arg = "TxA",
		.help = "report heatmap: cells in time and address, such as 80x40, instead of what "
			"fits",
	},
	{
		.name = "color",
		.type = OPT_CHOICE,
		.offset = AT(color),
		.choices = "auto never 256 truecolor",
		.def = "auto",
		.aliases = "colour",
		.help = "auto: as the terminal can, and none elsewhere",
	},
	{
		.name = "width",
		.type = OPT_COUNT,
		.offset = AT(io.width),
		.arg = "COLUMNS",
		.range = "40..10000",
		.help = "instead of the terminal's",
	},
	{
		.section = "Pictures",
		.name = "size",
		.type = OPT_GRID,
		.offset = AT(pixels),
		.arg = "WxH",
		.def = "1200x760",
		.help = "width and height in pixels; letters grow with it",
	},
	{
		.name = "scale",
		.type = OPT_CHOICE,
		.offset = AT(scale),
		.choices = "log linear",
		.def = "log",
		.help = "report heatmap: how heat becomes colour",
	},
	{
		.name = "dark",
		.type = OPT_FLAG,
		.offset = AT(dark),
		.help = "light on dark",
	},
	{0},
};

static const struct command_pair examples[] = {
	{"damon-perf report", "one page: the processes, their heat and working sets"},
	{"damon-perf report heatmap", "what was hot, when and where"},
	{"damon-perf report heatmap -o heat.png", "the same as a picture"},
	{"damon-perf report heatmap --comm cc1 --time-range 2s-4s", "two seconds of the compiler"},
	{"damon-perf report wss --window 10s --format csv > wss.csv",
	 "the working set over time, for a spreadsheet"},
	{"damon-perf report hotspots --by line", "the lines of code that touch the memory most"},
	{"damon-perf report objects --members", "which variables, and which of their members"},
	{"damon-perf report levels",
	 "what was served from caches, memory and other nodes, and to whom"},
	{"damon-perf report annotate", "the source lines and instructions of the hottest function"},
	{"damon-perf report annotate 'hash_find(int)'", "or of that one"},
	{"damon-perf report access --why 7ffe1ef9c000 --by line",
	 "why a region is hot: its history, its object, the lines that touch it"},
	{"damon-perf report html -o report.html",
	 "a page to zoom, hover and search in: one file, which can be mailed"},
	{"damon-perf report access --snapshot 0 -i other.data", "all regions of one snapshot"},
	{"damon-perf report heatmap --color 256 | less -R", "colours through a pager"},
	{0},
};

static const struct command_pair environment[] = {
	{"COLORTERM, TERM", "colours: 'truecolor' in the first, '256color' in the second; else "
			    "letters are drawn"},
	{"NO_COLOR", "if not empty: no colours"},
	{"LC_ALL, LC_CTYPE, LANG", "a locale without UTF-8: no colours, as they are drawn with "
				   "its blocks"},
	{"XDG_CACHE_HOME, HOME", "hotspots --by line keeps what it learnt of programs in "
				 "damon-perf below the first, or .cache/damon-perf below the "
				 "second"},
	{"PERF_BUILDID_DIR, HOME", "programs that are gone are looked for by build id in the "
				   "first, or in .debug below the second, where perf keeps "
				   "them, and in /usr/lib/debug"},
	{"COLUMNS", "width where the output is no terminal"},
	{0},
};

static const struct command_pair statuses[] = {
	{"0", "the report is complete"},
	{"1",
	 "the record cannot be read, holds nothing that was asked for, or the output cannot be "
	 "written"},
	{"2", "wrong usage"},
	{0},
};

static const struct report_row *choose(const struct option_line *line, struct damon_fail *fail)
{
	const char *name = line->nr_operands ? line->operands[0] : report_rows[0].name;
	const struct report_row *row;

	row = command_row(report_rows, "report", name, fail);
	if (row && line->nr_operands > (row->operand ? 2 : 1)) {
		damon_fail(fail, EINVAL, "'%.80s' is one name too many",
			   line->operands[row->operand ? 2 : 1]);
		damon_fail_remedy(fail, "ask for one report at a time");
		return NULL;
	}
	if (!row && !fail->remedy[0] && !access(name, R_OK))
		damon_fail_remedy(fail, "to read that file, write '-i %.200s'", name);
	return row;
}

/* An address as reports show them: hex, with 0x or without. */
static bool parse_address(const char *text, uint64_t *addr)
{
	const char *hex = text[0] == '0' && (text[1] | 32) == 'x' ? text + 2 : text;
	size_t n = strspn(hex, "0123456789abcdefABCDEF");

	if (!n || n > 16 || hex[n])
		return false;
	*addr = strtoull(hex, NULL, 16);
	return true;
}

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len > n && !strcasecmp(s + len - n, end);
}

/* A picture may be asked for by the name of the output. Returns 0, or -EINVAL with what is wrong
 * with that. */
static int choose_picture(const struct report_row *row, struct report_options *o, bool is_given,
			  struct damon_fail *fail)
{
	if (!is_given && ends_with(o->io.output, ".png"))
		o->format = REPORT_PNG;
	else if (!is_given && ends_with(o->io.output, ".svg"))
		o->format = REPORT_SVG;
	if (!report_is_picture((enum report_format)o->format))
		return 0;
	if (row->draws)
		return picture_check_size(o->pixels[0], o->pixels[1], fail);
	damon_fail(fail, EINVAL, "there is no picture of the report '%s'", row->name);
	damon_fail_remedy(fail, "'heatmap' and 'wss' are drawn; ask for text with '--format text'");
	return -EINVAL;
}

static int cmd_report(char **argv)
{
	static const int colors[] = {-1, REPORT_ASCII, REPORT_256, REPORT_TRUECOLOR};
	struct report_options o = {0};
	struct damon_fail fail = {0};
	const struct report_row *row;
	struct option_line line;
	int status = command_parse(&command_report, &o, argv, false, &line);
	struct report_args args;
	struct command_dirs dirs;
	uint64_t why = 0;

	if (status >= 0)
		return status;
	row = choose(&line, &fail);
	if (!row || choose_picture(row, &o, option_given(options, &line, "format"), &fail))
		return command_usage(&command_report, &fail);
	if (o.why && !parse_address(o.why, &why)) {
		damon_fail(&fail, EINVAL, "'--why %.40s' is no address", o.why);
		damon_fail_remedy(&fail, "write it in hex, as reports show it: 7f10c0000000");
		return command_usage(&command_report, &fail);
	}
	args = (struct report_args){
		.format = (enum report_format)o.format,
		.pid = (int)o.pid,
		.comm = o.comm,
		.addr_start = o.addr[0],
		.addr_end = o.addr[1],
		.time_from_ns = o.time.ns[0],
		.time_to_ns = o.time.ns[1],
		.time_marks = o.time.marks,
		.resol_time = (unsigned)o.grid[0],
		.resol_addr = (unsigned)o.grid[1],
		.window = option_given(options, &line, "window") ? o.window : -1,
		.sort = (enum report_sort)o.sort,
		.grain = (enum report_grain)o.by,
		.members = o.members,
		.percentiles = o.percentiles,
		.function = line.nr_operands > 1 ? line.operands[1] : NULL,
		.idle_ns = o.idle_ns,
		.has_why = o.why,
		.why = why,
		.top = (unsigned)o.top,
		.snapshot = option_given(options, &line, "snapshot")
				    ? (int64_t)MIN(o.snapshot, (uint64_t)INT64_MAX)
				    : -1,
		.pixels = {(unsigned)o.pixels[0], (unsigned)o.pixels[1]},
		.scale = (enum report_scale)o.scale,
		.dark = o.dark,
	};
	command_symbols(&dirs, &args.symbols);
	o.io.color = colors[o.color];
	return render(row, &args, &o.io);
}

const struct command command_report = {
	.name = "report",
	.summary = "show what a record tells",
	.synopsis = "[NAME] [OPTION...]\nannotate [FUNCTION] [OPTION...]",
	.about =
		"Reads a record and shows one report of it. Without NAME that is a page with the "
		"processes, their heat and their working sets, and what to look at next.\n\n"
		"Heat is accesses per page and second. The range beside a figure, [lo, hi], is "
		"where the truth lies with 95 %, as far as the samples tell: the fewer they are, "
		"the wider it is. Text shows no more digits than are known; '<' is the most that "
		"what was not seen may be, '~' a figure that may also be none. Bounds that have "
		"no room on the page are in JSON and CSV.\n\n"
		"In JSON and CSV a figure has its bounds beside it, in keys or columns that end "
		"in lo and hi; those of heat hold the scale, where accesses per second are known "
		"only within a factor. Shares and ranks are free of it. In CSV, as in text, a "
		"control byte of a name is '?'; JSON has it as it is.\n\n"
		"Pictures need no screen. Their letters are those of the font that is 'sans' here; "
		"where none is installed they are drawn plainly, ASCII alone.",
	.options = options,
	.rows_title = "Reports",
	.rows = report_rows,
	.examples = examples,
	.environment = environment,
	.statuses = statuses,
	.usage_status = 2,
	.run = cmd_report,
};
