/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many bytes, and which first. */
#include <criterion/criterion.h>
#include <math.h>

#include "core/schemes/quota.h"

#define MIB (1ull << 20)

static const struct damos_kind kind = {DAMOS_HEAT_COLD, true, 0, 512. * MIB};
static const struct damos_kind huge = {DAMOS_HEAT_HOT, true, 2 * MIB, 512. * MIB};

static void roll(struct damos_budget *b, const struct damos_quota *q, uint64_t now_ms)
{
	struct damos_world w = {.now_ns = now_ms * NS_PER_MS};

	damos_budget_roll(b, q, &kind, &w, NAN);
}

static uint64_t room(const struct damos_budget *b, const struct damos_quota *q)
{
	return damos_budget_room(b, q, &kind, UINT64_MAX);
}

/* All that was tried was applied. */
static void charge(struct damos_budget *b, uint32_t window, uint64_t tried, uint64_t dropped,
		   uint64_t busy_ms)
{
	static const struct damos_quota in_full;
	const struct damos_result r = {.tried = tried,
				       .applied = tried,
				       .dropped = dropped,
				       .busy_ns = busy_ms * NS_PER_MS};

	damos_budget_charge(b, &in_full, window, &r);
}

Test(quota, the_smallest_limit_counts)
{
	static const struct {
		const char *name;
		uint64_t bytes, time_ns;
		double tuned;
		uint64_t guard, want;
	} rows[] = {
		{"none", 0, 0, INFINITY, UINT64_MAX, UINT64_MAX},
		{"bytes", 100 * MIB, 0, INFINITY, UINT64_MAX, 100 * MIB},
		{"time", 0, NS_PER_SEC / 8, INFINITY, UINT64_MAX, 64 * MIB},
		{"goals", 0, 0, 7. * MIB, UINT64_MAX, 7 * MIB},
		{"guard", 0, 0, INFINITY, 5 * MIB, 5 * MIB},
		{"paused", 100 * MIB, NS_PER_SEC, INFINITY, 0, 0},
		{"bytes of all", 5 * MIB, NS_PER_SEC, 7. * MIB, 9 * MIB, 5 * MIB},
		{"time of all", 5 * MIB, NS_PER_SEC / 256, 7. * MIB, 9 * MIB, 2 * MIB},
		{"goal of all", 5 * MIB, NS_PER_SEC, 3. * MIB, 9 * MIB, 3 * MIB},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos_quota q = {
			.bytes = rows[i].bytes, .time_ns = rows[i].time_ns, .reset_ns = NS_PER_SEC};
		struct damos_budget b;

		damos_budget_init(&b, &q);
		roll(&b, &q, 1000);
		b.tuning.bytes = rows[i].tuned;
		cr_expect_eq(damos_budget_room(&b, &q, &kind, rows[i].guard), rows[i].want, "%s",
			     rows[i].name);
		cr_expect_eq(damos_budget_effective(&b, &q, &kind, rows[i].guard), rows[i].want,
			     "%s", rows[i].name);
	}
}

Test(quota, bytes_of_an_interval)
{
	const struct damos_quota q = {.bytes = 100, .reset_ns = NS_PER_SEC};
	struct damos_budget b;

	damos_budget_init(&b, &q);
	roll(&b, &q, 1000);
	damos_budget_plan(&b, 70);
	cr_expect_eq(room(&b, &q), 30);
	roll(&b, &q, 1999);
	cr_expect_eq(room(&b, &q), 30);
	charge(&b, b.window, 50, 20, 1);
	cr_expect_eq(room(&b, &q), 50, "dropped bytes are given back");
	damos_budget_plan(&b, 50);
	b.cut = true;
	roll(&b, &q, 2000);
	cr_expect_eq(b.exceeds, 1);
	cr_expect_eq(room(&b, &q), 100);
	charge(&b, b.window - 1, 0, 50, 0);
	cr_expect_eq(room(&b, &q), 100, "of the old interval");
	cr_expect_eq(b.pending, 0);
	roll(&b, &q, 3000);
	cr_expect_eq(b.exceeds, 1);
}

Test(quota, what_failed_is_charged_as_asked)
{
	static const struct {
		const char *name;
		uint32_t num, denom;
		uint64_t applied, dropped, used;
	} rows[] = {
		{"in full", 0, 0, 700, 0, 1000 * MIB},
		{"without a denominator", 5, 0, 700, 0, 1000 * MIB},
		/* the example of the kernel's manual */
		{"a little", 1, 1024, 700, 0, 700 * MIB + 300 * 1024},
		{"not at all", 0, 1, 700, 0, 700 * MIB},
		{"all was applied", 1, 1024, 1000, 0, 1000 * MIB},
		{"more than in full", 2, 1, 700, 0, 1300 * MIB},
		{"some was dropped", 1, 1024, 300, 400, 300 * MIB + 300 * 1024},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damos_quota q = {.bytes = 2000 * MIB,
					      .reset_ns = NS_PER_SEC,
					      .fail_charge_num = rows[i].num,
					      .fail_charge_denom = rows[i].denom};
		const struct damos_result r = {.tried = (1000 - rows[i].dropped) * MIB,
					       .applied = rows[i].applied * MIB,
					       .dropped = rows[i].dropped * MIB};
		struct damos_budget b;

		damos_budget_init(&b, &q);
		roll(&b, &q, 1000);
		damos_budget_plan(&b, 1000 * MIB);
		damos_budget_charge(&b, &q, b.window, &r);
		cr_expect_eq(b.used, rows[i].used, "%s: %llu", rows[i].name,
			     (unsigned long long)b.used);
		cr_expect_eq(b.pending, 0);
	}
}

Test(quota, intervals_follow_each_other_without_gaps)
{
	const struct damos_quota q = {.bytes = 100, .reset_ns = NS_PER_SEC};
	struct damos_budget b;

	damos_budget_init(&b, &q);
	roll(&b, &q, 1000);
	roll(&b, &q, 2900);
	cr_expect_eq(b.from_ns, 2000 * NS_PER_MS);
	roll(&b, &q, 3000);
	cr_expect_eq(b.from_ns, 3000 * NS_PER_MS);
	cr_expect_eq(b.window, 3);
	roll(&b, &q, 1500);
	cr_expect_eq(b.window, 3, "time went back");
}

Test(quota, without_an_interval_each_plan_is_one)
{
	const struct damos_quota q = {.bytes = 100};
	struct damos_budget b;

	damos_budget_init(&b, &q);
	for (int i = 0; i < 3; i++) {
		roll(&b, &q, 1000 + i);
		cr_expect_eq(room(&b, &q), 100);
		damos_budget_plan(&b, 100);
	}
}

Test(quota, time_becomes_bytes_by_measured_throughput)
{
	const struct damos_quota q = {.time_ns = 100 * NS_PER_MS, .reset_ns = NS_PER_SEC};
	const struct damos_kind unknown = {DAMOS_HEAT_COLD, true, 0, 0};
	struct damos_budget b;

	damos_budget_init(&b, &q);
	roll(&b, &q, 0);
	cr_expect_eq(room(&b, &q), 512 * MIB / 10, "guessed");
	cr_expect_eq(damos_budget_room(&b, &q, &unknown, UINT64_MAX), 400 * MIB, "as DAMON does");
	damos_budget_plan(&b, 10 * MIB);
	cr_expect_eq(room(&b, &q), 512 * MIB / 10 - 10 * MIB, "what is pending takes time too");
	charge(&b, b.window, 10 * MIB, 0, 50);
	cr_expect_eq(room(&b, &q), 10 * MIB, "200 MiB a second");
	cr_expect_eq(damos_budget_time(&b, &q), 50 * NS_PER_MS);
	cr_expect_eq(damos_budget_effective(&b, &q, &kind, UINT64_MAX), 20 * MIB);
	roll(&b, &q, 1000);
	cr_expect_eq(room(&b, &q), 20 * MIB);
	damos_budget_plan(&b, 20 * MIB);
	charge(&b, b.window, 20 * MIB, 0, 50);
	roll(&b, &q, 2000);
	/* (10 / 2 + 20) MiB in (50 / 2 + 50) ms; before it was 10 in 50, now 20 in 50 */
	cr_expect_float_eq((double)room(&b, &q), 100 * 30. / 100 * MIB, 4 * MIB);
}

Test(quota, overshot_time_is_taken_from_the_next_interval)
{
	const struct damos_quota q = {.time_ns = 10 * NS_PER_MS, .reset_ns = NS_PER_SEC};
	struct damos_budget b;

	damos_budget_init(&b, &q);
	roll(&b, &q, 0);
	damos_budget_plan(&b, MIB);
	charge(&b, b.window, MIB, 0, 25);
	cr_expect_eq(damos_budget_time(&b, &q), 0);
	cr_expect_eq(room(&b, &q), 0);
	roll(&b, &q, 1000);
	cr_expect_eq(damos_budget_time(&b, &q), 0, "15 ms over");
	roll(&b, &q, 2000);
	cr_expect_eq(damos_budget_time(&b, &q), 5 * NS_PER_MS);
	roll(&b, &q, 3000);
	cr_expect_eq(damos_budget_time(&b, &q), 10 * NS_PER_MS, "time that was not used is gone");
	charge(&b, b.window, MIB, 0, 40);
	roll(&b, &q, 9000);
	cr_expect_eq(damos_budget_time(&b, &q), 10 * NS_PER_MS, "six intervals paid for it");
}

Test(quota, a_unit_that_takes_longer_is_let_through_alone)
{
	const struct damos_quota q = {.time_ns = NS_PER_MS, .reset_ns = NS_PER_SEC};
	struct damos_budget b;

	damos_budget_init(&b, &q);
	roll(&b, &q, 0);
	cr_expect_eq(damos_budget_room(&b, &q, &huge, UINT64_MAX), 2 * MIB);
	damos_budget_plan(&b, 2 * MIB);
	cr_expect_eq(damos_budget_room(&b, &q, &huge, UINT64_MAX), 0);
	charge(&b, b.window, 2 * MIB, 0, 4);
	for (int i = 1; i < 4; i++) {
		roll(&b, &q, i * 1000);
		cr_expect_eq(damos_budget_room(&b, &q, &huge, UINT64_MAX), 0, "%d", i);
	}
	roll(&b, &q, 4000);
	cr_expect_eq(damos_budget_room(&b, &q, &huge, UINT64_MAX), 2 * MIB);
}

Test(quota, no_time_limit)
{
	const struct damos_quota q = {.bytes = 100, .reset_ns = NS_PER_SEC};
	struct damos_budget b;

	damos_budget_init(&b, &q);
	cr_expect_eq(damos_budget_time(&b, &q), UINT64_MAX);
}

/* Numbers by hand from mm/damon/ops-common.c's rule, which rounds down in between; here only the
 * result is. */
Test(quota, priorities)
{
	static const struct {
		const char *name;
		enum damos_heat heat;
		uint32_t size, accesses, age;
		double nr;
		uint64_t age_s, pages;
		unsigned int want;
	} rows[] = {
		{"hot, all there is", DAMOS_HEAT_HOT, 0, 1000, 0, 20, 0, 1, 99},
		{"hot, none", DAMOS_HEAT_HOT, 0, 1000, 0, 0, 0, 1, 0},
		{"hot, half", DAMOS_HEAT_HOT, 0, 1000, 0, 10, 0, 1, 49},
		{"cold, half", DAMOS_HEAT_COLD, 0, 1000, 0, 10, 0, 1, 49},
		{"cold, none", DAMOS_HEAT_COLD, 0, 1000, 0, 0, 0, 1, 99},
		{"an age of less than 1 s", DAMOS_HEAT_HOT, 0, 0, 1000, 20, 0, 1, 49},
		{"hot for 1 s", DAMOS_HEAT_HOT, 0, 0, 1000, 20, 1, 1, 51},
		{"hot for 60 s", DAMOS_HEAT_HOT, 0, 0, 1000, 20, 60, 1, 58},
		{"unused for 60 s", DAMOS_HEAT_HOT, 0, 0, 1000, 0, 60, 1, 40},
		{"cold for 60 s", DAMOS_HEAT_COLD, 0, 0, 1000, 0, 60, 1, 58},
		{"less than one access", DAMOS_HEAT_COLD, 0, 0, 1000, .4, 60, 1, 58},
		{"one access", DAMOS_HEAT_COLD, 0, 0, 1000, .6, 60, 1, 40},
		{"of no weight: accesses and age alike", DAMOS_HEAT_HOT, 0, 0, 0, 20, 60, 1, 78},
		{"4:1", DAMOS_HEAT_HOT, 0, 800, 200, 20, 60, 1, 90},
		{"256 MiB", DAMOS_HEAT_COLD, 1000, 0, 0, 20, 60, 1 << 16, 49},
		{"a page", DAMOS_HEAT_COLD, 1000, 0, 0, 20, 60, 1, 0},
		{"neither kind", DAMOS_HEAT_ANY, 0, 1000, 0, 7, 60, 1, 99},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damos_quota q = {.weight_size = rows[i].size,
					      .weight_accesses = rows[i].accesses,
					      .weight_age = rows[i].age};
		const struct damos_rank r = {rows[i].pages << DAMON_PAGE_SHIFT,
					     rows[i].age_s * NS_PER_SEC, rows[i].nr, 20};

		cr_expect_eq(damos_priority(&q, rows[i].heat, &r), rows[i].want, "%s: %u",
			     rows[i].name, damos_priority(&q, rows[i].heat, &r));
	}
}
