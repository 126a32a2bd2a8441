/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands as tables: a file cmd_NAME.c and a row in main.c each. What is written here makes
 * --help, the manual pages and the completion.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <limits.h>

#include "cli/options/option.h"
#include "report/report.h"

/* Two words that belong together: an example and what it does, a status and when it comes. */
struct command_pair {
	const char *name, *text;
};

struct command {
	const char *name;     /* NULL: the program itself */
	const char *summary;  /* one line, lower case */
	const char *synopsis; /* what follows the name; several forms are separated by '\n' */
	const char *about;    /* paragraphs, separated by a blank line */
	const struct option_row *options; /* NULL: none */
	const char *rows_title;		  /* "Reports", "Formats", */
	const struct report_row *rows;	  /* and these */
	const struct command_pair *examples, *environment,
		*statuses; /* each NULL-named at the end */
	int usage_status;  /* exit status of a command line that cannot be understood */
	bool hidden;
	int (*run)(char **argv); /* without the command's name; returns the exit status */
};

extern const struct command command_record, command_live, command_reclaim, command_lru_sort,
	command_stat, command_report, command_diff, command_convert, command_mark, command_check;

/*
 * Parses a command's line. Returns -1 to go on, else the exit status: help was shown, or what is
 * wrong was said.
 */
int command_parse(const struct command *cmd, void *values, char **argv, bool leading,
		  struct option_line *line);

/* Says what is wrong with a command line and where to read more. Returns the exit status. */
int command_usage(const struct command *cmd, const struct damon_fail *fail);

/* Where names of code are looked for, and kept between runs, as the environment says. 'o' points
 * into 'd'. */
struct command_dirs {
	char cache[PATH_MAX], debug[PATH_MAX];
};
void command_symbols(struct command_dirs *d, struct symbols_options *o);

/* 'rows': of reports or formats. NULL if there is none of that name; 'fail' then says which is
 * near. 'what': "report". */
const struct report_row *command_row(const struct report_row *rows, const char *what,
				     const char *name, struct damon_fail *fail);

#endif
