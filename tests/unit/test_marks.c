/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks: set in a context, written, read back. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "damon.h"
#include "lib/ctx.h"
#include "record/chunk.h"
#include "tests/kit/record_kit.h"

TestSuite(marks, .fini = kit_remove);

static void write_marks(const char *path, const struct damon_mark *m, size_t n, size_t per_flush,
			uint64_t refused)
{
	struct damon_totals totals = {.nr_snapshots = 0};
	struct damon_writer *w;

	cr_assert_eq(damon_writer_open(path, &kit_meta, &w, NULL), 0);
	for (size_t i = 0; i < n; i += per_flush) {
		cr_assert_eq(damon_writer_marks(w, m + i, MIN(per_flush, n - i), refused), 0);
		cr_assert_eq(damon_writer_flush(w, &totals), 0);
	}
	cr_assert_eq(damon_writer_close(w, &totals), 0);
}

static struct damon_record *read_all(const char *path)
{
	const struct damon_snapshot *s;
	struct damon_record *r;

	cr_assert_eq(damon_record_open(path, &r), 0, "%s", damon_record_error(NULL));
	while (damon_record_next(r, &s) == 1)
		;
	return r;
}

static void expect_mark(const struct damon_record *r, size_t i, uint64_t time_ns, const char *name)
{
	const char *got;
	uint64_t at;

	cr_assert_eq(damon_record_mark(r, i, &at, &got), 0, "mark %zu", i);
	cr_expect_eq(at, time_ns, "mark %zu is at %llu", i, (unsigned long long)at);
	cr_expect_str_eq(got, name);
}

Test(marks, are_read_by_time_and_once)
{
	static const struct damon_mark m[] = {
		{3000, "c"}, {1000, "a"}, {2000, "\033[2J\xff"}, {2000, "the same time"}, {5, ""},
	};
	const struct damon_snapshot *s;
	struct damon_record *r;
	const char *name;
	uint64_t at;

	write_marks(kit_path("marks"), m, ARRAY_SIZE(m), 2, 7);
	r = read_all(kit_path("marks"));
	for (int pass = 0; pass < 2; pass++) {
		struct damon_record_info info = {.size = sizeof(info)};

		expect_mark(r, 0, 5, "");
		expect_mark(r, 1, 1000, "a");
		expect_mark(r, 2, 2000, "\033[2J\xff");
		expect_mark(r, 3, 2000, "the same time");
		expect_mark(r, 4, 3000, "c");
		cr_expect_eq(damon_record_mark(r, 5, &at, &name), -ENOENT);
		damon_record_info(r, &info);
		cr_expect_eq(info.marks_refused, 7);
		cr_assert_eq(damon_record_rewind(r), 0);
		while (damon_record_next(r, &s) == 1)
			;
	}
	damon_record_close(r);
}

Test(marks, a_record_has_no_more_than_it_may)
{
	_cleanup_(freep) struct damon_mark *m = calloc(RECORD_MAX_MARKS, sizeof(*m));
	struct damon_writer *w;
	struct damon_record *r;
	const char *name;
	uint64_t at;

	for (uint64_t i = 0; i < RECORD_MAX_MARKS; i++)
		m[i].time_ns = RECORD_MAX_MARKS - i;
	cr_assert_eq(damon_writer_open(kit_path("many"), &kit_meta, &w, NULL), 0);
	cr_expect_eq(damon_writer_marks(w, m, RECORD_MAX_MARKS, 0), 0);
	cr_expect_eq(damon_writer_marks(w, m, 1, 0), -EINVAL);
	cr_assert_eq(damon_writer_close(w, NULL), 0);
	r = read_all(kit_path("many"));
	expect_mark(r, 0, 1, "");
	expect_mark(r, RECORD_MAX_MARKS - 1, RECORD_MAX_MARKS, "");
	cr_expect_eq(damon_record_mark(r, RECORD_MAX_MARKS, &at, &name), -ENOENT);
	damon_record_close(r);
}

Test(marks, nonsense_is_refused)
{
	static const struct {
		const char *name;
		uint8_t bytes[8];
		size_t n;
		int err;
	} rows[] = {
		{"none", {0, 0}, 2, 0},
		{"one", {0, 1, 2, 1, 'a'}, 5, 0},
		{"more to come in later versions", {0, 1, 2, 1, 'a', 9, 9}, 7, 0},
		{"cut off in a name", {0, 1, 2, 3, 'a'}, 5, -EBADMSG},
		{"fewer than told", {0, 2, 2, 1, 'a'}, 5, -EBADMSG},
		{"more than may be", {0, 0xff, 0xff, 3}, 4, -EBADMSG},
		{"nothing", {0}, 0, -EBADMSG},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_pack p = PACK_READER((uint8_t *)rows[i].bytes, rows[i].n);
		struct record_in in = {.apply = true};
		struct damon_item item;

		cr_expect_eq(damon_chunk_marks.decode(&in, &p, true, &item), rows[i].err, "%s",
			     rows[i].name);
		damon_in_release(&in);
	}
}

/* ---- in a context ---- */

#define EURO "\xe2\x82\xac"

static struct damon_ctx *open_ctx(const char *path)
{
	struct damon_sampling s;
	struct damon_ctx *ctx;

	damon_sampling_init(&s);
	s.source = "synth";
	s.rate_hz = 100;
	cr_assert_eq(damon_ctx_new(&ctx), 0);
	cr_assert_eq(damon_set_sampling(ctx, &s), 0);
	cr_assert_eq(damon_add_pid(ctx, getpid()), 0);
	if (path)
		cr_assert_eq(damon_set_record(ctx, path), 0);
	return ctx;
}

Test(marks, of_a_context_are_in_its_record)
{
	struct damon_ctx *ctx = open_ctx(kit_path("ctx"));
	struct damon_record_info info = {.size = sizeof(info)};
	uint64_t start, at[6];
	struct damon_record *r;
	char name[300] = "";
	const char *got;

	cr_expect_eq(damon_mark(ctx, "early", 0), -ENODATA, "not open");
	cr_assert_eq(damon_open(ctx), 0, "%s", damon_error(ctx));
	start = ctx->start_ns;
	memset(name, 'x', 199);
	strcat(name, EURO);
	cr_expect_eq(damon_mark(ctx, "before the start", 1), 0);
	cr_expect_eq(damon_mark(ctx, NULL, 0), 0);
	cr_expect_eq(damon_mark(ctx, "", 0), 0);
	cr_expect_eq(damon_mark(ctx, name, 0), 0);
	cr_expect_eq(damon_mark(ctx, "in the future", UINT64_MAX), 0);
	cr_expect_eq(damon_mark(ctx, "a time", start + 1), 0);
	cr_assert_eq(damon_close(ctx), 0, "%s", damon_error(ctx));
	cr_expect_eq(damon_mark(ctx, "late", 0), -ENODATA, "closed");
	damon_ctx_free(ctx);

	r = read_all(kit_path("ctx"));
	damon_record_info(r, &info);
	expect_mark(r, 0, start, "before the start");
	expect_mark(r, 1, start + 1, "a time");
	for (size_t i = 2; i < 6; i++) {
		cr_assert_eq(damon_record_mark(r, i, &at[i], &got), 0);
		cr_expect(at[i] > start && at[i] < start + 60 * NS_PER_SEC, "%s", got);
		cr_expect_str_eq(got, i == 2   ? "mark1"
				      : i == 3 ? "mark2"
				      : i == 4 ? (name[199] = '\0', name)
					       : "in the future");
	}
	cr_expect_eq(damon_record_mark(r, 6, &at[0], &got), -ENOENT);
	damon_record_close(r);
}

Test(marks, there_is_an_end_to_them)
{
	struct damon_ctx *ctx = open_ctx(kit_path("end"));
	struct damon_record_info info = {.size = sizeof(info)};
	struct damon_record *r;
	const char *name;
	uint64_t at;

	cr_assert_eq(damon_open(ctx), 0, "%s", damon_error(ctx));
	for (int i = 0; i < 10000; i++)
		cr_assert_eq(damon_mark(ctx, "x", 0), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(damon_mark(ctx, "one too many", 0), -ENOSPC);
	cr_assert_eq(damon_close(ctx), 0);
	damon_ctx_free(ctx);
	r = read_all(kit_path("end"));
	damon_record_info(r, &info);
	cr_expect_eq(info.marks_refused, 3);
	expect_mark(r, 9999, (damon_record_mark(r, 9999, &at, &name), at), "x");
	damon_record_close(r);
}

Test(marks, without_a_record_there_is_nothing_to_mark)
{
	struct damon_ctx *ctx = open_ctx(NULL);

	cr_assert_eq(damon_open(ctx), 0, "%s", damon_error(ctx));
	cr_expect_eq(damon_mark(ctx, "x", 0), -ENODATA);
	cr_assert_eq(damon_close(ctx), 0);
	damon_ctx_free(ctx);
}
