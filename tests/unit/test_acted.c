/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may be acted upon, and since when. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "lib/schemes/acted.h"
#include "tests/kit/fake_sys.h"

#define MS    NS_PER_MS
#define PIDFD 800

struct world {
	struct fake_sys fake; /* first */
	struct fake_file files[12];
	size_t nr_files;
	struct damon_targets *ts;
	struct acted acted;
	int nr_pidfds, pidfd_err, flock_err;
	bool exited;
};

static int fake_pidfd_open(const struct damon_sys *s, int pid)
{
	struct world *w = s->priv;

	if (w->pidfd_err)
		return -w->pidfd_err;
	w->nr_pidfds++;
	return PIDFD + pid;
}

static int fake_flock(const struct damon_sys *s, int fd, int op)
{
	return -((struct world *)s->priv)->flock_err;
}

static int fake_poll(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms)
{
	fds->revents = ((struct world *)s->priv)->exited ? POLLIN : 0;
	return fds->revents != 0;
}

static int (*close_file)(const struct damon_sys *s, int fd);

static int fake_close(const struct damon_sys *s, int fd)
{
	if (fd < PIDFD)
		return close_file(s, fd);
	((struct world *)s->priv)->nr_pidfds--;
	return 0;
}

#define STAT(pid, flags, start)                                                                    \
	pid " (x) S 1 1 1 0 -1 " flags " 0 0 0 0 0 0 0 0 20 0 1 0 " start " 0 0 0"

static void init(struct world *w, size_t max, bool with_lock)
{
	static const struct fake_file files[] = {
		{"/proc/uptime", "150.00 1.00\n"},
		{"/proc/7/stat", STAT("7", "4194304", "10000")},
		{"/proc/7", ""},
		{"/proc/8/stat", STAT("8", "4194304", "10000")},
		{"/proc/8", ""},
		{"/proc/9/stat", STAT("9", "2097152", "100")}, /* a thread of the kernel */
		{"/proc/9", ""},
		{"/proc/10/stat", STAT("10", "4194304", "14990")}, /* 149.9 s */
		{"/proc/10", ""},
		{NULL},
	};

	memset(w, 0, sizeof(*w));
	memcpy(w->files, files, sizeof(files));
	fake_sys_init(&w->fake, w->files);
	close_file = w->fake.sys.close;
	w->fake.sys.close = fake_close;
	w->fake.sys.poll = fake_poll;
	w->fake.sys.flock = fake_flock;
	w->fake.sys.pidfd_open = fake_pidfd_open;
	w->fake.clock_ns = 150 * NS_PER_SEC;
	w->ts = damon_targets_new(8);
	cr_assert_eq(acted_init(&w->acted, &w->fake.sys, max, with_lock), 0);
}

static void release(struct world *w)
{
	acted_release(&w->acted);
	damon_targets_free(w->ts);
	cr_expect_eq(w->nr_pidfds, 0);
	cr_expect_eq(w->fake.nr_open, 0);
}

/* A process that was monitored from then on. */
static struct damon_proc *monitored(struct world *w, int pid, uint64_t from_ns)
{
	struct damon_proc *p = damon_targets_add(w->ts, pid, "x", from_ns);

	cr_assert(p);
	return p;
}

Test(acted, refusals)
{
	static const struct {
		const char *name;
		int pid;
		uint64_t from_ns;
		int pidfd_err, flock_err, err;
		const char *says;
	} rows[] = {
		{"one like others", 7, 120 * NS_PER_SEC, 0, 0, 0, ""},
		{"it started before it was known", 10, 149950 * MS, 0, 0, 0, ""},
		{"about when it was known", 10, 149880 * MS, 0, 0, 0, ""},
		{"after it was known", 10, 149800 * MS, 0, 0, -ESRCH, "another one"},
		{"a thread of the kernel", 9, 120 * NS_PER_SEC, 0, 0, -EINVAL, "kernel"},
		{"init", 1, 120 * NS_PER_SEC, 0, 0, -EINVAL, "init"},
		{"itself", -1, 120 * NS_PER_SEC, 0, 0, -EINVAL, "itself"},
		{"one that has gone", 77, 120 * NS_PER_SEC, 0, 0, -ESRCH, "77"},
		{"gone when it was opened", 7, 120 * NS_PER_SEC, ESRCH, 0, -ESRCH, "process 7"},
		{"no descriptors left", 7, 120 * NS_PER_SEC, EMFILE, 0, -EMFILE, "process 7"},
		{"another acts upon it", 7, 120 * NS_PER_SEC, 0, EWOULDBLOCK, -EBUSY, "another"},
		{"cannot be locked", 7, 120 * NS_PER_SEC, 0, ENOLCK, -ENOLCK, "/proc/7"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_fail why = {0};
		struct world w;
		struct damon_proc *p;
		int err;

		init(&w, 4, true);
		w.pidfd_err = rows[i].pidfd_err;
		w.flock_err = rows[i].flock_err;
		p = monitored(&w, rows[i].pid < 0 ? getpid() : rows[i].pid, rows[i].from_ns);
		err = acted_want(&w.acted, p, &why);
		cr_expect_eq(err, rows[i].err, "%s: %d", rows[i].name, err);
		cr_expect(strstr(why.text, rows[i].says), "%s: '%s'", rows[i].name, why.text);
		err = acted_want(&w.acted, p, &why);
		cr_expect_eq(err, rows[i].err, "%s: asked again", rows[i].name);
		acted_prove(&w.acted, w.ts, w.fake.clock_ns + NS_PER_SEC);
		cr_expect_eq(acted_find(&w.acted, p->pid)->proven, !rows[i].err, "%s",
			     rows[i].name);
		release(&w);
	}
}

Test(acted, believed_only_at_the_end_of_an_interval_that_ended_later)
{
	struct world w;
	struct damon_proc *p;

	init(&w, 4, false);
	p = monitored(&w, 7, 120 * NS_PER_SEC);
	cr_assert_eq(acted_want(&w.acted, p, NULL), 0);
	cr_expect_not(acted_find(&w.acted, 7)->proven);
	acted_prove(&w.acted, w.ts, w.fake.clock_ns - 50 * MS); /* read late */
	cr_expect_not(acted_find(&w.acted, 7)->proven);
	acted_prove(&w.acted, w.ts, w.fake.clock_ns);
	cr_expect_not(acted_find(&w.acted, 7)->proven);
	acted_prove(&w.acted, w.ts, w.fake.clock_ns + 50 * MS);
	cr_expect(acted_find(&w.acted, 7)->proven);
	cr_expect_eq(acted_find(&w.acted, 7)->fd, PIDFD + 7);
	cr_expect_eq(acted_find(&w.acted, 7)->target_id, p->target->id);
	cr_expect_eq(acted_find(&w.acted, 7)->space_id, p->space->id);
	release(&w);
}

static void exit_was_read(struct world *w)
{
	damon_targets_exit(w->ts, 7, w->fake.clock_ns - MS);
}

static void fork_was_read(struct world *w)
{
	damon_targets_fork(w->ts, 7, 1, w->fake.clock_ns - MS); /* its number is used again */
}

static void pidfd_tells(struct world *w)
{
	w->exited = true;
}

Test(acted, gone_before_it_was_proven)
{
	static const struct {
		const char *name;
		void (*happens)(struct world *w);
	} rows[] = {
		{"its exit was read", exit_was_read},
		{"its exit was lost, another one's fork was read", fork_was_read},
		{"nothing was read", pidfd_tells},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;

		init(&w, 4, true);
		cr_assert_eq(acted_want(&w.acted, monitored(&w, 7, 120 * NS_PER_SEC), NULL), 0);
		rows[i].happens(&w);
		acted_prove(&w.acted, w.ts, w.fake.clock_ns + 50 * MS);
		cr_expect_null(acted_find(&w.acted, 7), "%s", rows[i].name);
		cr_expect_eq(w.nr_pidfds, 0, "%s: closed", rows[i].name);
		cr_expect_eq(w.fake.nr_open, 0, "%s: unlocked", rows[i].name);
		release(&w);
	}
}

Test(acted, jobs_keep_it_open)
{
	struct world w;

	init(&w, 4, true);
	cr_assert_eq(acted_want(&w.acted, monitored(&w, 7, 120 * NS_PER_SEC), NULL), 0);
	acted_prove(&w.acted, w.ts, w.fake.clock_ns + 50 * MS);
	acted_find(&w.acted, 7)->nr_jobs = 2;
	exit_was_read(&w);
	acted_prove(&w.acted, w.ts, w.fake.clock_ns + 150 * MS);
	cr_expect_null(acted_find(&w.acted, 7), "no more jobs for it");
	cr_expect_eq(w.nr_pidfds, 1);
	acted_job_done(&w.acted, 7, PIDFD + 7);
	acted_prove(&w.acted, w.ts, w.fake.clock_ns + 250 * MS);
	cr_expect_eq(w.nr_pidfds, 1);
	acted_job_done(&w.acted, 7, PIDFD + 7);
	acted_prove(&w.acted, w.ts, w.fake.clock_ns + 350 * MS);
	cr_expect_eq(w.nr_pidfds, 0);
	release(&w);
}

Test(acted, no_more_than_so_many)
{
	struct damon_fail why = {0};
	struct world w;

	init(&w, 1, false);
	cr_expect_eq(acted_want(&w.acted, monitored(&w, 7, 120 * NS_PER_SEC), NULL), 0);
	cr_expect_eq(acted_want(&w.acted, monitored(&w, 8, 120 * NS_PER_SEC), &why), -EMFILE);
	cr_expect(strstr(why.text, "1 process"), "%s", why.text);
	exit_was_read(&w);
	acted_prove(&w.acted, w.ts, w.fake.clock_ns + 50 * MS);
	cr_expect_eq(acted_want(&w.acted, damon_targets_find(w.ts, 8), NULL), 0, "there is room");
	release(&w);
}

Test(acted, refused_ones_are_asked_anew_after_a_while)
{
	struct damon_proc *p;
	struct world w;

	init(&w, 4, true);
	p = monitored(&w, 7, 120 * NS_PER_SEC);
	w.flock_err = EWOULDBLOCK;
	cr_expect_eq(acted_want(&w.acted, p, NULL), -EBUSY);
	w.flock_err = 0;
	acted_prove(&w.acted, w.ts, w.fake.clock_ns + NS_PER_SEC);
	cr_expect_eq(acted_want(&w.acted, p, NULL), -EBUSY, "as it was");
	acted_prove(&w.acted, w.ts, w.fake.clock_ns + 11 * NS_PER_SEC);
	cr_expect_eq(acted_want(&w.acted, p, NULL), 0, "the other one has ended");
	release(&w);
}
