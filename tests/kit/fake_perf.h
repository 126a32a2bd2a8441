/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A world with perf events but without a kernel: descriptors are numbers, rings are memory that the
 * test writes records to, files are texts. Everything that was opened must be closed: release()
 * checks it.
 */
#ifndef KIT_FAKE_PERF_H
#define KIT_FAKE_PERF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/sys.h"

#define FAKE_FDS   512
#define FAKE_CPUS  4
#define FAKE_FILES 16
#define FAKE_TURNS 6

struct fake_event {
	bool open;
	struct perf_event_attr attr;
	int pid, cpu, output; /* 'output' 0: its own */
	int enables, disables;
	uint64_t id, count;
	void *map;
	size_t map_len;
};

struct fake_file {
	const char *path;
	const char *turn[FAKE_TURNS]; /* what each read yields, the last one again and again; NULL:
					 -ENOENT */
	int reads;
};

struct fake_perf {
	struct damon_sys sys;
	struct fake_event event[FAKE_FDS]; /* by descriptor - FAKE_FD */
	struct fake_file file[FAKE_FILES];
	uint64_t now_ns;
	int nr_cpus;
	bool offline[FAKE_CPUS];
	int nr_opened;	 /* perf_event_open() calls that succeeded */
	size_t mmap_max; /* larger mappings are refused with mmap_err; 0: none are */
	int mmap_err;
	int max_open; /* open events; beyond -EMFILE; 0: no limit */
	/* Refuses an open with its negative result; NULL: none is. */
	int (*on_open)(struct fake_perf *f, const struct perf_event_attr *a, int pid, int cpu);
	void *priv; /* on_open's */
};

#define FAKE_FD 1000

void fake_perf_init(struct fake_perf *f, int nr_cpus);
/* Fails the test if anything is still open or mapped. */
void fake_perf_release(struct fake_perf *f);

/* The file at 'path' to be filled in. */
struct fake_file *fake_perf_file(struct fake_perf *f, const char *path, const char *text);

/* Writes a record into the ring of a CPU. Returns false if there is no room. */
bool fake_perf_write(struct fake_perf *f, int cpu, const struct perf_event_header *h);

/* How many events are open on 'pid', those of the rings left out. */
int fake_perf_nr_open(const struct fake_perf *f, int pid);
/* The event of attr index order 'config' on (pid, cpu), or NULL. */
struct fake_event *fake_perf_event(struct fake_perf *f, int pid, int cpu, uint64_t config);

#endif
