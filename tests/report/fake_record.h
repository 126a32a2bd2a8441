/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record in memory behind the public record API of damon.h, so that reports are tested without
 * the library. Stands in for it: the two cannot be linked together.
 *
 * A scenario is made of calls: targets, mappings, then for each snapshot the regions of each
 * target.
 */
#ifndef TESTS_REPORT_FAKE_RECORD_H
#define TESTS_REPORT_FAKE_RECORD_H

#include "damon.h"
#include "damos.h"

struct fake_target {
	struct damon_target_info info;
	struct damon_mapping_info *maps;
	size_t nr_maps, cap_maps;
	size_t nr_past; /* of the maps, the last */
	uint64_t total_obs;
};

struct fake_part { /* a target in a snapshot */
	struct damon_target_info info;
	struct damon_region_info *regions;
	size_t cap_regions;
	struct damon_wss wss[4];
	struct damon_hot_set hot;
};

struct damon_snapshot {
	const struct damon_record *rec;
	struct damon_snapshot_info info;
	struct fake_part *parts;
	size_t cap_parts;
};

struct damon_record {
	struct damon_record_info info;
	struct damon_stats stats;
	struct fake_target *targets;
	size_t nr_targets, cap_targets;
	struct damon_snapshot *snaps;
	size_t nr_snaps, cap_snaps, at;
	struct fake_access {
		size_t snapshot;
		struct damon_access_info info;
	} * log;
	size_t nr_log, cap_log;
	damon_access_fn on_access;
	void *on_access_priv;
	struct fake_mark {
		uint64_t time_ns;
		const char *name;
	} * marks;
	size_t nr_marks, cap_marks;
	int is_pipe, fail_at; /* fail_at: damon_record_next() fails at this snapshot; -1: never */
	const char *error;
	struct damos schemes[4];
	struct damos_stats scheme_stats[4];
	size_t nr_schemes;
};

struct damon_record *fake_record_new(void);

/* Ids count from 0. */
uint32_t fake_target(struct damon_record *r, int pid, const char *comm, uint32_t nr_procs);
void fake_mapping(struct damon_record *r, uint32_t id, uint64_t start, uint64_t bytes,
		  const char *name);
/* One of an address space that the target has no more, which only its snapshots know; after all
 * others. */
void fake_past_mapping(struct damon_record *r, uint32_t id, uint64_t start, uint64_t bytes,
		       const char *name);
/* The same of memory that processes share: pages of 'inode' from 'offset' on. */
void fake_shared(struct damon_record *r, uint32_t id, uint64_t start, uint64_t bytes,
		 const char *name, uint64_t inode, uint64_t offset);

/* The next snapshot, 100 ms long, then its targets, then their regions. */
void fake_snapshot(struct damon_record *r);
void fake_part(struct damon_record *r, uint32_t id, uint64_t obs);
/* 'weight': of the target's accesses, in any unit; 'writes' 0..1. */
void fake_region(struct damon_record *r, uint64_t start, uint64_t bytes, double weight,
		 double writes, uint32_t age_aggrs);
/* An access of the log of the snapshot under way; 'i' has what matters: addr, ip, weight, ... */
void fake_access(struct damon_record *r, uint32_t id, struct damon_access_info i);
/* Ends the snapshot: derives heat, shares and bounds of what was put into it. */
void fake_snapshot_end(struct damon_record *r);
/* 'ns' since the start; in order. */
void fake_mark(struct damon_record *r, uint64_t ns, const char *name);

#endif
