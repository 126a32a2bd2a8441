/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sources of hardware from damon_open() to snapshots, without the hardware: the kernel is fake,
 * what its PMUs would write comes from a plan. Two buffers get four and one of five accesses.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/util.h"
#include "damon.h"
#include "lib/ctx.h"
#include "tests/kit/fake_perf.h"
#include "tests/kit/machines.h"
#include "tests/kit/perf_build.h"
#include "tests/kit/record_kit.h"
#include "tests/kit/spe_bytes.h"

TestSuite(hardware_live, .fini = kit_remove);

#define LOADED	 0x10100000ull /* loads only, */
#define STORED	 0x20100000ull /* stores only, of BUFFER bytes each */
#define BUFFER	 0x40000ull
#define STRANGER 4242
#define TO_PHYS	 0x700000000ull /* where the kernel put it all */
#define PER_POLL 100
#define STATUS	 "Name:\tx\nUid:\t0\t0\t0\t0\nCapEff:\t0000000000000000\nSeccomp:\t0\n"
#define CPU_DIR	 "/sys/devices/system/cpu"

static const char maps_text[] = "10000000-10400000 rw-p 00000000 00:00 0 \n"
				"20000000-20400000 rw-p 00000000 00:00 0 \n";

static const struct fake_file machine_zen[] = {{PMU_DIR, "ibs_op\n", 0},
					       {PMU_DIR "/ibs_op/type", "11\n", 0},
					       {PMU_DIR "/ibs_op/format/cnt_ctl", "config:19\n", 0},
					       {0}};

/* CPU 3 has no SPE. An area of 32 KiB wraps around every few pieces. */
static const struct fake_file machine_neoverse[] = {
	{PMU_DIR, "arm_spe_0\n", 0},
	{PMU_DIR "/arm_spe_0/type", "12\n", 0},
	{PMU_DIR "/arm_spe_0/cpumask", "0-2\n", 0},
	{PMU_DIR "/arm_spe_0/caps/min_interval", "1024\n", 0},
	{PMU_DIR "/arm_spe_0/format/ts_enable", "config:0\n", 0},
	{PMU_DIR "/arm_spe_0/format/jitter", "config:16\n", 0},
	{PMU_DIR "/arm_spe_0/format/load_filter", "config:33\n", 0},
	{PMU_DIR "/arm_spe_0/format/store_filter", "config:34\n", 0},
	{CPU_DIR "/cpu1/regs/identification/midr_el1", "0x00000000410fd0c1\n", 0},
	{"/proc/self/status", STATUS, 0},
	{"/proc/sys/kernel/perf_event_paranoid", "2\n", 0},
	{"/proc/sys/kernel/perf_event_mlock_kb", "64\n", 0},
	{0}};

struct plan {
	const char *name, *source;
	const struct fake_file *machine;
	uint32_t type;		/* of its PMU */
	uint64_t loads, stores; /* low 16 bits of config; the same: the sample says which */
	bool whole_cpus;	/* the kernel refuses to follow tasks */
	bool trace;
};

struct live {
	struct fake_perf perf;
	const struct plan *plan;
	struct rng rng;
	char paths[4][64];
	struct damon_ctx *ctx;
	int nr_snapshots, polls;
	uint64_t written, strangers, truncated, collided, other_ops, of_kernel;
	double share[2], stored[2];
	uint64_t obs;
	/* of a program whose accesses are so many; 0: there are PER_POLL samples whatever is on */
	double accesses_hz, left;   /* in a second of CPU time; those since the last sample */
	uint64_t own_ns, sample_ns; /* own CPU time, which each sample costs */
	double seen_hz;		    /* its accesses, as snapshots have them */
	int throttled_at;	    /* of 'polls'; 0: never */
};

/* ---- what the hardware writes ---- */

struct access {
	int cpu, pid;
	uint64_t time, addr;
	bool store;
	enum { ACCESS, OTHER_OP, OF_KERNEL } kind;
};

static struct perf_build build;

/* Of IbsOpData3: load or store, an address, 8 bytes wide. */
static void ibs_registers(uint8_t raw[60], const struct access *a)
{
	const uint64_t data3 = a->kind == OTHER_OP ? 0 : 1ull << a->store | 1ull << 17 | 4ull << 22;
	const uint64_t regs[7] = {0xe0000 | 10400 >> 4, 0x401000, 0, 0, data3, a->addr, 0};
	const uint32_t caps = 0x3ff;

	memcpy(raw, &caps, sizeof(caps));
	memcpy(raw + sizeof(caps), regs, sizeof(regs));
}

/* In the order of the kernel (perf_event_open(2), PERF_RECORD_SAMPLE). */
static void write_sample(struct live *l, const struct fake_event *e, const struct access *a)
{
	const uint64_t type = e->attr.sample_type,
		       known = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |
			       PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR | PERF_SAMPLE_PERIOD |
			       PERF_SAMPLE_RAW | PERF_SAMPLE_WEIGHT | PERF_SAMPLE_WEIGHT_STRUCT |
			       PERF_SAMPLE_DATA_SRC | PERF_SAMPLE_PHYS_ADDR;
	uint8_t raw[60];

	cr_assert_eq(type & ~known, 0, "%llx", (unsigned long long)type);
	perf_build_start(&build, PERF_RECORD_SAMPLE,
			 a->kind == OF_KERNEL ? PERF_RECORD_MISC_KERNEL : PERF_RECORD_MISC_USER);
	if (type & PERF_SAMPLE_IDENTIFIER)
		perf_build_u64(&build, e->id);
	perf_build_u64(&build, 0x401000);
	perf_build_u32(&build, (uint32_t)a->pid);
	perf_build_u32(&build, (uint32_t)a->pid);
	perf_build_u64(&build, a->time);
	perf_build_u64(&build, a->kind == OTHER_OP ? 0 : a->addr);
	if (type & PERF_SAMPLE_PERIOD)
		perf_build_u64(&build, e->attr.sample_period);
	if (type & PERF_SAMPLE_RAW) {
		ibs_registers(raw, a);
		perf_build_u32(&build, sizeof(raw));
		perf_build_bytes(&build, raw, sizeof(raw));
	}
	if (type & (PERF_SAMPLE_WEIGHT | PERF_SAMPLE_WEIGHT_STRUCT))
		perf_build_u64(&build, 0);
	if (type & PERF_SAMPLE_DATA_SRC)
		perf_build_u64(&build, PERF_MEM_S(OP, NA));
	if (type & PERF_SAMPLE_PHYS_ADDR)
		perf_build_u64(&build, a->addr + TO_PHYS);
	cr_assert(fake_perf_write(&l->perf, a->cpu, perf_build_end(&build)));
}

/* A group is on with its leader. */
static bool is_on(struct live *l, const struct fake_event *e)
{
	return e->group < 0 ? e->on : e->on && l->perf.event[e->group - FAKE_FD].on;
}

static struct fake_event *event_of(struct live *l, int cpu, uint64_t number)
{
	int pid = l->plan->whole_cpus ? -1 : getpid();

	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *e = &l->perf.event[i];

		if (e->open && !e->map && e->pid == pid && e->cpu == cpu &&
		    e->attr.type == l->plan->type && (e->attr.config & 0xffff) == number &&
		    is_on(l, e))
			return e;
	}
	cr_assert_fail("%s: no event %llx on CPU %d", l->plan->name, (unsigned long long)number,
		       cpu);
	return NULL;
}

static struct access next_access(struct live *l, uint64_t time)
{
	struct access a = {.cpu = (int)rng_below(&l->rng, 3), .pid = getpid(), .time = time};

	a.store = rng_below(&l->rng, 5) == 0;
	a.addr = (a.store ? STORED : LOADED) + rng_below(&l->rng, BUFFER / 8) * 8;
	if (l->plan->whole_cpus && rng_below(&l->rng, 2)) {
		a.pid = STRANGER;
		l->strangers++;
	} else {
		l->written++;
	}
	return a;
}

/* As many as the program makes accesses for, at the period that is on. */
static uint64_t nr_samples(struct live *l, uint64_t ns)
{
	const struct fake_event *e = event_of(l, 0, l->plan->loads);
	uint64_t n;

	if (!(l->accesses_hz > 0))
		return PER_POLL;
	l->left += l->accesses_hz * (double)ns / NS_PER_SEC;
	n = (uint64_t)(l->left / (double)e->attr.sample_period);
	l->left -= (double)n * (double)e->attr.sample_period;
	l->own_ns += n * l->sample_ns;
	return n;
}

static void play_samples(struct live *l, uint64_t from, uint64_t to)
{
	uint64_t n = nr_samples(l, to - from);

	for (uint64_t i = 0; i < n; i++) {
		struct access a = next_access(l, from + (to - from) * i / n);

		write_sample(l, event_of(l, a.cpu, a.store ? l->plan->stores : l->plan->loads), &a);
		if (!strcmp(l->plan->source, "ibs") && !(l->accesses_hz > 0) && i % 2) {
			a.kind = i % 4 == 1 ? OTHER_OP : OF_KERNEL;
			a.pid = getpid();
			l->other_ops += a.kind == OTHER_OP;
			l->of_kernel += a.kind == OF_KERNEL;
			write_sample(l, event_of(l, a.cpu, l->plan->loads), &a);
		}
	}
}

/* Traces have a clock of their own. */
#define TICK_NS	  10
#define TICK_ZERO NS_PER_SEC

static uint64_t ticks_of(uint64_t time_ns)
{
	return (time_ns - TICK_ZERO) / TICK_NS;
}

/* Pieces of ten records; records are cut where the area ends. Every fifth piece loses what follows
 * it, in every seventh operations have collided. */
static void play_trace(struct live *l, uint64_t from, uint64_t to)
{
	for (uint64_t i = 0; i < PER_POLL / 10; i++) {
		struct spe_bytes piece = {.len = 0};
		struct fake_trace t = {.cpu = (int)rng_below(&l->rng, 3), .tid = getpid()};

		t.time = from + (to - from) * i / (PER_POLL / 10);
		for (int r = 0; r < 10; r++) {
			struct access a = next_access(l, 0);

			spe_pc(&piece, SPE_EL0 | 0x401000);
			spe_va(&piece, a.addr);
			if (a.store)
				spe_store(&piece);
			else
				spe_load(&piece);
			spe_context(&piece, STRANGER); /* of another namespace */
			spe_time(&piece, ticks_of(t.time));
		}
		t.config = event_of(l, t.cpu, l->plan->loads)->attr.config;
		t.id = event_of(l, t.cpu, l->plan->loads)->id;
		t.bytes = piece.bytes;
		t.len = piece.len;
		t.flags = (i % 5 == 4 ? PERF_AUX_FLAG_TRUNCATED : 0) |
			  (i % 7 == 3 ? PERF_AUX_FLAG_COLLISION : 0);
		l->truncated += i % 5 == 4;
		l->collided += i % 7 == 3;
		cr_assert(fake_perf_trace(&l->perf, &t));
	}
}

/* The event that tells of tasks on a CPU: the only one with 'mmap'. */
static struct fake_event *follower(struct live *l, int cpu)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *e = &l->perf.event[i];

		if (e->open && e->cpu == cpu && e->attr.mmap)
			return e;
	}
	cr_assert_fail("%s: none follows tasks", l->plan->name);
	return NULL;
}

static void write_throttle(struct live *l, uint64_t time)
{
	const struct fake_event *e = event_of(l, 1, l->plan->loads);

	perf_build_start(&build, PERF_RECORD_THROTTLE, 0);
	perf_build_u64(&build, time);
	perf_build_u64(&build, e->id);
	perf_build_u64(&build, e->id);
	perf_build_u32(&build, (uint32_t)getpid());
	perf_build_u32(&build, (uint32_t)getpid());
	perf_build_u64(&build, time);
	perf_build_u64(&build, e->id);
	cr_assert(fake_perf_write(&l->perf, 1, perf_build_end(&build)));
}

static int live_poll(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms)
{
	struct live *l = ((struct fake_perf *)s->priv)->priv;
	uint64_t from = l->perf.now_ns;

	for (size_t i = 0; i < n; i++)
		fds[i].revents = 0;
	if (timeout_ms <= 0)
		return 0;
	l->perf.now_ns += (uint64_t)timeout_ms * NS_PER_MS;
	follower(l, 0)->count += l->perf.now_ns - from; /* one CPU is busy */
	if (l->plan->trace)
		play_trace(l, from, l->perf.now_ns);
	else
		play_samples(l, from, l->perf.now_ns);
	if (l->throttled_at && l->polls == l->throttled_at)
		write_throttle(l, from);
	if (l->polls++ == 3) { /* five samples did not fit into a ring */
		const struct fake_event *e = follower(l, 2);
		bool several = e->attr.sample_type & PERF_SAMPLE_IDENTIFIER;

		cr_assert(fake_perf_write(&l->perf, 2,
					  perf_build_lost(&build, several ? e->id : 0, 5, from)));
	}
	return 0;
}

/* ---- what becomes of it ---- */

static int on_snapshot(void *priv, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_region_info r = {.size = sizeof(r)};
	struct damon_target_info t = {.size = sizeof(t)};
	struct live *l = priv;

	damon_snapshot_info(s, &info);
	l->obs += info.obs;
	memset(l->share, 0, sizeof(l->share));
	memset(l->stored, 0, sizeof(l->stored));
	l->seen_hz = 0;
	cr_assert_eq(info.nr_targets, 1, "%s: strangers are no targets", l->plan->name);
	damon_snapshot_target(s, 0, &t);
	cr_expect_eq(t.pid, getpid());
	for (size_t i = 0; i < t.nr_regions; i++) {
		int b;

		damon_snapshot_region(s, 0, i, &r);
		b = r.start >= 0x20000000;
		l->seen_hz += r.heat * (double)((r.end - r.start) / 4096);
		if (r.end <= LOADED - 0x10000 || r.start >= STORED + BUFFER + 0x10000)
			continue;
		l->share[b] += r.share;
		l->stored[b] += r.share * r.write_share;
	}
	return ++l->nr_snapshots == (l->accesses_hz > 0 ? 300 : 30);
}

static uint64_t live_own_cpu(const struct damon_sys *s)
{
	const struct live *l = ((struct fake_perf *)s->priv)->priv;

	return l->own_ns;
}

static int only_whole_cpus(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	const struct live *l = f->priv;

	return a->type == l->plan->type && l->plan->whole_cpus && pid >= 0 ? -EINVAL : 0;
}

static void live_init(struct live *l, const struct plan *plan)
{
	static const struct {
		const char *name, *text;
	} files[] = {{"maps", maps_text}, {"comm", "toy\n"}, {"task", NULL}};
	static char tid[16];
	struct damon_sampling s;

	memset(l, 0, sizeof(*l));
	l->plan = plan;
	rng_seed(&l->rng, 11);
	fake_perf_init(&l->perf, 4);
	l->perf.machine = plan->machine;
	l->perf.on_open = only_whole_cpus;
	l->perf.priv = l;
	l->perf.now_ns = 5 * NS_PER_SEC;
	l->perf.time_shift = 8;
	l->perf.time_mult = TICK_NS << l->perf.time_shift;
	l->perf.time_zero = TICK_ZERO;
	l->perf.sys.poll = live_poll;
	l->perf.sys.own_cpu_ns = live_own_cpu;
	snprintf(tid, sizeof(tid), "%d\n", getpid());
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(l->paths[i], sizeof(l->paths[i]), "/proc/%d/%s", getpid(), files[i].name);
		fake_perf_file(&l->perf, l->paths[i], files[i].text ? files[i].text : tid);
	}
	cr_assert_eq(damon_ctx_new(&l->ctx), 0);
	l->ctx->sys = &l->perf.sys;
	damon_set_callback(l->ctx, on_snapshot, l);
	damon_sampling_init(&s);
	s.source = plan->source;
	cr_assert_eq(damon_set_sampling(l->ctx, &s), 0, "%s", damon_error(l->ctx));
	cr_assert_eq(damon_add_pid(l->ctx, getpid()), 0);
}

static void live_run_on(struct live *l)
{
	int rc, rounds = 0;

	while ((rc = damon_dispatch(l->ctx, -1)) == 1)
		cr_assert_lt(rounds++, 1000, "it ends");
	cr_assert_eq(rc, 0, "%s: %s", l->plan->name, damon_error(l->ctx));
}

static void live_run(struct live *l)
{
	cr_assert_eq(damon_open(l->ctx), 0, "%s: %s", l->plan->name, damon_error(l->ctx));
	live_run_on(l);
}

static const struct plan plans[] = {
	{"Skylake", "pebs", machine_skylake, 4, 0x1cd, 0x82d0, false, false},
	{"Sapphire Rapids, a leader", "pebs", machine_sapphire_rapids, 4, 0x1cd, 0x2cd, false,
	 false},
	{"Alder Lake, CPUs", "pebs", machine_alder_lake, 4, 0x1cd, 0x2cd, false, false},
	{"auto takes it", "auto", machine_skylake, 4, 0x1cd, 0x82d0, false, false},
	{"Zen", "ibs", machine_zen, 11, 0, 0, false, false},
	{"Zen, whole CPUs", "ibs", machine_zen, 11, 0, 0, true, false},
	{"Neoverse", "spe", machine_neoverse, 12, 1, 1, false, true},
};

/* The record tells what the context did; its head tells the period by itself. */
static void expect_recorded(const char *path, const struct damon_stats *want, const char *name)
{
	struct damon_stats got = {.size = sizeof(got)};
	const struct damon_snapshot *s;
	struct damon_record *r;

	cr_assert_eq(damon_record_open(path, &r), 0, "%s: %s", name, damon_record_error(NULL));
	damon_record_stats(r, &got);
	cr_expect_eq(got.period, want->period, "%s: %llu", name, (unsigned long long)got.period);
	cr_expect_eq(got.tick_cost_assumed, 1, "%s", name);
	cr_expect_eq(got.filtered, 0, "%s: not yet known", name);
	while (damon_record_next(r, &s) == 1)
		;
	damon_record_stats(r, &got);
	cr_expect_eq(got.period, want->period, "%s", name);
	cr_expect_eq(got.filtered, want->filtered, "%s", name);
	cr_expect_eq(got.filtered_no_access, want->filtered_no_access, "%s", name);
	cr_expect_eq(got.filtered_kernel, want->filtered_kernel, "%s", name);
	cr_expect_eq(got.filtered_unwanted, want->filtered_unwanted, "%s", name);
	cr_expect_eq(got.strangers, want->strangers, "%s", name);
	cr_expect_eq(got.traces_truncated, want->traces_truncated, "%s", name);
	cr_expect_eq(got.traces_collided, want->traces_collided, "%s", name);
	cr_expect_eq(got.interruptions, want->interruptions, "%s", name);
	cr_expect_float_eq(got.overhead_percent, want->overhead_percent, .001, "%s", name);
	for (int i = 0; i < DAMON_RUNGS; i++)
		cr_expect_eq(got.rungs[i].period, want->rungs[i].period, "%s", name);
	damon_record_close(r);
	unlink(path);
}

Test(hardware_live, two_buffers_have_their_shares)
{
	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1); /* not the processor of this machine */
	for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
		const char *name = plans[i].name;
		struct damon_stats stats = {.size = sizeof(stats)};
		char path[] = "/tmp/test_hardware_live.XXXXXX";
		struct damon_source_stats own;
		struct live l;

		live_init(&l, &plans[i]);
		close(mkstemp(path));
		unlink(path);
		cr_assert_eq(damon_set_record(l.ctx, path), 0);
		live_run(&l);
		cr_expect_float_eq(l.share[0], .8, .04, "%s: %g", name, l.share[0]);
		cr_expect_float_eq(l.share[1], .2, .04, "%s: %g", name, l.share[1]);
		cr_expect_float_eq(l.stored[0] / l.share[0], 0, .02, "%s: %g", name, l.stored[0]);
		cr_expect_float_eq(l.stored[1] / l.share[1], 1, .02, "%s: %g", name, l.stored[1]);
		l.ctx->source->stats(l.ctx->source_state, &own);
		cr_expect_eq(own.truncated, l.truncated, "%s: %llu", name,
			     (unsigned long long)own.truncated);
		cr_expect_eq(own.collided, l.collided, "%s", name);
		cr_expect_eq(own.broken + own.skipped, 0, "%s: nothing is lost at an area's end",
			     name);
		cr_assert_eq(damon_close(l.ctx), 0);
		cr_assert_eq(damon_ctx_stats(l.ctx, &stats), 0);
		cr_expect_eq(stats.obs, l.written, "%s: %llu of %llu", name,
			     (unsigned long long)stats.obs, (unsigned long long)l.written);
		cr_expect_eq(stats.lost, 5, "%s: %llu", name, (unsigned long long)stats.lost);
		cr_expect_eq(stats.traces_truncated, l.truncated, "%s", name);
		cr_expect_eq(stats.traces_collided, l.collided, "%s", name);
		cr_expect_eq(stats.traces_broken, 0, "%s", name);
		cr_expect_eq(stats.no_region, 0, "%s", name);
		cr_expect_eq(!!l.strangers, plans[i].whole_cpus, "%s", name);
		cr_expect_gt(stats.period, 0, "%s", name);
		cr_expect_eq(stats.strangers, l.strangers, "%s", name);
		cr_expect_eq(stats.filtered_no_access, l.other_ops, "%s", name);
		cr_expect_eq(stats.filtered_kernel, l.of_kernel, "%s", name);
		cr_expect_eq(stats.filtered, l.other_ops + l.of_kernel, "%s", name);
		cr_expect_eq(stats.rungs[0].period > 0, !plans[i].trace,
			     "%s: of a CPU's traces one is all there is", name);
		expect_recorded(path, &stats, name);
		damon_ctx_free(l.ctx);
		fake_perf_release(&l.perf);
		cr_expect_eq(l.perf.locked, 0, "%s", name);
	}
}

/*
 * --overhead 1 of programs that make few and many accesses. A sample costs 3 us as assumed, and 2
 * of own work as measured here, so 2000 a second are what is allowed. Whatever the period is, what
 * samples stand for is what the program did.
 */
Test(hardware_live, periods_keep_the_overhead, .timeout = 120)
{
	static const struct {
		const char *name;
		int plan;
		double accesses_hz;
		double least, most; /* overhead told, in percent */
		uint64_t period;    /* at the end; 0: it goes to and fro */
	} rows[] = {
		{"as guessed", 0, 1e9, .9, 1.1, 489133},
		{"a tenth of it", 0, 1e8, .9, 1.1, 48947},
		{"next to none", 0, 2e6, .005, .03, 48947},
		{"more than guessed", 0, 4e9, .95, 1.25, 1956527},
		{"between two periods", 0, 5e8, .5, 1.2, 0},
		{"out of reach", 0, 2e10, 4.5, 5.5, 1956527},
		{"a leader", 1, 1e8, .9, 1.1, 48947},
		{"CPUs", 2, 4e9, .95, 1.25, 1956527},
		{"ops of tasks", 4, 4e9, .95, 1.25, 1956512},
		{"whole CPUs, half of it strangers", 5, 4e9, .95, 1.25, 1956512},
	};

	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct plan *plan = &plans[rows[i].plan];
		struct damon_stats stats = {.size = sizeof(stats)};
		const char *name = rows[i].name;
		double seconds = 0;
		struct live l;

		live_init(&l, plan);
		l.accesses_hz = rows[i].accesses_hz;
		l.sample_ns = 2000;
		live_run(&l);
		if (rows[i].period)
			cr_expect_eq(event_of(&l, 0, plan->loads)->attr.sample_period,
				     rows[i].period, "%s: %llu", name,
				     (unsigned long long)event_of(&l, 0, plan->loads)
					     ->attr.sample_period);
		cr_expect_float_eq(l.seen_hz * (plan->whole_cpus ? 2 : 1) / rows[i].accesses_hz, 1,
				   .15, "%s: %g accesses a second", name, l.seen_hz);
		cr_assert_eq(damon_close(l.ctx), 0);
		cr_assert_eq(damon_ctx_stats(l.ctx, &stats), 0);
		cr_expect(stats.overhead_percent >= rows[i].least &&
				  stats.overhead_percent <= rows[i].most,
			  "%s: %g %%", name, stats.overhead_percent);
		cr_expect_eq(stats.tick_cost_assumed, 1);
		cr_expect_float_eq(stats.target_cpu_ns, 30e9, 1e9, "%s", name);
		cr_expect_eq(stats.strangers, l.strangers, "%s", name);
		cr_expect_eq(stats.interruptions, l.written + 5, "%s: the lost ones, too", name);
		cr_expect_eq(stats.obs, l.written, "%s", name);
		for (int k = 0; k < DAMON_RUNGS; k++) {
			cr_expect_gt(stats.rungs[k].period, 0);
			seconds += stats.rungs[k].seconds;
		}
		cr_expect_float_eq(seconds, 30, 1, "%s: %g s", name, seconds);
		damon_ctx_free(l.ctx);
		fake_perf_release(&l.perf);
	}
}

/* The kernel throttles, and lowers its limit: the budget would allow twice as many samples. */
Test(hardware_live, what_the_kernel_throttles_is_not_asked_for_again)
{
	static const char limit[] = "/proc/sys/kernel/perf_event_max_sample_rate";
	struct damon_stats stats = {.size = sizeof(stats)};
	struct fake_perf_file *file;
	struct live l;

	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
	live_init(&l, &plans[0]);
	file = fake_perf_file(&l.perf, limit, "1000\n");
	file->turn[0] = "100000\n";
	l.accesses_hz = 1e9;
	l.sample_ns = 2000;
	l.throttled_at = 100;
	live_run(&l);
	cr_expect_eq(event_of(&l, 0, plans[0].loads)->attr.sample_period, 1956527);
	cr_expect_eq(file->reads, 2, "at the start, and when it throttles: %d", file->reads);
	cr_assert_eq(damon_close(l.ctx), 0);
	cr_assert_eq(damon_ctx_stats(l.ctx, &stats), 0);
	cr_expect_eq(stats.throttled, 1);
	cr_expect_float_eq(stats.rungs[1].seconds, 10, 1, "%g", stats.rungs[1].seconds);
	cr_expect_float_eq(stats.rungs[2].seconds, 20, 1, "%g", stats.rungs[2].seconds);
	damon_ctx_free(l.ctx);
	fake_perf_release(&l.perf);
}

enum { ROUNDS = 30 };

/* Samples that perf itself finds; -1: there is no perf here. Of a trace it makes them up. */
static long perf_samples(const char *path, bool trace)
{
	char command[256];
	long n = -1;
	FILE *f;

	if (system("command -v perf > /dev/null"))
		return -1;
	snprintf(command, sizeof(command),
		 "perf script -i %s %s -F tid,time,addr 2> /dev/null | wc -l", path,
		 trace ? "--itrace=M" : "");
	f = popen(command, "r");
	cr_assert(f && fscanf(f, "%ld", &n) == 1);
	pclose(f);
	return n;
}

/* All that hardware took, accesses of memory or not. */
static uint64_t sampled(const struct live *l)
{
	return l->written + l->strangers + l->other_ops + l->of_kernel;
}

static void read_raw(struct live *l, const char *path, struct damon_stats *stats)
{
	const struct damon_snapshot *s;
	struct damon_record *r;
	int got;

	cr_assert_eq(damon_record_open(path, &r), 0, "%s: %s", l->plan->name,
		     damon_record_error(NULL));
	while ((got = damon_record_next(r, &s)) > 0)
		;
	cr_assert_eq(got, 0);
	damon_record_stats(r, stats);
	damon_record_close(r);
}

/* 'cut': what there is of it before it is complete. */
static void record_raw(struct live *l, const char *path, struct damon_stats *cut)
{
	cr_assert_eq(damon_set_raw(l->ctx, path), 0);
	cr_assert_eq(damon_open(l->ctx), 0, "%s: %s", l->plan->name, damon_error(l->ctx));
	for (int i = 0; i < ROUNDS; i++)
		cr_assert_eq(damon_dispatch(l->ctx, -1), 1, "%s", damon_error(l->ctx));
	read_raw(l, path, cut);
	cr_expect_str_eq(cut->source, l->ctx->source->name);
	cr_assert_eq(damon_close(l->ctx), 0, "%s", damon_error(l->ctx));
}

/* Strangers' samples are in it: nothing was looked at. */
Test(hardware_live, raw_recordings_hold_all)
{
	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
	for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
		const char *name = plans[i].name, *path = kit_path("raw");
		struct damon_stats made = {.size = sizeof(made)}, read = made, cut = made;
		struct live l;
		long n;

		live_init(&l, &plans[i]);
		record_raw(&l, path, &cut);
		cr_expect_eq(cut.truncated, 1, "%s", name);
		cr_expect(cut.obs > 0 && cut.obs <= l.written + l.strangers, "%s: %llu", name,
			  (unsigned long long)cut.obs);
		cr_assert_eq(damon_ctx_stats(l.ctx, &made), 0);
		cr_expect_eq(made.lost, 5, "%s: %llu", name, (unsigned long long)made.lost);
		cr_expect_eq(made.obs, 0, "%s: nothing is decoded", name);
		cr_expect_eq(!!made.raw_trace_bytes, plans[i].trace, "%s", name);
		if (!plans[i].trace)
			cr_expect_eq(made.raw_samples, sampled(&l), "%s", name);
		damon_ctx_free(l.ctx);
		fake_perf_release(&l.perf);
		read_raw(&l, path, &read);
		cr_expect_eq(read.obs, l.written + l.strangers, "%s: %llu of %llu", name,
			     (unsigned long long)read.obs, (unsigned long long)l.written);
		cr_expect_eq(read.lost, 5, "%s: %llu", name, (unsigned long long)read.lost);
		cr_expect_eq(read.malformed + read.no_event + read.truncated + read.late, 0, "%s",
			     name);
		cr_expect_eq(read.inferred_mappings, l.strangers ? 2 : 0, "%s: %llu", name,
			     (unsigned long long)read.inferred_mappings);
		cr_expect_eq(read.traces_truncated, l.truncated, "%s", name);
		cr_expect_eq(read.traces_collided, l.collided, "%s", name);
		cr_expect_eq(read.traces_broken, 0, "%s", name);
		n = perf_samples(path, plans[i].trace);
		if (n >= 0)
			cr_expect_eq(n, (long)sampled(&l), "%s: perf has %ld of %llu", name, n,
				     (unsigned long long)sampled(&l));
	}
	kit_remove();
}

/* All is closed again, and nothing is left of the file. */
Test(hardware_live, raw_is_refused_before_it_begins)
{
	static const struct {
		const char *name, *path, *check, *says;
		int err;
	} rows[] = {
		{"no folder", "/nonexistent/x", "none", "cannot write '/nonexistent/x'", -ENOENT},
		{"a folder", "/tmp", "none", "Is a directory", -EISDIR},
		{"with checks", "/tmp/x", "smaps", "accessed bits", -EINVAL},
	};

	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_sampling s;
		struct live l;

		live_init(&l, &plans[0]);
		damon_sampling_init(&s);
		s.source = "pebs";
		s.check = rows[i].check;
		damon_set_sampling(l.ctx, &s);
		damon_set_raw(l.ctx, rows[i].path);
		cr_expect_eq(damon_open(l.ctx), rows[i].err, "%s", rows[i].name);
		cr_expect(strstr(damon_error(l.ctx), rows[i].says), "%s: %s", rows[i].name,
			  damon_error(l.ctx));
		damon_ctx_free(l.ctx);
		fake_perf_release(&l.perf);
		cr_expect_eq(l.perf.locked, 0, "%s", rows[i].name);
	}
}

/* ---- physical addresses, all processes ---- */

struct seen {
	struct live line; /* first: the kernel's own */
	struct damon_target_info target;
	double share[2];
	int nr_snapshots;
};

/* Of the two buffers, moved by 'by'. */
static int note_snapshot(struct seen *n, const struct damon_snapshot *s, uint64_t by)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_region_info r = {.size = sizeof(r)};

	damon_snapshot_info(s, &info);
	cr_assert_eq(info.nr_targets, 1);
	n->target.size = sizeof(n->target);
	damon_snapshot_target(s, 0, &n->target);
	n->share[0] = n->share[1] = 0;
	for (size_t i = 0; i < n->target.nr_regions; i++) {
		damon_snapshot_region(s, 0, i, &r);
		if (r.end > LOADED + by - 0x10000 && r.start < STORED + by + BUFFER + 0x10000)
			n->share[r.start >= 0x20000000 + by] += r.share;
	}
	return ++n->nr_snapshots == 30;
}

static int note_physical(void *priv, const struct damon_snapshot *s)
{
	return note_snapshot(priv, s, TO_PHYS);
}

static int note_virtual(void *priv, const struct damon_snapshot *s)
{
	return note_snapshot(priv, s, 0);
}

/* A user without CAP_SYS_ADMIN: what the hardware tells is enough, if ranges are given. */
Test(hardware_live, physical_addresses_are_the_hardwares)
{
	static struct seen n;
	struct damon_stats stats = {.size = sizeof(stats)};
	struct live *l = &n.line;

	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
	live_init(l, &plans[0]);
	fake_perf_file(&l->perf, "/proc/self/status", STATUS);
	fake_perf_file(&l->perf, "/proc/self/pagemap", "");
	damon_set_callback(l->ctx, note_physical, &n);
	cr_assert_eq(damon_select_ops(l->ctx, "paddr"), 0);
	cr_assert_eq(damon_add_region(l->ctx, TO_PHYS, TO_PHYS + 0x40000000), 0);
	live_run(l);
	cr_expect_str_eq(n.target.comm, "physical memory");
	cr_expect_eq(n.target.pid, 0);
	cr_expect_float_eq(n.share[0], .8, .04, "%g", n.share[0]);
	cr_expect_float_eq(n.share[1], .2, .04, "%g", n.share[1]);
	cr_assert_eq(damon_close(l->ctx), 0);
	cr_assert_eq(damon_ctx_stats(l->ctx, &stats), 0);
	cr_expect_eq(stats.obs, l->written);
	cr_expect_eq(stats.left_out + stats.untranslated, 0);
	damon_ctx_free(l->ctx);
	fake_perf_release(&l->perf);
}

/* Ourselves we do not see; the other one was there before, and its mappings are read when it is
 * seen first. */
Test(hardware_live, all_processes)
{
	static struct seen n;
	static const struct plan plan = {"Zen, all", "ibs", machine_zen, 11, 0, 0, true, false};
	struct damon_stats stats = {.size = sizeof(stats)};
	struct live *l = &n.line;
	struct fake_perf_file *maps;

	live_init(l, &plan);
	maps = fake_perf_file(&l->perf, "/proc/4242/maps", maps_text);
	fake_perf_file(&l->perf, "/proc/4242/comm", "stranger\n");
	damon_set_callback(l->ctx, note_virtual, &n);
	l->ctx->nr_pids = 0; /* not itself by number */
	cr_assert_eq(damon_set_all(l->ctx), 0);
	cr_assert_eq(damon_open(l->ctx), 0, "%s", damon_error(l->ctx));
	cr_expect_eq(maps->reads, 0);
	cr_expect_eq(fake_perf_nr_open(&l->perf, -1), 16, "a clock and three periods on each CPU");
	live_run_on(l);
	cr_expect_eq(n.target.pid, STRANGER);
	cr_expect_str_eq(n.target.comm, "stranger");
	cr_expect_float_eq(n.share[0], .8, .04, "%g", n.share[0]);
	cr_expect_float_eq(n.share[1], .2, .04, "%g", n.share[1]);
	cr_assert_eq(damon_close(l->ctx), 0);
	cr_assert_eq(damon_ctx_stats(l->ctx, &stats), 0);
	cr_expect_eq(stats.obs, l->strangers, "%llu", (unsigned long long)stats.obs);
	cr_expect_geq(maps->reads, 1);
	cr_expect_leq(maps->reads, 10, "at updates");
	damon_ctx_free(l->ctx);
	fake_perf_release(&l->perf);
}
