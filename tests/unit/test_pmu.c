/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "os/pmu.h"
#include "tests/kit/machines.h"

#define CPU PMU_DIR "/cpu/"

/* Headers of Linux 6.3 and later know config3. */
#ifdef PERF_ATTR_SIZE_VER8
#define CONFIG3_ERR 0
#else
#define CONFIG3_ERR (-ENOTSUP)
#endif

Test(pmu, found)
{
	static const struct {
		const char *name;
		const struct fake_file *machine;
		const char *pmu;
		int err;
		uint32_t type;
		const char *cpus;
	} rows[] = {
		{"one for all CPUs", machine_skylake, "cpu", 0, 4, ""},
		{"hybrid, fast", machine_alder_lake, "cpu_core", 0, 4, "0-15"},
		{"hybrid, slow", machine_alder_lake, "cpu_atom", 0, 10, "16-23"},
		{"shared by CPUs", machine_skylake, "uncore_cbox_0", 0, 11, "0"},
		{"none of this name", machine_skylake, "cpu_core", -ENOENT, 0, ""},
		{"nothing at all", NULL, "cpu", -ENOENT, 0, ""},
		{"no name", machine_skylake, "", -EINVAL, 0, ""},
		{"a way out", machine_skylake, "../devices/cpu", -EINVAL, 0, ""},
		{"the directory itself", machine_skylake, "..", -EINVAL, 0, ""},
		{"too long", machine_skylake,
		 "cpuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu", -EINVAL, 0,
		 ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_pmu p = {.name = "untouched"};
		struct fake_sys world;

		fake_sys_init(&world, rows[i].machine);
		cr_expect_eq(damon_pmu_find(&world.sys, rows[i].pmu, &p), rows[i].err, "%s",
			     rows[i].name);
		cr_expect_str_eq(p.name, rows[i].err ? "untouched" : rows[i].pmu, "%s",
				 rows[i].name);
		cr_expect_eq(p.type, rows[i].type, "%s: %u", rows[i].name, p.type);
		cr_expect_str_eq(p.cpus, rows[i].cpus, "%s: %s", rows[i].name, p.cpus);
	}
}

Test(pmu, its_files_are_not_believed)
{
	static const struct {
		const char *name, *type, *cpus;
		int err;
	} rows[] = {
		{"good", "4\n", "0-3,8,10-11\n", 0},
		{"without a newline", "4", "0", 0},
		{"the highest type", "4294967295\n", NULL, 0},
		{"a type beyond", "4294967296\n", NULL, -EINVAL},
		{"a negative type", "-1\n", NULL, -EINVAL},
		{"a word for a type", "min\n", NULL, -EINVAL},
		{"no type", "", NULL, -EINVAL},
		{"two lines", "4\n5\n", NULL, -EINVAL},
		{"CPUs upside down", "4\n", "3-0\n", -EINVAL},
		{"CPUs that go on", "4\n", "0-3,\n", -EINVAL},
		{"CPUs that never begin", "4\n", ",0\n", -EINVAL},
		{"a range without an end", "4\n", "0-\n", -EINVAL},
		{"all of its CPUs are offline", "4\n", "\n", -ENOENT},
		{"other words", "4\n", "all\n", -EINVAL},
		{"an absurd CPU", "4\n", "99999999999999999999\n", -EINVAL},
		{"a longer list than there is room for", "4\n",
		 "0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40,42,44,46\n", -E2BIG},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_file files[] = {{CPU "type", rows[i].type, 0},
					    {CPU "cpus", rows[i].cpus, rows[i].cpus ? 0 : ENOENT},
					    {0}};
		struct damon_pmu p;
		struct fake_sys world;

		fake_sys_init(&world, files);
		cr_expect_eq(damon_pmu_find(&world.sys, "cpu", &p), rows[i].err, "%s",
			     rows[i].name);
	}
}

Test(pmu, all_of_them)
{
	struct damon_pmu p[8];
	struct fake_sys world;

	fake_sys_init(&world, machine_skylake);
	cr_assert_eq(damon_pmu_list(&world.sys, p, 8), 4);
	cr_expect_str_eq(p[0].name, "software");
	cr_expect_str_eq(p[3].name, "uncore_cbox_0");
	cr_expect_eq(damon_pmu_list(&world.sys, p, 2), 2, "no more than there is room for");
	fake_sys_init(&world, NULL);
	cr_expect_eq(damon_pmu_list(&world.sys, p, 8), -ENOENT);
}

Test(pmu, events)
{
	static const struct {
		const char *name;
		const struct fake_file *machine;
		const char *pmu, *event;
		int err;
		uint64_t config, config1;
	} rows[] = {
		{"loads", machine_skylake, "cpu", "mem-loads", 0, 0x1cd, 3},
		{"stores", machine_skylake, "cpu", "mem-stores", 0, 0x82d0, 0},
		{"newer stores", machine_sapphire_rapids, "cpu", "mem-stores", 0, 0x2cd, 0},
		{"aux", machine_sapphire_rapids, "cpu", "mem-loads-aux", 0, 0x8203, 0},
		{"slow cores", machine_alder_lake, "cpu_atom", "mem-loads", 0, 0x5d0, 3},
		{"not here", machine_skylake, "cpu", "mem-loads-aux", -ENOENT, 0, 0},
		{"no name", machine_skylake, "cpu", "../type", -EINVAL, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct perf_event_attr a = {0};
		struct damon_pmu p;
		struct fake_sys world;

		fake_sys_init(&world, rows[i].machine);
		cr_assert_eq(damon_pmu_find(&world.sys, rows[i].pmu, &p), 0);
		cr_expect_eq(damon_pmu_event(&p, rows[i].event, &a), rows[i].err, "%s",
			     rows[i].name);
		cr_expect_eq(damon_pmu_has_event(&p, rows[i].event), !rows[i].err);
		cr_expect_eq(a.config, rows[i].config, "%s: %#llx", rows[i].name, a.config);
		cr_expect_eq(a.config1, rows[i].config1, "%s: %#llx", rows[i].name, a.config1);
		cr_expect_eq(a.type, rows[i].err ? 0 : p.type, "%s", rows[i].name);
	}
}

static const struct fake_file odd_machine[] = {
	{CPU "type", "7\n", 0},
	{CPU "format/event", "config:0-7,32-35\n", 0},
	{CPU "format/ldlat", "config1:0-15\n", 0},
	{CPU "format/flag", "config2:63\n", 0},
	{CPU "format/all", "config\n", 0},
	{CPU "format/whole", "config2:0-63\n", 0},
	{CPU "format/far", "config3:0-7\n", 0},
	{CPU "format/beyond", "config:60-64\n", 0},
	{CPU "format/reversed", "config:7-0\n", 0},
	{CPU "format/nowhere", "config4:0-7\n", 0},
	{CPU "format/open", "config:0-\n", 0},
	{CPU "format/trailing", "config:0-7,\n", 0},
	{CPU "format/huge", "config:0-99999999999999999999\n", 0},
	{CPU "format/words", "all of it\n", 0},
	{CPU "format/empty", "", 0},
	{CPU "format/secret", NULL, EACCES},
	{CPU "events/plain", "event=0x1ab\n", 0},
	{CPU "events/nested", "plain\n", 0},
	{CPU "events/asks", "event=?\n", 0},
	{0}};

Test(pmu, values_are_put_into_the_bits_of_their_format)
{
	static const struct {
		const char *term;
		uint64_t value;
		int err;
		uint64_t config, config1, config2;
	} rows[] = {
		{"event", 0xab, 0, 0xab, 0, 0},
		{"event", 0x1ab, 0, 0x1000000ab, 0, 0},
		{"event", 0xfff, 0, 0xf000000ff, 0, 0},
		{"event", 0x1000, -ERANGE, 0, 0, 0},
		{"ldlat", 65535, 0, 0, 65535, 0},
		{"ldlat", 65536, -ERANGE, 0, 0, 0},
		{"flag", 1, 0, 0, 0, 1ull << 63},
		{"flag", 2, -ERANGE, 0, 0, 0},
		{"all", UINT64_MAX, 0, UINT64_MAX, 0, 0},
		{"whole", UINT64_MAX, 0, 0, 0, UINT64_MAX},
		{"config1", 0x123, 0, 0, 0x123, 0},
		{"far", 1, CONFIG3_ERR, 0, 0, 0},
		{"config9", 1, -ENOENT, 0, 0, 0},
		{"umask", 1, -ENOENT, 0, 0, 0},
		{"", 1, -EINVAL, 0, 0, 0},
		{"../type", 1, -EINVAL, 0, 0, 0},
		{"beyond", 1, -EINVAL, 0, 0, 0},
		{"reversed", 1, -EINVAL, 0, 0, 0},
		{"nowhere", 1, -EINVAL, 0, 0, 0},
		{"open", 1, -EINVAL, 0, 0, 0},
		{"trailing", 1, -EINVAL, 0, 0, 0},
		{"huge", 1, -EINVAL, 0, 0, 0},
		{"words", 1, -EINVAL, 0, 0, 0},
		{"empty", 1, -EINVAL, 0, 0, 0},
		{"secret", 1, -EACCES, 0, 0, 0},
	};
	struct damon_pmu p;
	struct fake_sys world;

	fake_sys_init(&world, odd_machine);
	cr_assert_eq(damon_pmu_find(&world.sys, "cpu", &p), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct perf_event_attr a = {0};
		const char *term = rows[i].term;
		uint64_t value = 42;

		cr_expect_eq(damon_pmu_set(&p, term, rows[i].value, &a), rows[i].err, "'%s' %#llx",
			     term, (unsigned long long)rows[i].value);
		cr_expect_eq(a.config, rows[i].config, "'%s': %#llx", term, a.config);
		cr_expect_eq(a.config1, rows[i].config1, "'%s': %#llx", term, a.config1);
		cr_expect_eq(a.config2, rows[i].config2, "'%s': %#llx", term, a.config2);
		if (rows[i].err)
			continue;
		cr_expect_eq(a.type, 7);
		cr_expect_eq(damon_pmu_get(&p, term, &a, &value), 0);
		cr_expect_eq(value, rows[i].value, "'%s' comes back as %#llx", term,
			     (unsigned long long)value);
	}
}

Test(pmu, later_values_replace_earlier_ones)
{
	struct perf_event_attr a = {.config = 0xf000000ff, .config1 = UINT64_MAX};
	struct damon_pmu p;
	struct fake_sys world;

	fake_sys_init(&world, odd_machine);
	cr_assert_eq(damon_pmu_find(&world.sys, "cpu", &p), 0);
	cr_assert_eq(damon_pmu_set(&p, "event", 0, &a), 0);
	cr_assert_eq(damon_pmu_set(&p, "ldlat", 3, &a), 0);
	cr_expect_eq(a.config, 0);
	cr_expect_eq(a.config1, 0xffffffffffff0003);
}

Test(pmu, terms)
{
	char much[200];
	const struct {
		const char *text;
		int err;
		uint64_t config, config1;
	} rows[] = {
		{"", 0, 0, 0},
		{"event=0x1,ldlat=7", 0, 1, 7},
		{"flag", 0, 0, 0},
		{"plain", 0, 0x1000000ab, 0},
		{"plain,ldlat=4,event=2", 0, 2, 4},
		{"event=1,event=2", 0, 2, 0},
		{"config=0x5d0,config1=3", 0, 0x5d0, 3},
		{"nested", -ENOENT, 0, 0}, /* an event does not stand for events */
		{"asks", -EINVAL, 0, 0},
		{"event=", -EINVAL, 0, 0},
		{"event=min", -EINVAL, 0, 0},
		{"event=-1", -EINVAL, 0, 0},
		{"event=1x", -EINVAL, 0, 0},
		{"=1", -EINVAL, 0, 0},
		{",", -EINVAL, 0, 0},
		{"event=1,", -EINVAL, 0, 0},
		{"event=1,,ldlat=3", -EINVAL, 0, 0},
		{"event=1, ldlat=3", -EINVAL, 0, 0},
		{"event=1,ldlat=99999", -ERANGE, 0, 0},
		{"event=99999999999999999999", -EINVAL, 0, 0},
		{"unheard=1", -ENOENT, 0, 0},
		{much, -EINVAL, 0, 0},
	};
	struct damon_pmu p;
	struct fake_sys world;

	memset(much, 'a', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	fake_sys_init(&world, odd_machine);
	cr_assert_eq(damon_pmu_find(&world.sys, "cpu", &p), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct perf_event_attr a = {0};

		cr_expect_eq(damon_pmu_terms(&p, rows[i].text, &a), rows[i].err, "'%s'",
			     rows[i].text);
		cr_expect_eq(a.config, rows[i].config, "'%s': %#llx", rows[i].text, a.config);
		cr_expect_eq(a.config1, rows[i].config1, "'%s': %#llx", rows[i].text, a.config1);
	}
}

Test(pmu, caps)
{
	long long v = 42;
	struct damon_pmu p;
	struct fake_sys world;

	fake_sys_init(&world, machine_skylake);
	cr_assert_eq(damon_pmu_find(&world.sys, "cpu", &p), 0);
	cr_expect_eq(damon_pmu_cap(&p, "min", &v), -ENOENT);
	cr_expect_eq(v, 42);
	cr_expect_eq(damon_pmu_cap(&p, "max_precise", &v), 0);
	cr_expect_eq(v, 3);
}
