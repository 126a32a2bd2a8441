/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "symbol/cache.h"
#include "symbol/code.h"
#include "symbol/image.h"
#include "symbol/jit.h"
#include "symbol/strings.h"
#include "symbol/symbol.h"
#include "symbol/table.h"
#include "symbol/variables.h"

#define FILES_MAX  4096
#define JITS_MAX   256
#define PLACES_MAX 16
#define DIES_MAX   ((size_t)4 << 20) /* looked through for variables, of a file */

struct symbol_file {
	struct symbols *all;
	struct symbol_file_id id; /* with copies of what it points to */
	const char *base;	  /* of the path */
	uint8_t build_id[64];
	char note[160];
	bool opened, asked;		 /* 'asked': of its code */
	uint16_t nr_places;		 /* that were asked for */
	struct symbol_image main, debug; /* debug.elf NULL: none of its own */
	Dwarf *dwarf;			 /* NULL: none */
	bool has_functions, has_objects, has_units, has_variables, has_cache;
	struct symbol_table functions, objects;
	struct symbol_units units;
	struct symbol_variables variables;
	struct symbol_cache cache;
};

struct symbol_jit {
	int pid;
	struct symbol_table table;
};

struct symbols {
	char *cache_dir, *debug_dirs;
	struct strings names;
	struct symbol_file **files;
	size_t nr_files, cap_files;
	struct symbol_jit jits[JITS_MAX];
	size_t nr_jits;
};

int symbols_new(const struct symbols_options *o, struct symbols **out)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->debug_dirs = strdup(o->debug_dirs ? o->debug_dirs : "/usr/lib/debug");
	s->cache_dir = o->cache_dir ? strdup(o->cache_dir) : NULL;
	if (!s->debug_dirs || (o->cache_dir && !s->cache_dir)) {
		symbols_free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

/* ---- files ---- */

/* Where answers about a file are kept; false: nowhere. */
static bool cache_path(const struct symbol_file *f, char *path, size_t size)
{
	const uint8_t *id;
	size_t len = symbol_image_build_id(&f->main, &id);
	int n;

	if (!f->all->cache_dir || len < 8 || len > sizeof(f->build_id))
		return false;
	n = snprintf(path, size, "%s/", f->all->cache_dir);
	for (size_t i = 0; n > 0 && (size_t)n < size && i < len; i++)
		n += snprintf(path + n, size - (size_t)n, "%02x", id[i]);
	/* with its debug file and without, answers differ */
	if (n > 0 && (size_t)n < size)
		n += snprintf(path + n, size - (size_t)n, "%s",
			      f->main.hollow ? ".left"
			      : f->debug.elf ? ".debug"
					     : ".own");
	return n > 0 && (size_t)n < size;
}

static void file_free(struct symbol_file *f)
{
	char path[4096];

	if (f->has_cache && cache_path(f, path, sizeof(path))) {
		mkdir(f->all->cache_dir, 0700);
		symbol_cache_store(&f->cache, path);
	}
	if (f->dwarf)
		dwarf_end(f->dwarf);
	symbol_image_release(&f->debug);
	symbol_image_release(&f->main);
	symbol_table_release(&f->functions);
	symbol_table_release(&f->objects);
	symbol_units_release(&f->units);
	symbol_variables_release(&f->variables);
	symbol_cache_release(&f->cache);
	free(f);
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->nr_files; i++)
		file_free(s->files[i]);
	free(s->files);
	for (size_t i = 0; i < s->nr_jits; i++)
		symbol_table_release(&s->jits[i].table);
	strings_release(&s->names);
	free(s->cache_dir);
	free(s->debug_dirs);
	free(s);
}

static bool is_same(const struct symbol_file_id *a, const struct symbol_file_id *b)
{
	return a->dev == b->dev && a->inode == b->inode && a->build_id_len == b->build_id_len &&
	       !strcmp(a->path, b->path) &&
	       (!a->build_id_len || !memcmp(a->build_id, b->build_id, a->build_id_len));
}

struct symbol_file *symbols_file(struct symbols *s, const struct symbol_file_id *id)
{
	struct symbol_file *f;
	const char *slash;

	for (size_t i = 0; i < s->nr_files; i++) {
		if (is_same(&s->files[i]->id, id))
			return s->files[i];
	}
	if (s->nr_files >= FILES_MAX)
		return s->files[s->nr_files - 1]; /* one that knows nothing, made below */
	f = calloc(1, sizeof(*f));
	if (!f || vec_reserve(&s->files, &s->cap_files, s->nr_files + 1, sizeof(*s->files))) {
		free(f);
		return NULL;
	}
	f->all = s;
	f->main.fd = f->debug.fd = -1;
	f->id = *id;
	f->id.path = strings_keep(&s->names, s->nr_files + 1 == FILES_MAX ? "" : id->path, 4096);
	f->id.build_id_len = MIN(id->build_id_len, sizeof(f->build_id));
	if (f->id.build_id_len)
		memcpy(f->build_id, id->build_id, f->id.build_id_len);
	f->id.build_id = f->build_id;
	if (!f->id.path) {
		free(f);
		return NULL;
	}
	slash = strrchr(f->id.path, '/');
	f->base = slash ? slash + 1 : f->id.path;
	s->files[s->nr_files++] = f;
	return f;
}

/* Opens it when first asked. False: there is nothing to ask. */
static bool opened(struct symbol_file *f)
{
	const struct symbol_image *with_dwarf;

	if (f->opened)
		return f->main.elf;
	f->opened = true;
	if (symbol_image_open(&f->id, &f->main, f->note, sizeof(f->note))) {
		if (symbol_image_open_kept(&f->id, f->all->debug_dirs, &f->main))
			return false;
		snprintf(f->note + strlen(f->note), sizeof(f->note) - strlen(f->note),
			 "; names are those kept by build id");
	}
	if (!f->main.hollow)
		symbol_image_open_debug(&f->main, f->id.path, f->all->debug_dirs, &f->debug);
	with_dwarf = f->debug.elf ? &f->debug : &f->main;
	f->dwarf = dwarf_begin_elf(with_dwarf->elf, DWARF_C_READ, NULL);
	return true;
}

static void read_functions(struct symbol_file *f)
{
	if (f->has_functions)
		return;
	f->has_functions = true;
	if (f->debug.elf)
		symbol_table_add_symbols(&f->functions, &f->debug, true, &f->all->names);
	symbol_table_add_symbols(&f->functions, &f->main, true, &f->all->names);
	symbol_table_add_ranges(&f->functions, &f->main);
	symbol_table_sort(&f->functions);
}

static bool has_full_table(const struct symbol_file *f)
{
	GElf_Shdr shdr;

	return symbol_image_section(&f->debug, NULL, SHT_SYMTAB, &shdr) ||
	       symbol_image_section(&f->main, NULL, SHT_SYMTAB, &shdr);
}

const char *symbol_file_note(struct symbol_file *f)
{
	/* of [vdso] all is exported that there is to call */
	if (opened(f) && !*f->note && f->id.path[0] == '/' && !has_full_table(f))
		snprintf(f->note, sizeof(f->note),
			 "is stripped: functions that it does not export have no names");
	return f->note;
}

const char *symbols_note(struct symbols *s, size_t i, const char **path)
{
	for (size_t k = 0; k < s->nr_files; k++) {
		const char *note = s->files[k]->asked ? symbol_file_note(s->files[k]) : "";

		if (*note && !i--) {
			*path = s->files[k]->id.path;
			return note;
		}
	}
	return NULL;
}

bool symbols_wants_place(struct symbol_file *f, uint64_t offset)
{
	uint64_t vaddr;

	return opened(f) && f->main.hollow && !symbol_image_vaddr(&f->main, offset, &vaddr) &&
	       f->nr_places < PLACES_MAX && ++f->nr_places;
}

void symbols_place(struct symbol_file *f, const struct symbol_mapping *m, size_t n)
{
	symbol_image_lay(&f->main, m, n);
}

/* ---- code ---- */

static const char *range_name(struct symbol_file *f, uint64_t start)
{
	char text[320];

	snprintf(text, sizeof(text), "%.256s+0x%llx", f->base, (unsigned long long)start);
	return strings_keep(&f->all->names, text, sizeof(text));
}

static void read_units(struct symbol_file *f)
{
	if (f->has_units || !f->dwarf)
		return;
	f->has_units = true;
	symbol_units_read(&f->units, f->dwarf);
}

static void function_of(struct symbol_file *f, uint64_t vaddr, struct symbol_code *out)
{
	const struct symbol_entry *e;

	read_functions(f);
	e = symbol_table_find(&f->functions, vaddr);
	if (!e)
		return;
	out->from = (enum symbol_from)e->from;
	out->start = e->start;
	out->size = e->size;
	out->function =
		e->name ? symbol_demangle(&f->all->names, e->name) : range_name(f, e->start);
}

static void answer(struct symbol_file *f, uint64_t vaddr, bool lines, struct symbol_code *out)
{
	struct symbol_frame *last;

	function_of(f, vaddr, out);
	if (lines && f->dwarf) {
		read_units(f);
		symbol_code_frames(&f->units, f->dwarf, vaddr, &f->all->names, out);
	}
	if (!out->nr_frames) {
		out->nr_frames = out->function ? 1 : 0;
		out->frames[0].function = out->function;
		return;
	}
	last = &out->frames[out->nr_frames - 1];
	if (!last->function)
		last->function = out->function;
	if (!out->function) {
		out->function = last->function;
		out->from = SYMBOL_DWARF;
	}
}

static void load_cache(struct symbol_file *f)
{
	char path[4096];

	if (f->has_cache)
		return;
	f->has_cache = true;
	if (cache_path(f, path, sizeof(path)))
		symbol_cache_load(&f->cache, path, &f->all->names);
}

bool symbols_code(struct symbol_file *f, uint64_t offset, bool lines, struct symbol_code *out)
{
	const struct symbol_code *known;
	uint64_t vaddr;

	*out = (struct symbol_code){0};
	f->asked = true;
	if (!opened(f) || !symbol_image_vaddr(&f->main, offset, &vaddr))
		return false;
	if (!lines || !f->dwarf) {
		answer(f, vaddr, false, out);
		return out->function;
	}
	load_cache(f);
	known = symbol_cache_find(&f->cache, offset);
	if (known) {
		*out = *known;
	} else {
		answer(f, vaddr, true, out);
		symbol_cache_add(&f->cache, offset, out);
	}
	return out->function;
}

bool symbols_jit(struct symbols *s, int pid, uint64_t ip, struct symbol_code *out)
{
	const struct symbol_entry *e;
	size_t i = 0;

	*out = (struct symbol_code){0};
	while (i < s->nr_jits && s->jits[i].pid != pid)
		i++;
	if (i == JITS_MAX)
		return false;
	if (i == s->nr_jits) {
		s->jits[s->nr_jits++].pid = pid;
		symbol_jit_read(&s->jits[i].table, pid, &s->names);
	}
	e = symbol_table_find(&s->jits[i].table, ip);
	if (!e)
		return false;
	*out = (struct symbol_code){.from = SYMBOL_JIT,
				    .function = e->name,
				    .start = e->start,
				    .size = e->size,
				    .nr_frames = 1,
				    .frames = {{.function = e->name}}};
	return true;
}

bool symbols_find_function(struct symbol_file *f, const char *name, size_t i,
			   struct symbol_code *out)
{
	*out = (struct symbol_code){0};
	if (!opened(f))
		return false;
	read_functions(f);
	for (size_t k = 0; k < f->functions.nr; k++) {
		const struct symbol_entry *e = &f->functions.e[k];
		const char *own = e->name ? symbol_demangle(&f->all->names, e->name)
					  : range_name(f, e->start);
		size_t len = strlen(name);

		/* "foo" is "foo(int)", too */
		if (!own || strncmp(own, name, len) || (own[len] && own[len] != '('))
			continue;
		if (i--)
			continue;
		function_of(f, e->start, out);
		return out->function;
	}
	return false;
}

/* Sources are named as the compiler was told: often from the folder where it ran. */
static const char *source_path(struct symbol_file *f, Dwarf_Die *cu, const char *file)
{
	Dwarf_Attribute a;
	const char *dir;
	char path[4096];

	if (!file || file[0] == '/')
		return file ? strings_keep(&f->all->names, file, sizeof(path)) : "";
	dir = dwarf_attr(cu, DW_AT_comp_dir, &a) ? dwarf_formstring(&a) : NULL;
	if (!dir || dir[0] != '/')
		return strings_keep(&f->all->names, file, sizeof(path));
	snprintf(path, sizeof(path), "%.2000s/%.2000s", dir, file);
	return strings_keep(&f->all->names, path, sizeof(path));
}

void symbols_lines(struct symbol_file *f, uint64_t start, uint64_t end, symbol_line_fn fn,
		   void *priv)
{
	Dwarf_Lines *lines;
	Dwarf_Die cu;
	size_t n;

	if (!opened(f) || !f->dwarf)
		return;
	read_units(f);
	if (!symbol_units_find(&f->units, f->dwarf, start, &cu) ||
	    dwarf_getsrclines(&cu, &lines, &n))
		return;
	for (size_t i = 0; i + 1 < n; i++) {
		Dwarf_Line *l = dwarf_onesrcline(lines, i), *next = dwarf_onesrcline(lines, i + 1);
		Dwarf_Addr at, to;
		const char *file;
		bool ended;
		int line;

		if (dwarf_lineaddr(l, &at) || dwarf_lineaddr(next, &to) ||
		    dwarf_lineendsequence(l, &ended) || ended || dwarf_lineno(l, &line) ||
		    to <= start || at >= end || to <= at)
			continue;
		file = source_path(f, &cu, dwarf_linesrc(l, NULL, NULL));
		if (!fn(priv, MAX(at, start), MIN(to, end), file ? file : "", (unsigned)line))
			return;
	}
}

size_t symbols_bytes(struct symbol_file *f, uint64_t vaddr, void *buf, size_t n)
{
	if (!opened(f) || f->main.hollow)
		return 0;
	for (size_t i = 0; i < f->main.nr_segments; i++) {
		const struct symbol_segment *s = &f->main.segments[i];
		uint64_t at = vaddr - s->vaddr;

		if (vaddr < s->vaddr || at >= s->file_size)
			continue;
		n = MIN(n, s->file_size - at);
		if (s->offset > f->main.size || at > f->main.size - s->offset)
			return 0;
		n = MIN(n, f->main.size - s->offset - at);
		memcpy(buf, f->main.bytes + s->offset + at, n);
		return n;
	}
	return 0;
}

uint64_t symbols_vaddr(struct symbol_file *f, uint64_t offset)
{
	uint64_t vaddr;

	return opened(f) && symbol_image_vaddr(&f->main, offset, &vaddr) ? vaddr : 0;
}

unsigned symbols_machine(struct symbol_file *f)
{
	GElf_Ehdr ehdr;

	return opened(f) && gelf_getehdr(f->main.elf, &ehdr) ? ehdr.e_machine : 0;
}

int64_t symbols_built_ns(struct symbol_file *f)
{
	struct stat st;

	if (!opened(f) || fstat(f->main.fd, &st))
		return 0;
	return (int64_t)st.st_mtim.tv_sec * (int64_t)NS_PER_SEC + st.st_mtim.tv_nsec;
}

/* ---- data ---- */

bool symbols_bias(struct symbol_file *f, uint64_t start, uint64_t offset, uint64_t *bias)
{
	if (!opened(f))
		return false;
	for (size_t i = 0; i < f->main.nr_segments; i++) {
		const struct symbol_segment *s = &f->main.segments[i];
		uint64_t from = s->offset & ~(DAMON_PAGE_SIZE - 1);

		/* the kernel maps whole pages: the first may begin before the segment */
		if (offset >= from && offset < s->offset + MAX(s->file_size, 1ull)) {
			*bias = start - (s->vaddr - s->offset + offset);
			return true;
		}
	}
	return false;
}

static void section_of(struct symbol_file *f, uint64_t vaddr, struct symbol_data *out)
{
	size_t names;

	if (elf_getshdrstrndx(f->main.elf, &names))
		return;
	for (Elf_Scn *s = NULL; (s = elf_nextscn(f->main.elf, s));) {
		const char *name;
		GElf_Shdr h;

		if (!gelf_getshdr(s, &h) || !(h.sh_flags & SHF_ALLOC) || vaddr < h.sh_addr ||
		    vaddr - h.sh_addr >= h.sh_size ||
		    (h.sh_flags & SHF_TLS && h.sh_type == SHT_NOBITS))
			continue;
		name = elf_strptr(f->main.elf, names, h.sh_name);
		out->section = name ? strings_keep(&f->all->names, name, 256) : NULL;
		out->start = h.sh_addr;
		out->size = h.sh_size;
		return;
	}
}

static void read_data(struct symbol_file *f)
{
	if (!f->has_variables && f->dwarf)
		symbol_variables_read(&f->variables, f->dwarf, &f->all->names, DIES_MAX);
	f->has_variables = true;
	if (f->has_objects)
		return;
	f->has_objects = true;
	if (f->debug.elf)
		symbol_table_add_symbols(&f->objects, &f->debug, false, &f->all->names);
	symbol_table_add_symbols(&f->objects, &f->main, false, &f->all->names);
	symbol_table_sort(&f->objects);
}

bool symbols_data(struct symbol_file *f, uint64_t vaddr, bool indices, struct symbol_data *out)
{
	const struct symbol_entry *e;

	*out = (struct symbol_data){.member = ""};
	if (!opened(f))
		return false;
	read_data(f);
	section_of(f, vaddr, out);
	if (symbol_variables_find(&f->variables, f->dwarf, vaddr, indices, &f->all->names, out))
		return true;
	e = symbol_table_find(&f->objects, vaddr);
	if (e && vaddr - e->start < e->size) {
		out->variable = symbol_demangle(&f->all->names, e->name);
		out->start = e->start;
		out->size = e->size;
	}
	return out->variable || out->section;
}
