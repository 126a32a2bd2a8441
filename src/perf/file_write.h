/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing perf.data (file form), as perf itself reads it: a header, events with ids, records in the
 * order given, and the features HOSTNAME, OSRELEASE, VERSION, ARCH, CPUDESC, CPUID, CMDLINE,
 * EVENT_DESC, PMU_MAPPINGS, CLOCK_DATA, as far as told, and an index of hardware traces. Streams:
 * nothing is kept besides the descriptor, a buffer and that index.
 */
#ifndef PERF_FILE_WRITE_H
#define PERF_FILE_WRITE_H

#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "core/space.h"
#include "perf/file.h"

struct damon_perf_writer;

struct damon_perf_writer_options {
	/* NULL, or "" at the end: feature left out. 'version' is that of what recorded. */
	const char *command, *hostname, *release, *version, *arch, *cpu, *cpuid;
	int64_t epoch_offset_ns; /* time of day minus that of 'clockid'; 0: not told */
	int clockid;
	const char *const *pmu_names; /* PMU_MAPPINGS: pairs by index with pmu_types */
	const uint32_t *pmu_types;
	size_t nr_pmus;
};

/* 'fd' must be a seekable file at its start, and stays the caller's. Of the events attr, ids and
 * name are used; they and the options' texts must live until the end. Returns 0 or
 * -errno. */
int damon_perf_writer_new(int fd, const struct damon_perf_event *events, size_t n,
			  const struct damon_perf_writer_options *o, struct damon_perf_writer **out,
			  struct damon_fail *f);

/* A record as it is to stand in the file; header.size is set from 'len'. 'len' is rounded up to 8
 * with zeros; at most 65528. */
int damon_perf_writer_record(struct damon_perf_writer *w, uint32_t type, uint16_t misc,
			     const void *body, size_t len);

/*
 * The same for a sample of event 'event': the fields of its attr's sample_type are taken from 's'.
 * Those that struct damon_perf_sample does not hold (call chains, branches) are -EINVAL.
 */
int damon_perf_writer_sample(struct damon_perf_writer *w, uint32_t event, uint16_t misc,
			     const struct damon_perf_sample *s);

/* What happens to tasks and their mappings, with the fields of sample_id_all as the first event has
 * them: its first id, and 'time_ns'. */
int damon_perf_writer_comm(struct damon_perf_writer *w, const struct damon_perf_comm *c,
			   uint64_t time_ns);
int damon_perf_writer_exit(struct damon_perf_writer *w, const struct damon_perf_task *t,
			   uint64_t time_ns);

/* MMAP2. One that is not executable is one of data; a build id that is known stands where device
 * and inode would. */
int damon_perf_writer_mapping(struct damon_perf_writer *w, int pid, const struct damon_mapping *m,
			      uint64_t time_ns);

/* The end of a round (perf/order.h): what follows is younger than what came before the last one. */
int damon_perf_writer_round(struct damon_perf_writer *w);

/* PERF_RECORD_AUXTRACE with its payload behind it, as one or in two parts. */
int damon_perf_writer_aux(struct damon_perf_writer *w, uint32_t idx, int tid, int cpu,
			  uint64_t offset, const void *bytes, size_t len);
struct damon_perf_part {
	const void *bytes;
	size_t len;
};
int damon_perf_writer_aux_parts(struct damon_perf_writer *w, uint32_t idx, int tid, int cpu,
				uint64_t offset, const struct damon_perf_part part[2]);

/* Whatever was given so far is in the file then: a reader of a file that was not completed finds
 * it. Returns 0 or the first error. */
int damon_perf_writer_flush(struct damon_perf_writer *w);
uint64_t damon_perf_writer_bytes(const struct damon_perf_writer *w); /* so far */

/* Completes the file: without it no reader accepts it. Frees 'w' in any case; NULL is fine.
 * Returns 0 or the first error. */
int damon_perf_writer_close(struct damon_perf_writer *w);

#endif
