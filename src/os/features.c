/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts: Documentation/admin-guide of Linux (perf-security.rst, LSM/Yama.rst, mm/, cgroup-v2.rst),
 * perf_event_open(2), capabilities(7), proc(5). */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "os/features.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38 /* since Linux 5.8 */
#endif

#define PARANOID "/proc/sys/kernel/perf_event_paranoid"

/* ---- questions ---- */

/* The start of a file as a string; returns 0 or -errno. */
static int read_text(const struct damon_sys *sys, const char *path, char *buf, size_t cap)
{
	ssize_t n = sys->read_file(sys, path, buf, cap - 1);

	buf[MAX(n, (ssize_t)0)] = '\0';
	return MIN((int)n, 0);
}

static bool exists(const struct damon_sys *sys, const char *path)
{
	char buf[8]; /* of 8 bytes, as some files can only be read */
	ssize_t n = sys->read_file(sys, path, buf, sizeof(buf));

	return n != -ENOENT && n != -ENOTDIR;
}

bool damon_has_cap(const struct damon_sys *sys, int cap)
{
	_cleanup_(freep) char *status = NULL;
	unsigned long long first, outside, count, set;
	const char *line;
	char map[128];

	if (read_text(sys, "/proc/self/uid_map", map, sizeof(map)) == 0 &&
	    sscanf(map, "%llu %llu %llu", &first, &outside, &count) == 3 &&
	    (first || outside || count != UINT32_MAX))
		return false;
	if (damon_sys_slurp(sys, "/proc/self/status", &status, NULL) < 0)
		return false;
	line = strstr(status, "\nCapEff:");
	return line && sscanf(line, " CapEff: %llx", &set) == 1 && (set >> cap & 1);
}

int damon_need_kernel(const struct damon_sys *sys, int major, int minor, const char *what,
		      struct damon_fail *why)
{
	char release[128];
	int a, b;

	if (read_text(sys, "/proc/sys/kernel/osrelease", release, sizeof(release)) < 0 ||
	    sscanf(release, "%d.%d", &a, &b) != 2)
		return 0;
	if (a > major || (a == major && b >= minor))
		return 0;
	return damon_fail(why, ENOSYS, "%s needs Linux %d.%d, this is %d.%d", what, major, minor, a,
			  b);
}

int damon_need_swap(const struct damon_sys *sys, struct damon_fail *why)
{
	unsigned long long size, used, total = 0, free_kb = 0;
	_cleanup_(freep) char *text = NULL;
	const char *line;

	if (damon_sys_slurp(sys, "/proc/swaps", &text, NULL) < 0)
		return damon_fail(why, ENOSPC, "this kernel has no swap");
	/* Filename Type Size Used Priority, in KiB, after a line of titles */
	for (line = strchr(text, '\n'); line; line = strchr(line + 1, '\n')) {
		if (sscanf(line + 1, "%*s %*s %llu %llu", &size, &used) != 2)
			continue;
		total += size;
		free_kb += size - MIN(used, size);
	}
	if (free_kb)
		return 0;
	damon_fail(why, ENOSPC, total ? "swap is full" : "there is no swap");
	damon_fail_remedy(why, "add swap with swapon, for example on a zram device");
	return -ENOSPC;
}

int damon_need_nodes(const struct damon_sys *sys, struct damon_fail *why)
{
	char nodes[256];

	/* "0", "0-1", "0,2": more than one number is more than one node */
	if (read_text(sys, "/sys/devices/system/node/has_memory", nodes, sizeof(nodes)) < 0 &&
	    read_text(sys, "/sys/devices/system/node/online", nodes, sizeof(nodes)) < 0)
		return damon_fail(why, ENODEV, "this kernel knows no NUMA nodes");
	if (strpbrk(nodes, "-,"))
		return 0;
	return damon_fail(why, ENODEV, "all memory is on one NUMA node");
}

int damon_need_ptrace(const struct damon_sys *sys, bool any, struct damon_fail *why)
{
	static const char path[] = "/proc/sys/kernel/yama/ptrace_scope";
	bool privileged;
	long long scope;

	if (damon_sys_read_int(sys, path, &scope) < 0 || scope <= 0)
		return 0; /* no yama: same user is enough */
	if (scope >= 3) {
		damon_fail(why, EPERM,
			   "ptrace_scope is %lld: nobody may read another process's memory", scope);
		damon_fail_remedy(why, "set kernel.yama.ptrace_scope=1 for the next boot: it "
				       "cannot be lowered from 3");
		return -EPERM;
	}
	privileged = damon_has_cap(sys, CAP_SYS_PTRACE);
	if (privileged || (scope == 1 && !any))
		return 0;
	damon_fail(why, EPERM,
		   scope == 1 ? "ptrace_scope is 1: memory may be read only of commands that "
				"damon-perf starts"
			      : "ptrace_scope is 2: other processes' memory is read by root only");
	damon_fail_remedy(why, "run as root, or 'sysctl kernel.yama.ptrace_scope=0', or 'setcap "
			       "cap_sys_ptrace,cap_perfmon+ep' on the program");
	return -EPERM;
}

/* ---- rows ---- */

static int why_no_events(const struct damon_sys *sys, int err, struct damon_fail *why)
{
	long long paranoid = -1;

	if (err == ENOSYS || damon_sys_read_int(sys, PARANOID, &paranoid) < 0)
		return damon_fail(why, ENOSYS, "this kernel has no perf events");
	if (err != EACCES && err != EPERM)
		return damon_fail(why, err, "perf_event_open fails: %s", strerror(err));
	if (paranoid > 2 && !damon_has_cap(sys, CAP_SYS_ADMIN) &&
	    (err == EACCES || !damon_has_cap(sys, CAP_PERFMON))) {
		damon_fail(why, err,
			   "perf_event_paranoid is %lld: users may open no event at all (a rule of "
			   "Debian's and Ubuntu's kernels)",
			   paranoid);
		damon_fail_remedy(why, "run as root, or 'sysctl kernel.perf_event_paranoid=2': "
				       "CAP_PERFMON is not enough there");
		return -err;
	}
	damon_fail(why, err, "perf events are refused although perf_event_paranoid is %lld",
		   paranoid);
	damon_fail_remedy(why, "in a container, allow perf_event_open in its seccomp profile; else "
			       "a security module forbids it");
	return -err;
}

/* The level alone does not tell: only patched kernels know more than 2, containers refuse at any.
 */
static int probe_events(const struct damon_sys *sys, struct damon_fail *why)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
				       .size = sizeof(attr),
				       .config = PERF_COUNT_SW_DUMMY,
				       .disabled = 1,
				       .exclude_kernel = 1,
				       .exclude_hv = 1};
	int fd = sys->perf_event_open(sys, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return why_no_events(sys, -fd, why);
	sys->close(sys, fd);
	return 0;
}

/* A ring and its header page, per CPU and user; root, CAP_IPC_LOCK and level -1 are not limited. */
static int probe_rings(const struct damon_sys *sys, struct damon_fail *why)
{
	const long long want_kb = 512 + 4;
	long long kb, paranoid;

	if (damon_sys_read_int(sys, "/proc/sys/kernel/perf_event_mlock_kb", &kb) < 0)
		return damon_fail(why, ENOSYS, "this kernel has no perf events");
	if (kb >= want_kb || damon_has_cap(sys, CAP_IPC_LOCK))
		return 0;
	if (damon_sys_read_int(sys, PARANOID, &paranoid) == 0 && paranoid < 0)
		return 0;
	damon_fail(why, EPERM,
		   "perf_event_mlock_kb is %lld: rings are made smaller and lose samples earlier",
		   kb);
	damon_fail_remedy(why, "run as root, or 'sysctl kernel.perf_event_mlock_kb=%lld'", want_kb);
	return -EPERM;
}

static int probe_pmu(const struct damon_sys *sys, struct damon_fail *why)
{
	static const char *const events[] = {"cpu/events/mem-loads", "cpu_core/events/mem-loads",
					     "ibs_op/type", "arm_spe_0/type"};
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s", events[i]);
		if (exists(sys, path))
			return 0;
	}
	damon_fail(why, ENODEV,
		   "no PMU with memory events (cpu/mem-loads, ibs_op, arm_spe_0), as usual in "
		   "virtual machines");
	damon_fail_remedy(why, "use the source 'soft', which needs none");
	return -ENODEV;
}

static int probe_memory(const struct damon_sys *sys, struct damon_fail *why)
{
	return damon_need_ptrace(sys, true, why);
}

/* exceptions:page_fault_user is of x86; tracefs is root's unless it is mounted otherwise. */
static int probe_fault_kinds(const struct damon_sys *sys, struct damon_fail *why)
{
	static const char *const mounts[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	char path[128], buf[64];
	int err, denied = 0;

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		snprintf(path, sizeof(path), "%s/events/exceptions/page_fault_user/format",
			 mounts[i]);
		err = read_text(sys, path, buf, sizeof(buf));
		if (!err)
			return 0;
		if (err == -EACCES || err == -EPERM)
			denied = -err;
	}
	if (denied) {
		damon_fail(why, denied, "tracefs is not readable for this user");
		damon_fail_remedy(why, "run as root");
		return -denied;
	}
	damon_fail(why, ENOENT, "there is no tracepoint exceptions:page_fault_user in tracefs");
	damon_fail_remedy(why, "'mount -t tracefs tracefs /sys/kernel/tracing', if it is not");
	return -ENOENT;
}

static int probe_page_idle(const struct damon_sys *sys, struct damon_fail *why)
{
	char word[8];
	ssize_t n = sys->read_file(sys, "/sys/kernel/mm/page_idle/bitmap", word, sizeof(word));

	if (n == -EACCES || n == -EPERM) {
		damon_fail(why, EACCES, "the bitmap of idle pages is root's");
		damon_fail_remedy(why, "run as root");
		return -EACCES;
	}
	if (n < 0)
		return damon_fail(why, ENOENT,
				  "this kernel does not track idle pages "
				  "(CONFIG_IDLE_PAGE_TRACKING): no Debian kernel does");
	return 0;
}

static int probe_frames(const struct damon_sys *sys, struct damon_fail *why)
{
	if (!exists(sys, "/proc/self/pagemap"))
		return damon_fail(why, ENOENT, "this kernel has no pagemap");
	if (damon_has_cap(sys, CAP_SYS_ADMIN))
		return 0;
	damon_fail(why, EPERM, "the kernel shows page frame numbers to root only");
	damon_fail_remedy(why, "run as root");
	return -EPERM;
}

/* New mappings begin soft-dirty: where the kernel has the bit, a process that never cleared it
 * shows "sd" among its flags. */
static int probe_soft_dirty(const struct damon_sys *sys, struct damon_fail *why)
{
	char smaps[8192];

	if (read_text(sys, "/proc/self/smaps", smaps, sizeof(smaps)) == 0) {
		for (const char *at = smaps; (at = strstr(at, "VmFlags:")); at++) {
			const char *sd = strstr(at, " sd"), *end = strchr(at, '\n');

			if (sd && (!end || sd < end))
				return 0;
		}
	}
	return damon_fail(why, ENOSYS,
			  "this kernel does not track written pages "
			  "(CONFIG_MEM_SOFT_DIRTY)");
}

static int probe_cgroup(const struct damon_sys *sys, struct damon_fail *why)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	char path[64], text[256];

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		snprintf(path, sizeof(path), "%s/cgroup.controllers", mounts[i]);
		if (read_text(sys, path, text, sizeof(text)) < 0)
			continue;
		if (strstr(text, "memory"))
			return 0;
		damon_fail(why, ENODEV, "cgroup v2 is there without its memory controller");
		damon_fail_remedy(why, "boot with systemd.unified_cgroup_hierarchy=1");
		return -ENODEV;
	}
	damon_fail(why, ENOENT, "cgroup v2 is not mounted at /sys/fs/cgroup");
	damon_fail_remedy(why, "boot with systemd.unified_cgroup_hierarchy=1");
	return -ENOENT;
}

static int probe_psi(const struct damon_sys *sys, struct damon_fail *why)
{
	char text[64];

	if (read_text(sys, "/proc/pressure/memory", text, sizeof(text)) == 0)
		return 0;
	damon_fail(why, ENOENT, "this kernel does not tell memory pressure (PSI)");
	damon_fail_remedy(why, "boot with psi=1");
	return -ENOENT;
}

static int probe_damon(const struct damon_sys *sys, struct damon_fail *why)
{
	if (exists(sys, "/sys/kernel/mm/damon"))
		return 0;
	return damon_fail(why, ENOENT, "this kernel has no DAMON (CONFIG_DAMON_SYSFS)");
}

const struct damon_feature damon_features[] = {
	{"perf-events", "events of one's own processes: what every source needs", probe_events},
	{"perf-rings", "ring buffers of 512 KiB per CPU", probe_rings},
	{"pmu", "memory accesses sampled by hardware", probe_pmu},
	{"read-memory", "values read from running processes (--mem-reads with -p)", probe_memory},
	{"fault-kinds", "page faults told apart as reads and writes", probe_fault_kinds},
	{"swap", "somewhere to page out to", damon_need_swap},
	{"numa", "several nodes to migrate between", damon_need_nodes},
	{"page-idle", "accessed bits of pages, read and cleared", probe_page_idle},
	{"pagemap", "physical addresses of pages", probe_frames},
	{"soft-dirty", "written pages", probe_soft_dirty},
	{"cgroup2", "groups of processes with their memory", probe_cgroup},
	{"psi", "memory pressure, a goal of schemes", probe_psi},
	{"kernel-damon", "DAMON in the kernel", probe_damon},
	{0},
};

const struct damon_feature *damon_feature_find(const char *name)
{
	for (const struct damon_feature *f = damon_features; f->name; f++) {
		if (strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}
