/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/notes.h"
#include "report/print.h"
#include "report/touch.h"

#define LEVELS_SHOWN 3
#define NOTES_SHOWN  4
#define MUCH	     .02 /* of all: worth a note */

void touch_release(struct touch *t)
{
	for (size_t i = 0; t->endings && i < t->scan.nr_targets; i++)
		ending_release(&t->endings[i]);
	free(t->endings);
	for (int i = 0; i < 2; i++)
		free(t->latencies[i].of);
	for (int i = 0; t->levels && i < TOUCH_LEVEL_ROWS; i++)
		for (int by = 0; by < 2; by++)
			free(t->levels[i].weights[by].of);
	free(t->levels);
	attrib_free(t->attrib);
	scan_release(&t->scan);
	*t = (struct touch){0};
}

/* ---- reading ---- */

/* Values below 16 have steps of their own, the others four to a power of two. */
static unsigned step_of(uint32_t cycles)
{
	unsigned octave = 31 - (unsigned)__builtin_clz(cycles | 1);

	if (cycles < 16)
		return cycles;
	return MIN(16 + (octave - 4) * 4 + (cycles >> (octave - 2) & 3),
		   (unsigned)TOUCH_LATENCY_STEPS - 1);
}

/* Where a step begins (part 0), its middle (.5), where it ends (1). */
static double cycles_of(unsigned step, double part)
{
	unsigned octave = (step - 16) / 4 + 4, quarter = (step - 16) % 4;

	return step < 16 ? step : ldexp(1 + (quarter + part) / 4, (int)octave);
}

static int keep_latency(struct touch_latencies *l, uint32_t id, uint32_t cycles)
{
	size_t need = (size_t)id + 1;

	if (vec_reserve(&l->of, &l->cap, need, sizeof(*l->of)))
		return -ENOMEM;
	if (l->nr < need) {
		memset(l->of + l->nr, 0, (need - l->nr) * sizeof(*l->of));
		l->nr = need;
	}
	l->of[id].n[step_of(cycles)]++;
	return 0;
}

static int keep_level(struct touch_level *l, const uint32_t ids[2], double weight)
{
	for (int by = 0; by < 2; by++) {
		struct touch_weights *w = &l->weights[by];
		size_t need = (size_t)ids[by] + 1;

		if (vec_reserve(&w->of, &w->cap, need, sizeof(*w->of)))
			return -ENOMEM;
		for (; w->nr < need; w->nr++)
			w->of[w->nr] = 0;
		w->of[ids[by]] += weight;
	}
	return 0;
}

/* For damon_record_set_log(). */
struct reading {
	struct report_args *a;
	struct touch *t;
	unsigned keep;
	struct attrib_options *o;
};

static int add_level(struct reading *r, const struct damon_access_info *i, const uint32_t ids[2])
{
	bool told = i->level > 0 && i->level < DAMON_NR_MEMORY_LEVELS;
	struct touch_level *l = &r->t->levels[2 * (told ? i->level : 0) + i->remote];
	struct attrib_sums s = attrib_sums_of(i);

	attrib_sums_add(&l->sums, &s);
	return keep_level(l, ids, touch_weight(r->a, &s));
}

static int on_access(void *priv, const struct damon_access_info *i)
{
	struct reading *r = priv;
	bool latency = (r->keep & TOUCH_LATENCIES) && i->latency_cycles;
	bool level = (r->keep & TOUCH_LEVELS) && !i->is_stall;
	uint32_t ids[2];
	int err = attrib_add(r->t->attrib, i);

	if (err || !(latency || level) || !attrib_is_asked_for(r->t->attrib, i))
		return err;
	err = attrib_find(r->t->attrib, i, &ids[TOUCH_CODE], &ids[TOUCH_OBJECT]);
	if (!err && level)
		err = add_level(r, i, ids);
	for (int by = 0; by < 2 && !err && latency; by++)
		err = keep_latency(&r->t->latencies[by], ids[by], i->latency_cycles);
	return err;
}

static int keep_endings(struct touch *t, const struct damon_snapshot *s, int64_t number)
{
	struct damon_snapshot_info si = {.size = sizeof(si)};
	struct damon_target_info ti = {.size = sizeof(ti)};

	damon_snapshot_info(s, &si);
	for (size_t k = 0; k < si.nr_targets; k++) {
		const struct scan_target *own;

		damon_snapshot_target(s, k, &ti);
		own = touch_target(t, ti.id);
		if (own && own->last_in_range == number &&
		    ending_keep(&t->endings[own - t->scan.targets], s, k,
				t->scan.info.attrs.aggr_ns))
			return -ENOMEM;
	}
	return 0;
}

static int read_log(struct report_args *a, struct reading *r)
{
	const struct damon_snapshot *s;
	int got, err = 0;

	damon_record_set_log(a->rec, on_access, r);
	for (int64_t n = 0; !err && (got = scan_next(a, &s)) > 0; n++)
		err = r->keep & TOUCH_ENDINGS ? keep_endings(r->t, s, n) : 0;
	damon_record_set_log(a->rec, NULL, NULL);
	if (err || got == -EINTR) /* on_access() had no memory */
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	return got;
}

static int prepare(struct report_args *a, struct touch *t, unsigned keep, struct attrib_options *o)
{
	int err = scan_rewind(a);

	o->target_id = t->target ? t->target->info.id : UINT32_MAX;
	o->from_ns = a->time_from_ns ? t->scan.from_ns : 0;
	o->to_ns = a->time_to_ns ? t->scan.to_ns : 0;
	o->addr_start = a->addr_start;
	o->addr_end = a->addr_end;
	o->symbols = a->symbols;
	t->endings = calloc(t->scan.nr_targets, sizeof(*t->endings));
	if (keep & TOUCH_LEVELS)
		t->levels = calloc(TOUCH_LEVEL_ROWS, sizeof(*t->levels));
	if (keep & TOUCH_LEVELS && !t->levels)
		err = damon_fail(&a->fail, ENOMEM, "out of memory");
	if (!err && (!t->endings || attrib_new(a->rec, o, &t->attrib)))
		err = damon_fail(&a->fail, ENOMEM, "out of memory");
	return err;
}

int touch_load(struct report_args *a, struct attrib_options o, unsigned keep, struct touch *t)
{
	struct reading r = {a, t, keep, &o};
	int got;

	*t = (struct touch){.lines = o.lines};
	got = scan_record(a, false, &t->scan);
	if (!got)
		got = select_target(a, &t->scan, &t->target);
	if (got <= 0)
		return got;
	t->any = true;
	if (!select_is_named(a) && !(keep & TOUCH_ONE) && t->scan.nr_targets > 1)
		t->target = NULL;
	got = prepare(a, t, keep, &o);
	if (!got)
		got = read_log(a, &r);
	if (got)
		return got;
	attrib_totals(t->attrib, &t->sums, &t->no_code, &t->no_object, &t->others);
	t->all = touch_weight(a, &t->sums);
	return 0;
}

/* ---- targets ---- */

void touch_say(struct report_args *a, const struct touch *t, const char *what)
{
	if (t->target)
		select_say(a, &t->scan, t->target, what);
	else
		print_line(a->out, a->width, 0, "%s of %zu processes (--pid or --comm shows one)",
			   what, t->scan.nr_targets);
}

const struct scan_target *touch_target(const struct touch *t, uint32_t id)
{
	for (size_t i = 0; i < t->scan.nr_targets; i++) {
		if (t->scan.targets[i].info.id == id)
			return &t->scan.targets[i];
	}
	return NULL;
}

double touch_seconds(const struct touch *t, uint32_t id)
{
	const struct scan_target *own = touch_target(t, id);
	uint64_t from = t->scan.from_ns, to = t->scan.to_ns;

	if (own) {
		from = MAX(from, own->first_ns);
		to = MIN(to, own->last_ns);
	}
	return to > from ? (double)(to - from) / NS_PER_SEC : 0;
}

const struct ending *touch_ending(const struct touch *t, uint32_t id)
{
	const struct scan_target *own = touch_target(t, id);
	const struct ending *e = own ? &t->endings[own - t->scan.targets] : NULL;

	return e && e->n ? e : NULL;
}

/* ---- figures ---- */

static double percentile(const struct touch_latency *l, double rank, double part)
{
	double sum = 0;

	for (unsigned i = 0; i < TOUCH_LATENCY_STEPS; i++) {
		sum += l->n[i];
		if (l->n[i] && sum >= rank)
			return cycles_of(i, part);
	}
	return NAN;
}

bool touch_latency(const struct touch *t, enum touch_by by, uint32_t id, double part,
		   struct known *out)
{
	const struct touch_latencies *all = &t->latencies[by];
	double n = 0, off;

	for (int i = 0; id < all->nr && i < TOUCH_LATENCY_STEPS; i++)
		n += all->of[id].n[i];
	if (!(n > 0))
		return false;
	off = 1.96 * sqrt(n * part * (1 - part));
	*out = (struct known){percentile(&all->of[id], n * part, .5),
			      percentile(&all->of[id], fmax(n * part - off, 0), 0),
			      percentile(&all->of[id], fmin(n * part + off, n), 1)};
	return true;
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

void touch_level_group(enum touch_by by, const struct touch_level *l, struct touch_group *out)
{
	const struct touch_weights *w = &l->weights[by == TOUCH_CODE ? TOUCH_OBJECT : TOUCH_CODE];

	*out = (struct touch_group){.sums = l->sums};
	for (size_t i = 0; i < w->nr; i++)
		if (w->of[i] > 0)
			add_partner(out, (uint32_t)i, w->of[i]);
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

void touch_put_percentiles(struct table *t, const struct touch *x, enum touch_by by, uint32_t id)
{
	static const double parts[] = {.5, .95, .99};

	for (size_t i = 0; i < ARRAY_SIZE(parts) && t->at; i++) {
		struct known k = {NAN, NAN, NAN};

		if (touch_latency(x, by, id, parts[i], &k)) {
			table_known(t, &k, KNOWN_PLAIN);
		} else {
			table_double(t, NAN, "");
			table_text(t, "");
		}
		table_limits(t, &k);
	}
}

int touch_none(struct report_args *a, const struct touch *t, const struct table_col *cols)
{
	struct table_col told[TABLE_MAX_COLS + 1];
	struct table table;

	if (a->format == REPORT_TEXT) {
		if (t->any)
			print_line(a->out, a->width, 0,
				   "nothing to show: no such accesses are in its log");
		else
			notes_empty(a, &t->scan);
		return 0;
	}
	touch_columns(a, t, cols, told);
	table_init(&table, a, told, NULL, NULL);
	return table_end(&table);
}

static bool is_percentile(const struct table_col *c)
{
	return c->key && !strcmp(c->key, "latency_p50");
}

static bool is_told(const struct touch *t, const struct table_col *c)
{
	const char *key = c->key ? c->key : "";

	if (!strncmp(key, "latency", 7))
		return t->sums.latency_n > 0;
	if (!strcmp(key, "stall_share"))
		return t->sums.stall > 0;
	if (!strcmp(key, "source"))
		return t->lines;
	if (!strcmp(key, "remote_share"))
		return t->sums.remote > 0;
	if (!strcmp(key, "tlb_miss_share"))
		return t->sums.tlb_told > 0;
	if (!strcmp(key, "levels"))
		return t->sums.weight > t->sums.level[DAMON_MEMORY_UNKNOWN];
	if (!strcmp(key, "process") || !strcmp(key, "pid"))
		return !t->target;
	return true;
}

static bool is_text_without_latency(const struct report_args *a, const struct touch *t)
{
	return a->format == REPORT_TEXT && !t->sums.latency_n;
}

void touch_columns(const struct report_args *a, const struct touch *t, const struct table_col *cols,
		   struct table_col *out)
{
	size_t n = 0;

	for (; cols[n].key || cols[n].title; n++) {
		if (is_percentile(&cols[n]) && (!a->percentiles || is_text_without_latency(a, t)))
			break;
		out[n] = cols[n];
		if (cols[n].key && !is_told(t, &cols[n])) /* without both it would be the end */
			out[n].title = NULL;
	}
	out[n] = (struct table_col){0};
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

static void put_part(struct table *t, double part, double of)
{
	char text[DAMON_UNITS_MAX] = "";

	table_double(t, of > 0 ? part / of : NAN, of > 0 ? print_percent(text, part / of) : "");
}

void touch_put_where(struct table *t, const struct attrib_sums *s)
{
	put_part(t, s->remote, s->node_told);
	put_part(t, s->tlb_miss, s->tlb_told);
}

/* A file may be known by its build id in one process, by its inode in another. */
static bool was_noted(const struct touch *t, size_t n, const char *path, const char *note)
{
	const char *old, *old_path;

	for (size_t i = 0; i < n; i++) {
		old = attrib_note(t->attrib, i, &old_path);
		if (old && !strcmp(old, note) && !strcmp(old_path, path))
			return true;
	}
	return false;
}

static void note_files(struct report_args *a, const struct touch *t)
{
	const char *note, *path;
	char name[256];

	for (size_t i = 0; i < NOTES_SHOWN && (note = attrib_note(t->attrib, i, &path)); i++) {
		if (!was_noted(t, i, path, note))
			print_line(a->out, a->width, 2, "'%s' %s",
				   print_clean(name, sizeof(name), path), note);
	}
}

/* A table without rows needs a reason. */
static void note_sort(struct report_args *a, const struct touch *t)
{
	static const char *const missing[] = {
		[REPORT_BY_STORES] = "there is no store among them",
		[REPORT_BY_STALL] = "its source tells no stalls",
		[REPORT_BY_LATENCY] = "its source tells no latencies",
	};

	if (!(t->all > 0) && a->sort != REPORT_BY_ACCESSES)
		print_line(a->out, a->width, 0,
			   "nothing to sort by: %s; without '--sort' shares are of accesses",
			   missing[a->sort]);
}

void touch_notes(struct report_args *a, const struct touch *t)
{
	char share[DAMON_UNITS_MAX];
	double w = t->sums.weight;

	note_sort(a, t);
	print_line(a->out, a->width, 0,
		   "from %llu accesses that were kept of all that were seen; bounds are of shares",
		   (unsigned long long)t->sums.n);
	if (w > 0 && t->no_code.weight > MUCH * w && a->grain != REPORT_MODULES)
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
