/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libelf.h>
#include <link.h>
#include <elfutils/libdwelf.h>
#include <stdio.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <zlib.h>

#include "base/util.h"
#include "os/regular.h"
#include "symbol/image.h"

#define SEGMENTS_MAX 256
#define BUILD_ID_MAX 64
#define FILE_MAX     ((size_t)2 << 30)
#define PADDING	     64

/*
 * A copy: whoever truncates a mapped file would kill us with SIGBUS. Zeros follow it, as libdw
 * 0.188 looks for the end of strings beyond that of their section.
 */
static int make_room(struct symbol_image *i, size_t size)
{
	if (size > FILE_MAX)
		return -EFBIG;
	i->bytes = malloc(size + PADDING);
	if (!i->bytes)
		return -ENOMEM;
	i->size = size;
	memset(i->bytes + size, 0, PADDING);
	return 0;
}

static int read_all(struct symbol_image *i, size_t size)
{
	int err = make_room(i, size);
	size_t at = 0;

	while (!err && at < size) {
		ssize_t n = pread(i->fd, i->bytes + at, size - at, (off_t)at);

		if (n <= 0)
			return n ? -errno : -ENOEXEC;
		at += (size_t)n;
	}
	return err;
}

static int begin_elf(struct symbol_image *i)
{
	GElf_Ehdr ehdr;

	elf_version(EV_CURRENT);
	i->elf = elf_memory(i->bytes, i->size);
	return i->elf && elf_kind(i->elf) == ELF_K_ELF && gelf_getehdr(i->elf, &ehdr) ? 0
										      : -ENOEXEC;
}

static int open_elf(const char *path, struct symbol_image *out, struct stat *st)
{
	int err;

	*out = (struct symbol_image){.fd = damon_open_regular(path, st)};
	if (out->fd < 0)
		return out->fd;
	err = read_all(out, (size_t)st->st_size);
	if (!err)
		err = begin_elf(out);
	if (err)
		symbol_image_release(out);
	return err;
}

void symbol_image_release(struct symbol_image *i)
{
	if (i->elf)
		elf_end(i->elf);
	if (i->fd >= 0)
		close(i->fd);
	free(i->bytes);
	free(i->segments);
	*i = (struct symbol_image){.fd = -1};
}

static int read_segments(struct symbol_image *i)
{
	size_t n, cap = 0;

	if (elf_getphdrnum(i->elf, &n))
		return 0;
	n = MIN(n, (size_t)SEGMENTS_MAX);
	for (size_t k = 0; k < n; k++) {
		GElf_Phdr p;

		if (!gelf_getphdr(i->elf, (int)k, &p) || p.p_type != PT_LOAD)
			continue;
		if (vec_reserve(&i->segments, &cap, i->nr_segments + 1, sizeof(*i->segments)))
			return -ENOMEM;
		i->segments[i->nr_segments++] = (struct symbol_segment){
			.offset = p.p_offset,
			.vaddr = p.p_vaddr,
			.file_size = p.p_filesz,
			.mem_size = p.p_memsz,
		};
	}
	return 0;
}

bool symbol_image_vaddr(const struct symbol_image *i, uint64_t offset, uint64_t *vaddr)
{
	for (size_t k = 0; k < i->nr_segments; k++) {
		const struct symbol_segment *s = &i->segments[k];

		if (offset >= s->offset && offset - s->offset < s->file_size) {
			*vaddr = s->vaddr + (offset - s->offset);
			return true;
		}
	}
	return false;
}

size_t symbol_image_build_id(const struct symbol_image *i, const uint8_t **id)
{
	const void *bytes;
	ssize_t n = i->elf ? dwelf_elf_gnu_build_id(i->elf, &bytes) : 0;

	*id = n > 0 ? bytes : NULL;
	return n > 0 ? (size_t)n : 0;
}

static bool has_build_id(const struct symbol_image *i, const uint8_t *id, size_t len)
{
	const uint8_t *own;

	return len && symbol_image_build_id(i, &own) == len && !memcmp(own, id, len);
}

Elf_Scn *symbol_image_section(const struct symbol_image *i, const char *name, GElf_Word type,
			      GElf_Shdr *shdr)
{
	size_t names;

	if (!i->elf || elf_getshdrstrndx(i->elf, &names))
		return NULL;
	for (Elf_Scn *s = NULL; (s = elf_nextscn(i->elf, s));) {
		const char *own;

		if (!gelf_getshdr(s, shdr))
			continue;
		if (!name && shdr->sh_type == type)
			return s;
		own = name ? elf_strptr(i->elf, names, shdr->sh_name) : NULL;
		if (own && !strcmp(own, name))
			return s;
	}
	return NULL;
}

/*
 * Mappings of btrfs tell another number than stat() does, those of overlays the device below. That
 * of tmpfs and its like is the same, and counts, as inodes are small numbers there.
 */
static bool is_on(const struct symbol_image *i, const struct stat *st, uint64_t dev)
{
	bool numbers_differ = !major(st->st_dev) && !(dev >> 32);
	struct statfs fs;

	if (dev == ((uint64_t)major(st->st_dev) << 32 | minor(st->st_dev)))
		return true;
	return !fstatfs(i->fd, &fs) && (fs.f_type == OVERLAYFS_SUPER_MAGIC ||
					(fs.f_type == BTRFS_SUPER_MAGIC && numbers_differ));
}

/* Is it the file that was mapped? If not, why. */
static const char *is_other(const struct symbol_image *i, const struct stat *st,
			    const struct symbol_file_id *id)
{
	int64_t written_ns =
		(int64_t)st->st_mtim.tv_sec * (int64_t)NS_PER_SEC + st->st_mtim.tv_nsec;

	if (id->build_id_len)
		return has_build_id(i, id->build_id, id->build_id_len)
			       ? NULL
			       : "is another file now: its build id differs";
	if (!id->inode)
		return "was recorded without a build id or inode: which file it was is not known";
	if (st->st_ino != id->inode)
		return "is another file now: its inode differs";
	if (!is_on(i, st, id->dev))
		return "is another file now: its device differs";
	if (!id->recorded_epoch_ns)
		return "may have been written since: it was recorded without a build id ('perf "
		       "inject -b' adds them)";
	if (written_ns > id->recorded_epoch_ns)
		return "was written after it was recorded";
	return NULL;
}

static int try_open(const char *path, const struct symbol_file_id *id, struct symbol_image *out,
		    char *note, size_t note_size)
{
	struct stat st;
	int err = open_elf(path, out, &st);
	const char *other = err ? NULL : is_other(out, &st, id);

	if (!err && !other) {
		err = read_segments(out);
		if (!err)
			return 0;
	}
	if (other)
		snprintf(note, note_size, "%s", other);
	else if (!*note || err != -ENOENT)
		snprintf(note, note_size, "%s",
			 err == -ENOENT	   ? "is not there"
			 : err == -ENOEXEC ? "is no ELF file"
			 : err == -EINVAL  ? "is empty, or no regular file"
					   : strerror(-err));
	symbol_image_release(out);
	return err ? err : -ESTALE;
}

/* Bytes of our own [vdso], which is a whole file in memory: section headers come last. */
static size_t vdso_size(const ElfW(Ehdr) * e)
{
	const ElfW(Phdr) *p = (const void *)((const char *)e + e->e_phoff);
	size_t size = e->e_shoff + (size_t)e->e_shnum * e->e_shentsize;

	for (int i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_LOAD)
			size = MAX(size, (size_t)(p[i].p_offset + p[i].p_filesz));
	return size;
}

/* The kernel's own code is the same in all processes, as long as that kernel runs. */
static int open_vdso(const struct symbol_file_id *id, struct symbol_image *out, char *note,
		     size_t note_size)
{
	const void *own = (const void *)getauxval(AT_SYSINFO_EHDR);
	int err;

	*out = (struct symbol_image){.fd = -1};
	err = own ? make_room(out, vdso_size(own)) : -ENOENT;
	if (!err) {
		memcpy(out->bytes, own, out->size);
		err = begin_elf(out);
	}
	if (!err && !has_build_id(out, id->build_id, id->build_id_len)) {
		snprintf(note, note_size, "is another kernel's: its build id differs");
		err = -ESTALE;
	}
	if (!err)
		err = read_segments(out);
	if (err)
		symbol_image_release(out);
	return err;
}

int symbol_image_open(const struct symbol_file_id *id, struct symbol_image *out, char *note,
		      size_t note_size)
{
	_cleanup_(freep) char *inside = NULL;
	int err = -ENOENT;

	*note = 0;
	if (id->build_id_len && !strcmp(id->path, "[vdso]"))
		return open_vdso(id, out, note, note_size);
	if (id->path[0] != '/') {
		snprintf(note, note_size, "has no path");
		return -ENOENT;
	}
	if (id->pid > 0 && asprintf(&inside, "/proc/%d/root%s", id->pid, id->path) > 0)
		err = try_open(inside, id, out, note, note_size);
	if (err)
		err = try_open(id->path, id, out, note, note_size);
	if (!err)
		*note = 0;
	return err;
}

/* ---- debug files ---- */

/* 'tail': what stands behind the build id. */
static int open_kept_as(const uint8_t *id, size_t len, const char *tail, const char *dir,
			int dir_len, struct symbol_image *out)
{
	char hex[2 * BUILD_ID_MAX + 1];
	_cleanup_(freep) char *path = NULL;
	struct stat st;

	if (len < 2 || len > BUILD_ID_MAX)
		return -ENOENT;
	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", id[i]);
	if (asprintf(&path, "%.*s/.build-id/%.2s/%s%s", dir_len, dir, hex, hex + 2, tail) < 0)
		return -ENOMEM;
	if (open_elf(path, out, &st))
		return -ENOENT;
	if (has_build_id(out, id, len))
		return 0;
	symbol_image_release(out);
	return -ENOENT;
}

/* Distributions keep files under their build ids, perf in folders of that name (perf-archive(1)).
 */
static int open_kept_file(const uint8_t *id, size_t len, const char *dir, int dir_len,
			  struct symbol_image *out)
{
	static const char *const tails[] = {"", "/elf", "/vdso"};
	int err = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(tails) && err; i++)
		err = open_kept_as(id, len, tails[i], dir, dir_len, out);
	return err;
}

static int open_kept_debug(const uint8_t *id, size_t len, const char *dir, int dir_len,
			   struct symbol_image *out)
{
	int err = open_kept_as(id, len, ".debug", dir, dir_len, out);

	return err ? open_kept_as(id, len, "/debug", dir, dir_len, out) : 0;
}

static bool has_crc(int fd, GElf_Word want)
{
	uint8_t buf[65536];
	uLong crc = crc32(0, NULL, 0);
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		crc = crc32(crc, buf, (uInt)n);
		at += n;
	}
	return n == 0 && crc == want;
}

static int open_by_link(const struct symbol_image *main, const char *path, const char *dir,
			int dir_len, struct symbol_image *out)
{
	const char *slash = strrchr(path, '/'), *link;
	int own_len = slash ? (int)(slash - path) : 0;
	GElf_Word crc;
	struct stat st;

	link = dwelf_elf_gnu_debuglink(main->elf, &crc);
	if (!link || strchr(link, '/'))
		return -ENOENT;
	for (int i = 0; i < 3; i++) {
		_cleanup_(freep) char *at = NULL;
		int n = i == 2 ? asprintf(&at, "%.*s%.*s/%s", dir_len, dir, own_len, path, link)
			       : asprintf(&at, "%.*s%s/%s", own_len, path, i ? "/.debug" : "",
					  link);

		if (n < 0)
			return -ENOMEM;
		if (!strcmp(at, path) || open_elf(at, out, &st))
			continue;
		if (has_crc(out->fd, crc))
			return 0;
		symbol_image_release(out);
	}
	return -ENOENT;
}

int symbol_image_open_debug(const struct symbol_image *main, const char *path, const char *dirs,
			    struct symbol_image *out)
{
	const uint8_t *id;
	size_t len = symbol_image_build_id(main, &id);
	int err = -ENOENT;

	for (const char *d = dirs; err && *d;) {
		int n = (int)strcspn(d, ":");

		err = open_kept_debug(id, len, d, n, out);
		if (err)
			err = open_by_link(main, path, d, n, out);
		d += n + (d[n] == ':');
	}
	if (!err)
		err = read_segments(out);
	return err;
}

/* ---- files that are gone ---- */

int symbol_image_open_kept(const struct symbol_file_id *id, const char *dirs,
			   struct symbol_image *out)
{
	int err = -ENOENT;

	for (const char *d = dirs; err && *d;) {
		int n = (int)strcspn(d, ":");

		err = open_kept_file(id->build_id, id->build_id_len, d, n, out);
		if (!err)
			return read_segments(out);
		err = open_kept_debug(id->build_id, id->build_id_len, d, n, out);
		out->hollow = !err;
		d += n + (d[n] == ':');
	}
	return err;
}

/* The next segment that is loaded from the *k-th on. */
static bool next_load(const struct symbol_image *i, size_t *k, GElf_Phdr *p)
{
	size_t n;

	if (elf_getphdrnum(i->elf, &n))
		return false;
	for (n = MIN(n, (size_t)SEGMENTS_MAX); *k < n;)
		if (gelf_getphdr(i->elf, (int)(*k)++, p) && p->p_type == PT_LOAD)
			return true;
	return false;
}

static uint64_t page_of(uint64_t vaddr)
{
	return vaddr & ~(DAMON_PAGE_SIZE - 1);
}

/*
 * Is a mapping of offset 0 that of the file's beginning? Then each segment has a mapping of its
 * own, as far behind as its address says. Several may have offset 0: small segments share a page.
 */
static bool is_beginning(const struct symbol_image *i, const struct symbol_mapping *m, size_t n,
			 uint64_t start)
{
	uint64_t first = UINT64_MAX;
	GElf_Phdr p;

	for (size_t k = 0; next_load(i, &k, &p);) {
		bool code = p.p_flags & PF_X, found = false;

		if (first == UINT64_MAX)
			first = page_of(p.p_vaddr);
		for (size_t j = 0; j < n && !found; j++)
			found = m[j].start == start + page_of(p.p_vaddr) - first &&
				m[j].code == code;
		if (!found)
			return false;
	}
	return first != UINT64_MAX;
}

static void lay_one(struct symbol_image *i, const struct symbol_mapping *m, uint64_t vaddr)
{
	size_t cap = i->nr_segments;
	GElf_Phdr p;

	for (size_t k = 0; next_load(i, &k, &p);) {
		uint64_t skip = vaddr < p.p_vaddr ? p.p_vaddr - vaddr : 0, size;

		if (vaddr < page_of(p.p_vaddr) || skip >= m->bytes ||
		    vaddr + skip - p.p_vaddr >= p.p_memsz)
			continue;
		size = MIN(m->bytes - skip, p.p_memsz - (vaddr + skip - p.p_vaddr));
		if (i->nr_segments >= SEGMENTS_MAX ||
		    vec_reserve(&i->segments, &cap, i->nr_segments + 1, sizeof(*i->segments)))
			return;
		i->segments[i->nr_segments++] = (struct symbol_segment){
			.offset = m->offset + skip,
			.vaddr = vaddr + skip,
			.file_size = size,
			.mem_size = size,
		};
		return;
	}
}

/*
 * Segments of debug files keep their addresses and sizes, but where they were in the file is lost.
 * Mappings tell it: all lie in memory as far apart as their addresses are.
 */
void symbol_image_lay(struct symbol_image *i, const struct symbol_mapping *m, size_t n)
{
	size_t first = 0;
	GElf_Phdr p;

	if (!i->hollow || !next_load(i, &first, &p))
		return;
	for (size_t h = 0; h < n; h++) {
		if (m[h].offset || !is_beginning(i, m, n, m[h].start))
			continue;
		for (size_t k = 0; k < n; k++)
			if (m[k].start >= m[h].start)
				lay_one(i, &m[k], page_of(p.p_vaddr) + m[k].start - m[h].start);
		return;
	}
}
