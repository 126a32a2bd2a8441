/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one aggregation interval leaves behind: per target the counts of its regions and of its
 * working set. Only counts are kept and recorded. Rates, bounds, nr_accesses and working-set sizes
 * are derived from them by the functions at the end, live and offline alike.
 */
#ifndef CORE_SNAPSHOT_H
#define CORE_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "core/sample.h"

/* Working-set windows: one aggregation interval, 1 s, 10 s, 60 s. */
enum damon_window {
	DAMON_WINDOW_AGGR,
	DAMON_WINDOW_1S,
	DAMON_WINDOW_10S,
	DAMON_WINDOW_60S,
	DAMON_NR_WINDOWS
};

/* Counts of one region since its epoch, the last change of its rate ('span_aggrs' aggregations
 * ago). */
struct damon_region {
	uint64_t start, end; /* bytes, page aligned */
	uint32_t nr_obs;     /* page observations: one per distinct page of an observation */
	uint32_t nr_ticks;   /* distinct observations behind them, <= nr_obs: what bounds count */
	uint32_t span_aggrs; /* >= 1 */
	uint32_t age_aggrs; /* DAMON's age: aggregations since the rate changed by more than a fifth
			     */
	uint32_t idle_aggrs; /* aggregations since the last hit, 0 if hit in this one; outlives the
				window */
	uint64_t hit_start, hit_end; /* this aggregation's hits lie in these bytes; equal: there was
					none, or it is not known where. Not recorded */
	float weight;		     /* sum of access weights, in the source's unit */
	float store_weight; /* the part of 'weight' that stores (read-modify-write included) */
	float stall_weight; /* sum of stall weights: where time is lost, not how often */
	float evenness;	    /* >= 1: how unevenly accesses spread over its pages; 1 is even */
	float nr_checks;    /* sampling intervals in which a random page of it was looked at, */
	float nr_touched;   /* and was touched. Both fade: docs/ESTIMATOR.md, "Checks" */
	float now_weight; /* access weight per aggregation at present: of this one, and of the past
			     as far as rates hold */
	float now_ticks;  /* ticks that speak for it. Both 0: it is as since the epoch */
};

/* Page observations in a trailing window: n of them on d distinct pages, f1 pages seen once, f2
 * twice. */
struct damon_wset {
	double n, d, f1, f2; /* scaled up where pages were thinned */
	double span_ns; /* how much of the window has passed: smaller than the window at the start
			 */
};

/* Checks of whole mappings over a window: pages touched in it, of 'pages' that are mapped there. */
struct damon_wset_check {
	double touched, pages; /* pages 0: nothing was checked */
	double seen;	       /* distinct pages that samples had seen in it, when it was checked */
	double late_ns;	       /* since then, to the end of the snapshot */
};

struct damon_target_snapshot {
	uint32_t target_id;
	uint32_t space_id; /* of the address space that the regions lie in: targets change theirs */
	uint64_t nr_obs;   /* observations of this aggregation that hit a region */
	double weight;	   /* their weight */
	double cpu_ns;	   /* CPU time the target used in this aggregation, 0 if not known */
	float burst;	   /* accesses per visit of a page, >= 1 */
	float clumping;	   /* accesses that a page gets in a sampling interval that has any, if it
			      gets one in the mean: in [1, 1000] */
	float visit_weight; /* of a visit of a page, as checks tell it, in the source's unit; 0: not
			       known */
	struct damon_wset wset[DAMON_NR_WINDOWS];
	struct damon_wset_check checked[DAMON_NR_WINDOWS];
	struct damon_region *regions; /* sorted by start, never overlapping; gaps are unmapped */
	size_t nr_regions;
};

/* What was not seen, and why. Counts of this aggregation. */
struct damon_counts {
	uint64_t obs;	       /* observations with at least one address */
	uint64_t accesses;     /* addresses in them */
	uint64_t unknown;      /* accesses whose address could not be told */
	uint64_t lost;	       /* records that the kernel dropped */
	uint64_t throttled;    /* throttle events */
	uint64_t no_address;   /* observations without any address */
	uint64_t no_region;    /* page observations outside of every mapping */
	uint64_t no_target;    /* observations of processes beyond the limit of targets */
	uint64_t kernel_ticks; /* ticks spent in the kernel, where accesses are not seen */
	uint64_t thinned; /* page observations dropped at the batch limit; their weight is carried
			     by the others */
	uint64_t checks;  /* looks at pages and mappings */
	uint64_t check_no_target; /* looks at processes without a target, not among 'checks' */
	uint64_t check_no_region; /* of 'checks' those outside of every region */
	uint64_t check_thinned;	  /* of 'checks' those dropped at the batch limit */
};

struct damon_snapshot {
	uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC */
	double rate_hz;	    /* observations that were asked for: per second of CPU time, or per 10^9
			       accesses that hardware counts; 0: neither */
	uint64_t sample_ns; /* tuned sampling interval (core/tuning.h); 0: none was */
	struct damon_counts counts;
	struct damon_target_snapshot *targets;
	size_t nr_targets;
};

/* ---- derived, never stored ---- */

/* The intervals and the scale that turn counts into DAMON's words. */
struct damon_view {
	uint64_t sample_ns, aggr_ns;
	struct damon_scale scale;
	uint64_t tuned_ns; /* nr_accesses counts intervals of this length instead of sample_ns, and
			      still aggr_ns / sample_ns of them; 0: as they are */
};

struct damon_region_rate {
	double heat, lo, hi; /* accesses per page and second, with the nominal 95 % interval (scale
				included) */
	double share, share_lo, share_hi; /* of the target's weight, 0..1: free of the scale */
	uint64_t edge_bytes; /* how far its borders may be off: 3 / density of the denser neighbour
			      */
};

/* Over all regions of a target: what all of them are derived with. */
struct damon_target_sum {
	double weight;	/* per aggregation, what shares are of; where there are only checks (scale
			   0), what they count for: pages touched in a sampling interval */
	double per_hit; /* weight of a hit, for regions that have none */
};
struct damon_target_sum damon_target_sum(const struct damon_target_snapshot *t,
					 const struct damon_view *v);

/*
 * Derives the rates of regions[i] of 't', whose sum is damon_target_sum(t, v).
 * Bounds: Wilson and Hilferty's approximation to the Poisson interval, on nr_ticks (lo is 0 below
 * 4). The upper bound of a region that was not hit within its window falls with its idle time.
 * Where there are only checks, heat is the least that explains them: an access in each sampling
 * interval in which a page was found touched; lo and hi are the same.
 * Cheap: no exponential.
 */
void damon_region_derive(const struct damon_target_snapshot *t, size_t i,
			 const struct damon_view *v, const struct damon_target_sum *sum,
			 struct damon_region_rate *out);

/* DAMON's nr_accesses: of the aggr/sample sampling intervals, the expected number in which a random
 * page of the region is accessed. */
struct damon_nr_accesses {
	double nr, lo, hi; /* not rounded */
};
void damon_region_nr_accesses(const struct damon_target_snapshot *t, size_t i,
			      const struct damon_view *v, const struct damon_region_rate *rate,
			      struct damon_nr_accesses *out);

/* Weight per aggregation over all regions: sum of weight / span_aggrs. */
double damon_target_weight_rate(const struct damon_target_snapshot *t);

struct damon_wset_size {
	double bytes, lo, hi; /* lo <= bytes <= hi */
};

/*
 * The working set of a window: bytes in pages touched at least once. 'bytes' combines what the
 * counts say, extrapolated from the hits to all visits, with the pages expected at the regions'
 * rates and unevenness; 'lo' is hardly more than what was seen, 'hi' what the counts leave room
 * for, or the regions where counts tell little. At most what is mapped. docs/ESTIMATOR.md.
 */
void damon_wset_derive(const struct damon_target_snapshot *t, enum damon_window w,
		       const struct damon_view *v, struct damon_wset_size *out);

struct damon_hot_set_size {
	double bytes, lo, hi; /* lo <= bytes <= hi */
};

/*
 * The hot set: the least memory that has 'part' (0..1) of the target's accesses, at today's rates.
 * The hottest regions until they have it, with bounds for the noise of counts, for the luck that
 * made some look hottest, and for pages of a region that are not alike. docs/ESTIMATOR.md.
 * Returns 0 or -ENOMEM.
 */
int damon_hot_set_derive(const struct damon_target_snapshot *t, double part,
			 struct damon_hot_set_size *out);

/* Expected share of intervals (or pages) touched when the mean number of visits is 'mean' and
 * unevenness is 'h' >= 1 (lognormal mix, 5-node Gauss-Hermite). In [0, 1]. */
double damon_touched(double mean, double h);

#endif
