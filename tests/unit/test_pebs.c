/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "pmu/pebs/pebs.h"
#include "pmu/pebs/pfm.h"
#include "pmu/source.h"
#include "tests/kit/machines.h"

#define NONE ((struct damon_source_options){.rate_hz = 1000})

/* libpfm4 looks at the processor that the tests run on, unless it is told of another. */
static void no_names(void)
{
	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
}

TestSuite(pebs, .init = no_names);

/* A kernel that takes what it is told to take, and remembers what was asked last. */
struct kernel {
	struct fake_sys world;
	uint32_t max_precise;  /* beyond: EOPNOTSUPP */
	uint64_t sample_types; /* others: EINVAL */
	bool needs_aux, is_user;
	uint64_t counters[4]; /* by precise level: those that can have samples; 0: any */
	int err;	      /* whatever is asked; 0: none */
	int nr_opens, nr_open;
	struct perf_event_attr opened[16]; /* by descriptor */
	int groups[16];
};

#define FD 700

/*
 * A group is refused if its events do not fit onto the counters at a time: validate_group() in
 * arch/x86/events/core.c. Others, which would take turns, are not.
 */
static bool has_room(const struct kernel *k, const struct perf_event_attr *a, int group)
{
	uint64_t allowed = k->counters[a->precise_ip];
	int nr = 1;

	for (int i = 0; group >= 0 && i < k->nr_open; i++)
		nr += (i == group - FD || k->groups[i] == group) &&
		      k->opened[i].precise_ip == a->precise_ip;
	return !allowed || !a->precise_ip || nr <= __builtin_popcountll(allowed);
}

static int leader_is_aux(const struct kernel *k, int group)
{
	return group >= FD && (k->opened[group - FD].config & 0xffff) == 0x8203;
}

static int kernel_open(const struct damon_sys *s, struct perf_event_attr *a, int pid, int cpu,
		       int group, unsigned long flags)
{
	struct kernel *k = s->priv;

	cr_assert_eq(pid, 0);
	cr_assert_eq(cpu, -1);
	cr_expect(a->exclude_kernel && a->exclude_hv, "users may sample user mode only");
	if (k->err)
		return -k->err;
	if (a->sample_type & ~k->sample_types)
		return -EINVAL;
	if ((a->sample_type & PERF_SAMPLE_PHYS_ADDR) && k->is_user)
		return -EACCES;
	if (a->precise_ip > k->max_precise)
		return -EOPNOTSUPP;
	if (a->precise_ip && !a->sample_period)
		return -EINVAL;
	if (k->needs_aux && (a->config & 0xffff) == 0x1cd && !leader_is_aux(k, group))
		return -ENODATA;
	if (group >= FD && k->opened[group - FD].type != a->type)
		return -EINVAL; /* of two PMUs of hardware */
	if (!has_room(k, a, group))
		return -EINVAL;
	if (k->nr_open == 16)
		return -EMFILE;
	k->groups[k->nr_open] = group;
	k->nr_opens++;
	k->opened[k->nr_open] = *a;
	return FD + k->nr_open++;
}

static int kernel_close(const struct damon_sys *s, int fd)
{
	struct kernel *k = s->priv;

	cr_expect_eq(fd, FD + k->nr_open - 1, "closed in reverse");
	k->nr_open--;
	return 0;
}

static void kernel_init(struct kernel *k, const struct fake_file *machine)
{
	*k = (struct kernel){.max_precise = 3, .sample_types = PERF_SAMPLE_MAX - 1};
	fake_sys_init(&k->world, machine);
	k->world.sys.priv = k; /* begins with the world */
	k->world.sys.perf_event_open = kernel_open;
	k->world.sys.close = kernel_close;
}

static int events_of(struct kernel *k, const struct damon_source_options *o,
		     struct damon_event e[DAMON_SOURCE_MAX_EVENTS], struct damon_fail *why)
{
	int n = damon_pebs_source.events(&k->world.sys, o, e, why);

	cr_expect_eq(k->nr_open, 0, "left open");
	return n;
}

/* ---- which events ---- */

struct expected {
	const char *name;
	uint32_t type;
	uint64_t config, config1;
	int leader;
	const char *cpus;
};

static void same_events(const char *row, const struct damon_event *e, int n,
			const struct expected *want)
{
	int i;

	for (i = 0; i < n && want[i].name; i++) {
		const struct perf_event_attr *a = &e[i].attr;

		cr_expect_str_eq(e[i].name, want[i].name, "%s: %s", row, e[i].name);
		cr_expect_eq(a->type, want[i].type, "%s, %s: %u", row, e[i].name, a->type);
		cr_expect_eq(a->config, want[i].config, "%s, %s: %#llx", row, e[i].name, a->config);
		cr_expect_eq(a->config1, want[i].config1, "%s, %s: %#llx", row, e[i].name,
			     a->config1);
		cr_expect_eq(e[i].leader, want[i].leader, "%s, %s: %d", row, e[i].name,
			     e[i].leader);
		cr_expect_str_eq(e[i].cpus, want[i].cpus, "%s, %s: %s", row, e[i].name, e[i].cpus);
	}
	cr_expect(i == n && !want[i].name, "%s: %d events", row, n);
}

#define DUMMY                                                                                      \
	{                                                                                          \
		"dummy:HG", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY, 0, 0, ""                      \
	}
#define LOADS                                                                                      \
	{                                                                                          \
		"cpu/mem-loads/", 4, 0x1cd, 3, 0, ""                                               \
	}
#define STORES                                                                                     \
	{                                                                                          \
		"cpu/mem-stores/", 4, 0x82d0, 0, 0, ""                                             \
	}
#define WITH(...) ((struct damon_source_options){.rate_hz = 1000, __VA_ARGS__})

Test(pebs, events_of_machines)
{
	struct fake_file machine_alder_lake_core[ARRAY_SIZE(machine_alder_lake) + 1];
	const struct {
		const char *name;
		const struct fake_file *machine;
		struct damon_source_options o;
		struct expected e[9];
	} rows[] = {
		{"Skylake", machine_skylake, NONE, {LOADS, STORES}},
		{"loads only", machine_skylake, WITH(.no_stores = true), {LOADS}},
		{"stores only", machine_skylake, WITH(.no_loads = true), {STORES}},
		{"slow loads",
		 machine_skylake,
		 WITH(.latency_cycles = 100),
		 {{"cpu/mem-loads/", 4, 0x1cd, 100, 0, ""}, STORES}},
		{"slow loads, but none is as quick as that",
		 machine_skylake,
		 WITH(.latency_cycles = 1, .no_stores = true),
		 {LOADS}},
		{"Sapphire Rapids",
		 machine_sapphire_rapids,
		 NONE,
		 {{"cpu/mem-loads-aux/", 4, 0x8203, 0, 0, ""},
		  {"cpu/mem-loads/", 4, 0x1cd, 3, 1, ""},
		  {"cpu/mem-stores/", 4, 0x2cd, 0, 0, ""}}},
		{"Sapphire Rapids, stores only",
		 machine_sapphire_rapids,
		 WITH(.no_loads = true),
		 {{"cpu/mem-stores/", 4, 0x2cd, 0, 0, ""}}},
		{"Alder Lake",
		 machine_alder_lake,
		 NONE,
		 {DUMMY,
		  {"cpu_core/mem-loads-aux/", 4, 0x8203, 0, 0, "0-15"},
		  {"cpu_core/mem-loads/", 4, 0x1cd, 3, 2, "0-15"},
		  {"cpu_core/mem-stores/", 4, 0x2cd, 0, 0, "0-15"},
		  {"cpu_atom/mem-loads/", 10, 0x5d0, 3, 0, "16-23"},
		  {"cpu_atom/mem-stores/", 10, 0x6d0, 0, 0, "16-23"}}},
		{"Alder Lake, its efficient cores offline",
		 machine_alder_lake_core,
		 NONE,
		 {DUMMY,
		  {"cpu_core/mem-loads-aux/", 4, 0x8203, 0, 0, "0-15"},
		  {"cpu_core/mem-loads/", 4, 0x1cd, 3, 2, "0-15"},
		  {"cpu_core/mem-stores/", 4, 0x2cd, 0, 0, "0-15"}}},
		{"Sierra Forest",
		 machine_sierra_forest,
		 NONE,
		 {{"cpu/mem-loads/", 4, 0x5d0, 3, 0, ""}, {"cpu/mem-stores/", 4, 0x6d0, 0, 0, ""}}},
		{"by the name in sysfs",
		 machine_sapphire_rapids,
		 WITH(.event = "mem-loads"),
		 {{"cpu/mem-loads-aux/", 4, 0x8203, 0, 0, ""},
		  {"cpu/mem-loads/", 4, 0x1cd, 3, 1, ""}}},
		{"by the name in sysfs, both kinds of cores",
		 machine_alder_lake,
		 WITH(.event = "mem-stores"),
		 {DUMMY,
		  {"cpu_core/mem-stores/", 4, 0x2cd, 0, 0, "0-15"},
		  {"cpu_atom/mem-stores/", 10, 0x6d0, 0, 0, "16-23"}}},
		{"by terms",
		 machine_skylake,
		 WITH(.event = "cpu/event=0xd0,umask=0x81/P"),
		 {{"cpu/event=0xd0,umask=0x81/P", 4, 0x81d0, 0, 0, ""}}},
		{"by a name with a term",
		 machine_alder_lake,
		 WITH(.event = "cpu_atom/mem-loads,ldlat=30/"),
		 {DUMMY, {"cpu_atom/mem-loads,ldlat=30/", 10, 0x5d0, 30, 0, "16-23"}}},
	};

	memcpy(machine_alder_lake_core, machine_alder_lake, sizeof(machine_alder_lake));
	machine_alder_lake_core[ARRAY_SIZE(machine_alder_lake) - 1] =
		(struct fake_file){PMU_DIR "/cpu_atom/cpus", "\n", 0};
	machine_alder_lake_core[ARRAY_SIZE(machine_alder_lake)] = (struct fake_file){0};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
		struct damon_fail why = {0};
		struct kernel k;
		int n;

		kernel_init(&k, rows[i].machine);
		n = events_of(&k, &rows[i].o, e, &why);
		cr_expect_gt(n, 0, "%s: %s", rows[i].name, why.text);
		same_events(rows[i].name, e, n, rows[i].e);
	}
}

/* Needs the aux event in front, and finds it only if groups are opened as such. */
Test(pebs, aux_leads_the_group)
{
	struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
	struct damon_fail why = {0};
	struct kernel k;

	kernel_init(&k, machine_sapphire_rapids);
	k.needs_aux = true;
	cr_assert_eq(events_of(&k, &NONE, e, &why), 3, "%s", why.text);
	cr_expect_eq(e[0].attr.sample_period, 0, "it counts");
	cr_expect_eq(e[0].attr.precise_ip, 0);
	cr_expect_gt(e[1].attr.sample_period, 0);
	kernel_init(&k, machine_skylake); /* whose sysfs has none */
	k.needs_aux = true;
	cr_expect_eq(events_of(&k, &NONE, e, &why), -ENODATA);
	cr_expect(strstr(why.text, "mem-loads-aux"), "%s", why.text);
}

/* ---- what the kernel takes ---- */

/* What would take turns is told nobody: less precise, but all of the time. */
Test(pebs, loads_and_stores_at_a_time)
{
	const struct {
		const char *name;
		const struct fake_file *machine;
		struct damon_source_options o;
		uint64_t counters[4];
		uint32_t precise;
	} rows[] = {
		{"any counter", machine_skylake, NONE, {0}, 3},
		{"efficient cores: the first is the most precise",
		 machine_sierra_forest,
		 NONE,
		 {[3] = 1},
		 2},
		{"newer ones: the first two are", machine_sierra_forest, NONE, {[3] = 3}, 3},
		{"loads alone", machine_sierra_forest, WITH(.no_stores = true), {[3] = 1}, 3},
		{"both kinds of cores", machine_alder_lake, NONE, {[3] = 1}, 2},
		{"one counter for both, whatever the level",
		 machine_skylake,
		 NONE,
		 {[1] = 8, [2] = 8, [3] = 8},
		 3},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
		struct damon_fail why = {0};
		struct kernel k;
		int n;

		kernel_init(&k, rows[i].machine);
		memcpy(k.counters, rows[i].counters, sizeof(k.counters));
		n = events_of(&k, &rows[i].o, e, &why);
		cr_expect_gt(n, 0, "%s: %s", rows[i].name, why.text);
		for (int j = 0; j < n; j++) {
			if (e[j].attr.sample_period)
				cr_expect_eq(e[j].attr.precise_ip, rows[i].precise, "%s: %u",
					     rows[i].name, e[j].attr.precise_ip);
			if (strstr(e[j].name, "stores"))
				cr_expect_eq(e[j].leader, 0, "%s: a group of its own",
					     rows[i].name);
		}
	}
}

Test(pebs, takes_what_it_gets)
{
	const uint64_t all = PERF_SAMPLE_MAX - 1, old = all & ~(uint64_t)PERF_SAMPLE_WEIGHT_STRUCT;
	const struct {
		const char *name;
		uint32_t max_precise;
		uint64_t sample_types;
		bool is_user, phys;
		int err;
		int result; /* number of events, or -errno */
		uint32_t precise;
		uint64_t weight;
		const char *text; /* in the refusal */
	} rows[] = {
		{"all of it", 3, all, true, false, 0, 2, 3, PERF_SAMPLE_WEIGHT_STRUCT, NULL},
		{"less precise", 2, all, true, false, 0, 2, 2, PERF_SAMPLE_WEIGHT_STRUCT, NULL},
		{"hardly precise", 1, all, true, false, 0, 2, 1, PERF_SAMPLE_WEIGHT_STRUCT, NULL},
		{"an old kernel", 3, old, true, false, 0, 2, 3, PERF_SAMPLE_WEIGHT, NULL},
		{"an old kernel, old hardware", 2, old, true, false, 0, 2, 2, PERF_SAMPLE_WEIGHT,
		 NULL},
		{"not precise at all", 0, all, true, false, 0, -EOPNOTSUPP, 0, 0,
		 "cannot be sampled"},
		{"no weights, no addresses", 3, 0x7f, true, false, 0, -EINVAL, 0, 0, "settings"},
		{"root's physical addresses", 3, all, false, true, 0, 2, 3,
		 PERF_SAMPLE_WEIGHT_STRUCT, NULL},
		{"a user's physical addresses", 3, all, true, true, 0, -EACCES, 0, 0,
		 "users are not told physical addresses"},
		{"physical addresses before 4.14", 3, old & ~(uint64_t)PERF_SAMPLE_PHYS_ADDR, false,
		 true, 0, -EINVAL, 0, 0, "does not tell physical addresses"},
		{"no event at all, physical or not", 3, all, true, true, EACCES, -EACCES, 0, 0,
		 "perf_event_paranoid is 3"},
		{"refused", 3, all, true, false, EACCES, -EACCES, 0, 0, "perf_event_paranoid is 3"},
		{"counters in use", 3, all, true, false, EBUSY, -EBUSY, 0, 0, "another user"},
		{"a guest whose loads have no threshold", 3, all, true, false, ENXIO, -ENXIO, 0, 0,
		 "out of reach"},
		{"none after all", 3, all, true, false, ENOENT, -ENOENT, 0, 0, "does not know"},
	};
	struct fake_file files[ARRAY_SIZE(machine_skylake) + 2];

	memcpy(files, machine_skylake, sizeof(machine_skylake));
	files[ARRAY_SIZE(machine_skylake) - 1] =
		(struct fake_file){"/proc/sys/kernel/perf_event_paranoid", "3\n", 0};
	files[ARRAY_SIZE(machine_skylake)] =
		(struct fake_file){"/proc/self/status", "x\nCapEff:\t0000000000000000\n", 0};
	files[ARRAY_SIZE(machine_skylake) + 1] = (struct fake_file){0};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
		struct damon_fail why = {0};
		struct kernel k;
		int n;

		kernel_init(&k, files);
		k.max_precise = rows[i].max_precise;
		k.sample_types = rows[i].sample_types;
		k.is_user = rows[i].is_user;
		k.err = rows[i].err;
		n = events_of(&k, &WITH(.phys = rows[i].phys), e, &why);
		cr_expect_eq(n, rows[i].result, "%s: %d, %s", rows[i].name, n, why.text);
		if (rows[i].text)
			cr_expect(strstr(why.text, rows[i].text), "%s: %s", rows[i].name, why.text);
		for (int j = 0; j < n; j++) {
			uint64_t type = e[j].attr.sample_type;

			cr_expect_eq(e[j].attr.precise_ip, rows[i].precise, "%s", rows[i].name);
			cr_expect_eq(type & PERF_SAMPLE_WEIGHT_TYPE, rows[i].weight, "%s",
				     rows[i].name);
			cr_expect_eq(!!(type & PERF_SAMPLE_PHYS_ADDR), rows[i].phys, "%s",
				     rows[i].name);
			cr_expect(type & PERF_SAMPLE_ADDR && type & PERF_SAMPLE_DATA_SRC);
		}
	}
}

Test(pebs, what_cannot_be_is_refused)
{
	const struct {
		const char *name;
		const struct fake_file *machine;
		struct damon_source_options o;
		int err;
		const char *text;
	} rows[] = {
		{"a virtual machine", machine_virtual, NONE, -ENODEV,
		 "cpu/mem-loads is not in sysfs"},
		{"a virtual machine's stores", machine_virtual, WITH(.no_loads = true), -ENODEV,
		 "cpu/mem-stores is not in sysfs"},
		{"no PMU", NULL, NONE, -ENODEV, "cpu/mem-loads is not in sysfs"},
		{"nothing asked for", machine_skylake, WITH(.no_loads = true, .no_stores = true),
		 -EINVAL, "neither loads nor stores"},
		{"a threshold beyond", machine_skylake, WITH(.latency_cycles = 65536), -EINVAL,
		 "too high"},
		{"an event that nobody knows", machine_skylake, WITH(.event = "nonsense"), -ENOENT,
		 "no event 'nonsense'"},
		{"a PMU that is not there", machine_skylake, WITH(.event = "cpu_core/mem-loads/"),
		 -ENOENT, "no PMU 'cpu_core'"},
		{"no name of a PMU", machine_skylake, WITH(.event = "/mem-loads/"), -EINVAL,
		 "no PMU ''"},
		{"no end", machine_skylake, WITH(.event = "cpu/mem-loads"), -EINVAL, "is no event"},
		{"a way out", machine_skylake, WITH(.event = "../type/"), -EINVAL, "no PMU '..'"},
		{"the kernel's part", machine_skylake, WITH(.event = "cpu/mem-loads/k"), -EINVAL,
		 "is no event"},
		{"a term that it lacks", machine_skylake, WITH(.event = "cpu/pebs=1/"), -ENOENT,
		 "does not have all terms"},
		{"too many bits", machine_skylake, WITH(.event = "cpu/event=0x100/"), -EINVAL,
		 "more bits"},
		{"no number", machine_skylake, WITH(.event = "cpu/event=two/"), -EINVAL,
		 "are no terms"},
		{"two ends", machine_skylake, WITH(.event = "cpu/event=1/umask=2/"), -EINVAL,
		 "are no terms"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
		struct damon_fail why = {0};
		struct kernel k;

		kernel_init(&k, rows[i].machine);
		cr_expect_eq(events_of(&k, &rows[i].o, e, &why), rows[i].err, "%s: %s",
			     rows[i].name, why.text);
		cr_expect(strstr(why.text, rows[i].text), "%s: %s", rows[i].name, why.text);
		cr_expect_eq(k.nr_opens, 0, "%s: nothing to try", rows[i].name);
	}
}

Test(pebs, probe)
{
	const struct {
		const struct fake_file *machine;
		uint32_t max_precise;
		int err;
	} rows[] = {
		{machine_skylake, 3, 0},
		{machine_alder_lake, 2, 0},
		{machine_skylake, 0, -EOPNOTSUPP},
		{machine_virtual, 3, -ENODEV},
		{NULL, 3, -ENODEV},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_fail why;
		struct kernel k;

		kernel_init(&k, rows[i].machine);
		k.max_precise = rows[i].max_precise;
		cr_expect_eq(damon_pebs_source.probe(&k.world.sys, &why), rows[i].err, "%zu", i);
		cr_expect_eq(damon_pebs_source.probe(&k.world.sys, NULL), rows[i].err, "%zu", i);
		cr_expect_eq(k.nr_open, 0);
	}
}

Test(pebs, period)
{
	static const struct {
		double rate_hz;
		uint64_t asked, period;
	} rows[] = {
		{1000, 0, 1000003}, {20000, 0, 50021},	{50000, 0, 20011},
		{1e9, 0, 1009},	    {0, 0, 1000000007}, {1000, 4000, 4000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_source_options o = {.rate_hz = rows[i].rate_hz,
						 .period = rows[i].asked};
		struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
		struct kernel k;

		kernel_init(&k, machine_skylake);
		cr_assert_eq(events_of(&k, &o, e, NULL), 2);
		for (int j = 0; j < 2; j++) {
			cr_expect_eq(e[j].attr.sample_period, rows[i].period, "%g Hz: %llu",
				     rows[i].rate_hz, e[j].attr.sample_period);
			cr_expect_eq(e[j].attr.freq, 0);
		}
	}
}

/* ---- libpfm4 ---- */

/* It looks at the processor once in a process's life: a test for each. */
struct name_row {
	const char *event;
	int err;
	uint64_t config, config1;
	const char *text; /* in the refusal */
};

static void check_names(const char *cpu, const struct name_row *rows, size_t n)
{
	setenv("LIBPFM_FORCE_PMU", cpu, 1);
	for (size_t i = 0; i < n; i++) {
		struct perf_event_attr a = {.sample_period = 7};
		struct damon_fail why = {0};

		cr_expect_eq(damon_pfm_event(rows[i].event, &a, &why), rows[i].err, "%s: %s",
			     rows[i].event, why.text);
		cr_expect_eq(a.config, rows[i].config, "%s: %#llx", rows[i].event, a.config);
		cr_expect_eq(a.config1, rows[i].config1, "%s: %#llx", rows[i].event, a.config1);
		cr_expect_eq(a.sample_period, 7, "left alone");
		if (rows[i].text)
			cr_expect(strstr(why.text, rows[i].text), "%s", why.text);
	}
}

Test(pebs, names_of_skylake)
{
	static const struct name_row rows[] = {
		{"MEM_INST_RETIRED:ALL_LOADS", 0, 0x81d0, 0, NULL},
		{"MEM_TRANS_RETIRED:LOAD_LATENCY:ldlat=5", 0, 0x1cd, 5, NULL},
		{"MEM_TRANS_RETIRED:PRECISE_STORE", -ENOENT, 0, 0, "no event"},
		{"", -ENOENT, 0, 0, "no event ''"},
		{"%s%n:ldlat=:::", -ENOENT, 0, 0, "no event"},
	};

	check_names("skl", rows, ARRAY_SIZE(rows));
}

Test(pebs, names_of_sapphire_rapids)
{
	static const struct name_row rows[] = {
		{"MEM_TRANS_RETIRED:LOAD_LATENCY:ldlat=5", 0, 0x1cd, 5, NULL},
		{"MEM_TRANS_RETIRED:STORE_SAMPLE", -EBADMSG, 0, 0, "0x3cd instead of 0x2cd"},
	};

	check_names("spr", rows, ARRAY_SIZE(rows));
}

/* A kernel that is older than the processor has a PMU 'cpu' without events of memory. */
static void check_stand_in(const char *cpu, const struct damon_source_options *o,
			   uint32_t max_precise, const struct expected *want)
{
	struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
	struct damon_fail why = {0};
	struct kernel k;
	int n;

	setenv("LIBPFM_FORCE_PMU", cpu, 1);
	kernel_init(&k, machine_virtual);
	k.max_precise = max_precise;
	n = events_of(&k, o, e, &why);
	if (want) {
		cr_expect_gt(n, 0, "%s: %s", cpu, why.text);
		same_events(cpu, e, n, want);
	} else {
		cr_expect_eq(n, -ENODEV, "%s: %d, %s", cpu, n, why.text);
		cr_expect_str_eq(why.text, "cpu/mem-loads is not in sysfs");
	}
}

Test(pebs, libpfm4_stands_in_on_skylake)
{
	static const struct expected both[] = {
		{"MEM_TRANS_RETIRED:LOAD_LATENCY:ldlat=3", 4, 0x1cd, 3, 0, ""},
		{"MEM_INST_RETIRED:ALL_STORES", 4, 0x82d0, 0, 0, ""},
		{0}};
	static const struct expected miss[] = {{"MEM_LOAD_RETIRED:L3_MISS", 4, 0x20d1, 0, 0, ""},
					       {0}};

	check_stand_in("skl", &NONE, 3, both);
	check_stand_in("skl", &WITH(.event = "MEM_LOAD_RETIRED:L3_MISS"), 3, miss);
	check_stand_in("skl", &NONE, 0, NULL); /* a virtual machine */
}

Test(pebs, libpfm4_stands_in_on_ivy_bridge)
{
	static const struct expected want[] = {
		{"MEM_TRANS_RETIRED:LATENCY_ABOVE_THRESHOLD:ldlat=50", 4, 0x1cd, 50, 0, ""},
		{"MEM_TRANS_RETIRED:PRECISE_STORE", 4, 0x2cd, 0, 0, ""},
		{0}};

	check_stand_in("ivb", &WITH(.latency_cycles = 50), 2, want);
}

Test(pebs, libpfm4_stands_in_on_goldmont)
{
	static const struct expected all[] = {{"MEM_UOPS_RETIRED:ALL_LOADS", 4, 0x81d0, 0, 0, ""},
					      {"MEM_UOPS_RETIRED:ALL_STORES", 4, 0x82d0, 0, 0, ""},
					      {0}};

	check_stand_in("glm", &NONE, 2, all);
	check_stand_in("glm", &WITH(.no_stores = true, .latency_cycles = 50), 2, NULL);
}

Test(pebs, libpfm4_has_none_of_other_makers)
{
	check_stand_in("amd64_fam17h_zen1", &NONE, 3, NULL);
}

/* ---- auto ---- */

/* The source 'soft' looks at which machine's programs these are. */
static ssize_t read_x86(const struct damon_sys *s, const char *path, void *buf, size_t cap)
{
	static const uint8_t elf[20] = {0x7f, 'E', 'L', 'F', 2, 1, [18] = 62};
	struct fake_sys files;

	if (strcmp(path, "/proc/self/exe") == 0) {
		memcpy(buf, elf, MIN(cap, sizeof(elf)));
		return (ssize_t)MIN(cap, sizeof(elf));
	}
	fake_sys_init(&files, ((struct fake_sys *)s->priv)->files);
	return files.sys.read_file(&files.sys, path, buf, cap);
}

Test(pebs, auto_takes_it_first)
{
	static const struct {
		const char *name;
		const struct fake_file *machine;
		uint32_t max_precise;
		const char *source, *why;
	} rows[] = {
		{"Skylake", machine_skylake, 3, "pebs", ""},
		{"a virtual machine", machine_virtual, 3, "soft",
		 "there is no PMU that samples memory (cpu/mem-loads is not in sysfs"},
		{"a PMU that does not work", machine_skylake, 0, "soft", "'pebs' is refused: "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damon_source_ops *s;
		struct damon_fail why = {"old", "old"};
		struct kernel k;

		kernel_init(&k, rows[i].machine);
		k.max_precise = rows[i].max_precise;
		k.world.sys.read_file = read_x86;
		s = damon_source_auto(&k.world.sys, &why);
		cr_assert_not_null(s, "%s: %s", rows[i].name, why.text);
		cr_expect_str_eq(s->name, rows[i].source, "%s", rows[i].name);
		cr_expect_eq(strncmp(why.text, rows[i].why, strlen(rows[i].why)), 0, "%s: %s",
			     rows[i].name, why.text);
		cr_expect_eq(!why.text[0], !rows[i].why[0], "%s: %s", rows[i].name, why.text);
		cr_expect_eq(damon_source_auto(&k.world.sys, NULL), s);
	}
}
