/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checkers within a context: what they are given to look at, and when the core gets what they saw.
 * A checker of our own, stepped by hand. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "damon.h"
#include "lib/ctx.h"
#include "tests/kit/fake_sys.h"

/* Where the synthetic source's default ranges lie. */
static const char maps_text[] = "10000000-10400000 rw-p 00000000 00:00 0 \n"
				"20000000-21000000 rw-p 00000000 00:00 0 \n"
				"30000000-34000000 rw-p 00000000 00:00 0 \n";

struct world {
	struct fake_sys fake;
	struct fake_file files[4];
	char maps[64], comm[64];
	struct damon_ctx *ctx;
	/* what the checker was asked to look at */
	size_t nr_arms, nr_pages, nr_outside;
	int pid;
};

static int toy_open(const struct damon_sys *sys, void **state, struct damon_fail *why)
{
	*state = sys->priv;
	return 0;
}

static void toy_close(void *state)
{
}

static bool is_mapped(uint64_t addr)
{
	return (addr >= 0x10000000 && addr < 0x10400000) ||
	       (addr >= 0x20000000 && addr < 0x21000000) ||
	       (addr >= 0x30000000 && addr < 0x34000000);
}

static int toy_arm(void *state, int pid, struct damon_checker_page *pages, size_t n,
		   struct damon_checker_tally *tally)
{
	struct world *w = state;

	w->nr_arms++;
	w->nr_pages += n;
	w->pid = pid;
	for (size_t i = 0; i < n; i++)
		w->nr_outside += !is_mapped(pages[i].addr);
	return 0;
}

static int toy_look(void *state, int pid, const struct damon_checker_page *pages, size_t n,
		    uint64_t armed_ns, struct damon_checker_tally *tally, damon_checker_fn emit,
		    void *priv)
{
	struct world *w = state;
	uint64_t now_ns = w->fake.clock_ns;
	struct damon_check k = {now_ns, now_ns - armed_ns, 0x10000000, 0x10001000, 1, 1};

	emit(priv, &k);
	return 0;
}

static const struct damon_checker_ops toy = {
	.name = "pages",
	.grain = DAMON_CHECK_PAGES,
	.open = toy_open,
	.close = toy_close,
	.arm = toy_arm,
	.look = toy_look,
};

static void world_init(struct world *w)
{
	struct checker_params p = {
		.span_ns = 5 * NS_PER_MS, .per_sec = 1000, .queue = 50, .max_percent = 50};
	struct ctx_checker *k;
	struct damon_sampling s;

	memset(w, 0, sizeof(*w));
	snprintf(w->maps, sizeof(w->maps), "/proc/%d/maps", getpid());
	snprintf(w->comm, sizeof(w->comm), "/proc/%d/comm", getpid());
	w->files[0] = (struct fake_file){w->maps, maps_text, 0};
	w->files[1] = (struct fake_file){w->comm, "toy\n", 0};
	fake_sys_init(&w->fake, w->files);
	w->fake.clock_ns = 5 * NS_PER_SEC;
	w->fake.sys.poll = fake_sys_poll;
	cr_assert_eq(damon_ctx_new(&w->ctx), 0);
	w->ctx->sys = &w->fake.sys;
	damon_sampling_init(&s);
	s.source = "synth";
	s.rate_hz = 5000;
	cr_assert_eq(damon_set_sampling(w->ctx, &s), 0);
	cr_assert_eq(damon_add_pid(w->ctx, getpid()), 0);
	cr_assert_eq(damon_open(w->ctx), 0, "%s", damon_error(w->ctx));
	/* no thread: the test is it */
	k = &w->ctx->checkers[w->ctx->nr_checkers++];
	cr_assert_eq(checker_new(&toy, &w->fake.sys, &p, &k->checker, &w->ctx->fail), 0);
	k->ops = &toy;
}

/* The interval ends. */
static void turn(struct world *w)
{
	cr_assert_eq(damon_dispatch(w->ctx, -1), 1, "%s", damon_error(w->ctx));
}

static struct damon_stats stats_of(struct world *w)
{
	struct damon_stats s = {.size = sizeof(s)};

	cr_assert_eq(damon_ctx_stats(w->ctx, &s), 0);
	return s;
}

Test(checks, pages_of_the_target_are_looked_at)
{
	struct ctx_checker *k;
	struct damon_stats s;
	struct world w;

	world_init(&w);
	k = &w.ctx->checkers[0];
	turn(&w);
	cr_expect_eq(checker_room(k->checker), 0, "as many as may wait");
	turn(&w);
	cr_expect_eq(checker_room(k->checker), 0, "and no more");
	checker_step(k->checker);
	cr_expect_eq(w.nr_pages, 5);
	cr_expect_eq(w.nr_outside, 0);
	cr_expect_eq(w.pid, getpid());
	w.fake.clock_ns += 5 * NS_PER_MS;
	checker_step(k->checker);
	turn(&w);
	s = stats_of(&w);
	cr_expect_str_eq(s.checkers, "pages");
	cr_expect_eq(s.checks_made, 1);
	cr_expect_eq(s.check_touched, 1);
	cr_expect_eq(s.check_lost, 0);
	cr_expect_eq(k->nr_seen, 0, "the core has it");
	damon_ctx_free(w.ctx);
}

Test(checks, what_was_seen_later_waits_for_its_interval)
{
	struct ctx_checker *k;
	struct world w;

	world_init(&w);
	k = &w.ctx->checkers[0];
	turn(&w);
	checker_step(k->checker);
	w.fake.clock_ns += 5 * NS_PER_MS;
	checker_step(k->checker);
	cr_assert_eq(checks_take(w.ctx, w.fake.clock_ns), 0);
	cr_expect_eq(k->nr_seen, 1, "of the interval that begins there");
	cr_assert_eq(checks_take(w.ctx, w.fake.clock_ns + 1), 0);
	cr_expect_eq(k->nr_seen, 0);
	damon_ctx_free(w.ctx);
}

Test(checks, of_another_program_is_lost)
{
	static const struct {
		const char *name;
		bool exits;
	} rows[] = {{"executes", false}, {"exits", true}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_targets *ts;
		struct ctx_checker *k;
		struct world w;

		world_init(&w);
		k = &w.ctx->checkers[0];
		turn(&w);
		checker_step(k->checker);
		w.fake.clock_ns += 5 * NS_PER_MS;
		checker_step(k->checker);
		ts = damon_core_targets(w.ctx->core);
		if (rows[i].exits)
			damon_targets_exit(ts, getpid(), w.fake.clock_ns);
		else
			damon_targets_exec(ts, getpid(), "other", w.fake.clock_ns);
		cr_assert_eq(checks_take(w.ctx, UINT64_MAX), 0);
		cr_expect_eq(k->nr_seen, 0, "%s", rows[i].name);
		cr_expect_eq(stats_of(&w).check_lost, 1, "%s", rows[i].name);
		damon_ctx_free(w.ctx);
	}
}

Test(checks, what_cannot_be_asked_for)
{
	static const struct {
		const char *check;
		double per_sec;
		const char *text; /* a part of it */
	} rows[] = {
		{"smapz", 1000, "there is no checker 'smapz'"},
		{"", 1000, "there is no checker ''"},
		{"idle", 1000, "CONFIG_IDLE_PAGE_TRACKING"},
		{"smaps", 1000, "CONFIG_PROC_PAGE_MONITOR"},
		{"smaps", 0, "between 1 and 100000 checks"},
		{"smaps", 1e6, "between 1 and 100000 checks"},
		{"smaps", 0.0 / 0.0, "between 1 and 100000 checks"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_sampling s;
		struct fake_sys fake;
		struct damon_ctx *ctx;
		int err;

		fake_sys_init(&fake, NULL);
		cr_assert_eq(damon_ctx_new(&ctx), 0);
		ctx->sys = &fake.sys;
		damon_sampling_init(&s);
		s.source = "synth";
		s.check = rows[i].check;
		s.checks_per_sec = rows[i].per_sec;
		err = damon_set_sampling(ctx, &s);
		if (!err) {
			damon_add_pid(ctx, getpid());
			err = damon_open(ctx);
		}
		cr_expect_lt(err, 0, "%s", rows[i].text);
		cr_expect(strstr(damon_error(ctx), rows[i].text), "%s: '%s'", rows[i].text,
			  damon_error(ctx));
		damon_ctx_free(ctx);
	}
}
