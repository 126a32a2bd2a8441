/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/json.h"
#include "base/units.h"
#include "base/util.h"
#include "live/stat.h"

struct piece {
	int64_t idle_aggrs; /* negative: accessed */
	uint64_t bytes;
};

/* Of each region its idle time, negative where it is accessed, and never 0: an aggregation at
 * least. */
static void take_region(struct live_stat *st, const struct damon_snapshot *s, size_t t, size_t r,
			struct piece *p, struct damon_sum *sum)
{
	struct damon_region_info i = {.size = sizeof(i)};
	double lo, hi, nr, bytes;

	damon_snapshot_region(s, t, r, &i);
	bytes = (double)(i.end - i.start);
	nr = damon_region_nr_accesses_of(s, t, r, &lo, &hi);
	damon_sum_add(sum, bytes * nr, i.nr_ticks, bytes * hi);
	p->bytes = i.end - i.start;
	p->idle_aggrs = i.idle_aggrs ? (int64_t)i.idle_aggrs : -(int64_t)MAX(i.age_aggrs, 1u);
	st->bytes += p->bytes;
}

static int by_idle(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return (x->idle_aggrs > y->idle_aggrs) - (x->idle_aggrs < y->idle_aggrs);
}

static void take_percentiles(struct live_stat *st, struct piece *p, size_t n)
{
	int64_t aggr_ms = (int64_t)(st->aggr_ns / NS_PER_MS);
	double before = 0;
	size_t next = 0;

	qsort(p, n, sizeof(*p), by_idle);
	for (size_t i = 0; i < n; i++) {
		before += (double)p[i].bytes;
		for (; next < LIVE_STAT_PERCENTILES &&
		       before * 100 >= (double)st->bytes * (double)next;
		     next++)
			st->idle_ms[next] = p[i].idle_aggrs * aggr_ms;
	}
}

static size_t nr_regions(const struct damon_snapshot *s, size_t nr_targets)
{
	struct damon_target_info t = {.size = sizeof(t)};
	size_t n = 0;

	for (size_t i = 0; i < nr_targets; i++) {
		damon_snapshot_target(s, i, &t);
		n += t.nr_regions;
	}
	return n;
}

int live_stat_take(struct live_stat *st, const struct damon_snapshot *s, uint64_t aggr_ns)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_target_info t = {.size = sizeof(t)};
	struct damon_sum sum = {0};
	_cleanup_(freep) struct piece *p = NULL;
	size_t n = 0;
	double lo, hi, per;

	damon_snapshot_info(s, &info);
	p = calloc(nr_regions(s, info.nr_targets) + 1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	*st = (struct live_stat){
		.start_ns = info.start_ns,
		.end_ns = info.end_ns,
		.aggr_ns = aggr_ns,
		.counted_ns = info.aggr_ns,
		.epoch_offset_ns = info.epoch_offset_ns,
	};
	for (size_t i = 0; i < info.nr_targets; i++) {
		damon_snapshot_target(s, i, &t);
		for (size_t r = 0; r < t.nr_regions; r++)
			take_region(st, s, i, r, &p[n++], &sum);
	}
	take_percentiles(st, p, n);
	damon_sum_bounds(&sum, &lo, &hi);
	per = info.aggr_ns ? (double)NS_PER_SEC / (double)info.aggr_ns : 0;
	st->bandwidth = (struct known){sum.value * per, lo * per, hi * per};
	return 0;
}

/* ---- lines ---- */

static int flush(FILE *out)
{
	errno = EIO;
	return fflush(out) || ferror(out) ? -errno : 0;
}

int live_stat_text(const struct live_stat *st, uint64_t first_ns, FILE *out)
{
	static const int shown[] = {0, 25, 50, 75, 90, 99, 100};
	char text[DAMON_UNITS_MAX], known[KNOWN_TEXT_MAX];

	fprintf(out, "%.1f s  %s mapped  accessed per second %s  idle",
		(double)(st->end_ns - first_ns) / NS_PER_SEC,
		damon_print_bytes(text, (double)st->bytes),
		known_text(known, &st->bandwidth, KNOWN_BYTES));
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		int64_t ms = st->idle_ms[shown[i]];

		fprintf(out, " %d%%: %s%s", shown[i], ms < 0 ? "-" : "",
			damon_print_time(text, (double)(ms < 0 ? -ms : ms) * NS_PER_MS));
	}
	fputc('\n', out);
	return flush(out);
}

int live_stat_json(const struct live_stat *st, FILE *out)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_i64(&j, "time", (int64_t)st->end_ns + st->epoch_offset_ns);
	json_u64(&j, "aggr_interval_us", st->counted_ns / NS_PER_US);
	json_u64(&j, "bytes", st->bytes);
	json_double(&j, "estimated_memory_bandwidth", st->bandwidth.v, 6);
	json_double(&j, "estimated_memory_bandwidth_lo", st->bandwidth.lo, 6);
	json_double(&j, "estimated_memory_bandwidth_hi", st->bandwidth.hi, 6);
	json_array(&j, "memory_idle_ms_percentiles");
	for (size_t i = 0; i < LIVE_STAT_PERCENTILES; i++)
		json_i64(&j, NULL, st->idle_ms[i]);
	json_end(&j);
	json_end(&j);
	return flush(out);
}
