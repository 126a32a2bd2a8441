/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a tick costs: a loop of equal chunks of work, some microseconds each, is interrupted by the
 * event, and the chunks in which a tick fell are compared with those without. Samples tell the
 * time, so which chunks these are is known.
 *
 * Chunks are timed by the wall clock (the clock of CPU time may leave out interrupts,
 * CONFIG_IRQ_TIME_ACCOUNTING). The answer is the mean of the middle half of the ticks, so that the
 * first ones, which find nothing in the caches, and other tasks that ran in between count for
 * little. Some 60 ticks are enough, in 3 ms.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "base/util.h"
#include "perf/ring.h"
#include "perf/session.h"

#define TICK_NS	    (50 * NS_PER_US) /* 20 kHz */
#define TICKS	    64
#define TICKS_MIN   8 /* fewer are no answer */
#define RUN_NS	    (TICKS * TICK_NS)
#define CHUNK_STEPS 2048	      /* about 3 us */
#define CHUNKS_MAX  ((size_t)4096)    /* in the run */
#define PREEMPTED   (200 * NS_PER_US) /* a chunk that took longer had another task in it */
#define RING_BYTES  ((size_t)64 << 10)

struct self_event {
	const struct damon_sys *sys;
	struct perf_event_attr attr;
	int fd;
	void *map;
	size_t len;
	struct damon_ring *ring;
};

/* The run: chunk i took from at[i] to at[i + 1]. */
struct chunks {
	uint64_t at[CHUNKS_MAX + 1];
	size_t nr;
	double with[TICKS], without[CHUNKS_MAX]; /* ns */
	size_t nr_with, nr_without;
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
	a.use_clockid = 1;
	a.clockid = CLOCK_MONOTONIC;
	a.sample_type |= PERF_SAMPLE_TIME;
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
	const struct damon_sys *sys = e->sys;
	struct perf_event_attr a;

	e->attr = a = frequent(attr);
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

/* A chain of multiplications that no compiler shortens and that touches no memory. */
static uint64_t work(uint64_t x)
{
	for (int i = 0; i < CHUNK_STEPS; i++)
		x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9ull;
	return x;
}

static void run_chunks(const struct self_event *e, struct chunks *c)
{
	const struct damon_sys *sys = e->sys;
	static volatile uint64_t sink;
	uint64_t ran = 0;

	sink = work(sink);
	sys->ioctl(sys, e->fd, PERF_EVENT_IOC_ENABLE, 0);
	c->at[0] = sys->clock_ns(sys);
	for (c->nr = 0; c->nr < CHUNKS_MAX && ran < RUN_NS; c->nr++) {
		uint64_t took;

		sink = work(sink + c->nr);
		c->at[c->nr + 1] = sys->clock_ns(sys);
		took = c->at[c->nr + 1] - c->at[c->nr];
		ran += took < PREEMPTED ? took : 0;
	}
	sys->ioctl(sys, e->fd, PERF_EVENT_IOC_DISABLE, 0);
}

/* Tells chunks with a tick from those without. The one after a tick, whose first part may be the
 * tick's end, is left out. */
static void part_chunks(const struct self_event *e, struct chunks *c)
{
	const struct perf_event_header *h;
	struct damon_perf_record rec;
	size_t i = 0, last = 0;

	damon_ring_begin(e->ring);
	while ((h = damon_ring_next(e->ring)) && c->nr_with < TICKS) {
		if (h->type != PERF_RECORD_SAMPLE || damon_perf_parse(h, &e->attr, &rec))
			continue;
		for (; i < c->nr && c->at[i + 1] <= rec.time_ns; i++)
			if (i > last)
				c->without[c->nr_without++] = (double)(c->at[i + 1] - c->at[i]);
		if (i == c->nr)
			break;
		if (rec.time_ns < c->at[i])
			continue;
		c->with[c->nr_with++] = (double)(c->at[i + 1] - c->at[i]);
		last = ++i;
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Mean of the middle half. */
static double middle(double *v, size_t n)
{
	double sum = 0;

	qsort(v, n, sizeof(*v), by_value);
	for (size_t i = n / 4; i < n - n / 4; i++)
		sum += v[i];
	return sum / (double)(n - n / 4 * 2);
}

int damon_session_calibrate(const struct damon_sys *sys, const struct perf_event_attr *attr,
			    double *tick_cost_ns)
{
	_cleanup_(event_release) struct self_event e = {.sys = sys, .fd = -1};
	_cleanup_(freep) struct chunks *c = NULL;
	int err = event_open(&e, attr);

	if (err)
		return err;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	run_chunks(&e, c);
	part_chunks(&e, c);
	if (c->nr_with < TICKS_MIN || c->nr_without < TICKS_MIN)
		return -ENODATA; /* an event that a busy loop does not cause */
	*tick_cost_ns = MAX(middle(c->with, c->nr_with) - middle(c->without, c->nr_without), 0.0);
	return 0;
}
