/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The checker 'smaps': how many pages of each mapping were accessed in a second. Works for one's
 * own processes on any kernel with CONFIG_PROC_PAGE_MONITOR.
 *
 * '1' written to /proc/PID/clear_refs clears the accessed bits of all pages of a process; later
 * 'Referenced' of its smaps counts those that were set again (proc_pid_clear_refs(5),
 * proc_pid_smaps(5)). Each is a walk of the whole page table, some 10 to 40 ns a page, and the
 * first one holds the lock that page faults and mmap wait for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "os/smaps.h"
#include "pmu/checker.h"

struct smaps {
	const struct damon_sys *sys;
};

static int smaps_probe(const struct damon_sys *sys, struct damon_fail *why)
{
	_cleanup_(freep) char *text = NULL;
	int fd, err = damon_sys_slurp(sys, "/proc/self/smaps", &text, NULL);

	if (err < 0 || !strstr(text, "\nReferenced:"))
		return damon_fail(why, ENOSYS,
				  "this kernel does not tell which pages of a mapping were "
				  "referenced (CONFIG_PROC_PAGE_MONITOR)");
	fd = sys->open(sys, "/proc/self/clear_refs", O_WRONLY);
	if (fd < 0) {
		damon_fail(why, -fd, "cannot write to /proc/PID/clear_refs: %s", strerror(-fd));
		damon_fail_remedy(why, "mount /proc writable: a sandbox has it read-only");
		return fd;
	}
	sys->close(sys, fd);
	return 0;
}

static int smaps_open(const struct damon_sys *sys, void **state, struct damon_fail *why)
{
	struct smaps *s = calloc(1, sizeof(*s));

	if (!s)
		return damon_fail(why, ENOMEM, "out of memory");
	s->sys = sys;
	*state = s;
	return 0;
}

static void smaps_close(void *state)
{
	free(state);
}

static int smaps_arm(void *state, int pid, struct damon_checker_page *pages, size_t n,
		     struct damon_checker_tally *tally)
{
	const struct damon_sys *sys = ((struct smaps *)state)->sys;
	char path[64];
	ssize_t done;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	fd = sys->open(sys, path, O_WRONLY);
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	done = sys->pwrite(sys, fd, "1", 1, 0);
	sys->close(sys, fd);
	return done < 0 ? (int)done : 0;
}

struct look {
	struct damon_check k;
	struct damon_checker_tally *tally;
	damon_checker_fn emit;
	void *priv;
};

/* A huge page has one bit for all of its pages: a mapping that has more than a few is passed over,
 * whatever it shows. To tell only of those that show nothing would call the others cold. */
static void on_mapping(void *priv, const struct damon_smaps_entry *e)
{
	struct look *l = priv;
	uint64_t nr = e->rss >> DAMON_PAGE_SHIFT;

	if (!nr || nr > UINT32_MAX)
		return;
	if (e->huge > e->rss / 20) {
		l->tally->coarse += nr;
		return;
	}
	l->k.start = e->start;
	l->k.end = e->end;
	l->k.nr = (uint32_t)nr;
	l->k.touched = (uint32_t)(e->referenced >> DAMON_PAGE_SHIFT);
	l->emit(l->priv, &l->k);
}

static int smaps_look(void *state, int pid, const struct damon_checker_page *pages, size_t n,
		      uint64_t armed_ns, struct damon_checker_tally *tally, damon_checker_fn emit,
		      void *priv)
{
	const struct damon_sys *sys = ((struct smaps *)state)->sys;
	uint64_t now_ns = sys->clock_ns(sys);
	struct look l = {
		.k = {.time_ns = now_ns, .span_ns = now_ns - armed_ns},
		.tally = tally,
		.emit = emit,
		.priv = priv,
	};

	return damon_smaps_read(sys, pid, on_mapping, &l);
}

const struct damon_checker_ops damon_smaps_checker = {
	.name = "smaps",
	.summary = "accessed pages of each mapping, once a second: walks all of a process's pages, "
		   "and takes their accessed bits from the kernel's reclaim",
	.grain = DAMON_CHECK_MAPPINGS,
	.span_ns = NS_PER_SEC,
	.probe = smaps_probe,
	.open = smaps_open,
	.close = smaps_close,
	.arm = smaps_arm,
	.look = smaps_look,
};
