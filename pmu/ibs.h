/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside the source 'ibs': AMD's Instruction-Based Sampling of ops, and what its registers say.
 *
 * Every so many ops that a core dispatches, the hardware follows one of them to its end and then
 * interrupts: whatever it was, its address is that of the very instruction. So most samples are of
 * ops that access no memory, which are left out (counted as filtered).
 *
 * Since Linux 6.1 the kernel puts what the registers say into DATA_SRC, ADDR and WEIGHT. Before,
 * and for what those have no room for, there are the registers themselves (PERF_SAMPLE_RAW). Both
 * are read: DATA_SRC first for where data came from, as the kernel knows the errata of its CPU.
 */
#ifndef PMU_IBS_H
#define PMU_IBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pmu/source.h"

extern const struct damon_source_ops damon_ibs_source;

#define DAMON_IBS_PERIOD_MIN 0x90 /* the least that newer kernels take; before, 0x10 */

/* The ops per sample that 'o' asks for: a multiple of 16, as the hardware has it. */
uint64_t damon_ibs_period(const struct damon_source_options *o);

/* CPUID 8000001Bh EAX, which the kernel puts in front of the registers. */
enum damon_ibs_caps {
	DAMON_IBS_LONG_COUNTS = 1 << 6,	 /* periods of 27 bits instead of 20 */
	DAMON_IBS_ZEN4 = 1 << 11,	 /* more kinds of where data come from */
	DAMON_IBS_TLB_BY_PHYS = 1 << 19, /* what is said of the TLB needs a physical address */
};

/* Where a load that missed the caches of its core got its data (IbsOpData2.DataSrc). */
enum damon_ibs_data_src {
	DAMON_IBS_SRC_NONE = 0,
	DAMON_IBS_SRC_LOCAL_CACHE = 2, /* of this node: L3, or another core */
	DAMON_IBS_SRC_DRAM = 3,
	DAMON_IBS_SRC_REMOTE_CACHE = 4,
	DAMON_IBS_SRC_IO = 7,

	/* with DAMON_IBS_ZEN4 */
	DAMON_IBS_SRC4_L3 = 1, /* or another core of the same L3 */
	DAMON_IBS_SRC4_NEAR_CACHE = 2,
	DAMON_IBS_SRC4_DRAM = 3,
	DAMON_IBS_SRC4_FAR_CACHE = 5,
	DAMON_IBS_SRC4_PMEM = 6,
	DAMON_IBS_SRC4_IO = 7,
	DAMON_IBS_SRC4_CXL = 8,
	DAMON_IBS_SRC4_PEER_AGENT = 12, /* memory of an accelerator */
};

/* The registers of an op, taken apart. Nothing is interpreted: what is not valid is said so by
 * another field. */
struct damon_ibs_op {
	uint32_t caps;		 /* enum damon_ibs_caps */
	uint64_t period;	 /* ops or cycles that the counter was set to */
	bool counts_ops;	 /* else cycles */
	uint64_t ip, addr, phys; /* linear and physical address of the data */
	bool ip_invalid, addr_valid, phys_valid;
	bool load, store; /* may be both */
	bool prefetch;	  /* by software */
	bool locked, uncached, write_combining, misaligned;
	bool l1_miss, l2_miss, in_flight; /* in_flight: the miss was under way already */
	bool l1_tlb_miss, l2_tlb_miss;
	uint8_t source; /* enum damon_ibs_data_src; with DAMON_IBS_ZEN4 of 5 bits, else of 3 */
	bool remote;	/* of another node */
	bool owned;	/* the other cache had the line owned, else modified */
	uint8_t bytes;	/* wide, 0: not told */
	uint16_t miss_cycles, tlb_cycles;
};

/* Takes PERF_SAMPLE_RAW of an event of the PMU ibs_op apart. Returns 0, or -EBADMSG if it is too
 * short to hold the registers. */
int damon_ibs_raw(const uint8_t *raw, size_t len, struct damon_ibs_op *out);

/* Where the access was served from and what else is told of it, all that is invalid left out. What
 * the kernel's DATA_SRC, WEIGHT and PHYS_ADDR say of the same registers comes to the same, except
 * where CPUs are told apart by their model (see damon_ibs_hw() in ibs_raw.c). */
void damon_ibs_hw(const struct damon_ibs_op *op, struct damon_hw *out);

#endif
