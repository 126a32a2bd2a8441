/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/util.h"
#include "lib/schemes/acted.h"
#include "os/proc.h"

#define INIT_PID 1
/* Start times are told in hundredths of a second, and the clock of records is not read in the same
 * moment. */
#define STARTED_SLACK_NS (30 * NS_PER_MS)
/* Between reading the heads of two rings: the exit of one may come later than the end of the
 * interval that the other one tells. */
#define RINGS_SLACK_NS NS_PER_MS
#define REFUSED_NS     (10 * NS_PER_SEC) /* then it is tried again */

int acted_init(struct acted *a, const struct damon_sys *sys, size_t max, bool with_lock)
{
	*a = (struct acted){.sys = sys, .max = max, .with_lock = with_lock};
	a->p = calloc(max, sizeof(*a->p));
	return a->p ? 0 : -ENOMEM;
}

static void close_proc(struct acted *a, struct acted_proc *p)
{
	if (p->fd >= 0)
		a->sys->close(a->sys, p->fd);
	if (p->lock_fd >= 0)
		a->sys->close(a->sys, p->lock_fd);
	p->fd = p->lock_fd = -1;
}

void acted_release(struct acted *a)
{
	for (size_t i = 0; i < a->nr; i++)
		close_proc(a, &a->p[i]);
	free(a->p);
	a->p = NULL;
	a->nr = 0;
}

struct acted_proc *acted_find(struct acted *a, int pid)
{
	for (size_t i = 0; i < a->nr; i++) {
		if (a->p[i].pid == pid && !a->p[i].gone)
			return &a->p[i];
	}
	return NULL;
}

/* Processes that are never acted upon. */
static int protect(const struct damon_sys *sys, int pid, struct damon_fail *why)
{
	if (pid == getpid())
		return damon_fail(why, EINVAL, "damon-perf never acts upon itself");
	if (pid <= INIT_PID)
		return damon_fail(why, EINVAL, "init (process 1) is never acted upon");
	if (damon_proc_is_kernel(sys, pid))
		return damon_fail(why, EINVAL, "process %d is a thread of the kernel", pid);
	return 0;
}

/* Is what has this number now the process that is known? */
static int compare_start(const struct damon_sys *sys, const struct damon_proc *p,
			 struct damon_fail *why)
{
	uint64_t started_ns;
	int err = damon_proc_started(sys, p->pid, &started_ns);

	if (err)
		return damon_fail(why, -err, "cannot tell when process %d started: %s", p->pid,
				  strerror(-err));
	if (started_ns > p->from_ns + STARTED_SLACK_NS)
		return damon_fail(why, ESRCH, "process %d is another one than was monitored",
				  p->pid);
	return 0;
}

static int lock(const struct damon_sys *sys, int pid, int *fd, struct damon_fail *why)
{
	char path[32];
	int err;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	*fd = sys->open(sys, path, O_RDONLY | O_DIRECTORY);
	err = *fd < 0 ? *fd : sys->flock(sys, *fd, LOCK_EX | LOCK_NB);
	if (!err)
		return 0;
	if (*fd >= 0)
		sys->close(sys, *fd);
	*fd = -1;
	if (err == -ENOENT)
		return damon_fail(why, ESRCH, "process %d has gone", pid);
	if (err != -EWOULDBLOCK)
		return damon_fail(why, -err, "cannot lock /proc/%d: %s", pid, strerror(-err));
	damon_fail(why, EBUSY, "another damon-perf acts upon process %d", pid);
	damon_fail_remedy(why, "end that one, or plan only, with --dry-run");
	return -EBUSY;
}

static int open_proc(struct acted *a, const struct damon_proc *p, struct acted_proc *e,
		     struct damon_fail *why)
{
	const struct damon_sys *sys = a->sys;
	int err = protect(sys, p->pid, why);

	if (err)
		return err;
	e->fd = sys->pidfd_open(sys, p->pid);
	if (e->fd < 0) {
		err = e->fd;
		return damon_fail(why, -err, "cannot hold process %d: %s", p->pid, strerror(-err));
	}
	err = compare_start(sys, p, why);
	if (!err && a->with_lock)
		err = lock(sys, p->pid, &e->lock_fd, why);
	if (err)
		close_proc(a, e);
	return err;
}

static void note_home(struct acted_proc *e, const struct damon_proc *p)
{
	e->target_id = p->target ? p->target->id : UINT32_MAX;
	e->space_id = p->space->id;
}

int acted_want(struct acted *a, const struct damon_proc *p, struct damon_fail *why)
{
	struct acted_proc *e = acted_find(a, p->pid);
	struct damon_fail f = {0};

	if (e && e->from_ns == p->from_ns) {
		if (e->err)
			return damon_fail(why, e->err, "%s", e->reason);
		return 0;
	}
	if (a->nr == a->max)
		return damon_fail(why, EMFILE, "%zu process%s acted upon already", a->max,
				  a->max == 1 ? " is" : "es are");
	e = &a->p[a->nr++];
	*e = (struct acted_proc){.pid = p->pid, .fd = -1, .lock_fd = -1, .from_ns = p->from_ns};
	e->err = -open_proc(a, p, e, &f);
	e->opened_ns = a->sys->clock_ns(a->sys);
	note_home(e, p);
	snprintf(e->reason, sizeof(e->reason), "%.127s", f.text);
	if (e->err && why)
		*why = f;
	return -e->err;
}

static bool has_exited(const struct acted *a, const struct acted_proc *e)
{
	struct pollfd fd = {.fd = e->fd, .events = POLLIN};

	return a->sys->poll(a->sys, &fd, 1, 0) == 1 && fd.revents;
}

/* What is known of it at the end of an interval. */
static void look(struct acted *a, struct acted_proc *e, struct damon_targets *ts, uint64_t end_ns)
{
	const struct damon_proc *p = damon_targets_find(ts, e->pid);

	if (!p || p->from_ns != e->from_ns || (!e->err && has_exited(a, e))) {
		e->gone = true;
		return;
	}
	note_home(e, p);
	if (e->err)
		e->gone = end_ns > e->opened_ns + REFUSED_NS;
	else
		e->proven |= end_ns > e->opened_ns + RINGS_SLACK_NS;
}

void acted_prove(struct acted *a, struct damon_targets *ts, uint64_t end_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->nr; i++) {
		struct acted_proc *e = &a->p[i];

		if (!e->gone)
			look(a, e, ts, end_ns);
		if (e->gone && !e->nr_jobs)
			close_proc(a, e);
		else
			a->p[kept++] = *e;
	}
	a->nr = kept;
}

void acted_job_done(struct acted *a, int pid, int fd)
{
	for (size_t i = 0; i < a->nr; i++) {
		struct acted_proc *e = &a->p[i];

		if (e->pid == pid && e->fd == fd && e->nr_jobs)
			e->nr_jobs--;
	}
}
