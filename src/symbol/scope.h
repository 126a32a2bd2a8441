/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions of a compilation unit and what was inlined into them, by address: dwarf_getscopes()
 * goes through the whole unit for each question. Internal to the symbol layer.
 */
#ifndef SYMBOL_SCOPE_H
#define SYMBOL_SCOPE_H

#include <elfutils/libdw.h>
#include <stddef.h>
#include <stdint.h>

struct symbol_scopes {
	struct symbol_scope {
		uint64_t start, end;
		Dwarf_Off die;
		uint32_t depth;	 /* 0: a function; n: inlined n deep */
		uint32_t behind; /* of functions: the first that is not inside of it, in order */
	} * s; /* in the order of the entries: what is inside of a function follows it */
	size_t nr, cap;
	uint32_t *functions; /* those of depth 0, sorted by start */
	size_t nr_functions;
};

/* 0 or -ENOMEM; entries beyond a limit are left out. */
int symbol_scopes_read(struct symbol_scopes *s, Dwarf_Die *cu);
void symbol_scopes_release(struct symbol_scopes *s);

/* The entries that hold an address, the innermost first, the function last, at most 'max'. Returns
 * how many. */
size_t symbol_scopes_find(const struct symbol_scopes *s, uint64_t vaddr, Dwarf_Off *dies,
			  size_t max);

#endif
