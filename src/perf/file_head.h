/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a perf.data tells before its records: events and features, from the sections of a file or
 * the records of a pipe. Internal to the reader.
 */
#ifndef PERF_FILE_HEAD_H
#define PERF_FILE_HEAD_H

#include "perf/bytes.h"
#include "perf/file.h"
#include "perf/file_build_ids.h"

/* HEADER_* of tools/perf/util/header.h, as far as they are read. */
enum damon_perf_feature {
	PERF_FEATURE_TRACING_DATA = 1,
	PERF_FEATURE_BUILD_ID = 2,
	PERF_FEATURE_HOSTNAME = 3,
	PERF_FEATURE_OSRELEASE = 4,
	PERF_FEATURE_VERSION = 5,
	PERF_FEATURE_ARCH = 6,
	PERF_FEATURE_CPUDESC = 8,
	PERF_FEATURE_CPUID = 9,
	PERF_FEATURE_CMDLINE = 11,
	PERF_FEATURE_EVENT_DESC = 12,
	PERF_FEATURE_PMU_MAPPINGS = 16,
	PERF_FEATURE_AUXTRACE = 18,
	PERF_FEATURE_DIR_FORMAT = 24,
	PERF_FEATURE_CLOCK_DATA = 29,
};

/* More bytes than all that is kept of a recording's features has: formats, ids and names. */
enum { DAMON_PERF_FEATURE_MAX = 8 << 20 };

/* An id and the event it belongs to. */
struct damon_perf_id {
	uint64_t id;
	uint32_t event; /* index + 1; 0: a free place */
};

/* A PMU of the machine that recorded. */
struct damon_perf_pmu {
	uint32_t type;
	char name[60];
};

struct damon_perf_head {
	const char *path; /* for sentences; the caller's */
	struct damon_perf_event *events;
	size_t nr_events, cap_events;
	struct damon_perf_id *ids; /* a hash table with 'nr_places' places, a power of two */
	size_t nr_ids, nr_places;
	size_t all_ids;	 /* of all events: the same one may have been told more than once */
	uint64_t factor; /* of places, random and odd: no file can choose ids that share one */
	struct damon_perf_pmu *pmus; /* a pipe may tell them before the events */
	size_t nr_pmus, cap_pmus;
	struct damon_perf_file_info info;
	uint8_t *tracing;
	struct damon_file_build_ids build_ids;
	uint64_t data_start, data_end; /* of the records; UINT64_MAX: to the end of the file */
	bool cut;		       /* the file was not completed */
	bool is_one_of_several;	       /* of a folder: 'perf record --threads' */
};

void damon_perf_head_release(struct damon_perf_head *h);

/* Reads the header at the start of 'b', and of a file all sections. 'b' is at the first record
 * then. Returns 0 or -errno with the reason. */
int damon_perf_head_read(struct damon_perf_head *h, struct damon_bytes *b, struct damon_fail *f);

/* An attr of 'size' bytes as it is in the file, with the ids of its event (may be unaligned).
 * Returns 0, -EBADMSG or -ENOMEM. */
int damon_perf_head_add_event(struct damon_perf_head *h, const uint8_t *attr, size_t size,
			      const uint8_t *ids, size_t nr_ids);

/* The payload of a feature. What it does not have is left as it was. */
void damon_perf_head_feature(struct damon_perf_head *h, unsigned int feature, const uint8_t *p,
			     size_t len);

/* Index of the event with 'id', or -1. */
int damon_perf_head_find(const struct damon_perf_head *h, uint64_t id);

/* Names the event that has 'id'. */
void damon_perf_head_name(struct damon_perf_head *h, uint64_t id, const char *name, size_t len);

/* Takes over the formats of tracepoints, from malloc. */
void damon_perf_head_tracing(struct damon_perf_head *h, uint8_t *bytes, size_t len);

#endif
