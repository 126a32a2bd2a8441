/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decoded code. A unit is a contiguous piece of code: the executable mapping of a file (shared by
 * every process that maps it), the vdso, or an anonymous executable mapping of one space. Its bytes
 * come from the file's image, or page by page from a target's memory.
 *
 * Each instruction is decoded once, when a burst first gets there, in blocks that are linked to one
 * another; an index by offset is needed only where bursts enter and at indirect jumps.
 *
 * Memory is bounded: when a limit is reached, the burst at hand ends, and everything is forgotten
 * and decoded anew from the next one on.
 */
#ifndef PMU_SOFT_CODE_H
#define PMU_SOFT_CODE_H

#include "pmu/soft/soft.h"

struct soft_code_limits {
	uint32_t max_uops;   /* 16 bytes each */
	uint32_t max_chunks; /* of the index: 256 bytes for 64 bytes of code */
	uint32_t max_units;
	uint32_t max_pages;  /* of code read from memory */
	uint64_t recheck_ns; /* anonymous code is compared with the target's this often */
};
extern const struct soft_code_limits soft_code_limits_default;

struct soft_code_stats {
	uint64_t insns;	  /* decoded */
	uint64_t forgets; /* times that everything was forgotten */
	uint64_t reads;	  /* of code from a target's memory */
	uint64_t changes; /* anonymous code found changed */
	uint32_t nr_uops, nr_units, nr_pages;
};

/* 'peek' is copied. NULL: no memory. */
struct soft_code *soft_code_new(const struct damon_peek *peek, const struct soft_code_limits *l);
void soft_code_free(struct soft_code *c);

/* Before each burst. 'read_anon': code of anonymous mappings may be read from memory. */
void soft_code_begin(struct soft_code *c, const struct soft_arch *arch, const struct soft_tick *t,
		     bool read_anon);

/* Where code was found. */
struct soft_place {
	struct soft_unit *unit;
	uint64_t base; /* address of the unit's offset 0 in the process at hand */
	bool late;     /* read from memory that may have changed since the sample */
};

/* The place of address 'ip'. 'entry': the sample's own ip. Returns 1 or 0. */
int soft_code_place(struct soft_code *c, uint64_t ip, bool entry, struct soft_place *out);

/* The micro-op at 'ip', decoded if need be; 0 if there is no code. Fills 'out' as above. */
uint32_t soft_code_find(struct soft_code *c, uint64_t ip, bool entry, struct soft_place *out);

/* Follows a link that is a code offset yet, and makes it an index. 0: no code. */
uint32_t soft_code_link(struct soft_code *c, struct soft_unit *u, uint32_t *link);

/* All micro-ops; the array never moves. */
struct soft_uop *soft_code_uops(struct soft_code *c);

/* Copies at most 'n' code bytes from offset 'off'. Returns how many there were. */
size_t soft_code_bytes(struct soft_code *c, struct soft_unit *u, uint32_t off, uint8_t *out,
		       size_t n);

/* The access waited for before offset 'off' (remembered). NULL: not known. */
const struct soft_stall *soft_code_stall(struct soft_code *c, struct soft_unit *u, uint32_t off);

void soft_code_stats(const struct soft_code *c, struct soft_code_stats *out);

#endif
