/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One page: who uses memory, what of the hottest process is hot, and how sure that is. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/dist.h"
#include "report/heatmap.h"
#include "report/hot.h"
#include "report/names.h"
#include "report/notes.h"
#include "report/reports.h"
#include "report/select.h"
#include "report/table.h"

#define MAX_ROWS       64 /* processes of JSON and CSV */
#define MAX_TEXT_ROWS  12
#define MIN_TEXT_SHARE 0.001 /* of accesses */
#define MAX_HOT_ROWS   8
#define MAP_LINES      12
#define FULL_NS	       NS_PER_SEC /* the window of the working set */

/* The working set of one process over full windows; 'any' is the last where there was no full one.
 */
struct process {
	const struct scan_target *t;
	struct dist *dist; /* of bytes, lo, hi */
	struct damon_wss any;
};

struct page {
	struct scan sc;
	const struct scan_target *t;	/* what the lower half is about */
	struct process p[MAX_ROWS + 1]; /* the hottest first */
	size_t nr_processes;
	struct heatgrid grid;
	struct hot hot;
};

/* ---- second pass ---- */

static int by_share(const void *a, const void *b)
{
	const struct scan_target *x = *(const struct scan_target *const *)a;
	const struct scan_target *y = *(const struct scan_target *const *)b;

	if (x->info.share != y->info.share)
		return x->info.share < y->info.share ? 1 : -1;
	return (x->info.id > y->info.id) - (x->info.id < y->info.id);
}

static int list_process(struct page *pg, const struct scan_target *t)
{
	struct process *p = &pg->p[pg->nr_processes++];

	p->t = t;
	p->dist = calloc(3, sizeof(*p->dist));
	return p->dist ? 0 : -ENOMEM;
}

/* The hottest ones, in text without those that hardly matter, and the one that was asked for. */
static int list_processes(struct page *pg, const struct report_args *a)
{
	size_t n = pg->sc.nr_targets, max = a->format == REPORT_TEXT ? MAX_TEXT_ROWS : MAX_ROWS;
	double least = a->format == REPORT_TEXT ? MIN_TEXT_SHARE : 0;
	_cleanup_(freep) const struct scan_target **order = calloc(n ? n : 1, sizeof(*order));
	int err = order ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++)
		order[i] = &pg->sc.targets[i];
	if (!err)
		qsort(order, n, sizeof(*order), by_share);
	for (size_t i = 0; i < n && !err; i++) {
		bool room = pg->nr_processes < max && (!i || order[i]->info.share >= least);

		if (room || order[i] == pg->t)
			err = list_process(pg, order[i]);
	}
	return err;
}

static struct process *process_of(struct page *pg, uint32_t id)
{
	for (size_t i = 0; i < pg->nr_processes; i++)
		if (pg->p[i].t->info.id == id)
			return &pg->p[i];
	return NULL;
}

static void add_wss(struct page *pg, const struct scan_cursor *c)
{
	struct process *p = process_of(pg, c->ti.id);
	double ns = (double)(c->si.end_ns - c->si.start_ns);

	if (!p)
		return;
	damon_snapshot_wss(c->s, c->at, DAMON_WSS_1S, &p->any);
	if (c->si.end_ns - p->t->first_ns < FULL_NS)
		return;
	dist_add(&p->dist[0], p->any.bytes, ns);
	dist_add(&p->dist[1], p->any.lo, ns);
	dist_add(&p->dist[2], p->any.hi, ns);
}

static int second_pass(struct page *pg, struct report_args *a)
{
	struct scan_cursor c;
	int full = 0, err = scan_rewind(a);

	scan_start(&c);
	while (err >= 0 && (err = scan_next(a, &c.s)) > 0) {
		damon_snapshot_info(c.s, &c.si);
		if (c.si.end_ns <= pg->sc.from_ns || c.si.start_ns >= pg->sc.to_ns)
			continue;
		for (c.at = 0; c.at < c.si.nr_targets; c.at++) {
			damon_snapshot_target(c.s, c.at, &c.ti);
			add_wss(pg, &c);
			if (c.ti.id != pg->t->info.id)
				continue;
			hot_add(&pg->hot, &c);
			if (pg->grid.lay.nr_rows)
				heatgrid_add(&pg->grid, &c);
		}
	}
	if (pg->grid.lay.nr_rows)
		full = heatgrid_finish(&pg->grid);
	hot_sort(&pg->hot);
	return full ? damon_fail(&a->fail, ENOMEM, "out of memory") : err;
}

/* ---- output ---- */

static const struct table_col process_cols[] = {
	{"comm", "process", .left = true},
	{"pid", "pid"},
	{"id", NULL},
	{"processes", "procs", .drop = 4},
	{"share", "accesses"},
	{"cpu_ns", "CPU", .drop = 3},
	{"wss_bytes", "working set"},
	{NULL, "[lo, hi]", .left = true, .drop = 1},
	{"wss_lo", NULL},
	{"wss_hi", NULL},
	{"regions", "regions", .drop = 2},
	{0},
};

static struct damon_wss median_wss(const struct process *p)
{
	if (!(p->dist[0].total > 0))
		return p->any;
	return (struct damon_wss){dist_percentile(&p->dist[0], .5),
				  dist_percentile(&p->dist[1], .5),
				  dist_percentile(&p->dist[2], .5)};
}

static void put_process(struct table *t, const struct process *p)
{
	const struct damon_target_info *ti = &p->t->info;
	double n = ti->share > 0 ? (double)ti->obs / ti->share : 0;
	struct damon_wss w = median_wss(p);
	char buf[PRINT_BOUNDS_MAX];

	table_str(t, ti->comm);
	snprintf(buf, sizeof(buf), "%d", ti->pid);
	table_i64(t, ti->pid, buf);
	table_u64(t, ti->id, NULL);
	snprintf(buf, sizeof(buf), "%u", ti->nr_procs);
	table_u64(t, ti->nr_procs, buf);
	table_double(t, ti->share, notes_share(buf, ti->share, n));
	if (p->t->cpu_ns > 0)
		table_double(t, p->t->cpu_ns, damon_print_time(buf, p->t->cpu_ns));
	else
		table_double(t, NAN, "?");
	table_bounded(t, w.bytes, w.lo, w.hi, damon_print_bytes);
	table_text(t, print_bounds(buf, w.lo, w.hi, damon_print_bytes));
	table_double(t, w.lo, NULL);
	table_double(t, w.hi, NULL);
	snprintf(buf, sizeof(buf), "%zu", ti->nr_regions);
	table_u64(t, ti->nr_regions, buf);
}

static int write_processes(struct page *pg, struct report_args *a, struct json *j)
{
	size_t others = pg->sc.nr_targets - pg->nr_processes;
	double share = 1;
	struct table t;
	char buf[DAMON_UNITS_MAX];
	int err;

	table_init(&t, a, process_cols, j, "targets");
	for (size_t i = 0; i < pg->nr_processes; i++) {
		put_process(&t, &pg->p[i]);
		share -= pg->p[i].t->info.share;
	}
	err = table_end(&t);
	if (others && a->format == REPORT_TEXT)
		fprintf(a->out, "and %zu more with %s of accesses\n", others,
			print_percent(buf, fmax(share, 0)));
	return err;
}

static const struct table_col hot_cols[] = {
	{"share", "accesses"},
	{NULL, "[lo, hi]", .left = true, .drop = 2},
	{"share_lo", NULL},
	{"share_hi", NULL},
	{"write_share", "writes", .drop = 3},
	{"heat", "heat", .drop = 4},
	{"bytes", "size"},
	{"start", "from", .drop = 1},
	{"mapping", "mapping", .left = true},
	{0},
};

static void put_hot(struct table *t, const struct page *pg, const struct hot_mapping *m)
{
	bool sampled = !pg->hot.by_checks;
	double n = pg->hot.weight, share = m->weight / n;
	double error = sampled ? notes_share_error(share, n) : 0;
	double lo = fmax(share - error, 0), hi = fmin(share + error, 1);
	double writes = sampled ? m->writes / m->weight : NAN;
	double wide = notes_share_error(writes, m->weight);
	double heat = m->heat_sum / m->cover;
	struct damon_mapping_info info = {
		.start = m->start, .end = m->end, .prot = m->prot, .name = m->name};
	char buf[PRINT_BOUNDS_MAX], name[NAME_MAX_LEN];

	table_bounded(t, share, lo, hi, print_percent);
	table_text(t, print_bounds(buf, lo, hi, print_percent));
	table_double(t, lo, NULL);
	table_double(t, hi, NULL);
	table_bounded(t, writes, writes - wide, writes + wide, print_percent);
	table_bounded(t, heat, heat * lo / share, heat * hi / share, print_heat);
	table_u64(t, m->end - m->start, damon_print_bytes(buf, (double)(m->end - m->start)));
	snprintf(buf, sizeof(buf), "%" PRIx64, m->start);
	table_u64(t, m->start, buf);
	table_str(t, m->name ? name_short(name, &info) : "(not known)");
}

static int write_hot(struct page *pg, struct report_args *a, struct json *j)
{
	size_t max = a->format == REPORT_TEXT ? MAX_HOT_ROWS : HOT_MAX;
	double rest = pg->hot.left_out;
	char buf[DAMON_UNITS_MAX];
	struct table t;
	int err;

	table_init(&t, a, hot_cols, j, "mappings");
	for (size_t i = 0; i < pg->hot.n; i++) {
		if (i < max)
			put_hot(&t, pg, &pg->hot.m[i]);
		else
			rest += pg->hot.m[i].weight;
	}
	err = table_end(&t);
	if (rest > 0 && a->format == REPORT_TEXT)
		fprintf(a->out, "the others have %s\n", print_percent(buf, rest / pg->hot.weight));
	return err;
}

static void write_wss_line(struct page *pg, struct report_args *a)
{
	const struct process *p = process_of(pg, pg->t->info.id);
	char v[DAMON_UNITS_MAX], bounds[PRINT_BOUNDS_MAX];
	struct damon_wss w;

	if (!p)
		return;
	w = median_wss(p);
	print_value(v, w.bytes, w.lo, w.hi, damon_print_bytes);
	print_bounds(bounds, w.lo, w.hi, damon_print_bytes);
	if (p->dist[0].total > 0)
		print_line(a->out, a->width, 0, "working set within 1 s, median: %s %s", v, bounds);
	else
		print_line(a->out, a->width, 0, "working set, seen for less than 1 s: %s %s", v,
			   bounds);
}

static int write_text(struct page *pg, struct report_args *a)
{
	int err = write_processes(pg, a, NULL);

	fputc('\n', a->out);
	select_say(a, &pg->sc, pg->t, "heat");
	if (pg->grid.lay.nr_rows)
		heatmap_draw(a, &pg->sc, pg->t, &pg->grid);
	else
		fputs("no access was seen\n", a->out);
	fputc('\n', a->out);
	write_wss_line(pg, a);
	if (pg->hot.n && !err)
		err = write_hot(pg, a, NULL);
	fputc('\n', a->out);
	notes_quality(a, &pg->sc);
	notes_certainty(a, (double)pg->t->info.obs);
	return err;
}

static int write_json(struct page *pg, struct report_args *a)
{
	struct json j;
	int err;

	json_init(&j, a->out);
	json_object(&j, NULL);
	err = write_processes(pg, a, &j);
	if (pg->t) {
		json_i64(&j, "pid", pg->t->info.pid);
		json_str(&j, "comm", pg->t->info.comm);
	}
	if (!err)
		err = write_hot(pg, a, &j);
	json_end(&j);
	return err;
}

static int write_page(struct page *pg, struct report_args *a)
{
	int err;

	if (a->format == REPORT_JSON)
		err = write_json(pg, a);
	else if (a->format == REPORT_CSV)
		err = write_processes(pg, a, NULL);
	else if (pg->t)
		err = write_text(pg, a);
	else {
		notes_empty(a, &pg->sc);
		notes_quality(a, &pg->sc);
		err = 0;
	}
	return err ? damon_fail(&a->fail, -err, "out of memory") : 0;
}

static int make_page(struct page *pg, struct report_args *a)
{
	struct painter painter;
	int got = scan_record(a, true, &pg->sc);

	if (!got)
		got = select_target(a, &pg->sc, &pg->t);
	if (got > 0) {
		painter_init(&painter, a->out, a->color);
		got = heatmap_prepare(a, &pg->sc, pg->t, heatmap_fit_cols(a), MAP_LINES,
				      painter_cells_per_line(&painter), &pg->grid);
	}
	if (got >= 0 && list_processes(pg, a))
		got = damon_fail(&a->fail, ENOMEM, "out of memory");
	pg->hot.by_checks = !(pg->sc.info.scale > 0);
	if (got >= 0 && pg->t)
		got = second_pass(pg, a);
	return got < 0 ? got : write_page(pg, a);
}

int report_summary(struct report_args *a)
{
	_cleanup_(freep) struct page *pg = calloc(1, sizeof(*pg));
	int err;

	if (!pg)
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	err = make_page(pg, a);
	for (size_t i = 0; i < pg->nr_processes; i++)
		free(pg->p[i].dist);
	heatgrid_release(&pg->grid);
	scan_release(&pg->sc);
	return err;
}
