/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sample log of one target, summed up by code or by object: what hotspots, objects and their
 * like are made of.
 */
#ifndef REPORT_TOUCH_H
#define REPORT_TOUCH_H

#include "attrib/attrib.h"
#include "report/known.h"
#include "report/scan.h"
#include "report/select.h"
#include "report/table.h"

struct touch {
	struct attrib *attrib;
	struct scan scan;
	const struct scan_target *target; /* NULL: the record has none */
	bool lines;			  /* code is told apart by lines */
	double seconds;			  /* of the time asked for, in which it lived */
	double all;			  /* what shares are of, in the unit sorted by */
	struct attrib_sums sums;	  /* of all that was asked for */
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

enum touch_by { TOUCH_CODE, TOUCH_OBJECT };

/* Reads the record: scans it, selects the target, and goes through its log. 'o' needs no target and
 * no ranges: those are of 'a'. Returns 0 or -errno with a->fail set. */
int touch_load(struct report_args *a, struct attrib_options o, struct touch *t);
void touch_release(struct touch *t);

/* Groups, the most first by a->sort; the caller frees '*out'. 0 or -ENOMEM with a->fail set. */
int touch_groups(struct report_args *a, const struct touch *t, enum touch_by by,
		 struct touch_group **out, size_t *n);

/* What sums are sorted by, and its share of all, with bounds. */
double touch_weight(const struct report_args *a, const struct attrib_sums *s);
struct known touch_share(const struct report_args *a, const struct touch *t,
			 const struct attrib_sums *s);

/* Of 'cols', which end with an empty row, those that text need not show for want of anything to be
 * told lose their title: latencies, stall, levels. 'out' has room for TABLE_MAX_COLS + 1. */
void touch_columns(const struct touch *t, const struct table_col *cols, struct table_col *out);

/* "heap 60 %, [stack] 30 %": the partners of a group. */
char *touch_partners(char *buf, size_t size, const struct report_args *a, const struct touch *t,
		     enum touch_by by, const struct touch_group *g);
/* "L1 60 %, DRAM 20 %"; "" where no level is told. */
char *touch_levels(char *buf, size_t size, const struct attrib_sums *s);

/* What is said below text: how many entries, what could not be named and why, whether weights are
 * of accesses. */
void touch_notes(struct report_args *a, const struct touch *t);

#endif
