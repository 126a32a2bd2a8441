/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "report/picture/axis.h"
#include "report/picture/picture.h"

#define MiB (1024. * 1024)
#define S   1e9

enum axis { TIME, BYTES, LOG, LINEAR };

static size_t make(enum axis axis, struct axis_tick *t, double from, double to, size_t most)
{
	return axis == TIME    ? axis_time(t, (uint64_t)from, (uint64_t)to, most)
	       : axis == BYTES ? axis_bytes(t, (uint64_t)from, (uint64_t)to, most)
	       : axis == LOG   ? axis_log(t, from, to, most)
			       : axis_linear(t, from, to, most);
}

Test(axis, ticks_are_round_and_few)
{
	static const struct {
		const char *name;
		enum axis axis;
		double from, to;
		size_t most;
		const char *want;
	} rows[] = {
		{"seconds", TIME, 0, 4.5 * S, 10,
		 "0 s|0.5 s|1 s|1.5 s|2 s|2.5 s|3 s|3.5 s|4 s|4.5 s"},
		{"from the middle", TIME, 1.2 * S, 4.5 * S, 5, "2 s|3 s|4 s"},
		{"both ends", TIME, 0, 10 * S, 11, "0 s|1 s|2 s|3 s|4 s|5 s|6 s|7 s|8 s|9 s|10 s"},
		{"one too many", TIME, 0, 10 * S, 10, "0 s|2 s|4 s|6 s|8 s|10 s"},
		{"minutes", TIME, 0, 1200 * S, 5, "0 m|5 m|10 m|15 m|20 m"},
		{"milliseconds", TIME, 0, 8e6, 5, "0 ms|2 ms|4 ms|6 ms|8 ms"},
		{"no time", TIME, 3 * S, 3 * S, 5, "3000000000 ns"},
		{"bytes", BYTES, 0, 40 * MiB, 3, "0|16 MiB|32 MiB"},
		{"parts of a unit", BYTES, 0, 1.5 * MiB, 4, "0|512 KiB|1 MiB|1.5 MiB"},
		{"few decimals", BYTES, 1008 * MiB, 1056 * MiB, 4,
		 "1008 MiB|1024 MiB|1040 MiB|1056 MiB"},
		{"one byte", BYTES, 0, 1, 4, "0|1 B"},
		{"all of memory", BYTES, 0, 0x1p63, 3, "0|4 EiB|8 EiB"},
		{"decades", LOG, 90, 2e6, 6, "100|1 k|10 k|100 k|1 M"},
		{"every third", LOG, 1e-3, 1e9, 5, "0.001|1|1 k|1 M|1 G"},
		{"within a decade", LOG, 30, 900, 6, "50|100|200|500"},
		{"too close for that", LOG, 1, 100, 4, "1|10|100"},
		{"exact ends", LOG, 1, 10, 6, "1|2|5|10"},
		{"nothing below none", LOG, 0, 10, 6, ""},
		{"upside down", LOG, 10, 1, 6, ""},
		{"endless", LOG, 1, INFINITY, 6, ""},
		{"plain", LINEAR, 0, 700, 6, "0|200|400|600"},
		{"both ends of plain", LINEAR, 0, 500, 5, "0|200|400"},
		{"thousands", LINEAR, 0, 1.6e6, 4, "0|500 k|1 M|1.5 M"},
		{"nothing", LINEAR, 5, 5, 4, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct axis_tick t[AXIS_MAX_TICKS];
		size_t n = make(rows[i].axis, t, rows[i].from, rows[i].to, rows[i].most);
		char got[1024] = "";

		for (size_t k = 0; k < n; k++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", k ? "|" : "",
				 t[k].text);
		cr_assert_str_eq(got, rows[i].want, "%s: %s", rows[i].name, got);
	}
}

/* Whatever the range: within it, rising, all texts different, never more than asked for, and not
 * much fewer than half of that. */
Test(axis, ticks_of_any_range)
{
	static const double least[] = {[TIME] = 1e5, [BYTES] = 4096, [LOG] = 1e-3, [LINEAR] = .01};
	struct rng rng;

	rng_seed(&rng, 1);
	for (int i = 0; i < 4000; i++) {
		enum axis axis = (enum axis)(i % 4);
		double from = i % 3 ? least[axis] * exp2(30 * rng_unit(&rng)) : axis == LOG;
		double to = from + least[axis] * exp2(1 + 30 * rng_unit(&rng));
		size_t most = 3 + (size_t)(20 * rng_unit(&rng)), n;
		struct axis_tick t[AXIS_MAX_TICKS];

		n = make(axis, t, from, to, most);
		cr_assert_leq(n, most, "%d: %g..%g", i, from, to);
		if (axis == BYTES || axis == LINEAR)
			cr_assert_geq(n, most / 3, "%d: %zu of %zu in %g..%g", i, n, most, from,
				      to);
		for (size_t k = 0; k < n; k++) {
			double slack = 1e-6 * t[k].at;

			cr_assert(t[k].at >= floor(from) - slack && t[k].at <= to + slack, "%d: %s",
				  i, t[k].text);
			cr_assert(!k || (t[k].at > t[k - 1].at && strcmp(t[k].text, t[k - 1].text)),
				  "%d: %s", i, t[k].text);
		}
	}
}

Test(axis, labels_move_no_more_than_they_must)
{
	static const struct {
		const char *name;
		double height, from, to;
		struct axis_label l[6]; /* up to one of height 0 in 'want' */
		double want[6];
	} rows[] = {
		{"room for all", 10, 0, 100, {{20}, {40}, {90}}, {20, 40, 90}},
		{"two push each other", 10, 0, 100, {{48}, {52}}, {45, 55}},
		{"the same place", 10, 0, 100, {{50}, {50}, {50}}, {40, 50, 60}},
		{"a third is pushed on", 10, 0, 100, {{40}, {42}, {50}}, {34, 44, 54}},
		{"at the top", 10, 0, 100, {{1}, {2}}, {5, 15}},
		{"at the bottom", 10, 0, 100, {{99}, {99.5}}, {85, 95}},
		{"full", 10, 0, 30, {{1, 1}, {2, 1}, {29, 1}}, {5, 15, 25}},
		{"the least goes", 10, 0, 30, {{1, 5}, {2, 1}, {3, 4}, {29, 3}}, {5, 15, 25}},
		{"room for none", 10, 0, 9, {{5, 1}}, {0}},
		{"upside down", 10, 9, 0, {{5, 1}}, {0}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct axis_label l[6];
		size_t n = 0, want = 0, got;

		memcpy(l, rows[i].l, sizeof(l));
		while (n < 6 && l[n].at > 0)
			n++;
		while (want < 6 && rows[i].want[want] > 0)
			want++;
		got = axis_spread(l, n, rows[i].height, rows[i].from, rows[i].to);
		cr_assert_eq(got, want, "%s: %zu", rows[i].name, got);
		for (size_t k = 0; k < got; k++)
			cr_assert_float_eq(l[k].at, rows[i].want[k], 1e-9, "%s: %zu at %g",
					   rows[i].name, k, l[k].at);
	}
}

static int by_place(const void *a, const void *b)
{
	double x = ((const struct axis_label *)a)->at, y = ((const struct axis_label *)b)->at;

	return (x > y) - (x < y);
}

Test(axis, labels_never_overlap)
{
	struct rng rng;

	rng_seed(&rng, 2);
	for (int i = 0; i < 1000; i++) {
		size_t n = 1 + (size_t)(60 * rng_unit(&rng)), got;
		struct axis_label l[61];
		double lost = 1;

		for (size_t k = 0; k < n; k++)
			l[k] = (struct axis_label){500 * pow(rng_unit(&rng), 1 + i % 3),
						   rng_unit(&rng), k};
		qsort(l, n, sizeof(*l), by_place);
		got = axis_spread(l, n, 18, 0, 500);
		cr_assert_eq(got, MIN(n, (size_t)27));
		for (size_t k = 0; k < got; k++) {
			cr_assert(l[k].at >= 9 - 1e-6 && l[k].at <= 491 + 1e-6, "%d: %g", i,
				  l[k].at);
			cr_assert(!k || l[k].at - l[k - 1].at >= 18 - 1e-6, "%d: %g after %g", i,
				  l[k].at, l[k - 1].at);
			lost = fmin(lost, l[k].weight);
		}
		cr_assert(got == n || lost > 0);
	}
}

Test(picture, sizes)
{
	static const struct {
		const char *name;
		uint64_t width, height;
		const char *want;
	} rows[] = {
		{"none", 0, 0, ""},
		{"its own", 1200, 760, ""},
		{"the least", 600, 380, ""},
		{"too narrow", 599, 380, "give at least 600x380"},
		{"too low", 600, 379, "give at least 600x380"},
		{"no height", 600, 0, "give at least 600x380"},
		{"the widest", 16384, 4096, ""},
		{"too wide", 16385, 400, "give at most 16384 each way and 64 million in all"},
		{"too many", 16384, 4097, "give at most 16384 each way and 64 million in all"},
		{"no product", UINT64_MAX, UINT64_MAX,
		 "give at most 16384 each way and 64 million in all"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_fail fail = {0};
		int err = picture_check_size(rows[i].width, rows[i].height, &fail);

		cr_assert_eq(err < 0, *rows[i].want != '\0', "%s", rows[i].name);
		cr_assert_str_eq(fail.remedy, rows[i].want, "%s: %s", rows[i].name, fail.remedy);
	}
}
