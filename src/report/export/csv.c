/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/region_cols.h"
#include "report/reports.h"
#include "report/select.h"
#include "report/table.h"

static const struct table_col cols[] = {
	{.key = "start_time"}, {.key = "end_time"}, {.key = "target_id"}, {.key = "pid"},
	{.key = "comm"},       REGION_COLS,	    {.key = "sample_ns"}, {0},
};

static void put_region(struct table *t, const struct scan_cursor *c, size_t i)
{
	table_i64(t, (int64_t)c->si.start_ns + c->si.epoch_offset_ns, NULL);
	table_i64(t, (int64_t)c->si.end_ns + c->si.epoch_offset_ns, NULL);
	table_u64(t, c->ti.id, NULL);
	table_i64(t, c->ti.pid, NULL);
	table_str(t, c->ti.comm);
	region_cols_put(t, c, i);
	table_u64(t, c->si.sample_ns, NULL);
}

static void put_target(void *priv, const struct scan_cursor *c)
{
	for (size_t i = 0; i < c->ti.nr_regions; i++)
		put_region(priv, c, i);
}

static int write_all(struct report_args *a, const struct scan *sc, const struct scan_target *chosen)
{
	struct table t;
	int err;

	table_init(&t, a, cols, NULL, NULL);
	err = select_each(a, sc, chosen, put_target, &t);
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
