/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/help/help.h"
#include "cli/output.h"
#include "cli/say.h"
#include "cli/signals.h"

static int cmd_help(char **argv);
static int cmd_version(char **argv);
static int cmd_docs(char **argv);

static const struct command command_help = {
	.name = "help",
	.summary = "explain a command",
	.synopsis = "[COMMAND]",
	.about = "The same as 'damon-perf COMMAND --help'.",
	.usage_status = 2,
	.run = cmd_help,
};

static const struct command command_version = {
	.name = "version",
	.summary = "tell the version",
	.synopsis = "",
	.about = "Tells the version.",
	.usage_status = 2,
	.run = cmd_version,
};

/* For scripts/man. */
static const struct command command_docs = {
	.name = "docs",
	.summary = "write manual pages and completion",
	.synopsis = "man [COMMAND]\ncompletion",
	.about = "Writes a manual page, or the completion for bash, to standard output.",
	.usage_status = 2,
	.hidden = true,
	.run = cmd_docs,
};

static const struct command *const commands[] = {
	&command_record,  &command_live,
	&command_reclaim, &command_lru_sort,
	&command_stat,	  &command_report,
	&command_diff,	  &command_convert,
	&command_mark,	  &command_check,
	&command_help,	  &command_version,
	&command_docs,	  NULL,
};

static const struct command_pair examples[] = {
	{"damon-perf record -- sort big.txt", "record a command"},
	{"damon-perf report heatmap", "see what of its memory was hot, when and where"},
	{"damon-perf report wss", "see how much of it was in use over time"},
	{0},
};

static const struct command_pair statuses[] = {
	{"0", "done"},
	{"1", "report, convert or check failed"},
	{"2", "wrong usage"},
	{"other", "record ends with the status of the command that it ran, or with 125 to 127: see "
		  "its help"},
	{0},
};

static const struct command program = {
	.summary = "profile memory accesses, with or without a PMU",
	.synopsis = "COMMAND [OPTION...]\nCOMMAND --help",
	.about = "Records which regions of a program's memory are accessed, how often and for how "
		 "long, and shows the hot and the cold ones and the working set. It is DAMON, the "
		 "kernel's data access monitor, in user space: same words, same attributes.\n\n"
		 "Times take ns, us, ms, s, m, h and d ('1 m 10.3 s'). Sizes take B, K, KB, KiB to "
		 "EiB, all "
		 "powers of 1024. Commas in numbers are ignored. In names of options '-' "
		 "and '_' are the same.",
	.examples = examples,
	.statuses = statuses,
	.usage_status = 2,
};

static const struct command *find(const char *name, struct damon_fail *fail)
{
	struct name_near near;

	name_near_init(&near, name);
	for (const struct command *const *c = commands; *c; c++) {
		if (name_equal(name, (*c)->name))
			return *c;
		if (!(*c)->hidden)
			name_near_add(&near, (*c)->name);
	}
	damon_fail(fail, EINVAL, "unknown command '%.80s'", name);
	if (near.best)
		damon_fail_remedy(fail, "did you mean '%s'?", near.best);
	return NULL;
}

static int print(void (*how)(FILE *out, const struct command *cmd,
			     const struct command *const *commands),
		 const char *name)
{
	struct damon_fail fail = {0};
	const struct command *cmd = name ? find(name, &fail) : &program;

	if (!cmd)
		return command_usage(&program, &fail);
	how(stdout, cmd, cmd == &program ? commands : NULL);
	return output_finish_stdout() ? 1 : 0;
}

static int cmd_help(char **argv)
{
	return print(help_print, argv[0]);
}

static int cmd_version(char **argv)
{
	printf("damon-perf %s\n", damon_version());
	return output_finish_stdout() ? 1 : 0;
}

static int cmd_docs(char **argv)
{
	struct damon_fail fail = {0};

	if (argv[0] && !strcmp(argv[0], "man"))
		return print(help_man, argv[1]);
	if (argv[0] && !strcmp(argv[0], "completion")) {
		help_completion(stdout, commands);
		return output_finish_stdout() ? 1 : 0;
	}
	damon_fail(&fail, EINVAL, "docs of what");
	damon_fail_remedy(&fail, "write 'man', 'man COMMAND' or 'completion'");
	return command_usage(&command_docs, &fail);
}

/* '--help' behind a command without options of its own. */
static bool wants_help(const struct command *cmd, char **argv)
{
	return !cmd->options && argv[0] && (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h"));
}

static int run(char **argv)
{
	struct damon_fail fail = {0};
	const struct command *cmd;

	if (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h"))
		return cmd_help(argv + 1);
	if (!strcmp(argv[0], "--version") || !strcmp(argv[0], "-V"))
		return cmd_version(argv + 1);
	if (argv[0][0] == '-') {
		damon_fail(&fail, EINVAL, "unknown option '%.80s'", argv[0]);
		damon_fail_remedy(&fail, "begin with a command: see 'damon-perf --help'");
		return command_usage(&program, &fail);
	}
	cmd = find(argv[0], &fail);
	if (!cmd)
		return command_usage(&program, &fail);
	if (wants_help(cmd, argv + 1))
		return print(help_print, cmd->name);
	return cmd->run(argv + 1);
}

int main(int argc, char **argv)
{
	signals_init();
	if (output_reserve_std() < 0)
		return 1;
	if (argc < 2) {
		help_print(stderr, &program, commands);
		return program.usage_status;
	}
	return run(argv + 1);
}
