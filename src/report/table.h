/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of text, JSON or CSV from one set of calls: a report says what its columns are, then puts
 * the cells of each row in that order, each with its text and its exact value.
 *
 * Text is held back until the end to find the widths; columns that do not fit are cut or left out,
 * the least important first, and the table says which are left out. JSON and CSV are streamed. CSV
 * quotes as RFC 4180 says, with a first line of keys, and '?' for each control byte of a name;
 * JSON is an array of objects.
 */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "report/known.h"
#include "report/print.h"
#include "report/report.h"

#define TABLE_MAX_COLS 48

struct table_col {
	const char *key;    /* of JSON and CSV; NULL: in text only */
	const char *title;  /* of text; NULL: not in text */
	const char *called; /* where it is said to be left out; NULL: 'title' */
	bool left;	    /* text: flush left */
	unsigned char drop; /* text: 0 never left out, else the higher the earlier */
	/* text: it may be cut to so few columns, and is where there is no room; 0: never cut */
	unsigned char least;
	enum table_cut {
		TABLE_CUT_END,
		TABLE_CUT_MIDDLE, /* of names, whose ends tell them apart as well */
		TABLE_CUT_LIST,	  /* of items between commas: behind one */
	} cut;
};

struct table {
	FILE *out;
	enum report_format format;
	unsigned width;
	const struct table_col *cols;
	size_t nr_cols, at;
	struct json own, *json;
	char *text; /* cells of text, each ended by NUL */
	size_t text_len, text_cap, nr_rows;
	int err;
};

/* 'cols' ends with a row without key and title. 'within' and 'key' place a JSON array inside of
 * something else; NULL: it is the whole output. */
void table_init(struct table *t, struct report_args *a, const struct table_col *cols,
		struct json *within, const char *key);

/* The next cell. Text shows 'text' ("" leaves it empty), JSON and CSV the value. */
void table_str(struct table *t, const char *v);
void table_u64(struct table *t, uint64_t v, const char *text);
void table_i64(struct table *t, int64_t v, const char *text);
void table_double(struct table *t, double v, const char *text);
/* Two cells: the value, in text with the digits that are known, and a column that only text has, of
 * its bounds. Of NAN both are empty. */
void table_known(struct table *t, const struct known *k, enum known_kind kind);
/* Two cells that text does not have: lo and hi. */
void table_limits(struct table *t, const struct known *k);
/* A cell of a column that only text has. */
void table_text(struct table *t, const char *text);

/* Writes what was held back, ends the array. Returns 0 or -ENOMEM. Releases the table. */
int table_end(struct table *t);

#endif
