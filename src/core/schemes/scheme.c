/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "core/schemes/scheme_state.h"

struct damon_schemes *damon_schemes_new(uint64_t aggr_ns)
{
	struct damon_schemes *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->aggr_ns = aggr_ns;
	e->next_id = 1;
	e->max_steps = 100000;
	damos_applied_init(&e->applied, 0);
	return e;
}

static void scheme_free(struct scheme *x)
{
	if (!x)
		return;
	free((char *)x->s.action);
	for (size_t i = 0; i < x->s.nr_filters; i++)
		free((char *)x->s.filters[i].memcg);
	for (size_t i = 0; i < x->s.quota.nr_goals; i++)
		free((char *)x->s.quota.goals[i].memcg);
	free(x->tried);
	damos_trial_release(&x->trial);
	free(x);
}

void damon_schemes_free(struct damon_schemes *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->n; i++)
		scheme_free(e->s[i]);
	free(e->s);
	damos_applied_release(&e->applied);
	free(e->steps);
	free(e->pending);
	free(e->nr);
	free(e->cand);
	free(e->ranked);
	free(e->own);
	free(e->young);
	free(e->marks);
	free(e);
}

/* ---- which schemes there are ---- */

/* false: no memory. NULL stays NULL. */
static bool own_text(const char **text)
{
	char *own = *text ? strdup(*text) : NULL;
	bool ok = !*text || own;

	*text = own;
	return ok;
}

static struct scheme *scheme_new(const struct damos *s, const struct damos_kind *kind)
{
	struct scheme *x = calloc(1, sizeof(*x));
	bool ok;

	if (!x)
		return NULL;
	x->s = *s;
	x->kind = *kind;
	ok = own_text(&x->s.action);
	for (size_t i = 0; i < s->nr_filters; i++)
		ok &= own_text(&x->s.filters[i].memcg);
	for (size_t i = 0; i < s->quota.nr_goals; i++)
		ok &= own_text(&x->s.quota.goals[i].memcg);
	if (!ok) {
		scheme_free(x);
		return NULL;
	}
	damos_wmark_init(&x->wmark);
	damos_budget_init(&x->budget, &x->s.quota);
	damos_guard_init(&x->guard, &damos_guard_defaults);
	return x;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_range(const struct damos_range *a, const struct damos_range *b)
{
	return a->min == b->min && a->max == b->max;
}

/* What user_input stands at is no part of a scheme. */
static bool same_goal(const struct damos_goal *a, const struct damos_goal *b)
{
	return a->metric == b->metric && a->target == b->target && a->nid == b->nid &&
	       same_text(a->memcg, b->memcg);
}

static bool same_quota(const struct damos_quota *a, const struct damos_quota *b)
{
	if (a->time_ns != b->time_ns || a->bytes != b->bytes || a->reset_ns != b->reset_ns ||
	    a->weight_size != b->weight_size || a->weight_accesses != b->weight_accesses ||
	    a->weight_age != b->weight_age || a->tuner != b->tuner || a->nr_goals != b->nr_goals ||
	    a->fail_charge_num != b->fail_charge_num ||
	    a->fail_charge_denom != b->fail_charge_denom)
		return false;
	for (size_t i = 0; i < a->nr_goals; i++)
		if (!same_goal(&a->goals[i], &b->goals[i]))
			return false;
	return true;
}

static bool same_filter(const struct damos_filter *a, const struct damos_filter *b)
{
	return a->type == b->type && !a->matching == !b->matching && !a->allow == !b->allow &&
	       a->start == b->start && a->end == b->end && a->target == b->target &&
	       same_range(&a->size, &b->size) && same_text(a->memcg, b->memcg);
}

static bool same_watermarks(const struct damos_watermarks *a, const struct damos_watermarks *b)
{
	return a->metric == b->metric && a->interval_ns == b->interval_ns && a->high == b->high &&
	       a->mid == b->mid && a->low == b->low;
}

static bool same_kind(const struct damos_kind *a, const struct damos_kind *b)
{
	return a->heat == b->heat && a->acts == b->acts && a->grain_bytes == b->grain_bytes &&
	       a->bytes_per_sec == b->bytes_per_sec;
}

static bool same_scheme(const struct damos *a, const struct damos *b)
{
	if (!same_text(a->action, b->action) || !same_range(&a->sz, &b->sz) ||
	    a->access_min != b->access_min || a->access_max != b->access_max ||
	    !same_range(&a->age_ns, &b->age_ns) || a->apply_ns != b->apply_ns ||
	    !same_quota(&a->quota, &b->quota) || !same_watermarks(&a->watermarks, &b->watermarks) ||
	    a->nr_filters != b->nr_filters || a->target_nid != b->target_nid ||
	    a->nr_dests != b->nr_dests || a->max_nr_snapshots != b->max_nr_snapshots ||
	    a->compare != b->compare || a->refault_max_bp != b->refault_max_bp)
		return false;
	for (size_t i = 0; i < a->nr_filters; i++)
		if (!same_filter(&a->filters[i], &b->filters[i]))
			return false;
	for (size_t i = 0; i < a->nr_dests; i++)
		if (a->dests[i].nid != b->dests[i].nid || a->dests[i].weight != b->dests[i].weight)
			return false;
	return true;
}

/* One of the engine's that is the same and not in to[0, n) yet, or a new one. */
static struct scheme *keep_or_make(const struct damon_schemes *e, const struct damos *s,
				   const struct damos_kind *kind, struct scheme *const *to,
				   size_t n)
{
	for (size_t i = 0; i < e->n; i++) {
		bool taken = false;

		for (size_t j = 0; j < n; j++)
			taken |= to[j] == e->s[i];
		if (!taken && same_kind(&e->s[i]->kind, kind) && same_scheme(&e->s[i]->s, s))
			return e->s[i];
	}
	return scheme_new(s, kind);
}

static bool holds(struct scheme *const *s, size_t n, const struct scheme *x)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == x)
			return true;
	return false;
}

/* Frees those of s[0, n) that are not in keep[0, nr). */
static void free_others(struct scheme **s, size_t n, struct scheme *const *keep, size_t nr)
{
	for (size_t i = 0; i < n; i++)
		if (!holds(keep, nr, s[i]))
			scheme_free(s[i]);
}

/* New values of user_input are taken over. */
static void take_feedback(struct scheme *x, const struct damos *s)
{
	for (size_t i = 0; i < s->quota.nr_goals; i++) {
		struct damos_goal *g = &x->s.quota.goals[i];

		if (g->metric == DAMOS_GOAL_USER_INPUT && g->current != s->quota.goals[i].current)
			damos_tuning_feedback(&x->budget.tuning, i,
					      (double)s->quota.goals[i].current);
		g->current = s->quota.goals[i].current;
	}
}

int damon_schemes_set(struct damon_schemes *e, const struct damos *s, const struct damos_kind *kind,
		      size_t n)
{
	struct scheme **to = calloc(MAX(n, (size_t)1), sizeof(*to));

	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		to[i] = keep_or_make(e, &s[i], &kind[i], to, i);
		if (to[i])
			continue;
		free_others(to, i, e->s, e->n);
		free(to);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		take_feedback(to[i], &s[i]);
	for (size_t i = 0; i < e->nr_pending; i++)
		if (e->pending[i].s && !holds(to, n, e->pending[i].s))
			e->pending[i].s = NULL;
	free_others(e->s, e->n, to, n);
	free(e->s);
	e->s = to;
	e->n = n;
	e->nr_steps = 0;
	return 0;
}

size_t damon_schemes_count(const struct damon_schemes *e)
{
	return e->n;
}

const struct damos *damon_schemes_at(const struct damon_schemes *e, size_t i)
{
	return &e->s[i]->s;
}

/* ---- on and off ---- */

bool damon_schemes_watch(struct damon_schemes *e, const struct damos_world *w, uint64_t *next_ns)
{
	bool any = !e->n;

	e->now_ns = MAX(e->now_ns, w->now_ns);
	*next_ns = UINT64_MAX;
	for (size_t i = 0; i < e->n; i++) {
		struct scheme *x = e->s[i];

		any |= damos_wmark_look(&x->wmark, &x->s.watermarks, w->free_mem_permil, w->now_ns);
		*next_ns = MIN(*next_ns, x->wmark.next_ns);
	}
	return any;
}

void damon_schemes_switch(struct damon_schemes *e, size_t i, bool on)
{
	e->s[i]->off = !on;
}

bool damon_scheme_is_on(const struct scheme *x, uint64_t now_ns)
{
	return !x->off && x->wmark.on && !damon_scheme_has_ended(x) &&
	       damos_guard_state(&x->guard, now_ns) != DAMOS_PAUSED;
}

/* ---- results ---- */

static struct pending *find_pending(struct damon_schemes *e, uint64_t id)
{
	size_t lo = 0, hi = e->nr_pending;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (e->pending[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < e->nr_pending && e->pending[lo].id == id && e->pending[lo].s ? &e->pending[lo]
										 : NULL;
}

static void count(struct damos_stats *s, const struct damos_result *r)
{
	int verified = r->verified;

	if (s->nr_tried && r->tried && verified != s->verified)
		verified = -1; /* some were looked at */
	if (r->tried)
		s->verified = verified;
	s->nr_tried += r->tried > 0;
	s->sz_tried += r->tried;
	s->nr_applied += r->applied > 0;
	s->sz_applied += r->applied;
	s->sz_filter_passed += r->filter_passed;
	s->sz_skipped += r->skipped;
	s->sz_failed += r->failed;
	s->sz_dropped += r->dropped;
	s->busy_ns += r->busy_ns;
	if (r->reason[0])
		snprintf(s->reason, sizeof(s->reason), "%.*s", (int)sizeof(r->reason) - 1,
			 r->reason);
}

void damon_schemes_charge(struct damon_schemes *e, const struct damos_result *r)
{
	struct pending *p = find_pending(e, r->id);
	struct damos_result whole = *r;

	if (!p)
		return;
	whole.dropped = MIN(r->dropped, p->end - p->start);
	whole.tried = p->end - p->start - whole.dropped;
	count(&p->s->stats, &whole);
	damos_budget_charge(&p->s->budget, &p->s->s.quota, p->window, &whole);
	damos_guard_applied(&p->s->guard, (double)whole.applied, e->now_ns);
	if (whole.dropped && p->s->kind.acts) {
		struct damos_applied_range range = {p->start + whole.tried, p->end, p->at_ns};

		/* without memory it stays young, and is looked at again later */
		(void)damos_applied_undo(&e->applied, p->target_id, &range, p->before_ns);
	}
	p->s = NULL;
}

uint64_t damon_schemes_time_left(const struct damon_schemes *e, size_t i)
{
	return damos_budget_time(&e->s[i]->budget, &e->s[i]->s.quota);
}

static uint64_t quota_of(const struct damon_schemes *e, const struct scheme *x)
{
	return damos_budget_effective(&x->budget, &x->s.quota, &x->kind,
				      damos_guard_limit(&x->guard, e->now_ns));
}

void damon_schemes_refault(struct damon_schemes *e, size_t i, double looked, double back,
			   uint64_t now_ns)
{
	struct scheme *x = e->s[i];

	e->now_ns = MAX(e->now_ns, now_ns);
	damos_guard_refault(&x->guard, x->s.refault_max_bp, looked, back, quota_of(e, x),
			    x->s.quota.reset_ns, damos_grain(&x->kind), now_ns);
}

void damon_schemes_feedback(struct damon_schemes *e, size_t i, size_t goal, uint64_t current)
{
	damos_tuning_feedback(&e->s[i]->budget.tuning, goal, (double)current);
}

void damon_schemes_forget(struct damon_schemes *e, uint32_t target_id)
{
	damos_applied_forget(&e->applied, target_id);
}

/* ---- what is told ---- */

static enum damos_state state_of(const struct damon_schemes *e, const struct scheme *x)
{
	if (x->off)
		return DAMOS_SWITCHED_OFF;
	if (damon_scheme_has_ended(x))
		return DAMOS_ENDED;
	if (!x->wmark.on)
		return DAMOS_WMARK_OFF;
	return damos_guard_state(&x->guard, e->now_ns);
}

static void wmark_reason(const struct scheme *x, char *out, size_t size)
{
	const struct damos_watermarks *w = &x->s.watermarks;
	double permil = x->wmark.permil;

	if (permil > w->high)
		snprintf(out, size, "free memory is %.1f %%, above %.1f %%", permil / 10,
			 w->high / 10.);
	else if (permil < w->low)
		snprintf(out, size, "free memory is %.1f %%, below %.1f %%", permil / 10,
			 w->low / 10.);
	else
		snprintf(out, size, "free memory is %.1f %%, not below %.1f %% since it was off",
			 permil / 10, w->mid / 10.);
}

/* A scheme that is on and still can do nothing says why. */
static void on_reason(const struct damon_schemes *e, const struct scheme *x, char *out, size_t size)
{
	uint64_t bytes = x->s.quota.bytes, grain = damos_grain(&x->kind);
	char a[DAMON_UNITS_MAX], b[DAMON_UNITS_MAX];
	bool measured = !x->s.quota.nr_goals || !x->budget.begun;

	for (size_t i = 0; i < x->s.quota.nr_goals; i++)
		measured |= !isnan(x->budget.tuning.current[i]);
	if (bytes && bytes < grain)
		snprintf(out, size, "a quota of %s is less than the %s that it works on at once",
			 damon_print_bytes(a, (double)bytes), damon_print_bytes(b, (double)grain));
	else if (!measured)
		snprintf(out, size, "no goal of its quota could be measured");
	else
		damos_guard_reason(&x->guard, e->now_ns, out, size);
}

static void reason_of(const struct damon_schemes *e, const struct scheme *x, enum damos_state state,
		      char *out, size_t size)
{
	out[0] = '\0';
	if (state == DAMOS_SWITCHED_OFF)
		snprintf(out, size, "by hand");
	else if (state == DAMOS_ENDED)
		snprintf(out, size, "it has looked at as many snapshots as it should");
	else if (state == DAMOS_WMARK_OFF)
		wmark_reason(x, out, size);
	else
		on_reason(e, x, out, size);
}

void damon_schemes_stats(const struct damon_schemes *e, size_t i, struct damos_stats *s)
{
	const struct scheme *x = e->s[i];

	*s = x->stats;
	s->size = sizeof(*s);
	s->action = x->s.action;
	s->qt_exceeds = x->budget.exceeds;
	s->quota_bytes = quota_of(e, x);
	s->quota_used = x->budget.used;
	s->refault_bp = isnan(x->guard.refault_bp) ? -1 : x->guard.refault_bp;
	for (size_t g = 0; g < x->s.quota.nr_goals; g++) {
		double current = x->budget.tuning.current[g];

		s->goal_current[g] = isnan(current) ? 0 : (uint64_t)MIN(round(current), 0x1p63);
	}
	s->state = state_of(e, x);
	reason_of(e, x, s->state, s->state_reason, sizeof(s->state_reason));
}

const struct damos_step *damon_schemes_steps(const struct damon_schemes *e, size_t *n)
{
	*n = e->nr_steps;
	return e->steps;
}

const struct damos_step *damon_schemes_tried(const struct damon_schemes *e, size_t i, size_t *n)
{
	*n = e->s[i]->nr_tried;
	return e->s[i]->tried;
}

/* ---- ages ---- */

/* The mean age of what of 'r' was acted upon, if that is most of it; else that of 'r'. */
static uint32_t age_left(const struct damon_region *r, const struct damos_applied_range *x,
			 size_t n, uint64_t now_ns, uint64_t aggr_ns)
{
	double covered = 0, sum = 0;

	for (size_t i = 0; i < n && x[i].start < r->end; i++) {
		uint64_t from = MAX(x[i].start, r->start), to = MIN(x[i].end, r->end);
		uint32_t age = damos_applied_age(x[i].at_ns, now_ns, aggr_ns);

		if (from >= to || age >= r->age_aggrs)
			continue;
		covered += (double)(to - from);
		sum += (double)(to - from) * age;
	}
	if (covered * 2 <= (double)(r->end - r->start))
		return r->age_aggrs;
	return (uint32_t)(sum / covered);
}

void damon_schemes_age(const struct damon_schemes *e, struct damon_snapshot *s)
{
	for (size_t i = 0; i < s->nr_targets; i++) {
		struct damon_target_snapshot *t = &s->targets[i];
		size_t n;
		const struct damos_applied_range *x =
			damos_applied_of(&e->applied, t->target_id, t->space_id, &n);

		for (size_t j = 0; j < t->nr_regions && n; j++) {
			struct damon_region *r = &t->regions[j];

			for (; n && x->end <= r->start; n--)
				x++;
			r->age_aggrs = age_left(r, x, n, s->end_ns, e->aggr_ns);
		}
	}
}
