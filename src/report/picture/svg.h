/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The elements of SVG that canvas.h needs, written as they come. Text must be UTF-8 without control
 * bytes; what XML reserves is escaped here. */
#ifndef REPORT_PICTURE_SVG_H
#define REPORT_PICTURE_SVG_H

#include "report/picture/canvas.h"

void svg_begin(FILE *out, unsigned width, unsigned height, const char *title);
void svg_end(FILE *out);

void svg_rect(FILE *out, struct point from, struct point to, uint32_t color);
void svg_area(FILE *out, const struct point *p, size_t n, uint32_t color, double opacity);
void svg_line(FILE *out, const struct point *p, size_t n, const struct stroke *s);
/* 'width': as it was measured. */
void svg_text(FILE *out, struct point at, const struct letters *l, double width, const char *text);

/* A PNG between these two, as base64. */
void svg_image_begin(FILE *out, struct point from, struct point to);
void svg_image_end(FILE *out);

struct svg_base64 {
	FILE *out;
	uint32_t bits;	  /* of bytes that wait for a third one */
	unsigned nr_held; /* of them */
};
void svg_base64_add(struct svg_base64 *b, const unsigned char *data, size_t n);
void svg_base64_end(struct svg_base64 *b);

#endif
