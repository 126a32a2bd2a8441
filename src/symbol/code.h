/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What DWARF tells of code: which functions an instruction was inlined from, and source lines.
 * Internal to the symbol layer.
 */
#ifndef SYMBOL_DWARF_CODE_H
#define SYMBOL_DWARF_CODE_H

#include <elfutils/libdw.h>

#include "symbol/scope.h"
#include "symbol/strings.h"
#include "symbol/symbol.h"

/* Code ranges of compilation units: .debug_aranges is not always there, or whole. */
struct symbol_units {
	struct symbol_unit {
		uint64_t start, end;
		Dwarf_Off die;
	} * u; /* sorted by start */
	size_t nr, cap;
	struct symbol_unit_scopes {
		Dwarf_Off die;
		struct symbol_scopes scopes;
	} * read; /* of units that were asked of */
	size_t nr_read, cap_read;
};

/* 0 or -ENOMEM. */
int symbol_units_read(struct symbol_units *u, Dwarf *dwarf);
void symbol_units_release(struct symbol_units *u);
/* The unit of an address; false: none has it. */
bool symbol_units_find(const struct symbol_units *u, Dwarf *dwarf, uint64_t vaddr, Dwarf_Die *die);

/* Fills frames of 'out' (function, file, line). True if there are any. 'names' keeps the strings.
 */
bool symbol_code_frames(struct symbol_units *u, Dwarf *dwarf, uint64_t vaddr, struct strings *names,
			struct symbol_code *out);

/* "_ZN3fooC1Ev" as people write it; names of C are themselves. Kept in 'names', NULL without
 * memory. */
const char *symbol_demangle(struct strings *names, const char *name);

#endif
