/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/say.h"

void say_clean(char *buf, size_t size, const char *text)
{
	size_t n = 0;

	for (; text[n] && n + 1 < size; n++) {
		unsigned char c = (unsigned char)text[n];

		buf[n] = c < ' ' || c == 0x7f ? '?' : (char)c;
	}
	buf[n] = '\0';
}

static void say_pair(const char *text, const char *remedy)
{
	char clean[2][1024];

	say_clean(clean[0], sizeof(clean[0]), text);
	say_clean(clean[1], sizeof(clean[1]), remedy ? remedy : "");
	fprintf(stderr, "damon-perf: %s%s%s\n", clean[0], clean[1][0] ? "; " : "", clean[1]);
}

void say_fail(const struct damon_fail *fail)
{
	say_pair(fail->text, fail->remedy);
}

static void say_library(const char *text, const char *remedy, int err)
{
	if (text && *text)
		say_pair(text, remedy);
	else
		say_pair(strerror(err < 0 ? -err : err), NULL);
}

void say_ctx(const struct damon_ctx *ctx, int err)
{
	say_library(ctx ? damon_error(ctx) : NULL, ctx ? damon_remedy(ctx) : NULL, err);
}

void say_record(const struct damon_record *r, int err)
{
	say_library(damon_record_error(r), damon_record_remedy(r), err);
}

void say(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say_pair(text, NULL);
}
