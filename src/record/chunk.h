/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kinds of chunks. Each is one file, chunk_NAME.c, and one row in chunk.c; the writer and the
 * reader know only how chunks are framed. docs/FORMAT.md describes the bytes.
 */
#ifndef RECORD_CHUNK_H
#define RECORD_CHUNK_H

#include "record/format.h"
#include "record/names.h"
#include "record/pack.h"
#include "record/snapshot_code.h"

/* Limits that a writer keeps and a reader refuses to go beyond. */
#define RECORD_MAX_PAYLOAD  (64u << 20) /* bytes of a chunk, uncompressed */
#define RECORD_FULL_PAYLOAD (16u << 20) /* from here on a writer begins another chunk */
#define RECORD_MAX_LOG	    (1u << 16)	/* log entries in a chunk */
#define RECORD_MAX_MAPPINGS (1u << 20)	/* over all spaces of a record */
#define RECORD_MAX_SPACES   (1u << 18)
#define RECORD_MAX_TARGETS  (1u << 20)	/* ids of targets */
#define RECORD_MAX_NAMES    (64u << 20) /* bytes in names of mappings */
#define RECORD_MAX_NAME	    4096
#define RECORD_MAX_MARKS    10000

/* ---- frames ---- */

#define RECORD_HEAD_BYTES  16 /* of a file: magic, version, checksum */
#define RECORD_CHUNK_BYTES 24 /* of a chunk: magic, type, flags, sizes, checksums */

#define RECORD_MAGIC                                                                               \
	"\x89"                                                                                     \
	"DAMON\r\n"
#define RECORD_CHUNK_MAGIC "DCHK"

enum record_chunk_flags { RECORD_CHUNK_ZSTD = 1 };

struct record_frame {
	uint16_t type;
	uint16_t flags;
	uint32_t stored_bytes; /* after the frame */
	uint32_t raw_bytes;    /* once decompressed */
	uint32_t crc;	       /* of the stored bytes */
};

/* Bytes of a chunk before they are framed. After each 'cut' the kind of data changes: compressing
 * starts a new block there. */
struct record_payload {
	struct damon_pack raw;
	size_t cut[SNAPSHOT_NR_STREAMS + 1];
	size_t nr_cuts;
};

struct ZSTD_CCtx_s;

/* Appends 'p' to 'out' as a chunk, compressed if there is 'zstd'. Returns 0 or -ENOMEM. */
int damon_frame_append(struct damon_pack *out, struct ZSTD_CCtx_s *zstd, uint16_t type,
		       const struct record_payload *p);

void damon_frame_head(uint8_t head[RECORD_HEAD_BYTES], uint32_t version);

/* The version of a file. -EBADMSG: not a record, or its head is damaged. */
int damon_frame_check_head(const uint8_t head[RECORD_HEAD_BYTES], uint32_t *version);

/* -EBADMSG: no intact frame. */
int damon_frame_parse(const uint8_t bytes[RECORD_CHUNK_BYTES], struct record_frame *f);

uint32_t damon_frame_crc(const void *bytes, size_t n);

/* Several streams in one payload: their number, their lengths, their bytes. Reading takes the first
 * 'n' and passes over those of later versions; of those beyond 'least', which earlier versions
 * lack, it makes empty ones. Return 1 (written), 0 (read) or -errno. */
int damon_streams_write(struct record_payload *p, const struct damon_pack *stream, size_t n);
int damon_streams_read(struct damon_pack *p, struct damon_pack *stream, size_t n, size_t least);

/* ---- what a writer has collected ---- */

struct space_seen;
struct target_seen;

/* Snapshots that begin at 'from_ns' or later have this sampling interval. */
struct tuned_from {
	uint64_t from_ns, sample_ns;
};

struct record_out {
	struct damon_meta meta;
	struct damon_totals totals;
	bool has_meta, has_checks, has_origin, has_schemes, has_totals; /* to be written */
	struct damon_pack spaces, targets;
	size_t spaces_done; /* bytes of 'spaces' that were written */
	struct space_seen *seen_space;
	size_t nr_seen_spaces, cap_seen_spaces;
	uint32_t scan; /* number of the last look at the spaces */
	struct target_seen *seen_target;
	size_t nr_seen_targets, cap_seen_targets;
	struct damon_log_entry *log;
	size_t nr_log, cap_log;
	struct damon_snapshot_code snapshots;
	struct damon_tuning tuning;
	bool has_tuning; /* to be written */
	struct tuned_from *tuned;
	size_t nr_tuned, cap_tuned;
	struct damon_mark *marks;
	size_t nr_marks, cap_marks, nr_marks_all;
	uint64_t marks_refused;
	bool has_marks; /* to be written */
};

void damon_out_release(struct record_out *o);
size_t damon_out_bytes(const struct record_out *o); /* collected, roughly */

/* Each returns 0, -ENOMEM, or -EINVAL for what no reader would take. */
int damon_out_target(struct record_out *o, const struct damon_target *t);
int damon_out_space(struct record_out *o, const struct damon_space *s);
void damon_out_forget_spaces(struct record_out *o); /* those not shown since the last call */
void damon_out_drop_spaces(struct record_out *o);   /* all, for good */
int damon_out_snapshot(struct record_out *o, const struct damon_snapshot *s);
int damon_out_tuned(struct record_out *o, const struct damon_snapshot *s);
int damon_out_log(struct record_out *o, const struct damon_log_entry *e, size_t n);
int damon_out_marks(struct record_out *o, const struct damon_mark *m, size_t n, uint64_t refused);

/* ---- what a reader knows ---- */

struct record_in {
	struct damon_meta meta;
	struct damon_totals totals;
	bool has_meta;
	bool apply; /* chunks seen before a rewind change nothing: what is known is newer */

	struct damon_target **targets; /* by id, with gaps */
	size_t nr_targets, cap_targets;
	struct damon_space **spaces; /* sorted by id */
	size_t nr_spaces, cap_spaces, nr_mappings;
	struct damon_mapping *update; /* of the space being read */
	size_t nr_update, cap_update;
	struct damon_names names; /* of mappings */

	struct damon_log_entry *log;
	size_t cap_log;
	struct damon_snapshot_code snapshots;
	struct damon_snapshot snapshot; /* the item */
	size_t cap_snapshot_targets;
	struct damon_region *regions;
	size_t cap_regions;
	struct damon_tuning tuning;
	struct tuned_from *tuned; /* of the latest chunk that told, sorted */
	size_t nr_tuned, cap_tuned;
	struct damos *schemes;
	struct damos_stats *scheme_stats;
	struct mark_in {
		uint64_t time_ns;
		const char *name;
	} * marks; /* sorted by time */
	size_t nr_marks, cap_marks;
	uint64_t marks_refused;
};

void damon_in_release(struct record_in *in);
struct damon_space *damon_in_space(const struct record_in *in, uint32_t id); /* NULL: not seen */
/* The tuned sampling interval of a snapshot that begins then, 0: none. */
uint64_t damon_in_sample_ns(const struct record_in *in, uint64_t start_ns);

/* ---- the table ---- */

struct chunk_kind {
	uint16_t type;
	const char *name;

	/* Makes a payload of what was collected, and forgets that. Returns 1, 0 if there is
	 * nothing, or -ENOMEM. */
	int (*encode)(struct record_out *o, struct record_payload *p);

	/* The next item of a payload; 'first' with the first call for it. Returns 1, 0 at its end,
	 * -EBADMSG or -ENOMEM. */
	int (*decode)(struct record_in *in, struct damon_pack *p, bool first,
		      struct damon_item *item);
};

extern const struct chunk_kind
	*const damon_chunk_kinds[]; /* in the order of writing; ends with NULL */
const struct chunk_kind *damon_chunk_kind(uint16_t type); /* NULL: unknown */

extern const struct chunk_kind damon_chunk_meta, damon_chunk_space, damon_chunk_target,
	damon_chunk_tuning, damon_chunk_snapshot, damon_chunk_log, damon_chunk_checks,
	damon_chunk_origin, damon_chunk_schemes, damon_chunk_marks, damon_chunk_totals;

#endif
