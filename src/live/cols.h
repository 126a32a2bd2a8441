/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns of a table on a grid: those that fit, the least important ones left out first. */
#ifndef LIVE_COLS_H
#define LIVE_COLS_H

#include "live/grid.h"

#define COLS_MAX 16

struct cols_spec {
	const char *title; /* NULL ends a table */
	int width;
	int drop;  /* 0: never left out, else the higher the earlier */
	bool left; /* flush left */
	int most;  /* takes what room is left, up to this width; 0: it does not */
};

struct cols {
	const struct cols_spec *spec;
	size_t n, at;
	int x[COLS_MAX], width[COLS_MAX]; /* 0: left out */
	int y;
};

/* Lays out columns for 'width' from 'x' on. */
void cols_init(struct cols *c, const struct cols_spec *spec, int x, int width);
void cols_titles(struct cols *c, struct grid *g, int y);
/* The cells of a line come one after the other. */
void cols_line(struct cols *c, int y);
void cols_put(struct cols *c, struct grid *g, struct grid_style style, const char *text);
/* The place of the next cell, for what is drawn by hand: its width, 0 if it is left out. */
int cols_next(struct cols *c, int *x);

#endif
