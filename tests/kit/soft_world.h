/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process for the soft source that consists of a few arrays: code, memory, registers, stack. */
#ifndef KIT_SOFT_WORLD_H
#define KIT_SOFT_WORLD_H

#include "pmu/soft/code.h"
#include "pmu/soft/soft.h"
#include "pmu/soft/values.h"
#include "pmu/soft/x86.h"

#define WORLD_CODE  0x400000ull /* where world_code() puts it */
#define WORLD_STACK 0x7ffff0001000ull
#define WORLD_PID   7

struct world_memory {
	uint64_t addr;
	const uint8_t *bytes;
	size_t len;
};

struct world {
	struct soft *soft;
	struct damon_space *space;
	struct damon_peek peek;
	struct damon_image image[4]; /* of inodes 1..4 */
	uint8_t *code;		     /* what image[0] is made of */
	struct world_memory memory[8];
	size_t nr_memory;
	uint64_t now_ns;
	uint64_t regs[X86_NR_SAMPLED];
	uint8_t stack[512];
	uint32_t stack_len;
	unsigned reads; /* of memory, so far */
	struct soft_end end;
	struct soft_burst burst;
};

/* 'limits' and 'code' may be NULL: the defaults. Registers are 0 but for ip, sp and flags; the
 * stack is 512 zeroes. */
void world_init(struct world *w, const struct soft_limits *limits,
		const struct soft_code_limits *code);
void world_release(struct world *w);

/* Maps code as a file at WORLD_CODE: inode 1. Once. */
void world_code(struct world *w, const uint8_t *bytes, size_t n);

/* Maps [start, end) with a file (inode 0: none) at 'offset'. */
void world_map(struct world *w, uint64_t start, uint64_t end, unsigned prot, uint64_t inode,
	       uint64_t offset, const char *name);

/* Memory that can be read; mapping it is another matter. 'bytes' is not copied. */
void world_add_memory(struct world *w, uint64_t addr, const void *bytes, size_t len);

/* Runs a burst from the registers. */
struct soft_burst *world_run(struct world *w);

/* The accesses of the last burst as text, such as "L8 1000 S4+2 7fff0010~": load or store or both
 * (M), size, +index of the instruction, address, 's' stack, '~' likely. */
const char *world_text(struct world *w);

/* Bytes from text such as "48 8b 07". Returns their number. */
size_t world_hex(const char *text, uint8_t *out, size_t cap);

#endif
