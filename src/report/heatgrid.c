/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/heatgrid.h"

#define MIN_GAP		 (64 * 1024)
#define LINES_PER_BAND	 2 /* at least, on average */
#define MIN_BANDS	 8
#define MAX_WEIGHT_LOST	 0.02 /* of the accesses, in ranges left out to have fewer bands */
#define SCALE_LOW	 0.01 /* percentiles of the scale */
#define SCALE_HIGH	 0.99
#define SCALE_MIN_FACTOR 10.0 /* between its ends: noise is not to look like a pattern */

/* ---- bands ---- */

static double total_weight(const struct extents *e)
{
	double sum = 0;

	for (size_t i = 0; i < e->n; i++)
		sum += e->x[i].weight;
	return sum;
}

static uint64_t total_bytes(const struct extents *e)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < e->n; i++)
		sum += e->x[i].end - e->x[i].start;
	return sum;
}

static size_t lightest(const struct extents *e)
{
	size_t best = 0;

	for (size_t i = 1; i < e->n; i++)
		if (e->x[i].weight < e->x[best].weight)
			best = i;
	return best;
}

static uint64_t smallest_gap(const struct extents *e)
{
	uint64_t gap = UINT64_MAX;

	for (size_t i = 1; i < e->n; i++)
		gap = MIN(gap, e->x[i].start - e->x[i - 1].end);
	return gap;
}

/* Too many bands: first ranges that hardly matter go, then the closest are joined. */
static void limit_bands(struct heatgrid *g, struct extents *e, size_t max_bands)
{
	double all = total_weight(e);

	while (e->n > max_bands) {
		size_t i = lightest(e);
		double share = all > 0 ? e->x[i].weight / all : 0;

		if (g->weight_left_out + share > MAX_WEIGHT_LOST) {
			extents_join(e, smallest_gap(e));
			continue;
		}
		g->weight_left_out += share;
		g->nr_left_out++;
		memmove(&e->x[i], &e->x[i + 1], (e->n - i - 1) * sizeof(*e->x));
		e->n--;
	}
}

/* Lines of a band: one, and of the others its part by size and accesses. */
static size_t lines_of(const struct extent *x, double bytes, double weight, size_t spare,
		       size_t cells_per_line)
{
	double size = (double)(x->end - x->start);
	double part = size / bytes;
	uint64_t pages = (x->end - x->start + DAMON_PAGE_SIZE - 1) / DAMON_PAGE_SIZE;
	uint64_t useful = (pages + cells_per_line - 1) / cells_per_line;

	if (weight > 0)
		part = (part + x->weight / weight) / 2;
	return (size_t)MIN(1 + (uint64_t)lrint(part * (double)spare), useful);
}

static int add_band(struct heatgrid *g, const struct extent *x, size_t want_rows, size_t *cap)
{
	struct heat_band *b = &g->bands[g->nr_bands];
	uint64_t pages = (x->end - x->start) / DAMON_PAGE_SIZE, start;
	int err;

	b->start = x->start;
	b->end = x->end;
	b->weight = x->weight;
	b->first_row = g->nr_rows;
	b->row_bytes = (pages + want_rows - 1) / want_rows * DAMON_PAGE_SIZE;
	b->nr_rows = (size_t)((x->end - x->start + b->row_bytes - 1) / b->row_bytes);
	err = vec_reserve(&g->rows, cap, g->nr_rows + b->nr_rows, sizeof(*g->rows));
	if (err)
		return err;
	start = x->start;
	for (size_t i = 0; i < b->nr_rows; i++, start += b->row_bytes) {
		uint64_t left = x->end - start;

		g->rows[g->nr_rows++] = (struct heat_row){start, start + MIN(b->row_bytes, left),
							  (unsigned)g->nr_bands};
	}
	g->nr_bands++;
	return 0;
}

/* Whole pages: regions have such borders, but an address range may have any. */
static void align_pages(struct extents *e)
{
	for (size_t i = 0; i < e->n; i++) {
		struct extent *x = &e->x[i];

		x->start &= ~(DAMON_PAGE_SIZE - 1);
		x->end = MIN(x->end, UINT64_MAX - DAMON_PAGE_SIZE) + DAMON_PAGE_SIZE - 1;
		x->end &= ~(DAMON_PAGE_SIZE - 1);
	}
}

static int lay_out(struct heatgrid *g, struct extents *e, size_t lines, size_t cells_per_line)
{
	size_t max_bands = MAX(lines / LINES_PER_BAND, (size_t)MIN_BANDS), spare, cap = 0;
	double bytes, weight;
	int err = 0;

	align_pages(e);
	extents_join(e, MIN_GAP);
	extents_join(e, total_bytes(e) / lines);
	limit_bands(g, e, max_bands);
	g->bands = calloc(e->n, sizeof(*g->bands));
	if (!g->bands)
		return -ENOMEM;
	spare = lines > e->n ? lines - e->n : 0;
	bytes = (double)total_bytes(e);
	weight = total_weight(e);
	for (size_t i = 0; i < e->n && !err; i++)
		err = add_band(g, &e->x[i],
			       cells_per_line *
				       lines_of(&e->x[i], bytes, weight, spare, cells_per_line),
			       &cap);
	return err;
}

/* ---- cells ---- */

int heatgrid_init(struct heatgrid *g, struct extents *ext, uint64_t start_ns, uint64_t end_ns,
		  size_t cols, size_t lines, size_t cells_per_line)
{
	int err;

	*g = (struct heatgrid){.start_ns = start_ns, .end_ns = end_ns, .nr_cols = MAX(cols, 1u)};
	lines = MAX(lines, (size_t)1);
	if (cols > HEATGRID_MAX_CELLS || lines * cells_per_line > HEATGRID_MAX_CELLS / g->nr_cols)
		return -E2BIG;
	g->nr_cols = (size_t)MIN((uint64_t)g->nr_cols, end_ns - start_ns);
	err = lay_out(g, ext, lines, cells_per_line);
	if (!err) {
		g->cells = calloc(g->nr_rows * g->nr_cols, sizeof(*g->cells));
		err = g->cells ? 0 : -ENOMEM;
	}
	if (err)
		heatgrid_release(g);
	return err;
}

void heatgrid_release(struct heatgrid *g)
{
	free(g->rows);
	free(g->bands);
	free(g->cells);
	*g = (struct heatgrid){0};
}

uint64_t heatgrid_col_ns(const struct heatgrid *g, size_t col)
{
	unsigned __int128 span = g->end_ns - g->start_ns;

	return g->start_ns + (uint64_t)(span * col / g->nr_cols);
}

/* The column that holds a time within the grid: the inverse of heatgrid_col_ns(). */
static size_t col_of(const struct heatgrid *g, uint64_t ns)
{
	uint64_t span = g->end_ns - g->start_ns, off = ns - g->start_ns;
	size_t col = (size_t)((unsigned __int128)off * g->nr_cols / span);

	while (col + 1 < g->nr_cols && heatgrid_col_ns(g, col + 1) <= ns)
		col++;
	return col;
}

static void add_cover(struct heat_cell *cell, const struct damon_region_info *r, float cover)
{
	cell->heat += (float)r->heat * cover;
	cell->lo += (float)r->heat_lo * cover;
	cell->hi += (float)r->heat_hi * cover;
	cell->cover += cover;
}

/* One column, 'seconds' of it. Both regions and rows are sorted by address. */
static void fill_column(struct heatgrid *g, const struct scan_cursor *c, size_t col, float seconds)
{
	struct damon_region_info r = {.size = sizeof(r)};
	size_t row = 0;

	for (size_t i = 0; i < c->ti.nr_regions; i++) {
		damon_snapshot_region(c->s, c->at, i, &r);
		while (row < g->nr_rows && g->rows[row].end <= r.start)
			row++;
		for (size_t k = row; k < g->nr_rows && g->rows[k].start < r.end; k++) {
			uint64_t start = MAX(g->rows[k].start, r.start);
			uint64_t end = MIN(g->rows[k].end, r.end);

			add_cover(&g->cells[k * g->nr_cols + col], &r,
				  (float)(end - start) * seconds);
		}
		if (row == g->nr_rows)
			break;
	}
}

void heatgrid_add(struct heatgrid *g, const struct scan_cursor *c)
{
	uint64_t start = MAX(c->si.start_ns, g->start_ns), end = MIN(c->si.end_ns, g->end_ns);

	if (start >= end)
		return;
	for (size_t col = col_of(g, start); col < g->nr_cols; col++) {
		uint64_t from = MAX(start, heatgrid_col_ns(g, col));
		uint64_t to = MIN(end, heatgrid_col_ns(g, col + 1));

		if (from >= end)
			break;
		if (from < to)
			fill_column(g, c, col, (float)((double)(to - from) / NS_PER_SEC));
	}
}

/* ---- scale ---- */

static int compare_floats(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void find_scale(struct heatgrid *g)
{
	size_t n = 0, all = g->nr_rows * g->nr_cols;
	_cleanup_(freep) float *heat = calloc(all, sizeof(*heat));

	g->scale_lo = g->scale_hi = 1;
	if (!heat)
		return;
	for (size_t i = 0; i < all; i++)
		if (g->cells[i].heat > 0)
			heat[n++] = g->cells[i].heat;
	if (!n)
		return;
	qsort(heat, n, sizeof(*heat), compare_floats);
	g->scale_lo = heat[(size_t)(SCALE_LOW * (double)(n - 1))];
	g->scale_hi = heat[(size_t)ceil(SCALE_HIGH * (double)(n - 1))];
	g->scale_lo = fmin(g->scale_lo, g->scale_hi / SCALE_MIN_FACTOR);
}

void heatgrid_finish(struct heatgrid *g)
{
	for (size_t i = 0; i < g->nr_rows * g->nr_cols; i++) {
		struct heat_cell *c = &g->cells[i];

		if (!(c->cover > 0))
			continue;
		c->heat /= c->cover;
		c->lo /= c->cover;
		c->hi /= c->cover;
	}
	find_scale(g);
}

double heatgrid_scale(const struct heatgrid *g, double heat)
{
	double x = log(heat / g->scale_lo) / log(g->scale_hi / g->scale_lo);

	return fmin(fmax(x, 0), 1);
}
