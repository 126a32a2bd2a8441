/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source model with a core of its own behind it.
 *
 * SOURCE_EVERY takes every P-th access, with jitter, as a PMU does. SOURCE_SOFT takes ticks: from
 * every P-th access on, a burst of accesses in a row, as the soft source does. Half of its bursts
 * have all 16 accesses, the others end anywhere before.
 */
#ifndef JUDGE_SAMPLER_H
#define JUDGE_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/core.h"
#include "tests/judge/score.h"
#include "tests/judge/world.h"

enum source { SOURCE_EVERY, SOURCE_SOFT };

struct sampler {
	enum source source;
	double rate_hz; /* observations per second asked for */
	double period;	/* P, in accesses */
	struct damon_core *core;
	struct damon_proc *proc;
	struct rng rng;
	struct damon_obs obs[32]; /* not yet handed over; the last one is being taken */
	size_t nr;
	unsigned int left; /* accesses that it still wants */
	double next;	   /* position of the next observation */
	uint64_t at;	   /* position of the next access of the burst */
	double carry;	   /* for made-up worlds: part of an observation that is due */
	uint64_t nr_obs;
	uint32_t aggr;
	double cpu_ns;	 /* used by the core */
	bool is_checked; /* a checker looks on */
	/* soft: pages that it read since checker_look() last took them, one of each burst */
	uint64_t *reads;
	size_t nr_reads, cap_reads;
};

void sampler_init(struct sampler *s, enum source source, double rate_hz, uint64_t seed,
		  const struct world *w, const struct damon_est_params *est);
void sampler_release(struct sampler *s);

/* 'n' accesses in a row to 'page', the first at position 'pos'. Returns the position from which on
 * it wants to be shown accesses again. */
uint64_t sampler_see(struct sampler *s, uint64_t page, uint64_t pos, uint64_t n);

/* Starts an observation, and gives it an access. */
void sampler_begin(struct sampler *s);
void sampler_take(struct sampler *s, uint64_t page);

/* Where the world's pages lie in the space of its core, and back. */
uint64_t sampler_addr(uint64_t page);
uint64_t sampler_page(uint64_t addr);

/* Ends an aggregation interval. 'guess' takes its regions; valid until the next call. */
void sampler_aggregate(struct sampler *s, struct guess *guess);

#endif
