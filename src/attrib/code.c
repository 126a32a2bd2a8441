/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attrib/code.h"
#include "base/util.h"

#define PLACES_MAX    64		/* mappings of a file */
#define PROT_CODE     4			/* of struct damon_mapping_info */
#define REMEMBERED    ((size_t)1 << 18) /* answers per ip */
#define ADDRESSES_MAX ((size_t)1 << 18) /* told apart; then 'unknown' */

const char *attrib_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* [vdso] is an ELF file that lies nowhere. */
static bool is_elf(const struct damon_mapping_info *m)
{
	return m->name[0] == '/' || (m->build_id_len && !strcmp(m->name, "[vdso]"));
}

static bool same_file(const struct damon_mapping_info *a, const struct damon_mapping_info *b)
{
	return a->inode == b->inode && a->dev == b->dev && a->build_id_len == b->build_id_len &&
	       !memcmp(a->build_id, b->build_id, a->build_id_len);
}

/* Tells where all of a file was while 'm' was mapped. */
static void place_file(struct damon_record *rec, uint32_t space_id, struct symbol_file *f,
		       const struct damon_mapping_info *m)
{
	struct damon_mapping_info o = {.size = sizeof(o)};
	struct symbol_mapping maps[PLACES_MAX];
	size_t n = 0;

	for (size_t k = 0; n < PLACES_MAX && !damon_record_space_mapping(rec, space_id, k, &o); k++)
		if (o.from_ns < m->to_ns && m->from_ns < o.to_ns && same_file(&o, m))
			maps[n++] = (struct symbol_mapping){o.start, o.end - o.start, o.offset,
							    o.prot & PROT_CODE};
	symbols_place(f, maps, n);
}

struct symbol_file *attrib_file(struct symbols *s, struct damon_record *rec,
				const struct damon_access_info *i,
				const struct damon_mapping_info *m, int64_t epoch_offset_ns)
{
	struct symbol_file *f;
	struct symbol_file_id id = {
		.path = m->name,
		.dev = m->dev,
		.inode = m->inode,
		.build_id = m->build_id,
		.build_id_len = m->build_id_len,
		/* what is mapped was written before */
		.recorded_epoch_ns = epoch_offset_ns ? (int64_t)m->from_ns + epoch_offset_ns : 0,
		.pid = i->pid,
	};

	f = s && is_elf(m) ? symbols_file(s, &id) : NULL;
	if (f && m->build_id_len && symbols_wants_place(f, m->offset))
		place_file(rec, i->space_id, f, m);
	return f;
}

int attrib_codes_init(struct attrib_codes *t)
{
	/* id 0: not known */
	if (vec_reserve(&t->c, &t->cap, 1, sizeof(*t->c)))
		return -ENOMEM;
	t->c[t->nr++] = (struct attrib_code){.target_id = UINT32_MAX,
					     .function = "(unknown)",
					     .outer = "",
					     .module = "",
					     .file = ""};
	return 0;
}

void attrib_codes_release(struct attrib_codes *t)
{
	for (size_t i = 0; i < t->nr; i++)
		free((void *)t->c[i].frames);
	free(t->c);
	place_table_release(&t->by_place);
	place_table_release(&t->by_key);
}

static const char *keep(struct attrib_codes *t, const char *text)
{
	const char *kept = text && *text ? strings_keep(t->names, text, 1024) : "";

	return kept ? kept : "";
}

/* Code that no file holds: made at run time, or the kernel's own page. */
static void name_anonymous(struct attrib_codes *t, const struct damon_access_info *i,
			   const struct damon_mapping_info *m, struct attrib_code *c)
{
	struct symbol_code s;
	char text[64];

	c->module = m->name[0] == '[' ? keep(t, m->name) : "[jit]";
	if (t->symbols && m->name[0] != '[' && symbols_jit(t->symbols, i->pid, i->ip, &s)) {
		c->from = s.from;
		c->function = keep(t, s.function);
		return;
	}
	if (m->name[0] == '[') {
		c->function = c->module;
		return;
	}
	snprintf(text, sizeof(text), "anon+0x%llx", i->ip & ~(DAMON_PAGE_SIZE - 1));
	c->function = keep(t, text);
}

/* Where it is, and all of its frames, whose names the symbols keep. */
static void keep_address(struct attrib_codes *t, const struct damon_access_info *i,
			 const struct damon_mapping_info *m, const struct symbol_code *s,
			 struct attrib_code *c)
{
	struct symbol_frame *frames;

	if (!t->addresses)
		return;
	c->ip = i->ip;
	c->map = *m;
	c->map.name = keep(t, m->name);
	frames = s ? calloc(MAX(s->nr_frames, (size_t)1), sizeof(*frames)) : NULL;
	if (!frames)
		return;
	memcpy(frames, s->frames, s->nr_frames * sizeof(*frames));
	if (!s->nr_frames)
		frames[0].function = s->function;
	c->frames = frames;
	c->nr_frames = MAX(s->nr_frames, (size_t)1);
}

static void name_code(struct attrib_codes *t, const struct damon_access_info *i,
		      const struct damon_mapping_info *m, struct attrib_code *c)
{
	struct symbol_file *f = attrib_file(t->symbols, t->rec, i, m, t->epoch_offset_ns);
	const struct symbol_frame *inner;
	struct symbol_code s;
	char text[320];

	if (!is_elf(m)) {
		name_anonymous(t, i, m, c);
		keep_address(t, i, m, NULL, c);
		return;
	}
	c->module = keep(t, attrib_base(m->name));
	if (!f || !symbols_code(f, i->ip - m->start + m->offset, t->lines, &s)) {
		snprintf(text, sizeof(text), "%.256s", c->module);
		c->function = keep(t, text);
		keep_address(t, i, m, NULL, c);
		return;
	}
	keep_address(t, i, m, &s, c);
	inner = s.nr_frames ? &s.frames[0] : NULL;
	c->from = s.from;
	c->function = keep(t, inner && inner->function ? inner->function : s.function);
	if (inner && s.nr_frames > 1)
		c->outer = keep(t, s.function);
	if (inner && t->lines) {
		c->file = keep(t, inner->file);
		c->line = inner->line;
	}
}

/* One place of a file in all processes. Anonymous code is that of its process. */
static struct place key_of_address(const struct attrib_code *c)
{
	const struct damon_mapping_info *m = &c->map;

	if (m->name[0] == '/')
		return (struct place){{(uintptr_t)m->name, c->ip - m->start + m->offset,
				       m->dev ^ m->inode << 20, UINT64_MAX}};
	return (struct place){{(uintptr_t)c->function, c->ip, m->from_ns, c->target_id}};
}

/* The same place may have many addresses: it gets one id, unless these are asked for. */
static int64_t add_code(struct attrib_codes *t, struct attrib_code *c)
{
	struct place key = {{(uintptr_t)c->function, (uintptr_t)c->module,
			     (uintptr_t)c->file ^ (uintptr_t)c->outer << 1,
			     (uint64_t)c->line << 32 | c->target_id}};
	uint32_t id;

	if (t->addresses)
		key = key_of_address(c);
	if (place_find(&t->by_key, &key, &id)) {
		free((void *)c->frames);
		return id;
	}
	if (t->addresses && t->nr >= ADDRESSES_MAX) {
		free((void *)c->frames);
		return 0;
	}
	c->id = (uint32_t)t->nr;
	if (vec_reserve(&t->c, &t->cap, t->nr + 1, sizeof(*t->c)) ||
	    place_add(&t->by_key, &key, c->id)) {
		free((void *)c->frames);
		return -ENOMEM;
	}
	t->c[t->nr++] = *c;
	return c->id;
}

int64_t attrib_codes_find(struct attrib_codes *t, const struct damon_access_info *i)
{
	struct damon_mapping_info m = {.size = sizeof(m)};
	struct attrib_code c = {
		.target_id = t->of_all && !t->addresses ? UINT32_MAX : i->target_id,
		.function = "",
		.outer = "",
		.module = "",
		.file = "",
	};
	struct place key = {{i->space_id, i->ip, 0, 0}};
	uint32_t known;
	int64_t id;

	if (!damon_record_mapping_at(t->rec, i->space_id, i->ip, i->time_ns, &m))
		return 0;
	key.word[2] = m.from_ns;
	if (place_find(&t->by_place, &key, &known))
		return known;
	name_code(t, i, &m, &c);
	id = add_code(t, &c);
	place_trim(&t->by_place, REMEMBERED);
	if (id >= 0 && place_add(&t->by_place, &key, (uint32_t)id))
		return -ENOMEM;
	return id;
}

struct symbol_file *attrib_codes_file(struct attrib_codes *t, const struct damon_access_info *i,
				      uint64_t *offset)
{
	struct damon_mapping_info m = {.size = sizeof(m)};

	if (!damon_record_mapping_at(t->rec, i->space_id, i->ip, i->time_ns, &m))
		return NULL;
	*offset = i->ip - m.start + m.offset;
	return attrib_file(t->symbols, t->rec, i, &m, t->epoch_offset_ns);
}
