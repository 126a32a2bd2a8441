/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "record/chunk.h"

enum { NOTHING, SPECIAL, EMPTY, OURS };

static bool is_ours(const uint8_t head[8], bool perf_too)
{
	return !memcmp(head, RECORD_MAGIC, 8) || (perf_too && !memcmp(head, "PERFILE2", 8));
}

/* What is at 'path': one of the above, -EEXIST: what must not be lost, or -errno. */
static int look_at(const char *path, bool perf_too)
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
	return n == sizeof(head) && is_ours(head, perf_too) ? OURS : -EEXIST;
}

int damon_place_explain(struct damon_fail *f, int err, const char *path)
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

static int refuse(struct damon_fail *f, int err, const char *path, bool perf_too)
{
	if (err != -EEXIST)
		return damon_place_explain(f, -err, path);
	damon_fail(f, EEXIST, "'%s' exists and is %s", path,
		   perf_too ? "neither a perf.data nor a record of damon-perf"
			    : "not a record of damon-perf");
	damon_fail_remedy(f, "choose another name with -o, or remove it");
	return -EEXIST;
}

/* Makes way: what is there becomes PATH.old. */
static int move_old(struct damon_place *p, bool perf_too, struct damon_fail *f)
{
	int there;

	if (asprintf(&p->old_path, "%s.old", p->path) < 0) {
		p->old_path = NULL;
		return damon_fail(f, ENOMEM, "out of memory");
	}
	there = look_at(p->old_path, perf_too);
	if (there >= 0 && rename(p->path, p->old_path))
		there = -errno;
	if (there >= 0)
		return 0;
	there = refuse(f, there, p->old_path, perf_too);
	free(steal(&p->old_path));
	return there;
}

int damon_place_open(struct damon_place *p, const char *path, bool perf_too, struct damon_fail *f)
{
	int there, err = 0, flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;

	/* what a link leads to is moved and made anew, not the link */
	p->path = realpath(path, NULL);
	if (!p->path)
		p->path = strdup(path);
	if (!p->path)
		return damon_fail(f, ENOMEM, "out of memory");
	there = look_at(p->path, perf_too);
	if (there < 0)
		return refuse(f, there, path, perf_too);
	if (there == OURS)
		err = move_old(p, perf_too, f);
	if (err)
		return err;
	p->regular = there != SPECIAL;
	p->created = there == NOTHING || there == OURS;
	if (p->created)
		flags |= O_CREAT | O_EXCL; /* what others put here meanwhile is not followed */
	p->fd = open(p->path, flags, 0600);
	if (p->fd < 0 || (there == EMPTY && fchmod(p->fd, 0600))) {
		err = errno;
		p->created &= p->fd >= 0;
		return damon_place_explain(f, err, path);
	}
	return 0;
}

int damon_place_release(struct damon_place *p)
{
	int err = p->fd >= 0 && close(p->fd) ? -errno : 0;

	free(p->path);
	free(p->old_path);
	*p = DAMON_PLACE_NONE;
	return err;
}

void damon_place_discard(struct damon_place *p)
{
	int failed = 0;

	if (p->created)
		failed = unlink(p->path);
	else if (p->regular && p->fd >= 0)
		failed = ftruncate(p->fd, 0);
	if (p->old_path && !failed)
		failed = rename(p->old_path, p->path);
	(void)failed; /* nobody to tell who does not know of a failure already */
	damon_place_release(p);
}
