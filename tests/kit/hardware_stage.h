/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A context with a source of hardware on a fake kernel: what its PMU would write comes from a plan.
 * Two buffers get four and one of five accesses.
 */
#ifndef KIT_HARDWARE_STAGE_H
#define KIT_HARDWARE_STAGE_H

#include "base/rng.h"
#include "damon.h"
#include "tests/kit/fake_perf.h"

#define LOADED	 0x10100000ull /* loads only, */
#define STORED	 0x20100000ull /* stores only, of BUFFER bytes each */
#define BUFFER	 0x40000ull
#define STRANGER 4242
#define TO_PHYS	 0x700000000ull /* where the kernel put it all */
#define STATUS	 "Name:\tx\nUid:\t0\t0\t0\t0\nCapEff:\t0000000000000000\nSeccomp:\t0\n"

struct hw_plan {
	const char *name, *source;
	const struct fake_file *machine;
	uint32_t type;		/* of its PMU */
	uint64_t loads, stores; /* low 16 bits of config; the same: the sample says which */
	bool whole_cpus;	/* the kernel refuses to follow tasks */
	bool trace;
};

struct hw_stage {
	struct fake_perf perf;
	const struct hw_plan *plan;
	struct rng rng;
	char paths[4][64];
	struct damon_ctx *ctx;
	int nr_snapshots, polls;
	uint64_t written, strangers, truncated, collided, other_ops, of_kernel;
	double share[2], stored[2];
	uint64_t obs;
	/* of a program whose accesses are so many; 0: there are PER_POLL samples whatever is on */
	double accesses_hz, left;   /* in a second of CPU time; those since the last sample */
	uint64_t own_ns, sample_ns; /* own CPU time, which each sample costs */
	double seen_hz;		    /* its accesses, as snapshots have them */
	int throttled_at;	    /* of 'polls'; 0: never */
	double turns;		    /* of the time each event has a counter */
	int nr_busy;		    /* CPUs that are, one after the other */
};

#define HW_PLANS 7
extern const struct hw_plan hw_plans[HW_PLANS];
extern const struct fake_file hw_zen[];
extern const char hw_maps[];

void hw_init(struct hw_stage *l, const struct hw_plan *plan);
void hw_run(struct hw_stage *l); /* opens it, and runs it to its end */
void hw_run_on(struct hw_stage *l);

/* The event of a CPU whose config ends so, of those that are on. */
struct fake_event *hw_event(struct hw_stage *l, int cpu, uint64_t number);

#endif
