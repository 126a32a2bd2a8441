/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are no record, and what they are instead. */
#ifndef RECORD_FOREIGN_H
#define RECORD_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

/* Says what 'path' is, which begins with 'bytes' and is no record, and what would help. Returns
 * -EBADMSG. */
int damon_foreign_refuse(const char *path, const uint8_t *bytes, size_t n, struct damon_fail *f);

#endif
