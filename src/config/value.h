/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values as people write them, in files and options alike: numbers with units (base/units.h), and
 * words of a list. What is wrong is refused with where it was written.
 *
 * All return 0 or -EINVAL with the sentence; the output is untouched then.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "config/config.h"

/* Where something was written: a chain that ends at the top of a file, or an option's name. */
struct place {
	const struct place *up; /* NULL: the top */
	const char *key;	/* NULL: the index-th of an array */
	size_t index;
};

/* Whom to tell. */
struct issues {
	const char *file; /* NULL: the command line */
	const struct config_how *how;
	struct damon_fail *fail;
};

/* "FILE: WHERE: sentence", -EINVAL. A remedy may be added to is->fail. */
int refuse(const struct issues *is, const struct place *at, const char *fmt, ...) _printf_(3, 4);
int refuse_memory(const struct issues *is); /* -ENOMEM */
/* 0; -EINVAL if strict. */
int warn(const struct issues *is, const struct place *at, const char *fmt, ...) _printf_(3, 4);

/* 'base_ns': of a bare number. */
int value_time(const struct issues *is, const struct place *at, const char *text, uint64_t base_ns,
	       uint64_t *ns);
int value_bytes(const struct issues *is, const struct place *at, const char *text, uint64_t *bytes);
int value_count(const struct issues *is, const struct place *at, const char *text, uint64_t max,
		uint64_t *n);
/* "5 %", "50 permil", or a bare number of 1/'whole'; at most 1, to the nearest 1/'whole'. */
int value_part(const struct issues *is, const struct place *at, const char *text, uint32_t whole,
	       uint32_t *n);
int value_flag(const struct issues *is, const struct place *at, const char *text, int *flag);

/* nr_accesses: "50 %", a bare number of percent, or "5 samples", of which an aggregation interval
 * has as many as 'a' tells. 0..1; what is above is 1. */
int value_rate(const struct issues *is, const struct place *at, const char *text,
	       const struct damon_attrs *a, double *rate);
/* "10 s", "5 aggr_intervals", or a bare number of microseconds, which is warned of. */
int value_age(const struct issues *is, const struct place *at, const char *text,
	      const struct damon_attrs *a, uint64_t *ns);

/* A word with a meaning here, or with the reason why it has none. */
struct word {
	const char *name; /* NULL ends a table */
	int value;
	const char *refused, *remedy; /* NULL: it works */
};
/* 'what': "an action". */
int value_word(const struct issues *is, const struct place *at, const char *text, const char *what,
	       const struct word *words, int *value);
const char *word_of(const struct word *words, int value);

#endif
