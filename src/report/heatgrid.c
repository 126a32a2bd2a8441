/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/heatgrid.h"
#include "report/print.h"

#define MAX_FINENESS	 16 /* fine rows per row that is shown, if there is memory for it */
#define MAX_FINE_BANDS	 256
#define LINES_PER_BAND	 2 /* at least, on average */
#define MIN_BANDS	 8
#define MAX_COLD	 0.005	   /* of the accesses, in long cold runs */
#define MAX_UNSETTLED	 0.05	   /* likewise, with the first moments of mappings */
#define MAX_LOST	 0.005	   /* in ranges left out to have fewer bands */
#define ROUNDING	 1e-4	   /* of sums of floats */
#define ENOUGH		 (1 << 17) /* cells that percentiles are taken of */
#define GAP_AGGRS	 2	   /* a longer one between snapshots is told */
#define SCALE_LOW	 0.01	   /* percentiles of the scale */
#define SCALE_HIGH	 0.99
#define SCALE_MIN_FACTOR 10.0 /* between its ends: noise is not to look like a pattern */

static struct heat_cell *new_cells(const struct heatgrid *g, const struct heat_layout *l)
{
	return calloc(MAX(l->nr_rows * g->nr_cols, (size_t)1), sizeof(struct heat_cell));
}

int heatgrid_init(struct heatgrid *g, struct extents *ext, uint64_t start_ns, uint64_t end_ns,
		  size_t cols, size_t lines, size_t cells_per_line)
{
	size_t fine = MAX_FINENESS, rows;
	int err;

	*g = (struct heatgrid){.start_ns = start_ns,
			       .end_ns = end_ns,
			       .nr_cols = MAX(cols, (size_t)1),
			       .lines = MAX(lines, (size_t)1),
			       .cells_per_line = cells_per_line};
	rows = g->lines * cells_per_line;
	if (rows > HEATGRID_MAX_CELLS || g->nr_cols > HEATGRID_MAX_CELLS / rows)
		return -E2BIG;
	while (fine > 1 && rows * fine * g->nr_cols > HEATGRID_MAX_CELLS)
		fine /= 2;
	g->nr_cols = (size_t)MIN((uint64_t)g->nr_cols, end_ns - start_ns);
	err = heat_layout_init(&g->lay, ext, rows * fine, 1, MAX_FINE_BANDS, 0);
	if (!err) {
		g->cells = new_cells(g, &g->lay);
		g->sums = calloc(MAX(g->lay.nr_rows, (size_t)1), sizeof(*g->sums));
		err = g->cells && g->sums ? 0 : -ENOMEM;
	}
	if (err)
		heatgrid_release(g);
	return err;
}

int heatgrid_init_rows(struct heatgrid *g, struct heat_layout *lay, uint64_t start_ns,
		       uint64_t end_ns, size_t cols)
{
	*g = (struct heatgrid){.start_ns = start_ns,
			       .end_ns = end_ns,
			       .nr_cols = MAX(cols, (size_t)1),
			       .rows_given = true,
			       .lay = *lay};
	*lay = (struct heat_layout){0};
	g->cells = new_cells(g, &g->lay);
	g->sums = calloc(MAX(g->lay.nr_rows, (size_t)1), sizeof(*g->sums));
	if (g->cells && g->sums)
		return 0;
	heatgrid_release(g);
	return -ENOMEM;
}

void heatgrid_release(struct heatgrid *g)
{
	heat_layout_release(&g->lay);
	free(g->cells);
	free(g->sums);
	*g = (struct heatgrid){0};
}

uint64_t heatgrid_col_ns(const struct heatgrid *g, size_t col)
{
	unsigned __int128 span = g->end_ns - g->start_ns;

	return g->start_ns + (uint64_t)(span * col / g->nr_cols);
}

/* The column that holds a time within the grid: the inverse of heatgrid_col_ns(). */
size_t heatgrid_col_of(const struct heatgrid *g, uint64_t ns)
{
	uint64_t span = g->end_ns - g->start_ns, off = ns - g->start_ns;
	size_t col = (size_t)((unsigned __int128)off * g->nr_cols / span);

	while (col + 1 < g->nr_cols && heatgrid_col_ns(g, col + 1) <= ns)
		col++;
	return col;
}

/* A region's part in the sum of a row: 'cover' of its bytes and seconds. */
static void add_part(const struct heatgrid *g, struct damon_sum *sum,
		     const struct damon_region_info *r, double cover)
{
	double hi = r->heat_hi / (g->hi_scale > 0 ? g->hi_scale : 1);

	damon_sum_add(sum, r->heat * cover, r->nr_ticks, hi * cover);
}

/* A sum and its bounds, for a cell. */
static struct heat_cell take_sum(struct damon_sum *sum)
{
	double lo, hi, value = sum->value;

	damon_sum_bounds(sum, &lo, &hi);
	*sum = (struct damon_sum){0};
	return (struct heat_cell){(float)value, (float)lo, (float)hi, 0};
}

static void add_cell(struct heat_cell *cell, const struct heat_cell *part)
{
	cell->heat += part->heat;
	cell->lo += part->lo;
	cell->hi += part->hi;
}

/* Adds the sums of rows [from, to) to a column. */
static void take_sums(struct heatgrid *g, size_t col, size_t from, size_t to)
{
	for (size_t row = from; row < to; row++) {
		struct heat_cell part;

		if (!(g->sums[row].value > 0) && !(g->sums[row].most > 0))
			continue; /* taken already, or nothing */
		part = take_sum(&g->sums[row]);
		add_cell(&g->cells[row * g->nr_cols + col], &part);
	}
}

/* What a row gets that lies within one region: the same for all rows of a size. */
struct inner {
	double cover;
	struct heat_cell part;
};

static void add_inner(struct heatgrid *g, size_t at, struct inner *in,
		      const struct damon_region_info *r, double cover)
{
	struct damon_sum sum = {0};

	if (in->cover != cover) {
		add_part(g, &sum, r, cover);
		in->part = take_sum(&sum);
		in->cover = cover;
	}
	add_cell(&g->cells[at], &in->part);
}

/* The rows that a region touches, from 'row' on. Returns how many bytes of it they show. */
static uint64_t fill_rows(struct heatgrid *g, const struct damon_region_info *r, size_t row,
			  size_t col, float seconds, size_t *end)
{
	struct inner in = {0};
	uint64_t shown = 0;

	for (size_t k = row; k < g->lay.nr_rows && g->lay.rows[k].start < r->end; k++) {
		uint64_t from = MAX(g->lay.rows[k].start, r->start);
		uint64_t to = MIN(g->lay.rows[k].end, r->end);
		double cover = (double)(to - from) * seconds;

		if (from == g->lay.rows[k].start && to == g->lay.rows[k].end)
			add_inner(g, k * g->nr_cols + col, &in, r, cover);
		else
			add_part(g, &g->sums[k], r, cover);
		g->cells[k * g->nr_cols + col].cover += (float)cover;
		shown += to - from;
		*end = k + 1;
	}
	return shown;
}

/* One column, 'seconds' of it. Both regions and rows are sorted by address: rows are done with when
 * a region lies behind them. */
static void fill_column(struct heatgrid *g, const struct scan_cursor *c, size_t col, float seconds)
{
	struct damon_region_info r = {.size = sizeof(r)};
	size_t row = 0, done = 0, end = 0;

	for (size_t i = 0; i < c->ti.nr_regions; i++) {
		uint64_t shown;

		damon_snapshot_region(c->s, c->at, i, &r);
		while (row < g->lay.nr_rows && g->lay.rows[row].end <= r.start)
			row++;
		take_sums(g, col, done, MIN(row, end));
		done = row;
		shown = fill_rows(g, &r, row, col, seconds, &end);
		g->outside += r.heat * (double)(r.end - r.start - shown) * seconds;
	}
	take_sums(g, col, done, end);
}

/* From the last snapshot to what comes behind it. */
static void count_gap(struct heatgrid *g, uint64_t to_ns)
{
	uint64_t from_ns = MAX(g->seen_to_ns, g->start_ns);

	if (to_ns > from_ns && to_ns - from_ns > GAP_AGGRS * g->aggr_ns)
		g->unseen_ns += to_ns - from_ns;
}

void heatgrid_add(struct heatgrid *g, const struct scan_cursor *c)
{
	uint64_t start = MAX(c->si.start_ns, g->start_ns), end = MIN(c->si.end_ns, g->end_ns);

	if (start >= end)
		return;
	g->aggr_ns = c->si.aggr_ns;
	count_gap(g, start);
	g->seen_to_ns = end;
	for (size_t col = heatgrid_col_of(g, start); col < g->nr_cols; col++) {
		uint64_t from = MAX(start, heatgrid_col_ns(g, col));
		uint64_t to = MIN(end, heatgrid_col_ns(g, col + 1));

		if (from >= end)
			break;
		if (from < to)
			fill_column(g, c, col, (float)((double)(to - from) / NS_PER_SEC));
	}
}

/* ---- from fine rows to those that are shown ---- */

/* A fine row, for deciding what is left out. */
struct fine {
	double weight;	/* accesses in it, over all columns */
	double settled; /* those after its first moments */
	double density; /* what rows are sorted by */
	uint64_t bytes;
	size_t row;
	long kind; /* ROW_KEPT, ROW_COLD, or the column in which it was mapped: cold since then */
};

#define ROW_KEPT (-2)
#define ROW_COLD (-1)

static int thinner(const void *a, const void *b)
{
	const struct fine *x = a, *y = b;

	if (x->density != y->density)
		return x->density < y->density ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

static int by_row(const void *a, const void *b)
{
	const struct fine *x = a, *y = b;

	return (x->row > y->row) - (x->row < y->row);
}

/* Marks the thinnest rows, as long as they carry next to nothing together. */
static void mark_cold(struct fine *f, size_t n, double all)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		f[i].density = f[i].weight / (double)f[i].bytes;
	qsort(f, n, sizeof(*f), thinner);
	for (size_t i = 0; i < n; i++) {
		sum += f[i].weight;
		if (f[i].weight == 0 || sum <= MAX_COLD * all)
			f[i].kind = ROW_COLD;
	}
	qsort(f, n, sizeof(*f), by_row);
}

/*
 * A new mapping is one region until enough was seen to split it: what it says in its first moments
 * is spread over all of it, and must not keep a large reservation of which little is used. Rows
 * that were mapped together and are cold since then are marked by that column; those of a heap that
 * grows were not mapped together.
 */
static void mark_unsettled(const struct heatgrid *g, struct fine *f, size_t n, double all)
{
	double sum = 0, settled = 0;

	for (size_t i = 0; i < n; i++)
		f[i].density = f[i].settled / (double)f[i].bytes;
	qsort(f, n, sizeof(*f), thinner);
	for (size_t i = 0; i < n; i++) {
		const struct heat_cell *cells = &g->cells[f[i].row * g->nr_cols];
		long first = 0;

		sum += f[i].weight;
		settled += f[i].settled;
		if (f[i].kind == ROW_COLD || settled > MAX_COLD * all || sum > MAX_UNSETTLED * all)
			continue;
		while ((size_t)first + 1 < g->nr_cols && !(cells[first].cover > 0))
			first++;
		f[i].kind = first;
	}
	qsort(f, n, sizeof(*f), by_row);
}

/* What was mapped before the picture begins is settled. */
static void weigh_row(const struct heatgrid *g, struct fine *f)
{
	const struct heat_cell *cells = &g->cells[f->row * g->nr_cols];
	uint64_t settles_ns = UINT64_MAX;

	for (size_t c = 0; c < g->nr_cols; c++) {
		uint64_t ns = heatgrid_col_ns(g, c);

		if (cells[c].cover > 0 && settles_ns == UINT64_MAX)
			settles_ns = c || g->from_birth ? ns + g->settle_ns : 0;
		f->weight += cells[c].heat;
		f->settled += ns >= settles_ns ? cells[c].heat : 0;
	}
	if (settles_ns > g->end_ns - (g->end_ns - g->start_ns) / 2)
		f->settled = f->weight; /* too little is left to tell it by */
}

static struct fine *weigh_rows(const struct heatgrid *g, double *all)
{
	struct fine *f = calloc(g->lay.nr_rows + 1, sizeof(*f));

	*all = 0;
	for (size_t i = 0; f && i < g->lay.nr_rows; i++) {
		f[i].row = i;
		f[i].kind = ROW_KEPT;
		f[i].bytes = g->lay.rows[i].end - g->lay.rows[i].start;
		weigh_row(g, &f[i]);
		*all += f[i].weight;
	}
	return f;
}

/* Takes a row into a run of '*kind'; rows that are cold all the time go with any cold run. */
static bool joins(long *kind, long row_kind)
{
	bool both_cold = *kind != ROW_KEPT && row_kind != ROW_KEPT;

	if (*kind != row_kind && !(both_cold && (*kind == ROW_COLD || row_kind == ROW_COLD)))
		return false;
	*kind = MAX(*kind, row_kind);
	return true;
}

/* The run of rows from 'i' on that are of one kind and lie without gaps. Returns its end. */
static size_t run_end(const struct heatgrid *g, const struct fine *f, size_t i, uint64_t *bytes)
{
	long kind = f[i].kind;
	size_t k = i;

	*bytes = 0;
	do
		*bytes += f[k++].bytes;
	while (k < g->lay.nr_rows && g->lay.rows[k].start == g->lay.rows[k - 1].end &&
	       joins(&kind, f[k].kind));
	return k;
}

/* What is to be shown: all rows but those of cold runs that would fill more than two lines. */
static int choose_extents(const struct heatgrid *g, const struct fine *f, struct extents *ext)
{
	uint64_t bytes, total = 0;
	size_t cap = 0, end;

	for (size_t i = 0; i < g->lay.nr_rows; i++)
		total += f[i].bytes;
	for (size_t i = 0; i < g->lay.nr_rows; i = end) {
		struct extent x = {.start = g->lay.rows[i].start};
		int err;

		end = run_end(g, f, i, &bytes);
		x.end = g->lay.rows[end - 1].end;
		for (size_t k = i; k < end; k++)
			x.weight += f[k].weight;
		if (f[i].kind != ROW_KEPT && bytes > 2 * (total / g->lines))
			continue;
		err = vec_reserve(&ext->x, &cap, ext->n + 1, sizeof(x));
		if (err)
			return err;
		ext->x[ext->n++] = x;
	}
	return 0;
}

static void gather(const struct heatgrid *g, const struct heat_layout *to, struct heat_cell *cells)
{
	size_t row = 0;

	for (size_t i = 0; i < g->lay.nr_rows; i++) {
		const struct heat_row *from = &g->lay.rows[i];

		while (row < to->nr_rows && to->rows[row].end <= from->start)
			row++;
		for (size_t k = row; k < to->nr_rows && to->rows[k].start < from->end; k++) {
			uint64_t start = MAX(from->start, to->rows[k].start);
			uint64_t end = MIN(from->end, to->rows[k].end);
			float part = (float)(end - start) / (float)(from->end - from->start);

			for (size_t c = 0; c < g->nr_cols; c++) {
				const struct heat_cell *src = &g->cells[i * g->nr_cols + c];
				struct heat_cell *dst = &cells[k * g->nr_cols + c];

				dst->heat += src->heat * part;
				dst->lo += src->lo * part;
				dst->hi += src->hi * part;
				dst->cover += src->cover * part;
			}
		}
	}
}

static double sum_heat(const struct heatgrid *g)
{
	double sum = 0;

	for (size_t i = 0; i < g->lay.nr_rows * g->nr_cols; i++)
		sum += g->cells[i].heat;
	return sum;
}

static int coarsen(struct heatgrid *g)
{
	struct extents ext = {0};
	struct heat_layout to = {0};
	struct heat_cell *cells = NULL;
	double all;
	size_t max_bands = MAX(g->lines / LINES_PER_BAND, (size_t)MIN_BANDS);
	_cleanup_(freep) struct fine *f = weigh_rows(g, &all);
	int err = f ? 0 : -ENOMEM;

	if (!err) {
		mark_cold(f, g->lay.nr_rows, g->keep_all ? 0 : all);
		if (g->settle_ns && !g->keep_all)
			mark_unsettled(g, f, g->lay.nr_rows, all);
		err = choose_extents(g, f, &ext);
	}
	if (!err)
		err = heat_layout_init(&to, &ext, g->lines, g->cells_per_line, max_bands, MAX_LOST);
	if (!err)
		cells = new_cells(g, &to);
	extents_release(&ext);
	if (!cells) {
		heat_layout_release(&to);
		return -ENOMEM;
	}
	gather(g, &to, cells);
	free(g->cells);
	heat_layout_release(&g->lay);
	g->lay = to;
	g->cells = cells;
	if (!g->keep_all)
		all += g->outside;
	if (all > 0)
		g->weight_left_out = fmax(1 - sum_heat(g) / all, 0);
	if (g->weight_left_out < ROUNDING)
		g->weight_left_out = 0;
	return 0;
}

/* ---- scale ---- */

static int compare_floats(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void find_scale(struct heatgrid *g)
{
	size_t n = 0, all = g->lay.nr_rows * g->nr_cols;
	_cleanup_(freep) float *heat = calloc(all, sizeof(*heat));

	g->scale_lo = g->scale_hi = 1;
	if (!heat)
		return;
	for (size_t i = 0; i < all; i += 1 + all / ENOUGH)
		if (g->cells[i].heat > 0)
			heat[n++] = g->cells[i].heat;
	if (!n)
		return;
	qsort(heat, n, sizeof(*heat), compare_floats);
	g->scale_lo = heat[(size_t)(SCALE_LOW * (double)(n - 1))];
	g->scale_hi = heat[(size_t)ceil(SCALE_HIGH * (double)(n - 1))];
	g->scale_lo = fmin(g->scale_lo, g->scale_hi / SCALE_MIN_FACTOR);
}

struct known heatgrid_known(const struct heat_cell *c)
{
	return (struct known){c->heat, MIN(c->lo, c->heat), MAX(c->hi, c->heat)};
}

static double median(float *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare_floats);
	return n ? v[n / 2] : 0;
}

/* How sure cells are, in the middle of them. */
static void find_typical(struct heatgrid *g)
{
	size_t nr_hot = 0, nr_unseen = 0, all = g->lay.nr_rows * g->nr_cols;
	_cleanup_(freep) float *v = calloc(all + 1, sizeof(*v));

	for (size_t i = 0; v && i < all; i += 1 + all / ENOUGH) {
		struct known k = heatgrid_known(&g->cells[i]);

		if (k.v > 0)
			v[nr_hot++] = (float)known_factor(&k);
		else if (g->cells[i].cover > 0)
			v[all - nr_unseen++] = (float)k.hi;
	}
	if (v) {
		g->typical = median(v, nr_hot);
		g->unseen_hi = median(v + all + 1 - nr_unseen, nr_unseen);
	}
}

int heatgrid_finish(struct heatgrid *g)
{
	int err = g->rows_given ? 0 : coarsen(g);

	if (err)
		return err;
	for (size_t i = 0; i < g->lay.nr_rows * g->nr_cols; i++) {
		struct heat_cell *c = &g->cells[i];

		if (!(c->cover > 0))
			continue;
		c->heat /= c->cover;
		c->lo /= c->cover;
		c->hi /= c->cover;
	}
	count_gap(g, g->end_ns);
	find_scale(g);
	find_typical(g);
	return 0;
}

char *heatgrid_blank(char *buf, const struct heatgrid *g)
{
	char time[DAMON_UNITS_MAX];
	size_t n = (size_t)snprintf(buf, HEATGRID_BLANK_MAX, "not mapped");

	if (g->unseen_ns)
		snprintf(buf + n, HEATGRID_BLANK_MAX - n, ", or no snapshots (for %s)",
			 damon_print_time(time, (double)g->unseen_ns));
	return buf;
}

double heatgrid_scale(const struct heatgrid *g, double heat)
{
	double x = log(heat / g->scale_lo) / log(g->scale_hi / g->scale_lo);

	return fmin(fmax(x, 0), 1);
}
