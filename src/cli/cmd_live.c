/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/command.h"
#include "cli/damos_options.h"
#include "cli/find.h"
#include "cli/follow.h"
#include "cli/sampling.h"
#include "cli/say.h"
#include "cli/watch.h"
#include "damos.h"

struct live_options {
	struct option_pids pids;
	const char *record;
	uint64_t duration_ns;
	int format;
	struct damos_options schemes;
	struct sampling_options how;
	bool dry_run, plain;
};

#define AT(field) offsetof(struct live_options, field)

static const struct option_row options[] = {
	{
		.section = "What to watch",
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
		.name = "duration",
		.type = OPT_TIME,
		.offset = AT(duration_ns),
		.arg = "TIME",
		.range = "1 ms..365 d",
		.base_ns = NS_PER_SEC,
		.help = "end after this time; a command that is still running goes on, and is "
			"waited for; a bare number is seconds",
	},
	{
		.section = "How to show it",
		.name = "plain",
		.type = OPT_FLAG,
		.offset = AT(plain),
		.help = "a line for each aggregation instead of a full screen; so it is, too, "
			"where standard output is no terminal",
	},
	{
		.name = "format",
		.type = OPT_CHOICE,
		.offset = AT(format),
		.arg = "FORMAT",
		.def = "auto",
		.choices = "auto text json",
		.help = "'text' is --plain, 'json' an object for each aggregation, one in a line; "
			"'auto' is the screen where there is a terminal",
	},
	{
		.name = "output",
		.letter = 'o',
		.type = OPT_STR,
		.offset = AT(record),
		.arg = "FILE",
		.aliases = "out",
		.help = "write a record as well, for 'damon-perf report'; one that is there "
			"becomes FILE.old",
	},
	DAMOS_ROWS(AT(schemes)),
	{
		.name = "dry-run",
		.type = OPT_FLAG,
		.offset = AT(dry_run),
		.help = "schemes are planned and counted, and nothing is done to any memory",
	},
	SAMPLING_ROWS(AT(how)),
	{0},
};

static const struct command_pair examples[] = {
	{"damon-perf live -p 1234", "watch a process that runs: q quits, ? tells of other keys"},
	{"damon-perf live -- sort big.txt", "run a command and watch it"},
	{"damon-perf live -p $(pgrep -d, nginx) -o nginx.data",
	 "several processes, and a record for later"},
	{"damon-perf live --plain --aggr 1s -p 1234 | tee log", "a line a second, for a log"},
	{"damon-perf live --format json --duration 10s -p 1234 | jq '.targets[].wss'",
	 "figures for programs"},
	{"damon-perf live --dry-run --schemes reclaim.json -p 1234",
	 "what schemes would do; 1 switches the first one off and on"},
	{0},
};

static const struct command_pair statuses[] = {
	{"COMMAND's", "the command ended with it, or with 128 + N, killed by signal N"},
	{"0", "processes (-p) were watched until they ended, or the user did"},
	{"125", "damon-perf itself failed, or was called wrongly"},
	{"126", "COMMAND cannot be executed"},
	{"127", "COMMAND was not found"},
	{0},
};

/* ---- what was asked for ---- */

static int check_what(const struct live_options *o, const struct config *c,
		      const struct option_line *line, struct damon_fail *fail)
{
	if (!o->pids.nr && !line->nr_operands && !c->nr_targets) {
		damon_fail(fail, EINVAL, "nothing to watch");
		damon_fail_remedy(fail, "give a command, or processes with '-p'; examples are in "
					"'damon-perf live --help'");
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

/* Reads files and options of schemes; what other options say of intervals and regions beats a
 * file. */
static int read_config(const struct live_options *o, const struct option_line *line,
		       struct config *c, struct damon_fail *fail)
{
	struct config asked;
	int err;

	config_init(&asked);
	config_init(c);
	sampling_to_config(&o->how, options, line, &asked);
	err = damos_options_read(&o->schemes, &asked, c, fail);
	config_release(&asked);
	return err;
}

static bool has_screen(void)
{
	const char *term = getenv("TERM");
	_cleanup_(closep) int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	return isatty(STDOUT_FILENO) && fd >= 0 && term && *term && strcmp(term, "dumb") != 0;
}

static int check_options(struct live_options *o, struct config *c, const struct option_line *line,
			 struct damon_fail *fail)
{
	if (read_config(o, line, c, fail))
		return -EINVAL;
	sampling_from_config(&o->how, c);
	if (check_what(o, c, line, fail) || sampling_check(&o->how, options, line, fail))
		return -EINVAL;
	if (c->given & CONFIG_OPS && c->ops != CONFIG_VADDR) {
		damon_fail(fail, EINVAL, "operations set '%s' cannot be watched",
			   config_ops_name(c->ops));
		damon_fail_remedy(fail, "choose 'vaddr'");
		return -EINVAL;
	}
	if (o->record && !strcmp(o->record, "-")) {
		damon_fail(fail, EINVAL,
			   "standard output shows what happens, the record would mix "
			   "with it");
		damon_fail_remedy(fail, "name a file with '-o'");
		return -EINVAL;
	}
	if (o->plain && o->format == WATCH_JSON) {
		damon_fail(fail, EINVAL, "'--plain' and '--format json' exclude each other");
		damon_fail_remedy(fail, "give one of them");
		return -EINVAL;
	}
	if (o->plain)
		o->format = WATCH_TEXT;
	if (o->format == WATCH_SCREEN && !has_screen())
		o->format = WATCH_TEXT;
	return 0;
}

/* ---- what comes of it ---- */

struct live {
	struct live_options options;
	struct option_line line;
	struct config config; /* of files and options of schemes */
	struct damon_ctx *ctx;
};

static int set_up(struct live *l, char **command)
{
	const struct live_options *o = &l->options;
	bool own_targets = o->pids.nr || *command;
	int err = sampling_set(&o->how, l->ctx);

	for (size_t i = 0; !err && i < o->pids.nr; i++)
		err = damon_add_pid(l->ctx, o->pids.pids[i]);
	for (size_t i = 0; !err && !own_targets && i < l->config.nr_targets; i++)
		err = damon_add_pid(l->ctx, l->config.targets[i].pid);
	if (!err && *command)
		err = damon_set_command(l->ctx, command);
	if (!err && o->record)
		err = damon_set_record(l->ctx, o->record);
	if (!err && o->dry_run)
		err = damon_set_dry_run(l->ctx, 1);
	if (!err && l->config.nr_schemes)
		err = damon_set_schemes(l->ctx, l->config.schemes, l->config.nr_schemes);
	if (err)
		say_ctx(l->ctx, err);
	return err;
}

/* The schemes of the files as they are now. */
static int reload(void *priv, struct damon_fail *fail)
{
	struct live *l = priv;
	struct config c;
	int err = read_config(&l->options, &l->line, &c, fail);

	if (!err) {
		err = damon_set_schemes(l->ctx, c.schemes, c.nr_schemes);
		damon_fail(fail, -err, "%s", err ? damon_error(l->ctx) : "");
	}
	if (!err) {
		struct config old = l->config;

		l->config = c;
		c = old;
	}
	config_release(&c);
	return err;
}

static int watch(struct live *l, char **command)
{
	const struct live_options *o = &l->options;
	struct watch_options w = {
		.format = (enum watch_format)o->format,
		.command = command,
		.record = o->record,
		.duration_ns = o->duration_ns,
		.aggr_ns = o->how.intervals_ns[1],
		.dry_run = o->dry_run,
		.schemes = &l->config,
		.reload = o->schemes.schemes || o->schemes.kdamonds ? reload : NULL,
		.priv = l,
	};
	int status = OWN_FAILURE, err = damon_ctx_new(&l->ctx);

	if (err) {
		say_ctx(NULL, err);
		return OWN_FAILURE;
	}
	if (!set_up(l, command))
		status = watch_run(l->ctx, &w);
	damon_ctx_free(l->ctx);
	return status;
}

static int cmd_live(char **argv)
{
	struct live l = {0};
	struct damon_fail fail = {0};
	struct option_line *line = &l.line;
	int missing, status = command_parse(&command_live, &l.options, argv, true, line);

	if (status < 0 && check_options(&l.options, &l.config, line, &fail))
		status = command_usage(&command_live, &fail);
	if (status < 0 && line->nr_operands && (missing = find_command(line->operands[0])))
		status = missing;
	if (status < 0)
		status = watch(&l, line->operands);
	config_release(&l.config);
	damos_options_release(&l.options.schemes);
	option_pids_release(&l.options.pids);
	return status;
}

const struct command command_live = {
	.name = "live",
	.summary = "watch the memory accesses of a command or of running processes",
	.synopsis = "[OPTION...] [--] COMMAND [ARGUMENT...]\n[OPTION...] -p PID[,PID...]\n"
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
	.statuses = statuses,
	.usage_status = OWN_FAILURE,
	.run = cmd_live,
};
