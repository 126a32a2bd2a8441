/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast code runs, as far as ticks tell: chains of pointers, memory that no cache holds. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "pmu/soft/pace.h"
#include "tests/kit/soft_world.h"

/* ---- chains, as bursts see them ---- */

struct chain_row {
	const char *name, *code;
	uint64_t memory[16]; /* at 0x10000; rdi points there */
	unsigned insns, first;
};

static const struct chain_row chain_rows[] = {
	{"a list", "48 8b 3f ff c8 75 f9 0f 05", {0x10020, [4] = 0x10040, [8] = 0x10010}, 3, 0},
	/* mov rcx,[rdi+8]; mov rdi,[rdi]; dec eax; jne */
	{"a list with a value",
	 "48 8b 4f 08 48 8b 3f ff c8 75 f5 0f 05",
	 {0x10020, [4] = 0x10040, [8] = 0x10010},
	 4,
	 0},
	/* add rdi,32; mov rcx,[rdi]; dec eax; jne: addresses are computed */
	{"an array", "48 83 c7 20 48 8b 0f ff c8 75 f5 0f 05", {0}, 0, 0},
	/* mov rcx,[rdi]; mov rcx,[rcx+rax*8]; dec eax; jne: the array's address is loaded */
	{"a pointer loaded again", "48 8b 0f 48 8b 0c c1 ff c8 75 f5 0f 05", {0x10010}, 0, 0},
	/* mov rcx,[rdi]; mov rcx,[rcx]; dec eax; jne: always the same place */
	{"a pointer that stays", "48 8b 0f 48 8b 09 ff c8 75 f6 0f 05", {0x10010}, 0, 0},
};

Test(soft_pace, chains)
{
	for (size_t i = 0; i < ARRAY_SIZE(chain_rows); i++) {
		const struct chain_row *r = &chain_rows[i];
		struct soft_limits limits = soft_limits_default;
		uint8_t code[64];
		struct world w;

		limits.mem_reads = 4;
		world_init(&w, &limits, NULL);
		world_code(&w, code, world_hex(r->code, code, sizeof(code)));
		world_add_memory(&w, 0x10000, r->memory, sizeof(r->memory));
		w.regs[X86_DI] = 0x10000;
		w.regs[X86_AX] = 4;
		world_run(&w);
		cr_expect_eq(w.burst.chain_insns, r->insns, "%s: %u (%s)", r->name,
			     w.burst.chain_insns, world_text(&w));
		cr_expect(!r->insns || w.burst.chain == r->first, "%s: %u", r->name, w.burst.chain);
		world_release(&w);
	}
}

/* ---- what they, and waits for memory, are taken for ---- */

static const struct damon_pace machine = {
	.hz = 2e9,
	.far_ns = 100,
	.l1_bytes = 32 << 10,
	.l2_bytes = 1 << 20,
};

struct pace_row {
	const char *name;
	uint64_t bytes;	   /* that the instruction ranges over, a page at a time */
	uint64_t step;	   /* between two accesses of a burst; 0: it shows one */
	uint16_t chain;	   /* instructions from step to step */
	bool stall, store; /* the tick waited for a load; a store */
	double lo, hi;	   /* of the pace */
};

/* 3.4 G instructions per second are usual: a step of 4 takes 1.2 ns of those, 2.5, 8 or 100 by its
 * memory. */
static const struct pace_row pace_rows[] = {
	{"no wait", 0, 0, 0, false, false, 1, 1},
	{"waits for the L1 cache", 16 << 10, 0, 0, true, false, 1, 1},
	{"waits for memory", 64 << 20, 0, 0, true, false, .2, .8},
	{"stores to memory", 64 << 20, 0, 0, true, true, 1, 1},
	{"walks through memory", 64 << 20, 64, 0, true, false, 1, 1},
	{"strides through memory", 64 << 20, 8192, 0, true, false, .2, .8},
	{"a list in the L1 cache", 16 << 10, 0, 4, false, false, .40, .55},
	{"a list in the L2 cache", 256 << 10, 0, 4, false, false, .10, .20},
	{"a list in memory", 64 << 20, 0, 4, false, false, .010, .015},
	{"a list of neighbours", 64 << 20, 64, 4, false, false, .40, .55},
	{"long steps", 16 << 10, 0, 150, false, false, 1, 1},
};

/* Ticks of one instruction over 'bytes' of memory; the pace of the last one. */
static double last_pace(struct soft_pace *p, const struct pace_row *r, unsigned ticks)
{
	static uint64_t x = 7; /* calls go on where the last one was */
	double pace = 0;

	for (unsigned i = 0; i < ticks; i++) {
		struct soft_burst b = {.chain_insns = r->chain};
		struct damon_access a = {.ip = 0x400100, .size = 8, .flags = DAMON_ACCESS_LOAD};

		x = x * 6364136223846793005ull + 1442695040888963407ull;
		a.addr = 0x100000 + (r->bytes ? (x >> 20) % r->bytes : 0);
		a.flags = r->store ? DAMON_ACCESS_STORE : DAMON_ACCESS_LOAD;
		b.access[b.nr++] = a;
		if (r->step) {
			b.access[b.nr] = a;
			b.access[b.nr++].addr += r->step;
		}
		pace = soft_pace_of(p, &b, r->stall ? &a : NULL);
		cr_expect(pace > 0 && pace <= 1, "%s: %g", r->name, pace);
	}
	return pace;
}

Test(soft_pace, memory)
{
	for (size_t i = 0; i < ARRAY_SIZE(pace_rows); i++) {
		const struct pace_row *r = &pace_rows[i];
		struct soft_pace p;
		double pace;

		soft_pace_init(&p, &machine);
		pace = last_pace(&p, r, 1000);
		cr_expect(pace >= r->lo && pace <= r->hi, "%s: %g", r->name, pace);
	}
}

Test(soft_pace, early_verdicts)
{
	struct soft_pace p;

	/* of a list in memory, 8 ticks are enough */
	soft_pace_init(&p, &machine);
	cr_expect_gt(last_pace(&p, &pace_rows[8], 7), .10);
	cr_expect_lt(last_pace(&p, &pace_rows[8], 1), .015);
}

Test(soft_pace, a_chain_is_remembered)
{
	const struct soft_burst b = {
		.nr = 1, .nr_unknown = 15, .access[0] = {.ip = 0x400100, .addr = 0x200000}};
	const struct soft_burst other = {
		.nr = 1, .nr_unknown = 15, .access[0] = {.ip = 0x400200, .addr = 0x200000}};
	struct soft_pace p;

	soft_pace_init(&p, &machine);
	cr_expect_eq(soft_pace_of(&p, &b, NULL), 1);
	last_pace(&p, &pace_rows[8], 64);
	cr_expect_lt(soft_pace_of(&p, &b, NULL), .015, "memory that could not be read");
	cr_expect_eq(soft_pace_of(&p, &other, NULL), 1);
}

Test(soft_pace, rare_instructions_give_way)
{
	struct soft_pace p;
	double pace = 0;

	/* an instruction that is seen often keeps its place among many others */
	soft_pace_init(&p, &machine);
	for (unsigned i = 0; i < 4000; i++) {
		const struct damon_access other = {
			.ip = 0x500000 + i % 1000 * 3, .addr = 0x7000, .flags = DAMON_ACCESS_LOAD};
		const struct soft_burst b = {0};

		soft_pace_of(&p, &b, &other);
		if (i % 4 == 0)
			pace = last_pace(&p, &pace_rows[2], 1);
	}
	cr_expect_lt(pace, 1);
}

Test(soft_pace, scale)
{
	struct damon_pace twice = machine;
	struct soft_pace p, q;
	struct damon_scale s, t;

	twice.hz *= 2;
	soft_pace_init(&p, &machine);
	soft_pace_init(&q, &twice);
	s = soft_pace_scale(&p);
	t = soft_pace_scale(&q);
	cr_expect(s.lo < s.accesses && s.accesses < s.hi);
	cr_expect_float_eq(t.accesses, 2 * s.accesses, 1);
	cr_expect_float_eq(t.lo, 2 * s.lo, 1);
	cr_expect_float_eq(t.hi, 2 * s.hi, 1);
	soft_pace_init(&p, NULL);
	cr_expect_eq(p.machine.hz, damon_pace_default.hz);
}

Test(soft_pace, source_tells_the_scale)
{
	struct damon_source_options o = {.rate_hz = 1000, .pace = &machine};
	struct damon_scale known, unknown, s;
	void *state = NULL;
	struct world w;

	world_init(&w, NULL, NULL);
	cr_assert_eq(damon_soft_source.open(&o, &w.peek, &state), 0);
	damon_soft_source.scale_of(state, &known);
	damon_soft_source.close(state);
	o.pace = NULL;
	cr_assert_eq(damon_soft_source.open(&o, &w.peek, &state), 0);
	damon_soft_source.scale_of(state, &unknown);
	damon_soft_source.close(state);
	s = damon_soft_source.scale;
	cr_expect_lt(known.accesses, unknown.accesses, "2 GHz against what is assumed");
	cr_expect(s.lo <= unknown.lo && unknown.hi <= s.hi);
	world_release(&w);
}
