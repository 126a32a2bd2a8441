/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "live/history.h"

#define LEAST_REGIONS 4 /* of a target, however small its share */

/* ---- columns ---- */

static size_t size_of(const struct history_column *c)
{
	return sizeof(*c) + c->nr_targets * sizeof(*c->targets) +
	       c->nr_regions * sizeof(*c->regions);
}

static struct history_column *column_new(const struct history_maker *m)
{
	size_t regions = m->nr_regions * sizeof(*m->regions);
	size_t targets = m->nr_targets * sizeof(*m->targets);
	struct history_column *c = malloc(sizeof(*c) + targets + regions);

	if (!c)
		return NULL;
	*c = (struct history_column){.nr_targets = m->nr_targets, .nr_regions = m->nr_regions};
	c->targets = (struct history_target *)(c + 1);
	c->regions = (struct history_region *)(c->targets + m->nr_targets);
	if (targets)
		memcpy(c->targets, m->targets, targets);
	if (regions)
		memcpy(c->regions, m->regions, regions);
	return c;
}

const struct history_target *history_target(const struct history_column *c, uint32_t id)
{
	for (size_t i = 0; c && i < c->nr_targets; i++)
		if (c->targets[i].id == id)
			return &c->targets[i];
	return NULL;
}

/* The first region of 't' that ends behind 'addr', or the end. */
static size_t first_behind(const struct history_column *c, const struct history_target *t,
			   uint64_t addr)
{
	size_t lo = t->first, hi = t->first + t->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->regions[mid].end > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

double history_heat(const struct history_column *c, const struct history_target *t, uint64_t start,
		    uint64_t end, struct known *heat)
{
	struct known sum = {0};
	double cover = 0;

	for (size_t i = first_behind(c, t, start); i < t->first + t->nr; i++) {
		const struct history_region *r = &c->regions[i];
		double bytes;

		if (r->start >= end)
			break;
		bytes = (double)(MIN(end, r->end) - MAX(start, r->start));
		sum.v += r->heat * bytes;
		sum.lo += r->lo * bytes;
		sum.hi += r->hi * bytes;
		cover += bytes;
	}
	if (!(cover > 0))
		return 0;
	*heat = (struct known){sum.v / cover, sum.lo / cover, sum.hi / cover};
	return cover / (double)(end - start);
}

/* ---- making them ---- */

void history_maker_release(struct history_maker *m)
{
	free(m->targets);
	free(m->regions);
	*m = (struct history_maker){0};
}

void history_maker_clear(struct history_maker *m)
{
	m->nr_targets = m->nr_regions = 0;
}

int history_maker_target(struct history_maker *m, const struct history_target *t)
{
	int err = vec_reserve(&m->targets, &m->cap_targets, m->nr_targets + 1, sizeof(*t));

	if (err)
		return err;
	m->targets[m->nr_targets] = *t;
	m->targets[m->nr_targets].first = (uint32_t)m->nr_regions;
	m->targets[m->nr_targets++].nr = 0;
	return 0;
}

int history_maker_region(struct history_maker *m, const struct history_region *r)
{
	int err = vec_reserve(&m->regions, &m->cap_regions, m->nr_regions + 1, sizeof(*r));

	if (err)
		return err;
	m->regions[m->nr_regions++] = *r;
	m->targets[m->nr_targets - 1].nr++;
	return 0;
}

/* How far apart two neighbours may be in heat (a part of the hotter one; 1 and more: any) and in
 * address to be joined. */
struct nearness {
	double heat;
	uint64_t gap;
};

static bool are_near(const struct history_region *a, const struct history_region *b,
		     const struct nearness *n)
{
	float most = MAX(a->heat, b->heat);

	return b->start - a->end <= n->gap && fabsf(a->heat - b->heat) <= n->heat * most;
}

/* 'b' goes into 'a'; of a gap between them nothing is known, so it counts as nothing. */
static void join(struct history_region *a, const struct history_region *b)
{
	float x = (float)(a->end - a->start), y = (float)(b->end - b->start), sum = x + y;

	a->heat = (a->heat * x + b->heat * y) / sum;
	a->lo = (a->lo * x + b->lo * y) / sum;
	a->hi = (a->hi * x + b->hi * y) / sum;
	a->end = b->end;
}

static size_t join_near(struct history_region *r, size_t n, const struct nearness *near)
{
	size_t kept = 0;

	for (size_t i = 1; i < n; i++) {
		if (are_near(&r[kept], &r[i], near))
			join(&r[kept], &r[i]);
		else
			r[++kept] = r[i];
	}
	return n ? kept + 1 : 0;
}

static size_t reduce(struct history_region *r, size_t n, size_t max)
{
	struct nearness near = {.heat = .05};

	while (n > max) {
		n = join_near(r, n, &near);
		if (near.heat < 1)
			near.heat *= 2;
		else
			near.gap = near.gap ? near.gap * 2 : 65536;
	}
	return n;
}

static int hotter(const void *a, const void *b)
{
	const struct history_target *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

static int earlier(const void *a, const void *b)
{
	const struct history_target *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Each target gives up as large a part of its regions, what remains is moved together. */
static void limit(struct history_maker *m)
{
	double keep = (double)HISTORY_MAX_REGIONS / (double)MAX(m->nr_regions, (size_t)1);
	size_t at = 0;

	if (m->nr_targets > HISTORY_MAX_TARGETS) {
		qsort(m->targets, m->nr_targets, sizeof(*m->targets), hotter);
		m->nr_targets = HISTORY_MAX_TARGETS;
		qsort(m->targets, m->nr_targets, sizeof(*m->targets), earlier);
	}
	for (size_t i = 0; i < m->nr_targets; i++) {
		struct history_target *t = &m->targets[i];
		struct history_region *r = m->regions + t->first;
		size_t most = MAX((size_t)(keep * t->nr), (size_t)LEAST_REGIONS);

		t->nr = (uint32_t)reduce(r, t->nr, keep < 1 ? most : t->nr);
		memmove(m->regions + at, r, t->nr * sizeof(*r));
		t->first = (uint32_t)at;
		at += t->nr;
	}
	m->nr_regions = at;
}

struct history_column *history_maker_column(struct history_maker *m, uint64_t start_ns,
					    uint64_t end_ns)
{
	struct history_column *c;

	limit(m);
	c = column_new(m);
	history_maker_clear(m);
	if (c) {
		c->start_ns = start_ns;
		c->end_ns = end_ns;
	}
	return c;
}

/* ---- the mean of several columns ---- */

struct strand { /* a target's regions in one of the columns */
	const struct history_region *r, *end;
	double seconds;
};

/* The next border at or behind 'at': where a region begins or ends. */
static uint64_t next_border(const struct strand *s, size_t n, uint64_t at)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < n; i++) {
		if (s[i].r == s[i].end)
			continue;
		next = MIN(next, s[i].r->start > at ? s[i].r->start : s[i].r->end);
	}
	return next;
}

/* Between two borders: the mean over the time in which it was mapped. */
static int add_piece(struct history_maker *m, const struct strand *s, size_t n, uint64_t start,
		     uint64_t end)
{
	struct known sum = {0};
	double seconds = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i].r == s[i].end || s[i].r->start > start)
			continue;
		sum.v += s[i].r->heat * s[i].seconds;
		sum.lo += s[i].r->lo * s[i].seconds;
		sum.hi += s[i].r->hi * s[i].seconds;
		seconds += s[i].seconds;
	}
	if (!(seconds > 0))
		return 0;
	return history_maker_region(
		m, &(struct history_region){start, end, (float)(sum.v / seconds),
					    (float)(sum.lo / seconds), (float)(sum.hi / seconds)});
}

static int add_mean_regions(struct history_maker *m, struct strand *s, size_t n)
{
	uint64_t at = 0, next;
	int err = 0;

	while (!err && (next = next_border(s, n, at)) != UINT64_MAX) {
		err = add_piece(m, s, n, at, next);
		at = next;
		for (size_t i = 0; i < n; i++)
			s[i].r += s[i].r != s[i].end && s[i].r->end <= at;
	}
	return err;
}

static double seconds_of(const struct history_column *c)
{
	return (double)(c->end_ns - c->start_ns) / NS_PER_SEC;
}

static int add_mean_target(struct history_maker *m, const struct history_column *const *c, size_t n,
			   uint32_t id)
{
	struct strand s[HISTORY_FACTOR];
	struct history_target mean = {.id = id};
	double seconds = 0, all = 0;
	size_t nr = 0;
	int err;

	for (size_t i = 0; i < n; i++) {
		const struct history_target *t = history_target(c[i], id);
		double dt = seconds_of(c[i]);

		all += dt;
		if (!t)
			continue;
		mean.share += t->share * (float)dt;
		mean.wss.v += t->wss.v * dt;
		mean.wss.lo += t->wss.lo * dt;
		mean.wss.hi += t->wss.hi * dt;
		seconds += dt;
		s[nr].r = c[i]->regions + t->first;
		s[nr].end = s[nr].r + t->nr;
		s[nr++].seconds = dt;
	}
	mean.share /= (float)all;
	mean.wss =
		(struct known){mean.wss.v / seconds, mean.wss.lo / seconds, mean.wss.hi / seconds};
	err = history_maker_target(m, &mean);
	return err ? err : add_mean_regions(m, s, nr);
}

static bool is_known(const struct history_maker *m, uint32_t id)
{
	for (size_t i = 0; i < m->nr_targets; i++)
		if (m->targets[i].id == id)
			return true;
	return false;
}

static struct history_column *mean_of(const struct history_column *const *c, size_t n)
{
	struct history_maker m = {0};
	struct history_column *mean = NULL;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		for (size_t k = 0; k < c[i]->nr_targets && !err; k++)
			if (!is_known(&m, c[i]->targets[k].id))
				err = add_mean_target(&m, c, n, c[i]->targets[k].id);
	if (!err)
		mean = history_maker_column(&m, c[0]->start_ns, c[n - 1]->end_ns);
	history_maker_release(&m);
	return mean;
}

/* ---- levels ---- */

void history_init(struct history *h)
{
	*h = (struct history){0};
}

void history_release(struct history *h)
{
	for (size_t l = 0; l < HISTORY_LEVELS; l++)
		for (size_t i = 0; i < HISTORY_COLUMNS; i++)
			free(h->levels[l].columns[i]);
	*h = (struct history){0};
}

static void put(struct history *h, struct history_level *l, struct history_column *c)
{
	struct history_column **slot = &l->columns[l->nr++ % HISTORY_COLUMNS];

	if (*slot)
		h->bytes -= size_of(*slot);
	free(*slot);
	*slot = c;
	h->bytes += size_of(c);
}

void history_add(struct history *h, struct history_column *c)
{
	for (unsigned level = 0; c; level++) {
		const struct history_column *last[HISTORY_FACTOR];

		put(h, &h->levels[level], c);
		if (level + 1 == HISTORY_LEVELS || h->levels[level].nr % HISTORY_FACTOR)
			return;
		for (size_t i = 0; i < HISTORY_FACTOR; i++)
			last[i] = history_column(h, level, HISTORY_FACTOR - 1 - i);
		c = mean_of(last, HISTORY_FACTOR);
	}
}

const struct history_column *history_column(const struct history *h, unsigned level, size_t back)
{
	const struct history_level *l = &h->levels[MIN(level, HISTORY_LEVELS - 1u)];

	if (back >= l->nr || back >= HISTORY_COLUMNS)
		return NULL;
	return l->columns[(l->nr - 1 - back) % HISTORY_COLUMNS];
}
