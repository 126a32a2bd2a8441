/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames what was collected, and appends it to a file. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zstd.h>

#include "base/util.h"
#include "record/chunk.h"
#include "record/writer.h"

#define ZSTD_LEVEL 1 /* there is little to find but skewed bytes: higher levels cost time only */

struct damon_writer {
	struct damon_place place; /* without a path: standard output, or a file of others */
	int err;		  /* the first that happened to the file */
	uint64_t bytes;		  /* whole chunks in the file */
	struct record_out out;
	struct record_payload payload;
	struct damon_pack frames; /* chunks to be written */
	ZSTD_CCtx *zstd;
};

/* ---- the file ---- */

static int open_stdout(struct damon_writer *w, struct damon_fail *f)
{
	int err;

	if (isatty(STDOUT_FILENO)) {
		damon_fail(f, EINVAL, "a record is not for a terminal");
		damon_fail_remedy(f, "redirect standard output, or name a file with -o");
		return -EINVAL;
	}
	w->place.fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (w->place.fd >= 0)
		return 0;
	err = errno;
	return damon_fail(f, err, "cannot write to standard output: %s", strerror(err));
}

static int write_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		bytes += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Appends whole chunks. Where they do not fit, no part of them stays; should that fail as well, the
 * reader copes. */
static int append(struct damon_writer *w)
{
	int err = write_all(w->place.fd, w->frames.data, w->frames.len), cut = 0;

	if (!err)
		w->bytes += w->frames.len;
	else if (w->place.regular)
		cut = ftruncate(w->place.fd, (off_t)w->bytes);
	(void)cut;
	w->frames.len = 0;
	return err;
}

/* ---- chunks ---- */

static int frame_kind(struct damon_writer *w, const struct chunk_kind *k)
{
	struct record_payload *p = &w->payload;
	int err;

	do {
		p->raw.len = p->nr_cuts = 0;
		p->raw.err = 0;
		err = k->encode(&w->out, p);
		if (err > 0) {
			int failed = damon_frame_append(&w->frames, w->zstd, k->type, p);

			err = failed ? failed : err;
		}
	} while (err > 0);
	return err;
}

/* Makes chunks of all that was collected. What memory does not suffice for is lost, and an error:
 * the chunks before stay. */
static int frame_all(struct damon_writer *w)
{
	int err = 0;

	for (const struct chunk_kind *const *k = damon_chunk_kinds; *k && !err; k++)
		err = frame_kind(w, *k);
	return err;
}

/* After something was collected: a chunk must not grow without bound. */
static int collected(struct damon_writer *w, int err)
{
	if (err || damon_out_bytes(&w->out) < RECORD_FULL_PAYLOAD)
		return err;
	return frame_all(w);
}

/* Makes chunks of what was collected and of 'totals', and appends them. */
static int flush(struct damon_writer *w, const struct damon_totals *totals, bool complete)
{
	int err;

	if (w->err)
		return w->err;
	if (totals) {
		w->out.totals = *totals;
		w->out.totals.complete = complete;
		w->out.has_totals = true;
		w->out.has_checks = totals->checks.names[0] != '\0';
		w->out.has_origin = totals->origin.kind[0] || totals->origin.malformed;
		w->out.has_schemes = totals->schemes.n > 0;
	}
	err = frame_all(w);
	w->err = append(w);
	return w->err ? w->err : err;
}

static void release(struct damon_writer *w)
{
	damon_place_release(&w->place);
	damon_out_release(&w->out);
	damon_pack_release(&w->payload.raw);
	damon_pack_release(&w->frames);
	ZSTD_freeCCtx(w->zstd);
	free(w);
}

/* ---- public ---- */

static struct damon_writer *new_writer(const struct damon_meta *m)
{
	struct damon_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->place = DAMON_PLACE_NONE;
	w->payload.raw = w->frames = w->out.spaces = w->out.targets = PACK_WRITER;
	w->zstd = ZSTD_createCCtx();
	if (!w->zstd || !damon_pack_grow(&w->frames, RECORD_HEAD_BYTES)) {
		damon_writer_discard(w);
		return NULL;
	}
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	w->out.meta = *m;
	w->out.has_meta = true;
	damon_frame_head(w->frames.data, DAMON_RECORD_VERSION);
	w->frames.len = RECORD_HEAD_BYTES;
	return w;
}

/* Writes the head. Takes 'w' over. */
static int begin(struct damon_writer *w, const char *path, struct damon_writer **out,
		 struct damon_fail *f)
{
	int err = flush(w, NULL, false);

	if (err) {
		damon_writer_discard(w);
		return damon_place_explain(f, -err, path);
	}
	*out = w;
	return 0;
}

int damon_writer_open(const char *path, const struct damon_meta *m, struct damon_writer **out,
		      struct damon_fail *f)
{
	struct damon_writer *w = new_writer(m);
	int err;

	if (!w)
		return damon_fail(f, ENOMEM, "out of memory");
	err = strcmp(path, "-") ? damon_place_open(&w->place, path, false, f) : open_stdout(w, f);
	if (err) {
		damon_writer_discard(w);
		return err;
	}
	return begin(w, path, out, f);
}

int damon_writer_open_fd(int fd, const struct damon_meta *m, struct damon_writer **out,
			 struct damon_fail *f)
{
	struct damon_writer *w = new_writer(m);

	if (!w) {
		close(fd);
		return damon_fail(f, ENOMEM, "out of memory");
	}
	w->place.fd = fd;
	w->place.regular = true;
	return begin(w, "a temporary file", out, f);
}

int damon_writer_targets(struct damon_writer *w, struct damon_targets *ts)
{
	size_t n = damon_targets_count(ts);
	int err = w->err;

	for (size_t i = 0; i < n && !err; i++) {
		const struct damon_target *t = damon_targets_at(ts, i);

		if (!t)
			continue;
		if (t->space)
			err = damon_out_space(&w->out, t->space);
		if (!err)
			err = damon_out_target(&w->out, t);
		err = collected(w, err);
	}
	if (!err)
		damon_out_forget_spaces(&w->out);
	return err;
}

int damon_writer_target(struct damon_writer *w, const struct damon_target *t)
{
	return w->err ? w->err : collected(w, damon_out_target(&w->out, t));
}

int damon_writer_space(struct damon_writer *w, const struct damon_space *s)
{
	return w->err ? w->err : collected(w, damon_out_space(&w->out, s));
}

int damon_writer_snapshot(struct damon_writer *w, const struct damon_snapshot *s)
{
	int err = w->err ? w->err : damon_out_tuned(&w->out, s);

	return err ? err : collected(w, damon_out_snapshot(&w->out, s));
}

void damon_writer_tuning(struct damon_writer *w, const struct damon_tuning *t)
{
	w->out.tuning = *t;
}

int damon_writer_log(struct damon_writer *w, const struct damon_log_entry *e, size_t n)
{
	return w->err ? w->err : collected(w, damon_out_log(&w->out, e, n));
}

int damon_writer_marks(struct damon_writer *w, const struct damon_mark *m, size_t n,
		       uint64_t refused)
{
	return w->err ? w->err : damon_out_marks(&w->out, m, n, refused);
}

int damon_writer_flush(struct damon_writer *w, const struct damon_totals *totals)
{
	return flush(w, totals, false);
}

int damon_writer_complete(struct damon_writer *w, const struct damon_totals *totals)
{
	return flush(w, totals, true);
}

int damon_writer_close(struct damon_writer *w, const struct damon_totals *totals)
{
	int err = flush(w, totals, true), closed = damon_place_release(&w->place);

	release(w);
	return err ? err : closed;
}

void damon_writer_discard(struct damon_writer *w)
{
	if (!w)
		return;
	damon_place_discard(&w->place);
	release(w);
}

uint64_t damon_writer_bytes(const struct damon_writer *w)
{
	return w->bytes;
}
