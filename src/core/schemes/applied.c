/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/schemes/applied.h"

void damos_applied_init(struct damos_applied *a, size_t max_ranges)
{
	*a = (struct damos_applied){.max_ranges = max_ranges ? max_ranges : 4096};
}

void damos_applied_release(struct damos_applied *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->t[i].r);
	free(a->t);
	free(a->spare);
	free(a->cost);
	*a = (struct damos_applied){0};
}

/* Index of the first target whose id is not below 'id'. */
static size_t place_of(const struct damos_applied *a, uint32_t id)
{
	size_t lo = 0, hi = a->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (a->t[mid].target_id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct damos_applied_target *find(const struct damos_applied *a, uint32_t id)
{
	size_t i = place_of(a, id);

	return i < a->n && a->t[i].target_id == id ? &a->t[i] : NULL;
}

void damos_applied_forget(struct damos_applied *a, uint32_t target_id)
{
	struct damos_applied_target *t = find(a, target_id);

	if (!t)
		return;
	free(t->r);
	memmove(t, t + 1, (size_t)(&a->t[a->n] - (t + 1)) * sizeof(*t));
	a->n--;
}

/* The target, empty if it is new or in another space. NULL: no memory. */
static struct damos_applied_target *provide(struct damos_applied *a, uint32_t id, uint32_t space)
{
	size_t i = place_of(a, id);

	if (i == a->n || a->t[i].target_id != id) {
		if (vec_reserve(&a->t, &a->cap, a->n + 1, sizeof(*a->t)))
			return NULL;
		memmove(&a->t[i + 1], &a->t[i], (a->n++ - i) * sizeof(*a->t));
		a->t[i] = (struct damos_applied_target){.target_id = id, .space_id = space};
	}
	if (a->t[i].space_id != space)
		a->t[i].n = 0;
	a->t[i].space_id = space;
	return &a->t[i];
}

/* A list that is being written, in order. */
struct list {
	struct damos_applied_range *r;
	size_t n;
};

static void put(struct list *l, uint64_t start, uint64_t end, uint64_t at_ns)
{
	struct damos_applied_range *last = l->n ? &l->r[l->n - 1] : NULL;

	if (start >= end)
		return;
	if (last && last->end == start && last->at_ns == at_ns)
		last->end = end;
	else
		l->r[l->n++] = (struct damos_applied_range){start, end, at_ns};
}

/* 'old' where 'r' is not, and 'r'. */
static void lay_over(struct list *out, const struct damos_applied_target *old,
		     const struct damos_applied_range *r, size_t n)
{
	uint64_t from = 0; /* all before is written */
	size_t i = 0;

	for (size_t j = 0; j < n; j++) {
		for (; i < old->n && old->r[i].start < r[j].start; i++) {
			put(out, MAX(old->r[i].start, from), MIN(old->r[i].end, r[j].start),
			    old->r[i].at_ns);
			if (old->r[i].end > r[j].start)
				break; /* what is left of it may stick out behind */
		}
		put(out, r[j].start, r[j].end, r[j].at_ns);
		from = r[j].end;
		while (i < old->n && old->r[i].end <= from)
			i++;
	}
	for (; i < old->n; i++)
		put(out, MAX(old->r[i].start, from), old->r[i].end, old->r[i].at_ns);
}

/* Bytes that look younger than they are once both are one. */
static double join_cost(const struct damos_applied_range *a, const struct damos_applied_range *b)
{
	double gap = (double)(b->start - a->end);

	if (a->at_ns == b->at_ns)
		return gap;
	return gap + (double)(a->at_ns < b->at_ns ? a->end - a->start : b->end - b->start);
}

static int by_cost(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The 'joins' cheapest joins cost less than '*dearest', or as much: '*equals' of these. */
static int price_joins(struct damos_applied *a, const struct list *l, size_t joins, double *dearest,
		       size_t *equals)
{
	size_t n = l->n - 1;

	if (vec_reserve(&a->cost, &a->cost_cap, n, sizeof(*a->cost)))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		a->cost[i] = join_cost(&l->r[i], &l->r[i + 1]);
	qsort(a->cost, n, sizeof(*a->cost), by_cost);
	*dearest = a->cost[joins - 1];
	for (*equals = 0; *equals < joins && a->cost[joins - 1 - *equals] == *dearest;)
		++*equals;
	return 0;
}

/* Joins the nearest until there are no more than may be. */
static int join_nearest(struct damos_applied *a, struct list *l)
{
	struct list out = {l->r, 1};
	struct damos_applied_range prev = l->r[0];
	double dearest;
	size_t equals;

	if (price_joins(a, l, l->n - a->max_ranges, &dearest, &equals))
		return -ENOMEM;
	for (size_t i = 1; i < l->n; i++) {
		struct damos_applied_range next = l->r[i], *last = &out.r[out.n - 1];
		double cost = join_cost(&prev, &next);

		prev = next;
		if (cost > dearest || (cost == dearest && !equals)) {
			put(&out, next.start, next.end, next.at_ns);
			continue;
		}
		equals -= cost == dearest;
		last->end = next.end;
		last->at_ns = MAX(last->at_ns, next.at_ns);
	}
	l->n = out.n;
	return 0;
}

/* Makes what was written into the spare list that of the target. */
static int commit(struct damos_applied *a, struct damos_applied_target *t, struct list *l)
{
	struct damos_applied_range *r = t->r;
	size_t cap = t->cap;

	if (l->n > a->max_ranges && join_nearest(a, l))
		return -ENOMEM;
	t->r = a->spare;
	t->cap = a->spare_cap;
	t->n = l->n;
	a->spare = r;
	a->spare_cap = cap;
	return 0;
}

int damos_applied_mark(struct damos_applied *a, uint32_t target_id, uint32_t space_id,
		       const struct damos_applied_range *r, size_t n)
{
	struct damos_applied_target *t = provide(a, target_id, space_id);
	struct list l = {0};

	if (!t || vec_reserve(&a->spare, &a->spare_cap, t->n + 2 * n, sizeof(*a->spare)))
		return -ENOMEM;
	l.r = a->spare;
	lay_over(&l, t, r, n);
	return commit(a, t, &l);
}

int damos_applied_undo(struct damos_applied *a, uint32_t target_id,
		       const struct damos_applied_range *r, uint64_t before_ns)
{
	struct damos_applied_target *t = find(a, target_id);
	struct list l = {0};

	if (!t)
		return 0;
	if (vec_reserve(&a->spare, &a->spare_cap, t->n + 2, sizeof(*a->spare)))
		return -ENOMEM;
	l.r = a->spare;
	for (size_t i = 0; i < t->n; i++) {
		const struct damos_applied_range *x = &t->r[i];
		uint64_t from = MIN(MAX(r->start, x->start), x->end);
		uint64_t to = MIN(MAX(r->end, from), x->end);

		if (x->at_ns != r->at_ns || from == to) {
			put(&l, x->start, x->end, x->at_ns);
			continue;
		}
		put(&l, x->start, from, x->at_ns);
		put(&l, from, to, before_ns);
		put(&l, to, x->end, x->at_ns);
	}
	return commit(a, t, &l);
}

const struct damos_applied_range *damos_applied_of(const struct damos_applied *a,
						   uint32_t target_id, uint32_t space_id, size_t *n)
{
	const struct damos_applied_target *t = find(a, target_id);

	*n = t && t->space_id == space_id ? t->n : 0;
	return *n ? t->r : NULL;
}

uint32_t damos_applied_age(uint64_t at_ns, uint64_t now_ns, uint64_t aggr_ns)
{
	uint64_t passed = now_ns > at_ns ? now_ns - at_ns : 0, aggrs;

	aggrs = aggr_ns ? (passed + aggr_ns / 2) / aggr_ns : 0;
	return (uint32_t)MIN(aggrs, (uint64_t)UINT32_MAX);
}

static void prune_target(struct damos_applied_target *t, const struct damon_target_snapshot *s,
			 uint64_t now_ns, uint64_t aggr_ns)
{
	size_t kept = 0, i = 0;

	for (size_t k = 0; k < t->n; k++) {
		const struct damos_applied_range x = t->r[k];
		uint32_t age = damos_applied_age(x.at_ns, now_ns, aggr_ns);
		bool matters = false;

		while (i < s->nr_regions && s->regions[i].end <= x.start)
			i++;
		for (size_t j = i; j < s->nr_regions && s->regions[j].start < x.end; j++)
			matters |= s->regions[j].age_aggrs > age;
		if (matters)
			t->r[kept++] = x;
	}
	t->n = kept;
}

void damos_applied_prune(struct damos_applied *a, const struct damon_snapshot *s, uint64_t aggr_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->nr_targets; i++) {
		const struct damon_target_snapshot *t = &s->targets[i];
		struct damos_applied_target *mine = find(a, t->target_id);

		if (mine && mine->space_id == t->space_id)
			prune_target(mine, t, s->end_ns, aggr_ns);
		else if (mine)
			mine->n = 0;
		if (mine)
			mine->seen = true;
	}
	for (size_t i = 0; i < a->n; i++) {
		bool seen = a->t[i].seen;

		a->t[i].seen = false;
		if (seen && a->t[i].n)
			a->t[kept++] = a->t[i];
		else
			free(a->t[i].r);
	}
	a->n = kept;
}
