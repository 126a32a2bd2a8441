/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/hotspots.h"
#include "report/names.h"
#include "report/notes.h"
#include "report/why.h"

#define LINES_SHOWN 12 /* of the history in text */

/* The region that held the address, in a snapshot. */
struct point {
	uint64_t start_ns, end_ns;
	int64_t number;
	struct damon_region_info r;
};

struct why {
	struct touch x;
	struct point *points;
	size_t n, cap;
	size_t now; /* the one that the report is about */
	char mapping[NAME_MAX_LEN];
	size_t cooler; /* the last one before it that was certainly less hot; SIZE_MAX: none was */
};

/* ---- reading ---- */

static bool find_region(const struct scan_cursor *c, uint64_t addr, struct damon_region_info *r)
{
	size_t lo = 0, hi = c->ti.nr_regions;

	*r = (struct damon_region_info){.size = sizeof(*r)};
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		damon_snapshot_region(c->s, c->at, mid, r);
		if (r->start <= addr && addr < r->end)
			return true;
		if (r->end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

static int add_point(struct report_args *a, struct why *w, const struct scan_cursor *c)
{
	struct damon_mapping_info m = {.size = sizeof(m)};
	struct point p = {c->si.start_ns, c->si.end_ns, c->number, {0}};

	if (!find_region(c, a->why, &p.r))
		return 0;
	if (a->snapshot >= 0 && c->number > a->snapshot)
		return 0;
	if (vec_reserve(&w->points, &w->cap, w->n + 1, sizeof(p)))
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	w->points[w->n++] = p;
	if (damon_snapshot_mapping(c->s, c->at, a->why, &m) > 0)
		name_short(w->mapping, &m);
	return 0;
}

static int nothing_there(struct report_args *a, const struct scan_target *t)
{
	char name[64], when[48] = "";

	print_clean(name, sizeof(name), t->info.comm);
	if (a->snapshot >= 0)
		snprintf(when, sizeof(when), " in snapshot %lld", (long long)a->snapshot);
	damon_fail(&a->fail, ENOENT, "no region of '%s' (pid %d) holds 0x%" PRIx64 "%s", name,
		   t->info.pid, a->why, when);
	damon_fail_remedy(&a->fail, "'report access' lists regions; --pid or --comm chooses "
				    "another process");
	return -ENOENT;
}

static int read_history(struct report_args *a, const struct scan *sc, const struct scan_target *t,
			struct why *w)
{
	struct scan_cursor c;
	int err = scan_rewind(a);

	scan_start(&c);
	while (err >= 0 && (err = scan_next_of(a, t->info.id, &c)) > 0) {
		if (c.si.end_ns > sc->from_ns && c.si.start_ns < sc->to_ns)
			err = add_point(a, w, &c);
	}
	if (err < 0)
		return err;
	if (!w->n || (a->snapshot >= 0 && w->points[w->n - 1].number != a->snapshot))
		return nothing_there(a, t);
	w->now = w->n - 1;
	w->cooler = SIZE_MAX;
	for (size_t i = 0; i < w->n; i++) {
		if (w->points[i].r.heat_hi < w->points[w->now].r.heat_lo)
			w->cooler = i;
	}
	return 0;
}

/* ---- text ---- */

static struct known heat_of(const struct damon_region_info *r)
{
	return (struct known){r->heat, r->heat_lo, r->heat_hi};
}

static struct known share_of(const struct damon_region_info *r)
{
	return (struct known){r->share, r->share_lo, r->share_hi};
}

static void write_region(struct report_args *a, const struct why *w)
{
	const struct damon_region_info *r = &w->points[w->now].r;
	struct known heat = heat_of(r), share = share_of(r);
	struct known writes = known_share(r->write_share, r->nr_ticks);
	char bytes[DAMON_UNITS_MAX], edge[DAMON_UNITS_MAX], text[KNOWN_TEXT_MAX];

	print_line(a->out, a->width, 10, "region    %" PRIx64 "-%" PRIx64 ", %s of %s%s%s",
		   r->start, r->end, damon_print_bytes(bytes, (double)(r->end - r->start)),
		   *w->mapping ? w->mapping : "unknown memory",
		   r->edge_bytes ? "; its borders may be off by " : "",
		   r->edge_bytes ? damon_print_bytes(edge, (double)r->edge_bytes) : "");
	print_line(a->out, a->width, 10, "heat      %s accesses per page and second, %s",
		   known_text(text, &heat, KNOWN_COUNT),
		   r->nr_ticks ? "by samples" : "no access was seen");
	print_line(a->out, a->width, 10, "share     %s of the accesses of its process",
		   known_text(text, &share, KNOWN_PERCENT));
	if (r->nr_ticks)
		print_line(a->out, a->width, 10, "writes    %s",
			   known_text(text, &writes, KNOWN_PERCENT));
}

static void write_since(struct report_args *a, const struct why *w)
{
	const struct damon_region_info *r = &w->points[w->now].r;
	uint64_t origin = w->x.scan.info.start_ns, step = w->x.scan.info.attrs.aggr_ns;
	struct known was;
	char when[DAMON_UNITS_MAX], text[KNOWN_TEXT_MAX];

	print_line(a->out, a->width, 10,
		   "age       %s: so long its rate has not changed by more than a fifth",
		   print_steps(when, r->age_aggrs, step));
	print_line(a->out, a->width, 10, "idle      %s since its last access was seen",
		   print_steps(when, r->idle_aggrs, step));
	if (!(r->heat_lo > 0))
		return;
	if (w->cooler == SIZE_MAX) {
		damon_print_time(when, (double)(w->points[0].start_ns - origin));
		print_line(a->out, a->width, 10,
			   "since     %s, or before: at no time was it certainly less hot", when);
		return;
	}
	was = heat_of(&w->points[w->cooler].r);
	damon_print_time(when, (double)(w->points[w->cooler].end_ns - origin));
	print_line(a->out, a->width, 10, "since     %s: before, it was certainly less hot (%s)",
		   when, known_text(text, &was, KNOWN_COUNT));
}

static int write_history(struct report_args *a, const struct why *w)
{
	static const struct table_col cols[] = {
		{.title = "at"},
		{.title = "heat"},
		{.title = "[lo, hi]", .left = true, .drop = 2},
		{.title = "share"},
		{.title = "[lo, hi]", .called = "bounds of share", .left = true, .drop = 4},
		{.title = "region", .drop = 1},
		{.title = "size"},
		{.title = "age", .drop = 3},
		{0},
	};
	uint64_t origin = w->x.scan.info.start_ns, step = w->x.scan.info.attrs.aggr_ns;
	size_t lines = MIN(w->n, (size_t)LINES_SHOWN);
	char buf[DAMON_UNITS_MAX];
	struct table t;

	table_init(&t, a, cols, NULL, NULL);
	for (size_t k = 0; k < lines; k++) {
		const struct point *p = &w->points[lines > 1 ? k * (w->n - 1) / (lines - 1) : 0];
		struct known heat = heat_of(&p->r), share = share_of(&p->r);

		table_text(&t, damon_print_time(buf, (double)(p->end_ns - origin)));
		table_known(&t, &heat, KNOWN_COUNT);
		table_known(&t, &share, KNOWN_PERCENT);
		snprintf(buf, sizeof(buf), "%" PRIx64, p->r.start);
		table_text(&t, buf);
		table_text(&t, damon_print_bytes(buf, (double)(p->r.end - p->r.start)));
		table_text(&t, print_steps(buf, p->r.age_aggrs, step));
	}
	return table_end(&t);
}

/* "[heap] 90 %, table 10 %" */
static int write_objects(struct report_args *a, const struct why *w)
{
	_cleanup_(freep) struct touch_group *g = NULL;
	char list[400] = "", name[128], share[KNOWN_MAX];
	size_t n, len = 0;
	int err = touch_groups(a, &w->x, TOUCH_OBJECT, &g, &n);

	for (size_t i = 0; !err && i < n && len + 200 < sizeof(list); i++) {
		struct known k = touch_share(a, &w->x, &g[i].sums);

		print_clean(name, sizeof(name), attrib_object(w->x.attrib, g[i].id)->name);
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s %s", i ? ", " : "",
					name, known_value(share, &k, KNOWN_PERCENT));
	}
	if (!err && n)
		print_line(a->out, a->width, 10, "object    %s", list);
	return err;
}

static int write_text(struct report_args *a, struct why *w)
{
	const struct point *p = &w->points[w->now];
	uint64_t origin = w->x.scan.info.start_ns;
	char what[64], from[DAMON_UNITS_MAX], to[DAMON_UNITS_MAX];
	int err;

	snprintf(what, sizeof(what), "the region at %" PRIx64, a->why);
	touch_say(a, &w->x, what);
	print_line(a->out, a->width, 0, "snapshot %lld of %llu (numbered from 0): %s to %s",
		   (long long)p->number, (unsigned long long)w->x.scan.nr_snapshots,
		   damon_print_time(from, (double)(p->start_ns - origin)),
		   damon_print_time(to, (double)(p->end_ns - origin)));
	fputc('\n', a->out);
	write_region(a, w);
	write_since(a, w);
	err = write_objects(a, w);
	if (err)
		return err;
	fputc('\n', a->out);
	err = write_history(a, w);
	if (err)
		return err;
	fputc('\n', a->out);
	if (w->x.sums.n) {
		err = hotspots_write(a, &w->x, NULL, NULL);
		touch_notes(a, &w->x);
	} else {
		print_line(a->out, a->width, 0,
			   "none of its accesses is in the log, so who made them is not known");
	}
	notes_relative(a, &w->x.scan.info);
	return err;
}

/* ---- JSON ---- */

static void json_known(struct json *j, const char *key, const char *lo, const char *hi,
		       const struct known *k)
{
	json_double(j, key, k->v, 6);
	json_double(j, lo, k->lo, 6);
	json_double(j, hi, k->hi, 6);
}

static void json_point(struct json *j, const struct why *w, const struct point *p)
{
	struct known heat = heat_of(&p->r), share = share_of(&p->r);
	uint64_t epoch = (uint64_t)w->x.scan.info.epoch_offset_ns;
	uint64_t step = w->x.scan.info.attrs.aggr_ns;

	json_i64(j, "snapshot", p->number);
	json_u64(j, "start_time", p->start_ns + epoch);
	json_u64(j, "end_time", p->end_ns + epoch);
	json_u64(j, "start", p->r.start);
	json_u64(j, "end", p->r.end);
	json_known(j, "heat", "heat_lo", "heat_hi", &heat);
	json_known(j, "share", "share_lo", "share_hi", &share);
	json_double(j, "write_share", p->r.write_share, 6);
	json_u64(j, "age_ns", p->r.age_aggrs * step);
	json_u64(j, "idle_ns", p->r.idle_aggrs * step);
	json_u64(j, "edge_bytes", p->r.edge_bytes);
	json_u64(j, "nr_ticks", p->r.nr_ticks);
}

static int json_objects(struct report_args *a, const struct why *w, struct json *j)
{
	_cleanup_(freep) struct touch_group *g = NULL;
	size_t n;
	int err = touch_groups(a, &w->x, TOUCH_OBJECT, &g, &n);

	json_array(j, "objects");
	for (size_t i = 0; !err && i < n; i++) {
		const struct attrib_object *o = attrib_object(w->x.attrib, g[i].id);
		struct known share = touch_share(a, &w->x, &g[i].sums);

		json_object(j, NULL);
		json_str(j, "object", o->name);
		json_str(j, "kind", attrib_kind_name(o->kind));
		json_str(j, "file", o->file);
		json_known(j, "share", "share_lo", "share_hi", &share);
		json_end(j);
	}
	json_end(j);
	return err;
}

static int write_json(struct report_args *a, const struct why *w)
{
	const struct scan_target *t = w->x.target;
	struct json j;
	int err;

	json_init(&j, a->out);
	json_object(&j, NULL);
	json_i64(&j, "pid", t->info.pid);
	json_str(&j, "comm", t->info.comm);
	json_u64(&j, "addr", a->why);
	json_str(&j, "mapping", w->mapping);
	json_object(&j, "region");
	json_point(&j, w, &w->points[w->now]);
	json_end(&j);
	/* since when it is not certainly less hot than now; null: as long as it is recorded */
	if (w->cooler == SIZE_MAX)
		json_double(&j, "hot_since", NAN, 6);
	else
		json_u64(&j, "hot_since",
			 w->points[w->cooler].end_ns + (uint64_t)w->x.scan.info.epoch_offset_ns);
	err = json_objects(a, w, &j);
	if (!err)
		err = hotspots_write(a, &w->x, &j, "code");
	json_array(&j, "history");
	for (size_t i = 0; i < w->n; i++) {
		json_object(&j, NULL);
		json_point(&j, w, &w->points[i]);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	return err;
}

/* ---- the report ---- */

static int load(struct report_args *a, struct why *w)
{
	const struct scan_target *t = NULL;
	struct attrib_options o = {.lines = a->grain == REPORT_LINES,
				   .no_symbols = a->grain == REPORT_MODULES};
	struct scan sc;
	int got = scan_record(a, false, &sc);

	if (!got)
		got = select_target(a, &sc, &t);
	if (got > 0)
		got = read_history(a, &sc, t, w);
	scan_release(&sc);
	if (got < 0 || !t)
		return got;
	a->addr_start = w->points[w->now].r.start;
	a->addr_end = w->points[w->now].r.end;
	got = scan_rewind(a);
	return got ? got
		   : touch_load(a, o, TOUCH_ONE | (a->percentiles ? TOUCH_LATENCIES : 0), &w->x);
}

int why_report(struct report_args *a)
{
	struct why w = {.n = 0};
	int err = load(a, &w);

	if (!err && !w.x.any) {
		damon_fail(&a->fail, ENOENT, "the record has no process");
		err = -ENOENT;
	}
	if (!err && a->format == REPORT_JSON)
		err = write_json(a, &w);
	else if (!err && a->format == REPORT_CSV)
		err = hotspots_write(a, &w.x, NULL, NULL);
	else if (!err)
		err = write_text(a, &w);
	touch_release(&w.x);
	free(w.points);
	return err;
}
