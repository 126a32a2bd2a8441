/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small model of a memory system: where an access is served from, and how long that takes. L1 of
 * 32 KiB with 8 ways, L2 of 1 MiB with 16, both of a core; L3 of 16 MiB with 16 ways, shared; lines
 * of 64 bytes, the least recently used goes. TLBs of 64 entries with 4 ways and 1536 with 12.
 * Nothing is prefetched. A line that is on its way serves those that ask for it meanwhile.
 */
#ifndef VPMU_CACHE_H
#define VPMU_CACHE_H

#include "tests/vpmu/list.h"

enum { VPMU_FILLS = 16 };

struct vpmu_shared {
	uint64_t l3[16384][16];
};

struct vpmu_core {
	uint64_t l1[64][8], l2[1024][16];
	uint64_t tlb1[16][4], tlb2[128][12];
	struct {
		uint64_t line, ready; /* in cycles */
		uint8_t from;
	} fills[VPMU_FILLS];
	unsigned int next_fill;
	uint64_t last_ready;
	struct vpmu_shared *shared;
};

/* Storage that is all zeros is an empty core; 'shared' must be set. */
struct vpmu_service vpmu_core_access(struct vpmu_core *c, uint64_t addr, uint64_t now_cycles);

#endif
