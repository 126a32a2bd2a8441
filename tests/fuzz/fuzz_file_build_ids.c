/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The build ids behind the records of a perf.data. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "perf/file_build_ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct damon_perf_build_ids ids;
	uint8_t *bytes = malloc(size ? size : 1);

	if (!bytes)
		return 0;
	if (size)
		memcpy(bytes, data, size);
	if (damon_perf_build_ids_parse(bytes, size, &ids))
		return 0;
	for (size_t i = 0; i < ids.nr; i++) {
		const struct damon_perf_build_id *b =
			damon_perf_build_ids_find(&ids, ids.v[i].name);

		if (b != &ids.v[i] || !b->len || b->len > sizeof(b->id))
			abort();
	}
	damon_perf_build_ids_release(&ids);
	return 0;
}
