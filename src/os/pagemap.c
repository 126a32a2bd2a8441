/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/util.h"
#include "os/features.h"
#include "os/pagemap.h"

/* Bits of a word of pagemap. */
#define MAP_FRAME   ((1ull << 55) - 1)
#define MAP_FILE    (1ull << 61) /* or shared memory */
#define MAP_SWAPPED (1ull << 62)
#define MAP_PRESENT (1ull << 63)

#define WORDS 512 /* read at once: the pages of a huge one */

/* struct pm_scan_arg of linux/fs.h since Linux 6.7; build machines may have older headers. */
struct scan_arg {
	uint64_t size, flags;
	uint64_t start, end, walk_end;
	uint64_t vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN _IOWR('f', 16, struct scan_arg)

int damon_pagemap_open(const struct damon_sys *sys, int pid, struct damon_pagemap *m)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = sys->open(sys, path, O_RDONLY);
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	*m = (struct damon_pagemap){.sys = sys, .fd = fd, .kpf_fd = -1, .scan = true};
	m->page_shift = (unsigned int)__builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE));
	m->knows_huge = true; /* until a scan is refused */
	return 0;
}

void damon_pagemap_close(struct damon_pagemap *m)
{
	if (m->fd >= 0)
		m->sys->close(m->sys, m->fd);
	if (m->kpf_fd >= 0)
		m->sys->close(m->sys, m->kpf_fd);
	m->fd = m->kpf_fd = -1;
}

bool damon_pagemap_can_kpageflags(const struct damon_sys *sys)
{
	int fd;

	if (!damon_has_cap(sys, CAP_SYS_ADMIN)) /* frames are hidden */
		return false;
	fd = sys->open(sys, "/proc/kpageflags", O_RDONLY);
	if (fd >= 0)
		sys->close(sys, fd);
	return fd >= 0;
}

bool damon_pagemap_can_huge(const struct damon_sys *sys)
{
	return damon_need_kernel(sys, 6, 7, "", NULL) == 0 || damon_pagemap_can_kpageflags(sys);
}

/* ---- words ---- */

/* Words of 'n' pages of 4 KiB; larger base pages are several with the same word. Beyond the end of
 * what a process can have they are 0. */
static int read_words(struct damon_pagemap *m, uint64_t start, uint64_t *words, size_t n)
{
	const unsigned int shift = m->page_shift;
	uint64_t first = start >> shift, end = start + (n << DAMON_PAGE_SHIFT);
	size_t want = (size_t)(((end - 1) >> shift) - first + 1) * sizeof(*words);
	ssize_t got = m->sys->pread(m->sys, m->fd, words, want, first * sizeof(*words));

	if (got < 0)
		return (int)got;
	if (got == 0) /* no address space any more */
		return -ESRCH;
	got &= ~(ssize_t)(sizeof(*words) - 1);
	memset((char *)words + got, 0, want - MIN((size_t)got, want));
	for (size_t i = n; i-- > 0;) /* from the back: none is overwritten that is still needed */
		words[i] = words[((start + (i << DAMON_PAGE_SHIFT)) >> shift) - first];
	return 0;
}

/* ---- PAGEMAP_SCAN ---- */

#define ANY_OF (DAMON_PAGE_PRESENT | DAMON_PAGE_SWAPPED)
#define FLAGS  (ANY_OF | DAMON_PAGE_ZERO | DAMON_PAGE_HUGE)

/* The kernel's answer is of this machine, and checked all the same: sorted, within the range. */
static ssize_t check_runs(const struct scan_arg *a, const struct damon_page_run *runs, ssize_t n)
{
	uint64_t at = a->start;

	for (ssize_t i = 0; i < n; i++) {
		if (runs[i].start < at || runs[i].end <= runs[i].start || runs[i].end > a->end)
			return -EIO;
		at = runs[i].end;
	}
	return n;
}

static ssize_t scan(struct damon_pagemap *m, uint64_t start, uint64_t end,
		    struct damon_page_run *runs, size_t cap, uint64_t *walked)
{
	struct scan_arg a = {.size = sizeof(a),
			     .start = start,
			     .end = end,
			     .vec = (uintptr_t)runs,
			     .vec_len = cap,
			     .category_anyof_mask = ANY_OF,
			     .return_mask = FLAGS | (m->files ? DAMON_PAGE_FILE : 0)};
	ssize_t n = m->sys->ioctl(m->sys, m->fd, SCAN, (unsigned long)(uintptr_t)&a);

	if (n < 0)
		return n;
	n = n > (ssize_t)cap ? -EIO : check_runs(&a, runs, n);
	if (n == 0) { /* so it looks, too, where there is no address space any more */
		uint64_t word;

		n = read_words(m, start, &word, 1);
	}
	if (n >= 0) /* one that got nowhere would be asked for ever */
		*walked = a.walk_end > start && a.walk_end <= end ? a.walk_end : end;
	return n;
}

/* ---- by words ---- */

static uint64_t flags_of(uint64_t word, bool files)
{
	return (word & MAP_PRESENT ? DAMON_PAGE_PRESENT : 0) |
	       (word & MAP_SWAPPED ? DAMON_PAGE_SWAPPED : 0) |
	       (word & MAP_FILE && word & (MAP_PRESENT | MAP_SWAPPED) && files ? DAMON_PAGE_FILE
									       : 0);
}

static int open_kpageflags(struct damon_pagemap *m)
{
	if (m->kpf_fd < 0)
		m->kpf_fd = m->sys->open(m->sys, "/proc/kpageflags", O_RDONLY);
	return MIN(m->kpf_fd, 0);
}

/* Of the frames words[0, n), which follow each other. */
static int frame_flags(struct damon_pagemap *m, const uint64_t *words, uint64_t *flags, size_t n)
{
	uint64_t frame = words[0] & MAP_FRAME;
	ssize_t got;

	if (!frame)
		return -EPERM;
	got = m->sys->pread(m->sys, m->kpf_fd, flags, n * sizeof(*flags), frame * sizeof(*flags));
	return got < 0 ? (int)got : got == (ssize_t)(n * sizeof(*flags)) ? 0 : -ENODATA;
}

/* Of each page; those whose frames follow each other at one call. */
static int kpageflags_of(struct damon_pagemap *m, const uint64_t *words, uint64_t *flags, size_t n)
{
	int err = 0;

	memset(flags, 0, n * sizeof(*flags));
	for (size_t i = 0, k; i < n && !err; i += k) {
		k = 1;
		if (!(words[i] & MAP_PRESENT))
			continue;
		while (i + k < n && words[i + k] & MAP_PRESENT &&
		       (words[i + k] & MAP_FRAME) == (words[i] & MAP_FRAME) + k)
			k++;
		err = frame_flags(m, words + i, flags + i, k);
	}
	return err;
}

/* Whether a whole unit is on the frames of one huge page: in a row, aligned, and said to be. */
static bool is_huge(struct damon_pagemap *m, const uint64_t *words)
{
	const uint64_t units = DAMON_HUGE_SIZE / DAMON_PAGE_SIZE;
	uint64_t frame = words[0] & MAP_FRAME, flags;

	if (!(words[0] & MAP_PRESENT) || !frame || frame % units)
		return false;
	for (size_t i = 1; i < units; i++) {
		if ((words[i] & (MAP_FRAME | MAP_PRESENT)) != ((frame + i) | MAP_PRESENT))
			return false;
	}
	return frame_flags(m, words, &flags, 1) == 0 && flags & DAMON_KPF_THP;
}

/* Adds a run, or makes the last one longer. Returns false if there is no room. */
static bool add_run(struct damon_page_run *runs, size_t cap, size_t *nr, uint64_t at,
		    uint64_t flags)
{
	struct damon_page_run *last = *nr ? &runs[*nr - 1] : NULL;

	if (!flags)
		return true;
	if (last && last->end == at && last->flags == flags) {
		last->end += DAMON_PAGE_SIZE;
		return true;
	}
	if (*nr == cap)
		return false;
	runs[(*nr)++] = (struct damon_page_run){at, at + DAMON_PAGE_SIZE, flags};
	return true;
}

static ssize_t read_runs(struct damon_pagemap *m, uint64_t start, uint64_t end,
			 struct damon_page_run *runs, size_t cap, uint64_t *walked)
{
	uint64_t words[WORDS], at = start;
	size_t nr = 0;

	m->knows_huge = !open_kpageflags(m);
	while (at < end) {
		uint64_t stop = MIN(end, (at / DAMON_HUGE_SIZE + 1) * DAMON_HUGE_SIZE);
		size_t n = (stop - at) >> DAMON_PAGE_SHIFT;
		uint64_t huge = 0;
		int err = read_words(m, at, words, n);

		if (err)
			return err;
		/* with the frames hidden nothing is known to be huge */
		m->knows_huge =
			m->knows_huge && !(words[0] & MAP_PRESENT && !(words[0] & MAP_FRAME));
		if (m->knows_huge && n == WORDS && is_huge(m, words))
			huge = DAMON_PAGE_HUGE;
		for (size_t i = 0; i < n; i++, at += DAMON_PAGE_SIZE) {
			uint64_t flags = flags_of(words[i], m->files);

			if (add_run(runs, cap, &nr, at, flags ? flags | huge : 0))
				continue;
			*walked = at;
			return (ssize_t)nr;
		}
	}
	*walked = end;
	return (ssize_t)nr;
}

/* ---- both ---- */

ssize_t damon_pagemap_runs(struct damon_pagemap *m, uint64_t start, uint64_t end,
			   struct damon_page_run *runs, size_t cap, uint64_t *walked)
{
	start &= ~(DAMON_PAGE_SIZE - 1);
	end &= ~(DAMON_PAGE_SIZE - 1);
	if (start >= end || cap < 2) {
		*walked = end;
		return start >= end ? 0 : -EINVAL;
	}
	if (m->scan) {
		ssize_t n = scan(m, start, end, runs, cap, walked);

		if (n != -ENOTTY && n != -ENOSYS && n != -EINVAL)
			return n;
		m->scan = false;
	}
	return read_runs(m, start, end, runs, cap, walked);
}

int damon_pagemap_sum(struct damon_pagemap *m, uint64_t start, uint64_t end,
		      struct damon_page_sums *out)
{
	struct damon_page_sums sums = {0};
	struct damon_page_run runs[128];

	while (start < end) {
		ssize_t n = damon_pagemap_runs(m, start, end, runs, ARRAY_SIZE(runs), &start);

		if (n < 0)
			return (int)n;
		for (ssize_t i = 0; i < n; i++) {
			uint64_t bytes = runs[i].end - runs[i].start;

			sums.present += runs[i].flags & DAMON_PAGE_PRESENT ? bytes : 0;
			sums.swapped += runs[i].flags & DAMON_PAGE_SWAPPED ? bytes : 0;
			sums.huge += runs[i].flags & DAMON_PAGE_HUGE ? bytes : 0;
		}
		if (start + DAMON_PAGE_SIZE > end)
			break;
	}
	out->present += sums.present;
	out->swapped += sums.swapped;
	out->huge += sums.huge;
	return 0;
}

int damon_pagemap_kpageflags(struct damon_pagemap *m, uint64_t start, uint64_t end, uint64_t *flags)
{
	size_t n = (end - start) >> DAMON_PAGE_SHIFT;
	uint64_t words[WORDS];
	int err = n > WORDS ? -EINVAL : open_kpageflags(m);

	if (!err)
		err = read_words(m, start, words, n);
	return err ? err : kpageflags_of(m, words, flags, n);
}
