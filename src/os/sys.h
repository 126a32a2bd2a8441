/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every call that touches the world, in one table, so that tests can fake the clock, perf and
 * /proc. Functions behave like the calls they are named after but return -errno instead of setting
 * errno.
 */
#ifndef OS_SYS_H
#define OS_SYS_H

#include <linux/perf_event.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct damon_sys {
	void *priv;					    /* the fake world's own */
	uint64_t (*clock_ns)(const struct damon_sys *s);    /* CLOCK_MONOTONIC */
	uint64_t (*realtime_ns)(const struct damon_sys *s); /* since the epoch */
	uint64_t (*own_cpu_ns)(
		const struct damon_sys *s); /* CPU time of this process, user and system */
	uint64_t (*thread_cpu_ns)(const struct damon_sys *s); /* of the thread that asks */
	int (*perf_event_open)(const struct damon_sys *s, struct perf_event_attr *a, int pid,
			       int cpu, int group, unsigned long flags);
	void *(*mmap)(const struct damon_sys *s, size_t len, int prot, int flags, int fd,
		      off_t off); /* NULL on failure, errno set */
	int (*munmap)(const struct damon_sys *s, void *p, size_t len);
	int (*ioctl)(const struct damon_sys *s, int fd, unsigned long req, unsigned long arg);
	int (*poll)(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms);
	int (*close)(const struct damon_sys *s, int fd);
	/* Reads at most 'cap' bytes of a /proc or /sys file from its start; returns their number.
	 * Of a directory: its names but those that begin with '.', one per line. */
	ssize_t (*read_file)(const struct damon_sys *s, const char *path, void *buf, size_t cap);
	ssize_t (*read_mem)(const struct damon_sys *s, int pid, uint64_t addr, void *buf,
			    size_t len);		       /* process_vm_readv */
	int (*nr_cpus)(const struct damon_sys *s);	       /* highest possible number + 1 */
	int (*cpu_online)(const struct damon_sys *s, int cpu); /* 1, 0 */
	ssize_t (*read)(const struct damon_sys *s, int fd, void *buf, size_t len);
	/* A file of /proc or /sys, never created: 'flags' as of open(2), with O_CLOEXEC. */
	int (*open)(const struct damon_sys *s, const char *path, int flags);
	ssize_t (*pread)(const struct damon_sys *s, int fd, void *buf, size_t len, uint64_t off);
	ssize_t (*pwrite)(const struct damon_sys *s, int fd, const void *buf, size_t len,
			  uint64_t off);
	int (*pidfd_open)(const struct damon_sys *s, int pid);
	/* Advice to another process: MADV_COLD, ... Returns the bytes of whole ranges advised. */
	ssize_t (*process_madvise)(const struct damon_sys *s, int pid_fd, const struct iovec *r,
				   size_t n, int advice);
	/* Moves pages that are mapped once; 'nodes' NULL: only asks. status[]: node or -errno. */
	long (*move_pages)(const struct damon_sys *s, int pid, size_t n, void *const *pages,
			   const int *nodes, int *status);
	/* process_vm_readv of many ranges into 'buf', which holds all of them. */
	ssize_t (*read_ranges)(const struct damon_sys *s, int pid, const struct iovec *r, size_t n,
			       void *buf, size_t len);
	int (*flock)(const struct damon_sys *s, int fd, int op);
};

/* The real world. */
extern const struct damon_sys damon_sys_real;

/* The whole of a /proc or /sys file, NUL-terminated; the caller frees it. '*len' (may be NULL)
 * excludes the NUL. Returns 0 or -errno. */
int damon_sys_slurp(const struct damon_sys *s, const char *path, char **text, size_t *len);

/* An integer in a file such as /proc/sys/kernel/perf_event_paranoid. Returns 0 or -errno. */
int damon_sys_read_int(const struct damon_sys *s, const char *path, long long *value);

#endif
