/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "action/filter.h"
#include "lib/out.h"
#include "lib/schemes/scheme_set.h"

static void free_strings(struct damos *s)
{
	for (size_t i = 0; i < s->nr_filters; i++)
		free((char *)s->filters[i].memcg);
	for (size_t i = 0; i < s->quota.nr_goals; i++)
		free((char *)s->quota.goals[i].memcg);
}

void scheme_set_free(struct scheme_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++)
		free_strings(&set->s[i]);
	free(set->s);
	free(set->actions);
	free(set->off);
	free(set->refused);
	free(set->told);
	free(set);
}

/* false: no memory. What is not used is not looked at. */
static bool own_text(const char **text, bool used)
{
	bool has = used && *text;

	*text = has ? strdup(*text) : NULL;
	return !has || *text;
}

/* What the caller's string points to is the caller's. */
static int own_strings(struct damos *s)
{
	bool ok = true;

	for (size_t i = 0; i < s->nr_filters; i++)
		ok &= own_text(&s->filters[i].memcg, s->filters[i].type == DAMOS_FILTER_MEMCG);
	for (size_t i = 0; i < s->quota.nr_goals; i++)
		ok &= own_text(&s->quota.goals[i].memcg,
			       damos_goal_has_memcg(s->quota.goals[i].metric));
	return ok ? 0 : -ENOMEM;
}

static bool is_rights(int err)
{
	return err == -EPERM || err == -EACCES;
}

/* What an action is asked to do; that it could not be done comes first, and hides that it makes no
 * sense. Returns -EINVAL or 0. */
static int check_sense(const struct damon_sys *sys, const struct damos *s,
		       const struct damon_action *action, struct damon_fail *why)
{
	struct damon_fail f = {0};
	int err = action->check ? action->check(sys, s, &f) : 0;

	if (err != -EINVAL)
		err = damon_page_filters_check(sys, s, &f);
	if (err != -EINVAL)
		return 0;
	*why = f;
	return err;
}

/* Can it work here? With 'refused', for a dry run, the reason goes there if it could elsewhere. */
static int check(const struct damon_sys *sys, const struct damos *s, struct damon_fail *refused,
		 const struct damon_action **action, struct damon_fail *why)
{
	struct damon_fail f = {0};
	int err = damon_action_check(sys, s, action, &f);

	if (!err)
		return 0;
	if (refused && err != -EINVAL && ((*action)->apply || is_rights(err))) {
		*refused = f;
		return check_sense(sys, s, *action, why);
	}
	if (err == -EINVAL && !*action)
		damon_fail_remedy(&f, "'damon-perf check' lists them");
	*why = f;
	return err;
}

/* A scheme of the caller's as ours: fields that it does not know keep their defaults. */
static int take(const struct damon_sys *sys, const struct damos *in, struct damon_fail *refused,
		struct damos *out, const struct damon_action **action, struct damon_fail *why)
{
	struct damos s;
	int err;

	damos_init(&s);
	in_copy(s, in);
	err = damos_validate(&s, why);
	if (!err)
		err = check(sys, &s, refused, action, why);
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
	set->s = calloc(n + 1, sizeof(*set->s));
	set->actions = calloc(n + 1, sizeof(*set->actions));
	set->off = calloc(n + 1, sizeof(*set->off));
	set->told = calloc(n + 1, sizeof(*set->told));
	set->refused = calloc(n + 1, sizeof(*set->refused));
	if (!set->s || !set->actions || !set->off || !set->told || !set->refused)
		err = damon_fail(why, ENOMEM, "out of memory");
	for (; !err && set->n < n; set->n += !err)
		err = take(sys, at(s, set->n), dry_run ? &set->refused[set->n] : NULL,
			   &set->s[set->n], &set->actions[set->n], why);
	if (err) {
		set->n += set->s && set->n < n; /* the one that failed may own strings */
		scheme_set_free(set);
		return err;
	}
	*out = set;
	return 0;
}
