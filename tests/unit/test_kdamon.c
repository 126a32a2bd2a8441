/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings of the kernel's DAMON: what it saw is what is shown. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "damon.h"
#include "perf/tracing.h"
#include "tests/kit/pipe_build.h"

#define AGGR_NS (100 * NS_PER_MS)

/* ---- tracing data ---- */

static const char *const names[] = {"start", "age", "no such field"};

Test(kdamon, formats_are_found_in_tracing_data)
{
	uint8_t bytes[4096];
	size_t len = pipe_make_tracing(bytes, sizeof(bytes), kdamon_format);
	struct damon_trace_field f[3];
	struct damon_trace_event e = {.system = "damon",
				      .name = "damon_aggregated",
				      .fields = names,
				      .nr_fields = 3,
				      .found = f};
	struct damon_trace_event other = e;

	cr_expect_eq(damon_tracing_find(bytes, len, &e), 1);
	cr_expect_eq(e.id, KDAMON_ID);
	cr_expect_eq(f[0].offset, 24);
	cr_expect_eq(f[0].size, 8);
	cr_expect_eq(f[1].offset, 44);
	cr_expect_eq(f[2].size, 0);
	other.name = "damon_aggregate";
	cr_expect_eq(damon_tracing_find(bytes, len, &other), 0);
	other.name = "damon_aggregated";
	other.system = "sched";
	cr_expect_eq(damon_tracing_find(bytes, len, &other), 0);
	for (size_t n = 0; n < len; n++) /* cut anywhere, up to the format's own text */
		cr_expect_eq(damon_tracing_find(bytes, n, &e), -EBADMSG, "%zu bytes", n);
	bytes[15] = 1;
	cr_expect_eq(damon_tracing_find(bytes, len, &e), -ENOTSUP, "the other byte order");
	bytes[0] = 0;
	cr_expect_eq(damon_tracing_find(bytes, len, &e), -EBADMSG);
}

Test(kdamon, numbers_of_raw_data_lie_within_it)
{
	static const uint8_t raw[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	static const struct {
		const char *name;
		struct damon_trace_field f;
		uint64_t want;
	} rows[] = {
		{"four bytes", {0, 4}, 0x04030201},
		{"eight bytes", {2, 8}, 0x0a09080706050403},
		{"the last", {9, 1}, 10},
		{"one too far", {7, 4}, 0},
		{"beyond", {UINT32_MAX, 4}, 0},
		{"too large", {0, 9}, 0},
		{"none", {0, 0}, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_eq(damon_trace_number(raw, sizeof(raw), &rows[i].f), rows[i].want, "%s",
			     rows[i].name);
}

/* ---- snapshots ---- */

/* All of a record as text: a line per snapshot, "12.3s+100ms [start-end:nr@age ...]" in pages. */
static void print(struct damon_record *r, char *buf, size_t size)
{
	const struct damon_snapshot *s;
	size_t n = 0;
	int got;

	buf[0] = '\0';
	while ((got = damon_record_next(r, &s)) > 0) {
		struct damon_snapshot_info si = {.size = sizeof(si)};
		struct damon_target_info ti = {.size = sizeof(ti)};
		struct damon_region_info ri = {.size = sizeof(ri)};

		damon_snapshot_info(s, &si);
		n += (size_t)snprintf(buf + n, size - n, "%.1f+%.1f", si.start_ns / 1e9,
				      (si.end_ns - si.start_ns) / 1e9);
		for (size_t t = 0; t < si.nr_targets; t++) {
			damon_snapshot_target(s, t, &ti);
			n += (size_t)snprintf(buf + n, size - n, " %s:", ti.comm);
			for (size_t i = 0; i < ti.nr_regions; i++) {
				damon_snapshot_region(s, t, i, &ri);
				n += (size_t)snprintf(
					buf + n, size - n, " %llu-%llu:%g@%u",
					(unsigned long long)ri.start / 4096,
					(unsigned long long)ri.end / 4096,
					damon_region_nr_accesses_of(s, t, i, NULL, NULL),
					ri.age_aggrs);
			}
		}
		n += (size_t)snprintf(buf + n, size - n, "\n");
	}
	cr_assert_eq(got, 0);
}

struct line {
	double time_s;
	int tid;
	uint64_t target, start, end; /* pages */
	uint32_t nr_regions, nr_accesses, age;
};

static struct damon_record *open_lines(const struct line *l, size_t n, const char *format)
{
	struct damon_record *r;
	struct pipe_build p;

	pipe_start(&p);
	pipe_kdamon(&p, format);
	for (size_t i = 0; i < n && l[i].time_s > 0; i++) {
		struct kdamon_region k = {l[i].target,	   l[i].start * 4096, l[i].end * 4096,
					  l[i].nr_regions, l[i].nr_accesses,  l[i].age};

		pipe_kdamon_region(&p, l[i].tid, (uint64_t)(l[i].time_s * 1e9), &k);
	}
	cr_assert_eq(damon_record_open(pipe_path(&p), &r), 0, "%s", damon_record_error(NULL));
	pipe_release(&p);
	return r;
}

static const struct {
	const char *name;
	const char *format;
	struct line lines[8];
	const char *want;
	uint64_t malformed, cut;
} rows[] = {
	{"one target, twice",
	 kdamon_format,
	 {{10, 9, 0, 16, 20, 2, 20, 3},
	  {10.00001, 9, 0, 20, 30, 2, 0, 7},
	  {10.1, 9, 0, 16, 30, 1, 7, 0}},
	 "9.9+0.1 target 0: 16-20:20@3 20-30:0@7\n10.0+0.1 target 0: 16-30:7@0\n",
	 0,
	 0},
	{"without ages",
	 kdamon_old_format,
	 {{10, 9, 0, 16, 20, 1, 20, 3}, {10.1, 9, 0, 16, 20, 1, 19, 3}},
	 "9.9+0.1 target 0: 16-20:20@0\n10.0+0.1 target 0: 16-20:19@0\n",
	 0,
	 0},
	{"two targets make one snapshot",
	 kdamon_format,
	 {{10, 9, 0, 16, 20, 1, 1, 0},
	  {10, 9, 1, 16, 20, 1, 2, 0},
	  {10.1, 9, 0, 16, 20, 1, 3, 0},
	  {10.1, 9, 1, 16, 20, 1, 4, 0}},
	 "9.9+0.1 target 0: 16-20:1@0 target 1: 16-20:2@0\n"
	 "10.0+0.1 target 0: 16-20:3@0 target 1: 16-20:4@0\n",
	 0,
	 0},
	{"kdamonds are told apart",
	 kdamon_format,
	 {{10, 8, 0, 16, 20, 1, 1, 0}, {10, 9, 0, 16, 20, 1, 2, 0}, {10.1, 8, 0, 16, 20, 1, 3, 0}},
	 "9.9+0.1 target 0: 16-20:1@0\n10.0+0.1 target 0: 16-20:3@0\n9.9+0.1 target 1: "
	 "16-20:2@0\n",
	 0,
	 0},
	{"more accesses than 5 ms have room for",
	 kdamon_format,
	 {{10, 9, 0, 16, 20, 1, 100, 0}, {10.1, 9, 0, 16, 20, 1, 37, 0}},
	 "9.9+0.1 target 0: 16-20:100@0\n10.0+0.1 target 0: 16-20:37@0\n",
	 0,
	 0},
	{"a region was lost",
	 kdamon_format,
	 {{10, 9, 0, 16, 20, 3, 1, 0},
	  {10, 9, 0, 20, 24, 3, 1, 0},
	  {10.1, 9, 0, 16, 24, 1, 2, 0},
	  {10.2, 9, 0, 16, 24, 1, 3, 0}},
	 "10.0+0.1 target 0: 16-24:2@0\n10.1+0.1 target 0: 16-24:3@0\n",
	 0,
	 2},
	{"nonsense within an aggregation",
	 kdamon_format,
	 {{10, 9, 0, 20, 20, 4, 1, 0},
	  {10, 9, 0, 20, 24, 4, 1, 0},
	  {10, 9, 0, 16, 19, 4, 1, 0},
	  {10, 9, 0, 1ull << 52, (1ull << 52) - 1, 4, 1, 0}},
	 "9.9+0.1 target 0: 20-24:1@0\n",
	 3,
	 0},
	{"more regions than there can be",
	 kdamon_format,
	 {{10, 9, 0, 16, 20, UINT32_MAX, 1, 0}, {10.1, 9, 0, 16, 20, 1, 5, 0}},
	 "10.0+0.1 target 0: 16-20:5@0\n",
	 0,
	 1},
};

Test(kdamon, aggregations_become_snapshots)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_record *r =
			open_lines(rows[i].lines, ARRAY_SIZE(rows[i].lines), rows[i].format);
		struct damon_stats st = {.size = sizeof(st)};
		char got[1024];

		print(r, got, sizeof(got));
		cr_expect_str_eq(got, rows[i].want, "%s: %s", rows[i].name, got);
		cr_expect_eq(damon_record_stats(r, &st), 0);
		cr_expect_eq(st.malformed, rows[i].malformed, "%s", rows[i].name);
		cr_expect_eq(st.aux_lost, rows[i].cut, "%s", rows[i].name);
		damon_record_close(r);
	}
}

Test(kdamon, every_number_of_accesses_is_kept)
{
	struct line l[22] = {{0}};
	struct damon_record *r;
	const struct damon_snapshot *s;

	for (uint32_t i = 0; i <= 20; i++)
		l[i] = (struct line){10 + i / 10., 9, 0, 16, 20, 1, i, 0};
	r = open_lines(l, ARRAY_SIZE(l), kdamon_format);
	for (uint32_t i = 0; i <= 20; i++) {
		cr_assert_eq(damon_record_next(r, &s), 1);
		cr_expect_eq(damon_region_nr_accesses_of(s, 0, 0, NULL, NULL), (double)i);
	}
	damon_record_close(r);
}

Test(kdamon, heat_and_working_set_come_of_checks)
{
	static const struct line l[] = {{10, 9, 0, 0x10, 0x20, 2, 20, 0},
					{10, 9, 0, 0x20, 0x40, 2, 0, 9}};
	struct damon_record *r = open_lines(l, ARRAY_SIZE(l), kdamon_format);
	struct damon_record_info info = {.size = sizeof(info)};
	struct damon_region_info ri = {.size = sizeof(ri)};
	struct damon_mapping_info m = {.size = sizeof(m)};
	const struct damon_snapshot *s;
	struct damon_wss w;

	cr_assert_eq(damon_record_next(r, &s), 1);
	damon_snapshot_region(s, 0, 0, &ri);
	cr_expect_float_eq(ri.heat, 200, 1e-6, "an access in each of 200 intervals a second");
	cr_expect_float_eq(ri.share, 1, 1e-9);
	damon_snapshot_region(s, 0, 1, &ri);
	cr_expect_eq(ri.heat, 0);
	cr_expect_eq(ri.share, 0);
	cr_expect_eq(ri.idle_aggrs, 9);
	damon_snapshot_wss(s, 0, DAMON_WSS_AGGR, &w);
	cr_expect_eq(w.bytes, 16 * 4096);
	cr_expect_eq(w.lo, 16 * 4096);
	cr_expect(w.hi > 16 * 4096 && w.hi < 32 * 4096);
	damon_snapshot_wss(s, 0, DAMON_WSS_1S, &w);
	cr_expect_eq(w.hi, 48 * 4096, "in ten aggregations any page may have been touched");
	cr_expect_eq(damon_snapshot_mapping(s, 0, 0x21000, &m), 1);
	cr_expect_str_eq(m.name, "[not recorded]");
	while (damon_record_next(r, &s) > 0)
		;
	damon_record_info(r, &info);
	cr_expect_eq(info.scale, 0);
	cr_expect_str_eq(info.origin, "perf.data");
	cr_expect_eq(info.sample_assumed, 1);
	cr_expect_eq(info.attrs.sample_ns, 5 * NS_PER_MS);
	cr_expect_eq(info.attrs.aggr_ns, AGGR_NS);
	damon_record_close(r);
}

/* ---- a real one ---- */

/* The file of the corpus, unpacked; skips the test where there is none. */
static int open_corpus(const char *name)
{
	const char *dirs[] = {getenv("DAMON_PERF_CORPUS"), "../shared/corpus",
			      "../../shared/corpus"};
	FILE *out = tmpfile();
	char path[512], buf[4096];
	gzFile in = NULL;
	int n, fd;

	for (size_t i = 0; i < ARRAY_SIZE(dirs) && !in; i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i] ? dirs[i] : "/nonexistent", name);
		in = gzopen(path, "rb");
	}
	if (!in)
		cr_skip("no corpus");
	while ((n = gzread(in, buf, sizeof(buf))) > 0)
		cr_assert_eq(fwrite(buf, 1, (size_t)n, out), (size_t)n);
	gzclose(in);
	fflush(out);
	fd = dup(fileno(out));
	fclose(out);
	return fd;
}

/* What 'perf script' prints of it: 10260 lines, of 562 aggregations by their times; the sum of
 * nr_accesses, of bytes, and of nr_accesses times pages. */
Test(kdamon, a_recording_of_a_kernel_is_as_perf_prints_it)
{
	int fd = open_corpus("format/damo_damon_aggregated.perf.data.gz");
	double nr_accesses = 0, bytes = 0, touched = 0;
	size_t nr_snapshots = 0, nr_regions = 0;
	const struct damon_snapshot *s;
	struct damon_record *r;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	cr_assert_eq(damon_record_open(path, &r), 0, "%s", damon_record_error(NULL));
	while (damon_record_next(r, &s) > 0) {
		struct damon_target_info ti = {.size = sizeof(ti)};
		struct damon_region_info ri = {.size = sizeof(ri)};

		damon_snapshot_target(s, 0, &ti);
		for (size_t i = 0; i < ti.nr_regions; i++) {
			double n = damon_region_nr_accesses_of(s, 0, i, NULL, NULL);

			damon_snapshot_region(s, 0, i, &ri);
			nr_accesses += n;
			bytes += (double)(ri.end - ri.start);
			touched += n * (double)(ri.end - ri.start) / 4096;
		}
		nr_snapshots++;
		nr_regions += ti.nr_regions;
	}
	cr_expect_eq(nr_snapshots, 562);
	cr_expect_eq(nr_regions, 10260);
	cr_expect_eq(nr_accesses, 87821);
	cr_expect_eq(bytes, 124385509376);
	cr_expect_eq(touched, 279425147);
	damon_record_close(r);
	close(fd);
}
