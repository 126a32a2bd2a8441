/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which files a perf.data means: perf tells their build ids by path, once for the whole recording
 * (HEADER_BUILD_ID, perf_record_header_build_id of tools/lib/perf). A path that is told two of them
 * is told none. Internal to the reader.
 */
#ifndef PERF_FILE_BUILD_IDS_H
#define PERF_FILE_BUILD_IDS_H

#include <stddef.h>
#include <stdint.h>

struct damon_file_build_id {
	char *path;
	uint8_t id[20];
	uint8_t len; /* 0: two are told */
};

struct damon_file_build_ids {
	struct damon_file_build_id *of; /* by path */
	size_t nr, cap;
};

void damon_file_build_ids_release(struct damon_file_build_ids *b);

/* Takes records as they are in a pipe, or side by side in the section of a file: those of user
 * space and the host. What is damaged ends it; without memory it knows fewer. */
void damon_file_build_ids_add(struct damon_file_build_ids *b, const uint8_t *bytes, size_t len);

/* The length of the build id of 'path', with its bytes in '*id' until more are added; 0: not told.
 */
size_t damon_file_build_ids_find(const struct damon_file_build_ids *b, const char *path,
				 const uint8_t **id);

#endif
