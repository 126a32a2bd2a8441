/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short names of mappings: "libsqlite3.so", "[heap]", "anon 64M". */
#ifndef REPORT_NAMES_H
#define REPORT_NAMES_H

#include <stddef.h>

#include "damon.h"

#define NAME_MAX_LEN 64

/*
 * The last part of a path, without the version behind ".so" and without " (deleted)"; "[anon:x]" is
 * "x"; without a name "anon" and the size. Safe for a terminal. 'buf' has NAME_MAX_LEN bytes.
 */
char *name_short(char *buf, const struct damon_mapping_info *m);

/* "64M", "1.5G": for places where room is short. */
char *name_size(char *buf, uint64_t bytes);

/* Cuts a name to 'width' columns in the middle: its end tells names apart as well as its start. */
char *name_fit(char *name, size_t width);

#endif
