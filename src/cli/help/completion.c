/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completion for bash, without helpers of the bash-completion package. */
#include <stdio.h>
#include <string.h>

#include "cli/help/help.h"

static const char script_head[] =
	"# Made by scripts/man from the tables of options: do not edit.\n"
	"# Completion of damon-perf for bash: source it, or install it as\n"
	"# /usr/share/bash-completion/completions/damon-perf.\n"
	"\n"
	"_damon_perf_words()\n"
	"{\n"
	"\tlocal word\n"
	"\twhile IFS= read -r word; do COMPREPLY+=(\"$word\"); done < <(compgen \"$@\" -- "
	"\"$cur\")\n"
	"}\n"
	"\n"
	"_damon_perf()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} word\n"
	"\tlocal command=${COMP_WORDS[1]}\n"
	"\tCOMPREPLY=()\n"
	"\tif ((COMP_CWORD == 1)) || [[ $command == help ]]; then\n"
	"\t\t_damon_perf_words -W '";

static void words(FILE *out, const struct option_row *row)
{
	const char *word;
	size_t len;

	for (size_t i = 0; (word = option_word(row, i, &len)); i++)
		fprintf(out, "%s%.*s", i ? " " : "", (int)len, word);
}

/* What can follow an option: its words, process ids, files, or nothing that we know. */
static void value_case(FILE *out, const struct option_row *row)
{
	fputs("\t\t", out);
	if (row->letter)
		fprintf(out, "-%c | ", row->letter);
	fprintf(out, "--%s)", row->name);
	if (row->type == OPT_CHOICE) {
		fputs(" _damon_perf_words -W '", out);
		words(out, row);
		fputs("';", out);
	} else if (row->type == OPT_PIDS || !strcmp(row->name, "pid")) {
		fputs(" _damon_perf_words -W \"$(ps -eo pid=)\";", out);
	} else if (!strcmp(row->arg, "FILE")) {
		fputs(" _damon_perf_words -f;", out);
	}
	fputs(" return ;;\n", out);
}

static void command_case(FILE *out, const struct command *cmd)
{
	fprintf(out, "\t%s)\n\t\tcase $prev in\n", cmd->name);
	for (const struct option_row *r = cmd->options; r->name; r++) {
		if (option_nr_args(r))
			value_case(out, r);
	}
	fputs("\t\tesac\n\t\tif [[ $cur == -* ]]; then\n\t\t\t_damon_perf_words -W '", out);
	for (const struct option_row *r = cmd->options; r->name; r++)
		fprintf(out, "--%s ", r->name);
	fputs("--help'\n", out);
	if (cmd->rows && strstr(cmd->synopsis, "[NAME]")) {
		fputs("\t\telse\n\t\t\t_damon_perf_words -W '", out);
		for (const struct report_row *r = cmd->rows; r->name; r++)
			fprintf(out, "%s%s", r == cmd->rows ? "" : " ", r->name);
		fputs("'\n", out);
	} else if (strstr(cmd->synopsis, "COMMAND")) {
		fputs("\t\telse\n\t\t\t_damon_perf_words -c\n", out);
	}
	fputs("\t\tfi\n\t\t;;\n", out);
}

void help_completion(FILE *out, const struct command *const *commands)
{
	fputs(script_head, out);
	for (const struct command *const *c = commands; *c; c++) {
		if (!(*c)->hidden)
			fprintf(out, "%s%s", c == commands ? "" : " ", (*c)->name);
	}
	fputs("'\n\t\treturn\n\tfi\n"
	      "\t# behind '--' is another command's line\n"
	      "\tfor word in \"${COMP_WORDS[@]:2:COMP_CWORD-2}\"; do\n"
	      "\t\t[[ $word == -- ]] && return\n"
	      "\tdone\n"
	      "\tcase $command in\n",
	      out);
	for (; *commands; commands++) {
		if ((*commands)->options)
			command_case(out, *commands);
	}
	fputs("\tesac\n}\n\ncomplete -o default -F _damon_perf damon-perf\n", out);
}
