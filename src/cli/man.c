/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Manual pages in mdoc(7). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

/* Of the last change to the texts; no clock is asked, so that the same tables make the same page.
 */
#define PAGE_DATE "November 22, 2025"

/* Plain text for a text line: nothing in it is taken for a request or an escape. */
static void text(FILE *out, const char *s, size_t len)
{
	if (len && (*s == '.' || *s == '\''))
		fputs("\\&", out);
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\')
			fputs("\\e", out);
		else if (s[i] == '-' && (!i || s[i - 1] == '-' || strchr(" '|[", s[i - 1])))
			fputs("\\-", out);
		else
			fputc(s[i], out);
	}
	fputc('\n', out);
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

static void option(FILE *out, const struct option_row *row)
{
	char arg[120], about[1000];

	help_option_arg(arg, sizeof(arg), row);
	help_option_text(about, sizeof(about), row);
	fputs(".It ", out);
	if (row->letter)
		fprintf(out, "Fl %c , ", row->letter);
	fprintf(out, "Fl -%s", row->name);
	if (*arg) {
		fputs(" Ar ", out);
		quoted(out, arg);
	}
	fputc('\n', out);
	text(out, about, strlen(about));
	if (!row->aliases)
		return;
	fputs("Also spelled\n", out);
	for (const char *a = row->aliases; *a; a += strspn(a, " ")) {
		int len = (int)strcspn(a, " ");

		fprintf(out, ".Fl -%.*s%s\n", len, a, a[len] ? " ," : " .");
		a += len;
	}
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
		text(out, p->text, strlen(p->text));
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
		text(out, p->text, strlen(p->text));
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
		text(out, r->summary, strlen(r->summary));
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
		text(out, (*commands)->summary, strlen((*commands)->summary));
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

static void see_also(FILE *out, const struct command *cmd, const struct command *const *commands)
{
	fputs(".Sh SEE ALSO\n", out);
	if (cmd->name) {
		fputs(".Xr damon-perf 1\n", out);
		return;
	}
	for (const char *sep = ""; *commands; commands++) {
		if (!(*commands)->options)
			continue;
		fprintf(out, "%s.Xr damon-perf-%s 1", sep, (*commands)->name);
		sep = " ,\n";
	}
	fputc('\n', out);
}

void help_man(FILE *out, const struct command *cmd, const struct command *const *commands)
{
	const char *name = cmd->name ? cmd->name : "";
	const char *sep = cmd->name ? "-" : "";

	fputs(".\\\" Made by scripts/man from the tables of options: do not edit.\n", out);
	fprintf(out, ".Dd " PAGE_DATE "\n.Dt DAMON-PERF%s", sep);
	for (const char *p = name; *p; p++)
		fputc(toupper((unsigned char)*p), out);
	fprintf(out, " 1\n.Os damon-perf\n.Sh NAME\n.Nm damon-perf%s%s\n.Nd ", sep, name);
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
