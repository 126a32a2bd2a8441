/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proof of the soft source by debug register, and what it costs.
 *
 *	exact [-n STOPS] [-r READS] [-s SHIFT] [-S SEED] COMMAND [ARGUMENT...]
 *
 * The command is stopped at random times. From its registers and stack a burst is computed, and one
 * of the predicted accesses is drawn. Then the program runs on step by step, with a debug register
 * on the predicted address: the prediction is confirmed if the program comes to the predicted
 * instruction and exactly that instruction touches the address. With -s the address watched is
 * SHIFT bytes off: a control, which must not be confirmed.
 *
 * At the end the bursts of all stops are computed again, for their cost in ns. Prints one line per
 * figure; exit status 1 if an exact prediction was not confirmed.
 */
#include <stdio.h>

#ifdef __x86_64__

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/util.h"
#include "os/proc.h"
#include "pmu/soft/code.h"
#include "pmu/soft/soft.h"
#include "pmu/soft/x86.h"

#define STACK_BYTES 512
#define MAX_STEPS   20000 /* a repeated string operation takes one per element */
#define KEPT	    4096  /* ticks kept for the cost */

struct tick {
	uint64_t regs[X86_NR_SAMPLED];
	uint8_t stack[STACK_BYTES];
	uint32_t stack_len;
};

struct tally {
	unsigned predicted, confirmed, missed, elsewhere;
};

struct proof {
	unsigned stops, reads, seed;
	long shift;
	int pid;
	const struct damon_sys *sys;
	struct damon_peek peek;
	struct damon_space *space;
	struct soft *soft;
	struct rng rng;
	struct tick *tick;
	unsigned nr_ticks;
	uint64_t now_ns; /* of the last stop */
	unsigned nr_stopped, nr_syscall, nr_empty, nr_disturbed, nr_stalls;
	unsigned why[SOFT_NR_STOPS];
	uint64_t accesses, unknown, insns;
	struct tally exact, likely;
};

static void pause_us(unsigned us)
{
	nanosleep(&(struct timespec){.tv_nsec = us * 1000l}, NULL);
}

static int start(struct proof *p, char **argv)
{
	int gate[2]; /* closes when the command is executed */
	char c;

	if (pipe2(gate, O_CLOEXEC))
		return -errno;
	p->pid = fork();
	if (!p->pid) {
		int fd = open("/dev/null", O_RDWR);

		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(gate[1]);
	if (read(gate[0], &c, 1))
		return -EIO;
	close(gate[0]);
	pause_us(200000);
	return p->pid < 0 || ptrace(PTRACE_SEIZE, p->pid, 0, PTRACE_O_EXITKILL) ? -errno : 0;
}

static int read_maps(struct proof *p)
{
	struct damon_maps maps;
	int err = damon_maps_read(p->sys, p->pid, &maps);

	if (err)
		return err;
	err = damon_space_sync(p->space, maps.m, maps.nr, p->sys->clock_ns(p->sys));
	damon_maps_release(&maps);
	return err;
}

static int set_debug(struct proof *p, int n, unsigned long v)
{
	return ptrace(PTRACE_POKEUSER, p->pid, offsetof(struct user, u_debugreg[0]) + 8 * n, v);
}

/* Waits for the tracee to stop by SIGTRAP. Returns 1, 0 if another signal came (it is passed on,
 * and the program goes on), -1 if the program ended. */
static int wait_stop(struct proof *p)
{
	int status;

	if (waitpid(p->pid, &status, __WALL) != p->pid || !WIFSTOPPED(status))
		return -1;
	if (WSTOPSIG(status) == SIGTRAP)
		return 1;
	p->nr_disturbed++;
	set_debug(p, 7, 0);
	return ptrace(PTRACE_CONT, p->pid, 0, WSTOPSIG(status)) ? -1 : 0;
}

/* Watches reads and writes of up to 8 aligned bytes at 'addr'. */
static int watch(struct proof *p, uint64_t addr, unsigned size)
{
	unsigned len = size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1, code;

	if (addr & (len - 1))
		len = 1;
	code = len == 8 ? 2 : len - 1;
	set_debug(p, 7, 0);
	return set_debug(p, 0, addr) || set_debug(p, 7, 1 | 3 << 16 | code << 18) ? -1 : 0;
}

static void take_tick(struct proof *p, const struct user_regs_struct *r, struct tick *t)
{
	const uint64_t regs[X86_NR_SAMPLED] = {r->rax, r->rbx, r->rcx, r->rdx,	  r->rsi, r->rdi,
					       r->rbp, r->rsp, r->rip, r->eflags, r->r8,  r->r9,
					       r->r10, r->r11, r->r12, r->r13,	  r->r14, r->r15};
	struct iovec to = {t->stack, STACK_BYTES}, from = {(void *)r->rsp, STACK_BYTES};
	ssize_t n = process_vm_readv(p->pid, &to, 1, &from, 1, 0);

	memcpy(t->regs, regs, sizeof(regs));
	t->stack_len = n > 0 ? n : 0;
}

static struct soft_tick soft_tick(const struct proof *p, const struct tick *t)
{
	return (struct soft_tick){
		.pid = p->pid,
		.time_ns = p->now_ns,
		.regs = t->regs,
		.stack = t->stack,
		.stack_len = t->stack_len,
		.space = p->space,
	};
}

/* Whether the instruction at 'ip' is a repeated one: it is stepped through time by time. */
static bool is_repeated(struct proof *p, uint64_t ip)
{
	long word = ptrace(PTRACE_PEEKTEXT, p->pid, ip, 0);

	return (word & 0xff) == 0xf3 || (word & 0xff) == 0xf2;
}

enum outcome { CONFIRMED, MISSED, ELSEWHERE, DISTURBED, TOO_FAR, ENDED };

/* Steps to the instruction 'at' of the burst, and over it. */
static enum outcome step_to(struct proof *p, const struct damon_access *a, unsigned at)
{
	struct user_regs_struct r;
	unsigned done = 0;

	for (unsigned i = 0; i < MAX_STEPS; i++) {
		bool last = done == at;
		uint64_t ip;
		int w;

		if (ptrace(PTRACE_GETREGS, p->pid, 0, &r))
			return ENDED;
		ip = r.rip;
		if (last && ip != a->ip)
			return ELSEWHERE;
		if (last)
			set_debug(p, 6, 0);
		if (ptrace(PTRACE_SINGLESTEP, p->pid, 0, 0))
			return ENDED;
		w = wait_stop(p);
		if (w <= 0)
			return w ? ENDED : DISTURBED;
		if (last)
			return ptrace(PTRACE_PEEKUSER, p->pid, offsetof(struct user, u_debugreg[6]),
				      0) & 1
				       ? CONFIRMED
				       : MISSED;
		if (ptrace(PTRACE_GETREGS, p->pid, 0, &r))
			return ENDED;
		done += r.rip != ip || !is_repeated(p, ip);
	}
	return TOO_FAR;
}

static void tell_miss(const struct proof *p, const struct tick *t, const struct damon_access *a,
		      unsigned at, enum outcome how)
{
	fprintf(stderr,
		"%s: %s access of %u bytes at %#" PRIx64 " by ip %#" PRIx64
		", instruction %u after ip %#" PRIx64 "\n",
		how == MISSED ? "not touched" : "did not get there",
		a->flags & DAMON_ACCESS_LIKELY ? "likely" : "exact", a->size, a->addr, a->ip, at,
		t->regs[X86_IP]);
}

/* Draws one access of the burst and has the program confirm it. Returns 1 if it stands still, 0 if
 * it goes on, -1 if it ended. */
static int prove(struct proof *p, const struct tick *t, const struct soft_burst *b)
{
	unsigned i = rng_below(&p->rng, b->nr);
	const struct damon_access *a = &b->access[i];
	struct tally *y = a->flags & DAMON_ACCESS_LIKELY ? &p->likely : &p->exact;
	enum outcome o;

	if (watch(p, a->addr + p->shift, a->size)) {
		p->nr_disturbed++;
		return 1;
	}
	o = step_to(p, a, b->at[i]);
	if (o == ENDED)
		return -1;
	if (o == DISTURBED)
		return 0;
	if (o == TOO_FAR) {
		p->nr_disturbed++;
		return 1;
	}
	y->predicted++;
	y->confirmed += o == CONFIRMED;
	y->missed += o == MISSED;
	y->elsewhere += o == ELSEWHERE;
	if (o != CONFIRMED && !p->shift)
		tell_miss(p, t, a, b->at[i], o);
	return 1;
}

static int one_stop(struct proof *p)
{
	struct tick *t = &p->tick[p->nr_ticks % KEPT];
	struct user_regs_struct r;
	struct soft_burst b = {0};
	struct damon_access stall;
	struct soft_tick st;
	int w, stands = 1;

	pause_us(200 + rng_below(&p->rng, 1500));
	if (ptrace(PTRACE_INTERRUPT, p->pid, 0, 0))
		return -1;
	w = wait_stop(p);
	if (w <= 0)
		return w;
	if (ptrace(PTRACE_GETREGS, p->pid, 0, &r))
		return -1;
	p->nr_stopped++;
	if ((long)r.orig_rax >= 0) {
		p->nr_syscall++;
		return ptrace(PTRACE_CONT, p->pid, 0, 0);
	}
	if (p->nr_stopped % 50 == 1 && read_maps(p))
		return -1;
	take_tick(p, &r, t);
	p->nr_ticks++;
	p->now_ns = p->sys->clock_ns(p->sys);
	st = soft_tick(p, t);
	soft_run(p->soft, &soft_arch_x86_64, &st, &b);
	p->nr_stalls += soft_stall(p->soft, &soft_arch_x86_64, &st, &stall);
	p->why[b.stop]++;
	p->accesses += b.nr;
	p->unknown += b.nr_unknown;
	p->insns += b.nr_insns;
	if (b.nr)
		stands = prove(p, t, &b);
	else
		p->nr_empty++;
	if (stands <= 0)
		return stands;
	set_debug(p, 7, 0);
	return ptrace(PTRACE_CONT, p->pid, 0, 0);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

/* ns per tick over all kept ticks: the best of five rounds. */
static double cost(struct proof *p, const struct soft_limits *limits, bool stall, double *first)
{
	struct soft *s = soft_new(&p->peek, limits, NULL);
	unsigned n = MIN(p->nr_ticks, (unsigned)KEPT);
	struct damon_access a;
	struct soft_burst b;
	double best = 0;

	b.end = NULL;
	for (int round = 0; s && n && round < 6; round++) {
		uint64_t from = cpu_ns();
		double each;

		for (unsigned i = 0; i < n; i++) {
			struct soft_tick t = soft_tick(p, &p->tick[i]);

			soft_run(s, &soft_arch_x86_64, &t, &b);
			if (stall)
				soft_stall(s, &soft_arch_x86_64, &t, &a);
		}
		each = (double)(cpu_ns() - from) / n;
		if (!round)
			*first = each;
		else if (!best || each < best)
			best = each;
	}
	soft_free(s);
	return best;
}

static void print_costs(struct proof *p)
{
	struct soft_limits l = soft_limits_default;
	double cold, warm;

	l.mem_reads = 0;
	warm = cost(p, &l, false, &cold);
	printf("cost without reads: %.0f ns a tick warm, %.0f cold\n", warm, cold);
	warm = cost(p, &l, true, &cold);
	printf("with the stall address: %.0f ns a tick warm, %.0f cold\n", warm, cold);
	l.mem_reads = p->reads ? p->reads : 1;
	warm = cost(p, &l, true, &cold);
	printf("with %u reads, too: %.0f ns a tick warm, %.0f cold (the program stands still)\n",
	       l.mem_reads, warm, cold);
}

static void print_tally(const char *name, const struct tally *t)
{
	printf("%s: %u predicted, %u confirmed, %u not touched, %u elsewhere (%.2f %%)\n", name,
	       t->predicted, t->confirmed, t->missed, t->elsewhere,
	       t->predicted ? 100.0 * t->confirmed / t->predicted : 0);
}

static void print(struct proof *p)
{
	struct soft_code_stats c;
	unsigned n = p->nr_ticks;

	soft_code_stats(soft_code_of(p->soft), &c);
	printf("stops: %u, of these %u in the kernel, %u without an address, %u disturbed\n",
	       p->nr_stopped, p->nr_syscall, p->nr_empty, p->nr_disturbed);
	if (!n)
		return;
	printf("bursts: %.1f instructions, %.2f accesses, %.2f unknown; %.0f %% with a stall "
	       "address\n",
	       (double)p->insns / n, (double)p->accesses / n, (double)p->unknown / n,
	       100.0 * p->nr_stalls / n);
	printf("ended: %.0f %% accesses, %.0f branch, %.0f indirect, %.0f syscall, %.0f "
	       "instructions, "
	       "%.0f code\n",
	       100.0 * p->why[0] / n, 100.0 * p->why[1] / n, 100.0 * p->why[2] / n,
	       100.0 * p->why[3] / n, 100.0 * p->why[4] / n, 100.0 * p->why[5] / n);
	printf("decoded: %" PRIu64 " instructions, %u micro-ops, %u units\n", c.insns, c.nr_uops,
	       c.nr_units);
	print_tally("exact", &p->exact);
	print_tally("likely", &p->likely);
}

static int run(struct proof *p, char **argv)
{
	struct soft_limits limits = soft_limits_default;
	int err = start(p, argv);

	if (err) {
		fprintf(stderr, "exact: cannot trace '%s': %s\n", argv[0], strerror(-err));
		return 125;
	}
	limits.mem_reads = p->reads;
	rng_seed(&p->rng, p->seed);
	p->space = damon_space_new();
	p->soft = soft_new(&p->peek, &limits, NULL);
	p->tick = calloc(KEPT, sizeof(*p->tick));
	while (p->soft && p->space && p->tick && p->nr_stopped < p->stops)
		if (one_stop(p) < 0)
			break;
	print(p);
	if (!ptrace(PTRACE_INTERRUPT, p->pid, 0, 0) && wait_stop(p) > 0)
		print_costs(p);
	kill(p->pid, SIGKILL);
	soft_free(p->soft);
	damon_space_unref(p->space);
	free(p->tick);
	return p->exact.confirmed != p->exact.predicted && !p->shift;
}

int main(int argc, char **argv)
{
	struct proof p = {.stops = 1000, .reads = 1, .seed = 1, .sys = &damon_sys_real};
	int opt, ret;

	while ((opt = getopt(argc, argv, "+n:r:s:S:")) > 0) {
		if (opt == 'n')
			p.stops = atoi(optarg);
		else if (opt == 'r')
			p.reads = atoi(optarg);
		else if (opt == 's')
			p.shift = atol(optarg);
		else if (opt == 'S')
			p.seed = atoi(optarg);
		else
			return 125;
	}
	if (optind == argc || damon_peek_init(&p.peek, p.sys)) {
		fprintf(stderr,
			"usage: exact [-n stops] [-r reads] [-s shift] [-S seed] command...\n");
		return 125;
	}
	ret = run(&p, argv + optind);
	damon_peek_release(&p.peek);
	return ret;
}

#else

int main(void)
{
	puts("skipped: not an x86-64 machine");
	return 0;
}

#endif
