/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The build ids that perf noted when a recording was complete, of the files that samples are in
 * (feature BUILD_ID: perf.data-file-format.txt). 'perf inject -b' and 'perf record' without -B
 * leave them; records of mappings have their own only with --buildid-mmap.
 */
#ifndef PERF_FILE_BUILD_IDS_H
#define PERF_FILE_BUILD_IDS_H

#include <stddef.h>
#include <stdint.h>

struct damon_perf_build_id {
	const char *name; /* path, or "[vdso]" */
	uint8_t id[20], len;
};

struct damon_perf_build_ids {
	uint8_t *bytes; /* of the section, which names point into */
	struct damon_perf_build_id *v;
	size_t nr, cap; /* sorted by name; each name once */
};

/* Of the perf.data 'path' ("-": standard input, if it is a file): what cannot be read is as if it
 * were not there. Returns 0 or -ENOMEM. */
int damon_perf_build_ids_read(const char *path, struct damon_perf_build_ids *out);
/* The same of the section's bytes, on the heap, which it takes over. */
int damon_perf_build_ids_parse(uint8_t *bytes, size_t len, struct damon_perf_build_ids *out);
void damon_perf_build_ids_release(struct damon_perf_build_ids *ids);

/* Of the file that was mapped as 'name'; NULL: not told, or of several files of that name. */
const struct damon_perf_build_id *damon_perf_build_ids_find(const struct damon_perf_build_ids *ids,
							    const char *name);

#endif
