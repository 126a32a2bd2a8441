/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "symbol/scope.h"

#define SCOPES_MAX ((size_t)1 << 20) /* of a unit */
#define DIES_MAX   ((size_t)8 << 20)
#define NEST_MAX   64
#define RANGES_MAX 1024 /* of an entry */
#define TRIED_MAX  64	/* functions that begin before an address */

struct reading {
	struct symbol_scopes *s;
	size_t dies;
	int err;
};

static void add_ranges(struct reading *r, Dwarf_Die *die, uint32_t depth)
{
	struct symbol_scopes *s = r->s;
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	for (int i = 0; i < RANGES_MAX && (at = dwarf_ranges(die, at, &base, &start, &end)) > 0;
	     i++) {
		if (start >= end || s->nr >= SCOPES_MAX)
			continue;
		if (vec_reserve(&s->s, &s->cap, s->nr + 1, sizeof(*s->s))) {
			r->err = -ENOMEM;
			return;
		}
		s->s[s->nr++] = (struct symbol_scope){start, end, dwarf_dieoffset(die), depth, 0};
	}
}

static void read_children(struct reading *r, Dwarf_Die *die, uint32_t depth, int nest);

static void read_function(struct reading *r, Dwarf_Die *die, int nest)
{
	size_t first = r->s->nr, behind;

	add_ranges(r, die, 0);
	behind = r->s->nr;
	if (behind > first) /* else it is a declaration, or the model of an inlined one */
		read_children(r, die, 1, nest + 1);
	for (size_t i = first; i < behind; i++)
		r->s->s[i].behind = (uint32_t)r->s->nr;
}

static void read_children(struct reading *r, Dwarf_Die *die, uint32_t depth, int nest)
{
	Dwarf_Die child;

	if (nest > NEST_MAX || dwarf_child(die, &child))
		return;
	do {
		if (r->err || r->dies++ > DIES_MAX)
			return;
		switch (dwarf_tag(&child)) {
		case DW_TAG_subprogram:
			read_function(r, &child, nest);
			break;
		case DW_TAG_inlined_subroutine:
			add_ranges(r, &child, depth);
			read_children(r, &child, depth + 1, nest + 1);
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
		case DW_TAG_namespace:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			read_children(r, &child, depth, nest + 1);
			break;
		default:
			break;
		}
	} while (!dwarf_siblingof(&child, &child));
}

static int by_start(const void *a, const void *b, void *priv)
{
	const struct symbol_scope *s = priv;
	uint64_t x = s[*(const uint32_t *)a].start, y = s[*(const uint32_t *)b].start;

	return x < y ? -1 : x > y;
}

int symbol_scopes_read(struct symbol_scopes *s, Dwarf_Die *cu)
{
	struct reading r = {.s = s};

	read_children(&r, cu, 0, 0);
	s->functions = calloc(s->nr + 1, sizeof(*s->functions));
	if (r.err || !s->functions)
		return -ENOMEM;
	for (size_t i = 0; i < s->nr; i++) {
		if (!s->s[i].depth)
			s->functions[s->nr_functions++] = (uint32_t)i;
	}
	qsort_r(s->functions, s->nr_functions, sizeof(*s->functions), by_start, s->s);
	return 0;
}

void symbol_scopes_release(struct symbol_scopes *s)
{
	free(s->s);
	free(s->functions);
	*s = (struct symbol_scopes){.s = NULL};
}

/*
 * The function, a range of it, that begins last before the address and holds it. Several may begin
 * at once (names of one piece of assembly): the first. Or end at different places: a few are tried.
 */
static const struct symbol_scope *function_of(const struct symbol_scopes *s, uint64_t vaddr)
{
	const struct symbol_scope *best = NULL;
	size_t lo = 0, hi = s->nr_functions;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->s[s->functions[mid]].start <= vaddr)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t left = TRIED_MAX; lo && left; lo--, left--) {
		const struct symbol_scope *f = &s->s[s->functions[lo - 1]];

		if (best && f->start != best->start)
			break;
		if (vaddr < f->end)
			best = f;
	}
	return best;
}

size_t symbol_scopes_find(const struct symbol_scopes *s, uint64_t vaddr, Dwarf_Off *dies,
			  size_t max)
{
	const struct symbol_scope *f = function_of(s, vaddr);
	Dwarf_Off at[NEST_MAX + 1];
	size_t n = 0, out = 0;

	if (!f)
		return 0;
	at[n++] = f->die;
	for (const struct symbol_scope *i = f + 1; i < s->s + f->behind; i++) {
		/* functions inside of functions are found as such */
		if (!i->depth || vaddr < i->start || vaddr >= i->end)
			continue;
		n = MIN(n, (size_t)i->depth);
		if (i->depth <= NEST_MAX)
			at[n++] = i->die;
	}
	while (n && out < max)
		dies[out++] = at[--n];
	return out;
}
