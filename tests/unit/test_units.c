/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"

#define UNTOUCHED 0xdeadbeefull

struct u64_row {
	const char *text;
	int err;
	uint64_t want;
};

static void check_u64(const struct u64_row *r, int err, uint64_t got)
{
	cr_expect_eq(err, r->err, "'%s': %d", r->text, err);
	cr_expect_eq(got, r->err ? UNTOUCHED : r->want, "'%s': %llu", r->text,
		     (unsigned long long)got);
}

Test(units, bytes_are_read)
{
	static const struct u64_row rows[] = {
		{"4096", 0, 4096},
		{"4,096", 0, 4096},
		{"26,843,545,600", 0, 26843545600},
		{" 4 KiB ", 0, 4096},
		{"4K", 0, 4096},
		{"4kb", 0, 4096},
		{"4.000 KiB", 0, 4096},
		{"1.5K", 0, 1536},
		{".5 M", 0, 512 << 10},
		{"128.000 MiB", 0, 128 << 20},
		{"7 B", 0, 7},
		{"15 EiB", 0, 15ull << 60},
		{"min", 0, 0},
		{"max", 0, UINT64_MAX},
		{"18446744073709551615", 0, UINT64_MAX},
		{"0.0000000000000000000000001 E", 0, 0},
		{"18446744073709551616", -ERANGE},
		{"16 EiB", -ERANGE},
		{"99999999999 GiB", -ERANGE},
		{"", -EINVAL},
		{" ", -EINVAL},
		{"K", -EINVAL},
		{".", -EINVAL},
		{",1", -EINVAL},
		{"-1", -EINVAL},
		{"+1", -EINVAL},
		{"4 KiB 2", -EINVAL},
		{"4 Kx", -EINVAL},
		{"4 Bi", -EINVAL},
		{"4 BB", -EINVAL},
		{"4 parsecs", -EINVAL},
		{"4 kilobytes each", -EINVAL},
		{"1.2.3", -EINVAL},
		{"5 s", -EINVAL},
		{"max 1", -EINVAL},
		{"nan", -EINVAL},
		{"4%", -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t v = UNTOUCHED;
		int err = damon_parse_bytes(rows[i].text, &v);

		check_u64(&rows[i], err, v);
	}
}

Test(units, times_are_read)
{
	static const struct u64_row rows[] = {
		{"5000", 0, 5000000}, /* bare: microseconds here */
		{"5 ms", 0, 5000000},
		{"5ms", 0, 5000000},
		{"100,000", 0, 100000000},
		{"1 m 10.3 s", 0, 70300000000},
		{"1m10.3s", 0, 70300000000},
		{"2 d", 0, 172800000000000},
		{"1h", 0, 3600000000000},
		{"0.4 ns", 0, 0},
		{"0.5 ns", 0, 1},
		{"1 ns", 0, 1},
		{"7 us", 0, 7000},
		{"min", 0, 0},
		{"max", 0, UINT64_MAX},
		{"213503 d", 0, 213503ull * 86400 * NS_PER_SEC},
		{"213504 d", -ERANGE},
		{"213503 d 24 h", -ERANGE},
		{"18446744073709552 ", -ERANGE},
		{"1 m 10.3", -EINVAL},
		{"1 10 s", -EINVAL},
		{"5 min", -EINVAL},
		{"5 S", -EINVAL},
		{"5 KiB", -EINVAL},
		{"", -EINVAL},
		{"s", -EINVAL},
		{"-5 s", -EINVAL},
		{"1 s -", -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t v = UNTOUCHED;
		int err = damon_parse_time(rows[i].text, NS_PER_US, &v);

		check_u64(&rows[i], err, v);
	}
}

Test(units, integers_are_read)
{
	static const struct u64_row rows[] = {
		{"0", 0, 0},
		{"1,000", 0, 1000},
		{" 12 ", 0, 12},
		{"0x7fff", 0, 0x7fff},
		{"0XFFFFffffFFFFffff", 0, UINT64_MAX},
		{"max", 0, UINT64_MAX},
		{"0x10000000000000000", -ERANGE},
		{"18446744073709551616", -ERANGE},
		{"0x", -EINVAL},
		{"0x1g", -EINVAL},
		{"1.0", -EINVAL},
		{"-1", -EINVAL},
		{"1e3", -EINVAL},
		{"1 2", -EINVAL},
		{"", -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t v = UNTOUCHED;
		int err = damon_parse_u64(rows[i].text, &v);

		check_u64(&rows[i], err, v);
	}
}

struct double_row {
	const char *text;
	int err;
	double want;
};

static void check_double(const struct double_row *r, int err, double got)
{
	cr_expect_eq(err, r->err, "'%s': %d", r->text, err);
	if (r->err)
		cr_expect_eq(got, -77, "'%s' is touched: %g", r->text, got);
	else
		cr_expect(fabs(got - r->want) <= 1e-12 * fabs(r->want), "'%s': %g", r->text, got);
}

Test(units, ratios_are_read)
{
	static const struct double_row rows[] = {
		{"4 %", 0, 0.04},      {"4%", 0, 0.04},	  {"0.04", 0, 0.04}, {"400 bp", 0, .04},
		{"40 permil", 0, .04}, {"100 %", 0, 1},	  {"min", 0, 0},     {"max", 0, 1},
		{"12.5%", 0, 0.125},   {"", -EINVAL},	  {"%", -EINVAL},    {"4 % 2", -EINVAL},
		{"4 pct", -EINVAL},    {"-4 %", -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double v = -77;
		int err = damon_parse_ratio(rows[i].text, &v);

		check_double(&rows[i], err, v);
	}
}

/* Rounded once: a share from 0.1 % on that was printed with enough digits is read as it was. */
Test(units, ratios_are_read_exactly)
{
	uint64_t bits = 1;

	for (int i = 0; i < 10000; i++) {
		double v = 0, want;
		char text[64];

		bits = bits * 6364136223846793005ull + 1442695040888963407ull;
		want = .001 + .999 * (double)(bits >> 11) * 0x1p-53;
		snprintf(text, sizeof(text), "%.18Lf %%", 100 * (long double)want);
		cr_assert_eq(damon_parse_ratio(text, &v), 0);
		cr_expect(v == want, "%s: %.17g, not %.17g", text, v, want);
	}
}

Test(units, doubles_are_read)
{
	static const struct double_row rows[] = {
		{"1.5", 0, 1.5},  {"-1.5e3", 0, -1500}, {"1,000.5", 0, 1000.5}, {" 2 ", 0, 2},
		{"inf", -EINVAL}, {"nan", -EINVAL},	{"0x10", -EINVAL},	{"1e999", -ERANGE},
		{"", -EINVAL},	  {"1 2", -EINVAL},	{"e5", -EINVAL},	{"1e", -EINVAL},
		{",1", -EINVAL},  {"--1", -EINVAL},	{"-", -EINVAL},
	};
	char overlong[200];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double v = -77;
		int err = damon_parse_double(rows[i].text, &v);

		check_double(&rows[i], err, v);
	}
	memset(overlong, '1', sizeof(overlong) - 1);
	overlong[sizeof(overlong) - 1] = '\0';
	cr_expect_eq(damon_parse_double(overlong, &(double){0}), -EINVAL);
}

Test(units, booleans_are_read)
{
	static const struct {
		const char *text;
		int want; /* -1: refused */
	} rows[] = {
		{"y", 1},   {"n", 0}, {"yes", 1}, {"no", 0}, {"true", 1}, {"False", 0}, {" ON ", 1},
		{"off", 0}, {"1", 1}, {"0", 0},	  {"", -1},  {"2", -1},	  {"yess", -1}, {"ye", -1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool b = rows[i].want == 0;
		int err = damon_parse_bool(rows[i].text, &b);

		cr_expect_eq(err, rows[i].want < 0 ? -EINVAL : 0, "'%s'", rows[i].text);
		if (rows[i].want >= 0)
			cr_expect_eq(b, rows[i].want, "'%s'", rows[i].text);
	}
}

struct print_row {
	char *(*print)(char *buf, double v);
	double v;
	const char *want;
};

Test(units, numbers_are_printed)
{
	static const struct print_row rows[] = {
		{damon_print_bytes, 0, "0 B"},
		{damon_print_bytes, 512, "512 B"},
		{damon_print_bytes, 4096, "4.00 KiB"},
		{damon_print_bytes, 1000, "0.977 KiB"},
		{damon_print_bytes, 1023 * 1024, "0.999 MiB"},
		{damon_print_bytes, 1536, "1.50 KiB"},
		{damon_print_bytes, 128 << 20, "128 MiB"},
		{damon_print_bytes, 12.34 * (1 << 30), "12.3 GiB"},
		{damon_print_bytes, 0.5, "0.500 B"},
		{damon_print_bytes, -4096, "-4.00 KiB"},
		{damon_print_bytes, NAN, "?"},
		{damon_print_bytes, INFINITY, "?"},
		{damon_print_bytes, 1e300, "8.67e+281 EiB"},
		{damon_print_time, 0, "0 s"},
		{damon_print_time, 5, "5 ns"},
		{damon_print_time, 5000, "5.00 us"},
		{damon_print_time, 1e8, "100 ms"},
		{damon_print_time, 1.5e9, "1.50 s"},
		{damon_print_time, 999.9e6, "1.00 s"},
		{damon_print_time, 90e9, "90.0 s"},
		{damon_print_time, 600e9, "10.0 m"},
		{damon_print_time, 7200e9, "2.00 h"},
		{damon_print_time, 86400e9 * 3, "3.00 d"},
		{damon_print_count, 0, "0"},
		{damon_print_count, 7, "7"},
		{damon_print_count, 0.123, "0.123"},
		{damon_print_count, 0.0001234, "0.000123"},
		{damon_print_count, 12345, "12.3 k"},
		{damon_print_count, 4560000, "4.56 M"},
		{damon_print_count, 999.7, "1.00 k"},
		{damon_print_count, 99.96, "100"},
	};
	char buf[DAMON_UNITS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_str_eq(rows[i].print(buf, rows[i].v), rows[i].want, "%g: '%s', not '%s'",
				 rows[i].v, buf, rows[i].want);
}

Test(units, exact_bytes_lose_nothing)
{
	static const struct {
		uint64_t v;
		const char *want;
	} rows[] = {
		{0, "0 B"},
		{512, "512 B"},
		{4096, "4.000 KiB"},
		{4097, "4,097 B"},
		{1536, "1.500 KiB"},
		{1280, "1.250 KiB"},
		{128 << 20, "128.000 MiB"},
		{(1 << 20) + 4096, "1028.000 KiB"},
		{UINT64_MAX, "max"},
		{UINT64_MAX - 1, "18,446,744,073,709,551,614 B"},
	};
	char buf[DAMON_UNITS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t back = UNTOUCHED;

		damon_print_exact_bytes(buf, rows[i].v);
		cr_expect_str_eq(buf, rows[i].want, "'%s', not '%s'", buf, rows[i].want);
		cr_expect_eq(damon_parse_bytes(buf, &back), 0, "%s", buf);
		cr_expect_eq(back, rows[i].v, "%s", buf);
	}
}
