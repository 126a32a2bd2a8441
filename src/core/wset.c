/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each of the longer windows has a ring of its own, so that a short one need not be thinned because
 * a long one is. An entry is a page in an aggregation: a hash of the page, whose leading zeros
 * decide how long it stays when rings are thinned, how many hits it had, and when the aggregation
 * ended. So a program that keeps to few pages is never thinned, however many hits it has. A table
 * beside each ring has the hits of each page in it, so that counts change with what comes and goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/estimator.h"
#include "core/wset.h"

enum { NR_RINGS = DAMON_NR_WINDOWS - 1 };
enum { MIN_ENTRIES = 64, FIRST_ENTRIES = 1024, MAX_LEVEL = 20 };

static const uint32_t ring_ms[NR_RINGS] = {1000, 10000, 60000};
enum { SHOWN = 100 }; /* times in a window that its counts are brought up to date */
enum { MAX_HITS = 255 };
static const uint32_t at_mask = (1u << 24) - 1;

struct entry {
	uint32_t key;
	uint32_t at_ms : 24, nr : 8; /* the time wraps after hours, far beyond any window */
};

/* Hits per page: open addressing, linear probing. */
struct table {
	struct slot {
		uint32_t key, nr; /* nr 0: free */
	} * slots;
	size_t cap, used;      /* places; a power of two, or 0 */
	uint64_t n, d, f1, f2; /* as in struct damon_wset, of the pages that count */
};

struct ring {
	struct entry *entries; /* oldest at 'head' */
	size_t head, nr, cap;
	struct table table; /* of the entries */
	uint32_t level;	    /* pages whose hash has fewer leading zeros are not taken, */
	uint32_t counted;   /* and these are not counted: 'level' of the oldest entries */
	uint32_t since_ms;  /* when 'level' last fell */
	uint32_t pushed_ms, shown_ms;
	bool is_shown;
};

struct damon_wset_log {
	struct ring rings[NR_RINGS];
	size_t max_entries;
	uint64_t from_ns; /* start of the first aggregation */
	bool started;
	struct damon_wset counts[DAMON_NR_WINDOWS];
};

struct damon_wset_log *damon_wset_log_new(size_t max_entries)
{
	struct damon_wset_log *l = calloc(1, sizeof(*l));

	if (l)
		l->max_entries = max_entries;
	return l;
}

void damon_wset_log_free(struct damon_wset_log *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < NR_RINGS; i++) {
		free(l->rings[i].entries);
		free(l->rings[i].table.slots);
	}
	free(l);
}

/* ---- table ---- */

static void table_clear(struct table *t)
{
	if (t->used)
		memset(t->slots, 0, t->cap * sizeof(*t->slots));
	*t = (struct table){.slots = t->slots, .cap = t->cap};
}

static inline size_t table_home(const struct table *t, uint32_t key)
{
	return key * 0x9e3779b1u & (t->cap - 1);
}

/* Where 'key' is, or may be put. There is a free place. */
static size_t table_find(const struct table *t, uint32_t key)
{
	size_t at = table_home(t, key);

	while (t->slots[at].nr && t->slots[at].key != key)
		at = (at + 1) & (t->cap - 1);
	return at;
}

/* Makes room for another page: at most half is used. Returns 0 or -ENOMEM. */
static int table_room(struct table *t)
{
	struct table to = *t;

	if (2 * (t->used + 1) <= t->cap)
		return 0;
	to.cap = MAX(2 * t->cap, (size_t)MIN_ENTRIES);
	to.slots = calloc(to.cap, sizeof(*to.slots));
	if (!to.slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].nr)
			to.slots[table_find(&to, t->slots[i].key)] = t->slots[i];
	free(t->slots);
	*t = to;
	return 0;
}

/* Frees a place, and moves up those behind it that may not be reached without it. */
static void table_drop(struct table *t, size_t at)
{
	size_t mask = t->cap - 1;

	for (size_t i = (at + 1) & mask; t->slots[i].nr; i = (i + 1) & mask) {
		if (((i - table_home(t, t->slots[i].key)) & mask) < ((i - at) & mask))
			continue;
		t->slots[at] = t->slots[i];
		at = i;
	}
	t->slots[at].nr = 0;
}

/* A page that counts had 'before' hits and has 'after'. */
static void table_tally(struct table *t, uint32_t before, uint32_t after)
{
	t->n += (uint64_t)after - before;
	t->d += (uint64_t)(after > 0) - (before > 0);
	t->f1 += (uint64_t)(after == 1) - (before == 1);
	t->f2 += (uint64_t)(after == 2) - (before == 2);
}

/* Adds 'nr' hits of a page. There is room. */
static void table_add(struct table *t, uint32_t key, uint32_t nr, bool counts)
{
	struct slot *s = &t->slots[table_find(t, key)];

	if (counts)
		table_tally(t, s->nr, s->nr + nr);
	t->used += !s->nr;
	s->key = key;
	s->nr += nr;
}

/* Takes back 'nr' of the hits that were added. */
static void table_take(struct table *t, uint32_t key, uint32_t nr, bool counts)
{
	size_t at = table_find(t, key);
	struct slot *s = &t->slots[at];

	if (counts)
		table_tally(t, s->nr, s->nr - nr);
	s->nr -= nr;
	t->used -= !s->nr;
	if (!s->nr)
		table_drop(t, at);
}

static uint32_t page_key(uint64_t page)
{
	uint64_t x = page * 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	return x >> 32;
}

static uint32_t key_level(uint32_t key)
{
	return key ? __builtin_clz(key) : 32;
}

/* ---- ring ---- */

static struct entry *ring_at(const struct ring *r, size_t i)
{
	size_t at = r->head + i;

	return &r->entries[at < r->cap ? at : at - r->cap];
}

static void ring_pop(struct ring *r)
{
	struct entry x = *ring_at(r, 0);

	table_take(&r->table, x.key, x.nr, key_level(x.key) >= r->counted);
	r->head = r->head + 1 < r->cap ? r->head + 1 : 0;
	r->nr--;
}

/* From now on, pages of level 'counted' count. */
static void ring_recount(struct ring *r, uint32_t counted)
{
	struct table *t = &r->table;

	r->counted = counted;
	t->n = t->d = t->f1 = t->f2 = 0;
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].nr && key_level(t->slots[i].key) >= counted)
			table_tally(t, 0, t->slots[i].nr);
}

static void ring_expire(struct ring *r, uint32_t window_ms, uint32_t now_ms)
{
	if (now_ms - r->pushed_ms >= window_ms) {
		table_clear(&r->table);
		r->nr = 0;
	}
	while (r->nr && ((now_ms - ring_at(r, 0)->at_ms) & at_mask) >= window_ms)
		ring_pop(r);
	if (r->counted != r->level && now_ms - r->since_ms >= window_ms)
		ring_recount(r, r->level);
}

/* Takes half of the pages only, from now on and among those that are there. */
static void ring_thin(struct ring *r)
{
	size_t kept = 0;

	r->level++;
	ring_recount(r, MAX(r->counted, r->level));
	for (size_t i = 0; i < r->nr; i++) {
		struct entry x = *ring_at(r, i);

		if (key_level(x.key) >= r->counted)
			*ring_at(r, kept++) = x;
		else
			table_take(&r->table, x.key, x.nr, false);
	}
	r->nr = kept;
}

/* Moves to a ring of 'cap' entries, which is at least what is there. */
static int ring_resize(struct ring *r, size_t cap)
{
	struct entry *entries = malloc(cap * sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < r->nr; i++)
		entries[i] = *ring_at(r, i);
	free(r->entries);
	r->entries = entries;
	r->cap = cap;
	r->head = 0;
	return 0;
}

/* Makes room for one more. A ring full of a page that no thinning drops loses its oldest entry. */
static int ring_room(struct ring *r, size_t limit)
{
	while (r->nr >= limit && r->level < MAX_LEVEL)
		ring_thin(r);
	if (r->nr >= limit)
		ring_pop(r);
	if (r->nr < r->cap)
		return 0;
	return ring_resize(r, MIN(MAX(r->cap * 2, (size_t)FIRST_ENTRIES / NR_RINGS), limit));
}

static int ring_push(struct ring *r, uint32_t key, uint32_t nr, uint32_t now_ms, size_t limit)
{
	int err;

	if (key_level(key) < r->level)
		return 0;
	r->pushed_ms = now_ms;
	err = ring_room(r, limit);
	if (!err)
		err = table_room(&r->table);
	if (err || key_level(key) < r->level)
		return err;
	table_add(&r->table, key, nr, key_level(key) >= r->counted);
	*ring_at(r, r->nr++) = (struct entry){key, now_ms & at_mask, nr};
	return 0;
}

/* Takes more pages again where there is room for four times as many. */
static void ring_relax(struct ring *r, uint32_t window_ms, uint32_t now_ms, size_t limit)
{
	if (!r->level || r->counted != r->level || r->nr * 4 > limit)
		return;
	if (now_ms - r->since_ms < window_ms)
		return;
	r->level--;
	r->since_ms = now_ms;
}

static void ring_show(const struct ring *r, struct damon_wset *out)
{
	double by = (double)(1u << r->counted);

	out->n = r->table.n * by;
	out->d = r->table.d * by;
	out->f1 = r->table.f1 * by;
	out->f2 = r->table.f2 * by;
}

/* ---- log ---- */

static uint32_t to_ms(uint64_t ns)
{
	return (ns + NS_PER_MS / 2) / NS_PER_MS;
}

/* The shortest of the longer windows sees the most hits a second, and gets half of the room. */
static size_t ring_limit(const struct damon_wset_log *l, size_t i)
{
	return MAX(l->max_entries / (i ? 4 : 2), (size_t)MIN_ENTRIES);
}

void damon_wset_log_limit(struct damon_wset_log *l, size_t max_entries)
{
	l->max_entries = max_entries;
	for (size_t i = 0; i < NR_RINGS; i++) {
		struct ring *r = &l->rings[i];
		size_t limit = ring_limit(l, i);

		if (r->cap <= limit)
			continue;
		while (r->nr > limit && r->level < MAX_LEVEL)
			ring_thin(r);
		if (r->nr <= limit)
			ring_resize(r, limit); /* without memory it stays large */
	}
}

void damon_wset_log_clear(struct damon_wset_log *l)
{
	for (size_t i = 0; i < NR_RINGS; i++) {
		struct ring *r = &l->rings[i];

		table_clear(&r->table);
		*r = (struct ring){.entries = r->entries, .cap = r->cap, .table = r->table};
	}
	memset(l->counts, 0, sizeof(l->counts));
	l->started = false;
}

/* The 'nr' hits of one page in one aggregation. */
static int add_page(struct damon_wset_log *l, uint64_t page, uint32_t nr, uint32_t now_ms)
{
	struct damon_wset *c = &l->counts[DAMON_WINDOW_AGGR];
	uint32_t key = page_key(page);
	int err = 0;

	c->n += nr;
	c->d++;
	c->f1 += nr == 1;
	c->f2 += nr == 2;
	for (uint32_t part; nr && !err; nr -= part) {
		part = MIN(nr, (uint32_t)MAX_HITS);
		for (size_t i = 0; i < NR_RINGS && !err; i++)
			err = ring_push(&l->rings[i], key, part, now_ms, ring_limit(l, i));
	}
	return err;
}

int damon_wset_log_add(struct damon_wset_log *l, const struct damon_hit *hits, size_t n,
		       uint64_t start_ns, uint64_t end_ns)
{
	uint32_t now_ms = to_ms(end_ns), nr;
	int err = 0;

	if (!l->started) {
		l->from_ns = start_ns;
		l->started = true;
	}
	l->counts[DAMON_WINDOW_AGGR] = (struct damon_wset){.span_ns = end_ns - start_ns};
	for (size_t k = 0, from = 0; k < n && !err; from = k) {
		for (nr = 0; k < n && hits[k].page == hits[from].page; k++)
			nr += hits[k].weight > 0;
		if (nr)
			err = add_page(l, hits[from].page, nr, now_ms);
	}
	for (size_t i = 0; i < NR_RINGS; i++) {
		ring_expire(&l->rings[i], ring_ms[i], now_ms);
		ring_relax(&l->rings[i], ring_ms[i], now_ms, ring_limit(l, i));
	}
	return err;
}

void damon_wset_log_counts(struct damon_wset_log *l, uint64_t end_ns,
			   struct damon_wset out[DAMON_NR_WINDOWS])
{
	uint32_t now_ms = to_ms(end_ns);

	for (size_t i = 0; i < NR_RINGS && l->started; i++) {
		struct damon_wset *c = &l->counts[DAMON_WINDOW_1S + i];
		struct ring *r = &l->rings[i];

		if (r->is_shown && now_ms - r->shown_ms < ring_ms[i] / SHOWN)
			continue;
		ring_expire(r, ring_ms[i], now_ms);
		ring_show(r, c);
		c->span_ns = MIN((double)ring_ms[i] * NS_PER_MS, (double)(end_ns - l->from_ns));
		r->is_shown = true;
		r->shown_ms = now_ms;
	}
	memcpy(out, l->counts, sizeof(l->counts));
}
