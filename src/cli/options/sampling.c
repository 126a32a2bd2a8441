/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/options/sampling.h"
#include "cli/options/tuning.h"

static int check_intervals(struct sampling_options *o, const struct option_row *rows,
			   const struct option_line *line, struct damon_fail *fail)
{
	char a[DAMON_UNITS_MAX], b[DAMON_UNITS_MAX];
	uint64_t *ns = o->intervals_ns;

	if (ns[1] < ns[0]) {
		damon_fail(fail, EINVAL,
			   "the aggregation interval, %s, is shorter than the sampling interval, "
			   "%s",
			   damon_print_time(a, (double)ns[1]), damon_print_time(b, (double)ns[0]));
		damon_fail_remedy(fail, "raise '--aggr' or lower '--sample'");
		return -EINVAL;
	}
	if (!option_given(rows, line, "updr") && !option_given(rows, line, "monitoring-intervals"))
		ns[2] = MAX(ns[2], ns[1]);
	if (ns[2] >= ns[1])
		return 0;
	damon_fail(fail, EINVAL,
		   "the update interval, %s, is shorter than the aggregation interval, %s",
		   damon_print_time(a, (double)ns[2]), damon_print_time(b, (double)ns[1]));
	damon_fail_remedy(fail, "raise '--updr' or lower '--aggr'");
	return -EINVAL;
}

/* What asks for a result instead of numbers, and the sampling that comes of it. */
static int check_tuning(struct sampling_options *o, struct damon_fail *fail)
{
	int err = 0;

	damon_sampling_init(&o->sampling);
	o->sampling.source = o->source;
	o->sampling.rate_hz = o->rate_hz;
	o->sampling.overhead_percent = o->overhead_percent;
	o->sampling.mem_reads = (uint32_t)o->mem_reads;
	o->sampling.check = o->check;
	hardware_apply(&o->hardware, &o->sampling);
	o->sampling.checks_per_sec = (double)o->checks_per_sec;
	if (o->resolution)
		err = tuning_parse_resolution(o->resolution, &o->sampling, fail);
	if (!err && o->goal)
		err = tuning_parse_goal(o->goal, &o->intervals_goal, fail);
	if (!err && o->goal_words[0])
		err = tuning_parse_goal_words(o->goal_words, &o->intervals_goal, fail);
	return err;
}

int sampling_check(struct sampling_options *o, const struct option_row *rows,
		   const struct option_line *line, struct damon_fail *fail)
{
	if (check_intervals(o, rows, line, fail) || check_tuning(o, fail))
		return -EINVAL;
	if (o->nr_regions[0] <= o->nr_regions[1])
		return 0;
	damon_fail(fail, EINVAL, "the least number of regions, %llu, is above the largest, %llu",
		   (unsigned long long)o->nr_regions[0], (unsigned long long)o->nr_regions[1]);
	damon_fail_remedy(fail, "lower '--minr' or raise '--maxr'");
	return -EINVAL;
}

void sampling_to_config(const struct sampling_options *o, const struct option_row *rows,
			const struct option_line *line, struct config *asked)
{
	static const struct {
		const char *option;
		unsigned given;
	} all[] = {
		{"sample", CONFIG_SAMPLE},
		{"aggr", CONFIG_AGGR},
		{"updr", CONFIG_UPDATE},
		{"monitoring-intervals", CONFIG_SAMPLE | CONFIG_AGGR | CONFIG_UPDATE},
		{"minr", CONFIG_MIN_REGIONS},
		{"maxr", CONFIG_MAX_REGIONS},
		{"monitoring-nr-regions-range", CONFIG_MIN_REGIONS | CONFIG_MAX_REGIONS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (option_given(rows, line, all[i].option))
			asked->given |= all[i].given;
	asked->attrs.sample_ns = o->intervals_ns[0];
	asked->attrs.aggr_ns = o->intervals_ns[1];
	asked->attrs.update_ns = o->intervals_ns[2];
	asked->attrs.min_nr_regions = (uint32_t)o->nr_regions[0];
	asked->attrs.max_nr_regions = (uint32_t)o->nr_regions[1];
}

void sampling_from_config(struct sampling_options *o, const struct config *c)
{
	o->intervals_ns[0] = c->attrs.sample_ns;
	o->intervals_ns[1] = c->attrs.aggr_ns;
	o->intervals_ns[2] = c->attrs.update_ns;
	o->nr_regions[0] = c->attrs.min_nr_regions;
	o->nr_regions[1] = c->attrs.max_nr_regions;
	if (c->given & CONFIG_GOAL && !o->goal && !o->goal_words[0])
		o->intervals_goal = c->goal;
}

int sampling_set(const struct sampling_options *o, struct damon_ctx *ctx)
{
	struct damon_attrs attrs = {.size = sizeof(attrs)};
	int err;

	damon_attrs_init(&attrs);
	attrs.sample_ns = o->intervals_ns[0];
	attrs.aggr_ns = o->intervals_ns[1];
	attrs.update_ns = o->intervals_ns[2];
	attrs.min_nr_regions = (uint32_t)o->nr_regions[0];
	attrs.max_nr_regions = (uint32_t)o->nr_regions[1];
	err = damon_set_attrs(ctx, &attrs);
	if (!err)
		err = damon_set_sampling(ctx, &o->sampling);
	if (!err && o->intervals_goal.access_bp)
		err = damon_set_intervals_goal(ctx, &o->intervals_goal);
	return err;
}
