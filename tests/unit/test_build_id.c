/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/util.h"
#include "os/build_id.h"

#define IMAGE ((size_t)2 << 20)

/* A file of one or two segments of notes; what is 0 is as linkers do it. */
struct shape {
	const char *name;
	int want;	   /* bytes of the build id, or -errno */
	uint64_t nr_reads; /* 0: one */
	int len;	   /* of the build id; 0: 20, -1: none at all */
	uint64_t notes_at; /* 0x200 */
	uint64_t note_bytes;
	uint64_t size;	 /* of the mapping; IMAGE */
	uint64_t got;	 /* of the first page that can be read; all */
	uint64_t phoff;	 /* 64 */
	uint16_t phnum;	 /* 3 */
	uint32_t align;	 /* 4 */
	uint32_t type;	 /* NT_GNU_BUILD_ID */
	const char *own; /* name of the note: GNU */
	bool narrow, big, property_first, not_elf, closed;
};

struct file {
	uint8_t *bytes;
	const struct shape *s;
	uint64_t nr_reads, nr_bytes;
};

static void put_note(uint8_t *at, const char *name, uint32_t type, int len, bool big)
{
	uint32_t head[3] = {(uint32_t)strlen(name) + 1, (uint32_t)len, type};

	for (int i = 0; i < 3; i++)
		head[i] = big ? htobe32(head[i]) : head[i];
	memcpy(at, head, sizeof(head));
	strcpy((char *)at + 12, name);
	for (int i = 0; i < len; i++)
		at[16 + i] = (uint8_t)(0x10 + i);
}

static void put_segment64(uint8_t *at, uint32_t type, uint64_t offset, uint64_t size,
			  uint64_t align, bool big)
{
	Elf64_Phdr p = {.p_type = type, .p_offset = offset, .p_filesz = size, .p_align = align};

	if (big) {
		p.p_type = htobe32(p.p_type);
		p.p_offset = htobe64(p.p_offset);
		p.p_filesz = htobe64(p.p_filesz);
		p.p_align = htobe64(p.p_align);
	}
	memcpy(at, &p, sizeof(p));
}

static void put_segment32(uint8_t *at, uint32_t type, uint64_t offset, uint64_t size,
			  uint64_t align)
{
	Elf32_Phdr p = {.p_type = type,
			.p_offset = (uint32_t)offset,
			.p_filesz = (uint32_t)size,
			.p_align = (uint32_t)align};

	memcpy(at, &p, sizeof(p));
}

static void put_head(uint8_t *at, const struct shape *s, uint64_t phoff, uint16_t phnum)
{
	Elf64_Ehdr e = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			.e_type = ET_DYN,
			.e_version = EV_CURRENT,
			.e_phoff = phoff,
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = phnum,
			.e_shoff = 10 * IMAGE, /* section headers are at the end, unread */
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = 30};
	Elf32_Ehdr n = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
			.e_type = ET_DYN,
			.e_version = EV_CURRENT,
			.e_phoff = (uint32_t)phoff,
			.e_ehsize = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr),
			.e_phnum = phnum};

	if (s->big) {
		e.e_ident[EI_DATA] = ELFDATA2MSB;
		e.e_type = htobe16(e.e_type);
		e.e_version = htobe32(e.e_version);
		e.e_phoff = htobe64(phoff);
		e.e_ehsize = htobe16(e.e_ehsize);
		e.e_phentsize = htobe16(e.e_phentsize);
		e.e_phnum = htobe16(phnum);
		e.e_shoff = e.e_shnum = 0;
	}
	if (s->narrow)
		memcpy(at, &n, sizeof(n));
	else
		memcpy(at, &e, sizeof(e));
	if (s->not_elf)
		at[1] = 'e';
}

static void build(struct file *f, const struct shape *s)
{
	uint64_t at = s->notes_at ? s->notes_at : 0x200, property = 0x180, phoff, size;
	int len = s->len ? MAX(s->len, 0) : 20;
	size_t each = s->narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);

	f->s = s;
	f->bytes = calloc(1, IMAGE);
	cr_assert(f->bytes);
	phoff = s->phoff ? s->phoff : s->narrow ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr);
	put_head(f->bytes, s, phoff, s->phnum ? s->phnum : 3);
	put_note(f->bytes + property, "GNU", 5, 16, s->big);
	size = 16 + ((uint64_t)len + 7) / 8 * 8; /* padded, as notes are */
	size = s->note_bytes ? s->note_bytes : s->len < 0 ? 0 : size;
	if (at < IMAGE - 64 && s->len >= 0)
		put_note(f->bytes + at, s->own ? s->own : "GNU",
			 s->type ? s->type : NT_GNU_BUILD_ID, len, s->big);
	for (int i = 0; i < 3 && phoff < IMAGE - 256; i++) {
		uint8_t *to = f->bytes + phoff + (size_t)i * each;
		uint32_t type = i ? PT_NOTE : PT_LOAD, align = i == 2 && s->align ? s->align : 4;
		uint64_t where = i == 2 ? at : property, bytes = i == 2 ? size : 32;

		if (s->narrow)
			put_segment32(to, type, where, bytes, align);
		else
			put_segment64(to, type, where, bytes, align, s->big);
	}
}

static ssize_t read_file(void *priv, uint64_t offset, void *buf, size_t len)
{
	struct file *f = priv;

	cr_assert(len && offset + len <= IMAGE, "beyond the file");
	if (f->s->closed)
		return -EPERM;
	if (!f->nr_reads++ && f->s->got)
		len = MIN(len, f->s->got);
	f->nr_bytes += len;
	memcpy(buf, f->bytes + offset, len);
	return (ssize_t)len;
}

Test(build_id, is_read_from_memory)
{
	static const struct shape rows[] = {
		{"as linkers do it", 20},
		{"of MD5", 16, .len = 16},
		{"of one byte", 1, .len = 1},
		{"aligned to 8", 20, .align = 8},
		{"of 32 bits", 20, .narrow = true},
		{"of the other byte order", 20, .big = true},
		{"beyond the first page", 20, 2, .notes_at = 0x1230},
		{"across its end", 20, 2, .notes_at = 0xff0},
		{"at the end of the reach", 20, 2, .notes_at = (1 << 20) - 40},
		{"beyond the reach", 0, .notes_at = (1 << 20) - 36},
		{"beyond the mapping", 0, .notes_at = 0x1230, .size = 0x1240},
		{"far beyond the file", 0, .notes_at = UINT64_MAX - 8},
		{"notes of 65 KiB, beyond", 0, .notes_at = 0x1230, .note_bytes = 65 << 10},
		{"notes without end", 0, .note_bytes = UINT64_MAX},
		{"notes that are cut", 0, .note_bytes = 24},
		{"too long", 0, .len = 21},
		{"none", 0, .len = -1},
		{"a note of another kind", 0, .type = 1},
		{"a note of someone else", 0, .own = "FNU"},
		{"no ELF file", 0, .not_elf = true},
		{"four bytes that can be read", 0, .got = 4},
		{"three", 0, .got = 3},
		{"half a page", 20, .got = 2048},
		{"a page that ends before the notes", 20, 2, .got = 0x200},
		{"a mapping of one page", 20, .size = 4096},
		{"segments beyond the page", 0, .phoff = 8192},
		{"segments beyond everything", 0, .phoff = UINT64_MAX - 64},
		{"more segments than there are", 0, .phnum = 60000},
		{"no rights", -EPERM, .closed = true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct shape *s = &rows[i];
		uint8_t id[DAMON_BUILD_ID_MAX + 1];
		struct file f = {0};
		ssize_t n;

		memset(id, 0xee, sizeof(id));
		build(&f, s);
		n = damon_build_id_read(read_file, &f, s->size ? s->size : IMAGE, id);
		cr_expect_eq(n, s->want, "%s: %zd", s->name, n);
		for (ssize_t k = 0; k < MAX(n, (ssize_t)0); k++)
			cr_expect_eq(id[k], 0x10 + k, "%s", s->name);
		cr_expect_eq(id[n > 0 ? n : 0], 0xee, "%s: more than it says", s->name);
		if (!s->closed)
			cr_expect_eq(f.nr_reads, MAX(s->nr_reads, 1ull), "%s", s->name);
		cr_expect_leq(f.nr_bytes, 4096 + 64, "%s: no more than is needed", s->name);
		free(f.bytes);
	}
}

/* The same id by both ways, of a real program. */
Test(build_id, is_that_of_the_file)
{
	uint8_t by_file[DAMON_BUILD_ID_MAX], by_bytes[DAMON_BUILD_ID_MAX];
	struct shape all = {"the program"};
	struct file f = {.s = &all, .bytes = calloc(1, IMAGE)};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	size_t n;
	Elf *e;

	cr_assert(fd >= 0 && f.bytes && elf_version(EV_CURRENT) != EV_NONE);
	cr_assert_gt(pread(fd, f.bytes, IMAGE, 0), 0);
	e = elf_begin(fd, ELF_C_READ, NULL);
	n = damon_build_id_of(e, by_file);
	elf_end(e);
	close(fd);
	cr_assert_eq(damon_build_id_read(read_file, &f, IMAGE, by_bytes), (ssize_t)n);
	cr_expect_eq(memcmp(by_file, by_bytes, n), 0);
	cr_expect_eq(damon_build_id_of(NULL, by_file), 0);
	free(f.bytes);
	if (!n)
		cr_skip("this test program has no build id");
}

static ssize_t read_vdso(void *priv, uint64_t offset, void *buf, size_t len)
{
	memcpy(buf, (const char *)priv + offset, len);
	return (ssize_t)len;
}

Test(build_id, of_the_kernels_own_code)
{
	void *at = (void *)getauxval(AT_SYSINFO_EHDR);
	uint8_t id[DAMON_BUILD_ID_MAX];

	if (!at)
		cr_skip("no vdso");
	cr_expect_eq(damon_build_id_read(read_vdso, at, 4096, id), 20);
}
