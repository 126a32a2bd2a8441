/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * migrate_hot, migrate_cold: pages in memory are moved to other NUMA nodes by move_pages(2), which
 * tells of each page where it is then.
 *
 * Pages that are there already cannot be told from those that moved by that answer. To ask for each
 * beforehand would take a fifth of the time of moving, so some are asked for; if one of them is at
 * its node already, all are.
 *
 * A page that cannot be moved ends the call early, with those behind it neither tried nor told of:
 * where all are is asked then, and those that are not there are tried again some times.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "action/action.h"
#include "base/util.h"
#include "os/memstat.h"

#define BATCH	   2048
#define MAX_ROUNDS 4
#define ASKED	   128	   /* so many pages at most are asked for first */
#define NOT_TOLD   (-4095) /* no errno of any page */

struct batch {
	const struct damon_action_run *run;
	void *page[BATCH];
	int node[BATCH], status[BATCH];
	uint32_t kb[BATCH]; /* that the page is of */
	size_t nr;
	uint64_t ok, skipped, failed; /* bytes */
	int err;		      /* positive, of those that failed */
};
_Static_assert(sizeof(struct batch) <= DAMON_ACTION_SCRATCH, "a batch fits");

/* ---- destinations ---- */

static int node_of(const struct damos *s, uint64_t addr, uint64_t step)
{
	uint64_t all = 0, at;

	for (size_t i = 0; i < s->nr_dests; i++)
		all += s->dests[i].weight;
	if (!all)
		return s->target_nid;
	at = addr / step % all; /* by address, so that the next time it is the same */
	for (size_t i = 0; i < s->nr_dests; i++) {
		if (at < s->dests[i].weight)
			return s->dests[i].nid;
		at -= s->dests[i].weight;
	}
	return s->target_nid;
}

static int check_node(const struct damon_sys *sys, int nid, struct damon_fail *why)
{
	double used_bp, free_bp;

	if (nid < 0)
		return damon_fail(why, EINVAL, "a migration needs a node to move memory to");
	if (damon_memstat_node_bp(sys, nid, &used_bp, &free_bp) == -ENODEV)
		return damon_fail(why, ENODEV, "there is no NUMA node %d with memory", nid);
	return 0;
}

int damon_check_migrate(const struct damon_sys *sys, const struct damos *s, struct damon_fail *why)
{
	int err = s->nr_dests ? 0 : check_node(sys, s->target_nid, why);

	for (size_t i = 0; i < s->nr_dests && !err; i++)
		err = check_node(sys, s->dests[i].nid, why);
	return err;
}

/* ---- batches ---- */

static int explain(const struct batch *b, int err)
{
	struct damon_fail *why = b->run->why;
	int nid = b->nr ? b->node[0] : b->run->scheme->target_nid;

	switch (err) {
	case -ESRCH:
		return damon_fail(why, ESRCH, "process %d has ended", b->run->pid);
	case -ENODEV:
		return damon_fail(why, ENODEV, "there is no NUMA node %d", nid);
	case -ENOMEM:
		return damon_fail(why, ENOMEM, "NUMA node %d has no room", nid);
	case -EACCES:
		return damon_fail(why, EACCES, "process %d may not use NUMA node %d", b->run->pid,
				  nid);
	}
	damon_fail(why, -err, "pages of process %d cannot be moved: %s", b->run->pid,
		   strerror(-err));
	if (err == -EPERM)
		damon_fail_remedy(why, "run as root, or 'setcap cap_sys_nice,cap_perfmon+ep' on "
				       "the program");
	return err;
}

static void swap_entries(struct batch *b, size_t i, size_t k)
{
	void *page = b->page[i];
	int node = b->node[i], status = b->status[i];
	uint32_t kb = b->kb[i];

	b->page[i] = b->page[k];
	b->node[i] = b->node[k];
	b->status[i] = b->status[k];
	b->kb[i] = b->kb[k];
	b->page[k] = page;
	b->node[k] = node;
	b->status[k] = status;
	b->kb[k] = kb;
}

/* Of 'step' pages one is asked for, and of the next ones another: weights give nodes in turn. */
static size_t asked_at(size_t i, size_t step)
{
	return i * step + i * 17 % step;
}

/* Some pages' nodes: is any there already? 1, 0, or -errno. */
static int any_there(struct batch *b)
{
	const struct damon_sys *sys = b->run->sys;
	size_t step = MAX(1, b->nr / ASKED), nr = b->nr / step;
	void *page[2 * ASKED] = {NULL};
	int status[2 * ASKED];
	long r;

	for (size_t i = 0; i < nr; i++)
		page[i] = b->page[asked_at(i, step)];
	r = sys->move_pages(sys, b->run->pid, nr, page, NULL, status);
	if (r < 0)
		return (int)r;
	for (size_t i = 0; i < nr; i++) {
		if (status[i] == b->node[asked_at(i, step)])
			return 1;
	}
	return 0;
}

/* Where all are; those that are at their node, or nowhere, leave the batch as 'there' or skipped.
 */
static int ask_all(struct batch *b, uint64_t *there)
{
	const struct damon_sys *sys = b->run->sys;
	long r = sys->move_pages(sys, b->run->pid, b->nr, b->page, NULL, b->status);
	size_t nr = 0;

	if (r < 0)
		return (int)r;
	for (size_t i = 0; i < b->nr; i++) {
		uint64_t bytes = (uint64_t)b->kb[i] << 10;

		if (b->status[i] == b->node[i])
			*there += bytes;
		else if (b->status[i] == -ENOENT || b->status[i] == -EFAULT)
			b->skipped += bytes;
		else
			swap_entries(b, nr++, i);
	}
	b->nr = nr;
	return 0;
}

/* What the call told of each page; those that it told nothing of stay. */
static void take_status(struct batch *b)
{
	size_t nr = 0;

	for (size_t i = 0; i < b->nr; i++) {
		uint64_t bytes = (uint64_t)b->kb[i] << 10;
		int status = b->status[i];

		if (status == NOT_TOLD) {
			swap_entries(b, nr++, i);
		} else if (status == b->node[i]) {
			b->ok += bytes;
		} else if (status == -ENOENT || status == -EFAULT) { /* gone, or all zeroes */
			b->skipped += bytes;
		} else {
			b->failed += bytes;
			b->err = status < 0 ? -status : EBUSY;
			damon_fail(b->run->why, b->err, "some pages cannot be moved: %s",
				   b->err == EACCES ? "several processes map them"
						    : strerror(b->err));
		}
	}
	b->nr = nr;
}

/* Moves what is left of the batch. Returns 0, or what the call failed with. */
static int move_once(struct batch *b)
{
	const struct damon_sys *sys = b->run->sys;
	long r;

	for (size_t i = 0; i < b->nr; i++)
		b->status[i] = NOT_TOLD;
	r = sys->move_pages(sys, b->run->pid, b->nr, b->page, b->node, b->status);
	take_status(b);
	return (int)MIN(r, 0);
}

static int flush(struct batch *b)
{
	int there = b->nr ? any_there(b) : 0, err = MIN(there, 0);

	if (there > 0)
		err = ask_all(b, &b->skipped);
	for (int i = 0; i < MAX_ROUNDS && b->nr && !err; i++) {
		int asked;

		err = move_once(b);
		asked = b->nr && err != -ESRCH ? ask_all(b, &b->ok) : 0;
		err = err == -EAGAIN || err == -EINTR ? asked : err ? err : asked;
	}
	if (err)
		return explain(b, err);
	for (size_t i = 0; i < b->nr; i++) {
		b->failed += (uint64_t)b->kb[i] << 10;
		b->err = EBUSY;
		damon_fail(b->run->why, EBUSY, "some pages cannot be moved: they are in use");
	}
	b->nr = 0;
	return 0;
}

static int add_run(struct batch *b, const struct damon_page_run *r)
{
	uint64_t step;
	int err = 0;

	if (!(r->flags & DAMON_PAGE_PRESENT) || r->flags & DAMON_PAGE_ZERO)
		return 0;
	for (uint64_t at = r->start; at < r->end && !err; at += step) {
		bool whole = r->flags & DAMON_PAGE_HUGE && at % DAMON_HUGE_SIZE == 0 &&
			     r->end - at >= DAMON_HUGE_SIZE;

		step = whole ? DAMON_HUGE_SIZE : DAMON_PAGE_SIZE;
		b->page[b->nr] = (void *)(uintptr_t)at;
		b->node[b->nr] = node_of(b->run->scheme, at, step);
		b->kb[b->nr++] = (uint32_t)(step >> 10);
		if (b->nr == BATCH)
			err = flush(b);
	}
	return err;
}

static int move_range(struct batch *b, uint64_t at, uint64_t end)
{
	struct damon_page_run runs[128];
	int err = 0;

	while (at < end && !err) {
		ssize_t n = damon_pagemap_runs(b->run->pages, at, end, runs, ARRAY_SIZE(runs), &at);

		if (n < 0)
			return explain(b, (int)n);
		for (ssize_t i = 0; i < n && !err; i++)
			err = add_run(b, &runs[i]);
	}
	return err;
}

int damon_apply_migrate(const struct damon_action_run *run, const struct damon_action_range *r,
			size_t n, struct damon_action_done *done)
{
	struct batch *b = run->scratch;
	uint64_t given = 0;
	int err = 0;

	if (!run->pages)
		return damon_fail(run->why, EACCES,
				  "which pages of process %d are in memory cannot be read",
				  run->pid);
	b->run = run;
	b->nr = 0;
	b->ok = b->skipped = b->failed = 0;
	b->err = 0;
	for (size_t i = 0; i < n && !err; i++) {
		given += r[i].end - r[i].start;
		err = move_range(b, r[i].start, r[i].end);
	}
	if (!err)
		err = flush(b);
	done->applied += b->ok;
	done->failed += b->failed;
	done->err = b->err ? b->err : done->err;
	done->skipped += err ? b->skipped : given - MIN(b->ok + b->failed, given);
	done->verified = 1;
	return err;
}
