/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/estimator.h"
#include "core/wset.h"

#define AGGR_NS (100 * NS_PER_MS)

/* Adds aggregation 'a' with a hit on each of pages[0, n), sorted. */
static void add(struct damon_wset_log *l, uint64_t a, const uint64_t *pages, size_t n)
{
	static struct damon_hit hits[20000];

	cr_assert_leq(n, ARRAY_SIZE(hits));
	for (size_t i = 0; i < n; i++)
		hits[i] = (struct damon_hit){.page = pages[i], .weight = 1, .nr = 1};
	cr_assert_eq(damon_wset_log_add(l, hits, n, a * AGGR_NS, (a + 1) * AGGR_NS), 0);
}

static struct damon_wset count(struct damon_wset_log *l, uint64_t a, enum damon_window w)
{
	struct damon_wset out[DAMON_NR_WINDOWS];

	damon_wset_log_counts(l, (a + 1) * AGGR_NS, out);
	return out[w];
}

static void check(struct damon_wset c, double n, double d, double f1, double f2, const char *what)
{
	cr_assert(c.n == n && c.d == d && c.f1 == f1 && c.f2 == f2, "%s: n %g d %g f1 %g f2 %g",
		  what, c.n, c.d, c.f1, c.f2);
}

static int by_page(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

Test(wset, counts_of_one_aggregation)
{
	static const struct {
		const char *name;
		uint64_t pages[8];
		size_t nr;
		double n, d, f1, f2;
	} rows[] = {{"none", {0}, 0, 0, 0, 0, 0},
		    {"one", {7}, 1, 1, 1, 1, 0},
		    {"twice", {7, 7}, 2, 2, 1, 0, 1},
		    {"thrice", {7, 7, 7}, 3, 3, 1, 0, 0},
		    {"mixed", {0, 1, 1, 2, 2, 2, 3, 9}, 8, 8, 5, 3, 1}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_wset_log *l = damon_wset_log_new(1024);

		add(l, 0, rows[i].pages, rows[i].nr);
		for (int w = 0; w < DAMON_NR_WINDOWS; w++) {
			check(count(l, 0, w), rows[i].n, rows[i].d, rows[i].f1, rows[i].f2,
			      rows[i].name);
			cr_assert_eq(count(l, 0, w).span_ns, AGGR_NS);
		}
		damon_wset_log_free(l);
	}
	damon_wset_log_free(NULL);
}

Test(wset, hits_without_weight_are_passed_over)
{
	struct damon_wset_log *l = damon_wset_log_new(1024);
	struct damon_hit hits[] = {{.page = 1, .weight = 0}, {.page = 1, .weight = 1}, {.page = 2}};

	cr_assert_eq(damon_wset_log_add(l, hits, 3, 0, AGGR_NS), 0);
	check(count(l, 0, DAMON_WINDOW_AGGR), 1, 1, 1, 0, "aggr");
	check(count(l, 0, DAMON_WINDOW_60S), 1, 1, 1, 0, "60 s");
	damon_wset_log_free(l);
}

Test(wset, windows_trail)
{
	struct damon_wset_log *l = damon_wset_log_new(32768);

	for (uint64_t a = 0; a < 700; a++) {
		uint64_t page = a;

		add(l, a, &page, 1);
		count(l, a, 0);
	}
	check(count(l, 699, DAMON_WINDOW_AGGR), 1, 1, 1, 0, "aggr");
	check(count(l, 699, DAMON_WINDOW_1S), 10, 10, 10, 0, "1 s");
	check(count(l, 699, DAMON_WINDOW_10S), 100, 100, 100, 0, "10 s");
	check(count(l, 699, DAMON_WINDOW_60S), 600, 600, 600, 0, "60 s");
	cr_assert_eq(count(l, 699, DAMON_WINDOW_60S).span_ns, 60. * NS_PER_SEC);
	damon_wset_log_free(l);
}

Test(wset, windows_are_up_to_date)
{
	struct damon_wset_log *l = damon_wset_log_new(1024);

	for (uint64_t a = 0; a < 20; a++) {
		add(l, a, &a, 1);
		cr_assert_eq(count(l, a, DAMON_WINDOW_1S).n, MIN(a + 1, 10), "%d", (int)a);
		cr_assert_eq(count(l, a, DAMON_WINDOW_10S).n, a + 1, "%d", (int)a);
		cr_assert_eq(count(l, a, DAMON_WINDOW_10S).span_ns, (a + 1.) * AGGR_NS);
		cr_assert_leq(a + 1 - count(l, a, DAMON_WINDOW_60S).n, 6, "%d", (int)a);
	}
	damon_wset_log_free(l);
}

Test(wset, few_pages_are_not_thinned_by_many_hits)
{
	struct damon_wset_log *l = damon_wset_log_new(512);
	uint64_t pages[3000];
	struct damon_wset c;

	/* 2999 hits on two pages, and a third page that is hit once, in each of ten aggregations */
	for (size_t i = 0; i < 3000; i++)
		pages[i] = i < 1000 ? 1 : i < 2999 ? 2 : 3;
	for (uint64_t a = 0; a < 10; a++)
		add(l, a, pages, 3000);
	c = count(l, 9, DAMON_WINDOW_1S);
	check(c, 30000, 3, 0, 0, "1 s");
	damon_wset_log_free(l);
}

Test(wset, idle_windows_empty)
{
	struct damon_wset_log *l = damon_wset_log_new(1024);
	uint64_t page = 5;

	add(l, 0, &page, 1);
	for (uint64_t a = 1; a <= 620; a++) {
		add(l, a, NULL, 0);
		count(l, a, 0);
	}
	for (int w = 0; w < DAMON_NR_WINDOWS; w++)
		check(count(l, 620, w), 0, 0, 0, 0, "idle");
	damon_wset_log_free(l);
}

/* Memory is bounded, whole pages are thinned: d and f1 come out right, on the average. */
Test(wset, thinning_scales_counts)
{
	struct damon_wset_log *l = damon_wset_log_new(4096);
	static uint64_t pages[2000];
	struct damon_wset c;

	for (uint64_t a = 0; a < 101; a++) {
		for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
			pages[i] = (a % 25) * 2000 + i; /* 50000 pages, each every 2.5 s */
		add(l, a, pages, ARRAY_SIZE(pages));
		count(l, a, 0);
	}
	c = count(l, 100, DAMON_WINDOW_10S);
	cr_assert_float_eq(c.d, 50000, 5000, "%g", c.d);
	cr_assert_float_eq(c.n, 200000, 20000, "%g", c.n);
	cr_assert_eq(c.f1, 0);
	c = count(l, 100, DAMON_WINDOW_1S);
	cr_assert_float_eq(c.d, 20000, 2500, "%g", c.d);
	cr_assert_eq(c.f1, c.d);
	c = count(l, 100, DAMON_WINDOW_AGGR);
	check(c, 2000, 2000, 2000, 0, "the aggregation is never thinned");
	damon_wset_log_free(l);
}

Test(wset, thinning_ends_when_load_does)
{
	struct damon_wset_log *l = damon_wset_log_new(1024);
	static uint64_t pages[2000];
	uint64_t a = 0;

	for (; a < 20; a++) {
		for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
			pages[i] = a * 2000 + i;
		add(l, a, pages, ARRAY_SIZE(pages));
	}
	for (; a < 300; a++) { /* 20 pages: a thinned ring would see few of them, or none */
		add(l, a, pages, 20);
		count(l, a, 0);
	}
	cr_assert_eq(count(l, a - 1, DAMON_WINDOW_1S).d, 20);
	damon_wset_log_free(l);
}

Test(wset, limit_may_fall_and_rise)
{
	struct damon_wset_log *l = damon_wset_log_new(32768);
	static uint64_t pages[4000];
	struct damon_wset c;

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = i;
	add(l, 0, pages, ARRAY_SIZE(pages));
	damon_wset_log_limit(l, 1024);
	c = count(l, 0, DAMON_WINDOW_10S);
	cr_assert_float_eq(c.d, 4000, 1200, "%g", c.d);
	damon_wset_log_limit(l, 32768);
	add(l, 1, pages, ARRAY_SIZE(pages));
	c = count(l, 11, DAMON_WINDOW_10S);
	cr_assert_float_eq(c.d, 4000, 1200, "%g", c.d);
	damon_wset_log_free(l);
}

Test(wset, one_page_over_and_over_is_bounded)
{
	struct damon_wset_log *l = damon_wset_log_new(0);
	static uint64_t pages[20000];
	struct damon_wset c;

	for (uint64_t a = 0; a < 3; a++)
		add(l, a, pages, ARRAY_SIZE(pages));
	c = count(l, 2, DAMON_WINDOW_1S);
	cr_assert(isfinite(c.n) && isfinite(c.d) && c.f1 == 0 && c.f2 == 0);
	damon_wset_log_free(l);
}

/* Counts change with what comes and goes: they are those of the window's hits all the same. */
Test(wset, counts_are_those_of_a_recount)
{
	static const struct {
		const char *name;
		size_t pages, nr; /* drawn among so many, so many an aggregation */
	} rows[] = {{"few pages", 20, 30}, {"some", 300, 200}, {"many", 100000, 700}};
	static uint8_t nr[100000];
	static uint64_t pages[10][700];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_wset_log *l = damon_wset_log_new(1 << 20);
		struct rng rng;

		rng_seed(&rng, i + 1);
		for (uint64_t a = 0; a < 150; a++) {
			double d = 0, f1 = 0, f2 = 0;
			uint64_t *now = pages[a % 10];
			size_t n = a % 40 < 3 ? 0 : rows[i].nr; /* it rests now and then */

			memset(now, 0xff, sizeof(pages[0]));
			for (size_t k = 0; k < n; k++)
				now[k] = rng_below(&rng, rows[i].pages);
			qsort(now, n, sizeof(*now), by_page);
			add(l, a, now, n);
			memset(nr, 0, sizeof(nr));
			n = 0;
			for (size_t k = 0; k < 10 * 700 && k / 700 <= a; k++) {
				uint64_t page = pages[k / 700][k % 700];

				if (page == UINT64_MAX)
					continue;
				n++;
				nr[page]++;
			}
			for (size_t k = 0; k < rows[i].pages; k++) {
				d += nr[k] > 0;
				f1 += nr[k] == 1;
				f2 += nr[k] == 2;
			}
			check(count(l, a, DAMON_WINDOW_1S), n, d, f1, f2, rows[i].name);
		}
		damon_wset_log_free(l);
	}
}

Test(wset, clear_forgets_all)
{
	struct damon_wset_log *l = damon_wset_log_new(1024);
	uint64_t page = 1;

	add(l, 0, &page, 1);
	damon_wset_log_clear(l);
	for (int w = 0; w < DAMON_NR_WINDOWS; w++)
		check(count(l, 0, w), 0, 0, 0, 0, "cleared");
	add(l, 50, &page, 1);
	check(count(l, 50, DAMON_WINDOW_60S), 1, 1, 1, 0, "anew");
	cr_assert_eq(count(l, 50, DAMON_WINDOW_60S).span_ns, AGGR_NS);
	damon_wset_log_free(l);
}
