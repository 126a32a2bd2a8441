/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checkers, in fake worlds and one, smaps, in the real one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/util.h"
#include "pmu/checker.h"
#include "tests/kit/fake_sys.h"

#define SMAPS	"1000-5000 rw-p 00000000 00:00 0\nRss: 12 kB\nReferenced: 8 kB\n"
#define CAP_ALL "Name:\tx\nCapEff:\t000001ffffffffff\n"
#define CAP_NO	"Name:\tx\nCapEff:\t0000000000000000\n"
#define BITMAP	"/sys/kernel/mm/page_idle/bitmap"

struct looks {
	char text[512]; /* "start-end:touched/nr" of each, separated by blanks */
	uint64_t time_ns, span_ns;
};

static void on_check(void *priv, const struct damon_check *k)
{
	struct looks *l = priv;
	size_t n = strlen(l->text);

	snprintf(l->text + n, sizeof(l->text) - n, "%s%llx-%llx:%u/%u", n ? " " : "",
		 (unsigned long long)k->start, (unsigned long long)k->end, k->touched, k->nr);
	l->time_ns = k->time_ns;
	l->span_ns = k->span_ns;
}

Test(checkers, probes)
{
	static const struct {
		const char *checker, *name;
		struct fake_file files[4];
		const char *reason; /* a part of it; NULL: usable */
		const char *remedy;
	} rows[] = {
		{"smaps",
		 "as it should be",
		 {{"/proc/self/smaps", SMAPS}, {"/proc/self/clear_refs", ""}}},
		{"smaps", "no smaps", {{0}}, "CONFIG_PROC_PAGE_MONITOR", NULL},
		{"smaps",
		 "without referenced pages",
		 {{"/proc/self/smaps", "1000-5000 rw-p\nRss: 1 kB\n"}},
		 "CONFIG_PROC_PAGE_MONITOR",
		 NULL},
		{"smaps",
		 "a read-only /proc",
		 {{"/proc/self/smaps", SMAPS}, {"/proc/self/clear_refs", "", EROFS}},
		 "clear_refs: Read-only file system",
		 "writable"},
		{"idle", "not built", {{0}}, "CONFIG_IDLE_PAGE_TRACKING", NULL},
		{"idle", "no root", {{BITMAP, "", EACCES}}, "is root's", "run as root"},
		{"idle",
		 "frames are hidden",
		 {{BITMAP, ""}, {"/proc/self/pagemap", "x"}, {"/proc/self/status", CAP_NO}},
		 "root only",
		 "run as root"},
		{"idle",
		 "as it should be",
		 {{BITMAP, ""}, {"/proc/self/pagemap", "x"}, {"/proc/self/status", CAP_ALL}}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damon_checker_ops *ops =
			damon_checker_find(rows[i].checker, strlen(rows[i].checker));
		struct damon_fail why = {0};
		struct fake_sys world;
		int err;

		fake_sys_init(&world, rows[i].files);
		err = ops->probe(&world.sys, &why);
		cr_expect_eq(err == 0, !rows[i].reason, "%s, %s: %s", rows[i].checker, rows[i].name,
			     why.text);
		if (rows[i].reason)
			cr_expect(strstr(why.text, rows[i].reason), "%s, %s: '%s'", rows[i].checker,
				  rows[i].name, why.text);
		if (rows[i].remedy)
			cr_expect(strstr(why.remedy, rows[i].remedy), "%s, %s: '%s'",
				  rows[i].checker, rows[i].name, why.remedy);
		cr_expect_eq(world.nr_open, 0, "%s, %s: all is closed", rows[i].checker,
			     rows[i].name);
	}
}

Test(checkers, names)
{
	cr_expect_eq(damon_checker_find("smaps,idle", 5), &damon_smaps_checker);
	cr_expect_eq(damon_checker_find("idle", 4), &damon_idle_checker);
	cr_expect_null(damon_checker_find("smap", 4));
	cr_expect_null(damon_checker_find("smapsx", 6));
	cr_expect_null(damon_checker_find("", 0));
}

/* ---- smaps ---- */

Test(checkers, smaps_tells_of_each_mapping)
{
	static const struct fake_file files[] = {
		{"/proc/7/clear_refs", "", 0},
		{"/proc/7/smaps",
		 SMAPS
		 "5000-6000 r--p\nRss: 0 kB\nReferenced: 0 kB\n"
		 "200000-600000 rw-p\nRss: 4096 kB\nReferenced: 2048 kB\n"
		 "AnonHugePages: 2048 kB\n"
		 "600000-a00000 rw-p\nRss: 4096 kB\nReferenced: 0 kB\nAnonHugePages: 4096 kB\n"
		 "a00000-a02000 rw-p\nRss: 8 kB\nReferenced: 0 kB\n",
		 0},
		{"/proc/8/clear_refs", "", EACCES},
		{0},
	};
	const struct damon_checker_ops *ops = &damon_smaps_checker;
	struct damon_checker_tally tally = {0};
	struct looks l = {.time_ns = 0};
	struct damon_fail why;
	struct fake_sys world;
	void *state;

	fake_sys_init(&world, files);
	cr_assert_eq(ops->open(&world.sys, &state, &why), 0);
	cr_expect_eq(ops->arm(state, 7, NULL, 0, &tally), 0);
	cr_expect_str_eq(world.written, "/proc/7/clear_refs: 1");
	world.clock_ns = 3 * NS_PER_SEC;
	cr_expect_eq(ops->look(state, 7, NULL, 0, 2 * NS_PER_SEC, &tally, on_check, &l), 0);
	cr_expect_str_eq(l.text, "1000-5000:2/3 a00000-a02000:0/2", "'%s'", l.text);
	cr_expect_eq(l.time_ns, 3 * NS_PER_SEC);
	cr_expect_eq(l.span_ns, NS_PER_SEC);
	cr_expect_eq(tally.coarse, 2048, "huge pages, touched or not");
	cr_expect_eq(ops->arm(state, 8, NULL, 0, &tally), -EACCES);
	cr_expect_eq(ops->arm(state, 9, NULL, 0, &tally), -ESRCH);
	cr_expect_eq(ops->look(state, 9, NULL, 0, 0, &tally, on_check, &l), -ESRCH);
	ops->close(state);
	cr_expect_eq(world.nr_open, 0);
}

#define PAGES	512
#define TOUCHED 100

/* Touches its first TOUCHED pages whenever it is told to, by a byte through a pipe. */
static int start_toucher(volatile char *buf, int to[2], int from[2])
{
	int pid;

	cr_assert(!pipe(to) && !pipe(from));
	pid = fork();
	if (pid)
		return pid;
	close(to[1]);
	for (char b; read(to[0], &b, 1) == 1;) {
		for (size_t i = 0; b && i < TOUCHED; i++)
			buf[i * DAMON_PAGE_SIZE]++;
		if (write(from[1], &b, 1) != 1)
			break;
	}
	_exit(0);
}

static void touch(int to, int from, char what)
{
	cr_assert_eq(write(to, &what, 1), 1);
	cr_assert_eq(read(from, &what, 1), 1);
}

/* What smaps tells of the mapping that begins at 'start', after the process has touched or not. */
struct one {
	uint64_t start;
	struct damon_check k;
};

static void keep_one(void *priv, const struct damon_check *k)
{
	struct one *o = priv;

	if (k->start <= o->start && o->start < k->end)
		o->k = *k;
}

Test(checkers, smaps_equals_the_truth_of_a_process)
{
	const struct damon_checker_ops *ops = &damon_smaps_checker;
	const size_t bytes = PAGES * DAMON_PAGE_SIZE;
	struct damon_checker_tally tally = {0};
	struct damon_fail why;
	int to[2], from[2], pid;
	void *state;
	char *buf;

	if (ops->probe(&damon_sys_real, &why))
		cr_skip_test("%s", why.text);
	/* a border on both sides, and no huge pages, which have one bit for all */
	buf = mmap(NULL, bytes + 2 * DAMON_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		   0);
	cr_assert_neq(buf, MAP_FAILED);
	buf += DAMON_PAGE_SIZE;
	cr_assert_eq(mprotect(buf, bytes, PROT_READ | PROT_WRITE), 0);
	madvise(buf, bytes, MADV_NOHUGEPAGE);
	memset(buf, 1, bytes);
	pid = start_toucher(buf, to, from);
	cr_assert_gt(pid, 0);
	touch(to[1], from[0], 1);
	cr_assert_eq(ops->open(&damon_sys_real, &state, &why), 0);
	for (int round = 0; round < 2; round++) {
		struct one o = {.start = (uintptr_t)buf};

		cr_assert_eq(ops->arm(state, pid, NULL, 0, &tally), 0);
		touch(to[1], from[0], (char)round);
		cr_assert_eq(ops->look(state, pid, NULL, 0, 0, &tally, keep_one, &o), 0);
		cr_expect_eq(o.k.start, (uintptr_t)buf);
		cr_expect_eq(o.k.end, (uintptr_t)buf + bytes);
		cr_expect_eq(o.k.nr, PAGES, "%u pages", o.k.nr);
		if (!round)
			cr_expect_eq(o.k.touched, 0, "%u without an access", o.k.touched);
		else /* what stays in the TLB may be missing, nothing else may be there */
			cr_expect(o.k.touched <= TOUCHED && o.k.touched >= TOUCHED / 2,
				  "%u of %d touched", o.k.touched, TOUCHED);
	}
	ops->close(state);
	close(to[1]);
	waitpid(pid, NULL, 0);
}

/* ---- idle ---- */

#define FRAMES 256

/* Memory as three files show it: page p of process 7 lies in frame map[p]. */
struct idle_world {
	struct fake_sys fake;
	uint64_t map[8], flags[FRAMES], bitmap[FRAMES / 64];
	int bitmap_err; /* > 0: access fails with it */
	bool gone;
};

enum { FD_MAP = 1, FD_FLAGS, FD_BITMAP };

static int idle_open_file(const struct damon_sys *s, const char *path, int flags)
{
	struct idle_world *w = (struct idle_world *)s->priv;

	w->fake.nr_open++;
	if (!strcmp(path, "/proc/7/pagemap") && !w->gone)
		return FD_MAP;
	if (!strcmp(path, "/proc/kpageflags"))
		return FD_FLAGS;
	if (!strcmp(path, BITMAP))
		return FD_BITMAP;
	w->fake.nr_open--;
	return -ENOENT;
}

static ssize_t idle_pread(const struct damon_sys *s, int fd, void *buf, size_t len, uint64_t off)
{
	struct idle_world *w = (struct idle_world *)s->priv;
	const uint64_t *words = fd == FD_MAP ? w->map : fd == FD_FLAGS ? w->flags : w->bitmap;
	size_t all = fd == FD_MAP     ? sizeof(w->map)
		     : fd == FD_FLAGS ? sizeof(w->flags)
				      : sizeof(w->bitmap);

	cr_assert(len == 8 && off % 8 == 0, "words only");
	if (fd == FD_BITMAP && w->bitmap_err)
		return -w->bitmap_err;
	if (off >= all)
		return 0;
	memcpy(buf, (const char *)words + off, len);
	return (ssize_t)len;
}

/* As the kernel does it: zeros change nothing, and frames on no list stay as they are. */
static ssize_t idle_pwrite(const struct damon_sys *s, int fd, const void *buf, size_t len,
			   uint64_t off)
{
	struct idle_world *w = (struct idle_world *)s->priv;
	uint64_t word;

	cr_assert(fd == FD_BITMAP && len == 8 && off % 8 == 0 && off < sizeof(w->bitmap));
	if (w->bitmap_err)
		return -w->bitmap_err;
	memcpy(&word, buf, len);
	for (size_t i = 0; i < 64; i++)
		if (word >> i & 1 && w->flags[off * 8 + i] >> 5 & 1)
			w->bitmap[off / 8] |= 1ull << i;
	return (ssize_t)len;
}

#define PRESENT	  (1ull << 63)
#define FILE_PAGE (1ull << 61)
#define EXCLUSIVE (1ull << 56)
#define LRU	  (1ull << 5)
#define HEAD	  (1ull << 15)
#define TAIL	  (1ull << 16)
#define KSM	  (1ull << 21)

static void idle_world_init(struct idle_world *w)
{
	memset(w, 0, sizeof(*w));
	fake_sys_init(&w->fake, NULL);
	w->fake.sys.open = idle_open_file;
	w->fake.sys.pread = idle_pread;
	w->fake.sys.pwrite = idle_pwrite;
}

Test(checkers, idle_tells_of_single_pages)
{
	static const struct {
		const char *name;
		uint64_t before, after; /* its entry in pagemap */
		uint64_t flags;
		bool touched; /* meanwhile */
		const char *want;
		uint64_t coarse, lost;
	} rows[] = {
		{"untouched", PRESENT | EXCLUSIVE | 70, PRESENT | EXCLUSIVE | 70, LRU, false,
		 "2000-3000:0/1"},
		{"touched", PRESENT | EXCLUSIVE | 70, PRESENT | EXCLUSIVE | 70, LRU, true,
		 "2000-3000:1/1"},
		{"a frame at the end of a word", PRESENT | EXCLUSIVE | 127,
		 PRESENT | EXCLUSIVE | 127, LRU, false, "2000-3000:0/1"},
		{"of a file, mapped once", PRESENT | EXCLUSIVE | FILE_PAGE | 64,
		 PRESENT | EXCLUSIVE | FILE_PAGE | 64, LRU, true, "2000-3000:1/1"},
		{"never there", 0, 0, 0, false, "2000-3000:0/1"},
		{"came", 0, PRESENT | EXCLUSIVE | 70, LRU, true, "2000-3000:1/1"},
		{"came with its neighbours, maybe", 0, PRESENT | EXCLUSIVE | FILE_PAGE | 70, LRU,
		 false, "", 0, 1},
		{"went", PRESENT | EXCLUSIVE | 70, 0, LRU, false, "", 0, 1},
		{"moved", PRESENT | EXCLUSIVE | 70, PRESENT | EXCLUSIVE | 71, LRU, false, "", 0, 1},
		{"shared with another process", PRESENT | FILE_PAGE | 70, PRESENT | FILE_PAGE | 70,
		 LRU, false, "", 1, 0},
		{"head of a huge page", PRESENT | EXCLUSIVE | 70, PRESENT | EXCLUSIVE | 70,
		 LRU | HEAD, false, "", 1, 0},
		{"tail of one", PRESENT | EXCLUSIVE | 70, PRESENT | EXCLUSIVE | 70, LRU | TAIL,
		 false, "", 1, 0},
		{"merged with its equals", PRESENT | EXCLUSIVE | 70, PRESENT | EXCLUSIVE | 70,
		 LRU | KSM, false, "", 1, 0},
		{"on no list", PRESENT | EXCLUSIVE | 70, PRESENT | EXCLUSIVE | 70, 0, false, "", 0,
		 1},
	};
	const struct damon_checker_ops *ops = &damon_idle_checker;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_checker_page page = {.addr = 0x2040};
		uint64_t frame = rows[i].before & 0xffff;
		struct damon_checker_tally tally = {0};
		struct looks l = {.time_ns = 0};
		struct idle_world w;
		struct damon_fail why;
		void *state;

		idle_world_init(&w);
		w.map[2] = rows[i].before;
		w.flags[frame] = rows[i].flags;
		cr_assert_eq(ops->open(&w.fake.sys, &state, &why), 0);
		cr_expect_eq(ops->arm(state, 7, &page, 1, &tally), 0, "%s", rows[i].name);
		w.map[2] = rows[i].after;
		if (rows[i].touched)
			w.bitmap[frame / 64] &= ~(1ull << frame % 64);
		w.fake.clock_ns = 25;
		cr_expect_eq(ops->look(state, 7, &page, 1, 5, &tally, on_check, &l), 0);
		cr_expect_str_eq(l.text, rows[i].want, "%s: '%s'", rows[i].name, l.text);
		cr_expect(!l.text[0] || (l.span_ns == 20 && l.time_ns == 25), "%s", rows[i].name);
		cr_expect_eq(tally.coarse, rows[i].coarse, "%s", rows[i].name);
		cr_expect_eq(tally.lost, rows[i].lost, "%s", rows[i].name);
		ops->close(state);
		cr_expect_eq(w.fake.nr_open, 0, "%s: all is closed", rows[i].name);
	}
}

Test(checkers, idle_marks_no_frame_but_its_own)
{
	const struct damon_checker_ops *ops = &damon_idle_checker;
	struct damon_checker_page pages[] = {{.addr = 0}, {.addr = 0x1000}, {.addr = 0x7000}};
	struct damon_checker_tally tally = {0};
	struct looks l = {.time_ns = 0};
	struct idle_world w;
	struct damon_fail why;
	void *state;

	idle_world_init(&w);
	for (size_t i = 0; i < FRAMES; i++)
		w.flags[i] = LRU;
	w.map[0] = PRESENT | EXCLUSIVE | 3;
	w.map[1] = PRESENT | EXCLUSIVE | 200;
	w.map[7] = PRESENT | EXCLUSIVE | 63;
	cr_assert_eq(ops->open(&w.fake.sys, &state, &why), 0);
	cr_expect_eq(ops->arm(state, 7, pages, 3, &tally), 0);
	cr_expect_eq(w.bitmap[0], 1ull << 3 | 1ull << 63);
	cr_expect_eq(w.bitmap[1] | w.bitmap[2], 0);
	cr_expect_eq(w.bitmap[3], 1ull << (200 - 192));
	w.bitmap[0] = 0;
	cr_expect_eq(ops->look(state, 7, pages, 3, 0, &tally, on_check, &l), 0);
	cr_expect_str_eq(l.text, "0-1000:1/1 1000-2000:0/1 7000-8000:1/1", "'%s'", l.text);
	ops->close(state);
}

Test(checkers, idle_meets_refusals)
{
	static const struct {
		const char *name;
		uint64_t entry, addr;
		int bitmap_err;
		bool gone;
		int arm;
		uint64_t lost;
	} rows[] = {
		{"gone", PRESENT | EXCLUSIVE | 70, 0, 0, true, -ESRCH, 0},
		{"frames are hidden", PRESENT | EXCLUSIVE, 0, 0, false, -EPERM, 0},
		{"the bitmap fails", PRESENT | EXCLUSIVE | 70, 0, EIO, false, -EIO, 0},
		{"beyond the end of memory", PRESENT | EXCLUSIVE | 70, 0xfffffffffffff000, 0, false,
		 0, 1},
	};
	const struct damon_checker_ops *ops = &damon_idle_checker;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_checker_page page = {.addr = rows[i].addr};
		struct damon_checker_tally tally = {0};
		struct idle_world w;
		struct damon_fail why;
		void *state;

		idle_world_init(&w);
		w.map[0] = rows[i].entry;
		w.flags[70] = LRU;
		w.gone = rows[i].gone;
		w.bitmap_err = rows[i].bitmap_err;
		cr_assert_eq(ops->open(&w.fake.sys, &state, &why), 0);
		cr_expect_eq(ops->arm(state, 7, &page, 1, &tally), rows[i].arm, "%s", rows[i].name);
		cr_expect_eq(tally.lost, rows[i].lost, "%s", rows[i].name);
		ops->close(state);
		cr_expect_eq(w.fake.nr_open, 0, "%s: all is closed", rows[i].name);
	}
}

Test(checkers, idle_ends_in_the_middle)
{
	const struct damon_checker_ops *ops = &damon_idle_checker;
	struct damon_checker_page page = {.addr = 0};
	struct damon_checker_tally tally = {0};
	struct looks l = {.time_ns = 0};
	struct idle_world w;
	struct damon_fail why;
	void *state;

	idle_world_init(&w);
	w.map[0] = PRESENT | EXCLUSIVE | 70;
	w.flags[70] = LRU;
	cr_assert_eq(ops->open(&w.fake.sys, &state, &why), 0);
	cr_expect_eq(ops->arm(state, 7, &page, 1, &tally), 0);
	w.bitmap_err = EIO;
	cr_expect_eq(ops->look(state, 7, &page, 1, 0, &tally, on_check, &l), -EIO);
	w.gone = true;
	cr_expect_eq(ops->look(state, 7, &page, 1, 0, &tally, on_check, &l), -ESRCH);
	cr_expect_str_eq(l.text, "");
	ops->close(state);
	cr_expect_eq(w.fake.nr_open, 0);
}
