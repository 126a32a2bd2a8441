/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of addresses over the ranges that were touched (bands). What lies between bands has no row.
 * Within a band all rows have the same size, whole pages. A band gets rows by the mean of its share
 * of the bytes and its share of the accesses, at least one line: a small hot stack stays visible
 * beside a large cold heap.
 */
#ifndef REPORT_HEATLAYOUT_H
#define REPORT_HEATLAYOUT_H

#include "report/extents.h"

struct heat_row {
	uint64_t start, end;
};

struct heat_band {
	uint64_t start, end, row_bytes;
	size_t first_row, nr_rows;
};

struct heat_layout {
	struct heat_row *rows; /* sorted by address */
	struct heat_band *bands;
	size_t nr_rows, nr_bands;
};

/*
 * Lays out about 'lines' lines of 'cells_per_line' rows for 'ext', which is consumed. Where there
 * would be more than 'max_bands', ranges that together carry up to 'max_lost' of the accesses are
 * left out, then the closest are joined. Returns 0 or -ENOMEM.
 */
int heat_layout_init(struct heat_layout *l, struct extents *ext, size_t lines,
		     size_t cells_per_line, size_t max_bands, double max_lost);
void heat_layout_release(struct heat_layout *l);

#endif
