/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "os/memstat.h"
#include "tests/kit/fake_sys.h"

#define MEMINFO "/proc/meminfo"
#define PSI	"/proc/pressure/memory"
#define NODE	"/sys/devices/system/node/node1/meminfo"
#define ONLINE	"/sys/devices/system/node/online"
#define STATM	"/proc/7/statm"

static double free_permil(const struct damon_sys *sys)
{
	double v = -1;
	int err = damon_memstat_free_permil(sys, &v);

	return err ? err : v;
}

static double psi(const struct damon_sys *sys)
{
	double v = -1;
	int err = damon_memstat_psi_some_us(sys, &v);

	return err ? err : v;
}

static double node_used(const struct damon_sys *sys)
{
	double used = -1, left = -1;
	int err = damon_memstat_node_bp(sys, 1, &used, &left);

	if (!err)
		cr_expect_float_eq(used + left, 10000, 1e-6);
	return err ? err : used;
}

static double nr_nodes(const struct damon_sys *sys)
{
	return damon_memstat_nr_nodes(sys);
}

static double rss_pages(const struct damon_sys *sys)
{
	uint64_t v = 0;
	int err = damon_memstat_rss(sys, 7, &v);

	return err ? err : (double)(v / (uint64_t)sysconf(_SC_PAGESIZE));
}

static double active(const struct damon_sys *sys)
{
	double v = -1;
	int err = damon_memstat_active_bp(sys, &v);

	return err ? err : v;
}

Test(memstat, values)
{
	static const struct {
		const char *name;
		double (*ask)(const struct damon_sys *sys);
		struct fake_file file;
		double want;
	} rows[] = {
		{"free", free_permil, {MEMINFO, "MemTotal:  1000 kB\nMemFree:   250 kB\n"}, 250},
		{"all free", free_permil, {MEMINFO, "MemTotal: 8 kB\nMemFree: 8 kB\n"}, 1000},
		{"not MemFree",
		 free_permil,
		 {MEMINFO, "MemTotal: 8 kB\nXMemFree: 8 kB\n"},
		 -EINVAL},
		{"its line after another like it",
		 free_permil,
		 {MEMINFO, "XMemTotal: 1 kB\nMemTotal: 8 kB\nMemFree: 4 kB\n"},
		 500},
		{"more free than there is",
		 free_permil,
		 {MEMINFO, "MemTotal: 8\nMemFree: 9"},
		 -EINVAL},
		{"none at all", free_permil, {MEMINFO, "MemTotal: 0 kB\nMemFree: 0 kB\n"}, -EINVAL},
		{"negative", free_permil, {MEMINFO, "MemTotal: 8 kB\nMemFree: -1 kB\n"}, -EINVAL},
		{"too large",
		 free_permil,
		 {MEMINFO, "MemTotal: 99999999999999999999999 kB\nMemFree: 8 kB\n"},
		 -EINVAL},
		{"cut", free_permil, {MEMINFO, "MemTotal: 8 kB\nMemFree:"}, -EINVAL},
		{"no number", free_permil, {MEMINFO, "MemTotal: kB\nMemFree: kB\n"}, -EINVAL},
		{"runs into a word",
		 free_permil,
		 {MEMINFO, "MemTotal: 8kB\nMemFree: 4kB\n"},
		 -EINVAL},
		{"empty", free_permil, {MEMINFO, ""}, -EINVAL},
		{"not there", free_permil, {"/x", ""}, -ENOENT},
		{"unreadable", free_permil, {MEMINFO, NULL, EACCES}, -EACCES},
		{"active",
		 active,
		 {MEMINFO, "MemTotal: 9 kB\nActive: 300 kB\nInactive: 100 kB\n"
			   "Active(anon): 7 kB\nInactive(anon): 8 kB\n"},
		 7500},
		{"all inactive", active, {MEMINFO, "Active: 0 kB\nInactive: 1 kB\n"}, 0},
		{"on no list", active, {MEMINFO, "Active: 0 kB\nInactive: 0 kB\n"}, -EINVAL},
		{"parts of active alone",
		 active,
		 {MEMINFO, "Active(anon): 7 kB\nInactive(anon): 8 kB\n"},
		 -EINVAL},
		{"no meminfo", active, {"/x", ""}, -ENOENT},
		{"psi",
		 psi,
		 {PSI, "some avg10=0.00 avg60=0.00 avg300=0.00 total=4321\n"
		       "full avg10=0.00 avg60=0.00 avg300=0.00 total=99\n"},
		 4321},
		{"full alone is not some", psi, {PSI, "full avg10=0.00 total=99\n"}, -EINVAL},
		{"some without total", psi, {PSI, "some avg10=0.00\nfull total=99\n"}, -EINVAL},
		{"psi too large", psi, {PSI, "some total=99999999999999999999999\n"}, -EINVAL},
		{"psi is off", psi, {PSI, NULL, EOPNOTSUPP}, -ENOENT},
		{"no psi", psi, {"/x", ""}, -ENOENT},
		{"node",
		 node_used,
		 {NODE, "Node 1 MemTotal: 1000 kB\nNode 1 MemFree: 900 kB\n"},
		 1000},
		{"node of processors",
		 node_used,
		 {NODE, "Node 1 MemTotal: 0 kB\nNode 1 MemFree: 0 kB\n"},
		 -ENODEV},
		{"no such node", node_used, {"/x", ""}, -ENODEV},
		{"hostile node", node_used, {NODE, "\377\377Node"}, -EINVAL},
		{"two nodes", nr_nodes, {ONLINE, "0-1\n"}, 2},
		{"a list", nr_nodes, {ONLINE, "0,2-3,7\n"}, 8},
		{"one node", nr_nodes, {ONLINE, "0\n"}, 1},
		{"nonsense", nr_nodes, {ONLINE, "many\n"}, 1},
		{"too many", nr_nodes, {ONLINE, "0-99999999999999999999\n"}, DAMON_MAX_NODES},
		{"none known", nr_nodes, {"/x", ""}, 1},
		{"rss", rss_pages, {STATM, "1000 250 10 1 0 99 0\n"}, 250},
		{"gone", rss_pages, {"/x", ""}, -ESRCH},
		{"one number", rss_pages, {STATM, "1000"}, -EINVAL},
		{"rss too large", rss_pages, {STATM, "1 9999999999999999999 1\n"}, -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_file files[] = {rows[i].file, {0}};
		struct fake_sys world;
		double got;

		fake_sys_init(&world, files);
		got = rows[i].ask(&world.sys);
		cr_expect_float_eq(got, rows[i].want, 1e-9, "%s: %g", rows[i].name, got);
	}
}

Test(memstat, nodes_have_bounds)
{
	struct fake_sys world;
	double used, left;

	fake_sys_init(&world, NULL);
	cr_expect_eq(damon_memstat_node_bp(&world.sys, -1, &used, &left), -ENODEV);
	cr_expect_eq(damon_memstat_node_bp(&world.sys, DAMON_MAX_NODES, &used, &left), -ENODEV);
}

Test(memstat, of_a_cgroup_on_a_node)
{
#define LISTS(a, b, c, d)                                                                          \
	"anon N0=9999 N1=9999\nactive_anon_x N0=1 N1=1\ninactive_anon " a "\nactive_anon " b       \
	"\ninactive_file " c "\nactive_file " d "\nunevictable N0=9999 N1=9999\n"
	static const struct {
		const char *name;
		int nid;
		const char *meminfo, *numa_stat;
		int numa_errno;
		double want;
	} rows[] = {
		{"the four lists of the node", 1, "MemTotal: 1000 kB\nMemFree: 1 kB\n",
		 LISTS("N0=7 N1=51200", "N0=7 N1=25600", "N0=7 N1=12800", "N0=7 N1=12800"), 0,
		 1000},
		{"nothing", 1, "MemTotal: 1000 kB\nMemFree: 1 kB\n",
		 LISTS("N1=0", "N1=0", "N1=0", "N1=0"), 0, 0},
		{"never above all", 1, "MemTotal: 1 kB\nMemFree: 1 kB\n",
		 LISTS("N1=4096", "N1=0", "N1=0", "N1=0"), 0, 10000},
		{"another node that begins alike", 1, "MemTotal: 1000 kB\nMemFree: 1 kB\n",
		 LISTS("N11=1", "N11=1", "N11=1", "N11=1"), 0, -EINVAL},
		{"a node of the next line", 1, "MemTotal: 1000 kB\nMemFree: 1 kB\n",
		 LISTS("N0=1", "N1=1", "N1=1", "N1=1"), 0, -EINVAL},
		{"a list is missing", 1, "MemTotal: 1000 kB\nMemFree: 1 kB\n",
		 "active_anon N1=1\ninactive_anon N1=1\nactive_file N1=1\n", 0, -EINVAL},
		{"version 1", 1, "MemTotal: 1000 kB\nMemFree: 1 kB\n",
		 "total=2 N0=1 N1=1\nfile=1 N0=1 N1=0\nanon=1 N0=0 N1=1\n", 0, -EINVAL},
		{"negative", 1, "MemTotal: 1000 kB\nMemFree: 1 kB\n",
		 LISTS("N1=-5", "N1=0", "N1=0", "N1=0"), 0, -EINVAL},
		{"removed", 1, "MemTotal: 1000 kB\nMemFree: 1 kB\n", NULL, ENODEV, -ENOENT},
		{"no such node", 2, "MemTotal: 1000 kB\nMemFree: 1 kB\n", "", 0, -ENODEV},
		{"a node of processors", 1, "MemTotal: 0 kB\nMemFree: 0 kB\n", "", 0, -ENODEV},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_file files[] = {
			{NODE, rows[i].meminfo, 0},
			{"/cg/memory.numa_stat", rows[i].numa_stat, rows[i].numa_errno},
			{0}};
		struct fake_sys world;
		double got = -1;
		int err;

		fake_sys_init(&world, files);
		err = damon_memstat_memcg_node_bp(&world.sys, "/cg", rows[i].nid, &got);
		got = err ? err : got;
		cr_expect_float_eq(got, rows[i].want, 1e-9, "%s: %g", rows[i].name, got);
	}
}

Test(memstat, real)
{
	const struct damon_sys *sys = &damon_sys_real;
	uint64_t rss = 0;
	double v = -1;

	cr_assert_eq(damon_memstat_free_permil(sys, &v), 0);
	cr_expect(v > 0 && v < 1000, "%g", v);
	cr_assert_eq(damon_memstat_rss(sys, getpid(), &rss), 0);
	cr_expect(rss > 100 << 10 && rss < 1ull << 40);
	cr_expect_eq(damon_memstat_rss(sys, 1 << 30, &rss), -ESRCH);
	cr_expect_geq(damon_memstat_nr_nodes(sys), 1);
}
