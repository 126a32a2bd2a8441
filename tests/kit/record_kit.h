/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots that change at random, files to play with, and what a reader finds in them. */
#ifndef KIT_RECORD_KIT_H
#define KIT_RECORD_KIT_H

#include "base/rng.h"
#include "record/reader.h"
#include "record/writer.h"

enum { KIT_TARGETS = 3, KIT_REGIONS = 60 };

struct kit_snapshots {
	struct rng rng;
	struct damon_snapshot s; /* the latest */
	struct damon_target_snapshot t[KIT_TARGETS];
	struct damon_region r[KIT_TARGETS][KIT_REGIONS];
};

void kit_snapshots_init(struct kit_snapshots *k, uint64_t seed);
void kit_snapshots_step(struct kit_snapshots *k); /* on to the next one */

/* NULL if 'read' is 'written' as a record keeps it, else what is not. */
const char *kit_snapshot_differs(const struct damon_snapshot *written,
				 const struct damon_snapshot *read);

/* A copy on the heap, regions and all, in one piece. */
struct damon_snapshot *kit_snapshot_copy(const struct damon_snapshot *s);

/* A path in a directory of this test's own, removed by kit_remove(). The result is static. */
const char *kit_path(const char *name);
void kit_remove(void);

struct kit_bytes {
	uint8_t *data;
	size_t n;
};
struct kit_bytes kit_slurp(const char *path);
void kit_spill(const char *path, const void *bytes, size_t n);

/* Writes 'flushes' times 'per_flush' snapshots to 'path', some with a log and totals. */
void kit_write(const char *path, uint64_t seed, unsigned int flushes, unsigned int per_flush);

/* All items of a record. */
struct kit_items {
	int err; /* of damon_reader_open() or damon_reader_next() */
	unsigned int snapshots, logs, totals, targets, spaces, damaged;
	uint64_t skipped;
	bool complete;
	struct damon_snapshot *all[256]; /* the first ones, if they are kept */
};
void kit_read(const char *path, bool keep, struct kit_items *out);
void kit_items_release(struct kit_items *i);

extern const struct damon_meta kit_meta;

#endif
