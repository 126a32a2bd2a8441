/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The source 'spe': Arm's Statistical Profiling Extension.
 *
 * Of every so many operations that a core decodes, it follows one to its end and writes what became
 * of it to a buffer in memory: no interrupt per sample, and what a filter leaves out costs nothing.
 * The kernel hands the buffer on as it is (PERF_RECORD_AUX); taking it apart is done here
 * (spe/packet.h, spe/trace.h).
 *
 * An operation that is due while the last one is still followed is dropped (a collision): slow
 * accesses then hide others. The kernel tells that it happened, not how often.
 */
#ifndef PMU_SPE_SPE_H
#define PMU_SPE_SPE_H

#include "pmu/source.h"

extern const struct damon_source_ops damon_spe_source;

/* The operations per sample that 'o' asks for, as a PMU counts them whose least interval is
 * 'least': a multiple of 256. */
uint64_t damon_spe_period(const struct damon_source_options *o, uint64_t least);

#endif
