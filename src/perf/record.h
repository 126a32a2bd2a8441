/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PERF_RECORD_* parsed: one flat view of what the layers above need. Format: perf_event_open(2) and
 * include/uapi/linux/perf_event.h. Every record is bounds checked; unknown ones are told as such.
 */
#ifndef PERF_RECORD_H
#define PERF_RECORD_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

#define DAMON_PERF_MAX_REGS    64
#define DAMON_PERF_FORMAT_LOST (1ull << 4) /* PERF_FORMAT_LOST of Linux 6.0 */

/* A PERF_RECORD_SAMPLE. Fields that sample_type lacks are 0. Pointers point into the record. */
struct damon_perf_sample {
	uint32_t event; /* index of the attr it belongs to */
	uint32_t rung;	/* of a ladder: of its event; else 0 */
	uint16_t misc;	/* of the header */
	uint64_t ip, time_ns, addr, period, id, weight, data_src, phys_addr;
	int pid, tid;
	uint32_t cpu;
	uint64_t regs_abi;    /* PERF_SAMPLE_REGS_ABI_*, 0: none */
	const uint64_t *regs; /* popcount(sample_regs_user) values in mask order, NULL if none */
	uint32_t nr_regs;
	const uint8_t *stack; /* from the stack pointer upwards */
	uint32_t stack_len;   /* bytes really captured */
	const uint8_t *raw;
	uint32_t raw_len;
};

struct damon_perf_mmap {
	int pid, tid;
	struct damon_mapping_bytes {
		uint64_t start, len, offset, dev, inode;
		uint8_t build_id[20], build_id_len;
		uint32_t prot, flags; /* PROT_*, MAP_*; prot is PROT_EXEC-or-0 unless MMAP2 */
	} map;
	const char *name; /* NUL-terminated within the record */
};

struct damon_perf_task { /* FORK, EXIT */
	int pid, ppid, tid, ptid;
};

struct damon_perf_comm {
	int pid, tid;
	bool exec;
	const char *comm;
};

struct damon_perf_record {
	uint32_t type;	  /* PERF_RECORD_* */
	uint64_t time_ns; /* 0 if it carries none */
	bool was_there;	  /* it has a time, of 0: perf made it up for what there was before */
	union {
		struct damon_perf_sample sample;
		struct damon_perf_mmap mmap; /* MMAP, MMAP2 */
		struct damon_perf_task task;
		struct damon_perf_comm comm;
		uint64_t lost; /* LOST, LOST_SAMPLES: how many */
		struct {
			uint64_t offset, size, flags; /* AUX: PERF_AUX_FLAG_* */
			int pid, tid;		      /* of whom; 0: not told */
		} aux;
	};
};

/*
 * Parses one record that was written under 'attr' (the first event's for records that carry no id).
 * 'h' must hold h->size readable bytes, 8-byte aligned. Returns 0, or -EBADMSG if it is malformed
 * or too short for what it claims.
 */
int damon_perf_parse(const struct perf_event_header *h, const struct perf_event_attr *attr,
		     struct damon_perf_record *out);

#endif
