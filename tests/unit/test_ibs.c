/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "perf/file.h"
#include "pmu/ibs.h"
#include "pmu/memory.h"

#define LOAD  DAMON_ACCESS_LOAD
#define STORE DAMON_ACCESS_STORE
#define S     PERF_MEM_S

/* CPUID 8000001Bh EAX: Zen 2 and 3, Zen 4, Zen 5. */
#define CAPS_ZEN3 0x3ffu
#define CAPS_ZEN4 0xbffu
#define CAPS_ZEN5 0x81bffu

/* IbsOpData3 */
#define D3_LOAD	      (1ull << 0)
#define D3_STORE      (1ull << 1)
#define D3_L1TLB_MISS (1ull << 2)
#define D3_L2TLB_MISS (1ull << 3)
#define D3_MISS	      (1ull << 7)
#define D3_UNCACHED   (1ull << 14)
#define D3_LOCKED     (1ull << 15)
#define D3_NO_MAB     (1ull << 16)
#define D3_LINEAR     (1ull << 17)
#define D3_PHYSICAL   (1ull << 18)
#define D3_L2_MISS    (1ull << 20)
#define D3_PREFETCH   (1ull << 21)
#define D3_WIDTH(w)   ((uint64_t)(w) << 22)
#define D3_LATENCY(n) ((uint64_t)(n) << 32)

/* IbsOpData2 */
#define D2_SOURCE(n) (((uint64_t)(n)&7) | (uint64_t)(n) >> 3 << 6)
#define D2_REMOTE    (1ull << 4)
#define D2_OWNED     (1ull << 5)

enum { OP_CTL, OP_RIP, OP_DATA, OP_DATA2, OP_DATA3, DC_LIN_AD, DC_PHYS_AD, NR_REGS };

#define RAW_LEN (4 + 8 * NR_REGS)

struct raw {
	uint8_t bytes[RAW_LEN + 16];
};

static struct raw raw_of(uint32_t caps, const uint64_t regs[NR_REGS])
{
	struct raw r = {{0}};

	memcpy(r.bytes, &caps, sizeof(caps));
	memcpy(r.bytes + sizeof(caps), regs, 8 * NR_REGS);
	return r;
}

/* Of an op that has what matters in IbsOpData2 and 3, at the address 'linear'. */
static struct raw raw_of_op(uint32_t caps, uint64_t data2, uint64_t data3, uint64_t linear)
{
	uint64_t regs[NR_REGS] = {
		[OP_CTL] = 0xe0000 | 10400 >> 4,
		[OP_RIP] = 0x401000,
		[OP_DATA2] = data2,
		[OP_DATA3] = data3,
		[DC_LIN_AD] = linear,
		[DC_PHYS_AD] = 0x123456780,
	};

	return raw_of(caps, regs);
}

/* As kernels' documents and mails print them, but for an ip. */
static const struct {
	const char *name;
	uint64_t regs[NR_REGS];
	struct damon_ibs_op op;
} quoted[] = {
	{"a load, perf-amd-ibs(1)'s neighbour",
	 {0x5410007f424, 0xffffffff81143526, 0x4f70200, 0x23, 0x1dc14d700a1, 0xffff899f7c3b5784,
	  0x11f7c3b5784},
	 {.period = 1000000,
	  .ip = 0xffffffff81143526,
	  .addr = 0xffff899f7c3b5784,
	  .phys = 0x11f7c3b5784,
	  .addr_valid = true,
	  .phys_valid = true,
	  .load = true,
	  .l1_miss = true,
	  .l2_miss = true,
	  .in_flight = true,
	  .source = 3,
	  .owned = true,
	  .bytes = 4,
	  .miss_cycles = 476}},
	{"a store, perf-amd-ibs(1)",
	 {0x2c30006186a, 0xffffffff8204aea7, 0x10002550001, 0x13, 0x31960092, 0xff110008a5398920,
	  0x8a5398920},
	 {.period = 100000,
	  .ip = 0xffffffff8204aea7,
	  .addr = 0xff110008a5398920,
	  .phys = 0x8a5398920,
	  .addr_valid = true,
	  .phys_valid = true,
	  .store = true,
	  .l1_miss = true,
	  .l2_miss = true,
	  .source = 3,
	  .remote = true,
	  .bytes = 32}},
	{"ops are counted, 27 bits",
	 {0x9e009e8968, 0x56016b2ea73d, 0xb0002, 0x2, 0xc60002, 0x7f133c319ce0, 0x270485ce0},
	 {.period = 10000000,
	  .counts_ops = true,
	  .ip = 0x56016b2ea73d,
	  .addr = 0x7f133c319ce0,
	  .phys = 0x270485ce0,
	  .addr_valid = true,
	  .phys_valid = true,
	  .store = true,
	  .source = 2,
	  .bytes = 4}},
	{"everything is set",
	 {~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull},
	 {.period = 0x7fffff0,
	  .counts_ops = true,
	  .ip = ~0ull,
	  .addr = ~0ull,
	  .phys = ~0ull,
	  .ip_invalid = true,
	  .addr_valid = true,
	  .phys_valid = true,
	  .load = true,
	  .store = true,
	  .prefetch = true,
	  .locked = true,
	  .uncached = true,
	  .write_combining = true,
	  .misaligned = true,
	  .l1_miss = true,
	  .l2_miss = true,
	  .in_flight = true,
	  .l1_tlb_miss = true,
	  .l2_tlb_miss = true,
	  .source = 31,
	  .remote = true,
	  .owned = true,
	  .bytes = 0, /* a width that means nothing yet */
	  .miss_cycles = 0xffff,
	  .tlb_cycles = 0xffff}},
	{"nothing is set", {0}, {0}},
};

/* An op as pairs, by the names that perf and AMD's own driver print them under. */
struct field {
	const char *perf, *amd; /* NULL: not printed */
	uint64_t value;
};

#define NR_FIELDS 26

static void fields_of(const struct damon_ibs_op *op, struct field out[NR_FIELDS])
{
	const struct field f[NR_FIELDS] = {
		{"caps", NULL, op->caps},
		{"MaxCnt", "IbsOpMaxCnt[26:0]", op->period},
		{"CntCtl", NULL, op->counts_ops},
		{"IbsOpRip", "IbsOpRip", op->ip},
		{"IbsDCLinAd", "IbsDcLinAd", op->addr},
		{"IbsDCPhysAd", "IbsDcPhysAd", op->phys},
		{"RipInvalid", "IbsRipInvalid", op->ip_invalid},
		{"DcLinAddrValid", "IbsDcLinAddrValid", op->addr_valid},
		{"DcPhyAddrValid", "IbsDcPhyAddrValid", op->phys_valid},
		{"LdOp", "IbsLdOp", op->load},
		{"StOp", "IbsStOp", op->store},
		{"SwPf", "IbsSwPf", op->prefetch},
		{"DcLockedOp", "IbsDcLockedOp", op->locked},
		{"DcUcMemAcc", "IbsDcUcMemAcc", op->uncached},
		{"DcWcMemAcc", "IbsDcWcMemAcc", op->write_combining},
		{"DcMisAcc", "IbsDcMissAcc", op->misaligned},
		{"DcMiss", "IbsDcMiss", op->l1_miss},
		{"L2Miss", "IbsL2Miss", op->l2_miss},
		{"DcMissNoMabAlloc", "DcMissNoMabAlloc", op->in_flight},
		{"DcL1TlbMiss", "IbsDcL1tlbMiss", op->l1_tlb_miss},
		{"DcL2TlbMiss", "IbsDcL2TlbMiss", op->l2_tlb_miss},
		{"DataSrc", "DataSrc", op->source},
		{"RmtNode", "RmtNode", op->remote},
		{"OpMemWidth", "IbsOpMemWidth", op->bytes},
		{"DcMissLat", "IbsDcMissLat", op->miss_cycles},
		{"TlbRefillLat", "IbstlbRefillLat", op->tlb_cycles},
	};

	memcpy(out, f, sizeof(f));
}

static void expect_op(const char *name, const struct damon_ibs_op *got,
		      const struct damon_ibs_op *want)
{
	struct field g[NR_FIELDS], w[NR_FIELDS];

	fields_of(got, g);
	fields_of(want, w);
	for (size_t i = 0; i < NR_FIELDS; i++)
		cr_expect_eq(g[i].value, w[i].value, "%s: %s %#lx, not %#lx", name, g[i].perf,
			     g[i].value, w[i].value);
	cr_expect_eq(got->owned, want->owned, "%s: state of the line", name);
}

Test(ibs, takes_registers_apart)
{
	for (size_t i = 0; i < ARRAY_SIZE(quoted); i++) {
		struct raw raw = raw_of(CAPS_ZEN4, quoted[i].regs);
		struct damon_ibs_op op, want = quoted[i].op;

		want.caps = CAPS_ZEN4;
		cr_assert_eq(damon_ibs_raw(raw.bytes, RAW_LEN, &op), 0);
		expect_op(quoted[i].name, &op, &want);
		/* with the registers of newer CPUs behind */
		cr_assert_eq(damon_ibs_raw(raw.bytes, RAW_LEN + 16, &op), 0);
		expect_op(quoted[i].name, &op, &want);
	}
}

Test(ibs, capabilities_say_how_wide_fields_are)
{
	static const uint64_t regs[NR_REGS] = {0x7f0ffff, 0, 0, 0xff};
	static const struct {
		const char *name;
		uint32_t caps;
		uint64_t period;
		uint8_t source;
	} rows[] = {
		{"none are told", 0, 0xffff0, 7},
		{"long counts", DAMON_IBS_LONG_COUNTS, 0x7fffff0, 7},
		{"Zen 3", CAPS_ZEN3, 0x7fffff0, 7},
		{"Zen 4", CAPS_ZEN4, 0x7fffff0, 31},
		{"Zen 4 without long counts", DAMON_IBS_ZEN4, 0xffff0, 31},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct raw raw = raw_of(rows[i].caps, regs);
		struct damon_ibs_op op;

		cr_assert_eq(damon_ibs_raw(raw.bytes, RAW_LEN, &op), 0);
		cr_expect_eq(op.period, rows[i].period, "%s: %#lx", rows[i].name, op.period);
		cr_expect_eq(op.source, rows[i].source, "%s: %u", rows[i].name, op.source);
	}
}

Test(ibs, widths_are_powers_of_two)
{
	static const uint8_t bytes[16] = {0, 1, 2, 4, 8, 16, 32, 64};

	for (uint64_t w = 0; w < 16; w++) {
		struct raw raw = raw_of_op(CAPS_ZEN4, 0, D3_LOAD | D3_WIDTH(w), 0);
		struct damon_ibs_op op;

		cr_assert_eq(damon_ibs_raw(raw.bytes, RAW_LEN, &op), 0);
		cr_expect_eq(op.bytes, bytes[w], "%lu: %u", w, op.bytes);
	}
}

/* Each length on the heap, so that sanitizers see what is read beyond it. */
Test(ibs, short_registers_are_refused)
{
	for (size_t len = 0; len <= RAW_LEN + 8; len++) {
		struct damon_ibs_op op = {.source = 77};
		uint8_t *raw = calloc(1, len + !len);

		cr_assert(raw);
		cr_expect_eq(damon_ibs_raw(raw, len, &op), len < RAW_LEN ? -EBADMSG : 0, "%zu",
			     len);
		cr_expect_eq(op.source, len < RAW_LEN ? 77 : 0, "%zu", len);
		free(raw);
	}
}

/* ---- what they mean ---- */

#define MISSED	 (D3_MISS | D3_L2_MISS)
#define LEVEL(x) DAMON_LEVEL_##x

/* The kernel's words for the same op, in 'kernel': 0 where it differs, or there is none to ask. */
static const struct {
	const char *name;
	uint32_t caps;
	uint64_t data2, data3, kernel;
	uint8_t level, flags;
} places[] = {
	{"L1", CAPS_ZEN4, 0, D3_LOAD, S(LVL, HIT) | S(LVL, L1) | S(LVLNUM, L1), LEVEL(L1), 0},
	{"L1, a store", CAPS_ZEN3, 0, D3_STORE, S(LVL, HIT) | S(LVL, L1) | S(LVLNUM, L1), LEVEL(L1),
	 0},
	{"L1, whatever DataSrc says", CAPS_ZEN4, D2_SOURCE(3), D3_LOAD,
	 S(LVL, HIT) | S(LVL, L1) | S(LVLNUM, L1), LEVEL(L1), 0},
	{"L2", CAPS_ZEN4, 0, D3_LOAD | D3_MISS, S(LVL, HIT) | S(LVL, L2) | S(LVLNUM, L2), LEVEL(L2),
	 0},
	{"L2, a store", CAPS_ZEN3, 0, D3_STORE | D3_MISS, S(LVL, HIT) | S(LVL, L2) | S(LVLNUM, L2),
	 LEVEL(L2), 0},
	{"L2 of Zen 4, a prefetch", CAPS_ZEN4, 0, D3_LOAD | D3_MISS | D3_PREFETCH,
	 S(LVL, HIT) | S(LVL, L2) | S(LVLNUM, L2), LEVEL(L2), 0},
	{"a prefetch is not believed before Zen 4", CAPS_ZEN3, D2_SOURCE(3),
	 D3_LOAD | D3_MISS | D3_PREFETCH, 0, LEVEL(UNKNOWN), 0},
	{"a miss under way neither", CAPS_ZEN3, D2_SOURCE(3), D3_LOAD | MISSED | D3_NO_MAB, 0,
	 LEVEL(LFB), 0},
	{"a miss under way, served by memory", CAPS_ZEN4, D2_SOURCE(3),
	 D3_LOAD | MISSED | D3_NO_MAB, S(LVL, HIT) | S(LVL, LOC_RAM) | S(LVLNUM, RAM), LEVEL(DRAM),
	 DAMON_HW_LOCAL},
	{"a miss under way, not told by whom", CAPS_ZEN4, 0, D3_LOAD | MISSED | D3_NO_MAB,
	 S(LVL, HIT) | S(LVL, LFB) | S(LVLNUM, LFB), LEVEL(LFB), 0},
	{"a store is not told by whom", CAPS_ZEN4, D2_SOURCE(3), D3_STORE | MISSED,
	 S(LVL, NA) | S(LVLNUM, NA), LEVEL(UNKNOWN), 0},
	{"a store under way", CAPS_ZEN3, D2_SOURCE(3), D3_STORE | MISSED | D3_NO_MAB,
	 S(LVL, HIT) | S(LVL, LFB) | S(LVLNUM, LFB), LEVEL(LFB), 0},
	{"uncached", CAPS_ZEN4, D2_SOURCE(3), D3_LOAD | D3_UNCACHED | MISSED,
	 S(LVL, HIT) | S(LVL, UNC) | 8ull << PERF_MEM_LVLNUM_SHIFT, LEVEL(IO), 0},

	{"Zen 3: no valid source", CAPS_ZEN3, 0, D3_LOAD | MISSED, S(LVL, NA) | S(LVLNUM, NA),
	 LEVEL(UNKNOWN), 0},
	{"Zen 3: reserved", CAPS_ZEN3, D2_SOURCE(1), D3_LOAD | MISSED, S(LVL, NA) | S(LVLNUM, NA),
	 LEVEL(UNKNOWN), 0},
	{"Zen 3: a cache of this node", CAPS_ZEN3, D2_SOURCE(2), D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, L3) | S(LVL, REM_CCE1) | S(LVLNUM, ANY_CACHE) | S(HOPS, 0),
	 LEVEL(PEER), 0},
	{"Zen 3: memory", CAPS_ZEN3, D2_SOURCE(3), D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, LOC_RAM) | S(LVLNUM, RAM), LEVEL(DRAM), DAMON_HW_LOCAL},
	{"Zen 3: memory elsewhere", CAPS_ZEN3, D2_SOURCE(3) | D2_REMOTE, D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, REM_RAM1) | S(LVLNUM, RAM) | S(REMOTE, REMOTE) | S(HOPS, 1),
	 LEVEL(DRAM), DAMON_HW_REMOTE},
	{"Zen 3: a cache elsewhere", CAPS_ZEN3, D2_SOURCE(4), D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, REM_CCE2) | S(LVLNUM, ANY_CACHE) | S(REMOTE, REMOTE) | S(HOPS, 1),
	 LEVEL(PEER), DAMON_HW_REMOTE},
	{"Zen 3: a device", CAPS_ZEN3, D2_SOURCE(7), D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, IO) | S(LVLNUM, IO), LEVEL(IO), 0},
	{"Zen 3: the upper bits are another's", CAPS_ZEN3, D2_SOURCE(3) | 3 << 6, D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, LOC_RAM) | S(LVLNUM, RAM), LEVEL(DRAM), DAMON_HW_LOCAL},

	{"Zen 4: L3", CAPS_ZEN4, D2_SOURCE(1) | D2_OWNED, D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, L3) | S(LVLNUM, L3), LEVEL(L3), 0},
	{"Zen 4: L3, modified", CAPS_ZEN4, D2_SOURCE(1), D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, L3) | S(LVLNUM, L3) | S(SNOOP, HITM), LEVEL(L3), DAMON_HW_HITM},
	{"Zen 4: a cache near by", CAPS_ZEN4, D2_SOURCE(2) | D2_OWNED, D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, REM_CCE1) | S(LVLNUM, ANY_CACHE) | S(REMOTE, REMOTE) | S(HOPS, 0),
	 LEVEL(PEER), 0},
	{"Zen 4: memory", CAPS_ZEN4, D2_SOURCE(3), D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, LOC_RAM) | S(LVLNUM, RAM), LEVEL(DRAM), DAMON_HW_LOCAL},
	{"Zen 4: memory elsewhere", CAPS_ZEN4, D2_SOURCE(3) | D2_REMOTE, D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, REM_RAM1) | S(LVLNUM, RAM) | S(REMOTE, REMOTE) | S(HOPS, 1),
	 LEVEL(DRAM), DAMON_HW_REMOTE},
	{"Zen 4: a cache far off, modified", CAPS_ZEN4, D2_SOURCE(5), D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, REM_CCE2) | S(LVLNUM, ANY_CACHE) | S(REMOTE, REMOTE) | S(HOPS, 1) |
		 S(SNOOP, HITM),
	 LEVEL(PEER), DAMON_HW_REMOTE | DAMON_HW_HITM},
	{"Zen 4: persistent memory", CAPS_ZEN4, D2_SOURCE(6), D3_LOAD | MISSED, S(LVLNUM, PMEM),
	 LEVEL(PMEM), 0},
	{"Zen 4: a device", CAPS_ZEN4, D2_SOURCE(7), D3_LOAD | MISSED,
	 S(LVL, HIT) | S(LVL, IO) | S(LVLNUM, IO), LEVEL(IO), 0},
	{"Zen 4: CXL", CAPS_ZEN4, D2_SOURCE(8), D3_LOAD | MISSED, S(LVLNUM, CXL), LEVEL(CXL), 0},
	{"Zen 4: CXL elsewhere", CAPS_ZEN4, D2_SOURCE(8) | D2_REMOTE, D3_LOAD | MISSED,
	 S(LVLNUM, CXL) | S(REMOTE, REMOTE) | S(HOPS, 1), LEVEL(CXL), DAMON_HW_REMOTE},
	{"Zen 4: an accelerator's memory", CAPS_ZEN4, D2_SOURCE(12), D3_LOAD | MISSED,
	 S(LVL, NA) | S(LVLNUM, NA), LEVEL(UNKNOWN), 0},
	{"Zen 4: reserved", CAPS_ZEN4, D2_SOURCE(31), D3_LOAD | MISSED, S(LVL, NA) | S(LVLNUM, NA),
	 LEVEL(UNKNOWN), 0},
	{"loads and stores", CAPS_ZEN4, D2_SOURCE(3), D3_LOAD | D3_STORE | MISSED,
	 S(LVL, HIT) | S(LVL, LOC_RAM) | S(LVLNUM, RAM), LEVEL(DRAM), DAMON_HW_LOCAL},
	{"locked", CAPS_ZEN4, 0, D3_LOAD | D3_STORE | D3_LOCKED,
	 S(LVL, HIT) | S(LVL, L1) | S(LVLNUM, L1) | S(LOCK, LOCKED), LEVEL(L1), DAMON_HW_LOCKED},

	{"TLB hit", CAPS_ZEN4, 0, D3_LOAD | D3_LINEAR,
	 S(LVL, HIT) | S(LVL, L1) | S(LVLNUM, L1) | S(TLB, L1) | S(TLB, HIT), LEVEL(L1),
	 DAMON_HW_TLB_HIT},
	{"TLB hit, second level", CAPS_ZEN4, 0, D3_LOAD | D3_LINEAR | D3_L1TLB_MISS,
	 S(LVL, HIT) | S(LVL, L1) | S(LVLNUM, L1) | S(TLB, L2) | S(TLB, HIT), LEVEL(L1),
	 DAMON_HW_TLB_HIT},
	{"TLB miss", CAPS_ZEN4, 0, D3_LOAD | D3_LINEAR | D3_L1TLB_MISS | D3_L2TLB_MISS,
	 S(LVL, HIT) | S(LVL, L1) | S(LVLNUM, L1) | S(TLB, L2) | S(TLB, MISS), LEVEL(L1),
	 DAMON_HW_TLB_MISS},
	{"TLB not told without an address", CAPS_ZEN4, 0, D3_LOAD | D3_L1TLB_MISS | D3_L2TLB_MISS,
	 S(LVL, HIT) | S(LVL, L1) | S(LVLNUM, L1) | S(TLB, NA), LEVEL(L1), 0},
	{"Zen 5: TLB not told without a physical address", CAPS_ZEN5, 0,
	 D3_LOAD | D3_LINEAR | D3_L1TLB_MISS | D3_L2TLB_MISS,
	 S(LVL, HIT) | S(LVL, L1) | S(LVLNUM, L1) | S(TLB, NA), LEVEL(L1), 0},
	{"Zen 5: TLB miss", CAPS_ZEN5, 0,
	 D3_LOAD | D3_LINEAR | D3_PHYSICAL | D3_L1TLB_MISS | D3_L2TLB_MISS,
	 S(LVL, HIT) | S(LVL, L1) | S(LVLNUM, L1) | S(TLB, L2) | S(TLB, MISS), LEVEL(L1),
	 DAMON_HW_TLB_MISS},
};

Test(ibs, tells_where_data_came_from)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct raw raw = raw_of_op(places[i].caps, places[i].data2, places[i].data3, 0);
		struct damon_ibs_op op;
		struct damon_hw hw;

		cr_assert_eq(damon_ibs_raw(raw.bytes, RAW_LEN, &op), 0);
		damon_ibs_hw(&op, &hw);
		cr_expect_eq(hw.level, places[i].level, "%s: level %u", places[i].name, hw.level);
		cr_expect_eq(hw.flags, places[i].flags, "%s: flags %#x", places[i].name, hw.flags);
	}
}

/* Whichever way a sample comes, it tells the same. */
Test(ibs, registers_say_what_the_kernel_does)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct damon_hw hw = {0};
		uint8_t access = 0;

		if (!places[i].kernel)
			continue;
		damon_data_src_decode(places[i].kernel, &access, &hw);
		cr_expect_eq(hw.level, places[i].level, "%s: level %u", places[i].name, hw.level);
		cr_expect_eq(hw.flags, places[i].flags, "%s: flags %#x", places[i].name, hw.flags);
	}
}

Test(ibs, only_loads_that_missed_have_a_latency)
{
	static const struct {
		const char *name;
		uint64_t data3;
		uint32_t latency;
	} rows[] = {
		{"a load that missed", D3_LOAD | D3_MISS, 476},
		{"a load that hit", D3_LOAD, 0},
		{"a store that missed", D3_STORE | D3_MISS, 0},
		{"both", D3_LOAD | D3_STORE | D3_MISS, 476},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct raw raw = raw_of_op(CAPS_ZEN4, 0, rows[i].data3 | D3_LATENCY(476), 0);
		struct damon_ibs_op op;
		struct damon_hw hw;

		cr_assert_eq(damon_ibs_raw(raw.bytes, RAW_LEN, &op), 0);
		damon_ibs_hw(&op, &hw);
		cr_expect_eq(hw.latency_cycles, rows[i].latency, "%s: %u", rows[i].name,
			     hw.latency_cycles);
		cr_expect_eq(hw.phys, 0, "%s: not valid", rows[i].name);
	}
}

/* ---- recordings ---- */

#define REBUILT	 "ibs/ibs_memgaze_rebuilt_raw"
#define QUOTED	 "ibs/ibs_quoted_registers"
#define AMD_TEXT "ibs/memgaze_ibs_annotated_op-1k.csv"

/* A file of the corpus. Skips the test where there is none. */
static FILE *corpus(const char *name, const char *ending, char path[512])
{
	const char *dirs[] = {getenv("DAMON_PERF_CORPUS"), "../shared/corpus",
			      "../../shared/corpus"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		FILE *f;

		if (!dirs[i])
			continue;
		snprintf(path, 512, "%s/%s%s", dirs[i], name, ending);
		f = fopen(path, "r");
		if (f)
			return f;
	}
	cr_skip("no corpus");
	return NULL;
}

static struct damon_perf_file *recording(const char *name)
{
	struct damon_fail fail = {""};
	struct damon_perf_file *p;
	char path[512];

	fclose(corpus(name, ".perf.data", path));
	cr_assert_eq(damon_perf_file_open(path, &p, &fail), 0, "%s", fail.text);
	return p;
}

/* The next sample's registers; false at the end. */
static bool next_op(struct damon_perf_file *p, struct damon_perf_sample *s, struct damon_ibs_op *op)
{
	struct damon_perf_item item;

	while (damon_perf_file_next(p, &item, NULL) == 1) {
		if (item.type != DAMON_PERF_RECORD || item.record.type != PERF_RECORD_SAMPLE)
			continue;
		*s = item.record.sample;
		cr_assert_eq(damon_ibs_raw(s->raw, s->raw_len, op), 0);
		return true;
	}
	return false;
}

#define MAX_COLUMNS 64

/* Cuts a line of values in place. Returns how many there are. */
static size_t columns(char *line, char *out[MAX_COLUMNS])
{
	size_t n = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *p = line; p && n < MAX_COLUMNS; n++) {
		out[n] = p;
		p = strchr(p, ',');
		if (p)
			*p++ = '\0';
	}
	return n;
}

/* What each line of the text says of the sample in the same place. */
Test(ibs, a_recording_of_999_ops_is_read_as_expected)
{
	struct damon_perf_file *p = recording(REBUILT);
	char path[512], line[512], *c[MAX_COLUMNS];
	FILE *text = corpus(REBUILT, ".expected.csv", path);
	struct damon_perf_sample s;
	struct damon_ibs_op op;
	int n = 0;

	cr_assert(fgets(line, sizeof(line), text));
	while (next_op(p, &s, &op)) {
		cr_assert(fgets(line, sizeof(line), text), "%d samples", n);
		cr_assert_eq(columns(line, c), 16);
		n++;
		cr_expect_eq(s.pid, atoi(c[0]), "%d", n);
		cr_expect_eq(s.tid, atoi(c[1]), "%d", n);
		cr_expect_eq(s.cpu, (uint32_t)atoi(c[2]), "%d", n);
		cr_expect_eq(s.time_ns, strtoull(c[3], NULL, 0), "%d", n);
		cr_expect_eq(s.ip, strtoull(c[4], NULL, 0), "%d", n);
		cr_expect_eq(op.ip, s.ip, "%d", n);
		cr_expect_eq(op.load, atoi(c[5]), "%d", n);
		cr_expect_eq(op.store, atoi(c[6]), "%d", n);
		cr_expect_eq(op.addr_valid, atoi(c[7]), "%d", n);
		cr_expect_eq(op.addr, strtoull(c[8], NULL, 0), "%d", n);
		cr_expect_eq(op.phys_valid, atoi(c[9]), "%d", n);
		cr_expect_eq(op.phys, strtoull(c[10], NULL, 0), "%d", n);
		cr_expect_eq(op.l1_miss, atoi(c[11]), "%d", n);
		cr_expect_eq(op.l2_miss, atoi(c[12]), "%d", n);
		cr_expect_eq(op.source, atoi(c[13]), "%d", n);
		cr_expect_eq(op.miss_cycles, atoi(c[14]), "%d", n);
		cr_expect_eq(op.period, 10400, "%d", n);
	}
	cr_expect_eq(n, 999);
	cr_expect_null(fgets(line, sizeof(line), text), "more lines than samples");
	fclose(text);
	damon_perf_file_close(p);
}

/* As AMD's driver took the same registers apart. It prints no sources for this processor. */
Test(ibs, registers_are_taken_apart_as_amd_does)
{
	struct damon_perf_file *p = recording(REBUILT);
	char path[512], head[1024], line[2048], *names[MAX_COLUMNS], *c[MAX_COLUMNS];
	FILE *text = corpus(AMD_TEXT, "", path);
	struct damon_perf_sample s;
	struct damon_ibs_op op;
	int nr = 0, compared = 0;
	size_t n;

	cr_assert(fgets(head, sizeof(head), text));
	n = columns(head, names);
	while (next_op(p, &s, &op) && fgets(line, sizeof(line), text)) {
		struct field f[NR_FIELDS];

		cr_assert_geq(columns(line, c), n);
		fields_of(&op, f);
		nr++;
		for (size_t i = 0; i < NR_FIELDS; i++)
			for (size_t k = 0; k < n; k++) {
				uint64_t want = strtoull(c[k], NULL, 0);

				if (!f[i].amd || strcmp(f[i].amd, names[k]))
					continue;
				if (!strcmp(c[k], "Reserved-6"))
					want = 32; /* newer documents know it */
				cr_expect_eq(f[i].value, want, "op %d: %s is %s", nr, f[i].amd,
					     c[k]);
				compared++;
			}
	}
	cr_expect_eq(nr, 999);
	cr_expect_eq(compared, 999 * 24);
	fclose(text);
	damon_perf_file_close(p);
}

/* The number behind 'name' in perf's text of one sample. Addresses are hexadecimal, all else is
 * decimal. */
static bool perf_says(const char *text, const char *name, uint64_t *value)
{
	size_t n = strlen(name);

	for (const char *p = text; (p = strstr(p, name)); p += n) {
		bool begins = p == text || strchr(" \t\n", p[-1]);

		if (begins && p[n] == ':')
			*value = strtoull(p + n + 1, NULL, 16);
		else if (begins && p[n] == ' ')
			*value = strtoull(p + n, NULL, 10);
		else
			continue;
		return true;
	}
	return false;
}

/* As perf prints them. */
Test(ibs, registers_are_taken_apart_as_perf_does)
{
	struct damon_perf_file *p = recording(QUOTED);
	char path[512], text[8192];
	FILE *f = corpus(QUOTED, ".perf61-decode.txt", path);
	struct damon_perf_sample s;
	struct damon_ibs_op op;
	int nr = 0, compared = 0;
	char *at = text, *end;

	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	for (; next_op(p, &s, &op); at = end + 1, nr++) {
		struct field field[NR_FIELDS];

		end = strstr(at, "PERF_RECORD_SAMPLE");
		cr_assert(end, "%d samples", nr);
		*end = '\0';
		fields_of(&op, field);
		for (size_t i = 0; i < NR_FIELDS; i++) {
			uint64_t want;

			if (!perf_says(at, field[i].perf, &want))
				continue;
			cr_expect_eq(field[i].value, want, "sample %d: %s %#lx, not %#lx", nr,
				     field[i].perf, field[i].value, want);
			compared++;
		}
	}
	cr_expect_eq(nr, 4);
	cr_expect_eq(compared, 4 * (NR_FIELDS - 1));
	damon_perf_file_close(p);
}

/* ---- observations of a recording ---- */

struct tally {
	int nr, loads, stores, both;
	double weight;
};

static void count(void *priv, const struct damon_obs *o)
{
	struct tally *t = priv;
	uint8_t flags = o->nr ? o->access[0].flags : 0;

	t->nr++;
	t->weight += (double)o->weight;
	t->loads += flags == LOAD;
	t->stores += flags == STORE;
	t->both += flags == (LOAD | STORE);
}

Test(ibs, a_recording_becomes_observations)
{
	struct damon_perf_file *p = recording(REBUILT);
	struct damon_source_options o = {0};
	struct damon_source_stats st;
	struct damon_perf_item item;
	struct tally sum = {.nr = 0};
	void *state = NULL;
	size_t n;

	cr_assert_eq(damon_ibs_source.open(&o, NULL, &state), 0);
	while (damon_perf_file_next(p, &item, NULL) == 1) {
		if (item.type != DAMON_PERF_RECORD || item.record.type != PERF_RECORD_SAMPLE)
			continue;
		damon_ibs_source.decode(state, &item.record.sample, NULL, count, &sum);
	}
	cr_assert_eq(damon_perf_file_events(p, &n) && n == 1, 1);
	cr_expect(damon_ibs_source.claims(damon_perf_file_events(p, &n)));
	damon_ibs_source.stats(state, &st);
	cr_expect_eq(st.samples, 999);
	/* Of 175 addresses one is the kernel's: the processor reads its tables at an interrupt. */
	cr_expect_eq(st.accesses, 174);
	cr_expect_eq(st.no_address, 8);
	cr_expect_eq(st.filtered, 817);
	cr_expect_eq(sum.loads + sum.both, 111);
	cr_expect_eq(sum.stores + sum.both, 67);
	cr_expect_eq(sum.both, 4);
	cr_expect_float_eq(sum.weight, 182 * 10400., 1);
	damon_ibs_source.close(state);
	damon_perf_file_close(p);
}
