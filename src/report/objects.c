/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/notes.h"
#include "report/reports.h"
#include "report/table.h"
#include "report/touch.h"

#define TOP_DEFAULT 20

static const struct table_col cols[] = {
	{"share", "share"},
	{NULL, "[lo, hi]", "bounds of share", .left = true, .drop = 2},
	{"share_lo", NULL},
	{"share_hi", NULL},
	{"heat", "heat", .drop = 4},
	{NULL, "[lo, hi]", "bounds of heat", .left = true, .drop = 16},
	{"heat_lo", NULL},
	{"heat_hi", NULL},
	{"bytes", "size"},
	{"hot_share", "hot", .drop = 6},
	{NULL, "[lo, hi]", "bounds of hot", .left = true, .drop = 17},
	{"hot_share_lo", NULL},
	{"hot_share_hi", NULL},
	{"age_ns", "age", .drop = 5},
	{"idle_ns", "idle", .drop = 13},
	{"samples", "samples", .drop = 15},
	{"store_share", "stores", .drop = 8},
	{"latency_mean", "cycles", "mean latency", .drop = 7},
	{"kind", "kind", .left = true, .drop = 9},
	{"object", "object", .left = true, .least = 20, .cut = TABLE_CUT_MIDDLE},
	{"process", "process", .left = true, .drop = 1},
	{"pid", "pid", .drop = 12},
	{"file", NULL},
	{NULL, "of", "files", .left = true, .drop = 11, .least = 16, .cut = TABLE_CUT_MIDDLE},
	{"defined", "defined", .left = true, .drop = 10, .least = 16, .cut = TABLE_CUT_MIDDLE},
	{"start", NULL},
	{"end", NULL},
	{NULL, "touched by", .left = true, .drop = 3, .least = 20, .cut = TABLE_CUT_LIST},
	{"levels", "served from", .left = true, .drop = 7, .least = 12, .cut = TABLE_CUT_LIST},
	{"remote_share", "remote", .drop = 4},
	{"tlb_miss_share", "tlb miss", .drop = 14},
	TOUCH_PERCENTILE_COLS,
	{0},
};

_Static_assert(ARRAY_SIZE(cols) <= TABLE_MAX_COLS + 1, "more columns than a table may have");

static void put_shares(struct report_args *a, struct table *t, const struct touch *x,
		       const struct attrib_object *o, const struct attrib_sums *s)
{
	struct known share = touch_share(a, x, s), heat = {NAN, NAN, NAN};
	double pages = fmax((double)o->bytes / DAMON_PAGE_SIZE, 1);
	double per = pages * touch_seconds(x, o->kind == ATTRIB_SHARED ? UINT32_MAX : o->target_id);
	double all = x->sums.weight * x->scan.info.scale;

	table_known(t, &share, KNOWN_PERCENT);
	table_limits(t, &share);
	if (a->sort == REPORT_BY_ACCESSES && o->bytes && per > 0)
		heat = known_times((struct known){share.v * all / per, share.lo * all / per,
						  share.hi * all / per},
				   notes_scale(&x->scan.info));
	table_known(t, &heat, KNOWN_COUNT); /* of shares of something else it is not known */
	table_limits(t, &heat);
}

/* What regions tell. */
static void put_regions(struct table *t, const struct touch *x, const struct attrib_object *o)
{
	const struct ending *e = touch_ending(x, o->target_id);
	struct known hot = {NAN, NAN, NAN};
	struct ending_range r = {0};
	char buf[DAMON_UNITS_MAX];

	if (e)
		ending_range(e, o->addr, o->addr + o->bytes, &r);
	if (!r.bytes) {
		table_double(t, NAN, "");
		table_text(t, "");
		table_limits(t, &hot);
		table_double(t, NAN, "");
		table_double(t, NAN, "");
		return;
	}
	table_known(t, &r.hot, KNOWN_PERCENT);
	table_limits(t, &r.hot);
	table_u64(t, r.age_ns, print_steps(buf, r.age_ns / e->aggr_ns, e->aggr_ns));
	table_u64(t, r.idle_ns, print_steps(buf, r.idle_ns / e->aggr_ns, e->aggr_ns));
}

static void put_process(struct table *t, const struct touch *x, const struct attrib_object *o)
{
	const struct scan_target *own = touch_target(x, o->target_id);
	char pid[16] = "";

	if (o->kind == ATTRIB_SHARED && !x->target)
		own = NULL;
	table_str(t, own ? own->info.comm : "");
	snprintf(pid, sizeof(pid), "%d", own ? own->info.pid : 0);
	table_i64(t, own ? own->info.pid : 0, own ? pid : "");
}

static void put_names(struct table *t, const struct attrib_object *o)
{
	const char *slash = strrchr(o->file, '/');
	char file[128];

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
	put_regions(t, x, o);
	snprintf(buf, sizeof(buf), "%" PRIu64, s->n);
	table_u64(t, s->n, buf);
	table_double(t, stores, print_percent(buf, stores));
	snprintf(buf, sizeof(buf), "%.0f", cycles);
	table_double(t, cycles, s->latency_n ? buf : "");
	table_str(t, attrib_kind_name(o->kind));
	table_str(t, o->name);
	put_process(t, x, o);
	put_names(t, o);
	table_text(t, touch_partners(with, sizeof(with), a, x, TOUCH_OBJECT, g));
	table_str(t, touch_levels(with, sizeof(with), s));
	touch_put_where(t, s);
	touch_put_percentiles(t, x, TOUCH_OBJECT, g->id);
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
	touch_columns(a, x, cols, told);
	for (size_t i = 0; !x->target && (told[i].key || told[i].title); i++)
		if (told[i].title && !strcmp(told[i].title, "touched by"))
			told[i].least = 16; /* processes take their room */
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
	int err = touch_load(a, o, TOUCH_ENDINGS | (a->percentiles ? TOUCH_LATENCIES : 0), &x);

	if (!err && (!x.any || !x.sums.n)) {
		err = touch_none(a, &x, cols);
	} else if (!err) {
		if (a->format == REPORT_TEXT)
			touch_say(a, &x, "what is touched of the memory");
		err = write_rows(a, &x);
		if (!err && a->format == REPORT_TEXT) {
			touch_notes(a, &x);
			notes_relative(a, &x.scan.info);
		}
	}
	touch_release(&x);
	return err;
}
