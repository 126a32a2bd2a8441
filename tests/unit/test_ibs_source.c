/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "pmu/ibs.h"
#include "tests/kit/fake_perf.h"

#define LOAD  DAMON_ACCESS_LOAD
#define STORE DAMON_ACCESS_STORE
#define S     PERF_MEM_S

#define DEVICE	 "/sys/bus/event_source/devices/ibs_op/"
#define PARANOID "/proc/sys/kernel/perf_event_paranoid"

/* ---- the event ---- */

Test(ibs_source, periods_are_legal)
{
	static const struct {
		const char *name;
		struct damon_source_options o;
		uint64_t period;
	} rows[] = {
		{"the source's own", {0}, 250000},
		{"asked for", {.period = 100000}, 100000},
		{"a multiple of 16", {.period = 100001}, 100000},
		{"of at least 0x90", {.period = 1}, 0x90},
		{"not below", {.period = 0x90}, 0x90},
		{"not above", {.period = UINT64_MAX}, 1ull << 40},
		{"by a rate", {.rate_hz = 1000}, 1000000},
		{"by a rate that is none", {.rate_hz = 1e-30}, 1ull << 40},
		{"by a rate out of reach", {.rate_hz = 1e30}, 0x90},
		{"the period counts, not the rate", {.rate_hz = 1000, .period = 4096}, 4096},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t p = damon_ibs_period(&rows[i].o);

		cr_expect_eq(p, rows[i].period, "%s: %lu", rows[i].name, p);
		cr_expect_eq(p % 16, 0, "%s: %lu", rows[i].name, p);
	}
}

/* What a kernel does with an attr. */
struct kernel {
	bool per_task, swfilt; /* it can */
	int refuses;	       /* > 0: all else is fine, and it says this all the same */
	bool not_whole_cpus;   /* refused: no privilege */
	bool not_phys, not_kernel;
	bool unreadable; /* its type */
	int opens;	 /* so far */
};

static int ibs_kernel(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu)
{
	struct kernel *k = f->priv;
	bool filters = k->swfilt && a->config2 & 1;

	k->opens++;
	cr_assert_eq(a->type, 11);
	if (!a->exclude_kernel && k->not_kernel) /* perf_event_open() asks that before the PMU */
		return -EACCES;
	if (a->exclude_idle || a->exclude_host || a->exclude_guest)
		return -EINVAL;
	if ((a->exclude_user || a->exclude_kernel || a->exclude_hv) && !filters)
		return -EINVAL;
	if (a->config & ~(1ull << 19) || a->freq || a->sample_period % 16 ||
	    a->sample_period < 0x90)
		return -EINVAL;
	if (pid >= 0 && !k->per_task)
		return -EINVAL;
	if (pid < 0 && k->not_whole_cpus)
		return -EACCES;
	if (a->sample_type & PERF_SAMPLE_PHYS_ADDR && k->not_phys)
		return -EACCES;
	return -k->refuses;
}

/* What is in sysfs: 'formats' is one of those beside cnt_ctl. */
static void make_world(struct fake_perf *w, struct kernel *k, const char *const *formats)
{
	static const struct {
		const char *name, *text;
	} known[] = {
		{DEVICE "format/cnt_ctl", "config:19\n"},
		{DEVICE "format/swfilt", "config2:0\n"},
		{DEVICE "format/l3missonly", "config:16\n"},
		{DEVICE "format/ldlat", "config1:0-11\n"},
	};

	fake_perf_init(w, 2);
	w->on_open = ibs_kernel;
	w->priv = k;
	if (!formats)
		return;
	fake_perf_file(w, DEVICE "type", "11\n");
	if (k->unreadable)
		fake_perf_file(w, DEVICE "type", "eleven\n");
	for (; *formats; formats++)
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (!strcmp(strrchr(known[i].name, '/') + 1, *formats))
				fake_perf_file(w, known[i].name, known[i].text);
}

static const char *const zen3[] = {"cnt_ctl", NULL},
			 *const zen4[] = {"cnt_ctl", "l3missonly", NULL},
			 *const zen4_swfilt[] = {"cnt_ctl", "l3missonly", "swfilt", NULL},
			 *const zen5[] = {"cnt_ctl", "l3missonly", "ldlat", "swfilt", NULL},
			 *const cycles_only[] = {NULL};

static const struct machine {
	const char *name;
	const char *const *formats;
	struct kernel kernel;
	bool offline; /* CPU 0 */
	bool excludes, whole_cpus;
} usable[] = {
	{"Linux 6.0, Zen 3", zen3, {0}, false, false, true},
	{"Linux 6.0, Zen 4, CPU 0 is offline", zen4, {0}, true, false, true},
	{"Linux 6.2, Zen 4", zen4, {.per_task = true}, false, false, false},
	{"with swfilt, Zen 4", zen4_swfilt, {.per_task = true, .swfilt = true}, false, true, false},
	{"with swfilt, no whole CPUs for this user",
	 zen4_swfilt,
	 {.per_task = true, .swfilt = true, .not_whole_cpus = true},
	 false,
	 true,
	 false},
	{"with ldlat, Zen 5", zen5, {.per_task = true, .swfilt = true}, false, true, false},
};

Test(ibs_source, opens_what_the_kernel_takes)
{
	static struct fake_perf world;
	static const uint64_t type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
				     PERF_SAMPLE_ADDR | PERF_SAMPLE_PERIOD | PERF_SAMPLE_DATA_SRC |
				     PERF_SAMPLE_WEIGHT | PERF_SAMPLE_RAW;

	for (size_t i = 0; i < ARRAY_SIZE(usable); i++) {
		struct damon_source_options o = {.period = 100000, .phys = i & 1};
		struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
		struct kernel k = usable[i].kernel;
		struct damon_fail why = {""};
		const struct perf_event_attr *a = &e[0].attr;

		make_world(&world, &k, usable[i].formats);
		world.offline[0] = usable[i].offline;
		cr_assert_eq(damon_ibs_source.events(&world.sys, &o, e, &why), 1, "%s: %s",
			     usable[i].name, why.text);
		cr_expect_eq(damon_ibs_source.probe(&world.sys, &why), 0, "%s", why.text);
		cr_expect_eq(a->type, 11);
		cr_expect_eq(a->config, 1ull << 19, "%s: ops", usable[i].name);
		cr_expect_eq(a->config1, 0, "%s", usable[i].name);
		cr_expect_eq(a->config2, usable[i].excludes, "%s", usable[i].name);
		cr_expect_eq(a->exclude_kernel, usable[i].excludes, "%s", usable[i].name);
		cr_expect_eq(a->sample_type, type | (o.phys ? PERF_SAMPLE_PHYS_ADDR : 0));
		cr_expect_eq(a->sample_period, 100000);
		cr_expect_not(a->freq || a->exclude_hv || a->exclude_user);
		cr_expect_eq(e[0].whole_cpus, usable[i].whole_cpus, "%s", usable[i].name);
		cr_expect_str_eq(e[0].name, usable[i].excludes ? "ibs_op/cnt_ctl=1,swfilt=1/"
							       : "ibs_op/cnt_ctl=1/");
		cr_expect_eq(e[0].leader, 0);
		cr_expect_str_eq(e[0].cpus, "");
		cr_expect_eq(e[0].aux_bytes, 0);
		fake_perf_release(&world);
	}
}

#define CPUINFO(vendor, flags)                                                                     \
	"processor\t: 0\nvendor_id\t: " vendor "\ncpu family\t: 25\nflags\t\t: fpu " flags " ibs"  \
	"\n"

static const struct refusal {
	const char *name;
	const char *const *formats; /* NULL: no ibs_op */
	struct kernel kernel;
	const char *cpuinfo, *paranoid;
	struct damon_source_options o;
	int err;
	const char *text, *remedy;
} refusals[] = {
	{"Intel",
	 NULL,
	 {0},
	 CPUINFO("GenuineIntel", "sse"),
	 "2\n",
	 {0},
	 ENODEV,
	 "ibs_op is in AMD's processors only",
	 ""},
	{"a virtual machine",
	 NULL,
	 {0},
	 CPUINFO("AuthenticAMD", "hypervisor"),
	 "2\n",
	 {0},
	 ENODEV,
	 "ibs_op is not given to this virtual machine",
	 "soft"},
	{"switched off",
	 NULL,
	 {0},
	 CPUINFO("AuthenticAMD", "sse"),
	 "2\n",
	 {0},
	 ENODEV,
	 "ibs_op is not in sysfs, although",
	 "dmesg"},
	{"a processor of no maker",
	 NULL,
	 {0},
	 "processor\t: 0\nFeatures\t: fp asimd\n",
	 "2\n",
	 {0},
	 ENODEV,
	 "ibs_op is in AMD's processors only",
	 ""},
	{"nothing is told",
	 NULL,
	 {0},
	 NULL,
	 NULL,
	 {0},
	 ENODEV,
	 "ibs_op is in AMD's processors only",
	 ""},
	{"a type that is no number",
	 zen3,
	 {.unreadable = true},
	 NULL,
	 "2\n",
	 {0},
	 EINVAL,
	 "cannot read what sysfs says",
	 ""},
	{"cycles only",
	 cycles_only,
	 {.per_task = true},
	 NULL,
	 "2\n",
	 {0},
	 ENODEV,
	 "ibs_op counts cycles only here",
	 "soft"},
	{"an event",
	 zen5,
	 {.per_task = true},
	 NULL,
	 "2\n",
	 {.event = "mem-loads"},
	 EINVAL,
	 "there is no 'mem-loads'",
	 "leave"},
	{"a threshold",
	 zen5,
	 {.per_task = true, .swfilt = true},
	 NULL,
	 "2\n",
	 {.latency_cycles = 128},
	 EINVAL,
	 "no latency threshold",
	 "leave it out"},
	{"a user before Linux 6.2",
	 zen3,
	 {.not_whole_cpus = true},
	 NULL,
	 "1\n",
	 {0},
	 EACCES,
	 "for whole CPUs only, which takes privileges (perf_event_paranoid is 1)",
	 "perf_event_paranoid=0"},
	{"a user before swfilt, of whatever age the kernel is",
	 zen4,
	 {.per_task = true, .not_kernel = true},
	 NULL,
	 "2\n",
	 {0},
	 EACCES,
	 "perf_event_paranoid is 2",
	 "perf_event_paranoid=1' (=0 before Linux 6.2)"},
	{"a user with swfilt",
	 zen5,
	 {.per_task = true, .swfilt = true, .refuses = EACCES},
	 NULL,
	 "3\n",
	 {0},
	 EACCES,
	 "perf_event_paranoid is 3",
	 "perf_event_paranoid=2"},
	{"a user who wants physical addresses",
	 zen5,
	 {.per_task = true, .swfilt = true, .not_phys = true},
	 NULL,
	 "2\n",
	 {.phys = true},
	 EACCES,
	 "perf_event_paranoid is 2",
	 "perf_event_paranoid=1"},
	{"settings that it knows better",
	 zen5,
	 {.per_task = true, .swfilt = true, .refuses = EINVAL},
	 NULL,
	 "2\n",
	 {0},
	 EINVAL,
	 "refuses the event's settings",
	 "old"},
	{"in use",
	 zen3,
	 {.per_task = true, .refuses = EBUSY},
	 NULL,
	 "2\n",
	 {0},
	 EBUSY,
	 "holds the event's counters",
	 "profiler"},
};

Test(ibs_source, says_why_it_cannot)
{
	static struct fake_perf world;

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *r = &refusals[i];
		struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
		struct kernel k = r->kernel;
		struct damon_fail why = {""};

		make_world(&world, &k, r->formats);
		fake_perf_file(&world, "/proc/cpuinfo", r->cpuinfo);
		fake_perf_file(&world, PARANOID, r->paranoid);
		cr_expect_eq(damon_ibs_source.events(&world.sys, &r->o, e, &why), -r->err, "%s",
			     r->name);
		cr_expect(strstr(why.text, r->text), "%s: %s", r->name, why.text);
		cr_expect(strstr(why.remedy, r->remedy), "%s: %s", r->name, why.remedy);
		cr_expect_eq(!*why.remedy, !*r->remedy, "%s: %s", r->name, why.remedy);
		if (!r->o.event && !r->o.latency_cycles && !r->o.phys)
			cr_expect_eq(damon_ibs_source.probe(&world.sys, &why), -r->err, "%s",
				     r->name);
		if (!r->formats || r->o.event || r->o.latency_cycles)
			cr_expect_eq(k.opens, 0, "%s", r->name);
		fake_perf_release(&world);
	}
}

Test(ibs_source, claims_its_events_in_recordings)
{
	static const struct {
		const char *name, *pmu;
		bool claimed;
	} rows[] = {
		{"ibs_op//", "ibs_op", true},
		{"ibs_op//", "", true},
		{"ibs_op/cnt_ctl=1,l3missonly=1/", "", true},
		{"ibs_op", "", true},
		{"ibs_op:u", "", true},
		{"mem-ldst", "ibs_op", true},
		{"", "ibs_op", true},
		{"ibs_fetch//", "ibs_fetch", false},
		{"ibs_fetch//", "", false},
		{"ibs_optional//", "", false},
		{"cpu/mem-loads/P", "cpu", false},
		{"", "", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_perf_event e = {.name = rows[i].name, .pmu = rows[i].pmu};

		cr_expect_eq(damon_ibs_source.claims(&e), rows[i].claimed, "'%s' of '%s'",
			     rows[i].name, rows[i].pmu);
	}
}

/* ---- samples ---- */

#define ADDR 0x7f1234560ull
#define PHYS 0x9876560ull
#define NA   (S(OP, NA) | S(LVL, NA) | S(SNOOP, NA) | S(LOCK, NA) | S(TLB, NA))

#define L1_HIT (S(LVL, HIT) | S(LVL, L1) | S(LVLNUM, L1) | S(TLB, HIT) | S(TLB, L1))

#define USER   PERF_RECORD_MISC_USER
#define KERNEL PERF_RECORD_MISC_KERNEL

/* Of IbsOpData3: load, store, L1 miss, linear and physical address, 8 bytes wide, 300 cycles. */
#define D3_LOAD	   (1ull << 0)
#define D3_STORE   (1ull << 1)
#define D3_MISS	   (1ull << 7)
#define D3_LINEAR  (1ull << 17)
#define D3_ADDR	   (3ull << 17)
#define D3_8_BYTES (4ull << 22)
#define D3_300	   (300ull << 32)

enum { NO_RAW, RAW, CUT_RAW };

static const struct sample {
	const char *name;
	int raw;
	uint64_t data3;
	struct damon_perf_sample s; /* misc 0: user */
	bool no_loads, no_stores;

	enum { SEEN, UNKNOWN, LEFT_OUT } want;
	uint8_t access, bytes, level;
	uint32_t latency;
	uint64_t phys;
	float weight; /* 0: the register's */
} samples[] = {
	/* before Linux 6.1: registers alone */
	{"no access", RAW, 0, {.data_src = NA}, .want = LEFT_OUT},
	{"no access, an address all the same", RAW, D3_ADDR, {0}, .want = LEFT_OUT},
	{"a load",
	 RAW,
	 D3_LOAD | D3_ADDR | D3_8_BYTES,
	 {.data_src = NA},
	 .access = LOAD,
	 .bytes = 8,
	 .level = DAMON_LEVEL_L1,
	 .phys = PHYS},
	{"a load that missed",
	 RAW,
	 D3_LOAD | D3_LINEAR | D3_8_BYTES | D3_MISS | D3_300,
	 {0},
	 .access = LOAD,
	 .bytes = 8,
	 .level = DAMON_LEVEL_L2,
	 .latency = 300},
	{"a store",
	 RAW,
	 D3_STORE | D3_ADDR,
	 {.data_src = NA},
	 .access = STORE,
	 .level = DAMON_LEVEL_L1,
	 .phys = PHYS},
	{"both",
	 RAW,
	 D3_LOAD | D3_STORE | D3_ADDR,
	 {0},
	 .access = LOAD | STORE,
	 .level = DAMON_LEVEL_L1,
	 .phys = PHYS},
	{"a load without an address", RAW, D3_LOAD | D3_8_BYTES, {0}, .want = UNKNOWN},
	{"the kernel's own", RAW, D3_LOAD | D3_ADDR, {.misc = KERNEL}, .want = LEFT_OUT},
	{"a guest's",
	 RAW,
	 D3_LOAD | D3_ADDR,
	 {.misc = PERF_RECORD_MISC_GUEST_USER},
	 .want = LEFT_OUT},
	{"a period of its own",
	 RAW,
	 D3_LOAD | D3_LINEAR,
	 {.period = 4096},
	 .access = LOAD,
	 .level = DAMON_LEVEL_L1,
	 .weight = 4096},

	/* since Linux 6.1: the kernel's words alone */
	{"words: no access", NO_RAW, 0, {.data_src = NA, .period = 16}, .want = LEFT_OUT},
	{"words: a load",
	 NO_RAW,
	 0,
	 {.data_src = S(OP, LOAD) | L1_HIT,
	  .addr = ADDR,
	  .phys_addr = PHYS,
	  .weight = 12,
	  .period = 16},
	 .access = LOAD,
	 .level = DAMON_LEVEL_L1,
	 .latency = 12,
	 .phys = PHYS,
	 .weight = 16},
	{"words: three weights in one",
	 NO_RAW,
	 0,
	 {.data_src = S(OP, LOAD) | L1_HIT, .addr = ADDR, .weight = 0x50000012c, .period = 16},
	 .access = LOAD,
	 .level = DAMON_LEVEL_L1,
	 .latency = 300,
	 .weight = 16},
	{"words: a store without an address",
	 NO_RAW,
	 0,
	 {.data_src = S(OP, STORE) | L1_HIT, .period = 16},
	 .want = UNKNOWN,
	 .weight = 16},
	{"words: an address of the kernel",
	 NO_RAW,
	 0,
	 {.data_src = S(OP, LOAD) | L1_HIT, .addr = 0xffff888000000000, .period = 16},
	 .want = UNKNOWN,
	 .weight = 16},
	{"an address and no words",
	 NO_RAW,
	 0,
	 {.addr = ADDR, .period = 16},
	 .access = 0,
	 .level = DAMON_LEVEL_UNKNOWN,
	 .weight = 16},
	{"no period is told either",
	 NO_RAW,
	 0,
	 {.data_src = S(OP, LOAD) | L1_HIT, .addr = ADDR},
	 .access = LOAD,
	 .level = DAMON_LEVEL_L1,
	 .weight = 1000000},
	{"nothing is told", NO_RAW, 0, {.period = 16}, .want = UNKNOWN, .weight = 16},
	{"registers are cut, the words remain",
	 CUT_RAW,
	 D3_STORE | D3_ADDR,
	 {.data_src = S(OP, LOAD) | L1_HIT, .addr = ADDR, .period = 16},
	 .access = LOAD,
	 .level = DAMON_LEVEL_L1,
	 .weight = 16},
	{"registers are cut, nothing else",
	 CUT_RAW,
	 D3_STORE | D3_ADDR,
	 {.period = 16},
	 .want = UNKNOWN,
	 .weight = 16},

	/* both */
	{"the kernel knows better where it came from",
	 RAW,
	 D3_LOAD | D3_STORE | D3_ADDR | D3_8_BYTES | D3_MISS | D3_300,
	 {.data_src = S(OP, LOAD) | S(LVL, HIT) | S(LVL, LFB) | S(LVLNUM, LFB),
	  .addr = ADDR,
	  .weight = 300},
	 .access = LOAD | STORE,
	 .bytes = 8,
	 .level = DAMON_LEVEL_LFB,
	 .latency = 300,
	 .phys = PHYS},
	{"the kernel does not tell physical addresses",
	 RAW,
	 D3_LOAD | D3_LINEAR,
	 {.data_src = S(OP, LOAD) | L1_HIT, .addr = ADDR},
	 .access = LOAD,
	 .level = DAMON_LEVEL_L1},

	/* asked for */
	{"no loads: a load", RAW, D3_LOAD | D3_ADDR, {0}, .no_loads = true, .want = LEFT_OUT},
	{"no stores: a store", RAW, D3_STORE | D3_ADDR, {0}, .no_stores = true, .want = LEFT_OUT},
	{"no loads: a store",
	 RAW,
	 D3_STORE | D3_LINEAR,
	 {0},
	 .no_loads = true,
	 .access = STORE,
	 .level = DAMON_LEVEL_L1},
	{"no loads: both",
	 RAW,
	 D3_LOAD | D3_STORE | D3_LINEAR,
	 {0},
	 .no_loads = true,
	 .access = LOAD | STORE,
	 .level = DAMON_LEVEL_L1},
	{"no stores: both",
	 RAW,
	 D3_LOAD | D3_STORE | D3_LINEAR,
	 {0},
	 .no_stores = true,
	 .access = LOAD | STORE,
	 .level = DAMON_LEVEL_L1},
	{"no stores: not known which",
	 NO_RAW,
	 0,
	 {.addr = ADDR, .period = 16},
	 .no_stores = true,
	 .level = DAMON_LEVEL_UNKNOWN,
	 .weight = 16},
};

struct seen {
	struct damon_obs last;
	int nr;
	double weight;
};

static void note(void *priv, const struct damon_obs *o)
{
	struct seen *s = priv;

	s->last = *o;
	s->weight += (double)o->weight;
	s->nr++;
}

#define RAW_LEN (4 + 8 * 7)

static void make_raw(uint8_t raw[RAW_LEN], uint64_t data3)
{
	const uint64_t regs[7] = {0xe0000 | 10400 >> 4, 0x401000, 0, 0, data3, ADDR, PHYS};
	const uint32_t caps = 0x3ff;

	memcpy(raw, &caps, sizeof(caps));
	memcpy(raw + sizeof(caps), regs, sizeof(regs));
}

static void expect_obs(const struct sample *w, const struct damon_obs *o)
{
	cr_expect_eq(o->time_ns, 99, "%s", w->name);
	cr_expect_eq(o->ip, 0x401000, "%s", w->name);
	cr_expect(o->pid == 7 && o->tid == 8, "%s", w->name);
	cr_expect_float_eq(o->weight, w->weight > 0 ? w->weight : 10400, 1e-3, "%s: %g", w->name,
			   (double)o->weight);
	cr_expect_eq(o->nr, w->want == SEEN, "%s", w->name);
	cr_expect_eq(o->nr_unknown, w->want == UNKNOWN, "%s", w->name);
	cr_expect_eq(o->hw.level, w->level, "%s: level %u", w->name, o->hw.level);
	cr_expect_eq(o->hw.latency_cycles, w->latency, "%s: %u cycles", w->name,
		     o->hw.latency_cycles);
	cr_expect_eq(o->hw.phys, w->phys, "%s: %#lx", w->name, o->hw.phys);
	if (w->want != SEEN)
		return;
	cr_expect_eq(o->access[0].addr, ADDR, "%s: %#lx", w->name, o->access[0].addr);
	cr_expect_eq(o->access[0].ip, 0x401000, "%s", w->name);
	cr_expect_eq(o->access[0].flags, w->access, "%s: %u", w->name, o->access[0].flags);
	cr_expect_eq(o->access[0].size, w->bytes, "%s: %u", w->name, o->access[0].size);
}

Test(ibs_source, decodes)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *w = &samples[i];
		struct damon_source_options o = {
			.rate_hz = 1000, .no_loads = w->no_loads, .no_stores = w->no_stores};
		struct damon_perf_sample s = w->s;
		struct damon_source_stats st;
		struct seen seen = {.nr = 0};
		uint8_t raw[RAW_LEN];
		void *state = NULL;
		int n;

		make_raw(raw, w->data3);
		s.raw = w->raw == NO_RAW ? NULL : raw;
		s.raw_len = w->raw == RAW ? RAW_LEN : w->raw == CUT_RAW ? RAW_LEN - 1 : 0;
		s.misc = s.misc ? s.misc : USER;
		s.ip = 0x401000;
		s.time_ns = 99;
		s.pid = 7;
		s.tid = 8;
		cr_assert_eq(damon_ibs_source.open(&o, NULL, &state), 0);
		n = damon_ibs_source.decode(state, &s, NULL, note, &seen);
		damon_ibs_source.stats(state, &st);
		damon_ibs_source.close(state);
		cr_expect_eq(n, w->want != LEFT_OUT, "%s", w->name);
		cr_expect_eq(seen.nr, n, "%s", w->name);
		cr_expect_eq(st.samples, 1, "%s", w->name);
		cr_expect_eq(st.accesses, w->want == SEEN, "%s", w->name);
		cr_expect_eq(st.no_address, w->want == UNKNOWN, "%s", w->name);
		cr_expect_eq(st.unknown, w->want == UNKNOWN, "%s", w->name);
		cr_expect_eq(st.filtered, w->want == LEFT_OUT, "%s", w->name);
		if (seen.nr)
			expect_obs(w, &seen.last);
	}
	damon_ibs_source.close(NULL);
}

Test(ibs_source, what_is_left_out_has_a_reason)
{
	static const struct {
		const char *name;
		uint16_t misc;
		uint64_t data3;
		bool no_loads, no_stores;
		uint64_t no_access, in_kernel, unwanted;
	} rows[] = {
		{"an access", USER, 1 | 1 << 17, false, false, 0, 0, 0},
		{"an op without", USER, 0, false, false, 1, 0, 0},
		{"the kernel's", PERF_RECORD_MISC_KERNEL, 1 | 1 << 17, false, false, 0, 1, 0},
		{"a load, not asked for", USER, 1 | 1 << 17, true, false, 0, 0, 1},
		{"a store, not asked for", USER, 2 | 1 << 17, false, true, 0, 0, 1},
		{"both, half of it asked for", USER, 3 | 1 << 17, false, true, 0, 0, 0},
		{"an op without, and stores alone are", USER, 0, true, false, 1, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_source_options o = {.no_loads = rows[i].no_loads,
						 .no_stores = rows[i].no_stores};
		struct damon_source_stats st;
		struct seen seen = {.nr = 0};
		uint8_t raw[RAW_LEN];
		struct damon_perf_sample s = {.misc = rows[i].misc, .raw = raw, .raw_len = RAW_LEN};
		void *state = NULL;

		make_raw(raw, rows[i].data3);
		cr_assert_eq(damon_ibs_source.open(&o, NULL, &state), 0);
		damon_ibs_source.decode(state, &s, NULL, note, &seen);
		damon_ibs_source.stats(state, &st);
		damon_ibs_source.close(state);
		cr_expect_eq(st.no_access, rows[i].no_access, "%s", rows[i].name);
		cr_expect_eq(st.in_kernel, rows[i].in_kernel, "%s", rows[i].name);
		cr_expect_eq(st.unwanted, rows[i].unwanted, "%s", rows[i].name);
		cr_expect_eq(st.filtered, st.no_access + st.in_kernel + st.unwanted, "%s",
			     rows[i].name);
	}
}

/* A sampled access stands for as many accesses as the period has ops: all of them together are
 * what the program made. Here each fourth op of 100 million is one. */
Test(ibs_source, weights_add_up_to_the_accesses)
{
	struct damon_source_options o = {.period = 10000};
	struct seen seen = {.nr = 0};
	void *state = NULL;

	cr_assert_eq(damon_ibs_source.open(&o, NULL, &state), 0);
	for (uint64_t op = 0; op < 100000000; op += 10000) {
		uint64_t kind = op / 10000 % 4;
		struct damon_perf_sample s = {.misc = USER, .period = 10000};
		uint8_t raw[RAW_LEN];

		make_raw(raw, kind ? 0 : D3_LOAD | D3_ADDR);
		s.raw = raw;
		s.raw_len = RAW_LEN;
		damon_ibs_source.decode(state, &s, NULL, note, &seen);
	}
	damon_ibs_source.close(state);
	cr_expect_eq(seen.nr, 2500);
	cr_expect_float_eq(seen.weight * damon_ibs_source.scale.accesses, 25e6, 1);
}

Test(ibs_source, events_of_recordings_tell_the_rest)
{
	static const struct damon_perf_event events[] = {
		{.name = "ibs_op/cnt_ctl=1/",
		 .pmu = "ibs_op",
		 .attr = {.config = 1 << 19, .sample_period = 100000}},
		{.name = "cycles:u", .pmu = "", .attr = {.sample_freq = 4000, .freq = 1}},
		{.name = "ibs_op//", .pmu = "ibs_op", .attr = {.sample_freq = 4000, .freq = 1}},
	};
	static const struct {
		const char *name;
		uint32_t event;
		uint64_t period;
		bool raw;
		float weight;
	} rows[] = {
		{"a fixed period", 0, 0, false, 100000},
		{"which is not the counter's, as that has fewer bits", 0, 0, true, 100000},
		{"the sample's own", 0, 160, true, 160},
		{"a frequency: the counter's", 2, 0, true, 10400},
		{"a frequency, nothing else is told", 2, 0, false, 250000},
		{"an event that was not told", 3, 0, false, 250000},
	};
	struct damon_source_options o = {0};
	void *state = NULL;

	cr_assert_eq(damon_ibs_source.open(&o, NULL, &state), 0);
	cr_assert_eq(damon_ibs_source.begin(state, events, 2), 0);
	cr_assert_eq(damon_ibs_source.begin(state, events, 3), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_perf_sample s = {.misc = USER,
					      .event = rows[i].event,
					      .period = rows[i].period,
					      .addr = ADDR,
					      .data_src = S(OP, LOAD) | L1_HIT};
		struct seen seen = {.nr = 0};
		uint8_t raw[RAW_LEN];

		make_raw(raw, D3_LOAD | D3_ADDR);
		s.raw = rows[i].raw ? raw : NULL;
		s.raw_len = rows[i].raw ? RAW_LEN : 0;
		cr_expect_eq(damon_ibs_source.decode(state, &s, NULL, note, &seen), 1);
		cr_expect_float_eq(seen.last.weight, rows[i].weight, 1e-3, "%s: %g", rows[i].name,
				   (double)seen.last.weight);
	}
	damon_ibs_source.close(state);
}

Test(ibs_source, accesses_are_counted_if_all_are_sampled_alike)
{
	static const struct {
		const char *name, *pmu;
		struct perf_event_attr attr;
		bool counted;
	} rows[] = {
		{"ops", "ibs_op", {.config = 1 << 19}, true},
		{"ops of user mode", "ibs_op", {.config = 1 << 19, .config2 = 1}, true},
		{"cycles", "ibs_op", {.config = 0}, false},
		{"misses of L3", "ibs_op", {.config = 1 << 19 | 1 << 16}, false},
		{"long latencies", "ibs_op", {.config = 1 << 19, .config1 = 128}, false},
		{"another's event", "cpu", {.config = 0}, true},
	};
	struct damon_source_options o = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_perf_event e = {.name = "", .pmu = rows[i].pmu, .attr = rows[i].attr};
		struct damon_scale scale;
		void *state = NULL;

		cr_assert_eq(damon_ibs_source.open(&o, NULL, &state), 0);
		cr_assert_eq(damon_ibs_source.begin(state, &e, 1), 0);
		damon_ibs_source.scale_of(state, &scale);
		cr_expect_eq(scale.lo >= 1 && scale.hi <= 1, rows[i].counted, "%s", rows[i].name);
		damon_ibs_source.close(state);
	}
}
