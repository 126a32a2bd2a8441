/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program as the judge sees it: pages that are accessed in sampling intervals, watched by
 * samplers, and the truth of it. Its accesses are made up (pattern.c) or a real program's
 * (replay.c). Page 0 is the first of its space.
 */
#ifndef JUDGE_WORLD_H
#define JUDGE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "tests/judge/facts.h"
#include "tests/judge/kernel.h"

enum { INTERVALS = 20 }; /* sampling intervals per aggregation interval, 5 and 100 ms */
enum { AGGRS_PER_S = 10 };
enum { PHASE_AGGRS = 50 }; /* patterns that move do so this often */

struct sampler;

struct world_touched {
	uint32_t pages, resident;
};

struct world {
	const char *name;
	const struct kernel_range *maps; /* sorted: what is mapped */
	size_t nr_maps;
	const uint64_t *origins; /* pages of the trace that they begin with; NULL: made up */
	uint64_t pages;		 /* in them */
	/* What the kernel's DAMON would start with: three ranges between the two largest holes. */
	struct kernel_range ranges[3];
	size_t nr_ranges;
	double per_interval; /* accesses per sampling interval */
	uint64_t accesses;   /* in all; 0: made up */
	uint64_t interval;   /* sampling intervals so far */
	bool moves;	     /* its hot set jumps every PHASE_AGGRS */
	bool stationary;     /* its rates never change: age is as long as the run */
	bool is_real;
	/* Lets a sampling interval pass before 'n' samplers. False: the program has ended. */
	bool (*step)(struct world *w, struct sampler *s, size_t n);
	/* Was 'page' accessed in the interval that passed last? */
	kernel_accessed accessed; /* 'priv' is the world */
	/* Of [start, end): pages touched in the last so many intervals, and those resident by now.
	 * NULL: not known. */
	struct world_touched (*touched)(struct world *w, uint64_t start, uint64_t end,
					uint64_t intervals);
	/* The truth of the last INTERVALS intervals; valid until the next step. */
	const struct facts *(*facts)(struct world *w);
	/* Back to the start. */
	void (*rewind)(struct world *w, uint64_t seed);
	void (*free)(struct world *w);
};

/* What may be different from a pattern's own; 0: nothing is. */
struct pattern_size {
	uint64_t pages;
	unsigned int visit;  /* accesses in a row to a page */
	double per_interval; /* accesses per sampling interval */
};

/* A made-up world by name, NULL: there is none. pattern_names[] ends with NULL. */
struct world *pattern_new(const char *name, const struct pattern_size *size);
extern const char *const pattern_names[];

/* The world of a trace file (tests/truth), 20 s long. NULL: errno says why. */
struct world *replay_new(const char *path);

#endif
