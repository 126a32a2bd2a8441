/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A world for tests: files from a table (they can be written to, which changes nothing), a clock
 * that stands still until it is set, and nothing else: every other call returns -ENOSYS. A test
 * that needs more of the world replaces functions of 'sys' after fake_sys_init().
 */
#ifndef KIT_FAKE_SYS_H
#define KIT_FAKE_SYS_H

#include "os/sys.h"

struct fake_file {
	const char *path; /* NULL ends the table */
	const char *text;
	int err; /* > 0: reading fails with it */
};

#define FAKE_SYS_MAX_OPEN 16

struct fake_sys {
	struct damon_sys sys;
	const struct fake_file *files;	/* of two entries for a path, the later one counts */
	uint64_t clock_ns, realtime_ns; /* set at will */
	uint64_t own_cpu_ns;
	int perf_err; /* what perf_event_open() fails with; 0: it returns a descriptor */
	int nr_open;  /* descriptors that were not closed */
	int nr_cpus;  /* 1 */
	/* Opened files, by descriptor modulo their number; what was written to them last. */
	const struct fake_file *opened[FAKE_SYS_MAX_OPEN];
	char written[96]; /* "PATH: TEXT" */
};

/* 'files' is kept. */
void fake_sys_init(struct fake_sys *f, const struct fake_file *files);

/* A 'poll' for 'sys': nothing comes, and time passes. */
int fake_sys_poll(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms);

#endif
