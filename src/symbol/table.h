/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions or data of a file by address, from .symtab, .dynsym, the procedure linkage table, and
 * for functions without a name the ranges of .eh_frame. Internal to the symbol layer.
 */
#ifndef SYMBOL_TABLE_H
#define SYMBOL_TABLE_H

#include "symbol/image.h"
#include "symbol/strings.h"

struct symbol_entry {
	uint64_t start, size; /* virtual addresses; a size of 0 reaches to the next one */
	const char *name;     /* NULL: .eh_frame tells only the range */
	uint8_t from;	      /* enum symbol_from */
	uint8_t rank;	      /* of several at one address, the highest counts */
};

struct symbol_table {
	struct symbol_entry *e; /* sorted by start; of equal starts one */
	size_t nr, cap;
	size_t nr_named; /* by symbol tables */
};

/* Both add what they find; symbol_table_sort() then puts in order. 0 or -ENOMEM. */
int symbol_table_add_symbols(struct symbol_table *t, const struct symbol_image *i, bool functions,
			     struct strings *names);
int symbol_table_add_ranges(struct symbol_table *t, const struct symbol_image *i);
void symbol_table_sort(struct symbol_table *t);
void symbol_table_release(struct symbol_table *t);

/* The entry that holds 'vaddr', or NULL. */
const struct symbol_entry *symbol_table_find(const struct symbol_table *t, uint64_t vaddr);

#endif
