/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <linux/perf_event.h>

#include "base/util.h"
#include "pmu/memory.h"
#include "pmu/spe/trace.h"

#define LOAD  DAMON_ACCESS_LOAD
#define STORE DAMON_ACCESS_STORE
#define OP    DAMON_SPE_HAS_OP
#define VA    DAMON_SPE_HAS_VA

static struct damon_spe_origin nowhere(void)
{
	return (struct damon_spe_origin){.cpu = -1, .pid = -1, .tid = -1};
}

static struct damon_perf_sample sample_of(const struct damon_spe_record *r,
					  const struct damon_spe_origin *from)
{
	struct damon_perf_sample s;

	damon_spe_sample(r, from, &s);
	return s;
}

Test(spe_sample, operations_are_loads_stores_both_or_none)
{
	static const struct {
		const char *name;
		uint16_t has;
		uint8_t class, op;
		bool memory;
		uint8_t access;
	} rows[] = {
		{"load", OP | VA, DAMON_SPE_OP_MEMORY, 0x00, true, LOAD},
		{"store", OP | VA, DAMON_SPE_OP_MEMORY, 0x01, true, STORE},
		{"load of a vector", OP | VA, DAMON_SPE_OP_MEMORY, 0x04, true, LOAD},
		{"store of a vector", OP | VA, DAMON_SPE_OP_MEMORY, 0x05, true, STORE},
		{"atomic load", OP | VA, DAMON_SPE_OP_MEMORY, 0x06, true, LOAD | STORE},
		{"atomic store, with release", OP | VA, DAMON_SPE_OP_MEMORY, 0x17, true,
		 LOAD | STORE},
		{"load, exclusive and with acquire", OP | VA, DAMON_SPE_OP_MEMORY, 0x1a, true,
		 LOAD},
		{"store, exclusive", OP | VA, DAMON_SPE_OP_MEMORY, 0x0b, true, STORE},
		{"load of SVE, predicated", OP | VA, DAMON_SPE_OP_MEMORY, 0x1c, true, LOAD},
		{"scatter of SVE", OP | VA, DAMON_SPE_OP_MEMORY, 0x99, true, STORE},
		{"unspecified load", OP, DAMON_SPE_OP_MEMORY, 0x10, true, LOAD},
		{"memory set", OP | VA, DAMON_SPE_OP_MEMORY, 0x25, true, STORE},
		{"other", OP, DAMON_SPE_OP_OTHER, 0, false, 0},
		{"branch", OP, DAMON_SPE_OP_BRANCH, 1, false, 0},
		{"branch with a data address", OP | VA, DAMON_SPE_OP_BRANCH, 1, false, 0},
		{"class of the future", OP | VA, 3, 1, false, 0},
		{"not told, data address", VA, 0, 0, true, 0},
		{"not told", DAMON_SPE_HAS_PC, 0, 0, false, 0},
	};
	struct damon_spe_origin from = nowhere();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_spe_record r = {
			.has = rows[i].has, .op_class = rows[i].class, .op = rows[i].op};
		struct damon_perf_sample s = sample_of(&r, &from);
		struct damon_hw hw = {0};
		uint8_t access = 0;

		cr_expect_eq(damon_spe_is_memory(&r), rows[i].memory, "%s", rows[i].name);
		cr_expect_eq(damon_spe_access(&r), rows[i].access, "%s", rows[i].name);
		damon_data_src_decode(s.data_src, &access, &hw);
		cr_expect_eq(access, rows[i].access, "%s", rows[i].name);
		cr_expect_eq(hw.flags & DAMON_HW_LOCKED,
			     rows[i].access == (LOAD | STORE) ? DAMON_HW_LOCKED : 0, "%s",
			     rows[i].name);
	}
}

/* The byte above of a data address is the program's own; kernel addresses begin with ones. That of
 * a program counter holds state (63) and exception level (62:61). */
Test(spe_sample, addresses_lose_what_is_not_of_them)
{
	static const struct {
		const char *name;
		uint64_t payload, want;
		uint16_t has, misc;
	} rows[] = {
		{"user data", 0xaaaae65dda43, 0xaaaae65dda43, VA, 0},
		{"tagged user data", 0xb400aaaae65dda43, 0xaaaae65dda43, VA, 0},
		{"user data of 52 bits", 0x000fffffffffffff, 0x000fffffffffffff, VA, 0},
		{"kernel data", 0x00ff0e3703096b28, 0xffff0e3703096b28, VA, 0},
		{"kernel data of 52 bits", 0x00f0000000000000, 0xfff0000000000000, VA, 0},
		{"tagged kernel data", 0xf2ff000012345678, 0xffff000012345678, VA, 0},
		{"user code", 0x8000aaaae4a9b600, 0x0000aaaae4a9b600, DAMON_SPE_HAS_PC,
		 PERF_RECORD_MISC_USER},
		{"kernel code at level 1", 0xa0ff80001029d3f4, 0xffff80001029d3f4, DAMON_SPE_HAS_PC,
		 PERF_RECORD_MISC_KERNEL},
		{"kernel code at level 2", 0xc0ffba66eda1c2d0, 0xffffba66eda1c2d0, DAMON_SPE_HAS_PC,
		 PERF_RECORD_MISC_KERNEL},
		{"secure code at level 1", 0x20ff80001029d3f4, 0x00ff80001029d3f4, DAMON_SPE_HAS_PC,
		 PERF_RECORD_MISC_KERNEL},
		{"monitor", 0xe000000815c400, 0xe000000815c400, 0, 0},
		{"level 3", 0xffff00000815c400, 0x00ff00000815c400, DAMON_SPE_HAS_PC, 0},
		{"no program counter", 0, 0, 0, 0},
	};
	struct damon_spe_origin from = nowhere();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool is_pc = rows[i].has & DAMON_SPE_HAS_PC, is_va = rows[i].has & VA;
		struct damon_spe_record r = {.has = rows[i].has,
					     .pc = is_pc ? rows[i].payload : 0,
					     .va = is_va ? rows[i].payload : 0};
		struct damon_perf_sample s = sample_of(&r, &from);

		cr_expect_eq(s.addr, is_va ? rows[i].want : 0, "%s: %#llx", rows[i].name,
			     (unsigned long long)s.addr);
		cr_expect_eq(s.ip, is_pc ? rows[i].want : 0, "%s: %#llx", rows[i].name,
			     (unsigned long long)s.ip);
		cr_expect_eq(s.misc, rows[i].misc, "%s: %u", rows[i].name, s.misc);
	}
}

/* State and attributes stand above a physical address. */
Test(spe_sample, says_the_rest_as_it_is)
{
	struct damon_spe_record r = {.has = OP | VA | DAMON_SPE_HAS_PA | DAMON_SPE_HAS_TOTAL,
				     .op_class = DAMON_SPE_OP_MEMORY,
				     .va = 0x1000,
				     .pa = 0xcf000403f71d79e5,
				     .total = 501};
	struct damon_spe_origin from = {.cpu = 3, .pid = 7, .tid = 8, .time_ns = 9, .period = 4096};
	struct damon_perf_sample s = sample_of(&r, &from);

	cr_expect_eq(s.phys_addr, 0x0000000403f71d79e5);
	cr_expect_eq(s.weight, 501);
	cr_expect_eq(s.period, 4096);
	cr_expect_eq(s.cpu, 3);
	cr_expect_eq(s.pid, 7);
	cr_expect_eq(s.tid, 8);
	cr_expect_eq(s.time_ns, 9);
}

Test(spe_sample, times_become_those_of_perf)
{
	static const struct {
		const char *name;
		bool has_time;
		uint64_t time;
		struct damon_perf_time_conv conv;
		uint64_t want;
	} rows[] = {
		{"none", false, 0, {.mult = 1}, 555},
		{"no way to convert it", true, 1000, {0}, 555},
		{"as it is", true, 1000, {.mult = 1}, 1000},
		{"100 MHz", true, 12345, {.shift = 8, .mult = 2560, .zero = 77}, 123527},
		{"1 GHz, rounded down", true, 1023, {.shift = 10, .mult = 1000}, 999},
		{"a large one",
		 true,
		 1ull << 50,
		 {.shift = 24, .mult = 10ull << 24, .zero = 0},
		 10ull << 50},
		{"short, after the wrap",
		 true,
		 0x05,
		 {.mult = 1, .cycles = 0x1f0, .mask = 0xff, .is_capped = true},
		 0x205},
		{"short, before it",
		 true,
		 0xf5,
		 {.mult = 1, .cycles = 0x1f0, .mask = 0xff, .is_capped = true},
		 0x1f5},
		{"a shift that is none", true, 1000, {.shift = 64, .mult = 1}, 555},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_spe_record r = {.has = VA |
						    (rows[i].has_time ? DAMON_SPE_HAS_TIME : 0),
					     .time = rows[i].time};
		struct damon_spe_origin from = nowhere();

		from.time_ns = 555;
		from.conv = rows[i].conv;
		cr_expect_eq(sample_of(&r, &from).time_ns, rows[i].want, "%s: %llu", rows[i].name,
			     (unsigned long long)sample_of(&r, &from).time_ns);
	}
}

Test(spe_sample, context_is_the_thread)
{
	static const struct {
		const char *name;
		bool has;
		uint32_t context;
		int pid, tid, want_pid, want_tid;
	} rows[] = {
		{"the buffer's, no context", false, 0, 7, 9, 7, 9},
		{"nothing known", false, 0, -1, -1, -1, -1},
		{"the same thread", true, 9, 7, 9, 7, 9},
		{"the first thread", true, 7, 7, 9, 7, 7},
		{"another thread", true, 33, 7, 9, -1, 33},
		{"all that is known", true, 33, -1, -1, -1, 33},
		{"idle", true, 0, -1, -1, -1, 0},
		{"no number of a thread", true, 0x80000009, 7, 9, 7, 9},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_spe_record r = {.has = VA | (rows[i].has ? DAMON_SPE_HAS_CONTEXT : 0),
					     .context = rows[i].context};
		struct damon_spe_origin from = {.pid = rows[i].pid, .tid = rows[i].tid};
		struct damon_perf_sample s = sample_of(&r, &from);

		cr_expect_eq(s.pid, rows[i].want_pid, "%s: pid %d", rows[i].name, s.pid);
		cr_expect_eq(s.tid, rows[i].want_tid, "%s: tid %d", rows[i].name, s.tid);
	}
}

#define N1	 0x410fd0c0 /* Neoverse N1 */
#define V2	 0x411fd4f1
#define AMPERE1A 0xc00fac40
#define HIP12	 0x481fd060
#define TSV110	 0x481fd010 /* Kunpeng 920 */

/* 'source' -1: none. */
static const struct {
	const char *name;
	uint64_t midr;
	int source;
	uint32_t events;
	uint8_t level, flags;
} served[] = {
	{"L1 by events", 0, -1, 0x16, DAMON_LEVEL_L1, DAMON_HW_TLB_HIT},
	{"a refill does not tell from where", 0, -1, 0x1e, 0, DAMON_HW_TLB_HIT},
	{"last level by events", 0, -1, 0x11e, DAMON_LEVEL_L3, DAMON_HW_TLB_HIT},
	{"beyond the last level", 0, -1, 0x31e, 0, DAMON_HW_TLB_HIT},
	{"beyond it, remote, page walk", 0, -1, 0x73e, 0, DAMON_HW_REMOTE | DAMON_HW_TLB_MISS},
	{"nothing but retired", 0, -1, 0x2, 0, 0},
	{"L2 by events", 0, -1, 0x8001e, DAMON_LEVEL_L2, DAMON_HW_TLB_HIT},
	{"L2 missed, last level", 0, -1, 0x18010c, DAMON_LEVEL_L3, 0},
	{"recently fetched", 0, -1, 0x40000c, DAMON_LEVEL_LFB, 0},
	{"snooped, modified", 0, -1, 0xb8000c, DAMON_LEVEL_PEER, DAMON_HW_HITM},
	{"Arm: L1", N1, 0x0, 0x16, DAMON_LEVEL_L1, DAMON_HW_TLB_HIT},
	{"Arm: L2", N1, 0x8, 0x1e, DAMON_LEVEL_L2, DAMON_HW_TLB_HIT},
	{"Arm: peer core", V2, 0x9, 0xc, DAMON_LEVEL_PEER, 0},
	{"Arm: local cluster", V2, 0xa, 0xc, DAMON_LEVEL_PEER, 0},
	{"Arm: system cache", V2, 0xb, 0xc, DAMON_LEVEL_L3, 0},
	{"Arm: peer cluster", N1, 0xc, 0x30c, DAMON_LEVEL_PEER, 0},
	{"Arm: other socket", N1, 0xd, 0x30c, 0, DAMON_HW_REMOTE},
	{"Arm: memory", N1, 0xe, 0x32c, DAMON_LEVEL_DRAM, DAMON_HW_LOCAL | DAMON_HW_TLB_MISS},
	{"Arm: a number that means nothing yet", N1, 0x3, 0x16, DAMON_LEVEL_L1, DAMON_HW_TLB_HIT},
	{"Arm: L1, whatever events say", N1, 0x0, 0x10c, DAMON_LEVEL_L1, 0},
	{"unknown CPU: as Arm's", 0, 0xe, 0x30c, DAMON_LEVEL_DRAM, DAMON_HW_LOCAL},
	{"unknown CPU: L1 and a refill", 0, 0x0, 0x10c, DAMON_LEVEL_L3, 0},
	{"AmpereOne: DRAM", AMPERE1A, 0x7, 0xc, DAMON_LEVEL_DRAM, 0},
	{"AmpereOne: L1", AMPERE1A, 0x8, 0xc, DAMON_LEVEL_L1, 0},
	{"AmpereOne: other chip", AMPERE1A, 0x5, 0xc, DAMON_LEVEL_PEER, DAMON_HW_REMOTE},
	{"AmpereOne: cache or device", AMPERE1A, 0x0, 0xc, 0, 0},
	{"HIP12: local memory", HIP12, 8, 0xc, DAMON_LEVEL_DRAM, DAMON_HW_LOCAL},
	{"HIP12: remote memory", HIP12, 9, 0xc, DAMON_LEVEL_DRAM, DAMON_HW_REMOTE},
	{"HIP12: L3, modified", HIP12, 3, 0xc, DAMON_LEVEL_L3, DAMON_HW_HITM},
	{"HIP12: L1", HIP12, 18, 0x4, DAMON_LEVEL_L1, 0},
	{"another maker's CPU: by events", TSV110, 8, 0x10c, DAMON_LEVEL_L3, 0},
};

Test(spe_sample, levels_are_told_by_source_or_events)
{
	for (size_t i = 0; i < ARRAY_SIZE(served); i++) {
		struct damon_spe_record r = {
			.has = OP | VA | DAMON_SPE_HAS_EVENTS,
			.op_class = DAMON_SPE_OP_MEMORY,
			.events = served[i].events,
		};
		struct damon_spe_origin from = nowhere();
		struct damon_hw hw = {0};
		uint8_t access = 0;

		from.midr = served[i].midr;
		if (served[i].source >= 0) {
			r.has |= DAMON_SPE_HAS_SOURCE;
			r.source = (uint16_t)served[i].source;
		}
		damon_data_src_decode(sample_of(&r, &from).data_src, &access, &hw);
		cr_expect_eq(hw.level, served[i].level, "%s: level %u", served[i].name, hw.level);
		cr_expect_eq(hw.flags, served[i].flags, "%s: flags %#x", served[i].name, hw.flags);
	}
}

/* No CPU tells where the line of a store came from. */
Test(spe_sample, the_source_of_a_store_counts_for_nothing)
{
	struct damon_spe_record r = {.has = OP | VA | DAMON_SPE_HAS_EVENTS | DAMON_SPE_HAS_SOURCE,
				     .op_class = DAMON_SPE_OP_MEMORY,
				     .op = 1,
				     .source = 0xe,
				     .events = 0x16};
	struct damon_hw hw = {0};

	damon_spe_level(&r, N1, &hw);
	cr_expect_eq(hw.level, DAMON_LEVEL_L1);
}
