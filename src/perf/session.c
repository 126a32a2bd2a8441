/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "base/util.h"
#include "os/proc.h"
#include "perf/explain.h"
#include "perf/session_priv.h"

#define RING_BYTES_DEFAULT ((size_t)512 << 10)
#define TRACE_RING_BYTES   ((size_t)32 << 10) /* of what announces a trace */
#define TRIM_FDS	   256
#define RING_BYTES_MIN	   ((size_t)16 << 10) /* a sample with registers and some KiB of stack */

/* ---- making and ending ---- */

static void prepare_attr(struct perf_event_attr *a, bool first, bool ids, bool kernel_clock)
{
	a->size = sizeof(*a);
	a->use_clockid = !kernel_clock;
	a->clockid = kernel_clock ? 0 : CLOCK_MONOTONIC;
	a->sample_type |= PERF_SAMPLE_TID | PERF_SAMPLE_TIME;
	if (ids)
		a->sample_type |= PERF_SAMPLE_IDENTIFIER;
	a->sample_type &= ~(uint64_t)PERF_SAMPLE_READ; /* not allowed with inherit */
	a->read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	a->sample_id_all = 1;
	a->inherit = 1;
	a->disabled = 1;
	a->enable_on_exec = 0;
	a->mmap = a->mmap2 = a->mmap_data = first;
	a->comm = a->comm_exec = first;
	a->task = first;
}

/*
 * For recordings that nobody looks into here. Elsewhere attr.build_id stays off: the layers above
 * recognize a file by device and inode, which /proc/PID/maps tells as well, and read build ids from
 * memory (lib/build_ids.c).
 */
static void ask_build_ids(const struct damon_sys *sys, struct perf_event_attr *a)
{
	a->build_id = 1;
	if (damon_perf_try(sys, a, 0, -1) == -EINVAL)
		a->build_id = 0;
}

/*
 * A ring tells what it lost with the next record that it has room for: of what it lost last only
 * the events know. Children's losses are their parent's, and of a ring that several events share
 * each counts its own (__perf_output_begin() in the kernel's kernel/events/ring_buffer.c; Linux
 * 6.0).
 */
static void ask_lost(struct damon_session *s)
{
	struct perf_event_attr a = s->events[0].attr;

	a.read_format |= DAMON_PERF_FORMAT_LOST;
	if (damon_perf_try(s->sys, &a, 0, -1) == -EINVAL)
		return;
	for (int i = 0; i < s->nr_events; i++)
		s->events[i].attr.read_format = a.read_format;
}

/* Traces are announced a page at a time, so that they are seen within their interval. */
static void prepare_trace(struct perf_event_attr *a, size_t aux_bytes)
{
	a->watermark = 1;
	a->wakeup_watermark = 1;
	a->aux_watermark = (uint32_t)MIN(aux_bytes / 2, (size_t)4096);
}

/*
 * What holds a ring: an event of our own that never runs. Where the ring has a trace it is one of
 * the same PMU, as the kernel demands.
 */
static struct perf_event_attr holder_of(const struct damon_session *s, const struct cpu_ring *c,
					uint32_t wakeup)
{
	struct perf_event_attr a = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.size = sizeof(a),
		.use_clockid = !s->kernel_clock,
		.clockid = s->kernel_clock ? 0 : CLOCK_MONOTONIC,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.watermark = 1,
		.wakeup_watermark = wakeup,
	};

	if (c->event)
		a = s->events[c->event].attr;
	a.inherit = 0;
	a.disabled = 1;
	return a;
}

static void close_ring(struct damon_session *s, struct cpu_ring *c)
{
	damon_trace_area_unmap(&c->area, s->sys);
	if (c->map)
		s->sys->munmap(s->sys, c->map, c->map_len);
	if (c->fd >= 0)
		s->sys->close(s->sys, c->fd);
	c->map = NULL;
	c->fd = -1;
}

/* Rings [from, to) of a session, and what each is to have. */
struct ring_set {
	size_t from, to;
	size_t bytes, aux_bytes; /* aux_bytes 0: no trace */
	uint32_t wakeup;
};

static int open_ring(struct damon_session *s, struct cpu_ring *c, const struct ring_set *set,
		     struct damon_fail *f)
{
	uint32_t wakeup = set->wakeup ? set->wakeup : (uint32_t)(set->bytes / 2);
	struct perf_event_attr a = holder_of(s, c, wakeup);
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n = set->to - set->from;
	int err;

	c->fd = s->sys->perf_event_open(s->sys, &a, getpid(), c->cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (c->fd < 0)
		return damon_perf_explain_open(s->sys, &a, 0, 0, -c->fd, f);
	c->map_len = page + MAX(set->bytes, page);
	c->map = s->sys->mmap(s->sys, c->map_len, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (!c->map)
		return damon_perf_explain_mmap(s->sys, "rings", set->bytes, n, errno, f);
	if (damon_ring_init(c->ring, c->map, c->map_len))
		return damon_fail(f, EPROTO, "the kernel's ring has an unknown layout");
	if (!set->aux_bytes)
		return 0;
	err = damon_trace_area_map(&c->area, s->sys, c->fd, c->map, c->map_len, set->aux_bytes);
	return err ? damon_perf_explain_mmap(s->sys, "traces", set->aux_bytes, n, -err, f) : 0;
}

/* All of the set, or none. Returns 0 or -errno. */
static int open_rings(struct damon_session *s, const struct ring_set *set, struct damon_fail *f)
{
	int err = 0;

	for (size_t i = set->from; i < set->to && !err; i++)
		err = open_ring(s, &s->cpus[i], set, f);
	for (size_t i = set->from; i < set->to && err; i++)
		close_ring(s, &s->cpus[i]);
	return err;
}

static bool is_too_much(int err)
{
	return err == -EPERM || err == -ENOMEM;
}

/* With half of '*part' again and again, but not below 'least', until memory allows it. */
static int fit_rings(struct damon_session *s, struct ring_set *set, size_t *part, size_t least,
		     struct damon_fail *f)
{
	for (;; *part /= 2) {
		int err = open_rings(s, set, f);

		if (!is_too_much(err) || *part / 2 < least)
			return err;
	}
}

/* The rings of CPUs. */
static int map_cpus(struct damon_session *s, const struct damon_session_options *o,
		    struct damon_fail *f)
{
	size_t asked = o->ring_bytes ? o->ring_bytes : RING_BYTES_DEFAULT;
	struct ring_set set = {
		.to = s->nr_cpus, .bytes = RING_BYTES_MIN, .wakeup = o->wakeup_bytes};
	int err;

	while (set.bytes < asked && set.bytes < SIZE_MAX / 4)
		set.bytes *= 2;
	err = fit_rings(s, &set, &set.bytes, RING_BYTES_MIN, f);
	s->ring_bytes = set.bytes;
	return err;
}

/* Those of traces, with areas of at most 'most' bytes; '*got' is the largest one. */
static int map_traces(struct damon_session *s, size_t most, size_t *got, struct damon_fail *f)
{
	size_t least = 2 * (size_t)sysconf(_SC_PAGESIZE), asked;
	struct ring_set set = {.to = s->nr_cpus, .bytes = TRACE_RING_BYTES};
	int err = 0;

	*got = 0;
	while (set.to < s->nr_rings && !err) {
		uint32_t e = s->cpus[set.to].event;

		asked = MIN(s->events[e].aux_bytes, most);
		for (set.from = set.to; set.to < s->nr_rings && s->cpus[set.to].event == e;)
			set.to++;
		for (set.aux_bytes = least; set.aux_bytes < asked;)
			set.aux_bytes *= 2;
		err = fit_rings(s, &set, &set.aux_bytes, least, f);
		*got = MAX(*got, set.aux_bytes);
	}
	return err;
}

/* Traces first: rings take what they can get, and would leave nothing to them. If the least rings
 * do not fit beside the traces, these get less. */
static int map_rings(struct damon_session *s, const struct damon_session_options *o,
		     struct damon_fail *f)
{
	size_t most = SIZE_MAX / 4, got, least = 2 * (size_t)sysconf(_SC_PAGESIZE);

	for (;; most = got / 2) {
		int err = map_traces(s, most, &got, f);

		if (!err)
			err = map_cpus(s, o, f);
		if (!is_too_much(err) || got <= least)
			return err;
		for (size_t i = 0; i < s->nr_rings; i++)
			close_ring(s, &s->cpus[i]);
	}
}

/* The list of CPUs that are online, as text; empty if it cannot be read or is longer. */
static void read_online(const struct damon_session *s, char text[ONLINE_MAX])
{
	ssize_t n = s->sys->read_file(s->sys, "/sys/devices/system/cpu/online", text, ONLINE_MAX);

	text[n > 0 && n < ONLINE_MAX ? n : 0] = '\0';
}

static int add_ring(struct damon_session *s, int cpu, uint32_t event)
{
	struct cpu_ring *c = &s->cpus[s->nr_rings];

	*c = (struct cpu_ring){.cpu = cpu, .fd = -1, .event = event};
	s->nr_rings++;
	c->ring = calloc(1, sizeof(*c->ring));
	return c->ring ? 0 : -ENOMEM;
}

static int find_cpus(struct damon_session *s)
{
	int n = s->sys->nr_cpus(s->sys), err;
	size_t nr_traces = 0;

	read_online(s, s->online);
	for (int e = 0; e < s->nr_events; e++)
		nr_traces += s->events[e].aux_bytes > 0;
	s->cpus = calloc((size_t)MAX(n, 1) * (1 + nr_traces), sizeof(*s->cpus));
	if (!s->cpus)
		return -ENOMEM;
	for (int cpu = 0; cpu < n; cpu++) {
		if (!s->sys->cpu_online(s->sys, cpu))
			continue;
		err = add_ring(s, cpu, 0);
		if (err)
			return err;
		s->nr_cpus++;
	}
	for (int e = 0; e < s->nr_events; e++)
		for (size_t i = 0; i < s->nr_cpus && s->events[e].aux_bytes; i++) {
			if (!session_on_list(s->events[e].cpus, s->cpus[i].cpu))
				continue;
			err = add_ring(s, s->cpus[i].cpu, (uint32_t)e);
			if (err)
				return err;
		}
	return s->nr_cpus ? 0 : -ENODEV;
}

/* The first event is what everything else hangs on; what a source says of its own is not believed.
 */
static int check_events(const struct damon_event *e, int n, struct damon_fail *f)
{
	if (n < 1)
		return damon_fail(f, EINVAL, "no events to sample");
	if (e->whole_cpus || e->aux_bytes || *e->cpus || e->leader || e->rung)
		return damon_fail(f, EINVAL, "the first event does not follow tasks everywhere");
	for (int i = 0; i < n; i++) {
		if (!session_is_list(e[i].cpus))
			return damon_fail(f, EINVAL, "'%s' is no list of CPUs", e[i].cpus);
		if (e[i].leader < 0 || e[i].leader > i)
			return damon_fail(f, EINVAL, "an event comes before its leader");
		if (e[i].leader && e[i].rung != e[e[i].leader - 1].rung)
			return damon_fail(f, EINVAL, "an event is on another rung than its leader");
		if (e[i].whole_cpus && e[i].aux_bytes)
			return damon_fail(f, EINVAL, "a trace of whole CPUs mixes processes");
	}
	return 0;
}

int damon_session_new(const struct damon_sys *sys, const struct damon_event *events, int n,
		      const struct damon_session_options *o, struct damon_session **out,
		      struct damon_fail *f)
{
	static const struct damon_session_options defaults = {0};
	struct damon_session *s;
	int err = check_events(events, n, f);

	if (err)
		return err;
	s = calloc(1, sizeof(*s));
	if (!s || !(s->events = calloc((size_t)n, sizeof(*events))) ||
	    !(s->ended = calloc((size_t)n, sizeof(*s->ended)))) {
		err = damon_fail(f, ENOMEM, "no memory");
		goto fail;
	}
	s->sys = sys;
	s->nr_events = n;
	if (!o)
		o = &defaults;
	s->rung = o->first_rung;
	s->first_event = o->first_event;
	s->trace = o->trace;
	s->trace_priv = o->trace_priv;
	s->kernel_clock = o->kernel_clock;
	s->has_ids = n > 1 || o->ids;
	for (int i = 0; i < n; i++) {
		s->events[i] = events[i];
		prepare_attr(&s->events[i].attr, i == 0, s->has_ids, o->kernel_clock);
		if (events[i].aux_bytes)
			prepare_trace(&s->events[i].attr, events[i].aux_bytes);
	}
	ask_lost(s);
	if (o->build_ids)
		ask_build_ids(sys, &s->events[0].attr);
	err = find_cpus(s);
	if (err) {
		damon_fail(f, -err, "cannot list the CPUs: %s", strerror(-err));
		goto fail;
	}
	err = damon_proc_need_fds(s->nr_rings, f);
	if (!err)
		err = map_rings(s, o, f);
	if (err)
		goto fail;
	*out = s;
	return 0;
fail:
	damon_session_free(s);
	return err;
}

void session_close_events(struct damon_session *s, size_t from)
{
	while (s->nr_fds > from)
		s->sys->close(s->sys, s->fds[--s->nr_fds].fd);
	s->nr_sorted = MIN(s->nr_sorted, s->nr_fds);
}

void damon_session_free(struct damon_session *s)
{
	if (!s)
		return;
	session_close_events(s, 0);
	for (size_t i = 0; i < s->nr_rings; i++) {
		close_ring(s, &s->cpus[i]);
		free(s->cpus[i].ring);
	}
	free(s->cpus);
	free(s->fds);
	free(s->ended);
	free(s->last);
	free(s->events);
	free(s);
}

int session_enable_from(struct damon_session *s, size_t from)
{
	for (size_t i = from; i < s->nr_fds; i++) {
		int err = 0;

		if (!s->fds[i].on_exec && session_is_on(s, s->fds[i].event))
			err = s->sys->ioctl(s->sys, s->fds[i].fd, PERF_EVENT_IOC_ENABLE, 0);
		if (err < 0)
			return err;
	}
	return 0;
}

int damon_session_enable(struct damon_session *s)
{
	for (size_t i = 0; i < s->nr_rings && !s->enabled; i++) {
		struct damon_ring *r = s->cpus[i].ring;

		damon_ring_begin(r);
		if (s->cpus[i].live_from == UINT64_MAX)
			s->cpus[i].live_from = r->head;
	}
	s->enabled = true;
	return session_enable_from(s, 0);
}

void damon_session_disable(struct damon_session *s)
{
	s->over = true;
	for (size_t i = 0; i < s->nr_fds; i++)
		s->sys->ioctl(s->sys, s->fds[i].fd, PERF_EVENT_IOC_DISABLE, 0);
	session_last_times(s);
}

/* Enables the rung that is on, or disables the others. A group follows its leader. Events that
 * ended with their thread are no error. */
static int switch_rungs(struct damon_session *s, bool on)
{
	int err = 0;

	for (size_t i = 0; i < s->nr_fds; i++) {
		const struct damon_event *e = &s->events[s->fds[i].event];
		int got = 0;

		if (e->rung && !e->leader && session_is_on(s, s->fds[i].event) == on)
			got = s->sys->ioctl(s->sys, s->fds[i].fd,
					    on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
		err = got < 0 && got != -ESRCH ? got : err;
	}
	return err;
}

/*
 * Of events that the kernel counts the new rung is enabled before the old one is disabled: a few
 * ticks come twice, which weighs less than a gap. Counters of hardware are few (IBS has one for a
 * CPU): the new rung would not get any, and wait for the next turn, so the old one goes first.
 */
int damon_session_step(struct damon_session *s, uint32_t rung)
{
	bool is_counted = true;
	uint32_t last = 0;
	int err, err2;

	for (int i = 0; i < s->nr_events; i++) {
		last = MAX(last, s->events[i].rung);
		if (s->events[i].rung)
			is_counted &= s->events[i].attr.type == PERF_TYPE_SOFTWARE;
	}
	if (!s->rung || !rung || rung > last)
		return -EINVAL;
	s->rung = rung;
	err = switch_rungs(s, is_counted);
	err2 = switch_rungs(s, !is_counted);
	return err ? err : err2;
}

/* Events that ended with their thread are no error. */
static int switch_events(struct damon_session *s, unsigned long req)
{
	int err = 0;

	for (size_t i = 0; i < s->nr_fds; i++) {
		const struct event_fd *e = &s->fds[i];
		uint32_t rung = s->events[e->event].rung;
		int got = 0;

		if (e->event && !s->events[e->event].leader && (!rung || rung == s->rung))
			got = s->sys->ioctl(s->sys, e->fd, req, 0);
		err = got < 0 && got != -ESRCH ? got : err;
	}
	return err;
}

void damon_session_pause(struct damon_session *s)
{
	s->paused = true;
	switch_events(s, PERF_EVENT_IOC_DISABLE);
}

int damon_session_resume(struct damon_session *s)
{
	s->paused = false;
	return switch_events(s, PERF_EVENT_IOC_ENABLE);
}

/* ---- reading ---- */

static int by_id(const void *a, const void *b)
{
	const struct event_fd *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

void session_sort_ids(struct damon_session *s)
{
	if (s->has_ids && s->nr_fds) {
		qsort(s->fds, s->nr_fds, sizeof(*s->fds), by_id);
		s->nr_sorted = s->nr_fds;
	}
}

/*
 * Which event a record is of. With several events each has its id at a fixed place: the first word
 * of samples, the last of all others. What samples and traces of an unknown one have is not known:
 * -EBADMSG; all others are of the first event.
 */
static int event_of(const struct damon_session *s, const struct perf_event_header *h)
{
	bool own = h->type == PERF_RECORD_SAMPLE || h->type == PERF_RECORD_AUX;
	struct event_fd key = {0}, *e;

	if (!s->has_ids || h->size < sizeof(*h) + sizeof(key.id))
		return 0;
	memcpy(&key.id,
	       h->type == PERF_RECORD_SAMPLE ? (const uint8_t *)(h + 1)
					     : (const uint8_t *)h + h->size - sizeof(key.id),
	       sizeof(key.id));
	e = bsearch(&key, s->fds, s->nr_sorted, sizeof(key), by_id);
	if (e)
		return (int)e->event;
	return own ? -EBADMSG : 0;
}

int session_parse(const struct damon_session *s, const struct perf_event_header *h,
		  struct damon_perf_record *rec)
{
	int event = event_of(s, h);
	int err = event < 0 ? event : damon_perf_parse(h, &s->events[event].attr, rec);

	if (!err && rec->type == PERF_RECORD_SAMPLE) {
		rec->sample.event = (uint32_t)event - MIN((uint32_t)event, s->first_event);
		rec->sample.rung = s->events[event].rung;
	}
	return err;
}

/* Gets the next record of a ring ready. All before it has been delivered. */
static void load(struct damon_session *s, struct cpu_ring *c)
{
	struct damon_ring *r = c->ring;
	const struct perf_event_header *h;

	if (r->pos - r->freed > r->size / 4) /* room for what comes while we work */
		damon_ring_commit(r, r->pos);
	c->have = false;
	while (c->at = r->pos, h = damon_ring_next(r)) {
		if (h->type == PERF_RECORD_SAMPLE && c->at < c->live_from)
			continue;
		if (!session_parse(s, h, &c->rec)) {
			c->have = true;
			return;
		}
		s->stats.malformed++;
	}
	c->at = r->pos;
}

/* The ring with the earliest record, and the time up to which it stays the earliest. */
static struct cpu_ring *earliest(struct damon_session *s, uint64_t *until)
{
	struct cpu_ring *first = NULL;

	*until = UINT64_MAX;
	for (size_t i = 0; i < s->nr_rings; i++) {
		struct cpu_ring *c = &s->cpus[i];

		if (!c->have)
			continue;
		if (!first || c->rec.time_ns < first->rec.time_ns) {
			if (first)
				*until = MIN(*until, first->rec.time_ns);
			first = c;
		} else {
			*until = MIN(*until, c->rec.time_ns);
		}
	}
	return first;
}

void session_account(struct damon_session_stats *st, const struct damon_perf_record *r)
{
	st->records++;
	if (r->type == PERF_RECORD_LOST || r->type == PERF_RECORD_LOST_SAMPLES)
		st->lost += r->lost;
	else if (r->type == PERF_RECORD_THROTTLE)
		st->throttled++;
	if (r->type == PERF_RECORD_LOST)
		st->no_room += r->lost;
	if (r->type != PERF_RECORD_AUX)
		return;
	st->truncated += !!(r->aux.flags & PERF_AUX_FLAG_TRUNCATED);
	st->collided += !!(r->aux.flags & PERF_AUX_FLAG_COLLISION);
}

void session_free_piece(struct cpu_ring *c, uint64_t end, uint64_t flags)
{
	c->full |= damon_trace_area_free(&c->area, end);
	c->truncated |= flags & PERF_AUX_FLAG_TRUNCATED;
}

/* Is the area full of what nothing will ever announce, as the ring had no room for the records?
 * The kernel writes a record before it moves the area's head. */
static bool is_stuck(struct cpu_ring *c)
{
	if (c->have || !damon_trace_area_is_full(&c->area))
		return false;
	damon_ring_begin(c->ring);
	return c->ring->pos == c->ring->head;
}

/* The children of a thread are reached through its descriptor; which of them it was does not
 * matter, the others stay on. */
static void restart_ring(struct damon_session *s, const struct cpu_ring *c)
{
	for (size_t i = 0; i < s->nr_fds && !s->over; i++)
		if (s->fds[i].event == c->event && s->fds[i].cpu == c->cpu &&
		    session_is_on(s, c->event))
			s->sys->ioctl(s->sys, s->fds[i].fd, PERF_EVENT_IOC_ENABLE, 0);
}

/* Who finds no room at all is disabled without a record: perf_aux_output_begin() in the kernel's
 * kernel/events/ring_buffer.c. */
void session_restart(struct damon_session *s)
{
	for (size_t i = s->nr_cpus; i < s->nr_rings; i++) {
		struct cpu_ring *c = &s->cpus[i];
		bool stuck = is_stuck(c);

		if (stuck) {
			s->stats.malformed++;
			damon_trace_area_skip(&c->area);
		}
		s->stats.stalled += c->full && !c->truncated;
		if (stuck || c->full || c->truncated)
			restart_ring(s, c);
		c->full = c->truncated = false;
	}
}

/*
 * What a PERF_RECORD_AUX announced, in two parts where it wraps around; then it is the kernel's. A
 * piece may be empty and still tell of a loss, which comes after the bytes: with the last part.
 */
static void take_trace(struct damon_session *s, struct cpu_ring *c)
{
	uint64_t at = c->rec.aux.offset, end = at + c->rec.aux.size;
	struct damon_session_trace t = {
		.event = c->event - MIN(c->event, s->first_event),
		.buffer = (uint32_t)(c - s->cpus),
		.cpu = c->cpu,
		.pid = c->rec.aux.pid,
		.tid = c->rec.aux.tid,
		.time_ns = c->rec.time_ns,
	};

	if (!damon_trace_area_has(&c->area, at, c->rec.aux.size)) {
		s->stats.malformed++;
		damon_trace_area_skip(&c->area);
		return;
	}
	do {
		t.offset = at;
		t.bytes = damon_trace_area_at(&c->area, at, end - at, &t.len);
		at += t.len;
		t.flags = at == end ? c->rec.aux.flags : 0;
		if (s->trace)
			s->trace(s->trace_priv, &t);
	} while (at < end);
	session_free_piece(c, end, c->rec.aux.flags);
}

/*
 * First all heads are read, then the rings are merged up to there and nothing is kept for the next
 * call. So records are in order within a call but for two things: a CPU writes its own records very
 * nearly, not strictly, in order of time (an interrupt may come between taking the time and
 * writing); and a record written while the heads are being read (a microsecond) may be delivered
 * one call later than a younger one of another CPU.
 */
int damon_session_read(struct damon_session *s, damon_record_fn fn, void *priv)
{
	uint64_t until;
	struct cpu_ring *c;
	int n = 0, stop = 0;

	for (size_t i = 0; i < s->nr_rings; i++)
		damon_ring_begin(s->cpus[i].ring);
	for (size_t i = 0; i < s->nr_rings; i++)
		load(s, &s->cpus[i]);
	while (!stop && (c = earliest(s, &until))) {
		do {
			session_account(&s->stats, &c->rec);
			n++;
			stop = fn(priv, &c->rec);
			if (c->rec.type == PERF_RECORD_AUX && c->area.bytes)
				take_trace(s, c);
			load(s, c);
		} while (!stop && c->have && c->rec.time_ns <= until);
	}
	for (size_t i = 0; i < s->nr_rings; i++) {
		c = &s->cpus[i];
		c->ring->pos = c->at; /* before the record that waits, if we were stopped */
		damon_ring_commit(c->ring, c->at);
	}
	session_restart(s);
	return stop ? stop : n;
}

size_t damon_session_unseen_cpus(struct damon_session *s)
{
	char now[sizeof(s->online)] = "";
	bool any_gone = session_find_gone(s);
	size_t at = 0, unseen = 0;
	int n;

	read_online(s, now);
	if (!any_gone && *now && !strcmp(now, s->online)) /* nearly always; each may take long */
		return 0;
	n = s->sys->nr_cpus(s->sys);
	for (int cpu = 0; cpu < n; cpu++) {
		while (at < s->nr_cpus && s->cpus[at].cpu < cpu)
			at++;
		if (at == s->nr_cpus || s->cpus[at].cpu != cpu || s->cpus[at].gone)
			unseen += s->sys->cpu_online(s->sys, cpu) > 0;
	}
	return unseen;
}

size_t damon_session_pollfds(const struct damon_session *s, struct pollfd *fds, size_t cap)
{
	for (size_t i = 0; i < MIN(cap, s->nr_rings); i++)
		fds[i] = (struct pollfd){.fd = s->cpus[i].fd, .events = POLLIN};
	return s->nr_rings;
}

void damon_session_stats(const struct damon_session *s, struct damon_session_stats *out)
{
	uint64_t no_room = 0;

	*out = s->stats;
	for (int i = 0; i < s->nr_events && s->last; i++)
		no_room += session_lost(s, (uint32_t)i);
	out->lost += no_room - MIN(no_room, s->stats.no_room);
	for (size_t i = 0; i < s->nr_rings; i++) {
		out->malformed += s->cpus[i].ring->malformed;
		out->bytes += s->cpus[i].ring->freed;
	}
	out->nr_fds = s->nr_fds + s->nr_rings;
	out->nr_rings = s->nr_rings;
	out->ring_bytes = s->ring_bytes;
}

/* The kernel reports POLLHUP of an event once its thread has ended and no child has it any more. */
static size_t poll_some(struct damon_session *s, size_t from, bool over[TRIM_FDS])
{
	struct pollfd p[TRIM_FDS];
	size_t n = MIN(s->nr_fds - from, (size_t)TRIM_FDS);
	int got;

	for (size_t i = 0; i < n; i++)
		p[i] = (struct pollfd){.fd = s->fds[from + i].fd};
	got = s->sys->poll(s->sys, p, n, 0);
	for (size_t i = 0; i < n; i++)
		over[i] = got > 0 && p[i].revents & POLLHUP;
	return n;
}

size_t damon_session_trim(struct damon_session *s)
{
	size_t kept = 0, n, closed;
	bool over[TRIM_FDS];

	if (s->last) /* all is over, and read */
		return 0;
	for (size_t i = 0; i < s->nr_fds; i += n) {
		n = poll_some(s, i, over);
		for (size_t j = i; j < i + n; j++) {
			struct event_fd e = s->fds[j];
			bool was_over = e.over;
			struct session_times v;

			e.over = over[j - i];
			if (!e.over || !was_over) {
				s->fds[kept++] = e; /* the order stays */
				continue;
			}
			if (!session_times_of(s, &e, &v))
				session_add_times(&s->ended[e.event], &v);
			s->sys->close(s->sys, e.fd);
		}
	}
	closed = s->nr_fds - kept;
	s->nr_fds = kept;
	s->nr_sorted = s->nr_sorted ? kept : 0;
	return closed;
}
