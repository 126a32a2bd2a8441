/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/heatlayout.h"

#define MIN_GAP (64 * 1024) /* smaller ones are shown */

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
static void limit_bands(struct extents *e, size_t max_bands, double max_lost)
{
	double all = total_weight(e), lost = 0;

	while (e->n > max_bands) {
		size_t i = lightest(e);
		double share = all > 0 ? e->x[i].weight / all : 0;

		if (lost + share > max_lost) {
			extents_join(e, smallest_gap(e));
			continue;
		}
		lost += share;
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

static int add_band(struct heat_layout *l, const struct extent *x, size_t want_rows, size_t *cap)
{
	struct heat_band *b = &l->bands[l->nr_bands];
	uint64_t pages = (x->end - x->start) / DAMON_PAGE_SIZE, start;
	int err;

	b->start = x->start;
	b->end = x->end;
	b->first_row = l->nr_rows;
	b->row_bytes = (pages + want_rows - 1) / want_rows * DAMON_PAGE_SIZE;
	b->nr_rows = (size_t)((x->end - x->start + b->row_bytes - 1) / b->row_bytes);
	err = vec_reserve(&l->rows, cap, l->nr_rows + b->nr_rows, sizeof(*l->rows));
	if (err)
		return err;
	start = x->start;
	for (size_t i = 0; i < b->nr_rows; i++, start += b->row_bytes) {
		uint64_t left = x->end - start;

		l->rows[l->nr_rows++] = (struct heat_row){start, start + MIN(b->row_bytes, left)};
	}
	l->nr_bands++;
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

int heat_layout_init(struct heat_layout *l, struct extents *ext, size_t lines,
		     size_t cells_per_line, size_t max_bands, double max_lost)
{
	size_t spare, cap = 0;
	double bytes, weight;
	int err = 0;

	*l = (struct heat_layout){0};
	lines = MAX(lines, (size_t)1);
	align_pages(ext);
	extents_join(ext, MIN_GAP);
	extents_join(ext, total_bytes(ext) / lines);
	limit_bands(ext, max_bands, max_lost);
	l->bands = calloc(ext->n ? ext->n : 1, sizeof(*l->bands));
	if (!l->bands)
		return -ENOMEM;
	spare = lines > ext->n ? lines - ext->n : 0;
	bytes = (double)total_bytes(ext);
	weight = total_weight(ext);
	for (size_t i = 0; i < ext->n && !err; i++) {
		size_t n = lines_of(&ext->x[i], bytes, weight, spare, cells_per_line);

		err = add_band(l, &ext->x[i], n * cells_per_line, &cap);
	}
	if (err)
		heat_layout_release(l);
	return err;
}

void heat_layout_release(struct heat_layout *l)
{
	free(l->rows);
	free(l->bands);
	*l = (struct heat_layout){0};
}
