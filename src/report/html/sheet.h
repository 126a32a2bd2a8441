/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page holds of one target: the grid of its heat (report/heatgrid.h), ages, working sets,
 * and the accesses of its log that are kept (html/kept.h).
 *
 * Its rows are found first, by a grid of few columns and very fine rows; a further pass fills those
 * rows in fine columns. Coarser levels are the page's to make: it has the cover of each cell, and
 * so makes the same means.
 *
 * Cells are bytes. Heat and its bounds share one logarithmic scale from 'heat_min' to 'heat_max' in
 * the codes 2 to 255, bounds rounded outwards; in the tables of
 *	heat	0 is not mapped, 1 mapped and no access seen
 *	lo	0 is none, else how many codes it is below heat, and 1
 *	hi	where no access was seen the code, else how many codes it is above heat; 255 is
 *		not known
 *	age	in aggregations, as of the middle of the column: 0 is none, else
 *		1 + 16 log2(1 + age)
 *	cover	how much of the cell was mapped, of 255; never 0 where something was
 *
 * Working sets are numbers of two bytes, low bytes and high bytes apart, a row for each window and
 * each of estimate, lo, hi: 0 is none, 65535 that there was no snapshot, else
 * 1 + 65534 log(bytes) / log(2^48).
 */
#ifndef REPORT_HTML_SHEET_H
#define REPORT_HTML_SHEET_H

#include "report/heatgrid.h"
#include "report/html/kept.h"
#include "report/html/pack.h"
#include "report/scan.h"

#define SHEET_WINDOWS 4 /* enum damon_wss_window */

enum sheet_table { SHEET_HEAT, SHEET_LO, SHEET_HI, SHEET_AGE, SHEET_COVER, SHEET_NR_TABLES };

struct sheet_column {
	float wss[SHEET_WINDOWS][3]; /* sums over 'seconds': estimate, lo, hi */
	float seconds;
};

struct sheet {
	const struct scan_target *target;
	struct heatgrid grid; /* without rows if no access was seen */
	uint8_t *age;	      /* per cell, as the page has it */
	struct sheet_column *columns;
	uint64_t nr_snapshots; /* within the time of the grid */
	double left_out;       /* share of the accesses that no row shows */
	double heat_min, heat_max;
	struct pack tables[SHEET_NR_TABLES], wss;
	struct kept kept;
};

/* The first grid. Returns 0 or -errno with a->fail set: -ERANGE if nothing was touched in the range
 * of addresses asked for; it is a sheet without a grid then. */
int sheet_init(struct sheet *s, struct report_args *a, const struct scan *sc,
	       const struct scan_target *t, size_t lines, size_t cells_per_line);
void sheet_release(struct sheet *s);

/* While the first grid is filled: */
void sheet_lay_out(struct sheet *s, const struct scan_cursor *c);
/* Then the one that is shown, of about as many cells. 0 or -ENOMEM. */
int sheet_begin(struct sheet *s, size_t cells);
void sheet_add(struct sheet *s, const struct scan_cursor *c);
int sheet_finish(struct sheet *s);

/* Half as many columns. False if that cannot be: too few, or an odd number. */
bool sheet_halve(struct sheet *s);

/* Fills 'tables' and 'wss' anew. 0 or -ENOMEM. */
int sheet_pack(struct sheet *s);
size_t sheet_packed_bytes(const struct sheet *s);

#endif
