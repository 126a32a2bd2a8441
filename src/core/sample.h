/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a source yields: observations, each of one or more accesses.
 *
 * The observation is the unit of statistics. A hardware sample is one observation of one access; a
 * tick of the soft source is one observation of a burst of up to DAMON_BURST_MAX accesses. Accesses
 * of one observation are correlated: tests and bounds count observations, weights are for rates.
 */
#ifndef CORE_SAMPLE_H
#define CORE_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#define DAMON_BURST_MAX 16

enum damon_access_flags {
	DAMON_ACCESS_LOAD = 1 << 0,
	DAMON_ACCESS_STORE = 1 << 1, /* with LOAD: read-modify-write */
	DAMON_ACCESS_STACK = 1 << 2, /* push, pop, call, or near the stack pointer */
	DAMON_ACCESS_LIKELY =
		1 << 3, /* address depends on a value read after the sample: not exact */
};

struct damon_access {
	uint64_t addr; /* first byte */
	uint64_t ip;   /* of the instruction, in the target's address space */
	uint16_t size; /* bytes, 0 unknown */
	float carries; /* accesses of the burst without an address that it stands for besides itself
			*/
	uint8_t flags; /* enum damon_access_flags */
};

/* Where an access was served from. What the hardware does not tell is unknown. */
enum damon_level {
	DAMON_LEVEL_UNKNOWN,
	DAMON_LEVEL_L1,
	DAMON_LEVEL_LFB, /* was under way already: line fill buffer, miss address buffer */
	DAMON_LEVEL_L2,
	DAMON_LEVEL_L3,	  /* and system-level caches */
	DAMON_LEVEL_PEER, /* another core's or cluster's cache */
	DAMON_LEVEL_DRAM,
	DAMON_LEVEL_PMEM,
	DAMON_LEVEL_CXL,
	DAMON_LEVEL_IO, /* or memory that is not cached */
	DAMON_NR_LEVELS
};

enum damon_hw_flags {
	DAMON_HW_LOCAL = 1 << 0,    /* of this node, as told; neither: not told */
	DAMON_HW_REMOTE = 1 << 1,   /* of another node */
	DAMON_HW_TLB_HIT = 1 << 2,  /* of any level */
	DAMON_HW_TLB_MISS = 1 << 3, /* page tables had to be walked */
	DAMON_HW_HITM = 1 << 4,	    /* found modified in another cache */
	DAMON_HW_LOCKED = 1 << 5,
};

/* What only hardware tells of an access; 0: not told. */
struct damon_hw {
	uint64_t phys; /* physical address */
	uint32_t latency_cycles;
	uint8_t level; /* enum damon_level */
	uint8_t flags; /* enum damon_hw_flags */
};

struct damon_obs {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t ip;	  /* of the sample */
	int pid;	  /* process (thread group) */
	int tid;
	/* What all accesses of it stand for, in the source's unit (struct damon_scale). Each weighs
	 * weight * (1 + carries) / (nr + nr_carried + nr_unknown). */
	float weight;
	float stall_weight; /* of 'stall': count and stall weights are never added */
	uint8_t nr;	    /* accesses with an address; 0 is legal and counted as 'no address' */
	uint8_t nr_carried; /* accesses without an address that others carry */
	uint8_t nr_unknown; /* accesses without an address that nothing stands for */
	bool has_stall;	    /* 'stall' holds the access that the CPU waited for */
	struct damon_access access[DAMON_BURST_MAX]; /* [0, nr) in program order */
	struct damon_access stall;
	struct damon_hw hw; /* of access[0]; sources of bursts leave it 0 */
};

/*
 * What the weights of a source mean: 'accesses' of the target per unit of weight, with the interval
 * that it surely lies in. Sources that count accesses have 1, 1, 1. Where lo != hi, rates are
 * relative: shares, ranks and ratios hold, accesses per second only within the interval. 'accesses'
 * 0: there are no observations, all that is known are checks (core/check.h).
 */
struct damon_scale {
	double accesses, lo, hi;
};

#endif
