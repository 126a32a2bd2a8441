/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "base/util.h"
#include "pmu/memory.h"

#define LOAD  DAMON_ACCESS_LOAD
#define STORE DAMON_ACCESS_STORE
#define S     PERF_MEM_S

/* As kernels of different ages and makers say it. */
static const struct {
	const char *name;
	uint64_t data_src;
	uint8_t access, level, flags;
} said[] = {
	{"nothing", 0, 0, DAMON_LEVEL_UNKNOWN, 0},
	{"not available, as Intel says it", 0x5080021, 0, DAMON_LEVEL_UNKNOWN, 0},
	{"not available, newer", 0x1e05080021, 0, DAMON_LEVEL_UNKNOWN, 0},
	{"L1 hit by number", S(OP, LOAD) | S(LVLNUM, L1) | S(TLB, HIT) | S(TLB, L1) | S(TLB, L2),
	 LOAD, DAMON_LEVEL_L1, DAMON_HW_TLB_HIT},
	{"L1 hit by bits", S(OP, STORE) | S(LVL, HIT) | S(LVL, L1), STORE, DAMON_LEVEL_L1, 0},
	{"number before bits", S(OP, LOAD) | S(LVL, HIT) | S(LVL, L3) | S(LVLNUM, PMEM), LOAD,
	 DAMON_LEVEL_PMEM, 0},
	{"a miss does not tell where it hit", S(OP, STORE) | S(LVL, MISS) | S(LVL, L1), STORE,
	 DAMON_LEVEL_UNKNOWN, 0},
	{"line fill buffer", S(OP, LOAD) | S(LVL, HIT) | S(LVL, LFB) | S(LVLNUM, LFB), LOAD,
	 DAMON_LEVEL_LFB, 0},
	{"local memory", S(OP, LOAD) | S(LVL, HIT) | S(LVL, LOC_RAM) | S(LVLNUM, RAM), LOAD,
	 DAMON_LEVEL_DRAM, DAMON_HW_LOCAL},
	{"memory of a place not told", S(OP, LOAD) | S(LVL, NA) | S(LVLNUM, RAM), LOAD,
	 DAMON_LEVEL_DRAM, 0},
	{"remote memory, two hops", S(OP, LOAD) | S(LVL, HIT) | S(LVL, REM_RAM2), LOAD,
	 DAMON_LEVEL_DRAM, DAMON_HW_REMOTE},
	{"remote by its bit", S(OP, LOAD) | S(LVLNUM, RAM) | S(REMOTE, REMOTE), LOAD,
	 DAMON_LEVEL_DRAM, DAMON_HW_REMOTE},
	{"a peer's cache on Arm", S(OP, LOAD) | S(LVL, HIT) | S(LVL, L2) | S(SNOOPX, PEER), LOAD,
	 DAMON_LEVEL_PEER, 0},
	{"another cache, modified",
	 S(OP, LOAD) | S(LVLNUM, ANY_CACHE) | S(REMOTE, REMOTE) | S(SNOOP, HITM), LOAD,
	 DAMON_LEVEL_PEER, DAMON_HW_REMOTE | DAMON_HW_HITM},
	{"another core of the same node, as AMD says it",
	 S(OP, LOAD) | S(LVL, HIT) | S(LVL, REM_CCE1) | S(LVLNUM, ANY_CACHE) | S(REMOTE, REMOTE) |
		 S(HOPS, 0),
	 LOAD, DAMON_LEVEL_PEER, 0},
	{"another node, as AMD says it",
	 S(OP, LOAD) | S(LVL, HIT) | S(LVL, REM_CCE2) | S(LVLNUM, ANY_CACHE) | S(REMOTE, REMOTE) |
		 S(HOPS, 1),
	 LOAD, DAMON_LEVEL_PEER, DAMON_HW_REMOTE},
	{"memory of both nodes: the farther one",
	 S(OP, LOAD) | S(LVL, HIT) | S(LVL, LOC_RAM) | S(LVL, REM_RAM1), LOAD, DAMON_LEVEL_DRAM,
	 DAMON_HW_REMOTE},
	{"page walk, locked",
	 S(OP, LOAD) | S(OP, STORE) | S(LVLNUM, L2) | S(TLB, MISS) | S(TLB, L2) | S(LOCK, LOCKED),
	 LOAD | STORE, DAMON_LEVEL_L2, DAMON_HW_TLB_MISS | DAMON_HW_LOCKED},
	{"second-level TLB hit", S(OP, LOAD) | S(LVLNUM, CXL) | S(TLB, HIT) | S(TLB, L2), LOAD,
	 DAMON_LEVEL_CXL, DAMON_HW_TLB_HIT},
	{"uncached", S(OP, LOAD) | S(LVL, HIT) | S(LVL, UNC), LOAD, DAMON_LEVEL_IO, 0},
	{"uncached by number", S(OP, LOAD) | 8ull << PERF_MEM_LVLNUM_SHIFT, LOAD, DAMON_LEVEL_IO,
	 0},
	{"the nearest of three caches", S(OP, LOAD) | 7ull << PERF_MEM_LVLNUM_SHIFT, LOAD,
	 DAMON_LEVEL_L1, 0},
	{"buffers behind L2", S(OP, LOAD) | 5ull << PERF_MEM_LVLNUM_SHIFT, LOAD, DAMON_LEVEL_LFB,
	 0},
	{"a cache of the memory's side", S(OP, LOAD) | 6ull << PERF_MEM_LVLNUM_SHIFT, LOAD,
	 DAMON_LEVEL_L3, 0},
	{"Intel: an unknown miss of L3", S(OP, LOAD) | S(LVL, MISS) | S(LVLNUM, L3) | S(SNOOP, NA),
	 LOAD, DAMON_LEVEL_UNKNOWN, 0},
	{"Intel before Skylake: another socket's cache",
	 S(OP, LOAD) | S(LVL, HIT) | S(LVL, REM_CCE1) | S(REMOTE, REMOTE) | S(LVLNUM, L3) |
		 S(SNOOP, HITM),
	 LOAD, DAMON_LEVEL_PEER, DAMON_HW_REMOTE | DAMON_HW_HITM},
	{"Intel before Skylake: another socket's memory",
	 S(OP, LOAD) | S(LVL, HIT) | S(LVL, REM_RAM1) | S(REMOTE, REMOTE) | S(LVLNUM, L3) |
		 S(SNOOP, HIT),
	 LOAD, DAMON_LEVEL_DRAM, DAMON_HW_REMOTE},
	{"Intel before Linux 4.14: another socket's cache",
	 S(OP, LOAD) | S(LVL, HIT) | S(LVL, REM_CCE1) | S(SNOOP, HIT), LOAD, DAMON_LEVEL_PEER,
	 DAMON_HW_REMOTE},
	{"Intel: I/O, whose number is not available",
	 S(OP, LOAD) | S(LVL, HIT) | S(LVL, IO) | S(LVLNUM, NA), LOAD, DAMON_LEVEL_IO, 0},
	{"AMD in Linux 6.1: L3 or another core of the node",
	 S(OP, LOAD) | S(LVL, HIT) | S(LVL, L3) | S(LVL, REM_CCE1) | S(LVLNUM, NA), LOAD,
	 DAMON_LEVEL_PEER, 0},
	{"AMD in Linux 6.1: a near cache",
	 S(OP, LOAD) | S(LVL, HIT) | S(LVL, REM_CCE1) | S(LVLNUM, NA), LOAD, DAMON_LEVEL_PEER, 0},
	{"AMD in Linux 6.1: a far cache",
	 S(OP, LOAD) | S(LVL, HIT) | S(LVL, REM_CCE2) | S(LVLNUM, NA), LOAD, DAMON_LEVEL_PEER,
	 DAMON_HW_REMOTE},
};

Test(memory, understands_data_src)
{
	for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
		struct damon_hw hw = {0};
		uint8_t access = 0;

		damon_data_src_decode(said[i].data_src, &access, &hw);
		cr_expect_eq(access, said[i].access, "%s: access %u", said[i].name, access);
		cr_expect_eq(hw.level, said[i].level, "%s: level %u", said[i].name, hw.level);
		cr_expect_eq(hw.flags, said[i].flags, "%s: flags %#x", said[i].name, hw.flags);
	}
}

Test(memory, what_is_encoded_is_decoded)
{
	for (uint8_t level = 0; level < DAMON_NR_LEVELS; level++) {
		for (unsigned int flags = 0; flags < 64; flags++) {
			struct damon_hw in = {.level = level, .flags = (uint8_t)flags}, out = {0};
			bool both = (flags & DAMON_HW_LOCAL) && (flags & DAMON_HW_REMOTE);
			uint8_t access = 0;

			if (both || (flags & 12) == 12)
				continue; /* contradictions */
			if ((flags & DAMON_HW_LOCAL) && level != DAMON_LEVEL_DRAM)
				continue; /* only memory is ever told to be local */
			damon_data_src_decode(damon_data_src_encode(LOAD, &in), &access, &out);
			cr_expect_eq(access, LOAD);
			cr_expect_eq(out.level, level, "level %u flags %#x: %u", level, flags,
				     out.level);
			cr_expect_eq(out.flags, flags, "level %u flags %#x: %#x", level, flags,
				     out.flags);
		}
	}
}

static const struct {
	const char *name;
	struct damon_perf_sample s;
	uint8_t event;
	bool known;
	uint8_t flags;
	uint32_t latency;
} samples[] = {
	{"a load by DATA_SRC",
	 {.addr = 0x7f00, .data_src = S(OP, LOAD), .weight = 7},
	 0,
	 true,
	 LOAD,
	 7},
	{"a store by its event", {.addr = 0x7f00, .data_src = 0x5080021}, STORE, true, STORE, 0},
	{"three weights in one",
	 {.addr = 8, .weight = 0x0001000200000123},
	 LOAD,
	 true,
	 LOAD,
	 0x123},
	{"no address", {.addr = 0, .data_src = S(OP, LOAD)}, LOAD, false, 0, 0},
	{"an address of the kernel", {.addr = 0xffff888000000000}, LOAD, false, 0, 0},
};

Test(memory, samples_are_observations)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct damon_obs o;
		bool known = damon_memory_obs(&samples[i].s, samples[i].event, 3, &o);

		cr_expect_eq(known, samples[i].known, "%s", samples[i].name);
		cr_expect_eq(o.nr, known, "%s", samples[i].name);
		cr_expect_eq(o.nr_unknown, !known, "%s", samples[i].name);
		cr_expect_float_eq(o.weight, 3, 1e-6);
		if (!known)
			continue;
		cr_expect_eq(o.access[0].addr, samples[i].s.addr, "%s", samples[i].name);
		cr_expect_eq(o.access[0].flags, samples[i].flags, "%s", samples[i].name);
		cr_expect_eq(o.hw.latency_cycles, samples[i].latency, "%s", samples[i].name);
	}
}
