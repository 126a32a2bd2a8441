/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an address of a file is called: the function, inlined frames and source line of an
 * instruction, the variable and member of data. From the symbol tables and DWARF of the file, of
 * its separate debug file (build id, debug link), or, where there are none, from the ranges of
 * .eh_frame: those name no function, but tell them apart ("libsqlite3.so.0+0x4f20").
 *
 * A file is believed only if it is the one that was mapped: its build id is the one recorded, or,
 * where none was, its device and inode are and it was not written since. What cannot be told is
 * 'unknown', never a guess; symbol_file_note() says why.
 *
 * Every byte of those files is hostile: sizes are bounded, nothing is trusted.
 * Results are owned by the symbols and live as long as them. One thread at a time.
 */
#ifndef SYMBOL_SYMBOL_H
#define SYMBOL_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;
struct symbol_file;

struct symbols_options {
	const char *cache_dir; /* answers are kept there between runs; NULL: not kept */
	/* Where debug information and files that are gone are looked for by build id, separated by
	 * ':'; as distributions lay them out, or as perf does (~/.debug). NULL: /usr/lib/debug */
	const char *debug_dirs;
};

int symbols_new(const struct symbols_options *o, struct symbols **out);
void symbols_free(struct symbols *s); /* writes the cache; NULL is fine */

/* The file behind a mapping, as it was recorded. */
struct symbol_file_id {
	const char *path;
	uint64_t dev, inode;
	const uint8_t *build_id;
	size_t build_id_len;	   /* 0: none was recorded */
	int64_t recorded_epoch_ns; /* of the record: a file written later is another; 0: not known
				    */
	int pid; /* its mount namespace is looked into first, if it still lives; 0 */
};

/* Always returns a file, remembered by its id; one that cannot be read knows no names. NULL only
 * without memory. Opening is put off until something is asked of it. */
struct symbol_file *symbols_file(struct symbols *s, const struct symbol_file_id *id);
/* "", or why it knows less than it might: "is another file now (build id differs)", "not found",
 * "no symbols; functions are told apart by .eh_frame". */
const char *symbol_file_note(struct symbol_file *f);
/* The i-th file whose code was asked for and that has a note, with its path; NULL beyond the last.
 */
const char *symbols_note(struct symbols *s, size_t i, const char **path);

/*
 * A file that is gone or was replaced may have left its debug information behind, known by its
 * build id. That does not tell where 'offset' of the file was in memory: if it is wanted, tell all
 * of the file's mappings by symbols_place().
 */
struct symbol_mapping {
	uint64_t start, bytes, offset;
	bool code; /* it may be executed */
};
bool symbols_wants_place(struct symbol_file *f, uint64_t offset);
void symbols_place(struct symbol_file *f, const struct symbol_mapping *m, size_t n);

enum symbol_from {
	SYMBOL_UNKNOWN,
	SYMBOL_TABLE, /* .symtab or .dynsym */
	SYMBOL_DWARF,
	SYMBOL_EH_FRAME, /* a range without a name: 'function' is "file+0x4f20" */
	SYMBOL_JIT,	 /* /tmp/perf-PID.map */
	SYMBOL_PLT,	 /* "memcpy@plt" */
};

struct symbol_frame {
	const char *function; /* demangled; NULL: unknown */
	const char *file;     /* source, NULL: unknown */
	unsigned line;	      /* 0: unknown */
};

#define SYMBOL_MAX_FRAMES 16
struct symbol_code {
	enum symbol_from from;
	const char *function; /* the one that was compiled, not an inlined one; NULL: unknown */
	uint64_t start, size; /* of it, file's virtual addresses */
	size_t nr_frames;     /* [0]: the innermost inlined one; the last: 'function' itself */
	struct symbol_frame frames[SYMBOL_MAX_FRAMES];
};
/* Of the instruction at 'offset' of the file. 'lines': frames with source lines, which takes DWARF;
 * without it there is one frame. Returns true if a function is known. */
bool symbols_code(struct symbol_file *f, uint64_t offset, bool lines, struct symbol_code *out);

/* The same from /tmp/perf-PID.map, which programs that make code at run time write; 'ip' is an
 * address of the process. */
bool symbols_jit(struct symbols *s, int pid, uint64_t ip, struct symbol_code *out);

/* An address of the process minus the file's virtual address, for a mapping of offset 'offset' at
 * 'start'. False: the file cannot tell. */
bool symbols_bias(struct symbol_file *f, uint64_t start, uint64_t offset, uint64_t *bias);

struct symbol_data {
	const char
		*variable; /* "table"; static ones of functions: "count (in step)"; NULL unknown */
	uint64_t start, size; /* of it, or else of the section; file's virtual addresses */
	const char *member;   /* what of it: "[3].next", "" the whole, or not known */
	const char *section;  /* ".data", ".bss", ".rodata", ...; NULL unknown */
	const char *file;     /* where it is defined, NULL: unknown */
	unsigned line;
};
/* Of data at a virtual address of the file. 'indices': elements of arrays are told apart
 * ("[3].next", else "[].next"). Returns true if a variable or at least a section is known. */
bool symbols_data(struct symbol_file *f, uint64_t vaddr, bool indices, struct symbol_data *out);

/* The range of a function by name, for annotate: the i-th of that name. Returns true if there is
 * one. */
bool symbols_find_function(struct symbol_file *f, const char *name, size_t i,
			   struct symbol_code *out);

/* Source line of each instruction of [start, end), virtual addresses: told in order. Files have
 * their whole path, if it is known. Return false from 'fn' to stop. */
typedef bool (*symbol_line_fn)(void *priv, uint64_t vaddr, uint64_t end, const char *file,
			       unsigned line);
void symbols_lines(struct symbol_file *f, uint64_t start, uint64_t end, symbol_line_fn fn,
		   void *priv);

/* Bytes of code at a virtual address, for disassembly. Returns how many, at most 'n'. */
size_t symbols_bytes(struct symbol_file *f, uint64_t vaddr, void *buf, size_t n);
uint64_t symbols_vaddr(struct symbol_file *f, uint64_t offset); /* 0: not of a segment */
/* Its ELF e_machine, and when it was written, since the epoch; 0: not known. */
unsigned symbols_machine(struct symbol_file *f);
int64_t symbols_built_ns(struct symbol_file *f);

#endif
