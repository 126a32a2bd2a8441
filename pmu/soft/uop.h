/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Micro-ops: what instructions are decoded into, once, and what bursts run.
 *
 * A memory operand becomes a micro-op of its own (load to, or store from, a temporary register), so
 * that arithmetic sees registers only. Micro-ops are position independent: code positions are
 * offsets into their unit (pmu/soft/code.h) and one register holds the unit's address in the
 * process at hand. Which registers and operations there are is the architecture's affair, but for
 * the two that code.c makes itself.
 */
#ifndef PMU_SOFT_UOP_H
#define PMU_SOFT_UOP_H

#include <stdint.h>

struct soft_uop {
	uint8_t op;
	uint8_t dst, src; /* registers */
	uint8_t first;	  /* 1 on the first micro-op of an instruction, else 0 */
	union {
		struct {
			uint8_t base, index, shift; /* address = base + (index << shift) + disp */
			uint8_t size;		    /* of the operand, bytes */
		};
		uint32_t next; /* a second link, code offset or mask of registers */
	};
	int32_t disp; /* displacement or immediate */
	uint32_t aux; /* memory: offset of the own instruction; branches: a link */
};
_Static_assert(sizeof(struct soft_uop) == 16, "four to a cache line");

/* A link is the index of a micro-op, or, until it was followed once, a code offset with this bit.
 */
#define SOFT_UNLINKED 0x80000000u

enum {
	SOFT_OP_BAD,  /* no code here. Index 0 always is one */
	SOFT_OP_LINK, /* go on at link 'aux' */
	SOFT_OP_ARCH, /* the first operation of the architecture's own */
};

/* An instruction is at most so many micro-ops. */
#define SOFT_INSN_UOPS 12

#endif
