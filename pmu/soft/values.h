/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the values of loads come from, in this order: the burst's own stores; the sampled stack;
 * pages that cannot be written; a few reads of the target. What is not there is unknown.
 *
 * Values of the last kind are newer than the sample: from then on the burst is 'likely'. So it is
 * once a value might have been overwritten by a store of the burst whose address is unknown.
 *
 * Pages that cannot be written are told by the file's ELF program headers. In a segment that is
 * not writable (.rodata, tables in .text) the file's own bytes are the values: exact, and there
 * even if the process is gone. In a writable segment that is mapped read-only now (RELRO) the
 * start-up code wrote before: its pages are copied from the target once per space and mapping.
 * Files other than ELF, shared and anonymous mappings are memory like any other.
 */
#ifndef PMU_SOFT_VALUES_H
#define PMU_SOFT_VALUES_H

#include "pmu/soft/soft.h"

#define SOFT_MAX_STORES 32 /* a burst has 16 accesses, calls included */
#define SOFT_MAX_READS	16
#define SOFT_LINE	64u

struct soft_store {
	uint64_t addr, value, size;
	bool known;
};

struct soft_line {
	uint64_t addr;
	uint8_t bytes[SOFT_LINE];
};

struct soft_ro_page;

struct soft_values {
	/* of the burst */
	int pid;
	const struct damon_space *space;
	uint64_t sp;
	const uint8_t *stack;
	uint32_t stack_len;
	uint32_t nr_stores, nr_lines, nr_reads, max_reads;
	bool blind;  /* a store went to an unknown address */
	bool likely; /* see above */
	struct soft_store store[SOFT_MAX_STORES];
	struct soft_line line[SOFT_MAX_READS];

	/* of the source */
	struct damon_peek peek;
	struct soft_ro_page *ro; /* by hash of space and page */
	struct {
		uint64_t start, end;
		uint32_t space, version;
	} plain;		 /* the mapping last found to be memory like any other */
	uint64_t nr_snapshots;	 /* pages copied */
	uint64_t nr_reads_total; /* of lines */
};

/* 0 or -ENOMEM. 'peek' is copied. */
int soft_values_init(struct soft_values *v, const struct damon_peek *peek);
void soft_values_release(struct soft_values *v);

void soft_values_begin(struct soft_values *v, const struct soft_tick *t, uint64_t sp,
		       uint32_t max_reads);

/* A store of the burst; 'size' may be more than 8 if the value is not known. */
static inline void soft_values_store(struct soft_values *v, uint64_t addr, uint64_t size,
				     uint64_t value, bool known)
{
	if (v->nr_stores == SOFT_MAX_STORES) {
		v->blind = true;
		return;
	}
	v->store[v->nr_stores++] = (struct soft_store){addr, value, size, known};
}

/* The value of 'size' (1..8) bytes at 'addr', zero extended. Returns false if it is not known. */
bool soft_values_load(struct soft_values *v, uint64_t addr, uint32_t size, uint64_t *value);

#endif
