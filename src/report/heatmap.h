/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The heatmap as text, for the report of that name and for the summary. */
#ifndef REPORT_HEATMAP_H
#define REPORT_HEATMAP_H

#include "report/color.h"
#include "report/heatgrid.h"

/* The columns of cells that a->width has room for. */
size_t heatmap_fit_cols(const struct report_args *a);

/*
 * Lays out the grid for 't', whose 'ext' it consumes, over the time in which it lived; a second
 * pass is to fill it. Returns 1; 0 if no access was seen in what was asked for ('g' is empty then);
 * or -errno with a->fail set.
 */
int heatmap_prepare(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		    size_t cols, size_t lines, size_t cells_per_line, struct heatgrid *g);

/* The picture with axes, names and legend. */
void heatmap_draw(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		  const struct heatgrid *g);

#endif
