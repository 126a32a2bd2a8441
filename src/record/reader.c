/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds chunks, checks them, and hands them to their kind. */
#include <fcntl.h>
#include <sys/stat.h>
#include <zstd.h>

#include "base/util.h"
#include "record/chunk.h"
#include "record/feed.h"
#include "record/foreign.h"
#include "record/reader.h"

#define GLANCE_BYTES 64 /* to tell what a foreign file is */

struct damon_reader {
	struct damon_feed feed;
	struct record_in in;
	ZSTD_DCtx *zstd;
	uint8_t *raw; /* a decompressed payload */
	size_t cap_raw;

	/* The chunk at hand; NULL: none. It stays at hand until its last item was taken. */
	const struct chunk_kind *kind;
	struct damon_pack payload;
	uint64_t chunk_bytes;
	bool first;

	uint64_t skipped; /* damaged bytes not yet told */
	uint64_t known;	  /* offset up to which chunks were applied, in an earlier pass too */
};

static int open_input(const char *path, struct damon_fail *f)
{
	bool standard = !strcmp(path, "-");
	int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			  : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int err = errno;
	struct stat st;

	if (fd < 0) {
		damon_fail(f, err, "cannot open '%s': %s", path, strerror(err));
		if (err == ENOENT)
			damon_fail_remedy(f, "make a record first: damon-perf record -- COMMAND");
		return -err;
	}
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		close(fd);
		return damon_fail(f, EBADMSG,
				  "'%s' is not a record of damon-perf: it is a directory", path);
	}
	return fd;
}

/* ---- chunks ---- */

static int damaged(struct damon_reader *r, uint64_t bytes)
{
	int64_t n = damon_feed_skip(&r->feed, bytes);

	if (n < 0)
		return (int)n;
	r->skipped += (uint64_t)n;
	return 0;
}

/* No chunk begins here, or none that can be trusted: goes to where the next one seems to. */
static int resync(struct damon_reader *r)
{
	int err = damaged(r, 1);

	while (!err) {
		int64_t n = damon_feed_want(&r->feed, 4);
		const uint8_t *at;

		if (n < 4)
			return n < 0 ? (int)n : damaged(r, (uint64_t)n);
		at = memmem(feed_at(&r->feed), (size_t)n, RECORD_CHUNK_MAGIC, 4);
		if (at)
			return damaged(r, (uint64_t)(at - feed_at(&r->feed)));
		err = damaged(r, (uint64_t)n - 3);
	}
	return err;
}

static int inflate_payload(struct damon_reader *r, const struct record_frame *f,
			   const uint8_t *stored)
{
	size_t n;

	if (ZSTD_getFrameContentSize(stored, f->stored_bytes) != f->raw_bytes)
		return -EBADMSG;
	if (vec_reserve(&r->raw, &r->cap_raw, f->raw_bytes, 1))
		return -ENOMEM;
	n = ZSTD_decompressDCtx(r->zstd, r->raw, f->raw_bytes, stored, f->stored_bytes);
	if (ZSTD_isError(n) || n != f->raw_bytes)
		return -EBADMSG;
	r->payload = PACK_READER(r->raw, f->raw_bytes);
	return 0;
}

/* The chunk whose frame and bytes are at hand. -EBADMSG: not sound. */
static int open_chunk(struct damon_reader *r, const struct record_frame *f)
{
	uint8_t *stored = r->feed.buf + r->feed.pos + RECORD_CHUNK_BYTES;
	int err = 0;

	if (damon_frame_crc(stored, f->stored_bytes) != f->crc || f->flags & ~RECORD_CHUNK_ZSTD)
		return -EBADMSG;
	if (f->flags & RECORD_CHUNK_ZSTD)
		err = inflate_payload(r, f, stored);
	else
		r->payload = PACK_READER(stored, f->stored_bytes);
	if (err)
		return err;
	r->kind = damon_chunk_kind(f->type);
	r->first = true;
	r->in.apply = r->feed.offset >= r->known;
	return 0;
}

static int close_chunk(struct damon_reader *r)
{
	int64_t n = damon_feed_skip(&r->feed, r->chunk_bytes);

	r->kind = NULL;
	r->known = MAX(r->known, r->feed.offset);
	return n < 0 ? (int)n : 0;
}

static int skip_unknown(struct damon_reader *r)
{
	int64_t n = damon_feed_skip(&r->feed, r->chunk_bytes);

	if (n < 0)
		return (int)n;
	if ((uint64_t)n < r->chunk_bytes)
		r->skipped += (uint64_t)n;
	return 0;
}

/* Tries to open the next chunk. Returns 1 (r->kind may still be NULL), 0 at the end, -errno. */
static int next_chunk(struct damon_reader *r)
{
	int64_t n = damon_feed_want(&r->feed, RECORD_CHUNK_BYTES);
	struct record_frame f;
	int err;

	if (n <= 0)
		return (int)n;
	if (n < RECORD_CHUNK_BYTES || damon_frame_parse(feed_at(&r->feed), &f)) {
		err = resync(r);
		return err ? err : 1;
	}
	r->chunk_bytes = (uint64_t)RECORD_CHUNK_BYTES + f.stored_bytes;
	if (!damon_chunk_kind(f.type)) {
		err = skip_unknown(r);
		return err ? err : 1;
	}
	n = 0;
	if (f.stored_bytes <= RECORD_MAX_PAYLOAD && f.raw_bytes <= RECORD_MAX_PAYLOAD)
		n = damon_feed_want(&r->feed, r->chunk_bytes);
	if (n < 0)
		return (int)n;
	if ((uint64_t)n < r->chunk_bytes) /* no chunk is as large, or it was cut off */
		err = resync(r);
	else
		err = open_chunk(r, &f);
	if (err == -EBADMSG)
		err = damaged(r, r->chunk_bytes);
	return err ? err : 1;
}

static int tell_damage(struct damon_reader *r, struct damon_item *item)
{
	*item = (struct damon_item){.type = DAMON_ITEM_DAMAGED, .skipped = r->skipped};
	r->skipped = 0;
	return 1;
}

int damon_reader_next(struct damon_reader *r, struct damon_item *item)
{
	int err = 1;

	while (err > 0) {
		if (!r->kind) {
			err = next_chunk(r);
			if (r->skipped && (r->kind || !err))
				return tell_damage(r, item);
			continue;
		}
		err = r->kind->decode(&r->in, &r->payload, r->first, item);
		r->first = false;
		if (err == 1)
			return 1;
		if (err == -EBADMSG) { /* sound bytes, but nonsense */
			r->skipped += r->chunk_bytes;
			err = 0;
		}
		if (!err)
			err = close_chunk(r);
		if (!err)
			err = 1;
	}
	*item = (struct damon_item){.type = DAMON_ITEM_END};
	return err;
}

/* ---- open and close ---- */

static int check_head(struct damon_reader *r, const char *path, struct damon_fail *f)
{
	int64_t n = damon_feed_want(&r->feed, GLANCE_BYTES);
	uint32_t version;

	if (n < 0)
		return damon_fail(f, (int)-n, "cannot read '%s': %s", path, strerror((int)-n));
	if (n < RECORD_HEAD_BYTES || damon_frame_check_head(feed_at(&r->feed), &version))
		return damon_foreign_refuse(path, feed_at(&r->feed),
					    MIN((size_t)n, (size_t)GLANCE_BYTES), f);
	if (version > DAMON_RECORD_VERSION) {
		damon_fail(f, ENOTSUP,
			   "'%s' has format %u of records, this damon-perf reads up to %u", path,
			   version, DAMON_RECORD_VERSION);
		damon_fail_remedy(f, "read it with a newer damon-perf");
		return -ENOTSUP;
	}
	damon_feed_skip(&r->feed, RECORD_HEAD_BYTES);
	return 0;
}

/* The first chunk says how to read the others. */
static int read_meta(struct damon_reader *r, const char *path, struct damon_fail *f)
{
	struct damon_item item;
	int err = next_chunk(r);

	if (err > 0 && r->kind == &damon_chunk_meta) {
		err = r->kind->decode(&r->in, &r->payload, true, &item);
		if (!err)
			return close_chunk(r);
	}
	if (err < 0 && err != -EBADMSG)
		return damon_fail(f, -err, "cannot read '%s': %s", path, strerror(-err));
	return damon_fail(f, EBADMSG, "'%s' is a record of damon-perf whose first chunk is %s",
			  path, r->feed.pos == r->feed.len ? "cut off" : "damaged");
}

int damon_reader_open(const char *path, struct damon_reader **out, struct damon_fail *f)
{
	int fd = open_input(path, f);

	return fd < 0 ? fd : damon_reader_open_fd(fd, path, out, f);
}

int damon_reader_open_fd(int fd, const char *path, struct damon_reader **out, struct damon_fail *f)
{
	struct damon_reader *r = calloc(1, sizeof(*r));
	int err;

	if (!r) {
		close(fd);
		return damon_fail(f, ENOMEM, "out of memory");
	}
	damon_feed_init(&r->feed, fd);
	r->zstd = ZSTD_createDCtx();
	err = r->zstd ? check_head(r, path, f) : damon_fail(f, ENOMEM, "out of memory");
	if (!err)
		err = read_meta(r, path, f);
	if (err) {
		damon_reader_close(r);
		return err;
	}
	*out = r;
	return 0;
}

void damon_reader_close(struct damon_reader *r)
{
	if (!r)
		return;
	damon_feed_release(&r->feed);
	damon_in_release(&r->in);
	ZSTD_freeDCtx(r->zstd);
	free(r->raw);
	free(r);
}

int damon_reader_rewind(struct damon_reader *r)
{
	int err = damon_feed_seek(&r->feed, RECORD_HEAD_BYTES);

	if (err)
		return err;
	r->kind = NULL;
	r->skipped = 0;
	return 0;
}

/* ---- what is known ---- */

const struct damon_meta *damon_reader_meta(const struct damon_reader *r)
{
	return &r->in.meta;
}

const struct damon_tuning *damon_reader_tuning(const struct damon_reader *r)
{
	return &r->in.tuning;
}

const struct damon_target *damon_reader_target(const struct damon_reader *r, uint32_t id)
{
	return id < r->in.nr_targets ? r->in.targets[id] : NULL;
}

size_t damon_reader_nr_targets(const struct damon_reader *r)
{
	return r->in.nr_targets;
}

bool damon_reader_mark(const struct damon_reader *r, size_t i, uint64_t *time_ns, const char **name)
{
	if (i >= r->in.nr_marks)
		return false;
	*time_ns = r->in.marks[i].time_ns;
	*name = r->in.marks[i].name;
	return true;
}

uint64_t damon_reader_marks_refused(const struct damon_reader *r)
{
	return r->in.marks_refused;
}

const struct damon_space *damon_reader_space(const struct damon_reader *r, uint32_t id)
{
	return damon_in_space(&r->in, id);
}
