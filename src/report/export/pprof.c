/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sample log as a profile of pprof: profile.proto, compressed by gzip. Message and field
 * numbers are those of https://github.com/google/pprof/blob/main/proto/profile.proto.
 *
 * A sample has the values samples, accesses, bytes, latency and stall, one location (with a line
 * for each inlined frame; there are no call chains in a record), and labels that tell process,
 * thread, and what was touched.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/util.h"
#include "report/export/protobuf.h"
#include "report/reports.h"
#include "report/samples.h"
#include "symbol/strings.h"

enum profile_field {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_MAPPING = 3,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING = 6,
	PROFILE_TIME_NS = 9,
	PROFILE_DURATION_NS = 10,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_TYPE = 14,
};
enum value_type_field { TYPE_TYPE = 1, TYPE_UNIT = 2 };
enum sample_field { SAMPLE_LOCATION = 1, SAMPLE_VALUE = 2, SAMPLE_LABEL = 3 };
enum label_field { LABEL_KEY = 1, LABEL_STR = 2, LABEL_NUM = 3 };
enum mapping_field {
	MAPPING_ID = 1,
	MAPPING_START = 2,
	MAPPING_LIMIT = 3,
	MAPPING_OFFSET = 4,
	MAPPING_FILENAME = 5,
	MAPPING_BUILD_ID = 6,
	MAPPING_HAS_FUNCTIONS = 7,
	MAPPING_HAS_FILENAMES = 8,
	MAPPING_HAS_LINES = 9,
	MAPPING_HAS_INLINED = 10,
};
enum location_field {
	LOCATION_ID = 1,
	LOCATION_MAPPING = 2,
	LOCATION_ADDRESS = 3,
	LOCATION_LINE = 4,
};
enum line_field { LINE_FUNCTION = 1, LINE_LINE = 2 };
enum function_field {
	FUNCTION_ID = 1,
	FUNCTION_NAME = 2,
	FUNCTION_SYSTEM_NAME = 3,
	FUNCTION_FILE = 4,
};

static const struct {
	const char *type, *unit;
} values[] = {
	{"samples", "count"},  {"accesses", "count"},	 {"bytes", "bytes"},
	{"latency", "cycles"}, {"stall", "nanoseconds"},
};

struct pprof {
	const struct samples *s;
	struct protobuf out; /* the profile */
	struct strings names;
	struct place_table strings;   /* kept string -> its index */
	struct place_table mappings;  /* (path, file, offset) -> id - 1 */
	struct place_table functions; /* (name, file) -> id - 1 */
	struct pprof_mapping {
		struct damon_mapping_info map;
		bool functions, files, lines, inlined;
	} * map;
	size_t nr_maps, cap_maps;
	uint8_t *located; /* codes whose location was written */
	uint32_t nr_strings, nr_functions;
	bool failed;
};

/* ---- tables ---- */

/* The index of a string, which is written when it is met first. */
static int64_t string_of(struct pprof *p, const char *text)
{
	const char *kept = strings_keep(&p->names, text, strlen(text));
	struct place key = {{(uintptr_t)kept}};
	uint32_t id;

	if (kept && place_find(&p->strings, &key, &id))
		return id;
	if (!kept || place_add(&p->strings, &key, p->nr_strings)) {
		p->failed = true;
		return 0;
	}
	protobuf_str(&p->out, PROFILE_STRING, text);
	return p->nr_strings++;
}

static uint64_t function_of(struct pprof *p, const char *name, const char *file)
{
	struct place key = {{(uint64_t)string_of(p, name), (uint64_t)string_of(p, file)}};
	_cleanup_(protobuf_release) struct protobuf f = {0};
	uint32_t id;

	if (place_find(&p->functions, &key, &id))
		return (uint64_t)id + 1;
	if (place_add(&p->functions, &key, p->nr_functions)) {
		p->failed = true;
		return 0;
	}
	protobuf_u64(&f, FUNCTION_ID, (uint64_t)p->nr_functions + 1);
	protobuf_u64(&f, FUNCTION_NAME, key.word[0]);
	protobuf_u64(&f, FUNCTION_SYSTEM_NAME, key.word[0]);
	protobuf_u64(&f, FUNCTION_FILE, key.word[1]);
	protobuf_message(&p->out, PROFILE_FUNCTION, &f);
	return ++p->nr_functions;
}

/* The mapping of code. That of a file in several processes is one, where it was met first. */
static struct pprof_mapping *mapping_of(struct pprof *p, const struct attrib_code *c, uint64_t *id)
{
	const struct damon_mapping_info *m = &c->map;
	struct place key = {{(uintptr_t)m->name, m->dev ^ m->inode << 20, m->offset,
			     m->name[0] == '/' ? UINT64_MAX : m->start}};
	struct pprof_mapping *map;
	uint32_t at;

	if (!place_find(&p->mappings, &key, &at)) {
		at = (uint32_t)p->nr_maps;
		if (vec_reserve(&p->map, &p->cap_maps, p->nr_maps + 1, sizeof(*p->map)) ||
		    place_add(&p->mappings, &key, at)) {
			p->failed = true;
			return NULL;
		}
		p->map[p->nr_maps++] = (struct pprof_mapping){.map = *m};
	}
	map = &p->map[at];
	map->map.end = MAX(map->map.end, map->map.start + (m->end - m->start));
	*id = (uint64_t)at + 1;
	return map;
}

/* ---- messages ---- */

static void put_line(struct pprof *p, struct protobuf *location, const char *function,
		     const char *file, unsigned line)
{
	_cleanup_(protobuf_release) struct protobuf l = {0};

	protobuf_u64(&l, LINE_FUNCTION, function_of(p, function, file));
	protobuf_u64(&l, LINE_LINE, line);
	protobuf_message(location, LOCATION_LINE, &l);
}

static void put_location(struct pprof *p, const struct attrib_code *c)
{
	_cleanup_(protobuf_release) struct protobuf l = {0};
	struct pprof_mapping *map = NULL;
	uint64_t map_id = 0;

	protobuf_u64(&l, LOCATION_ID, (uint64_t)c->id + 1);
	if (c->map.size)
		map = mapping_of(p, c, &map_id);
	if (map) {
		protobuf_u64(&l, LOCATION_MAPPING, map_id);
		protobuf_u64(&l, LOCATION_ADDRESS, map->map.start + (c->ip - c->map.start));
		map->functions |= c->from != SYMBOL_UNKNOWN;
		map->inlined |= c->nr_frames > 1;
	}
	for (size_t i = 0; i < c->nr_frames; i++) {
		const struct symbol_frame *f = &c->frames[i];

		if (map) {
			map->files |= f->file != NULL;
			map->lines |= f->line != 0;
		}
		put_line(p, &l, f->function ? f->function : "?", f->file ? f->file : "", f->line);
	}
	if (!c->nr_frames)
		put_line(p, &l, c->function, "", 0);
	protobuf_message(&p->out, PROFILE_LOCATION, &l);
}

static void put_label(struct pprof *p, struct protobuf *sample, const char *key, const char *str,
		      int64_t num)
{
	_cleanup_(protobuf_release) struct protobuf l = {0};

	if (str && !*str)
		return;
	protobuf_i64(&l, LABEL_KEY, string_of(p, key));
	if (str)
		protobuf_i64(&l, LABEL_STR, string_of(p, str));
	else
		protobuf_i64(&l, LABEL_NUM, num);
	protobuf_message(sample, SAMPLE_LABEL, &l);
}

static int64_t whole(double v)
{
	return v < 9e18 ? (int64_t)llround(v) : INT64_MAX;
}

static void put_values(struct protobuf *sample, const struct sample_sums *s)
{
	const int64_t v[] = {(int64_t)s->n, whole(s->accesses), whole(s->bytes), whole(s->latency),
			     whole(s->stall_ns)};
	_cleanup_(protobuf_release) struct protobuf list = {0};

	_Static_assert(ARRAY_SIZE(v) == ARRAY_SIZE(values), "a value for each type");
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		protobuf_packed(&list, (uint64_t)v[i]);
	protobuf_message(sample, SAMPLE_VALUE, &list);
}

static void put_sample(struct pprof *p, const struct sample *one)
{
	const struct attrib_code *c = attrib_code(p->s->attrib, one->code);
	const struct attrib_object *o = attrib_object(p->s->attrib, one->object);
	_cleanup_(protobuf_release) struct protobuf m = {0}, list = {0};

	if (!p->located[one->code]) {
		p->located[one->code] = 1;
		put_location(p, c);
	}
	protobuf_packed(&list, (uint64_t)c->id + 1);
	protobuf_message(&m, SAMPLE_LOCATION, &list);
	put_values(&m, &one->sums);
	put_label(p, &m, "pid", NULL, one->pid);
	put_label(p, &m, "tid", NULL, one->tid);
	put_label(p, &m, "comm", samples_comm(p->s, one), 0);
	put_label(p, &m, "object", o->name, 0);
	put_label(p, &m, "kind", attrib_kind_name(o->kind), 0);
	put_label(p, &m, "access", sample_access_name(one->access), 0);
	if (one->level)
		put_label(p, &m, "level", damon_memory_level_name(one->level), 0);
	protobuf_message(&p->out, PROFILE_SAMPLE, &m);
}

/* What was left out for want of room is one sample without a place. */
static void put_others(struct pprof *p)
{
	_cleanup_(protobuf_release) struct protobuf m = {0};

	if (!p->s->others.n)
		return;
	put_values(&m, &p->s->others);
	put_label(p, &m, "object", "(others)", 0);
	protobuf_message(&p->out, PROFILE_SAMPLE, &m);
}

/* Known in full only when all locations were seen. */
static void put_mappings(struct pprof *p)
{
	for (size_t i = 0; i < p->nr_maps; i++) {
		_cleanup_(protobuf_release) struct protobuf m = {0};
		const struct pprof_mapping *map = &p->map[i];
		char id[41] = "";

		for (size_t k = 0; k < MIN(map->map.build_id_len, (size_t)20); k++)
			snprintf(id + 2 * k, 3, "%02x", map->map.build_id[k]);
		protobuf_u64(&m, MAPPING_ID, i + 1);
		protobuf_u64(&m, MAPPING_START, map->map.start);
		protobuf_u64(&m, MAPPING_LIMIT, map->map.end);
		protobuf_u64(&m, MAPPING_OFFSET, map->map.offset);
		protobuf_i64(&m, MAPPING_FILENAME,
			     string_of(p, map->map.name[0] ? map->map.name : "[anon]"));
		protobuf_i64(&m, MAPPING_BUILD_ID, string_of(p, id));
		protobuf_u64(&m, MAPPING_HAS_FUNCTIONS, map->functions);
		protobuf_u64(&m, MAPPING_HAS_FILENAMES, map->files);
		protobuf_u64(&m, MAPPING_HAS_LINES, map->lines);
		protobuf_u64(&m, MAPPING_HAS_INLINED, map->inlined);
		protobuf_message(&p->out, PROFILE_MAPPING, &m);
	}
}

static void put_type(struct pprof *p, uint32_t field, const char *type, const char *unit)
{
	_cleanup_(protobuf_release) struct protobuf t = {0};

	protobuf_i64(&t, TYPE_TYPE, string_of(p, type));
	protobuf_i64(&t, TYPE_UNIT, string_of(p, unit));
	protobuf_message(&p->out, field, &t);
}

static void put_comment(struct pprof *p, const char *text)
{
	if (*text)
		protobuf_i64(&p->out, PROFILE_COMMENT, string_of(p, text));
}

/* The first mapping is taken for the program: neither a library nor the kernel's. */
static void put_program_first(struct pprof *p)
{
	for (size_t k = 0; k < p->s->nr; k++) {
		const struct attrib_code *c = attrib_code(p->s->attrib, p->s->v[k].code);
		uint64_t id;

		if (!c->map.size || c->map.name[0] != '/' || strstr(c->map.name, ".so"))
			continue;
		mapping_of(p, c, &id);
		return;
	}
}

static void put_profile(struct pprof *p)
{
	const struct scan *sc = &p->s->scan;
	const struct damon_record_info *i = &sc->info;

	string_of(p, ""); /* the first one, as it must be */
	put_program_first(p);
	for (size_t k = 0; k < ARRAY_SIZE(values); k++)
		put_type(p, PROFILE_SAMPLE_TYPE, values[k].type, values[k].unit);
	for (size_t k = 0; k < p->s->nr; k++)
		put_sample(p, &p->s->v[k]);
	put_others(p);
	put_mappings(p);
	if (i->epoch_offset_ns)
		protobuf_i64(&p->out, PROFILE_TIME_NS, (int64_t)sc->from_ns + i->epoch_offset_ns);
	protobuf_i64(&p->out, PROFILE_DURATION_NS, (int64_t)(sc->to_ns - sc->from_ns));
	put_type(p, PROFILE_PERIOD_TYPE, "accesses", "count");
	protobuf_u64(&p->out, PROFILE_PERIOD, 1);
	put_comment(p, i->command);
	if (i->scale_lo != i->scale_hi)
		put_comment(p, "accesses are relative: right in proportion to each other, not in "
			       "number");
	protobuf_i64(&p->out, PROFILE_DEFAULT_TYPE, string_of(p, "accesses"));
}

/* ---- out ---- */

static int write_gzip(FILE *out, const struct protobuf *p)
{
	z_stream z = {.next_in = p->data, .avail_in = (uInt)p->len};
	unsigned char buf[1 << 14];
	int got;

	if (p->len > UINT32_MAX)
		return -EFBIG;
	/* 16: a header of gzip, in which there is no time */
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return -ENOMEM;
	do {
		z.next_out = buf;
		z.avail_out = sizeof(buf);
		got = deflate(&z, Z_FINISH);
		fwrite(buf, 1, sizeof(buf) - z.avail_out, out);
	} while (got == Z_OK);
	deflateEnd(&z);
	return got == Z_STREAM_END ? 0 : -EIO;
}

static int convert(struct report_args *a, const struct samples *s)
{
	struct pprof p = {.s = s, .located = calloc(attrib_nr_codes(s->attrib), 1)};
	int err = p.located ? 0 : -ENOMEM;

	if (!err)
		put_profile(&p);
	if (p.failed || p.out.failed)
		err = -ENOMEM;
	if (!err)
		err = write_gzip(a->out, &p.out);
	protobuf_release(&p.out);
	strings_release(&p.names);
	place_table_release(&p.strings);
	place_table_release(&p.mappings);
	place_table_release(&p.functions);
	free(p.map);
	free(p.located);
	return err ? damon_fail(&a->fail, -err, "cannot write a profile: %s", strerror(-err)) : 0;
}

int export_pprof(struct report_args *a)
{
	struct samples s;
	int err;

	if (isatty(fileno(a->out))) {
		damon_fail(&a->fail, EINVAL, "a profile of pprof is not for a terminal");
		damon_fail_remedy(&a->fail, "redirect standard output, or name a file with '-o'");
		return -EINVAL;
	}
	err = samples_load(a, &s);
	if (!err)
		err = convert(a, &s);
	samples_release(&s);
	return err;
}
