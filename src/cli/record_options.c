/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/record_options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/raw.h"
#include "cli/replay.h"
#include "cli/tuning.h"

/* Options of one group exclude each other. */
enum { BY_OVERHEAD = 1, BY_RATE = 2, BY_GOAL = 4, BY_KIND = 8, BY_LATENCY = 16 };

#define AT(field) offsetof(struct record_options, field)

const struct option_row record_rows[] = {
	{
		.section = "What to record, and where to",
		.name = "pid",
		.letter = 'p',
		.type = OPT_PIDS,
		.offset = AT(pids),
		.arg = "PID[,PID...]",
		.aliases = "target-pid",
		.help = "attach to running processes, with all their threads and the children they "
			"will have, instead of running a command",
	},
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
		.help = "the record; one that is there becomes FILE.old; with -p, '-' is standard "
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
	{
		.section = "Where accesses come from, and what that may cost",
		.name = "source",
		.type = OPT_STR,
		.offset = AT(source),
		.arg = "NAME",
		.def = "auto",
		.help = "what yields the accesses: 'damon-perf check' lists what works here; "
			"'auto' takes the best of that",
	},
	{
		.name = "overhead",
		.type = OPT_PERCENT,
		.offset = AT(overhead_percent),
		.arg = "PERCENT",
		.def = "1",
		.range = "0.01..50",
		.group = BY_OVERHEAD,
		.help = "what recording may cost, its interruptions and its own work together, in "
			"percent of the CPU time that the recorded processes use; measured, and "
			"kept by changing the rate",
	},
	{
		.name = "rate",
		.type = OPT_DOUBLE,
		.offset = AT(rate_hz),
		.arg = "HZ",
		.range = "1..50000",
		.group = BY_OVERHEAD | BY_RATE,
		.help = "a fixed number of samples per second of CPU time instead",
	},
	{
		.name = "resolution",
		.type = OPT_STR,
		.offset = AT(resolution),
		.arg = "SHARE/TIME",
		.group = BY_RATE,
		.help = "no more samples than needed to see what has SHARE of the accesses within "
			"TIME of CPU time; '1%/1s' needs 1200 a second, 12 / (share * seconds); "
			"--overhead stays the limit, and what bounds the rate is told",
	},
	{
		.name = "mem-reads",
		.type = OPT_COUNT,
		.offset = AT(mem_reads),
		.arg = "N",
		.def = "1",
		.range = "0..16",
		.help = "how often source soft may read the memory of the target at each sample, "
			"to follow pointers; 0 keeps to what registers and code tell",
	},
	{
		.name = "check",
		.type = OPT_STR,
		.offset = AT(check),
		.arg = "NAME[,NAME...]",
		.def = "none",
		.help = "look at accessed bits beside the source: 'smaps' (pages of each mapping, "
			"once a second) or 'idle' (single pages, for root); both take those bits "
			"from the kernel's reclaim, and walk page tables within --overhead; "
			"'damon-perf check' lists what works here",
	},
	{
		.name = "checks-per-sec",
		.type = OPT_COUNT,
		.offset = AT(checks_per_sec),
		.arg = "N",
		.def = "1000",
		.range = "1..100000",
		.help = "single pages that --check idle looks at per second",
	},
	HARDWARE_ROWS(AT(hardware), BY_OVERHEAD | BY_RATE, BY_KIND, BY_LATENCY),
	{
		.section = "DAMON's attributes (a bare number is microseconds)",
		.name = "sample",
		.type = OPT_TIME,
		.offset = AT(intervals_ns[0]),
		.arg = "TIME",
		.def = "5ms",
		.range = "1 us..1 d",
		.base_ns = NS_PER_US,
		.help = "sampling interval: nr_accesses counts in how many of these of an "
			"aggregation interval a region was accessed",
	},
	{
		.name = "aggr",
		.type = OPT_TIME,
		.offset = AT(intervals_ns[1]),
		.arg = "TIME",
		.def = "100ms",
		.range = "1 ms..1 d",
		.base_ns = NS_PER_US,
		.help = "aggregation interval: a snapshot is taken this often",
	},
	{
		.name = "updr",
		.type = OPT_TIME,
		.offset = AT(intervals_ns[2]),
		.arg = "TIME",
		.def = "1s",
		.range = "1 ms..1 d",
		.base_ns = NS_PER_US,
		.help = "update interval: memory mappings are read again this often; if not given, "
			"at least --aggr",
	},
	{
		.name = "minr",
		.type = OPT_COUNT,
		.offset = AT(nr_regions[0]),
		.arg = "N",
		.def = "10",
		.range = "3..100000",
		.help = "least number of regions",
	},
	{
		.name = "maxr",
		.type = OPT_COUNT,
		.offset = AT(nr_regions[1]),
		.arg = "N",
		.def = "1000",
		.range = "3..100000",
		.help = "largest number of regions, of all processes together",
	},
	{
		.name = "monitoring-intervals",
		.type = OPT_TIME,
		.offset = AT(intervals_ns),
		.arg = "SAMPLE AGGR UPDR",
		.range = "1 us..1 d",
		.base_ns = NS_PER_US,
		.help = "the three intervals at once",
	},
	{
		.name = "intervals-goal",
		.type = OPT_STR,
		.offset = AT(goal),
		.arg = "GOAL",
		.group = BY_GOAL,
		.help = "calculate the sampling interval for each snapshot: too short, and all "
			"memory looks cold, too long, and all looks hot; 'auto' keeps to DAMON's "
			"advice, 4 % of all access events that are possible, which is "
			"'4%,3,5ms,10s': share, looked at every 3 aggregations, shortest and "
			"longest interval",
	},
	{
		.name = "monitoring-intervals-goal",
		.type = OPT_STR,
		.offset = AT(goal_words),
		.arg = "ACCESS_BP AGGRS MIN MAX",
		.group = BY_GOAL,
		.help = "the same, as damo has it",
	},
	{
		.name = "monitoring-nr-regions-range",
		.type = OPT_COUNT,
		.offset = AT(nr_regions),
		.arg = "MIN MAX",
		.range = "3..100000",
		.help = "both numbers of regions at once",
	},
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

static int check_intervals(struct record_options *o, const struct option_line *line,
			   struct damon_fail *fail)
{
	char a[DAMON_UNITS_MAX], b[DAMON_UNITS_MAX];
	uint64_t *ns = o->intervals_ns;

	if (ns[1] < ns[0]) {
		damon_fail(fail, EINVAL,
			   "the aggregation interval, %s, is shorter than the sampling interval, "
			   "%s",
			   damon_print_time(a, (double)ns[1]), damon_print_time(b, (double)ns[0]));
		damon_fail_remedy(fail, "raise '--aggr' or lower '--sample'");
		return -EINVAL;
	}
	if (!option_given(record_rows, line, "updr") &&
	    !option_given(record_rows, line, "monitoring-intervals"))
		ns[2] = MAX(ns[2], ns[1]);
	if (ns[2] >= ns[1])
		return 0;
	damon_fail(fail, EINVAL,
		   "the update interval, %s, is shorter than the aggregation interval, %s",
		   damon_print_time(a, (double)ns[2]), damon_print_time(b, (double)ns[1]));
	damon_fail_remedy(fail, "raise '--updr' or lower '--aggr'");
	return -EINVAL;
}

/* What asks for a result instead of numbers, and the sampling that comes of it. */
static int check_tuning(struct record_options *o, struct damon_fail *fail)
{
	int err = 0;

	damon_sampling_init(&o->sampling);
	o->sampling.source = o->source;
	o->sampling.rate_hz = o->rate_hz;
	o->sampling.overhead_percent = o->overhead_percent;
	o->sampling.mem_reads = (uint32_t)o->mem_reads;
	o->sampling.check = o->check;
	hardware_apply(&o->hardware, &o->sampling);
	o->sampling.checks_per_sec = (double)o->checks_per_sec;
	if (o->resolution)
		err = tuning_parse_resolution(o->resolution, &o->sampling, fail);
	if (!err && o->goal)
		err = tuning_parse_goal(o->goal, &o->intervals_goal, fail);
	if (!err && o->goal_words[0])
		err = tuning_parse_goal_words(o->goal_words, &o->intervals_goal, fail);
	return err;
}

static int check_what(const struct record_options *o, const struct option_line *line,
		      struct damon_fail *fail)
{
	if (o->replay)
		return replay_check(record_rows, line, fail);
	if (!o->pids.nr && !line->nr_operands) {
		damon_fail(fail, EINVAL, "nothing to record");
		damon_fail_remedy(fail, "give a command, or processes with '-p'; examples are in "
					"'damon-perf record --help'");
		return -EINVAL;
	}
	if (o->pids.nr && line->nr_operands) {
		damon_fail(fail, EINVAL, "'-p' and a command exclude each other");
		damon_fail_remedy(fail, "give one of them");
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

	if (check_what(o, line, fail) || check_intervals(o, line, fail) || check_tuning(o, fail))
		return -EINVAL;
	if (o->nr_regions[0] > o->nr_regions[1]) {
		damon_fail(fail, EINVAL,
			   "the least number of regions, %llu, is above the largest, %llu",
			   (unsigned long long)o->nr_regions[0],
			   (unsigned long long)o->nr_regions[1]);
		damon_fail_remedy(fail, "lower '--minr' or raise '--maxr'");
		return -EINVAL;
	}
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
