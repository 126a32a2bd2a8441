/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "base/util.h"
#include "tests/judge/kernel.h"

/* A monitor of these regions, of which any size may merge. */
static struct kernel with(const struct kernel_region *r, size_t n, size_t max)
{
	struct kernel_range all = {0, r[n - 1].end};
	struct kernel k;

	kernel_init(&k, &all, 1, 1, max, 20, 7);
	k.nr = 0;
	cr_assert_eq(vec_reserve(&k.regions, &k.cap, n, sizeof(*r)), 0);
	for (size_t i = 0; i < n; i++)
		k.regions[k.nr++] = r[i];
	return k;
}

Test(judge_kernel, starts_with_min_regions_by_size)
{
	static const struct kernel_range ranges[] = {{0, 600}, {1000, 1300}, {5000, 5010}};
	struct kernel k;

	kernel_init(&k, ranges, 3, 10, 100, 20, 1);
	/* 600 of 910 pages: 6; 300: 3; 10: at least one */
	cr_assert_eq(k.nr, 10);
	cr_expect_eq(k.limit, 91);
	cr_expect_eq(k.regions[5].end, 600);
	cr_expect_eq(k.regions[6].start, 1000);
	cr_expect_eq(k.regions[9].start, 5000);
	cr_expect_eq(k.regions[9].end, 5010);
	kernel_release(&k);
}

/* The highest count is 20: the threshold is 2. */
Test(judge_kernel, merges_neighbours_that_are_alike)
{
	static const struct kernel_region in[] = {
		{.end = 10, .nr_accesses = 20, .last_nr_accesses = 19, .age = 4},
		{.start = 10, .end = 40, .nr_accesses = 18, .last_nr_accesses = 18, .age = 8},
		{.start = 40, .end = 50, .nr_accesses = 15, .last_nr_accesses = 15, .age = 2},
		{.start = 60, .end = 70, .nr_accesses = 15, .last_nr_accesses = 10, .age = 9},
	};
	struct kernel k = with(in, 4, 100);

	kernel_merge(&k);
	cr_assert_eq(k.nr, 3);
	cr_expect_eq(k.regions[0].end, 40);
	cr_expect_eq(k.regions[0].nr_accesses, (20 * 10 + 18 * 30) / 40);
	cr_expect_eq(k.regions[0].age, (5 * 10 + 9 * 30) / 40, "means by size");
	cr_expect_eq(k.regions[1].age, 3, "3 off: not merged");
	cr_expect_eq(k.regions[2].start, 60, "not neighbours");
	cr_expect_eq(k.regions[2].age, 0, "changed by more than the threshold");
	kernel_release(&k);
}

Test(judge_kernel, ages)
{
	static const struct {
		const char *name;
		unsigned int nr, last, age;
	} rows[] = {
		{"same", 10, 10, 6},
		{"within the threshold", 12, 10, 6},
		{"beyond", 13, 10, 0},
		{"fell to nothing, within the threshold", 0, 1, 0},
		{"came from nothing", 2, 0, 0},
		{"nothing all the time", 0, 0, 6},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct kernel_region in[] = {
			{.end = 10,
			 .nr_accesses = rows[i].nr,
			 .last_nr_accesses = rows[i].last,
			 .age = 5},
			{.start = 20, .end = 30, .nr_accesses = 20, .last_nr_accesses = 20},
		};
		struct kernel k = with(in, 2, 100);

		kernel_merge(&k);
		cr_expect_eq(k.regions[0].age, rows[i].age, "%s: %u", rows[i].name,
			     k.regions[0].age);
		kernel_release(&k);
	}
}

Test(judge_kernel, merged_regions_have_a_limit)
{
	struct kernel_range all = {0, 100};
	struct kernel k;

	kernel_init(&k, &all, 1, 4, 100, 20, 1);
	kernel_merge(&k);
	cr_expect_eq(k.nr, 4, "a quarter is the limit: %zu", k.nr);
	kernel_release(&k);
}

Test(judge_kernel, too_many_regions_merge_whatever_they_are)
{
	struct kernel_region in[30] = {0};
	struct kernel k;

	for (unsigned int i = 0; i < 30; i++)
		in[i] = (struct kernel_region){.start = i, .end = i + 1, .nr_accesses = i % 2 * 7};
	k = with(in, 30, 10);
	kernel_merge(&k);
	cr_expect(k.nr <= 10, "%zu", k.nr);
	kernel_release(&k);
}

Test(judge_kernel, splits_in_two_or_three)
{
	static const struct kernel_region in[] = {{.end = 1000, .nr_accesses = 5},
						  {.start = 1000, .end = 1002, .nr_accesses = 3}};
	struct kernel k = with(in, 2, 100);

	kernel_split(&k);
	cr_assert_eq(k.nr, 3, "the second is too small: %zu", k.nr);
	cr_expect_eq(k.regions[0].last_nr_accesses, 5);
	cr_expect_eq(k.regions[0].nr_accesses, 0);
	cr_expect_eq(k.regions[0].end, k.regions[1].start);
	cr_expect_eq(k.regions[0].end % 100, 0, "a tenth");
	cr_expect_eq(k.regions[1].end, 1000);
	k.last_nr = k.nr; /* as many as the last time: in three */
	kernel_split(&k);
	cr_expect(k.nr > 6 && k.nr <= 7, "%zu", k.nr);
	kernel_release(&k);
}

Test(judge_kernel, does_not_split_beyond_half_of_the_limit)
{
	static const struct kernel_region in[] = {{.end = 100}, {.start = 100, .end = 200}};
	struct kernel k = with(in, 2, 3);

	kernel_split(&k);
	cr_expect_eq(k.nr, 2);
	kernel_release(&k);
}

static bool below_100(void *priv, uint64_t page, struct rng *rng)
{
	++*(unsigned int *)priv;
	return page < 100;
}

Test(judge_kernel, checks_one_page_of_each_region)
{
	static const struct kernel_region in[] = {{.end = 100}, {.start = 100, .end = 200}};
	struct kernel k = with(in, 2, 10);
	unsigned int asked = 0;

	for (int i = 0; i < 20; i++)
		kernel_check(&k, below_100, &asked);
	cr_expect_eq(asked, 40);
	cr_expect_eq(k.nr_checks, 40);
	cr_expect_eq(k.regions[0].nr_accesses, 20);
	cr_expect_eq(k.regions[1].nr_accesses, 0);
	kernel_release(&k);
}
