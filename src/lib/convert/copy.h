/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record written anew, item by item: behind damon_record_copy(). */
#ifndef LIB_COPY_H
#define LIB_COPY_H

#include <stdbool.h>

#include "base/fail.h"
#include "record/reader.h"

/* Reads 'r' from where it is to its end. 'fd' stays the caller's. 0 or -errno with the reason. */
int copy_record(struct damon_reader *r, int fd, bool anonymous, struct damon_fail *f);

#endif
