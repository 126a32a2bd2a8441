/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes a record: chunks of type, size and checksum, compressed, appended to a file of mode 0600.
 * A file is complete up to its last whole chunk whatever happens to the writer.
 */
#ifndef RECORD_WRITER_H
#define RECORD_WRITER_H

#include "base/fail.h"
#include "record/format.h"
#include "record/place.h"

struct damon_writer;

/*
 * Creates 'path' and writes the meta chunk. "-" is standard output. A record that is there becomes
 * PATH.old; an empty file or a device is written to; any other file is not overwritten (-EEXIST
 * with the remedy). Returns 0 or -errno.
 */
int damon_writer_open(const char *path, const struct damon_meta *m, struct damon_writer **out,
		      struct damon_fail *f);

/* The same into 'fd', an empty file that is taken over, also when it fails. */
int damon_writer_open_fd(int fd, const struct damon_meta *m, struct damon_writer **out,
			 struct damon_fail *f);

/*
 * Each collects; nothing is written before a flush. The space of each target is looked at when its
 * version changed, and written as what is new. 't' lists every target that may have changed. Return
 * 0 or -ENOMEM.
 */
int damon_writer_targets(struct damon_writer *w, struct damon_targets *t);
int damon_writer_snapshot(struct damon_writer *w, const struct damon_snapshot *s);
int damon_writer_log(struct damon_writer *w, const struct damon_log_entry *e, size_t n);

/* The same, one by one, as a reader yields them; a space that changed has another version. */
int damon_writer_target(struct damon_writer *w, const struct damon_target *t);
int damon_writer_space(struct damon_writer *w, const struct damon_space *s);

/* Likewise; 'refused' in all, as there were too many. -EINVAL: more than a record may have. */
int damon_writer_marks(struct damon_writer *w, const struct damon_mark *m, size_t n,
		       uint64_t refused);

/* What is told with every flush from now on: the latest call counts. */
void damon_writer_tuning(struct damon_writer *w, const struct damon_tuning *t);

/* Writes what was collected as whole chunks, and 'totals'. Returns 0 or -errno (disk full: the file
 * stays complete up to here, the error is kept and every later call returns it). */
int damon_writer_flush(struct damon_writer *w, const struct damon_totals *totals);

/* Flushes and marks the record complete: damon_writer_bytes() is final. Returns 0 or the first
 * error. */
int damon_writer_complete(struct damon_writer *w, const struct damon_totals *totals);

/* The same unless 'totals' is NULL; closes, frees 'w' in any case. Returns 0 or the first error. */
int damon_writer_close(struct damon_writer *w, const struct damon_totals *totals);

/* Closes and frees 'w' as if it had never been opened: the file goes, the one that was there comes
 * back. For what fails before anything was recorded. NULL is fine. */
void damon_writer_discard(struct damon_writer *w);

uint64_t damon_writer_bytes(const struct damon_writer *w); /* in the file */

#endif
