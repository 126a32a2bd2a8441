/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cells of a heatgrid as an image: bands of addresses below each other, with room between them
 * for what is left out. */
#ifndef REPORT_PICTURE_HEAT_PLOT_H
#define REPORT_PICTURE_HEAT_PLOT_H

#include "report/heatgrid.h"
#include "report/heatmap.h"
#include "report/picture/frame.h"

struct heat_plot {
	const struct heatgrid *grid;
	const struct heatmap_name *names; /* of rows; NULL: none */
	enum report_scale scale;
	double *tops; /* of each band, from the top of the plot, whole pixels; one more: the end,
			 as if there were another band */
	double gap;   /* between bands */
};

/* Lays out the bands of 'g' over 'height' pixels. Returns 0 or -ENOMEM. */
int heat_plot_init(struct heat_plot *p, const struct heatgrid *g, const struct frame *f,
		   double height);
void heat_plot_release(struct heat_plot *p);

/* Place of a heat on the scale, 0..1. */
double heat_plot_level(const struct heat_plot *p, double heat);

/* Each draws its part of the plot, which is at f->from .. f->to. */
int heat_plot_cells(const struct heat_plot *p, struct frame *f); /* 0 or -ENOMEM */
void heat_plot_addresses(const struct heat_plot *p, struct frame *f);
void heat_plot_names(const struct heat_plot *p, struct frame *f);

/* Room that addresses and names want beside the plot. */
double heat_plot_address_width(const struct heatgrid *g, struct frame *f);
double heat_plot_names_width(const struct heatgrid *g, const struct heatmap_name *names,
			     struct frame *f);

#endif
