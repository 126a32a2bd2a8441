/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options/hardware.h"

#include "cli/say.h"

void hardware_apply(const struct hardware_options *o, struct damon_sampling *s)
{
	s->period = o->period;
	s->latency_cycles = (uint32_t)o->latency_cycles;
	s->no_loads = o->stores;
	s->no_stores = o->loads;
	s->phys = o->phys;
	s->event = o->event;
}

void hardware_say_source(const struct damon_ctx *ctx)
{
	struct damon_stats s = {.size = sizeof(s)};

	if (damon_ctx_stats(ctx, &s) < 0 || !s.source_reason[0])
		return;
	say("source: %s, as %s", s.source, s.source_reason);
}

bool hardware_says_why(const struct damon_stats *s)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < DAMON_MAX_RUNGS; i++)
		longest = s->rungs[i].period ? s->rungs[i].period : longest;
	if (s->period && !longest)
		say("source '%s' cannot change its period on the way: choose a longer one with "
		    "'--period'",
		    s->source);
	else if (s->period && s->slowdown_percent > s->overhead_asked_percent)
		say("one sample in %llu accesses is too many here: choose a longer '--period'",
		    (unsigned long long)longest);
	else
		return false;
	return true;
}
