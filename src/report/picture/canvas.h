/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What pictures are drawn with: areas, lines, images of cells, text that is measured.
 *
 * A PNG is drawn by Cairo. An SVG is written as it is drawn, in words of its own: Cairo would make
 * outlines of text, which nobody can search or select, and which are many times as large. Cairo
 * measures the text of both, by its "sans"; in SVG each text carries that length, so that another
 * font cannot make it overlap. Where no font is installed, Cairo draws plain letters of its own,
 * which are ASCII alone.
 *
 * Coordinates are pixels from the upper left. Text may be any bytes: what is no text becomes '?'.
 * The same calls make the same bytes.
 */
#ifndef REPORT_PICTURE_CANVAS_H
#define REPORT_PICTURE_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report/report.h"

#define CANVAS_TEXT_MAX 1024 /* bytes; longer text is cut */

struct canvas;

struct point {
	double x, y;
};

enum anchor { ANCHOR_LEFT, ANCHOR_MIDDLE, ANCHOR_RIGHT };

/* Colours are 0xRRGGBB. */
struct letters {
	double size; /* pixels */
	uint32_t color;
	enum anchor anchor;
	bool bold;
};

struct stroke {
	double width;
	uint32_t color;
	bool dashed;
};

/* Cells of an image, one colour each, row by row. */
struct cells {
	uint32_t *colors;
	unsigned cols, rows;
};

/* A picture of 'format' (REPORT_PNG or REPORT_SVG) for 'out', filled with 'page'; 'title' says what
 * it shows to those who cannot see it. Returns 0 or -errno. */
int canvas_new(enum report_format format, FILE *out, unsigned width, unsigned height, uint32_t page,
	       const char *title, struct canvas **canvas);
/* Completes what is written to 'out'. Returns 0 or -errno: of anything since canvas_new(). */
int canvas_finish(struct canvas *c);
void canvas_free(struct canvas *c);

void canvas_area(struct canvas *c, const struct point *p, size_t n, uint32_t color, double opacity);
void canvas_rect(struct canvas *c, struct point from, struct point to, uint32_t color);
void canvas_line(struct canvas *c, const struct point *p, size_t n, const struct stroke *s);
/* Cells are drawn sharp-edged over [from, to). */
void canvas_cells(struct canvas *c, struct point from, struct point to, const struct cells *cells);

/* 'at' is on the line that letters stand on. */
void canvas_text(struct canvas *c, struct point at, const struct letters *l, const char *text);
double canvas_text_width(struct canvas *c, const struct letters *l, const char *text);
/* Copies 'text' to 'buf' (of more than 4 bytes) and cuts its end, with "..." for what is missing,
 * until it is no wider than 'width', if that can be. Returns 'buf'. */
char *canvas_fit(struct canvas *c, const struct letters *l, char *buf, size_t size,
		 const char *text, double width);

/* False where no font is installed. */
bool canvas_has_font(struct canvas *c);

#endif
