/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual PMUs of a run: shown every instruction and access, they pick their samples as the
 * real ones do. An instruction counts as one cycle and one operation.
 */
#ifndef VPMU_PMUS_H
#define VPMU_PMUS_H

#include <stdbool.h>

#include "base/rng.h"
#include "tests/vpmu/list.h"

/* An instruction's place. */
struct vpmu_insn {
	uint64_t ip;
	uint32_t index; /* in its block */
};

struct vpmu_block {
	uint32_t nr;
	struct vpmu_insn insns[];
};

struct vpmu_access {
	uint64_t addr;
	uint32_t index; /* of its instruction in the block */
	uint8_t size;
	bool store;
	struct vpmu_service service;
};

/* A thread, and where it is. */
struct vpmu_thread {
	int pid, tid;
	uint64_t base; /* instructions of all threads before its block */
	const struct vpmu_block *block;
};

struct vpmus {
	struct vpmu_head head;
	struct vpmus_state {
		uint64_t left; /* LOADS, STORES: events until the next sample */
		uint64_t next; /* IBS, SPE: number of the instruction to be tagged */
		uint64_t busy; /* SPE: cycle at which the last one is done */
		struct rng rng;
		bool collided;
		/* IBS, SPE: the tagged operation, until its block is left */
		int owner; /* tid; 0: none */
		uint32_t index;
		struct vpmu_sample sample;
	} state[VPMU_MAX_PMUS];
	void (*emit)(void *priv, const struct vpmu_sample *s);
	void *priv;
};

/*
 * Adds PMUs by their text, KIND=PERIOD[/OPTION]...: pebs (loads and stores), loads, stores, ibs,
 * spe; options latency=CYCLES, loads, stores (SPE). Periods of IBS are multiples of 16, of SPE at
 * least 256. 0, or -EINVAL.
 */
int vpmus_add(struct vpmus *v, const char *text);
/* Of all that were added; 'seed' picks their random bits. */
void vpmus_start(struct vpmus *v, uint64_t seed);

/* A thread begins a block of instructions. */
void vpmus_block(struct vpmus *v, struct vpmu_thread *t, const struct vpmu_block *b);
/* One of its instructions accesses memory. */
void vpmus_access(struct vpmus *v, const struct vpmu_thread *t, const struct vpmu_access *a);
/* The thread has ended. */
void vpmus_leave(struct vpmus *v, struct vpmu_thread *t);

/* Nanoseconds at an instruction. */
uint64_t vpmus_time(uint64_t instruction);

#endif
