/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/print.h"
#include "report/reports.h"
#include "report/table.h"
#include "report/touch.h"

static const struct table_col cols[] = {
	{NULL, "served from", .left = true},
	{"level", NULL},
	{"node", NULL},
	{"share", "share"},
	{NULL, "[lo, hi]", "bounds of share", .left = true, .drop = 3},
	{"share_lo", NULL},
	{"share_hi", NULL},
	{"samples", "samples", .drop = 7},
	{"store_share", "stores", .drop = 6},
	{"latency_mean", "cycles", "mean latency", .drop = 2},
	{"latency_share", "of cycles", .drop = 4},
	{"tlb_miss_share", "tlb miss", .drop = 5},
	{NULL, "by", "code", .left = true, .drop = 1, .least = 16, .cut = TABLE_CUT_LIST},
	{NULL, "of", "objects", .left = true, .drop = 1, .least = 16, .cut = TABLE_CUT_LIST},
	{0},
};

/* "remote DRAM"; where a level is not told, "remote" or "unknown". */
static void put_name(struct table *t, int level, bool remote)
{
	const char *name = damon_memory_level_name(level);
	char text[32];

	if (remote && level == DAMON_MEMORY_UNKNOWN)
		snprintf(text, sizeof(text), "remote");
	else
		snprintf(text, sizeof(text), "%s%s", remote ? "remote " : "", name);
	table_text(t, text);
	table_str(t, name);
	table_str(t, remote ? "remote" : "");
}

static void put_part(struct table *t, double part, double of)
{
	char text[DAMON_UNITS_MAX] = "";

	table_double(t, of > 0 ? part / of : NAN, of > 0 ? print_percent(text, part / of) : "");
}

static void put_partners(struct report_args *a, struct table *t, const struct touch *x,
			 const struct touch_level *l)
{
	/* whose partners are wanted is the other kind */
	static const enum touch_by kinds[] = {TOUCH_OBJECT, TOUCH_CODE};
	struct touch_group g;
	char with[256];

	for (int i = 0; i < 2; i++) {
		touch_level_group(kinds[i], l, &g);
		table_text(t, touch_partners(with, sizeof(with), a, x, kinds[i], &g));
	}
}

static void put_level(struct report_args *a, struct table *t, const struct touch *x, int row)
{
	const struct touch_level *l = &x->levels[row];
	const struct attrib_sums *s = &l->sums;
	struct known share = touch_share(a, x, s);
	char text[DAMON_UNITS_MAX];

	put_name(t, row / 2, row % 2);
	table_known(t, &share, KNOWN_PERCENT);
	table_limits(t, &share);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)s->n);
	table_u64(t, s->n, text);
	put_part(t, s->stores, s->weight);
	snprintf(text, sizeof(text), "%.0f", s->latency_sum / (double)MAX(s->latency_n, 1ull));
	table_double(t, s->latency_n ? s->latency_sum / (double)s->latency_n : NAN,
		     s->latency_n ? text : "");
	put_part(t, s->latency_sum, x->sums.latency_sum);
	put_part(t, s->tlb_miss, s->tlb_told);
	put_partners(a, t, x, l);
}

/* From the nearest to the farthest; what is not known comes last. */
static int write_rows(struct report_args *a, const struct touch *x)
{
	struct table_col told[TABLE_MAX_COLS + 1];
	struct table t;

	touch_columns(a, x, cols, told);
	table_init(&t, a, told, NULL, NULL);
	for (int i = 0; i < TOUCH_LEVEL_ROWS; i++) {
		int row = (i + 2) % TOUCH_LEVEL_ROWS; /* 0 and 1 are unknown */

		if (x->levels[row].sums.n)
			put_level(a, &t, x, row);
	}
	return table_end(&t);
}

/* Neither a level nor a node. */
static bool tells_nothing(const struct touch *x)
{
	return x->levels[2 * DAMON_MEMORY_UNKNOWN].sums.n == x->sums.n;
}

int report_levels(struct report_args *a)
{
	struct attrib_options o = {
		.lines = a->grain == REPORT_LINES,
		.no_symbols = a->grain == REPORT_MODULES,
	};
	struct touch x;
	int err;

	if (a->sort == REPORT_BY_STALL) {
		damon_fail(&a->fail, EINVAL, "what stalled tells no level");
		damon_fail_remedy(&a->fail, "'--sort latency' has shares of the cycles waited");
		return -EINVAL;
	}
	err = touch_load(a, o, TOUCH_LEVELS, &x);
	if (!err && (!x.any || !x.sums.n)) {
		err = touch_none(a, &x, cols);
	} else if (!err && a->format == REPORT_TEXT && tells_nothing(&x)) {
		print_line(a->out, a->width, 0,
			   "nothing to show: source '%s' told no levels, which take samples of "
			   "hardware ('perf mem record', or '--source pebs', 'ibs' or 'spe')",
			   x.scan.info.source);
	} else if (!err) {
		if (a->format == REPORT_TEXT)
			touch_say(a, &x, "what served the accesses");
		err = write_rows(a, &x);
		if (!err && a->format == REPORT_TEXT)
			touch_notes(a, &x);
	}
	touch_release(&x);
	return err;
}
