/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/util.h"
#include "live/cols.h"

#define LEAST_WIDE 4

static int needed(const struct cols *c)
{
	int sum = 0;

	for (size_t i = 0; i < c->n; i++)
		sum += c->width[i] ? c->width[i] + 1 : 0;
	return sum - 1;
}

/* The column that is the next to go; n: none is. */
static size_t least(const struct cols *c)
{
	size_t found = c->n;

	for (size_t i = 0; i < c->n; i++)
		if (c->width[i] && c->spec[i].drop &&
		    (found == c->n || c->spec[i].drop > c->spec[found].drop))
			found = i;
	return found;
}

void cols_init(struct cols *c, const struct cols_spec *spec, int x, int width)
{
	size_t gone;
	int spare;

	*c = (struct cols){.spec = spec};
	for (; spec[c->n].title && c->n < COLS_MAX; c->n++)
		c->width[c->n] = spec[c->n].width;
	while (needed(c) > width && (gone = least(c)) < c->n)
		c->width[gone] = 0;
	spare = width - needed(c);
	for (size_t i = 0; i < c->n; i++) {
		if (c->spec[i].most && c->width[i]) {
			int mine = MIN(MAX(c->width[i] + spare, LEAST_WIDE), c->spec[i].most);

			spare -= mine - c->width[i];
			c->width[i] = mine;
		}
		c->x[i] = x;
		x += c->width[i] ? c->width[i] + 1 : 0;
	}
}

void cols_line(struct cols *c, int y)
{
	c->y = y;
	c->at = 0;
}

int cols_next(struct cols *c, int *x)
{
	size_t i = c->at++;

	*x = c->x[i];
	return c->width[i];
}

void cols_put(struct cols *c, struct grid *g, struct grid_style style, const char *text)
{
	bool left = c->spec[c->at].left;
	int x, width = cols_next(c, &x);

	if (left)
		grid_text(g, x, c->y, width, style, text);
	else
		grid_right(g, x, c->y, width, style, text);
}

void cols_titles(struct cols *c, struct grid *g, int y)
{
	cols_line(c, y);
	for (size_t i = 0; i < c->n; i++)
		cols_put(c, g, grid_title, c->spec[i].title);
}
