/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's modules on top of DAMON as commands: config/presets.h has their schemes. */
#include <errno.h>

#include "base/util.h"
#include "cli/follow.h"
#include "cli/options/live_options.h"
#include "cli/options/preset_options.h"
#include "live/stat.h"

struct preset_command {
	struct live_options live;
	struct preset_params params;
	uint64_t every_ns; /* stat */
};

#define AT(field) offsetof(struct preset_command, field)

#define FORMAT_ROW(words, text)                                                                    \
	{                                                                                          \
		.section = "How to show it", .name = "format", .type = OPT_CHOICE,                 \
		.offset = AT(live.format), .arg = "FORMAT", .def = "text", .choices = words,       \
		.help = text,                                                                      \
	}

#define SHOW_ROWS                                                                                  \
	FORMAT_ROW("screen text json",                                                             \
		   "'text' is a line for each aggregation, 'json' an object, 'screen' the full "   \
		   "screen of 'damon-perf live', on a terminal")

static const struct option_row reclaim_rows[] = {
	LIVE_WHO_ROWS(AT(live)),    RECLAIM_ROWS(AT(params)),  SHOW_ROWS, LIVE_OUT_ROWS(AT(live)),
	LIVE_DRY_RUN_ROW(AT(live)), SOURCE_ROWS(AT(live.how)), {0},
};

static const struct option_row lru_sort_rows[] = {
	LIVE_WHO_ROWS(AT(live)),    LRU_SORT_ROWS(AT(params)), SHOW_ROWS, LIVE_OUT_ROWS(AT(live)),
	LIVE_DRY_RUN_ROW(AT(live)), SOURCE_ROWS(AT(live.how)), {0},
};

/* The first two words stand for the same. */
static const struct option_row stat_rows[] = {
	LIVE_WHO_ROWS(AT(live)),
	STAT_ROWS(AT(params)),
	FORMAT_ROW("auto text json", "'text' is a line for each refresh, 'json' an object"),
	{
		.name = "refresh",
		.type = OPT_TIME,
		.offset = AT(every_ns),
		.arg = "TIME",
		.def = "5 s",
		.range = "1 ms..1 d",
		.base_ns = NS_PER_SEC,
		.help = "figures are those of a snapshot this often, and of the last one; a bare "
			"number is seconds",
	},
	LIVE_OUT_ROWS(AT(live)),
	SOURCE_ROWS(AT(live.how)),
	{0},
};

/* ---- lines of stat ---- */

struct stat_lines {
	uint64_t every_ns, aggr_ns, first_ns, next_ns;
	struct live_stat st;
	bool pending; /* the latest was not written */
};

static int write_stat(struct stat_lines *l, bool as_json)
{
	l->pending = false;
	return as_json ? live_stat_json(&l->st, stdout)
		       : live_stat_text(&l->st, l->first_ns, stdout);
}

static int take_stat(void *priv, const struct damon_snapshot *s, bool as_json)
{
	struct stat_lines *l = priv;
	struct live_stat st;
	int err = live_stat_take(&st, s, l->aggr_ns);

	if (err || !st.bytes) /* all have gone: what was before is what there is to tell */
		return err;
	l->st = st;
	if (!l->next_ns) {
		l->first_ns = l->st.start_ns;
		l->next_ns = l->first_ns + l->every_ns;
	}
	l->pending = true;
	if (l->st.end_ns < l->next_ns)
		return 0;
	l->next_ns = MAX(l->next_ns + l->every_ns, l->st.end_ns);
	return write_stat(l, as_json);
}

static int finish_stat(void *priv, bool as_json)
{
	struct stat_lines *l = priv;

	return l->pending ? write_stat(l, as_json) : 0;
}

/* ---- the commands ---- */

/* Modules watch physical memory: what acts here needs addresses of processes. */
static int check_preset(enum preset preset, const struct preset_params *p, struct config *c,
			struct damon_fail *fail)
{
	int err;

	config_init(c);
	err = preset_config(preset, p, c, fail);
	if (err || !(c->given & CONFIG_OPS))
		return err;
	damon_fail(fail, EINVAL, "physical addresses cannot be acted upon from user space");
	damon_fail_remedy(fail, "name processes, and leave '--monitor-region-start' and "
				"'--monitor-region-end' out");
	return -EINVAL;
}

static int run(const struct command *cmd, enum preset preset, char **argv)
{
	struct preset_command o = {0};
	struct stat_lines stat = {0};
	const struct watch_lines stat_lines = {take_stat, finish_stat, &stat};
	struct live live = {.rows = cmd->options, .options = &o.live};
	struct damon_fail fail = {0};
	int status;

	preset_params_init(preset, &o.params);
	status = command_parse(cmd, &o, argv, true, &live.line);
	if (status < 0 && preset == PRESET_STAT) {
		o.live.plain = o.live.format == WATCH_SCREEN;
		stat.every_ns = o.every_ns;
		stat.aggr_ns = o.params.aggr_ns;
		live.lines = &stat_lines;
	}
	if (status < 0 &&
	    (check_preset(preset, &o.params, &live.config, &fail) || live_check(&live, &fail)))
		status = command_usage(cmd, &fail);
	if (status < 0)
		status = live_run(&live);
	config_release(&live.config);
	target_options_release(&o.live.targets);
	return status;
}

static int cmd_reclaim(char **argv)
{
	return run(&command_reclaim, PRESET_RECLAIM, argv);
}

static int cmd_lru_sort(char **argv)
{
	return run(&command_lru_sort, PRESET_LRU_SORT, argv);
}

static int cmd_stat(char **argv)
{
	return run(&command_stat, PRESET_STAT, argv);
}

#define SYNOPSIS                                                                                   \
	"[OPTION...] [--] COMMAND [ARGUMENT...]\n[OPTION...] -p PID[,PID...] | --cgroup PATH | -a"

static const struct command_pair reclaim_examples[] = {
	{"damon-perf reclaim --cgroup system.slice/app.service",
	 "page out what a service has not accessed for two minutes, while memory is short"},
	{"damon-perf reclaim --min-age 10s --wmarks-interval 0 -p 1234",
	 "what is idle for 10 seconds, however much memory is free"},
	{"damon-perf reclaim --dry-run --wmarks-interval 0 -p 1234", "what that would do"},
	{"damon-perf reclaim -a --metrics 9779 > /dev/null",
	 "all processes, as root, and figures for Prometheus"},
	{0},
};

const struct command command_reclaim = {
	.name = "reclaim",
	.summary = "page out idle memory, as the kernel's DAMON_RECLAIM does",
	.synopsis = SYNOPSIS,
	.about =
		"Watches processes, and pages out memory that they have not accessed for a while, "
		"the oldest first, within quotas of time and bytes, while free memory is between "
		"its watermarks. Options have the names, units and defaults of the kernel's module "
		"DAMON_RECLAIM. With these nothing is done in the first two minutes, and nothing "
		"is "
		"sampled or written while half of the memory is free.\n\n"
		"It needs swap for anonymous memory, CAP_SYS_NICE and the right to trace for "
		"processes of others. A scheme whose pages come back soon is slowed, and "
		"paused.",
	.options = reclaim_rows,
	.examples = reclaim_examples,
	.statuses = live_statuses,
	.usage_status = OWN_FAILURE,
	.run = cmd_reclaim,
};

static const struct command_pair lru_sort_examples[] = {
	{"damon-perf lru-sort -p 1234", "keep what is hot, let go first of what is idle"},
	{"damon-perf lru-sort --hot-thres-access-freq 100 --dry-run -p 1234",
	 "what would be hot from 10 percent of the samples on"},
	{0},
};

const struct command command_lru_sort = {
	.name = "lru-sort",
	.summary = "sort memory by heat for reclaim, as the kernel's DAMON_LRU_SORT does",
	.synopsis = SYNOPSIS,
	.about = "Watches processes, and marks their hot memory as accessed and their idle memory "
		 "as not, so that the kernel reclaims the right pages first. Options have the "
		 "names, units and defaults of the kernel's module DAMON_LRU_SORT. With these "
		 "nothing is sampled or written while a fifth of the memory is free.",
	.options = lru_sort_rows,
	.examples = lru_sort_examples,
	.statuses = live_statuses,
	.usage_status = OWN_FAILURE,
	.run = cmd_lru_sort,
};

static const struct command_pair stat_examples[] = {
	{"damon-perf stat -- sort big.txt", "two figures of a command every 5 seconds"},
	{"damon-perf stat -a --format json | jq '.memory_idle_ms_percentiles[50]'",
	 "for how long half of all memory is idle, as root"},
	{0},
};

const struct command command_stat = {
	.name = "stat",
	.summary = "tell idle times and bandwidth of memory, as the kernel's DAMON_STAT does",
	.synopsis = SYNOPSIS,
	.about = "Watches processes and tells, of all the memory that is mapped in them, how many "
		 "bytes a second are accessed (estimated_memory_bandwidth) and how long each byte "
		 "has been idle, as percentiles (memory_idle_ms_percentiles): '75%: 10 s' means "
		 "that "
		 "a quarter of the bytes is idle for 10 seconds or longer. Negative times are of "
		 "memory that is accessed, and has been for so long at about the same rate.\n\n"
		 "The sampling interval is tuned to see 4 percent of all access events that are "
		 "possible, as the module does, and bandwidth is what DAMON makes of that: one "
		 "access of each byte for each sampling interval in which its region was accessed. "
		 "It tells more from less busy, not what a memory bus carries.",
	.options = stat_rows,
	.examples = stat_examples,
	.statuses = live_statuses,
	.usage_status = OWN_FAILURE,
	.run = cmd_stat,
};
