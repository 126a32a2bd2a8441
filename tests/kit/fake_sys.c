/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tests/kit/fake_sys.h"

#define FAKE_FD 500 /* the first descriptor of a file; events begin at 1000 */

static uint64_t fake_clock_ns(const struct damon_sys *s)
{
	return ((struct fake_sys *)s->priv)->clock_ns;
}

static uint64_t fake_realtime_ns(const struct damon_sys *s)
{
	return ((struct fake_sys *)s->priv)->realtime_ns;
}

static uint64_t fake_own_cpu_ns(const struct damon_sys *s)
{
	return ((struct fake_sys *)s->priv)->own_cpu_ns;
}

static uint64_t fake_thread_cpu_ns(const struct damon_sys *s)
{
	return 0;
}

static int fake_perf_event_open(const struct damon_sys *s, struct perf_event_attr *a, int pid,
				int cpu, int group, unsigned long flags)
{
	struct fake_sys *f = s->priv;

	if (f->perf_err)
		return -f->perf_err;
	return 1000 + f->nr_open++;
}

static void *fake_mmap(const struct damon_sys *s, size_t len, int prot, int flags, int fd,
		       off_t off)
{
	errno = ENOSYS;
	return NULL;
}

static int fake_munmap(const struct damon_sys *s, void *p, size_t len)
{
	return -ENOSYS;
}

static int fake_ioctl(const struct damon_sys *s, int fd, unsigned long req, unsigned long arg)
{
	return -ENOSYS;
}

static int fake_poll(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms)
{
	return -ENOSYS;
}

int fake_sys_poll(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms)
{
	struct fake_sys *f = s->priv;

	f->clock_ns += (uint64_t)timeout_ms * NS_PER_MS;
	for (size_t i = 0; i < n; i++)
		fds[i].revents = 0;
	return 0;
}

static const struct fake_file *find_file(const struct damon_sys *s, const char *path)
{
	const struct fake_file *found = NULL;

	for (const struct fake_file *f = ((struct fake_sys *)s->priv)->files; f && f->path; f++) {
		if (strcmp(f->path, path) == 0)
			found = f;
	}
	return found;
}

static int fake_open(const struct damon_sys *s, const char *path, int flags)
{
	const struct fake_file *found = find_file(s, path);
	struct fake_sys *f = s->priv;

	if (!found)
		return -ENOENT;
	if (found->err)
		return -found->err;
	for (int i = 0; i < FAKE_SYS_MAX_OPEN; i++) {
		if (f->opened[i])
			continue;
		f->opened[i] = found;
		f->nr_open++;
		return FAKE_FD + i;
	}
	return -EMFILE;
}

static const struct fake_file *opened_file(const struct damon_sys *s, int fd)
{
	struct fake_sys *f = s->priv;

	return fd >= FAKE_FD && fd < FAKE_FD + FAKE_SYS_MAX_OPEN ? f->opened[fd - FAKE_FD] : NULL;
}

static int fake_close(const struct damon_sys *s, int fd)
{
	struct fake_sys *f = s->priv;

	if (opened_file(s, fd))
		f->opened[fd - FAKE_FD] = NULL;
	f->nr_open--;
	return 0;
}

static ssize_t fake_pread(const struct damon_sys *s, int fd, void *buf, size_t len, uint64_t off)
{
	const struct fake_file *file = opened_file(s, fd);
	size_t all, n;

	if (!file)
		return -EBADF;
	all = strlen(file->text);
	n = off < all ? MIN(len, all - off) : 0;
	memcpy(buf, file->text + MIN(off, all), n);
	return (ssize_t)n;
}

static ssize_t fake_pwrite(const struct damon_sys *s, int fd, const void *buf, size_t len,
			   uint64_t off)
{
	const struct fake_file *file = opened_file(s, fd);
	struct fake_sys *f = s->priv;

	if (!file)
		return -EBADF;
	snprintf(f->written, sizeof(f->written), "%s: %.*s", file->path, (int)len,
		 (const char *)buf);
	return (ssize_t)len;
}

static ssize_t fake_read_file(const struct damon_sys *s, const char *path, void *buf, size_t cap)
{
	const struct fake_file *found = find_file(s, path);
	size_t n;

	if (!found)
		return -ENOENT;
	if (found->err)
		return -found->err;
	n = MIN(strlen(found->text), cap);
	memcpy(buf, found->text, n);
	return (ssize_t)n;
}

static ssize_t fake_read_mem(const struct damon_sys *s, int pid, uint64_t addr, void *buf,
			     size_t len)
{
	return -ENOSYS;
}

static int fake_pidfd_open(const struct damon_sys *s, int pid)
{
	return -ENOSYS;
}

static ssize_t fake_process_madvise(const struct damon_sys *s, int pid_fd, const struct iovec *r,
				    size_t n, int advice)
{
	return -ENOSYS;
}

static long fake_move_pages(const struct damon_sys *s, int pid, size_t n, void *const *pages,
			    const int *nodes, int *status)
{
	return -ENOSYS;
}

static ssize_t fake_read_ranges(const struct damon_sys *s, int pid, const struct iovec *r, size_t n,
				void *buf, size_t len)
{
	return -ENOSYS;
}

static int fake_flock(const struct damon_sys *s, int fd, int op)
{
	return -ENOSYS;
}

static int fake_nr_cpus(const struct damon_sys *s)
{
	return ((struct fake_sys *)s->priv)->nr_cpus;
}

static int fake_cpu_online(const struct damon_sys *s, int cpu)
{
	return cpu < ((struct fake_sys *)s->priv)->nr_cpus;
}

void fake_sys_init(struct fake_sys *f, const struct fake_file *files)
{
	*f = (struct fake_sys){
		.sys = {.priv = f,
			.clock_ns = fake_clock_ns,
			.realtime_ns = fake_realtime_ns,
			.own_cpu_ns = fake_own_cpu_ns,
			.thread_cpu_ns = fake_thread_cpu_ns,
			.perf_event_open = fake_perf_event_open,
			.mmap = fake_mmap,
			.munmap = fake_munmap,
			.ioctl = fake_ioctl,
			.poll = fake_poll,
			.close = fake_close,
			.read_file = fake_read_file,
			.read_mem = fake_read_mem,
			.nr_cpus = fake_nr_cpus,
			.cpu_online = fake_cpu_online,
			.open = fake_open,
			.pread = fake_pread,
			.pwrite = fake_pwrite,
			.pidfd_open = fake_pidfd_open,
			.process_madvise = fake_process_madvise,
			.move_pages = fake_move_pages,
			.read_ranges = fake_read_ranges,
			.flock = fake_flock},
		.files = files,
		.nr_cpus = 1,
	};
}
