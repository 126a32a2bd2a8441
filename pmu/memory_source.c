/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The source 'memory': samples of any event that tells the address of the access, for recordings of
 * perf whose PMU nothing else here knows. A sample stands for as many of its event as its period
 * says; whether these are accesses, misses or cycles is the event's own business. Logs of records
 * that were converted to perf.data are such, too, and say by the event's name if they are relative.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "pmu/memory.h"
#include "pmu/source.h"

struct memory {
	struct damon_source_stats stats;
	bool is_relative;
};

static int memory_probe(const struct damon_sys *sys, struct damon_fail *why)
{
	damon_fail(why, ENODEV, "it opens no events, and reads what perf recorded");
	damon_fail_remedy(why, "see a recording with 'damon-perf report -i perf.data'");
	return -ENODEV;
}

static bool memory_claims(const struct damon_perf_event *e)
{
	return e->attr.sample_type & PERF_SAMPLE_ADDR;
}

static int memory_open(const struct damon_source_options *o, const struct damon_peek *r,
		       void **state)
{
	*state = calloc(1, sizeof(struct memory));
	return *state ? 0 : -ENOMEM;
}

static void memory_close(void *state)
{
	free(state);
}

/* "damon-perf/soft,relative/" */
static bool is_relative(const struct damon_perf_event *e)
{
	static const char ours[] = "damon-perf/";

	return !strncmp(e->name, ours, sizeof(ours) - 1) && strstr(e->name, ",relative/");
}

static int memory_begin(void *state, const struct damon_perf_event *e, size_t n)
{
	struct memory *m = state;

	for (size_t i = 0; i < n; i++)
		m->is_relative |= memory_claims(&e[i]) && is_relative(&e[i]);
	return 0;
}

static int memory_decode(void *state, const struct damon_perf_sample *s, struct damon_space *space,
			 damon_emit_fn emit, void *priv)
{
	struct damon_source_stats *stats = &((struct memory *)state)->stats;
	struct damon_obs o;

	stats->samples++;
	if (damon_memory_obs(s, 0, (float)MAX(s->period, 1ull), &o))
		stats->accesses++;
	else
		stats->no_address++;
	emit(priv, &o);
	return 1;
}

static void memory_stats(const void *state, struct damon_source_stats *out)
{
	*out = ((const struct memory *)state)->stats;
}

static void memory_scale_of(const void *state, struct damon_scale *out)
{
	*out = damon_memory_source.scale;
	if (((const struct memory *)state)->is_relative)
		*out = (struct damon_scale){1, 0.001, 1000};
}

const struct damon_source_ops damon_memory_source = {
	.name = "memory",
	.summary = "recordings of perf: samples of any event with the address of the access",
	.sees = DAMON_SEES_LOADS | DAMON_SEES_STORES | DAMON_SEES_LATENCY | DAMON_SEES_LEVEL,
	.scale = {1, 1, 1},
	.probe = memory_probe,
	.claims = memory_claims,
	.open = memory_open,
	.close = memory_close,
	.begin = memory_begin,
	.decode = memory_decode,
	.stats = memory_stats,
	.scale_of = memory_scale_of,
};
