/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/print.h"
#include "report/touch.h"

#define LEVELS_SHOWN 3
#define NOTES_SHOWN  4
#define MUCH	     .02 /* of all: worth a note */

void touch_release(struct touch *t)
{
	attrib_free(t->attrib);
	scan_release(&t->scan);
	*t = (struct touch){0};
}

static int read_log(struct report_args *a, struct touch *t, struct attrib_options *o)
{
	const struct damon_snapshot *s;
	int got = scan_rewind(a);

	o->target_id = t->target->info.id;
	o->from_ns = a->time_from_ns ? t->scan.from_ns : 0;
	o->to_ns = a->time_to_ns ? t->scan.to_ns : 0;
	o->addr_start = a->addr_start;
	o->addr_end = a->addr_end;
	o->cache_dir = a->cache_dir;
	if (!got && attrib_new(a->rec, o, &t->attrib))
		got = damon_fail(&a->fail, ENOMEM, "out of memory");
	if (got)
		return got;
	damon_record_set_log(a->rec, attrib_add, t->attrib);
	while ((got = scan_next(a, &s)) > 0)
		;
	damon_record_set_log(a->rec, NULL, NULL);
	if (got == -EINTR)
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	attrib_totals(t->attrib, &t->sums, &t->no_code, &t->no_object, &t->others);
	return got;
}

int touch_load(struct report_args *a, struct attrib_options o, struct touch *t)
{
	uint64_t from, to;
	int got;

	*t = (struct touch){0};
	got = scan_record(a, false, &t->scan);
	if (!got)
		got = select_target(a, &t->scan, &t->target);
	if (got <= 0)
		return got;
	from = MAX(t->scan.from_ns, t->target->first_ns);
	to = MIN(t->scan.to_ns, t->target->last_ns);
	t->seconds = to > from ? (double)(to - from) / NS_PER_SEC : 0;
	t->lines = o.lines;
	got = read_log(a, t, &o);
	t->all = touch_weight(a, &t->sums);
	return got;
}

double touch_weight(const struct report_args *a, const struct attrib_sums *s)
{
	switch (a->sort) {
	case REPORT_BY_STALL:
		return s->stall;
	case REPORT_BY_LATENCY:
		return s->latency_sum;
	case REPORT_BY_STORES:
		return s->stores;
	default:
		return s->weight;
	}
}

struct known touch_share(const struct report_args *a, const struct touch *t,
			 const struct attrib_sums *s)
{
	double share = t->all > 0 ? touch_weight(a, s) / t->all : 0;

	return known_share(share, attrib_effective(&t->sums));
}

/* ---- groups ---- */

static void add_partner(struct touch_group *g, uint32_t id, double weight)
{
	struct touch_partner p = {id, weight};

	/* each pair of code and object has one row: partners come once */
	for (size_t i = 0; i < TOUCH_PARTNERS; i++) {
		struct touch_partner old = g->partners[i];

		if (i < g->nr_partners && old.weight >= p.weight)
			continue;
		g->partners[i] = p;
		p = old;
		if (i == g->nr_partners) {
			g->nr_partners++;
			return;
		}
	}
}

static int by_weight(const void *x, const void *y, void *priv)
{
	const struct touch_group *g = x, *h = y;
	double a = touch_weight(priv, &g->sums), b = touch_weight(priv, &h->sums);

	if (a != b)
		return a > b ? -1 : 1;
	return g->id < h->id ? -1 : g->id > h->id;
}

int touch_groups(struct report_args *a, const struct touch *t, enum touch_by by,
		 struct touch_group **out, size_t *n)
{
	size_t all = by == TOUCH_CODE ? attrib_nr_codes(t->attrib) : attrib_nr_objects(t->attrib);
	struct touch_group *g = calloc(all, sizeof(*g));
	size_t used = 0;

	if (!g)
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	for (size_t i = 0; i < all; i++)
		g[i].id = (uint32_t)i;
	for (size_t i = 0; i < attrib_nr_rows(t->attrib); i++) {
		const struct attrib_row *r = attrib_row(t->attrib, i);
		uint32_t own = by == TOUCH_CODE ? r->code : r->object;
		uint32_t other = by == TOUCH_CODE ? r->object : r->code;

		attrib_sums_add(&g[own].sums, &r->sums);
		add_partner(&g[own], other, touch_weight(a, &r->sums));
	}
	for (size_t i = 0; i < all; i++) {
		if (touch_weight(a, &g[i].sums) > 0)
			g[used++] = g[i];
	}
	qsort_r(g, used, sizeof(*g), by_weight, a);
	*out = g;
	*n = used;
	return 0;
}

/* ---- words ---- */

static bool is_told(const struct touch *t, const char *key)
{
	if (!strcmp(key, "latency_mean"))
		return t->sums.latency_n > 0;
	if (!strcmp(key, "stall_share"))
		return t->sums.stall > 0;
	if (!strcmp(key, "source"))
		return t->lines;
	if (!strcmp(key, "levels"))
		return t->sums.weight > t->sums.level[DAMON_MEMORY_UNKNOWN];
	return true;
}

void touch_columns(const struct touch *t, const struct table_col *cols, struct table_col *out)
{
	size_t n = 0;

	do {
		out[n] = cols[n];
		if (out[n].key && !is_told(t, out[n].key))
			out[n].title = NULL;
	} while (cols[n].key || cols[n].title ? ++n : 0);
}

static const char *partner_name(const struct touch *t, enum touch_by by, uint32_t id)
{
	return by == TOUCH_CODE ? attrib_object(t->attrib, id)->name
				: attrib_code(t->attrib, id)->function;
}

char *touch_partners(char *buf, size_t size, const struct report_args *a, const struct touch *t,
		     enum touch_by by, const struct touch_group *g)
{
	double all = touch_weight(a, &g->sums);
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < g->nr_partners && g->partners[i].weight > 0; i++) {
		char name[48];

		print_clean(name, sizeof(name), partner_name(t, by, g->partners[i].id));
		if (len + 64 > size)
			break;
		len += (size_t)snprintf(buf + len, size - len, "%s%s %.0f %%", i ? ", " : "", name,
					100 * fmin(g->partners[i].weight / all, 1));
	}
	return buf;
}

char *touch_levels(char *buf, size_t size, const struct attrib_sums *s)
{
	bool shown[DAMON_NR_MEMORY_LEVELS] = {[DAMON_MEMORY_UNKNOWN] = true};
	size_t len = 0;

	buf[0] = '\0';
	for (int n = 0; n < LEVELS_SHOWN && s->weight > 0; n++) {
		int best = -1;

		for (int i = 0; i < DAMON_NR_MEMORY_LEVELS; i++) {
			if (!shown[i] && s->level[i] > 0 &&
			    (best < 0 || s->level[i] > s->level[best]))
				best = i;
		}
		if (best < 0 || len + 32 > size)
			break;
		shown[best] = true;
		len += (size_t)snprintf(buf + len, size - len, "%s%s %.0f %%", n ? ", " : "",
					damon_memory_level_name(best),
					100 * s->level[best] / s->weight);
	}
	return buf;
}

static void note_files(struct report_args *a, const struct touch *t)
{
	const char *note, *path;
	char name[256];

	for (size_t i = 0; i < NOTES_SHOWN && (note = attrib_note(t->attrib, i, &path)); i++)
		print_line(a->out, a->width, 2, "'%s' %s", print_clean(name, sizeof(name), path),
			   note);
}

void touch_notes(struct report_args *a, const struct touch *t)
{
	char share[DAMON_UNITS_MAX];
	double w = t->sums.weight;

	print_line(a->out, a->width, 0,
		   "from %llu accesses that were kept of all that were seen; bounds are of shares",
		   (unsigned long long)t->sums.n);
	if (w > 0 && t->no_code.weight > MUCH * w)
		print_line(a->out, a->width, 0, "%s of accesses by code without a known function",
			   print_percent(share, t->no_code.weight / w));
	if (w > 0 && t->no_object.weight > MUCH * w)
		print_line(a->out, a->width, 0,
			   "%s of accesses outside of what is known to be mapped",
			   print_percent(share, t->no_object.weight / w));
	if (w > 0 && t->others.weight > 0)
		print_line(a->out, a->width, 0, "%s of accesses left out: too many places",
			   print_percent(share, t->others.weight / w));
	if (w > 0 && t->sums.likely > MUCH * w)
		print_line(a->out, a->width, 0,
			   "%s of accesses at addresses that rest on a later read of memory",
			   print_percent(share, t->sums.likely / w));
	note_files(a, t);
}
