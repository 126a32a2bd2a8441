/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events on processes with all their threads and children, one ring per CPU, read in order of time.
 *
 * Each event is opened per thread and CPU with inherit (a ring cannot be mapped for cpu -1 with
 * inherit); the events of one CPU share one ring through PERF_EVENT_IOC_SET_OUTPUT. Times are
 * CLOCK_MONOTONIC.
 */
#ifndef PERF_SESSION_H
#define PERF_SESSION_H

#include <linux/perf_event.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "os/sys.h"
#include "perf/file.h"
#include "perf/record.h"

struct damon_session;

/* One event that a session opens. */
struct damon_event {
	struct perf_event_attr attr;
	char name[64];	  /* "cpu/mem-loads/"; "": it goes without */
	int leader;	  /* index + 1 of the event whose group it joins; 0: none */
	char cpus[64];	  /* "0-7,16": the CPUs that its PMU has; "": all */
	bool whole_cpus;  /* its PMU cannot follow tasks: opened for CPUs, and processes are told
			     apart here */
	size_t aux_bytes; /* of a hardware trace, per CPU; 0: it has none */
	uint32_t rung;	  /* of a ladder (damon_session_options.first_rung); 0: always on */
};

/* A piece of the hardware trace of one CPU, as the kernel announced it. */
struct damon_session_trace {
	uint32_t event;	 /* that wrote it, counted as damon_perf_sample.event is */
	uint32_t buffer; /* number of the buffer: one for each such event and CPU */
	uint64_t offset; /* of the piece in all that this buffer ever held */
	const uint8_t *bytes;
	size_t len;	   /* 0: only the flags tell something */
	int cpu, pid, tid; /* of the record that announced it */
	uint64_t time_ns;  /* likewise */
	uint64_t flags;	   /* PERF_AUX_FLAG_*; of a piece in two parts the last has them */
};
/* Is given each piece right after the record that announced it; valid during the call. */
typedef void (*damon_trace_fn)(void *priv, const struct damon_session_trace *t);

struct damon_session_options {
	uint32_t first_event; /* damon_perf_sample.event counts from this one on */
	damon_trace_fn trace; /* NULL: traces are thrown away */
	void *trace_priv;
	size_t ring_bytes; /* per CPU; 0: 512 KiB (what an unprivileged user may lock), halved until
			      it fits */
	uint32_t wakeup_bytes; /* 0: half a ring */
	/*
	 * A ladder: events of rung 0 are always on, as event 0 must be, which tells of tasks and
	 * mappings (a dummy will do); of the other rungs just one is on at a time, this one at
	 * first. 0: no ladder, all are on. It is what changes the rate of children: to enable and
	 * disable reaches inherited events, a new period does not.
	 */
	uint32_t first_rung;
	/* Times are the kernel's own, which perf's recordings have by default: the only ones that
	 * those within hardware traces can be told in. */
	bool kernel_clock;
	bool ids; /* records tell their event's id even if it is the only one */
	/* Mappings of files tell their build ids, in the place of device and inode, where the
	 * kernel can (Linux 5.12). */
	bool build_ids;
};

/* Makes an empty session for events[0, n) (copied; the first one follows tasks and has no trace;
 * clock, mmap/comm/task tracking, sample_id_all and wake-up are set here on the first). Returns 0
 * or -errno. */
int damon_session_new(const struct damon_sys *sys, const struct damon_event *events, int n,
		      const struct damon_session_options *o, struct damon_session **out,
		      struct damon_fail *f);
void damon_session_free(struct damon_session *s); /* closes everything; NULL is fine */

/* Asked before each thread is attached to; nonzero ends attaching with -EINTR. Hundreds of threads
 * that keep all CPUs busy take long. */
void damon_session_stop_if(struct damon_session *s, int (*asked)(void *priv), void *priv);

/*
 * Adds a process that runs: every thread on every CPU, rescanning until no new thread appears. Once
 * the session is enabled, it is sampled from then on. A process that ends meanwhile is -ESRCH.
 * Errors are explained: permission (perf_event_paranoid, ptrace access), limits of files and locked
 * memory.
 */
int damon_session_attach(struct damon_session *s, int pid, struct damon_fail *f);

/*
 * Instead: everything that runs, on each CPU that is online now. Needs perf_event_paranoid <= 0 or
 * CAP_PERFMON. Samples of all processes come, our own included, with the records of all tasks and
 * mappings; clock events count idle time as well. -ENOTSUP: an event writes a trace, in which
 * processes could not be told apart.
 */
int damon_session_attach_all(struct damon_session *s, struct damon_fail *f);

/* Adds a process that has not executed its program yet: sampling starts at its exec. */
int damon_session_attach_on_exec(struct damon_session *s, int pid, struct damon_fail *f);

/* Enables what was attached (events of damon_session_attach_on_exec enable themselves). */
int damon_session_enable(struct damon_session *s);
/* For good. From now on damon_session_stats() knows of all that was lost. */
void damon_session_disable(struct damon_session *s);

/*
 * From now on rung 'rung' of the ladder is on instead of the current one, in everything attached
 * and its children. A child that is being forked meanwhile may be left behind: call it again, with
 * the same rung, a while later. Returns 0 or -errno.
 */
int damon_session_step(struct damon_session *s, uint32_t rung);

/*
 * Nothing is sampled until damon_session_resume(), while event 0, which must be one that only tells
 * of tasks and mappings, stays on. A child that is being forked meanwhile may be left behind: call
 * it again a while later.
 */
void damon_session_pause(struct damon_session *s);
int damon_session_resume(struct damon_session *s); /* 0 or -errno */

/*
 * Closes the events of threads that had ended by the last call and left no child with them: what
 * was attached one by one does not pile up. Read in between, as what they left is told by their
 * ids. What they counted stays in damon_session_count(). Returns how many there were.
 */
size_t damon_session_trim(struct damon_session *s);

/*
 * CPUs that are online and were not when the session was made: what runs there is not seen. Of
 * those that went offline and came back the events of threads are on again; those of whole CPUs are
 * gone, as is noticed the second time that this is asked afterwards, 100 ms or more later.
 */
size_t damon_session_unseen_cpus(struct damon_session *s);

/* File descriptors to poll: fills at most 'cap', returns how many there are. */
size_t damon_session_pollfds(const struct damon_session *s, struct pollfd *fds, size_t cap);

/* Is given each record, in order of time over all rings, as far as every ring has been read. Return
 * nonzero to stop. */
typedef int (*damon_record_fn)(void *priv, const struct damon_perf_record *r);

/*
 * Reads what the rings hold. Records wrapped at a ring's end are copied; malformed ones are counted
 * and skipped. Never blocks. Returns the number of records, or what 'fn' returned.
 */
int damon_session_read(struct damon_session *s, damon_record_fn fn, void *priv);

struct damon_session_stats {
	uint64_t records, lost, throttled, malformed, bytes;
	uint64_t no_room; /* of 'lost': what the rings had no room for, as records tell */
	uint64_t stalled; /* areas of traces that were full, with no record that says so */
	uint64_t truncated, collided; /* pieces of traces that tell of a loss: PERF_AUX_FLAG_* */
	size_t nr_fds, nr_rings, ring_bytes;
};
void damon_session_stats(const struct damon_session *s, struct damon_session_stats *out);

/*
 * Reading without looking: records as the kernel wrote them, of one ring after another, for a file
 * that others will decode. Not together with damon_session_read().
 */
struct damon_session_piece { /* of a hardware trace */
	uint32_t buffer;     /* number of the buffer: one for each such event and CPU */
	int cpu;
	uint64_t offset;
	const uint8_t *bytes[2]; /* in two parts where it wraps around */
	size_t len[2];
};
struct damon_session_raw {
	/* Each gets 'priv' and what is valid during the call; nonzero ends reading. A piece comes
	 * right after the PERF_RECORD_AUX that announced it. */
	int (*record)(void *priv, const struct perf_event_header *h);
	int (*piece)(void *priv, const struct damon_session_piece *p);
	void *priv;
};
/* Reads what the rings held when it was called: a round, in the words of perf/order.h. Samples from
 * before the start are left out, and so is what is malformed. Returns the number of records, or
 * what a function returned. */
int damon_session_read_raw(struct damon_session *s, const struct damon_session_raw *to);

/* Event 'i' as it was opened, NULL beyond the last, and the ids that its records bear: none if it
 * is the only one and none were asked for. Their number; at most 'cap' of them are filled in. */
const struct damon_event *damon_session_event(const struct damon_session *s, size_t i);
size_t damon_session_ids(const struct damon_session *s, size_t i, uint64_t *ids, size_t cap);

/* How the clock of hardware traces turns into the kernel's, as the rings tell. False: they do not.
 */
bool damon_session_time_conv(const struct damon_session *s, struct damon_perf_time_conv *out);

/* Sum of event 'i's count over everything attached, exited children included (CPU time in ns for
 * clock events). Returns 0 or -errno. */
int damon_session_count(const struct damon_session *s, int i, uint64_t *value);

/*
 * How much of the time that events of hardware were due they had a counter: 1 is all, as it should
 * be; less where others use the counters (perf, the NMI watchdog, an event that only one counter
 * has), as events then take turns and samples are too few. The least of all kinds of events; traces
 * are none, as their PMUs are not shared. It reads each event, which may interrupt the CPU that it
 * is on. Returns 0, -ENOENT without such events, or -errno.
 */
int damon_session_ran(const struct damon_session *s, double *share);

/* What share of their time threads ran on CPUs that a kind of event is not for, as their PMU lacks
 * them: nothing was sampled there. Of whole CPUs it is the time that these were on. */
double damon_session_uncovered(const struct damon_session *s);

/*
 * What one tick of event 'attr' costs the interrupted program, in ns of its time: measured on this
 * process in about 3 ms of CPU time. Returns 0 or -errno.
 */
int damon_session_calibrate(const struct damon_sys *sys, const struct perf_event_attr *attr,
			    double *tick_cost_ns);

#endif
