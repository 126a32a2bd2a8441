/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes, by heat or whatever they are sorted by. */
#include <stdio.h>

#include "base/units.h"
#include "base/util.h"
#include "live/cols.h"
#include "live/pane.h"
#include "report/print.h"

static const struct cols_spec specs[] = {
	{"", 1, 3, .left = true}, /* which is chosen */
	{"PID", 7, 3},
	{"COMMAND", 12, .left = true, .most = 28},
	{"SHARE", 7, 1},
	{"", 10, 6, .left = true}, /* its bounds */
	{"", 12, 9, .left = true}, /* as a bar */
	{"WORKING SET", 11, 2},
	{"", 14, 5, .left = true}, /* its bounds */
	{"RSS", 9, 4},
	{"CPU", 6, 7},
	{0},
};

/* The bounds are shown as a shade behind what is sure. */
static void put_bar(struct grid *g, struct cols *c, const struct known *share)
{
	int x, width = cols_next(c, &x), n = (int)(share->v * width * 8 + .5);

	for (int i = 0; i < width; i++) {
		int eighths = n - 8 * i;

		if (eighths > 0)
			grid_put(g, x + i, c->y, grid_eighths_right(eighths), grid_value);
		else if (share->hi * width > i + .5)
			grid_put(g, x + i, c->y, 0x2591, grid_faint);
	}
}

static void put_share(struct grid *g, struct cols *c, const struct known *share)
{
	char value[KNOWN_MAX] = "-", bounds[KNOWN_TEXT_MAX] = "";

	if (share->v >= 0) {
		known_value(value, share, KNOWN_PERCENT);
		known_bounds(bounds, share, KNOWN_PERCENT);
	}
	cols_put(c, g, grid_plain, value);
	cols_put(c, g, grid_faint, bounds);
	put_bar(g, c, share);
}

static void put_wss(struct grid *g, struct cols *c, const struct known *wss)
{
	bool none = wss->hi < DAMON_PAGE_SIZE; /* not even a page */
	char value[KNOWN_MAX], bounds[KNOWN_TEXT_MAX];

	cols_put(c, g, grid_plain, none ? "-" : known_value(value, wss, KNOWN_BYTES));
	cols_put(c, g, grid_faint, known_bounds(bounds, wss, KNOWN_BYTES));
}

static void put_proc(struct grid *g, struct cols *c, const struct live_proc *p, bool chosen)
{
	struct grid_style style = chosen ? grid_accent : grid_plain;
	char text[NAME_MAX_LEN + 32];

	cols_put(c, g, style, chosen ? "▶" : "");
	snprintf(text, sizeof(text), "%d", p->pid);
	cols_put(c, g, style, text);
	if (p->nr_procs > 1)
		snprintf(text, sizeof(text), "%s (%u)", p->comm, p->nr_procs);
	else
		snprintf(text, sizeof(text), "%s", p->comm);
	cols_put(c, g, style, text);
	put_share(g, c, &p->share);
	put_wss(g, c, &p->wss);
	cols_put(c, g, grid_plain,
		 p->rss_bytes ? damon_print_bytes(text, (double)p->rss_bytes) : "-");
	if (p->cpus >= 0)
		snprintf(text, sizeof(text), "%.0f %%", 100 * p->cpus);
	cols_put(c, g, grid_plain, p->cpus >= 0 ? text : "-");
}

/* The lines scroll with the process that is chosen. */
static size_t first_shown(const struct live_view *v, size_t lines)
{
	size_t at = 0;

	while (at < v->nr_order && v->order[at]->id != v->chosen)
		at++;
	return at < v->nr_order && at >= lines ? at + 1 - lines : 0;
}

void pane_procs(struct grid *g, const struct live_model *m, struct live_view *v,
		const struct pane_area *a)
{
	bool titles = a->height > 1;
	size_t lines = (size_t)(a->height - titles), first = first_shown(v, lines);
	struct cols c;

	cols_init(&c, specs, a->width > 40, a->width - 2 * (a->width > 40));
	if (titles)
		cols_titles(&c, g, a->y);
	for (size_t i = 0; i < lines && first + i < v->nr_order; i++) {
		const struct live_proc *p = v->order[first + i];

		cols_line(&c, a->y + titles + (int)i);
		put_proc(g, &c, p, p->id == v->chosen);
	}
	if (!v->nr_order)
		grid_text(g, 1, a->y + titles, a->width - 1, grid_faint, "nothing was seen yet");
}
