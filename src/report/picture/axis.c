/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "report/picture/axis.h"
#include "report/print.h"

#define MIN_DECADES 2 /* with fewer powers of ten in reach, there are ticks between them */

static size_t limit(size_t most)
{
	return MAX(MIN(most, (size_t)AXIS_MAX_TICKS), (size_t)1);
}

size_t axis_time(struct axis_tick *t, uint64_t from_ns, uint64_t to_ns, size_t most)
{
	uint64_t step, ns;
	size_t n = 0;

	most = limit(most);
	step = print_round_step((to_ns - from_ns) / most + 1);
	for (ns = (from_ns + step - 1) / step * step; ns <= to_ns && n < most; ns += step) {
		t[n].at = (double)ns;
		print_tick(t[n++].text, ns, step);
	}
	return n;
}

/* The largest unit in which a step of bytes has few decimals. */
static void print_bytes_tick(char *buf, uint64_t v, uint64_t step)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	size_t u = 0;

	while (u + 1 < ARRAY_SIZE(units) && v >> (10 * (u + 1)) && step >> (10 * u + 8))
		u++;
	snprintf(buf, DAMON_UNITS_MAX, "%.10g %s", ldexp((double)v, -10 * (int)u), units[u]);
	if (!v)
		strcpy(buf, "0");
}

size_t axis_bytes(struct axis_tick *t, uint64_t from, uint64_t to, size_t most)
{
	uint64_t step = 1, first = from;
	size_t n = 0;

	most = limit(most);
	while (to / step >= first + most && step < 1ull << 63) {
		step *= 2;
		first = from / step + (from % step > 0);
	}
	for (uint64_t i = first; i <= to / step && n < most; i++) {
		t[n].at = (double)(i * step);
		print_bytes_tick(t[n++].text, i * step, step);
	}
	return n;
}

static void print_count_tick(char *buf, double v)
{
	static const char *const units[] = {"", " k", " M", " G", " T", " P", " E"};
	size_t u = 0;

	while (u + 1 < ARRAY_SIZE(units) && v >= 999.999) {
		v /= 1000;
		u++;
	}
	snprintf(buf, DAMON_UNITS_MAX, "%.10g%s", v, units[u]);
}

static size_t put_count(struct axis_tick *t, size_t n, double v)
{
	t[n].at = v;
	print_count_tick(t[n].text, v);
	return n + 1;
}

/* Every 'stride'-th power of ten, those that 'stride' divides. */
static size_t decades(struct axis_tick *t, int first, int last, size_t most)
{
	int stride = 1;
	size_t n = 0;

	while ((last - first) / stride + 1 > (int)most)
		stride++;
	for (int e = first; e <= last; e++)
		if (e % stride == 0 && n < most)
			n = put_count(t, n, pow(10, e));
	return n;
}

size_t axis_log(struct axis_tick *t, double from, double to, size_t most)
{
	static const int marks[] = {1, 2, 5};
	double slack = 1e-9;
	int first, last;
	size_t n = 0;

	if (!(from > 0) || !(to >= from) || !isfinite(to))
		return 0;
	most = limit(most);
	first = (int)ceil(log10(from) - slack);
	last = (int)floor(log10(to) + slack);
	if (last - first + 1 > MIN_DECADES || most < 3)
		return decades(t, first, last, most);
	for (int e = first - 1; e <= last; e++) {
		for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
			double v = marks[i] * pow(10, e);

			if (v < from * (1 - slack) || v > to * (1 + slack))
				continue;
			if (n == most) /* too close */
				return decades(t, first, last, most);
			n = put_count(t, n, v);
		}
	}
	return n;
}

static double round_step(double v)
{
	double ten = pow(10, floor(log10(v)));

	return ten * (v <= ten * (1 + 1e-9) ? 1 : v <= 2 * ten ? 2 : v <= 5 * ten ? 5 : 10);
}

size_t axis_linear(struct axis_tick *t, double from, double to, size_t most)
{
	double step, first;
	size_t n = 0;

	if (!(to > from) || !isfinite(to - from))
		return 0;
	most = limit(most);
	step = round_step((to - from) / (double)most);
	first = ceil(from / step - 1e-9);
	if (floor(to / step + 1e-9) - first >= (double)most) {
		step = round_step(1.5 * step);
		first = ceil(from / step - 1e-9);
	}
	for (double i = first; i * step <= to + step * 1e-9 && n < most; i++)
		n = put_count(t, n, i * step + 0.0); /* no -0 */
	return n;
}

/* ---- labels ---- */

static size_t drop_lightest(struct axis_label *l, size_t n)
{
	size_t least = 0;

	for (size_t i = 1; i < n; i++)
		if (l[i].weight < l[least].weight)
			least = i;
	memmove(&l[least], &l[least + 1], (n - least - 1) * sizeof(*l));
	return n - 1;
}

/* Labels that touch each other move as one: what they want is the mean of what each wants. */
struct cluster {
	double want; /* sum over its labels, of the place of the first */
	size_t first, n;
};

static double place(const struct cluster *c, double height, double from, double to)
{
	double at = c->want / (double)c->n, last = to - ((double)c->n - .5) * height;

	return fmax(fmin(at, last), from + .5 * height);
}

size_t axis_spread(struct axis_label *l, size_t n, double height, double from, double to)
{
	_cleanup_(freep) struct cluster *c = calloc(n + 1, sizeof(*c));
	size_t nr = 0, room = to > from ? (size_t)((to - from) / height) : 0;

	if (!c)
		return 0;
	while (n > room)
		n = drop_lightest(l, n);
	for (size_t i = 0; i < n; i++) {
		c[nr++] = (struct cluster){l[i].at, i, 1};
		while (nr > 1 &&
		       place(&c[nr - 2], height, from, to) + (double)c[nr - 2].n * height >
			       place(&c[nr - 1], height, from, to)) {
			struct cluster *a = &c[nr - 2], *b = &c[nr - 1];

			a->want += b->want - (double)a->n * (double)b->n * height;
			a->n += b->n;
			nr--;
		}
	}
	for (size_t k = 0; k < nr; k++)
		for (size_t i = 0; i < c[k].n; i++)
			l[c[k].first + i].at = place(&c[k], height, from, to) + (double)i * height;
	return n;
}
