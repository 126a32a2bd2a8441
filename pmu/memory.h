/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory samples in perf's own words: an address with, as far as the hardware tells, DATA_SRC,
 * weight and physical address. PEBS yields them, IBS does since Linux 6.1, and SPE's records are
 * put into the same words, so that one place knows what they mean.
 */
#ifndef PMU_MEMORY_H
#define PMU_MEMORY_H

#include "core/sample.h"
#include "perf/record.h"

/* What a DATA_SRC says (union perf_mem_data_src, include/uapi/linux/perf_event.h; lvl_num where it
 * is there, the older lvl bits else). Values that mean "not available" (0, all fields NA) yield
 * nothing. */
void damon_data_src_decode(uint64_t data_src, uint8_t *access_flags, struct damon_hw *hw);

/* The DATA_SRC that says what 'hw' and 'access_flags' do. */
uint64_t damon_data_src_encode(uint8_t access_flags, const struct damon_hw *hw);

/*
 * A memory sample as an observation of weight 'weight'. Returns false without an address that could
 * be a user's: 'o' then tells one unknown access. 'flags' (enum damon_access_flags) is what the
 * event itself says, 0: DATA_SRC alone.
 */
bool damon_memory_obs(const struct damon_perf_sample *s, uint8_t flags, float weight,
		      struct damon_obs *o);

#endif
