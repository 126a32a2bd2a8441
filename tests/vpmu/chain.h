/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording of a virtual PMU as a monitor of the judge: file, order, source, core, snapshot. Its
 * times are those of a steady pace ('vpmu encode --seconds 20'), as are the world's.
 */
#ifndef VPMU_CHAIN_H
#define VPMU_CHAIN_H

#include "base/fail.h"
#include "core/check.h"
#include "core/core.h"
#include "tests/judge/score.h"
#include "tests/judge/world.h"

struct chain;

/* NULL: 'f' says why. 'w' is the trace's world of the same run, and must outlive it. */
struct chain *chain_new(const char *path, const struct world *w, const struct damon_est_params *est,
			uint64_t seed, struct damon_fail *f);
void chain_free(struct chain *c); /* NULL is fine */

/* Its samples of memory, per second of the world. */
double chain_rate(const struct chain *c);

/* Ends an aggregation interval. 'guess' takes its regions, as far as the world has memory there. */
void chain_aggregate(struct chain *c, struct guess *guess);

#endif
