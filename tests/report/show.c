/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints a report of a scenario: show SCENARIO REPORT [key=value ...]. Errors go to stdout as the
 * program would print them, so that golden files hold them too. tests/report/run compares.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "base/util.h"
#include "report/condition.h"
#include "report/reports.h"
#include "tests/report/scenarios.h"

static int choice(const char *v, const char *const *names)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(v, names[i]))
			return i;
	fprintf(stderr, "show: unknown value '%s'\n", v);
	exit(2);
}

static uint64_t number(const char *v)
{
	uint64_t n = 0;

	if (damon_parse_u64(v, &n)) {
		fprintf(stderr, "show: '%s' is no number\n", v);
		exit(2);
	}
	return n;
}

/* Conditions of diff. */
static struct condition conditions[8];

static void add_condition(struct report_args *a, const char *text)
{
	struct damon_fail fail = {0};

	if (a->nr_fail_if == ARRAY_SIZE(conditions) ||
	    condition_parse(text, &conditions[a->nr_fail_if], &fail)) {
		fprintf(stderr, "show: %s\n", fail.text);
		exit(2);
	}
	a->fail_if = conditions;
	a->nr_fail_if++;
}

static struct damon_record *make(const char *name);

static void set_arg(struct report_args *a, const char *key, const char *v)
{
	static const char *const formats[] = {"text", "json", "csv", "png", "svg", NULL};
	static const char *const sorts[] = {"accesses", "stores", "stall", "latency", NULL};
	static const char *const grains[] = {"function", "line", "module", NULL};
	static const char *const colors[] = {"ascii", "256", "truecolor", NULL};

	if (!strcmp(key, "format"))
		a->format = (enum report_format)choice(v, formats);
	else if (!strcmp(key, "color"))
		a->color = (enum report_color)choice(v, colors);
	else if (!strcmp(key, "pid"))
		a->pid = (int)number(v);
	else if (!strcmp(key, "comm"))
		a->comm = v;
	else if (!strcmp(key, "width"))
		a->width = (unsigned)number(v);
	else if (!strcmp(key, "from"))
		a->time_from_ns = number(v) * 1000000;
	else if (!strcmp(key, "to"))
		a->time_to_ns = number(v) * 1000000;
	else if (!strcmp(key, "start"))
		a->addr_start = number(v);
	else if (!strcmp(key, "end"))
		a->addr_end = number(v);
	else if (!strcmp(key, "cols"))
		a->resol_time = (unsigned)number(v);
	else if (!strcmp(key, "rows"))
		a->resol_addr = (unsigned)number(v);
	else if (!strcmp(key, "window"))
		a->window = (int)number(v);
	else if (!strcmp(key, "top"))
		a->top = (unsigned)number(v);
	else if (!strcmp(key, "sort"))
		a->sort = (enum report_sort)choice(v, sorts);
	else if (!strcmp(key, "by"))
		a->grain = (enum report_grain)choice(v, grains);
	else if (!strcmp(key, "percentiles"))
		a->percentiles = number(v);
	else if (!strcmp(key, "fail-if"))
		add_condition(a, v);
	else if (!strcmp(key, "idle"))
		a->idle_ns = number(v) * 1000000;
	else if (!strcmp(key, "function"))
		a->function = v;
	else if (!strcmp(key, "other")) {
		a->other = make(v);
		a->other_path = "other.data";
	} else if (!strcmp(key, "why")) {
		a->has_why = true;
		a->why = number(v);
	} else if (!strcmp(key, "snapshot"))
		a->snapshot = (int64_t)number(v);
	else if (!strcmp(key, "pixels_x"))
		a->pixels[0] = (unsigned)number(v);
	else if (!strcmp(key, "pixels_y"))
		a->pixels[1] = (unsigned)number(v);
	else if (!strcmp(key, "dark"))
		a->dark = number(v);
	else if (!strcmp(key, "linear"))
		a->scale = number(v) ? REPORT_LINEAR : REPORT_LOG;
	else
		exit(2);
}

static const struct report_row *find_row(const char *name)
{
	static const struct report_row diff = {"diff", "", report_diff};
	const struct report_row *rows[] = {report_rows, export_rows};

	if (!strcmp(name, diff.name))
		return &diff;

	for (int i = 0; i < 2; i++)
		for (const struct report_row *r = rows[i]; r->name; r++)
			if (!strcmp(r->name, name) || (!i && !*name))
				return r;
	fprintf(stderr, "show: no report '%s'\n", name);
	exit(2);
}

static struct damon_record *make(const char *name)
{
	for (const struct scenario *s = scenarios; s->name; s++) {
		if (!strcmp(s->name, name)) {
			struct damon_record *r = fake_record_new();

			s->fill(r);
			return r;
		}
	}
	fprintf(stderr, "show: no scenario '%s'\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	struct report_args a = {.path = "fake.data",
				.out = stdout,
				.width = 80,
				.color = REPORT_ASCII,
				.window = -1,
				.snapshot = -1};
	clock_t before;
	int err;

	setlocale(LC_ALL, "");
	if (argc < 3)
		return 2;
	a.rec = make(argv[1]);
	for (int i = 3; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			return 2;
		*value = '\0';
		set_arg(&a, argv[i], value + 1);
	}
	before = clock();
	err = find_row(argv[2])->run(&a);
	if (getenv("SHOW_TIME"))
		fprintf(stderr, "%.1f ms\n", 1e3 * (double)(clock() - before) / CLOCKS_PER_SEC);
	if (err < 0)
		printf("error %d: %s%s%s\n", err, a.fail.text, *a.fail.remedy ? "; " : "",
		       a.fail.remedy);
	if (a.status)
		printf("exit status %d\n", a.status);
	damon_record_close(a.rec);
	damon_record_close(a.other);
	return err > 0 ? 2 : err < 0;
}
