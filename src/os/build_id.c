/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "os/build_id.h"

#define NOTES_MAX    ((uint64_t)1 << 20)  /* of a file, bytes */
#define REACH_MAX    ((uint64_t)1 << 20)  /* where notes of memory may lie, */
#define BEYOND_MAX   ((uint64_t)64 << 10) /* and bytes of each that are read there */
#define SEGMENTS_MAX 256

static size_t id_in(Elf_Data *d, uint8_t id[DAMON_BUILD_ID_MAX])
{
	size_t at = 0, next, name, desc;
	GElf_Nhdr n;

	while ((next = gelf_getnote(d, at, &n, &name, &desc)) > 0) {
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 &&
		    n.n_descsz <= DAMON_BUILD_ID_MAX &&
		    !memcmp((char *)d->d_buf + name, "GNU", 4)) {
			memcpy(id, (char *)d->d_buf + desc, n.n_descsz);
			return n.n_descsz;
		}
		at = next;
	}
	return 0;
}

/* The next segment of notes from the *i-th segment on. */
static bool next_notes(Elf *e, size_t *i, GElf_Phdr *p)
{
	size_t n;

	if (!e || elf_getphdrnum(e, &n))
		return false;
	for (n = MIN(n, (size_t)SEGMENTS_MAX); *i < n; (*i)++) {
		if (!gelf_getphdr(e, (int)*i, p))
			return false;
		if (p->p_type == PT_NOTE && p->p_filesz && p->p_filesz <= NOTES_MAX) {
			(*i)++;
			return true;
		}
	}
	return false;
}

size_t damon_build_id_of(Elf *e, uint8_t id[DAMON_BUILD_ID_MAX])
{
	size_t len = 0;
	GElf_Phdr p;

	for (size_t i = 0; !len && next_notes(e, &i, &p);) {
		Elf_Data *d = elf_getdata_rawchunk(e, (int64_t)p.p_offset, p.p_filesz,
						   p.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);

		len = d ? id_in(d, id) : 0;
	}
	return len;
}

/* The end of the farthest notes that are worth a look; 0: none lie beyond 'len'. */
static uint64_t notes_end(Elf *e, uint64_t len, uint64_t size)
{
	uint64_t end = 0;
	GElf_Phdr p;

	size = MIN(size, REACH_MAX);
	for (size_t i = 0; next_notes(e, &i, &p);)
		if (p.p_filesz <= BEYOND_MAX && p.p_offset <= size &&
		    p.p_filesz <= size - p.p_offset && p.p_offset + p.p_filesz > len)
			end = MAX(end, p.p_offset + p.p_filesz);
	return end;
}

/* Once more, with the notes beyond the page: of what lies between there is nothing but zeros. */
static ssize_t read_beyond(damon_build_id_fn read, void *priv, Elf *first, const uint8_t *page,
			   size_t len, uint64_t end, uint8_t id[DAMON_BUILD_ID_MAX])
{
	_cleanup_(freep) uint8_t *copy = calloc(1, end);
	GElf_Phdr p;
	size_t n;
	Elf *e;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, page, len);
	for (size_t i = 0; next_notes(first, &i, &p);)
		if (p.p_filesz <= BEYOND_MAX && p.p_offset <= end &&
		    p.p_filesz <= end - p.p_offset && p.p_offset + p.p_filesz > len)
			read(priv, p.p_offset, copy + p.p_offset, p.p_filesz);
	memcpy(copy, page, len); /* headers stay what they were */
	e = elf_memory((char *)copy, end);
	n = damon_build_id_of(e, id);
	elf_end(e);
	return (ssize_t)n;
}

ssize_t damon_build_id_read(damon_build_id_fn read, void *priv, uint64_t size,
			    uint8_t id[DAMON_BUILD_ID_MAX])
{
	_Alignas(16) uint8_t page[DAMON_PAGE_SIZE];
	ssize_t got = read(priv, 0, page, MIN(size, DAMON_PAGE_SIZE)), n;
	uint64_t end;
	Elf *e;

	if (got < 0)
		return got;
	if (got < SELFMAG || memcmp(page, ELFMAG, SELFMAG) != 0 ||
	    elf_version(EV_CURRENT) == EV_NONE)
		return 0;
	e = elf_memory((char *)page, (size_t)got);
	n = (ssize_t)damon_build_id_of(e, id);
	end = n ? 0 : notes_end(e, (uint64_t)got, size);
	if (end)
		n = read_beyond(read, priv, e, page, (size_t)got, end, id);
	elf_end(e);
	return n;
}
