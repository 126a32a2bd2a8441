/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Made-up worlds. Accesses are drawn at random, so their truth is what is expected. A visit of a
 * page is so many accesses in a row; after it a burst goes on to the neighbouring page.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "tests/judge/sampler.h"
#include "tests/judge/world.h"

enum { MAX_PARTS = 128 };
static const double accesses_per_interval = 1e6;

/* Uniform accesses to [start, start + len), or a scan of it at 'step' pages a sampling interval.
 * 'stride': only every so many-th page. */
struct part {
	uint64_t start, len, step, stride;
	double share;
};

struct pattern {
	struct world w;
	const struct kind *kind;
	unsigned int visit; /* accesses */
	struct kernel_range map;
	struct part part[MAX_PARTS];
	size_t nr_parts;
	unsigned int phase;
	uint32_t *page_of_rank; /* zipf */
	double zipf_sum;
	struct facts facts;
	bool known; /* 'facts' are those of this phase */
};

struct kind {
	const char *name;
	uint64_t pages;
	unsigned int visit; /* accesses */
	void (*parts)(struct pattern *p, unsigned int phase);
	bool moves, zipf;
};

static void add_part(struct pattern *p, double start, double len, double share)
{
	struct part *x = &p->part[p->nr_parts++];
	double pages = p->w.pages;

	*x = (struct part){.start = start * pages, .stride = 1, .share = share};
	x->len = MIN((uint64_t)MAX(len * pages, 1.0), p->w.pages - x->start);
}

static void static_parts(struct pattern *p, unsigned int phase)
{
	add_part(p, .3, .05, .92);
	add_part(p, 0, .3, .08 * .3 / .95);
	add_part(p, .35, .65, .08 * .65 / .95);
}

static void idle_parts(struct pattern *p, unsigned int phase)
{
	add_part(p, .3, .05, .92);
	add_part(p, .6, .15, .08);
}

/* Every eighth page of a fifth: what an evenly spread rate gets wrong. */
static void sparse_parts(struct pattern *p, unsigned int phase)
{
	add_part(p, .3, .2, .9);
	p->part[0].stride = 8;
	add_part(p, .6, .05, .1);
}

static void stairs_parts(struct pattern *p, unsigned int phase)
{
	add_part(p, .03 + .093 * (phase % 10), .093, 1);
}

static void zigzag_parts(struct pattern *p, unsigned int phase)
{
	add_part(p, .04 + .47 * (phase % 2), .47, 1);
}

static void no_parts(struct pattern *p, unsigned int phase)
{
}

static void scan_parts(struct pattern *p, unsigned int phase)
{
	add_part(p, .05, .01, .6);
	add_part(p, .1, .8, .4);
	p->part[1].step = MAX(p->w.pages / 4000, (uint64_t)1);
}

static void chunks_parts(struct pattern *p, unsigned int phase)
{
	struct rng rng;

	rng_seed(&rng, 77);
	for (int i = 0; i < 64; i++) {
		double len = .05 / 64 * (.2 + 1.6 * rng_unit(&rng));

		add_part(p, rng_unit(&rng) * .98, len, .8 / 64);
	}
	for (int i = 0; i < 20; i++)
		add_part(p, rng_unit(&rng) * .9, .01, .2 / 20);
}

static void moving_parts(struct pattern *p, unsigned int phase)
{
	struct rng rng;

	rng_seed(&rng, phase + 1);
	add_part(p, rng_unit(&rng) * .97, .002, .9);
	add_part(p, .4, .2, .1);
}

enum { GIB4 = 1 << 20, GIB64 = 1 << 24 }; /* pages */
static const struct kind kinds[] = {
	{"static", GIB4, 1, static_parts},
	{"static-idle", GIB4, 1, idle_parts},
	{"sparse", GIB4, 1, sparse_parts},
	{"stairs", GIB4, 1, stairs_parts, .moves = true},
	{"zigzag", GIB4, 1, zigzag_parts, .moves = true},
	{"zipf", GIB4, 1, no_parts, .zipf = true},
	{"scan", GIB4, 1, scan_parts},
	{"chunks", GIB4, 1, chunks_parts},
	{"chunks-visits", GIB4, 8, chunks_parts},
	{"chunks-64g", GIB64, 1, chunks_parts},
	{"moving", GIB4, 1, moving_parts, .moves = true},
	{"moving-64g", GIB64, 1, moving_parts, .moves = true},
};
const char *const pattern_names[] = {
	"static", "static-idle",   "sparse",	 "stairs", "zigzag",	 "zipf", "scan",
	"chunks", "chunks-visits", "chunks-64g", "moving", "moving-64g", NULL};

static struct pattern *pattern_of(struct world *w)
{
	return (struct pattern *)((char *)w - offsetof(struct pattern, w));
}

static void set_phase(struct pattern *p, unsigned int phase)
{
	double sum = 0;

	p->phase = phase;
	p->known = false;
	p->nr_parts = 0;
	p->kind->parts(p, phase);
	for (size_t i = 0; i < p->nr_parts; i++)
		sum += p->part[i].share;
	for (size_t i = 0; i < p->nr_parts; i++)
		p->part[i].share /= sum;
}

/* ---- accesses ---- */

/* Zipf with exponent 1: the continuous law, then rejection where it is not the discrete one. */
static uint64_t draw_zipf(const struct pattern *p, struct rng *rng)
{
	double n = p->w.pages;

	for (;;) {
		double x = exp(rng_unit(rng) * log(n + 1)); /* density 1 / x on [1, n + 1) */
		double rank = floor(x), keep = 1 / (rank * log1p(1 / rank)) * log(2);

		if (rank >= 1 && rank <= n && rng_unit(rng) < keep)
			return p->page_of_rank[(uint64_t)rank - 1];
	}
}

static const struct part *draw_part(const struct pattern *p, struct rng *rng)
{
	double u = rng_unit(rng);
	size_t i = 0;

	for (; i + 1 < p->nr_parts && u > p->part[i].share; i++)
		u -= p->part[i].share;
	return &p->part[i];
}

/* The page of a burst's k-th visit, of which the first went to place 'first' of the part. */
static uint64_t page_of(const struct part *x, uint64_t first, uint64_t k)
{
	uint64_t within = (first + k * x->stride) % x->len;

	return x->start + within - within % x->stride;
}

static void observe(struct pattern *p, struct sampler *s)
{
	const struct part *x = p->kind->zipf ? NULL : draw_part(p, &s->rng);
	uint64_t first = 0, page, k = 0;
	unsigned int visit = rng_below(&s->rng, p->visit) + 1; /* the rest of it */

	if (x && x->step)
		first = p->w.interval * x->step + rng_below(&s->rng, x->step);
	else if (x)
		first = rng_below(&s->rng, x->len);
	page = x ? page_of(x, first, 0) : draw_zipf(p, &s->rng);
	sampler_begin(s);
	while (s->left) {
		if (!visit--) {
			page = x ? page_of(x, first, ++k) : draw_zipf(p, &s->rng);
			visit = p->visit - 1;
		}
		sampler_take(s, page);
	}
}

static bool step(struct world *w, struct sampler *s, size_t n)
{
	struct pattern *p = pattern_of(w);
	unsigned int phase = w->moves ? w->interval / INTERVALS / PHASE_AGGRS : 0;

	if (phase != p->phase)
		set_phase(p, phase);
	for (size_t i = 0; i < n; i++) {
		s[i].carry += w->per_interval / s[i].period * (.875 + .25 * rng_unit(&s[i].rng));
		for (; s[i].carry >= 1; s[i].carry--)
			observe(p, &s[i]);
	}
	w->interval++;
	return true;
}

/* ---- truth ---- */

/* Scans aside: they are looked at as they stand. */
static double rate_of(const struct pattern *p, const struct part *x)
{
	return x->share * p->w.per_interval / x->len * x->stride;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void add_fact(struct pattern *p, uint64_t start, uint64_t end, double rate)
{
	if (rate > 0)
		facts_add(&p->facts, start, end, rate, -expm1(-rate / p->visit));
}

/* Parts may overlap: between two borders the rate is that of all parts that span it. */
static void add_uniform(struct pattern *p)
{
	uint64_t border[2 * MAX_PARTS];
	size_t nr = 0;

	for (size_t i = 0; i < p->nr_parts; i++) {
		border[nr++] = p->part[i].start;
		border[nr++] = p->part[i].start + p->part[i].len;
	}
	qsort(border, nr, sizeof(*border), by_number);
	for (size_t b = 0; b + 1 < nr; b++) {
		uint64_t start = border[b], end = border[b + 1], stride = 1;
		double rate = 0;

		for (size_t i = 0; i < p->nr_parts; i++) {
			const struct part *x = &p->part[i];

			if (x->step || start < x->start || end > x->start + x->len)
				continue;
			rate += rate_of(p, x);
			stride = MAX(stride, x->stride);
		}
		for (uint64_t at = start; stride > 1 && at < end; at += stride)
			add_fact(p, at, at + 1, rate);
		if (stride == 1 && start < end)
			add_fact(p, start, end, rate);
	}
}

static void add_zipf(struct pattern *p)
{
	double *rate = calloc(p->w.pages, sizeof(*rate));

	if (!rate)
		abort();
	for (uint64_t i = 0; i < p->w.pages; i++)
		rate[p->page_of_rank[i]] = p->w.per_interval / (i + 1) / p->zipf_sum;
	for (uint64_t i = 0; i < p->w.pages; i++)
		add_fact(p, i, i + 1, rate[i]);
	free(rate);
}

/* What a scan passed in the last INTERVALS intervals. It is the last part, behind all others. */
static void add_scan(struct pattern *p, const struct part *x)
{
	double rate = x->share * p->w.per_interval / x->step / INTERVALS;
	uint64_t from = (p->w.interval - INTERVALS) * x->step % x->len;
	uint64_t to = from + INTERVALS * x->step;

	if (to > x->len)
		facts_add(&p->facts, x->start, x->start + to - x->len, rate, 1. / INTERVALS);
	facts_add(&p->facts, x->start + from, x->start + MIN(to, x->len), rate, 1. / INTERVALS);
}

/* Pages touched within so many intervals: those that move are not followed back. */
static double touched(const struct pattern *p, double intervals)
{
	double sum = 0, passed = MIN(intervals, (double)p->w.interval);

	if (p->kind->moves && intervals > INTERVALS)
		return -1;
	for (size_t i = 0; i < p->facts.nr; i++) {
		const struct fact *x = &p->facts.fact[i];

		sum += (x->end - x->start) * -expm1(-x->rate / p->visit * passed);
	}
	return sum;
}

static const struct facts *get_facts(struct world *w)
{
	struct pattern *p = pattern_of(w);
	const struct part *scan = NULL;
	static const unsigned int spans[NR_FACT_WINDOWS] = {1, AGGRS_PER_S, 10 * AGGRS_PER_S};

	for (size_t i = 0; i < p->nr_parts; i++)
		if (p->part[i].step)
			scan = &p->part[i];
	if (p->known && !scan && w->interval > 10 * AGGRS_PER_S * INTERVALS)
		return &p->facts;
	facts_clear(&p->facts);
	if (p->kind->zipf)
		add_zipf(p);
	else
		add_uniform(p);
	for (int i = 0; i < NR_FACT_WINDOWS; i++)
		p->facts.touched[i] = touched(p, spans[i] * INTERVALS);
	if (scan) {
		for (int i = 0; i < NR_FACT_WINDOWS; i++) {
			uint64_t passed = MIN((uint64_t)spans[i] * INTERVALS, w->interval);

			p->facts.touched[i] += MIN(passed * scan->step, scan->len);
		}
		add_scan(p, scan);
	}
	facts_finish(&p->facts);
	p->known = w->interval >= 10 * AGGRS_PER_S * INTERVALS;
	return &p->facts;
}

/* A page of a scan is accessed in one interval only; the others by chance. */
static bool accessed(void *priv, uint64_t page, struct rng *rng)
{
	struct pattern *p = pattern_of(priv);
	double rate = 0;

	if (p->kind->zipf) /* 'facts' has a page at its own number */
		return rng_unit(rng) < p->facts.fact[page].fraction;
	for (size_t i = 0; i < p->nr_parts; i++) {
		const struct part *x = &p->part[i];

		if (page < x->start || page >= x->start + x->len)
			continue;
		if (!x->step) {
			rate += (page - x->start) % x->stride ? 0 : rate_of(p, x);
			continue;
		}
		if ((page - x->start + x->len - (p->w.interval - 1) * x->step % x->len) % x->len <
		    x->step)
			return true;
	}
	return rate > 0 && rng_unit(rng) < -expm1(-rate / p->visit);
}

/* ---- life ---- */

static void init_zipf(struct pattern *p)
{
	struct rng rng;

	p->page_of_rank = calloc(p->w.pages, sizeof(*p->page_of_rank));
	if (!p->page_of_rank)
		abort();
	rng_seed(&rng, 5);
	for (uint64_t i = 0; i < p->w.pages; i++) {
		uint64_t j = rng_below(&rng, i + 1);

		p->page_of_rank[i] = p->page_of_rank[j];
		p->page_of_rank[j] = i;
		p->zipf_sum += 1. / (i + 1);
	}
}

static void go_back(struct world *w, uint64_t seed)
{
	w->interval = 0;
	set_phase(pattern_of(w), 0);
	if (pattern_of(w)->kind->zipf)
		get_facts(w);
}

static void free_pattern(struct world *w)
{
	struct pattern *p = pattern_of(w);

	facts_release(&p->facts);
	free(p->page_of_rank);
	free(p);
}

struct world *pattern_new(const char *name, const struct pattern_size *size)
{
	struct pattern *p;
	size_t i = 0;

	while (i < ARRAY_SIZE(kinds) && strcmp(name, kinds[i].name))
		i++;
	if (i == ARRAY_SIZE(kinds))
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	p->kind = &kinds[i];
	p->visit = size->visit ? size->visit : kinds[i].visit;
	p->map = (struct kernel_range){0, size->pages ? size->pages : kinds[i].pages};
	p->w = (struct world){.name = kinds[i].name,
			      .maps = &p->map,
			      .nr_maps = 1,
			      .pages = p->map.end,
			      .ranges = {p->map},
			      .nr_ranges = 1,
			      .per_interval = size->per_interval > 0 ? size->per_interval
								     : accesses_per_interval,
			      .moves = kinds[i].moves,
			      .stationary = !kinds[i].moves && kinds[i].parts != scan_parts,
			      .step = step,
			      .accessed = accessed,
			      .facts = get_facts,
			      .rewind = go_back,
			      .free = free_pattern};
	if (kinds[i].zipf)
		init_zipf(p);
	go_back(&p->w, 0);
	return &p->w;
}
