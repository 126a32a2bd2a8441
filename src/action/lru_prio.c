/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lru_prio: pages are accessed twice from outside, as the process itself would: the first read of a
 * byte marks a page referenced, the second puts it on the active list. Only pages in memory are
 * read: others would be brought in. Of a huge page the kernel only sets the accessed bit, once for
 * all of it: reclaim finds it there when it comes by, and keeps the page.
 */
#include <errno.h>
#include <string.h>

#include "action/action.h"
#include "base/util.h"

#define BATCH 1024 /* UIO_MAXIOV */

struct prio {
	const struct damon_action_run *run;
	struct iovec *v; /* a byte of each page */
	uint32_t *kb;	 /* bytes that each stands for, in KiB */
	size_t nr;
	uint64_t ok, failed;
};

static int explain(const struct prio *p, int err)
{
	if (err == -ESRCH)
		return damon_fail(p->run->why, ESRCH, "process %d has ended", p->run->pid);
	damon_fail(p->run->why, -err, "memory of process %d cannot be read: %s", p->run->pid,
		   strerror(-err));
	if (err == -EPERM)
		damon_fail_remedy(p->run->why, "run as root");
	return err;
}

/* Reads v[0, nr). Pages that fail are taken out of the list. Returns 0 or -errno. */
static int read_all(struct prio *p)
{
	const struct damon_sys *sys = p->run->sys;
	char *buf = (char *)(p->kb + BATCH);
	size_t at = 0;

	while (at < p->nr) {
		ssize_t got =
			sys->read_ranges(sys, p->run->pid, p->v + at, p->nr - at, buf, p->nr - at);

		if (got > 0) {
			at += MIN((size_t)got, p->nr - at);
			continue;
		}
		if (got < 0 && got != -EFAULT)
			return (int)got;
		/* unmapped meanwhile */
		p->failed += (uint64_t)p->kb[at] << 10;
		p->nr--;
		memmove(p->v + at, p->v + at + 1, (p->nr - at) * sizeof(*p->v));
		memmove(p->kb + at, p->kb + at + 1, (p->nr - at) * sizeof(*p->kb));
		damon_fail(p->run->why, EFAULT, "some memory went away before it was read");
	}
	return 0;
}

static int flush(struct prio *p)
{
	int err = read_all(p);

	if (!err)
		err = read_all(p);
	for (size_t i = 0; i < p->nr && !err; i++)
		p->ok += (uint64_t)p->kb[i] << 10;
	p->nr = 0;
	return err;
}

/* A huge page has one place in the lists: one byte does. */
static uint64_t step_of(const struct damon_page_run *r, uint64_t at)
{
	bool whole = r->flags & DAMON_PAGE_HUGE && at % DAMON_HUGE_SIZE == 0 &&
		     r->end - at >= DAMON_HUGE_SIZE;

	return whole ? DAMON_HUGE_SIZE : DAMON_PAGE_SIZE;
}

static int add_run(struct prio *p, const struct damon_page_run *r)
{
	int err = 0;

	if (!(r->flags & DAMON_PAGE_PRESENT))
		return 0;
	for (uint64_t at = r->start; at < r->end && !err; at += step_of(r, at)) {
		p->v[p->nr] = (struct iovec){(void *)(uintptr_t)at, 1};
		p->kb[p->nr++] = (uint32_t)(step_of(r, at) >> 10);
		if (p->nr == BATCH)
			err = flush(p);
	}
	return err;
}

static int prio_range(struct prio *p, uint64_t at, uint64_t end)
{
	struct damon_page_run runs[128];
	int err = 0;

	while (at < end && !err) {
		ssize_t n = damon_pagemap_runs(p->run->pages, at, end, runs, ARRAY_SIZE(runs), &at);

		if (n < 0)
			return (int)n;
		for (ssize_t i = 0; i < n && !err; i++)
			err = add_run(p, &runs[i]);
	}
	return err;
}

int damon_apply_lru_prio(const struct damon_action_run *run, const struct damon_action_range *r,
			 size_t n, struct damon_action_done *done)
{
	struct prio p = {.run = run, .v = run->scratch};
	uint64_t given = 0;
	int err = 0;

	if (!run->pages)
		return damon_fail(run->why, EACCES,
				  "which pages of process %d are in memory cannot be read",
				  run->pid);
	p.kb = (uint32_t *)(p.v + BATCH);
	for (size_t i = 0; i < n && !err; i++) {
		given += r[i].end - r[i].start;
		err = prio_range(&p, r[i].start, r[i].end);
	}
	if (!err)
		err = flush(&p);
	done->applied += p.ok;
	done->failed += p.failed;
	done->err = p.failed ? EFAULT : done->err;
	done->skipped += err ? 0 : given - MIN(p.ok + p.failed, given);
	done->verified = 1;
	return err ? explain(&p, err) : 0;
}
