/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "base/units.h"
#include "base/util.h"
#include "config/value.h"

/* ---- where ---- */

#define WHERE_MAX 120

/* "kdamonds[0].contexts[0].ops"; what does not fit is cut. Returns its length. */
static size_t print_where(char *buf, size_t size, const struct place *at)
{
	size_t n = at->up ? print_where(buf, size, at->up) : 0;
	int more;

	if (at->key)
		more = snprintf(buf + n, size - n, "%s%.40s", n ? "." : "", at->key);
	else
		more = snprintf(buf + n, size - n, "[%zu]", at->index);
	return MIN(n + (size_t)more, size - 1);
}

static int refuse_text(const struct issues *is, const char *where, const char *text)
{
	if (is->file)
		return damon_fail(is->fail, EINVAL, "%.80s%s%s: %s", is->file, *where ? ": " : "",
				  where, text);
	return damon_fail(is->fail, EINVAL, "'%s': %s", where, text);
}

int refuse(const struct issues *is, const struct place *at, const char *fmt, ...)
{
	char where[WHERE_MAX], text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_where(where, sizeof(where), at);
	return refuse_text(is, where, text);
}

int refuse_memory(const struct issues *is)
{
	return damon_fail(is->fail, ENOMEM, "out of memory");
}

int warn(const struct issues *is, const struct place *at, const char *fmt, ...)
{
	char where[WHERE_MAX], text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_where(where, sizeof(where), at);
	if (is->how->strict) {
		refuse_text(is, where, text);
		damon_fail_remedy(is->fail, "without '--strict' this is a warning");
		return -EINVAL;
	}
	if (is->how->warn)
		is->how->warn(is->how->priv, is->file, where, text);
	return 0;
}

/* ---- numbers ---- */

static int refuse_value(const struct issues *is, const struct place *at, const char *text, int err,
			const char *what, const char *such_as)
{
	if (err == -ERANGE)
		refuse(is, at, "'%.60s' is too large", text);
	else
		refuse(is, at, "'%.60s' is no %s", text, what);
	damon_fail_remedy(is->fail, "give %s", such_as);
	return -EINVAL;
}

int value_time(const struct issues *is, const struct place *at, const char *text, uint64_t base_ns,
	       uint64_t *ns)
{
	int err = damon_parse_time(text, base_ns, ns);

	return err ? refuse_value(is, at, text, err, "time", "a time such as '100 ms' or 'max'")
		   : 0;
}

int value_bytes(const struct issues *is, const struct place *at, const char *text, uint64_t *bytes)
{
	int err =
		strpbrk(text, "xX") ? damon_parse_u64(text, bytes) : damon_parse_bytes(text, bytes);

	return err ? refuse_value(is, at, text, err, "number of bytes",
				  "a size such as '4 KiB', 4096 or 'max'")
		   : 0;
}

int value_count(const struct issues *is, const struct place *at, const char *text, uint64_t max,
		uint64_t *n)
{
	uint64_t v = 0;
	int err = damon_parse_u64(text, &v);

	if (!err && v > max)
		err = -ERANGE;
	if (err)
		return refuse_value(is, at, text, err, "whole number", "a whole number");
	*n = v;
	return 0;
}

/* 1.0 is all of it; a bare number is in 1/'whole'. */
static int parse_share(const char *text, double whole, double *share)
{
	double v;
	int err;

	if (strpbrk(text, "%bp") || strstr(text, "min") || strstr(text, "max"))
		return damon_parse_ratio(text, share);
	err = damon_parse_double(text, &v);
	if (!err && !(v >= 0))
		err = -EINVAL;
	if (!err)
		*share = v / whole;
	return err;
}

int value_part(const struct issues *is, const struct place *at, const char *text, uint32_t whole,
	       uint32_t *n)
{
	double share = 0;
	int err = parse_share(text, whole, &share);

	if (!err && share > 1)
		err = -ERANGE;
	if (err)
		return refuse_value(is, at, text, err, "share", "0 % to 100 %");
	*n = (uint32_t)(share * whole + .5);
	return 0;
}

int value_flag(const struct issues *is, const struct place *at, const char *text, int *flag)
{
	bool v;

	if (damon_parse_bool(text, &v))
		return refuse_value(is, at, text, -EINVAL, "boolean", "true or false");
	*flag = v;
	return 0;
}

/* The number in "5 UNIT". Returns 0; 1: it has another unit or none. */
static int parse_with_unit(const char *text, const char *unit, double *n)
{
	const char *at = strstr(text, unit);
	uint64_t whole;
	char number[48];
	int err;

	if (!at || at == text || (size_t)(at - text) >= sizeof(number) ||
	    at[strlen(unit) + strspn(at + strlen(unit), " ")])
		return 1;
	memcpy(number, text, (size_t)(at - text));
	number[at - text] = '\0';
	if (!damon_parse_u64(number, &whole) && whole == UINT64_MAX) { /* "max" */
		*n = HUGE_VAL;
		return 0;
	}
	err = damon_parse_double(number, n);
	return !err && !(*n >= 0) ? -EINVAL : err;
}

int value_rate(const struct issues *is, const struct place *at, const char *text,
	       const struct damon_attrs *a, double *rate)
{
	double v = 0;
	int err = parse_with_unit(text, "samples", &v);

	if (!err)
		v *= (double)a->sample_ns / (double)a->aggr_ns;
	else if (err > 0)
		err = parse_share(text, 100, &v);
	if (err)
		return refuse_value(is, at, text, err, "access rate", "'50 %' or '5 samples'");
	*rate = MIN(v, 1.0);
	return 0;
}

static bool is_bare(const char *text)
{
	return strspn(text, "0123456789,. ") == strlen(text);
}

int value_age(const struct issues *is, const struct place *at, const char *text,
	      const struct damon_attrs *a, uint64_t *ns)
{
	double aggrs = 0;
	int err = parse_with_unit(text, "aggr_intervals", &aggrs);
	uint64_t v;

	if (err < 0)
		return refuse_value(is, at, text, err, "age", "'10 s' or '5 aggr_intervals'");
	if (!err) {
		/* 2^64 as a double; below it everything fits */
		double product = aggrs * (double)a->aggr_ns;

		*ns = product < 18446744073709551616.0 ? (uint64_t)product : UINT64_MAX;
		return 0;
	}
	err = value_time(is, at, text, NS_PER_US, &v);
	if (!err && v && is_bare(text))
		err = warn(is, at, "a bare age is in microseconds: %.40s us", text);
	if (!err)
		*ns = v;
	return err;
}

/* ---- words ---- */

int value_word(const struct issues *is, const struct place *at, const char *text, const char *what,
	       const struct word *words, int *value)
{
	struct name_near near;

	name_near_init(&near, text);
	for (const struct word *w = words; w->name; w++) {
		if (name_equal(text, w->name)) {
			if (!w->refused) {
				*value = w->value;
				return 0;
			}
			refuse(is, at, "'%s' cannot work here: %s", w->name, w->refused);
			if (w->remedy)
				damon_fail_remedy(is->fail, "%s", w->remedy);
			return -EINVAL;
		}
		if (!w->refused)
			name_near_add(&near, w->name);
	}
	refuse(is, at, "'%.60s' is not %s", text, what);
	if (near.best)
		damon_fail_remedy(is->fail, "did you mean '%s'?", near.best);
	return -EINVAL;
}

const char *word_of(const struct word *words, int value)
{
	for (; words->name; words++) {
		if (words->value == value && !words->refused)
			return words->name;
	}
	return "";
}
