/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PEBS, as perf mem record asks for it on Skylake to Ice Lake: loads by latency (MEM_TRANS_RETIRED)
 * and stores (MEM_INST_RETIRED.ALL_STORES, event 0xd0, umask 0x82). What each says: Intel SDM 3B,
 * "Load Latency Performance Monitoring Facility" and "Data Address Profiling", and the fields of
 * union perf_mem_data_src (perf_event_open(2)).
 *
 * Loads tell latency, level and TLB. Stores only whether they hit L1, and no latency.
 */
#include <stdio.h>

#include "tests/vpmu/encode.h"

enum { TYPE_CPU = 4, CONFIG_LOADS = 0x1cd, CONFIG_STORES = 0x82d0 };

static const struct {
	uint16_t level;
	uint8_t number, snoop;
} sources[VPMU_NR_LEVELS] = {
	[VPMU_L1] = {PERF_MEM_LVL_L1, PERF_MEM_LVLNUM_L1, PERF_MEM_SNOOP_NONE},
	[VPMU_LFB] = {PERF_MEM_LVL_LFB, PERF_MEM_LVLNUM_LFB, PERF_MEM_SNOOP_NONE},
	[VPMU_L2] = {PERF_MEM_LVL_L2, PERF_MEM_LVLNUM_L2, PERF_MEM_SNOOP_NONE},
	[VPMU_L3] = {PERF_MEM_LVL_L3, PERF_MEM_LVLNUM_L3, PERF_MEM_SNOOP_NONE},
	[VPMU_DRAM] = {PERF_MEM_LVL_LOC_RAM, PERF_MEM_LVLNUM_RAM, PERF_MEM_SNOOP_MISS},
};

static uint64_t load_source(const struct vpmu_service *s)
{
	union perf_mem_data_src d = {
		.mem_op = PERF_MEM_OP_LOAD,
		.mem_lvl = PERF_MEM_LVL_HIT | sources[s->level].level,
		.mem_lvl_num = sources[s->level].number,
		.mem_snoop = sources[s->level].snoop,
		.mem_dtlb = s->flags & VPMU_TLB_MISS
				    ? PERF_MEM_TLB_MISS | PERF_MEM_TLB_L2
				    : PERF_MEM_TLB_HIT | PERF_MEM_TLB_L1 | PERF_MEM_TLB_L2,
	};

	return d.val;
}

static uint64_t store_source(const struct vpmu_service *s)
{
	union perf_mem_data_src d = {
		.mem_op = PERF_MEM_OP_STORE,
		.mem_lvl = PERF_MEM_LVL_L1 |
			   (s->level == VPMU_L1 ? PERF_MEM_LVL_HIT : PERF_MEM_LVL_MISS),
		.mem_snoop = PERF_MEM_SNOOP_NA,
		.mem_lock = PERF_MEM_LOCK_NA,
		.mem_dtlb = PERF_MEM_TLB_NA,
	};

	return d.val;
}

static void event(const struct vpmu_pmu *p, struct perf_event_attr *attr, char name[VPMU_NAME])
{
	*attr = (struct perf_event_attr){
		.type = TYPE_CPU,
		.sample_period = p->period,
		.sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |
			       PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR | PERF_SAMPLE_CPU |
			       PERF_SAMPLE_PERIOD | PERF_SAMPLE_DATA_SRC | PERF_SAMPLE_WEIGHT,
		.precise_ip = 3,
	};
	if (p->kind == VPMU_STORES) {
		attr->config = CONFIG_STORES;
		snprintf(name, VPMU_NAME, "cpu/mem-stores/P");
		return;
	}
	attr->config = CONFIG_LOADS;
	attr->config1 = p->min_latency;
	snprintf(name, VPMU_NAME, "cpu/mem-loads,ldlat=%u/P", p->min_latency);
}

/* perf record --phys-data on a newer kernel: the weight is a struct, latency in its lower half. */
static void event_phys(const struct vpmu_pmu *p, struct perf_event_attr *attr, char name[VPMU_NAME])
{
	event(p, attr, name);
	attr->sample_type &= ~(uint64_t)PERF_SAMPLE_WEIGHT;
	attr->sample_type |= PERF_SAMPLE_WEIGHT_STRUCT | PERF_SAMPLE_PHYS_ADDR;
}

static void sample(struct vpmu_encoder *e, const struct vpmu_sample *s)
{
	bool is_load = e->list->head.pmus[s->pmu].kind == VPMU_LOADS;
	struct damon_perf_sample out = vpmu_basics(e, s);

	out.addr = s->addr;
	out.phys_addr = s->phys;
	out.misc |= PERF_RECORD_MISC_EXACT_IP;
	out.weight = is_load ? s->service.latency : 0;
	out.data_src = is_load ? load_source(&s->service) : store_source(&s->service);
	damon_perf_writer_sample(e->out, out.event, out.misc, &out);
}

static bool told_phys(const struct vpmu_pmu *p, struct vpmu_sample *s)
{
	if (p->kind == VPMU_LOADS) {
		s->flags &= ~VPMU_TLB1_MISS;
		s->flags |= s->flags & VPMU_TLB_MISS ? 0 : VPMU_TLB_HIT;
		return true;
	}
	if (s->service.level != VPMU_L1)
		s->service.level = VPMU_NO_LEVEL;
	s->service.latency = 0;
	s->flags &= ~(VPMU_TLB1_MISS | VPMU_TLB_MISS);
	return true;
}

static bool told(const struct vpmu_pmu *p, struct vpmu_sample *s)
{
	s->phys = 0;
	return told_phys(p, s);
}

static const char *const pmu_names[] = {"software", "cpu"};
static const uint32_t pmu_types[] = {1, TYPE_CPU};
#define OPTIONS                                                                                    \
	{                                                                                          \
		.arch = "x86_64", .cpuid = "GenuineIntel,6,85,7", .pmu_names = pmu_names,          \
		.pmu_types = pmu_types, .nr_pmus = 2                                               \
	}

const struct vpmu_format vpmu_pebs = {.name = "pebs",
				      .kinds = 1 << VPMU_LOADS | 1 << VPMU_STORES,
				      .options = OPTIONS,
				      .event = event,
				      .sample = sample,
				      .told = told,
				      .tick_ns = 1};
const struct vpmu_format vpmu_pebs_phys = {.name = "pebs-phys",
					   .kinds = 1 << VPMU_LOADS | 1 << VPMU_STORES,
					   .options = OPTIONS,
					   .event = event_phys,
					   .sample = sample,
					   .told = told_phys,
					   .tick_ns = 1};
