/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cells of a heatmap: columns of time, rows of addresses. Rows are laid out over the ranges
 * that were touched (bands); what lies between bands has no row. Within a band all rows have the
 * same size. A band gets rows by the mean of its share of the bytes and its share of the accesses,
 * at least one line: a small hot stack stays visible beside a large cold heap.
 *
 * The heat of a cell is the mean over its mapped page-seconds; lo and hi are the means of the
 * bounds. A cell of which nothing was mapped has no heat.
 */
#ifndef REPORT_HEATGRID_H
#define REPORT_HEATGRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/scan.h"

#define HEATGRID_MAX_CELLS (1u << 20)

struct heat_row {
	uint64_t start, end;
	unsigned band;
};

struct heat_band {
	uint64_t start, end, row_bytes;
	double weight; /* of the accesses */
	size_t first_row, nr_rows;
};

struct heat_cell {
	float heat, lo,
		hi;  /* sums over 'cover' while it is filled, means after heatgrid_finish() */
	float cover; /* mapped byte-seconds; 0: nothing was mapped */
};

struct heatgrid {
	uint64_t start_ns, end_ns; /* of the columns, CLOCK_MONOTONIC */
	size_t nr_cols, nr_rows, nr_bands;
	struct heat_row *rows;
	struct heat_band *bands;
	struct heat_cell *cells;   /* [row * nr_cols + col] */
	size_t nr_left_out;	   /* touched ranges without a row */
	double weight_left_out;	   /* their share of the accesses */
	double scale_lo, scale_hi; /* 1st and 99th percentile of the heat of its hot cells */
};

/*
 * Lays out about 'lines' lines of 'cells_per_line' rows and 'cols' columns for the touched ranges
 * 'ext' (consumed: joined and clipped in place). Returns 0; -E2BIG if those are too many cells,
 * -ENOMEM.
 */
int heatgrid_init(struct heatgrid *g, struct extents *ext, uint64_t start_ns, uint64_t end_ns,
		  size_t cols, size_t lines, size_t cells_per_line);
void heatgrid_release(struct heatgrid *g);

void heatgrid_add(struct heatgrid *g, const struct scan_cursor *c);
void heatgrid_finish(struct heatgrid *g);

/* When column 'col' begins; 'nr_cols' gives the end of the last. */
uint64_t heatgrid_col_ns(const struct heatgrid *g, size_t col);

/* Place of a heat on the logarithmic scale, 0..1. */
double heatgrid_scale(const struct heatgrid *g, double heat);

#endif
