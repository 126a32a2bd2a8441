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
#include "tests/kit/fake_sys.h"

#define FAKE_FDS   512
#define FAKE_CPUS  4
#define FAKE_FILES 16
#define FAKE_TURNS 6

struct fake_event {
	bool open;
	struct perf_event_attr attr;
	int pid, cpu, group, output; /* 'output' 0: its own */
	int enables, disables;
	bool on; /* as the kernel has it; of a group its leader says it */
	uint64_t id, count;
	uint64_t enabled_ns, running_ns; /* as the kernel tells them: of the thread, on its CPU */
	uint64_t lost;			 /* records that its ring had no room for */
	void *map;
	size_t map_len;
	uint8_t *aux; /* the area of a hardware trace */
	size_t aux_len;
	uint64_t aux_head; /* where the hardware writes next, in all that it ever wrote */
};

struct fake_perf_file {
	const char *path;
	const char *turn[FAKE_TURNS]; /* what each read yields, the last one again and again; NULL:
					 -ENOENT */
	int reads;
};

struct fake_perf {
	struct damon_sys sys;
	struct fake_event event[FAKE_FDS]; /* by descriptor - FAKE_FD */
	struct fake_perf_file file[FAKE_FILES];
	const struct fake_file *machine; /* files besides; NULL: none. Kept */
	uint64_t now_ns;
	int nr_cpus;
	bool offline[FAKE_CPUS];
	int nr_opened;	 /* perf_event_open() calls that succeeded */
	int nr_reads;	 /* of events */
	bool before_6_0; /* the kernel does not tell what an event lost */
	size_t mmap_max; /* larger mappings are refused with mmap_err; 0: none are */
	int mmap_err;
	size_t locked, locked_max; /* bytes that are mapped, and may be (EPERM); 0: no limit */
	uint32_t time_mult; /* of traces' clock: ns = time_zero + ticks * mult >> time_shift; 0: not
			       told */
	uint16_t time_shift;
	uint64_t time_zero;
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
struct fake_perf_file *fake_perf_file(struct fake_perf *f, const char *path, const char *text);

/* Writes a record into the ring of a CPU. Returns false if there is no room. */
bool fake_perf_write(struct fake_perf *f, int cpu, const struct perf_event_header *h);

/*
 * Writes a hardware trace into the area of event 'config' on a CPU, and says so in its ring as the
 * kernel does: with 'id' (0: none) and 'tid' behind. A truncated piece, or an area without
 * room, turns the event of this id off. 'skip' bytes are lost before. Returns false if
 * there is no room.
 */
struct fake_trace {
	int cpu;
	uint64_t config, id;
	int tid;
	uint64_t time;
	uint64_t flags; /* PERF_AUX_FLAG_* */
	const void *bytes;
	size_t len;
	uint64_t skip;
	uint64_t lie;	  /* added to the size that the record tells */
	bool unannounced; /* its record was lost */
};
bool fake_perf_trace(struct fake_perf *f, const struct fake_trace *t);
/* The event that holds the area of 'config' on a CPU, or NULL. */
struct fake_event *fake_perf_area(struct fake_perf *f, int cpu, uint64_t config);

/* How many events are open on 'pid', those of the rings left out. */
int fake_perf_nr_open(const struct fake_perf *f, int pid);
/* The event of attr index order 'config' on (pid, cpu), or NULL. */
struct fake_event *fake_perf_event(struct fake_perf *f, int pid, int cpu, uint64_t config);

#endif
