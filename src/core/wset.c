/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each of the longer windows has a ring of its own, so that a short one need not be thinned because
 * a long one is. An entry is a page in an aggregation: a hash of the page, whose leading zeros
 * decide how long it stays when rings are thinned, how many hits it had, and when the aggregation
 * ended. So a program that keeps to few pages is never thinned, however many hits it has.
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
enum { RECOUNTS = 10 }; /* per window: how stale its counts may be */
enum { MAX_HITS = 255 };
static const uint32_t at_mask = (1u << 24) - 1;

struct entry {
	uint32_t key;
	uint32_t at_ms : 24, nr : 8; /* the time wraps after hours, far beyond any window */
};

struct ring {
	struct entry *entries; /* oldest at 'head' */
	size_t head, nr, cap;
	uint32_t level;	   /* pages whose hash has fewer leading zeros are not taken */
	uint32_t counted;  /* level of the oldest entries: what counts are scaled by */
	uint32_t since_ms; /* when 'level' last fell */
	uint32_t pushed_ms, counted_ms;
	bool is_counted;
};

/* Counts hits per page: open addressing, cleared by changing 'gen'. */
struct table {
	struct slot {
		uint32_t key;
		uint16_t gen, nr; /* nr stops at its largest */
	} * slots;
	size_t cap; /* a power of two */
	uint16_t gen;
};

struct damon_wset_log {
	struct ring rings[NR_RINGS];
	size_t max_entries;
	struct table table;
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
	for (size_t i = 0; i < NR_RINGS; i++)
		free(l->rings[i].entries);
	free(l->table.slots);
	free(l);
}

void damon_wset_log_clear(struct damon_wset_log *l)
{
	for (size_t i = 0; i < NR_RINGS; i++) {
		struct ring *r = &l->rings[i];

		*r = (struct ring){.entries = r->entries, .cap = r->cap};
	}
	memset(l->counts, 0, sizeof(l->counts));
	l->started = false;
}

/* ---- table ---- */

/* Clears it and makes room for 'n' pages. Returns 0 or -ENOMEM. */
static int table_clear(struct table *t, size_t n)
{
	size_t want = MAX(t->cap, (size_t)MIN_ENTRIES);
	struct slot *slots;

	while (want < 2 * n)
		want *= 2;
	if (want > t->cap) {
		slots = calloc(want, sizeof(*slots));
		if (!slots)
			return -ENOMEM;
		free(t->slots);
		*t = (struct table){.slots = slots, .cap = want};
	}
	if (!++t->gen) {
		memset(t->slots, 0, t->cap * sizeof(*t->slots));
		t->gen = 1;
	}
	return 0;
}

/* Counts 'nr' more hits of a page that had 'before'. */
static void count_hits(struct damon_wset *c, uint32_t before, uint32_t nr)
{
	uint32_t after = before + nr;

	c->n += nr;
	c->d += !before;
	c->f1 += (after == 1) - (before == 1);
	c->f2 += (after == 2) - (before == 2);
}

static void table_count(struct table *t, uint32_t key, uint32_t nr, struct damon_wset *c)
{
	size_t at = key * 0x9e3779b1u & (t->cap - 1);
	struct slot *s = &t->slots[at];

	while (s->gen == t->gen && s->key != key) {
		at = (at + 1) & (t->cap - 1);
		s = &t->slots[at];
	}
	if (s->gen != t->gen)
		*s = (struct slot){.key = key, .gen = t->gen};
	count_hits(c, s->nr, nr);
	s->nr = MIN(s->nr + nr, (uint32_t)UINT16_MAX);
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

static void ring_expire(struct ring *r, uint32_t window_ms, uint32_t now_ms)
{
	if (now_ms - r->pushed_ms >= window_ms)
		r->nr = 0;
	while (r->nr && ((now_ms - ring_at(r, 0)->at_ms) & at_mask) >= window_ms) {
		r->head = r->head + 1 < r->cap ? r->head + 1 : 0;
		r->nr--;
	}
	if (now_ms - r->since_ms >= window_ms)
		r->counted = r->level;
}

/* Takes half of the pages only, from now on and among those that are there. */
static void ring_thin(struct ring *r)
{
	size_t kept = 0;

	r->level++;
	r->counted = MAX(r->counted, r->level);
	for (size_t i = 0; i < r->nr; i++) {
		struct entry x = *ring_at(r, i);

		if (key_level(x.key) >= r->counted)
			*ring_at(r, kept++) = x;
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
	if (r->nr >= limit) {
		r->head = r->head + 1 < r->cap ? r->head + 1 : 0;
		r->nr--;
	}
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
	if (err || key_level(key) < r->level)
		return err;
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

static void scale(struct damon_wset *c, uint32_t level)
{
	double by = (double)(1u << level);

	c->n *= by;
	c->d *= by;
	c->f1 *= by;
	c->f2 *= by;
}

static int ring_count(const struct ring *r, struct table *t, struct damon_wset *out)
{
	struct damon_wset c = {0};

	if (table_clear(t, r->nr))
		return -ENOMEM;
	for (size_t i = 0; i < r->nr; i++) {
		struct entry x = *ring_at(r, i);

		if (key_level(x.key) >= r->counted)
			table_count(t, x.key, x.nr, &c);
	}
	scale(&c, r->counted);
	*out = c;
	return 0;
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

/* The 'nr' hits of one page in one aggregation. */
static int add_page(struct damon_wset_log *l, uint64_t page, uint32_t nr, uint32_t now_ms)
{
	uint32_t key = page_key(page);
	int err = 0;

	count_hits(&l->counts[DAMON_WINDOW_AGGR], 0, nr);
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

/* Counts ring 'i' anew. Without memory its last counts stand. */
static void recount(struct damon_wset_log *l, size_t i, uint64_t end_ns)
{
	struct damon_wset *c = &l->counts[DAMON_WINDOW_1S + i];
	double window_ns = (double)ring_ms[i] * NS_PER_MS;

	ring_expire(&l->rings[i], ring_ms[i], to_ms(end_ns));
	if (!ring_count(&l->rings[i], &l->table, c))
		c->span_ns = MIN(window_ns, (double)(end_ns - l->from_ns));
}

void damon_wset_log_counts(struct damon_wset_log *l, uint64_t end_ns,
			   struct damon_wset out[DAMON_NR_WINDOWS])
{
	uint32_t now_ms = to_ms(end_ns);

	for (size_t i = 0; i < NR_RINGS && l->started; i++) {
		struct ring *r = &l->rings[i];

		if (r->is_counted && now_ms - r->counted_ms < ring_ms[i] / RECOUNTS)
			continue;
		recount(l, i, end_ns);
		r->is_counted = true;
		r->counted_ms = now_ms;
	}
	memcpy(out, l->counts, sizeof(l->counts));
}
