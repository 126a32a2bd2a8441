/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A screen in memory: characters with ink, ground and attributes. Nothing here touches a terminal.
 * What is written outside of it is cut off.
 */
#ifndef LIVE_GRID_H
#define LIVE_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Inks and grounds: a level of heat (report/color.h), 0 to 255, or one of these. */
enum grid_ink {
	INK_DEFAULT = -1, /* the terminal's own */
	INK_UNUSED = 256, /* mapped, not seen in use */
	INK_FAINT,	  /* what is not looked at first */
	INK_TITLE,
	INK_ACCENT, /* what was chosen, and keys */
	INK_VALUE,  /* bars and plots */
	INK_BAR,    /* the line at the top, as ground */
	INK_BAR_TEXT,
	INK_GOOD,
	INK_WARN,
	INK_END
};

enum { GRID_BOLD = 1, GRID_REVERSE = 2 };

struct grid_style {
	int16_t ink, ground;
	uint32_t attrs;
};

extern const struct grid_style grid_plain, grid_faint, grid_title, grid_accent, grid_value,
	grid_good, grid_warn, grid_bar;

struct grid_cell {
	uint32_t ch; /* Unicode; one column wide */
	struct grid_style style;
};

struct grid {
	int width, height;
	bool utf8; /* else all characters are ASCII */
	struct grid_cell *cells;
	size_t cap;
};

void grid_release(struct grid *g);
/* Blank, of that size; 0 or -ENOMEM. */
int grid_resize(struct grid *g, int width, int height);

void grid_put(struct grid *g, int x, int y, uint32_t ch, struct grid_style style);
void grid_fill(struct grid *g, int x, int y, int width, int height, struct grid_style style);

/* Text (UTF-8) in at most 'width' columns; returns the column behind it. What does not fit is cut,
 * which '~' shows. */
int grid_text(struct grid *g, int x, int y, int width, struct grid_style style, const char *text);
/* The same, flush right within 'width'. */
void grid_right(struct grid *g, int x, int y, int width, struct grid_style style, const char *text);

/* "" to 8: a bar of so many eighths, rising from below or from the left. */
uint32_t grid_eighths_up(int n);
uint32_t grid_eighths_right(int n);

#endif
