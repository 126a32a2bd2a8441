/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions on the real kernel. Where it refuses perf events, these tests say so and skip. Nothing
 * here depends on time but a limit of seconds for what takes milliseconds. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "perf/session.h"

#define LIMIT_NS (20 * NS_PER_SEC)
#define MAX_TIDS 64

static struct damon_session *s;

/* What was seen, and when that is enough. */
struct seen {
	uint64_t samples, execs, forks, exits, mmaps, stacks, disorder, last_ns;
	int tid[MAX_TIDS], pid[MAX_TIDS];
	int nr;
};

static void new_session(uint64_t period_ns)
{
	struct damon_event e = {.attr = {
					.type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_CPU_CLOCK,
					.sample_period = period_ns,
					.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_STACK_USER,
					.sample_stack_user = 64,
					.exclude_kernel = 1,
					.exclude_hv = 1,
				}};
	struct damon_fail f = {0};
	int err = damon_session_new(&damon_sys_real, &e, 1, NULL, &s, &f);

	if (err)
		cr_skip("no perf events here: %s", f.text);
}

static int note(void *priv, const struct damon_perf_record *r)
{
	struct seen *n = priv;
	int i;

	n->disorder += r->time_ns < n->last_ns;
	n->last_ns = r->time_ns;
	n->execs += r->type == PERF_RECORD_COMM && r->comm.exec;
	n->forks += r->type == PERF_RECORD_FORK;
	n->exits += r->type == PERF_RECORD_EXIT;
	n->mmaps += r->type == PERF_RECORD_MMAP2 && r->mmap.map.inode != 0;
	if (r->type != PERF_RECORD_SAMPLE)
		return 0;
	n->samples++;
	n->stacks += r->sample.stack_len > 0;
	for (i = 0; i < n->nr && n->tid[i] != r->sample.tid; i++)
		;
	if (i == n->nr && n->nr < MAX_TIDS) {
		n->tid[n->nr] = r->sample.tid;
		n->pid[n->nr++] = r->sample.pid;
	}
	return 0;
}

/* Reads until 'tids' threads have been sampled and 'pid' (if not 0) has ended, or the limit. */
static void record(struct seen *n, int tids, int pid)
{
	uint64_t begin = damon_sys_real.clock_ns(&damon_sys_real);
	bool ended = !pid;
	struct pollfd fds[256];
	size_t nr = MIN(damon_session_pollfds(s, fds, 256), (size_t)256);

	while (damon_sys_real.clock_ns(&damon_sys_real) - begin < LIMIT_NS) {
		bool last = ended;

		cr_assert_geq(damon_session_read(s, note, n), 0);
		if (n->nr >= tids && last)
			return;
		damon_sys_real.poll(&damon_sys_real, fds, nr, 5);
		for (size_t i = 0; i < nr; i++)
			cr_assert_eq(fds[i].revents & ~POLLIN, 0, "a ring reports %x",
				     fds[i].revents);
		if (!ended)
			ended = waitpid(pid, NULL, WNOHANG) == pid;
	}
}

static void finish(void)
{
	struct damon_session_stats st;
	uint64_t cpu_ns = 0;

	damon_session_stats(s, &st);
	cr_expect_eq(st.malformed, 0);
	cr_expect_eq(damon_session_count(s, 0, &cpu_ns), 0);
	cr_expect_gt(cpu_ns, 0);
	damon_session_free(s);
}

static void burn(void)
{
	for (volatile int i = 0; i < 1000; i++)
		;
}

static void *burn_for_ever(void *arg)
{
	for (;;)
		burn();
	return NULL;
}

/* A child that waits for a byte and then does 'work'. */
static int child(void (*work)(void), int *go)
{
	int ends[2], pid;
	char c;

	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[1]);
		if (read(ends[0], &c, 1) == 1)
			work();
		_exit(0);
	}
	close(ends[0]);
	*go = ends[1];
	return pid;
}

static void let_go(int go)
{
	cr_assert_eq(write(go, "x", 1), 1);
	close(go);
}

static void end(int pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void run_shell(void)
{
	execl("/bin/sh", "sh", "-c",
	      "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; "
	      "for i in 1 2 3; do /bin/true; done; true",
	      NULL);
}

Test(session_live, follows_a_command)
{
	struct seen n = {0};
	int go, pid;

	new_session(NS_PER_MS);
	pid = child(run_shell, &go);
	cr_assert_eq(damon_session_attach_on_exec(s, pid, NULL), 0);
	cr_assert_eq(damon_session_enable(s), 0);
	let_go(go);
	record(&n, 1, pid);
	cr_expect_eq(n.execs, 4, "the shell and its three: %llu", (unsigned long long)n.execs);
	cr_expect_geq(n.forks, 3);
	cr_expect_geq(n.exits, 4);
	cr_expect_geq(n.mmaps, 4 * 2, "program and libc of each");
	cr_expect_gt(n.samples, 0);
	cr_expect_eq(n.stacks, n.samples);
	cr_expect_leq(n.disorder, n.samples / 10);
	finish();
}

static void run_forked(void)
{
	execl("/bin/sh", "sh", "-c",
	      "(i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done) & wait; /bin/true; true", NULL);
}

/* What a hypervisor took from all CPUs so far (proc(5), 'steal' of /proc/stat): perf's clock of a
 * task goes on then, what a process used does not. */
static double steal_ns(void)
{
	FILE *in = fopen("/proc/stat", "re");
	unsigned long long ticks = 0;

	if (in && fscanf(in, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
		ticks = 0;
	if (in)
		fclose(in);
	return (double)ticks * NS_PER_SEC / (double)sysconf(_SC_CLK_TCK);
}

/* In front of events of hardware: what only counts tells of tasks and mappings as well, and of the
 * CPU time of children that have gone. */
Test(session_live, a_clock_that_only_counts_follows_a_command)
{
	struct damon_event e = {.attr = {
					.type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_TASK_CLOCK,
					.exclude_kernel = 1,
					.exclude_hv = 1,
				}};
	struct damon_fail f = {0};
	struct seen n = {0};
	struct rusage used;
	uint64_t cpu_ns = 0;
	double used_ns, stolen_ns = steal_ns();
	int go, pid;

	if (damon_session_new(&damon_sys_real, &e, 1, NULL, &s, &f))
		cr_skip("no perf events here: %s", f.text);
	pid = child(run_forked, &go);
	cr_assert_eq(damon_session_attach_on_exec(s, pid, NULL), 0);
	cr_assert_eq(damon_session_enable(s), 0);
	let_go(go);
	record(&n, 0, pid);
	cr_expect_eq(n.execs, 2, "%llu", (unsigned long long)n.execs);
	cr_expect_geq(n.forks, 2);
	cr_expect_geq(n.mmaps, 2 * 2);
	cr_expect_eq(n.samples, 0);
	cr_assert_eq(getrusage(RUSAGE_CHILDREN, &used), 0);
	stolen_ns = steal_ns() - stolen_ns;
	used_ns = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * NS_PER_SEC +
		  (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * NS_PER_US;
	cr_assert_eq(damon_session_count(s, 0, &cpu_ns), 0);
	cr_expect(cpu_ns > .6 * used_ns && cpu_ns < 1.4 * used_ns + stolen_ns,
		  "%g of %g ns, %g stolen", (double)cpu_ns, used_ns, stolen_ns);
	damon_session_free(s);
}

#define THREADS 20

static void many_threads(void)
{
	pthread_t t;

	for (int i = 1; i < THREADS; i++)
		pthread_create(&t, NULL, burn_for_ever, NULL);
	burn_for_ever(NULL);
}

static int nr_threads(int pid)
{
	char path[64], *text = NULL;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	if (!damon_sys_slurp(&damon_sys_real, path, &text, NULL))
		for (const char *p = text; (p = strchr(p, '\n')); p++)
			n++;
	free(text);
	return n;
}

Test(session_live, attaches_to_all_threads)
{
	struct damon_session_stats st;
	struct seen n = {0};
	int go, pid;

	new_session(NS_PER_MS);
	pid = child(many_threads, &go);
	let_go(go);
	while (nr_threads(pid) < THREADS)
		usleep(1000);
	cr_assert_eq(damon_session_attach(s, pid, NULL), 0);
	cr_assert_eq(damon_session_enable(s), 0);
	damon_session_stats(s, &st);
	cr_expect_eq(st.nr_fds, st.nr_rings * (THREADS + 1));
	record(&n, THREADS, 0);
	cr_expect_eq(n.nr, THREADS);
	for (int i = 0; i < n.nr; i++)
		cr_expect_eq(n.pid[i], pid);
	end(pid);
	finish();
}

Test(session_live, follows_threads_made_while_it_records)
{
	struct seen n = {0};
	int go, pid;

	new_session(NS_PER_MS);
	pid = child(many_threads, &go);
	cr_assert_eq(damon_session_attach(s, pid, NULL), 0);
	cr_assert_eq(damon_session_enable(s), 0);
	let_go(go);
	record(&n, THREADS, 0);
	cr_expect_eq(n.nr, THREADS);
	cr_expect_eq(n.forks, THREADS - 1);
	end(pid);
	finish();
}

static void fork_two(void)
{
	for (int i = 0; i < 2; i++)
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			burn_for_ever(NULL);
		}
	burn_for_ever(NULL);
}

Test(session_live, follows_forks)
{
	struct seen n = {0};
	int go, pid;

	new_session(NS_PER_MS);
	pid = child(fork_two, &go);
	cr_assert_eq(damon_session_attach(s, pid, NULL), 0);
	cr_assert_eq(damon_session_enable(s), 0);
	let_go(go);
	record(&n, 3, 0);
	cr_expect_eq(n.nr, 3);
	for (int i = 0; i < n.nr; i++)
		cr_expect_eq(n.pid[i], n.tid[i]);
	end(pid);
	finish();
}

/* Threads come and go all the while. They live for several ticks: the clock of a new thread begins
 * with a whole period, so that threads shorter than one are never sampled. */
static void *short_lived(void *arg)
{
	for (int i = 0; i < 4000; i++)
		burn();
	return NULL;
}

static void churn(void)
{
	for (;;) {
		pthread_t t[4];

		for (int i = 0; i < 4; i++)
			pthread_create(&t[i], NULL, short_lived, NULL);
		for (int i = 0; i < 4; i++)
			pthread_join(t[i], NULL);
	}
}

Test(session_live, attaches_to_a_churn_of_threads)
{
	int go, pid = child(churn, &go);

	let_go(go);
	for (int round = 0; round < 5; round++) {
		struct seen n = {0};

		new_session(NS_PER_MS);
		cr_assert_eq(damon_session_attach(s, pid, NULL), 0);
		cr_assert_eq(damon_session_enable(s), 0);
		record(&n, 3, 0);
		cr_expect_geq(n.nr, 3);
		finish();
	}
	end(pid);
}

Test(session_live, process_that_is_gone)
{
	struct damon_fail f = {0};
	int go, pid;

	new_session(NS_PER_MS);
	pid = child(run_shell, &go);
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
	cr_expect_eq(damon_session_attach(s, pid, &f), -ESRCH, "a zombie");
	cr_expect_eq(damon_session_attach_on_exec(s, pid, &f), -ESRCH);
	waitpid(pid, NULL, 0);
	cr_expect_eq(damon_session_attach(s, pid, &f), -ESRCH, "reaped");
	cr_expect(strstr(f.text, "no process"), "%s", f.text);
	close(go);
	damon_session_free(s);
}

Test(session_live, knows_what_a_tick_costs)
{
	struct perf_event_attr a = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = NS_PER_MS,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	double ns = -1;
	int err;

	new_session(NS_PER_MS);
	damon_session_free(s);
	err = damon_session_calibrate(&damon_sys_real, &a, &ns);
	cr_assert_eq(err, 0, "%d", err);
	cr_expect(ns >= 0 && ns < (double)NS_PER_MS, "%g ns", ns);
	a.config = PERF_COUNT_SW_PAGE_FAULTS;
	a.sample_period = 1;
	ns = -1;
	cr_expect_eq(damon_session_calibrate(&damon_sys_real, &a, &ns), -ENODATA);
	cr_expect_eq(ns, -1);
	a.config = 1u << 30;
	cr_expect_lt(damon_session_calibrate(&damon_sys_real, &a, &ns), 0, "no such event");
}

/* ---- a ladder ---- */

#define MAX_PIDS 8

struct stepping {
	int pid[MAX_PIDS], nr;
	uint32_t rung; /* samples of any other are counted as 'others' */
	uint64_t samples[MAX_PIDS], others;
	uint64_t execs;
};

static int note_rung(void *priv, const struct damon_perf_record *r)
{
	struct stepping *n = priv;

	n->execs += r->type == PERF_RECORD_COMM && r->comm.exec;
	if (r->type != PERF_RECORD_SAMPLE)
		return 0;
	n->others += r->sample.rung != n->rung;
	for (int i = 0; i < n->nr; i++)
		n->samples[i] += n->pid[i] == r->sample.pid && r->sample.rung == n->rung;
	return 0;
}

/* Reads until each process was sampled on this rung. What was written before the step is of the
 * old one, so it is read first. */
static void expect_all_on(struct stepping *n, uint32_t rung)
{
	uint64_t begin = damon_sys_real.clock_ns(&damon_sys_real);
	int least = 0;

	n->rung = rung;
	cr_assert_geq(damon_session_read(s, note_rung, n), 0);
	memset(n->samples, 0, sizeof(n->samples));
	n->others = 0;
	while (least < 2 && damon_sys_real.clock_ns(&damon_sys_real) - begin < LIMIT_NS) {
		cr_assert_geq(damon_session_read(s, note_rung, n), 0);
		least = 1000;
		for (int i = 0; i < n->nr; i++)
			least = MIN(least, (int)n->samples[i]);
		damon_sys_real.poll(&damon_sys_real, NULL, 0, 5);
	}
	cr_expect_geq(least, 2, "rung %u: each process is sampled", rung);
	cr_expect_eq(n->others, 0, "rung %u: no other one", rung);
}

static int start_burning(void)
{
	int pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		burn_for_ever(NULL);
	}
	return pid;
}

/* Forks a child that burns whenever it is told to, and tells its pid. */
static void fork_on_demand(void)
{
	int pid;
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1) {
		pid = start_burning();
		if (write(STDOUT_FILENO, &pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
	}
}

/* Children are on the rung that is on, whether they were there before a step or forked after it. */
Test(session_live, children_follow_the_ladder, .timeout = 120)
{
	static const struct damon_session_options o = {.first_rung = 1};
	struct damon_event e[3] = {{.attr = {.type = PERF_TYPE_SOFTWARE,
					     .config = PERF_COUNT_SW_DUMMY,
					     .exclude_kernel = 1,
					     .exclude_hv = 1}}};
	int in[2], out[2], parent;
	struct stepping n = {.rung = 1};
	struct damon_fail f = {0};

	for (unsigned i = 1; i < 3; i++)
		e[i] = (struct damon_event){.attr = {.type = PERF_TYPE_SOFTWARE,
						     .config = PERF_COUNT_SW_CPU_CLOCK,
						     .sample_period = i * NS_PER_MS,
						     .exclude_kernel = 1,
						     .exclude_hv = 1},
					    .rung = i};
	if (damon_session_new(&damon_sys_real, e, 3, &o, &s, &f))
		cr_skip("no perf events here: %s", f.text);
	cr_assert(!pipe(in) && !pipe(out));
	parent = fork();
	if (!parent) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(in[1]);
		fork_on_demand();
		_exit(0);
	}
	cr_assert_eq(damon_session_attach(s, parent, &f), 0, "%s", f.text);
	cr_assert_eq(damon_session_enable(s), 0);
	for (int step = 0; step < 4; step++) {
		cr_assert_eq(write(in[1], "x", 1), 1);
		cr_assert_eq(read(out[0], &n.pid[n.nr], sizeof(int)), sizeof(int));
		n.nr++;
		expect_all_on(&n, 1 + (uint32_t)step % 2);
		cr_assert_eq(damon_session_step(s, 1 + (uint32_t)(step + 1) % 2), 0);
	}
	for (int i = 0; i < n.nr; i++)
		kill(n.pid[i], SIGKILL);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	damon_session_free(s);
}

#define MAPPINGS 1000 /* more than fit into the least of rings */

/* All in a child, whose losses are those of the event that it inherited. */
static void map_in_child(void)
{
	int pid = fork();

	for (int i = 0; i < MAPPINGS && !pid; i++)
		munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static int count_mappings(void *priv, const struct damon_perf_record *r)
{
	*(uint64_t *)priv += r->type == PERF_RECORD_MMAP2;
	return 0;
}

/* The ring is full, and nothing is written once there is room again. */
Test(session_live, what_is_lost_last_is_told)
{
	static const struct damon_session_options o = {.ring_bytes = 16 << 10};
	static const struct damon_event e = {.attr = {.type = PERF_TYPE_SOFTWARE,
						      .config = PERF_COUNT_SW_TASK_CLOCK,
						      .exclude_kernel = 1,
						      .exclude_hv = 1}};
	struct damon_session_stats st;
	struct damon_fail f = {0};
	uint64_t seen = 0;
	int go, pid;

	if (damon_session_new(&damon_sys_real, &e, 1, &o, &s, &f))
		cr_skip("no perf events here: %s", f.text);
	if (!(damon_session_event(s, 0)->attr.read_format & DAMON_PERF_FORMAT_LOST))
		cr_skip("before Linux 6.0");
	pid = child(map_in_child, &go);
	cr_assert_eq(damon_session_attach(s, pid, NULL), 0);
	cr_assert_eq(damon_session_enable(s), 0);
	let_go(go);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	damon_session_disable(s);
	cr_assert_geq(damon_session_read(s, count_mappings, &seen), 0);
	damon_session_stats(s, &st);
	cr_expect_lt(seen, MAPPINGS);
	cr_expect_eq(st.no_room, 0, "no record says so");
	cr_expect_geq(seen + st.lost, MAPPINGS, "%llu are seen, %llu are lost",
		      (unsigned long long)seen, (unsigned long long)st.lost);
	cr_expect_lt(seen + st.lost, MAPPINGS + 100, "forks and exits besides: %llu",
		     (unsigned long long)(seen + st.lost));
	damon_session_free(s);
}
