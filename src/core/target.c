/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "core/target.h"

#define ALIVE	       UINT64_MAX
#define RETIRED_MIN_NS (2 * NS_PER_SEC)

/* A process and what only this file needs of it. */
struct member {
	struct damon_proc p; /* first: the public part is the member */
	uint64_t updates;    /* that there had been when it was forked */
};

/*
 * Processes sit in an open-addressing table by pid, at most half full, linear probing, without
 * tombstones: what follows a removed one moves up.
 */
struct damon_targets {
	struct member **proc;
	size_t nr_procs, cap_procs; /* cap is a power of two */
	struct damon_target **target;
	size_t nr_targets, max_targets;
	uint32_t next_id;
	uint64_t nr_updates;
	struct damon_target *common; /* everyone's; NULL: each program has its own */
	bool lazy;
};

/* ---- processes ---- */

static size_t hash_pid(int pid, size_t cap)
{
	return ((uint32_t)pid * 0x9e3779b97f4a7c15ull >> 32) & (cap - 1);
}

/* Where 'pid' is, or where it belongs. */
static size_t proc_slot(struct member *const *tab, size_t cap, int pid)
{
	size_t i = hash_pid(pid, cap);

	while (tab[i] && tab[i]->p.pid != pid)
		i = (i + 1) & (cap - 1);
	return i;
}

static int procs_grow(struct damon_targets *t)
{
	size_t cap = 2 * t->cap_procs;
	struct member **tab = calloc(cap, sizeof(*tab));

	if (!tab)
		return -ENOMEM;
	for (size_t i = 0; i < t->cap_procs; i++) {
		if (t->proc[i])
			tab[proc_slot(tab, cap, t->proc[i]->p.pid)] = t->proc[i];
	}
	free(t->proc);
	t->proc = tab;
	t->cap_procs = cap;
	return 0;
}

/* A process that is not in the table yet; takes over the reference to 'space'. */
static struct member *proc_new(struct damon_targets *t, int pid, const char *comm,
			       struct damon_space *space, uint64_t now_ns)
{
	struct member *m = NULL;

	if (!space || (2 * t->nr_procs >= t->cap_procs && procs_grow(t) < 0))
		goto fail;
	m = calloc(1, sizeof(*m));
	if (!m)
		goto fail;
	m->p.pid = pid;
	m->p.space = space;
	m->p.from_ns = now_ns;
	snprintf(m->p.comm, sizeof(m->p.comm), "%s", comm);
	t->proc[proc_slot(t->proc, t->cap_procs, pid)] = m;
	t->nr_procs++;
	return m;
fail:
	damon_space_unref(space);
	return NULL;
}

static void proc_free(struct damon_targets *t, int pid)
{
	size_t mask = t->cap_procs - 1, hole = proc_slot(t->proc, t->cap_procs, pid);

	damon_space_unref(t->proc[hole]->p.space);
	free(t->proc[hole]);
	t->proc[hole] = NULL;
	t->nr_procs--;
	for (size_t i = (hole + 1) & mask; t->proc[i]; i = (i + 1) & mask) {
		size_t home = hash_pid(t->proc[i]->p.pid, t->cap_procs);

		if (((i - home) & mask) < ((i - hole) & mask))
			continue; /* 'hole' lies before where its search begins */
		t->proc[hole] = t->proc[i];
		t->proc[i] = NULL;
		hole = i;
	}
}

static struct member *proc_find(const struct damon_targets *t, int pid)
{
	return t->proc[proc_slot(t->proc, t->cap_procs, pid)];
}

/* ---- targets ---- */

static void set_space(struct damon_target *g, struct damon_space *space)
{
	damon_space_ref(space);
	damon_space_unref(g->space);
	g->space = space;
}

/* 'p' is the process that 'g' shows from now on. */
static void drive(struct damon_target *g, const struct damon_proc *p)
{
	g->pid = p->pid;
	set_space(g, p->space);
}

static void join(struct damon_target *g, struct damon_proc *p)
{
	p->target = g;
	g->nr_procs++;
	g->nr_procs_total++;
	g->to_ns = ALIVE;
}

/* The process that appeared last of those that share 'g'. */
static struct damon_proc *latest(struct damon_targets *t, const struct damon_target *g)
{
	struct damon_proc *p, *best = NULL;

	for (size_t pos = 0; (p = damon_targets_next_proc(t, &pos));) {
		if (p->target == g && (!best || p->from_ns >= best->from_ns))
			best = p;
	}
	return best;
}

static void leave(struct damon_targets *t, struct damon_proc *p, uint64_t now_ns)
{
	struct damon_target *g = p->target;

	if (!g)
		return;
	p->target = NULL;
	g->nr_procs--;
	if (!g->nr_procs)
		g->to_ns = now_ns; /* retired: keeps its space, whose names reports want */
	else if (g->pid == p->pid)
		drive(g, latest(t, g));
}

/*
 * The target that retired first, if that is long enough ago for all that it saw to have been shown:
 * its place, not its number, is what a new one may have. NULL: there is none.
 */
static struct damon_target *longest_retired(struct damon_targets *t, uint64_t now_ns)
{
	struct damon_target *best = NULL;

	for (size_t i = 0; i < t->nr_targets; i++) {
		struct damon_target *g = t->target[i];

		if (!g->nr_procs && now_ns > g->to_ns && now_ns - g->to_ns >= RETIRED_MIN_NS &&
		    (!best || g->to_ns < best->to_ns))
			best = g;
	}
	return best;
}

static bool have_room(struct damon_targets *t, uint64_t now_ns)
{
	return t->nr_targets < t->max_targets || longest_retired(t, now_ns);
}

/* A target for 'comm' in a place of its own, or in that of one that is history. NULL: no memory. */
static struct damon_target *target_new(struct damon_targets *t, const char *comm, uint64_t now_ns)
{
	struct damon_target *g;

	if (t->nr_targets < t->max_targets) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return NULL;
		g->slot = t->nr_targets;
		t->target[t->nr_targets++] = g;
	} else {
		g = longest_retired(t, now_ns);
		g->generation++;
		g->nr_procs_total = 0;
	}
	g->id = t->next_id++;
	g->from_ns = now_ns;
	g->to_ns = ALIVE;
	snprintf(g->comm, sizeof(g->comm), "%s", comm);
	return g;
}

/* A target of the program 'comm', live or retired, or NULL. */
static struct damon_target *target_of(struct damon_targets *t, const char *comm, bool live)
{
	for (size_t i = 0; i < t->nr_targets; i++) {
		struct damon_target *g = t->target[i];

		if ((g->nr_procs > 0) == live && strcmp(g->comm, comm) == 0)
			return g;
	}
	return NULL;
}

/*
 * Gives a process that has no target one that no other process uses. Returns 1, 0 (the limit is
 * reached), or -ENOMEM.
 */
static int settle(struct damon_targets *t, struct damon_proc *p, uint64_t now_ns)
{
	struct damon_target *g = t->common ? t->common : target_of(t, p->comm, false);

	if (t->common) {
		join(g, p);
		return 1;
	}
	if (g) {
		g->generation++;
	} else {
		if (!have_room(t, now_ns))
			return 0;
		g = target_new(t, p->comm, now_ns);
		if (!g)
			return -ENOMEM;
	}
	join(g, p);
	drive(g, p);
	return 1;
}

/* The same for a process that has executed: beyond the limit it shares its program's. */
static int settle_or_share(struct damon_targets *t, struct damon_proc *p, uint64_t now_ns)
{
	struct damon_target *g;
	int err = settle(t, p, now_ns);

	if (err)
		return MIN(err, 0);
	g = target_of(t, p->comm, true);
	if (g) {
		join(g, p);
		drive(g, p);
	}
	return 0;
}

/* The same for one that appeared by itself. */
static int appear(struct damon_targets *t, struct damon_proc *p, uint64_t now_ns)
{
	return t->lazy ? 0 : settle_or_share(t, p, now_ns);
}

/*
 * A process that nothing was seen of and that has its target to itself executes: its target is
 * renamed. So a command's target is not preceded by an empty one for the moment before its exec.
 */
static bool rename_target(struct damon_proc *p)
{
	struct damon_target *g = p->target;

	if (!g || p->nr_obs || g->nr_procs_total != 1)
		return false;
	snprintf(g->comm, sizeof(g->comm), "%s", p->comm);
	g->generation++;
	drive(g, p);
	return true;
}

/* ---- events ---- */

struct damon_targets *damon_targets_new(size_t max_targets)
{
	struct damon_targets *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->max_targets = max_targets;
	t->cap_procs = 64;
	t->proc = calloc(t->cap_procs, sizeof(*t->proc));
	t->target = calloc(MAX(max_targets, (size_t)1), sizeof(*t->target));
	if (!t->proc || !t->target) {
		damon_targets_free(t);
		return NULL;
	}
	return t;
}

void damon_targets_free(struct damon_targets *t)
{
	if (!t)
		return;
	for (size_t i = 0; t->proc && i < t->cap_procs; i++) {
		if (t->proc[i])
			damon_space_unref(t->proc[i]->p.space);
		free(t->proc[i]);
	}
	for (size_t i = 0; i < t->nr_targets; i++) {
		damon_space_unref(t->target[i]->space);
		damon_space_unref(t->target[i]->bounds);
		free(t->target[i]);
	}
	free(t->proc);
	free(t->target);
	free(t);
}

struct damon_proc *damon_targets_find(struct damon_targets *t, int pid)
{
	struct member *m = proc_find(t, pid);

	return m ? &m->p : NULL;
}

struct damon_proc *damon_targets_add(struct damon_targets *t, int pid, const char *comm,
				     uint64_t now_ns)
{
	struct member *m = proc_find(t, pid);

	if (m)
		return &m->p;
	m = proc_new(t, pid, comm, damon_space_new(), now_ns);
	if (!m)
		return NULL;
	if (appear(t, &m->p, now_ns) < 0) {
		proc_free(t, pid);
		return NULL;
	}
	return &m->p;
}

struct damon_proc *damon_targets_know(struct damon_targets *t, int pid, const char *comm,
				      uint64_t now_ns)
{
	struct member *m = proc_find(t, pid);

	if (!m)
		m = proc_new(t, pid, comm, damon_space_new(), now_ns);
	return m ? &m->p : NULL;
}

struct damon_target *damon_targets_unite(struct damon_targets *t, const char *comm,
					 struct damon_space *space, uint64_t now_ns)
{
	struct damon_target *g = space ? target_new(t, comm, now_ns) : NULL;

	if (!g) {
		damon_space_unref(space);
		return NULL;
	}
	g->common = true;
	g->space = space;
	g->nr_procs = 1; /* our own: the last process may go */
	t->common = g;
	return g;
}

void damon_targets_lazy(struct damon_targets *t)
{
	t->lazy = true;
}

int damon_targets_admit(struct damon_targets *t, struct damon_proc *p, uint64_t now_ns)
{
	return p->target ? 0 : settle_or_share(t, p, now_ns);
}

int damon_targets_fork(struct damon_targets *t, int pid, int ppid, uint64_t now_ns)
{
	struct member *parent, *child;

	if (pid == ppid) /* a new thread */
		return 0;
	damon_targets_exit(t, pid, now_ns); /* the pid is used again, its exit was lost */
	parent = proc_find(t, ppid);
	child = proc_new(t, pid, parent ? parent->p.comm : "",
			 parent ? damon_space_ref(parent->p.space) : damon_space_new(), now_ns);
	if (!child)
		return -ENOMEM;
	child->p.ppid = ppid;
	child->p.forked = true;
	child->updates = t->nr_updates;
	if (parent && parent->p.target)
		join(parent->p.target, &child->p);
	return 0;
}

int damon_targets_exec(struct damon_targets *t, int pid, const char *comm, uint64_t now_ns)
{
	struct damon_proc *p = damon_targets_find(t, pid);
	struct damon_space *space;

	if (!p)
		return damon_targets_add(t, pid, comm, now_ns) ? 0 : -ENOMEM;
	space = damon_space_new();
	if (!space)
		return -ENOMEM;
	damon_space_unref(p->space);
	p->space = space;
	p->forked = false;
	p->executed = true;
	snprintf(p->comm, sizeof(p->comm), "%s", comm);
	if ((p->target && p->target->common) || rename_target(p))
		return 0;
	leave(t, p, now_ns);
	return appear(t, p, now_ns);
}

void damon_targets_comm(struct damon_targets *t, int pid, const char *comm)
{
	struct damon_proc *p = damon_targets_find(t, pid);

	if (!p)
		return;
	snprintf(p->comm, sizeof(p->comm), "%s", comm);
	if (p->target && !p->target->common && !strcmp(p->target->comm, "?"))
		snprintf(p->target->comm, sizeof(p->target->comm), "%s", comm);
}

void damon_targets_exit(struct damon_targets *t, int pid, uint64_t now_ns)
{
	struct damon_proc *p = damon_targets_find(t, pid);

	if (!p)
		return;
	leave(t, p, now_ns);
	proc_free(t, pid);
}

/* Gives a forked child its own target and space, or, if its target is shared by nobody else any
 * more, leaves it both; where targets are everyone's or come later, its space alone. Returns 1 if
 * it got a target, 0 if there is no room or no need, or -ENOMEM. */
static int tell_apart(struct damon_targets *t, struct damon_proc *p, uint64_t now_ns)
{
	struct damon_target *shared = p->target;
	bool keeps = shared && shared->common, waits = t->lazy && !(shared && p->nr_obs);
	struct damon_space *space;

	if (shared && shared->nr_procs == 1) {
		p->forked = false;
		return 0;
	}
	if (!keeps && !waits && !target_of(t, p->comm, false) && !have_room(t, now_ns))
		return 0;
	space = damon_space_clone(p->space, now_ns);
	if (!space)
		return -ENOMEM;
	if (!keeps)
		leave(t, p, now_ns);
	damon_space_unref(p->space);
	p->space = space;
	p->forked = false;
	return keeps || waits ? 0 : settle(t, p, now_ns);
}

int damon_targets_update(struct damon_targets *t, uint64_t now_ns)
{
	int told = 0;

	for (size_t i = 0; i < t->cap_procs; i++) {
		struct member *m = t->proc[i];

		if (m && m->p.forked && m->updates < t->nr_updates)
			told += tell_apart(t, &m->p, now_ns) > 0;
	}
	t->nr_updates++;
	return told;
}

struct damon_target *damon_targets_at(struct damon_targets *t, size_t slot)
{
	return slot < t->nr_targets ? t->target[slot] : NULL;
}

size_t damon_targets_count(const struct damon_targets *t)
{
	return t->nr_targets;
}

struct damon_proc *damon_targets_next_proc(struct damon_targets *t, size_t *pos)
{
	while (*pos < t->cap_procs) {
		struct member *m = t->proc[(*pos)++];

		if (m)
			return &m->p;
	}
	return NULL;
}

size_t damon_targets_nr_procs(const struct damon_targets *t)
{
	return t->nr_procs;
}
