/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apply_speed ACTION MIB ROUNDS: how quickly the worker applies an action to a child's memory, in
 * regions of 8 MiB, beside the bare calls on the same ranges. The two take turns; prints of each
 * round "RATIO RAW WORKER APPLIED LONGEST OVER": worker by raw, GiB/s of CPU time of both, the
 * share of the bytes that the worker says it changed, its longest slice in ms and the share of
 * slices of more than 1 ms (of real time). Exit status 77: it cannot be done here.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/util.h"
#include "lib/schemes/applier.h"

#define REGION (8ull << 20)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static struct {
	const struct damon_sys *sys;
	const struct damon_action *action;
	char *mem;
	size_t bytes;
	int pid, pid_fd, to_child, from_child;
	struct damos scheme;
} bench;

static void die(const char *what)
{
	fprintf(stderr, "apply_speed: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* 't': touch all, 'f': let go of all and touch it anew. */
static void child(int in, int out)
{
	char c = 'f';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	do {
		if (c == 'f' && madvise(bench.mem, bench.bytes, MADV_DONTNEED))
			_exit(1);
		for (size_t i = 0; i < bench.bytes; i += DAMON_PAGE_SIZE) {
			uint64_t *words = (uint64_t *)(bench.mem + i);

			for (int k = 0; c == 'f' && k < 256; k++) /* half of it compresses */
				words[k] = (i + (size_t)k) * 0x9e3779b97f4a7c15ull;
			words[300] = i;
		}
		if (write(out, "k", 1) != 1)
			_exit(1);
	} while (read(in, &c, 1) == 1);
	_exit(0);
}

static void await(void)
{
	char c;

	if (read(bench.from_child, &c, 1) != 1)
		die("the child");
}

static void tell(char c)
{
	if (write(bench.to_child, &c, 1) != 1)
		die("the child");
	await();
}

static void start_child(void)
{
	int to[2], from[2];
	char *all = mmap(NULL, bench.bytes + DAMON_HUGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED || pipe(to) || pipe(from))
		die("memory");
	bench.mem = all + (-(uintptr_t)all & (DAMON_HUGE_SIZE - 1));
	bench.pid = fork();
	if (bench.pid == 0) {
		close(to[1]);
		child(to[0], from[1]);
	}
	bench.to_child = to[1];
	bench.from_child = from[0];
	bench.pid_fd = bench.sys->pidfd_open(bench.sys, bench.pid);
	await();
}

static size_t regions(struct iovec *v)
{
	size_t n = 0;

	for (size_t at = 0; at < bench.bytes; at += REGION)
		v[n++] = (struct iovec){bench.mem + at, REGION};
	return n;
}

static void raw_advice(int advice)
{
	struct iovec v[1024];
	size_t n = regions(v);

	if (bench.sys->process_madvise(bench.sys, bench.pid_fd, v, n, advice) < 0)
		die("process_madvise");
}

static void raw_reads(void)
{
	static struct iovec v[1024];
	static char buf[1024];

	for (int pass = 0; pass < 2; pass++) {
		for (size_t at = 0; at < bench.bytes; at += 1024 * DAMON_PAGE_SIZE) {
			for (int i = 0; i < 1024; i++)
				v[i] = (struct iovec){bench.mem + at + (size_t)i * DAMON_PAGE_SIZE,
						      1};
			if (bench.sys->read_ranges(bench.sys, bench.pid, v, 1024, buf, 1024) < 0)
				die("process_vm_readv");
		}
	}
}

static void raw_move(int node)
{
	size_t n = bench.bytes / DAMON_PAGE_SIZE;
	void **page = calloc(n, sizeof(*page));
	int *nodes = calloc(n, sizeof(*nodes)), *status = calloc(n, sizeof(*status));

	for (size_t i = 0; i < n; i++) {
		page[i] = bench.mem + i * DAMON_PAGE_SIZE;
		nodes[i] = node;
	}
	if (bench.sys->move_pages(bench.sys, bench.pid, n, page, nodes, status) < 0)
		die("move_pages");
	free(page);
	free(nodes);
	free(status);
}

/* The memory as it was before each time. */
static void prepare(void)
{
	const char *a = bench.action->name;

	tell(strcmp(a, "collapse") == 0 ? 'f' : 't');
	if (strcmp(a, "willneed") == 0)
		raw_advice(MADV_PAGEOUT);
	if (strcmp(a, "lru_prio") == 0)
		raw_advice(MADV_COLD);
	if (strncmp(a, "migrate", 7) == 0)
		raw_move(0);
}

static void raw(void)
{
	const char *a = bench.action->name;

	if (strcmp(a, "lru_prio") == 0)
		raw_reads();
	else if (strncmp(a, "migrate", 7) == 0)
		raw_move(1);
	else
		raw_advice(strcmp(a, "cold") == 0	? MADV_COLD
			   : strcmp(a, "pageout") == 0	? MADV_PAGEOUT
			   : strcmp(a, "willneed") == 0 ? MADV_WILLNEED
							: MADV_COLLAPSE);
}

/* Submits all regions and steps until all is done. Returns the bytes applied. */
static uint64_t worker(struct applier *a)
{
	struct damos_result r;
	uint64_t applied = 0;
	static uint64_t id;

	for (size_t at = 0; at < bench.bytes; at += REGION) {
		const struct applier_job j = {.step = {.id = ++id,
						       .start = (uintptr_t)bench.mem + at,
						       .end = (uintptr_t)bench.mem + at + REGION},
					      .action = bench.action,
					      .scheme = &bench.scheme,
					      .pid = bench.pid,
					      .pid_fd = bench.pid_fd};

		if (applier_submit(a, &j, 1) != 1)
			die("the queue");
	}
	while (applier_step(a))
		;
	while (applier_take(a, &r, 1) == 1) {
		applied += r.applied;
		if (r.reason[0])
			fprintf(stderr, "apply_speed: %s\n", r.reason);
	}
	return applied;
}

/* CPU time: what is done is done within the calls, and others' work on the machine is not of it. */
static double seconds(void)
{
	return (double)bench.sys->own_cpu_ns(bench.sys) / (double)NS_PER_SEC;
}

static void measure(struct applier *a)
{
	struct applier_stats before, after;
	double start, raw_s, worker_s, gib = (double)bench.bytes / (1 << 30);
	uint64_t applied;

	prepare();
	start = seconds();
	raw();
	raw_s = seconds() - start;
	prepare();
	applier_stats(a, &before);
	start = seconds();
	applied = worker(a);
	worker_s = seconds() - start;
	applier_stats(a, &after);
	printf("%.3f %.3f %.3f %.3f %.2f %.3f\n", raw_s / worker_s, gib / raw_s, gib / worker_s,
	       (double)applied / (double)bench.bytes, (double)after.longest_ns / (double)NS_PER_MS,
	       (double)(after.over - before.over) / (double)(after.slices - before.slices));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct damon_fail why = {0};
	struct applier *a;
	int err;

	if (argc != 4)
		return 2;
	bench.sys = &damon_sys_real;
	bench.bytes = strtoul(argv[2], NULL, 10) << 20;
	bench.scheme = (struct damos){.action = argv[1], .target_nid = 1};
	err = damon_action_check(bench.sys, &bench.scheme, &bench.action, &why);
	if (!err && bench.bytes % REGION)
		err = damon_fail(&why, EINVAL, "MIB are multiples of 8");
	if (err || applier_new(bench.sys, &applier_defaults, &a, &why)) {
		fprintf(stderr, "apply_speed: %s\n", why.text);
		return 77;
	}
	start_child();
	for (long i = strtol(argv[3], NULL, 10); i > 0; i--)
		measure(a);
	applier_free(a);
	kill(bench.pid, SIGKILL);
	waitpid(bench.pid, NULL, 0);
	return 0;
}
