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
#define HOT_SNAPSHOTS  128	  /* of about so many */
#define HOT_PART       0.9	  /* of the accesses: the hot set */

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
	struct dist hot_set[3]; /* of its bytes, lo, hi */
	uint64_t nr_seen;	/* snapshots of it */
	bool unsure_order;	/* rows were listed whose bounds overlap */
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

/* A median over many snapshots needs not each of them. Not worth failing for. */
static void add_hot_set(struct page *pg, const struct scan_cursor *c)
{
	double ns = (double)(c->si.end_ns - c->si.start_ns);
	struct damon_hot_set h;

	if (pg->nr_seen++ % (pg->t->nr_snapshots / HOT_SNAPSHOTS + 1))
		return;
	if (damon_snapshot_hot_set(c->s, c->at, HOT_PART, &h) || !(h.bytes > 0))
		return;
	dist_add(&pg->hot_set[0], h.bytes, ns);
	dist_add(&pg->hot_set[1], h.lo, ns);
	dist_add(&pg->hot_set[2], h.hi, ns);
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
			add_hot_set(pg, &c);
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
	{"comm", "process", .left = true, .least = 8, .cut = TABLE_CUT_MIDDLE},
	{"pid", "pid"},
	{"id", NULL},
	{"processes", "procs", .drop = 5},
	{"share", "accesses"},
	{NULL, "[lo, hi]", "bounds of accesses", .left = true, .drop = 3},
	{"share_lo", NULL},
	{"share_hi", NULL},
	{"cpu_ns", "CPU", .drop = 4},
	{"wss_bytes", "working set"},
	{NULL, "[lo, hi]", "bounds of the working set", .left = true, .drop = 1},
	{"wss_lo", NULL},
	{"wss_hi", NULL},
	{"regions", "regions", .drop = 2},
	{0},
};

static struct known median(const struct dist *d)
{
	return (struct known){dist_percentile(&d[0], .5), dist_percentile(&d[1], .5),
			      dist_percentile(&d[2], .5)};
}

/* As lo <= bytes <= hi in each snapshot, the medians are in that order, too. */
static struct known median_wss(const struct process *p)
{
	if (!(p->dist[0].total > 0))
		return (struct known){p->any.bytes, p->any.lo, p->any.hi};
	return median(p->dist);
}

static void put_process(struct table *t, const struct process *p, const struct known *share)
{
	const struct damon_target_info *ti = &p->t->info;
	struct known wss = median_wss(p);
	char buf[DAMON_UNITS_MAX];

	table_str(t, ti->comm);
	snprintf(buf, sizeof(buf), ti->pid ? "%d" : "-", ti->pid);
	table_i64(t, ti->pid, buf);
	table_u64(t, ti->id, NULL);
	snprintf(buf, sizeof(buf), "%u", ti->nr_procs);
	table_u64(t, ti->nr_procs, buf);
	table_known(t, share, KNOWN_PERCENT);
	table_limits(t, share);
	if (p->t->cpu_ns > 0)
		table_double(t, p->t->cpu_ns, damon_print_time(buf, p->t->cpu_ns));
	else
		table_double(t, NAN, "?");
	table_known(t, &wss, KNOWN_BYTES);
	table_limits(t, &wss);
	snprintf(buf, sizeof(buf), "%zu", ti->nr_regions);
	table_u64(t, ti->nr_regions, buf);
}

/* Tables are sorted by their estimates: 'last' is that of the row before. */
static void note_order(struct page *pg, const struct known *last, const struct known *now)
{
	pg->unsure_order |=
		last->v > 0 && now->v > 0 && last->hi > last->lo && !known_above(last, now);
}

static int write_processes(struct page *pg, struct report_args *a, struct json *j)
{
	size_t others = pg->sc.nr_targets - pg->nr_processes;
	struct known last = {0, 0, 0}, rest;
	double share = 1;
	struct table t;
	char buf[KNOWN_TEXT_MAX];
	int err;

	table_init(&t, a, process_cols, j, "targets");
	for (size_t i = 0; i < pg->nr_processes; i++) {
		struct known of_all = select_share(&pg->sc, pg->p[i].t);

		put_process(&t, &pg->p[i], &of_all);
		note_order(pg, &last, &of_all);
		share -= of_all.v;
		last = of_all;
	}
	err = table_end(&t);
	rest = known_share(fmax(share, 0), (double)select_total(&pg->sc));
	if (others && a->format == REPORT_TEXT)
		fprintf(a->out, "and %zu more with %s of accesses\n", others,
			known_value(buf, &rest, KNOWN_PERCENT));
	return err;
}

static const struct table_col hot_cols[] = {
	{"share", "accesses"},
	{NULL, "[lo, hi]", "bounds of accesses", .left = true, .drop = 2},
	{"share_lo", NULL},
	{"share_hi", NULL},
	{"write_share", "writes", .drop = 3},
	{NULL, "[lo, hi]", "bounds of writes", .left = true, .drop = 6},
	{"write_share_lo", NULL},
	{"write_share_hi", NULL},
	{"heat", "heat", .drop = 4},
	{NULL, "[lo, hi]", "bounds of heat", .left = true, .drop = 5},
	{"heat_lo", NULL},
	{"heat_hi", NULL},
	{"bytes", "size"},
	{"start", "from", .drop = 1},
	{"mapping", "mapping", .left = true, .least = 18, .cut = TABLE_CUT_MIDDLE},
	{0},
};

/* The heat of a mapping is as sure as its share, and as the scale. */
static void put_hot(struct table *t, const struct page *pg, const struct hot_mapping *m,
		    const struct known *share)
{
	struct known writes = pg->hot.by_checks ? (struct known){NAN, NAN, NAN}
						: known_share(m->writes / m->weight, m->weight);
	double per_share = m->heat_sum / m->cover / share->v;
	struct known heat = known_times(*share, notes_scale(&pg->sc.info));
	struct damon_mapping_info info = {
		.start = m->start, .end = m->end, .prot = m->prot, .name = m->name};
	char buf[DAMON_UNITS_MAX], name[NAME_MAX_LEN];

	heat = known_times(heat, (struct known){per_share, per_share, per_share});
	table_known(t, share, KNOWN_PERCENT);
	table_limits(t, share);
	table_known(t, &writes, KNOWN_PERCENT);
	table_limits(t, &writes);
	table_known(t, &heat, KNOWN_COUNT);
	table_limits(t, &heat);
	table_u64(t, m->end - m->start, damon_print_bytes(buf, (double)(m->end - m->start)));
	snprintf(buf, sizeof(buf), "%" PRIx64, m->start);
	table_u64(t, m->start, buf);
	table_str(t, m->name ? name_short(name, &info) : "(not known)");
}

/* Looks at accessed bits count, observations are counted. */
static struct known share_of(const struct page *pg, double weight)
{
	double share = weight / pg->hot.weight;

	return pg->hot.by_checks ? (struct known){share, share, share}
				 : known_share(share, pg->hot.weight);
}

static int write_hot(struct page *pg, struct report_args *a, struct json *j)
{
	size_t max = a->format == REPORT_TEXT ? MAX_HOT_ROWS : HOT_MAX;
	double rest = pg->hot.left_out;
	struct known last = {0, 0, 0}, others;
	char buf[KNOWN_MAX];
	struct table t;
	int err;

	table_init(&t, a, hot_cols, j, "mappings");
	for (size_t i = 0; i < pg->hot.n; i++) {
		double weight = pg->hot.m[i].weight;
		struct known share = share_of(pg, weight);

		if (i >= max) {
			rest += weight;
			continue;
		}
		put_hot(&t, pg, &pg->hot.m[i], &share);
		note_order(pg, &last, &share);
		last = share;
	}
	err = table_end(&t);
	others = share_of(pg, rest);
	if (rest > 0 && a->format == REPORT_TEXT)
		fprintf(a->out, "the others have %s\n", known_value(buf, &others, KNOWN_PERCENT));
	return err;
}

static void write_sizes(struct page *pg, struct report_args *a)
{
	const struct process *p = process_of(pg, pg->t->info.id);
	struct known hot = median(pg->hot_set), wss;
	char buf[KNOWN_TEXT_MAX];

	if (p) {
		wss = median_wss(p);
		print_line(a->out, a->width, 0, "working set %s: %s",
			   p->dist[0].total > 0 ? "(within 1 s), median" : "seen for less than 1 s",
			   known_text(buf, &wss, KNOWN_BYTES));
	}
	if (hot.v > 0)
		print_line(a->out, a->width, 0, "hot set (%g %% of accesses), median: %s",
			   100 * HOT_PART, known_text(buf, &hot, KNOWN_BYTES));
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
	write_sizes(pg, a);
	if (pg->hot.n && !err)
		err = write_hot(pg, a, NULL);
	if (pg->unsure_order)
		print_line(a->out, a->width, 0,
			   "rows are sorted by their estimates; where [lo, hi] overlap, the truth "
			   "may be another order");
	fputc('\n', a->out);
	notes_quality(a, &pg->sc);
	notes_certainty(a, (double)pg->t->info.obs);
	notes_more(a, &pg->sc, (double)select_total(&pg->sc));
	return err;
}

/* The median over snapshots; null where no access was seen. */
static void json_hot_set(const struct page *pg, struct json *j)
{
	struct known hot = {NAN, NAN, NAN};

	if (pg->hot_set[0].total > 0)
		hot = median(pg->hot_set);
	json_object(j, "hot_set");
	json_double(j, "share", HOT_PART, 6);
	json_double(j, "bytes", hot.v, 6);
	json_double(j, "lo", hot.lo, 6);
	json_double(j, "hi", hot.hi, 6);
	json_end(j);
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
	if (!err && pg->t)
		json_hot_set(pg, &j);
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
		notes_more(a, &pg->sc, 0);
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
