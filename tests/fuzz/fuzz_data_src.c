/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any 8 bytes as a DATA_SRC: what they say is in range and without contradictions, and comes
 * out the same when it is said again.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pmu/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BOTH(flags, a, b) (((flags) & (a)) && ((flags) & (b)))

static void check(uint64_t data_src)
{
	struct damon_hw hw = {0}, again = {0};
	uint8_t access = 0, access_again = 0;

	damon_data_src_decode(data_src, &access, &hw);
	if (hw.level >= DAMON_NR_LEVELS || hw.phys || hw.latency_cycles ||
	    access & ~(DAMON_ACCESS_LOAD | DAMON_ACCESS_STORE) ||
	    hw.flags & ~(2 * DAMON_HW_LOCKED - 1) ||
	    BOTH(hw.flags, DAMON_HW_LOCAL, DAMON_HW_REMOTE) ||
	    BOTH(hw.flags, DAMON_HW_TLB_HIT, DAMON_HW_TLB_MISS))
		abort();
	damon_data_src_decode(damon_data_src_encode(access, &hw), &access_again, &again);
	if (access != access_again || hw.level != again.level || hw.flags != again.flags)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (; size >= sizeof(uint64_t); data += sizeof(uint64_t), size -= sizeof(uint64_t)) {
		uint64_t v;

		memcpy(&v, data, sizeof(v));
		check(v);
	}
	return 0;
}
