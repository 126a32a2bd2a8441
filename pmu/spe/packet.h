/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arm SPE, stage one: the bytes of a trace as packets. Format: Arm Architecture Reference Manual
 * (DDI 0487), "Statistical Profiling Extension Sample Record Specification".
 *
 * A packet is a header byte and a payload of 1, 2, 4 or 8 bytes, little-endian. Bits 5:4 of the
 * header say how many. An extended header has a byte more in front.
 */
#ifndef PMU_SPE_PACKET_H
#define PMU_SPE_PACKET_H

#include <stddef.h>
#include <stdint.h>

/* No packet is longer. */
#define DAMON_SPE_PACKET_MAX 16

enum damon_spe_kind {
	DAMON_SPE_BAD,	     /* no packet begins here: one byte to go over */
	DAMON_SPE_PAD,	     /* or an alignment, which goes to the next multiple of 2..16 */
	DAMON_SPE_END,	     /* of a record without a time */
	DAMON_SPE_TIMESTAMP, /* of the generic timer; ends a record */
	DAMON_SPE_EVENTS,    /* a bit for each */
	DAMON_SPE_SOURCE,    /* where the data came from, in the CPU's own numbers */
	DAMON_SPE_CONTEXT,   /* CONTEXTIDR of exception level index + 1 */
	DAMON_SPE_OP,	     /* of class 'index' */
	DAMON_SPE_ADDRESS,   /* 'index' says of what */
	DAMON_SPE_COUNTER,   /* cycles; 'index' says of what */
};

enum damon_spe_op_class {
	DAMON_SPE_OP_OTHER,
	DAMON_SPE_OP_MEMORY, /* loads, stores, atomics */
	DAMON_SPE_OP_BRANCH,
};

enum damon_spe_address {
	DAMON_SPE_PC,
	DAMON_SPE_TARGET, /* of a branch */
	DAMON_SPE_VA,
	DAMON_SPE_PA,
};

enum damon_spe_counter {
	DAMON_SPE_TOTAL,       /* from the moment it was chosen until it was complete */
	DAMON_SPE_ISSUE,       /* of that until it could begin */
	DAMON_SPE_TRANSLATION, /* of its address */
};

struct damon_spe_packet {
	uint64_t payload;
	uint8_t kind;  /* enum damon_spe_kind */
	uint8_t index; /* of operations, addresses, counters and contexts */
};

/*
 * The packet that begins at p[0], of which n > 0 bytes are there; 'pos' is where they lie in the
 * trace. Returns its length, 1..DAMON_SPE_PACKET_MAX, or 0 if more bytes are needed.
 */
size_t damon_spe_packet(const uint8_t *p, size_t n, uint64_t pos, struct damon_spe_packet *out);

#endif
