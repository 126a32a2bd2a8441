/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "report/ending.h"
#include "report/notes.h"
#include "report/print.h"
#include "report/select.h"

#define HOT_PART .9 /* of the accesses: the hot set of other reports */

void ending_release(struct ending *e)
{
	free(e->regions);
	*e = (struct ending){0};
}

static int by_heat(const void *a, const void *b)
{
	const struct damon_region_info *x = a, *y = b;

	return x->heat > y->heat ? -1 : x->heat < y->heat;
}

static int find_hot(struct ending *e)
{
	_cleanup_(freep) struct damon_region_info *r = malloc((e->n + 1) * sizeof(*r));
	double all = 0, sum = 0;

	if (!r)
		return -ENOMEM;
	for (size_t i = 0; i < e->n; i++) {
		r[i] = e->regions[i];
		all += r[i].share;
	}
	qsort(r, e->n, sizeof(*r), by_heat);
	for (size_t i = 0; i < e->n && sum < HOT_PART * all; i++) {
		sum += r[i].share;
		e->hot_from = r[i].heat;
	}
	return 0;
}

int ending_keep(struct ending *e, const struct damon_snapshot *s, size_t t, uint64_t aggr_ns)
{
	struct damon_target_info ti = {.size = sizeof(ti)};

	ending_release(e);
	damon_snapshot_target(s, t, &ti);
	e->regions = calloc(ti.nr_regions + 1, sizeof(*e->regions));
	if (!e->regions)
		return -ENOMEM;
	e->aggr_ns = aggr_ns;
	for (e->n = 0; e->n < ti.nr_regions; e->n++) {
		e->regions[e->n].size = sizeof(*e->regions);
		damon_snapshot_region(s, t, e->n, &e->regions[e->n]);
	}
	return find_hot(e);
}

/* The first region that ends behind an address. */
static size_t first_behind(const struct ending *e, uint64_t addr)
{
	size_t lo = 0, hi = e->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (e->regions[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct damon_region_info *ending_at(const struct ending *e, uint64_t addr)
{
	size_t i = first_behind(e, addr);

	return i < e->n && e->regions[i].start <= addr ? &e->regions[i] : NULL;
}

void ending_range(const struct ending *e, uint64_t start, uint64_t end, struct ending_range *out)
{
	double hot[3] = {0, 0, 0}, most = -1;

	*out = (struct ending_range){.idle_ns = UINT64_MAX};
	for (size_t i = first_behind(e, start); i < e->n && e->regions[i].start < end; i++) {
		const struct damon_region_info *r = &e->regions[i];
		uint64_t bytes = MIN(r->end, end) - MAX(r->start, start);
		double much = (r->heat + 1e-9) * (double)bytes; /* if nothing was seen, bytes */

		out->bytes += bytes;
		out->idle_ns = MIN(out->idle_ns, r->idle_aggrs * e->aggr_ns);
		if (e->hot_from > 0) {
			hot[0] += r->heat_lo >= e->hot_from ? (double)bytes : 0;
			hot[1] += r->heat >= e->hot_from ? (double)bytes : 0;
			hot[2] += r->heat_hi >= e->hot_from ? (double)bytes : 0;
		}
		if (much > most) {
			most = much;
			out->age_ns = r->age_aggrs * e->aggr_ns;
		}
	}
	if (out->bytes)
		out->hot = (struct known){hot[1] / (double)out->bytes, hot[0] / (double)out->bytes,
					  hot[2] / (double)out->bytes};
}

/* ---- a report of one snapshot ---- */

static int keep_all(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		    const struct scan_cursor *c, struct ending *e)
{
	struct damon_hot_set hot = {0};
	struct damon_wss w;

	if (ending_keep(e, c->s, c->at, sc->info.attrs.aggr_ns) ||
	    damon_snapshot_hot_set(c->s, c->at, HOT_PART, &hot))
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	e->number = c->number;
	e->start_ns = c->si.start_ns;
	e->end_ns = c->si.end_ns;
	e->lived_ns = c->si.end_ns - MIN(t->first_ns, c->si.end_ns);
	e->hot_set = (struct known){hot.bytes, hot.lo, hot.hi};
	for (int i = 0; i < 4; i++) {
		damon_snapshot_wss(c->s, c->at, (enum damon_wss_window)i, &w);
		e->wss[i] = (struct known){w.bytes, w.lo, w.hi};
	}
	for (size_t i = 0; i < e->n; i++) {
		const struct damon_region_info *r = &e->regions[i];
		double rate = damon_region_nr_accesses_of(c->s, c->at, i, NULL, NULL) *
			      (double)c->si.sample_ns / (double)c->si.aggr_ns;

		e->bytes += r->end - r->start;
		e->nr_ticks += r->nr_ticks;
		if (e->hot_from > 0 && r->heat >= e->hot_from)
			e->hot_rate = e->hot_rate > 0 ? MIN(e->hot_rate, rate) : rate;
	}
	return 1;
}

static int find_snapshot(struct report_args *a, const struct scan *sc, const struct scan_target *t,
			 struct ending *e)
{
	int64_t want = a->snapshot >= 0 ? a->snapshot : t->last_in_range;
	struct scan_cursor c;
	int err = scan_rewind(a);

	scan_start(&c);
	while (err >= 0 && want >= 0 && (err = scan_next_of(a, t->info.id, &c)) > 0) {
		if (c.number == want && c.ti.nr_regions)
			return keep_all(a, sc, t, &c, e);
		if (c.number >= want)
			break;
	}
	if (err < 0 || a->snapshot < 0)
		return MIN(err, 0);
	damon_fail(&a->fail, ERANGE, "no regions in snapshot %lld", (long long)a->snapshot);
	damon_fail_remedy(&a->fail, "snapshots are 0 to %lld; its last with regions is %lld",
			  (long long)sc->nr_snapshots - 1, (long long)t->last_snapshot);
	return -ERANGE;
}

int ending_load(struct report_args *a, struct scan *sc, const struct scan_target **t,
		struct ending *e)
{
	int got = scan_record(a, false, sc);

	*e = (struct ending){.n = 0};
	*t = NULL;
	if (!got)
		got = select_target(a, sc, t);
	if (got > 0)
		got = find_snapshot(a, sc, *t, e);
	if (got || a->format != REPORT_TEXT)
		return got;
	if (*t)
		print_line(a->out, a->width, 0, "nothing to show: no regions were recorded");
	else
		notes_empty(a, sc);
	return 0;
}

void ending_say(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		const struct ending *e, const char *what)
{
	char from[DAMON_UNITS_MAX], to[DAMON_UNITS_MAX];

	select_say(a, sc, t, what);
	print_line(a->out, a->width, 0, "snapshot %lld of %llu (numbered from 0): %s to %s",
		   (long long)e->number, (unsigned long long)sc->nr_snapshots,
		   damon_print_time(from, (double)(e->start_ns - sc->info.start_ns)),
		   damon_print_time(to, (double)(e->end_ns - sc->info.start_ns)));
}
