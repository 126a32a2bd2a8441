/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a checker is run: rounds, their pace, and what is handed over, with a checker of our own. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/util.h"
#include "lib/checks/checker.h"
#include "tests/kit/fake_sys.h"

#define MS NS_PER_MS

/* A checker that notes what it is called for. */
struct toy {
	struct fake_sys fake;
	uint64_t cost_ns; /* each half takes so long */
	int fails_pid, fails_with;
	size_t nr_arms, nr_looks, nr_pages;
	char log[256]; /* "a7" armed process 7, "l7" looked at it */
	bool closed, mappings;
};

static int toy_probe(const struct damon_sys *sys, struct damon_fail *why)
{
	return 0;
}

static int toy_open(const struct damon_sys *sys, void **state, struct damon_fail *why)
{
	*state = sys->priv;
	return 0;
}

static void toy_close(void *state)
{
	((struct toy *)state)->closed = true;
}

static void note(struct toy *t, char what, int pid)
{
	size_t n = strlen(t->log);

	t->fake.clock_ns += t->cost_ns;
	if (n + 16 < sizeof(t->log))
		snprintf(t->log + n, sizeof(t->log) - n, "%s%c%d", n ? " " : "", what, pid);
}

static int toy_arm(void *state, int pid, struct damon_checker_page *pages, size_t n,
		   struct damon_checker_tally *tally)
{
	struct toy *t = state;

	note(t, 'a', pid);
	t->nr_arms++;
	for (size_t i = 0; i < n; i++)
		pages[i].mark = pages[i].addr + 1;
	return pid == t->fails_pid ? -t->fails_with : 0;
}

static int toy_look(void *state, int pid, const struct damon_checker_page *pages, size_t n,
		    uint64_t armed_ns, struct damon_checker_tally *tally, damon_checker_fn emit,
		    void *priv)
{
	struct toy *t = state;
	struct damon_check k = {
		.time_ns = t->fake.clock_ns,
		.span_ns = t->fake.clock_ns - armed_ns,
		.nr = 4,
		.touched = 1,
	};

	note(t, 'l', pid);
	t->nr_looks++;
	t->nr_pages += n;
	tally->coarse += 2;
	tally->lost++;
	for (size_t i = 0; i < MAX(n, (size_t)1); i++) {
		cr_expect(!n || pages[i].mark == pages[i].addr + 1, "marks are kept");
		k.start = n ? pages[i].addr : 0;
		k.end = k.start + DAMON_PAGE_SIZE;
		emit(priv, &k);
	}
	return 0;
}

static const struct damon_checker_ops page_toy = {
	.name = "pages",
	.grain = DAMON_CHECK_PAGES,
	.probe = toy_probe,
	.open = toy_open,
	.close = toy_close,
	.arm = toy_arm,
	.look = toy_look,
};
static const struct damon_checker_ops mapping_toy = {
	.name = "mappings",
	.grain = DAMON_CHECK_MAPPINGS,
	.span_ns = NS_PER_SEC,
	.probe = toy_probe,
	.open = toy_open,
	.close = toy_close,
	.arm = toy_arm,
	.look = toy_look,
};

static struct checker *start_dear(struct toy *t, const struct damon_checker_ops *ops,
				  double per_sec, double max_percent, double touch_ns)
{
	struct checker_params p = {.touch_ns = touch_ns,
				   .span_ns = 5 * MS,
				   .per_sec = per_sec,
				   .queue = 200,
				   .max_percent = max_percent};
	struct damon_fail why;
	struct checker *c;

	memset(t, 0, sizeof(*t));
	fake_sys_init(&t->fake, NULL);
	t->fake.clock_ns = NS_PER_SEC;
	t->mappings = ops->grain == DAMON_CHECK_MAPPINGS;
	cr_assert_eq(checker_new(ops, &t->fake.sys, &p, &c, &why), 0);
	return c;
}

static struct checker *start(struct toy *t, const struct damon_checker_ops *ops, double per_sec,
			     double max_percent)
{
	return start_dear(t, ops, per_sec, max_percent, 0);
}

/* Steps until 'end_ns', with pages of the processes 'pids', or all of them, always wanted. */
static void run(struct toy *t, struct checker *c, const int *pids, size_t nr_pids, uint64_t end_ns)
{
	while (t->fake.clock_ns < end_ns) {
		size_t room = checker_room(c);
		uint64_t next;

		if (t->mappings)
			room = MIN(room, nr_pids);
		for (size_t i = 0; i < room; i++)
			checker_want(c, &(struct checker_want){pids[i % nr_pids], 1, i << 12}, 1);
		next = checker_step(c);
		cr_assert_neq(next, UINT64_MAX, "something is wanted");
		if (next > end_ns)
			break;
		t->fake.clock_ns = MAX(t->fake.clock_ns, next);
	}
}

static struct checker_stats stats_of(struct checker *c)
{
	struct checker_stats s;

	checker_stats(c, &s);
	return s;
}

Test(checker_run, pages_at_the_rate_asked_for)
{
	static const double per_sec[] = {30, 200, 2000, 20000};
	static const int pid = 7;

	for (size_t i = 0; i < ARRAY_SIZE(per_sec); i++) {
		struct toy t;
		struct checker *c = start(&t, &page_toy, per_sec[i], 50);
		uint64_t n;

		run(&t, c, &pid, 1, 11 * NS_PER_SEC);
		n = stats_of(c).checks;
		cr_expect(n >= per_sec[i] * 9.8 && n <= per_sec[i] * 10, "%g a second: %llu in 10",
			  per_sec[i], (unsigned long long)n);
		checker_free(c);
		cr_expect(t.closed);
	}
}

Test(checker_run, takes_its_share_of_time_and_no_more)
{
	static const struct {
		const char *name;
		const struct damon_checker_ops *ops;
		double cost_ms, percent; /* of half a check; allowed */
		uint64_t checks;	 /* in 100 s */
		double touch_ns;
	} rows[] = {
		{"pages: cheap enough", &page_toy, 0.01, 10, 19920},
		{"pages: too dear", &page_toy, 1, 10, 5000},
		{"mappings: cheap enough", &mapping_toy, 1, 1, 99},
		{"mappings: a large process", &mapping_toy, 100, 1, 5},
		{"mappings: just as often", &mapping_toy, 5, 1, 99},
		{"mappings: dear to the process", &mapping_toy, 0, 1, 5, 200e6},
	};
	static const int pid = 7;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct toy t;
		struct checker *c =
			start_dear(&t, rows[i].ops, 200, rows[i].percent, rows[i].touch_ns);
		struct checker_stats s;

		t.cost_ns = (uint64_t)(rows[i].cost_ms * MS);
		run(&t, c, &pid, 1, 101 * NS_PER_SEC);
		s = stats_of(c);
		cr_expect(s.busy_ns + s.target_ns <= NS_PER_SEC * rows[i].percent * 1.02,
			  "%s: %.3f s of 100", rows[i].name,
			  (double)(s.busy_ns + s.target_ns) / NS_PER_SEC);
		cr_expect(s.checks >= rows[i].checks * 97 / 100 &&
				  s.checks <= rows[i].checks * 103 / 100,
			  "%s: %llu checks", rows[i].name, (unsigned long long)s.checks);
		checker_free(c);
	}
}

Test(checker_run, a_round_arms_all_processes_and_then_looks)
{
	static const int pids[] = {7, 8, 9};
	struct toy t;
	struct checker *c = start(&t, &mapping_toy, 1, 50);

	run(&t, c, pids, 3, NS_PER_SEC + 2 * NS_PER_SEC);
	cr_expect_str_eq(t.log, "a7 a8 a9 l7 l8 l9 a7 a8 a9", "'%s'", t.log);
	checker_free(c);
}

Test(checker_run, what_was_seen_says_of_whom)
{
	const struct checker_want wants[] = {
		{7, 1, 0x1000}, {7, 1, 0x2000}, {7, 2, 0x3000}, {8, 3, 0x4000}};
	struct checker_seen *seen = NULL;
	size_t nr = 0, cap = 0;
	struct checker_stats s;
	struct toy t;
	struct checker *c = start(&t, &page_toy, 20000, 50);

	cr_expect_eq(checker_step(c), UINT64_MAX, "nothing is wanted");
	checker_want(c, wants, 4);
	cr_expect_eq(checker_step(c), t.fake.clock_ns + 5 * MS);
	cr_expect_eq(t.nr_arms, 3, "another program is another process");
	t.fake.clock_ns += 5 * MS - 1;
	checker_step(c);
	cr_expect_eq(t.nr_looks, 0, "not yet");
	t.fake.clock_ns++;
	cr_expect_eq(checker_step(c), UINT64_MAX);
	cr_assert_eq(checker_take(c, &seen, &nr, &cap), 0);
	cr_assert_eq(nr, 4);
	for (size_t i = 0; i < 4; i++) {
		cr_expect_eq(seen[i].pid, wants[i].pid);
		cr_expect_eq(seen[i].space_id, wants[i].space_id);
		cr_expect_eq(seen[i].check.start, wants[i].addr);
		cr_expect_eq(seen[i].check.span_ns, 5 * MS);
		cr_expect_eq(seen[i].check.time_ns, t.fake.clock_ns);
	}
	cr_assert_eq(checker_take(c, &seen, &nr, &cap), 0);
	cr_expect_eq(nr, 4, "taken once");
	s = stats_of(c);
	cr_expect_eq(s.checks, 4);
	cr_expect_eq(s.pages, 16);
	cr_expect_eq(s.touched, 4);
	cr_expect_eq(s.coarse, 6);
	cr_expect_eq(s.lost, 3);
	cr_expect_eq(s.failed, 0);
	checker_free(c);
	free(seen);
}

Test(checker_run, who_fails_is_told_once_and_others_go_on)
{
	static const int pids[] = {7, 8};
	static const struct {
		const char *name;
		int err;
		uint64_t failed;
		const char *reason;
	} rows[] = {
		{"refused", EACCES, 10, "cannot check process 8: Permission denied"},
		{"ended", ESRCH, 0, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct toy t;
		struct checker *c = start(&t, &mapping_toy, 1, 50);
		struct checker_stats s;

		t.fails_pid = 8;
		t.fails_with = rows[i].err;
		run(&t, c, pids, 2, 11 * NS_PER_SEC - 1);
		s = stats_of(c);
		cr_expect_eq(s.failed, rows[i].failed, "%s: %llu", rows[i].name,
			     (unsigned long long)s.failed);
		cr_expect_str_eq(s.reason, rows[i].reason, "%s: '%s'", rows[i].name, s.reason);
		cr_expect_eq(s.checks, 9, "%s: %llu", rows[i].name, (unsigned long long)s.checks);
		checker_free(c);
	}
}

Test(checker_run, where_all_fail_it_rests)
{
	static const int pid = 7;
	struct toy t;
	struct checker *c = start(&t, &mapping_toy, 1, 50);

	t.fails_pid = 7;
	t.fails_with = EPERM;
	run(&t, c, &pid, 1, 11 * NS_PER_SEC);
	cr_expect(t.nr_arms >= 10 && t.nr_arms <= 51, "%zu tries in 10 s", t.nr_arms);
	checker_free(c);
}

Test(checker_run, queues_have_ends)
{
	struct checker_want *many = calloc(10000, sizeof(*many));
	struct toy t;
	struct checker *c = start(&t, &page_toy, 1000, 50);

	cr_expect_eq(checker_room(c), 200, "as many as may wait");
	for (size_t i = 0; i < 10000; i++)
		many[i] = (struct checker_want){7, 1, i << 12};
	checker_want(c, many, 10000);
	cr_expect_eq(checker_room(c), 0);
	checker_step(c);
	t.fake.clock_ns += 5 * MS;
	checker_step(c);
	cr_expect_eq(t.nr_pages, 5, "a round is as long as it may be: %zu", t.nr_pages);
	checker_free(c);
	c = start(&t, &mapping_toy, 1, 50);
	cr_expect_gt(checker_room(c), 1);
	checker_want(c, many, 1);
	cr_expect_eq(checker_room(c), 0, "no process twice");
	checker_free(c);
	free(many);
}

Test(checker_run, the_thread_works_and_stops)
{
	const struct timespec nap = {.tv_nsec = 2 * MS};
	struct damon_sys sys;
	struct checker_params p = {
		.span_ns = MS, .per_sec = 100000, .queue = 200, .max_percent = 50};
	struct checker_want want = {7, 1, 0x1000};
	struct damon_fail why;
	struct checker *c;
	struct toy t = {.cost_ns = 0};

	sys = damon_sys_real;
	sys.priv = &t; /* what the toy is opened with */
	cr_assert_eq(checker_new(&page_toy, &sys, &p, &c, &why), 0);
	cr_assert_eq(checker_start(c), 0);
	checker_want(c, &want, 1);
	for (int i = 0; i < 5000 && !stats_of(c).checks; i++)
		nanosleep(&nap, NULL);
	cr_expect_eq(stats_of(c).checks, 1);
	checker_stop(c);
	checker_stop(c);
	checker_free(c);
	cr_expect(t.closed);
}
