/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record over time as a trace of Perfetto, for ui.perfetto.dev and trace_processor: packets of
 * track events, the form that its own tools write (https://perfetto.dev/docs/reference/
 * trace-packet-proto). The older JSON of Chrome has neither units nor tracks of a process within
 * each other. Field numbers are those of protos/perfetto/trace of its sources.
 *
 * Each process is a group of counters: accesses a second and working set, each with its bounds, and
 * the accesses a second of its hottest mappings. A counter has what a snapshot tells from the begin
 * of its interval on. Marks are instants on a track of their own. Times are those of the record,
 * CLOCK_MONOTONIC.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attrib/place.h"
#include "base/util.h"
#include "report/names.h"
#include "report/export/protobuf.h"
#include "report/reports.h"
#include "report/select.h"

#define PROCESSES_MAX 256 /* the hottest */
#define MAPPINGS_MAX  16  /* of each process, the hottest */
#define KNOWN_MAX_    65536

enum { TRACE_PACKET = 1 };
enum packet_field {
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE = 10,
	PACKET_EVENT = 11,
	PACKET_TRACK = 60,
};
enum track_field {
	TRACK_UUID = 1,
	TRACK_NAME = 2,
	TRACK_PROCESS = 3,
	TRACK_PARENT = 5,
	TRACK_COUNTER = 8,
};
enum process_field { PROCESS_PID = 1, PROCESS_NAME = 6 };
enum counter_field { COUNTER_UNIT = 3, COUNTER_UNIT_NAME = 6 };
enum event_field { EVENT_TYPE = 9, EVENT_TRACK = 11, EVENT_NAME = 23, EVENT_DOUBLE = 44 };
enum { EVENT_INSTANT = 3, EVENT_COUNTER = 4 };
enum { UNIT_NONE = 0, UNIT_BYTES = 3 };

/* Tracks of a process, and of its mappings behind them. 'uuid' of the first one is the process's.
 */
enum process_track {
	AT_PROCESS,
	AT_RATE,
	AT_RATE_LO,
	AT_RATE_HI,
	AT_WSS,
	AT_WSS_LO,
	AT_WSS_HI,
	AT_MAPPING,
	NR_TRACKS = AT_MAPPING + MAPPINGS_MAX
};
#define MARKS_UUID 1
#define FIRST_UUID 16

struct process {
	uint32_t target_id;
	bool alive, seen; /* in the snapshot before, in this one */
	size_t nr_mappings;
	double rate[MAPPINGS_MAX]; /* of this snapshot */
};

struct mapping {
	uint32_t process;
	int32_t track; /* among those of its process; -1: none */
	double accesses;
	uint64_t start, from_ns;
	char name[NAME_MAX_LEN];
};

struct perfetto {
	struct report_args *a;
	struct scan scan;
	struct process *processes;
	size_t nr_processes;
	struct mapping *mappings;
	size_t nr_mappings, cap_mappings;
	struct place_table by_target; /* id -> process */
	struct place_table by_start;  /* (process, start, since when) -> mapping */
	struct protobuf packet, event, scratch;
	bool failed;
};

/* ---- packets ---- */

static void write_packet(struct perfetto *p)
{
	struct protobuf head = {0};

	protobuf_u64(&p->packet, PACKET_SEQUENCE, 1);
	protobuf_message(&head, TRACE_PACKET, &p->packet);
	p->failed |= head.failed;
	fwrite(head.data, 1, head.len, p->a->out);
	protobuf_release(&head);
	protobuf_clear(&p->packet);
}

static uint64_t uuid_of(size_t process, size_t track)
{
	return FIRST_UUID + (uint64_t)process * NR_TRACKS + track;
}

static void write_event(struct perfetto *p, uint64_t time_ns)
{
	protobuf_u64(&p->packet, PACKET_TIMESTAMP, time_ns);
	protobuf_message(&p->packet, PACKET_EVENT, &p->event);
	protobuf_clear(&p->event);
	write_packet(p);
}

static void write_value(struct perfetto *p, size_t process, size_t track, uint64_t time_ns,
			double v)
{
	protobuf_u64(&p->event, EVENT_TYPE, EVENT_COUNTER);
	protobuf_u64(&p->event, EVENT_TRACK, uuid_of(process, track));
	protobuf_double(&p->event, EVENT_DOUBLE, v);
	write_event(p, time_ns);
}

static void write_counter(struct perfetto *p, size_t process, size_t track, const char *name,
			  uint64_t unit)
{
	struct protobuf *t = &p->event;

	protobuf_u64(t, TRACK_UUID, uuid_of(process, track));
	protobuf_u64(t, TRACK_PARENT, uuid_of(process, AT_PROCESS));
	protobuf_str(t, TRACK_NAME, name);
	protobuf_u64(&p->scratch, COUNTER_UNIT, unit);
	if (unit == UNIT_NONE)
		protobuf_str(&p->scratch, COUNTER_UNIT_NAME, "/s");
	protobuf_message(t, TRACK_COUNTER, &p->scratch);
	protobuf_clear(&p->scratch);
	protobuf_message(&p->packet, PACKET_TRACK, t);
	protobuf_clear(t);
	write_packet(p);
}

static const struct scan_target *target_of(const struct perfetto *p, size_t process)
{
	for (size_t i = 0; i < p->scan.nr_targets; i++)
		if (p->scan.targets[i].info.id == p->processes[process].target_id)
			return &p->scan.targets[i];
	return NULL;
}

static void write_process(struct perfetto *p, size_t i)
{
	const struct damon_target_info *info = &target_of(p, i)->info;

	protobuf_u64(&p->event, TRACK_UUID, uuid_of(i, AT_PROCESS));
	protobuf_i64(&p->scratch, PROCESS_PID, info->pid);
	protobuf_str(&p->scratch, PROCESS_NAME, info->comm);
	protobuf_message(&p->event, TRACK_PROCESS, &p->scratch);
	protobuf_clear(&p->scratch);
	protobuf_message(&p->packet, PACKET_TRACK, &p->event);
	protobuf_clear(&p->event);
	write_packet(p);
}

/* ---- what is shown ---- */

static int by_share(const void *x, const void *y)
{
	const struct scan_target *const *a = x, *const *b = y;

	if ((*a)->info.share != (*b)->info.share)
		return (*a)->info.share > (*b)->info.share ? -1 : 1;
	return (*a)->info.id < (*b)->info.id ? -1 : 1;
}

static int choose_processes(struct perfetto *p)
{
	const struct scan_target **v = calloc(p->scan.nr_targets + 1, sizeof(*v)), *chosen = NULL;
	size_t n = 0;
	int got = select_target(p->a, &p->scan, &chosen);

	p->processes = calloc(PROCESSES_MAX, sizeof(*p->processes));
	if (!v || !p->processes)
		got = damon_fail(&p->a->fail, ENOMEM, "out of memory");
	for (size_t i = 0; got >= 0 && i < p->scan.nr_targets; i++)
		if (select_shows(p->a, &p->scan.targets[i], chosen))
			v[n++] = &p->scan.targets[i];
	if (n)
		qsort(v, n, sizeof(*v), by_share);
	for (size_t i = 0; i < MIN(n, (size_t)PROCESSES_MAX); i++) {
		struct place key = {{v[i]->info.id}};

		p->processes[p->nr_processes++].target_id = v[i]->info.id;
		p->failed |= place_add(&p->by_target, &key, (uint32_t)i) != 0;
	}
	free(v);
	return MIN(got, 0);
}

/* The mapping that a region lies in; NULL: not known. Remembers it if there is room. */
static struct mapping *mapping_of(struct perfetto *p, const struct damon_snapshot *s, size_t at,
				  uint32_t process, uint64_t addr)
{
	struct damon_mapping_info m = {.size = sizeof(m)};
	struct place key;
	uint32_t id;

	if (!damon_snapshot_mapping(s, at, addr, &m))
		return NULL;
	key = (struct place){{process, m.start, m.from_ns}};
	if (place_find(&p->by_start, &key, &id))
		return &p->mappings[id];
	if (p->nr_mappings >= KNOWN_MAX_ ||
	    vec_reserve(&p->mappings, &p->cap_mappings, p->nr_mappings + 1, sizeof(*p->mappings)) ||
	    place_add(&p->by_start, &key, (uint32_t)p->nr_mappings))
		return NULL;
	p->mappings[p->nr_mappings] = (struct mapping){
		.process = process, .track = -1, .start = m.start, .from_ns = m.from_ns};
	name_short(p->mappings[p->nr_mappings].name, &m);
	return &p->mappings[p->nr_mappings++];
}

static int hotter(const void *x, const void *y)
{
	const struct mapping *const *a = x, *const *b = y;

	if ((*a)->process != (*b)->process)
		return (*a)->process < (*b)->process ? -1 : 1;
	if ((*a)->accesses != (*b)->accesses)
		return (*a)->accesses > (*b)->accesses ? -1 : 1;
	return (*a)->start < (*b)->start ? -1 : (*a)->start > (*b)->start;
}

/* Gives the hottest mappings of each process a track. */
static int choose_mappings(struct perfetto *p)
{
	struct mapping **v = calloc(p->nr_mappings + 1, sizeof(*v));

	if (!v)
		return damon_fail(&p->a->fail, ENOMEM, "out of memory");
	for (size_t i = 0; i < p->nr_mappings; i++)
		v[i] = &p->mappings[i];
	qsort(v, p->nr_mappings, sizeof(*v), hotter);
	for (size_t i = 0; i < p->nr_mappings; i++) {
		struct process *o = &p->processes[v[i]->process];

		if (o->nr_mappings < MAPPINGS_MAX && v[i]->accesses > 0)
			v[i]->track = (int32_t)o->nr_mappings++;
	}
	free(v);
	return 0;
}

static void write_tracks(struct perfetto *p)
{
	bool relative = p->scan.info.scale_lo != p->scan.info.scale_hi;
	char name[NAME_MAX_LEN + 32];

	protobuf_u64(&p->event, TRACK_UUID, MARKS_UUID);
	protobuf_str(&p->event, TRACK_NAME, "marks");
	protobuf_message(&p->packet, PACKET_TRACK, &p->event);
	protobuf_clear(&p->event);
	write_packet(p);
	for (size_t i = 0; i < p->nr_processes; i++) {
		static const char *const bounds[] = {"", " lo", " hi"};

		write_process(p, i);
		for (int k = 0; k < 3; k++) {
			snprintf(name, sizeof(name), "accesses%s%s", bounds[k],
				 relative ? " (relative)" : "");
			write_counter(p, i, (size_t)(AT_RATE + k), name, UNIT_NONE);
			snprintf(name, sizeof(name), "working set of 1 s%s", bounds[k]);
			write_counter(p, i, (size_t)(AT_WSS + k), name, UNIT_BYTES);
		}
	}
	for (size_t i = 0; i < p->nr_mappings; i++) {
		const struct mapping *m = &p->mappings[i];

		if (m->track < 0)
			continue;
		snprintf(name, sizeof(name), "%s %llx", m->name, (unsigned long long)m->start);
		write_counter(p, m->process, AT_MAPPING + (size_t)m->track, name, UNIT_NONE);
	}
}

/* ---- what happened ---- */

static double pages_of(const struct damon_region_info *r)
{
	return (double)(r->end - r->start) / DAMON_PAGE_SIZE;
}

/* Looks at one process in a snapshot: sums it up, adds to its mappings. */
static struct damon_sum sum_regions(struct perfetto *p, const struct scan_cursor *c,
				    uint32_t process, bool first_pass)
{
	struct damon_region_info r = {.size = sizeof(r)};
	struct damon_sum sum = {0};

	for (size_t i = 0; i < c->ti.nr_regions; i++) {
		double accesses;
		struct mapping *m;

		damon_snapshot_region(c->s, c->at, i, &r);
		accesses = r.heat * pages_of(&r);
		damon_sum_add(&sum, accesses, r.nr_ticks, r.heat_hi * pages_of(&r));
		m = accesses > 0 ? mapping_of(p, c->s, c->at, process, r.start) : NULL;
		if (m && first_pass)
			m->accesses += accesses;
		else if (m && m->track >= 0)
			p->processes[process].rate[m->track] += accesses;
	}
	return sum;
}

static void write_process_now(struct perfetto *p, const struct scan_cursor *c, uint32_t i)
{
	struct process *o = &p->processes[i];
	struct damon_sum sum;
	struct damon_wss w;
	double lo, hi;

	memset(o->rate, 0, sizeof(o->rate));
	sum = sum_regions(p, c, i, false);
	damon_sum_bounds(&sum, &lo, &hi);
	write_value(p, i, AT_RATE, c->si.start_ns, sum.value);
	write_value(p, i, AT_RATE_LO, c->si.start_ns, lo);
	write_value(p, i, AT_RATE_HI, c->si.start_ns, hi);
	damon_snapshot_wss(c->s, c->at, DAMON_WSS_1S, &w);
	write_value(p, i, AT_WSS, c->si.start_ns, w.bytes);
	write_value(p, i, AT_WSS_LO, c->si.start_ns, w.lo);
	write_value(p, i, AT_WSS_HI, c->si.start_ns, w.hi);
	for (size_t k = 0; k < o->nr_mappings; k++)
		write_value(p, i, AT_MAPPING + k, c->si.start_ns, o->rate[k]);
	o->seen = true;
}

/* Counters keep their value: those of a process that is gone go to 0. */
static void end_others(struct perfetto *p, uint64_t time_ns)
{
	for (size_t i = 0; i < p->nr_processes; i++) {
		struct process *o = &p->processes[i];

		for (size_t k = AT_RATE; o->alive && !o->seen && k < AT_MAPPING + o->nr_mappings;
		     k++)
			write_value(p, i, k, time_ns, 0);
		o->alive = o->seen;
		o->seen = false;
	}
}

static int go_through(struct perfetto *p, bool first_pass)
{
	struct scan_cursor c;
	uint64_t last_ns = 0;
	int got = scan_rewind(p->a);

	scan_start(&c);
	while (got >= 0 && (got = scan_next(p->a, &c.s)) > 0) {
		damon_snapshot_info(c.s, &c.si);
		if (c.si.end_ns <= p->scan.from_ns || c.si.start_ns >= p->scan.to_ns)
			continue;
		for (c.at = 0; c.at < c.si.nr_targets; c.at++) {
			struct place key;
			uint32_t i;

			damon_snapshot_target(c.s, c.at, &c.ti);
			key = (struct place){{c.ti.id}};
			if (!place_find(&p->by_target, &key, &i))
				continue;
			if (first_pass)
				sum_regions(p, &c, i, true);
			else
				write_process_now(p, &c, i);
		}
		if (!first_pass)
			end_others(p, c.si.start_ns);
		last_ns = c.si.end_ns;
	}
	if (!first_pass)
		end_others(p, last_ns);
	return got;
}

static void write_marks(struct perfetto *p)
{
	uint64_t time_ns;
	const char *name;

	for (size_t i = 0; !damon_record_mark(p->a->rec, i, &time_ns, &name); i++) {
		if (time_ns < p->scan.from_ns || time_ns > p->scan.to_ns)
			continue;
		protobuf_u64(&p->event, EVENT_TYPE, EVENT_INSTANT);
		protobuf_u64(&p->event, EVENT_TRACK, MARKS_UUID);
		protobuf_str(&p->event, EVENT_NAME, name);
		write_event(p, time_ns);
	}
}

static void release(struct perfetto *p)
{
	scan_release(&p->scan);
	place_table_release(&p->by_target);
	place_table_release(&p->by_start);
	protobuf_release(&p->packet);
	protobuf_release(&p->event);
	protobuf_release(&p->scratch);
	free(p->processes);
	free(p->mappings);
}

int export_perfetto(struct report_args *a)
{
	struct perfetto p = {.a = a};
	int err;

	if (isatty(fileno(a->out))) {
		damon_fail(&a->fail, EINVAL, "a trace of Perfetto is not for a terminal");
		damon_fail_remedy(&a->fail, "redirect standard output, or name a file with '-o'");
		return -EINVAL;
	}
	err = scan_record(a, false, &p.scan);
	if (!err)
		err = choose_processes(&p);
	if (!err)
		err = go_through(&p, true);
	if (!err)
		err = choose_mappings(&p);
	if (!err) {
		write_tracks(&p);
		err = go_through(&p, false);
	}
	if (!err)
		write_marks(&p);
	if (!err && (p.failed || p.packet.failed || p.event.failed || p.scratch.failed))
		err = damon_fail(&a->fail, ENOMEM, "out of memory");
	release(&p);
	return err;
}
