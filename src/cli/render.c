/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/render.h"
#include "cli/say.h"
#include "report/marks.h"

static int say_no_record(const char *path, int err)
{
	struct damon_fail fail = {0};
	const char *text = damon_record_error(NULL), *remedy = damon_record_remedy(NULL);

	if (text && *text)
		damon_fail(&fail, -err, "%s", text);
	else
		damon_fail(&fail, -err, "cannot open '%.200s': %s", path, strerror(-err));
	if (remedy && *remedy)
		damon_fail_remedy(&fail, "%s", remedy);
	else if (err == -ENOENT)
		damon_fail_remedy(&fail, "make it with 'damon-perf record', or name another with "
					 "'-i'");
	say_fail(&fail);
	return 1;
}

/* Writing a file over the one that is read would lose both. */
static bool same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return !stat(a, &sa) && !stat(b, &sb) && S_ISREG(sa.st_mode) && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

/* A failed write is the output's story, not the report's. */
static int run(const struct report_row *row, struct report_args *a, struct output *out)
{
	struct damon_fail fail = {0};
	int err = a->time_marks ? marks_range(a) : 0;

	if (!err)
		err = row->run(a);

	if (err < 0 && !ferror(a->out) && err != -EPIPE) {
		if (!a->fail.text[0])
			damon_fail(&a->fail, -err, "cannot make the %s of '%.200s': %s", row->name,
				   a->path, strerror(-err));
		say_fail(&a->fail);
		return 1;
	}
	err = output_finish(out, &fail);
	if (fail.text[0])
		say_fail(&fail);
	else if (!err && a->remark)
		say("%s", a->remark);
	return err < 0 ? 1 : a->status;
}

/* Returns 0, or 1 with the reason said. */
static int open_record(const char *path, struct damon_record **rec)
{
	struct progress progress;
	int err;

	progress_init(&progress, false, "reading");
	err = damon_record_open_watched(path, progress_draw, &progress, rec);
	progress_erase(&progress);
	return err < 0 ? say_no_record(path, err) : 0;
}

/* Bytes that are no text would upset it. */
static int refuse_terminal(const struct report_row *row, const struct report_args *a, int fd,
			   struct damon_fail *fail)
{
	if (a->format != REPORT_PNG || !isatty(fd))
		return 0;
	damon_fail(fail, EINVAL, "a picture is nothing for a terminal");
	damon_fail_remedy(fail, "write it to a file with '-o %s.png'", row->name);
	return -EINVAL;
}

int render(const struct report_row *row, struct report_args *a, const struct render_options *o)
{
	struct damon_fail fail = {0};
	struct output out = {0};
	int fd, err, status = 1;

	if (same_file(o->input, o->output) || (o->other && same_file(o->other, o->output))) {
		damon_fail(&fail, EINVAL, "'%.200s' is both input and output", o->output);
		damon_fail_remedy(&fail, "name another output with '-o'");
		say_fail(&fail);
		return 1;
	}
	if (open_record(o->input, &a->rec))
		return 1;
	if (o->other && open_record(o->other, &a->other)) {
		damon_record_close(steal(&a->rec));
		return 1;
	}
	err = output_open(&out, o->output, &fail);
	if (!err)
		err = refuse_terminal(row, a, fileno(out.file), &fail);
	if (err < 0) {
		say_fail(&fail);
	} else {
		fd = fileno(out.file);
		a->path = o->input;
		a->other_path = o->other;
		a->out = out.file;
		a->width = o->width ? (unsigned)o->width : output_width(fd);
		a->color = o->color < 0 ? output_color(fd) : (enum report_color)o->color;
		status = run(row, a, &out);
	}
	output_release(&out);
	damon_record_close(steal(&a->rec));
	damon_record_close(steal(&a->other));
	return status;
}
