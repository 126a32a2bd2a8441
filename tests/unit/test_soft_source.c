/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source itself: what it asks the kernel for, what it makes of samples, what it counts. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tests/kit/soft_world.h"

/* ---- a kernel that says what a row says ---- */

struct kernel {
	int open; /* what perf_event_open returns */
	const char *paranoid;
	uint16_t machine; /* of /proc/self/exe, 0: it may not be read */
	struct perf_event_attr attr;
	int closed;
};

static int fake_open(const struct damon_sys *s, struct perf_event_attr *a, int pid, int cpu,
		     int group, unsigned long flags)
{
	struct kernel *k = s->priv;

	k->attr = *a;
	return k->open;
}

static int fake_close(const struct damon_sys *s, int fd)
{
	((struct kernel *)s->priv)->closed = fd;
	return 0;
}

static ssize_t fake_read(const struct damon_sys *s, const char *path, void *buf, size_t cap)
{
	const struct kernel *k = s->priv;
	uint8_t elf[64] = "\177ELF\2\1\1";

	if (!strcmp(path, "/proc/self/exe") && !k->machine)
		return -EACCES;
	if (!strcmp(path, "/proc/self/exe")) {
		elf[18] = k->machine;
		elf[19] = k->machine >> 8;
		memcpy(buf, elf, MIN(cap, sizeof(elf)));
		return MIN(cap, sizeof(elf));
	}
	if (strcmp(path, "/proc/sys/kernel/perf_event_paranoid") || !k->paranoid)
		return -ENOENT;
	return snprintf(buf, cap, "%s\n", k->paranoid);
}

static struct damon_sys fake_sys(struct kernel *k)
{
	return (struct damon_sys){
		.priv = k,
		.perf_event_open = fake_open,
		.close = fake_close,
		.read_file = fake_read,
	};
}

struct probe {
	const char *name;
	struct kernel kernel;
	int ret;
	const char *text, *remedy; /* parts of them */
};

static const struct probe probes[] = {
	{"usable", {5, "2", 62}, 0, "", ""},
	{"root at 4", {5, "4", 62}, 0, "", ""},
	{"stock Debian",
	 {-EACCES, "3", 62},
	 -EACCES,
	 "perf_event_paranoid is 3",
	 "sysctl kernel.perf_event_paranoid=2"},
	{"stock Ubuntu",
	 {-EACCES, "4", 62},
	 -EACCES,
	 "perf_event_paranoid is 4",
	 "CAP_PERFMON is not enough"},
	{"container", {-EPERM, "2", 62}, -EPERM, "forbidden", "seccomp"},
	{"no perf", {-ENOSYS, NULL, 62}, -ENOSYS, "no perf events", ""},
	{"no files", {-EMFILE, "2", 62}, -EMFILE, "cannot open", ""},
	{"arm64", {5, "2", 183}, -EOPNOTSUPP, "x86-64", ""},
#ifdef __x86_64__
	{"may be executed, not read", {5, "2", 0}, 0, "", ""},
#endif
};

Test(soft_source, probe_says_why)
{
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		struct kernel k = probes[i].kernel;
		struct damon_sys sys = fake_sys(&k);
		struct damon_fail f = {0};
		int ret = damon_soft_source.probe(&sys, &f);

		cr_expect_eq(ret, probes[i].ret, "%s: %d", probes[i].name, ret);
		cr_expect(strstr(f.text, probes[i].text), "%s: %s", probes[i].name, f.text);
		cr_expect(strstr(f.remedy, probes[i].remedy), "%s: %s", probes[i].name, f.remedy);
		if (!ret)
			cr_expect_eq(k.closed, 5, "%s leaves its event open", probes[i].name);
	}
}

Test(soft_source, attr)
{
	const struct damon_source_options o = {.rate_hz = 1000, .stack_bytes = 1024};
	struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
	struct kernel k = {5, "2", 62};
	struct damon_sys sys = fake_sys(&k);
	struct damon_fail f;

	cr_assert_eq(damon_soft_source.events(&sys, &o, e, &f), 1);
	cr_expect_eq(e[0].attr.type, PERF_TYPE_SOFTWARE);
	cr_expect_eq(e[0].attr.config, PERF_COUNT_SW_CPU_CLOCK);
	cr_expect_eq(e[0].attr.sample_period, 1000000);
	cr_expect_eq(e[0].attr.freq, 0);
	cr_expect_eq(e[0].attr.sample_type, PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
						    PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER);
	cr_expect_eq(e[0].attr.sample_regs_user, 0xff03ffull);
	cr_expect_eq(e[0].attr.sample_stack_user, 1024);
	cr_expect(e[0].attr.exclude_kernel && e[0].attr.exclude_hv);
}

struct options {
	const char *name;
	struct damon_source_options o;
	int ret;
};

static const struct options options[] = {
	{"stack by default", {.rate_hz = 100}, 1},
	{"no rate", {.rate_hz = 0}, -EINVAL},
	{"negative", {.rate_hz = -5}, -EINVAL},
	{"not a number", {.rate_hz = __builtin_nan("")}, -EINVAL},
	{"too fast", {.rate_hz = 1e9}, -EINVAL},
	{"odd stack", {.rate_hz = 100, .stack_bytes = 100}, -EINVAL},
	{"huge stack", {.rate_hz = 100, .stack_bytes = 65536}, -EINVAL},
	{"many reads", {.rate_hz = 100, .mem_reads = 17}, -EINVAL},
};

Test(soft_source, options_out_of_range)
{
	struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
	struct kernel k = {5, "2", 62};
	struct damon_sys sys = fake_sys(&k);

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		struct damon_fail f = {0};
		void *state = NULL;
		struct world w;
		int err;

		cr_expect_eq(damon_soft_source.events(&sys, &options[i].o, e, &f), options[i].ret,
			     "%s", options[i].name);
		cr_expect_eq(!f.text[0], options[i].ret > 0, "%s", options[i].name);
		world_init(&w, NULL, NULL);
		err = damon_soft_source.open(&options[i].o, &w.peek, &state);
		cr_expect_eq(err, MIN(options[i].ret, 0), "%s", options[i].name);
		cr_expect_eq(!!state, !err, "%s", options[i].name);
		damon_soft_source.close(state);
		world_release(&w);
	}
	cr_assert_eq(damon_soft_source.events(&sys, &options[0].o, e, NULL), 1);
	cr_expect_eq(e[0].attr.sample_stack_user, 512);
}

/* ---- samples ---- */

static struct damon_obs seen;
static int nr_seen;

static void see(void *priv, const struct damon_obs *o)
{
	seen = *o;
	nr_seen++;
}

static struct damon_perf_sample sample_of(struct world *w)
{
	return (struct damon_perf_sample){
		.ip = w->regs[X86_IP],
		.time_ns = 77,
		.pid = WORLD_PID,
		.tid = 8,
		.regs_abi = PERF_SAMPLE_REGS_ABI_64,
		.regs = w->regs,
		.nr_regs = X86_NR_SAMPLED,
		.stack = w->stack,
		.stack_len = w->stack_len,
	};
}

static void *open_source(struct world *w, unsigned mem_reads)
{
	const struct damon_source_options o = {.rate_hz = 250, .mem_reads = mem_reads};
	void *state = NULL;

	cr_assert_eq(damon_soft_source.open(&o, &w->peek, &state), 0);
	nr_seen = 0;
	return state;
}

/* Leaves something behind where the next function has its variables. */
static __attribute__((noinline)) void dirty_stack(void)
{
	volatile uint8_t left[8192];

	for (size_t i = 0; i < sizeof(left); i++)
		left[i] = 0xa5;
}

Test(soft_source, observation_of_a_tick)
{
	/* mov rdx,[rdi]; nop; then, from the second on: push rdx; mov al,fs:[0]; syscall */
	static const uint8_t code[] = {0x48, 0x8b, 0x17, 0x52, 0x64, 0x8a, 0x04,
				       0x25, 0,	   0,	 0,    0,    0x0f, 0x05};
	struct damon_source_stats st;
	struct damon_perf_sample s;
	struct world w;
	void *state;

	world_init(&w, NULL, NULL);
	world_code(&w, code, sizeof(code));
	w.regs[X86_IP] += 3;
	w.regs[X86_DI] = 0x10000;
	state = open_source(&w, 1);
	s = sample_of(&w);
	dirty_stack();
	cr_assert_eq(damon_soft_source.decode(state, &s, w.space, see, NULL), 1);
	cr_expect_eq(nr_seen, 1);
	cr_expect_eq(seen.hw.phys + seen.hw.latency_cycles + seen.hw.level + seen.hw.flags, 0,
		     "only hardware tells these");
	cr_expect_eq(seen.time_ns, 77);
	cr_expect_eq(seen.ip, WORLD_CODE + 3);
	cr_expect_eq(seen.pid, WORLD_PID);
	cr_expect_eq(seen.tid, 8);
	cr_expect_float_eq(seen.weight, 0.004, 1e-9);
	cr_expect_eq(seen.nr, 1);
	cr_expect_eq(seen.nr_unknown, 1);
	cr_expect_eq(seen.access[0].addr, WORLD_STACK - 8);
	cr_expect_eq(seen.access[0].ip, WORLD_CODE + 3);
	cr_expect_eq(seen.access[0].size, 8);
	cr_expect_eq(seen.access[0].flags, DAMON_ACCESS_STORE | DAMON_ACCESS_STACK);
	cr_expect(seen.has_stall);
	cr_expect_eq(seen.stall.addr, 0x10000);
	cr_expect_eq(seen.stall.ip, WORLD_CODE);
	damon_soft_source.stats(state, &st);
	cr_expect_eq(st.samples, 1);
	cr_expect_eq(st.accesses, 1);
	cr_expect_eq(st.unknown, 1);
	cr_expect_eq(st.stops[SOFT_STOP_SYSCALL], 1);
	cr_expect_eq(st.code_insns, 3);
	cr_expect_eq(st.no_address + st.no_code + st.foreign + st.likely + st.mem_reads, 0);
	cr_expect_str_eq(damon_soft_source.stop_names[SOFT_STOP_SYSCALL], "syscall");
	cr_expect_null(damon_soft_source.stop_names[SOFT_NR_STOPS]);
	damon_soft_source.close(state);
	world_release(&w);
}

Test(soft_source, likely_and_reads_are_counted)
{
	static const uint64_t heap[8] = {0x7000};
	static const uint8_t code[] = {0x48, 0x8b, 0x07, 0x8a, 0x08, 0x0f, 0x05};
	struct damon_source_stats st;
	struct damon_perf_sample s;
	struct world w;
	void *state;

	world_init(&w, NULL, NULL);
	world_code(&w, code, sizeof(code));
	world_add_memory(&w, 0x10000, heap, sizeof(heap));
	w.regs[X86_DI] = 0x10000;
	state = open_source(&w, 1);
	s = sample_of(&w);
	damon_soft_source.decode(state, &s, w.space, see, NULL);
	damon_soft_source.stats(state, &st);
	cr_expect_eq(st.accesses, 2);
	cr_expect_eq(st.likely, 1);
	cr_expect_eq(st.mem_reads, 1);
	damon_soft_source.close(state);
	world_release(&w);
}

struct odd {
	const char *name;
	uint64_t abi;
	uint32_t nr_regs;
	bool regs, code;
	int emitted;
	uint64_t foreign, no_code, no_address;
};

static const struct odd odds[] = {
	{"32 bits", PERF_SAMPLE_REGS_ABI_32, X86_NR_SAMPLED, true, true, 0, 1, 0, 0},
	{"no registers", PERF_SAMPLE_REGS_ABI_NONE, 0, false, true, 0, 1, 0, 0},
	{"other registers", PERF_SAMPLE_REGS_ABI_64, 33, true, true, 0, 1, 0, 0},
	{"no code", PERF_SAMPLE_REGS_ABI_64, X86_NR_SAMPLED, true, false, 1, 0, 1, 1},
};

Test(soft_source, samples_that_tell_nothing)
{
	static const uint8_t code[] = {0x8a, 0x07};

	for (size_t i = 0; i < ARRAY_SIZE(odds); i++) {
		const struct odd *d = &odds[i];
		struct damon_source_stats st;
		struct damon_perf_sample s;
		struct world w;
		void *state;

		world_init(&w, NULL, NULL);
		if (d->code)
			world_code(&w, code, sizeof(code));
		state = open_source(&w, 1);
		s = sample_of(&w);
		s.regs_abi = d->abi;
		s.nr_regs = d->nr_regs;
		if (!d->regs)
			s.regs = NULL;
		cr_expect_eq(damon_soft_source.decode(state, &s, w.space, see, NULL), d->emitted,
			     "%s", d->name);
		cr_expect_eq(nr_seen, d->emitted, "%s", d->name);
		damon_soft_source.stats(state, &st);
		cr_expect_eq(st.samples, 1, "%s", d->name);
		cr_expect_eq(st.foreign, d->foreign, "%s", d->name);
		cr_expect_eq(st.no_code, d->no_code, "%s", d->name);
		cr_expect_eq(st.no_address, d->no_address, "%s", d->name);
		damon_soft_source.close(state);
		world_release(&w);
	}
}

/* What lies on the stack before a call. */
static __attribute__((noinline)) void soil_stack(void)
{
	volatile uint8_t dirt[16384];

	for (size_t i = 0; i < sizeof(dirt); i++)
		dirt[i] = 0xff;
}

Test(soft_source, tells_nothing_that_only_hardware_tells)
{
	static const uint8_t code[] = {0x8a, 0x07};
	static const struct damon_hw nothing;
	struct damon_perf_sample s;
	struct world w;
	void *state;

	world_init(&w, NULL, NULL);
	world_code(&w, code, sizeof(code));
	state = open_source(&w, 1);
	s = sample_of(&w);
	soil_stack();
	cr_assert_eq(damon_soft_source.decode(state, &s, w.space, see, NULL), 1);
	cr_expect_eq(memcmp(&seen.hw, &nothing, sizeof(nothing)), 0);
	damon_soft_source.close(state);
	world_release(&w);
}
