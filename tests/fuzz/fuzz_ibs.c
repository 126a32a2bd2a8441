/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples of IBS: 40 bytes that say what the kernel put into words and what was asked for, then the
 * registers (their first 4 bytes are the capabilities). What comes of it is an access or none, with
 * nothing out of range, and is counted once; registers alone say the same however many follow.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "pmu/ibs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct setup {
	uint64_t addr, data_src, weight, period;
	uint16_t misc;
	uint8_t no_loads, no_stores, has_raw, unused[3];
};

#define LEN_MIN 60 /* capabilities and 7 registers */

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void check(void *priv, const struct damon_obs *o)
{
	const struct damon_access *a = &o->access[0];
	bool remote = o->hw.flags & DAMON_HW_REMOTE, local = o->hw.flags & DAMON_HW_LOCAL;
	bool miss = o->hw.flags & DAMON_HW_TLB_MISS, hit = o->hw.flags & DAMON_HW_TLB_HIT;

	++*(int *)priv;
	expect(o->nr + o->nr_unknown == 1);
	expect(o->weight > 0);
	expect(o->hw.level < DAMON_NR_LEVELS);
	expect(!(remote && local) && !(miss && hit));
	if (!o->nr)
		return;
	expect(a->addr && !(a->addr >> 56));
	expect(!(a->flags & ~(DAMON_ACCESS_LOAD | DAMON_ACCESS_STORE)));
	expect(a->size <= 64 && !(a->size & (a->size - 1)));
}

static void registers(const uint8_t *raw, size_t len)
{
	struct damon_ibs_op op, alone;
	struct damon_hw hw;
	int err = damon_ibs_raw(raw, len, &op);

	expect(err == (len < LEN_MIN ? -EBADMSG : 0));
	if (err)
		return;
	expect(op.source < 32 && op.period % 16 == 0);
	damon_ibs_hw(&op, &hw);
	expect(hw.level < DAMON_NR_LEVELS && hw.latency_cycles <= UINT16_MAX);
	expect(!hw.latency_cycles || op.load);
	expect(!damon_ibs_raw(raw, LEN_MIN, &alone));
	expect(op.source == alone.source && op.addr == alone.addr && op.phys == alone.phys &&
	       op.period == alone.period && op.miss_cycles == alone.miss_cycles);
}

static void sample(const struct setup *u, const uint8_t *raw, size_t len)
{
	struct damon_source_options o = {.no_loads = u->no_loads & 1,
					 .no_stores = u->no_stores & 1};
	struct damon_perf_sample s = {
		.misc = u->misc,
		.addr = u->addr,
		.data_src = u->data_src,
		.weight = u->weight,
		.period = u->period,
		.raw = u->has_raw & 1 ? raw : NULL,
		.raw_len = u->has_raw & 1 ? (uint32_t)len : 0,
	};
	struct damon_source_stats st;
	void *state;
	int n = 0;

	if (damon_ibs_source.open(&o, NULL, &state))
		return;
	expect(damon_ibs_source.decode(state, &s, NULL, check, &n) == n);
	damon_ibs_source.stats(state, &st);
	expect(st.samples == 1 && st.samples == st.accesses + st.no_address + st.filtered);
	expect(st.filtered == st.no_access + st.in_kernel + st.unwanted);
	expect((uint64_t)n == st.accesses + st.no_address);
	damon_ibs_source.close(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct setup u;
	uint8_t *raw;

	if (size < sizeof(u))
		return 0;
	memcpy(&u, data, sizeof(u));
	size -= sizeof(u);
	raw = malloc(size + !size); /* of the exact size: sanitizers see what is read beyond */
	if (!raw)
		return 0;
	memcpy(raw, data + sizeof(u), size);
	registers(raw, size);
	sample(&u, raw, size);
	free(raw);
	return 0;
}
