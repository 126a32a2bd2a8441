/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The traces and truth files that estimates are judged by. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "base/rng.h"
#include "base/util.h"
#include "tests/truth/trace.h"
#include "tests/truth/trace_code.h"

static char path[] = "/tmp/test_trace.XXXXXX";

static void setup(void)
{
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	close(fd);
}

static void teardown(void)
{
	unlink(path);
}

TestSuite(trace, .init = setup, .fini = teardown);

static void write_trace(const struct trace_run *run, size_t n, uint64_t instructions)
{
	struct trace_writer *w;

	cr_assert_eq(trace_create(path, 12, &w), 0);
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(trace_add(w, run[i].page, run[i].count, run[i].stores), 0);
	trace_add_instructions(w, instructions);
	cr_assert_eq(trace_finish(w), 0);
}

static void expect_runs(struct trace *t, const char *name, const struct trace_run *run, size_t n)
{
	struct trace_run got;

	for (size_t i = 0; i < n; i++) {
		cr_assert_eq(trace_next(t, &got), 1, "%s: run %zu", name, i);
		cr_assert(got.page == run[i].page && got.count == run[i].count &&
				  got.stores == run[i].stores,
			  "%s: run %zu: %lx %lu %lu", name, i, got.page, got.count, got.stores);
	}
	cr_assert_eq(trace_next(t, &got), 0, "%s: the end", name);
	cr_assert_eq(trace_next(t, &got), 0, "%s: still the end", name);
}

static void expect_info(const struct trace_info *got, const struct trace_info *want,
			const char *name)
{
	cr_assert(got->page_shift == want->page_shift && got->runs == want->runs, "%s", name);
	cr_assert(got->accesses == want->accesses && got->stores == want->stores, "%s", name);
	cr_assert_eq(got->instructions, want->instructions, "%s", name);
}

/* Reads to the end or the first failure; whatever the file says, no more than its head promises. */
static int read_all(void)
{
	uint64_t accesses = 0, stores = 0;
	struct trace_run run;
	struct trace *t;
	int ret = trace_open(path, &t);

	if (ret)
		return ret;
	while ((ret = trace_next(t, &run)) > 0) {
		cr_assert(run.count && run.stores <= run.count && run.page <= UINT64_MAX >> 6);
		accesses += run.count;
		stores += run.stores;
		cr_assert(accesses <= trace_info(t)->accesses && stores <= trace_info(t)->stores);
	}
	cr_assert(ret || accesses == trace_info(t)->accesses);
	trace_close(t);
	return ret;
}

static size_t load(uint8_t **bytes)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	fseek(f, 0, SEEK_END);
	n = ftell(f);
	rewind(f);
	*bytes = malloc(n);
	cr_assert_eq(fread(*bytes, 1, n, f), n);
	fclose(f);
	return n;
}

static void store(const void *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");

	cr_assert_eq(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

/* Pages near and far, again and new; counts short and long. */
static struct trace_run *random_runs(size_t n)
{
	struct trace_run *run = calloc(n, sizeof(*run));
	uint64_t last = UINT64_MAX;
	struct rng r;

	rng_seed(&r, 7);
	for (size_t i = 0; i < n; i++) {
		do {
			run[i].page = rng_below(&r, 2) ? rng_below(&r, 20)
						       : rng_next(&r) >> (12 + rng_below(&r, 50));
		} while (run[i].page == last);
		last = run[i].page;
		run[i].count = 1 + rng_below(&r, 1ull << rng_below(&r, 20));
		run[i].stores = rng_below(&r, 3) ? rng_below(&r, run[i].count + 1) : 0;
	}
	return run;
}

Test(trace, what_was_written_is_read)
{
	static const struct trace_run few[] = {{5, 1, 0}, {6, 7, 7}, {5, 8, 0}, {6, 1ull << 40, 9}},
				      edges[] = {{0, 1, 1},
						 {UINT64_MAX >> 12, 2, 0},
						 {0, 1, 0},
						 {UINT64_MAX >> 12, 1, 0},
						 {1ull << 51, 1, 1}};
	_cleanup_(freep) struct trace_run *many = random_runs(400000); /* several blocks */
	const struct {
		const char *name;
		const struct trace_run *run;
		size_t n;
		uint64_t instructions;
	} rows[] = {{"nothing", NULL, 0, 0},
		    {"instructions alone", NULL, 0, 9},
		    {"few runs", few, ARRAY_SIZE(few), 1000},
		    {"the first and the last page", edges, ARRAY_SIZE(edges), 0},
		    {"several blocks", many, 400000, 1ull << 50}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct trace_info want = {12, 0, 0, rows[i].instructions, rows[i].n};
		struct trace *t;

		for (size_t j = 0; j < rows[i].n; j++) {
			want.accesses += rows[i].run[j].count;
			want.stores += rows[i].run[j].stores;
		}
		write_trace(rows[i].run, rows[i].n, rows[i].instructions);
		cr_assert_eq(trace_open(path, &t), 0, "%s", rows[i].name);
		expect_info(trace_info(t), &want, rows[i].name);
		expect_runs(t, rows[i].name, rows[i].run, rows[i].n);
		cr_assert_eq(trace_rewind(t), 0);
		expect_runs(t, rows[i].name, rows[i].run, rows[i].n);
		trace_close(t);
	}
}

Test(trace, accesses_in_a_row_are_one_run)
{
	static const struct trace_run in[] = {{0, 1, 0}, {0, 2, 1}, {3, 0, 0}, {0, 1, 1},
					      {3, 5, 0}, {3, 5, 5}, {0, 1, 0}},
				      out[] = {{0, 4, 2}, {3, 10, 5}, {0, 1, 0}};
	struct trace *t;

	write_trace(in, ARRAY_SIZE(in), 0);
	cr_assert_eq(trace_open(path, &t), 0);
	cr_assert_eq(trace_info(t)->runs, 3);
	expect_runs(t, "joined", out, ARRAY_SIZE(out));
	trace_close(t);
}

Test(trace, a_writer_refuses_what_no_reader_takes)
{
	struct trace_writer *w;

	cr_assert_eq(trace_create(path, TRACE_MIN_SHIFT - 1, &w), -EINVAL);
	cr_assert_eq(trace_create(path, TRACE_MAX_SHIFT + 1, &w), -EINVAL);
	cr_assert_eq(trace_create("/nowhere/trace", 12, &w), -ENOENT);
	cr_assert_eq(trace_create(path, 12, &w), 0);
	cr_assert_eq(trace_add(w, 1, 2, 3), -EINVAL);
	cr_assert_eq(trace_add(w, 1ull << 52, 1, 0), -EINVAL);
	cr_assert_eq(read_all(), -EBADMSG, "not finished yet");
	cr_assert_eq(trace_finish(w), 0);
	cr_assert_eq(read_all(), 0);
	cr_assert_eq(trace_create("/dev/full", 12, &w), 0);
	cr_assert_eq(trace_finish(w), -ENOSPC);
	cr_assert_eq(trace_finish(NULL), 0);
}

Test(trace, a_trace_that_is_cut_short_is_refused)
{
	_cleanup_(freep) struct trace_run *run = random_runs(60);
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t n;

	write_trace(run, 60, 1000);
	n = load(&bytes);
	for (size_t keep = 0; keep < n; keep++) {
		store(bytes, keep);
		cr_assert_eq(read_all(), -EBADMSG, "%zu of %zu bytes", keep, n);
	}
	bytes = realloc(bytes, n + 1);
	bytes[n] = 0;
	store(bytes, n + 1);
	cr_assert_eq(read_all(), -EBADMSG, "a byte more");
}

Test(trace, forged_numbers_are_refused)
{
	static const struct trace_run run[] = {{5, 1, 0}, {6, 20, 3}, {5, 8, 8}};
	const size_t block = sizeof(struct trace_head);
	const struct {
		const char *name;
		size_t at, bytes;
		uint64_t value;
	} rows[] = {{"version", offsetof(struct trace_head, version), 4, 2},
		    {"small pages", offsetof(struct trace_head, page_shift), 4, 5},
		    {"large pages", offsetof(struct trace_head, page_shift), 4, 64},
		    {"fewer accesses", offsetof(struct trace_head, accesses), 8, 28},
		    {"more accesses", offsetof(struct trace_head, accesses), 8, 30},
		    {"most accesses", offsetof(struct trace_head, accesses), 8, UINT64_MAX},
		    {"fewer stores", offsetof(struct trace_head, stores), 8, 10},
		    {"more stores", offsetof(struct trace_head, stores), 8, 12},
		    {"instructions", offsetof(struct trace_head, instructions), 8, 101},
		    {"fewer runs", offsetof(struct trace_head, runs), 8, 2},
		    {"more runs", offsetof(struct trace_head, runs), 8, 4},
		    {"unfinished", offsetof(struct trace_head, finished), 8, 0},
		    {"bytes", block + offsetof(struct trace_block, raw_bytes), 4, UINT32_MAX},
		    {"a byte less", block + offsetof(struct trace_block, raw_bytes), 4, 8},
		    {"stored", block + offsetof(struct trace_block, stored_bytes), 4, UINT32_MAX},
		    {"none stored", block + offsetof(struct trace_block, stored_bytes), 4, 0},
		    {"block's accesses", block + offsetof(struct trace_block, accesses), 8, 28},
		    {"its instructions", block + offsetof(struct trace_block, instructions), 8, 99},
		    {"its runs", block + offsetof(struct trace_block, runs), 8, 2},
		    {"no runs", block + offsetof(struct trace_block, runs), 8, 0}};
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t n;

	write_trace(run, ARRAY_SIZE(run), 100);
	n = load(&bytes);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t good[8];

		memcpy(good, bytes + rows[i].at, rows[i].bytes);
		memcpy(bytes + rows[i].at, &rows[i].value, rows[i].bytes);
		store(bytes, n);
		cr_assert_eq(read_all(), -EBADMSG, "%s", rows[i].name);
		memcpy(bytes + rows[i].at, good, rows[i].bytes);
	}
	store(bytes, n);
	cr_assert_eq(read_all(), 0);
}

Test(trace, any_damage_is_survived)
{
	_cleanup_(freep) struct trace_run *run = random_runs(300);
	_cleanup_(freep) uint8_t *bytes = NULL;
	int refused = 0;
	struct rng r;
	size_t n;

	write_trace(run, 300, 1000);
	n = load(&bytes);
	rng_seed(&r, 3);
	for (int i = 0; i < 3000; i++) {
		size_t at = rng_below(&r, n);
		uint8_t good = bytes[at];

		bytes[at] ^= 1 + rng_below(&r, 255);
		store(bytes, n);
		refused += read_all() == -EBADMSG;
		bytes[at] = good;
	}
	cr_assert_gt(refused, 1000);
}

struct truth_row {
	uint64_t page;
	uint32_t interval, count;
};

Test(trace, truth_counts_pages_in_intervals)
{
	static const struct trace_run run[] = {{9, 3, 0}, {5, 6, 1}, {9, 1, 0}, {2, 23, 0}};
	static const struct truth_row want[] = {
		{5, 0, 6}, {9, 0, 4}, {2, 1, 10}, {2, 2, 10}, {2, 3, 3}};
	uint64_t head[8];
	_cleanup_(freep) uint8_t *bytes = NULL;
	char out[] = "/tmp/test_trace.XXXXXX";
	struct trace *t;
	FILE *f;

	close(mkstemp(out));
	write_trace(run, ARRAY_SIZE(run), 77);
	cr_assert_eq(trace_open(path, &t), 0);
	cr_assert_eq(truth_write_from_trace(t, 0, out), -EINVAL);
	cr_assert_eq(truth_write_from_trace(t, 1ull << 32, out), -EINVAL);
	cr_assert_eq(truth_write_from_trace(t, 10, "/nowhere/truth"), -ENOENT);
	cr_assert_eq(truth_write_from_trace(t, 10, "/dev/full"), -EIO);
	for (int i = 0; i < 2; i++) /* from the beginning each time */
		cr_assert_eq(truth_write_from_trace(t, 10, out), 0);
	trace_close(t);
	f = fopen(out, "rb");
	cr_assert_eq(fread(head, sizeof(head), 1, f), 1);
	cr_assert_eq(memcmp(head, "\x89TRUTH\r\n", 8), 0);
	cr_assert(head[1] == (12ull << 32 | 1) && head[2] == 10 && head[3] == 4 && head[4] == 33 &&
		  head[5] == 77 && head[6] == ARRAY_SIZE(want));
	bytes = malloc(sizeof(want));
	cr_assert_eq(fread(bytes, sizeof(want), 1, f), 1);
	cr_assert_eq(memcmp(bytes, want, sizeof(want)), 0);
	cr_assert_eq(fgetc(f), EOF);
	fclose(f);
	unlink(out);
}

Test(trace, truth_adds_up_over_many_pages)
{
	_cleanup_(freep) struct trace_run *run = random_runs(50000);
	uint64_t head[8], sum = 0, last = 0, rows = 0;
	struct truth_row row;
	struct trace *t;
	FILE *f;

	write_trace(run, 50000, 0);
	cr_assert_eq(trace_open(path, &t), 0);
	unlink(path); /* the name is the truth's from here on */
	cr_assert_eq(truth_write_from_trace(t, 1000000, path), 0);
	f = fopen(path, "rb");
	cr_assert_eq(fread(head, sizeof(head), 1, f), 1);
	for (; fread(&row, sizeof(row), 1, f) == 1; rows++) {
		cr_assert(row.count && row.count <= 1000000 && row.interval < head[3]);
		cr_assert(!rows || row.interval == last >> 52 || row.interval == (last >> 52) + 1);
		cr_assert(!rows || row.interval > last >> 52 || row.page > (last & ~0ull >> 12));
		last = (uint64_t)row.interval << 52 | row.page;
		sum += row.count;
	}
	cr_assert_eq(sum, trace_info(t)->accesses);
	cr_assert(head[4] == sum && head[6] == rows && head[3] == (sum + 999999) / 1000000);
	fclose(f);
	trace_close(t);
}
