/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/output.h"
#include "cli/say.h"
#include "cli/signals.h"

/* 'path' is NULL for standard output. */
static int cannot_write(struct damon_fail *fail, int err, const char *path)
{
	bool closed = !path && err == EBADF;

	damon_fail(fail, err, "cannot write %s%.200s%s: %s", path ? "'" : "to ",
		   path ? path : "standard output", path ? "'" : "",
		   closed ? "it is closed" : strerror(err));
	if (err == ENOSPC || err == EDQUOT)
		damon_fail_remedy(fail, "free some space%s",
				  path ? ", or write elsewhere with '-o'" : "");
	else if (path &&
		 (err == EACCES || err == EPERM || err == EROFS || err == ENOENT || err == ENOTDIR))
		damon_fail_remedy(fail, "write elsewhere with '-o'");
	return -err;
}

/* A temporary file beside what 'path' stands for: links stay links. */
static int open_temporary(struct output *o, const char *path)
{
	mode_t mask = umask(0);
	int fd, err;

	umask(mask);
	o->path = realpath(path, NULL);
	if (!o->path && errno == ENOENT)
		o->path = strdup(path);
	if (!o->path || asprintf(&o->temporary, "%s.XXXXXX", o->path) < 0) {
		o->temporary = NULL;
		return -errno;
	}
	fd = mkstemp(o->temporary);
	if (fd < 0) {
		err = -errno;
		free(steal(&o->temporary));
		return err;
	}
	signals_unlink(o->temporary);
	if (fchmod(fd, 0666 & ~mask) < 0 || !(o->file = fdopen(fd, "w"))) {
		err = -errno;
		close(fd);
		return err;
	}
	return 0;
}

int output_open(struct output *o, const char *path, struct damon_fail *fail)
{
	struct stat st;
	int err = 0;

	*o = (struct output){.name = path};
	if (!path || !strcmp(path, "-")) {
		o->file = stdout;
		o->name = NULL;
		return 0;
	}
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) { /* a pipe, a device: no other may be renamed
							   to it */
		o->file = fopen(path, "we");
		err = o->file ? 0 : -errno;
	} else {
		err = open_temporary(o, path);
	}
	if (err)
		cannot_write(fail, -err, path);
	return err;
}

/* Flushes and learns of what earlier writes met. */
static int flush(FILE *f)
{
	errno = 0;
	if (fflush(f))
		return -errno;
	return ferror(f) ? -EIO : 0;
}

int output_finish(struct output *o, struct damon_fail *fail)
{
	int err = flush(o->file);

	if (o->file != stdout && fclose(o->file) && !err)
		err = -errno;
	o->file = NULL;
	if (!err && o->temporary && rename(o->temporary, o->path))
		err = -errno;
	if (!err && o->temporary) {
		signals_unlink(NULL);
		free(steal(&o->temporary));
	}
	if (err && err != -EPIPE)
		cannot_write(fail, -err, o->name);
	return err;
}

void output_release(struct output *o)
{
	if (o->file && o->file != stdout)
		fclose(o->file);
	if (o->temporary) {
		unlink(o->temporary);
		signals_unlink(NULL);
	}
	free(o->temporary);
	free(o->path);
	*o = (struct output){0};
}

int output_finish_stdout(void)
{
	struct damon_fail fail = {0};
	int err = flush(stdout);

	if (err && err != -EPIPE) {
		cannot_write(&fail, -err, NULL);
		say_fail(&fail);
	}
	return err;
}

int output_reserve_std(void)
{
	for (int fd = 0; fd < 3; fd++) {
		/* the other direction: writing to it fails as writing to a closed one does */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			return -EBADF;
	}
	return 0;
}

unsigned output_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t n;

	if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		return MAX((unsigned)size.ws_col, 40u);
	if (columns && !damon_parse_u64(columns, &n) && n && n <= 10000)
		return MAX((unsigned)n, 40u);
	return 80;
}

/* Pictures in colours are drawn with half blocks. Where no locale is named, terminals are taken for
 * what they are today. */
static bool locale_has_blocks(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = getenv(names[i]);

		if (name && *name)
			return strcasestr(name, "utf-8") || strcasestr(name, "utf8");
	}
	return true;
}

enum report_color output_terminal_color(int fd)
{
	const char *none = getenv("NO_COLOR"), *color = getenv("COLORTERM"), *term = getenv("TERM");

	if (!isatty(fd) || (none && *none) || !term || !strcmp(term, "dumb"))
		return REPORT_ASCII;
	if (color && (!strcmp(color, "truecolor") || !strcmp(color, "24bit")))
		return REPORT_TRUECOLOR;
	if (strstr(term, "-direct"))
		return REPORT_TRUECOLOR;
	return strstr(term, "256color") ? REPORT_256 : REPORT_ASCII;
}

enum report_color output_color(int fd)
{
	return locale_has_blocks() ? output_terminal_color(fd) : REPORT_ASCII;
}
