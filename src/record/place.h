/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file that a recording goes to: mode 0600; one of ours that is there becomes PATH.old; an
 * empty file or a device is written to; any other file is not overwritten.
 */
#ifndef RECORD_PLACE_H
#define RECORD_PLACE_H

#include <stdbool.h>

#include "base/fail.h"

struct damon_place {
	int fd;
	bool regular;	/* can be cut off */
	bool created;	/* here, so that it can be removed */
	char *path;	/* with symbolic links resolved; NULL: not a path */
	char *old_path; /* where what was there went */
};

#define DAMON_PLACE_NONE ((struct damon_place){.fd = -1})

/* Opens it. 'perf_too': a perf.data makes way as a record does. Returns 0, -EEXIST (another file is
 * there, with the remedy), or -errno; 'p' is to be released or discarded in any case. */
int damon_place_open(struct damon_place *p, const char *path, bool perf_too, struct damon_fail *f);

/* Closes, as if it had never been opened: the file goes, the one that was there comes back. */
void damon_place_discard(struct damon_place *p);
/* Closes; the file stays. Returns 0 or -errno. */
int damon_place_release(struct damon_place *p);

/* Tells that 'path' cannot be written, and what would help. Returns -err. */
int damon_place_explain(struct damon_fail *f, int err, const char *path);

#endif
