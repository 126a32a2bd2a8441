/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <math.h>

#include "base/util.h"
#include "core/schemes/watermark.h"

/* Each letter is what is found in an interval, each digit what comes of it. */
Test(watermark, on_and_off)
{
	static const struct {
		const char *name, *seen, *on;
	} rows[] = {
		/* h above high, m between high and mid, l between mid and low, z below low */
		{"begins as it is", "mm", "11"},
		{"off above high", "mhm", "100"},
		{"on again below mid only", "hmmlm", "00011"},
		{"off below low", "lzml", "1001"},
		{"from one side to the other", "hzhl", "0001"},
		{"not measured: as it was", "l?h?l", "11001"},
		{"on the high one", "H", "1"},
		{"on the low one", "L", "1"},
		{"on the mid one: not below it", "hM", "00"},
	};
	static const struct damos_watermarks w = {DAMOS_WMARK_FREE_MEM_RATE, NS_PER_SEC, 500, 400,
						  200};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos_wmark m;

		damos_wmark_init(&m);
		for (size_t j = 0; rows[i].seen[j]; j++) {
			static const char letters[] = "hHmMlLz?";
			static const double permil[] = {501, 500, 450, 400, 300, 200, 199, NAN};
			double x = permil[strchr(letters, rows[i].seen[j]) - letters];

			cr_expect_eq(damos_wmark_look(&m, &w, x, j * NS_PER_SEC),
				     rows[i].on[j] == '1', "%s: %zu", rows[i].name, j);
		}
	}
}

Test(watermark, looks_are_as_far_apart_as_asked)
{
	static const struct damos_watermarks w = {DAMOS_WMARK_FREE_MEM_RATE, 5 * NS_PER_SEC, 500,
						  400, 200};
	struct damos_wmark m;

	damos_wmark_init(&m);
	cr_expect_not(damos_wmark_look(&m, &w, 900, NS_PER_SEC));
	cr_expect_eq(m.next_ns, 6 * NS_PER_SEC);
	cr_expect_not(damos_wmark_look(&m, &w, 300, 6 * NS_PER_SEC - 1), "not yet");
	cr_expect(damos_wmark_look(&m, &w, 300, 6 * NS_PER_SEC));
	cr_expect_eq(m.next_ns, 11 * NS_PER_SEC);
}

Test(watermark, without_a_metric_it_is_on)
{
	static const struct damos_watermarks w = {.metric = DAMOS_WMARK_NONE};
	struct damos_wmark m;

	damos_wmark_init(&m);
	cr_expect(damos_wmark_look(&m, &w, 1000, 0));
	cr_expect_eq(m.next_ns, UINT64_MAX);
}
