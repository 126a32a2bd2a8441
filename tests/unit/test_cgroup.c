/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "os/cgroup.h"
#include "tests/kit/fake_sys.h"

#define V2   "/sys/fs/cgroup/unified"
#define MEM  "/sys/fs/cgroup/memory"
#define PIDS "/sys/fs/cgroup/pids"

static const struct fake_file machine[] = {
	{"/proc/self/mountinfo",
	 "21 1 0:20 / /proc rw - proc proc rw\n"
	 "30 23 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs rw,mode=755\n"
	 "31 30 0:27 / " PIDS " rw shared:9 - cgroup cgroup rw,pids\n"
	 "32 30 0:28 / " MEM " rw shared:9 master:2 - cgroup cgroup rw,memory\n"
	 "33 30 0:29 / " V2 " rw - cgroup2 cgroup2 rw\n"
	 "a line without sense\n - cgroup2\n",
	 0},
	{V2 "/cgroup.procs", "1\n2\n", 0},
	{V2 "/cgroup.stat", "nr_descendants 3\nnr_dying_descendants 0\n", 0},
	{V2, "app.slice\ncgroup.procs\ncgroup.stat\nempty\n", 0},
	{V2 "/app.slice/cgroup.procs", "9\n8\n0\n10\n", 0},
	{V2 "/app.slice/cgroup.stat", "nr_descendants 1\n", 0},
	{V2 "/app.slice", "memory.max\na.service\ncgroup.procs\nthreads\nclosed\n", 0},
	{V2 "/app.slice/a.service/cgroup.procs", "2147483647\n9\n99999999999\n", 0},
	{V2 "/app.slice/a.service/cgroup.stat", "nr_descendants 0\nnr_dying_descendants 7\n", 0},
	{V2 "/app.slice/a.service", "not-looked-into\n", 0},
	{V2 "/app.slice/a.service/not-looked-into/cgroup.procs", "666\n", 0},
	{V2 "/app.slice/threads/cgroup.procs", "", EOPNOTSUPP},
	{V2 "/app.slice/closed/cgroup.procs", "", EACCES},
	{V2 "/empty/cgroup.procs", "", 0},
	{MEM "/old/cgroup.procs", "5\n", 0},
	{PIDS "/old/cgroup.procs", "6\n", 0},
	{PIDS "/only-pids/cgroup.procs", "7\n", 0},
	{0}};

Test(cgroup, found_by_path)
{
	static const struct {
		const char *path, *dir; /* NULL: there is none */
	} rows[] = {
		{V2 "/app.slice", V2 "/app.slice"},
		{"/app.slice", V2 "/app.slice"},
		{"app.slice", V2 "/app.slice"},
		{"/app.slice/a.service", V2 "/app.slice/a.service"},
		{"/", V2},
		{"app.slice//", V2 "/app.slice"},
		{V2 "/app.slice/", V2 "/app.slice"},
		{"old", MEM "/old"}, /* memory before others */
		{"/only-pids", PIDS "/only-pids"},
		{PIDS "/old", PIDS "/old"},
		{"app.slice/threads", V2 "/app.slice/threads"},
		{"nowhere", NULL},
		{"/etc", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char dir[DAMON_CGROUP_PATH] = "";
		struct damon_fail why = {0};
		struct fake_sys world;
		int err;

		fake_sys_init(&world, machine);
		err = damon_cgroup_find(&world.sys, rows[i].path, dir, &why);
		cr_expect_eq(!err, !!rows[i].dir, "'%s': %d", rows[i].path, err);
		if (rows[i].dir)
			cr_expect_str_eq(dir, rows[i].dir, "'%s': '%s'", rows[i].path, dir);
		else
			cr_expect(why.text[0], "'%s'", rows[i].path);
	}
}

Test(cgroup, a_path_that_is_too_long_is_none)
{
	char path[2 * DAMON_CGROUP_PATH], dir[DAMON_CGROUP_PATH];
	struct fake_sys world;

	fake_sys_init(&world, machine);
	for (size_t len = DAMON_CGROUP_PATH - 40; len < sizeof(path) - 1; len++) {
		memset(path, 'a', len);
		path[len] = '\0';
		cr_assert_lt(damon_cgroup_find(&world.sys, path, dir, NULL), 0);
	}
}

Test(cgroup, who_is_in_it_and_below)
{
	static const struct {
		const char *dir, *pids; /* NULL: the error */
		int err;
	} rows[] = {
		{V2, "1 2 8 9 10 2147483647", 0}, /* 0 is of another namespace */
		{V2 "/app.slice", "8 9 10 2147483647", 0},
		{V2 "/empty", "", 0},
		{MEM "/old", "5", 0},
		{V2 "/gone", NULL, -ENOENT},
		{V2 "/app.slice/threads", NULL, -EOPNOTSUPP},
		{V2 "/app.slice/closed", NULL, -EACCES},
	};
	struct damon_pids pids = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_sys world;
		char got[128] = "";
		int err;

		fake_sys_init(&world, machine);
		err = damon_cgroup_procs(&world.sys, rows[i].dir, &pids);
		cr_expect_eq(err, rows[i].err, "%s: %d", rows[i].dir, err);
		for (size_t p = 0; p < pids.nr; p++)
			sprintf(got + strlen(got), "%s%d", p ? " " : "", pids.v[p]);
		if (rows[i].pids)
			cr_expect_str_eq(got, rows[i].pids, "%s: '%s'", rows[i].dir, got);
	}
	damon_pids_release(&pids);
}

/* The real kernel: this process in a group of its own, of either version. */
Test(cgroup, this_process_is_moved_into_one)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", V2, PIDS, MEM};
	int tried = 0;

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		char dir[128], inner[160], file[192], found[DAMON_CGROUP_PATH], name[64];
		struct damon_pids pids = {0};
		FILE *f;

		snprintf(name, sizeof(name), "damon-perf-unit-%d", getpid());
		snprintf(dir, sizeof(dir), "%s/%s", mounts[i], name);
		snprintf(inner, sizeof(inner), "%s/inner", dir);
		snprintf(file, sizeof(file), "%s/cgroup.procs", mounts[i]);
		if (access(file, W_OK) || mkdir(dir, 0755))
			continue;
		cr_assert_eq(mkdir(inner, 0755), 0);
		snprintf(file, sizeof(file), "%s/cgroup.procs", inner);
		f = fopen(file, "w");
		if (f && fprintf(f, "%d\n", getpid()) > 0 && !fclose(f)) {
			tried++;
			cr_expect_eq(damon_cgroup_find(&damon_sys_real, name, found, NULL), 0, "%s",
				     dir);
			cr_expect_str_eq(found, dir);
			cr_expect_eq(damon_cgroup_procs(&damon_sys_real, dir, &pids), 0, "%s", dir);
			cr_expect(pids.nr == 1 && pids.v[0] == getpid(), "%s: %zu", dir, pids.nr);
			snprintf(file, sizeof(file), "%s/cgroup.procs", mounts[i]);
			f = fopen(file, "w");
			cr_assert(f && fprintf(f, "%d\n", getpid()) > 0 && !fclose(f));
		}
		rmdir(inner);
		cr_expect_eq(rmdir(dir), 0, "%s is left", dir);
		cr_expect_eq(damon_cgroup_procs(&damon_sys_real, dir, &pids), -ENOENT);
		damon_pids_release(&pids);
	}
	if (!tried)
		cr_skip("no cgroup can be made here");
}
