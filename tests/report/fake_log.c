/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake record keeps no sample log, and spaces only as mappings of targets. */
#include <errno.h>

#include "tests/report/fake_record.h"

const char *damon_memory_level_name(int level)
{
	return level == DAMON_MEMORY_DRAM ? "DRAM" : "unknown";
}

void damon_record_set_log(struct damon_record *r, damon_access_fn fn, void *priv)
{
}

int damon_record_mapping_at(const struct damon_record *r, uint32_t space_id, uint64_t addr,
			    uint64_t time_ns, struct damon_mapping_info *m)
{
	return 0;
}

int damon_record_space_mapping(const struct damon_record *r, uint32_t space_id, size_t i,
			       struct damon_mapping_info *m)
{
	return -ENOENT;
}
