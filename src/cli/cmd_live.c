/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options/damos_options.h"
#include "cli/follow.h"
#include "cli/options/live_options.h"
#include "damos.h"

struct live_command {
	struct live_options live;
	struct damos_options schemes;
};

#define AT(field) offsetof(struct live_command, field)

static const struct option_row options[] = {
	LIVE_WHO_ROWS(AT(live)),
	{
		.section = "How to show it",
		.name = "plain",
		.type = OPT_FLAG,
		.offset = AT(live.plain),
		.help = "a line for each aggregation instead of a full screen; so it is, too, "
			"where standard output is no terminal",
	},
	{
		.name = "format",
		.type = OPT_CHOICE,
		.offset = AT(live.format),
		.arg = "FORMAT",
		.def = "auto",
		.choices = "auto text json",
		.help = "'text' is --plain, 'json' an object for each aggregation, one in a line; "
			"'auto' is the screen where there is a terminal",
	},
	LIVE_OUT_ROWS(AT(live)),
	DAMOS_ROWS(AT(schemes)),
	LIVE_DRY_RUN_ROW(AT(live)),
	SAMPLING_ROWS(AT(live.how)),
	{0},
};

static const struct command_pair examples[] = {
	{"damon-perf live -p 1234", "watch a process that runs: q quits, ? tells of other keys"},
	{"damon-perf live -- sort big.txt", "run a command and watch it"},
	{"damon-perf live -p $(pgrep -d, nginx) -o nginx.data",
	 "several processes, and a record for later"},
	{"damon-perf live --cgroup system.slice/nginx.service --metrics 9779",
	 "all processes of a service, and figures for Prometheus"},
	{"damon-perf live --plain --aggr 1s -p 1234 | tee log", "a line a second, for a log"},
	{"damon-perf live --format json --duration 10s -p 1234 | jq '.targets[].wss'",
	 "figures for programs"},
	{"damon-perf live --dry-run --schemes reclaim.json -p 1234",
	 "what schemes would do; 1 switches the first one off and on"},
	{0},
};

/* ---- schemes, which are read again when asked to ---- */

struct reading {
	struct live_command o;
	struct live live;
};

/* Reads files and options of schemes; what other options say of intervals and regions beats a
 * file. */
static int read_config(const struct reading *r, struct config *c, struct damon_fail *fail)
{
	struct config asked;
	int err;

	config_init(&asked);
	config_init(c);
	sampling_to_config(&r->o.live.how, options, &r->live.line, &asked);
	err = damos_options_read(&r->o.schemes, &asked, c, fail);
	config_release(&asked);
	return err;
}

/* The schemes of the files as they are now. */
static int reload(void *priv, struct damon_fail *fail)
{
	struct reading *r = priv;
	struct config c;
	int err = read_config(r, &c, fail);

	if (!err) {
		err = damon_set_schemes(r->live.ctx, c.schemes, c.nr_schemes);
		damon_fail(fail, -err, "%s", err ? damon_error(r->live.ctx) : "");
	}
	if (!err) {
		struct config old = r->live.config;

		r->live.config = c;
		c = old;
		live_say_refused(&r->live);
	}
	config_release(&c);
	return err;
}

static int cmd_live(char **argv)
{
	struct reading r = {.live = {.rows = options, .options = &r.o.live, .priv = &r}};
	struct damon_fail fail = {0};
	int status = command_parse(&command_live, &r.o, argv, true, &r.live.line);

	if (r.o.schemes.schemes || r.o.schemes.kdamonds)
		r.live.reload = reload;
	if (status < 0 && (read_config(&r, &r.live.config, &fail) || live_check(&r.live, &fail)))
		status = command_usage(&command_live, &fail);
	if (status < 0)
		status = live_run(&r.live);
	config_release(&r.live.config);
	damos_options_release(&r.o.schemes);
	target_options_release(&r.o.live.targets);
	return status;
}

const struct command command_live = {
	.name = "live",
	.summary = "watch the memory accesses of a command or of running processes",
	.synopsis = "[OPTION...] [--] COMMAND [ARGUMENT...]\n[OPTION...] -p PID[,PID...] | "
		    "--cgroup PATH | -a\n"
		    "[OPTION...] --kdamonds FILE",
	.about = "Runs COMMAND, or attaches to running processes, and shows on a full screen which "
		 "of them access memory, which parts of it are hot and cold, how that changes, and "
		 "how large their working sets are. Figures come with their bounds. Schemes, if "
		 "there "
		 "are any, act meanwhile.\n\n"
		 "Keys: q quits, ? tells of the others. While the screen is shown, what a command "
		 "writes to the terminal is kept, the last 64 KiB of it, and comes out afterwards; "
		 "it has no keyboard. Where lines are written instead, its standard output is our "
		 "standard error.\n\n"
		 "Ctrl-C reaches the command as always; if it goes on, a second Ctrl-C ends the "
		 "watching. SIGTERM and SIGHUP are passed on to it and end the watching. A command "
		 "that is still running then goes on, and is waited for. SIGHUP from another "
		 "process "
		 "has files of schemes read again, if there are any, instead.",
	.options = options,
	.examples = examples,
	.statuses = live_statuses,
	.usage_status = OWN_FAILURE,
	.run = cmd_live,
};
