/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening the events of processes: all threads, all CPUs, groups. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/util.h"
#include "os/proc.h"
#include "perf/explain.h"
#include "perf/session_priv.h"

#define MAX_PASSES 100 /* over the threads of a process that makes threads */

/* Takes "4" or "4-7", and the comma behind it, off the front of a list. */
static bool take_range(const char **list, long *from, long *to)
{
	const char *p = *list;
	char *end;

	if (!isdigit((unsigned char)*p))
		return false;
	*from = *to = strtol(p, &end, 10);
	if (*end == '-' && isdigit((unsigned char)end[1]))
		*to = strtol(end + 1, &end, 10);
	if (*to < *from || (*end && *end != ',') || (*end == ',' && !end[1]))
		return false;
	*list = end + (*end == ',');
	return true;
}

bool session_is_list(const char *list)
{
	long from, to;

	while (*list && take_range(&list, &from, &to))
		;
	return !*list;
}

bool session_on_list(const char *list, int cpu)
{
	bool found = !*list;
	long from, to;

	while (!found && *list && take_range(&list, &from, &to))
		found = cpu >= from && cpu <= to;
	return found;
}

/* The ring that event 'e' writes to on the CPU of ring 'i'. */
static struct cpu_ring *ring_of(struct damon_session *s, uint32_t e, size_t i)
{
	for (size_t r = s->nr_cpus; r < s->nr_rings && s->events[e].aux_bytes; r++)
		if (s->cpus[r].event == e && s->cpus[r].cpu == s->cpus[i].cpu)
			return &s->cpus[r];
	return &s->cpus[i];
}

/* Opens one event on the CPU of ring 'i'. */
static int open_event(struct damon_session *s, struct perf_event_attr *a, uint32_t event, int tid,
		      size_t i, int group)
{
	struct event_fd e = {.cpu = s->cpus[i].cpu, .event = event, .on_exec = a->enable_on_exec};
	const struct damon_sys *sys = s->sys;
	int err = vec_reserve(&s->fds, &s->cap_fds, s->nr_fds + 1, sizeof(*s->fds));

	if (err)
		return err;
	e.fd = sys->perf_event_open(sys, a, tid, s->cpus[i].cpu, group, PERF_FLAG_FD_CLOEXEC);
	if (e.fd < 0)
		return e.fd;
	err = sys->ioctl(sys, e.fd, PERF_EVENT_IOC_SET_OUTPUT,
			 (unsigned long)ring_of(s, event, i)->fd);
	if (!err && s->has_ids)
		err = sys->ioctl(sys, e.fd, PERF_EVENT_IOC_ID, (unsigned long)&e.id);
	s->fds[s->nr_fds++] = e;
	if (err)
		session_close_events(s, s->nr_fds - 1);
	return err;
}

/* The descriptor of event 'e''s leader among those opened since 'first'; -1: it leads itself. */
static int leader_of(const struct damon_session *s, uint32_t e, size_t first)
{
	for (size_t i = first; i < s->nr_fds && s->events[e].leader; i++)
		if ((int)s->fds[i].event + 1 == s->events[e].leader)
			return s->fds[i].fd;
	return -1;
}

/* All events of one thread on the CPU of ring 'i'. Those of a group follow their leader. */
static int open_on_cpu(struct damon_session *s, int tid, size_t i, bool on_exec)
{
	size_t first = s->nr_fds;
	int err = 0;

	for (uint32_t e = 0; e < (uint32_t)s->nr_events && !err; e++) {
		struct perf_event_attr a = s->events[e].attr;
		int group = leader_of(s, e, first);

		if (s->events[e].whole_cpus || !session_on_list(s->events[e].cpus, s->cpus[i].cpu))
			continue;
		a.enable_on_exec = group < 0 && on_exec && session_is_on(s, e);
		a.disabled = group < 0 && (on_exec || e > 0);
		err = open_event(s, &a, e, tid, i, group);
	}
	return err;
}

/* 'err', if it is not that the CPU of ring 'i' went offline since we looked. */
static int unless_offline(const struct damon_session *s, size_t i, int err)
{
	return err == -ENODEV && !s->sys->cpu_online(s->sys, s->cpus[i].cpu) ? 0 : err;
}

/* All events of one thread on all CPUs. The first event tells of forks from now on. */
static int open_thread(struct damon_session *s, int tid, bool on_exec)
{
	for (size_t i = 0; i < s->nr_cpus; i++) {
		int err = unless_offline(s, i, open_on_cpu(s, tid, i, on_exec));

		if (err)
			return err;
	}
	return 0;
}

/* The events that cannot follow tasks, once for all; on at once if nothing enables them later. */
static int open_whole_cpus(struct damon_session *s, bool on, struct damon_fail *f)
{
	int err = 0;

	if (s->has_whole_cpus)
		return 0;
	for (uint32_t e = 0; e < (uint32_t)s->nr_events && !err; e++) {
		struct perf_event_attr a = s->events[e].attr;

		if (!s->events[e].whole_cpus)
			continue;
		a.inherit = 0;
		a.disabled = !on || !session_is_on(s, e);
		for (size_t i = 0; i < s->nr_cpus && !err; i++)
			if (session_on_list(s->events[e].cpus, s->cpus[i].cpu))
				err = unless_offline(s, i, open_event(s, &a, e, -1, i, -1));
		if (err)
			return damon_perf_explain_open(s->sys, &a, -1, s->nr_fds, -err, f);
	}
	s->has_whole_cpus = true;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* A set of thread ids: an array, sorted before it is searched. */
struct tids {
	int *v;
	size_t nr, cap;
};

static void tids_release(struct tids *t)
{
	free(t->v);
}

static int tids_add(struct tids *t, int tid)
{
	int err = vec_reserve(&t->v, &t->cap, t->nr + 1, sizeof(*t->v));

	if (!err)
		t->v[t->nr++] = tid;
	return err;
}

static void tids_sort(struct tids *t)
{
	if (t->nr)
		qsort(t->v, t->nr, sizeof(*t->v), by_number);
}

static bool tids_have(const struct tids *t, int tid)
{
	return t->nr && bsearch(&tid, t->v, t->nr, sizeof(*t->v), by_number);
}

/* Threads that have inherited our events: made by a thread that already had them, as the FORK
 * records say that wait in the rings. To open these again would count them twice. */
static int find_inherited(struct damon_session *s, struct tids *out)
{
	for (size_t i = 0; i < s->nr_cpus; i++) {
		struct damon_ring *r = s->cpus[i].ring;
		uint64_t pos = r->pos, malformed = r->malformed;
		const struct perf_event_header *h;
		struct damon_perf_record rec;
		int err = 0;

		damon_ring_begin(r);
		while (!err && (h = damon_ring_next(r)))
			if (h->type == PERF_RECORD_FORK && !session_parse(s, h, &rec))
				err = tids_add(out, rec.task.tid);
		r->pos = pos;
		r->malformed = malformed;
		if (err)
			return err;
	}
	tids_sort(out);
	return 0;
}

/* The threads that exist and are not in 'seen', which gets them too. Returns their number, or
 * -errno. */
static int new_threads(struct damon_session *s, int pid, struct tids *seen, struct tids *fresh)
{
	_cleanup_(freep) int *list = NULL;
	int err = 0, n = damon_proc_tids(s->sys, pid, &list);

	for (int i = 0; i < n && !err; i++)
		if (!tids_have(seen, list[i]))
			err = tids_add(fresh, list[i]);
	for (size_t i = 0; i < fresh->nr && !err; i++)
		err = tids_add(seen, fresh->v[i]);
	tids_sort(seen);
	if (n == -ESRCH && seen->nr) /* ended while we looked */
		return 0;
	return n < 0 ? n : err ? err : (int)fresh->nr;
}

void damon_session_stop_if(struct damon_session *s, int (*asked)(void *priv), void *priv)
{
	s->stop = asked;
	s->stop_priv = priv;
}

/* Opens the threads that exist and are not in 'seen' yet. Returns how many were new, or -errno. */
static int attach_pass(struct damon_session *s, int pid, struct tids *seen, struct damon_fail *f)
{
	_cleanup_(tids_release) struct tids inherited = {0}, fresh = {0};
	int err, n = new_threads(s, pid, seen, &fresh);

	if (n < 0)
		return n == -ESRCH ? damon_fail(f, ESRCH, "no process %d", pid)
				   : damon_fail(f, -n, "cannot list the threads of process %d: %s",
						pid, strerror(-n));
	err = damon_proc_need_fds(fresh.nr * s->nr_cpus * (size_t)s->nr_events, f);
	if (err)
		return err;
	err = find_inherited(s, &inherited);
	for (size_t i = 0; i < fresh.nr && !err; i++) {
		if (s->stop && s->stop(s->stop_priv))
			return damon_fail(f, EINTR, "interrupted while attaching to process %d",
					  pid);
		if (!tids_have(&inherited, fresh.v[i]))
			err = open_thread(s, fresh.v[i], false);
		if (err == -ESRCH) /* this thread ended; the others go on */
			err = 0;
	}
	if (err)
		return damon_perf_explain_open(s->sys, &s->events[0].attr, pid, s->nr_fds, -err, f);
	return n;
}

int damon_session_attach(struct damon_session *s, int pid, struct damon_fail *f)
{
	_cleanup_(tids_release) struct tids seen = {0};
	size_t before = s->nr_fds;
	int n = 1;

	if (!s->enabled)
		for (size_t i = 0; i < s->nr_rings; i++)
			s->cpus[i].live_from = UINT64_MAX;
	for (int pass = 0; pass < MAX_PASSES && n > 0; pass++)
		n = attach_pass(s, pid, &seen, f);
	if (n >= 0 && s->nr_fds == before)
		n = damon_fail(f, ESRCH, "process %d ended", pid);
	if (n >= 0)
		n = open_whole_cpus(s, false, f);
	if (n >= 0 && s->enabled) {
		n = session_enable_from(s, before);
		if (n < 0)
			damon_fail(f, -n, "cannot start to sample process %d: %s", pid,
				   strerror(-n));
	}
	if (n < 0)
		session_close_events(s, before);
	else
		session_sort_ids(s);
	return MIN(n, 0);
}

/* All events of the CPU of ring 'i', of whatever runs there. The first event tells of tasks from
 * now on. */
static int open_all_on_cpu(struct damon_session *s, size_t i)
{
	size_t first = s->nr_fds;
	int err = 0;

	for (uint32_t e = 0; e < (uint32_t)s->nr_events && !err; e++) {
		struct perf_event_attr a = s->events[e].attr;
		int group = leader_of(s, e, first);

		if (!session_on_list(s->events[e].cpus, s->cpus[i].cpu))
			continue;
		a.inherit = 0;
		a.disabled = group < 0 && e > 0;
		err = open_event(s, &a, e, -1, i, group);
	}
	return err;
}

int damon_session_attach_all(struct damon_session *s, struct damon_fail *f)
{
	size_t before = s->nr_fds;
	int err = damon_proc_need_fds(s->nr_cpus * (size_t)s->nr_events, f);

	for (int e = 0; e < s->nr_events; e++)
		if (s->events[e].aux_bytes) {
			damon_fail(
				f, ENOTSUP,
				"all processes cannot be traced at once: the trace of a CPU does "
				"not tell them apart");
			damon_fail_remedy(f, "name processes or a cgroup, or take '--source soft'");
			return -ENOTSUP;
		}
	s->is_all = true;
	for (size_t i = 0; i < s->nr_cpus && !err; i++) {
		s->cpus[i].live_from = UINT64_MAX;
		err = unless_offline(s, i, open_all_on_cpu(s, i));
		if (err)
			damon_perf_explain_open(s->sys, &s->events[0].attr, -1, s->nr_fds, -err, f);
	}
	if (err)
		session_close_events(s, before);
	else
		session_sort_ids(s);
	return err;
}

int damon_session_attach_on_exec(struct damon_session *s, int pid, struct damon_fail *f)
{
	size_t before = s->nr_fds;
	int err = damon_proc_need_fds(s->nr_cpus * (size_t)s->nr_events, f);

	if (err)
		return err;
	err = open_thread(s, pid, true);
	if (err)
		damon_perf_explain_open(s->sys, &s->events[0].attr, pid, s->nr_fds, -err, f);
	else
		err = open_whole_cpus(s, true, f);
	if (err) {
		session_close_events(s, before);
		return err;
	}
	session_sort_ids(s);
	return 0;
}
