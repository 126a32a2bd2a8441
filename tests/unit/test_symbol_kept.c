/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of files that are gone: this program's own, of which debug information is kept; and of what
 * never was a file. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "os/build_id.h"
#include "os/proc.h"
#include "symbol/symbol.h"

#define MAPS_MAX 16

static __attribute__((noinline)) int found_again(void)
{
	static volatile int times;

	return times++;
}

/* This program as it lies in memory, and a folder with its debug information. */
struct kept {
	char dir[64], file[160], command[256];
	uint8_t id[DAMON_BUILD_ID_MAX];
	size_t id_len;
	struct symbol_mapping m[MAPS_MAX];
	size_t n, code; /* [code] holds found_again() */
	uint64_t offset;
};

static size_t own_build_id(uint8_t *id)
{
	_cleanup_(closep) int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	Elf *e = elf_version(EV_CURRENT) ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
	size_t n = damon_build_id_of(e, id);

	elf_end(e);
	return n;
}

static void own_mappings(struct kept *k)
{
	struct damon_maps maps;
	uint64_t at = (uintptr_t)found_again, inode = 0;

	cr_assert_eq(damon_maps_read(&damon_sys_real, getpid(), &maps), 0);
	for (size_t i = 0; i < maps.nr; i++)
		if (maps.m[i].start <= at && at < maps.m[i].end)
			inode = maps.m[i].inode;
	for (size_t i = 0; i < maps.nr; i++) {
		const struct damon_mapping *m = &maps.m[i];

		if (m->inode != inode)
			continue;
		cr_assert_lt(k->n, MAPS_MAX);
		if (m->start <= at && at < m->end) {
			k->code = k->n;
			k->offset = at - m->start + m->offset;
		}
		k->m[k->n++] = (struct symbol_mapping){m->start, m->end - m->start, m->offset,
						       m->prot & DAMON_PROT_EXEC};
	}
	damon_maps_release(&maps);
}

/* 'tool' makes what is kept of 'from'. */
static void setup(struct kept *k, const char *tool, const char *tail)
{
	char hex[2 * DAMON_BUILD_ID_MAX + 1] = "";

	memset(k, 0, sizeof(*k));
	k->id_len = own_build_id(k->id);
	if (!k->id_len)
		cr_skip("this test program has no build id");
	own_mappings(k);
	for (size_t i = 0; i < k->id_len; i++)
		snprintf(hex + 2 * i, 3, "%02x", k->id[i]);
	strcpy(k->dir, "/tmp/damon-kept.XXXXXX");
	cr_assert(mkdtemp(k->dir));
	snprintf(k->file, sizeof(k->file), "%s/.build-id", k->dir);
	cr_assert_eq(mkdir(k->file, 0700), 0);
	snprintf(k->file, sizeof(k->file), "%s/.build-id/%.2s", k->dir, hex);
	cr_assert_eq(mkdir(k->file, 0700), 0);
	snprintf(k->file, sizeof(k->file), "%s/.build-id/%.2s/%s", k->dir, hex, hex + 2);
	if (tail[0] == '/') /* as perf keeps it */
		cr_assert_eq(mkdir(k->file, 0700), 0);
	strcat(k->file, tail);
	snprintf(k->command, sizeof(k->command), "%s /proc/%d/exe %s", tool, getpid(), k->file);
	if (system(k->command)) /* NOLINT: a tool of the build */
		cr_skip("'%s' does not work here", tool);
}

static void teardown(struct kept *k)
{
	unlink(k->file);
	while (strcmp(k->file, k->dir) != 0) {
		*strrchr(k->file, '/') = '\0';
		rmdir(k->file);
	}
	cr_expect_neq(access(k->dir, F_OK), 0);
}

/* What found_again() is called if these mappings are told; "" unknown. */
static const char *named(const struct kept *k, const uint8_t *id, const struct symbol_mapping *m,
			 size_t n)
{
	struct symbols_options o = {.debug_dirs = k->dir};
	struct symbol_file_id gone = {
		.path = "/nowhere/at/all", .build_id = id, .build_id_len = k->id_len};
	static char name[64];
	struct symbol_file *f;
	struct symbol_code c;
	struct symbols *s;
	char byte;

	name[0] = '\0';
	cr_assert_eq(symbols_new(&o, &s), 0);
	f = symbols_file(s, &gone);
	if (symbols_wants_place(f, k->offset))
		symbols_place(f, m, n);
	if (symbols_code(f, k->offset, true, &c)) {
		snprintf(name, sizeof(name), "%s", c.function);
		cr_expect(strstr(c.frames[0].file, "test_symbol_kept.c") && c.frames[0].line > 20);
		cr_expect(!symbols_wants_place(f, k->offset));
		cr_expect_str_eq(symbol_file_note(f),
				 "is not there; names are those kept by build id");
	}
	symbols_bytes(f, c.start, &byte, 1);
	symbols_free(s);
	return name;
}

Test(symbol_kept, debug_information_is_joined_by_mappings)
{
	struct symbol_mapping m[MAPS_MAX];
	uint8_t other[DAMON_BUILD_ID_MAX];
	struct kept k;

	setup(&k, "objcopy --only-keep-debug", ".debug");
	cr_expect_str_eq(named(&k, k.id, k.m, k.n), "found_again");
	cr_expect_str_eq(named(&k, k.id, NULL, 0), "", "offsets are not known");
	memcpy(other, k.id, sizeof(other));
	other[0] ^= 1;
	cr_expect_str_eq(named(&k, other, k.m, k.n), "", "another file");

	for (size_t i = 0; i < k.n; i++) { /* each is needed, where it is */
		memcpy(m, k.m, sizeof(m));
		memmove(m + i, m + i + 1, (k.n - i - 1) * sizeof(*m));
		if (!k.m[i].offset || k.m[i].code)
			cr_expect_str_eq(named(&k, k.id, m, k.n - 1), "", "without mapping %zu", i);
		memcpy(m, k.m, sizeof(m));
		m[i].start += DAMON_PAGE_SIZE;
		if (!k.m[i].offset || k.m[i].code)
			cr_expect_str_eq(named(&k, k.id, m, k.n), "", "mapping %zu elsewhere", i);
	}
	/* someone has mapped the first page once more, just before */
	memcpy(m + 1, k.m, k.n * sizeof(*m));
	m[0] = (struct symbol_mapping){k.m[0].start - DAMON_PAGE_SIZE, DAMON_PAGE_SIZE, 0, false};
	cr_expect_str_eq(named(&k, k.id, m, k.n + 1), "found_again");
	teardown(&k);
}

Test(symbol_kept, a_whole_file_needs_none)
{
	static const char *const tails[] = {"", "/elf"};

	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		struct kept k;

		setup(&k, "cp", tails[i]);
		cr_expect_str_eq(named(&k, k.id, NULL, 0), "found_again", "'%s'", tails[i]);
		teardown(&k);
	}
}

Test(symbol_kept, debug_information_as_perf_keeps_it)
{
	struct kept k;

	setup(&k, "objcopy --only-keep-debug", "/debug");
	cr_expect_str_eq(named(&k, k.id, k.m, k.n), "found_again");
	teardown(&k);
}

static ssize_t read_own(void *priv, uint64_t offset, void *buf, size_t len)
{
	memcpy(buf, (const char *)priv + offset, len);
	return (ssize_t)len;
}

Test(symbol_kept, the_kernels_own_code_by_its_build_id)
{
	char *vdso = (char *)getauxval(AT_SYSINFO_EHDR); /* NOLINT: it is a number */
	uint8_t id[DAMON_BUILD_ID_MAX];
	struct symbol_file_id own = {.path = "[vdso]", .build_id = id, .build_id_len = 20};
	struct symbols_options o = {.debug_dirs = "/nowhere"};
	struct symbol_code c, at;
	struct symbol_file *f;
	struct symbols *s;
	uint8_t bytes[8];

	if (!vdso || damon_build_id_read(read_own, vdso, 4096, id) != 20)
		cr_skip("no vdso here that has a build id");
	cr_assert_eq(symbols_new(&o, &s), 0);
	f = symbols_file(s, &own);
	cr_assert(symbols_find_function(f, "__vdso_clock_gettime", 0, &c) ||
		  symbols_find_function(f, "__kernel_clock_gettime", 0, &c));
	cr_expect_str_eq(symbol_file_note(f), "");
	cr_assert_eq(symbols_bytes(f, c.start, bytes, sizeof(bytes)), sizeof(bytes));
	cr_expect_eq(memcmp(bytes, vdso + c.start, sizeof(bytes)), 0);
	cr_assert(symbols_code(f, c.start, true, &at));
	cr_expect_str_eq(at.function, c.function);
	symbols_free(s);

	id[3] ^= 1;
	cr_assert_eq(symbols_new(&o, &s), 0);
	f = symbols_file(s, &own);
	cr_expect_not(symbols_code(f, c.start, true, &c));
	cr_expect_str_eq(symbol_file_note(f), "is another kernel's: its build id differs");
	symbols_free(s);
}
