/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What moved from one record to another: working set, hot set, objects, functions. Ranges that
 * differ from run to run (addresses of mappings) are left out of names, so that the same thing has
 * the same name in both.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/condition.h"
#include "report/dist.h"
#include "report/names.h"
#include "report/notes.h"
#include "report/reports.h"
#include "report/touch.h"

#define TOP_DEFAULT 20
#define HOT_PART    .9
#define MANY	    100 /* comparisons: some are wrong by chance, at 95 % each */

enum row_kind { ROW_FIGURE, ROW_OBJECT, ROW_FUNCTION };

struct row {
	enum row_kind kind;
	enum condition_metric metric;
	char *name;	/* owned */
	const char *of; /* file or module; the sides' */
	struct known v[2];
};

struct side {
	struct report_args a;
	struct touch x;
	struct dist_known wss, hot;
};

struct diff {
	struct side *side[2];
	struct row *rows;
	size_t n, cap;
};

/* ---- reading ---- */

static int read_series(struct side *s)
{
	enum damon_wss_window window =
		s->a.window < 0 ? DAMON_WSS_1S : (enum damon_wss_window)s->a.window;
	struct scan_cursor c;
	int err = scan_rewind(&s->a);

	scan_start(&c);
	while (err >= 0 && (err = scan_next_of(&s->a, s->x.target->info.id, &c)) > 0) {
		double seconds = (double)(c.si.end_ns - c.si.start_ns) / NS_PER_SEC;
		struct damon_hot_set hot;
		struct damon_wss w;

		if (c.si.end_ns <= s->x.scan.from_ns || c.si.start_ns >= s->x.scan.to_ns)
			continue;
		damon_snapshot_wss(c.s, c.at, window, &w);
		dist_known_add(&s->wss, &(struct known){w.bytes, w.lo, w.hi}, seconds);
		if (!damon_snapshot_hot_set(c.s, c.at, HOT_PART, &hot) && hot.bytes > 0)
			dist_known_add(&s->hot, &(struct known){hot.bytes, hot.lo, hot.hi},
				       seconds);
	}
	return MIN(err, 0);
}

/* 'a' of the report, with a record of its own. */
static int side_load(struct report_args *a, struct damon_record *rec, const char *path,
		     struct side *s)
{
	struct attrib_options o = {.target_id = 0};
	int err;

	s->a = *a;
	s->a.rec = rec;
	s->a.path = path;
	err = touch_load(&s->a, o, TOUCH_ONE, &s->x);
	if (!err && !s->x.any) {
		damon_fail(&s->a.fail, ENOENT, "'%.200s' has no process", path);
		err = -ENOENT;
	}
	if (!err)
		err = read_series(s);
	if (err) {
		a->fail = s->a.fail;
		return err;
	}
	return 0;
}

/* ---- rows ---- */

static struct row *get_row(struct diff *d, enum row_kind kind, const char *name, const char *of)
{
	struct row *r;

	for (size_t i = 0; i < d->n; i++) {
		r = &d->rows[i];
		if (r->kind == kind && !strcmp(r->name, name) && !strcmp(r->of, of))
			return r;
	}
	if (vec_reserve(&d->rows, &d->cap, d->n + 1, sizeof(*r)))
		return NULL;
	r = &d->rows[d->n];
	*r = (struct row){.kind = kind, .name = strdup(name), .of = of};
	if (!r->name)
		return NULL;
	d->n++;
	return r;
}

static int add_figure(struct diff *d, enum condition_metric metric, const char *name,
		      struct known before, struct known after)
{
	struct row *r = get_row(d, ROW_FIGURE, name, "");

	if (!r)
		return -ENOMEM;
	r->metric = metric;
	r->v[0] = before;
	r->v[1] = after;
	return 0;
}

/* The name of an object without what differs from run to run. */
static const char *stable_name(const struct attrib_object *o)
{
	if (o->kind == ATTRIB_ANON && o->name[0] != '[')
		return "anonymous memory";
	if (o->kind == ATTRIB_HEAP && o->name[0] != '[')
		return "malloc arenas";
	if (o->kind == ATTRIB_STACK && o->name[0] != '[')
		return "stacks of threads";
	return o->name;
}

/* Shares are summed first: bounds are of the sum. */
static int add_shares(struct diff *d, int i, enum touch_by by)
{
	const struct side *s = d->side[i];
	enum row_kind kind = by == TOUCH_CODE ? ROW_FUNCTION : ROW_OBJECT;
	_cleanup_(freep) struct touch_group *g = NULL;
	struct report_args a = s->a;
	size_t n = 0;
	int err = touch_groups(&a, &s->x, by, &g, &n);

	for (size_t k = 0; !err && k < n; k++) {
		const struct attrib_code *c = attrib_code(s->x.attrib, g[k].id);
		struct row *r;

		if (by == TOUCH_CODE) {
			r = get_row(d, kind, c->function, c->module);
		} else {
			const struct attrib_object *o = attrib_object(s->x.attrib, g[k].id);
			const char *slash = strrchr(o->file, '/');

			r = get_row(d, kind, stable_name(o), slash ? slash + 1 : o->file);
		}
		if (!r)
			return -ENOMEM;
		r->metric = by == TOUCH_CODE ? CONDITION_FUNCTION : CONDITION_OBJECT;
		r->v[i].v += touch_weight(&a, &g[k].sums);
	}
	return err;
}

static void finish_shares(struct diff *d)
{
	for (size_t k = 0; k < d->n; k++) {
		for (int i = 0; i < 2 && d->rows[k].kind != ROW_FIGURE; i++) {
			const struct touch *x = &d->side[i]->x;
			double share = x->all > 0 ? d->rows[k].v[i].v / x->all : 0;

			d->rows[k].v[i] = known_share(share, attrib_effective(&x->sums));
		}
	}
}

static bool is_moved(const struct row *r)
{
	return known_above(&r->v[0], &r->v[1]) || known_above(&r->v[1], &r->v[0]);
}

static int by_change(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	double p = fabs(a->v[1].v - a->v[0].v), q = fabs(b->v[1].v - b->v[0].v);

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == ROW_FIGURE) /* as they were added */
		return a->metric < b->metric ? -1 : a->metric > b->metric;
	if (p != q)
		return p > q ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int make_rows(struct diff *d)
{
	static const char *const windows[] = {"working set (1 aggr)", "working set (1 s)",
					      "working set (10 s)", "working set (60 s)"};
	struct side *a = d->side[0], *b = d->side[1];
	const char *wss = windows[a->a.window < 0 ? DAMON_WSS_1S : a->a.window];
	int err = add_figure(d, CONDITION_WSS, wss, dist_known_percentile(&a->wss, .5),
			     dist_known_percentile(&b->wss, .5));

	if (!err)
		err = add_figure(d, CONDITION_HOT, "hot set (90 %)",
				 dist_known_percentile(&a->hot, .5),
				 dist_known_percentile(&b->hot, .5));
	for (int i = 0; i < 2 && !err; i++) {
		err = add_shares(d, i, TOUCH_OBJECT);
		if (!err)
			err = add_shares(d, i, TOUCH_CODE);
	}
	if (err)
		return err;
	finish_shares(d);
	qsort(d->rows, d->n, sizeof(*d->rows), by_change);
	return 0;
}

/* ---- writing ---- */

static const struct table_col cols[] = {
	{"kind", NULL},
	{"name", "", .left = true, .least = 14, .cut = TABLE_CUT_MIDDLE},
	{"of", "of", .left = true, .drop = 3, .least = 14, .cut = TABLE_CUT_MIDDLE},
	{"before", "before"},
	{NULL, "[lo, hi]", "bounds of before", .left = true, .drop = 1},
	{"before_lo", NULL},
	{"before_hi", NULL},
	{"after", "after"},
	{NULL, "[lo, hi]", "bounds of after", .left = true, .drop = 2},
	{"after_lo", NULL},
	{"after_hi", NULL},
	{"change", "change"},
	{"moved", NULL},
	{0},
};

static const char *const kinds[] = {"figure", "object", "function"};

static void put_change(struct table *t, const struct row *r)
{
	double change = r->v[1].v - r->v[0].v;
	char text[64] = "";

	if (r->kind != ROW_FIGURE)
		snprintf(text, sizeof(text), "%+.1f pt", 100 * change);
	else if (r->v[0].v > 0)
		snprintf(text, sizeof(text), "%+.0f %%%s", 100 * change / r->v[0].v,
			 is_moved(r) ? "" : " ?");
	table_double(t, change, text);
	table_str(t, is_moved(r) ? "yes" : "no");
}

static void put_row(struct table *t, const struct row *r)
{
	enum known_kind kind = r->kind == ROW_FIGURE ? KNOWN_BYTES : KNOWN_PERCENT;

	table_str(t, kinds[r->kind]);
	table_str(t, r->name);
	table_str(t, r->of);
	for (int i = 0; i < 2; i++) {
		table_known(t, &r->v[i], kind);
		table_limits(t, &r->v[i]);
	}
	put_change(t, r);
}

static void say_side(struct report_args *a, const char *which, const struct side *s)
{
	const struct scan_target *t = s->x.target;
	char name[64], path[256];

	print_line(a->out, a->width, 8, "%-7s %s (pid %d) of '%s', %llu accesses logged", which,
		   print_clean(name, sizeof(name), t->info.comm), t->info.pid,
		   print_clean(path, sizeof(path), s->a.path), (unsigned long long)s->x.sums.n);
}

/* What is the same is not listed, but counted. */
static int write_kind(struct report_args *a, const struct diff *d, enum row_kind kind)
{
	static const char *const titles[] = {"", "object", "function"};
	size_t top = a->top ? a->top : TOP_DEFAULT, shown = 0, moved = 0, all = 0;
	struct table_col named[ARRAY_SIZE(cols)];
	struct table t;
	int err;

	for (size_t i = 0; i < d->n; i++) {
		all += d->rows[i].kind == kind;
		moved += d->rows[i].kind == kind && is_moved(&d->rows[i]);
	}
	if (kind != ROW_FIGURE && !moved) {
		print_line(a->out, a->width, 0, "none of %zu %ss moved beyond doubt", all,
			   titles[kind]);
		return 0;
	}
	memcpy(named, cols, sizeof(cols));
	named[1].title = titles[kind];
	table_init(&t, a, named, NULL, NULL);
	for (size_t i = 0; i < d->n && shown < top; i++) {
		if (d->rows[i].kind != kind || (kind != ROW_FIGURE && !is_moved(&d->rows[i])))
			continue;
		put_row(&t, &d->rows[i]);
		shown++;
	}
	err = table_end(&t);
	if (kind == ROW_FIGURE) {
		if (moved < all)
			print_line(a->out, a->width, 0, "? it may be the same: the intervals meet");
		return err;
	}
	if (moved > shown)
		print_line(a->out, a->width, 0, "and %zu more that moved (--top shows them)",
			   moved - shown);
	print_line(a->out, a->width, 0, "%zu other%s did not move beyond doubt", all - moved,
		   all - moved == 1 ? "" : "s");
	if (all >= MANY)
		print_line(a->out, a->width, 0,
			   "(of 200 that stay the same, one is told to have moved by chance)");
	return err;
}

static int write_text(struct report_args *a, const struct diff *d)
{
	int err = 0;

	say_side(a, "before", d->side[0]);
	say_side(a, "after", d->side[1]);
	if (strcmp(d->side[0]->x.target->info.comm, d->side[1]->x.target->info.comm))
		print_line(a->out, a->width, 0,
			   "these are programs of different names: --comm chooses");
	for (int kind = ROW_FIGURE; kind <= ROW_FUNCTION && !err; kind++) {
		fputc('\n', a->out);
		err = write_kind(a, d, (enum row_kind)kind);
	}
	return err;
}

static void json_side(struct json *j, const char *key, const struct side *s)
{
	json_object(j, key);
	json_str(j, "path", s->a.path);
	json_str(j, "comm", s->x.target->info.comm);
	json_i64(j, "pid", s->x.target->info.pid);
	json_u64(j, "logged", s->x.sums.n);
	json_end(j);
}

static int write_rows(struct report_args *a, const struct diff *d, struct json *within)
{
	struct table t;

	table_init(&t, a, cols, within, "rows");
	for (size_t i = 0; i < d->n; i++)
		put_row(&t, &d->rows[i]);
	return table_end(&t);
}

/* ---- conditions ---- */

static const char *const answers[] = {
	[CONDITION_NO] = "does not hold",
	[CONDITION_YES] = "holds",
	[CONDITION_UNSURE] = "may hold, but not beyond doubt",
};

/* Of several files the same name may be: each is looked at. NULL: it is in neither record. */
static const struct row *next_row(const struct diff *d, const struct condition *c, size_t *at)
{
	while (*at < d->n) {
		const struct row *r = &d->rows[(*at)++];

		if (r->metric == c->metric && (r->kind == ROW_FIGURE || !strcmp(r->name, c->name)))
			return r;
	}
	return NULL;
}

static int ask(struct report_args *a, const struct diff *d, const struct condition *c,
	       enum condition_answer *out)
{
	const struct row *r;
	size_t at = 0;
	bool any = false;

	*out = CONDITION_NO;
	while ((r = next_row(d, c, &at))) {
		enum condition_answer now = condition_ask(c, &r->v[0], &r->v[1]);

		any = true;
		if (now == CONDITION_YES || *out == CONDITION_NO)
			*out = now;
	}
	if (any)
		return 0;
	damon_fail(&a->fail, ENOENT, "'%.80s' is in neither record", c->name);
	damon_fail_remedy(&a->fail, "'--format csv' lists what there is");
	return -ENOENT;
}

static int ask_all(struct report_args *a, const struct diff *d, struct json *j)
{
	int err = 0;

	for (size_t i = 0; i < a->nr_fail_if && !err; i++) {
		enum condition_answer answer;

		err = ask(a, d, &a->fail_if[i], &answer);
		if (err)
			return err;
		if (answer == CONDITION_YES)
			a->status = REPORT_STATUS_HOLDS;
		if (a->format == REPORT_TEXT) {
			print_line(a->out, a->width, 2, "%s'%s' %s", i ? "" : "\n",
				   a->fail_if[i].text, answers[answer]);
		} else if (j) {
			json_object(j, NULL);
			json_str(j, "condition", a->fail_if[i].text);
			json_str(j, "answer", answers[answer]);
			json_end(j);
		}
	}
	return err;
}

static int write_json(struct report_args *a, const struct diff *d)
{
	struct json j;
	int err;

	json_init(&j, a->out);
	json_object(&j, NULL);
	json_side(&j, "before", d->side[0]);
	json_side(&j, "after", d->side[1]);
	err = write_rows(a, d, &j);
	json_array(&j, "conditions");
	if (!err)
		err = ask_all(a, d, &j);
	json_end(&j);
	json_end(&j);
	return err;
}

static int write_all(struct report_args *a, const struct diff *d)
{
	int err;

	if (a->format == REPORT_JSON)
		return write_json(a, d);
	err = a->format == REPORT_CSV ? write_rows(a, d, NULL) : write_text(a, d);
	return err ? err : ask_all(a, d, NULL);
}

int report_diff(struct report_args *a)
{
	struct diff d = {.n = 0};
	int err = 0;

	for (int i = 0; i < 2 && !err; i++) {
		d.side[i] = calloc(1, sizeof(*d.side[i]));
		if (!d.side[i])
			err = damon_fail(&a->fail, ENOMEM, "out of memory");
		else
			err = side_load(a, i ? a->other : a->rec, i ? a->other_path : a->path,
					d.side[i]);
	}
	if (!err && make_rows(&d))
		err = damon_fail(&a->fail, ENOMEM, "out of memory");
	if (!err)
		err = write_all(a, &d);
	for (size_t i = 0; i < d.n; i++)
		free(d.rows[i].name);
	free(d.rows);
	for (int i = 0; i < 2 && d.side[i]; i++) {
		touch_release(&d.side[i]->x);
		free(d.side[i]);
	}
	return err;
}
