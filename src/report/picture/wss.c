/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/known.h"
#include "report/notes.h"
#include "report/picture/frame.h"
#include "report/print.h"
#include "report/select.h"
#include "report/wss.h"

#define BIN_PIXELS  2
#define SIDE_WIDTH  200 /* of the distribution */
#define SIDE_GAP    40
#define FIGURES	    150 /* what figures take beside it */
#define TICK_ROOM   52
#define SIDE_STEPS  200 /* of the distribution's curve */
#define BELOW	    60
#define BAND_LIGHT  .22 /* opacity of bounds */
#define MAX_MISSING 3	/* bins without snapshot over which a line goes on */

struct wss_picture {
	struct report_args *args;
	const struct scan *scan;
	const struct scan_target *target;
	const struct wss_view *view;
	double top_bytes;		 /* of the axis */
	struct point side_from, side_to; /* of the distribution */
};

static double y_of(const struct wss_picture *w, const struct frame *f, double bytes)
{
	return f->to.y - bytes / w->top_bytes * (f->to.y - f->from.y);
}

/* ---- over time ---- */

/* A run of bins that have figures, as one line with its bounds. */
static void draw_run(const struct wss_picture *w, struct frame *f, const struct point *lo,
		     const struct point *hi, const struct point *value, size_t n)
{
	_cleanup_(freep) struct point *around = calloc(2 * n, sizeof(*around));
	struct stroke s = {.width = 2 * f->scale, .color = f->theme->accent};

	if (!around || !n)
		return;
	for (size_t i = 0; i < n; i++) {
		around[i] = hi[i];
		around[2 * n - 1 - i] = lo[i];
	}
	canvas_area(f->canvas, around, 2 * n, f->theme->accent, BAND_LIGHT);
	canvas_line(f->canvas, value, n, &s);
}

/* Each bin is a step: what a snapshot tells holds for all of it. */
static void draw_time(const struct wss_picture *w, struct frame *f)
{
	const struct wss_view *v = w->view;
	_cleanup_(freep) struct point *p = calloc(6 * v->nr_bins + 6, sizeof(*p));
	struct point *lo = p, *hi = p + 2 * v->nr_bins, *value = hi + 2 * v->nr_bins;
	double width = (f->to.x - f->from.x) / (double)v->nr_bins;
	size_t n = 0, missing = 0;

	for (size_t i = 0; p && i < v->nr_bins; i++) {
		const struct wss_bin *b = &v->bins[i];

		if (!(b->seconds > 0)) {
			if (++missing > MAX_MISSING) {
				draw_run(w, f, lo, hi, value, n);
				n = 0;
			}
			continue;
		}
		missing = 0;
		for (int end = 0; end < 2; end++, n++) {
			double x = f->from.x + (double)(i + (size_t)end) * width;

			lo[n] = (struct point){x, y_of(w, f, b->lo)};
			hi[n] = (struct point){x, y_of(w, f, b->hi)};
			value[n] = (struct point){x, y_of(w, f, b->bytes)};
		}
	}
	if (p)
		draw_run(w, f, lo, hi, value, n);
}

/* ---- distribution ---- */

static void draw_side(const struct wss_picture *w, struct frame *f)
{
	const struct wss_view *v = w->view;
	const struct dist *dists[] = {&v->lo, &v->hi, &v->bytes};
	struct point p[3][SIDE_STEPS + 1];

	for (int d = 0; d < 3; d++) {
		for (int i = 0; i <= SIDE_STEPS; i++) {
			double part = (double)i / SIDE_STEPS;

			p[d][i].x = w->side_from.x + part * (w->side_to.x - w->side_from.x);
			p[d][i].y = y_of(w, f, dist_percentile(dists[d], part));
		}
	}
	draw_run(w, f, p[0], p[1], p[2], SIDE_STEPS + 1);
}

static void draw_side_axis(const struct wss_picture *w, struct frame *f)
{
	static const struct {
		double part;
		const char *name;
	} ticks[] = {{0, "0 %"}, {.25, ""}, {.5, "50 %"}, {.75, ""}, {1, "100 %"}};
	struct stroke s = {.width = f->scale, .color = f->theme->dim};
	struct stroke grid = {.width = f->scale, .color = f->theme->line};
	struct letters l = f->axis;

	l.anchor = ANCHOR_MIDDLE;
	for (size_t i = 0; i < ARRAY_SIZE(ticks); i++) {
		double x = w->side_from.x + ticks[i].part * (w->side_to.x - w->side_from.x);
		struct point tick[] = {{x, f->to.y}, {x, f->to.y + 6 * f->scale}};
		struct point across[] = {{x, f->from.y}, {x, f->to.y}};

		canvas_line(f->canvas, across, 2, &grid);
		canvas_line(f->canvas, tick, 2, &s);
		canvas_text(f->canvas, (struct point){x, f->to.y + 22 * f->scale}, &l,
			    ticks[i].name);
	}
	l = f->small;
	l.anchor = ANCHOR_MIDDLE;
	canvas_text(f->canvas,
		    (struct point){(w->side_from.x + w->side_to.x) / 2, f->to.y + 42 * f->scale},
		    &l, "of the time it is no larger");
}

/* Figures beside the distribution: a value, and its bounds below. */
static void draw_figures(const struct wss_picture *w, struct frame *f)
{
	const struct wss_view *v = w->view;
	const struct {
		const char *name;
		struct known k;
	} rows[] = {
		{"max", {v->bytes.max, v->lo.max, v->hi.max}},
		{"95 %",
		 {dist_percentile(&v->bytes, .95), dist_percentile(&v->lo, .95),
		  dist_percentile(&v->hi, .95)}},
		{"median",
		 {dist_percentile(&v->bytes, .5), dist_percentile(&v->lo, .5),
		  dist_percentile(&v->hi, .5)}},
		{"mean", {dist_mean(&v->bytes), dist_mean(&v->lo), dist_mean(&v->hi)}},
		{"min", {v->bytes.min, v->lo.min, v->hi.min}},
	};
	double k = f->scale, x = w->side_to.x + 24 * k, y = f->from.y + .8 * f->small.size;
	double room = f->width - f->margin / 2 - x;
	char text[KNOWN_TEXT_MAX], fits[CANVAS_TEXT_MAX];
	struct letters value = f->axis;

	value.bold = true;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++, y += 70 * k) {
		canvas_text(f->canvas, (struct point){x, y}, &f->small, rows[i].name);
		known_value(text, &rows[i].k, KNOWN_BYTES);
		canvas_fit(f->canvas, &value, fits, sizeof(fits), text, room);
		canvas_text(f->canvas, (struct point){x, y + 19 * k}, &value, fits);
		known_bounds(text, &rows[i].k, KNOWN_BYTES);
		canvas_fit(f->canvas, &f->small, fits, sizeof(fits), text, room);
		canvas_text(f->canvas, (struct point){x, y + 37 * k}, &f->small, fits);
	}
}

/* ---- axes ---- */

static void draw_bytes_axis(const struct wss_picture *w, struct frame *f)
{
	struct stroke s = {.width = f->scale, .color = f->theme->dim};
	struct stroke grid = {.width = f->scale, .color = f->theme->line};
	struct letters l = f->axis;
	struct axis_tick ticks[AXIS_MAX_TICKS];
	size_t n = axis_bytes(ticks, 0, (uint64_t)w->top_bytes,
			      (size_t)((f->to.y - f->from.y) / (TICK_ROOM * f->scale)));

	l.anchor = ANCHOR_RIGHT;
	for (size_t i = 0; i < n; i++) {
		double y = y_of(w, f, ticks[i].at);
		struct point tick[] = {{f->from.x - 6 * f->scale, y}, {f->from.x, y}};
		struct point across[] = {{f->from.x, y}, {f->to.x, y}};
		struct point side[] = {{w->side_from.x, y}, {w->side_to.x, y}};

		canvas_line(f->canvas, across, 2, &grid);
		canvas_line(f->canvas, side, 2, &grid);
		canvas_line(f->canvas, tick, 2, &s);
		canvas_text(f->canvas, (struct point){f->from.x - 10 * f->scale, y + .36 * l.size},
			    &l, ticks[i].text);
	}
}

static void draw_box(struct frame *f, struct point from, struct point to)
{
	struct stroke s = {.width = f->scale, .color = f->theme->dim};
	struct point box[] = {from, {to.x, from.y}, to, {from.x, to.y}, from};

	canvas_line(f->canvas, box, 5, &s);
}

/* ---- the picture ---- */

static void place_across(const struct wss_picture *w, struct frame *f)
{
	double k = f->scale, label = canvas_text_width(f->canvas, &f->axis, "1023 MiB");

	f->from.x = rint(f->margin + label + 12 * k);
	f->to.x = rint(f->width - f->margin / 2 - (SIDE_WIDTH + SIDE_GAP + FIGURES) * k);
}

static void place_down(struct wss_picture *w, struct frame *f)
{
	double k = f->scale;

	f->from.y = rint(f->top + 8 * k + frame_marks_height(f));
	f->to.y = rint(f->bottom - BELOW * k);
	w->side_from = (struct point){f->to.x + SIDE_GAP * k, f->from.y};
	w->side_to = (struct point){w->side_from.x + SIDE_WIDTH * k, f->to.y};
	w->top_bytes = fmax(1.04 * w->view->hi.max, DAMON_PAGE_SIZE);
}

static int draw(struct wss_picture *w, struct frame *f)
{
	char footer[1024];
	size_t n = frame_begin_footer(footer, sizeof(footer), w->args, w->scan, w->target);
	int err = frame_set_time(f, w->args, w->scan, w->view->start_ns, w->view->end_ns);

	if (err)
		return err;
	n += (size_t)snprintf(footer + n, sizeof(footer) - n,
			      "the working set is the memory that was accessed within %s before "
			      "each moment; the band is where the truth lies with 95 %%",
			      wss_window(w->args));
	place_across(w, f);
	frame_end_footer(footer + n, sizeof(footer) - n, f);
	frame_footer(f, footer);
	place_down(w, f);
	frame_time_axis(f, true);
	draw_bytes_axis(w, f);
	draw_side_axis(w, f);
	draw_time(w, f);
	draw_side(w, f);
	draw_figures(w, f);
	draw_box(f, f->from, f->to);
	draw_box(f, w->side_from, w->side_to);
	frame_marks(f);
	return 0;
}

static int draw_all(struct wss_picture *w, int got)
{
	struct report_args *a = w->args;
	char title[256], what[64], command[640], source[512];
	struct frame f;
	int err;

	wss_title(what, sizeof(what), a);
	if (w->target)
		frame_subject(title, sizeof(title), what, w->target);
	else
		strcpy(title, what);
	err = frame_init(&f, a, title);
	if (err)
		return err;
	frame_title(&f, title, frame_command(command, sizeof(command), w->scan),
		    frame_source(source, sizeof(source), a, w->scan));
	if (got)
		err = draw(w, &f);
	else
		frame_say(&f, w->target ? "nothing to show: it has no snapshot in this time"
					: notes_empty_text(w->scan));
	return frame_end(&f, a, err);
}

/* No finer than there are snapshots: a bin without one would be a hole. */
static size_t bins(const struct scan *sc, const struct scan_target *t, const struct frame *f)
{
	uint64_t from = MAX(sc->from_ns, t->first_ns), to = MIN(sc->to_ns, t->last_ns);
	uint64_t aggr = MAX(sc->info.attrs.aggr_ns, (uint64_t)1);
	uint64_t snaps = to > from ? (to - from + aggr / 2) / aggr : 1;

	return (size_t)MIN(MAX(snaps, (uint64_t)1), (uint64_t)(f->width / BIN_PIXELS));
}

int picture_wss(struct report_args *a)
{
	_cleanup_(freep) struct wss_view *v = calloc(1, sizeof(*v));
	struct wss_picture w = {.args = a, .view = v};
	struct frame size;
	struct scan sc;
	int got = frame_size(&size, a);

	if (got)
		return got;
	if (!v)
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	got = scan_record(a, false, &sc);
	w.scan = &sc;
	if (!got)
		got = select_target(a, &sc, &w.target);
	if (got > 0)
		got = wss_load(a, &sc, w.target, bins(&sc, w.target, &size), v);
	if (got >= 0)
		got = draw_all(&w, got);
	wss_release(v);
	scan_release(&sc);
	return MIN(got, 0);
}
