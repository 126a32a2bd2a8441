/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dwarf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "symbol/code.h"
#include "symbol/variables.h"

#define DEPTH_MAX      32 /* of nested scopes */
#define TYPES_MAX      64 /* typedefs, qualifiers, members within members */
#define NAME_MAX_BYTES 1024
#define PATH_MAX_BYTES 256

struct walk {
	struct symbol_variables *v;
	struct strings *names;
	size_t left;
	int err;
};

/* ---- types ---- */

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute a;

	return dwarf_attr_integrate(die, DW_AT_type, &a) && dwarf_formref_die(&a, type);
}

/* Through typedefs and qualifiers, to what it is. */
static bool plain_type(Dwarf_Die *type)
{
	for (int i = 0; i < TYPES_MAX; i++) {
		switch (dwarf_tag(type)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			if (!type_of(type, type))
				return false;
			break;
		default:
			return true;
		}
	}
	return false;
}

static uint64_t size_of(Dwarf_Die *type)
{
	Dwarf_Word size;

	return dwarf_aggregate_size(type, &size) ? 0 : size;
}

/* ---- finding variables ---- */

static bool fixed_address(Dwarf_Die *die, uint64_t *addr)
{
	Dwarf_Attribute a;
	Dwarf_Op *op;
	size_t n;

	if (!dwarf_attr(die, DW_AT_location, &a) || dwarf_getlocation(&a, &op, &n) || n != 1 ||
	    op[0].atom != DW_OP_addr)
		return false;
	*addr = op[0].number;
	return *addr != 0;
}

static void add_variable(struct walk *w, Dwarf_Die *die, const char *within)
{
	struct symbol_variable var = {.die = dwarf_dieoffset(die), .within = within};
	Dwarf_Die type;

	if (!fixed_address(die, &var.start) || !type_of(die, &type))
		return;
	var.size = size_of(&type);
	if (!var.size)
		return;
	if (vec_reserve(&w->v->v, &w->v->cap, w->v->nr + 1, sizeof(*w->v->v)))
		w->err = -ENOMEM;
	else
		w->v->v[w->v->nr++] = var;
}

static void walk_children(struct walk *w, Dwarf_Die *die, const char *within, int depth)
{
	Dwarf_Die child;

	if (depth > DEPTH_MAX || dwarf_child(die, &child))
		return;
	do {
		const char *inner = within, *name;

		if (!w->left-- || w->err) {
			w->left = 0;
			return;
		}
		switch (dwarf_tag(&child)) {
		case DW_TAG_variable:
			add_variable(w, &child, within);
			break;
		case DW_TAG_subprogram:
			name = dwarf_diename(&child);
			inner = name ? strings_keep(w->names, name, NAME_MAX_BYTES) : within;
			/* fall through */
		case DW_TAG_lexical_block:
		case DW_TAG_namespace:
			walk_children(w, &child, inner, depth + 1);
			break;
		default:
			break;
		}
	} while (!dwarf_siblingof(&child, &child));
}

static int by_start(const void *a, const void *b)
{
	const struct symbol_variable *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

int symbol_variables_read(struct symbol_variables *v, Dwarf *dwarf, struct strings *names,
			  size_t max_dies)
{
	struct walk w = {v, names, max_dies, 0};
	Dwarf_CU *cu = NULL;
	Dwarf_Die die, sub;
	uint8_t type;

	while (!w.err && w.left && !dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, &sub)) {
		if (type == DW_UT_compile)
			walk_children(&w, &die, NULL, 0);
	}
	if (v->nr)
		qsort(v->v, v->nr, sizeof(*v->v), by_start);
	return w.err;
}

void symbol_variables_release(struct symbol_variables *v)
{
	free(v->v);
	*v = (struct symbol_variables){0};
}

/* ---- members ---- */

struct member_path {
	char text[PATH_MAX_BYTES];
	size_t len;
	bool indices;
};

static void append(struct member_path *p, const char *fmt, const char *text, uint64_t n)
{
	int len;

	if (p->len >= sizeof(p->text) - 1)
		return;
	if (text)
		len = snprintf(p->text + p->len, sizeof(p->text) - p->len, fmt, text);
	else
		len = snprintf(p->text + p->len, sizeof(p->text) - p->len, fmt, n);
	p->len = MIN(p->len + (size_t)MAX(len, 0), sizeof(p->text) - 1);
}

/* Where a member begins in its struct; that of a virtual base is not known. */
static bool member_offset(Dwarf_Die *member, uint64_t *offset)
{
	Dwarf_Attribute a;
	Dwarf_Word v = 0;

	if (dwarf_attr_integrate(member, DW_AT_data_bit_offset, &a)) {
		if (dwarf_formudata(&a, &v))
			return false;
		v /= 8;
	} else if (dwarf_attr_integrate(member, DW_AT_data_member_location, &a) &&
		   dwarf_formudata(&a, &v)) {
		return false;
	}
	*offset = v;
	return true;
}

/* The member that holds '*offset', which becomes the offset in it. Of a union the first. */
static bool step_into(Dwarf_Die *type, uint64_t *offset, struct member_path *p)
{
	Dwarf_Die m, t;

	if (dwarf_child(type, &m))
		return false;
	for (int i = 0; i < 65536; i++) {
		int tag = dwarf_tag(&m);
		uint64_t at, size;
		const char *name;

		if ((tag == DW_TAG_member || tag == DW_TAG_inheritance) && member_offset(&m, &at) &&
		    type_of(&m, &t)) {
			size = size_of(&t);
			if (*offset >= at && *offset - at < size) {
				name = tag == DW_TAG_member ? dwarf_diename(&m) : NULL;
				if (name)
					append(p, ".%s", name, 0);
				*offset -= at;
				*type = t;
				return true;
			}
		}
		if (dwarf_siblingof(&m, &m))
			break;
	}
	return false;
}

static bool step_element(Dwarf_Die *type, uint64_t *offset, struct member_path *p)
{
	Dwarf_Die t;
	uint64_t size;

	if (!type_of(type, &t))
		return false;
	size = size_of(&t);
	if (!size)
		return false;
	if (p->indices)
		append(p, "[%" PRIu64 "]", NULL, *offset / size);
	else
		append(p, "[%s]", "", 0);
	*offset %= size;
	*type = t;
	return true;
}

static void describe(Dwarf_Die *type, uint64_t offset, struct member_path *p)
{
	for (int i = 0; i < TYPES_MAX && plain_type(type); i++) {
		int tag = dwarf_tag(type);

		if (tag == DW_TAG_array_type) {
			/* of several dimensions the element is the scalar one: one index for all */
			if (!step_element(type, &offset, p))
				return;
		} else if (tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
			   tag == DW_TAG_class_type) {
			if (!step_into(type, &offset, p))
				return;
		} else {
			return;
		}
	}
}

static void declared(Dwarf_Die *die, struct strings *names, struct symbol_data *out)
{
	const char *file = dwarf_decl_file(die);
	int line;

	if (file)
		out->file = strings_keep(names, file, NAME_MAX_BYTES);
	if (!dwarf_decl_line(die, &line) && line > 0)
		out->line = (unsigned)line;
}

static const char *name_of(Dwarf_Die *die, const char *within, struct strings *names)
{
	const char *name = dwarf_diename(die);
	char text[NAME_MAX_BYTES];

	if (!name)
		return NULL;
	if (!within)
		return strings_keep(names, name, NAME_MAX_BYTES);
	snprintf(text, sizeof(text), "%.400s (in %.400s)", name, within);
	return strings_keep(names, text, sizeof(text));
}

bool symbol_variables_find(const struct symbol_variables *v, Dwarf *dwarf, uint64_t vaddr,
			   bool indices, struct strings *names, struct symbol_data *out)
{
	struct member_path path = {.indices = indices};
	const struct symbol_variable *var;
	size_t lo = 0, hi = v->nr;
	Dwarf_Die die, type;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v->v[mid].start <= vaddr)
			lo = mid + 1;
		else
			hi = mid;
	}
	var = lo ? &v->v[lo - 1] : NULL;
	if (!var || vaddr - var->start >= var->size || !dwarf_offdie(dwarf, var->die, &die))
		return false;
	out->variable = name_of(&die, var->within, names);
	out->start = var->start;
	out->size = var->size;
	declared(&die, names, out);
	if (type_of(&die, &type))
		describe(&type, vaddr - var->start, &path);
	out->member = strings_keep(names, path.text, sizeof(path.text));
	return out->variable && out->member;
}
