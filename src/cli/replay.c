/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/replay.h"
#include "cli/say.h"

int replay_check(const struct option_row *rows, const struct option_line *line,
		 struct damon_fail *fail)
{
	static const char *const live[] = {"pid",
					   "cgroup",
					   "all-processes",
					   "duration",
					   "source",
					   "overhead",
					   "rate",
					   "resolution",
					   "mem-reads",
					   "check",
					   "checks-per-sec",
					   "period",
					   "latency-threshold",
					   "loads",
					   "stores",
					   "phys",
					   "event"};

	if (line->nr_operands) {
		damon_fail(fail, EINVAL, "'--replay' and a command exclude each other");
		damon_fail_remedy(fail, "give one of them");
		return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(live); i++) {
		if (!option_given(rows, line, live[i]))
			continue;
		damon_fail(fail, EINVAL,
			   "'--%s' is for what is being recorded, and '--replay' reads what was",
			   live[i]);
		damon_fail_remedy(fail, "leave it out");
		return -EINVAL;
	}
	return 0;
}

void replay_say_unused(const struct damon_ctx *ctx, const struct option_row *rows,
		       const struct option_line *line)
{
	static const char *const unused[] = {
		"aggr", "updr", "minr", "maxr", "monitoring-nr-regions-range", "ops", "regions"};
	struct damon_stats s = {.size = sizeof(s)};

	if (damon_ctx_stats(ctx, &s) < 0 || !replayed_checks(&s))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(unused); i++) {
		if (option_given(rows, line, unused[i]))
			say("'--%s' counts for nothing: aggregations and regions are the kernel's, "
			    "as they were recorded",
			    unused[i]);
	}
}

void replay_say(const struct damon_stats *s)
{
	const struct {
		uint64_t n;
		const char *what;
	} all[] = {
		{s->no_address, "samples told no address"},
		{s->kernel_ticks, "samples were of the kernel's memory"},
		{s->unclaimed, "samples were of events that tell no addresses"},
		{s->no_event, "samples were of events that the file does not have"},
		{s->no_target, "samples were of processes beyond the limit, of guests, or of none"},
		{s->malformed, "records were not what they claim"},
		{s->late, "records came too late to be put in order"},
		{s->aux_lost, "pieces of traces were cut off, or cannot be read"},
	};
	char count[DAMON_UNITS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i].n)
			say("%s %s", damon_print_count(count, (double)all[i].n), all[i].what);
	}
	if (s->truncated)
		say("the recording is cut off: it ends in the middle");
}
