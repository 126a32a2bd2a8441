/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a record holds besides snapshots, and the items that a reader yields. The bytes:
 * docs/FORMAT.md.
 */
#ifndef RECORD_FORMAT_H
#define RECORD_FORMAT_H

#include <stdint.h>

#include "core/budget.h"
#include "core/core.h"
#include "core/schemes/scheme.h"
#include "core/snapshot.h"
#include "core/target.h"
#include "core/tuning.h"

#define DAMON_RECORD_VERSION 1

/* Written first. Strings are truncated to fit. */
struct damon_meta {
	uint64_t start_ns;	 /* CLOCK_MONOTONIC */
	int64_t epoch_offset_ns; /* added to CLOCK_MONOTONIC gives time since the epoch */
	uint64_t sample_ns, aggr_ns, update_ns;
	uint32_t min_nr_regions, max_nr_regions;
	struct damon_scale scale;
	uint32_t sees; /* enum damon_source_sees */
	double rate_hz;
	double overhead_asked; /* percent; 0: a rate was asked for */
	double tick_cost_ns;   /* calibrated interruption of the target per tick */
	uint32_t nr_cpus;
	char source[16];
	char version[32];  /* of damon-perf */
	char kernel[64];   /* release and machine */
	char command[512]; /* what was recorded, quoted for a shell; empty: attached pids */
	double rate_asked; /* 0: none */
	uint64_t period;   /* accesses that hardware counts for a sample, at the start; 0: samples
			      are no such */
	uint32_t tick_cost_assumed; /* 1: 'tick_cost_ns' is not measured */
	char ops[16];	    /* operations set: "vaddr"; "": not told by early records, vaddr */
	char addresses[32]; /* what its addresses are: "physical"; "": virtual */
	char scope[160];    /* "all processes", "cgroup PATH"; "": the command, or attached pids */
};

/* What own CPU time goes into. */
enum damon_work {
	DAMON_WORK_OTHER,
	DAMON_WORK_SAMPLES,
	DAMON_WORK_REGIONS,
	DAMON_WORK_RECORD,
	DAMON_WORK_MAPS,
	DAMON_NR_WORKS
};

/* Sums of what checkers did. Written only if there are some. */
struct damon_check_totals {
	char names[32];		 /* "idle,smaps" */
	uint64_t checks;	 /* looks that told something: of a page, or of a mapping */
	uint64_t pages, touched; /* pages that they told of; of these touched */
	uint64_t coarse;    /* passed over: huge and shared pages, whose bit is not theirs alone */
	uint64_t lost;	    /* came to nothing: the page, or the process, had gone */
	uint64_t failed;    /* could not be done */
	uint64_t busy_ns;   /* spent in checks, by the clock */
	uint64_t target_ns; /* what they cost the targets, estimated */
	char reason[128];   /* of the first that failed */
};

/* Where a record comes from that is a recording of another program, replayed, and what was met in
 * it that came to nothing. Written only then, or where the kernel's own were malformed. */
struct damon_origin {
	char kind[16]; /* "perf.data"; "": the record is a recording of its own */
	char host[64], perf_version[64], cpu[128];
	char events[512];   /* that were used: "cpu/mem-loads,ldlat=30/P, cpu/mem-stores/P" */
	uint64_t malformed; /* records that were not what they claimed */
	uint64_t no_event;  /* samples of no event that the file has */
	uint64_t unclaimed; /* samples of events that tell no addresses of memory */
	uint64_t late;	    /* records that came too late to be put in order */
	uint64_t truncated; /* 1: the file ended in the middle */
	uint64_t aux_lost;  /* pieces of hardware traces that were cut off or not read */
	uint64_t inferred;  /* mappings that nothing told of, made up around accesses */
	uint32_t assumed;   /* 1: the sampling interval is not in the recording */
};

/* Schemes, and what came of them so far. Written only if there are some. */
struct damon_scheme_totals {
	const struct damos *s; /* borrowed; a reader's live as long as it, or to the next ones */
	const struct damos_stats *stats;
	size_t n;
	uint32_t dry_run;    /* 1: they were planned, and nothing was done */
	uint64_t actions_ns; /* CPU time of damon-perf for actions: a part of own_cpu_ns */
	uint64_t paused_ns;  /* in which nothing was sampled, as all were off by watermarks */
};

/* Written last, and with every flush, so that a record that was cut off has them too: the latest
 * counts. */
struct damon_totals {
	struct damon_counts counts;
	uint64_t nr_snapshots, duration_ns;
	double own_cpu_ns;    /* CPU time of damon-perf */
	double target_cpu_ns; /* of all targets, 0: not known */
	uint64_t ticks;	      /* interruptions of the targets, those in the kernel included */
	uint64_t likely, mem_reads, code_insns, no_code, foreign; /* struct damon_source_stats */
	uint64_t forgotten_mappings;
	uint32_t complete;		/* 1: closed in order */
	double work_ns[DAMON_NR_WORKS]; /* what own_cpu_ns went into */
	double mem_read_ns;   /* a part of DAMON_WORK_SAMPLES: reads of memory, estimated */
	uint32_t unseen_cpus; /* that came online after the start */
	uint32_t nr_rungs;    /* of the rates below that were to choose from; 0: one rate */
	struct damon_rung_time {
		double rate_hz, ns;
		uint64_t period; /* accesses for a sample; 0: ticks of time */
	} rungs[DAMON_RUNGS];
	/* samples that were left out: no access, of the kernel, not asked for, of processes that
	 * are no targets */
	uint64_t no_access, in_kernel, unwanted, strangers;
	/* of hardware traces: pieces that the kernel lost something of, where operations collided,
	 * records that were damaged, and bytes that make no sense */
	uint64_t traces_truncated, traces_collided, traces_broken, traces_skipped;
	/* of operations sets: accesses outside of its ranges, and of addresses that it could not
	 * tell; processes that could not be looked into, and why the first one */
	uint64_t left_out, untranslated, closed_procs;
	char closed_reason[160];
	double counter_percent;		    /* of hardware; 0: not known */
	double uncovered_percent;	    /* likewise; 0: none */
	struct damon_check_totals checks;   /* a chunk of its own */
	struct damon_origin origin;	    /* likewise */
	struct damon_scheme_totals schemes; /* likewise */
};

/* What the intervals and the rate were to achieve. */
struct damon_tuning {
	struct damon_goal goal;
	double resolution_share; /* 0..1, to be seen within */
	uint64_t resolution_ns;	 /* this time; 0: not asked for */
	uint32_t bound;		 /* enum damon_bound: what bounds the rate */
};

#define DAMON_MARK_BYTES 200 /* of a name, at most */

/* A moment that somebody named. */
struct damon_mark {
	uint64_t time_ns;
	char name[DAMON_MARK_BYTES + 1];
};

enum damon_item_type {
	DAMON_ITEM_END,
	DAMON_ITEM_TARGET, /* a target appeared or changed */
	DAMON_ITEM_SPACE,  /* mappings of a space were added or changed */
	DAMON_ITEM_SNAPSHOT,
	DAMON_ITEM_LOG,
	DAMON_ITEM_TOTALS,
	DAMON_ITEM_DAMAGED, /* bytes were skipped: 'skipped' says how many */
};

struct damon_item {
	enum damon_item_type type;
	union {
		const struct damon_target
			*target; /* 'space' is set once its mappings came; est and wset are NULL */
		const struct damon_space *space;
		const struct damon_snapshot *snapshot;
		struct {
			const struct damon_log_entry *entries;
			size_t n;
		} log;
		const struct damon_totals *totals;
		uint64_t skipped;
	};
};

#endif
