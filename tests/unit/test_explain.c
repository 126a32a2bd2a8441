/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "perf/explain.h"
#include "tests/kit/fake_perf.h"

#define USER	"Name:\tx\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\nSeccomp:\t0\n"
#define OTHER	"Name:\tx\nUid:\t1001\t1001\t1001\t1001\nCapEff:\t0000000000000000\nSeccomp:\t0\n"
#define ROOT	"Name:\tx\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\nSeccomp:\t0\n"
#define PERFMON "Name:\tx\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t0000004000000000\nSeccomp:\t0\n"
#define DOCKER	"Name:\tx\nUid:\t0\t0\t0\t0\nCapEff:\t00000000a80425fb\nSeccomp:\t2\n"

struct row {
	const char *name;
	int err, pid;
	const char *self, *target, *paranoid;
	bool kernel, tracepoint;
	const char *text, *remedy; /* parts of them */
};

static const struct row rows[] = {
	{"Debian's own level", EACCES, 7, USER, USER, "3\n", false, false,
	 "cannot sample process 7: perf_event_paranoid is 3",
	 "kernel.perf_event_paranoid=2': CAP_PERFMON is not enough"},
	{"Debian's own level, with the capability", EACCES, 7, PERFMON, USER, "3\n", false, false,
	 "cannot sample process 7: perf_event_paranoid is 3", "CAP_PERFMON is not enough"},
	{"Ubuntu's own level", EACCES, 0, USER, USER, "4\n", false, false,
	 "cannot sample with perf events: perf_event_paranoid is 4", "run as root"},
	{"the kernel at level 2", EACCES, 7, USER, USER, "2\n", true, false,
	 "perf_event_paranoid is 2", "paranoid=1"},
	{"a tracepoint", EACCES, 7, USER, USER, "1\n", true, true, "may not read tracepoints",
	 "root"},
	{"another user's", EACCES, 7, USER, OTHER, "2\n", false, false,
	 "it belongs to another user (uid 1001)", "run as that user or as root"},
	{"one's own, but closed", EACCES, 7, USER, USER, "2\n", false, false,
	 "the kernel does not let this user look into it", "root"},
	{"filtered", EPERM, 7, DOCKER, DOCKER, "2\n", false, false, "a seccomp filter refuses",
	 "PERFMON"},
	{"privileged", EPERM, 7, ROOT, OTHER, "3\n", true, false,
	 "although no privilege is missing", "lockdown"},
	{"cap_perfmon is a privilege", EACCES, 7, PERFMON, OTHER, "2\n", true, false,
	 "although no privilege is missing", "security module"},
	{"nothing is known", EACCES, 7, NULL, NULL, NULL, false, false,
	 "cannot sample process 7: the kernel does not let", "root"},
	{"too many files", EMFILE, 7, USER, USER, "2\n", false, false, "42 events are open",
	 "ulimit -n"},
	{"too many files of all", ENFILE, 7, USER, USER, "2\n", false, false, "42 events are open",
	 "fs.file-max"},
	{"gone", ESRCH, 7, USER, USER, "2\n", false, false, "process 7: it is gone", ""},
	{"no such event", ENOENT, 7, USER, USER, "2\n", false, false, "does not know this event",
	 ""},
	{"no counters", ENODEV, 7, USER, USER, "2\n", false, false, "does not have",
	 "--source soft"},
	{"no interrupts", EOPNOTSUPP, 7, USER, USER, "2\n", false, false, "no interrupts",
	 "--source soft"},
	{"no register", ENXIO, 7, USER, USER, "2\n", false, false, "is out of reach",
	 "--source soft"},
	{"settings", EINVAL, 7, USER, USER, "2\n", false, false, "settings", "too old"},
	{"unheard of", EXFULL, 7, USER, USER, "2\n", false, false, "Exchange full", ""},
};

Test(explain, open)
{
	static struct fake_perf world;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct perf_event_attr a = {.type = r->tracepoint ? PERF_TYPE_TRACEPOINT
								  : PERF_TYPE_SOFTWARE,
					    .exclude_kernel = !r->kernel};
		struct damon_fail f;

		fake_perf_init(&world, 1);
		fake_perf_file(&world, "/proc/self/status", r->self);
		fake_perf_file(&world, "/proc/7/status", r->target);
		fake_perf_file(&world, "/proc/sys/kernel/perf_event_paranoid", r->paranoid);
		cr_expect_eq(damon_perf_explain_open(&world.sys, &a, r->pid, 42, r->err, &f),
			     -r->err, "%s", r->name);
		cr_expect(strstr(f.text, r->text), "%s: '%s'", r->name, f.text);
		cr_expect(strstr(f.remedy, r->remedy), "%s: '%s'", r->name, f.remedy);
		cr_expect_eq(!*f.remedy, !*r->remedy, "%s: '%s'", r->name, f.remedy);
		cr_expect_eq(damon_perf_explain_open(&world.sys, &a, r->pid, 42, r->err, NULL),
			     -r->err);
	}
}

Test(explain, mmap)
{
	static struct fake_perf world;
	struct damon_fail f;

	fake_perf_init(&world, 1);
	cr_expect_eq(damon_perf_explain_mmap(&world.sys, "rings", 16384, 8, ENOMEM, &f), -ENOMEM);
	cr_expect_str_eq(f.text, "cannot map 8 rings of 16 KiB: Cannot allocate memory");
	fake_perf_file(&world, "/proc/sys/kernel/perf_event_mlock_kb", "516\n");
	cr_expect_eq(damon_perf_explain_mmap(&world.sys, "rings", 16384, 8, EPERM, &f), -EPERM);
	cr_expect(strstr(f.text, "perf_event_mlock_kb (516 per CPU and user)"), "%s", f.text);
	cr_expect(strstr(f.remedy, "mlock_kb=556"), "%s", f.remedy);
}
