/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dwarf.h>
#include <errno.h>
#include <libiberty/demangle.h>
#include <string.h>

#undef ARRAY_SIZE /* libiberty has one, too */
#include "base/util.h"
#include "symbol/code.h"

#define UNITS_MAX      ((size_t)1 << 20)
#define RANGES_MAX     65536 /* of one unit */
#define DEMANGLE_MAX   2048  /* bytes of a name: demanglers are slow on hostile ones */
#define NAME_BYTES_MAX 1024

const char *symbol_demangle(struct strings *names, const char *name)
{
	_cleanup_(freep) char *plain = NULL;

	if ((name[0] == '_' && (name[1] == 'Z' || name[1] == 'R')) &&
	    strnlen(name, DEMANGLE_MAX) < DEMANGLE_MAX)
		plain = cplus_demangle(name, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO);
	return strings_keep(names, plain ? plain : name, NAME_BYTES_MAX);
}

/* ---- units ---- */

static int add_unit(struct symbol_units *u, Dwarf_Die *cu)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	for (int i = 0; i < RANGES_MAX && (at = dwarf_ranges(cu, at, &base, &start, &end)) > 0;
	     i++) {
		if (start >= end || !end || u->nr >= UNITS_MAX)
			continue;
		if (vec_reserve(&u->u, &u->cap, u->nr + 1, sizeof(*u->u)))
			return -ENOMEM;
		u->u[u->nr++] = (struct symbol_unit){start, end, dwarf_dieoffset(cu)};
	}
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct symbol_unit *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

int symbol_units_read(struct symbol_units *u, Dwarf *dwarf)
{
	Dwarf_CU *cu = NULL;
	uint8_t type;
	Dwarf_Die die, sub;
	int err = 0;

	while (!err && !dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, &sub)) {
		if (type == DW_UT_compile)
			err = add_unit(u, &die);
	}
	if (u->nr)
		qsort(u->u, u->nr, sizeof(*u->u), by_start);
	return err;
}

void symbol_units_release(struct symbol_units *u)
{
	for (size_t i = 0; i < u->nr_read; i++)
		symbol_scopes_release(&u->read[i].scopes);
	free(u->read);
	free(u->u);
	*u = (struct symbol_units){0};
}

bool symbol_units_find(const struct symbol_units *u, Dwarf *dwarf, uint64_t vaddr, Dwarf_Die *die)
{
	size_t lo = 0, hi = u->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (u->u[mid].start <= vaddr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && vaddr < u->u[lo - 1].end && dwarf_offdie(dwarf, u->u[lo - 1].die, die);
}

/* ---- frames ---- */

static bool get_unsigned(Dwarf_Die *die, unsigned name, Dwarf_Word *v)
{
	Dwarf_Attribute a;

	return dwarf_attr_integrate(die, name, &a) && !dwarf_formudata(&a, v);
}

static const char *name_of(Dwarf_Die *die, struct strings *names)
{
	Dwarf_Attribute a;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &a) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &a))
		name = dwarf_formstring(&a);
	if (!name)
		name = dwarf_diename(die);
	return name ? symbol_demangle(names, name) : NULL;
}

static const char *keep(struct strings *names, const char *text)
{
	return text ? strings_keep(names, text, NAME_BYTES_MAX) : NULL;
}

static void innermost_line(Dwarf_Die *cu, uint64_t vaddr, struct strings *names,
			   struct symbol_frame *f)
{
	Dwarf_Line *l = dwarf_getsrc_die(cu, vaddr);
	int line;

	if (!l || dwarf_lineno(l, &line) || line <= 0)
		return;
	f->file = keep(names, dwarf_linesrc(l, NULL, NULL));
	f->line = (unsigned)line;
}

/* Where an inlined function was called from. */
static void call_line(Dwarf_Die *cu, Dwarf_Die *inlined, struct strings *names,
		      struct symbol_frame *f)
{
	Dwarf_Word file = 0, line = 0;
	Dwarf_Files *files;
	size_t n;

	if (!get_unsigned(inlined, DW_AT_call_line, &line) || line > UINT32_MAX)
		return;
	f->line = (unsigned)line;
	if (get_unsigned(inlined, DW_AT_call_file, &file) && !dwarf_getsrcfiles(cu, &files, &n) &&
	    file < n)
		f->file = keep(names, dwarf_filesrc(files, file, NULL, NULL));
}

/* What is known of a unit, read when it is first asked of; NULL without memory. */
static const struct symbol_scopes *scopes_of(struct symbol_units *u, Dwarf_Die *cu)
{
	Dwarf_Off die = dwarf_dieoffset(cu);
	struct symbol_unit_scopes *r;

	for (size_t i = u->nr_read; i--;) { /* the latest is asked of again */
		if (u->read[i].die == die)
			return &u->read[i].scopes;
	}
	if (vec_reserve(&u->read, &u->cap_read, u->nr_read + 1, sizeof(*u->read)))
		return NULL;
	r = &u->read[u->nr_read];
	*r = (struct symbol_unit_scopes){.die = die};
	if (symbol_scopes_read(&r->scopes, cu)) {
		symbol_scopes_release(&r->scopes);
		return NULL;
	}
	u->nr_read++;
	return &r->scopes;
}

bool symbol_code_frames(struct symbol_units *u, Dwarf *dwarf, uint64_t vaddr, struct strings *names,
			struct symbol_code *out)
{
	const struct symbol_scopes *scopes;
	Dwarf_Off dies[SYMBOL_MAX_FRAMES];
	Dwarf_Die cu, die;
	size_t n;

	if (!symbol_units_find(u, dwarf, vaddr, &cu))
		return false;
	out->nr_frames = 0;
	memset(out->frames, 0, sizeof(out->frames));
	innermost_line(&cu, vaddr, names, &out->frames[0]);
	scopes = scopes_of(u, &cu);
	n = scopes ? symbol_scopes_find(scopes, vaddr, dies, SYMBOL_MAX_FRAMES) : 0;
	for (size_t i = 0; i < n && dwarf_offdie(dwarf, dies[i], &die); i++) {
		out->frames[out->nr_frames++].function = name_of(&die, names);
		if (out->nr_frames < n)
			call_line(&cu, &die, names, &out->frames[out->nr_frames]);
	}
	if (!out->nr_frames && out->frames[0].line)
		out->nr_frames = 1;
	return out->nr_frames > 0;
}
