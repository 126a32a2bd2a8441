/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/losses.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"

#define COUNTER_ENOUGH 95 /* percent of the time */

#define AT(member) offsetof(struct damon_stats, member)

const struct loss losses[] = {
	{"lost", AT(lost)},
	{"throttled", AT(throttled)},
	{"no_address", AT(no_address)},
	{"no_code", AT(no_code)},
	{"foreign", AT(foreign)},
	{"no_region", AT(no_region)},
	{"no_target", AT(no_target)},
	{"kernel", AT(kernel_ticks)},
	{"thinned", AT(thinned)},
	{"malformed", AT(malformed)},
	{"traces_truncated", AT(traces_truncated)},
	{"traces_collided", AT(traces_collided)},
	{"traces_broken", AT(traces_broken)},
	{NULL, 0},
};

uint64_t losses_count(const struct damon_stats *s)
{
	return s->lost + s->malformed + s->traces_truncated + s->traces_collided + s->traces_broken;
}

char *losses_text(char buf[LOSSES_TEXT_MAX], const struct damon_stats *s)
{
	const struct {
		const char *what;
		uint64_t n;
		bool is_often; /* "throttled 2 times", not "2 lost" */
	} all[] = {
		{"lost", s->lost, false},
		{"damaged", s->malformed + s->traces_broken, false},
		{"traces cut off", s->traces_truncated, true},
		{"samples collided", s->traces_collided, true},
		{"throttled", s->throttled, true},
	};
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		unsigned long long n = all[i].n;
		const char *before = len ? ", " : " (", *times = n == 1 ? "time" : "times";

		if (n && all[i].is_often)
			len += (size_t)snprintf(buf + len, LOSSES_TEXT_MAX - len, "%s%s %llu %s",
						before, all[i].what, n, times);
		else if (n)
			len += (size_t)snprintf(buf + len, LOSSES_TEXT_MAX - len, "%s%llu %s",
						before, n, all[i].what);
	}
	if (len)
		snprintf(buf + len, LOSSES_TEXT_MAX - len, ")");
	return buf;
}

bool losses_by_turns(const struct damon_stats *s)
{
	return s->counter_percent > 0 && s->counter_percent < COUNTER_ENOUGH;
}

uint64_t loss_of(const struct loss *l, const struct damon_stats *s)
{
	uint64_t n;

	memcpy(&n, (const char *)s + l->at, sizeof(n));
	return n;
}

void losses_since(const struct damon_stats *before, const struct damon_stats *now,
		  struct damon_stats *out)
{
	*out = (struct damon_stats){.size = sizeof(*out)};
	for (const struct loss *l = losses; l->reason; l++) {
		uint64_t n = loss_of(l, now) - loss_of(l, before);

		memcpy((char *)out + l->at, &n, sizeof(n));
	}
}
