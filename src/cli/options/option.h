/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options as tables. A row says how an option is spelled, what it takes, its default and its range;
 * the parser, --help, the manual pages and the shell's completion all read the same row.
 *
 *	--name VALUE, --name=VALUE, -x VALUE, -xVALUE; '--' ends the options
 *	hyphens and underscores in long names are the same; shortened names are not accepted
 *	an option given twice counts as the last says, but lists (PIDs, words) grow
 */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/name.h"

enum option_type {
	OPT_FLAG,	/* bool; takes nothing */
	OPT_STR,	/* const char *; of argv, not copied */
	OPT_TIME,	/* uint64_t ns */
	OPT_COUNT,	/* uint64_t */
	OPT_BYTES,	/* uint64_t: 4096, "4 KiB", 0x1000 */
	OPT_DOUBLE,	/* double */
	OPT_PERCENT,	/* double: 1, "1 %" and "100 bp" are 1.0 */
	OPT_CHOICE,	/* int: which of the row's words */
	OPT_PIDS,	/* struct option_pids; "1,2,3" */
	OPT_ADDR_RANGE, /* uint64_t[2], half open; "0x1000-0x2000", "4M-8M" */
	OPT_TIME_RANGE, /* struct option_time_range; "1s-2.5s", "mark:load", "load..2s" */
	OPT_GRID,	/* uint64_t[2]; "80x20" */
	OPT_WORDS,	/* struct option_words; repeats. As many words as 'arg' has; if that ends
			   with "...", up to the next option, at least one; none without it */
};

/* Words of options that repeat, in the order of the line; rows may share one. */
struct option_words {
	struct option_use {
		const struct option_row *row;
		char **words; /* of argv; nr, then NULL */
		size_t nr;
	} * uses;
	size_t nr, cap;
};
void option_words_release(struct option_words *w);

struct option_time_range {
	uint64_t ns[2];	   /* half open */
	const char *marks; /* instead: of argv, a mark or "A..B"; NULL: none */
};

struct option_pids {
	int *pids;
	size_t nr, cap;
};
void option_pids_release(struct option_pids *p);

struct option_row {
	const char *name; /* long, with hyphens; NULL ends a table */
	char letter;	  /* short, or 0 */
	enum option_type type;
	size_t offset;	     /* of the value in the command's struct */
	const char *arg;     /* as help names the value: "TIME"; "MIN MAX" if it takes two */
	const char *def;     /* default, in the grammar of the type; NULL: all bits zero */
	const char *range;   /* "1 ms..365 d", both ends allowed, same grammar; NULL: any */
	const char *help;    /* one sentence or more, no full stop at the end */
	const char *section; /* heading, on the first row of a section */
	const char *aliases; /* other long names, separated by blanks */
	const char *choices; /* words of an OPT_CHOICE, separated by blanks, */
	const char *(*word)(size_t i); /* or the i-th of them; NULL beyond the last */
	uint64_t base_ns;	       /* of a bare number in an OPT_TIME or OPT_TIME_RANGE */
	uint8_t group;		       /* a bit per group: rows that share one exclude each other */
	bool required;		       /* this row, or one of its group, must be given */
};

/* A bit for each row: a table has at most OPTION_MAX_ROWS. */
typedef unsigned __int128 option_bits;
#define OPTION_MAX_ROWS 128

/* What a command line held. */
struct option_line {
	char **operands; /* within argv, NULL at the end */
	int nr_operands;
	option_bits given; /* bit per row */
	bool help;	   /* -h or --help: nothing after it was looked at */
};

/*
 * Sets the values of all 'rows' in 'values' (which must be zero) to their defaults and then to what
 * 'argv' (NULL at the end, without the command's name) says. Operands are moved to argv's front.
 * 'leading': the first operand ends the options, as for a command to run. Returns 0, or -EINVAL
 * with the sentence in 'fail'; 'values' is to be released in both cases.
 */
int option_parse(const struct option_row *rows, void *values, char **argv, bool leading,
		 struct option_line *line, struct damon_fail *fail);

bool option_given(const struct option_row *rows, const struct option_line *line, const char *name);

/* Values that 'row' takes from the command line, or takes at least: 0 for a flag. */
int option_nr_args(const struct option_row *row);

/* The i-th word of an OPT_CHOICE: its length in '*len', or NULL beyond the last. */
const char *option_word(const struct option_row *row, size_t i, size_t *len);

#endif
