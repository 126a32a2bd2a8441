/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exact traces of data accesses, and the truth made of them. README.md has the bytes of both files.
 *
 * A trace is the accesses of a program in their order, as runs: so many accesses in a row to one
 * page. Its time is the number of accesses so far. Both sides work in bounded memory, however long
 * the trace is. Nothing that is read is trusted: a file that is cut short, damaged or forged yields
 * -EBADMSG, at the latest where its end should be.
 */
#ifndef TRUTH_TRACE_H
#define TRUTH_TRACE_H

#include <stdint.h>

#define TRACE_MIN_SHIFT 6
#define TRACE_MAX_SHIFT 30

struct trace_run {
	uint64_t page;	 /* address >> page_shift */
	uint64_t count;	 /* accesses in a row, at least 1 */
	uint64_t stores; /* of them */
};

struct trace_info {
	uint32_t page_shift;
	uint64_t accesses, stores;
	uint64_t instructions; /* 0: unknown */
	uint64_t runs;
};

/* ---- reading ---- */

struct trace;

/* Opens a finished trace. -EBADMSG: not one; -ENOENT, -EIO, -ENOMEM ... */
int trace_open(const char *path, struct trace **t);
void trace_close(struct trace *t);

const struct trace_info *trace_info(const struct trace *t);

/* The next run. Returns 1, 0 at the end, -EBADMSG, -EIO. After a failure it goes on failing.
 * Neighbours in a trace are of different pages. */
int trace_next(struct trace *t, struct trace_run *run);

/* Back to the first run. Returns 0 or -EIO. */
int trace_rewind(struct trace *t);

/* ---- writing ---- */

struct trace_writer;

/* Begins a trace in a file that is made or emptied; until it is finished, nothing reads it.
 * -EINVAL: 'page_shift' is outside of [TRACE_MIN_SHIFT, TRACE_MAX_SHIFT]. */
int trace_create(const char *path, uint32_t page_shift, struct trace_writer **w);

/* Appends; joins what continues the last run. Without effect if 'count' is 0. -EINVAL: more stores
 * than accesses, or a page beyond 2^64 bytes. A failure to write is kept: trace_finish tells, too.
 */
int trace_add(struct trace_writer *w, uint64_t page, uint64_t count, uint64_t stores);

/* Instructions that were executed since the last call. */
void trace_add_instructions(struct trace_writer *w, uint64_t n);

/* Completes and closes the file, frees 'w' (which may be NULL: 0). Returns 0, or the first failure
 * of all; the file is no trace then. */
int trace_finish(struct trace_writer *w);

/* ---- truth ---- */

/*
 * Reads a trace from its beginning and writes its truth: how often each page was accessed in each
 * interval of that many accesses. Intervals begin with the trace; the last one may be shorter.
 * -EINVAL: 'accesses_per_interval' is 0 or does not fit 32 bits; -E2BIG: too many intervals.
 */
int truth_write_from_trace(struct trace *t, uint64_t accesses_per_interval, const char *path);

#endif
