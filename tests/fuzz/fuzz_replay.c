/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole perf.data through sources, core and record, and all that is read of it again. */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "damon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile double sink;

static void use(const struct damon_snapshot *s)
{
	struct damon_snapshot_info si = {.size = sizeof(si)};
	struct damon_target_info ti = {.size = sizeof(ti)};
	struct damon_region_info ri = {.size = sizeof(ri)};
	struct damon_mapping_info m = {.size = sizeof(m)};
	struct damon_wss w;

	damon_snapshot_info(s, &si);
	for (size_t t = 0; t < si.nr_targets; t++) {
		damon_snapshot_target(s, t, &ti);
		damon_snapshot_wss(s, t, DAMON_WSS_1S, &w);
		sink += w.bytes + w.lo + w.hi;
		for (size_t i = 0; i < ti.nr_regions; i++) {
			damon_snapshot_region(s, t, i, &ri);
			sink += ri.heat + damon_region_nr_accesses_of(s, t, i, NULL, NULL);
			sink += damon_snapshot_mapping(s, t, ri.start, &m);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct damon_snapshot *s;
	struct damon_record *r;
	char path[64];
	int fd = memfd_create("perf.data", MFD_CLOEXEC);

	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, data, size) == (ssize_t)size && !damon_record_open(path, &r)) {
		while (damon_record_next(r, &s) > 0)
			use(s);
		damon_record_close(r);
	}
	close(fd);
	return 0;
}
