/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cells of a heatmap: columns of time, rows of addresses.
 *
 * It is filled at a finer resolution than it is shown, laid out over all that was touched. When all
 * is known, long ranges that were hardly used are left out (how much is told), and the rest is laid
 * out anew and gathered into the rows that are shown.
 *
 * The heat of a cell is the mean over its mapped page-seconds. Regions of one snapshot that lie in
 * it together err independently: their bounds are those of the sum of their counts. Over time, and
 * over the fine rows of a cell, the bounds are the means of bounds, as the same counts stand behind
 * neighbours: that may be too wide, not too narrow. The scale of heat is not in the bounds, it is
 * the same for all cells. A cell of which nothing was mapped has no heat, nor has one of a time in
 * which there was no snapshot: how much time that is, is told.
 */
#ifndef REPORT_HEATGRID_H
#define REPORT_HEATGRID_H

#include "report/heatlayout.h"
#include "report/known.h"
#include "report/scan.h"

#define HEATGRID_MAX_CELLS (1u << 20)

struct heat_cell {
	float heat, lo,
		hi;  /* sums over 'cover' while it is filled, means after heatgrid_finish() */
	float cover; /* mapped byte-seconds; 0: nothing was mapped */
};

struct heatgrid {
	uint64_t start_ns, end_ns; /* of the columns, CLOCK_MONOTONIC */
	/* These are 0 from heatgrid_init(). */
	uint64_t settle_ns; /* how long the regions of a new mapping may be too coarse to tell which
			       part of it is used */
	bool from_birth;    /* the target was not there before the columns begin */
	bool keep_all;	    /* leave out nothing that was used */
	bool rows_given;    /* by heatgrid_init_rows() */
	double hi_scale; /* what heat_hi is of regions without samples, of their bound without the
			    scale; 0: 1 */
	size_t nr_cols, lines, cells_per_line;
	struct heat_layout lay;
	struct heat_cell *cells;      /* [row * nr_cols + col] */
	uint64_t aggr_ns, seen_to_ns; /* of the last snapshot, and its end */
	uint64_t unseen_ns;	      /* of gaps between snapshots, longer than two aggregations */
	double outside;		      /* accesses that fell beside all rows while it was filled */
	double weight_left_out;	      /* share of the accesses that no row shows */
	double scale_lo, scale_hi;    /* 1st and 99th percentile of the heat of its hot cells */
	struct damon_sum *sums;	      /* of the column that is being filled, one for each row */
	double typical;		      /* median factor by which hot cells may be off */
	double unseen_hi;	      /* median of the upper bounds where no access was seen */
};

/*
 * For about 'lines' lines of 'cells_per_line' rows and 'cols' columns over the touched ranges 'ext'
 * (consumed: joined in place). Returns 0; -E2BIG if those are too many cells; -ENOMEM.
 */
int heatgrid_init(struct heatgrid *g, struct extents *ext, uint64_t start_ns, uint64_t end_ns,
		  size_t cols, size_t lines, size_t cells_per_line);
/* The same with the rows of 'lay', which is taken over: heatgrid_finish() keeps them. Any number of
 * cells. Returns 0 or -ENOMEM. */
int heatgrid_init_rows(struct heatgrid *g, struct heat_layout *lay, uint64_t start_ns,
		       uint64_t end_ns, size_t cols);
void heatgrid_release(struct heatgrid *g);

void heatgrid_add(struct heatgrid *g, const struct scan_cursor *c);
int heatgrid_finish(struct heatgrid *g); /* 0 or -ENOMEM */

/* The column of a time within the grid. */
size_t heatgrid_col_of(const struct heatgrid *g, uint64_t ns);
/* When column 'col' begins; 'nr_cols' gives the end of the last. */
uint64_t heatgrid_col_ns(const struct heatgrid *g, size_t col);

/* What a cell without any heat says: "not mapped", and where there were no snapshots, that. */
#define HEATGRID_BLANK_MAX 64
char *heatgrid_blank(char *buf, const struct heatgrid *g);

/* The heat of a cell and its bounds. */
struct known heatgrid_known(const struct heat_cell *c);

/* Place of a heat on the logarithmic scale, 0..1. */
double heatgrid_scale(const struct heatgrid *g, double heat);

#endif
