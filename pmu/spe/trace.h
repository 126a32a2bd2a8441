/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arm SPE, stage two: packets as records, and records as memory samples.
 *
 * A record is what one sampled operation left: packets in no fixed order, up to a timestamp or an
 * end packet. Pieces of a trace may cut it, and packets, anywhere; what lacks its end waits here.
 * A record with bytes in it that are no packet is left out as a whole, for its other packets may
 * belong to two. So is one that lost its end: another program counter, operation or data address
 * begins the next.
 */
#ifndef PMU_SPE_TRACE_H
#define PMU_SPE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/sample.h"
#include "perf/file.h"
#include "perf/record.h"
#include "pmu/spe/packet.h"

/* Bits of 'has'. */
enum damon_spe_has {
	DAMON_SPE_HAS_PC = 1 << 0,
	DAMON_SPE_HAS_VA = 1 << 1,
	DAMON_SPE_HAS_PA = 1 << 2,
	DAMON_SPE_HAS_OP = 1 << 3,
	DAMON_SPE_HAS_EVENTS = 1 << 4,
	DAMON_SPE_HAS_SOURCE = 1 << 5,
	DAMON_SPE_HAS_CONTEXT = 1 << 6,
	DAMON_SPE_HAS_TIME = 1 << 7,
	DAMON_SPE_HAS_TOTAL = 1 << 8,
	DAMON_SPE_HAS_OTHER = 1 << 9, /* a packet of no use here */
};

/* Bits of 'events'; those above 18 since SPEv1p4, before which they are 0. */
enum damon_spe_event {
	DAMON_SPE_RETIRED = 1 << 1,
	DAMON_SPE_L1_ACCESS = 1 << 2,
	DAMON_SPE_L1_REFILL = 1 << 3,
	DAMON_SPE_TLB_ACCESS = 1 << 4,
	DAMON_SPE_TLB_WALK = 1 << 5,
	DAMON_SPE_LLC_ACCESS = 1 << 8,
	DAMON_SPE_LLC_MISS = 1 << 9,
	DAMON_SPE_REMOTE = 1 << 10,
	DAMON_SPE_L2_ACCESS = 1 << 19,
	DAMON_SPE_L2_MISS = 1 << 20,
	DAMON_SPE_MODIFIED = 1 << 21,  /* in another cache */
	DAMON_SPE_UNDER_WAY = 1 << 22, /* recently fetched */
	DAMON_SPE_SNOOPED = 1 << 23,   /* from another cache */
};

/* One operation, as its packets say it; 0 for what 'has' lacks. */
struct damon_spe_record {
	uint64_t pc, va, pa; /* payloads, with their tags */
	uint64_t events, time;
	uint32_t context;
	uint16_t has;
	uint16_t source;
	uint16_t total; /* cycles */
	uint8_t op_class, op;
	uint8_t context_level;
};

struct damon_spe_tally {
	uint64_t skipped; /* bytes that are no packet */
	uint64_t broken;  /* records left out: with such bytes in them, or without their end */
};

/* Of one buffer. All zero: nothing was read yet. */
struct damon_spe_decoder {
	struct damon_spe_record record; /* as far as it has been read */
	uint64_t pos;			/* behind the last byte taken */
	uint8_t cut[DAMON_SPE_PACKET_MAX];
	uint8_t nr_cut; /* bytes of a packet that lacks its end, which lie before 'pos' */
	bool is_broken; /* 'record' is to be left out */
	struct damon_spe_tally tally;
};

/* Receives a record; it is valid during the call only. */
typedef void (*damon_spe_record_fn)(void *priv, const struct damon_spe_record *r);

/* The bytes [pos, pos + n) of the trace. If they do not follow the last ones, what waits is
 * dropped, and counted. */
void damon_spe_decode(struct damon_spe_decoder *d, uint64_t pos, const uint8_t *p, size_t n,
		      damon_spe_record_fn fn, void *priv);

/* Drops and counts what waits: its end was lost. */
void damon_spe_drop(struct damon_spe_decoder *d);

/* Is it an access to memory? One that lacks its operation is if it has a data address. */
bool damon_spe_is_memory(const struct damon_spe_record *r);

/* Which one (enum damon_access_flags): atomic operations are load and store. 0: it does not say. */
uint8_t damon_spe_access(const struct damon_spe_record *r);

/* Where it was served from, and what became of its address: by the data source packet where the
 * CPU's numbers are known ('midr', its MIDR_EL1; 0: not told), else by events. */
void damon_spe_level(const struct damon_spe_record *r, uint64_t midr, struct damon_hw *hw);

/* What the records of a piece do not say themselves. */
struct damon_spe_origin {
	int cpu, pid, tid; /* -1: not known */
	uint64_t time_ns, period, midr;
	struct damon_perf_time_conv conv;
};

/*
 * A record as a sample, as perf's decoder would make it:
 *
 *	addr		bits 55:0, the byte above is a tag; 0: none
 *	weight		the total latency: the one that min_latency filters by. It begins when the
 *			operation was chosen, so it also has what that waited for its operands
 *	pid, tid	CONTEXT is the number of the thread, and pid is known only where 'from' is
 *			of the same thread or of the process's first one, else -1. A record without
 *			one is of whom 'from' says
 *	time_ns		its own time, if there is a way to convert it, else that of 'from'
 */
void damon_spe_sample(const struct damon_spe_record *r, const struct damon_spe_origin *from,
		      struct damon_perf_sample *out);

#endif
