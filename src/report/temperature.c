/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How hot memory is: bytes, and their share of accesses, by heat. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "report/ending.h"
#include "report/notes.h"
#include "report/reports.h"
#include "report/table.h"

#define DECADES 12

static const struct table_col cols[] = {
	{"heat_from", "heat from"},
	{"heat_to", "to"},
	{"bytes", "bytes"},
	{NULL, "[lo, hi]", "bounds of bytes", .left = true, .drop = 2},
	{"bytes_lo", NULL},
	{"bytes_hi", NULL},
	{"bytes_share", "of all", .drop = 3},
	{"access_share", "accesses"},
	{NULL, "[lo, hi]", "bounds of accesses", .left = true, .drop = 4},
	{"access_share_lo", NULL},
	{"access_share_hi", NULL},
	{0},
};

struct bin {
	double from, to;
	struct known bytes;
	struct damon_sum share;
};

/* Bins of powers of ten, from the coldest region's to the hottest's; the first is of nothing seen.
 */
static size_t make_bins(const struct ending *e, struct bin *bins)
{
	double least = INFINITY, most = 0;
	bool colder = false; /* than the first bin's limit: it takes them all the same */
	size_t n = 1;

	for (size_t i = 0; i < e->n; i++) {
		if (e->regions[i].heat > 0)
			least = fmin(least, e->regions[i].heat);
		most = fmax(most, e->regions[i].heat);
	}
	bins[0] = (struct bin){.from = 0, .to = 0};
	if (!(most > 0))
		return 1;
	least = pow(10, floor(log10(least)));
	while (most / least >= pow(10, DECADES - 1)) {
		least *= 10;
		colder = true;
	}
	for (double at = least; at <= most && n < DECADES + 1; at *= 10, n++)
		bins[n] = (struct bin){.from = colder && n == 1 ? 0 : at, .to = at * 10};
	return n;
}

static bool holds(const struct bin *b, double heat)
{
	return b->to > 0 ? heat > 0 && heat >= b->from && heat < b->to : !(heat > 0);
}

/* Does any of [lo, hi] lie in the bin; does all? */
static bool may_hold(const struct bin *b, const struct damon_region_info *r)
{
	return b->to > 0 ? r->heat_hi >= b->from && r->heat_lo < b->to : !(r->heat_lo > 0);
}

static bool surely_holds(const struct bin *b, const struct damon_region_info *r)
{
	return b->to > 0 && r->heat_lo > 0 && r->heat_lo >= b->from && r->heat_hi < b->to;
}

static void fill(const struct ending *e, struct bin *bins, size_t n)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct damon_region_info *r = &e->regions[i];
		double bytes = (double)(r->end - r->start);

		for (size_t k = 0; k < n; k++) {
			struct bin *b = &bins[k];

			b->bytes.lo += surely_holds(b, r) ? bytes : 0;
			b->bytes.hi += may_hold(b, r) ? bytes : 0;
			if (!holds(b, r->heat))
				continue;
			b->bytes.v += bytes;
			damon_sum_add(&b->share, r->share, r->nr_ticks, r->share_hi);
		}
	}
}

/* Powers of ten: "100 k" */
static char *print_power(char *buf, size_t size, double v)
{
	static const char *const units[] = {"", " k", " M", " G", " T"};
	size_t u = 0;

	for (; v >= 1000 && u + 1 < ARRAY_SIZE(units); u++)
		v /= 1000;
	snprintf(buf, size, "%g%s", v, units[u]);
	return buf;
}

static void put_bin(struct table *t, const struct ending *e, const struct bin *b)
{
	double all = (double)e->bytes, part = all > 0 ? b->bytes.v / all : 0;
	struct known share = {b->share.value, 0, 0};
	char buf[DAMON_UNITS_MAX];

	damon_sum_bounds(&b->share, &share.lo, &share.hi);
	share.lo = fmin(fmax(share.lo, 0), share.v);
	share.hi = fmin(fmax(share.hi, share.v), 1);
	table_double(t, b->from, b->to > 0 ? print_power(buf, sizeof(buf), b->from) : "none seen");
	table_double(t, b->to, b->to > 0 ? print_power(buf, sizeof(buf), b->to) : "");
	table_known(t, &b->bytes, KNOWN_BYTES);
	table_limits(t, &b->bytes);
	table_double(t, part, print_percent(buf, part));
	table_known(t, &share, KNOWN_PERCENT);
	table_limits(t, &share);
}

static int write_rows(struct report_args *a, const struct ending *e, struct json *within)
{
	struct bin bins[DECADES + 1];
	struct table t;
	size_t n = e->n ? make_bins(e, bins) : 0;

	fill(e, bins, n);
	table_init(&t, a, cols, within, "heat");
	for (size_t i = 0; i < n; i++)
		put_bin(&t, e, &bins[i]);
	return table_end(&t);
}

/* ---- percentiles ---- */

struct weighted {
	double v, bytes;
};

static int by_value(const void *x, const void *y)
{
	const struct weighted *a = x, *b = y;

	return a->v < b->v ? -1 : a->v > b->v;
}

/* The heat that this part of the bytes does not exceed: 'which' of heat, lo, hi. */
static double percentile(const struct ending *e, struct weighted *w, int which, double part)
{
	double sum = 0;

	for (size_t i = 0; i < e->n; i++) {
		const struct damon_region_info *r = &e->regions[i];
		const double v[] = {r->heat, r->heat_lo, r->heat_hi};

		w[i] = (struct weighted){v[which], (double)(r->end - r->start)};
	}
	qsort(w, e->n, sizeof(*w), by_value);
	for (size_t i = 0; i < e->n; i++) {
		sum += w[i].bytes;
		if (sum >= part * (double)e->bytes)
			return w[i].v;
	}
	return 0;
}

static const unsigned percents[] = {25, 50, 75, 90, 95, 99};

static int write_percentiles(struct report_args *a, const struct ending *e, struct json *within)
{
	static const struct table_col percent_cols[] = {
		{"percent", "bytes"},
		{"heat", "heat up to"},
		{NULL, "[lo, hi]", .left = true, .drop = 1},
		{"heat_lo", NULL},
		{"heat_hi", NULL},
		{0},
	};
	_cleanup_(freep) struct weighted *w = calloc(e->n + 1, sizeof(*w));
	struct table t;
	char buf[16];

	if (!w)
		return -ENOMEM;
	table_init(&t, a, percent_cols, within, "percentiles");
	for (size_t i = 0; i < ARRAY_SIZE(percents) && e->n; i++) {
		double part = percents[i] / 100.;
		struct known k = {percentile(e, w, 0, part), percentile(e, w, 1, part),
				  percentile(e, w, 2, part)};

		snprintf(buf, sizeof(buf), "%u %%", percents[i]);
		table_u64(&t, percents[i], buf);
		table_known(&t, &k, KNOWN_COUNT);
		table_limits(&t, &k);
	}
	return table_end(&t);
}

static int write_json(struct report_args *a, const struct scan_target *t, const struct ending *e)
{
	struct json j;
	int err;

	json_init(&j, a->out);
	json_object(&j, NULL);
	json_i64(&j, "pid", t ? t->info.pid : 0);
	json_str(&j, "comm", t ? t->info.comm : NULL);
	json_i64(&j, "snapshot", e->n ? e->number : -1);
	err = write_rows(a, e, &j);
	if (!err)
		err = write_percentiles(a, e, &j);
	json_end(&j);
	return err;
}

static int write_text(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		      const struct ending *e)
{
	int err;

	ending_say(a, sc, t, e, "memory by its heat (accesses per page and second)");
	err = write_rows(a, e, NULL);
	fputc('\n', a->out);
	if (!err)
		err = write_percentiles(a, e, NULL);
	notes_relative(a, &sc->info);
	return err;
}

int report_temperature(struct report_args *a)
{
	const struct scan_target *t;
	struct ending e;
	struct scan sc;
	int err = ending_load(a, &sc, &t, &e);

	if (err >= 0 && a->format == REPORT_JSON)
		err = write_json(a, t, &e);
	else if (err >= 0 && a->format == REPORT_CSV)
		err = write_rows(a, &e, NULL);
	else if (err > 0)
		err = write_text(a, &sc, t, &e);
	ending_release(&e);
	scan_release(&sc);
	return err == -ENOMEM ? damon_fail(&a->fail, ENOMEM, "out of memory") : MIN(err, 0);
}
