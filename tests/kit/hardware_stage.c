/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "lib/ctx.h"
#include "tests/kit/hardware_stage.h"
#include "tests/kit/machines.h"
#include "tests/kit/perf_build.h"
#include "tests/kit/spe_bytes.h"

#define PER_POLL 100
#define CPU_DIR	 "/sys/devices/system/cpu"

const char hw_maps[] = "10000000-10400000 rw-p 00000000 00:00 0 \n"
		       "20000000-20400000 rw-p 00000000 00:00 0 \n";

const struct fake_file hw_zen[] = {{PMU_DIR, "ibs_op\n", 0},
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
static void write_sample(struct hw_stage *l, const struct fake_event *e, const struct access *a)
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
static bool is_on(struct hw_stage *l, const struct fake_event *e)
{
	return e->group < 0 ? e->on : e->on && l->perf.event[e->group - FAKE_FD].on;
}

static struct fake_event *find_event(struct hw_stage *l, int cpu, uint64_t number)
{
	int pid = l->plan->whole_cpus ? -1 : getpid();

	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *e = &l->perf.event[i];

		if (e->open && !e->map && e->pid == pid && e->cpu == cpu &&
		    e->attr.type == l->plan->type && (e->attr.config & 0xffff) == number &&
		    is_on(l, e))
			return e;
	}
	return NULL;
}

struct fake_event *hw_event(struct hw_stage *l, int cpu, uint64_t number)
{
	struct fake_event *e = find_event(l, cpu, number);

	cr_assert(e, "%s: no event %llx on CPU %d", l->plan->name, (unsigned long long)number, cpu);
	return e;
}

static struct access next_access(struct hw_stage *l, uint64_t time)
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
static uint64_t nr_samples(struct hw_stage *l, uint64_t ns)
{
	const struct fake_event *e = hw_event(l, 0, l->plan->loads);
	uint64_t n;

	if (!(l->accesses_hz > 0))
		return PER_POLL;
	l->left += l->accesses_hz * (double)ns / NS_PER_SEC;
	n = (uint64_t)(l->left / (double)e->attr.sample_period);
	l->left -= (double)n * (double)e->attr.sample_period;
	l->own_ns += n * l->sample_ns;
	return n;
}

static void play_samples(struct hw_stage *l, uint64_t from, uint64_t to)
{
	uint64_t n = nr_samples(l, to - from);

	for (uint64_t i = 0; i < n; i++) {
		struct access a = next_access(l, from + (to - from) * i / n);

		write_sample(l, hw_event(l, a.cpu, a.store ? l->plan->stores : l->plan->loads), &a);
		if (!strcmp(l->plan->source, "ibs") && !(l->accesses_hz > 0) && i % 2) {
			a.kind = i % 4 == 1 ? OTHER_OP : OF_KERNEL;
			a.pid = getpid();
			l->other_ops += a.kind == OTHER_OP;
			l->of_kernel += a.kind == OF_KERNEL;
			write_sample(l, hw_event(l, a.cpu, l->plan->loads), &a);
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
static void play_trace(struct hw_stage *l, uint64_t from, uint64_t to)
{
	for (uint64_t i = 0; i < PER_POLL / 10; i++) {
		struct spe_bytes piece = {.len = 0};
		struct fake_trace t = {.cpu = (int)rng_below(&l->rng, 3), .tid = getpid()};

		if (!find_event(l, t.cpu, l->plan->loads)) /* the kernel has disabled it */
			continue;
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
		t.config = hw_event(l, t.cpu, l->plan->loads)->attr.config;
		t.id = hw_event(l, t.cpu, l->plan->loads)->id;
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
static struct fake_event *follower(struct hw_stage *l, int cpu)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *e = &l->perf.event[i];

		if (e->open && e->cpu == cpu && e->attr.mmap)
			return e;
	}
	cr_assert_fail("%s: none follows tasks", l->plan->name);
	return NULL;
}

static void write_throttle(struct hw_stage *l, uint64_t time)
{
	const struct fake_event *e = hw_event(l, 1, l->plan->loads);

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

/* One CPU after the other is busy. An event of a thread is enabled wherever the thread runs. */
static void pass_time(struct hw_stage *l, uint64_t ns)
{
	int busy = l->polls % l->nr_busy;

	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *e = &l->perf.event[i];

		if (!e->open || !is_on(l, e) || (e->pid == -1 && e->cpu != busy))
			continue;
		e->enabled_ns += ns;
		e->running_ns += e->cpu == busy ? (uint64_t)((double)ns * l->turns) : 0;
	}
}

static int live_poll(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms)
{
	struct hw_stage *l = ((struct fake_perf *)s->priv)->priv;
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
	pass_time(l, l->perf.now_ns - from);
	if (l->throttled_at && l->polls == l->throttled_at)
		write_throttle(l, from);
	/* five samples did not fit into a ring, nor do two more, after which no record comes */
	if (l->polls++ == 3) {
		struct fake_event *e = follower(l, 2);
		bool several = e->attr.sample_type & PERF_SAMPLE_IDENTIFIER;

		e->lost = 5 + 2;
		cr_assert(fake_perf_write(&l->perf, 2,
					  perf_build_lost(&build, several ? e->id : 0, 5, from)));
		perf_build_start(&build, PERF_RECORD_THROTTLE, 0); /* too short */
		cr_assert(fake_perf_write(&l->perf, 2, perf_build_end(&build)));
	}
	return 0;
}

/* ---- what becomes of it ---- */

static int on_snapshot(void *priv, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_region_info r = {.size = sizeof(r)};
	struct damon_target_info t = {.size = sizeof(t)};
	struct hw_stage *l = priv;

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
	const struct hw_stage *l = ((struct fake_perf *)s->priv)->priv;

	return l->own_ns;
}

static int only_whole_cpus(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	const struct hw_stage *l = f->priv;

	return a->type == l->plan->type && l->plan->whole_cpus && pid >= 0 ? -EINVAL : 0;
}

void hw_init(struct hw_stage *l, const struct hw_plan *plan)
{
	static const struct {
		const char *name, *text;
	} files[] = {{"maps", hw_maps}, {"comm", "toy\n"}, {"task", NULL}};
	static char tid[16];
	struct damon_sampling s;

	memset(l, 0, sizeof(*l));
	l->plan = plan;
	l->turns = 1;
	l->nr_busy = 3;
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

void hw_run_on(struct hw_stage *l)
{
	int rc, rounds = 0;

	while ((rc = damon_dispatch(l->ctx, -1)) == 1)
		cr_assert_lt(rounds++, 1000, "it ends");
	cr_assert_eq(rc, 0, "%s: %s", l->plan->name, damon_error(l->ctx));
}

void hw_run(struct hw_stage *l)
{
	cr_assert_eq(damon_open(l->ctx), 0, "%s: %s", l->plan->name, damon_error(l->ctx));
	hw_run_on(l);
}

const struct hw_plan hw_plans[HW_PLANS] = {
	{"Skylake", "pebs", machine_skylake, 4, 0x1cd, 0x82d0, false, false},
	{"Sapphire Rapids, a leader", "pebs", machine_sapphire_rapids, 4, 0x1cd, 0x2cd, false,
	 false},
	{"Alder Lake, CPUs", "pebs", machine_alder_lake, 4, 0x1cd, 0x2cd, false, false},
	{"auto takes it", "auto", machine_skylake, 4, 0x1cd, 0x82d0, false, false},
	{"Zen", "ibs", hw_zen, 11, 0, 0, false, false},
	{"Zen, whole CPUs", "ibs", hw_zen, 11, 0, 0, true, false},
	{"Neoverse", "spe", machine_neoverse, 12, 1, 1, false, true},
};
