/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "core/target.h"

/*
 * Events as words, one unit of time apart: "add:PID:COMM", "fork:PID:PPID", "exec:PID:COMM",
 * "comm:PID:COMM", "exit:PID", "seen:PID" (an observation), "map:PID" (a page is mapped),
 * "update[:TOLD]" (and how many are told apart by it), "admit:PID"; first of all "unite:COMM" or
 * "lazy".
 */
static void event(struct damon_targets *t, char *word, uint64_t now)
{
	char *save = NULL, *verb = strtok_r(word, ":", &save), *a = strtok_r(NULL, ":", &save);
	char *b = strtok_r(NULL, ":", &save);
	int pid = a ? atoi(a) : 0;
	struct damon_mapping m = {
		.start = now << 12, .end = (now + 1) << 12, .prot = 3, .name = ""};

	if (!strcmp(verb, "add"))
		cr_assert_not_null(damon_targets_add(t, pid, b, now));
	else if (!strcmp(verb, "fork"))
		cr_assert_eq(damon_targets_fork(t, pid, atoi(b), now), 0);
	else if (!strcmp(verb, "exec"))
		cr_assert_eq(damon_targets_exec(t, pid, b, now), 0);
	else if (!strcmp(verb, "comm"))
		damon_targets_comm(t, pid, b);
	else if (!strcmp(verb, "exit"))
		damon_targets_exit(t, pid, now);
	else if (!strcmp(verb, "seen"))
		damon_targets_find(t, pid)->nr_obs++;
	else if (!strcmp(verb, "map"))
		cr_assert_eq(damon_space_map(damon_targets_find(t, pid)->space, &m, now), 0);
	else if (!strcmp(verb, "update"))
		cr_assert_eq(damon_targets_update(t, now), pid, "at %d", (int)now);
	else if (!strcmp(verb, "unite"))
		cr_assert_not_null(damon_targets_unite(t, a, damon_space_new(), now));
	else if (!strcmp(verb, "lazy"))
		damon_targets_lazy(t);
	else if (!strcmp(verb, "admit"))
		cr_assert_eq(damon_targets_admit(t, damon_targets_find(t, pid), now), 0);
	else
		cr_assert_fail("no such event: %s", verb);
}

/* What must hold after every event. */
static void check_sound(struct damon_targets *t)
{
	uint32_t nr[64] = {0};
	struct damon_proc *p;
	size_t n = 0;

	for (size_t pos = 0; (p = damon_targets_next_proc(t, &pos)); n++) {
		cr_assert_eq(damon_targets_find(t, p->pid), p);
		cr_assert_not_null(p->space);
		if (p->target)
			nr[p->target->slot]++;
	}
	cr_assert_eq(n, damon_targets_nr_procs(t));
	for (size_t i = 0; i < damon_targets_count(t); i++) {
		struct damon_target *g = damon_targets_at(t, i);

		cr_assert_eq(g->slot, i);
		cr_assert_eq(g->nr_procs, nr[i] + g->common);
		cr_assert_eq(g->to_ns == UINT64_MAX, g->nr_procs > 0);
		cr_assert_not_null(g->space);
		p = damon_targets_find(t, g->pid);
		if (g->nr_procs && !g->common) {
			cr_assert(p && p->target == g, "target %zu is driven by a stranger", i);
			cr_assert_eq(p->space, g->space);
		}
	}
	cr_assert_null(damon_targets_at(t, damon_targets_count(t)));
}

/* "comm:pid:nr_procs/nr_procs_total@generation" of each target. */
static void print_targets(struct damon_targets *t, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < damon_targets_count(t); i++) {
		struct damon_target *g = damon_targets_at(t, i);

		len += snprintf(out + len, cap - len, "%s%s:%d:%u/%u@%u", i ? " " : "", g->comm,
				g->pid, g->nr_procs, g->nr_procs_total, g->generation);
	}
}

/* "pid>slot" of each process in order of pid; "pid>-" without a target. Pids are below 20. */
static void print_procs(struct damon_targets *t, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (int pid = 0; pid < 20; pid++) {
		struct damon_proc *p = damon_targets_find(t, pid);

		if (p && p->target)
			len += snprintf(out + len, cap - len, "%s%d>%u", len ? " " : "", pid,
					p->target->slot);
		else if (p)
			len += snprintf(out + len, cap - len, "%s%d>-", len ? " " : "", pid);
	}
}

Test(target, policy)
{
	static const struct {
		const char *name;
		size_t max;
		const char *events, *targets, *procs;
	} rows[] = {
		{"none", 4, "", "", ""},
		{"attached", 4, "add:1:a add:2:b add:3:a", "a:1:1/1@0 b:2:1/1@0 a:3:1/1@0",
		 "1>0 2>1 3>2"},
		{"added twice", 4, "add:1:a add:1:b", "a:1:1/1@0", "1>0"},
		{"fork", 4, "add:1:a fork:2:1", "a:1:2/2@0", "1>0 2>0"},
		{"fork, then exec", 4, "add:1:sh fork:2:1 exec:2:ls", "sh:1:1/2@0 ls:2:1/1@0",
		 "1>0 2>1"},
		{"a thread is no process", 4, "add:1:a fork:1:1", "a:1:1/1@0", "1>0"},
		{"the command's own exec", 4, "add:1:damon-perf exec:1:ls", "ls:1:1/1@1", "1>0"},
		{"exec after observations", 4, "add:1:sh seen:1 exec:1:ls", "sh:1:0/1@0 ls:1:1/1@0",
		 "1>1"},
		{"exec of itself", 4, "add:1:sh seen:1 exec:1:sh", "sh:1:1/2@1", "1>0"},
		{"a retired one is used again", 4,
		 "add:1:sh fork:2:1 exec:2:cc1 exit:2 fork:3:1 exec:3:as exit:3 fork:4:1 "
		 "exec:4:cc1",
		 "sh:1:1/4@0 cc1:4:1/2@1 as:3:0/1@0", "1>0 4>1"},
		{"two at once are two", 4, "add:1:sh fork:2:1 exec:2:cc1 fork:3:1 exec:3:cc1",
		 "sh:1:1/3@0 cc1:2:1/1@0 cc1:3:1/1@0", "1>0 2>1 3>2"},
		{"limit: shares", 2, "add:1:sh fork:2:1 exec:2:cc1 fork:3:1 exec:3:cc1",
		 "sh:1:1/3@0 cc1:3:2/2@0", "1>0 2>1 3>1"},
		{"limit: the older one goes on", 2,
		 "add:1:sh fork:2:1 exec:2:cc1 fork:3:1 exec:3:cc1 exit:3",
		 "sh:1:1/3@0 cc1:2:1/2@0", "1>0 2>1"},
		{"limit: the latest of those left goes on", 2,
		 "add:1:sh fork:2:1 exec:2:cc1 fork:3:1 exec:3:cc1 fork:4:1 exec:4:cc1 exit:4",
		 "sh:1:1/4@0 cc1:3:2/3@0", "1>0 2>1 3>1"},
		{"limit: none", 2, "add:1:sh fork:2:1 exec:2:cc1 fork:3:1 exec:3:as fork:4:3",
		 "sh:1:1/3@0 cc1:2:1/1@0", "1>0 2>1 3>- 4>-"},
		{"limit: room again", 2,
		 "add:1:sh fork:2:1 exec:2:cc1 fork:3:1 exec:3:as exit:2 exec:3:cc1",
		 "sh:1:1/3@0 cc1:3:1/2@1", "1>0 3>1"},
		{"limit of none", 0, "add:1:a exec:1:b fork:2:1 update update exit:1", "", "2>-"},
		{"told apart at the second update", 4, "add:1:a fork:2:1 update:0 update:1",
		 "a:1:1/2@0 a:2:1/1@0", "1>0 2>1"},
		{"not at the first", 4, "add:1:a update:0 fork:2:1 update:0", "a:1:2/2@0",
		 "1>0 2>0"},
		{"told apart once", 4, "add:1:a fork:2:1 update:0 update:1 update:0 update:0",
		 "a:1:1/2@0 a:2:1/1@0", "1>0 2>1"},
		{"told apart without room", 1, "add:1:a fork:2:1 update:0 update:0", "a:1:2/2@0",
		 "1>0 2>0"},
		{"told apart once there is room", 2,
		 "add:1:a add:2:b fork:3:2 update:0 update:0 exit:1 comm:3:a update:1",
		 "a:3:1/2@1 b:2:1/2@0", "2>1 3>0"},
		{"an orphan keeps the target", 4, "add:1:a fork:2:1 exit:1 update:0 update:0",
		 "a:2:1/2@0", "2>0"},
		{"executed before it is told apart", 4,
		 "add:1:a fork:2:1 update:0 exec:2:b update:0", "a:1:1/2@0 b:2:1/1@0", "1>0 2>1"},
		{"exit of the child first", 4, "add:1:a fork:2:1 exit:2 exit:1", "a:1:0/2@0", ""},
		{"exit of the parent first", 4, "add:1:a fork:2:1 exit:1 exit:2", "a:2:0/2@0", ""},
		{"named late", 4, "add:1:? comm:1:b comm:1:c", "b:1:1/1@0", "1>0"},
		{"renamed", 4, "add:1:a comm:1:b", "a:1:1/1@0", "1>0"},
		{"renamed, child told apart", 4, "add:1:a fork:2:1 comm:2:b update:0 update:1",
		 "a:1:1/2@0 b:2:1/1@0", "1>0 2>1"},
		{"unknown pids", 4, "exit:9 comm:9:x exec:8:a fork:7:6 exit:6", "a:8:1/1@0",
		 "7>- 8>0"},
		{"a pid is used again", 4, "add:1:sh fork:2:1 exec:2:a fork:2:1",
		 "sh:1:2/3@0 a:2:0/1@0", "1>0 2>0"},
		{"all in one", 4, "unite:ram add:1:a add:2:b fork:3:1 exec:3:c exit:2",
		 "ram:0:3/3@0", "1>0 3>0"},
		{"all in one: told apart, not from it", 4,
		 "unite:ram add:1:a seen:1 fork:2:1 update:0 update:0 exec:1:b", "ram:0:3/2@0",
		 "1>0 2>0"},
		{"all in one: it stays", 1, "unite:ram add:1:a exit:1 fork:3:2", "ram:0:1/1@0",
		 "3>-"},
		{"as they are seen", 4, "lazy add:1:a fork:2:1 exec:2:b add:3:c admit:2",
		 "b:2:1/1@0", "1>- 2>0 3>-"},
		{"as they are seen: a child of a seen one", 4,
		 "lazy add:1:a admit:1 seen:1 fork:2:1 update:0 update:0", "a:1:1/2@0", "1>0 2>-"},
		{"as they are seen: a child that was seen", 4,
		 "lazy add:1:a admit:1 seen:1 fork:2:1 seen:2 update:0 update:1",
		 "a:1:1/2@0 a:2:1/1@0", "1>0 2>1"},
		{"as they are seen: exec begins anew", 4, "lazy add:1:a admit:1 seen:1 exec:1:b",
		 "a:1:0/1@0", "1>-"},
		{"as they are seen: beyond the limit", 1, "lazy add:1:a add:2:b admit:1 admit:2",
		 "a:1:1/1@0", "1>0 2>-"},
		{"a long name is cut", 4, "add:1:abcdefghijklmnopqrstuvwxyz",
		 "abcdefghijklmno:1:1/1@0", "1>0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_targets *t = damon_targets_new(rows[i].max);
		char copy[256], got[512], *save = NULL;
		uint64_t now = 0;

		snprintf(copy, sizeof(copy), "%s", rows[i].events);
		for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
			event(t, w, ++now);
			check_sound(t);
		}
		print_targets(t, got, sizeof(got));
		cr_expect_str_eq(got, rows[i].targets, "%s: %s", rows[i].name, got);
		print_procs(t, got, sizeof(got));
		cr_expect_str_eq(got, rows[i].procs, "%s: %s", rows[i].name, got);
		damon_targets_free(t);
	}
	damon_targets_free(NULL);
}

static void feed(struct damon_targets *t, const char *events, uint64_t now)
{
	char copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", events);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		event(t, w, now++);
	check_sound(t);
}

Test(target, spaces)
{
	static const struct {
		const char *name;
		size_t max;
		const char *events;
		bool shared;	/* by processes 1 and 2 */
		size_t nr_live; /* of process 2 */
	} rows[] = {
		{"fork shares", 4, "add:1:a map:1 fork:2:1 map:1", true, 2},
		{"exec starts anew", 4, "add:1:a map:1 fork:2:1 exec:2:b", false, 0},
		{"told apart is a copy", 4, "add:1:a map:1 fork:2:1 update update:1 map:1", false,
		 1},
		{"no room, no copy", 1, "add:1:a map:1 fork:2:1 update update", true, 1},
		{"two attached", 4, "add:1:a map:1 add:2:a", false, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_targets *t = damon_targets_new(rows[i].max);
		struct damon_space *one, *two;

		feed(t, rows[i].events, 1);
		one = damon_targets_find(t, 1)->space;
		two = damon_targets_find(t, 2)->space;
		cr_expect_eq(one == two, rows[i].shared, "%s", rows[i].name);
		cr_expect_eq(two->nr_live, rows[i].nr_live, "%s", rows[i].name);
		damon_targets_free(t);
	}
}

Test(target, a_retired_target_keeps_its_space)
{
	struct damon_targets *t = damon_targets_new(4);

	feed(t, "add:1:a map:1 exit:1", 1);
	cr_expect_eq(damon_targets_nr_procs(t), 0);
	cr_expect_eq(damon_targets_at(t, 0)->space->nr_live, 1);
	cr_expect_eq(damon_targets_at(t, 0)->from_ns, 1);
	cr_expect_eq(damon_targets_at(t, 0)->to_ns, 3);
	feed(t, "exec:2:a", 4);
	cr_expect_eq(damon_targets_at(t, 0)->space->nr_live, 0, "the new one's");
	cr_expect_eq(damon_targets_at(t, 0)->from_ns, 1);
	cr_expect_eq(damon_targets_at(t, 0)->to_ns, UINT64_MAX);
	damon_targets_free(t);
}

/* A shell that runs 1000 short programs of three names, up to 8 at a time. */
Test(target, a_fork_storm_stays_bounded)
{
	static const char *const programs[] = {"cc1", "as", "ld"};
	struct damon_targets *t = damon_targets_new(64);
	size_t total = 0;

	damon_targets_add(t, 1, "sh", 0);
	for (int i = 0; i < 1000; i++) {
		int pid = 100 + i;

		cr_assert_eq(damon_targets_fork(t, pid, 1, i), 0);
		cr_assert_eq(damon_targets_exec(t, pid, programs[i % 3], i), 0);
		damon_targets_find(t, pid)->nr_obs++;
		if (i >= 8)
			damon_targets_exit(t, pid - 8, i);
		cr_assert_leq(damon_targets_nr_procs(t), 10);
	}
	check_sound(t);
	cr_expect_leq(damon_targets_count(t), 10, "%zu targets", damon_targets_count(t));
	for (size_t i = 0; i < damon_targets_count(t); i++)
		total += damon_targets_at(t, i)->nr_procs_total;
	cr_expect_eq(total, 1 + 2 * 1000, "each child was the shell's, then its program's");
	damon_targets_free(t);
}

/* Thousands of processes alive, removed in another order than they came. */
Test(target, the_table_of_processes)
{
	enum { N = 5000, STEP = 1777 }; /* coprime: every number comes up once */
	struct damon_targets *t = damon_targets_new(4);

	damon_targets_add(t, 1, "a", 0);
	for (int i = 0; i < N; i++)
		cr_assert_eq(damon_targets_fork(t, 2 + i * 64, 1, i), 0);
	cr_assert_eq(damon_targets_nr_procs(t), N + 1);
	check_sound(t);
	for (int i = 0; i < N; i++) {
		int n = (int)((long)i * STEP % N);

		damon_targets_exit(t, 2 + n * 64, i);
		cr_assert_null(damon_targets_find(t, 2 + n * 64));
		if (i % 500 == 0)
			check_sound(t);
	}
	cr_expect_eq(damon_targets_nr_procs(t), 1);
	cr_expect_eq(damon_targets_at(t, 0)->nr_procs, 1);
	cr_expect_eq(damon_targets_at(t, 0)->nr_procs_total, N + 1);
	damon_targets_free(t);
}

Test(target, a_full_table_reuses_places_but_no_numbers)
{
	struct damon_targets *t = damon_targets_new(2);
	struct damon_target *old;
	uint64_t now = NS_PER_SEC;

	damon_targets_add(t, 1, "make", now);
	damon_targets_add(t, 2, "cc1", now);
	old = damon_targets_find(t, 2)->target;
	damon_targets_exit(t, 2, now);
	cr_expect_null(damon_targets_add(t, 3, "as", now + NS_PER_SEC)->target, "too soon");
	cr_assert_not_null(damon_targets_add(t, 4, "ld", now + 3 * NS_PER_SEC)->target);
	cr_expect_eq(damon_targets_find(t, 4)->target, old);
	cr_expect_eq(old->id, 2);
	cr_expect_eq(old->slot, 1);
	cr_expect_str_eq(old->comm, "ld");
	cr_expect_eq(old->nr_procs_total, 1);
	cr_expect_null(damon_targets_add(t, 5, "ar", now + 9 * NS_PER_SEC)->target, "all alive");
	damon_targets_free(t);
}
