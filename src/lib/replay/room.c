/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/replay/room.h"

enum { MAX_PROCS = 1 << 14, MAX_MAPPINGS = 1 << 18, MAPPINGS_PER_COUNT = 1 << 12 };

/* Mappings of all spaces; one that processes share counts once. */
static size_t count_mappings(struct damon_targets *ts)
{
	const struct damon_proc *p;
	size_t pos = 0, nr = 0;

	while ((p = damon_targets_next_proc(ts, &pos)))
		nr += (p->space->nr_live + p->space->nr_dead) / p->space->refs;
	return nr;
}

static bool has_mapping(struct room *r, struct damon_targets *ts, struct damon_proc *p)
{
	if (++r->uncounted == MAPPINGS_PER_COUNT) {
		r->nr_mappings = count_mappings(ts);
		r->uncounted = 0;
	}
	if (r->nr_mappings + r->uncounted < MAX_MAPPINGS)
		return true;
	if (p)
		p->space->nr_forgotten++;
	return false;
}

/* The process that a record may make known; 0: none. */
static int told_pid(const struct damon_perf_record *rec)
{
	switch (rec->type) {
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		return rec->mmap.pid;
	case PERF_RECORD_COMM:
		return rec->comm.pid;
	case PERF_RECORD_FORK:
		return rec->task.pid;
	default:
		return 0;
	}
}

bool room_for_process(const struct damon_targets *ts)
{
	return damon_targets_nr_procs(ts) < MAX_PROCS;
}

bool room_for_record(struct room *r, struct damon_targets *ts, const struct damon_perf_record *rec)
{
	int pid = told_pid(rec);
	struct damon_proc *p;

	if (pid <= 0)
		return true;
	p = damon_targets_find(ts, pid);
	if (!p && !room_for_process(ts))
		return false;
	return (rec->type != PERF_RECORD_MMAP && rec->type != PERF_RECORD_MMAP2) ||
	       has_mapping(r, ts, p);
}
