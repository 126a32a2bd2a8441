/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "report/known.h"

#define MAX_DIGITS 3
#define SMALLEST   0.001  /* of the smallest unit: what is shown of less */
#define FINEST	   (-9)	  /* decimals */
#define LONG	   1999.5 /* bounds from here on have a unit of their own */
#define OPEN	   .9	  /* a share that may be 0, and more than this, is not known */
#define LEAST_SEEN 4	  /* fewer tell no lower bound */

struct unit {
	double size;
	const char *name;
};

static const struct unit counts[] = {{1, ""},	   {1e3, " k"},	 {1e6, " M"}, {1e9, " G"},
				     {1e12, " T"}, {1e15, " P"}, {1e18, " E"}};
static const struct unit bytes[] = {{1, " B"},	      {0x1p10, " KiB"}, {0x1p20, " MiB"},
				    {0x1p30, " GiB"}, {0x1p40, " TiB"}, {0x1p50, " PiB"},
				    {0x1p60, " EiB"}};
static const struct unit percents[] = {{.01, " %"}};
static const struct unit plain[] = {{1, ""}};

static const struct {
	const struct unit *units;
	size_t n;
} kinds[] = {[KNOWN_COUNT] = {counts, ARRAY_SIZE(counts)},
	     [KNOWN_BYTES] = {bytes, ARRAY_SIZE(bytes)},
	     [KNOWN_PERCENT] = {percents, ARRAY_SIZE(percents)},
	     [KNOWN_PLAIN] = {plain, ARRAY_SIZE(plain)}};

/* A decimal place is its power of ten: 0 that of ones. This is that of the first digit of 'v'. */
static int first_place(double v)
{
	return v > 0 ? (int)floor(log10(v) + 1e-9) : FINEST;
}

/* The place of the last digit of v > 0 that is shown. */
static int last_place(double v, const struct known *k, bool whole)
{
	double half = (k->hi - k->lo) / 2;
	int most = first_place(v), least = most - (MAX_DIGITS - 1);

	if (whole && most > 0)
		least = MAX(least, 0);

	if (!(half > 0))
		return least;
	return isfinite(half) ? MIN(MAX(first_place(half), least), most) : most;
}

static double round_to(double v, int place, double (*how)(double))
{
	double step = pow(10, abs(place));

	return place < 0 ? how(v * step) / step : how(v / step) * step;
}

/* Bounds that stand on a digit are not pushed to the next by what doubles are off. */
static double down(double v)
{
	return floor(v * (1 + 1e-9));
}

static double up(double v)
{
	return ceil(v * (1 - 1e-9));
}

static size_t put(char *buf, size_t size, double v, int place)
{
	return (size_t)snprintf(buf, size, "%.*f", MIN(MAX(-place, 0), -FINEST), v);
}

/* A figure as it is shown: its unit, and the place of its last digit in that. */
struct shown {
	const struct unit *unit;
	double v; /* rounded */
	int place;
};

static struct known divided(const struct known *k, double by)
{
	return (struct known){k->v / by, k->lo / by, k->hi / by};
}

/* The unit is left for the next one before it needs four digits, as it is shown. */
static struct shown show(const struct known *k, enum known_kind kind)
{
	struct shown s = {0};

	for (size_t i = 0; i < kinds[kind].n; i++) {
		struct known in;

		s.unit = &kinds[kind].units[i];
		in = divided(k, s.unit->size);
		s.place = last_place(in.v, &in, kind == KNOWN_PLAIN);
		s.v = round_to(in.v, s.place, rint);
		if (s.v < 999.5)
			break;
	}
	return s;
}

/* Whole numbers of what comes whole have no decimals where nothing is unsure. */
static int exact_place(const struct shown *s, const struct known *k)
{
	bool whole = k->lo == k->hi && s->unit->size == 1 && s->v == rint(s->v);

	return whole ? MAX(s->place, 0) : s->place;
}

/* A bound, outwards to 'place' or as much finer as it takes. */
static size_t put_bound(char *buf, size_t size, double v, int place, double (*how)(double))
{
	double shown = round_to(v, place, how);

	while (place > FINEST && fabs(shown - v) > v / 8) {
		place = MIN(place - 1, first_place(v));
		shown = round_to(v, place, how);
	}
	return put(buf, size, shown, place);
}

/* The unit of a bound by itself: left for the next one where rounding outwards may need four
 * digits. */
static const struct unit *unit_of(double v, enum known_kind kind)
{
	size_t i = 0;

	while (i + 1 < kinds[kind].n && v / kinds[kind].units[i].size >= 890)
		i++;
	return &kinds[kind].units[i];
}

/* "570 KiB": a bound by itself, to two digits. */
static size_t put_alone(char *buf, size_t size, double v, enum known_kind kind,
			double (*how)(double))
{
	const struct unit *unit = unit_of(v, kind);
	double in = v / unit->size;
	size_t len = put_bound(buf, size, in, in > 0 ? first_place(in) : 0, how);

	return len + (size_t)snprintf(buf + len, size - len, "%s", v > 0 ? unit->name : "");
}

static char *put_limit(char *buf, double hi, enum known_kind kind)
{
	const struct unit *first = kinds[kind].units;

	*buf = '<';
	if (hi / first->size < SMALLEST)
		snprintf(buf + 1, KNOWN_MAX - 1, "%g%s", SMALLEST, first->name);
	else
		put_alone(buf + 1, KNOWN_MAX - 1, hi, kind, up);
	return buf;
}

/* No memory is smaller than a byte: an estimate below that is of none. */
static bool is_none(const struct known *k, enum known_kind kind)
{
	return k->v <= 0 || (kind == KNOWN_BYTES && k->v < 1);
}

/* Of what is none there is a limit, but for memory of less than a byte. */
static bool has_limit(const struct known *k, enum known_kind kind)
{
	return k->hi > 0 && !(kind == KNOWN_BYTES && k->hi < 1);
}

/* A share whose bounds would be written [0, 100]. */
static bool is_open(const struct known *k, enum known_kind kind)
{
	return kind == KNOWN_PERCENT && k->lo <= 0 && k->hi > OPEN && k->lo < k->hi;
}

char *known_value(char *buf, const struct known *k, enum known_kind kind)
{
	struct shown s;
	size_t len;

	if (!isfinite(k->v) || is_open(k, kind))
		return strcpy(buf, "?");
	if (is_none(k, kind) && has_limit(k, kind))
		return isfinite(k->hi) ? put_limit(buf, k->hi, kind) : strcpy(buf, "?");
	s = show(k, kind);
	if (is_none(k, kind))
		s.v = s.place = 0;
	else if (k->v / s.unit->size < SMALLEST)
		return put_limit(buf, isfinite(k->hi) ? k->hi : k->v, kind);
	len = k->lo <= 0 && !is_none(k, kind) ? strlen(strcpy(buf, "~")) : 0;
	len += put(buf + len, KNOWN_MAX - len, s.v, exact_place(&s, k));
	snprintf(buf + len, KNOWN_MAX - len, "%s", s.unit->name);
	return buf;
}

/* A bound far above the value is no better known than the width of the interval. */
static int bounds_place(const struct shown *s, const struct known *in)
{
	return isfinite(in->hi) ? MAX(s->place, first_place((in->hi - in->lo) / 2)) : s->place;
}

char *known_bounds(char *buf, const struct known *k, enum known_kind kind)
{
	struct shown s = show(k, kind);
	struct known in = divided(k, s.unit->size);
	char lo[KNOWN_MAX], hi[KNOWN_MAX] = "?";
	int place;

	*buf = '\0';
	if (!(k->lo < k->hi) || !(k->v > 0) || is_none(k, kind) || is_open(k, kind) ||
	    in.v < SMALLEST)
		return buf;
	place = bounds_place(&s, &in);
	if ((in.lo > 0 && in.lo < SMALLEST) ||
	    (isfinite(in.hi) && in.hi >= LONG && kinds[kind].n > 1)) {
		put_alone(lo, sizeof(lo), k->lo, kind, down);
		put_alone(hi, sizeof(hi), k->hi, kind, up);
	} else {
		put_bound(lo, sizeof(lo), in.lo, in.lo > 0 ? place : 0, down);
		if (isfinite(in.hi))
			put_bound(hi, sizeof(hi), in.hi, place, up);
	}
	snprintf(buf, KNOWN_TEXT_MAX, "[%s, %s]", lo, hi);
	return buf;
}

char *known_text(char *buf, const struct known *k, enum known_kind kind)
{
	char bounds[KNOWN_TEXT_MAX];

	known_value(buf, k, kind);
	if (*known_bounds(bounds, k, kind))
		snprintf(buf + strlen(buf), KNOWN_TEXT_MAX - strlen(buf), " %s", bounds);
	return buf;
}

double known_factor(const struct known *k)
{
	if (k->lo >= k->hi)
		return 1;
	return k->lo > 0 ? sqrt(k->hi / k->lo) : INFINITY;
}

bool known_above(const struct known *a, const struct known *b)
{
	return a->lo > b->hi;
}

struct known known_share(double share, double n)
{
	static const double z2 = 1.959964 * 1.959964;
	double middle, half, seen;

	if (!(n > 0))
		return (struct known){share, 0, 1};
	share = fmin(fmax(share, 0), 1);
	seen = share * n;
	middle = (share + z2 / (2 * n)) / (1 + z2 / n);
	half = sqrt(z2 * share * (1 - share) / n + z2 * z2 / (4 * n * n)) / (1 + z2 / n);
	return (struct known){share, seen >= LEAST_SEEN ? fmin(fmax(middle - half, 0), share) : 0,
			      share < 1 ? fmax(fmin(middle + half, 1), share) : 1};
}

struct known known_times(struct known k, struct known factor)
{
	return (struct known){k.v * factor.v, k.lo * factor.lo, k.hi * factor.hi};
}
