/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "core/schemes/guard.h"

#define MIB (1ull << 20)

/* A guard of a scheme that acted upon 'mib' MiB just now. */
static struct damos_guard after(uint64_t mib)
{
	struct damos_guard g;

	damos_guard_init(&g, &damos_guard_defaults);
	damos_guard_applied(&g, (double)mib * MIB, 0);
	return g;
}

/* Ten seconds later 'percent' of 1 MiB were back. */
static void look(struct damos_guard *g, double percent, uint64_t quota, uint64_t *now)
{
	*now += 10 * NS_PER_SEC;
	damos_guard_refault(g, 2000, MIB, percent / 100 * MIB, quota, NS_PER_SEC, 4096, *now);
}

/* What follows windows: '+' good, '-' bad. */
Test(guard, windows)
{
	static const struct {
		const char *name, *windows;
		uint64_t quota_mib;
		enum damos_state state;
		uint64_t limit_mib; /* 0: none */
	} rows[] = {
		{"good ones", "++++", 64, DAMOS_ON, 0},
		{"a bad one halves", "-", 64, DAMOS_SLOWED, 32},
		{"a second one again", "--", 64, DAMOS_SLOWED, 16},
		{"the third pauses", "---", 64, DAMOS_PAUSED, 0},
		{"a good one ends it", "-+", 64, DAMOS_ON, 0},
		{"step by step", "--+", 64, DAMOS_SLOWED, 32},
		{"and then all", "--++", 64, DAMOS_ON, 0},
		{"in a row", "--+--", 64, DAMOS_SLOWED, 8},
		{"in a row, again", "--+---", 64, DAMOS_PAUSED, 0},
		{"not below the floor", "--", 3, DAMOS_SLOWED, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos_guard g = after(100000);
		uint64_t now = 0, limit;

		for (const char *w = rows[i].windows; *w; w++)
			look(&g, *w == '-' ? 21 : 20, rows[i].quota_mib * MIB, &now);
		cr_expect_eq(damos_guard_state(&g, now), rows[i].state, "%s", rows[i].name);
		limit = rows[i].state == DAMOS_ON ? UINT64_MAX : rows[i].limit_mib * MIB;
		cr_expect_eq(damos_guard_limit(&g, now), limit, "%s: %lu", rows[i].name,
			     (unsigned long)damos_guard_limit(&g, now));
	}
}

Test(guard, without_a_quota_what_was_done_lately_counts)
{
	struct damos_guard g = after(800); /* 40 MiB a second of the last 20 */
	uint64_t now = 0;

	look(&g, 50, UINT64_MAX, &now); /* faded for 10 s */
	cr_expect_float_eq(damos_guard_limit(&g, now) / (double)MIB, 20 * exp(-.5), .01);
	g = after(800);
	now = 0;
	look(&g, 50, 8 * MIB, &now);
	cr_expect_eq(damos_guard_limit(&g, now), 4 * MIB, "the smaller one");
}

Test(guard, few_looks_are_no_evidence)
{
	struct damos_guard g = after(100);

	damos_guard_refault(&g, 2000, 63 * 4096, 63 * 4096, UINT64_MAX, NS_PER_SEC, 4096, 1);
	cr_expect_eq(damos_guard_state(&g, 1), DAMOS_ON);
	cr_expect_float_eq(g.refault_bp, 10000, 1e-9, "it is shown");
	damos_guard_refault(&g, 2000, 4096, 4096, UINT64_MAX, NS_PER_SEC, 4096, 2);
	cr_expect_eq(damos_guard_state(&g, 2), DAMOS_SLOWED, "they add up");
}

Test(guard, what_is_of_before_a_judgement_is_not_judged)
{
	struct damos_guard g = after(100000);
	uint64_t now = 0, limit;

	look(&g, 90, 64 * MIB, &now);
	limit = damos_guard_limit(&g, now);
	for (int i = 0; i < 9; i++) {
		now += NS_PER_SEC;
		damos_guard_refault(&g, 2000, MIB, MIB, 64 * MIB, NS_PER_SEC, 4096, now);
	}
	cr_expect_eq(damos_guard_limit(&g, now), limit);
	cr_expect_gt(g.refault_bp, 9900, "it is shown: %g", g.refault_bp);
}

Test(guard, pauses_double_up_to_a_limit)
{
	struct damos_guard g = after(100000);
	uint64_t now = 0, pause = 60 * NS_PER_SEC, limit;

	look(&g, 90, 64 * MIB, &now);
	look(&g, 90, 64 * MIB, &now);
	for (int i = 0; i < 8; i++) {
		look(&g, 90, 64 * MIB, &now);
		cr_expect_eq(g.until_ns - now, pause, "%d: %lu", i, (unsigned long)g.until_ns);
		cr_expect_eq(damos_guard_limit(&g, now), 0);
		look(&g, 90, 64 * MIB, &now);
		cr_expect_eq(g.until_ns - now, pause - 10 * NS_PER_SEC, "of before");
		now = g.until_ns;
		limit = damos_guard_limit(&g, now);
		cr_expect(limit >= MIB && limit <= 8 * MIB, "slowly: %lu", (unsigned long)limit);
		cr_expect_eq(damos_guard_state(&g, now), DAMOS_SLOWED);
		pause = MIN(2 * pause, 3600 * NS_PER_SEC);
	}
	for (int i = 0; i < 10; i++)
		look(&g, 0, 64 * MIB, &now);
	cr_expect_eq(damos_guard_state(&g, now), DAMOS_ON);
	for (int i = 0; i < 3; i++)
		look(&g, 90, 64 * MIB, &now);
	cr_expect_eq(g.until_ns - now, 60 * NS_PER_SEC, "all is forgiven");
}

Test(guard, without_a_maximum_it_only_counts)
{
	struct damos_guard g = after(100);

	damos_guard_refault(&g, 0, MIB, MIB, UINT64_MAX, NS_PER_SEC, 4096, NS_PER_SEC);
	cr_expect_eq(damos_guard_state(&g, NS_PER_SEC), DAMOS_ON);
	cr_expect_eq(g.refault_bp, 10000);
}

Test(guard, it_says_why)
{
	struct damos_guard g = after(100000);
	char text[128];
	uint64_t now = 0;

	damos_guard_reason(&g, now, text, sizeof(text));
	cr_expect_str_eq(text, "");
	look(&g, 37, 64 * MIB, &now);
	damos_guard_reason(&g, now, text, sizeof(text));
	cr_expect_str_eq(text, "37 % of what was paged out came back soon; at most 32.0 MiB per "
			       "interval");
	look(&g, 37, 64 * MIB, &now);
	look(&g, 42, 64 * MIB, &now);
	damos_guard_reason(&g, now + 15 * NS_PER_SEC, text, sizeof(text));
	cr_expect_str_eq(text, "42 % of what was paged out came back soon; goes on in 45.0 s");
}
