/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Manual pages in mdoc(7). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/help/help.h"

/* Of the last change to the texts; no clock is asked, so that the same tables make the same page.
 */
#define PAGE_DATE "November 22, 2026"

#define LINE_MAX_COLS 78

/* One word of plain text: nothing in it is taken for a request or an escape. */
static void word(FILE *out, const char *s, size_t len, bool first)
{
	if (first && (*s == '.' || *s == '\''))
		fputs("\\&", out);
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\')
			fputs("\\e", out);
		else if (s[i] == '-' && (!i || strchr("-'|[", s[i - 1])))
			fputs("\\-", out);
		else
			fputc(s[i], out);
	}
}

static void text(FILE *out, const char *s, size_t len)
{
	const char *end = s + len;
	size_t col = 0;

	for (s += strspn(s, " "); s < end; s += strspn(s, " ")) {
		size_t n = MIN(strcspn(s, " "), (size_t)(end - s));

		if (col && col + 1 + n > LINE_MAX_COLS) {
			fputc('\n', out);
			col = 0;
		}
		col += (size_t)fprintf(out, "%s", col ? " " : "") + n;
		word(out, s, n, col == n);
		s += n;
	}
	fputc('\n', out);
}

/* A phrase of a table as a sentence of its own. */
static void sentence(FILE *out, const char *s)
{
	char full[1000];
	size_t len = (size_t)snprintf(full, sizeof(full), "%s.", s);

	len = MIN(len, sizeof(full) - 1);
	if (full[0] >= 'a' && full[0] <= 'z')
		full[0] = (char)toupper((unsigned char)full[0]);
	text(out, full, len);
}

/* mdoc wants a line for each sentence; paragraphs are parted by a blank line in 's'. */
static void prose(FILE *out, const char *s)
{
	while (*s) {
		size_t len = strcspn(s, "\n");
		const char *stop = strstr(s, ". ");

		if (stop && (size_t)(stop - s) < len)
			len = (size_t)(stop - s) + 1;
		text(out, s, len);
		s += len;
		if (s[0] == '\n' && s[1] == '\n')
			fputs(".Pp\n", out);
		s += strspn(s, " \n");
	}
}

/* An argument of a macro: blanks and words that are macros stay text. */
static void quoted(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

/* What --help says in one breath. */
static void option_facts(FILE *out, const struct option_row *row)
{
	const char *dots = row->range ? strstr(row->range, "..") : NULL;

	sentence(out, row->help);
	if (dots)
		fprintf(out, "From %.*s to %s.\n", (int)(dots - row->range), row->range, dots + 2);
	if (row->def)
		fprintf(out, "Default:\n.Li %s .\n", row->def);
	if (!row->aliases)
		return;
	fputs("Also spelled\n", out);
	for (const char *a = row->aliases; *a; a += strspn(a, " ")) {
		int len = (int)strcspn(a, " ");

		fprintf(out, ".Fl -%.*s%s\n", len, a, a[len] ? " ," : " .");
		a += len;
	}
}

static void option(FILE *out, const struct option_row *row)
{
	char arg[120];

	help_option_arg(arg, sizeof(arg), row);
	fputs(".It ", out);
	if (row->letter)
		fprintf(out, "Fl %c , ", row->letter);
	fprintf(out, "Fl -%s", row->name);
	if (*arg) {
		fputs(" Ar ", out);
		quoted(out, arg);
	}
	fputc('\n', out);
	option_facts(out, row);
}

static void options(FILE *out, const struct command *cmd)
{
	for (const struct option_row *r = cmd->options; r && r->name; r++) {
		if (r->section || r == cmd->options)
			fprintf(out, "%s.Ss %s\n.Bl -tag -width Ds\n",
				r == cmd->options ? "" : ".El\n",
				r->section ? r->section : "Options");
		option(out, r);
	}
	if (cmd->options)
		fputs(".It Fl h , Fl -help\nHelp, shorter than this page.\n.El\n", out);
}

static void pairs(FILE *out, const char *section, const struct command_pair *p)
{
	if (!p)
		return;
	fprintf(out, ".Sh %s\n.Bl -tag -width Ds\n", section);
	for (; p->name; p++) {
		fputs(".It ", out);
		quoted(out, p->name);
		fputc('\n', out);
		sentence(out, p->text);
	}
	fputs(".El\n", out);
}

static void examples(FILE *out, const struct command_pair *p)
{
	if (!p)
		return;
	fputs(".Sh EXAMPLES\n.Bl -tag -width Ds\n", out);
	for (; p->name; p++) {
		fputs(".It Li ", out);
		quoted(out, p->name);
		fputc('\n', out);
		sentence(out, p->text);
	}
	fputs(".El\n", out);
}

static void rows(FILE *out, const char *title, const struct report_row *r)
{
	if (!r)
		return;
	fprintf(out, ".Ss %s\n.Bl -tag -width Ds\n", title);
	for (; r->name; r++) {
		fprintf(out, ".It Cm %s\n", r->name);
		sentence(out, r->summary);
	}
	fputs(".El\n", out);
}

static void command_list(FILE *out, const struct command *const *commands)
{
	fputs(".Ss Commands\n.Bl -tag -width Ds\n", out);
	for (; *commands; commands++) {
		if ((*commands)->hidden)
			continue;
		fprintf(out, ".It Cm %s\n", (*commands)->name);
		sentence(out, (*commands)->summary);
	}
	fputs(".El\n", out);
}

static void synopsis(FILE *out, const struct command *cmd)
{
	fputs(".Sh SYNOPSIS\n", out);
	for (const char *s = cmd->synopsis; *s; s += *s == '\n') {
		size_t len = strcspn(s, "\n");

		fprintf(out, ".Nm damon-perf%s%s\n", cmd->name ? " " : "",
			cmd->name ? cmd->name : "");
		text(out, s, len);
		s += len;
	}
}

/* Commands that have a page, by name: the one after 'last', or NULL. */
static const char *next_page(const struct command *const *commands, const char *last)
{
	const char *next = NULL;

	for (; *commands; commands++) {
		const char *name = (*commands)->name;

		if ((*commands)->options && strcmp(name, last) > 0 &&
		    (!next || strcmp(name, next) < 0))
			next = name;
	}
	return next;
}

static void see_also(FILE *out, const struct command *cmd, const struct command *const *commands)
{
	fputs(".Sh SEE ALSO\n", out);
	if (cmd->name) {
		fputs(".Xr damon-perf 1\n", out);
		return;
	}
	for (const char *last = ""; (last = next_page(commands, last));)
		fprintf(out, ".Xr damon-perf-%s 1%s\n", last,
			next_page(commands, last) ? " ," : "");
}

void help_man(FILE *out, const struct command *cmd, const struct command *const *commands)
{
	const char *name = cmd->name ? cmd->name : "";
	const char *sep = cmd->name ? "-" : "";

	fputs(".\\\" Made by scripts/man from the tables of options: do not edit.\n", out);
	fprintf(out, ".Dd " PAGE_DATE "\n.Dt DAMON-PERF%s", sep);
	for (const char *p = name; *p; p++)
		fputc(toupper((unsigned char)*p), out);
	fprintf(out, " 1\n.Os\n.Sh NAME\n.Nm damon-perf%s%s\n.Nd ", sep, name);
	text(out, cmd->summary, strlen(cmd->summary));
	synopsis(out, cmd);
	fputs(".Sh DESCRIPTION\n", out);
	prose(out, cmd->about);
	if (!cmd->name)
		command_list(out, commands);
	rows(out, cmd->rows_title, cmd->rows);
	options(out, cmd);
	pairs(out, "ENVIRONMENT", cmd->environment);
	pairs(out, "EXIT STATUS", cmd->statuses);
	examples(out, cmd->examples);
	see_also(out, cmd, commands);
}
