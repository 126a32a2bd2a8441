/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "base/rng.h"
#include "base/util.h"
#include "report/known.h"

#define K (1024.)
#define M (1024. * 1024)

Test(known, digits_are_those_that_are_known)
{
	static const struct {
		const char *name;
		struct known k;
		enum known_kind kind;
		const char *want;
	} rows[] = {
		{"one digit less sure", {12 * M, 9 * M, 16 * M}, KNOWN_BYTES, "12 MiB [9, 16]"},
		{"sure to a tenth",
		 {12.34 * M, 12.2 * M, 12.5 * M},
		 KNOWN_BYTES,
		 "12.3 MiB [12.2, 12.5]"},
		{"never more than three",
		 {12.345, 12.341, 12.349},
		 KNOWN_COUNT,
		 "12.3 [12.3, 12.4]"},
		{"exact", {12345, 12345, 12345}, KNOWN_COUNT, "12.3 k"},
		{"exact and whole", {7, 7, 7}, KNOWN_COUNT, "7"},
		{"exact bytes", {4 * K, 4 * K, 4 * K}, KNOWN_BYTES, "4.00 KiB"},
		{"lower bound far below",
		 {20 * M, 580 * K, 29.1 * M},
		 KNOWN_BYTES,
		 "20 MiB [0.5, 30]"},
		{"lower bound nearly none",
		 {20 * M, 5 * K, 29.1 * M},
		 KNOWN_BYTES,
		 "20 MiB [0.0048, 30]"},
		{"lower bound in its own unit",
		 {20 * M, 84, 29.1 * M},
		 KNOWN_BYTES,
		 "20 MiB [80 B, 30 MiB]"},
		{"upper bound in its own unit", {20, 3, 2e6}, KNOWN_COUNT, "20 [3, 2 M]"},
		{"no lower bound", {.003, 0, .0106}, KNOWN_PERCENT, "~0.3 % [0, 1.1]"},
		{"no upper bound", {5, 1, INFINITY}, KNOWN_COUNT, "5 [1, ?]"},
		{"upper bound far above", {.0002, 0, .01345}, KNOWN_PERCENT, "~0.02 % [0, 1.4]"},
		{"bounds outwards", {.53, .467, .585}, KNOWN_PERCENT, "53 % [46, 59]"},
		{"bounds on a digit stay", {.3, .2, .4}, KNOWN_PERCENT, "30 % [20, 40]"},
		{"not seen", {0, 0, 26300}, KNOWN_COUNT, "<27 k"},
		{"not seen, a share", {0, 0, .0018}, KNOWN_PERCENT, "<0.2 %"},
		{"not seen, nearly never", {0, 0, 1e-9}, KNOWN_PERCENT, "<0.001 %"},
		{"not seen, nearly the next unit", {0, 0, 960e3}, KNOWN_COUNT, "<1.0 M"},
		{"none", {0, 0, 0}, KNOWN_BYTES, "0 B"},
		{"less than a byte is none", {1e-9, 0, 4096}, KNOWN_BYTES, "<4 KiB"},
		{"nearly none", {1e-7, 0, 1e-6}, KNOWN_COUNT, "<0.001"},
		{"no byte", {0, 0, 1e-3}, KNOWN_BYTES, "0 B"},
		{"nearly none, with a limit", {1e-17, 0, .22}, KNOWN_PERCENT, "<22 %"},
		{"nothing known", {0, 0, INFINITY}, KNOWN_COUNT, "?"},
		{"no figure", {NAN, 0, 1}, KNOWN_COUNT, "?"},
		{"any share, none seen", {0, 0, .95}, KNOWN_PERCENT, "?"},
		{"any share", {1, 0, 1}, KNOWN_PERCENT, "?"},
		{"nearly any share", {.3, 0, .89}, KNOWN_PERCENT, "~30 % [0, 90]"},
		{"all of one", {1, 1, 1}, KNOWN_PERCENT, "100 %"},
		{"rounded into the next unit",
		 {960e3, 500e3, 1500e3},
		 KNOWN_COUNT,
		 "1.0 M [0.5, 1.5]"},
		{"rounded into the next unit of bytes",
		 {990 * K, 500 * K, 1500 * K},
		 KNOWN_BYTES,
		 "1.0 MiB [0.48, 1.5]"},
		{"all", {1, .987, 1}, KNOWN_PERCENT, "100 % [98, 100]"},
		{"large and plain", {1234, 1100, 1400}, KNOWN_PLAIN, "1200 [1100, 1400]"},
		{"counted", {19.97, 19.93, 20}, KNOWN_PLAIN, "20 [19, 20]"},
		{"counted, few", {1.234, 1.231, 1.239}, KNOWN_PLAIN, "1.23 [1.23, 1.24]"},
		{"a bound of four digits",
		 {900e3, 700e3, 2600e3},
		 KNOWN_COUNT,
		 "900 k [700 k, 2.6 M]"},
		{"small", {.1234, .1, .16}, KNOWN_COUNT, "0.12 [0.10, 0.16]"},
	};
	char buf[KNOWN_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_str_eq(known_text(buf, &rows[i].k, rows[i].kind), rows[i].want,
				 "%s: '%s', not '%s'", rows[i].name, buf, rows[i].want);
}

/* Whatever the figure: the bounds as written hold those that were meant, and are not much wider. */
Test(known, bounds_as_written_hold_the_bounds)
{
	struct rng rng;

	rng_seed(&rng, 1);
	for (int i = 0; i < 20000; i++) {
		double v = pow(10, 9 * rng_unit(&rng) - 2), off = pow(10, 3 * rng_unit(&rng) - 2);
		struct known k = {v, v / (1 + off), v * (1 + off)};
		char buf[KNOWN_TEXT_MAX], value[KNOWN_MAX];
		double lo, hi, shown;

		known_value(value, &k, KNOWN_PLAIN);
		known_bounds(buf, &k, KNOWN_PLAIN);
		if (sscanf(buf, "[%lf, %lf]", &lo, &hi) != 2)
			continue; /* too far apart for one unit */
		shown = strtod(value, NULL);
		cr_assert(lo <= k.lo * (1 + 1e-8) && hi >= k.hi * (1 - 1e-8), "%s of [%g, %g]", buf,
			  k.lo, k.hi);
		cr_assert(lo >= k.lo * .87 - 1 && hi <= k.hi * 1.13 + 1, "%s of [%g, %g]", buf,
			  k.lo, k.hi);
		cr_assert(lo <= shown && shown <= hi, "%s %s", value, buf);
		cr_assert(fabs(shown - v) <= .5 * (k.hi - k.lo) + .005 * v + .5, "%s of %g", value,
			  v);
	}
}

Test(known, a_rank_needs_intervals_that_do_not_meet)
{
	struct known a = {5, 4, 6}, b = {3, 2, 4}, c = {3, 2, 3.9};

	cr_expect(!known_above(&a, &b) && !known_above(&b, &a) && known_above(&a, &c));
	cr_expect_float_eq(known_factor(&(struct known){2, 1, 4}), 2, 1e-12);
	cr_expect_float_eq(known_factor(&(struct known){2, 2, 2}), 1, 0);
	cr_expect(isinf(known_factor(&(struct known){2, 0, 4})));
}

Test(known, shares_have_the_bounds_of_a_binomial)
{
	/* Wilson 1927, from his formula by hand */
	static const struct {
		double share, n, lo, hi;
	} rows[] = {{.5, 100, .4038, .5962}, {0, 10, 0, .2775}, {1, 10, .7225, 1},
		    {.1, 50, .0435, .2136},  {.3, 0, 0, 1},	{1, 1, 0, 1},
		    {.06, 50, 0, .1622}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct known k = known_share(rows[i].share, rows[i].n);

		cr_expect(fabs(k.lo - rows[i].lo) < 1e-4 && fabs(k.hi - rows[i].hi) < 1e-4,
			  "%g of %g: [%g, %g]", rows[i].share, rows[i].n, k.lo, k.hi);
	}
}
