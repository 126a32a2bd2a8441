/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "pmu/memory.h"
#include "pmu/spe/spe.h"
#include "tests/kit/fake_sys.h"
#include "tests/kit/spe_bytes.h"

#define DIR	 "/sys/bus/event_source/devices"
#define STATUS	 "/proc/self/status"
#define PARANOID "/proc/sys/kernel/perf_event_paranoid"
#define MLOCK	 "/proc/sys/kernel/perf_event_mlock_kb"
#define ROOT	 "Name:\tx\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\nSeccomp:\t0\n"
#define USER	 "Name:\tx\nUid:\t9\t9\t9\t9\nCapEff:\t0000000000000000\nSeccomp:\t0\n"

#define SPE(n, type, cpus)                                                                         \
	{DIR "/arm_spe_" n "/type", type "\n", 0}, {DIR "/arm_spe_" n "/cpumask", cpus "\n", 0},   \
		{DIR "/arm_spe_" n "/caps/min_interval", "1024\n", 0},                             \
		{DIR "/arm_spe_" n "/format/ts_enable", "config:0\n", 0},                          \
		{DIR "/arm_spe_" n "/format/pa_enable", "config:1\n", 0},                          \
		{DIR "/arm_spe_" n "/format/jitter", "config:16\n", 0},                            \
		{DIR "/arm_spe_" n "/format/branch_filter", "config:32\n", 0},                     \
		{DIR "/arm_spe_" n "/format/load_filter", "config:33\n", 0},                       \
		{DIR "/arm_spe_" n "/format/store_filter", "config:34\n", 0},                      \
	{                                                                                          \
		DIR "/arm_spe_" n "/format/min_latency", "config2:0-11\n", 0                       \
	}

/* Linux on Neoverse, as root; on cores of two kinds, as a user. */
static const struct fake_file root[] = {
	SPE("0", "12", "0-63"), {STATUS, ROOT, 0}, {PARANOID, "2\n", 0}, {MLOCK, "516\n", 0}, {0}};
static const struct fake_file user[] = {SPE("0", "12", "0-3"), SPE("1", "13", "4-7"),
					{STATUS, USER, 0},     {PARANOID, "2\n", 0},
					{MLOCK, "516\n", 0},   {0}};
static const struct fake_file relaxed[] = {
	SPE("0", "12", "0-63"), {STATUS, USER, 0}, {PARANOID, "1\n", 0}, {MLOCK, "516\n", 0}, {0}};
static const struct fake_file x86[] = {
	{"/proc/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\n", 0}, {0}};
static const struct fake_file arm_guest[] = {
	{"/proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\n", 0}, {0}};

#define TS     (1ull << 0)
#define PA     (1ull << 1)
#define JITTER (1ull << 16)
#define LOADS  (1ull << 33)
#define STORES (1ull << 34)

static const struct {
	const char *name;
	const struct fake_file *files;
	struct damon_source_options o;
	int want; /* events, or -errno */
	uint64_t config, config2, period;
} asked[] = {
	{"by default", root, {0}, 1, TS | JITTER | LOADS | STORES, 0, 131072},
	{"on two kinds of cores", user, {0}, 2, TS | JITTER | LOADS | STORES, 0, 131072},
	{"loads", root, {.no_stores = true}, 1, TS | JITTER | LOADS, 0, 131072},
	{"stores", root, {.no_loads = true}, 1, TS | JITTER | STORES, 0, 131072},
	{"neither", root, {.no_loads = true, .no_stores = true}, -EINVAL, 0, 0, 0},
	{"slow loads",
	 root,
	 {.no_stores = true, .latency_cycles = 100},
	 1,
	 TS | JITTER | LOADS,
	 100,
	 131072},
	{"slow loads, and stores",
	 root,
	 {.latency_cycles = 100},
	 1,
	 TS | JITTER | LOADS | STORES,
	 0,
	 131072},
	{"too slow", root, {.no_stores = true, .latency_cycles = 4096}, -ERANGE, 0, 0, 0},
	{"physical addresses",
	 root,
	 {.phys = true},
	 1,
	 TS | PA | JITTER | LOADS | STORES,
	 0,
	 131072},
	{"physical addresses for users", user, {.phys = true}, -EACCES, 0, 0, 0},
	{"physical addresses for users who may sample the kernel",
	 relaxed,
	 {.phys = true},
	 1,
	 TS | PA | JITTER | LOADS | STORES,
	 0,
	 131072},
	{"a period", root, {.period = 4096}, 1, TS | JITTER | LOADS | STORES, 0, 4096},
	{"a period between steps",
	 root,
	 {.period = 4100},
	 1,
	 TS | JITTER | LOADS | STORES,
	 0,
	 4096},
	{"a period below the least", root, {.period = 1}, 1, TS | JITTER | LOADS | STORES, 0, 1024},
	{"a period beyond all",
	 root,
	 {.period = 1ull << 40},
	 1,
	 TS | JITTER | LOADS | STORES,
	 0,
	 0xffffff00},
	{"a rate", root, {.rate_hz = 10000}, 1, TS | JITTER | LOADS | STORES, 0, 99840},
	{"an event by name", root, {.event = "ldst"}, -EINVAL, 0, 0, 0},
	{"on another architecture", x86, {0}, -ENODEV, 0, 0, 0},
};

static int (*fake_open)(const struct damon_sys *s, struct perf_event_attr *a, int pid, int cpu,
			int group, unsigned long flags);

/* What arm_spe_pmu_event_init() in drivers/perf/arm_spe_pmu.c asks for. */
static int kernel_open(const struct damon_sys *s, struct perf_event_attr *a, int pid, int cpu,
		       int group, unsigned long flags)
{
	struct fake_sys *f = s->priv;

	if (a->config & PA && f->files == user)
		return -EACCES;
	return fake_open(s, a, pid, cpu, group, flags);
}

Test(spe, asks_for_events)
{
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
		struct damon_fail why = {0};
		struct fake_sys f;
		int n;

		fake_sys_init(&f, asked[i].files);
		fake_open = f.sys.perf_event_open;
		f.sys.perf_event_open = kernel_open;
		n = damon_spe_source.events(&f.sys, &asked[i].o, e, &why);
		cr_expect_eq(n, asked[i].want, "%s: %d", asked[i].name, n);
		cr_expect_eq(n < 0, why.text[0] != 0, "%s: '%s'", asked[i].name, why.text);
		cr_expect_eq(f.nr_open, 0, "%s", asked[i].name);
		for (int j = 0; j < n; j++) {
			const struct perf_event_attr *a = &e[j].attr;

			cr_expect_eq(a->type, 12 + j, "%s", asked[i].name);
			cr_expect_eq(a->config, asked[i].config, "%s: %#llx", asked[i].name,
				     (unsigned long long)a->config);
			cr_expect_eq(a->config2, asked[i].config2, "%s", asked[i].name);
			cr_expect_eq(a->sample_period, asked[i].period, "%s: %llu", asked[i].name,
				     (unsigned long long)a->sample_period);
			cr_expect(!a->freq && a->exclude_kernel && a->disabled);
			cr_expect(!e[j].whole_cpus && !e[j].leader);
			cr_expect_str_eq(e[j].cpus, n == 1 ? "0-63" : j ? "4-7" : "0-3");
		}
	}
}

/* Half of what a user may lock, in a power of two of pages. */
Test(spe, takes_as_much_memory_as_it_may)
{
	const size_t least = 2 * (size_t)sysconf(_SC_PAGESIZE);
	const struct {
		const char *name, *status, *paranoid, *mlock;
		size_t want;
	} rows[] = {
		{"root", ROOT, "2\n", "516\n", 4 << 20},
		{"no limits", USER, "-1\n", "516\n", 4 << 20},
		{"user", USER, "2\n", "516\n", 256 << 10},
		{"user with more", USER, "2\n", "16384\n", 4 << 20},
		{"user with some more", USER, "2\n", "5000\n", 2 << 20},
		{"user with nothing", USER, "2\n", "0\n", least},
		{"user with nonsense", USER, "2\n", "-7\n", least},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct fake_file files[] = {SPE("0", "12", "0"),
						  {STATUS, rows[i].status, 0},
						  {PARANOID, rows[i].paranoid, 0},
						  {MLOCK, rows[i].mlock, 0},
						  {0}};
		struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
		struct damon_source_options o = {0};
		struct fake_sys f;

		fake_sys_init(&f, files);
		cr_assert_eq(damon_spe_source.events(&f.sys, &o, e, NULL), 1);
		cr_expect_eq(e[0].aux_bytes, rows[i].want, "%s: %zu", rows[i].name, e[0].aux_bytes);
	}
}

/* Its second kind of cores is not to be left out. */
static const struct fake_file unreadable[] = {
	{DIR "/arm_spe_0/type", "9\n", 0},
	{DIR "/arm_spe_0/cpumask", "0-3\n", 0},
	{DIR "/arm_spe_0/format/ts_enable", "config:0\n", 0},
	{DIR "/arm_spe_1/type", "", EACCES},
	{0},
};
static const struct fake_file odd[] = {
	{DIR "/arm_spe_0/type", "9\n", 0},
	{DIR "/arm_spe_0/format/ts_enable", "config:0\n", 0},
	{DIR "/arm_spe_1/type", "10\n", 0},
	{DIR "/arm_spe_1/cpumask", "four\n", 0},
	{0},
};

Test(spe, says_why_it_is_not_here)
{
	static const struct {
		const char *name;
		const struct fake_file *files;
		int perf_err, want;
		const char *text;
	} rows[] = {
		{"another architecture", x86, 0, -ENODEV, "is in Arm's processors only"},
		{"a guest", arm_guest, 0, -ENODEV, "is not in sysfs"},
		{"here", root, 0, 0, ""},
		{"here, as user", user, 0, 0, ""},
		{"forbidden", user, EACCES, -EACCES, "cannot sample"},
		{"one cannot be read", unreadable, 0, -EACCES, "arm_spe_1 in sysfs cannot be used"},
		{"one is odd", odd, 0, -EINVAL, "arm_spe_1 in sysfs cannot be used"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_fail why = {0};
		struct fake_sys f;

		fake_sys_init(&f, rows[i].files);
		f.perf_err = rows[i].perf_err;
		cr_expect_eq(damon_spe_source.probe(&f.sys, &why), rows[i].want, "%s",
			     rows[i].name);
		cr_expect(strstr(why.text, rows[i].text), "%s: %s", rows[i].name, why.text);
		cr_expect_eq(f.nr_open, 0, "%s", rows[i].name);
	}
}

Test(spe, claims_its_events)
{
	static const struct {
		const char *name, *pmu;
		bool want;
	} rows[] = {
		{"arm_spe//", "", true},
		{"arm_spe_0/ts_enable=1,load_filter=1/u", "arm_spe_0", true},
		{"", "arm_spe_1", true},
		{"dummy:u", "", false},
		{"cpu/mem-loads/", "cpu", false},
		{"", "", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_perf_event e = {.name = rows[i].name, .pmu = rows[i].pmu};

		cr_expect_eq(damon_spe_source.claims(&e), rows[i].want, "'%s' '%s'", rows[i].name,
			     rows[i].pmu);
	}
}

struct seen {
	char text[1024];
	struct damon_perf_sample last;
	size_t n;
};

static void keep(void *priv, const struct damon_perf_sample *s)
{
	struct seen *k = priv;
	size_t used = strlen(k->text);

	k->last = *s;
	k->n++;
	snprintf(k->text + used, sizeof(k->text) - used, "%llx ", (unsigned long long)s->addr);
}

/* Six records: loads of 10 and 200 cycles, stores of 20 and 300, one that says nothing, an atomic.
 */
static void six_records(struct spe_bytes *b)
{
	static const struct {
		uint8_t header, op;
		uint16_t total;
		uint64_t va;
	} rows[] = {{0x49, 0, 10, 0xa},	 {0x49, 0, 200, 0xb}, {0x49, 1, 20, 0xc},
		    {0x49, 1, 300, 0xd}, {0x4a, 1, 5, 0},     {0x49, 6, 15, 0xf}};

	b->len = 0;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		spe_pc(b, 0x400);
		spe_add(b, rows[i].header, 1, rows[i].op);
		spe_total(b, rows[i].total);
		if (rows[i].va)
			spe_va(b, rows[i].va);
		spe_end(b);
	}
}

Test(spe, gives_what_was_asked_for)
{
	static const struct {
		const char *name;
		struct damon_source_options o;
		const char *want;
	} rows[] = {
		{"all", {0}, "a b c d f "},
		{"loads", {.no_stores = true}, "a b f "},
		{"stores", {.no_loads = true}, "c d f "},
		{"slow loads", {.no_stores = true, .latency_cycles = 100}, "b f "},
		{"slow loads, and stores", {.latency_cycles = 100}, "b c d f "},
	};
	struct spe_bytes b;

	six_records(&b);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_trace t = {
			.bytes = b.bytes, .len = b.len, .cpu = -1, .pid = 1, .tid = 2};
		struct damon_source_stats stats;
		struct seen k = {{0}};
		void *state;

		cr_assert_eq(damon_spe_source.open(&rows[i].o, NULL, &state), 0);
		cr_expect_eq(damon_spe_source.decode_trace(state, &t, keep, &k), k.n);
		cr_expect_str_eq(k.text, rows[i].want, "%s: %s", rows[i].name, k.text);
		damon_spe_source.stats(state, &stats);
		cr_expect_eq(stats.filtered + k.n, 6, "%s", rows[i].name);
		cr_expect_eq(stats.no_access, 1, "%s: a branch", rows[i].name);
		cr_expect_eq(stats.unwanted, 5 - k.n, "%s", rows[i].name);
		damon_spe_source.close(state);
	}
}

static void *open_default(void)
{
	static const struct damon_source_options o;
	void *state;

	cr_assert_eq(damon_spe_source.open(&o, NULL, &state), 0);
	return state;
}

static void keep_obs(void *priv, const struct damon_obs *o)
{
	*(struct damon_obs *)priv = *o;
}

static struct damon_trace piece(uint32_t buffer, uint64_t offset, const struct spe_bytes *b,
				size_t from, size_t to)
{
	return (struct damon_trace){.buffer = buffer,
				    .offset = offset,
				    .bytes = b->bytes + from,
				    .len = to - from,
				    .cpu = -1,
				    .pid = -1,
				    .tid = -1};
}

/* What waits in one buffer is not mixed with another one's, also if there are more of them than
 * have room: then what they lose is counted. */
Test(spe, buffers_are_kept_apart)
{
	static const struct {
		uint32_t buffers;
		size_t want, lost;
	} rows[] = {{1, 6, 0}, {3, 18, 0}, {1024, 6144, 0}, {1025, 0, 0}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		void *state = open_default();
		struct damon_source_stats stats;
		struct spe_bytes b;
		size_t total = 0;

		six_records(&b);
		for (size_t at = 0; at < b.len; at += 7) {
			for (uint32_t n = 0; n < rows[i].buffers; n++) {
				struct seen k = {{0}};
				struct damon_trace t =
					piece(n * 77777, at, &b, at, MIN(at + 7, b.len));

				damon_spe_source.decode_trace(state, &t, keep, &k);
				total += k.n;
			}
		}
		damon_spe_source.stats(state, &stats);
		total += stats.filtered;
		if (rows[i].want) {
			cr_expect_eq(total, rows[i].want, "%u buffers: %zu", rows[i].buffers,
				     total);
			cr_expect_eq(stats.broken, 0, "%u buffers", rows[i].buffers);
		} else {
			cr_expect_gt(stats.broken, rows[i].buffers, "%u buffers", rows[i].buffers);
		}
		damon_spe_source.close(state);
	}
}

/* Rates are of what was sampled, unless a filter took some of it. */
Test(spe, filters_leave_shares)
{
	static const struct {
		const char *name;
		struct damon_source_options o;
		const char *pmu;
		uint64_t config1, config2;
		double hi;
	} rows[] = {
		{"all", {0}, "arm_spe_0", 0, 0, 1},
		{"stores", {.no_loads = true}, "arm_spe_0", 0, 0, 1},
		{"slow loads", {.latency_cycles = 9}, "arm_spe_0", 0, 0, 1000},
		{"recorded with a least latency", {0}, "arm_spe_0", 0, 30, 1000},
		{"recorded with a filter of events", {0}, "arm_spe_0", 2, 0, 1000},
		{"another event's", {0}, "cpu", 2, 30, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_perf_event e[2] = {
			{.name = "", .pmu = "arm_spe_1"},
			{.name = "", .pmu = rows[i].pmu},
		};
		struct damon_scale scale;
		void *state;

		e[1].attr.config1 = rows[i].config1;
		e[1].attr.config2 = rows[i].config2;
		cr_assert_eq(damon_spe_source.open(&rows[i].o, NULL, &state), 0);
		cr_assert_eq(damon_spe_source.begin(state, e, 2), 0);
		damon_spe_source.scale_of(state, &scale);
		cr_expect_eq(scale.hi, rows[i].hi, "%s: %g", rows[i].name, scale.hi);
		damon_spe_source.close(state);
	}
}

Test(spe, what_the_kernel_does_is_left_out)
{
	struct damon_perf_sample s = {.misc = PERF_RECORD_MISC_KERNEL, .addr = 0x1000};
	struct damon_source_stats stats;
	void *state = open_default();
	struct damon_obs o;

	cr_expect_eq(damon_spe_source.decode(state, &s, NULL, keep_obs, &o), 0);
	damon_spe_source.stats(state, &stats);
	cr_expect_eq(stats.filtered, 1);
	cr_expect_eq(stats.in_kernel, 1);
	damon_spe_source.close(state);
}

/* The record that the end of a truncated piece cuts does not get the next piece's packets. */
Test(spe, truncated_pieces_lose_their_last_record)
{
	struct spe_bytes b;
	void *state = open_default();
	struct damon_source_stats stats;
	struct seen k = {{0}};
	struct damon_trace t;

	six_records(&b);
	t = piece(0, 0, &b, 0, 20); /* without data address and end */
	t.truncated = true;
	t.collided = true;
	cr_expect_eq(damon_spe_source.decode_trace(state, &t, keep, &k), 0);
	t = piece(0, 20, &b, 0, b.len);
	t.collided = true;
	cr_expect_eq(damon_spe_source.decode_trace(state, &t, keep, &k), 5);
	cr_expect_str_eq(k.text, "a b c d f ");
	damon_spe_source.stats(state, &stats);
	cr_expect_eq(stats.truncated, 1);
	cr_expect_eq(stats.collided, 2);
	cr_expect_eq(stats.broken, 1);
	damon_spe_source.close(state);
}

/* Also where nothing in the next piece tells that another record begins. */
Test(spe, truncated_pieces_leave_nothing_behind)
{
	struct spe_bytes b = {.len = 0};
	void *state = open_default();
	struct seen k = {{0}};
	struct damon_trace t;

	spe_va(&b, 0xbad);
	spe_pc(&b, 0x400);
	spe_load(&b);
	spe_end(&b);
	t = piece(0, 0, &b, 0, 9);
	t.truncated = true;
	damon_spe_source.decode_trace(state, &t, keep, &k);
	t = piece(0, 9, &b, 9, b.len);
	damon_spe_source.decode_trace(state, &t, keep, &k);
	cr_expect_str_eq(k.text, "0 ", "%s", k.text);
	damon_spe_source.close(state);
}

Test(spe, garbage_is_counted)
{
	static const uint8_t garbage[] = {0xff, 0xfe, 0x80, 0x01};
	struct damon_trace t = {.bytes = garbage, .len = sizeof(garbage)};
	void *state = open_default();
	struct damon_source_stats stats;
	struct seen k = {{0}};

	cr_expect_eq(damon_spe_source.decode_trace(state, &t, keep, &k), 0);
	damon_spe_source.stats(state, &stats);
	cr_expect_eq(stats.skipped, 3);
	cr_expect_eq(stats.broken, 1);
	damon_spe_source.close(state);
}

/* Each stands for the operations between two of them. */
Test(spe, samples_become_observations)
{
	static const struct {
		const char *name;
		uint64_t va, period;
		float weight;
		unsigned int nr;
	} rows[] = {
		{"of an unknown period", 0x1000, 0, 131072, 1},
		{"a load", 0x1000, 4096, 4096, 1},
		{"without an address", 0, 4096, 4096, 0},
		{"of the kernel", 0x00ff000012340000, 4096, 4096, 0},
	};
	void *state = open_default();
	struct damon_source_stats stats;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spe_bytes b = {.len = 0};
		struct damon_perf_event e = {.name = "arm_spe//", .pmu = ""};
		struct damon_trace t;
		struct seen k = {{0}};
		struct damon_obs o;

		spe_pc(&b, SPE_EL0 | 0x400);
		spe_load(&b);
		spe_events(&b, 0x16);
		spe_total(&b, 33);
		if (rows[i].va)
			spe_va(&b, rows[i].va);
		spe_context(&b, 7);
		spe_end(&b);
		t = piece(0, 4096 * i, &b, 0, b.len);
		e.attr.sample_period = rows[i].period;
		cr_expect_eq(damon_spe_source.begin(state, &e, 1), 0);
		t.time_ns = 5;
		cr_assert_eq(damon_spe_source.decode_trace(state, &t, keep, &k), 1);
		cr_expect_eq(damon_spe_source.decode(state, &k.last, NULL, keep_obs, &o), 1);
		cr_expect_eq(o.weight, rows[i].weight, "%s: %g", rows[i].name, o.weight);
		cr_expect_eq(o.nr, rows[i].nr, "%s", rows[i].name);
		cr_expect_eq(o.nr_unknown, 1 - rows[i].nr, "%s", rows[i].name);
		cr_expect(o.time_ns == 5 && o.tid == 7 && o.pid == -1 && o.ip == 0x400, "%s",
			  rows[i].name);
		if (!o.nr)
			continue;
		cr_expect_eq(o.access[0].addr, rows[i].va);
		cr_expect_eq(o.access[0].flags, DAMON_ACCESS_LOAD);
		cr_expect_eq(o.hw.latency_cycles, 33);
		cr_expect_eq(o.hw.level, DAMON_LEVEL_L1);
	}
	damon_spe_source.stats(state, &stats);
	cr_expect_eq(stats.samples, 4);
	cr_expect_eq(stats.accesses, 2);
	cr_expect_eq(stats.no_address, 2);
	damon_spe_source.close(state);
}
