/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm SPE: the packets of the Arm Architecture Reference Manual (DDI 0487, "Statistical Profiling
 * Extension Sample Record Specification") in AUX buffers, as perf record leaves them, on a Neoverse
 * N1 with a timer of 100 MHz. Each record fills 64 bytes, with padding
 * before its time stamp, as in real dumps.
 *
 * Latency and TLB walks are told of all accesses, the source of the data of loads only, of stores
 * whether they hit L1 or the last level. A line that is on its way counts for the level that
 * it comes from.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tests/vpmu/encode.h"

enum { TYPE_SPE = 8, TICK_NS = 10, KIND_SPE = 4, RECORD_BYTES = 64, SPLIT_BYTES = 1 << 15 };
enum { RECORD_TIME_CONV = 79, RECORD_AUXTRACE_INFO = 70 };

/* nanoseconds = ZERO + (ticks * MULT >> SHIFT) */
enum { SHIFT = 20, MULT = TICK_NS << SHIFT };
#define ZERO (VPMU_START_NS / 2)

struct state {
	struct aux {
		uint8_t *bytes;
		size_t len, cap;
		uint64_t offset; /* in the whole of its buffer */
		bool collided, announced;
	} aux[VPMU_NR_CPUS];
};

/* ---- packets ---- */

static uint8_t *packet(uint8_t *p, uint8_t head, uint64_t payload, unsigned int bytes)
{
	*p++ = head;
	memcpy(p, &payload, bytes);
	return p + bytes;
}

enum { /* bits of the events packet */
       EV_RETIRED = 1,
       EV_L1_ACCESS = 2,
       EV_L1_REFILL = 3,
       EV_TLB_ACCESS = 4,
       EV_TLB_WALK = 5,
       EV_LLC_ACCESS = 8,
       EV_LLC_MISS = 9,
};

static uint64_t events_of(const struct vpmu_sample *s)
{
	uint64_t e = 1 << EV_RETIRED;

	if (!s->addr)
		return e;
	e |= 1 << EV_L1_ACCESS | 1 << EV_TLB_ACCESS;
	e |= s->service.level != VPMU_L1 ? 1 << EV_L1_REFILL : 0;
	e |= s->flags & VPMU_TLB_MISS ? 1 << EV_TLB_WALK : 0;
	if (s->service.from == VPMU_L3 || s->service.from == VPMU_DRAM)
		e |= 1 << EV_LLC_ACCESS;
	e |= s->service.from == VPMU_DRAM ? 1 << EV_LLC_MISS : 0;
	return e;
}

/* Of a Neoverse: Arm Neoverse N1 TRM, "Data source packet". */
static uint8_t source_of(const struct vpmu_sample *s)
{
	static const uint8_t sources[VPMU_NR_LEVELS] = {
		[VPMU_L1] = 0x0, [VPMU_L2] = 0x8, [VPMU_L3] = 0xb, [VPMU_DRAM] = 0xe};

	return sources[s->service.from];
}

/* What loads and stores is a load: Arm has two instructions for it. */
static bool is_store(const struct vpmu_sample *s)
{
	return s->flags & VPMU_STORE && !(s->flags & VPMU_LOAD);
}

static void put_record(uint8_t to[RECORD_BYTES], const struct vpmu_sample *s)
{
	const uint64_t not_secure = 1ull << 63, address = (1ull << 56) - 1;
	uint8_t *p = to;

	memset(to, 0, RECORD_BYTES);
	p = packet(p, 0xb0, (s->ip & address) | not_secure, 8);
	p = packet(p, 0x64, (uint32_t)s->tid, 4);
	p = packet(p, s->addr ? 0x49 : 0x48, is_store(s), 1);
	p = packet(p, 0x52, events_of(s), 2);
	p = packet(p, 0x99, 4, 2);
	p = packet(p, 0x98, s->service.latency, 2);
	if (s->addr) {
		p = packet(p, 0xb2, s->addr & address, 8);
		p = packet(p, 0x9a, s->service.walk, 2);
		p = packet(p, 0xb3, (s->phys & address) | not_secure, 8);
	}
	if (s->addr && !is_store(s))
		packet(p, 0x43, source_of(s), 1);
	packet(to + RECORD_BYTES - 9, 0x71, (s->time_ns - ZERO) / TICK_NS, 8);
}

static void sample(struct vpmu_encoder *e, const struct vpmu_sample *s)
{
	struct state *st = e->state;
	struct aux *a = &st->aux[s->cpu];

	if (vec_reserve(&a->bytes, &a->cap, a->len + RECORD_BYTES, 1))
		abort();
	put_record(a->bytes + a->len, s);
	a->len += RECORD_BYTES;
	a->collided |= (s->flags & VPMU_COLLIDED) != 0;
}

/* ---- files ---- */

static struct damon_perf_sample id_of(const struct vpmu_encoder *e, unsigned int cpu, uint64_t time)
{
	return (struct damon_perf_sample){
		.pid = -1, .tid = -1, .time_ns = time, .cpu = cpu, .id = e->ids[0][cpu]};
}

/* In the ring: so much was written to the AUX buffer. Then, in the file, the bytes themselves. */
static void drained(struct vpmu_encoder *e, unsigned int cpu, uint64_t time_ns)
{
	struct state *st = e->state;
	struct aux *a = &st->aux[cpu];

	for (size_t at = 0, len; at < a->len; at += len) {
		uint64_t last, body[3] = {a->offset, 0, 0};
		struct damon_perf_sample id;

		len = MIN(a->len - at, (size_t)SPLIT_BYTES);
		/* the interrupt comes when the last record of the piece is written */
		memcpy(&last, a->bytes + at + len - 8, sizeof(last));
		id = id_of(e, cpu, ZERO + last * TICK_NS + TICK_NS);
		body[1] = len;
		body[2] = a->collided ? PERF_AUX_FLAG_COLLISION : 0;
		vpmu_record(e, PERF_RECORD_AUX, 0, body, sizeof(body), &id);
		damon_perf_writer_aux(e->out, cpu, -1, (int)cpu, a->offset, a->bytes + at, len);
		a->offset += len;
		a->collided = false;
	}
	a->len = 0;
	if (time_ns == UINT64_MAX)
		free(steal(&a->bytes));
}

static int begin(struct vpmu_encoder *e)
{
	const uint64_t conv[6] = {SHIFT, MULT, ZERO, 0, UINT64_MAX, 1};
	const struct {
		uint32_t kind, reserved;
		uint64_t pmu_type, per_cpu;
	} info = {KIND_SPE, 0, TYPE_SPE, 1};

	e->state = calloc(1, sizeof(struct state));
	if (!e->state)
		return -ENOMEM;
	damon_perf_writer_record(e->out, RECORD_TIME_CONV, 0, conv, sizeof(conv));
	damon_perf_writer_record(e->out, RECORD_AUXTRACE_INFO, 0, &info, sizeof(info));
	for (unsigned int cpu = 0; cpu < VPMU_NR_CPUS; cpu++) {
		const uint32_t ids[2] = {1000, 1000};
		struct damon_perf_sample id = id_of(e, cpu, VPMU_START_NS);

		vpmu_record(e, PERF_RECORD_ITRACE_START, 0, ids, sizeof(ids), &id);
	}
	return 0;
}

static void event(const struct vpmu_pmu *p, struct perf_event_attr *attr, char name[VPMU_NAME])
{
	bool loads = p->only & VPMU_ONLY_LOADS, stores = p->only & VPMU_ONLY_STORES;

	*attr = (struct perf_event_attr){
		.type = TYPE_SPE,
		.config = 1 | 1 << 1 | 1 << 16 | (uint64_t)loads << 33 | (uint64_t)stores << 34,
		.config2 = p->min_latency,
		.sample_period = p->period,
		.sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |
			       PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD |
			       PERF_SAMPLE_ADDR | PERF_SAMPLE_WEIGHT | PERF_SAMPLE_DATA_SRC |
			       PERF_SAMPLE_PHYS_ADDR,
	};
	snprintf(name, VPMU_NAME,
		 "arm_spe_0/ts_enable=1,pa_enable=1,jitter=1,load_filter=%d,store_filter=%d,"
		 "min_latency=%u/",
		 loads, stores, p->min_latency);
}

static void tracking(struct perf_event_attr *attr, char name[VPMU_NAME])
{
	*attr = (struct perf_event_attr){
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |
			       PERF_SAMPLE_TIME | PERF_SAMPLE_CPU,
	};
	snprintf(name, VPMU_NAME, "dummy:u");
}

/* Of stores there are events: a level that hit is known, who had what all missed is not. */
static uint8_t told_level(const struct vpmu_sample *s)
{
	uint8_t level = s->service.level;

	if (is_store(s) && level != VPMU_L1 && s->service.from != VPMU_L3)
		return VPMU_NO_LEVEL;
	return s->service.from;
}

static bool told(const struct vpmu_pmu *p, struct vpmu_sample *s)
{
	if (!s->addr)
		return false;
	s->time_ns -= (s->time_ns - ZERO) % TICK_NS;
	s->service.level = told_level(s);
	s->flags &= ~VPMU_TLB1_MISS;
	s->flags |= s->flags & VPMU_TLB_MISS ? 0 : VPMU_TLB_HIT;
	if (s->flags & VPMU_LOAD)
		s->flags &= ~VPMU_STORE;
	return true;
}

static const char *const pmu_names[] = {"software", "arm_spe_0"};
static const uint32_t pmu_types[] = {1, TYPE_SPE};

const struct vpmu_format vpmu_spe = {.name = "spe",
				     .kinds = 1 << VPMU_SPE,
				     .options = {.arch = "aarch64",
						 .cpuid = "0x00000000413fd0c1",
						 .pmu_names = pmu_names,
						 .pmu_types = pmu_types,
						 .nr_pmus = 2},
				     .event = event,
				     .tracking = tracking,
				     .begin = begin,
				     .sample = sample,
				     .drained = drained,
				     .told = told,
				     .tick_ns = TICK_NS};
