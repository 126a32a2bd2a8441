/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "action/refault.h"
#include "base/rng.h"
#include "base/util.h"

#define MAX_PROCS   64			 /* with pages that wait */
#define LEAST_BYTES ((uint64_t)64 << 10) /* that a noted page stands for */
#define TRIES	    4			 /* to find a page in memory */

/* An address space; not in use: nothing waits. */
struct proc {
	int pid;
	size_t waiting;
	struct damon_pagemap pages;
};

struct noted {
	uint64_t due_ns, addr;
	double bytes;
	size_t scheme;
	uint32_t proc;
	bool back; /* seen in memory while it waits */
};

struct damon_refault {
	const struct damon_sys *sys;
	struct rng rng;
	uint64_t owed;	    /* bytes paged out since the last page was noted */
	double tokens;	    /* pages that may be noted now */
	uint64_t earned_ns; /* until when they are counted */
	struct proc procs[MAX_PROCS];
	struct noted *ring; /* in order of time: at, at + 1, ... */
	size_t cap, at, nr;
};

struct damon_refault *damon_refault_new(const struct damon_sys *sys, size_t cap)
{
	struct damon_refault *f = calloc(1, sizeof(*f));

	if (f)
		f->ring = calloc(cap, sizeof(*f->ring));
	if (!f || !f->ring) {
		free(f);
		return NULL;
	}
	f->sys = sys;
	f->cap = cap;
	f->tokens = (double)cap / 4;
	rng_seed(&f->rng, 1);
	return f;
}

void damon_refault_free(struct damon_refault *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < MAX_PROCS; i++) {
		if (f->procs[i].waiting)
			damon_pagemap_close(&f->procs[i].pages);
	}
	free(f->ring);
	free(f);
}

/* 1 in memory, 0 not, -errno. */
static int present(struct damon_pagemap *m, uint64_t addr)
{
	struct damon_page_sums sums = {0};
	int err = damon_pagemap_sum(m, addr, addr + DAMON_PAGE_SIZE, &sums);

	return err ? err : sums.present > 0;
}

/* The page 'nr' of the ranges' pages. */
static uint64_t page_at(const struct damon_action_range *r, size_t n, uint64_t nr)
{
	uint64_t at = nr << DAMON_PAGE_SHIFT;

	for (size_t i = 0; i < n; i++) {
		if (at < r[i].end - r[i].start)
			return r[i].start + at;
		at -= r[i].end - r[i].start;
	}
	return r[0].start;
}

/* Within 10 s half of the room is earned; a quarter may be saved for what comes in a burst. So all
 * that waits has room. */
static void earn(struct damon_refault *f, uint64_t now_ns)
{
	double ns = (double)(now_ns - MIN(f->earned_ns, now_ns));

	f->tokens += (double)f->cap / 2 * ns / (double)DAMON_REFAULT_NS;
	f->tokens = MIN(f->tokens, (double)f->cap / 4);
	f->earned_ns = now_ns;
}

static bool is_within(const struct damon_action_range *r, size_t n, uint64_t addr)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && r[lo].start <= addr;
}

/* Pages that wait and are in memory again, just before they leave it again. */
static void note_back(struct damon_refault *f, int pid, struct damon_pagemap *pages,
		      const struct damon_action_range *r, size_t n)
{
	for (size_t i = 0; i < f->nr; i++) {
		struct noted *e = &f->ring[(f->at + i) % f->cap];

		if (!e->back && f->procs[e->proc].pid == pid && is_within(r, n, e->addr))
			e->back = present(pages, e->addr) > 0;
	}
}

void damon_refault_pick(struct damon_refault *f, int pid, struct damon_pagemap *pages,
			const struct damon_action_range *r, size_t n, uint64_t now_ns,
			struct damon_refault_pick *out)
{
	uint64_t bytes = 0, want;

	out->nr = 0;
	earn(f, now_ns);
	for (size_t i = 0; i < n; i++)
		bytes += r[i].end - r[i].start;
	if (bytes < DAMON_PAGE_SIZE)
		return;
	note_back(f, pid, pages, r, n);
	want = MIN((f->owed + bytes) / LEAST_BYTES, (uint64_t)DAMON_REFAULT_PICKS);
	want = MIN(want, (uint64_t)f->tokens);
	for (uint64_t tries = want * TRIES; tries && out->nr < want; tries--) {
		uint64_t addr = page_at(r, n, rng_below(&f->rng, bytes >> DAMON_PAGE_SHIFT));
		int is = present(pages, addr);

		if (is < 0)
			return;
		if (is)
			out->addr[out->nr++] = addr;
	}
}

/* A place for 'pid' whose address space is there. NULL: none is free, or it cannot be opened. */
static struct proc *find_proc(struct damon_refault *f, int pid, uint64_t addr)
{
	struct proc *unused = NULL;

	for (size_t i = 0; i < MAX_PROCS; i++) {
		struct proc *p = &f->procs[i];

		if (!p->waiting)
			unused = p;
		else if (p->pid == pid && present(&p->pages, addr) >= 0)
			return p;
	}
	if (!unused || damon_pagemap_open(f->sys, pid, &unused->pages) < 0)
		return NULL;
	unused->pid = pid;
	return unused;
}

void damon_refault_note(struct damon_refault *f, size_t scheme, int pid,
			const struct damon_refault_pick *p, uint64_t bytes, uint64_t now_ns)
{
	struct damon_refault_pick left = {.nr = 0};
	struct proc *proc;

	f->owed += bytes;
	if (!p->nr)
		return;
	proc = find_proc(f, pid, p->addr[0]);
	for (size_t i = 0; proc && i < p->nr; i++) {
		if (present(&proc->pages, p->addr[i]) == 0)
			left.addr[left.nr++] = p->addr[i];
	}
	for (size_t i = 0; i < left.nr && f->nr < f->cap; i++) {
		f->ring[(f->at + f->nr++) % f->cap] =
			(struct noted){now_ns + DAMON_REFAULT_NS,	  left.addr[i],
				       (double)f->owed / (double)left.nr, scheme,
				       (uint32_t)(proc - f->procs),	  false};
		proc->waiting++;
	}
	if (proc && !proc->waiting)
		damon_pagemap_close(&proc->pages);
	if (left.nr)
		f->owed = 0;
	f->tokens -= (double)left.nr;
}

uint64_t damon_refault_due_ns(const struct damon_refault *f)
{
	return f->nr ? f->ring[f->at].due_ns : UINT64_MAX;
}

void damon_refault_look(struct damon_refault *f, uint64_t now_ns, size_t most, damon_refault_fn fn,
			void *priv)
{
	for (; most && damon_refault_due_ns(f) <= now_ns; most--) {
		const struct noted *n = &f->ring[f->at];
		struct proc *proc = &f->procs[n->proc];
		int is = present(&proc->pages, n->addr);

		if (is >= 0)
			fn(priv, n->scheme, n->bytes, is || n->back);
		if (--proc->waiting == 0)
			damon_pagemap_close(&proc->pages);
		f->at = (f->at + 1) % f->cap;
		f->nr--;
	}
}
