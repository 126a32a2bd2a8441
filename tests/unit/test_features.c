/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "os/features.h"
#include "tests/kit/fake_sys.h"

#define STATUS	 "/proc/self/status"
#define USER	 "Name:\tx\nCapPrm:\tffffffffffffffff\nCapEff:\t0000000000000000\n"
#define ROOT	 "Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t000001ffffffffff\n"
#define PERFMON	 "Name:\tx\nCapEff:\t0000004000000000\n"
#define PTRACE	 "Name:\tx\nCapEff:\t0000000000080000\n"
#define PARANOID "/proc/sys/kernel/perf_event_paranoid"
#define MLOCK	 "/proc/sys/kernel/perf_event_mlock_kb"
#define YAMA	 "/proc/sys/kernel/yama/ptrace_scope"
#define DEVICES	 "/sys/bus/event_source/devices/"
#define FORMAT	 "events/exceptions/page_fault_user/format"
#define NODES	 "/sys/devices/system/node/"
#define SWAPS	 "Filename\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

Test(features, rows)
{
	static const struct {
		const char *feature, *name;
		struct fake_file files[4];
		int perf_err;
		const char *reason; /* a part of it; NULL: usable */
		const char *remedy; /* a part of it; NULL: none */
	} rows[] = {
		{"perf-events", "opens", {{0}}, 0, NULL, NULL},
		{"perf-events",
		 "Debian's user",
		 {{STATUS, USER}, {PARANOID, "3\n"}},
		 EACCES,
		 "perf_event_paranoid is 3",
		 "sysctl kernel.perf_event_paranoid=2"},
		{"perf-events",
		 "Ubuntu's user",
		 {{STATUS, USER}, {PARANOID, "4\n"}},
		 EPERM,
		 "perf_event_paranoid is 4",
		 "run as root"},
		{"perf-events",
		 "CAP_PERFMON on Debian",
		 {{STATUS, PERFMON}, {PARANOID, "3\n"}},
		 EACCES,
		 "users may open no event at all",
		 "CAP_PERFMON is not enough"},
		{"perf-events", "3 without the patch", {{STATUS, USER}, {PARANOID, "3\n"}}, 0},
		{"perf-events",
		 "a container at 2",
		 {{STATUS, USER}, {PARANOID, "2\n"}},
		 EPERM,
		 "although perf_event_paranoid is 2",
		 "seccomp"},
		{"perf-events",
		 "a container, privileged",
		 {{STATUS, PERFMON}, {PARANOID, "3\n"}},
		 EPERM,
		 "although perf_event_paranoid is 3",
		 "seccomp"},
		{"perf-events", "not built", {{STATUS, ROOT}}, ENOSYS, "no perf events", NULL},
		{"perf-events",
		 "something else",
		 {{STATUS, ROOT}, {PARANOID, "2\n"}},
		 EMFILE,
		 "Too many open files",
		 NULL},
		{"perf-rings", "the default", {{STATUS, USER}, {MLOCK, "516\n"}}},
		{"perf-rings",
		 "small",
		 {{STATUS, USER}, {MLOCK, "128\n"}, {PARANOID, "2\n"}},
		 0,
		 "perf_event_mlock_kb is 128",
		 "=516"},
		{"perf-rings", "small, for root", {{STATUS, ROOT}, {MLOCK, "128\n"}}},
		{"perf-rings", "unlimited", {{STATUS, USER}, {MLOCK, "128\n"}, {PARANOID, "-1\n"}}},
		{"perf-rings", "none", {{0}}, 0, "no perf events", NULL},
		{"pmu", "Intel", {{DEVICES "cpu/events/mem-loads", "event=0xcd"}}},
		{"pmu", "hybrid", {{DEVICES "cpu_core/events/mem-loads", "event=0xcd"}}},
		{"pmu", "AMD", {{DEVICES "ibs_op/type", "11\n"}}},
		{"pmu", "Arm", {{DEVICES "arm_spe_0/type", "9\n"}}},
		{"pmu", "none", {{DEVICES "cpu/type", "4\n"}}, 0, "no PMU", "'soft'"},
		{"read-memory", "no yama", {{STATUS, USER}}},
		{"read-memory", "0", {{STATUS, USER}, {YAMA, "0\n"}}},
		{"read-memory", "1", {{STATUS, USER}, {YAMA, "1\n"}}, 0, "is 1", "ptrace_scope=0"},
		{"read-memory", "1, privileged", {{STATUS, PTRACE}, {YAMA, "1\n"}}},
		{"read-memory", "2", {{STATUS, USER}, {YAMA, "2\n"}}, 0, "is 2", "root"},
		{"read-memory", "2, root", {{STATUS, ROOT}, {YAMA, "2\n"}}},
		{"read-memory", "3, root", {{STATUS, ROOT}, {YAMA, "3\n"}}, 0, "is 3", "boot"},
		{"fault-kinds", "tracefs", {{"/sys/kernel/tracing/" FORMAT, "name:"}}},
		{"fault-kinds", "below debugfs", {{"/sys/kernel/debug/tracing/" FORMAT, "name:"}}},
		{"fault-kinds",
		 "a user",
		 {{"/sys/kernel/tracing/" FORMAT, NULL, EACCES}},
		 0,
		 "not readable",
		 "root"},
		{"fault-kinds", "none", {{0}}, 0, "no tracepoint", "mount"},
		{"swap", "zram", {{"/proc/swaps", SWAPS "/dev/zram0 partition 1048572 0 100\n"}}},
		{"swap",
		 "the second has room",
		 {{"/proc/swaps", SWAPS "/swap file 100 100 -2\n/dev/sdb2 partition 100 40 -3\n"}}},
		{"swap", "none", {{"/proc/swaps", SWAPS}}, 0, "there is no swap", "swapon"},
		{"swap",
		 "full",
		 {{"/proc/swaps", SWAPS "/swap file 100 100 -2\n"}},
		 0,
		 "swap is full",
		 "swapon"},
		{"swap", "not built", {{0}}, 0, "kernel has no swap", NULL},
		{"numa", "two", {{NODES "has_memory", "0-1\n"}}},
		{"numa", "two apart", {{NODES "has_memory", "0,2\n"}}},
		{"numa", "one", {{NODES "has_memory", "0\n"}}, 0, "one NUMA node", NULL},
		{"numa",
		 "a second one without memory",
		 {{NODES "online", "0-1\n"}, {NODES "has_memory", "0\n"}},
		 0,
		 "one NUMA node",
		 NULL},
		{"numa", "an old kernel", {{NODES "online", "0-3\n"}}},
		{"numa", "not built", {{0}}, 0, "no NUMA", NULL},
		{"page-idle", "root", {{"/sys/kernel/mm/page_idle/bitmap", "\1\1\1\1\1\1\1\1"}}},
		{"page-idle",
		 "a user",
		 {{"/sys/kernel/mm/page_idle/bitmap", NULL, EACCES}},
		 0,
		 "root's",
		 "run as root"},
		{"page-idle", "Debian", {{0}}, 0, "CONFIG_IDLE_PAGE_TRACKING", NULL},
		{"pagemap", "root", {{STATUS, ROOT}, {"/proc/self/pagemap", ""}}},
		{"pagemap",
		 "a user",
		 {{STATUS, USER}, {"/proc/self/pagemap", ""}},
		 0,
		 "root only",
		 "run as root"},
		{"pagemap", "none", {{STATUS, ROOT}}, 0, "no pagemap", NULL},
		{"soft-dirty", "yes", {{"/proc/self/smaps", "VmFlags: rd mr mw me sd \nx"}}},
		{"soft-dirty",
		 "the second mapping",
		 {{"/proc/self/smaps", "VmFlags: rd mr \n0-1 r-xp\nVmFlags: rd sd\n"}}},
		{"soft-dirty",
		 "no",
		 {{"/proc/self/smaps", "VmFlags: rd mr mw me \n/lib/a sd\n"}},
		 0,
		 "CONFIG_MEM_SOFT_DIRTY",
		 NULL},
		{"cgroup2", "v2", {{"/sys/fs/cgroup/cgroup.controllers", "cpu io memory\n"}}},
		{"cgroup2", "both", {{"/sys/fs/cgroup/unified/cgroup.controllers", "memory\n"}}},
		{"cgroup2",
		 "memory is v1's",
		 {{"/sys/fs/cgroup/unified/cgroup.controllers", "\n"}},
		 0,
		 "without its memory controller",
		 "systemd.unified_cgroup_hierarchy=1"},
		{"cgroup2", "none", {{0}}, 0, "not mounted", "systemd"},
		{"psi", "yes", {{"/proc/pressure/memory", "some avg10=0.00"}}},
		{"psi", "off", {{"/proc/pressure/memory", NULL, EOPNOTSUPP}}, 0, "PSI", "psi=1"},
		{"kernel-damon", "yes", {{"/sys/kernel/mm/damon", "admin\n"}}},
		{"kernel-damon", "a directory", {{"/sys/kernel/mm/damon", NULL, EISDIR}}},
		{"kernel-damon", "no", {{0}}, 0, "no DAMON", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damon_feature *f = damon_feature_find(rows[i].feature);
		struct damon_fail why = {"untouched", ""};
		const char *row = rows[i].name, *remedy = rows[i].remedy;
		struct fake_sys world;
		int err;

		cr_assert_not_null(f, "%s", rows[i].feature);
		fake_sys_init(&world, rows[i].files);
		world.perf_err = rows[i].perf_err;
		err = f->probe(&world.sys, &why);
		cr_expect_eq(world.nr_open, 0, "%s, %s: left open", f->name, row);
		cr_expect_eq(f->probe(&world.sys, NULL), err, "%s, %s: no 'why'", f->name, row);
		if (!rows[i].reason) {
			cr_expect_eq(err, 0, "%s, %s: %s", f->name, row, why.text);
			continue;
		}
		cr_expect_lt(err, 0, "%s, %s", f->name, row);
		cr_expect(strstr(why.text, rows[i].reason), "%s, %s: %s", f->name, row, why.text);
		cr_expect(remedy ? strstr(why.remedy, remedy) != NULL : !why.remedy[0],
			  "%s, %s: %s", f->name, row, why.remedy);
	}
}

Test(features, capabilities)
{
	static const struct {
		const char *name, *status, *uid_map;
		int cap;
		bool has;
	} rows[] = {
		{"none", USER, NULL, 38, false},
		{"all", ROOT, NULL, 38, true},
		{"beyond the last", ROOT, NULL, 41, false},
		{"one", PERFMON, NULL, 38, true},
		{"another", PERFMON, NULL, 37, false},
		{"lowest", "x\nCapEff:\t0000000000000001\n", NULL, 0, true},
		{"the machine's", ROOT, "         0          0 4294967295\n", 38, true},
		{"a container's user", ROOT, "         0     100000      65536\n", 38, false},
		{"a part of the machine's", ROOT, "         0          0      65536\n", 38, false},
		{"a user's own namespace", ROOT, "         0       1000          1\n", 38, false},
		{"no such line", "Name:\tx\n", NULL, 0, false},
		{"no such file", NULL, NULL, 0, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_file files[] = {
			{STATUS, rows[i].status, rows[i].status ? 0 : ENOENT},
			{"/proc/self/uid_map", rows[i].uid_map, rows[i].uid_map ? 0 : ENOENT},
			{0}};
		struct fake_sys world;

		fake_sys_init(&world, files);
		cr_expect_eq(damon_has_cap(&world.sys, rows[i].cap), rows[i].has, "%s",
			     rows[i].name);
	}
}

Test(features, kernel_release)
{
	static const struct {
		const char *release;
		int major, minor;
		const char *reason;
	} rows[] = {
		{"6.12.43+deb13-cloud-amd64\n", 6, 12, NULL},
		{"6.12.43\n", 6, 1, NULL},
		{"6.1.0-38-amd64\n", 6, 12, "x needs Linux 6.12, this is 6.1"},
		{"5.10.0\n", 6, 1, "x needs Linux 6.1, this is 5.10"},
		{"7.0\n", 6, 12, NULL},
		{"gibberish\n", 6, 12, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_file files[] = {{"/proc/sys/kernel/osrelease", rows[i].release, 0},
					    {0}};
		struct damon_fail why = {0};
		struct fake_sys world;
		int err;

		fake_sys_init(&world, files);
		err = damon_need_kernel(&world.sys, rows[i].major, rows[i].minor, "x", &why);
		cr_expect_eq(err, rows[i].reason ? -ENOSYS : 0, "%s", rows[i].release);
		cr_expect_str_eq(why.text, rows[i].reason ? rows[i].reason : "");
	}
}

Test(features, table)
{
	size_t n = 0;

	for (const struct damon_feature *f = damon_features; f->name; f++, n++) {
		cr_expect(f->summary && f->probe, "%s", f->name);
		cr_expect_eq(damon_feature_find(f->name), f, "%s twice", f->name);
	}
	cr_expect_gt(n, 10);
	cr_expect_null(damon_feature_find("nonsense"));
}
