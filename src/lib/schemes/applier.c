/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "action/filter.h"
#include "action/refault.h"
#include "base/util.h"
#include "lib/schemes/applier.h"

#define AIM	      .75		   /* of a slice: what it takes varies */
#define MOST_PER_SEC  (64. * (1ull << 30)) /* slices grow no further */
#define LEAST_PER_SEC (1. * (1ull << 20))
#define LOOKS	      64 /* refaults at once */

const struct applier_params applier_defaults = {
	.slice_ns = NS_PER_MS, .queue = 8192, .refaults = 4096};

/* A job, in one list: of those free, of its scheme's lane, or of those done. */
struct item {
	struct applier_job job;
	uint64_t at; /* address: before it, it is done */
	struct damos_result result;
	bool started, cancelled;
	struct item *next;
};

struct list {
	struct item *first, *last;
};

/* Of a scheme. */
struct lane {
	struct list jobs;
	uint64_t allow_ns;
	const struct damon_action *action; /* that the rest is of */
	double per_sec;			   /* bytes of work */
	struct damon_action_memo memo;
	double looked, back; /* refaults */
	uint64_t untaken_ns; /* spent on jobs whose results were not taken yet */
};

/* What the job under way needs, of whoever steps. */
struct site {
	uint64_t id; /* of the step; 0: none */
	bool asked;  /* for its pagemap */
	struct damon_pagemap pages;
	struct damon_page_filters filters;
};

struct applier {
	const struct damon_sys *sys;
	struct applier_params params;

	/* of whoever steps */
	struct site site;
	struct damon_refault *refault;
	struct damon_action_range ranges[DAMON_ACTION_RANGES];
	_Alignas(16) char scratch[DAMON_ACTION_SCRATCH];

	/* shared, under 'lock' */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	struct item *items; /* params.queue */
	struct list free, done;
	struct lane *lanes; /* by scheme */
	size_t nr_lanes, cap_lanes;
	size_t turn; /* the lane that is next */
	struct item *under_way;
	struct applier_stats stats;
	uint64_t cpu_ns; /* of the thread */

	pthread_t thread;
	bool running;
};

/* ---- lists ---- */

static void push(struct list *l, struct item *i)
{
	i->next = NULL;
	*(l->first ? &l->last->next : &l->first) = i;
	l->last = i;
}

static struct item *pop(struct list *l)
{
	struct item *i = l->first;

	if (i)
		l->first = i->next;
	return i;
}

/* The lane of a scheme, or NULL without memory. */
static struct lane *lane_of(struct applier *a, size_t scheme)
{
	if (scheme >= UINT32_MAX ||
	    vec_reserve(&a->lanes, &a->cap_lanes, scheme + 1, sizeof(*a->lanes)))
		return NULL;
	for (; a->nr_lanes <= scheme; a->nr_lanes++)
		a->lanes[a->nr_lanes] = (struct lane){.allow_ns = UINT64_MAX};
	return &a->lanes[scheme];
}

/* ---- life ---- */

int applier_new(const struct damon_sys *sys, const struct applier_params *p, struct applier **out,
		struct damon_fail *why)
{
	struct applier *a = calloc(1, sizeof(*a));
	pthread_condattr_t attr;

	if (a) {
		a->items = calloc(p->queue, sizeof(*a->items));
		a->refault = damon_refault_new(sys, MAX(p->refaults, 1u));
	}
	if (!a || !a->items || !a->refault) {
		if (a)
			free(a->items);
		if (a)
			damon_refault_free(a->refault);
		free(a);
		return damon_fail(why, ENOMEM, "out of memory");
	}
	a->sys = sys;
	a->params = *p;
	a->site.pages = (struct damon_pagemap)DAMON_PAGEMAP_NONE;
	for (size_t i = 0; i < p->queue; i++)
		push(&a->free, &a->items[i]);
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->wake, &attr);
	pthread_condattr_destroy(&attr);
	*out = a;
	return 0;
}

void applier_free(struct applier *a)
{
	if (!a)
		return;
	applier_stop(a);
	damon_pagemap_close(&a->site.pages);
	damon_refault_free(a->refault);
	pthread_cond_destroy(&a->wake);
	pthread_mutex_destroy(&a->lock);
	free(a->lanes);
	free(a->items);
	free(a);
}

/* ---- a slice ---- */

/* What one came to. */
struct slice {
	struct damon_filtered seen;
	struct damon_action_done done;
	uint64_t tried, busy_ns;
	int err; /* of the action: it gives up */
	bool gone;
	struct damon_fail why; /* text "": nothing failed */
};

static bool is_gone(const struct damon_sys *sys, int pid_fd)
{
	struct pollfd p = {.fd = pid_fd, .events = POLLIN};

	return pid_fd < 0 || (sys->poll(sys, &p, 1, 0) > 0 && p.revents);
}

/* Does a slice need to see pages: to filter them, to know what is work, to look at a sample? */
static bool needs_pages(const struct applier *a, const struct applier_job *j,
			const struct damon_action_memo *memo)
{
	return j->action->work != DAMON_WORK_ALL || memo->calls % DAMON_ACTION_LOOK == 0 ||
	       (!a->site.filters.off && damon_has_page_filters(j->scheme));
}

/* Opens what the slice needs, unless the last one was of this job, too. Returns 0 or -errno. */
static int arrive(struct applier *a, const struct applier_job *j,
		  const struct damon_action_memo *memo, struct damon_fail *why)
{
	struct site *s = &a->site;
	int err = 0;

	if (s->id != j->step.id) {
		damon_pagemap_close(&s->pages);
		s->id = 0;
		s->asked = false;
		err = damon_page_filters_init(&s->filters, a->sys, j->pid, j->scheme, NULL);
		if (err && err != -ESRCH)
			damon_fail(why, -err, "the memory cgroup of process %d cannot be read: %s",
				   j->pid, strerror(-err));
		if (err)
			return err;
		s->filters.off = j->step.allowed;
		s->id = j->step.id;
	}
	if (!s->asked && needs_pages(a, j, memo)) {
		err = damon_pagemap_open(a->sys, j->pid, &s->pages);
		s->asked = true;
		s->filters.pages = err ? NULL : &s->pages;
	}
	return err == -ESRCH ? err : 0; /* without it, some can do */
}

static int apply(struct applier *a, const struct applier_job *j, struct damon_action_memo *memo,
		 struct slice *s)
{
	const struct damon_action_run run = {.sys = a->sys,
					     .pid = j->pid,
					     .pid_fd = j->pid_fd,
					     .pages = a->site.filters.pages,
					     .scheme = j->scheme,
					     .memo = memo,
					     .scratch = a->scratch,
					     .why = &s->why};
	bool pages_out = j->action->apply == damon_apply_pageout && run.pages;
	struct damon_refault_pick pick = {.nr = 0};
	int err;

	if (pages_out)
		damon_refault_pick(a->refault, j->pid, run.pages, a->ranges, s->seen.nr,
				   a->sys->clock_ns(a->sys), &pick);
	err = j->action->apply(&run, a->ranges, s->seen.nr, &s->done);
	if (pages_out && s->done.verified == 1)
		damon_refault_note(a->refault, j->step.scheme, j->pid, &pick, s->done.applied,
				   a->sys->clock_ns(a->sys));
	return err;
}

/* Counts what the walk and the action left: what is passed and no work was skipped; where the
 * action gave up, the rest was not tried. */
static void count(struct slice *s, const struct damon_action_range *r, uint64_t start)
{
	uint64_t given = 0, did = s->done.applied + s->done.skipped + s->done.failed;

	for (size_t i = 0; i < s->seen.nr; i++)
		given += r[i].end - r[i].start;
	s->tried = s->seen.walked - start;
	if (s->err && did < given) {
		s->tried -= given - did;
		s->seen.passed -= MIN(given - did, s->seen.passed);
	}
	did = MIN(s->done.applied + s->done.failed, s->seen.passed);
	s->done.skipped = s->seen.passed - did;
}

static void work_on(struct applier *a, const struct applier_job *j, uint64_t at, uint64_t most,
		    struct damon_action_memo *memo, struct slice *s)
{
	const struct damon_action *act = j->action;
	const struct damon_walk_params walk = {.work = act->apply ? act->work : DAMON_WORK_ALL,
					       .grain = MAX(act->grain_bytes, DAMON_PAGE_SIZE),
					       .whole_huge = act->whole_huge,
					       .most = act->apply ? most : UINT64_MAX};

	s->err = is_gone(a->sys, j->pid_fd) ? -ESRCH : arrive(a, j, memo, &s->why);
	s->seen.walked = at;
	if (!s->err) {
		s->err = damon_page_filters_walk(&a->site.filters, &walk, at, j->step.end,
						 a->ranges, ARRAY_SIZE(a->ranges), &s->seen);
		if (s->err && s->err != -ESRCH)
			damon_fail(&s->why, -s->err, "pages of process %d cannot be told: %s%s",
				   j->pid, strerror(-s->err),
				   s->err == -EACCES ? "; add cap_sys_ptrace,cap_dac_read_search"
						     : "");
	}
	if (!s->err && act->apply && s->seen.nr)
		s->err = apply(a, j, memo, s);
	s->gone = s->err == -ESRCH;
	if (act->apply)
		count(s, a->ranges, at);
	else
		s->tried = s->seen.walked - at;
}

static void dry_slice(const struct applier_job *j, uint64_t at, struct slice *s)
{
	s->seen.walked = j->step.end;
	s->tried = j->step.end - at;
	if (j->step.allowed || !damon_has_page_filters(j->scheme))
		s->seen.passed = s->tried;
}

/* ---- bookkeeping, under the lock ---- */

static void finish(struct applier *a, struct lane *lane, struct item *i)
{
	struct damos_result *r = &i->result;

	r->dropped = i->job.step.end - i->job.step.start - r->tried;
	if (r->tried && !i->started && !a->params.dry_run)
		r->verified = 1; /* its pages said that there was nothing to call for */
	pop(&lane->jobs);
	push(&a->done, i);
}

static void give_reason(struct damos_result *r, int err, const char *text)
{
	r->err = err < 0 ? -err : EIO;
	snprintf(r->reason, sizeof(r->reason), "%.*s", (int)sizeof(r->reason) - 1, text);
}

/* Slices of what takes longer than thought get shorter at once, others longer step by step. A slice
 * of little work tells little. */
static void adapt(const struct applier *a, struct lane *lane, const struct slice *s, uint64_t most)
{
	double limit = lane->action->work == DAMON_WORK_ALL ? 2 * lane->action->bytes_per_sec
							    : MOST_PER_SEC;
	double per_sec;

	if (!s->seen.work || !s->busy_ns || s->err)
		return;
	per_sec = (double)s->seen.work * NS_PER_SEC / (double)s->busy_ns;
	if (s->busy_ns <= a->params.slice_ns && s->seen.work < most / 2)
		return;
	per_sec = MIN(per_sec, 2 * lane->per_sec);
	per_sec = MIN(per_sec, limit);
	lane->per_sec = MAX(per_sec, LEAST_PER_SEC);
}

static void add_slice(struct damos_result *r, const struct slice *s, bool first)
{
	r->tried += s->tried;
	r->applied += s->done.applied;
	r->skipped += s->done.skipped;
	r->failed += s->done.failed;
	r->filter_passed += s->seen.passed;
	r->busy_ns += s->busy_ns;
	if (s->why.text[0] && !s->gone)
		give_reason(r, s->err ? s->err : -s->done.err, s->why.text);
	if (!s->seen.nr) /* nothing was called, so nothing is believed */
		return;
	if (first)
		r->verified = s->done.verified;
	else if (r->verified != s->done.verified)
		r->verified = -1;
}

/* What failed for all, such as a swap that is full, need not be tried for each. */
static void drop_lane(struct applier *a, struct lane *lane, const struct damos_result *why)
{
	while (lane->jobs.first) {
		struct item *i = lane->jobs.first;

		give_reason(&i->result, -why->err, why->reason);
		finish(a, lane, i);
	}
}

static void settle(struct applier *a, struct lane *lane, struct item *i, const struct slice *s,
		   uint64_t most)
{
	const struct damos_step *step = &i->job.step;

	add_slice(&i->result, s, !i->started);
	i->started = i->started || s->seen.nr;
	i->at = s->seen.walked;
	a->under_way = NULL;
	a->stats.slices++;
	a->stats.busy_ns += s->busy_ns;
	a->stats.over += s->busy_ns > a->params.slice_ns;
	a->stats.longest_ns = MAX(a->stats.longest_ns, s->busy_ns);
	lane->untaken_ns += s->busy_ns;
	if (lane->allow_ns != UINT64_MAX)
		lane->allow_ns -= MIN(lane->allow_ns, s->busy_ns);
	adapt(a, lane, s, most);
	if (!s->err && i->at < step->end)
		return;
	finish(a, lane, i);
	/* a process that refuses says nothing of others */
	if (s->err && !s->gone && s->err != -EPERM && s->err != -EACCES)
		drop_lane(a, lane, &i->result);
}

static bool has_jobs(const struct applier *a)
{
	for (size_t i = 0; i < a->nr_lanes; i++) {
		if (a->lanes[i].jobs.first)
			return true;
	}
	return false;
}

/* The lane whose turn it is, or NULL: nothing waits. */
static struct lane *next_lane(struct applier *a)
{
	for (size_t i = 0; i < a->nr_lanes; i++) {
		struct lane *lane = &a->lanes[(a->turn + i) % a->nr_lanes];

		if (!lane->jobs.first)
			continue;
		a->turn = (size_t)(lane - a->lanes) + 1;
		return lane;
	}
	return NULL;
}

/* Bytes of work that the next slice may have. */
static uint64_t slice_bytes(const struct applier *a, struct lane *lane,
			    const struct damon_action *action)
{
	uint64_t ns = MIN(a->params.slice_ns, lane->allow_ns);

	if (lane->action != action) {
		lane->action = action;
		lane->per_sec = action->bytes_per_sec;
		lane->memo = (struct damon_action_memo){0};
	}
	return (uint64_t)(lane->per_sec * AIM * (double)ns / NS_PER_SEC);
}

/* ---- refaults ---- */

static void on_looked(void *priv, size_t scheme, double bytes, bool back)
{
	struct applier *a = priv;
	struct lane *lane;

	pthread_mutex_lock(&a->lock);
	lane = lane_of(a, scheme);
	if (lane) {
		lane->looked += bytes;
		lane->back += back ? bytes : 0;
	}
	pthread_mutex_unlock(&a->lock);
}

static bool look_again(struct applier *a)
{
	uint64_t now_ns = a->sys->clock_ns(a->sys);

	if (damon_refault_due_ns(a->refault) > now_ns)
		return false;
	damon_refault_look(a->refault, now_ns, LOOKS, on_looked, a);
	return true;
}

bool applier_refaults(struct applier *a, size_t scheme, double *looked, double *back)
{
	struct lane *lane;
	bool any;

	pthread_mutex_lock(&a->lock);
	lane = lane_of(a, scheme);
	any = lane && lane->looked > 0;
	if (any) {
		*looked = lane->looked;
		*back = lane->back;
		lane->looked = lane->back = 0;
	}
	pthread_mutex_unlock(&a->lock);
	return any;
}

/* ---- steps ---- */

/* Takes the next job that may go on; those that may not come back at once. NULL: there is none. */
static struct lane *take_up(struct applier *a)
{
	struct lane *lane;

	while ((lane = next_lane(a))) {
		struct item *i = lane->jobs.first;

		if (!i->cancelled && lane->allow_ns) {
			a->under_way = i;
			return lane;
		}
		finish(a, lane, i);
	}
	return NULL;
}

bool applier_step(struct applier *a)
{
	struct slice s = {.tried = 0};
	struct damon_action_memo memo;
	bool looked = look_again(a);
	struct lane *lane;
	struct item *i;
	uint64_t most, start_ns;
	size_t nr;

	pthread_mutex_lock(&a->lock);
	lane = take_up(a);
	if (!lane) {
		pthread_mutex_unlock(&a->lock);
		return looked;
	}
	i = a->under_way;
	nr = (size_t)(lane - a->lanes);
	most = slice_bytes(a, lane, i->job.action);
	memo = lane->memo;
	pthread_mutex_unlock(&a->lock);

	start_ns = a->sys->clock_ns(a->sys);
	if (a->params.dry_run)
		dry_slice(&i->job, i->at, &s);
	else
		work_on(a, &i->job, i->at, most, &memo, &s);
	s.busy_ns = a->sys->clock_ns(a->sys) - start_ns;

	pthread_mutex_lock(&a->lock);
	lane = &a->lanes[nr]; /* they may have moved */
	lane->memo = memo;
	settle(a, lane, i, &s, most);
	pthread_mutex_unlock(&a->lock);
	return true;
}

/* ---- the thread ---- */

static void wait_for_work(struct applier *a)
{
	uint64_t due_ns = damon_refault_due_ns(a->refault);
	struct timespec at = {(time_t)(due_ns / NS_PER_SEC), (long)(due_ns % NS_PER_SEC)};

	pthread_mutex_lock(&a->lock);
	if (!a->stop && !has_jobs(a)) {
		if (due_ns == UINT64_MAX)
			pthread_cond_wait(&a->wake, &a->lock);
		else
			pthread_cond_timedwait(&a->wake, &a->lock, &at);
	}
	pthread_mutex_unlock(&a->lock);
}

static void *run(void *arg)
{
	struct applier *a = arg;
	bool stop = false;

	while (!stop) {
		if (!applier_step(a))
			wait_for_work(a);
		pthread_mutex_lock(&a->lock);
		a->cpu_ns = a->sys->thread_cpu_ns(a->sys);
		stop = a->stop;
		pthread_mutex_unlock(&a->lock);
	}
	return NULL;
}

int applier_start(struct applier *a)
{
	sigset_t all, before;
	int err;

	a->stop = false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&a->thread, NULL, run, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	a->running = !err;
	return -err;
}

void applier_stop(struct applier *a)
{
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->wake);
	pthread_mutex_unlock(&a->lock);
	if (a->running)
		pthread_join(a->thread, NULL);
	a->running = false;
	for (size_t i = 0; i < a->nr_lanes; i++) {
		while (a->lanes[i].jobs.first)
			finish(a, &a->lanes[i], a->lanes[i].jobs.first);
	}
}

/* ---- the context's side ---- */

size_t applier_submit(struct applier *a, const struct applier_job *j, size_t n)
{
	size_t taken;

	pthread_mutex_lock(&a->lock);
	for (taken = 0; taken < n; taken++) {
		const struct damos_step *step = &j[taken].step;
		struct lane *lane = lane_of(a, step->scheme);
		struct item *i = lane ? pop(&a->free) : NULL;

		if (!i)
			break;
		*i = (struct item){.job = j[taken], .at = step->start, .result = {.id = step->id}};
		push(&lane->jobs, i);
	}
	pthread_cond_signal(&a->wake);
	pthread_mutex_unlock(&a->lock);
	return taken;
}

void applier_allow(struct applier *a, size_t scheme, uint64_t time_ns)
{
	struct lane *lane;

	pthread_mutex_lock(&a->lock);
	lane = lane_of(a, scheme);
	if (lane)
		lane->allow_ns = time_ns == UINT64_MAX ? UINT64_MAX
						       : time_ns - MIN(time_ns, lane->untaken_ns);
	pthread_mutex_unlock(&a->lock);
}

static bool is_cold(const struct applier_job *j)
{
	return j->action->heat == DAMOS_HEAT_COLD;
}

void applier_cancel(struct applier *a, size_t scheme, uint32_t target_id, uint64_t start,
		    uint64_t end, bool cold_only)
{
	pthread_mutex_lock(&a->lock);
	for (size_t l = 0; l < a->nr_lanes; l++) {
		if (scheme != SIZE_MAX && scheme != l)
			continue;
		for (struct item *i = a->lanes[l].jobs.first; i; i = i->next) {
			const struct damos_step *s = &i->job.step;

			if (s->target_id == target_id && s->start < end && start < s->end &&
			    (!cold_only || is_cold(&i->job)))
				i->cancelled = true;
		}
	}
	pthread_mutex_unlock(&a->lock);
}

static int by_place(const void *pa, const void *pb)
{
	const struct applier_pending *a = pa, *b = pb;

	if (a->target_id != b->target_id)
		return a->target_id < b->target_id ? -1 : 1;
	return a->start < b->start ? -1 : a->start > b->start;
}

size_t applier_pending(struct applier *a, struct applier_pending *out, size_t cap)
{
	size_t nr = 0;

	pthread_mutex_lock(&a->lock);
	for (size_t l = 0; l < a->nr_lanes; l++) {
		for (struct item *i = a->lanes[l].jobs.first; i && nr < cap; i = i->next) {
			const struct damos_step *s = &i->job.step;

			if (is_cold(&i->job) && !i->cancelled)
				out[nr++] =
					(struct applier_pending){s->target_id, s->start, s->end};
		}
	}
	pthread_mutex_unlock(&a->lock);
	qsort(out, nr, sizeof(*out), by_place);
	return nr;
}

size_t applier_take(struct applier *a, struct damos_result *out, size_t cap)
{
	size_t nr = 0;

	pthread_mutex_lock(&a->lock);
	while (nr < cap && a->done.first) {
		struct item *i = pop(&a->done);
		struct lane *lane = &a->lanes[i->job.step.scheme];

		lane->untaken_ns -= MIN(lane->untaken_ns, i->result.busy_ns);
		out[nr++] = i->result;
		push(&a->free, i);
	}
	pthread_mutex_unlock(&a->lock);
	return nr;
}

bool applier_idle(struct applier *a)
{
	bool idle;

	pthread_mutex_lock(&a->lock);
	idle = !has_jobs(a);
	pthread_mutex_unlock(&a->lock);
	return idle;
}

uint64_t applier_cpu_ns(struct applier *a)
{
	uint64_t ns;

	pthread_mutex_lock(&a->lock);
	ns = a->cpu_ns;
	pthread_mutex_unlock(&a->lock);
	return ns;
}

void applier_stats(struct applier *a, struct applier_stats *s)
{
	pthread_mutex_lock(&a->lock);
	*s = a->stats;
	pthread_mutex_unlock(&a->lock);
}
