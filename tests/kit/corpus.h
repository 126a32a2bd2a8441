/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings of real hardware, which are not part of the project: the folder is $DAMON_PERF_CORPUS,
 * or ../shared/corpus beside the project or up to two levels above it. A test that finds none is
 * skipped: cr_skip("no corpus").
 */
#ifndef KIT_CORPUS_H
#define KIT_CORPUS_H

#include <stddef.h>

/* Where 'name' ("spe/x.txt") lies, or NULL; the caller frees it. */
char *corpus_path(const char *name);

/* All of it, with a NUL behind it, or NULL; the caller frees it. */
char *corpus_read(const char *name, size_t *len);

#endif
