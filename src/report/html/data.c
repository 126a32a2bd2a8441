/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/html/data.h"
#include "report/names.h"
#include "report/notes.h"
#include "report/print.h"
#include "report/select.h"

#define DIGITS	      6
#define MAX_NAME      240 /* bytes of a function's, an object's, a file's */
#define QUALITY_WIDTH 96

static void put_known(struct json *j, const char *key, const struct known *k)
{
	json_array(j, key);
	json_double(j, NULL, k->v, DIGITS);
	json_double(j, NULL, k->lo, DIGITS);
	json_double(j, NULL, k->hi, DIGITS);
	json_end(j);
}

/* Names may be of 10 KB: the middle is left out. */
static void put_name(struct json *j, const char *name)
{
	size_t len = strlen(name), head = MAX_NAME * 2 / 3, tail = MAX_NAME - head;
	char cut[MAX_NAME + 8];

	if (len <= MAX_NAME) {
		json_str(j, NULL, name);
		return;
	}
	/* not within a character of UTF-8 */
	while (head && ((unsigned char)name[head] & 0xc0) == 0x80)
		head--;
	while (tail && ((unsigned char)name[len - tail] & 0xc0) == 0x80)
		tail--;
	snprintf(cut, sizeof(cut), "%.*s…%s", (int)head, name, name + len - tail);
	json_str(j, NULL, cut);
}

/* ---- names of a target ---- */

static void put_codes(struct json *j, const struct html_data *d, const struct kept *k)
{
	json_array(j, "code");
	for (size_t i = 0; i < k->codes.n; i++) {
		const struct attrib_code *c = attrib_code(d->attrib, k->codes.ids[i]);

		json_array(j, NULL);
		put_name(j, c->function);
		put_name(j, c->module);
		put_name(j, c->outer);
		put_name(j, c->file);
		json_u64(j, NULL, c->line);
		json_end(j);
	}
	json_end(j);
}

static void put_objects(struct json *j, const struct html_data *d, const struct kept *k)
{
	json_array(j, "object");
	for (size_t i = 0; i < k->objects.n; i++) {
		const struct attrib_object *o = attrib_object(d->attrib, k->objects.ids[i]);

		json_array(j, NULL);
		put_name(j, o->name);
		json_str(j, NULL, attrib_kind_name(o->kind));
		put_name(j, o->file);
		put_name(j, o->source);
		json_u64(j, NULL, o->start);
		json_u64(j, NULL, o->end);
		json_u64(j, NULL, o->bytes);
		json_end(j);
	}
	json_end(j);
}

static bool is_shown(const struct heatgrid *g, const struct damon_mapping_info *m)
{
	if (m->to_ns <= g->start_ns || m->from_ns >= g->end_ns)
		return false;
	for (size_t i = 0; i < g->lay.nr_bands; i++)
		if (m->start < g->lay.bands[i].end && m->end > g->lay.bands[i].start)
			return true;
	return false;
}

struct placed {
	size_t at; /* of damon_record_mapping() */
	double weight;
};

static int larger(const void *x, const void *y)
{
	const struct placed *a = x, *b = y;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

/* Mappings that the rows show, the largest byte-seconds first. The caller frees '*out'. */
static int find_mappings(struct report_args *a, const struct sheet *s, struct placed **out,
			 size_t *n)
{
	struct damon_mapping_info m = {.size = sizeof(m)};
	const struct heatgrid *g = &s->grid;
	size_t cap = 0;

	*out = NULL;
	*n = 0;
	for (size_t i = 0; !damon_record_mapping(a->rec, s->target->info.id, i, &m); i++) {
		double seconds, bytes = (double)(m.end - m.start);

		if (!is_shown(g, &m))
			continue;
		if (vec_reserve(out, &cap, *n + 1, sizeof(**out)))
			return -ENOMEM;
		seconds = (double)(MIN(m.to_ns, g->end_ns) - MAX(m.from_ns, g->start_ns));
		(*out)[(*n)++] = (struct placed){i, bytes * seconds};
	}
	if (*n)
		qsort(*out, *n, sizeof(**out), larger);
	return 0;
}

static int put_mappings(struct json *j, struct report_args *a, const struct html_data *d,
			const struct sheet *s)
{
	uint64_t origin = d->scan.info.start_ns;
	struct damon_mapping_info m = {.size = sizeof(m)};
	_cleanup_(freep) struct placed *found = NULL;
	char name[NAME_MAX_LEN];
	size_t n;
	int err = find_mappings(a, s, &found, &n);

	json_array(j, "mapping");
	for (size_t i = 0; i < MIN(n, d->max_names); i++) {
		if (damon_record_mapping(a->rec, s->target->info.id, found[i].at, &m))
			break;
		json_array(j, NULL);
		json_u64(j, NULL, m.start);
		json_u64(j, NULL, m.end);
		json_u64(j, NULL, MAX(m.from_ns, s->grid.start_ns) - origin);
		json_u64(j, NULL, MIN(m.to_ns, s->grid.end_ns) - origin);
		json_str(j, NULL, name_short(name, &m));
		put_name(j, m.name ? m.name : "");
		json_end(j);
	}
	json_end(j);
	return err;
}

static int put_names(struct json *page, struct report_args *a, const struct html_data *d,
		     const struct sheet *s)
{
	_cleanup_(freep) char *text = NULL;
	struct pack pack = {0};
	struct json j;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int err;

	if (!out)
		return -ENOMEM;
	json_init(&j, out);
	json_object(&j, NULL);
	put_codes(&j, d, &s->kept);
	put_objects(&j, d, &s->kept);
	err = put_mappings(&j, a, d, s);
	json_end(&j);
	if (fclose(out) || err)
		return -ENOMEM;
	err = pack_bytes(&pack, text, len);
	json_str(page, "names", pack.base64 ? pack.base64 : "");
	pack_release(&pack);
	return err;
}

/* ---- a target ---- */

static void put_bands(struct json *j, const struct heat_layout *lay)
{
	json_array(j, "bands");
	for (size_t i = 0; i < lay->nr_bands; i++) {
		json_array(j, NULL);
		json_u64(j, NULL, lay->bands[i].start);
		json_u64(j, NULL, lay->bands[i].end);
		json_u64(j, NULL, lay->bands[i].row_bytes);
		json_u64(j, NULL, lay->bands[i].nr_rows);
		json_end(j);
	}
	json_end(j);
}

static void put_tables(struct json *j, const struct sheet *s)
{
	static const char *const names[SHEET_NR_TABLES] = {
		[SHEET_HEAT] = "heat", [SHEET_LO] = "lo",	[SHEET_HI] = "hi",
		[SHEET_AGE] = "age",   [SHEET_COVER] = "cover",
	};

	json_object(j, "heat");
	json_double(j, "min", s->heat_min, 9);
	json_double(j, "max", s->heat_max, 9);
	json_double(j, "low", s->grid.scale_lo, DIGITS);
	json_double(j, "high", s->grid.scale_hi, DIGITS);
	json_end(j);
	json_object(j, "tables");
	for (int i = 0; i < SHEET_NR_TABLES; i++)
		json_str(j, names[i], s->tables[i].base64);
	json_end(j);
	json_str(j, "wss", s->wss.base64);
}

static void put_accesses(struct json *j, const struct kept *k)
{
	json_object(j, "accesses");
	json_u64(j, "n", k->n);
	json_bool(j, "latency", k->has_latency);
	json_double(j, "weight_min", k->weight_min, 9);
	json_double(j, "weight_max", k->weight_max, 9);
	json_str(j, "packed", k->pack.base64);
	json_end(j);
}

static int put_sheet(struct json *j, struct report_args *a, const struct html_data *d,
		     const struct sheet *s)
{
	const struct damon_target_info *t = &s->target->info;
	struct known share = select_share(&d->scan, s->target);
	uint64_t origin = d->scan.info.start_ns;
	bool empty = !s->grid.cells;
	int err = 0;

	json_object(j, NULL);
	json_u64(j, "id", t->id);
	json_i64(j, "pid", t->pid);
	json_str(j, "comm", t->comm);
	json_u64(j, "procs", t->nr_procs);
	put_known(j, "share", &share);
	json_u64(j, "samples", t->obs);
	json_u64(j, "from", (empty ? s->target->first_ns : s->grid.start_ns) - origin);
	json_u64(j, "to", (empty ? s->target->last_ns : s->grid.end_ns) - origin);
	json_u64(j, "cols", empty ? 0 : s->grid.nr_cols);
	if (!empty) {
		json_double(j, "left_out", s->left_out, DIGITS);
		json_u64(j, "no_snapshots", s->grid.unseen_ns);
		put_bands(j, &s->grid.lay);
		put_tables(j, s);
		put_accesses(j, &s->kept);
		err = put_names(j, a, d, s);
	}
	json_end(j);
	return err;
}

/* ---- the record ---- */

/* What the text reports say below their tables. */
static int put_quality(struct json *j, struct report_args *a, const struct html_data *d)
{
	_cleanup_(freep) char *text = NULL;
	struct report_args to = *a;
	size_t len = 0;

	to.width = QUALITY_WIDTH;
	to.out = open_memstream(&text, &len);
	if (!to.out)
		return -ENOMEM;
	if (d->nr_sheets)
		notes_quality(&to, &d->scan);
	else
		notes_empty(&to, &d->scan);
	if (fclose(to.out))
		return -ENOMEM;
	json_str(j, "quality", text);
	return 0;
}

/* Moments that were named, ns since the start. */
static void put_marks(struct json *j, const struct report_args *a, uint64_t start_ns)
{
	uint64_t time_ns;
	const char *name;

	json_array(j, "marks");
	for (size_t k = 0; !damon_record_mark(a->rec, k, &time_ns, &name); k++) {
		json_object(j, NULL);
		json_u64(j, "time", time_ns - MIN(start_ns, time_ns));
		json_str(j, "name", name);
		json_end(j);
	}
	json_end(j);
}

static void put_record(struct json *j, const struct report_args *a, const struct html_data *d)
{
	const struct damon_record_info *i = &d->scan.info;
	struct known relative = notes_scale(i);

	json_u64(j, "format", 1);
	json_str(j, "version", DAMON_VERSION);
	json_str(j, "path", a->path);
	json_str(j, "command", i->command);
	json_str(j, "kernel", i->kernel);
	json_str(j, "source", i->source);
	if (i->epoch_offset_ns)
		json_i64(j, "start_time", (int64_t)i->start_ns + i->epoch_offset_ns);
	else /* a recording of perf need not tell the time of day */
		json_null(j, "start_time");
	json_u64(j, "duration", d->scan.end_ns - MIN(i->start_ns, d->scan.end_ns));
	json_u64(j, "aggr", i->attrs.aggr_ns);
	put_known(j, "relative", &relative);
	json_double(j, "scale", i->scale, DIGITS);
	json_object(j, "accesses");
	json_u64(j, "logged", d->logged);
	json_u64(j, "kept", d->kept);
	json_end(j);
	put_marks(j, a, i->start_ns);
	json_object(j, "others");
	json_u64(j, "targets", d->nr_others);
	json_double(j, "share", d->others_share, DIGITS);
	json_end(j);
}

int html_data_write(struct report_args *a, const struct html_data *d, FILE *out)
{
	struct json j;
	int err;

	json_init(&j, out);
	json_object(&j, NULL);
	put_record(&j, a, d);
	err = put_quality(&j, a, d);
	json_array(&j, "targets");
	for (size_t i = 0; i < d->nr_sheets && !err; i++)
		err = put_sheet(&j, a, d, &d->sheets[i]);
	json_end(&j);
	json_end(&j);
	return err;
}
