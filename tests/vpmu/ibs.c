/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IBS op, with the registers of the Processor Programming Reference of family 19h, model 11h
 * (Zen 4; MSRC001_1033 to _103B): as raw registers, which is all that kernels before 6.1 gave, and
 * as newer kernels translate them to DATA_SRC, WEIGHT, ADDR and PHYS_ADDR.
 *
 * It tags operations of any kind. Latency is told of loads that miss L1; where data came from,
 * beyond L2, of loads only.
 */
#include <stdio.h>
#include <string.h>

#include "tests/vpmu/encode.h"

enum { TYPE_IBS_OP = 9, CAPS = 0xbff };

/* IbsOpData2: source of the data. */
enum { SOURCE_L3 = 1, SOURCE_DRAM = 3, OWNED = 1 << 5 };

#define BIT(n) (1ull << (n))
enum { /* IbsOpData3 */
       LOAD_OP = 0,
       STORE_OP = 1,
       L1_TLB_MISS = 2,
       L2_TLB_MISS = 3,
       DC_MISS = 7,
       NO_MAB_ALLOC = 16,
       LINEAR_VALID = 17,
       PHYS_VALID = 18,
       L2_MISS = 20,
       WIDTH = 22,
       MISS_LATENCY = 32,
       TLB_LATENCY = 48,
};

/* A register file as the kernel copies it: caps, then from IbsOpCtl on. */
struct __attribute__((packed)) registers {
	uint32_t caps;
	uint64_t op_ctl, rip, op_data, op_data2, op_data3, linear, physical, branch_target;
};

static bool is_load(const struct vpmu_sample *s)
{
	return s->flags & VPMU_LOAD;
}

static bool is_memory(const struct vpmu_sample *s)
{
	return s->flags & (VPMU_LOAD | VPMU_STORE);
}

static bool beyond_l2(const struct vpmu_service *s)
{
	return s->level == VPMU_L3 || s->level == VPMU_DRAM;
}

static uint64_t miss_latency(const struct vpmu_sample *s)
{
	return is_load(s) && s->service.level != VPMU_L1 ? s->service.latency : 0;
}

static uint64_t data3(const struct vpmu_sample *s)
{
	const struct vpmu_service *v = &s->service;
	uint64_t d = BIT(LINEAR_VALID) | BIT(PHYS_VALID);

	if (!is_memory(s))
		return 0;
	d |= s->flags & VPMU_LOAD ? BIT(LOAD_OP) : 0;
	d |= s->flags & VPMU_STORE ? BIT(STORE_OP) : 0;
	d |= v->flags & VPMU_TLB1_MISS ? BIT(L1_TLB_MISS) : 0;
	d |= v->flags & VPMU_TLB_MISS ? BIT(L2_TLB_MISS) : 0;
	d |= v->level != VPMU_L1 ? BIT(DC_MISS) : 0;
	d |= v->level == VPMU_LFB ? BIT(NO_MAB_ALLOC) | BIT(L2_MISS) : 0;
	d |= beyond_l2(v) ? BIT(L2_MISS) : 0;
	d |= (uint64_t)(s->size ? __builtin_ctz(s->size) + 1 : 0) << WIDTH;
	d |= miss_latency(s) << MISS_LATENCY;
	d |= (uint64_t)v->walk << TLB_LATENCY;
	return d;
}

static struct registers registers(const struct vpmu_sample *s, uint64_t period)
{
	struct registers r = {.caps = CAPS, .rip = s->ip, .op_data3 = data3(s)};
	uint64_t max = period >> 4;

	/* the maximum is split: bits 15:0, and from 20 on; enabled, valid, by instructions done */
	r.op_ctl = (max & 0xffff) | (max >> 16 & 0x7f) << 20 | BIT(17) | BIT(18) | BIT(19);
	r.op_data = (uint64_t)(10 + s->service.latency) << 16 | 4;
	if (is_load(s) && beyond_l2(&s->service))
		r.op_data2 = s->service.level == VPMU_DRAM ? SOURCE_DRAM : SOURCE_L3 | OWNED;
	if (is_memory(s)) {
		r.linear = s->addr;
		r.physical = s->phys;
	}
	return r;
}

/* ---- as kernels translate it ---- */

static uint16_t level_of(const struct vpmu_sample *s)
{
	switch (s->service.level) {
	case VPMU_L1:
		return PERF_MEM_LVL_HIT | PERF_MEM_LVL_L1;
	case VPMU_L2:
		return PERF_MEM_LVL_HIT | PERF_MEM_LVL_L2;
	case VPMU_LFB:
		return PERF_MEM_LVL_HIT | PERF_MEM_LVL_LFB;
	case VPMU_L3:
		return is_load(s) ? PERF_MEM_LVL_HIT | PERF_MEM_LVL_L3 : PERF_MEM_LVL_NA;
	case VPMU_DRAM:
		return is_load(s) ? PERF_MEM_LVL_HIT | PERF_MEM_LVL_LOC_RAM : PERF_MEM_LVL_NA;
	}
	return PERF_MEM_LVL_NA;
}

static uint64_t data_source(const struct vpmu_sample *s)
{
	union perf_mem_data_src d = {.mem_op = PERF_MEM_OP_NA};

	if (!is_memory(s))
		return d.val;
	d.mem_op = is_load(s) ? PERF_MEM_OP_LOAD : PERF_MEM_OP_STORE;
	d.mem_lvl = level_of(s);
	if (s->service.flags & VPMU_TLB_MISS)
		d.mem_dtlb = PERF_MEM_TLB_L2 | PERF_MEM_TLB_MISS;
	else if (s->service.flags & VPMU_TLB1_MISS)
		d.mem_dtlb = PERF_MEM_TLB_L2 | PERF_MEM_TLB_HIT;
	else
		d.mem_dtlb = PERF_MEM_TLB_L1 | PERF_MEM_TLB_HIT;
	return d.val;
}

/* ---- files ---- */

static void event_raw(const struct vpmu_pmu *p, struct perf_event_attr *attr, char name[VPMU_NAME])
{
	*attr = (struct perf_event_attr){
		.type = TYPE_IBS_OP,
		.config = BIT(19),
		.sample_period = p->period,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
			       PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD | PERF_SAMPLE_RAW,
		.precise_ip = 1,
	};
	snprintf(name, VPMU_NAME, "ibs_op/cnt_ctl=1/");
}

static void event(const struct vpmu_pmu *p, struct perf_event_attr *attr, char name[VPMU_NAME])
{
	event_raw(p, attr, name);
	attr->sample_type &= ~(uint64_t)PERF_SAMPLE_RAW;
	attr->sample_type |= PERF_SAMPLE_ADDR | PERF_SAMPLE_DATA_SRC | PERF_SAMPLE_WEIGHT |
			     PERF_SAMPLE_PHYS_ADDR;
}

static void sample(struct vpmu_encoder *e, const struct vpmu_sample *s)
{
	struct damon_perf_sample out = vpmu_basics(e, s);
	struct registers r = registers(s, out.period);

	out.misc |= PERF_RECORD_MISC_EXACT_IP;
	out.raw = (const uint8_t *)&r;
	out.raw_len = sizeof(r);
	if (is_memory(s)) {
		out.addr = s->addr;
		out.phys_addr = s->phys;
		out.weight = miss_latency(s);
	}
	out.data_src = data_source(s);
	damon_perf_writer_sample(e->out, out.event, out.misc, &out);
}

static bool told_raw(const struct vpmu_pmu *p, struct vpmu_sample *s)
{
	if (!is_memory(s))
		return false;
	if (!is_load(s) && beyond_l2(&s->service))
		s->service.level = VPMU_NO_LEVEL;
	s->service.latency = (uint16_t)miss_latency(s);
	s->flags &= ~VPMU_TLB1_MISS;
	s->flags |= s->flags & VPMU_TLB_MISS ? 0 : VPMU_TLB_HIT;
	return true;
}

/* DATA_SRC has one operation: what loads and stores is a load. */
static bool told(const struct vpmu_pmu *p, struct vpmu_sample *s)
{
	if (is_load(s))
		s->flags &= ~VPMU_STORE;
	return told_raw(p, s);
}

static const char *const pmu_names[] = {"software", "cpu", "ibs_fetch", "ibs_op"};
static const uint32_t pmu_types[] = {1, 4, 8, TYPE_IBS_OP};
#define OPTIONS                                                                                    \
	{                                                                                          \
		.arch = "x86_64", .cpuid = "AuthenticAMD,25,17,1", .pmu_names = pmu_names,         \
		.pmu_types = pmu_types, .nr_pmus = 4                                               \
	}

const struct vpmu_format vpmu_ibs = {.name = "ibs",
				     .kinds = 1 << VPMU_IBS,
				     .options = OPTIONS,
				     .event = event,
				     .sample = sample,
				     .told = told,
				     .tick_ns = 1};
const struct vpmu_format vpmu_ibs_raw = {.name = "ibs-raw",
					 .kinds = 1 << VPMU_IBS,
					 .options = OPTIONS,
					 .event = event_raw,
					 .sample = sample,
					 .told = told_raw,
					 .tick_ns = 1};
