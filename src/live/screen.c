/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live/screen.h"
#include "base/util.h"
#include "live/pane.h"

#define LEAST_LISTED 4 /* lines */

enum { TOP, PROCS, HEAT, WSS, REGIONS, SCHEMES, REASONS, KEYS, NR_PANES };

static const pane_draw_fn draw[NR_PANES] = {
	pane_top,     pane_procs,   pane_heat,	  pane_wss,
	pane_regions, pane_schemes, pane_reasons, pane_keys,
};

/* Who gets lines first: each step gives so many more to a pane, if it wants them. */
static const struct step {
	int pane, lines;
} steps[] = {
	{TOP, 1},     {PROCS, 1},   {WSS, 1},	   {KEYS, 1},	 {HEAT, 4},    {PROCS, 1},
	{SCHEMES, 2}, {HEAT, 4},    {REASONS, 1},  {REGIONS, 4}, {SCHEMES, 2}, {WSS, 1},
	{PROCS, 1},   {HEAT, 4},    {REGIONS, 1},  {SCHEMES, 2}, {HEAT, 4},    {REASONS, 2},
	{REGIONS, 2}, {PROCS, 2},   {WSS, 1},	   {HEAT, 8},	 {REASONS, 9}, {SCHEMES, 9},
	{REGIONS, 4}, {WSS, 1},	    {HEAT, 8},	   {PROCS, 16},	 {REGIONS, 5}, {WSS, 1},
	{HEAT, 999},  {PROCS, 999}, {REGIONS, 99},
};

static int least(int a, int b)
{
	return a < b ? a : b;
}

static int most(int a, int b)
{
	return a > b ? a : b;
}

/* How many lines each pane could use. */
static void find_wants(const struct live_model *m, struct live_view *v, int wants[NR_PANES])
{
	int lists = v->width >= pane_regions_width() ? 1 : 2;
	int longest = 1 + (int)MAX(m->nr_hottest, m->nr_coldest);

	v->list_lines = most(v->list_lines, longest);
	v->reason_lines = most(v->reason_lines, pane_reasons_lines(m, v));

	wants[TOP] = wants[KEYS] = 1;
	wants[PROCS] = 1 + least((int)m->nr_procs, LIVE_MAX_PROCS);
	wants[HEAT] = v->no_heat || v->width < 20 ? 0 : 999;
	wants[WSS] = v->no_wss ? 0 : 5;
	wants[REGIONS] =
		v->no_regions || v->width < 36 ? 0 : lists * most(v->list_lines, LEAST_LISTED);
	wants[SCHEMES] = m->nr_schemes ? 1 + (int)m->nr_schemes : 0;
	wants[REASONS] = v->reason_lines;
}

static void share_out(const struct live_model *m, struct live_view *v, int lines[NR_PANES])
{
	int wants[NR_PANES], left = v->height;

	find_wants(m, v, wants);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		const struct step *s = &steps[i];
		int more = least(least(s->lines, left), wants[s->pane] - lines[s->pane]);

		/* The first lines of a pane come all together: a title alone tells nothing. */
		if (!lines[s->pane] && more < least(s->lines, wants[s->pane]))
			continue;
		lines[s->pane] += more;
		left -= more;
	}
}

int live_screen_draw(struct grid *g, const struct live_model *m, struct live_view *v)
{
	int lines[NR_PANES] = {0}, err = grid_resize(g, v->width, v->height);
	struct pane_area a = {.width = v->width};

	g->utf8 = v->utf8;
	if (!err)
		err = live_view_update(v, m);
	if (err)
		return err;
	share_out(m, v, lines);
	for (int i = 0; i < NR_PANES; i++) {
		a.height = lines[i];
		if (i == KEYS)
			a.y = v->height - lines[i];
		if (a.height > 0)
			draw[i](g, m, v, &a);
		a.y += a.height;
	}
	if (v->help)
		pane_help(g, v);
	return 0;
}
