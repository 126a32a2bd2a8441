/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is no scheme is refused, and the sentence names the key. */
#include <errno.h>

#include "tests/kit/scheme_kit.h"

static void sz_order(struct damos *s)
{
	s->sz = (struct damos_range){PAGE(2), PAGE(1)};
}

static void sz_small(struct damos *s)
{
	s->sz.max = 4095;
}

static void access_order(struct damos *s)
{
	s->access_min = .5;
	s->access_max = .25;
}

static void access_below(struct damos *s)
{
	s->access_min = -.1;
}

static void access_above(struct damos *s)
{
	s->access_max = 1.1;
}

static void access_nan(struct damos *s)
{
	s->access_max = NAN;
}

static void age_order(struct damos *s)
{
	s->age_ns = (struct damos_range){2 * NS_PER_SEC, NS_PER_SEC};
}

static void no_action(struct damos *s)
{
	s->action = "";
}

static void null_action(struct damos *s)
{
	s->action = NULL;
}

static void compare(struct damos *s)
{
	s->compare = 2;
}

static void weight(struct damos *s)
{
	s->quota.weight_age = 1001;
}

static void quota_small(struct damos *s)
{
	s->quota.bytes = 100;
}

static void goals_many(struct damos *s)
{
	s->quota.nr_goals = 5;
}

static void tuner(struct damos *s)
{
	s->quota.tuner = 2;
}

static void goal_metric(struct damos *s)
{
	s->quota.nr_goals = 1;
	s->quota.goals[0] = (struct damos_goal){.metric = 99, .target = 1};
}

static void goal_zero(struct damos *s)
{
	s->quota.nr_goals = 2;
	s->quota.goals[0] = (struct damos_goal){.target = 1};
}

static void goal_bp(struct damos *s)
{
	s->quota.nr_goals = 1;
	s->quota.goals[0] = (struct damos_goal){DAMOS_GOAL_REFAULT_BP, 10001, 0, 0};
}

static void goal_node(struct damos *s)
{
	s->quota.nr_goals = 1;
	s->quota.goals[0] = (struct damos_goal){DAMOS_GOAL_NODE_MEM_FREE_BP, 10000, 0, -1};
}

static void goal_memcg(struct damos *s)
{
	s->quota.nr_goals = 1;
	s->quota.goals[0] = (struct damos_goal){DAMOS_GOAL_NODE_MEMCG_FREE_BP, 1, 0, 0, "a"};
}

static void wmark_metric(struct damos *s)
{
	s->watermarks = (struct damos_watermarks){2, NS_PER_SEC, 3, 2, 1};
}

static void wmark_order(struct damos *s)
{
	s->watermarks = (struct damos_watermarks){DAMOS_WMARK_FREE_MEM_RATE, NS_PER_SEC, 2, 3, 1};
}

static void wmark_permil(struct damos *s)
{
	s->watermarks =
		(struct damos_watermarks){DAMOS_WMARK_FREE_MEM_RATE, NS_PER_SEC, 1001, 3, 1};
}

static void wmark_interval(struct damos *s)
{
	s->watermarks = (struct damos_watermarks){DAMOS_WMARK_FREE_MEM_RATE, 0, 3, 2, 1};
}

static void filters_many(struct damos *s)
{
	s->nr_filters = 17;
}

static void filter_type(struct damos *s)
{
	s->nr_filters = 1;
	s->filters[0].type = DAMOS_NR_FILTER_TYPES;
}

static void filter_addr(struct damos *s)
{
	s->nr_filters = 1;
	s->filters[0] = (struct damos_filter){.type = DAMOS_FILTER_ADDR, .start = 16, .end = 16};
}

static void filter_size(struct damos *s)
{
	s->nr_filters = 1;
	s->filters[0] = (struct damos_filter){.type = DAMOS_FILTER_HUGEPAGE_SIZE, .size = {2, 1}};
}

static void filter_memcg(struct damos *s)
{
	s->nr_filters = 1;
	s->filters[0] = (struct damos_filter){.type = DAMOS_FILTER_MEMCG, .memcg = "user.slice"};
}

static void dests_many(struct damos *s)
{
	s->nr_dests = 17;
}

static void dest_node(struct damos *s)
{
	s->nr_dests = 1;
	s->dests[0] = (struct damos_dest){-2, 1};
}

static void dest_weights(struct damos *s)
{
	s->nr_dests = 2;
}

static void migrate(struct damos *s)
{
	s->action = "migrate_cold";
}

static void guard(struct damos *s)
{
	s->refault_max_bp = 10001;
}

static const struct {
	const char *name;
	void (*spoil)(struct damos *s);
	const char *why;
} bad[] = {
	{"no action", no_action, "a scheme without an 'action'"},
	{"no action at all", null_action, "a scheme without an 'action'"},
	{"sizes", sz_order, "'sz_bytes' holds nothing: min 8192 is above max 4096"},
	{"size", sz_small, "'sz_bytes' holds nothing: max 4095 is less than a page"},
	{"accesses", access_order, "'nr_accesses' holds nothing: min 50 % is above max 25 %"},
	{"accesses below", access_below, "'nr_accesses' is not within 0 and 100 %"},
	{"accesses above", access_above, "'nr_accesses' is not within 0 and 100 %"},
	{"no number", access_nan, "'nr_accesses' is not within 0 and 100 %"},
	{"ages", age_order, "'age' holds nothing: min 2 s is above max 1 s"},
	{"comparison", compare, "there is no comparison 2"},
	{"weight", weight, "'age_permil' of 1001 is above 1000 permil"},
	{"quota", quota_small,
	 "a quota's 'sz_bytes' of 100 is less than a page: nothing could ever be done"},
	{"goals", goals_many, "5 'goals' are more than the 4 that may be"},
	{"tuner", tuner, "there is no 'goal_tuner' 2"},
	{"goal's metric", goal_metric, "there is no goal 'metric' 99"},
	{"goal of 0", goal_zero, "a goal's 'target_value' must not be 0"},
	{"goal beyond all", goal_bp,
	 "a goal's 'target_value' of 10001 cannot be reached: 10000 is all"},
	{"goal's node", goal_node, "a goal's 'nid' of -1 is no node"},
	{"goal's cgroup", goal_memcg,
	 "a goal's 'memcg_path' must begin with '/', as \"/user.slice\""},
	{"watermarks' metric", wmark_metric, "there is no watermarks' 'metric' 2"},
	{"watermarks' order", wmark_order,
	 "watermarks are out of order: 'high_permil' 2, 'mid_permil' 3, 'low_permil' 1"},
	{"watermark", wmark_permil, "'high_permil' of 1001 is above 1000 permil"},
	{"watermarks' interval", wmark_interval, "the watermarks' 'interval_us' must not be 0"},
	{"filters", filters_many, "17 'filters' are more than the 16 that may be"},
	{"filter's type", filter_type, "there is no 'filter_type' 7"},
	{"addresses", filter_addr, "'address_range' holds nothing: start 0x10, end 0x10"},
	{"page sizes", filter_size, "a filter's 'size_range' holds nothing: min 2 is above max 1"},
	{"memory cgroup", filter_memcg,
	 "a filter's 'memcg_path' must begin with '/', as \"/user.slice\""},
	{"destinations", dests_many, "17 'dests' are more than the 16 that may be"},
	{"destination", dest_node, "'dests' has no node -2"},
	{"weights", dest_weights, "all weights of 'dests' are 0"},
	{"nowhere to", migrate, "'migrate_cold' needs a 'target_nid' or 'dests'"},
	{"guard", guard, "'refault_max_bp' of 10001 is above 10000"},
};

Test(scheme_valid, malformed_ones_are_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct damos s = kit_scheme("cold");
		struct damon_fail why = {0};

		bad[i].spoil(&s);
		cr_expect_eq(damos_validate(&s, &why), -EINVAL, "%s", bad[i].name);
		cr_expect_str_eq(why.text, bad[i].why, "%s: %s", bad[i].name, why.text);
		cr_expect_eq(damos_validate(&s, NULL), -EINVAL);
	}
}

Test(scheme_valid, unusual_ones_are_not)
{
	struct damos s = kit_scheme("migrate_hot");

	s.target_nid = 0;
	s.sz = (struct damos_range){PAGE(1), PAGE(1)};
	s.access_min = s.access_max = 1;
	s.age_ns = (struct damos_range){0, 0};
	s.quota = (struct damos_quota){.time_ns = 2 * NS_PER_SEC};
	s.watermarks = (struct damos_watermarks){DAMOS_WMARK_NONE, 0, 1, 2, 3000};
	cr_expect_eq(damos_validate(&s, NULL), 0);
	s.nr_dests = 2;
	s.dests[1].weight = 1;
	cr_expect_eq(damos_validate(&s, NULL), 0);
}
