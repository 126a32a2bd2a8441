/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "pmu/synth.h"

#define WORD 8

static const struct damon_synth_range default_ranges[] = {
	{0x10000000, 0x10400000, 70, 0.25},
	{0x20000000, 0x21000000, 20, 0.25},
	{0x30000000, 0x34000000, 10, 0.25},
};

const struct damon_synth_spec damon_synth_default = {
	.pid = 1,
	.tid = 1,
	.ranges = default_ranges,
	.nr_ranges = ARRAY_SIZE(default_ranges),
	.burst = 1,
};

struct synth {
	struct damon_synth_spec spec;
	struct damon_synth_range *ranges;
	double total; /* of the shares */
	double period_ns;
	uint64_t origin_ns; /* of the first pull, 0 before it */
	uint64_t nr;	    /* observations so far */
	struct rng rng;
	struct damon_source_stats stats;
};

static int check_spec(const struct damon_synth_spec *spec, const struct damon_source_options *o,
		      double *total)
{
	double sum = 0;

	if (!(o->rate_hz > 0 && o->rate_hz <= 1e9) || !spec->burst || spec->burst > DAMON_BURST_MAX)
		return -EINVAL;
	for (size_t i = 0; i < spec->nr_ranges; i++) {
		const struct damon_synth_range *r = &spec->ranges[i];

		if (r->start > r->end || r->end - r->start < WORD || !(r->share >= 0) ||
		    !(r->store_share >= 0 && r->store_share <= 1))
			return -EINVAL;
		sum += r->share;
	}
	if (!(sum > 0) || !isfinite(sum))
		return -EINVAL;
	*total = sum;
	return 0;
}

int damon_synth_new(const struct damon_synth_spec *spec, const struct damon_source_options *o,
		    void **state)
{
	struct synth *s;
	double total;
	int err = check_spec(spec, o, &total);

	if (err)
		return err;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->ranges = calloc(spec->nr_ranges, sizeof(*s->ranges));
	if (!s->ranges) {
		free(s);
		return -ENOMEM;
	}
	memcpy(s->ranges, spec->ranges, spec->nr_ranges * sizeof(*s->ranges));
	s->spec = *spec;
	s->spec.ranges = s->ranges;
	s->total = total;
	s->period_ns = 1e9 / o->rate_hz;
	rng_seed(&s->rng, o->seed);
	*state = s;
	return 0;
}

static int synth_open(const struct damon_source_options *o, const struct damon_peek *r,
		      void **state)
{
	return damon_synth_new(&damon_synth_default, o, state);
}

static void synth_close(void *state)
{
	struct synth *s = state;

	if (!s)
		return;
	free(s->ranges);
	free(s);
}

static const struct damon_synth_range *draw_range(struct synth *s)
{
	double at = rng_unit(&s->rng) * s->total;
	size_t i = 0;

	while (i + 1 < s->spec.nr_ranges && (at -= s->ranges[i].share) >= 0)
		i++;
	return &s->ranges[i];
}

static void draw(struct synth *s, struct damon_obs *o)
{
	const struct damon_synth_range *r = draw_range(s);
	uint64_t words = (r->end - r->start) / WORD, word = rng_below(&s->rng, words);

	o->nr = MIN((uint64_t)s->spec.burst, words - word);
	for (unsigned i = 0; i < o->nr; i++) {
		struct damon_access *a = &o->access[i];

		a->addr = r->start + (word + i) * WORD;
		a->ip = 0x400000 + (uint64_t)(r - s->ranges) * 0x100; /* an instruction a range */
		a->size = WORD;
		a->flags =
			rng_unit(&s->rng) < r->store_share ? DAMON_ACCESS_STORE : DAMON_ACCESS_LOAD;
	}
	o->ip = o->access[0].ip;
	o->weight = o->nr;
}

static int synth_pull(void *state, uint64_t from_ns, uint64_t to_ns, damon_emit_fn emit, void *priv)
{
	struct synth *s = state;
	int emitted = 0;

	if (!s->nr && !s->origin_ns)
		s->origin_ns = from_ns;
	for (;;) {
		struct damon_obs o = {.pid = s->spec.pid, .tid = s->spec.tid};

		o.time_ns = s->origin_ns + (uint64_t)((double)s->nr * s->period_ns);
		if (o.time_ns >= to_ns)
			return emitted;
		s->nr++;
		draw(s, &o);
		if (o.time_ns < from_ns) /* a time that nobody asked for */
			continue;
		s->stats.samples++;
		s->stats.accesses += o.nr;
		emit(priv, &o);
		emitted++;
	}
}

static int synth_probe(const struct damon_sys *sys, struct damon_fail *why)
{
	return 0;
}

static void synth_stats(const void *state, struct damon_source_stats *out)
{
	*out = ((const struct synth *)state)->stats;
}

const struct damon_source_ops damon_synth_source = {
	.name = "synth",
	.summary = "random accesses to made-up ranges, for tests",
	.sees = DAMON_SEES_LOADS | DAMON_SEES_STORES,
	.scale = {1, 1, 1},
	.probe = synth_probe,
	.open = synth_open,
	.close = synth_close,
	.pull = synth_pull,
	.stats = synth_stats,
};
