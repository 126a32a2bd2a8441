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
	int fd;
	int err;	/* the first that happened to the file */
	bool regular;	/* can be cut off */
	bool created;	/* here, so that it can be removed */
	char *path;	/* with symbolic links resolved; NULL: standard output */
	char *old_path; /* where the record that was there went */
	uint64_t bytes; /* whole chunks in the file */
	struct record_out out;
	struct record_payload payload;
	struct damon_pack frames; /* chunks to be written */
	ZSTD_CCtx *zstd;
};

/* ---- the file ---- */

enum { NOTHING, SPECIAL, EMPTY, RECORD };

/* What is at 'path': one of the above, -EEXIST: what must not be lost, or -errno. */
static int look_at(const char *path)
{
	_cleanup_(closep) int fd = -1;
	uint8_t head[8];
	struct stat st;
	ssize_t n;

	if (stat(path, &st))
		return errno == ENOENT ? NOTHING : -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return SPECIAL;
	if (!st.st_size)
		return EMPTY;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = pread(fd, head, sizeof(head), 0);
	return n == sizeof(head) && !memcmp(head, RECORD_MAGIC, sizeof(head)) ? RECORD : -EEXIST;
}

int damon_writer_explain(struct damon_fail *f, int err, const char *path)
{
	static const struct {
		int err;
		const char *remedy;
	} remedies[] = {
		{ENOSPC, "free some space, or write elsewhere with -o"},
		{EDQUOT, "free some space, or write elsewhere with -o"},
		{EFBIG, "raise the limit ('ulimit -f'), or write elsewhere with -o"},
		{EISDIR, "name a file with -o"},
		{ENOENT, "make its directory first, or write elsewhere with -o"},
		{ENOTDIR, "write elsewhere with -o"},
		{EACCES, "write elsewhere with -o"},
		{EPERM, "write elsewhere with -o"},
		{EROFS, "write elsewhere with -o"},
		{EPIPE, "what read it has ended"},
	};

	if (strcmp(path, "-"))
		damon_fail(f, err, "cannot write '%.200s': %s", path, strerror(err));
	else
		damon_fail(f, err, "cannot write to standard output: %s", strerror(err));
	for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
		if (remedies[i].err == err)
			damon_fail_remedy(f, "%s", remedies[i].remedy);
	return -err;
}

static int refuse(struct damon_fail *f, int err, const char *path)
{
	if (err != -EEXIST)
		return damon_writer_explain(f, -err, path);
	damon_fail(f, EEXIST, "'%s' exists and is not a record of damon-perf", path);
	damon_fail_remedy(f, "choose another name with -o, or remove it");
	return -EEXIST;
}

/* Makes way: the record that is there becomes PATH.old. */
static int move_old(struct damon_writer *w, struct damon_fail *f)
{
	int there;

	if (asprintf(&w->old_path, "%s.old", w->path) < 0) {
		w->old_path = NULL;
		return damon_fail(f, ENOMEM, "out of memory");
	}
	there = look_at(w->old_path);
	if (there >= 0 && rename(w->path, w->old_path))
		there = -errno;
	if (there >= 0)
		return 0;
	there = refuse(f, there, w->old_path);
	free(steal(&w->old_path));
	return there;
}

static int open_file(struct damon_writer *w, const char *path, struct damon_fail *f)
{
	int there, err = 0, flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;

	/* what a link leads to is moved and made anew, not the link */
	w->path = realpath(path, NULL);
	if (!w->path)
		w->path = strdup(path);
	if (!w->path)
		return damon_fail(f, ENOMEM, "out of memory");
	there = look_at(w->path);
	if (there < 0)
		return refuse(f, there, path);
	if (there == RECORD)
		err = move_old(w, f);
	if (err)
		return err;
	w->regular = there != SPECIAL;
	w->created = there == NOTHING || there == RECORD;
	if (w->created)
		flags |= O_CREAT | O_EXCL; /* what others put here meanwhile is not followed */
	w->fd = open(w->path, flags, 0600);
	if (w->fd < 0 || (there == EMPTY && fchmod(w->fd, 0600))) {
		err = errno;
		w->created &= w->fd >= 0;
		return damon_writer_explain(f, err, path);
	}
	return 0;
}

static int open_stdout(struct damon_writer *w, struct damon_fail *f)
{
	int err;

	if (isatty(STDOUT_FILENO)) {
		damon_fail(f, EINVAL, "a record is not for a terminal");
		damon_fail_remedy(f, "redirect standard output, or name a file with -o");
		return -EINVAL;
	}
	w->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (w->fd >= 0)
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
	int err = write_all(w->fd, w->frames.data, w->frames.len), cut = 0;

	if (!err)
		w->bytes += w->frames.len;
	else if (w->regular)
		cut = ftruncate(w->fd, (off_t)w->bytes);
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
		w->out.has_origin = totals->origin.kind[0] != '\0';
		w->out.has_schemes = totals->schemes.n > 0;
	}
	err = frame_all(w);
	w->err = append(w);
	return w->err ? w->err : err;
}

static void release(struct damon_writer *w)
{
	closep(&w->fd);
	free(w->path);
	free(w->old_path);
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
	w->fd = -1;
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
		return damon_writer_explain(f, -err, path);
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
	err = strcmp(path, "-") ? open_file(w, path, f) : open_stdout(w, f);
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
	w->fd = fd;
	w->regular = true;
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
	int err = flush(w, totals, true), fd = w->fd;

	w->fd = -1;
	if (close(fd) && !err)
		err = -errno;
	release(w);
	return err;
}

void damon_writer_discard(struct damon_writer *w)
{
	int failed = 0;

	if (!w)
		return;
	if (w->created)
		failed = unlink(w->path);
	else if (w->regular && w->fd >= 0)
		failed = ftruncate(w->fd, 0);
	if (w->old_path && !failed)
		failed = rename(w->old_path, w->path);
	(void)failed; /* nobody to tell who does not know of a failure already */
	release(w);
}

uint64_t damon_writer_bytes(const struct damon_writer *w)
{
	return w->bytes;
}
