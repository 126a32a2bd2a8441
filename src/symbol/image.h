/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ELF file that proved to be the one that was mapped, and the file with its debug information,
 * if there is one. Internal to the symbol layer.
 */
#ifndef SYMBOL_IMAGE_H
#define SYMBOL_IMAGE_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/symbol.h"

struct symbol_segment {
	uint64_t offset, vaddr, file_size, mem_size;
};

struct symbol_image {
	Elf *elf;    /* NULL: there is none */
	int fd;	     /* -1: of [vdso], which is no file */
	char *bytes; /* of the whole file */
	size_t size;
	struct symbol_segment *segments; /* PT_LOAD */
	size_t nr_segments;
	bool hollow; /* names and lines only: no contents, and segments as symbol_image_lay() tells
		      */
};

/* Opens the file of 'id', or [vdso], which is ours if its build id is. Returns 0, or -errno with
 * the reason in 'note': it is not there, is another one, is no ELF file. */
int symbol_image_open(const struct symbol_file_id *id, struct symbol_image *out, char *note,
		      size_t note_size);
/* The separate file with the debug information of 'main', found by build id, then by the debug
 * link, below 'dirs'. Returns 0 or -ENOENT. */
int symbol_image_open_debug(const struct symbol_image *main, const char *path, const char *dirs,
			    struct symbol_image *out);
/* What is kept of a file that is gone, below 'dirs', by its build id: the whole of it, or its debug
 * information, which is hollow. Returns 0 or -ENOENT. */
int symbol_image_open_kept(const struct symbol_file_id *id, const char *dirs,
			   struct symbol_image *out);
/* Tells a hollow one by which mappings it was in memory: its segments are found in them. */
void symbol_image_lay(struct symbol_image *i, const struct symbol_mapping *m, size_t n);
void symbol_image_release(struct symbol_image *i);

/* Its build id; 0 bytes: it has none. */
size_t symbol_image_build_id(const struct symbol_image *i, const uint8_t **id);

/* The first section of a name, or of a type (name NULL); NULL: none. */
Elf_Scn *symbol_image_section(const struct symbol_image *i, const char *name, GElf_Word type,
			      GElf_Shdr *shdr);

/* Between offsets of the file and its virtual addresses; false: of no segment. */
bool symbol_image_vaddr(const struct symbol_image *i, uint64_t offset, uint64_t *vaddr);

#endif
