/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where values of loads come from, and what that does to the addresses that rest on them. */
#include <criterion/criterion.h>
#include <elf.h>
#include <string.h>

#include "base/util.h"
#include "tests/kit/soft_world.h"

#define DATA 0x600000ull /* a library: header and code, .rodata, RELRO, .data: a page each */
#define HEAP 0x10000ull
#define PAGE DAMON_PAGE_SIZE
#define R    DAMON_PROT_READ
#define RW   (DAMON_PROT_READ | DAMON_PROT_WRITE)

static uint8_t library[4 * PAGE]; /* the file */
static uint8_t relro[PAGE];	  /* that page as the start-up code left it */
static uint8_t heap[PAGE], red_zone[128];
static uint64_t pointer = 0x7000;

static void put64(uint8_t *at, uint64_t v)
{
	memcpy(at, &v, sizeof(v));
}

/* A file with two segments: pages 0 and 1 read-only, 2 and 3 written to. */
static void make_library(void)
{
	Elf64_Ehdr eh = {.e_phoff = sizeof(eh), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2};
	Elf64_Phdr ph[2] = {
		{.p_type = PT_LOAD, .p_flags = PF_R, .p_offset = 0, .p_filesz = 2 * PAGE},
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_W,
		 .p_offset = 2 * PAGE,
		 .p_filesz = 2 * PAGE},
	};

	memset(library, 0, sizeof(library));
	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = ELFCLASS64;
	memcpy(library, &eh, sizeof(eh));
	memcpy(library + sizeof(eh), ph, sizeof(ph));
	put64(library + PAGE, 0x7000);
	put64(library + 2 * PAGE, 0x1111);
	put64(relro, 0x7000);
	put64(heap, 0x7000);
	put64(heap + 8, 0x7100);
	put64(heap + 256, 0x7300);
	put64(red_zone + 0x48, 0x7200);
}

static void map_library(struct world *w)
{
	w->image[1].bytes = library;
	w->image[1].size = sizeof(library);
	world_map(w, DATA, DATA + 2 * PAGE, R, 2, 0, "/library");
	world_map(w, DATA + 2 * PAGE, DATA + 3 * PAGE, R, 2, 2 * PAGE, "/library");
	world_map(w, DATA + 3 * PAGE, DATA + 4 * PAGE, RW, 2, 3 * PAGE, "/library");
	world_map(w, HEAP, HEAP + PAGE, RW, 0, 0, "[heap]");
	world_add_memory(w, DATA + 2 * PAGE, relro, sizeof(relro));
	world_add_memory(w, DATA + 3 * PAGE, library + 3 * PAGE, PAGE);
	world_add_memory(w, HEAP, heap, sizeof(heap));
	world_add_memory(w, WORLD_STACK - sizeof(red_zone), red_zone, sizeof(red_zone));
}

static void start(struct world *w, unsigned reads, const char *code)
{
	const struct soft_limits l = {DAMON_BURST_MAX, 200, reads};
	uint8_t bytes[256];

	make_library();
	world_init(w, &l, NULL);
	world_code(w, bytes, world_hex(code, bytes, sizeof(bytes)));
	map_library(w);
}

struct row {
	const char *name, *code, *accesses;
	uint64_t rdi, rsi;
	unsigned mem_reads;
	unsigned reads; /* of memory, expected */
};

#define STACK 0x7ffff0001000ull

/* clang-format off */
static const struct row rows[] = {
	/* mov rax,[rdi]; mov cl,[rax] with the value from: */
	{ "the sampled stack", "48 8b 07 8a 08", "L8+0 7ffff0001010s L1+1 7000", STACK + 0x10 },
	{ "the last bytes of it", "48 8b 07 8a 08", "L8+0 7ffff00011f8s L1+1 7000", STACK + 0x1f8 },
	{ "half beyond it", "48 8b 07 8a 08", "L8+0 7ffff00011fcs ?1", STACK + 0x1fc },
	{ "below it", "48 8b 07 8a 08", "L8+0 7ffff0000ff8s ?1", STACK - 8 },
	{ "half below it", "48 8b 07 8a 08", "L8+0 7ffff0000ffcs ?1", STACK - 4 },
	{ "a constant of the file", "48 8b 07 8a 08", "L8+0 601000 L1+1 7000", DATA + PAGE },
	{ "RELRO", "48 8b 07 8a 08", "L8+0 602000 L1+1 7000", DATA + 2 * PAGE, 0, 0, 1 },
	{ "across two pages", "48 8b 07 8a 08", "L8+0 602ffc ?1", DATA + 3 * PAGE - 4, 0, 0, 0 },
	{ "data, no read allowed", "48 8b 07 8a 08", "L8+0 603000 ?1", DATA + 3 * PAGE },
	{ "the heap, no read allowed", "48 8b 07 8a 08", "L8+0 10000 ?1", HEAP },
	{ "the heap, read", "48 8b 07 8a 08", "L8+0 10000 L1+1 7000~", HEAP, 0, 1, 1 },
	{ "memory that cannot be read", "48 8b 07 8a 08", "L8+0 90000 ?1", 0x90000, 0, 1, 1 },
	{ "across two lines", "48 8b 07 8a 08", "L8+0 100fc ?1", HEAP + 252, 0, 1, 1 },
	{ "the red zone is a line of its own", "48 8b 07 48 8b 57 48 8a 0a", "L8+0 7ffff0000f80s L8+1 7ffff0000fc8s~ L1+2 7200~", STACK - 128, 0, 1, 1 },
	/* mov rax,[rdi]; mov rdx,[rdi+8]; mov cl,[rdx] */
	{ "one read for a line", "48 8b 07 48 8b 57 08 8a 0a", "L8+0 10000 L8+1 10008~ L1+2 7100~", HEAP, 0, 1, 1 },
	/* mov rax,[rdi]; mov rdx,[rdi+256]; mov cl,[rdx] */
	{ "the second line is one too many", "48 8b 07 48 8b 97 00 01 00 00 8a 0a", "L8+0 10000 L8+1 10100~ ?1", HEAP, 0, 1, 1 },
	{ "the second line of two", "48 8b 07 48 8b 97 00 01 00 00 8a 0a", "L8+0 10000 L8+1 10100~ L1+2 7300~", HEAP, 0, 2, 2 },
	/* mov [rdi],rsi; mov rax,[rdi]; mov cl,[rax]: the read is for the last value */
	{ "an own store", "48 89 37 48 8b 07 8a 08", "S8+0 10000 L8+1 10000 L1+2 7000", HEAP, 0x7000, 1, 1 },
	/* mov [rdi],rsi; movzx eax,word [rdi+4]; mov cl,[rax] */
	{ "a part of a store", "48 89 37 0f b7 47 04 8a 08", "S8+0 10000 L2+1 10004 L1+2 7000", HEAP, 0x700000000000, 0, 0 },
	/* mov [rdi+4],esi; mov rax,[rdi]; mov cl,[rax] */
	{ "a store that covers a part", "89 77 04 48 8b 07 8a 08", "S4+0 10004 L8+1 10000 ?1", HEAP, 0, 1, 0 },
	/* mov [rdi],rsi; mov byte [rdi+1],0x71; mov rax,[rdi]; mov cl,[rax] */
	{ "a part overwritten since", "48 89 37 c6 47 01 71 48 8b 07 8a 08", "S8+0 10000 S1+1 10001 L8+2 10000 ?1", HEAP, 0x7000, 1, 0 },
	/* mov [rdi],rsi; mov [rdi],rdi; mov rax,[rdi]; mov cl,[rax] */
	{ "the last of two stores", "48 89 37 48 89 3f 48 8b 07 8a 08", "S8+0 10000 S8+1 10000 L8+2 10000 L1+3 10000", HEAP, 0x7000, 0, 0 },
	/* movups [rdi],xmm0; mov rax,[rdi+8]; mov cl,[rax] */
	{ "a store of what is not known", "0f 11 07 48 8b 47 08 8a 08", "S16+0 10000 L8+1 10008 ?1", HEAP, 0, 1, 0 },
	/* add [rdi],rsi; mov rax,[rdi]; mov cl,[rax] */
	{ "a sum in the stack", "48 01 37 48 8b 07 8a 08", "M8+0 7ffff0001010s L8+1 7ffff0001010s L1+2 7008", STACK + 0x10, 8, 0, 0 },
	/* mov rax,fs:[0]; mov [rax],cl; mov rdx,[rdi]; mov cl,[rdx] */
	{ "the stack after a store to nowhere known", "64 48 8b 04 25 00 00 00 00 88 08 48 8b 17 8a 0a", "L8+2 7ffff0001010s L1+3 7000~ ?2", STACK + 0x10, 0, 0, 0 },
	/* mov rax,fs:[0]; mov [rdi],rsi; mov [rax],cl; mov rdx,[rdi]; mov cl,[rdx] */
	{ "an own store before one to nowhere known", "64 48 8b 04 25 00 00 00 00 48 89 37 88 08 48 8b 17 8a 0a", "S8+1 10000 L8+3 10000 L1+4 7000~ ?2", HEAP, 0x7000, 0, 0 },
	/* mov rax,fs:[0]; mov [rax],cl; mov rdx,[rdi]; mov cl,[rdx] */
	{ "a constant after a store to nowhere known", "64 48 8b 04 25 00 00 00 00 88 08 48 8b 17 8a 0a", "L8+2 601000 L1+3 7000 ?2", DATA + PAGE, 0, 0, 0 },
};
/* clang-format on */

Test(soft_values, source_of_a_value)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct world w;

		start(&w, r->mem_reads, r->code);
		w.regs[X86_DI] = r->rdi;
		w.regs[X86_SI] = r->rsi;
		put64(w.stack + 0x10, 0x7000);
		put64(w.stack + 0x1f8, 0x7000);
		world_run(&w);
		cr_expect_str_eq(world_text(&w), r->accesses, "%s: '%s', not '%s'", r->name,
				 world_text(&w), r->accesses);
		cr_expect_eq(w.reads, r->reads, "%s: %u reads", r->name, w.reads);
		cr_expect_eq(w.burst.nr_reads, r->mem_reads ? r->reads : 0, "%s", r->name);
		world_release(&w);
	}
}

/* Snapshots are taken once, and again only where the mapping is another one. */
Test(soft_values, relro_is_copied_once)
{
	struct world w;

	start(&w, 0, "48 8b 07 8a 08");
	w.regs[X86_DI] = DATA + 2 * PAGE;
	for (int i = 0; i < 3; i++)
		world_run(&w);
	cr_expect_eq(w.reads, 1);
	world_map(&w, 0x900000, 0x901000, RW, 0, 0, ""); /* something else changed */
	put64(relro, 0x7777);
	world_run(&w);
	cr_expect_eq(w.reads, 1);
	cr_expect_str_eq(world_text(&w), "L8+0 602000 L1+1 7000");
	damon_space_unmap(w.space, DATA, DATA + 4 * PAGE, 0);
	map_library(&w);
	world_run(&w);
	cr_expect_eq(w.reads, 2);
	cr_expect_str_eq(world_text(&w), "L8+0 602000 L1+1 7777");
	world_release(&w);
}

/* What may be written to is not kept. */
Test(soft_values, memory_is_read_each_time)
{
	struct world w;

	start(&w, 1, "48 8b 07 8a 08");
	w.regs[X86_DI] = HEAP;
	world_run(&w);
	put64(heap, 0x7200);
	world_run(&w);
	cr_expect_eq(w.reads, 2);
	cr_expect_str_eq(world_text(&w), "L8+0 10000 L1+1 7200~");
	world_release(&w);
}

struct header {
	const char *name;
	unsigned at, size;
	uint64_t value;
	const char *accesses;
};

/* Files that are not what they seem: never read beyond, never taken for constant. */
static const struct header headers[] = {
	{"not ELF", 0, 1, 0, "L8+0 601000 ?1"},
	{"32 bits", EI_CLASS, 1, ELFCLASS32, "L8+0 601000 ?1"},
	{"headers beyond the end", offsetof(Elf64_Ehdr, e_phoff), 8, sizeof(library) - 8,
	 "L8+0 601000 ?1"},
	{"headers at the end of numbers", offsetof(Elf64_Ehdr, e_phoff), 8, -8, "L8+0 601000 ?1"},
	{"other size of headers", offsetof(Elf64_Ehdr, e_phentsize), 2, 1, "L8+0 601000 ?1"},
	{"no headers", offsetof(Elf64_Ehdr, e_phnum), 2, 0, "L8+0 601000 ?1"},
	{"many headers, the last beyond the end", offsetof(Elf64_Ehdr, e_phnum), 2, 0xffff,
	 "L8+0 601000 L1+1 7000"},
};

Test(soft_values, odd_files)
{
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		const struct header *h = &headers[i];
		struct world w;

		start(&w, 0, "48 8b 07 8a 08");
		memcpy(library + h->at, &h->value, h->size);
		w.regs[X86_DI] = DATA + PAGE;
		world_run(&w);
		cr_expect_str_eq(world_text(&w), h->accesses, "%s: %s", h->name, world_text(&w));
		world_release(&w);
	}
}

/* A segment that may be written shares the page of the file: the start-up code may have. */
Test(soft_values, page_of_two_segments)
{
	uint64_t offset = PAGE + 0x800;
	struct world w;

	start(&w, 0, "48 8b 07 8a 08");
	memcpy(library + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, p_offset),
	       &offset, 8);
	world_add_memory(&w, DATA + PAGE, &pointer, sizeof(pointer)); /* too short for a page */
	w.regs[X86_DI] = DATA + PAGE;
	world_run(&w);
	cr_expect_str_eq(world_text(&w), "L8+0 601000 ?1");
	world_release(&w);
}

/* A read that decides nothing is not made for long: the next load gets it. */
Test(soft_values, reads_go_to_loads_that_decide)
{
	struct world w;

	/* mov rdx,[rdi]; mov rax,[rsi]; mov cl,[rax] */
	start(&w, 1, "48 8b 17 48 8b 06 8a 08");
	w.regs[X86_DI] = HEAP + 512;
	w.regs[X86_SI] = HEAP;
	world_run(&w);
	cr_expect_str_eq(world_text(&w), "L8+0 10200 L8+1 10000~ ?1");
	for (int i = 0; i < 8; i++)
		world_run(&w);
	cr_expect_str_eq(world_text(&w), "L8+0 10200 L8+1 10000 L1+2 7000~", "%s", world_text(&w));
	w.reads = 0;
	for (int i = 0; i < 2048; i++)
		world_run(&w);
	cr_expect_leq(w.reads, 2048 + 4, "the useless one is tried again now and then");
	cr_expect_gt(w.reads, 2048);
	world_release(&w);
}

/* Of accesses that rest on reads, as many as reads are allowed stand for all of them. */
Test(soft_values, short_reads_are_made_up_for)
{
	struct world w;

	/* mov rax,[rdi]; mov cl,[rax]; three times mov rax,[rsi]; mov cl,[rax] */
	start(&w, 1, "48 8b 07 8a 08 48 8b 06 8a 08 48 8b 06 8a 08 48 8b 06 8a 08");
	w.regs[X86_DI] = HEAP;
	w.regs[X86_SI] = HEAP + 512;
	world_run(&w);
	cr_assert_eq(w.burst.nr, 5, "%s", world_text(&w));
	cr_expect_eq(w.burst.nr_carried, 3);
	cr_expect_eq(w.burst.nr_unknown, 0);
	for (uint32_t i = 0; i < w.burst.nr; i++)
		cr_expect_eq(w.burst.access[i].carries, w.burst.access[i].addr == 0x7000 ? 3 : 0,
			     "access %u", i);
	world_release(&w);
}
