/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#include "action/action.h"
#include "action/filter.h"
#include "base/util.h"
#include "os/features.h"

/* process_madvise() on another process, in a kernel that takes the advice. */
static int need_advice(const struct damon_sys *sys, int major, int minor, const char *what,
		       struct damon_fail *why)
{
	int err = damon_need_kernel(sys, major, minor, what, why);

	if (err)
		return err;
	if (damon_has_cap(sys, CAP_SYS_NICE))
		return 0;
	damon_fail(why, EPERM,
		   "advising other processes' memory needs the capability CAP_SYS_NICE");
	damon_fail_remedy(why, "run as root, or 'setcap cap_sys_nice,cap_perfmon+ep' on the "
			       "program");
	return -EPERM;
}

static int probe_willneed(const struct damon_sys *sys, struct damon_fail *why)
{
	return need_advice(sys, 5, 16, "willneed for other processes", why);
}

static int probe_cold(const struct damon_sys *sys, struct damon_fail *why)
{
	return need_advice(sys, 5, 10, "cold for other processes", why);
}

/* Without swap the kernel reports success for anonymous memory and does nothing. */
static int probe_pageout(const struct damon_sys *sys, struct damon_fail *why)
{
	int err = need_advice(sys, 5, 10, "pageout for other processes", why);

	return err ? err : damon_need_swap(sys, why);
}

/* MADV_HUGEPAGE is for the process itself; MADV_COLLAPSE makes huge pages now, whatever the
 * setting of transparent huge pages. */
static int probe_collapse(const struct damon_sys *sys, struct damon_fail *why)
{
	static const char thp[] = "/sys/kernel/mm/transparent_hugepage/enabled";
	int err = damon_need_kernel(sys, 6, 1, "collapsing pages of other processes", why);
	char buf[8];

	if (!err && sys->read_file(sys, thp, buf, sizeof(buf)) < 0)
		err = damon_fail(why, ENOSYS, "this kernel has no transparent huge pages");
	return err ? err : need_advice(sys, 6, 1, "collapse", why);
}

static int refuse_nohugepage(const struct damon_sys *sys, struct damon_fail *why)
{
	damon_fail(why, ENOTSUP, "the kernel takes 'nohugepage' only from the process itself");
	damon_fail_remedy(why, "let the program call prctl(PR_SET_THP_DISABLE), or set "
			       "transparent_hugepage/enabled to madvise");
	return -ENOTSUP;
}

/* Two reads of a byte per page mark it referenced, then active: process_vm_readv(). */
static int probe_lru_prio(const struct damon_sys *sys, struct damon_fail *why)
{
	return damon_need_ptrace(sys, false, why);
}

/* move_pages(2): the same user's processes, or all with CAP_SYS_NICE. */
static int probe_migrate(const struct damon_sys *sys, struct damon_fail *why)
{
	return damon_need_nodes(sys, why);
}

static int probe_stat(const struct damon_sys *sys, struct damon_fail *why)
{
	return 0;
}

#define GIB (1024. * 1024 * 1024)

/* Rates are below what was measured: the first slice is rather too short. */
const struct damon_action damon_actions[] = {
	{"willneed", "read it in from swap or file ahead of its use", probe_willneed,
	 DAMOS_HEAT_HOT, 0.2 * GIB, DAMON_PAGE_SIZE, DAMON_WORK_ABSENT, false, NULL,
	 damon_apply_willneed},
	{"cold", "let it be reclaimed first under pressure", probe_cold, DAMOS_HEAT_COLD, 10 * GIB,
	 DAMON_PAGE_SIZE, DAMON_WORK_ALL, false, NULL, damon_apply_cold},
	{"pageout", "reclaim it now", probe_pageout, DAMOS_HEAT_COLD, 0.2 * GIB, DAMON_PAGE_SIZE,
	 DAMON_WORK_PRESENT, false, NULL, damon_apply_pageout},
	{"hugepage", "put it on huge pages now (as collapse)", probe_collapse, DAMOS_HEAT_HOT,
	 0.2 * GIB, DAMON_HUGE_SIZE, DAMON_WORK_ANY, false, NULL, damon_apply_collapse},
	{"nohugepage", "keep it off huge pages", refuse_nohugepage},
	{"lru_prio", "let it be reclaimed last", probe_lru_prio, DAMOS_HEAT_HOT, 2 * GIB,
	 DAMON_PAGE_SIZE, DAMON_WORK_PRESENT, true, NULL, damon_apply_lru_prio},
	{"lru_deprio", "let it be reclaimed first (as cold)", probe_cold, DAMOS_HEAT_COLD, 10 * GIB,
	 DAMON_PAGE_SIZE, DAMON_WORK_ALL, false, NULL, damon_apply_cold},
	{"migrate_hot", "move it to another NUMA node, hottest first", probe_migrate,
	 DAMOS_HEAT_HOT, 0.5 * GIB, DAMON_PAGE_SIZE, DAMON_WORK_PRESENT, true, damon_check_migrate,
	 damon_apply_migrate},
	{"migrate_cold", "move it to another NUMA node, coldest first", probe_migrate,
	 DAMOS_HEAT_COLD, 0.5 * GIB, DAMON_PAGE_SIZE, DAMON_WORK_PRESENT, true, damon_check_migrate,
	 damon_apply_migrate},
	{"stat", "only count it", probe_stat},
	{"collapse", "put it on huge pages now", probe_collapse, DAMOS_HEAT_HOT, 0.2 * GIB,
	 DAMON_HUGE_SIZE, DAMON_WORK_ANY, false, NULL, damon_apply_collapse},
	{0},
};

const struct damon_action *damon_action_find(const char *name)
{
	for (const struct damon_action *a = damon_actions; a->name; a++) {
		if (strcmp(a->name, name) == 0)
			return a;
	}
	return NULL;
}

int damon_action_check(const struct damon_sys *sys, const struct damos *s,
		       const struct damon_action **out, struct damon_fail *why)
{
	const struct damon_action *a = s->action ? damon_action_find(s->action) : NULL;
	int err;

	if (!a)
		return damon_fail(why, EINVAL, "there is no action '%s'",
				  s->action ? s->action : "");
	if (out)
		*out = a;
	err = a->probe(sys, why);
	if (!err && a->check)
		err = a->check(sys, s, why);
	return err ? err : damon_page_filters_check(sys, s, why);
}
