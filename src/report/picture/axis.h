/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where axes have their ticks and what is written there, and labels that do not overlap. */
#ifndef REPORT_PICTURE_AXIS_H
#define REPORT_PICTURE_AXIS_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

#define AXIS_MAX_TICKS 32

struct axis_tick {
	double at;
	char text[DAMON_UNITS_MAX];
};

/*
 * Each fills ticks within [from, to], at most 'most' of them (and AXIS_MAX_TICKS), a round step
 * apart, and returns how many: whole units of time; powers of two of bytes; powers of ten, or where
 * those are few 1, 2 and 5 times these, of counts on a logarithmic scale; 1, 2 or 5 times a power
 * of ten on a linear one.
 */
size_t axis_time(struct axis_tick *t, uint64_t from_ns, uint64_t to_ns, size_t most);
size_t axis_bytes(struct axis_tick *t, uint64_t from, uint64_t to, size_t most);
size_t axis_log(struct axis_tick *t, double from, double to, size_t most);
size_t axis_linear(struct axis_tick *t, double from, double to, size_t most);

/* A label that wants its middle at 'at'. */
struct axis_label {
	double at;
	double weight; /* what is worth less goes first where there is no room */
	size_t id;     /* the caller's */
};

/*
 * Moves labels, which are sorted by 'at', as little as it takes to stand at least 'height' apart
 * and within [from, to], in their order. Those of the least weight are dropped where there is no
 * room for all. Returns how many are left, at the front.
 */
size_t axis_spread(struct axis_label *l, size_t n, double height, double from, double to);

#endif
