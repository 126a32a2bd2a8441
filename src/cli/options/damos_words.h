/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the words of an option make of a scheme: one row for each option of damos_options.h. */
#ifndef CLI_DAMOS_WORDS_H
#define CLI_DAMOS_WORDS_H

#include "config/value.h"

struct words_by {
	struct issues is;
	const struct damon_attrs *attrs; /* that samples and ages are counted in */
};

/* One option: its name, and what follows it. */
struct words {
	struct place at;
	char **words; /* nr, at least as many as the option takes */
	size_t nr;
};

enum words_share {
	WORDS_EACH,   /* the i-th of its kind is the i-th scheme's */
	WORDS_MANY,   /* counts tell whose each is */
	WORDS_COUNTS, /* of them */
	WORDS_MARK,   /* begins a scheme */
	WORDS_ALL,    /* as EACH, but one alone is of all schemes */
};

struct words_kind {
	const char *name; /* of the option; NULL ends the table */
	enum words_share share;
	int (*apply)(const struct words_by *b, const struct words *u, struct damos *s);
	const char *counts; /* of MANY: the option that counts them */
};

extern const struct words_kind words_kinds[];

#endif
