/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attrib/code.h"
#include "attrib/object.h"
#include "base/util.h"

#define REMEMBERED   ((size_t)1 << 18)	  /* answers per 8 bytes of variables, per mapping else */
#define OBJECTS_MAX  ((size_t)65536)	  /* then 'other objects' */
#define MAPPINGS_MAX 65536		  /* of a space, looked through for a neighbour */
#define ARENA_BYTES  ((uint64_t)64 << 20) /* glibc's HEAP_MAX_SIZE: arenas begin at multiples */
#define STACK_BYTES  ((uint64_t)8 << 20)  /* what threads get where nobody asked for another size */

enum { ID_UNKNOWN, ID_OTHERS };

const char *attrib_kind_name(enum attrib_object_kind k)
{
	static const char *const names[ATTRIB_NR_KINDS] = {
		"unknown", "variable", "file", "shared", "heap", "anonymous", "stack", "kernel",
	};

	return (unsigned)k < ATTRIB_NR_KINDS ? names[k] : names[0];
}

int attrib_objects_init(struct attrib_objects *t)
{
	if (vec_reserve(&t->o, &t->cap, 2, sizeof(*t->o)))
		return -ENOMEM;
	t->o[ID_UNKNOWN] = (struct attrib_object){.id = ID_UNKNOWN,
						  .target_id = UINT32_MAX,
						  .name = "(unknown)",
						  .file = "",
						  .source = ""};
	t->o[ID_OTHERS] = t->o[ID_UNKNOWN];
	t->o[ID_OTHERS].id = ID_OTHERS;
	t->o[ID_OTHERS].name = "(others)";
	t->nr = 2;
	return 0;
}

void attrib_objects_release(struct attrib_objects *t)
{
	free(t->o);
	place_table_release(&t->by_place);
	place_table_release(&t->by_key);
	place_table_release(&t->by_mapping);
}

static const char *keep(struct attrib_objects *t, const char *text)
{
	const char *kept = text && *text ? strings_keep(t->names, text, 1024) : "";

	return kept ? kept : "";
}

/* ---- variables ---- */

static bool is_before(const struct damon_mapping_info *m, uint64_t end, uint64_t time_ns)
{
	return m->end == end && m->from_ns <= time_ns && time_ns < m->to_ns;
}

/*
 * The part of a program's data that has no bytes in its file, .bss, is anonymous memory that
 * follows the file's mapping. The file's mapping before 'm', or 'm' itself.
 */
static bool file_before(struct attrib_objects *t, const struct damon_access_info *i,
			struct damon_mapping_info *m)
{
	struct damon_mapping_info o = {.size = sizeof(o)};

	if (m->name[0] == '/')
		return true;
	if (m->name[0])
		return false;
	for (size_t k = 0; k < MAPPINGS_MAX; k++) {
		if (damon_record_space_mapping(t->rec, i->space_id, k, &o))
			return false;
		if (is_before(&o, m->start, i->time_ns) && o.name[0] == '/' && o.prot & 2) {
			*m = o;
			return true;
		}
	}
	return false;
}

/* The same question, with its answer remembered. */
static bool is_bss(struct attrib_objects *t, const struct damon_access_info *i,
		   const struct damon_mapping_info *m)
{
	struct place key = {{i->space_id, m->start, m->from_ns, 0}};
	struct damon_mapping_info before = *m;
	uint32_t known;

	if (m->name[0] || !t->symbols)
		return false;
	if (place_find(&t->by_mapping, &key, &known))
		return known;
	known = file_before(t, i, &before);
	place_trim(&t->by_mapping, REMEMBERED);
	place_add(&t->by_mapping, &key, known);
	return known;
}

static void name_variable(struct attrib_objects *t, const struct symbol_data *d, uint64_t bias,
			  struct attrib_object *o)
{
	char text[512];

	o->kind = ATTRIB_VARIABLE;
	snprintf(text, sizeof(text), "%.256s%.200s", d->variable, t->members ? d->member : "");
	o->name = keep(t, text);
	o->start = o->addr = d->start + bias;
	o->end = o->start + d->size;
	o->bytes = d->size;
	if (d->file && d->line) {
		snprintf(text, sizeof(text), "%.400s:%u", attrib_base(d->file), d->line);
		o->source = keep(t, text);
	}
}

/* Data of a program or library: a variable, else the section. False: it is of no ELF file. */
static bool name_of_file(struct attrib_objects *t, const struct damon_access_info *i,
			 struct damon_mapping_info m, struct attrib_object *o)
{
	struct symbol_file *f;
	uint64_t bias;
	struct symbol_data d;
	char text[320];

	if (!t->symbols || !(m.name[0] == '/' || is_bss(t, i, &m)) || !file_before(t, i, &m))
		return false;
	f = attrib_file(t->symbols, t->rec, i, &m, t->epoch_offset_ns);
	if (!f || !symbols_bias(f, m.start, m.offset, &bias) ||
	    !symbols_data(f, i->addr - bias, false, &d))
		return false;
	o->file = keep(t, m.name);
	if (d.variable) {
		name_variable(t, &d, bias, o);
		return true;
	}
	snprintf(text, sizeof(text), "%.256s %s", attrib_base(m.name), d.section);
	o->kind = ATTRIB_FILE;
	o->name = keep(t, text);
	o->start = o->addr = d.start + bias;
	o->end = o->start + d.size;
	o->bytes = d.size;
	return true;
}

/* ---- everything else ---- */

static void name_anonymous(struct attrib_objects *t, const struct damon_access_info *i,
			   const struct damon_mapping_info *m, struct attrib_object *o)
{
	static const char units[] = "BKMGTPE";
	double bytes = (double)(m->end - m->start);
	char text[64];
	int unit = 0;

	if (i->stack) {
		o->kind = ATTRIB_STACK;
		snprintf(text, sizeof(text), "stack of thread %d", i->tid);
	} else if (m->start % ARENA_BYTES == 0 && bytes <= ARENA_BYTES) {
		o->kind = ATTRIB_HEAP;
		snprintf(text, sizeof(text), "malloc arena %" PRIx64, m->start);
	} else {
		o->kind = ATTRIB_ANON;
		for (; bytes >= 999.5 && units[unit + 1]; unit++) /* as reports write sizes */
			bytes /= 1024;
		snprintf(text, sizeof(text), "anon %.*f%c %" PRIx64,
			 bytes < 9.95 && unit && bytes != (double)(int)bytes, bytes, units[unit],
			 m->start);
	}
	o->name = keep(t, text);
}

static void name_special(struct attrib_objects *t, const struct damon_access_info *i,
			 const struct damon_mapping_info *m, struct attrib_object *o)
{
	bool is_stack = !strncmp(m->name, "[stack", 6);

	o->kind = !strcmp(m->name, "[heap]")	  ? ATTRIB_HEAP
		  : is_stack			  ? ATTRIB_STACK
		  : !strncmp(m->name, "[anon", 5) ? ATTRIB_ANON
						  : ATTRIB_KERNEL;
	o->name = keep(t, m->name);
}

static void name_object(struct attrib_objects *t, const struct damon_access_info *i,
			const struct damon_mapping_info *m, struct attrib_object *o)
{
	o->start = o->addr = m->start;
	o->end = m->end;
	o->bytes = m->end - m->start;
	if (m->prot & 8 && m->inode) {
		o->kind = ATTRIB_SHARED;
		o->name = keep(t, attrib_base(m->name));
		o->file = keep(t, m->name);
		o->start = m->offset;
		o->end = m->offset + o->bytes;
	} else if (m->name[0] == '[') {
		name_special(t, i, m, o);
	} else if (name_of_file(t, i, *m, o)) {
		return;
	} else if (m->name[0]) {
		o->kind = ATTRIB_FILE;
		o->name = keep(t, attrib_base(m->name));
		o->file = keep(t, m->name);
	} else {
		name_anonymous(t, i, m, o);
	}
}

/* ---- ids ---- */

static struct place key_of(const struct attrib_object *o, const struct damon_mapping_info *m)
{
	if (o->kind == ATTRIB_SHARED) /* the same for all who map it */
		return (struct place){{o->kind, m->dev, m->inode, 0}};
	return (struct place){{o->kind, o->target_id, (uintptr_t)o->name, (uintptr_t)o->file}};
}

static int64_t add_object(struct attrib_objects *t, const struct damon_mapping_info *m,
			  struct attrib_object *o)
{
	struct place key = key_of(o, m);
	struct attrib_object *old;
	uint32_t id;

	if (place_find(&t->by_key, &key, &id)) {
		old = &t->o[id];
		if (o->start < old->start) {
			old->start = o->start;
			old->addr = o->addr;
		}
		old->end = MAX(old->end, o->end);
		old->bytes = MAX(old->bytes, o->bytes);
		return id;
	}
	if (t->nr >= OBJECTS_MAX)
		return ID_OTHERS;
	o->id = (uint32_t)t->nr;
	if (vec_reserve(&t->o, &t->cap, t->nr + 1, sizeof(*t->o)) ||
	    place_add(&t->by_key, &key, o->id))
		return -ENOMEM;
	t->o[t->nr++] = *o;
	return o->id;
}

/* The kernel makes one mapping of neighbours that are alike: of one that is larger than stacks of
 * threads are, only what accesses near a stack pointer fell on is a stack for sure. */
static bool is_part_a_stack(const struct damon_access_info *i, const struct damon_mapping_info *m)
{
	return i->stack && !m->name[0] && m->end - m->start > STACK_BYTES;
}

/* The pages of a stack that accesses fell on, and those between. */
static int64_t add_stack_page(struct attrib_objects *t, uint64_t addr,
			      const struct damon_mapping_info *m, struct attrib_object *o)
{
	int64_t id;

	o->start = o->addr = addr & ~(DAMON_PAGE_SIZE - 1);
	o->end = o->start + DAMON_PAGE_SIZE;
	o->bytes = DAMON_PAGE_SIZE;
	id = add_object(t, m, o);
	if (id >= 0 && id != ID_OTHERS)
		t->o[id].bytes = t->o[id].end - t->o[id].start;
	return id;
}

/*
 * Not every access to a thread's stack is near its stack pointer. Once one was, the whole mapping
 * is that stack, with what was counted before.
 */
static int64_t add_anonymous(struct attrib_objects *t, const struct damon_access_info *i,
			     const struct damon_mapping_info *m, struct attrib_object *o)
{
	struct place key = {{i->space_id, m->start, m->from_ns, 1}};
	uint32_t known;
	int64_t id;

	if (place_find(&t->by_mapping, &key, &known)) {
		if (o->kind == ATTRIB_STACK && t->o[known].kind != ATTRIB_STACK) {
			t->o[known].kind = ATTRIB_STACK;
			t->o[known].name = o->name;
		}
		return known;
	}
	id = add_object(t, m, o);
	place_trim(&t->by_mapping, REMEMBERED);
	if (id >= 0 && place_add(&t->by_mapping, &key, (uint32_t)id))
		return -ENOMEM;
	return id;
}

int64_t attrib_objects_find(struct attrib_objects *t, const struct damon_access_info *i)
{
	struct damon_mapping_info m = {.size = sizeof(m)};
	struct attrib_object o = {.target_id = i->target_id, .name = "", .file = "", .source = ""};
	struct place key = {{i->space_id, i->addr & ~7ull, 0, 0}};
	uint32_t known;
	bool part = false;
	int64_t id;

	if (!damon_record_mapping_at(t->rec, i->space_id, i->addr, i->time_ns, &m))
		return ID_UNKNOWN;
	if (m.name[0] != '/' && !is_bss(t, i, &m)) { /* one object, wherever it is touched */
		part = is_part_a_stack(i, &m);
		key.word[1] = part ? i->addr & ~(DAMON_PAGE_SIZE - 1) : m.start;
	}
	key.word[2] = m.from_ns;
	key.word[3] = i->stack ? (uint64_t)(uint32_t)i->tid + 1 : 0;
	if (place_find(&t->by_place, &key, &known))
		return known;
	name_object(t, i, &m, &o);
	if (part)
		id = add_stack_page(t, i->addr, &m, &o);
	else
		id = m.name[0] || o.file[0] ? add_object(t, &m, &o) : add_anonymous(t, i, &m, &o);
	place_trim(&t->by_place, REMEMBERED);
	if (id >= 0 && place_add(&t->by_place, &key, (uint32_t)id))
		return -ENOMEM;
	return id;
}
