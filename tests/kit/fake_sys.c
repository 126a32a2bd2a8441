/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "tests/kit/fake_sys.h"

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

static int fake_close(const struct damon_sys *s, int fd)
{
	((struct fake_sys *)s->priv)->nr_open--;
	return 0;
}

static ssize_t fake_read_file(const struct damon_sys *s, const char *path, void *buf, size_t cap)
{
	const struct fake_file *found = NULL;
	size_t n;

	for (const struct fake_file *f = ((struct fake_sys *)s->priv)->files; f && f->path; f++) {
		if (strcmp(f->path, path) == 0)
			found = f;
	}
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
			.perf_event_open = fake_perf_event_open,
			.mmap = fake_mmap,
			.munmap = fake_munmap,
			.ioctl = fake_ioctl,
			.poll = fake_poll,
			.close = fake_close,
			.read_file = fake_read_file,
			.read_mem = fake_read_mem,
			.nr_cpus = fake_nr_cpus,
			.cpu_online = fake_cpu_online},
		.files = files,
		.nr_cpus = 1,
	};
}
