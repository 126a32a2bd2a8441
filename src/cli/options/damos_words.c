/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "cli/options/damos_words.h"
#include "config/scheme.h"

static int refuse_extra(const struct words_by *b, const struct words *u, size_t most)
{
	refuse(&b->is, &u->at, "'%.60s' is one word too many", u->words[most]);
	damon_fail_remedy(b->is.fail, "put '--' before a command to run");
	return -EINVAL;
}

/* ---- what each option says ---- */

static int apply_node(const struct words_by *b, const struct words *u, struct damos *s)
{
	uint64_t nid = 0;
	int err = value_count(&b->is, &u->at, u->words[0], INT16_MAX, &nid);

	if (!err)
		s->target_nid = (int)nid;
	return err;
}

/* NODE WEIGHT, in turn. */
static int apply_dests(const struct words_by *b, const struct words *u, struct damos *s)
{
	if (u->nr % 2)
		return refuse(&b->is, &u->at, "node '%.60s' has no weight", u->words[u->nr - 1]);
	s->nr_dests = 0;
	for (size_t i = 0; i < u->nr; i += 2) {
		struct damos_dest *d = scheme_add_dest(&b->is, &u->at, s);
		uint64_t nid = 0, weight = 0;

		if (!d || value_count(&b->is, &u->at, u->words[i], INT16_MAX, &nid) ||
		    value_count(&b->is, &u->at, u->words[i + 1], UINT32_MAX, &weight))
			return -EINVAL;
		*d = (struct damos_dest){(int)nid, (uint32_t)weight};
	}
	return 0;
}

static int apply_action(const struct words_by *b, const struct words *u, struct damos *s)
{
	struct words rest = {u->at, u->words + 1, u->nr - 1};
	int i = 0;
	int err = value_word(&b->is, &u->at, u->words[0], "an action", scheme_actions, &i);

	if (err)
		return err;
	s->action = scheme_actions[i].name;
	if (!rest.nr)
		return 0;
	if (!scheme_migrates(s))
		return refuse_extra(b, u, 1);
	return rest.nr == 1 ? apply_node(b, &rest, s) : apply_dests(b, &rest, s);
}

static int apply_sizes(const struct words_by *b, const struct words *u, struct damos *s)
{
	int err = value_bytes(&b->is, &u->at, u->words[0], &s->sz.min);

	return err ? err : value_bytes(&b->is, &u->at, u->words[1], &s->sz.max);
}

static int apply_rates(const struct words_by *b, const struct words *u, struct damos *s)
{
	int err = value_rate(&b->is, &u->at, u->words[0], b->attrs, &s->access_min);

	return err ? err : value_rate(&b->is, &u->at, u->words[1], b->attrs, &s->access_max);
}

static int apply_ages(const struct words_by *b, const struct words *u, struct damos *s)
{
	int err = value_age(&b->is, &u->at, u->words[0], b->attrs, &s->age_ns.min);

	return err ? err : value_age(&b->is, &u->at, u->words[1], b->attrs, &s->age_ns.max);
}

static int apply_interval(const struct words_by *b, const struct words *u, struct damos *s)
{
	return value_time(&b->is, &u->at, u->words[0], NS_PER_US, &s->apply_ns);
}

static int apply_quota_interval(const struct words_by *b, const struct words *u, struct damos *s)
{
	return value_time(&b->is, &u->at, u->words[0], NS_PER_MS, &s->quota.reset_ns);
}

static int apply_quota_time(const struct words_by *b, const struct words *u, struct damos *s)
{
	return value_time(&b->is, &u->at, u->words[0], NS_PER_MS, &s->quota.time_ns);
}

static int apply_quota_space(const struct words_by *b, const struct words *u, struct damos *s)
{
	return value_bytes(&b->is, &u->at, u->words[0], &s->quota.bytes);
}

static int apply_weights(const struct words_by *b, const struct words *u, struct damos *s)
{
	uint32_t *const weights[] = {&s->quota.weight_size, &s->quota.weight_accesses,
				     &s->quota.weight_age};
	int err = 0;

	for (size_t i = 0; i < MIN(u->nr, ARRAY_SIZE(weights)) && !err; i++)
		err = value_part(&b->is, &u->at, u->words[i], 1000, weights[i]);
	return err;
}

/* Words from the i-th on; there are more than i. */
static struct words words_from(const struct words *u, size_t i)
{
	return (struct words){u->at, u->words + i, u->nr - i};
}

/* Without the third word it is a quota for once and all, as damo has it. */
static int apply_quotas(const struct words_by *b, const struct words *u, struct damos *s)
{
	static int (*const parts[])(const struct words_by *b, const struct words *u,
				    struct damos *s) = {
		apply_quota_time, apply_quota_space, apply_quota_interval,
		apply_weights, /* all that are left */
	};
	int err = 0;

	if (u->nr > 6)
		return refuse_extra(b, u, 6);
	s->quota.reset_ns = UINT64_MAX;
	for (size_t i = 0; i < MIN(u->nr, ARRAY_SIZE(parts)) && !err; i++) {
		struct words rest = words_from(u, i);

		err = parts[i](b, &rest, s);
	}
	return err;
}

static int apply_goal(const struct words_by *b, const struct words *u, struct damos *s)
{
	struct damos_goal *g = scheme_add_goal(&b->is, &u->at, s);
	uint64_t nid = 0;
	bool of_node, of_memcg;
	int err;

	if (!g)
		return -EINVAL;
	err = value_word(&b->is, &u->at, u->words[0], "a metric of goals", scheme_metrics,
			 (int *)&g->metric);
	if (err)
		return err;
	of_node = scheme_metric_has_node(g->metric);
	of_memcg = scheme_metric_has_memcg(g->metric);
	if (u->nr < 2)
		return refuse(&b->is, &u->at, "'%s' needs a value to reach", u->words[0]);
	if (u->nr < 3 && of_node)
		return refuse(&b->is, &u->at, "'%s' needs a node", u->words[0]);
	if (of_memcg && (u->nr < 4 || u->words[3][0] != '/'))
		return refuse(&b->is, &u->at,
			      "'%s' needs the path of a cgroup, which begins with '/'",
			      u->words[0]);
	if (u->nr > 3u + of_memcg)
		return refuse_extra(b, u, 3 + of_memcg);
	err = scheme_goal_target(&b->is, &u->at, u->words[1], g);
	if (err || u->nr < 3)
		return err;
	err = value_count(&b->is, &u->at, u->words[2], of_node ? INT16_MAX : UINT64_MAX,
			  of_node ? &nid : &g->current);
	g->nid = (int)nid;
	if (err || !of_memcg)
		return err;
	g->memcg = strdup(u->words[3]);
	return g->memcg ? 0 : refuse_memory(&b->is);
}

static int apply_charge(const struct words_by *b, const struct words *u, struct damos *s)
{
	uint64_t num, denom;
	int err = value_count(&b->is, &u->at, u->words[0], UINT32_MAX, &num);

	if (!err)
		err = value_count(&b->is, &u->at, u->words[1], UINT32_MAX, &denom);
	if (err)
		return err;
	s->quota.fail_charge_num = (uint32_t)num;
	s->quota.fail_charge_denom = (uint32_t)denom;
	return 0;
}

static int apply_tuner(const struct words_by *b, const struct words *u, struct damos *s)
{
	return value_word(&b->is, &u->at, u->words[0], "a tuner", scheme_tuners,
			  (int *)&s->quota.tuner);
}

static int apply_watermarks(const struct words_by *b, const struct words *u, struct damos *s)
{
	struct damos_watermarks *w = &s->watermarks;
	uint32_t *const marks[] = {&w->high, &w->mid, &w->low};
	int err = value_word(&b->is, &u->at, u->words[0], "a metric of watermarks", scheme_wmarks,
			     (int *)&w->metric);

	if (!err)
		err = value_time(&b->is, &u->at, u->words[1], NS_PER_US, &w->interval_ns);
	for (size_t i = 0; i < ARRAY_SIZE(marks) && !err; i++)
		err = value_part(&b->is, &u->at, u->words[2 + i], 1000, marks[i]);
	return err;
}

static int apply_snapshots(const struct words_by *b, const struct words *u, struct damos *s)
{
	return value_count(&b->is, &u->at, u->words[0], UINT64_MAX, &s->max_nr_snapshots);
}

static int apply_compare(const struct words_by *b, const struct words *u, struct damos *s)
{
	return value_word(&b->is, &u->at, u->words[0], "a comparison", scheme_compares,
			  (int *)&s->compare);
}

static int apply_refault(const struct words_by *b, const struct words *u, struct damos *s)
{
	uint32_t percent_bp = 0;
	char text[40];
	int err;

	/* a bare number is of percent, as of every percentage on a command line */
	snprintf(text, sizeof(text), "%.30s%s", u->words[0],
		 strpbrk(u->words[0], "%bp") ? "" : "%");
	err = value_part(&b->is, &u->at, text, 10000, &percent_bp);
	if (!err)
		s->refault_max_bp = percent_bp;
	return err;
}

/* ---- filters ---- */

static int read_two(const struct words_by *b, const struct words *u, uint64_t *first,
		    uint64_t *second)
{
	if (u->nr < 2)
		return refuse(&b->is, &u->at, "two numbers are missing");
	if (value_bytes(&b->is, &u->at, u->words[0], first) ||
	    value_bytes(&b->is, &u->at, u->words[1], second))
		return -EINVAL;
	return 2;
}

/* The argument of a filter's type: how many words it was, or -errno. */
static int read_argument(const struct words_by *b, const struct words *u, struct damos_filter *f)
{
	uint64_t n = 0;

	switch (f->type) {
	case DAMOS_FILTER_ADDR:
		return read_two(b, u, &f->start, &f->end);
	case DAMOS_FILTER_HUGEPAGE_SIZE:
		return read_two(b, u, &f->size.min, &f->size.max);
	case DAMOS_FILTER_TARGET:
		if (!u->nr)
			return refuse(&b->is, &u->at, "the number of a target is missing");
		if (value_count(&b->is, &u->at, u->words[0], UINT32_MAX, &n))
			return -EINVAL;
		f->target = (uint32_t)n;
		return 1;
	case DAMOS_FILTER_MEMCG:
		if (!u->nr)
			return refuse(&b->is, &u->at, "the path of a cgroup is missing");
		if (u->words[0][0] != '/')
			return refuse(&b->is, &u->at, "'%.60s' is no path that begins with '/'",
				      u->words[0]);
		f->memcg = strdup(u->words[0]);
		return f->memcg ? 1 : refuse_memory(&b->is);
	default:
		return 0;
	}
}

/* TYPE [ARGUMENT]...: how many words it was, or -errno. */
static int add_filter(const struct words_by *b, const struct words *u, bool allow, bool matching,
		      struct damos *s)
{
	struct words rest = {u->at, u->words + 1, u->nr - 1};
	struct damos_filter *f;
	int type = 0, err;

	if (!u->nr)
		return refuse(&b->is, &u->at, "a type of memory is missing");
	err = value_word(&b->is, &u->at, u->words[0], "a filter", scheme_filters, &type);
	if (err)
		return err;
	f = scheme_add_filter(&b->is, &u->at, s);
	if (!f)
		return -EINVAL;
	f->type = type;
	f->allow = allow;
	f->matching = matching;
	err = read_argument(b, &rest, f);
	return err < 0 ? err : err + 1;
}

static bool is_one_of(const char *word, const char *const *list)
{
	while (*list && strcmp(word, *list))
		list++;
	return *list;
}

static const char *const allow_words[] = {"allow", "pass", NULL};
static const char *const reject_words[] = {"reject", "deny", "block", NULL};

static bool is_verdict(const char *word)
{
	return is_one_of(word, allow_words) || is_one_of(word, reject_words);
}

/* allow|reject [none] TYPE [ARGUMENT]..., and so on. */
static int apply_filters(const struct words_by *b, const struct words *u, struct damos *s)
{
	for (size_t i = 0; i < u->nr;) {
		bool none = i + 1 < u->nr && !strcmp(u->words[i + 1], "none");
		struct words rest = {u->at, u->words + i + 1 + none, u->nr - i - 1 - none};
		int used;

		if (!is_verdict(u->words[i])) {
			refuse(&b->is, &u->at, "'%.60s' is neither 'allow' nor 'reject'",
			       u->words[i]);
			damon_fail_remedy(b->is.fail, "put '--' before a command to run");
			return -EINVAL;
		}
		used = add_filter(b, &rest, is_one_of(u->words[i], allow_words), !none, s);
		if (used < 0)
			return used;
		i += 1 + none + (size_t)used;
	}
	return 0;
}

/* As damo had it before: TYPE matching|nomatching [ARGUMENT]... [allow|reject]. */
static int apply_old_filter(const struct words_by *b, const struct words *u, struct damos *s)
{
	static const char *const words[] = {"matching", "nomatching", NULL};
	_cleanup_(freep) char **type = calloc(u->nr + 1, sizeof(*type));
	struct words rest = {u->at, type, 0};
	bool last = u->nr > 2 && is_verdict(u->words[u->nr - 1]);
	int used;

	if (!type)
		return refuse_memory(&b->is);
	if (u->nr < 2 || !is_one_of(u->words[1], words)) {
		refuse(&b->is, &u->at, "'%.60s' is neither 'allow' nor 'reject'", u->words[0]);
		damon_fail_remedy(b->is.fail, "give 'reject %.60s'", u->words[0]);
		return -EINVAL;
	}
	type[rest.nr++] = u->words[0];
	for (size_t i = 2; i < u->nr - last; i++)
		type[rest.nr++] = u->words[i];
	used = add_filter(b, &rest, last && is_one_of(u->words[u->nr - 1], allow_words),
			  !strcmp(u->words[1], "matching"), s);
	if (used >= 0 && (size_t)used < rest.nr)
		return refuse_extra(b, &rest, (size_t)used);
	return MIN(used, 0);
}

static int apply_filter(const struct words_by *b, const struct words *u, struct damos *s)
{
	return is_verdict(u->words[0]) ? apply_filters(b, u, s) : apply_old_filter(b, u, s);
}

static int apply_filter_out(const struct words_by *b, const struct words *u, struct damos *s)
{
	bool not = !strcmp(u->words[0], "not");
	struct words rest = {u->at, u->words + not, u->nr - not };
	int used = add_filter(b, &rest, false, !not, s);

	if (used >= 0 && (size_t)used < rest.nr)
		return refuse_extra(b, &rest, (size_t)used);
	return MIN(used, 0);
}

/* ---- all of them ---- */

const struct words_kind words_kinds[] = {
	{"damos-scheme", WORDS_MARK},
	{"damos-action", WORDS_EACH, apply_action},
	{"damos-sz-region", WORDS_EACH, apply_sizes},
	{"damos-access-rate", WORDS_EACH, apply_rates},
	{"damos-age", WORDS_EACH, apply_ages},
	{"damos-apply-interval", WORDS_EACH, apply_interval},
	{"damos-quotas", WORDS_EACH, apply_quotas},
	{"damos-quota-interval", WORDS_EACH, apply_quota_interval},
	{"damos-quota-time", WORDS_EACH, apply_quota_time},
	{"damos-quota-space", WORDS_EACH, apply_quota_space},
	{"damos-quota-weights", WORDS_EACH, apply_weights},
	{"damos-quota-fail-charge-ratio", WORDS_EACH, apply_charge},
	{"damos-quota-goal", WORDS_MANY, apply_goal, "damos-nr-quota-goals"},
	{"damos-nr-quota-goals", WORDS_COUNTS},
	{"damos-quota-goal-tuner", WORDS_EACH, apply_tuner},
	{"damos-wmarks", WORDS_EACH, apply_watermarks},
	{"damos-filter", WORDS_MANY, apply_filter, "damos-nr-filters"},
	{"damos-filter-out", WORDS_MANY, apply_filter_out, "damos-nr-filters"},
	{"damos-nr-filters", WORDS_COUNTS},
	{"damos-target-nid", WORDS_EACH, apply_node},
	{"damos-dests", WORDS_EACH, apply_dests},
	{"damos-max-nr-snapshots", WORDS_EACH, apply_snapshots},
	{"damos-compare", WORDS_ALL, apply_compare},
	{"damos-refault-max", WORDS_ALL, apply_refault},
	{0},
};
