/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The neutral list as perf.data: what the real PMU, the kernel and perf would have left of that
 * run. The encoders are made from documents, not from the decoders in pmu/: they check each other.
 *
 * Each virtual CPU has its buffers. They are drained in rounds, one after the other, each a little
 * later than the one before, so that the order of the file is not that of time.
 */
#ifndef VPMU_ENCODE_H
#define VPMU_ENCODE_H

#include "base/fail.h"
#include "perf/file_write.h"
#include "tests/vpmu/list.h"

struct vpmu_format;

enum { VPMU_MAX_EVENTS = 2, VPMU_NAME = 112 };

/* A file that is being encoded. */
struct vpmu_encoder {
	const struct vpmu_format *format;
	const struct vpmu_list *list;
	struct damon_perf_writer *out;
	struct damon_perf_event events[VPMU_MAX_EVENTS]; /* filled in by format->events */
	size_t nr_events;
	char names[VPMU_MAX_EVENTS][VPMU_NAME];
	uint64_t ids[VPMU_MAX_EVENTS][VPMU_NR_CPUS];
	uint32_t of_pmu[VPMU_MAX_PMUS]; /* event + 1; 0: not in this file */
	void *state;			/* the format's own; freed at the end */
};

struct vpmu_format {
	const char *name; /* "pebs", .. */
	uint32_t kinds;	  /* bits of enum vpmu_kind that it holds; all of one period */
	struct damon_perf_writer_options options;
	/* The attr and name of the event of a PMU. */
	void (*event)(const struct vpmu_pmu *p, struct perf_event_attr *attr, char name[VPMU_NAME]);
	/* A second event, without samples, for records of mappings; may be NULL. */
	void (*tracking)(struct perf_event_attr *attr, char name[VPMU_NAME]);
	/* Before all records; may be NULL. Returns 0 or -errno. */
	int (*begin)(struct vpmu_encoder *e);
	void (*sample)(struct vpmu_encoder *e, const struct vpmu_sample *s);
	/* A CPU's ring was drained; may be NULL. */
	void (*drained)(struct vpmu_encoder *e, unsigned int cpu, uint64_t time_ns);
	/*
	 * Takes away from a sample what this PMU, or its kernel, does not tell: what is left is
	 * what readers should see. False: readers of memory samples see nothing of it.
	 */
	bool (*told)(const struct vpmu_pmu *p, struct vpmu_sample *s);
	uint32_t tick_ns; /* of its times */
};

extern const struct vpmu_format vpmu_pebs, vpmu_pebs_phys, vpmu_ibs, vpmu_ibs_raw, vpmu_spe;
extern const struct vpmu_format *const vpmu_formats[]; /* NULL-terminated */
const struct vpmu_format *vpmu_format_find(const char *name);

/* Writes the samples of the PMUs of this format and period to 'path'. -ENOENT: there are none. */
int vpmu_encode(const struct vpmu_list *l, const struct vpmu_format *format, uint64_t period,
		const char *path, struct damon_fail *f);

/* Is that PMU in a file of this format and period? */
bool vpmu_is_in(const struct vpmu_format *format, uint64_t period, const struct vpmu_pmu *p);

/* For formats: a record with its sample_id behind it. */
void vpmu_record(struct vpmu_encoder *e, uint32_t type, uint16_t misc, const void *body, size_t len,
		 const struct damon_perf_sample *id);
/* The fields that every sample has. */
struct damon_perf_sample vpmu_basics(const struct vpmu_encoder *e, const struct vpmu_sample *s);

#endif
