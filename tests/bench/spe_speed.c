/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast traces of Arm SPE are taken apart, of 32 MiB that are made up here: records of 64 bytes
 * as Neoverse cores write them (loads, stores, some branches), in pieces of 1 MiB. Prints MB/s of
 * trace to samples, and to observations.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "pmu/spe/spe.h"

enum { BYTES = 32 << 20, PIECE = 1 << 20, RECORD = 64 };

static uint8_t *put(uint8_t *p, uint8_t header, size_t size, uint64_t payload)
{
	*p++ = header;
	memcpy(p, &payload, size);
	return p + size;
}

static void make_record(uint8_t *p, struct rng *rng, uint64_t time)
{
	unsigned int kind = (unsigned int)rng_below(rng, 10);
	uint8_t *end = p + RECORD - 9;

	p = put(p, 0xb0, 8, 1ull << 63 | (0xaaaae0000000 + rng_below(rng, 1 << 20) * 4));
	p = put(p, 0x65, 4, 1000 + rng_below(rng, 8));
	p = put(p, kind < 9 ? 0x49 : 0x4a, 1, kind >= 6);
	p = put(p, 0x52, 2, kind & 1 ? 0x16 : 0x1e);
	p = put(p, 0x99, 2, 4);
	p = put(p, 0x98, 2, 8 + rng_below(rng, 300));
	if (kind < 9) {
		p = put(p, 0xb2, 8, 0xaaab00000000 + rng_below(rng, 1 << 24) * 64);
		p = put(p, 0x9a, 2, 1);
	}
	if (kind < 6)
		p = put(p, 0x43, 1, kind & 1 ? 0 : 8);
	memset(p, 0, (size_t)(end - p));
	put(end, 0x71, 8, time);
}

struct sink {
	void *state;
	bool to_observations;
	uint64_t samples, sum;
};

static void add_obs(void *priv, const struct damon_obs *o)
{
	((struct sink *)priv)->sum += o->access[0].addr;
}

static void add_sample(void *priv, const struct damon_perf_sample *s)
{
	struct sink *k = priv;

	k->samples++;
	if (k->to_observations)
		damon_spe_source.decode(k->state, s, NULL, add_obs, k);
	else
		k->sum += s->addr;
}

static double megabytes_per_s(const uint8_t *bytes, struct sink *k)
{
	uint64_t start = damon_sys_real.own_cpu_ns(&damon_sys_real);

	for (size_t at = 0; at < BYTES; at += PIECE) {
		struct damon_trace t = {.offset = at,
					.bytes = bytes + at,
					.len = PIECE,
					.cpu = 0,
					.pid = -1,
					.tid = -1,
					.midr = 0x410fd0c0,
					.conv = {.shift = 24, .mult = 10 << 24}};

		damon_spe_source.decode_trace(k->state, &t, add_sample, k);
	}
	return BYTES * 1e3 / (double)(damon_sys_real.own_cpu_ns(&damon_sys_real) - start);
}

int main(void)
{
	struct damon_source_options o = {0};
	struct rng rng;
	struct sink k = {.samples = 0};
	_cleanup_(freep) uint8_t *bytes = malloc(BYTES);
	double samples, observations;

	if (!bytes || damon_spe_source.open(&o, NULL, &k.state))
		return 1;
	rng_seed(&rng, 1);
	for (size_t at = 0; at < BYTES; at += RECORD)
		make_record(bytes + at, &rng, at);
	samples = megabytes_per_s(bytes, &k);
	k.to_observations = true;
	observations = megabytes_per_s(bytes, &k);
	damon_spe_source.close(k.state);
	printf("%.0f %.0f\n", samples, observations);
	return k.samples < BYTES / RECORD; /* nine in ten, twice */
}
