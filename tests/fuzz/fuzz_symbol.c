/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF files with their DWARF, as a target may have mapped them: every question is asked of them. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/util.h"
#include "symbol/jit.h"
#include "symbol/symbol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sum;

/* libdw 0.188 forgets some bytes of damaged files. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libdw";
}

static bool line(void *priv, uint64_t vaddr, uint64_t end, const char *file, unsigned nr)
{
	sum += vaddr + end + strlen(file) + nr;
	return --*(int *)priv > 0;
}

static void ask_code(struct symbol_file *f, uint64_t offset)
{
	struct symbol_code c;
	uint8_t bytes[16];
	int left = 1000;

	if (symbols_code(f, offset, true, &c))
		sum += strlen(c.function);
	for (size_t i = 0; i < c.nr_frames; i++)
		sum += c.frames[i].file ? strlen(c.frames[i].file) : 0;
	symbols_lines(f, c.start, c.start + MIN(c.size, 4096ull), line, &left);
	sum += symbols_bytes(f, symbols_vaddr(f, offset), bytes, sizeof(bytes));
}

static void ask_data(struct symbol_file *f, uint64_t vaddr)
{
	struct symbol_data d;

	if (symbols_data(f, vaddr, true, &d))
		sum += (d.variable ? strlen(d.variable) : 0) + strlen(d.member) +
		       (d.section ? strlen(d.section) : 0);
}

static void ask(const char *path, const struct stat *st)
{
	struct symbol_file_id id = {
		.path = path,
		.dev = (uint64_t)major(st->st_dev) << 32 | minor(st->st_dev),
		.inode = st->st_ino,
		.recorded_epoch_ns = INT64_MAX,
	};
	struct symbols_options o = {.debug_dirs = "/nowhere"};
	struct symbols *s;
	struct symbol_file *f;
	struct symbol_code c;
	uint64_t bias;

	if (symbols_new(&o, &s))
		return;
	f = symbols_file(s, &id);
	for (uint64_t at = 0; f && at < (uint64_t)st->st_size && at < 1 << 16; at += 97)
		ask_code(f, at);
	for (uint64_t at = 0; f && at < 1 << 15; at += 61)
		ask_data(f, at);
	if (f) {
		sum += symbols_bias(f, 1 << 20, 4096, &bias) ? bias : 0;
		sum += symbols_find_function(f, "step", 0, &c) + strlen(symbol_file_note(f));
	}
	symbols_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct symbol_table map = {0};
	struct strings names = {0};
	char path[64], *text;
	struct stat st;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || fstat(fd, &st))
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ask(path, &st);
	text = strndup((const char *)data, size);
	if (text)
		symbol_jit_parse(&map, text, &names);
	free(text);
	symbol_table_release(&map);
	strings_release(&names);
	return 0;
}
