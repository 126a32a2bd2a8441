/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "base/util.h"
#include "os/sys.h"

#define SLURP_FIRST ((size_t)16 << 10)
#define SLURP_MAX   ((size_t)1 << 30) /* a maps file of 10 million lines */

static uint64_t clock_of(clockid_t id)
{
	struct timespec t = {0};

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static uint64_t real_clock(const struct damon_sys *s)
{
	return clock_of(CLOCK_MONOTONIC);
}

static uint64_t real_realtime(const struct damon_sys *s)
{
	return clock_of(CLOCK_REALTIME);
}

static uint64_t real_own_cpu(const struct damon_sys *s)
{
	return clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

static uint64_t real_thread_cpu(const struct damon_sys *s)
{
	return clock_of(CLOCK_THREAD_CPUTIME_ID);
}

static int real_perf_event_open(const struct damon_sys *s, struct perf_event_attr *a, int pid,
				int cpu, int group, unsigned long flags)
{
	int fd = (int)syscall(SYS_perf_event_open, a, pid, cpu, group, flags);

	return fd < 0 ? -errno : fd;
}

static void *real_mmap(const struct damon_sys *s, size_t len, int prot, int flags, int fd,
		       off_t off)
{
	void *p = mmap(NULL, len, prot, flags, fd, off);

	return p == MAP_FAILED ? NULL : p;
}

static int real_munmap(const struct damon_sys *s, void *p, size_t len)
{
	return munmap(p, len) ? -errno : 0;
}

static int real_ioctl(const struct damon_sys *s, int fd, unsigned long req, unsigned long arg)
{
	int r = ioctl(fd, req, arg);

	return r < 0 ? -errno : r;
}

static int real_poll(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms)
{
	int r = poll(fds, n, timeout_ms);

	return r < 0 ? -errno : r;
}

static int real_close(const struct damon_sys *s, int fd)
{
	return close(fd) ? -errno : 0;
}

static ssize_t real_read(const struct damon_sys *s, int fd, void *buf, size_t len)
{
	ssize_t r = read(fd, buf, len);

	return r < 0 ? -errno : r;
}

static int real_open(const struct damon_sys *s, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static ssize_t real_pread(const struct damon_sys *s, int fd, void *buf, size_t len, uint64_t off)
{
	ssize_t r = pread(fd, buf, len, (off_t)off);

	return r < 0 ? -errno : r;
}

static ssize_t real_pwrite(const struct damon_sys *s, int fd, const void *buf, size_t len,
			   uint64_t off)
{
	ssize_t r = pwrite(fd, buf, len, (off_t)off);

	return r < 0 ? -errno : r;
}

static int real_pidfd_open(const struct damon_sys *s, int pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

static ssize_t real_process_madvise(const struct damon_sys *s, int pid_fd, const struct iovec *r,
				    size_t n, int advice)
{
	ssize_t done = syscall(SYS_process_madvise, pid_fd, r, n, advice, 0);

	return done < 0 ? -errno : done;
}

#ifndef MPOL_MF_MOVE
#define MPOL_MF_MOVE 2 /* linux/mempolicy.h */
#endif

static long real_move_pages(const struct damon_sys *s, int pid, size_t n, void *const *pages,
			    const int *nodes, int *status)
{
	long r = syscall(SYS_move_pages, pid, n, pages, nodes, status, nodes ? MPOL_MF_MOVE : 0);

	return r < 0 ? -errno : r;
}

static ssize_t real_read_ranges(const struct damon_sys *s, int pid, const struct iovec *r, size_t n,
				void *buf, size_t len)
{
	struct iovec here = {buf, len};
	ssize_t done = process_vm_readv(pid, &here, 1, r, n, 0);

	return done < 0 ? -errno : done;
}

static int real_flock(const struct damon_sys *s, int fd, int op)
{
	return flock(fd, op) ? -errno : 0;
}

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* The names in a directory, one per line, as many whole bytes as fit. */
static ssize_t list_names(int fd, char *buf, size_t cap)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	_cleanup_(closedirp) DIR *d = own < 0 ? NULL : fdopendir(own);
	struct dirent *e;
	size_t n = 0;

	if (!d) {
		int err = errno;

		if (own >= 0)
			close(own);
		return -err;
	}
	while (errno = 0, n < cap && (e = readdir(d))) {
		size_t len;

		if (e->d_name[0] == '.')
			continue;
		len = strlen(e->d_name);
		memcpy(buf + n, e->d_name, MIN(len, cap - n));
		n += MIN(len, cap - n);
		if (n < cap)
			buf[n++] = '\n';
	}
	return n < cap && errno ? -errno : (ssize_t)n;
}

static ssize_t real_read_file(const struct damon_sys *s, const char *path, void *buf, size_t cap)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;

	if (fd < 0)
		return -errno;
	while (n < cap) {
		ssize_t r = read(fd, (char *)buf + n, cap - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && errno == EISDIR)
			return list_names(fd, buf, cap);
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		n += (size_t)r;
	}
	return (ssize_t)n;
}

static ssize_t real_read_mem(const struct damon_sys *s, int pid, uint64_t addr, void *buf,
			     size_t len)
{
	struct iovec here = {buf, len}, there = {(void *)(uintptr_t)addr, len};
	ssize_t r = process_vm_readv(pid, &here, 1, &there, 1, 0);

	return r < 0 ? -errno : r;
}

/* The last number of a list such as "0-3,8-11". */
static int last_of_list(const char *list)
{
	const char *p = list + strlen(list);

	while (p > list && (p[-1] < '0' || p[-1] > '9'))
		p--;
	while (p > list && p[-1] >= '0' && p[-1] <= '9')
		p--;
	return *p >= '0' && *p <= '9' ? atoi(p) : -1;
}

static int real_nr_cpus(const struct damon_sys *s)
{
	char buf[4096];
	ssize_t n = real_read_file(s, "/sys/devices/system/cpu/possible", buf, sizeof(buf) - 1);
	long conf = sysconf(_SC_NPROCESSORS_CONF);

	if (n > 0) {
		int last;

		buf[n] = '\0';
		last = last_of_list(buf);
		if (last >= 0)
			return last + 1;
	}
	return conf > 0 ? (int)conf : 1;
}

/* Whether 'cpu' is in a list such as "0-3,8-11\n". */
static int in_list(const char *p, long cpu)
{
	while (*p >= '0' && *p <= '9') {
		char *end;
		long lo = strtol(p, &end, 10), hi = lo;

		if (*end == '-')
			hi = strtol(end + 1, &end, 10);
		if (cpu >= lo && cpu <= hi)
			return 1;
		p = *end == ',' ? end + 1 : end;
	}
	return 0;
}

static int real_cpu_online(const struct damon_sys *s, int cpu)
{
	char buf[4096];
	ssize_t n = real_read_file(s, "/sys/devices/system/cpu/online", buf, sizeof(buf) - 1);

	if (n <= 0)
		return cpu < sysconf(_SC_NPROCESSORS_ONLN);
	buf[n] = '\0';
	return in_list(buf, cpu);
}

const struct damon_sys damon_sys_real = {
	.clock_ns = real_clock,
	.realtime_ns = real_realtime,
	.own_cpu_ns = real_own_cpu,
	.thread_cpu_ns = real_thread_cpu,
	.perf_event_open = real_perf_event_open,
	.mmap = real_mmap,
	.munmap = real_munmap,
	.ioctl = real_ioctl,
	.poll = real_poll,
	.close = real_close,
	.read_file = real_read_file,
	.read_mem = real_read_mem,
	.nr_cpus = real_nr_cpus,
	.cpu_online = real_cpu_online,
	.read = real_read,
	.open = real_open,
	.pread = real_pread,
	.pwrite = real_pwrite,
	.pidfd_open = real_pidfd_open,
	.process_madvise = real_process_madvise,
	.move_pages = real_move_pages,
	.read_ranges = real_read_ranges,
	.flock = real_flock,
};

int damon_sys_slurp(const struct damon_sys *s, const char *path, char **text, size_t *len)
{
	/* Files of /proc do not tell their size: read with more room until some is left over. */
	for (size_t cap = SLURP_FIRST; cap <= SLURP_MAX; cap *= 4) {
		_cleanup_(freep) char *buf = malloc(cap);
		ssize_t n;

		if (!buf)
			return -ENOMEM;
		n = s->read_file(s, path, buf, cap - 1);
		if (n < 0)
			return (int)n;
		if ((size_t)n == cap - 1)
			continue;
		buf[n] = '\0';
		if (len)
			*len = (size_t)n;
		*text = steal(&buf);
		return 0;
	}
	return -EFBIG;
}

int damon_sys_read_int(const struct damon_sys *s, const char *path, long long *value)
{
	char buf[64], *end;
	long long v;
	ssize_t n = s->read_file(s, path, buf, sizeof(buf) - 1);

	if (n < 0)
		return (int)n;
	buf[n] = '\0';
	errno = 0;
	v = strtoll(buf, &end, 0);
	if (end == buf || errno || (*end && *end != '\n'))
		return -EINVAL;
	*value = v;
	return 0;
}
