/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/schemes/applied.h"

/* Ranges as text: "0-10@5" was acted upon at 5. */
static size_t parse(const char *text, struct damos_applied_range *r)
{
	unsigned long from, to, at;
	size_t n = 0;
	int used;

	while (sscanf(text, " %lu-%lu@%lu%n", &from, &to, &at, &used) == 3) {
		r[n++] = (struct damos_applied_range){from, to, at};
		text += used;
	}
	return n;
}

static void mark(struct damos_applied *a, uint32_t target, const char *text)
{
	struct damos_applied_range r[16];
	size_t n = parse(text, r);

	cr_assert_eq(damos_applied_mark(a, target, 0, r, n), 0);
}

static const char *ranges(const struct damos_applied *a, uint32_t target)
{
	static char text[1024];
	size_t n, at = 0;
	const struct damos_applied_range *r = damos_applied_of(a, target, 0, &n);

	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += snprintf(text + at, sizeof(text) - at, "%s%lu-%lu@%lu", i ? " " : "",
			       (unsigned long)r[i].start, (unsigned long)r[i].end,
			       (unsigned long)r[i].at_ns);
	return text;
}

Test(applied, marks)
{
	static const struct {
		const char *name, *before, *marks, *after;
	} rows[] = {
		{"the first", "", "0-10@1", "0-10@1"},
		{"nothing", "0-10@1", "", "0-10@1"},
		{"apart", "0-10@1", "20-30@2", "0-10@1 20-30@2"},
		{"before", "20-30@1", "0-10@2", "0-10@2 20-30@1"},
		{"touching, another time", "0-10@1", "10-20@2", "0-10@1 10-20@2"},
		{"touching, the same time", "0-10@1", "10-20@1", "0-20@1"},
		{"over all", "5-10@1 12-14@1", "0-20@2", "0-20@2"},
		{"within", "0-10@1", "4-6@2", "0-4@1 4-6@2 6-10@1"},
		{"two within", "0-10@1", "2-3@2 5-6@2", "0-2@1 2-3@2 3-5@1 5-6@2 6-10@1"},
		{"its end", "0-10@1", "8-15@2", "0-8@1 8-15@2"},
		{"its start", "5-10@1", "0-7@2", "0-7@2 7-10@1"},
		{"the same", "5-10@1", "5-10@2", "5-10@2"},
		{"between and over", "0-4@1 6-9@1 12-13@1", "3-7@2", "0-3@1 3-7@2 7-9@1 12-13@1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos_applied a;

		damos_applied_init(&a, 0);
		mark(&a, 3, rows[i].before);
		mark(&a, 3, rows[i].marks);
		cr_expect_str_eq(ranges(&a, 3), rows[i].after, "%s: %s", rows[i].name,
				 ranges(&a, 3));
		damos_applied_release(&a);
	}
}

Test(applied, undone)
{
	static const struct {
		const char *name, *before, *undo;
		uint64_t to;
		const char *after;
	} rows[] = {
		{"all", "0-10@5", "0-10@5", 2, "0-10@2"},
		{"the end", "0-10@5", "6-10@5", 2, "0-6@5 6-10@2"},
		{"the middle", "0-10@5", "4-6@5", 2, "0-4@5 4-6@2 6-10@5"},
		{"marked since", "0-4@5 4-8@6 8-10@5", "0-10@5", 2, "0-4@2 4-8@6 8-10@2"},
		{"not there", "0-4@5", "10-20@5", 2, "0-4@5"},
		{"as the neighbour", "0-4@2 4-8@5", "4-8@5", 2, "0-8@2"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos_applied_range r[4];
		struct damos_applied a;

		damos_applied_init(&a, 0);
		mark(&a, 0, rows[i].before);
		cr_assert_eq(parse(rows[i].undo, r), 1);
		cr_assert_eq(damos_applied_undo(&a, 0, r, rows[i].to), 0);
		cr_expect_str_eq(ranges(&a, 0), rows[i].after, "%s: %s", rows[i].name,
				 ranges(&a, 0));
		cr_assert_eq(damos_applied_undo(&a, 9, r, 1), 0, "another target");
		damos_applied_release(&a);
	}
}

Test(applied, the_nearest_are_joined_where_it_is_full)
{
	static const struct {
		const char *name, *marks, *after;
	} rows[] = {
		{"fits", "0-1@1 5-6@1 7-8@1", "0-1@1 5-6@1 7-8@1"},
		{"the smallest gap", "0-1@1 5-6@1 7-8@1 20-21@1", "0-1@1 5-8@1 20-21@1"},
		{"a small older one", "0-9@5 9-10@1 10-30@5 40-41@5", "0-30@5 40-41@5"},
		{"as young as the youngest", "0-1@9 2-3@4 50-51@1 90-91@1",
		 "0-3@9 50-51@1 90-91@1"},
		{"two of many alike", "0-1@1 2-3@1 4-5@1 6-7@1 8-9@1", "0-5@1 6-7@1 8-9@1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos_applied a;

		damos_applied_init(&a, 3);
		mark(&a, 0, rows[i].marks);
		cr_expect_str_eq(ranges(&a, 0), rows[i].after, "%s: %s", rows[i].name,
				 ranges(&a, 0));
		damos_applied_release(&a);
	}
}

Test(applied, targets_and_spaces)
{
	const struct damos_applied_range r = {0, 10, 1};
	struct damos_applied a;
	size_t n;

	damos_applied_init(&a, 0);
	mark(&a, 5, "0-10@1");
	mark(&a, 1, "0-20@1");
	mark(&a, 9, "0-30@1");
	cr_expect_str_eq(ranges(&a, 1), "0-20@1");
	cr_expect_str_eq(ranges(&a, 5), "0-10@1");
	damos_applied_forget(&a, 5);
	damos_applied_forget(&a, 6);
	cr_expect_str_eq(ranges(&a, 5), "");
	cr_expect_str_eq(ranges(&a, 9), "0-30@1");
	cr_expect_null(damos_applied_of(&a, 9, 77, &n));
	cr_assert_eq(damos_applied_mark(&a, 9, 77, &r, 1), 0);
	cr_expect_str_eq(ranges(&a, 9), "", "it has another space");
	damos_applied_of(&a, 9, 77, &n);
	cr_expect_eq(n, 1);
	damos_applied_release(&a);
}

Test(applied, ages)
{
	cr_expect_eq(damos_applied_age(100, 100, 10), 0);
	cr_expect_eq(damos_applied_age(100, 104, 10), 0);
	cr_expect_eq(damos_applied_age(100, 111, 10), 1);
	cr_expect_eq(damos_applied_age(100, 50, 10), 0, "an older snapshot");
	cr_expect_eq(damos_applied_age(0, UINT64_MAX, 1), UINT32_MAX);
}

Test(applied, what_matters_to_no_region_is_dropped)
{
	struct damon_region r[] = {{.start = 0, .end = 10, .age_aggrs = 3},
				   {.start = 10, .end = 20, .age_aggrs = 30},
				   {.start = 50, .end = 60, .age_aggrs = 30}};
	struct damon_target_snapshot t[] = {{.target_id = 1, .regions = r, .nr_regions = 3},
					    {.target_id = 2, .space_id = 4}};
	struct damon_snapshot s = {.end_ns = 100, .targets = t, .nr_targets = 2};
	struct damos_applied a;

	damos_applied_init(&a, 0);
	mark(&a, 0, "0-10@90");
	mark(&a, 1, "0-5@90 5-6@98 8-12@90 30-40@99 55-70@90");
	mark(&a, 2, "0-10@99");
	damos_applied_prune(&a, &s, 1);
	cr_expect_str_eq(ranges(&a, 0), "", "not in the snapshot");
	cr_expect_str_eq(ranges(&a, 1), "5-6@98 8-12@90 55-70@90", "%s", ranges(&a, 1));
	cr_expect_str_eq(ranges(&a, 2), "", "another space");
	cr_expect_eq(a.n, 1);
	damos_applied_release(&a);
}

#define PAGES 200

/* Random marks and undoings beside one number per page. Where nothing was joined both are the same;
 * where it was, nothing looks older than it is. */
static void compare(const struct damos_applied *a, const uint64_t *at, bool full)
{
	size_t n, k = 0;
	const struct damos_applied_range *r = damos_applied_of(a, 0, 0, &n);

	cr_assert_leq(n, a->max_ranges);
	for (size_t i = 0; i < n; i++) {
		cr_assert_lt(r[i].start, r[i].end);
		cr_assert(!i || r[i - 1].end <= r[i].start);
		cr_assert(full || !i || r[i - 1].end < r[i].start || r[i - 1].at_ns != r[i].at_ns);
	}
	for (uint64_t p = 0; p < PAGES; p++) {
		uint64_t mine = 0;

		while (k < n && r[k].end <= p)
			k++;
		if (k < n && r[k].start <= p)
			mine = r[k].at_ns;
		cr_assert(full ? mine >= at[p] : mine == at[p], "page %lu: %lu, %lu",
			  (unsigned long)p, (unsigned long)mine, (unsigned long)at[p]);
	}
}

static void random_marks(struct damos_applied *a, uint64_t *at, struct rng *rng, uint64_t now)
{
	struct damos_applied_range r[8];
	size_t n = 0;

	for (uint64_t p = rng_below(rng, 40); p < PAGES && n < ARRAY_SIZE(r);) {
		uint64_t end = MIN(p + 1 + rng_below(rng, 30), (uint64_t)PAGES);

		r[n++] = (struct damos_applied_range){p, end, now};
		for (uint64_t i = p; i < end; i++)
			at[i] = now;
		p = end + rng_below(rng, 50);
	}
	cr_assert_eq(damos_applied_mark(a, 0, 0, r, n), 0);
}

static void random_undo(struct damos_applied *a, uint64_t *at, struct rng *rng, uint64_t now)
{
	struct damos_applied_range r = {rng_below(rng, PAGES), 0, now};
	uint64_t before = 1 + rng_below(rng, now);

	r.end = r.start + 1 + rng_below(rng, PAGES - r.start);
	for (uint64_t i = r.start; i < r.end; i++)
		if (at[i] == now)
			at[i] = before;
	cr_assert_eq(damos_applied_undo(a, 0, &r, before), 0);
}

Test(applied, random_histories)
{
	for (uint64_t seed = 0; seed < 40; seed++) {
		bool full = seed % 2;
		uint64_t at[PAGES] = {0};
		struct damos_applied a;
		struct rng rng;

		rng_seed(&rng, seed);
		damos_applied_init(&a, full ? 1 + seed : 0);
		for (uint64_t now = 1; now < 300; now++) {
			random_marks(&a, at, &rng, now);
			compare(&a, at, full);
			/* joined ranges are undone as one, which is not told page by page */
			if (!full && rng_below(&rng, 2))
				random_undo(&a, at, &rng, now);
			compare(&a, at, full);
		}
		damos_applied_release(&a);
	}
}
