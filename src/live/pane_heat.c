/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The heatmap of a process and its working set: time goes to the right, now is at the edge. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "live/pane.h"
#include "report/color.h"
#include "report/print.h"

#define NARROW	      60 /* columns; addresses are left out below */
#define ADDRESS_WIDTH 13
#define TICK_COLUMNS  14  /* at least, between ticks of the time axis */
#define ROOM_ABOVE    1.2 /* the largest working set, for its bounds */

static int name_width(int width)
{
	if (width < NARROW)
		return MIN(10, width / 4);
	return width < 100 ? 15 : width < 160 ? 20 : 28;
}

static int label_width(int width)
{
	return name_width(width) + (width < NARROW ? 0 : ADDRESS_WIDTH);
}

int pane_columns(const struct live_view *v, int *first)
{
	int label = label_width(v->width);

	*first = label + 2;
	return MAX(MIN(v->width - *first, HISTORY_COLUMNS), 0);
}

static double column_seconds(const struct live_model *m, const struct live_view *v)
{
	return (double)m->column_ns / NS_PER_SEC * pow(HISTORY_FACTOR, v->level);
}

/* ---- cells ---- */

static bool unsure(int level)
{
	return level >= 0 && level & COLOR_UNSURE;
}

static int16_t ink_of(int level)
{
	if (level == COLOR_UNMAPPED)
		return INK_DEFAULT;
	return level == COLOR_UNUSED ? INK_UNUSED : (int16_t)(level & ~COLOR_UNSURE);
}

/* Two cells in a character, as painter_put() of report/color.h has them. */
static void put_pair(struct grid *g, int x, int y, int upper, int lower)
{
	struct grid_style style = {ink_of(upper), ink_of(lower), 0};
	uint32_t ch = unsure(upper) ? 0x2598 : unsure(lower) ? 0x259c : 0x2580;

	if (upper == COLOR_UNMAPPED && lower == COLOR_UNMAPPED) {
		grid_put(g, x, y, ' ', grid_plain);
		return;
	}
	if (upper == COLOR_UNMAPPED) {
		style = (struct grid_style){ink_of(lower), INK_DEFAULT, 0};
		ch = unsure(lower) ? 0x2597 : 0x2584;
	} else if (unsure(upper) && unsure(lower)) {
		style.ink = (int16_t)((style.ink + style.ground) / 2);
		style.ground = INK_UNUSED;
		ch = 0x259a;
	} else if (upper == lower) { /* one colour only: quicker to send */
		ch = ' ';
		style.ink = INK_DEFAULT;
	}
	grid_put(g, x, y, ch, style);
}

/* One cell in a character: a ground where there are colours, else a letter. */
static void put_single(struct grid *g, const struct live_view *v, int x, int y, int level)
{
	struct grid_style style = grid_plain;

	if (v->color == REPORT_ASCII || level == COLOR_UNMAPPED) {
		grid_put(g, x, y, (unsigned char)color_letter(level), style);
		return;
	}
	style.ground = ink_of(level);
	if (unsure(level))
		style.ink = INK_UNUSED;
	grid_put(g, x, y, unsure(level) ? ':' : ' ', style);
}

static void put_column(struct grid *g, const struct live_view *v, const struct raster_cell *cells,
		       int x, int y, int lines)
{
	const struct raster *r = &v->raster;

	for (int line = 0; line < lines; line++) {
		size_t end, row = raster_line(r, line, &end);
		int upper = raster_level(r, &cells[row]);

		if (r->want.cells_per_line == 2)
			put_pair(g, x, y + line, upper,
				 row + 1 < end ? raster_level(r, &cells[row + 1]) : COLOR_UNMAPPED);
		else
			put_single(g, v, x, y + line, upper);
	}
}

static void put_cells(struct grid *g, const struct live_model *m, const struct live_view *v, int y,
		      int lines)
{
	int first, n = pane_columns(v, &first);

	for (int back = 0; back < n; back++) {
		const struct raster_cell *cells =
			raster_column(&v->raster, &m->history, (size_t)back);

		if (!cells)
			return;
		put_column(g, v, cells, first + n - 1 - back, y, lines);
	}
}

/* ---- labels ---- */

static bool starts_band(const struct raster *r, size_t row)
{
	for (size_t i = 1; i < r->lay.nr_bands; i++)
		if (r->lay.bands[i].first_row == row)
			return true;
	return false;
}

/* 'last': the name of the line before, which is not said again. */
static const char *put_label(struct grid *g, const struct live_model *m, const struct live_view *v,
			     int line, int y, const char *last)
{
	const struct raster *r = &v->raster;
	size_t end, row = raster_line(r, line, &end);
	const struct live_mapping *map;
	char text[NAME_MAX_LEN];
	int width = name_width(v->width), x = v->width < NARROW ? 0 : ADDRESS_WIDTH;
	bool band = starts_band(r, row);
	const char *name;

	map = live_model_mapping(m, r->lay.rows[row].start, r->lay.rows[end - 1].end);
	name = map ? map->name : "";
	grid_put(g, label_width(v->width) + 1, y, band ? 0x251c : 0x2502, grid_faint);
	if (last && !band && !strcmp(name, last))
		return last;
	if (x) {
		snprintf(text, sizeof(text), "%" PRIx64, r->lay.rows[row].start);
		grid_right(g, 0, y, ADDRESS_WIDTH - 1, grid_faint, text);
	}
	strcpy(text, name);
	grid_text(g, x, y, width, grid_plain, name_fit(text, (size_t)MAX(width, 1)));
	return name;
}

/* ---- title, scale and time ---- */

static void put_scale(struct grid *g, const struct live_view *v, int end, int y)
{
	char lo[DAMON_UNITS_MAX], hi[DAMON_UNITS_MAX], text[2 * DAMON_UNITS_MAX + 32];
	int steps = 8, x;

	snprintf(text, sizeof(text), "%s/page/s", damon_print_count(hi, exp2(v->raster.scale_hi)));
	damon_print_count(lo, exp2(v->raster.scale_lo));
	x = end - (int)strlen(text) - steps - (int)strlen(lo) - 2;
	x = grid_text(g, x, y, end - x, grid_faint, lo) + 1;
	for (int i = 0; i < steps; i++)
		put_single(g, v, x++, y, i * (COLOR_LEVELS - 1) / (steps - 1));
	grid_text(g, x + 1, y, end - x - 1, grid_faint, text);
}

static void put_title(struct grid *g, const struct live_model *m, const struct live_view *v, int y)
{
	const struct live_proc *p = live_model_proc(m, v->chosen);
	char bytes[2][DAMON_UNITS_MAX], text[256];
	int x, end = v->width - 1;
	double seconds = column_seconds(m, v);

	snprintf(text, sizeof(text), "%s %d", p ? p->comm : "", p ? p->pid : 0);
	x = grid_text(g, v->width < NARROW ? 0 : 1, y, v->width / 2, grid_title, text) + 2;
	if (v->zoom_end)
		snprintf(text, sizeof(text), "%" PRIx64 "-%" PRIx64 " (%s)", v->zoom_start,
			 v->zoom_end,
			 damon_print_bytes(bytes[0], (double)(v->zoom_end - v->zoom_start)));
	else if (m->chosen == v->chosen && m->mapped_bytes)
		snprintf(text, sizeof(text), "%s of %s in use",
			 damon_print_bytes(bytes[0], (double)m->touched_bytes),
			 damon_print_bytes(bytes[1], (double)m->mapped_bytes));
	else
		text[0] = '\0';
	if (v->width >= 100)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%g s a column",
			 text[0] ? ", " : "", seconds);
	if (v->width >= 72) {
		put_scale(g, v, end, y);
		end -= 34;
	}
	grid_text(g, x, y, MAX(end - x, 0), grid_faint, text);
}

static void put_times(struct grid *g, const struct live_model *m, const struct live_view *v, int y)
{
	const struct history_column *now = history_column(&m->history, v->level, 0);
	int first, n = pane_columns(v, &first), at = first + n - 4;
	uint64_t step, next;
	char text[DAMON_UNITS_MAX + 1] = "-";

	if (!now || n < 8)
		return;
	step = print_round_step((uint64_t)(column_seconds(m, v) * TICK_COLUMNS * NS_PER_SEC));
	next = step;
	grid_text(g, at, y, 4, grid_faint, " now");
	for (int back = 0; back < n; back++) {
		const struct history_column *c =
			history_column(&m->history, v->level, (size_t)back);
		int x = first + n - 1 - back;

		if (!c)
			break;
		if (now->end_ns - c->start_ns < next)
			continue;
		print_tick(text + 1, next, step);
		next += step;
		if (x < first || x + (int)strlen(text) + 2 > at)
			continue;
		at = x;
		grid_put(g, x, y, 0x2502, grid_faint);
		grid_text(g, x + 1, y, n, grid_faint, text);
	}
}

void pane_heat(struct grid *g, const struct live_model *m, struct live_view *v,
	       const struct pane_area *a)
{
	bool half_blocks = v->utf8 && v->color != REPORT_ASCII;
	int first, n = pane_columns(v, &first), lines = a->height - 2;
	struct raster_want want = {
		.id = v->chosen,
		.level = v->level,
		.start = v->zoom_start,
		.end = v->zoom_end,
		.lines = lines,
		.cells_per_line = half_blocks ? 2 : 1,
		.columns = n,
	};
	const char *last = NULL;

	if (lines < 1 || n < 1)
		return;
	if (raster_update(&v->raster, &m->history, &want) <= 0) {
		grid_text(g, 1, a->y, a->width - 1, grid_faint,
			  v->nr_order ? "no access was seen yet" : "");
		return;
	}
	put_title(g, m, v, a->y);
	lines = MIN(lines, v->raster.lines);
	for (int i = 0; i < lines; i++)
		last = put_label(g, m, v, i, a->y + 1 + i, last);
	put_cells(g, m, v, a->y + 1, lines);
	put_times(g, m, v, a->y + 1 + lines);
}

/* ---- working set ---- */

static double largest(const struct live_model *m, const struct live_view *v, int n)
{
	double most = 1;

	for (int back = 0; back < n; back++) {
		const struct history_column *c =
			history_column(&m->history, v->level, (size_t)back);
		const struct history_target *t = history_target(c, v->chosen);

		if (!c)
			break;
		if (t)
			most = MAX(most, t->wss.v);
	}
	return most * ROOM_ABOVE;
}

/* The estimate as a bar, and shaded up to what it may be. */
static void put_bar(struct grid *g, const struct known *wss, double most, int x,
		    const struct pane_area *a)
{
	int eighths = (int)lrint(wss->v / most * a->height * 8);
	int bound = (int)lrint(MIN(wss->hi / most, 1.0) * a->height * 8);

	if (wss->v > 0)
		eighths = MAX(eighths, 1);
	for (int line = 0; line < a->height; line++) {
		int y = a->y + a->height - 1 - line, mine = eighths - 8 * line;

		if (mine > 0)
			grid_put(g, x, y, grid_eighths_up(mine), grid_value);
		else if (bound - 8 * line >= 4)
			grid_put(g, x, y, 0x2591, grid_faint);
	}
}

void pane_wss(struct grid *g, const struct live_model *m, struct live_view *v,
	      const struct pane_area *a)
{
	const struct live_proc *p = live_model_proc(m, v->chosen);
	int first, n = pane_columns(v, &first), label = label_width(v->width);
	char text[KNOWN_TEXT_MAX + 16], limit[DAMON_UNITS_MAX];
	double most = largest(m, v, n);

	if (!p)
		return;
	if (a->width < 20) {
		grid_text(g, 0, a->y, a->width, grid_plain, known_text(text, &p->wss, KNOWN_BYTES));
		return;
	}
	if (label < 24)
		known_value(text, &p->wss, KNOWN_BYTES);
	else if (a->height > 1)
		known_text(text, &p->wss, KNOWN_BYTES);
	else
		snprintf(text, sizeof(text), "working set %s",
			 known_value(limit, &p->wss, KNOWN_BYTES));
	if (label >= 24 && a->height > 1)
		grid_text(g, 1, a->y + a->height - 2, label - 1, grid_title, "working set, 1 s");
	grid_text(g, label >= 24, a->y + a->height - 1, label - 1, grid_plain, text);
	if (a->height > 2) {
		snprintf(text, sizeof(text), "%s", damon_print_bytes(limit, most));
		grid_right(g, 0, a->y, label, grid_faint, text);
	}
	for (int i = 0; i < a->height; i++)
		grid_put(g, label + 1, a->y + i, 0x2502, grid_faint);
	for (int back = 0; back < n; back++) {
		const struct history_column *c =
			history_column(&m->history, v->level, (size_t)back);
		const struct history_target *t = history_target(c, v->chosen);

		if (t)
			put_bar(g, &t->wss, most, first + n - 1 - back, a);
	}
}
