/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The heatmap as text, for the report of that name and for the summary. */
#ifndef REPORT_HEATMAP_H
#define REPORT_HEATMAP_H

#include "report/color.h"
#include "report/heatgrid.h"
#include "report/names.h"

#define HEATMAP_UNSURE 3.0 /* cells that may be off by more than this factor are marked */

/* The columns of cells that a->width has room for. */
size_t heatmap_fit_cols(const struct report_args *a);

/*
 * Lays out the grid for 't', whose 'ext' it consumes, over the time in which it lived; a second
 * pass is to fill it. Returns 1; 0 if no access was seen in what was asked for ('g' is empty then);
 * or -errno with a->fail set.
 */
int heatmap_prepare(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		    size_t cols, size_t lines, size_t cells_per_line, struct heatgrid *g);

/* The second pass. Returns 1; 0 if there is nothing to show; or -errno with a->fail set. */
int heatmap_fill(struct report_args *a, const struct scan_target *t, struct heatgrid *g);

bool heatmap_is_unsure(const struct heat_cell *c);

/* What most of a row belongs to: the short name of a mapping, or "". */
struct heatmap_name {
	char best[NAME_MAX_LEN], now[NAME_MAX_LEN];
	double best_weight, now_weight;
};
/* One for each row, the caller's to free, made of the target's mappings, and where those were other
 * ones once (it stands for many processes) of the snapshots', by accesses: reads the record. NULL
 * without memory: names are not worth failing for. */
struct heatmap_name *heatmap_names(struct report_args *a, const struct heatgrid *g, uint32_t id);

/* How well half of the cells are known, or better: "within a factor of 2.7", "roughly"; "" where no
 * access was seen. Returns 'buf'. */
char *heatmap_certainty(char *buf, size_t size, const struct heatgrid *g);

/* The picture with axes, names and legend. */
void heatmap_draw(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		  const struct heatgrid *g);

#endif
