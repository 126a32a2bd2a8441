/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/util.h"
#include "config/config.h"

void config_init(struct config *c)
{
	*c = (struct config){
		.attrs = {.size = sizeof(c->attrs)},
		.goal = {.size = sizeof(c->goal)},
	};
	damon_attrs_init(&c->attrs);
}

static void scheme_release(struct damos *s)
{
	for (size_t i = 0; i < s->nr_filters; i++)
		free((char *)s->filters[i].memcg);
	for (size_t i = 0; i < s->quota.nr_goals; i++)
		free((char *)s->quota.goals[i].memcg);
}

void config_release(struct config *c)
{
	for (size_t i = 0; i < c->nr_targets; i++)
		free(c->targets[i].regions);
	for (size_t i = 0; i < c->nr_schemes; i++)
		scheme_release(&c->schemes[i]);
	free(c->targets);
	free(c->schemes);
	config_init(c);
}

const char *config_ops_name(enum config_ops ops)
{
	static const char *const names[] = {"vaddr", "fvaddr", "paddr"};

	return names[ops];
}

struct damos *config_add_scheme(struct config *c)
{
	if (vec_reserve(&c->schemes, &c->cap_schemes, c->nr_schemes + 1, sizeof(*c->schemes)))
		return NULL;
	damos_init(&c->schemes[c->nr_schemes]);
	return &c->schemes[c->nr_schemes++];
}

struct config_target *config_add_target(struct config *c)
{
	if (vec_reserve(&c->targets, &c->cap_targets, c->nr_targets + 1, sizeof(*c->targets)))
		return NULL;
	c->targets[c->nr_targets] = (struct config_target){0};
	return &c->targets[c->nr_targets++];
}

int config_add_region(struct config_target *t, uint64_t start, uint64_t end)
{
	int err = vec_reserve(&t->regions, &t->cap_regions, t->nr_regions + 1, sizeof(*t->regions));

	if (!err)
		t->regions[t->nr_regions++] = (struct config_region){start, end};
	return err;
}

void config_override(struct config *c, const struct config *with)
{
	if (with->given & CONFIG_OPS)
		c->ops = with->ops;
	if (with->given & CONFIG_SAMPLE)
		c->attrs.sample_ns = with->attrs.sample_ns;
	if (with->given & CONFIG_AGGR)
		c->attrs.aggr_ns = with->attrs.aggr_ns;
	if (with->given & CONFIG_UPDATE)
		c->attrs.update_ns = with->attrs.update_ns;
	if (with->given & CONFIG_MIN_REGIONS)
		c->attrs.min_nr_regions = with->attrs.min_nr_regions;
	if (with->given & CONFIG_MAX_REGIONS)
		c->attrs.max_nr_regions = with->attrs.max_nr_regions;
	if (with->given & CONFIG_GOAL)
		c->goal = with->goal;
	c->given |= with->given & ~(unsigned)(CONFIG_TARGETS | CONFIG_SCHEMES);
}
