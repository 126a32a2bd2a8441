/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/check.h"
#include "core/core.h"
#include "core/estimator.h"

const double damon_check_prior = 2;
static const double keep = .9;	       /* of a sum, from one aggregation to the next */
static const double settled = .05;     /* sums below it are forgotten */
static const double z95 = 1.959964;    /* of the normal distribution, two-sided 95 % */
static const double least_looks = 30;  /* before a visit's length is told by them */
static const double least_bound = 2;   /* fewer say nothing of where it ends on their side */
static const double every_region = .1; /* of the pages picked: spread evenly over regions */

/* ---- sums ---- */

/*
 * A look over a time that is not quite a sampling interval stands for as many as it has. If the
 * page was touched, in how many of them is told by the share so far.
 */
void damon_check_sum_add(struct damon_check_sum *s, double intervals, bool touched)
{
	double f = (s->touched + .5) / (s->nr + 1);

	s->nr += intervals;
	if (touched)
		s->touched += intervals == 1 ? 1 : intervals * f / -expm1(intervals * log1p(-f));
	s->touched = MIN(s->touched, s->nr);
}

void damon_check_sum_age(struct damon_check_sum *s)
{
	s->nr *= keep;
	s->touched *= keep;
	if (s->nr < settled)
		*s = (struct damon_check_sum){0};
}

struct damon_check_sum damon_check_sum_part(struct damon_check_sum s, double part)
{
	return (struct damon_check_sum){s.nr * part, s.touched * part};
}

/*
 * The mean of the parts' shares by their sizes, as a stratified sample has it, and as many looks as
 * would tell it as well. Each part gets one look more, at what both are like, so that one that was
 * hardly looked at counts as hardly known.
 */
struct damon_check_sum damon_check_sum_join(struct damon_check_sum a, double pages_a,
					    struct damon_check_sum b, double pages_b)
{
	double part_a = pages_a / (pages_a + pages_b), part_b = 1 - part_a;
	double nr = a.nr + b.nr, f, variance;

	if (!(nr > 0))
		return (struct damon_check_sum){0};
	f = (a.touched + b.touched) / nr;
	f = part_a * (a.touched + f) / (a.nr + 1) + part_b * (b.touched + f) / (b.nr + 1);
	variance = part_a * part_a / (a.nr + 1) + part_b * part_b / (b.nr + 1);
	nr = MIN(nr, MAX(1 / variance - 1, 0.0));
	return (struct damon_check_sum){nr, MIN(nr * f, nr)};
}

void damon_check_bounds(struct damon_check_sum s, double *lo, double *hi)
{
	double n = s.nr, f = n > 0 ? s.touched / n : 0, z2 = z95 * z95, mid, off;

	*lo = 0;
	*hi = 1;
	if (!(n > 0))
		return;
	mid = (f + z2 / (2 * n)) / (1 + z2 / n);
	off = z95 / (1 + z2 / n) * sqrt(f * (1 - f) / n + z2 / (4 * n * n));
	if (s.touched >= least_bound)
		*lo = MAX(mid - off, 0.0);
	if (n - s.touched >= least_bound)
		*hi = MIN(mid + off, 1.0);
}

/* ---- what samples expect of them ---- */

static double pages_of(const struct damon_region *r)
{
	return (double)((r->end - r->start) >> DAMON_PAGE_SHIFT);
}

/* Weight per page and sampling interval. */
static double rate_of(const struct damon_region *r, uint64_t sample_ns, uint64_t aggr_ns)
{
	return r->weight / MAX(r->span_aggrs, 1u) / MAX(pages_of(r), 1.0) * sample_ns / aggr_ns;
}

double damon_check_expected(const struct damon_target_snapshot *t, const struct damon_region *r,
			    const struct damon_view *v, double intervals)
{
	double visits = rate_of(r, v->sample_ns, v->aggr_ns) * intervals / t->visit_weight;

	return damon_touched(visits, MAX(r->evenness, 1.f));
}

/* ---- working sets ---- */

/* Pages of the regions. */
static double mapped_pages(const struct damon_target_snapshot *t)
{
	double sum = 0;

	for (size_t i = 0; i < t->nr_regions; i++)
		sum += pages_of(&t->regions[i]);
	return sum;
}

/* How far the samples have moved since the checks: the ratio of the pages they saw. Small counts
 * tell little of it. */
struct drift {
	double ratio, off; /* 'off': relative, by chance */
};

static struct drift drift_of(const struct damon_wset *now, const struct damon_wset_check *k)
{
	double least = MIN(now->d, k->seen);

	if (!(least > 0))
		return (struct drift){1, 1};
	return (struct drift){now->d / k->seen, z95 / sqrt(least)};
}

/*
 * What checks of window 'w' itself told is exact for the time when they ended. From then on the
 * samples say how it changed, and the bounds are the wider the less of the window was checked. What
 * no check covered is left to the samples, and lies between nothing and all of it.
 */
static void take_checks(const struct damon_target_snapshot *t, enum damon_window w,
			struct damon_wset_size *s)
{
	const struct damon_wset_check *k = &t->checked[w];
	double mapped = mapped_pages(t) * DAMON_PAGE_SIZE, touched = k->touched * DAMON_PAGE_SIZE;
	double rest = MAX(mapped - k->pages * DAMON_PAGE_SIZE, 0.0);
	double late = t->wset[w].span_ns > 0 ? MIN(k->late_ns / t->wset[w].span_ns, 1.0) : 1;
	struct drift drift = {1, 0};
	double off;

	if (late > 0)
		drift = drift_of(&t->wset[w], k);
	if (fabs(drift.ratio - 1) > drift.off / 2)
		touched = MIN(touched * drift.ratio, mapped);
	off = 1 + late + (late > 0 ? drift.off : 0);
	s->bytes = touched + MIN(MAX(s->bytes - touched, 0.0), rest);
	s->lo = MIN(MAX(s->lo, touched / off), s->bytes);
	s->hi = MAX(MIN(s->hi, touched * off + rest), s->bytes);
}

/*
 * Without observations: the regions in which pages were found touched, as DAMON's tools count them.
 * At least the pages that were touched in one sampling interval; at most those regions, and of the
 * others what so few looks may have missed. In a longer window than the checks are of, any page may
 * have been.
 */
static void wset_by_regions(const struct damon_target_snapshot *t, enum damon_window w,
			    struct damon_wset_size *out)
{
	double lo, hi;

	*out = (struct damon_wset_size){0, 0, 0};
	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];
		double bytes = (double)(r->end - r->start);
		bool touched = r->nr_touched > 0;

		damon_check_bounds((struct damon_check_sum){r->nr_checks, r->nr_touched}, &lo, &hi);
		out->bytes += touched ? bytes : 0;
		out->lo += touched ? bytes * r->nr_touched / r->nr_checks : 0;
		out->hi += touched || w != DAMON_WINDOW_AGGR ? bytes : bytes * hi;
	}
}

void damon_wset_checked(const struct damon_target_snapshot *t, enum damon_window w,
			const struct damon_view *v, struct damon_wset_size *out)
{
	struct damon_wset_size other;

	if (!(v->scale.accesses > 0)) {
		wset_by_regions(t, w, out);
		return;
	}
	damon_wset_derive(t, w, v, out);
	if (t->checked[w].pages > 0)
		take_checks(t, w, out);
	/* a longer window holds all that a shorter one does */
	for (enum damon_window o = 0; o < DAMON_NR_WINDOWS; o++) {
		if (o == w || !(t->checked[o].pages > 0))
			continue;
		damon_wset_derive(t, o, v, &other);
		take_checks(t, o, &other);
		if (o < w)
			out->lo = MAX(out->lo, other.lo);
		else
			out->hi = MIN(out->hi, other.hi);
		out->hi = MAX(out->hi, out->lo);
		out->bytes = MIN(MAX(out->bytes, out->lo), out->hi);
	}
}

/* ---- the core's own ---- */

/* A look that waits for the end of the interval; 'intervals' are sampling intervals. */
struct look {
	uint64_t start, end; /* pages */
	double intervals;
	uint32_t nr, touched;
	uint32_t slot;
};

/* What is kept of a target. */
struct state {
	uint32_t generation;
	double visit_weight, clumping;
	struct round { /* the latest looks at all mappings, over the time of a window */
		uint64_t time_ns;
		double touched, pages;
		double seen; /* by samples; < 0: not yet asked */
	} round[DAMON_NR_WINDOWS];
	size_t at, nr; /* its page looks of this interval: pages[at, at + nr) */
	double *sum;   /* of the first i + 1 regions: how much is to be learned of them */
	size_t nr_sums, cap_sums;
	bool is_picked; /* 'sum' is of the regions as they are */
};

struct damon_checks {
	struct damon_view view;
	uint32_t max_targets;
	struct state *states; /* by slot */
	struct look *pages, *maps;
	uint64_t seen;			 /* page looks of this interval; [0, nr_pages) were kept */
	size_t nr_pages, nr_maps, max;	 /* 'max' is the room of each */
	struct damon_counts counts;	 /* of this interval */
	struct damon_page_check *sorted; /* of one target */
	struct rng rng, pick_rng;
};

struct damon_checks *damon_checks_new(const struct damon_core_params *p)
{
	struct damon_checks *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->view = (struct damon_view){MAX(p->sample_ns, 1ull), MAX(p->aggr_ns, 1ull), {1, 1, 1}};
	s->max_targets = p->max_targets;
	s->max = p->batch_hits;
	rng_seed(&s->rng, p->seed + 1);
	rng_seed(&s->pick_rng, p->seed + 2);
	s->states = calloc(s->max_targets, sizeof(*s->states));
	s->pages = calloc(s->max, sizeof(*s->pages));
	s->maps = calloc(s->max, sizeof(*s->maps));
	s->sorted = calloc(s->max, sizeof(*s->sorted));
	if (s->states && s->pages && s->maps && s->sorted)
		return s;
	damon_checks_free(s);
	return NULL;
}

void damon_checks_free(struct damon_checks *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->states && i < s->max_targets; i++)
		free(s->states[i].sum);
	free(s->states);
	free(s->pages);
	free(s->maps);
	free(s->sorted);
	free(s);
}

/* ---- looks ---- */

/* Of a page, over about a sampling interval: what regions count. */
static bool is_page_look(const struct look *k)
{
	return k->nr == 1 && k->end == k->start + 1 && k->intervals >= .5 && k->intervals <= 2;
}

/* Which window the looks were over; DAMON_NR_WINDOWS: none. */
static enum damon_window window_of(const struct damon_checks *s, uint64_t span_ns)
{
	const uint64_t windows[] = {s->view.aggr_ns, NS_PER_SEC, 10 * NS_PER_SEC, 60 * NS_PER_SEC};
	enum damon_window w = 0;

	while (w < DAMON_NR_WINDOWS && (span_ns < windows[w] * .8 || span_ns > windows[w] * 1.2))
		w++;
	return w;
}

/* Adds a mapping to its round: a look much later than the first one begins another. */
static void add_round(struct damon_checks *s, struct state *t, const struct damon_check *k,
		      double pages)
{
	enum damon_window w = window_of(s, k->span_ns);
	struct round *r;

	if (w == DAMON_NR_WINDOWS)
		return;
	r = &t->round[w];
	if (!(r->pages > 0) || k->time_ns > r->time_ns + k->span_ns / 2)
		*r = (struct round){.time_ns = k->time_ns, .seen = -1};
	r->touched += MIN((double)k->touched, pages);
	r->pages += pages;
}

static void forget(struct state *t, uint32_t generation)
{
	*t = (struct state){
		.generation = generation, .sum = t->sum, .cap_sums = t->cap_sums, .at = t->at};
}

static void keep_map(struct damon_checks *s, const struct look *k)
{
	if (s->nr_maps < s->max)
		s->maps[s->nr_maps++] = *k;
	else
		s->counts.check_thinned++;
}

/* As observations: beyond the room, a random subset stays. */
static void keep_page(struct damon_checks *s, const struct look *k)
{
	uint64_t at = s->seen++;

	if (at >= s->max) {
		s->counts.check_thinned++;
		at = rng_below(&s->rng, s->seen);
	} else {
		s->nr_pages++;
	}
	if (at < s->max)
		s->pages[at] = *k;
}

void damon_checks_take(struct damon_checks *s, const struct damon_proc *p,
		       const struct damon_check *k)
{
	struct look l = {.start = k->start >> DAMON_PAGE_SHIFT,
			 .end = k->end >> DAMON_PAGE_SHIFT,
			 .intervals = (double)k->span_ns / s->view.sample_ns,
			 .nr = k->nr,
			 .touched = MIN(k->touched, k->nr)};
	struct state *t;

	if (l.start >= l.end || !k->span_ns)
		return;
	if (!p || !p->target || p->target->slot >= s->max_targets) {
		s->counts.check_no_target++;
		return;
	}
	s->counts.checks++;
	l.slot = p->target->slot;
	t = &s->states[l.slot];
	if (t->generation != p->target->generation)
		forget(t, p->target->generation);
	if (is_page_look(&l)) {
		keep_page(s, &l);
	} else if (p->space != p->target->space) {
		s->counts.check_no_region++; /* of another address space than the regions */
	} else {
		if (l.end - l.start > 1 || l.nr != 1)
			add_round(s, t, k, l.end - l.start);
		keep_map(s, &l);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct look *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

void damon_checks_begin(struct damon_checks *s)
{
	for (size_t i = 0; i < s->max_targets; i++)
		s->states[i].nr = 0;
	if (s->nr_pages)
		qsort(s->pages, s->nr_pages, sizeof(*s->pages), by_place);
	for (size_t i = 0; i < s->nr_pages; i++) {
		struct state *t = &s->states[s->pages[i].slot];

		if (!t->nr++)
			t->at = i;
	}
}

void damon_checks_end(struct damon_checks *s, struct damon_counts *add)
{
	*add = s->counts;
	s->counts = (struct damon_counts){0};
	s->nr_pages = s->nr_maps = s->seen = 0;
}

/* ---- the length of a visit ---- */

/* Looks that found an access, and how many were expected. */
struct surprise {
	double nr, touched, expected;
};

/* By what the regions that samples saw have counted. */
static struct surprise by_pages(const struct damon_checks *s, const struct damon_target_snapshot *t)
{
	struct surprise e = {0};

	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];

		if (!(r->weight > 0) || !(r->nr_checks > 0))
			continue;
		e.nr += r->nr_checks;
		e.touched += r->nr_touched;
		e.expected += r->nr_checks * damon_check_expected(t, r, &s->view, 1);
	}
	return e;
}

/*
 * Expected pages of a mapping. Only what is resident can have been accessed: the accesses are on
 * these pages, and unevenness that comes from the others is explained by that.
 */
static double expected_of(const struct damon_checks *s, const struct damon_target_snapshot *t,
			  const struct look *k)
{
	double resident = MIN((double)k->nr / (k->end - k->start), 1.0), sum = 0;
	size_t lo = 0, hi = t->nr_regions;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->regions[mid].end >> DAMON_PAGE_SHIFT <= k->start)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < t->nr_regions && t->regions[lo].start >> DAMON_PAGE_SHIFT < k->end; lo++) {
		struct damon_region r = t->regions[lo];
		double from = MAX(r.start >> DAMON_PAGE_SHIFT, k->start);
		double to = MIN(r.end >> DAMON_PAGE_SHIFT, k->end);

		r.evenness = MAX(r.evenness * resident, 1.0);
		sum += (to - from) * resident *
		       damon_check_expected(t, &r, &s->view, k->intervals / resident);
	}
	return sum;
}

/* By looks at mappings, and such as were over a longer time. */
static struct surprise by_maps(const struct damon_checks *s, const struct damon_target_snapshot *t,
			       uint32_t slot)
{
	double most = (double)s->view.aggr_ns / s->view.sample_ns;
	struct surprise e = {0};

	for (size_t i = 0; i < s->nr_maps; i++) {
		const struct look *k = &s->maps[i];

		if (k->slot != slot || !k->nr || k->intervals > most)
			continue;
		e.nr += k->nr;
		e.touched += k->touched;
		e.expected += expected_of(s, t, k);
	}
	return e;
}

/* Weight of a hit, over all regions: where a search for a visit's weight begins. */
static double hit_weight(const struct damon_target_snapshot *t)
{
	double hits = 0, weight = 0;

	for (size_t i = 0; i < t->nr_regions; i++) {
		hits += t->regions[i].nr_obs;
		weight += t->regions[i].weight;
	}
	return hits > 0 ? weight / hits : 0;
}

/*
 * The weight of a visit makes the expected number of pages touched that of those that were. It is
 * followed from one aggregation to the next, by a step or two: few looks are new in each. Looks
 * over sampling intervals are asked first: visits come in clumps, and over a second fewer pages
 * are touched than the same visits evenly spread would.
 */
static void fit_visits(const struct damon_checks *s, struct damon_target_snapshot *t, uint32_t slot)
{
	double hit = hit_weight(t), last = t->visit_weight;
	int steps = last > 0 ? 2 : 30;

	if (!(hit > 0))
		return;
	t->visit_weight = last > 0 ? last : hit / 1000;
	for (int i = 0; i < steps; i++) {
		struct surprise e = by_pages(s, t);
		double step;

		if (e.nr < least_looks)
			e = by_maps(s, t, slot);
		if (e.nr < least_looks) {
			t->visit_weight = last;
			return;
		}
		step = (e.expected + 1) / (e.touched + 1);
		t->visit_weight *= MIN(MAX(step, .25), 4.0);
		t->visit_weight = MIN(MAX(t->visit_weight, hit * 1e-9), hit * 100);
	}
}

/* ---- the end of an interval ---- */

static void enter_pages(struct damon_checks *s, const struct state *state,
			const struct damon_target *t)
{
	for (size_t i = 0; i < state->nr; i++) {
		const struct look *k = &s->pages[state->at + i];

		s->sorted[i] = (struct damon_page_check){k->start, k->intervals, k->touched};
	}
	s->counts.check_no_region += damon_est_check(t->est, s->sorted, state->nr);
}

void damon_checks_enter(struct damon_checks *s, const struct damon_target *t, uint64_t end_ns,
			struct damon_target_snapshot *out)
{
	struct state *state = &s->states[t->slot];

	if (state->generation != t->generation)
		forget(state, t->generation);
	enter_pages(s, state, t);
	out->visit_weight = state->visit_weight;
	fit_visits(s, out, t->slot);
	state->visit_weight = out->visit_weight;
	state->clumping = out->clumping;
	state->is_picked = false;
	for (size_t w = 0; w < DAMON_NR_WINDOWS; w++) {
		struct round *r = &state->round[w];
		double late = end_ns > r->time_ns ? (double)(end_ns - r->time_ns) : 0;

		if (r->seen < 0)
			r->seen = out->wset[w].d;
		if (r->pages > 0 && late <= 1.5 * out->wset[w].span_ns)
			out->checked[w] =
				(struct damon_wset_check){r->touched, r->pages, r->seen, late};
	}
}

/* ---- picking ---- */

/*
 * What a look at a page of 'r' is worth: with shares of error n sigma / sqrt(m) in regions of n
 * pages, the sum is least if each has looks by (n sigma)^(2/3); drawing by n sigma / sqrt(m), m
 * being those that it has had, leads there.
 */
static double worth(const struct damon_checks *s, const struct damon_target_snapshot *t,
		    const struct damon_region *r)
{
	double guess = .1; /* as long as nothing is known of visits */
	double prior = t->visit_weight > 0 ? damon_check_expected(t, r, &s->view, 1) : guess;
	double n = r->nr_checks + damon_check_prior;
	double f = (r->nr_touched + damon_check_prior * prior + .5) / (n + 1);

	return pages_of(r) * sqrt(f * (1 - f) / n);
}

static int sum_up(struct damon_checks *s, struct state *state, const struct damon_region *r,
		  size_t n)
{
	struct damon_target_snapshot t = {.visit_weight = state->visit_weight,
					  .clumping = state->clumping};
	double sum = 0, even;

	if (vec_reserve(&state->sum, &state->cap_sums, n, sizeof(*state->sum)))
		return -1;
	for (size_t i = 0; i < n; i++)
		state->sum[i] = sum += worth(s, &t, &r[i]);
	even = sum * every_region / (1 - every_region) / MAX(n, (size_t)1);
	for (size_t i = 0; i < n; i++)
		state->sum[i] += even * (i + 1);
	state->nr_sums = n;
	state->is_picked = true;
	return 0;
}

/* First region whose sum is beyond 'at'. */
static size_t region_at(const struct state *t, double at)
{
	size_t lo = 0, hi = t->nr_sums - 1;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->sum[mid] <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t damon_checks_pick(struct damon_checks *s, const struct damon_target *t, uint64_t *addr,
			 size_t n)
{
	struct state *state = &s->states[t->slot];
	const struct damon_region *r;
	size_t nr;
	double step;

	if (!t->est || state->generation != t->generation)
		return 0;
	r = damon_est_regions(t->est, &nr);
	if (!nr || (!state->is_picked && sum_up(s, state, r, nr)))
		return 0;
	step = state->sum[nr - 1] / MAX(n, (size_t)1);
	for (size_t i = 0; i < n; i++) {
		const struct damon_region *x =
			&r[region_at(state, (i + rng_unit(&s->pick_rng)) * step)];
		uint64_t pages = (x->end - x->start) >> DAMON_PAGE_SHIFT;

		addr[i] = x->start + (rng_below(&s->pick_rng, pages) << DAMON_PAGE_SHIFT);
	}
	return n;
}
