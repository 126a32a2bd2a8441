/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sampler: where observations come from. One file (or folder) and one row in sources.c each.
 *
 * probe, attr and decode are all that a source has to bring; opening events, reading rings and
 * closing are shared (src/perf). attr is pure. decode reads nothing of the world but through the
 * struct damon_peek passed to new(). Decoders use their own register numbers and compile on every
 * architecture.
 */
#ifndef PMU_SOURCE_H
#define PMU_SOURCE_H

#include <linux/perf_event.h>

#include "base/fail.h"
#include "core/sample.h"
#include "core/space.h"
#include "os/peek.h"
#include "os/sys.h"
#include "perf/file.h"
#include "perf/pace.h"
#include "perf/record.h"
#include "perf/session.h"

/* What a source can tell. */
enum damon_source_sees {
	DAMON_SEES_LOADS = 1 << 0,
	DAMON_SEES_STORES = 1 << 1,
	DAMON_SEES_LATENCY = 1 << 2,
	DAMON_SEES_LEVEL = 1 << 3,
	DAMON_SEES_PHYS = 1 << 4,
	DAMON_SEES_STALLS = 1 << 5, /* has stall addresses of their own */
	DAMON_SEES_TIME = 1 << 6,   /* observations are ticks of CPU time, not counts of accesses */
	DAMON_SEES_FIRST_TOUCH = 1 << 7, /* only the first access of a page: no rates */
	DAMON_SEES_EVENTS = 1 << 8,	 /* any event of its PMU, by name (options.event) */
};

struct damon_source_options {
	double rate_hz;	    /* of ticks per second of CPU time, or events per second; sources with a
			       fixed period ignore it */
	uint32_t mem_reads; /* soft: reads of the target per burst */
	uint32_t stack_bytes; /* soft: of the sampled stack; multiple of 8 */
	/* hardware */
	uint64_t period;	  /* events per sample; 0: the source's own */
	uint32_t latency_cycles;  /* of loads, the threshold; 0: the source's own least */
	bool no_loads, no_stores; /* leave out */
	bool phys;		  /* physical addresses, too */
	const char *event;	  /* an event by name; NULL: the source's own */
	uint64_t seed;
	const struct damon_pace *pace; /* soft: of this machine; NULL: not known. Copied */
};

#define DAMON_SOURCE_MAX_EVENTS 8

/* Counts that a source keeps about its own work, since it was made. */
struct damon_source_stats {
	uint64_t samples;	       /* records decoded */
	uint64_t no_address;	       /* of these without any address */
	uint64_t accesses, unknown;    /* addresses found, addresses not found */
	uint64_t likely;	       /* of 'accesses' those that depend on a late read */
	uint64_t mem_reads;	       /* reads of the target */
	uint64_t stops[8];	       /* why bursts ended, named by stop_names[] */
	uint64_t code_insns;	       /* instructions decoded (each once per file) */
	uint64_t no_code;	       /* samples whose code bytes were not to be had */
	uint64_t foreign;	       /* 32-bit or otherwise unreadable samples */
	uint64_t filtered;	       /* left out: the next three together */
	uint64_t no_access, in_kernel; /* no access of memory; the kernel's */
	uint64_t unwanted;	       /* loads, stores, quick ones: as was asked for */
	uint64_t truncated, collided;  /* pieces of hardware traces with a loss in them */
	uint64_t broken;  /* records of traces left out: damaged, or without their end */
	uint64_t skipped; /* bytes of traces that make no sense */
};

/* A piece of the hardware trace of one CPU or thread. Pieces follow each other by 'offset'; what
 * lacks the rest of it waits in the source for the next piece of the same 'buffer'. */
struct damon_trace {
	uint32_t buffer; /* number of the buffer it comes from */
	uint64_t offset;
	const uint8_t *bytes;
	size_t len;
	int cpu, pid, tid; /* -1: to be told by the trace */
	uint64_t time_ns;  /* when it was written, for what has no time of its own; 0: not known */
	uint64_t midr; /* Arm: MIDR_EL1 of the CPU, which says what its numbers mean; 0: not told */
	struct damon_perf_time_conv conv;
	bool truncated, collided; /* as the kernel says of it: PERF_AUX_FLAG_* */
};
typedef void (*damon_sample_fn)(void *priv, const struct damon_perf_sample *s);

/* Receives an observation; 'o' is valid during the call only. */
typedef void (*damon_emit_fn)(void *priv, const struct damon_obs *o);

struct damon_source_ops {
	const char *name;
	const char *summary; /* one line, for 'check' and --help */
	uint32_t sees;	     /* enum damon_source_sees */
	struct damon_scale scale;
	const char *const *stop_names; /* NULL-terminated, or NULL */

	/* 0 if usable here and now, else -errno with the reason and the remedy in 'why'. Leaves
	 * nothing behind. */
	int (*probe)(const struct damon_sys *sys, struct damon_fail *why);
	/* The events to open: fills 'e[0..n)' and returns n, or -errno. Pure but for what it reads
	 * through 'sys'. NULL for sources that need no events. */
	int (*events)(const struct damon_sys *sys, const struct damon_source_options *o,
		      struct damon_event e[DAMON_SOURCE_MAX_EVENTS], struct damon_fail *why);
	/* Does it decode what this event of a recording has sampled? NULL: of none. */
	bool (*claims)(const struct damon_perf_event *e);
	int (*open)(const struct damon_source_options *o, const struct damon_peek *r, void **state);
	void (*close)(void *state); /* NULL is fine */
	/*
	 * Which events there are, before the first sample of theirs: those that were opened, or all
	 * of a recording, of which some may be other sources'. Told again, with more behind the old
	 * ones, when a pipe names more. What it needs of 'e' it copies. NULL: the source needs to
	 * know none. Returns 0 or -ENOMEM.
	 */
	int (*begin)(void *state, const struct damon_perf_event *e, size_t n);
	/* One PERF_RECORD_SAMPLE of event 's->event' of the process that lives in 'space'. Returns
	 * observations emitted (0: none). */
	int (*decode)(void *state, const struct damon_perf_sample *s, struct damon_space *space,
		      damon_emit_fn emit, void *priv);
	/*
	 * Sources whose events write a hardware trace: a piece of it as samples, in the order in
	 * which they lie there, for decode() to take once they are in the order of time; 'event' is
	 * for the caller to set, and pid is -1 where only the thread is known. NULL for the others.
	 * Returns how many there were.
	 */
	size_t (*decode_trace)(void *state, const struct damon_trace *t, damon_sample_fn fn,
			       void *priv);
	/* Sources without events: yields what happened in [from_ns, to_ns). NULL for the others. */
	int (*pull)(void *state, uint64_t from_ns, uint64_t to_ns, damon_emit_fn emit, void *priv);
	void (*stats)(const void *state, struct damon_source_stats *out); /* may be NULL */
	/* What weights mean on this machine; NULL: 'scale' says it. */
	void (*scale_of)(const void *state, struct damon_scale *out);
};

extern const struct damon_source_ops damon_pebs_source, damon_soft_source, damon_faults_source,
	damon_synth_source, damon_memory_source;

/* The rows, in the order in which 'auto' tries them; NULL-terminated. */
extern const struct damon_source_ops *const damon_sources[];

/* By name, or NULL. */
const struct damon_source_ops *damon_source_find(const char *name);

/*
 * "auto": the first row that may be chosen by itself and whose probe succeeds. 'why' tells what
 * speaks against the rows before it ("" if it is the first), or, if NULL is returned, of the last
 * refusal. Probes of hardware that is not there return -ENODEV, and what is missing as a clause:
 * "cpu/mem-loads is not in sysfs".
 */
const struct damon_source_ops *damon_source_auto(const struct damon_sys *sys,
						 struct damon_fail *why);

#endif
