/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "tests/judge/score.h"

const char *const figure_names[NR_FIGURES] = {
	[FIGURE_MAE] = "mae",
	[FIGURE_F1] = "f1",
	[FIGURE_CAUGHT] = "caught",
	[FIGURE_COVER] = "cover",
	[FIGURE_COVER_NR] = "cover_nr",
	[FIGURE_WSET] = "wset_aggr",
	[FIGURE_WSET + 1] = "wset_1s",
	[FIGURE_WSET + 2] = "wset_10s",
	[FIGURE_INSIDE] = "inside_aggr",
	[FIGURE_INSIDE + 1] = "inside_1s",
	[FIGURE_INSIDE + 2] = "inside_10s",
	[FIGURE_WIDTH] = "width_aggr",
	[FIGURE_WIDTH + 1] = "width_1s",
	[FIGURE_WIDTH + 2] = "width_10s",
	[FIGURE_AGE] = "age",
	[FIGURE_FOLLOW] = "follow",
	[FIGURE_REGIONS] = "regions",
	[FIGURE_EVENTS] = "events",
	[FIGURE_CPU] = "cpu_ns",
};

void guess_clear(struct guess *g)
{
	g->nr = 0;
	g->bounds = false;
	for (int i = 0; i < NR_FACT_WINDOWS; i++)
		g->wset[i] = (struct guess_wset){-1, -1, -1};
}

void guess_add(struct guess *g, struct guess_region r)
{
	if (vec_reserve(&g->regions, &g->cap, g->nr + 1, sizeof(r)))
		abort();
	g->regions[g->nr++] = r;
}

void guess_release(struct guess *g)
{
	free(g->regions);
	*g = (struct guess){0};
}

/* ---- figures ---- */

void figures_add(struct figures *f, enum figure which, double value)
{
	struct figure_values *x = &f->of[which];

	if (vec_reserve(&x->v, &x->cap, x->nr + 1, sizeof(double)))
		abort();
	x->v[x->nr++] = value;
}

static int less(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool is_median(enum figure which)
{
	return (which >= FIGURE_WSET && which < FIGURE_INSIDE) ||
	       (which >= FIGURE_WIDTH && which < FIGURE_AGE);
}

double figures_get(struct figures *f, enum figure which)
{
	struct figure_values *x = &f->of[which];
	double sum = 0;

	if (!x->nr)
		return NAN;
	if (is_median(which)) {
		qsort(x->v, x->nr, sizeof(double), less);
		return (x->v[(x->nr - 1) / 2] + x->v[x->nr / 2]) / 2;
	}
	for (size_t i = 0; i < x->nr; i++)
		sum += x->v[i];
	return sum / x->nr;
}

void figures_release(struct figures *f)
{
	for (int i = 0; i < NR_FIGURES; i++)
		free(f->of[i].v);
	*f = (struct figures){0};
}

/* ---- scores ---- */

double score_mae(const struct guess *g, const struct facts *f, double pages)
{
	uint64_t at = 0;
	double sum = 0;

	for (size_t i = 0; i < g->nr; i++) {
		const struct guess_region *r = &g->regions[i];

		sum += facts_distance(f, at, r->start, 0);
		sum += facts_distance(f, r->start, r->end, r->fraction);
		at = r->end;
	}
	if (f->nr && f->fact[f->nr - 1].end > at)
		sum += facts_distance(f, at, f->fact[f->nr - 1].end, 0);
	return sum / pages;
}

static int hotter(const void *a, const void *b)
{
	const struct guess_region *x = *(struct guess_region *const *)a,
				  *y = *(struct guess_region *const *)b;

	return (x->heat < y->heat) - (x->heat > y->heat);
}

void score_hot(const struct guess *g, const struct facts *f, double *f1, double *caught)
{
	struct guess_region **r = calloc(g->nr + 1, sizeof(*r));
	double need = f->hot_pages, hot = 0, rate = 0;

	if (!r)
		abort();
	for (size_t i = 0; i < g->nr; i++)
		r[i] = &g->regions[i];
	qsort(r, g->nr, sizeof(*r), hotter);
	for (size_t i = 0, j; i < g->nr && need > 0; i = j) {
		struct facts_sum tied = {0};
		double pages = 0, part;

		for (j = i; j < g->nr && r[j]->heat == r[i]->heat; j++) {
			struct facts_sum s = facts_sum(f, r[j]->start, r[j]->end);

			pages += r[j]->end - r[j]->start;
			tied.hot += s.hot;
			tied.rate += s.rate;
		}
		part = MIN(1.0, need / pages);
		hot += part * tied.hot;
		rate += part * tied.rate;
		need -= pages;
	}
	free(r);
	*f1 = f->hot_pages > 0 ? hot / f->hot_pages : NAN;
	*caught = f->hot_rate > 0 ? MIN(rate / f->hot_rate, 1.0) : NAN;
}

double score_cover(const struct guess *g, const struct facts *f)
{
	double inside = 0, all = 0;

	for (size_t i = 0; i < g->nr; i++) {
		const struct guess_region *r = &g->regions[i];
		uint64_t pages = r->end - r->start, edge = MIN(r->edge, (pages - 1) / 2);
		struct facts_sum s = facts_sum(f, r->start + edge, r->end - edge);
		double heat = s.rate / (pages - 2 * edge);

		if (heat >= r->lo * .9999 && heat <= r->hi * 1.0001)
			inside += pages;
		all += pages;
	}
	return inside / all;
}

double score_cover_nr(const struct guess *g, const struct facts *f)
{
	double inside = 0, all = 0;

	for (size_t i = 0; i < g->nr; i++) {
		const struct guess_region *r = &g->regions[i];
		uint64_t pages = r->end - r->start, edge = MIN(r->edge, (pages - 1) / 2);
		double whole = facts_distance(f, r->start, r->end, 0) / pages;
		double inner = facts_distance(f, r->start + edge, r->end - edge, 0);

		inner /= pages - 2 * edge;
		if (MAX(whole, inner) >= r->fraction_lo * .9999 &&
		    MIN(whole, inner) <= r->fraction_hi * 1.0001)
			inside += pages;
		all += pages;
	}
	return inside / all;
}

double score_age(const struct guess *g, double aggrs)
{
	double sum = 0, pages = 0;

	for (size_t i = 0; i < g->nr; i++) {
		double n = g->regions[i].end - g->regions[i].start;

		sum += n * MIN(g->regions[i].age, aggrs);
		pages += n;
	}
	return sum / pages / aggrs;
}

double score_add(const struct guess *g, const struct facts *f, double pages,
		 struct figures *figures)
{
	double f1, caught;

	score_hot(g, f, &f1, &caught);
	figures_add(figures, FIGURE_MAE, score_mae(g, f, pages));
	if (f->hot_pages > 0) {
		figures_add(figures, FIGURE_F1, f1);
		figures_add(figures, FIGURE_CAUGHT, caught);
	}
	if (g->bounds) {
		figures_add(figures, FIGURE_COVER, score_cover(g, f));
		figures_add(figures, FIGURE_COVER_NR, score_cover_nr(g, f));
	}
	for (int i = 0; i < NR_FACT_WINDOWS; i++) {
		const struct guess_wset *s = &g->wset[i];

		if (s->pages < 0 || f->touched[i] <= 0)
			continue;
		figures_add(figures, FIGURE_WSET + i, fabs(s->pages / f->touched[i] - 1));
		if (!g->bounds)
			continue;
		figures_add(figures, FIGURE_INSIDE + i,
			    s->lo <= f->touched[i] * 1.0001 && s->hi >= f->touched[i] * .9999);
		figures_add(figures, FIGURE_WIDTH + i, (s->hi - s->lo) / f->touched[i]);
	}
	figures_add(figures, FIGURE_REGIONS, g->nr);
	return f1;
}
