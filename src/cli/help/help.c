/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/help/help.h"
#include "cli/help/wrap.h"

#define WIDTH	80 /* of all help: the same text everywhere */
#define OPT_COL 28

/* "  NAME   text" with all texts in one column; a long name has a line of its own. */
static void item(FILE *out, const char *name, const char *text, int col)
{
	int used = fprintf(out, "  %s", name);

	if (used + 2 > col) {
		fputc('\n', out);
		used = 0;
	}
	fprintf(out, "%*s", col - used, "");
	wrap_print(out, text, col, col, WIDTH);
}

void help_option_arg(char *buf, size_t size, const struct option_row *row)
{
	size_t len, used = 0;
	const char *word;

	if (row->type != OPT_CHOICE) {
		snprintf(buf, size, "%s", row->arg ? row->arg : "");
		return;
	}
	buf[0] = '\0';
	for (size_t i = 0; (word = option_word(row, i, &len)) && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%.*s", i ? "|" : "", (int)len,
					 word);
}

void help_option_text(char *buf, size_t size, const struct option_row *row)
{
	const char *dots = row->range ? strstr(row->range, "..") : NULL;
	size_t used = (size_t)snprintf(buf, size, "%s", row->help);

	if (dots && used < size)
		used += (size_t)snprintf(buf + used, size - used, "; %.*s to %s",
					 (int)(dots - row->range), row->range, dots + 2);
	if (row->def && used < size)
		snprintf(buf + used, size - used, " [%s]", row->def);
}

static void option(FILE *out, const struct option_row *row)
{
	char arg[120], name[200], text[1000];

	help_option_arg(arg, sizeof(arg), row);
	help_option_text(text, sizeof(text), row);
	if (row->letter)
		snprintf(name, sizeof(name), "-%c, --%s%s%s", row->letter, row->name,
			 *arg ? " " : "", arg);
	else
		snprintf(name, sizeof(name), "    --%s%s%s", row->name, *arg ? " " : "", arg);
	item(out, name, text, OPT_COL);
}

static void options(FILE *out, const struct command *cmd)
{
	for (const struct option_row *r = cmd->options; r && r->name; r++) {
		if (r->section || r == cmd->options)
			fprintf(out, "\n%s:\n", r->section ? r->section : "Options");
		option(out, r);
	}
	if (cmd->options)
		item(out, "-h, --help", "this text", OPT_COL);
}

static void pairs(FILE *out, const char *title, const struct command_pair *p)
{
	int col = 0;

	if (!p)
		return;
	fprintf(out, "\n%s:\n", title);
	for (const struct command_pair *q = p; q->name; q++)
		col = MAX(col, (int)strlen(q->name) + 4);
	for (; p->name; p++)
		item(out, p->name, p->text, col);
}

static void examples(FILE *out, const struct command_pair *p)
{
	if (p)
		fprintf(out, "\nExamples:\n");
	for (; p && p->name; p++)
		fprintf(out, "  %s\n      %s\n", p->name, p->text);
}

static void rows(FILE *out, const struct command *cmd)
{
	if (cmd->rows)
		fprintf(out, "\n%s:\n", cmd->rows_title);
	for (const struct report_row *r = cmd->rows; r && r->name; r++)
		item(out, r->name, r->summary, 14);
}

static void synopsis(FILE *out, const struct command *cmd)
{
	const char *title = "Usage:", *s = cmd->synopsis, *next;

	for (; s; s = next, title = "") {
		next = strchr(s, '\n');
		next = next ? next + 1 : NULL;
		fprintf(out, "%-6s damon-perf%s%s%s%.*s\n", title, cmd->name ? " " : "",
			cmd->name ? cmd->name : "", *s ? " " : "", (int)strcspn(s, "\n"), s);
	}
}

void help_print(FILE *out, const struct command *cmd, const struct command *const *commands)
{
	int col =
		fprintf(out, "damon-perf%s%s: ", cmd->name ? " " : "", cmd->name ? cmd->name : "");

	wrap_print(out, cmd->summary, col, 0, WIDTH);
	fputc('\n', out);
	synopsis(out, cmd);
	fputc('\n', out);
	wrap_print(out, cmd->about, 0, 0, WIDTH);
	if (commands)
		fprintf(out, "\nCommands:\n");
	for (; commands && *commands; commands++) {
		if (!(*commands)->hidden)
			item(out, (*commands)->name, (*commands)->summary, 14);
	}
	rows(out, cmd);
	examples(out, cmd->examples);
	options(out, cmd);
	pairs(out, "Environment", cmd->environment);
	pairs(out, "Exit status", cmd->statuses);
}
