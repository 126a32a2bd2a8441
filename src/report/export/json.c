/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record as plain JSON: one object, whose snapshots are written as they are read.
 *
 *	version		1; keys may be added within it
 *	record		source, command, kernel, version of damon-perf; attributes; scale_lo and
 *			scale_hi, which differ where heat is relative
 *	targets		id, pid, comm, nr_procs, share of all accesses
 *	marks		time_ns since start_time, name; only if there are some
 *	snapshots	start_time, end_time, sample_ns; targets: id, wss_bytes (of 1 s) with its
 *			bounds, regions: each with the columns of CSV
 *
 * Times are nanoseconds since the epoch, sizes and addresses bytes.
 */
#include "report/marks.h"
#include "report/region_cols.h"
#include "report/reports.h"
#include "report/select.h"

static const struct table_col cols[] = {REGION_COLS, {0}};

static void write_record(struct json *j, const struct damon_record_info *i)
{
	json_object(j, "record");
	json_str(j, "source", i->source);
	json_str(j, "command", i->command);
	json_str(j, "kernel", i->kernel);
	json_str(j, "version", i->version);
	json_i64(j, "start_time", (int64_t)i->start_ns + i->epoch_offset_ns);
	json_u64(j, "sample_ns", i->attrs.sample_ns);
	json_u64(j, "aggr_ns", i->attrs.aggr_ns);
	json_u64(j, "update_ns", i->attrs.update_ns);
	json_u64(j, "min_nr_regions", i->attrs.min_nr_regions);
	json_u64(j, "max_nr_regions", i->attrs.max_nr_regions);
	json_double(j, "scale", i->scale, 9);
	json_double(j, "scale_lo", i->scale_lo, 9);
	json_double(j, "scale_hi", i->scale_hi, 9);
	json_end(j);
}

static void write_targets(struct report_args *a, struct json *j, const struct scan *sc,
			  const struct scan_target *chosen)
{
	json_array(j, "targets");
	for (size_t i = 0; i < sc->nr_targets; i++) {
		const struct damon_target_info *t = &sc->targets[i].info;

		if (!select_shows(a, &sc->targets[i], chosen))
			continue;
		json_object(j, NULL);
		json_u64(j, "id", t->id);
		json_i64(j, "pid", t->pid);
		json_str(j, "comm", t->comm);
		json_u64(j, "nr_procs", t->nr_procs);
		json_double(j, "share", t->share, 6);
		json_end(j);
	}
	json_end(j);
}

static void write_target(struct report_args *a, struct json *j, const struct scan_cursor *c)
{
	struct damon_wss w;
	struct table t;

	damon_snapshot_wss(c->s, c->at, DAMON_WSS_1S, &w);
	json_object(j, NULL);
	json_u64(j, "id", c->ti.id);
	json_double(j, "wss_bytes", w.bytes, 9);
	json_double(j, "wss_bytes_lo", w.lo, 9);
	json_double(j, "wss_bytes_hi", w.hi, 9);
	table_init(&t, a, cols, j, "regions");
	for (size_t i = 0; i < c->ti.nr_regions; i++)
		region_cols_put(&t, c, i);
	table_end(&t);
	json_end(j);
}

static int write_snapshots(struct report_args *a, struct json *j, const struct scan *sc,
			   const struct scan_target *chosen)
{
	struct scan_cursor c;
	int got = scan_rewind(a);

	scan_start(&c);
	json_array(j, "snapshots");
	while (got >= 0 && (got = scan_next(a, &c.s)) > 0) {
		damon_snapshot_info(c.s, &c.si);
		if (c.si.end_ns <= sc->from_ns || c.si.start_ns >= sc->to_ns)
			continue;
		json_object(j, NULL);
		json_i64(j, "start_time", (int64_t)c.si.start_ns + c.si.epoch_offset_ns);
		json_i64(j, "end_time", (int64_t)c.si.end_ns + c.si.epoch_offset_ns);
		json_u64(j, "sample_ns", c.si.sample_ns);
		json_array(j, "targets");
		for (c.at = 0; c.at < c.si.nr_targets; c.at++) {
			damon_snapshot_target(c.s, c.at, &c.ti);
			if (!select_is_named(a) || c.ti.id == chosen->info.id)
				write_target(a, j, &c);
		}
		json_end(j);
		json_end(j);
	}
	json_end(j);
	return got;
}

int export_json(struct report_args *a)
{
	const struct scan_target *chosen = NULL;
	struct report_args as_json = *a;
	struct scan sc;
	struct json j;
	int err;

	as_json.format = REPORT_JSON;
	err = scan_record(&as_json, false, &sc);
	if (!err)
		err = select_target(&as_json, &sc, &chosen);
	if (err >= 0) {
		json_init(&j, a->out);
		json_object(&j, NULL);
		json_u64(&j, "version", 1);
		write_record(&j, &sc.info);
		write_targets(&as_json, &j, &sc, chosen);
		marks_json(a, sc.from_ns, sc.to_ns, &j);
		err = write_snapshots(&as_json, &j, &sc, chosen);
		json_end(&j);
	}
	a->fail = as_json.fail;
	scan_release(&sc);
	return err;
}
