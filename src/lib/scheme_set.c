/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/out.h"
#include "lib/scheme_set.h"

static void free_strings(struct damos *s)
{
	for (size_t i = 0; i < s->nr_filters; i++)
		free((char *)s->filters[i].memcg);
}

void scheme_set_free(struct scheme_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++)
		free_strings(&set->s[i]);
	free(set->s);
	free(set->actions);
	free(set);
}

/* What the caller's string points to is the caller's. */
static int own_strings(struct damos *s)
{
	int err = 0;

	for (size_t i = 0; i < s->nr_filters; i++) {
		struct damos_filter *f = &s->filters[i];
		bool has = f->type == DAMOS_FILTER_MEMCG && f->memcg;

		f->memcg = has ? strdup(f->memcg) : NULL;
		if (has && !f->memcg)
			err = -ENOMEM;
	}
	return err;
}

static int find_action(const struct damos *s, const struct damon_action **out,
		       struct damon_fail *why)
{
	const struct damon_action *a = s->action ? damon_action_find(s->action) : NULL;

	if (!a) {
		damon_fail(why, EINVAL, "there is no action '%s'", s->action ? s->action : "");
		damon_fail_remedy(why, "'damon-perf check' lists them");
		return -EINVAL;
	}
	*out = a;
	return 0;
}

/* -EPERM and -EACCES of a probe: only rights are missing. */
static int probe(const struct damon_sys *sys, const struct damon_action *a, bool dry_run,
		 struct damon_fail *why)
{
	struct damon_fail f = {0};
	int err = a->probe(sys, &f);

	if (!err || (dry_run && (err == -EPERM || err == -EACCES)))
		return 0;
	*why = f;
	return err;
}

/* A scheme of the caller's as ours: fields that it does not know keep their defaults. */
static int take(const struct damon_sys *sys, const struct damos *in, bool dry_run,
		struct damos *out, const struct damon_action **action, struct damon_fail *why)
{
	struct damos s;
	int err;

	damos_init(&s);
	in_copy(s, in);
	if (s.nr_filters > DAMOS_MAX_FILTERS || s.nr_dests > DAMOS_MAX_DESTS ||
	    s.quota.nr_goals > DAMOS_MAX_GOALS)
		return damon_fail(why, EINVAL,
				  "a scheme has at most %d filters, %d destinations and %d goals",
				  DAMOS_MAX_FILTERS, DAMOS_MAX_DESTS, DAMOS_MAX_GOALS);
	err = find_action(&s, action, why);
	if (!err)
		err = probe(sys, *action, dry_run, why);
	if (err)
		return err;
	s.action = (*action)->name;
	err = own_strings(&s);
	*out = s;
	return err ? damon_fail(why, ENOMEM, "out of memory") : 0;
}

static const struct damos *at(const struct damos *s, size_t i)
{
	return (const struct damos *)((const char *)s + i * s->size);
}

int scheme_set_new(const struct damon_sys *sys, const struct damos *s, size_t n, bool dry_run,
		   struct scheme_set **out, struct damon_fail *why)
{
	struct scheme_set *set;
	int err = 0;

	if (n > SCHEMES_MAX)
		return damon_fail(why, EINVAL, "more than %d schemes", SCHEMES_MAX);
	if (n && s->size < offsetof(struct damos, sz))
		return damon_fail(why, EINVAL, "a scheme of %zu bytes is none", s->size);
	set = calloc(1, sizeof(*set));
	if (!set)
		return damon_fail(why, ENOMEM, "out of memory");
	set->s = calloc(n ? n : 1, sizeof(*set->s));
	set->actions = calloc(n ? n : 1, sizeof(*set->actions));
	if (!set->s || !set->actions)
		err = damon_fail(why, ENOMEM, "out of memory");
	for (; !err && set->n < n; set->n += !err)
		err = take(sys, at(s, set->n), dry_run, &set->s[set->n], &set->actions[set->n],
			   why);
	if (err) {
		set->n += set->s && set->n < n; /* the one that failed may own strings */
		scheme_set_free(set);
		return err;
	}
	*out = set;
	return 0;
}
