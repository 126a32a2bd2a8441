/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the events of a session have counted, and for how long. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "perf/session_priv.h"

#define ENOUGH_NS (100 * NS_PER_MS) /* to tell events that are on from those that are not */

/* All events are asked alike. */
static bool tells_lost(const struct damon_session *s)
{
	return s->events[0].attr.read_format & DAMON_PERF_FORMAT_LOST;
}

int session_times_of(const struct damon_session *s, const struct event_fd *e,
		     struct session_times *out)
{
	size_t want = tells_lost(s) ? sizeof(*out) : offsetof(struct session_times, lost);
	ssize_t n = s->sys->read(s->sys, e->fd, out, want);

	if (!tells_lost(s))
		out->lost = 0;
	if (n == (ssize_t)want)
		return 0;
	return n < 0 ? (int)n : -EIO;
}

void session_add_times(struct session_times *sum, const struct session_times *t)
{
	sum->value += t->value;
	sum->enabled_ns += t->enabled_ns;
	sum->running_ns += t->running_ns;
	sum->lost += t->lost;
}

/* Those of descriptor 'j', as last read if they do not change any more. */
static int times_at(const struct damon_session *s, size_t j, struct session_times *out)
{
	if (!s->last)
		return session_times_of(s, &s->fds[j], out);
	*out = s->last[j];
	return 0;
}

/* To read an event that is disabled interrupts no CPU: it costs less than to disable and to close
 * it. Any event's records may have found no room, those of tasks as well. */
void session_last_times(struct damon_session *s)
{
	if (!tells_lost(s) || s->last || !s->nr_fds)
		return;
	s->last = calloc(s->nr_fds, sizeof(*s->last));
	for (size_t j = 0; j < s->nr_fds && s->last; j++)
		if (session_times_of(s, &s->fds[j], &s->last[j]))
			s->last[j] = (struct session_times){0};
}

uint64_t session_lost(const struct damon_session *s, uint32_t event)
{
	uint64_t lost = s->ended[event].lost;

	for (size_t j = 0; j < s->nr_fds && s->last; j++)
		lost += s->fds[j].event == event ? s->last[j].lost : 0;
	return lost;
}

static int times_of_event(const struct damon_session *s, uint32_t i, struct session_times *sum)
{
	struct session_times t;

	*sum = s->ended[i];
	for (size_t j = 0; j < s->nr_fds; j++) {
		int err = s->fds[j].event == i ? times_at(s, j, &t) : -ENOENT;

		if (!err)
			session_add_times(sum, &t);
		else if (err != -ENOENT)
			return err;
	}
	return 0;
}

int damon_session_count(const struct damon_session *s, int i, uint64_t *value)
{
	struct session_times sum;
	int err = times_of_event(s, (uint32_t)i, &sum);

	if (!err)
		*value = sum.value;
	return err;
}

/* "mem-loads/" of "cpu_core/mem-loads/": the kinds of cores of a hybrid processor have an event
 * each for the same. */
static const char *role_of(const struct damon_event *e)
{
	const char *slash = strchr(e->name, '/');

	return slash ? slash + 1 : e->name;
}

/* Is there an event for this on a CPU? Each thread that was attached to has it then. */
static bool is_on_cpu(const struct damon_session *s, const struct damon_event *e, int cpu)
{
	for (int k = 0; k < s->nr_events; k++)
		if (!strcmp(role_of(&s->events[k]), role_of(e)) && s->events[k].rung == e->rung &&
		    session_on_list(s->events[k].cpus, cpu))
			return true;
	return false;
}

static size_t nr_cpus_of(const struct damon_session *s, const struct damon_event *e)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nr_cpus; i++)
		n += is_on_cpu(s, e, s->cpus[i].cpu);
	return n;
}

/* How much of their time threads ran on the CPUs of an event, as event 0 tells, which is everywhere
 * and needs no counter. */
static double part_on(const struct damon_session *s, const struct damon_event *e)
{
	double all_ns = 0, on_ns = 0;
	struct session_times t;

	for (size_t j = 0; j < s->nr_fds; j++) {
		if (s->fds[j].event || times_at(s, j, &t))
			continue;
		all_ns += (double)t.running_ns;
		on_ns += is_on_cpu(s, e, s->fds[j].cpu) ? (double)t.running_ns : 0;
	}
	return all_ns > 0 ? on_ns / all_ns : 1;
}

/*
 * An event of a thread on one CPU counts as enabled for as long as the thread runs, on whichever
 * CPU: so the time for which one was due is that of all divided by their number, as far as the
 * thread ran where there is one. Those of whole CPUs are enabled each for itself.
 */
static int ran(const struct damon_session *s, const struct damon_event *e, double *share)
{
	double due_ns = 0, running_ns = 0;
	struct session_times t;

	for (int k = 0; k < s->nr_events; k++) {
		int err;

		if (!s->events[k].attr.sample_period || strcmp(role_of(&s->events[k]), role_of(e)))
			continue;
		err = times_of_event(s, (uint32_t)k, &t);
		if (err)
			return err;
		due_ns += (double)t.enabled_ns;
		running_ns += (double)t.running_ns;
	}
	if (!e->whole_cpus && !s->is_all) {
		size_t n = nr_cpus_of(s, e);

		due_ns /= (double)MAX(n, 1u);
		due_ns *= n < s->nr_cpus ? part_on(s, e) : 1;
	}
	if (due_ns > 0)
		*share = MIN(running_ns / due_ns, 1.0);
	return 0;
}

/* Takes samples, has no trace, and is not for what an earlier one is for. */
static bool is_first_of_role(const struct damon_session *s, int i)
{
	const struct damon_event *e = &s->events[i];
	bool first = e->attr.type != PERF_TYPE_SOFTWARE && e->attr.sample_period && !e->aux_bytes;

	for (int k = 0; k < i && first; k++)
		first = !s->events[k].attr.sample_period ||
			strcmp(role_of(&s->events[k]), role_of(e));
	return first;
}

int damon_session_ran(const struct damon_session *s, double *share)
{
	double least = 1;
	bool found = false;

	for (int k = 0; k < s->nr_events; k++) {
		double one = 1;
		int err;

		if (!is_first_of_role(s, k))
			continue;
		found = true;
		err = ran(s, &s->events[k], &one);
		if (err)
			return err;
		least = MIN(least, one);
	}
	if (found)
		*share = least;
	return found ? 0 : -ENOENT;
}

double damon_session_uncovered(const struct damon_session *s)
{
	double least = 1;

	for (int k = 0; k < s->nr_events; k++) {
		const struct damon_event *e = &s->events[k];

		if (e->attr.sample_period && nr_cpus_of(s, e) < s->nr_cpus)
			least = MIN(least, part_on(s, e));
	}
	return 1 - least;
}

/* ---- events that went with their CPU ---- */

/* Where all events are of whole CPUs, the first one tells for all, which is always on. */
static bool goes_with_cpu(const struct damon_session *s, uint32_t event, int cpu)
{
	const struct damon_event *e = &s->events[event];

	return (s->is_all ? !event : e->whole_cpus) && session_on_list(e->cpus, cpu);
}

static bool has_own(const struct damon_session *s, int cpu)
{
	bool has = false;

	for (uint32_t e = 0; e < (uint32_t)s->nr_events && !has; e++)
		has = goes_with_cpu(s, e, cpu);
	return has;
}

static int by_cpu(const void *a, const void *b)
{
	const struct cpu_ring *x = a, *y = b;

	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

static void look_at_own(struct damon_session *s)
{
	struct session_times t;

	for (size_t i = 0; i < s->nr_cpus; i++)
		s->cpus[i].now_ns = 0;
	for (size_t j = 0; j < s->nr_fds; j++) {
		struct cpu_ring key = {.cpu = s->fds[j].cpu}, *c;

		if (!goes_with_cpu(s, s->fds[j].event, key.cpu) || times_at(s, j, &t))
			continue;
		c = bsearch(&key, s->cpus, s->nr_cpus, sizeof(key), by_cpu);
		c->now_ns += t.enabled_ns;
	}
}

/*
 * The kernel removes the events of a CPU that goes offline, for good and without a record
 * (perf_event_exit_cpu() in its kernel/events/core.c). Their time stands still then, while that of
 * the others goes on.
 */
bool session_find_gone(struct damon_session *s)
{
	uint64_t most_ns = 0;
	bool any = false;

	if (!s->is_all && !s->has_whole_cpus)
		return false;
	look_at_own(s);
	for (size_t i = 0; i < s->nr_cpus; i++)
		if (s->cpus[i].now_ns > s->cpus[i].enabled_ns)
			most_ns = MAX(most_ns, s->cpus[i].now_ns - s->cpus[i].enabled_ns);
	for (size_t i = 0; i < s->nr_cpus; i++) {
		struct cpu_ring *c = &s->cpus[i];

		if (most_ns >= ENOUGH_NS) {
			c->gone |= c->now_ns == c->enabled_ns && has_own(s, c->cpu);
			c->enabled_ns = c->now_ns;
		}
		any |= c->gone;
	}
	return any;
}
