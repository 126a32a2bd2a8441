/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long memory has been idle: bytes by the time since they were last accessed. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "report/idle.h"
#include "report/notes.h"
#include "report/reports.h"
#include "report/table.h"

static uint64_t idle_of(const struct ending *e, size_t i)
{
	return e->regions[i].idle_aggrs * e->aggr_ns;
}

uint64_t idle_region_bytes(const struct ending *e, uint64_t ns)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < e->n; i++)
		sum += idle_of(e, i) >= ns ? e->regions[i].end - e->regions[i].start : 0;
	return sum;
}

struct known idle_bytes(const struct ending *e, uint64_t ns)
{
	const uint64_t windows[] = {e->aggr_ns, NS_PER_SEC, 10 * NS_PER_SEC, 60 * NS_PER_SEC};
	double all = (double)e->bytes, v = (double)idle_region_bytes(e, ns), lo = 0, hi = all;
	bool wide = false;

	if (!ns)
		return (struct known){all, all, all};
	for (size_t i = 0; i < ARRAY_SIZE(windows); i++) {
		/* a window that is longer than the target has lived is as long as that */
		uint64_t window = MIN(windows[i], MAX(e->lived_ns, e->aggr_ns));

		if (window >= ns && !wide) {
			lo = all - e->wss[i].hi;
			wide = true;
		}
		if (window <= ns)
			hi = all - e->wss[i].lo;
	}
	lo = fmin(fmax(lo, 0), all);
	hi = fmin(fmax(hi, lo), all);
	return (struct known){fmin(fmax(v, lo), hi), lo, hi};
}

/* ---- the report ---- */

static const struct table_col cols[] = {
	{"idle_ns", "idle for"},
	{"bytes", "bytes"},
	{NULL, "[lo, hi]", .left = true, .drop = 1},
	{"bytes_lo", NULL},
	{"bytes_hi", NULL},
	{"share", "of all"},
	{"region_bytes", "regions", .drop = 2},
	{0},
};

static const unsigned seconds[] = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600};

static void put_row(struct table *t, const struct ending *e, uint64_t ns)
{
	struct known k = idle_bytes(e, ns);
	double share = e->bytes ? k.v / (double)e->bytes : 0;
	char buf[DAMON_UNITS_MAX];

	table_u64(t, ns, damon_print_time(buf, (double)ns));
	table_known(t, &k, KNOWN_BYTES);
	table_limits(t, &k);
	table_double(t, share, print_percent(buf, share));
	table_u64(t, idle_region_bytes(e, ns),
		  damon_print_bytes(buf, (double)idle_region_bytes(e, ns)));
}

static int write_rows(struct report_args *a, const struct ending *e, struct json *within)
{
	struct table t;

	table_init(&t, a, cols, within, "idle");
	put_row(&t, e, 0);
	put_row(&t, e, e->aggr_ns);
	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		uint64_t ns = seconds[i] * NS_PER_SEC;

		if (ns > e->aggr_ns && ns <= e->lived_ns)
			put_row(&t, e, ns);
	}
	return table_end(&t);
}

/* The idle time that this part of the bytes does not exceed. */
static uint64_t percentile(const struct ending *e, double part)
{
	uint64_t best = UINT64_MAX, all = 0;

	for (size_t i = 0; i < e->n; i++)
		all = MAX(all, idle_of(e, i));
	for (size_t i = 0; i < e->n; i++) {
		uint64_t ns = idle_of(e, i);
		double below = (double)(e->bytes - idle_region_bytes(e, ns + 1));

		if (ns < best && below >= part * (double)e->bytes)
			best = ns;
	}
	return best == UINT64_MAX ? all : best;
}

static const unsigned percents[] = {25, 50, 75, 90, 95, 99};

static void write_percentiles(struct report_args *a, const struct ending *e)
{
	char line[256], buf[DAMON_UNITS_MAX];
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(percents); i++) {
		uint64_t ns = percentile(e, percents[i] / 100.);

		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%u %% %s", i ? ", " : "",
					percents[i], print_steps(buf, ns / e->aggr_ns, e->aggr_ns));
	}
	print_line(a->out, a->width, 2, "idle for at most, by bytes: %s", line);
}

static int write_json(struct report_args *a, const struct scan_target *t, const struct ending *e)
{
	char key[16];
	struct json j;
	int err;

	json_init(&j, a->out);
	json_object(&j, NULL);
	json_i64(&j, "pid", t ? t->info.pid : 0);
	json_str(&j, "comm", t ? t->info.comm : NULL);
	json_i64(&j, "snapshot", e->n ? e->number : -1);
	err = write_rows(a, e, &j);
	json_object(&j, "percentiles_ns");
	for (size_t i = 0; i < ARRAY_SIZE(percents) && e->n; i++) {
		snprintf(key, sizeof(key), "p%u", percents[i]);
		json_u64(&j, key, percentile(e, percents[i] / 100.));
	}
	json_end(&j);
	json_end(&j);
	return err;
}

int report_recency(struct report_args *a)
{
	const struct scan_target *t;
	struct ending e;
	struct scan sc;
	int err = ending_load(a, &sc, &t, &e);

	if (err >= 0 && a->format == REPORT_JSON) {
		err = write_json(a, t, &e);
	} else if (err >= 0 && a->format == REPORT_CSV) {
		err = write_rows(a, &e, NULL);
	} else if (err > 0) {
		ending_say(a, &sc, t, &e, "idle memory");
		err = write_rows(a, &e, NULL);
		write_percentiles(a, &e);
		print_line(a->out, a->width, 10,
			   "bytes     by regions, within what working sets leave: pages of which "
			   "nothing was seen may have been touched all the same");
	}
	ending_release(&e);
	scan_release(&sc);
	return err == -ENOMEM ? damon_fail(&a->fail, ENOMEM, "out of memory") : MIN(err, 0);
}
