/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of a checker of accessed bits, which feeds the core of a sampler.
 *
 * Pages: those that the core picked are armed when a sampling interval begins and looked at when it
 * ends, as DAMON does. Mappings: once a second all of them, how many of their pages were touched
 * within that second (smaps).
 *
 * The soft source reads the target's memory, one page a burst, when its reader wakes: that sets the
 * page's accessed bit, too. Here it does so in the sampling interval after the burst.
 */
#ifndef JUDGE_CHECKER_H
#define JUDGE_CHECKER_H

#include "tests/judge/sampler.h"

struct checker {
	struct sampler *sampler;
	double per_interval; /* pages to look at; 0: none */
	bool maps;	     /* looks at mappings */
	double carry;
	uint64_t *armed; /* addresses */
	size_t nr_armed;
	uint64_t nr_checks; /* pages looked at */
	uint64_t *read;	    /* pages that the sampler itself reads in this interval */
	size_t nr_read, cap_read;
	struct rng rng;
};

void checker_init(struct checker *c, struct sampler *s, double pages_per_s, bool maps,
		  uint64_t seed);
void checker_release(struct checker *c);

/* A sampling interval of the world has passed. */
void checker_look(struct checker *c, struct world *w);

#endif
