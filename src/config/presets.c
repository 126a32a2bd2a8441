/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "config/presets.h"

#define PAGE_BYTES 4096

static const struct preset_params reclaim_defaults = {
	.min_age_ns = 120 * NS_PER_SEC,
	.quota_ns = 10 * NS_PER_MS,
	.quota_bytes = 128 << 20,
	.wmarks_interval_ns = 5 * NS_PER_SEC,
	.wmarks_high = 500,
	.wmarks_mid = 400,
	.wmarks_low = 200,
};

static const struct preset_params lru_sort_defaults = {
	.cold_min_age_ns = 120 * NS_PER_SEC,
	.hot_permil = 500,
	.quota_ns = 10 * NS_PER_MS,
	.wmarks_interval_ns = 5 * NS_PER_SEC,
	.wmarks_high = 200,
	.wmarks_mid = 150,
	.wmarks_low = 50,
};

static const struct preset_params stat_defaults = {.autotune = true};

static const struct preset_params tiering_defaults = {
	.quota_bytes = 200 << 20,
	.autotune = true,
	.slow_node = 1,
	.used_percent = 99.7,
	.free_percent = .5,
};

void preset_params_init(enum preset preset, struct preset_params *p)
{
	static const struct preset_params *const defaults[] = {
		[PRESET_RECLAIM] = &reclaim_defaults,
		[PRESET_LRU_SORT] = &lru_sort_defaults,
		[PRESET_STAT] = &stat_defaults,
		[PRESET_TIERING] = &tiering_defaults,
	};

	*p = *defaults[preset];
	p->quota_reset_ns = NS_PER_SEC;
	p->sample_ns = 5 * NS_PER_MS;
	p->aggr_ns = 100 * NS_PER_MS;
	p->min_nr_regions = 10;
	p->max_nr_regions = 1000;
}

/* ---- what is wrong ---- */

static int check_watermarks(const struct preset_params *p, struct damon_fail *fail)
{
	if (p->wmarks_high <= 1000 && p->wmarks_high >= p->wmarks_mid &&
	    p->wmarks_mid >= p->wmarks_low)
		return 0;
	damon_fail(fail, EINVAL, "watermarks of %llu, %llu, %llu permil cannot be",
		   (unsigned long long)p->wmarks_high, (unsigned long long)p->wmarks_mid,
		   (unsigned long long)p->wmarks_low);
	damon_fail_remedy(fail, "give wmarks_high, wmarks_mid and wmarks_low in this order, at "
				"most 1000");
	return -EINVAL;
}

static int check_quota(const struct preset_params *p, struct damon_fail *fail)
{
	bool limited =
		p->quota_ns || p->quota_bytes || p->quota_mem_pressure_us || p->quota_feedback;

	if (!limited || p->quota_reset_ns)
		return 0;
	damon_fail(fail, EINVAL, "a quota needs an interval that it is for");
	damon_fail_remedy(fail, "give a quota_reset_interval_ms");
	return -EINVAL;
}

static int check_monitoring(const struct preset_params *p, struct damon_fail *fail)
{
	if (!p->sample_ns || p->aggr_ns < p->sample_ns)
		return damon_fail(fail, EINVAL,
				  "sample_interval must not be 0, nor above aggr_interval");
	if (p->min_nr_regions > p->max_nr_regions || p->max_nr_regions > UINT32_MAX)
		return damon_fail(fail, EINVAL, "min_nr_regions is above max_nr_regions");
	if ((p->region_start || p->region_end) && p->region_start >= p->region_end)
		return damon_fail(fail, EINVAL,
				  "monitor_region_start is not below monitor_region_end");
	return 0;
}

static int check_lru(const struct preset_params *p, struct damon_fail *fail)
{
	if (p->hot_permil > 1000)
		return damon_fail(fail, EINVAL, "hot_thres_access_freq is above 1000 permil");
	if (p->active_mem_bp > 10000)
		return damon_fail(fail, EINVAL, "active_mem_bp is above 10000");
	if (!p->filter_young_pages)
		return 0;
	damon_fail(fail, EINVAL,
		   "filter_young_pages cannot work here: only the kernel can look at a page's "
		   "accessed bit without taking it from others");
	damon_fail_remedy(fail, "leave it out: the bounds of nr_accesses keep doubtful memory away "
				"from actions");
	return -EINVAL;
}

static int check_tiers(const struct preset_params *p, struct damon_fail *fail)
{
	if (p->fast_node > INT16_MAX || p->slow_node > INT16_MAX || p->fast_node == p->slow_node)
		return damon_fail(fail, EINVAL, "tiering needs two nodes, a fast and a slow one");
	if (p->used_percent > 0 && p->used_percent <= 100 && p->free_percent > 0 &&
	    p->free_percent <= 100)
		return 0;
	return damon_fail(fail, EINVAL, "goals of tiering are above 0 %%, up to 100 %%");
}

/* ---- parts ---- */

static int set_monitoring(enum preset preset, const struct preset_params *p, struct config *c)
{
	c->attrs.sample_ns = p->sample_ns;
	c->attrs.aggr_ns = p->aggr_ns;
	c->attrs.update_ns = MAX(c->attrs.update_ns, p->aggr_ns);
	c->attrs.min_nr_regions = (uint32_t)p->min_nr_regions;
	c->attrs.max_nr_regions = (uint32_t)p->max_nr_regions;
	c->given |= CONFIG_SAMPLE | CONFIG_AGGR | CONFIG_MIN_REGIONS | CONFIG_MAX_REGIONS;
	if (p->autotune) {
		damon_intervals_goal_init(&c->goal);
		c->goal.access_bp =
			preset == PRESET_RECLAIM || preset == PRESET_LRU_SORT ? 40 : 400;
		c->given |= CONFIG_GOAL;
	}
	if (p->region_end) {
		struct config_target *t = config_add_target(c);

		if (!t || config_add_region(t, p->region_start, p->region_end))
			return -ENOMEM;
		c->ops = CONFIG_PADDR;
		c->given |= CONFIG_OPS | CONFIG_TARGETS;
	}
	return 0;
}

/* As the modules make them: of whole pages, within quota and watermarks. */
static struct damos *add_scheme(struct config *c, const struct preset_params *p, const char *action)
{
	struct damos *s = config_add_scheme(c);

	if (!s)
		return NULL;
	s->action = action;
	s->sz.min = PAGE_BYTES;
	s->quota.time_ns = p->quota_ns;
	s->quota.bytes = p->quota_bytes;
	s->quota.reset_ns = p->quota_reset_ns ? p->quota_reset_ns : NS_PER_SEC;
	if (p->wmarks_interval_ns) {
		s->watermarks = (struct damos_watermarks){
			.metric = DAMOS_WMARK_FREE_MEM_RATE,
			.interval_ns = p->wmarks_interval_ns,
			.high = (uint32_t)p->wmarks_high,
			.mid = (uint32_t)p->wmarks_mid,
			.low = (uint32_t)p->wmarks_low,
		};
	}
	return s;
}

static void add_goal(struct damos *s, enum damos_goal_metric metric, uint64_t target,
		     uint64_t current, uint64_t nid)
{
	s->quota.goals[s->quota.nr_goals++] = (struct damos_goal){
		.metric = metric,
		.target = target,
		.current = current,
		.nid = (int)nid,
	};
}

/* ---- presets ---- */

static int add_reclaim(const struct preset_params *p, struct config *c)
{
	struct damos *s = add_scheme(c, p, "pageout");

	if (!s)
		return -ENOMEM;
	s->access_max = 0;
	s->age_ns.min = p->min_age_ns;
	s->quota.weight_age = 1000; /* the oldest first */
	if (p->quota_mem_pressure_us)
		add_goal(s, DAMOS_GOAL_SOME_MEM_PSI_US, p->quota_mem_pressure_us, 0, 0);
	if (p->quota_feedback)
		add_goal(s, DAMOS_GOAL_USER_INPUT, 10000, p->quota_feedback, 0);
	if (p->skip_anon)
		s->filters[s->nr_filters++] =
			(struct damos_filter){.type = DAMOS_FILTER_ANON, .matching = 1};
	return 0;
}

/* Half of the time for hot memory, half for cold. */
static int add_lru_sort(const struct preset_params *p, struct config *c)
{
	struct damos *s = add_scheme(c, p, "lru_prio");

	if (!s)
		return -ENOMEM;
	s->access_min = (double)p->hot_permil / 1000;
	s->quota.time_ns /= 2;
	s->quota.weight_accesses = 1000;
	s->quota.weight_age = 1000;
	if (p->active_mem_bp)
		add_goal(s, DAMOS_GOAL_ACTIVE_MEM_BP, p->active_mem_bp, 0, 0);

	s = add_scheme(c, p, "lru_deprio");
	if (!s)
		return -ENOMEM;
	s->access_max = 0;
	s->age_ns.min = p->cold_min_age_ns;
	s->quota.time_ns /= 2;
	s->quota.weight_age = 1000;
	if (p->active_mem_bp) /* as the module: .02 % above all, a little is always left to do */
		add_goal(s, DAMOS_GOAL_INACTIVE_MEM_BP, MIN(10002 - p->active_mem_bp, 10000ul), 0,
			 0);
	return 0;
}

static int add_tiering(const struct preset_params *p, struct config *c)
{
	struct damos *s = add_scheme(c, p, "migrate_cold");

	if (!s)
		return -ENOMEM;
	s->access_max = 0;
	s->apply_ns = NS_PER_SEC;
	s->target_nid = (int)p->slow_node;
	add_goal(s, DAMOS_GOAL_NODE_MEM_FREE_BP, (uint64_t)(p->free_percent * 100 + .5), 0,
		 p->fast_node);

	s = add_scheme(c, p, "migrate_hot");
	if (!s)
		return -ENOMEM;
	s->access_min = .05;
	s->apply_ns = NS_PER_SEC;
	s->target_nid = (int)p->fast_node;
	add_goal(s, DAMOS_GOAL_NODE_MEM_USED_BP, (uint64_t)(p->used_percent * 100 + .5), 0,
		 p->fast_node);
	return 0;
}

static int add_schemes(enum preset preset, const struct preset_params *p, struct config *c)
{
	c->given |= CONFIG_SCHEMES;
	switch (preset) {
	case PRESET_RECLAIM:
		return add_reclaim(p, c);
	case PRESET_LRU_SORT:
		return add_lru_sort(p, c);
	case PRESET_TIERING:
		return add_tiering(p, c);
	case PRESET_STAT:
		break; /* watches only */
	}
	return 0;
}

int preset_config(enum preset preset, const struct preset_params *p, struct config *c,
		  struct damon_fail *fail)
{
	int err = check_monitoring(p, fail);

	if (!err && preset != PRESET_STAT)
		err = check_quota(p, fail);
	if (!err && preset != PRESET_STAT)
		err = check_watermarks(p, fail);
	if (!err)
		err = check_lru(p, fail);
	if (!err && preset == PRESET_TIERING)
		err = check_tiers(p, fail);
	if (err)
		return err;
	err = set_monitoring(preset, p, c);
	if (!err)
		err = add_schemes(preset, p, c);
	return err ? damon_fail(fail, ENOMEM, "out of memory") : 0;
}
