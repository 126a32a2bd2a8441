/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files are copied with pread() into memory of our own, range by range as mappings ask for them,
 * instead of being mapped: whoever truncates a mapped file would kill us with SIGBUS, and an image
 * must not change under a decoder that has looked at it. What is copied is bounded.
 *
 * The descriptor of each file stays open. While it does, the inode number cannot be given to
 * another file, so (device, inode) of a later mapping means this file, without looking up a path in
 * a process that may have ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/util.h"
#include "os/build_id.h"
#include "os/peek.h"
#include "os/regular.h"
#include "os/sys.h"

#define COPY_MAX   ((uint64_t)256 << 20) /* bytes of all images */
#define IMAGES_MAX ((size_t)1024)	 /* each holds a descriptor */
#define VIEWS	   4096			 /* answers remembered; a power of two */
#define PROBES	   16			 /* pages compared with a process */

struct range {
	uint64_t from, to;
};

struct file {
	struct damon_image image;
	struct range *have; /* parts of image.bytes that are copied; the rest is zero */
	size_t nr_have, cap_have;
	int fd;
	struct timespec mtime;
	uint64_t dev, inode; /* as mappings have them */
	uint8_t build_id[DAMON_BUILD_ID_MAX];
	uint8_t build_id_len; /* of mappings that have no inode */
	bool stale;	      /* changed since it was copied: another file now */
};

/* What a mapping was answered. */
struct view {
	uint64_t start, end, offset, dev, inode, from_ns;
	int pid; /* 0: free */
	const struct damon_image *image;
};

struct peek {
	const struct damon_sys *sys;
	struct file **files;
	size_t nr_files, cap_files;
	uint64_t copied;
	struct view views[VIEWS];
};

/* ---- whether an open file is the one that was mapped ---- */

static bool build_id_is(int fd, const uint8_t *id, size_t len)
{
	Elf *e = elf_version(EV_CURRENT) ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
	uint8_t own[DAMON_BUILD_ID_MAX];
	bool same = len && damon_build_id_of(e, own) == len && !memcmp(own, id, len);

	elf_end(e);
	return same;
}

/*
 * Some file systems (btrfs, overlays) have another st_dev than the mapping tells. Then the inode
 * must match, and pages all over the mapping must hold what the file does.
 */
static bool memory_is(const struct peek *k, int fd, int pid, const struct damon_mapping *m)
{
	uint64_t pages = (m->end - m->start) / DAMON_PAGE_SIZE, step = MAX(pages / PROBES, 1ull);
	uint8_t file[DAMON_PAGE_SIZE], memory[DAMON_PAGE_SIZE];

	if (m->prot & DAMON_PROT_WRITE || !(m->prot & DAMON_PROT_READ) || !pages)
		return false;
	for (uint64_t i = 0; i < pages; i += step) {
		uint64_t at = i * DAMON_PAGE_SIZE;
		ssize_t n = pread(fd, file, sizeof(file), (off_t)(m->offset + at));

		if (n <= 0)
			return i > 0 && n == 0; /* beyond the end of the file */
		if (k->sys->read_mem(k->sys, pid, m->start + at, memory, (size_t)n) != n ||
		    memcmp(file, memory, (size_t)n))
			return false;
	}
	return true;
}

static bool is_mapped_file(const struct peek *k, int fd, const struct stat *st, int pid,
			   const struct damon_mapping *m, bool by_kernel)
{
	uint64_t dev = (uint64_t)major(st->st_dev) << 32 | minor(st->st_dev);

	if (m->inode && st->st_ino == m->inode && (dev == m->dev || by_kernel))
		return true;
	if (m->build_id_len)
		return build_id_is(fd, m->build_id, m->build_id_len);
	return m->inode && st->st_ino == m->inode && memory_is(k, fd, pid, m);
}

/*
 * The file behind a mapping: by its name as the process sees it, as its program (which may be
 * deleted), as the kernel shows the mapping to the privileged, and by its name as we see it, when
 * the process is gone. Every one has to prove itself.
 */
static int open_mapped(const struct peek *k, int pid, const struct damon_mapping *m,
		       struct stat *st)
{
	enum { ROOT, EXE, MAP_FILES, OWN, NR };
	_cleanup_(freep) char *path = NULL;

	for (int i = ROOT; i < NR; i++) {
		int n, fd;

		free(steal(&path));
		if (i == ROOT)
			n = asprintf(&path, "/proc/%d/root%s", pid, m->name);
		else if (i == EXE)
			n = asprintf(&path, "/proc/%d/exe", pid);
		else if (i == MAP_FILES)
			n = asprintf(&path, "/proc/%d/map_files/%llx-%llx", pid,
				     (unsigned long long)m->start, (unsigned long long)m->end);
		else
			n = asprintf(&path, "%s", m->name);
		if (n < 0) {
			path = NULL;
			return -ENOMEM;
		}
		fd = damon_open_regular(path, st);
		if (fd < 0)
			continue;
		if (is_mapped_file(k, fd, st, pid, m, i == MAP_FILES))
			return fd;
		close(fd);
	}
	return -ENOENT;
}

/* ---- copies of files ---- */

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool unchanged(const struct file *f)
{
	struct stat st;

	return !fstat(f->fd, &st) && (uint64_t)st.st_size == f->image.size &&
	       same_time(&st.st_mtim, &f->mtime);
}

static void file_free(struct file *f)
{
	if (!f)
		return;
	if (f->image.bytes)
		munmap((void *)f->image.bytes, f->image.size);
	if (f->fd >= 0)
		close(f->fd);
	free(f->have);
	free(f);
}

static struct file *file_find(const struct peek *k, const struct damon_mapping *m)
{
	for (size_t i = 0; i < k->nr_files; i++) {
		struct file *f = k->files[i];

		if (f->stale)
			continue;
		if (m->inode ? f->inode == m->inode && f->dev == m->dev
			     : f->build_id_len == m->build_id_len &&
				       !memcmp(f->build_id, m->build_id, m->build_id_len))
			return f;
	}
	return NULL;
}

static struct file *file_new(struct peek *k, int pid, const struct damon_mapping *m)
{
	struct file *f;
	struct stat st;
	void *p;

	if (k->nr_files >= IMAGES_MAX ||
	    vec_reserve(&k->files, &k->cap_files, k->nr_files + 1, sizeof(*k->files)))
		return NULL;
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->fd = open_mapped(k, pid, m, &st);
	if (f->fd < 0)
		goto fail;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		goto fail;
	f->image = (struct damon_image){.id = (uint32_t)k->nr_files, p, (uint64_t)st.st_size};
	f->mtime = st.st_mtim;
	f->dev = m->dev;
	f->inode = m->inode;
	f->build_id_len = m->build_id_len;
	memcpy(f->build_id, m->build_id, sizeof(f->build_id));
	return k->files[k->nr_files++] = f;
fail:
	file_free(f);
	return NULL;
}

static bool copy(const struct file *f, uint64_t from, uint64_t to)
{
	while (from < to) {
		ssize_t n = pread(f->fd, (uint8_t *)f->image.bytes + from, to - from, (off_t)from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		from += (uint64_t)n;
	}
	return true;
}

/* Notes that [from, to) is there, as one range with those that it touches. */
static bool add_range(struct file *f, uint64_t from, uint64_t to)
{
	size_t kept = 0;

	if (vec_reserve(&f->have, &f->cap_have, f->nr_have + 1, sizeof(*f->have)))
		return false;
	for (size_t i = 0; i < f->nr_have; i++) {
		struct range r = f->have[i];

		if (r.from > to || r.to < from) {
			f->have[kept++] = r;
		} else {
			from = MIN(from, r.from);
			to = MAX(to, r.to);
		}
	}
	f->have[kept++] = (struct range){from, to};
	f->nr_have = kept;
	return true;
}

/* Makes sure that the bytes of a mapping are copied. */
static bool load(struct peek *k, struct file *f, uint64_t from, uint64_t to)
{
	to = MIN(to, f->image.size);
	if (from >= to)
		return false;
	for (size_t i = 0; i < f->nr_have; i++)
		if (f->have[i].from <= from && to <= f->have[i].to)
			return true;
	if (to - from > COPY_MAX - k->copied || !copy(f, from, to) || !unchanged(f) ||
	    !add_range(f, from, to))
		return false;
	k->copied += to - from;
	return true;
}

static const struct damon_image *find_image(struct peek *k, int pid, const struct damon_mapping *m)
{
	struct file *f = file_find(k, m);

	if (f && !unchanged(f)) {
		f->stale = true; /* what was decoded of it stays valid for the past */
		f = NULL;
	}
	if (!f)
		f = file_new(k, pid, m);
	if (!f || !load(k, f, m->offset, m->offset + (m->end - m->start)))
		return NULL;
	return &f->image;
}

/* ---- the interface ---- */

static struct view *view_of(struct peek *k, int pid, const struct damon_mapping *m)
{
	uint64_t h = m->start ^ m->inode * 0x9e3779b97f4a7c15ull ^ m->from_ns << 7 ^
		     (uint64_t)(unsigned)pid * 0xbf58476d1ce4e5b9ull;

	h ^= h >> 32;
	return &k->views[(h ^ h >> 12) & (VIEWS - 1)];
}

static const struct damon_image *peek_image(void *priv, int pid, const struct damon_mapping *m)
{
	struct peek *k = priv;
	struct view *v,
		want = {m->start, m->end, m->offset, m->dev, m->inode, m->from_ns, pid, NULL};

	if ((!m->inode && !m->build_id_len) || !m->name || m->name[0] != '/' || pid <= 0 ||
	    m->start >= m->end || m->offset + (m->end - m->start) < m->offset)
		return NULL;
	v = view_of(k, pid, m);
	if (v->pid == pid && v->start == m->start && v->end == m->end && v->offset == m->offset &&
	    v->dev == m->dev && v->inode == m->inode && v->from_ns == m->from_ns)
		return v->image;
	want.image = find_image(k, pid, m);
	*v = want;
	return v->image;
}

static ssize_t peek_read_mem(void *priv, int pid, uint64_t addr, void *buf, size_t len)
{
	const struct peek *k = priv;

	return k->sys->read_mem(k->sys, pid, addr, buf, len);
}

int damon_peek_init(struct damon_peek *r, const struct damon_sys *sys)
{
	struct peek *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	k->sys = sys;
	*r = (struct damon_peek){.priv = k, .image = peek_image, .read_mem = peek_read_mem};
	return 0;
}

void damon_peek_release(struct damon_peek *r)
{
	struct peek *k = r ? r->priv : NULL;

	if (!k)
		return;
	for (size_t i = 0; i < k->nr_files; i++)
		file_free(k->files[i]);
	free(k->files);
	free(k);
	r->priv = NULL;
}
