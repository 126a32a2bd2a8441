/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "config/scheme.h"

const struct word scheme_actions[] = {
	{"willneed", 0},
	{"cold", 1},
	{"pageout", 2},
	{"hugepage", 3},
	{"nohugepage", 4, "the kernel takes it only from the process itself",
	 "let the program call prctl(PR_SET_THP_DISABLE)"},
	{"collapse", 5},
	{"lru_prio", 6},
	{"lru_deprio", 7},
	{"migrate_hot", 8},
	{"migrate_cold", 9},
	{"stat", 10},
	{0},
};

const struct word scheme_filters[] = {
	{"addr", DAMOS_FILTER_ADDR},
	{"target", DAMOS_FILTER_TARGET},
	{"anon", DAMOS_FILTER_ANON},
	{"memcg", DAMOS_FILTER_MEMCG},
	{"hugepage_size", DAMOS_FILTER_HUGEPAGE_SIZE},
	{"unmapped", DAMOS_FILTER_UNMAPPED},
	{"active", DAMOS_FILTER_ACTIVE},
	{"young", 0,
	 "only the kernel can look at a page's accessed bit without taking it from others",
	 "leave it out: the bounds of nr_accesses keep doubtful memory away from actions"},
	{0},
};

const struct word scheme_metrics[] = {
	{"user_input", DAMOS_GOAL_USER_INPUT},
	{"some_mem_psi_us", DAMOS_GOAL_SOME_MEM_PSI_US},
	{"node_mem_used_bp", DAMOS_GOAL_NODE_MEM_USED_BP},
	{"node_mem_free_bp", DAMOS_GOAL_NODE_MEM_FREE_BP},
	{"target_rss", DAMOS_GOAL_TARGET_RSS},
	{"refault_bp", DAMOS_GOAL_REFAULT_BP},
	{"node_memcg_used_bp", DAMOS_GOAL_NODE_MEMCG_USED_BP},
	{"node_memcg_free_bp", DAMOS_GOAL_NODE_MEMCG_FREE_BP},
	{"active_mem_bp", DAMOS_GOAL_ACTIVE_MEM_BP},
	{"inactive_mem_bp", DAMOS_GOAL_INACTIVE_MEM_BP},
	{"node_eligible_mem_bp", 0,
	 "it asks for the node of each page of the pattern, which the kernel, too, tells of "
	 "physical addresses alone",
	 "node_mem_used_bp and node_mem_free_bp are goals of tiers"},
	{0},
};

const struct word scheme_tuners[] = {
	{"consist", DAMOS_TUNER_CONSIST},
	{"temporal", DAMOS_TUNER_TEMPORAL},
	{0},
};

const struct word scheme_wmarks[] = {
	{"none", DAMOS_WMARK_NONE},
	{"free_mem_rate", DAMOS_WMARK_FREE_MEM_RATE},
	{0},
};

const struct word scheme_compares[] = {
	{"bounds", DAMOS_COMPARE_BOUNDS},
	{"plain", DAMOS_COMPARE_PLAIN},
	{0},
};

bool scheme_metric_has_node(enum damos_goal_metric m)
{
	return m == DAMOS_GOAL_NODE_MEM_USED_BP || m == DAMOS_GOAL_NODE_MEM_FREE_BP ||
	       scheme_metric_has_memcg(m);
}

bool scheme_metric_has_memcg(enum damos_goal_metric m)
{
	return m == DAMOS_GOAL_NODE_MEMCG_USED_BP || m == DAMOS_GOAL_NODE_MEMCG_FREE_BP;
}

bool scheme_metric_is_part(enum damos_goal_metric m)
{
	return scheme_metric_has_node(m) || m == DAMOS_GOAL_REFAULT_BP ||
	       m == DAMOS_GOAL_ACTIVE_MEM_BP || m == DAMOS_GOAL_INACTIVE_MEM_BP;
}

int scheme_goal_target(const struct issues *is, const struct place *at, const char *text,
		       struct damos_goal *g)
{
	uint32_t bp = 0;
	uint64_t ns;
	int err;

	if (scheme_metric_is_part(g->metric)) {
		err = value_part(is, at, text, 10000, &bp);
		if (!err)
			g->target = bp;
		return err;
	}
	switch (g->metric) {
	case DAMOS_GOAL_SOME_MEM_PSI_US:
		err = value_time(is, at, text, NS_PER_US, &ns);
		if (!err)
			g->target = ns / NS_PER_US;
		return err;
	case DAMOS_GOAL_TARGET_RSS:
		return value_bytes(is, at, text, &g->target);
	default:
		return value_count(is, at, text, UINT64_MAX, &g->target);
	}
}

bool scheme_migrates(const struct damos *s)
{
	return !strncmp(s->action, "migrate_", 8);
}

/* ---- lists of fixed room ---- */

struct damos_filter *scheme_add_filter(const struct issues *is, const struct place *at,
				       struct damos *s)
{
	struct damos_filter *f = &s->filters[s->nr_filters];

	if (s->nr_filters == DAMOS_MAX_FILTERS) {
		refuse(is, at, "a scheme has at most %d filters", DAMOS_MAX_FILTERS);
		return NULL;
	}
	*f = (struct damos_filter){.matching = 1};
	s->nr_filters++;
	return f;
}

struct damos_goal *scheme_add_goal(const struct issues *is, const struct place *at, struct damos *s)
{
	struct damos_goal *g = &s->quota.goals[s->quota.nr_goals];

	if (s->quota.nr_goals == DAMOS_MAX_GOALS) {
		refuse(is, at, "a quota has at most %d goals", DAMOS_MAX_GOALS);
		return NULL;
	}
	*g = (struct damos_goal){0};
	s->quota.nr_goals++;
	return g;
}

struct damos_dest *scheme_add_dest(const struct issues *is, const struct place *at, struct damos *s)
{
	struct damos_dest *d = &s->dests[s->nr_dests];

	if (s->nr_dests == DAMOS_MAX_DESTS) {
		refuse(is, at, "a scheme has at most %d destinations", DAMOS_MAX_DESTS);
		return NULL;
	}
	*d = (struct damos_dest){0};
	s->nr_dests++;
	return d;
}

/* ---- as a whole ---- */

static int check_pattern(const struct issues *is, const struct place *at, const struct damos *s)
{
	struct place pattern = {at, "access_pattern", 0};
	struct place sz = {&pattern, "sz_bytes", 0}, rate = {&pattern, "nr_accesses", 0};
	struct place age = {&pattern, "age", 0};
	const struct place *wrong = NULL;

	if (s->sz.min > s->sz.max)
		wrong = &sz;
	else if (s->access_min > s->access_max)
		wrong = &rate;
	else if (s->age_ns.min > s->age_ns.max)
		wrong = &age;
	return wrong ? refuse(is, wrong, "the minimum is above the maximum") : 0;
}

static int check_quota(const struct issues *is, const struct place *at, const struct damos *s)
{
	const struct damos_quota *q = &s->quota;
	struct place quotas = {at, "quotas", 0}, reset = {&quotas, "reset_interval_ms", 0};
	struct place goals = {&quotas, "goals", 0};
	bool limited = q->time_ns || q->bytes || q->nr_goals;

	if (limited && !q->reset_ns) {
		refuse(is, &reset, "a quota needs an interval that it is for");
		damon_fail_remedy(is->fail, "give a time such as '1 s'");
		return -EINVAL;
	}
	for (size_t i = 0; i < q->nr_goals; i++) {
		struct place goal = {&goals, NULL, i}, target = {&goal, "target_value", 0};
		struct place memcg = {&goal, "memcg_path", 0};

		if (!q->goals[i].target)
			return refuse(is, &target, "a goal of 0 is none");
		if (scheme_metric_has_memcg(q->goals[i].metric) && !q->goals[i].memcg)
			return refuse(is, &memcg, "this is missing");
	}
	if (limited && q->reset_ns == UINT64_MAX)
		return warn(is, &reset, "without an interval the quota is for once and all");
	return 0;
}

static int check_watermarks(const struct issues *is, const struct place *at, const struct damos *s)
{
	const struct damos_watermarks *w = &s->watermarks;
	struct place marks = {at, "watermarks", 0}, interval = {&marks, "interval_us", 0};

	if (w->metric == DAMOS_WMARK_NONE)
		return 0;
	if (w->high < w->mid || w->mid < w->low)
		return refuse(is, &marks,
			      "high, mid and low must be in this order: %u, %u, %u "
			      "permil are not",
			      w->high, w->mid, w->low);
	return w->interval_ns ? 0 : refuse(is, &interval, "watermarks need an interval");
}

static int check_destination(const struct issues *is, const struct place *at, const struct damos *s)
{
	struct place nid = {at, "target_nid", 0}, dests = {at, "dests", 0};
	uint64_t weight = 0;

	for (size_t i = 0; i < s->nr_dests; i++)
		weight += s->dests[i].weight;
	if (!scheme_migrates(s)) {
		if (s->target_nid >= 0)
			return warn(is, &nid, "'%s' goes nowhere: this is not used", s->action);
		return s->nr_dests ? warn(is, &dests, "'%s' goes nowhere: these are not used",
					  s->action)
				   : 0;
	}
	if (s->nr_dests)
		return weight ? 0 : refuse(is, &dests, "all weights are 0");
	if (s->target_nid >= 0)
		return 0;
	refuse(is, &nid, "'%s' needs a node to go to", s->action);
	damon_fail_remedy(is->fail, "give the number of a NUMA node");
	return -EINVAL;
}

static int check_filter(const struct issues *is, const struct place *at,
			const struct damos_filter *f)
{
	struct place memcg = {at, "memcg_path", 0}, range = {at, "address_range", 0};
	struct place size = {at, "hugepage_size", 0};

	if (f->type == DAMOS_FILTER_MEMCG && !f->memcg)
		return refuse(is, &memcg, "this is missing");
	if (f->type == DAMOS_FILTER_ADDR && f->start >= f->end)
		return refuse(is, &range, "the start must be below the end");
	if (f->type == DAMOS_FILTER_HUGEPAGE_SIZE && (f->size.min > f->size.max || !f->size.max))
		return refuse(is, &size, "the minimum must not be above the maximum");
	return 0;
}

int scheme_check(const struct issues *is, const struct place *at, const struct damos *s)
{
	struct place filters = {at, "filters", 0};
	int err = check_pattern(is, at, s);

	if (!err)
		err = check_quota(is, at, s);
	if (!err)
		err = check_watermarks(is, at, s);
	if (!err)
		err = check_destination(is, at, s);
	for (size_t i = 0; i < s->nr_filters && !err; i++) {
		struct place filter = {&filters, NULL, i};

		err = check_filter(is, &filter, &s->filters[i]);
	}
	return err;
}
