/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session from the inside. session.c makes, reads and ends it, session_attach.c opens events of
 * processes, session_raw.c reads it without looking into it. Only these include this.
 */
#ifndef PERF_SESSION_PRIV_H
#define PERF_SESSION_PRIV_H

#include "perf/ring.h"
#include "perf/session.h"
#include "perf/trace_area.h"

#define ONLINE_MAX 256

/*
 * One ring per CPU. It is mapped through an event of our own that counts nothing, and every event
 * of a target is directed into it: an event whose thread has ended reports POLLHUP for ever, ours
 * lives as long as this process.
 *
 * An event with a hardware trace has rings of its own, one per CPU of its PMU, as a trace's buffer
 * belongs to a ring.
 */
struct cpu_ring {
	int cpu, fd;
	uint32_t event; /* index of the event whose trace it has; 0: the ring of all others */
	void *map;
	size_t map_len;
	struct damon_trace_area area;
	/* The kernel may have disabled what writes its trace: a record says so, or it was full. */
	bool truncated, full;
	uint64_t enabled_ns, now_ns; /* for how long its own events were on: before, and now */
	bool gone;		     /* they are not any more: it was offline */
	struct damon_ring *ring;
	uint64_t live_from;	      /* samples before this position came before the start */
	bool have;		      /* 'rec' waits to be delivered */
	uint64_t at;		      /* position of 'rec' in the ring */
	struct damon_perf_record rec; /* the next one of this ring */
};

struct event_fd {
	int fd, cpu;
	uint32_t event;
	uint64_t id;
	bool on_exec;
	bool over; /* its thread had ended when that was asked last */
};

/* What read(2) yields of an event, as its read_format has it. */
struct session_times {
	uint64_t value, enabled_ns, running_ns;
	uint64_t lost; /* records without room, its children's included; 0 before Linux 6.0 */
};

struct damon_session {
	const struct damon_sys *sys;
	struct damon_event *events;
	int nr_events;
	struct cpu_ring *cpus;
	size_t nr_cpus;	 /* the rings of CPUs come first, */
	size_t nr_rings; /* then those of traces, by event and CPU */
	uint32_t first_event;
	damon_trace_fn trace;
	void *trace_priv;
	bool has_whole_cpus; /* events of whole CPUs were opened */
	bool is_all;	     /* all are of whole CPUs */
	size_t ring_bytes;
	struct event_fd *fds;
	size_t nr_fds, cap_fds;
	struct session_times *ended; /* by event: of those that were closed */
	size_t nr_sorted;	     /* fds[0..) sorted by id; only with several events */
	uint32_t rung;		     /* the one that is on, besides events of none; 0: all are */
	bool enabled, paused;	     /* paused: event 0 alone is on */
	bool over;		     /* nothing is enabled any more */
	struct session_times *last;  /* by descriptor, once it is over; NULL: not read */
	bool kernel_clock;
	bool has_ids; /* records begin or end with the id of their event */
	int (*stop)(void *priv);
	void *stop_priv;
	char online[ONLINE_MAX]; /* CPUs at the start */
	struct damon_session_stats stats;
};

/* Counts a record. */
void session_account(struct damon_session_stats *st, const struct damon_perf_record *r);

/* Closes the events from number 'from' on. */
void session_close_events(struct damon_session *s, size_t from);

/* Turns the events from number 'from' on, as far as they are to be on now. Returns 0 or -errno. */
int session_enable_from(struct damon_session *s, size_t from);

/* Parses a record of a ring, with the event that it is of. Returns 0 or -EBADMSG. */
int session_parse(const struct damon_session *s, const struct perf_event_header *h,
		  struct damon_perf_record *rec);

/* A piece of a ring's trace, with its flags, was read up to 'end': gives it back. */
void session_free_piece(struct cpu_ring *c, uint64_t end, uint64_t flags);

/* Enables what the kernel has disabled as its trace found no room. After reading. */
void session_restart(struct damon_session *s);

/* Reads one. Returns 0 or -errno. */
int session_times_of(const struct damon_session *s, const struct event_fd *e,
		     struct session_times *out);
void session_add_times(struct session_times *sum, const struct session_times *t);

/* Reads all, which have been disabled: they are not read again, and what each event's records found
 * no room for is known, whether a record tells it or not. */
void session_last_times(struct damon_session *s);
uint64_t session_lost(const struct damon_session *s, uint32_t event);

/* Finds the CPUs whose own events the kernel has removed. Returns whether there are any. */
bool session_find_gone(struct damon_session *s);

/* The descriptors sorted by id, for session_parse(). */
void session_sort_ids(struct damon_session *s);

/* Is this a list such as "0-7,16", or empty? Is 'cpu' in it? An empty one has all. */
bool session_is_list(const char *list);
bool session_on_list(const char *list, int cpu);

/* Is this event on, at the rung of now? */
static inline bool session_is_on(const struct damon_session *s, uint32_t event)
{
	uint32_t rung = s->events[event].rung;

	if (s->paused && event)
		return false;
	return !s->rung || !rung || rung == s->rung;
}

#endif
