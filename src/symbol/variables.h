/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What DWARF tells of data: variables with a fixed address, and which member of one an offset is.
 * Internal to the symbol layer.
 */
#ifndef SYMBOL_VARIABLES_H
#define SYMBOL_VARIABLES_H

#include <elfutils/libdw.h>

#include "symbol/strings.h"
#include "symbol/symbol.h"

struct symbol_variables {
	struct symbol_variable {
		uint64_t start, size;
		Dwarf_Off die;
		const char *within; /* the function of a static one, NULL */
	} * v;			    /* sorted by start */
	size_t nr, cap;
};

/* Walks all units, at most 'max_dies' entries of them. 0 or -ENOMEM. */
int symbol_variables_read(struct symbol_variables *v, Dwarf *dwarf, struct strings *names,
			  size_t max_dies);
void symbol_variables_release(struct symbol_variables *v);

/* Fills in variable, size, member, file and line. False: none is known there. */
bool symbol_variables_find(const struct symbol_variables *v, Dwarf *dwarf, uint64_t vaddr,
			   bool indices, struct strings *names, struct symbol_data *out);

#endif
