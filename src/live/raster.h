/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cells of the heatmap: rows of addresses of one target, columns of the history. Rows are laid
 * out over what was seen in use (all that is mapped, within a range that was asked for) and then
 * stay where they are, until something else is asked for or accesses fall beside them: a picture
 * that moves cannot be read. Each column is computed once.
 */
#ifndef LIVE_RASTER_H
#define LIVE_RASTER_H

#include "live/history.h"
#include "report/heatlayout.h"

/* What is shown. */
struct raster_want {
	uint32_t id;
	unsigned level;
	uint64_t start, end; /* end 0: all that was seen in use */
	int lines, cells_per_line, columns;
};

struct raster_cell {
	float heat;  /* log2 of accesses per page and second; NAN: not mapped, -INFINITY: none seen
		      */
	bool unsure; /* may be off by more than a factor of 3 */
};

struct raster {
	struct raster_want want;
	struct heat_layout lay;
	int lines; /* that the layout has, <= want.lines */
	struct raster_cell *cells;
	size_t tags[HISTORY_COLUMNS]; /* number of the column that is in each slot, + 1 */
	size_t laid_out;	      /* the level's number of columns at that time */
	float scale_lo, scale_hi;     /* log2 of heat, of the ends of the scale */
};

void raster_release(struct raster *r);

/* Brings it up to date. Returns 1, 0 where there is nothing to show, or -ENOMEM. */
int raster_update(struct raster *r, const struct history *h, const struct raster_want *want);

/* The cells of the 'back'-th column before the latest, one for each row; NULL: there is none. */
const struct raster_cell *raster_column(const struct raster *r, const struct history *h,
					size_t back);
/* What color.h draws for a cell. */
int raster_level(const struct raster *r, const struct raster_cell *cell);

/* The first row of a line, and the end of that line's rows. */
size_t raster_line(const struct raster *r, int line, size_t *end);

#endif
