/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/output.h"

static char folder[] = "/tmp/test_output.XXXXXX";

static void enter(void)
{
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	umask(027);
}

static void leave(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(system(command), 0);
}

static const char *content(const char *path)
{
	static char text[64];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (!f)
		return "(none)";
	fclose(f);
	text[n] = '\0';
	return text;
}

static int nr_files(void)
{
	FILE *ls = popen("ls -A | wc -l", "r");
	int n = -1;

	cr_assert_eq(fscanf(ls, "%d", &n), 1);
	pclose(ls);
	return n;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

TestSuite(output, .init = enter, .fini = leave);

Test(output, appears_when_it_is_complete)
{
	struct damon_fail fail = {0};
	struct output o;
	struct stat st;

	put("out", "before");
	cr_assert_eq(output_open(&o, "out", &fail), 0, "%s", fail.text);
	fputs("after", o.file);
	fflush(o.file);
	cr_expect_str_eq(content("out"), "before");
	cr_assert_eq(output_finish(&o, &fail), 0, "%s", fail.text);
	output_release(&o);
	cr_expect_str_eq(content("out"), "after");
	cr_expect_eq(nr_files(), 1);
	cr_assert_eq(stat("out", &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0640, "%o", st.st_mode);
}

Test(output, leaves_no_trace_if_it_is_not_finished)
{
	struct damon_fail fail = {0};
	struct output o;

	put("out", "before");
	cr_assert_eq(output_open(&o, "out", &fail), 0);
	fputs("after", o.file);
	output_release(&o);
	output_release(&o); /* twice is fine */
	cr_expect_str_eq(content("out"), "before");
	cr_expect_eq(nr_files(), 1);
}

Test(output, keeps_links)
{
	struct damon_fail fail = {0};
	struct output o;
	struct stat st;

	put("real", "before");
	cr_assert_eq(symlink("real", "link"), 0);
	cr_assert_eq(output_open(&o, "link", &fail), 0);
	fputs("after", o.file);
	cr_assert_eq(output_finish(&o, &fail), 0);
	output_release(&o);
	cr_assert_eq(lstat("link", &st), 0);
	cr_expect(S_ISLNK(st.st_mode));
	cr_expect_str_eq(content("real"), "after");
}

Test(output, failures_are_told)
{
	static const struct {
		const char *path;
		int open_err, finish_err;
	} rows[] = {
		{"nowhere/out", -ENOENT, 0},
		{".", -EISDIR, 0},
		{"/dev/full", 0, -ENOSPC},
		{"/dev/null", 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_fail fail = {0};
		struct output o;
		int err = output_open(&o, rows[i].path, &fail);

		cr_expect_eq(err, rows[i].open_err, "'%s': %d", rows[i].path, err);
		if (!err) {
			fputs("text", o.file);
			err = output_finish(&o, &fail);
			cr_expect_eq(err, rows[i].finish_err, "'%s': %d", rows[i].path, err);
		}
		cr_expect_eq(!fail.text[0], !err, "'%s': '%s'", rows[i].path, fail.text);
		cr_expect(!err || strstr(fail.text, rows[i].path), "'%s'", fail.text);
		output_release(&o);
	}
	cr_expect_eq(nr_files(), 0);
}

static int open_terminal(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	cr_assert_geq(fd, 0);
	cr_assert_eq(grantpt(fd), 0);
	cr_assert_eq(unlockpt(fd), 0);
	return fd;
}

static void set_env(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

Test(output, colours_are_the_terminal_s)
{
	static const struct {
		bool tty;
		const char *term, *colorterm, *no_color;
		enum report_color want;
		const char *locale; /* NULL: none is named */
	} rows[] = {
		{true, "xterm-256color", NULL, NULL, REPORT_256},
		{true, "xterm-256color", "truecolor", NULL, REPORT_TRUECOLOR},
		{true, "xterm", "24bit", NULL, REPORT_TRUECOLOR},
		{true, "xterm-direct", NULL, NULL, REPORT_TRUECOLOR},
		{true, "xterm", NULL, NULL, REPORT_ASCII},
		{true, "xterm", "yes", NULL, REPORT_ASCII},
		{true, "dumb", "truecolor", NULL, REPORT_ASCII},
		{true, NULL, "truecolor", NULL, REPORT_ASCII},
		{true, "xterm-256color", "truecolor", "1", REPORT_ASCII},
		{true, "xterm-256color", NULL, "", REPORT_256},
		{false, "xterm-256color", "truecolor", NULL, REPORT_ASCII},
		{true, "xterm-256color", NULL, NULL, REPORT_256, "de_DE.UTF-8"},
		{true, "xterm-256color", NULL, NULL, REPORT_256, "C.utf8"},
		{true, "xterm-256color", NULL, NULL, REPORT_ASCII, "C"},
		{true, "xterm-256color", "truecolor", NULL, REPORT_ASCII, "de_DE"},
	};
	int tty = open_terminal(), file = open("/dev/null", O_WRONLY);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		set_env("TERM", rows[i].term);
		set_env("COLORTERM", rows[i].colorterm);
		set_env("NO_COLOR", rows[i].no_color);
		set_env("LC_ALL", "");
		set_env("LC_CTYPE", NULL);
		set_env("LANG", rows[i].locale);
		cr_expect_eq(output_color(rows[i].tty ? tty : file), rows[i].want, "row %zu", i);
	}
	close(tty);
	close(file);
}

Test(output, width_is_the_terminal_s)
{
	static const struct {
		unsigned short columns; /* 0: no terminal */
		const char *env;
		unsigned want;
	} rows[] = {
		{132, "100", 132}, {20, NULL, 40},    {0, "100", 100}, {0, NULL, 80},
		{0, "wide", 80},   {0, "100000", 80}, {0, "0", 80},    {0, "7", 40},
	};
	int tty = open_terminal(), file = open("/dev/null", O_WRONLY);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct winsize size = {.ws_col = rows[i].columns, .ws_row = 25};

		if (rows[i].columns)
			cr_assert_eq(ioctl(tty, TIOCSWINSZ, &size), 0);
		set_env("COLUMNS", rows[i].env);
		cr_expect_eq(output_width(rows[i].columns ? tty : file), rows[i].want, "row %zu",
			     i);
	}
	close(tty);
	close(file);
}
