/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/util.h"
#include "os/proc.h"
#include "tests/kit/fake_perf.h"

static const struct {
	const char *name, *text;
	size_t nr;
	struct damon_mapping want; /* of the last */
} rows[] = {
	{"nothing", "", 0, {0}},
	{"a program",
	 "55b12b813000-55b12b818000 r-xp 00002000 fe:01 247134                     /usr/bin/cat\n",
	 1,
	 {0x55b12b813000, 0x55b12b818000, 0x2000, 0xfeull << 32 | 1, 247134,
	  .prot = DAMON_PROT_READ | DAMON_PROT_EXEC, .name = "/usr/bin/cat"}},
	{"no name",
	 "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n",
	 1,
	 {0x7f0000000000, 0x7f0000001000, .prot = DAMON_PROT_READ | DAMON_PROT_WRITE, .name = ""}},
	{"no name, no space, no newline",
	 "1000-2000 ---p 00000000 00:00 0",
	 1,
	 {0x1000, 0x2000, .name = ""}},
	{"the stack",
	 "1000-2000 rw-p 00000000 00:00 0     [stack]\n",
	 1,
	 {0x1000, 0x2000, .prot = 3, .name = "[stack]"}},
	{"a named area",
	 "1000-2000 rw-p 00000000 00:00 0     [anon: my  arena]\n",
	 1,
	 {0x1000, 0x2000, .prot = 3, .name = "[anon: my  arena]"}},
	{"shared",
	 "1000-2000 rw-s 00000000 00:01 5     /dev/zero (deleted)\n",
	 1,
	 {0x1000, 0x2000, 0, 1, 5, .prot = 3 | DAMON_PROT_SHARED, .name = "/dev/zero (deleted)"}},
	{"spaces, and at the end",
	 "1000-2000 r--p 00000000 00:01 5     /a b  c \n",
	 1,
	 {0x1000, 0x2000, 0, 1, 5, .prot = 1, .name = "/a b  c "}},
	{"a newline in the name",
	 "1000-2000 r--p 00000000 00:01 5     /a\\012b\\012\n",
	 1,
	 {0x1000, 0x2000, 0, 1, 5, .prot = 1, .name = "/a\nb\n"}},
	{"other escapes are names",
	 "1000-2000 r--p 00000000 00:01 5     /\\011\\01\\134\\\n",
	 1,
	 {0x1000, 0x2000, 0, 1, 5, .prot = 1, .name = "/\\011\\01\\134\\"}},
	{"the last page",
	 "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0     [vsyscall]\n",
	 1,
	 {0xffffffffff600000, 0xffffffffff601000, .prot = DAMON_PROT_EXEC, .name = "[vsyscall]"}},
	{"a great device and offset",
	 "1000-2000 r--p fffffffff000 103:fffff 18446744073709551615 /x",
	 1,
	 {0x1000, 0x2000, 0xfffffffff000, 0x103ull << 32 | 0xfffff, UINT64_MAX, .prot = 1,
	  .name = "/x"}},
	{"lines without sense are passed over",
	 "\nhello\n1000\n1000-2000\n1000-2000 rwxp\n-2000 r--p 0 0:0 0\n1000-2000 r--q 0 0:0 0\n"
	 "3000-2000 r--p 0 0:0 0 \n1000-1000 r--p 0 0:0 0 \n1000-2000 r--p 0 0:0 \n"
	 "1000-2000 r--p 0 0:0 0x\n11111111111111111-2000 r--p 0 0:0 0 \n"
	 "1000-2000 r--p 0 0:0 99999999999999999999 /x\n"
	 "5000-6000 r--p 00000000 00:01 5 /good\n",
	 1,
	 {0x5000, 0x6000, 0, 1, 5, .prot = 1, .name = "/good"}},
	{"overlapping ones are dropped",
	 "1000-3000 r--p 0 0:0 0 \n2000-4000 r--p 0 0:0 0 \n0-1000 r--p 0 0:0 0 \n"
	 "3000-4000 r--p 0 0:0 0 x\n",
	 2,
	 {0x3000, 0x4000, .prot = 1, .name = "x"}},
};

Test(proc, maps)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damon_mapping *w = &rows[i].want, *m;
		struct damon_maps maps;

		cr_assert_eq(damon_maps_parse(strdup(rows[i].text), &maps), 0);
		cr_expect_eq(maps.nr, rows[i].nr, "%s: %zu", rows[i].name, maps.nr);
		if (maps.nr == rows[i].nr && maps.nr) {
			m = &maps.m[maps.nr - 1];
			cr_expect_eq(m->start, w->start, "%s", rows[i].name);
			cr_expect_eq(m->end, w->end, "%s", rows[i].name);
			cr_expect_eq(m->offset, w->offset, "%s", rows[i].name);
			cr_expect_eq(m->dev, w->dev, "%s", rows[i].name);
			cr_expect_eq(m->inode, w->inode, "%s", rows[i].name);
			cr_expect_eq(m->prot, w->prot, "%s", rows[i].name);
			cr_expect_eq(m->to_ns, UINT64_MAX, "%s", rows[i].name);
			cr_expect_str_eq(m->name, w->name, "%s: '%s'", rows[i].name, m->name);
		}
		damon_maps_release(&maps);
	}
	damon_maps_release(NULL);
}

Test(proc, maps_with_a_very_long_line)
{
	size_t len = 1 << 20;
	char *text = malloc(len + 100), *name;
	struct damon_maps maps;

	name = text + sprintf(text, "1000-2000 r--p 00000000 00:01 5 /");
	memset(name, 'x', len);
	strcpy(name + len, "\n2000-3000 r--p 00000000 00:01 5 /y");
	cr_assert_eq(damon_maps_parse(text, &maps), 0);
	cr_assert_eq(maps.nr, 2);
	cr_expect_eq(strlen(maps.m[0].name), len + 1);
	cr_expect_str_eq(maps.m[1].name, "/y");
	damon_maps_release(&maps);
}

/* Cut at every byte: never a crash, never a mapping more. */
Test(proc, maps_cut_anywhere)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t n = 0; n < strlen(rows[i].text); n++) {
			struct damon_maps maps;

			cr_assert_eq(damon_maps_parse(strndup(rows[i].text, n), &maps), 0);
			cr_expect_leq(maps.nr, rows[i].nr, "%s cut to %zu", rows[i].name, n);
			damon_maps_release(&maps);
		}
}

Test(proc, reads_its_own_maps)
{
	char path[] = "/tmp/damon test\nname with spaces XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	struct damon_maps maps = {0};
	const struct damon_mapping *found = NULL;
	struct stat st;
	char *p;

	cr_assert(fd >= 0 && !ftruncate(fd, 8192) && !fstat(fd, &st));
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
	cr_assert_neq(p, MAP_FAILED);
	cr_assert_eq(damon_maps_read(&damon_sys_real, getpid(), &maps), 0);
	for (size_t i = 0; i < maps.nr; i++) {
		cr_expect(!i || maps.m[i].start >= maps.m[i - 1].end);
		if (maps.m[i].start == (uintptr_t)p)
			found = &maps.m[i];
	}
	cr_assert(found);
	cr_expect_str_eq(found->name, path);
	cr_expect_eq(found->inode, st.st_ino);
	cr_expect_eq(found->offset, 4096);
	cr_expect_eq(found->end - found->start, 4096);
	cr_expect_eq(found->prot, DAMON_PROT_READ | DAMON_PROT_SHARED);
	damon_maps_release(&maps);
	munmap(p, 4096);
	close(fd);
	unlink(path);
}

Test(proc, gone)
{
	struct damon_maps maps;
	static struct fake_perf world;
	int *tids;
	char comm[16];

	cr_expect_eq(damon_maps_read(&damon_sys_real, INT32_MAX, &maps), -ESRCH);
	cr_expect_eq(damon_proc_tids(&damon_sys_real, INT32_MAX, &tids), -ESRCH);
	cr_expect_eq(damon_proc_comm(&damon_sys_real, INT32_MAX, comm), -ESRCH);
	fake_perf_init(&world, 1);
	fake_perf_file(&world, "/proc/7/maps", "");
	cr_expect_eq(damon_maps_read(&world.sys, 7, &maps), -ESRCH, "a zombie");
}

Test(proc, names)
{
	static const struct {
		const char *text, *want;
	} cases[] = {{"gzip\n", "gzip"},
		     {"", ""},
		     {"\n", ""},
		     {"a b\n\n", "a b\n"},
		     {"longer than sixteen bytes\n", "longer than six"}};
	static struct fake_perf world;
	char comm[16];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_perf_init(&world, 1);
		fake_perf_file(&world, "/proc/7/comm", cases[i].text);
		cr_assert_eq(damon_proc_comm(&world.sys, 7, comm), 0);
		cr_expect_str_eq(comm, cases[i].want);
	}
	cr_assert_eq(prctl(PR_SET_NAME, "my name"), 0);
	cr_assert_eq(damon_proc_comm(&damon_sys_real, getpid(), comm), 0);
	cr_expect_str_eq(comm, "my name");
}

Test(proc, threads_of_the_kernel)
{
	static const struct {
		const char *stat;
		bool kernel;
	} cases[] = {
		{"7 (systemd) S 0 1 1 0 -1 4194560 5 6", false},
		{"7 (kthreadd) S 0 0 0 0 -1 2129984 0 0", true},
		{"7 (a) S 0 0 0 0 -1 2129984 b) S 1 3 3 0 -1 4194304 0 0", false},
		{"7 (cut) S 0 0 0", false},
		{"nothing of that kind", false},
		{"", false},
		{NULL, false},
	};
	static struct fake_perf world;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_perf_init(&world, 1);
		fake_perf_file(&world, "/proc/7/stat", cases[i].stat);
		cr_expect_eq(damon_proc_is_kernel(&world.sys, 7), cases[i].kernel, "%zu", i);
		fake_perf_release(&world);
	}
	cr_expect(!damon_proc_is_kernel(&damon_sys_real, getpid()));
}

Test(proc, threads)
{
	static struct fake_perf world;
	int *tids = NULL, n;

	fake_perf_init(&world, 1);
	fake_perf_file(&world, "/proc/7/task", "7\n8\nnoise\n99999999999\n12");
	n = damon_proc_tids(&world.sys, 7, &tids);
	cr_assert_eq(n, 3);
	cr_expect(tids[0] == 7 && tids[1] == 8 && tids[2] == 12);
	free(tids);
	n = damon_proc_tids(&damon_sys_real, getpid(), &tids);
	cr_assert_geq(n, 1);
	cr_expect_eq(tids[0], getpid());
	free(tids);
}

Test(proc, all)
{
	static struct fake_perf world;
	int *pids = NULL, n;
	bool here = false;

	fake_perf_init(&world, 1);
	fake_perf_file(&world, "/proc", "1\nself\n8\nkallsyms\n12\n");
	n = damon_proc_all(&world.sys, &pids);
	cr_assert_eq(n, 3);
	cr_expect(pids[0] == 1 && pids[1] == 8 && pids[2] == 12);
	free(pids);
	n = damon_proc_all(&damon_sys_real, &pids);
	for (int i = 0; i < n; i++)
		here |= pids[i] == getpid();
	cr_expect(here, "%d", n);
	free(pids);
}

Test(proc, file_descriptors)
{
	struct rlimit before = {64, 128}, after;
	struct damon_fail f = {0};

	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	cr_expect_eq(damon_proc_need_fds(60, &f), 0, "%s", f.text);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &after), 0);
	cr_expect_geq(after.rlim_cur, 60 + 16);
	if (!damon_proc_need_fds(1000, &f)) /* the privileged raise the hard limit */
		cr_expect(!getrlimit(RLIMIT_NOFILE, &after) && after.rlim_cur >= 1000);
	cr_expect_eq(damon_proc_need_fds(SIZE_MAX / 4, &f), -EMFILE, "beyond what any kernel has");
	cr_expect(strstr(f.text, "more files must be open"), "%s", f.text);
	cr_expect(strstr(f.remedy, "ulimit -Hn"), "%s", f.remedy);
}

Test(sys, slurps_whole_files_and_directories)
{
	static struct fake_perf world;
	size_t len = 200000, got;
	char *big = malloc(len + 1), *text = NULL;

	memset(big, 'x', len);
	big[len] = '\0';
	fake_perf_init(&world, 1);
	fake_perf_file(&world, "/big", big);
	cr_assert_eq(damon_sys_slurp(&world.sys, "/big", &text, &got), 0);
	cr_expect_eq(got, len);
	cr_expect_eq(strlen(text), len);
	free(text);
	free(big);
	cr_expect_eq(damon_sys_slurp(&world.sys, "/none", &text, NULL), -ENOENT);
	cr_assert_eq(damon_sys_slurp(&damon_sys_real, "/proc/self", &text, NULL), 0);
	cr_expect(strstr(text, "\nmaps\n"));
	free(text);
}

Test(sys, integers)
{
	static const struct {
		const char *text;
		int want;
		long long value;
	} cases[] = {{"3\n", 0, 3},	   {"-1\n", 0, -1},
		     {"0x10", 0, 16},	   {"", -EINVAL, 0},
		     {"x", -EINVAL, 0},	   {"3 4", -EINVAL, 0},
		     {"3x\n", -EINVAL, 0}, {"99999999999999999999\n", -EINVAL, 0},
		     {NULL, -ENOENT, 0}};
	static struct fake_perf world;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		long long v = 77;

		fake_perf_init(&world, 1);
		fake_perf_file(&world, "/n", cases[i].text);
		cr_expect_eq(damon_sys_read_int(&world.sys, "/n", &v), cases[i].want, "'%s'",
			     cases[i].text);
		cr_expect_eq(v, cases[i].want ? 77 : cases[i].value, "'%s'", cases[i].text);
	}
}

Test(sys, the_real_world)
{
	const struct damon_sys *s = &damon_sys_real;
	uint64_t a = s->clock_ns(s), b = s->clock_ns(s);
	int here = 42, there = 0, online = 0;

	cr_expect(a && b >= a);
	cr_expect_gt(s->realtime_ns(s), 1500000000ull * NS_PER_SEC);
	cr_expect_gt(s->own_cpu_ns(s), 0);
	cr_expect_eq(s->read_mem(s, getpid(), (uintptr_t)&here, &there, sizeof(there)),
		     sizeof(there));
	cr_expect_eq(there, 42);
	cr_expect_eq(s->read_mem(s, getpid(), 8, &there, sizeof(there)), -EFAULT);
	for (int cpu = 0; cpu < s->nr_cpus(s); cpu++)
		online += s->cpu_online(s, cpu);
	cr_expect_eq(online, sysconf(_SC_NPROCESSORS_ONLN));
	cr_expect_eq(s->cpu_online(s, s->nr_cpus(s)), 0);
	cr_expect_eq(s->close(s, 1 << 20), -EBADF);
}
