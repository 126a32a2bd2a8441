/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The region core of a context: takes observations, gives a snapshot per aggregation interval.
 * Pure: no system call, clock, printing, or randomness but the seed.
 *
 *	on every observation	damon_core_observe()	O(accesses of it), no allocation, no lookup
 *in regions every aggregation	damon_core_aggregate()	bounded by the window and the region limit
 *	when maps changed	nothing: extents are taken from a target's space at the next
 *aggregation
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <stddef.h>
#include <stdint.h>

#include "core/estimator.h"
#include "core/sample.h"
#include "core/snapshot.h"
#include "core/target.h"

struct damon_core_params {
	uint64_t sample_ns, aggr_ns, update_ns;	 /* DAMON's intervals: 5 ms, 100 ms, 1 s */
	uint32_t min_nr_regions, max_nr_regions; /* 10, 1000: over all targets */
	uint32_t max_targets;			 /* 64 */
	uint32_t batch_hits;   /* 8192: page observations taken per aggregation; beyond, a random
				  subset with their weight carried */
	uint32_t log_per_sec;  /* 200: accesses kept for attribution */
	uint32_t wset_entries; /* 32768: over all targets */
	struct damon_est_params est;
	uint64_t seed;
};
extern const struct damon_core_params damon_core_defaults;

/* One line of the sample log: an access kept for attribution, drawn evenly from all of its
 * interval. */
struct damon_log_entry {
	uint64_t time_ns, addr, ip;
	int pid, tid;
	uint32_t target_id, space_id;
	float weight; /* what it stands for in the log: its interval's weight is spread over the
			 entries kept */
	uint16_t size;
	uint8_t flags;	  /* enum damon_access_flags */
	uint8_t stall;	  /* 1: a stall address, its weight is a stall weight */
	uint16_t latency; /* cycles, 0 not known, 65535 so many or more */
	uint8_t level;	  /* enum damon_level; 0 not known */
	uint8_t hw_flags; /* enum damon_hw_flags */
};

struct damon_core;

struct damon_core *damon_core_new(const struct damon_core_params *p); /* NULL: no memory */
void damon_core_free(struct damon_core *c);
struct damon_targets *damon_core_targets(struct damon_core *c);

/* Takes one observation of a process (NULL: counted as 'no target'). 'o' is not kept. */
void damon_core_observe(struct damon_core *c, struct damon_proc *p, const struct damon_obs *o);

/*
 * Pages that were observed since '*mark' (0 at first), which is brought up to date: those of the
 * interval at hand, as far as they were kept. To be asked before an interval is ended, too.
 */
typedef void (*damon_seen_fn)(void *priv, const struct damon_target *t, uint64_t addr);
void damon_core_seen_since(const struct damon_core *c, uint32_t *mark, damon_seen_fn fn,
			   void *priv);

/* Observations from now on stand for 'factor' times what their weight says: they are rarer than the
 * source was told. 1 at the start. */
void damon_core_weigh(struct damon_core *c, double factor);

/* What the sources and rings counted in this interval: added to the next snapshot. */
void damon_core_count(struct damon_core *c, const struct damon_counts *add);

/* CPU time that a target used in this interval: shown in its next snapshot. */
void damon_core_cpu(struct damon_core *c, struct damon_target *t, double cpu_ns);

/*
 * Ends the interval [start_ns, end_ns), in which 'rate_hz' observations were asked for per second
 * of CPU time (0: not by time; a change of it is no change of the program). Returns the snapshot,
 * owned by the core and valid until the next call; NULL without memory. Targets without any region
 * or hit are left out.
 */
const struct damon_snapshot *damon_core_aggregate(struct damon_core *c, uint64_t start_ns,
						  uint64_t end_ns, double rate_hz);

/* The log entries of the interval that damon_core_aggregate() ended last. */
const struct damon_log_entry *damon_core_log(const struct damon_core *c, size_t *n);

#endif
