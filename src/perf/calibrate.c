/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a tick costs: the same loop runs in short slices with and without the event, in turns.
 *
 * A slice is made of chunks of some 10 us, each timed by the wall clock (the clock of CPU time may
 * leave out interrupts, CONFIG_IRQ_TIME_ACCOUNTING). Chunks in which another task ran are far
 * longer than those with a tick and are left out. With an event every P ns of run time that costs
 * c each, chunks take 1 / (1 - c / P) as long: c = P * (with - without) / with. P is measured: the
 * time of the chunks kept over the ticks seen. The median over the pairs of slices is the answer.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/util.h"
#include "perf/ring.h"
#include "perf/session.h"

#define PAIRS	    7
#define SLICE_NS    NS_PER_MS
#define CHUNK_STEPS 8192	      /* about 10 us */
#define CHUNKS_MAX  ((size_t)1024)    /* in a slice */
#define PREEMPTED   (200 * NS_PER_US) /* a chunk that took longer had another task in it */
#define TICK_NS	    (50 * NS_PER_US) /* 20 kHz */
#define RING_BYTES  ((size_t)128 << 10)

struct self_event {
	const struct damon_sys *sys;
	int fd;
	void *map;
	size_t len;
	struct damon_ring *ring;
};

struct slice {
	double chunk_ns; /* mean */
	double kept_ns;	 /* all chunks that count */
	uint64_t ticks;
};

static void event_release(struct self_event *e)
{
	if (e->map)
		e->sys->munmap(e->sys, e->map, e->len);
	if (e->fd >= 0)
		e->sys->close(e->sys, e->fd);
	free(e->ring);
}

/* The event on the calling thread, more often than usual, so that short slices see its ticks. */
static struct perf_event_attr frequent(const struct perf_event_attr *attr)
{
	struct perf_event_attr a = *attr;

	a.size = sizeof(a);
	a.disabled = 1;
	a.inherit = a.enable_on_exec = 0;
	if (a.type == PERF_TYPE_SOFTWARE &&
	    (a.config == PERF_COUNT_SW_CPU_CLOCK || a.config == PERF_COUNT_SW_TASK_CLOCK)) {
		a.freq = 0;
		a.sample_period = TICK_NS;
	} else if (a.freq || a.sample_period > 1) {
		a.freq = 1;
		a.sample_freq = NS_PER_SEC / TICK_NS;
	}
	return a;
}

static int event_open(struct self_event *e, const struct perf_event_attr *attr)
{
	struct perf_event_attr a = frequent(attr);
	const struct damon_sys *sys = e->sys;

	e->fd = sys->perf_event_open(sys, &a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (e->fd < 0 && a.freq) { /* a counter without a frequency mode */
		a.freq = 0;
		a.sample_period = attr->sample_period;
		e->fd = sys->perf_event_open(sys, &a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	}
	if (e->fd < 0)
		return e->fd;
	e->len = (size_t)sysconf(_SC_PAGESIZE) + RING_BYTES;
	e->map = sys->mmap(sys, e->len, PROT_READ | PROT_WRITE, MAP_SHARED, e->fd, 0);
	if (!e->map)
		return -errno;
	e->ring = calloc(1, sizeof(*e->ring));
	return e->ring ? damon_ring_init(e->ring, e->map, e->len) : -ENOMEM;
}

static uint64_t drain(struct damon_ring *r)
{
	const struct perf_event_header *h;
	uint64_t n = 0;

	damon_ring_begin(r);
	while ((h = damon_ring_next(r)))
		n += h->type == PERF_RECORD_SAMPLE;
	damon_ring_commit(r, r->pos);
	return n;
}

/* A chain of multiplications that no compiler shortens and that touches no memory. */
static uint64_t work(uint64_t x)
{
	for (int i = 0; i < CHUNK_STEPS; i++)
		x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9ull;
	return x;
}

static struct slice run_slice(const struct self_event *e, bool with)
{
	const struct damon_sys *sys = e->sys;
	static volatile uint64_t sink;
	struct slice s = {0};
	uint64_t begin, last;
	size_t kept = 0;

	if (with)
		sys->ioctl(sys, e->fd, PERF_EVENT_IOC_ENABLE, 0);
	begin = last = sys->clock_ns(sys);
	for (size_t i = 0; i < CHUNKS_MAX && last - begin < SLICE_NS; i++) {
		uint64_t now;

		sink = work(sink + last);
		now = sys->clock_ns(sys);
		if (now - last < PREEMPTED) {
			s.kept_ns += (double)(now - last);
			kept++;
		}
		last = now;
	}
	if (with) {
		sys->ioctl(sys, e->fd, PERF_EVENT_IOC_DISABLE, 0);
		s.ticks = drain(e->ring);
	}
	s.chunk_ns = kept ? s.kept_ns / (double)kept : 0;
	return s;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int damon_session_calibrate(const struct damon_sys *sys, const struct perf_event_attr *attr,
			    double *tick_cost_ns)
{
	_cleanup_(event_release) struct self_event e = {.sys = sys, .fd = -1};
	double cost[PAIRS];
	size_t n = 0;
	int err = event_open(&e, attr);

	if (err)
		return err;
	run_slice(&e, true); /* warms up */
	for (int i = 0; i < PAIRS; i++) {
		struct slice off = run_slice(&e, false), on = run_slice(&e, true);

		if (!on.ticks || on.chunk_ns <= 0 || off.chunk_ns <= 0)
			continue;
		cost[n++] =
			on.kept_ns / (double)on.ticks * (on.chunk_ns - off.chunk_ns) / on.chunk_ns;
	}
	if (n < PAIRS / 2) /* an event that a busy loop does not cause */
		return -ENODATA;
	qsort(cost, n, sizeof(*cost), by_value);
	*tick_cost_ns = MAX(cost[n / 2], 0.0);
	return 0;
}
