/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "report/reports.h"
#include "report/select.h"
#include "report/table.h"

static const struct table_col cols[] = {
	{.key = "start_time"},
	{.key = "end_time"},
	{.key = "target_id"},
	{.key = "pid"},
	{.key = "comm"},
	{.key = "start"},
	{.key = "end"},
	{.key = "nr_accesses"},
	{.key = "nr_accesses_lo"},
	{.key = "nr_accesses_hi"},
	{.key = "age"},
	{.key = "idle"},
	{.key = "heat"},
	{.key = "heat_lo"},
	{.key = "heat_hi"},
	{.key = "share"},
	{.key = "share_lo"},
	{.key = "share_hi"},
	{.key = "write_share"},
	{.key = "write_share_lo"},
	{.key = "write_share_hi"},
	{.key = "nr_ticks"},
	{.key = "nr_checks"},
	{.key = "checked_share"},
	{.key = "sample_ns"},
	{0},
};

static void put_region(struct table *t, const struct scan_cursor *c, size_t i)
{
	struct damon_region_info r = {.size = sizeof(r)};
	struct known writes;
	double lo, hi, nr;

	damon_snapshot_region(c->s, c->at, i, &r);
	nr = damon_region_nr_accesses_of(c->s, c->at, i, &lo, &hi);
	table_i64(t, (int64_t)c->si.start_ns + c->si.epoch_offset_ns, NULL);
	table_i64(t, (int64_t)c->si.end_ns + c->si.epoch_offset_ns, NULL);
	table_u64(t, c->ti.id, NULL);
	table_i64(t, c->ti.pid, NULL);
	table_str(t, c->ti.comm);
	table_u64(t, r.start, NULL);
	table_u64(t, r.end, NULL);
	table_double(t, nr, NULL);
	table_double(t, lo, NULL);
	table_double(t, hi, NULL);
	table_u64(t, r.age_aggrs, NULL);
	table_u64(t, r.idle_aggrs, NULL);
	table_double(t, r.heat, NULL);
	table_double(t, r.heat_lo, NULL);
	table_double(t, r.heat_hi, NULL);
	table_double(t, r.share, NULL);
	table_double(t, r.share_lo, NULL);
	table_double(t, r.share_hi, NULL);
	writes = known_share(r.write_share, r.nr_ticks);
	table_double(t, writes.v, NULL);
	table_limits(t, &writes);
	table_u64(t, r.nr_ticks, NULL);
	table_double(t, r.nr_checks, NULL);
	table_double(t, r.nr_checks > 0 ? r.checked_share : NAN, NULL);
	table_u64(t, c->si.sample_ns, NULL);
}

static int write_all(struct report_args *a, const struct scan *sc, const struct scan_target *chosen)
{
	struct scan_cursor c;
	struct table t;
	int err = scan_rewind(a);

	table_init(&t, a, cols, NULL, NULL);
	scan_start(&c);
	while (err >= 0 && (err = scan_next(a, &c.s)) > 0) {
		damon_snapshot_info(c.s, &c.si);
		if (c.si.end_ns <= sc->from_ns || c.si.start_ns >= sc->to_ns)
			continue;
		for (c.at = 0; c.at < c.si.nr_targets; c.at++) {
			damon_snapshot_target(c.s, c.at, &c.ti);
			if (select_is_named(a) && c.ti.id != chosen->info.id)
				continue;
			for (size_t i = 0; i < c.ti.nr_regions; i++)
				put_region(&t, &c, i);
		}
	}
	table_end(&t);
	return err;
}

int export_csv(struct report_args *a)
{
	struct report_args csv = *a;
	const struct scan_target *chosen = NULL;
	struct scan sc;
	int err;

	csv.format = REPORT_CSV;
	err = scan_record(&csv, false, &sc);
	if (!err)
		err = select_target(&csv, &sc, &chosen);
	if (err >= 0)
		err = write_all(&csv, &sc, chosen);
	a->fail = csv.fail;
	scan_release(&sc);
	return err;
}
