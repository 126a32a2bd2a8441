/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "base/json.h"
#include "report/export/recjson.h"
#include "report/select.h"

#define DIGITS 5 /* of heat: more than is ever known */

static void write_region(struct json *j, const struct scan_cursor *c, size_t i)
{
	struct damon_region_info r = {.size = sizeof(r)};

	damon_snapshot_region(c->s, c->at, i, &r);
	json_object(j, NULL);
	json_u64(j, "start", r.start);
	json_u64(j, "end", r.end);
	json_object(j, "nr_accesses");
	json_i64(j, "samples", lrint(damon_region_nr_accesses_of(c->s, c->at, i, NULL, NULL)));
	json_null(j, "percent");
	json_end(j);
	json_object(j, "age");
	json_null(j, "usec");
	json_u64(j, "aggr_intervals", r.age_aggrs);
	json_end(j);
	json_array(j, "probe_hits");
	json_end(j);
	json_double(j, "heat", r.heat, DIGITS);
	json_double(j, "lo", r.heat_lo, DIGITS);
	json_double(j, "hi", r.heat_hi, DIGITS);
	json_double(j, "writes", r.write_share, 3);
	json_end(j);
}

/* A snapshot that tuned its intervals tells them; damo passes over that. */
static void write_snapshot(struct json *j, const struct scan_cursor *c,
			   const struct damon_attrs *attrs)
{
	json_object(j, NULL);
	json_i64(j, "start_time", (int64_t)c->si.start_ns + c->si.epoch_offset_ns);
	json_i64(j, "end_time", (int64_t)c->si.end_ns + c->si.epoch_offset_ns);
	if (c->si.sample_ns != attrs->sample_ns) {
		json_object(j, "intervals");
		json_u64(j, "sample_us", c->si.sample_ns / NS_PER_US);
		json_u64(j, "aggr_us", c->si.aggr_ns / NS_PER_US);
		json_end(j);
	}
	json_array(j, "regions");
	for (size_t i = 0; i < c->ti.nr_regions; i++)
		write_region(j, c, i);
	json_end(j);
	json_end(j);
}

static int write_target(struct report_args *a, const struct scan *sc, const struct scan_target *t,
			struct json *j)
{
	const struct damon_attrs *attrs = &sc->info.attrs;
	struct scan_cursor c;
	int err = scan_rewind(a);

	json_object(j, NULL);
	json_u64(j, "kdamond_idx", 0);
	json_u64(j, "context_idx", 0);
	json_object(j, "intervals");
	json_u64(j, "sample_us", attrs->sample_ns / NS_PER_US);
	json_u64(j, "aggr_us", attrs->aggr_ns / NS_PER_US);
	json_u64(j, "ops_update_us", attrs->update_ns / NS_PER_US);
	json_end(j);
	json_null(j, "scheme_idx");
	json_u64(j, "target_id", t->info.id);
	json_array(j, "scheme_filters");
	json_end(j);
	json_i64(j, "pid", t->info.pid);
	json_str(j, "comm", t->info.comm);
	json_array(j, "snapshots");
	scan_start(&c);
	while (err >= 0 && (err = scan_next_of(a, t->info.id, &c)) > 0)
		if (c.si.end_ns > sc->from_ns && c.si.start_ns < sc->to_ns)
			write_snapshot(j, &c, attrs);
	json_end(j);
	json_end(j);
	return err;
}

int recjson_write(struct report_args *a, FILE *out)
{
	const struct scan_target *chosen = NULL;
	struct json j;
	struct scan sc;
	int err = scan_record(a, false, &sc);

	if (!err)
		err = select_target(a, &sc, &chosen);
	if (err >= 0) {
		err = 0;
		json_init(&j, out);
		json_array(&j, NULL);
		for (size_t i = 0; i < sc.nr_targets && !err; i++)
			if (select_shows(a, &sc.targets[i], chosen))
				err = write_target(a, &sc, &sc.targets[i], &j);
		json_end(&j);
	}
	scan_release(&sc);
	return err;
}
