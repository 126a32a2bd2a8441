/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written is read back as it was; the examples are read. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "config/kdamonds.h"
#include "config/scheme.h"
#include "tests/kit/config_show.h"

/* ---- any config ---- */

static uint64_t below(struct rng *r, uint64_t n)
{
	return rng_below(r, n);
}

/* Numbers of all sizes, and the extremes. */
static uint64_t any_number(struct rng *r)
{
	switch (below(r, 8)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	default:
		return rng_next(r) >> below(r, 64);
	}
}

static void any_range(struct rng *r, struct damos_range *range)
{
	uint64_t a = any_number(r), b = any_number(r);

	*range = (struct damos_range){MIN(a, b), MAX(a, b)};
}

static double any_share(struct rng *r)
{
	switch (below(r, 4)) {
	case 0:
		return (double)below(r, 2);
	case 1:
		return (double)below(r, 21) / 20;
	case 2: /* of any bits */
		return .001 + .999 * rng_unit(r);
	default:
		return (double)below(r, 4) / 3;
	}
}

static void any_goal(struct rng *r, struct damos_goal *g)
{
	*g = (struct damos_goal){.metric = below(r, DAMOS_NR_GOAL_METRICS)};
	g->target = 1 + below(r, 10000);
	if (g->metric == DAMOS_GOAL_USER_INPUT || g->metric == DAMOS_GOAL_TARGET_RSS)
		g->target = any_number(r) | 1;
	g->current = any_number(r);
	if (scheme_metric_has_node(g->metric))
		g->nid = (int)below(r, 9);
	if (scheme_metric_has_memcg(g->metric))
		g->memcg = strdup(below(r, 2) ? "/a b" : "/\xc3\xa4/\"x\"");
}

static void any_quota(struct rng *r, struct damos_quota *q)
{
	q->time_ns = below(r, 2) ? any_number(r) : 0;
	q->bytes = below(r, 2) ? any_number(r) : 0;
	q->nr_goals = below(r, 2) ? below(r, DAMOS_MAX_GOALS + 1) : 0;
	for (size_t i = 0; i < q->nr_goals; i++)
		any_goal(r, &q->goals[i]);
	if (below(r, 2)) {
		q->fail_charge_num = (uint32_t)any_number(r);
		q->fail_charge_denom = (uint32_t)any_number(r);
	}
	if (q->time_ns || q->bytes || q->nr_goals)
		q->reset_ns = any_number(r) | 1;
	q->weight_size = (uint32_t)below(r, 1001);
	q->weight_accesses = (uint32_t)below(r, 1001);
	q->weight_age = (uint32_t)below(r, 1001);
	q->tuner = below(r, 2);
}

static void any_filter(struct rng *r, struct damos_filter *f)
{
	*f = (struct damos_filter){
		.type = below(r, DAMOS_NR_FILTER_TYPES),
		.matching = (int)below(r, 2),
		.allow = (int)below(r, 2),
	};
	switch (f->type) {
	case DAMOS_FILTER_ADDR:
		f->start = any_number(r) >> 1;
		f->end = f->start + 1 + (any_number(r) >> 1);
		return;
	case DAMOS_FILTER_TARGET:
		f->target = (uint32_t)any_number(r);
		return;
	case DAMOS_FILTER_HUGEPAGE_SIZE:
		any_range(r, &f->size);
		f->size.max |= 1;
		return;
	case DAMOS_FILTER_MEMCG:
		f->memcg = strdup(below(r, 2) ? "/" : "/a \"b\\c/\xc3\xa4.slice");
		return;
	default:
		return;
	}
}

static void any_destination(struct rng *r, struct damos *s)
{
	s->nr_dests = below(r, 2) ? 0 : 1 + below(r, DAMOS_MAX_DESTS);
	for (size_t i = 0; i < s->nr_dests; i++)
		s->dests[i] = (struct damos_dest){(int)i, 1 + (uint32_t)below(r, UINT32_MAX)};
	if (!s->nr_dests || below(r, 2))
		s->target_nid = (int)below(r, 5);
}

static void any_scheme(struct rng *r, struct damos *s)
{
	double a = any_share(r), b = any_share(r);
	const struct word *w;

	do
		w = &scheme_actions[below(r, 11)];
	while (w->refused);
	s->action = w->name;
	if (scheme_migrates(s))
		any_destination(r, s);
	any_range(r, &s->sz);
	any_range(r, &s->age_ns);
	s->access_min = MIN(a, b);
	s->access_max = MAX(a, b);
	s->apply_ns = any_number(r);
	any_quota(r, &s->quota);
	s->watermarks.metric = below(r, 2);
	s->watermarks.low = (uint32_t)below(r, 300);
	s->watermarks.mid = s->watermarks.low + (uint32_t)below(r, 300);
	s->watermarks.high = s->watermarks.mid + (uint32_t)below(r, 401);
	s->watermarks.interval_ns = 1 | any_number(r);
	s->nr_filters = below(r, DAMOS_MAX_FILTERS + 1);
	for (size_t i = 0; i < s->nr_filters; i++)
		any_filter(r, &s->filters[i]);
	s->max_nr_snapshots = any_number(r);
	s->compare = below(r, 2);
	s->refault_max_bp = (uint32_t)below(r, 10001);
}

static void any_targets(struct rng *r, struct config *c)
{
	size_t n = below(r, 4);

	for (size_t i = 0; i < n; i++) {
		struct config_target *t = config_add_target(c);
		uint64_t at = 0;

		t->pid = c->ops == CONFIG_PADDR ? 0 : 1 + (int)i;
		for (uint64_t k = c->ops == CONFIG_VADDR ? 0 : 1 + below(r, 3); k; k--) {
			at += below(r, 1ull << 40);
			config_add_region(t, at, at + 1 + below(r, 1ull << 40));
			at = t->regions[t->nr_regions - 1].end;
		}
	}
}

static void any_config(struct rng *r, struct config *c)
{
	config_init(c);
	c->ops = below(r, 3);
	any_targets(r, c);
	c->attrs.sample_ns = 1 + below(r, 1ull << below(r, 40));
	c->attrs.aggr_ns = c->attrs.sample_ns + below(r, 1ull << below(r, 40));
	c->attrs.update_ns = c->attrs.aggr_ns + below(r, 1ull << below(r, 40));
	c->attrs.min_nr_regions = (uint32_t)below(r, 1000);
	c->attrs.max_nr_regions = c->attrs.min_nr_regions + (uint32_t)any_number(r) / 2;
	if (below(r, 2)) {
		c->goal.access_bp = 1 + (uint32_t)below(r, 10000);
		c->goal.aggrs = 1 + (uint32_t)below(r, 65535);
		c->goal.min_sample_ns = 1000 + below(r, 1ull << 40);
		c->goal.max_sample_ns = c->goal.min_sample_ns + below(r, 1ull << 40);
	}
	for (uint64_t n = below(r, 4); n; n--)
		any_scheme(r, config_add_scheme(c));
}

/* ---- equality ---- */

/* Of schemes whose strings are compared apart. */
static bool scheme_equal(const struct damos *a, const struct damos *b)
{
	struct damos x = *a, y = *b;

	if (strcmp(a->action, b->action) || a->nr_filters != b->nr_filters)
		return false;
	x.action = y.action = NULL;
	for (size_t i = 0; i < x.nr_filters; i++) {
		const char *p = x.filters[i].memcg, *q = y.filters[i].memcg;

		if (!p != !q || (p && strcmp(p, q)))
			return false;
		x.filters[i].memcg = y.filters[i].memcg = NULL;
	}
	for (size_t i = 0; i < x.quota.nr_goals; i++) {
		const char *p = x.quota.goals[i].memcg, *q = y.quota.goals[i].memcg;

		if (!p != !q || (p && strcmp(p, q)))
			return false;
		x.quota.goals[i].memcg = y.quota.goals[i].memcg = NULL;
	}
	return !memcmp(&x, &y, sizeof(x));
}

static bool target_equal(const struct config_target *a, const struct config_target *b)
{
	if (a->pid != b->pid || a->nr_regions != b->nr_regions)
		return false;
	return !a->nr_regions ||
	       !memcmp(a->regions, b->regions, a->nr_regions * sizeof(*a->regions));
}

static bool config_equal(const struct config *a, const struct config *b)
{
	bool same = a->ops == b->ops && a->nr_targets == b->nr_targets &&
		    a->nr_schemes == b->nr_schemes &&
		    !memcmp(&a->attrs, &b->attrs, sizeof(a->attrs)) &&
		    !memcmp(&a->goal, &b->goal, sizeof(a->goal));

	for (size_t i = 0; same && i < a->nr_targets; i++)
		same = target_equal(&a->targets[i], &b->targets[i]);
	for (size_t i = 0; same && i < a->nr_schemes; i++)
		same = scheme_equal(&a->schemes[i], &b->schemes[i]);
	return same;
}

/* ---- tests ---- */

Test(config_write, what_is_written_is_read_back)
{
	struct rng r;

	for (uint64_t seed = 0; seed < 2000; seed++) {
		struct config_how how = {0};
		struct damon_fail fail = {.text = ""};
		_cleanup_(freep) char *text = NULL;
		struct config a, b;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		int err;

		rng_seed(&r, seed);
		any_config(&r, &a);
		config_write(out, &a);
		fclose(out);
		config_init(&b);
		err = config_read_bytes(&b, "f", text, size, &how, &fail);
		cr_expect_eq(err, 0, "%" PRIu64 ": %s\n%s", seed, fail.text, text);
		cr_expect(err || config_equal(&a, &b), "%" PRIu64 ": %s", seed, text);
		config_release(&a);
		config_release(&b);
	}
}

/* As damo reads them: every key that it demands, ours only where they say something. */
Test(config_write, keys_are_damo_s)
{
	static const char want[] =
		"{\"kdamonds\":[{\"contexts\":[{\"ops\":\"vaddr\",\"targets\":[{\"pid\":7,"
		"\"regions\":[]}],\"intervals\":{\"sample_us\":\"5 ms\",\"aggr_us\":\"100 ms\","
		"\"ops_update_us\":\"1 s\"},\"nr_regions\":{\"min\":\"10\",\"max\":\"1000\"},"
		"\"schemes\":[{\"action\":\"pageout\",\"access_pattern\":{\"sz_bytes\":{\"min\":"
		"\"4.000 KiB\",\"max\":\"max\"},\"nr_accesses\":{\"min\":\"0 %\",\"max\":\"12.5 "
		"%\"},"
		"\"age\":{\"min\":\"1500 ms\",\"max\":\"max\"}},\"apply_interval_us\":\"0 s\","
		"\"quotas\":{\"time_ms\":\"0 s\",\"sz_bytes\":\"0 B\",\"reset_interval_ms\":\"1 "
		"s\","
		"\"goals\":[],\"goal_tuner\":\"consist\",\"weights\":{\"sz_permil\":\"0 %\","
		"\"nr_accesses_permil\":\"0 %\",\"age_permil\":\"0 "
		"%\"}},\"watermarks\":{\"metric\":"
		"\"none\",\"interval_us\":\"0 s\",\"high_permil\":\"0 %\",\"mid_permil\":\"0 %\","
		"\"low_permil\":\"0 %\"},\"filters\":[]}]}]}]}\n";
	_cleanup_(freep) char *text = NULL;
	struct config c;
	struct damos *s;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	config_init(&c);
	config_add_target(&c)->pid = 7;
	s = config_add_scheme(&c);
	s->action = "pageout";
	s->sz.min = 4096;
	s->access_max = .125;
	s->age_ns.min = 1500 * NS_PER_MS;
	config_write(out, &c);
	fclose(out);
	cr_expect_str_eq(text, want, "%s", text);
	config_release(&c);
}

Test(config_write, the_examples_are_read_without_a_warning)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"reclaim.json",
		 "pageout sz=4096..max rate=0..0 age=5000000000..max time=10000000 bytes=134217728 "
		 "weights=0,0,1000 wmarks=5000000000:500,400,200 [reject memcg /latency-critical]"},
		{"lru_sort.json",
		 "lru_prio rate=0.5..1 time=5000000 weights=0,1000,0 | lru_deprio rate=0..0 "
		 "age=120000000000..max time=5000000 weights=0,0,1000"},
		{"thp.json", "hugepage sz=2097152..max rate=0.25..1 age=500000000..max "
			     "[reject hugepage_size 2097152..18446744073709551615]"},
		{"tiering.json",
		 "migrate_cold nid=1 rate=0..0 apply=1000000000 bytes=209715200 "
		 "goal=node_mem_free_bp:50:0:0 | migrate_hot dest=0:3 dest=2:1 rate=0.05..1 "
		 "apply=1000000000"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[80], text[CONFIG_SHOW_MAX];
		struct config_how how = {.strict = true};
		struct damon_fail fail = {.text = ""};
		struct config c;
		int err;

		snprintf(path, sizeof(path), "tests/data/schemes/%s", rows[i].name);
		config_init(&c);
		err = config_read(&c, path, &how, &fail);
		cr_expect_eq(err, 0, "%s", fail.text);
		config_show_schemes(text, &c);
		cr_expect_str_eq(text, rows[i].want, "%s: %s", rows[i].name, text);
		config_release(&c);
	}
}
