/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a scheme is one. Keys are named as files of schemes have them. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/util.h"
#include "core/schemes/scheme.h"

static int check_pattern(const struct damos *s, struct damon_fail *why)
{
	if (s->sz.min > s->sz.max)
		return damon_fail(why, EINVAL,
				  "'sz_bytes' holds nothing: min %" PRIu64 " is above max %" PRIu64,
				  s->sz.min, s->sz.max);
	if (s->sz.max < DAMON_PAGE_SIZE)
		return damon_fail(why, EINVAL,
				  "'sz_bytes' holds nothing: max %" PRIu64 " is less than a page",
				  s->sz.max);
	if (!(s->access_min >= 0) || !(s->access_max <= 1))
		return damon_fail(why, EINVAL, "'nr_accesses' is not within 0 and 100 %%");
	if (!(s->access_min <= s->access_max))
		return damon_fail(why, EINVAL,
				  "'nr_accesses' holds nothing: min %g %% is above max %g %%",
				  100 * s->access_min, 100 * s->access_max);
	if (s->age_ns.min > s->age_ns.max)
		return damon_fail(why, EINVAL, "'age' holds nothing: min %g s is above max %g s",
				  (double)s->age_ns.min / NS_PER_SEC,
				  (double)s->age_ns.max / NS_PER_SEC);
	if (s->compare != DAMOS_COMPARE_BOUNDS && s->compare != DAMOS_COMPARE_PLAIN)
		return damon_fail(why, EINVAL, "there is no comparison %d", (int)s->compare);
	return 0;
}

static int check_permil(const char *key, uint32_t permil, struct damon_fail *why)
{
	if (permil <= 1000)
		return 0;
	return damon_fail(why, EINVAL, "'%s' of %u is above 1000 permil", key, permil);
}

static bool is_bp(enum damos_goal_metric m)
{
	return damos_goal_has_node(m) || m == DAMOS_GOAL_REFAULT_BP ||
	       m == DAMOS_GOAL_ACTIVE_MEM_BP || m == DAMOS_GOAL_INACTIVE_MEM_BP;
}

static int check_goal(const struct damos_goal *g, struct damon_fail *why)
{
	if ((unsigned int)g->metric >= DAMOS_NR_GOAL_METRICS)
		return damon_fail(why, EINVAL, "there is no goal 'metric' %d", (int)g->metric);
	if (!g->target)
		return damon_fail(why, EINVAL, "a goal's 'target_value' must not be 0");
	if (is_bp(g->metric) && g->target > 10000)
		return damon_fail(why, EINVAL,
				  "a goal's 'target_value' of %" PRIu64
				  " cannot be reached: 10000 is all",
				  g->target);
	if (damos_goal_has_node(g->metric) && g->nid < 0)
		return damon_fail(why, EINVAL, "a goal's 'nid' of %d is no node", g->nid);
	if (damos_goal_has_memcg(g->metric) && (!g->memcg || g->memcg[0] != '/'))
		return damon_fail(why, EINVAL,
				  "a goal's 'memcg_path' must begin with '/', as \"/user.slice\"");
	return 0;
}

static int check_quota(const struct damos_quota *q, struct damon_fail *why)
{
	int err = check_permil("sz_permil", q->weight_size, why);

	err = err ? err : check_permil("nr_accesses_permil", q->weight_accesses, why);
	err = err ? err : check_permil("age_permil", q->weight_age, why);
	if (err)
		return err;
	if (q->bytes && q->bytes < DAMON_PAGE_SIZE)
		return damon_fail(why, EINVAL,
				  "a quota's 'sz_bytes' of %" PRIu64
				  " is less than a page: nothing could ever be done",
				  q->bytes);
	if (q->nr_goals > DAMOS_MAX_GOALS)
		return damon_fail(why, EINVAL, "%zu 'goals' are more than the %d that may be",
				  q->nr_goals, DAMOS_MAX_GOALS);
	if (q->tuner != DAMOS_TUNER_CONSIST && q->tuner != DAMOS_TUNER_TEMPORAL)
		return damon_fail(why, EINVAL, "there is no 'goal_tuner' %d", (int)q->tuner);
	for (size_t i = 0; i < q->nr_goals; i++)
		if (check_goal(&q->goals[i], why))
			return -EINVAL;
	return 0;
}

static int check_watermarks(const struct damos_watermarks *w, struct damon_fail *why)
{
	int err;

	if (w->metric == DAMOS_WMARK_NONE)
		return 0;
	if (w->metric != DAMOS_WMARK_FREE_MEM_RATE)
		return damon_fail(why, EINVAL, "there is no watermarks' 'metric' %d",
				  (int)w->metric);
	err = check_permil("high_permil", w->high, why);
	if (err)
		return err;
	if (w->high < w->mid || w->mid < w->low)
		return damon_fail(why, EINVAL,
				  "watermarks are out of order: 'high_permil' %u, 'mid_permil' %u, "
				  "'low_permil' %u",
				  w->high, w->mid, w->low);
	if (!w->interval_ns)
		return damon_fail(why, EINVAL, "the watermarks' 'interval_us' must not be 0");
	return 0;
}

static int check_filter(const struct damos_filter *f, struct damon_fail *why)
{
	if ((unsigned int)f->type >= DAMOS_NR_FILTER_TYPES)
		return damon_fail(why, EINVAL, "there is no 'filter_type' %d", (int)f->type);
	if (f->type == DAMOS_FILTER_ADDR && f->start >= f->end)
		return damon_fail(why, EINVAL,
				  "'address_range' holds nothing: start %#" PRIx64
				  ", end %#" PRIx64,
				  f->start, f->end);
	if (f->type == DAMOS_FILTER_HUGEPAGE_SIZE && f->size.min > f->size.max)
		return damon_fail(why, EINVAL,
				  "a filter's 'size_range' holds nothing: min %" PRIu64
				  " is above max %" PRIu64,
				  f->size.min, f->size.max);
	if (f->type == DAMOS_FILTER_MEMCG && (!f->memcg || f->memcg[0] != '/'))
		return damon_fail(
			why, EINVAL,
			"a filter's 'memcg_path' must begin with '/', as \"/user.slice\"");
	return 0;
}

static int check_filters(const struct damos *s, struct damon_fail *why)
{
	if (s->nr_filters > DAMOS_MAX_FILTERS)
		return damon_fail(why, EINVAL, "%zu 'filters' are more than the %d that may be",
				  s->nr_filters, DAMOS_MAX_FILTERS);
	for (size_t i = 0; i < s->nr_filters; i++)
		if (check_filter(&s->filters[i], why))
			return -EINVAL;
	return 0;
}

static int check_nodes(const struct damos *s, struct damon_fail *why)
{
	uint64_t sum = 0;

	if (s->nr_dests > DAMOS_MAX_DESTS)
		return damon_fail(why, EINVAL, "%zu 'dests' are more than the %d that may be",
				  s->nr_dests, DAMOS_MAX_DESTS);
	for (size_t i = 0; i < s->nr_dests; i++) {
		if (s->dests[i].nid < 0)
			return damon_fail(why, EINVAL, "'dests' has no node %d", s->dests[i].nid);
		sum += s->dests[i].weight;
	}
	if (s->nr_dests && !sum)
		return damon_fail(why, EINVAL, "all weights of 'dests' are 0");
	if (!s->nr_dests && s->target_nid < 0 && !strncmp(s->action, "migrate_", 8))
		return damon_fail(why, EINVAL, "'%s' needs a 'target_nid' or 'dests'", s->action);
	return 0;
}

int damos_validate(const struct damos *s, struct damon_fail *why)
{
	int err;

	if (!s->action || !s->action[0])
		return damon_fail(why, EINVAL, "a scheme without an 'action'");
	if (s->refault_max_bp > 10000)
		return damon_fail(why, EINVAL, "'refault_max_bp' of %u is above 10000",
				  s->refault_max_bp);
	err = check_pattern(s, why);
	err = err ? err : check_quota(&s->quota, why);
	err = err ? err : check_watermarks(&s->watermarks, why);
	err = err ? err : check_filters(s, why);
	return err ? err : check_nodes(s, why);
}
