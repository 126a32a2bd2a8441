/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/util.h"
#include "live/grid.h"

const struct grid_style grid_plain = {INK_DEFAULT, INK_DEFAULT, 0};
const struct grid_style grid_faint = {INK_FAINT, INK_DEFAULT, 0};
const struct grid_style grid_title = {INK_TITLE, INK_DEFAULT, GRID_BOLD};
const struct grid_style grid_accent = {INK_ACCENT, INK_DEFAULT, GRID_BOLD};
const struct grid_style grid_value = {INK_VALUE, INK_DEFAULT, 0};
const struct grid_style grid_good = {INK_GOOD, INK_DEFAULT, 0};
const struct grid_style grid_warn = {INK_WARN, INK_DEFAULT, GRID_BOLD};
const struct grid_style grid_bar = {INK_BAR_TEXT, INK_BAR, GRID_REVERSE};

void grid_release(struct grid *g)
{
	free(g->cells);
	*g = (struct grid){0};
}

int grid_resize(struct grid *g, int width, int height)
{
	size_t n = (size_t)MAX(width, 0) * (size_t)MAX(height, 0);
	int err = vec_reserve(&g->cells, &g->cap, n ? n : 1, sizeof(*g->cells));

	if (err)
		return err;
	g->width = MAX(width, 0);
	g->height = MAX(height, 0);
	grid_fill(g, 0, 0, g->width, g->height, grid_plain);
	return 0;
}

/* What ASCII has instead. */
static uint32_t ascii_of(uint32_t ch)
{
	static const struct {
		uint32_t first, last;
		char c;
	} instead[] = {
		{0x2500, 0x2501, '-'}, {0x2502, 0x2503, '|'}, {0x250c, 0x254b, '+'},
		{0x2580, 0x2588, '#'}, {0x2589, 0x258f, '#'}, {0x2591, 0x2591, '.'},
		{0x2592, 0x2592, ':'}, {0x2593, 0x2593, '='}, {0x00b7, 0x00b7, '-'},
		{0x25b6, 0x25b6, '>'}, {0x25cf, 0x25cf, '*'}, {0x2191, 0x2191, '^'},
		{0x2193, 0x2193, 'v'}, {0x2190, 0x2190, '<'}, {0x2192, 0x2192, '>'},
		{0x2506, 0x250b, ':'},
	};

	if (ch < 0x80)
		return ch;
	for (size_t i = 0; i < ARRAY_SIZE(instead); i++)
		if (ch >= instead[i].first && ch <= instead[i].last)
			return (unsigned char)instead[i].c;
	return '?';
}

/* Characters that may be wide or take no column at all would move what is beside them: names are
 * not ours. Left are alphabets, punctuation, arrows, lines and blocks. */
static uint32_t narrow(uint32_t ch)
{
	bool fine = ch < 0x300 || (ch >= 0x370 && ch < 0x590) || (ch >= 0x2010 && ch < 0x2028) ||
		    (ch >= 0x2190 && ch < 0x2194) || (ch >= 0x2500 && ch < 0x2600);

	return fine ? ch : '?';
}

void grid_put(struct grid *g, int x, int y, uint32_t ch, struct grid_style style)
{
	if (x < 0 || y < 0 || x >= g->width || y >= g->height)
		return;
	ch = ch < 0x20 || (ch >= 0x7f && ch < 0xa0) ? '?' : narrow(ch);
	g->cells[(size_t)y * g->width + x] = (struct grid_cell){g->utf8 ? ch : ascii_of(ch), style};
}

void grid_fill(struct grid *g, int x, int y, int width, int height, struct grid_style style)
{
	for (int row = MAX(y, 0); row < MIN(y + height, g->height); row++)
		for (int col = MAX(x, 0); col < MIN(x + width, g->width); col++)
			g->cells[(size_t)row * g->width + col] = (struct grid_cell){' ', style};
}

/* The next character; what is no UTF-8 is '?'. */
static uint32_t next_char(const char **text)
{
	const unsigned char *s = (const unsigned char *)*text;
	int more = *s < 0x80 ? 0 : *s < 0xc2 ? -1 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
	uint32_t ch = more <= 0 ? *s : *s & (0x3fu >> more);

	++*text;
	if (more < 0)
		return '?';
	for (int i = 1; i <= more; i++, ++*text) {
		if ((s[i] & 0xc0) != 0x80)
			return '?';
		ch = ch << 6 | (s[i] & 0x3f);
	}
	return ch;
}

static int columns(const char *text)
{
	int n = 0;

	while (*text) {
		next_char(&text);
		n++;
	}
	return n;
}

int grid_text(struct grid *g, int x, int y, int width, struct grid_style style, const char *text)
{
	bool cut = columns(text) > width;

	for (int i = 0; i < width && *text; i++) {
		uint32_t ch = next_char(&text);

		grid_put(g, x++, y, cut && i == width - 1 && width > 1 ? '~' : ch, style);
	}
	return x;
}

void grid_right(struct grid *g, int x, int y, int width, struct grid_style style, const char *text)
{
	int n = columns(text);

	grid_text(g, x + MAX(width - n, 0), y, MIN(n, width), style, text);
}

uint32_t grid_eighths_up(int n)
{
	return n <= 0 ? ' ' : 0x2580u + (uint32_t)MIN(n, 8);
}

uint32_t grid_eighths_right(int n)
{
	return n <= 0 ? ' ' : 0x2590u - (uint32_t)MIN(n, 8);
}
