/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "perf/explain.h"

/* linux/capability.h */
#define CAP_SYS_ADMIN_BIT 21
#define CAP_PERFMON_BIT	  38

#define PARANOID "/proc/sys/kernel/perf_event_paranoid"
#define MLOCK_KB "/proc/sys/kernel/perf_event_mlock_kb"

/* What /proc/PID/status tells that matters here. */
struct status {
	long uid; /* effective; -1: not known */
	bool admin, perfmon, seccomp;
};

/* The number after 'key' at the start of a line, 'skip' fields on; 'def' if there is none. */
static unsigned long long field(const char *text, const char *key, int skip, int base,
				unsigned long long def)
{
	const char *p = strstr(text, key);
	char *end;
	unsigned long long v = def;

	if (!p)
		return def;
	p += strlen(key);
	for (int i = 0; i <= skip; i++, p = end) {
		v = strtoull(p, &end, base);
		if (end == p)
			return def;
	}
	return v;
}

static struct status status_of(const struct damon_sys *sys, int pid)
{
	struct status st = {.uid = -1};
	char path[64], buf[4096];
	unsigned long long caps;
	ssize_t n;

	snprintf(path, sizeof(path), pid ? "/proc/%d/status" : "/proc/self/status", pid);
	n = sys->read_file(sys, path, buf, sizeof(buf) - 1);
	if (n < 0)
		return st;
	buf[n] = '\0';
	caps = field(buf, "\nCapEff:", 0, 16, 0);
	st.uid = (long)(int)field(buf, "\nUid:", 1, 10, UINT64_MAX);
	st.admin = caps >> CAP_SYS_ADMIN_BIT & 1;
	st.perfmon = st.admin || caps >> CAP_PERFMON_BIT & 1;
	st.seccomp = field(buf, "\nSeccomp:", 0, 10, 0) == 2;
	return st;
}

/* The object of the sentences: "process 7", or "events" where no process is meant. */
struct who {
	char name[32];
};

static struct who who(int pid)
{
	struct who w = {"with perf events"};

	if (pid < 0)
		snprintf(w.name, sizeof(w.name), "all processes");
	else if (pid)
		snprintf(w.name, sizeof(w.name), "process %d", pid);
	return w;
}

static int refused_privileged(int pid, bool seccomp, int err, struct damon_fail *f)
{
	if (seccomp) {
		damon_fail(f, err, "cannot sample %s: a seccomp filter refuses perf_event_open()",
			   who(pid).name);
		damon_fail_remedy(f, "allow it in the container's profile (docker: --cap-add "
				     "PERFMON, or --security-opt seccomp=...), or run outside");
		return -err;
	}
	damon_fail(f, err,
		   "cannot sample %s: the kernel refuses perf events although no "
		   "privilege is missing (%s)",
		   who(pid).name, strerror(err));
	damon_fail_remedy(f, "a security module or lockdown may forbid them: see dmesg");
	return -err;
}

/* EACCES and EPERM: the level of perf_event_paranoid, then whose process it is, then a filter. */
static int refused(const struct damon_sys *sys, const struct perf_event_attr *a, int pid, int err,
		   struct damon_fail *f)
{
	struct status me = status_of(sys, 0), it = pid > 0 ? status_of(sys, pid) : me;
	long long level = 2;

	damon_sys_read_int(sys, PARANOID, &level);
	if (pid < 0 && level > 0 && !me.perfmon) {
		damon_fail(f, err, "cannot sample all processes: perf_event_paranoid is %lld",
			   level);
		damon_fail_remedy(f, "run as root, or 'sysctl kernel.perf_event_paranoid=0', or "
				     "'setcap cap_perfmon,cap_sys_ptrace+ep' on the program");
		return -err;
	}
	/* Debian's and Ubuntu's kernels ask for CAP_SYS_ADMIN there, and say EACCES */
	if (level >= 3 && !me.admin && (err == EACCES || !me.perfmon)) {
		damon_fail(f, err, "cannot sample %s: perf_event_paranoid is %lld", who(pid).name,
			   level);
		damon_fail_remedy(f,
				  "run as root, or 'sysctl kernel.perf_event_paranoid=%d': "
				  "CAP_PERFMON is not enough there",
				  a->exclude_kernel ? 2 : 1);
		return -err;
	}
	if (me.perfmon)
		return refused_privileged(pid, me.seccomp, err, f);
	if (level >= 2 && !a->exclude_kernel) {
		damon_fail(f, err, "cannot sample %s: perf_event_paranoid is %lld", who(pid).name,
			   level);
		damon_fail_remedy(f, "run as root, or 'sysctl kernel.perf_event_paranoid=1', or "
				     "'setcap cap_perfmon+ep' on the program");
		return -err;
	}
	if (a->type == PERF_TYPE_TRACEPOINT && level >= 0) {
		damon_fail(f, err, "cannot sample %s: users may not read tracepoints",
			   who(pid).name);
		damon_fail_remedy(f, "run as root");
		return -err;
	}
	if (it.uid >= 0 && it.uid != me.uid) {
		damon_fail(f, err, "cannot sample process %d: it belongs to another user (uid %ld)",
			   pid, it.uid);
		damon_fail_remedy(f, "run as that user or as root");
		return -err;
	}
	if (me.seccomp)
		return refused_privileged(pid, true, err, f);
	damon_fail(f, err,
		   "cannot sample %s: the kernel does not let this user look into "
		   "it (%s)",
		   who(pid).name, strerror(err));
	damon_fail_remedy(f, "run as root: programs with raised privileges are closed to others");
	return -err;
}

static int too_many(const struct damon_sys *sys, int pid, size_t nr_open, int err,
		    struct damon_fail *f)
{
	damon_fail(f, err,
		   "cannot sample %s: too many open files (%zu events are open, one per "
		   "event, thread and CPU)",
		   who(pid).name, nr_open);
	if (err == ENFILE)
		damon_fail_remedy(f, "raise 'sysctl fs.file-max'");
	else
		damon_fail_remedy(f, "raise the limit ('ulimit -n'), or monitor fewer threads");
	return -err;
}

int damon_perf_try(const struct damon_sys *sys, const struct perf_event_attr *attr, int pid,
		   int cpu)
{
	struct perf_event_attr a = *attr; /* the kernel writes its size where it refuses it */
	int fd = sys->perf_event_open(sys, &a, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return fd;
	sys->close(sys, fd);
	return 0;
}

int damon_perf_explain_open(const struct damon_sys *sys, const struct perf_event_attr *attr,
			    int pid, size_t nr_open, int err, struct damon_fail *f)
{
	static const struct {
		int err;
		const char *text, *remedy;
	} others[] = {
		{ESRCH, "it is gone", ""},
		{ENOENT, "the kernel does not know this event", ""},
		{ENODEV, "this machine does not have the event's counters",
		 "use '--source soft', which needs none"},
		{ENXIO, "a register that the event needs is out of reach",
		 "virtual machines rarely have all of them: use '--source soft'"},
		{EOPNOTSUPP, "the event cannot be sampled here: no interrupts from its counters",
		 "virtual machines often have none: use '--source soft'"},
		{EBUSY, "another user holds the event's counters", "end the other profiler"},
		{EINVAL, "the kernel refuses the event's settings",
		 "it may be too old: Linux 4.1 and later are known to do"},
		{E2BIG, "the kernel is too old for the event's settings",
		 "Linux 4.1 and later are known to do"},
		{ENOSYS, "the kernel is built without perf events", "it needs CONFIG_PERF_EVENTS"},
		{ENOMEM, "the kernel has no memory for the event", ""},
	};

	if (err == EACCES || err == EPERM)
		return refused(sys, attr, pid, err, f);
	if (err == EMFILE || err == ENFILE)
		return too_many(sys, pid, nr_open, err, f);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (others[i].err == err) {
			damon_fail(f, err, "cannot sample %s: %s", who(pid).name, others[i].text);
			damon_fail_remedy(f, "%s", others[i].remedy);
			return -err;
		}
	return damon_fail(f, err, "cannot sample %s: perf_event_open: %s", who(pid).name,
			  strerror(err));
}

int damon_perf_explain_mmap(const struct damon_sys *sys, const char *what, size_t bytes, size_t nr,
			    int err, struct damon_fail *f)
{
	long long kb = 0;

	damon_fail(f, err, "cannot map %zu %s of %zu KiB: %s", nr, what, bytes >> 10,
		   strerror(err));
	if (err != EPERM || damon_sys_read_int(sys, MLOCK_KB, &kb))
		return -err;
	damon_fail(f, err,
		   "cannot map %zu %s of %zu KiB: more locked memory than perf_event_mlock_kb "
		   "(%lld per CPU and user) and 'ulimit -l' allow",
		   nr, what, bytes >> 10, kb);
	damon_fail_remedy(f,
			  "end other profilers of this user, or run as root, or 'sysctl "
			  "kernel.perf_event_mlock_kb=%zu'",
			  2 * ((bytes >> 10) + 4) + (size_t)(kb > 0 ? kb : 0));
	return -err;
}
