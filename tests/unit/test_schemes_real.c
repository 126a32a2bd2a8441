/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Schemes on a process of this kernel, end to end: a child with idle and with busy memory. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "action/action.h"
#include "base/util.h"
#include "damon.h"
#include "damos.h"

#define IDLE_BYTES (32ull << 20)
#define BUSY_BYTES (256ull << 10)
#define ROUNDS	   600 /* of 100 ms, before it is given up: two busy CPUs may be all there is */

struct child {
	int pid;
	uint64_t idle, busy;
};

/* Its accesses are its own: not half of them a sanitizer's. */
__attribute__((noreturn, noinline, no_sanitize("address", "undefined"))) static void
be_busy(volatile uint64_t *busy, int ready_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(ready_fd, "", 1) != 1)
		_exit(1);
	for (;;) {
		for (size_t i = 0; i < BUSY_BYTES / 8; i++)
			busy[i] += i;
	}
}

static uint64_t map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(p, MAP_FAILED);
	return (uintptr_t)p;
}

static struct child start_child(void)
{
	struct child c = {.idle = map(IDLE_BYTES), .busy = map(BUSY_BYTES)};
	int ready[2];
	char byte;

	cr_assert_eq(pipe(ready), 0);
	c.pid = fork();
	cr_assert_geq(c.pid, 0);
	if (!c.pid) {
		memset((void *)(uintptr_t)c.idle, 1, IDLE_BYTES);
		be_busy((volatile uint64_t *)(uintptr_t)c.busy, ready[1]);
	}
	cr_assert_eq(read(ready[0], &byte, 1), 1, "its memory is there");
	close(ready[0]);
	close(ready[1]);
	return c;
}

static void end_child(struct child *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	munmap((void *)(uintptr_t)c->idle, IDLE_BYTES);
	munmap((void *)(uintptr_t)c->busy, BUSY_BYTES);
}

static struct damos cold(void)
{
	struct damos s;

	damos_init(&s);
	s.action = "cold";
	s.access_max = .5; /* surely less: few samples tell no more in a few seconds */
	s.age_ns.min = NS_PER_SEC;
	s.sz.min = 1 << 20;
	s.sz.max = 1 << 30; /* terabytes are a sanitizer's */
	return s;
}

static struct damon_ctx *context(const struct child *c, const struct damos *s, size_t n)
{
	struct damon_sampling sampling;
	struct damon_ctx *ctx;
	int err;

	cr_assert_eq(damon_ctx_new(&ctx), 0);
	damon_sampling_init(&sampling);
	sampling.source = "soft";
	sampling.rate_hz = 1000;
	cr_assert_eq(damon_set_sampling(ctx, &sampling), 0);
	cr_assert_eq(damon_add_pid(ctx, c->pid), 0);
	err = damon_set_schemes(ctx, s, n);
	cr_assert_eq(err, 0, "%s", damon_error(ctx));
	return ctx;
}

static void need(const char *action)
{
	struct damon_fail why;

	if (damon_action_find(action)->probe(&damon_sys_real, &why))
		cr_skip("%s", why.text);
}

Test(schemes_real, idle_memory_is_made_cold, .timeout = 300)
{
	struct damos_stats st = {.size = sizeof(st)}, anon = {.size = sizeof(anon)};
	struct damos_tried t = {.size = sizeof(t)};
	struct damon_stats total = {.size = sizeof(total)};
	struct damos s[2] = {cold(), cold()};
	struct damon_ctx *ctx;
	struct child c;

	need("cold");
	s[1].action = "stat";
	s[1].age_ns.min = 0; /* the other one makes it young */
	s[1].filters[0] =
		(struct damos_filter){.type = DAMOS_FILTER_ANON, .matching = 1, .allow = 1};
	s[1].nr_filters = 1;
	c = start_child();
	ctx = context(&c, s, 2);
	if (damon_open(ctx)) {
		damon_ctx_free(ctx);
		end_child(&c);
		cr_skip("this user may not sample");
	}
	for (int i = 0;
	     i < ROUNDS && (st.sz_applied < IDLE_BYTES || anon.sz_filter_passed < IDLE_BYTES);
	     i++) {
		cr_assert_eq(damon_dispatch(ctx, 100), 1, "%s", damon_error(ctx));
		cr_assert_eq(damon_scheme_stats(ctx, 0, &st), 0);
		cr_assert_eq(damon_scheme_stats(ctx, 1, &anon), 0);
		for (size_t k = 0; !damon_scheme_tried(ctx, 0, k, &t); k++)
			cr_expect(t.end <= c.busy || t.start >= c.busy + BUSY_BYTES,
				  "what is busy is left alone");
	}
	cr_expect_geq(st.sz_applied, IDLE_BYTES, "%llu", (unsigned long long)st.sz_applied);
	cr_expect_geq(anon.sz_filter_passed, IDLE_BYTES, "%llu",
		      (unsigned long long)anon.sz_filter_passed);
	cr_expect_eq(st.sz_failed, 0, "%s", st.reason);
	cr_expect_gt(st.busy_ns, 0);
	cr_expect_eq(damon_close(ctx), 0, "%s", damon_error(ctx));
	damon_ctx_stats(ctx, &total);
	cr_expect_gt(total.own_actions_percent, 0);
	cr_expect_leq(total.own_actions_percent, total.own_cpu_percent);
	damon_ctx_free(ctx);
	end_child(&c);
}

Test(schemes_real, two_contexts_on_one_process, .timeout = 60)
{
	struct damos s = cold();
	struct damon_ctx *first, *second;
	struct child c;
	int err;

	need("cold");
	c = start_child();
	first = context(&c, &s, 1);
	second = context(&c, &s, 1);
	if (damon_open(first)) {
		damon_ctx_free(first);
		damon_ctx_free(second);
		end_child(&c);
		cr_skip("this user may not sample");
	}
	cr_expect_eq(damon_open(second), -EBUSY);
	cr_expect(strstr(damon_error(second), "another damon-perf"), "%s", damon_error(second));
	damon_ctx_free(second);
	damon_ctx_free(first);
	first = context(&c, &s, 1);
	err = damon_open(first);
	cr_expect_eq(err, 0, "the first one has ended: %s", damon_error(first));
	damon_ctx_free(first);
	end_child(&c);
}

/* SIGTERM in the middle: whoever gets it closes, and a slice is all there is to wait for. */
Test(schemes_real, closed_at_any_time, .timeout = 120)
{
	struct damos s = cold();

	need("cold");
	s.age_ns.min = 0;
	s.access_max = 1;
	for (int round = 0; round < 5; round++) {
		struct child c = start_child();
		struct damon_ctx *ctx = context(&c, &s, 1);

		if (damon_open(ctx)) {
			damon_ctx_free(ctx);
			end_child(&c);
			cr_skip("this user may not sample");
		}
		for (int i = 0; i < round; i++)
			damon_dispatch(ctx, 100);
		if (round % 2) /* it is gone before */
			kill(c.pid, SIGKILL);
		cr_expect_geq(damon_close(ctx), 0, "%s", damon_error(ctx));
		damon_ctx_free(ctx);
		end_child(&c);
	}
}
