/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sample log of a record as profilers of code see it: code with its inlined frames, and what is
 * counted there, by process, thread, object, level of memory, and loads and stores. What pprof and
 * folded stacks are written from.
 */
#ifndef REPORT_SAMPLES_H
#define REPORT_SAMPLES_H

#include "attrib/attrib.h"
#include "attrib/place.h"
#include "report/report.h"
#include "report/scan.h"

/* Of the accesses that an entry stands for; where the scale of heat is not known (struct
 * damon_record_info.scale_lo, scale_hi) these are in proportion only. */
struct sample_sums {
	uint64_t n; /* entries of the log */
	double accesses, bytes;
	double latency;	 /* cycles: of each access that tells one */
	double stall_ns; /* time lost, where the source tells it */
};

enum sample_access { SAMPLE_UNKNOWN, SAMPLE_LOAD, SAMPLE_STORE, SAMPLE_BOTH };
const char *sample_access_name(enum sample_access a); /* "load", "" */

struct sample {
	uint32_t code, object, target_id; /* ids of attrib; of the record */
	int pid, tid;
	uint8_t level; /* enum damon_memory_level */
	uint8_t access;
	struct sample_sums sums;
};

struct samples {
	struct attrib *attrib;
	struct scan scan;
	struct sample *v; /* those with the most accesses first */
	size_t nr, cap;
	struct place_table by_key;
	double scale;		   /* accesses for a unit of weight */
	struct sample_sums others; /* left out, as there are too many different ones */
};

/* Reads the record: all processes, or the one that was named. Returns 0 or -errno with a->fail set:
 * -ENODATA if it has no log. */
int samples_load(struct report_args *a, struct samples *s);
void samples_release(struct samples *s);

/* The name of the process of a sample. */
const char *samples_comm(const struct samples *s, const struct sample *one);

#endif
