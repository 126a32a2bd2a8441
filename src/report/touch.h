/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sample log summed up by code or by object: what hotspots, objects and their like are made of.
 * It is that of the process that was named, or of all: code is then told once, whoever ran it, and
 * so is memory that processes share; what each has for itself stays apart.
 */
#ifndef REPORT_TOUCH_H
#define REPORT_TOUCH_H

#include "attrib/attrib.h"
#include "report/ending.h"
#include "report/known.h"
#include "report/scan.h"
#include "report/select.h"
#include "report/table.h"

enum touch_by { TOUCH_CODE, TOUCH_OBJECT };

/* Latencies, in steps of a quarter of a power of two. */
#define TOUCH_LATENCY_STEPS 64
struct touch_latency {
	uint32_t n[TOUCH_LATENCY_STEPS];
};

/* What one level served: near or not told, then far. */
#define TOUCH_LEVEL_ROWS (2 * DAMON_NR_MEMORY_LEVELS)
struct touch_level {
	struct attrib_sums sums;
	struct touch_weights {
		double *of; /* by id of code and by id of object, in the unit sorted by */
		size_t nr, cap;
	} weights[2];
};

struct touch {
	struct attrib *attrib;
	struct scan scan;
	bool any;			  /* there is a process to tell of */
	const struct scan_target *target; /* NULL: all of them, several */
	struct ending *endings;		  /* of each of scan.targets, if they are kept */
	struct touch_latencies {	  /* by id of code and by id of object, if they are kept */
		struct touch_latency *of;
		size_t nr, cap;
	} latencies[2];
	struct touch_level *levels; /* TOUCH_LEVEL_ROWS, if they are kept */
	bool lines;		    /* code is told apart by lines */
	double all;		    /* what shares are of, in the unit sorted by */
	struct attrib_sums sums;    /* of all that was asked for */
	struct attrib_sums no_code, no_object, others;
};

/* Partners of a group: the objects that code touched most, or the code that touched an object. */
#define TOUCH_PARTNERS 3

struct touch_group {
	uint32_t id; /* of the code or object */
	struct attrib_sums sums;
	size_t nr_partners;
	struct touch_partner {
		uint32_t id;
		double weight;
	} partners[TOUCH_PARTNERS];
};

/* What is kept besides the sums, and of whom. */
enum touch_keep {
	TOUCH_ENDINGS = 1,   /* regions of the last snapshot of the time asked for */
	TOUCH_LATENCIES = 2, /* their distributions, for percentiles */
	TOUCH_ONE = 4,	     /* not all processes: if none is named, the hottest */
	TOUCH_LEVELS = 8,    /* what each level served, and whom */
};

/* Reads the record: scans it, selects what was named, and goes through its log. 'o' needs no target
 * and no ranges: those are of 'a'. 'keep': enum touch_keep. Returns 0 or -errno with a->fail set.
 */
int touch_load(struct report_args *a, struct attrib_options o, unsigned keep, struct touch *t);
void touch_release(struct touch *t);

/* Says above text what this is of: "<what> of sqlite3 (pid 12)", "<what> of 3 processes". */
void touch_say(struct report_args *a, const struct touch *t, const char *what);

/* A target by its id; NULL: of all. */
const struct scan_target *touch_target(const struct touch *t, uint32_t id);
/* Of the time asked for, in which a target lived; UINT32_MAX: in which any may have. */
double touch_seconds(const struct touch *t, uint32_t id);
/* Its regions; NULL: there are none. */
const struct ending *touch_ending(const struct touch *t, uint32_t id);

/* What one level served, as a group whose partners are code (by TOUCH_OBJECT) or objects. */
void touch_level_group(enum touch_by by, const struct touch_level *l, struct touch_group *out);

/* Groups, the most first by a->sort; the caller frees '*out'. 0 or -ENOMEM with a->fail set. */
int touch_groups(struct report_args *a, const struct touch *t, enum touch_by by,
		 struct touch_group **out, size_t *n);

/* What sums are sorted by, and its share of all, with bounds. */
double touch_weight(const struct report_args *a, const struct attrib_sums *s);
struct known touch_share(const struct report_args *a, const struct touch *t,
			 const struct attrib_sums *s);

/* The latency, in cycles, that this part of the entries does not exceed, with bounds (of its rank,
 * which is binomial). False: none is told. */
bool touch_latency(const struct touch *t, enum touch_by by, uint32_t id, double part,
		   struct known *out);

/* Columns of percentiles, at the end of a table, and their cells: median, 95 and 99 %. They are
 * there only if they were asked for, and those of text only if something is told. */
#define TOUCH_PERCENTILE_COLS                                                                      \
	{"latency_p50", "p50", "median latency", .drop = 0},                                       \
		{NULL, "[lo, hi]", "bounds of p50", .left = true, .drop = 21},                     \
		{"latency_p50_lo", NULL}, {"latency_p50_hi", NULL},                                \
		{"latency_p95", "p95", "95 % of latencies", .drop = 0},                            \
		{NULL, "[lo, hi]", "bounds of p95", .left = true, .drop = 22},                     \
		{"latency_p95_lo", NULL}, {"latency_p95_hi", NULL},                                \
		{"latency_p99", "p99", "99 % of latencies", .drop = 0},                            \
		{NULL, "[lo, hi]", "bounds of p99", .left = true, .drop = 23},                     \
		{"latency_p99_lo", NULL},                                                          \
	{                                                                                          \
		"latency_p99_hi", NULL                                                             \
	}
void touch_put_percentiles(struct table *t, const struct touch *x, enum touch_by by, uint32_t id);

/* Without any process, or any access: a listing of nothing still has its columns. */
int touch_none(struct report_args *a, const struct touch *t, const struct table_col *cols);

/* Of 'cols', which end with an empty row, those that text need not show for want of anything to be
 * told lose their title: latencies, stall, levels, processes where there is but one. 'out' has room
 * for TABLE_MAX_COLS + 1. */
void touch_columns(const struct report_args *a, const struct touch *t, const struct table_col *cols,
		   struct table_col *out);

/* "heap 60 %, [stack] 30 %": the partners of a group. */
char *touch_partners(char *buf, size_t size, const struct report_args *a, const struct touch *t,
		     enum touch_by by, const struct touch_group *g);
/* "L1 60 %, DRAM 20 %"; "" where no level is told. */
char *touch_levels(char *buf, size_t size, const struct attrib_sums *s);
/* Two cells: the shares that came from another node, and that missed the TLB, of what tells it. */
void touch_put_where(struct table *t, const struct attrib_sums *s);

/* What is said below text: how many entries, what could not be named and why, whether weights are
 * of accesses. */
void touch_notes(struct report_args *a, const struct touch *t);

#endif
