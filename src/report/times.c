/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When snapshots were taken, and how many regions they have. */
#include <errno.h>
#include <stdlib.h>

#include "report/notes.h"
#include "report/reports.h"
#include "report/select.h"
#include "report/table.h"

#define LINES_SHOWN 12

struct moment {
	int64_t number;
	uint64_t start_ns, end_ns, obs;
	size_t nr_targets, nr_regions;
};

struct moments {
	struct moment *m;
	size_t n, cap;
};

static int add(struct moments *all, struct moment m)
{
	if (vec_reserve(&all->m, &all->cap, all->n + 1, sizeof(m)))
		return -ENOMEM;
	all->m[all->n++] = m;
	return 0;
}

/* Of all snapshots within the time asked for; 't': only those that it is in. */
static int collect(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		   struct moments *all)
{
	struct damon_target_info ti = {.size = sizeof(ti)};
	struct scan_cursor c;
	int err = scan_rewind(a);

	scan_start(&c);
	for (int64_t n = 0; err >= 0; n++) {
		err = t ? scan_next_of(a, t->info.id, &c) : scan_next(a, &c.s);
		if (err <= 0)
			return err;
		if (!t) {
			damon_snapshot_info(c.s, &c.si);
			c.number = n;
			c.ti.nr_regions = 0;
			for (size_t i = 0; i < c.si.nr_targets; i++) {
				damon_snapshot_target(c.s, i, &ti);
				c.ti.nr_regions += ti.nr_regions;
			}
			c.ti.obs = c.si.obs;
		}
		if (c.si.end_ns <= sc->from_ns || c.si.start_ns >= sc->to_ns)
			continue;
		if (add(all, (struct moment){c.number, c.si.start_ns, c.si.end_ns, c.ti.obs,
					     c.si.nr_targets, c.ti.nr_regions}))
			return damon_fail(&a->fail, ENOMEM, "out of memory");
	}
	return err;
}

static int by_number(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* Lengths, or numbers of regions, in order. The caller frees them; NULL without memory. */
static uint64_t *sorted(const struct moments *all, bool lengths)
{
	uint64_t *v = calloc(all->n + 1, sizeof(*v));

	for (size_t i = 0; v && i < all->n; i++)
		v[i] = lengths ? all->m[i].end_ns - all->m[i].start_ns : all->m[i].nr_regions;
	if (v && all->n)
		qsort(v, all->n, sizeof(*v), by_number);
	return v;
}

static int load(struct report_args *a, struct scan *sc, bool of_target,
		const struct scan_target **t, struct moments *all)
{
	int got = scan_record(a, false, sc);

	*t = NULL;
	if (!got && (of_target || select_is_named(a)))
		got = select_target(a, sc, t);
	if (got >= 0)
		got = collect(a, sc, *t, all);
	if (got >= 0 && !all->n && a->format == REPORT_TEXT)
		notes_empty(a, sc);
	return got;
}

/* ---- times ---- */

static const struct table_col time_cols[] = {
	{"snapshot", "snapshot"},
	{"start_time", NULL},
	{"end_time", NULL},
	{"from_ns", "from"},
	{"to_ns", "to"},
	{"length_ns", "length", .drop = 2},
	{"gap_ns", "gap before", .drop = 1},
	{"nr_targets", "processes", .drop = 3},
	{"obs", "samples"},
	{0},
};

static void put_time(struct table *t, const struct scan *sc, const struct moments *all, size_t i)
{
	const struct moment *m = &all->m[i];
	uint64_t origin = sc->info.start_ns, epoch = (uint64_t)sc->info.epoch_offset_ns;
	uint64_t gap = i && m->start_ns > m[-1].end_ns ? m->start_ns - m[-1].end_ns : 0;
	char buf[DAMON_UNITS_MAX];

	snprintf(buf, sizeof(buf), "%lld", (long long)m->number);
	table_i64(t, m->number, buf);
	table_u64(t, m->start_ns + epoch, NULL);
	table_u64(t, m->end_ns + epoch, NULL);
	table_u64(t, m->start_ns - origin, damon_print_time(buf, (double)(m->start_ns - origin)));
	table_u64(t, m->end_ns - origin, damon_print_time(buf, (double)(m->end_ns - origin)));
	table_u64(t, m->end_ns - m->start_ns,
		  damon_print_time(buf, (double)(m->end_ns - m->start_ns)));
	table_u64(t, gap, gap ? damon_print_time(buf, (double)gap) : "");
	snprintf(buf, sizeof(buf), "%zu", m->nr_targets);
	table_u64(t, m->nr_targets, buf);
	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)m->obs);
	table_u64(t, m->obs, buf);
}

static int say_times(struct report_args *a, const struct scan *sc, const struct moments *all)
{
	_cleanup_(freep) uint64_t *v = sorted(all, true);
	char from[DAMON_UNITS_MAX], to[DAMON_UNITS_MAX], b[3][DAMON_UNITS_MAX];
	uint64_t origin = sc->info.start_ns;

	if (!v)
		return -ENOMEM;
	print_line(a->out, a->width, 0,
		   "%zu snapshot%s from %s to %s; lengths: least %s, half %s, most %s", all->n,
		   all->n == 1 ? "" : "s",
		   damon_print_time(from, (double)(all->m[0].start_ns - origin)),
		   damon_print_time(to, (double)(all->m[all->n - 1].end_ns - origin)),
		   damon_print_time(b[0], (double)v[0]),
		   damon_print_time(b[1], (double)v[all->n / 2]),
		   damon_print_time(b[2], (double)v[all->n - 1]));
	return 0;
}

/* Text shows some, the first and the last among them. */
static int write_moments(struct report_args *a, const struct scan *sc, const struct moments *all,
			 const struct table_col *cols,
			 void (*put)(struct table *, const struct scan *, const struct moments *,
				     size_t))
{
	size_t lines = a->format == REPORT_TEXT ? MIN(all->n, (size_t)LINES_SHOWN) : all->n;
	struct table t;
	int err;

	table_init(&t, a, cols, NULL, NULL);
	for (size_t k = 0; k < lines; k++)
		put(&t, sc, all, lines > 1 ? k * (all->n - 1) / (lines - 1) : 0);
	err = table_end(&t);
	if (lines < all->n)
		print_line(a->out, a->width, 0, "%zu of %zu are shown; JSON and CSV have all",
			   lines, all->n);
	return err;
}

int report_times(struct report_args *a)
{
	const struct scan_target *t;
	struct moments all = {.n = 0};
	struct scan sc;
	int err = load(a, &sc, false, &t, &all);

	if (err >= 0 && (all.n || a->format != REPORT_TEXT)) {
		if (a->format == REPORT_TEXT)
			err = say_times(a, &sc, &all);
		if (!err)
			err = write_moments(a, &sc, &all, time_cols, put_time);
		if (err)
			err = damon_fail(&a->fail, ENOMEM, "out of memory");
	}
	free(all.m);
	scan_release(&sc);
	return MIN(err, 0);
}

/* ---- nr_regions ---- */

static const struct table_col region_cols[] = {
	{"snapshot", "snapshot"},  {"end_time", NULL}, {"to_ns", "at"},
	{"nr_regions", "regions"}, {"obs", "samples"}, {0},
};

static void put_regions(struct table *t, const struct scan *sc, const struct moments *all, size_t i)
{
	const struct moment *m = &all->m[i];
	uint64_t at = m->end_ns - sc->info.start_ns;
	char buf[DAMON_UNITS_MAX];

	snprintf(buf, sizeof(buf), "%lld", (long long)m->number);
	table_i64(t, m->number, buf);
	table_u64(t, m->end_ns + (uint64_t)sc->info.epoch_offset_ns, NULL);
	table_u64(t, at, damon_print_time(buf, (double)at));
	snprintf(buf, sizeof(buf), "%zu", m->nr_regions);
	table_u64(t, m->nr_regions, buf);
	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)m->obs);
	table_u64(t, m->obs, buf);
}

static int say_regions(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		       const struct moments *all)
{
	_cleanup_(freep) uint64_t *v = sorted(all, false);
	size_t n = all->n;

	if (!v)
		return -ENOMEM;
	select_say(a, sc, t, "numbers of regions");
	print_line(a->out, a->width, 0,
		   "in %zu snapshot%s: least %llu, 25 %% %llu, half %llu, 75 %% %llu, most %llu; "
		   "asked for: %u to %u",
		   n, n == 1 ? "" : "s", (unsigned long long)v[0], (unsigned long long)v[n / 4],
		   (unsigned long long)v[n / 2], (unsigned long long)v[n * 3 / 4],
		   (unsigned long long)v[n - 1], sc->info.attrs.min_nr_regions,
		   sc->info.attrs.max_nr_regions);
	return 0;
}

int report_nr_regions(struct report_args *a)
{
	const struct scan_target *t;
	struct moments all = {.n = 0};
	struct scan sc;
	int err = load(a, &sc, true, &t, &all);

	if (err >= 0 && (all.n || a->format != REPORT_TEXT)) {
		if (a->format == REPORT_TEXT && t)
			err = say_regions(a, &sc, t, &all);
		if (!err)
			err = write_moments(a, &sc, &all, region_cols, put_regions);
		if (err)
			err = damon_fail(&a->fail, ENOMEM, "out of memory");
	}
	free(all.m);
	scan_release(&sc);
	return MIN(err, 0);
}
