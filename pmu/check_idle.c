/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The checker 'idle': single pages, by the kernel's bitmap of idle pages. For root, on kernels with
 * CONFIG_IDLE_PAGE_TRACKING.
 *
 * /proc/PID/pagemap tells the frame of a page, /proc/kpageflags what kind of frame that is, and
 * /sys/kernel/mm/page_idle/bitmap has a bit per frame: writing one marks the frame idle, reading
 * tells whether it still is. Kernel documentation: admin-guide/mm/pagemap.rst,
 * admin-guide/mm/idle_page_tracking.rst.
 *
 * The bit of a frame is cleared by an access through any mapping of any process, and there is one
 * for a huge page. Frames of either kind are passed over both touched and untouched: to tell of the
 * untouched ones only would call the others cold. So are frames that are on no LRU list: their bit
 * reads as if they had been touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "os/features.h"
#include "pmu/checker.h"

/* Bits of an entry of pagemap. */
#define MAP_FRAME     ((1ull << 55) - 1)
#define MAP_EXCLUSIVE (1ull << 56) /* mapped once */
#define MAP_FILE      (1ull << 61) /* or shared memory */
#define MAP_PRESENT   (1ull << 63)

/* Numbers of kpageflags: include/uapi/linux/kernel-page-flags.h */
enum { KPF_LRU = 5, KPF_COMPOUND_HEAD = 15, KPF_COMPOUND_TAIL = 16, KPF_HUGE = 17, KPF_KSM = 21 };

/* A page's mark between arm and look: its frame, or one of these. */
#define MARK_NONE   (~0ull)	/* nothing can be told */
#define MARK_ABSENT (~0ull - 1) /* it had no frame */

struct idle {
	const struct damon_sys *sys;
	int bitmap_fd, flags_fd;
	unsigned int page_shift;
};

static int idle_probe(const struct damon_sys *sys, struct damon_fail *why)
{
	int err = damon_feature_find("page-idle")->probe(sys, why);

	return err ? err : damon_feature_find("pagemap")->probe(sys, why);
}

static void idle_close(void *state)
{
	struct idle *s = state;

	if (!s)
		return;
	if (s->bitmap_fd >= 0)
		s->sys->close(s->sys, s->bitmap_fd);
	if (s->flags_fd >= 0)
		s->sys->close(s->sys, s->flags_fd);
	free(s);
}

static int open_file(const struct damon_sys *sys, const char *path, int flags, int *fd,
		     struct damon_fail *why)
{
	*fd = sys->open(sys, path, flags);
	if (*fd >= 0)
		return 0;
	return damon_fail(why, -*fd, "cannot open '%s': %s", path, strerror(-*fd));
}

static int idle_open(const struct damon_sys *sys, void **state, struct damon_fail *why)
{
	struct idle *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return damon_fail(why, ENOMEM, "out of memory");
	s->sys = sys;
	s->flags_fd = -1;
	s->page_shift = (unsigned int)__builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE));
	err = open_file(sys, "/sys/kernel/mm/page_idle/bitmap", O_RDWR, &s->bitmap_fd, why);
	if (!err)
		err = open_file(sys, "/proc/kpageflags", O_RDONLY, &s->flags_fd, why);
	if (err) {
		idle_close(s);
		return err;
	}
	*state = s;
	return 0;
}

/* Word 'at' of a file of 64-bit words. Returns 0 or -errno. */
static int read_word(const struct damon_sys *sys, int fd, uint64_t at, uint64_t *word)
{
	ssize_t n = sys->pread(sys, fd, word, sizeof(*word), at * sizeof(*word));

	if (n < 0)
		return (int)n;
	return n == sizeof(*word) ? 0 : -ENODATA;
}

/* Returns the descriptor or -errno. */
static int open_pagemap(const struct damon_sys *sys, int pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = sys->open(sys, path, O_RDONLY);
	return fd == -ENOENT ? -ESRCH : fd;
}

/* Whether the idle bit of a frame is that of one page of one process. */
static bool is_own(uint64_t entry, uint64_t flags)
{
	const uint64_t shared = 1ull << KPF_COMPOUND_HEAD | 1ull << KPF_COMPOUND_TAIL |
				1ull << KPF_HUGE | 1ull << KPF_KSM;

	return entry & MAP_EXCLUSIVE && !(flags & shared);
}

/* Marks the frame of a page idle and notes it. Returns 0 or -errno. */
static int arm_page(struct idle *s, int map_fd, struct damon_checker_page *p,
		    struct damon_checker_tally *tally)
{
	uint64_t entry, flags, frame, bit;
	ssize_t n;
	int err;

	p->mark = MARK_NONE;
	err = read_word(s->sys, map_fd, p->addr >> s->page_shift, &entry);
	if (err == -ENODATA) { /* beyond what a process may have */
		tally->lost++;
		return 0;
	}
	if (err)
		return err;
	if (!(entry & MAP_PRESENT)) {
		p->mark = MARK_ABSENT;
		return 0;
	}
	frame = entry & MAP_FRAME;
	if (!frame)
		return -EPERM; /* hidden: no CAP_SYS_ADMIN */
	err = read_word(s->sys, s->flags_fd, frame, &flags);
	if (err)
		return err;
	if (!is_own(entry, flags)) {
		tally->coarse++;
		return 0;
	}
	if (!(flags >> KPF_LRU & 1)) {
		tally->lost++;
		return 0;
	}
	bit = 1ull << frame % 64;
	n = s->sys->pwrite(s->sys, s->bitmap_fd, &bit, sizeof(bit), frame / 64 * sizeof(bit));
	if (n < 0)
		return (int)n;
	p->mark = frame;
	return 0;
}

static int idle_arm(void *state, int pid, struct damon_checker_page *pages, size_t n,
		    struct damon_checker_tally *tally)
{
	struct idle *s = state;
	int err = 0, fd = open_pagemap(s->sys, pid);

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < n && !err; i++)
		err = arm_page(s, fd, &pages[i], tally);
	s->sys->close(s->sys, fd);
	return err;
}

/* Whether an armed page was touched: 0, 1, -EAGAIN (cannot be told) or -errno. */
static int look_at(const struct idle *s, int map_fd, const struct damon_checker_page *p)
{
	uint64_t entry, word;
	int err = read_word(s->sys, map_fd, p->addr >> s->page_shift, &entry);

	if (err)
		return err == -ENODATA ? -EAGAIN : err;
	/* What came into memory was touched; a page of a file may have come with its neighbours. */
	if (p->mark == MARK_ABSENT && !(entry & MAP_PRESENT))
		return 0;
	if (p->mark == MARK_ABSENT)
		return entry & MAP_FILE ? -EAGAIN : 1;
	if (!(entry & MAP_PRESENT) || (entry & MAP_FRAME) != p->mark)
		return -EAGAIN;
	err = read_word(s->sys, s->bitmap_fd, p->mark / 64, &word);
	return err ? err : !(word >> p->mark % 64 & 1);
}

static int idle_look(void *state, int pid, const struct damon_checker_page *pages, size_t n,
		     uint64_t armed_ns, struct damon_checker_tally *tally, damon_checker_fn emit,
		     void *priv)
{
	struct idle *s = state;
	int touched = 0, fd = open_pagemap(s->sys, pid);

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < n && (touched >= 0 || touched == -EAGAIN); i++) {
		const uint64_t bytes = 1ull << s->page_shift, now_ns = s->sys->clock_ns(s->sys);
		struct damon_check k = {.time_ns = now_ns, .span_ns = now_ns - armed_ns, .nr = 1};

		if (pages[i].mark == MARK_NONE)
			continue;
		touched = look_at(s, fd, &pages[i]);
		if (touched == -EAGAIN)
			tally->lost++;
		if (touched < 0)
			continue;
		k.start = pages[i].addr & ~(bytes - 1);
		k.end = k.start + bytes;
		k.touched = (uint32_t)touched;
		emit(priv, &k);
	}
	s->sys->close(s->sys, fd);
	return touched < 0 && touched != -EAGAIN ? touched : 0;
}

const struct damon_checker_ops damon_idle_checker = {
	.name = "idle",
	.summary = "accessed bits of single pages, by the kernel's bitmap of idle pages",
	.grain = DAMON_CHECK_PAGES,
	.probe = idle_probe,
	.open = idle_open,
	.close = idle_close,
	.arm = idle_arm,
	.look = idle_look,
};
