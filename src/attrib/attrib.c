/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attrib/attrib.h"
#include "attrib/code.h"
#include "attrib/object.h"
#include "base/util.h"

#define ROWS_DEFAULT ((size_t)262144)

struct attrib {
	struct attrib_options options;
	struct strings names;
	struct symbols *symbols;
	struct attrib_codes codes;
	struct attrib_objects objects;
	struct attrib_row *rows;
	size_t nr, cap;
	struct place_table by_row;
	struct attrib_sums all, no_code, no_object, others;
};

int attrib_new(struct damon_record *r, const struct attrib_options *o, struct attrib **out)
{
	struct damon_record_info info = {.size = sizeof(info)};
	struct attrib *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->options = *o;
	if (!a->options.max_rows)
		a->options.max_rows = ROWS_DEFAULT;
	damon_record_info(r, &info);
	err = o->no_symbols ? 0 : symbols_new(&o->symbols, &a->symbols);
	a->codes = (struct attrib_codes){.rec = r,
					 .symbols = a->symbols,
					 .names = &a->names,
					 .lines = o->lines,
					 .of_all = o->target_id == UINT32_MAX,
					 .addresses = o->addresses,
					 .epoch_offset_ns = info.epoch_offset_ns};
	a->objects = (struct attrib_objects){.rec = r,
					     .symbols = a->symbols,
					     .names = &a->names,
					     .members = o->members,
					     .epoch_offset_ns = info.epoch_offset_ns};
	if (!err)
		err = attrib_codes_init(&a->codes);
	if (!err)
		err = attrib_objects_init(&a->objects);
	if (err) {
		attrib_free(a);
		return err;
	}
	*out = a;
	return 0;
}

void attrib_free(struct attrib *a)
{
	if (!a)
		return;
	attrib_codes_release(&a->codes);
	attrib_objects_release(&a->objects);
	place_table_release(&a->by_row);
	symbols_free(a->symbols);
	strings_release(&a->names);
	free(a->rows);
	free(a);
}

void attrib_sums_add(struct attrib_sums *to, const struct attrib_sums *s)
{
	if (!to->n || (s->n && s->first_ns < to->first_ns))
		to->first_ns = s->first_ns;
	to->last_ns = MAX(to->last_ns, s->last_ns);
	to->n += s->n;
	to->weight += s->weight;
	to->squares += s->squares;
	to->stores += s->stores;
	to->likely += s->likely;
	to->stall += s->stall;
	to->latency_n += s->latency_n;
	to->latency_sum += s->latency_sum;
	to->latency_max = MAX(to->latency_max, s->latency_max);
	for (int i = 0; i < DAMON_NR_MEMORY_LEVELS; i++)
		to->level[i] += s->level[i];
	to->remote += s->remote;
	to->tlb_miss += s->tlb_miss;
	to->node_told += s->node_told;
	to->tlb_told += s->tlb_told;
}

struct attrib_sums attrib_sums_of(const struct damon_access_info *i)
{
	double w = i->is_stall ? 0 : i->weight;
	struct attrib_sums s = {
		.n = !i->is_stall,
		.weight = w,
		.squares = w * w,
		.stores = i->store ? w : 0,
		.likely = i->likely ? w : 0,
		.stall = i->is_stall ? i->weight : 0,
		.latency_n = i->latency_cycles > 0,
		.latency_sum = i->latency_cycles,
		.latency_max = i->latency_cycles,
		.remote = i->remote ? w : 0,
		.tlb_miss = i->tlb_miss ? w : 0,
		.node_told = i->local || i->remote ? w : 0,
		.tlb_told = i->tlb_hit || i->tlb_miss ? w : 0,
		.first_ns = i->time_ns,
		.last_ns = i->time_ns,
	};

	if (i->level >= 0 && i->level < DAMON_NR_MEMORY_LEVELS)
		s.level[i->level] = w;
	return s;
}

bool attrib_is_asked_for(const struct attrib *a, const struct damon_access_info *i)
{
	const struct attrib_options *o = &a->options;

	return (o->target_id == UINT32_MAX || o->target_id == i->target_id) &&
	       i->time_ns >= o->from_ns && (!o->to_ns || i->time_ns < o->to_ns) &&
	       i->addr >= o->addr_start && (!o->addr_end || i->addr < o->addr_end);
}

static int add_row(struct attrib *a, const struct damon_access_info *i, uint32_t code,
		   uint32_t object, const struct attrib_sums *s)
{
	struct place key = {{code, object, 0, 0}}; /* they tell the target */
	uint32_t id;

	if (!place_find(&a->by_row, &key, &id)) {
		if (a->nr >= a->options.max_rows) {
			attrib_sums_add(&a->others, s);
			return 0;
		}
		id = (uint32_t)a->nr;
		if (vec_reserve(&a->rows, &a->cap, a->nr + 1, sizeof(*a->rows)) ||
		    place_add(&a->by_row, &key, id))
			return -ENOMEM;
		a->rows[a->nr++] = (struct attrib_row){
			.target_id = i->target_id, .code = code, .object = object};
	}
	attrib_sums_add(&a->rows[id].sums, s);
	return 0;
}

int attrib_add(void *priv, const struct damon_access_info *i)
{
	struct attrib *a = priv;
	struct attrib_sums s;
	int64_t code, object;

	if (!attrib_is_asked_for(a, i))
		return 0;
	code = attrib_codes_find(&a->codes, i);
	object = attrib_objects_find(&a->objects, i);
	if (code < 0 || object < 0)
		return -ENOMEM;
	s = attrib_sums_of(i);
	attrib_sums_add(&a->all, &s);
	if (a->codes.c[code].from == SYMBOL_UNKNOWN)
		attrib_sums_add(&a->no_code, &s);
	if (a->objects.o[object].kind == ATTRIB_UNKNOWN)
		attrib_sums_add(&a->no_object, &s);
	return add_row(a, i, (uint32_t)code, (uint32_t)object, &s);
}

int attrib_find(struct attrib *a, const struct damon_access_info *i, uint32_t *code,
		uint32_t *object)
{
	int64_t c = attrib_codes_find(&a->codes, i), o = attrib_objects_find(&a->objects, i);

	if (c < 0 || o < 0)
		return -ENOMEM;
	*code = (uint32_t)c;
	*object = (uint32_t)o;
	return 0;
}

struct symbol_file *attrib_code_file(struct attrib *a, const struct damon_access_info *i,
				     uint64_t *offset)
{
	return attrib_codes_file(&a->codes, i, offset);
}

size_t attrib_nr_rows(const struct attrib *a)
{
	return a->nr;
}

const struct attrib_row *attrib_row(const struct attrib *a, size_t i)
{
	return &a->rows[i];
}

const struct attrib_code *attrib_code(const struct attrib *a, uint32_t id)
{
	return &a->codes.c[id];
}

const struct attrib_object *attrib_object(const struct attrib *a, uint32_t id)
{
	return &a->objects.o[id];
}

size_t attrib_nr_codes(const struct attrib *a)
{
	return a->codes.nr;
}

size_t attrib_nr_objects(const struct attrib *a)
{
	return a->objects.nr;
}

void attrib_totals(const struct attrib *a, struct attrib_sums *all, struct attrib_sums *no_code,
		   struct attrib_sums *no_object, struct attrib_sums *others)
{
	*all = a->all;
	*no_code = a->no_code;
	*no_object = a->no_object;
	*others = a->others;
}

double attrib_effective(const struct attrib_sums *s)
{
	return s->squares > 0 ? s->weight * s->weight / s->squares : 0;
}

const char *attrib_note(const struct attrib *a, size_t i, const char **path)
{
	return a->symbols ? symbols_note(a->symbols, i, path) : NULL;
}
