/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/util.h"
#include "core/snapshot.h"
#include "core/stats.h"

/* Memory of one density: a region, or a part of one. */
struct piece {
	double key;	      /* what it is sorted by, the largest first */
	double weight, pages; /* weight per aggregation */
	double var;	      /* of the weight */
	double one;	      /* weight of one tick */
	double uneven;	      /* >= 1: mean square of its pages' weights, of a mean of 1 */
	double most_uneven;   /* as far as pairs of hits leave room for */
};

static const double z95 = 1.959964; /* of the normal distribution, two-sided 95 % */

static int denser(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return (x->key < y->key) - (x->key > y->key);
}

/*
 * Of pages whose weights have the mean 1 and the mean square h, the least part that can have the
 * share s of the weight: two kinds of pages, f with s / f each and 1 - f with (1 - s) / (1 - f),
 * solved for f.
 */
static double least_part(double s, double h)
{
	double b = h + 2 * s - 1;

	return (b - sqrt(MAX(b * b - 4 * h * s * s, 0.0))) / (2 * h);
}

/*
 * Ticks are counted in each region that they hit, so those of several regions are not independent:
 * how many a tick counts in.
 */
static double clusters(const struct damon_target_snapshot *t)
{
	double hits = 0, ticks = 0, per_obs = t->nr_obs ? t->wset[0].n / (double)t->nr_obs : 0;

	for (size_t i = 0; i < t->nr_regions; i++) {
		hits += t->regions[i].nr_obs;
		ticks += t->regions[i].nr_ticks;
	}
	return hits > 0 ? MAX(per_obs * ticks / hits, 1.0) : 1;
}

/*
 * Pairs of hits on one page, and as many as were to be expected if all pages were alike. A region's
 * evenness is (k - 1.5 sqrt(k c) + 2 c usual) / (e + 2 c) of k pairs where e were to be expected
 * and evidence comes as 'c' neighbouring pages: here is k as it was.
 */
struct pairs {
	double seen, expected, cluster;
	double most; /* that may have been seen */
};

static struct pairs pairs_of(const struct damon_region *r, double pages)
{
	double n = r->nr_obs, ticks = r->nr_ticks, root, least;
	struct pairs p = {.cluster = MAX(n / ticks, 1.0)};

	p.expected = n * (n - n / ticks) / 2 / pages;
	least = MAX(r->evenness, 1.f) * (p.expected + 2 * p.cluster) - 2 * p.cluster;
	root = 1.5 * sqrt(p.cluster);
	root = (root + sqrt(root * root + 4 * MAX(least, 0.0))) / 2;
	p.most = root * root;
	p.seen = r->evenness > 1 && least > 0 ? p.most : p.expected;
	return p;
}

/* How uneven the pages of a region are, and at most: no part of a page can be hot. Where a region
 * has few pairs, all together speak ('usual': at most) as if it had two more. */
static void judge_pages(const struct pairs *k, double usual, struct piece *p)
{
	double c = k->cluster, most = k->most + 2 * sqrt((k->most + 1) * c) + 2 * c * usual;

	p->uneven = (k->seen + 2 * c) / (k->expected + 2 * c);
	p->uneven = MIN(MAX(p->uneven, 1.0), p->pages);
	p->most_uneven = MIN(MAX(most / (k->expected + 2 * c), p->uneven), p->pages);
}

/* All that was seen, and what may have been missed. */
struct world {
	struct piece *p; /* regions with hits */
	size_t n;
	double weight, var;
	double cold;  /* weight of one tick in those without */
	double pages; /* of both */
};

static bool is_hot(const struct damon_region *r)
{
	return r->nr_ticks && r->weight > 0;
}

static void look(const struct damon_target_snapshot *t, struct world *w)
{
	double cluster = clusters(t), hits = 0, weight = 0, cold_pages = 0, usual;
	struct pairs all = {0, 0, 1}, k;

	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];
		double span = MAX(r->span_aggrs, 1u), rate = r->weight / span;
		double pages = MAX((double)((r->end - r->start) >> DAMON_PAGE_SHIFT), 1.0);

		w->pages += pages;
		if (!is_hot(r)) {
			w->cold += pages / MAX(span, (double)r->idle_aggrs);
			cold_pages += pages;
			continue;
		}
		hits += r->nr_ticks;
		weight += r->weight;
		w->p[w->n++] = (struct piece){.weight = rate,
					      .pages = pages,
					      .var = rate * rate / r->nr_ticks * cluster,
					      .one = rate / r->nr_ticks};
		k = pairs_of(r, pages);
		all.seen += k.seen;
		all.expected += k.expected;
		all.cluster = MAX(all.cluster, k.cluster);
		w->weight += rate;
		w->var += w->p[w->n - 1].var;
	}
	usual = (all.seen + 2 * sqrt((all.seen + 1) * all.cluster) + 2 * all.cluster) /
		(all.expected + 2 * all.cluster);
	for (size_t i = 0, n = 0; i < t->nr_regions; i++) {
		if (!is_hot(&t->regions[i]))
			continue;
		k = pairs_of(&t->regions[i], w->p[n].pages);
		judge_pages(&k, MAX(usual, 1.0), &w->p[n++]);
	}
	w->cold = cold_pages > 0 && hits > 0 ? w->cold / cold_pages * weight / hits : 0;
}

/* The share of the weight a of a + b, 'z' standard deviations up or down: by log(a / b). */
static double share_at(double a, double b, double var_a, double var_b, double z)
{
	if (!(a > 0))
		return 0;
	if (!(b > 1e-9 * a))
		return 1;
	return 1 / (1 + b / a * exp(-z * sqrt(MAX(var_a / (a * a) + var_b / (b * b), 0.0))));
}

/* Where, between two steps of a curve of shares, 'part' is reached. */
static double between(double part, double share0, double share1, double x0, double x1)
{
	double at = share1 > share0 ? (part - share0) / (share1 - share0) : 1;

	return x0 + MIN(MAX(at, 0.0), 1.0) * (x1 - x0);
}

/* Pages of the densest pieces that have 'part', their share taken 'z' standard deviations up. */
static double densest(struct piece *p, size_t n, const struct world *w, double part, double z)
{
	double a = 0, var = 0, pages = 0, share = 0;

	for (size_t i = 0; i < n; i++)
		p[i].key = p[i].weight / p[i].pages;
	qsort(p, n, sizeof(*p), denser);
	for (size_t i = 0; i < n; i++) {
		double before = share;

		a += p[i].weight;
		var += p[i].var;
		share = share_at(a, w->weight - a, var, w->var - var, z);
		if (share >= part)
			return between(part, before, share, pages, pages + p[i].pages);
		pages += p[i].pages;
	}
	return pages;
}

/* Weight that was found and its variance. */
struct found {
	double weight, var;
};

/*
 * Of 'lucky', from '*at' on: what counts at densities in (next, now], in the mean over these. Those
 * above 'now' count in full, and are passed over the next time.
 */
static struct found count_lucky(const struct world *w, const struct piece *lucky, size_t *at,
				double now, double next, struct found *full)
{
	struct found mean;

	for (; *at < w->n && lucky[*at].key >= now; (*at)++) {
		full->weight += lucky[*at].weight;
		full->var += lucky[*at].var;
	}
	mean = *full;
	for (size_t k = *at; k < w->n && lucky[k].key > next; k++) {
		double part = (lucky[k].key - next) / (now - next);

		mean.weight += part * lucky[k].weight;
		mean.var += part * lucky[k].var;
	}
	return mean;
}

/*
 * The same without luck: some of the regions that look densest do so by chance. Of the weight of
 * those chosen for having k ticks or more, as much is true in the mean as those had that would have
 * been chosen with one tick less: E[rate; n >= k] = E[n; n - 1 >= k] for a Poisson count n (Chen
 * 1975). 'lucky' has the pieces sorted by their density with so much less, pieces of one density
 * come together.
 */
static double without_luck(const struct world *w, const struct piece *lucky, double part, double z)
{
	double pages = 0, share = 0, cold = z < 0 ? w->cold : 0;
	struct found full = {0, 0};
	size_t at = 0, end;

	for (size_t i = 0; i < w->n; i = end) {
		double before = share, more = 0, now = w->p[i].key;
		struct found f;

		for (end = i; end < w->n && w->p[end].key >= now; end++)
			more += w->p[end].pages;
		f = count_lucky(w, lucky, &at, now, end < w->n ? w->p[end].key : 0, &full);
		share = share_at(f.weight, w->weight - f.weight + cold, f.var,
				 w->var - f.var + cold * cold, z);
		if (share >= part)
			return between(part, before, share, pages, pages + more);
		pages += more;
	}
	share = share_at(w->weight, cold, w->var, cold * cold, z);
	return share >= part ? pages : w->pages;
}

/* Sorted by the density with a tick less, or with as many less as 'z' standard deviations are. */
static struct piece *by_less(const struct world *w, double z, struct piece *out)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct piece *p = &w->p[i];

		out[i] = *p;
		out[i].key = (p->weight - MAX(p->one, z * sqrt(p->var))) / p->pages;
	}
	qsort(out, w->n, sizeof(*out), denser);
	return out;
}

/* Each piece as two: the pages that may have 'part' of its weight, if it is as uneven as it may be,
 * and the others. */
static size_t halve(const struct world *w, double part, struct piece *out)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct piece *p = &w->p[i];
		double f = least_part(part, p->most_uneven);

		out[2 * i] = (struct piece){.weight = part * p->weight,
					    .pages = f * p->pages,
					    .var = part * part * p->var};
		out[2 * i + 1] = (struct piece){.weight = (1 - part) * p->weight,
						.pages = (1 - f) * p->pages,
						.var = (1 - part * part) * p->var};
	}
	return 2 * w->n;
}

/* Of the standard normal distribution, below 'z'. */
static double normal(double z)
{
	return erfc(-z / sqrt(2)) / 2;
}

#define SLICES 8

/* Each piece in slices of pages that are alike, if their weights are lognormal. */
static size_t slice(const struct world *w, struct piece *out)
{
	static const double edge[SLICES + 1] = {-INFINITY, -1.5, -.75, 0, .5, 1, 1.5, 2, INFINITY};
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct piece *p = &w->p[i];
		double sigma = sqrt(log(p->uneven));

		if (sigma < .1) {
			out[n++] = *p;
			continue;
		}
		for (size_t k = 0; k < SLICES; k++) {
			double pages = normal(edge[k + 1]) - normal(edge[k]);
			double weight = normal(edge[k + 1] - sigma) - normal(edge[k] - sigma);

			out[n++] = (struct piece){.weight = weight * p->weight,
						  .pages = pages * p->pages,
						  .var = weight * p->var};
		}
	}
	return n;
}

int damon_hot_set_derive(const struct damon_target_snapshot *t, double part,
			 struct damon_hot_set_size *out)
{
	_cleanup_(freep) struct piece *p = calloc((1 + SLICES) * t->nr_regions + 1, sizeof(*p));
	struct piece *other = p + t->nr_regions;
	struct world w = {.p = p};
	double mid, plain, fair, lo, hi;

	if (!p)
		return -ENOMEM;
	look(t, &w);
	part = MIN(MAX(part, 1e-3), 1 - 1e-3);
	lo = densest(other, halve(&w, part, other), &w, part, z95);
	mid = densest(other, slice(&w, other), &w, part, 0);
	plain = densest(w.p, w.n, &w, part, 0);
	fair = without_luck(&w, by_less(&w, 0, other), part, 0);
	hi = w.n ? without_luck(&w, by_less(&w, 1, other), part, -z95) : w.pages;
	if (plain > 0)
		mid *= sqrt(fair / plain);
	out->bytes = mid * DAMON_PAGE_SIZE;
	out->lo = MIN(lo * DAMON_PAGE_SIZE, out->bytes);
	out->hi = MAX(hi * DAMON_PAGE_SIZE, out->bytes);
	return 0;
}
