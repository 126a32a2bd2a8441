/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/say.h"
#include "cli/help/wrap.h"

struct check_options {
	int format;
};

enum { FORMAT_TEXT, FORMAT_JSON };

static const struct option_row options[] = {
	{
		.name = "format",
		.type = OPT_CHOICE,
		.offset = offsetof(struct check_options, format),
		.choices = "text json",
		.def = "text",
		.help = "for people, for programs",
	},
	{0},
};

static const struct command_pair examples[] = {
	{"damon-perf check", "what works here"},
	{"damon-perf check --format json | jq '.items[] | select(.usable | not)'",
	 "what does not, and why"},
	{0},
};

static const struct command_pair statuses[] = {
	{"0", "recording is possible, with at least one source"},
	{"1", "recording is not possible here"},
	{"2", "wrong usage"},
	{0},
};

/* An item outlives its callback here: text lines up in columns, and the verdict comes first. */
enum { KIND, NAME, SUMMARY, REASON, REMEDY, NR_TEXTS };

struct item {
	char *text[NR_TEXTS]; /* "" where there is none */
	bool usable;
};

struct items {
	struct item *items;
	size_t nr, cap;
	int err;
};

static void items_release(struct items *l)
{
	for (size_t i = 0; i < l->nr; i++) {
		for (int t = 0; t < NR_TEXTS; t++)
			free(l->items[i].text[t]);
	}
	free(l->items);
}

static void add_item(void *priv, const struct damon_check_item *from)
{
	const char *texts[] = {from->kind, from->name, from->summary, from->reason, from->remedy};
	struct items *l = priv;
	struct item *to;

	if (!l->err)
		l->err = vec_reserve(&l->items, &l->cap, l->nr + 1, sizeof(*l->items));
	if (l->err)
		return;
	to = &l->items[l->nr++];
	*to = (struct item){.usable = from->usable};
	for (int t = 0; t < NR_TEXTS; t++) {
		to->text[t] = strdup(texts[t] ? texts[t] : "");
		if (!to->text[t])
			l->err = -ENOMEM;
	}
}

static bool can_record(const struct items *l)
{
	for (size_t i = 0; i < l->nr; i++) {
		if (l->items[i].usable && !strcmp(l->items[i].text[KIND], "source"))
			return true;
	}
	return false;
}

static void print_item(FILE *out, const struct item *it, int name_width, int width)
{
	int col = fprintf(out, "  %-*s  %-3s  ", name_width, it->text[NAME],
			  it->usable ? "yes" : "no");
	char why[1024];

	wrap_print(out, it->text[SUMMARY], col, col, width);
	if (it->usable)
		return;
	snprintf(why, sizeof(why), "%s%s%s", *it->text[REASON] ? it->text[REASON] : "not known why",
		 *it->text[REMEDY] ? "; " : "", it->text[REMEDY]);
	fprintf(out, "%*s", col, "");
	wrap_print(out, why, col, col, width);
}

/* Items of a kind stand together, kinds in the order of their first item. */
static void print_text(FILE *out, const struct items *l)
{
	/* A line for each in a file, where it may be searched. */
	int width = isatty(STDOUT_FILENO) ? (int)output_width(STDOUT_FILENO) : INT_MAX;
	int name_width = 0;

	for (size_t i = 0; i < l->nr; i++)
		name_width = MAX(name_width, (int)strlen(l->items[i].text[NAME]));
	for (size_t i = 0; i < l->nr; i++) {
		const char *kind = l->items[i].text[KIND];
		bool told = false;

		for (size_t j = 0; j < i && !told; j++)
			told = !strcmp(l->items[j].text[KIND], kind);
		if (told)
			continue;
		fprintf(out, "%s%s:\n", i ? "\n" : "", kind);
		for (size_t j = i; j < l->nr; j++) {
			if (!strcmp(l->items[j].text[KIND], kind))
				print_item(out, &l->items[j], name_width, width);
		}
	}
	fprintf(out, "\n%s\n",
		can_record(l) ? "Recording works here: damon-perf record -- COMMAND"
			      : "Recording does not work here: no source is usable.");
}

static void json_text(struct json *j, const char *key, const char *text)
{
	json_str(j, key, *text ? text : NULL);
}

static void print_json(FILE *out, const struct items *l)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_bool(&j, "can_record", can_record(l));
	json_array(&j, "items");
	for (size_t i = 0; i < l->nr; i++) {
		const struct item *it = &l->items[i];

		json_object(&j, NULL);
		json_str(&j, "kind", it->text[KIND]);
		json_str(&j, "name", it->text[NAME]);
		json_str(&j, "summary", it->text[SUMMARY]);
		json_bool(&j, "usable", it->usable);
		json_text(&j, "reason", it->text[REASON]);
		json_text(&j, "remedy", it->text[REMEDY]);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
}

static int check(int format)
{
	_cleanup_(items_release) struct items l = {0};
	int err = damon_check(add_item, &l);

	if (err < 0 || l.err) {
		say("cannot look at this machine: %s", strerror(err < 0 ? -err : -l.err));
		return 1;
	}
	if (format == FORMAT_JSON)
		print_json(stdout, &l);
	else
		print_text(stdout, &l);
	return output_finish_stdout() || !can_record(&l);
}

static int cmd_check(char **argv)
{
	struct check_options o = {0};
	struct damon_fail fail = {0};
	struct option_line line;
	int status = command_parse(&command_check, &o, argv, false, &line);

	if (status >= 0)
		return status;
	if (!line.nr_operands)
		return check(o.format);
	damon_fail(&fail, EINVAL, "'%.80s' is one word too many", line.operands[0]);
	return command_usage(&command_check, &fail);
}

const struct command command_check = {
	.name = "check",
	.summary = "tell what works on this machine, and what would help",
	.synopsis = "[OPTION...]",
	.about = "Looks at every source of accesses, every action and the kernel's features, and "
		 "tells for each whether it can be used, or why not and what would help: a sysctl, "
		 "a capability, a package. Nothing is changed.",
	.options = options,
	.examples = examples,
	.statuses = statuses,
	.usage_status = 2,
	.run = cmd_check,
};
