/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical memory: what /proc/iomem and /proc/PID/pagemap tell, and how rarely they are asked. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"
#include "os/features.h"
#include "os/frames.h"
#include "tests/kit/fake_sys.h"

/* ---- where memory is ---- */

Test(frames, ram_of_iomem)
{
	static const struct {
		const char *name, *text; /* NULL: there is no file */
		int n;
		struct damon_extent first, last;
	} rows[] = {
		{"a machine",
		 "00000000-00000fff : Reserved\n"
		 "00001000-0009fbff : System RAM\n"
		 "00100000-bfffffff : System RAM\n"
		 "  01000000-022090c7 : Kernel code\n"
		 "100000000-63fffffff : System RAM\n",
		 3,
		 {0x1000, 0x9fc00},
		 {0x100000000, 0x640000000}},
		{"memory of a device",
		 "1050000000-1f6fffffff : Soft Reserved\n"
		 "  1050000000-1f6fffffff : dax0.0\n"
		 "    1080000000-1f5fffffff : System RAM (kmem)\n",
		 1,
		 {0x1080000000, 0x1f60000000},
		 {0x1080000000, 0x1f60000000}},
		{"a user",
		 "00000000-00000000 : System RAM\n00000000-00000000 : System RAM\n",
		 -EPERM,
		 {0},
		 {0}},
		{"nothing", "", -EPERM, {0}, {0}},
		{"nonsense",
		 "System RAM\n12-x : System RAM\n-5 : \n\n : System RAM",
		 -EPERM,
		 {0},
		 {0}},
		{"the end of all addresses", "0-ffffffffffffffff : System RAM\n", -EPERM, {0}, {0}},
		{"no file", NULL, -ENOENT, {0}, {0}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_file files[] = {
			{"/proc/iomem", rows[i].text, rows[i].text ? 0 : ENOENT}, {0}};
		struct damon_extent out[8];
		struct damon_fail why = {0};
		struct fake_sys world;
		int n;

		fake_sys_init(&world, files);
		n = damon_ram_read(&world.sys, out, ARRAY_SIZE(out), &why);
		cr_assert_eq(n, rows[i].n, "%s: %d", rows[i].name, n);
		if (n < 0) {
			cr_expect(why.text[0], "%s", rows[i].name);
			continue;
		}
		cr_expect_eq(memcmp(&out[0], &rows[i].first, sizeof(out[0])), 0, "%s",
			     rows[i].name);
		cr_expect_eq(memcmp(&out[n - 1], &rows[i].last, sizeof(out[0])), 0, "%s",
			     rows[i].name);
	}
}

/* ---- where pages are ---- */

#define PRESENT (1ull << 63)
#define FD	70

/* A kernel in which page P of a process lies in frame P + 'shift', if it is there. */
struct pages {
	struct damon_sys sys;
	int pid;
	uint64_t shift;
	bool absent, gone, hidden; /* no page; no process; zeros, as users see them */
	int nr_opens, nr_reads, nr_open;
};

static int pages_open(const struct damon_sys *s, const char *path, int flags)
{
	struct pages *w = s->priv;
	char want[64];

	w->nr_opens++;
	snprintf(want, sizeof(want), "/proc/%d/pagemap", w->pid);
	if (w->gone || strcmp(path, want))
		return -ENOENT;
	w->nr_open++;
	return FD + w->nr_open;
}

static int pages_close(const struct damon_sys *s, int fd)
{
	((struct pages *)s->priv)->nr_open--;
	return 0;
}

static ssize_t pages_read(const struct damon_sys *s, int fd, void *buf, size_t len, uint64_t off)
{
	struct pages *w = s->priv;
	uint64_t *entry = buf;

	cr_assert_eq(off % 8 + len % 8, 0);
	w->nr_reads++;
	for (size_t i = 0; i < len / 8; i++)
		entry[i] = w->absent   ? 0
			   : w->hidden ? PRESENT
				       : PRESENT | 5ull << 55 | (off / 8 + i + w->shift);
	return w->gone ? 0 : (ssize_t)len;
}

static struct damon_frames *frames_of(struct pages *w)
{
	struct damon_frames *f;

	*w = (struct pages){
		.sys = {.priv = w, .open = pages_open, .close = pages_close, .pread = pages_read},
		.pid = 7,
		.shift = 1000,
	};
	cr_assert_eq(damon_frames_new(&w->sys, NS_PER_SEC, &f), 0);
	return f;
}

static uint64_t find(struct damon_frames *f, int pid, uint32_t space, uint64_t addr, uint64_t now)
{
	uint64_t phys = 0;

	return damon_frames_find(f, pid, space, addr, now, &phys) ? phys : 0;
}

Test(frames, neighbours_cost_no_system_call)
{
	struct pages w;
	struct damon_frames *f = frames_of(&w);

	for (uint64_t i = 0; i < 512; i++)
		cr_assert_eq(find(f, 7, 1, 0x40000000 + i * 4096 + 8, 5), 0x403e8008 + i * 4096);
	cr_expect_eq(w.nr_opens, 1);
	cr_expect_eq(w.nr_reads, 1);
	for (uint64_t i = 0; i < 1000000; i++) /* 128 MiB again and again */
		find(f, 7, 1, 0x40000000 + i * 7919 * 4096 % (128 << 20), 6);
	cr_expect_eq(w.nr_opens, 1);
	cr_expect_leq(w.nr_reads, 64 + 16, "%d", w.nr_reads);
	damon_frames_free(f);
	cr_expect_eq(w.nr_open, 0);
}

Test(frames, what_was_read_is_believed_for_a_while)
{
	struct pages w;
	struct damon_frames *f = frames_of(&w);
	const uint64_t addr = 0x7f0000001000, at = 10 * NS_PER_SEC;

	cr_expect_eq(find(f, 7, 1, addr, at), addr + 1000 * 4096);
	w.shift = 2000; /* it was moved */
	cr_expect_eq(find(f, 7, 1, addr, at + NS_PER_SEC - 1), addr + 1000 * 4096);
	cr_expect_eq(find(f, 7, 1, addr, at - 1), addr + 1000 * 4096, "an older sample");
	cr_expect_eq(find(f, 7, 1, addr, at + NS_PER_SEC), addr + 2000 * 4096);
	cr_expect_eq(find(f, 8, 1, addr, at), 0, "another process");
	cr_expect_eq(find(f, 7, 2, addr, at), addr + 2000 * 4096, "after its exec");
	cr_expect_eq(find(f, 0, 1, addr, at), 0);
	cr_expect_eq(find(f, -1, 1, addr, at), 0);
	damon_frames_free(f);
	cr_expect_eq(w.nr_open, 0);
}

Test(frames, a_page_that_comes_is_found_at_once)
{
	struct pages w;
	struct damon_frames *f = frames_of(&w);

	w.absent = true;
	cr_expect_eq(find(f, 7, 1, 0x5000, 1), 0);
	w.absent = false;
	cr_expect_eq(find(f, 7, 1, 0x5000, 2), 0x5000 + 1000 * 4096);
	w.hidden = true; /* the privilege was dropped */
	cr_expect_eq(find(f, 7, 1, 0x5000, 2 * NS_PER_SEC), 0);
	w.gone = true;
	cr_expect_eq(find(f, 7, 1, 0x5000, 4 * NS_PER_SEC), 0);
	damon_frames_free(f);
	cr_expect_eq(w.nr_open, 0);
}

Test(frames, the_dead_are_asked_for_rarely)
{
	struct pages w;
	struct damon_frames *f = frames_of(&w);

	w.gone = true;
	for (int i = 0; i < 1000; i++)
		cr_expect_eq(find(f, 7, 1, 0x5000, 1 + (uint64_t)i), 0);
	cr_expect_eq(w.nr_opens, 1, "%d", w.nr_opens);
	for (int pid = 1; pid <= 200; pid++) /* more than there are descriptors for */
		find(f, pid, 1, 0x5000, 5);
	w.gone = false;
	cr_expect_eq(find(f, 7, 1, 0x5000, 6), 0x5000 + 1000 * 4096);
	for (uint32_t space = 2; space < 100; space++)
		find(f, 7, space, 0x5000, 5);
	cr_expect_leq(w.nr_open, 32);
	damon_frames_free(f);
	damon_frames_free(NULL);
	cr_expect_eq(w.nr_open, 0);
}

/* The real kernel: two mappings of one page have one frame, and two pages have two. */
Test(frames, of_our_own_memory)
{
	int fd = memfd_create("frames", MFD_CLOEXEC);
	struct damon_frames *f;
	struct damon_fail why;
	uint64_t a, b, c;
	char *x, *y;

	if (damon_feature_find("pagemap")->probe(&damon_sys_real, &why))
		cr_skip("%s", why.text);
	cr_assert_eq(ftruncate(fd, 8192), 0);
	x = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	y = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
	cr_assert(x != MAP_FAILED && y != MAP_FAILED);
	mlock(x, 8192); /* so that they stay where they are */
	x[0] = x[4096] = 1;
	cr_assert_eq(y[0], 1);
	cr_assert_eq(damon_frames_new(&damon_sys_real, NS_PER_SEC, &f), 0);
	a = find(f, getpid(), 1, (uintptr_t)x, 1);
	b = find(f, getpid(), 1, (uintptr_t)x + 4096 + 9, 1);
	c = find(f, getpid(), 1, (uintptr_t)y + 9, 1);
	cr_expect(a && b && a != b);
	cr_expect_eq(b, c);
	cr_expect_eq(b & 4095, 9);
	damon_frames_free(f);
	close(fd);
}
