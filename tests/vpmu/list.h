/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The neutral list: what virtual PMUs sampled of a run, with everything that the model knows of
 * each sample, and the run's mappings and tasks. Encoders write of it what the real PMU would tell.
 *
 * A file is a head, then entries of two fixed sizes, each with its type before it, all in the
 * byte order of the machine: lists do not travel.
 */
#ifndef VPMU_LIST_H
#define VPMU_LIST_H

#include <stddef.h>
#include <stdint.h>

enum vpmu_kind {
	VPMU_LOADS,  /* PEBS, loads: each P-th that takes at least so long */
	VPMU_STORES, /* PEBS, stores: each P-th */
	VPMU_IBS,    /* IBS op: each P-th instruction, the low bits of P are random */
	VPMU_SPE,    /* SPE: likewise; a sample that comes while one is in flight is lost */
	VPMU_NR_KINDS
};
extern const char *const vpmu_kind_names[VPMU_NR_KINDS];

enum { VPMU_MAX_PMUS = 32, VPMU_NR_CPUS = 4 };

enum vpmu_only { VPMU_ONLY_LOADS = 1, VPMU_ONLY_STORES = 2 }; /* SPE; none: every operation */

struct vpmu_pmu {
	uint32_t kind;	      /* enum vpmu_kind */
	uint32_t min_latency; /* cycles: loads (LOADS), all operations (SPE) */
	uint64_t period;
	uint32_t only;	      /* enum vpmu_only, or both */
	uint32_t nr_collided; /* SPE: samples lost */
	uint64_t nr_samples;
};

struct vpmu_head {
	char magic[8];
	uint32_t version, nr_pmus;
	uint64_t finished; /* until it is 1, it is no list */
	uint64_t instructions, accesses;
	uint64_t nr_samples, nr_events;
	struct vpmu_pmu pmus[VPMU_MAX_PMUS];
};

enum vpmu_level {
	VPMU_NO_LEVEL, /* no memory operation */
	VPMU_L1,
	VPMU_LFB, /* its line was on its way */
	VPMU_L2,
	VPMU_L3,
	VPMU_DRAM,
	VPMU_NR_LEVELS
};
extern const char *const vpmu_level_names[VPMU_NR_LEVELS];

enum vpmu_flags {
	VPMU_LOAD = 1,
	VPMU_STORE = 2,
	VPMU_TLB1_MISS = 4, /* not in the first level of TLB */
	VPMU_TLB_MISS = 8,  /* nor in the second */
	VPMU_COLLIDED = 16, /* SPE: samples were lost between the last one and this */
	VPMU_TLB_HIT = 32,  /* as told to readers: neither flag above means not told */
};

/* What the memory system says of an access. */
struct vpmu_service {
	uint8_t level;	  /* enum vpmu_level */
	uint8_t from;	  /* LFB: the level that the line comes from; else 'level' */
	uint8_t flags;	  /* of enum vpmu_flags, the TLB's */
	uint16_t latency; /* cycles in all */
	uint16_t walk;	  /* of them, cycles of translation */
};

struct vpmu_sample {
	uint64_t time_ns; /* of the virtual clock: 3 instructions a ns, from VPMU_START_NS on */
	uint64_t access;  /* number of the access, or of those before it */
	uint64_t ip;
	uint64_t addr, phys; /* 0: no memory operation */
	uint32_t seq;	     /* of its PMU, without gaps */
	int32_t pid, tid;
	uint16_t cpu;
	uint8_t pmu;   /* index in the head */
	uint8_t size;  /* bytes */
	uint8_t flags; /* enum vpmu_flags */
	uint8_t spare[3];
	struct vpmu_service service;
};

enum vpmu_event_type { VPMU_MAP, VPMU_FORK, VPMU_COMM, VPMU_EXIT };

struct vpmu_event {
	uint64_t time_ns, access;
	uint32_t type; /* enum vpmu_event_type */
	int32_t pid, tid, ppid, ptid;
	uint16_t cpu, prot;
	uint32_t map_flags, major, minor;
	uint64_t start, len, offset, inode;
	char name[256];
};

#define VPMU_START_NS 1000000000ull

/* ---- writing ---- */

struct vpmu_writer;

/* Returns 0 or -errno; what fails later is told by vpmu_list_finish(). */
int vpmu_list_create(const char *path, struct vpmu_writer **w);
void vpmu_list_sample(struct vpmu_writer *w, const struct vpmu_sample *s);
void vpmu_list_event(struct vpmu_writer *w, const struct vpmu_event *e);
/* Leaves nothing in memory that a forked child would write once more. */
void vpmu_list_flush(struct vpmu_writer *w);
/* Completes and closes the file, frees 'w'. 'head' brings PMUs and totals. Returns 0 or the first
 * failure of all. */
int vpmu_list_finish(struct vpmu_writer *w, const struct vpmu_head *head);

/* ---- reading ---- */

struct vpmu_list {
	struct vpmu_head head;
	struct vpmu_sample *samples; /* sorted by time, then PMU */
	struct vpmu_event *events;   /* sorted by time */
};

/* -EBADMSG: no list, or not finished. */
int vpmu_list_read(const char *path, struct vpmu_list *l);
void vpmu_list_release(struct vpmu_list *l);

/* Times become those of a run with a steady pace of accesses that takes 'ns' in all: the clock of
 * who judges by accesses. */
void vpmu_list_pace(struct vpmu_list *l, uint64_t ns);

/* ---- the virtual machine ---- */

/* Where a page lies physically: scattered over 2^48 bytes, no two in one place. */
uint64_t vpmu_phys(uint64_t addr);

/* The CPU that a thread is on at a time: threads are moved every millisecond. */
unsigned int vpmu_cpu(int tid, uint64_t time_ns);

#endif
