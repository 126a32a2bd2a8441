/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording as damon-perf sees it: perf/file, perf/order, and of the sources the one that claims
 * an event; what none claims, and has an address, is a memory sample in perf's own words.
 */
#ifndef VPMU_READ_H
#define VPMU_READ_H

#include "base/fail.h"
#include "core/sample.h"
#include "perf/record.h"

struct vpmu_read_ops {
	void (*obs)(void *priv, const struct damon_obs *o);
	/* MMAP, MMAP2, FORK, EXIT, COMM; may be NULL. */
	void (*record)(void *priv, const struct damon_perf_record *r);
};

struct vpmu_read_stats {
	uint64_t records, observations;
	uint64_t unclaimed; /* samples that no source decodes */
	uint64_t malformed, lost, late;
};

/* All of the file, in the order of time. Returns 0 or -errno with the reason. */
int vpmu_read(const char *path, const struct vpmu_read_ops *ops, void *priv,
	      struct vpmu_read_stats *stats, struct damon_fail *f);

#endif
