/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the values of loads come from, in this order: the burst's own stores; the sampled stack;
 * pages that cannot be written; a few reads of the target. What is not there is unknown.
 *
 * Reads are dear, and most loaded values decide neither an address nor a branch. Which loads are
 * worth a read is learnt: a burst that read is run again without, and what it did not gain by
 * speaks against the instruction that it read for.
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
#define SOFT_LINE	256u /* bytes of a read: as cheap as fewer */
#define SOFT_RED_ZONE	128u /* below the stack pointer: leaf functions keep locals there */
#define SOFT_NR_SITES	(1u << 14)

struct soft_store {
	uint64_t addr, value, size;
	bool known;
};

struct soft_line {
	uint64_t addr;
	uint32_t size; /* bytes really read */
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
	uint32_t nr_stores, nr_lines, nr_reads, nr_spent, max_reads;
	bool missed; /* a value was not to be had, as all reads were spent */
	bool blind;  /* a store went to an unknown address */
	bool likely; /* see above */
	struct soft_store store[SOFT_MAX_STORES];
	struct soft_line line[SOFT_MAX_READS];
	uint32_t read_site[SOFT_MAX_READS]; /* of each read */

	/* of the source */
	struct damon_peek peek;
	struct soft_ro_page *ro; /* by hash of space and page */
	struct {
		uint64_t start, end;
		uint32_t space, version;
	} plain;		 /* the mapping last found to be memory like any other */
	uint8_t *worth;		 /* of a read for each load instruction, by hash; 0: none */
	uint32_t nr_refused;	 /* reads not made for want of worth */
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

/*
 * The value of 'size' (1..8) bytes at 'addr', zero extended, for the load instruction 'site' (any
 * number that tells instructions apart). Returns false if it is not known.
 */
bool soft_values_load(struct soft_values *v, uint64_t addr, uint32_t size, uint32_t site,
		      uint64_t *value);

/* Are all sites that this burst read for known to be worth it? */
bool soft_values_settled(const struct soft_values *v);

/* Tells whether the reads of this burst led to addresses or decisions that it would not have had
 * without. */
void soft_values_learn(struct soft_values *v, const uint32_t *sites, uint32_t nr, bool gained);

#endif
