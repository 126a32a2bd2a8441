/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record itself, written anew: what was damaged is left out, and names if that is asked for. */
#include <errno.h>
#include <unistd.h>

#include "report/reports.h"

int export_record(struct report_args *a)
{
	int err;

	if (isatty(fileno(a->out))) {
		damon_fail(&a->fail, EINVAL, "a record is not for a terminal");
		damon_fail_remedy(&a->fail, "redirect standard output, or name a file with '-o'");
		return -EINVAL;
	}
	err = damon_record_copy(a->rec, fileno(a->out), a->anonymize);
	if (err) {
		damon_fail(&a->fail, -err, "%s", damon_record_error(a->rec));
		damon_fail_remedy(&a->fail, "%s", damon_record_remedy(a->rec));
	}
	return err;
}
