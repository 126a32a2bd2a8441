/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * damon.h - DAMON in user space.
 *
 * A context (damon_ctx) monitors targets: processes, or a command with all its children. A source
 * yields memory accesses; the core counts them in the regions of each target, which adapt by
 * splitting and merging. Every aggregation interval the context takes a snapshot and shows it to a
 * callback and, if asked to, a record file. Words and meanings are those of the kernel's DAMON
 * (Documentation/mm/damon/design.rst): target, region, nr_accesses, age, sampling, aggregation and
 * update interval, minimum and maximum number of regions.
 *
 * Conventions. Functions return 0 (or a count), or a negative errno; damon_error() then has one
 * sentence. Structs that may grow begin with 'size': callers set it to sizeof; fields beyond a
 * caller's size are left alone. Ranges are half open. Addresses and sizes are bytes, times
 * nanoseconds of CLOCK_MONOTONIC unless said. Handles are opaque; what a function returns by
 * pointer is the library's and is valid as long as it says. The library never prints, exits or
 * reads the environment. A context is used by one thread at a time; different contexts are
 * independent.
 */
#ifndef DAMON_H
#define DAMON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct damon_ctx;
struct damon_snapshot;
struct damon_record;

/* ---- errors ---- */

/* Why the last call on a context or record failed: one sentence, lower case, no full stop; "" if
 * nothing failed. */
const char *damon_error(const struct damon_ctx *ctx);
/* What would help, or "". */
const char *damon_remedy(const struct damon_ctx *ctx);

/* ---- a context ---- */

int damon_ctx_new(struct damon_ctx **ctx);
void damon_ctx_free(struct damon_ctx *ctx); /* stops it first; NULL is fine */

/* DAMON's five attributes. */
struct damon_attrs {
	size_t size;
	uint64_t sample_ns; /* 5 ms: the interval of which nr_accesses counts how many saw an access
			     */
	uint64_t aggr_ns;   /* 100 ms: a snapshot is taken this often; at least sample_ns */
	uint64_t update_ns; /* 1 s: mappings are re-read this often; at least aggr_ns */
	uint32_t min_nr_regions; /* 10; at least 3 */
	uint32_t max_nr_regions; /* 1000, over all targets; at least min_nr_regions, at most 100000
				  */
};
void damon_attrs_init(struct damon_attrs *a); /* the defaults above */
int damon_set_attrs(struct damon_ctx *ctx,
		    const struct damon_attrs *a); /* -EINVAL with the reason */

/*
 * DAMON's goal for its intervals: of the most access events that are possible (the regions' sizes
 * times aggr / sample), 'access_bp' / 10000 are to be seen. The sampling interval that nr_accesses
 * counts in is then calculated, and goes with each snapshot; the aggregation interval that it
 * stands for is aggr / sample times that. Snapshots are taken every aggr_ns as before.
 */
struct damon_intervals_goal {
	size_t size;
	uint32_t access_bp; /* 400; 0: no goal, the intervals are those of the attributes */
	uint32_t aggrs;	    /* 3: looked at every this many aggregations; at least 1 */
	uint64_t min_sample_ns, max_sample_ns; /* 5 ms, 10 s; at most 1 day */
};
void damon_intervals_goal_init(struct damon_intervals_goal *g); /* the defaults above */
int damon_set_intervals_goal(struct damon_ctx *ctx, const struct damon_intervals_goal *g);

/* Where accesses come from, and how much that may cost. */
struct damon_sampling {
	size_t size;
	const char *source; /* "auto", or a name that damon_check() lists; copied */
	double rate_hz;	    /* ticks per second of the target's CPU time; 0: by overhead_percent */
	double overhead_percent; /* 1: of the CPU time that the target uses, its interruption and
				    own work together: measured, and kept by changing the rate */
	uint32_t mem_reads;	 /* 1: reads of the target's memory per burst of the soft source; 0:
				    exact addresses only */
	double resolution_share; /* 0..1: see what has this share of the accesses... */
	uint64_t resolution_ns;	 /* ...within this time: 12 / (share * seconds) ticks a second, or
				    as many as overhead_percent allows; 0: not asked for. Not with
				    rate_hz */
	/* NULL or "none", or names of checkers that damon_check() lists, separated by commas;
	 * copied. They look at accessed bits beside the source, which they take from the kernel's
	 * reclaim. They cost at most half of overhead_percent of the time of a CPU. */
	const char *check;
	double checks_per_sec; /* 1000: pages, for checkers that look at single ones */
	/* Of sources whose samples are made by hardware; others refuse all that is not 0. */
	uint64_t period; /* accesses (events) per sample, fixed; 0: of rate_hz, one that makes so
			    many samples a second of a program that makes a thousand million
			    accesses; else changed as overhead_percent allows, but of hardware
			    traces, whose period is chosen once. Not with rate_hz */
	uint32_t latency_cycles; /* leave out loads that are quicker; 0: as few as the source can */
	int no_loads, no_stores; /* leave them out */
	int phys;		 /* physical addresses, too */
	const char *event;	 /* this one instead of the source's own: "mem-stores" as sysfs has
				    it, "cpu/event=0xd0,umask=0x81/", or a name of libpfm4; NULL:
				    its own. Without the four before. Copied */
};
void damon_sampling_init(struct damon_sampling *s);
int damon_set_sampling(struct damon_ctx *ctx, const struct damon_sampling *s);

/* What to monitor: running processes, or one command, which damon_open() starts. */
int damon_add_pid(struct damon_ctx *ctx, int pid);
int damon_set_command(struct damon_ctx *ctx,
		      char *const argv[]); /* argv is copied; looked up in PATH */

/*
 * The processes in a cgroup and below it, now and later: it is looked into every update interval. A
 * path as /proc/PID/cgroup has it, or its folder; of version 2 or 1. A process that leaves it stays
 * monitored. damon_dispatch() goes on until the cgroup is removed.
 */
int damon_add_cgroup(struct damon_ctx *ctx, const char *path);

/* All processes of the machine but this one, each from its first sample on; damon_dispatch() goes
 * on for ever. The kernel allows that with perf_event_paranoid <= 0 or CAP_PERFMON. */
int damon_set_all(struct damon_ctx *ctx);

/*
 * Instead of processes: a recording that perf made, of memory samples or of the kernel's DAMON
 * (event damon:damon_aggregated); "-" is standard input. damon_dispatch() reads on in it, at its
 * own pace, and returns 0 at its end. Times are the recording's. The sampling is as recorded; of
 * the kernel's DAMON, aggregation intervals and regions are as well.
 */
int damon_set_replay(struct damon_ctx *ctx, const char *path);

/* Told now and then how much of a recording has been read: 'done' of 'total' bytes, 0 for a pipe.
 * Return nonzero to stop reading: -EINTR. */
typedef int (*damon_progress_fn)(void *priv, uint64_t done, uint64_t total);
void damon_set_progress(struct damon_ctx *ctx, damon_progress_fn fn, void *priv);

/*
 * ---- operations sets: which addresses regions are made of ----
 *
 *	"vaddr"		those of each process, where it has mappings; the default
 *	"fvaddr"	those of each process, in the ranges of damon_add_region()
 *	"paddr"		physical ones, of all processes that are monitored, as one target: System
 *			RAM, or the ranges of damon_add_region(). Needs CAP_SYS_ADMIN, unless the
 *			source tells physical addresses and ranges are given
 *
 * and what damon_register_ops() added.
 */
int damon_select_ops(struct damon_ctx *ctx, const char *name); /* -EINVAL: there is none */
int damon_is_registered_ops(const char *name);		       /* 1, 0 */
/* For fvaddr and paddr; widened to whole pages. At most DAMON_MAX_RANGES. */
int damon_add_region(struct damon_ctx *ctx, uint64_t start, uint64_t end);

#define DAMON_MAX_RANGES 1024

struct damon_range {
	uint64_t start, end; /* pages of 4096 bytes: borders are moved outwards */
	const char *name;    /* shown beside it, as a mapping's is; NULL: none. Copied */
};

/* An access, as an operations set is asked about it; of the call. */
struct damon_ops_access {
	size_t size;
	int pid, tid;
	uint64_t time_ns;
	uint64_t addr, phys; /* virtual; physical, 0: the source does not tell */
	const struct damon_mapping_info *mapping; /* that 'addr' is in; NULL: none is known */
};

/* An operations set of one's own. The functions are called by whoever calls damon_dispatch(). */
struct damon_ops {
	size_t size;
	const char *name;      /* at most 15 bytes */
	const char *addresses; /* what they are, shown beside them, at most 31 bytes: "file
				  offsets"; NULL: virtual ones of each process */
	/* All processes are one target of this name, at most 15 bytes. NULL: each program is its
	 * own. */
	const char *target;
	void *priv;
	/*
	 * Where regions may be: fills r[0, max) in any order and returns how many there are, or
	 * -errno: they stay as they are. Asked at each update interval: of process 'pid', or, with
	 * 'target', once, with pid 0. NULL: the mappings of each process; not with 'target'.
	 */
	int (*regions)(void *priv, int pid, struct damon_range *r, size_t max);
	/*
	 * The address that counts for an access: 1 with it in '*addr', 0 to leave the access out,
	 * < 0 if it is not known (it then counts as one of unknown address). Called for each
	 * access. NULL: as it is.
	 */
	int (*translate)(void *priv, const struct damon_ops_access *a, uint64_t *addr);
};
/* For all contexts of this process, for ever; what it points to is copied, but for 'priv'. 0,
 * -EINVAL, -EEXIST, or -ENOSPC beyond 16 of them. */
int damon_register_ops(const struct damon_ops *ops);

/* Writes a record to 'path' ("-": standard output), mode 0600. */
int damon_set_record(struct damon_ctx *ctx, const char *path);

/*
 * Instead of a record, and of all monitoring: a recording as perf makes them. What the kernel
 * writes goes to 'path' as it is, as perf.data in the form of a file: samples, hardware traces,
 * tasks, mappings, what was lost; before it names and mappings of the processes that were attached
 * to; and host, kernel, processor, PMUs, command line, events. Nothing is decoded: there are no
 * snapshots and no callback. It holds addresses that were accessed; of the source "soft" also
 * registers and up to 512 bytes of stack with each sample, so whatever was there; where a PMU
 * cannot follow tasks also samples of other processes. damon_set_replay() and damon_record_open()
 * read such files, but not those of "soft", for which the program must be at hand.
 *
 * 'path' must be a file that can be seeked; a record or a perf.data that is there becomes PATH.old;
 * mode 0600. It is complete with damon_close(), and readable as a truncated one before, up to the
 * latest second. Sources without samples of their own are refused, and so are checkers.
 */
int damon_set_raw(struct damon_ctx *ctx, const char *path);

/* Shown each snapshot, valid during the call. Return nonzero to stop. */
typedef int (*damon_snapshot_fn)(void *priv, const struct damon_snapshot *s);
void damon_set_callback(struct damon_ctx *ctx, damon_snapshot_fn fn, void *priv);

/*
 * How late the callback may be shown snapshots; 0, the default: each at the end of its interval.
 * Those of up to 'latency_ns' are then made at one wake-up, which takes about a quarter less of CPU
 * time and changes nothing in them but when memory of the targets is read. Heeded while no scheme
 * acts and no checker runs. Before damon_open().
 */
void damon_set_latency(struct damon_ctx *ctx, uint64_t latency_ns);

/* Asked while damon_open() attaches to processes, before each thread: nonzero ends it with -EINTR,
 * and nothing is recorded. To attach to hundreds of busy threads takes long. */
typedef int (*damon_stop_fn)(void *priv);
void damon_set_stop(struct damon_ctx *ctx, damon_stop_fn asked, void *priv);

/*
 * Chooses the source, opens events, starts the record, and then the command. Everything that can be
 * refused is refused here, before the command runs; nothing is left behind then.
 */
int damon_open(struct damon_ctx *ctx);

/*
 * Waits at most 'timeout_ms' (-1: as long as it takes, 0: not at all) for something to do and does
 * it. Returns 1 while there is something to monitor, 0 when all targets are gone or the callback
 * stopped it, or -errno.
 */
int damon_dispatch(struct damon_ctx *ctx, int timeout_ms);

/* Readable when damon_dispatch(ctx, 0) has work: for a host's event loop. */
int damon_fd(struct damon_ctx *ctx);

/* Ends: last snapshot, record completed. Idempotent. Safe to call before the targets are gone; a
 * command that still runs goes on: wait for it by damon_command_status() or waitpid(2). Returns 0
 * or the first error of the record. */
int damon_close(struct damon_ctx *ctx);

/* The same loop in a thread of its own: damon_open() must have succeeded. damon_stop() joins and
 * closes. */
int damon_start(struct damon_ctx *ctx);
int damon_stop(struct damon_ctx *ctx);
int damon_nr_running_ctxs(void);

/* The command's pid (0: none) and, once it ended, its status as of waitpid(2). Returns 1 if it
 * ended, 0 if it runs. */
int damon_command_pid(const struct damon_ctx *ctx);
int damon_command_status(const struct damon_ctx *ctx, int *status);

#define DAMON_MAX_RUNGS 4

/*
 * Names a moment of the recording, such as the begin of a phase of the program. Any thread may call
 * it while the context is open. 'name' is cut at 200 bytes; NULL or "": "mark1", "mark2", ...
 * 'time_ns' is CLOCK_MONOTONIC, moved to within the recording; 0: now. Returns 0, -ENODATA if no
 * record is being written, -ENOSPC after 10,000, which the record tells, or -ENOMEM; the error is
 * not kept for damon_error().
 */
int damon_mark(struct damon_ctx *ctx, const char *name, uint64_t time_ns);

/* Sums over the whole run so far. */
struct damon_stats {
	size_t size;
	char source[16];
	double rate_hz;
	uint64_t obs;	   /* observations with an address */
	uint64_t accesses; /* addresses */
	uint64_t unknown;  /* accesses without an address within observations that have one */
	uint64_t lost, throttled, no_address, no_region, no_target, kernel_ticks, thinned;
	uint64_t nr_snapshots, duration_ns;
	double own_cpu_percent;	 /* CPU of damon-perf, of one CPU's wall time */
	double slowdown_percent; /* estimate: interruption per CPU time of the targets; < 0: not
				    known */
	double overhead_percent; /* interruption and own work, of the CPU time of the targets; < 0:
				    not known */
	double target_cpu_ns;	 /* 0: not known */
	double tick_cost_ns;
	uint64_t record_bytes;
	int complete;		   /* a record that was closed in order; 1 for a context */
	uint64_t likely;	   /* accesses whose address rests on a late read of memory */
	uint64_t no_code, foreign; /* observations without code bytes, of 32-bit code */
	uint64_t forgotten_mappings;
	uint64_t nr_alive;    /* of a context that was closed: its processes that go on */
	int rate_bound;	      /* enum damon_rate_bound */
	double resolution_hz; /* what the resolution asked for needs; 0: none was asked for */
	uint64_t checks;      /* looks at accessed bits; of these */
	uint64_t check_no_region,
		check_thinned;	  /* outside of all regions, beyond the batch limit */
	uint64_t check_no_target; /* looks at processes that have no target */
	double rate_asked_hz; /* 0: none was, the overhead chose. 'rate_hz' is the mean of what was
				 had, less if perf_event_max_sample_rate is less */
	double overhead_asked_percent; /* 0: a rate was asked for */
	uint64_t interruptions;	       /* of the targets, those in the kernel included */
	/* What own_cpu_percent went into, each of one CPU's wall time. */
	double own_samples_percent;   /* reading rings, decoding, reading the targets' memory */
	double own_mem_reads_percent; /* the part of it that is reads of memory: an estimate */
	double own_regions_percent, own_record_percent, own_maps_percent, own_other_percent;
	uint32_t unseen_cpus; /* that came online after the start, or, where whole CPUs are sampled,
				 again: what ran there was not seen */
	/* The rates that the overhead was kept by, highest first, and for how long: 0 where there
	 * are fewer. */
	struct damon_rung {
		double rate_hz, seconds;
		uint64_t period; /* of hardware: accesses per sample, which is what is chosen;
				    'rate_hz' is then what it came to, 0: not known */
	} rungs[DAMON_MAX_RUNGS];
	char checkers[32];    /* that ran: "idle,smaps"; "": none */
	uint64_t checks_made; /* looks of theirs that told something, of a page or of a mapping */
	uint64_t check_pages, check_touched; /* pages that they told of; of these touched */
	uint64_t
		check_coarse; /* pages passed over: huge or shared, their bit is not theirs alone */
	uint64_t check_lost;  /* came to nothing: the page, or its process, had gone */
	uint64_t check_failed; /* could not be done; the first one's reason is */
	char check_reason[128];
	uint64_t check_target_ns; /* what checks cost the targets, estimated: in slowdown_percent */
	uint64_t check_ns; /* spent in checks, by the clock; their CPU time is in own_cpu_percent */
	uint64_t period;   /* accesses (events) per sample, at the start; 0: samples are ticks of
			      time, or of all */
	char source_reason[320]; /* "auto": why not a source that is better; "": there is none, or
				    it was not asked to choose */
	/* Of a recording of another program, replayed: */
	uint64_t malformed;	    /* records that are not what they claim */
	uint64_t no_event;	    /* samples of no event that it has */
	uint64_t unclaimed;	    /* samples of events that tell no addresses of memory */
	uint64_t late;		    /* records that came too late to be put in order */
	uint64_t truncated;	    /* 1: it ends in the middle */
	uint64_t aux_lost;	    /* pieces of hardware traces that were cut off or not read */
	uint64_t inferred_mappings; /* that nothing told of, made up around accesses */
	/* Of hardware traces: pieces that the kernel lost the rest of (as it says, or as there was
	 * no room), pieces in which operations hid each other, and records left out as damaged. */
	uint64_t traces_truncated, traces_collided, traces_broken;
	uint64_t traces_skipped; /* bytes of them that make no sense */
	/* Samples of hardware that were taken and left out: 'filtered' in all. */
	uint64_t filtered;
	uint64_t filtered_no_access; /* instructions that access no memory */
	uint64_t filtered_kernel;    /* the kernel's own */
	uint64_t filtered_unwanted;  /* loads, stores or quick loads that were not asked for */
	/* samples of other processes, where only whole CPUs can be sampled; of all processes: those
	 * of the kernel's threads, and of ourselves */
	uint64_t strangers;
	int tick_cost_assumed; /* 1: nobody measured 'tick_cost_ns', and what rests on it */
	/* Of a raw recording (damon_set_raw()): records of the kernel, of these samples, and bytes
	 * of hardware traces. 'record_bytes' is the size of its file. */
	uint64_t raw_records, raw_samples, raw_trace_bytes;
	/* Of schemes (damos.h): */
	double own_actions_percent; /* a part of own_cpu_percent that is no overhead: what actions
				       cost damon-perf */
	uint64_t paused_ns;	    /* nothing was sampled, as all schemes were off by watermarks */
	int dry_run;		    /* 1: schemes were planned, and nothing was done */
	uint64_t left_out;	    /* accesses outside of the ranges of the operations set */
	uint64_t untranslated; /* accesses that it could not tell the address of: in 'unknown' */
	uint64_t closed_procs; /* processes that could not be looked into; the first one's reason
				  is */
	char closed_reason[160];
	double counter_percent; /* of the time that events of hardware were due they had a counter:
				   less than 100 if they took turns with others, and samples are
				   too few; 0: not known */
	double uncovered_percent; /* of their time targets ran on CPUs that the events are not for:
				     nothing was seen there */
};

/* What bounds the rate. */
enum damon_rate_bound {
	DAMON_RATE_ASKED, /* it is what was asked for */
	DAMON_RATE_OVERHEAD,
	DAMON_RATE_RESOLUTION,
	DAMON_RATE_KERNEL, /* perf_event_max_sample_rate */
};
int damon_ctx_stats(const struct damon_ctx *ctx, struct damon_stats *s);

/* ---- snapshots ---- */

struct damon_snapshot_info {
	size_t size;
	uint64_t start_ns, end_ns;
	int64_t epoch_offset_ns; /* add to get time since the epoch */
	size_t nr_targets;
	uint64_t obs, lost, throttled, no_address, no_region, kernel_ticks;
	uint64_t sample_ns, aggr_ns; /* the intervals that nr_accesses counts in: of the attributes,
					or tuned */
	uint64_t checks;	     /* looks at accessed bits of this interval */
};
void damon_snapshot_info(const struct damon_snapshot *s, struct damon_snapshot_info *i);

struct damon_target_info {
	size_t size;
	uint32_t id; /* unique in a context or record */
	int pid;     /* the latest process that it stands for */
	char comm[16];
	uint32_t nr_procs; /* processes that ever shared it */
	size_t nr_regions;
	uint64_t obs;  /* of this interval */
	double share;  /* of all targets' accesses in this interval, 0..1 */
	double cpu_ns; /* used in this interval; 0: not known */
};
/* Target 't' of [0, nr_targets). */
void damon_snapshot_target(const struct damon_snapshot *s, size_t t, struct damon_target_info *i);

struct damon_region_info {
	size_t size;
	uint64_t start, end;
	double heat, heat_lo, heat_hi;	  /* accesses per page and second; see damon_record_info */
	double share, share_lo, share_hi; /* of the target's accesses, 0..1 */
	double write_share;		  /* of its accesses, 0..1 */
	double stall_share;   /* of the target's stall time, 0..1; 0 if the source tells none */
	uint32_t age_aggrs;   /* aggregations since its rate changed by more than a fifth */
	uint32_t idle_aggrs;  /* aggregations since its last access was seen */
	uint32_t nr_obs;      /* observations behind the figures */
	uint64_t edge_bytes;  /* how far its borders may be off */
	double nr_checks;     /* looks at accessed bits behind nr_accesses; older ones count less */
	double checked_share; /* of these that found an access, 0..1 */
	uint32_t nr_ticks;    /* samples behind the figures: what bounds count; one may have shown
				 several pages, each of which is in nr_obs */
};
/* Region 'r' of target 't', sorted by address. */
void damon_snapshot_region(const struct damon_snapshot *s, size_t t, size_t r,
			   struct damon_region_info *i);

/* DAMON's nr_accesses of a region, of aggr/sample of the snapshot; 'lo' and 'hi' may be NULL. Not
 * rounded. Looks at accessed bits, if there were any (nr_checks), count beside the samples. */
double damon_region_nr_accesses_of(const struct damon_snapshot *s, size_t t, size_t r, double *lo,
				   double *hi);

/*
 * Bounds of sums of figures of several regions, such as their accesses: those of each would add up
 * to too much, as not all err the same way. Start with {0}; scales that all figures share are put
 * on afterwards. Pure functions.
 */
struct damon_sum {
	double value, variance, most;
};
/* Adds a figure that 'nr_ticks' samples tell; 'hi' is its upper bound, which counts where there are
 * none. */
void damon_sum_add(struct damon_sum *sum, double value, double nr_ticks, double hi);
/* Two-sided, 95 %. */
void damon_sum_bounds(const struct damon_sum *sum, double *lo, double *hi);

/* The least memory of a target that has 'part' (0..1) of its accesses at today's rates. Returns 0
 * or -ENOMEM. */
struct damon_hot_set {
	double bytes, lo, hi;
};
int damon_snapshot_hot_set(const struct damon_snapshot *s, size_t t, double part,
			   struct damon_hot_set *out);

/* Working set of a target: bytes in pages touched in a trailing window that ends with the snapshot.
 */
enum damon_wss_window { DAMON_WSS_AGGR, DAMON_WSS_1S, DAMON_WSS_10S, DAMON_WSS_60S };
struct damon_wss {
	double bytes, lo, hi;
};
void damon_snapshot_wss(const struct damon_snapshot *s, size_t t, enum damon_wss_window w,
			struct damon_wss *out);

/* What was mapped in a target's address space; valid as long as its context or record. */
struct damon_mapping_info {
	size_t size;
	uint64_t start, end, offset, inode;
	uint64_t from_ns, to_ns; /* lived in; UINT64_MAX: to the end */
	uint32_t prot;		 /* 1 read, 2 write, 4 execute, 8 shared */
	const char *name;	 /* "/path", "[heap]", "[stack]", "" anonymous */
	uint64_t dev;		 /* major << 32 | minor of the file's device; 0 if anonymous */
	const uint8_t *build_id; /* of the file, as recorded */
	size_t build_id_len;	 /* 0: not known */
};
/* The mapping that holds 'addr' of the snapshot's target 't' at the time of the snapshot. Returns
 * 1, or 0 if none is known. */
int damon_snapshot_mapping(const struct damon_snapshot *s, size_t t, uint64_t addr,
			   struct damon_mapping_info *m);

/* ---- records ---- */

/*
 * Opens a record, or a recording that perf made: that is replayed (damon_set_replay()) with default
 * attributes into a temporary file, and read from there.
 */
int damon_record_open(const char *path, struct damon_record **r);
/* The same, told of the progress of a replay. */
int damon_record_open_watched(const char *path, damon_progress_fn fn, void *priv,
			      struct damon_record **r);
void damon_record_close(struct damon_record *r); /* NULL is fine */
const char *damon_record_error(
	const struct damon_record
		*r); /* NULL 'r': why the last damon_record_open() of this thread failed */
const char *damon_record_remedy(const struct damon_record *r);

/* The next snapshot, valid until the next call. Returns 1, 0 at the end, or -errno. */
int damon_record_next(struct damon_record *r, const struct damon_snapshot **s);
int damon_record_rewind(struct damon_record *r); /* -ESPIPE on a pipe */

struct damon_record_info {
	size_t size;
	struct damon_attrs attrs;
	char source[16], version[32], kernel[64], command[512];
	uint64_t start_ns;
	int64_t epoch_offset_ns;
	double scale, scale_lo,
		scale_hi; /* accesses per unit of the source's weight; lo != hi: heat is relative;
			     all 0: there are only checks of accessed bits, and heat is a lower
			     bound: one access in each sampling interval in which there was any */
	double overhead_asked;	/* percent, 0: a rate was asked for */
	uint64_t damaged_bytes; /* skipped so far */
	/* as far as it has been read: */
	struct damon_intervals_goal goal; /* access_bp 0: none */
	double resolution_share;	  /* asked for, 0: none */
	uint64_t resolution_ns;
	/* Of a recording of another program, replayed: what it is ("perf.data"; "": it is none),
	 * where and by what it was made, and its events that were used. */
	char origin[16], host[64], perf_version[64], cpu[128], events[512];
	int sample_assumed; /* 1: sample_ns is not in the recording */
	char ops[16];	    /* operations set: "vaddr" */
	char addresses[32]; /* what its addresses are: "physical"; "": virtual */
	char scope[160];    /* "all processes", "cgroup PATH"; "": a command, or given processes */
	uint64_t marks_refused; /* by damon_mark(), as there were too many, so far */
};
void damon_record_info(const struct damon_record *r, struct damon_record_info *i);

/* The sums at the end of the record, as far as it has been read: read to the end for all of it. */
int damon_record_stats(const struct damon_record *r, struct damon_stats *s);

/* Targets seen so far, [0, n): 'obs' and 'share' are over what was read so far. Returns 0, or
 * -ENOENT beyond the last. */
int damon_record_target(const struct damon_record *r, size_t i, struct damon_target_info *t);

/* Mapping 'i' of all that target 'id' ever had, live ones sorted first. Returns 0, or -ENOENT
 * beyond the last. */
int damon_record_mapping(const struct damon_record *r, uint32_t id, size_t i,
			 struct damon_mapping_info *m);

/* Mark 'i' of those read so far (damon_mark()), by time: read to the end for all. 'name' is as it
 * was given, of any bytes, valid as long as the record. Returns 0, or -ENOENT beyond the last. */
int damon_record_mark(const struct damon_record *r, size_t i, uint64_t *time_ns, const char **name);

/* ---- the sample log ---- */

enum damon_memory_level {
	DAMON_MEMORY_UNKNOWN,
	DAMON_MEMORY_L1,
	DAMON_MEMORY_LFB, /* was under way already */
	DAMON_MEMORY_L2,
	DAMON_MEMORY_L3,
	DAMON_MEMORY_PEER, /* another core's or cluster's cache */
	DAMON_MEMORY_DRAM,
	DAMON_MEMORY_PMEM,
	DAMON_MEMORY_CXL,
	DAMON_MEMORY_IO,
	DAMON_NR_MEMORY_LEVELS
};
const char *damon_memory_level_name(int level); /* "L1", "DRAM", ...; "unknown" */

/* An access that was kept for attribution: some hundred a second of all that were seen, drawn
 * evenly. What is not known is 0. */
struct damon_access_info {
	size_t size;
	uint64_t time_ns, addr, ip;
	int pid, tid;
	uint32_t target_id;
	uint32_t space_id; /* of the address space that 'addr' and 'ip' lie in */
	double weight;	   /* what it stands for, in the source's unit: damon_record_info.scale
			      makes accesses of it */
	int is_stall;	   /* 1: the weight is one of time lost there, and counts no accesses */
	uint32_t bytes;
	int load, store;	 /* both: read-modify-write */
	int stack;		 /* near the stack pointer */
	int likely;		 /* its address rests on a late read of memory */
	uint32_t latency_cycles; /* 65535: so many or more */
	int level;		 /* enum damon_memory_level */
	int local, remote, tlb_hit, tlb_miss, hitm, locked;
};

/* Shown, while damon_record_next() looks for the next snapshot, the accesses of the interval of the
 * one before. Return nonzero to stop: damon_record_next() returns -EINTR then. NULL: none. */
typedef int (*damon_access_fn)(void *priv, const struct damon_access_info *a);
void damon_record_set_log(struct damon_record *r, damon_access_fn fn, void *priv);

/* The mapping that held 'addr' of a space at a time, or the last that did. Returns 1, or 0 if none
 * is known. */
int damon_record_mapping_at(const struct damon_record *r, uint32_t space_id, uint64_t addr,
			    uint64_t time_ns, struct damon_mapping_info *m);
/* Mapping 'i' of all that a space ever had, live ones sorted first. Returns 0, or -ENOENT beyond
 * the last. */
int damon_record_space_mapping(const struct damon_record *r, uint32_t space_id, size_t i,
			       struct damon_mapping_info *m);

/*
 * Writes the log of samples of a record to 'fd' as perf.data, which perf and all that reads its
 * files understands: "perf script -F comm,pid,tid,time,ip,addr,weight,period,data_src", "perf
 * report --mem-mode". 'fd' is a seekable file at its start; it stays the caller's, and is a
 * perf.data only once this has succeeded. The record is read to its end: rewind it to read its
 * snapshots.
 *
 * Each entry of the log (a random choice of some 200 accesses a second, not all that was seen; of a
 * recording that was replayed, up to 10,000) is a sample of the event "damon-perf/SOURCE/", with
 * ip, pid, tid, addr and time (CLOCK_MONOTONIC).
 *
 * period: the accesses that it stands for; where these are proportions, as damon_record_info()
 * tells by 'scale_lo' and 'scale_hi', the event is "damon-perf/SOURCE,relative/".
 * weight: latency in cycles; 0: not told.
 * data_src: load or store; level, locality, TLB, HITM and lock as far as hardware told, else N/A.
 *
 * Addresses that the CPU waited for are samples of "damon-perf/SOURCE,stalls/", whose periods are
 * nanoseconds. Before its samples each process has its name (as COMM with exec if its address space
 * is another one), and its mappings as they appear (MMAP2, of data as well); a process that is the
 * last one of its target has its EXIT. Not in a record, and so not told: who forked whom, munmap,
 * physical addresses, call chains, names of single threads.
 *
 * Returns 0, -ENODATA if there is no log, -ESPIPE if 'r' is a pipe that was read before or 'fd' is
 * none that can be seeked, or -errno.
 */
int damon_record_to_perf(struct damon_record *r, int fd);

/*
 * Writes the record to 'fd', which stays the caller's, as a new record. It is read to its end:
 * rewind it to read its snapshots. What was damaged is left out.
 *
 * 'anonymous': a record to give away. Paths, names of processes, mappings, marks and the host are
 * replaced by hashes under a key that nobody keeps, so that equal ones stay equal; "[heap]" and its
 * like, ".so" and " (deleted)" stay. The command line, names of events, the kernel's own version
 * behind its number and build ids go. Addresses of each address space move by a distance of its
 * own; what is in it keeps its place. Times, process ids, the processor's name and all figures
 * stay.
 *
 * Returns 0, -ESPIPE if 'r' is a pipe that was read before, or -errno.
 */
int damon_record_copy(struct damon_record *r, int fd, int anonymous);

/* ---- what works here ---- */

struct damon_check_item {
	size_t size;
	const char *kind; /* "source", "checker", "action", "kernel" */
	const char *name, *summary;
	int usable;		     /* 1, 0 */
	const char *reason, *remedy; /* if not usable */
};
/* Looks at every source, checker, action and kernel feature. Nothing is changed. */
typedef void (*damon_check_fn)(void *priv, const struct damon_check_item *item);
int damon_check(damon_check_fn fn, void *priv);

const char *damon_version(void);

#ifdef __cplusplus
}
#endif
#endif
