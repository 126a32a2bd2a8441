/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Colours of heat. The scale runs from dark blue to light yellow with lightness rising evenly (in
 * OKLab, B. Ottosson 2020) and hue along the blue-yellow axis alone, which people with red-green
 * colour blindness see as others do; printed in grey it still reads. Memory that is mapped but was
 * not seen in use is dark grey, what is not mapped keeps the background.
 *
 * Heat that is known only roughly is hatched, in its colour; in ASCII it is a digit, 1 to 8.
 *
 * With colours two cells share a character, one above the other (UTF-8 half blocks); in ASCII each
 * has its own.
 */
#ifndef REPORT_COLOR_H
#define REPORT_COLOR_H

#include <stdio.h>

#include "report/report.h"

#define COLOR_UNMAPPED (-2)
#define COLOR_UNUSED   (-1)
#define COLOR_LEVELS   256 /* 0 .. 255 are heat */
#define COLOR_UNSURE   256 /* or'ed to one of these: drawn as known only roughly */

/* The colour of a level of heat, 0 .. 255, or COLOR_UNUSED: red, green and blue, 0 .. 255; of
 * xterm's 256. */
void color_rgb(int level, int rgb[3]);
int color_xterm(int level);
/* Its character, where there are no colours. */
char color_letter(int level);
/* The colour of a heat, 0xRRGGBB. */
uint32_t color_of(int level);

struct painter {
	FILE *out;
	enum report_color mode;
	int fg, bg;	   /* as set on the terminal; COLOR_UNMAPPED: its default */
	unsigned nr_blank; /* held back: lines end without trailing blanks */
};

void painter_init(struct painter *p, FILE *out, enum report_color mode);
/* Cells that one line of text holds. */
unsigned painter_cells_per_line(const struct painter *p);
/* 'lower' is ignored in ASCII. */
void painter_put(struct painter *p, int upper, int lower);
/* Back to the terminal's own colours, before other text and at the end of a line. */
void painter_reset(struct painter *p);

#endif
