/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records one after another, as a file of perf holds them: plain ones, and those that were
 * compressed. Internal to the reader.
 */
#ifndef PERF_FILE_STREAM_H
#define PERF_FILE_STREAM_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

#include "perf/bytes.h"
#include "perf/file.h"
#include "perf/file_zstd.h"

/* Records that perf adds to the kernel's: enum perf_user_event_type, tools/lib/perf. */
enum damon_perf_user_type {
	USER_ATTR = 64,
	USER_TRACING_DATA = 66,
	USER_BUILD_ID = 67,
	USER_FINISHED_ROUND = 68,
	USER_AUXTRACE_INFO = 70,
	USER_AUXTRACE = 71,
	USER_EVENT_UPDATE = 78,
	USER_TIME_CONV = 79,
	USER_FEATURE = 80,
	USER_COMPRESSED = 81,
	USER_COMPRESSED2 = 83,
	USER_TYPES = 64, /* they begin here */
};

struct damon_perf_stream {
	struct damon_bytes in;
	uint64_t data_end; /* of its records; UINT64_MAX: they end with the file */
	struct damon_unzip unzip;
	uint64_t newest_ns;	    /* of its records: the reader's own */
	uint64_t aux_left;	    /* of the trace payload at hand: the reader's own */
	struct damon_perf_item aux; /* its head: the reader's own */
	bool ended, cut;	    /* it has nothing more; it ends in the middle */
};

/* A record may be looked at where it lies, or in here: one that lies at no multiple of 8. */
struct damon_perf_copy {
	uint64_t words[(1 << 16) / 8];
};

/*
 * The next record, valid until the next call: 1. 0: not yet, or 'ended' is set. What cannot be read
 * is skipped and -EBADMSG; -ENOMEM. The payload of a record that has one follows in 'in'.
 */
int damon_perf_stream_next(struct damon_perf_stream *s, struct damon_perf_copy *copy,
			   const struct perf_event_header **out);

/* The end of what can be read; 'cut': before its time. Returns 0. */
int damon_perf_stream_end(struct damon_perf_stream *s, bool cut);

/* How much of its records is left to read, as far as its end is known. */
uint64_t damon_perf_stream_left(const struct damon_perf_stream *s);

void damon_perf_stream_release(struct damon_perf_stream *s);

#endif
