/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "base/util.h"
#include "core/region_count.h"

enum { MAX_PAIRED = 32 }; /* hits of a page beyond which its pairs are not looked at in time */
enum { SLOTS = 20 };	  /* parts of an aggregation that clumping is told by */

static const double max_unevenness = 1e4, max_clumping = 50, smooth = .2;

/* Pairs of hits on one page, over all regions. */
struct pairs {
	double same, expected; /* seen, and expected were each region even */
	double same_var;
	double timed;	/* of 'same' those looked at in time */
	double clumped; /* pairs within one slot, each over the chance of it */
	double clumped_var;
};

static uint32_t slot_of(const struct damon_count *c, const struct damon_hit *h)
{
	const struct damon_tick_range *r = &c->ranges[h->aggr % c->nr_ranges];
	uint64_t at = h->tick - r->first, all = (uint64_t)(r->last - r->first) + 1;

	return at < all ? at * SLOTS / all : SLOTS - 1;
}

/* Pairs of h[0, n), the hits of one page, that fall into one slot of time. */
static double pairs_in_slots(const struct damon_count *c, const struct damon_hit *h, size_t n)
{
	double pairs = 0, run = 1;
	uint32_t slot = slot_of(c, &h[0]);

	for (size_t i = 1; i <= n; i++) {
		uint32_t next = i < n ? slot_of(c, &h[i]) : 0;

		if (i < n && h[i].aggr == h[i - 1].aggr && next == slot) {
			run++;
			continue;
		}
		pairs += run * (run - 1) / 2;
		run = 1;
		slot = next;
	}
	return pairs;
}

/* Adds the pairs of the 'n' hits of one page; returns how many there are. */
static double count_page(const struct damon_count *c, const struct damon_hit *h, uint32_t n,
			 double span, double cluster, struct pairs *p)
{
	double same = n * (n - 1.) / 2, chance = 1 / (span * SLOTS), v;

	if (n >= 2 && n <= MAX_PAIRED) {
		v = pairs_in_slots(c, h, n) / chance;
		p->timed += same;
		p->clumped += v;
		p->clumped_var += v / chance * cluster;
	}
	return same;
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

static void count_region(const struct damon_count *c, struct damon_est_region *r, double prior,
			 struct pairs *p)
{
	const struct damon_hit *h = c->window + r->at;
	double weight = 0, store = 0, stall = 0, same = 0, expected = 0;
	double span = damon_est_region_span(r, c->now);
	double cluster = r->ticks ? MAX((double)r->nr / r->ticks, 1.0) : 1;
	uint32_t n = 0, ticks = 0, on_page = 0, last = 0;

	if (r->ticks_known)
		ticks = r->ticks;
	else
		damon_tick_set_next(c->ticks);
	for (uint32_t i = 0; i < r->nr; i++) {
		if (h[i].aggr < r->epoch) /* came over a border from an older neighbour */
			continue;
		n++;
		if (!r->ticks_known)
			ticks += damon_tick_set_add(c->ticks, h[i].tick);
		weight += h[i].weight;
		store += h[i].store_weight;
		stall += h[i].stall_weight;
		last = MAX(last, h[i].aggr);
		on_page++;
		if (i + 1 == r->nr || h[i + 1].page != h[i].page) {
			if (on_page > 1)
				same += count_page(c, &h[i + 1 - on_page], on_page, span, cluster,
						   p);
			on_page = 0;
		}
	}
	if (n > 1)
		expected = n * ((double)n - (double)n / ticks) / 2 / (r->end - r->start);
	p->same += same;
	p->same_var += same * cluster;
	p->expected += expected;
	r->nr = n;
	r->ticks = ticks;
	r->weight = weight;
	r->store_weight = store;
	r->stall_weight = stall;
	r->evenness = evenness(same, expected, cluster, prior);
	r->last_hit = n ? last : MIN(r->last_hit, r->epoch - 1);
	if (n && last >= r->taken_hit)
		r->taken = 0;
}

static void add_stalls(const struct damon_count *c, struct damon_est_region *r, size_t n)
{
	size_t j = 0;

	for (size_t i = 0; i < n; i++) {
		while (j < c->nr_stalls && c->stalls[j].page < r[i].start)
			j++;
		for (; j < c->nr_stalls && c->stalls[j].page < r[i].end; j++)
			if (c->stalls[j].aggr >= r[i].epoch)
				r[i].stall_weight += c->stalls[j].stall_weight;
	}
}

static void move_spread(const struct pairs *p, struct damon_spread *s)
{
	double uneven = 1, clumped = 1;

	if (p->expected > 5)
		uneven = (p->same - 2 * sqrt(p->same_var)) / p->expected;
	if (p->timed > 20)
		clumped = (p->clumped - 2 * sqrt(p->clumped_var)) / p->timed;
	uneven = MIN(MAX(uneven, 1.0), max_unevenness);
	clumped = MIN(MAX(clumped, 1.0), max_clumping);
	s->unevenness += smooth * (uneven - s->unevenness);
	s->clumping += smooth * (clumped - s->clumping);
}

void damon_regions_count(const struct damon_count *c, struct damon_est_region *r, size_t n,
			 struct damon_spread *spread)
{
	struct pairs p = {0};

	for (size_t i = 0; i < n; i++)
		count_region(c, &r[i], spread->unevenness, &p);
	if (c->nr_stalls)
		add_stalls(c, r, n);
	move_spread(&p, spread);
}
