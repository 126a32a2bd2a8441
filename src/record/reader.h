/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a record in one pass and constant memory (one chunk, one snapshot, the targets and their
 * mappings). Trusts nothing: sizes are bounded, checksums checked, damaged chunks skipped and told.
 */
#ifndef RECORD_READER_H
#define RECORD_READER_H

#include "base/fail.h"
#include "record/format.h"

struct damon_reader;

/* Opens a record; "-" is standard input (cannot be rewound). -EBADMSG: not a record (says what it
 * looks like), -ENOTSUP: a newer version. */
int damon_reader_open(const char *path, struct damon_reader **out, struct damon_fail *f);
/* The same of a file that is open, from where it stands; 'fd' is taken over, also when it fails.
 * 'path' is for messages. */
int damon_reader_open_fd(int fd, const char *path, struct damon_reader **out, struct damon_fail *f);
void damon_reader_close(struct damon_reader *r);

const struct damon_meta *damon_reader_meta(const struct damon_reader *r);
/* As far as it was read; all zero: nothing was tuned. */
const struct damon_tuning *damon_reader_tuning(const struct damon_reader *r);

/* The next item, valid until the next call. Returns 1, 0 at the end (type DAMON_ITEM_END), or
 * -errno. A file cut off in mid-chunk ends before it, as DAMAGED and END. */
int damon_reader_next(struct damon_reader *r, struct damon_item *item);

/* Back to the first item. Targets and mappings that were seen stay known. Returns 0 or -ESPIPE. */
int damon_reader_rewind(struct damon_reader *r);

/* Targets seen so far by id, NULL if not seen; ids lie below damon_reader_nr_targets(), and all of
 * them were seen unless chunks were damaged. */
const struct damon_target *damon_reader_target(const struct damon_reader *r, uint32_t id);
size_t damon_reader_nr_targets(const struct damon_reader *r);

/* Mark 'i' of those seen so far, by time. False beyond the last. 'name' is valid as long as the
 * reader. How many were refused, as there were too many. */
bool damon_reader_mark(const struct damon_reader *r, size_t i, uint64_t *time_ns,
		       const char **name);
uint64_t damon_reader_marks_refused(const struct damon_reader *r);

/* A space seen so far, NULL if not. */
const struct damon_space *damon_reader_space(const struct damon_reader *r, uint32_t id);

#endif
