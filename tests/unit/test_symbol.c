/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of code and data: asked of this program itself, whose truth the compiler tells. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <utime.h>

#include "os/proc.h"
#include "symbol/symbol.h"
#include "symbol/table.h"
#include "tests/kit/record_kit.h"

TestSuite(symbol, .fini = kit_remove);

#define EPOCH_FUTURE INT64_MAX

struct inner {
	int first, next;
};

static struct {
	char name[8];
	struct inner in[4];
	union {
		long l;
		double d;
	} u;
} table[10];
static long counter;
static volatile unsigned mixed;
static int inlined_line, called_line;
static void *inlined_ip;

static __attribute__((noinline)) int *static_of_function(void)
{
	static int hidden[3];

	mixed += hidden[0]++;
	return hidden;
}

/* clang-format off */
static inline __attribute__((always_inline)) void mix(void)
{
	inlined_line = __LINE__; inlined_ip = ({ void *p; __asm__ volatile("lea 0(%%rip), %0" : "=r"(p)); p; });
	mixed = mixed * 3 + 1;
}

static __attribute__((noinline)) void call_mix(void)
{
	called_line = __LINE__; mix();
	mixed++;
}
/* clang-format on */

/* The mapping of an address of this process. */
static struct damon_mapping mapping_of(const void *addr, struct damon_maps *maps)
{
	cr_assert_eq(damon_maps_read(&damon_sys_real, getpid(), maps), 0);
	for (size_t i = 0; i < maps->nr; i++) {
		if ((uintptr_t)addr >= maps->m[i].start && (uintptr_t)addr < maps->m[i].end)
			return maps->m[i];
	}
	cr_assert_fail("not mapped");
	return (struct damon_mapping){0};
}

static struct symbols *new_symbols(const char *cache)
{
	struct symbols_options o = {.cache_dir = cache};
	struct symbols *s;

	cr_assert_eq(symbols_new(&o, &s), 0);
	return s;
}

static struct symbol_file_id id_of(const struct damon_mapping *m)
{
	return (struct symbol_file_id){.path = m->name,
				       .dev = m->dev,
				       .inode = m->inode,
				       .recorded_epoch_ns = EPOCH_FUTURE};
}

struct asked {
	struct damon_maps maps;
	struct damon_mapping m;
	struct symbols *s;
	struct symbol_file *f;
	uint64_t offset;
};

static struct asked ask(const void *addr, const char *cache)
{
	struct asked a = {.s = new_symbols(cache)};
	struct symbol_file_id id;

	a.m = mapping_of(addr, &a.maps);
	id = id_of(&a.m);
	a.f = symbols_file(a.s, &id);
	a.offset = (uintptr_t)addr - a.m.start + a.m.offset;
	return a;
}

static void done(struct asked *a)
{
	symbols_free(a->s);
	damon_maps_release(&a->maps);
}

static void expect_inlined(const struct symbol_code *c)
{
	cr_expect_str_eq(c->function, "call_mix");
	cr_expect(c->from == SYMBOL_TABLE && c->size > 0);
	cr_assert_eq(c->nr_frames, 2);
	cr_expect_str_eq(c->frames[0].function, "mix");
	cr_expect_eq(c->frames[0].line, (unsigned)inlined_line);
	cr_expect(strstr(c->frames[0].file, "test_symbol.c"), "%s", c->frames[0].file);
	cr_expect_str_eq(c->frames[1].function, "call_mix");
	cr_expect_eq(c->frames[1].line, (unsigned)called_line);
}

Test(symbol, functions_and_what_was_inlined)
{
	struct symbol_code c;
	struct asked a;

	call_mix();
	a = ask(inlined_ip, NULL);
	cr_assert(symbols_code(a.f, a.offset, true, &c), "%s", symbol_file_note(a.f));
	expect_inlined(&c);
	cr_assert(symbols_code(a.f, a.offset, false, &c));
	cr_expect_str_eq(c.function, "call_mix");
	cr_expect_eq(c.nr_frames, 1);
	cr_expect_eq(c.frames[0].line, 0);
	cr_expect_str_eq(symbol_file_note(a.f), "");
	done(&a);
}

Test(symbol, answers_are_kept_between_runs)
{
	const char *dir = strdup(kit_path("cache"));
	struct symbol_code c;
	struct asked a;

	call_mix();
	for (int i = 0; i < 2; i++) {
		a = ask(inlined_ip, dir);
		cr_assert(symbols_code(a.f, a.offset, true, &c), "round %d", i);
		expect_inlined(&c);
		done(&a);
	}
	free((char *)dir);
}

Test(symbol, data_to_its_member)
{
	static const struct {
		const char *name;
		const volatile void *addr;
		const char *variable, *member, *section;
	} rows[] = {
		{"first byte", &table, "table", "[0].name[0]", ".bss"},
		{"member of an element", &table[3].in[2].next, "table", "[3].in[2].next", ".bss"},
		{"union", &table[9].u.d, "table", "[9].u.l", ".bss"},
		{"scalar", &counter, "counter", "", ".bss"},
	};
	struct asked a = ask(&counter, NULL);
	struct symbol_file_id id;
	struct damon_mapping text;
	struct symbol_data d;
	uint64_t bias;

	/* the end of .bss is anonymous: the file is that of the code */
	damon_maps_release(&a.maps);
	text = mapping_of((void *)(uintptr_t)call_mix, &a.maps);
	id = id_of(&text);
	a.f = symbols_file(a.s, &id);
	cr_assert(symbols_bias(a.f, text.start, text.offset, &bias));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert(symbols_data(a.f, (uintptr_t)rows[i].addr - bias, true, &d), "%s",
			  rows[i].name);
		cr_expect(d.variable && !strcmp(d.variable, rows[i].variable), "%s: %s",
			  rows[i].name, d.variable);
		cr_expect_str_eq(d.member, rows[i].member, "%s: %s", rows[i].name, d.member);
		cr_expect(d.section && !strcmp(d.section, rows[i].section), "%s: %s", rows[i].name,
			  d.section);
	}
	cr_assert(symbols_data(a.f, (uintptr_t)&table[3].in[2].next - bias, false, &d));
	cr_expect_str_eq(d.member, "[].in[].next");
	cr_expect(d.size == sizeof(table) && d.line && strstr(d.file, "test_symbol.c"));
	cr_assert(symbols_data(a.f, (uintptr_t)&static_of_function()[1] - bias, true, &d));
	cr_expect_str_eq(d.variable, "hidden (in static_of_function)");
	cr_expect_str_eq(d.member, "[1]");
	done(&a);
}

Test(symbol, functions_by_name_and_their_lines)
{
	struct asked a = ask((void *)(uintptr_t)call_mix, NULL);
	struct symbol_code c;
	uint8_t code[16];

	cr_assert(symbols_find_function(a.f, "call_mix", 0, &c));
	cr_expect_eq(c.start, symbols_vaddr(a.f, a.offset));
	cr_expect_not(symbols_find_function(a.f, "call_mix", 1, &c));
	cr_expect_not(symbols_find_function(a.f, "no_such_function", 0, &c));
	cr_expect_eq(symbols_bytes(a.f, symbols_vaddr(a.f, a.offset), code, sizeof(code)),
		     sizeof(code));
	cr_expect_arr_eq(code, (const void *)(uintptr_t)call_mix, sizeof(code));
	done(&a);
}

/* Ranges of .eh_frame: the same functions begin where the symbol table says. */
Test(symbol, ranges_are_those_of_functions)
{
	struct symbol_table ranges = {0}, symbols = {0};
	struct strings names = {0};
	struct symbol_image image;
	char note[160] = "";
	struct symbol_file_id id;
	struct damon_maps maps;
	struct damon_mapping m = mapping_of((void *)(uintptr_t)call_mix, &maps);
	size_t same = 0, all = 0;

	id = id_of(&m);
	cr_assert_eq(symbol_image_open(&id, &image, note, sizeof(note)), 0, "%s", note);
	cr_assert_eq(symbol_table_add_ranges(&ranges, &image), 0);
	cr_assert_eq(symbol_table_add_symbols(&symbols, &image, true, &names), 0);
	symbol_table_sort(&ranges);
	symbol_table_sort(&symbols);
	for (size_t i = 0; i < symbols.nr; i++) {
		const struct symbol_entry *s = &symbols.e[i];
		const struct symbol_entry *r = symbol_table_find(&ranges, s->start);

		if (s->from != SYMBOL_TABLE || !s->size)
			continue;
		all++;
		same += r && r->start == s->start && r->size == s->size;
	}
	cr_expect(all > 100 && same * 100 > all * 99, "%zu of %zu", same, all);
	symbol_table_release(&ranges);
	symbol_table_release(&symbols);
	strings_release(&names);
	symbol_image_release(&image);
	damon_maps_release(&maps);
}

Test(symbol, another_file_is_not_believed)
{
	struct damon_maps maps;
	struct damon_mapping m = mapping_of((void *)(uintptr_t)call_mix, &maps);
	static const uint8_t wrong[20] = {1};
	const struct {
		const char *name, *note;
		struct symbol_file_id id;
	} rows[] = {
		{"build id",
		 "is another file now: its build id differs",
		 {.path = m.name, .build_id = wrong, .build_id_len = 20}},
		{"inode",
		 "is another file now: its inode differs",
		 {.path = m.name, .dev = m.dev, .inode = m.inode + 1}},
		{"written since",
		 "was written after it was recorded",
		 {.path = m.name, .dev = m.dev, .inode = m.inode, .recorded_epoch_ns = 1}},
		{"no time",
		 "may have been written since: it was recorded without a build id ('perf inject "
		 "-b' adds them)",
		 {.path = m.name, .dev = m.dev, .inode = m.inode}},
		{"nothing known",
		 "was recorded without a build id or inode: which file it was is "
		 "not known",
		 {.path = m.name}},
		{"gone", "is not there", {.path = "/nowhere/at/all", .inode = 1}},
		{"no path", "has no path", {.path = "[vdso]"}},
		{"no ELF", "is no ELF file", {.path = "/etc/passwd", .inode = 1}},
		{"a device", "is empty, or no regular file", {.path = "/dev/null", .inode = 1}},
	};
	struct symbol_code c;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct symbols *s = new_symbols(NULL);
		struct symbol_file *f = symbols_file(s, &rows[i].id);

		cr_expect_not(symbols_code(f, 0x1000, true, &c), "%s", rows[i].name);
		cr_expect_str_eq(symbol_file_note(f), rows[i].note, "%s: %s", rows[i].name,
				 symbol_file_note(f));
		symbols_free(s);
	}
	damon_maps_release(&maps);
}

Test(symbol, code_made_at_run_time)
{
	const char *path = kit_path("map");
	char map[64];
	struct symbols *s = new_symbols(NULL);
	struct symbol_code c;
	FILE *f;

	(void)path;
	snprintf(map, sizeof(map), "/tmp/perf-%d.map", getpid());
	f = fopen(map, "we");
	cr_assert(f);
	fputs("7f0010000000 40 LazyCompile:~main /tmp/a b.js\nnonsense\n7f0010000040 20 stub\n"
	      "7f0010000000 40 replaced\nzz\n7f0010000100 0 empty\n",
	      f);
	fclose(f);
	cr_assert(symbols_jit(s, getpid(), 0x7f0010000044, &c));
	cr_expect_str_eq(c.function, "stub");
	cr_expect_eq(c.from, SYMBOL_JIT);
	cr_expect(symbols_jit(s, getpid(), 0x7f0010000001, &c));
	cr_expect_not(symbols_jit(s, getpid(), 0x7f0010000060, &c));
	cr_expect_not(symbols_jit(s, 1 << 30, 0x7f0010000044, &c));
	unlink(map);
	symbols_free(s);
}
