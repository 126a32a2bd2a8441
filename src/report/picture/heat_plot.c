/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "report/color.h"
#include "report/picture/heat_plot.h"

#define GAP	     18 /* between bands */
#define MIN_BAND     20 /* a line of text */
#define LABEL_STEP   18 /* between lines of text */
#define NAMES_INDENT 27 /* from the plot */
#define MAX_NAME     190
#define TICK_ROOM    44 /* between ticks of addresses */
#define HATCH	     6	/* between lines over what is unsure */
#define STEPS	     64 /* of colour: finer ones nobody sees, and they are larger to store */
#define SVG_ZOOM     2	/* pixels of the image for each of the picture: it is looked at enlarged */

/* ---- bands ---- */

/* A band has its part by rows, but at least a line of text. */
int heat_plot_init(struct heat_plot *p, const struct heatgrid *g, const struct frame *f,
		   double height)
{
	size_t n = g->lay.nr_bands;
	double least = MIN_BAND * f->scale, spare, rows = 0, y = 0;

	*p = (struct heat_plot){.grid = g, .gap = rint(GAP * f->scale)};
	p->tops = calloc(n + 1, sizeof(*p->tops));
	if (!p->tops)
		return -ENOMEM;
	spare = height - (double)(n - 1) * p->gap - (double)n * least;
	if (spare < 0) { /* a small picture of many bands */
		p->gap = rint(fmax(4 * f->scale, p->gap + spare / (double)n));
		least = 0;
		spare = height - (double)(n - 1) * p->gap;
	}
	for (size_t b = 0; b < n; b++)
		rows += (double)g->lay.bands[b].nr_rows;
	for (size_t b = 0; b < n; b++) {
		p->tops[b] = rint(y);
		y += least + spare * (double)g->lay.bands[b].nr_rows / rows + p->gap;
	}
	p->tops[n] = rint(y);
	return 0;
}

void heat_plot_release(struct heat_plot *p)
{
	free(p->tops);
	*p = (struct heat_plot){0};
}

static double band_bottom(const struct heat_plot *p, size_t b)
{
	return p->tops[b + 1] - p->gap;
}

static double y_of(const struct heat_plot *p, size_t b, double off)
{
	const struct heat_band *band = &p->grid->lay.bands[b];
	double part = off / (double)(band->end - band->start);

	return p->tops[b] + part * (band_bottom(p, b) - p->tops[b]);
}

/* ---- cells ---- */

double heat_plot_level(const struct heat_plot *p, double heat)
{
	if (p->scale == REPORT_LINEAR)
		return fmin(heat / p->grid->scale_hi, 1);
	return heatgrid_scale(p->grid, heat);
}

struct image {
	struct cells cells;
	uint32_t ramp[COLOR_LEVELS], ramp_unsure[COLOR_LEVELS], unmapped, unused;
	unsigned hatch;
	uint8_t *draw; /* of each cell: nothing, unused, heat, heat that is unsure */
	uint8_t *level;
};

enum { DRAW_NOTHING, DRAW_UNUSED, DRAW_HEAT, DRAW_UNSURE };

static uint32_t mix(uint32_t a, uint32_t b, unsigned percent)
{
	uint32_t mixed = 0;

	for (int shift = 0; shift < 24; shift += 8) {
		unsigned x = a >> shift & 255, y = b >> shift & 255;

		mixed |= ((x * (100 - percent) + y * percent) / 100) << shift;
	}
	return mixed;
}

/* Lines over what is unsure take the lightness of the other end. */
static void make_ramps(struct image *im, const struct theme *theme)
{
	for (int i = 0; i < COLOR_LEVELS; i++) {
		im->ramp[i] = color_of(i);
		im->ramp_unsure[i] = mix(im->ramp[i], i < COLOR_LEVELS / 2 ? 0xffffff : 0, 30);
	}
	im->unmapped = theme->unmapped;
	im->unused = theme->unused;
}

static void classify(const struct heat_plot *p, struct image *im)
{
	const struct heatgrid *g = p->grid;

	for (size_t i = 0; i < g->lay.nr_rows * g->nr_cols; i++) {
		const struct heat_cell *c = &g->cells[i];
		double level = c->heat > 0 ? heat_plot_level(p, c->heat) : 0;

		im->level[i] =
			(uint8_t)(rint(level * (STEPS - 1)) * (COLOR_LEVELS - 1) / (STEPS - 1));
		im->draw[i] = !(c->cover > 0)	     ? DRAW_NOTHING
			      : !(c->heat > 0)	     ? DRAW_UNUSED
			      : heatmap_is_unsure(c) ? DRAW_UNSURE
						     : DRAW_HEAT;
	}
}

/* Rows [from, to) of a column in one pixel: the hottest is drawn, so that nothing that is hot is
 * too thin to be seen. */
static size_t hottest(const struct heat_plot *p, const struct image *im, size_t from, size_t to,
		      size_t col)
{
	size_t cols = p->grid->nr_cols, best = from * cols + col;

	for (size_t i = best + cols; i < to * cols; i += cols)
		if (im->draw[i] > im->draw[best] ||
		    (im->draw[i] == im->draw[best] && im->level[i] > im->level[best]))
			best = i;
	return best;
}

static uint32_t pixel(const struct image *im, size_t cell, unsigned x, unsigned y)
{
	uint8_t level = im->level[cell];

	switch (im->draw[cell]) {
	case DRAW_NOTHING:
		return im->unmapped;
	case DRAW_UNUSED:
		return im->unused;
	case DRAW_UNSURE:
		if ((x + y) % im->hatch < im->hatch / HATCH)
			return im->ramp_unsure[level];
		break;
	}
	return im->ramp[level];
}

/* The row of a band that holds its address 'off', or its last. */
static size_t row_at(const struct heat_band *b, double off)
{
	return b->first_row + MIN((size_t)(off / (double)b->row_bytes), b->nr_rows - 1);
}

/* One line of pixels, 'y' of 'height' of its band. */
static void draw_pixels(const struct heat_plot *p, struct image *im, size_t band, unsigned y,
			unsigned height, uint32_t *out, unsigned hatch_y)
{
	const struct heat_band *b = &p->grid->lay.bands[band];
	double bytes = (double)(b->end - b->start);
	size_t row = row_at(b, bytes * y / height);
	size_t end = MAX(row_at(b, bytes * (y + 1) / height), row + 1);
	unsigned cols = im->cells.cols;

	for (unsigned x = 0; x < cols; x++) {
		size_t col = (size_t)((uint64_t)x * p->grid->nr_cols / cols);

		out[x] = pixel(im, hottest(p, im, row, end, col), x, hatch_y);
	}
}

static int draw_band(const struct heat_plot *p, struct frame *f, struct image *im, size_t b,
		     unsigned zoom)
{
	double top = f->from.y + p->tops[b], bottom = f->from.y + band_bottom(p, b);
	unsigned rows = (unsigned)(bottom - top) * zoom;

	im->cells.cols = (unsigned)(f->to.x - f->from.x) * zoom;
	im->cells.rows = rows;
	im->cells.colors = calloc((size_t)im->cells.cols * rows + 1, sizeof(uint32_t));
	if (!im->cells.colors)
		return -ENOMEM;
	for (unsigned y = 0; y < rows; y++)
		draw_pixels(p, im, b, y, rows, &im->cells.colors[(size_t)y * im->cells.cols],
			    (unsigned)p->tops[b] * zoom + y);
	if (rows)
		canvas_cells(f->canvas, (struct point){f->from.x, top},
			     (struct point){f->to.x, bottom}, &im->cells);
	free(steal(&im->cells.colors));
	return 0;
}

int heat_plot_cells(const struct heat_plot *p, struct frame *f)
{
	size_t n = p->grid->lay.nr_rows * p->grid->nr_cols;
	_cleanup_(freep) uint8_t *draw = calloc(n + 1, 1), *level = calloc(n + 1, 1);
	unsigned zoom = f->is_svg ? SVG_ZOOM : 1;
	struct image im = {.draw = draw, .level = level};
	int err = draw && level ? 0 : -ENOMEM;

	if (err)
		return err;
	im.hatch = MAX((unsigned)(HATCH * f->scale * zoom), (unsigned)HATCH);
	make_ramps(&im, f->theme);
	classify(p, &im);
	for (size_t b = 0; b < p->grid->lay.nr_bands && !err; b++)
		err = draw_band(p, f, &im, b, zoom);
	return err;
}

/* ---- addresses ---- */

double heat_plot_address_width(const struct heatgrid *g, struct frame *f)
{
	char text[32];
	double most = 0;

	for (size_t b = 0; b < g->lay.nr_bands; b++) {
		snprintf(text, sizeof(text), "%" PRIx64, g->lay.bands[b].start);
		most = fmax(most, canvas_text_width(f->canvas, &f->axis, text));
	}
	most = fmax(most, canvas_text_width(f->canvas, &f->small, "+1023.75 MiB"));
	return most + 12 * f->scale;
}

/* Where a band begins, and steps from there where there is room. */
static void draw_addresses(const struct heat_plot *p, struct frame *f, size_t b)
{
	const struct heat_band *band = &p->grid->lay.bands[b];
	struct stroke s = {.width = f->scale, .color = f->theme->dim};
	struct letters base = f->axis, step = f->small;
	double top = f->from.y + p->tops[b], height = band_bottom(p, b) - p->tops[b];
	double x = f->from.x - 10 * f->scale;
	struct axis_tick ticks[AXIS_MAX_TICKS];
	char text[DAMON_UNITS_MAX + 1];
	size_t n = axis_bytes(ticks, 0, band->end - band->start,
			      (size_t)(height / (TICK_ROOM * f->scale)));

	base.anchor = step.anchor = ANCHOR_RIGHT;
	snprintf(text, sizeof(text), "%" PRIx64, band->start);
	canvas_text(f->canvas, (struct point){x, top + .8 * base.size}, &base, text);
	for (size_t i = 0; i < n; i++) {
		double y = f->from.y + y_of(p, b, ticks[i].at);
		struct point line[] = {{f->from.x - 6 * f->scale, y}, {f->from.x, y}};

		canvas_line(f->canvas, line, 2, &s);
		if (!i || y + .4 * step.size > top + height + 2 ||
		    y - top < LABEL_STEP * f->scale + .4 * step.size)
			continue; /* the first is the address */
		snprintf(text, sizeof(text), "+%s", ticks[i].text);
		canvas_text(f->canvas, (struct point){x, y + .36 * step.size}, &step, text);
	}
}

/* A break of the axis: two slanted strokes, and how much is not there. */
static void draw_gap(const struct heat_plot *p, struct frame *f, size_t b)
{
	const struct heat_band *band = &p->grid->lay.bands[b];
	struct stroke s = {.width = 1.5 * f->scale, .color = f->theme->dim};
	struct letters l = f->small;
	double y = f->from.y + p->tops[b] - p->gap / 2, x = f->from.x, k = f->scale;
	char bytes[DAMON_UNITS_MAX], text[64];

	for (int i = -1; i <= 1; i += 2) {
		struct point line[] = {{x - 6 * k, y + (2 + 2.5 * i) * k},
				       {x + 6 * k, y + (-2 + 2.5 * i) * k}};

		canvas_line(f->canvas, line, 2, &s);
	}
	l.size = fmin(12 * k, .8 * p->gap);
	damon_print_bytes(bytes, (double)(band->start - band[-1].end));
	snprintf(text, sizeof(text), "%s left out", bytes);
	canvas_text(f->canvas, (struct point){x + 14 * k, y + .36 * l.size}, &l, text);
}

void heat_plot_addresses(const struct heat_plot *p, struct frame *f)
{
	struct letters l = f->small;

	l.anchor = ANCHOR_RIGHT;
	canvas_text(f->canvas, (struct point){f->from.x - 10 * f->scale, f->from.y - 7 * f->scale},
		    &l, "address");
	for (size_t b = 0; b < p->grid->lay.nr_bands; b++) {
		draw_addresses(p, f, b);
		if (b)
			draw_gap(p, f, b);
	}
}

/* ---- names ---- */

/* The rows from 'row' on, within a band, that have one name: where the next begins. */
static size_t run_of(const struct heatmap_name *names, const struct heat_band *b, size_t row)
{
	size_t end = row + 1;

	while (end < b->first_row + b->nr_rows &&
	       (!*names[end].best || !strcmp(names[end].best, names[row].best)))
		end++;
	return end;
}

/* What a run of rows weighs: accesses; and a little for being large. */
static double weigh(const struct heatgrid *g, size_t row, size_t end)
{
	double weight = 0;

	for (size_t i = row * g->nr_cols; i < end * g->nr_cols; i++)
		weight += (g->cells[i].heat + 1e-3) * g->cells[i].cover;
	return weight;
}

struct run {
	const char *name;
	double top, bottom; /* of the page */
};

/* Runs of one name, from top to bottom. 'runs' and 'labels' have room for one for each row. */
static size_t find_runs(const struct heat_plot *p, const struct frame *f, struct run *runs,
			struct axis_label *labels)
{
	const struct heat_layout *lay = &p->grid->lay;
	size_t n = 0, end;

	for (size_t b = 0; b < lay->nr_bands; b++) {
		const struct heat_band *band = &lay->bands[b];
		double bytes = (double)(band->end - band->start);

		for (size_t row = band->first_row; row < band->first_row + band->nr_rows;
		     row = end) {
			double from = (double)(row - band->first_row) * (double)band->row_bytes;
			struct run *r = &runs[n];

			end = run_of(p->names, band, row);
			if (!*p->names[row].best)
				continue;
			r->name = p->names[row].best;
			r->top = f->from.y + y_of(p, b, from);
			from = (double)(end - band->first_row) * (double)band->row_bytes;
			r->bottom = f->from.y + y_of(p, b, fmin(from, bytes));
			labels[n] = (struct axis_label){(r->top + r->bottom) / 2,
							weigh(p->grid, row, end), n};
			n++;
		}
	}
	return n;
}

/* A bracket along the rows, and a line to the name. */
static void draw_name(const struct frame *f, const struct run *r, double y)
{
	struct stroke s = {.width = f->scale, .color = f->theme->dim};
	double x = f->to.x + 5 * f->scale, k = f->scale, inset = fmin(k, (r->bottom - r->top) / 4);
	double middle = (r->top + r->bottom) / 2;
	struct point bracket[] = {{x, r->top + inset}, {x, r->bottom - inset}};
	struct point lead[] = {{x, middle}, {x + 4 * k, middle}, {x + 14 * k, y}, {x + 18 * k, y}};
	double room = f->width - f->margin / 2 - (x + (NAMES_INDENT - 5) * k);
	char name[NAME_MAX_LEN];

	canvas_line(f->canvas, bracket, 2, &s);
	canvas_line(f->canvas, lead, 4, &s);
	strcpy(name, r->name);
	for (size_t n = NAME_MAX_LEN; n && canvas_text_width(f->canvas, &f->axis, name) > room; n--)
		name_fit(name, n - 1);
	canvas_text(f->canvas, (struct point){x + (NAMES_INDENT - 5) * k, y + .36 * f->axis.size},
		    &f->axis, name);
}

/* Above the names; where there is no room for all of them, how many there are. */
static void draw_names_title(const struct heat_plot *p, struct frame *f, size_t named, size_t all)
{
	struct point at = {f->to.x + NAMES_INDENT * f->scale, f->from.y - 7 * f->scale};
	char text[64], fits[CANVAS_TEXT_MAX];

	snprintf(text, sizeof(text), named < all ? "%zu of %zu mappings" : "mapping", named, all);
	canvas_fit(f->canvas, &f->small, fits, sizeof(fits), text, f->width - f->margin / 2 - at.x);
	canvas_text(f->canvas, at, &f->small, fits);
}

void heat_plot_names(const struct heat_plot *p, struct frame *f)
{
	size_t rows = p->grid->lay.nr_rows, all, n;
	_cleanup_(freep) struct run *runs = calloc(rows + 1, sizeof(*runs));
	_cleanup_(freep) struct axis_label *labels = calloc(rows + 1, sizeof(*labels));
	double half = LABEL_STEP * f->scale / 2;

	if (!p->names || !runs || !labels)
		return;
	all = find_runs(p, f, runs, labels);
	n = axis_spread(labels, all, 2 * half, f->from.y, f->to.y + half);
	for (size_t i = 0; i < n; i++)
		draw_name(f, &runs[labels[i].id], labels[i].at);
	if (all)
		draw_names_title(p, f, n, all);
}

double heat_plot_names_width(const struct heatgrid *g, const struct heatmap_name *names,
			     struct frame *f)
{
	double most = canvas_text_width(f->canvas, &f->small, "99 of 999 mappings");

	for (size_t i = 0; names && i < g->lay.nr_rows; i++)
		if (!i || strcmp(names[i].best, names[i - 1].best))
			most = fmax(most, canvas_text_width(f->canvas, &f->axis, names[i].best));
	return (fmin(most / f->scale, MAX_NAME) + NAMES_INDENT + 6) * f->scale;
}
