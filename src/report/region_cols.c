/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/region_cols.h"

#include <math.h>

#include "report/known.h"

void region_cols_put(struct table *t, const struct scan_cursor *c, size_t i)
{
	struct damon_region_info r = {.size = sizeof(r)};
	struct known writes;
	double lo, hi, nr;

	damon_snapshot_region(c->s, c->at, i, &r);
	nr = damon_region_nr_accesses_of(c->s, c->at, i, &lo, &hi);
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
}
