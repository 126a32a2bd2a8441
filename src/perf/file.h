/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading perf.data: files, and the form that perf writes to pipes. Format: the kernel's
 * tools/perf/Documentation/perf.data-file-format.txt and perf_event_open(2).
 *
 * Items come in the order of the file; perf/order.h puts them into the order of time. Nothing in
 * the file is believed: sizes are checked before use, memory does not grow with what a header
 * claims, a record of size 0 ends the file. What cannot be read is counted, and told in one
 * sentence where it ends the reading.
 */
#ifndef PERF_FILE_H
#define PERF_FILE_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "perf/record.h"

struct damon_perf_file;

/* One event that was recorded: its attr as of this machine's header, fields that the file's older
 * attr lacks are 0. Pointers live as long as the file. */
struct damon_perf_event {
	struct perf_event_attr attr;
	const uint64_t *ids; /* of its samples, [0, nr_ids); none in old files with one event */
	size_t nr_ids;
	const char *name; /* "cpu/mem-loads,ldlat=30/P" as perf was asked for it; "" not told */
	const char *pmu;  /* "cpu", "ibs_op", "arm_spe_0", ..; "" not told, or a kind of its own */
};

/* How clocks of hardware turn into perf's: PERF_RECORD_TIME_CONV; time_mult 0: not told. */
struct damon_perf_time_conv {
	uint64_t shift, mult, zero, cycles, mask;
	bool is_capped; /* 'cycles' and 'mask' are meant */
};

/* What the file tells about itself, as far as it has been read. Texts are "" if not told. */
struct damon_perf_file_info {
	bool is_pipe;
	char hostname[64], release[64], perf_version[64], arch[32], cpu[128], cpuid[64];
	char command[512];
	int clockid;		 /* of the events' times; -1: perf's own clock */
	int64_t epoch_offset_ns; /* time of day minus time of the events; 0: not told */
	struct damon_perf_time_conv conv;
	const uint8_t *tracing; /* tracing data (formats of tracepoints); NULL: none */
	size_t tracing_len;
	uint64_t bytes_read, bytes_total; /* for progress; total 0: a pipe */
};

enum damon_perf_item_type {
	DAMON_PERF_RECORD, /* of the kernel, or one that perf made in its likeness */
	DAMON_PERF_ROUND,  /* all that comes later is younger than what came before the last one */
	DAMON_PERF_AUX_INFO, /* what kind of hardware trace follows */
	DAMON_PERF_AUX_DATA, /* a piece of a hardware trace */
};

struct damon_perf_item {
	enum damon_perf_item_type type;
	union {
		struct damon_perf_record record; /* pointers are valid until the next call */
		struct {
			uint32_t kind; /* PERF_AUXTRACE_*: 4 is Arm SPE */
			const uint64_t *priv;
			size_t nr_priv;
		} aux_info;
		struct {
			uint64_t offset, reference;
			uint32_t idx;
			int tid, cpu; /* -1: none */
			const uint8_t *bytes;
			size_t len;
			bool is_last; /* of what its record brought */
		} aux;
	};
};

/* What was met besides. */
struct damon_perf_file_stats {
	uint64_t records, samples;
	uint64_t lost;	    /* samples that the kernel says it dropped */
	uint64_t throttled; /* throttle records */
	uint64_t malformed; /* records that are not what they claim; skipped */
	uint64_t no_event;  /* samples whose id no event has; skipped */
	uint64_t skipped;   /* records of other kinds */
	uint64_t truncated; /* 1: the file ends in the middle */
	uint64_t aux_lost;  /* bytes of hardware traces beyond what is taken at once */
};

/* Is this the beginning of a perf.data? 'n' bytes, at least 8. Files of the other byte order too:
 * opening says so. */
bool damon_perf_file_is(const void *bytes, size_t n);

/*
 * Opens 'path' ("-": standard input). Files that are not perf.data: -EINVAL; of the other byte
 * order: -ENOTSUP.
 */
int damon_perf_file_open(const char *path, struct damon_perf_file **out, struct damon_fail *f);
/* The same of bytes in memory, which stay the caller's; for tests and fuzzing. */
int damon_perf_file_open_mem(const void *bytes, size_t len, struct damon_perf_file **out,
			     struct damon_fail *f);
void damon_perf_file_close(struct damon_perf_file *p); /* NULL is fine */

/* The next item: 1, 0 at the end, or -errno with the reason in 'f'. record.sample.event is the
 * index of its event. */
int damon_perf_file_next(struct damon_perf_file *p, struct damon_perf_item *out,
			 struct damon_fail *f);

/* Events known so far: all of them at once for a file, as they come in a pipe. */
const struct damon_perf_event *damon_perf_file_events(const struct damon_perf_file *p, size_t *n);
/* The build id of the file that the recording calls 'path', as far as it has told of it: its
 * length, with its bytes in '*id' until the next call; 0: not told. */
size_t damon_perf_file_build_id(const struct damon_perf_file *p, const char *path,
				const uint8_t **id);
const struct damon_perf_file_info *damon_perf_file_info(const struct damon_perf_file *p);
const struct damon_perf_file_stats *damon_perf_file_stats(const struct damon_perf_file *p);

#endif
