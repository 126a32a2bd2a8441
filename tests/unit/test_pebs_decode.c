/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples of PEBS, live and recorded. */
#include <criterion/criterion.h>

#include "base/util.h"
#include "pmu/pebs/pebs.h"
#include "pmu/source.h"

#define MEMORY (PERF_SAMPLE_ADDR | PERF_SAMPLE_DATA_SRC)
#define EVENT(n, p, t, c, s)                                                                       \
	{                                                                                          \
		.attr = {.type = t, .config = c, .sample_type = s, .sample_period = 1009},         \
		.name = n, .pmu = p                                                                \
	}

static const struct {
	struct damon_perf_event e;
	bool claimed;
	enum damon_pebs_kind kind;
} recorded[] = {
	{EVENT("cpu/mem-loads/pp", "cpu", 4, 0x1cd, MEMORY), true, DAMON_PEBS_LOADS},
	{EVENT("cpu/mem-loads,ldlat=30/P", "", 4, 0x1cd, MEMORY), true, DAMON_PEBS_LOADS},
	{EVENT("cpu/mem-stores/P", "cpu", 4, 0x82d0, MEMORY), true, DAMON_PEBS_STORES},
	{EVENT("cpu_core/mem-loads-aux/", "cpu_core", 4, 0x8203, 0), true, DAMON_PEBS_AUX},
	{EVENT("cpu_atom/mem-stores/P", "cpu_atom", 10, 0x6d0, MEMORY), true, DAMON_PEBS_STORES},
	{EVENT("cpu_atom/mem-loads/P", "", 10, 0x5d0, MEMORY), true, DAMON_PEBS_LOADS},
	{EVENT("MEM_TRANS_RETIRED.LOAD_LATENCY_GT_4:pp", "", 4, 0x1cd, MEMORY), true,
	 DAMON_PEBS_LOADS},
	{EVENT("mem_inst_retired.all_loads:P", "cpu", 4, 0x81d0, MEMORY), true,
	 DAMON_PEBS_ALL_LOADS},
	{EVENT("", "", 4, 0x1cd, MEMORY), true, DAMON_PEBS_LOADS},
	{EVENT("", "", 4, 0x82d0, MEMORY), true, DAMON_PEBS_STORES},
	{EVENT("", "", 4, 0x2cd, MEMORY), true, DAMON_PEBS_STORES},
	{EVENT("", "", 4, 0x8203, 0), true, DAMON_PEBS_AUX},
	{EVENT("cycles:P", "cpu", 0, 0, MEMORY), true, DAMON_PEBS_OTHER},
	{EVENT("cycles:P", "", 0, 0, MEMORY), true, DAMON_PEBS_OTHER},
	{EVENT("cycles", "cpu", 0, 0, PERF_SAMPLE_IP), false, DAMON_PEBS_OTHER},
	{EVENT("mem-loads", "cpu", 4, 0x1cd, PERF_SAMPLE_IP), false, DAMON_PEBS_LOADS},
	{EVENT("page-faults", "software", 1, 2, MEMORY), false, DAMON_PEBS_OTHER},
	{EVENT("page-faults", "", 1, 2, MEMORY), false, DAMON_PEBS_OTHER},
	{EVENT("ibs_op//", "ibs_op", 11, 0x82d0, MEMORY), false, DAMON_PEBS_OTHER},
	{EVENT("arm_spe_0//", "", 11, 0, MEMORY), false, DAMON_PEBS_OTHER},
	{EVENT("exceptions:page_fault_user", "", 2, 0x1cd, MEMORY), false, DAMON_PEBS_OTHER},
	{EVENT("mem:0x1000:rw", "", 5, 0, MEMORY), false, DAMON_PEBS_OTHER},
};

Test(pebs_decode, claims_events_of_recordings)
{
	for (size_t i = 0; i < ARRAY_SIZE(recorded); i++) {
		const struct damon_perf_event *e = &recorded[i].e;

		cr_expect_eq(damon_pebs_source.claims(e), recorded[i].claimed, "%zu: '%s'", i,
			     e->name);
		cr_expect_eq(damon_pebs_kind_of(e), recorded[i].kind, "%zu: '%s'", i, e->name);
	}
}

static struct damon_obs emitted;
static int nr_emitted;

static void keep(void *priv, const struct damon_obs *o)
{
	emitted = *o;
	nr_emitted++;
}

#define LOAD  DAMON_ACCESS_LOAD
#define STORE DAMON_ACCESS_STORE
#define S     PERF_MEM_S

Test(pebs_decode, decodes)
{
	static const struct damon_perf_event events[] = {
		EVENT("cpu/mem-loads/", "cpu", 4, 0x1cd, MEMORY),
		EVENT("cpu/mem-stores/", "cpu", 4, 0x82d0, MEMORY),
		EVENT("cpu/mem-loads-aux/", "cpu", 4, 0x8203, MEMORY),
		EVENT("cycles:P", "cpu", 0, 0, MEMORY),
	};
	static const struct {
		const char *name;
		struct damon_perf_sample s;
		bool no_loads, no_stores;
		int emitted, nr;
		uint8_t flags, level;
		float weight;
		uint32_t latency;
	} rows[] = {
		{"a load",
		 {.event = 0, .addr = 8, .data_src = S(OP, LOAD) | S(LVLNUM, L2), .weight = 14},
		 false,
		 false,
		 1,
		 1,
		 LOAD,
		 DAMON_LEVEL_L2,
		 1009,
		 14},
		{"of which nothing is told",
		 {.event = 0, .addr = 8, .data_src = 0x1e05080021},
		 false,
		 false,
		 1,
		 1,
		 LOAD,
		 0,
		 1009,
		 0},
		{"a store",
		 {.event = 1, .addr = 8, .data_src = 0x5080144},
		 false,
		 false,
		 1,
		 1,
		 STORE,
		 DAMON_LEVEL_L1,
		 1009,
		 0},
		{"a store of which nothing is told",
		 {.event = 1, .addr = 8},
		 false,
		 false,
		 1,
		 1,
		 STORE,
		 0,
		 1009,
		 0},
		{"aux", {.event = 2, .addr = 8}, false, false, 0, 0, 0, 0, 0, 0},
		{"cycles",
		 {.event = 3, .addr = 8, .data_src = 0x5080021, .period = 77},
		 false,
		 false,
		 1,
		 1,
		 0,
		 0,
		 77,
		 0},
		{"cycles of something else",
		 {.event = 3, .data_src = 0x5080021, .period = 77},
		 false,
		 false,
		 1,
		 0,
		 0,
		 0,
		 77,
		 0},
		{"the kernel's",
		 {.event = 0, .addr = 0xffff880000000000},
		 false,
		 false,
		 1,
		 0,
		 0,
		 0,
		 1009,
		 0},
		{"an event that was never told",
		 {.event = 9, .addr = 8, .data_src = S(OP, STORE)},
		 false,
		 false,
		 1,
		 1,
		 STORE,
		 0,
		 1,
		 0},
		{"loads left out", {.event = 0, .addr = 8}, true, false, 0, 0, 0, 0, 0, 0},
		{"stores left out", {.event = 1, .addr = 8}, false, true, 0, 0, 0, 0, 0, 0},
		{"the other kind stays",
		 {.event = 0, .addr = 8},
		 false,
		 true,
		 1,
		 1,
		 LOAD,
		 0,
		 1009,
		 0},
		{"both at once are not left out",
		 {.event = 0, .addr = 8, .data_src = S(OP, LOAD) | S(OP, STORE)},
		 true,
		 false,
		 1,
		 1,
		 LOAD | STORE,
		 0,
		 1009,
		 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_source_options o = {.no_loads = rows[i].no_loads,
						 .no_stores = rows[i].no_stores};
		const struct damon_source_ops *src = &damon_pebs_source;
		struct damon_source_stats st;
		void *state;

		nr_emitted = 0;
		cr_assert_eq(src->open(&o, NULL, &state), 0);
		cr_assert_eq(src->begin(state, events, 2), 0);
		cr_assert_eq(src->begin(state, events, ARRAY_SIZE(events)), 0, "a pipe tells more");
		cr_expect_eq(src->decode(state, &rows[i].s, NULL, keep, NULL), rows[i].emitted,
			     "%s", rows[i].name);
		cr_expect_eq(nr_emitted, rows[i].emitted, "%s", rows[i].name);
		src->stats(state, &st);
		src->close(state);
		cr_expect_eq(st.samples, 1);
		cr_expect_eq(st.filtered, !rows[i].emitted, "%s", rows[i].name);
		cr_expect_eq(st.filtered, st.no_access + st.unwanted, "%s", rows[i].name);
		cr_expect_eq(st.accesses, rows[i].nr, "%s", rows[i].name);
		cr_expect_eq(st.no_address, rows[i].emitted - rows[i].nr, "%s", rows[i].name);
		if (!rows[i].emitted)
			continue;
		cr_expect_eq(emitted.nr, rows[i].nr, "%s", rows[i].name);
		cr_expect_float_eq(emitted.weight, rows[i].weight, 1e-6, "%s: %g", rows[i].name,
				   emitted.weight);
		if (!rows[i].nr)
			continue;
		cr_expect_eq(emitted.access[0].flags, rows[i].flags, "%s: %u", rows[i].name,
			     emitted.access[0].flags);
		cr_expect_eq(emitted.hw.level, rows[i].level, "%s", rows[i].name);
		cr_expect_eq(emitted.hw.latency_cycles, rows[i].latency, "%s", rows[i].name);
	}
}

/* Loads are picked at random; what counts all accesses gives rates as such. */
Test(pebs_decode, scale)
{
	static const struct {
		struct damon_perf_event e[3];
		size_t n;
		bool exact;
	} rows[] = {
		{{EVENT("cpu/mem-loads/", "cpu", 4, 0x1cd, MEMORY),
		  EVENT("mem-stores", "cpu", 4, 0x82d0, MEMORY)},
		 2,
		 false},
		{{EVENT("dummy:HG", "", 1, 9, 0), EVENT("mem-stores", "cpu", 4, 0x82d0, MEMORY)},
		 2,
		 true},
		{{EVENT("dummy:HG", "", 1, 9, 0), EVENT("all_loads", "cpu", 4, 0x81d0, MEMORY),
		  EVENT("mem-stores", "cpu", 4, 0x82d0, MEMORY)},
		 3,
		 true},
		{{EVENT("", "", 1, 9, 0)}, 0, false},
	};

	static const struct damon_source_options none;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_scale scale;
		void *state;

		cr_assert_eq(damon_pebs_source.open(&none, NULL, &state), 0);
		cr_assert_eq(damon_pebs_source.begin(state, rows[i].e, rows[i].n), 0);
		damon_pebs_source.scale_of(state, &scale);
		cr_expect_eq(scale.lo == scale.hi, rows[i].exact, "%zu", i);
		damon_pebs_source.close(state);
	}
	damon_pebs_source.close(NULL);
}
