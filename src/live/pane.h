/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the screen, one file each. */
#ifndef LIVE_PANE_H
#define LIVE_PANE_H

#include "live/grid.h"
#include "live/view.h"

struct pane_area {
	int x, y, width, height;
};

/*
 * A pane draws itself within the area; where that is less high than it asked for it shows what
 * fits.
 */
typedef void (*pane_draw_fn)(struct grid *g, const struct live_model *m, struct live_view *v,
			     const struct pane_area *a);

void pane_top(struct grid *g, const struct live_model *m, struct live_view *v,
	      const struct pane_area *a);
void pane_procs(struct grid *g, const struct live_model *m, struct live_view *v,
		const struct pane_area *a);
void pane_heat(struct grid *g, const struct live_model *m, struct live_view *v,
	       const struct pane_area *a);
void pane_wss(struct grid *g, const struct live_model *m, struct live_view *v,
	      const struct pane_area *a);
void pane_regions(struct grid *g, const struct live_model *m, struct live_view *v,
		  const struct pane_area *a);
void pane_schemes(struct grid *g, const struct live_model *m, struct live_view *v,
		  const struct pane_area *a);
void pane_reasons(struct grid *g, const struct live_model *m, struct live_view *v,
		  const struct pane_area *a);
void pane_keys(struct grid *g, const struct live_model *m, struct live_view *v,
	       const struct pane_area *a);
void pane_help(struct grid *g, const struct live_view *v);

/* Lines that reasons take, the schemes' table and lists of regions would. */
int pane_reasons_lines(const struct live_model *m, const struct live_view *v);
int pane_regions_width(void); /* from which on both lists stand side by side */

/* Columns of the heatmap and the working set, which share them: their first, and how many. */
int pane_columns(const struct live_view *v, int *first);

/* "m:ss", "h:mm:ss". */
void pane_clock(char *buf, size_t size, uint64_t ns);

#endif
