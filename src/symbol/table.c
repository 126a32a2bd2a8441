/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "symbol/table.h"

#define ENTRIES_MAX    ((size_t)8 << 20)
#define NAME_MAX_BYTES 1024 /* longer ones are cut */
#define PLT_ENTRY      16   /* bytes, on x86-64 and arm64 */

void symbol_table_release(struct symbol_table *t)
{
	free(t->e);
	*t = (struct symbol_table){0};
}

static int add(struct symbol_table *t, const struct symbol_entry *e)
{
	if (t->nr >= ENTRIES_MAX)
		return 0;
	if (vec_reserve(&t->e, &t->cap, t->nr + 1, sizeof(*t->e)))
		return -ENOMEM;
	t->e[t->nr++] = *e;
	return 0;
}

/* ---- symbol tables ---- */

static bool is_wanted(const GElf_Sym *s, bool functions)
{
	int type = GELF_ST_TYPE(s->st_info);

	if (s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS || !s->st_value)
		return false;
	if (functions)
		return type == STT_FUNC || type == STT_GNU_IFUNC;
	return type == STT_OBJECT && s->st_size;
}

static uint8_t rank_of(const GElf_Sym *s, const char *name)
{
	int bind = GELF_ST_BIND(s->st_info);
	int rank = bind == STB_GLOBAL ? 6 : bind == STB_WEAK ? 4 : 2;

	return (uint8_t)(rank + (s->st_size ? 8 : 0) + (name[0] != '_'));
}

static int add_section(struct symbol_table *t, const struct symbol_image *i, Elf_Scn *scn,
		       const GElf_Shdr *shdr, bool functions, struct strings *names)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	size_t n = d && d->d_buf && shdr->sh_entsize ? d->d_size / shdr->sh_entsize : 0;

	for (size_t k = 1; k < MIN(n, ENTRIES_MAX); k++) {
		const char *name;
		GElf_Sym s;

		if (!gelf_getsym(d, (int)k, &s) || !is_wanted(&s, functions))
			continue;
		name = elf_strptr(i->elf, shdr->sh_link, s.st_name);
		if (!name || !*name || *name == '$') /* Arm's marks of code and data */
			continue;
		struct symbol_entry e = {
			.start = s.st_value,
			.size = s.st_size,
			.name = strings_keep(names, name, NAME_MAX_BYTES),
			.from = SYMBOL_TABLE,
			.rank = rank_of(&s, name),
		};
		if (!e.name || add(t, &e))
			return -ENOMEM;
		t->nr_named++;
	}
	return 0;
}

/* Name of the symbol that the k-th relocation of the linkage table is for. */
static const char *plt_name(const struct symbol_image *i, Elf_Data *rel, const GElf_Shdr *rel_shdr,
			    size_t k)
{
	GElf_Shdr sym_shdr;
	Elf_Scn *syms = elf_getscn(i->elf, rel_shdr->sh_link);
	Elf_Data *d = syms && gelf_getshdr(syms, &sym_shdr) ? elf_getdata(syms, NULL) : NULL;
	GElf_Rela r;
	GElf_Sym s;

	if (!d || !d->d_buf || !gelf_getrela(rel, (int)k, &r) ||
	    !gelf_getsym(d, (int)GELF_R_SYM(r.r_info), &s))
		return NULL;
	return elf_strptr(i->elf, sym_shdr.sh_link, s.st_name);
}

/* The stubs that calls into other files go through: as many as there are relocations, at the end of
 * their section. */
static int add_plt(struct symbol_table *t, const struct symbol_image *i, struct strings *names)
{
	GElf_Shdr plt, rel_shdr;
	Elf_Scn *rel = symbol_image_section(i, ".rela.plt", 0, &rel_shdr);
	Elf_Data *d = rel ? elf_getdata(rel, NULL) : NULL;
	size_t n = d && d->d_buf && rel_shdr.sh_entsize ? d->d_size / rel_shdr.sh_entsize : 0;

	if (!n || (!symbol_image_section(i, ".plt.sec", 0, &plt) &&
		   !symbol_image_section(i, ".plt", 0, &plt)))
		return 0;
	if (n > plt.sh_size / PLT_ENTRY)
		return 0;
	for (size_t k = 0; k < n; k++) {
		const char *name = plt_name(i, d, &rel_shdr, k);
		char text[NAME_MAX_BYTES];

		if (!name || !*name)
			continue;
		snprintf(text, sizeof(text), "%.*s@plt", NAME_MAX_BYTES - 8, name);
		struct symbol_entry e = {
			.start = plt.sh_addr + plt.sh_size - (n - k) * PLT_ENTRY,
			.size = PLT_ENTRY,
			.name = strings_keep(names, text, sizeof(text)),
			.from = SYMBOL_PLT,
			.rank = 1,
		};
		if (!e.name || add(t, &e))
			return -ENOMEM;
	}
	return 0;
}

int symbol_table_add_symbols(struct symbol_table *t, const struct symbol_image *i, bool functions,
			     struct strings *names)
{
	GElf_Shdr shdr;
	Elf_Scn *s = symbol_image_section(i, NULL, SHT_SYMTAB, &shdr);
	int err = s ? add_section(t, i, s, &shdr, functions, names) : 0;

	s = symbol_image_section(i, NULL, SHT_DYNSYM, &shdr);
	if (!err && s)
		err = add_section(t, i, s, &shdr, functions, names);
	return err || !functions ? err : add_plt(t, i, names);
}

/* ---- .eh_frame: System V ABI, AMD64 supplement, and the LSB's "Exception Frames" ---- */

struct eh_frame {
	const uint8_t *bytes;
	size_t size;
	uint64_t addr;
	int width; /* of an address */
	struct cie {
		Dwarf_Off at;
		uint8_t encoding; /* of addresses in its entries */
		bool known;
	} * cies; /* sorted */
	size_t nr_cies, cap_cies;
};

/* Bytes that a pointer of this encoding takes; 0: not one that is known. */
static int width_of(uint8_t encoding, int pointer)
{
	switch (encoding & 0x0f) {
	case DW_EH_PE_absptr:
		return pointer;
	case DW_EH_PE_udata2:
	case DW_EH_PE_sdata2:
		return 2;
	case DW_EH_PE_udata4:
	case DW_EH_PE_sdata4:
		return 4;
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		return 8;
	default:
		return 0;
	}
}

static bool get_pointer(const struct eh_frame *f, uint8_t encoding, const uint8_t **p,
			const uint8_t *end, uint64_t *v)
{
	int n = width_of(encoding, f->width);
	uint64_t at = f->addr + (uint64_t)(*p - f->bytes);

	if (!n || end - *p < n)
		return false;
	*v = 0;
	memcpy(v, *p, (size_t)n); /* little endian, as all that we read */
	if (n < 8 && (encoding & 0x08) && *v >> (8 * n - 1))
		*v |= UINT64_MAX << (8 * n);
	*p += n;
	if ((encoding & 0x70) == DW_EH_PE_pcrel)
		*v += at;
	return (encoding & 0x70) == DW_EH_PE_pcrel || !(encoding & 0x70);
}

/* How addresses of the entries of a CIE are written: the 'R' of its augmentation. */
static bool fde_encoding(const struct eh_frame *f, const Dwarf_CIE *cie, uint8_t *encoding)
{
	const uint8_t *p = cie->augmentation_data, *end = p + cie->augmentation_data_size;
	const char *a = cie->augmentation;

	*encoding = DW_EH_PE_absptr;
	if (!a || *a != 'z')
		return a && !*a;
	for (a++; *a && p && p < end; a++) {
		uint64_t skipped;
		uint8_t e;

		if (*a == 'R') {
			*encoding = *p;
			return true;
		}
		if (*a == 'L') {
			p++;
		} else if (*a == 'P') {
			e = *p++;
			if (!get_pointer(f, e & 0x0f, &p, end, &skipped))
				return false;
		} else if (*a != 'S' && *a != 'B') {
			return false;
		}
	}
	return true;
}

static int add_cie(struct eh_frame *f, Dwarf_Off at, const Dwarf_CIE *cie)
{
	struct cie *c;

	if (vec_reserve(&f->cies, &f->cap_cies, f->nr_cies + 1, sizeof(*f->cies)))
		return -ENOMEM;
	c = &f->cies[f->nr_cies++];
	c->at = at;
	c->known = fde_encoding(f, cie, &c->encoding);
	return 0;
}

static int cie_at(const void *key, const void *elem)
{
	Dwarf_Off at = *(const Dwarf_Off *)key;
	const struct cie *c = elem;

	return at < c->at ? -1 : at > c->at;
}

static int add_fde(struct symbol_table *t, const struct eh_frame *f, const Dwarf_FDE *fde)
{
	struct symbol_entry e = {.from = SYMBOL_EH_FRAME};
	const uint8_t *p = fde->start;
	const struct cie *c =
		f->nr_cies ? bsearch(&fde->CIE_pointer, f->cies, f->nr_cies, sizeof(*c), cie_at)
			   : NULL;

	if (!c || !c->known || !get_pointer(f, c->encoding, &p, fde->end, &e.start) ||
	    !get_pointer(f, c->encoding & 0x07, &p, fde->end, &e.size) || !e.size || !e.start)
		return 0;
	return add(t, &e);
}

static int walk(struct symbol_table *t, struct eh_frame *f, const unsigned char *ident, Elf_Data *d)
{
	Dwarf_Off at = 0, next;
	Dwarf_CFI_Entry entry;
	int err = 0;

	while (!err && at < d->d_size) {
		int got = dwarf_next_cfi(ident, d, true, at, &next, &entry);

		if (got > 0 || next == (Dwarf_Off)-1 || next <= at)
			break; /* the end, or no way to go on */
		if (!got)
			err = dwarf_cfi_cie_p(&entry) ? add_cie(f, at, &entry.cie)
						      : add_fde(t, f, &entry.fde);
		at = next;
	}
	return err;
}

int symbol_table_add_ranges(struct symbol_table *t, const struct symbol_image *i)
{
	GElf_Ehdr ehdr;
	GElf_Shdr shdr;
	Elf_Scn *scn = symbol_image_section(i, ".eh_frame", 0, &shdr);
	Elf_Data *d = scn && shdr.sh_type != SHT_NOBITS ? elf_getdata(scn, NULL) : NULL;
	int err;

	if (!d || !d->d_buf || !gelf_getehdr(i->elf, &ehdr) || ehdr.e_ident[EI_DATA] != ELFDATA2LSB)
		return 0;
	struct eh_frame f = {
		.bytes = d->d_buf,
		.size = d->d_size,
		.addr = shdr.sh_addr,
		.width = ehdr.e_ident[EI_CLASS] == ELFCLASS64 ? 8 : 4,
	};
	err = walk(t, &f, ehdr.e_ident, d);
	free(f.cies);
	return err;
}

/* ---- in order ---- */

static int by_start(const void *a, const void *b)
{
	const struct symbol_entry *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	if (!x->name || !y->name)
		return !!y->name - !!x->name;
	return strcmp(x->name, y->name);
}

void symbol_table_sort(struct symbol_table *t)
{
	size_t n = 0;

	if (t->nr)
		qsort(t->e, t->nr, sizeof(*t->e), by_start);
	for (size_t i = 0; i < t->nr; i++) {
		if (!n || t->e[n - 1].start != t->e[i].start)
			t->e[n++] = t->e[i];
		else if (!t->e[n - 1].size)
			t->e[n - 1].size = t->e[i].size; /* .eh_frame knows where it ends */
	}
	t->nr = n;
}

const struct symbol_entry *symbol_table_find(const struct symbol_table *t, uint64_t vaddr)
{
	size_t lo = 0, hi = t->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->e[mid].start <= vaddr)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* ranges may lie within others: a few before are looked at, too */
	for (size_t i = lo; i > 0 && lo - i < 8; i--) {
		const struct symbol_entry *e = &t->e[i - 1];

		if (vaddr - e->start < e->size || (!e->size && i == lo))
			return e;
	}
	return NULL;
}
