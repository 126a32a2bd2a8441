/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "tests/judge/facts.h"

static const double hot_part = .9;

void facts_clear(struct facts *f)
{
	f->nr = 0;
	for (int i = 0; i < NR_FACT_WINDOWS; i++)
		f->touched[i] = -1;
}

void facts_release(struct facts *f)
{
	free(f->fact);
	free(f->sum_rate);
	free(f->sum_hot);
	free(f->sum_hot_rate);
	*f = (struct facts){0};
}

void facts_add(struct facts *f, uint64_t start, uint64_t end, double rate, double fraction)
{
	if (vec_reserve(&f->fact, &f->cap, f->nr + 1, sizeof(*f->fact)))
		abort();
	f->fact[f->nr++] = (struct fact){start, end, rate, fraction, false};
}

static int hotter(const void *a, const void *b)
{
	const struct fact *x = *(struct fact *const *)a, *y = *(struct fact *const *)b;

	return (x->rate < y->rate) - (x->rate > y->rate);
}

/* The rate of the least hot page that is needed for 'need' accesses. */
static double least_hot(const struct facts *f, double need)
{
	struct fact **by_rate = calloc(f->nr + 1, sizeof(*by_rate));
	double least = INFINITY, sum = 0;

	if (!by_rate)
		abort();
	for (size_t i = 0; i < f->nr; i++)
		by_rate[i] = &f->fact[i];
	qsort(by_rate, f->nr, sizeof(*by_rate), hotter);
	for (size_t i = 0; i < f->nr && sum < need; i++) {
		least = by_rate[i]->rate;
		sum += least * (by_rate[i]->end - by_rate[i]->start);
	}
	free(by_rate);
	return least;
}

static void reserve_sums(struct facts *f)
{
	if (f->sum_cap > f->nr)
		return;
	f->sum_cap = f->nr + 1;
	free(f->sum_rate);
	free(f->sum_hot);
	free(f->sum_hot_rate);
	f->sum_rate = calloc(f->sum_cap, sizeof(double));
	f->sum_hot = calloc(f->sum_cap, sizeof(double));
	f->sum_hot_rate = calloc(f->sum_cap, sizeof(double));
	if (!f->sum_rate || !f->sum_hot || !f->sum_hot_rate)
		abort();
}

void facts_finish(struct facts *f)
{
	double rate = 0, least;

	for (size_t i = 0; i < f->nr; i++)
		rate += f->fact[i].rate * (f->fact[i].end - f->fact[i].start);
	/* a hair less, so that rounding does not ask for one page more of the next rate */
	least = least_hot(f, rate * hot_part * (1 - 1e-3)) * (1 - 1e-9);
	reserve_sums(f);
	f->sum_rate[0] = f->sum_hot[0] = f->sum_hot_rate[0] = 0;
	for (size_t i = 0; i < f->nr; i++) {
		struct fact *x = &f->fact[i];
		double pages = x->end - x->start;

		x->hot = x->rate >= least;
		f->sum_rate[i + 1] = f->sum_rate[i] + x->rate * pages;
		f->sum_hot[i + 1] = f->sum_hot[i] + x->hot * pages;
		f->sum_hot_rate[i + 1] = f->sum_hot_rate[i] + x->hot * x->rate * pages;
	}
	f->rate = f->sum_rate[f->nr];
	f->hot_pages = f->sum_hot[f->nr];
	f->hot_rate = f->sum_hot_rate[f->nr];
}

/* First fact that ends behind 'page'. */
static size_t first_behind(const struct facts *f, uint64_t page)
{
	size_t lo = 0, hi = f->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->fact[mid].end <= page)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct fact *facts_find(const struct facts *f, uint64_t page)
{
	size_t i = first_behind(f, page);

	return i < f->nr && f->fact[i].start <= page ? &f->fact[i] : NULL;
}

/* Sums over all pages before 'page'. */
static struct facts_sum sum_before(const struct facts *f, uint64_t page)
{
	size_t i = first_behind(f, page);
	struct facts_sum s = {f->sum_rate[i], f->sum_hot[i], f->sum_hot_rate[i]};

	if (i < f->nr && f->fact[i].start < page) {
		const struct fact *x = &f->fact[i];
		double pages = page - x->start;

		s.rate += x->rate * pages;
		s.hot += x->hot * pages;
		s.hot_rate += x->hot * x->rate * pages;
	}
	return s;
}

struct facts_sum facts_sum(const struct facts *f, uint64_t start, uint64_t end)
{
	struct facts_sum a = sum_before(f, start), b = sum_before(f, end);

	return (struct facts_sum){b.rate - a.rate, b.hot - a.hot, b.hot_rate - a.hot_rate};
}

double facts_distance(const struct facts *f, uint64_t start, uint64_t end, double fraction)
{
	double sum = 0, idle = end - start;

	for (size_t i = first_behind(f, start); i < f->nr && f->fact[i].start < end; i++) {
		const struct fact *x = &f->fact[i];
		double pages = MIN(x->end, end) - MAX(x->start, start);

		sum += pages * fabs(fraction - x->fraction);
		idle -= pages;
	}
	return sum + idle * fraction;
}
