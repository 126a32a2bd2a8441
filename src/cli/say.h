/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only place that talks on standard error:	damon-perf: <text>; <remedy>
 * Bytes that would steer the terminal are replaced, as names of files and processes are not ours.
 */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdio.h>

#include "base/fail.h"
#include "damon.h"

void say_fail(const struct damon_fail *fail);
/* The context's reason, or that of 'err' if it has none. */
void say_ctx(const struct damon_ctx *ctx, int err);
void say_record(const struct damon_record *r, int err);
/* One sentence that is no error. */
void say(const char *fmt, ...) _printf_(1, 2);

/* Copies 'text' for a terminal. */
void say_clean(char *buf, size_t size, const char *text);

#endif
