/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Source 'synth': accesses drawn at random, from a seed, out of given ranges. It needs no kernel,
 * no events and no process: everything above the sources can be tested with it.
 *
 * Observations come at even distances, 1 / rate_hz apart, the first one at the start of the first
 * pull. Their times and addresses depend on the seed alone, not on how the time is cut into pulls.
 */
#ifndef PMU_SYNTH_H
#define PMU_SYNTH_H

#include <stddef.h>
#include <stdint.h>

#include "pmu/source.h"

struct damon_synth_range {
	uint64_t start, end; /* bytes, half open, at least 8 of them */
	double share;	     /* of the observations, in any unit, >= 0 */
	double store_share;  /* of its accesses, 0..1 */
};

struct damon_synth_spec {
	int pid, tid;
	const struct damon_synth_range *ranges; /* copied */
	size_t nr_ranges;
	/* Accesses of an observation, 1..DAMON_BURST_MAX: words that follow one another, as far as
	 * the range goes. Each weighs 1. */
	unsigned burst;
};

/* Pid 1; 4 MiB at 256 MiB with 70 % of the observations, 16 MiB at 512 MiB with 20 %, 64 MiB at
 * 768 MiB with 10 %, a quarter of each stores; bursts of 1. */
extern const struct damon_synth_spec damon_synth_default;

/*
 * Makes a state for damon_synth_source's pull, stats and close; its open() is this with the default
 * spec. Of the options, 'rate_hz' (observations per second) and 'seed' count. Returns 0, -EINVAL or
 * -ENOMEM.
 */
int damon_synth_new(const struct damon_synth_spec *spec, const struct damon_source_options *o,
		    void **state);

#endif
