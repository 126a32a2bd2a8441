/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a report or an export from a record to an output. */
#ifndef CLI_RENDER_H
#define CLI_RENDER_H

#include "report/report.h"

struct render_options {
	const char *input, *output; /* "-": standard input, output */
	const char *other;	    /* a second record; NULL: none */
	uint64_t width;		    /* 0: the terminal's */
	int color;		    /* enum report_color; -1: the terminal's */
};

/* 'args' has what the user chose; the record, the output and the terminal are filled in. Returns
 * the exit status: 0 or that of the report, or 1 with the reason said. */
int render(const struct report_row *row, struct report_args *args, const struct render_options *o);

#endif
