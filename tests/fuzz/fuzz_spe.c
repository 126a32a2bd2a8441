/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces of Arm SPE: one byte of options, then pieces, each behind a byte for its length and a byte
 * for its buffer and what the kernel says of it. Each piece is a copy of its exact length. What
 * comes out is decoded on.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "pmu/spe/spe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sink {
	void *state;
	uint64_t nr, nr_obs, sum;
};

static void add_obs(void *priv, const struct damon_obs *o)
{
	struct sink *k = priv;

	assert(o->nr + o->nr_unknown == 1);
	k->nr_obs++;
	k->sum += o->access[0].addr + o->hw.phys + o->hw.level + o->time_ns;
}

static void add_sample(void *priv, const struct damon_perf_sample *s)
{
	struct sink *k = priv;

	k->nr++;
	damon_spe_source.decode(k->state, s, NULL, add_obs, k);
}

static size_t one_piece(struct sink *k, const uint8_t *p, size_t n, uint64_t offsets[4])
{
	size_t len = MIN(p[0], n - 2);
	_cleanup_(freep) uint8_t *bytes = malloc(len + !len);
	unsigned int buffer = p[1] & 3;
	struct damon_trace t = {
		.buffer = buffer,
		.offset = offsets[buffer] + (p[1] & 0x20 ? 64 : 0),
		.bytes = bytes,
		.len = len,
		.cpu = -1,
		.pid = p[1] & 4 ? 7 : -1,
		.tid = p[1] & 4 ? 8 : -1,
		.midr = p[1] & 8      ? 0x410fd0c0
			: p[1] & 0x10 ? 0x481fd060
				      : 0,
		.truncated = p[1] & 0x40,
		.collided = p[1] & 0x80,
	};
	uint64_t before = k->nr;

	if (!bytes)
		return n;
	memcpy(bytes, p + 2, len);
	memcpy(&t.conv, p, MIN(sizeof(t.conv) - sizeof(uint64_t), n)); /* any numbers will do */
	t.conv.is_capped = p[1] & 4;
	offsets[buffer] = t.offset + len;
	assert(damon_spe_source.decode_trace(k->state, &t, add_sample, k) == k->nr - before);
	return 2 + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct damon_source_options o = {0};
	struct damon_source_stats stats;
	struct sink k = {.nr = 0};
	uint64_t offsets[4] = {0};

	if (!size)
		return 0;
	o.no_loads = data[0] & 1;
	o.no_stores = data[0] & 2;
	o.latency_cycles = data[0] & 4 ? 100 : 0;
	if (damon_spe_source.open(&o, NULL, &k.state))
		return 0;
	for (size_t at = 1; at + 2 <= size;)
		at += one_piece(&k, data + at, size - at, offsets);
	damon_spe_source.stats(k.state, &stats);
	assert(stats.samples == k.nr && stats.accesses + stats.no_address == k.nr_obs);
	assert(stats.skipped <= size);
	damon_spe_source.close(k.state);
	return 0;
}
