/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "report/print.h"

char *print_percent(char *buf, double ratio)
{
	double percent = 100 * ratio;

	if (!isfinite(percent))
		snprintf(buf, DAMON_UNITS_MAX, "?");
	else if (percent == 0 || percent >= 99.95)
		snprintf(buf, DAMON_UNITS_MAX, "%.0f %%", percent);
	else if (percent < 0.001)
		snprintf(buf, DAMON_UNITS_MAX, "<0.001 %%");
	else
		snprintf(buf, DAMON_UNITS_MAX, "%.*f %%",
			 percent < 1	? 3
			 : percent < 10 ? 2
					: 1,
			 percent);
	return buf;
}

char *print_estimate(char *buf, double percent)
{
	snprintf(buf, DAMON_UNITS_MAX, percent < 99.5 ? "%.2g %%" : "%.0f %%", percent);
	return buf;
}

char *print_rate(char *buf, double hz)
{
	snprintf(buf, DAMON_UNITS_MAX, hz < 100 ? "%.3g" : "%.0f", hz);
	return buf;
}

static const struct {
	uint64_t ns;
	const char *name;
} tick_units[] = {
	{3600 * NS_PER_SEC, "h"}, {60 * NS_PER_SEC, "m"}, {NS_PER_SEC, "s"},
	{NS_PER_MS, "ms"},	  {NS_PER_US, "us"},	  {1, "ns"},
};

/* The unit is that of the step, but fractions of a second below one are seconds from 10 s on. */
char *print_tick(char *buf, uint64_t ns, uint64_t step_ns)
{
	size_t u = 0;

	while (u + 1 < ARRAY_SIZE(tick_units) && step_ns < tick_units[u].ns)
		u++;
	if (tick_units[u].ns == NS_PER_MS && step_ns >= 10 * NS_PER_MS)
		u--;
	snprintf(buf, DAMON_UNITS_MAX, "%.10g %s", (double)ns / (double)tick_units[u].ns,
		 tick_units[u].name);
	return buf;
}

char *print_steps(char *buf, uint64_t n, uint64_t step_ns)
{
	return n < 1000 && step_ns >= NS_PER_US ? print_tick(buf, n * step_ns, step_ns)
						: damon_print_time(buf, (double)(n * step_ns));
}

uint64_t print_round_step(uint64_t ns)
{
	static const unsigned steps[] = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800};

	if (ns > NS_PER_SEC) {
		for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
			if (steps[i] * NS_PER_SEC >= ns)
				return steps[i] * NS_PER_SEC;
		for (uint64_t hours = 1;; hours *= 2)
			if (hours > UINT32_MAX || hours * 3600 * NS_PER_SEC >= ns)
				return hours * 3600 * NS_PER_SEC;
	}
	for (uint64_t ten = 1; ten < NS_PER_SEC; ten *= 10)
		for (size_t i = 0; i < 3; i++)
			if (steps[i] * ten >= ns)
				return steps[i] * ten;
	return NS_PER_SEC;
}

static size_t utf8_len(const unsigned char *s)
{
	size_t n = *s < 0x80   ? 1
		   : *s < 0xc2 ? 0
		   : *s < 0xe0 ? 2
		   : *s < 0xf0 ? 3
		   : *s < 0xf5 ? 4
			       : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* C1 controls are controls too; the others are written too long, halves of UTF-16, beyond
	 * Unicode, or no characters: neither XML nor Cairo takes them. */
	if ((s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xe0 && s[1] < 0xa0) ||
	    (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	if (n == 3 && s[0] == 0xef &&
	    ((s[1] == 0xb7 && s[2] >= 0x90 && s[2] < 0xb0) || (s[1] == 0xbf && s[2] >= 0xbe)))
		return 0;
	/* Nor what turns the direction of text around: a line would not say what it holds. */
	if (n == 3 && s[0] == 0xe2 &&
	    ((s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae) ||
	     (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)))
		return 0;
	if (n == 4 && (s[1] & 15) == 15 && s[2] == 0xbf && s[3] >= 0xbe)
		return 0;
	return n;
}

char *print_clean(char *buf, size_t size, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = 0;

	while (*s) {
		size_t n = utf8_len(s);
		bool bad = !n || *s < 0x20 || *s == 0x7f;

		n = MAX(n, (size_t)1);
		if (len + n >= size)
			break;
		if (bad)
			buf[len] = '?';
		else
			memcpy(buf + len, s, n);
		len += bad ? 1 : n;
		s += n;
	}
	buf[len] = '\0';
	return buf;
}

size_t print_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

char *print_cut(char *s, size_t width)
{
	size_t n = 0;

	for (char *p = s; *p; p++) {
		n += (*p & 0xc0) != 0x80;
		if (n > width) {
			*p = '\0';
			break;
		}
	}
	return s;
}

/* The bytes of 'text' up to column 'n'. */
static size_t bytes_of(const char *text, size_t len, size_t n)
{
	size_t columns = 0, i;

	for (i = 0; i < len; i++) {
		columns += (text[i] & 0xc0) != 0x80;
		if (columns > n)
			break;
	}
	return i;
}

static size_t columns_of(const char *text, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0; i < len; i++)
		columns += (text[i] & 0xc0) != 0x80;
	return columns;
}

/* A word that is longer than a line: as much of a path as fits before a '/', else of anything. */
static size_t cut_word(const char *text, size_t len, size_t room)
{
	size_t fits = bytes_of(text, len, room), slash = fits;

	while (slash && text[slash] != '/')
		slash--;
	return columns_of(text, slash) * 2 > room ? slash : fits;
}

static size_t new_line(FILE *out, unsigned indent)
{
	fprintf(out, "\n%*s", (int)indent, "");
	return indent;
}

void print_wrapped(FILE *out, const char *text, unsigned width, size_t at, unsigned indent)
{
	size_t len;

	width = MAX(width, 40u);
	for (bool first = true; *text; first = false, text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		while (text[len] == ' ' && text[len + 1] == '%')
			len += 1 + strcspn(text + len + 1, " ");
		if (!first && at + 1 + columns_of(text, len) > width)
			at = new_line(out, indent);
		else if (!first)
			at += (size_t)fprintf(out, " ");
		while (at + columns_of(text, len) > width && width > indent + 8) {
			size_t part = cut_word(text, len, width > at ? width - at : 1);

			fwrite(text, 1, part, out);
			text += part;
			len -= part;
			at = new_line(out, indent);
		}
		fwrite(text, 1, len, out);
		at += columns_of(text, len);
	}
	fputc('\n', out);
}

void print_line(FILE *out, unsigned width, unsigned indent, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_wrapped(out, text, width, 0, indent);
}
