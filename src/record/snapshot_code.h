/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Snapshots as integers, each told as its difference to the one before, column by column.
 * The same routine writes and reads: see pack.h. docs/FORMAT.md has the method.
 */
#ifndef RECORD_SNAPSHOT_CODE_H
#define RECORD_SNAPSHOT_CODE_H

#include "core/snapshot.h"
#include "record/pack.h"

#define SNAPSHOT_MAX_REGIONS (1u << 18) /* of a snapshot, over all targets */
#define SNAPSHOT_MAX_TARGETS 4096
#define SNAPSHOT_MAX_PAGE    ((1ull << 52) - 1)

/* Bits of mantissa kept: see quant(). */
enum {
	QUANT_WEIGHT = 7, /* per observation: 0.4 % */
	QUANT_STALL = 5,  /* per observation: 1.6 %; a few stalls make it up */
	QUANT_EVENNESS = 4,
	QUANT_WSET = 8,
	QUANT_TARGET = 10, /* weight and CPU time of a target */
	QUANT_BURST = 7,
	QUANT_RATE = 23,
	QUANT_CHECKS = 6, /* of regions: 0.8 % */
	QUANT_NOW = 5,	  /* what regions are at present: 1.6 % */
};

/* The streams of a chunk, in this order. */
enum {
	STREAM_HEAD,   /* times and counts */
	STREAM_TARGET, /* per target: counts, working sets */
	STREAM_SCRIPT, /* runs of kept, gone and new regions */
	STREAM_LIST,   /* which kept regions are not as predicted */
	STREAM_COLUMNS,
};

/* Columns of regions: once for kept, once for new ones. */
enum {
	COLUMN_FLAGS,
	COLUMN_START,
	COLUMN_END,
	COLUMN_OBS,
	COLUMN_TICKS,
	COLUMN_WEIGHT,
	COLUMN_STORE,
	COLUMN_STALL,
	COLUMN_EVENNESS,
	COLUMN_AGE,
	COLUMN_SPAN,
	COLUMN_IDLE,
	COLUMN_CHECKS,
	COLUMN_TOUCHED,
	COLUMN_NOW_TICKS,
	COLUMN_NOW_WEIGHT,
	NR_COLUMNS
};

#define SNAPSHOT_NR_STREAMS (STREAM_COLUMNS + 2 * NR_COLUMNS)

struct region_code {
	uint64_t start, end; /* pages */
	uint32_t obs, ticks, age, span, idle;
	uint16_t weight, stall, evenness; /* quantised; weight and stall per observation */
	uint16_t checks, touched;	  /* quantised */
	uint16_t now_ticks, now_weight;	  /* quantised; the latter per tick. Both 0 or none */
	uint8_t store; /* of the weight, in 1/255; 0 and 255 only if none and all of it */
};

struct wset_code {
	uint32_t n, d, f1, f2, span;
};

struct wset_check_code {
	uint32_t touched, pages, seen, late;
};

struct target_code {
	uint32_t id, space;
	uint32_t max_span; /* of its regions */
	uint32_t weight, cpu, burst, clumping;
	uint32_t is_now; /* 1: regions tell what they are at present, too */
	uint64_t obs;
	struct wset_code wset[DAMON_NR_WINDOWS];
	uint32_t checks; /* enum target_checks */
	uint32_t visit;
	struct wset_check_code checked[DAMON_NR_WINDOWS];
	size_t first, nr; /* its regions */
};

/* What of a target was told by checks: bits. The windows of wset_check_code are behind these. */
enum target_checks {
	CHECKED_REGIONS = 1 << 0,
	CHECKED_VISIT = 1 << 1,
	CHECKED_WINDOW = 1 << 2,
	CHECKED_MAX = (CHECKED_WINDOW << DAMON_NR_WINDOWS) - 1,
};

/* One snapshot. */
struct frame_code {
	uint64_t start_ns, end_ns;
	uint32_t rate; /* bits of a float */
	struct damon_counts counts;
	struct target_code *targets;
	size_t nr_targets, cap_targets;
	struct region_code *regions; /* also where there are none: pieces of it begin somewhere */
	size_t nr_regions, cap_regions;
};

struct region_run {
	uint32_t kept, gone, fresh;
};

/* The snapshots of a chunk while it is written or read. Zero is a good start. */
struct damon_snapshot_code {
	struct damon_pack stream[SNAPSHOT_NR_STREAMS];
	size_t nr; /* snapshots written, or still to be read */
	struct frame_code base, cur;
	uint32_t last_weight, last_stall; /* codes of the latest region that had any */
	struct region_run *runs;
	size_t nr_runs, cap_runs;
};

void damon_snapshot_code_release(struct damon_snapshot_code *c);

/* Forgets the snapshots; 'writing' says what comes next. */
void damon_snapshot_code_clear(struct damon_snapshot_code *c, bool writing);

/* Writes c->cur, or reads it; then it is in c->base. Returns 0, -ENOMEM or -EBADMSG. */
int damon_snapshot_code_next(struct damon_snapshot_code *c);

/* The regions of a target: those of 'base' in c->base (NULL: none), those of 't' in c->cur. */
int damon_region_code(struct damon_snapshot_code *c, const struct target_code *base,
		      struct target_code *t);

#endif
