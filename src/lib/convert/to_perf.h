/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sample log of a record as perf.data: each entry becomes a sample of an event that is named
 * after the source, and what the record knows of its process comes before it, in order of time.
 * Behind damon_record_to_perf(), whose comment in damon.h says what is told and what is not.
 *
 * Memory is bounded: one chunk of the log, and what was told of at most 65536 processes and a
 * million mappings. Beyond that all of it is forgotten, and told again where samples follow.
 */
#ifndef LIB_TO_PERF_H
#define LIB_TO_PERF_H

#include "base/fail.h"
#include "record/reader.h"

/* Reads 'r' from where it is to its end. 'fd' is a seekable file at its start. Returns 0, -ENODATA
 * if there was no log, or -errno, with the reason in 'f'. */
int to_perf(struct damon_reader *r, int fd, struct damon_fail *f);

#endif
