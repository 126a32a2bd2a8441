/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/heatmap.h"
#include "report/html/sheet.h"

#define LAYOUT_COLS  48
#define MAX_COLS     4096
#define LEAST_COLS   64	 /* halving stops there */
#define COL_STEP     16	 /* many columns are a multiple of this, to be halved */
#define MAX_SPAN     1e7 /* of the scale of heat: what is less than the most by that is the least */
#define FIRST_CODE   2
#define LAST_CODE    255
#define NOT_KNOWN    255
#define NO_SNAPSHOT  65535 /* of working sets */
#define LAYOUT_LOOKS 960   /* snapshots that the rows are found by */

int sheet_init(struct sheet *s, struct report_args *a, const struct scan *sc,
	       const struct scan_target *t, size_t lines, size_t cells_per_line)
{
	int got;

	*s = (struct sheet){.target = t};
	got = heatmap_prepare(a, sc, t, LAYOUT_COLS, lines, cells_per_line, &s->grid);
	return MIN(got, 0);
}

void sheet_release(struct sheet *s)
{
	for (int i = 0; i < SHEET_NR_TABLES; i++)
		pack_release(&s->tables[i]);
	pack_release(&s->wss);
	heatgrid_release(&s->grid);
	kept_release(&s->kept);
	free(s->age);
	free(s->columns);
	*s = (struct sheet){0};
}

static bool is_within(const struct sheet *s, const struct scan_cursor *c)
{
	return s->grid.cells && c->si.start_ns < s->grid.end_ns && c->si.end_ns > s->grid.start_ns;
}

void sheet_lay_out(struct sheet *s, const struct scan_cursor *c)
{
	uint64_t every = 1 + s->target->nr_snapshots / LAYOUT_LOOKS;

	if (!is_within(s, c))
		return;
	if (s->nr_snapshots++ % every == 0)
		heatgrid_add(&s->grid, c);
}

/* Columns of a whole number of snapshots, as far as they are all alike. */
static size_t choose_cols(const struct sheet *s, size_t rows, size_t cells)
{
	size_t fit = MAX(cells / rows, (size_t)LEAST_COLS), most = MIN(fit, (size_t)MAX_COLS);
	size_t per_col = (s->nr_snapshots + most - 1) / most;
	size_t cols = s->nr_snapshots / MAX(per_col, (size_t)1);

	if (per_col > 1 && cols > 8 * COL_STEP)
		cols -= cols % COL_STEP;
	return MAX(cols, (size_t)1);
}

int sheet_begin(struct sheet *s, size_t cells)
{
	uint64_t start = s->grid.start_ns, end = s->grid.end_ns;
	double hi_scale = s->grid.hi_scale;
	struct heat_layout lay;
	int err;

	if (!s->grid.cells)
		return 0;
	err = heatgrid_finish(&s->grid);
	if (err)
		return err;
	s->left_out = s->grid.weight_left_out;
	lay = s->grid.lay;
	s->grid.lay = (struct heat_layout){0};
	heatgrid_release(&s->grid);
	if (!lay.nr_rows) {
		heat_layout_release(&lay);
		return 0;
	}
	err = heatgrid_init_rows(&s->grid, &lay, start, end, choose_cols(s, lay.nr_rows, cells));
	if (err) {
		heat_layout_release(&lay);
		return err;
	}
	s->grid.hi_scale = hi_scale;
	s->age = calloc(MAX(s->grid.lay.nr_rows * s->grid.nr_cols, (size_t)1), 1);
	s->columns = calloc(s->grid.nr_cols, sizeof(*s->columns));
	return s->age && s->columns ? 0 : -ENOMEM;
}

static uint8_t age_code(uint32_t aggrs)
{
	return (uint8_t)fmin(1 + lrint(16 * log2(1.0 + aggrs)), LAST_CODE);
}

/* The ages of the regions that hold the middles of the rows. */
static void set_ages(struct sheet *s, const struct scan_cursor *c, size_t col)
{
	struct damon_region_info r = {.size = sizeof(r)};
	const struct heat_layout *lay = &s->grid.lay;
	size_t row = 0;

	for (size_t i = 0; i < c->ti.nr_regions && row < lay->nr_rows; i++) {
		uint8_t code;

		damon_snapshot_region(c->s, c->at, i, &r);
		code = age_code(r.age_aggrs);
		for (; row < lay->nr_rows; row++) {
			uint64_t middle = lay->rows[row].start +
					  (lay->rows[row].end - lay->rows[row].start) / 2;

			if (middle >= r.end)
				break;
			if (middle >= r.start)
				s->age[row * s->grid.nr_cols + col] = code;
		}
	}
}

static void add_wss(struct sheet_column *col, const struct damon_wss *w, double seconds)
{
	col->seconds += (float)seconds;
	for (int i = 0; i < SHEET_WINDOWS; i++) {
		col->wss[i][0] += (float)(w[i].bytes * seconds);
		col->wss[i][1] += (float)(w[i].lo * seconds);
		col->wss[i][2] += (float)(w[i].hi * seconds);
	}
}

void sheet_add(struct sheet *s, const struct scan_cursor *c)
{
	const struct heatgrid *g = &s->grid;
	uint64_t start = MAX(c->si.start_ns, g->start_ns), end = MIN(c->si.end_ns, g->end_ns);
	struct damon_wss w[SHEET_WINDOWS];

	if (!is_within(s, c))
		return;
	heatgrid_add(&s->grid, c);
	for (int i = 0; i < SHEET_WINDOWS; i++)
		damon_snapshot_wss(c->s, c->at, (enum damon_wss_window)i, &w[i]);
	for (size_t col = heatgrid_col_of(g, start); col < g->nr_cols; col++) {
		uint64_t from = heatgrid_col_ns(g, col), to = heatgrid_col_ns(g, col + 1);
		uint64_t middle = from + (to - from) / 2;

		if (from >= end)
			break;
		add_wss(&s->columns[col], w,
			(double)(MIN(end, to) - MAX(start, from)) / NS_PER_SEC);
		if (start <= middle && middle < end)
			set_ages(s, c, col);
	}
}

int sheet_finish(struct sheet *s)
{
	return s->grid.cells ? heatgrid_finish(&s->grid) : 0;
}

/* ---- coarser ---- */

static struct heat_cell mean_of(const struct heat_cell *a, const struct heat_cell *b)
{
	float cover = a->cover + b->cover;

	if (!(cover > 0))
		return (struct heat_cell){0};
	return (struct heat_cell){
		.heat = (a->heat * a->cover + b->heat * b->cover) / cover,
		.lo = (a->lo * a->cover + b->lo * b->cover) / cover,
		.hi = (a->hi * a->cover + b->hi * b->cover) / cover,
		.cover = cover,
	};
}

bool sheet_halve(struct sheet *s)
{
	size_t cols = s->grid.nr_cols / 2, n = s->grid.lay.nr_rows * cols;

	if (!s->grid.cells || s->grid.nr_cols % 2 || cols < LEAST_COLS)
		return false;
	/* in place: what is read lies behind what is written */
	for (size_t i = 0; i < n; i++) {
		s->grid.cells[i] = mean_of(&s->grid.cells[2 * i], &s->grid.cells[2 * i + 1]);
		s->age[i] = s->age[2 * i + 1];
	}
	for (size_t i = 0; i < cols; i++) {
		struct sheet_column *a = &s->columns[2 * i], *b = a + 1;

		for (int k = 0; k < SHEET_WINDOWS; k++)
			for (int v = 0; v < 3; v++)
				a->wss[k][v] += b->wss[k][v];
		a->seconds += b->seconds;
		s->columns[i] = *a;
	}
	s->grid.nr_cols = cols;
	return true;
}

/* ---- codes ---- */

static void find_range(struct sheet *s)
{
	double least = INFINITY, most = 0;

	for (size_t i = 0; i < s->grid.lay.nr_rows * s->grid.nr_cols; i++) {
		const struct heat_cell *c = &s->grid.cells[i];
		double v = c->heat > 0 ? c->heat : c->hi;

		if (!(c->cover > 0))
			continue;
		if (v > 0)
			least = fmin(least, v);
		most = fmax(most, isfinite(c->hi) ? fmax(c->hi, c->heat) : c->heat);
	}
	s->heat_max = most > 0 ? most : 1;
	s->heat_min = fmin(fmax(least, s->heat_max / MAX_SPAN), s->heat_max / 2);
}

static uint8_t heat_code(const struct sheet *s, double v, double (*round_to)(double))
{
	double x = log(v / s->heat_min) / log(s->heat_max / s->heat_min);

	x = FIRST_CODE + round_to(x * (LAST_CODE - FIRST_CODE));
	return (uint8_t)fmin(fmax(x, FIRST_CODE), LAST_CODE);
}

/* Bounds stay on the side that they bound, or are none. */
static uint8_t lo_code(const struct sheet *s, const struct known *k)
{
	if (!(k->v > 0) || k->lo < s->heat_min)
		return 0;
	return (uint8_t)(1 + heat_code(s, k->v, rint) -
			 MIN(heat_code(s, k->lo, floor), heat_code(s, k->v, rint)));
}

static uint8_t hi_code(const struct sheet *s, const struct known *k)
{
	uint8_t hi = heat_code(s, fmax(k->hi, s->heat_min), ceil), heat;

	if (!isfinite(k->hi))
		return NOT_KNOWN;
	if (!(k->v > 0))
		return MIN(hi, NOT_KNOWN - 1);
	heat = heat_code(s, k->v, rint);
	return (uint8_t)(MAX(hi, heat) - heat);
}

static uint8_t cover_code(const struct sheet *s, size_t i)
{
	const struct heat_row *r = &s->grid.lay.rows[i / s->grid.nr_cols];
	size_t col = i % s->grid.nr_cols;
	double ns = (double)(heatgrid_col_ns(&s->grid, col + 1) - heatgrid_col_ns(&s->grid, col));
	double all = (double)(r->end - r->start) * ns / NS_PER_SEC;

	return (uint8_t)fmin(fmax(rint(255 * s->grid.cells[i].cover / all), 1), 255);
}

static uint8_t code_of(const struct sheet *s, enum sheet_table table, size_t i)
{
	const struct heat_cell *c = &s->grid.cells[i];
	struct known k = heatgrid_known(c);

	if (!(c->cover > 0))
		return 0;
	switch (table) {
	case SHEET_HEAT:
		return k.v > 0 ? heat_code(s, k.v, rint) : 1;
	case SHEET_LO:
		return lo_code(s, &k);
	case SHEET_HI:
		return hi_code(s, &k);
	case SHEET_AGE:
		return s->age[i];
	default:
		return cover_code(s, i);
	}
}

static uint16_t bytes_code(double bytes)
{
	if (!(bytes >= 1))
		return 0;
	return (uint16_t)fmin(1 + rint(65534 * log2(bytes) / 48), NO_SNAPSHOT - 1);
}

static int pack_wss(struct sheet *s)
{
	size_t n = s->grid.nr_cols, rows = SHEET_WINDOWS * 3;
	_cleanup_(freep) uint8_t *bytes = calloc(n * rows, 2);

	if (!bytes)
		return -ENOMEM;
	for (size_t row = 0; row < rows; row++) {
		for (size_t i = 0; i < n; i++) {
			const struct sheet_column *c = &s->columns[i];
			double v = c->wss[row / 3][row % 3] / c->seconds;
			uint16_t code = c->seconds > 0 ? bytes_code(v) : NO_SNAPSHOT;

			bytes[row * n + i] = (uint8_t)code;
			bytes[(rows + row) * n + i] = (uint8_t)(code >> 8);
		}
	}
	return pack_bytes(&s->wss, bytes, 2 * rows * n);
}

int sheet_pack(struct sheet *s)
{
	size_t rows = s->grid.lay.nr_rows, cols = s->grid.nr_cols;
	_cleanup_(freep) uint8_t *codes = malloc(MAX(rows * cols, (size_t)1));
	int err = 0;

	if (!s->grid.cells)
		return 0;
	if (!codes)
		return -ENOMEM;
	find_range(s);
	for (int table = 0; table < SHEET_NR_TABLES && !err; table++) {
		for (size_t i = 0; i < rows * cols; i++)
			codes[i] = code_of(s, (enum sheet_table)table, i);
		err = pack_bytes(&s->tables[table], codes, rows * cols);
	}
	return err ? err : pack_wss(s);
}

size_t sheet_packed_bytes(const struct sheet *s)
{
	size_t n = s->wss.len;

	for (int i = 0; i < SHEET_NR_TABLES; i++)
		n += s->tables[i].len;
	return n;
}
