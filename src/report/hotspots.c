/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/hotspots.h"
#include "report/reports.h"
#include "report/table.h"

#define TOP_DEFAULT  20
#define MUCH_WITHOUT .02 /* of all accesses: worth a note */

static const struct table_col cols[] = {
	{"share", "share"},
	{NULL, "[lo, hi]", "bounds of share", .left = true, .drop = 2},
	{"share_lo", NULL},
	{"share_hi", NULL},
	{"samples", "samples", .drop = 11},
	{"store_share", "stores", .drop = 9},
	{"latency_mean", "cycles", "mean latency", .drop = 6},
	{"stall_share", "stall", .drop = 5},
	{"function", "function", .left = true, .least = 28, .cut = TABLE_CUT_MIDDLE},
	{"inlined_into", NULL},
	{"module", "in", "modules", .left = true, .drop = 7, .least = 16, .cut = TABLE_CUT_MIDDLE},
	{"file", NULL},
	{"line", NULL},
	{"source", "source", .left = true, .drop = 3, .least = 18, .cut = TABLE_CUT_MIDDLE},
	{NULL, "touches", "what they touch", .left = true, .drop = 1, .least = 24,
	 .cut = TABLE_CUT_LIST},
	{"levels", "served from", .left = true, .drop = 8, .least = 12, .cut = TABLE_CUT_LIST},
	{"remote_share", "remote", .drop = 4},
	{"tlb_miss_share", "tlb miss", .drop = 10},
	TOUCH_PERCENTILE_COLS,
	{0},
};

_Static_assert(ARRAY_SIZE(cols) <= TABLE_MAX_COLS + 1, "more columns than a table may have");

/* A figure that the source may not tell. */
static void put_optional(struct table *t, double v, bool known, const char *text)
{
	table_double(t, known ? v : NAN, known ? text : "");
}

static void put_sums(struct table *t, const struct touch *x, const struct attrib_sums *s)
{
	char buf[DAMON_UNITS_MAX];
	double stores = s->weight > 0 ? s->stores / s->weight : 0;
	double cycles = s->latency_n ? s->latency_sum / (double)s->latency_n : 0;
	double stall = x->sums.stall > 0 ? s->stall / x->sums.stall : 0;
	char mean[32];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)s->n);
	table_u64(t, s->n, buf);
	put_optional(t, stores, s->weight > 0, print_percent(buf, stores));
	snprintf(mean, sizeof(mean), "%.0f", cycles);
	put_optional(t, cycles, s->latency_n > 0, mean);
	put_optional(t, stall, x->sums.stall > 0, print_percent(buf, stall));
}

static void put_source(struct table *t, const struct attrib_code *c)
{
	char text[128], name[96];

	table_str(t, c->file);
	table_u64(t, c->line, NULL);
	text[0] = '\0';
	if (c->file[0]) {
		const char *slash = strrchr(c->file, '/');

		print_clean(name, sizeof(name), slash ? slash + 1 : c->file);
		snprintf(text, sizeof(text), "%s:%u", name, c->line);
	}
	table_str(t, text);
}

static void put_code(struct report_args *a, struct table *t, const struct touch *x,
		     const struct touch_group *g)
{
	const struct attrib_code *c = attrib_code(x->attrib, g->id);
	struct known share = touch_share(a, x, &g->sums);
	char with[256];

	table_known(t, &share, KNOWN_PERCENT);
	table_limits(t, &share);
	put_sums(t, x, &g->sums);
	table_str(t, c->function);
	table_str(t, c->outer);
	table_str(t, c->module);
	put_source(t, c);
	table_text(t, touch_partners(with, sizeof(with), a, x, TOUCH_CODE, g));
	table_str(t, touch_levels(with, sizeof(with), &g->sums));
	touch_put_where(t, &g->sums);
	touch_put_percentiles(t, x, TOUCH_CODE, g->id);
}

/* Where lines are known they are seen on 80 columns: names give way. */
static void make_room_for_lines(struct table_col *told)
{
	for (; told->key || told->title; told++) {
		if (told->key && !strcmp(told->key, "function"))
			told->least = 18;
		else if (told->title && !strcmp(told->title, "touches"))
			told->least = 16;
	}
}

int hotspots_write(struct report_args *a, const struct touch *x, struct json *within,
		   const char *key)
{
	_cleanup_(freep) struct touch_group *g = NULL;
	size_t n, top = a->top ? a->top : TOP_DEFAULT, shown;
	struct table_col told[TABLE_MAX_COLS + 1];
	struct table t;
	int err = touch_groups(a, x, TOUCH_CODE, &g, &n);

	if (err)
		return err;
	shown = a->format == REPORT_TEXT ? MIN(n, top) : n;
	touch_columns(a, x, cols, told);
	for (size_t i = 0; i < shown; i++) {
		if (attrib_code(x->attrib, g[i].id)->file[0]) {
			make_room_for_lines(told);
			break;
		}
	}
	table_init(&t, a, told, within, key);
	for (size_t i = 0; i < shown; i++)
		put_code(a, &t, x, &g[i]);
	err = table_end(&t);
	if (!err && shown < n && a->format == REPORT_TEXT)
		print_line(a->out, a->width, 0, "and %zu more (--top shows them)", n - shown);
	return err;
}

/* Whoever asked for lines is told where there are none, and what would help. */
static void note_lines(struct report_args *a, const struct touch *x)
{
	double without = 0;
	char share[DAMON_UNITS_MAX];

	for (size_t i = 0; i < attrib_nr_rows(x->attrib); i++) {
		const struct attrib_row *r = attrib_row(x->attrib, i);

		if (!attrib_code(x->attrib, r->code)->file[0])
			without += r->sums.weight;
	}
	if (x->sums.weight > 0 && without > MUCH_WITHOUT * x->sums.weight)
		print_line(a->out, a->width, 0,
			   "%s of accesses by code without debug information, whose lines are not "
			   "known: build it with '-g', or install its debug package (in Debian "
			   "'-dbgsym')",
			   print_percent(share, without / x->sums.weight));
}

int report_hotspots(struct report_args *a)
{
	struct attrib_options o = {
		.lines = a->grain == REPORT_LINES,
		.no_symbols = a->grain == REPORT_MODULES,
	};
	struct touch x;
	int err = touch_load(a, o, a->percentiles ? TOUCH_LATENCIES : 0, &x);

	if (!err && (!x.any || !x.sums.n)) {
		err = touch_none(a, &x, cols);
	} else if (!err) {
		if (a->format == REPORT_TEXT)
			touch_say(a, &x, "who touches the memory");
		err = hotspots_write(a, &x, NULL, NULL);
		if (!err && a->format == REPORT_TEXT)
			touch_notes(a, &x);
		if (!err && a->format == REPORT_TEXT && o.lines)
			note_lines(a, &x);
	}
	touch_release(&x);
	return err;
}
