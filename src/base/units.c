/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"
#include "base/util.h"

/* A decimal number without sign: 'whole' and a fraction in units of 10^-18. */
#define FRAC_DIGITS 18
#define FRAC_ONE    1000000000000000000ull

struct decimal {
	uint64_t whole, frac;
};

typedef unsigned __int128 u128;

/* Not those of <ctype.h>: a host program's locale must not change what a number is. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_unit_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '%';
}

static const char *skip_space(const char *s)
{
	while (is_space(*s))
		s++;
	return s;
}

/* True if all of 's' is 'word', but for blanks around it. */
static bool is_word(const char *s, const char *word)
{
	size_t len = strlen(word);

	s = skip_space(s);
	return !strncasecmp(s, word, len) && !*skip_space(s + len);
}

static bool is_extreme(const char *s, uint64_t *n)
{
	if (is_word(s, "min"))
		*n = 0;
	else if (is_word(s, "max"))
		*n = UINT64_MAX;
	else
		return false;
	return true;
}

static const char *scan_fraction(const char *s, uint64_t *frac, int *nr_digits)
{
	uint64_t unit = FRAC_ONE / 10;

	for (; is_digit(*s); s++, unit /= 10) {
		*frac += (uint64_t)(*s - '0') * unit;
		*nr_digits += 1;
	}
	return s;
}

/* Reads "1,234.5" at '*s' and moves '*s' behind it. */
static int scan_decimal(const char **s, struct decimal *d)
{
	const char *p = skip_space(*s);
	int nr_digits = 0;

	*d = (struct decimal){0};
	for (; is_digit(*p) || (*p == ',' && nr_digits); p++) {
		if (*p == ',')
			continue;
		if (__builtin_mul_overflow(d->whole, 10, &d->whole) ||
		    __builtin_add_overflow(d->whole, (uint64_t)(*p - '0'), &d->whole))
			return -ERANGE;
		nr_digits++;
	}
	if (*p == '.')
		p = scan_fraction(p + 1, &d->frac, &nr_digits);
	if (!nr_digits)
		return -EINVAL;
	*s = p;
	return 0;
}

/* Copies the unit at '*s' ("" if there is none) and moves '*s' behind it and the blanks. */
static int scan_unit(const char **s, char *unit, size_t size)
{
	const char *p = skip_space(*s);
	size_t len = 0;

	while (is_unit_char(p[len]))
		len++;
	if (len >= size)
		return -EINVAL;
	memcpy(unit, p, len);
	unit[len] = '\0';
	*s = skip_space(p + len);
	return 0;
}

/* Adds 'd' times 'unit', rounded to the nearest. */
static int add_scaled(uint64_t *sum, const struct decimal *d, uint64_t unit)
{
	u128 v = (u128)d->whole * unit + ((u128)d->frac * unit + FRAC_ONE / 2) / FRAC_ONE;

	if (v > UINT64_MAX - *sum)
		return -ERANGE;
	*sum += (uint64_t)v;
	return 0;
}

static int bytes_unit(const char *name, uint64_t *unit)
{
	static const char prefixes[] = "BKMGTPE";

	for (int i = 0; prefixes[i] && *name; i++) {
		if (strncasecmp(name, &prefixes[i], 1))
			continue;
		if (name[1] && (!i || (strcasecmp(name + 1, "B") && strcasecmp(name + 1, "iB"))))
			return -EINVAL;
		*unit = 1ull << (10 * i);
		return 0;
	}
	return -EINVAL;
}

int damon_parse_bytes(const char *s, uint64_t *bytes)
{
	uint64_t unit = 1, sum = 0;
	struct decimal d;
	char name[8];
	int err;

	if (is_extreme(s, bytes))
		return 0;
	err = scan_decimal(&s, &d);
	if (!err)
		err = scan_unit(&s, name, sizeof(name));
	if (!err && *name)
		err = bytes_unit(name, &unit);
	if (!err && *s)
		err = -EINVAL;
	if (!err)
		err = add_scaled(&sum, &d, unit);
	if (!err)
		*bytes = sum;
	return err;
}

struct time_unit {
	const char *name;
	uint64_t ns;
};

static const struct time_unit time_units[] = {
	{"ns", 1},
	{"us", NS_PER_US},
	{"ms", NS_PER_MS},
	{"s", NS_PER_SEC},
	{"m", 60 * NS_PER_SEC},
	{"h", 3600 * NS_PER_SEC},
	{"d", 86400 * NS_PER_SEC},
};

static int time_unit(const char *name, uint64_t *ns)
{
	for (size_t i = 0; i < ARRAY_SIZE(time_units); i++) {
		if (strcmp(name, time_units[i].name))
			continue;
		*ns = time_units[i].ns;
		return 0;
	}
	return -EINVAL;
}

int damon_parse_time(const char *s, uint64_t base_ns, uint64_t *ns)
{
	uint64_t sum = 0;
	char name[8];

	if (is_extreme(s, ns))
		return 0;
	for (int nr_fields = 0; !nr_fields || *s; nr_fields++) {
		uint64_t unit = base_ns;
		struct decimal d;
		int err = scan_decimal(&s, &d);

		if (!err)
			err = scan_unit(&s, name, sizeof(name));
		if (!err && *name)
			err = time_unit(name, &unit);
		else if (!err && (nr_fields || *s)) /* of several fields each has its unit */
			err = -EINVAL;
		if (!err)
			err = add_scaled(&sum, &d, unit);
		if (err)
			return err;
	}
	*ns = sum;
	return 0;
}

int damon_parse_ratio(const char *s, double *ratio)
{
	static const struct {
		const char *name;
		double part;
	} units[] = {{"", 1}, {"%", 100}, {"permil", 1000}, {"bp", 10000}};
	struct decimal d;
	char name[8];
	int err;

	if (is_word(s, "min") || is_word(s, "max")) {
		*ratio = is_word(s, "max");
		return 0;
	}
	err = scan_decimal(&s, &d);
	if (!err)
		err = scan_unit(&s, name, sizeof(name));
	if (err || *s)
		return err ? err : -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(name, units[i].name))
			continue;
		/* rounded once: what was printed with enough digits is read back as it was */
		*ratio = (double)(((long double)d.whole + (long double)d.frac / FRAC_ONE) /
				  units[i].part);
		return 0;
	}
	return -EINVAL;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int parse_hex(const char *s, uint64_t *n)
{
	uint64_t v = 0;
	const char *p = s;

	for (; hex_digit(*p) >= 0; p++) {
		if (v >> 60)
			return -ERANGE;
		v = v << 4 | (uint64_t)hex_digit(*p);
	}
	if (p == s || *skip_space(p))
		return -EINVAL;
	*n = v;
	return 0;
}

int damon_parse_u64(const char *s, uint64_t *n)
{
	struct decimal d;
	int err;

	if (is_extreme(s, n))
		return 0;
	s = skip_space(s);
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return parse_hex(s + 2, n);
	if (strchr(s, '.'))
		return -EINVAL;
	err = scan_decimal(&s, &d);
	if (err)
		return err;
	if (*skip_space(s))
		return -EINVAL;
	*n = d.whole;
	return 0;
}

int damon_parse_double(const char *s, double *d)
{
	char digits[64], *end;
	size_t len = 0;
	locale_t c;
	double v;

	for (s = skip_space(s); *s && !is_space(*s); s++) {
		if (*s == ',' && len && is_digit(digits[len - 1]))
			continue;
		if (!(is_digit(*s) || strchr("+-.eE", *s)) || len + 1 >= sizeof(digits))
			return -EINVAL;
		digits[len++] = *s;
	}
	digits[len] = '\0';
	if (!len || *skip_space(s))
		return -EINVAL;
	c = newlocale(LC_ALL_MASK, "C", NULL);
	if (!c)
		return -ENOMEM;
	v = strtod_l(digits, &end, c);
	freelocale(c);
	if (*end || end == digits)
		return -EINVAL;
	if (!isfinite(v))
		return -ERANGE;
	*d = v;
	return 0;
}

int damon_parse_bool(const char *s, bool *b)
{
	static const char *const words[][2] = {
		{"n", "y"}, {"no", "yes"}, {"false", "true"}, {"off", "on"}, {"0", "1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (int v = 0; v < 2; v++) {
			if (!is_word(s, words[i][v]))
				continue;
			*b = v;
			return 0;
		}
	}
	return -EINVAL;
}

/* Digits behind the point so that 'v' shows three significant ones. */
static int nr_decimals(double v)
{
	if (v >= 99.95)
		return 0;
	if (v >= 9.995)
		return 1;
	return v >= 0.9995 ? 2 : 3;
}

/* 'whole': a small integer is shown as one, "5 B" and not "5.00 B". */
static char *print_scaled(char *buf, double v, const char *unit, bool whole)
{
	const char *sep = *unit ? " " : "";
	double size = fabs(v);

	if (!isfinite(v))
		snprintf(buf, DAMON_UNITS_MAX, "?");
	else if (whole && size < 999.5 && v == rint(v))
		snprintf(buf, DAMON_UNITS_MAX, "%.0f%s%s", v == 0 ? 0.0 : v, sep, unit);
	else if (size < 999.5 && size >= 0.0995)
		snprintf(buf, DAMON_UNITS_MAX, "%.*f%s%s", nr_decimals(size), v, sep, unit);
	else
		snprintf(buf, DAMON_UNITS_MAX, "%.3g%s%s", v, sep, unit);
	return buf;
}

static const char *const byte_units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

char *damon_print_bytes(char *buf, double bytes)
{
	size_t i = 0;

	for (; fabs(bytes) >= 999.5 && i + 1 < ARRAY_SIZE(byte_units); i++)
		bytes /= 1024;
	return print_scaled(buf, bytes, byte_units[i], !i);
}

/* A unit is left for the next one before it needs four digits; minutes and longer ones only from
 * two on: "90.0 s", not "1.50 m". */
char *damon_print_time(char *buf, double ns)
{
	size_t i = 0;

	if (ns == 0)
		return print_scaled(buf, 0, "s", true);
	for (; i + 1 < ARRAY_SIZE(time_units); i++) {
		uint64_t next = time_units[i + 1].ns;

		if (fabs(ns) < (next > NS_PER_SEC ? 2.0 * next : 0.9995 * next))
			break;
	}
	return print_scaled(buf, ns / (double)time_units[i].ns, time_units[i].name, !i);
}

char *damon_print_count(char *buf, double n)
{
	static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
	size_t i = 0;

	for (; fabs(n) >= 999.5 && i + 1 < ARRAY_SIZE(units); i++)
		n /= 1000;
	return print_scaled(buf, n, units[i], !i);
}

static char *print_grouped(char *buf, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	char *p = buf;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = '\0';
	return buf;
}

/* The largest unit that three decimals write without loss. */
char *damon_print_exact_bytes(char *buf, uint64_t bytes)
{
	if (bytes == UINT64_MAX)
		return strcpy(buf, "max");
	for (int i = ARRAY_SIZE(byte_units) - 1; i > 0; i--) {
		uint64_t unit = 1ull << (10 * i), milli = 0;

		milli = (uint64_t)((u128)(bytes % unit) * 1000 / unit);
		if (bytes < unit || (u128)(bytes % unit) * 1000 % unit)
			continue;
		snprintf(buf, DAMON_UNITS_MAX, "%llu.%03llu %s", (unsigned long long)(bytes / unit),
			 (unsigned long long)milli, byte_units[i]);
		return buf;
	}
	print_grouped(buf, bytes);
	return strcat(buf, " B");
}
