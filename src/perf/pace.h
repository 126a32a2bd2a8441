/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a CPU of this machine can do: its clock, and how long it waits for memory. Measured on this
 * process at the start, in about a millisecond, without a PMU.
 */
#ifndef PERF_PACE_H
#define PERF_PACE_H

#include <stdint.h>

#include "os/sys.h"

struct damon_pace {
	double hz;		     /* cycles per second of a busy CPU */
	double far_ns;		     /* a load that no cache holds, of an address just computed */
	uint32_t l1_bytes, l2_bytes; /* caches of one CPU */
};

/* What is assumed where nothing can be measured. */
extern const struct damon_pace damon_pace_default;

/* Fills 'out'. What cannot be measured, or comes out absurd, is the default's. */
void damon_pace_measure(const struct damon_sys *sys, struct damon_pace *out);

#endif
