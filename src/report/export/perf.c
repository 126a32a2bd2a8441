/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log of samples as perf.data. Its beginning is written last, so it needs a file that can be
 * seeked: standard output and pipes get a copy of a temporary one. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "report/reports.h"

static int convert(struct report_args *a, FILE *to)
{
	int err = damon_record_to_perf(a->rec, fileno(to));

	if (err) {
		damon_fail(&a->fail, -err, "%s", damon_record_error(a->rec));
		damon_fail_remedy(&a->fail, "%s", damon_record_remedy(a->rec));
	}
	return err;
}

/* What the output meets is kept in it: its owner says so. */
static int copy(FILE *from, FILE *to)
{
	char buf[1 << 14];
	size_t n;

	rewind(from);
	while ((n = fread(buf, 1, sizeof(buf), from)))
		if (fwrite(buf, 1, n, to) != n)
			return errno ? -errno : -EIO;
	return ferror(from) ? -EIO : 0;
}

int export_perf(struct report_args *a)
{
	FILE *spool;
	int err;

	if (isatty(fileno(a->out))) {
		damon_fail(&a->fail, EINVAL, "perf.data is not for a terminal");
		damon_fail_remedy(&a->fail, "redirect standard output, or name a file with '-o'");
		return -EINVAL;
	}
	if (a->out != stdout && !lseek(fileno(a->out), 0, SEEK_CUR))
		return convert(a, a->out);
	spool = tmpfile();
	if (!spool)
		return damon_fail(&a->fail, errno, "cannot make a temporary file: %s",
				  strerror(errno));
	err = convert(a, spool);
	if (!err)
		err = copy(spool, a->out);
	fclose(spool);
	return err;
}
