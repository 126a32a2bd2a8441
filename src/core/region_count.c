/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "core/hit_window.h"
#include "core/region_count.h"

static const double max_unevenness = 1e4, smooth = .2;

/* Pairs of hits on one page, over all regions. */
struct pairs {
	double same, expected; /* seen, and expected were each region even */
	double same_var;
};

static uint64_t pairs_of(uint64_t n)
{
	return n * (n - 1) / 2;
}

/* The hits since the epoch move to the front; their number. */
static uint32_t drop_older(struct damon_hit *h, uint32_t n, uint32_t epoch)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (h[i].aggr < epoch)
			continue;
		if (nr != i)
			h[nr] = h[i];
		nr++;
	}
	return nr;
}

void damon_region_recount(const struct damon_count *c, struct damon_est_region *r)
{
	struct damon_hit *h = c->window + r->at;
	double weight = 0, store = 0, stall = 0;
	uint32_t n = drop_older(h, r->nr, r->epoch), last = 0;

	if (!r->ticks_known || n != r->nr)
		r->ticks = damon_tick_set_count(c->ticks, h, n);
	r->same = 0;
	memset(r->recent, 0, sizeof(r->recent));
	for (uint32_t i = 0, page = 0; i < n; i++) {
		uint32_t ago = c->now - h[i].aggr;

		weight += h[i].weight;
		store += h[i].store_weight;
		stall += h[i].stall_weight;
		last = MAX(last, h[i].aggr);
		if (ago < ARRAY_SIZE(r->recent))
			r->recent[ago]++;
		if (i + 1 < n && h[i + 1].page == h[i].page)
			continue;
		r->same += pairs_of(i + 1 - page);
		page = i + 1;
	}
	r->weight = weight;
	r->store_weight = store;
	r->stall_weight = stall;
	r->nr = n;
	if (n)
		r->last_hit = last;
	r->ticks_known = r->counted = true;
}

/* First hit of h[from, end) at or behind 'page', which is not far. */
static size_t find_near(const struct damon_hit *h, size_t from, size_t end, uint64_t page)
{
	size_t step = 1;

	while (from + step < end && h[from + step].page < page) {
		from += step;
		step *= 2;
	}
	return damon_hits_find(h, from, MIN(from + step, end), page);
}

/* Behind the last hit of 'page', which begins at 'from'. Mostly there are few. */
static size_t behind_page(const struct damon_hit *h, size_t from, size_t end, uint64_t page)
{
	size_t near = MIN(from + 8, end);

	while (from < near && h[from].page == page)
		from++;
	return from < near ? from : damon_hits_find(h, from, end, page + 1);
}

void damon_region_add(const struct damon_count *c, struct damon_est_region *r,
		      const struct damon_hit *new, size_t n, uint32_t *place)
{
	size_t at = r->at, end = at + r->nr;

	damon_tick_set_next(c->ticks);
	for (size_t i = 0, j; i < n; i = j) {
		size_t from = find_near(c->window, at, end, new[i].page);

		at = behind_page(c->window, from, end, new[i].page);
		for (j = i; j < n && new[j].page == new[i].page; j++) {
			r->weight += new[j].weight;
			r->store_weight += new[j].store_weight;
			r->stall_weight += new[j].stall_weight;
			r->ticks += damon_tick_set_add(c->ticks, new[j].tick);
			place[j] = at;
		}
		r->same += pairs_of(at - from + j - i) - pairs_of(at - from);
	}
	r->recent[0] += n;
	r->fresh += n;
	if (n)
		r->last_hit = c->now;
}

/*
 * Hits of one page are of different ticks by themselves; of the pairs that chance would put on one
 * page those of one tick are left out. Where ticks bring 'cluster' neighbouring pages, so many
 * pairs come together. 'same' is lowered to where noise hardly brings it, and the target's usual
 * unevenness speaks as if two independent pairs had been expected.
 */
static double evenness(double same, double expected, double cluster, double prior)
{
	double least = MAX(same - 1.5 * sqrt(same * cluster), 0.0);

	return MAX((least + 2 * cluster * prior) / (expected + 2 * cluster), 1.0);
}

/* What the counts say about a region; adds its pairs to 'p'. */
static void judge(struct damon_est_region *r, double prior, struct pairs *p)
{
	double n = r->nr, same = r->same, expected = 0;
	double cluster = r->ticks ? MAX(n / r->ticks, 1.0) : 1;

	if (r->nr > 1)
		expected = n * (n - n / r->ticks) / 2 / (r->end - r->start);
	p->same += same;
	p->same_var += same * cluster;
	p->expected += expected;
	r->evenness = evenness(same, expected, cluster, prior);
	if (!r->nr)
		r->last_hit = MIN(r->last_hit, r->epoch - 1);
	else if (r->last_hit >= r->taken_hit)
		r->taken = 0;
	r->pure_stall_weight = 0;
}

static void add_stalls(const struct damon_count *c, struct damon_est_region *r, size_t n)
{
	size_t j = 0;

	for (size_t i = 0; i < n; i++) {
		while (j < c->nr_stalls && c->stalls[j].page < r[i].start)
			j++;
		for (; j < c->nr_stalls && c->stalls[j].page < r[i].end; j++)
			if (c->stalls[j].aggr >= r[i].epoch)
				r[i].pure_stall_weight += c->stalls[j].stall_weight;
	}
}

static double move_unevenness(const struct pairs *p, double unevenness)
{
	double uneven = 1;

	if (p->expected > 5)
		uneven = (p->same - 2 * sqrt(p->same_var)) / p->expected;
	uneven = MIN(MAX(uneven, 1.0), max_unevenness);
	return unevenness + smooth * (uneven - unevenness);
}

double damon_regions_sum_up(const struct damon_count *c, struct damon_est_region *r, size_t n,
			    double unevenness)
{
	struct pairs p = {0};

	for (size_t i = 0; i < n; i++)
		judge(&r[i], unevenness, &p);
	if (c->nr_stalls)
		add_stalls(c, r, n);
	return move_unevenness(&p, unevenness);
}
