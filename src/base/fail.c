/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "base/fail.h"

int damon_fail(struct damon_fail *f, int err, const char *fmt, ...)
{
	va_list ap;

	if (!f)
		return -err;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	f->remedy[0] = '\0';
	return -err;
}

void damon_fail_remedy(struct damon_fail *f, const char *fmt, ...)
{
	va_list ap;

	if (!f)
		return;
	va_start(ap, fmt);
	vsnprintf(f->remedy, sizeof(f->remedy), fmt, ap);
	va_end(ap);
}
