/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"
#include "tests/kit/fake_pages.h"

#define PAGEMAP_FD 800 /* and the next, after an exec */
#define KPF_FD	   820

static struct fake_pages *world(const struct damon_sys *s)
{
	struct fake_sys *f = s->priv;

	return (struct fake_pages *)f; /* its first member */
}

/* The page at an address, or NULL outside. */
static struct fake_page *page_at(struct fake_pages *w, uint64_t addr)
{
	return addr >= FAKE_BASE && addr < FAKE_ADDR(FAKE_PAGES)
		       ? &w->page[(addr - FAKE_BASE) >> DAMON_PAGE_SHIFT]
		       : NULL;
}

/* Whether this call fails: the errno, or 0. */
static int enter(struct fake_pages *w, size_t ranges)
{
	int nr = w->nr_calls++;

	if (w->before)
		w->before(w);
	w->nr_ranges += (int)ranges;
	if (w->exited)
		return -ESRCH;
	if (nr >= w->fail_from && nr < w->fail_from + w->fail_times)
		return -w->fail_err;
	return 0;
}

/* ---- process_madvise ---- */

static void advise_page(struct fake_pages *w, struct fake_page *p, int advice)
{
	w->fake.clock_ns += p->present || p->swapped ? w->ns_per_page : 0;
	switch (advice) {
	case MADV_PAGEOUT:
		if (p->present && !p->stuck && !w->swap_full) {
			p->present = p->huge = false;
			p->swapped = !p->file;
		}
		break;
	case MADV_COLD:
		p->marks = p->present ? -1 : p->marks;
		break;
	case MADV_WILLNEED:
		p->asked = true;
		break;
	}
}

static int collapse(struct fake_pages *w, uint64_t start, uint64_t end)
{
	int err = 0;

	for (uint64_t unit = start; unit < end; unit += DAMON_HUGE_SIZE) {
		struct fake_page *p = page_at(w, unit);
		bool any = false, stuck = !p;

		for (int i = 0; p && i < 512; i++) {
			any = any || p[i].present || p[i].swapped;
			stuck = stuck || p[i].stuck || p[i].hole;
		}
		w->fake.clock_ns += 512 * w->ns_per_page;
		if (!any || stuck)
			err = -EINVAL;
		for (int i = 0; any && !stuck && i < 512; i++) {
			p[i].present = p[i].huge = true;
			p[i].swapped = false;
		}
	}
	return err;
}

static int advise_range(struct fake_pages *w, uint64_t start, uint64_t end, int advice)
{
	int err = 0;

	if (advice == 25)
		return collapse(w, start, end);
	for (uint64_t at = start; at < end; at += DAMON_PAGE_SIZE) {
		struct fake_page *p = page_at(w, at);

		if (p && p->locked)
			return -EINVAL;
		if (!p || p->hole)
			err = -ENOMEM; /* the rest is done all the same */
		else
			advise_page(w, p, advice);
	}
	return err;
}

static ssize_t fake_process_madvise(const struct damon_sys *s, int pid_fd, const struct iovec *r,
				    size_t n, int advice)
{
	struct fake_pages *w = world(s);
	int err = enter(w, n);
	size_t all = 0;
	ssize_t done = 0;

	for (size_t i = 0; i < n && !err; i++) {
		uint64_t start = (uintptr_t)r[i].iov_base;

		all += r[i].iov_len;
		err = advise_range(w, start, start + r[i].iov_len, advice);
		done += err ? 0 : (ssize_t)r[i].iov_len;
	}
	w->largest = MAX(w->largest, (uint64_t)all);
	return done ? done : err;
}

/* ---- move_pages, process_vm_readv ---- */

static int node_of_page(const struct fake_page *p)
{
	return !p || p->hole || p->zero ? -EFAULT : p->present ? p->node : -ENOENT;
}

/* As the kernel's: a page that cannot be isolated gets its status, one that cannot be moved ends
 * the call, and neither it nor those behind it are told of. */
static long move(struct fake_pages *w, size_t n, void *const *pages, const int *nodes, int *status)
{
	for (size_t i = 0; i < n; i++) {
		if (nodes[i] > w->max_node)
			return -ENODEV;
	}
	for (size_t i = 0; i < n; i++) {
		struct fake_page *p = page_at(w, (uintptr_t)pages[i]);
		int at = node_of_page(p);

		w->fake.clock_ns += w->ns_per_page;
		if (p && p->busy) {
			p->busy = false;
			return (long)(n - i);
		}
		status[i] = at < 0 ? at : p->stuck ? -EACCES : nodes[i];
		if (status[i] < 0)
			continue;
		for (int k = 0; k < (p->huge ? 512 : 1); k++)
			p[k].node = nodes[i];
	}
	return 0;
}

static long fake_move_pages(const struct damon_sys *s, int pid, size_t n, void *const *pages,
			    const int *nodes, int *status)
{
	struct fake_pages *w = world(s);
	int err;

	if (nodes) {
		err = enter(w, n);
		return err ? err : move(w, n, pages, nodes, status);
	}
	w->nr_asks++;
	if (w->exited)
		return -ESRCH;
	for (size_t i = 0; i < n; i++)
		status[i] = node_of_page(page_at(w, (uintptr_t)pages[i]));
	return 0;
}

static ssize_t fake_read_ranges(const struct damon_sys *s, int pid, const struct iovec *r, size_t n,
				void *buf, size_t len)
{
	struct fake_pages *w = world(s);
	int err = enter(w, n);
	ssize_t done = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct fake_page *p = page_at(w, (uintptr_t)r[i].iov_base);

		w->fake.clock_ns += w->ns_per_page;
		if (!p || p->hole)
			err = -EFAULT;
		else
			p->marks++;
		w->brought_in += !err && !p->present;
		done += err ? 0 : (ssize_t)r[i].iov_len;
	}
	return done ? done : err;
}

/* ---- pagemap ---- */

static uint64_t flags_of(const struct fake_page *p)
{
	if (!p || p->hole || (!p->present && !p->swapped))
		return 0;
	return (p->present ? DAMON_PAGE_PRESENT : 0) | (p->swapped ? DAMON_PAGE_SWAPPED : 0) |
	       (p->file ? DAMON_PAGE_FILE : 0) | (p->huge ? DAMON_PAGE_HUGE : 0) |
	       (p->zero ? DAMON_PAGE_ZERO : 0);
}

struct scan_arg { /* linux/fs.h */
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, anyof,
		ret;
};

static int fake_ioctl(const struct damon_sys *s, int fd, unsigned long req, unsigned long arg)
{
	struct scan_arg *a = (struct scan_arg *)(uintptr_t)arg;
	struct damon_page_run *runs = (void *)(uintptr_t)a->vec;
	struct fake_pages *w = world(s);
	uint64_t at = a->start;
	int nr = 0;

	if (w->no_scan)
		return -ENOTTY;
	if (w->exited || fd != PAGEMAP_FD + w->executed) { /* as the kernel: nothing is there */
		a->walk_end = a->end;
		return 0;
	}
	for (; at < a->end; at += DAMON_PAGE_SIZE) {
		uint64_t flags = flags_of(page_at(w, at)) & a->ret;

		if (!flags)
			continue;
		if (nr && runs[nr - 1].end == at && runs[nr - 1].flags == flags) {
			runs[nr - 1].end += DAMON_PAGE_SIZE;
			continue;
		}
		if (nr == (int)a->vec_len)
			break;
		runs[nr++] = (struct damon_page_run){at, at + DAMON_PAGE_SIZE, flags};
	}
	a->walk_end = at;
	return nr;
}

/* Frames are as pages are; page 0's is a multiple of 512. */
static uint64_t word_of(const struct fake_pages *w, uint64_t addr)
{
	const struct fake_page *p = page_at((struct fake_pages *)w, addr);
	uint64_t flags = flags_of(p);

	return (flags & DAMON_PAGE_PRESENT ? 1ull << 63 : 0) |
	       (flags & DAMON_PAGE_SWAPPED ? 1ull << 62 : 0) |
	       (flags & DAMON_PAGE_FILE ? 1ull << 61 : 0) |
	       (flags & DAMON_PAGE_PRESENT && !w->hide_frames ? addr >> DAMON_PAGE_SHIFT : 0);
}

static uint64_t kpf_of(struct fake_pages *w, uint64_t frame)
{
	const struct fake_page *p = page_at(w, frame << DAMON_PAGE_SHIFT);

	return p ? (p->active ? DAMON_KPF_ACTIVE : 0) | (p->huge ? DAMON_KPF_THP : 0) : 0;
}

static ssize_t fake_pread(const struct damon_sys *s, int fd, void *buf, size_t len, uint64_t off)
{
	struct fake_pages *w = world(s);
	uint64_t *words = buf;

	if (fd != KPF_FD && (w->exited || fd != PAGEMAP_FD + w->executed))
		return 0;
	for (size_t i = 0; i < len / 8; i++)
		words[i] = fd == KPF_FD ? kpf_of(w, off / 8 + i)
					: word_of(w, (off / 8 + i) << DAMON_PAGE_SHIFT);
	return (ssize_t)len;
}

static int fake_open(const struct damon_sys *s, const char *path, int flags)
{
	struct fake_pages *w = world(s);

	if (strcmp(path, "/proc/7/pagemap") == 0) {
		w->nr_opens++;
		if (w->no_pagemap)
			return -EACCES;
		w->fake.nr_open++;
		return PAGEMAP_FD + w->executed;
	}
	if (strcmp(path, "/proc/kpageflags") == 0 && !w->no_kpageflags) {
		w->fake.nr_open++;
		return KPF_FD;
	}
	return -ENOENT;
}

static int fake_close(const struct damon_sys *s, int fd)
{
	world(s)->fake.nr_open--;
	return 0;
}

static int fake_poll(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms)
{
	fds[0].revents = world(s)->exited ? POLLIN : 0;
	return world(s)->exited;
}

/* ---- texts ---- */

static struct fake_page page_of(char c)
{
	switch (c) {
	case 'p':
	case 'f':
	case 'H':
	case 'a':
	case 'z':
	case 'l':
	case 'k':
	case 'b':
		return (struct fake_page){.present = true,
					  .file = c == 'f',
					  .huge = c == 'H',
					  .active = c == 'a',
					  .zero = c == 'z',
					  .locked = c == 'l',
					  .stuck = c == 'k',
					  .busy = c == 'b'};
	case 's':
	case 'S':
		return (struct fake_page){.swapped = true, .file = c == 'S'};
	case '-':
		return (struct fake_page){.node = 0};
	}
	return (struct fake_page){.hole = true};
}

static char letter_of(const struct fake_page *p)
{
	if (p->hole)
		return 'h';
	if (p->swapped)
		return p->file ? 'S' : 's';
	if (!p->present)
		return '-';
	return p->huge	   ? 'H'
	       : p->locked ? 'l'
	       : p->stuck  ? 'k'
	       : p->busy   ? 'b'
	       : p->zero   ? 'z'
	       : p->active ? 'a'
	       : p->file   ? 'f'
			   : 'p';
}

const char *fake_pages_text(const struct fake_pages *w, size_t n)
{
	static char text[256];
	size_t len = 0;

	for (size_t i = 0, k; i < n && len + 16 < sizeof(text); i += k) {
		char c = letter_of(&w->page[i]);

		for (k = 1; i + k < n && letter_of(&w->page[i + k]) == c;)
			k++;
		len += (size_t)(k > 1 ? snprintf(text + len, 16, "%zu%c", k, c)
				      : snprintf(text + len, 16, "%c", c));
	}
	return text;
}

void fake_pages_init(struct fake_pages *w, const char *pages)
{
	size_t at = 0;

	*w = (struct fake_pages){.max_node = 3};
	fake_sys_init(&w->fake, NULL);
	w->fake.sys.open = fake_open;
	w->fake.sys.close = fake_close;
	w->fake.sys.ioctl = fake_ioctl;
	w->fake.sys.pread = fake_pread;
	w->fake.sys.poll = fake_poll;
	w->fake.sys.process_madvise = fake_process_madvise;
	w->fake.sys.move_pages = fake_move_pages;
	w->fake.sys.read_ranges = fake_read_ranges;
	for (const char *p = pages; *p; p++) {
		size_t n = *p >= '0' && *p <= '9' ? strtoul(p, (char **)&p, 10) : 1;

		for (; n && at < FAKE_PAGES; n--)
			w->page[at++] = page_of(*p);
	}
	while (at < FAKE_PAGES)
		w->page[at++].hole = true;
}

void fake_run_init(struct fake_run *r, struct fake_pages *w)
{
	memset(r, 0, sizeof(*r));
	r->pages = (struct damon_pagemap)DAMON_PAGEMAP_NONE;
	r->scheme.target_nid = 1;
	r->run = (struct damon_action_run){
		.sys = &w->fake.sys,
		.pid = FAKE_PID,
		.pid_fd = FAKE_PID_FD,
		.pages = damon_pagemap_open(&w->fake.sys, FAKE_PID, &r->pages) ? NULL : &r->pages,
		.scheme = &r->scheme,
		.memo = &r->memo,
		.scratch = r->scratch,
		.why = &r->why,
	};
}
