/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "action/action.h"
#include "base/util.h"
#include "tests/kit/fake_sys.h"

#define STATUS "/proc/self/status"
#define USER                                                                                       \
	{                                                                                          \
		STATUS, "x\nCapEff:\t0000000000000000\n"                                           \
	}
#define ROOT                                                                                       \
	{                                                                                          \
		STATUS, "x\nCapEff:\t000001ffffffffff\n"                                           \
	}
#define NICE                                                                                       \
	{                                                                                          \
		STATUS, "x\nCapEff:\t0000000000800000\n"                                           \
	}
#define LINUX(v)                                                                                   \
	{                                                                                          \
		"/proc/sys/kernel/osrelease", v "\n"                                               \
	}
#define SWAP                                                                                       \
	{                                                                                          \
		"/proc/swaps", "Filename Type Size Used Priority\n/dev/zram0 partition 100 0 1\n"  \
	}
#define NO_SWAP                                                                                    \
	{                                                                                          \
		"/proc/swaps", "Filename Type Size Used Priority\n"                                \
	}
#define THP                                                                                        \
	{                                                                                          \
		"/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"          \
	}
#define NODES(n)                                                                                   \
	{                                                                                          \
		"/sys/devices/system/node/has_memory", n "\n"                                      \
	}
#define YAMA(n)                                                                                    \
	{                                                                                          \
		"/proc/sys/kernel/yama/ptrace_scope", n "\n"                                       \
	}

Test(action, probes)
{
	static const struct {
		const char *action, *name;
		struct fake_file files[5];
		int err;
		const char *reason, *remedy; /* parts; NULL remedy: none */
	} rows[] = {
		{"willneed", "root", {ROOT, LINUX("6.12.0")}},
		{"willneed", "old", {ROOT, LINUX("5.15.0")}, -ENOSYS, "needs Linux 5.16", NULL},
		{"willneed", "user", {USER, LINUX("6.12.0")}, -EPERM, "CAP_SYS_NICE", "setcap"},
		{"cold", "root", {ROOT, LINUX("5.10.0")}},
		{"cold", "just the capability", {NICE, LINUX("6.12.0")}},
		{"cold", "user", {USER, LINUX("6.12.0")}, -EPERM, "CAP_SYS_NICE", "root"},
		{"cold", "old", {ROOT, LINUX("5.9.0")}, -ENOSYS, "this is 5.9", NULL},
		{"cold",
		 "old, which root cannot help",
		 {USER, LINUX("5.9.0")},
		 -ENOSYS,
		 "5.10",
		 NULL},
		{"lru_deprio", "root", {ROOT, LINUX("6.12.0")}},
		{"lru_deprio", "user", {USER, LINUX("6.12.0")}, -EPERM, "CAP_SYS_NICE", "root"},
		{"pageout", "with swap", {ROOT, LINUX("6.12.0"), SWAP}},
		{"pageout",
		 "no swap",
		 {ROOT, LINUX("6.12.0"), NO_SWAP},
		 -ENOSPC,
		 "no swap",
		 "swapon"},
		{"pageout", "user", {USER, LINUX("6.12.0"), SWAP}, -EPERM, "CAP_SYS_NICE", "root"},
		{"hugepage", "root", {ROOT, LINUX("6.1.0"), THP}},
		{"hugepage", "old", {ROOT, LINUX("5.19.0"), THP}, -ENOSYS, "needs Linux 6.1", NULL},
		{"hugepage", "not built", {ROOT, LINUX("6.1.0")}, -ENOSYS, "no transparent", NULL},
		{"hugepage", "user", {USER, LINUX("6.1.0"), THP}, -EPERM, "CAP_SYS_NICE", "root"},
		{"collapse", "root", {ROOT, LINUX("6.1.0"), THP}},
		{"collapse", "user", {USER, LINUX("6.1.0"), THP}, -EPERM, "CAP_SYS_NICE", "root"},
		{"nohugepage", "root", {ROOT, LINUX("6.12.0"), THP}, -ENOTSUP, "itself", "prctl"},
		{"lru_prio", "no yama", {USER}},
		{"lru_prio", "of what it starts", {USER, YAMA("1")}},
		{"lru_prio", "user at 2", {USER, YAMA("2")}, -EPERM, "ptrace_scope is 2", "root"},
		{"lru_prio", "root at 2", {ROOT, YAMA("2")}},
		{"lru_prio", "root at 3", {ROOT, YAMA("3")}, -EPERM, "ptrace_scope is 3", "boot"},
		{"migrate_hot", "two nodes", {USER, NODES("0-1")}},
		{"migrate_hot", "one node", {ROOT, NODES("0")}, -ENODEV, "one NUMA node", NULL},
		{"migrate_cold", "two nodes", {USER, NODES("0-1")}},
		{"migrate_cold", "one node", {ROOT, NODES("0")}, -ENODEV, "one NUMA node", NULL},
		{"stat", "anybody", {{0}}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damon_action *a = damon_action_find(rows[i].action);
		const char *row = rows[i].name, *remedy = rows[i].remedy;
		struct damon_fail why = {0};
		struct fake_sys world;

		cr_assert_not_null(a, "%s", rows[i].action);
		fake_sys_init(&world, rows[i].files);
		cr_expect_eq(a->probe(&world.sys, &why), rows[i].err, "%s, %s: %s", a->name, row,
			     why.text);
		cr_expect_eq(a->probe(&world.sys, NULL), rows[i].err);
		if (!rows[i].err)
			continue;
		cr_expect(strstr(why.text, rows[i].reason), "%s, %s: %s", a->name, row, why.text);
		cr_expect(remedy ? strstr(why.remedy, remedy) != NULL : !why.remedy[0],
			  "%s, %s: %s", a->name, row, why.remedy);
	}
}

Test(action, rows_say_how_to_apply)
{
	static const struct {
		const char *name;
		enum damos_heat heat;
		uint64_t grain;
	} rows[] = {
		{"willneed", DAMOS_HEAT_HOT, 4096},	 {"cold", DAMOS_HEAT_COLD, 4096},
		{"pageout", DAMOS_HEAT_COLD, 4096},	 {"hugepage", DAMOS_HEAT_HOT, 2 << 20},
		{"collapse", DAMOS_HEAT_HOT, 2 << 20},	 {"lru_prio", DAMOS_HEAT_HOT, 4096},
		{"lru_deprio", DAMOS_HEAT_COLD, 4096},	 {"migrate_hot", DAMOS_HEAT_HOT, 4096},
		{"migrate_cold", DAMOS_HEAT_COLD, 4096},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damon_action *a = damon_action_find(rows[i].name);

		cr_expect_eq(a->heat, rows[i].heat, "%s", a->name);
		cr_expect_eq(a->grain_bytes, rows[i].grain, "%s", a->name);
		cr_expect(a->apply && a->bytes_per_sec > 0, "%s", a->name);
	}
	cr_expect_null(damon_action_find("stat")->apply);
	cr_expect_null(damon_action_find("nohugepage")->apply);
}

Test(action, schemes_are_checked)
{
	static const struct {
		const char *action;
		int err;
		const char *reason;
		bool known;
	} rows[] = {
		{"stat", 0, "", true},
		{"nohugepage", -ENOTSUP, "itself", true},
		{"freeze", -EINVAL, "'freeze'", false},
		{NULL, -EINVAL, "no action", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = {.action = rows[i].action};
		const struct damon_action *a = NULL;
		struct damon_fail why = {0};
		struct fake_sys world;

		fake_sys_init(&world, NULL);
		cr_expect_eq(damon_action_check(&world.sys, &s, &a, &why), rows[i].err);
		cr_expect_eq(a != NULL, rows[i].known);
		cr_expect(strstr(why.text, rows[i].reason), "%s", why.text);
		cr_expect_eq(damon_action_check(&world.sys, &s, NULL, NULL), rows[i].err);
	}
}

Test(action, table_has_all_of_damons)
{
	static const char *const names[] = {"willneed",	    "cold",	"pageout",    "hugepage",
					    "nohugepage",   "lru_prio", "lru_deprio", "migrate_hot",
					    "migrate_cold", "stat",	"collapse"};
	size_t n = 0;

	for (const struct damon_action *a = damon_actions; a->name; a++, n++) {
		cr_expect(a->summary && a->probe, "%s", a->name);
		cr_expect_eq(damon_action_find(a->name), a, "%s twice", a->name);
	}
	cr_expect_eq(n, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		cr_expect_not_null(damon_action_find(names[i]), "%s", names[i]);
	cr_expect_null(damon_action_find("PAGEOUT"));
	cr_expect_null(damon_action_find(""));
}
