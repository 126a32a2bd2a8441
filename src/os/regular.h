/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OS_REGULAR_H
#define OS_REGULAR_H

#include <sys/stat.h>

/* Opens a regular file for reading, and nothing else: opening a device or a FIFO may do things.
 * Empty ones are -EINVAL. Returns a descriptor with what it is in 'st', or -errno. */
int damon_open_regular(const char *path, struct stat *st);

#endif
