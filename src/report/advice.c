/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What could be done: idle memory to give back, hot memory worth huge pages, a limit that fits.
 * Each with its bounds, and the scheme that would do it. A figure of which the lower bound is none
 * is no advice, and is told as such.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/idle.h"
#include "report/names.h"
#include "report/notes.h"
#include "report/reports.h"
#include "report/select.h"
#include "report/table.h"
#include "report/usage.h"

#define IDLE_DEFAULT_NS (10 * NS_PER_SEC)
#define HUGE_BYTES	((uint64_t)2 << 20)

struct piece { /* of advice */
	const char *what;
	struct known bytes;
	char scheme[160];
	char text[400];
};

#define WINDOW_10S (10 * NS_PER_SEC)

enum { PIECE_IDLE, PIECE_HUGE, PIECE_LIMIT, NR_PIECES };

/* ---- idle ---- */

static void advise_idle(const struct report_args *a, const struct ending *e, struct piece *p)
{
	uint64_t ns = a->idle_ns ? a->idle_ns : IDLE_DEFAULT_NS;
	char bytes[KNOWN_TEXT_MAX], time[DAMON_UNITS_MAX], lived[DAMON_UNITS_MAX];
	uint64_t regions = idle_region_bytes(e, ns);
	struct known idle;

	p->what = "idle";
	/* a scheme acts upon regions: memory outside of them may be idle, too */
	idle = idle_bytes(e, ns);
	p->bytes.v = (double)regions;
	p->bytes.lo = fmin(fmax(idle.lo - (double)(e->bytes - regions), 0), p->bytes.v);
	p->bytes.hi = p->bytes.v;
	damon_print_time(time, (double)ns);
	if (ns > e->lived_ns) {
		snprintf(p->text, sizeof(p->text),
			 "nothing is known of %s: it was watched for %s (--idle asks for less)",
			 time, damon_print_time(lived, (double)e->lived_ns));
		p->bytes = (struct known){0, 0, 0};
		return;
	}
	if (!regions) {
		snprintf(p->text, sizeof(p->text), "no region was without accesses for %s", time);
		return;
	}
	snprintf(p->text, sizeof(p->text), "%s in regions of which no access was seen for %s%s",
		 known_text(bytes, &p->bytes, KNOWN_BYTES), time,
		 p->bytes.lo > 0 ? "" : "; it may be none: more samples would tell");
	snprintf(p->scheme, sizeof(p->scheme),
		 "--damos-action pageout --damos-access-rate 0%% 0%% --damos-age %" PRIu64 "ms max",
		 (uint64_t)((ns + NS_PER_MS - 1) / NS_PER_MS));
}

/* ---- huge pages ---- */

enum heat_bound { HEAT, HEAT_LO, HEAT_HI };

static double heat_of(const struct damon_region_info *r, enum heat_bound which)
{
	return which == HEAT ? r->heat : which == HEAT_LO ? r->heat_lo : r->heat_hi;
}

/* Whole huge pages within [start, end). */
static uint64_t whole(uint64_t start, uint64_t end)
{
	uint64_t from = (start + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1), to = end & ~(HUGE_BYTES - 1);

	return to > from ? to - from : 0;
}

/* Of adjacent regions of the hot set. 'hottest': where most of it is. */
static uint64_t huge_bytes(const struct ending *e, enum heat_bound which, uint64_t *ranges)
{
	uint64_t sum = 0, start = 0, end = 0;

	*ranges = 0;
	for (size_t i = 0; i <= e->n && e->hot_from > 0; i++) {
		const struct damon_region_info *r = i < e->n ? &e->regions[i] : NULL;
		bool hot = r && heat_of(r, which) >= e->hot_from;

		if (hot && end == r->start) {
			end = r->end;
			continue;
		}
		sum += whole(start, end);
		*ranges += whole(start, end) > 0;
		start = hot ? r->start : 0;
		end = hot ? r->end : 0;
	}
	return sum;
}

static void advise_huge(const struct ending *e, struct piece *p)
{
	uint64_t ranges, unused;
	char bytes[KNOWN_TEXT_MAX];

	p->what = "huge pages";
	p->bytes.v = (double)huge_bytes(e, HEAT, &ranges);
	p->bytes.lo = fmin((double)huge_bytes(e, HEAT_LO, &unused), p->bytes.v);
	p->bytes.hi = fmax((double)huge_bytes(e, HEAT_HI, &unused), p->bytes.v);
	if (!(p->bytes.v > 0)) {
		snprintf(p->text, sizeof(p->text),
			 "no hot range holds a whole huge page (2 MiB, aligned)");
		return;
	}
	snprintf(p->text, sizeof(p->text),
		 "%s of whole 2 MiB pages in %" PRIu64 " range%s of the hot set (90 %% of "
		 "accesses)%s",
		 known_text(bytes, &p->bytes, KNOWN_BYTES), ranges, ranges == 1 ? "" : "s",
		 p->bytes.lo > 0 ? "" : "; it may be none: what is hot is not known well enough");
	snprintf(
		p->scheme, sizeof(p->scheme),
		"--damos-action hugepage --damos-sz-region 2M max --damos-access-rate %.0f%% 100%%",
		floor(100 * fmin(e->hot_rate, 1)));
}

/* ---- a limit ---- */

static void advise_limit(const struct usage *u, uint64_t lived_ns, struct piece *p)
{
	const struct dist_known *d = &u->wss[DAMON_WSS_10S];
	struct known most = {d->v.max, d->lo.max, d->hi.max};
	struct known minute = {u->wss[3].v.max, u->wss[3].lo.max, u->wss[3].hi.max};
	char a[KNOWN_TEXT_MAX], b[KNOWN_TEXT_MAX], hi[DAMON_UNITS_MAX];
	uint64_t mib = (uint64_t)ceil(most.hi / (1 << 20));

	p->what = "limit";
	p->bytes = most;
	if (!mib) {
		snprintf(p->text, sizeof(p->text), "nothing is known: no access was seen");
		return;
	}
	damon_print_bytes(hi, (double)mib * (1 << 20));
	if (lived_ns < WINDOW_10S)
		snprintf(p->text, sizeof(p->text),
			 "in the %s that it was watched it touched %s: a limit of %s keeps that; "
			 "what it needs in longer runs is not known",
			 damon_print_time(b, (double)lived_ns), known_text(a, &most, KNOWN_BYTES),
			 hi);
	else
		snprintf(p->text, sizeof(p->text),
			 "within 10 s it never touched more than %s, within 60 s %s: a limit of %s "
			 "keeps what 10 s need; what lies between is read again when it is touched",
			 known_text(a, &most, KNOWN_BYTES), known_text(b, &minute, KNOWN_BYTES),
			 hi);
	snprintf(p->scheme, sizeof(p->scheme), "systemd-run --scope -p MemoryHigh=%" PRIu64 "M",
		 mib);
}

/* ---- writing ---- */

static const struct table_col window_cols[] = {
	{"window", "window", .left = true},
	{"half", "half the time"},
	{NULL, "[lo, hi]", "bounds of half", .left = true, .drop = 1},
	{"half_lo", NULL},
	{"half_hi", NULL},
	{"most", "most"},
	{NULL, "[lo, hi]", "bounds of most", .left = true, .drop = 2},
	{"most_lo", NULL},
	{"most_hi", NULL},
	{0},
};

static int write_windows(struct report_args *a, const struct usage *u, struct json *within)
{
	static const char *const names[] = {"1 aggr", "1 s", "10 s", "60 s"};
	struct table t;

	table_init(&t, a, window_cols, within, "working_sets");
	for (int i = 0; i < 4 && u->mapped.v.total > 0; i++) {
		struct known half = dist_known_percentile(&u->wss[i], .5);
		struct known most = {u->wss[i].v.max, u->wss[i].lo.max, u->wss[i].hi.max};

		table_str(&t, names[i]);
		table_known(&t, &half, KNOWN_BYTES);
		table_limits(&t, &half);
		table_known(&t, &most, KNOWN_BYTES);
		table_limits(&t, &most);
	}
	return table_end(&t);
}

static const struct table_col piece_cols[] = {
	{.key = "advice"},
	{.key = "bytes"},
	{.key = "bytes_lo"},
	{.key = "bytes_hi"},
	{.key = "scheme"},
	{.key = "text"},
	{0},
};

static int write_pieces(struct report_args *a, const struct piece *p, size_t n, struct json *within)
{
	struct table t;

	table_init(&t, a, piece_cols, within, "advice");
	for (size_t i = 0; i < n; i++) {
		table_str(&t, p[i].what);
		table_double(&t, p[i].bytes.v, NULL);
		table_limits(&t, &p[i].bytes);
		table_str(&t, p[i].scheme);
		table_str(&t, p[i].text);
	}
	return table_end(&t);
}

static int write_text(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		      const struct ending *e, const struct usage *u, const struct piece *p)
{
	int err;

	ending_say(a, sc, t, e, "advice on the memory");
	for (int i = 0; i < NR_PIECES; i++) {
		fputc('\n', a->out);
		print_line(a->out, a->width, 12, "%-11s %s", p[i].what, p[i].text);
		if (*p[i].scheme)
			print_line(a->out, a->width, 12, "%-11s %s", "", p[i].scheme);
	}
	fputs("\nworking set by window\n", a->out);
	err = write_windows(a, u, NULL);
	print_line(a->out, a->width, 0,
		   "options are those of schemes, of 'damon-perf live'; try them on a copy of what "
		   "matters");
	return err;
}

static int write_json(struct report_args *a, const struct scan_target *t, const struct usage *u,
		      const struct piece *p, size_t n)
{
	struct json j;
	int err;

	json_init(&j, a->out);
	json_object(&j, NULL);
	json_i64(&j, "pid", t ? t->info.pid : 0);
	json_str(&j, "comm", t ? t->info.comm : NULL);
	err = write_pieces(a, p, n, &j);
	if (!err)
		err = write_windows(a, u, &j);
	json_end(&j);
	return err;
}

static int advise(struct report_args *a, struct usage *u)
{
	struct piece p[NR_PIECES] = {0};
	const struct scan_target *t;
	struct ending e;
	struct scan sc;
	int err = ending_load(a, &sc, &t, &e);
	size_t n = err > 0 ? NR_PIECES : 0;

	if (err > 0) {
		err = usage_read(a, &sc, t, u);
		advise_idle(a, &e, &p[PIECE_IDLE]);
		advise_huge(&e, &p[PIECE_HUGE]);
		advise_limit(u, e.lived_ns, &p[PIECE_LIMIT]);
	}
	if (err >= 0 && a->format == REPORT_JSON)
		err = write_json(a, t, u, p, n);
	else if (err >= 0 && a->format == REPORT_CSV)
		err = write_pieces(a, p, n, NULL);
	else if (err >= 0 && n)
		err = write_text(a, &sc, t, &e, u, p);
	ending_release(&e);
	scan_release(&sc);
	return err == -ENOMEM ? damon_fail(&a->fail, ENOMEM, "out of memory") : MIN(err, 0);
}

int report_advice(struct report_args *a)
{
	_cleanup_(freep) struct usage *u = calloc(1, sizeof(*u));

	return u ? advise(a, u) : damon_fail(&a->fail, ENOMEM, "out of memory");
}
