/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "live/raster.h"
#include "report/color.h"

#define UNSURE	    3.0	  /* the factor from which on cells are marked */
#define LOOK_AT	    32	  /* columns, at most, that the rows are laid out by */
#define RETHINK	    16	  /* columns after which there may be a better layout */
#define MAX_OUTSIDE .01	  /* of the accesses beside all rows: lay out anew at once */
#define MAX_LOST    .01	  /* of the accesses in ranges left out to have fewer bands */
#define BETTER	    1.25  /* a layout of so many times fewer bytes is worth a change */
#define LEAST_SPAN  3.33f /* of the scale, log2: noise is not to look like a pattern */
#define SCALE_STEP  .125f /* by which it shrinks at a time */

void raster_release(struct raster *r)
{
	heat_layout_release(&r->lay);
	free(r->cells);
	*r = (struct raster){0};
}

/* ---- which ranges have rows ---- */

static int push(struct extents *e, size_t *cap, const struct extent *x)
{
	struct extent *last = e->n ? &e->x[e->n - 1] : NULL;
	int err;

	if (last && x->start <= last->end) {
		last->end = MAX(last->end, x->end);
		last->weight += x->weight;
		return 0;
	}
	err = vec_reserve(&e->x, cap, e->n + 1, sizeof(*x));
	if (!err)
		e->x[e->n++] = *x;
	return err;
}

/* The part of a region that is to have rows; false if none is. */
static bool shown_part(const struct raster_want *w, const struct history_region *r,
		       struct extent *x)
{
	*x = (struct extent){r->start, r->end, 0};
	if (w->end) {
		x->start = MAX(x->start, w->start);
		x->end = MIN(x->end, w->end);
	}
	if (x->start >= x->end || !(w->end || r->heat > 0))
		return false;
	x->weight = r->heat * (double)(x->end - x->start);
	return true;
}

/* The union of '*e' and what a column shows, both sorted. */
static int merge_column(struct extents *e, const struct raster_want *w,
			const struct history_column *c, const struct history_target *t)
{
	struct extents out = {0};
	size_t cap = 0, at = 0;
	int err = 0;

	for (uint32_t i = 0; i < t->nr && !err; i++) {
		struct extent x;

		if (!shown_part(w, &c->regions[t->first + i], &x))
			continue;
		while (!err && at < e->n && e->x[at].start <= x.start)
			err = push(&out, &cap, &e->x[at++]);
		if (!err)
			err = push(&out, &cap, &x);
	}
	while (!err && at < e->n)
		err = push(&out, &cap, &e->x[at++]);
	extents_release(e);
	*e = out;
	return err;
}

static int seen_extents(const struct history *h, const struct raster_want *w, struct extents *e)
{
	size_t step = w->end ? HISTORY_COLUMNS : HISTORY_COLUMNS / LOOK_AT;
	int err = 0;

	*e = (struct extents){0};
	for (size_t back = 0; back < HISTORY_COLUMNS && !err; back += step) {
		const struct history_column *c = history_column(h, w->level, back);
		const struct history_target *t = c ? history_target(c, w->id) : NULL;

		if (t)
			err = merge_column(e, w, c, t);
	}
	if (err)
		extents_release(e);
	return err;
}

static uint64_t bytes_of(const struct heat_layout *l)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < l->nr_bands; i++)
		sum += l->bands[i].end - l->bands[i].start;
	return sum;
}

static int lines_of(const struct heat_layout *l, int cells_per_line)
{
	size_t lines = 0;

	for (size_t i = 0; i < l->nr_bands; i++)
		lines += (l->bands[i].nr_rows + cells_per_line - 1) / cells_per_line;
	return (int)lines;
}

/* As many lines as there is room for: the layout takes the number for a wish. */
static int lay_out(const struct extents *e, const struct raster_want *w, struct heat_layout *l)
{
	struct extents copy = *e;
	int err = -E2BIG;

	copy.x = malloc(e->n * sizeof(*copy.x));
	if (!copy.x)
		return -ENOMEM;
	for (int lines = w->lines * 3 / 2; lines > 0 && err == -E2BIG; lines--) {
		copy.n = e->n;
		memcpy(copy.x, e->x, e->n * sizeof(*e->x));
		err = heat_layout_init(l, &copy, (size_t)lines, (size_t)w->cells_per_line,
				       (size_t)MAX(w->lines / 3, 1), w->end ? 0 : MAX_LOST);
		if (err || lines_of(l, w->cells_per_line) <= w->lines)
			break;
		heat_layout_release(l);
		err = -E2BIG;
	}
	free(copy.x);
	return err;
}

/* Are there accesses now that no row shows? */
static bool misses(const struct raster *r, const struct history *h)
{
	const struct history_column *c = history_column(h, r->want.level, 0);
	const struct history_target *t = history_target(c, r->want.id);
	double all = 0, inside = 0;
	size_t b = 0;

	for (uint32_t i = 0; t && i < t->nr; i++) {
		const struct history_region *x = &c->regions[t->first + i];

		all += x->heat * (double)(x->end - x->start);
		while (b < r->lay.nr_bands && r->lay.bands[b].end <= x->start)
			b++;
		for (size_t k = b; k < r->lay.nr_bands && r->lay.bands[k].start < x->end; k++)
			inside += x->heat * (double)(MIN(x->end, r->lay.bands[k].end) -
						     MAX(x->start, r->lay.bands[k].start));
	}
	return !r->want.end && all - inside > (MAX_OUTSIDE + MAX_LOST) * all;
}

static bool same_want(const struct raster_want *a, const struct raster_want *b)
{
	return a->id == b->id && a->level == b->level && a->start == b->start && a->end == b->end &&
	       a->lines == b->lines && a->cells_per_line == b->cells_per_line;
}

/* 1: there are rows, 0: nothing has been seen. */
static int make_layout(struct raster *r, const struct history *h, bool must)
{
	struct heat_layout l = {0};
	struct extents e;
	int err = seen_extents(h, &r->want, &e);

	if (!err && e.n)
		err = lay_out(&e, &r->want, &l);
	extents_release(&e);
	if (err)
		return err;
	r->laid_out = h->levels[r->want.level].nr;
	if (!must && l.nr_rows && (double)bytes_of(&l) * BETTER > (double)bytes_of(&r->lay)) {
		heat_layout_release(&l);
		return 1;
	}
	heat_layout_release(&r->lay);
	r->lay = l;
	r->lines = lines_of(&l, r->want.cells_per_line);
	memset(r->tags, 0, sizeof(r->tags));
	free(r->cells);
	r->cells = calloc(MAX(l.nr_rows, (size_t)1) * HISTORY_COLUMNS, sizeof(*r->cells));
	return r->cells ? l.nr_rows > 0 : -ENOMEM;
}

/* ---- cells ---- */

static struct raster_cell cell_of(const struct history_column *c, const struct history_target *t,
				  const struct heat_row *row)
{
	struct known k;

	if (!t || !(history_heat(c, t, row->start, row->end, &k) > 0))
		return (struct raster_cell){NAN, false};
	if (!(k.v > 0))
		return (struct raster_cell){-INFINITY, false};
	return (struct raster_cell){log2f((float)k.v), known_factor(&k) > UNSURE};
}

static size_t slot_of(const struct history *h, unsigned level, size_t back, size_t *number)
{
	*number = h->levels[level].nr - back;
	return (*number - 1) % HISTORY_COLUMNS;
}

static void fill(struct raster *r, const struct history *h)
{
	for (int back = 0; back < r->want.columns; back++) {
		const struct history_column *c = history_column(h, r->want.level, (size_t)back);
		const struct history_target *t;
		struct raster_cell *cells;
		size_t number, slot;

		if (!c)
			return;
		slot = slot_of(h, r->want.level, (size_t)back, &number);
		if (r->tags[slot] == number)
			return; /* what is older was drawn before it */
		r->tags[slot] = number;
		t = history_target(c, r->want.id);
		cells = r->cells + slot * r->lay.nr_rows;
		for (size_t i = 0; i < r->lay.nr_rows; i++)
			cells[i] = cell_of(c, t, &r->lay.rows[i]);
	}
}

const struct raster_cell *raster_column(const struct raster *r, const struct history *h,
					size_t back)
{
	size_t number;

	if (!history_column(h, r->want.level, back))
		return NULL;
	return r->cells + slot_of(h, r->want.level, back, &number) * r->lay.nr_rows;
}

/* Of the heat of cells: STEPS of log2 to a bin, from 2^-LOWEST on. */
#define STEPS  4
#define LOWEST 32
#define BINS   (STEPS * 96)

static size_t count_heat(const struct raster *r, const struct history *h, size_t bins[BINS])
{
	size_t n = 0;

	for (int back = 0; back < r->want.columns; back++) {
		const struct raster_cell *cells = raster_column(r, h, (size_t)back);

		for (size_t i = 0; cells && i < r->lay.nr_rows; i++) {
			float heat = cells[i].heat;

			if (!isfinite(heat))
				continue;
			heat = (heat + LOWEST) * STEPS;
			bins[(size_t)fminf(fmaxf(heat, 0), BINS - 1)]++;
			n++;
		}
	}
	return n;
}

/* The 1st and the 99th percentile of what is in use; the scale grows at once and shrinks slowly. */
static void find_scale(struct raster *r, const struct history *h)
{
	size_t bins[BINS] = {0}, n = count_heat(r, h, bins), first = 0, last = BINS - 1;
	float lo, hi;

	if (!n)
		return;
	for (size_t left = n / 100; left >= bins[first]; first++)
		left -= bins[first];
	for (size_t left = n / 100; left >= bins[last]; last--)
		left -= bins[last];
	lo = (float)first / STEPS - LOWEST;
	hi = (float)(last + 1) / STEPS - LOWEST;
	lo = fminf(lo, hi - LEAST_SPAN);
	if (r->scale_hi > r->scale_lo) {
		lo = fminf(lo, r->scale_lo + SCALE_STEP);
		hi = fmaxf(hi, r->scale_hi - SCALE_STEP);
	}
	r->scale_lo = lo;
	r->scale_hi = hi;
}

int raster_update(struct raster *r, const struct history *h, const struct raster_want *want)
{
	bool must = !same_want(&r->want, want) || !r->lay.nr_rows;
	int got = 1;

	if (want->columns > r->want.columns)
		memset(r->tags, 0, sizeof(r->tags));
	if (r->want.id != want->id)
		r->scale_lo = r->scale_hi = 0;
	r->want = *want;
	if (!must && misses(r, h))
		must = true;
	if (must || h->levels[want->level].nr >= r->laid_out + RETHINK)
		got = make_layout(r, h, must);
	if (got > 0) {
		fill(r, h);
		find_scale(r, h);
	}
	return got;
}

int raster_level(const struct raster *r, const struct raster_cell *cell)
{
	float x;

	if (isnan(cell->heat))
		return COLOR_UNMAPPED;
	if (isinf(cell->heat))
		return COLOR_UNUSED;
	x = (cell->heat - r->scale_lo) / (r->scale_hi - r->scale_lo);
	return (int)(fminf(fmaxf(x, 0), 1) * (COLOR_LEVELS - 1) + .5f) |
	       (cell->unsure ? COLOR_UNSURE : 0);
}

size_t raster_line(const struct raster *r, int line, size_t *end)
{
	size_t cells = (size_t)r->want.cells_per_line;

	for (size_t i = 0; i < r->lay.nr_bands; i++) {
		const struct heat_band *b = &r->lay.bands[i];
		int lines = (int)((b->nr_rows + cells - 1) / cells);

		if (line < lines) {
			*end = MIN(b->first_row + (size_t)(line + 1) * cells,
				   b->first_row + b->nr_rows);
			return b->first_row + (size_t)line * cells;
		}
		line -= lines;
	}
	*end = r->lay.nr_rows;
	return r->lay.nr_rows;
}
