/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One plan: of each scheme whose apply interval ended, the candidates in order of address, counted
 * by priority; from the highest on they are taken until the quota is used up, the last one cut.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "core/schemes/scheme_match.h"
#include "core/schemes/scheme_state.h"

/* What a plan is made of. */
struct plan {
	struct damon_schemes *e;
	uint32_t scheme;
	struct scheme *x; /* e->s[scheme] */
	const struct damon_snapshot *s;
	const struct damon_view *v;
	double most; /* that nr_accesses can be */
	/* of the target at hand */
	struct damos_passes passes;
	double surely_cool; /* the share of a page that is surely below what pages in use have */
	uint64_t least_idle_ns;		    /* that the scheme asks for */
	bool stays_idle[DAMOS_TRIAL_BANDS]; /* what has been idle for as long */
	const struct damos_applied_range *applied;
	size_t nr_applied;
	const struct damos_step *own;
	size_t nr_own;
	size_t first, first_pending; /* of this scheme's */
	uint64_t matched;	     /* bytes of the pattern */
	uint64_t room, planned;
	bool full;
};

/* ---- before: what all schemes share ---- */

static void drop_charged(struct damon_schemes *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->nr_pending; i++)
		if (e->pending[i].s)
			e->pending[kept++] = e->pending[i];
	e->nr_pending = kept;
}

static int derive_all(struct damon_schemes *e, const struct damon_snapshot *s,
		      const struct damon_view *v)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nr_targets; i++)
		n += s->targets[i].nr_regions;
	if (vec_reserve(&e->nr, &e->nr_cap, n, sizeof(*e->nr)))
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < s->nr_targets; i++) {
		const struct damon_target_snapshot *t = &s->targets[i];
		struct damon_target_sum sum = damon_target_sum(t, v);

		for (size_t j = 0; j < t->nr_regions; j++) {
			struct damon_region_rate rate;

			damon_region_derive(t, j, v, &sum, &rate);
			damon_region_nr_accesses(t, j, v, &rate, &e->nr[n].nr);
			e->nr[n++].share_hi = rate.share_hi;
		}
	}
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct damos_step *x = a, *y = b;

	if (x->target_id != y->target_id)
		return x->target_id < y->target_id ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

/* What the scheme has pending, by address. */
static int collect_own(struct damon_schemes *e, const struct scheme *x)
{
	e->nr_own = 0;
	if (vec_reserve(&e->own, &e->own_cap, e->nr_pending, sizeof(*e->own)))
		return -ENOMEM;
	for (size_t i = 0; i < e->nr_pending; i++) {
		const struct pending *p = &e->pending[i];

		if (p->s == x)
			e->own[e->nr_own++] = (struct damos_step){
				.target_id = p->target_id, .start = p->start, .end = p->end};
	}
	if (e->nr_own)
		qsort(e->own, e->nr_own, sizeof(*e->own), by_address);
	return 0;
}

/* ---- candidates ---- */

static int add_candidate(struct plan *p, const struct candidate *c)
{
	struct damon_schemes *e = p->e;
	struct candidate *last = e->nr_cand ? &e->cand[e->nr_cand - 1] : NULL;

	if (last && last->target == c->target && last->region == c->region &&
	    last->end == c->start && last->age == c->age && last->before == c->before &&
	    last->allowed == c->allowed) {
		last->end = c->end;
		return 0;
	}
	if (vec_reserve(&e->cand, &e->cand_cap, e->nr_cand + 1, sizeof(*e->cand)))
		return -ENOMEM;
	e->cand[e->nr_cand++] = *c;
	return 0;
}

/* A range of pages that begins at or behind 'at' bounds a piece; one that holds it, too. */
static bool bound(uint64_t start, uint64_t end, uint64_t at, uint64_t *next)
{
	*next = MIN(*next, start <= at ? end : start);
	return start <= at;
}

/*
 * The piece of a region that begins at c->start: up to 'to', or where filters, age, or what is
 * pending change. Returns whether it may be acted upon.
 */
static bool cut_piece(struct plan *p, const struct damon_region *r, uint64_t to,
		      struct candidate *c)
{
	const struct damos_pass *pass = p->passes.at, *end = pass + p->passes.n;
	uint64_t at = c->start, aggr_ns = p->e->aggr_ns;
	bool own = false;

	c->end = to;
	while (pass + 1 < end && pass[1].start <= at)
		pass++;
	if (pass + 1 < end)
		c->end = MIN(c->end, pass[1].start);
	c->age = damos_match_age(&p->x->s, p->x->kind.heat, r, p->most);
	c->before = r->age_aggrs;
	for (; p->nr_applied && p->applied->end <= at; p->nr_applied--)
		p->applied++;
	if (p->nr_applied && bound(p->applied->start, p->applied->end, at, &c->end)) {
		uint32_t age = damos_applied_age(p->applied->at_ns, p->s->end_ns, aggr_ns);

		c->age = MIN(c->age, age);
		c->before = MIN(c->before, age);
	}
	for (; p->nr_own && p->own->end <= at; p->nr_own--)
		p->own++;
	if (p->nr_own)
		own = bound(p->own->start, p->own->end, at, &c->end);
	c->allowed = pass->allowed;
	if (!pass->pass || !damos_within(&p->x->s.age_ns, (uint64_t)c->age * aggr_ns))
		return false;
	p->matched += c->end - at;
	return !own;
}

static uint64_t pages_of(const struct damon_region *r)
{
	return (r->end - r->start) >> DAMON_PAGE_SHIFT;
}

/* Is a region idle for more than that chance left it without a hit between pages in use? */
static bool is_idle(const struct plan *p, const struct damon_region *r, const struct derived *d)
{
	return !r->nr_ticks && d->nr.nr < .5 && d->share_hi <= p->surely_cool * (double)pages_of(r);
}

static int band_of(const struct plan *p, const struct damon_region *r)
{
	return damos_trial_band(r->idle_aggrs * p->e->aggr_ns, p->least_idle_ns);
}

static bool stays_idle(const struct plan *p, const struct damon_region *r, const struct derived *d)
{
	int band = band_of(p, r);

	return band >= 0 && p->stays_idle[band] && is_idle(p, r, d);
}

static int add_region(struct plan *p, size_t target, size_t i, const struct derived *d)
{
	const struct damon_target_snapshot *t = &p->s->targets[target];
	const struct damon_region *r = &t->regions[i];
	const struct scheme *x = p->x;
	struct damos_range part =
		damos_match_part(&x->s, x->kind.heat, t->regions, i, t->nr_regions, DAMOS_BORDER);
	struct candidate c = {
		.start = part.min, .target = target, .region = i, .nr_accesses = d->nr.nr};

	if (!damos_within(&x->s.sz, r->end - r->start) ||
	    (!damos_match_accesses(&x->s, x->kind.heat, &d->nr, p->most) && !stays_idle(p, r, d)))
		return 0;
	for (; c.start < part.max; c.start = c.end) {
		struct damos_rank rank = {r->end - r->start, 0, d->nr.nr, p->most};

		if (!cut_piece(p, r, part.max, &c))
			continue;
		rank.age_ns = (uint64_t)c.age * p->e->aggr_ns;
		c.priority = damos_priority(&x->s.quota, x->kind.heat, &rank);
		if (add_candidate(p, &c))
			return -ENOMEM;
	}
	return 0;
}

/* A quarter of what pages in use have in the mean. */
static double surely_cool(const struct damon_target_snapshot *t)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < t->nr_regions; i++)
		pages += t->regions[i].nr_ticks ? pages_of(&t->regions[i]) : 0;
	return pages ? .25 / (double)pages : 0;
}

/* Is the nr_accesses of a page in a band surely within the pattern? */
static bool passed_trial(const struct plan *p, const struct damon_target_snapshot *t, int band)
{
	const struct scheme *x = p->x;
	struct damon_target_snapshot page = *t;
	struct damon_region r = {.end = DAMON_PAGE_SIZE, .span_aggrs = 1, .evenness = 1};
	struct damon_region_rate rate = {0};
	struct damon_nr_accesses nr;

	rate.hi = damos_trial_bound(&x->trial, t->target_id, band) * p->v->scale.hi * NS_PER_SEC /
		  (double)p->e->aggr_ns;
	if (!isfinite(rate.hi))
		return false;
	page.regions = &r;
	page.nr_regions = 1;
	damon_region_nr_accesses(&page, 0, p->v, &rate, &nr);
	return damos_match_accesses(&x->s, x->kind.heat, &nr, p->most);
}

/* What became of memory that was idle for as long as the scheme asks, and which is so now. */
static int try_idle(struct plan *p, const struct damon_target_snapshot *t, const struct derived *d)
{
	struct scheme *x = p->x;
	uint64_t aggr_ns = p->e->aggr_ns;

	p->least_idle_ns = MAX(x->s.age_ns.min, aggr_ns);
	memset(p->stays_idle, 0, sizeof(p->stays_idle));
	p->surely_cool = surely_cool(t);
	if (!damos_match_wants_idle(&x->s, x->kind.heat, p->most) || !(p->v->scale.accesses > 0))
		return 0;
	if (damos_trial_count(&x->trial, t, p->s->end_ns, aggr_ns, p->least_idle_ns))
		return -ENOMEM;
	for (int i = 0; i < DAMOS_TRIAL_BANDS; i++)
		p->stays_idle[i] = passed_trial(p, t, i);
	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];
		int band = band_of(p, r);
		struct damos_range part;

		if (band < 0 || !is_idle(p, r, &d[i]))
			continue;
		part = damos_match_part(&x->s, x->kind.heat, t->regions, i, t->nr_regions,
					DAMOS_BORDER_TRIAL);
		if (damos_trial_add(&x->trial, t->target_id,
				    &(struct damos_trial_range){part.min, part.max, band}))
			return -ENOMEM;
	}
	return 0;
}

/* What of the scheme's pending steps is of target 'id'. */
static void begin_target(struct plan *p, const struct damon_target_snapshot *t)
{
	const struct damon_schemes *e = p->e;
	size_t lo = 0, hi = e->nr_own;

	damos_passes_of(&p->x->s, t->target_id, &p->passes);
	p->applied = damos_applied_of(&e->applied, t->target_id, t->space_id, &p->nr_applied);
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (e->own[mid].target_id < t->target_id)
			lo = mid + 1;
		else
			hi = mid;
	}
	p->own = e->own ? e->own + lo : NULL;
	p->nr_own = 0;
	while (lo + p->nr_own < e->nr_own && p->own[p->nr_own].target_id == t->target_id)
		p->nr_own++;
}

static int collect(struct plan *p)
{
	const struct derived *d = p->e->nr;

	p->e->nr_cand = 0;
	for (size_t i = 0; i < p->s->nr_targets; i++) {
		const struct damon_target_snapshot *t = &p->s->targets[i];

		if (try_idle(p, t, d))
			return -ENOMEM;
		begin_target(p, t);
		for (size_t j = 0; j < t->nr_regions; j++)
			if (add_region(p, i, j, d++))
				return -ENOMEM;
	}
	damos_trial_prune(&p->x->trial);
	return 0;
}

/* ---- choice ---- */

static int add_step(struct plan *p, const struct candidate *c, uint64_t start, uint64_t end)
{
	struct damon_schemes *e = p->e;
	const struct damon_target_snapshot *t = &p->s->targets[c->target];
	uint64_t past_ns = (uint64_t)c->before * e->aggr_ns;

	if (vec_reserve(&e->steps, &e->steps_cap, e->nr_steps + 1, sizeof(*e->steps)) ||
	    vec_reserve(&e->pending, &e->pending_cap, e->nr_pending + 1, sizeof(*e->pending)))
		return -ENOMEM;
	e->pending[e->nr_pending++] = (struct pending){
		.id = e->next_id,
		.s = p->x,
		.target_id = t->target_id,
		.window = p->x->budget.window,
		.start = start,
		.end = end,
		.at_ns = p->s->end_ns,
		.before_ns = p->s->end_ns - MIN(past_ns, p->s->end_ns),
	};
	e->steps[e->nr_steps++] = (struct damos_step){
		.id = e->next_id++,
		.scheme = p->scheme,
		.target_id = t->target_id,
		.space_id = t->space_id,
		.start = start,
		.end = end,
		.nr_accesses = c->nr_accesses,
		.age_aggrs = c->age,
		.allowed = c->allowed,
	};
	p->room -= p->room == UINT64_MAX ? 0 : end - start;
	p->planned += end - start;
	return 0;
}

/* A range of a candidate, or what the quota has left for it. */
static int take(struct plan *p, const struct candidate *c, uint64_t start, uint64_t end)
{
	struct damon_schemes *e = p->e;
	uint64_t grain = damos_grain(&p->x->kind);

	if (start >= end || p->full)
		return 0;
	if (e->nr_steps >= e->max_steps) {
		p->full = true;
		end = start;
	} else if (end - start > p->room) {
		p->full = p->x->budget.cut = true;
		end = MAX((start + p->room) / grain * grain, start);
	}
	if (p->full && (p->planned || start < end)) {
		p->x->goes_on = true;
		p->x->on_target = p->s->targets[c->target].target_id;
		p->x->on_addr = end;
	}
	return start < end ? add_step(p, c, start, end) : 0;
}

/* Does the candidate lie, at least in part, behind the place where the last plan ended? */
static bool is_behind(const struct plan *p, const struct candidate *c)
{
	uint32_t id = p->s->targets[c->target].target_id;

	return id != p->x->on_target ? id > p->x->on_target : c->end > p->x->on_addr;
}

/* All candidates of one priority, ranked[0, n): from where the last plan ended, if it did not end
 * with all. */
static int take_equals(struct plan *p, const uint32_t *ranked, size_t n)
{
	const struct candidate *cand = p->e->cand, *c;
	uint64_t from = 0;
	size_t first = 0;

	if (p->x->goes_on && n) {
		while (first < n && !is_behind(p, &cand[ranked[first]]))
			first++;
		first = first == n ? 0 : first;
		c = &cand[ranked[first]];
		if (p->s->targets[c->target].target_id == p->x->on_target &&
		    c->start < p->x->on_addr && p->x->on_addr < c->end)
			from = p->x->on_addr;
	}
	for (size_t i = 0; i < n && !p->full; i++) {
		c = &cand[ranked[(first + i) % n]];
		if (take(p, c, i || !from ? c->start : from, c->end))
			return -ENOMEM;
	}
	return n && from ? take(p, &cand[ranked[first]], cand[ranked[first]].start, from) : 0;
}

/* Counting sort by priority, the highest first, in order of address within each. */
static int choose(struct plan *p)
{
	struct damon_schemes *e = p->e;
	size_t count[DAMOS_MAX_PRIORITY + 2] = {0}, at = 0;

	if (vec_reserve(&e->ranked, &e->ranked_cap, e->nr_cand, sizeof(*e->ranked)))
		return -ENOMEM;
	for (size_t i = 0; i < e->nr_cand; i++)
		count[DAMOS_MAX_PRIORITY - e->cand[i].priority + 1]++;
	for (size_t i = 1; i < ARRAY_SIZE(count); i++)
		count[i] += count[i - 1];
	for (size_t i = 0; i < e->nr_cand; i++)
		e->ranked[count[DAMOS_MAX_PRIORITY - e->cand[i].priority]++] = i;
	/* now count[i] is the end of those of rank i */
	for (size_t i = 0; i <= DAMOS_MAX_PRIORITY && !p->full; i++) {
		if (take_equals(p, e->ranked + at, count[i] - at))
			return -ENOMEM;
		at = count[i];
	}
	if (!p->full)
		p->x->goes_on = false;
	return 0;
}

/* ---- after: what was chosen is young, and paid for ---- */

static int make_young(struct plan *p)
{
	struct damon_schemes *e = p->e;
	size_t n = e->nr_steps - p->first, at = 0;

	if (vec_reserve(&e->young, &e->young_cap, n, sizeof(*e->young)) ||
	    vec_reserve(&e->marks, &e->marks_cap, n, sizeof(*e->marks)))
		return -ENOMEM;
	memcpy(e->young, e->steps + p->first, n * sizeof(*e->young));
	qsort(e->young, n, sizeof(*e->young), by_address);
	while (at < n) {
		const struct damos_step *s = &e->young[at];
		size_t k = 0;

		for (; at < n && e->young[at].target_id == s->target_id; at++)
			e->marks[k++] = (struct damos_applied_range){
				e->young[at].start, e->young[at].end, p->s->end_ns};
		if (damos_applied_mark(&e->applied, s->target_id, s->space_id, e->marks, k))
			return -ENOMEM;
	}
	return 0;
}

static int finish(struct plan *p)
{
	struct scheme *x = p->x;
	size_t n = p->e->nr_steps - p->first;

	if (!n)
		return 0;
	if (vec_reserve(&x->tried, &x->tried_cap, n, sizeof(*x->tried)) ||
	    (x->kind.acts && make_young(p)))
		return -ENOMEM;
	memcpy(x->tried, p->e->steps + p->first, n * sizeof(*x->tried));
	x->nr_tried = n;
	damos_budget_plan(&x->budget, p->planned);
	return 0;
}

static int plan_scheme(struct plan *p, const struct damos_world *w)
{
	struct damon_schemes *e = p->e;
	struct scheme *x = p->x;

	if (collect_own(e, x) || collect(p))
		return -ENOMEM;
	x->stats.sz_now = p->matched;
	if (!damon_scheme_is_on(x, w->now_ns))
		return 0;
	p->first = e->nr_steps;
	p->first_pending = e->nr_pending;
	p->room = damos_budget_room(&x->budget, &x->s.quota, &x->kind,
				    damos_guard_limit(&x->guard, w->now_ns));
	x->stats.nr_snapshots++;
	if (choose(p) || finish(p)) {
		e->nr_steps = p->first;
		e->nr_pending = p->first_pending;
		return -ENOMEM;
	}
	return 0;
}

/* Has its apply interval ended? A quarter of an aggregation early is not early. */
static bool is_due(struct scheme *x, const struct damon_snapshot *s, uint64_t aggr_ns)
{
	uint64_t apply_ns = x->s.apply_ns;

	if (!x->planned) {
		x->planned = true;
		x->next_ns = s->start_ns + MAX(apply_ns, s->end_ns - s->start_ns);
	}
	if (s->end_ns + aggr_ns / 4 < x->next_ns)
		return false;
	x->next_ns += apply_ns;
	if (x->next_ns + apply_ns < s->end_ns) /* it was off for long */
		x->next_ns = s->end_ns + apply_ns;
	return true;
}

int damon_schemes_plan(struct damon_schemes *e, const struct damon_snapshot *s,
		       const struct damon_view *v, const struct damos_world *w)
{
	bool derived = false;

	e->nr_steps = 0;
	e->now_ns = MAX(e->now_ns, w->now_ns);
	drop_charged(e);
	damos_applied_prune(&e->applied, s, e->aggr_ns);
	for (size_t i = 0; i < e->n; i++) {
		struct plan p = {.e = e, .scheme = i, .x = e->s[i], .s = s, .v = v};

		if (damon_scheme_is_on(p.x, w->now_ns))
			damos_budget_roll(&p.x->budget, &p.x->s.quota, &p.x->kind, w,
					  p.x->guard.refault_bp);
		if (!is_due(p.x, s, e->aggr_ns))
			continue;
		if (!derived && derive_all(e, s, v))
			return -ENOMEM;
		derived = true;
		p.most = v->sample_ns ? (double)v->aggr_ns / v->sample_ns : 0;
		if (plan_scheme(&p, w))
			return -ENOMEM;
	}
	return 0;
}
