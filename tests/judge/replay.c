/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world of a real program, from its exact trace (tests/truth). Its virtual time is its
 * accesses: as many a second as make the trace 20 s long. Of its address space, what it ever
 * touched is mapped, with holes up to 2 MiB; larger ones shrink to 2 MiB, so that neither monitor
 * looks there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "tests/judge/sampler.h"
#include "tests/judge/world.h"
#include "tests/truth/trace.h"

enum { TRACE_AGGRS = 200, HOLE_PAGES = 512, RECENT = 64 };

/* An accessed page of the trace. */
struct page {
	uint64_t number;    /* in the trace */
	uint64_t place;	    /* in the world */
	uint32_t accesses;  /* in this aggregation interval */
	uint32_t intervals; /* of this aggregation interval that accessed it */
	uint64_t last;	    /* interval that accessed it last, counted from 1 */
};

struct replay {
	struct world w;
	struct trace *trace;
	unsigned int shift; /* from the trace's pages to those of the world */
	struct page *pages; /* sorted */
	size_t nr_pages, cap_pages;
	struct kernel_range *maps;
	size_t nr_maps, cap_maps;
	uint64_t *origins; /* of 'maps' */
	size_t cap_origins;
	struct trace_run run; /* what is left of the current one */
	uint64_t pos, budget; /* accesses so far, of an interval */
	struct {
		uint64_t number;
		struct page *page;
	} cache[RECENT];
	struct facts facts;
	uint64_t facts_at;
};

static struct replay *replay_of(struct world *w)
{
	return (struct replay *)((char *)w - offsetof(struct replay, w));
}

/* ---- pages ---- */

static int by_page(const void *a, const void *b)
{
	const struct page *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* Sorts, and keeps one of each. */
static void tidy(struct replay *r)
{
	size_t kept = 0;

	qsort(r->pages, r->nr_pages, sizeof(*r->pages), by_page);
	for (size_t i = 0; i < r->nr_pages; i++)
		if (!kept || r->pages[kept - 1].number != r->pages[i].number)
			r->pages[kept++] = r->pages[i];
	r->nr_pages = kept;
}

/* Finds all pages of the trace. Returns 0 or -errno. */
static int collect(struct replay *r)
{
	uint64_t recent[RECENT];
	struct trace_run run;
	size_t limit = 1 << 20;
	int err;

	memset(recent, 0xff, sizeof(recent));
	while ((err = trace_next(r->trace, &run)) == 1) {
		uint64_t page = run.page >> r->shift;

		if (recent[page % RECENT] == page)
			continue;
		recent[page % RECENT] = page;
		if (r->nr_pages == limit) {
			tidy(r);
			limit = MAX(2 * r->nr_pages, limit);
		}
		if (vec_reserve(&r->pages, &r->cap_pages, r->nr_pages + 1, sizeof(*r->pages)))
			return -ENOMEM;
		r->pages[r->nr_pages++] = (struct page){.number = page};
	}
	if (err)
		return err;
	tidy(r);
	return r->nr_pages ? 0 : -EBADMSG;
}

/* Gives pages their places, and the ranges that are mapped. */
static int place(struct replay *r)
{
	uint64_t place = 0;

	for (size_t i = 0; i < r->nr_pages; i++) {
		uint64_t hole = i ? r->pages[i].number - r->pages[i - 1].number : 1;
		struct kernel_range *last;

		place += i ? MIN(hole, (uint64_t)HOLE_PAGES) : 0;
		r->pages[i].place = place;
		if (!i || hole > HOLE_PAGES) {
			if (vec_reserve(&r->maps, &r->cap_maps, r->nr_maps + 1, sizeof(*r->maps)) ||
			    vec_reserve(&r->origins, &r->cap_origins, r->nr_maps + 1,
					sizeof(*r->origins)))
				return -ENOMEM;
			r->origins[r->nr_maps] = r->pages[i].number;
			r->maps[r->nr_maps++] = (struct kernel_range){place, place};
		}
		last = &r->maps[r->nr_maps - 1];
		last->end = place + 1;
	}
	for (size_t i = 0; i < r->nr_maps; i++)
		r->w.pages += r->maps[i].end - r->maps[i].start;
	return 0;
}

/* The three ranges between the two largest holes. */
static void find_ranges(struct replay *r)
{
	size_t cut[2] = {0, 0}; /* pages that they begin with; 0: none */
	uint64_t most[2] = {HOLE_PAGES, HOLE_PAGES};
	struct world *w = &r->w;

	for (size_t i = 1; i < r->nr_pages; i++) {
		uint64_t hole = r->pages[i].number - r->pages[i - 1].number;
		int k = most[0] <= most[1] ? 0 : 1;

		if (hole > most[k]) {
			most[k] = hole;
			cut[k] = i;
		}
	}
	for (size_t i = 0; i < r->nr_pages; i++) {
		if (!i || i == cut[0] || i == cut[1])
			w->ranges[w->nr_ranges++].start = r->pages[i].place;
		w->ranges[w->nr_ranges - 1].end = r->pages[i].place + 1;
	}
}

static struct page *find(struct replay *r, uint64_t number)
{
	size_t lo = 0, hi = r->nr_pages, slot = number % RECENT;

	if (r->cache[slot].page && r->cache[slot].number == number)
		return r->cache[slot].page;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->pages[mid].number <= number)
			lo = mid;
		else
			hi = mid;
	}
	r->cache[slot].number = number;
	r->cache[slot].page = &r->pages[lo];
	return &r->pages[lo];
}

/* ---- time ---- */

static void count(struct replay *r, struct page *p, uint64_t n)
{
	uint64_t now = r->w.interval + 1;

	if (p->last != now) {
		uint64_t first = now - r->w.interval % INTERVALS; /* of this aggregation */

		if (p->last < first)
			p->accesses = p->intervals = 0;
		p->intervals++;
		p->last = now;
	}
	p->accesses += n;
}

static bool step(struct world *w, struct sampler *s, size_t n)
{
	struct replay *r = replay_of(w);
	uint64_t end = r->pos + r->budget, due = 0;

	while (r->pos < end) {
		struct page *p;
		uint64_t k;

		if (!r->run.count && trace_next(r->trace, &r->run) != 1)
			return false;
		p = find(r, r->run.page >> r->shift);
		k = MIN(r->run.count, end - r->pos);
		count(r, p, k);
		if (due < r->pos + k) {
			due = UINT64_MAX;
			for (size_t i = 0; i < n; i++) {
				uint64_t next = sampler_see(&s[i], p->place, r->pos, k);

				due = MIN(due, next);
			}
		}
		r->pos += k;
		r->run.count -= k;
	}
	w->interval++;
	return true;
}

/* ---- truth ---- */

static const struct facts *get_facts(struct world *w)
{
	static const unsigned int spans[NR_FACT_WINDOWS] = {1, AGGRS_PER_S, 10 * AGGRS_PER_S};
	struct replay *r = replay_of(w);
	double touched[NR_FACT_WINDOWS] = {0};

	facts_clear(&r->facts);
	for (size_t i = 0; i < r->nr_pages; i++) {
		struct page *p = &r->pages[i];

		for (int k = 0; k < NR_FACT_WINDOWS && p->last; k++)
			touched[k] += p->last + spans[k] * INTERVALS > w->interval;
		if (p->last && p->last + INTERVALS > w->interval)
			facts_add(&r->facts, p->place, p->place + 1,
				  (double)p->accesses / INTERVALS,
				  (double)p->intervals / INTERVALS);
	}
	memcpy(r->facts.touched, touched, sizeof(touched));
	facts_finish(&r->facts);
	return &r->facts;
}

/* The last page at or before 'place'. */
static size_t page_at(const struct replay *r, uint64_t place)
{
	size_t lo = 0, hi = r->nr_pages;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->pages[mid].place <= place)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static bool accessed(void *priv, uint64_t place, struct rng *rng)
{
	struct world *w = priv;
	struct replay *r = replay_of(w);
	const struct page *p = &r->pages[page_at(r, place)];

	return p->place == place && p->last == w->interval;
}

/* A page is resident from its first access on. */
static struct world_touched touched_in(struct world *w, uint64_t start, uint64_t end,
				       uint64_t intervals)
{
	struct replay *r = replay_of(w);
	struct world_touched t = {0};

	for (size_t i = page_at(r, start); i < r->nr_pages && r->pages[i].place < end; i++) {
		const struct page *p = &r->pages[i];

		if (p->place < start || !p->last)
			continue;
		t.resident++;
		t.pages += p->last + intervals > w->interval;
	}
	return t;
}

/* ---- life ---- */

static void go_back(struct world *w, uint64_t seed)
{
	struct replay *r = replay_of(w);

	if (trace_rewind(r->trace))
		abort();
	r->run.count = 0;
	r->pos = 0;
	w->interval = 0;
	for (size_t i = 0; i < r->nr_pages; i++)
		r->pages[i].accesses = r->pages[i].intervals = r->pages[i].last = 0;
}

static void free_replay(struct world *w)
{
	struct replay *r = replay_of(w);

	if (r->trace)
		trace_close(r->trace);
	facts_release(&r->facts);
	free((char *)w->name);
	free(r->pages);
	free(r->maps);
	free(r->origins);
	free(r);
}

static char *name_of(const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	return strndup(base, strcspn(base, "."));
}

struct world *replay_new(const char *path)
{
	struct replay *r = calloc(1, sizeof(*r));
	int err = r ? trace_open(path, &r->trace) : -ENOMEM;

	if (err) {
		free(r);
		errno = -err;
		return NULL;
	}
	r->shift = MAX((int)DAMON_PAGE_SHIFT - (int)trace_info(r->trace)->page_shift, 0);
	r->w = (struct world){.name = name_of(path),
			      .is_real = true,
			      .step = step,
			      .accessed = accessed,
			      .touched = touched_in,
			      .facts = get_facts,
			      .rewind = go_back,
			      .free = free_replay};
	err = collect(r);
	if (!err)
		err = place(r);
	if (err) {
		free_replay(&r->w);
		errno = -err;
		return NULL;
	}
	find_ranges(r);
	r->budget = MAX(trace_info(r->trace)->accesses / (TRACE_AGGRS * INTERVALS), (uint64_t)1);
	r->w.per_interval = r->budget;
	r->w.accesses = trace_info(r->trace)->accesses;
	r->w.maps = r->maps;
	r->w.origins = r->origins;
	r->w.nr_maps = r->nr_maps;
	go_back(&r->w, 0);
	return &r->w;
}
