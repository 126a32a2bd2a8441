/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "config/read_scheme.h"
#include "config/scheme.h"

/* damo writes "" where there is none: not to be called there. */
static int read_memcg(struct reader *r, const struct place *at, const json_t *v, const char **memcg)
{
	char *copy;

	if (!json_is_string(v) || json_string_value(v)[0] != '/')
		return refuse(&r->is, at, "this must be a path that begins with '/'");
	copy = strdup(json_string_value(v));
	if (!copy)
		return refuse_memory(&r->is);
	free((char *)*memcg);
	*memcg = copy;
	return 0;
}

/* ---- access pattern ---- */

#define RANGE(field) offsetof(struct damos_range, field)

static const struct key bytes_keys[] = {
	{"min", KEY_BYTES, RANGE(min)},
	{"max", KEY_BYTES, RANGE(max)},
	{0},
};

static const struct key age_keys[] = {
	{"min", KEY_AGE, RANGE(min)},
	{"max", KEY_AGE, RANGE(max)},
	{0},
};

static const struct key rate_keys[] = {
	{"min", KEY_RATE, 0},
	{"max", KEY_RATE, offsetof(struct damos, access_max) - offsetof(struct damos, access_min)},
	{0},
};

#define AT(field) offsetof(struct damos, field)

static const struct key pattern_keys[] = {
	{"sz_bytes", KEY_OBJECT, AT(sz), .keys = bytes_keys},
	{"nr_accesses", KEY_OBJECT, AT(access_min), .keys = rate_keys},
	{"age", KEY_OBJECT, AT(age_ns), .keys = age_keys},
	{0},
};

/* ---- quotas ---- */

static int read_goal_target(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	char buf[OBJECT_TEXT_MAX];
	const char *text = text_of(r, at, v, buf);

	return text ? scheme_goal_target(&r->is, at, text, into) : -EINVAL;
}

static int read_goal_memcg(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	struct damos_goal *g = into;

	return scheme_metric_has_memcg(g->metric) ? read_memcg(r, at, v, &g->memcg) : 0;
}

#define GOAL(field) offsetof(struct damos_goal, field)

static const struct key goal_keys[] = {
	{"metric", KEY_WORD, GOAL(metric), .words = scheme_metrics, .what = "a metric of goals"},
	{"target_value", KEY_FN, .fn = read_goal_target},
	{"target_value_bp", KEY_FN, .fn = read_goal_target}, /* older */
	{"current_value", KEY_COUNT, GOAL(current)},
	{"current_value_bp", KEY_COUNT, GOAL(current)},
	{"nid", KEY_INT, GOAL(nid), INT16_MAX},
	{"memcg_path", KEY_FN, .fn = read_goal_memcg},
	{0},
};

static int read_goal(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	struct damos_goal *g = scheme_add_goal(&r->is, at, into);
	struct place nid = {at, "nid", 0};
	int err;

	if (!g)
		return -EINVAL;
	g->nid = -1;
	err = read_object(r, at, v, goal_keys, g);
	if (!err && g->nid < 0 && scheme_metric_has_node(g->metric))
		return refuse(&r->is, &nid, "this metric is of a node");
	g->nid = MAX(g->nid, 0);
	return err;
}

static int read_goals(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	return read_array(r, at, v, read_goal, into);
}

static const struct key weight_keys[] = {
	{"sz_permil", KEY_PART, AT(quota.weight_size), 1000},
	{"nr_accesses_permil", KEY_PART, AT(quota.weight_accesses), 1000},
	{"age_permil", KEY_PART, AT(quota.weight_age), 1000},
	{0},
};

static const struct key quota_keys[] = {
	{"time_ms", KEY_TIME, AT(quota.time_ns), NS_PER_MS},
	{"sz_bytes", KEY_BYTES, AT(quota.bytes)},
	{"reset_interval_ms", KEY_TIME, AT(quota.reset_ns), NS_PER_MS},
	{"goals", KEY_FN, .fn = read_goals},
	{"goal_tuner", KEY_WORD, AT(quota.tuner), .words = scheme_tuners, .what = "a tuner"},
	{"weights", KEY_OBJECT, .keys = weight_keys},
	{"effective_sz_bytes", KEY_IGNORE},
	{"fail_charge_num", KEY_U32, AT(quota.fail_charge_num), UINT32_MAX},
	{"fail_charge_denom", KEY_U32, AT(quota.fail_charge_denom), UINT32_MAX},
	{0},
};

static int read_quotas(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	struct damos *s = into;
	struct damos_quota *q = &s->quota;
	int err = read_object(r, at, v, quota_keys, s);

	if (!err && !q->time_ns && !q->bytes && !q->nr_goals) /* damo writes "max" or 0 then */
		q->reset_ns = NS_PER_SEC;
	return err;
}

/* ---- watermarks ---- */

static const struct key wmark_keys[] = {
	{"metric", KEY_WORD, AT(watermarks.metric), .words = scheme_wmarks,
	 .what = "a metric of watermarks"},
	{"interval_us", KEY_TIME, AT(watermarks.interval_ns), NS_PER_US},
	{"high_permil", KEY_PART, AT(watermarks.high), 1000},
	{"mid_permil", KEY_PART, AT(watermarks.mid), 1000},
	{"low_permil", KEY_PART, AT(watermarks.low), 1000},
	{0},
};

/* ---- filters ---- */

#define FILTER(field) offsetof(struct damos_filter, field)

static int read_filter_memcg(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	struct damos_filter *f = into;

	return f->type == DAMOS_FILTER_MEMCG ? read_memcg(r, at, v, &f->memcg) : 0;
}

static const struct key address_keys[] = {
	{"start", KEY_BYTES, FILTER(start), .required = true},
	{"end", KEY_BYTES, FILTER(end), .required = true},
	{0},
};

static int read_page_size(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	struct damos_range *size = into;
	char buf[OBJECT_TEXT_MAX];
	const char *text = text_of(r, at, v, buf);

	if (!text)
		return -EINVAL;
	if (at->index > 1)
		return refuse(&r->is, at, "these are two numbers: minimum and maximum");
	return value_bytes(&r->is, at, text, at->index ? &size->max : &size->min);
}

/* [MIN, MAX], or {"min": MIN, "max": MAX}. */
static int read_page_sizes(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	if (json_is_object(v))
		return read_object(r, at, v, bytes_keys, into);
	return read_array(r, at, v, read_page_size, into);
}

static const struct key filter_keys[] = {
	{"filter_type", KEY_WORD, FILTER(type), .words = scheme_filters, .what = "a filter"},
	{"type", KEY_WORD, FILTER(type), .words = scheme_filters, .what = "a filter"},
	{"matching", KEY_FLAG, FILTER(matching)},
	{"allow", KEY_FLAG, FILTER(allow)},
	{"filter_pass", KEY_FLAG, FILTER(allow)},
	{"pass", KEY_FLAG, FILTER(allow)},
	{"memcg_path", KEY_FN, .fn = read_filter_memcg},
	{"address_range", KEY_OBJECT, .keys = address_keys},
	{"addr_start", KEY_BYTES, FILTER(start)},
	{"addr_end", KEY_BYTES, FILTER(end)},
	{"damon_target_idx", KEY_U32, FILTER(target), UINT32_MAX},
	{"target_idx", KEY_U32, FILTER(target), UINT32_MAX},
	{"hugepage_size", KEY_FN, FILTER(size), .fn = read_page_sizes},
	{0},
};

static bool has(const json_t *v, const char *key)
{
	const json_t *sub = json_object_get(v, key);

	return sub && !json_is_null(sub);
}

static int read_filter(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	struct damos_filter *f = scheme_add_filter(&r->is, at, into);
	struct place type = {at, "filter_type", 0}, target = {at, "damon_target_idx", 0};
	int err;

	if (!f)
		return -EINVAL;
	if (json_is_object(v) && !has(v, "filter_type") && !has(v, "type"))
		return refuse(&r->is, &type, "this is missing");
	err = read_object(r, at, v, filter_keys, f);
	if (!err && f->type == DAMOS_FILTER_TARGET && !has(v, "damon_target_idx") &&
	    !has(v, "target_idx"))
		err = refuse(&r->is, &target, "this is missing");
	return err;
}

static int read_filters(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	return read_array(r, at, v, read_filter, into);
}

/* ---- destinations ---- */

static const struct key dest_keys[] = {
	{"id", KEY_INT, offsetof(struct damos_dest, nid), INT16_MAX, .required = true},
	{"weight", KEY_U32, offsetof(struct damos_dest, weight), UINT32_MAX, .required = true},
	{0},
};

static int read_dest(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	struct damos_dest *d = scheme_add_dest(&r->is, at, into);

	return d ? read_object(r, at, v, dest_keys, d) : -EINVAL;
}

static int read_dests(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	return read_array(r, at, v, read_dest, into);
}

/* ---- schemes ---- */

static int read_action(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	struct damos *s = into;
	char buf[OBJECT_TEXT_MAX];
	const char *text = text_of(r, at, v, buf);
	int i = 0, err;

	if (!text)
		return -EINVAL;
	err = value_word(&r->is, at, text, "an action", scheme_actions, &i);
	if (!err)
		s->action = scheme_actions[i].name;
	return err;
}

/* sysfs has -1 where there is none. */
static int read_node(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	char buf[OBJECT_TEXT_MAX];
	const char *text = text_of(r, at, v, buf);
	uint64_t n;
	int err;

	if (!text)
		return -EINVAL;
	if (!strcmp(text, "-1"))
		return 0;
	err = value_count(&r->is, at, text, INT16_MAX, &n);
	if (!err)
		*(int *)into = (int)n;
	return err;
}

static const struct key scheme_keys[] = {
	{"action", KEY_FN, .fn = read_action},
	{"target_nid", KEY_FN, AT(target_nid), .fn = read_node},
	{"dests", KEY_FN, .fn = read_dests},
	{"access_pattern", KEY_OBJECT, .keys = pattern_keys},
	{"apply_interval_us", KEY_TIME, AT(apply_ns), NS_PER_US},
	{"quotas", KEY_FN, .fn = read_quotas},
	{"watermarks", KEY_OBJECT, .keys = wmark_keys},
	{"core_filters", KEY_FN, .fn = read_filters},
	{"ops_filters", KEY_FN, .fn = read_filters},
	{"filters", KEY_FN, .fn = read_filters},
	{"max_nr_snapshots", KEY_COUNT, AT(max_nr_snapshots)},
	{"stats", KEY_IGNORE},
	{"tried_regions", KEY_IGNORE},
	{"tried_bytes", KEY_IGNORE},
	{"compare", KEY_WORD, AT(compare), .words = scheme_compares, .what = "a comparison"},
	{"refault_max_bp", KEY_PART, AT(refault_max_bp), 10000},
	{0},
};

static int read_scheme(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	struct damos *s = config_add_scheme(into);
	int err;

	if (!s)
		return refuse_memory(&r->is);
	err = read_object(r, at, v, scheme_keys, s);
	return err ? err : scheme_check(&r->is, at, s);
}

int read_schemes(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	return read_array(r, at, v, read_scheme, into);
}
