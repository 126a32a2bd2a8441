/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/names.h"
#include "report/notes.h"
#include "report/export/recjson.h"
#include "report/reports.h"
#include "report/select.h"
#include "report/table.h"
#include "report/why.h"

static const struct table_col cols[] = {
	{"start", "start"},
	{"end", "end", .drop = 11},
	{"bytes", "size"},
	{"mapping", "mapping", .left = true, .drop = 1, .least = 18, .cut = TABLE_CUT_MIDDLE},
	{"heat", "heat"},
	{NULL, "[lo, hi]", "bounds of heat", .left = true, .drop = 9},
	{"heat_lo", NULL},
	{"heat_hi", NULL},
	{"share", "share"},
	{NULL, "[lo, hi]", "bounds of share", .left = true, .drop = 8},
	{"share_lo", NULL},
	{"share_hi", NULL},
	{"nr_accesses", "nr_acc", .drop = 3},
	{NULL, "[lo, hi]", "bounds of nr_acc", .left = true, .drop = 10},
	{"nr_accesses_lo", NULL},
	{"nr_accesses_hi", NULL},
	{"age_ns", "age", .drop = 2},
	{"idle_ns", "idle", .drop = 6},
	{"write_share", "writes", .drop = 5},
	{NULL, "[lo, hi]", "bounds of writes", .left = true, .drop = 13},
	{"write_share_lo", NULL},
	{"write_share_hi", NULL},
	{"edge_bytes", "edge", .drop = 7},
	{"nr_ticks", "samples", .drop = 12},
	{"checked_share", "touched", .drop = 4},
	{NULL, "[lo, hi]", "bounds of touched", .left = true, .drop = 14},
	{"nr_checks", "checks", .drop = 5},
	{0},
};

#define ALL_COLS      (ARRAY_SIZE(cols) - 1)
#define NR_CHECK_COLS 3 /* at the end; text has them only where there were checks */

static void put_place(struct table *t, const struct scan_cursor *c,
		      const struct damon_region_info *r)
{
	struct damon_mapping_info m = {.size = sizeof(m)};
	char buf[DAMON_UNITS_MAX], name[NAME_MAX_LEN] = "";

	snprintf(buf, sizeof(buf), "%" PRIx64, r->start);
	table_u64(t, r->start, buf);
	snprintf(buf, sizeof(buf), "%" PRIx64, r->end);
	table_u64(t, r->end, buf);
	table_u64(t, r->end - r->start, damon_print_bytes(buf, (double)(r->end - r->start)));
	if (damon_snapshot_mapping(c->s, c->at, r->start, &m) > 0) {
		name_short(name, &m);
		if (t->format == REPORT_TEXT)
			name_fit(name, t->width < 100 ? 16 : 32);
	}
	table_str(t, name);
}

/* What accessed bits told. */
static void put_checks(struct table *t, const struct damon_region_info *r)
{
	struct known touched = known_share(r->checked_share, r->nr_checks);
	char checks[KNOWN_MAX];

	if (!(r->nr_checks > 0)) {
		table_double(t, NAN, "");
		table_text(t, "");
	} else {
		table_known(t, &touched, KNOWN_PERCENT);
	}
	snprintf(checks, sizeof(checks), "%.0f", ceil(r->nr_checks));
	table_double(t, r->nr_checks, r->nr_checks > 0 ? checks : "");
}

/* All or none of the intervals may have had an access: nothing is known. */
static bool is_open(const struct scan_cursor *c, const struct known *nr)
{
	return !(nr->v > 0) && nr->hi > .95 * (double)c->si.aggr_ns / (double)c->si.sample_ns;
}

static void put_rates(struct table *t, const struct scan_cursor *c, size_t i,
		      const struct damon_region_info *r)
{
	struct known heat = {r->heat, r->heat_lo, r->heat_hi};
	struct known share = {r->share, r->share_lo, r->share_hi}, nr, shown;

	nr.v = damon_region_nr_accesses_of(c->s, c->at, i, &nr.lo, &nr.hi);
	shown = nr;
	if (is_open(c, &nr))
		shown.hi = INFINITY;
	table_known(t, &heat, KNOWN_COUNT);
	table_limits(t, &heat);
	table_known(t, &share, KNOWN_PERCENT);
	table_limits(t, &share);
	table_known(t, &shown, KNOWN_PLAIN);
	table_limits(t, &nr);
}

static void put_writes(struct table *t, const struct damon_region_info *r)
{
	struct known writes = known_share(r->write_share, r->nr_ticks);

	if (r->nr_ticks) {
		table_known(t, &writes, KNOWN_PERCENT);
	} else {
		table_double(t, r->write_share, "");
		table_text(t, "");
	}
	table_limits(t, &writes);
}

static void put_region(struct table *t, const struct scan_cursor *c, size_t i, uint64_t aggr_ns)
{
	struct damon_region_info r = {.size = sizeof(r)};
	char buf[DAMON_UNITS_MAX];

	damon_snapshot_region(c->s, c->at, i, &r);
	put_place(t, c, &r);
	put_rates(t, c, i, &r);
	table_u64(t, r.age_aggrs * aggr_ns, print_steps(buf, r.age_aggrs, aggr_ns));
	table_u64(t, r.idle_aggrs * aggr_ns, print_steps(buf, r.idle_aggrs, aggr_ns));
	put_writes(t, &r);
	table_u64(t, r.edge_bytes, damon_print_bytes(buf, (double)r.edge_bytes));
	snprintf(buf, sizeof(buf), "%u", r.nr_ticks);
	table_u64(t, r.nr_ticks, buf);
	if (t->nr_cols == ALL_COLS)
		put_checks(t, &r);
}

/* Sums over the regions: what the listing adds up to. */
static void write_totals(struct report_args *a, const struct scan_cursor *c)
{
	struct damon_region_info r = {.size = sizeof(r)};
	char all[KNOWN_TEXT_MAX], used[DAMON_UNITS_MAX];
	uint64_t bytes = 0, touched = 0;
	struct damon_hot_set hot;
	struct damon_wss w;

	for (size_t i = 0; i < c->ti.nr_regions; i++) {
		damon_snapshot_region(c->s, c->at, i, &r);
		bytes += r.end - r.start;
		touched += r.share > 0 ? r.end - r.start : 0;
	}
	print_line(a->out, a->width, 0,
		   "total: %zu regions, %s, of which %s in regions with accesses", c->ti.nr_regions,
		   damon_print_bytes(all, (double)bytes), damon_print_bytes(used, (double)touched));
	if (!damon_snapshot_hot_set(c->s, c->at, .9, &hot) && hot.bytes > 0)
		print_line(
			a->out, a->width, 0, "90 %% of accesses are within %s",
			known_text(all, &(struct known){hot.bytes, hot.lo, hot.hi}, KNOWN_BYTES));
	damon_snapshot_wss(c->s, c->at, DAMON_WSS_1S, &w);
	print_line(a->out, a->width, 0, "working set of the last 1 s: %s",
		   known_text(all, &(struct known){w.bytes, w.lo, w.hi}, KNOWN_BYTES));
}

/* Why a '?' stands below nr_acc. */
static void note_open(struct report_args *a, const struct scan *sc, const struct scan_cursor *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->ti.nr_regions; i++) {
		struct known nr;

		nr.v = damon_region_nr_accesses_of(c->s, c->at, i, &nr.lo, &nr.hi);
		n += is_open(c, &nr);
	}
	if (n)
		print_line(
			a->out, a->width, 0,
			"nr_acc is '?' where no access was seen and every one of the %.4g "
			"sampling intervals may have had one; more samples%s or a longer recording "
			"tell",
			(double)c->si.aggr_ns / (double)c->si.sample_ns,
			sc->info.origin[0] ? "" : " ('--rate')");
}

static void write_heading(struct report_args *a, const struct scan *sc, const struct scan_target *t,
			  const struct scan_cursor *c)
{
	char from[DAMON_UNITS_MAX], to[DAMON_UNITS_MAX];

	select_say(a, sc, t, "regions");
	print_line(a->out, a->width, 0, "snapshot %lld of %llu (numbered from 0): %s to %s",
		   (long long)c->number, (unsigned long long)sc->nr_snapshots,
		   damon_print_time(from, (double)(c->si.start_ns - sc->info.start_ns)),
		   damon_print_time(to, (double)(c->si.end_ns - sc->info.start_ns)));
	if (c->si.sample_ns != sc->info.attrs.sample_ns)
		print_line(a->out, a->width, 0, "nr_acc: of %.4g intervals of %s, as tuned",
			   (double)c->si.aggr_ns / (double)c->si.sample_ns,
			   damon_print_time(from, (double)c->si.sample_ns));
}

static bool any_checks(const struct scan_cursor *c)
{
	struct damon_region_info r = {.size = sizeof(r)};

	for (size_t i = 0; i < c->ti.nr_regions; i++) {
		damon_snapshot_region(c->s, c->at, i, &r);
		if (r.nr_checks > 0)
			return true;
	}
	return false;
}

static int write_regions(struct report_args *a, const struct scan *sc, const struct scan_target *t,
			 const struct scan_cursor *c)
{
	struct table_col shown[ARRAY_SIZE(cols)];
	struct table table;
	int err;

	if (a->format == REPORT_TEXT)
		write_heading(a, sc, t, c);
	memcpy(shown, cols, sizeof(cols));
	if (a->format == REPORT_TEXT && !any_checks(c))
		shown[ALL_COLS - NR_CHECK_COLS] = (struct table_col){0};
	table_init(&table, a, shown, NULL, NULL);
	for (size_t i = 0; i < c->ti.nr_regions; i++)
		put_region(&table, c, i, sc->info.attrs.aggr_ns);
	err = table_end(&table);
	if (err)
		return damon_fail(&a->fail, -err, "out of memory");
	if (a->format == REPORT_TEXT) {
		note_open(a, sc, c);
		write_totals(a, c);
		notes_relative(a, &sc->info);
	}
	return 0;
}

static int no_such_snapshot(struct report_args *a, const struct scan *sc,
			    const struct scan_target *t)
{
	char name[64];

	print_clean(name, sizeof(name), t->info.comm);
	if ((uint64_t)a->snapshot >= sc->nr_snapshots)
		damon_fail(&a->fail, ERANGE, "no snapshot %lld in this record",
			   (long long)a->snapshot);
	else
		damon_fail(&a->fail, ERANGE, "'%s' has no regions in snapshot %lld", name,
			   (long long)a->snapshot);
	damon_fail_remedy(&a->fail,
			  "snapshots are 0 to %lld; the last with regions of '%s' is %lld",
			  (long long)sc->nr_snapshots - 1, name, (long long)t->last_snapshot);
	return -ERANGE;
}

/* A listing of nothing still has its heading. */
static int write_none(struct report_args *a, const struct scan *sc, const struct scan_target *t)
{
	struct table table;

	if (a->format != REPORT_TEXT) {
		table_init(&table, a, cols, NULL, NULL);
		return table_end(&table);
	}
	if (t)
		print_line(a->out, a->width, 0, "nothing to show: no regions were recorded");
	else
		notes_empty(a, sc);
	return 0;
}

static int write_snapshot(struct report_args *a, const struct scan *sc, const struct scan_target *t)
{
	int64_t want = a->snapshot >= 0 ? a->snapshot : t->last_snapshot;
	struct scan_cursor c;
	int err;

	if (want < 0)
		return write_none(a, sc, t);
	err = scan_rewind(a);
	scan_start(&c);
	while (err >= 0 && (err = scan_next_of(a, t->info.id, &c)) > 0) {
		if (c.number == want)
			return write_regions(a, sc, t, &c);
		if (c.number > want)
			break;
	}
	return err < 0 ? err : no_such_snapshot(a, sc, t);
}

int report_access(struct report_args *a)
{
	const struct scan_target *t = NULL;
	struct scan sc;
	int got;

	if (a->has_why)
		return why_report(a);
	if (a->format == REPORT_JSON)
		return recjson_write(a, a->out);
	got = scan_record(a, false, &sc);
	if (!got)
		got = select_target(a, &sc, &t);
	if (got > 0)
		got = write_snapshot(a, &sc, t);
	else if (!got)
		got = write_none(a, &sc, NULL);
	scan_release(&sc);
	return MIN(got, 0);
}
