/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/notes.h"
#include "report/reports.h"
#include "report/select.h"
#include "report/table.h"
#include "report/usage.h"

#define HOT_PART .9

static double region_bytes(const struct scan_cursor *c)
{
	struct damon_region_info r = {.size = sizeof(r)};
	double sum = 0;

	for (size_t i = 0; i < c->ti.nr_regions; i++) {
		damon_snapshot_region(c->s, c->at, i, &r);
		sum += (double)(r.end - r.start);
	}
	return sum;
}

int usage_read(struct report_args *a, const struct scan *sc, const struct scan_target *t,
	       struct usage *u)
{
	struct scan_cursor c;
	int err = scan_rewind(a);

	memset(u, 0, sizeof(*u));
	scan_start(&c);
	while (err >= 0 && (err = scan_next_of(a, t->info.id, &c)) > 0) {
		double seconds = (double)(c.si.end_ns - c.si.start_ns) / NS_PER_SEC;
		struct damon_hot_set hot;
		struct damon_wss w;
		double mapped;

		if (!c.ti.nr_regions || c.si.end_ns <= sc->from_ns || c.si.start_ns >= sc->to_ns)
			continue;
		mapped = region_bytes(&c);
		dist_known_add(&u->mapped, &(struct known){mapped, mapped, mapped}, seconds);
		for (int i = 0; i < 4; i++) {
			damon_snapshot_wss(c.s, c.at, (enum damon_wss_window)i, &w);
			dist_known_add(&u->wss[i], &(struct known){w.bytes, w.lo, w.hi}, seconds);
		}
		if (!damon_snapshot_hot_set(c.s, c.at, HOT_PART, &hot) && hot.bytes > 0)
			dist_known_add(&u->hot_set, &(struct known){hot.bytes, hot.lo, hot.hi},
				       seconds);
	}
	return MIN(err, 0);
}

/* ---- the report ---- */

static const struct table_col cols[] = {
	{"what", "memory", .left = true},
	{"min", "least", .drop = 4},
	{"min_lo", NULL},
	{"min_hi", NULL},
	{"p50", "half"},
	{NULL, "[lo, hi]", "bounds of half", .left = true, .drop = 1},
	{"p50_lo", NULL},
	{"p50_hi", NULL},
	{"p95", "95 %", .drop = 3},
	{"p95_lo", NULL},
	{"p95_hi", NULL},
	{"max", "most"},
	{NULL, "[lo, hi]", "bounds of most", .left = true, .drop = 2},
	{"max_lo", NULL},
	{"max_hi", NULL},
	{0},
};

/* A value, without a column of its bounds in text. */
static void put_alone(struct table *t, const struct known *k)
{
	char value[KNOWN_MAX];

	table_double(t, k->v, known_value(value, k, KNOWN_BYTES));
	table_limits(t, k);
}

static void put_row(struct table *t, const char *what, const struct dist_known *d)
{
	struct known least = {d->v.min, d->lo.min, d->hi.min};
	struct known half = dist_known_percentile(d, .5), most = {d->v.max, d->lo.max, d->hi.max};
	struct known p95 = dist_known_percentile(d, .95);

	table_str(t, what);
	put_alone(t, &least);
	table_known(t, &half, KNOWN_BYTES);
	table_limits(t, &half);
	put_alone(t, &p95);
	table_known(t, &most, KNOWN_BYTES);
	table_limits(t, &most);
}

static int write_rows(struct report_args *a, const struct usage *u)
{
	static const char *const windows[] = {"touched in 1 aggr", "touched in 1 s",
					      "touched in 10 s", "touched in 60 s"};
	struct table t;

	table_init(&t, a, cols, NULL, NULL);
	if (u->mapped.v.total > 0) {
		put_row(&t, "mapped", &u->mapped);
		for (int i = DAMON_WSS_60S; i >= DAMON_WSS_AGGR; i--)
			put_row(&t, windows[i], &u->wss[i]);
		put_row(&t, "hot (90 %)", &u->hot_set);
	}
	return table_end(&t);
}

int report_footprints(struct report_args *a)
{
	_cleanup_(freep) struct usage *u = calloc(1, sizeof(*u));
	const struct scan_target *t = NULL;
	struct scan sc;
	int got;

	if (!u)
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	got = scan_record(a, false, &sc);
	if (!got)
		got = select_target(a, &sc, &t);
	if (got > 0)
		got = usage_read(a, &sc, t, u);
	if (got >= 0 && a->format == REPORT_TEXT && !(u->mapped.v.total > 0)) {
		if (t)
			print_line(a->out, a->width, 0,
				   "nothing to show: no regions were recorded");
		else
			notes_empty(a, &sc);
	} else if (got >= 0) {
		if (a->format == REPORT_TEXT)
			select_say(a, &sc, t, "memory");
		if (write_rows(a, u))
			got = damon_fail(&a->fail, ENOMEM, "out of memory");
		if (a->format == REPORT_TEXT)
			print_line(a->out, a->width, 0,
				   "mapped is what regions cover; how much of it is resident is "
				   "not recorded");
	}
	scan_release(&sc);
	return MIN(got, 0);
}
