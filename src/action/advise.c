/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Actions that are an advice to the kernel: process_madvise(2). It takes many ranges at once and
 * stops at the first that it cannot do: a hole (ENOMEM), memory that the advice is not for
 * (EINVAL: locked, of a device). That one is halved until the part at fault is as small as the
 * action goes, and the rest is done.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "action/action.h"
#include "base/util.h"
#include "os/features.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* since Linux 6.1 */
#endif

#define MAX_RETRIES 3  /* of EAGAIN and EINTR, in a row */
#define MAX_HALVES  64 /* calls spent on finding what is at fault, per apply(), in all */

struct advice {
	const struct damon_action_run *run;
	int advice;
	const char *name;
	uint64_t grain;
	int halves;	     /* calls left for halves */
	uint64_t ok, failed; /* bytes; what is neither was a hole */
	int err;	     /* positive, of those that failed */
};

/* Whether an error is of the process, or of all that could follow. */
static bool is_final(int err)
{
	return err == -ESRCH || err == -EPERM || err == -EACCES || err == -ENOSYS || err == -EBADF;
}

static int explain(const struct advice *a, int err)
{
	struct damon_fail *why = a->run->why;

	if (err == -ESRCH)
		return damon_fail(why, ESRCH, "process %d has ended", a->run->pid);
	damon_fail(why, -err, "%s is refused for process %d: %s", a->name, a->run->pid,
		   strerror(-err));
	if (err == -EPERM || err == -EACCES)
		damon_fail_remedy(why, "run as root, or 'setcap cap_sys_nice,cap_perfmon+ep' on "
				       "the program");
	return err;
}

/* One call, again if it was only interrupted. Bytes, or -errno. */
static ssize_t call(const struct advice *a, const struct iovec *v, size_t n)
{
	const struct damon_action_run *run = a->run;
	ssize_t r = -EAGAIN;

	for (int i = 0; i <= MAX_RETRIES && (r == -EAGAIN || r == -EINTR); i++)
		r = run->sys->process_madvise(run->sys, run->pid_fd, v, n, a->advice);
	return r ? r : -EAGAIN; /* nothing done, and no reason */
}

/* A part that cannot be halved any more. A hole has no pages; but to make a huge page memory may
 * be lacking. */
static void give_up(struct advice *a, uint64_t bytes, int err)
{
	if (err == -ENOMEM && a->advice != MADV_COLLAPSE && bytes <= a->grain)
		return;
	a->failed += bytes;
	a->err = -err;
	damon_fail(a->run->why, -err, "the kernel refuses %s of some memory: %s", a->name,
		   strerror(-err));
}

/* A range that failed with 'err': halves of it that work. Returns 0 or a final -errno. */
static int advise_halves(struct advice *a, uint64_t start, uint64_t end, int err)
{
	uint64_t middle = start + (end - start) / 2 / a->grain * a->grain;
	const struct damon_action_range halves[] = {{start, middle}, {middle, end}};

	if (middle == start || a->halves < 2) {
		give_up(a, end - start, err);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(halves); i++) {
		const struct damon_action_range *h = &halves[i];
		struct iovec v = {(void *)(uintptr_t)h->start, h->end - h->start};
		ssize_t done = call(a, &v, 1);

		a->halves--;
		if (done > 0)
			a->ok += (uint64_t)done;
		else if (is_final((int)done))
			return (int)done;
		else if ((err = advise_halves(a, h->start, h->end, (int)done)))
			return err;
	}
	return 0;
}

/* Ranges as the call takes them. */
static size_t fill(struct iovec *v, const struct damon_action_range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = (struct iovec){(void *)(uintptr_t)r[i].start, r[i].end - r[i].start};
	return n;
}

/* Passes over 'bytes' that were done: a call may end within a range. */
static struct iovec *pass_over(struct iovec *v, const struct iovec *end, uint64_t bytes)
{
	while (v < end && bytes >= v->iov_len)
		bytes -= v++->iov_len;
	if (v < end) {
		v->iov_base = (char *)v->iov_base + bytes;
		v->iov_len -= bytes;
	}
	return v;
}

/* Advises all of them. Returns 0 or a final -errno, explained. */
static int advise(struct advice *a, const struct damon_action_range *r, size_t n)
{
	struct iovec *v = a->run->scratch, *end = v + fill(v, r, MIN(n, DAMON_ACTION_RANGES));
	int err = 0;

	a->halves = MAX_HALVES;
	while (v < end && !err) {
		ssize_t done = call(a, v, (size_t)(end - v));
		uint64_t start = (uintptr_t)v->iov_base;

		if (done > 0) {
			a->ok += (uint64_t)done;
			v = pass_over(v, end, (uint64_t)done);
			continue;
		}
		err = is_final((int)done) ? (int)done
					  : advise_halves(a, start, start + v->iov_len, (int)done);
		v++;
	}
	return err ? explain(a, err) : 0;
}

static uint64_t total(const struct damon_action_range *r, size_t n)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += r[i].end - r[i].start;
	return bytes;
}

/* What of the ranges is in memory. False if that cannot be told; '*err' is -ESRCH if the process
 * has gone. */
static bool look(const struct damon_action_run *run, const struct damon_action_range *r, size_t n,
		 struct damon_page_sums *out, int *err)
{
	*err = 0;
	*out = (struct damon_page_sums){0};
	if (!run->pages)
		return false;
	for (size_t i = 0; i < n && !*err; i++)
		*err = damon_pagemap_sum(run->pages, r[i].start, r[i].end, out);
	return !*err;
}

/* ---- willneed, cold: a look now and then ---- */

/* Bytes advised become applied by the share of them that looks have found to change. */
static void believe(const struct advice *a, uint64_t given, struct damon_action_done *done)
{
	const struct damon_action_memo *m = a->run->memo;
	double share = m->given > 0 ? m->changed / m->given : 1;
	uint64_t applied = (uint64_t)((double)a->ok * share) & ~(DAMON_PAGE_SIZE - 1);

	done->applied += applied;
	done->failed += a->failed;
	done->err = a->err;
	done->skipped += given - applied - a->failed;
	done->verified = m->given > 0 ? -1 : 0;
}

static void remember(struct damon_action_memo *m, uint64_t given, uint64_t changed)
{
	m->given = m->given * .75 + (double)given;
	m->changed = m->changed * .75 + (double)changed;
}

/* 'of_present': the advice is for what is in memory, else for what is not. */
static int apply_quick(struct advice *a, bool of_present, const struct damon_action_range *r,
		       size_t n, struct damon_action_done *done)
{
	const struct damon_action_run *run = a->run;
	bool looks = run->memo->calls++ % DAMON_ACTION_LOOK == 0;
	struct damon_page_sums before;
	uint64_t given = total(r, n), fits;
	int err = 0;

	looks = looks && look(run, r, n, &before, &err);
	if (err == -ESRCH)
		return explain(a, err);
	err = advise(a, r, n);
	if (err)
		given = a->ok + a->failed; /* what followed was not tried */
	if (!looks || err) {
		believe(a, given, done);
		return err;
	}
	fits = of_present ? before.present : given - MIN(given, before.present);
	remember(run->memo, given, MIN(fits, a->ok));
	done->applied += MIN(fits, a->ok);
	done->failed += a->failed;
	done->err = a->err;
	done->skipped += given - MIN(fits, a->ok) - a->failed;
	done->verified = -1;
	return 0;
}

int damon_apply_cold(const struct damon_action_run *run, const struct damon_action_range *r,
		     size_t n, struct damon_action_done *done)
{
	struct advice a = {run, MADV_COLD, "cold", DAMON_PAGE_SIZE};

	return apply_quick(&a, true, r, n, done);
}

int damon_apply_willneed(const struct damon_action_run *run, const struct damon_action_range *r,
			 size_t n, struct damon_action_done *done)
{
	struct advice a = {run, MADV_WILLNEED, "willneed", DAMON_PAGE_SIZE};

	return apply_quick(&a, false, r, n, done);
}

/* ---- pageout, collapse: a look before and after ---- */

static void settle(const struct advice *a, struct damon_action_done *done, uint64_t given,
		   uint64_t could, uint64_t did)
{
	did = MIN(did, could); /* the process goes on meanwhile */
	done->applied += did;
	done->failed += could - did;
	if (did < could)
		done->err = a->err ? a->err : EBUSY;
	done->skipped += given - could;
	done->verified = 1;
}

/* Nothing could be looked at: as the kernel says. */
static int settle_blind(const struct advice *a, uint64_t given, int err,
			struct damon_action_done *done)
{
	done->applied += a->ok;
	done->failed += a->failed;
	done->err = a->err;
	done->skipped += err ? 0 : given - a->ok - a->failed;
	done->verified = 0;
	return err;
}

/* Without room in swap the kernel reports success all the same. */
static int why_kept(const struct advice *a, uint64_t kept, uint64_t did)
{
	const struct damon_action_run *run = a->run;
	int err = did ? 0 : damon_need_swap(run->sys, run->why);

	if (!err && kept && !a->failed)
		damon_fail(run->why, EBUSY,
			   "the kernel kept some pages in memory: shared with other processes, "
			   "pinned, or in use again");
	return err;
}

int damon_apply_pageout(const struct damon_action_run *run, const struct damon_action_range *r,
			size_t n, struct damon_action_done *done)
{
	struct advice a = {run, MADV_PAGEOUT, "pageout", DAMON_PAGE_SIZE};
	uint64_t given = total(r, n), did;
	struct damon_page_sums before, after;
	bool looks;
	int err;

	looks = look(run, r, n, &before, &err);
	if (err == -ESRCH)
		return explain(&a, err);
	if (looks && !before.present) {
		settle(&a, done, given, 0, 0);
		return 0;
	}
	err = advise(&a, r, n);
	if (err || !looks || !look(run, r, n, &after, &err))
		return settle_blind(&a, given, err, done);
	did = before.present - MIN(after.present, before.present);
	settle(&a, done, given, before.present, did);
	return did < before.present ? why_kept(&a, before.present - did, did) : 0;
}

/* Whole huge pages within the ranges; what is left over is passed over. */
static size_t whole_units(struct damon_action_range *out, const struct damon_action_range *r,
			  size_t n)
{
	size_t nr = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t start = (r[i].start + DAMON_HUGE_SIZE - 1) & ~(DAMON_HUGE_SIZE - 1);
		uint64_t end = r[i].end & ~(DAMON_HUGE_SIZE - 1);

		if (start < end)
			out[nr++] = (struct damon_action_range){start, end};
	}
	return nr;
}

/* The call itself is truthful: each unit is huge in the end, or it failed. Units without a page
 * would fail: they are passed over. */
int damon_apply_collapse(const struct damon_action_run *run, const struct damon_action_range *r,
			 size_t n, struct damon_action_done *done)
{
	struct advice a = {run, MADV_COLLAPSE, "collapse", DAMON_HUGE_SIZE};
	/* behind the lists of the call */
	struct damon_action_range *units =
		(void *)((char *)run->scratch + DAMON_ACTION_RANGES * sizeof(struct iovec));
	uint64_t given = total(r, n), whole;
	struct damon_page_sums before, after;
	bool looks;
	int err;

	n = whole_units(units, r, n);
	whole = total(units, n);
	done->skipped += given - whole;
	looks = look(run, units, n, &before, &err);
	if (err == -ESRCH)
		return explain(&a, err);
	if (looks && !(before.present + before.swapped)) {
		settle(&a, done, whole, 0, 0);
		return 0;
	}
	err = advise(&a, units, n);
	if (err || !looks || !look(run, units, n, &after, &err) || !run->pages->knows_huge)
		return settle_blind(&a, whole, err, done);
	settle(&a, done, whole, whole - MIN(before.huge, whole),
	       after.huge - MIN(before.huge, after.huge));
	return 0;
}
