/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hottest and the coldest regions of a process, side by side where there is room. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "live/cols.h"
#include "live/pane.h"
#include "report/print.h"

static const struct cols_spec hot_specs[] = {
	{"HOTTEST", 8},
	{"", 14, 8, .left = true}, /* bounds */
	{"SHARE", 7, 4},
	{"SIZE", 6},
	{"WRITES", 6, 6},
	{"AGE", 7, 7},
	{"ADDRESS", 12, 9},
	{"MAPPING", 10, .left = true, .most = 999},
	{0},
};

static const struct cols_spec cold_specs[] = {
	{"COLDEST", 8},
	{"SIZE", 6},
	{"HEAT", 8, 4},
	{"ADDRESS", 12, 9},
	{"MAPPING", 10, .left = true, .most = 999},
	{0},
};

int pane_regions_width(void)
{
	return 76;
}

static void put_place(struct grid *g, struct cols *c, const struct live_region *r)
{
	char text[NAME_MAX_LEN];
	int width;

	snprintf(text, sizeof(text), "%" PRIx64, r->start);
	cols_put(c, g, grid_faint, text);
	width = c->width[c->at];
	strcpy(text, r->name);
	cols_put(c, g, grid_plain, name_fit(text, (size_t)MAX(width, 1)));
}

static void put_hot(struct grid *g, struct cols *c, const struct live_region *r)
{
	char text[KNOWN_TEXT_MAX];

	cols_put(c, g, grid_plain, known_value(text, &r->heat, KNOWN_COUNT));
	cols_put(c, g, grid_faint, known_bounds(text, &r->heat, KNOWN_COUNT));
	cols_put(c, g, grid_plain, known_value(text, &r->share, KNOWN_PERCENT));
	cols_put(c, g, grid_plain, name_size(text, r->end - r->start));
	snprintf(text, sizeof(text), "%.0f %%", 100 * r->write_share);
	cols_put(c, g, grid_plain, text);
	cols_put(c, g, grid_plain, damon_print_time(text, (double)r->age_ns));
	put_place(g, c, r);
}

static void put_cold(struct grid *g, struct cols *c, const struct live_region *r)
{
	char text[KNOWN_TEXT_MAX];

	cols_put(c, g, grid_plain, damon_print_time(text, (double)r->idle_ns));
	cols_put(c, g, grid_plain, name_size(text, r->end - r->start));
	cols_put(c, g, grid_plain, known_value(text, &r->heat, KNOWN_COUNT));
	put_place(g, c, r);
}

static void put_list(struct grid *g, const struct pane_area *a, const struct cols_spec *specs,
		     const struct live_region *r, size_t n,
		     void (*put)(struct grid *g, struct cols *c, const struct live_region *r))
{
	struct cols c;

	cols_init(&c, specs, a->x, a->width);
	cols_titles(&c, g, a->y);
	for (size_t i = 0; i < n && (int)i + 1 < a->height; i++) {
		cols_line(&c, a->y + 1 + (int)i);
		put(g, &c, &r[i]);
	}
}

void pane_regions(struct grid *g, const struct live_model *m, struct live_view *v,
		  const struct pane_area *a)
{
	struct pane_area hot = {1, a->y, a->width - 2, a->height}, cold = hot;

	if (a->width >= pane_regions_width()) {
		cold.width = hot.width < 110 ? (hot.width - 2) / 2 : MIN(hot.width * 2 / 5, 72);
		hot.width -= cold.width + 2;
		cold.x = hot.x + hot.width + 2;
	} else {
		hot.height = (a->height + 1) / 2;
		cold.height = a->height - hot.height;
		cold.y += hot.height;
	}
	put_list(g, &hot, hot_specs, m->hottest, m->nr_hottest, put_hot);
	if (cold.height > 1)
		put_list(g, &cold, cold_specs, m->coldest, m->nr_coldest, put_cold);
}
