/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/names.h"
#include "report/notes.h"
#include "report/reports.h"
#include "report/table.h"
#include "report/touch.h"

#define TOP_DEFAULT 20

static const struct table_col cols[] = {
	{"share", "share"},
	{NULL, "[lo, hi]", "bounds of share", .left = true, .drop = 4},
	{"share_lo", NULL},
	{"share_hi", NULL},
	{"heat", "heat", .drop = 3},
	{NULL, "[lo, hi]", "bounds of heat", .left = true, .drop = 11},
	{"heat_lo", NULL},
	{"heat_hi", NULL},
	{"bytes", "size"},
	{"samples", "samples", .drop = 10},
	{"store_share", "stores", .drop = 6},
	{"latency_mean", "cycles", "mean latency", .drop = 8},
	{"kind", "kind", .left = true, .drop = 7},
	{"object", "object", .left = true},
	{"file", NULL},
	{NULL, "of", "files", .left = true, .drop = 5},
	{"defined", "defined", .left = true, .drop = 9},
	{"start", NULL},
	{"end", NULL},
	{NULL, "touched by", .left = true, .drop = 2},
	{"levels", "served from", .left = true, .drop = 12},
	{0},
};

static void put_shares(struct report_args *a, struct table *t, const struct touch *x,
		       const struct attrib_object *o, const struct attrib_sums *s)
{
	struct known share = touch_share(a, x, s), heat = {0, 0, 0};
	double pages = fmax((double)o->bytes / DAMON_PAGE_SIZE, 1), per = pages * x->seconds;
	double all = x->sums.weight * x->scan.info.scale;

	table_known(t, &share, KNOWN_PERCENT);
	table_limits(t, &share);
	if (a->sort == REPORT_BY_ACCESSES && per > 0)
		heat = known_times((struct known){share.v * all / per, share.lo * all / per,
						  share.hi * all / per},
				   notes_scale(&x->scan.info));
	table_known(t, &heat, KNOWN_COUNT);
	table_limits(t, &heat);
}

static void put_names(struct report_args *a, struct table *t, const struct attrib_object *o)
{
	const char *slash = strrchr(o->file, '/');
	char name[256], file[128];

	table_str(t, attrib_kind_name(o->kind));
	print_clean(name, sizeof(name), o->name);
	if (t->format == REPORT_TEXT)
		name_fit(name, a->width < 100 ? 24 : 48);
	table_str(t, t->format == REPORT_TEXT ? name : o->name);
	table_str(t, o->file);
	print_clean(file, sizeof(file), slash ? slash + 1 : o->file);
	table_text(t, o->kind == ATTRIB_VARIABLE ? file : "");
	table_str(t, o->source);
	table_u64(t, o->start, NULL);
	table_u64(t, o->end, NULL);
}

static void put_object(struct report_args *a, struct table *t, const struct touch *x,
		       const struct touch_group *g)
{
	const struct attrib_object *o = attrib_object(x->attrib, g->id);
	const struct attrib_sums *s = &g->sums;
	double stores = s->weight > 0 ? s->stores / s->weight : 0;
	double cycles = s->latency_n ? s->latency_sum / (double)s->latency_n : NAN;
	char buf[DAMON_UNITS_MAX], with[256];

	put_shares(a, t, x, o, s);
	table_u64(t, o->bytes, o->bytes ? damon_print_bytes(buf, (double)o->bytes) : "");
	snprintf(buf, sizeof(buf), "%" PRIu64, s->n);
	table_u64(t, s->n, buf);
	table_double(t, stores, print_percent(buf, stores));
	snprintf(buf, sizeof(buf), "%.0f", cycles);
	table_double(t, cycles, s->latency_n ? buf : "");
	put_names(a, t, o);
	touch_partners(with, sizeof(with), a, x, TOUCH_OBJECT, g);
	table_text(t, print_cut(with, a->width < 100 ? 26 : a->width / 3));
	table_str(t, touch_levels(with, sizeof(with), s));
}

static int write_rows(struct report_args *a, const struct touch *x)
{
	_cleanup_(freep) struct touch_group *g = NULL;
	size_t n, top = a->top ? a->top : TOP_DEFAULT, shown;
	struct table_col told[TABLE_MAX_COLS + 1];
	struct table t;
	int err = touch_groups(a, x, TOUCH_OBJECT, &g, &n);

	if (err)
		return err;
	shown = a->format == REPORT_TEXT ? MIN(n, top) : n;
	touch_columns(x, cols, told);
	table_init(&t, a, told, NULL, NULL);
	for (size_t i = 0; i < shown; i++)
		put_object(a, &t, x, &g[i]);
	err = table_end(&t);
	if (!err && shown < n)
		print_line(a->out, a->width, 0, "and %zu more (--top shows them)", n - shown);
	return err;
}

int report_objects(struct report_args *a)
{
	struct attrib_options o = {.members = a->members};
	struct touch x;
	int err = touch_load(a, o, &x);

	if (!err && !x.target) {
		notes_empty(a, &x.scan);
	} else if (!err) {
		if (a->format == REPORT_TEXT)
			select_say(a, &x.scan, x.target, "what is touched of the memory");
		err = write_rows(a, &x);
		if (!err && a->format == REPORT_TEXT) {
			touch_notes(a, &x);
			notes_relative(a, &x.scan.info);
		}
	}
	touch_release(&x);
	return err;
}
