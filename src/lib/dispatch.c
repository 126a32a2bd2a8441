/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for work and doing it: by call, by a host's event loop, or in a thread. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "lib/ctx.h"
#include "lib/replay/replay.h"

static int nr_running;

/* Rings, the command, attached processes. */
static int list_fds(struct damon_ctx *ctx)
{
	size_t n = ctx->session ? damon_session_pollfds(ctx->session, NULL, 0) : 0;
	size_t all = n + ctx->nr_pids + 1;

	if (ctx->nr_pollfds)
		return 0;
	ctx->pollfds = calloc(all, sizeof(*ctx->pollfds));
	if (!ctx->pollfds)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	if (n)
		damon_session_pollfds(ctx->session, ctx->pollfds, n);
	for (size_t i = 0; i < ctx->nr_pids; i++)
		ctx->pollfds[n++] = (struct pollfd){.fd = ctx->pids[i].pid_fd, .events = POLLIN};
	ctx->pollfds[n++] = (struct pollfd){.fd = ctx->cmd.pid_fd, .events = POLLIN};
	ctx->nr_pollfds = n;
	return 0;
}

/* Looks at a descriptor no more: it would be ready for ever. */
static void quiet(struct damon_ctx *ctx, struct pollfd *p)
{
	if (p->fd >= 0 && ctx->epoll_fd >= 0)
		epoll_ctl(ctx->epoll_fd, EPOLL_CTL_DEL, p->fd, NULL);
	p->fd = -1;
}

/* How many aggregations may be done at one wake-up, by the latency that was asked for. What acts on
 * memory, or looks at it, is to do so at the end of each. */
static uint64_t late_aggrs(const struct damon_ctx *ctx)
{
	if (ctx->nr_checkers || schemes_may_act(ctx))
		return 1;
	return MAX(ctx->latency_ns / ctx->attrs.aggr_ns, (uint64_t)1);
}

/* Waits until a ring is half full, a process ends, the interval is over or the time-out is. */
static void wait_for_work(struct damon_ctx *ctx, int timeout_ms)
{
	uint64_t now_ns = ctx->sys->clock_ns(ctx->sys);
	uint32_t spared =
		ctx->rate.ladder && !schemes_are_busy(ctx) ? ctx->rate.budget.wake_aggrs : 1;
	uint64_t wake = MAX(late_aggrs(ctx), (uint64_t)spared);
	uint64_t edge_ns = schemes_edge_ns(ctx, ctx->aggr_start_ns + wake * ctx->attrs.aggr_ns);
	uint64_t left_ms = edge_ns > now_ns ? (edge_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
	int ms = (int)MIN(left_ms, (uint64_t)60000);

	if (timeout_ms >= 0)
		ms = MIN(ms, timeout_ms);
	if (ctx->sys->poll(ctx->sys, ctx->pollfds, ctx->nr_pollfds, ms) <= 0)
		return;
	for (size_t i = 0; i < ctx->nr_pollfds; i++) {
		/* Processes that ended stay readable, events without tasks stay hung up: once is
		 * enough. */
		if (ctx->pollfds[i].revents & (POLLHUP | POLLERR | POLLNVAL))
			quiet(ctx, &ctx->pollfds[i]);
	}
}

/* Did a process end that we attached to? */
static bool has_ended(const struct damon_ctx *ctx, const struct ctx_pid *p)
{
	struct pollfd fd = {.fd = p->pid_fd, .events = POLLIN};

	if (p->pid_fd < 0)
		return pid_is_gone(p->pid);
	return ctx->sys->poll(ctx->sys, &fd, 1, 0) == 1 && fd.revents;
}

static bool all_gone(struct damon_ctx *ctx)
{
	bool gone = !ctx->all && members_gone(ctx);

	if (ctx->cmd.argv) {
		command_poll(ctx);
		gone = gone && ctx->cmd.ended;
	}
	for (size_t i = 0; i < ctx->nr_pids; i++) {
		struct ctx_pid *p = &ctx->pids[i];

		p->gone = p->gone || has_ended(ctx, p);
		gone = gone && p->gone;
	}
	return gone;
}

/* Quiets the descriptors that would be ready for ever: pid fds of processes that ended. */
static void quiet_ended(struct damon_ctx *ctx)
{
	size_t base = ctx->nr_pollfds - ctx->nr_pids - 1;

	for (size_t i = 0; i < ctx->nr_pids; i++) {
		if (ctx->pids[i].gone)
			quiet(ctx, &ctx->pollfds[base + i]);
	}
	if (ctx->cmd.ended)
		quiet(ctx, &ctx->pollfds[ctx->nr_pollfds - 1]);
}

/* Just after the ends of intervals; again where the latency that is heeded has changed. */
static void set_timer(struct damon_ctx *ctx)
{
	uint64_t every_ns = late_aggrs(ctx) * ctx->attrs.aggr_ns;
	uint64_t first_ns = ctx->aggr_start_ns + every_ns + NS_PER_MS;
	struct itimerspec at = {
		.it_interval = {(time_t)(every_ns / NS_PER_SEC), (long)(every_ns % NS_PER_SEC)},
		.it_value = {(time_t)(first_ns / NS_PER_SEC), (long)(first_ns % NS_PER_SEC)},
	};

	if (ctx->timer_fd < 0 || ctx->timer_ns == every_ns)
		return;
	timerfd_settime(ctx->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
	ctx->timer_ns = every_ns;
}

int damon_dispatch(struct damon_ctx *ctx, int timeout_ms)
{
	uint64_t expirations;
	bool gone;
	int err;

	if (ctx->state != CTX_OPEN)
		return 0;
	if (ctx->replay)
		return replay_step(ctx);
	err = list_fds(ctx);
	if (err)
		return err;
	wait_for_work(ctx, timeout_ms);
	if (ctx->timer_fd >= 0 && read(ctx->timer_fd, &expirations, sizeof(expirations)) < 0 &&
	    errno != EAGAIN)
		return damon_fail(&ctx->fail, errno, "cannot read the timer: %s", strerror(errno));
	gone = all_gone(ctx); /* before reading, so that what it did last is read */
	quiet_ended(ctx);
	if (ctx->session) {
		rate_work(ctx, DAMON_WORK_SAMPLES);
		err = ctx->raw ? raw_read(ctx)
			       : damon_session_read(ctx->session, events_on_record, ctx);
		rate_work(ctx, DAMON_WORK_OTHER);
		if (err < 0)
			return err;
	}
	schemes_seen(ctx);
	err = ctx->raw ? 0 : monitor_until(ctx, ctx->sys->clock_ns(ctx->sys));
	if (!err)
		err = schemes_watch(ctx);
	if (!err)
		members_update(ctx);
	if (!err)
		err = rate_step(ctx);
	if (err)
		return err;
	set_timer(ctx);
	return !gone && !ctx->ended;
}

int damon_fd(struct damon_ctx *ctx)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int err;

	if (ctx->replay)
		return damon_fail(&ctx->fail, EINVAL, "a replay has nothing to wait for");
	err = list_fds(ctx);
	if (err || ctx->epoll_fd >= 0)
		return err ? err : ctx->epoll_fd;
	ctx->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	ctx->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (ctx->epoll_fd < 0 || ctx->timer_fd < 0)
		return damon_fail(&ctx->fail, errno, "cannot make an event descriptor: %s",
				  strerror(errno));
	ctx->timer_ns = 0;
	set_timer(ctx);
	epoll_ctl(ctx->epoll_fd, EPOLL_CTL_ADD, ctx->timer_fd, &ev);
	for (size_t i = 0; i < ctx->nr_pollfds; i++) {
		if (ctx->pollfds[i].fd >= 0)
			epoll_ctl(ctx->epoll_fd, EPOLL_CTL_ADD, ctx->pollfds[i].fd, &ev);
	}
	return ctx->epoll_fd;
}

static void *run(void *arg)
{
	struct damon_ctx *ctx = arg;

	while (!__atomic_load_n(&ctx->stop, __ATOMIC_ACQUIRE)) {
		ctx->thread_err = damon_dispatch(ctx, 50);
		if (ctx->thread_err <= 0)
			break;
	}
	__atomic_fetch_sub(&nr_running, 1, __ATOMIC_RELEASE);
	return NULL;
}

int damon_start(struct damon_ctx *ctx)
{
	int err;

	if (ctx->state != CTX_OPEN || ctx->threaded)
		return damon_fail(&ctx->fail, EBUSY, "the context is not open, or runs already");
	__atomic_fetch_add(&nr_running, 1, __ATOMIC_RELEASE);
	err = pthread_create(&ctx->thread, NULL, run, ctx);
	if (err) {
		__atomic_fetch_sub(&nr_running, 1, __ATOMIC_RELEASE);
		return damon_fail(&ctx->fail, err, "cannot start a thread: %s", strerror(err));
	}
	ctx->threaded = true;
	return 0;
}

int damon_stop(struct damon_ctx *ctx)
{
	int err;

	if (ctx->threaded) {
		__atomic_store_n(&ctx->stop, true, __ATOMIC_RELEASE);
		pthread_join(ctx->thread, NULL);
		ctx->threaded = false;
	}
	err = damon_close(ctx);
	return ctx->thread_err < 0 ? ctx->thread_err : err;
}

int damon_nr_running_ctxs(void)
{
	return __atomic_load_n(&nr_running, __ATOMIC_ACQUIRE);
}
