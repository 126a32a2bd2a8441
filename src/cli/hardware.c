/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/hardware.h"

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
	bool is_kept = s->period && !s->rungs[0].period;

	if (is_kept)
		say("source '%s' cannot change its period on the way: choose a longer one with "
		    "'--period'",
		    s->source);
	return is_kept;
}
