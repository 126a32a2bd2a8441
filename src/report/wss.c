/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/notes.h"
#include "report/picture/picture.h"
#include "report/reports.h"
#include "report/select.h"
#include "report/table.h"
#include "report/wss.h"

#define BINS_TEXT 24 /* lines of the plot over time */

static const char *const window_names[] = {"1 aggregation", "1 s", "10 s", "60 s"};

static enum damon_wss_window window_of(const struct report_args *a)
{
	if (a->window < 0 || a->window > DAMON_WSS_60S)
		return DAMON_WSS_1S;
	return (enum damon_wss_window)a->window;
}

const char *wss_window(const struct report_args *a)
{
	return window_names[window_of(a)];
}

char *wss_title(char *buf, size_t size, const struct report_args *a)
{
	snprintf(buf, size, "working set within %s", wss_window(a));
	return buf;
}

static void view_add(struct wss_view *v, const struct scan_cursor *c, const struct damon_wss *w)
{
	uint64_t middle = c->si.start_ns + (c->si.end_ns - c->si.start_ns) / 2;
	uint64_t off = MIN(MAX(middle, v->start_ns), v->end_ns - 1) - v->start_ns;
	double seconds = (double)(c->si.end_ns - c->si.start_ns) / NS_PER_SEC;
	struct wss_bin *b =
		&v->bins[(unsigned __int128)off * v->nr_bins / (v->end_ns - v->start_ns)];

	dist_add(&v->bytes, w->bytes, seconds);
	dist_add(&v->lo, w->lo, seconds);
	dist_add(&v->hi, w->hi, seconds);
	b->bytes += w->bytes * seconds;
	b->lo += w->lo * seconds;
	b->hi += w->hi * seconds;
	b->seconds += seconds;
}

int wss_load(struct report_args *a, const struct scan *sc, const struct scan_target *t,
	     size_t nr_bins, struct wss_view *v)
{
	struct scan_cursor c;
	struct damon_wss w;
	int err;

	dist_clear(&v->bytes);
	dist_clear(&v->lo);
	dist_clear(&v->hi);
	v->nr_bins = nr_bins;
	v->bins = calloc(nr_bins, sizeof(*v->bins));
	if (!v->bins)
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	v->start_ns = MAX(sc->from_ns, t->first_ns);
	v->end_ns = MAX(MIN(sc->to_ns, t->last_ns), v->start_ns + 1);
	err = scan_rewind(a);
	scan_start(&c);
	while (err >= 0 && (err = scan_next_of(a, t->info.id, &c)) > 0) {
		if (c.si.end_ns <= v->start_ns || c.si.start_ns >= v->end_ns)
			continue;
		damon_snapshot_wss(c.s, c.at, window_of(a), &w);
		view_add(v, &c, &w);
	}
	for (size_t i = 0; i < nr_bins; i++) {
		struct wss_bin *b = &v->bins[i];

		if (!(b->seconds > 0))
			continue;
		b->bytes /= b->seconds;
		b->lo /= b->seconds;
		b->hi /= b->seconds;
	}
	return err < 0 ? err : v->bytes.total > 0;
}

void wss_release(struct wss_view *v)
{
	free(v->bins);
	v->bins = NULL;
}

/* ---- text ---- */

static void put_size(struct table *t, double bytes, double lo, double hi)
{
	table_known(t, &(struct known){bytes, lo, hi}, KNOWN_BYTES);
}

static int write_percentiles(struct report_args *a, const struct wss_view *v)
{
	static const struct table_col cols[] = {
		{.title = "", .left = true},
		{.title = "bytes"},
		{.title = "[lo, hi]", .left = true, .drop = 1},
		{0},
	};
	static const struct {
		const char *name;
		double p;
	} rows[] = {{"min", 0}, {"25 %", .25}, {"50 %", .5}, {"75 %", .75}, {"95 %", .95}};
	struct table t;

	table_init(&t, a, cols, NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		table_text(&t, rows[i].name);
		put_size(&t, dist_percentile(&v->bytes, rows[i].p),
			 dist_percentile(&v->lo, rows[i].p), dist_percentile(&v->hi, rows[i].p));
	}
	table_text(&t, "max");
	put_size(&t, v->bytes.max, v->lo.max, v->hi.max);
	table_text(&t, "mean");
	put_size(&t, dist_mean(&v->bytes), dist_mean(&v->lo), dist_mean(&v->hi));
	return table_end(&t);
}

/* The part that is sure, the estimate, and up to what it may be. */
static void make_bar(char *bar, size_t size, const struct report_args *a, const struct wss_bin *b,
		     double top, size_t width)
{
	static const char *const marks[][3] = {{"#", "=", "-"}, {"█", "▓", "░"}};
	const char *const *m = marks[a->color != REPORT_ASCII];
	double values[3] = {b->lo, b->bytes, b->hi};
	size_t at = 0, len = 0;

	bar[0] = '\0';
	for (int i = 0; i < 3; i++) {
		size_t end = (size_t)(values[i] / top * (double)width + 0.5);

		for (; at < MIN(end, width) && len + 4 < size; at++)
			len += (size_t)snprintf(bar + len, size - len, "%s", m[i]);
	}
}

static int write_plot(struct report_args *a, const struct scan *sc, const struct wss_view *v)
{
	static const struct table_col cols[] = {
		{.title = "time"},
		{.title = "bytes"},
		{.title = "[lo, hi]", .left = true, .drop = 1},
		{.title = "", .left = true},
		{0},
	};
	uint64_t span = v->end_ns - v->start_ns, origin = sc->info.start_ns;
	size_t fixed = a->width < 60 ? 26 : 50, width = a->width > fixed ? a->width - fixed : 1;
	char bar[1024], when[DAMON_UNITS_MAX];
	struct table t;

	width = MIN(width, sizeof(bar) / 4);
	table_init(&t, a, cols, NULL, NULL);
	for (size_t i = 0; i < BINS_TEXT; i++) {
		struct wss_bin b = v->bins[i];

		if (!(b.seconds > 0))
			continue;
		damon_print_time(when, (double)(v->start_ns - origin + span * i / BINS_TEXT));
		table_text(&t, when);
		put_size(&t, b.bytes, b.lo, b.hi);
		make_bar(bar, sizeof(bar), a, &b, MAX(v->hi.max, 1.0), width);
		table_text(&t, bar);
	}
	return table_end(&t);
}

static int write_text(struct report_args *a, const struct scan *sc, const struct scan_target *t)
{
	_cleanup_(freep) struct wss_view *v = calloc(1, sizeof(*v));
	char what[64];
	int got;

	if (!v)
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	got = wss_load(a, sc, t, BINS_TEXT, v);
	if (got >= 0)
		select_say(a, sc, t, wss_title(what, sizeof(what), a));
	if (!got)
		fputs("nothing to show: it has no snapshot in this time\n", a->out);
	if (got > 0) {
		fputc('\n', a->out);
		got = write_percentiles(a, v);
		fputc('\n', a->out);
	}
	if (!got && v->bytes.total > 0)
		got = write_plot(a, sc, v);
	wss_release(v);
	return got;
}

/* ---- JSON, CSV ---- */

static const struct table_col csv_cols[] = {
	{.key = "id"},	       {.key = "pid"},	    {.key = "comm"},
	{.key = "start_time"}, {.key = "end_time"}, {.key = "bytes"},
	{.key = "lo"},	       {.key = "hi"},	    {0},
};
static const struct table_col *const json_cols = csv_cols + 3;

static uint64_t epoch(const struct damon_snapshot_info *si, uint64_t ns)
{
	return ns + (uint64_t)si->epoch_offset_ns;
}

static uint64_t whole(double bytes)
{
	return bytes > 0 ? (uint64_t)(bytes + 0.5) : 0;
}

static void put_snapshot(struct table *t, const struct scan_cursor *c, const struct damon_wss *w)
{
	if (t->format == REPORT_CSV) {
		table_u64(t, c->ti.id, NULL);
		table_i64(t, c->ti.pid, NULL);
		table_str(t, c->ti.comm);
	}
	table_u64(t, epoch(&c->si, c->si.start_ns), NULL);
	table_u64(t, epoch(&c->si, c->si.end_ns), NULL);
	table_u64(t, whole(w->bytes), NULL);
	table_u64(t, whole(w->lo), NULL);
	table_u64(t, whole(w->hi), NULL);
}

/* The mean comes behind the snapshots: it is known then, and nothing has to be kept. */
static int json_target(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		       struct json *j)
{
	double seconds = 0;
	struct known sum = {0, 0, 0};
	struct scan_cursor c;
	struct damon_wss w;
	struct table rows;
	int err = scan_rewind(a);

	json_object(j, NULL);
	json_i64(j, "pid", t->info.pid);
	json_str(j, "comm", t->info.comm);
	json_u64(j, "id", t->info.id);
	table_init(&rows, a, json_cols, j, "snapshots");
	scan_start(&c);
	while (err >= 0 && (err = scan_next_of(a, t->info.id, &c)) > 0) {
		double span = (double)(c.si.end_ns - c.si.start_ns);

		if (c.si.end_ns <= sc->from_ns || c.si.start_ns >= sc->to_ns)
			continue;
		damon_snapshot_wss(c.s, c.at, window_of(a), &w);
		put_snapshot(&rows, &c, &w);
		sum = (struct known){sum.v + w.bytes * span, sum.lo + w.lo * span,
				     sum.hi + w.hi * span};
		seconds += span;
	}
	table_end(&rows);
	seconds = seconds > 0 ? seconds : 1;
	json_u64(j, "avg_bytes", whole(sum.v / seconds));
	json_u64(j, "avg_lo", whole(sum.lo / seconds));
	json_u64(j, "avg_hi", whole(sum.hi / seconds));
	json_end(j);
	return MIN(err, 0);
}

static int write_json(struct report_args *a, const struct scan *sc,
		      const struct scan_target *chosen)
{
	struct json j;
	int err = 0;

	json_init(&j, a->out);
	json_object(&j, NULL);
	json_str(&j, "window", window_names[window_of(a)]);
	json_array(&j, "targets");
	for (size_t i = 0; i < sc->nr_targets && !err; i++)
		if (select_shows(a, &sc->targets[i], chosen))
			err = json_target(a, sc, &sc->targets[i], &j);
	json_end(&j);
	json_end(&j);
	return err;
}

struct csv {
	struct table table;
	enum damon_wss_window window;
};

static void csv_row(void *priv, const struct scan_cursor *c)
{
	struct csv *csv = priv;
	struct damon_wss w;

	damon_snapshot_wss(c->s, c->at, csv->window, &w);
	put_snapshot(&csv->table, c, &w);
}

static int write_csv(struct report_args *a, const struct scan *sc, const struct scan_target *chosen)
{
	struct csv csv = {.window = window_of(a)};
	int err;

	table_init(&csv.table, a, csv_cols, NULL, NULL);
	err = select_each(a, sc, chosen, csv_row, &csv);
	table_end(&csv.table);
	return err;
}

int report_wss(struct report_args *a)
{
	const struct scan_target *t = NULL;
	struct scan sc;
	int got;

	if (report_is_picture(a->format))
		return picture_wss(a);
	got = scan_record(a, false, &sc);
	if (!got)
		got = select_target(a, &sc, &t);
	if (got >= 0 && a->format == REPORT_JSON)
		got = write_json(a, &sc, t);
	else if (got >= 0 && a->format == REPORT_CSV)
		got = write_csv(a, &sc, t);
	else if (got > 0)
		got = write_text(a, &sc, t);
	else if (!got)
		notes_empty(a, &sc);
	scan_release(&sc);
	return MIN(got, 0);
}
