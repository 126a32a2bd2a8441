/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/util.h"
#include "lib/checks/checker.h"

#define MAX_WANTS  4096		     /* pages; what waits longer is out of date */
#define MAX_PROCS  64		     /* armed in one round */
#define MAX_SEEN   ((size_t)1 << 16) /* waiting to be taken */
#define MIN_SPAN   NS_PER_MS	     /* no thread wakes up in time for less */
#define LEAST_REST (NS_PER_SEC / 5)  /* after a round in which all failed */

/* What of one process is armed: pages[at, at + nr), or all of it. */
struct group {
	int pid;
	uint32_t space_id;
	size_t at, nr;
	uint64_t armed_ns;
};

struct checker {
	const struct damon_checker_ops *ops;
	void *state;
	const struct damon_sys *sys;
	struct checker_params params;

	/* of whoever steps */
	struct damon_checker_page pages[MAX_WANTS];
	struct group groups[MAX_WANTS];
	size_t nr_groups, next_look;
	uint64_t round_ns;    /* its start */
	double round_cost_ns; /* what it has cost */
	uint64_t rest_until_ns;
	double carry; /* pages earned and not yet looked at */

	/* shared, under 'lock' */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	struct checker_want wants[MAX_WANTS];
	size_t nr_wants;
	struct checker_seen *seen;
	size_t nr_seen, cap_seen;
	struct checker_stats stats;

	pthread_t thread;
	bool running;
};

int checker_new(const struct damon_checker_ops *ops, const struct damon_sys *sys,
		const struct checker_params *p, struct checker **out, struct damon_fail *why)
{
	struct checker *c = calloc(1, sizeof(*c));
	pthread_condattr_t attr;
	int err;

	if (!c)
		return damon_fail(why, ENOMEM, "out of memory");
	err = ops->open(sys, &c->state, why);
	if (err) {
		free(c);
		return err;
	}
	c->ops = ops;
	c->sys = sys;
	c->params = *p;
	c->params.span_ns = ops->span_ns ? ops->span_ns : MAX(p->span_ns, MIN_SPAN);
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->wake, &attr);
	pthread_condattr_destroy(&attr);
	*out = c;
	return 0;
}

void checker_free(struct checker *c)
{
	if (!c)
		return;
	checker_stop(c);
	c->ops->close(c->state);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c->seen);
	free(c);
}

/* ---- rounds ---- */

/* How many wants a round takes. */
static size_t round_size(struct checker *c)
{
	size_t n;

	if (!checker_wants_pages(c->ops))
		return MAX_PROCS;
	c->carry += c->params.per_sec * (double)c->params.span_ns / NS_PER_SEC;
	n = (size_t)MIN(c->carry, (double)MAX_WANTS);
	c->carry = MIN(c->carry - (double)n, 1.0);
	return n;
}

/* Takes wants as groups of one process each. Returns whether there were any. */
static bool take_wants(struct checker *c)
{
	bool wanted;
	size_t n;

	pthread_mutex_lock(&c->lock);
	wanted = c->nr_wants > 0;
	n = wanted ? MIN(round_size(c), c->nr_wants) : 0;
	c->nr_groups = c->next_look = 0;
	for (size_t i = 0; i < n; i++) {
		const struct checker_want *w = &c->wants[i];
		struct group *g = c->nr_groups ? &c->groups[c->nr_groups - 1] : NULL;

		if (!g || g->pid != w->pid || g->space_id != w->space_id) {
			g = &c->groups[c->nr_groups++];
			*g = (struct group){.pid = w->pid, .space_id = w->space_id, .at = i};
		}
		if (checker_wants_pages(c->ops))
			c->pages[g->at + g->nr++] = (struct damon_checker_page){.addr = w->addr};
	}
	c->nr_wants -= n;
	memmove(c->wants, c->wants + n, c->nr_wants * sizeof(*c->wants));
	pthread_mutex_unlock(&c->lock);
	return wanted;
}

/* After half a check of 'g': what it took, and whether it failed. */
static void settle(struct checker *c, const struct group *g, uint64_t start_ns, int err,
		   const struct damon_checker_tally *tally)
{
	uint64_t cost_ns = c->sys->clock_ns(c->sys) - start_ns;
	struct checker_stats *s = &c->stats;

	c->round_cost_ns += (double)cost_ns;
	pthread_mutex_lock(&c->lock);
	s->busy_ns += cost_ns;
	s->coarse += tally->coarse;
	s->lost += tally->lost;
	if (err && err != -ESRCH) {
		s->failed++;
		if (!s->reason[0])
			snprintf(s->reason, sizeof(s->reason), "cannot check process %d: %s",
				 g->pid, strerror(-err));
	}
	pthread_mutex_unlock(&c->lock);
}

static void arm_round(struct checker *c)
{
	size_t nr = 0;

	c->round_ns = c->sys->clock_ns(c->sys);
	c->round_cost_ns = 0;
	for (size_t i = 0; i < c->nr_groups; i++) {
		struct group *g = &c->groups[i];
		struct damon_checker_tally tally = {0};
		uint64_t start_ns = c->sys->clock_ns(c->sys);
		int err = c->ops->arm(c->state, g->pid, c->pages + g->at, g->nr, &tally);

		settle(c, g, start_ns, err, &tally);
		g->armed_ns = c->sys->clock_ns(c->sys);
		if (!err)
			c->groups[nr++] = *g;
	}
	c->nr_groups = nr;
}

struct emitting {
	struct checker *c;
	const struct group *g;
};

static void on_check(void *priv, const struct damon_check *k)
{
	const struct emitting *e = priv;
	struct checker *c = e->c;

	double target_ns = k->touched * c->params.touch_ns;

	c->round_cost_ns += target_ns;
	pthread_mutex_lock(&c->lock);
	c->stats.checks++;
	c->stats.target_ns += (uint64_t)target_ns;
	c->stats.pages += k->nr;
	c->stats.touched += k->touched;
	if (c->nr_seen < MAX_SEEN &&
	    !vec_reserve(&c->seen, &c->cap_seen, c->nr_seen + 1, sizeof(*c->seen)))
		c->seen[c->nr_seen++] = (struct checker_seen){e->g->pid, e->g->space_id, *k};
	else
		c->stats.dropped++;
	pthread_mutex_unlock(&c->lock);
}

static void look_at_group(struct checker *c, const struct group *g)
{
	struct emitting e = {c, g};
	struct damon_checker_tally tally = {0};
	uint64_t start_ns = c->sys->clock_ns(c->sys);
	int err = c->ops->look(c->state, g->pid, c->pages + g->at, g->nr, g->armed_ns, &tally,
			       on_check, &e);

	settle(c, g, start_ns, err, &tally);
}

/* All rounds together cost at most max_percent of the time. */
static void rest(struct checker *c)
{
	double least_ns = c->round_cost_ns * 100 / c->params.max_percent;

	c->rest_until_ns = c->round_ns + (uint64_t)MIN(least_ns, 1e18);
}

uint64_t checker_step(struct checker *c)
{
	uint64_t now_ns = c->sys->clock_ns(c->sys);

	while (c->next_look < c->nr_groups &&
	       c->groups[c->next_look].armed_ns + c->params.span_ns <= now_ns) {
		look_at_group(c, &c->groups[c->next_look++]);
		now_ns = c->sys->clock_ns(c->sys);
		if (c->next_look == c->nr_groups)
			rest(c);
	}
	if (c->next_look < c->nr_groups)
		return c->groups[c->next_look].armed_ns + c->params.span_ns;
	if (now_ns < c->rest_until_ns)
		return c->rest_until_ns;
	if (!take_wants(c))
		return UINT64_MAX;
	if (!c->nr_groups) /* at less than a page a span */
		return now_ns + c->params.span_ns;
	arm_round(c);
	if (c->nr_groups)
		return c->groups[0].armed_ns + c->params.span_ns;
	rest(c);
	c->rest_until_ns = MAX(c->rest_until_ns, now_ns + LEAST_REST);
	return c->rest_until_ns;
}

/* ---- the thread ---- */

static void wait_until(struct checker *c, uint64_t time_ns)
{
	struct timespec at = {(time_t)(time_ns / NS_PER_SEC), (long)(time_ns % NS_PER_SEC)};

	pthread_mutex_lock(&c->lock);
	if (!c->stop && time_ns != UINT64_MAX)
		pthread_cond_timedwait(&c->wake, &c->lock, &at);
	else if (!c->stop && !c->nr_wants)
		pthread_cond_wait(&c->wake, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

static void *run(void *arg)
{
	struct checker *c = arg;
	bool stop = false;

	while (!stop) {
		wait_until(c, checker_step(c));
		pthread_mutex_lock(&c->lock);
		stop = c->stop;
		pthread_mutex_unlock(&c->lock);
	}
	return NULL;
}

int checker_start(struct checker *c)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&c->thread, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->running = !err;
	return -err;
}

void checker_stop(struct checker *c)
{
	if (!c->running)
		return;
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	c->running = false;
}

/* ---- both sides ---- */

size_t checker_room(struct checker *c)
{
	size_t nr, most = MIN(c->params.queue, (size_t)MAX_WANTS);

	pthread_mutex_lock(&c->lock);
	nr = c->nr_wants;
	pthread_mutex_unlock(&c->lock);
	if (!checker_wants_pages(c->ops))
		return nr ? 0 : MAX_PROCS;
	return most - MIN(nr, most);
}

void checker_want(struct checker *c, const struct checker_want *w, size_t n)
{
	pthread_mutex_lock(&c->lock);
	n = MIN(n, MAX_WANTS - c->nr_wants);
	memcpy(c->wants + c->nr_wants, w, n * sizeof(*w));
	c->nr_wants += n;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
}

int checker_take(struct checker *c, struct checker_seen **seen, size_t *nr, size_t *cap)
{
	int err = 0;

	pthread_mutex_lock(&c->lock);
	if (c->nr_seen)
		err = vec_reserve(seen, cap, *nr + c->nr_seen, sizeof(**seen));
	if (!err && c->nr_seen) {
		memcpy(*seen + *nr, c->seen, c->nr_seen * sizeof(**seen));
		*nr += c->nr_seen;
		c->nr_seen = 0;
	}
	pthread_mutex_unlock(&c->lock);
	return err;
}

void checker_stats(struct checker *c, struct checker_stats *s)
{
	pthread_mutex_lock(&c->lock);
	*s = c->stats;
	pthread_mutex_unlock(&c->lock);
}
