/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code is decoded once, within limits, and anew where it changed. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/util.h"
#include "tests/kit/soft_world.h"

#define PAGE DAMON_PAGE_SIZE
#define RX   (DAMON_PROT_READ | DAMON_PROT_EXEC)
#define JIT  0x20000000ull

static struct soft_code_stats stats_of(struct world *w)
{
	struct soft_code_stats s;

	soft_code_stats(soft_code_of(w->soft), &s);
	return s;
}

Test(soft_code, decoded_once)
{
	static const uint8_t code[] = {0x8a, 0x07, 0x90, 0x0f, 0x05};
	uint32_t before;
	struct world w;

	world_init(&w, NULL, NULL);
	world_code(&w, code, sizeof(code));
	for (int i = 0; i < 3; i++)
		world_run(&w);
	cr_expect_eq(stats_of(&w).insns, 3);
	/* within the block: known already */
	w.regs[X86_IP] += 2;
	world_run(&w);
	cr_expect_eq(stats_of(&w).insns, 3);
	/* in the midst of an instruction (07 is none): that is looked at once, too */
	w.regs[X86_IP] = WORLD_CODE + 1;
	world_run(&w);
	cr_expect_eq(w.burst.stop, SOFT_STOP_CODE);
	before = stats_of(&w).nr_uops;
	world_run(&w);
	cr_expect_eq(stats_of(&w).nr_uops, before);
	world_release(&w);
}

/* Shared by spaces, wherever they map it. */
Test(soft_code, shared_by_processes)
{
	static const uint8_t code[] = {0x8a, 0x05, 0x00, 0x01, 0, 0, 0x0f, 0x05}; /* [rip+0x100] */
	struct damon_space *first;
	struct world w;

	world_init(&w, NULL, NULL);
	world_code(&w, code, sizeof(code));
	world_run(&w);
	cr_expect_str_eq(world_text(&w), "L1+0 400106");
	first = w.space;
	w.space = damon_space_new();
	world_map(&w, 0x7f0000000000, 0x7f0000001000, RX, 1, 0, "/code");
	w.regs[X86_IP] = 0x7f0000000000;
	world_run(&w);
	cr_expect_str_eq(world_text(&w), "L1+0 7f0000000106");
	cr_expect_eq(stats_of(&w).insns, 2);
	cr_expect_eq(stats_of(&w).nr_units, 1);
	damon_space_unref(first);
	world_release(&w);
}

/* A mapping that was split is the same code still. */
Test(soft_code, part_of_a_mapping)
{
	static uint8_t code[3 * PAGE];
	struct world w;

	memset(code, 0x90, sizeof(code));
	memcpy(code + 2 * PAGE, "\x8a\x05\0\0\0\0\x0f\x05", 8);
	world_init(&w, NULL, NULL);
	world_code(&w, code, sizeof(code));
	w.regs[X86_IP] = WORLD_CODE + 2 * PAGE;
	world_run(&w);
	cr_expect_str_eq(world_text(&w), "L1+0 402006");
	damon_space_unmap(w.space, WORLD_CODE, WORLD_CODE + 2 * PAGE, 0);
	world_run(&w);
	cr_expect_str_eq(world_text(&w), "L1+0 402006");
	cr_expect_eq(stats_of(&w).nr_units, 1);
	damon_space_unmap(w.space, WORLD_CODE + 2 * PAGE, WORLD_CODE + 3 * PAGE, 0);
	world_run(&w);
	cr_expect_eq(w.burst.stop, SOFT_STOP_CODE);
	cr_expect_eq(w.burst.nr_insns, 0);
	world_release(&w);
}

/* 64 KiB of jumps, each to the next page: more than fits. */
static void make_chain(uint8_t *code, size_t pages)
{
	memset(code, 0x90, pages * PAGE);
	for (size_t i = 0; i < pages; i++) {
		int32_t rel = i + 1 < pages ? PAGE - 7 : -(int32_t)(i * PAGE) - 7;

		code[i * PAGE] = 0x8a; /* mov al,[rdi] */
		code[i * PAGE + 1] = 0x07;
		code[i * PAGE + 2] = 0xe9;
		memcpy(code + i * PAGE + 3, &rel, 4);
	}
}

struct limit {
	const char *name;
	struct soft_code_limits l;
};

static const struct limit limits[] = {
	{"micro-ops", {.max_uops = 1, .max_chunks = 64, .max_units = 4, .max_pages = 4}},
	{"chunks", {.max_uops = 1 << 16, .max_chunks = 5, .max_units = 4, .max_pages = 4}},
};

Test(soft_code, forgets_when_full_and_goes_on)
{
	static uint8_t code[600 * PAGE];

	make_chain(code, 600);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct world w;
		unsigned full = 0, whole = 0;

		world_init(&w, NULL, &limits[i].l);
		world_code(&w, code, sizeof(code));
		w.regs[X86_DI] = 0x10000;
		for (int k = 0; k < 600; k++) {
			w.regs[X86_IP] = WORLD_CODE + k % 600 * PAGE;
			world_run(&w);
			full += w.burst.stop == SOFT_STOP_CODE;
			whole += w.burst.stop == SOFT_STOP_ACCESSES;
			cr_expect_eq(w.burst.access[0].addr, 0x10000);
			cr_expect_leq(stats_of(&w).nr_uops, MAX(limits[i].l.max_uops, 2000u));
		}
		cr_expect_gt(stats_of(&w).forgets, 0, "%s", limits[i].name);
		cr_expect_eq(full + whole, 600, "%s", limits[i].name);
		if (!i) /* five chunks never hold 16 pages */
			cr_expect_gt(whole, full, "%s: %u whole, %u cut", limits[i].name, whole,
				     full);
		world_release(&w);
	}
}

Test(soft_code, many_units)
{
	const struct soft_code_limits l = {
		.max_uops = 4096, .max_chunks = 64, .max_units = 8, .max_pages = 4};
	static const uint8_t code[PAGE] = {0x8a, 0x07, 0x0f, 0x05};
	struct world w;

	world_init(&w, NULL, &l);
	world_code(&w, code, sizeof(code));
	for (uint64_t i = 0; i < 40; i++) {
		uint64_t at = 0x10000000 + i * 16 * PAGE;

		/* each as a file of its own */
		w.image[0].id = 100 + i;
		world_map(&w, at, at + PAGE, RX, 1, 0, "/code");
		w.regs[X86_IP] = at;
		w.regs[X86_DI] = 0x10000;
		world_run(&w);
		if (w.burst.stop == SOFT_STOP_CODE) /* full: the next one works */
			world_run(&w);
		cr_expect_str_eq(world_text(&w), "L1+0 10000");
		cr_expect_leq(stats_of(&w).nr_units, 8);
	}
	cr_expect_geq(stats_of(&w).forgets, 4);
	world_release(&w);
}

/* ---- code that has no file ---- */

static uint8_t jit[3 * PAGE];

static void map_jit(struct world *w, const char *name)
{
	world_map(w, JIT, JIT + sizeof(jit), RX, 0, 0, name);
	world_add_memory(w, JIT, jit, sizeof(jit));
	w->regs[X86_IP] = JIT;
	w->regs[X86_DI] = 0x10000;
	w->regs[X86_SI] = 0x20000;
}

Test(soft_code, anonymous_code_is_read_and_likely)
{
	struct world w;

	memcpy(jit, "\x8a\x07\x8a\x06\x0f\x05", 6);
	world_init(&w, NULL, NULL);
	map_jit(&w, "");
	world_run(&w);
	cr_expect_str_eq(world_text(&w), "L1+0 10000~ L1+1 20000~");
	world_release(&w);
}

Test(soft_code, anonymous_code_is_left_alone_without_reads)
{
	const struct soft_limits exact = {DAMON_BURST_MAX, 200, 0};
	struct world w;

	memcpy(jit, "\x8a\x07\x8a\x06\x0f\x05", 6);
	world_init(&w, &exact, NULL);
	map_jit(&w, "");
	world_run(&w);
	cr_expect_eq(w.burst.stop, SOFT_STOP_CODE);
	cr_expect_eq(w.reads, 0);
	world_release(&w);
}

Test(soft_code, vdso_is_exact_and_read_once)
{
	const struct soft_limits exact = {DAMON_BURST_MAX, 200, 0};
	struct world w;

	memcpy(jit, "\x8a\x07\x8a\x06\x0f\x05", 6);
	world_init(&w, &exact, NULL);
	map_jit(&w, "[vdso]");
	for (int i = 0; i < 3; i++)
		world_run(&w);
	cr_expect_str_eq(world_text(&w), "L1+0 10000 L1+1 20000");
	cr_expect_eq(w.reads, 1);
	world_release(&w);
}

Test(soft_code, changed_code_is_decoded_anew)
{
	struct world w;

	memset(jit, 0, sizeof(jit));
	memcpy(jit, "\x8a\x07\xe9\xf9\x0f\x00\x00", 7); /* jmp to the next page */
	memcpy(jit + PAGE, "\x8a\x06\x0f\x05", 4);
	world_init(&w, NULL, NULL);
	map_jit(&w, "");
	world_run(&w);
	cr_expect_str_eq(world_text(&w), "L1+0 10000~ L1+2 20000~");

	/* where a burst enters: seen at once */
	jit[1] = 0x06;
	world_run(&w);
	cr_expect_str_eq(world_text(&w), "L1+0 20000~ L1+2 20000~");
	cr_expect_eq(stats_of(&w).changes, 1);

	/* further on: within a second */
	jit[PAGE + 1] = 0x07;
	w.now_ns += 2 * NS_PER_SEC;
	world_run(&w);
	cr_expect_str_eq(world_text(&w), "L1+0 20000~ L1+2 10000~");
	cr_expect_eq(stats_of(&w).changes, 2);

	/* another mapping in its place: at once */
	memcpy(jit + PAGE, "\x8a\x07\x8a\x06\x0f\x05", 6);
	damon_space_unmap(w.space, JIT, JIT + sizeof(jit), 0);
	world_map(&w, JIT, JIT + sizeof(jit), RX, 0, 0, "");
	world_run(&w);
	cr_expect_str_eq(world_text(&w), "L1+0 20000~ L1+2 10000~ L1+3 20000~");
	world_release(&w);
}

Test(soft_code, unreadable_code_may_come_back)
{
	struct world w;

	memset(jit, 0x90, sizeof(jit));
	memcpy(jit + PAGE, "\x8a\x06\x0f\x05", 4);
	world_init(&w, NULL, NULL);
	map_jit(&w, "");
	w.memory[0].len = PAGE; /* the second page cannot be read yet */
	w.regs[X86_IP] = JIT + PAGE - 2;
	world_run(&w);
	cr_expect_eq(w.burst.stop, SOFT_STOP_CODE);
	w.memory[0].len = sizeof(jit);
	world_run(&w);
	cr_expect_str_eq(world_text(&w), "L1+2 20000~");
	world_release(&w);
}

Test(soft_code, pages_of_anonymous_code_are_limited)
{
	const struct soft_code_limits l = {
		.max_uops = 4096, .max_chunks = 64, .max_units = 8, .max_pages = 2};
	struct world w;

	for (int i = 0; i < 3; i++)
		memcpy(jit + i * PAGE, "\x8a\x07\x0f\x05", 4);
	world_init(&w, NULL, &l);
	map_jit(&w, "");
	for (int i = 0; i < 9; i++) {
		w.regs[X86_IP] = JIT + i % 3 * PAGE;
		world_run(&w);
		if (w.burst.stop == SOFT_STOP_CODE)
			world_run(&w);
		cr_expect_str_eq(world_text(&w), "L1+0 10000~");
		cr_expect_leq(stats_of(&w).nr_pages, 2);
	}
	world_release(&w);
}
