/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports and exports: each one is a file of its own and a row in reports.c. They see a record
 * through the public header alone, read it in one or two passes and constant memory, and write
 * text, JSON or CSV by the same calls. Pictures of those that draw are in picture/.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/fail.h"
#include "damon.h"
#include "symbol/symbol.h"

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_CSV, REPORT_PNG, REPORT_SVG };
/* What the rows of hotspots and objects are sorted by, and shares are of. */
enum report_sort {
	REPORT_BY_ACCESSES,
	REPORT_BY_STORES,
	REPORT_BY_STALL,   /* time lost, where the source tells it */
	REPORT_BY_LATENCY, /* cycles, where the source tells them */
};
/* How finely code is told apart. */
enum report_grain { REPORT_FUNCTIONS, REPORT_LINES, REPORT_MODULES };
/* How heat becomes colour in pictures. */
enum report_scale { REPORT_LOG, REPORT_LINEAR };
enum report_color { REPORT_ASCII, REPORT_256, REPORT_TRUECOLOR };

/* Exit status of a report of which a condition holds. */
#define REPORT_STATUS_HOLDS 3

struct condition;

/* What a report was asked for; zero is the default of every field but those with a comment. */
struct report_args {
	struct damon_record *rec;
	const char *path; /* of the record, for messages */
	FILE *out;
	enum report_format format;
	int pid;	  /* this process only; 0: the hottest, and the report says so */
	const char *comm; /* the hottest target of this name */
	unsigned width;	  /* of the terminal or page, columns; at least 40 */
	enum report_color color;
	uint64_t addr_start, addr_end;	   /* end 0: all that is mapped */
	uint64_t time_from_ns, time_to_ns; /* since the start of the record; to 0: the end */
	const char *time_marks; /* a range by names of marks (report/marks.h) instead; NULL: none */
	unsigned resol_time, resol_addr; /* cells of a heatmap; 0: what fits */
	int window;			 /* enum damon_wss_window; -1: the report's own default */
	enum report_sort sort;
	enum report_grain grain;
	bool percentiles; /* hotspots, objects: of latency, where it is told */
	bool anonymize;	  /* convert --to record */
	bool members;	  /* report objects: variables by member */
	unsigned top;	  /* rows of hotspots and objects in text; 0: 20 */
	struct symbols_options symbols;
	bool has_why; /* report access: only the region that holds 'why' */
	uint64_t why;
	int64_t snapshot;   /* number, from 0; -1: the last */
	unsigned pixels[2]; /* width and height of a picture; 0: its own */
	enum report_scale scale;
	bool dark;	      /* pictures: light on dark */
	const char *function; /* annotate; NULL: the hottest */
	uint64_t idle_ns;     /* advice: memory idle for so long; 0: 10 s */
	/* diff: the second record; what it is asked */
	struct damon_record *other;
	const char *other_path;
	const struct condition *fail_if;
	size_t nr_fail_if;
	int status;		/* set by a report that is complete: REPORT_STATUS_HOLDS, else 0 */
	struct damon_fail fail; /* set when a report returns < 0 */
	const char *remark;	/* what else the user is to be told; NULL: nothing */
};

struct report_row {
	const char *name;
	const char *summary; /* one line for --help */
	int (*run)(struct report_args *a);
	bool draws;	     /* it has pictures, too */
	const char *operand; /* what it takes behind its name, if it likes; NULL: nothing */
};

/* PNG or SVG: for reports that draw. */
static inline bool report_is_picture(enum report_format format)
{
	return format == REPORT_PNG || format == REPORT_SVG;
}

/* NULL-named at the end. The first row, "summary", is what 'report' without a name shows. */
extern const struct report_row report_rows[];
/* Formats of 'convert --to'. */
extern const struct report_row export_rows[];

#endif
