/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/color.h"
#include "report/heatmap.h"
#include "report/known.h"
#include "report/notes.h"
#include "report/picture/heat_plot.h"
#include "report/print.h"
#include "report/select.h"

#define ROW_PIXELS   2 /* of a cell, at least */
#define MAX_ROWS     1024
#define MAX_CELLS    (HEATGRID_MAX_CELLS / 4) /* the grid is filled more finely first */
#define LINE_PIXELS  26	 /* of the least band that heatgrid makes: as much as a name takes */
#define PLOT_PART_X  .72 /* of the page, about: how many cells it is to have */
#define PLOT_PART_Y  .62
#define BAR_WIDTH    380
#define BAR_HEIGHT   14
#define LEGEND_BELOW 104 /* what the axis of time and the legend take */

/* ---- how many cells ---- */

/* No finer than pixels, and each of as many whole snapshots: one that is cut costs twice, and blurs
 * what changes. */
static size_t columns(const struct report_args *a, const struct scan *sc,
		      const struct scan_target *t, const struct frame *f, size_t nr_rows)
{
	uint64_t from = MAX(sc->from_ns, t->first_ns), to = MIN(sc->to_ns, t->last_ns);
	uint64_t aggr = MAX(sc->info.attrs.aggr_ns, (uint64_t)1);
	uint64_t snaps = to > from ? (to - from + aggr / 2) / aggr : 1, each;
	size_t room = (size_t)(PLOT_PART_X * f->width);

	if (a->resol_time)
		return MIN((size_t)a->resol_time, room);
	room = MIN(room, MAX_CELLS / nr_rows);
	snaps = MAX(snaps, (uint64_t)1);
	each = (snaps + room - 1) / room;
	return (size_t)(snaps / each);
}

static void rows(const struct report_args *a, const struct frame *f, size_t *lines,
		 size_t *per_line)
{
	double height = PLOT_PART_Y * f->height;
	size_t n = MIN((size_t)(height / ROW_PIXELS), (size_t)MAX_ROWS);

	if (a->resol_addr)
		n = MIN((size_t)a->resol_addr, (size_t)height);
	*lines = MAX((size_t)(height / (LINE_PIXELS * f->scale)), (size_t)1);
	*lines = MIN(*lines, n);
	*per_line = (n + *lines - 1) / *lines;
}

/* ---- legend ---- */

static void draw_ramp(const struct heat_plot *p, struct frame *f, struct point from,
		      struct point to)
{
	uint32_t colors[COLOR_LEVELS];
	struct cells cells = {.colors = colors, .cols = COLOR_LEVELS, .rows = 1};

	for (int i = 0; i < COLOR_LEVELS; i++)
		colors[i] = color_of(i);
	canvas_cells(f->canvas, from, to, &cells);
}

static void draw_bar(const struct heat_plot *p, struct frame *f, const char *unit)
{
	bool linear = p->scale == REPORT_LINEAR;
	double k = f->scale, lo = linear ? 0 : p->grid->scale_lo, hi = p->grid->scale_hi;
	struct point from = {f->from.x, f->to.y + 56 * k};
	struct point to = {f->from.x + BAR_WIDTH * k, from.y + BAR_HEIGHT * k};
	struct stroke s = {.width = k, .color = f->theme->dim};
	struct letters l = f->axis;
	struct axis_tick ticks[AXIS_MAX_TICKS];
	size_t n = linear ? axis_linear(ticks, lo, hi, 6) : axis_log(ticks, lo, hi, 6);

	canvas_text(f->canvas, (struct point){from.x, from.y - 7 * k}, &l, unit);
	draw_ramp(p, f, from, to);
	l.anchor = ANCHOR_MIDDLE;
	for (size_t i = 0; i < n; i++) {
		double part = linear ? ticks[i].at / hi : heatgrid_scale(p->grid, ticks[i].at);
		double x = from.x + part * (to.x - from.x);
		struct point tick[] = {{x, to.y}, {x, to.y + 5 * k}};

		canvas_line(f->canvas, tick, 2, &s);
		canvas_text(f->canvas, (struct point){x, to.y + 20 * k}, &l, ticks[i].text);
	}
}

static void draw_swatch(struct frame *f, struct point at, uint32_t color, bool hatched)
{
	double k = f->scale, w = 26 * k, h = BAR_HEIGHT * k;
	struct point to = {at.x + w, at.y + h};
	struct point box[] = {at, {to.x, at.y}, to, {at.x, to.y}, at};
	struct stroke s = {.width = k, .color = f->theme->dim};
	struct stroke hatch = {.width = 1.3 * k, .color = f->theme->page};

	canvas_rect(f->canvas, at, to, color);
	for (int i = 0; hatched && i < 2; i++) {
		struct point line[] = {{at.x + i * h * .8, to.y}, {at.x + h + i * h * .8, at.y}};

		canvas_line(f->canvas, line, 2, &hatch);
	}
	canvas_line(f->canvas, box, 5, &s);
}

static void draw_meanings(struct frame *f, const struct heatgrid *g, const char *unseen)
{
	char blank[HEATGRID_BLANK_MAX];
	const struct {
		uint32_t color;
		bool hatched;
		const char *text;
	} swatches[] = {
		{color_of(COLOR_LEVELS * 2 / 5), true, "known only within a factor of more than 3"},
		{f->theme->unused, false, unseen},
		{f->theme->unmapped, false, heatgrid_blank(blank, g)},
	};
	double k = f->scale, x = f->from.x + (BAR_WIDTH + 46) * k, y = f->to.y + 36 * k;
	char fits[CANVAS_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(swatches); i++, y += 21 * k) {
		struct point at = {x + 36 * k, y + .83 * BAR_HEIGHT * k};

		draw_swatch(f, (struct point){x, y}, swatches[i].color, swatches[i].hatched);
		canvas_fit(f->canvas, &f->axis, fits, sizeof(fits), swatches[i].text,
			   f->width - f->margin / 2 - at.x);
		canvas_text(f->canvas, at, &f->axis, fits);
	}
}

static void draw_legend(const struct heat_plot *p, struct frame *f,
			const struct damon_record_info *info)
{
	struct known seen = {0, 0, p->grid->unseen_hi * notes_scale(info).hi};
	char unit[96], most[KNOWN_MAX], unseen[128];

	snprintf(unit, sizeof(unit), "heat: accesses per page and second%s",
		 info->scale_lo != info->scale_hi ? ", relative"
		 : info->scale > 0		  ? ""
						  : ", at least");
	draw_bar(p, f, unit);
	snprintf(unseen, sizeof(unseen), "no access seen%s%s", seen.hi > 0 ? ": heat " : "",
		 seen.hi > 0 ? known_value(most, &seen, KNOWN_COUNT) : "");
	draw_meanings(f, p->grid, unseen);
}

/* ---- the picture ---- */

struct heat_picture {
	struct report_args *args;
	const struct scan *scan;
	const struct scan_target *target;
	const struct heatgrid *grid;
};

/* All that is said below, but for what drawing tells. */
static size_t begin_footer(char *buf, size_t size, const struct heat_picture *h)
{
	const struct heatgrid *g = h->grid;
	struct known out = known_share(g->weight_left_out, (double)h->target->info.obs);
	char text[256], share[KNOWN_MAX];
	size_t n = frame_begin_footer(buf, size, h->args, h->scan, h->target);

	if (*heatmap_certainty(text, sizeof(text), g))
		n += (size_t)snprintf(buf + n, size - n, "half of the cells are known %s or better",
				      text);
	if (g->weight_left_out > 0)
		n += (size_t)snprintf(buf + n, size - n,
				      "; not shown: ranges with %s of the accesses",
				      known_value(share, &out, KNOWN_PERCENT));
	if (*notes_relative_text(text, sizeof(text), &h->scan->info))
		n += (size_t)snprintf(buf + n, size - n, "; heat %s", text);
	return n;
}

/* The plot lies between what is written around it. */
static void place_across(const struct heat_picture *h, struct frame *f,
			 const struct heatmap_name *names)
{
	f->from.x = rint(f->margin + heat_plot_address_width(h->grid, f));
	f->to.x = rint(f->width - f->margin / 2 - heat_plot_names_width(h->grid, names, f));
}

static void place_down(const struct heat_picture *h, struct frame *f)
{
	f->from.y = rint(f->top + 20 * f->scale + frame_marks_height(f));
	f->to.y = rint(f->bottom - LEGEND_BELOW * f->scale);
}

static int draw(const struct heat_picture *h, struct frame *f)
{
	_cleanup_(freep) struct heatmap_name *names =
		heatmap_names(h->args, h->grid, h->target->info.id);
	struct heat_plot p;
	char footer[1024];
	size_t n = begin_footer(footer, sizeof(footer), h);
	int err = frame_set_time(f, h->args, h->scan, h->grid->start_ns, h->grid->end_ns);

	if (err)
		return err;
	place_across(h, f, names);
	frame_end_footer(footer + n, sizeof(footer) - n, f);
	frame_footer(f, footer);
	place_down(h, f);
	err = heat_plot_init(&p, h->grid, f, f->to.y - f->from.y);
	if (!err) {
		p.names = names;
		p.scale = h->args->scale;
		err = heat_plot_cells(&p, f);
	}
	if (!err) {
		heat_plot_addresses(&p, f);
		heat_plot_names(&p, f);
		frame_time_axis(f, false);
		frame_marks(f);
		draw_legend(&p, f, &h->scan->info);
	}
	heat_plot_release(&p);
	return err ? damon_fail(&h->args->fail, ENOMEM, "out of memory") : 0;
}

static int draw_all(struct heat_picture *h, int got)
{
	struct report_args *a = h->args;
	char title[256] = "heatmap", command[640], source[512];
	struct frame f;
	int err;

	if (h->target)
		frame_subject(title, sizeof(title), "heat", h->target);
	err = frame_init(&f, a, title);
	if (err)
		return err;
	frame_title(&f, title, frame_command(command, sizeof(command), h->scan),
		    frame_source(source, sizeof(source), a, h->scan));
	if (got)
		err = draw(h, &f);
	else
		frame_say(&f, h->target ? "no access was seen" : notes_empty_text(h->scan));
	return frame_end(&f, a, err);
}

int picture_heatmap(struct report_args *a)
{
	struct heat_picture h = {.args = a};
	struct frame size;
	struct heatgrid g = {0};
	size_t lines, per_line;
	struct scan sc;
	int got;

	got = frame_size(&size, a);
	if (got)
		return got;
	rows(a, &size, &lines, &per_line);
	got = scan_record(a, true, &sc);
	if (!got)
		got = select_target(a, &sc, &h.target);
	if (got > 0)
		got = heatmap_prepare(a, &sc, h.target,
				      columns(a, &sc, h.target, &size, lines * per_line), lines,
				      per_line, &g);
	if (got > 0)
		got = heatmap_fill(a, h.target, &g);
	h.scan = &sc;
	h.grid = &g;
	if (got >= 0)
		got = draw_all(&h, got);
	heatgrid_release(&g);
	scan_release(&sc);
	return MIN(got, 0);
}
