/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Accesses computed from sampled registers: what the parts of the source share.
 *
 * A tick of the CPU clock brings the user registers of one instruction boundary, and the top of the
 * stack. From there the code is run on a copy of the registers: a burst. It yields the addresses of
 * the next accesses until a value that cannot be known decides the way on. Parts:
 *
 *	soft.c		the source: events, observations, statistics
 *	code.c		code bytes to micro-ops, each instruction once
 *	values.c	where loaded values come from
 *	x86_*.c		one architecture (struct soft_arch): decoder, interpreter, stall address
 */
#ifndef PMU_SOFT_SOFT_H
#define PMU_SOFT_SOFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/sample.h"
#include "pmu/soft/uop.h"
#include "pmu/source.h"

struct soft_code;
struct soft_unit;
struct soft_values;

/* Why a burst ended. */
enum soft_stop {
	SOFT_STOP_ACCESSES,	/* as many as an observation holds */
	SOFT_STOP_BRANCH,	/* a condition that is not known */
	SOFT_STOP_INDIRECT,	/* a target that is not known */
	SOFT_STOP_SYSCALL,	/* or another way into the kernel */
	SOFT_STOP_INSTRUCTIONS, /* long enough */
	SOFT_STOP_CODE,		/* no code bytes, or none that can be decoded */
	SOFT_NR_STOPS
};

struct soft_limits {
	uint32_t burst_accesses; /* 1..DAMON_BURST_MAX */
	uint32_t burst_insns;	 /* looked at where blocks end: bursts may be a block longer */
	uint32_t mem_reads;	 /* of the target per burst; 0: exact addresses only */
};

#define SOFT_MAX_REGS 40 /* of any architecture */

/* How a burst ended: for tests and proofs. */
struct soft_end {
	uint64_t regs[SOFT_MAX_REGS]; /* in the sample's order; valid where 'known' says so */
	uint64_t known;		      /* bit per register */
	uint64_t flags, flags_known;  /* in the architecture's own layout */
};

/*
 * The way of a burst through its code: what each decision was. A burst that follows it takes the
 * same way, whether it knows enough to find it by itself or not.
 */
#define SOFT_MAX_PATH 256

struct soft_path {
	uint32_t nr, pos;   /* decisions noted; the next one to be followed */
	uint32_t nr_helped; /* followed decisions that were not known on the way */
	bool follow;
	uint64_t to[SOFT_MAX_PATH]; /* of a branch: whether it was taken; of a jump: where to */
};

struct soft_burst {
	struct soft_path *path; /* notes the way, or follows it; NULL: neither */
	struct damon_access access[DAMON_BURST_MAX];
	uint16_t at[DAMON_BURST_MAX]; /* of each access: instructions run before its own */
	uint32_t nr, nr_unknown;
	uint32_t nr_carried; /* without an address, but carried by others that have one */
	uint32_t nr_insns;
	uint32_t nr_reads; /* of the target; more than 'mem_reads' now and then, to learn */
	/*
	 * A chain of pointers: access[chain] is of an instruction that ran again 'chain_insns'
	 * instructions later, at an address that had been loaded meanwhile. 0: none was seen.
	 */
	uint16_t chain_insns;
	uint8_t chain;
	enum soft_stop stop;
	struct soft_end *end; /* filled if not NULL; set by the caller */
};

/* An instruction that may have accessed memory just before a sample. */
struct soft_stall {
	uint8_t known; /* 0: no address to be told */
	uint8_t base, index, shift;
	uint8_t flags; /* enum damon_access_flags */
	uint8_t size;
	int16_t adjust; /* added to the address: what the instruction did to the base meanwhile */
	int32_t disp;
	uint32_t insn; /* offset of the instruction */
};

struct soft_arch {
	const char *name;
	uint16_t elf_machine;
	uint8_t nr_regs;	/* that a sample brings */
	uint8_t reg_ip, reg_sp; /* positions in the sample */
	uint64_t regs_mask;	/* sample_regs_user */

	/*
	 * Decodes the instruction at offset 'off' from 'bytes[0..n)' into at most SOFT_INSN_UOPS
	 * micro-ops. Returns their number, 0 if it cannot be decoded. '*ends': nothing follows it
	 * in line.
	 */
	int (*decode)(const uint8_t *bytes, size_t n, uint32_t off, struct soft_uop *out, int *len,
		      bool *ends);

	/* Runs a burst from 'regs'. soft_code_begin() and soft_values_begin() were called. */
	void (*run)(struct soft_code *code, struct soft_values *values, const uint64_t *regs,
		    const struct soft_limits *limits, struct soft_burst *b);

	/*
	 * Finds the access that the CPU waited for when it was interrupted before the instruction
	 * at 'off': 'before' bytes precede it in 'bytes', which has 'n' in all.
	 */
	void (*backward)(const uint8_t *bytes, size_t n, size_t before, uint32_t off,
			 struct soft_stall *out);

	/* Its address from the sampled registers; 'base' is the unit's. Returns 1 or 0 (not known).
	 */
	int (*stall_address)(const struct soft_stall *s, const uint64_t *regs, uint64_t base,
			     uint64_t *addr);
};

extern const struct soft_arch soft_arch_x86_64;

/* User addresses: the lower canonical half of four-level paging, without the page of NULL. */
#define SOFT_ADDR_MIN 0x1000ull
#define SOFT_ADDR_MAX (1ull << 47)

static inline bool soft_addr_ok(uint64_t addr)
{
	return addr - SOFT_ADDR_MIN < SOFT_ADDR_MAX - SOFT_ADDR_MIN;
}

/* Near the stack pointer 'sp' of the sample: frames below and above it. */
static inline bool soft_addr_stack(uint64_t addr, uint64_t sp)
{
	return addr - sp + (64 << 10) < (64 << 10) + (256 << 10);
}

/* One sample, told apart from its record. */
struct soft_tick {
	int pid;
	uint64_t time_ns;
	const uint64_t *regs;
	const uint8_t
		*stack; /* from the stack pointer upwards; 8-byte alignment is not asked for */
	uint32_t stack_len;
	const struct damon_space *space;
};

/* The engine without the source around it: what proofs and measurements run. */
struct soft;
struct soft_code_limits;

struct soft *soft_new(const struct damon_peek *peek, const struct soft_limits *limits,
		      const struct soft_code_limits *code); /* NULL limits: defaults; NULL: no
							       memory */
void soft_free(struct soft *s);
void soft_run(struct soft *s, const struct soft_arch *arch, const struct soft_tick *t,
	      struct soft_burst *b);
/* The stall address of the tick: returns 1 with 'out', or 0. After soft_run() of the same tick. */
int soft_stall(struct soft *s, const struct soft_arch *arch, const struct soft_tick *t,
	       struct damon_access *out);
struct soft_code *soft_code_of(struct soft *s);

extern const struct soft_limits soft_limits_default;
extern const struct damon_source_ops damon_soft_source;

#endif
