/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a report or an export goes: standard output, or a file that appears under its name only
 * when it is complete. A full disk is said, a reader that went away is not.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/fail.h"
#include "report/report.h"

struct output {
	FILE *file;
	const char *name; /* for sentences, the caller's; NULL: standard output */
	char *path;	  /* to rename to; NULL: written in place */
	char *temporary;
};

/* 'path' is NULL or "-" for standard output. Returns 0, or -errno with the sentence in 'fail'. */
int output_open(struct output *o, const char *path, struct damon_fail *fail);
/* Completes it: after that it is under its name, or an error is returned. 'fail' stays empty after
 * -EPIPE. */
int output_finish(struct output *o, struct damon_fail *fail);
/* Drops what was not finished; fine after output_finish() and on zeroed storage. */
void output_release(struct output *o);

/* Flushes standard output; says what went wrong. Returns 0 or -errno. */
int output_finish_stdout(void);

/* Opens what is missing of descriptors 0, 1, 2, so that no file of ours gets such a number. */
int output_reserve_std(void);

/* Columns of the terminal that is 'fd', else of $COLUMNS, else 80. */
unsigned output_width(int fd);
/* What a terminal 'fd' can show, by NO_COLOR, COLORTERM and TERM. */
enum report_color output_terminal_color(int fd);
/* The same for pictures in text: none where the locale has no half blocks. */
enum report_color output_color(int fd);

#endif
