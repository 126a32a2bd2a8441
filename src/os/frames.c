/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts: Documentation/admin-guide/mm/pagemap.rst, kernel/resource.c (r_show). */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "os/frames.h"

#define PRESENT	    (1ull << 63)
#define FRAME	    ((1ull << 55) - 1)
#define PAGE_SHIFT  12
#define BLOCK_PAGES 512
#define SETS	    256
#define WAYS	    4
#define FILES	    32

/* ---- what is memory ---- */

int damon_ram_read(const struct damon_sys *sys, struct damon_extent *out, size_t max,
		   struct damon_fail *why)
{
	_cleanup_(freep) char *text = NULL;
	unsigned long long first, last;
	size_t n = 0;
	int at, err = damon_sys_slurp(sys, "/proc/iomem", &text, NULL);

	if (err)
		return damon_fail(why, -err, "cannot read /proc/iomem: %s", strerror(-err));
	/* "  100000000-63fffffff : System RAM (kmem)"; memory of devices is further in */
	for (const char *line = text; line && *line && n < max; line = strchr(line, '\n')) {
		line += *line == '\n';
		at = 0;
		if (sscanf(line, " %llx-%llx : %n", &first, &last, &at) != 2 || !at ||
		    strncmp(line + at, "System RAM", 10))
			continue;
		if (last > first && last != UINT64_MAX)
			out[n++] = (struct damon_extent){first, last + 1};
	}
	if (n)
		return (int)n;
	damon_fail(why, EPERM, "the kernel does not tell this user where memory is (/proc/iomem)");
	damon_fail_remedy(why, "run as root, or give the ranges with '--regions'");
	return -EPERM;
}

/* ---- where pages are ---- */

/* The entries of 512 pages, as they were read. */
struct block {
	int pid; /* 0: free */
	uint32_t space_id;
	uint64_t number, read_ns;
	uint64_t entry[BLOCK_PAGES];
};

struct map_file {
	int pid; /* 0: free */
	uint32_t space_id;
	int fd; /* -errno: it could not be opened */
	uint64_t used, opened_ns;
};

struct damon_frames {
	const struct damon_sys *sys;
	uint64_t stale_ns, clock; /* 'clock' counts uses of files */
	struct map_file file[FILES];
	struct block block[SETS][WAYS];
};

int damon_frames_new(const struct damon_sys *sys, uint64_t stale_ns, struct damon_frames **out)
{
	struct damon_frames *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->sys = sys;
	f->stale_ns = stale_ns;
	*out = f;
	return 0;
}

static void close_file(struct damon_frames *f, struct map_file *m)
{
	if (m->pid && m->fd >= 0)
		f->sys->close(f->sys, m->fd);
	m->pid = 0;
}

void damon_frames_free(struct damon_frames *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < FILES; i++)
		close_file(f, &f->file[i]);
	free(f);
}

static bool is_old(const struct damon_frames *f, uint64_t since_ns, uint64_t now_ns)
{
	return now_ns > since_ns && now_ns - since_ns >= f->stale_ns;
}

/* The open pagemap of an address space. One that is open stays with it when its process executes
 * another program, so each space has its own. */
static int file_of(struct damon_frames *f, int pid, uint32_t space_id, uint64_t now_ns)
{
	struct map_file *m = &f->file[0];
	char path[64];

	for (size_t i = 0; i < FILES; i++) {
		struct map_file *x = &f->file[i];

		if (x->pid == pid && x->space_id == space_id) {
			m = x;
			break;
		}
		if (m->pid && (!x->pid || x->used < m->used))
			m = x;
	}
	if (m->pid != pid || m->space_id != space_id ||
	    (m->fd < 0 && is_old(f, m->opened_ns, now_ns))) {
		close_file(f, m);
		snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
		*m = (struct map_file){.pid = pid, .space_id = space_id, .opened_ns = now_ns};
		m->fd = f->sys->open(f->sys, path, O_RDONLY);
	}
	m->used = ++f->clock;
	return m->fd;
}

/* The place of a block: where it is, or else the one in its set that was read longest ago. */
static struct block *block_of(struct damon_frames *f, int pid, uint32_t space_id, uint64_t number)
{
	uint64_t h =
		(number ^ (uint64_t)space_id << 20 ^ (uint64_t)pid << 40) * 0x9e3779b97f4a7c15ull;
	struct block *set = f->block[h >> 32 & (SETS - 1)], *b = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].pid == pid && set[i].space_id == space_id && set[i].number == number)
			return &set[i];
		if (b->pid && (!set[i].pid || set[i].read_ns < b->read_ns))
			b = &set[i];
	}
	b->pid = 0;
	return b;
}

static bool read_block(struct damon_frames *f, struct block *b, int pid, uint32_t space_id,
		       uint64_t number, uint64_t now_ns)
{
	int fd = file_of(f, pid, space_id, now_ns);
	ssize_t n = fd;

	b->pid = 0;
	if (fd >= 0)
		n = f->sys->pread(f->sys, fd, b->entry, sizeof(b->entry),
				  number * sizeof(b->entry));
	if (n <= 0) /* the process is gone, or what we have open is of a former program */
		return false;
	memset((uint8_t *)b->entry + n, 0, sizeof(b->entry) - (size_t)n);
	b->pid = pid;
	b->space_id = space_id;
	b->number = number;
	b->read_ns = now_ns;
	return true;
}

int damon_frames_find(struct damon_frames *f, int pid, uint32_t space_id, uint64_t addr,
		      uint64_t now_ns, uint64_t *phys)
{
	uint64_t page = addr >> PAGE_SHIFT, number = page / BLOCK_PAGES;
	struct block *b = block_of(f, pid, space_id, number);
	uint64_t *entry = &b->entry[page % BLOCK_PAGES];
	bool fresh = false;

	if (pid <= 0)
		return 0;
	if (!b->pid || is_old(f, b->read_ns, now_ns))
		fresh = read_block(f, b, pid, space_id, number, now_ns);
	/* it was accessed: if it was not there yet, it came meanwhile */
	if (!fresh && b->pid && !(*entry & PRESENT))
		read_block(f, b, pid, space_id, number, now_ns);
	if (!b->pid || !(*entry & PRESENT) || !(*entry & FRAME))
		return 0;
	*phys = (*entry & FRAME) << PAGE_SHIFT | (addr & ((1u << PAGE_SHIFT) - 1));
	return 1;
}
